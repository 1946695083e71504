"""Cancellation and progress, shared by everything that takes longer than half a second."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Cancelled(Exception):
    """Raised at a checkpoint of a job that was cancelled."""


class Control:
    """A token that a job polls: ``checkpoint()`` raises :class:`Cancelled` once ``cancel()`` was called.

    ``progress(fraction)`` may be given by the caller; fraction is in 0..1. Both methods may be called from any thread.
    """

    def __init__(self, progress: Callable[[float], None] | None = None) -> None:
        self._cancelled = threading.Event()
        self._progress = progress

    def cancel(self) -> None:
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def checkpoint(self, fraction: float | None = None) -> None:
        """Report progress if given, and stop here if cancelled.

        Raises: Cancelled.
        """
        if self._cancelled.is_set():
            raise Cancelled
        if fraction is not None and self._progress is not None:
            self._progress(fraction)
