"""How alike contacts are, by how far apart they stand, the same way for simulated and real recordings.

A common reference adds one signal to every contact and makes all of them alike; taking off the mean of all contacts
shows what is left without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroflow.simulation.noise import MODEL_BAND, band_limit

Array = NDArray[np.float64]
Names = Sequence[tuple[str, int]]


@dataclass(frozen=True)
class Correlation:
    """Mean correlation of contacts by how many apart they stand on one shaft, and ``across`` shafts."""

    within: dict[int, float]
    across: float


@dataclass(frozen=True)
class Correlations:
    """As recorded, and with the mean of all contacts taken off."""

    recorded: Correlation
    averaged: Correlation


def correlations(data: Array, names: Names) -> Correlations:
    """Of one stretch (contact, time) in the band, its contacts named by shaft and number along it."""
    return Correlations(_correlation(data, names), _correlation(data - data.mean(axis=0), names))


def mean_correlation(many: Sequence[Correlation]) -> Correlation:
    """The mean over stretches or recordings; not a number across shafts where there is but one."""
    apart = sorted({k for one in many for k in one.within})
    within = {k: float(np.mean([one.within[k] for one in many if k in one.within])) for k in apart}
    return Correlation(within, float(np.mean([one.across for one in many])))


def in_band(data: Array, rate: float) -> Array:
    """Samples (contact, time) within the model's band, with odd reflections beyond the ends."""
    margin = min(round(2 * rate), data.shape[1] - 1)
    padded = np.pad(data, ((0, 0), (margin, margin)), mode="reflect", reflect_type="odd").astype(np.float32)
    return np.asarray(band_limit(padded, rate, MODEL_BAND)[:, margin:-margin], dtype=np.float64)


def _correlation(data: Array, names: Names) -> Correlation:
    r = np.atleast_2d(np.corrcoef(data))
    within: dict[int, list[float]] = {}
    across: list[float] = []
    for i, (shaft, number) in enumerate(names):
        for j, (other, its) in enumerate(names[:i]):
            if shaft == other:
                within.setdefault(abs(number - its), []).append(float(r[i, j]))
            else:
                across.append(float(r[i, j]))
    means = {apart: float(np.mean(values)) for apart, values in sorted(within.items())}
    return Correlation(means, float(np.mean(across)) if across else float("nan"))
