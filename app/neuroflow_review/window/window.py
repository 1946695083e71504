"""The window: a session, its panels, and what happens between opening and leaving."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QDialog

from neuroflow.errors import NeuroflowError
from neuroflow.jobs import Control
from neuroflow.recording import Recording
from neuroflow_review.canvas import Canvas
from neuroflow_review.crash import Footprint, report_of
from neuroflow_review.lanes import Failure
from neuroflow_review.paper import set_calibrated
from neuroflow_review.session import Session, ViewState
from neuroflow_review.theme import Theme, theme, widen_gutter
from neuroflow_review.views.header import badges
from neuroflow_review.window import boxes
from neuroflow_review.window.commands import Commands
from neuroflow_review.window.feeds import Feeds
from neuroflow_review.window.frame import Frame
from neuroflow_review.window.presentation import Presentation
from neuroflow_review.window.screens import ScreenWatch
from neuroflow_review.window.second import SecondWindow
from neuroflow_review.window.shown import Saving

if TYPE_CHECKING:
    from neuroflow.export import ExportReport

log = logging.getLogger(__name__)

TITLE = "NeuroFlow Review"
_NOTICE_MS = 8000
_FOOTPRINT_MS = 1000


class ReviewWindow(Frame):
    """Made in the GUI thread with a session that it owns; :meth:`leave` ends both."""

    def __init__(self, session: Session, *, look: str | None = None) -> None:
        super().__init__(session.settings)
        self.session = session
        self.fault: NeuroflowError | None = None
        """Why the last recording could not be opened."""
        self.left = False
        self.feeds = Feeds(session, self)
        self.presentation = Presentation(self)
        self.second = SecondWindow(self)
        self.commands = Commands(session, self)
        self.set_theme(theme(look or session.settings.get("look.theme")))
        self.commands.set_icons()
        self.second.addActions(list(self.commands.actions.values()))
        self.spectrogram.set_colour_map(session.settings.get("look.colormap"))
        self.start.set_recent(session.settings.get("files.recent"), private=session.state.private)
        self._arranged = False
        self._screen = ScreenWatch(self)
        self._screen.changed.connect(self.apply_scales)
        set_calibrated(boxes.screen_scales(session.settings))
        session.opening.connect(self._on_opening)
        session.opened.connect(self._on_opened)
        session.open_failed.connect(self._on_open_failed)
        session.noticed.connect(self.say)
        session.trouble.connect(self._on_trouble)
        session.store.changed.connect(self._on_state)
        self._title()
        if session.montages.notice:
            self.say(session.montages.notice)

    @property
    def settled(self) -> bool:
        """Whether everything that was asked for is on screen: page, reconstruction, spectrogram, spikes."""
        session = self.session
        if session.recording is None or session.busy or session.trends.busy or not self.feeds.settled:
            return False
        if session.reconstruction.backend is None and session.model_problem is None:
            return False
        if session.reconstruction.computing and not session.reconstruction.page_complete:
            return False
        seen = (canvas for canvas in self.findChildren(Canvas) if not canvas.visibleRegion().isEmpty())
        return self.page.drawn and all(canvas.fresh for canvas in seen)

    def set_theme(self, look: Theme) -> None:
        super().set_theme(look)
        self.second.set_theme(look)

    def apply_scales(self) -> None:
        """Draw anew in the millimetres of the screen, as far as the reader measured them."""
        set_calibrated(boxes.screen_scales(self.settings))
        for panel in (self.page, self.ieeg):
            panel.redraw()
        self.commands.view.follow_speed()
        self.feeds.show_status()

    def say(self, text: str, *, lasting: bool = False) -> None:
        """A notice in the status line for some seconds, or until another comes."""
        self.statusBar().showMessage(self.feeds.shown_words(text), 0 if lasting else _NOTICE_MS)

    def _on_state(self, old: ViewState, new: ViewState) -> None:
        self._title()
        if new.private and not old.private and self.statusBar().currentMessage():
            self.say(self.statusBar().currentMessage())

    def leave(self) -> None:
        """Cancel, join the lanes, and drop what they fed; in this order, once."""
        if self.left:
            return
        self.left = True
        self.presentation.leave()  # what is remembered is the window, not the presentation
        self.second.leave()
        for dialog in self.findChildren(QDialog):
            dialog.close()
        for saving in self.findChildren(Saving):
            saving.abandon()
        self.remember()
        self.session.shut_down()
        widen_gutter(())  # another window of this application begins as usual

    # Opening ----------------------------------------------------------------------------------------------------------

    def _on_opening(self, path: str) -> None:
        self.fault = None
        name = "a recording" if self.session.state.private else Path(path).name
        self.start.set_state(f"Opening {name} …")
        if self.session.recording is not None:
            self.say(f"Opening {name} …", lasting=True)

    def _on_opened(self, recording: Recording | None) -> None:
        self.fault = None
        self._said_opening()
        if recording is None:
            self.presentation.leave()
        self.start.set_state("")
        self.start.set_recent(self.settings.get("files.recent"), private=self.session.state.private)
        self.feeds.show_recording(recording)
        self.show_review(recording is not None)
        self._title()
        self.commands.refresh()
        if recording is not None:
            if not self._arranged:
                self._arranged = True
                if not self.recall():
                    QTimer.singleShot(0, self.arrange)
            if recording.problems:
                more = f" (and {len(recording.problems) - 1} more)" if len(recording.problems) > 1 else ""
                self.say(f"{self.session.marks.notice} {recording.problems[0]}{more}".lstrip())
            self.page.setFocus()

    def _said_opening(self) -> None:
        """The notice that something is being opened goes with that; what was said since stays."""
        if self.statusBar().currentMessage().startswith("Opening "):
            self.statusBar().clearMessage()

    def _on_open_failed(self, failure: Failure) -> None:
        self._said_opening()
        error = failure.error
        if not isinstance(error, NeuroflowError):
            log.error("opening failed: %s", report_of(error))
            error = NeuroflowError("This file could not be opened: something unexpected is in it.", report_of(error))
        self.fault = error
        self.start.set_state(self.feeds.shown_words(error.text), problem=True)
        if self.session.recording is not None:
            self.show_fault(error)

    def _on_trouble(self, failure: Failure) -> None:
        error = failure.error
        if not isinstance(error, NeuroflowError):
            log.error("lane %s: %s", failure.lane, report_of(error))
            error = NeuroflowError(
                "Something went wrong that this program did not expect; what was on screen is kept.", report_of(error)
            )
        self.show_fault(error)

    def keep_footprint(self, footprint: Footprint) -> None:
        """From now on say where the reader is, a second after every page turn, off the window's own thread."""
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(_FOOTPRINT_MS)

        def write() -> None:
            recording, start = self.session.recording, self.session.state.start
            if recording is not None and not self.left:
                work = partial(_write_footprint, footprint, recording.path, start)
                self.session.lanes.save.submit("footprint", work, failed=lambda _: None)

        timer.timeout.connect(write)
        self.session.store.changed.connect(lambda _old, _new: timer.start())
        self.session.opened.connect(lambda recording: timer.start() if recording is not None else footprint.clear())

    def show_crash(self, report: Path | None, text: str) -> None:
        """Tell the reader of an error that nothing expected, and where its report is."""
        where = f" A report without patient data is in {report}." if report is not None else ""
        self.show_fault(
            NeuroflowError(f"Something went wrong that this program did not expect; marks are saved.{where}", text)
        )

    def show_fault(self, error: NeuroflowError) -> None:
        """An error in front of the reader."""
        from neuroflow_review.dialogs.fault import show_fault

        show_fault(self, self.feeds.shown_words(error.text), self.feeds.shown_words(error.detail))

    def on_exported(self, report: ExportReport) -> None:
        """Say where the file is, for a reader who has closed the dialog meanwhile."""
        name = report.path.name if not self.session.state.private else "the file"
        self.say(f"Exported {name}: worst difference on reading back {report.worst_difference_uv:.2g} µV")

    def _title(self) -> None:
        recording, private = self.session.recording, self.session.state.private
        if recording is None:
            self.setWindowTitle(TITLE)
            return
        badge = "".join(f"{badge} – " for badge in badges(recording))
        who = self.header.patient if not private else "Patient hidden"
        self.setWindowTitle(f"{badge}{who} – {TITLE}")

    # Events of the window ---------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._screen.begin()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        urls = event.mimeData().urls()
        if len(urls) == 1 and urls[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.session.open(event.mimeData().urls()[0].toLocalFile())

    def closeEvent(self, event: QCloseEvent) -> None:
        self.leave()
        event.accept()


def _write_footprint(footprint: Footprint, path: Path, start: float, _control: Control) -> None:
    footprint.set(path, start)
