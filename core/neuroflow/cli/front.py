"""Arguments in, exit status out; what may go wrong becomes one sentence on standard error."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from neuroflow import __version__
from neuroflow.cli import audit, convert, evaluate, info, models, reconstruct, repair, simulate, train
from neuroflow.cli.text import show
from neuroflow.errors import NeuroflowError

# A sub-command is a module with ``add(commands)``, which adds its parser and sets ``run`` to a function of the parsed
# arguments that returns the exit status. Heavy libraries are imported in ``run``.
COMMANDS = (info, reconstruct, models, simulate, train, evaluate, audit, repair, convert)

PROBLEM, INTERRUPTED, TERMINATED = 2, 130, 143


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in the same form as any other problem."""

    def error(self, message: str) -> NoReturn:
        self.exit(PROBLEM, f"neuroflow: {message}\nSee: {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 0, 2 for what the user can mend, 130 when interrupted."""
    if argv is None:
        _prepare_process()
    try:
        arguments = _parser().parse_args(argv)
        status: int = arguments.run(arguments)
        sys.stdout.flush()
        return status
    except NeuroflowError as problem:
        show(f"neuroflow: {problem.text}", sys.stderr)
        return PROBLEM
    except KeyboardInterrupt:
        print("neuroflow: stopped; no file was left half written.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has left (``| head``); a second flush at exit would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="neuroflow",
        description="Review scalp EEG, and reconstruct what depth electrodes might have recorded, as a distribution. "
        "Research and teaching; not for diagnosis or treatment.",
    )
    parser.add_argument("--version", action="version", version=f"neuroflow {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return parser


def _prepare_process() -> None:
    """Leave in an orderly way when told to, and never fail over a character that the terminal lacks."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
