"""What becomes of a blinded reading: it is kept, revealed and compared, and what is said of it is so."""

from __future__ import annotations

import csv
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from tests.app.test_blinded import Act, Press, begin, close_agreement, mark, nothing_is_told, yes
from tests.app.test_left import kept, opens
from tests.app.test_marks import review_of, review_of_path

from neuroflow.errors import FileProblem
from neuroflow.io import review_file
from neuroflow.recording import Span
from neuroflow.review import Agreement, BlindReading, Provenance, Rules
from neuroflow_review.dialogs.agreement import AgreementDialog
from neuroflow_review.dialogs.fault import FaultDialog
from neuroflow_review.dialogs.question import QuestionDialog
from neuroflow_review.session import Session
from neuroflow_review.session.blinded import figures, rules_words
from neuroflow_review.settings import Settings
from neuroflow_review.window import ReviewWindow

Key = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LONG = 60_000


@pytest.fixture
def demo(beginning: Path) -> Path:
    """Short: what is revealed is all of it."""
    return beginning


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
    mark(mine, press, 65.0, 4.0)
    press(mine, Key.Key_R, CTRL)
    yes(qtbot, mine)
    session.reconstruction.cancel()
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


def revealed_dialog(qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act) -> AgreementDialog:
    """The dialog once a blinded reading with two discharges was revealed."""
    begin(qtbot, mine, press, settle)
    mark(mine, press, 4.0, 65.0)
    press(mine, Key.Key_R, CTRL)
    yes(qtbot, mine)
    return next(d for d in mine.findChildren(AgreementDialog) if d.isVisible())


def test_return_goes_to_a_difference_and_k_chooses_it(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act
) -> None:
    session = mine.session
    dialog = revealed_dialog(qtbot, mine, press, settle)
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


def test_figures_and_differences_are_saved_as_a_table_that_names_the_model(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = mine.session
    dialog = revealed_dialog(qtbot, mine, press, settle)
    qtbot.waitUntil(lambda: session.state.blinded.agreement is not None and bool(listed_in(dialog)), timeout=LONG)
    qtbot.waitUntil(lambda: mine.settled, timeout=LONG)
    made, share = session.state.blinded.rules.provenance, session.state.blinded.agreement.readers["Dr Reader"]
    for private in (False, True):
        session.store.update(private=private)
        target = tmp_path / f"agreement-{private}.csv"
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, to=target: (str(to), ""))
        qtbot.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(target.exists, timeout=LONG)
        found = list(csv.DictReader(target.open(encoding="utf-8-sig", newline="")))
        values = {row["what"]: row["value"] for row in found}
        who = "Reader 1" if private else "Dr Reader"
        assert float(values[f"blinded reading: discharges marked by {who}"]) == share.count
        assert float(values[f"blinded reading: discharges marked by {who}, proposed as well"]) == share.found
        assert ("Dr Reader" in target.read_text("utf-8")) is not private
        apart = session.blinded.apart()
        times = [float(row["time_s"]) for row in found if row["what"].endswith("only marked")]
        assert times == pytest.approx(list(apart.marked))
        assert sum(row["what"].endswith("only proposed") for row in found) == len(apart.proposed)
        far = [row for row in found if row["signal"] == "≈"]
        assert {(row["model"], row["weights_sha256"]) for row in far} == {(made.model, made.weights)}
        assert all("reconstructed, not recorded" in row["what"] for row in far)
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


def test_without_names_no_channel_that_was_set_aside_names_anybody() -> None:
    rules = Rules(Provenance("twin-64", "ab" * 32, 0, 39), 3.65, ("Kim Poe", "T6"))
    assert "without Kim Poe, T6" in rules_words(rules)
    assert "Kim" not in rules_words(rules, private=True)
    assert "T6" in rules_words(rules, private=True)
