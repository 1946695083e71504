"""Detection of interictal discharges by the envelope's own distribution (Janca et al. 2015).

Janca R, Jezdik P, Cmejla R, et al. Detection of interictal epileptiform discharges using signal envelope distribution
modelling: application to epileptic and non-epileptic intracranial recordings. Brain Topography 28:172-183, 2015.

From the paper: the band of 10 to 60 Hz, the Hilbert envelope, a log-normal distribution fitted by maximum likelihood to
every segment of 5 s (4 s overlap), the threshold k · (mode + median) interpolated between segments, k = 3.65, and one
discharge for everything within 120 ms. Ours: the zero-phase band-pass (Butterworth magnitudes of order 8 in place of
Chebyshev filters of type II), linear interpolation between the segments' centres, the threshold held before the first
and after the last of them, a floor under the envelope where a channel is flat, and at least one second of signal. The
band of 10 to 48 Hz for reconstructions is ours too.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroflow.signal.fourier import fast_length
from neuroflow.signal.stretches import stretches

SENSITIVITY = 3.65
BAND = (10.0, 60.0)
RECONSTRUCTION_BAND = (10.0, 48.0)  # what a reconstruction at 100 Hz holds

_SEGMENT_S = 5.0
_HOP_S = 1.0
_UNION_S = 0.12
SHORTEST_SECONDS = 1.0
_ORDER = 8
_MIRROR_S = 1.0
_FLOOR = 1e-3  # of a channel's rms envelope: a flat stretch must not widen the distribution without bound
_BLOCK = 1 << 21  # samples filtered at once, so that 39 samples of 64 contacts need no gigabytes
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Detection:
    """A discharge proposed on one channel: ``time`` of the envelope's peak (s), ``strength`` its ratio to threshold."""

    channel: int
    time: float
    strength: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """A discharge that ``count`` of ``samples`` samples hold, with the 95 % Wilson interval of that share."""

    channel: int
    time: float
    count: int
    samples: int
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.count / self.samples


def detect(
    data: NDArray[np.floating[Any]],
    rate: float,
    start: float = 0.0,
    sensitivity: float = SENSITIVITY,
    band: tuple[float, float] = BAND,
) -> tuple[Detection, ...]:
    """Discharges in (channel, time) samples, by time and then channel; ``start`` is the first sample's time in seconds.

    ``sensitivity`` is the paper's k: lower finds more. An upper edge at or above the Nyquist frequency is no edge.
    Times with NaN are skipped, and so is a stretch between gaps under one second. Scale does not matter. Raises:
    ValueError for another shape or a band that leaves nothing.
    """
    if data.ndim != 2:
        raise ValueError(f"samples must be (channel, time), not {data.shape}")
    if not sensitivity > 0:
        raise ValueError(f"the sensitivity must be positive, not {sensitivity}")
    low, high = band
    if not 0 < low < min(high, rate / 2):
        raise ValueError(f"a band of {low} to {high} Hz leaves nothing at {rate} Hz")
    found: list[Detection] = []
    for channels, first, last in stretches(data):
        length = last - first
        if length < SHORTEST_SECONDS * rate:
            continue
        step = max(1, _BLOCK // length)
        for i in range(0, channels.size, step):
            members = channels[i : i + step]
            envelope = band_envelope(data[members, first:last], rate, band)
            found += _peaks(envelope, threshold(envelope, rate, sensitivity), members, rate, start + first / rate)
    return tuple(sorted(found, key=lambda d: (d.time, d.channel)))


def detect_samples(
    samples: NDArray[np.floating[Any]],
    rate: float,
    start: float = 0.0,
    sensitivity: float = SENSITIVITY,
    band: tuple[float, float] = RECONSTRUCTION_BAND,
) -> tuple[tuple[Detection, ...], ...]:
    """:func:`detect` on every sample of (sample, contact, time); one tuple of detections for each sample.

    Raises: as :func:`detect`.
    """
    if samples.ndim != 3:
        raise ValueError(f"samples must be (sample, contact, time), not {samples.shape}")
    n, contacts, times = samples.shape
    split: list[list[Detection]] = [[] for _ in range(n)]
    for d in detect(samples.reshape(n * contacts, times), rate, start, sensitivity, band):
        sample, contact = divmod(d.channel, contacts)
        split[sample].append(Detection(contact, d.time, d.strength))
    return tuple(tuple(found) for found in split)


def shares(detections: Sequence[Sequence[Detection]], n: int, tolerance: float = 0.05) -> tuple[Proposal, ...]:
    """Discharges over ``n`` samples of one signal, from the detections of each, by time and then channel.

    Detections on one channel within ``tolerance`` seconds of one of them are one proposal, at their median time; the
    group that most samples share is taken first, and each detection counts once. Raises: ValueError for more samples
    than ``n`` or n < 1.
    """
    if n < 1 or len(detections) > n:
        raise ValueError(f"detections of {len(detections)} samples cannot be shares of {n}")
    by_channel: dict[int, list[tuple[float, int]]] = {}
    for sample, found in enumerate(detections):
        for d in found:
            by_channel.setdefault(d.channel, []).append((d.time, sample))
    proposals = [
        Proposal(channel, time, count, n, *wilson(count, n))
        for channel, members in by_channel.items()
        for time, count in _groups(sorted(members), tolerance)
    ]
    return tuple(sorted(proposals, key=lambda p: (p.time, p.channel)))


def wilson(count: int, n: int) -> tuple[float, float]:
    """95 % interval of a share ``count`` / ``n`` (Wilson 1927, J. Am. Stat. Assoc. 22:209-212, its score interval)."""
    share, z2 = count / n, _Z95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def band_envelope(data: NDArray[np.floating[Any]], rate: float, band: tuple[float, float]) -> NDArray[np.floating[Any]]:
    """Hilbert envelope of finite (channel, time) samples in a band, zero phase, mirrored at the ends; same shape."""
    length = data.shape[1]
    pad = min(math.ceil(_MIRROR_S * rate), length)
    centred = (data - data.mean(axis=1, dtype=np.float64, keepdims=True)).astype(np.float32)
    padded = np.pad(centred, ((0, 0), (pad, pad)), mode="symmetric")
    size = 2 * fast_length(-(-padded.shape[1] // 2))
    frequencies = np.fft.rfftfreq(size, 1.0 / rate)
    # Butterworth magnitude of a high-pass; then, where the data reach so far, of a low-pass.
    gains = 1.0 / np.sqrt(1.0 + (band[0] / np.maximum(frequencies, 1e-9)) ** (2 * _ORDER))
    if band[1] < rate / 2:
        gains /= np.sqrt(1.0 + (frequencies / band[1]) ** (2 * _ORDER))
    spectrum = np.fft.rfft(padded, size, axis=1)
    # The analytic signal: twice the positive frequencies, none of the negative; 0 Hz is out of the band anyway.
    analytic = np.zeros((data.shape[0], size), dtype=spectrum.dtype)
    analytic[:, : gains.size] = spectrum * (2.0 * gains).astype(np.float32)
    analytic[:, size // 2] *= 0.5
    envelope: NDArray[np.floating[Any]] = np.abs(np.fft.ifft(analytic, axis=1)[:, pad : pad + length])
    return envelope


def threshold(envelope: NDArray[np.floating[Any]], rate: float, sensitivity: float) -> NDArray[np.floating[Any]]:
    """k · (mode + median) of the log-normal distribution of each segment, interpolated; same shape as the envelope.

    With μ and σ² the mean and variance of the envelope's logarithm, which are the maximum-likelihood estimates, the
    mode is exp(μ - σ²) and the median exp(μ) (Janca et al. 2015).
    """
    length = envelope.shape[1]
    width = min(round(_SEGMENT_S * rate), length)
    hop = max(1, round(_HOP_S * rate))
    firsts = np.arange(0, length - width + 1, hop)
    if firsts[-1] + width < length:  # the last segment ends where the data do
        firsts = np.append(firsts, length - width)
    rms = np.sqrt(np.mean(np.square(envelope, dtype=np.float64), axis=1, keepdims=True))
    # Logarithms of the envelope relative to its rms, so that scale cancels.
    relative = np.log(np.maximum(envelope / np.maximum(rms, np.finfo(np.float64).tiny), _FLOOR))
    mean = np.stack([relative[:, f : f + width].mean(axis=1) for f in firsts], axis=1)
    variance = np.stack([relative[:, f : f + width].var(axis=1) for f in firsts], axis=1)
    levels = sensitivity * rms * (np.exp(mean - variance) + np.exp(mean))
    return _interpolate(levels, firsts + (width - 1) / 2, length)


def _interpolate(levels: NDArray[np.float64], at: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Rows of ``levels`` at sample positions ``at``, linearly between and held outside, at every sample."""
    if at.size == 1:
        return np.repeat(levels, length, axis=1)
    samples = np.clip(np.arange(length), at[0], at[-1])
    right = np.clip(np.searchsorted(at, samples), 1, at.size - 1)
    weight = (samples - at[right - 1]) / (at[right] - at[right - 1])
    out: NDArray[np.float64] = levels[:, right - 1] * (1.0 - weight) + levels[:, right] * weight
    return out


def _peaks(
    envelope: NDArray[np.floating[Any]],
    level: NDArray[np.floating[Any]],
    channels: NDArray[np.intp],
    rate: float,
    start: float,
) -> Iterator[Detection]:
    """One detection, at the largest, for each run of maxima above threshold that follow one another within 120 ms."""
    before = np.pad(envelope[:, :-1], ((0, 0), (1, 0)), constant_values=-np.inf)
    after = np.pad(envelope[:, 1:], ((0, 0), (0, 1)), constant_values=-np.inf)
    rows, times = np.nonzero((envelope > level) & (envelope > before) & (envelope >= after))
    if rows.size == 0:
        return
    apart = (np.diff(rows) > 0) | (np.diff(times) > _UNION_S * rate)
    for group in np.split(np.arange(rows.size), np.flatnonzero(apart) + 1):
        row = rows[group[0]]
        best = times[group[np.argmax(envelope[row, times[group]])]]
        strength = float(envelope[row, best] / level[row, best])
        yield Detection(int(channels[row]), start + float(best) / rate, strength)


def _groups(members: list[tuple[float, int]], tolerance: float) -> list[tuple[float, int]]:
    """(median time, number of samples) of groups of (time, sample), sorted, the most shared first."""
    times = np.array([time for time, _ in members])
    first = np.searchsorted(times, times - tolerance - 1e-9, side="left")
    last = np.searchsorted(times, times + tolerance + 1e-9, side="right")
    free = [True] * len(members)

    def within(i: int) -> list[int]:
        return [j for j in range(first[i], last[i]) if free[j]]

    def count(indices: Sequence[int]) -> int:
        return len({members[j][1] for j in indices})

    queue = [(-count(within(i)), i) for i in range(len(members))]
    heapq.heapify(queue)
    out = []
    while queue:
        promised, i = heapq.heappop(queue)
        if not free[i]:
            continue
        group = within(i)
        held = count(group)
        if held < -promised:  # others have taken some since: back into the queue
            heapq.heappush(queue, (-held, i))
            continue
        for j in group:
            free[j] = False
        out.append((float(np.median(times[group])), held))
    return out
