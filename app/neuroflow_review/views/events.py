"""Annotations, marks and proposed spikes in one list: search, filter, jump, rename."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any, Final, Literal, get_args

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QPersistentModelIndex, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPolygonF
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QStackedLayout,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from neuroflow.recording import Span
from neuroflow.review.document import LONGEST_TEXT
from neuroflow_review.paper import take_decision
from neuroflow_review.theme import LIGHT, RECONSTRUCTED, UNIT, Theme, colour, icon, ui_font
from neuroflow_review.wholerows import WholeRows
from neuroflow_review.wording import clock, day

EventKind = Literal["annotation", "mark", "scalp spike", "reconstructed spike"]
KINDS: Final[tuple[EventKind, ...]] = get_args(EventKind)

_FILTER_TEXT: Final[dict[EventKind, str]] = {
    "annotation": "Notes",
    "mark": "Marks",
    "scalp spike": "Spikes",
    "reconstructed spike": RECONSTRUCTED,
}
_FILTER_TIP: Final[dict[EventKind, str]] = {
    "annotation": "Show annotations of the file",
    "mark": "Show events that readers marked",
    "scalp spike": "Show spikes on the scalp, proposed and decided on",
    "reconstructed spike": "Show spikes proposed on the reconstruction: a machine's proposal on a reconstructed signal",
}
MEETING, STAR = "meeting", "★"
"""What finds events that are chosen for the meeting, and what they carry."""

_TIME, _TEXT, _CHANNEL, _SHARE = range(4)
_HEADINGS: Final = ("Time", "Event", "Where", "k/n")

_time_of: Final = attrgetter("time")

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class EventRow:
    """One line of the list; ``time`` in seconds. ``channel`` is without ``≈``.

    A reconstructed spike was found in ``count`` of ``samples`` samples; 0 of 0 where that does not apply. ``mark`` is
    the identifier of a reader's mark, empty for what is not one; ``decision`` what a reader decided on a spike; ``by``
    who; ``reconstructed`` says that a mark stands on a reconstructed signal; ``brief`` is written where ``text`` has no
    room.
    """

    time: float
    text: str
    kind: EventKind
    channel: str = ""
    count: int = 0
    samples: int = 0
    mark: str = ""
    decision: str = ""
    by: str = ""
    reconstructed: bool = False
    low: float = 0.0
    high: float = 0.0
    """Interval of the share of samples that hold a reconstructed spike, had more been drawn."""
    brief: str = ""
    meeting: bool = False
    """Whether it is to be shown in the meeting; a search for that word finds it."""
    _sought: str = field(default="", init=False, repr=False, compare=False)

    @property
    def sought(self) -> str:
        """What a search looks through, put together at the first."""
        if not self._sought:
            words = f"{self.text} {self.channel} {self.kind} {self.by}".casefold()
            object.__setattr__(self, "_sought", f"{words} {MEETING} {STAR}" if self.meeting else words)
        return self._sought

    @property
    def far(self) -> bool:
        """Whether it is of a reconstructed signal."""
        return self.reconstructed or self.kind == "reconstructed spike"

    @property
    def can_be_renamed(self) -> bool:
        return bool(self.mark) and not self.decision

    @property
    def where(self) -> str:
        return f"{RECONSTRUCTED}{self.channel}" if self.far else self.channel

    @property
    def share(self) -> str:
        return f"{self.count}/{self.samples}" if self.samples else ""


class EventModel(QAbstractTableModel):
    """Events in order of time, of which those that pass the search and the filter are rows."""

    renamed = Signal(str, str)
    """Identifier of a mark, and what it is to be called."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._all: list[EventRow] = []
        self._rows: list[EventRow] = []
        self._counts: Counter[EventKind] = Counter()
        self._start: datetime | None = None
        self._days = False
        self._search = ""
        self._kinds: frozenset[EventKind] = frozenset(KINDS)
        self._page = Span(0.0, 0.0)

    def set_events(self, events: Sequence[EventRow], start: datetime | None) -> None:
        self._all = sorted(events, key=_time_of)
        self._start = start
        self._counts = Counter(e.kind for e in self._all)
        self._days = bool(self._all) and day(self._all[-1].time, start) > 1
        self._refilter()

    def set_filter(self, search: str, kinds: frozenset[EventKind]) -> None:
        self._search, self._kinds = search.strip().casefold(), kinds
        self._refilter()

    def _refilter(self) -> None:
        self.beginResetModel()
        self._rows = [e for e in self._all if e.kind in self._kinds]
        for word in self._search.removeprefix(RECONSTRUCTED).split():
            if ":" in word:
                self._rows = [e for e in self._rows if word in e.sought or word in clock(e.time, self._start)]
            else:
                self._rows = [e for e in self._rows if word in e.sought]
        self.endResetModel()

    def set_page(self, page: Span) -> None:
        before = self.on_page()
        self._page = page
        for rows in (before, self.on_page()):
            if rows:
                self.dataChanged.emit(self.index(rows[0], 0), self.index(rows[-1], _SHARE))

    def on_page(self) -> range:
        """Rows whose time lies in the page."""
        first = bisect_left(self._rows, self._page.start, key=_time_of)
        return range(first, bisect_left(self._rows, self._page.stop, lo=first, key=_time_of))

    def row(self, row: int) -> EventRow:
        return self._rows[row]

    @property
    def rows(self) -> tuple[EventRow, ...]:
        return tuple(self._rows)

    @property
    def counts(self) -> Counter[EventKind]:
        """How many events there are of each kind, whatever the filter."""
        return self._counts

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(_HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return "Day · time" if section == _TIME and self._days else _HEADINGS[section]
        if role == Qt.ItemDataRole.ToolTipRole and section == _SHARE:
            return "In how many of how many samples the detector found this spike"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        renamed = index.isValid() and index.column() == _TEXT and self._rows[index.row()].can_be_renamed
        return flags | Qt.ItemFlag.ItemIsEditable if renamed else flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or not index.isValid():
            return False
        self.renamed.emit(self._rows[index.row()].mark, str(value))
        return True

    def row_of(self, mark: str) -> int | None:
        """The row of a mark, where it is shown."""
        return next((k for k, e in enumerate(self._rows) if e.mark == mark), None)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        event, column = self._rows[index.row()], index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return (self._when(event), event.text, event.where, event.share)[column]
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            where = f" at {event.where}" if event.where else ""
            between = f" (95 % interval {100 * event.low:.0f} to {100 * event.high:.0f} %)" if event.high else ""
            share = f", in {event.count} of {event.samples} samples{between}" if event.samples else ""
            who = f", by {event.by}" if event.by else ""
            meets = ", chosen for the meeting" if event.meeting else ""
            return f"{clock(event.time, None, decimals=3)} into the recording: {event.text}{where}{share}{who}{meets}"
        return None

    def _when(self, event: EventRow) -> str:
        text = clock(event.time, self._start)
        return f"{day(event.time, self._start)} · {text}" if self._days else text

    def in_page(self, row: int) -> bool:
        return self._page.start <= self._rows[row].time < self._page.stop


class _EventDelegate(QStyledItemDelegate):
    """Paints a mark of the event's kind, a tint on rows in the page, violet for what is reconstructed.

    ``left`` tells that an editor has gone.
    """

    left = Signal()

    look = LIGHT
    editing = False

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = super().createEditor(parent, option, index)
        editor.setAccessibleName("What happens here")
        if isinstance(editor, QLineEdit):
            editor.setMaxLength(LONGEST_TEXT)
        self.editing = True
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        # A row that is told to redraw would take the typed words back.
        if not (isinstance(editor, QLineEdit) and editor.isModified()):
            super().setEditorData(editor, index)

    def destroyEditor(self, editor: QWidget, index: Index) -> None:
        super().destroyEditor(editor, index)
        self.editing = False
        self.left.emit()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look, model = self.look, index.model()
        assert isinstance(model, EventModel)
        event = model.row(index.row())
        rect, state = QRectF(option.rect), option.state
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, colour(look.selection))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, colour(look.hover))
        elif model.in_page(index.row()):
            painter.fillRect(rect, colour(look.accent, 0.08))
        if model.in_page(index.row()) and index.column() == _TIME:
            painter.fillRect(QRectF(rect.left(), rect.top(), 3, rect.height()), colour(look.accent))
        painter.setClipRect(rect)
        painter.setFont(ui_font(-1))
        text, inner = str(index.data()), rect.adjusted(2 * UNIT, 0, -UNIT, 0)
        painter.setPen(colour(look.recon_line if event.far else look.ink))
        if index.column() == _TIME:
            painter.setPen(colour(look.muted))
        elif index.column() == _TEXT or not event.channel:
            # An event without a channel runs on into the columns that it leaves empty.
            inner = self._run_on(option, inner, alone=not event.channel)
            _draw_mark(painter, QPointF(inner.left() + 4, rect.center().y()), event, look)
            inner.adjust(4 * UNIT, 0, 0, 0)
            if event.meeting:
                painter.setPen(colour(look.accent))
                painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, STAR)
                inner.adjust(0, 0, -4 * UNIT, 0)
            text = words_for(event, inner.width())
            painter.setPen(colour(look.ink))
        elided = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, int(inner.width()))
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, elided)
        painter.restore()

    @staticmethod
    def _run_on(option: QStyleOptionViewItem, inner: QRectF, *, alone: bool) -> QRectF:
        table = option.widget
        if not alone or not isinstance(table, QTableView):
            return inner
        left = table.columnViewportPosition(_TEXT) + 2 * UNIT
        return QRectF(left, inner.top(), table.viewport().width() - UNIT - left, inner.height())


def words_for(event: EventRow, width: float) -> str:
    """What is written of an event in so many pixels."""
    if event.brief and QFontMetrics(ui_font(-1)).horizontalAdvance(event.text) > width:
        return event.brief
    return event.text


def _draw_mark(painter: QPainter, at: QPointF, event: EventRow, look: Theme) -> None:
    """A bar for an annotation or a mark, a triangle for a scalp spike, a violet-edged diamond for a reconstructed one.

    What was decided on a spike is its fill; one that was left open is hollow.
    """
    kind = event.kind
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    x, y = at.x(), at.y()
    if kind in ("annotation", "mark"):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(look.other if kind == "annotation" else look.recon_line if event.far else look.accent))
        painter.drawRoundedRect(QRectF(x - 1.5, y - 5, 3, 10), 1, 1)
        return
    take_decision(painter, look, event.decision, look.recon_line if kind == "reconstructed spike" else "")
    if kind == "reconstructed spike":
        painter.drawPolygon(QPolygonF([QPointF(x, y - 5), QPointF(x + 5, y), QPointF(x, y + 5), QPointF(x - 5, y)]))
    else:
        painter.drawPolygon(QPolygonF([QPointF(x - 5, y - 4), QPointF(x + 5, y - 4), QPointF(x, y + 5)]))


class EventPanel(QWidget):
    """The list of events, with search and a filter by kind."""

    jump_requested = Signal(float)
    """Time (seconds) of the event that was clicked or entered."""

    rename_requested = Signal(str, str)
    """Identifier of a mark, and what the reader calls it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._searched = ""
        self._look = LIGHT
        self._page = Span(0.0, 0.0)
        self._model = EventModel(self)
        self._delegate = _EventDelegate(self)
        self._waiting: tuple[Sequence[EventRow], datetime | None] | None = None
        self._to_rename = ""
        self._model.renamed.connect(self.rename_requested)
        self._delegate.left.connect(self._catch_up, Qt.ConnectionType.QueuedConnection)
        self.setAccessibleName("Events")

        self.search = QLineEdit(self)
        self.search.setPlaceholderText("Search text, channel or time")
        self.search.setAccessibleName("Search events")
        self.search.setToolTip("Words that the text, the channel or the clock time must hold")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._apply_filter)
        self.search.returnPressed.connect(self._jump_to_first)

        self._filters: dict[EventKind, QToolButton] = {}
        filters = QHBoxLayout()
        filters.setSpacing(UNIT)
        for kind in KINDS:
            button = QToolButton(self)
            button.setCheckable(True)
            button.setChecked(True)
            button.setAccessibleName(_FILTER_TIP[kind])
            button.setToolTip(_FILTER_TIP[kind])
            button.toggled.connect(self._apply_filter)
            self._filters[kind] = button
            filters.addWidget(button)
        filters.addStretch()

        self.table = self._make_table()
        self._empty = QLabel(self)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self._empty.setContentsMargins(4 * UNIT, 8 * UNIT, 4 * UNIT, 0)
        self._empty.setWordWrap(True)
        self._empty.setProperty("role", "muted")
        self._stack = QStackedLayout()
        self._whole = WholeRows(self.table)
        self._stack.addWidget(self._whole)
        self._stack.addWidget(self._empty)
        self._count = QLabel(self)
        self._count.setProperty("role", "muted")
        self._count.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # never widens the panel

        top = QVBoxLayout()
        top.setContentsMargins(2 * UNIT, 2 * UNIT, 2 * UNIT, 0)
        top.setSpacing(UNIT)
        top.addWidget(self.search)
        top.addLayout(filters)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(UNIT)
        outer.addLayout(top)
        outer.addLayout(self._stack, 1)
        self._count.setContentsMargins(3 * UNIT, UNIT, 3 * UNIT, 2 * UNIT)
        outer.addWidget(self._count)
        self.set_theme(LIGHT)
        self._say()

    def _make_table(self) -> QTableView:
        table = QTableView(self)
        table.setModel(self._model)
        table.setItemDelegate(self._delegate)
        table.setAccessibleName("List of events")
        table.setMinimumHeight(12 * UNIT)  # the heading and a line
        table.setShowGrid(False)
        table.setMouseTracking(True)
        table.setWordWrap(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setTabKeyNavigation(False)
        table.setCornerButtonEnabled(False)
        rows, columns = table.verticalHeader(), table.horizontalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        columns.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        columns.setSectionResizeMode(_TEXT, QHeaderView.ResizeMode.Stretch)
        columns.setHighlightSections(False)
        columns.setSectionsClickable(False)
        table.clicked.connect(self._jump)
        table.activated.connect(self._jump)
        return table

    # What is shown ----------------------------------------------------------------------------------------------------

    def set_events(self, events: Sequence[EventRow], start: datetime | None = None) -> None:
        """All events, in any order; times are written as clock time where the recording's ``start`` is known.

        While the reader types a name they wait: a list that is filled anew would throw the words away.
        """
        if self._delegate.editing:
            self._waiting = (events, start)
            return
        kept = self.selected_mark
        self._model.set_events(events, start)
        self._fit_columns()
        self._say()
        if self._to_rename:
            self._edit(self._to_rename)
            self._to_rename = ""  # what search or filter hides is not named later, when nobody expects it
        elif kept:
            self._select(kept)

    @property
    def selected_mark(self) -> str:
        """Identifier of the reader's mark that is selected in the list; empty for none."""
        index = self.table.currentIndex()
        return self._model.row(index.row()).mark if index.isValid() else ""

    def start_rename(self, mark: str) -> None:
        """Let the reader type what a mark is called, now or as soon as it is in the list."""
        self._to_rename = mark
        if not self._delegate.editing:
            self._edit(mark)

    def _edit(self, mark: str) -> None:
        row = self._select(mark)
        if row is not None and self.isVisible():
            self._to_rename = ""
            self.table.setFocus()
            self.table.edit(self._model.index(row, _TEXT))

    def _select(self, mark: str) -> int | None:
        row = self._model.row_of(mark)
        if row is not None:
            self.table.setCurrentIndex(self._model.index(row, _TEXT))
        return row

    def _catch_up(self) -> None:
        if self._waiting is not None:
            (events, start), self._waiting = self._waiting, None
            self.set_events(events, start)

    def set_searched(self, seconds: float, duration: float) -> None:
        """In how much of the recording spikes were looked for: the list does not know of others."""
        left = seconds > 0 and duration - seconds > 1.0
        self._searched = f"spikes sought in {max(100 * seconds / duration, 1):.0f} %" if left else ""
        self._count.setToolTip("Spikes are proposed on the minutes that were looked at; S seeks on" if left else "")
        self._say()

    def set_page(self, page: Span) -> None:
        """The page on screen: its events are tinted, and scrolled to unless the reader is in the list."""
        self._page = page
        self._model.set_page(page)
        rows = self._model.on_page()
        if rows and not self.table.hasFocus():
            self.table.scrollTo(self._model.index(rows[-1], 0))
            self.table.scrollTo(self._model.index(rows[0], 0))
        self._say()

    def set_theme(self, look: Theme) -> None:
        self._look = look
        self._delegate.look = look
        for action in self.search.actions():
            if action.objectName() == "glass":
                self.search.removeAction(action)
        glass = self.search.addAction(
            icon("magnifying-glass", look, token="muted"), QLineEdit.ActionPosition.LeadingPosition
        )
        glass.setObjectName("glass")
        self._fit_columns()
        self.table.viewport().update()

    def focus_search(self) -> None:
        """Put the keyboard into the search field."""
        self.search.setFocus()
        self.search.selectAll()

    @property
    def shown(self) -> int:
        """Number of events that pass search and filter."""
        return self._model.rowCount()

    @property
    def rows(self) -> tuple[EventRow, ...]:
        """The events that pass search and filter, in order of time."""
        return self._model.rows

    def _fit_columns(self) -> None:
        metrics, header = QFontMetrics(ui_font(-1)), self.table.horizontalHeader()
        for button in self._filters.values():
            button.setFont(ui_font(-1))
        header.setFont(ui_font(-1))
        self._count.setFont(ui_font(-1))
        sample = self._model.index(self._model.rowCount() - 1, _TIME).data() if self._model.rowCount() else ""
        wide = max(len(str(sample)), 8)
        counts = self._model.counts
        self.table.verticalHeader().setDefaultSectionSize(metrics.height() + 2 * UNIT + 2)
        header.resizeSection(_TIME, metrics.horizontalAdvance("0" * wide) + 3 * UNIT)
        header.resizeSection(_CHANNEL, metrics.horizontalAdvance(f"{RECONSTRUCTED}AHL8") + 4 * UNIT)
        header.resizeSection(_SHARE, metrics.horizontalAdvance("39/39") + 4 * UNIT)
        self._whole.fit()
        self.table.setColumnHidden(_SHARE, not counts["reconstructed spike"])
        self.table.setColumnHidden(_CHANNEL, not any(counts[kind] for kind in KINDS[1:]))

    def _say(self) -> None:
        counts = self._model.counts
        shown, total = self._model.rowCount(), counts.total()
        for kind, button in self._filters.items():
            button.setText(f"{_FILTER_TEXT[kind]} {counts[kind]:,}")
            button.setVisible(bool(counts[kind]))
        here = len(self._model.on_page())
        parts = [f"{shown:,} of {total:,}" if shown != total else f"{total:,} event{'' if total == 1 else 's'}"]
        parts += [f"{here:,} {'here' if self._searched else 'on this page'}"] if self._page.duration else []
        parts += [self._searched] if self._searched else []
        self._count.setText(" · ".join(parts) if total else self._searched)
        if not total:
            self._empty.setText("No events yet.\n\nPress E to mark one at the cursor.")
        elif not shown:
            sought = self.search.text().strip()
            self._empty.setText(f"No event matches “{sought}”." if sought else "Every kind of event is switched off.")
        self._stack.setCurrentWidget(self._whole if shown else self._empty)

    # Intents ----------------------------------------------------------------------------------------------------------

    def _apply_filter(self) -> None:
        kinds = frozenset(kind for kind, button in self._filters.items() if button.isChecked())
        self._model.set_filter(self.search.text(), kinds)
        self._say()

    def _jump(self, index: QModelIndex) -> None:
        if index.isValid() and not self._delegate.editing:
            self.jump_requested.emit(self._model.row(index.row()).time)

    def _jump_to_first(self) -> None:
        if self._model.rowCount():
            self.table.selectRow(0)
            self._jump(self._model.index(0, 0))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.ApplicationFontChange) and hasattr(self, "table"):
            self._fit_columns()
        super().changeEvent(event)
