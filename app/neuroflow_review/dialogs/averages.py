"""Averages of accepted discharges, one focus at a time; they follow what the reader accepts meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QComboBox, QDialog, QFileDialog, QHBoxLayout, QLabel, QProgressBar, QWidget

from neuroflow_review.dialogs.average_view import AverageView
from neuroflow_review.dialogs.parts import button, column, counted, look_of, said
from neuroflow_review.display import filter_words, montage_name
from neuroflow_review.lanes import Failure
from neuroflow_review.session.averages import BAD, FAR, GAP, NOWHERE, Averages, Averaging, failure_words
from neuroflow_review.theme import UNIT

NOTHING = "No discharge is accepted yet.\n\nGo to one with S and press A: the average of its focus comes here."
METHOD = (
    "Focus: of the electrodes of the channel on which a discharge was accepted, the one where the discharges of that "
    "channel are larger, in average reference. Each is aligned to the peak there, at most 50 ms from where it was "
    "accepted. What an average of few shows may be chance."
)
FORMATS = "Picture (*.png);;Mean and standard error of all foci (*.csv)"


class AveragesDialog(QDialog):
    """Shows what ``work`` computes."""

    save_requested = Signal(object)
    """The Path to write to: ``.png`` for what is shown, ``.csv`` for all foci."""

    def __init__(self, work: Averaging, suggest: Callable[[], Path], parent: QWidget | None = None) -> None:
        """``suggest`` says what a file would be called."""
        super().__init__(parent)
        self.setWindowTitle("Averages of accepted discharges")
        self._work, self._suggest = work, suggest
        self.averages: Averages | None = None
        self.choice = QComboBox()
        self.choice.setAccessibleName("Focus")
        self.choice.setToolTip("The electrode of the focus, and how many accepted discharges it has")
        self.choice.setMinimumContentsLength(16)
        label = QLabel("&Focus")
        label.setBuddy(self.choice)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(160)
        self.bar.setAccessibleName("Progress of the averages")
        self.stop = button("&Stop", "Stop averaging")
        self.view = AverageView()
        self.note = said(role="muted", step=-1)
        self.method = said(METHOD, role="muted", step=-1)
        self.save = button("Sa&ve…", "The picture as PNG, or mean and standard error of all foci as CSV")
        self.leave = button("Close", "Close this (Esc)", default=True)
        top = QHBoxLayout()
        top.setSpacing(2 * UNIT)
        top.addWidget(label)
        top.addWidget(self.choice)
        top.addStretch(1)
        for widget in (self.bar, self.stop):
            policy = widget.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            widget.setSizePolicy(policy)
            top.addWidget(widget)
        row = QHBoxLayout()
        row.setSpacing(2 * UNIT)
        row.addStretch(1)
        row.addWidget(self.save)
        row.addWidget(self.leave)
        outer = column(self, margin=4 * UNIT)
        outer.addLayout(top)
        outer.addWidget(self.view, 1)
        outer.addWidget(self.note)
        outer.addWidget(self.method)
        outer.addLayout(row)
        self.setMinimumSize(820, 600)
        self.resize(1000, 680)
        self.choice.currentIndexChanged.connect(self._show)
        self.stop.clicked.connect(self._press)
        self.save.clicked.connect(self._ask_save)
        self.leave.clicked.connect(self.reject)
        work.started.connect(self._on_started)
        work.progressed.connect(lambda share: self.bar.setValue(round(1000 * share)))
        work.ready.connect(self._on_ready)
        work.failed.connect(self._on_failed)
        self.view.set_theme(look_of(self))
        self._idle()
        self.view.set_message("")
        self.save.setEnabled(False)
        work.ask()

    # What is computed -------------------------------------------------------------------------------------------------

    def _on_started(self) -> None:
        self.bar.setValue(0)
        self.bar.show()
        self.stop.setText("&Stop")
        self.stop.setToolTip("Stop averaging")
        self.stop.show()
        if self.averages is None:
            self.view.set_message("Averaging …")

    def _on_ready(self, averages: Averages) -> None:
        self._idle()
        self.averages = averages
        before = self.choice.currentData()
        self.choice.blockSignals(True)
        self.choice.clear()
        for focus in averages.foci:
            self.choice.addItem(f"{focus.site} · {counted(focus.traces.count, 'discharge')}", focus.site)
        self.choice.setCurrentIndex(max(self.choice.findData(before), 0) if averages.foci else -1)
        self.choice.blockSignals(False)
        self.choice.setEnabled(bool(averages.foci))
        self.save.setEnabled(bool(averages.foci))
        self._show()

    def _on_failed(self, failure: Failure) -> None:
        self._drop(failure_words(failure))

    def _press(self) -> None:
        """Stop, or begin anew what was stopped."""
        if self.bar.isHidden():
            self._work.ask()
        else:
            self._drop("Stopped: nothing is averaged.")

    def _drop(self, why: str) -> None:
        self._work.stop()
        self._idle()
        self.averages = None
        self.choice.clear()
        self.save.setEnabled(False)
        self.note.setText("")
        self.view.set_message(why)
        self.stop.setText("&Average")
        self.stop.setToolTip("Average what is accepted now")
        self.stop.show()

    def _idle(self) -> None:
        self.bar.hide()
        self.stop.hide()

    def _show(self) -> None:
        averages, index = self.averages, self.choice.currentIndex()
        if averages is None:
            return
        self.note.setText(" · ".join([*left_out_words(averages.left_out), filter_words(averages.request.filters)]))
        if not averages.foci or index < 0:
            self.view.set_message(NOTHING if not averages.left_out else "Nothing is left to average.")
            return
        largest = max(float(np.abs(focus.traces.mean).max(initial=0.0)) for focus in averages.foci)
        self.view.set_focus(averages.foci[index], montage_name(averages.request.montage), largest)

    # Saving and leaving -----------------------------------------------------------------------------------------------

    def _ask_save(self) -> None:
        name, chosen = QFileDialog.getSaveFileName(self, "Save the average", str(self._suggest()), FORMATS)
        if name:
            target = Path(name)
            if target.suffix.lower() not in (".png", ".csv"):
                target = target.with_name(target.name + (".csv" if "csv" in chosen else ".png"))
            self.save_requested.emit(target)

    def say(self, text: str) -> None:
        """What came of saving."""
        self.note.setText(text)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "view"):
            self.view.set_theme(look_of(self))
        super().changeEvent(event)


def left_out_words(left_out: Counter[str]) -> list[str]:
    """How many discharges are not in the averages, and why."""
    why = {
        GAP: "a gap or an end of the recording",
        BAD: "a bad channel",
        NOWHERE: "no electrode of known place",
    }
    parts = [f"{left_out[key]} left out: {words}" for key, words in why.items() if left_out[key]]
    if left_out[FAR]:
        parts.append(f"{left_out[FAR]} left out: ≈ on reconstructed contacts, never averaged with recorded ones")
    return parts
