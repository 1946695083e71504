"""Pieces that dialogs share: text in its roles, a fold for details, a two-way switch, and times in words."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFontDatabase, QPalette, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from neuroflow_review.theme import DARK, LIGHT, THEMES, UNIT, Theme, colour, ui_font

MARGIN: Final = 6 * UNIT
"""Between the edge of a dialog and what stands in it."""

_FOLD_LINES = 9

TOO_LATE: Final = "It is being put in place: too late to stop."
"""What is said to a stop that comes when a file takes its name."""


def look_of(widget: QWidget) -> Theme:
    """The theme that the application has put on, seen by the ground of its windows: dialogs are made when needed."""
    ground = widget.window().palette().color(QPalette.ColorRole.Window)
    usual = DARK if ground.lightnessF() < 0.5 else LIGHT
    return next((look for look in THEMES if colour(look.panel) == ground), usual)


def column(dialog: QDialog, *, margin: int = MARGIN, spacing: int = 3 * UNIT) -> QVBoxLayout:
    """The dialog's one column, on the 4 px grid."""
    layout = QVBoxLayout(dialog)
    layout.setContentsMargins(margin, margin, margin, margin)
    layout.setSpacing(spacing)
    return layout


def said(text: str = "", role: str = "", *, step: float = 0.0, bold: bool = False, selectable: bool = False) -> QLabel:
    """A wrapping text; ``role`` is one of the stylesheet's: muted, warning, reconstructed, heading."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)  # names of files and errors are never markup
    label.setWordWrap(True)
    label.setFont(ui_font(step, bold=bold))
    if selectable:
        label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        label.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # no halt of the Tab key
    if role:
        set_role(label, role)
    return label


def set_role(label: QLabel, role: str) -> None:
    """Change the colour that a text is set in."""
    if label.property("role") != role:
        label.setProperty("role", role)
        label.style().unpolish(label)
        label.style().polish(label)


def rule() -> QFrame:
    """A hairline across."""
    line = QFrame()
    line.setFixedHeight(1)
    line.setStyleSheet("background: palette(mid); border: none;")
    return line


class Sheet(QDialog):
    """A dialog that is always as high as what it says needs at its width."""

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return handled

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        layout = self.layout()
        if layout is None or not self.isVisible():
            return
        layout.activate()
        width = max(self.minimumWidth(), layout.totalMinimumSize().width())
        height = layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else layout.totalSizeHint().height()
        self.resize(width, height)


def button(text: str, tip: str, *, default: bool = False) -> QPushButton:
    """A push button that Return presses only where it is the default."""
    made = QPushButton(text)
    made.setToolTip(tip)
    made.setAutoDefault(default)
    made.setDefault(default)
    return made


def buttons(*made: QPushButton) -> QHBoxLayout:
    """A row of buttons at the right, as dialogs end."""
    row = QHBoxLayout()
    row.setSpacing(2 * UNIT)
    row.addStretch(1)
    for each in made:
        row.addWidget(each)
    return row


class Fold(QWidget):
    """Details under a triangle: closed at first, opened by a click, Space or Alt+D."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.switch = QToolButton()
        self.switch.setText("&Details")
        self.switch.setToolTip("Show or hide what a developer needs to know (Alt+D)")
        self.switch.setAccessibleName("Details")
        self.switch.setCheckable(True)
        self.switch.setArrowType(Qt.ArrowType.RightArrow)
        self.switch.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.switch.setStyleSheet("QToolButton:checked { background: transparent; } QToolButton { padding: 4px; }")
        self.switch.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.box = QPlainTextEdit()
        self.box.setReadOnly(True)
        self.box.setTabChangesFocus(True)
        self.box.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.box.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.box.setAccessibleName("Details of the error")
        self.box.setFixedHeight(self.box.fontMetrics().lineSpacing() * _FOLD_LINES + 4 * UNIT)
        self.box.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(UNIT)
        layout.addWidget(self.switch, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.box)
        self.switch.toggled.connect(self._turn)
        self.set_text(text)

    def set_text(self, text: str) -> None:
        """Other details; without any there is nothing to unfold."""
        self.box.setPlainText(text)
        self.switch.setChecked(False)
        self.setVisible(bool(text))

    def _turn(self, opened: bool) -> None:
        self.switch.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self.box.setVisible(opened)


class Switch(QWidget):
    """A few choices side by side of which one holds; arrow keys move between them."""

    chosen = Signal(int)

    def __init__(self, choices: Sequence[tuple[str, str]], name: str, parent: QWidget | None = None) -> None:
        """``choices`` are texts, with ``&`` before the key, and tooltips; ``name`` says what is chosen."""
        super().__init__(parent)
        self.setAccessibleName(name)
        self.buttons: list[QPushButton] = []
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for number, (text, tip) in enumerate(choices):
            made = button(text, tip)
            made.setCheckable(True)
            made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            left = 4 if number == 0 else 0
            right = 4 if number == len(choices) - 1 else 0
            made.setStyleSheet(
                f"QPushButton {{ border-top-left-radius: {left}px; border-bottom-left-radius: {left}px;"
                f" border-top-right-radius: {right}px; border-bottom-right-radius: {right}px; }}"
                "QPushButton:checked { background: palette(highlight); font-weight: 600; }"
            )
            self._group.addButton(made, number)
            self.buttons.append(made)
            layout.addWidget(made)
        self.buttons[0].setChecked(True)
        self._group.idToggled.connect(lambda number, on: self.chosen.emit(number) if on else None)

    @property
    def choice(self) -> int:
        return self._group.checkedId()

    def choose(self, number: int) -> None:
        self.buttons[number].setChecked(True)


def as_tip(text: str) -> str:
    """A text of a stranger as a tooltip, which Qt would take for markup where it looks like some."""
    lines = html.escape(text).splitlines()
    return f"<qt>{'<br>'.join(lines)}</qt>"


def in_words(seconds: float) -> str:
    """A time that something takes: ``under a second``, ``40 s``, ``3 min``, ``1 h 20 min``."""
    if seconds < 1:
        return "under a second"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes = math.ceil(seconds / 60 - 0.25)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"


def counted(count: int, one: str, many: str = "") -> str:
    """``1 stretch``, ``1,200 channels``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def in_bytes(count: float) -> str:
    """A size of a file as drives are labelled: ``840 kB``, ``12.3 MB``, ``1.2 GB``."""
    if count < 999.5e3:
        return f"{max(count / 1e3, 1):.0f} kB"
    return f"{count / 1e6:.1f} MB" if count < 999.5e6 else f"{count / 1e9:.1f} GB"
