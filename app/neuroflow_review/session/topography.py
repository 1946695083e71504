"""The map of scalp voltage at the cursor: read once a page, so that the map follows the pointer at once."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from neuroflow.jobs import Control
from neuroflow.recording import Recording, SignalSource, Span
from neuroflow.signal.filters import Filters
from neuroflow.signal.montage import Row
from neuroflow_review.lanes import Lane
from neuroflow_review.session.page import read_derived, rows_of

PIXELS = 72
FEWEST = 6


@dataclass(frozen=True, slots=True, eq=False)
class Topography:
    """A page in average reference, and how its voltages spread over the head.

    ``data`` (electrode, time) in volts from ``start`` at ``rate``; ``places`` (electrode, 2) on a disc of radius 1,
    nose up; ``weights`` (pixel inside, electrode) and ``inside`` (row, column) of the map.
    """

    span: Span
    sites: tuple[str, ...]
    places: NDArray[np.float64]
    data: NDArray[np.float32]
    rate: float
    start: float
    weights: NDArray[np.float64]
    inside: NDArray[np.bool_]

    def at(self, time: float) -> NDArray[np.float64] | None:
        """Voltages (electrode,) at a time; None beyond the page or in a gap."""
        k = round((time - self.start) * self.rate)
        if not self.span.start <= time < self.span.stop or not 0 <= k < self.data.shape[1]:
            return None
        values = self.data[:, k].astype(np.float64)
        return values if np.isfinite(values).all() else None

    def picture(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The map (row, column) of voltages; NaN outside the head."""
        out = np.full(self.inside.shape, np.nan)
        out[self.inside] = self.weights @ values
        return out


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


def load_topography(
    source: SignalSource, bad: frozenset[str], span: Span, filters: Filters, control: Control
) -> Topography | None:
    """The electrodes of a page that can be placed on the head; None where they are too few.

    Raises: FileProblem, Cancelled.
    """
    from neuroflow.signal.topography import disc, flattened, spline_weights

    found = placed_rows(source.recording, bad)
    if len(found) < FEWEST:
        return None
    control.checkpoint()
    data, rate, start = read_derived(source, [row for row, _, _ in found], span, filters, control)
    directions = np.array([direction for _, _, direction in found])
    targets, inside = disc(PIXELS)
    return Topography(
        span, tuple(site for _, site, _ in found), flattened(directions), data, rate, start,
        spline_weights(directions, targets), inside,
    )  # fmt: skip


class Topographies(QObject):
    """Latest wins; ``ready`` carries a Topography, or None where the recording has too few electrodes."""

    ready = Signal(object)

    def __init__(self, lane: Lane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lane = lane
        self.wanted = False
        self.busy = False
        self._asked: tuple[object, ...] | None = None

    def ask(self, source: SignalSource | None, bad: frozenset[str], span: Span, filters: Filters) -> None:
        """The page that is shown, while a map is wanted."""
        asked = (id(source), bad, span, filters)
        if not self.wanted or source is None or asked == self._asked:
            return
        self._asked, self.busy = asked, True
        work = partial(load_topography, source, bad, span, filters)
        self.lane.submit("map", work, done=self._done, failed=lambda _: self._done(None))

    def forget(self) -> None:
        """Another recording."""
        self.lane.cancel()
        self._asked, self.busy = None, False

    def _done(self, made: Topography | None) -> None:
        self.busy = False
        self.ready.emit(made)
