"""Bands from samples, as order statistics with the coverage that their number gives, and that was seen to hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Bands:
    """Median and two central bands of samples, each (contact, time) float32, in the samples' unit.

    ``coverage50`` and ``coverage90`` are the probabilities that the band holds, as near to the name as ``samples``
    draws allow: 0.5 and 0.9 for 39, 0.88 at most for 16. They are exact for a further draw; with a calibration they are
    of the truth, as it was measured.
    """

    median: NDArray[np.float32]
    low50: NDArray[np.float32]
    high50: NDArray[np.float32]
    low90: NDArray[np.float32]
    high90: NDArray[np.float32]
    coverage50: float
    coverage90: float
    samples: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """How often central bands of a ``stated`` probability ``held`` the truth, where the truth was known.

    Both rise from 0 to 1. ``measured_on`` says on what, in words. The default changes nothing.
    """

    stated: tuple[float, ...] = (0.0, 1.0)
    held: tuple[float, ...] = (0.0, 1.0)
    measured_on: str = ""

    def statement_for(self, coverage: float) -> float:
        """What to ask of the samples for a band that holds the truth so often."""
        return float(np.interp(coverage, self.held, self.stated))

    def holds(self, stated: float) -> float:
        """How often a band of a stated probability holds the truth."""
        return float(np.interp(stated, self.stated, self.held))


EXACT = Calibration()


@dataclass(frozen=True, slots=True)
class Interval:
    """Positions among n ordered draws (0-based, may lie between two), and the coverage of what is between them."""

    low: float
    high: float
    coverage: float


def interval(n: int, coverage: float, calibration: Calibration = EXACT) -> Interval:
    """The central interval of n draws for a coverage, or the widest there is where n draws cannot reach it.

    Without a calibration the ends are order statistics and the coverage is exact. With one they may lie between two
    order statistics (Hutson 1999, J. Appl. Stat. 26:343-353), since whole ranks are too coarse to move a band by a
    per cent. Raises: ValueError as :func:`interval_ranks`.
    """
    low, high = interval_ranks(n, coverage)
    if calibration == EXACT:
        return Interval(low, high, exact_coverage(n, low, high))
    position = max((n - 1 - calibration.statement_for(coverage) * (n + 1)) / 2, 0.0)
    position = min(position, (n - 1) / 2)
    return Interval(position, n - 1 - position, calibration.holds((n - 1 - 2 * position) / (n + 1)))


def at_position(ordered: NDArray[np.floating[Any]], position: float) -> NDArray[np.floating[Any]]:
    """The value (...,) at a position among draws (..., n) in ascending order, linear between two."""
    below = int(position)
    share = position - below
    if share < 1e-9:
        return ordered[..., below]
    return np.asarray((1.0 - share) * ordered[..., below] + share * ordered[..., below + 1], dtype=ordered.dtype)


def exact_coverage(n: int, low: int, high: int) -> float:
    """Probability that a further draw falls between the order statistics of ranks ``low`` and ``high`` (0-based) of n.

    (high - low) / (n + 1), whatever the continuous distribution is (Wilks 1941, Ann. Math. Stat. 12:91-96). Raises:
    ValueError for ranks out of order or out of 0..n-1.
    """
    if not 0 <= low <= high < n:
        raise ValueError(f"ranks {low} and {high} are no interval of {n} order statistics")
    return (high - low) / (n + 1)


def interval_ranks(n: int, coverage: float) -> tuple[int, int]:
    """Ranks (0-based) of the narrowest symmetric interval of n draws that covers a further draw at least so often.

    Where n draws cannot reach ``coverage``, the whole range (0, n - 1). For n = 39: (1, 37) is 90 % and (9, 29) is 50 %
    exactly. Raises: ValueError for n < 1 or a coverage outside 0..1.
    """
    if n < 1:
        raise ValueError(f"an interval needs at least one sample, not {n}")
    if not 0 <= coverage <= 1:
        raise ValueError(f"coverage is a probability, not {coverage}")
    # high = n - 1 - low by symmetry; 1e-9 keeps 0.9 * 40 from being a hair above 36.
    low = int((n - 1 - coverage * (n + 1) + 1e-9) // 2)
    low = max(low, 0)
    return low, n - 1 - low


def bands(samples: NDArray[np.floating[Any]], calibration: Calibration = EXACT) -> Bands:
    """Median, 50 % and 90 % bands of samples (sample, contact, time); NaN in any sample makes the bands NaN there.

    Raises: ValueError where there is no sample or the shape is another.
    """
    if samples.ndim != 3 or samples.shape[0] < 1:
        raise ValueError(f"samples must be (sample, contact, time) with at least one sample, not {samples.shape}")
    n, contacts, times = samples.shape
    # Draws next to each other in memory: sorting 39 neighbours is several times faster than sorting along axis 0.
    ordered = np.ascontiguousarray(samples.reshape(n, contacts * times).T, dtype=np.float32)
    ordered.sort(axis=-1)
    ordered[np.isnan(ordered[:, -1])] = np.nan  # NaN sorts last

    def at(position: float) -> NDArray[np.float32]:
        out: NDArray[np.float32] = np.ascontiguousarray(at_position(ordered, position), np.float32)
        return out.reshape(contacts, times)

    inner, outer = interval(n, 0.5, calibration), interval(n, 0.9, calibration)
    return Bands(
        median=at((n - 1) / 2),
        low50=at(inner.low),
        high50=at(inner.high),
        low90=at(outer.low),
        high90=at(outer.high),
        coverage50=inner.coverage,
        coverage90=outer.coverage,
        samples=n,
    )
