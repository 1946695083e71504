"""The IFCN's six criteria of an interictal discharge, as a checklist on the one that a reader decided on."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QLabel, QVBoxLayout, QWidget

from neuroflow.review.document import IFCN_CRITERIA, SPECIFIC_CRITERIA, USUAL_CRITERIA
from neuroflow_review.theme import LIGHT, UNIT, Theme, ui_font

NOTHING = "Decide on a spike first: A, X, U"


class CriteriaPanel(QWidget):
    """Six boxes, how many are met, and what that is worth."""

    assessed = Signal(str, tuple)
    """Identifier of a mark, and the criteria that it meets."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mark = ""
        self.setAccessibleName("Criteria of the discharge")
        self._title = QLabel(self)
        self._title.setWordWrap(True)
        self.boxes: dict[str, QCheckBox] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(3 * UNIT, 2 * UNIT, 3 * UNIT, 3 * UNIT)
        column.setSpacing(UNIT)
        column.addWidget(self._title)
        for name, words in IFCN_CRITERIA.items():
            box = QCheckBox(words, self)
            box.setAccessibleName(words)
            box.setToolTip("One of the six criteria of the IFCN (Kane et al. 2017)")
            box.clicked.connect(self._tell)
            self.boxes[name] = box
            column.addWidget(box)
        self._count = QLabel(self)
        self._count.setWordWrap(True)
        self._count.setProperty("role", "muted")
        column.addWidget(self._count)
        column.addStretch(1)
        self.set_theme(LIGHT)
        self.set_discharge("", "", ())

    def set_discharge(self, mark: str, title: str, criteria: Collection[str], *, writable: bool = True) -> None:
        """The discharge with this identifier, empty for none, and which criteria it meets."""
        self._mark = mark
        self._title.setText(title if mark else NOTHING)
        for name, box in self.boxes.items():
            box.setEnabled(bool(mark) and writable)
            box.setChecked(name in criteria)
        self._count.setText(verdict(len(criteria)) if mark else "")

    def set_theme(self, _look: Theme) -> None:
        self._title.setFont(ui_font(bold=True))
        self._count.setFont(ui_font(-1))
        for box in self.boxes.values():
            box.setFont(ui_font(-1))

    @property
    def words(self) -> str:
        """What is said of the count."""
        return self._count.text()

    def _tell(self) -> None:
        if self._mark:
            self.assessed.emit(self._mark, tuple(name for name, box in self.boxes.items() if box.isChecked()))


def verdict(met: int) -> str:
    """What so many criteria are worth (Kural et al. 2020)."""
    words = f"{met} of {len(IFCN_CRITERIA)}"
    if met >= SPECIFIC_CRITERIA:
        return f"{words}: the specific threshold ({SPECIFIC_CRITERIA}) is reached"
    if met >= USUAL_CRITERIA:
        return f"{words}: the usual threshold ({USUAL_CRITERIA}) is reached, the specific one ({SPECIFIC_CRITERIA}) not"
    return f"{words}: below the usual threshold ({USUAL_CRITERIA})"
