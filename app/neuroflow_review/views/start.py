"""The first screen: what to open, and what this program is for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from neuroflow.units import format_clock
from neuroflow_review.theme import LIGHT, UNIT, Theme, icon, ui_font

INTENDED_USE = "Research and teaching. Not for diagnosis or treatment."
_MOST_RECENT = 6


class StartView(QWidget):
    """Open, the demonstration, recordings opened last; a recording may be dropped anywhere on the window."""

    open_requested = Signal()
    demo_requested = Signal()
    recent_requested = Signal(str)
    going_on_requested = Signal(str, float)
    """The recording that was open when the program ended unexpectedly, and where in it the reader was."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = LIGHT
        self.setObjectName("start")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.title = QLabel("NeuroFlow Review", self)
        self.title.setFont(ui_font(12, bold=True))
        purpose = "Scalp EEG, and what depth electrodes might have recorded, as a distribution."
        self.purpose = QLabel(purpose, self)
        self.purpose.setFont(ui_font(1))
        self.open_button = QPushButton("Open a recording…", self)
        self.open_button.setDefault(True)
        self.open_button.clicked.connect(self.open_requested)
        self.demo_button = QPushButton("Open the demonstration", self)
        self.demo_button.clicked.connect(self.demo_requested)
        self.going_on = QPushButton(self)
        self.going_on.clicked.connect(self._go_on)
        self.going_on.hide()
        self._left: tuple[str, float] = ("", 0.0)
        self.hint = QLabel("or drop an EDF or BDF file on this window", self)
        self.state = QLabel(self)
        self.state.setWordWrap(True)
        self.state.setFont(ui_font(0.5))
        self.detail = QLabel(self)
        self.recent_title = QLabel("Opened last", self)
        self.intended = QLabel(INTENDED_USE, self)
        for label, role in (
            (self.purpose, "muted"),
            (self.hint, "muted"),
            (self.recent_title, "heading"),
            (self.state, "warning"),
        ):
            label.setProperty("role", role)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        self._lay_out()
        self.set_recent([])
        self.set_state("")

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(2 * UNIT)
        buttons.addWidget(self.open_button)
        buttons.addWidget(self.demo_button)
        buttons.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(2 * UNIT)
        column.addWidget(self.title)
        column.addWidget(self.purpose)
        column.addSpacing(6 * UNIT)
        column.addWidget(self.going_on)
        column.addLayout(buttons)
        column.addWidget(self.hint)
        column.addSpacing(2 * UNIT)
        column.addWidget(self.state)
        column.addSpacing(4 * UNIT)
        column.addWidget(self.recent_title)
        column.addLayout(self._recent)
        across = QHBoxLayout()
        across.addStretch(1)
        across.addLayout(column, 0)
        across.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(8 * UNIT, 8 * UNIT, 8 * UNIT, 6 * UNIT)
        outer.addStretch(2)
        outer.addLayout(across)
        outer.addStretch(3)
        outer.addWidget(self.intended, 0, Qt.AlignmentFlag.AlignHCenter)

    def set_recent(self, paths: Sequence[str], *, private: bool = False) -> None:
        """Recordings opened last, the latest first. Their names are hidden in privacy mode: they may name patients."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        shown = [] if private else list(paths)[:_MOST_RECENT]
        for path in shown:
            button = QToolButton(self)
            button.setText(_short(path))
            button.setToolTip(path)
            button.setIcon(icon("file", self._look, token="muted"))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.clicked.connect(self._clicked)
            self._recent.addWidget(button)
        self.recent_title.setVisible(bool(shown))

    def set_going_on(self, path: str, start: float, *, private: bool = False) -> None:
        """Offer to go on where the program ended unexpectedly; marks are saved at every edit, so none was lost."""
        self._left = (path, start)
        name = "the recording" if private else Path(path).name
        self.going_on.setText(f"Go on with {name} at {format_clock(start)}")
        self.going_on.setToolTip("The program ended unexpectedly; marks are saved at every edit")
        self.going_on.setAccessibleName("Go on where the program ended unexpectedly")
        self.going_on.setVisible(bool(path))

    def _go_on(self) -> None:
        self.going_on.hide()
        self.going_on_requested.emit(*self._left)

    def set_demo(self, there: bool) -> None:
        self.demo_button.setVisible(there)

    def set_state(self, text: str, *, problem: bool = False) -> None:
        """Say what is being opened, or why it could not be."""
        self.state.setProperty("role", "warning" if problem else "muted")
        self.state.style().unpolish(self.state)
        self.state.style().polish(self.state)
        self.state.setText(text)
        self.state.setVisible(bool(text))

    def set_theme(self, look: Theme) -> None:
        self._look = look
        self.setStyleSheet(f"#start {{ background: {look.paper}; }}")
        for k in range(self._recent.count()):
            item = self._recent.itemAt(k)
            widget = item.widget() if item is not None else None
            if isinstance(widget, QToolButton):
                widget.setIcon(icon("file", look, token="muted"))

    def _clicked(self) -> None:
        sender = self.sender()
        if isinstance(sender, QToolButton):
            self.recent_requested.emit(sender.toolTip())


def _short(path: str) -> str:
    """File and folder: what tells two recordings apart."""
    p = Path(path)
    return f"{p.name}   –   {p.parent.name}"
