"""What a reader looks closer with: docks of the menu Analysis, and the chosen channel."""

from __future__ import annotations

import math
from typing import Final

from neuroflow.signal.filters import SENSITIVITIES
from neuroflow.signal.montage import Row
from neuroflow.signal.topography import MAPPED
from neuroflow_review.paper import pixels_per_mm
from neuroflow_review.session import ViewState
from neuroflow_review.theme import RECONSTRUCTED
from neuroflow_review.window.part import Part

ZOOMED: Final = ("EEG", "iEEG", "ECG", "EOG", "EMG")
"""Kinds of rows that an axis of volts can be put beside."""

_FILLED: Final = 0.9


class ReadCommands(Part):
    """Handlers of what is shown of the chosen channel and at the cursor."""

    def toggle_dock(self, name: str) -> None:
        self.commands.actions[f"dock {name}"].toggle()
        self.commands.refresh()

    def map_next(self) -> None:
        """Voltage, then one band after the other."""
        now = MAPPED.index(self.session.settings.get("map.of"))
        self.set_map(MAPPED[(now + 1) % len(MAPPED)])

    def set_map(self, quantity: str) -> None:
        """What the map shows; a map that is hidden comes up for it."""
        self.session.settings.set("map.of", quantity)
        self.commands.actions["dock Map"].setChecked(True)
        self.window.feeds.maps.ask()
        self.commands.refresh()

    def move_cursor(self, thousandths: int) -> None:
        """The cursor by so many thousandths of the page; the page turns where it leaves it."""
        session, span, recording = self.session, self.session.state.span, self.session.recording
        if recording is None:
            return
        cursor, step = session.cursor, span.duration / 1000
        if cursor is None or not span.start <= cursor < span.stop:
            session.set_cursor((span.start + min(span.stop, recording.duration)) / 2)
            return
        time = round(min(max(cursor + thousandths * step, 0.0), max(recording.duration - step, 0.0)), 6)
        if not span.start <= time < span.stop:
            session.turn(1.0 if thousandths > 0 else -1.0)
        session.set_cursor(time)

    def choose_next(self, step: int) -> None:
        """The row below or above the chosen one: those of the page, then the contacts that are shown."""
        session, state = self.session, self.session.state
        labels = [row.label for row in session.rows if not state.solo or self._has_volts(row)]
        if not state.solo:
            labels += [f"{RECONSTRUCTED}{session.contacts[i].name}" for i in session.shown_contacts()]
        if not labels:
            return
        now = state.solo or (f"{RECONSTRUCTED}{state.channel}" if state.reconstructed else state.channel)
        k = labels.index(now) + step if now in labels else 0
        label = labels[min(max(k, 0), len(labels) - 1)]
        self.commands.marks.choose_channel(label)
        if state.solo:
            session.store.update(solo=label)  # in the same sensitivity, so that rows can be compared

    def zoom(self) -> None:
        """The chosen row alone, or all rows again."""
        state = self.session.state
        if state.solo:
            self.session.store.update(solo="")
        else:
            self.zoom_into("" if state.reconstructed else state.channel)

    def zoom_into(self, label: str) -> None:
        """One row at the height of the page, in a sensitivity at which it fills that, and no smaller than before."""
        session = self.session
        row = next((row for row in session.rows if row.label == label), None)
        if row is None:
            session.noticed.emit("Choose a channel of the scalp first: click on it, or press C.")
        elif not self._has_volts(row):
            session.noticed.emit(f"{label} has no axis of volts: EEG, ECG, EOG and EMG can be shown alone.")
        else:
            sensitivity = self._filling(session.rows.index(row), row.kind)
            session.store.update(channel=label, reconstructed=False, solo=label, solo_sensitivity=sensitivity)

    def _has_volts(self, row: Row) -> bool:
        """Whether a row is drawn as the voltages it is; others are centred, and turned over."""
        recording = self.session.recording
        volts = {c.name for c in recording.channels if c.is_voltage} if recording is not None else set()
        return row.kind in ZOOMED and all(name in volts for name, _ in row.weights)

    def _filling(self, row: int, kind: str) -> float:
        state, page, view = self.session.state, self.session.page, self.window.page
        reach = float("nan")
        if page is not None and page.request.rows == self.session.rows:
            reach = max(map(abs, page.extremes(row, page.request.span)))
        if not math.isfinite(reach):
            return state.page_sensitivity
        least = reach * pixels_per_mm(view) / (view.plot().height() * _FILLED / 2)
        fitting = next((s for s in SENSITIVITIES if s >= least), SENSITIVITIES[-1])
        # A row with a scale of its own has no sensitivity that it could be larger than.
        return min(fitting, state.page_sensitivity) if kind in ("EEG", "iEEG") else fitting

    def leave_solo(self, _old: ViewState, new: ViewState) -> None:
        """A montage that lacks the row shows all of its own."""
        if new.solo and not any(row.label == new.solo for row in self.session.rows):
            self.session.store.update(solo="")
