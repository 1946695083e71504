"""Spikes of a reader's own: where nothing was proposed, on a row of the scalp that was recorded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from tests.app.test_marks import Press, propose, saved

from neuroflow.recording import Span
from neuroflow.review.document import OWN_DISCHARGE
from neuroflow_review.session.analysis import Spike
from neuroflow_review.window import ReviewWindow

Key = Qt.Key


def test_a_spike_of_ones_own_waits_until_spikes_were_looked_for(
    qtbot: QtBot, mine: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    propose(qtbot, mine, monkeypatch)
    mine.commands.marks.choose_channel("F7–T3")
    mine.session.set_cursor(4.0)
    searched = mine.session.spikes.searched
    monkeypatch.setattr(mine.session.spikes, "searched", lambda: (Span(60.0, 120.0),))
    press(mine, Key.Key_A)
    assert mine.session.marks.all == ()
    assert "still being looked for" in mine.statusBar().currentMessage()
    monkeypatch.setattr(mine.session.spikes, "searched", searched)
    press(mine, Key.Key_A)
    assert [(m.start, m.channel, m.text) for m in mine.session.marks.all] == [(4.0, "F7–T3", OWN_DISCHARGE)]
    mine.session.store.update(spikes_shown=False)
    mine.session.set_cursor(6.0)
    press(mine, Key.Key_A)
    assert [m.start for m in mine.session.marks.all] == [4.0, 6.0]
    assert "hidden" in mine.statusBar().currentMessage()
    saved(qtbot, mine)


def test_spikes_of_ones_own_follow_one_another_and_stay_ones_own(
    qtbot: QtBot, mine: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    propose(qtbot, mine, monkeypatch)
    for time, channel in ((4.0, "F7–T3"), (4.2, "F7–T3"), (4.4, "F8–T4"), (4.45, "F7–T3")):
        mine.commands.marks.choose_channel(channel)
        mine.session.set_cursor(time)
        press(mine, Key.Key_A)
    assert "accepted already" in mine.statusBar().currentMessage(), "the last is the one before, on another row"
    assert [m.start for m in mine.session.marks.all] == [4.0, 4.2, 4.4]
    mine.session.set_cursor(4.0)
    press(mine, Key.Key_X)
    press(mine, Key.Key_A)
    assert [(m.decision, m.text) for m in mine.session.marks.all] == [("accepted", OWN_DISCHARGE)] * 3
    saved(qtbot, mine)


def test_what_is_accepted_on_a_row_of_the_scalp_is_never_a_reconstructed_spike(
    qtbot: QtBot, mine: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mine.session.spikes, "depth", lambda: (Spike("AHL1", 4.1, 5, 9), Spike("AHL2", 8.0, 5, 9)))
    propose(qtbot, mine, monkeypatch)
    mine.session.set_cursor(4.0)
    mine.commands.marks.choose_channel("F7–T3")
    press(mine, Key.Key_A)
    assert [(m.channel, m.reconstructed) for m in mine.session.marks.all] == [("F7–T3", False)]
    mine.commands.marks.choose_contact("AHL1")
    press(mine, Key.Key_A)
    assert [(m.channel, m.reconstructed) for m in mine.session.marks.all] == [("F7–T3", False), ("AHL1", True)]
    mine.commands.marks.choose_channel("F7–T3")
    press(mine, Key.Key_S)
    qtbot.waitUntil(lambda: mine.session.cursor == 8.0)
    press(mine, Key.Key_A)
    assert (mine.session.marks.all[-1].channel, len(mine.session.marks.all)) == ("AHL2", 3), "which S went to"
    saved(qtbot, mine)


@pytest.mark.parametrize(("field", "said"), [("bad", "set aside"), ("interpolated", "interpolated")])
def test_no_spike_of_ones_own_is_marked_on_a_row_that_is_not_as_it_was_recorded(
    qtbot: QtBot, mine: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch, field: str, said: str
) -> None:
    propose(qtbot, mine, monkeypatch)
    mine.commands.marks.choose_channel("F7–T3")
    mine.session.set_cursor(4.0)
    mine.session.toggle_bad("F7") if field == "bad" else None
    qtbot.waitUntil(lambda: mine.settled)
    if field == "interpolated":
        rows = tuple(replace(r, interpolated=("F7",)) if r.label == "F7–T3" else r for r in mine.session.rows)
        monkeypatch.setattr(mine.session, "rows", rows)
    press(mine, Key.Key_A)
    assert mine.session.marks.all == ()
    assert said in mine.statusBar().currentMessage()
    saved(qtbot, mine)
