"""Every free text of a recording, to be read one by one before a copy without names is given away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTableView,
    QWidget,
)

from neuroflow.export.texts import KEEP, REMOVE, REPLACE, free_texts, left_out
from neuroflow.recording import Recording
from neuroflow.units import format_clock
from neuroflow_review.dialogs.parts import as_tip, button, counted, look_of, said
from neuroflow_review.dialogs.writing_pages import plain
from neuroflow_review.theme import UNIT, colour, hairline, ui_font
from neuroflow_review.wholerows import WholeRows

_CHECKED, _DECISION, _TEXT, _BECOMES, _WHERE, _TIMES, _FIRST = range(7)
_HEADINGS: Final = ("", "Decision", "Text", "In the copy", "Where", "Times", "First at")
_WIDTHS: Final = (32, 88, 260, 160, 120, 56, 72)
_MOST_REPLACEMENT: Final = 512

Index = QModelIndex | QPersistentModelIndex


@dataclass(slots=True)
class TextRow:
    """A text, where it stands and how often, what becomes of it, and whether a person has looked at it.

    ``fixed`` rows are fields of the header: nothing of them is kept, whatever anybody decides.
    """

    text: str
    where: str
    times: int
    first: float | None
    decision: str
    replacement: str = ""
    checked: bool = False
    fixed: bool = False

    @property
    def becomes(self) -> str:
        """What stands in the copy; empty where it is removed."""
        return self.text if self.decision == KEEP else self.replacement if self.decision == REPLACE else ""


def rows_of(recording: Recording) -> list[TextRow]:
    """What is left out of the header, then what is suggested to be removed, then what to be kept."""
    fixed = [
        TextRow(text, where, 1, None, REPLACE if becomes else REMOVE, becomes, checked=True, fixed=True)
        for where, text, becomes in left_out(recording)
    ]
    found = [TextRow(t.text, t.where, t.times, t.first, t.decision, t.replacement) for t in free_texts(recording)]
    return fixed + sorted(found, key=lambda row: row.decision != REMOVE)


class TextModel(QAbstractTableModel):
    """Texts, of which those that pass the search are rows. ``reviewed`` tells of every change of what was decided."""

    reviewed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parent = parent
        self.all: list[TextRow] = []
        self._rows: list[TextRow] = []
        self._left = 0
        self.together: Sequence[int] = ()
        """Rows that a replacement that is being typed is for, the edited one among them or not."""

    def set_rows(self, rows: Sequence[TextRow]) -> None:
        self.all = list(rows)
        self._left = sum(not row.checked for row in self.all)
        self.set_filter("", only_left=False)
        self.reviewed.emit()

    def set_filter(self, search: str, *, only_left: bool) -> None:
        """Show the texts that hold every word of a search, and of those only what nobody looked at yet."""
        words = search.casefold().split()
        self.beginResetModel()
        self._rows = [row for row in self.all if not (only_left and row.checked) and _holds(row, words)]
        self.endResetModel()

    def set_left_out(self, fields: Iterable[tuple[str, str, str]]) -> None:
        """What stands in the place of fields of the header, as :func:`neuroflow.export.texts.left_out` says."""
        becomes = {where: text for where, _, text in fields}
        for row in self.all:
            if row.fixed:
                row.replacement = becomes.get(row.where, row.replacement)
        self.dataChanged.emit(self.index(0, 0), self.index(max(self.rowCount() - 1, 0), self.columnCount() - 1))

    @property
    def left(self) -> int:
        """How many texts nobody has looked at."""
        return self._left

    @property
    def becomes(self) -> dict[str, str]:
        """What each free text becomes, as :class:`neuroflow.export.convert.ConvertRequest` takes it."""
        return {row.text: row.becomes for row in self.all if not row.fixed}

    def row(self, row: int) -> TextRow:
        return self._rows[row]

    def decide(self, rows: Iterable[int], decision: str, replacement: str = "") -> None:
        """Decide on rows; whoever decides has looked."""
        for number in rows:
            row = self._rows[number]
            if not row.fixed:
                row.decision, row.replacement = decision, replacement
        self.check(rows, True)

    def check(self, rows: Iterable[int], on: bool) -> None:
        """Say that rows were looked at and are right, or take that back."""
        changed = [number for number in rows if not self._rows[number].fixed]
        for number in changed:
            row = self._rows[number]
            self._left += int(row.checked) - int(on)
            row.checked = on
        if changed:
            self.dataChanged.emit(self.index(min(changed), 0), self.index(max(changed), _FIRST))
            self.reviewed.emit()

    def next_left(self, after: int) -> int | None:
        """The next row below ``after``, or from the top on, that nobody has looked at."""
        order = [*range(after + 1, len(self._rows)), *range(min(after + 1, len(self._rows)))]
        return next((k for k in order if not self._rows[k].checked), None)

    # What Qt asks for -------------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(_HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _HEADINGS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        if not index.isValid() or self._rows[index.row()].fixed:
            return flags
        if index.column() == _CHECKED:
            return flags | Qt.ItemFlag.ItemIsUserCheckable
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == _BECOMES else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.CheckStateRole and column == _CHECKED:
            return Qt.CheckState.Checked if row.checked else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.EditRole and column == _BECOMES:
            return row.becomes or row.text
        if role == Qt.ItemDataRole.DisplayRole and column != _CHECKED:
            return _in_a_line(self._words(row)[column])
        if role == Qt.ItemDataRole.ToolTipRole and column in (_TEXT, _BECOMES):
            return as_tip(row.text if column == _TEXT else row.becomes or "Not in the copy")
        if role == Qt.ItemDataRole.AccessibleTextRole and column == _CHECKED:
            return "checked" if row.checked else "not checked yet"
        if role == Qt.ItemDataRole.FontRole and column == _TEXT:
            return ui_font(bold=not row.checked)
        if role == Qt.ItemDataRole.ForegroundRole and row.fixed:
            return colour(look_of(self._parent).muted) if self._parent is not None else None
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if not index.isValid():
            return False
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == _CHECKED:
            self.check([index.row()], Qt.CheckState(value) is Qt.CheckState.Checked)
            return True
        if role != Qt.ItemDataRole.EditRole or index.column() != _BECOMES:
            return False
        text = " ".join(str(value).split())[:_MOST_REPLACEMENT]
        rows = self.together if index.row() in self.together else [index.row()]
        same = len(rows) == 1 and text == self._rows[index.row()].text
        self.decide(rows, KEEP if same else REPLACE if text else REMOVE, "" if same else text)
        return True

    @staticmethod
    def _words(row: TextRow) -> tuple[str, ...]:
        becomes = row.becomes if row.decision == REPLACE else "as it is" if row.decision == KEEP else "–"
        first = "" if row.first is None else format_clock(row.first)
        return "", row.decision.capitalize(), row.text, becomes, row.where, f"{row.times:,}", first


def _holds(row: TextRow, words: Sequence[str]) -> bool:
    text = f"{row.text} {row.where} {row.decision} {row.replacement}".casefold()
    return all(word in text for word in words)


def _in_a_line(text: str) -> str:
    return text.replace("\r\n", "⏎").replace("\n", "⏎").replace("\r", "⏎").replace("\t", " ")


class _Heading(QHeaderView):
    """Headings drawn by us: Qt's ask the model for every row whether its column is selected, seconds for thousands."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setFixedHeight(self.fontMetrics().height() + 3 * UNIT)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:
        look = look_of(self)
        painter.save()
        painter.fillRect(rect, colour(look.panel))
        painter.setPen(hairline(look.border))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        painter.setPen(colour(look.muted))
        painter.drawText(rect.adjusted(3, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, _HEADINGS[logicalIndex])
        painter.restore()


class TextTable(QTableView):
    """The list; ``pressed_key`` carries a key that decides: K keep, D remove, R replace, Space looked at."""

    pressed_key = Signal(int)
    _KEYS = frozenset((Qt.Key.Key_K, Qt.Key.Key_D, Qt.Key.Key_Delete, Qt.Key.Key_R, Qt.Key.Key_Space))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plainly = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plainly and event.key() in self._KEYS and self.state() is not QAbstractItemView.State.EditingState:
            self.pressed_key.emit(event.key())
            return
        super().keyPressEvent(event)

    @property
    def chosen(self) -> list[int]:
        """Rows that are selected; from ranges, since asking for each takes seconds where all of thousands are."""
        chosen = self.selectionModel().selection()
        ranges = [chosen.at(k) for k in range(chosen.count())]
        return sorted({row for each in ranges for row in range(each.top(), each.bottom() + 1)})


class TextPage(QWidget):
    """The list with search, keys and buttons, and how many texts are left to look at."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.model = TextModel(self)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search texts, places or decisions")
        self.search.setAccessibleName("Search texts")
        self.search.setToolTip("Words that a text, its place or its decision must hold (Ctrl+F)")
        self.search.setClearButtonEnabled(True)
        self.only_left = QCheckBox("&Only those not checked yet")
        self.only_left.setToolTip("Hide what was looked at already")
        self.table = self._make_table()
        self.keep = button("&Keep", "Keep the selected texts as they are (K)")
        self.remove = button("Re&move", "Leave the selected texts out (D, Delete)")
        self.replace = button("&Replace…", "Put another text in the place of the selected ones (R)")
        self.check = button("&Checked", "The selected texts were read, and what is decided of them is right (Space)")
        self.count = said(role="muted")
        self.count.setWordWrap(False)
        self.back_button = button("&Back", "Back to the questions; what was decided stays")
        self.save_button = button("&Save", "Write the copy and read it back", default=True)
        top = QHBoxLayout()
        top.setSpacing(2 * UNIT)
        top.addWidget(self.search, 1)
        top.addWidget(self.only_left)
        row = QHBoxLayout()
        row.setSpacing(2 * UNIT)
        for each in (self.check, self.keep, self.remove, self.replace):
            row.addWidget(each)
        row.addStretch(1)
        row.addWidget(self.count)
        bottom = QHBoxLayout()
        bottom.setSpacing(2 * UNIT)
        bottom.addWidget(self.back_button)
        bottom.addStretch(1)
        bottom.addWidget(self.save_button)
        layout = plain(self)
        layout.addWidget(
            said("Read every text: none that names or describes somebody may be left. A line stands for all texts that "
                 "say the same; Ctrl+A takes all that a search finds.")
        )  # fmt: skip
        layout.addLayout(top)
        layout.addWidget(WholeRows(self.table))
        layout.addLayout(row)
        layout.addSpacing(UNIT)
        layout.addLayout(bottom)
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self.table.setFocus)
        self.only_left.toggled.connect(self._filter)
        self.table.pressed_key.connect(self._on_key)
        self.keep.clicked.connect(lambda: self._decide(KEEP))
        self.remove.clicked.connect(lambda: self._decide(REMOVE))
        self.replace.clicked.connect(self._replace)
        self.check.clicked.connect(self._check)
        self.model.reviewed.connect(self._tell)

    def show_recording(self, recording: Recording) -> None:
        """List the texts of a recording, none of them looked at."""
        self.model.set_rows(rows_of(recording))
        self.search.clear()
        first = self.model.next_left(-1)
        self._go_to(0 if first is None else first)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.search.setFocus()
            self.search.selectAll()
            return
        super().keyPressEvent(event)

    def _make_table(self) -> TextTable:
        table = TextTable(self)
        table.setModel(self.model)
        table.setAccessibleName("Free texts of the recording")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
        )  # fmt: skip
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setMinimumSize(sum(_WIDTHS) + 5 * UNIT, 80 * UNIT)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 2 * UNIT)
        header = _Heading(table)
        table.setHorizontalHeader(header)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in enumerate(_WIDTHS):
            table.setColumnWidth(column, width)
        header.setSectionResizeMode(_TEXT, QHeaderView.ResizeMode.Stretch)
        return table

    def _filter(self) -> None:
        self.model.set_filter(self.search.text(), only_left=self.only_left.isChecked())
        if self.model.rowCount():
            self._go_to(0)

    def _on_key(self, key: int) -> None:
        act = {Qt.Key.Key_K: lambda: self._decide(KEEP), Qt.Key.Key_R: self._replace, Qt.Key.Key_Space: self._check}
        act.get(Qt.Key(key), lambda: self._decide(REMOVE))()

    def _decide(self, decision: str) -> None:
        rows = self.table.chosen
        self.model.decide(rows, decision)
        self._go_on(rows)

    def _check(self) -> None:
        rows = self.table.chosen
        on = not all(self.model.row(k).checked for k in rows if not self.model.row(k).fixed)
        self.model.check(rows, on)
        if on:
            self._go_on(rows)

    def _replace(self) -> None:
        rows = [k for k in self.table.chosen if not self.model.row(k).fixed]
        if rows:
            self.model.together = rows
            current = self.table.currentIndex().row()
            self.table.edit(self.model.index(current if current in rows else rows[0], _BECOMES))

    def _go_on(self, rows: Sequence[int]) -> None:
        """From one text to the next that is left; a selection of many stays, so that more can be done with it."""
        if len(rows) == 1:
            following = self.model.next_left(rows[0])
            if following is not None:
                self._go_to(following)

    def _go_to(self, row: int) -> None:
        flags = QItemSelectionModel.SelectionFlag
        index = self.model.index(row, _TEXT)
        self.table.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.table.scrollTo(index)

    def _tell(self) -> None:
        total, left = len(self.model.all), self.model.left
        self.count.setText(
            f"{counted(left, 'text')} of {total:,} left to check" if left else f"All {counted(total, 'text')} checked"
        )
        self.save_button.setEnabled(left == 0)
        self.changed.emit()
