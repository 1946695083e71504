"""A blinded reading: the questions before it begins and ends, and the dialog of what came of it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QFileDialog

from neuroflow.errors import NeuroflowError
from neuroflow.io.edf_writer import write_whole
from neuroflow.review.blinded import Apart, revealed
from neuroflow_review.lanes import Failure
from neuroflow_review.session.blinded import discharges
from neuroflow_review.session.origin import input_words, provenance_of
from neuroflow_review.tables import agreement_cells, table_of
from neuroflow_review.window import boxes
from neuroflow_review.wording import day_clock

if TYPE_CHECKING:
    from neuroflow_review.window.window import ReviewWindow

_SOON_MS = 300


def ask_begin(window: ReviewWindow) -> None:
    """Say what a blinded reading is, and begin one."""
    from neuroflow_review.dialogs.question import QuestionDialog

    before = window.session.state.blinded is not None
    text = (
        "Until the reconstruction is revealed nothing is reconstructed and no spike is proposed in this recording, "
        "also when it is opened again. Mark discharges with A on the chosen channel. What is reconstructed now is "
        "dropped; it can be computed again. Discharges that were decided on, and all that was marked on the "
        f"reconstruction, are hidden meanwhile.{' Of the reading before, the log alone will tell.' if before else ''}"
    )
    dialog = QuestionDialog("Begin a blinded reading?", text, "&Begin", "&Leave it", window)
    dialog.accepted.connect(partial(_begin, window))
    boxes.open_dialog(dialog)


def _begin(window: ReviewWindow) -> None:
    if window.session.blinded.begin():
        window.say("Blinded reading: mark discharges with A; Ctrl+R reveals the reconstruction.")


def ask_reveal(window: ReviewWindow) -> None:
    """Say what is compared, and reveal."""
    from neuroflow_review.dialogs.question import QuestionDialog

    reading = window.session.state.blinded
    if reading is None or not reading.on:
        return
    marks = tuple(window.session.marks.history.document)
    count, before = discharges(revealed(reading, marks).marks), sum(mark.id in reading.before for mark in marks)
    hidden = f" {before} from before {'is' if before == 1 else 'are'} left out." if before else ""
    text = (
        f"Marked since the reading began: {count} discharge{'s' if count != 1 else ''}.{hidden} They are kept as they "
        "are now, and compared with what is proposed on the reconstruction of the whole recording. What has been seen "
        "cannot be unseen."
    )
    dialog = QuestionDialog("Reveal the reconstruction?", text, "&Reveal it", "Read &on", window)
    dialog.accepted.connect(partial(_reveal, window))
    boxes.open_dialog(dialog)


def _reveal(window: ReviewWindow) -> None:
    if window.session.blinded.reveal():
        show_agreement(window)


def show_agreement(window: ReviewWindow) -> None:
    """The dialog, once; it stays open while the reader goes on, and follows what is computed."""
    if window.session.recording is None or window.session.state.blinded is None:
        return
    from neuroflow_review.dialogs.agreement import AgreementDialog

    there = next((d for d in window.findChildren(AgreementDialog) if d.isVisible()), None)
    if there is not None:
        there.raise_()
        there.activateWindow()
    else:
        _Showing(window)


class _Showing(QObject):
    """The dialog of an agreement for as long as it is open; another recording closes it."""

    def __init__(self, window: ReviewWindow) -> None:
        from neuroflow_review.dialogs.agreement import AgreementDialog

        super().__init__(window)
        self._window, session = window, window.session
        recording = session.recording
        assert recording is not None
        self._dialog = AgreementDialog(
            partial(day_clock, start=recording.start, decimals=1), recording.duration, window
        )
        self._dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._due = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._due.timeout.connect(self._show)
        self._heard = (session.spikes.changed, session.store.changed, session.reconstruction.changed)
        for signal in self._heard:
            signal.connect(self._soon)
        session.opened.connect(self._dialog.close)
        self._dialog.jump_requested.connect(session.show_time)
        self._dialog.chosen.connect(self._choose)
        self._dialog.save_requested.connect(self._ask_save)
        self._dialog.finished.connect(self._leave)
        self._show()
        self._dialog.show()

    def _soon(self, *_: object) -> None:
        if not self._due.isActive():
            self._due.start()

    def _show(self) -> None:
        session = self._window.session
        reading = session.state.blinded
        if reading is None or reading.on:
            self._dialog.close()
            return
        self._dialog.set_reading(
            reading, session.blinded.apart(), session.blinded.rules, computing=session.reconstruction.computing,
            shown=session.state.proposals_shown, private=session.state.private,
        )  # fmt: skip

    def _choose(self) -> None:
        self._window.activateWindow()  # what is new gets its name there
        self._window.commands.meeting.choose()

    def _ask_save(self) -> None:
        session = self._window.session
        recording, reading, private = session.recording, session.state.blinded, session.state.private
        if recording is None or reading is None:
            return
        stem = "agreement" if private else f"{recording.path.stem}-agreement"
        suggested = str(recording.path.with_name(f"{stem}.csv"))
        name, _ = QFileDialog.getSaveFileName(self._dialog, "Save the agreement", suggested, "Table (*.csv)")
        if not name:
            return
        target, rules = Path(name if name.lower().endswith(".csv") else f"{name}.csv"), session.blinded.rules
        # Where other settings hold now, what differs is not of the samples that the figures are of.
        of_now = rules is not None and (reading.rules is None or rules.same(reading.rules))
        cells = agreement_cells(reading, session.blinded.apart() if of_now else Apart((), ()), private=private)
        made = reading.rules.provenance if reading.rules is not None else provenance_of(session.reconstruction)
        text = table_of([cells], input_words(session), made)
        work = partial(write_whole, target, text.encode("utf-8-sig"))
        done = partial(_say_saved, self._window, target)
        session.lanes.export.submit(("agreement", target), work, done=done, failed=partial(_say_failed, self._window))

    def _leave(self, _result: int = 0) -> None:
        session = self._window.session
        self._due.stop()
        for signal in self._heard:
            signal.disconnect(self._soon)
        session.opened.disconnect(self._dialog.close)
        self.deleteLater()


def _say_saved(window: ReviewWindow, target: Path, _: object) -> None:
    window.say(f"Saved {target.name if not window.session.state.private else 'the file'}.")


def _say_failed(window: ReviewWindow, failure: Failure) -> None:
    if isinstance(failure.error, NeuroflowError):
        window.say(failure.error.text)
    else:
        window.session.trouble.emit(failure)
