"""Coloured noise by its spectrum, band limits without phase, and slow envelopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from neuroflow.recording import Samples

Array = NDArray[np.float64]
MODEL_BAND = (0.5, 48.0)
# Width of the band's flanks, the same as of the filter that a recording goes through before the model sees it.
FLANK_HZ = 0.5


@dataclass(frozen=True, slots=True)
class Aperiodic:
    """Power 1/f^``below`` under the knee (Hz) and 1/f^``above`` over it (Miller 2009; Donoghue 2020 for the knee)."""

    below: float
    knee: float
    above: float

    def power(self, f: Array) -> Array:
        return np.asarray(f**-self.below / (1.0 + (f / self.knee) ** (self.above - self.below)))


@dataclass(frozen=True, slots=True)
class Peak:
    """Power around ``centre`` (Hz) with a standard deviation of ``width`` and, optionally, a share at its harmonic."""

    centre: float
    width: float
    harmonic: float = 0.0

    def power(self, f: Array) -> Array:
        main = np.exp(-0.5 * ((f - self.centre) / self.width) ** 2)
        second = self.harmonic * np.exp(-0.5 * ((f - 2 * self.centre) / (1.5 * self.width)) ** 2)
        return np.asarray(main + second)


@dataclass(frozen=True, slots=True)
class LowPass:
    """Power 1/f^``slope`` that falls away steeply above ``corner`` (Hz): slow activity."""

    corner: float
    slope: float = 1.0

    def power(self, f: Array) -> Array:
        return np.asarray(f**-self.slope / (1.0 + (f / self.corner) ** 6))


@dataclass(frozen=True, slots=True)
class Broad:
    """Power 1/f^``slope`` between two corners (Hz): beta, muscle."""

    low: float
    high: float
    slope: float = 0.0

    def power(self, f: Array) -> Array:
        edges = 1.0 / ((1.0 + (self.low / f) ** 6) * (1.0 + (f / self.high) ** 6))
        return np.asarray(f**-self.slope * edges)


Spectrum = Aperiodic | Peak | LowPass | Broad


def band_gain(f: Array, band: tuple[float, float], flank: float = FLANK_HZ) -> Array:
    """Amplitude 0..1 of a zero-phase band-pass at frequencies ``f``: half at its limits, raised-cosine flanks."""
    low = np.clip((f - band[0]) / flank + 0.5, 0.0, 1.0)
    high = np.clip((band[1] - f) / flank + 0.5, 0.0, 1.0)
    return np.asarray(np.sin(0.5 * np.pi * low) ** 2 * np.sin(0.5 * np.pi * high) ** 2)


def band_limit(data: Samples, rate: float, band: tuple[float, float]) -> Samples:
    """``data`` (…, time) within ``band``, without phase; wraps round at the ends, so give it a margin."""
    length = data.shape[-1]
    size = fft.next_fast_len(length, real=True)
    gain = band_gain(fft.rfftfreq(size, 1 / rate), band).astype(np.float32)
    return np.asarray(fft.irfft(fft.rfft(data, size) * gain, size)[..., :length], dtype=np.float32)


def shaped(
    rng: np.random.Generator, traces: int, length: int, rate: float, spectrum: Spectrum | Sequence[Spectrum]
) -> Samples:
    """Independent Gaussian noise (trace, time) whose variance within the model's band is 1 at any rate.

    One spectrum for all traces, or one for each.
    """
    size = fft.next_fast_len(length, real=True)
    f = fft.rfftfreq(size, 1 / rate)
    # Nothing below half the band's lower limit: 1/f has no variance there that anybody would see, only a huge one.
    inside = f >= 0.5 * MODEL_BAND[0]
    grid = np.arange(MODEL_BAND[0], MODEL_BAND[1], 0.05)
    many = spectrum if isinstance(spectrum, Sequence) else (spectrum,)
    amplitude = np.zeros((len(many), f.size), dtype=np.float32)
    for row, one in zip(amplitude, many, strict=True):
        row[inside] = np.sqrt(one.power(f[inside]) / (one.power(grid).sum() * 0.05) * rate * size / 4.0)
    white = rng.standard_normal((traces, 2 * f.size), dtype=np.float32).view(np.complex64)
    white *= amplitude
    return np.asarray(fft.irfft(white, size)[..., :length], dtype=np.float32)


def slow_envelope(rng: np.random.Generator, traces: int, length: int, rate: float, corner: float) -> Samples:
    """Gaussian noise (trace, time) of variance about 1 below ``corner`` hertz, to modulate amplitudes with."""
    size = fft.next_fast_len(length + round(4 * rate / corner), real=True)
    f = fft.rfftfreq(size, 1 / rate)
    amplitude = 1.0 / (1.0 + (f / corner) ** 4)
    amplitude[0] = 0.0
    amplitude *= np.sqrt(size * size / 4.0 / max((amplitude**2).sum(), 1e-30))
    white = rng.standard_normal((traces, 2 * f.size), dtype=np.float32).view(np.complex64)
    return np.asarray(fft.irfft(white * amplitude.astype(np.float32), size)[..., :length], dtype=np.float32)
