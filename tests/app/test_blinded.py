"""Blinded reading: readers mark first, the reconstruction is revealed after, and the agreement is recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from tests.app.test_left import kept, opens
from tests.app.test_marks import review_of

from neuroflow.io import audit
from neuroflow.io.review_file import sealed
from neuroflow_review.dialogs.agreement import AgreementDialog
from neuroflow_review.dialogs.question import QuestionDialog
from neuroflow_review.session.report import content_of
from neuroflow_review.window import ReviewWindow

Key = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LONG = 60_000
Press = Callable[..., None]
Act = Callable[[ReviewWindow], None]


def yes(qtbot: QtBot, window: ReviewWindow) -> None:
    """Say yes to the question in front."""
    qtbot.waitUntil(lambda: any(d.isVisible() for d in window.findChildren(QuestionDialog)))
    dialog = next(d for d in window.findChildren(QuestionDialog) if d.isVisible())
    qtbot.mouseClick(dialog.yes, Qt.MouseButton.LeftButton)


def begin(qtbot: QtBot, window: ReviewWindow, press: Press, settle: Act) -> None:
    press(window, Key.Key_B, CTRL)
    yes(qtbot, window)
    settle(window)


def mark(window: ReviewWindow, press: Press, *times: float) -> None:
    window.commands.marks.choose_channel("F7–T3")
    for time in times:
        window.session.show_time(time)
        press(window, Key.Key_A)


def nothing_is_told(window: ReviewWindow) -> None:
    session, trend = window.session, window.feeds.trends.trend
    assert trend is None or np.isnan(trend.spikes).all()
    assert session.reconstruction.done_spans() == ()
    assert session.shown_tiles(session.state.span) == ()
    assert session.depth is None
    assert session.values_at(0, session.state.start + 1.0) is None
    assert session.spikes.scalp() == session.spikes.depth() == ()
    assert window.events._model.counts["reconstructed spike"] == 0


def test_until_it_is_revealed_no_machine_says_anything(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, reconstructed: Act
) -> None:
    press(mine, Key.Key_T)
    mine.session.reconstruct_page()
    reconstructed(mine)
    assert mine.session.depth is not None
    assert mine.feeds.trends.trend is not None
    assert np.isfinite(mine.feeds.trends.trend.spikes).any()
    begin(qtbot, mine, press, settle)
    nothing_is_told(mine)
    for key, modifier in ((Key.Key_R, None), (Key.Key_S, None), (Key.Key_Right, None), (Key.Key_E, CTRL)):
        press(mine, key, modifier)
        settle(mine)
    mine.session.reconstruct_everything()
    mine.session.reconstruct_page()
    settle(mine)
    nothing_is_told(mine)
    assert "blinded reading" in mine.says.text()
    assert "Blinded reading" in mine.session.reconstruction.reason
    assert not mine.commands.actions["compare"].isEnabled()
    assert not mine.commands.actions["export"].isEnabled()
    assert not mine.commands.actions["spikes"].isEnabled()


def test_it_lasts_until_the_recording_is_opened_again(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, few_channels: Path
) -> None:
    recording, path = mine.session.recording, review_of(mine)
    assert recording is not None
    begin(qtbot, mine, press, settle)
    mark(mine, press, 4.0)
    opens(qtbot, mine, few_channels)
    assert not mine.session.state.blind
    assert "blinded" in kept(path)["left"]
    opens(qtbot, mine, recording.path)
    assert mine.session.state.blind
    mine.session.reconstruct_page()
    settle(mine)
    nothing_is_told(mine)
    assert [m.start for m in mine.session.marks.all] == [4.0]


def test_revealed_it_is_compared_and_the_agreement_is_recorded(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act
) -> None:
    recording, path, session = mine.session.recording, review_of(mine), mine.session
    assert recording is not None
    begin(qtbot, mine, press, settle)
    mark(mine, press, 4.0, 8.0)
    press(mine, Key.Key_R, CTRL)
    yes(qtbot, mine)
    dialog = next(d for d in mine.findChildren(AgreementDialog) if d.isVisible())
    qtbot.waitUntil(
        lambda: session.state.blinded is not None and session.state.blinded.agreement is not None, timeout=LONG
    )
    reading = session.state.blinded
    assert reading is not None
    assert reading.agreement is not None
    assert reading.agreement.seconds == recording.duration
    assert reading.agreement.readers["Dr Reader"].count == 2
    qtbot.waitUntil(lambda: "min that were reconstructed" in dialog.state.text())
    qtbot.waitUntil(lambda: kept(path)["left"].get("blinded", {}).get("agreement") is not None, timeout=LONG)
    log = path.with_name(f"{recording.path.name}.audit.jsonl")
    qtbot.waitUntil(lambda: log.read_text("utf-8").count("record the agreement") == 1, timeout=LONG)
    said = [json.loads(line)["what"] for line in log.open(encoding="utf-8")]
    assert said[0] == "begin a blinded reading"
    assert [s for s in said if "reveal" in s] == ["reveal the reconstruction, with 2 discharges marked before"]
    assert not audit.verify(log, sealed(path)).problem
    tables = {table.title: table for table in content_of(session, private=False).tables}
    assert "Marked by Dr Reader" in str(tables["Blinded reading"].rows)
    hidden = {table.title: table for table in content_of(session, private=True).tables}
    assert "Dr Reader" not in str(hidden["Blinded reading"].rows)
    dialog.close()


def test_what_is_recorded_is_not_improved_afterwards(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, reconstructed: Act
) -> None:
    session = mine.session
    begin(qtbot, mine, press, settle)
    mark(mine, press, 4.0)
    press(mine, Key.Key_R, CTRL)
    yes(qtbot, mine)
    qtbot.waitUntil(
        lambda: session.state.blinded is not None and session.state.blinded.agreement is not None, timeout=LONG
    )
    before = session.state.blinded
    session.store.update(spike_sensitivity=2.0)
    settle(mine)
    mark(mine, press, 6.0)
    session.store.update(seed=5)
    session.reconstruct_everything()
    reconstructed(mine)
    qtbot.wait(1000)
    assert session.state.blinded == before
    next(d for d in mine.findChildren(AgreementDialog) if d.isVisible()).close()


def test_who_may_have_seen_it_before_is_told(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, reconstructed: Act
) -> None:
    mine.session.reconstruct_page()
    reconstructed(mine)
    begin(qtbot, mine, press, settle)
    assert mine.session.state.blinded is not None
    assert mine.session.state.blinded.seen


def test_no_is_no(qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act) -> None:
    press(mine, Key.Key_B, CTRL)
    dialog = next(d for d in mine.findChildren(QuestionDialog) if d.isVisible())
    qtbot.keyClick(dialog, Key.Key_Escape)
    assert mine.session.state.blinded is None
    begin(qtbot, mine, press, settle)
    press(mine, Key.Key_R, CTRL)
    dialog = next(d for d in mine.findChildren(QuestionDialog) if d.isVisible())
    qtbot.keyClick(dialog, Key.Key_Escape)
    assert mine.session.state.blind
