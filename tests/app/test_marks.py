"""Marks and decisions, made by keyboard and mouse as a reader does, and found again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QLineEdit
from pytestqt.qtbot import QtBot

from neuroflow.io import audit
from neuroflow.io.review_file import sealed
from neuroflow.recording import Span
from neuroflow.review import Mark
from neuroflow.review.document import LONGEST_TEXT
from neuroflow_review.dialogs.fault import FaultDialog
from neuroflow_review.session.analysis import Spike
from neuroflow_review.views.events import EventRow
from neuroflow_review.window import ReviewWindow

Key = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
Press = Callable[..., None]
Settle = Callable[[ReviewWindow], None]


def review_of(window: ReviewWindow) -> Path:
    recording = window.session.recording
    assert recording is not None
    return review_of_path(recording.path)


def review_of_path(path: Path) -> Path:
    return path.with_name(path.name + ".review.json")


def listed(window: ReviewWindow) -> list[EventRow]:
    model = window.events._model
    return [model.row(k) for k in range(model.rowCount())]


def editor_of(qtbot: QtBot, window: ReviewWindow) -> QLineEdit:
    """The editor that the list has opened."""
    found: list[QLineEdit] = []

    def there() -> bool:
        found[:] = [e for e in window.events.table.findChildren(QLineEdit) if e.isVisible()]
        return window.events._delegate.editing and len(found) == 1

    qtbot.waitUntil(there)
    return found[0]


def type_name(qtbot: QtBot, window: ReviewWindow, text: str) -> None:
    editor = editor_of(qtbot, window)
    editor.selectAll()
    qtbot.keyClicks(editor, text)
    qtbot.keyClick(editor, Key.Key_Return)
    qtbot.waitUntil(lambda: not window.events._delegate.editing and window.events._waiting is None)


def saved(qtbot: QtBot, window: ReviewWindow) -> None:
    marks = window.session.marks
    qtbot.waitUntil(lambda: not marks.unsaved, timeout=60_000)
    # The sum of the whole recording follows in a second save, which must not come over what a test does to the file.
    with suppress(qtbot.TimeoutError):
        qtbot.waitUntil(lambda: marks._kept_whole is not None, timeout=2_000)


def test_an_event_is_marked_named_and_found_again(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Settle
) -> None:
    mine.session.set_cursor(3.25)
    press(mine, Key.Key_E)
    type_name(qtbot, mine, "swallowing")
    saved(qtbot, mine)
    (mark,) = mine.session.marks.all
    assert (mark.start, mark.text, mark.by) == (3.25, "swallowing", "Dr Reader")
    assert [row.text for row in listed(mine) if row.kind == "mark"] == ["swallowing"]
    path = review_of(mine).with_name("patient.edf")
    mine.session.close_recording()
    assert mine.session.marks.all == ()
    mine.session.open(path)
    settle(mine)
    assert [m.text for m in mine.session.marks.all] == ["swallowing"]
    assert "marks saved" in mine.says.text()


def test_a_selection_becomes_an_event_with_a_duration(qtbot: QtBot, mine: ReviewWindow, press: Press) -> None:
    mine.session.store.update(selection=Span(2.0, 4.5))
    press(mine, Key.Key_E)
    type_name(qtbot, mine, "run of theta")
    (mark,) = mine.session.marks.all
    assert (mark.start, mark.duration) == (2.0, 2.5)
    saved(qtbot, mine)


def test_every_edit_is_undone_and_redone_by_key(qtbot: QtBot, mine: ReviewWindow, press: Press) -> None:
    mine.session.set_cursor(1.0)
    press(mine, Key.Key_E)
    type_name(qtbot, mine, "first")
    assert mine.commands.actions["undo"].text() == "Undo: rename an event"
    press(mine, Key.Key_Z, CTRL)
    assert [m.text for m in mine.session.marks.all] == ["Event"]
    press(mine, Key.Key_Z, CTRL)
    assert mine.session.marks.all == ()
    assert not mine.commands.actions["undo"].isEnabled()
    press(mine, Key.Key_Z, CTRL | SHIFT)
    press(mine, Key.Key_Z, CTRL | SHIFT)
    assert [m.text for m in mine.session.marks.all] == ["first"]
    mine.events.start_rename(mine.session.marks.all[0].id)
    type_name(qtbot, mine, "second")
    press(mine, Key.Key_Delete)
    assert mine.session.marks.all == ()
    press(mine, Key.Key_Z, CTRL)
    assert [m.text for m in mine.session.marks.all] == ["second"]
    saved(qtbot, mine)
    assert [m["text"] for m in json.loads(review_of(mine).read_text())["marks"]] == ["second"]


def test_a_name_as_long_as_a_page_is_kept_as_far_as_a_mark_holds_it(qtbot: QtBot, mine: ReviewWindow) -> None:
    mark = mine.session.marks.add(1.0, "Event")
    assert mark is not None
    mine.events.start_rename(mark.id)
    editor = editor_of(qtbot, mine)
    QApplication.clipboard().setText("sharp " * 1000)
    editor.selectAll()
    editor.paste()
    qtbot.keyClick(editor, Key.Key_Return)
    kept = ("sharp " * 1000)[:LONGEST_TEXT].strip()
    qtbot.waitUntil(lambda: mine.session.marks.all[0].text == kept)
    assert mine.session.marks.rename(mark.id, "x" * 5000)
    saved(qtbot, mine)


def test_undo_shows_where_it_was(qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Settle) -> None:
    mine.session.set_cursor(2.0)
    press(mine, Key.Key_E)
    type_name(qtbot, mine, "here")
    mine.session.go_to(300.0)
    settle(mine)
    press(mine, Key.Key_Z, CTRL)
    assert mine.session.state.span.start <= 2.0 < mine.session.state.span.stop
    saved(qtbot, mine)


@pytest.mark.parametrize(
    ("key", "decision", "said"),
    [(Key.Key_A, "accepted", "spike"), (Key.Key_X, "rejected", "no spike"), (Key.Key_U, "unsure", "spike, unsure")],
)
def test_a_proposed_spike_is_decided_on_once(
    qtbot: QtBot, mine: ReviewWindow, press: Press, key: Qt.Key, decision: str, said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    proposed = (Spike("Fp1–F7", 4.0), Spike("F7–T3", 4.02), Spike("T3–T5", 8.0))
    monkeypatch.setattr(mine.session.spikes, "scalp", lambda: proposed)
    mine.session.spikes.changed.emit()
    qtbot.waitUntil(lambda: mine.settled)
    mine.session.set_cursor(4.05)
    press(mine, key)
    press(mine, key)  # a second time says nothing new
    (mark,) = mine.session.marks.all
    assert (mark.decision, mark.by, mark.reconstructed) == (decision, "Dr Reader", False)
    assert abs(mark.start - 4.0) < 0.05
    spikes = [row for row in listed(mine) if row.kind == "scalp spike"]
    assert [(round(row.time), row.text) for row in spikes] == [(4, said), (8, "spike?")]
    drawn = [spike.decision for spike in mine.page._spikes]
    assert sorted(drawn) == sorted(["", decision])
    press(mine, Key.Key_Z, CTRL)
    press(mine, Key.Key_Z, CTRL)
    assert [row.text for row in listed(mine) if row.kind == "scalp spike"] == ["spike? 2 channels", "spike?"]
    saved(qtbot, mine)


def test_a_decision_is_about_the_channel_on_which_the_discharge_stands_out_most(
    qtbot: QtBot, mine: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposed = (
        Spike("F7–T3", 4.0, strength=1.2),
        Spike("C3–P3", 4.03, strength=5.0),
        Spike("Cz–Pz", 4.05, strength=2.0),
    )
    monkeypatch.setattr(mine.session.spikes, "scalp", lambda: proposed)
    mine.session.spikes.changed.emit()
    qtbot.waitUntil(lambda: mine.settled)
    assert [(row.channel, row.text) for row in listed(mine) if row.kind == "scalp spike"] == [
        ("C3–P3", "spike? 3 channels")
    ]
    mine.session.set_cursor(4.0)  # where the next spike is gone to
    press(mine, Key.Key_A)
    (mark,) = mine.session.marks.all
    assert (mark.channel, mark.start) == ("C3–P3", pytest.approx(4.03))
    press(mine, Key.Key_X)
    (mark,) = mine.session.marks.all
    assert (mark.channel, mark.decision) == ("C3–P3", "rejected")
    saved(qtbot, mine)


def test_a_machine_never_takes_a_decision_back(
    qtbot: QtBot, mine: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mine.session.spikes, "scalp", lambda: (Spike("T3–T5", 8.0),))
    mine.session.set_cursor(8.0)
    press(mine, Key.Key_X)
    monkeypatch.setattr(mine.session.spikes, "scalp", lambda: (Spike("T3–T5", 8.01), Spike("F7–T3", 8.03)))
    mine.session.spikes.changed.emit()
    qtbot.waitUntil(lambda: mine.settled)
    assert [row.text for row in listed(mine) if row.kind == "scalp spike"] == ["no spike"]
    saved(qtbot, mine)


def propose(qtbot: QtBot, window: ReviewWindow, monkeypatch: pytest.MonkeyPatch, *spikes: Spike) -> None:
    monkeypatch.setattr(window.session.spikes, "scalp", lambda: spikes)
    window.session.spikes.changed.emit()
    qtbot.waitUntil(lambda: window.settled)


def test_a_decision_made_again_or_changed_leaves_the_criteria(
    qtbot: QtBot, mine: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    propose(qtbot, mine, monkeypatch, Spike("F7–T3", 4.0))
    mine.session.set_cursor(4.0)
    press(mine, Key.Key_A)
    five = ("pointed", "duration", "asymmetric", "slow wave", "background")
    assert mine.session.marks.assess(mine.session.marks.all[0].id, five)
    (before,) = mine.session.marks.all
    press(mine, Key.Key_A)
    assert mine.session.marks.all == (before,)
    assert mine.statusBar().currentMessage() == "This spike is accepted already."
    press(mine, Key.Key_U)
    press(mine, Key.Key_A)
    (mark,) = mine.session.marks.all
    assert (mark.decision, mark.criteria) == ("accepted", five)
    assert [row.text for row in listed(mine) if row.decision] == ["spike · 5/6"]
    saved(qtbot, mine)


def test_a_decision_on_one_discharge_leaves_that_on_another_which_is_shown_apart(
    qtbot: QtBot, mine: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    propose(qtbot, mine, monkeypatch, Spike("F7–T3", 10.0), Spike("F8–T4", 10.12))
    assert len([row for row in listed(mine) if row.kind == "scalp spike"]) == 2
    for time, key in ((10.0, Key.Key_A), (10.12, Key.Key_X), (10.0, Key.Key_U)):
        mine.session.set_cursor(time)
        press(mine, key)
    told = [(m.channel, m.decision) for m in mine.session.marks.all]
    assert told == [("F7–T3", "unsure"), ("F8–T4", "rejected")]
    assert [row.text for row in listed(mine) if row.kind == "scalp spike"] == ["spike, unsure", "no spike"]
    # Two that came from elsewhere, nearer to one another than any that are proposed, have lines of their own too.
    mine.session.marks.take((Mark("a", 20.0, "spike", channel="F7–T3", decision="accepted"),
                             Mark("b", 20.05, "spike", channel="F8–T4", decision="accepted")))  # fmt: skip
    mine.session.show_time(20.05)
    press(mine, Key.Key_X)
    told = [(m.channel, m.decision) for m in mine.session.marks.all if m.start > 15]
    assert told == [("F7–T3", "accepted"), ("F8–T4", "rejected")]
    saved(qtbot, mine)


def test_a_discharge_that_is_found_again_on_other_channels_has_one_decision(
    qtbot: QtBot, mine: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = [("F7–T3", 4.0, 1.0), ("C3–P3", 4.08, 1.0), ("T3–T5", 4.16, 5.0)]
    propose(qtbot, mine, monkeypatch, *(Spike(label, time, strength=s) for label, time, s in chain))
    mine.session.set_cursor(4.16)
    press(mine, Key.Key_A)
    chain = [("Fp1–F7", 4.0, 5.0), ("F7–T3", 4.08, 1.0), ("C3–P3", 4.15, 1.0)]
    propose(qtbot, mine, monkeypatch, *(Spike(label, time, strength=s) for label, time, s in chain))
    assert [row.text for row in listed(mine) if row.kind == "scalp spike"] == ["spike"]
    assert [spike.decision for spike in mine.page._spikes] == ["accepted"]
    mine.session.set_cursor(4.0)
    press(mine, Key.Key_X)
    assert [m.decision for m in mine.session.marks.all] == ["rejected"]
    saved(qtbot, mine)


def test_of_two_readers_who_disagree_one_is_followed(
    qtbot: QtBot, mine: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    propose(qtbot, mine, monkeypatch, Spike("F7–T3", 4.0))
    mine.session.marks.take((Mark("a", 4.0, "spike", channel="F7–T3", decision="accepted", by="A"),
                             Mark("b", 4.0, "spike", channel="F7–T3", decision="rejected", by="B")))  # fmt: skip
    mine.session.set_cursor(4.0)
    press(mine, Key.Key_A)
    assert [(m.decision, m.by) for m in mine.session.marks.all] == [("accepted", "Dr Reader")]
    press(mine, Key.Key_Z, CTRL)
    assert len(mine.session.marks.all) == 2
    saved(qtbot, mine)


def test_in_a_run_without_a_pause_a_decision_is_about_the_discharge_at_the_cursor_alone(
    qtbot: QtBot, mine: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = [Spike(("F7–T3", "T3–T5")[k % 2], 2.0 + 0.09 * k, strength=float(k)) for k in range(90)]
    propose(qtbot, mine, monkeypatch, *run)
    lines = len([row for row in listed(mine) if row.kind == "scalp spike"])
    assert lines >= 8.0 / 0.3
    mine.session.set_cursor(5.0)
    press(mine, Key.Key_X)
    (mark,) = mine.session.marks.all
    assert mark.start == pytest.approx(5.0, abs=0.25)
    rows = [row for row in listed(mine) if row.kind == "scalp spike"]
    assert (len(rows), len([row for row in rows if row.decision])) == (lines, 1)
    still_open = [spike for spike in mine.page._spikes if not spike.decision]
    assert len(run) - len(still_open) == 3, "those of one discharge"
    steps = []
    for _ in range(3):
        steps.append(mine.session.cursor)
        press(mine, Key.Key_S)
        qtbot.waitUntil(lambda: mine.session.cursor != steps[-1])
    assert max(b - a for a, b in pairwise(steps)) <= 0.5
    saved(qtbot, mine)


def test_where_no_spike_is_proposed_nothing_is_decided(mine: ReviewWindow, press: Press) -> None:
    mine.session.set_cursor(0.01)
    mine.session.store.update(spikes_shown=False)
    for key in (Key.Key_X, Key.Key_U):
        press(mine, key)
    mine.session.store.update(channel="AHL1", reconstructed=True)
    press(mine, Key.Key_A)
    assert mine.session.marks.all == (), "on a reconstruction nothing but what was proposed"
    assert "No spike is proposed" in mine.statusBar().currentMessage()


def test_marks_are_visited_with_the_keys_of_events(qtbot: QtBot, mine: ReviewWindow, press: Press) -> None:
    mine.session.marks.add(97.0, "late")
    mine.session.set_cursor(90.0)
    mine.session.go_to(90.0)
    press(mine, Key.Key_N)
    assert mine.session.cursor == pytest.approx(97.0, abs=10.0)
    saved(qtbot, mine)


def test_words_being_typed_outlive_spikes_that_arrive(qtbot: QtBot, mine: ReviewWindow, press: Press) -> None:
    mine.session.set_cursor(1.5)
    press(mine, Key.Key_E)
    editor = editor_of(qtbot, mine)
    editor.selectAll()
    qtbot.keyClicks(editor, "half a na")
    mine.feeds.show_marks()
    assert editor_of(qtbot, mine) is editor
    qtbot.keyClicks(editor, "me")
    qtbot.keyClick(editor, Key.Key_Return)
    qtbot.waitUntil(lambda: [m.text for m in mine.session.marks.all] == ["half a name"])
    qtbot.waitUntil(lambda: [r.text for r in listed(mine) if r.kind == "mark"] == ["half a name"])
    saved(qtbot, mine)


def test_who_reads_is_asked_once(qtbot: QtBot, mine: ReviewWindow, press: Press) -> None:
    mine.session.settings.set("reader.name", "")
    mine.session.set_cursor(1.0)
    press(mine, Key.Key_E)
    dialog = mine.findChild(QInputDialog)
    assert dialog is not None
    dialog.setTextValue("  Dr   Name ")
    dialog.accept()
    assert mine.session.marks.all[0].by == "Dr Name"
    type_name(qtbot, mine, "one")
    press(mine, Key.Key_E)
    type_name(qtbot, mine, "two")
    assert len(mine.session.marks.all) == 2
    assert mine.session.reader == "Dr Name"
    saved(qtbot, mine)


def asked_who(window: ReviewWindow) -> QInputDialog:
    return next(d for d in window.findChildren(QInputDialog) if d.isVisible())


def test_what_is_decided_while_it_plays_is_where_the_key_was_pressed(
    qtbot: QtBot, mine: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    propose(qtbot, mine, monkeypatch)
    mine.session.settings.set("reader.name", "")
    mine.session.set_cursor(1.0)
    mine.commands.player.toggle()
    qtbot.waitUntil(lambda: (mine.session.cursor or 0.0) > 1.0)
    press(mine, Key.Key_A)
    there = mine.session.cursor
    assert not mine.commands.player.playing
    asked_who(mine).accept()
    assert [m.start for m in mine.session.marks.all] == [there]
    saved(qtbot, mine)


def test_another_reader_signs_what_comes_and_nothing_of_what_was(
    qtbot: QtBot, mine: ReviewWindow, press: Press
) -> None:
    mine.session.set_cursor(1.0)
    press(mine, Key.Key_E)
    type_name(qtbot, mine, "one")
    assert "signed by Dr Reader" in mine.says.toolTip()
    mine.commands.actions["reader"].trigger()
    dialog = asked_who(mine)
    assert dialog.textValue() == "Dr Reader"
    dialog.setTextValue(" Dr  Other ")
    dialog.accept()
    assert "Dr Other" in mine.statusBar().currentMessage()
    assert "signed by Dr Other" in mine.says.toolTip()
    mine.session.set_cursor(2.0)
    press(mine, Key.Key_E)
    type_name(qtbot, mine, "two")
    assert [(m.text, m.by) for m in mine.session.marks.all] == [("one", "Dr Reader"), ("two", "Dr Other")]
    mine.commands.actions["reader"].trigger()
    asked_who(mine).reject()
    assert mine.session.reader == "Dr Other"
    saved(qtbot, mine)


def test_who_goes_past_the_question_is_asked_again_and_who_leaves_it_empty_is_not(
    qtbot: QtBot, mine: ReviewWindow, press: Press
) -> None:
    mine.session.settings.set("reader.name", "")
    for number, answer in enumerate(("reject", "accept")):
        mine.session.set_cursor(1.0 + number)
        press(mine, Key.Key_E)
        getattr(asked_who(mine), answer)()
        type_name(qtbot, mine, f"event {number}")
    press(mine, Key.Key_E)
    assert not [d for d in mine.findChildren(QInputDialog) if d.isVisible()]
    type_name(qtbot, mine, "event 2")
    assert [m.by for m in mine.session.marks.all] == ["", "", ""]
    saved(qtbot, mine)


@pytest.mark.expects_warnings
def test_a_folder_that_fills_up_loses_nothing(
    qtbot: QtBot, mine: ReviewWindow, monkeypatch: pytest.MonkeyPatch, fault: Callable[[ReviewWindow], FaultDialog]
) -> None:
    real = os.fsync

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    mine.session.marks.add(1.0, "kept")
    qtbot.waitUntil(lambda: bool(mine.findChildren(FaultDialog)))
    dialog = fault(mine)
    assert "could not be saved" in dialog.text
    dialog.close()
    assert "marks not saved yet" in mine.says.text()
    assert [m.text for m in mine.session.marks.all] == ["kept"]
    monkeypatch.setattr(os, "fsync", real)
    mine.session.marks.add(2.0, "and this")
    saved(qtbot, mine)
    assert [m["text"] for m in json.loads(review_of(mine).read_text())["marks"]] == ["kept", "and this"]


def test_marks_survive_a_window_that_is_closed_at_once(mine: ReviewWindow) -> None:
    path = review_of(mine)
    for k in range(20):
        mine.session.marks.add(float(k), f"event {k}")
    mine.session.marks.undo()
    mine.close()
    assert len(json.loads(path.read_text())["marks"]) == 19
    log = path.with_name("patient.edf.audit.jsonl")
    found = audit.verify(log, sealed(path))
    assert (found.seal.entries, found.problem) == (21, "")
    assert {json.loads(line)["by"] for line in log.read_text().splitlines()} == {"Dr Reader"}


def test_marks_go_out_and_come_in_as_a_table(
    qtbot: QtBot, mine: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = tmp_path / "marks.csv"
    mine.session.marks.add(1.0, "one")
    mine.session.marks.add(2.0, "two, with a comma")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(table), ""))
    mine.commands.actions["marks_out"].trigger()
    qtbot.waitUntil(table.is_file)
    qtbot.waitUntil(lambda: not mine.session.lanes.save.busy)
    press(mine, Key.Key_Z, CTRL)
    press(mine, Key.Key_Z, CTRL)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(table), ""))
    mine.commands.actions["marks_in"].trigger()
    qtbot.waitUntil(lambda: [m.text for m in mine.session.marks.all] == ["one", "two, with a comma"])
    press(mine, Key.Key_Z, CTRL)
    assert mine.session.marks.all == ()
    saved(qtbot, mine)


def test_a_table_of_something_else_changes_nothing(
    qtbot: QtBot, mine: ReviewWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    fault: Callable[[ReviewWindow], FaultDialog],
) -> None:  # fmt: skip
    table = tmp_path / "other.csv"
    table.write_text("name,value\na,1\n")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(table), ""))
    mine.commands.actions["marks_in"].trigger()
    qtbot.waitUntil(lambda: bool(mine.findChildren(FaultDialog)))
    dialog = fault(mine)
    assert "column onset" in dialog.text
    dialog.close()
    assert mine.session.marks.all == ()


def test_marks_are_kept_even_where_their_log_is_spoilt(qtbot: QtBot, mine: ReviewWindow) -> None:
    log = review_of(mine).with_name("patient.edf.audit.jsonl")
    log.write_text("this is no log\n")
    mine.session.marks.add(1.0, "kept")
    saved(qtbot, mine)
    assert [m["text"] for m in json.loads(review_of(mine).read_text())["marks"]] == ["kept"]
    assert "cannot be continued" in mine.statusBar().currentMessage()
    assert log.read_text() == "this is no log\n"


def test_a_recording_opened_again_keeps_what_was_just_marked(qtbot: QtBot, mine: ReviewWindow) -> None:
    path = review_of(mine).with_name("patient.edf")
    mine.session.open(path)
    mine.session.marks.add(3.0, "in between")
    qtbot.waitUntil(lambda: mine.settled, timeout=60_000)
    assert [m.text for m in mine.session.marks.all] == ["in between"]
    assert mine.session.marks.writable
    qtbot.waitUntil(lambda: not mine.session.marks.unsaved)
    assert len(json.loads(review_of(mine).read_text())["marks"]) == 1


def test_a_checklist_stands_on_the_discharge_at_the_cursor(qtbot: QtBot, mine: ReviewWindow, press: Press) -> None:
    session, panel = mine.session, mine.criteria
    press(mine, Key.Key_I)
    assert mine.docks["Discharge"].isVisible()
    session.set_cursor(3.0)
    assert not any(box.isEnabled() for box in panel.boxes.values()), "nothing is decided here"
    session.marks.decide(3.0, "F7–T3", "accepted")
    for name in ("pointed", "asymmetric", "slow wave", "background"):
        box = panel.boxes[name]
        qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))
    (mark,) = session.marks.all
    assert mark.criteria == ("pointed", "asymmetric", "slow wave", "background")
    assert panel.words.startswith("4 of 6: the usual threshold")
    assert [row.text for row in listed(mine) if row.decision] == ["spike · 4/6"]
    press(mine, Key.Key_Z, CTRL)
    assert not panel.boxes["background"].isChecked()
    assert panel.words.startswith("3 of 6: below")
    session.set_cursor(9.0)
    mine.events.table.clearSelection()
    mine.events.table.setCurrentIndex(mine.events.table.model().index(-1, -1))
    session.set_cursor(9.5)
    assert not panel.boxes["pointed"].isEnabled()
    saved(qtbot, mine)
