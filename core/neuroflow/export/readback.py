"""A written file as another program's reader sees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class ReadBack(Protocol):
    """What a reader finds: labels, the number of annotations, and samples in each signal's own unit."""

    labels: list[str]
    annotations: int

    def samples(self, signal: int, first: int, count: int) -> NDArray[np.floating[Any]]:
        """``count`` samples of a signal from its ``first``."""


@contextmanager
def read_back(path: Path, *, gaps: bool = False) -> Iterator[ReadBack]:
    """The file through EDFlib, which is strict and under many viewers, or else through edfio.

    EDFlib refuses files with ``gaps`` (EDF+D); edfio reads their records as if they followed one another. pyedflib has
    no wheel for Python 3.13 on most systems; there it is used where somebody built it. Raises: OSError or ValueError
    where the reader refuses the file.
    """
    try:
        import pyedflib
    except ImportError:
        pyedflib = None
    if pyedflib is None or gaps:
        yield _Edfio(path)
    else:
        with pyedflib.EdfReader(str(path)) as reader:
            yield _Edflib(reader)


class _Edflib:
    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self.labels: list[str] = reader.getSignalLabels()
        self.annotations = len(reader.readAnnotations()[0])

    def samples(self, signal: int, first: int, count: int) -> NDArray[np.floating[Any]]:
        found: NDArray[np.floating[Any]] = self._reader.readSignal(signal, first, count)
        return found


class _Edfio:
    def __init__(self, path: Path) -> None:
        import edfio

        edf = edfio.read_edf(path, lazy_load_data=True)
        self._signals = edf.signals
        self.labels = list(edf.labels)
        self.annotations = len(edf.annotations)

    def samples(self, signal: int, first: int, count: int) -> NDArray[np.floating[Any]]:
        found = self._signals[signal]
        rate = found.sampling_frequency
        return found.get_data_slice(first / rate, (first + count) / rate)
