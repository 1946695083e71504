"""Vector autoregression: the density of what a regression leaves, with its memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Autocovariance:
    """Sums of x(t + k) x(t)ᵀ for lags 0 to ``order``, gathered stretch by stretch of zero-mean signals."""

    def __init__(self, channels: int, order: int) -> None:
        self.order = order
        self._sums: Array = np.zeros((order + 1, channels, channels))
        self._count = 0

    def add(self, x: NDArray[np.floating]) -> None:
        """Take in a stretch (channel, time)."""
        x = np.asarray(x, np.float64)
        steps = x.shape[1]
        for k in range(self.order + 1):
            self._sums[k] += x[:, k:] @ x[:, : steps - k].T
        self._count += steps

    def value(self) -> Array:
        """Autocovariance (lag, channel, channel). Dividing by all steps, not steps - k, keeps it positive definite."""
        return np.asarray(self._sums / max(self._count, 1))


@dataclass(frozen=True)
class Autoregression:
    """x(t) = Σₖ coefficients[k - 1] x(t - k) + e(t), e normal with covariance ``innovation`` (channel, channel).

    ``coefficients`` (lag, channel, channel); ``autocovariance`` (lag, channel, channel) of lags 0 to order - 1.
    """

    coefficients: Array
    innovation: Array
    autocovariance: Array

    @property
    def order(self) -> int:
        return int(self.coefficients.shape[0])

    def log_prob(self, x: NDArray[np.floating]) -> float:
        """Exact log density in nats of a stretch (channel, time) at least ``order`` long, the process being stationary.

        The first ``order`` steps by their joint normal, each one after by its innovation.
        Source: Lütkepohl 2005, section 3.4.
        """
        x = np.asarray(x, np.float64)
        p, channels = self.order, x.shape[0]
        if x.shape[1] < p:
            raise ValueError(f"{x.shape[1]} steps are fewer than the order {p}")
        start = _log_normal(np.asarray(x[:, :p].T.reshape(1, -1)), self._start)
        past = np.concatenate([x[:, p - k : x.shape[1] - k] for k in range(1, p + 1)])
        error = x[:, p:] - np.concatenate(list(self.coefficients), axis=1) @ past
        assert error.shape[0] == channels
        return start + _log_normal(error.T, self._step)

    @cached_property
    def _start(self) -> Array:
        """Cholesky factor of the first steps' covariance."""
        return np.asarray(np.linalg.cholesky(_toeplitz(self.autocovariance)), np.float64)

    @cached_property
    def _step(self) -> Array:
        return np.asarray(np.linalg.cholesky(self.innovation), np.float64)


def fit(autocovariance: Array) -> Autoregression:
    """The autoregression of order ``len(autocovariance) - 1`` by the Yule-Walker equations.

    Its own autocovariance at these lags is the given one. Source: Lütkepohl 2005, section 3.3.4.
    """
    order, channels = autocovariance.shape[0] - 1, autocovariance.shape[1]
    joint = _toeplitz(autocovariance[:-1])
    ahead = np.concatenate(list(autocovariance[1:]), axis=1)  # E x(t) [x(t-1); … x(t-p)]ᵀ
    # The Toeplitz matrix is of x(1), x(2) …; the past is wanted latest first, which swaps blocks end for end.
    flipped = joint.reshape(order, channels, order, channels)[::-1, :, ::-1].reshape(joint.shape)
    coefficients = np.linalg.solve(flipped, ahead.T).T
    innovation = autocovariance[0] - coefficients @ ahead.T
    stacked = coefficients.reshape(channels, order, channels).transpose(1, 0, 2)
    return Autoregression(stacked, 0.5 * (innovation + innovation.T), autocovariance[:-1].copy())


def _toeplitz(autocovariance: Array) -> Array:
    """Covariance of consecutive steps stacked, (lag * channel, lag * channel)."""
    order, channels = autocovariance.shape[:2]
    out = np.empty((order, channels, order, channels))
    for i in range(order):
        for j in range(order):
            lag = autocovariance[abs(i - j)]
            out[i, :, j] = lag if i >= j else lag.T
    return out.reshape(order * channels, order * channels)


def _log_normal(rows: Array, lower: Array) -> float:
    """Sum of log densities of rows (row, channel) under a zero-mean normal, by its covariance's Cholesky factor."""
    from scipy.linalg import solve_triangular

    white = solve_triangular(lower, rows.T, lower=True)
    log_det = 2.0 * float(np.log(np.diag(lower)).sum())
    count, channels = rows.shape
    return float(-0.5 * (np.square(white).sum() + count * (log_det + channels * math.log(2.0 * math.pi))))
