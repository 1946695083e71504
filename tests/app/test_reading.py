"""Reading by keyboard: playing, measuring, setting channels aside."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot
from tests.app.conftest import words_of

from neuroflow.recording import Span
from neuroflow_review.window import ReviewWindow

Key = Qt.Key
Press = Callable[..., None]
Settle = Callable[[ReviewWindow], None]


def test_playing_moves_the_cursor_in_time_and_turns_the_page(qtbot: QtBot, opened: ReviewWindow, press: Press) -> None:
    session, player = opened.session, opened.commands.player
    session.go_to(100.0)
    session.set_cursor(109.2)
    opened.commands.view.set_speed(2)
    press(opened, Key.Key_Space)
    assert opened.commands.actions["play"].isChecked()
    assert opened.commands.actions["speed_2"].isChecked()
    qtbot.waitUntil(lambda: session.state.start == 110.0, timeout=60_000)
    assert session.cursor is not None
    assert 110.0 <= session.cursor < 115.0
    press(opened, Key.Key_Space)
    assert not player.playing
    stopped = session.cursor
    qtbot.wait(120)
    assert session.cursor == stopped


def test_playing_ends_with_the_recording_and_by_escape(qtbot: QtBot, opened: ReviewWindow, press: Press) -> None:
    session, player = opened.session, opened.commands.player
    session.go_to(590.0)
    session.set_cursor(599.7)
    press(opened, Key.Key_Space)
    qtbot.waitUntil(lambda: not player.playing, timeout=60_000)
    session.go_to(0.0)
    press(opened, Key.Key_Space)
    assert player.playing
    press(opened, Key.Key_Escape)
    assert not player.playing


def test_a_reader_who_turns_the_page_while_it_plays_takes_the_cursor_along(
    qtbot: QtBot, opened: ReviewWindow, press: Press
) -> None:
    session = opened.session
    press(opened, Key.Key_Space)
    press(opened, Key.Key_End)
    qtbot.waitUntil(lambda: session.cursor is not None and session.cursor > 500.0, timeout=60_000)
    press(opened, Key.Key_Space)


def test_a_closed_recording_stops_playing(opened: ReviewWindow, press: Press) -> None:
    press(opened, Key.Key_Space)
    opened.session.close_recording()
    assert not opened.commands.player.playing


def test_the_ruler_measures_time_rate_and_voltage(opened: ReviewWindow, press: Press, settle: Settle) -> None:
    session = opened.session
    session.set_cursor(2.0)
    press(opened, Key.Key_L)
    session.set_cursor(2.5)
    settle(opened)
    assert session.state.selection == Span(2.0, 2.5)
    words = opened.inspector._ruler.text()
    assert words.startswith("Selection 0.5 s · 2 /s")
    page = session.page
    assert page is not None
    label = next(row.label for row in session.rows if row.kind == "EEG")
    row = [r.label for r in page.request.rows].index(label)
    low, high = page.extremes(row, Span(2.0, 2.5))
    assert high > low
    assert f"{(high - low) * 1e6:.0f} µV" in words
    press(opened, Key.Key_L)
    session.set_cursor(4.0)
    assert session.state.selection == Span(2.0, 2.5)  # laid down
    press(opened, Key.Key_Escape)
    assert session.state.selection is None
    assert opened.inspector._ruler.text() == ""


@pytest.mark.parametrize("how", ["closed", "presentation"])
def test_what_the_ruler_measures_stands_on_the_page_where_no_panel_says_it(
    qtbot: QtBot, opened: ReviewWindow, press: Press, settle: Settle, how: str
) -> None:
    opened.session.set_cursor(2.0)
    press(opened, Key.Key_L)
    opened.session.set_cursor(2.5)
    settle(opened)
    assert "0.5 s" not in words_of(opened.page), "the panel says it"
    if how == "closed":
        opened.commands.actions["dock At the cursor"].trigger()
    else:
        press(opened, Key.Key_P)
    qtbot.waitUntil(lambda: "0.5 s · 2 /s" in words_of(opened.page))
    opened.session.set_cursor(2.25)
    label = next(row.label for row in opened.session.rows if row.kind == "EEG")
    assert "0.25 s · 4 /s" in words_of(opened.page)
    assert f"{label}: end − start" in words_of(opened.page)
    opened.session.set_cursor(9.9)  # no room right of it
    assert "7.9 s" in words_of(opened.page)
    if how == "closed":
        opened.commands.actions["dock At the cursor"].trigger()
    else:
        press(opened, Key.Key_P)
    qtbot.waitUntil(lambda: "7.9 s" not in words_of(opened.page))
    if how == "closed":
        opened.commands.actions["dock At the cursor"].trigger()
        qtbot.waitUntil(lambda: "7.9 s" in words_of(opened.page))
        press(opened, Key.Key_L)
        press(opened, Key.Key_Escape)
        qtbot.waitUntil(lambda: "7.9 s" not in words_of(opened.page))


def test_a_ruler_may_be_drawn_to_the_left(opened: ReviewWindow, press: Press) -> None:
    opened.session.set_cursor(6.0)
    press(opened, Key.Key_L)
    opened.session.set_cursor(5.0)
    assert opened.session.state.selection == Span(5.0, 6.0)


def test_a_ruler_without_a_cursor_says_what_to_do(opened: ReviewWindow, press: Press) -> None:
    opened.session.set_cursor(None)
    press(opened, Key.Key_L)
    assert opened.session.state.selection is None
    assert "cursor" in opened.statusBar().currentMessage()


def test_a_channel_is_set_aside_and_taken_back_by_key(opened: ReviewWindow, press: Press, settle: Settle) -> None:
    opened.session.store.update(montage="average")
    settle(opened)
    opened.commands.marks.choose_channel(opened.session.rows[2].label)
    name = max(opened.session.rows[2].weights, key=lambda weight: weight[1])[0]
    press(opened, Key.Key_B)
    assert opened.session.state.bad == {name}
    press(opened, Key.Key_B)
    assert opened.session.state.bad == frozenset()


def test_of_a_derivation_of_two_the_reader_is_asked_which(qtbot: QtBot, opened: ReviewWindow, press: Press) -> None:
    opened.commands.marks.choose_channel("F7–T3")
    press(opened, Key.Key_B)
    qtbot.waitUntil(lambda: any(m.isVisible() for m in opened.findChildren(QMenu)))
    (menu,) = [m for m in opened.findChildren(QMenu) if m.isVisible()]
    words = [action.text() for action in menu.actions()]
    assert "Set F7 aside as bad" in words
    assert "Set T3 aside as bad" in words
    menu.close()
    assert opened.session.state.bad == frozenset()


@pytest.mark.parametrize("speed", [1, 2, 4, 8])
def test_one_speed_is_chosen(opened: ReviewWindow, speed: int) -> None:
    opened.commands.actions[f"speed_{speed}"].trigger()
    checked = [n for n in (1, 2, 4, 8) if opened.commands.actions[f"speed_{n}"].isChecked()]
    assert checked == [speed]
