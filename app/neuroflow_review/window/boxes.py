"""Dialogs, opened without blocking: each lives while it is open."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QInputDialog

from neuroflow_review.actions import ACTIONS
from neuroflow_review.paper import SCREENS, pixels_per_mm, screen_key
from neuroflow_review.theme import UNIT

if TYPE_CHECKING:
    from neuroflow_review.dialogs.calibrate import CalibrateDialog
    from neuroflow_review.dialogs.export_offer import Offer
    from neuroflow_review.dialogs.goto import GoToDialog
    from neuroflow_review.session import Session
    from neuroflow_review.settings import Settings
    from neuroflow_review.window.window import ReviewWindow

POINTER_KEYS = (
    ("Pointer", "A tenth of a page", "Wheel"),
    ("Pointer", "A page", "Shift+Wheel"),
    ("Pointer", "Sensitivity", "Ctrl+Wheel"),
    ("Pointer", "Select", "Shift+Drag, Middle+Drag"),
    ("Pointer", "Choose a channel", "Click"),
    ("Pointer", "Bad channel, or taken back: the sign at the edge of its label", "Click"),
    ("Pointer", "Move the edge of an event of yours", "Drag"),
)


def open_dialog(dialog: QDialog) -> None:
    """Open it without blocking; it lives until it is closed."""
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()


def show_goto(window: ReviewWindow) -> None:
    """Ask for a time and put it at the start of the page."""
    session = window.session
    recording = session.recording
    if recording is None:
        return
    from neuroflow_review.dialogs.goto import GoToDialog

    dialog = GoToDialog(recording.duration, recording.start, session.state.start, window)
    dialog.accepted.connect(partial(_go, session, dialog))
    open_dialog(dialog)


def _go(session: Session, dialog: GoToDialog) -> None:
    if dialog.seconds is not None:
        session.go_to(dialog.seconds)
        session.set_cursor(dialog.seconds)


def show_problems(window: ReviewWindow) -> None:
    """List what is wrong with the recording's file."""
    recording = window.session.recording
    if recording is None or not recording.problems:
        return
    from neuroflow_review.dialogs.problems import ProblemsDialog

    open_dialog(ProblemsDialog(recording.problems, window))


def with_reader(window: ReviewWindow, act: Callable[[], object]) -> None:
    """Do what is kept under the reader's name; who leaves that empty is not asked again, who goes past it is.

    Playing stops for the question: what is done is about where the key was pressed.
    """
    if window.session.reader or window.property("reader unnamed"):
        act()
    else:
        window.commands.player.stop()
        _ask_reader(window, lambda _: act())


def show_reader(window: ReviewWindow) -> None:
    """Ask who reads from now on; what was signed before stays as it was signed."""
    session = window.session
    _ask_reader(window, lambda kept: window.say(_reads(session.reader, session.state.blind)) if kept else None)


def _ask_reader(window: ReviewWindow, then: Callable[[bool], object]) -> None:
    dialog = QInputDialog(window)
    dialog.setWindowTitle("Who reads?")
    dialog.setLabelText("Your name or initials, kept with every mark and decision from now on:")
    dialog.setTextValue(window.session.reader)
    dialog.setAccessibleName("Who reads?")
    dialog.finished.connect(partial(_keep_reader, window, dialog, then))
    open_dialog(dialog)
    if layout := dialog.layout():  # which is made when it opens
        layout.setContentsMargins(6 * UNIT, 6 * UNIT, 6 * UNIT, 6 * UNIT)


def _keep_reader(window: ReviewWindow, dialog: QInputDialog, then: Callable[[bool], object], _: int) -> None:
    kept = dialog.result() == QDialog.DialogCode.Accepted
    if kept:
        settings = window.session.settings
        settings.set("reader.name", " ".join(dialog.textValue().split())[:80])
        settings.save()
        window.session.blinded.hide()
        window.setProperty("reader unnamed", not window.session.reader)
        window.feeds.show_status()
    then(kept)


def _reads(reader: str, blind: bool) -> str:
    said = f"Marks are signed by {reader} from now on." if reader else "Marks are not signed from now on."
    return f"{said} What was decided under another name is hidden until it is revealed." if blind else said


def ask_take_over(window: ReviewWindow) -> None:
    """Ask whether marks are to be made here that another program kept the right to make."""
    holder = window.session.marks.to_take_over
    if not holder:
        return
    from neuroflow_review.dialogs.question import QuestionDialog

    text = (
        f"The marks of this recording are locked by {holder}. Take them over only if that program is no longer there, "
        "as after a crash: where it still runs, the marks of one of you will be lost."
    )
    dialog = QuestionDialog("Take the marks over?", text, "&Take them over", "&Leave them", window)
    dialog.accepted.connect(partial(_take_over, window.session))
    open_dialog(dialog)


def _take_over(session: Session) -> None:
    if session.recording is not None:
        session.marks.take_over()
        session.open(session.recording.path, session.state.start)


def show_calibrate(window: ReviewWindow) -> None:
    """Let the reader hold a card to the screen."""
    from neuroflow_review.dialogs.calibrate import CalibrateDialog

    dialog = CalibrateDialog(screen_key(window.screen()), pixels_per_mm(window.page), window)
    dialog.accepted.connect(partial(_keep_scale, window, dialog))
    open_dialog(dialog)


def _keep_scale(window: ReviewWindow, dialog: CalibrateDialog) -> None:
    settings = window.session.settings
    scales = {**screen_scales(settings), dialog.screen_name: dialog.pixels_per_mm}
    settings.set("screen.scales", [f"{name}\t{scale:g}" for name, scale in scales.items()][-16:])
    settings.save()
    window.apply_scales()


def screen_scales(settings: Settings) -> dict[str, float]:
    """Pixels to a millimetre by the key of a screen, as far as what was kept can be believed."""
    found = {}
    for line in settings.get("screen.scales"):
        name, _, number = line.partition("\t")
        with contextlib.suppress(ValueError):
            if SCREENS[0] <= float(number) <= SCREENS[1]:
                found[name] = float(number)
    return found


def show_export(window: ReviewWindow) -> None:
    """Ask what to export, and export it while the reader goes on."""
    offer = offer_of(window.session)
    if offer is None:
        return
    from neuroflow_review.dialogs.export import ExportDialog

    dialog = ExportDialog(offer, window.session.start_export, window)
    dialog.exported.connect(window.on_exported)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()


def offer_of(session: Session) -> Offer | None:
    """What there is to export now, or None where nothing can be reconstructed."""
    recording, work, state = session.recording, session.reconstruction, session.state
    if recording is None or work.backend is None or not work.ready:
        return None
    from neuroflow_review.dialogs.export_offer import Offer

    return Offer(
        recording=Path(recording.path),
        duration=recording.duration,
        start=recording.start,
        page=state.span.clipped_to(recording.span),
        contacts=work.backend.contacts,
        shown=state.shafts,
        selection=state.selection,
        reconstructed=work.done_spans(),
        samples=state.samples,
        seed=state.seed,
        excluded=state.bad,
        rate=work.backend.rate,
        seconds_per_tile=work.seconds_per_tile(),
        intended_use=work.backend.card.intended_use if work.backend.card is not None else "",
        calibration=session.calibration,
        private=state.private,
    )


def show_card(window: ReviewWindow) -> None:
    from neuroflow_review.dialogs.card import CardDialog

    backend = window.session.reconstruction.backend
    if backend is not None and backend.card is not None:
        open_dialog(CardDialog(backend.card, window))


def show_keys(window: ReviewWindow) -> None:
    from neuroflow_review.dialogs.keys import KeysDialog

    open_dialog(KeysDialog([*key_rows(), *window.commands.montages.key_rows(), *POINTER_KEYS], window))


def key_rows() -> Iterator[tuple[str, str, str]]:
    """Every shortcut of the table of actions: menu, what it does, keys."""
    for entry in ACTIONS:
        if entry.shortcuts:
            yield entry.menu, entry.text.rstrip("…"), ", ".join(entry.shortcuts)


def show_about(window: ReviewWindow) -> None:
    from neuroflow_review.dialogs.about import AboutDialog

    backend: Any = window.session.reconstruction.backend
    open_dialog(AboutDialog(backend.card if backend is not None else None, window))
