"""The head seen from above: how a map of scalp voltage is drawn, whoever shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPainterPath

from neuroflow_review.theme import UNIT, Theme, colour, hairline, ui_font

LADDER: Final = (5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3)
"""Volts at either end of a scale: by steps, so that a map does not breathe with every sample."""

# Brown and teal: apart for every reader, and neither means left or right.
_ENDS: Final = {False: ("#1A7F79", "#A5611A"), True: ("#4FC4BC", "#E0A15A")}  # negative, positive; by dark


def limit_of(values: NDArray[np.float64]) -> float:
    """The step of :data:`LADDER` that holds all values."""
    largest = float(np.abs(values).max(initial=0.0))
    return next((step for step in LADDER if step >= largest), LADDER[-1])


def draw_head_map(
    painter: QPainter, box: QRectF, picture: NDArray[np.float64], limit: float, places: NDArray[np.float64],
    sites: Sequence[str], look: Theme,
) -> None:  # fmt: skip
    """A map (row, column; NaN outside the head) up to ``limit`` volts, electrodes at ``places``, the scale below."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.setFont(ui_font(-1.5))
    line = QFontMetricsF(painter.font()).height()
    area = box.adjusted(4 * UNIT, 4 * UNIT, -4 * UNIT, -(line + 3 * UNIT))
    radius = max(min(area.width(), area.height()) / 2 - UNIT, 10.0)
    head = QRectF(area.center().x() - radius, area.center().y() - radius, 2 * radius, 2 * radius)
    _draw_outline(painter, head, look)
    path = QPainterPath()
    path.addEllipse(head)
    painter.save()
    painter.setClipPath(path, Qt.ClipOperation.IntersectClip)
    painter.drawImage(head, _image(picture, limit, look))
    painter.restore()
    painter.setPen(hairline(look.ink))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(head)
    _draw_electrodes(painter, head, places, sites, look)
    _draw_scale(painter, QRectF(area.left(), box.bottom() - line - UNIT, area.width(), line), limit, look)
    painter.restore()


def _image(picture: NDArray[np.float64], limit: float, look: Theme) -> QImage:
    share = np.clip(np.nan_to_num(picture) / limit, -1.0, 1.0)[..., None]
    paper, low, high = (_rgb(c) for c in (look.paper, *_ENDS[look.is_dark]))
    rgb = paper + np.where(share < 0, -share * (low - paper), share * (high - paper))
    size = picture.shape[0]
    data = np.full((size, size, 4), 255, dtype=np.uint8)
    data[..., :3] = np.round(rgb)
    return QImage(data.tobytes(), size, size, 4 * size, QImage.Format.Format_RGBA8888).copy()


def _draw_outline(painter: QPainter, head: QRectF, look: Theme) -> None:
    """Nose and ears, so that nobody asks where the front is."""
    middle, reach = head.center(), head.width() / 2
    painter.setPen(hairline(look.ink))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    nose = QPainterPath(QPointF(middle.x() - 0.10 * reach, head.top() + 0.006 * reach))
    nose.lineTo(middle.x(), head.top() - 3 * UNIT)
    nose.lineTo(middle.x() + 0.10 * reach, head.top() + 0.006 * reach)
    painter.drawPath(nose)
    for side in (-1, 1):
        x = middle.x() + side * reach
        painter.drawArc(QRectF(x - 6, middle.y() - 0.14 * reach, 12, 0.28 * reach), 90 * 16, side * -180 * 16)


def _draw_electrodes(
    painter: QPainter, head: QRectF, places: NDArray[np.float64], sites: Sequence[str], look: Theme
) -> None:  # fmt: skip
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour(look.ink))
    for x, y in places:
        painter.drawEllipse(_on(head, x, y), 1.6, 1.6)
    if len(places) <= 32 and head.width() >= 200:
        painter.setPen(colour(look.ink))
        painter.setFont(ui_font(-3.0))
        for (x, y), site in zip(places, sites, strict=True):
            at = _on(head, x, y)
            painter.drawText(QRectF(at.x() - 16, at.y() + 1, 32, 12), int(Qt.AlignmentFlag.AlignCenter), site)


def _draw_scale(painter: QPainter, row: QRectF, limit: float, look: Theme) -> None:
    painter.setFont(ui_font(-1.5))
    words = f"{limit * 1e6:g} µV"
    metrics = QFontMetricsF(painter.font())
    wide = metrics.horizontalAdvance(f"−{words}") + UNIT
    painter.setPen(colour(look.muted))
    painter.drawText(row, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), f"−{words}")
    painter.drawText(row, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), f"+{words}")
    bar = QRectF(row.left() + wide, row.center().y() - 3, max(row.width() - 2 * wide, 10), 6)
    ramp = np.linspace(-limit, limit, 64)[None].repeat(64, axis=0)
    painter.drawImage(bar, _image(ramp, limit, look))


def _on(head: QRectF, x: float, y: float) -> QPointF:
    """A place on the disc, nose up, in pixels."""
    return QPointF(head.center().x() + x * head.width() / 2, head.center().y() - y * head.height() / 2)


def _rgb(value: str) -> NDArray[np.float64]:
    found = QColor(value)
    return np.array([found.red(), found.green(), found.blue()], dtype=np.float64)
