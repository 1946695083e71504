"""Moments of a meeting: chosen beforehand, and gone through in a presentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neuroflow_review.session.marking import titled
from neuroflow_review.session.meeting import choose, moments, neighbour
from neuroflow_review.theme import RECONSTRUCTED
from neuroflow_review.views.moments import MomentRow
from neuroflow_review.window import boxes
from neuroflow_review.window.part import Part
from neuroflow_review.wording import day_clock

if TYPE_CHECKING:
    from neuroflow_review.window.commands import Commands


class MeetingCommands(Part):
    """Handlers of what is chosen for the meeting, and of the keys that a presenter's remote sends."""

    def __init__(self, commands: Commands) -> None:
        super().__init__(commands)
        self._current = ""
        self._at: float | None = None  # when the moment on screen is

    def connect(self) -> None:
        self.window.moments.asked.connect(self._show)
        self.session.marks.changed.connect(self.refresh)
        self.session.opened.connect(self._on_opened)

    def choose(self) -> None:
        boxes.with_reader(self.window, self._choose)

    def _choose(self) -> None:
        made = choose(self.session, self.window.events.selected_mark)
        if made is not None:
            self.window.events.start_rename(made.id)

    def leaf(self, direction: int) -> None:
        """The next or previous page; in a presentation of chosen moments the next or previous of these."""
        if not self.step(direction):
            self.session.turn(direction)

    def step(self, direction: int) -> bool:
        """Go to the next or previous moment; false where none is presented."""
        if not self.window.presentation.on or not moments(self.session):
            return False
        found = neighbour(self.session, self._current, direction, self._at)
        if found is None:
            self.window.say(f"This is the {'last' if direction > 0 else 'first'} moment.")
        else:
            self._show(found.id)
        return True

    def begin(self) -> None:
        """A presentation begins: none of its moments is on screen yet."""
        self._current, self._at = "", None
        self.refresh()

    def refresh(self) -> None:
        """The strip of moments, where something is presented and there are some."""
        found = moments(self.session)
        if all(mark.id != self._current for mark in found):  # what is decided on is another mark
            self._current = next((mark.id for mark in found if mark.start == self._at), "")
        recording = self.session.recording
        start = recording.start if recording is not None else None
        rows = [
            MomentRow(m.id, day_clock(m.start, start), f"{titled(m)}, {m.decision}".rstrip(", "), m.reconstructed)
            for m in found
        ]
        self.window.moments.set_moments(rows, self._current, left=self._at is not None)
        self.window.moments.setVisible(bool(rows) and self.window.presentation.on)

    def _show(self, identifier: str) -> None:
        mark = self.session.marks.find(identifier)
        if mark is None:
            return
        self._current, self._at = identifier, mark.start
        if mark.channel:
            self.commands.marks.choose_channel((RECONSTRUCTED if mark.reconstructed else "") + mark.channel)
        seconds = self.session.state.seconds
        self.session.go_to(mark.start + min(mark.duration, seconds) / 2 - seconds / 2)
        self.session.set_cursor(mark.start)
        self.refresh()

    def _on_opened(self, _recording: object) -> None:
        self.begin()
