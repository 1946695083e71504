"""The toolbar: what the reader sets, each as a word that opens its choices, and the reconstruction's progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QSizePolicy,
    QSpinBox,
    QToolBar,
    QToolButton,
    QWidget,
)

from neuroflow_review.display import seconds_left_words
from neuroflow_review.session.reconstruction import Progress
from neuroflow_review.theme import UNIT, Theme, icon


class Choice(QToolButton):
    """A word that says what is set, and opens a menu of what else could be; it never takes the keyboard."""

    chosen = Signal(object)

    def __init__(
        self, name: str, choices: Sequence[tuple[Any, str]], word: Callable[[Any], str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._word = word
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._group = QActionGroup(self)
        self._group.triggered.connect(self._on_triggered)
        self.setMenu(QMenu(self))
        self.set_choices([choices])

    def set_choices(self, groups: Sequence[Sequence[tuple[Any, str]]]) -> None:
        """Other choices, a line between groups."""
        menu = self.menu()
        for action in self._group.actions():
            self._group.removeAction(action)
            action.deleteLater()
        menu.clear()
        for number, choices in enumerate(groups):
            if number and choices:
                menu.addSeparator()
            for value, text in choices:
                action = QAction(text, self)
                action.setCheckable(True)
                action.setData(value)
                self._group.addAction(action)
                menu.addAction(action)

    @property
    def values(self) -> list[Any]:
        return [action.data() for action in self._group.actions()]

    def set_value(self, value: Any) -> None:
        """Show a value, whether or not it is one of the choices."""
        self.setText(self._word(value))
        for action in self._group.actions():
            action.setChecked(action.data() == value)

    def _on_triggered(self, action: QAction) -> None:
        self.chosen.emit(action.data())


class ProgressStrip(QWidget):
    """How far the reconstruction is, the time left, and a cross that stops it."""

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * UNIT, 0, 0, 0)
        layout.setSpacing(2 * UNIT)
        self.bar = QProgressBar(self)
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(96)
        self.words = QLabel(self)
        self.stop = QToolButton(self)
        self.stop.setToolTip("Stop reconstructing (Esc)")
        self.stop.setAccessibleName("Stop reconstructing")
        self.stop.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.stop.clicked.connect(self.cancelled)
        for widget in (self.bar, self.words, self.stop):
            layout.addWidget(widget)
        self.set_progress(None)

    def set_progress(self, progress: Progress | None) -> None:
        # The room is kept: a toolbar that jumps when work begins is noise.
        for widget in (self.bar, self.words, self.stop):
            widget.setVisible(progress is not None)
        if progress is None:
            return
        self.bar.setValue(round(progress.fraction * 1000))
        left = seconds_left_words(progress.seconds_left)
        self.words.setText(f"{progress.fraction * 100:.0f} %" + (f" · {left}" if left else ""))
        self.words.setToolTip(f"Reconstructing: {progress.text}")

    def set_theme(self, look: Theme) -> None:
        self.stop.setIcon(icon("x", look))


class ReviewBar(QToolBar):
    """Holds the choices; the window connects them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Toolbar", parent)
        self.setObjectName("toolbar")
        self.setMovable(False)
        self.setFloatable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.choices: list[Choice] = []
        self.progress = ProgressStrip(self)

    def add_choice(
        self, name: str, choices: Sequence[tuple[Any, str]], word: Callable[[Any], str], chosen: Callable[[Any], None]
    ) -> Choice:
        choice = Choice(name, choices, word, self)
        choice.chosen.connect(chosen)
        self.addWidget(choice)
        self.choices.append(choice)
        return choice

    def add_number(
        self, name: str, low: int, high: int, prefix: str, suffix: str, changed: Callable[[int], None]
    ) -> QSpinBox:
        """A number; it takes the keyboard only while it is being typed."""
        box = QSpinBox(self)
        box.setRange(low, high)
        box.setPrefix(prefix)
        box.setSuffix(suffix)
        box.setKeyboardTracking(False)
        box.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        box.setToolTip(name)
        box.setAccessibleName(name)
        box.setAlignment(Qt.AlignmentFlag.AlignCenter)
        box.valueChanged.connect(changed)
        box.editingFinished.connect(box.clearFocus)
        self.addWidget(box)
        return box

    def finish(self) -> None:
        """Put the progress at the right end."""
        room = QWidget(self)
        room.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(room)
        self.addWidget(self.progress)
