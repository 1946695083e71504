"""Power over time and frequency, with the times and frequencies of the transform itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.signal import ShortTimeFFT

# Bins a hertz: the transform is padded to this, so that a short window still draws smoothly.
_BINS_PER_HERTZ = 2
_FLOOR = 1e-20  # V²/Hz, 200 dB down: far below any amplifier; keeps the logarithm finite on a flat trace


@dataclass(frozen=True, slots=True)
class Spectrogram:
    """``power_db`` (frequency, time) in dB re 1 V²/Hz at ``times`` (s, window centres) and ``frequencies`` (Hz).

    For dB re 1 µV²/Hz add 120.
    """

    times: NDArray[np.float64]
    frequencies: NDArray[np.float64]
    power_db: NDArray[np.float32]


def spectrogram(
    data: NDArray[np.floating[Any]],
    rate: float,
    start: float,
    f_max: float = 50.0,
    window_s: float = 1.0,
    hop_s: float = 0.0625,
) -> Spectrogram:
    """Mean power spectral density of traces (trace, time) in volts, over time, up to ``f_max`` hertz.

    ``start`` is the time of the first sample in seconds. Power is averaged over traces before the logarithm, as suits
    samples of one contact: the mean of their power is what is expected, the mean of their traces is not. Windows are
    Hann, without their own mean, centred from the first sample to the last; the half window at either end is
    mirrored, so give it as context and cut the times that were asked for. A window that touches a NaN is NaN. Raises:
    ValueError for another shape, less data than one window, or a window shorter than two samples.
    """
    from scipy.signal import ShortTimeFFT, windows

    if data.ndim != 2 or data.shape[0] == 0:
        raise ValueError(f"samples must be (trace, time) with at least one trace, not {data.shape}")
    width = round(window_s * rate)
    n = data.shape[1]
    if width < 2 or n < width:
        raise ValueError(
            f"a window of {window_s} s needs at least that much data and two samples, not {n} at {rate} Hz"
        )
    hop = max(1, round(hop_s * rate))
    transform = ShortTimeFFT(
        windows.hann(width, sym=False),
        hop=hop,
        fs=rate,
        fft_mode="onesided2X",
        mfft=max(width, round(_BINS_PER_HERTZ * rate)),
        scale_to="psd",
        phase_shift=None,
    )
    present = np.isfinite(data)
    samples = np.asarray(data, dtype=np.float64) if present.all() else np.where(present, data, 0.0)
    last = (n - 1) // hop + 1  # slices whose centre is a sample of the data
    power = _mean_power(samples, transform, last)
    frequencies = transform.f
    kept = frequencies <= f_max
    decibels = 10.0 * np.log10(np.maximum(power[kept], _FLOOR))
    if not present.all():
        missing = np.concatenate([[0], np.cumsum(~present.all(axis=0))])
        first = np.arange(last) * hop - transform.m_num_mid
        touched = missing[np.clip(first + width, 0, n)] > missing[np.clip(first, 0, n)]
        decibels[:, touched] = np.nan
    return Spectrogram(
        times=start + transform.t(n, p0=0, p1=last),
        frequencies=frequencies[kept],
        power_db=decibels.astype(np.float32),
    )


def _mean_power(samples: NDArray[np.float64], transform: ShortTimeFFT, slices: int) -> NDArray[np.float64]:
    """What ``transform.spectrogram`` gives with even padding, each window without its mean; mean over traces.

    All windows of a trace in one transform: scipy goes through them one by one, in Python, which keeps the interpreter
    from every other thread, the window's among them. (frequency, slice).
    """
    width, hop, before = transform.m_num, transform.hop, transform.m_num_mid
    after = max((slices - 1) * hop - before + width - samples.shape[1], 0)
    window = transform.win
    power = np.zeros((slices, transform.f_pts))
    for trace in samples:
        padded = np.pad(trace, (before, after), mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(padded, width)[: (slices - 1) * hop + 1 : hop]
        spectrum = np.fft.rfft((frames - frames.mean(axis=1, keepdims=True)) * window, transform.mfft, axis=1)
        power += spectrum.real**2 + spectrum.imag**2
    # One-sided: all but zero and the Nyquist frequency hold the power of their negative twins too.
    power[:, 1 : -1 if transform.mfft % 2 == 0 else None] *= 2.0
    mean: NDArray[np.float64] = np.ascontiguousarray(power.T) / samples.shape[0]
    return mean
