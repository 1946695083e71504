"""How far a blinded reading and the reconstruction agree, and where they do not; a click goes there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QGridLayout, QListWidget, QListWidgetItem, QWidget

from neuroflow.review import BlindReading, Rules
from neuroflow.review.blinded import Apart
from neuroflow_review.dialogs.parts import Sheet, button, buttons, column, counted, said
from neuroflow_review.session.blinded import compared_words, discharges, figures, waiting_words
from neuroflow_review.theme import RECONSTRUCTED, UNIT

_WIDTH: Final = 620
_LINES: Final = 9
_MOST_LINES: Final = 2000
_SEEN: Final = (
    "Something of this recording had been reconstructed before the reading began: who read it may have seen it."
)


class AgreementDialog(Sheet):
    """Stays open while the reader goes on; ``jump_requested`` carries the time (s) of a difference."""

    jump_requested = Signal(float)
    chosen = Signal()
    """What is at the cursor is to be shown in the meeting."""
    save_requested = Signal()
    """Figures and differences are to be saved as a table."""

    def __init__(self, clock: Callable[[float], str], duration: float, parent: QWidget | None = None) -> None:
        """``clock`` writes a time of the recording, which has a ``duration`` (s)."""
        super().__init__(parent)
        self.setWindowTitle("Agreement of the blinded reading")
        self.setAccessibleName("Agreement of the blinded reading")
        self.setMinimumWidth(_WIDTH)
        self._clock, self._duration = clock, duration
        self._apart, self._now = Apart((), ()), ""
        self.who, self.seen, self.state = said(), said(_SEEN, role="warning"), said(role="muted")
        self.grid = QGridLayout()
        self.grid.setHorizontalSpacing(5 * UNIT)
        self.grid.setVerticalSpacing(UNIT)
        self.grid.setColumnStretch(2, 1)
        self.heading = said("Where they differ", role="heading")
        self.list = QListWidget()
        self.list.setAccessibleName("Where they differ")
        self.list.setToolTip("Return or a click goes there; K then chooses it for the meeting")
        self.list.setFixedHeight(self.list.fontMetrics().lineSpacing() * _LINES + 4 * UNIT)
        self.list.itemActivated.connect(self._go)
        self.list.itemClicked.connect(self._go)
        QShortcut(QKeySequence("K"), self, self.chosen.emit)
        self.save = button("Sa&ve…", "The figures, and where they differ, as a table (CSV)")
        self.save.clicked.connect(self.save_requested.emit)
        self.leave = button("Close", "Close this (Esc)", default=True)
        self.leave.clicked.connect(self.accept)
        layout = column(self)
        for part in (self.who, self.seen):
            layout.addWidget(part)
        layout.addLayout(self.grid)
        layout.addWidget(self.state)
        layout.addWidget(self.heading)
        layout.addWidget(self.list)
        layout.addLayout(buttons(self.save, self.leave))

    def set_reading(
        self, reading: BlindReading, where: Apart, rules: Rules | None, *, computing: bool, shown: bool, private: bool
    ) -> None:  # fmt: skip
        """What is recorded of a reading that was revealed, and ``where`` it differs from what is proposed now.

        ``rules`` are those of now; ``shown`` says whether anything is proposed at all.
        """
        marks = counted(discharges(reading.marks), "discharge")
        self.who.setText(
            f"{marks} marked blind from {_minute(reading.begun)} to {_minute(reading.revealed)} UTC"
            f"{f', revealed by {reading.revealed_by}' if reading.revealed_by and not private else ''}."
        )
        self.seen.setVisible(reading.seen)
        self._fill(figures(reading, private=private))
        if reading.agreement is not None:
            self.state.setText(compared_words(reading, self._duration, private=private))
        elif computing:
            self.state.setText("The recording is being reconstructed: the figures come when that is done.")
        else:
            self.state.setText(waiting_words(reading, rules, shown=shown, private=private))
        of_now = reading.rules is None or (rules is not None and rules.same(reading.rules))
        self._list(where, "" if of_now else " now, with other settings")

    def _fill(self, rows: Sequence[Sequence[str]]) -> None:
        while self.grid.count():
            item = self.grid.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for y, row in enumerate(rows):
            for x, text in enumerate(row):
                label = said(text, role="muted" if y == 0 else "", bold=y > 0 and x == 0)
                label.setWordWrap(False)
                right = Qt.AlignmentFlag.AlignRight if x in (1, 3) else Qt.AlignmentFlag.AlignLeft
                self.grid.addWidget(label, y, x, right)

    def _list(self, where: Apart, now: str) -> None:
        if (where, now) == (self._apart, self._now):
            return
        self._apart, self._now = where, now
        lines = [(t, "only marked") for t in where.marked]
        lines += [(t, f"{RECONSTRUCTED} only proposed") for t in where.proposed]
        self.list.clear()
        for time, what in sorted(lines)[:_MOST_LINES]:
            item = QListWidgetItem(f"{self._clock(time)}   {what}")
            item.setData(Qt.ItemDataRole.UserRole, time)
            self.list.addItem(item)
        more = f", of which {_MOST_LINES:,} are listed" if len(lines) > _MOST_LINES else ""
        self.heading.setText(
            f"Where they differ{now}: {counted(len(lines), 'time')}{more}" if lines else f"Where they differ{now}"
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Return has gone to the time in the list already, which hands it on: it would close this.
        if not (event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.list.hasFocus()):
            super().keyPressEvent(event)

    def _go(self, item: QListWidgetItem) -> None:
        self.jump_requested.emit(float(item.data(Qt.ItemDataRole.UserRole)))


def _minute(stamp: str) -> str:
    """Day and minute of a time of ISO 8601."""
    return stamp[:16].replace("T", " ")
