"""Reports in the making: pages are loaded on a lane and painted in the GUI thread, one in a turn of the event loop."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from neuroflow.errors import NeuroflowError
from neuroflow.io.edf_writer import write_whole
from neuroflow.jobs import Control
from neuroflow_review.crash import report_of
from neuroflow_review.lanes import Failure, Job, Lane
from neuroflow_review.report import Report, Setting
from neuroflow_review.session.reconstruction import BLIND
from neuroflow_review.session.report import Choice, Drawn, Loading, Moment, content_of
from neuroflow_review.session.session import Session
from neuroflow_review.session.state import ViewState

if TYPE_CHECKING:
    from neuroflow_review.window.window import ReviewWindow


class ReportJob(QObject):
    """Makes a report and writes it: pages are loaded on a lane and painted here, one in a turn of the event loop."""

    progressed = Signal(float)
    finished = Signal(object)
    """The Path of the file that stands."""
    failed = Signal(str, str)
    """A sentence, and the detail."""

    def __init__(
        self, session: Session, choice: Choice, moments: tuple[Moment, ...], target: Path
    ) -> None:  # fmt: skip
        super().__init__(session)
        self._moments, self._target = moments, target
        content = content_of(session, private=choice.private)
        self._report = Report(setting_of(session, choice, as_shown=False), content, len(moments))
        self._loading = Loading(session, self._report.seconds, self._report.columns)
        self._writing: Lane | None = None
        self._job: Job | None = None
        self._done = 0
        self._ended = False
        session.store.changed.connect(self._on_state)
        QTimer.singleShot(0, self, self._begin)

    def cancel(self) -> bool:
        """Stop, and no file is left; false where it is being put in place already."""
        if self._job is not None and not self._job.cancel():
            return False
        self.abandon()
        return True

    def _begin(self) -> None:
        if not self._ended:
            self._report.cover()
            self._next()

    def _on_state(self, old: ViewState, new: ViewState) -> None:
        if new.blind and not old.blind and not self._ended and self.cancel():
            self.failed.emit(f"The report was stopped. {BLIND}", "")

    def _next(self) -> None:
        if self._ended:
            return
        self.progressed.emit(0.05 + 0.9 * self._done / max(len(self._moments), 1))
        if self._done < len(self._moments):
            self._job = self._loading.ask(self._moments[self._done], self._draw, self._fail)
            return
        self._writing = Lane("write report", self, stallable=True)
        write = partial(_write, self._target, self._report.finish())
        self._job = self._writing.submit("write", write, done=self._on_written, failed=self._fail)

    def _draw(self, drawn: Drawn) -> None:
        if not self._ended:
            self._report.moment(drawn)
            self._done += 1
            QTimer.singleShot(0, self, self._next)

    def _on_written(self, _: object) -> None:
        if not self._ended:
            self.abandon()
            self.progressed.emit(1.0)
            self.finished.emit(self._target)

    def _fail(self, failure: Failure) -> None:
        if self._ended:
            return
        self.abandon()
        error = failure.error
        if isinstance(error, NeuroflowError):
            self.failed.emit(error.text, error.detail)
        else:
            self.failed.emit(
                "The report stopped for a reason that the program did not foresee.", report_of(failure.error)
            )

    def abandon(self) -> None:
        """Leave, whatever is written; nothing is heard of it any more."""
        if not self._ended:
            self._ended = True
            self._report.abandon()
            self._loading.close()
            if self._writing is not None:
                self._writing.close()
                self._writing.join()


def setting_of(session: Session, choice: Choice, *, as_shown: bool = True) -> Setting:
    """What is open and how it is shown; of a row that has the page to itself only where that is wanted."""
    recording, backend = session.recording, session.reconstruction.backend
    assert recording is not None
    card = backend.card if backend is not None else None
    ratios = {m.name: m.spread_ratio for m in card.contacts} if card is not None else {}
    state = session.state if as_shown else replace(session.state, solo="")
    return Setting(recording, state, session.marks.all, session.contacts, session.shown_contacts(), ratios, choice)


def _write(target: Path, data: bytes, control: Control) -> None:
    write_whole(target, data, control)


def show_report(window: ReviewWindow) -> None:
    """Ask what a report is of, and make it while the reader goes on."""
    if window.session.recording is None:
        return
    from neuroflow_review.dialogs.report import ReportDialog

    dialog = ReportDialog(window.session, partial(ReportJob, window.session), window)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()
