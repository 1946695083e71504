"""The spectrum of a stretch of signal: multitaper over overlapping epochs, power in bands, frequency of a peak."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuroflow.signal.stretches import stretches
from neuroflow.signal.trends import EPOCH_SECONDS, multitaper

Array = NDArray[np.float64]

BANDS: Final = {
    "delta": (0.5, 4.0),
    "theta": (4.0, 8.0),
    "alpha": (8.0, 13.0),
    "beta": (13.0, 30.0),
    "gamma": (30.0, 45.0),
}
"""The bands of EEG in hertz (Kane et al. 2017, Clin. Neurophysiol. Pract. 2:170); gamma ends below the mains."""

LEAST_SECONDS: Final = 2.0
"""Without a gap; the resolution is 1 Hz, and less than this cannot have it."""

PEAK_RANGE: Final = (6.0, 14.0)
_LEAST_RISE_DB = 4.0  # falling power rises so far by chance on hardly one page in ten
_PEAK_CONTEXT = (2.0, 30.0)
_FLOOR = 1e-20


def epoch_length(data: NDArray[np.floating[Any]], rate: float) -> int:
    """Samples of the epochs that suit traces (trace, time): four seconds, or the longest stretch without a gap.

    0 where that is shorter than :data:`LEAST_SECONDS`.
    """
    longest = max((last - first for _, first, last in stretches(data)), default=0)
    length = min(longest, round(EPOCH_SECONDS * rate))
    return length if length >= LEAST_SECONDS * rate else 0


def summed_density(data: NDArray[np.floating[Any]], rate: float, length: int) -> tuple[Array, Array, NDArray[np.int64]]:
    """Frequencies (Hz), sums of one-sided densities (trace, frequency) in volts²/Hz over epochs, and their numbers.

    Epochs of ``length`` samples, each without its mean, overlap by half or more and cover every stretch of a trace
    (trace, time) that holds one: none reaches across a NaN. Sums of several parts of a recording add up. Raises:
    ValueError for epochs shorter than two seconds.
    """
    density = np.zeros((data.shape[0], length // 2 + 1))
    count = np.zeros(data.shape[0], dtype=np.int64)
    for traces, first, last in stretches(data):
        free = last - first - length
        if free < 0:
            continue
        starts = first + np.round(np.linspace(0, free, 1 + -(-2 * free // length))).astype(np.intp)
        # A float64 of every epoch at once would be large: a trace at a time.
        for trace in traces:
            epochs = np.lib.stride_tricks.sliding_window_view(data[trace], length)[starts]
            density[trace] += multitaper(epochs.astype(np.float64), rate)[1].sum(axis=0)
        count[traces] += starts.size
    return np.asarray(np.fft.rfftfreq(length, 1.0 / rate)), density, count


def mean_density(parts: Iterable[tuple[Array, Array, NDArray[np.int64]]]) -> tuple[Array, Array]:
    """Frequencies and mean densities of what :func:`summed_density` gave for the parts of a stretch, same epochs.

    NaN for a trace without an epoch. Raises: ValueError for no parts.
    """
    made = list(parts)
    if not made:
        raise ValueError("there is nothing to take the mean of")
    total, count = sum(p[1] for p in made), sum(p[2] for p in made)
    with np.errstate(invalid="ignore", divide="ignore"):
        return made[0][0], np.asarray(total / np.asarray(count, dtype=np.float64)[:, None])


def band_power(frequencies: Array, density: Array, band: tuple[float, float]) -> Array:
    """Power (…) in volts² of densities (…, frequency) within a band; NaN where the band is beyond the frequencies.

    A bin at an edge counts with the share of it that lies inside, so that the powers of bands that meet add up.
    """
    step = frequencies[1] - frequencies[0]
    if band[1] > frequencies[-1] + step:
        return np.full(density.shape[:-1], np.nan)
    low = np.clip(frequencies - step / 2, *band)
    high = np.clip(frequencies + step / 2, *band)
    return np.asarray(density @ (high - low))


def decibels(density: Array) -> Array:
    """Densities in volts²/Hz as dB re 1 µV²/Hz."""
    return np.asarray(10.0 * np.log10(np.maximum(density, _FLOOR)) + 120.0)


def peak_frequency(frequencies: Array, density: Array) -> float | None:
    """The frequency (Hz) of the highest peak of a density (frequency,) within :data:`PEAK_RANGE`, or None.

    A peak is higher than all within 1 Hz, and 4 dB above the line (of decibels over the logarithm of frequency) through
    what lies below and above the range: power that falls has none. Its frequency is the centre of gravity of the bins
    within 3 dB of its top, since a taper spreads a tone evenly over one hertz.
    """
    from scipy.signal import argrelmax

    inside = (frequencies >= _PEAK_CONTEXT[0]) & (frequencies <= _PEAK_CONTEXT[1])
    f, power = frequencies[inside], density[inside]
    beside = (f < PEAK_RANGE[0] - 1.0) | (f > PEAK_RANGE[1] + 1.0)
    if beside.sum() < 3 or not np.isfinite(power).all():
        return None
    octaves, level = np.log2(f), decibels(power)
    above = level - np.polyval(np.polyfit(octaves[beside], level[beside], 1), octaves)
    (tops,) = argrelmax(power, order=max(round(1.0 / (f[1] - f[0])), 1))
    tops = tops[(f[tops] >= PEAK_RANGE[0]) & (f[tops] <= PEAK_RANGE[1]) & (above[tops] >= _LEAST_RISE_DB)]
    if not tops.size:
        return None
    top = int(tops[np.argmax(above[tops])])
    high = power >= power[top] / 2
    first = top - int(np.argmin(np.append(high[top::-1], False))) + 1
    last = top + int(np.argmin(np.append(high[top:], False)))
    return float(np.average(f[first:last], weights=power[first:last]))
