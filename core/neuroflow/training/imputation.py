"""Contacts that a recording lacks, drawn from what the flow began with."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor

from neuroflow.flow.model import NeuroFlow
from neuroflow.recording import Samples


class Imputer:
    """Fills in the contacts that a window lacks, given its scalp EEG and the contacts that it has.

    A patient has few of the contacts that the flow speaks of, and the density of some contacts alone has no closed
    form, so the others are drawn from an approximation that has one: the flow's mean plus a residual that is normal,
    with the covariance over contacts that whitens it and, over time, the spectrum of the residual at the contacts that
    are there (a matrix normal, of which the conditional mean needs no spectrum). Zeros or the mean alone would teach
    the flow that such contacts do not vary. The imputing flow is a copy of the one that training began with: what the
    flow learns must not feed on what it makes up.
    """

    def __init__(self, flow: NeuroFlow) -> None:
        self.flow = copy.deepcopy(flow).cpu().eval().requires_grad_(False)
        root = self.flow.unwhitening.double()
        self._covariance = (root @ root.T).numpy()
        self._known: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}

    @torch.inference_mode()
    def fill(self, scalp: Samples, present: np.ndarray, depth: Samples, rng: np.random.Generator) -> Samples:
        """One window, depth (contact, time) in volts with NaN rows, made whole. Raises: ValueError for none given."""
        there = np.asarray(~np.isnan(depth).any(axis=1))
        if there.all():
            return depth
        if not there.any():
            raise ValueError("a window without any contact says nothing")
        scale = self.flow.shape.depth_scale
        mean = self.flow(*_batch_of_one(scalp, present)).mean[0].double().numpy()
        residual = depth[there] / scale - mean[there]
        weights, root = self._conditional(there)
        white = rng.standard_normal((root.shape[1], depth.shape[1]))
        filled = depth.copy()
        filled[~there] = scale * (mean[~there] + weights @ residual + root @ coloured(white, residual))
        return filled

    def _conditional(self, there: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weights of the residuals that are there, and a root of the covariance of the others given them."""
        key = there.tobytes()
        if key not in self._known:
            c = self._covariance
            weights = np.linalg.solve(c[np.ix_(there, there)], c[np.ix_(there, ~there)]).T
            left = c[np.ix_(~there, ~there)] - weights @ c[np.ix_(there, ~there)]
            values, vectors = np.linalg.eigh(left)
            self._known[key] = weights, vectors * np.sqrt(values.clip(min=0.0))
        return self._known[key]


def coloured(white: np.ndarray, like: np.ndarray) -> np.ndarray:
    """White rows of unit variance, filtered to the mean spectrum of the rows ``like``; (row, time), unit variance."""
    power = np.square(np.abs(np.fft.rfft(like, axis=1))).mean(axis=0)
    gain = np.sqrt(power)
    shaped = np.asarray(np.fft.irfft(np.fft.rfft(white, axis=1) * gain, n=white.shape[1], axis=1))
    # Unit variance in expectation: the energy of the filter over all frequencies is one.
    energy = np.square(np.fft.irfft(gain, n=white.shape[1])).sum()
    return np.asarray(shaped / np.sqrt(max(energy, 1e-30)))


def _batch_of_one(scalp: Samples, present: np.ndarray) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(np.ascontiguousarray(scalp[None])), torch.from_numpy(present[None])
