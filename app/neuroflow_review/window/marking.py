"""Menu Marks: events, spikes, decisions, the ruler, and channels that are chosen or set aside."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint

from neuroflow.recording import Span
from neuroflow.review import Change
from neuroflow.review.document import Decision, Edge
from neuroflow_review.session.marking import decide, edge_problem, mark_here
from neuroflow_review.theme import RECONSTRUCTED
from neuroflow_review.window import boxes, menus
from neuroflow_review.window.channels import set_aside_of
from neuroflow_review.window.part import Part

if TYPE_CHECKING:
    from neuroflow_review.window.commands import Commands


class MarkCommands(Part):
    """Handlers of menu Marks, and of clicks on channels."""

    def __init__(self, commands: Commands) -> None:
        super().__init__(commands)
        self._anchor: float | None = None

    def next_spike(self, direction: int) -> None:
        self.session.next_spike(direction)

    def next_event(self, direction: int) -> None:
        if not self.commands.meeting.step(direction) and not self.session.next_event(direction):
            self.session.noticed.emit("No further event in that direction.")

    def mark_here(self) -> None:
        boxes.with_reader(self.window, self._mark_here)

    def mark_channel(self) -> None:
        """An event on the chosen row alone."""
        if self.session.state.channel:
            boxes.with_reader(self.window, partial(self._mark_here, on_channel=True))
        else:
            self.session.noticed.emit("Choose a channel first: click on it.")

    def _mark_here(self, *, on_channel: bool = False) -> None:
        mark = mark_here(self.session, on_channel=on_channel)
        if mark is not None:
            self.window.events.start_rename(mark.id)

    def set_edge(self, edge: Edge) -> None:
        """The chosen event starts, or ends, at the cursor."""
        chosen = self.window.events.selected_mark
        problem = edge_problem(self.session.marks.find(chosen), edge, self.session.cursor)
        if problem or self.session.cursor is None:
            self.session.noticed.emit(problem)
        else:
            self.move_edge(chosen, edge, self.session.cursor)

    def move_edge(self, mark: str, edge: Edge, time: float) -> None:
        boxes.with_reader(self.window, partial(self.session.marks.move_edge, mark, edge, time))

    def ruler(self) -> None:
        """Lay one end down at the cursor; the next time, the other."""
        if self._anchor is not None:
            self.let_go()
        elif self.session.cursor is None:
            self.session.noticed.emit("Put the cursor where the ruler is to begin.")
        else:
            self._anchor = self.session.cursor
            self.session.noticed.emit("Move the pointer to measure; L again lays the ruler down, Esc takes it away.")

    def measure(self, time: float | None) -> None:
        if self._anchor is not None and time is not None and time != self._anchor:
            self.session.store.update(selection=Span(*sorted((self._anchor, time))))

    def let_go(self, _recording: object = None) -> None:
        self._anchor = None

    def mark_bad(self) -> None:
        """Set the electrode of the chosen row aside; of a derivation of two, ask which."""
        page, label = self.window.page, self.session.state.channel
        if not any(row.label == label for row in self.session.rows):
            self.session.noticed.emit("Choose a channel of the scalp first: click on it.")
            return
        place = next((p for p in page.places()[0] if p.label == label), None)
        self._toggle_bad(label, page.mapToGlobal(QPoint(8, round(place.y) if place is not None else 0)))

    def _toggle_bad(self, label: str, at: QPoint) -> None:
        """Of a derivation of two, ask which."""
        members = next((row.electrodes for row in self.session.rows if row.label == label), ())
        if len(members) == 1:
            self.session.toggle_bad(members[0])
        elif members:
            menus.row_menu(self.commands, label, at)

    def click_bad(self, label: str, at: QPoint) -> None:
        """As B on that row; where one of its channels is set aside, that is the one to be taken back."""
        row = next((row for row in self.session.rows if row.label == label), None)
        aside = set_aside_of(row, self.session.state.bad) if row is not None else ()
        if len(aside) == 1:
            self.session.toggle_bad(aside[0])
        else:
            self._toggle_bad(label, at)

    def search_events(self) -> None:
        """The keyboard into the search of the list, which comes up for it."""
        self.commands.actions["dock Events"].setChecked(True)
        self.window.docks["Events"].raise_()
        self.window.events.focus_search()

    def rename_mark(self) -> None:
        mark = self.window.events.selected_mark
        if mark:
            self.window.events.start_rename(mark)
        else:
            self.session.noticed.emit("Choose an event of yours in the list first.")

    def delete_mark(self) -> None:
        if not self.session.marks.remove(self.window.events.selected_mark):
            self.session.noticed.emit("Choose an event of yours in the list first.")

    def rename(self, mark: str, text: str) -> None:
        self.session.marks.rename(mark, text)

    def toggle_criteria(self) -> None:
        self.commands.toggle_dock("Discharge")

    def assess(self, mark: str, criteria: tuple[str, ...]) -> None:
        boxes.with_reader(self.window, partial(self.session.marks.assess, mark, criteria))

    def decide(self, decision: Decision) -> None:
        boxes.with_reader(self.window, partial(self._decide, decision))

    def _decide(self, decision: Decision) -> None:
        if decide(self.session, decision):
            return
        if self.session.state.blind:
            why = "Blinded reading: with a channel of scalp EEG chosen, A marks a discharge at the cursor on this page."
            self.session.noticed.emit(why)
        else:
            own = "" if decision == "accepted" else "; A marks one of your own"
            self.session.noticed.emit(f"No spike is proposed at the cursor: S goes to the next one{own}.")

    def confirm(self) -> None:
        boxes.with_reader(self.window, self.session.marks.confirm)

    def take_over(self) -> None:
        boxes.ask_take_over(self.window)

    def undo(self) -> None:
        back = self.session.marks.undo()
        self._say_change("Undone", back.reverse if back is not None else None)

    def redo(self) -> None:
        self._say_change("Done again", self.session.marks.redo())

    def _say_change(self, word: str, change: Change | None) -> None:
        """Say what was undone, and show where it was."""
        if change is None:
            return
        marks = change.after or change.before
        if marks:
            self.session.show_time(marks[0].start)
        recording, lost = self.session.recording, ""
        if change.channel and recording is not None and not any(c.name == change.channel for c in recording.channels):
            lost = "; it was mapped since, and stays as it is: press B on it"
        self.session.noticed.emit(f"{word}: {change.what}{lost}.")

    def toggle_spikes(self) -> None:
        self.session.store.update(spikes_shown=not self.session.state.spikes_shown)

    def set_spike(self, sensitivity: float) -> None:
        self.session.store.update(spike_sensitivity=sensitivity)

    def choose_channel(self, label: str) -> None:
        on_page = any(row.label == label for row in self.session.rows)
        if label.startswith(RECONSTRUCTED) and not on_page:
            self.choose_contact(label.removeprefix(RECONSTRUCTED))
        else:
            self.session.store.update(channel=label, reconstructed=False)

    def choose_contact(self, name: str) -> None:
        state = self.session.state
        contact = next((c for c in self.session.contacts if c.name == name), None)
        if contact is None:
            return
        order = dict.fromkeys(c.shaft for c in self.session.contacts)
        shafts = tuple(s for s in order if s in state.shafts or s == contact.shaft)
        self.session.store.update(channel=name, reconstructed=True, shafts=shafts)
