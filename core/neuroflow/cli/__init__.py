"""The ``neuroflow`` command: one module a sub-command, each thin over the engine."""

from neuroflow.cli.front import main

__all__ = ["main"]
