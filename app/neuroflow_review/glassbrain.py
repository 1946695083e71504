"""Outlines of a brain seen through, in MNI152 millimetres, and how millimetres lie on a panel.

The outlines are drawn by hand as a few smooth points each, to the extents of the MNI152 template (x ±70, y −104 to 73,
z −60 to 79): they say where in a head a shaft lies, and are no anatomy to measure on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

Point = tuple[float, float]
View = Literal["axial", "coronal", "left", "right"]
VIEWS: Final[tuple[View, ...]] = ("axial", "coronal", "left", "right")

_AXIAL: Final[tuple[Point, ...]] = (  # right half from the front backwards, seen from above: (x, y)
    (4, 71), (11, 73), (21, 70.5), (32, 63), (43, 51), (50, 37), (55, 22), (62, 8), (67, -8), (69.5, -25),
    (69, -42), (65, -58), (57, -74), (46, -88), (33, -98), (20, -104), (9, -104), (4, -101),
)  # fmt: skip
_CORONAL: Final[tuple[Point, ...]] = (  # right half from the top down, at the temporal lobes: (x, z)
    (4, 76.5), (11, 78), (23, 76), (37, 69), (50, 57), (60, 42), (66, 26), (68.5, 10), (67.8, 1), (69, -8),
    (68.5, -19), (64, -31), (55, -40), (44, -44), (33, -42), (24, -36), (17, -29), (12, -29), (9.5, -37), (7.5, -47),
)  # fmt: skip
_FISSURE_FRONT: Final[Point] = (0, 67)
_FISSURE_BACK: Final[Point] = (0, -97)
_FISSURE_TOP: Final[Point] = (0, 73)
_STEM_FOOT: Final[Point] = (0, -50)
_SAGITTAL: Final[tuple[Point, ...]] = (  # from the frontal pole over the top: (y, z)
    (73, 2), (71, 18), (64, 35), (52, 50), (35, 63), (14, 73), (-8, 78.5), (-30, 79), (-52, 73), (-72, 61), (-88, 44),
    (-99, 24), (-104, 5), (-102, -8), (-93, -17), (-78, -21), (-62, -22), (-46, -27), (-28, -35), (-10, -42), (5, -44),
    (16, -40), (21, -31), (20, -22), (27, -19), (42, -19), (56, -16), (67, -9),
)  # fmt: skip
_CEREBELLUM: Final[tuple[Point, ...]] = (
    (-93, -19), (-96, -30), (-91, -43), (-79, -53), (-64, -57), (-50, -53), (-42, -44), (-40, -31),
)  # fmt: skip
_SYLVIAN: Final[tuple[Point, ...]] = ((20, -22), (12, -13), (0, -6), (-14, 1), (-28, 8), (-40, 17))
_STEM: Final[tuple[Point, ...]] = ((-16, -40), (-20, -50), (-26, -58))
_INSULA: Final[tuple[Point, ...]] = ((67.5, 1), (57, 3), (46, 1), (40, -4))


@dataclass(frozen=True, slots=True)
class Projection:
    """One view of the brain laid into a rectangle: ``point`` maps MNI millimetres, ``path`` what is drawn of it."""

    view: View
    origin: QPointF
    """Where the MNI origin lies."""
    scale: float
    """Pixels a millimetre."""

    def point(self, mni: tuple[float, float, float]) -> QPointF:
        x, y, z = mni
        across, up = {"axial": (x, y), "coronal": (x, z), "left": (-y, z), "right": (y, z)}[self.view]
        return self._flat((across, up))

    def _flat(self, at: Point) -> QPointF:
        return QPointF(self.origin.x() + at[0] * self.scale, self.origin.y() - at[1] * self.scale)

    def outline(self) -> QPainterPath:
        """The silhouette, closed."""
        path = QPainterPath()
        for curve in _silhouettes(self.view):
            path.addPath(_smooth([self._flat(p) for p in curve], closed=True))
        return path

    def folds(self) -> QPainterPath:
        """Fissures, drawn paler than the outline."""
        path = QPainterPath()
        for curve in _folds(self.view):
            path.addPath(_smooth([self._flat(p) for p in curve], closed=False))
        return path


def extent(view: View) -> QRectF:
    """What a view takes up in millimetres, across and up (top is negative, as on screen), with a little air."""
    if view == "axial":
        return QRectF(-73, -76, 146, 183)
    if view == "coronal":
        return QRectF(-73, -81, 146, 134)
    return QRectF(-107, -82, 183, 142) if view == "right" else QRectF(-76, -82, 183, 142)


def project(view: View, area: QRectF) -> Projection:
    """The view as large as fits into ``area``, centred."""
    box = extent(view)
    scale = min(area.width() / box.width(), area.height() / box.height())
    shift = area.center() - box.center() * scale
    return Projection(view, shift, scale)


def _silhouettes(view: View) -> tuple[tuple[Point, ...], ...]:
    if view == "axial":
        return ((_FISSURE_FRONT, *_AXIAL, _FISSURE_BACK, *reversed(_mirrored(_AXIAL))),)
    if view == "coronal":
        return ((_FISSURE_TOP, *_CORONAL, _STEM_FOOT, *reversed(_mirrored(_CORONAL))),)
    if view == "right":
        return (_SAGITTAL, _CEREBELLUM)
    return (_mirrored(_SAGITTAL), _mirrored(_CEREBELLUM))


def _folds(view: View) -> tuple[tuple[Point, ...], ...]:
    if view == "axial":
        return ((_FISSURE_FRONT, _FISSURE_BACK),)
    if view == "coronal":
        return ((_FISSURE_TOP, (0, 22)), _INSULA, _mirrored(_INSULA))
    return (_SYLVIAN, _STEM) if view == "right" else (_mirrored(_SYLVIAN), _mirrored(_STEM))


def _mirrored(points: Sequence[Point]) -> tuple[Point, ...]:
    return tuple((-x, y) for x, y in points)


def _smooth(points: Sequence[QPointF], *, closed: bool) -> QPainterPath:
    """A Catmull-Rom curve through the points, as cubic Béziers."""
    n = len(points)
    path = QPainterPath(points[0])
    for k in range(n if closed else n - 1):
        before = points[(k - 1) % n] if closed or k else points[0]
        here, there = points[k], points[(k + 1) % n]
        after = points[(k + 2) % n] if closed or k + 2 < n else there
        path.cubicTo(here + (there - before) / 6, there - (after - here) / 6, there)
    if closed:
        path.closeSubpath()
    return path
