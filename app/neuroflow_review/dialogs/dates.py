"""By how many days the dates of a file that names nobody are shifted, if they are not left out."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QSpinBox, QWidget

from neuroflow_review.theme import UNIT

_MOST_DAYS: Final = 36_524  # a century


class ShiftedDates(QWidget):
    """A box and a number; both grey while somebody is named, since dates stay as they are then."""

    changed = Signal()

    def __init__(self, about: str, *, nobody_named: bool) -> None:
        super().__init__()
        self.shift, self.days = QCheckBox("S&hift dates by"), QSpinBox()
        self.shift.setToolTip(
            f"{about}; times of day stay. The file does not say by how much: take the same number for all "
            "recordings of a patient, and keep it to yourself"
        )
        self.days.setRange(-_MOST_DAYS, _MOST_DAYS)
        self.days.setSuffix(" days")
        for field in (self.days, self.days.lineEdit()):
            field.setAccessibleName("Days to shift dates by")
            field.setToolTip("Before (−) or after; a multiple of 7 keeps the day of the week")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * UNIT)
        row.addWidget(self.shift)
        row.addWidget(self.days)
        row.addStretch(1)
        self.set_nobody_named(nobody_named)
        self.shift.toggled.connect(self._on_shift)
        self.days.valueChanged.connect(self.changed)

    @property
    def by(self) -> int | None:
        """Days; None where dates are left out, or stay."""
        return self.days.value() if self.days.isEnabled() else None

    def set_nobody_named(self, on: bool) -> None:
        self.shift.setEnabled(on)
        self.days.setEnabled(on and self.shift.isChecked())

    def _on_shift(self, on: bool) -> None:
        self.days.setEnabled(on and self.shift.isEnabled())
        self.changed.emit()
