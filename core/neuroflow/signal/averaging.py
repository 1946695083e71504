"""Averages of events that recur: aligned to the peak of one trace, with the error of their mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def deflections(epochs: NDArray[np.floating[Any]], centre: int, reach: int) -> NDArray[np.float64]:
    """Largest deflection up and down (…, 2), both positive, of epochs (…, time) within ``reach`` samples of ``centre``.

    Each epoch counts from its own mean: an offset is no deflection. Raises: ValueError where an epoch is too short.
    """
    near = epochs[..., _within(epochs.shape[-1], centre, reach)] - epochs.mean(axis=-1, keepdims=True)
    return np.asarray(np.stack([near.max(axis=-1), -near.min(axis=-1)], axis=-1), dtype=np.float64)


def polarity(epochs: NDArray[np.floating[Any]], centre: int, reach: int) -> int:
    """The sign, 1 or -1, of the larger deflection of (event, time) epochs near ``centre``, over all of them.

    One sign for all: events that were each aligned to whichever of their peaks is larger would cancel in the average.
    """
    up, down = np.median(deflections(epochs, centre, reach), axis=0)
    return 1 if up > down else -1


def peak(epoch: NDArray[np.floating[Any]], centre: int, reach: int, sign: int) -> int:
    """Index of the largest deflection of a sign within ``reach`` samples either side of ``centre``; of two, the first.

    ``epoch`` (time,). Raises: ValueError where the stretch does not lie in it.
    """
    near = _within(epoch.shape[0], centre, reach)
    return centre - reach + int(np.argmax(sign * epoch[near]))


def _within(length: int, centre: int, reach: int) -> slice:
    first, last = centre - reach, centre + reach + 1
    if reach < 0 or first < 0 or last > length:
        raise ValueError(f"samples {first} to {last - 1} do not all lie in an epoch of {length}")
    return slice(first, last)


@dataclass(frozen=True, slots=True, eq=False)
class Mean:
    """Mean (channel, time) of ``count`` epochs and its standard error, NaN of one epoch alone; in their unit."""

    count: int
    mean: Array
    error: Array


class Averager:
    """Takes epochs (channel, time) one by one and holds no more than their sums.

    Source: Welford 1962 (Technometrics 4:419–420), which keeps its precision where the mean is large.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.count = 0
        self._mean, self._squares = np.zeros(shape), np.zeros(shape)

    def add(self, epoch: NDArray[np.floating[Any]]) -> None:
        """Raises: ValueError for an epoch of another shape, or one in which a sample is missing."""
        if epoch.shape != self._mean.shape or not np.isfinite(epoch).all():
            raise ValueError(f"an epoch has the shape {self._mean.shape} and no sample that is missing")
        self.count += 1
        away = epoch - self._mean
        self._mean += away / self.count
        self._squares += away * (epoch - self._mean)

    def result(self) -> Mean:
        """Raises: ValueError where there was no epoch."""
        if not self.count:
            raise ValueError("nothing was averaged")
        if self.count == 1:
            return Mean(1, self._mean.copy(), np.full(self._mean.shape, np.nan))
        error = np.sqrt(self._squares / (self.count - 1) / self.count)
        return Mean(self.count, self._mean.copy(), error)
