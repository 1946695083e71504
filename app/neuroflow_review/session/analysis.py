"""Jobs of the analysis lanes: spikes on scalp and tiles, the spectrogram of a page, the trend of a recording."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroflow.detect.janca import Detection, Proposal, detect, detect_samples, shares
from neuroflow.inference.tile import Tile
from neuroflow.jobs import Control
from neuroflow.recording import Channel, SignalSource, Span
from neuroflow.signal.filters import Filters
from neuroflow.signal.montage import Row
from neuroflow.signal.spectrogram import Spectrogram, spectrogram
from neuroflow_review.session.depth import assemble
from neuroflow_review.session.numerics import scipy_calls
from neuroflow_review.session.page import read_derived

CHUNK_SECONDS = 60.0
"""Scalp spikes are looked for in fixed stretches, so that a spike does not come and go as pages turn."""

ONE_DISCHARGE = 0.1
"""Seconds from one channel to the next within which both have the same discharge, decided on or not."""

LONGEST_DISCHARGE = 0.2
"""Seconds from its first spike to its last, as long as a sharp wave: in a seizure they would follow without an end."""

LEAST_SHARE = 0.1
"""Of samples that must hold a spike before it is proposed: every noisy sample alone has some."""

_AROUND = 5.0
_WINDOW = 1.0
_FLAT_SECONDS = 0.25
_OFF = Filters(None, None, None)
_TREND_COLUMNS = 1200
_TREND_SECONDS = 2.0
_TREND_STEP = 40


@dataclass(frozen=True, slots=True)
class Spike:
    """A proposed discharge: row label or contact, time in seconds; ``count`` of ``samples`` where reconstructed.

    ``strength`` is how far it stands out on its channel of the scalp, as in :class:`neuroflow.detect.janca.Detection`;
    ``decision`` is what a reader decided, as in :class:`neuroflow.review.Mark`.
    """

    label: str
    time: float
    count: int = 0
    samples: int = 0
    low: float = 0.0
    high: float = 0.0
    decision: str = ""
    strength: float = 0.0


def grouped(spikes: Sequence[Spike]) -> list[list[Spike]]:
    """Spikes in order of time, those of one discharge together: within 0.1 s of one another, and 0.2 s in all."""
    out: list[list[Spike]] = []
    for spike in sorted(spikes, key=lambda s: s.time):
        last = out[-1] if out else None
        if last and spike.time - last[-1].time <= ONE_DISCHARGE and spike.time - last[0].time <= LONGEST_DISCHARGE:
            out[-1].append(spike)
        else:
            out.append([spike])
    return out


def strongest(discharge: Sequence[Spike]) -> Spike:
    """The spike that most samples hold, or that stands out most on the scalp: where the discharge is said to be."""
    return max(discharge, key=lambda s: (s.count, s.strength))


def scalp_spikes(
    source: SignalSource, rows: Sequence[Row], chunk: int, sensitivity: float, control: Control
) -> tuple[Spike, ...]:
    """Discharges on the EEG rows of a montage in one stretch of a minute. Raises: FileProblem, Cancelled."""
    span = Span(chunk * CHUNK_SECONDS, (chunk + 1) * CHUNK_SECONDS).clipped_to(source.recording.span)
    rows = [row for row in rows if row.kind == "EEG" and not row.bad]
    if not rows or span.duration <= 0:
        return ()
    around = Span(span.start - _AROUND, span.stop + _AROUND)
    data, rate, start = read_derived(source, rows, around, _OFF, control)
    if rate < 25.0:
        return ()
    with scipy_calls():
        found = detect(without_flat(data, rate), rate, start, sensitivity)
    control.checkpoint()
    return tuple(
        Spike(rows[d.channel].label, d.time, strength=d.strength) for d in found if span.start <= d.time < span.stop
    )


def without_flat(data: NDArray[np.float32], rate: float) -> NDArray[np.float32]:
    """(channel, time) with NaN where a trace does not move for a quarter of a second: padding, or a loose electrode.

    Beside such a stretch any noise stands out, and a detector would call it a discharge.
    """
    width = max(round(_FLAT_SECONDS * rate), 2)
    out = data
    for k, y in enumerate(data):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], np.diff(y) == 0, [False]]).astype(np.int8)))
        for first, last in edges.reshape(-1, 2):
            if last - first >= width:
                out = data.copy() if out is data else out
                out[k, first : last + 1] = np.nan
    return out


def tile_spikes(tile: Tile, names: Sequence[str], sensitivity: float, control: Control) -> tuple[Spike, ...]:
    """Discharges in the samples of a tile, with the share of samples that hold each. Raises: Cancelled."""
    found: list[tuple[Detection, ...]] = []
    n, samples = tile.samples.shape[0], tile.known()
    for k in range(0, n, 8):
        found += detect_samples(samples[k : k + 8], tile.rate, tile.span.start, sensitivity)
        control.checkpoint(k / n)
    proposals: tuple[Proposal, ...] = shares(found, n)
    return tuple(
        Spike(names[p.channel], p.time, p.count, p.samples, p.low, p.high)
        for p in proposals
        if p.count >= LEAST_SHARE * p.samples
    )


def scalp_spectrogram(source: SignalSource, row: Row, span: Span, control: Control) -> Spectrogram | None:
    """Spectrogram of one trace over a page, or None where it is too slow or short. Raises: FileProblem, Cancelled."""
    # No context before the start or after the end: the transform mirrors there, where NaN would leave a hole.
    around = Span(span.start - _WINDOW, span.stop + _WINDOW).clipped_to(source.recording.span)
    data, rate, start = read_derived(source, [row], around, _OFF, control)
    first, last = round((around.start - start) * rate), round((around.stop - start) * rate)
    return _cut(data[:, first:last], rate, around.start, span)


def depth_spectrogram(tiles: Sequence[Tile], contact: int, span: Span, control: Control) -> Spectrogram | None:
    """Spectrogram of a contact: mean power over its samples. Raises: Cancelled."""
    samples, first = assemble(tiles, (contact,))
    control.checkpoint()
    rate = tiles[0].rate
    return _cut(samples[:, 0], rate, first / rate, span)


def _cut(data: NDArray[np.float32], rate: float, start: float, span: Span) -> Spectrogram | None:
    if rate < 4 or data.shape[1] < round(_WINDOW * rate):
        return None
    # About as many columns as a screen shows, whatever the length of the page.
    hop = max(span.duration / 800, 1 / rate)
    with scipy_calls():
        made = spectrogram(data, rate, start, f_max=min(50.0, rate / 2), window_s=_WINDOW, hop_s=hop)
    kept = (made.times >= span.start - hop) & (made.times <= span.stop + hop)
    return Spectrogram(made.times[kept], made.frequencies, made.power_db[:, kept])


def trend(
    source: SignalSource, channels: Sequence[Channel], control: Control
) -> Generator[NDArray[np.float64], None, None]:
    """Root mean square of some channels over the whole recording, in volts; NaN where not known yet.

    A long recording is read at regular moments only: the strip shows where something is, not every peak. Yields the
    strip so far. Raises: FileProblem, Cancelled.
    """
    duration = source.recording.duration
    columns = min(_TREND_COLUMNS, max(int(duration), 1))
    out = np.full(columns, np.nan)
    width = duration / columns
    for first in range(0, columns, _TREND_STEP):
        for k in range(first, min(first + _TREND_STEP, columns)):
            span = Span(k * width, k * width + min(width, _TREND_SECONDS))
            values = []
            for channel in channels:
                y = source.read(span, channel)
                y = y[np.isfinite(y)]
                if y.size > 1:
                    values.append(float(y.std()))
            if values:
                out[k] = float(np.median(values))
        control.checkpoint(first / columns)
        yield out.copy()
