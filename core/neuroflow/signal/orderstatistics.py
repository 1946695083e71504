"""Bands from samples, as order statistics with the coverage that the number of samples gives exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Bands:
    """Median and two central bands of samples, each (contact, time) float32, in the samples' unit.

    ``coverage50`` and ``coverage90`` are the exact probabilities that a further draw falls within the band, which is as
    near to the name as ``samples`` draws allow: 0.5 and 0.9 for 39, 0.88 at most for 16.
    """

    median: NDArray[np.float32]
    low50: NDArray[np.float32]
    high50: NDArray[np.float32]
    low90: NDArray[np.float32]
    high90: NDArray[np.float32]
    coverage50: float
    coverage90: float
    samples: int


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


def bands(samples: NDArray[np.floating[Any]]) -> Bands:
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

    def rank(k: int) -> NDArray[np.float32]:
        out: NDArray[np.float32] = np.ascontiguousarray(ordered[:, k]).reshape(contacts, times)
        return out

    upper = rank(n // 2)
    median = upper if n % 2 else (rank(n // 2 - 1) + upper) * np.float32(0.5)
    inner, outer = interval_ranks(n, 0.5), interval_ranks(n, 0.9)
    return Bands(
        median=median,
        low50=rank(inner[0]),
        high50=rank(inner[1]),
        low90=rank(outer[0]),
        high90=rank(outer[1]),
        coverage50=exact_coverage(n, *inner),
        coverage90=exact_coverage(n, *outer),
        samples=n,
    )
