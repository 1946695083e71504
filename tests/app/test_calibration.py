"""True millimetres: a screen that was calibrated with a card, paper speeds, a page that says it is too small."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QRect, Qt
from pytestqt.qtbot import QtBot

from neuroflow_review.dialogs.calibrate import CARD_MM, CalibrateDialog
from neuroflow_review.paper import pixels_per_mm, screen_key, set_calibrated
from neuroflow_review.session.remembered import initial_state, remember
from neuroflow_review.theme import UNIT
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


def test_the_ruler_of_the_dialog_has_ten_centimetres_of_what_is_tried(qtbot: QtBot, opened: ReviewWindow) -> None:
    opened.commands.actions["calibrate"].trigger()
    dialog = opened.findChild(CalibrateDialog)
    qtbot.waitUntil(dialog.isVisible)
    for value in (200, 260):  # four pixels to a millimetre, and more
        dialog.slider.setValue(value)
        per_mm = dialog.pixels_per_mm
        image = dialog.card.grab().toImage()
        y = round(4 * UNIT + CARD_MM[1] * per_mm + 5 * UNIT) + 10  # below all but the lines of whole centimetres
        inked = [x for x in range(image.width()) if image.pixelColor(x, y).lightness() < 170]
        starts = [x for x in inked if x - 1 not in inked]
        assert len(starts) == 11
        assert [x - starts[0] for x in starts] == pytest.approx([10 * k * per_mm for k in range(11)], abs=1.0)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)


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


def test_a_paper_speed_is_kept_when_the_page_becomes_wider_until_seconds_are_chosen(
    qtbot: QtBot, opened: ReviewWindow, settle: Settle
) -> None:
    actions, session = opened.commands.actions, opened.session
    session.go_to(100.0)
    actions["speed_30_mm"].trigger()
    settle(opened)
    assert actions["speed_30_mm"].isChecked()
    remember(session.state, session.settings)
    assert initial_state(session.settings, session.montages).paper_speed == 30.0, "the next time too"
    start, seconds = session.state.start, session.state.seconds

    def at_30_mm() -> bool:
        return opened.page.mm_per_second == pytest.approx(30, rel=1e-4) and opened.settled

    actions["dock Events"].setChecked(False)
    actions["dock At the cursor"].setChecked(False)
    qtbot.waitUntil(lambda: session.state.seconds > seconds + 0.5 and at_30_mm())
    assert session.state.start == pytest.approx(start)
    opened.resize(1280, 720)
    qtbot.waitUntil(lambda: session.state.seconds < seconds + 0.5 and at_30_mm())
    session.settings.set("screen.scales", [f"{screen_key(opened.screen())}\t5"])
    opened.apply_scales()
    qtbot.waitUntil(at_30_mm)
    opened.commands.base.menu().actions()[2].trigger()
    settle(opened)
    opened.resize(1500, 900)
    qtbot.waitUntil(lambda: opened.page.width() > 1000 and opened.settled)
    assert session.state.seconds == 10.0
    assert not actions["speed_30_mm"].isChecked()


def test_a_page_below_the_display_standard_says_so(opened: ReviewWindow, settle: Settle) -> None:
    assert "below display standard" in opened.says.text()
    assert "mm a channel" in opened.says.text()
    opened.commands.actions["speed_30_mm"].trigger()
    settle(opened)
    assert "30 mm/s" in opened.says.text()
    assert "24 mm/s" not in opened.says.text()


class Monitor:
    """A screen as Qt describes it."""

    def __init__(self, **said: object) -> None:
        self._said = {
            "manufacturer": "Eizo", "model": "RX350", "serialNumber": "1", "name": "HDMI-1", "devicePixelRatio": 1.0,
            "geometry": QRect(0, 0, 1920, 1080), **said,
        }  # fmt: skip

    def __getattr__(self, name: str) -> Callable[[], object]:
        return lambda: self._said[name]


@pytest.mark.parametrize(
    "other",
    [
        {"manufacturer": "Dell"}, {"model": "U24"}, {"serialNumber": "2"}, {"name": "DP-1"}, {"devicePixelRatio": 1.5},
        {"geometry": QRect(0, 0, 2560, 1440)},
    ],
)  # fmt: skip
def test_a_calibration_holds_for_one_monitor_at_one_scale(other: dict[str, object]) -> None:
    assert screen_key(Monitor()) == screen_key(Monitor(geometry=QRect(1920, 0, 1920, 1080))), "wherever it stands"
    assert screen_key(Monitor()) != screen_key(Monitor(**other))
    assert "\t" not in screen_key(Monitor(model="a\tb"))


def test_on_another_screen_the_page_is_not_calibrated_and_says_so_at_once(
    opened: ReviewWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.session.settings.set("screen.scales", [f"{screen_key(opened.screen())}\t5"])
    opened.apply_scales()
    assert "not calibrated" not in opened.says.text()
    assert pixels_per_mm(opened.page) == 5.0
    monkeypatch.setattr("neuroflow_review.paper.screen_key", lambda _: "the monitor of the meeting room")
    opened.windowHandle().screenChanged.emit(opened.screen())
    assert "not calibrated" in opened.says.text()
    assert pixels_per_mm(opened.page) != 5.0
    assert not opened.page.fresh, "drawn anew in its millimetres"
    monkeypatch.undo()
    opened.screen().geometryChanged.emit(opened.screen().geometry())  # the desktop is scaled, and back
    assert "not calibrated" not in opened.says.text()


def test_scales_of_strangers_are_not_believed(opened: ReviewWindow) -> None:
    settings = opened.session.settings
    settings.set("screen.scales", ["a\t4.5", "b\tnan", "c\t-3", "d\t1e9", "e", "f\tx"])
    assert screen_scales(settings) == {"a": 4.5}
