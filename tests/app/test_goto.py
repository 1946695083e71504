"""Going to a time: how readers write times, and the dialog that asks for one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog

from neuroflow.units import format_clock
from neuroflow_review.dialogs.goto import GoToDialog, parse_time
from neuroflow_review.wording import clock, day

START = datetime(2024, 3, 1, 14, 3, 20)
NIGHT = datetime(2024, 3, 1, 22, 3, 20, 500_000)


def shown(qtbot: Any, dialog: GoToDialog) -> GoToDialog:
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    return dialog


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:05:12", 312),
        ("5:12", 312),
        ("312", 312),
        ("5m12s", 312),
        ("5 min 12 s", 312),
        ("5m12", 312),
        ("90:00", 5400),
        ("1h", 3600),
        ("1.5h", 5400),
        ("1h 2s", 3602),
        ("0:00:07.25", 7.25),
        ("7,5", 7.5),
        (" +30 ", 130),
        ("-1:00", 40),
        ("−40", 60),
        ("+1m", 160),
    ],
)
def test_elapsed_times_are_read_as_readers_write_them(text: str, seconds: float) -> None:
    assert parse_time(text, duration=7200, at=100) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "  ", "abc", "5:99", "1:75:00", "h", "m s", "5:12:", "-2:00", "12:00:00", "1e9"])
def test_what_is_no_elapsed_time_of_the_recording_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[A-Z].*\.$"):
        parse_time(text, duration=7200, at=100)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("14:03:20", 0), ("14:05", 100), ("140500", 100), ("1405", 100), ("2:05 pm", 100), ("15", 3400), ("14h05", 100)],
)
def test_clock_times_count_from_the_start(text: str, seconds: float) -> None:
    assert parse_time(text, clock=True, duration=7200, start=START) == pytest.approx(seconds)


def test_a_clock_time_after_midnight_is_of_the_next_day() -> None:
    assert parse_time("03:22", clock=True, duration=40_000, start=START.replace(hour=22)) == 19_120


def test_a_clock_time_that_comes_twice_is_the_nearer_one_unless_the_day_is_named() -> None:
    both = {"clock": True, "duration": 100_000.0, "start": START}
    assert parse_time("15:00", at=0, **both) == 3400  # type: ignore[arg-type]
    assert parse_time("15:00", at=90_000, **both) == 3400 + 86_400  # type: ignore[arg-type]
    assert parse_time("day 2 15:00", at=0, **both) == 3400 + 86_400  # type: ignore[arg-type]
    assert parse_time("d1 15:00", at=90_000, **both) == 3400  # type: ignore[arg-type]
    assert parse_time("19:00", at=90_000, **both) == 17_800, "there is no second one"  # type: ignore[arg-type]


def test_the_second_in_which_a_recording_begins_is_its_beginning() -> None:
    assert parse_time("22:03:20", clock=True, duration=600, start=NIGHT) == 0


@pytest.mark.parametrize(
    "text", ["", "25:00", "14:60", "13 pm", "0 am", "14:03:60", "noon", "14m", "d0 15:00", "14:02"]
)
def test_what_is_no_clock_time_of_the_recording_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[A-Z].*\.$"):
        parse_time(text, clock=True, duration=7200, start=START)
    with pytest.raises(ValueError, match="does not say"):
        parse_time("14:03", clock=True, duration=7200)


@given(st.text(max_size=12), st.booleans())
def test_anything_typed_is_a_time_of_the_recording_or_a_sentence(text: str, by_clock: bool) -> None:
    said = "."
    try:
        seconds = parse_time(text, clock=by_clock, duration=5000, start=NIGHT, at=10)
    except ValueError as error:
        seconds, said = 0.0, str(error)
    assert 0 <= seconds <= 5000
    assert said.endswith(".")


@given(st.integers(0, 200_000_000))
def test_what_the_screen_shows_is_read_back(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    elapsed = parse_time(format_clock(seconds, decimals=3), duration=200_000)
    by_clock = parse_time(
        f"day {day(seconds, NIGHT)} {clock(seconds, NIGHT, decimals=3)}", clock=True, duration=200_001, start=NIGHT
    )
    assert elapsed == pytest.approx(seconds, abs=1e-6)
    assert by_clock == pytest.approx(seconds, abs=1e-6)


def test_go_to_by_keyboard(qtbot: Any) -> None:
    dialog = shown(qtbot, GoToDialog(7200, START, 125))
    assert dialog.field.text() == "00:02:05"
    qtbot.keyClicks(dialog.field, "5m12s")  # what was there is selected, so typing replaces it
    assert dialog.field.text() == "5m12s"
    assert "14:08:32" in dialog.answer.text()
    assert "00:05:12" in dialog.answer.text()
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.seconds == 312


def test_go_to_turns_the_same_moment_from_elapsed_to_clock(qtbot: Any) -> None:
    dialog = shown(qtbot, GoToDialog(7200, START, 125))
    qtbot.mouseClick(dialog.switch.buttons[1], Qt.MouseButton.LeftButton)
    assert dialog.by_clock
    assert dialog.field.text() == "14:05:25"
    assert dialog.seconds == 125
    assert dialog.focusWidget() is dialog.field
    dialog.activateWindow()
    dialog.switch.buttons[1].setFocus()
    qtbot.waitUntil(dialog.switch.buttons[1].hasFocus)
    qtbot.keyClick(dialog.switch.buttons[1], Qt.Key.Key_Left)
    assert not dialog.by_clock
    assert dialog.field.text() == "00:02:05"


def test_go_to_does_not_leave_the_recording(qtbot: Any) -> None:
    dialog = shown(qtbot, GoToDialog(600, None, 0))
    assert not dialog.switch.buttons[1].isEnabled()
    qtbot.keyClicks(dialog.field, "15:00")
    assert dialog.answer.text() == "The recording is 00:10:00 long."
    assert not dialog.go_button.isEnabled()
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    assert dialog.isVisible()
    assert dialog.seconds is None
    qtbot.keyClick(dialog.field, Qt.Key.Key_Escape)
    assert dialog.result() == QDialog.DialogCode.Rejected
