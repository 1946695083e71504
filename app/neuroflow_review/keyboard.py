"""Keys that belong to whatever has the focus, before they are shortcuts of the window."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QAbstractSpinBox, QApplication, QTabBar, QWidget

from neuroflow_review.canvas import Canvas

Key = Qt.Key

_PLAIN: Final = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
_NEEDED: Final[tuple[tuple[type[QWidget], frozenset[Qt.Key]], ...]] = (
    (QAbstractButton, frozenset({Key.Key_Space})),
    (QAbstractItemView, frozenset({Key.Key_Up, Key.Key_Down, Key.Key_PageUp, Key.Key_PageDown})),
    (QAbstractSpinBox, frozenset({Key.Key_Up, Key.Key_Down})),
    (QTabBar, frozenset({Key.Key_Left, Key.Key_Right})),
)


def is_for(widget: QWidget, event: QKeyEvent) -> bool:
    """Whether a widget that has the focus does something with a key of its own."""
    if event.modifiers() not in _PLAIN:
        return False
    needed = widget.own_keys if isinstance(widget, Canvas) else None
    if needed is None:
        needed = next((keys for kind, keys in _NEEDED if isinstance(widget, kind)), frozenset())
    return event.key() in needed


def keep_for_focus(event: QEvent) -> bool:
    """Keep a key from being a shortcut where the focus needs it; Qt asks every widget from there up to its window."""
    if event.type() is not QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
        return False
    widget = QApplication.focusWidget()
    if widget is None or not is_for(widget, event):
        return False
    event.accept()
    return True
