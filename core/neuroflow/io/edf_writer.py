"""A streaming writer of EDF+C and EDF+D: into a temporary file that takes the target's place when it is good.

edfio holds a whole file in memory and pyedflib cuts annotations at 40 characters, so this is our own; pyedflib, edfio
and mne check what it writes.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import math
import os
import re
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from io import BufferedWriter
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from neuroflow.errors import FileProblem
from neuroflow.io.edf_annotations import lay_out
from neuroflow.io.edf_fields import encode_clock, encode_date, encode_number, encode_text, outward
from neuroflow.io.edf_header import FIXED_BYTES, SIGNAL_BYTES
from neuroflow.jobs import Control
from neuroflow.recording import UNKNOWN_DATE, Annotation
from neuroflow.units import volts_per_unit

T = TypeVar("T")

DIGITAL_MAX = 32767
"""Digital limits are symmetric, so that limits that are symmetric too make zero exactly zero."""

IGNORES_GAPS = (
    "EDFbrowser and pyEDFlib refuse EDF+D; mne and edfio read it as if it had no gaps, and mne leaves out annotations "
    "that then lie beyond the end."
)
"""What to know of a file with gaps before it is given away: what was found of them, as docs/readers.md says."""

MOST_SIGNALS = 9998
_ANNOTATION_LABEL = "EDF Annotations"
_ABANDONED_SECONDS = 3600.0
_PART_OF_EDF = re.compile(r"\..{1,96}\.edf\.[0-9a-f]{8}\.part", re.DOTALL)


@dataclass(frozen=True, slots=True)
class OutputSignal:
    """One signal to write. ``low`` and ``high`` bound its values, in volts for a voltage, else in its own unit.

    ``samples`` is the number in a record, ``digital`` the limits of its digital values. Text fields are ASCII of at
    most 16 (label), 80, 8 and 80 characters.
    """

    label: str
    samples: int
    low: float
    high: float
    dimension: str = "uV"
    transducer: str = ""
    prefilter: str = ""
    digital: tuple[int, int] = (-DIGITAL_MAX, DIGITAL_MAX)

    @property
    def unit(self) -> float:
        """Factor from the dimension written to volts; 1 for what is no voltage."""
        return volts_per_unit(self.dimension) or 1.0

    @property
    def limits(self) -> tuple[float, float]:
        """Physical minimum and maximum as written, rounded outward. Raises: ValueError."""
        # Twelve digits: what comes from division by 1e-6 must not move a limit that was a whole number.
        return outward(float(f"{self.low / self.unit:.12g}"), float(f"{self.high / self.unit:.12g}"))

    @property
    def quantum(self) -> float:
        """One digital step, in volts or the signal's own unit."""
        low, high = self.limits
        return (high - low) / (self.digital[1] - self.digital[0]) * self.unit


@dataclass(frozen=True, slots=True)
class OutputHeader:
    """What is said of a whole file. ``patient`` and ``recording`` are fields made by ``edf_fields``.

    ``start`` is the time of the first sample, to the microsecond, or None where it is not known. ``record_starts`` are
    seconds from it at which records begin, in order, where they leave gaps (EDF+D); None where they follow one another.
    """

    signals: tuple[OutputSignal, ...]
    records: int
    record_seconds: float
    start: datetime | None
    patient: str
    recording: str
    record_starts: tuple[float, ...] | None = None


class EdfWriter:
    """Write one EDF+ file: enter, :meth:`write` every record, :meth:`commit`; leaving otherwise removes all traces.

    ``annotations`` are in seconds from the first sample. Raises (every method): FileProblem for what the user can mend
    (folder, room, permission), ValueError for values or fields that do not fit.
    """

    def __init__(self, target: Path, header: OutputHeader, annotations: Sequence[Annotation] = ()) -> None:
        if not 1 <= len(header.signals) <= MOST_SIGNALS or header.records < 1 or header.record_seconds <= 0:
            raise ValueError("an EDF file holds at least one signal and one record, and at most 9,998 signals")
        self.target = target
        self._header = header
        self._part = target.with_name(f".{target.name[:100]}.{uuid.uuid4().hex[:8]}.part")
        fraction = header.start.microsecond / 1e6 if header.start else 0.0
        if header.record_starts is None:
            begin = np.arange(header.records, dtype=np.float64) * header.record_seconds
        else:
            begin = np.asarray(header.record_starts, dtype=np.float64)
        if len(begin) != header.records:
            raise ValueError(f"{len(begin)} starts for {header.records} records")
        moved = [replace(a, onset=round(a.onset + fraction, 9)) for a in annotations]
        self._layout = lay_out(moved, fraction + begin, header.record_seconds)
        self._to_digital = _Quantiser(header.signals)
        self._written = 0
        self._file: BufferedWriter | None = None
        self._held: int | None = None
        self._committed = False

    @property
    def entries(self) -> int:
        """How many annotations other readers find: a long one counts as often as it has parts."""
        return self._layout.entries

    def __enter__(self) -> EdfWriter:
        _sweep(self.target)
        _sweep_others(self.target.parent)
        header = encode_header(self._header, self._layout.width)
        try:
            with writing_to(self.target):
                self._file = self._part.open("xb")
                self._held = _hold(self._part)
                self._file.write(header)
        except FileProblem:
            self.__exit__()  # which is not called where entering fails
            raise
        return self

    def write(self, record: Sequence[NDArray[np.floating[Any]]]) -> None:
        """Append one record: for each signal its samples, in volts or in its own unit."""
        signals = self._header.signals
        if len(record) != len(signals) or any(len(v) != s.samples for v, s in zip(record, signals, strict=True)):
            raise ValueError("a record holds exactly the samples that its header says")
        if self._file is None or self._written == self._header.records:
            raise ValueError("this file is not open for another record")
        block = self._to_digital(record).tobytes()
        with writing_to(self.target):
            self._file.write(block + self._layout.record(self._written))
        self._written += 1

    def commit(
        self, verify: Callable[[Path], T], control: Control | None = None,
        beside: Callable[[Path, T], None] | None = None,
    ) -> T:  # fmt: skip
        """Flush to the disk, let ``verify`` read the temporary file, and put it in the target's place.

        ``beside`` writes what must stand before the file does, once nothing stops the job any more; it is given the
        temporary file and what ``verify`` returned. Returns what ``verify`` returns; where either raises, or
        ``control`` was cancelled, the target stays as it was.
        """
        if self._file is None or self._written != self._header.records:
            raise ValueError(f"{self._written} of {self._header.records} records were written")
        with writing_to(self.target):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        result = verify(self._part)
        if control is not None:
            control.keep()
        if beside is not None:
            beside(self._part, result)
        with writing_to(self.target):
            os.replace(self._part, self.target)
        self._committed = True
        _sync_folder(self.target.parent)
        return result

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
        if self._held is not None:
            with contextlib.suppress(OSError):
                os.close(self._held)
            self._held = None
        if not self._committed:
            with contextlib.suppress(OSError):
                self._part.unlink()


class _Quantiser:
    """From one record's values to its digital samples, all signals at once."""

    def __init__(self, signals: Sequence[OutputSignal]) -> None:
        counts = [signal.samples for signal in signals]
        lows, highs = np.array([signal.limits for signal in signals], dtype=np.float64).T
        self._per_unit = np.repeat([1 / signal.unit for signal in signals], counts)
        self._low = np.repeat(lows, counts)
        least, most = np.array([signal.digital for signal in signals], dtype=np.float64).T
        self._scale = np.repeat((most - least) / (highs - lows), counts)
        self._least, self._most = np.repeat(least, counts), np.repeat(most, counts)

    def __call__(self, record: Sequence[NDArray[np.floating[Any]]]) -> NDArray[np.int16]:
        """Raises: ValueError for values that are not finite or lie beyond the limits."""
        values = np.concatenate(record).astype(np.float64) * self._per_unit
        digital = np.rint((values - self._low) * self._scale + self._least)
        if not ((digital >= self._least) & (digital <= self._most)).all():  # false for NaN too
            raise ValueError("values that are not finite or lie beyond the limits of their signal")
        quantised: NDArray[np.int16] = digital.astype("<i2")
        return quantised


class writing_to(contextlib.AbstractContextManager[None]):  # noqa: N801 - used like a function
    """Turn an OSError while writing to ``target`` into a FileProblem that says what to do."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, OSError):
            raise FileProblem(_sentence(error, self._target), detail=str(error)) from error


def check_target(target: Path) -> None:
    """Make sure, before any work, that a file can be written there. Raises: FileProblem."""
    if target.is_dir():
        raise FileProblem(f"“{target}” is a folder: give the name of a file to write.")
    if not target.parent.is_dir():
        raise FileProblem(f"There is no folder “{target.parent}”: make it, or choose another place.")
    probe = target.with_name(f".{uuid.uuid4().hex}.part")
    with writing_to(target):
        probe.open("xb").close()
        probe.unlink()
        if target.exists() and not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, "not writable", str(target))


def _sentence(error: OSError, target: Path) -> str:
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return f"There is no room left on the drive for “{target.name}”: make room, or choose another drive."
    if error.errno == errno.EFBIG:
        return f"“{target.name}” is larger than its drive lets a file be: choose another drive, or write less."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"You may not write “{target.name}” into “{target.parent}”: choose another folder."
    if error.errno == errno.ENOENT and target.parent.is_dir():
        return f"Nothing can be written into “{target.parent}”: choose another folder."
    if error.errno == errno.ENOENT:
        return f"There is no folder “{target.parent}” any more: choose another place."
    if error.errno == errno.ENOTDIR:
        return f"“{target.parent}” is no folder: choose another place for “{target.name}”."
    return f"“{target.name}” could not be written: check that its drive is connected."


def write_whole(target: Path, data: bytes, control: Control | None = None) -> None:
    """Write a small file in one step, whole or not at all. Raises: FileProblem, Cancelled."""
    part = target.with_name(f".{target.name[:100]}.{uuid.uuid4().hex[:8]}.part")
    _sweep(target)
    try:
        with writing_to(target):
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if control is not None:
                control.keep()
            os.replace(part, target)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _sweep(target: Path) -> None:
    """Remove what a killed process left of this target, once it is certain that none still writes it."""
    with contextlib.suppress(OSError):
        for left in target.parent.glob(f".{glob.escape(target.name[:100])}.{'[0-9a-f]' * 8}.part"):
            _remove_abandoned(left)


def _sweep_others(folder: Path) -> None:
    """Remove what killed processes left of other EDF files: what is called as this program does, and is EDF."""
    if os.name != "posix":
        return  # without locks nothing tells a file that is being read back from one that was left
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        named = [entry for entry in entries if _PART_OF_EDF.fullmatch(entry.name)]
        found = [Path(entry.path) for entry in named if entry.is_file(follow_symlinks=False)]
        for left in found:
            with contextlib.suppress(OSError), left.open("rb") as file:
                if file.read(8) in (b"0".ljust(8), b""):
                    _remove_abandoned(left)


def _remove_abandoned(left: Path) -> None:
    """Remove a file that nobody has written to for long, and that no process holds. Raises: OSError."""
    if time.time() - left.stat().st_mtime <= _ABANDONED_SECONDS:
        return
    if os.name != "posix":
        left.unlink(missing_ok=True)
        return
    import fcntl

    with contextlib.suppress(BlockingIOError), left.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        left.unlink(missing_ok=True)


def _hold(path: Path) -> int | None:
    """Keep :func:`_remove_abandoned` from a file that is being written, until what is returned is closed."""
    if os.name != "posix":
        return None
    import fcntl

    with contextlib.suppress(OSError):
        held = os.open(path, os.O_RDONLY)
        with contextlib.suppress(OSError):  # of a drive that knows no locks nothing is removed either
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return held
    return None


def encode_header(header: OutputHeader, annotation_bytes: int) -> bytes:
    """The bytes of a header, with room for so many bytes of annotations a record. Raises: ValueError."""
    count = len(header.signals) + 1
    start = header.start or datetime.combine(UNKNOWN_DATE, datetime.min.time())
    fixed = (
        encode_text("0", 8)
        + encode_text(header.patient, 80)
        + encode_text(header.recording, 80)
        + encode_date(start)
        + encode_clock(start)
        + encode_text(str(FIXED_BYTES + SIGNAL_BYTES * count), 8)
        + encode_text("EDF+C" if header.record_starts is None else "EDF+D", 44)
        + encode_text(str(header.records), 8)
        + encode_number(header.record_seconds)
        + encode_text(str(count), 4)
    )
    limits = [signal.limits for signal in header.signals]
    columns: tuple[tuple[int, list[str]], ...] = (
        (16, [*(s.label for s in header.signals), _ANNOTATION_LABEL]),
        (80, [*(s.transducer for s in header.signals), ""]),
        (8, [*(s.dimension for s in header.signals), ""]),
        (8, [*(_number_text(low) for low, _ in limits), "-1"]),
        (8, [*(_number_text(high) for _, high in limits), "1"]),
        (8, [*(str(s.digital[0]) for s in header.signals), "-32768"]),
        (8, [*(str(s.digital[1]) for s in header.signals), "32767"]),
        (80, [*(s.prefilter for s in header.signals), ""]),
        (8, [*(str(s.samples) for s in header.signals), str(math.ceil(annotation_bytes / 2))]),
        (32, [""] * count),
    )
    return fixed + b"".join(encode_text(value, width) for width, values in columns for value in values)


def _number_text(value: float) -> str:
    return encode_number(value).decode().rstrip()


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut, where the system can (not on Windows)."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
