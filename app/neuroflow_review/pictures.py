"""What the command line asks of a window once it is up: reconstruct at once, take a picture and leave."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

from neuroflow.errors import NeuroflowError
from neuroflow_review.lanes import Failure
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.shown import picture_of

_POLL_MS = 40
_STILL = 3
_LONGEST_MS = 300_000


class ReconstructAtOnce(QObject):
    """Reconstructs the page once both the recording and the model are there; then it is gone."""

    def __init__(self, window: ReviewWindow) -> None:
        super().__init__(window)
        self._session = window.session
        self._session.opened.connect(self._try)
        self._session.model_changed.connect(self._try)

    @Slot()
    def _try(self) -> None:
        session = self._session
        if session.recording is not None and session.reconstruction.ready:
            session.opened.disconnect(self._try)
            session.model_changed.disconnect(self._try)
            self.deleteLater()
            session.reconstruct_page()


class DoAtOnce(QObject):
    """Does actions of the table, in order, once the first page is there, or cannot be; then it is gone."""

    def __init__(self, window: ReviewWindow, actions: Sequence[str]) -> None:
        super().__init__(window)
        self._window, self._actions = window, tuple(actions)
        window.session.page_ready.connect(self._do)
        window.session.page_failed.connect(self._do)
        window.session.opened.connect(self._opened)

    @Slot()
    def _opened(self) -> None:
        if not self._window.session.rows:
            self._do()

    @Slot()
    def _do(self) -> None:
        session = self._window.session
        session.page_ready.disconnect(self._do)
        session.page_failed.disconnect(self._do)
        session.opened.disconnect(self._opened)
        for action in self._actions:
            self._window.commands.actions[action].trigger()
        self.deleteLater()


class Photographer(QObject):
    """Waits until everything is drawn, saves the window, and quits; a sentence in ``problems`` says what failed."""

    def __init__(self, window: ReviewWindow, target: Path, reconstruct: bool, problems: list[str]) -> None:
        super().__init__(window)
        self._window, self._target, self._reconstruct, self._problems = window, target, reconstruct, problems
        self._still, self._waited = 0, 0
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()
        window.session.trouble.connect(self._on_trouble)

    @Slot()
    def _look(self) -> None:
        self._waited += _POLL_MS
        if self._window.fault is not None:
            self._end(self._window.fault.text)
        elif self._waited >= _LONGEST_MS:
            self._end("The page was not drawn in time; try again, or without --reconstruct.")
        else:
            self._still = self._still + 1 if self._ready() else 0
            if self._still >= _STILL:
                self._save()

    def _ready(self) -> bool:
        session = self._window.session
        if not self._window.settled:
            return False
        work = session.reconstruction
        if work.computing:
            return False
        if not self._reconstruct or work.reason or session.model_problem is not None:
            return True
        return work.page_complete

    def _save(self) -> None:
        try:
            self._target.write_bytes(picture_of(self._window))
        except OSError:
            self._end(f"The picture could not be saved as {self._target}: check that the disk has room.")
        else:
            self._end("")

    @Slot(object)
    def _on_trouble(self, failure: Failure) -> None:
        error = failure.error
        self._end(error.text if isinstance(error, NeuroflowError) else f"Something went wrong: {error}")

    def _end(self, problem: str) -> None:
        self._timer.stop()
        if problem:
            self._problems.append(problem)
        QApplication.quit()
