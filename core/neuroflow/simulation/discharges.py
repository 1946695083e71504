"""Interictal discharges: where a patient's foci are, how far each discharge spreads, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neuroflow.recording import Samples
from neuroflow.simulation.shapes import SpikeWave, draw_spike_wave
from neuroflow.simulation.sources import MESIAL, Sources
from neuroflow.simulation.states import DROWSY, EYES_CLOSED, EYES_OPEN, N2, N3, Stretch, occurrences

Array = NDArray[np.float64]
Extent = Literal["hippocampal", "propagated", "lateral"]
EXTENTS: tuple[Extent, ...] = ("hippocampal", "propagated", "lateral")

# Median peak at the largest contact (mesial part) and at the largest scalp electrode in average reference (with the
# neocortical part). Delays and the band take a fifth off, which leaves the 36 µV of averaged mesial and neocortical
# discharges in Koessler 2015; the mesial part alone comes to about 7 µV by the sources' openness.
DEPTH_PEAK_UV = 700.0
SCALP_PEAK_UV = {"propagated": 46.0, "lateral": 38.0}
PER_MINUTE = {"hippocampal": 4.0, "propagated": 2.5, "lateral": 1.2}
BY_STATE = {EYES_OPEN: 0.7, EYES_CLOSED: 0.8, DROWSY: 1.1, N2: 1.5, N3: 1.6}

# How strong each place is, and how late (ms) after the first, before each patient's own variation.
_MESIAL = {
    "hippocampus head": (1.0, 0.0), "hippocampus body": (0.8, 4.0), "hippocampus tail": (0.3, 10.0),
    "amygdala": (0.45, 6.0), "entorhinal": (0.45, 5.0), "parahippocampal": (0.35, 8.0),
}  # fmt: skip
_SPREAD = {
    "anterior fusiform": (0.7, 12.0), "temporal pole": (0.8, 15.0), "inferior temporal": (0.8, 18.0),
    "middle temporal anterior": (1.0, 18.0), "middle temporal middle": (0.8, 24.0),
    "superior temporal": (0.35, 28.0), "insula anterior": (0.3, 20.0), "orbitofrontal": (0.2, 26.0),
}  # fmt: skip
_LATERAL = {
    "middle temporal middle": (1.0, 0.0), "middle temporal posterior": (0.7, 10.0),
    "superior temporal": (0.6, 8.0), "middle temporal anterior": (0.5, 8.0), "inferior temporal": (0.5, 8.0),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Discharge:
    """One discharge of the truth: ``time`` (s) of its first peak, ``duration`` (s), and the sources that took part."""

    time: float
    duration: float
    extent: Extent
    side: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Focus:
    """One extent on one side: gains (site + contact, source) in volts, delays (source,) in s, rate a minute."""

    extent: Extent
    side: str
    names: tuple[str, ...]
    gains: Samples
    delays: Array
    per_minute: float


def draw_foci(
    rng: np.random.Generator,
    sources: Sources,
    at_scalp: Array,
    at_depth: Array,
    rate: float,
    lateralised: str | None = None,
) -> tuple[Focus, ...]:
    """The foci of one patient, on one side (six in ten patients) or, unequally, on both.

    ``rate`` multiplies the rates of ``PER_MINUTE``. ``lateralised`` (``left`` or ``right``) forbids the draw of a side.
    """
    side = lateralised or str(rng.choice(["left", "right"]))
    main = 1.0 if lateralised or rng.random() < 0.6 else float(rng.uniform(0.55, 0.9))
    other = "right" if side == "left" else "left"
    foci = []
    for place, share in ((side, main), (other, 1.0 - main)):
        if share <= 0.0:
            continue
        for extent in EXTENTS:
            per_minute = PER_MINUTE[extent] * share * rate * float(np.exp(rng.normal(0.0, 0.4)))
            foci.append(_focus(rng, sources, at_scalp, at_depth, extent, place, per_minute))
    return tuple(foci)


def add_discharges(
    rng: np.random.Generator, data: Samples, foci: tuple[Focus, ...], stretch: Stretch
) -> tuple[Discharge, ...]:
    """Add the discharges of a stretch to ``data`` (site + contact, time) and say what they were, in order of time."""
    made = []
    for focus in foci:
        per_minute = {state: focus.per_minute * factor for state, factor in BY_STATE.items()}
        for time in occurrences(rng, stretch.states, per_minute, refractory=0.35):
            wave = draw_spike_wave(rng)
            strength = np.exp(rng.normal(-0.05, 0.32)) * np.exp(rng.normal(0.0, 0.2, len(focus.names)))
            # Places far along the way are not reached every time.
            strength *= rng.random(len(focus.names)) < np.clip(1.15 - focus.delays / 0.08, 0.5, 1.0)
            strength[0] = max(strength[0], 0.5)
            delays = focus.delays * rng.uniform(0.6, 1.5)
            made.append(add_discharge(data, focus, wave, strength, delays, time, stretch))
    return tuple(sorted(made, key=lambda discharge: discharge.time))


def add_discharge(
    data: Samples, focus: Focus, wave: SpikeWave, strength: Array, delays: Array, time: float, stretch: Stretch
) -> Discharge:
    """Add one discharge, whose first peak is at ``time`` seconds, to ``data`` in place, and describe it."""
    after = wave.after + float(delays.max(initial=0.0))
    gains = (focus.gains * strength).astype(np.float32)
    stretch.add(data, gains, lambda t: wave(t - delays[:, None]), time, after, before=wave.before)
    present = tuple(name for name, s in zip(focus.names, strength, strict=True) if s > 0)
    return Discharge(time, wave.after, focus.extent, focus.side, present)


def _focus(
    rng: np.random.Generator, sources: Sources, at_scalp: Array, at_depth: Array, extent: Extent, side: str,
    per_minute: float,
) -> Focus:  # fmt: skip
    """Scale the mesial part by its largest contact, the neocortical part by its largest scalp electrode."""
    plan = {"hippocampal": _MESIAL, "propagated": _MESIAL | _SPREAD, "lateral": _LATERAL}[extent]
    names = tuple(plan)
    base = np.array([plan[name][0] for name in names]) * np.exp(rng.normal(0.0, 0.35, len(names)))
    delays = np.array([plan[name][1] for name in names]) * 1e-3
    # Negative at the surface: the current flows inwards.
    index = np.array([sources.where(side, name)[0] for name in names])
    scalp, depth = -at_scalp[:, index] * base, -at_depth[:, index] * base
    if extent != "hippocampal":
        scalp, depth = _with_neighbours(rng, sources, at_scalp, at_depth, index, base, scalp, depth)
    mesial = np.array([name in MESIAL for name in names])
    factor = np.ones(len(names))
    if mesial.any():
        peak = np.abs(depth[:, mesial].sum(axis=1)).max()
        factor[mesial] = DEPTH_PEAK_UV * 1e-6 * np.exp(rng.normal(0.0, 0.3)) / peak
    if not mesial.all():
        target = SCALP_PEAK_UV[extent] * 1e-6 * np.exp(rng.normal(0.0, 0.3))
        mesial_field = (scalp * factor)[:, mesial].sum(axis=1) if mesial.any() else np.zeros(len(scalp))
        factor[~mesial] = _factor_for_peak(scalp[:, ~mesial].sum(axis=1), mesial_field, target)
    gains = (np.vstack([scalp, depth]) * factor).astype(np.float32)
    return Focus(extent, side, names, gains, delays, per_minute)


def _with_neighbours(
    rng: np.random.Generator, sources: Sources, at_scalp: Array, at_depth: Array, index: NDArray[np.intp], base: Array,
    scalp: Array, depth: Array,
) -> tuple[Array, Array]:  # fmt: skip
    """Let each neocortical place take the unnamed patches within about 15 mm along: ten to twenty cm² in all."""
    patches = np.array([name == "patch" for name in sources.names])
    for column, (place, strength) in enumerate(zip(index, base, strict=True)):
        if sources.names[place] in MESIAL:
            continue
        apart = np.linalg.norm(sources.mni - sources.mni[place], axis=1)
        near = np.flatnonzero(patches & (apart < 20.0))
        share = strength * np.exp(-0.5 * (apart[near] / 10.0) ** 2) * rng.uniform(0.3, 1.0, near.size)
        scalp[:, column] -= at_scalp[:, near] @ share
        depth[:, column] -= at_depth[:, near] @ share
    return scalp, depth


def _factor_for_peak(field: Array, beside: Array, target: float) -> float:
    """The factor by which ``field`` with ``beside`` added has its largest value (average reference) at ``target``."""
    field, beside = field - field.mean(), beside - beside.mean()
    factors = np.geomspace(0.02, 50.0, 400) * target / np.abs(field).max()
    peaks = np.abs(factors[:, None] * field + beside).max(axis=1)
    return float(factors[np.argmin(np.abs(peaks - target))])
