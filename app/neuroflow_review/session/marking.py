"""What a reader marks and decides: where an event begins, and which discharge a decision is about."""

from __future__ import annotations

from neuroflow.recording import Span
from neuroflow.review import Mark
from neuroflow.review.document import OWN_DISCHARGE, Decision, Edge
from neuroflow.signal.montage import Row
from neuroflow_review.session.analysis import ONE_DISCHARGE, grouped, strongest
from neuroflow_review.session.session import Session
from neuroflow_review.theme import RECONSTRUCTED

EVENT = "Event"
REACH = 0.25
"""Seconds from the cursor to the discharge that a decision is about."""
_PUT_THERE = 0.001
"""Seconds within which the cursor stands where the list or S put it, and no hand does."""


def mark_here(session: Session, *, on_channel: bool = False) -> Mark | None:
    """Mark an event over the selection, or at the cursor, or in the middle of the page; None where none can be made.

    It stands on all channels, or on the one that is chosen.
    """
    state, cursor = session.state, session.cursor
    selection, span = state.selection, state.span
    channel = state.channel if on_channel else ""
    if on_channel and not channel:
        return None
    row = _chosen_row(session) if on_channel else None
    reconstructed = on_channel and (state.reconstructed or (row is not None and row.reconstructed))
    channel = channel.removeprefix(RECONSTRUCTED)
    if selection is not None and selection.overlaps(span):
        at, duration = selection.start, selection.duration
    else:
        on_page = cursor is not None and span.start <= cursor < span.stop
        at, duration = cursor if on_page and cursor is not None else (span.start + span.stop) / 2, 0.0
    return session.marks.add(at, EVENT, duration, channel, reconstructed=reconstructed)


def titled(mark: Mark) -> str:
    """What a mark is called where it stands alone: its text, and where it is."""
    where = f" · {RECONSTRUCTED if mark.reconstructed else ''}{mark.channel}" if mark.channel else ""
    return f"{mark.text}{where}"


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

    What is accepted on a row of scalp EEG where nothing is proposed on the scalp is a discharge of the reader's own.
    """
    cursor = session.cursor
    if cursor is None:
        return False
    row = _chosen_scalp(session) if decision == "accepted" else None
    if row is not None and session.state.blind and not _marked_already(session, cursor):
        return _mark_own(session, cursor, row)
    found = _discharge_at(session, cursor, on_scalp=row is not None)
    if found is None:
        chosen = _chosen_row(session)
        if chosen is not None and chosen.reconstructed:
            session.noticed.emit(f"{chosen.label} is reconstructed: choose a row that was recorded to mark a spike on.")
            return True
        return row is not None and _mark_own(session, cursor, row)
    time, channel, reconstructed = found
    return session.marks.decide(time, channel, decision, reconstructed=reconstructed)


def _chosen_row(session: Session) -> Row | None:
    """The row of the page that is chosen, None where none is."""
    state = session.state
    rows = (row for row in session.rows if row.label == state.channel)
    return None if state.reconstructed else next(rows, None)


def _chosen_scalp(session: Session) -> Row | None:
    """The row of scalp EEG that is chosen, None where none is."""
    row = _chosen_row(session)
    return row if row is not None and row.kind == "EEG" and not row.reconstructed else None


def _marked_already(session: Session, cursor: float) -> bool:
    """Whether who reads marked a discharge there: in a blinded reading one of another reader is not theirs."""
    near = session.marks.decided_near(cursor, reconstructed=False)
    return any(mark.by == session.reader for mark in near)


def _mark_own(session: Session, cursor: float, row: Row) -> bool:
    """Mark a discharge of the reader's own, or say why there can be none; false where the cursor is elsewhere."""
    state = session.state
    if not state.span.start <= cursor < state.span.stop:
        return False
    problem = _own_problem(session, cursor, row)
    if problem:
        session.noticed.emit(problem)
    elif session.marks.add_discharge(cursor, row.label):
        why = "none was proposed there" if state.proposals_shown else "those that are proposed are hidden"
        session.noticed.emit(f"A spike of your own on {row.label}: {why}. Ctrl+Z takes it back.")
    return True


def _own_problem(session: Session, cursor: float, row: Row) -> str:
    """Why no discharge of the reader's own can be marked on a row, in a sentence; empty where one can."""
    if row.interpolated:
        return f"{row.label} is interpolated from its neighbours: choose a row that was recorded to mark a spike on."
    if row.bad:
        return f"{row.label} is set aside: take it back (B), or choose another row, to mark a spike on."
    if session.state.proposals_shown and not any(s.start <= cursor <= s.stop for s in session.spikes.searched()):
        return "Spikes are still being looked for here: press A again when that is done."
    return ""


def decided_at(session: Session, cursor: float | None) -> Mark | None:
    """The discharge nearest to a time that a reader decided on, within reach; None where there is none."""
    if cursor is None:
        return None
    near = [m for m in session.marks.on(Span(cursor - REACH, cursor + REACH)) if m.decision]
    wanted = session.state.reconstructed
    return min(near, key=lambda m: (m.reconstructed != wanted, abs(m.start - cursor)), default=None)


def _discharge_at(session: Session, cursor: float, *, on_scalp: bool) -> tuple[float, str, bool] | None:
    """Time, channel, and whether reconstructed, of the discharge nearest to a time, decided on or not.

    What several channels have of one discharge is where it is strongest, as the list of events has it, or where it was
    decided on. A reader who looks at a contact decides on the reconstruction where both have one. Where one of the
    reader's own may be marked instead (``on_scalp``), it is one of the reconstruction only where the cursor was put on
    it by the list or by S, and one of the reader's own only within 0.1 s.
    """
    near = [
        (abs(m.start - cursor), m.start, m.channel, m.reconstructed)
        for m in session.marks.on(Span(cursor - REACH, cursor + REACH))
        if m.decision and not (on_scalp and _is_another(m, cursor))
    ]
    for spikes, reconstructed in ((session.spikes.scalp(), False), (session.spikes.depth(), True)):
        for group in grouped(spikes):  # of all, so that a discharge is the one of the list
            distance, found = min(abs(s.time - cursor) for s in group), strongest(group)
            if distance > REACH or (on_scalp and reconstructed and abs(found.time - cursor) > _PUT_THERE):
                continue
            decided = session.marks.decided_on(group, reconstructed)
            if decided:
                mark = min(decided, key=lambda m: abs(m.start - cursor))
                near.append((distance, mark.start, mark.channel, reconstructed))
            else:
                near.append((distance, found.time, found.label, reconstructed))
    wanted = session.state.reconstructed
    nearest = min(near, key=lambda n: (n[3] != wanted, n[0]), default=None)
    return nearest[1:] if nearest is not None else None


def _is_another(mark: Mark, cursor: float) -> bool:
    """Whether a decision leaves room for a discharge of the reader's own at a time on the scalp."""
    away = abs(mark.start - cursor)
    return away > _PUT_THERE if mark.reconstructed else mark.text == OWN_DISCHARGE and away > ONE_DISCHARGE
