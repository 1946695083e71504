"""Rows whose bad channels are replaced by what the good ones around them say, by spherical splines.

Source: Perrin et al. 1989, as in :mod:`neuroflow.signal.topography`. A montage is a weighted sum, and so is a spline: a
bad channel's weight is shared out among the good ones, and a row is read and filtered like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neuroflow.signal.montage import Row
from neuroflow.signal.topography import spline_weights

FEWEST = 8
"""Good electrodes below which nothing is interpolated: fewer say little of what lies between them."""


def interpolated(
    rows: Sequence[Row], places: Mapping[str, NDArray[np.float64]], bad: Collection[str]
) -> tuple[Row, ...]:
    """``rows`` in which the ``bad`` channels are interpolated, where all those of a row can be.

    ``places`` are unit vectors (3,) towards the electrodes over the brain, by channel. A row stays ``bad``: what it
    shows was not recorded, and nothing is detected in it; ``interpolated`` says which channels.
    """
    good = [name for name in places if name not in bad]
    wanted = [name for name in places if name in bad and any(name in dict(row.weights) for row in rows)]
    if not wanted or len(good) < FEWEST:
        return tuple(rows)
    shares = spline_weights(np.stack([places[name] for name in good]), np.stack([places[name] for name in wanted]))
    instead = {name: dict(zip(good, share.tolist(), strict=True)) for name, share in zip(wanted, shares, strict=True)}
    return tuple(_replaced(row, instead, bad) for row in rows)


def _replaced(row: Row, instead: Mapping[str, Mapping[str, float]], bad: Collection[str]) -> Row:
    gone = tuple(name for name, _ in row.weights if name in bad)
    if not gone or not all(name in instead for name in gone):
        return row
    weights: dict[str, float] = {}
    for name, weight in row.weights:
        for other, share in instead.get(name, {name: 1.0}).items():
            weights[other] = weights.get(other, 0.0) + weight * share
    return replace(row, weights=tuple(weights.items()), about=row.electrodes, interpolated=gone)
