"""A panel whose picture is made once and shown many times; the pictures of several are made one after the other."""

from __future__ import annotations

import math
from collections import deque
from typing import ClassVar

import shiboken6
from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QApplication, QWidget

_NEW_PICTURE = (QEvent.Type.FontChange, QEvent.Type.ApplicationFontChange, QEvent.Type.DevicePixelRatioChange)


class Canvas(QWidget):
    """Draws what does not follow the pointer into a pixmap, and the rest over it.

    A page that turns changes every panel. Painted in one event they would hold the window for their sum, which the
    lanes that compute stretch several times over; so each makes its picture in a turn of the event loop of its own,
    and shows the one that it has until then.
    """

    own_keys: ClassVar[frozenset[Qt.Key]] = frozenset()
    """Pressed alone while the panel has the focus, they are its own, and no shortcuts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: QPixmap | None = None
        self._outdated = True

    def draw(self, painter: QPainter) -> None:
        """Draw what does not follow the pointer."""
        raise NotImplementedError

    def draw_moving(self, painter: QPainter) -> None:
        """Draw what does, over it."""

    def redraw(self) -> None:
        """Ask for another picture."""
        self._outdated = True
        if self.isVisible():
            _Turns.of_application().ask(self)

    @property
    def fresh(self) -> bool:
        """Whether the picture is of what was last set."""
        return not self._outdated

    def make_picture(self) -> QPixmap:
        """Draw now."""
        ratio = self.devicePixelRatioF()
        size = QSize(math.ceil(self.width() * ratio), math.ceil(self.height() * ratio))
        picture = QPixmap(size.expandedTo(QSize(1, 1)))
        picture.setDevicePixelRatio(ratio)
        with QPainter(picture) as painter:
            self.draw(painter)
        self._picture, self._outdated = picture, False
        return picture

    def show_now(self) -> None:
        """Draw and paint before anything else is done: for the panel that the reader waits for."""
        if self.isVisible():
            if self._outdated:
                self.make_picture()
            self.repaint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        picture = self._picture
        if picture is None or (self._outdated and not _Turns.of_application().awaits(self)):
            picture = self.make_picture()
        with QPainter(self) as painter:
            painter.drawPixmap(0, 0, picture)
            self.draw_moving(painter)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._picture, self._outdated = None, True
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in _NEW_PICTURE:
            self._picture, self._outdated = None, True
            self.update()
        super().changeEvent(event)


class _Turns(QObject):
    """Canvases that wait for their picture: one a turn of the event loop, in the order in which they asked."""

    def __init__(self, application: QObject) -> None:
        super().__init__(application)
        self._waiting: deque[Canvas] = deque()
        self._next = QTimer(self)
        self._next.setInterval(0)
        self._next.timeout.connect(self._draw_next)

    @staticmethod
    def of_application() -> _Turns:
        application = QApplication.instance()
        assert application is not None
        found: _Turns | None = application.findChild(_Turns)
        return found if found is not None else _Turns(application)

    def ask(self, canvas: Canvas) -> None:
        if canvas not in self._waiting:
            self._waiting.append(canvas)
        self._next.start()

    def awaits(self, canvas: Canvas) -> bool:
        return canvas in self._waiting

    def _draw_next(self) -> None:
        while self._waiting:
            canvas = self._waiting.popleft()
            if shiboken6.isValid(canvas) and canvas.isVisible() and not canvas.fresh:
                canvas.make_picture()
                canvas.update()
                break
        if not self._waiting:
            self._next.stop()
