"""Background activity of a simulated patient: populations of correlated sources, and what is local to each contact."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neuroflow.recording import Samples
from neuroflow.simulation.noise import Aperiodic, Broad, LowPass, Peak, Spectrum, shaped, slow_envelope
from neuroflow.simulation.sources import MESIAL, Sources
from neuroflow.simulation.states import STATES, Stretch, level

Array = NDArray[np.float64]

# Share of a population's variance that its modes may leave out; it lies far below the sensors' noise.
_LEFT_OUT = 2e-3


@dataclass(frozen=True)
class Population:
    """Sources that share a spectrum and a state's rhythm.

    ``modes`` (site + contact, mode) float32 volts: independent noise of variance 1 times these is what the population
    gives at the electrodes, for a level of 1. ``levels`` by state; ``waxing`` is the standard deviation of the log of
    a slow envelope with corner ``waxing_hz``.
    """

    name: str
    spectrum: Spectrum
    modes: Samples
    levels: dict[str, float]
    waxing: float
    waxing_hz: float

    def variance(self) -> Array:
        """Variance at each electrode (site + contact,) in volts squared, for a level of 1."""
        return np.asarray((self.modes.astype(np.float64) ** 2).sum(axis=1))


@dataclass(frozen=True)
class Kernel:
    """Correlation between sources by distance: near (``near_mm``), far (``far_mm``), with the mirror place, common."""

    near: float
    near_mm: float
    far: float
    far_mm: float
    mirror: float
    common: float

    def matrix(self, mni: Array) -> Array:
        """(source, source), ones on the diagonal up to the mirror's part."""
        apart = _distances(mni, mni)
        mirrored = _distances(mni, mni * np.array([-1.0, 1.0, 1.0]))
        across = np.exp(-mirrored / 30.0)
        rest = 1.0 - self.near - self.far - self.mirror - self.common
        return np.asarray(
            self.near * np.exp(-apart / self.near_mm)
            + self.far * np.exp(-apart / self.far_mm)
            + 0.5 * self.mirror * (np.exp(-apart / 30.0) + 0.5 * (across + across.T))
            + self.common
            + rest * np.eye(len(mni))
        )


def _levels(*values: float) -> dict[str, float]:
    return dict(zip(STATES, values, strict=True))


#                        eyes open, eyes closed, drowsy, N2, N3
_BROAD = _levels(0.95, 1.0, 0.95, 0.85, 0.60)
_SLOW = _levels(0.70, 0.75, 1.00, 1.50, 2.00)
_FAST = _levels(1.10, 1.0, 0.95, 0.60, 0.45)
_ALPHA = _levels(0.18, 1.0, 0.30, 0.05, 0.03)
_MU = _levels(0.90, 0.80, 0.40, 0.10, 0.05)
_THETA = _levels(0.60, 0.60, 1.40, 0.90, 0.60)
_MESIAL = _levels(1.0, 0.9, 0.9, 0.7, 0.6)


def draw_populations(
    rng: np.random.Generator, sources: Sources, at_scalp: Array, at_depth: Array
) -> tuple[Population, ...]:
    """The populations of one patient, scaled so that the scalp shows them at the amplitudes that EEG has.

    ``at_scalp`` (site, source) and ``at_depth`` (contact, source) are gains of unit dipoles. The scalp's amplitude is
    the mean over sites of the rms in average reference within the model's band: 7 to 14 µV broad, 5 to 9 slow (before
    sleep raises it), 1.5 to 3 fast; alpha 9 to 20 µV rms at the sites where it is largest (30 to 60 µV peak to peak).
    """
    mni = sources.mni
    side = np.sign(mni[:, 0])
    mesial = np.isin(sources.names, MESIAL)
    strength = np.exp(rng.normal(0.0, 0.4, len(mni))) * np.where(mesial, rng.uniform(1.0, 1.6), 1.0)
    wide = Kernel(0.55, 13.0, 0.08, float(rng.uniform(30, 50)), 0.04, 0.003)
    slow = Kernel(0.55, 15.0, 0.15, float(rng.uniform(35, 55)), 0.05, 0.01)

    def near(place: tuple[float, float, float], mm: float) -> Array:
        """Weight of each source by its distance from a place, given on the right, on either side."""
        folded = np.abs(mni - np.array([0.0, place[1], place[2]])) - np.array([place[0], 0.0, 0.0])
        return np.asarray(np.exp(-0.5 * (np.linalg.norm(folded, axis=1) / mm) ** 2))

    alpha = Peak(float(rng.uniform(8.7, 10.8)), float(rng.uniform(0.45, 0.8)), float(rng.uniform(0.005, 0.02)))
    mu = Peak(float(rng.uniform(8.5, 11.5)), 0.9, 0.15)
    theta_hz = float(rng.uniform(4.2, 7.2))
    aperiodic = Aperiodic(
        below=float(rng.uniform(1.2, 1.8)),
        knee=float(rng.uniform(7.0, 15.0)),
        above=float(np.clip(rng.normal(3.5, 0.6), 2.5, 4.5)),
    )
    # The rhythm of each mesial lobe is its own, with a little in common.
    lobes = 0.1 + 0.9 * (side[:, None] == side[None, :])
    plan: tuple[tuple[str, Spectrum, Array, Array, dict[str, float], float, float], ...] = (
        ("broad", aperiodic, strength, wide.matrix(mni), _BROAD, 0.12, 0.15),
        ("slow", LowPass(float(rng.uniform(2.5, 4.5))), strength, slow.matrix(mni), _SLOW, 0.25, 0.1),
        ("fast", Broad(14.0, 42.0, 1.2), np.where(mesial, 0.2, 1.0) * (0.3 + near((25, 40, 30), 45)),
         Kernel(0.5, 15.0, 0.2, 40.0, 0.05, 0.0).matrix(mni), _FAST, 0.3, 0.4),
        ("alpha", alpha, near((24, -84, 8), 26) + 0.25 * near((30, -60, 35), 22),
         Kernel(0.3, 25.0, 0.45, 60.0, 0.1, 0.1).matrix(mni), _ALPHA, 0.45, 0.25),
        ("mu", mu, near((42, -20, 52), 20), Kernel(0.6, 30.0, 0.2, 60.0, 0.0, 0.0).matrix(mni), _MU, 0.5, 0.25),
        ("theta", Peak(float(rng.uniform(5.0, 7.0)), 0.9), near((10, 20, 50), 35),
         Kernel(0.2, 25.0, 0.5, 60.0, 0.1, 0.1).matrix(mni), _THETA, 0.5, 0.2),
        ("mesial theta", Peak(theta_hz, 0.8), np.where(mesial, strength, 0.0),
         lobes * Kernel(0.6, 25.0, 0.3, 60.0, 0.0, 0.0).matrix(mni), _MESIAL, 0.7, 0.25),
    )  # fmt: skip
    scalp_rms = {
        "broad": rng.uniform(7, 14), "slow": rng.uniform(5, 9), "fast": rng.uniform(1.5, 3.0), "mu": rng.uniform(1, 4),
        "alpha": rng.uniform(9, 20), "theta": rng.uniform(1.5, 4.0),
    }  # fmt: skip
    mesial_share = rng.uniform(0.3, 0.7)
    sites = at_scalp.shape[0]
    made: list[Population] = []
    for name, spectrum, weight, kernel, levels, waxing, waxing_hz in plan:
        modes = _modes(np.vstack([at_scalp, at_depth]) * weight, kernel)
        if name in scalp_rms:
            centred = modes[:sites] - modes[:sites].mean(axis=0)
            per_site = np.sqrt((centred**2).sum(axis=1))
            present = np.sort(per_site)[-3:].mean() if name in ("alpha", "mu") else per_site.mean()
            factor = scalp_rms[name] * 1e-6 / present
        else:
            # The scalp sees nothing of it: it is sized beside the broad activity of the contacts that see it best.
            per_contact = np.sqrt((modes[sites:] ** 2).sum(axis=1))
            largest = np.argsort(per_contact)[-6:]
            beside = np.sqrt(made[0].variance()[sites:][largest])
            factor = mesial_share * float(np.mean(beside / per_contact[largest]))
        scaled = (modes * factor).astype(np.float32)
        made.append(Population(name, spectrum, scaled, levels, waxing, waxing_hz))
    return tuple(made)


def scale_depth(population: Population, sites: int, factors: Array) -> Population:
    """The same population with its contacts (not its sites) multiplied by ``factors`` (contact,)."""
    modes = population.modes.copy()
    modes[sites:] *= factors[:, None].astype(np.float32)
    return replace(population, modes=modes)


def make_population(rng: np.random.Generator, population: Population, stretch: Stretch) -> tuple[Samples, Samples]:
    """What a population gives: activity of its modes (mode, time) without unit, and its level (time,)."""
    noise = shaped(rng, population.modes.shape[1], stretch.length, stretch.rate, population.spectrum)
    strength = level(stretch, population.levels)
    slow = slow_envelope(rng, 1, stretch.length, stretch.rate, population.waxing_hz)[0]
    # Mean power stays 1: E exp(2 s x) = exp(2 s²).
    noise *= np.exp(population.waxing * slow - population.waxing**2)
    return noise, strength


@dataclass(frozen=True)
class Local:
    """Activity that no other place sees.

    It follows the background at its contact in two parts, slow activity and the rest, so that sleep slows it as well:
    ``rest`` has a spectrum for each contact, ``slow`` one for all. ``modes`` (contact, mode) is its correlation along
    the shafts, ``share`` its share of each contact's background power.
    """

    rest: tuple[Spectrum, ...]
    slow: Spectrum
    modes: Samples
    share: float

    def make(self, rng: np.random.Generator, stretch: Stretch, rest: Samples, slow: Samples) -> Samples:
        """The local part (contact, time) beside backgrounds whose momentary variances (contact, time) are given."""
        factor = np.float32(self.share / (1.0 - self.share))
        out = np.zeros(rest.shape, dtype=np.float32)
        for spectrum, variance in ((self.rest, rest), (self.slow, slow)):
            noise = shaped(rng, rest.shape[0], stretch.length, stretch.rate, spectrum)
            out += (self.modes @ noise) * np.sqrt(variance * factor)
        return out


def draw_local(rng: np.random.Generator, shafts: tuple[str, ...], mni: Array, share: float) -> Local:
    """Local activity whose correlation along a shaft falls by e over 11 to 18 mm.

    With the mean of all contacts taken off, contacts of the real clip (simulation.report_reference) correlate by 0.44
    two apart and by 0.25 three apart: with shorter lengths the twin's were less than half that. Spectra differ from
    contact to contact about the patient's own, within the published interquartile range of exponents.
    """
    same = np.array(shafts)[:, None] == np.array(shafts)[None, :]
    covariance = np.where(same, np.exp(-_distances(mni, mni) / rng.uniform(11.0, 18.0)), 0.0)
    below, knee, above = rng.uniform(1.3, 1.9), rng.uniform(7.0, 15.0), rng.normal(3.5, 0.5)
    rest = tuple(
        Aperiodic(
            below=float(np.clip(below + rng.normal(0.0, 0.2), 1.0, 2.2)),
            knee=float(knee * np.exp(rng.normal(0.0, 0.2))),
            above=float(np.clip(above + rng.normal(0.0, 0.4), 2.5, 4.5)),
        )
        for _ in shafts
    )
    slow = LowPass(float(rng.uniform(2.5, 4.5)))
    return Local(rest, slow, np.linalg.cholesky(covariance).astype(np.float32), share)


def background_variance(populations: tuple[Population, ...], sites: int) -> Array:
    """Variance at the contacts (contact,) of all populations, at the mean over states of each one's squared level."""
    total = np.zeros(populations[0].modes.shape[0] - sites)
    for population in populations:
        total += population.variance()[sites:] * float(np.mean([v**2 for v in population.levels.values()]))
    return total


def _modes(gain: Array, kernel: Array) -> Array:
    """Modes (electrode, mode) whose outer product is the covariance of ``gain`` times sources of covariance ``kernel``.

    Weighted so that no electrode, however small its amplitude, loses more than a small share of its variance.
    """
    covariance = gain @ kernel @ gain.T
    size = np.sqrt(np.diag(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(size, size))
    order = np.argsort(values)[::-1]
    kept = np.searchsorted(np.cumsum(values[order]) / values.sum(), 1.0 - _LEFT_OUT) + 1
    chosen = order[:kept]
    return np.asarray(size[:, None] * vectors[:, chosen] * np.sqrt(np.maximum(values[chosen], 0.0)))


def _distances(a: Array, b: Array) -> Array:
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2 * a @ b.T
    return np.asarray(np.sqrt(np.maximum(squared, 0.0)))
