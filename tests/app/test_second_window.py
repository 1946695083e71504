"""The second window: the same time, the same cursor, the same keys, the same care for names, on a screen of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from pytestqt.qtbot import QtBot

from neuroflow.inference.tile import Withheld
from neuroflow.recording import Span
from neuroflow_review.session import Session
from neuroflow_review.session.backend import Backend
from neuroflow_review.theme import time_to_x
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.second import SecondWindow, grab_windows

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier
Settle = Callable[[ReviewWindow], None]


@pytest.fixture
def second(qtbot: QtBot, opened: ReviewWindow, press: Callable[..., None], settle: Settle) -> SecondWindow:
    press(opened, Key.Key_W)
    qtbot.waitUntil(opened.second.isVisible)
    settle(opened)
    return opened.second


def press_there(qtbot: QtBot, second: SecondWindow, key: Key) -> None:
    second.activateWindow()
    qtbot.waitUntil(second.isActiveWindow)
    qtbot.keyClick(second, key)


def test_the_reconstruction_moves_there_and_the_page_stays(second: SecondWindow, opened: ReviewWindow) -> None:
    assert opened.ieeg.window() is second
    assert opened.ieeg.isVisible()
    assert opened.page.window() is opened
    assert opened.spectrogram.window() is opened, "it is of a scalp channel"
    assert opened.commands.actions["second"].isChecked()
    assert not opened.arrangement.second.isHidden()


def test_time_and_cursor_are_the_same_in_both(
    qtbot: QtBot, second: SecondWindow, opened: ReviewWindow, settle: Settle
) -> None:
    second.move(opened.width() + 40, 0)  # a pointer is in one window, not in two
    press_there(qtbot, second, Key.Key_Right)
    settle(opened)
    assert opened.page.span == opened.ieeg.span
    assert opened.page.span.start == 10.0
    at = QPoint(round(time_to_x(14.0, opened.ieeg.span, opened.ieeg.width())), 90)
    qtbot.mouseMove(opened.ieeg, at)
    assert opened.session.cursor == pytest.approx(14.0, abs=0.1)
    assert opened.page._cursor == opened.ieeg._cursor == opened.session.cursor


def test_a_recording_that_is_dropped_there_opens(
    qtbot: QtBot, second: SecondWindow, opened: ReviewWindow, few_channels: Path
) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(few_channels))])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(50, 50), copy, data, left, none)
    second.dragEnterEvent(enter)
    assert second.acceptDrops()
    assert enter.isAccepted()
    second.dropEvent(QDropEvent(QPointF(50, 50), copy, data, left, none))
    qtbot.waitUntil(lambda: opened.session.recording is not None and opened.session.recording.path == few_channels)
    qtbot.waitUntil(lambda: opened.settled)


def test_keys_do_there_what_they_do_here(
    qtbot: QtBot, second: SecondWindow, opened: ReviewWindow, reconstructed: Settle
) -> None:
    press_there(qtbot, second, Key.Key_R)
    reconstructed(opened)
    assert opened.ieeg.drawn
    press_there(qtbot, second, Key.Key_3)
    assert opened.session.state.montage == "average"
    sensitivity = opened.session.state.sensitivity
    press_there(qtbot, second, Key.Key_Up)
    assert opened.session.state.sensitivity < sensitivity


def test_it_says_who_it_is_of_and_that_it_is_reconstructed(second: SecondWindow, opened: ReviewWindow) -> None:
    name = opened.session.recording.patient.name
    assert name in second.header.patient
    assert "SIMULATED PATIENT" in second.windowTitle()
    assert second.windowTitle().startswith("≈")
    assert "reconstructed, not recorded" in second.says.text()
    opened.commands.actions["privacy"].trigger()
    assert name not in second.header.patient + second.windowTitle() + second.header.accessibleDescription()


def test_it_says_how_much_of_the_page_the_model_does_not_know(
    second: SecondWindow, opened: ReviewWindow, backend, reconstructed: Callable[[ReviewWindow], None]
) -> None:
    assert "distribution" not in second.says.text()
    backend.withheld[0] = (Withheld(Span(4.0, 5.5), "Fp1 178 µV rms in a second"),)
    opened.session.reconstruct_page()
    reconstructed(opened)
    assert second.says.text().endswith("1.5 s out of distribution ○")
    opened.session.store.update(start=10.0)
    reconstructed(opened)
    assert second.says.text().endswith(" · in distribution ●")


def test_its_paper_speed_is_its_own(qtbot: QtBot, second: SecondWindow, opened: ReviewWindow) -> None:
    def speed() -> int:
        return int(second.says.text().split("recorded · ")[1].split(" mm/s")[0])

    second.resize(600, 500)
    qtbot.waitUntil(lambda: opened.ieeg.width() == 600)
    narrow = speed()
    second.resize(1200, 500)
    qtbot.waitUntil(lambda: speed() > 1.8 * narrow)


def test_closing_it_brings_the_panel_back(second: SecondWindow, opened: ReviewWindow, settle: Settle) -> None:
    second.close()
    settle(opened)
    assert opened.ieeg.window() is opened
    assert opened.ieeg.isVisible()
    assert not opened.commands.actions["second"].isChecked()
    panels = (opened.page, opened.ieeg, opened.spectrogram)
    tops = [p.mapTo(opened, QPoint(0, 0)) for p in panels]
    assert [p.y() for p in tops] == sorted(p.y() for p in tops)
    assert len({p.x() for p in tops}) == 1


def test_the_spectrogram_of_a_contact_is_there_and_that_of_a_channel_here(
    second: SecondWindow, opened: ReviewWindow, settle: Settle
) -> None:
    opened.commands.marks.choose_contact("AHL2")
    settle(opened)
    assert opened.spectrogram.window() is second
    assert opened.spectrogram.width() == opened.ieeg.width()
    opened.commands.marks.choose_channel("Fp1–F7")
    assert opened.spectrogram.window() is opened


def test_a_second_window_is_never_left_empty(second: SecondWindow, opened: ReviewWindow) -> None:
    opened.commands.actions["panel Reconstruction"].trigger()
    assert not second.isVisible()
    assert opened.ieeg.isHidden()
    opened.commands.actions["second"].trigger()
    assert second.isVisible()
    assert opened.ieeg.isVisible()


def test_it_goes_and_comes_with_the_recording(
    qtbot: QtBot, second: SecondWindow, opened: ReviewWindow, demo: Path
) -> None:
    opened.commands.actions["close"].trigger()
    assert not second.isVisible()
    assert second.wanted
    opened.session.open(demo)
    qtbot.waitUntil(second.isVisible, timeout=60_000)


def test_it_closes_with_the_first_window_and_is_remembered_as_open(
    qtbot: QtBot, second: SecondWindow, opened: ReviewWindow, demo: Path, backend: Backend
) -> None:
    second.resize(700, 500)
    opened.close()
    assert not second.isVisible()
    assert opened.settings.get("window.second")
    session = Session(opened.settings, make_backend=lambda: backend)
    again = ReviewWindow(session)
    again.show()
    assert not again.second.isVisible(), "there is nothing to show yet"
    session.load_model()
    session.open(demo)
    qtbot.waitUntil(lambda: session.recording is not None and again.settled, timeout=60_000)
    assert again.second.isVisible()
    assert again.second.size() == second.size()
    again.close()
    again.deleteLater()
    session.deleteLater()


def test_on_one_screen_a_presentation_is_one_window(
    qtbot: QtBot, second: SecondWindow, opened: ReviewWindow, settle: Settle
) -> None:
    press_there(qtbot, second, Key.Key_P)
    assert opened.isFullScreen()
    assert not second.isVisible()
    assert opened.ieeg.window() is opened
    settle(opened)
    qtbot.keyClick(opened, Key.Key_Escape)
    assert second.isVisible()
    assert opened.ieeg.window() is second
    assert not second.isFullScreen()


def test_what_is_saved_as_shown_is_both_windows(second: SecondWindow, opened: ReviewWindow) -> None:
    both = grab_windows(opened).toImage()
    assert both.width() > opened.width() + second.width()
    there = second.grab().toImage()
    assert both.copy(both.width() - there.width(), 0, there.width(), there.height()) == there.convertToFormat(
        both.format()
    )
    second.close()
    alone: QImage = grab_windows(opened).toImage()
    assert alone.size() == opened.size()


TWO_SCREENS = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from neuroflow.errors import ModelProblem
from neuroflow_review.session import Session
from neuroflow_review.settings import Settings
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.commands import demo_recording

def no_model():
    raise ModelProblem("none")

app = QApplication([])
session = Session(Settings(), make_backend=no_model)
window = ReviewWindow(session)
window.resize(1280, 720)
window.show()
session.load_model()
session.open(demo_recording())
late = QTimer.singleShot(100_000, app.quit)

def until(held):
    while not held():
        app.processEvents()

until(lambda: session.recording is not None and window.settled)
window.commands.actions["second"].trigger()
until(lambda: window.second.isVisible() and window.settled)
first, other = QGuiApplication.screens()
assert window.screen() is first, window.screen().name()
assert window.second.screen() is other, window.second.screen().name()
assert other.geometry().contains(window.second.geometry().center())
assert window.second.isMaximized()
picture = window.ieeg.make_picture()
assert picture.devicePixelRatio() == other.devicePixelRatio() == 2.0 * first.devicePixelRatio()
assert picture.width() == round(window.ieeg.width() * other.devicePixelRatio())
window.commands.actions["present"].trigger()
assert window.isFullScreen() and window.second.isFullScreen()
assert window.second.screen() is other
assert session.state.private and "Demonstration" not in window.second.header.patient
window.commands.actions["cancel"].trigger()
assert not window.second.isFullScreen() and window.second.isVisible()
window.close()
window.leave()
print("as it should be")
"""


def test_it_goes_to_the_second_screen_and_fills_it_in_a_presentation(tmp_path: Path) -> None:
    screens = [
        {"name": "desk", "x": 0, "y": 0, "width": 1920, "height": 1080, "logicalDpi": 96},
        {"name": "wall", "x": 1920, "y": 0, "width": 3200, "height": 1800, "logicalDpi": 192},
    ]
    config = tmp_path / "screens.json"
    config.write_text(json.dumps({"screens": [{"logicalBaseDpi": 96, "dpr": 1, **screen} for screen in screens]}))
    environment = {**os.environ, "QT_QPA_PLATFORM": f"offscreen:configfile={config}"}
    done = subprocess.run(
        [sys.executable, "-c", TWO_SCREENS], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert "as it should be" in done.stdout, done.stderr[-2000:]
