"""The head seen from above: scalp voltage at the cursor, or power in a band, between the electrodes by splines."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFontMetricsF, QMouseEvent, QPainter, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from neuroflow_review.canvas import Canvas
from neuroflow_review.headmap import HeadMap, draw_head_map
from neuroflow_review.theme import LIGHT, UNIT, Theme, colour, hairline, ui_font


class TopomapPanel(Canvas):
    """A map of one moment, or of power, under a title by which a reader chooses which."""

    quantity_menu_requested = Signal(QPoint)
    """The title was clicked; the global position at which a menu of what can be mapped belongs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = LIGHT
        self.shown: HeadMap | None = None
        self._message = ""
        self._title, self._words = "Voltage", "at the cursor"
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

    def set_map(self, made: HeadMap) -> None:
        """What is mapped now."""
        self.shown, self._message = made, ""
        self.redraw()

    def set_quantity(self, title: str, words: str) -> None:
        """What is mapped, and of what."""
        if (title, words) != (self._title, self._words):
            self._title, self._words = title, words
            self.setAccessibleDescription(f"{title}, {words}")
            self.redraw()

    def set_message(self, text: str) -> None:
        """Why there is no map."""
        if text != self._message or self.shown is not None:
            self.shown, self._message = None, text
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
        self._draw_title(painter)
        if self.shown is None:
            painter.setFont(ui_font(-1.5))
            painter.setPen(colour(look.muted))
            flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(QRectF(self.rect()).adjusted(4 * UNIT, 0, -4 * UNIT, 0), flags, self._message)
            return
        draw_head_map(painter, QRectF(self.rect()).adjusted(0, self._header(), 0, 0), self.shown, look)

    def _header(self) -> float:
        return 2 * UNIT + round(
            QFontMetricsF(ui_font(-0.5, bold=True)).height() + QFontMetricsF(ui_font(-1.5)).height()
        )

    def _draw_title(self, painter: QPainter) -> None:
        """What is mapped, which a click changes, and of what."""
        look = self._look
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
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

    # Intents ----------------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and event.position().y() <= self._header():
            self.quantity_menu_requested.emit(event.globalPosition().toPoint())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.quantity_menu_requested.emit(event.globalPos())
