"""Lagged ridge regression from scalp to depth, pooled over patients: a baseline, and where the flow starts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuroflow.flow.model import average_reference, bounded

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)


class LaggedRidge:
    """Normal equations of depth on scalp at lags of -``lags`` to ``lags`` steps, gathered batch by batch.

    Everything is in the flow's units. Features are site-major: site * (2 lags + 1) + lag. A contact that a batch
    lacks is NaN there throughout; every moment is then the mean over the batches that have it (available-case
    estimates, Little and Rubin 2019, section 3.4), exact where nothing is missing.
    """

    def __init__(self, sites: int, contacts: int, lags: int) -> None:
        self.sites, self.contacts, self.lags = sites, contacts, lags
        width = sites * (2 * lags + 1)
        self.features: NDArray[np.float64] = np.zeros((width, width))
        self.cross: NDArray[np.float64] = np.zeros((width, contacts))
        self.depth: NDArray[np.float64] = np.zeros((contacts, contacts))
        self.seen: NDArray[np.float64] = np.zeros((contacts, contacts))  # steps at which both contacts were there
        self.seen_sites: NDArray[np.float64] = np.zeros((sites, sites))
        self.seen_cross: NDArray[np.float64] = np.zeros((sites, contacts))
        self.count = 0

    def add(self, scalp: Tensor, present: Tensor, depth: Tensor) -> None:
        """Take in a batch: scalp (batch, site, time) and depth (batch, contact, time), in the flow's units."""
        width = 2 * self.lags + 1
        clean = bounded(average_reference(scalp, present))
        # (batch, site, time - 2 lags, lag): the window around each step that the convolution will see.
        lagged = clean.unfold(2, width, 1)
        x = lagged.permute(0, 2, 1, 3).reshape(-1, self.sites * width).double().numpy()
        y = depth[..., self.lags : -self.lags].permute(0, 2, 1).reshape(-1, self.contacts).double().numpy()
        there = ~np.isnan(y).any(axis=0)
        y = np.where(there, y, 0.0)
        self.seen += y.shape[0] * np.outer(there, there)
        sites = present.double().numpy()
        self.seen_sites += lagged.shape[2] * sites.T @ sites
        self.seen_cross += lagged.shape[2] * np.outer(sites.sum(axis=0), there)
        self.features += x.T @ x
        self.cross += x.T @ y
        self.depth += y.T @ y
        self.count += x.shape[0]

    def merged(self, other: LaggedRidge) -> LaggedRidge:
        """The equations of both."""
        both = LaggedRidge(self.sites, self.contacts, self.lags)
        both.features, both.cross = self.features + other.features, self.cross + other.cross
        both.depth, both.seen = self.depth + other.depth, self.seen + other.seen
        both.seen_sites, both.seen_cross = self.seen_sites + other.seen_sites, self.seen_cross + other.seen_cross
        both.count = self.count + other.count
        return both

    def moments(self) -> tuple[Tensor, Tensor]:
        """Means of feature with feature and with depth, for :class:`neuroflow.flow.ridge.MontageRidge`.

        Where batches differ in their sites, each is the mean over those that have both (available cases).
        """
        width = 2 * self.lags + 1
        gram = self.features / np.maximum(np.kron(self.seen_sites, np.ones((width, width))), 1.0)
        if np.ptp(self.seen_sites[self.seen_sites > 0]) > 0:
            values, vectors = np.linalg.eigh(gram)
            gram = (vectors * values.clip(min=0.0)) @ vectors.T
        cross = self.cross / np.maximum(np.repeat(self.seen_cross, width, axis=0), 1.0)
        return torch.from_numpy(gram).float(), torch.from_numpy(cross).float()

    def weights(self, strength: float) -> NDArray[np.float64]:
        """Coefficients (feature, contact); ``strength`` is the penalty relative to the mean variance of a feature."""
        features, cross, _ = self._moments()
        penalty = strength * np.trace(features) / features.shape[0]
        return np.asarray(np.linalg.solve(features + penalty * np.eye(features.shape[0]), cross))

    def residual(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Covariance (contact, contact) of what coefficients leave of the depth gathered here."""
        features, cross, depth = self._moments()
        left = depth - weights.T @ cross - cross.T @ weights + weights.T @ features @ weights
        if self.seen.min() < self.count:
            # Moments over different batches need not make a covariance: what lies outside is moved to its edge.
            values, vectors = np.linalg.eigh(left)
            left = (vectors * values.clip(min=1e-3 * values.mean())) @ vectors.T
        return np.asarray(left)

    def _moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Means of feature with feature, feature with depth and depth with depth."""
        seen = np.maximum(self.seen, 1.0)
        return self.features / self.count, self.cross / np.diag(seen), self.depth / seen

    def solve(self, strength: float = 1e-2) -> tuple[Tensor, Tensor]:
        """Kernel of the convolution (contact, site, 2 lags + 1) and covariance of what it leaves (contact, contact)."""
        weights = self.weights(strength)
        kernel = weights.T.reshape(self.contacts, self.sites, 2 * self.lags + 1)
        return torch.from_numpy(kernel).float(), torch.from_numpy(self.residual(weights)).float()

    def best_strength(self, held_out: LaggedRidge, strengths: Sequence[float] = STRENGTHS) -> float:
        """The strength whose coefficients leave the least, relative to each contact's variance, of other patients."""
        size = np.diag(held_out.depth) / np.maximum(np.diag(held_out.seen), 1.0)

        def left(strength: float) -> float:
            return float(np.mean(np.diag(held_out.residual(self.weights(strength))) / size))

        return min(strengths, key=left)
