"""Bands as one opaque picture: computed in arrays, since a thousand-point polygon costs Qt ten milliseconds to fill.

On paper, where nobody waits for the next page, they are polygons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPolygonF

from neuroflow.signal.envelope import minmax_envelope

Values = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Ribbon:
    """An area between two edges (pixels downwards, one value per column, NaN for none), in one colour."""

    top: Values
    bottom: Values
    colour: str


def columns_of(low: Values, high: Values, x0: float, dx: float, columns: int) -> tuple[Values, Values]:
    """Edges at the centres of ``columns`` pixel columns, of samples that sit at ``x0 + k * dx`` pixels.

    Between sparse samples an edge is straight; of dense ones it is the outermost, so that no peak is lost.
    """
    at = (np.arange(columns) + 0.5 - x0) / dx
    if dx >= 0.75:
        k = np.arange(low.size)
        return (
            np.interp(at, k, low, left=np.nan, right=np.nan),
            np.interp(at, k, high, left=np.nan, right=np.nan),
        )
    first, last = int(np.floor(at[0])), int(np.ceil(at[-1] + 1 / dx))
    pad = (max(-first, 0), max(last - low.size, 0))
    wide = [
        np.pad(y.astype(np.float64), pad, constant_values=np.nan)[first + pad[0] : last + pad[0]] for y in (low, high)
    ]
    bottom, top = minmax_envelope(wide[0][None], columns)[0][0], minmax_envelope(wide[1][None], columns)[1][0]
    return bottom, top


def paint_ribbons(ribbons: list[Ribbon], columns: int, rows: int) -> QImage:
    """A transparent picture (premultiplied) of the ribbons, antialiased; later colours lie over earlier ones."""
    image = QImage(columns, rows, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    with QPainter(image) as painter:
        for value in dict.fromkeys(r.colour for r in ribbons):
            cover = np.zeros((rows, columns), dtype=np.float32)
            for ribbon in ribbons:
                if ribbon.colour == value:
                    _cover(cover, ribbon)
            alpha = np.ascontiguousarray((cover * 255.0 + 0.5).astype(np.uint8))
            layer = QImage(columns, rows, QImage.Format.Format_ARGB32_Premultiplied)
            layer.fill(QColor(value))
            with QPainter(layer) as cutter:
                cutter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationIn)
                cutter.drawImage(0, 0, QImage(alpha.data, columns, rows, columns, QImage.Format.Format_Alpha8))
            painter.drawImage(0, 0, layer)
    return image


def outline_ribbons(painter: QPainter, ribbons: list[Ribbon], ratio: float) -> None:
    """The ribbons as polygons from the painter's origin; ``ratio`` is how many of their pixels make one of its."""
    painter.save()
    painter.scale(1.0 / ratio, 1.0 / ratio)
    painter.setPen(Qt.PenStyle.NoPen)
    for ribbon in ribbons:
        painter.setBrush(QColor(ribbon.colour))
        known = np.isfinite(ribbon.top) & np.isfinite(ribbon.bottom)
        for part in _runs(known):
            x = np.arange(part.start, part.stop) + 0.5
            there = np.stack([np.concatenate((x, x[::-1])),
                              np.concatenate((ribbon.top[part], ribbon.bottom[part][::-1]))], axis=1)  # fmt: skip
            painter.drawPolygon(QPolygonF([QPointF(a, b) for a, b in there.tolist()]))
    painter.restore()


def _runs(known: NDArray[np.bool_]) -> list[slice]:
    """Stretches that hold true."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], known, [False])).astype(np.int8)))
    return [slice(a, b) for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)]


def _cover(cover: NDArray[np.float32], ribbon: Ribbon) -> None:
    """Add the share of each pixel that a ribbon covers, as far as it is not covered yet."""
    rows = cover.shape[0]
    known = np.isfinite(ribbon.top) & np.isfinite(ribbon.bottom)
    if not known.any():
        return
    top = np.where(known, ribbon.top, 0.0).astype(np.float32)
    bottom = np.where(known, ribbon.bottom, 0.0).astype(np.float32)
    first = int(np.clip(np.floor(top[known].min()), 0, rows))
    last = int(np.clip(np.ceil(bottom[known].max()), 0, rows))
    if last <= first:
        return
    y = np.arange(first, last, dtype=np.float32)[:, None]
    share = np.minimum(bottom, y + 1) - np.maximum(top, y)
    np.clip(share, 0.0, 1.0, out=share)
    np.maximum(cover[first:last], share, out=cover[first:last])
