"""The short list of moments that were chosen for the meeting, in order of time."""

from __future__ import annotations

from neuroflow.recording import Span
from neuroflow.review import Mark
from neuroflow_review.session.marking import REACH
from neuroflow_review.session.session import Session

MOMENT = "Moment"
"""What is chosen where nothing was marked is called this until the reader types a name."""


def moments(session: Session) -> tuple[Mark, ...]:
    """The marks that are to be shown."""
    return tuple(mark for mark in session.marks.all if mark.meeting)


def neighbour(session: Session, current: str, direction: int, at: float | None = None) -> Mark | None:
    """The moment after (1) or before (-1) the current one, the first or the last where none is; None at the end.

    Where the current one was taken out of the meeting, ``at`` says when (s) it was.
    """
    found = moments(session)
    here = next((k for k, mark in enumerate(found) if mark.id == current), None)
    if here is None and at is not None:
        beyond = (m for m in found[::direction] if (m.start - at) * direction > 0)
        return next(beyond, None)
    place = here + direction if here is not None else 0 if direction > 0 else len(found) - 1
    return found[place] if 0 <= place < len(found) else None


def choose(session: Session, selected: str = "") -> Mark | None:
    """Choose a mark for the meeting, or take it out again; a mark that was made for it, None where one was there.

    It is the one at the cursor, else the ``selected`` one where that is on the page; where there is neither, the moment
    under the cursor is marked.
    """
    mark = _at_cursor(session) or _on_page(session, selected)
    if mark is not None:
        if session.marks.show_in_meeting(mark.id, not mark.meeting):
            left = "taken out of" if mark.meeting else "chosen for"
            session.noticed.emit(f"“{mark.text}” is {left} the meeting: {_counted(len(moments(session)))}.")
        return None
    span, cursor = session.state.span, session.cursor
    time = cursor if cursor is not None and span.start <= cursor < span.stop else (span.start + span.stop) / 2
    return session.marks.add(time, MOMENT, meeting=True)


def _at_cursor(session: Session) -> Mark | None:
    cursor = session.cursor
    if cursor is None:
        return None
    near = session.marks.on(Span(max(cursor - REACH, 0.0), cursor + REACH))
    near = tuple(m for m in near if abs(m.start - cursor) <= REACH or m.start <= cursor <= m.stop)
    return min(near, key=lambda m: abs(m.start - cursor), default=None)


def _on_page(session: Session, selected: str) -> Mark | None:
    mark, span = session.marks.find(selected), session.state.span
    return mark if mark is not None and span.start <= mark.start < span.stop else None


def _counted(count: int) -> str:
    return f"{count} moment{'' if count == 1 else 's'} on its list"
