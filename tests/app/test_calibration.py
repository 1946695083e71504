"""True millimetres: a screen that was calibrated with a card, paper speeds, a page that says it is too small."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from neuroflow_review.dialogs.calibrate import CARD_MM, CalibrateDialog
from neuroflow_review.paper import pixels_per_mm, set_calibrated
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.boxes import screen_scales

Settle = Callable[[ReviewWindow], None]


@pytest.fixture(autouse=True)
def uncalibrated(qapp: object) -> Iterator[None]:  # noqa: ARG001
    yield
    set_calibrated({})


def test_a_card_makes_millimetres_true_and_is_remembered(qtbot: QtBot, opened: ReviewWindow) -> None:
    assert "not calibrated" in opened.says.text()
    before = opened.page.mm_per_second
    opened.commands.actions["calibrate"].trigger()
    dialog = opened.findChild(CalibrateDialog)
    assert dialog is not None
    start = dialog.pixels_per_mm
    assert start == pytest.approx(pixels_per_mm(opened.page), abs=0.02)
    for _ in range(25):
        qtbot.keyClick(dialog.slider, Qt.Key.Key_Right)
    found = dialog.pixels_per_mm
    assert found == pytest.approx(start + 0.5, abs=0.03)
    assert dialog.card.minimumWidth() >= CARD_MM[0] * found
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert pixels_per_mm(opened.page) == pytest.approx(found)
    assert opened.page.mm_per_second == pytest.approx(before * start / found, rel=0.01)
    assert "not calibrated" not in opened.says.text()
    assert list(screen_scales(opened.session.settings).values()) == [pytest.approx(found)]


def test_a_dialog_that_is_left_changes_nothing(qtbot: QtBot, opened: ReviewWindow) -> None:
    before = pixels_per_mm(opened.page)
    opened.commands.actions["calibrate"].trigger()
    dialog = opened.findChild(CalibrateDialog)
    assert dialog is not None
    dialog.slider.setValue(dialog.slider.maximum())
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert pixels_per_mm(opened.page) == before


@pytest.mark.parametrize("speed", [15, 30, 60])
def test_a_paper_speed_is_that_many_millimetres(opened: ReviewWindow, settle: Settle, speed: int) -> None:
    opened.commands.actions[f"speed_{speed}_mm"].trigger()
    settle(opened)
    assert opened.page.mm_per_second == pytest.approx(speed, rel=0.01)


def test_a_page_below_the_display_standard_says_so(opened: ReviewWindow, settle: Settle) -> None:
    assert "below display standard" in opened.says.text()
    assert "mm a channel" in opened.says.text()
    opened.commands.actions["speed_30_mm"].trigger()
    settle(opened)
    assert "30 mm/s" in opened.says.text()
    assert "24 mm/s" not in opened.says.text()


def test_scales_of_strangers_are_not_believed(opened: ReviewWindow) -> None:
    settings = opened.session.settings
    settings.set("screen.scales", ["a\t4.5", "b\tnan", "c\t-3", "d\t1e9", "e", "f\tx"])
    assert screen_scales(settings) == {"a": 4.5}
