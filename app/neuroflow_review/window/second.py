"""The second window: the reconstruction on a screen of its own, at the same time and under the same cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QPainter,
    QPixmap,
    QResizeEvent,
    QScreen,
    QShowEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from neuroflow.recording import Recording
from neuroflow_review.display import filtered_words, sensitivity_words
from neuroflow_review.paper import is_calibrated, pixels_per_mm
from neuroflow_review.theme import RECONSTRUCTED, UNIT, Theme, colour
from neuroflow_review.views.header import PatientHeader
from neuroflow_review.window.frame import remembered_bytes, remembered_text
from neuroflow_review.window.screens import ScreenWatch
from neuroflow_review.window.status import Part, StatusLine, distribution_words, speed_part

if TYPE_CHECKING:
    from neuroflow_review.session import ViewState
    from neuroflow_review.window.window import ReviewWindow

_OPEN, _PLACE = "window.second", "window.second_geometry"
_NARROWEST: Final = 480
"""Room beside the first window into which the second still goes."""


class SecondWindow(QWidget):
    """Holds the panel of the reconstruction, and its spectrogram, while it is open; closing it gives them back.

    It is a window of its own but a child of the first: it goes when that goes. Patient, privacy and what may not be
    mistaken hold here as there, and every key does what it does there.
    """

    changed = Signal()
    """It was opened or closed."""

    def __init__(self, window: ReviewWindow) -> None:
        super().__init__(window, Qt.WindowType.Window)
        self.window_of_page, self.session, self.settings = window, window.session, window.settings
        self.setObjectName("second")
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)  # who reads goes on reading
        self.setAcceptDrops(True)
        self._set_aside = self._was_full = False
        self.header = PatientHeader()
        self.says = StatusLine()
        self.says.setAccessibleName("What is drawn here")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.header)
        foot = QHBoxLayout()
        foot.setContentsMargins(3 * UNIT, UNIT, 3 * UNIT, UNIT)
        foot.addWidget(self.says)
        self._column.addLayout(foot)
        self._screen = ScreenWatch(self)
        self._screen.changed.connect(window.apply_scales)
        self._screen.changed.connect(self._say_soon)
        window.windowTitleChanged.connect(self._title)
        self.session.opened.connect(self._on_opened)
        self.session.store.changed.connect(self._on_state)
        self.session.reconstruction.changed.connect(self._say_soon)
        self.header.set_private(self.session.state.private)
        self._title(window.windowTitle())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._screen.begin()

    def set_theme(self, look: Theme) -> None:
        self.header.set_theme(look)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.window_of_page.dragEnterEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self.window_of_page.dropEvent(event)

    @property
    def wanted(self) -> bool:
        """Whether the reader wants it; it is shown while a recording is open."""
        return bool(self.settings.get(_OPEN))

    def toggle(self) -> None:
        """Open it, or close it."""
        self.settings.set(_OPEN, not self.wanted)
        self._follow()
        self.changed.emit()

    def leave(self) -> None:
        """Go with the first window, and remember where it was."""
        self._keep_place()
        self.hide()

    # Presentation -----------------------------------------------------------------------------------------------------

    def present(self) -> None:
        """Fill a screen of its own; on the first window's, which that fills, the panel goes back into it meanwhile."""
        self._was_full = self.isFullScreen()
        if not self.isVisible():
            return
        if self.screen() is self.window_of_page.screen():
            self._set_aside = True
            self._follow()
        else:
            self.showFullScreen()

    def end_presentation(self) -> None:
        self._set_aside = False
        if self.isFullScreen() and not self._was_full:
            self.showNormal()
        self._follow()

    # The panel goes out and comes back --------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Be open where the reader wants it and there is something to show."""
        there = self.wanted and not self._set_aside and self.session.recording is not None
        arrangement = self.window_of_page.arrangement
        if there and not arrangement.is_out:
            self._column.insertWidget(1, arrangement.take_out(), 1)
            self._place()
        if there:
            self.show()
            self._say()
            return
        self._keep_place()
        self.hide()
        if arrangement.is_out:
            self._column.removeWidget(arrangement.second)
            arrangement.put_back()

    def _place(self) -> None:
        """Where it was; else on the second screen, or beside the first window where there is only one."""
        kept = remembered_bytes(self.settings.get(_PLACE))
        if kept is not None and self.restoreGeometry(kept) and _on_a_screen(self.frameGeometry()):
            return
        mine = self.window_of_page.screen()
        other = next((screen for screen in QGuiApplication.screens() if screen is not mine), None)
        if other is not None:
            self.setScreen(other)
            self.setGeometry(other.availableGeometry())
            self.setWindowState(Qt.WindowState.WindowMaximized)
        else:
            self.setGeometry(beside(self.window_of_page.frameGeometry(), mine))

    def _keep_place(self) -> None:
        if self.isVisible() and not self.isFullScreen():
            self.settings.set(_PLACE, remembered_text(self.saveGeometry()))

    def _on_opened(self, recording: Recording | None) -> None:
        self.header.set_recording(recording)
        self._follow()

    def _on_state(self, _old: ViewState, new: ViewState) -> None:
        self.header.set_private(new.private)
        self._say_soon()

    def _title(self, title: str) -> None:
        self.setWindowTitle(f"{RECONSTRUCTED} Reconstruction – {title}")

    def _say(self) -> None:
        """Paper speed and sensitivity: a window of another width, or on another screen, has its own."""
        panel = self.window_of_page.ieeg
        speed = panel.plot().width() / max(panel.span.duration, 1e-9) / pixels_per_mm(panel)
        paper = speed_part(f"{speed:.0f} mm/s", is_calibrated(panel))
        volts = sensitivity_words(self.session.state.depth_sensitivity)
        known = distribution_words(self.session.reconstruction.segments(panel.span))
        backend = self.session.reconstruction.backend
        filtered = filtered_words(self.session.state.depth_filters, backend.rate if backend is not None else None)
        what = Part(f"{RECONSTRUCTED} reconstructed, not recorded")
        self.says.set_parts([what, paper, *(Part(words) for words in (volts, filtered, known))])

    def _say_soon(self) -> None:
        """Now, and once the panel has the place that its window or its type now gives it."""
        if self.isVisible():
            self._say()
            QTimer.singleShot(0, self, self._say)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._say_soon()

    def sizeHint(self) -> QSize:
        return QSize(960, 640)

    def closeEvent(self, event: QCloseEvent) -> None:
        event.accept()
        if self.wanted and self.isVisible() and not self.window_of_page.left:
            self.toggle()


def beside(first: QRect, screen: QScreen) -> QRect:
    """Right of the first window where there is room, else over the right half of its screen."""
    whole = screen.availableGeometry()
    room = QRect(first.right() + 1, whole.top(), whole.right() - first.right(), whole.height())
    if room.width() >= _NARROWEST:
        return room
    return QRect(whole.left() + whole.width() // 2, whole.top(), whole.width() // 2, whole.height())


def _on_a_screen(place: QRect) -> bool:
    return any(screen.geometry().intersects(place) for screen in QGuiApplication.screens())


def grab_windows(window: ReviewWindow) -> QPixmap:
    """A picture of the window, and of the second one right of it where that is open."""
    first = window.grab()
    if not window.second.isVisible():
        return first
    second = window.second.grab()
    ratio = first.devicePixelRatio()
    gap = round(4 * UNIT * ratio)
    both = QPixmap(first.width() + gap + second.width(), max(first.height(), second.height()))
    both.fill(colour(window.look.border))
    first.setDevicePixelRatio(1.0)
    second.setDevicePixelRatio(1.0)
    with QPainter(both) as painter:
        painter.drawPixmap(0, 0, first)
        painter.drawPixmap(first.width() + gap, 0, second)
    both.setDevicePixelRatio(ratio)
    return both
