"""The frame: panels, docks and dividers in their places, remembered; no behaviour."""

from __future__ import annotations

import base64
import binascii

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from neuroflow_review.settings import Settings
from neuroflow_review.theme import BASE_POINTS, LIGHT, PRESENTATION_POINTS, UNIT, Theme, apply_theme, icon, ui_font
from neuroflow_review.views.butterfly import ButterflyPanel
from neuroflow_review.views.criteria import CriteriaPanel
from neuroflow_review.views.events import EventPanel
from neuroflow_review.views.header import PatientHeader
from neuroflow_review.views.implant import ImplantPanel
from neuroflow_review.views.inspector import InspectorPanel
from neuroflow_review.views.overview import OverviewBar
from neuroflow_review.views.page import PageView
from neuroflow_review.views.reconstruction import ReconstructionView
from neuroflow_review.views.spectrogram import SpectrogramPanel
from neuroflow_review.views.spectrum import SpectrumPanel
from neuroflow_review.views.start import StartView
from neuroflow_review.views.toolbar import ReviewBar
from neuroflow_review.views.topomap import TopomapPanel
from neuroflow_review.views.trends import TrendStrip

STANDARD_SIZE = QSize(1600, 1000)
_EVENTS_WIDTH = 300
_SHARES = (50, 34, 16)


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
        self.close_button.setIconSize(QSize(12, 12))


class ElidedLabel(QLabel):
    """A line that ends in dots where it has no room, and never makes a window wider."""

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text)


class Frame(QMainWindow):
    """Widgets by name; :meth:`set_theme` and :meth:`remember` are all that it does."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.look: Theme = LIGHT
        self.presenting = False
        self.bar = ReviewBar(self)
        self.header = PatientHeader()
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
        self.place = QLabel()
        self.says = ElidedLabel()
        self.model_says = QLabel()
        self._build()

    def _build(self) -> None:
        self.setObjectName("review")
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.bar)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        for widget, share in zip((self.page, self.ieeg, self.spectrogram), _SHARES, strict=True):
            self.splitter.addWidget(widget)
            self.splitter.setStretchFactor(self.splitter.count() - 1, share)
        sheets = QWidget()
        column = QVBoxLayout(sheets)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.splitter, 1)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.start)
        self.stack.addWidget(sheets)
        self.setCentralWidget(self.stack)
        self.docks = {
            "Implant": self._dock("Implant", self.implant, Qt.DockWidgetArea.LeftDockWidgetArea),
            "Events": self._dock("Events", self.events, Qt.DockWidgetArea.RightDockWidgetArea),
            "At the cursor": self._dock("At the cursor", self.inspector, Qt.DockWidgetArea.RightDockWidgetArea),
            "Map": self._dock("Map", self.topomap, Qt.DockWidgetArea.RightDockWidgetArea),
        }
        self.docks["Discharge"] = self._dock("Discharge", self.criteria, Qt.DockWidgetArea.RightDockWidgetArea)
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
        dock = QDockWidget(title, self)
        dock.setObjectName(f"dock {title}")
        dock.setWidget(widget)
        dock.setTitleBarWidget(DockTitle(title, dock))
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
        high = max(self.splitter.height(), 100)
        self.splitter.setSizes([high * share // 100 for share in _SHARES])

    def make_room(self, dock: QDockWidget) -> None:
        """Where its column is full, a dock shares the place of the one above it, so that the window does not grow."""
        area = self.dockWidgetArea(dock)
        if dock.isFloating() or self.tabifiedDockWidgets(dock):
            return
        above = [
            d for d in self.docks.values()
            if d is not dock and self.dockWidgetArea(d) is area and not d.isHidden() and not d.isFloating()
        ]  # fmt: skip
        needed = sum(d.minimumSizeHint().height() for d in (*above, dock))
        if above and needed > self.stack.height():
            self.tabifyDockWidget(above[-1], dock)

    def set_theme(self, look: Theme) -> None:
        self.look = look
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, look, PRESENTATION_POINTS if self.presenting else BASE_POINTS)
        panels = (self.header, self.page, self.ieeg, self.spectrogram, self.start, self.overview, self.implant)
        more = (
            self.events,
            self.inspector,
            self.topomap,
            self.criteria,
            self.trends,
            self.spectrum,
            self.butterfly,
            self.bar.progress,
        )
        for panel in (*panels, *more):
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
        values = (self.saveGeometry(), self.saveState(), self.splitter.saveState())
        for key, value in zip(("window.geometry", "window.docks", "window.dividers"), values, strict=True):
            self.settings.set(key, base64.b64encode(value.data()).decode("ascii"))

    def recall(self) -> bool:
        """Put window, docks and dividers where they were; false where nothing was remembered."""
        geometry, docks, dividers = (
            _bytes(self.settings.get(key)) for key in ("window.geometry", "window.docks", "window.dividers")
        )
        if geometry is None or docks is None or dividers is None:
            return False
        screens = QGuiApplication.screens()
        done = self.restoreGeometry(geometry) and self.restoreState(docks) and self.splitter.restoreState(dividers)
        if not any(screen.geometry().intersects(self.frameGeometry()) for screen in screens):
            self.resize(STANDARD_SIZE)  # remembered on a screen that is gone
            self.move(screens[0].availableGeometry().topLeft())
        return done


def _bytes(text: str) -> QByteArray | None:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return QByteArray(data) if data else None
