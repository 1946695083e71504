"""A written file as another program's reader sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuroflow.io.edf_annotations import channel_names, one_line, split_channel
from neuroflow.recording import Annotation, Recording

_CLOSE = 1e-6


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
    no wheel for Python 3.13 on most systems; there it is used where somebody built it. It opens no path that is not
    UTF-8, as on drives of old servers. Raises: OSError or ValueError where the reader refuses the file.
    """
    try:
        import pyedflib
    except ImportError:
        pyedflib = None
    named = str(path).encode(errors="ignore").decode() == str(path)
    if pyedflib is None or gaps or not named:
        yield _Edfio(path)
    else:
        with pyedflib.EdfReader(str(path)) as reader:
            yield _Edflib(reader)


def same_notes(meant: Sequence[Annotation], again: Recording) -> bool:
    """Whether a file that was read again holds these annotations and no others: texts, times, and channels by label."""
    # As whoever reads it must see it: words after an @@ are a channel's only where the file has such a channel.
    names = channel_names(again.channels)
    read = [split_channel(Annotation(a.onset, a.duration, one_line(_words(a.text, a.channel))), names) for a in meant]
    found, wanted = ([(_words(a.text, a.channel), a.onset, a.duration) for a in of] for of in (again.annotations, read))
    if len(found) != len(wanted):
        return False
    return all(
        text == other and abs(onset - at) < _CLOSE and abs(duration - lasted) < _CLOSE
        for (text, onset, duration), (other, at, lasted) in zip(sorted(found), sorted(wanted), strict=True)
    )


def _words(text: str, channel: str | None) -> str:
    return text if channel is None else f"{text}@@{channel}"


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
