"""Trends of the whole recording, under the overview and on its time axis to the pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QEvent, QLineF, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetricsF,
    QHelpEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from neuroflow.recording import Span
from neuroflow_review.canvas import Canvas
from neuroflow_review.colourmap import COLOUR_MAPS, DB_MICROVOLT, power_image
from neuroflow_review.paper import polygon, polylines
from neuroflow_review.theme import (
    LIGHT,
    RECONSTRUCTED,
    UNIT,
    Theme,
    colour,
    fitted,
    gutter,
    hairline,
    hatch,
    right_margin,
    time_to_x,
    ui_font,
    x_to_time,
)

SIDES: Final = ("left", "right")
_HEIGHTS: Final = {"left": 32.0, "right": 32.0, "asymmetry": 20.0, "aeeg": 32.0, "spikes": 14.0, "recon": 14.0}
_LOW: Final = 18.0
"""The most that a row is high in a low window: the page needs the rest."""
_NARROWEST_SCALE: Final = 15.0
_MOST_ASYMMETRY: Final = 0.6
# Amplitude-integrated EEG: linear to 10 µV, logarithmic above, as it has always been drawn.
_AEEG_TICKS: Final = (5, 10, 25, 50, 100)
_AEEG_TOP: Final = 100.0

Array = NDArray[np.floating[Any]]


class TrendStrip(Canvas):
    """Density spectral arrays of both sides, asymmetry, amplitude-integrated EEG and spike rates, end to end."""

    span_requested = Signal(float)
    """Start (seconds) of the page that the reader asks for, always inside the recording."""
    region_menu_requested = Signal(QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = LIGHT
        self._duration = 0.0
        self._gaps: tuple[Span, ...] = ()
        self._page = Span(0.0, 0.0)
        self._cursor: float | None = None
        self._map = COLOUR_MAPS[0]
        self._images: tuple[QImage, ...] = ()
        self._levels: tuple[float, float] | None = None
        self._column = 1.0
        self._top_frequency = 30.0
        self._asymmetry: Array = np.empty(0)
        self._aeeg: Array = np.empty((2, 2, 0))
        self._spikes: Array = np.empty(0)
        self._deep: Array = np.empty(0)
        self._deep_column = 1.0
        self._region, self._done, self._message = "", 0.0, "Trends are computed while they are shown"
        self._dragging = self._low = False
        self.setAccessibleName("Trends of the whole recording")
        self.setAccessibleDescription("Click or drag to move the page; right-click for the region.")
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    # What is shown ----------------------------------------------------------------------------------------------------

    def set_recording(self, duration: float, gaps: Sequence[Span]) -> None:
        """A recording of ``duration`` seconds; everything known of the one before is dropped."""
        self._duration, self._gaps = duration, tuple(gaps)
        self._cursor = None
        self.set_message("Computing …")

    def set_message(self, text: str) -> None:
        """Why there is nothing."""
        self._images, self._levels, self._message = (), None, text
        self._asymmetry, self._aeeg = np.empty(0), np.empty((2, 2, 0))
        self._spikes, self._deep = np.empty(0), np.empty(0)
        self.redraw()

    def set_trend(
        self, region: str, column_seconds: float, density: Array, frequencies: Array, asymmetry: Array, aeeg: Array,
        spikes: Array, done: float,
    ) -> None:  # fmt: skip
        """Trends of a region, NaN where not known: ``density`` (side, frequency, column) in volts²/Hz at
        ``frequencies``, ``asymmetry`` (column,), ``aeeg`` (side, margin, column) in volts, ``spikes`` (column,) a
        minute. ``done`` is the share of the recording that is computed.
        """
        self._region, self._column, self._done, self._message = region, column_seconds, done, ""
        self._top_frequency = float(frequencies[-1])
        self._asymmetry, self._aeeg, self._spikes = asymmetry, aeeg, spikes
        with np.errstate(divide="ignore"):
            power = 10.0 * np.log10(density) + DB_MICROVOLT
        known = power[np.isfinite(power)]
        if known.size:
            low, high = (5.0 * round(float(v) / 5.0) for v in np.percentile(known, (5, 99.5)))
            self._levels = low, max(high, low + _NARROWEST_SCALE)
            # Both sides in one scale, or a difference between them would not be seen as one.
            self._images = tuple(power_image(side, *self._levels, self._map) for side in power)
        else:
            self._levels, self._images = None, ()
        self.redraw()

    def set_reconstructed(self, column_seconds: float, rate: ArrayLike) -> None:
        """Expected discharges a minute in the reconstruction, by column; NaN where nothing is reconstructed."""
        self._deep_column, self._deep = column_seconds, np.asarray(rate, float)
        self.redraw()

    def set_page(self, page: Span) -> None:
        """The page on screen, drawn as the pane."""
        self._page = page
        self.update()

    def set_cursor(self, time: float | None) -> None:
        """The cursor that all panels share."""
        if time != self._cursor:
            self._cursor = time
            self.update()

    def set_colour_map(self, name: str) -> None:
        """One of COLOUR_MAPS; it holds from the next trend on."""
        self._map = name

    def set_low(self, low: bool) -> None:
        """Lower rows, for a low window."""
        if low != self._low:
            self._low = low
            self.updateGeometry()
            self.redraw()

    def set_theme(self, look: Theme) -> None:
        self._look = look
        self.updateGeometry()
        self.redraw()

    @property
    def message(self) -> str:
        return self._message

    # Geometry ---------------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(960, round(self._rows()["recon"].bottom()) + 2 * UNIT)

    def minimumSizeHint(self) -> QSize:
        return QSize(320, self.sizeHint().height())

    def _rows(self) -> dict[str, QRectF]:
        wide = max(self.width() - gutter() - right_margin(), 1)
        line = QFontMetricsF(ui_font(-1.5)).height()
        rows, top = {}, float(UNIT) + round(line) + UNIT
        for name, height in _HEIGHTS.items():
            rows[name] = QRectF(gutter(), top, wide, max(min(height, _LOW) if self._low else height, round(line)))
            top = rows[name].bottom() + 2
        return rows

    def _x(self, time: float) -> float:
        return time_to_x(time, Span(0.0, self._duration), self.width())

    def _time(self, x: float) -> float:
        return min(max(x_to_time(x, Span(0.0, self._duration), self.width()), 0.0), self._duration)

    def _edges(self, count: int, seconds: float) -> NDArray[np.float64]:
        """Abscissae of the edges of columns; the last one may lie beyond the recording's end."""
        times = np.minimum(np.arange(count + 1) * seconds, self._duration)
        wide = max(self.width() - gutter() - right_margin(), 1)
        return np.asarray(gutter() + times / max(self._duration, 1e-9) * wide)

    # Drawing ----------------------------------------------------------------------------------------------------------

    def draw(self, painter: QPainter) -> None:
        look, rows = self._look, self._rows()
        painter.fillRect(self.rect(), colour(look.panel))
        for name, row in rows.items():
            painter.fillRect(row, colour(look.recon_paper if name == "recon" else look.paper))
        if self._message or self._duration <= 0:
            painter.setFont(ui_font())
            painter.setPen(colour(look.muted))
            whole = rows["left"].united(rows["recon"])
            painter.drawText(whole, Qt.AlignmentFlag.AlignCenter, self._message)
            return
        for side, image in zip(SIDES, self._images, strict=False):
            self._draw_density(painter, rows[side], image)
        self._draw_asymmetry(painter, rows["asymmetry"])
        self._draw_aeeg(painter, rows["aeeg"])
        self._draw_rate(painter, rows["spikes"], self._spikes, self._column, look.proposed)
        self._draw_rate(painter, rows["recon"], self._deep, self._deep_column, look.recon_line)
        for gap in self._gaps:
            for row in rows.values():
                whole = QRectF(self._x(gap.start), row.top(), max(self._x(gap.stop) - self._x(gap.start), 1), 0)
                whole.setBottom(row.bottom())
                painter.fillRect(whole, colour(look.panel))
                hatch(painter, whole, look)
        painter.setPen(hairline(look.border))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for row in rows.values():
            painter.drawRect(row.adjusted(-0.5, -0.5, 0.5, 0.5))
        self._draw_labels(painter, rows)

    def _draw_density(self, painter: QPainter, row: QRectF, image: QImage) -> None:
        edges = self._edges(image.width(), self._column)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.save()
        painter.setClipRect(row)
        full = gutter() + image.width() * self._column / self._duration * row.width()
        painter.drawImage(QRectF(edges[0], row.top(), full - edges[0], row.height()), image)
        painter.restore()

    def _draw_asymmetry(self, painter: QPainter, row: QRectF) -> None:
        """Left below the line and right above it, each in its colour."""
        look, middle = self._look, row.center().y()
        share = np.clip(np.nan_to_num(self._asymmetry) / _MOST_ASYMMETRY, -1.0, 1.0)
        edges = self._edges(share.size, self._column)
        painter.setPen(Qt.PenStyle.NoPen)
        for sign, side in ((1.0, "right"), (-1.0, "left")):
            heights = np.clip(sign * share, 0.0, None) * (row.height() / 2 - 1)
            painter.setBrush(colour(look.side(side), 0.75))
            tops = middle - heights if sign > 0 else np.full(share.size, middle)
            self._fill(painter, edges, tops, tops + heights, heights > 0)
        painter.setPen(hairline(look.grid_strong))
        painter.drawLine(QLineF(row.left(), middle, row.right(), middle))

    def _draw_aeeg(self, painter: QPainter, row: QRectF) -> None:
        look = self._look
        painter.setPen(hairline(look.grid))
        for tick in _AEEG_TICKS[:-1]:
            y = row.bottom() - _semilog(np.array([tick * 1e-6]))[0] * row.height()
            painter.drawLine(QLineF(row.left(), y, row.right(), y))
        for side, (low, high) in zip(SIDES, self._aeeg, strict=True):
            known = np.isfinite(low) & np.isfinite(high)
            top, bottom = (row.bottom() - _semilog(v) * row.height() for v in (high, low))
            edges = self._edges(low.size, self._column)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour(look.side(side), 0.22))
            self._fill(painter, edges, top, bottom, known)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(hairline(look.side(side)))
            if low.size:
                wide = float(edges[1] - edges[0])
                for line in (*polylines(edges[0] + wide / 2, wide, top), *polylines(edges[0] + wide / 2, wide, bottom)):
                    painter.drawPolyline(line)

    def _draw_rate(self, painter: QPainter, row: QRectF, rate: Array, seconds: float, value: str) -> None:
        edges = self._edges(rate.size, seconds)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(self._look.panel))  # where nothing is known: it must not look like none
        tops = np.full(rate.size, row.top())
        self._fill(painter, edges, tops, np.full(rate.size, row.bottom()), np.isnan(rate))
        known = np.isfinite(rate) & (rate > 0)
        if not known.any():
            return
        most = max(float(np.nanmax(rate)), 1.0)
        tops = row.bottom() - 1 - np.nan_to_num(rate) / most * (row.height() - 3)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(value))
        self._fill(painter, edges, tops, np.full(rate.size, row.bottom() - 1), known)

    @staticmethod
    def _fill(painter: QPainter, edges: Array, tops: Array, bottoms: Array, where: NDArray[np.bool_]) -> None:
        """Columns side by side as one outline a stretch."""
        found = np.flatnonzero(where)
        for run in np.split(found, np.flatnonzero(np.diff(found) > 1) + 1):
            if run.size:
                x = np.repeat(np.append(edges[run], edges[run[-1] + 1]), 2)[1:-1]
                y = np.append(np.repeat(tops[run], 2), np.repeat(bottoms[run], 2)[::-1])
                painter.drawPolygon(polygon(np.append(x, x[::-1]), y))

    def _draw_labels(self, painter: QPainter, rows: dict[str, QRectF]) -> None:
        look = self._look
        self._draw_header(painter, QRectF(0, UNIT, self.width(), rows["left"].top() - 2 * UNIT))
        names = {"left": "left", "right": "right", "asymmetry": "asymmetry", "aeeg": "aEEG"}
        names |= {"spikes": "spikes", "recon": f"{RECONSTRUCTED} spikes"}
        tokens = {"left": look.left, "right": look.right, "recon": look.recon_line}
        scale = self._levels
        notes = {
            "left": "" if scale is None else f"to {scale[1]:.0f} dB",
            "right": "" if scale is None else f"to {scale[1]:.0f} dB",
            "asymmetry": f"R−L ±{_MOST_ASYMMETRY:g}", "aeeg": f"{_AEEG_TOP:.0f} µV",
            "spikes": _per_minute(self._spikes), "recon": _per_minute(self._deep),
        }  # fmt: skip
        for name, row in rows.items():
            painter.setPen(colour(tokens.get(name, look.muted)))
            painter.setFont(fitted(ui_font(-1.5), names[name], gutter() - 3 * UNIT))
            align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, row.top(), gutter() - 2 * UNIT, row.height()), align, names[name])
            text = notes[name].replace("-", "−")
            right = QRectF(row.right() + 2 * UNIT, row.top(), right_margin() - 3 * UNIT, row.height())
            painter.setPen(colour(look.recon_line if name == "recon" else look.muted))
            painter.setFont(fitted(ui_font(-1.5), text, right.width()))
            align = Qt.AlignmentFlag.AlignTop if name == "aeeg" else Qt.AlignmentFlag.AlignVCenter
            painter.drawText(right, Qt.AlignmentFlag.AlignLeft | align, text)

    def _draw_header(self, painter: QPainter, row: QRectF) -> None:
        """The region, which a click changes, and what the rows are of."""
        look = self._look
        painter.setFont(ui_font(-1, bold=True))
        painter.setPen(colour(look.ink))
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        title = self._region.capitalize()
        painter.drawText(row.adjusted(3 * UNIT, 0, 0, 0), align, title)
        x = 3 * UNIT + QFontMetricsF(painter.font()).horizontalAdvance(title) + 2 * UNIT
        y = row.center().y()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(hairline(look.muted))
        painter.drawPolyline(QPolygonF([QPointF(x, y - 1.5), QPointF(x + 3.5, y + 2), QPointF(x + 7, y - 1.5)]))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setFont(ui_font(-1.5))
        painter.setPen(colour(look.muted))
        words = "trends · power to 30 Hz, right minus left, amplitude, proposed discharges a minute"
        if self._done < 1.0:
            words = f"computing · {100 * self._done:.0f} %"
        painter.drawText(row.adjusted(max(x + 4 * UNIT, gutter()), 0, 0, 0), align, words)

    def draw_moving(self, painter: QPainter) -> None:
        if self._duration <= 0:
            return
        look, rows = self._look, self._rows()
        top, bottom = rows["left"].top(), rows["recon"].bottom()
        if self._cursor is not None:
            x = round(self._x(self._cursor)) + 0.5
            painter.setPen(hairline(look.cursor))
            painter.drawLine(QLineF(x, top, x, bottom))
        if self._page.duration > 0:
            left, right = self._x(self._page.start), self._x(self._page.stop)
            # Over a spectrum a filled pane would change its colours: edges only.
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(hairline(look.accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(QPointF(left, top), QPointF(max(right, left + 2), bottom)))
            painter.setBrush(colour(look.accent))
            painter.setPen(Qt.PenStyle.NoPen)
            x = (left + right) / 2
            painter.drawPolygon(QPolygonF([QPointF(x - 4, top - 4), QPointF(x + 4, top - 4), QPointF(x, top + 1)]))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    # Intents ----------------------------------------------------------------------------------------------------------

    def _request(self, time: float) -> None:
        start = time - self._page.duration / 2
        self.span_requested.emit(min(max(start, 0.0), max(self._duration - self._page.duration, 0.0)))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton or self._duration <= 0:
            return
        if event.position().x() < gutter() or event.position().y() < self._rows()["left"].top() - UNIT:
            self.region_menu_requested.emit(event.globalPosition().toPoint())
            return
        self._dragging = True
        self._request(self._time(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragging:
            self._request(self._time(event.position().x()))

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._dragging = False

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta().y() or -event.angleDelta().x()
        if delta and self._duration > 0:
            self._request(self._page.start + (0.5 - delta / 120) * self._page.duration)
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.region_menu_requested.emit(event.globalPos())

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            self.setToolTip(self.explanation(event.pos().y()))
        return super().event(event)

    def explanation(self, y: float) -> str:
        """What the row at a height is, in a sentence."""
        name = next((n for n, row in self._rows().items() if row.top() <= y < row.bottom() + 2), "")
        scale = self._levels
        colours = "" if scale is None else f"; {scale[0]:.0f} to {scale[1]:.0f} dB re 1 µV²/Hz".replace("-", "−")
        return {
            "left": _DENSITY.format("left") + colours,
            "right": _DENSITY.format("right") + colours,
            "asymmetry": "(right − left) / (right + left) of power in 1 to 18 Hz; up is right",
            "aeeg": "Amplitude-integrated EEG of C3–P3 and C4–P4: lower to upper margin, 2 to 15 Hz",
            "spikes": "Proposed discharges on the scalp, a minute",
            "recon": "Reconstructed, not recorded: discharges a minute expected over the samples, where reconstructed",
        }.get(name, "")


_DENSITY = (
    "Power of the {} side up to 30 Hz, median over derivations (multitaper); click goes there, right-click: region"
)


def _semilog(volts: Array) -> NDArray[np.float64]:
    """Height, 0 to 1, of an amplitude: linear to 10 µV, where half the height is, logarithmic to 100 µV."""
    uv = np.clip(np.asarray(volts, np.float64) * 1e6, 0.0, _AEEG_TOP)
    return np.where(uv <= 10.0, uv / 20.0, 0.5 + 0.5 * np.log10(np.maximum(uv, 10.0) / 10.0))


def _per_minute(rate: Array) -> str:
    """The largest rate, which fills the row."""
    known = rate[np.isfinite(rate)]
    return f"{known.max():.0f} /min" if known.size and known.max() > 0 else ""
