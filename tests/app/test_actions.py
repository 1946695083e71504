"""The table of actions: complete, without clashes, and what menus, keys and help are made of."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu

from neuroflow_review.action import FACTS, MENUS, Situation
from neuroflow_review.actions import ACTIONS
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.boxes import key_rows
from neuroflow_review.window.ladders import stepped

# ui.md, "Keys", as far as this program has what they do.
KEYS = (
    "Right Left Shift+Right Shift+Left Ctrl+Right Ctrl+Left Up Down Shift+Up Shift+Down 1 2 3 4 5 6 7 F R S Shift+S "
    "N Shift+N [ ] G ? Ctrl+O Escape Home End E A X U Ctrl+Z Ctrl+Shift+Z M L B Space "
    "Shift+M Shift+F Shift+B Z C Shift+C "
    "Ctrl+Up Ctrl+Down Ctrl+Shift+Up Ctrl+Shift+Down H Alt+Up Alt+Down + = - "
    "Alt+Right Alt+Left Alt+Shift+Right Alt+Shift+Left Alt+Shift+Up Alt+Shift+Down Ctrl+F"
).split()


def test_every_action_has_its_own_name_and_every_key_one_action() -> None:
    names = [action.id for action in ACTIONS]
    assert len(names) == len(set(names))
    keys = [QKeySequence(key).toString() for action in ACTIONS for key in action.shortcuts]
    assert len(keys) == len(set(keys))
    assert all(keys)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_the_design_does_something(key: str) -> None:
    assert any(key in action.shortcuts for action in ACTIONS)


def test_actions_stand_in_menus_and_ask_for_facts_that_exist() -> None:
    for action in ACTIONS:
        assert action.menu in MENUS
        assert set(action.needs) <= FACTS
        assert action.text[0].isupper()


def test_what_has_no_key_of_its_own_is_reached_by_the_letter_of_its_menu() -> None:
    letters = [title[title.index("&") + 1].casefold() for title in MENUS.values()]
    assert len(set(letters)) == len(MENUS)
    taken = {key.casefold() for action in ACTIONS for key in action.shortcuts}
    assert not taken & {f"alt+{letter}" for letter in letters}


def test_keys_of_the_cursor_say_which_way_it_goes() -> None:
    texts = {action.id: action.text for action in ACTIONS if action.within == "Cursor"}
    assert all(text.startswith("Cursor forward") for name, text in texts.items() if name.endswith("next"))
    assert all(text.startswith("Cursor back") for name, text in texts.items() if name.endswith("back"))


def test_with_nothing_open_nothing_can_be_done_to_a_recording() -> None:
    empty = Situation()
    possible = {action.id for action in ACTIONS if action.enabled(empty)}
    assert {"open", "quit", "keys", "about"} <= possible
    assert not {"page_next", "reconstruct", "export", "goto", "montage_1", "spike_next"} & possible
    assert not next(a for a in ACTIONS if a.id == "reconstruct").enabled(replace(empty, recording=True))


def test_every_action_is_in_its_menu_with_its_handler_and_its_keys(window: ReviewWindow) -> None:
    commands = window.commands
    for entry in ACTIONS:
        action = commands.actions[entry.id]
        assert callable(attrgetter(entry.handler)(commands))
        menu: QMenu = commands.menus[entry.menu]
        if entry.within:
            (menu,) = [a.menu() for a in menu.actions() if a.text() == entry.within]  # type: ignore[misc]
        assert action in menu.actions()
        assert [s.toString() for s in action.shortcuts()] == [QKeySequence(k).toString() for k in entry.shortcuts]


def test_the_page_of_keys_has_every_key() -> None:
    written = {key for _, _, keys in key_rows() for key in keys.split(", ")}
    assert written == {key for action in ACTIONS for key in action.shortcuts}


def test_a_ladder_is_climbed_rung_by_rung_from_wherever_one_is() -> None:
    ladder = (1.0, 2.0, 5.0)
    assert stepped(ladder, 2.0, 1) == 5.0
    assert stepped(ladder, 2.0, -1) == 1.0
    assert stepped(ladder, 5.0, 1) == 5.0
    assert stepped(ladder, 1.0, -1) == 1.0
    assert stepped(ladder, 3.0, 1) == 5.0
    assert stepped(ladder, 3.0, -1) == 2.0
    assert stepped(ladder, 9.0, -1) == 5.0
