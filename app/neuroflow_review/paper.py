"""EEG paper: what every sheet of traces has: rows and gutter, seconds and clock, scale bars, lines in pixels.

Sheets are drawn with QPainter, not as items of a scene: a page is repainted whole when it turns, in about 20 ms for 21
traces, every line lands on device pixels, and grid, labels and bars share one geometry with the other time panels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QPainter, QPolygonF, QScreen
from PySide6.QtWidgets import QWidget
from shiboken6 import VoidPtr

from neuroflow.recording import Span
from neuroflow.units import MICROVOLT
from neuroflow_review.theme import UNIT, Theme, colour, gutter, hairline, right_margin, thick, time_to_x, ui_font
from neuroflow_review.wording import clock, day, day_clock

_GROUP_GAP: Final = 0.7
"""Space between chains or shafts, in rows."""

_VOLT_BARS = tuple(v * MICROVOLT for v in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000))
_SECOND_BARS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0)
_CLOCK_STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
_MM_PER_INCH = 25.4


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands: its label, its baseline in pixels, and the group that it belongs to."""

    label: str
    y: float
    group: int


_CALIBRATED, _ON_PAPER = "calibrated screens", "pixels per mm of paper"
SCREENS: Final = (2.0, 16.0)
"""Pixels to a millimetre that a screen may have: 50 to 400 dots an inch."""

PAPER_RATIO: Final = 4.0
"""Points that are drawn on paper to a pixel of a screen."""


def set_calibrated(screens: Mapping[str, float]) -> None:
    """Pixels to a millimetre, by :func:`screen_key`, of the screens to which a card was held; for all windows."""
    application = QGuiApplication.instance()
    if application is not None:
        application.setProperty(_CALIBRATED, dict(screens))


def screen_key(screen: QScreen) -> str:
    """What a calibration holds for: this monitor, at this connector, resolution and scale of the desktop."""
    size = screen.geometry().size()
    maker, model, serial = screen.manufacturer(), screen.model(), screen.serialNumber()
    drawn = f"{size.width()} x {size.height()} at {screen.devicePixelRatio():g}"
    return " | ".join(" ".join(part.split()) for part in (maker, model, serial, screen.name(), drawn))


def is_calibrated(widget: QWidget) -> bool:
    """Whether the reader has held a card to the screen that a widget is on."""
    return _measured(widget) is not None


def _measured(widget: QWidget) -> float | None:
    application = QGuiApplication.instance()
    known = application.property(_CALIBRATED) if application is not None else None
    return known.get(screen_key(widget.screen())) if isinstance(known, dict) and known else None


def pixels_per_mm(widget: QWidget) -> float:
    """Device-independent pixels to a millimetre of a widget's screen: as measured, or as the system says.

    Of what is drawn on paper: as :func:`put_on_paper` said.
    """
    if on_paper(widget):
        return float(widget.property(_ON_PAPER))
    measured = _measured(widget)
    if measured is not None:
        return measured
    screen = widget.screen()
    dots = screen.physicalDotsPerInch()
    # Projectors, remote desktops and some drivers report nonsense, and what is drawn off screen has no size at all.
    if not 50.0 <= dots <= 400.0 or QGuiApplication.platformName() in ("offscreen", "minimal", "vnc"):
        dots = screen.logicalDotsPerInch()
    return float(dots) / _MM_PER_INCH


def put_on_paper(widget: QWidget, per_mm: float) -> None:
    """Have a panel that is never shown draw for paper, where a millimetre is so many of its pixels."""
    widget.setProperty(_ON_PAPER, per_mm)


def on_paper(widget: QWidget) -> bool:
    """Whether a panel draws for paper: lines and areas, no pictures."""
    return widget.property(_ON_PAPER) is not None


def picture_ratio(widget: QWidget) -> float:
    """Columns of what is computed to a pixel of the widget; a printer tells more apart than a screen."""
    return PAPER_RATIO if on_paper(widget) else float(widget.devicePixelRatioF())


def lay_out(labels: Sequence[str], groups: Sequence[int], top: float, bottom: float) -> tuple[tuple[Place, ...], float]:
    """Places of rows between ``top`` and ``bottom``, evenly, with a gap between groups; and the pixels of one row."""
    units: list[float] = []
    at = 0.5
    for k, group in enumerate(groups):
        if k and group != groups[k - 1]:
            at += _GROUP_GAP
        units.append(at)
        at += 1.0
    height = max(bottom - top, 1.0) / max(at - 0.5, 1.0)
    made = zip(labels, units, groups, strict=True)
    return tuple(Place(label, top + unit * height, group) for label, unit, group in made), height


def shown_labels(places: Sequence[Place], metrics: QFontMetricsF) -> frozenset[int]:
    """Indices of the rows whose label is written, so that none overlaps another: all, or every nth of each group."""
    if len(places) < 2:
        return frozenset(range(len(places)))
    spacing = min(b.y - a.y for a, b in pairwise(places))
    every = max(int(np.ceil(metrics.height() * 0.92 / max(spacing, 0.1))), 1)
    kept, last, k = set(), -1e9, 0
    for i, place in enumerate(places):
        k = 0 if i == 0 or place.group != places[i - 1].group else k + 1
        if k % every == 0 and place.y - last >= metrics.height() * 0.9:
            kept.add(i)
            last = place.y
    return frozenset(kept)


def draw_grid(painter: QPainter, plot: QRectF, span: Span, width: float, light: str, strong: str) -> None:
    """A line a second, heavier every five; of longer pages every five, or every minute."""
    per_second = plot.width() / max(span.duration, 1e-9)
    step = next((s for s in (1, 5, 60, 600, 3600) if s * per_second >= 6.0), 3600)
    heavy = 5 * step if step in (1, 60) else 60 if step == 5 else 3600
    lights: list[QLineF] = []
    strongs: list[QLineF] = []
    for k in range(int(np.ceil(span.start / step)), int(np.floor(span.stop / step)) + 1):
        x = round(time_to_x(k * step, span, width)) + 0.5
        (strongs if k * step % heavy == 0 else lights).append(QLineF(x, plot.top(), x, plot.bottom()))
    for lines, value in ((lights, light), (strongs, strong)):
        painter.setPen(hairline(value))
        painter.drawLines(lines)


def draw_clock(painter: QPainter, row: QRectF, span: Span, width: float, start: datetime | None, look: Theme) -> None:
    """Clock times (elapsed times where the recording has no start) above the lines of whole seconds."""
    painter.setFont(ui_font(-1.0))
    metrics = QFontMetricsF(painter.font())
    per_second = (width - gutter() - right_margin()) / max(span.duration, 1e-9)
    wide = metrics.horizontalAdvance("00:00:00")
    step = next((s for s in _CLOCK_STEPS if s * per_second >= wide + 12 * UNIT), _CLOCK_STEPS[-1])
    painter.setPen(colour(look.muted))
    for time, text in clock_ticks(span, step, start):
        x = time_to_x(time, span, width)
        if x > width - right_margin() + 1:
            continue
        painter.drawText(QRectF(x - wide, row.top(), 2 * wide, row.height()), Qt.AlignmentFlag.AlignCenter, text)


def clock_ticks(span: Span, step: int, start: datetime | None) -> list[tuple[float, str]]:
    """Times every ``step`` seconds and what is written there: the first of a day that is not the first says which."""
    ticks: list[tuple[float, str]] = []
    before = 1
    for k in range(int(np.ceil(span.start / step - 1e-9)), int(np.floor(span.stop / step + 1e-9)) + 1):
        today = day(k * step, start) if start is not None else 1
        ticks.append((k * step, clock(k * step, start) if today == before else day_clock(k * step, start)))
        before = today
    return ticks


def draw_labels(
    painter: QPainter,
    places: Sequence[Place],
    colours: Sequence[str],
    look: Theme,
    *,
    selected: int = -1,
    struck: frozenset[int] = frozenset(),
    bracketed: frozenset[int] = frozenset(),
    room: float = 0.0,
) -> int:
    """Labels right-aligned in the gutter, those of what was not recorded in brackets; returns how many were written.

    So many pixels of ``room`` are left free at the edge of those that are ``struck`` out or ``bracketed``.
    """
    font = ui_font()
    metrics = QFontMetricsF(font)
    shown = shown_labels(places, metrics)
    if selected >= 0:
        # The selected label is always there: it takes the place of a neighbour that it would overlap.
        near = {i for i in shown if i != selected and abs(places[i].y - places[selected].y) < metrics.height() * 0.9}
        shown = (shown - near) | {selected}
    align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    for i in shown:
        place = places[i]
        left = max(room, UNIT) if i in struck or i in bracketed else UNIT
        box = QRectF(left, place.y - metrics.height(), gutter() - 2 * UNIT - left, 2 * metrics.height())
        chosen = ui_font(bold=i == selected)
        chosen.setStrikeOut(i in struck)
        chosen.setItalic(i in bracketed)
        painter.setFont(chosen)
        painter.setPen(colour(look.muted if i in struck or i in bracketed else colours[i]))
        words = f"({place.label})" if i in bracketed else place.label
        text = QFontMetricsF(chosen).elidedText(words, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, align, text)
        if i == selected:
            mark = QRectF(0, place.y - metrics.height() / 2, 3, metrics.height())
            painter.fillRect(mark, colour(colours[i]))
    return len(shown)


def bar_volts(per_volt: float, longest: float) -> float:
    """The voltage of a scale bar: the largest of 1, 2, 5 … that is no longer than so many pixels."""
    return next((v for v in reversed(_VOLT_BARS) if v * per_volt <= longest), _VOLT_BARS[0])


def bar_words(volts: float) -> str:
    """What is written beside a scale bar."""
    return f"{volts / MICROVOLT:,.0f} µV" if volts < 1e-3 else f"{volts * 1e3:g} mV"


def draw_scale(painter: QPainter, plot: QRectF, span: Span, per_volt: float | None, ink: str, words: str) -> float:
    """Bars of a voltage and of a time in the margin right of the traces, and the sensitivity in words below.

    That of the voltage is left out where ``per_volt`` is None. Returns where they end.
    """
    painter.setFont(ui_font(-1.5))
    metrics = QFontMetricsF(painter.font())
    left = plot.right() + 1.5 * UNIT
    line = metrics.height()
    per_second = plot.width() / max(span.duration, 1e-9)
    seconds = next((s for s in reversed(_SECOND_BARS) if s * per_second <= 40.0), _SECOND_BARS[0])
    top = plot.top() + UNIT
    volts = bar_volts(per_volt, 44.0) if per_volt is not None else 0.0
    bottom = top + volts * (per_volt or 0.0)
    x, y = round(left) + 0.5, round(bottom) + 0.5
    painter.setPen(hairline(ink))
    painter.drawPolyline(
        QPolygonF([QPointF(x, round(top) + 0.5), QPointF(x, y), QPointF(x + round(seconds * per_second), y)])
    )
    painter.setPen(colour(ink))
    if per_volt is not None:
        painter.drawText(QPointF(left + UNIT, (top + bottom) / 2 + metrics.ascent() / 2 - 1), bar_words(volts))
    painter.drawText(QPointF(left, y + line), f"{seconds:g} s")
    parts = scale_lines(words, metrics, right_margin() - 2 * UNIT) if words else []
    for k, part in enumerate(parts):
        painter.drawText(QPointF(left, y + (2 + k) * line), part)
    return y + (1 + len(parts)) * line + metrics.descent()


def scale_lines(words: str, metrics: QFontMetricsF, width: float) -> list[str]:
    """``7 µV/mm`` in one line where it fits, or in two."""
    fits = metrics.horizontalAdvance(words) <= width
    return [words] if fits else words.replace("/mm", " per mm").replace(" per mm", "\nper mm").split("\n")


def polygon(x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]]) -> QPolygonF:
    """The points ``(x[k], y[k])``, written into Qt's memory: each made in Python takes longer than it takes to draw."""
    made = QPolygonF()
    made.resize(x.size)
    if x.size:
        memory: Any = VoidPtr(made.data(), 16 * x.size, True)  # type: ignore[call-arg, arg-type]  # the stub says less
        points = np.frombuffer(memory, np.float64)
        points[0::2], points[1::2] = x, y
    return made


def polylines(x0: float, dx: float, y: NDArray[np.floating[Any]]) -> list[QPolygonF]:
    """Connected lines through ``(x0 + k * dx, y[k])``, broken where ``y`` is NaN."""
    x = x0 + dx * np.arange(y.size)
    present = np.isfinite(y)
    if present.all():
        return [polygon(x, y)] if y.size else []
    edges = np.flatnonzero(np.diff(present.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    return [polygon(x[a:b], y[a:b]) for a, b in edges]


def take_decision(painter: QPainter, look: Theme, decision: str, edge: str = "") -> None:
    """Pen and brush of a spike's mark by what a reader decided: filled, within an ``edge``; hollow where left open."""
    if decision == "unsure":
        painter.setPen(thick(look.decided(decision)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
    else:
        painter.setPen(hairline(edge) if edge else Qt.PenStyle.NoPen)
        painter.setBrush(colour(look.decided(decision)))


def draw_spike(painter: QPainter, x: float, y: float, look: Theme, decision: str) -> None:
    """The mark of a spike, proposed or decided on: a small triangle that points down at it."""
    take_decision(painter, look, decision)
    half, high = (5.0, 8.0) if decision == "unsure" else (4.0, 6.0)  # so that it can be seen to be hollow
    painter.drawPolygon(QPolygonF([QPointF(x - half, y - high), QPointF(x + half, y - high), QPointF(x, y)]))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def draw_reconstructed_spike(painter: QPainter, x: float, y: float, look: Theme, decision: str) -> None:
    """The mark of a spike that was proposed in a reconstruction: a diamond, as in the list, never that of the scalp."""
    take_decision(painter, look, decision, look.recon_line)
    painter.drawPolygon(QPolygonF([QPointF(x, y - 8), QPointF(x + 4, y - 4), QPointF(x, y), QPointF(x - 4, y - 4)]))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def translucent(value: str, opacity: float) -> QColor:
    """A wash over what is drawn, for selections only: bands are opaque."""
    return colour(value, opacity)
