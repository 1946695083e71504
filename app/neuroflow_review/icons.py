"""Icons of one family (Phosphor), drawn as type in a colour of the theme, sharp at every scale of the screen.

QtAwesome draws the same glyphs; to load it, all its fonts and qtpy took a fifth of the time until the window is there.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QFontMetricsF,
    QIcon,
    QIconEngine,
    QPaintEngine,
    QPainter,
    QPainterPath,
    QPixmap,
)

_FILL = 0.875  # of the height, so that glyphs with room around them look as large as their text


def glyph_icon(name: str, ink: str, pale: str) -> QIcon:
    """An icon by its name in Phosphor, in one colour where it can be used and another where it cannot.

    Raises: KeyError where ``phosphor.json`` does not name it.
    """
    return QIcon(_Glyph(chr(int(_names()[name], 16)), ink, pale))


class _Glyph(QIconEngine):
    def __init__(self, glyph: str, ink: str, pale: str) -> None:
        super().__init__()
        self._glyph, self._ink, self._pale = glyph, ink, pale

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, _state: QIcon.State) -> None:
        font = QFont(_family())
        font.setPixelSize(max(round(_FILL * rect.height()), 1))
        ink = QColor(self._pale if mode == QIcon.Mode.Disabled else self._ink)
        painter.save()
        if painter.paintEngine().type() is QPaintEngine.Type.SVG:  # whoever opens the file has no such type
            painter.fillPath(self._outline(font, rect), ink)
        else:
            painter.setFont(font)
            painter.setPen(ink)
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._glyph)
        painter.restore()

    def _outline(self, font: QFont, rect: QRect) -> QPainterPath:
        metrics, path = QFontMetricsF(font), QPainterPath()
        middle = QRectF(rect).center()
        baseline = middle.y() + (metrics.ascent() - metrics.descent()) / 2
        path.addText(middle.x() - metrics.horizontalAdvance(self._glyph) / 2, baseline, font, self._glyph)
        return path

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        made = QPixmap(size)
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return made


@cache
def _names() -> dict[str, str]:
    found: dict[str, str] = json.loads((files("neuroflow_resources") / "icons" / "phosphor.json").read_text("utf-8"))
    return found


@cache
def _family() -> str:
    data = (files("neuroflow_resources") / "icons" / "phosphor.ttf").read_bytes()
    return QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFontFromData(QByteArray(data)))[0]
