"""Events that readers marked, on a sheet of traces: where each stands, and the edge of one that is under the hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from neuroflow.anatomy.electrodes import EARS, SITES
from neuroflow.recording import Span
from neuroflow.review import Mark
from neuroflow.review.document import Edge, with_edge
from neuroflow_review.paper import Place, translucent
from neuroflow_review.theme import RECONSTRUCTED, UNIT, colour, hairline, ui_font

REACH: Final = 5.0
"""Pixels from an edge within which it is taken hold of."""

_DRAG_PIXELS: Final = 3.0
_LONGEST_NAME: Final = 240.0
_LOWEST_ROW: Final = 12.0
_FOOT: Final = 5.0 * UNIT
_CHAINED_TO_CZ: Final = ("Fz", "C3")  # before it in a chain, down the midline or across


@dataclass(frozen=True, slots=True)
class Ground:
    """What a sheet shows where: its page, its width, the area of traces, rows and their height, in pixels."""

    span: Span
    width: float
    plot: QRectF
    places: tuple[Place, ...]
    row_height: float

    def x(self, time: float) -> float:
        """Pixels of a time: as the theme's ``time_to_x``, which asks the application for its margins every time."""
        return self.plot.left() + (time - self.span.start) / max(self.span.duration, 1e-9) * self.plot.width()

    def shows(self, mark: Mark) -> bool:
        """Whether any of a mark lies on the page."""
        return mark.start <= self.span.stop and mark.start + mark.duration >= self.span.start


@dataclass(frozen=True, slots=True)
class Dragged:
    """An edge of a mark that the reader let go of at a time, in seconds."""

    mark: str
    edge: Edge
    time: float


class MarkLayer:
    """A line where an event begins, one where it ends, and a wash between; over one row where it is of one channel.

    The edges of an event can be dragged where ``editable``. A mark without duration has one edge, which becomes its
    end or its start, whichever way it is dragged.
    """

    def __init__(self) -> None:
        self.marks: tuple[Mark, ...] = ()
        self.editable = False
        self.within = 0.0
        """Seconds of the recording: no edge leaves it."""
        self._grip: tuple[Mark, float, float] | None = None  # the mark, its edge's time, where the pointer went down
        self._moving: Dragged | None = None
        self._held: Mark | None = None

    def set_marks(self, marks: tuple[Mark, ...]) -> None:
        """Other marks; one that is being dragged goes back to where it is now. One let go of waits for its picture."""
        self.marks = marks
        if self.gripped:
            self.let_go()

    @property
    def gripped(self) -> bool:
        """Whether an edge is under the hand."""
        return self._grip is not None

    @property
    def held(self) -> Mark | None:
        """The mark as it would be if it were let go of now."""
        return self._held

    # The pointer ------------------------------------------------------------------------------------------------------

    def edge_at(self, at: QPointF, ground: Ground) -> tuple[Mark, float] | None:
        """The event whose edge is nearest to a point within reach, and the time of that edge."""
        if not self.editable or not ground.plot.contains(at):
            return None
        found: tuple[float, Mark, float] | None = None
        for mark in self.marks:
            if mark.decision or not ground.shows(mark):
                continue
            for time in dict.fromkeys((mark.start, mark.stop)):
                away = abs(ground.x(time) - at.x())
                inside = ground.span.start <= time <= ground.span.stop
                if inside and away <= REACH and (found is None or away < found[0]) and _covers(mark, at.y(), ground):
                    found = away, mark, time
        return found[1:] if found is not None else None

    def take(self, at: QPointF, ground: Ground) -> bool:
        """Take hold of the edge at a point; false where there is none."""
        edge = self.edge_at(at, ground)
        if edge is not None:
            self._grip, self._moving, self._held = (*edge, at.x()), None, None
        return edge is not None

    def drag(self, x: float, time: float) -> bool:
        """Move the edge that is held to a time; returns whether it left its place just now."""
        if self._grip is None:
            return False
        mark, edge_time, pressed = self._grip
        if self._moving is None and abs(x - pressed) < _DRAG_PIXELS:
            return False
        first = self._moving is None
        ends = edge_time == mark.stop if mark.duration else time >= mark.start
        edge: Edge = "end" if ends else "start"
        self._moving = Dragged(mark.id, edge, time)
        start, stop = with_edge(mark, edge, time, self.within)
        self._held = _at(mark, start, stop)
        return first

    def release(self) -> Dragged | None:
        """Let the edge go where it is; None where it was not moved. It stays drawn there until the next picture."""
        moved, self._grip, self._moving = self._moving, None, None
        return moved

    def let_go(self) -> bool:
        """Put the edge back where it was; false where none was held."""
        held, self._grip, self._moving, self._held = self.gripped, None, None, None
        return held

    # Drawing ----------------------------------------------------------------------------------------------------------

    def draw(self, painter: QPainter, ground: Ground, value: str) -> None:
        """All but the mark that is dragged, in one colour, under the traces."""
        if self._grip is None:
            self._held = None  # what was let go of is in this picture, where it was accepted
        painter.save()
        painter.setClipRect(ground.plot)
        for mark in self.marks:
            if ground.shows(mark) and (self._held is None or mark.id != self._held.id):
                _draw(painter, mark, ground, value)
        painter.restore()

    def draw_names(self, painter: QPainter, ground: Ground, value: str, paper: str) -> None:
        """What the events of the page are called, along its lower edge; of two that would overlap, the first."""
        painter.save()
        painter.setClipRect(ground.plot)
        painter.setFont(ui_font(-1.5))
        metrics, taken = QFontMetricsF(painter.font()), -1e9
        for mark in self.marks:
            if not ground.shows(mark):
                continue
            x = max(ground.x(mark.start), ground.plot.left()) + UNIT
            if x < taken or mark.start >= ground.span.stop:
                continue
            words = metrics.elidedText(name_of(mark), Qt.TextElideMode.ElideRight, _LONGEST_NAME)
            box = QRectF(x, ground.plot.bottom() - metrics.height(), metrics.horizontalAdvance(words), metrics.height())
            taken = box.right() + 2 * UNIT
            painter.fillRect(box, translucent(paper, 0.85))
            painter.setPen(colour(value))
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        painter.restore()

    def draw_moving(self, painter: QPainter, ground: Ground, value: str, paper: str) -> None:
        """The mark that is dragged, and how long it is."""
        mark = self._held
        if mark is None:
            return
        painter.save()
        painter.setClipRect(ground.plot)
        _draw(painter, mark, ground, value)
        if self._moving is not None:
            painter.setFont(ui_font(-1.0))
            metrics, words = QFontMetricsF(painter.font()), f"{mark.duration:.2f} s"
            wide, top = metrics.horizontalAdvance(words), bands(mark, ground)[0].top()
            right = ground.x(mark.stop) + UNIT
            left = ground.x(mark.start) - UNIT - wide
            x = right if self._moving.edge == "end" else left
            x = min(max(x, ground.plot.left()), ground.plot.right() - wide)
            box = QRectF(x, max(top, ground.plot.top()), wide, metrics.height())
            painter.fillRect(box, translucent(paper, 0.85))
            painter.setPen(colour(value))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
        painter.restore()


def name_of(mark: Mark) -> str:
    """What an event is called, and on which channel."""
    if not mark.channel:
        return mark.text
    return f"{mark.text} · {label_of(mark)}"


def rows_of(label: str, labels: Sequence[str]) -> tuple[int, ...]:
    """Indices of the rows that what was marked on a row or an electrode stands on: that row, or all of its electrodes.

    None where the montage has no such row.
    """
    own = tuple(k for k, row in enumerate(labels) if row == label)
    if own:
        return own
    # C3–Cz is of the transverse chains and of the reference Cz: rows tell which by how many end in it. Of what was
    # marked no rows are known, and what stands on C3 is never drawn on rows of Cz alone.
    chained = _CHAINED_TO_CZ if sum(row.endswith("–Cz") for row in labels) <= len(_CHAINED_TO_CZ) else ()
    named = electrodes_of(label, _CHAINED_TO_CZ[:1])
    return tuple(k for k, row in enumerate(labels) if named & electrodes_of(row, chained))


def electrodes_of(label: str, chained: Sequence[str] = _CHAINED_TO_CZ) -> frozenset[str]:
    """Electrodes that the label of a row tells apart: both of two neighbours, without what is a common reference.

    Cz is a neighbour of those that are ``chained`` to it and else a reference.
    """
    first, _, second = label.partition("–")
    common = second not in SITES or second in EARS or (second == "Cz" and first not in chained)
    return frozenset({first} if common else {first, second})


def bands(mark: Mark, ground: Ground) -> list[QRectF]:
    """Where an event is drawn: over all rows, over its channel's, or at the foot where its channel is not shown."""
    left, right = ground.x(mark.start), ground.x(mark.stop)
    plot = ground.plot
    if not mark.channel:
        return [QRectF(left, plot.top(), right - left, plot.height())]
    high = max(ground.row_height, _LOWEST_ROW)
    rows = [ground.places[k] for k in rows_of(label_of(mark), tuple(place.label for place in ground.places))]
    if not rows:
        return [QRectF(left, plot.bottom() - _FOOT, right - left, _FOOT)]
    return [QRectF(left, place.y - high / 2, right - left, high) for place in rows]


def label_of(mark: Mark) -> str:
    """The label of the row that a mark stands on."""
    return f"{RECONSTRUCTED if mark.reconstructed else ''}{mark.channel}"


def _covers(mark: Mark, y: float, ground: Ground) -> bool:
    return any(band.top() <= y <= band.bottom() for band in bands(mark, ground))


def _draw(painter: QPainter, mark: Mark, ground: Ground, value: str) -> None:
    painter.setPen(hairline(value))
    for band in bands(mark, ground):
        painter.fillRect(band, colour(value, 0.14 if mark.channel else 0.07))
        for x in dict.fromkeys((band.left(), band.right())):
            painter.drawLine(QLineF(x, band.top(), x, band.bottom()))


def _at(mark: Mark, start: float, stop: float) -> Mark:
    return Mark(
        mark.id, start, mark.text, stop - start, mark.channel, mark.reconstructed, mark.decision, mark.by, mark.at,
        mark.criteria,
    )  # fmt: skip
