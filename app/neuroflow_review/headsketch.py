"""A head seen from above, nose up, and the derivations of a montage drawn on it as lines between electrodes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import hypot
from typing import Final

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from neuroflow_review.theme import LIGHT, UNIT, Theme, colour, hairline, ui_font

_TEN_TWENTY: Final = frozenset("Fp1 Fp2 F7 F3 Fz F4 F8 A1 T3 C3 Cz C4 T4 A2 T5 P3 Pz P4 T6 O1 O2".split())
_DOT, _RING, _CLEAR = 2.5, 7.0, 6.0


@dataclass(frozen=True, slots=True)
class SketchLine:
    """One derivation: (electrode, weight) without references, ``against`` a reference that many share, its side.

    ``there`` says whether the recording has all that it takes.
    """

    terms: tuple[tuple[str, float], ...]
    side: str
    against: bool = False
    there: bool = True


def on_head(head: QRectF, x: float, y: float) -> QPointF:
    """A place on the disc of radius 1, nose up, in pixels."""
    return QPointF(head.center().x() + x * head.width() / 2, head.center().y() - y * head.height() / 2)


def draw_outline(painter: QPainter, head: QRectF, ink: str) -> None:
    """Nose and ears, so that nobody asks where the front is."""
    middle, reach = head.center(), head.width() / 2
    painter.setPen(hairline(ink))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    nose = QPainterPath(QPointF(middle.x() - 0.10 * reach, head.top() + 0.006 * reach))
    nose.lineTo(middle.x(), head.top() - 3 * UNIT)
    nose.lineTo(middle.x() + 0.10 * reach, head.top() + 0.006 * reach)
    painter.drawPath(nose)
    for side in (-1, 1):
        x = middle.x() + side * reach
        painter.drawArc(QRectF(x - 6, middle.y() - 0.14 * reach, 12, 0.28 * reach), 90 * 16, side * -180 * 16)


class HeadSketch(QWidget):
    """Derivations as arrows from what is added to what is subtracted, rings where a shared reference is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look: Theme = LIGHT
        self._places: Mapping[str, tuple[float, float]] | None = None
        self._lines: tuple[SketchLine, ...] = ()
        self._chosen: frozenset[int] = frozenset()
        self._recorded: frozenset[str] | None = None
        self.setAccessibleName("Derivations on the head")
        self.setToolTip(
            "Arrows run from the electrode that is added to the one that is subtracted; a ring is an electrode against "
            "a shared reference; dashed is what this recording lacks"
        )
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(280, 300))

    def set_theme(self, look: Theme) -> None:
        self._look = look
        self.update()

    def set_places(self, places: Mapping[str, tuple[float, float]]) -> None:
        """Sites on a disc of radius 1, nose up."""
        self._places = dict(places)
        self._tell()

    def set_recorded(self, sites: Collection[str] | None) -> None:
        """Sites that the recording has; None without a recording, when none is lacking."""
        self._recorded = frozenset(sites) if sites is not None else None
        self.update()

    def set_lines(self, lines: Sequence[SketchLine], chosen: Collection[int] = ()) -> None:
        """The rows of a montage, and numbers of those that are chosen."""
        self._lines, self._chosen = tuple(lines), frozenset(chosen)
        self._tell()

    @property
    def off_head(self) -> tuple[str, ...]:
        """Electrodes of the rows that have no known place."""
        if self._places is None:
            return ()
        names = dict.fromkeys(name for line in self._lines for name, _ in line.terms)
        return tuple(name for name in names if name not in self._places)

    def _tell(self) -> None:
        drawn = sum(line.there for line in self._lines)
        self.setAccessibleDescription(f"{drawn} of {len(self._lines)} rows can be drawn")
        self.update()

    # Drawing ----------------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw(painter)

    def _draw(self, painter: QPainter) -> None:
        look = self._look
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(hairline(look.border))
        painter.setBrush(colour(look.paper))
        painter.drawRoundedRect(box, UNIT, UNIT)
        painter.setFont(ui_font(-1.5))
        line = QFontMetricsF(painter.font()).height()
        if self._places is None:
            painter.setPen(colour(look.muted))
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), "…")
            return
        area = box.adjusted(4 * UNIT, 6 * UNIT, -4 * UNIT, -(line + 4 * UNIT))
        radius = max(min(area.width(), area.height()) / 2 - UNIT, 10.0)
        head = QRectF(area.center().x() - radius, area.center().y() - radius, 2 * radius, 2 * radius)
        draw_outline(painter, head, look.muted)
        painter.drawEllipse(head)
        shown = {name for row in self._lines for name, _ in row.terms} | _TEN_TWENTY
        at = {name: on_head(head, *place) for name, place in self._places.items() if name in shown}
        for k, row in enumerate(self._lines):
            if k not in self._chosen:
                self._draw_row(painter, row, at, chosen=False)
        for k in sorted(self._chosen):
            if k < len(self._lines):
                self._draw_row(painter, self._lines[k], at, chosen=True)
        self._draw_electrodes(painter, at)
        off = self.off_head
        if off:
            words = f"not on the head: {', '.join(off)}"
            painter.setPen(colour(look.muted))
            painter.setFont(ui_font(-1.5))
            foot = QRectF(box.left() + 2 * UNIT, box.bottom() - line - UNIT, box.width() - 4 * UNIT, line)
            words = QFontMetricsF(painter.font()).elidedText(words, Qt.TextElideMode.ElideRight, foot.width())
            painter.drawText(foot, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), words)

    def _draw_row(self, painter: QPainter, row: SketchLine, at: Mapping[str, QPointF], *, chosen: bool) -> None:
        look = self._look
        ink = colour(look.side(row.side) if row.there else look.rejected)
        pen = QPen(ink, 2.5 if chosen else 1.2)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        if not row.there:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        added = [name for name, weight in row.terms if weight > 0 and name in at]
        taken = [name for name, weight in row.terms if weight < 0 and name in at]
        if row.against or not added or not taken:
            for name in added or taken:
                painter.drawEllipse(at[name], _RING, _RING)
        for start in added:
            for end in taken:
                _arrow(painter, at[start], at[end], ink, pen)

    def _draw_electrodes(self, painter: QPainter, at: Mapping[str, QPointF]) -> None:
        look, recorded = self._look, self._recorded
        used = {name for row in self._lines for name, _ in row.terms}
        painter.setFont(ui_font(-2.5))
        metrics = QFontMetricsF(painter.font())
        for name, place in at.items():
            there = recorded is None or name in recorded
            ink = colour(look.ink if name in used else look.muted)
            painter.setPen(hairline(look.ink if name in used else look.muted))
            painter.setBrush(ink if there else colour(look.paper))
            painter.drawEllipse(place, _DOT, _DOT)
            wide = metrics.horizontalAdvance(name)
            box = QRectF(place.x() - wide / 2 - 1, place.y() + _CLEAR + 1, wide + 2, metrics.ascent() + 1)
            painter.fillRect(box, colour(look.paper, 0.75))
            painter.setPen(ink)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), name)


def _arrow(painter: QPainter, start: QPointF, end: QPointF, ink: QColor, pen: QPen) -> None:
    """A line that ends short of both electrodes, its head at the one that is subtracted."""
    dx, dy = end.x() - start.x(), end.y() - start.y()
    length = hypot(dx, dy)
    if length <= 3 * _CLEAR:
        return
    dx, dy = dx / length, dy / length
    tip = QPointF(end.x() - dx * _CLEAR, end.y() - dy * _CLEAR)
    foot = QPointF(tip.x() - dx * 6, tip.y() - dy * 6)
    painter.setPen(pen)
    painter.drawLine(QLineF(QPointF(start.x() + dx * _CLEAR, start.y() + dy * _CLEAR), foot))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    wing = 2.2 + pen.widthF() / 2
    left, right = (QPointF(foot.x() - s * dy * wing, foot.y() + s * dx * wing) for s in (1, -1))
    painter.drawPolygon(QPolygonF([tip, left, right]))
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
