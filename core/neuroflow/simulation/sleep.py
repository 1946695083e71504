"""Transients of drowsiness and sleep: spindles, slow waves and K-complexes, vertex waves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from neuroflow.recording import Samples
from neuroflow.simulation.shapes import slow_wave, spindle, vertex_wave
from neuroflow.simulation.sources import MESIAL, Sources
from neuroflow.simulation.states import DROWSY, N2, N3, Stretch, occurrences

Array = NDArray[np.float64]

SPINDLES = {DROWSY: 0.3, N2: 6.0, N3: 2.0}
SLOW_WAVES = {N2: 3.0, N3: 24.0}
VERTEX_WAVES = {DROWSY: 2.5, N2: 1.5}


@dataclass(frozen=True)
class SleepFields:
    """Gains (site + contact, group) in volts, scaled so that the largest site (average reference) shows 1 as the size.

    The slow waves' groups stand from front to back with ``slow_delays`` (s); ``sizes`` in volts.
    """

    frontal_spindle: Samples
    central_spindle: Samples
    slow: Samples
    slow_delays: Array
    vertex: Samples
    spindle_size: float
    slow_size: float
    vertex_size: float
    spindle_hz: float

    def scaled_depth(self, sites: int, factors: Array) -> SleepFields:
        """The same fields with their contacts (not their sites) multiplied by ``factors`` (contact,)."""
        rows = np.concatenate([np.ones(sites), factors])[:, None].astype(np.float32)
        return replace(
            self,
            frontal_spindle=self.frontal_spindle * rows,
            central_spindle=self.central_spindle * rows,
            slow=self.slow * rows,
            vertex=self.vertex * rows,
        )


def draw_sleep_fields(rng: np.random.Generator, sources: Sources, at_scalp: Array, at_depth: Array) -> SleepFields:
    """One patient's sleep transients: peaks of 15–30 µV (spindles), 60–115 (slow waves), 40–80 (vertex waves)."""
    mni = sources.mni
    gain = np.vstack([at_scalp, at_depth])
    sites = at_scalp.shape[0]
    mesial = np.isin(sources.names, MESIAL)

    def around(place: tuple[float, float, float], mm: float) -> Array:
        folded = np.abs(mni - np.array([0.0, place[1], place[2]])) - np.array([place[0], 0.0, 0.0])
        near = np.exp(-0.5 * (np.linalg.norm(folded, axis=1) / mm) ** 2)
        return np.asarray(near * np.exp(rng.normal(0.0, 0.2, len(mni))))

    def unit_field(weights: Array) -> Array:
        field = gain @ weights
        total = field.sum(axis=1)[:sites]
        return np.asarray(field / np.abs(total - total.mean()).max())

    # Slow waves take all of the cortex with them, mesial structures too, the front first.
    order = np.quantile(mni[:, 1], [0.2, 0.4, 0.6, 0.8])
    group = 4 - np.searchsorted(order, mni[:, 1])
    frontal = 0.35 + around((15, 40, 45), 50)
    strength = np.where(mesial, 0.8, 1.0) * frontal
    slow = np.stack([np.where(group == g, strength, 0.0) for g in range(5)], axis=1)
    return SleepFields(
        frontal_spindle=-unit_field(around((15, 35, 50), 30)[:, None]).astype(np.float32),
        central_spindle=-unit_field(around((15, -25, 65), 30)[:, None]).astype(np.float32),
        slow=-unit_field(slow).astype(np.float32),
        slow_delays=np.arange(5.0) * float(rng.uniform(0.010, 0.035)),
        vertex=-unit_field(around((6, -10, 65), 22)[:, None]).astype(np.float32),
        spindle_size=float(rng.uniform(15, 30)) * 1e-6,
        slow_size=float(rng.uniform(60, 115)) * 1e-6,
        vertex_size=float(rng.uniform(40, 80)) * 1e-6,
        spindle_hz=float(rng.uniform(12.6, 14.0)),
    )


def slow_energy(fields: SleepFields) -> tuple[Array, dict[str, float]]:
    """Mean square of one slow wave a second at each electrode (site + contact,), and slow waves a second by state."""
    t = np.arange(0, 1.1, 0.01)
    energy = float((slow_wave(t, 1.1, 0.6) ** 2).sum() * 0.01)
    field = fields.slow.astype(np.float64).sum(axis=1) * fields.slow_size
    return field**2 * energy, {state: value / 60.0 for state, value in SLOW_WAVES.items()}


def add_sleep(rng: np.random.Generator, data: Samples, fields: SleepFields, stretch: Stretch) -> None:
    """Add the transients of a stretch to ``data`` (site + contact, time) in place."""
    for time in occurrences(rng, stretch.states, SPINDLES, refractory=2.0):
        seconds = float(rng.uniform(0.6, 1.6))
        front = rng.random() < 0.4
        hertz = fields.spindle_hz - (1.2 if front else 0.0) + float(rng.normal(0.0, 0.3))
        slowing, phase = float(rng.uniform(0.2, 1.2)), float(rng.uniform(0, 2 * np.pi))
        size = np.float32(fields.spindle_size * np.exp(rng.normal(0.0, 0.3)))
        wave = partial(spindle, seconds=seconds, hertz=hertz, slowing=slowing, phase=phase)
        stretch.add(data, (fields.frontal_spindle if front else fields.central_spindle) * size, wave, time, seconds)
    for time in occurrences(rng, stretch.states, SLOW_WAVES, refractory=0.7):
        seconds, up = float(rng.uniform(0.8, 1.5)), float(rng.uniform(0.3, 0.8))
        height = fields.slow_size * np.exp(rng.normal(-0.1, 0.4))
        # One in five travels from the back.
        delays = fields.slow_delays * (1.0 if rng.random() < 0.8 else -1.0)
        gain = fields.slow * (height * np.exp(rng.normal(0.0, 0.25, fields.slow.shape[1]))).astype(np.float32)
        late = (delays - delays.min())[:, None]
        stretch.add(data, gain, partial(_travelling, late=late, seconds=seconds, up=up), time, seconds + 0.2)
    for time in occurrences(rng, stretch.states, VERTEX_WAVES, refractory=1.5):
        seconds = float(rng.uniform(0.22, 0.4))
        size = np.float32(fields.vertex_size * np.exp(rng.normal(-0.1, 0.3)))
        stretch.add(data, fields.vertex * size, partial(vertex_wave, seconds=seconds), time, seconds)


def _travelling(t: Array, late: Array, seconds: float, up: float) -> Array:
    return slow_wave(t - late, seconds, up)
