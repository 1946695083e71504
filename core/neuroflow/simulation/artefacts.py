"""What the scalp records that is not brain: blinks, eye movements, muscle, the heart, electrodes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from neuroflow.anatomy.head import site_directions
from neuroflow.recording import Samples
from neuroflow.simulation.heads import Head
from neuroflow.simulation.noise import Broad, shaped, slow_envelope
from neuroflow.simulation.shapes import blink, pop
from neuroflow.simulation.states import DROWSY, EYES_CLOSED, EYES_OPEN, N2, N3, Stretch, level, occurrences

Array = NDArray[np.float64]

BLINKS = {EYES_OPEN: 18.0, EYES_CLOSED: 0.8}
GLANCES = {EYES_OPEN: 12.0, EYES_CLOSED: 1.0}
MUSCLE_BURSTS = {EYES_OPEN: 3.0, EYES_CLOSED: 1.2, DROWSY: 0.5, N2: 0.2}
MUSCLE_LEVEL = {EYES_OPEN: 1.0, EYES_CLOSED: 0.7, DROWSY: 0.4, N2: 0.15, N3: 0.1}
ROLLING = {EYES_OPEN: 0.0, EYES_CLOSED: 0.0, DROWSY: 1.0, N2: 0.0, N3: 0.0}


@dataclass(frozen=True, slots=True)
class Artefact:
    """One artefact of the truth, in seconds; ``sites`` where it is largest."""

    time: float
    duration: float
    kind: str
    sites: tuple[str, ...]


@dataclass(frozen=True)
class Nuisance:
    """How one patient's scalp channels are disturbed; fields (site, …) for a size of 1, sizes in volts."""

    sites: tuple[str, ...]
    blink: Samples
    glance: Samples
    muscles: Samples
    muscle_names: tuple[str, ...]
    heart: Samples
    blink_size: float
    glance_size: float
    rolling_size: float
    muscle_size: float
    heart_size: float
    heart_hz: float
    pops_per_minute: float
    drift_size: float
    noise: Array


def draw_nuisance(rng: np.random.Generator, head: Head) -> Nuisance:
    """Blinks of 90–220 µV at Fp1 and Fp2, glances of 20–60, muscle of 1–6 rms, 1–2 µV rms of sensor noise."""
    towards = head.electrodes / head.radius
    eyes = {"left": np.array([-0.36, 0.88, -0.42]), "right": np.array([0.36, 0.88, -0.42])}
    near = {side: 1.0 / (0.10 + ((towards - eye) ** 2).sum(axis=1)) ** 1.8 for side, eye in eyes.items()}
    up = near["left"] + near["right"]
    # A blink turns the eyes upwards: positive above them, a little negative below and behind.
    vertical = up * np.clip(towards[:, 2] + 0.55, -0.3, 1.0)
    frontal = site_directions(("Fp1", "Fp2"))
    reference = np.abs(vertical[(towards @ frontal.T).max(axis=1).argmax()])
    across = (near["right"] - near["left"]) * (0.5 + np.abs(towards[:, 0]))
    names = ("left temporalis", "right temporalis", "left frontalis", "right frontalis", "neck")
    places = np.array([[-0.93, 0.3, -0.25], [0.93, 0.3, -0.25], [-0.4, 0.9, 0.1], [0.4, 0.9, 0.1], [0.0, -0.95, -0.35]])
    places /= np.linalg.norm(places, axis=1, keepdims=True)
    muscles = np.exp(-0.5 * (np.arccos(np.clip(towards @ places.T, -1, 1)) / 0.38) ** 2)
    muscles *= rng.uniform(0.4, 1.0, len(names)) * rng.uniform(0.7, 1.3, muscles.shape)
    heart = towards @ np.array([0.6, 0.0, -0.8])
    return Nuisance(
        sites=head.sites,
        blink=(vertical / max(reference, 1e-9))[:, None].astype(np.float32),
        glance=(across / np.abs(across).max())[:, None].astype(np.float32),
        muscles=muscles.astype(np.float32),
        muscle_names=names,
        heart=heart[:, None].astype(np.float32),
        blink_size=float(rng.uniform(90, 220)) * 1e-6,
        glance_size=float(rng.uniform(20, 60)) * 1e-6,
        rolling_size=float(rng.uniform(20, 50)) * 1e-6,
        muscle_size=float(np.exp(rng.uniform(np.log(0.8), np.log(5.0)))) * 1e-6,
        heart_size=float(rng.choice([0.0, 1.0], p=[0.5, 0.5]) * rng.uniform(1, 6)) * 1e-6,
        heart_hz=float(rng.uniform(0.95, 1.35)),
        pops_per_minute=float(rng.uniform(0.0, 0.25)),
        drift_size=float(rng.uniform(1.0, 5.0)) * 1e-6,
        noise=rng.uniform(1.0, 2.0, len(head.sites)) * 1e-6,
    )


def add_artefacts(
    rng: np.random.Generator, scalp: Samples, nuisance: Nuisance, stretch: Stretch
) -> tuple[Artefact, ...]:
    """Add all artefacts of a stretch to ``scalp`` (site, time) in place and say what they were, in order of time."""
    found = _eyes(rng, scalp, nuisance, stretch)
    found += _muscle(rng, scalp, nuisance, stretch)
    if nuisance.heart_size > 0:
        _heart(rng, scalp, nuisance, stretch)
    found += _electrodes(rng, scalp, nuisance, stretch)
    return tuple(sorted(found, key=lambda artefact: artefact.time))


def _eyes(rng: np.random.Generator, scalp: Samples, nuisance: Nuisance, stretch: Stretch) -> list[Artefact]:
    found = []
    for time in occurrences(rng, stretch.states, BLINKS, refractory=0.6):
        seconds = float(rng.uniform(0.28, 0.5))
        size = np.float32(nuisance.blink_size * np.exp(rng.normal(-0.05, 0.25)))
        stretch.add(scalp, nuisance.blink * size, partial(blink, seconds=seconds), time, seconds * 1.3)
        found.append(Artefact(time, seconds, "blink", ("Fp1", "Fp2")))
    for time in occurrences(rng, stretch.states, GLANCES, refractory=0.5):
        hold = float(rng.uniform(0.3, 1.2))
        size = np.float32(nuisance.glance_size * rng.choice([-1, 1]) * np.exp(rng.normal(-0.2, 0.4)))
        stretch.add(scalp, nuisance.glance * size, partial(_glance, hold=hold), time, hold + 0.4)
        found.append(Artefact(time, hold, "eye movement", ("F7", "F8")))
    rolling = level(stretch, ROLLING, blend=3.0)
    if rolling.any():
        slow = slow_envelope(rng, 1, stretch.length, stretch.rate, 0.35)[0]
        scalp += nuisance.glance * (np.float32(nuisance.rolling_size) * rolling * slow)
    return found


def _glance(t: Array, hold: float) -> Array:
    """There in 50 ms, held, back."""
    return np.asarray(expit((t - 0.06) / 0.012) - expit((t - 0.06 - hold) / 0.02))


def _muscle(rng: np.random.Generator, scalp: Samples, nuisance: Nuisance, stretch: Stretch) -> list[Artefact]:
    length, rate, count = stretch.length, stretch.rate, nuisance.muscles.shape[1]
    # Wide enough for any rate: what lies above the band of the twin is taken off at the end.
    top = 0.45 * rate
    noise = shaped(rng, count, length, rate, Broad(min(22.0, 0.5 * top), 150.0, 0.0))
    strength = 0.5 * level(stretch, MUSCLE_LEVEL)[None, :]
    strength = strength * np.exp(0.6 * slow_envelope(rng, count, length, rate, 0.5))
    found = []
    t = stretch.first + np.arange(length) / rate
    for time in occurrences(rng, stretch.states, MUSCLE_BURSTS, refractory=1.0):
        muscle, seconds = int(rng.integers(count)), float(rng.uniform(0.3, 2.5))
        size = float(rng.uniform(2.0, 7.0))
        # The two temporal muscles mostly clench together.
        both = (0, 1) if muscle < 2 and rng.random() < 0.6 else (muscle,)
        for one in both:
            edges = expit((t - time) / 0.06) - expit((t - time - seconds) / 0.12)
            strength[one] += (size * rng.uniform(0.6, 1.0) * edges).astype(np.float32)
        found.append(Artefact(time, seconds, "muscle", tuple(nuisance.muscle_names[one] for one in both)))
    scalp += nuisance.muscles @ (noise * strength * np.float32(nuisance.muscle_size))
    return found


def _heart(rng: np.random.Generator, scalp: Samples, nuisance: Nuisance, stretch: Stretch) -> None:
    seconds = stretch.length / stretch.rate
    beats = stretch.first + np.cumsum(rng.normal(1 / nuisance.heart_hz, 0.04, round(seconds * nuisance.heart_hz) + 4))
    for beat in beats:
        stretch.add(scalp, nuisance.heart * np.float32(nuisance.heart_size), _qrs, float(beat), 0.12)


def _qrs(t: Array) -> Array:
    u = (t - 0.06) / 0.012
    return np.asarray(np.exp(-0.5 * u**2) - 0.35 * np.exp(-0.5 * (u - 2.2) ** 2) - 0.15 * np.exp(-0.5 * (u + 2.0) ** 2))


def _electrodes(rng: np.random.Generator, scalp: Samples, nuisance: Nuisance, stretch: Stretch) -> list[Artefact]:
    scalp += slow_envelope(rng, scalp.shape[0], stretch.length, stretch.rate, 0.6) * np.float32(nuisance.drift_size)
    found = []
    everywhere = {state.name: nuisance.pops_per_minute for state in stretch.states}
    for time in occurrences(rng, stretch.states, everywhere, refractory=2.0):
        site = int(rng.integers(scalp.shape[0]))
        decay = float(rng.uniform(0.1, 0.7))
        size = float(rng.choice([-1, 1]) * rng.uniform(30, 150)) * 1e-6
        one = np.zeros((scalp.shape[0], 1), dtype=np.float32)
        one[site] = size
        stretch.add(scalp, one, partial(pop, decay=decay), time, 5 * decay)
        found.append(Artefact(time, 3 * decay, "electrode pop", (nuisance.sites[site],)))
    return found
