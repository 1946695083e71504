"""The butterfly: every electrode about the cursor, as it stands in average reference, and the field power below."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QTabBar
from pytestqt.qtbot import QtBot

from neuroflow.signal.topography import global_field_power
from neuroflow_review.session.page import rows_of
from neuroflow_review.window import ReviewWindow

Press = Callable[..., None]
Settle = Callable[[ReviewWindow], None]
Key = Qt.Key
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def flown(qtbot: QtBot, window: ReviewWindow, nineteen: Path, press: Press) -> ReviewWindow:
    """The window with the butterfly of nineteen electrodes at three seconds."""
    window.session.open(nineteen)
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    assert not window.docks["Butterfly"].isVisible()
    press(window, Key.Key_B, SHIFT)
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    assert "pointer" in window.butterfly.message
    window.session.set_cursor(3.0)
    return window


def test_it_holds_every_electrode_half_a_second_either_side(flown: ReviewWindow, settle: Settle) -> None:
    panel = flown.butterfly
    assert len(panel._sites) == 19
    assert panel._data.shape == (19, 201)
    assert panel._first == pytest.approx(-0.5, abs=0.006)
    assert flown.commands.actions["butterfly"].isChecked()
    assert "average reference · 1–70 Hz" in panel.words
    flown.session.set_cursor(0.2)  # what lies before the recording is not made up
    assert np.isnan(panel._data[:, :50]).all()
    flown.session.set_cursor(9.9)  # what lies beyond the page is there
    assert np.isfinite(panel._data).all()
    flown.session.turn(1.0)
    settle(flown)
    assert panel.message == "No signal at the cursor"


def test_its_values_are_those_of_the_page_in_average_reference(flown: ReviewWindow, settle: Settle) -> None:
    panel, session = flown.butterfly, flown.session
    session.store.update(montage="average", seconds=5.0)  # every sample of a short page is kept
    settle(flown)
    page, recording = session.page, session.recording
    assert page is not None
    assert recording is not None
    labels = [row.label for row in rows_of(recording, "average", frozenset())]
    k = round(-panel._first * panel._rate)
    for site, y in zip(panel._sites, panel._data, strict=True):
        assert y[k] == pytest.approx(page.value(labels.index(f"{site}–avg"), 3.0), abs=1e-9)
    assert float(panel.reading.split()[1].replace("−", "-")) == pytest.approx(
        1e6 * float(global_field_power(panel._data)[k]), abs=0.6
    )


def test_the_electrode_under_the_pointer_has_its_name(qtbot: QtBot, flown: ReviewWindow) -> None:
    panel = flown.butterfly
    k = panel._data.shape[1] // 4
    highest = int(np.argmin(panel._data[:, k]))  # negative up
    x = panel.x_of(panel._first + k / panel._rate)
    qtbot.mouseMove(panel, QPoint(round(x), round(float(panel.y_of(float(panel._data[highest, k]))))))
    assert panel.named in panel._sites
    assert panel.reading.startswith(panel.named)
    assert "µV" in panel.reading
    qtbot.mouseMove(panel, QPoint(2, 2))
    assert panel.named == ""
    assert panel.reading.startswith("GFP")


def test_electrodes_are_named_by_keyboard(qtbot: QtBot, flown: ReviewWindow) -> None:
    panel, before = flown.butterfly, flown.session.state.sensitivity
    panel.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(panel, Key.Key_Down)
    assert panel.named == panel._sites[0]
    qtbot.keyClick(panel, Key.Key_Up)
    assert panel.named == panel._sites[-1]
    assert flown.session.state.sensitivity == before
    flown.page.setFocus()
    assert panel.named == ""


def test_it_has_the_sensitivity_of_the_page(flown: ReviewWindow, press: Press) -> None:
    panel = flown.butterfly
    per_volt = panel._per_volt
    press(flown, Key.Key_Down)  # 10 instead of 7 µV/mm
    assert panel._per_volt == pytest.approx(per_volt * 0.7)
    for _ in range(8):
        press(flown, Key.Key_Up)
    assert panel.words.startswith("cut off")
    assert not panel.grab().toImage().isNull()


def test_it_is_there_at_once_where_the_map_has_read_the_page(
    qtbot: QtBot, opened: ReviewWindow, press: Press, settle: Settle
) -> None:
    press(opened, Key.Key_M)
    opened.session.set_cursor(3.0)
    settle(opened)
    press(opened, Key.Key_B, SHIFT)
    qtbot.waitUntil(lambda: opened.butterfly.reading.startswith("GFP"))


def test_docks_that_find_no_room_share_a_place_and_the_window_keeps_its_size(
    opened: ReviewWindow, press: Press, settle: Settle
) -> None:
    opened.resize(1280, 740)
    settle(opened)
    high = opened.height()
    press(opened, Key.Key_M)
    press(opened, Key.Key_F, SHIFT)
    press(opened, Key.Key_B, SHIFT)
    settle(opened)
    assert opened.height() <= high + 4
    assert opened.docks["Butterfly"] in opened.tabifiedDockWidgets(opened.docks["Implant"])
    assert not opened.butterfly.visibleRegion().isEmpty()  # what was asked for lies on top


def test_names_of_docks_that_share_a_place_are_written_whole(
    opened: ReviewWindow, press: Press, settle: Settle
) -> None:
    opened.resize(1280, 740)
    for key in (Key.Key_M, Key.Key_F, Key.Key_B):
        press(opened, key, None if key is Key.Key_M else SHIFT)
    settle(opened)
    bars = [bar for bar in opened.findChildren(QTabBar) if bar.isVisible()]
    assert max(bar.count() for bar in bars) == 3
    assert [bar.tabText(0) for bar in bars if bar.sizeHint().width() > bar.width()] == []


def test_a_channel_set_aside_is_not_in_it(flown: ReviewWindow, settle: Settle) -> None:
    flown.session.toggle_bad("T4")
    settle(flown)
    assert "T4" not in flown.butterfly._sites
    assert len(flown.butterfly._sites) == 18


def test_too_few_electrodes_are_said(qtbot: QtBot, window: ReviewWindow, few_channels: Path, press: Press) -> None:
    window.session.open(few_channels)
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    press(window, Key.Key_B, SHIFT)
    window.session.set_cursor(2.0)
    qtbot.waitUntil(lambda: "six electrodes" in window.butterfly.message)
