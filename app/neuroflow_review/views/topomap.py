"""The head seen from above: scalp voltage at the cursor, between the electrodes by splines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from neuroflow_review.canvas import Canvas
from neuroflow_review.headmap import LADDER, draw_head_map, limit_of
from neuroflow_review.theme import LIGHT, UNIT, Theme, colour, ui_font


class TopomapPanel(Canvas):
    """A map of one moment. The scale goes by steps, so that it does not breathe with every sample."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = LIGHT
        self._picture_uv: NDArray[np.float64] | None = None
        self._places: NDArray[np.float64] = np.empty((0, 2))
        self._sites: tuple[str, ...] = ()
        self._message = ""
        self.limit = LADDER[0]
        """Volts at either end of the scale."""
        self.setAccessibleName("Map of scalp voltage at the cursor")
        self.setToolTip(
            "Scalp voltage at the cursor, average reference, the page's filters; splines between electrodes"
        )
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(160, 168))

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
        self.limit = limit_of(values)
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
        if self._picture_uv is None:
            painter.setFont(ui_font(-1.5))
            painter.setPen(colour(look.muted))
            flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(QRectF(self.rect()).adjusted(4 * UNIT, 0, -4 * UNIT, 0), flags, self._message)
            return
        draw_head_map(
            painter, QRectF(self.rect()), self._picture_uv, self.limit, self._places, self._sites, look
        )  # fmt: skip
