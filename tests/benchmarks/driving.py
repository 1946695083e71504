"""Drives a real window for benchmarks and endurance: open, turn, reconstruct, and wait until it is painted."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication

from neuroflow.recording import Span
from neuroflow_review.session import Session
from neuroflow_review.session.backend import InstalledModel
from neuroflow_review.settings import Settings
from neuroflow_review.window import ReviewWindow

_LIMIT_SECONDS = 300.0


class Paints(QObject):
    """Counts the paint events of a widget."""

    count = 0

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.count += 1
        return False


class Driver:
    """A window with settings of its own, which touch nothing of the user's."""

    def __init__(self, size: tuple[int, int]) -> None:
        instance = QApplication.instance()
        self.app = instance if isinstance(instance, QApplication) else QApplication(["bench"])
        sys.setswitchinterval(0.0005)  # as the application does
        # Marks, too: those of a copy that is gone would otherwise be kept in the user's folder, as of the original.
        self._own = TemporaryDirectory(ignore_cleanup_errors=True)
        self.session = Session(Settings(None), make_backend=InstalledModel, reviews=Path(self._own.name))
        self.window = ReviewWindow(self.session, look="light")
        self.window.resize(*size)
        self.paints = Paints(self.window)
        self.window.page.installEventFilter(self.paints)
        self.window.show()
        self.app.processEvents()

    def until(self, done: Callable[[], bool]) -> None:
        """Run the event loop until something holds. Raises: TimeoutError."""
        limit = time.monotonic() + _LIMIT_SECONDS
        while not done():
            self.app.processEvents()
            if time.monotonic() > limit:
                raise TimeoutError("the window did not get there")
            time.sleep(0.0002)

    def wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end)

    def open(self, path: str, at: float = 0.0) -> None:
        """Open a recording and wait until its first page is painted."""
        self.session.load_model()
        self.session.open(path, at)
        self.until(lambda: self.session.recording is not None and self.window.page.drawn)
        before = self.paints.count
        self.window.page.update()
        self.until(lambda: self.paints.count > before)

    def held(self, step: Callable[[], object]) -> float:
        """Do something; the longest time (s) in one piece that the window's thread works for it, lanes not counted."""
        began = time.thread_time()
        step()
        longest = time.thread_time() - began
        end = time.monotonic() + 0.6
        while time.monotonic() < end:
            began = time.thread_time()
            self.app.processEvents()
            longest = max(longest, time.thread_time() - began)
            time.sleep(0.0005)
        return longest

    def turn(self) -> float:
        """Turn to the next page; seconds until it is painted."""
        before, began = self.paints.count, time.perf_counter()
        self.session.turn(1)
        self.until(lambda: self.window.page.drawn and self.paints.count > before)
        return time.perf_counter() - began

    def reconstruct(self) -> float:
        """Reconstruct the page; seconds until its bands are there."""
        self.until(lambda: self.session.reconstruction.ready)
        began = time.perf_counter()
        self.session.reconstruct_page()
        self.until(lambda: self.session.reconstruction.page_complete and self.window.feeds.settled)
        return time.perf_counter() - began

    def close(self) -> None:
        self.window.close()
        self.window.leave()
        self.window.deleteLater()
        self.app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        self.app.processEvents()
        self._own.cleanup()


def event_loop_gaps(driver: Driver, minutes: float) -> list[float]:
    """Seconds between turns of the event loop while the first ``minutes`` are reconstructed and pages are turned."""
    session = driver.session
    session.reconstruction.ask_span(Span(0.0, 60.0 * minutes), "selection", session.state.bad)
    gaps: list[float] = []
    last = turned = time.perf_counter()
    while session.reconstruction.computing:
        driver.app.processEvents()
        now = time.perf_counter()
        gaps.append(now - last)
        last = now
        if now - turned > 2.0:
            turned = now
            session.turn(1 if session.state.start < 60.0 * minutes - 20.0 else -30)
        time.sleep(0.001)
    return gaps or [0.0]
