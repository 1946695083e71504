"""Hum of the mains: which of 50 and 60 Hz stands out of the spectrum beside it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroflow.signal.filters import NOTCHES

Array = NDArray[np.float64]

LEAST_RISE_DB: Final = 10.0
"""What is taken for hum: chance lifts the peak of a page of noise by half as much."""

_WITHIN = 1.0  # Hz: the mains wander by a tenth, and a taper spreads a tone over half a hertz either side
_BESIDE = (3.0, 8.0)  # Hz from the mains to their neighbours, of which neither mains is one
_FEWEST_BINS = 3


def hum(frequencies: Array, density: Array) -> float | None:
    """The mains frequency (Hz) whose notch is worth suggesting for densities (trace, frequency) in any unit, or None.

    The one that stands furthest out of its neighbours, :data:`LEAST_RISE_DB` or more in the median trace. Mains that
    the spectrum does not reach beyond are not looked for: a notch there would do nothing. Traces that are not finite,
    or flat, count for nothing.
    """
    rises = {mains: _rise(frequencies, density, mains) for mains in NOTCHES}
    best = max(rises, key=lambda mains: rises[mains])
    return best if rises[best] >= LEAST_RISE_DB else None


def _rise(frequencies: Array, density: Array, mains: float) -> float:
    """By how many decibels the mains stand out of what is beside them, in the median trace; −∞ where none says."""
    away = np.abs(frequencies - mains)
    within, beside = away <= _WITHIN, (away >= _BESIDE[0]) & (away <= _BESIDE[1])
    if not frequencies.size or frequencies[-1] < mains + _WITHIN or beside.sum() < _FEWEST_BINS:
        return -np.inf
    peak, level = density[:, within].max(axis=1), np.median(density[:, beside], axis=1)
    told = np.isfinite(peak) & np.isfinite(level) & (level > 0)
    return float(np.median(10.0 * np.log10(peak[told] / level[told]))) if told.any() else -np.inf
