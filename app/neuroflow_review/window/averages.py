"""The dialog of averages: what it computes in the background, and what it saves."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt

from neuroflow.errors import NeuroflowError
from neuroflow.io.edf_writer import write_whole
from neuroflow.jobs import Control
from neuroflow_review.display import filter_words
from neuroflow_review.lanes import Failure
from neuroflow_review.session.averages import Averages, Averaging, table_of
from neuroflow_review.session.origin import PROGRAM, input_words
from neuroflow_review.window.shown import png_of

if TYPE_CHECKING:
    from neuroflow_review.window.window import ReviewWindow


def show_averages(window: ReviewWindow) -> None:
    """The dialog, once; it stays open while the reader goes on."""
    if window.session.recording is None:
        return
    from neuroflow_review.dialogs.averages import AveragesDialog

    there = next((d for d in window.findChildren(AveragesDialog) if d.isVisible()), None)
    if there is not None:
        there.raise_()
        there.activateWindow()
        return
    Showing(window)


class Showing(QObject):
    """A dialog and its work, for as long as it is open; another recording closes it."""

    def __init__(self, window: ReviewWindow) -> None:
        from neuroflow_review.dialogs.averages import AveragesDialog

        super().__init__(window)
        self._window, self._left = window, False
        self._work = Averaging(window.session, self)
        self._dialog = AveragesDialog(self._work, self._suggested, window)
        self._dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._dialog.save_requested.connect(self._save)
        self._dialog.finished.connect(self._leave)
        window.session.opened.connect(self._dialog.close)
        self._dialog.show()

    def _suggested(self) -> Path:
        session, focus = self._window.session, self._dialog.view.focus
        recording, site = session.recording, focus.site if focus is not None else ""
        folder = recording.path if recording is not None else Path("average")
        stem = "average" if session.state.private else f"{folder.stem}-average"
        return folder.with_name(f"{stem}-{site}.png" if site else f"{stem}.png")

    def _save(self, target: Path) -> None:
        averages = self._dialog.averages
        if averages is None:
            return
        if target.suffix.lower() == ".csv":
            work = partial(_write_table, target, averages, input_words(self._window.session))
        else:
            shown = f"{averages.request.montage} montage, {filter_words(averages.request.filters)}"
            rows = ("Program", PROGRAM), ("Input", input_words(self._window.session)), ("Shown", shown)
            work = partial(_write, target, png_of(self._dialog.view.grab(), rows))
        self._work.lane.submit(("save", target), work, done=partial(self._on_saved, target), failed=self._on_failed)

    def _on_saved(self, target: Path, _: object) -> None:
        name = target.name if not self._window.session.state.private else "the file"
        self._dialog.say(f"Saved {name}.")

    def _on_failed(self, failure: Failure) -> None:
        error = failure.error
        if isinstance(error, NeuroflowError):
            self._dialog.say(error.text)
        else:
            self._window.session.trouble.emit(failure)

    def _leave(self, _result: int = 0) -> None:
        if self._left:
            return
        self._left = True
        self._window.session.opened.disconnect(self._dialog.close)
        self._work.close()
        self.deleteLater()


def _write(target: Path, data: bytes, _: Control) -> None:
    write_whole(target, data)  # what was asked for is written though the dialog goes


def _write_table(target: Path, averages: Averages, origin: str, _: Control) -> None:
    write_whole(target, table_of(averages, origin).encode("utf-8-sig"))
