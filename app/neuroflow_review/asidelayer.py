"""A small sign at the outer edge of the labels, by which one click sets a channel aside as bad, or takes it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import inf
from typing import Final

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from neuroflow_review.paper import Place
from neuroflow_review.theme import UNIT, Theme, colour, gutter

ROOM: Final = 15
"""Pixels at the edge of the gutter that the sign takes."""

_MIDDLE, _RADIUS, _LEAST_RADIUS, _PEN = 8.0, 4.5, 2.5, 1.3


class AsideLayer:
    """A row that is set aside always has the sign; another has it while the pointer is on its label.

    It is pressed as a button is: down and up on it, so that a click that chooses a row does not do it by the way.
    """

    def __init__(self) -> None:
        self.tips: dict[str, str] = {}
        """What a click does, by the label of the row; a row that is not in it has no sign."""
        self.hovered = ""
        """The row on whose label the pointer is."""
        self.over = ""
        """The row on whose sign it is."""
        self._pressed = ""

    def set_tips(self, tips: Mapping[str, str]) -> None:
        self.tips = dict(tips)
        self.leave()

    def move(self, at: QPointF, places: Sequence[Place], height: float) -> bool:
        """The pointer is there; whether another row shows the sign, or shows it otherwise."""
        before = self.hovered, self.over
        nearest = min(places, key=lambda place: abs(place.y - at.y()), default=None)
        on_label = nearest is not None and at.x() < gutter() and abs(nearest.y - at.y()) <= height / 2
        self.hovered = nearest.label if nearest is not None and on_label and nearest.label in self.tips else ""
        on_sign = nearest is not None and at.x() <= ROOM and abs(nearest.y - at.y()) <= _RADIUS + UNIT / 2
        self.over = self.hovered if on_sign else ""
        return before != (self.hovered, self.over)

    def press(self, at: QPointF, places: Sequence[Place], height: float) -> bool:
        """The button went down: whether on a sign that was seen there, not on one that came to lie there."""
        seen = self.over
        self.move(at, places, height)
        self._pressed = seen if seen == self.over else ""
        return bool(self._pressed)

    def release(self) -> str:
        """The row whose sign was pressed and let go; empty where it was another's, or none."""
        pressed, self._pressed = self._pressed, ""
        return pressed if pressed == self.over else ""

    def leave(self) -> bool:
        """The pointer is elsewhere; whether a sign goes with it."""
        gone = bool(self.hovered)
        self.hovered = self.over = self._pressed = ""
        return gone

    def place(self, label: str, places: Sequence[Place]) -> QRectF:
        """Where the sign of a row is drawn, smaller where rows are close; nowhere where the row is not."""
        found = next((place for place in places if place.label == label), None)
        if found is None:
            return QRectF()
        apart = min((abs(b.y - a.y) for a, b in pairwise(places)), default=inf)
        radius = min(max((apart - _PEN) / 2 - 0.5, _LEAST_RADIUS), _RADIUS)
        return QRectF(_MIDDLE - radius, found.y - radius, 2 * radius, 2 * radius)

    def draw(self, painter: QPainter, places: Sequence[Place], labels: Sequence[str], look: Theme) -> None:
        """The signs of rows that are set aside."""
        for label in labels:
            if label in self.tips:
                self._draw(painter, self.place(label, places), look.muted)

    def draw_moving(self, painter: QPainter, places: Sequence[Place], look: Theme) -> None:
        """The sign of the row that the pointer is on."""
        box = self.place(self.hovered, places)
        if not box.isNull():
            painter.fillRect(box.adjusted(-1, -1, 1, 1), colour(look.paper))
            self._draw(painter, box, look.ink if self.over else look.muted)

    @staticmethod
    def _draw(painter: QPainter, box: QRectF, value: str) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(colour(value))
        pen.setWidthF(_PEN)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(box)
        slash = box.width() * 0.35
        middle = box.center()
        painter.drawLine(QLineF(middle.x() - slash, middle.y() - slash, middle.x() + slash, middle.y() + slash))
        painter.restore()
