"""Save a copy of the recording that is open."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from neuroflow_review.session.copying import start_copy

if TYPE_CHECKING:
    from neuroflow.export.convert import Converted
    from neuroflow_review.window.window import ReviewWindow


def show_copy(window: ReviewWindow) -> None:
    """Ask what to copy, and write it while the reader goes on."""
    from neuroflow_review.dialogs.copy import CopyDialog
    from neuroflow_review.dialogs.copy_offer import CopyOffer

    session = window.session
    recording, state = session.recording, session.state
    if recording is None:
        return
    offer = CopyOffer(recording, state.span.clipped_to(recording.span), state.selection, state.bad)
    dialog = CopyDialog(offer, partial(start_copy, session, recording), window)
    dialog.saved.connect(partial(_tell, window))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()


def _tell(window: ReviewWindow, done: Converted) -> None:
    """Say where the file is, for a reader who has closed the dialog meanwhile."""
    name = done.path.name if not window.session.state.private else "the file"
    window.say(f"Saved {name}: worst difference on reading back {done.worst_difference_uv:.4f} µV")
