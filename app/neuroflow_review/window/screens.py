"""The screen that a window is on: when it is another one, or has another scale, millimetres are others."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QScreen, QWindow
from PySide6.QtWidgets import QWidget


class ScreenWatch(QObject):
    """``changed`` says that a window came to another screen, or that its screen was given another scale."""

    changed = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._handle: QWindow | None = None
        self._screen: QScreen | None = None

    def begin(self) -> None:
        """Whenever the window is shown: only then has it a place on a screen, and it may have been made anew."""
        handle = self._window.windowHandle()
        if handle is None or handle is self._handle:
            return
        self._handle = handle
        handle.screenChanged.connect(self._on_screen)
        self._watch(handle.screen())

    def _on_screen(self, screen: QScreen | None) -> None:
        self._watch(screen)
        self.changed.emit()

    def _watch(self, screen: QScreen | None) -> None:
        if self._screen is not None:
            self._screen.geometryChanged.disconnect(self._on_scale)
            self._screen.logicalDotsPerInchChanged.disconnect(self._on_scale)
        self._screen = screen
        if screen is not None:
            screen.geometryChanged.connect(self._on_scale)
            screen.logicalDotsPerInchChanged.connect(self._on_scale)

    def _on_scale(self, _: object) -> None:
        self.changed.emit()
