"""A patient whose EEG is a stationary Gaussian process: depth EEG given scalp EEG is known exactly there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neuroflow.recording import Samples
from neuroflow.simulation.noise import MODEL_BAND, LowPass, Spectrum
from neuroflow.simulation.patient import Patient
from neuroflow.simulation.states import EYES_CLOSED

Array = NDArray[np.float64]


@dataclass(frozen=True)
class GaussianPatient:
    """Scalp and depth EEG of one head on a circle of time, of ``length`` steps (even), so that frequencies are apart.

    ``density`` (frequency, site + contact, site + contact) holds the covariance of the discrete Fourier transform over
    ``length``, in volts squared; it is real, since no source reaches any electrode later than another.
    """

    density: Array
    sites: int
    length: int
    rate: float

    @property
    def contacts(self) -> int:
        return int(self.density.shape[1]) - self.sites

    def draw(self, rng: np.random.Generator) -> tuple[Samples, Samples]:
        """Scalp (site, time) against infinity and depth (contact, time), in volts."""
        count = self.density.shape[1]
        white = rng.standard_normal((2, self.density.shape[0], count))
        spectrum = np.einsum("fij,fj->if", self._root, white[0] + 1j * white[1]) * np.sqrt(self.length / 2)
        for alone in (0, -1):  # at these two frequencies the transform of a real signal is real
            spectrum[:, alone] = spectrum[:, alone].real * np.sqrt(2.0)
        signal = np.fft.irfft(spectrum, self.length).astype(np.float32)
        return signal[: self.sites], signal[self.sites :]

    def log_prob(self, scalp: Samples, depth: Samples) -> float:
        """Exact log density in nats of depth (contact, time) in volts given scalp (site, time), whole circles of both.

        Scalp EEG has no reference of its own, so that only differences between its sites are looked at.
        """
        gain, left = self._conditional
        x = np.fft.rfft(depth.astype(np.float64)) - np.einsum("fij,jf->if", gain, np.fft.rfft(scalp.astype(np.float64)))
        square = np.einsum("if,fij,jf->f", x.conj(), np.linalg.inv(left), x).real / self.length
        log_det = np.linalg.slogdet(left)[1] + self.contacts * np.log(2.0 * np.pi)
        return float(-0.5 * (self._twice * (log_det + square)).sum())

    @cached_property
    def optimum(self) -> float:
        """The least negative log-likelihood that any density can have on average: nats a dimension, volts."""
        log_det = np.linalg.slogdet(self._conditional[1])[1]
        mean = (self._twice * log_det).sum() / (self.length * self.contacts)
        return float(0.5 * (np.log(2.0 * np.pi) + 1.0 + mean))

    @cached_property
    def _root(self) -> Array:
        return np.asarray(np.linalg.cholesky(self.density))

    @cached_property
    def _twice(self) -> Array:
        """How many frequencies of the whole transform each one of the half stands for."""
        twice = np.full(self.density.shape[0], 2.0)
        twice[[0, -1]] = 1.0
        return twice

    @cached_property
    def _conditional(self) -> tuple[Array, Array]:
        """Gain (frequency, contact, site) and what it leaves (frequency, contact, contact)."""
        sites = self.sites
        differences = np.linalg.svd(np.eye(sites) - 1.0 / sites)[0][:, : sites - 1]
        seen = differences.T @ self.density[:, :sites, :sites] @ differences
        both = self.density[:, sites:, :sites] @ differences
        gain = np.linalg.solve(seen, both.transpose(0, 2, 1)).transpose(0, 2, 1)
        left = self.density[:, sites:, sites:] - gain @ both.transpose(0, 2, 1)
        return gain @ differences.T, 0.5 * (left + left.transpose(0, 2, 1))


def gaussian_patient(patient: Patient, rate: float, length: int = 8192) -> GaussianPatient:
    """The background of a simulated patient with closed eyes, its rhythms neither waxing nor waning.

    No discharges, no artefacts, no sleep; sensors' noise as the patient has it. Nothing limits its band, as the twin's
    is limited: below the band power stays what it is at the lower limit. What lies beyond the flanks of a filter is
    almost nothing, so that a density gains there without end by knowing the filter, which says nothing about EEG.
    """
    sites, count = len(patient.sites), len(patient.sites) + len(patient.contact_noise)
    f = np.asarray(np.fft.rfftfreq(length, 1.0 / rate), dtype=np.float64)
    density = np.zeros((f.size, count, count))
    momentary = {True: np.zeros(count - sites), False: np.zeros(count - sites)}  # slow or not, as the twin has it
    for population in patient.populations:
        modes = population.modes.astype(np.float64) * population.levels[EYES_CLOSED]
        density += _power(population.spectrum, f, rate)[:, None, None] * (modes @ modes.T)
        momentary[isinstance(population.spectrum, LowPass)] += (modes[sites:] ** 2).sum(axis=1)
    local = patient.local
    if local.share > 0.0:
        odds = local.share / (1.0 - local.share)
        slow = np.repeat(_power(local.slow, f, rate)[:, None], count - sites, axis=1)
        rest = np.stack([_power(spectrum, f, rate) for spectrum in local.rest], axis=1)
        for powers, variance in ((rest, momentary[False]), (slow, momentary[True])):
            mixing = local.modes.astype(np.float64) * np.sqrt(variance * odds)[:, None]
            density[:, sites:, sites:] += np.einsum("ik,fk,jk->fij", mixing, powers, mixing)
    density += np.diag(np.concatenate([patient.nuisance.noise, patient.contact_noise]) ** 2)
    return GaussianPatient(density, sites, length, rate)


def _power(spectrum: Spectrum, f: Array, rate: float) -> Array:
    """Power at frequencies (Hz) of noise whose variance within the model's band is 1."""
    power = spectrum.power(np.maximum(f, MODEL_BAND[0]))
    grid = np.arange(*MODEL_BAND, 0.05)
    return np.asarray(power / (spectrum.power(grid).sum() * 0.05) * rate / 2.0)
