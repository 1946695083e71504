"""From a recording to what the flow takes in: its sites, its rate, its band, on the absolute grid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neuroflow.errors import NotReconstructable
from neuroflow.recording import Channel, Recording, SignalSource, Span
from neuroflow.signal.resample import resample_span

# Long enough for a transition of half a hertz at 100 Hz (Harris 1978: 3.3 / width for a Hamming window).
_TAPS_SECONDS = 6.6
_FLAT = 1e-7  # a channel whose rms over a tile is below 0.1 µV is disconnected
_STILL_SECONDS = 0.1


class ModelInput(Protocol):
    """What must be known of a model to prepare a recording for it; a card says it, and so may training data."""

    @property
    def sites(self) -> tuple[str, ...]: ...
    @property
    def fewest_sites(self) -> int: ...
    @property
    def rate(self) -> float: ...
    @property
    def band(self) -> tuple[float, float]: ...


@dataclass(frozen=True)
class Prepared:
    """Scalp EEG for one tile.

    ``scalp`` (site, time) float32 volts with zeros where there is nothing; ``present`` (site,) bool; ``valid`` (time,)
    bool, false in gaps and beyond the recording's ends.
    """

    scalp: NDArray[np.float32]
    present: NDArray[np.bool_]
    valid: NDArray[np.bool_]


def usable_channels(recording: Recording, card: ModelInput, excluded: frozenset[str]) -> dict[int, Channel]:
    """The channels that the model can take in, by index of the card's sites.

    Raises: NotReconstructable where they are fewer than the card's ``fewest_sites``.
    """
    by_site = {c.site: c for c in reversed(recording.eeg) if c.is_voltage and c.name not in excluded}
    found = {index: by_site[site] for index, site in enumerate(card.sites) if site in by_site}
    slow = [c.name for c in found.values() if c.rate < 2 * card.band[1]]
    found = {index: c for index, c in found.items() if c.name not in slow}
    if len(found) < card.fewest_sites:
        have = f"{len(found)} EEG channel{'' if len(found) == 1 else 's'} at a site that it knows"
        why = f" ({', '.join(slow[:4])} sampled below {2 * card.band[1]:g} Hz)" if slow else ""
        needed = f"{card.fewest_sites} EEG channel{'' if card.fewest_sites == 1 else 's'}"
        raise NotReconstructable(
            f"The model needs at least {needed} on the head and this recording has {have}{why}; it can be viewed, not "
            "reconstructed."
        )
    return found


@lru_cache(maxsize=4)
def band_filter(rate: float, low: float, high: float) -> NDArray[np.float64]:
    """Linear-phase taps of the model's band, odd in number; -6 dB at ``low`` and ``high`` (hertz)."""
    from scipy.signal import firwin

    taps = firwin(2 * round(_TAPS_SECONDS * rate / 2) + 1, [low, high], pass_zero=False, fs=rate)
    return np.asarray(taps, dtype=np.float64)


def prepare(source: SignalSource, channels: dict[int, Channel], card: ModelInput, first: int, last: int) -> Prepared:
    """Scalp EEG at the model's rate and band for output steps ``first`` to ``last`` (exclusive).

    The value of a step depends on its absolute time only, up to what lies beyond a gap or the recording's ends, where
    the nearest sample is held. Raises: FileProblem.
    """
    from scipy.signal import oaconvolve

    taps = band_filter(card.rate, *card.band)
    half = taps.size // 2
    sites = len(card.sites)
    scalp = np.zeros((sites, last - first), dtype=np.float32)
    present = np.zeros(sites, dtype=np.bool_)
    by_rate: dict[float, list[int]] = {}
    for index, channel in channels.items():
        by_rate.setdefault(channel.rate, []).append(index)
    for rate, indices in by_rate.items():

        def read(a: int, b: int, rate: float = rate, indices: list[int] = indices) -> NDArray[np.float32]:
            raw = np.stack([source.read(Span(a / rate, b / rate), channels[i]) for i in indices])
            return hold_missing(raw, np.isnan(raw))

        wide = resample_span(read, rate, card.rate, first - half, last + half)
        scalp[indices] = oaconvolve(wide, taps[None, :], mode="valid", axes=1)
        present[indices] = True
    rms = np.sqrt(np.mean(np.square(scalp, dtype=np.float64), axis=1))
    present &= rms > _FLAT
    return Prepared(scalp, present, _valid(source, next(iter(channels.values())), card.rate, first, last))


def share_stuck(raw: NDArray[np.float32], rate: float) -> float:
    """The share of a channel's samples (time,) at which it is stuck: at its highest or lowest value, or on any value
    for a tenth of a second. Missing samples are not stuck.
    """
    there = raw[~np.isnan(raw)]
    if there.size < 2:
        return 0.0
    still = there[1:] == there[:-1]
    at_limit = still & ((there[1:] == there.max()) | (there[1:] == there.min()))
    edges = np.flatnonzero(np.diff(still.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    for first, last in edges[np.diff(edges, axis=1)[:, 0] + 1 >= max(_STILL_SECONDS * rate, 2.0)]:
        at_limit[first:last] = True
    return float(at_limit.mean())


def _valid(source: SignalSource, channel: Channel, rate: float, first: int, last: int) -> NDArray[np.bool_]:
    """Whether the recording holds data at each step of the model's rate."""
    low, high = first / rate, last / rate
    raw = source.read(Span(low, high), channel)
    nearest = np.round(np.arange(first, last) / rate * channel.rate).astype(int) - round(low * channel.rate)
    valid: NDArray[np.bool_] = ~np.isnan(raw[np.clip(nearest, 0, raw.size - 1)])
    return valid


def hold_missing(raw: NDArray[np.float32], missing: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Each row with its NaN replaced by the last value before it, or the next after it at the start; 0 where all are.

    ``raw`` and ``missing`` are (channel, time).
    """
    if not missing.any():
        return raw
    index = np.where(missing, -1, np.arange(raw.shape[1]))
    before = np.maximum.accumulate(index, axis=1)
    first = np.argmin(missing, axis=1)  # the first value that is there
    index = np.where(before < 0, first[:, None], before)
    held = np.take_along_axis(raw, index, axis=1)
    return np.nan_to_num(held, copy=False)
