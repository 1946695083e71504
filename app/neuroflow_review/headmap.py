"""The head seen from above: how a map of scalp voltage, or of power, is drawn, whoever shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPainterPath

from neuroflow_review.colourmap import COLOURS, colour_table, power_image
from neuroflow_review.headsketch import draw_outline, on_head
from neuroflow_review.theme import UNIT, Theme, colour, hairline, ui_font

# By steps, so that a map does not breathe with every sample; volts.
LADDER: Final = (5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3)
_POWER_LADDER: Final = tuple(m * d for d in (1e-6, 1e-5, 1e-4, 1e-3) for m in (1.0, 1.5, 2.0, 3.0, 5.0, 7.0))

# Brown and teal: apart for every reader, and neither means left or right.
_ENDS: Final = {False: ("#1A7F79", "#A5611A"), True: ("#4FC4BC", "#E0A15A")}  # negative, positive; by dark
_INKS: Final = ("#1D2226", "#FFFFFF")  # on whatever colour of the map lies beneath
_MOST_NAMES = 32


@dataclass(frozen=True, slots=True, eq=False)
class HeadMap:
    """A ``picture`` (row, column) in volts, NaN outside the head, and the ``values`` at electrodes at ``places``.

    Voltages of either sign; or, with a map of ``colours``, amplitudes from zero up.
    """

    picture: NDArray[np.float64]
    values: NDArray[np.float64]
    places: NDArray[np.float64]
    sites: Sequence[str]
    colours: str = ""

    @property
    def limit(self) -> float:
        """Volts at either end of the scale, or at its upper end where it is of amplitudes."""
        largest = float(np.abs(self.values).max(initial=0.0))
        ladder = _POWER_LADDER if self.colours else LADDER
        return next((step for step in ladder if step >= largest), ladder[-1])


def draw_head_map(painter: QPainter, box: QRectF, made: HeadMap, look: Theme) -> None:
    """The map with its electrodes, and its scale below."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.setFont(ui_font(-1.5))
    line = QFontMetricsF(painter.font()).height()
    area = box.adjusted(4 * UNIT, 4 * UNIT, -4 * UNIT, -(line + 3 * UNIT))
    radius = max(min(area.width(), area.height()) / 2 - UNIT, 10.0)
    head = QRectF(area.center().x() - radius, area.center().y() - radius, 2 * radius, 2 * radius)
    draw_outline(painter, head, look.ink)
    path = QPainterPath()
    path.addEllipse(head)
    painter.save()
    painter.setClipPath(path, Qt.ClipOperation.IntersectClip)
    painter.drawImage(head, _image(made, made.picture, look))
    painter.restore()
    painter.setPen(hairline(look.ink))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(head)
    _draw_electrodes(painter, head, made, look)
    _draw_scale(painter, QRectF(area.left(), box.bottom() - line - UNIT, area.width(), line), made, look)
    painter.restore()


def _image(made: HeadMap, picture: NDArray[np.float64], look: Theme) -> QImage:
    limit = made.limit
    if made.colours:
        return power_image(np.flipud(picture), 0.0, limit, made.colours)
    share = np.clip(np.nan_to_num(picture) / limit, -1.0, 1.0)[..., None]
    paper, low, high = (_rgb(c) for c in (look.paper, *_ENDS[look.is_dark]))
    rgb = paper + np.where(share < 0, -share * (low - paper), share * (high - paper))
    size = picture.shape[0]
    data = np.full((size, size, 4), 255, dtype=np.uint8)
    data[..., :3] = np.round(rgb)
    return QImage(data.tobytes(), size, size, 4 * size, QImage.Format.Format_RGBA8888).copy()


def _draw_electrodes(painter: QPainter, head: QRectF, made: HeadMap, look: Theme) -> None:
    inks = [_ink_on(made, value, look) for value in made.values]
    painter.setPen(Qt.PenStyle.NoPen)
    for (x, y), ink in zip(made.places, inks, strict=True):
        painter.setBrush(colour(ink))
        painter.drawEllipse(on_head(head, x, y), 1.6, 1.6)
    if len(made.places) <= _MOST_NAMES and head.width() >= 200:
        painter.setFont(ui_font(-3.0))
        for (x, y), site, ink in zip(made.places, made.sites, inks, strict=True):
            at = on_head(head, x, y)
            painter.setPen(colour(ink))
            painter.drawText(QRectF(at.x() - 16, at.y() + 1, 32, 12), int(Qt.AlignmentFlag.AlignCenter), site)


def _ink_on(made: HeadMap, value: float, look: Theme) -> str:
    """What can be read on the map's colour of a value."""
    if not made.colours:
        return look.ink
    share = min(max(value / made.limit, 0.0), 1.0)
    under = colour(f"#{colour_table(made.colours)[int(share * (COLOURS - 1))] & 0xFFFFFF:06x}")
    return _INKS[under.lightnessF() < 0.45]


def _draw_scale(painter: QPainter, row: QRectF, made: HeadMap, look: Theme) -> None:
    painter.setFont(ui_font(-1.5))
    limit = made.limit
    words = f"{limit * 1e6:g} µV"
    ends = ("0", f"{words} rms") if made.colours else (f"−{words}", f"+{words}")
    metrics = QFontMetricsF(painter.font())
    wide = max(metrics.horizontalAdvance(end) for end in ends) + UNIT
    painter.setPen(colour(look.muted))
    painter.drawText(row, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), ends[0])
    painter.drawText(row, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), ends[1])
    bar = QRectF(row.left() + wide, row.center().y() - 3, max(row.width() - 2 * wide, 10), 6)
    ramp = np.linspace(0.0 if made.colours else -limit, limit, 64)[None].repeat(64, axis=0)
    painter.drawImage(bar, _image(made, ramp, look))


def _rgb(value: str) -> NDArray[np.float64]:
    found = QColor(value)
    return np.array([found.red(), found.green(), found.blue()], dtype=np.float64)
