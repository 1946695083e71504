"""The picture of an average: traces with the error of their mean, and the map at the peak."""

from __future__ import annotations

from typing import Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from neuroflow.recording import Span
from neuroflow.signal.filters import SENSITIVITIES
from neuroflow_review.canvas import Canvas
from neuroflow_review.display import sensitivity_words
from neuroflow_review.headmap import HeadMap, draw_head_map
from neuroflow_review.paper import (
    Place,
    draw_labels,
    draw_scale,
    lay_out,
    picture_ratio,
    pixels_per_mm,
    polylines,
)
from neuroflow_review.ribbon import Ribbon, columns_of, paint_ribbons
from neuroflow_review.session.averages import HALF, FocusAverage
from neuroflow_review.theme import LIGHT, UNIT, Theme, colour, gutter, hairline, right_margin, time_to_x, ui_font

_MAP_SHARE, _NARROWEST_MAP = 0.3, 200.0
_REACHES: Final = 2.0
"""Rows that the largest deflection may reach over."""
_BAND: Final = 0.25
"""How much of a trace's colour its band has."""
_SPAN: Final = Span(-HALF, HALF)


class AverageView(Canvas):
    """One focus: rows of the montage, negative up, half a second either side of the peak; its map on the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = LIGHT
        self._focus: FocusAverage | None = None
        self._montage = ""
        self._message = ""
        self._largest = 0.0
        self.setAccessibleName("Average of accepted discharges")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(560, 280))

    def sizeHint(self) -> QSize:
        return QSize(960, 560)

    def set_theme(self, look: Theme) -> None:
        self._look = look
        self.redraw()

    def set_focus(self, focus: FocusAverage, montage: str, largest: float) -> None:
        """An average, what its montage is called, and the largest deflection (V) of all foci, which share a scale."""
        self._focus, self._montage, self._largest, self._message = focus, montage, largest, ""
        self.setAccessibleDescription(focus.title)
        self.redraw()

    def set_message(self, text: str) -> None:
        """Why there is no average."""
        self._focus, self._message = None, text
        self.setAccessibleDescription(text)
        self.redraw()

    @property
    def focus(self) -> FocusAverage | None:
        return self._focus

    @property
    def message(self) -> str:
        return self._message

    @property
    def sensitivity(self) -> float:
        """Volts per millimetre: the finest step at which the largest deflection reaches over so many rows."""
        _, height = self._places(self._plot())
        room = _REACHES * height / pixels_per_mm(self)
        return next((s for s in SENSITIVITIES if self._largest <= s * room), SENSITIVITIES[-1])

    # Geometry ---------------------------------------------------------------------------------------------------------

    def _line(self) -> float:
        return QFontMetricsF(ui_font()).height()

    def _map_width(self) -> float:
        return round(max(self.width() * _MAP_SHARE, _NARROWEST_MAP))

    def _traces_width(self) -> float:
        return self.width() - self._map_width()

    def _plot(self) -> QRectF:
        top, foot = self._line() + 3 * UNIT, 2 * self._line() + 2 * UNIT
        wide = max(self._traces_width() - gutter() - right_margin(), 1.0)
        return QRectF(gutter(), top, wide, max(self.height() - top - foot, 1.0))

    def _places(self, plot: QRectF) -> tuple[tuple[Place, ...], float]:
        rows = self._focus.rows if self._focus is not None else ()
        return lay_out([r.label for r in rows], [r.group for r in rows], plot.top() + UNIT, plot.bottom() - UNIT)

    # Drawing ----------------------------------------------------------------------------------------------------------

    def draw(self, painter: QPainter) -> None:
        look, focus = self._look, self._focus
        painter.fillRect(self.rect(), colour(look.paper))
        if focus is None:
            painter.setFont(ui_font())
            painter.setPen(colour(look.muted))
            flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(QRectF(self.rect()).adjusted(48, 0, -48, 0), flags, self._message)
            return
        plot = self._plot()
        painter.setFont(ui_font(1.0, bold=True))
        painter.setPen(colour(look.ink))
        title = QRectF(gutter(), UNIT, self.width() - gutter(), self._line() + UNIT)
        painter.drawText(title, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), focus.title)
        self._draw_axis(painter, plot)
        places, _ = self._places(plot)
        self._draw_traces(painter, plot, places, focus)
        draw_labels(painter, places, [look.side(row.side) for row in focus.rows], look)
        sensitivity = self.sensitivity
        per_volt = pixels_per_mm(self) / sensitivity
        draw_scale(painter, plot, _SPAN, per_volt, look.ink, sensitivity_words(sensitivity))
        self._draw_map(painter, focus)

    def _x(self, time: float) -> float:
        return time_to_x(time, _SPAN, self._traces_width())

    def _draw_axis(self, painter: QPainter, plot: QRectF) -> None:
        """A line a tenth of a second, the peak's heavier; times and what the traces are below."""
        look = self._look
        painter.setFont(ui_font(-1.5))
        high = QFontMetricsF(painter.font()).height()
        for tenth in range(-5, 6):
            x = round(self._x(tenth / 10)) + 0.5
            painter.setPen(hairline(look.cursor if tenth == 0 else look.grid))
            painter.drawLine(QLineF(x, plot.top(), x, plot.bottom()))
            painter.setPen(colour(look.muted))
            if tenth % 2 == 1:
                continue  # the lines say where those are
            words = "peak" if tenth == 0 else f"{tenth / 10:+.1f} s".replace("-", "−")
            painter.drawText(QRectF(x - 40, plot.bottom() + UNIT, 80, high), int(Qt.AlignmentFlag.AlignCenter), words)
        below = QRectF(plot.left(), plot.bottom() + UNIT + high, plot.width(), high + UNIT)
        words = f"{self._montage}, negative up; mean" + (" ± standard error" if self._has_error() else "")
        painter.drawText(below, int(Qt.AlignmentFlag.AlignCenter), words)

    def _has_error(self) -> bool:
        return self._focus is not None and self._focus.traces.count > 1

    def _draw_traces(self, painter: QPainter, plot: QRectF, places: tuple[Place, ...], focus: FocusAverage) -> None:
        look, traces = self._look, focus.traces
        per_volt = pixels_per_mm(self) / self.sensitivity
        x0 = self._x(float(focus.times[0]))
        dx = (self._x(float(focus.times[-1])) - x0) / max(focus.times.size - 1, 1)
        painter.save()
        painter.setClipRect(QRectF(plot.left(), 0, plot.width(), self.height()))
        if self._has_error():
            ratio, high = picture_ratio(self), self.height()
            columns, rows = round(plot.width() * ratio), round(high * ratio)
            ribbons = []
            for place, row, mean, error in zip(places, focus.rows, traces.mean, traces.error, strict=True):
                edges = columns_of(mean - error, mean + error, (x0 - plot.left()) * ratio, dx * ratio, columns)
                # Negative up: the high voltage is the lower edge on screen.
                top, bottom = ((place.y + edge * per_volt) * ratio for edge in edges)
                ribbons.append(Ribbon(top, bottom, _mixed(look.side(row.side), look.paper, _BAND)))
            image = paint_ribbons(ribbons, columns, rows)
            image.setDevicePixelRatio(ratio)
            painter.drawImage(QPointF(plot.left(), 0), image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for place, row, mean in zip(places, focus.rows, traces.mean, strict=True):
            painter.setPen(hairline(look.side(row.side)))
            for line in polylines(x0, dx, np.clip(place.y + mean * per_volt, -1e4, 1e5)):
                painter.drawPolyline(line)
        painter.restore()

    def _draw_map(self, painter: QPainter, focus: FocusAverage) -> None:
        look, wide, line = self._look, self._map_width(), self._line()
        left, top = self.width() - wide, line + 3 * UNIT
        painter.setFont(ui_font(-1.0))
        painter.setPen(colour(look.muted))
        flags = int(Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap)
        if focus.head is None:
            box = QRectF(left, top, wide - 2 * UNIT, 4 * line)
            painter.drawText(box, flags, "A map needs six electrodes at known places")
            return
        painter.drawText(QRectF(left, top, wide - 2 * UNIT, 2 * line), flags, "at the peak, average reference")
        box = QRectF(left, top + line, wide - 2 * UNIT, min(wide + line, self.height() - top - 2 * line))
        head = focus.head
        draw_head_map(painter, box, HeadMap(head.picture, head.values, head.places, head.sites), look)


def _mixed(value: str, paper: str, share: float) -> str:
    """A colour on paper, opaque: bands that lie over one another do not darken."""
    a, b = QColor(value), QColor(paper)
    parts = ((a.red(), b.red()), (a.green(), b.green()), (a.blue(), b.blue()))
    return QColor(*(round(share * x + (1 - share) * y) for x, y in parts)).name()
