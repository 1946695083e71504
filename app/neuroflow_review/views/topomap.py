"""The head seen from above: scalp voltage at the cursor, or power in a band, between the electrodes by splines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFontMetricsF,
    QImage,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from neuroflow_review.canvas import Canvas
from neuroflow_review.colourmap import COLOUR_MAPS, COLOURS, colour_table, power_image
from neuroflow_review.headsketch import draw_outline, on_head
from neuroflow_review.theme import LIGHT, UNIT, Theme, colour, hairline, ui_font

# Brown and teal: apart for every reader, and neither means left or right.
_ENDS: Final = {False: ("#1A7F79", "#A5611A"), True: ("#4FC4BC", "#E0A15A")}  # negative, positive; by dark
_LADDER: Final = (5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3)
_POWER_LADDER: Final = tuple(m * d for d in (1e-6, 1e-5, 1e-4, 1e-3) for m in (1.0, 1.5, 2.0, 3.0, 5.0, 7.0))
_INKS: Final = ("#1D2226", "#FFFFFF")  # on whatever colour of the map lies beneath


class TopomapPanel(Canvas):
    """A map of one moment, or of power. The scale goes by steps, so that it does not breathe with every sample."""

    quantity_menu_requested = Signal(QPoint)
    """The title was clicked; the global position at which a menu of what can be mapped belongs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = LIGHT
        self._picture_uv: NDArray[np.float64] | None = None
        self._places: NDArray[np.float64] = np.empty((0, 2))
        self._sites: tuple[str, ...] = ()
        self._message = ""
        self._title, self._words = "Voltage", "at the cursor"
        self._power = False
        self._values: NDArray[np.float64] = np.empty(0)
        self._colours = COLOUR_MAPS[0]
        self.limit = _LADDER[0]
        """Volts at either end of the scale, or at its upper end where it is of power."""
        self.setAccessibleName("Map of the scalp")
        self.setToolTip(
            "Voltage at the cursor with the page's filters, or the amplitude (rms) within a band as recorded, of the\n"
            "page or the selection; average reference, splines between electrodes. Click the title to choose."
        )
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(160, 132))

    def sizeHint(self) -> QSize:
        return QSize(260, 300)

    def set_theme(self, look: Theme) -> None:
        self._look = look
        self.redraw()

    def set_map(
        self, picture: NDArray[np.float64], values: NDArray[np.float64], places: NDArray[np.float64],
        sites: Sequence[str],
    ) -> None:  # fmt: skip
        """Voltages (row, column), NaN outside the head, and those at the electrodes, which lie at ``places``."""
        self._power = False
        self._set(picture, values, places, sites, _LADDER)

    def set_power(
        self, picture: NDArray[np.float64], values: NDArray[np.float64], places: NDArray[np.float64],
        sites: Sequence[str], colours: str,
    ) -> None:  # fmt: skip
        """Amplitudes (row, column) in volts, NaN outside the head, and those at the electrodes; from zero up, in one
        of COLOUR_MAPS.
        """
        self._power, self._colours = True, colours
        self._set(picture, values, places, sites, _POWER_LADDER)

    def _set(
        self, picture: NDArray[np.float64], values: NDArray[np.float64], places: NDArray[np.float64],
        sites: Sequence[str], ladder: Sequence[float],
    ) -> None:  # fmt: skip
        self._picture_uv, self._places, self._sites, self._message = picture, places, tuple(sites), ""
        self._values = values
        largest = float(np.abs(values).max())
        self.limit = next((step for step in ladder if step >= largest), ladder[-1])
        self.redraw()

    def set_quantity(self, title: str, words: str) -> None:
        """What is mapped, and of what."""
        if (title, words) != (self._title, self._words):
            self._title, self._words = title, words
            self.setAccessibleDescription(f"{title}, {words}")
            self.redraw()

    def set_message(self, text: str) -> None:
        """Why there is no map."""
        if text != self._message or self._picture_uv is not None:
            self._picture_uv, self._message = None, text
            self.redraw()

    @property
    def title(self) -> str:
        return self._title

    @property
    def words(self) -> str:
        """What the map is of."""
        return self._words

    @property
    def message(self) -> str:
        return self._message

    # Drawing ----------------------------------------------------------------------------------------------------------

    def draw(self, painter: QPainter) -> None:
        look = self._look
        painter.fillRect(self.rect(), colour(look.panel))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setFont(ui_font(-1.5))
        line = QFontMetricsF(painter.font()).height()
        self._draw_title(painter)
        painter.setFont(ui_font(-1.5))
        if self._picture_uv is None:
            painter.setPen(colour(look.muted))
            flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(QRectF(self.rect()).adjusted(4 * UNIT, 0, -4 * UNIT, 0), flags, self._message)
            return
        area = QRectF(self.rect()).adjusted(4 * UNIT, self._header() + 4 * UNIT, -4 * UNIT, -(line + 3 * UNIT))
        radius = max(min(area.width(), area.height()) / 2 - UNIT, 10.0)
        head = QRectF(area.center().x() - radius, area.center().y() - radius, 2 * radius, 2 * radius)
        draw_outline(painter, head, look.ink)
        path = QPainterPath()
        path.addEllipse(head)
        painter.save()
        painter.setClipPath(path)
        painter.drawImage(head, self._image(self._picture_uv))
        painter.restore()
        painter.setPen(hairline(look.ink))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(head)
        self._draw_electrodes(painter, head)
        self._draw_scale(painter, QRectF(area.left(), self.height() - line - UNIT, area.width(), line))

    def _header(self) -> float:
        return 2 * UNIT + round(
            QFontMetricsF(ui_font(-0.5, bold=True)).height() + QFontMetricsF(ui_font(-1.5)).height()
        )

    def _draw_title(self, painter: QPainter) -> None:
        """What is mapped, which a click changes, and of what."""
        look = self._look
        painter.setFont(ui_font(-0.5, bold=True))
        metrics = QFontMetricsF(painter.font())
        painter.setPen(colour(look.ink))
        row = QRectF(3 * UNIT, UNIT, self.width() - 6 * UNIT, metrics.height())
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self._title)
        x, y = row.left() + metrics.horizontalAdvance(self._title) + 2 * UNIT, row.center().y()
        painter.setPen(hairline(look.muted))
        painter.drawPolyline(QPolygonF([QPointF(x, y - 1.5), QPointF(x + 3.5, y + 2), QPointF(x + 7, y - 1.5)]))
        painter.setFont(ui_font(-1.5))
        painter.setPen(colour(look.muted))
        below = QRectF(row.left(), row.bottom(), row.width(), QFontMetricsF(painter.font()).height())
        words = QFontMetricsF(painter.font()).elidedText(self._words, Qt.TextElideMode.ElideRight, below.width())
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)

    def _image(self, picture: NDArray[np.float64]) -> QImage:
        if self._power:
            return power_image(np.flipud(picture), 0.0, self.limit, self._colours)
        share = np.clip(np.nan_to_num(picture) / self.limit, -1.0, 1.0)[..., None]
        paper, low, high = (_rgb(c) for c in (self._look.paper, *_ENDS[self._look.is_dark]))
        rgb = paper + np.where(share < 0, -share * (low - paper), share * (high - paper))
        size = picture.shape[0]
        data = np.full((size, size, 4), 255, dtype=np.uint8)
        data[..., :3] = np.round(rgb)
        return QImage(data.tobytes(), size, size, 4 * size, QImage.Format.Format_RGBA8888).copy()

    def _draw_electrodes(self, painter: QPainter, head: QRectF) -> None:
        inks = [self._ink_on(value) for value in self._values]
        painter.setPen(Qt.PenStyle.NoPen)
        for (x, y), ink in zip(self._places, inks, strict=True):
            painter.setBrush(colour(ink))
            painter.drawEllipse(on_head(head, x, y), 1.6, 1.6)
        named = len(self._places) <= 32 and head.width() >= 200
        if named:
            painter.setFont(ui_font(-3.0))
            for (x, y), site, ink in zip(self._places, self._sites, inks, strict=True):
                at = on_head(head, x, y)
                painter.setPen(colour(ink))
                painter.drawText(QRectF(at.x() - 16, at.y() + 1, 32, 12), int(Qt.AlignmentFlag.AlignCenter), site)

    def _ink_on(self, value: float) -> str:
        """What can be read on the map's colour of a value."""
        if not self._power:
            return self._look.ink
        share = min(max(value / self.limit, 0.0), 1.0)
        under = colour(f"#{colour_table(self._colours)[int(share * (COLOURS - 1))] & 0xFFFFFF:06x}")
        return _INKS[under.lightnessF() < 0.45]

    def _draw_scale(self, painter: QPainter, row: QRectF) -> None:
        painter.setFont(ui_font(-1.5))
        words = f"{self.limit * 1e6:g} µV{' rms' if self._power else ''}"
        metrics = QFontMetricsF(painter.font())
        wide = metrics.horizontalAdvance(f"−{words}") + UNIT
        painter.setPen(colour(self._look.muted))
        painter.drawText(
            row, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), "0" if self._power else f"−{words}"
        )
        painter.drawText(
            row, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), words if self._power else f"+{words}"
        )
        bar = QRectF(row.left() + wide, row.center().y() - 3, max(row.width() - 2 * wide, 10), 6)
        ramp = np.linspace(0.0 if self._power else -self.limit, self.limit, 64)[None].repeat(64, axis=0)
        painter.drawImage(bar, self._image(ramp))

    # Intents ----------------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and event.position().y() <= self._header():
            self.quantity_menu_requested.emit(event.globalPosition().toPoint())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.quantity_menu_requested.emit(event.globalPos())


def _rgb(value: str) -> NDArray[np.float64]:
    found = QColor(value)
    return np.array([found.red(), found.green(), found.blue()], dtype=np.float64)
