"""A blinded reading: readers mark first, the reconstruction is revealed after, and how far both agree is recorded."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from neuroflow.recording import Span, merged
from neuroflow.review.document import LONGEST_NAME, Mark, checked
from neuroflow.review.provenance import Provenance, checked_provenance

WITHIN = 0.25
"""Seconds from a discharge that a reader marked to a proposed one that counts as the same: a mark is put by hand."""

MOST_MARKS, MOST_READERS, MOST_STRETCHES = 100_000, 1000, 100_000


class Share(Struct, frozen=True):
    """``found`` of ``count``, and the share that would be found if they lay anywhere in what was compared."""

    count: int
    found: int
    by_chance: float


class Rules(Struct, frozen=True, omit_defaults=True):
    """What proposals are of: the reconstruction, the detector's ``threshold``, and the channels that were set aside."""

    provenance: Provenance
    threshold: float
    excluded: tuple[str, ...] = ()

    def same(self, other: Rules) -> bool:
        """Whether proposals of both can be compared: a file of before says less of where samples came from."""
        alike = (self.threshold, self.excluded) == (other.threshold, other.excluded)
        return alike and self.provenance.same_samples(other.provenance)


class Agreement(Struct, frozen=True):
    """Readers who marked blind beside what was proposed on the reconstruction, over so many ``seconds`` of it.

    ``readers``: of the discharges that each marked, those that were proposed as well; ``proposed``: of the proposals,
    those that a reader had marked; ``compared``: the start and stop (s) of each stretch. An agreement is not a measure
    of who is right.
    """

    seconds: float
    readers: dict[str, Share]
    proposed: Share
    compared: tuple[tuple[float, float], ...] = ()


class BlindReading(Struct, frozen=True, omit_defaults=True):
    """A reading during which nothing was reconstructed or proposed: when it was begun and revealed (UTC), and by whom.

    ``seen`` says that something of this recording had been reconstructed, or read blind, before it began, so that a
    reader may know of it. ``before``, while it goes on, names what had been decided, or marked on a reconstruction,
    when it began: by identifier, since clocks of two computers differ. ``marks`` are the discharges that were marked
    until it was revealed, as they were then: later edits of theirs change nothing here. ``rules`` are those that were
    set when it was revealed, by which alone both are compared; None where there was no model yet.
    """

    begun: str
    by: str = ""
    seen: bool = False
    before: tuple[str, ...] = ()
    revealed: str = ""
    revealed_by: str = ""
    marks: tuple[Mark, ...] = ()
    rules: Rules | None = None
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


def begun(
    by: str = "", marks: Iterable[Mark] = (), *, seen: bool = False, now: datetime | None = None
) -> BlindReading:  # fmt: skip
    """Begin a blinded reading of a recording that has these marks."""
    before = tuple(mark.id for mark in marks if mark.decision or mark.reconstructed)
    return BlindReading(_stamp(now), by, seen, before)


def revealed(
    reading: BlindReading, marks: Sequence[Mark], by: str = "", rules: Rules | None = None, *,
    now: datetime | None = None,
) -> BlindReading:  # fmt: skip
    """End the blindness; kept are discharges that a reader saw on the scalp since it began."""
    before = frozenset(reading.before)
    kept = tuple(m for m in marks if m.decision == "accepted" and not m.reconstructed and m.id not in before)
    return msgspec.structs.replace(
        reading, before=(), revealed=_stamp(now), revealed_by=by, marks=kept, rules=rules
    )  # fmt: skip


def agreement_of(
    marked: Mapping[str, Sequence[float]],
    proposed: Sequence[float],
    compared: Sequence[Span],
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
        tuple((round(span.start, 3), round(span.stop, 3)) for span in spans),
    )


def extends(now: Agreement, before: Agreement) -> bool:
    """Whether all that was compared ``before`` is ``now`` compared as well, and more; a millisecond is rounding."""
    if now.seconds <= before.seconds + 1e-3:
        return False
    stops = [stop for _, stop in now.compared]
    for start, stop in before.compared:
        k = bisect_left(stops, stop - 2e-3)
        if k == len(stops) or now.compared[k][0] > start + 2e-3:
            return False
    return True


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
    if max(len(reading.marks), len(reading.before)) > MOST_MARKS or (
        agreement is not None and len(agreement.readers) > MOST_READERS
    ):
        raise ValueError("a blinded reading of more marks, or readers, than can be")
    named = (*reading.before, *(agreement.readers if agreement is not None else ()))
    if reading.rules is not None:
        checked_provenance(reading.rules.provenance)
        named += reading.rules.excluded
    for word in (reading.begun, reading.by, reading.revealed, reading.revealed_by, *named):
        if len(word) > LONGEST_NAME:
            raise ValueError("a blinded reading with longer names than there are")
    for mark in reading.marks:
        checked(mark)
    stretches = agreement.compared if agreement is not None else ()
    if len(stretches) > MOST_STRETCHES or any(not 0.0 <= start <= stop for start, stop in stretches):
        raise ValueError("an agreement over stretches that cannot be")
    for share in (*agreement.readers.values(), agreement.proposed) if agreement is not None else ():
        if not (0 <= share.found <= share.count and 0.0 <= share.by_chance <= 1.0):
            raise ValueError("an agreement of more than there is")
    return reading


def _share(times: Sequence[float], others: Sequence[float], spans: Sequence[Span]) -> Share:
    whole, stops = sum(span.duration for span in spans), [span.stop for span in spans]
    reached = merged(part for t in others for part in _around(t, spans, stops))
    chance = min(sum(span.duration for span in reached) / whole, 1.0) if whole > 0 else 0.0
    return Share(len(times), sum(_near(t, others) for t in times), round(chance, 4))


def _near(time: float, others: Sequence[float]) -> bool:
    """Whether one of others, in order, is near enough to be the same; a microsecond is left to rounding."""
    k = bisect_left(others, time - WITHIN - 1e-6)
    return k < len(others) and others[k] <= time + WITHIN + 1e-6


def _inside(time: float, spans: Sequence[Span]) -> bool:
    k = bisect_left(spans, time, key=lambda span: span.stop)
    return k < len(spans) and spans[k].start <= time


def _around(time: float, spans: Sequence[Span], stops: Sequence[float]) -> Iterator[Span]:
    """What of the stretches, which stop in this order, is near enough to a time."""
    near = Span(time - WITHIN, time + WITHIN)
    k = bisect_left(stops, near.start)
    while k < len(spans) and spans[k].start < near.stop:
        yield near.clipped_to(spans[k])
        k += 1


def _stamp(now: datetime | None) -> str:
    return (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
