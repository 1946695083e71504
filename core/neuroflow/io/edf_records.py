"""Data records of an EDF or BDF file, read where they are asked for and decoded by edfio.

The file's header, mended where it needs it, with only the records asked for behind it, is itself a small EDF file, and
that is what edfio is given. So a read costs the records that it touches, BDF (of which edfio reads whole files only)
goes the same way, and no file is mapped into memory: a mapped file on a drive that is unplugged ends the process.
"""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuroflow.errors import FileProblem
from neuroflow.io.edf_header import FIXED_BYTES, EdfHeader

if TYPE_CHECKING:
    from edfio import BdfSignal, EdfSignal

_CACHE_BLOCKS = 3
_BLOCK_BYTES = 16 * 2**20
_SEQUENTIAL_BYTES = 64 * 2**10


class ReadOnlyFile:
    """An open file, read at given places by any thread.

    ``close()`` never waits: a read that hangs on a dead network drive closes the file itself once it comes back.
    """

    def __init__(self, path: Path) -> None:
        """Raises: OSError."""
        self.name = path.name
        self._raw = path.open("rb", buffering=0)
        self._lock = threading.Lock()
        self._closed = False
        self.size = self._raw.seek(0, io.SEEK_END)

    def read(self, offset: int, count: int) -> bytes:
        """Bytes from ``offset``; fewer than ``count`` at the end of the file. Raises: FileProblem."""
        # Counts come from headers, which may say anything: never more than there is.
        buffer = bytearray(max(min(count, self.size - offset), 0))
        view, filled = memoryview(buffer), 0
        try:
            with self._lock:
                if self._closed:
                    raise FileProblem(f"“{self.name}” was closed while it was being read: open it again.")
                self._raw.seek(offset)
                while filled < count and (got := self._raw.readinto(view[filled:])):
                    filled += got
        except OSError as error:
            raise FileProblem(
                f"“{self.name}” could not be read any further: is its drive still connected?", detail=str(error)
            ) from error
        finally:
            if self._closed:
                self.close()
        return bytes(view[:filled])

    def close(self) -> None:
        self._closed = True
        if self._lock.acquire(blocking=False):
            try:
                self._raw.close()
            finally:
                self._lock.release()

    def __del__(self) -> None:
        if hasattr(self, "_lock"):
            self.close()


class Records:
    """Digital samples of whole records. Thread-safe; the last few blocks stay in memory for the other channels."""

    def __init__(self, file: ReadOnlyFile, header: EdfHeader) -> None:
        self._file = file
        self._header = header
        self._template = _mended_header(header)
        self._cache: OrderedDict[tuple[int, int], tuple[EdfSignal | BdfSignal, ...]] = OrderedDict()
        self._cache_lock = threading.Lock()
        self.records_per_block = max(1, _BLOCK_BYTES // header.record_bytes)

    def digital(self, signal: int, first: int, last: int) -> NDArray[np.integer[Any]]:
        """Samples of one signal in the records ``first`` to ``last`` (exclusive), as int16 or int32.

        A last record that the file holds in part comes padded with zeros: see :meth:`available`. Raises: FileProblem.
        """
        step = self.records_per_block
        parts = [self._block(a, min(a + step, last), signal) for a in range(first, last, step)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def available(self, signal: int) -> int:
        """How many samples of one signal the file really holds, the cut last record included."""
        header, samples = self._header, self._header.signals[signal].samples
        if not header.partial_bytes:
            return header.records * samples
        in_last = (header.partial_bytes - header.signals[signal].offset) // header.sample_bytes
        return (header.records - 1) * samples + min(max(in_last, 0), samples)

    def annotation_bytes(self, signal: int) -> tuple[bytes, int]:
        """The bytes of an annotation signal in all records, one after the other, and how many a record.

        Small records are read in long runs, since a disk and a network are faster at that than at skipping.
        """
        header = self._header
        offset, width = header.signals[signal].offset, header.signals[signal].samples * header.sample_bytes
        if header.record_bytes > _SEQUENTIAL_BYTES:
            starts = (header.header_bytes + i * header.record_bytes + offset for i in range(header.records))
            return b"".join(self._file.read(start, width).ljust(width, b"\0") for start in starts), width
        parts: list[bytes] = []
        step = max(1, _BLOCK_BYTES // 2 // header.record_bytes)
        for first in range(0, header.records, step):
            raw = self._raw(first, min(first + step, header.records))
            block = np.frombuffer(raw, np.uint8).reshape(-1, header.record_bytes)
            parts.append(block[:, offset : offset + width].tobytes())
        return b"".join(parts), width

    def _raw(self, first: int, last: int) -> bytes:
        size = (last - first) * self._header.record_bytes
        raw = self._file.read(self._header.header_bytes + first * self._header.record_bytes, size)
        if len(raw) < size and last < self._header.records + (0 if self._header.partial_bytes else 1):
            raise FileProblem(f"“{self._file.name}” has become shorter since it was opened: open it again.")
        return raw.ljust(size, b"\0")

    def _block(self, first: int, last: int, signal: int) -> NDArray[np.integer[Any]]:
        key = (first, last)
        with self._cache_lock:
            signals = self._cache.get(key)
            if signals is not None:
                self._cache.move_to_end(key)
        if signals is None:
            signals = _decode(self._template, self._raw(first, last), last - first, self._header.is_bdf)
            with self._cache_lock:
                self._cache[key] = signals
                while len(self._cache) > _CACHE_BLOCKS:
                    self._cache.popitem(last=False)
        # A slice leaves edfio's signal as it was, where ``.digital`` would load and swap its buffer: threads share it.
        samples: NDArray[np.integer[Any]] = signals[signal].get_digital_slice(0, last - first)
        return samples


def _mended_header(header: EdfHeader) -> bytes:
    """The file's header with every field that edfio needs in its place: sizes, counts, a record of 1 s, no labels.

    Without labels annotation signals count as ordinary ones, so that signal numbers stay the file's own; a record of
    1 s makes times whole numbers of records.
    """
    count = len(header.signals)
    raw = bytearray(header.raw)
    raw[0:8] = b"\xffBIOSEMI" if header.is_bdf else b"0".ljust(8)
    raw[184:192] = str(len(raw)).encode().ljust(8)
    raw[244:252] = b"1".ljust(8)
    raw[252:256] = str(count).encode().ljust(4)
    raw[FIXED_BYTES : FIXED_BYTES + 16 * count] = b" " * (16 * count)
    samples = b"".join(str(signal.samples).encode().ljust(8) for signal in header.signals)
    start = FIXED_BYTES + 216 * count
    raw[start : start + 8 * count] = samples
    return bytes(raw)


def _decode(template: bytes, records: bytes, count: int, is_bdf: bool) -> tuple[EdfSignal | BdfSignal, ...]:
    import edfio

    small = template[:236] + str(count).encode().ljust(8) + template[244:] + records
    if is_bdf:
        return edfio.read_bdf(small, header_encoding="latin-1").signals
    return edfio.read_edf(small, lazy_load_data=True, header_encoding="latin-1").signals
