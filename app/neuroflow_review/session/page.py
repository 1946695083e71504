"""From a recording to the traces of one page: read with context, montage, filters, and as many points as pixels."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroflow.jobs import Control
from neuroflow.recording import Channel, ChannelKind, Recording, Samples, SignalSource, Span
from neuroflow.signal.derivation import OwnMontage, lacking, own_rows
from neuroflow.signal.envelope import minmax_envelope
from neuroflow.signal.filters import Filters, apply_filters, context_seconds
from neuroflow.signal.interpolation import interpolated
from neuroflow.signal.montage import MontageChannel, Row, apply_rows, montage_rows
from neuroflow_review.kinds import STANDARD, STANDARD_SENSITIVITY, filters_of, own_filters
from neuroflow_review.session.numerics import scipy_calls
from neuroflow_review.session.scales import OwnScale, has_own_scale, own_scale
from neuroflow_review.session.state import ViewState

_OFF = Filters(None, None, None)
AS_RECORDED = "as recorded"

# Twice as many samples as columns still draw as a line; beyond, the lowest and highest of a column are what is seen.
_DENSE = 2.0
_MOST_KEPT = 4_000_000
"""Samples of a page that are kept beside what is drawn of them: 16 MB."""
_BLOCK = 32


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What fixes the traces of a page; ``columns`` is how many device pixels the time axis has.

    ``own`` are the cut-offs of other kinds than EEG (:func:`neuroflow_review.kinds.own_filters`).
    """

    identity: str
    span: Span
    rows: tuple[Row, ...]
    filters: Filters
    columns: int
    own: tuple[Filters, ...] = own_filters(STANDARD)


@dataclass(frozen=True, slots=True)
class Trace:
    """One row's line: values ``y`` (volts, or the channel's unit) at ``start + k * step`` seconds; NaN in gaps.

    Where ``dense``, values are pairs (low, high) of one pixel column, and ``step`` is half a column. ``unit`` is empty
    for voltages; ``scale`` is the value per millimetre of a row with a scale of its own, before the reader made its
    kind larger or smaller, else None. Physical quantities are drawn upside down (``turned``) about their ``middle``, so
    that they point up. ``filters`` were applied; ``samples`` are the filtered values themselves at ``start + k /
    rate``, None of a page that holds too many.
    """

    start: float
    step: float
    y: Samples
    dense: bool
    unit: str = ""
    scale: float | None = None
    middle: float = 0.0
    turned: bool = False
    filters: Filters = _OFF
    rate: float = 0.0
    samples: Samples | None = None

    def at(self, time: float) -> tuple[float, float]:
        """Between which values the row is at a time, in its unit: both are its sample where samples are kept.

        The least and the largest of the pixel column otherwise; NaN where there is none.
        """
        step = self.step if self.samples is None else 1.0 / self.rate
        k = int(np.floor((time - self.start) / step + 0.5))
        if self.samples is None and self.dense:
            return self._reach(self.y[max(k - k % 2, 0) : k - k % 2 + 2])
        values = self.y if self.samples is None else self.samples
        found = values[k : k + 1] if k >= 0 else values[:0]
        return self._reach(found) if self.samples is None else _ends(found)

    def extremes(self, span: Span) -> tuple[float, float]:
        """The least and the largest value within a span, in the row's unit; NaN where there is none."""
        values, step = (self.y, self.step) if self.samples is None else (self.samples, 1.0 / self.rate)
        first, last = ((t - self.start) / step for t in (span.start, span.stop))
        inside = values[max(int(np.ceil(first)), 0) : max(int(np.floor(last)) + 1, 0)]
        return self._reach(inside) if self.samples is None else _ends(inside)

    def _reach(self, drawn: Samples) -> tuple[float, float]:
        """Least and largest value of what is drawn."""
        low, high = _ends(drawn)
        return (self.middle - high, self.middle - low) if self.turned else (low, high)


@dataclass(frozen=True, slots=True)
class PageData:
    """The traces of a page, in the order of the request's rows."""

    request: PageRequest
    traces: tuple[Trace, ...]

    def value(self, row: int, time: float) -> float:
        """The value of a row at a time, in its unit, as it was recorded and filtered; NaN where there is none.

        The middle of a pixel column where samples are not kept: :meth:`Trace.at` says how far it may be off.
        """
        return sum(self.traces[row].at(time)) / 2

    def extremes(self, row: int, span: Span) -> tuple[float, float]:
        """The least and the largest value of a row within a span, in its unit; NaN where there is none."""
        return self.traces[row].extremes(span)


def _ends(values: Samples) -> tuple[float, float]:
    present = values[np.isfinite(values)]
    return (float(present.min()), float(present.max())) if present.size else (float("nan"), float("nan"))


def rows_of(
    recording: Recording,
    montage: str,
    bad: frozenset[str],
    *,
    own: OwnMontage | None = None,
    interleaved: bool = False,
) -> tuple[Row, ...]:
    """The rows of a montage for a recording; as recorded where the montage has no derivation for its electrodes.

    ``own`` is a reader's montage, which takes the place of the one of the name.
    """
    return _laid_out(tuple(channels_of(recording)), montage, own, bad, interleaved)[1]


def shown_montage(recording: Recording, state: ViewState) -> str:
    """The montage that is drawn: the chosen one, or ``as recorded`` where that has no derivation for the electrodes."""
    channels = tuple(channels_of(recording))
    return _laid_out(channels, state.montage, state.own, state.bad, state.interleaved)[0]


@lru_cache(maxsize=16)
def _laid_out(
    channels: tuple[MontageChannel, ...], montage: str, own: OwnMontage | None, bad: frozenset[str], interleaved: bool
) -> tuple[str, tuple[Row, ...]]:
    """The montage that can be drawn of these channels, and its rows."""
    # Channels at no known site, such as derivations of the file's own, stand in every montage and make none of them.
    if own is not None:
        rows = own_rows(own, channels, bad)
        derived = any(not lacking(line, channels) for line in own.rows)
    else:
        rows = montage_rows(montage, channels, bad, interleaved=interleaved)
        names = {channel.name for channel in channels}
        derived = any(row.label not in names and any(weight for _, weight in row.weights) for row in rows)
    if derived:
        return montage, rows
    return AS_RECORDED, montage_rows(AS_RECORDED, channels, bad)


def shown_rows(recording: Recording, state: ViewState) -> tuple[Row, ...]:
    """The rows that the reader wants to see of a recording."""
    rows = rows_of(recording, state.montage, state.bad, own=state.own, interleaved=state.interleaved)
    return interpolated(rows, _places(recording), state.bad) if state.interpolate and state.bad else rows


def _places(recording: Recording) -> dict[str, NDArray[np.float64]]:
    """Where the electrodes over the brain lie, as unit vectors by channel; mne knows, and is slow to load."""
    from neuroflow.anatomy.electrodes import EARS
    from neuroflow.anatomy.head import site_directions

    found = {}
    for channel in recording.eeg:
        if channel.site is not None and channel.site not in EARS:
            with contextlib.suppress(KeyError):
                found[channel.name] = site_directions([channel.site])[0]
    return found


def channels_of(recording: Recording) -> list[MontageChannel]:
    """A recording's channels as montages see them."""
    return [MontageChannel(c.name, c.site, c.kind.value) for c in recording.channels if c.rate > 0]


def eeg_rate(recording: Recording) -> float | None:
    """The commonest sampling rate (Hz) of scalp EEG, where there is none of iEEG; None where there is neither."""
    for kind in (ChannelKind.EEG, ChannelKind.IEEG):
        members = [c for c in recording.channels if c.kind is kind and c.rate > 0]
        if members:
            return _rate(members)
    return None


def load_page(source: SignalSource, request: PageRequest, control: Control) -> PageData:
    """Read and compute the traces of a page. Raises: FileProblem, Cancelled."""
    recording = source.recording
    channels = {c.name: c for c in recording.channels}
    by_kind = filters_of(request.own, request.filters)
    traces: dict[int, Trace] = {}
    for indices in _alike(request.rows, channels):
        rows = [request.rows[i] for i in indices]
        first = channels[rows[0].weights[0][0]]
        filters = by_kind[first.kind]
        data, rate, start = _derive(source, rows, channels, request.span, filters, control)
        plain = Trace(start, 1.0 / rate, data[0], dense=False, filters=filters, rate=rate)
        for i, y in zip(indices, data, strict=True):
            kept = y if data.size <= _MOST_KEPT else None
            trace = replace(plain, y=y, samples=kept)
            traces[i] = _trace(trace, request.columns)
            channel = channels[request.rows[i].weights[0][0]]
            if has_own_scale(channel):
                traces[i] = _turned(traces[i], channel, own_scale(source, request.rows[i], filters.low_cut, control))
            elif channel.kind in STANDARD_SENSITIVITY:
                traces[i] = replace(traces[i], scale=STANDARD_SENSITIVITY[channel.kind])
        control.checkpoint()
    return PageData(request, tuple(traces[i] for i in range(len(request.rows))))


def read_derived(
    source: SignalSource, rows: Sequence[Row], span: Span, filters: Filters, control: Control
) -> tuple[NDArray[np.float32], float, float]:
    """Traces (row, time) of rows of one kind over a span, their common rate, and the time of their first sample.

    Raises: FileProblem, Cancelled.
    """
    channels = {c.name: c for c in source.recording.channels}
    return _derive(source, rows, channels, span, filters, control)


def _alike(rows: Sequence[Row], channels: dict[str, Channel]) -> list[list[int]]:
    """Indices of rows that are read at one rate and filtered alike."""
    groups: dict[tuple[float, ChannelKind], list[int]] = {}
    for i, row in enumerate(rows):
        members = [channels[name] for name, _ in row.weights]
        groups.setdefault((_rate(members), members[0].kind), []).append(i)
    return list(groups.values())


def _rate(members: Sequence[Channel]) -> float:
    """The commonest rate of the channels of a derivation; the others are resampled to it."""
    return Counter(c.rate for c in members).most_common(1)[0][0]


def _derive(
    source: SignalSource,
    rows: Sequence[Row],
    channels: dict[str, Channel],
    span: Span,
    filters: Filters,
    control: Control,
) -> tuple[NDArray[np.float32], float, float]:
    rate = _rate([channels[rows[0].weights[0][0]]] if len(rows) == 1 else _members(rows, channels))
    # All that the filters reach, two minutes for the lowest cut: a second is the same whichever page shows it.
    context = context_seconds(filters, rate)
    # One sample beyond either end, so that the line reaches the edges of the page.
    first, last = int(np.floor(span.start * rate)) - 1, int(np.ceil(span.stop * rate)) + 2
    around = int(np.ceil(context * rate))
    data = {}
    for name in dict.fromkeys(name for row in rows for name, _ in row.weights):
        data[name] = _read(source, channels[name], rate, first - around, last + around)
        control.checkpoint()
    out = np.empty((len(rows), last - first), dtype=np.float32)
    for i in range(0, len(rows), _BLOCK):  # what is in between takes several times the memory of the page
        derived = apply_rows(rows[i : i + _BLOCK], data)
        out[i : i + _BLOCK] = apply_filters(derived, rate, filters)[:, around : around + last - first]
        control.checkpoint()
    return out, rate, first / rate


def _members(rows: Sequence[Row], channels: dict[str, Channel]) -> list[Channel]:
    return [channels[name] for row in rows for name, _ in row.weights]


def _read(source: SignalSource, channel: Channel, rate: float, first: int, last: int) -> Samples:
    def read(a: int, b: int) -> NDArray[Any]:
        # Half a sample of slack: the reader rounds times to samples, and a / rate must not fall short of a.
        samples = source.read(Span(a / channel.rate, b / channel.rate), channel)
        return _exactly(samples, b - a)

    if channel.rate == rate:
        return read(first, last)
    from neuroflow.signal.resample import resample_span

    with scipy_calls():
        resampled: Samples = resample_span(lambda a, b: read(a, b)[None], channel.rate, rate, first, last)[0]
    return resampled


def _exactly(samples: Samples, length: int) -> Samples:
    """Rounding at odd rates may give one sample more or less."""
    if samples.shape[0] == length:
        return samples
    out = np.full(length, np.nan, dtype=np.float32)
    out[: min(length, samples.shape[0])] = samples[:length]
    return out


def _trace(trace: Trace, columns: int) -> Trace:
    """How a row is drawn of which every sample is given."""
    y = trace.y
    if y.size == 0 or y.size <= _DENSE * columns:
        return trace
    low, high = minmax_envelope(y[None], columns)
    # Low first where the column rises, as the neighbouring columns are joined by one line.
    pairs = np.stack([low[0], high[0]], axis=1).astype(np.float32)
    width = y.size / trace.rate / columns
    return replace(trace, step=width / 2, y=pairs.reshape(-1), dense=True)


def _turned(trace: Trace, channel: Channel, own: OwnScale) -> Trace:
    """Physical quantities point up on the page: only voltages of the brain are drawn negative up."""
    unit = "" if channel.is_voltage else channel.dimension or "–"
    return replace(trace, y=own.middle - trace.y, middle=own.middle, turned=True, scale=own.scale, unit=unit)
