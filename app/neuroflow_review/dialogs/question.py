"""A question that is asked once, before something that cannot be taken back."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from neuroflow_review.dialogs.parts import Sheet, button, buttons, column, said
from neuroflow_review.theme import UNIT

_WIDTH = 460


class QuestionDialog(Sheet):
    """``accepted`` where the reader says yes; leaving is the default."""

    def __init__(self, title: str, text: str, yes: str, no: str, parent: QWidget | None = None) -> None:
        """``yes`` and ``no`` are what the buttons say, with ``&`` before their keys."""
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        self.setMinimumWidth(_WIDTH)
        self.text = text
        self.yes = button(yes, f"{yes.replace('&', '')}: this cannot be taken back")
        self.no = button(no, "Change nothing (Esc)", default=True)
        message = said(text, step=1, selectable=True)
        message.setAccessibleName(text)
        layout = column(self)
        layout.addWidget(message)
        layout.addSpacing(UNIT)
        layout.addLayout(buttons(self.yes, self.no))
        self.yes.clicked.connect(self.accept)
        self.no.clicked.connect(self.reject)
        self.no.setFocus()
