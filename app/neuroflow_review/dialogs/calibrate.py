"""Calibrate the screen: make a drawn bank card as wide as a real one, so that a millimetre is a millimetre."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QLineF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSlider, QWidget

from neuroflow_review.dialogs.parts import Sheet, button, column, look_of, said
from neuroflow_review.paper import SCREENS
from neuroflow_review.theme import UNIT, colour, hairline, ui_font

CARD_MM: Final = (85.60, 53.98)
"""A bank card: ISO/IEC 7810, ID-1."""

_STEPS: Final = 50  # of the slider to a pixel to the millimetre


class _Card(QWidget):
    """A card and a ruler of ten centimetres at the scale that is being tried."""

    def __init__(self, scale: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scale = scale
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumSize(QSize(480, 300))
        self.setAccessibleName("A bank card and a ruler of ten centimetres")

    def paintEvent(self, _event: QPaintEvent) -> None:
        look = look_of(self)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.fillRect(self.rect(), colour(look.paper))
            wide, high = (mm * self.scale for mm in CARD_MM)
            card = QRectF(4 * UNIT, 4 * UNIT, wide, high)
            painter.setPen(hairline(look.accent))
            painter.setBrush(colour(look.accent, 0.10))
            painter.drawRoundedRect(card, 3.0 * self.scale, 3.0 * self.scale)
            painter.setFont(ui_font())
            painter.setPen(colour(look.muted))
            painter.drawText(card, int(Qt.AlignmentFlag.AlignCenter), "bank card")
            y = card.bottom() + 5 * UNIT
            painter.setPen(hairline(look.ink))
            for mm in range(101):
                x = card.left() + mm * self.scale
                painter.drawLine(QLineF(x, y, x, y + (12 if mm % 10 == 0 else 8 if mm % 5 == 0 else 5)))
            painter.setFont(ui_font(-1.5))
            for cm in range(0, 11):
                at = QRectF(card.left() + cm * 10 * self.scale - 20, y + 14, 40, 16)
                painter.drawText(at, int(Qt.AlignmentFlag.AlignCenter), f"{cm}")


class CalibrateDialog(Sheet):
    """``pixels_per_mm`` is what the reader found; it starts from what the system believes."""

    def __init__(self, screen: str, pixels_per_mm: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Calibrate the screen")
        self.screen_name = screen
        self.card = _Card(pixels_per_mm, self)
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setRange(*(round(limit * _STEPS) for limit in SCREENS))
        self.slider.setValue(round(pixels_per_mm * _STEPS))
        self.slider.setAccessibleName("Size of the card")
        self.slider.setToolTip(
            "Move until the drawn card is as wide as yours; the arrow keys move by a fiftieth of a pixel"
        )
        self.slider.valueChanged.connect(self._try)
        self.keep = button("&Keep", "Draw in true millimetres on this screen from now on", default=True)
        self.keep.clicked.connect(self.accept)
        cancel = button("Cancel", "Leave the screen as it is (Esc)")
        cancel.clicked.connect(self.reject)
        outer = column(self)
        words = said("Hold a bank card, or a ruler, to the screen, and make the drawn one as large.")
        words.setWordWrap(True)
        outer.addWidget(words)
        outer.addWidget(self.card)
        outer.addWidget(self.slider)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(self.keep)
        outer.addLayout(row)
        self._try(self.slider.value())
        self.slider.setFocus()

    @property
    def pixels_per_mm(self) -> float:
        return self.slider.value() / _STEPS

    def _try(self, value: int) -> None:
        self.card.scale = value / _STEPS
        wide = round(max(CARD_MM[0], 100.0) * self.card.scale) + 8 * UNIT
        self.card.setMinimumSize(QSize(max(wide, 320), round(CARD_MM[1] * self.card.scale) + 17 * UNIT))
        self.card.update()
