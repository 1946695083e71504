"""The rows of a montage that is being edited: typed, moved, taken away and undone, and checked as they stand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from neuroflow.signal.derivation import (
    LONGEST_TEXT,
    MOST_ROWS,
    Derivation,
    expanded,
    lacking,
    parse_derivation,
)
from neuroflow.signal.montage import MontageChannel
from neuroflow_review.dialogs.parts import look_of
from neuroflow_review.theme import UNIT, colour, hairline, ui_font

TEXT, LABEL, HERE = range(3)
_HEADINGS: Final = ("Derivation", "Label", "Here")
_TIPS: Final = (
    "Fp1-F7 · a chain Fp1-F7-T3 · Cz as recorded · T3-avg · T3-ears · C3 - 0.5 F3 - 0.5 P3",
    "What stands beside the trace; made of the derivation where it is empty",
    "Whether this recording has what the row needs",
)
_GAP: Final = 3 * UNIT
_EMPTY: Final = "Type Fp1-F7, or a chain"
_MOST_STEPS: Final = 200

Index = QModelIndex | QPersistentModelIndex
Display = Qt.ItemDataRole


@dataclass(frozen=True, slots=True)
class Line:
    """A row as it was typed; what is wrong with it is said beside it."""

    text: str
    label: str = ""
    gap: bool = False

    def read(self) -> Derivation:
        """Raises: ValueError, with a sentence."""
        return parse_derivation(self.text, label=self.label, gap=self.gap)

    def problem(self) -> str:
        """Why it is no row, or empty."""
        try:
            self.read()
        except ValueError as error:
            return str(error)
        return ""


def lines_of(rows: Sequence[Derivation]) -> tuple[Line, ...]:
    """Rows as they are typed."""
    return tuple(Line(row.text, row.label, row.gap) for row in rows)


class Steps:
    """What the rows were before each edit, for undo and redo."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._kept = [tuple(lines)]
        self._at = 0

    @property
    def lines(self) -> tuple[Line, ...]:
        return self._kept[self._at]

    @property
    def can_undo(self) -> bool:
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        return self._at < len(self._kept) - 1

    def do(self, lines: Sequence[Line]) -> None:
        if tuple(lines) != self.lines:
            self._kept[self._at + 1 :] = [tuple(lines)]
            del self._kept[:-_MOST_STEPS]
            self._at = len(self._kept) - 1

    def after(self, by: int) -> tuple[Line, ...]:
        """The rows so many steps on, or back."""
        return self._kept[min(max(self._at + by, 0), len(self._kept) - 1)]

    def step(self, by: int) -> None:
        self._at = min(max(self._at + by, 0), len(self._kept) - 1)


class MontageModel(QAbstractTableModel):
    """Rows of a montage, and an empty one at the end in which the next is typed."""

    edited = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._steps = Steps(())
        self._blank: int | None = None
        self._channels: Sequence[MontageChannel] | None = None
        self._widget = parent
        self.entered = 1
        """How many rows what was typed last has made."""

    def set_steps(self, steps: Steps) -> None:
        """Another montage, with what can be undone of it."""
        self.beginResetModel()
        self._steps, self._blank = steps, None
        self.endResetModel()
        self.edited.emit()

    def set_channels(self, channels: Sequence[MontageChannel] | None) -> None:
        """Those of the recording that rows are checked against; None without one."""
        self._channels = channels

    @property
    def lines(self) -> tuple[Line, ...]:
        return self._steps.lines

    @property
    def steps(self) -> Steps:
        return self._steps

    def line(self, row: int) -> Line | None:
        """The line of a row of the table, None in one that is empty."""
        if self._blank is not None:
            if row == self._blank:
                return None
            row -= row > self._blank
        return self.lines[row] if 0 <= row < len(self.lines) else None

    def lacks(self, line: Line) -> tuple[str, ...]:
        """Which electrodes of a sound row this recording has not."""
        return lacking(line.read(), self._channels) if self._channels is not None else ()

    # Edits ------------------------------------------------------------------------------------------------------------

    def put(self, lines: Sequence[Line]) -> None:
        """Other rows, which undo takes back."""
        kept = tuple(lines)[:MOST_ROWS]
        self._become(len(kept), None, lambda: self._steps.do(kept))
        self.edited.emit()

    def step(self, by: int) -> None:
        """Undo (-1) or redo (1)."""
        self._become(len(self._steps.after(by)), None, lambda: self._steps.step(by))
        self.edited.emit()

    def open_blank(self, row: int) -> None:
        """An empty row in between, to type into; it goes where nothing is typed."""
        self._become(len(self.lines), row, lambda: None)

    def close_blank(self) -> None:
        if self._blank is not None:
            self._become(len(self.lines), None, lambda: None)

    def _become(self, lines: int, blank: int | None, act: Callable[[], None]) -> None:
        """Rows come and go at the end, whichever they are, so that the one in which something is typed stays."""
        before, after = self.rowCount(), lines + 1 + (blank is not None)
        if after > before:
            self.beginInsertRows(QModelIndex(), before, after - 1)
        elif after < before:
            self.beginRemoveRows(QModelIndex(), after, before - 1)
        act()
        self._blank = blank
        if after > before:
            self.endInsertRows()
        elif after < before:
            self.endRemoveRows()
        self.dataChanged.emit(self.index(0, 0), self.index(after - 1, HERE))

    def insert(self, at: int, texts: Sequence[str]) -> int:
        """Put what was typed or pasted before a row; how many rows it has made."""
        made = [Line(_plain(one)) for text in texts for one in expanded(text[:LONGEST_TEXT])]
        lines = list(self.lines)
        lines[at:at] = made
        self.put(lines)
        return len(made)

    def remove(self, rows: Collection[int]) -> None:
        self.put([line for k, line in enumerate(self.lines) if k not in set(rows)])

    def move(self, rows: Sequence[int], by: int) -> tuple[int, ...]:
        """Move rows up or down by one as far as there is room; where they are then."""
        lines, moved = list(self.lines), sorted(row for row in rows if row < len(self.lines))
        if not moved or moved[0] + by < 0 or moved[-1] + by >= len(lines):
            return tuple(moved)
        for row in moved if by < 0 else reversed(moved):
            lines[row], lines[row + by] = lines[row + by], lines[row]
        self.put(lines)
        return tuple(row + by for row in moved)

    def turn_gap(self, rows: Collection[int]) -> None:
        """Put a gap above rows, or take it away."""
        self.put([replace(line, gap=not line.gap) if k in set(rows) else line for k, line in enumerate(self.lines)])

    def setData(self, index: Index, value: Any, role: int = Display.EditRole) -> bool:
        if role != Display.EditRole or not index.isValid():
            return False
        text, row = " ".join(str(value).split()), index.row()
        line = self.line(row)
        self.entered = 1
        if line is None:
            if index.column() != TEXT or not text:
                return False
            self.entered = self.insert(row, [text])
            return True
        lines = list(self.lines)
        if index.column() == LABEL:
            lines[row] = replace(line, label=text)
        elif not text:
            del lines[row]
            self.entered = 0
        else:
            made = [Line(_plain(one)) for one in expanded(text)]
            made[0] = replace(made[0], gap=line.gap, label=line.label if len(made) == 1 else "")
            lines[row : row + 1] = made
            self.entered = len(made)
        self.put(lines)
        return True

    # What the table shows ---------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index | None = None) -> int:
        if parent is not None and parent.isValid():
            return 0
        return len(self.lines) + 1 + (self._blank is not None)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(_HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Display.DisplayRole) -> Any:
        if orientation is Qt.Orientation.Horizontal:
            if role == Display.DisplayRole:
                return _HEADINGS[section]
            if role == Display.ToolTipRole:
                return _TIPS[section]
            if role == Display.TextAlignmentRole:
                return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        typed = index.column() == TEXT or (index.column() == LABEL and self.line(index.row()) is not None)
        return flags | Qt.ItemFlag.ItemIsEditable if typed else flags

    def data(self, index: Index, role: int = Display.DisplayRole) -> Any:
        if not index.isValid():
            return None
        line, column = self.line(index.row()), index.column()
        if role == Display.EditRole:
            return "" if line is None else (line.text, line.label, "")[column]
        if role in (Display.DisplayRole, Display.AccessibleTextRole):
            return (_EMPTY if column == TEXT else "") if line is None else self._words(line, column)
        if role == Display.ForegroundRole:
            return colour(self._ink(line, column))
        if role == Display.ToolTipRole:
            return _TIPS[column] if line is None or column != HERE else self._why(line)
        return None

    def _words(self, line: Line, column: int) -> str:
        if column == TEXT:
            return line.text
        problem = line.problem()
        if column == LABEL:
            return line.label if problem or line.label else line.read().shown()
        if problem:
            return problem
        lacks = self.lacks(line)
        if lacks:
            return f"lacks {', '.join(lacks)}"
        read = line.read()
        if not read.cancels:
            return f"sums to {sum(weight for _, weight in read.terms):.3g}"
        return "✓" if self._channels is not None else ""

    def _why(self, line: Line) -> str:
        if line.problem() or self.lacks(line):
            return self._words(line, HERE)
        if not line.read().cancels:
            return "What all electrodes have in common is seen in this row, since its weights do not add up to 0"
        return "This recording has what the row needs" if self._channels is not None else "No recording is open"

    def _ink(self, line: Line | None, column: int) -> str:
        look = look_of(self._widget)
        if line is None:
            return look.muted
        if line.problem():
            return look.warning if column != LABEL else look.muted
        if column == HERE:
            good = not self.lacks(line) and line.read().cancels
            return look.muted if good or self.lacks(line) else look.warning
        side = look.side(line.read().side)
        return look.muted if self.lacks(line) else side if column == LABEL else look.ink


def _plain(text: str) -> str:
    """What was typed, in the field's spelling where it is a derivation."""
    try:
        return parse_derivation(text).text
    except ValueError:
        return text


class _Delegate(QStyledItemDelegate):
    """Draws the gap above a row as the page does; Return goes on to the next row."""

    def __init__(self, table: MontageTable) -> None:
        super().__init__(table)
        self._table = table
        self.returned = False

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = super().createEditor(parent, option, index)
        editor.setAccessibleName(_HEADINGS[index.column()])
        if isinstance(editor, QLineEdit):
            editor.setMaxLength(LONGEST_TEXT)
            editor.setStyleSheet("QLineEdit { min-height: 0; border-radius: 0; padding: 0 4px; }")
        self.returned = False
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        editor.setGeometry(self._inside(option.rect, index))

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            self.returned = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        return super().eventFilter(editor, event)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        inside = self._inside(option.rect, index)
        if inside.top() > option.rect.top():
            painter.setPen(hairline(look_of(self._table).border))
            y = option.rect.top() + _GAP // 2
            painter.drawLine(option.rect.left(), y, option.rect.right(), y)
        option.rect = inside.adjusted(UNIT + 1, 0, 0, 0)  # under the headings
        super().paint(painter, option, index)

    def _inside(self, rect: QRect, index: Index) -> QRect:
        line = self._table.montage.line(index.row())
        return rect.adjusted(0, _GAP if line is not None and line.gap and index.row() else 0, 0, 0)


class MontageTable(QTableView):
    """Typing begins an edit, Return ends it and goes on, Delete takes rows away, Alt with arrows moves them."""

    chosen = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.montage = MontageModel(self)
        self._delegate = _Delegate(self)
        self.setModel(self.montage)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName("Rows of the montage")
        self.setFont(ui_font())
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed | triggers.AnyKeyPressed)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.horizontalHeader().resizeSection(TEXT, 42 * UNIT)
        self.horizontalHeader().resizeSection(LABEL, 26 * UNIT)
        self.montage.modelReset.connect(self._set_heights)
        self.montage.dataChanged.connect(self._set_heights)
        self.selectionModel().selectionChanged.connect(lambda *_: self.chosen.emit())

    @property
    def rows(self) -> tuple[int, ...]:
        """Numbers of the chosen rows, without the empty one."""
        chosen = sorted({index.row() for index in self.selectionModel().selectedIndexes()})
        return tuple(row for row in chosen if self.montage.line(row) is not None)

    def choose(self, rows: Sequence[int], column: int = TEXT) -> None:
        """Choose rows, and stand on the first of them."""
        last = self.montage.rowCount() - 1
        flags = QItemSelectionModel.SelectionFlag
        model = self.selectionModel()
        first = self.montage.index(min(rows[0] if rows else last, last), column)
        model.setCurrentIndex(first, flags.ClearAndSelect | flags.Rows)
        for row in rows[1:]:
            model.select(self.montage.index(min(row, last), column), flags.Select | flags.Rows)
        self.scrollTo(first)

    # What buttons and keys do -----------------------------------------------------------------------------------------

    def add(self) -> None:
        """Type a row above the one that is chosen, or at the end."""
        row = self.currentIndex().row()
        if 0 <= row < len(self.montage.lines):
            self.montage.open_blank(row)
        else:
            row = len(self.montage.lines)
        self.choose((row,))
        self.setFocus()
        self.edit(self.montage.index(row, TEXT))

    def remove(self) -> None:
        rows = self.rows
        if rows:
            self.montage.remove(rows)
            self.choose((rows[0],))

    def move_by(self, by: int) -> None:
        rows = self.rows
        if rows:
            self.choose(self.montage.move(rows, by))

    def turn_gap(self) -> None:
        rows = self.rows[:1]
        if rows:
            self.montage.turn_gap(rows)
            self.choose(rows)

    def step(self, by: int) -> None:
        """Undo or redo an edit."""
        rows = self.rows
        self.montage.step(by)
        self.choose(rows[:1])

    def paste(self) -> None:
        texts = [line.strip() for line in QGuiApplication.clipboard().text().splitlines()[:MOST_ROWS] if line.strip()]
        if texts:
            row = self.currentIndex().row()
            at = row if 0 <= row <= len(self.montage.lines) else len(self.montage.lines)
            self.choose(tuple(range(at, at + self.montage.insert(at, texts))))

    def copy(self) -> None:
        texts = [line.text for row in self.rows if (line := self.montage.line(row)) is not None]
        if texts:
            QGuiApplication.clipboard().setText("\n".join(texts))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        alt = event.modifiers() == Qt.KeyboardModifier.AltModifier
        control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove()
        elif alt and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.move_by(-1 if event.key() == Qt.Key.Key_Up else 1)
        elif control and event.key() == Qt.Key.Key_G:
            self.turn_gap()
        elif event.key() == Qt.Key.Key_Insert:
            self.add()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            # Of an editor, which ends itself; never the dialog's default button's.
            if self.state() != QAbstractItemView.State.EditingState and self.currentIndex().column() != HERE:
                self.edit(self.currentIndex())
        elif event.matches(QKeySequence.StandardKey.Paste):
            self.paste()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.matches(QKeySequence.StandardKey.Undo):
            self.step(-1)
        elif event.matches(QKeySequence.StandardKey.Redo):
            self.step(1)
        else:
            super().keyPressEvent(event)

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        row, column = self.currentIndex().row(), self.currentIndex().column()
        super().closeEditor(editor, hint)
        self.montage.close_blank()
        if self._delegate.returned:
            self._delegate.returned = False
            self.choose((row + self.montage.entered,), column)
        elif not self.currentIndex().isValid():
            self.choose((row,), column)

    def _set_heights(self) -> None:
        plain = self.fontMetrics().height() + 2 * UNIT
        for row in range(self.montage.rowCount()):
            line = self.montage.line(row)
            self.verticalHeader().resizeSection(row, plain + (_GAP if line is not None and line.gap and row else 0))
