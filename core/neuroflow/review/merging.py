"""Marks from elsewhere beside those that are there: what is new, and what says more of a mark that is there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from neuroflow.review.document import Change, Mark, assessed


@dataclass(frozen=True, slots=True)
class Merger:
    """Marks that are ``new``, and those there that get criteria, or a place in the meeting, that they lack.

    Of these each as it is, and as it will be.
    """

    new: tuple[Mark, ...] = ()
    completed: tuple[tuple[Mark, Mark], ...] = ()

    @property
    def change(self) -> Change | None:
        """One step that one undo takes back; None where there is nothing to take up."""
        count = len(self.new) + len(self.completed)
        if not count:
            return None
        after = (*self.new, *(mark for _, mark in self.completed))
        what = "import one event" if count == 1 else f"import {count} events"
        return Change(what, tuple(mark for mark, _ in self.completed), after)


def merger_of(there: Iterable[Mark], others: Iterable[Mark], by: str = "") -> Merger:
    """What others have that is not there; of the same mark twice, what either says besides."""
    known = {_said_by(mark): mark for mark in there}
    found: dict[tuple[object, ...], tuple[Mark, set[str]]] = {}
    for mark in others:
        twin, criteria = found.get(_said_by(mark), (mark, set()))
        mark = msgspec.structs.replace(mark, meeting=mark.meeting or twin.meeting)
        found[_said_by(mark)] = mark, criteria | set(mark.criteria)
    new, completed = [], []
    for said, (mark, criteria) in found.items():
        here = known.get(said)
        if here is None:
            new.append(assessed(mark, criteria, by=mark.by).after[0] if criteria != set(mark.criteria) else mark)
            continue
        lacks = not criteria <= set(here.criteria)
        after = assessed(here, criteria | set(here.criteria), by=by).after[0] if lacks else here
        after = msgspec.structs.replace(after, meeting=here.meeting or mark.meeting)
        if after != here:
            completed.append((here, after))
    return Merger(tuple(new), tuple(completed))


def _said_by(mark: Mark) -> tuple[object, ...]:
    """What a mark says, to the millisecond, whoever said it and when: the same twice is one mark."""
    return (
        round(mark.start, 3), round(mark.duration, 3), mark.text, mark.channel, mark.reconstructed, mark.decision
    )  # fmt: skip
