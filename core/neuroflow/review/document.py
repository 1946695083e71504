"""Marks and decisions on a recording, as immutable values; every edit is a change that can be taken back."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

import msgspec
from msgspec import Struct

Decision = Literal["", "accepted", "rejected", "unsure"]
DECISIONS: tuple[Decision, ...] = ("accepted", "rejected", "unsure")
LONGEST_TEXT = 4000
LONGEST_NAME = 1000  # of a reader, a channel or a model: more is no name

Edge = Literal["start", "end"]
SHORTEST = 0.05
"""Seconds that a dragged edge leaves of a mark: as wide as a spike, and still wide enough to be taken hold of."""

OWN_DISCHARGE = "spike, marked by a reader"
"""What a discharge is called that no detector proposed."""

IFCN_CRITERIA: Mapping[str, str] = MappingProxyType(
    {
        "pointed": "Di- or triphasic, with a sharp or spiky peak",
        "duration": "Other duration than the background",
        "asymmetric": "Asymmetric waveform",
        "slow wave": "Followed by a slow after-wave",
        "background": "Background disturbed by it",
        "field": "Field that fits a source in the brain",
    }
)
"""What makes a transient an interictal epileptiform discharge, in words of ours (Kane et al. 2017, IFCN glossary)."""
USUAL_CRITERIA, SPECIFIC_CRITERIA = 4, 5
"""How many of them are usually asked for, and how many make few mistakes (Kural et al. 2020, Neurology 94:e2139)."""


class Mark(Struct, frozen=True, omit_defaults=True):
    """An event that a reader marked, or a discharge that a reader decided on.

    ``start`` and ``duration`` in seconds of the recording; ``channel`` is a derivation's or contact's label, empty for
    all; ``decision`` is empty for an event; ``criteria`` are those of :data:`IFCN_CRITERIA` that a reader found. ``by``
    and ``at`` say who made it as it is, and when (UTC, ISO 8601). ``meeting``: it is to be shown in the meeting.
    """

    id: str
    start: float
    text: str
    duration: float = 0.0
    channel: str = ""
    reconstructed: bool = False
    decision: Decision = ""
    by: str = ""
    at: str = ""
    criteria: tuple[str, ...] = ()
    meeting: bool = False

    @property
    def stop(self) -> float:
        return self.start + self.duration


@dataclass(frozen=True, slots=True)
class Change:
    """An edit: the marks that it takes away and those that it puts there; ``what`` names it for menu and log.

    Or the ``channel`` that it sets ``aside``, or takes back: which are aside is part of the view, that they were set
    aside is part of the history.
    """

    what: str
    before: tuple[Mark, ...] = ()
    after: tuple[Mark, ...] = ()
    channel: str = ""
    aside: bool = False

    @property
    def reverse(self) -> Change:
        if self.channel:
            return channel_set(self.channel, not self.aside)
        return Change(self.what, self.after, self.before)


@dataclass(frozen=True, slots=True)
class Document:
    """All marks of a recording, by identifier."""

    marks: Mapping[str, Mark] = field(default_factory=lambda: MappingProxyType({}))

    def __iter__(self) -> Iterator[Mark]:
        return iter(self.marks.values())

    def __len__(self) -> int:
        return len(self.marks)

    def applied(self, change: Change) -> Document:
        """The document after a change. Raises: ValueError where it is not about this document."""
        marks = dict(self.marks)
        for mark in change.before:
            if marks.pop(mark.id, None) != mark:
                raise ValueError("this change was made to another version of the marks")
        for mark in change.after:
            if mark.id in marks:
                raise ValueError("this mark is there already")
            marks[mark.id] = checked(mark)
        return Document(MappingProxyType(marks))


def document_of(marks: Iterable[Mark]) -> Document:
    """Raises: ValueError where two marks have one identifier, or one is not to be believed."""
    return Document().applied(Change("read", (), tuple(marks)))


def checked(mark: Mark) -> Mark:
    """The mark itself. Raises: ValueError where its time, text or names cannot be."""
    if not (math.isfinite(mark.start) and math.isfinite(mark.duration) and mark.duration >= 0):
        raise ValueError("a mark needs a time, and a duration of 0 s or more")
    if not mark.id or len(mark.text) > LONGEST_TEXT:
        raise ValueError(f"a mark needs an identifier, and a text of {LONGEST_TEXT} characters at most")
    if max(map(len, (mark.id, mark.channel, mark.by, mark.at))) > LONGEST_NAME:
        raise ValueError(f"names in a mark have {LONGEST_NAME} characters at most")
    if len(set(mark.criteria)) < len(mark.criteria) or not set(mark.criteria) <= set(IFCN_CRITERIA):
        raise ValueError(f"criteria are {', '.join(IFCN_CRITERIA)}, each once")
    return mark


def added(
    start: float, text: str, *, duration: float = 0.0, channel: str = "", reconstructed: bool = False,
    meeting: bool = False, by: str = "", now: datetime | None = None,
) -> Change:  # fmt: skip
    """Mark an event, on one channel or, without one, on all."""
    mark = Mark(
        _identifier(), start, text, duration, channel, reconstructed, by=by, at=_stamp(now), meeting=meeting
    )  # fmt: skip
    return Change("mark an event", (), (mark,))


def decided(
    start: float, channel: str, decision: Decision, earlier: Iterable[Mark] = (), *, reconstructed: bool = False,
    by: str = "", now: datetime | None = None,
) -> Change:  # fmt: skip
    """Accept, reject or leave open a proposed discharge, in place of what was decided on it before.

    What else was said of it, the criteria above all, stays.
    """
    if decision not in DECISIONS:
        raise ValueError(f"a discharge is {', '.join(DECISIONS)}, not {decision!r}")
    earlier = tuple(earlier)
    met = {name for mark in earlier for name in mark.criteria}
    mark = msgspec.structs.replace(
        earlier[-1] if earlier else Mark("", start, "spike"), id=_identifier(), start=start, channel=channel,
        reconstructed=reconstructed, decision=decision, by=by, at=_stamp(now),
        criteria=tuple(name for name in IFCN_CRITERIA if name in met), meeting=any(mark.meeting for mark in earlier),
    )  # fmt: skip
    word = {"accepted": "accept a spike", "rejected": "reject a spike", "unsure": "leave a spike open"}[decision]
    return Change(word, earlier, (mark,))


def own_discharge(start: float, channel: str, *, by: str = "", now: datetime | None = None) -> Change:
    """A discharge of the scalp that a reader saw where none was proposed: accepted, and named as the reader's own."""
    mark = Mark(_identifier(), start, OWN_DISCHARGE, 0.0, channel, False, "accepted", by, _stamp(now))
    return Change("mark a spike", (), (mark,))


def changed(mark: Mark, *, by: str = "", now: datetime | None = None, **fields: object) -> Change:
    """Give a mark another time, text or channel."""
    what = "rename an event" if set(fields) == {"text"} else "change an event"
    return Change(what, (mark,), (msgspec.structs.replace(mark, by=by, at=_stamp(now), **fields),))


def with_edge(mark: Mark, edge: Edge, time: float, within: float) -> tuple[float, float]:
    """Start and stop of a mark one edge of which is moved to a time, in a recording of so many seconds.

    The other edge stays, and keeps at least :data:`SHORTEST` between them, where the recording has room for it.
    """
    time = min(max(round(time, 3), 0.0), within)
    if edge == "start":
        return max(min(time, round(mark.stop - SHORTEST, 3)), 0.0), mark.stop
    return mark.start, max(min(max(time, round(mark.start + SHORTEST, 3)), within), mark.start)


def edge_moved(
    mark: Mark, edge: Edge, time: float, within: float, *, by: str = "", now: datetime | None = None
) -> Change:  # fmt: skip
    """Move one edge of a mark to a time, as far as :func:`with_edge` lets it."""
    start, stop = with_edge(mark, edge, time, within)
    after = msgspec.structs.replace(mark, start=start, duration=round(stop - start, 6), by=by, at=_stamp(now))
    return Change("move the edge of an event", (mark,), (after,))


def assessed(mark: Mark, criteria: Iterable[str], *, by: str = "", now: datetime | None = None) -> Change:
    """Say which of :data:`IFCN_CRITERIA` a discharge meets."""
    met = set(criteria)
    found = tuple(name for name in IFCN_CRITERIA if name in met)
    after = msgspec.structs.replace(mark, criteria=found, by=by, at=_stamp(now))
    return Change("assess a spike", (mark,), (after,))


def for_meeting(mark: Mark, shown: bool) -> Change:
    """Have a mark shown in the meeting, or not any more; whose it is and since when stays."""
    what = "choose a moment for the meeting" if shown else "take a moment out of the meeting"
    return Change(what, (mark,), (msgspec.structs.replace(mark, meeting=shown),))


def channel_set(name: str, aside: bool) -> Change:
    """Set a channel aside as bad, or take it back."""
    return Change(f"set {name} aside" if aside else f"take {name} back", channel=name, aside=aside)


def removed(*marks: Mark) -> Change:
    """Delete marks."""
    return Change("delete an event" if len(marks) == 1 else f"delete {len(marks)} events", marks, ())


def _identifier() -> str:
    return uuid.uuid4().hex[:16]


def _stamp(now: datetime | None) -> str:
    return (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
