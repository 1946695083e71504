"""The linear part of the flow: a lagged ridge regression from scalp to depth, pooled over patients."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuroflow.flow.model import average_reference, bounded


class LaggedRidge:
    """Normal equations of depth on scalp at lags of -``lags`` to ``lags`` steps, gathered batch by batch.

    Everything is in the flow's units. Features are site-major: site * (2 lags + 1) + lag.
    """

    def __init__(self, sites: int, contacts: int, lags: int) -> None:
        self.sites, self.contacts, self.lags = sites, contacts, lags
        width = sites * (2 * lags + 1)
        self.features: NDArray[np.float64] = np.zeros((width, width))
        self.cross: NDArray[np.float64] = np.zeros((width, contacts))
        self.depth: NDArray[np.float64] = np.zeros((contacts, contacts))
        self.count = 0

    def add(self, scalp: Tensor, present: Tensor, depth: Tensor) -> None:
        """Take in a batch: scalp (batch, site, time) and depth (batch, contact, time), in the flow's units."""
        width = 2 * self.lags + 1
        clean = bounded(average_reference(scalp, present))
        # (batch, site, time - 2 lags, lag): the window around each step that the convolution will see.
        lagged = clean.unfold(2, width, 1)
        x = lagged.permute(0, 2, 1, 3).reshape(-1, self.sites * width).double().numpy()
        y = depth[..., self.lags : -self.lags].permute(0, 2, 1).reshape(-1, self.contacts).double().numpy()
        self.features += x.T @ x
        self.cross += x.T @ y
        self.depth += y.T @ y
        self.count += x.shape[0]

    def solve(self, strength: float = 1e-2) -> tuple[Tensor, Tensor]:
        """Kernel of the convolution (contact, site, 2 lags + 1) and covariance of what it leaves (contact, contact).

        ``strength`` is the ridge penalty relative to the mean variance of a feature.
        """
        penalty = strength * np.trace(self.features) / self.features.shape[0]
        weights = np.linalg.solve(self.features + penalty * np.eye(self.features.shape[0]), self.cross)
        residual = self.depth - weights.T @ self.cross - self.cross.T @ weights + weights.T @ self.features @ weights
        kernel = weights.T.reshape(self.contacts, self.sites, 2 * self.lags + 1)
        return torch.from_numpy(kernel).float(), torch.from_numpy(residual / self.count).float()
