"""Wave shapes of transients as functions of time, each with a peak of about 1 (negative where the scalp is)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SpikeWave:
    """A spike or sharp wave that rises faster than it falls, a small rebound, and a slow wave of the same sign.

    ``width`` is the spike's duration at its base in seconds (20 to 70 ms a spike, up to 200 ms a sharp wave).
    """

    width: float
    rebound: float
    slow: float
    slow_width: float

    def __call__(self, t: Array) -> Array:
        """``t`` in seconds from the spike's peak."""
        rise, fall = 0.22 * self.width, 0.34 * self.width
        spike = np.exp(-0.5 * (t / np.where(t < 0, rise, fall)) ** 2)
        rebound = self.rebound * np.exp(-0.5 * ((t - 1.05 * self.width) / (0.3 * self.width)) ** 2)
        late = t - 0.9 * self.width
        u = np.maximum(late, 0.0) / self.slow_width
        slow = self.slow * 2.6 * u**1.5 * np.exp(-1.5 * u**2)
        return np.asarray(spike - rebound + slow)

    @property
    def before(self) -> float:
        """Seconds before the peak that the shape needs."""
        return self.width

    @property
    def after(self) -> float:
        return 2.0 * self.width + 3.0 * self.slow_width


def draw_spike_wave(rng: np.random.Generator) -> SpikeWave:
    """A discharge's shape: 30 to 70 ms mostly, sometimes a sharp wave; the slow wave is nearly always there."""
    sharp = rng.random() < 0.2
    width = rng.uniform(0.07, 0.12) if sharp else rng.uniform(0.03, 0.07)
    slow = rng.uniform(0.2, 0.65) if rng.random() < 0.85 else 0.0
    return SpikeWave(float(width), float(rng.uniform(0.1, 0.4)), float(slow), float(rng.uniform(0.10, 0.22)))


def slow_wave(t: Array, seconds: float, up: float) -> Array:
    """A slow wave or K-complex: a sharp first half-wave, then a rounder one of ``up`` times its height.

    ``t`` in seconds from its start; the whole takes ``seconds``.
    """
    u = t / seconds
    down = np.exp(-0.5 * ((u - 0.3) / 0.10) ** 2)
    back = up * np.exp(-0.5 * ((u - 0.66) / 0.15) ** 2)
    return np.asarray(down - back)


def spindle(t: Array, seconds: float, hertz: float, slowing: float, phase: float) -> Array:
    """A spindle that waxes and wanes over ``seconds`` and slows by ``slowing`` hertz on the way."""
    u = np.clip(t / seconds, 0.0, 1.0)
    envelope = np.sin(np.pi * u**0.9) ** 1.5
    return np.asarray(envelope * np.sin(2 * np.pi * (hertz * t - 0.5 * slowing * t**2 / seconds) + phase))


def vertex_wave(t: Array, seconds: float) -> Array:
    """A sharp vertex wave; ``t`` in seconds from its start."""
    u = t / seconds
    return np.asarray(np.exp(-0.5 * ((u - 0.4) / 0.11) ** 2) - 0.35 * np.exp(-0.5 * ((u - 0.72) / 0.14) ** 2))


def blink(t: Array, seconds: float) -> Array:
    """A blink: down in a third of ``seconds``, up more slowly, with a small undershoot."""
    u = t / seconds
    lid = np.exp(-0.5 * ((u - 0.32) / np.where(u < 0.32, 0.11, 0.17)) ** 2)
    return np.asarray(lid - 0.12 * np.exp(-0.5 * ((u - 0.85) / 0.14) ** 2))


def pop(t: Array, decay: float) -> Array:
    """An electrode pop: a step that decays over ``decay`` seconds."""
    return np.asarray(np.where(t >= 0, np.exp(-np.maximum(t, 0.0) / decay), 0.0))
