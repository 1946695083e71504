"""Write a file from a dialog: asks, looks at the target, runs, and says what came of it.

The window goes on working meanwhile: the dialog is shown, never executed, and everything slow is on a lane.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QPushButton, QWidget

from neuroflow.errors import NeuroflowError
from neuroflow.io.edf_writer import check_target
from neuroflow.jobs import Control
from neuroflow_review.crash import report_of
from neuroflow_review.dialogs.parts import Sheet, column
from neuroflow_review.dialogs.writing_pages import Outcome, Questions, Running
from neuroflow_review.lanes import Failure, Lane


class Cancellable(Protocol):
    """A job that was started; :class:`neuroflow_review.lanes.Job`."""

    def cancel(self) -> bool:
        """False where the file is being put in place already."""
        ...


@dataclass(frozen=True, slots=True)
class _Place:
    """What is known of a target: whether a file is there, and whether it is the recording."""

    exists: bool
    is_recording: bool


def _look_at(target: Path, place: Path, recording: Path, _: Control) -> _Place:
    """On a lane, since a network drive may take its time. Raises: FileProblem."""
    check_target(place / target.name if place != target and place.is_dir() else place)
    exists = target.exists()
    same = exists and recording.exists() and target.samefile(recording)
    return _Place(exists, same)


class WritingDialog(Sheet):
    """Turns from the questions to how far it is, and on to what came of it. Show it; it is not modal.

    A subclass starts the job in :meth:`begin` and shows its result in :meth:`finish`. Esc while it runs asks before
    stopping.
    """

    def __init__(self, form: Questions, running: Running, recording: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumWidth(560)
        self._recording = recording
        self._job: Cancellable | None = None
        self._too_late = False
        self._lane: Lane | None = None
        self._may_replace: Path | None = None
        self._began = 0.0
        self.questions, self.running, self.outcome = form, running, Outcome()
        self.pages: list[QWidget] = [form, self.running, self.outcome]
        layout = column(self)
        for page in self.pages:
            layout.addWidget(page)
        form.changed.connect(self._on_change)
        form.cancel_button.clicked.connect(self.reject)
        form.write_button.clicked.connect(self.press)
        self.running.cancel_button.clicked.connect(self._stop)
        self.running.keep_button.clicked.connect(lambda: self.running.ask(False))
        self.outcome.back_button.clicked.connect(lambda: self.turn_to(form))
        self.outcome.close_button.clicked.connect(self.accept)
        self.turn_to(form)
        self._on_change()
        form.target.setFocus()

    # What a subclass gives --------------------------------------------------------------------------------------------

    def begin(self, target: Path) -> Cancellable:
        """Start the job; its callbacks are ``on_done``, ``on_progress`` and ``on_failed``."""
        raise NotImplementedError

    def look_at(self, target: Path) -> Path:
        """What is looked at before: the file, or the folder that it and its own folders are made in."""
        return target

    def expected(self) -> float | None:
        """How many seconds it would take, where that can be said."""
        return None

    def finish(self, result: Any) -> None:
        """Show what was written on the page :attr:`outcome`, and tell others."""
        raise NotImplementedError

    def first_of(self, page: QWidget) -> QPushButton:
        """The button of a page that has the focus first."""
        if page is self.questions:
            return self.questions.write_button
        return self.running.cancel_button if page is self.running else self.outcome.first_button

    @property
    def computing(self) -> bool:
        return self._job is not None

    def reject(self) -> None:
        """Esc and Cancel; what runs is not thrown away by one key."""
        if self._too_late:
            self.hide()  # a dead drive must not keep it in sight; what fails is told all the same
            return
        if self.computing:
            self.running.ask(True)
            return
        self._drop_lane()
        super().reject()

    def accept(self) -> None:
        self._drop_lane()
        super().accept()

    def closeEvent(self, event: QCloseEvent) -> None:
        """The reader's closing asks as Esc does; the program's own stops it and goes."""
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
        self.questions.show_outlook()

    def press(self) -> None:
        """Write what is asked for, once the target was looked at."""
        target = self.questions.path
        if target is None or self._lane is not None:
            return
        if target == self._may_replace:
            self._run(target)
            return
        # A lane of its own: a folder on a dead drive must not hold up what is written elsewhere.
        self._lane = Lane("look at target", self, stallable=True)
        self.questions.busy(True)
        look = partial(_look_at, target, self.look_at(target), self._recording)
        self._lane.submit("look", look, done=partial(self._on_place, target), failed=self._on_no_place)

    def _on_place(self, target: Path, place: _Place) -> None:
        self._drop_lane()
        if place.exists:
            self._back_to_questions()
        if place.is_recording:
            self.questions.refuse("That is the recording itself: choose another name.")
        elif place.exists:
            self._may_replace = target
            self.questions.offer_replacing(target.name)
        else:
            self._run(target)

    def _on_no_place(self, failure: Failure) -> None:
        self._drop_lane()
        self._back_to_questions()
        self.questions.refuse(_sentence(failure))

    def _back_to_questions(self) -> None:
        """What stands in the way is said where it can be changed."""
        if self.questions.isHidden():
            self.turn_to(self.questions)

    def _drop_lane(self) -> None:
        if self._lane is not None:
            self._lane.close()
            self._lane.join()
            self._lane.deleteLater()
            self._lane = None
        self.questions.busy(False)

    # While it runs ----------------------------------------------------------------------------------------------------

    def _run(self, target: Path) -> None:
        self._may_replace = None
        self._began = time.monotonic()
        self.running.begin(target.name, self.expected())
        self.turn_to(self.running)
        self._job = self.begin(target)

    def on_progress(self, fraction: float) -> None:
        if self.computing:
            self.running.show_progress(fraction, time.monotonic() - self._began)

    def _stop(self) -> None:
        if self._job is not None and not self._job.cancel():
            self._too_late = True
            self.running.too_late()
            return
        self.abandon()
        self.turn_to(self.questions)
        self.questions.note("Stopped: no recording was written.")

    def on_done(self, result: Any) -> None:
        self._job = None
        self.finish(result)
        self.turn_to(self.outcome)
        if self._too_late and self.isHidden():
            self.close()
        self._too_late = False

    def on_failed(self, failure: Failure) -> None:
        self._job = None
        error = failure.error
        detail = error.detail if isinstance(error, NeuroflowError) else report_of(error)
        self.outcome.show_failure(_sentence(failure), detail)
        self.turn_to(self.outcome)
        self._too_late = False
        self.show()

    def turn_to(self, page: QWidget) -> None:
        for other in self.pages:
            other.setVisible(other is page)
        pressed = self.first_of(page)
        pressed.setDefault(page is not self.running)
        if page is self.questions:
            self.questions.show_outlook()
        pressed.setFocus()


def _sentence(failure: Failure) -> str:
    if isinstance(failure.error, NeuroflowError):
        return failure.error.text
    return "It stopped for a reason that the program did not foresee; no file was left."
