"""The frame: panels, docks and dividers in their places, remembered; no behaviour."""

from __future__ import annotations

import base64
import binascii
import hashlib

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QSizePolicy,
    QStackedWidget,
    QTabWidget,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from neuroflow_review.keyboard import keep_for_focus
from neuroflow_review.settings import Settings
from neuroflow_review.theme import (
    BASE_POINTS,
    LIGHT,
    PRESENTATION_POINTS,
    UNIT,
    Theme,
    apply_theme,
    icon,
    set_type,
    type_scale,
    ui_font,
)
from neuroflow_review.views.butterfly import ButterflyPanel
from neuroflow_review.views.criteria import CriteriaPanel
from neuroflow_review.views.events import EventPanel
from neuroflow_review.views.header import PatientHeader
from neuroflow_review.views.implant import ImplantPanel
from neuroflow_review.views.inspector import InspectorPanel
from neuroflow_review.views.moments import MomentStrip
from neuroflow_review.views.overview import OverviewBar
from neuroflow_review.views.page import PageView
from neuroflow_review.views.reconstruction import ReconstructionView
from neuroflow_review.views.spectrogram import SpectrogramPanel
from neuroflow_review.views.spectrum import SpectrumPanel
from neuroflow_review.views.start import StartView
from neuroflow_review.views.toolbar import ReviewBar
from neuroflow_review.views.topomap import TopomapPanel
from neuroflow_review.views.trends import TrendStrip
from neuroflow_review.window.arrangement import Arrangement
from neuroflow_review.window.docks import Scrolled, held_in_tabs, hold_in_tabs, let_go, make_room
from neuroflow_review.window.status import CoveredLabel, StatusLine

STANDARD_SIZE = QSize(1600, 1000)
SMALLEST_SIZE = QSize(1280, 720)
"""What every panel must fit into."""
_LOW_WINDOW = 880
_SEAL_BYTES = 8
_EVENTS_WIDTH = 300


class DockTitle(QWidget):
    """A quiet title with a cross; it is dragged like any dock's title."""

    def __init__(self, title: str, dock: QDockWidget) -> None:
        super().__init__(dock)
        self._label = QLabel(title.upper(), self)
        self._label.setProperty("role", "heading")
        self.close_button = QToolButton(self)
        self.close_button.setToolTip(f"Hide {title} (menu Window shows it again)")
        self.close_button.setAccessibleName(f"Hide {title}")
        self.close_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.close_button.clicked.connect(dock.close)
        row = QHBoxLayout(self)
        row.setContentsMargins(3 * UNIT, 2 * UNIT, UNIT, UNIT)
        row.addWidget(self._label)
        row.addStretch(1)
        row.addWidget(self.close_button)

    def set_theme(self, look: Theme) -> None:
        self._label.setFont(ui_font(-1.5, bold=True))
        self.close_button.setIcon(icon("x", look, token="muted"))
        self.close_button.setIconSize(QSize(1, 1) * round(12 * type_scale()))


class Dock(QDockWidget):
    """A dock whose panel keeps the keys that it needs, also where it floats."""

    def event(self, event: QEvent) -> bool:
        return keep_for_focus(event) or super().event(event)


class Frame(QMainWindow):
    """Widgets by name; :meth:`set_theme` and :meth:`remember` are all that it does."""

    def __init__(self, settings: Settings) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            set_type(app)
        super().__init__()
        self.settings = settings
        self.look: Theme = LIGHT
        self.presenting = False
        self.bar = ReviewBar(self)
        self.header = PatientHeader()
        self.moments = MomentStrip()
        self.moments.hide()
        self.page = PageView()
        self.ieeg = ReconstructionView()
        self.spectrogram = SpectrogramPanel()
        self.start = StartView()
        self.overview = OverviewBar()
        self.trends = TrendStrip()
        self.trends.hide()
        self.implant = ImplantPanel()
        self.events = EventPanel()
        self.inspector = InspectorPanel()
        self.topomap = TopomapPanel()
        self.criteria = CriteriaPanel()
        self.spectrum, self.butterfly = SpectrumPanel(), ButterflyPanel()
        # Wide enough for every column from the start: the page must not move when the first spike is found.
        self.events.setMinimumWidth(_EVENTS_WIDTH)
        self.place = CoveredLabel()
        self.says = StatusLine()
        self.model_says = QLabel()
        self._build()

    def _build(self) -> None:
        self.setObjectName("review")
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.bar)
        self.arrangement = Arrangement(self.page, self.ieeg, self.spectrogram)
        self.arrangement.set_layout(self.settings.get("window.layout"))
        sheets = QWidget()
        column = QVBoxLayout(sheets)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.moments)
        column.addWidget(self.arrangement.columns, 1)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.start)
        self.stack.addWidget(sheets)
        self.setCentralWidget(self.stack)
        right = Qt.DockWidgetArea.RightDockWidgetArea
        self.docks = {
            "Implant": self._dock("Implant", self.implant, Qt.DockWidgetArea.LeftDockWidgetArea),
            "Events": self._dock("Events", self.events, right),
            "At the cursor": self._dock("At the cursor", Scrolled(self.inspector), right),
            "Map": self._dock("Map", self.topomap, right),
        }
        self.docks["Discharge"] = self._dock("Discharge", Scrolled(self.criteria), right)
        self.docks["Spectrum"] = self._dock("Spectrum", self.spectrum, Qt.DockWidgetArea.LeftDockWidgetArea)
        self.docks["Butterfly"] = self._dock("Butterfly", self.butterfly, Qt.DockWidgetArea.LeftDockWidgetArea)
        for name in ("Map", "Discharge", "Spectrum", "Butterfly"):
            self.docks[name].setProperty("hidden by reader", True)
        # The overview spans the window below the docks, where only a toolbar can be.
        self.overview_bar = QToolBar("Overview")
        self.overview_bar.setObjectName("overview")
        self.overview_bar.setMovable(False)
        self.overview_bar.setStyleSheet("QToolBar { padding: 0; border: none; spacing: 0; }")
        self.overview_bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        strips = QWidget()
        strips.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        column = QVBoxLayout(strips)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.overview)
        column.addWidget(self.trends)
        self.overview_bar.addWidget(strips)
        self.addToolBar(Qt.ToolBarArea.BottomToolBarArea, self.overview_bar)
        status = self.statusBar()
        status.setSizeGripEnabled(False)
        status.addWidget(self.place)
        status.addWidget(self.says, 1)
        status.addPermanentWidget(self.model_says)
        self.resize(STANDARD_SIZE)
        self.show_review(False)

    def _dock(self, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = Dock(title, self)
        dock.setObjectName(f"dock {title}")
        dock.setWidget(widget)
        dock.setTitleBarWidget(DockTitle(title, dock))
        dock.topLevelChanged.connect(lambda _: let_go(dock))
        self.addDockWidget(area, dock)
        return dock

    def show_review(self, there: bool) -> None:
        """The panels of a recording, or the first screen."""
        self.stack.setCurrentIndex(1 if there else 0)
        self._reviewing = there
        self.overview_bar.setVisible(there)
        self.bar.setVisible(there)
        for dock in self.docks.values():
            dock.setVisible(there and not dock.property("hidden by reader"))

    def arrange(self) -> None:
        """Shares of the window where the reader has not chosen any."""
        self.resizeDocks([self.docks["Implant"]], [236], Qt.Orientation.Horizontal)
        self.resizeDocks([self.docks["Events"]], [_EVENTS_WIDTH], Qt.Orientation.Horizontal)
        self.resizeDocks([self.docks["Events"], self.docks["At the cursor"]], [55, 45], Qt.Orientation.Vertical)
        self.arrangement.share_out()
        make_room(self)

    def event(self, event: QEvent) -> bool:
        return keep_for_focus(event) or super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.trends.set_low(self.height() < _LOW_WINDOW)
        if self._reviewing:
            make_room(self)

    def set_quiet(self, quiet: bool) -> None:
        """Docks without what they are hidden and set with, for a room that looks on; and with it again."""
        self.implant.set_quiet(quiet)
        for dock in self.docks.values():
            title = dock.titleBarWidget()
            if isinstance(title, DockTitle):
                title.close_button.setHidden(quiet)

    def set_theme(self, look: Theme) -> None:
        self.look = look
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, look, PRESENTATION_POINTS if self.presenting else BASE_POINTS)
        panels = (self.header, self.page, self.ieeg, self.spectrogram, self.start, self.overview, self.implant)
        docked = (self.events, self.inspector, self.topomap, self.criteria, self.spectrum, self.butterfly)
        for panel in (*panels, *docked, self.moments, self.trends, self.bar, self.arrangement.columns):
            panel.set_theme(look)
        for dock in self.docks.values():
            title = dock.titleBarWidget()
            if isinstance(title, DockTitle):
                title.set_theme(look)

    # Memory -----------------------------------------------------------------------------------------------------------

    def remember(self) -> None:
        """Keep the places of window, docks and dividers."""
        if not self._reviewing:
            return
        values = (self.saveGeometry(), self.saveState(), self.arrangement.dividers)
        for key, value in zip(("window.geometry", "window.docks", "window.dividers"), values, strict=True):
            self.settings.set(key, remembered_text(value))
        self.settings.set("window.tabbed", held_in_tabs(self))

    def recall(self) -> bool:
        """Put window, docks and dividers where they were; false where nothing was remembered."""
        geometry, docks, dividers = (
            remembered_bytes(self.settings.get(key)) for key in ("window.geometry", "window.docks", "window.dividers")
        )
        if geometry is None or docks is None or dividers is None:
            return False
        screens = QGuiApplication.screens()
        done = self.restoreGeometry(geometry) and self.restoreState(docks) and self.arrangement.restore(dividers)
        if not any(screen.geometry().intersects(self.frameGeometry()) for screen in screens):
            self.resize(STANDARD_SIZE)  # remembered on a screen that is gone
            self.move(screens[0].availableGeometry().topLeft())
        hold_in_tabs(self, self.settings.get("window.tabbed"))
        make_room(self)
        return done


def _sealed(data: bytes) -> bytes:
    """The bytes behind a checksum, since Qt hangs on some layouts that were spoiled: it is given what it wrote only."""
    return hashlib.sha256(data).digest()[:_SEAL_BYTES] + data


def remembered_text(layout: QByteArray) -> str:
    """A window's layout as settings keep it."""
    return base64.b64encode(_sealed(bytes(layout.data()))).decode("ascii")


def remembered_bytes(text: str) -> QByteArray | None:
    """What was kept of a window's layout; None where it is not what :func:`remembered_text` wrote."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    data = raw[_SEAL_BYTES:]
    return QByteArray(data) if data and _sealed(data) == raw else None
