"""All keys on one sheet, in columns, with a search."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from neuroflow_review.dialogs.parts import MARGIN, button, column, look_of, said
from neuroflow_review.theme import UNIT, icon, ui_font

KeyRow = tuple[str, str, str]
"""Group, what the key does, and the key: ``Ctrl+Shift+Z``, several separated by ``, `` or `` / ``."""

_COLUMN_WIDTH: Final = 320
_NAMES: Final = {
    "Left": "←",
    "Right": "→",
    "Up": "↑",
    "Down": "↓",
    "Return": "Enter",
    "PgUp": "Page up",
    "PgDown": "Page down",
}
_SCROLLED_BY: Final = (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp)


def caps(shortcut: str) -> tuple[tuple[str, ...], ...]:
    """The ways to press a shortcut, each the names on its keys: ``Ctrl+Left, G`` is (Ctrl, ←) or (G)."""
    ways = []
    for way in re.split(r",\s+|\s+/\s+|\s+or\s+", shortcut.strip()):
        keys = [key or "+" for key in re.split(r"(?<=[^+])\+", way)] if way else []
        if keys:
            ways.append(tuple(_NAMES.get(key, key) for key in keys))
    return tuple(ways)


def columns(heights: Sequence[int], count: int) -> tuple[tuple[int, ...], ...]:
    """Numbers of the groups in each of at most ``count`` columns, in order, the tallest column as low as can be."""
    best = max(heights, default=0)
    limit = best
    while True:
        placed: list[list[int]] = [[]]
        filled = 0
        for number, height in enumerate(heights):
            if placed[-1] and filled + height > limit:
                placed.append([])
                filled = 0
            placed[-1].append(number)
            filled += height
        if len(placed) <= max(count, 1):
            return tuple(tuple(part) for part in placed)
        limit += 1


class KeysDialog(QDialog):
    """The sheet of keys. ``rows`` in the order of the menus; groups keep the order in which they first appear."""

    def __init__(self, rows: Sequence[KeyRow], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setMinimumSize(_COLUMN_WIDTH + 2 * MARGIN + 4 * UNIT, 320)
        look = look_of(self)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search for a key or for what it does")
        self.search.setAccessibleName("Search the keys")
        self.search.setToolTip("A few letters of what you want to do, or of the key (Ctrl+F)")
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("magnifying-glass", look, token="muted"), QLineEdit.ActionPosition.LeadingPosition)
        self.nothing = said(role="muted")
        self.nothing.hide()

        by_group: dict[str, list[KeyRow]] = {}
        for row in rows:
            if row[2].strip():
                by_group.setdefault(row[0], []).append(row)
        self.groups = [_Group(name, of_group) for name, of_group in by_group.items()]
        self._sheet = QWidget()
        self._sheet.setObjectName("sheet")
        self._columns: list[QVBoxLayout] = []
        self._across = QHBoxLayout(self._sheet)
        self._across.setContentsMargins(0, 0, 2 * UNIT, 0)
        self._across.setSpacing(8 * UNIT)
        self.area = QScrollArea()
        self.area.setWidget(self._sheet)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setAccessibleName("Keys")
        self.area.setStyleSheet(
            "QScrollArea, QWidget#sheet { background: transparent; }"
            "QLabel[cap='true'] { background: palette(base); border: 1px solid palette(mid); border-bottom-width: 2px;"
            " border-radius: 4px; padding: 1px 6px; }"
        )
        self.close_button = button("Close", "Close this sheet (Esc)", default=True)
        layout = column(self, spacing=4 * UNIT)
        layout.addWidget(self.search)
        layout.addWidget(self.nothing)
        layout.addWidget(self.area, 1)
        layout.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignRight)

        self.search.textChanged.connect(self._filter)
        self.search.installEventFilter(self)
        self.close_button.clicked.connect(self.accept)
        self._arrange(3)
        self.resize(3 * _COLUMN_WIDTH + 16 * UNIT + 2 * MARGIN, min(self._natural_height(), 760))
        self.search.setFocus()

    @property
    def shown(self) -> tuple[KeyRow, ...]:
        """The rows that the search leaves."""
        return tuple(row for group in self.groups for row in group.shown)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrows in the search scroll the sheet: a single line has no other use for them."""
        key = event.key() if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress else None
        if watched is self.search and key in _SCROLLED_BY:
            bar = self.area.verticalScrollBar()
            step = bar.pageStep() if key in _SCROLLED_BY[2:] else 8 * UNIT
            down = key in (Qt.Key.Key_Down, Qt.Key.Key_PageDown)
            bar.setValue(bar.value() + (step if down else -step))
            return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+F goes to the search from wherever the focus is."""
        if event.key() == Qt.Key.Key_F and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.search.setFocus()
            self.search.selectAll()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        inner = self.width() - 2 * MARGIN
        self._arrange(max(min((inner + 8 * UNIT) // (_COLUMN_WIDTH + 8 * UNIT), 4), 1))

    def _arrange(self, count: int) -> None:
        """Put the groups into columns; the search never moves them, so that the eye finds them again."""
        count = min(count, max(len(self.groups), 1))
        if count == len(self._columns):
            return
        for group in self.groups:
            group.setParent(self._sheet)
        while self._across.count():
            item = self._across.takeAt(0)
            old = item.layout() if item is not None else None
            if old is not None:
                old.deleteLater()
        self._columns = []
        placed = columns([group.units for group in self.groups], count)
        for number in range(count):
            made = QVBoxLayout()
            made.setSpacing(5 * UNIT)
            for index in placed[number] if number < len(placed) else ():
                made.addWidget(self.groups[index])
            made.addStretch(1)
            self._columns.append(made)
            self._across.addLayout(made, 1)

    def _natural_height(self) -> int:
        layout = self.layout()
        chrome = (layout.sizeHint().height() - self.area.sizeHint().height()) if layout is not None else 0
        return chrome + self._sheet.sizeHint().height() + 2 * UNIT

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        for group in self.groups:
            group.show_matches(words)
        self.nothing.setText(f"No key for “{text.strip()}”.")
        self.nothing.setVisible(not self.shown)


class _Group(QWidget):
    """A heading and its keys."""

    def __init__(self, name: str, rows: Sequence[KeyRow]) -> None:
        super().__init__()
        self._rows = [(row, _line(row)) for row in rows]
        self._visible = [True] * len(rows)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(UNIT)
        layout.addWidget(said(name, "heading"))
        for _, line in self._rows:
            layout.addWidget(line)

    @property
    def units(self) -> int:
        """About how high it is, in lines."""
        return len(self._rows) + 2

    @property
    def shown(self) -> tuple[KeyRow, ...]:
        return tuple(row for (row, _), visible in zip(self._rows, self._visible, strict=True) if visible)

    def show_matches(self, words: Sequence[str]) -> None:
        """Leave the rows that hold every word, in the group's name, the text or the key."""
        for number, (row, line) in enumerate(self._rows):
            names = " ".join(key for way in caps(row[2]) for key in way)
            hay = f"{row[0]} {row[1]} {row[2]} {names}".lower()
            self._visible[number] = all(word in hay for word in words)
            line.setVisible(self._visible[number])
        self.setVisible(any(self._visible))


def _line(row: KeyRow) -> QWidget:
    line = QWidget()
    line.setMinimumHeight(6 * UNIT)
    ways = caps(row[2])
    line.setAccessibleName(f"{row[1]}: {' or '.join(' plus '.join(way) for way in ways)}")
    layout = QGridLayout(line)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setHorizontalSpacing(2 * UNIT)
    layout.addWidget(said(row[1]), 0, 0)
    layout.setColumnStretch(0, 1)
    keys = QHBoxLayout()
    keys.setSpacing(UNIT)
    for number, way in enumerate(ways):
        if number:
            keys.addWidget(_small("or"))
        for key in way:
            cap = QLabel(key)
            cap.setProperty("cap", "true")
            cap.setTextFormat(Qt.TextFormat.PlainText)
            cap.setAlignment(Qt.AlignmentFlag.AlignCenter)
            cap.setFont(ui_font(-1))
            cap.setMinimumWidth(6 * UNIT)
            keys.addWidget(cap)
    layout.addLayout(keys, 0, 1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return line


def _small(text: str) -> QLabel:
    label = said(text, "muted", step=-1)
    label.setWordWrap(False)
    return label
