"""Blinded reading: readers mark first, the reconstruction is revealed after, and the agreement is recorded."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QInputDialog
from pytestqt.qtbot import QtBot
from tests.app.test_left import kept, opens
from tests.app.test_marks import review_of

from neuroflow.export import ExportRequest
from neuroflow.inference.tile import Tile
from neuroflow.io import audit
from neuroflow.io.marks_csv import read_marks, write_marks
from neuroflow.io.review_file import sealed
from neuroflow.review import Mark
from neuroflow_review.dialogs.agreement import AgreementDialog
from neuroflow_review.dialogs.question import QuestionDialog
from neuroflow_review.session.report import Choice, Moment, content_of
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.boxes import show_reader
from neuroflow_review.window.commands import demo_recording
from neuroflow_review.window.report import ReportJob

Key = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LONG = 60_000
Press = Callable[..., None]
Act = Callable[[ReviewWindow], None]


@pytest.fixture
def demo(beginning: Path) -> Path:
    """Short: what is revealed is all of it."""
    return beginning


def yes(qtbot: QtBot, window: ReviewWindow) -> None:
    """Say yes to the question in front."""
    qtbot.waitUntil(lambda: any(d.isVisible() for d in window.findChildren(QuestionDialog)))
    dialog = next(d for d in window.findChildren(QuestionDialog) if d.isVisible())
    qtbot.mouseClick(dialog.yes, Qt.MouseButton.LeftButton)


def begin(qtbot: QtBot, window: ReviewWindow, press: Press, settle: Act) -> None:
    press(window, Key.Key_B, CTRL)
    yes(qtbot, window)
    settle(window)


def _nothing(_: object) -> None:
    """Nobody waits for it."""


def close_agreement(qtbot: QtBot, window: ReviewWindow) -> None:
    window.session.reconstruction.cancel()
    qtbot.waitUntil(lambda: any(d.isVisible() for d in window.findChildren(AgreementDialog)))
    next(d for d in window.findChildren(AgreementDialog) if d.isVisible()).close()


def mark(window: ReviewWindow, press: Press, *times: float) -> None:
    window.commands.marks.choose_channel("F7–T3")
    for time in times:
        window.session.show_time(time)
        press(window, Key.Key_A)


def signs(window: ReviewWindow, name: str) -> None:
    """Another takes the keyboard (Marks › Reader…)."""
    show_reader(window)
    dialog = next(d for d in window.findChildren(QInputDialog) if d.isVisible())
    dialog.setTextValue(name)
    dialog.accept()


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
    assert not mine.session.marks.unsaved
    mark(mine, press, 4.0)
    opens(qtbot, mine, few_channels)
    assert not mine.session.state.blind
    assert "blinded" in kept(path)["left"]
    assert not mine.session.marks.unsaved
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


# What a machine said before, or says late ----------------------------------------------------------------------------


def test_a_tile_that_ends_after_it_began_is_not_shown(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, running, go_on = mine.session.reconstruction, threading.Event(), threading.Event()
    put = work._cache.put

    def late(key: Hashable, tile: Tile) -> None:
        running.set()
        assert go_on.wait(30)
        put(key, tile)

    monkeypatch.setattr(work._cache, "put", late)
    mine.session.reconstruct_page()
    qtbot.waitUntil(running.is_set, timeout=LONG)
    begin(qtbot, mine, press, settle)
    go_on.set()
    qtbot.waitUntil(lambda: not mine.session.lanes.flow.busy, timeout=LONG)
    mine.session.set_seconds(5.0)
    settle(mine)
    nothing_is_told(mine)
    assert mine.spectrogram is not None
    assert all(s.what != "done" for s in work.segments(mine.session.state.span))


def test_an_export_under_way_stops_and_says_why(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, failures, target = mine.session.reconstruction, [], tmp_path / "out.edf"
    go_on, ask = threading.Event(), work.tile_for_export

    def slow(*arguments: Any) -> Tile:
        assert go_on.wait(30)
        return ask(*arguments)

    monkeypatch.setattr(work, "tile_for_export", slow)
    mine.session.start_export(ExportRequest(), target, _nothing, _nothing, failures.append)
    begin(qtbot, mine, press, settle)
    go_on.set()
    qtbot.waitUntil(lambda: bool(failures), timeout=LONG)
    assert "Blinded reading" in failures[0].error.text
    assert not target.exists()


def test_a_report_under_way_stops_and_says_why(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, reconstructed: Act, tmp_path: Path
) -> None:
    mine.session.reconstruct_page()
    reconstructed(mine)
    said: list[str] = []
    press(mine, Key.Key_B, CTRL)
    job = ReportJob(mine.session, Choice(), (Moment(5.0, "here"),), tmp_path / "out.pdf")
    job.failed.connect(lambda text, _: said.append(text))
    yes(qtbot, mine)
    settle(mine)
    qtbot.wait(300)
    assert "Blinded reading" in said[0]
    assert not (tmp_path / "out.pdf").exists()


def test_what_was_marked_on_a_reconstruction_or_decided_before_is_hidden_until_it_is_revealed(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, tmp_path: Path
) -> None:
    marks = mine.session.marks
    earlier = (
        Mark("1", 4.0, "spike", 0.0, "F7–T3", decision="accepted", by="B", at="2001-01-01T00:00:00Z"),
        Mark("2", 6.0, "spike", 0.0, "AHL1", True, "accepted", "B", "2001-01-01T00:00:00Z"),
        Mark("3", 7.0, "ripple", 0.0, "AHL1", True, by="B", at="2001-01-01T00:00:00Z"),
        Mark("4", 9.0, "drowsy", 2.0, by="B", at="2001-01-01T00:00:00Z"),
    )
    marks.take(earlier)
    begin(qtbot, mine, press, settle)
    reading = mine.session.state.blinded
    assert reading is not None
    assert reading.seen, "who marks what was reconstructed has seen it"
    assert [m.id for m in marks.all] == ["4"]
    assert not mine.commands.actions["undo"].isEnabled(), "what is hidden is not taken back unseen"
    rows = [mine.events._model.row(k) for k in range(mine.events._model.rowCount())]
    assert [row.text for row in rows if row.mark] == ["drowsy"]
    mark(mine, press, 4.05)
    assert [m.start for m in marks.all if m.decision] == [4.05], "where another decided before, one is marked anew"
    with qtbot.waitSignal(mine.session.noticed):
        marks.ask_export(tmp_path / "all.csv")
    assert len(read_marks(tmp_path / "all.csv", 600.0)) == 5, "nothing is left out of what is written"
    press(mine, Key.Key_R, CTRL)
    dialog = next(d for d in mine.findChildren(QuestionDialog) if d.isVisible())
    assert "1 discharge. 3 from before are left out." in dialog.text
    yes(qtbot, mine)
    assert len(marks.all) == 5
    assert mine.session.state.blinded is not None
    assert [m.start for m in mine.session.state.blinded.marks] == [4.05]
    close_agreement(qtbot, mine)


def test_marks_from_elsewhere_wait_until_it_is_revealed(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, tmp_path: Path
) -> None:
    late = Mark("9", 5.0, "spike", 0.0, "F7–T3", decision="accepted", by="B", at="2999-01-01T00:00:00Z")
    write_marks((late,), tmp_path / "other.csv")
    said: list[str] = []
    mine.session.noticed.connect(said.append)
    begin(qtbot, mine, press, settle)
    assert not mine.commands.actions["marks_in"].isEnabled()
    mine.session.marks.ask_import(tmp_path / "other.csv")
    qtbot.waitUntil(lambda: any("when it is revealed" in s for s in said), timeout=LONG)
    assert mine.session.marks.all == ()


def test_a_log_that_was_cut_off_is_told_of_when_it_begins(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act
) -> None:
    recording, said = mine.session.recording, []
    assert recording is not None
    mine.session.marks.add(1.0, "first")
    qtbot.waitUntil(lambda: not mine.session.marks.unsaved, timeout=LONG)
    review_of(mine).with_name(f"{recording.path.name}.audit.jsonl").write_text("")
    mine.session.noticed.connect(said.append)
    begin(qtbot, mine, press, settle)
    assert any("audit log" in words for words in said)


def test_where_no_discharge_can_be_marked_it_is_said_what_to_do(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act
) -> None:
    said: list[str] = []
    begin(qtbot, mine, press, settle)
    mine.session.noticed.connect(said.append)
    mine.session.set_cursor(4.0)
    press(mine, Key.Key_X)
    assert "A marks a discharge" in said[0]
    assert "S goes" not in said[0], "nothing is proposed"


def test_each_of_two_readers_reads_for_himself(qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act) -> None:
    marks = mine.session.marks
    begin(qtbot, mine, press, settle)
    mark(mine, press, 4.0, 8.0)
    assert [m.start for m in marks.all] == [4.0, 8.0]
    signs(mine, "Dr Other")
    assert not marks.all, "what the one marked tells the other where to look"
    assert "decided under another name is hidden" in mine.statusBar().currentMessage()
    press(mine, Key.Key_Z, CTRL)
    assert len(marks.history.document) == 2, "nobody takes back unseen what another marked"
    mark(mine, press, 4.0)
    mark(mine, press, 4.0)
    assert [(m.start, m.by) for m in marks.all] == [(4.0, "Dr Other")]
    signs(mine, "Dr Reader")
    assert [m.start for m in marks.all] == [4.0, 8.0]
    press(mine, Key.Key_R, CTRL)
    asked = next(d for d in mine.findChildren(QuestionDialog) if d.isVisible())
    assert "Marked since the reading began: 3 discharges." in asked.text
    yes(qtbot, mine)
    close_agreement(qtbot, mine)
    assert sorted((m.start, m.by) for m in marks.all) == [(4.0, "Dr Other"), (4.0, "Dr Reader"), (8.0, "Dr Reader")]
    reading = mine.session.state.blinded
    assert reading is not None
    assert len(reading.marks) == 3


def test_a_chosen_contact_gives_way_to_the_scalp(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, reconstructed: Act
) -> None:
    mine.session.reconstruct_page()
    reconstructed(mine)
    mine.commands.marks.choose_contact("AHL2")
    assert mine.session.state.reconstructed
    begin(qtbot, mine, press, settle)
    assert not mine.session.state.reconstructed
    mine.session.show_time(4.0)
    press(mine, Key.Key_A)
    assert [m.start for m in mine.session.marks.all] == [4.0]


def test_recorded_ieeg_that_is_being_loaded_does_not_arrive(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act
) -> None:
    session, demo = mine.session, demo_recording()
    assert demo is not None
    press(mine, Key.Key_B, CTRL)
    session.comparison.open(demo.with_name("demo-ieeg.edf"), [c.name for c in session.contacts])
    yes(qtbot, mine)
    settle(mine)
    qtbot.wait(500)
    assert session.comparison.source is None


def test_seen_with_another_seed_is_seen(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, reconstructed: Act
) -> None:
    mine.session.reconstruct_page()
    reconstructed(mine)
    mine.session.store.update(seed=7)
    begin(qtbot, mine, press, settle)
    assert mine.session.state.blinded is not None
    assert mine.session.state.blinded.seen
