"""A panel of rows over time: geometry, pointer, cursor, selection and marks, shared by scalp and reconstruction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QLineF, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetricsF,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from neuroflow.recording import Span
from neuroflow.review import Mark
from neuroflow_review.canvas import Canvas
from neuroflow_review.marklayer import Ground, MarkLayer
from neuroflow_review.paper import Place, lay_out, pixels_per_mm, translucent
from neuroflow_review.theme import (
    LIGHT,
    UNIT,
    Theme,
    colour,
    gutter,
    hairline,
    right_margin,
    time_to_x,
    ui_font,
    x_to_time,
)

_DRAG_PIXELS = 4
_CLICK_PIXELS = 24
_NOTCH = 120


class Sheet(Canvas):
    """Rows over one page."""

    cursor_moved = Signal(float)
    cursor_left = Signal()
    turned = Signal(float)
    """By how many pages the wheel turns."""
    sensitivity_stepped = Signal(int)
    selected = Signal(object)
    """A Span that was dragged out, or None where the selection was taken back."""
    edge_dragged = Signal(str, str, float)
    """Identifier of a mark, which of its edges (start, end), and the time (s) that it was dragged to."""
    row_clicked = Signal(str)
    row_menu = Signal(str, QPoint)
    columns_changed = Signal(int)
    """Device pixels of the time axis."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = LIGHT
        self._span = Span(0.0, 10.0)
        self._selection: Span | None = None
        self._ruler = ""
        self._cursor: float | None = None
        self._drag: float | None = None
        self._dragged: Span | None = None
        self._layer = MarkLayer()
        self._wheel = 0.0
        self._columns = 0
        self._labels: tuple[str, ...] = ()
        self._groups: tuple[int, ...] = ()
        self._tips: dict[str, str] = {}
        self.labels_shown = 0
        self.setMouseTracking(True)
        self.setMinimumSize(gutter() + right_margin() + 200, 120)

    # What is shown ----------------------------------------------------------------------------------------------------

    def set_theme(self, look: Theme) -> None:
        self._look = look
        self.redraw()

    def set_cursor(self, time: float | None) -> None:
        """The cursor that all panels share."""
        if time != self._cursor:
            self._cursor = time
            self.update()

    def set_selection(self, selection: Span | None) -> None:
        if selection != self._selection:
            self._selection = selection
            self.update()

    def set_ruler(self, words: str) -> None:
        """What is measured between the ends of the selection, to be written at its edge; empty for nothing."""
        if words != self._ruler:
            self._ruler = words
            self.update()

    def set_marks(self, marks: Sequence[Mark]) -> None:
        """Events that readers marked; those of other pages are not drawn."""
        if tuple(marks) != self._layer.marks:
            self._layer.set_marks(tuple(marks))
            self.redraw()

    def set_editable(self, editable: bool, within: float) -> None:
        """Whether the edges of marks can be dragged, and how long (s) the recording is that they stay in."""
        self._layer.editable, self._layer.within = editable, within
        if not editable:
            self.let_go()

    def mark_colours(self) -> tuple[str, str]:
        """Of events that readers marked, and of the paper behind their names."""
        return self._look.accent, self._look.paper

    def set_row_tips(self, tips: Mapping[str, str]) -> None:
        """What is said of a row, by its label, when the pointer rests on the label."""
        self._tips = dict(tips)

    def set_span(self, span: Span) -> None:
        """Another page: lines of the old one are not drawn over the new one's seconds."""
        if span != self._span:
            self._span = span
            self._layer.let_go()
            self.redraw()

    @property
    def span(self) -> Span:
        return self._span

    @property
    def columns(self) -> int:
        """Device pixels of the time axis."""
        return max(round((self.width() - gutter() - right_margin()) * self.devicePixelRatioF()), 1)

    # Geometry ---------------------------------------------------------------------------------------------------------

    def header_height(self) -> float:
        return float(round(QFontMetricsF(ui_font()).height()) + UNIT)

    def plot(self) -> QRectF:
        """Where traces are drawn."""
        top = self.header_height()
        wide, high = max(self.width() - gutter() - right_margin(), 1), max(self.height() - top, 1)
        return QRectF(gutter(), top, wide, high)

    def places(self) -> tuple[tuple[Place, ...], float]:
        """Rows and their height in pixels."""
        plot = self.plot()
        return lay_out(self._labels, self._groups, plot.top() + UNIT, plot.bottom() - UNIT)

    def ground(self) -> Ground:
        """Where marks stand."""
        places, height = self.places()
        return Ground(self._span, self.width(), self.plot(), places, height)

    def pixels_per_volt(self, sensitivity: float) -> float:
        """At a sensitivity in volts per millimetre."""
        return pixels_per_mm(self) / sensitivity

    def row_at(self, point: QPointF) -> str:
        """The label of the row nearest to a point, or empty."""
        places, height = self.places()
        if not places:
            return ""
        nearest = min(places, key=lambda p: abs(p.y - point.y()))
        return nearest.label if abs(nearest.y - point.y()) <= max(height, _CLICK_PIXELS) else ""

    # Drawing ----------------------------------------------------------------------------------------------------------

    def draw_moving(self, painter: QPainter) -> None:
        plot = self.plot()
        selection = self._dragged or self._selection
        if selection is not None and selection.overlaps(self._span):
            inside = selection.clipped_to(self._span)
            left, right = (time_to_x(t, self._span, self.width()) for t in (inside.start, inside.stop))
            painter.fillRect(QRectF(left, 0, right - left, self.height()), translucent(self._look.accent, 0.10))
            painter.setPen(hairline(self._look.accent, 0.6))
            for time, x in ((selection.start, left), (selection.stop, right)):
                if self._span.start <= time <= self._span.stop:
                    painter.drawLine(QLineF(x, 0, x, self.height()))
            if self._ruler and self._dragged is None:
                self._draw_ruler(painter, left, right)
        self._layer.draw_moving(painter, self.ground(), *self.mark_colours())
        if self._cursor is not None and self._span.start <= self._cursor < self._span.stop:
            x = time_to_x(self._cursor, self._span, self.width())
            painter.setPen(hairline(self._look.cursor, 0.9))
            painter.drawLine(QLineF(x, plot.top(), x, plot.bottom()))

    def _draw_ruler(self, painter: QPainter, left: float, right: float) -> None:
        """Right of the selection, left of it where there is no room, or in it."""
        plot, look = self.plot(), self._look
        painter.setFont(ui_font(-0.5))
        box = QFontMetricsF(painter.font()).boundingRect(QRectF(0, 0, 1e4, 1e4), 0, self._ruler)
        box = box.adjusted(0, 0, 3 * UNIT, 2 * UNIT)
        x = right + UNIT if right + UNIT + box.width() <= plot.right() else left - UNIT - box.width()
        box.moveTo(max(x, plot.left()), plot.top() + 2 * UNIT)
        painter.fillRect(box, translucent(look.paper, 0.9))
        painter.setPen(hairline(look.accent, 0.6))
        painter.drawRect(box)
        painter.setPen(colour(look.ink))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), self._ruler)

    # The pointer ------------------------------------------------------------------------------------------------------

    def _time(self, x: float) -> float:
        return min(max(x_to_time(x, self._span, self.width()), self._span.start), self._span.stop)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        selecting = event.button() is Qt.MouseButton.MiddleButton or (
            event.button() is Qt.MouseButton.LeftButton and (shift or event.position().y() < self.header_height())
        )
        if selecting and gutter() <= x <= self.width() - right_margin():
            self._drag = x
        elif event.button() is Qt.MouseButton.LeftButton and not self._layer.take(event.position(), self.ground()):
            self._click(event.position())

    def _click(self, at: QPointF) -> None:
        label = self.row_at(at)
        if label:
            self.row_clicked.emit(label)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if self._drag is not None and abs(x - self._drag) >= _DRAG_PIXELS:
            a, b = sorted((self._time(self._drag), self._time(x)))
            self._dragged = Span(a, b)
            self.update()
        elif self._layer.gripped:
            if self._layer.drag(x, self._time(x)):
                self.redraw()  # once: the picture without the mark that moves
            self.update()
        elif not event.buttons():
            self._show_edge(self._layer.edge_at(event.position(), self.ground()) is not None)
        if gutter() <= x <= self.width() - right_margin():
            self.cursor_moved.emit(self._time(x))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._layer.gripped:
            moved = self._layer.release()
            if moved is None:
                self._click(event.position())
            else:
                self.edge_dragged.emit(moved.mark, moved.edge, moved.time)
                self.redraw()
        if self._drag is None:
            return
        self._drag = None
        dragged, self._dragged = self._dragged, None
        self.selected.emit(dragged)
        self.update()

    def let_go(self) -> bool:
        """Take back what is being dragged, a mark's edge or a selection; false where nothing is."""
        dragged = self._layer.let_go() or self._drag is not None
        self._drag = self._dragged = None
        if dragged:
            self._show_edge(False)
            self.redraw()
            self.update()
        return dragged

    def _show_edge(self, there: bool) -> None:
        """The pointer's shape says that an edge can be dragged."""
        shape = Qt.CursorShape.SizeHorCursor if there else Qt.CursorShape.ArrowCursor
        if self.cursor().shape() is not shape:
            self.setCursor(shape)

    def leaveEvent(self, _event: QEvent) -> None:
        self._show_edge(False)
        self.cursor_left.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta().y() or -event.angleDelta().x()
        event.accept()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            # A touchpad sends many small steps: whole notches only, or one gesture runs through the ladder.
            self._wheel += delta
            while abs(self._wheel) >= _NOTCH:
                step = 1 if self._wheel > 0 else -1
                self._wheel -= step * _NOTCH
                self.sensitivity_stepped.emit(step)
            return
        whole = 1.0 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0.1
        if delta:
            self.turned.emit(-delta / _NOTCH * whole)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        label = self.row_at(QPointF(event.pos()))
        if label:
            self.row_menu.emit(label, event.globalPos())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._tell_columns()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.DevicePixelRatioChange, QEvent.Type.ApplicationFontChange):
            self._tell_columns()  # the gutter grows with the type

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            tip = self.tip_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), tip, self)
            return True
        return super().event(event)

    def tip_at(self, at: QPointF) -> str:
        """What is said where the pointer rests."""
        return self._tips.get(self.row_at(at), "") if at.x() < gutter() else ""

    def _tell_columns(self) -> None:
        if self.columns != self._columns:
            self._columns = self.columns
            self.columns_changed.emit(self._columns)
