"""The reader's filters: low cut, high cut and notch, all zero phase, with the context that a page needs around it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroflow.signal.fourier import fast_length
from neuroflow.signal.stretches import stretches

# The ladders that a reader steps through: hertz, and volts per millimetre (1 to 200 µV/mm).
LOW_CUTS: tuple[float, ...] = (0.016, 0.03, 0.08, 0.16, 0.27, 0.53, 1.0, 1.6, 5.3)
HIGH_CUTS: tuple[float, ...] = (15.0, 30.0, 35.0, 60.0, 70.0, 120.0, 300.0)
NOTCHES: tuple[float, ...] = (50.0, 60.0)
SENSITIVITIES: tuple[float, ...] = tuple(
    microvolts * 1e-6 for microvolts in (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 75, 100, 150, 200)
)

_HIGH_CUT_ORDER = 4
_NOTCH_WIDTH = 4.0  # Hz between the points 3 dB down

# Length of each kernel, either side. The low cut's falls off only as 1 / t² (its response has a corner at 0 Hz), so it
# is cut where the gain at the cut-off is within 2 % of first order; below a tenth of the cut-off, where first order
# leaves a tenth, it takes away more. Two minutes bound what the lowest cut-offs read.
_LOW_CUT_PERIODS = 3.0
_LONGEST = 120.0
_HIGH_CUT_PERIODS = 4.0
_NOTCH_SECONDS = 1.2

_BLOCK = 16  # channels at once: a page of them stays in the processor's cache, which halves the time


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader set, in hertz; None is off.

    ``low_cut``: first order, 3 dB down at the cut-off and 6 dB an octave below, so that its time constant means what
    it says. ``high_cut``: magnitude of a fourth-order Butterworth filter, 3 dB down at the cut-off. ``notch``: 4 Hz
    wide. Raises: ValueError for cut-offs that are not positive.
    """

    low_cut: float | None = 1.0
    high_cut: float | None = 70.0
    notch: float | None = None

    def __post_init__(self) -> None:
        for name in ("low_cut", "high_cut", "notch"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} must be a positive frequency in Hz or None, not {value}")


def time_constant(low_cut: float) -> float:
    """Time constant in seconds of a first-order low cut in hertz: 1 / (2π low_cut), so 0.53 Hz is 0.3 s."""
    return 1.0 / (2.0 * math.pi * low_cut)


def context_seconds(filters: Filters, rate: float) -> float:
    """Seconds to read beyond either side of a page so that every sample of the page is as in the whole recording."""
    return sum(_half_lengths(filters, rate)) / rate


def magnitude(filters: Filters, rate: float, frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gain that :func:`apply_filters` has at ``frequencies`` (Hz), of its kernels as they are, not of the ideal."""
    out = np.ones(frequencies.shape)
    for kernel in _kernels(filters, rate):
        half = kernel.size // 2
        steps = np.arange(-half, half + 1)
        out *= np.cos(2 * np.pi / rate * np.multiply.outer(frequencies, steps)) @ kernel
    return out


def apply_filters(data: NDArray[np.floating[Any]], rate: float, filters: Filters) -> NDArray[np.float32]:
    """Filter (channel, time) samples; the same shape comes back, in the same unit.

    Zero phase: each filter is a symmetric kernel, applied through the Fourier transform. NaN (gaps, beyond the
    recording) stays NaN and every stretch between is filtered alone, mirrored at its ends. A high cut or notch at or
    above the Nyquist frequency does nothing. Raises: ValueError where the shape is another or the rate not positive.
    """
    if data.ndim != 2:
        raise ValueError(f"samples must be (channel, time), not {data.shape}")
    if not 0 < rate < math.inf:
        raise ValueError(f"the rate must be positive, not {rate} Hz")
    half = sum(_half_lengths(filters, rate))
    if half == 0:
        out = np.array(data, dtype=np.float32)
        out[~np.isfinite(out)] = np.nan
        return out
    out = np.full(data.shape, np.nan, dtype=np.float32)
    for channels, first, last in stretches(data):
        for i in range(0, channels.size, _BLOCK):
            block = channels[i : i + _BLOCK]
            out[block, first:last] = _filter_stretch(data[block, first:last], rate, filters, half)
    return out


def _filter_stretch(
    data: NDArray[np.floating[Any]], rate: float, filters: Filters, half: int
) -> NDArray[np.floating[Any]]:
    # An electrode offset may be ten thousand times the EEG: it is taken off before the transform, in single precision
    # for speed, and given back only where the filters pass 0 Hz.
    offset = data.mean(axis=1, dtype=np.float64, keepdims=True)
    length = data.shape[1]
    padded = np.pad((data - offset).astype(np.float32), ((0, 0), (half, half)), mode="symmetric")
    size = fast_length(padded.shape[1])
    spectrum = np.fft.rfft(padded, size, axis=1)
    spectrum *= _gains(filters, rate, size)
    # Circular wrap-around reaches no further than the mirrored ends, which are dropped.
    filtered: NDArray[np.floating[Any]] = np.fft.irfft(spectrum, size, axis=1)[:, half : half + length]
    if filters.low_cut is None:
        filtered = filtered + offset
    return filtered


def _half_lengths(filters: Filters, rate: float) -> tuple[int, int]:
    """Samples either side of the low cut's kernel, and of the kernel of high cut and notch; 0 where it is off."""
    low = 0.0 if filters.low_cut is None else min(_LOW_CUT_PERIODS / filters.low_cut, _LONGEST)
    high = 0.0
    if filters.high_cut is not None and filters.high_cut < rate / 2:
        high = _HIGH_CUT_PERIODS / filters.high_cut
    if filters.notch is not None and filters.notch < rate / 2:
        high = max(high, _NOTCH_SECONDS)
    return math.ceil(low * rate), math.ceil(high * rate)


@lru_cache(maxsize=32)
def _gains(filters: Filters, rate: float, size: int) -> NDArray[np.float32]:
    """Real gains of all kernels at the frequencies of a real transform of ``size`` samples."""
    gains = np.ones(size // 2 + 1)
    for kernel in _kernels(filters, rate):
        half = kernel.size // 2
        wrapped = np.zeros(size)
        wrapped[: half + 1] = kernel[half:]
        wrapped[size - half :] = kernel[:half]
        gains *= np.fft.rfft(wrapped).real
    out = gains.astype(np.float32)
    out.flags.writeable = False
    return out


@lru_cache(maxsize=32)
def _kernels(filters: Filters, rate: float) -> tuple[NDArray[np.float64], ...]:
    """Symmetric kernels of odd length: of the low cut, and of high cut and notch together."""
    low, high = _half_lengths(filters, rate)
    kernels = []
    if low and filters.low_cut is not None:
        # What the low cut takes away is a slow average; its weights sum to one, so that 0 Hz is removed entirely.
        frequencies = _design_frequencies(low, rate)
        rest = -_kernel(1.0 - frequencies / np.hypot(frequencies, filters.low_cut), low)
        rest[low] += 1.0
        kernels.append(rest)
    if high:
        frequencies = _design_frequencies(high, rate)
        gains = np.ones(frequencies.shape)
        if filters.high_cut is not None and filters.high_cut < rate / 2:
            gains /= np.sqrt(1.0 + (frequencies / filters.high_cut) ** (2 * _HIGH_CUT_ORDER))
        if filters.notch is not None and filters.notch < rate / 2:
            # A second-order notch applied forwards and backwards; 0.6436 = sqrt(sqrt(2) - 1) brings 6 dB to 3 dB.
            away = (frequencies**2 - filters.notch**2) ** 2
            gains *= away / (away + (0.6436 * _NOTCH_WIDTH * frequencies) ** 2)
        kernels.append(_kernel(gains, high))
    return tuple(kernels)


def _design_frequencies(half: int, rate: float) -> NDArray[np.float64]:
    size = 2 * fast_length(16 * half + 32)
    return np.asarray(np.fft.rfftfreq(size, 1.0 / rate), dtype=np.float64)


def _kernel(gains: NDArray[np.float64], half: int) -> NDArray[np.float64]:
    """The symmetric kernel of ``gains``, ``half`` samples either side, its outer half tapered, with unit sum."""
    response = np.fft.irfft(gains)
    steps = np.abs(np.arange(-half, half + 1))
    taper = 0.5 + 0.5 * np.cos(np.pi * np.clip(2.0 * steps / (half + 1) - 1.0, 0.0, 1.0))
    kernel = response[steps] * taper
    unit: NDArray[np.float64] = kernel / kernel.sum()
    return unit
