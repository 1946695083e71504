"""The toolbar: what the reader sets, each as a word that opens its choices, and the reconstruction's progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QResizeEvent
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

_WIDTHS = (96, 40, 0, 0)
"""Of the bar of progress, by how little room there is."""


class Choice(QToolButton):
    """A word that says what is set, and opens a menu of what else could be; it never takes the keyboard."""

    chosen = Signal(object)
    reworded = Signal()
    """Another value is shown, which may take more room."""

    def __init__(
        self,
        name: str,
        choices: Sequence[tuple[Any, str]],
        word: Callable[[Any], str],
        parent: QWidget | None = None,
        *,
        short: Callable[[Any], str] | None = None,
    ) -> None:
        super().__init__(parent)
        self._words, self._brief, self._value = (word, short or word), False, None
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
        self._value = value
        text = self._words[self._brief](value)
        if text != self.text():
            self.setText(text)
            self.reworded.emit()
        for action in self._group.actions():
            action.setChecked(action.data() == value)

    def set_brief(self, brief: bool) -> None:
        """Say it in the shorter word, where there is little room."""
        if brief != self._brief:
            self._brief = brief
            if self.text():
                self.setText(self._words[brief](self._value))

    def _on_triggered(self, action: QAction) -> None:
        self.chosen.emit(action.data())


class NumberBox(QSpinBox):
    """A number with a word, as wide as its largest; it gives the keyboard back when it is entered."""

    def __init__(self, name: str, low: int, high: int, words: tuple[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words, self._brief = words, False
        self._widest = min(high, 999)
        self.setRange(low, high)
        self.setKeyboardTracking(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolTip(name)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.editingFinished.connect(self.clearFocus)
        self.valueChanged.connect(self.updateGeometry)
        self._write()

    def set_brief(self, brief: bool) -> None:
        """Say it in the shorter word, where there is little room."""
        if brief != self._brief:
            self._brief = brief
            self._write()

    def _write(self) -> None:
        before, _, after = self._words[self._brief].partition("{}")
        self.setPrefix(before)
        self.setSuffix(after)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        text = self.fontMetrics().horizontalAdvance(f"{self.prefix()}{max(self._widest, self.value())}{self.suffix()}")
        return QSize(text + 8 * UNIT, super().sizeHint().height())  # the steppers, and air

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()


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
        self.bar.setFixedWidth(_WIDTHS[0])
        self.words = QLabel(self)
        self.stop = QToolButton(self)
        self.stop.setToolTip("Stop reconstructing (Esc)")
        self.stop.setAccessibleName("Stop reconstructing")
        self.stop.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.stop.clicked.connect(self.cancelled)
        for widget in (self.bar, self.words, self.stop):
            layout.addWidget(widget)
        self.set_progress(None)

    def room(self, brief: int) -> int:
        """Pixels that the strip may come to need."""
        words = self.words.fontMetrics().horizontalAdvance("99 % · 59 min")
        return _WIDTHS[brief] + words + self.stop.sizeHint().width() + 6 * UNIT

    def set_brief(self, brief: int) -> None:
        self.bar.setFixedWidth(_WIDTHS[brief])

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
    """Holds the choices; the window connects them.

    Where the window is narrow they say the same in fewer words, so that none leaves the bar.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Toolbar", parent)
        self.setObjectName("toolbar")
        self.setMovable(False)
        self.setFloatable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(QSize(18, 18))
        self.choices: list[Choice] = []
        self.numbers: list[NumberBox] = []
        self.progress = ProgressStrip(self)
        self.more = self.findChild(QToolButton, "qt_toolbar_ext_button")
        if self.more is not None:
            self.more.setToolTip("More of the toolbar: the window is too narrow for it")
            self.more.setAccessibleName("More of the toolbar")

    def add_choice(
        self,
        name: str,
        choices: Sequence[tuple[Any, str]],
        word: Callable[[Any], str],
        chosen: Callable[[Any], None],
        *,
        short: Callable[[Any], str] | None = None,
    ) -> Choice:
        """A choice; ``short`` is what it says where there is little room."""
        choice = Choice(name, choices, word, self, short=short)
        choice.chosen.connect(chosen)
        choice.reworded.connect(self._fit)
        self.addWidget(choice)
        self.choices.append(choice)
        return choice

    def add_number(
        self, name: str, low: int, high: int, words: tuple[str, str], changed: Callable[[int], None]
    ) -> NumberBox:
        """A number within ``words``, where ``{}`` stands for it: the usual ones, and those for little room."""
        box = NumberBox(name, low, high, words, self)
        box.valueChanged.connect(changed)
        self.addWidget(box)
        self.numbers.append(box)
        return box

    def finish(self) -> None:
        """Put the progress at the right end."""
        room = QWidget(self)
        room.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(room)
        self.addWidget(self.progress)
        self._fit()

    def set_theme(self, look: Theme) -> None:
        self.progress.set_theme(look)
        if self.more is not None:
            self.more.setIcon(icon("caret-double-right", look))

    # Room -------------------------------------------------------------------------------------------------------------

    def _fit(self) -> None:
        """The most words for which there is room: all, shorter ones, or pictures without words."""
        for brief in range(len(_WIDTHS)):
            self._say(brief)
            if self._needed(brief) <= self.width():
                return

    def _say(self, brief: int) -> None:
        for choice in self.choices:
            choice.set_brief(brief > 0)
        for number in self.numbers:
            number.set_brief(brief > 0)
        self.progress.set_brief(brief)
        for k, button in enumerate(self._buttons()):
            # What opens a file is known by its picture; what reconstructs keeps its word for as long as it can.
            wordless = brief > 2 * k
            style = Qt.ToolButtonStyle.ToolButtonIconOnly if wordless else Qt.ToolButtonStyle.ToolButtonTextBesideIcon
            button.setToolButtonStyle(style)

    def _buttons(self) -> list[QToolButton]:
        """Of actions, from left to right."""
        found = (self.widgetForAction(action) for action in self.actions())
        return [w for w in found if isinstance(w, QToolButton) and not isinstance(w, Choice)]

    def _needed(self, brief: int) -> int:
        layout = self.layout()
        if layout is None:
            return 0
        layout.invalidate()
        return layout.sizeHint().width() - self.progress.sizeHint().width() + self.progress.room(brief)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.ApplicationFontChange and hasattr(self, "more"):
            self._fit()
