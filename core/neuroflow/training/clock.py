"""A clock of optimisation: it counts the updates that were made, not the hours that went by."""

from __future__ import annotations

from collections import deque
from statistics import median

_REMEMBERED = 31
_ENOUGH = 5
_FIRST_CAP_SECONDS = 30.0
_CAP = 4.0


class TrainingClock:
    """Adds up the durations of updates, each capped at four times the median of those before it.

    A process that was stopped or a machine that slept shows up as one update that took very long, and nothing but the
    cap is taken off the budget. Until five updates are known the cap is half a minute.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self._recent: deque[float] = deque(maxlen=_REMEMBERED)

    def add(self, duration: float) -> float:
        """Take in the duration of an update; returns how much of it counts, in seconds."""
        cap = _CAP * median(self._recent) if len(self._recent) >= _ENOUGH else _FIRST_CAP_SECONDS
        counted = min(max(duration, 0.0), cap)
        self._recent.append(counted)
        self.seconds += counted
        return counted
