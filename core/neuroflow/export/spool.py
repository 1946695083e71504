"""A temporary file of samples between computing them and knowing the limits to write them with."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np
from numpy.typing import NDArray

from neuroflow.io.edf_writer import writing_to

_ITEM = np.dtype(np.float32).itemsize


class Spool:
    """Blocks of (channel, time) float32, appended once and read back in any stretch.

    The file is nameless where the system can do that, and goes with the object in any case. It is an ordinary file and
    not a memory map, since a full disk under a map ends the process. Raises (every method): FileProblem.
    """

    def __init__(self, channels: int, beside: Path) -> None:
        self.largest: NDArray[np.float64] = np.zeros(channels)
        self.length = 0
        self._beside = beside
        self._channels = channels
        with writing_to(beside):
            self._file: IO[bytes] = tempfile.TemporaryFile(  # noqa: SIM115 - closed by __exit__
                dir=beside.parent, prefix=".neuroflow.", suffix=".part"
            )

    def append(self, block: NDArray[np.float32]) -> None:
        """Add finite samples (channel, time) at the end."""
        if block.shape[0] != self._channels:
            raise ValueError(f"{block.shape[0]} channels where the spool holds {self._channels}")
        if block.shape[1] == 0:
            return
        self.largest = np.maximum(self.largest, np.abs(block).max(axis=1))
        with writing_to(self._beside):
            self._file.write(np.ascontiguousarray(block.T, dtype=np.float32).tobytes())
        self.length += block.shape[1]

    def read(self, first: int, last: int) -> NDArray[np.float32]:
        """Samples (channel, last - first); zero after the end."""
        out = np.zeros((self._channels, last - first), dtype=np.float32)
        held = max(min(last, self.length) - first, 0)
        row = self._channels * _ITEM
        with writing_to(self._beside):
            self._file.seek(first * row)
            raw = self._file.read(held * row)
        out[:, :held] = np.frombuffer(raw, dtype=np.float32).reshape(held, self._channels).T
        return out

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # a full disk, met again while flushing what nobody needs
            self._file.close()
