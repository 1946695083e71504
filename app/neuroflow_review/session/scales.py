"""The scale and the middle of rows that are no voltages of brain, heart, eye or muscle: one for a whole recording."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import numpy as np

from neuroflow.errors import FileProblem
from neuroflow.jobs import Control
from neuroflow.recording import Channel, ChannelKind, SignalSource, Span
from neuroflow.signal.montage import Row
from neuroflow.units import MICROVOLT, volts_per_unit
from neuroflow_review.kinds import STANDARD_SENSITIVITY

_SATURATION: Final = (1.0, 95.0)
_REACH_MM: Final = 5.0
_PIECE_SECONDS: Final = 10.0  # two breaths at least
_MOST_PIECES, _LEAST_PIECES, _MOST_READS = 8, 2, 48
_KEPT: Final = 512


@dataclass(frozen=True, slots=True)
class OwnScale:
    """Value per millimetre, and the value that is drawn on the row's line, in volts or the channel's unit."""

    scale: float
    middle: float


_known: OrderedDict[tuple[str, Channel, bool], OwnScale] = OrderedDict()


def has_own_scale(channel: Channel) -> bool:
    """Whether a channel is drawn in a scale that the recording gives, neither in the page's nor in its kind's."""
    brain = channel.kind in (ChannelKind.EEG, ChannelKind.IEEG)
    return not channel.is_voltage or not (brain or channel.kind in STANDARD_SENSITIVITY)


def own_scale(source: SignalSource, row: Row, low_cut: float | None, control: Control) -> OwnScale:
    """What a row is drawn in on every page: that of its channels; about 0 where a low cut takes their middle away.

    Reads a few pieces of the recording the first time, so not in the GUI thread. Raises: Cancelled.
    """
    channels = {c.name: c for c in source.recording.channels}
    found = [(weight, _scale_of(source, channels[name], low_cut is not None, control)) for name, weight in row.weights]
    middle = 0.0 if low_cut is not None else sum(weight * each.middle for weight, each in found)
    return OwnScale(max(each.scale for _, each in found), middle)


def _scale_of(source: SignalSource, channel: Channel, about_zero: bool, control: Control) -> OwnScale:
    if channel.kind is ChannelKind.SPO2 and not channel.is_voltage:
        # One per cent a millimetre, also where a recorder writes shares of 1.
        whole = 100.0 if 0 < channel.physical_max <= 1.5 else 1.0
        return OwnScale(*(value / whole for value in _SATURATION))
    key = (source.recording.identity, channel, about_zero)
    known = _known.get(key)
    if known is None:
        pieces = _pieces(source, channel, control)
        known = _fitted(pieces, channel, about_zero)
        if pieces:  # what could not be read now may be read later
            _known[key] = known
            while len(_known) > _KEPT:
                _known.popitem(last=False)
    return known


def _pieces(source: SignalSource, channel: Channel, control: Control) -> list[np.ndarray]:
    """Stretches of a channel from all over the recording: fewer where many channels have scales of their own."""
    recording = source.recording
    alike = sum(has_own_scale(c) for c in recording.channels)
    count = min(max(_MOST_READS // max(alike, 1), _LEAST_PIECES), _MOST_PIECES)
    found = []
    for k in range(count):
        control.checkpoint()
        middle = (k + 0.5) / count * recording.duration
        with contextlib.suppress(FileProblem):
            y = source.read(Span(middle, middle).widened(_PIECE_SECONDS / 2).clipped_to(recording.span), channel)
            if (present := y[np.isfinite(y)]).size:
                found.append(present)
    return found


def _fitted(pieces: list[np.ndarray], channel: Channel, about_zero: bool) -> OwnScale:
    """Draws most of what was read within 5 mm; from the range of the header where nothing moves or was read."""
    if not pieces:
        return OwnScale(_of_header(channel), 0.0)
    whole = np.concatenate(pieces)
    level = np.concatenate([p - np.median(p) for p in pieces]) if about_zero else whole
    # Flashes and triggers are seldom: of them it is all that moves.
    reach = float(np.ptp(np.quantile(level, [0.05, 0.95]))) or float(np.ptp(level))
    return OwnScale(_rung(reach / _REACH_MM) if reach > 0 else _of_header(channel), float(np.median(whole)))


def _of_header(channel: Channel) -> float:
    """Value per millimetre that draws all that the file can hold within 20 mm."""
    unit = (volts_per_unit(channel.dimension) or MICROVOLT) if channel.is_voltage else 1.0
    reach = abs(channel.physical_max - channel.physical_min) * unit
    return _rung(reach / (4 * _REACH_MM)) if reach > 0 else unit


def _rung(wanted: float) -> float:
    """The least of the ladder 1 2 5 that is not below."""
    decade = 10.0 ** np.floor(np.log10(wanted))
    return float(next(m * decade for m in (1, 2, 5, 10) if m * decade >= wanted * (1 - 1e-9)))
