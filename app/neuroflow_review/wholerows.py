"""A table that cuts no row in two: it scrolls by rows, and is as high as whole ones are."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtWidgets import QAbstractItemView, QTableView, QVBoxLayout, QWidget

_RESIZED = (QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.LayoutRequest, QEvent.Type.ApplicationFontChange)


class WholeRows(QWidget):
    """Holds a table of rows of one height; what is left of its own height stays empty below."""

    def __init__(self, table: QTableView) -> None:
        super().__init__()
        self._table = table
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(table)

    def fit(self) -> None:
        """As many rows as there is room for, of the height that they now have."""
        table, layout = self._table, self.layout()
        heading = table.horizontalHeader()
        bar = table.horizontalScrollBar()
        others = 2 * table.frameWidth() + (0 if heading.isHidden() else heading.sizeHint().height())
        others += bar.height() if bar.isVisible() else 0
        room, each = self.height() - others, table.verticalHeader().defaultSectionSize()
        below = room % each if room >= each else 0
        if layout is not None and layout.contentsMargins().bottom() != below:
            layout.setContentsMargins(0, 0, 0, below)

    def minimumSizeHint(self) -> QSize:
        # The table's own: what stays empty is not asked for.
        asked, hint = self._table.minimumSize(), self._table.minimumSizeHint()
        return QSize(asked.width() or hint.width(), asked.height() or hint.height())

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() in _RESIZED:
            self.fit()
        return done
