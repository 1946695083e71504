"""The spectrum of the page or the selection: every row of the montage once, or the samples of one contact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from neuroflow.inference.tile import Tile
from neuroflow.jobs import Control
from neuroflow.recording import SignalSource, Span
from neuroflow.signal.filters import Filters
from neuroflow.signal.montage import Row
from neuroflow.signal.orderstatistics import at_position, interval
from neuroflow.signal.spectrum import LEAST_SECONDS, epoch_length, mean_density, peak_frequency, summed_density
from neuroflow.signal.trends import EPOCH_SECONDS
from neuroflow_review.lanes import Failure, Lane
from neuroflow_review.session.depth import assemble
from neuroflow_review.session.numerics import scipy_calls
from neuroflow_review.session.page import read_derived
from neuroflow_review.session.state import ViewState

Array = NDArray[np.float64]

_OFF = Filters(None, None, None)
_LEAST_RATE = 25.0
_CHUNK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a spectrum is of: the page, or as much of the recording as the reader ``selected``."""

    span: Span
    selected: bool

    @property
    def words(self) -> str:
        return f"{'selection' if self.selected else 'page'}, {self.span.duration:.3g} s"


def stretch_of(state: ViewState) -> Stretch:
    """The selection on the page where it is long enough for a spectrum, else the page."""
    chosen = state.selection
    if chosen is not None and chosen.duration >= LEAST_SECONDS and chosen.overlaps(state.span):
        return Stretch(chosen, True)
    return Stretch(state.span, False)


@dataclass(frozen=True, slots=True, eq=False)
class ScalpSpectrum:
    """Power spectral densities (row, frequency) in volts²/Hz of a stretch as it was recorded.

    NaN for a row without two seconds of signal; ``peaks`` are frequencies in hertz, None where a row has none.
    """

    stretch: Stretch
    rows: tuple[Row, ...]
    frequencies: Array
    density: Array
    peaks: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class DepthSpectrum:
    """Median and ends of a central interval, over samples, of densities (frequency,) of a contact in volts²/Hz.

    ``coverage`` is how often the interval holds the density of one more sample, ``peak`` that of the median in hertz.
    """

    stretch: Stretch
    contact: str
    samples: int
    frequencies: Array
    median: Array
    low: Array
    high: Array
    coverage: float
    peak: float | None


def read_density(source: SignalSource, rows: Sequence[Row], span: Span, control: Control) -> tuple[Array, Array] | None:
    """Frequencies (Hz) and densities (row, frequency) of rows of one kind as recorded; None where none is long enough.

    Raises: FileProblem, Cancelled.
    """
    inside = span.clipped_to(source.recording.span)
    # An hour of a page is read a minute at a time, and can be turned meanwhile.
    count = max(int(inside.duration / _CHUNK_SECONDS), 1)
    edges = np.linspace(inside.start, inside.stop, count + 1)
    parts = []
    for k in range(count):
        chunk = Span(float(edges[k]), float(edges[k + 1]))
        data, rate, start = read_derived(source, rows, chunk, _OFF, control)
        first, last = round((chunk.start - start) * rate), round((chunk.stop - start) * rate)
        data = data[:, first:last]
        length = epoch_length(data, rate) if count == 1 else round(EPOCH_SECONDS * rate)
        if rate < _LEAST_RATE or not length:
            return None
        with scipy_calls():
            parts.append(summed_density(data, rate, length))
        control.checkpoint((k + 1) / count)
    frequencies, density = mean_density(parts)
    return (frequencies, density) if np.isfinite(density).any() else None


def scalp_spectrum(
    source: SignalSource, rows: tuple[Row, ...], stretch: Stretch, control: Control
) -> ScalpSpectrum | None:
    """The spectrum of rows of one kind, or None where none is fast and long enough. Raises: FileProblem, Cancelled."""
    made = read_density(source, rows, stretch.span, control)
    if made is None:
        return None
    frequencies, density = made
    with scipy_calls():
        peaks = tuple(peak_frequency(frequencies, row) for row in density)
    return ScalpSpectrum(stretch, rows, frequencies, density, peaks)


def depth_spectrum(
    tiles: Sequence[Tile], contact: int, name: str, stretch: Stretch, highest: float, control: Control
) -> DepthSpectrum | None:
    """The spectrum of each sample of a contact up to the ``highest`` frequency of its model, ordered over samples.

    None where less than two seconds are reconstructed. Raises: Cancelled.
    """
    samples, first = assemble(tiles, (contact,))
    rate = tiles[0].rate
    low, high = (max(round(t * rate) - first, 0) for t in (stretch.span.start, stretch.span.stop))
    data = samples[:, 0, low:high]
    control.checkpoint()
    length = epoch_length(data, rate)
    if not length:
        return None
    with scipy_calls():
        frequencies, density = mean_density([summed_density(data, rate, length)])
    control.checkpoint()
    kept = frequencies <= highest
    ordered = np.sort(density[:, kept], axis=0).T  # (frequency, sample)
    band = interval(ordered.shape[1], 0.9)
    median = np.median(ordered, axis=1)
    with scipy_calls():
        peak = peak_frequency(frequencies[kept], median)
    return DepthSpectrum(
        stretch, name, data.shape[0], frequencies[kept], median, np.asarray(at_position(ordered, band.low)),
        np.asarray(at_position(ordered, band.high)), band.coverage, peak,
    )  # fmt: skip


class PageSpectra(QObject):
    """Latest wins; ``ready`` carries a ScalpSpectrum or a DepthSpectrum, or None where there is too little signal."""

    ready = Signal(object)

    def __init__(self, lane: Lane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lane = lane
        self.wanted = False
        self.busy = False
        self.broken = False
        """Whether what was asked for could not be computed."""
        self._asked: tuple[object, ...] | None = None

    def ask_scalp(self, source: SignalSource, rows: tuple[Row, ...], stretch: Stretch) -> None:
        """Of rows of one kind."""
        self._ask((id(source), rows, stretch), partial(scalp_spectrum, source, rows, stretch))

    def ask_depth(self, tiles: tuple[Tile, ...], contact: int, name: str, stretch: Stretch, highest: float) -> None:
        """Of a contact of the model, from the tiles that are there."""
        work = partial(depth_spectrum, tiles, contact, name, stretch, highest)
        self._ask((tuple((id(tile.samples), tile.withheld) for tile in tiles), contact, stretch), work)

    def forget(self) -> None:
        """Another recording, or nothing to be had here."""
        self.lane.cancel(lambda job: job.key == "page spectrum")
        self._asked, self.busy, self.broken = None, False, False

    def _ask(self, asked: tuple[object, ...], work: partial[Any]) -> None:
        if self.wanted and asked != self._asked:
            self._asked, self.busy, self.broken = asked, True, False
            self.lane.submit("page spectrum", work, done=self._done, failed=self._failed)

    def _failed(self, failure: Failure) -> None:
        self.broken = True
        self._done(None)
        self.lane.tell_unforeseen(failure)

    def _done(self, made: ScalpSpectrum | DepthSpectrum | None) -> None:
        self.busy = False
        self.ready.emit(made)
