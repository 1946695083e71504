"""Lines of the list of events for what a reader marked and what the file says, each made once.

A mark never changes: an edit puts another in its place. So ten thousand lines are not written anew for one edit.
"""

from __future__ import annotations

from collections.abc import Sequence

from neuroflow.recording import Recording
from neuroflow.review import Mark
from neuroflow.review.document import IFCN_CRITERIA, OWN_DISCHARGE
from neuroflow_review.views.events import EventKind, EventRow

SPIKE: dict[bool, EventKind] = {False: "scalp spike", True: "reconstructed spike"}
"""Kind of a line by whether its signal is reconstructed."""

NOTE = "note"
"""What stands in the list for an annotation whose text is hidden."""


class EventRows:
    """Keeps the lines that it made for the marks and the recording of last time."""

    def __init__(self) -> None:
        self._of_marks: dict[str, tuple[Mark, EventRow]] = {}
        self._of_file: tuple[tuple[str, bool], list[EventRow]] = ("", False), []

    def of_marks(self, marks: Sequence[Mark]) -> list[EventRow]:
        """A line each, in the order of the marks."""
        known, kept = self._of_marks, {}
        for mark in marks:
            pair = known.get(mark.id)
            kept[mark.id] = pair if pair is not None and pair[0] is mark else (mark, mark_row(mark))
        self._of_marks = kept
        return [row for _, row in kept.values()]

    def of_file(self, recording: Recording, *, private: bool = False) -> list[EventRow]:
        """The recording's own annotations; with ``private`` without their texts, which may name a patient."""
        key = recording.identity, private
        if self._of_file[0] != key:
            rows = [
                EventRow(a.onset, NOTE if private else a.text, "annotation", a.channel or "")
                for a in recording.annotations
            ]
            self._of_file = key, rows
        return self._of_file[1]


def mark_row(mark: Mark) -> EventRow:
    """A line of the list for what a reader marked or decided."""
    if not mark.decision:
        return EventRow(
            mark.start, mark.text, "mark", mark.channel, mark=mark.id, by=mark.by, reconstructed=mark.reconstructed,
            meeting=mark.meeting,
        )  # fmt: skip
    text = {"accepted": "spike", "rejected": "no spike", "unsure": "spike, unsure"}[mark.decision]
    criteria = f" · {len(mark.criteria)}/{len(IFCN_CRITERIA)}" if mark.criteria else ""
    brief = ""
    if mark.text == OWN_DISCHARGE:
        text, brief = f"{text}, reader's own", f"own {text}{criteria}"
    return EventRow(
        mark.start, f"{text}{criteria}", SPIKE[mark.reconstructed], mark.channel, mark=mark.id, decision=mark.decision,
        by=mark.by, meeting=mark.meeting, brief=brief,
    )  # fmt: skip
