"""The head seen from above: scalp voltage at the cursor, between the electrodes by splines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPainterPath
from PySide6.QtWidgets import QSizePolicy, QWidget

from neuroflow_review.canvas import Canvas
from neuroflow_review.headsketch import draw_outline, on_head
from neuroflow_review.theme import LIGHT, UNIT, Theme, colour, hairline, ui_font

# Brown and teal: apart for every reader, and neither means left or right.
_ENDS: Final = {False: ("#1A7F79", "#A5611A"), True: ("#4FC4BC", "#E0A15A")}  # negative, positive; by dark
_LADDER: Final = (5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3)


class TopomapPanel(Canvas):
    """A map of one moment. The scale goes by steps, so that it does not breathe with every sample."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = LIGHT
        self._picture_uv: NDArray[np.float64] | None = None
        self._places: NDArray[np.float64] = np.empty((0, 2))
        self._sites: tuple[str, ...] = ()
        self._message = ""
        self.limit = _LADDER[0]
        """Volts at either end of the scale."""
        self.setAccessibleName("Map of scalp voltage at the cursor")
        self.setToolTip(
            "Scalp voltage at the cursor, average reference, the page's filters; splines between electrodes"
        )
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(160, 132))

    def sizeHint(self) -> QSize:
        return QSize(260, 280)

    def set_theme(self, look: Theme) -> None:
        self._look = look
        self.redraw()

    def set_map(
        self, picture: NDArray[np.float64], values: NDArray[np.float64], places: NDArray[np.float64],
        sites: Sequence[str],
    ) -> None:  # fmt: skip
        """Voltages (row, column), NaN outside the head, and those at the electrodes, which lie at ``places``."""
        self._picture_uv, self._places, self._sites, self._message = picture, places, tuple(sites), ""
        largest = float(np.abs(values).max())
        self.limit = next((step for step in _LADDER if step >= largest), _LADDER[-1])
        self.redraw()

    def set_message(self, text: str) -> None:
        """Why there is no map."""
        if text != self._message or self._picture_uv is not None:
            self._picture_uv, self._message = None, text
            self.redraw()

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
        if self._picture_uv is None:
            painter.setPen(colour(look.muted))
            flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(QRectF(self.rect()).adjusted(4 * UNIT, 0, -4 * UNIT, 0), flags, self._message)
            return
        area = QRectF(self.rect()).adjusted(4 * UNIT, 4 * UNIT, -4 * UNIT, -(line + 3 * UNIT))
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

    def _image(self, picture: NDArray[np.float64]) -> QImage:
        share = np.clip(np.nan_to_num(picture) / self.limit, -1.0, 1.0)[..., None]
        paper, low, high = (_rgb(c) for c in (self._look.paper, *_ENDS[self._look.is_dark]))
        rgb = paper + np.where(share < 0, -share * (low - paper), share * (high - paper))
        size = picture.shape[0]
        data = np.full((size, size, 4), 255, dtype=np.uint8)
        data[..., :3] = np.round(rgb)
        return QImage(data.tobytes(), size, size, 4 * size, QImage.Format.Format_RGBA8888).copy()

    def _draw_electrodes(self, painter: QPainter, head: QRectF) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(self._look.ink))
        for x, y in self._places:
            painter.drawEllipse(on_head(head, x, y), 1.6, 1.6)
        named = len(self._places) <= 32 and head.width() >= 200
        if named:
            painter.setPen(colour(self._look.ink))
            painter.setFont(ui_font(-3.0))
            for (x, y), site in zip(self._places, self._sites, strict=True):
                at = on_head(head, x, y)
                painter.drawText(QRectF(at.x() - 16, at.y() + 1, 32, 12), int(Qt.AlignmentFlag.AlignCenter), site)

    def _draw_scale(self, painter: QPainter, row: QRectF) -> None:
        painter.setFont(ui_font(-1.5))
        words = f"{self.limit * 1e6:g} µV"
        metrics = QFontMetricsF(painter.font())
        wide = metrics.horizontalAdvance(f"−{words}") + UNIT
        painter.setPen(colour(self._look.muted))
        painter.drawText(row, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), f"−{words}")
        painter.drawText(row, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), f"+{words}")
        bar = QRectF(row.left() + wide, row.center().y() - 3, max(row.width() - 2 * wide, 10), 6)
        ramp = np.linspace(-self.limit, self.limit, 64)[None].repeat(64, axis=0)
        painter.drawImage(bar, self._image(ramp))


def _rgb(value: str) -> NDArray[np.float64]:
    found = QColor(value)
    return np.array([found.red(), found.green(), found.blue()], dtype=np.float64)
