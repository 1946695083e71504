"""Everything from the keyboard: what is set in steps, the cursor, and keys that belong to what has the focus."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from neuroflow.review.document import IFCN_CRITERIA
from neuroflow.signal.filters import HIGH_CUTS, LOW_CUTS
from neuroflow_review.dialogs.keys import KeysDialog
from neuroflow_review.session.analysis import Spike
from neuroflow_review.window import ReviewWindow

Key = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier
Press = Callable[..., None]


@pytest.fixture
def type_key(qtbot: QtBot) -> Callable[..., None]:
    """Press a key where the focus is, as a keyboard does: whatever has it is asked first."""

    def act(window: ReviewWindow, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        qtbot.keyClick(QApplication.focusWidget() or window, key, modifiers)

    return act


def tab_to(qtbot: QtBot, window: ReviewWindow, widget: QWidget) -> None:
    """Press Tab until a widget has the keyboard."""
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    for _ in range(120):
        if widget.hasFocus():
            return
        qtbot.keyClick(QApplication.focusWidget() or window, Key.Key_Tab)
    raise AssertionError(f"Tab does not lead to {widget.accessibleName()}")


# Ladders --------------------------------------------------------------------------------------------------------------


def test_the_low_cut_climbs_its_ladder_to_off_and_back(opened: ReviewWindow, press: Press) -> None:
    def cut() -> float | None:
        return opened.session.state.filters.low_cut

    press(opened, Key.Key_Up, CTRL)
    assert cut() == 1.6
    for expected in (*reversed(LOW_CUTS[:-2]), None, None):
        press(opened, Key.Key_Down, CTRL)
        assert cut() == expected
    assert opened.commands.low.text() == "LF off"
    press(opened, Key.Key_Up, CTRL)
    assert cut() == LOW_CUTS[0]


def test_the_high_cut_climbs_its_ladder_to_off_and_back(opened: ReviewWindow, press: Press) -> None:
    def cut() -> float | None:
        return opened.session.state.filters.high_cut

    for expected in (120.0, 300.0, None, None):
        press(opened, Key.Key_Up, CTRL | SHIFT)
        assert cut() == expected
    for expected in reversed(HIGH_CUTS):
        press(opened, Key.Key_Down, CTRL | SHIFT)
        assert cut() == expected


def test_the_notch_goes_round(opened: ReviewWindow, press: Press) -> None:
    found = []
    for _ in range(3):
        press(opened, Key.Key_H)
        found.append(opened.session.state.filters.notch)
    assert found == [50.0, 60.0, None]


def test_filters_that_are_off_are_not_stepped(opened: ReviewWindow, press: Press) -> None:
    before = opened.session.state.filters
    press(opened, Key.Key_F)
    for key, modifiers in ((Key.Key_Up, CTRL), (Key.Key_Up, CTRL | SHIFT), (Key.Key_H, None)):
        press(opened, key, modifiers)
    assert opened.session.state.filters == before
    assert not opened.commands.actions["low_cut_higher"].isEnabled()


def test_the_time_base_is_stepped_about_the_middle_of_the_page(opened: ReviewWindow, press: Press) -> None:
    session = opened.session
    session.go_to(100.0)
    for key, seconds in ((Key.Key_Up, 7.5), (Key.Key_Up, 5.0), (Key.Key_Up, 5.0), (Key.Key_Down, 7.5)):
        press(opened, key, ALT)
        assert session.state.seconds == seconds
        assert session.state.start + seconds / 2 == pytest.approx(105.0)


def test_the_speed_of_playing_is_stepped(opened: ReviewWindow, press: Press) -> None:
    speeds = []
    for key in (Key.Key_Plus, Key.Key_Equal, Key.Key_Plus, Key.Key_Plus, Key.Key_Minus):
        press(opened, key)
        speeds.append(opened.commands.player.speed)
    assert speeds == [2, 4, 8, 8, 4]
    assert opened.commands.actions["speed_4"].isChecked()


def test_a_question_mark_shows_the_keys(qtbot: QtBot, opened: ReviewWindow, press: Press) -> None:
    press(opened, Key.Key_Question)
    sheet = opened.findChild(KeysDialog)
    assert sheet is not None
    qtbot.waitUntil(sheet.isVisible)
    assert {keys for _, _, keys in sheet.shown} >= {"?", "R", "Ctrl+Z", "Shift+N"}
    qtbot.keyClick(sheet, Key.Key_Escape)


# The cursor -----------------------------------------------------------------------------------------------------------


def test_keys_move_the_cursor_and_what_is_read_at_it_follows(opened: ReviewWindow, press: Press) -> None:
    session = opened.session
    session.set_cursor(None)
    press(opened, Key.Key_Right, ALT)
    assert session.cursor == 5.0, "it begins in the middle of the page"
    read = opened.inspector.accessibleDescription(), opened.place.text()
    press(opened, Key.Key_Right, ALT)
    assert session.cursor == pytest.approx(5.01)
    press(opened, Key.Key_Right, ALT | SHIFT)
    assert session.cursor == pytest.approx(5.21)
    press(opened, Key.Key_Left, ALT | SHIFT)
    press(opened, Key.Key_Left, ALT)
    assert session.cursor == pytest.approx(5.0)
    press(opened, Key.Key_L)
    for _ in range(5):
        press(opened, Key.Key_Right, ALT | SHIFT)
    press(opened, Key.Key_L)
    selection = session.state.selection
    assert selection is not None
    assert (selection.start, selection.stop) == (pytest.approx(5.0), pytest.approx(6.0))
    assert opened.inspector._ruler.text().startswith("Selection 1 s · 1 /s")
    assert read != (opened.inspector.accessibleDescription(), opened.place.text())


def test_a_cursor_that_leaves_the_page_turns_it_and_stays_in_the_recording(opened: ReviewWindow, press: Press) -> None:
    session, recording = opened.session, opened.session.recording
    assert recording is not None
    session.set_cursor(9.9)
    press(opened, Key.Key_Right, ALT | SHIFT)
    assert (session.state.start, session.cursor) == (10.0, pytest.approx(10.1))
    press(opened, Key.Key_Left, ALT | SHIFT)
    assert (session.state.start, session.cursor) == (0.0, pytest.approx(9.9))
    session.set_cursor(0.05)
    press(opened, Key.Key_Left, ALT | SHIFT)
    assert session.cursor == 0.0
    press(opened, Key.Key_End)
    session.set_cursor(recording.duration - 0.05)
    press(opened, Key.Key_Right, ALT | SHIFT)
    assert session.cursor is not None
    assert session.state.span.start < session.cursor < recording.duration


# The focus ------------------------------------------------------------------------------------------------------------


def test_a_choice_of_the_toolbar_is_opened_and_made_without_the_mouse(qtbot: QtBot, opened: ReviewWindow) -> None:
    choice = opened.commands.base
    tab_to(qtbot, opened, choice)
    menu, seen = choice.menu(), []

    def choose() -> None:
        seen.append((menu.isVisible(), opened.commands.player.playing))
        qtbot.keyClick(menu, Key.Key_Down)
        seen.append(menu.activeAction().data())
        qtbot.keyClick(menu, Key.Key_Return)

    QTimer.singleShot(0, menu, choose)  # the menu has an event loop of its own
    qtbot.keyClick(choice, Key.Key_Space)
    (open_and_playing, chosen) = seen
    assert open_and_playing == (True, False)
    assert opened.session.state.seconds == chosen
    assert chosen != 10.0
    assert opened.session.state.sensitivity == 7e-6, "the arrow was the menu's"


def test_space_ticks_a_criterion_and_plays_nothing(
    qtbot: QtBot, mine: ReviewWindow, press: Press, type_key: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mine.session.spikes, "scalp", lambda: (Spike("F7–T3", 4.0),))
    mine.session.set_cursor(4.0)
    press(mine, Key.Key_A)
    press(mine, Key.Key_I)
    tab_to(qtbot, mine, mine.criteria.boxes["pointed"])
    type_key(mine, Key.Key_Space)
    (mark,) = mine.session.marks.all
    assert mark.criteria == (next(iter(IFCN_CRITERIA)),)
    assert not mine.commands.player.playing
    type_key(mine, Key.Key_X)
    assert mine.session.marks.all[0].decision == "rejected", "letters stay the window's"
    type_key(mine, Key.Key_Escape)
    assert mine.page.hasFocus()
    type_key(mine, Key.Key_Space)
    assert mine.commands.player.playing, "with the page in hand it plays"
    type_key(mine, Key.Key_Escape)


def test_arrows_in_the_list_of_events_choose_events_and_leave_the_sensitivity(
    qtbot: QtBot, opened: ReviewWindow, type_key: Callable[..., None]
) -> None:
    table, session = opened.events.table, opened.session
    tab_to(qtbot, opened, table)
    table.selectRow(0)
    type_key(opened, Key.Key_Down)
    assert table.currentIndex().row() == 1
    type_key(opened, Key.Key_PageDown)
    assert table.currentIndex().row() == opened.events.shown - 1
    assert session.state.sensitivity == 7e-6
    assert session.state.start == 0.0
    type_key(opened, Key.Key_Return)
    assert session.cursor == opened.events._model.row(opened.events.shown - 1).time
    start = session.state.start
    type_key(opened, Key.Key_Left)
    assert session.state.start < start, "pages turn from the list too"
    type_key(opened, Key.Key_Space)
    assert opened.commands.player.playing, "a list has no use for it"
    type_key(opened, Key.Key_Escape)


def test_numbers_of_the_toolbar_are_reached_and_changed_by_keyboard(
    qtbot: QtBot, opened: ReviewWindow, type_key: Callable[..., None]
) -> None:
    samples = opened.session.state.samples
    tab_to(qtbot, opened, opened.commands.samples)
    type_key(opened, Key.Key_Up)
    assert opened.session.state.samples == samples + 1
    assert opened.session.state.sensitivity == 7e-6
    type_key(opened, Key.Key_Return)
    type_key(opened, Key.Key_Up)
    assert opened.session.state.sensitivity == pytest.approx(5e-6), "entered, it gives the keyboard back"


def test_a_floating_panel_keeps_its_keys_and_leaves_the_window_the_others(qtbot: QtBot, opened: ReviewWindow) -> None:
    dock = opened.docks["Events"]
    dock.setFloating(True)
    qtbot.waitUntil(lambda: dock.isFloating() and dock.isVisible())
    dock.activateWindow()
    button = opened.events._filters["annotation"]
    button.setFocus()
    qtbot.waitUntil(button.hasFocus)
    qtbot.keyClick(button, Key.Key_Space)
    assert not button.isChecked()
    assert not opened.commands.player.playing


def test_a_key_leads_to_the_search_of_events_and_escape_back(
    qtbot: QtBot, opened: ReviewWindow, press: Press, type_key: Callable[..., None]
) -> None:
    opened.commands.actions["dock Events"].setChecked(False)
    press(opened, Key.Key_F, CTRL)
    assert opened.events.search.hasFocus()
    qtbot.keyClicks(opened.events.search, "zzz")
    assert opened.events.shown == 0
    type_key(opened, Key.Key_Escape)
    assert opened.page.hasFocus()
    type_key(opened, Key.Key_Right)
    assert opened.session.state.start == 10.0
