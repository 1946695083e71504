"""The page of scalp EEG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from PySide6.QtCore import QEvent, QLineF, QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from neuroflow.recording import Annotation, Span
from neuroflow.signal.montage import Row
from neuroflow.units import MICROVOLT
from neuroflow_review.asidelayer import ROOM, AsideLayer
from neuroflow_review.display import scale_words, sensitivity_words
from neuroflow_review.kinds import STANDARD, Kinds, times_standard, view_of
from neuroflow_review.marklayer import rows_of
from neuroflow_review.notelayer import NoteLayer
from neuroflow_review.paper import (
    Place,
    draw_clock,
    draw_grid,
    draw_labels,
    draw_scale,
    draw_spike,
    pixels_per_mm,
    polylines,
    scale_lines,
    translucent,
)
from neuroflow_review.session.analysis import Spike
from neuroflow_review.session.page import PageData, Trace
from neuroflow_review.sheet import Sheet
from neuroflow_review.theme import UNIT, colour, gutter, hairline, hatch, right_margin, time_to_x, ui_font

_VOLT_STEPS = tuple(m * 10.0**e * MICROVOLT for e in range(-1, 5) for m in (1, 2, 5))
_TICK_PIXELS = 36.0
_PALE = 0.45  # of a trace that was interpolated


class PageView(Sheet):
    """Traces of one montage, negative up, in true µV/mm; a trace may run over its neighbours, as on paper."""

    laid_out = Signal()
    """Rows have another height, or others of them their labels: what is said of the page holds no more."""
    aside_clicked = Signal(str, QPoint)
    """The row whose sign to set it aside, or take it back, was clicked, and where on the screen that is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._data: PageData | None = None
        self._rows: tuple[Row, ...] = ()
        self._sensitivity = 7e-6
        self._kinds = STANDARD
        self._start: datetime | None = None
        self._recording = Span(0.0, 0.0)
        self._gaps: tuple[Span, ...] = ()
        self._spikes: tuple[Spike, ...] = ()
        self._notes = NoteLayer()
        self._aside = AsideLayer()
        self._channel, self._solo = "", ""
        self._message = ""
        self._layout = (0, 0.0, 0.0)
        self.setAccessibleName("Scalp EEG")

    def set_recording(self, recording: Span, start: datetime | None, gaps: Sequence[Span]) -> None:
        """Another recording: its times and its gaps."""
        self._recording, self._start, self._gaps = recording, start, tuple(gaps)
        self._data, self._message, self._spikes = None, "", ()
        self._tell_columns()  # the gutter is as wide as the labels need
        self.redraw()

    def set_rows(self, rows: Sequence[Row]) -> None:
        """The montage; traces follow with :meth:`set_page`."""
        self._rows = tuple(rows)
        aside = ", ".join(row.label for row in rows if row.bad)
        self.setAccessibleDescription(f"Set aside as bad: {aside}" if aside else "")
        self._place_rows()

    def set_solo(self, label: str) -> None:
        """A row that has the page to itself, at the whole height and with an axis of volts; empty for all rows."""
        if label != self._solo:
            self._solo = label
            self._place_rows()

    @property
    def alone(self) -> bool:
        """Whether one row has the page to itself."""
        return any(row.label == self._solo for row in self._rows)

    def _place_rows(self) -> None:
        rows = [self._rows[i] for i in self._drawn()]
        self._labels = tuple(row.label for row in rows)
        self._groups = tuple(row.group for row in rows)
        self.redraw()

    def set_aside_tips(self, tips: Mapping[str, str]) -> None:
        """What a click on the sign of a row does, by its label."""
        self._aside.set_tips(tips)
        self.redraw()

    def _drawn(self) -> list[int]:
        """Numbers of the rows that are drawn."""
        return [i for i, row in enumerate(self._rows) if row.label == self._solo] or list(range(len(self._rows)))

    def set_page(self, data: PageData) -> None:
        """The traces of a page; its rows are its request's."""
        self._data, self._message = data, ""
        self._span = data.request.span
        self.set_rows(data.request.rows)

    @property
    def message(self) -> str:
        """Why there are no traces; empty where there are."""
        return self._message

    def set_message(self, text: str) -> None:
        """Why there are no traces."""
        self._data, self._message = None, text
        self.redraw()

    def set_sensitivity(self, sensitivity: float) -> None:
        """Volts per millimetre."""
        if sensitivity != self._sensitivity:
            self._sensitivity = sensitivity
            self.redraw()

    def set_kinds(self, kinds: Kinds) -> None:
        """How much larger or smaller than usual channels of other kinds are drawn; their traces need not be others."""
        if kinds != self._kinds:
            self._kinds = kinds
            self.redraw()

    def own_scale(self, row: Row, trace: Trace) -> float | None:
        """Value per millimetre of a row that has a scale of its own; None of one that is drawn in the page's."""
        return None if trace.scale is None else trace.scale * times_standard(self._kinds, row.kind)

    def set_spikes(self, spikes: Sequence[Spike]) -> None:
        """Proposed spikes by label of the row; those of other pages are not drawn."""
        if tuple(spikes) != self._spikes:
            self._spikes = tuple(spikes)
            self.redraw()

    def set_notes(self, notes: Sequence[Annotation]) -> None:
        """Annotations of the file, which have a line of their own between the clock and the traces."""
        self._notes.set_notes(notes)
        self.redraw()

    def set_notes_written(self, written: bool) -> None:
        """Whether their texts are shown, or only where they begin."""
        if written != self._notes.written:
            self._notes.written = written
            self.redraw()

    def header_height(self) -> float:
        return self._clock_height() + self._notes.height

    def _clock_height(self) -> float:
        return super().header_height()

    def set_channel(self, label: str) -> None:
        """The selected row, or none."""
        if label != self._channel:
            self._channel = label
            self.redraw()

    @property
    def drawn(self) -> bool:
        """Whether the traces of the page (or the reason why there are none) are on screen."""
        here = self._data is not None and self._data.request.span == self._span
        return self.fresh and (here or bool(self._message))

    @property
    def row_mm(self) -> float:
        """Height of a row in millimetres."""
        return self.places()[1] / pixels_per_mm(self)

    @property
    def mm_per_second(self) -> float:
        """The time base as the screen draws it."""
        return self.plot().width() / max(self._span.duration, 1e-9) / pixels_per_mm(self)

    # Drawing ----------------------------------------------------------------------------------------------------------

    def draw(self, painter: QPainter) -> None:
        look, plot = self._look, self.plot()
        painter.fillRect(self.rect(), colour(look.paper))
        places, height = self.places()
        rows = [self._rows[i] for i in self._drawn()]
        self._draw_ground(painter, places, rows, height)
        draw_grid(painter, plot, self._span, self.width(), look.grid, look.grid_strong)
        self._draw_nothing(painter, plot)
        ground, (value, paper) = self.ground(), self.mark_colours()
        self._layer.draw(painter, ground, value)
        if self.alone:
            self._draw_volts(painter, plot, places[0].y)
            self.labels_shown = len(self._rows)  # none is left out for want of room
        else:
            made = frozenset(i for i, row in enumerate(rows) if row.interpolated)
            struck = frozenset(i for i, row in enumerate(rows) if row.bad) - made
            selected = self._labels.index(self._channel) if self._channel in self._labels else -1
            colours = [self._ink(row) for row in rows]
            room = ROOM if self._aside.tips else 0.0  # on paper there is nothing to click
            self.labels_shown = draw_labels(
                painter, places, colours, look, selected=selected, struck=struck, bracketed=made, room=room
            )
            self._aside.draw(painter, places, [row.label for row in rows if row.bad], look)
        traces: list[Trace] = []
        if self._data is not None and len(self._data.traces) == len(self._rows):
            traces = [self._data.traces[i] for i in self._drawn()]
            self._draw_traces(painter, places, rows, traces)
            self._draw_spikes(painter, places, height)
        self._layer.draw_names(painter, ground, value, paper)
        header = QRectF(0, 0, self.width(), self.header_height())
        painter.fillRect(header, colour(look.paper))
        self._notes.draw(painter, self._span, self.width(), plot, look)
        clock = QRectF(0, 0, self.width(), self._clock_height())
        draw_clock(painter, clock, self._span, self.width(), self._start, look)
        per_volt, words = self._scale(rows, traces)
        below = draw_scale(painter, plot, self._span, per_volt, look.ink, words)
        if self.alone:
            self._draw_alone(painter, plot, rows[0])
        elif traces:
            self._draw_own_scales(painter, places, height, rows, traces, below)
        if self._message:
            self._draw_message(painter, plot)
        layout = self.labels_shown, height, plot.width()
        if layout != self._layout:
            self._layout = layout
            QTimer.singleShot(0, self, self.laid_out.emit)

    def draw_moving(self, painter: QPainter) -> None:
        if not self.alone:
            self._aside.draw_moving(painter, self.places()[0], self._look)
        super().draw_moving(painter)

    # The sign that sets a channel aside -------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not self.alone and self._aside.move(event.position(), *self.places()):
            self.update()
        super().mouseMoveEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        left = event.button() is Qt.MouseButton.LeftButton and not self.alone
        if not (left and self._aside.press(event.position(), *self.places())):
            super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        label = self._aside.release()
        if label:
            self.aside_clicked.emit(label, event.globalPosition().toPoint())
        super().mouseReleaseEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        if self._aside.leave():
            self.update()
        super().leaveEvent(event)

    def tip_at(self, at: QPointF) -> str:
        over = "" if self.alone else self._aside.over
        return self._aside.tips.get(over, "") or super().tip_at(at)

    # Rows -------------------------------------------------------------------------------------------------------------

    def _ink(self, row: Row) -> str:
        return self._look.recon_line if row.reconstructed else self._look.side(row.side)

    def _draw_ground(self, painter: QPainter, places: Sequence[Place], rows: Sequence[Row], height: float) -> None:
        """What was reconstructed lies on the ground of a reconstruction, from edge to edge."""
        for place, row in zip(places, rows, strict=True):
            if row.reconstructed:
                band = QRectF(0, place.y - height / 2, self.width(), height)
                painter.fillRect(QRectF(self.rect()) if self.alone else band, colour(self._look.recon_paper))

    def _draw_nothing(self, painter: QPainter, plot: QRectF) -> None:
        """Hatch gaps and what lies beyond the recording's end."""
        empty = [*self._gaps]
        if self._span.stop > self._recording.stop and self._recording.duration > 0:
            empty.append(Span(self._recording.stop, self._span.stop))
        for gap in empty:
            if gap.overlaps(self._span):
                inside = gap.clipped_to(self._span)
                left, right = (time_to_x(t, self._span, self.width()) for t in (inside.start, inside.stop))
                box = QRectF(left, plot.top(), max(right - left, 1.0), plot.height())
                painter.fillRect(box, colour(self._look.panel))
                hatch(painter, box, self._look)

    def _draw_volts(self, painter: QPainter, plot: QRectF, zero: float) -> None:
        """Lines of round voltages across the page, with their values in the gutter; negative up."""
        look, per_volt = self._look, self.pixels_per_volt(self._sensitivity)
        step = next((s for s in _VOLT_STEPS if s * per_volt >= _TICK_PIXELS), _VOLT_STEPS[-1])
        painter.setFont(ui_font(-0.5))
        high = QFontMetricsF(painter.font()).height()
        first, last = (int(np.ceil((y - zero) / per_volt / step)) for y in (plot.top() + high / 2, plot.bottom()))
        for k in range(first, last):
            y = round(zero + k * step * per_volt) + 0.5
            painter.setPen(hairline(look.grid_strong if k == 0 else look.grid))
            painter.drawLine(QLineF(plot.left(), y, plot.right(), y))
            value = f"{k * step / MICROVOLT:g}".replace("-", "−")
            painter.setPen(colour(look.muted))
            box = QRectF(0, y - high / 2, gutter() - 2 * UNIT, high)
            align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(box, align, f"{value} µV" if k in (first, 0) else value)

    def _draw_alone(self, painter: QPainter, plot: QRectF, row: Row) -> None:
        """Which row it is, and how to get back."""
        look = self._look
        font = ui_font(1.0, bold=True)
        font.setStrikeOut(row.bad and not row.interpolated)
        metrics, small = QFontMetricsF(font), QFontMetricsF(ui_font(-1.0))
        words = "alone · negative up · Z or Esc shows every row"
        words = f"interpolated · {words}" if row.interpolated else words
        words = f"reconstructed, not recorded · {words}" if row.reconstructed else words
        name = metrics.horizontalAdvance(row.label)
        wide = name + 2 * UNIT + small.horizontalAdvance(words)
        box = QRectF(plot.left() + 2 * UNIT, plot.top() + UNIT, wide + UNIT, metrics.height())
        painter.fillRect(box, translucent(look.paper, 0.85))
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setFont(font)
        painter.setPen(colour(look.muted if row.bad else self._ink(row)))
        painter.drawText(box, align, row.label)
        painter.setFont(ui_font(-1.0))
        painter.setPen(colour(look.muted))
        painter.drawText(box.adjusted(name + 2 * UNIT, 0, 0, 0), align, words)

    def _draw_traces(
        self, painter: QPainter, places: Sequence[Place], rows: Sequence[Row], traces: Sequence[Trace]
    ) -> None:
        look, plot, scale = self._look, self.plot(), pixels_per_mm(self)
        painter.save()
        painter.setClipRect(QRectF(gutter(), 0, plot.width(), self.height()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        per_second = plot.width() / max(self._span.duration, 1e-9)
        for place, trace, row in zip(places, traces, rows, strict=True):
            pen = hairline(look.rejected if row.bad else self._ink(row))
            painter.setPen(hairline(look.side(row.side), _PALE) if row.interpolated else pen)
            own = None if self.alone else self.own_scale(row, trace)
            per_unit = scale / (own or self._sensitivity)
            # Negative up: y of the screen runs downwards, and so do positive voltages.
            y = np.clip(place.y + trace.y.astype(np.float64) * per_unit, -1e4, 1e5)
            for line in polylines(self._x0(trace), trace.step * per_second, y):
                painter.drawPolyline(line)
        painter.restore()

    def _x0(self, trace: Trace) -> float:
        return time_to_x(trace.start, self._span, self.width())

    @property
    def in_page_scale(self) -> bool:
        """Whether any row is drawn in the page's sensitivity; so it is of a page of which nothing is known yet."""
        return self._data is None or self.alone or self._any_in_page_scale(self._rows, self._data.traces)

    def _any_in_page_scale(self, rows: Sequence[Row], traces: Sequence[Trace]) -> bool:
        scales = [self.own_scale(row, trace) for row, trace in zip(rows, traces, strict=False)]
        return not scales or None in scales

    def _scale(self, rows: Sequence[Row], traces: Sequence[Trace]) -> tuple[float | None, str]:
        """Pixels of a volt, and their words, of the bar beside the page.

        Where every row has a scale of its own they are those of the first kind that has a sensitivity, or none.
        """
        if self.alone or self._any_in_page_scale(rows, traces):
            return self.pixels_per_volt(self._sensitivity), sensitivity_words(self._sensitivity)
        for row, trace in zip(rows, traces, strict=True):
            own, view = self.own_scale(row, trace), view_of(self._kinds, row.kind)
            if own is not None and view is not None and view.in_volts:
                return self.pixels_per_volt(own), scale_words(own)
        return None, ""

    def _draw_own_scales(
        self,
        painter: QPainter,
        places: Sequence[Place],
        height: float,
        rows: Sequence[Row],
        traces: Sequence[Trace],
        below: float,
    ) -> None:
        """What a row of another kind is drawn in, beside it and ``below`` the page's scale; which are interpolated."""
        painter.setFont(ui_font(-2.0))
        painter.setPen(colour(self._look.muted))
        metrics = QFontMetricsF(painter.font())
        line, wide = metrics.height(), right_margin() - 1.5 * UNIT
        taken = below
        for place, trace, row in zip(places, traces, rows, strict=True):
            own = self.own_scale(row, trace)
            if own is None and not row.interpolated:
                continue
            text = "interp." if own is None else scale_words(own, trace.unit)
            parts = scale_lines(text, metrics, wide)
            parts = parts if len(parts) * line <= height else [text]
            high = len(parts) * line
            top = max(place.y - high / 2, below)
            if top < taken or top + high > place.y + max(height, high) / 2:
                continue
            for k, part in enumerate(parts):
                box = QRectF(self.width() - right_margin() + UNIT, top + k * line, wide, line)
                words = metrics.elidedText(part, Qt.TextElideMode.ElideRight, wide)
                painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
            taken = top + high

    def _draw_spikes(self, painter: QPainter, places: Sequence[Place], height: float) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(ui_font(-2.0))
        for spike, at, row in self.spikes_at(places, height):
            draw_spike(painter, at.x(), at.y(), self._look, spike.decision)
            if not row:
                painter.setPen(colour(self._look.muted))
                painter.drawText(at + QPointF(1.5 * UNIT, 0), spike.label)
        painter.restore()

    def spikes_at(self, places: Sequence[Place], height: float) -> list[tuple[Spike, QPointF, str]]:
        """Spikes of the page, where each is drawn, and on which row.

        What was proposed is of a row. What a reader decided on is of its electrodes, whatever the montage is now, and
        stands at the foot of the page, with its name, where none of them is shown.
        """
        found, labels = [], [place.label for place in places]
        own = {label: (k,) for k, label in enumerate(labels)}
        foot = self.plot().bottom() - 6 * UNIT
        for spike in self._spikes:
            if not self._span.start <= spike.time < self._span.stop:
                continue
            x = time_to_x(spike.time, self._span, self.width())
            rows = [places[k] for k in (rows_of(spike.label, labels) if spike.decision else own.get(spike.label, ()))]
            for place in rows:
                y = self.plot().top() + 10 * UNIT if self.alone else place.y - min(height * 0.35, 8.0)
                found.append((spike, QPointF(x, y), place.label))
            if spike.decision and not rows and not self.alone:
                found.append((spike, QPointF(x, foot), ""))
        return found

    def _draw_message(self, painter: QPainter, plot: QRectF) -> None:
        painter.setFont(ui_font())
        painter.setPen(colour(self._look.warning))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(plot.adjusted(48, 0, -48, 0), int(flags), self._message)
