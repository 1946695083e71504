"""The engine of NeuroFlow Review: reading EEG, the conditional flow, its inference, and export. No Qt."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("neuroflow-review")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0.0.0"
