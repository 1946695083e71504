"""Make a report: which moments, on what paper, with or without names; then how far it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QFormLayout, QHBoxLayout, QProgressBar, QWidget

from neuroflow_review.dialogs.parts import TOO_LATE, Fold, Sheet, button, column, counted, said, set_role
from neuroflow_review.session.report import PAPERS, Choice, Moment, moments_of
from neuroflow_review.session.session import Session
from neuroflow_review.theme import UNIT

SPEEDS: Final = (30.0, 15.0, 60.0)
_WHICH: Final = (
    ("meeting", "Chosen for the meeting"),
    ("marks", "All marks but rejected discharges"),
    ("accepted", "Accepted discharges"),
    ("page", "The page on screen"),
)


Start = Callable[[Choice, tuple[Moment, ...], Path], Any]
"""Begins a report; gives an object with the signals ``progressed``, ``finished`` and ``failed``, ``cancel()`` and
``abandon()``."""


class ReportDialog(Sheet):
    """Asks, then has the report made by ``start``; the window goes on working meanwhile."""

    made = Signal(object)

    def __init__(
        self, session: Session, start: Start, parent: QWidget | None = None, ask: Callable[[str], str] | None = None
    ) -> None:
        """``ask`` gives the name of the file from a suggested one, and is a dialog of the system where None."""
        super().__init__(parent)
        self.setWindowTitle("Report")
        self.setMinimumWidth(480)
        self._session, self._start = session, start
        self._ask = ask or self._ask_system
        self._job: Any = None
        marks, page = session.marks.all, session.state.span
        self.which = QComboBox()
        found = {key: len(moments_of(marks, key, page)) for key, _ in _WHICH}
        for key, text in _WHICH:
            self.which.addItem(text if key == "page" else f"{text} ({found[key]})", key)
        usual = next(key for key in ("meeting", "marks", "page") if found[key])
        self.which.setCurrentIndex(self.which.findData(usual))
        self.paper = QComboBox()
        for name in PAPERS:
            self.paper.addItem(f"{name}, landscape", name)
        self.speed = QComboBox()
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g} mm/s", speed)
        self.private = QCheckBox("&Leave out patient, file, date and readers")
        self.private.setChecked(session.state.private)
        self.private.setToolTip("What marks say is kept: read them before you give the report away")
        for box, name, tip in (
            (self.which, "Moments", "A page each"),
            (self.paper, "Paper", "True to scale when it is printed at 100 %"),
            (self.speed, "Paper speed", "Millimetres to a second"),
        ):
            box.setAccessibleName(name)
            box.setToolTip(tip)
        form = QFormLayout()
        form.setHorizontalSpacing(4 * UNIT)
        form.setVerticalSpacing(2 * UNIT)
        form.addRow("&Moments", self.which)
        form.addRow("&Paper", self.paper)
        form.addRow("Paper &speed", self.speed)
        form.addRow("", self.private)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the report")
        self.bar.hide()
        self.note = said(role="muted")
        self.detail = Fold()
        self.make = button("&Make the PDF…", "Choose where, and make the report", default=True)
        self.leave = button("Close", "Close this (Esc)")
        self.make.clicked.connect(self._press)
        self.leave.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(2 * UNIT)
        row.addStretch(1)
        row.addWidget(self.leave)
        row.addWidget(self.make)
        outer = column(self)
        outer.addLayout(form)
        outer.addWidget(self.bar)
        outer.addWidget(self.note)
        outer.addWidget(self.detail)
        outer.addLayout(row)
        self.which.currentIndexChanged.connect(self._describe)
        self._describe()

    @property
    def moments(self) -> tuple[Moment, ...]:
        """What is chosen."""
        return moments_of(self._session.marks.all, self.which.currentData(), self._session.state.span)

    def reject(self) -> None:
        """Esc and Close; while it is made, Stop."""
        if self._job is None:
            super().reject()
        elif self._job.cancel():
            self._drop()
            self._say("Stopped: nothing was written.")
        else:
            self._say(TOO_LATE)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._job is not None:
            if not self._job.cancel():
                if event.spontaneous():  # the reader's: in a moment there is something to tell
                    event.ignore()
                    self._say(TOO_LATE)
                    return
                self._job.abandon()
            self._drop()
        super().closeEvent(event)

    def _describe(self) -> None:
        moments = len(self.moments)
        waiting = self._waiting()
        text = f"{counted(moments, 'page')} of EEG after the words."
        if waiting:
            text += f" {counted(waiting, 'of them is', 'of them are')} not reconstructed: press R there first."
        self._say(text if moments else "Nothing of that kind is marked: choose another, or mark something first.")
        self.make.setEnabled(moments > 0)

    def _waiting(self) -> int:
        """How many of the moments have no reconstruction yet, where there could be one."""
        work = self._session.reconstruction
        if not work.ready:
            return 0
        done = work.done_spans()
        return sum(not any(span.start <= m.time < span.stop for span in done) for m in self.moments)

    def _press(self) -> None:
        recording = self._session.recording
        if recording is None:
            return
        stem = "report" if self.private.isChecked() else f"{recording.path.stem}-report"
        name = self._ask(str(recording.path.with_name(f"{stem}.pdf")))
        if name:
            self._run(Path(name))

    def _ask_system(self, suggested: str) -> str:
        return QFileDialog.getSaveFileName(self, "Make a report", suggested, "PDF (*.pdf)")[0]

    def _run(self, target: Path) -> None:
        choice = Choice(self.private.isChecked(), self.speed.currentData(), self.paper.currentData())
        moments = self.moments
        self._busy(True)
        self._job = self._start(choice, moments, target)
        self._job.progressed.connect(lambda share: self.bar.setValue(round(1000 * share)))
        self._job.finished.connect(self._on_finished)
        self._job.failed.connect(self._on_failed)

    def _on_finished(self, target: Path) -> None:
        self._drop()
        self._say(f"Made “{target.name}”. Print it at 100 %, so that millimetres are true.")
        self.leave.setFocus()
        self.made.emit(target)

    def _on_failed(self, sentence: str, detail: str) -> None:
        self._drop()
        self._say(sentence, "warning")
        self.detail.set_text(detail)

    def _drop(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
            self._job = None
        self._busy(False)

    def _busy(self, on: bool) -> None:
        self.bar.setVisible(on)
        self.bar.setValue(0)
        for part in (self.which, self.paper, self.speed, self.private, self.make):
            part.setEnabled(not on)
        self.leave.setText("Stop" if on else "Close")
        self.detail.set_text("")
        if on:
            self._say("The window goes on working meanwhile.")

    def _say(self, text: str, role: str = "muted") -> None:
        self.note.setText(text)
        set_role(self.note, role)
