"""Cancellation and progress, shared by everything that takes longer than half a second."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Cancelled(Exception):
    """Raised at a checkpoint of a job that was cancelled."""


class Control:
    """A token that a job polls: ``checkpoint()`` raises :class:`Cancelled` once ``cancel()`` was called.

    ``progress(fraction)`` may be given by the caller; fraction is in 0..1. So may ``way``, which waits while what is
    more urgent needs the drive. Every method may be called from any thread.
    """

    def __init__(
        self, progress: Callable[[float], None] | None = None, way: Callable[[Control], None] | None = None
    ) -> None:
        self._cancelled = threading.Event()
        self._kept = False
        self._lock = threading.Lock()
        self._progress = progress
        self._way = way

    def cancel(self) -> bool:
        """Stop at the next checkpoint; false where that is too late, because what was made is being put in place."""
        with self._lock:
            if not self._kept:
                self._cancelled.set()
            return not self._kept

    def keep(self) -> None:
        """The last checkpoint, before what was made is put in place: from here on nothing stops the job.

        Raises: Cancelled.
        """
        with self._lock:
            if self._cancelled.is_set():
                raise Cancelled
            self._kept = True

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

    def give_way(self) -> None:
        """A checkpoint at which a job that nobody waits for lets what is more urgent go first.

        Raises: Cancelled.
        """
        if self._way is not None:
            self._way(self)
        self.checkpoint()
