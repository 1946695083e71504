"""What is wrong with a recording's file: every problem that was found when it was read, to read, select and copy."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from neuroflow_review.dialogs.parts import Sheet, button, buttons, column, counted, said
from neuroflow_review.theme import UNIT

_WIDTH, _LINES = 560, 12


class ProblemsDialog(Sheet):
    """The problems, a paragraph each, numbered."""

    def __init__(self, problems: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("What is wrong with this file")
        self.setAccessibleName("What is wrong with this file")
        self.setMinimumWidth(_WIDTH)
        self.text = "\n\n".join(f"{number}. {problem}" for number, problem in enumerate(problems, 1))
        found = said(f"{counted(len(problems), 'problem')}; what is right with the file is shown all the same.")
        self.box = QPlainTextEdit(self.text)
        self.box.setReadOnly(True)
        self.box.setTabChangesFocus(True)
        self.box.setAccessibleName("Problems in the file")
        self.box.setToolTip("What was found when the file was read")
        self.box.setFixedHeight(self.box.fontMetrics().lineSpacing() * _LINES + 4 * UNIT)
        self.copy_button = button("&Copy", "Copy all of it, to send it to somebody")
        self.close_button = button("Close", "Close this list (Esc)", default=True)
        layout = column(self)
        layout.addWidget(found)
        layout.addWidget(self.box)
        layout.addLayout(buttons(self.copy_button, self.close_button))
        self.copy_button.clicked.connect(self.copy)
        self.close_button.clicked.connect(self.accept)
        self.box.setFocus()

    def copy(self) -> None:
        """Put all of it on the clipboard."""
        QGuiApplication.clipboard().setText(self.text)
        self.copy_button.setText("Copied")
