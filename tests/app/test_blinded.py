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
from pytestqt.qtbot import QtBot
from tests.app.test_left import kept, opens
from tests.app.test_marks import review_of, review_of_path

from neuroflow.errors import FileProblem
from neuroflow.export import ExportRequest
from neuroflow.inference.tile import Tile
from neuroflow.io import audit, review_file
from neuroflow.io.marks_csv import read_marks, write_marks
from neuroflow.io.review_file import sealed
from neuroflow.recording import Span
from neuroflow.review import Agreement, BlindReading, Mark
from neuroflow_review.dialogs.agreement import AgreementDialog
from neuroflow_review.dialogs.fault import FaultDialog
from neuroflow_review.dialogs.question import QuestionDialog
from neuroflow_review.session import Session
from neuroflow_review.session.blinded import figures
from neuroflow_review.session.report import Choice, Moment, content_of
from neuroflow_review.settings import Settings
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.report import ReportJob

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
    assert [(m.id, marks.hidden) for m in marks.all] == [("4", 3)]
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


def test_two_readers_of_one_reading_both_mark_the_same_discharge(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act
) -> None:
    begin(qtbot, mine, press, settle)
    mark(mine, press, 4.0)
    mine.session.settings.set("reader.name", "Dr Other")
    mark(mine, press, 4.0)
    mark(mine, press, 4.0)
    assert sorted((m.start, m.by) for m in mine.session.marks.all) == [(4.0, "Dr Other"), (4.0, "Dr Reader")]


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
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, demo: Path
) -> None:
    session = mine.session
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


# What becomes of a reading -------------------------------------------------------------------------------------------


def test_nothing_is_revealed_before_what_was_marked_is_on_the_drive(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(qtbot, mine, press, settle)
    mark(mine, press, 4.0)
    qtbot.waitUntil(lambda: not mine.session.marks.unsaved, timeout=LONG)
    path, seen = review_of(mine), []
    update = mine.session.store.update
    monkeypatch.setattr(
        mine.session.store, "update", lambda **c: (seen.append(kept(path)["left"]["blinded"]), update(**c))
    )
    assert mine.session.blinded.reveal()
    assert seen[0]["revealed"], "a crash from here on finds it revealed"
    assert [m["start"] for m in seen[0]["marks"]] == [4.0]


@pytest.mark.expects_warnings
def test_a_drive_that_stalls_does_not_keep_it_from_being_revealed(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, go_on, write = mine.session, threading.Event(), review_file.write_review
    recording, beside = session.recording, review_of(mine)
    assert recording is not None
    begin(qtbot, mine, press, settle)
    mark(mine, press, 4.0)
    qtbot.waitUntil(lambda: not session.marks.unsaved, timeout=LONG)

    def stalled(*arguments: Any, **named: Any) -> None:
        if arguments[2] == beside:
            go_on.wait(60)
        write(*arguments, **named)

    monkeypatch.setattr(review_file, "write_review", stalled)
    assert session.blinded.reveal()
    session.reconstruction.cancel()
    own = session.marks.folder / f"{recording.identity}.review.json"
    assert kept(own)["left"]["blinded"]["revealed"]
    assert "revealed" not in kept(beside)["left"]["blinded"]
    go_on.set()
    qtbot.waitUntil(lambda: "revealed" in kept(beside)["left"]["blinded"], timeout=LONG)


@pytest.mark.expects_warnings
def test_where_no_drive_takes_it_nothing_is_revealed_and_the_reader_is_told(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, monkeypatch: pytest.MonkeyPatch, fault: Any
) -> None:
    begin(qtbot, mine, press, settle)
    mark(mine, press, 4.0)
    qtbot.waitUntil(lambda: not mine.session.marks.unsaved, timeout=LONG)

    def full(*_arguments: object, **_named: object) -> None:
        raise FileProblem("The disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr("neuroflow.io.review_file.write_review", full)
        press(mine, Key.Key_R, CTRL)
        yes(qtbot, mine)
        qtbot.waitUntil(lambda: any(d.isVisible() for d in mine.findChildren(FaultDialog)))
        assert "Nothing is revealed" in fault(mine).text
        fault(mine).close()
        settle(mine)
        assert mine.session.state.blind
        nothing_is_told(mine)
    press(mine, Key.Key_R, CTRL)
    yes(qtbot, mine)
    qtbot.waitUntil(lambda: not mine.session.state.blind)
    recording = mine.session.recording
    assert recording is not None
    log = review_of(mine).with_name(f"{recording.path.name}.audit.jsonl")
    said = [json.loads(line)["what"] for line in log.open(encoding="utf-8")]
    assert sum(s.startswith("do not reveal") for s in said) == 1
    assert sum(s.startswith("reveal") for s in said) == 2
    close_agreement(qtbot, mine)


def test_another_window_neither_loses_a_reading_nor_takes_it_back(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, backend: Any, tmp_path: Path
) -> None:
    recording, first = mine.session.recording, mine.session
    assert recording is not None
    other = Session(Settings(), make_backend=lambda: backend, reviews=tmp_path / "reviews")

    def look() -> BlindReading | None:
        with qtbot.waitSignal(other.opened):
            other.open(recording.path)
        return other.state.blinded

    assert look() is None
    begin(qtbot, mine, press, settle)
    assert look() == first.state.blinded, "what is begun there holds here"
    mark(mine, press, 4.0)
    assert first.blinded.reveal()
    first.reconstruction.cancel()
    qtbot.waitUntil(lambda: not first.lanes.save.busy, timeout=LONG)
    ended = first.state.blinded
    first.close_recording()
    assert look() == ended
    assert other.marks.writable
    other.marks.add(1.0, "after")
    qtbot.waitUntil(lambda: not other.marks.unsaved, timeout=LONG)
    assert kept(review_of_path(recording.path))["left"]["blinded"]["revealed"]
    other.shut_down()
    other.deleteLater()


def test_what_is_compared_is_what_was_set_when_it_was_revealed(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, reconstructed: Act
) -> None:
    session = mine.session
    begin(qtbot, mine, press, settle)
    mark(mine, press, 4.0)
    press(mine, Key.Key_R, CTRL)
    yes(qtbot, mine)
    session.reconstruction.cancel()  # before anything was compared
    session.store.update(spike_sensitivity=2.0)
    session.reconstruct_page()
    reconstructed(mine)
    qtbot.wait(1200)
    assert session.state.blinded is not None
    assert session.state.blinded.agreement is None
    dialog = next(d for d in mine.findChildren(AgreementDialog) if d.isVisible())
    assert "Set that again" in dialog.state.text()
    assert "threshold 3.65" in dialog.state.text()
    assert "other settings" in dialog.heading.text()
    session.store.update(spike_sensitivity=3.65)
    qtbot.waitUntil(
        lambda: session.state.blinded is not None and session.state.blinded.agreement is not None, timeout=LONG
    )
    close_agreement(qtbot, mine)


def test_stopped_half_way_it_is_of_what_was_computed_and_is_only_added_to(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, reconstructed: Act
) -> None:
    session, recording = mine.session, mine.session.recording
    assert recording is not None
    begin(qtbot, mine, press, settle)
    mark(mine, press, 4.0, 65.0)
    press(mine, Key.Key_R, CTRL)
    yes(qtbot, mine)
    session.reconstruction.cancel()
    session.go_to(0.0)
    session.reconstruct_page()
    session.reconstruction.following = False
    reconstructed(mine)

    def agreed() -> Agreement | None:
        return session.state.blinded.agreement if session.state.blinded is not None else None

    qtbot.waitUntil(lambda: agreed() is not None, timeout=LONG)
    first = agreed()
    assert first is not None
    assert first.compared[0][0] == 0.0
    assert first.seconds < 60.0
    dialog = next(d for d in mine.findChildren(AgreementDialog) if d.isVisible())
    qtbot.waitUntil(lambda: "1 marked elsewhere is not compared" in dialog.state.text())
    dialog.close()
    qtbot.waitUntil(lambda: not session.lanes.save.busy, timeout=LONG)
    opens(qtbot, mine, recording.path)  # what was computed is gone
    session.store.update(selection=Span(60.0, 60.0 + 2 * first.seconds))
    session.reconstruct_selection()
    qtbot.waitUntil(lambda: not session.reconstruction.computing and not session.spikes.busy, timeout=LONG)
    qtbot.wait(1000)
    assert agreed() == first, "more seconds elsewhere do not take the place of those"
    session.reconstruct_everything()
    qtbot.waitUntil(lambda: agreed() != first, timeout=LONG)
    now = agreed()
    assert now is not None
    assert now.seconds > first.seconds


# The dialog ----------------------------------------------------------------------------------------------------------


def test_return_goes_to_a_difference_and_k_chooses_it(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act
) -> None:
    session = mine.session
    begin(qtbot, mine, press, settle)
    mark(mine, press, 4.0, 65.0)
    press(mine, Key.Key_R, CTRL)
    yes(qtbot, mine)
    dialog = next(d for d in mine.findChildren(AgreementDialog) if d.isVisible())
    qtbot.waitUntil(lambda: any("only marked" in t for t in listed_in(dialog)), timeout=LONG)
    k = next(k for k, text in enumerate(listed_in(dialog)) if "only marked" in text)
    time = dialog.list.item(k).data(Qt.ItemDataRole.UserRole)
    dialog.list.setFocus()
    dialog.list.setCurrentRow(k)
    qtbot.keyClick(dialog.list, Key.Key_Return)
    assert session.cursor == time
    assert dialog.isVisible()
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    qtbot.keyClick(dialog, Key.Key_K)
    assert [m.start for m in session.marks.all if m.meeting] == [time]
    close_agreement(qtbot, mine)


def listed_in(dialog: AgreementDialog) -> list[str]:
    return [dialog.list.item(k).text() for k in range(dialog.list.count())]


def test_each_answer_has_a_key_of_its_own(qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act) -> None:
    def keys() -> list[str]:
        dialog = next(d for d in mine.findChildren(QuestionDialog) if d.isVisible())
        found = [b.text()[b.text().index("&") + 1].lower() for b in (dialog.yes, dialog.no)]
        qtbot.keyClick(dialog, Key.Key_Escape)
        return found

    press(mine, Key.Key_B, CTRL)
    assert len(set(keys())) == 2
    begin(qtbot, mine, press, settle)
    press(mine, Key.Key_R, CTRL)
    assert len(set(keys())) == 2


# What is said of it --------------------------------------------------------------------------------------------------


def test_a_discharge_marked_on_two_channels_is_one_in_every_place(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act
) -> None:
    session, recording, path = mine.session, mine.session.recording, review_of(mine)
    assert recording is not None
    begin(qtbot, mine, press, settle)
    session.marks.add_discharge(4.0, "F7–T3")
    session.marks.add_discharge(4.05, "T3–T5")
    press(mine, Key.Key_R, CTRL)
    dialog = next(d for d in mine.findChildren(QuestionDialog) if d.isVisible())
    assert "began: 1 discharge." in dialog.text
    yes(qtbot, mine)
    agreement = next(d for d in mine.findChildren(AgreementDialog) if d.isVisible())
    assert agreement.who.text().startswith("1 discharge marked blind")
    qtbot.waitUntil(
        lambda: session.state.blinded is not None and session.state.blinded.agreement is not None, timeout=LONG
    )
    reading = session.state.blinded
    assert reading is not None
    assert reading.agreement is not None
    assert [share.count for share in reading.agreement.readers.values()] == [1]
    log = path.with_name(f"{recording.path.name}.audit.jsonl")
    assert "with 1 discharge marked before" in log.read_text("utf-8")
    close_agreement(qtbot, mine)


def test_of_no_marks_the_table_says_so(qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act) -> None:
    session = mine.session
    begin(qtbot, mine, press, settle)
    press(mine, Key.Key_R, CTRL)
    yes(qtbot, mine)
    qtbot.waitUntil(
        lambda: session.state.blinded is not None and session.state.blinded.agreement is not None, timeout=LONG
    )
    reading = session.state.blinded
    assert reading is not None
    rows = figures(reading)
    assert rows[1] == ("Marked", "0", "", "")
    assert len(rows) == 3
    close_agreement(qtbot, mine)


def test_left_before_anything_was_compared_it_is_compared_later_by_what_was_set(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, few_channels: Path, reconstructed: Act
) -> None:
    session, recording = mine.session, mine.session.recording
    assert recording is not None
    begin(qtbot, mine, press, settle)
    mark(mine, press, 4.0)
    assert session.blinded.reveal()
    session.reconstruction.cancel()
    opens(qtbot, mine, few_channels)
    opens(qtbot, mine, recording.path)
    assert not session.state.blind
    press(mine, Key.Key_R, CTRL | SHIFT)
    dialog = next(d for d in mine.findChildren(AgreementDialog) if d.isVisible())
    assert dialog.who.text().startswith("1 discharge marked blind")
    assert "reconstruct a page" in dialog.state.text()
    session.store.update(bad=frozenset({"T6"}))
    session.reconstruct_page()
    reconstructed(mine)
    qtbot.wait(1000)
    reading = session.state.blinded
    assert reading is not None
    assert reading.agreement is None, "another reconstruction than the one that was revealed"
    assert "Set that again" in dialog.state.text()
    session.store.update(bad=frozenset())
    session.reconstruct_page()
    qtbot.waitUntil(
        lambda: session.state.blinded is not None and session.state.blinded.agreement is not None, timeout=LONG
    )
    close_agreement(qtbot, mine)


def test_a_second_reading_begins_afresh_and_says_what_was_seen(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act
) -> None:
    session, marks = mine.session, mine.session.marks
    begin(qtbot, mine, press, settle)
    mark(mine, press, 4.0)
    press(mine, Key.Key_R, CTRL)
    yes(qtbot, mine)
    close_agreement(qtbot, mine)
    settle(mine)
    press(mine, Key.Key_B, CTRL)
    dialog = next(d for d in mine.findChildren(QuestionDialog) if d.isVisible())
    assert "Of the reading before, the log alone will tell" in dialog.text
    yes(qtbot, mine)
    settle(mine)
    reading = session.state.blinded
    assert reading is not None
    assert (reading.seen, reading.marks, reading.agreement, marks.all) == (True, (), None, ())
    nothing_is_told(mine)
    mark(mine, press, 4.0)
    assert session.blinded.reveal()
    again = session.state.blinded
    assert again is not None
    assert len(again.marks) == 1
    assert len(marks.all) == 2
    session.reconstruction.cancel()
