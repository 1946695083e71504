"""Say what channels are: a table of what the file calls each, what that was recognised as, and what the reader says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QComboBox,
    QCompleter,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from neuroflow.anatomy.electrodes import SITES, recognise
from neuroflow.anatomy.mapping import (
    LONGEST_NAME,
    Assignment,
    ChannelKey,
    MappedSource,
    is_unrecognised,
    keys_of,
    may_be_mapped,
    problem_with,
    says,
)
from neuroflow.recording import Channel, ChannelKind
from neuroflow_review.dialogs.parts import button, column, counted, look_of, said, set_role
from neuroflow_review.theme import UNIT, colour, ui_font
from neuroflow_review.wholerows import WholeRows

LABEL, UNIT_OF, RATE, SEEN, NAME, KIND, REFERENCE = range(7)
_HEADINGS: Final = ("In the file", "Unit", "Rate", "Recognised as", "Name", "Kind", "Reference")
_TIPS: Final = (
    "What the file calls the channel",
    "The physical dimension that the file gives",
    "Samples a second",
    "What the label says by itself",
    "Electrode (Fp1, T3, A1 …) or another name; Enter goes on to the next, and names can be pasted",
    "What the channel records",
    "What an EEG channel was recorded against, where that is known",
)
_WIDTHS: Final = (36, 14, 17, 40, 28, 24, 22)  # in units of the grid
_REFERENCES: Final = ("", "Ref", "A1A2", "A1", "A2", "Cz", "Av")

Index = QModelIndex | QPersistentModelIndex
Display = Qt.ItemDataRole


@dataclass(frozen=True, slots=True)
class Said:
    """A channel as the table has it: what the file says, and what the reader does."""

    key: ChannelKey
    channel: Channel
    name: str
    kind: ChannelKind
    reference: str

    @property
    def open(self) -> bool:
        """Whether it may be said what this is."""
        return may_be_mapped(self.channel)

    @property
    def changed(self) -> bool:
        channel = self.channel
        return (self.name, self.kind, self.reference) != (channel.name, channel.kind, channel.reference)

    def read(self) -> Assignment:
        """Raises: ValueError, with a sentence."""
        problem = problem_with(self.channel, self.kind)
        if problem:
            raise ValueError(problem)
        return Assignment(self.name, self.kind, self.reference)

    def problem(self) -> str:
        """Why it cannot be what was said, or empty."""
        if not self.open or not self.changed:
            return ""
        try:
            self.read()
        except ValueError as error:
            return str(error)
        return ""


class ChannelModel(QAbstractTableModel):
    """Channels, those that nobody knows first."""

    edited = Signal()

    def __init__(self, source: MappedSource, parent: QWidget) -> None:
        super().__init__(parent)
        self._widget = parent
        before, after = source.inner.recording.channels, source.recording.channels
        rows = []
        for key, channel, now in zip(keys_of(before), before, after, strict=True):
            kept = now.name in source.by_hand
            rows.append(
                Said(
                    key,
                    channel,
                    now.name if kept else channel.name,
                    now.kind if kept else channel.kind,
                    now.reference if kept else channel.reference,
                )
            )
        self.rows: tuple[Said, ...] = tuple(sorted(rows, key=lambda row: not is_unrecognised(row.channel)))

    def put(self, rows: Sequence[Said]) -> None:
        self.rows = tuple(rows)
        self.dataChanged.emit(self.index(0, 0), self.index(max(len(rows) - 1, 0), REFERENCE))
        self.edited.emit()

    def take_back(self) -> None:
        """Say nothing of any channel."""
        self.put([Said(r.key, r.channel, r.channel.name, r.channel.kind, r.channel.reference) for r in self.rows])

    def paste(self, at: int, names: Sequence[str]) -> int:
        """Names for channels one below the other; how many there was room for."""
        rows = list(self.rows)
        used = 0
        for name, k in zip(names, range(at, len(rows)), strict=False):
            if rows[k].open:
                rows[k] = named(rows[k], name)
            used += 1
        self.put(rows)
        return used

    def twice(self) -> tuple[str, ...]:
        """Electrodes that two channels are said to be."""
        sites = Counter(row.name for row in self.rows if row.kind is ChannelKind.EEG and row.name in SITES)
        return tuple(site for site, count in sites.items() if count > 1)

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(_HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Display.DisplayRole) -> Any:
        if orientation is Qt.Orientation.Horizontal:
            if role == Display.DisplayRole:
                return _HEADINGS[section]
            if role == Display.ToolTipRole:
                return _TIPS[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        typed = index.isValid() and index.column() >= NAME and self.rows[index.row()].open
        return flags | Qt.ItemFlag.ItemIsEditable if typed else flags

    def setData(self, index: Index, value: Any, role: int = Display.EditRole) -> bool:
        if role != Display.EditRole or not index.isValid():
            return False
        rows, row = list(self.rows), self.rows[index.row()]
        text = " ".join(str(value).split())
        if index.column() == NAME:
            row = named(row, text) if text else row
        elif index.column() == KIND:
            row = replace(row, kind=ChannelKind(text))
        else:
            row = replace(row, reference=text)
        rows[index.row()] = row
        self.put(rows)
        return True

    def data(self, index: Index, role: int = Display.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self.rows[index.row()], index.column()
        if role in (Display.DisplayRole, Display.EditRole, Display.AccessibleTextRole):
            return self._words(row, column)
        if role == Display.FontRole:
            return ui_font(bold=row.changed and row.open and column >= NAME)
        if role == Display.ForegroundRole:
            return colour(self._ink(row, column))
        if role == Display.ToolTipRole:
            return row.problem() or (_TIPS[column] if row.open else _why_not(row.channel))
        return None

    def _words(self, row: Said, column: int) -> str:
        channel = row.channel
        seen = "not recognised" if is_unrecognised(channel) else f"{channel.name} · {channel.kind.value}"
        return (
            channel.label, channel.dimension or "none", f"{channel.rate:g} Hz", seen, row.name, row.kind.value,
            row.reference,
        )[column]  # fmt: skip

    def _ink(self, row: Said, column: int) -> str:
        look = look_of(self._widget)
        if row.problem() and column >= NAME:
            return look.warning
        if column == SEEN and is_unrecognised(row.channel):
            return look.muted if row.changed else look.warning
        return look.muted if column in (UNIT_OF, RATE, SEEN) or not row.open else look.ink


def named(row: Said, name: str) -> Said:
    """A channel with a name that a reader typed: ``fp1-a1`` is Fp1 against A1, and ``EKG`` is ECG."""
    read = recognise(name)
    if read.site is not None:
        return replace(row, name=read.name, kind=read.kind, reference=read.reference or row.reference)
    kind = row.kind if read.kind in (ChannelKind.OTHER, ChannelKind.IEEG) else read.kind
    return replace(row, name=name[:LONGEST_NAME], kind=kind)


def _why_not(channel: Channel) -> str:
    if channel.physical_min == channel.physical_max:
        return "Its values have no scale: it is shown as it is, and nothing is made of it"
    return "What was reconstructed stays what it is"


class _Delegate(QStyledItemDelegate):
    """Editors with the field's own words to choose from; Return goes on to the channel below."""

    returned = False

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        self.returned = False
        if index.column() == KIND:
            box = QComboBox(parent)
            box.addItems([kind.value for kind in ChannelKind])
            box.setAccessibleName(_HEADINGS[KIND])
            box.activated.connect(partial(self._on_chosen, box))
            QTimer.singleShot(0, box, box.showPopup)
            return box
        editor = super().createEditor(parent, option, index)
        editor.setAccessibleName(_HEADINGS[index.column()])
        if isinstance(editor, QLineEdit):
            editor.setMaxLength(LONGEST_NAME)
            editor.setStyleSheet("QLineEdit { min-height: 0; border-radius: 0; padding: 0 4px; }")
            # In order, so that what was typed whole comes before what only begins with it: A1 before A1A2.
            words = sorted(SITES if index.column() == NAME else _REFERENCES[1:])
            completer = QCompleter(words, editor)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            completer.setCompletionMode(QCompleter.CompletionMode.InlineCompletion)
            editor.setCompleter(completer)
        return editor

    def _on_chosen(self, box: QComboBox, _: int) -> None:
        self.commitData.emit(box)
        self.closeEditor.emit(box)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        option.rect = option.rect.adjusted(UNIT + 1, 0, 0, 0)  # under the headings
        super().paint(painter, option, index)

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if isinstance(editor, QComboBox):
            editor.setCurrentText(str(index.data()))
        else:
            super().setEditorData(editor, index)

    def setModelData(self, editor: QWidget, model: Any, index: Index) -> None:
        text = editor.currentText() if isinstance(editor, QComboBox) else None
        if text is not None:
            model.setData(index, text)
        else:
            super().setModelData(editor, model, index)

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            self.returned = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        return super().eventFilter(editor, event)


class _Table(QTableView):
    """Typing begins an edit, Return ends it and goes on below."""

    def __init__(self, model: ChannelModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.channels = model
        self._delegate = _Delegate(self)
        self.setModel(model)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName("Channels of the recording")
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(
            triggers.DoubleClicked | triggers.SelectedClicked | triggers.EditKeyPressed | triggers.AnyKeyPressed
        )
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 2 * UNIT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for k, wide in enumerate(_WIDTHS):
            header.resizeSection(k, wide * UNIT)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        editing = self.state() == QAbstractItemView.State.EditingState
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            index = self.currentIndex()
            if not editing and index.flags() & Qt.ItemFlag.ItemIsEditable:
                self.edit(index)
        elif event.matches(QKeySequence.StandardKey.Paste):
            names = [name.strip() for name in QGuiApplication.clipboard().text().splitlines() if name.strip()]
            if names and self.currentIndex().isValid():
                self.channels.paste(self.currentIndex().row(), names)
        else:
            super().keyPressEvent(event)

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        super().closeEditor(editor, hint)
        index = self.currentIndex()
        if self._delegate.returned and index.isValid():
            self._delegate.returned = False
            self.setCurrentIndex(index.siblingAtRow(min(index.row() + 1, self.channels.rowCount() - 1)))


class ChannelsDialog(QDialog):
    """``said`` is what the reader said once accepted: of what he changed, and of what nobody knew."""

    def __init__(self, source: MappedSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Channels")
        self.setMinimumSize(QSize(720, 400))
        self.resize(QSize(880, 680))
        self._taken_back = False
        self.model = ChannelModel(source, self)
        self.table = _Table(self.model, self)
        self.words = said(
            "Say what channels are where the file does not. It is remembered for recordings with the same labels, and "
            "heeded for labels of others that say nothing; the file itself is never changed."
        )
        self.note = said(role="muted")
        self.note.setMinimumHeight(2 * self.note.fontMetrics().lineSpacing())
        self.back = button("&Take back", "Back to what the labels say, and forget what was said of them (Alt+T)")
        self.back.clicked.connect(self._on_take_back)
        self.cancel = button("Cancel", "Leave the channels as they were (Esc)")
        self.cancel.clicked.connect(self.reject)
        self.use = button("&Use", "Show the recording so, and remember it (Alt+U)", default=True)
        self.use.clicked.connect(self.accept)
        bottom = QHBoxLayout()
        bottom.setSpacing(2 * UNIT)
        bottom.addWidget(self.back)
        bottom.addWidget(self.note, 1)
        bottom.addWidget(self.cancel)
        bottom.addWidget(self.use)
        outer = column(self)
        outer.addWidget(self.words)
        outer.addWidget(WholeRows(self.table), 1)
        outer.addLayout(bottom)
        self.model.edited.connect(self._on_edited)
        self.table.setCurrentIndex(self.model.index(0, NAME))
        self.table.setFocus()
        self._describe()

    @property
    def said(self) -> dict[ChannelKey, Assignment]:
        """Empty where everything was taken back. Raises: ValueError where something cannot be."""
        if self._taken_back:
            return {}
        return {row.key: row.read() for row in self.model.rows if row.open and (row.changed or _open(row))}

    def accept(self) -> None:
        if not self._problem():
            super().accept()

    def _on_take_back(self) -> None:
        self.model.take_back()
        self._taken_back = True

    def _on_edited(self) -> None:
        self._taken_back = False
        self._describe()

    def _problem(self) -> str:
        return next((row.problem() for row in self.model.rows if row.problem()), "")

    def _describe(self) -> None:
        problem = self._problem()
        twice = self.model.twice()
        unknown = sum(is_unrecognised(row.channel) and not row.changed for row in self.model.rows)
        changed = sum(row.changed and row.open for row in self.model.rows)
        if problem:
            text = problem
        elif twice:
            text = f"{twice[0]} stands for two channels: what you say of it counts, else the first of them."
        else:
            parts = [f"{counted(unknown, 'channel is', 'channels are')} not recognised"] if unknown else []
            parts += [f"{counted(changed, 'channel')} mapped by hand"] if changed else []
            text = f"{' · '.join(parts) or 'Every channel is recognised'}."
        self.note.setText(text)
        set_role(self.note, "warning" if problem or twice else "muted")
        self.use.setEnabled(not problem)


def _open(row: Said) -> bool:
    """A channel that nobody knew and the reader left so: from now on that is known, and not said again."""
    if not is_unrecognised(row.channel):
        return False
    try:
        return says(row.channel, row.read())
    except ValueError:
        return False  # its label is no name that can be kept
