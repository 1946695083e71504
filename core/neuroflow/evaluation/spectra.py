"""Spectra of short pieces: power, correlation by band, and how contacts couple within a band."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complexfloating]
Real = NDArray[np.float32]

BANDS: Mapping[str, tuple[float, float]] = {
    "delta": (0.5, 4.0),
    "theta": (4.0, 8.0),
    "alpha": (8.0, 13.0),
    "beta": (13.0, 30.0),
    "low gamma": (30.0, 48.0),
}


def pieces(x: NDArray[np.floating], steps: int) -> NDArray[np.complex64]:
    """Fourier transform of Hann-tapered pieces of ``steps`` steps: (…, time) to (…, piece, frequency).

    The mean is taken off each piece. Scaled so that its squared magnitude is the two-sided power a step.
    """
    from scipy.fft import rfft

    count = x.shape[-1] // steps
    cut = np.asarray(x[..., : count * steps], np.float32).reshape(*x.shape[:-1], count, steps)
    taper = np.hanning(steps + 1)[:-1]
    taper = (taper / np.sqrt(np.square(taper).sum())).astype(np.float32)
    return np.asarray(rfft((cut - cut.mean(axis=-1, keepdims=True)) * taper, axis=-1))


def frequencies(steps: int, rate: float) -> NDArray[np.float64]:
    """Frequencies (hertz) of :func:`pieces`."""
    return np.asarray(np.fft.rfftfreq(steps, 1.0 / rate), np.float64)


def in_band(steps: int, rate: float, band: tuple[float, float]) -> NDArray[np.bool_]:
    """Which frequencies of :func:`pieces` lie in a band, its lower limit included."""
    f = frequencies(steps, rate)
    return np.asarray((f >= band[0]) & (f < band[1]))


def power(transform: Complex, rate: float) -> NDArray[np.float64]:
    """One-sided power density, unit² a hertz, mean over pieces: (…, piece, frequency) to (…, frequency)."""
    squared = transform.real**2 + transform.imag**2
    density = squared.mean(axis=-2, dtype=np.float64) * (2.0 / rate)
    density[..., 0] *= 0.5
    return np.asarray(density)


def band_sums(a: Complex, b: Complex, steps: int, rate: float) -> NDArray[np.float64]:
    """Sums of |a|², |b|² and Re ab* over pieces and each band's frequencies, (3, contact, band).

    By Parseval's theorem they give the correlation of the two signals filtered to the band. ``a`` and ``b`` are
    (contact, piece, frequency).
    """
    products = np.stack([np.abs(a) ** 2, np.abs(b) ** 2, (a * b.conj()).real]).sum(axis=2, dtype=np.float64)
    masks = np.stack([in_band(steps, rate, band) for band in BANDS.values()])
    return np.asarray(products @ masks.T)


def coupling(transform: Complex, steps: int, rate: float, band: tuple[float, float]) -> Real:
    """Correlation between contacts within a band, piece by piece: (…, contact, piece, frequency) to (…, piece, c, c).

    The real part of coherency, that is the correlation of the filtered signals over the piece.
    """
    chosen = np.moveaxis(transform[..., in_band(steps, rate, band)], -3, -2)
    parts = np.concatenate([chosen.real, chosen.imag], axis=-1)
    size = np.sqrt(np.square(parts).sum(axis=-1, keepdims=True))
    parts = parts / np.maximum(size, 1e-20)
    return np.asarray(parts @ np.swapaxes(parts, -1, -2))


def coupling_error(estimate: Real, truth: Real) -> Real:
    """|estimate - truth| / |truth| of coupling matrices (…, contact, contact), off the diagonal, (…,)."""
    rows, columns = np.triu_indices(truth.shape[-1], 1)
    actual = truth[..., rows, columns]
    off = np.square(estimate[..., rows, columns] - actual).sum(axis=-1)
    return np.asarray(np.sqrt(off / np.maximum(np.square(actual).sum(axis=-1), 1e-20)))
