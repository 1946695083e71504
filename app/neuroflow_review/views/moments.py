"""The moments of a meeting in a line, in large type: which one is on screen, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from neuroflow_review.theme import LIGHT, UNIT, Theme, colour, hairline, type_scale, ui_font

_MOST_DOTS = 24
"""More would be no short list: then the numbers alone say where one is."""


@dataclass(frozen=True, slots=True)
class MomentRow:
    """A moment: its identifier, when it is in words, and what it is called; whether it stands on the reconstruction."""

    id: str
    when: str
    title: str
    reconstructed: bool = False


class MomentStrip(QWidget):
    """``asked`` carries the identifier of the moment whose dot was clicked."""

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = LIGHT
        self._rows: tuple[MomentRow, ...] = ()
        self._current, self._left = "", False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Moments of the meeting")
        self.setToolTip("PgDown and PgUp, or N and Shift+N, go from one moment to the next")

    def set_moments(self, rows: Sequence[MomentRow], current: str, *, left: bool = False) -> None:
        """``left``: the one that was on screen is no moment any more."""
        self._rows, self._current, self._left = tuple(rows), current, left
        self.setAccessibleDescription(self.words)
        self.update()

    def set_theme(self, look: Theme) -> None:
        self._look = look
        self.updateGeometry()
        self.update()

    @property
    def words(self) -> str:
        """What is written: which of how many, its time and its title; how to begin where none is on screen."""
        if not self._rows:
            return ""
        place = self._place
        if place is None:
            where = "next" if self._left else "first"
            return (
                f"{len(self._rows)} moments: PgDown goes to the {where}"
                if len(self._rows) > 1
                else "One moment: PgDown"
            )
        row = self._rows[place]
        return f"{place + 1} of {len(self._rows)}   {row.when}   {row.title}"

    @property
    def _place(self) -> int | None:
        return next((k for k, row in enumerate(self._rows) if row.id == self._current), None)

    def dots(self) -> list[QPointF]:
        """Where each moment's dot is; none where there are too many."""
        if len(self._rows) > _MOST_DOTS:
            return []
        step = 4.5 * UNIT * type_scale()
        left = self.width() - 4 * UNIT - step * (len(self._rows) - 1)
        return [QPointF(left + k * step, self.height() / 2) for k in range(len(self._rows))]

    def sizeHint(self) -> QSize:
        return QSize(400, round(QFontMetricsF(ui_font(1.0)).height()) + 3 * UNIT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        look, place, dots = self._look, self._place, self.dots()
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), colour(look.panel))
            painter.setPen(hairline(look.grid))
            painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)
            right = dots[0].x() - 5 * UNIT if dots else self.width() - 3 * UNIT
            row = QRectF(3 * UNIT, 0, right - 3 * UNIT, self.height() - 1)
            painter.setFont(ui_font(1.0, bold=True))
            painter.setPen(colour(look.muted if place is None else look.ink))
            metrics = QFontMetricsF(painter.font())
            text = metrics.elidedText(self.words, Qt.TextElideMode.ElideRight, row.width())
            painter.drawText(row, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            radius = 1.25 * UNIT * type_scale()
            for k, (dot, moment) in enumerate(zip(dots, self._rows, strict=True) if dots else ()):
                ink = colour(look.recon_line if moment.reconstructed else look.accent)
                painter.setPen(hairline(look.recon_line if moment.reconstructed else look.accent))
                painter.setBrush(ink if k == place else Qt.BrushStyle.NoBrush)
                painter.drawEllipse(dot, radius, radius)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at, reach = event.position(), 2.25 * UNIT * type_scale()
        for dot, row in zip(self.dots(), self._rows, strict=False):
            if abs(at.x() - dot.x()) <= reach:
                self.asked.emit(row.id)
                return
        super().mousePressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.ApplicationFontChange):
            self.updateGeometry()
        super().changeEvent(event)
