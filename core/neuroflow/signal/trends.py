"""Trends of a whole recording, an epoch at a time: power by frequency, asymmetry, amplitude-integrated EEG."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroflow.signal.fourier import fast_length

Array = NDArray[np.float64]

EPOCH_SECONDS = 4.0
FREQUENCIES: Array = np.arange(0.5, 30.01, 0.5)
"""Centres (Hz) of the bins of a density spectral array."""
ASYMMETRY_BAND = (1.0, 18.0)
REGIONS = {
    "hemisphere": ("Fp1–F7", "F7–T3", "T3–T5", "T5–O1", "Fp1–F3", "F3–C3", "C3–P3", "P3–O1"),
    "frontal": ("Fp1–F7", "Fp1–F3", "F3–C3"),
    "temporal": ("F7–T3", "T3–T5"),
    "posterior": ("T5–O1", "C3–P3", "P3–O1"),
}
"""Derivations of the longitudinal montage by region, left; each has its mirror on the right."""

_HALF_BANDWIDTH = 0.5  # Hz: time times half bandwidth is 2, of which three tapers are all but free of leakage
_TAPERS = 3
_AEEG_BAND = (2.0, 15.0)
_AEEG_SLOPE = 0.6  # amplitude grows as f to this power: 12 dB a decade
_AEEG_FLANK = 0.5
_AEEG_SMOOTH = 0.5
_MARGINS = (10.0, 90.0)


def multitaper(epochs: NDArray[np.floating[Any]], rate: float) -> tuple[Array, Array]:
    """Frequencies (Hz) and one-sided power spectral density (…, frequency) in volts²/Hz of epochs (…, time) in volts.

    The mean over orthogonal tapers, each epoch without its own mean. Source: Thomson 1982 (Proc. IEEE 70:1055),
    section 3, with uniform weights. Raises: ValueError for epochs shorter than two seconds.
    """
    length = epochs.shape[-1]
    if length < 2.0 * rate:
        raise ValueError(f"an epoch of {length / rate:.3g} s is too short for a resolution of {2 * _HALF_BANDWIDTH} Hz")
    tapers = _tapers(length, rate)
    centred = epochs - epochs.mean(axis=-1, keepdims=True, dtype=np.float64)
    density = np.zeros((*epochs.shape[:-1], length // 2 + 1))
    for taper in tapers:
        spectrum = np.fft.rfft(centred * taper, axis=-1)
        density += spectrum.real**2 + spectrum.imag**2
    density *= 2.0 / (rate * len(tapers))
    density[..., 0] *= 0.5
    if length % 2 == 0:
        density[..., -1] *= 0.5
    return np.asarray(np.fft.rfftfreq(length, 1.0 / rate), dtype=np.float64), density


@lru_cache(maxsize=8)
def _tapers(length: int, rate: float) -> Array:
    from scipy.signal import windows

    return np.asarray(windows.dpss(length, _HALF_BANDWIDTH * length / rate, _TAPERS))


def binned(frequencies: Array, density: Array) -> Array:
    """A density (…, frequency) averaged into the bins of :data:`FREQUENCIES`; NaN in bins above half the rate."""
    width = FREQUENCIES[1] - FREQUENCIES[0]
    edges = np.append(FREQUENCIES - width / 2, FREQUENCIES[-1] + width / 2)
    place = np.searchsorted(frequencies, edges - 1e-9)
    out = np.full((*density.shape[:-1], FREQUENCIES.size), np.nan)
    for k, (first, last) in enumerate(pairwise(place)):
        if last > first:
            out[..., k] = density[..., first:last].mean(axis=-1)
    return out


def asymmetry(left: Array, right: Array) -> Array:
    """(right − left) / (right + left) of power in 1 to 18 Hz, −1 to 1, of densities (…, frequency) by the bins.

    Positive where the right side has more. NaN where either is not known, 0 where both are silent.
    """
    inside = (ASYMMETRY_BAND[0] <= FREQUENCIES) & (ASYMMETRY_BAND[1] >= FREQUENCIES)
    a, b = (side[..., inside].sum(axis=-1) for side in (left, right))
    total = a + b
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(total > 0, (b - a) / total, np.where(np.isnan(total), np.nan, 0.0)))


def aeeg_amplitude(data: NDArray[np.floating[Any]], rate: float) -> Array:
    """Peak-to-peak amplitude (…, time) in volts of amplitude-integrated EEG from traces (…, time) in volts.

    2 to 15 Hz, amplitude rising 12 dB a decade (unit gain at the band's geometric centre, 5.5 Hz), then twice the
    analytic signal's magnitude, smoothed over half a second. It wraps round: give context and cut it. After Maynard et
    al. 1969 (Br. J. Anaesth. 41:545) and Zhang and Ding 2013 (Front. Neurol. 4:171), who smooth the rectified trace.
    """
    length = data.shape[-1]
    size = fast_length(length)
    f = np.fft.fftfreq(size, 1.0 / rate)
    rise = np.clip((f - _AEEG_BAND[0]) / _AEEG_FLANK + 0.5, 0.0, 1.0)
    fall = np.clip((_AEEG_BAND[1] - f) / _AEEG_FLANK + 0.5, 0.0, 1.0)
    centre = math.sqrt(_AEEG_BAND[0] * _AEEG_BAND[1])
    gain = rise * fall * np.where(f > 0, np.abs(f) / centre, 0.0) ** _AEEG_SLOPE
    analytic = np.fft.ifft(np.fft.fft(data, size, axis=-1) * (2.0 * gain), axis=-1)[..., :length]
    magnitude = 2.0 * np.abs(analytic)
    width = max(round(_AEEG_SMOOTH * rate), 1)
    total = np.cumsum(np.concatenate([np.zeros((*magnitude.shape[:-1], 1)), magnitude], axis=-1), axis=-1)
    first = np.clip(np.arange(length) - width // 2, 0, length)
    last = np.clip(first + width, 0, length)
    return np.asarray((total[..., last] - total[..., first]) / (last - first))


def margins(amplitude: Array) -> Array:
    """Lower and upper margin, (2, …): the tenth and ninetieth percentile over time of amplitudes (…, time)."""
    return np.asarray(np.percentile(amplitude, _MARGINS, axis=-1))
