"""Where the panels of the page stand: one above the other, side by side, or the reconstruction in another window."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSplitter, QWidget

from neuroflow_review.theme import LIGHT, Theme, colour
from neuroflow_review.views.reconstruction import ReconstructionView

STACKED, BESIDE = LAYOUTS = ("stacked", "beside")
_SHARES: Final = (50, 34, 16)
"""Of the height, in percent: scalp, reconstruction, spectrogram."""
_PAGE, _DEPTH, _SPECTROGRAM = range(3)
_LEAST: Final = 240
"""Height of the page below which the others give way."""
_GIVE: Final = ((_SPECTROGRAM, 96), (_DEPTH, 160), (_SPECTROGRAM, 0), (_DEPTH, 0))
"""Who gives height to the page, in turn, and down to what; never more than it can."""
_UNLIMITED: Final = (1 << 24) - 1
"""The largest height that Qt gives a widget (QWIDGETSIZE_MAX)."""


def column() -> QSplitter:
    """Panels one above the other, with dividers that drag."""
    made = QSplitter(Qt.Orientation.Vertical)
    made.setHandleWidth(1)
    made.setChildrenCollapsible(False)
    return made


class Columns(QWidget):
    """Two columns of the same width to the pixel, so that a second is as long in one as in the other; or the first."""

    placed = Signal()

    def __init__(self, first: QSplitter, second: QSplitter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = LIGHT
        self._parts = (first, second)
        for part in self._parts:
            part.setParent(self)
        second.hide()

    def set_theme(self, look: Theme) -> None:
        self._look = look
        self.place()
        self.update()

    def place(self) -> None:
        """Give the columns that are here and shown their halves."""
        shown = self._shown()
        wide = self.width() if len(shown) < 2 else (self.width() - 1) // 2
        for part in shown:
            left = 0 if part is shown[0] else self.width() - wide
            part.setGeometry(left, 0, wide, self.height())
        self.placed.emit()

    def _shown(self) -> list[QSplitter]:
        return [part for part in self._parts if part.parentWidget() is self and not part.isHidden()]

    def minimumSizeHint(self) -> QSize:
        hints = [part.minimumSizeHint() for part in self._shown()] or [QSize(0, 0)]
        wide = max(hint.width() for hint in hints)
        return QSize(wide * len(hints) + len(hints) - 1, max(hint.height() for hint in hints))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.place()

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.LayoutRequest:
            self.updateGeometry()
            self.place()
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:  # what shows between the columns is the line that parts them
            painter.fillRect(self.rect(), colour(self._look.border))


class Arrangement:
    """Moves the panels of the page about. The spectrogram lies under the panel whose channel it is of, on its axis."""

    def __init__(self, page: QWidget, depth: ReconstructionView, spectrogram: QWidget) -> None:
        self.first, self.second = column(), column()
        self.columns = Columns(self.first, self.second)
        self._panels = (page, depth, spectrogram)
        self._depth = depth
        self._depth_channel = False
        self._dividers: QByteArray | None = None
        self._laid: tuple[int | None, ...] = ()
        self._before: list[int] | None = None
        self._least = _LEAST
        self._folded: int | None = None
        self._depth_least = depth.minimumHeight()
        self.columns.placed.connect(self._give_way)
        self.first.splitterMoved.connect(self._on_dragged)
        self.layout = STACKED
        self.is_out = False
        """Whether the column of the reconstruction stands in another window."""
        for panel in self._panels:
            self.first.addWidget(panel)
        for k, share in enumerate(_SHARES):
            self.first.setStretchFactor(k, share)

    def set_layout(self, layout: str) -> None:
        """Scalp and reconstruction ``stacked`` or ``beside`` one another."""
        self._change(layout, self.is_out)

    def take_out(self) -> QSplitter:
        """The column of the reconstruction, to be put into another window; the page has this one for itself."""
        self._change(self.layout, True)
        return self.second

    def put_back(self) -> None:
        """Have the column of the reconstruction back."""
        self.second.setParent(self.columns)
        self._change(self.layout, False)

    @property
    def is_stacked(self) -> bool:
        """Whether all panels stand in one column."""
        return self.layout == STACKED and not self.is_out

    def _change(self, layout: str, out: bool) -> None:
        if (layout, out) == (self.layout, self.is_out):
            return
        if self.is_stacked:
            self._dividers = self._own_state()
        self.layout, self.is_out = layout, out
        self._place()

    def set_depth_channel(self, reconstructed: bool) -> None:
        """Whether the spectrogram is of a reconstructed channel."""
        if reconstructed != self._depth_channel:
            self._depth_channel = reconstructed
            if not self.is_stacked:
                self._place()

    def fold_depth(self, height: int | None) -> None:
        """Leave the reconstruction only so much height, where it has no more than a word to say; None ends that.

        The page above it has the rest meanwhile. In another width or another size of type the word has another height.
        """
        if height != self._folded:
            self._folded = height
            self._limit(None)
            self._laid = (height, -1, *self._laid[2:])
            self._give_way()

    def share_out(self) -> None:
        """The usual heights."""
        self._limit(None)
        for part in (self.first, self.second):
            high = max(part.height(), 100)
            part.setSizes([high * _SHARES[self._panels.index(part.widget(k))] // 100 for k in range(part.count())])
        self._give_way_anew()

    @property
    def dividers(self) -> QByteArray:
        """Where the dividers of stacked panels are, or were."""
        if self.is_stacked or self._dividers is None:
            return self._own_state()
        return self._dividers

    def _own_state(self) -> QByteArray:
        """Where they would be if nothing had given way."""
        if self._before is None:
            return self.first.saveState()
        now = self.first.sizes()
        self.first.setSizes(self._before)
        kept = self.first.saveState()
        self.first.setSizes(now)
        return kept

    def _give_way(self) -> None:
        """In a column of another height, or of others of its panels, keep for the page what it needs.

        What gave way comes back with the room; a divider that the reader drags stays where it is put.
        """
        part = self.first
        sizes = part.sizes()
        if not any(sizes):
            return  # before it is laid out there is nothing to give
        if self._folded is not None:
            self._folded = self._depth.folded_height
        panels = tuple(panel for panel in self._first_panels() if not self._panels[panel].isHidden())
        laid = (self._folded, part.height(), *panels)
        if laid == self._laid:
            return
        same = panels == self._laid[2:]
        self._laid = laid
        if self._before is not None and same and any(self._before):
            sizes = [sum(sizes) * size // max(sum(self._before), 1) for size in self._before]
        given = self._with_page(sizes)
        self._before = sizes if given != sizes else None
        self._limit(None)
        if given != part.sizes():
            part.setSizes(given)
        self._limit(self._folded if _DEPTH in panels else None)

    def _limit(self, folded: int | None) -> None:
        """Let the reconstruction be as high as it is folded, or as anybody likes."""
        least, most = (self._depth_least, _UNLIMITED) if folded is None else (folded, folded)
        self._depth.setMinimumHeight(least)
        self._depth.setMaximumHeight(most)

    def _give_way_anew(self) -> None:
        """The dividers were put somewhere else."""
        self._laid, self._before = (), None
        self._give_way()

    def _first_panels(self) -> list[int]:
        """Which panels the first column holds, from top to bottom."""
        return [self._panels.index(self.first.widget(k)) for k in range(self.first.count())]

    def _with_page(self, sizes: list[int]) -> list[int]:
        """The sizes of the first column, with as much for the page as it needs and the others can give."""
        panels, given = self._first_panels(), list(sizes)
        if self._folded is not None and _DEPTH in panels:
            k = panels.index(_DEPTH)
            given[0], given[k] = given[0] + given[k] - self._folded, self._folded
        for panel, floor in _GIVE:
            k = panels.index(panel) if panel in panels else 0
            if not k or not given[k]:
                continue
            lowest = max(floor, self._panels[panel].minimumSizeHint().height(), self._panels[panel].minimumHeight())
            wanted = self._least - given[0]
            take = min(wanted, given[k] - lowest)
            if take > 0:
                given[0], given[k] = given[0] + take, given[k] - take
        return given

    def _on_dragged(self) -> None:
        now, before = self.first.sizes(), self._before
        self._least = min(_LEAST, now[0])
        self._before = None
        if before is not None and self._folded is not None and _DEPTH in self._first_panels():
            k = self._first_panels().index(_DEPTH)
            back = min(before[k] - now[k], now[0] - self._least)  # when it unfolds, the page gives it its own again
            self._before = [now[0] - back, *now[1:]]
            self._before[k] += back

    def restore(self, dividers: QByteArray) -> bool:
        """Put the dividers of stacked panels where they were; false where that cannot be understood."""
        self._dividers = dividers
        self._limit(None)
        done = not self.is_stacked or self.first.restoreState(dividers)
        self._give_way_anew()
        return done

    def _place(self) -> None:
        page, depth, spectrogram = self._panels
        self._limit(None)
        apart = not self.is_stacked
        low = max(spectrogram.height(), _GIVE[0][1])  # it may be folded for want of room that there is now
        self.first.insertWidget(0, page)
        (self.second if apart else self.first).insertWidget(0 if apart else 1, depth)
        under = self.second if apart and self._depth_channel else self.first
        under.addWidget(spectrogram)
        self.second.setVisible(apart)
        self._depth.set_clock(apart)
        self.columns.updateGeometry()
        self.columns.place()
        if apart and under.height() > low:
            under.setSizes([under.height() - low, low])
        elif not apart and self._dividers is not None:
            self.first.restoreState(self._dividers)
        self._give_way_anew()
