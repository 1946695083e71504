"""How unlike its training a scalp EEG is: sites that are too loud and patterns over the head that never were.

A flow knows nothing of what it has not seen, and answers all the same: an artefact of a few channels comes out as a
burst at the contacts. Both measures are of windows of a second: the rms of each site, and the Mahalanobis distance of
the pattern over the sites (Mahalanobis 1936; as novelty detection, Pimentel et al. 2014). The second finds
what no site alone is too loud for, such as a glance without a blink or the potential of one loose electrode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HOP_SECONDS = 0.25
# Added to every direction's variance, as a share of their mean: an amplifier a little noisier than the simulated ones
# is no novelty.
_FLOOR = 0.05
# Of windows of training, for either measure, those that count as novel.
_BEYOND = 0.001


@dataclass(frozen=True)
class Novelty:
    """Windows of a second from step ``first`` on (window,): ``rms`` (window, site) in volts, NaN where a site is absent
    and where less than half of a window was recorded; ``pattern`` (window,), somewhat below 1 on average in training.
    """

    first: NDArray[np.intp]
    rms: Array
    pattern: Array


@dataclass(frozen=True)
class Familiar:
    """The highest ``rms`` (site,) in volts and ``pattern`` that one window in a thousand of training exceeds."""

    rms: Array
    pattern: float


def novelty(
    scalp: NDArray[np.floating[Any]], present: NDArray[np.bool_], valid: NDArray[np.bool_], covariance: Array,
    rate: float, begin: int = 0,
) -> Novelty:  # fmt: skip
    """Measure scalp EEG (site, time) in volts, in any reference over the ``present`` (site,) of its sites.

    ``valid`` (time,) is false where nothing was recorded; ``covariance`` (site, site) in volts squared is that of
    training, in average reference. ``begin`` is the absolute step of the first: windows lie at whole multiples of
    :data:`HOP_SECONDS`, the same whichever stretch is asked for.
    """
    width, hop = round(rate), round(rate * HOP_SECONDS)
    x = scalp[present].astype(np.float64)
    x = np.where(valid, x - x.mean(axis=0), 0.0)
    first = np.arange(-begin % hop, x.shape[1] - width + 1, hop)
    count = _sums(valid[None].astype(np.float64), first, width)[0]
    count[count < width / 2] = np.nan
    rms = np.full((first.size, present.size), np.nan)
    rms[:, present] = np.sqrt(_sums(np.square(x), first, width) / count).T
    # Nothing is known of how a site that training never had goes with the others.
    known = covariance.diagonal()[present] > 0.0
    if known.sum() < 2:
        return Novelty(first, rms, 0.0 * count)
    here = np.flatnonzero(present)[known]
    whitened = _whitening(covariance[np.ix_(here, here)]) @ (x[known] - x[known].mean(axis=0))
    return Novelty(first, rms, _sums(np.square(whitened).mean(axis=0, keepdims=True), first, width)[0] / count)


def _sums(values: Array, first: NDArray[np.intp], width: int) -> Array:
    """Sums over windows, (row, window)."""
    total = np.concatenate([np.zeros((values.shape[0], 1)), np.cumsum(values, axis=1)], axis=1)
    # Rounding may leave a silence a little below zero.
    return np.asarray(np.maximum(total[:, first + width] - total[:, first], 0.0))


def _whitening(covariance: Array) -> Array:
    """From sites in average reference over themselves to directions of variance 1 in training, (site - 1, site)."""
    here = covariance - covariance.mean(axis=0)
    here = here - here.mean(axis=1, keepdims=True)
    variance, directions = np.linalg.eigh(here)  # ascending; the first is the reference, which holds nothing
    variance = np.maximum(variance[1:], 0.0)
    floor = max(_FLOOR * float(variance.mean()), np.finfo(np.float64).tiny)
    return np.asarray((directions[:, 1:] / np.sqrt(variance + floor)).T)


def familiar(seen: Sequence[Novelty]) -> Familiar:
    """The limits from what was measured in training.

    A site that was nowhere gets the limit of the loudest.
    """
    rms = np.concatenate([of.rms for of in seen])
    each = np.full(rms.shape[1], np.nan)
    there = ~np.isnan(rms).all(axis=0)
    each[there] = np.nanquantile(rms[:, there], 1 - _BEYOND, axis=0)
    each[~there] = np.nanmax(each)
    # All sites together: their limits are raised until any of them is passed as rarely as one was meant to be.
    each *= np.quantile(np.nanmax(rms / each, axis=1), 1 - _BEYOND)
    return Familiar(each, float(np.quantile(np.concatenate([of.pattern for of in seen]), 1 - _BEYOND)))
