"""What went wrong: one sentence, the details under a fold, and a way to hand them on."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from neuroflow import __version__
from neuroflow_review.dialogs.parts import Fold, Sheet, button, buttons, column, look_of, said
from neuroflow_review.theme import UNIT, icon

_WIDTH = 460
_parentless: set[FaultDialog] = set()


class FaultDialog(Sheet):
    """An error. ``text`` says in a sentence what is wrong and what to do; ``detail`` is for whoever is asked."""

    def __init__(self, text: str, detail: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("NeuroFlow Review")
        self.setAccessibleName("Error")
        self.setAccessibleDescription(text)
        self.setMinimumWidth(_WIDTH)
        self.text, self.detail = text, detail.strip()
        look = look_of(self)

        sign = QLabel()
        sign.setPixmap(icon("warning-circle", look, token="warning").pixmap(QSize(8 * UNIT, 8 * UNIT)))
        sign.setAccessibleName("Error")
        self.message = said(text, step=1, selectable=True)
        self.message.setAccessibleName(text)
        self.fold = Fold(self.detail)
        self.copy_button = button("&Copy", "Copy the message and its details, to send them to somebody")
        self.close_button = button("Close", "Close this message (Esc)", default=True)

        top = QHBoxLayout()
        top.setSpacing(4 * UNIT)
        top.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.message, 1)
        layout = column(self)
        layout.addLayout(top)
        layout.addWidget(self.fold)
        layout.addSpacing(UNIT)
        layout.addLayout(buttons(self.copy_button, self.close_button))

        self.copy_button.clicked.connect(self.copy)
        self.close_button.clicked.connect(self.accept)
        self.close_button.setFocus()

    def copy(self) -> None:
        """Put the message, its details and the program's version on the clipboard."""
        QGuiApplication.clipboard().setText(
            "\n\n".join(part for part in (self.text, self.detail, f"NeuroFlow Review {__version__}") if part)
        )
        self.copy_button.setText("Copied")


def show_fault(parent: QWidget | None, text: str, detail: str = "") -> FaultDialog:
    """Show an error without waiting for the answer; one that is on screen already comes to the front instead."""
    shown = parent.findChildren(FaultDialog) if parent is not None else list(_parentless)
    for known in shown:
        if known.isVisible() and known.text == text:
            known.raise_()
            known.activateWindow()
            return known
    dialog = FaultDialog(text, detail, parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    if parent is None:
        _parentless.add(dialog)
        dialog.finished.connect(lambda _: _parentless.discard(dialog))
    dialog.open()
    return dialog
