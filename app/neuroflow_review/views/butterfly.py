"""All electrodes over one another around the cursor, and the global field power below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from neuroflow.signal.topography import global_field_power
from neuroflow_review.canvas import Canvas
from neuroflow_review.keyboard import is_for
from neuroflow_review.paper import bar_volts, bar_words, pixels_per_mm, polylines
from neuroflow_review.theme import LIGHT, UNIT, Theme, colour, hairline, thick, ui_font
from neuroflow_review.wording import microvolts

REACH: Final = 0.5
"""Seconds either side of the cursor."""

_NEAR: Final = 12.0
_POWER_SHARE: Final = 0.22
_AMONG: Final = 0.75
_BEHIND: Final = 0.22
_TIP: Final = (
    "Every electrode in average reference, with the page's filters and sensitivity, negative up, half a second\n"
    "either side of the cursor; below, the global field power (GFP). Point at a line, or Tab and ↑ ↓, for its name."
)


class ButterflyPanel(Canvas):
    """Traces about one moment, as they stand on the page: no baseline is taken off."""

    own_keys = frozenset({Qt.Key.Key_Up, Qt.Key.Key_Down})  # arrows name electrodes instead of changing the sensitivity

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = LIGHT
        self._data: NDArray[np.float32] = np.empty((0, 0), dtype=np.float32)
        self._power: NDArray[np.float64] = np.empty(0)
        self._first, self._rate = 0.0, 1.0
        self._sites: tuple[str, ...] = ()
        self._sides: tuple[str, ...] = ()
        self._sensitivity = 7e-6
        self._filters = ""
        self._named = ""
        self._message = "Move the pointer over a page"
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Butterfly of the electrodes at the cursor")
        self.setToolTip(_TIP)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(160, 168))

    def sizeHint(self) -> QSize:
        return QSize(260, 260)

    # What is shown ----------------------------------------------------------------------------------------------------

    def set_traces(
        self, data: NDArray[np.float32], first: float, rate: float, sites: Sequence[str], sides: Sequence[str]
    ) -> None:
        """Voltages (electrode, time) in average reference; ``first`` is seconds from the cursor to the first."""
        self._data, self._first, self._rate = data, first, rate
        self._sites, self._sides, self._message = tuple(sites), tuple(sides), ""
        self._power = global_field_power(data)
        self._describe()
        self.redraw()

    def set_sensitivity(self, sensitivity: float) -> None:
        """Volts per millimetre."""
        if sensitivity != self._sensitivity:
            self._sensitivity = sensitivity
            self.redraw()

    def set_filters(self, words: str) -> None:
        """What the traces were filtered with."""
        if words != self._filters:
            self._filters = words
            self.redraw()

    def set_message(self, text: str) -> None:
        """Why there are no traces."""
        if text != self._message:
            self._message = text
            self.setAccessibleDescription(text)
            self.redraw()

    def set_theme(self, look: Theme) -> None:
        self._look = look
        self.redraw()

    @property
    def shown(self) -> tuple[NDArray[np.float32], float, float, tuple[str, ...], str] | None:
        """Voltages (electrode, time), seconds from the cursor to the first, rate, electrodes, filters; or None."""
        return None if self._message else (self._data, self._first, self._rate, self._sites, self._filters)

    @property
    def message(self) -> str:
        return self._message

    @property
    def named(self) -> str:
        """The electrode that is pointed at, or empty."""
        return self._named if self._named in self._sites else ""

    @property
    def reading(self) -> str:
        """The value at the cursor of the electrode that is pointed at, or the global field power there."""
        k = round(-self._first * self._rate)
        if self._message or not 0 <= k < self._data.shape[1]:
            return ""
        if self.named:
            return f"{self.named}  {microvolts(float(self._data[self._sites.index(self.named), k]))}"
        return f"GFP {microvolts(float(self._power[k]))}"

    @property
    def words(self) -> str:
        """How the traces are drawn, and whether they find room."""
        tall = self.traces_rect().height() / 2 / self._per_volt
        beyond = self._data.size and np.nanmax(np.abs(self._data), initial=0.0) > tall
        return f"{'cut off: press ↓ · ' if beyond else ''}average reference · {self._filters}"

    def _describe(self) -> None:
        self.setAccessibleDescription(f"{self.words}, {self.reading}")

    # Geometry ---------------------------------------------------------------------------------------------------------

    def _header(self) -> float:
        return 2 * UNIT + round(QFontMetricsF(ui_font(bold=True)).height() + QFontMetricsF(ui_font(-1.5)).height())

    def plot(self) -> QRectF:
        """Where traces and the field power below them are drawn."""
        line = round(QFontMetricsF(ui_font(-1.5)).height())
        top, bottom = self._header(), self.height() - line - UNIT
        return QRectF(3 * UNIT, top, max(self.width() - 6 * UNIT, 1), max(bottom - top, 1))

    def traces_rect(self) -> QRectF:
        plot = self.plot()
        return plot.adjusted(0, 0, 0, -round(plot.height() * _POWER_SHARE))

    def x_of(self, seconds: float) -> float:
        """Abscissa of a time from the cursor."""
        plot = self.plot()
        return plot.center().x() + seconds / REACH * plot.width() / 2

    def y_of(self, volts: NDArray[np.floating[Any]] | float) -> Any:
        """Ordinate of a voltage: negative up, zero in the middle."""
        return self.traces_rect().center().y() + volts * self._per_volt

    @property
    def _per_volt(self) -> float:
        return pixels_per_mm(self) / self._sensitivity

    # Drawing ----------------------------------------------------------------------------------------------------------

    def draw(self, painter: QPainter) -> None:
        look, plot = self._look, self.plot()
        painter.fillRect(self.rect(), colour(look.panel))
        if self._message:
            painter.setFont(ui_font(-1.5))
            painter.setPen(colour(look.muted))
            flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(QRectF(self.rect()).adjusted(4 * UNIT, 0, -4 * UNIT, 0), flags, self._message)
            return
        painter.fillRect(plot, colour(look.paper))
        self._draw_axes(painter, plot)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.save()
        painter.setClipRect(self.traces_rect())
        behind = _BEHIND if self.named else _AMONG
        for y, side in zip(self._data, self._sides, strict=True):
            painter.setPen(hairline(look.side(side), behind))
            self._draw_line(painter, self.y_of(y.astype(np.float64)))
        if self.named:
            k = self._sites.index(self.named)
            painter.setPen(thick(look.side(self._sides[k])))
            self._draw_line(painter, self.y_of(self._data[k].astype(np.float64)))
        painter.restore()
        painter.save()
        painter.setClipRect(plot)
        painter.setPen(hairline(look.ink))
        self._draw_line(painter, plot.bottom() - 2 - self._power * self._per_volt)
        painter.restore()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._draw_bar(painter)
        self._draw_words(painter)

    def _draw_line(self, painter: QPainter, y: NDArray[np.float64]) -> None:
        step = self.plot().width() / (2 * REACH) / self._rate
        for line in polylines(self.x_of(self._first), step, np.clip(y, -1e4, 1e5)):
            painter.drawPolyline(line)

    def _draw_axes(self, painter: QPainter, plot: QRectF) -> None:
        look, traces = self._look, self.traces_rect()
        painter.setFont(ui_font(-1.5))
        line = round(QFontMetricsF(painter.font()).height())
        for tenth in range(-5, 6):
            x = round(self.x_of(tenth / 10)) + 0.5
            if abs(tenth) < 5:
                painter.setPen(hairline(look.grid_strong if tenth == 0 else look.grid))
                painter.drawLine(QLineF(x, plot.top(), x, plot.bottom()))
        painter.setPen(hairline(look.grid_strong))
        for y in (round(self.y_of(0.0)) + 0.5, round(traces.bottom()) + 0.5):
            painter.drawLine(QLineF(plot.left(), y, plot.right(), y))
        painter.drawRect(plot.adjusted(0.5, 0.5, -0.5, -0.5))
        painter.setPen(colour(look.muted))
        row = QRectF(plot.left(), plot.bottom() + UNIT / 2, plot.width(), line)
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft, f"−{REACH:g} s")
        painter.drawText(row, Qt.AlignmentFlag.AlignHCenter, "cursor")
        painter.drawText(row, Qt.AlignmentFlag.AlignRight, f"+{REACH:g} s")
        painter.drawText(QRectF(plot.left() + UNIT, traces.bottom() + 1, 60, line), Qt.AlignmentFlag.AlignLeft, "GFP")

    def _draw_bar(self, painter: QPainter) -> None:
        """A voltage, for traces and field power alike."""
        traces = self.traces_rect()
        volts = bar_volts(self._per_volt, min(44.0, traces.height() / 2))
        x, top = round(traces.left()) + 1.5 * UNIT + 0.5, round(traces.top()) + UNIT + 0.5
        bottom = top + round(volts * self._per_volt)
        painter.setPen(hairline(self._look.ink))
        painter.drawLine(QLineF(x, top, x, bottom))
        painter.setFont(ui_font(-1.5))
        painter.setPen(colour(self._look.ink))
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(x + UNIT, top, 80, bottom - top), align, bar_words(volts))

    def _draw_words(self, painter: QPainter) -> None:
        look = self._look
        painter.setFont(ui_font(bold=True))
        high = round(QFontMetricsF(painter.font()).height())
        row = QRectF(3 * UNIT, UNIT, self.width() - 6 * UNIT, high)
        ink = look.side(self._sides[self._sites.index(self.named)]) if self.named else look.ink
        painter.setPen(colour(ink))
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.reading)
        painter.setFont(ui_font(-1.5))
        painter.setPen(colour(look.muted))
        metrics = QFontMetricsF(painter.font())
        row = QRectF(row.left(), row.bottom(), row.width(), metrics.height())
        words = self.words
        if metrics.horizontalAdvance(words) > row.width():
            words = words.removesuffix(" · notch off")
        words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, row.width())
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)

    def draw_moving(self, painter: QPainter) -> None:
        if self.hasFocus():
            painter.setPen(hairline(self._look.accent))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    # The pointer and the keys -----------------------------------------------------------------------------------------

    def _name(self, site: str) -> None:
        if site != self._named:
            self._named = site
            self._describe()
            self.redraw()

    def site_at(self, point: QPointF) -> str:
        """The electrode whose line is nearest to a point, or empty."""
        if self._message or not self.traces_rect().contains(point) or not self._data.size:
            return ""
        plot = self.plot()
        seconds = (point.x() - plot.center().x()) / plot.width() * 2 * REACH
        k = round((seconds - self._first) * self._rate)
        if not 0 <= k < self._data.shape[1]:
            return ""
        # Steep flanks are near in time, too: the nearest of some samples about the pointer.
        about = self._data[:, max(k - 1, 0) : k + 2].astype(np.float64)
        away = np.abs(self.y_of(about) - point.y()).min(axis=1)
        if not np.isfinite(away).any() or np.nanmin(away) > _NEAR:
            return ""
        return self._sites[int(np.nanargmin(away))]

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._name(self.site_at(event.position()))

    def leaveEvent(self, _event: QEvent) -> None:
        self._name("")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not is_for(self, event) or not self._sites:
            super().keyPressEvent(event)
            return
        step = 1 if event.key() == Qt.Key.Key_Down else -1
        k = self._sites.index(self.named) + step if self.named else 0
        self._name(self._sites[k % len(self._sites)])

    def focusOutEvent(self, event: Any) -> None:
        self._name("")
        super().focusOutEvent(event)
