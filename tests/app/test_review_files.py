"""The review file behind a window: locks, logs, recordings that changed, and other files of marks."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot
from tests.app.test_marks import review_of, review_of_path, saved

from neuroflow.cli import main
from neuroflow.errors import FileProblem
from neuroflow.io import audit, open_recording, review_file
from neuroflow.io.review_file import sealed
from neuroflow.review import Mark
from neuroflow_review.dialogs.question import QuestionDialog
from neuroflow_review.session import Session
from neuroflow_review.session import marks as marks_module
from neuroflow_review.settings import Settings
from neuroflow_review.window import ReviewWindow


def test_a_log_that_is_gone_is_missed_at_the_next_edit(qtbot: QtBot, mine: ReviewWindow) -> None:
    path = review_of(mine).with_name("patient.edf")
    log = path.with_name("patient.edf.audit.jsonl")
    mine.session.marks.add(1.0, "first")
    saved(qtbot, mine)
    mine.session.close_recording()
    log.unlink()
    with qtbot.waitSignal(mine.session.opened, timeout=60_000):
        mine.session.open(path)
    mine.session.marks.add(2.0, "second")
    saved(qtbot, mine)
    assert "was cut off or changed" in mine.statusBar().currentMessage()
    assert "cut off or changed" in audit.verify(log, sealed(review_of_path(path))).problem
    mine.session.marks.add(3.0, "third")
    saved(qtbot, mine)
    assert [json.loads(line)["what"] for line in log.read_text().splitlines()].count(audit.BREAK) == 1
    qtbot.waitUntil(lambda: mine.settled)


def test_a_recording_that_changed_is_said_to_have_at_every_opening_until_the_reader_says_that_marks_fit(
    qtbot: QtBot, mine: ReviewWindow
) -> None:
    path, session, said = review_of(mine).with_name("patient.edf"), mine.session, []
    session.noticed.connect(said.append)
    session.marks.add(1.0, "before")
    saved(qtbot, mine)
    action = mine.commands.actions["confirm"]
    assert not action.isEnabled()
    session.close_recording()
    data = bytearray(path.read_bytes())
    data[-1000:] = bytes(1000)
    path.write_bytes(data)

    def opens() -> None:
        said.clear()
        with qtbot.waitSignal(session.opened, timeout=60_000):
            session.open(path)
        qtbot.waitUntil(lambda: mine.settled)

    for number in range(2):
        opens()
        assert any("has changed since its marks were made" in words for words in said)
        assert "recording changed since it was marked" in mine.says.text()
        session.marks.add(2.0 + number, "after")
        saved(qtbot, mine)
        session.close_recording()
    opens()
    assert action.isEnabled()
    action.trigger()
    assert not action.isEnabled()
    assert "changed since" not in mine.says.text()
    qtbot.waitUntil(lambda: not session.lanes.save.busy)
    session.close_recording()
    opens()
    assert not any("has changed" in words for words in said)
    log = path.with_name("patient.edf.audit.jsonl")
    assert json.loads(log.read_text().splitlines()[-1])["what"].startswith("say that the marks fit")


def test_that_marks_fit_is_said_to_be_kept_once_it_is(
    qtbot: QtBot, mine: ReviewWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, session, said = review_of(mine).with_name("patient.edf"), mine.session, []
    session.noticed.connect(said.append)
    session.marks.add(1.0, "before")
    saved(qtbot, mine)
    session.close_recording()
    data = bytearray(path.read_bytes())
    data[-1000:] = bytes(1000)
    path.write_bytes(data)
    with qtbot.waitSignal(session.opened, timeout=60_000):
        session.open(path)
    qtbot.waitUntil(lambda: mine.settled and not session.lanes.save.busy)
    real, problem = review_file.write_review, FileProblem("The marks could not be saved: make room.")

    def full(*_: Any, **__: Any) -> None:
        raise problem

    monkeypatch.setattr(review_file, "write_review", full)
    with qtbot.waitSignal(session.marks.failed, timeout=60_000):
        mine.commands.actions["confirm"].trigger()
    assert session.marks.unsaved
    assert not any("It is kept that" in words for words in said)
    monkeypatch.setattr(review_file, "write_review", real)
    session.marks.add(2.0, "after")
    saved(qtbot, mine)
    assert said.count("It is kept that the marks fit this recording.") == 1
    qtbot.waitUntil(lambda: mine.settled)


def test_marks_are_taken_up_from_another_review_file(
    qtbot: QtBot, mine: ReviewWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mine.session.marks.add(1.0, "one")
    saved(qtbot, mine)
    other = tmp_path / "0123456789abcdef.review.json"
    other.write_bytes(review_of(mine).read_bytes())
    mine.session.marks.undo()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(other), ""))
    mine.commands.actions["marks_in"].trigger()
    qtbot.waitUntil(lambda: [m.text for m in mine.session.marks.all] == ["one"])
    saved(qtbot, mine)


def test_of_two_windows_the_second_only_looks(qtbot: QtBot, mine: ReviewWindow, backend: Any, tmp_path: Path) -> None:
    path = review_of(mine).with_name("patient.edf")
    mine.session.marks.add(1.0, "by the first")
    saved(qtbot, mine)
    other = Session(Settings(), make_backend=lambda: backend, reviews=tmp_path / "reviews")
    said: list[str] = []
    other.noticed.connect(said.append)
    other.open(path)
    qtbot.waitUntil(lambda: other.recording is not None)
    assert [m.text for m in other.marks.all] == ["by the first"]
    assert other.marks.add(2.0, "by the second") is None
    assert any("another window" in words for words in said)
    mine.session.close_recording()  # lets go
    other.open(path)
    qtbot.waitUntil(lambda: other.marks.writable)
    assert other.marks.add(2.0, "by the second") is not None
    qtbot.waitUntil(lambda: not other.marks.unsaved)
    other.shut_down()
    assert not list(path.parent.glob("*.lock"))
    other.deleteLater()


def test_what_is_saved_while_another_window_reads_is_never_written_over(
    qtbot: QtBot, mine: ReviewWindow, backend: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real = review_of(mine).with_name("patient.edf"), marks_module.read_review
    reached, go = threading.Event(), threading.Event()

    def slowly(*arguments: Any, **named: Any) -> Any:
        found = real(*arguments, **named)
        reached.set()
        go.wait(60)
        return found

    mine.session.marks.add(1.0, "first")
    saved(qtbot, mine)
    monkeypatch.setattr(marks_module, "read_review", slowly)
    other = Session(Settings(), make_backend=lambda: backend, reviews=tmp_path / "reviews")
    other.open(path)
    assert reached.wait(60)
    mine.session.marks.add(2.0, "last")
    mine.session.close_recording()  # saves it, and lets go
    go.set()
    qtbot.waitUntil(lambda: other.recording is not None)
    other.marks.add(3.0, "by the second")
    qtbot.waitUntil(lambda: not other.marks.unsaved)
    assert {"first", "last"} <= {m["text"] for m in json.loads(review_of_path(path).read_text())["marks"]}
    other.open(path)
    qtbot.waitUntil(lambda: other.marks.writable)
    assert {"first", "last"} <= {m.text for m in other.marks.all}
    other.shut_down()
    other.deleteLater()


def test_a_second_window_leaves_a_damaged_file_to_the_first(
    qtbot: QtBot, mine: ReviewWindow, backend: Any, tmp_path: Path
) -> None:
    path = review_of(mine).with_name("patient.edf")
    mine.session.marks.add(1.0, "by the first")
    saved(qtbot, mine)
    review = review_of_path(path)
    review.write_bytes(b"{")
    other, said = Session(Settings(), make_backend=lambda: backend, reviews=tmp_path / "reviews"), []
    other.noticed.connect(said.append)
    other.open(path)
    qtbot.waitUntil(lambda: other.recording is not None)
    assert not other.marks.writable
    assert "another window" in said[0]
    assert "damaged" in said[0]
    assert review.read_bytes() == b"{"
    other.shut_down()
    other.deleteLater()
    mine.session.marks.add(2.0, "by the first again")
    saved(qtbot, mine)
    assert [m["text"] for m in json.loads(review.read_text())["marks"]] == ["by the first", "by the first again"]


def test_a_lock_left_by_a_crash_is_taken_over(qtbot: QtBot, mine: ReviewWindow) -> None:
    path = review_of(mine).with_name("patient.edf")
    mine.session.close_recording()
    code = "import sys, os; from PySide6.QtCore import QLockFile; l = QLockFile(sys.argv[1]); l.tryLock(0); os._exit(9)"
    lock = f"{review_of_path(path)}.lock"
    subprocess.run([sys.executable, "-c", code, lock], check=False, timeout=60)
    assert Path(lock).exists()
    mine.session.open(path)
    qtbot.waitUntil(lambda: mine.session.marks.writable, timeout=60_000)
    qtbot.waitUntil(lambda: mine.settled, timeout=60_000)


def test_marks_are_kept_in_the_folder_that_the_settings_name(
    qtbot: QtBot, backend: Any, few_channels: Path, tmp_path: Path
) -> None:
    settings = Settings()
    settings.set("files.reviews", str(tmp_path / "all marks"))
    session = Session(settings, make_backend=lambda: backend, reviews=tmp_path / "own")
    session.open(few_channels)
    qtbot.waitUntil(lambda: session.recording is not None)
    assert session.marks.add(1.0, "kept") is not None
    qtbot.waitUntil(lambda: not session.marks.unsaved)
    session.shut_down()
    session.deleteLater()
    (kept,) = (tmp_path / "all marks").glob("*.review.json")
    assert [m["text"] for m in json.loads(kept.read_text("utf-8"))["marks"]] == ["kept"]
    assert not review_of_path(few_channels).exists()


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are letters there, and not bytes")
def test_marks_of_a_recording_whose_name_is_not_utf_8_are_kept_and_its_reconstruction_is_written(
    qtbot: QtBot, window: ReviewWindow, nineteen: Path, tmp_path: Path
) -> None:
    """As on drives of old servers; in files that hold letters a mark stands for what is none."""
    path = nineteen.rename(nineteen.with_name(os.fsdecode("J\xe9r\xf4me.edf".encode("latin-1"))))
    window.session.open(path)
    qtbot.waitUntil(lambda: window.settled)
    assert window.session.marks.add(1.0, "kept") is not None
    qtbot.waitUntil(lambda: not window.session.marks.unsaved)
    said = json.loads(review_of_path(path).read_text("utf-8"))
    assert [m["text"] for m in said["marks"]] == ["kept"]
    assert said["recording"]["name"] == "J?r?me.edf"
    with qtbot.waitSignal(window.session.opened, timeout=60_000):
        window.session.open(path)
    assert [m.text for m in window.session.marks.all] == ["kept"]
    qtbot.waitUntil(lambda: window.settled)
    asked = ["--contacts", "AHL1", "--samples", "2", "--duration", "10", "--device", "cpu"]
    assert main(["reconstruct", str(path), "-o", str(tmp_path / "out.edf"), *asked]) == 0
    notes = [a.text for a in open_recording(tmp_path / "out.edf").recording.annotations]
    assert any(note.startswith("Input: J?r?me.edf, 0 s to 10 s") for note in notes)


def test_a_home_that_is_nobodys_keeps_marks_beside_the_recording(
    qtbot: QtBot, backend: Any, few_channels: Path, tmp_path: Path
) -> None:
    settings = Settings()
    settings.set("files.reviews", "~nobody-at-all/marks")
    session = Session(settings, make_backend=lambda: backend, reviews=tmp_path / "own")
    session.open(few_channels)
    qtbot.waitUntil(lambda: session.recording is not None)
    assert session.marks.add(1.0, "kept") is not None
    qtbot.waitUntil(lambda: not session.marks.unsaved)
    session.shut_down()
    session.deleteLater()
    assert review_of_path(few_channels).exists()


@pytest.mark.parametrize("said", ["4711\nneuroflow-review\nward-7\n", ""])
def test_a_lock_left_on_another_computer_is_taken_over_when_the_reader_says_so(
    qtbot: QtBot, window: ReviewWindow, few_channels: Path, said: str
) -> None:
    session, lock = window.session, Path(f"{review_of_path(few_channels)}.lock")
    lock.write_text(said)
    session.open(few_channels)
    qtbot.waitUntil(lambda: window.settled)
    assert session.marks.add(1.0, "refused") is None
    assert "or take them over" in window.statusBar().currentMessage()
    action = window.commands.actions["take_over"]
    for answer in ("no", "yes"):
        assert action.isEnabled()
        action.trigger()
        dialog = next(d for d in window.findChildren(QuestionDialog) if d.isVisible())
        assert ("process 4711 on ward-7" if said else "another program") in dialog.text
        getattr(dialog, answer).click()
        assert lock.exists()
    qtbot.waitUntil(lambda: session.marks.writable)
    assert not action.isEnabled()
    assert session.marks.add(1.0, "mine") is not None
    qtbot.waitUntil(lambda: not session.marks.unsaved and window.settled)


def test_a_lock_that_cannot_be_taken_over_is_said_to_be_held_and_the_recording_is_shown(
    qtbot: QtBot, window: ReviewWindow, few_channels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, lock, real = window.session, Path(f"{review_of_path(few_channels)}.lock"), Path.unlink
    lock.write_text("4711\nneuroflow-review\nward-7\n")
    session.open(few_channels)
    qtbot.waitUntil(lambda: window.settled)

    def held_open(path: Path, **named: Any) -> None:
        if path == lock:
            raise PermissionError(13, "The process cannot access the file")
        real(path, **named)

    monkeypatch.setattr(Path, "unlink", held_open)
    session.marks.take_over()
    with qtbot.waitSignal(session.opened, timeout=60_000):
        session.open(few_channels)
    qtbot.waitUntil(lambda: window.settled)
    assert session.recording is not None
    assert not session.marks.writable
    assert "still held" in window.statusBar().currentMessage()
    assert session.marks.to_take_over


def test_a_lock_of_a_window_on_this_computer_is_not_for_taking(
    qtbot: QtBot, mine: ReviewWindow, backend: Any, tmp_path: Path
) -> None:
    other = Session(Settings(), make_backend=lambda: backend, reviews=tmp_path / "reviews")
    other.open(review_of(mine).with_name("patient.edf"))
    qtbot.waitUntil(lambda: other.recording is not None)
    assert (other.marks.writable, other.marks.to_take_over) == (False, "")
    other.shut_down()
    other.deleteLater()


@pytest.mark.parametrize("name", ["marks.csv", "marks.edf"])
def test_a_list_that_is_imported_twice_is_there_once(
    qtbot: QtBot, mine: ReviewWindow, tmp_path: Path, name: str
) -> None:
    session, target = mine.session, tmp_path / name
    said: list[str] = []
    session.noticed.connect(said.append)
    session.marks.add(1.0, "one")
    session.marks.add(2.0, "two", 0.5, "T3")
    session.marks.ask_export(target)
    qtbot.waitUntil(lambda: said == ["2 marks written."])
    session.marks.undo()
    told = {("one", ""), ("two", "T3")}
    for number, words in enumerate(("1 mark read; 1 more there already.", "all that were read are there already.")):
        session.marks.ask_import(target)
        qtbot.waitUntil(lambda expected=number + 2: len(said) == expected)
        assert said[-1].endswith(words)
        assert {(m.text, m.channel) for m in session.marks.all} == told
        assert len(session.marks.all) == 2
    saved(qtbot, mine)


def test_where_no_folder_takes_marks_the_recording_is_shown_all_the_same(
    qtbot: QtBot, window: ReviewWindow, few_channels: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    window.session.marks.folder = tmp_path / "file" / "reviews"
    monkeypatch.setattr(review_file, "is_writable", lambda _: False)
    window.session.open(few_channels)
    qtbot.waitUntil(lambda: window.settled)
    assert window.session.recording is not None
    assert window.session.recording.problems, "which are told of beside it"
    assert "No marks can be kept here" in window.statusBar().currentMessage()
    assert "No marks can be kept here" in window.says.toolTip()
    assert "no marks can be made" in window.says.text()
    window.session.store.update(private=True)
    assert "No marks can be kept here" not in window.says.toolTip(), "what is said of files may name a patient"
    assert window.session.marks.add(1.0, "refused") is None
    assert not window.commands.actions["mark"].isEnabled()


def test_a_change_anywhere_in_a_recording_is_noticed_when_it_is_opened_again(qtbot: QtBot, mine: ReviewWindow) -> None:
    session, path, said = mine.session, review_of(mine).with_name("patient.edf"), []
    session.noticed.connect(said.append)

    def whole() -> Any:
        return json.loads(review_of_path(path).read_text("utf-8"))["recording"].get("whole", {}).get("sha256")

    def opens() -> None:
        said.clear()
        with qtbot.waitSignal(session.opened, timeout=60_000):
            session.open(path)
        qtbot.waitUntil(lambda: mine.settled and not session.lanes.whole.busy)
        QApplication.processEvents()

    session.marks.add(1.0, "before")
    qtbot.waitUntil(lambda: session.marks.wholeness.whole is not None)
    session.close_recording()
    assert whole() == hashlib.sha256(path.read_bytes()).hexdigest()
    os.utime(path)  # as where it was copied
    opens()
    assert not session.marks.outdated
    assert session.recording is not None
    identity = session.recording.identity
    session.close_recording()
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    opens()
    qtbot.waitUntil(lambda: session.marks.outdated)
    assert session.recording.identity == identity, "which does not see it"
    assert any("has changed since its marks were made" in words for words in said)
    session.marks.add(2.0, "after")
    saved(qtbot, mine)
    session.close_recording()
    opens()
    qtbot.waitUntil(lambda: session.marks.outdated)
    mine.commands.actions["confirm"].trigger()
    qtbot.waitUntil(lambda: session.marks.wholeness.whole is not None)
    session.close_recording()
    assert whole() == hashlib.sha256(data).hexdigest()
    opens()
    assert not session.marks.outdated


def test_marks_that_could_not_be_read_for_a_moment_are_all_there_when_the_recording_is_opened_again(
    qtbot: QtBot, mine: ReviewWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, path = mine.session, review_of(mine).with_name("patient.edf")
    real = review_file._read
    session.marks.add(1.0, "before")
    saved(qtbot, mine)
    session.close_recording()

    def gone(place: Path) -> Any:
        raise OSError(f"{place.name} is not there now")

    monkeypatch.setattr(review_file, "_read", gone)
    for readable in (False, True):
        with qtbot.waitSignal(session.opened, timeout=60_000):
            session.open(path)
        assert session.marks.writable == readable
        assert [m.text for m in session.marks.all] == (["before"] if readable else [])
        monkeypatch.setattr(review_file, "_read", real)
    session.marks.add(2.0, "after")
    saved(qtbot, mine)
    assert [m["text"] for m in json.loads(review_of(mine).read_text("utf-8"))["marks"]] == ["before", "after"]
    qtbot.waitUntil(lambda: mine.settled)


def test_what_is_known_of_a_whole_recording_is_kept_without_waiting_for_its_end(
    qtbot: QtBot, mine: ReviewWindow
) -> None:
    path = review_of(mine)
    mine.session.marks.add(1.0, "before")
    qtbot.waitUntil(lambda: mine.session.marks.wholeness.whole is not None)
    saved(qtbot, mine)
    qtbot.waitUntil(lambda: mine.session.marks._kept_whole is not None)
    qtbot.waitUntil(lambda: not mine.session.lanes.save.busy)
    said = json.loads(path.read_text("utf-8"))["recording"].get("whole", {}).get("sha256")
    assert said == hashlib.sha256(path.with_name("patient.edf").read_bytes()).hexdigest()
    before = path.stat().st_mtime_ns
    mine.session.close_recording()
    assert path.stat().st_mtime_ns == before, "nothing was left to be written then"


def test_a_recording_without_marks_has_not_changed_since_they_were_made(qtbot: QtBot, mine: ReviewWindow) -> None:
    session, path, said = mine.session, review_of(mine).with_name("patient.edf"), []
    session.noticed.connect(said.append)
    session.marks.add(1.0, "for a moment")
    qtbot.waitUntil(lambda: session.marks.wholeness.whole is not None)
    session.marks.undo()
    saved(qtbot, mine)
    session.close_recording()
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    with qtbot.waitSignal(session.opened, timeout=60_000):
        session.open(path)
    qtbot.waitUntil(lambda: mine.settled and not session.lanes.whole.busy)
    QApplication.processEvents()
    assert not any("has changed" in words for words in said)
    assert not session.marks.outdated
    session.marks.add(2.0, "after")
    qtbot.waitUntil(lambda: session.marks.wholeness.whole is not None)
    qtbot.waitUntil(lambda: not session.lanes.save.busy)
    kept = json.loads(review_of_path(path).read_text("utf-8"))["recording"]
    assert kept["whole"]["sha256"] == hashlib.sha256(data).hexdigest()


def test_of_a_decision_that_is_there_the_criteria_of_another_reader_are_taken_up_in_one_step(
    qtbot: QtBot, mine: ReviewWindow, tmp_path: Path
) -> None:
    session, said = mine.session, []
    session.noticed.connect(said.append)
    spike = Mark("a", 4.0, "spike", channel="F7–T3", decision="accepted", by="A", criteria=("duration",))
    session.marks.take((spike,))
    saved(qtbot, mine)
    written = json.loads(review_of(mine).read_text("utf-8"))
    four = ["pointed", "asymmetric", "slow wave", "background"]
    written["marks"] = [
        {**written["marks"][0], "id": "b", "by": "B", "criteria": four},
        {"id": "c", "start": 2.0, "text": "eyes closed"},
        {"id": "d", "start": 1e6, "text": "of a longer recording"},
    ]
    other = tmp_path / "other.review.json"
    other.write_text(json.dumps(written), "utf-8")
    told = "1 mark read; criteria added to 1 that was there already; 1 beyond the recording's end left out."
    again = "No mark was taken up: 2 there already; 1 beyond the recording's end left out."
    for words in (told, again):
        session.marks.ask_import(other)
        qtbot.waitUntil(lambda words=words: said[-1:] == [words])
        assert [m.text for m in session.marks.all] == ["eyes closed", "spike"]
        assert session.marks.all[1].criteria == ("pointed", "duration", "asymmetric", "slow wave", "background")
        assert session.marks.all[1].by == "Dr Reader", "who answers for the mark as it is now"
    session.marks.undo()
    assert session.marks.all == (replace(spike, id=session.marks.all[0].id),)
    saved(qtbot, mine)
