"""The whole recording in one strip: activity, what is reconstructed, spikes, events, gaps, and the page as a pane."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from neuroflow.recording import Annotation, Span, merged
from neuroflow_review.canvas import Canvas
from neuroflow_review.paper import polygon
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
from neuroflow_review.wording import clock, day, day_clock

_TICKS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_NARROWEST_PANE: Final = 8.0
_PALE: Final = 0.45  # of a proposal's colour, for what the reader left open: a column is too narrow for a hollow shape

Times = NDArray[np.float64]


class OverviewBar(Canvas):
    """The recording from end to end, on the same gutter as the panels above it.

    What does not follow the mouse is drawn once into a pixmap, counted per pixel column, so that ten thousand
    annotations cost as much as ten.
    """

    span_requested = Signal(float)
    """Start (seconds) of the page that the reader asks for, always inside the recording."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = LIGHT
        self._duration = 0.0
        self._start: datetime | None = None
        self._gaps: tuple[Span, ...] = ()
        self._annotations: Times = np.empty(0)
        self._page = Span(0.0, 0.0)
        self._reconstructed: tuple[Span, ...] = ()
        self._withheld: tuple[Span, ...] = ()
        self._scalp: dict[str, Times] = {}  # by decision, accepted first
        self._searched: tuple[Span, ...] = ()
        self._deep: Times = np.empty((0, 2))
        self._trend: NDArray[np.float64] | None = None
        self._cursor: float | None = None
        self._hover: float | None = None
        self._grip: float | None = None
        self.setAccessibleName("Overview of the whole recording")
        self.setAccessibleDescription("Click or drag to move the page; the wheel turns pages.")
        self.setToolTip(
            "The whole recording: click or drag to move the page, wheel to turn pages. "
            "Spikes: amber proposed, paler left open by the reader, green accepted; rejected ones are not counted. "
            "Grey: spikes not sought yet."
        )
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    # What is shown ----------------------------------------------------------------------------------------------------

    def set_recording(
        self, duration: float, start: datetime | None, gaps: Sequence[Span], annotations: Sequence[Annotation]
    ) -> None:
        """A recording of ``duration`` seconds; everything known of the one before is dropped."""
        self._duration = duration
        self._start = start
        self._gaps = tuple(gaps)
        self._reconstructed = self._withheld = self._searched = ()
        self._scalp, self._deep, self._trend = {}, np.empty((0, 2)), None
        self._cursor = self._hover = self._grip = None
        self.set_events([a.onset for a in annotations])

    def set_events(self, times: ArrayLike) -> None:
        """Times (seconds) of what stands in the row of events: the file's annotations, and readers' marks."""
        self._annotations = np.asarray(times, float).reshape(-1)
        self.redraw()

    def set_page(self, page: Span) -> None:
        """The page on screen, drawn as the pane."""
        self._page = page
        self.update()

    def set_reconstructed(self, spans: Sequence[Span], withheld: Sequence[Span] = ()) -> None:
        """What is reconstructed so far, and what of it is withheld; spans may touch and come in any order."""
        self._reconstructed, self._withheld = tuple(spans), tuple(withheld)
        self.redraw()

    def set_searched(self, spans: Sequence[Span]) -> None:
        """Where spikes on the scalp were looked for so far."""
        self._searched = tuple(spans)
        self.redraw()

    def set_spikes(
        self, proposed: ArrayLike, reconstructed: ArrayLike, *, accepted: ArrayLike = (), unsure: ArrayLike = ()
    ) -> None:
        """Spikes of the scalp: times of those only proposed, and of those that a reader accepted or left open.

        Of proposed ones of the reconstruction (time, share of samples in 0..1).
        """
        kinds = {"accepted": accepted, "unsure": unsure, "": proposed}
        self._scalp = {kind: np.asarray(times, float).reshape(-1) for kind, times in kinds.items()}
        self._deep = np.asarray(reconstructed, float).reshape(-1, 2)
        self.redraw()

    def set_trend(self, trend: NDArray[np.floating[Any]] | None) -> None:
        """Activity from start to end: (n,) such as rms, or (2, n) lows and highs; any unit, NaN where not known."""
        self._trend = None if trend is None else np.asarray(trend, float)
        self.redraw()

    def set_cursor(self, time: float | None) -> None:
        """The cursor that all panels share."""
        if time != self._cursor:
            self._cursor = time
            self.update()

    def set_theme(self, look: Theme) -> None:
        self._look = look
        self.updateGeometry()
        self.redraw()

    # Geometry ---------------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(960, round(self._rows()["events"].bottom()) + 2 * UNIT)

    def minimumSizeHint(self) -> QSize:
        return QSize(320, self.sizeHint().height())

    def _rows(self) -> dict[str, QRectF]:
        """Rectangles from top to bottom, over the whole of the time axis."""
        line = float(round(QFontMetricsF(ui_font(-1.5)).height()))
        wide = max(self.width() - gutter() - right_margin(), 1)
        rows: dict[str, QRectF] = {}
        top = float(UNIT)
        for name, height in (("clock", line + 2), ("trend", 28.0), ("recon", line), ("spikes", line), ("events", line)):
            rows[name] = QRectF(gutter(), top, wide, height)
            top += height + (2 if name != "clock" else UNIT)
        return rows

    def _x(self, time: float) -> float:
        return time_to_x(time, Span(0.0, self._duration), self.width())

    def _time(self, x: float) -> float:
        return min(max(x_to_time(x, Span(0.0, self._duration), self.width()), 0.0), self._duration)

    def pane(self) -> QRectF:
        """Rectangle of the page, never narrower than can be seen and grasped."""
        rows = self._rows()
        left, right = self._x(self._page.start), self._x(self._page.stop)
        if right - left < _NARROWEST_PANE:
            middle = (left + right) / 2
            left, right = middle - _NARROWEST_PANE / 2, middle + _NARROWEST_PANE / 2
        top = rows["trend"].top() - 2
        return QRectF(left, top, right - left, rows["events"].bottom() + 2 - top)

    def _columns(self, times: Times, weights: Times | None = None) -> NDArray[np.float64]:
        """Marks counted (or the largest weight) per column of one device-independent pixel."""
        wide = max(self.width() - gutter() - right_margin(), 1)
        inside = np.isfinite(times) & (times >= 0) & (times <= self._duration)
        column = np.minimum((times[inside] / max(self._duration, 1e-9) * wide).astype(int), wide - 1)
        if weights is None:
            return np.bincount(column, minlength=wide).astype(float)
        out = np.zeros(wide)
        np.maximum.at(out, column, weights[inside])
        return out

    # Drawing ----------------------------------------------------------------------------------------------------------

    def draw(self, painter: QPainter) -> None:
        look, rows = self._look, self._rows()
        painter.fillRect(self.rect(), colour(look.panel))
        painter.setPen(hairline(look.border))
        painter.drawLine(QPointF(0, 0.5), QPointF(self.width(), 0.5))
        painter.setFont(ui_font(-1.5))
        field = QRectF(rows["trend"].topLeft(), rows["events"].bottomRight())
        painter.fillRect(field, colour(look.paper))
        if self._duration <= 0:
            painter.setPen(colour(look.muted))
            painter.drawText(field, Qt.AlignmentFlag.AlignCenter, "The whole recording is shown here once one is open")
            return
        painter.fillRect(rows["recon"], colour(look.recon_paper))
        self._draw_clock(painter, rows["clock"], field)
        self._draw_trend(painter, rows["trend"])
        self._draw_reconstructed(painter, rows["recon"])
        self._draw_unsearched(painter, rows["spikes"])
        spikes = [
            (self._columns(times), colour(look.decided(kind), _PALE if kind == "unsure" else 1.0))
            for kind, times in self._scalp.items()
        ]
        self._draw_marks(painter, rows["spikes"], spikes)
        self._draw_marks(painter, rows["events"], [(self._columns(self._annotations), colour(look.other))])
        for gap in self._gaps:
            left, right = self._x(gap.start), self._x(gap.stop)
            whole = QRectF(left, field.top(), max(right - left, 1.0), field.height())
            painter.fillRect(whole, colour(look.panel))
            hatch(painter, whole, look)
        self._draw_labels(painter, rows)
        painter.setPen(hairline(look.border))
        painter.drawRect(field.adjusted(-0.5, -0.5, 0.5, 0.5))

    def _draw_labels(self, painter: QPainter, rows: dict[str, QRectF]) -> None:
        look = self._look
        painter.setPen(colour(look.muted))
        align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        names = {"clock": self._day_label(), "trend": "activity", "recon": f"{RECONSTRUCTED} so far"}
        names |= {"spikes": "spikes", "events": "events"}
        for name, text in names.items():
            painter.setPen(colour(look.recon_line if name == "recon" else look.muted))
            painter.setFont(fitted(ui_font(-1.5), text, gutter() - 3 * UNIT))
            painter.drawText(QRectF(0, rows[name].top(), gutter() - 2 * UNIT, rows[name].height()), align, text)
        done = sum(s.clipped_to(Span(0.0, self._duration)).duration for s in merged(self._reconstructed))
        spikes = sum(times.size for times in self._scalp.values())
        right = QRectF(self.width() - right_margin() + 2 * UNIT, 0, right_margin() - 2 * UNIT, 0)
        counts = {
            "recon": f"{_percent(done / self._duration)}" if done else "",
            "spikes": f"{spikes:,}" if spikes else "",
            "events": f"{self._annotations.size:,}" if self._annotations.size else "",
        }
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        for name, text in counts.items():
            right.setTop(rows[name].top())
            right.setHeight(rows[name].height())
            painter.setPen(colour(look.recon_line if name == "recon" else look.muted))
            painter.setFont(fitted(ui_font(-1.5), text, right.width() - UNIT))
            painter.drawText(right, align, text)

    def _day_label(self) -> str:
        return "day 1" if day(self._duration, self._start) > 1 else ("clock" if self._start else "elapsed")

    def _draw_clock(self, painter: QPainter, row: QRectF, field: QRectF) -> None:
        look, metrics = self._look, QFontMetricsF(painter.font())
        apart = metrics.horizontalAdvance("00:00:00") + 8 * UNIT
        step = next((s for s in _TICKS if s / self._duration * row.width() >= apart), _TICKS[-1])
        offset = 0.0
        if self._start is not None:
            midnight = datetime.combine(self._start.date(), datetime.min.time(), self._start.tzinfo)
            offset = (self._start - midnight) / timedelta(seconds=1)
        first = int(-(-offset // step))
        last = int((offset + self._duration) // step)
        shown_day = 1
        edge = 0.0
        for k in range(first, last + 1):
            time = k * step - offset
            x = round(self._x(time)) + 0.5
            painter.setPen(hairline(look.grid))
            painter.drawLine(QLineF(x, field.top(), x, field.bottom()))
            painter.setPen(hairline(look.grid_strong))
            painter.drawLine(QLineF(x, field.top() - UNIT, x, field.top()))
            text = clock(time, self._start)
            text = text if step < 60 else text[:5] + ("" if self._start is not None else " h")
            if day(time, self._start) != shown_day:
                shown_day = day(time, self._start)
                text = f"day {shown_day}  {text}"
            half = metrics.horizontalAdvance(text) / 2
            if x - half < max(edge, gutter() - UNIT) or x + half > self.width() - UNIT:
                continue
            edge = x + half + 2 * UNIT
            painter.setPen(colour(look.muted))
            painter.drawText(QRectF(x - half - 1, row.top(), 2 * half + 2, row.height()), 0x84, text)

    def _draw_trend(self, painter: QPainter, row: QRectF) -> None:
        trend = self._trend
        if trend is None or trend.shape[-1] < 1:
            return
        low, high = (trend[0], trend[1]) if trend.ndim == 2 else (np.zeros_like(trend), trend)
        wide = int(row.width())
        edges = np.linspace(0, low.size, wide + 1)
        first = np.minimum(edges[:-1].astype(int), low.size - 1)
        with np.errstate(invalid="ignore"):
            bottom = np.fmin.reduceat(low, first)
            top = np.fmax.reduceat(high, first)
        known = np.isfinite(bottom) & np.isfinite(top)
        if not known.any():
            return
        # One blink or one loose electrode must not flatten the night: the loudest hundredth is clipped.
        reach = float(np.quantile(np.maximum(np.abs(bottom[known]), np.abs(top[known])), 0.99)) or 1.0
        if trend.ndim == 2:
            middle, scale = row.center().y(), (row.height() - 4) / 2 / reach
        else:
            middle, scale = row.bottom() - 1, (row.height() - 4) / reach
        upper = middle - np.clip(top, -reach, reach) * scale - 0.5
        lower = middle - np.clip(bottom, -reach, reach) * scale + 0.5
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(self._look.other, 0.6))
        # One outline a stretch: a line for each column, made in Python, cost more than the rest of the page together.
        columns = np.flatnonzero(known)
        for run in np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1):
            x = np.repeat(row.left() + np.append(run, run[-1] + 1), 2)[1:-1]
            outline = np.append(x, x[::-1])
            level = np.append(np.repeat(upper[run], 2), np.repeat(lower[run], 2)[::-1])
            painter.drawPolygon(polygon(outline, level))

    def _draw_reconstructed(self, painter: QPainter, row: QRectF) -> None:
        look = self._look
        for span in merged(self._reconstructed):
            left, right = self._x(span.start), self._x(span.stop)
            painter.fillRect(QRectF(left, row.top(), max(right - left, 1.0), row.height()), colour(look.band50))
        for span in merged(self._withheld):
            left, right = self._x(span.start), self._x(span.stop)
            box = QRectF(left, row.top(), max(right - left, 1.0), row.height())
            painter.fillRect(box, colour(look.recon_paper))
            hatch(painter, box, look)
        shares = self._columns(self._deep[:, 0], self._deep[:, 1])
        self._draw_columns(painter, row, np.minimum(shares, 1.0), colour(look.recon_line))

    def _draw_unsearched(self, painter: QPainter, row: QRectF) -> None:
        """Where nothing is known of spikes: an empty row must not look like one without any."""
        edge = 0.0
        for span in (*merged(self._searched), Span(self._duration, self._duration)):
            left, right = self._x(edge), self._x(span.start)
            painter.fillRect(QRectF(left, row.top(), max(right - left, 0.0), row.height()), colour(self._look.panel))
            edge = span.stop

    def _draw_marks(self, painter: QPainter, row: QRectF, kinds: Sequence[tuple[Times, QColor]]) -> None:
        """Counts of each kind, one upon the other."""
        if not kinds:
            return
        most = max(float(np.sum([counts for counts, _ in kinds], axis=0).max()), 4.0)
        so_far = below = np.zeros_like(kinds[0][0])
        for counts, fill in kinds:
            so_far = so_far + counts
            # Height grows with the logarithm of the count: one event is seen, a hundred do not fill the row alike.
            heights = 0.5 + 0.5 * np.log2(np.maximum(so_far, 1)) / np.log2(most)
            heights = np.where(so_far > 0, heights, 0.0)
            self._draw_columns(painter, row, heights, fill, below)
            below = heights

    def _draw_columns(
        self, painter: QPainter, row: QRectF, heights: Times, fill: QColor, below: Times | float = 0.0
    ) -> None:
        """A mark in every column that is higher than what is ``below`` it; 1 fills the row."""
        full, foot = row.height() - 4, row.bottom() - 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        added = heights - below
        there = np.flatnonzero(added)
        columns = zip(there.tolist(), (full * heights[there]).tolist(), (full * added[there]).tolist(), strict=True)
        painter.drawRects([QRectF(row.left() + k, foot - top, 1.5, high) for k, top, high in columns])
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def draw_moving(self, painter: QPainter) -> None:
        if self._duration <= 0:
            return
        look, pane = self._look, self.pane()
        if self._cursor is not None:
            x = round(self._x(self._cursor)) + 0.5
            painter.setPen(hairline(look.cursor))
            painter.drawLine(QLineF(x, pane.top(), x, pane.bottom()))
        if self._page.duration > 0:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(hairline(look.accent))
            painter.setBrush(colour(look.accent, 0.22 if self._grip is not None else 0.12))
            painter.drawRoundedRect(pane, 2, 2)
            painter.setBrush(colour(look.accent))
            painter.setPen(Qt.PenStyle.NoPen)
            x, y = pane.center().x(), pane.top()
            painter.drawPolygon(QPolygonF([QPointF(x - 4, y - 5), QPointF(x + 4, y - 5), QPointF(x, y)]))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if self._hover is not None:
            self._draw_hover(painter, self._hover)

    def _draw_hover(self, painter: QPainter, time: float) -> None:
        look, row, pane = self._look, self._rows()["clock"], self.pane()
        x = round(self._x(time)) + 0.5
        painter.setPen(hairline(look.ink, 0.5))
        painter.drawLine(QLineF(x, pane.top(), x, pane.bottom()))
        painter.setFont(ui_font(-1.5))
        text = day_clock(time, self._start)
        wide = QFontMetricsF(painter.font()).horizontalAdvance(text) + 4 * UNIT
        left = min(max(x - wide / 2, gutter()), self.width() - wide)
        box = QRectF(left, row.top() - 1, wide, row.height())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(look.ink))
        painter.drawRoundedRect(box, UNIT, UNIT)
        painter.setPen(colour(look.paper))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    # Intents ----------------------------------------------------------------------------------------------------------

    def _request(self, start: float) -> None:
        self.span_requested.emit(min(max(start, 0.0), max(self._duration - self._page.duration, 0.0)))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton or self._duration <= 0:
            return
        x = event.position().x()
        inside = self.pane().left() <= x <= self.pane().right()
        # Within the pane the pane is grasped where it was touched; elsewhere the page comes to the pointer.
        self._grip = self._time(x) - self._page.start if inside else self._page.duration / 2
        if not inside:
            self._request(self._time(x) - self._grip)
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._duration <= 0:
            return
        x = event.position().x()
        self._hover = self._time(x) if gutter() <= x <= self.width() - right_margin() else None
        if self._grip is not None:
            self._request(self._time(x) - self._grip)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._grip = None
            self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta().y() or -event.angleDelta().x()
        if delta and self._duration > 0:
            self._request(self._page.start - delta / 120 * self._page.duration)
        event.accept()

    def leaveEvent(self, _event: QEvent) -> None:
        self._hover = None
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.ApplicationFontChange):
            self.updateGeometry()
        super().changeEvent(event)


def _percent(share: float) -> str:
    """Never 0 % of something and never 100 % of less than all."""
    if share >= 1 - 1e-9:
        return "100 %"
    return f"{min(max(round(share * 100), 1), 99)} %"
