"""Write the reconstruction to an EDF+ file: what, which stretch, where to; then how far it is, and what came of it.

The window goes on working meanwhile: the dialog is shown, never executed, and everything slow is on the export lane.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QWidget

from neuroflow.errors import NeuroflowError
from neuroflow.export import ExportReport, ExportRequest
from neuroflow.io.edf_writer import check_target
from neuroflow.jobs import Control
from neuroflow_review.dialogs.export_offer import Cancellable, Estimate, Offer, Start, estimate
from neuroflow_review.dialogs.export_pages import Form, Outcome, Running
from neuroflow_review.dialogs.parts import Sheet, column
from neuroflow_review.lanes import Failure, Lane

__all__ = ["Cancellable", "Estimate", "ExportDialog", "Offer", "Start", "estimate"]


@dataclass(frozen=True, slots=True)
class _Place:
    """What is known of a target: whether a file is there, and whether it is the recording."""

    exists: bool
    is_recording: bool


def _look_at(target: Path, recording: Path, _: Control) -> _Place:
    """On a lane, since a network drive may take its time. Raises: FileProblem."""
    check_target(target)
    exists = target.exists()
    same = exists and recording.exists() and target.samefile(recording)
    return _Place(exists, same)


class ExportDialog(Sheet):
    """Asks what to export, runs it through ``start``, and says what came of it. Show it; it is not modal.

    Esc while it runs asks before stopping. ``exported`` carries the ExportReport of a file that stands.
    """

    exported = Signal(object)

    def __init__(self, offer: Offer, start: Start, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export the reconstruction")
        self.setMinimumWidth(560)
        self._offer, self._start = offer, start
        self._job: Cancellable | None = None
        self._lane: Lane | None = None
        self._may_replace: Path | None = None
        self._began = 0.0
        self.report: ExportReport | None = None

        self.form = Form(offer)
        self.running = Running()
        self.outcome = Outcome()
        layout = column(self)
        for page in (self.form, self.running, self.outcome):
            layout.addWidget(page)
        self.form.changed.connect(self._on_change)
        self.form.cancel_button.clicked.connect(self.reject)
        self.form.export_button.clicked.connect(self._press)
        self.running.cancel_button.clicked.connect(self._stop)
        self.running.keep_button.clicked.connect(lambda: self.running.ask(False))
        self.outcome.back_button.clicked.connect(lambda: self._turn_to(self.form))
        self.outcome.close_button.clicked.connect(self.accept)
        self._turn_to(self.form)
        self._on_change()
        self.form.target.setFocus()

    @property
    def request(self) -> ExportRequest:
        """What is asked for."""
        return self.form.request

    @property
    def computing(self) -> bool:
        return self._job is not None

    def reject(self) -> None:
        """Esc and Cancel; an export that runs is not thrown away by one key."""
        if self.computing:
            self.running.ask(True)
            return
        self._drop_lane()
        super().reject()

    def accept(self) -> None:
        self._drop_lane()
        super().accept()

    def closeEvent(self, event: QCloseEvent) -> None:
        """The reader's closing asks as Esc does; the program's own stops the export and goes."""
        if self.computing and event.spontaneous():
            event.ignore()
            self.reject()
            return
        self.abandon()
        super().closeEvent(event)

    def abandon(self) -> None:
        """Stop whatever runs, without a question; nothing is kept."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._drop_lane()

    # Before -----------------------------------------------------------------------------------------------------------

    def _on_change(self) -> None:
        self._drop_lane()
        self._may_replace = None
        self.form.show_estimate()

    def _press(self) -> None:
        target = self.form.path
        if target is None or self._lane is not None:
            return
        if target == self._may_replace:
            self._run(target)
            return
        # A lane of its own: a folder on a dead drive must not hold up exports that run.
        self._lane = Lane("look at target", self, stallable=True)
        self.form.busy(True)
        look = partial(_look_at, target, self._offer.recording)
        self._lane.submit("look", look, done=partial(self._on_place, target), failed=self._on_no_place)

    def _on_place(self, target: Path, place: _Place) -> None:
        self._drop_lane()
        if place.is_recording:
            self.form.refuse("That is the recording itself: choose another name.")
        elif place.exists:
            self._may_replace = target
            self.form.offer_replacing(target.name)
        else:
            self._run(target)

    def _on_no_place(self, failure: Failure) -> None:
        self._drop_lane()
        self.form.refuse(_sentence(failure))

    def _drop_lane(self) -> None:
        if self._lane is not None:
            self._lane.close()
            self._lane.join()
            self._lane.deleteLater()
            self._lane = None
        self.form.busy(False)

    # While it runs ----------------------------------------------------------------------------------------------------

    def _run(self, target: Path) -> None:
        self._may_replace = None
        self._began = time.monotonic()
        self.running.begin(target.name, estimate(self._offer, self.request).seconds)
        self._turn_to(self.running)
        self._job = self._start(self.request, target, self._on_done, self._on_progress, self._on_failed)

    def _on_progress(self, fraction: float) -> None:
        if self.computing:
            self.running.show_progress(fraction, time.monotonic() - self._began)

    def _stop(self) -> None:
        self.abandon()
        self._turn_to(self.form)
        self.form.note("Stopped: nothing was written.")

    def _on_done(self, report: ExportReport) -> None:
        self._job = None
        self.report = report
        self.outcome.show_report(report)
        self._turn_to(self.outcome)
        self.exported.emit(report)

    def _on_failed(self, failure: Failure) -> None:
        self._job = None
        error = failure.error
        detail = error.detail if isinstance(error, NeuroflowError) else failure.trace
        self.outcome.show_failure(_sentence(failure), detail)
        self._turn_to(self.outcome)

    def _turn_to(self, page: QWidget) -> None:
        for other in (self.form, self.running, self.outcome):
            other.setVisible(other is page)
        pressed = {
            self.form: self.form.export_button,
            self.running: self.running.cancel_button,
            self.outcome: self.outcome.first_button,
        }[page]
        pressed.setDefault(page is not self.running)
        if page is self.form:
            self.form.show_estimate()
        pressed.setFocus()


def _sentence(failure: Failure) -> str:
    if isinstance(failure.error, NeuroflowError):
        return failure.error.text
    return "The export stopped for a reason that the program did not foresee; no file was left."
