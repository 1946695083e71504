"""A blinded reading: readers mark first, the reconstruction is revealed after, and how far both agree is recorded."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from neuroflow.recording import Span, merged
from neuroflow.review.document import Mark
from neuroflow.review.provenance import Provenance

WITHIN = 0.25
"""Seconds from a discharge that a reader marked to a proposed one that counts as the same: a mark is put by hand."""

MOST_MARKS, MOST_READERS = 100_000, 1000


class Share(Struct, frozen=True):
    """``found`` of ``count``, and the share that would be found if they lay anywhere in what was compared."""

    count: int
    found: int
    by_chance: float


class Agreement(Struct, frozen=True):
    """Readers who marked blind beside what was proposed on the reconstruction, over so many ``seconds`` of it.

    ``readers``: of the discharges that each marked, those that were proposed as well; ``proposed``: of the proposals,
    those that a reader had marked. ``provenance`` and the detector's ``threshold`` say what they are proposals of. An
    agreement is not a measure of who is right.
    """

    seconds: float
    readers: dict[str, Share]
    proposed: Share
    provenance: Provenance
    threshold: float


class BlindReading(Struct, frozen=True, omit_defaults=True):
    """A reading during which nothing was reconstructed or proposed: when it was begun and revealed (UTC), and by whom.

    ``seen`` says that something of this recording had been reconstructed before it began, so that a reader may know of
    it. ``marks`` are the discharges that were marked until it was revealed, as they were then: later edits of theirs
    change nothing here.
    """

    begun: str
    by: str = ""
    seen: bool = False
    revealed: str = ""
    revealed_by: str = ""
    marks: tuple[Mark, ...] = ()
    agreement: Agreement | None = None

    @property
    def on(self) -> bool:
        """Whether the reconstruction is still hidden."""
        return not self.revealed


@dataclass(frozen=True, slots=True)
class Apart:
    """Times (s) at which only readers marked, and at which there was only a proposal."""

    marked: tuple[float, ...]
    proposed: tuple[float, ...]


def begun(by: str = "", *, seen: bool = False, now: datetime | None = None) -> BlindReading:
    """Begin a blinded reading."""
    return BlindReading(_stamp(now), by, seen)


def revealed(
    reading: BlindReading, marks: Sequence[Mark], by: str = "", *, now: datetime | None = None
) -> BlindReading:  # fmt: skip
    """End the blindness; kept are discharges that a reader saw on the scalp since it began."""
    kept = tuple(m for m in marks if m.decision == "accepted" and not m.reconstructed and m.at >= reading.begun)
    return msgspec.structs.replace(reading, revealed=_stamp(now), revealed_by=by, marks=kept)


def agreement_of(
    marked: Mapping[str, Sequence[float]],
    proposed: Sequence[float],
    compared: Sequence[Span],
    provenance: Provenance,
    threshold: float,
) -> Agreement:
    """How far readers' discharges (s, by reader) and proposed ones (s) agree in the stretches that are compared."""
    spans = merged(compared)
    there = sorted(t for t in proposed if _inside(t, spans))
    by_reader = {name: sorted(t for t in times if _inside(t, spans)) for name, times in marked.items()}
    all_marked = sorted(t for times in by_reader.values() for t in times)
    return Agreement(
        round(sum(span.duration for span in spans), 3),
        {name: _share(times, there, spans) for name, times in by_reader.items()},
        _share(there, all_marked, spans),
        provenance,
        threshold,
    )


def apart(marked: Sequence[float], proposed: Sequence[float], compared: Sequence[Span]) -> Apart:
    """Where readers and proposals do not agree in the stretches that are compared, in order of time."""
    spans = merged(compared)
    ours, theirs = (sorted(t for t in times if _inside(t, spans)) for times in (marked, proposed))
    return Apart(
        tuple(t for t in ours if not _near(t, theirs)),
        tuple(t for t in theirs if not _near(t, ours)),
    )


def checked_reading(reading: BlindReading) -> BlindReading:
    """The reading itself. Raises: ValueError where it holds more than a reading can."""
    agreement = reading.agreement
    if len(reading.marks) > MOST_MARKS or (agreement is not None and len(agreement.readers) > MOST_READERS):
        raise ValueError("a blinded reading of more marks, or readers, than can be")
    for share in (*agreement.readers.values(), agreement.proposed) if agreement is not None else ():
        if not (0 <= share.found <= share.count and 0.0 <= share.by_chance <= 1.0):
            raise ValueError("an agreement of more than there is")
    return reading


def _share(times: Sequence[float], others: Sequence[float], spans: Sequence[Span]) -> Share:
    whole = sum(span.duration for span in spans)
    reached = merged([Span(t - WITHIN, t + WITHIN).clipped_to(s) for t in others for s in spans if _touches(t, s)])
    chance = min(sum(span.duration for span in reached) / whole, 1.0) if whole > 0 else 0.0
    return Share(len(times), sum(_near(t, others) for t in times), round(chance, 4))


def _near(time: float, others: Sequence[float]) -> bool:
    """Whether one of others, in order, is near enough to be the same; a microsecond is left to rounding."""
    k = bisect_left(others, time - WITHIN - 1e-6)
    return k < len(others) and others[k] <= time + WITHIN + 1e-6


def _inside(time: float, spans: Sequence[Span]) -> bool:
    return any(span.start <= time <= span.stop for span in spans)


def _touches(time: float, span: Span) -> bool:
    return time + WITHIN > span.start and time - WITHIN < span.stop


def _stamp(now: datetime | None) -> str:
    return (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
