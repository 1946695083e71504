"""Frozen values that describe a recording, and the protocol through which its samples are read."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

UNKNOWN_DATE = date(1985, 1, 1)
"""The date that EDF+ asks for where the true one is not known or was removed, and that many programs write then."""

RECONSTRUCTED_MARKS = ("~", "≈")
"""What stands before the name of a reconstructed contact: in files, which hold ASCII, and on screen."""


def unmarked(name: str) -> tuple[str, bool]:
    """The name of a channel without such a mark, and whether it had one."""
    made = name.startswith(RECONSTRUCTED_MARKS)
    return (name[1:].lstrip() if made else name), made


class ChannelKind(Enum):
    """What a channel records. ``EEG`` is scalp EEG, ``IEEG`` a depth or subdural contact."""

    EEG = "EEG"
    IEEG = "iEEG"
    ECG = "ECG"
    EOG = "EOG"
    EMG = "EMG"
    RESPIRATION = "respiration"
    SPO2 = "SpO2"
    PHOTIC = "photic"
    TRIGGER = "trigger"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of recording time, ``start`` <= t < ``stop``, in seconds from the recording's start."""

    start: float
    stop: float

    def __post_init__(self) -> None:
        if not self.stop >= self.start:
            raise ValueError(f"a span cannot end ({self.stop} s) before it starts ({self.start} s)")

    @property
    def duration(self) -> float:
        return self.stop - self.start

    def overlaps(self, other: Span) -> bool:
        return self.start < other.stop and other.start < self.stop

    def widened(self, by: float) -> Span:
        """With so many seconds more on either side."""
        return Span(self.start - by, self.stop + by)

    def clipped_to(self, other: Span) -> Span:
        """The part inside ``other``; empty (at its nearer edge) where they do not meet."""
        start = min(max(self.start, other.start), other.stop)
        return Span(start, min(max(self.stop, start), max(other.stop, start)))


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same stretches in order, those that touch or overlap made one."""
    out: list[Span] = []
    for span in sorted(spans, key=lambda s: s.start):
        if out and span.start <= out[-1].stop + 1e-9:
            out[-1] = Span(out[-1].start, max(out[-1].stop, span.stop))
        else:
            out.append(span)
    return tuple(out)


@dataclass(frozen=True, slots=True)
class Channel:
    """One signal of a recording.

    ``label`` is what the file says; ``name`` the canonical one (``Fp1``, ``T3``, ``AHL1``), unique in the recording.
    ``site`` is the 10-20/10-10 name of a recognised scalp electrode (old T3/T4/T5/T6 spelling), else None. ``rate`` is
    in hertz. ``dimension`` is the physical dimension as written; voltages are read as volts, others in their own unit.
    ``reference`` is what the label says of it (``Ref``, ``LE``, ``A1A2``), else empty. What was reconstructed has
    a name that begins with ``≈``, and no site.
    """

    index: int
    label: str
    name: str
    kind: ChannelKind
    rate: float
    dimension: str
    is_voltage: bool
    site: str | None = None
    reference: str = ""
    physical_min: float = 0.0
    physical_max: float = 0.0
    prefilter: str = ""
    transducer: str = ""

    @property
    def reconstructed(self) -> bool:
        """Whether the file says, in its label or transducer, that it was reconstructed and not recorded."""
        marked = any(text.strip().startswith(RECONSTRUCTED_MARKS) for text in (self.label, self.name))
        return marked or "reconstructed" in self.transducer.lower()


@dataclass(frozen=True, slots=True)
class Annotation:
    """A text at a time of the recording; ``onset`` and ``duration`` in seconds, ``channel`` a name or None for all."""

    onset: float
    duration: float
    text: str
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Patient:
    """Who a recording is of, as its header says; empty where it does not."""

    name: str = ""
    identifier: str = ""
    birthdate: str = ""
    sex: str = ""
    additional: str = ""


@dataclass(frozen=True, slots=True)
class Recording:
    """What a file's header says: channels, times, gaps, annotations, and what was found wrong with it.

    ``duration`` is in seconds and includes the gaps (spans without data). ``identity`` is a hash of the header, the
    size and three stretches of data (de-identified exports can share the first two), and names the recording in caches;
    ``simulated`` is true where the file says that it is a simulated patient.
    """

    path: Path
    format: str
    channels: tuple[Channel, ...]
    duration: float
    start: datetime | None
    patient: Patient
    recording_field: str
    gaps: tuple[Span, ...]
    annotations: tuple[Annotation, ...]
    problems: tuple[str, ...]
    identity: str
    simulated: bool = False
    reconstructed: bool = False

    @property
    def span(self) -> Span:
        return Span(0.0, self.duration)

    @property
    def dated(self) -> bool:
        """Whether the date of ``start`` is known, and not only its time of day."""
        return self.start is not None and self.start.date() != UNKNOWN_DATE

    def clock_at(self, seconds: float) -> datetime | None:
        """Date and time of a moment; a date that is not known stays so past midnight."""
        if self.start is None:
            return None
        found = self.start + timedelta(seconds=seconds)
        return found if self.dated else datetime.combine(UNKNOWN_DATE, found.time())

    @property
    def stretches(self) -> tuple[Span, ...]:
        """What was recorded without a break, in order: all that lies between the gaps."""
        edges = [0.0, *(t for gap in self.gaps for t in (gap.start, gap.stop)), self.duration]
        return tuple(Span(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b > a)

    @property
    def eeg(self) -> tuple[Channel, ...]:
        """Scalp channels at a recognised site, in file order."""
        return tuple(c for c in self.channels if c.kind is ChannelKind.EEG and c.site is not None)

    def channel(self, name: str) -> Channel:
        """The channel of a canonical name. Raises: KeyError."""
        for channel in self.channels:
            if channel.name == name:
                return channel
        raise KeyError(name)


class SignalSource(Protocol):
    """Samples of a recording. Thread-safe; reads only the data records that a span touches."""

    @property
    def recording(self) -> Recording: ...

    def read(self, span: Span, channel: Channel) -> Samples:
        """Samples with index ``round(span.start * rate)`` to ``round(span.stop * rate)`` (exclusive) of one channel.

        Read-only float32, volts for voltages. Samples before the start, after the end or in a gap are NaN, so the
        length is always the difference of those two indices. Raises: FileProblem.
        """
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class ArraySource:
    """A :class:`SignalSource` over arrays in memory, for scripts, simulated patients and tests.

    ``data`` maps channel index to samples at that channel's rate (volts).
    """

    recording: Recording
    data: dict[int, Samples] = field(repr=False)

    def read(self, span: Span, channel: Channel) -> Samples:
        return take(self.data[channel.index], round(span.start * channel.rate), round(span.stop * channel.rate))

    def close(self) -> None:
        """Nothing is held open."""


@dataclass(frozen=True)
class Stretch:
    """A :class:`SignalSource` that knows one stretch of another: what lies beyond is NaN, as beyond a recording's ends.

    Whoever filters it sees nothing of the other side of a gap.
    """

    source: SignalSource
    span: Span

    @property
    def recording(self) -> Recording:
        return self.source.recording

    def read(self, span: Span, channel: Channel) -> Samples:
        """As :meth:`SignalSource.read`. Raises: FileProblem."""
        rate = channel.rate
        first, last = round(span.start * rate), round(span.stop * rate)
        low, high = (math.ceil(t * rate - 1e-6) for t in (self.span.start, self.span.stop))
        low, high = max(low, first), min(high, last)
        if low <= first and high >= last:
            return self.source.read(span, channel)
        inside = self.source.read(Span(low / rate, high / rate), channel) if high > low else np.empty(0, np.float32)
        return take(inside, first - low, last - low)

    def close(self) -> None:
        self.source.close()


def take(samples: Samples, first: int, last: int) -> Samples:
    """``samples[first:last]`` with NaN wherever the indices lie outside the array."""
    out = np.full(max(last - first, 0), np.nan, dtype=np.float32)
    low, high = max(first, 0), min(last, samples.shape[0])
    if high > low:
        out[low - first : high - first] = samples[low:high]
    out.flags.writeable = False
    return out
