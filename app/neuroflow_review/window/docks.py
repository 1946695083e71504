"""The docks of either side: in a low window behind one another in tabs, and what is long scrolls."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QFrame, QScrollArea, QWidget

if TYPE_CHECKING:
    from neuroflow_review.window.frame import Frame

# Heights with their titles below which a panel is no use: stacked while all have theirs, tabbed where not.
_USEFUL: Final = {"Implant": 260, "Events": 200, "At the cursor": 260, "Map": 220, "Discharge": 210}
_USUALLY = 200
_AIR = 24  # of the window: at its very least height Qt lets no hand make it lower, and nothing would come of it
_LISTED = 260  # of the list of events where there is more room
_ALONE: Final = "Events"  # stays in sight: it is where a reader goes from
_FOR_ROOM: Final = "in a tab for want of room"  # a property of a dock; of one that a reader put there it is not
_SIDES: Final = (Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea)


class Scrolled(QScrollArea):
    """A panel of words, which scrolls where it has no room: its window must not grow because the pointer moved.

    It is never narrower than its words beside the scroll bar, in whatever type they are.
    """

    def __init__(self, words: QWidget) -> None:
        super().__init__()
        self.setWidget(words)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def minimumSizeHint(self) -> QSize:
        words = self.widget()
        wide = words.minimumSizeHint().width() if words is not None else 0
        return QSize(wide + self.verticalScrollBar().sizeHint().width(), super().minimumSizeHint().height())


def make_room(frame: Frame, asked: str = "", beside: int = 0) -> None:
    """Put docks into tabs where the window is too low to stack those that are shown, and ``asked``; those that went
    there for want of room come out again where there is enough.

    ``beside`` is how many pixels something else is about to take.
    """
    bars = (frame.menuBar(), frame.bar, frame.overview_bar, frame.statusBar())
    room = frame.height() - _AIR - beside - sum(bar.sizeHint().height() for bar in bars if not bar.isHidden())
    for area in _SIDES:
        there = {
            name: dock
            for name, dock in frame.docks.items()
            if frame.dockWidgetArea(dock) is area and not dock.isFloating() and (name == asked or not dock.isHidden())
        }
        if _needed(frame, there) > room:
            # The one that comes goes to those that are there: one that left them for it would make the window grow.
            tabs = sorted((dock for name, dock in there.items() if name != _ALONE), key=QDockWidget.isHidden)
            for dock in tabs[1:]:
                together = frame.tabifiedDockWidgets(dock)
                if tabs[0] not in together:
                    frame.tabifyDockWidget(tabs[0], dock)
                    dock.setProperty(_FOR_ROOM, not together)  # what a reader put together stays together
        else:
            held = [d for d in there.values() if d.property(_FOR_ROOM) and frame.tabifiedDockWidgets(d)]
            if held and sum(_least(name, dock) for name, dock in there.items()) <= room:
                _stack(frame, area, held)
        if asked in there:
            there[asked].raise_()


def held_in_tabs(frame: Frame) -> str:
    """Names of the docks that are in tabs for want of room, to be remembered."""
    return ",".join(name for name, dock in frame.docks.items() if dock.property(_FOR_ROOM))


def hold_in_tabs(frame: Frame, names: str) -> None:
    """Such docks of the last time, which come out again where there is room."""
    for name in names.split(","):
        if name in frame.docks:
            frame.docks[name].setProperty(_FOR_ROOM, True)


def let_go(dock: QDockWidget) -> None:
    """The reader has taken it elsewhere."""
    dock.setProperty(_FOR_ROOM, False)


def _stack(frame: Frame, area: Qt.DockWidgetArea, docks: Sequence[QDockWidget]) -> None:
    """Put docks from their tabs under what else is on their side, in this order."""
    for dock in docks:
        dock.setProperty(_FOR_ROOM, False)
        dock.blockSignals(True)  # nobody took it away
        frame.removeDockWidget(dock)
        frame.addDockWidget(area, dock)
        dock.show()
        dock.blockSignals(False)
        dock.visibilityChanged.emit(True)
    QTimer.singleShot(0, frame, partial(share_out, frame, docks[-1].windowTitle()))


def share_out(frame: Frame, asked: str) -> None:
    """Give the docks beside one that comes, and it, heights by what they are for: Qt gives it all that there is."""
    area = frame.dockWidgetArea(frame.docks[asked])
    there = [
        dock for dock in frame.docks.values()
        if frame.dockWidgetArea(dock) is area and not dock.isHidden() and not dock.isFloating()
    ]  # fmt: skip
    # Of those in tabs, one stands for all.
    seen = [d for k, d in enumerate(there) if not any(o in frame.tabifiedDockWidgets(d) for o in there[:k])]
    weights = [_LISTED if dock is frame.docks[_ALONE] else _USEFUL.get(dock.windowTitle(), _USUALLY) for dock in seen]
    frame.resizeDocks(seen, weights, Qt.Orientation.Vertical)


def _needed(frame: Frame, shown: dict[str, QDockWidget]) -> int:
    """Pixels that the docks of one side need one under the other; those in tabs as much as the highest."""
    highest: dict[frozenset[str], int] = {}
    for name, dock in shown.items():
        group = frozenset({name, *(tab.windowTitle() for tab in frame.tabifiedDockWidgets(dock))})
        highest[group] = max(highest.get(group, 0), _least(name, dock))
    return sum(highest.values())


def _least(name: str, dock: QDockWidget) -> int:
    return max(_USEFUL.get(name, _USUALLY), dock.minimumSizeHint().height())


def in_sight(dock: QDockWidget) -> bool:
    """Whether a reader sees a dock."""
    return dock.isVisible() and not is_behind(dock)


def is_behind(dock: QDockWidget) -> bool:
    """Whether another tab covers a dock that is shown."""
    return not dock.isHidden() and not dock.isFloating() and dock.visibleRegion().isEmpty()
