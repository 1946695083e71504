"""Measures of a distribution against the truth: pure functions on arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

CALIBRATION_BINS = 10


def crps_of_samples(samples: Array, truth: Array) -> NDArray[np.float64]:
    """Continuous ranked probability score of n exchangeable samples, unbiased in n; same shape and unit as ``truth``.

    ``samples`` is (sample, ...). Source: Gneiting and Raftery 2007, equation 21, with the n (n - 1) denominator of
    Ferro 2014 so that scores of different n compare. Raises: ValueError for fewer than two samples.
    """
    return crps_and_ranks(samples, truth)[0]


def crps_and_ranks(samples: Array, truth: Array) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """:func:`crps_of_samples` and :func:`ranks` in one pass over the samples.

    Draws are brought next to each other in memory first: sorting a hundred neighbours is several times faster than
    sorting along the first axis.
    """
    count = samples.shape[0]
    if count < 2:
        raise ValueError("the score needs at least two samples")
    ordered = np.ascontiguousarray(samples.reshape(count, -1).T)
    ordered.sort(axis=1)
    value = truth.reshape(-1, 1).astype(ordered.dtype)
    rank = (ordered < value).sum(axis=1)
    # mean |x - y| from sums on either side of the truth, both of differences to it, so that nothing large cancels.
    ordered -= value
    weights = (2.0 * np.arange(1, count + 1) - count - 1).astype(ordered.dtype)
    spread = (ordered @ weights).astype(np.float64) / (count * (count - 1))
    error = np.abs(ordered, out=ordered).mean(axis=1, dtype=ordered.dtype).astype(np.float64)
    return (error - spread).reshape(truth.shape), rank.reshape(truth.shape)


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


# Sums that add over windows and patients ------------------------------------------------------------------------------

SUMS = 7


def sums_of(estimate: Array, truth: Array, crps: Array, kinds: Array) -> NDArray[np.float64]:
    """Sums of 1, x, y, x², y², xy and the CRPS, (SUMS, contact, kind), of estimates and truths (contact, time).

    ``kinds`` (kind, time) is 1 where a step counts. A contact whose truth is not known throughout adds nothing.
    """
    known = np.asarray(np.isfinite(truth).all(axis=1))
    x, y, score = (np.where(known[:, None], v, 0.0) for v in (estimate, truth, crps))
    one = np.broadcast_to(known[:, None].astype(np.float64), y.shape)
    return np.asarray(np.stack([one, x, y, x * x, y * y, x * y, score]) @ np.asarray(kinds, np.float64).T)


def r_of(sums: Array) -> NDArray[np.float64]:
    """Pearson correlation from :func:`sums_of` (SUMS, …); 0 where the estimate is constant, NaN where nothing is."""
    n, x, y, xx, yy, xy, _ = np.asarray(sums, np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b = xx - x * x / n, yy - y * y / n
        r = (xy - x * y / n) / np.sqrt(np.maximum(a, 0.0) * np.maximum(b, 0.0))
        return np.asarray(np.where((n > 0) & ~np.isfinite(r), 0.0, r))


def rmse_of(sums: Array) -> NDArray[np.float64]:
    """Root mean square error from :func:`sums_of` (SUMS, …)."""
    n, _, _, xx, yy, xy, _ = np.asarray(sums, np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.sqrt(np.maximum(xx + yy - 2.0 * xy, 0.0) / n))


def crps_of(sums: Array) -> NDArray[np.float64]:
    """Mean CRPS from :func:`sums_of` (SUMS, …)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums[6] / sums[0])


# Ranks ----------------------------------------------------------------------------------------------------------------


def rank_counts(rank: NDArray[np.int64], draws: int, known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How often each rank 0..draws came, (contact, draws + 1), of ranks (contact, time); none where not ``known``."""
    contacts = rank.shape[0]
    cell = rank[known] + (draws + 1) * np.flatnonzero(known)[:, None]
    return np.bincount(cell.ravel(), minlength=contacts * (draws + 1)).reshape(contacts, draws + 1)


def coverage_by_rank(counts: NDArray[np.int64], coverage: float) -> NDArray[np.float64]:
    """Share of truths inside the central interval of this nominal coverage, from counts of ranks (…, draws + 1).

    Between n order statistics a further draw falls (high - low) / (n + 1) of the time. Where n draws have no interval
    of exactly this coverage, the shares of the next narrower and wider are interpolated. NaN where nothing was counted.
    """
    draws = counts.shape[-1] - 1
    total = counts.sum(axis=-1)
    below = np.concatenate([np.zeros((*counts.shape[:-1], 1)), np.cumsum(counts, axis=-1)], axis=-1)
    # Leave out this many ranks at either end; with 99 draws and 90 % it is five of a hundred.
    out = 0.5 * (1.0 - coverage) * (draws + 1)
    position = np.arange(draws + 2)

    def count_below(at: float) -> NDArray[np.float64]:
        low = min(int(at), draws)
        share = at - position[low]
        return np.asarray((1 - share) * below[..., low] + share * below[..., low + 1])

    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((count_below(draws + 1 - out) - count_below(out)) / total)


def uniformity(rank: NDArray[np.int64], draws: int, bins: int = CALIBRATION_BINS) -> tuple[NDArray[np.int64], float]:
    """Counts of ranks 0..draws in ``bins`` equal bins, and p of the chi-square test that they are uniform.

    Simulation-based calibration: where the truth is one more draw of the posterior its rank is uniform (Talts et al.
    2018, theorem 1). Raises: ValueError where ``draws`` + 1 ranks do not divide into the bins or there is no rank.
    """
    from scipy.stats import chisquare

    if (draws + 1) % bins or rank.size == 0:
        raise ValueError(f"{rank.size} ranks of {draws + 1} values do not go into {bins} equal bins")
    counts = np.bincount(rank // ((draws + 1) // bins), minlength=bins)
    return counts, float(chisquare(counts).pvalue)


def calibration_of_ranks(rms: NDArray[np.int64], peak: NDArray[np.int64], draws: int) -> dict[str, Any]:
    """How uniform the ranks 0..draws of windows' rms and peak are: ``windows``, and ``p`` and ``counts`` of each.

    Empty where there is none, or where so many ranks do not go into the bins.
    """
    if rms.size == 0 or (draws + 1) % CALIBRATION_BINS:
        return {}
    out: dict[str, Any] = {"windows": rms.size}
    for name, rank in (("rms", rms), ("peak", peak)):
        counts, p = uniformity(rank, draws, CALIBRATION_BINS)
        out[name] = {"p": p, "counts": counts.tolist()}
    return out
