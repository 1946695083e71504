"""Maps of the head: voltage, read once a page, so that the map follows the pointer at once; and power in bands."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from neuroflow.jobs import Control
from neuroflow.recording import Recording, SignalSource, Span
from neuroflow.signal.filters import Filters
from neuroflow.signal.montage import Row
from neuroflow.signal.spectrum import BANDS, band_power
from neuroflow_review.lanes import Failure, Lane
from neuroflow_review.session.page import read_derived, rows_of
from neuroflow_review.session.spectrum import Stretch, read_density

PIXELS = 72
FEWEST = 6
_SAME_PLACE = {"T1": "FT9", "T2": "FT10"}
REACH = 0.5
"""Seconds either side of the page that are read too, so that what surrounds the cursor does not end with the page."""


@dataclass(frozen=True, slots=True, eq=False)
class Electrodes:
    """Good electrodes at known places, in average reference, and how what they measure spreads over the head.

    ``places`` (electrode, 2) on a disc of radius 1, nose up; ``weights`` (pixel inside, electrode) and ``inside`` (row,
    column) of the map.
    """

    rows: tuple[Row, ...]
    sites: tuple[str, ...]
    places: NDArray[np.float64]
    weights: NDArray[np.float64]
    inside: NDArray[np.bool_]

    @property
    def sides(self) -> tuple[str, ...]:
        return tuple(row.side for row in self.rows)

    def picture(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The map (row, column) of values (electrode,); NaN outside the head."""
        out = np.full(self.inside.shape, np.nan)
        out[self.inside] = self.weights @ values
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Topography:
    """A page and :data:`REACH` beyond it: ``data`` (electrode, time) in volts from ``start`` at ``rate``."""

    span: Span
    electrodes: Electrodes
    data: NDArray[np.float32]
    rate: float
    start: float

    def at(self, time: float) -> NDArray[np.float64] | None:
        """Voltages (electrode,) at a time; None beyond the page or in a gap."""
        k = round((time - self.start) * self.rate)
        if not self.span.start <= time < self.span.stop or not 0 <= k < self.data.shape[1]:
            return None
        values = self.data[:, k].astype(np.float64)
        return values if np.isfinite(values).all() else None

    def around(self, time: float, reach: float = REACH) -> tuple[float, NDArray[np.float32]]:
        """Seconds from a time to the first sample within ``reach`` of it, and the samples (electrode, time)."""
        first = max(int(np.ceil((time - reach - self.start) * self.rate)), 0)
        last = max(int(np.floor((time + reach - self.start) * self.rate)) + 1, first)
        return self.start + first / self.rate - time, self.data[:, first:last]


@dataclass(frozen=True, slots=True, eq=False)
class BandMaps:
    """Root mean square (electrode,) in volts within each of :data:`BANDS`, of a stretch as it was recorded."""

    stretch: Stretch
    electrodes: Electrodes
    rms: dict[str, NDArray[np.float64]]


def placed_rows(recording: Recording, bad: frozenset[str]) -> list[tuple[Row, str, NDArray[np.float64]]]:
    """Electrodes in average reference that can be placed on the head: row, site, direction (3,)."""
    from neuroflow.anatomy.head import site_directions

    sites = {c.name: c.site for c in recording.eeg}
    found = []
    for row in rows_of(recording, "average", bad):
        site = sites.get(max(row.weights, key=lambda weight: weight[1])[0])
        if row.kind != "EEG" or row.bad or site is None:
            continue
        with suppress(KeyError):
            found.append((row, site, site_directions([site])[0]))
    return found


def placed_electrodes(recording: Recording, bad: frozenset[str]) -> Electrodes | None:
    """The electrodes that can be placed on the head; None where they are too few."""
    from neuroflow.signal.topography import disc, flattened, spline_weights

    found = placed_rows(recording, bad)
    if len(found) < FEWEST:
        return None
    directions = np.array([direction for _, _, direction in found])
    targets, inside = disc(PIXELS)
    return Electrodes(
        tuple(row for row, _, _ in found), tuple(site for _, site, _ in found), flattened(directions),
        spline_weights(directions, targets), inside,
    )  # fmt: skip


def head_places(control: Control) -> dict[str, tuple[float, float]]:
    """Every scalp site whose place is known, on a disc of radius 1, nose up. Raises: Cancelled."""
    from neuroflow.anatomy.electrodes import SITES
    from neuroflow.anatomy.head import site_directions
    from neuroflow.signal.topography import flattened

    control.checkpoint()
    found = {}
    for site in sorted(SITES):
        try:
            x, y = flattened(site_directions([_SAME_PLACE.get(site, site)]))[0]
        except KeyError:
            continue
        found[site] = (float(x), float(y))
    return found


def load_topography(
    source: SignalSource, bad: frozenset[str], span: Span, filters: Filters, control: Control
) -> Topography | None:
    """The voltages of a page; None where too few electrodes can be placed. Raises: FileProblem, Cancelled."""
    electrodes = placed_electrodes(source.recording, bad)
    if electrodes is None:
        return None
    control.checkpoint()
    around = Span(span.start - REACH, span.stop + REACH)
    return Topography(span, electrodes, *read_derived(source, electrodes.rows, around, filters, control))


def load_band_maps(source: SignalSource, bad: frozenset[str], stretch: Stretch, control: Control) -> BandMaps | None:
    """Power of a stretch at each electrode; None where electrodes are too few, or the signal too slow or short.

    Raises: FileProblem, Cancelled.
    """
    electrodes = placed_electrodes(source.recording, bad)
    if electrodes is None:
        return None
    control.checkpoint()
    made = read_density(source, electrodes.rows, stretch.span, control)
    if made is None:
        return None
    return BandMaps(stretch, electrodes, {name: np.sqrt(band_power(*made, band)) for name, band in BANDS.items()})


class Topographies(QObject):
    """Latest wins; each signal carries what was made, or None where the recording has too few electrodes."""

    ready = Signal(object)
    bands_ready = Signal(object)

    def __init__(self, lane: Lane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lane = lane
        self.wanted = self.bands_wanted = False
        self._busy: set[str] = set()
        self._broken: set[str] = set()
        self._asked: dict[str, tuple[object, ...]] = {}

    @property
    def busy(self) -> bool:
        return bool(self._busy)

    @property
    def reading(self) -> bool:
        """Whether the voltages of a page are on their way."""
        return "map" in self._busy

    @property
    def measuring(self) -> bool:
        """Whether the power of a stretch is on its way."""
        return "band map" in self._busy

    @property
    def unread(self) -> bool:
        """Whether the voltages of the page could not be read."""
        return "map" in self._broken

    @property
    def unmeasured(self) -> bool:
        """Whether the power of the stretch could not be computed."""
        return "band map" in self._broken

    def try_again(self) -> None:
        """Somebody looks anew: what could not be made is made when it is asked for next."""
        for key in self._broken:
            self._asked.pop(key, None)
        self._broken.clear()

    def ask(self, source: SignalSource | None, bad: frozenset[str], span: Span, filters: Filters) -> None:
        """The page that is shown, while its voltages are wanted."""
        if self.wanted and source is not None:
            work = partial(load_topography, source, bad, span, filters)
            self._submit("map", (id(source), bad, span, filters), work)

    def ask_bands(self, source: SignalSource | None, bad: frozenset[str], stretch: Stretch) -> None:
        """The page or the selection, while its power is wanted."""
        if self.bands_wanted and source is not None:
            work = partial(load_band_maps, source, bad, stretch)
            self._submit("band map", (id(source), bad, stretch), work)

    def forget(self) -> None:
        """Another recording."""
        self.lane.cancel(lambda job: job.key in ("map", "band map"))
        self._asked.clear()
        self._busy.clear()
        self._broken.clear()

    def _submit(self, key: str, asked: tuple[object, ...], work: partial[Any]) -> None:
        if asked == self._asked.get(key):
            return
        self._asked[key] = asked
        self._busy.add(key)
        self._broken.discard(key)
        self.lane.submit(key, work, done=partial(self._done, key), failed=partial(self._failed, key))

    def _failed(self, key: str, failure: Failure) -> None:
        self._broken.add(key)
        self._done(key, None)
        self.lane.tell_unforeseen(failure)

    def _done(self, key: str, made: object) -> None:
        self._busy.discard(key)
        (self.ready if key == "map" else self.bands_ready).emit(made)
