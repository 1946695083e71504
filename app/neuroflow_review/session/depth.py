"""From tiles to what a page of reconstruction draws: samples of the page, filtered, then bands; and the comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroflow.inference.tile import Tile
from neuroflow.jobs import Control
from neuroflow.recording import Samples, SignalSource, Span
from neuroflow.signal.filters import Filters, apply_filters
from neuroflow.signal.orderstatistics import EXACT, Bands, Calibration, bands

_OFF = Filters(None, None, None)


@dataclass(frozen=True, slots=True, eq=False)
class DepthRequest:
    """What fixes the drawn bands: ``tiles`` around the page, ``contacts`` by index, ``sample`` to draw alone or None.

    Tiles may reach beyond the page: filters need them for its edges.
    """

    span: Span
    tiles: tuple[Tile, ...]
    contacts: tuple[int, ...]
    filters: Filters
    sample: int | None
    calibration: Calibration = EXACT


@dataclass(frozen=True, slots=True, eq=False)
class DepthPage:
    """Bands (contact, time) in volts from ``start`` at ``rate``; NaN where nothing is reconstructed."""

    request: DepthRequest
    start: float
    rate: float
    bands: Bands
    sample: Samples | None


def load_depth(request: DepthRequest, control: Control) -> DepthPage | None:
    """Bands of a page, or None where it has no tile. Raises: Cancelled."""
    if not request.tiles:
        return None
    rate = request.tiles[0].rate
    samples, first = assemble(request.tiles, request.contacts)
    control.checkpoint()
    if request.filters != _OFF:
        n, contacts, times = samples.shape
        samples = apply_filters(samples.reshape(n * contacts, times), rate, request.filters).reshape(samples.shape)
        control.checkpoint()
    low = max(int(np.floor(request.span.start * rate)) - 1 - first, 0)
    high = max(int(np.ceil(request.span.stop * rate)) + 2 - first, low)
    samples = samples[..., low:high]
    made = bands(samples, request.calibration)
    control.checkpoint()
    one = None
    if request.sample is not None and request.sample < samples.shape[0]:
        one = np.ascontiguousarray(samples[request.sample])
    return DepthPage(request, (first + low) / rate, rate, made, one)


def assemble(tiles: Sequence[Tile], contacts: Sequence[int] | None = None) -> tuple[Samples, int]:
    """Samples (sample, contact, time) from the first tile to the last, and the index of the first.

    NaN between tiles and where they are withheld.
    """
    rate = tiles[0].rate
    firsts = [round(t.span.start * rate) for t in tiles]
    last = max(f + t.samples.shape[-1] for f, t in zip(firsts, tiles, strict=True))
    origin = min(firsts)
    chosen = slice(None) if contacts is None else list(contacts)
    if len(tiles) == 1:
        return tiles[0].known(chosen), origin
    n = tiles[0].samples.shape[0]
    width = tiles[0].samples.shape[1] if contacts is None else len(contacts)
    out = np.full((n, width, last - origin), np.nan, dtype=np.float32)
    for f, tile in zip(firsts, tiles, strict=True):
        out[..., f - origin : f - origin + tile.samples.shape[-1]] = tile.known(chosen)
    return out, origin


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Recorded iEEG over a page: ``y`` by contact name, volts, at ``start + k / rate``."""

    span: Span
    start: float
    rate: float
    y: dict[str, Samples]


def load_truth(
    source: SignalSource, names: Sequence[str], span: Span, band: tuple[float, float], control: Control
) -> Truth:
    """Recorded iEEG of some contacts in the model's band. Raises: FileProblem, Cancelled."""
    recording = source.recording
    wanted = [c for c in recording.channels if c.name in set(names) and c.rate > 0]
    rate = max((c.rate for c in wanted), default=1.0)
    # The model knows only its own band: an offset or a drift that it was never asked for is no difference.
    filters = Filters(band[0], band[1], None)
    context = 4.0
    first, last = int(np.floor((span.start - context) * rate)), int(np.ceil((span.stop + context) * rate))
    y: dict[str, Samples] = {}
    for channel in wanted:
        if channel.rate != rate:
            continue
        samples = source.read(Span(first / rate, last / rate), channel)
        data: NDArray[np.float32] = apply_filters(samples[None], rate, filters)[0]
        around = round(context * rate) - 1
        y[channel.name] = data[around : data.size - around]
        control.checkpoint()
    return Truth(span, first / rate + (round(context * rate) - 1) / rate, rate, y)
