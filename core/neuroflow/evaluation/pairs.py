"""Pairs of a BIDS tree as a model sees them: scalp as inference prepares it, depth on the same grid and in its band."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from neuroflow.anatomy.implant import Contact, Implant
from neuroflow.errors import FileProblem, NotReconstructable
from neuroflow.inference.preparation import band_filter, hold_missing, prepare, usable_channels
from neuroflow.io import open_recording
from neuroflow.io.bids import Pair, Stated, channel_called
from neuroflow.io.bids_contacts import plain_name
from neuroflow.jobs import Control
from neuroflow.recording import Channel, Samples, SignalSource, Span, Stretch
from neuroflow.signal.resample import resample_span

SAME_NAME_MM = 15.0
NEAREST_MM = 10.0
LONGEST_SECONDS = 86400.0
_PART_SECONDS = 60.0  # read at once, so that memory does not grow with the recording
_FLAT = 1e-7  # volts rms, as inference judges it


@dataclass(frozen=True)
class PairSignals:
    """One pair on the model's grid, sample n at n / rate seconds from the first scalp sample.

    ``scalp`` (site, time) float32 volts, zeros where ``present`` (site,) is false; ``depth`` (contact, time) float32
    volts in the implant's order, NaN where the pair lacks the contact. ``spans`` are first and last (exclusive)
    samples; what lies outside them is nothing, and no window or filter reaches across their edges. ``identity`` is the
    scalp recording's.
    """

    name: str
    subject: str
    scalp: Samples
    present: NDArray[np.bool_]
    depth: Samples
    spans: tuple[tuple[int, int], ...]
    discharges: tuple[Stated, ...]
    identity: str = ""


@dataclass(frozen=True)
class _Grid:
    """What preparation must know (inference.preparation.ModelInput)."""

    sites: tuple[str, ...]
    rate: float
    band: tuple[float, float]
    fewest_sites: int


def load_pair(
    pair: Pair, sites: Sequence[str], implant: Implant, rate: float, band: tuple[float, float],
    control: Control | None = None, fewest_sites: int = 1,
) -> PairSignals:  # fmt: skip
    """Both signals of a pair at ``rate`` hertz within ``band``, without any delay between them.

    The depth's start may lie anywhere between two scalp samples: the fraction is taken up by its filter.
    Raises: FileProblem where a file cannot be read or no contact is one of the implant's, NotReconstructable where no
    scalp channel is usable or fewer than ``fewest_sites`` are, Cancelled.
    """
    control = control or Control()
    matched = match_contacts(pair.contacts, implant)
    if not matched:
        raise FileProblem(
            f"No contact in {pair.electrodes} lies within {NEAREST_MM:g} mm of one of the implant “{implant.name}”: "
            "choose an implant that fits, or leave this pair out."
        )
    grid = _Grid(tuple(sites), rate, band, fewest_sites)
    steps = ((math.ceil(s.start * rate - 1e-6), math.floor(s.stop * rate + 1e-6)) for s in pair.spans)
    # Less than a second holds no rhythm, and none of the windows in which amplitudes are judged.
    stretches = [(s, a, b) for s, (a, b) in zip(pair.spans, steps, strict=True) if b - a >= rate]
    spans = tuple((first, last) for _, first, last in stretches)
    if not spans:
        raise FileProblem(f"No trial of {pair.scalp} lasts a second: leave this pair out, or join its trials.")
    length = max((last for _, last in spans), default=0)
    if length > LONGEST_SECONDS * rate:
        raise FileProblem(f"{pair.scalp} lasts longer than a day: cut it into parts of a day at most.")
    scalp_source = open_recording(pair.scalp)
    depth_source = open_recording(pair.depth)
    try:
        recording = scalp_source.recording
        bad = frozenset(c.name for c in recording.channels if c.label in pair.bad_sites or c.name in pair.bad_sites)
        scalp_channels = usable_channels(recording, grid, bad)
        depth_channels = _depth_channels(pair, depth_source, matched, rate)
        rows = list(depth_channels)
        scalp = np.zeros((len(sites), length), dtype=np.float32)
        depth = np.full((len(implant.contacts), length), np.nan, dtype=np.float32)
        step = round(_PART_SECONDS * rate)
        for span, begin, end in stretches:
            # Trials lie end to end though time has passed between them: a filter must not see beyond their edges.
            in_depth = Span(max(span.start - pair.depth_offset, 0.0), max(span.stop - pair.depth_offset, 0.0))
            within, beside = Stretch(scalp_source, span), Stretch(depth_source, in_depth)
            for first in range(begin, end, step):
                last = min(first + step, end)
                control.checkpoint(first / length)
                scalp[:, first:last] = prepare(within, scalp_channels, grid, first, last).scalp
                depth[rows, first:last] = _depth(beside, list(depth_channels.values()), grid, pair, first, last)
    finally:
        scalp_source.close()
        depth_source.close()
    present = _present(scalp, spans) & np.isin(np.arange(len(sites)), list(scalp_channels))
    if present.sum() < fewest_sites:
        raise NotReconstructable(
            f"Only {int(present.sum())} of the scalp channels in {pair.scalp} carry a signal, and {fewest_sites} are "
            "needed: leave this pair out."
        )
    scalp[~present] = 0.0
    for samples in (scalp, depth):
        samples.flags.writeable = False
    return PairSignals(pair.name, pair.subject, scalp, present, depth, spans, pair.discharges, recording.identity)


def match_contacts(contacts: Sequence[Contact], implant: Implant) -> dict[int, Contact]:
    """Which of a patient's contacts stands for which of the implant's, by the implant's index.

    First those of the same name within :data:`SAME_NAME_MM`, then, nearest first, those within :data:`NEAREST_MM`; no
    contact stands for two.
    """
    theirs = np.array([contact.mni for contact in contacts]).reshape(-1, 3)
    ours = np.array([contact.mni for contact in implant.contacts]).reshape(-1, 3)
    apart = np.linalg.norm(ours[:, None] - theirs[None], axis=2)
    same = np.array(
        [[plain_name(a.name) == plain_name(b.name) for b in contacts] for a in implant.contacts], dtype=np.bool_
    ).reshape(apart.shape)
    matched: dict[int, Contact] = {}
    taken: set[int] = set()
    for allowed in (same & (apart <= SAME_NAME_MM), apart <= NEAREST_MM):
        order = sorted(zip(*np.nonzero(allowed), strict=True), key=lambda pair: (apart[pair], pair))
        for mine, other in order:
            if int(mine) not in matched and int(other) not in taken:
                matched[int(mine)] = contacts[int(other)]
                taken.add(int(other))
    return dict(sorted(matched.items()))


def _depth_channels(
    pair: Pair, source: SignalSource, matched: dict[int, Contact], rate: float
) -> dict[int, Channel]:  # fmt: skip
    """Channels of the matched contacts by the implant's index. Raises: FileProblem."""
    found = {index: channel_called(source.recording, contact.name) for index, contact in matched.items()}
    channels = {
        index: channel
        for index, channel in found.items()
        if channel is not None and channel.is_voltage and not channel.reconstructed
    }
    slow = next((channel for channel in channels.values() if channel.rate < rate), None)
    if slow is not None:
        raise FileProblem(
            f"{slow.name} in {pair.depth} is sampled at {slow.rate:g} Hz, below the model's {rate:g} Hz: leave this "
            "pair out, or train a model at a lower rate."
        )
    if not channels:
        raise FileProblem(f"{pair.depth} no longer holds the contacts that its sidecars name: read the tree again.")
    return channels


def _depth(
    source: SignalSource, channels: Sequence[Channel], grid: _Grid, pair: Pair, first: int, last: int
) -> Samples:
    """Depth (channel, time) of steps ``first`` to ``last`` on the scalp's grid."""
    from scipy.signal import oaconvolve

    whole = round(pair.depth_offset * grid.rate)
    taps = delayed(grid.rate, *grid.band, round(pair.depth_offset * grid.rate - whole, 9))
    half = taps.size // 2
    out = np.empty((len(channels), last - first), dtype=np.float32)
    for rate in {channel.rate for channel in channels}:
        rows = [i for i, channel in enumerate(channels) if channel.rate == rate]

        def read(a: int, b: int, rate: float = rate, rows: list[int] = rows) -> Samples:
            raw = np.stack([source.read(Span(a / rate, b / rate), channels[i]) for i in rows])
            return hold_missing(raw, np.isnan(raw))

        wide = resample_span(read, rate, grid.rate, first - whole - half, last - whole + half)
        out[rows] = oaconvolve(wide, taps[None, :], mode="valid", axes=1)
    return out


@lru_cache(maxsize=64)
def delayed(rate: float, low: float, high: float, steps: float) -> NDArray[np.float64]:
    """The model's band filter, later by a part of a step; at 0 it is the scalp's own.

    The delay is a factor exp(-i 2π f steps) on its spectrum (zero-padded, so that nothing wraps round to matter).
    """
    taps = band_filter(rate, low, high)
    if steps == 0.0:
        return taps
    margin = taps.size // 2
    padded = np.pad(taps, margin)
    f = np.fft.rfftfreq(padded.size)
    moved = np.fft.irfft(np.fft.rfft(padded) * np.exp(-2j * np.pi * f * steps), padded.size)
    return np.asarray(moved)


def _present(scalp: Samples, spans: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """Whether each site (site, time) carries a signal within the spans."""
    power = np.zeros(scalp.shape[0])
    count = 0
    for first, last in spans:
        power += np.square(scalp[:, first:last], dtype=np.float64).sum(axis=1)
        count += last - first
    return np.asarray(np.sqrt(power / max(count, 1)) > _FLAT)
