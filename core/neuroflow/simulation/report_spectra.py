"""Power spectra and their aperiodic part, the same way for simulated and real recordings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

WINDOW_SECONDS = 2.0
SLOPE_HZ = (2.0, 80.0)
FIT_HZ = (1.0, 80.0)
FAST_HZ = (4.0, 48.0)
_TEN = float(np.log(10.0))


@dataclass(frozen=True, slots=True)
class Aperiodic:
    """``slope`` of log power against log frequency over 2 to 80 Hz; ``exponent`` above the ``knee`` (Hz).

    Exponent and knee are of power = offset / (knee^exponent + f^exponent) over 1 to 80 Hz (Donoghue et al. 2020,
    equation 3); the knee is not a number where the fit found none.
    """

    slope: float
    exponent: float
    knee: float


def spectra(data: Array, rate: float) -> tuple[Array, Array]:
    """Frequencies (Hz) and one-sided power spectral densities (trace, frequency) by Welch's method, 2 s windows."""
    from scipy.signal import welch

    f, psd = welch(data, rate, nperseg=min(round(WINDOW_SECONDS * rate), data.shape[1]), axis=-1)
    return np.asarray(f), np.asarray(psd)


def band_amplitude(f: Array, psd: Array, low: float, high: float) -> Array:
    """Rms (…,) between two frequencies of densities (…, frequency)."""
    inside = (f >= low) & (f <= high)
    return np.asarray(np.sqrt(psd[..., inside].sum(axis=-1) * (f[1] - f[0])))


def aperiodic(f: Array, psd: Array) -> Aperiodic:
    """Slope, exponent and knee of one power spectral density (frequency,)."""
    from scipy.optimize import least_squares

    inside = (f >= SLOPE_HZ[0]) & (f <= SLOPE_HZ[1])
    slope = float(np.polyfit(np.log10(f[inside]), np.log10(psd[inside]), 1)[0])
    inside = (f >= FIT_HZ[0]) & (f <= FIT_HZ[1])
    x, y = np.log10(f[inside]), np.log10(psd[inside])

    # Every octave counts alike, and a peak (alpha, spindles) does not pull.
    weight = np.sqrt(1.0 / f[inside])

    def misfit(p: Array) -> Array:
        offset, exponent, log_knee = p
        return np.asarray(weight * (offset - np.logaddexp(exponent * log_knee * _TEN, exponent * x * _TEN) / _TEN - y))

    start = np.array([float(y.max() + 2.5), 2.5, 0.5])
    found = least_squares(misfit, start, bounds=([-60, 0.5, -1.0], [60, 8.0, 1.9]), loss="soft_l1", f_scale=0.05)
    _, exponent, log_knee = found.x
    has_knee = FIT_HZ[0] < 10**log_knee < 0.9 * FIT_HZ[1]
    return Aperiodic(slope, float(exponent), float(10**log_knee) if has_knee else float("nan"))
