"""What a reader marks and decides: where an event begins, and which discharge a decision is about."""

from __future__ import annotations

from neuroflow.recording import Span
from neuroflow.review import Mark
from neuroflow.review.document import Decision, Edge
from neuroflow_review.session.analysis import grouped, strongest
from neuroflow_review.session.session import Session

EVENT = "Event"
REACH = 0.25
"""Seconds from the cursor to the discharge that a decision is about."""


def mark_here(session: Session, *, on_channel: bool = False) -> Mark | None:
    """Mark an event over the selection, or at the cursor, or in the middle of the page; None where none can be made.

    It stands on all channels, or on the one that is chosen.
    """
    state, cursor = session.state, session.cursor
    selection, span = state.selection, state.span
    channel = state.channel if on_channel else ""
    reconstructed = on_channel and state.reconstructed
    if on_channel and not channel:
        return None
    if selection is not None and selection.overlaps(span):
        at, duration = selection.start, selection.duration
    else:
        on_page = cursor is not None and span.start <= cursor < span.stop
        at, duration = cursor if on_page and cursor is not None else (span.start + span.stop) / 2, 0.0
    return session.marks.add(at, EVENT, duration, channel, reconstructed=reconstructed)


def edge_problem(mark: Mark | None, edge: Edge, cursor: float | None) -> str:
    """Why the cursor cannot be the start or the end of an event, in a sentence; empty where it can."""
    if mark is None or mark.decision:
        return "Choose an event of yours in the list first."
    if cursor is None:
        return f"Put the cursor where the event is to {edge} first."
    if edge == "start" and cursor > mark.stop:
        return "The cursor lies after the event's end: put it before, or press . to have the event end there."
    if edge == "end" and cursor < mark.start:
        return "The cursor lies before the event's start: put it after, or press , to have the event start there."
    return ""


def decide(session: Session, decision: Decision) -> bool:
    """Accept, reject or leave open the discharge at the cursor; false where none is proposed there.

    What is accepted on a row of scalp EEG where nothing is proposed is a discharge of the reader's own.
    """
    found = _discharge_at(session, session.cursor) if session.cursor is not None else None
    if found is None:
        return decision == "accepted" and _mark_own(session)
    time, channel, reconstructed = found
    return session.marks.decide(time, channel, decision, reconstructed=reconstructed)


def _mark_own(session: Session) -> bool:
    state, cursor = session.state, session.cursor
    row = next((row for row in session.rows if row.label == state.channel), None)
    if cursor is None or not state.span.start <= cursor < state.span.stop:
        return False
    if state.reconstructed or row is None or row.kind != "EEG" or not session.marks.add_discharge(cursor, row.label):
        return False
    session.noticed.emit(f"A spike of your own on {row.label}: none was proposed there. Ctrl+Z takes it back.")
    return True


def decided_at(session: Session, cursor: float | None) -> Mark | None:
    """The discharge nearest to a time that a reader decided on, within reach; None where there is none."""
    if cursor is None:
        return None
    near = [m for m in session.marks.on(Span(cursor - REACH, cursor + REACH)) if m.decision]
    wanted = session.state.reconstructed
    return min(near, key=lambda m: (m.reconstructed != wanted, abs(m.start - cursor)), default=None)


def _discharge_at(session: Session, cursor: float) -> tuple[float, str, bool] | None:
    """Time, channel, and whether reconstructed, of the discharge nearest to a time, decided on or not.

    What several channels have of one discharge is where it is strongest, as the list of events has it, or where it was
    decided on. A reader who looks at a contact decides on the reconstruction where both have one.
    """
    near = [
        (abs(m.start - cursor), m.start, m.channel, m.reconstructed)
        for m in session.marks.on(Span(cursor - REACH, cursor + REACH))
        if m.decision
    ]
    for spikes, reconstructed in ((session.spikes.scalp(), False), (session.spikes.depth(), True)):
        for group in grouped(spikes):  # of all, so that a discharge is the one of the list
            distance = min(abs(s.time - cursor) for s in group)
            if distance > REACH:
                continue
            decided = session.marks.decided_on(group, reconstructed)
            if decided:
                mark = min(decided, key=lambda m: abs(m.start - cursor))
                near.append((distance, mark.start, mark.channel, reconstructed))
            else:
                found = strongest(group)
                near.append((distance, found.time, found.label, reconstructed))
    wanted = session.state.reconstructed
    nearest = min(near, key=lambda n: (n[3] != wanted, n[0]), default=None)
    return nearest[1:] if nearest is not None else None
