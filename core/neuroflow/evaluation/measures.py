"""Measures of a distribution against the truth: pure functions on arrays."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def crps_of_samples(samples: Array, truth: Array) -> NDArray[np.float64]:
    """Continuous ranked probability score of n exchangeable samples, unbiased in n; same shape and unit as ``truth``.

    ``samples`` is (sample, ...). Source: Gneiting and Raftery 2007, equation 21, with the n (n - 1) denominator of
    Ferro 2014 so that scores of different n compare. Raises: ValueError for fewer than two samples.
    """
    count = samples.shape[0]
    if count < 2:
        raise ValueError("the score needs at least two samples")
    ordered = np.sort(samples.astype(np.float64), axis=0)
    error = np.abs(ordered - truth).mean(axis=0)
    weights = (2 * np.arange(1, count + 1) - count - 1).reshape(-1, *[1] * truth.ndim)
    spread = (weights * ordered).sum(axis=0) / (count * (count - 1))
    return np.asarray(error - spread)


def crps_of_normal(mean: Array, std: Array | float, truth: Array) -> NDArray[np.float64]:
    """The score of a normal distribution. Source: Gneiting and Raftery 2007, section 4.2."""
    from scipy.special import ndtr

    z = (np.asarray(truth, np.float64) - mean) / std
    density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return np.asarray(std * (z * (2.0 * ndtr(z) - 1.0) + 2.0 * density - 1.0 / math.sqrt(math.pi)))


def correlation(a: Array, b: Array, axis: int | tuple[int, ...] = -1) -> NDArray[np.float64]:
    """Pearson correlation over ``axis``."""
    a = a - a.mean(axis=axis, keepdims=True)
    b = b - b.mean(axis=axis, keepdims=True)
    over = np.sqrt(np.square(a).sum(axis=axis) * np.square(b).sum(axis=axis))
    return np.asarray((a * b).sum(axis=axis) / np.maximum(over, 1e-30))


def ranks(samples: Array, truth: Array) -> NDArray[np.int64]:
    """How many samples lie below the truth, 0 to n; uniform where the distribution is right. Shape of ``truth``."""
    return np.asarray((samples < truth).sum(axis=0))
