"""Playing a recording: the cursor runs over the page in real time or faster, and the page turns under it."""

from __future__ import annotations

import time
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from neuroflow_review.session.session import Session

SPEEDS: Final = (1, 2, 4, 8)
_TICK_MS = 40


class Player(QObject):
    """Stops at the recording's end, and with the recording."""

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.speed = 1
        self._at = self._then = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        session.opened.connect(self.stop)

    @property
    def playing(self) -> bool:
        return self._timer.isActive()

    def toggle(self) -> None:
        """Play from the cursor, where it is on the page, else from the page's start; or stop."""
        if self.playing:
            self.stop()
        elif self._session.recording is not None:
            span, cursor = self._session.state.span, self._session.cursor
            self._at = cursor if cursor is not None and span.start <= cursor < span.stop else span.start
            self._then = time.monotonic()
            self._timer.start()
            self.changed.emit()

    def stop(self, _recording: object = None) -> None:
        if self.playing:
            self._timer.stop()
            self.changed.emit()

    def set_speed(self, speed: int) -> None:
        """How many times faster than it was recorded."""
        self.speed = speed
        self.changed.emit()

    def _tick(self) -> None:
        session, recording = self._session, self._session.recording
        now = time.monotonic()
        # A reader who moves on while it plays takes the cursor along.
        if not session.state.span.start <= self._at <= session.state.span.stop:
            self._at = session.state.start
        self._at += (now - self._then) * self.speed
        self._then = now
        if recording is None or self._at >= recording.duration:
            self.stop()
            return
        if self._at >= session.state.span.stop:
            session.turn(1.0)
        session.set_cursor(self._at)
