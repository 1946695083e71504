"""Marks and decisions: undo and redo as laws, and a file that survives whatever happens to it."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroflow.cli import main
from neuroflow.errors import FileProblem
from neuroflow.io import audit, review_file
from neuroflow.io.marks_csv import read_marks, write_marks
from neuroflow.io.review_file import SUFFIX, read_marks_of_review, read_review, write_review
from neuroflow.recording import Patient, Recording
from neuroflow.review import (
    Document,
    History,
    Left,
    Mark,
    Provenance,
    added,
    assessed,
    changed,
    decided,
    edge_moved,
    removed,
)
from neuroflow.review.document import SHORTEST, Edge, document_of, with_edge

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def recording(path: Path, identity: str = "a" * 16) -> Recording:
    return Recording(path, "EDF", (), 600.0, None, Patient(), "", (), (), (), identity)


def some_marks(count: int = 3) -> Document:
    return document_of(Mark(f"m{k}", 10.0 * k, f"event {k}", 1.0, "T3", by="Dr Ä", at="2026-11-24T12:00:00Z")
                       for k in range(count))  # fmt: skip


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_whatever_is_done_is_undone_and_done_again(steps: list[int]) -> None:
    """Each step adds, renames, deletes, decides, or takes one back; then all is undone and redone."""
    history = History()
    for number, step in enumerate(steps):
        marks = list(history.document)
        if step == 0 or not marks:
            history.do(added(float(number), f"event {number}", by="a", now=NOW))
        elif step == 1:
            history.do(changed(marks[number % len(marks)], text=f"name {number}", now=NOW))
        elif step == 2:
            history.do(removed(marks[number % len(marks)]))
        elif step == 3:
            earlier = [m for m in marks if m.decision]
            history.do(decided(float(number), "T3", "accepted", earlier, now=NOW))
        else:
            history.undo()
    end = dict(history.document.marks)
    undone = 0
    while history.undo() is not None:
        undone += 1
    assert len(history.document) == 0
    assert not history.to_undo
    for _ in range(undone):
        assert history.redo() is not None
    assert dict(history.document.marks) == end


def test_a_new_edit_ends_what_could_be_redone() -> None:
    history = History()
    history.do(added(1.0, "one"))
    history.undo()
    assert history.to_redo == "mark an event"
    history.do(added(2.0, "two"))
    assert history.redo() is None
    assert [m.text for m in history.document] == ["two"]


def test_a_decision_takes_the_place_of_the_one_before_and_keeps_who_and_when() -> None:
    history = History()
    history.do(decided(12.3, "T3", "rejected", by="A", now=NOW))
    (first,) = history.document
    assert (first.by, first.at) == ("A", "2026-11-24T12:00:00Z")
    history.do(decided(12.3, "T3", "accepted", [first], by="B"))
    assert [(m.decision, m.by) for m in history.document] == [("accepted", "B")]
    history.undo()
    assert list(history.document) == [first]


def test_another_decision_keeps_what_else_was_said_of_a_discharge() -> None:
    history = History()
    history.do(decided(12.3, "T3", "accepted", by="A", now=NOW))
    history.do(assessed(next(iter(history.document)), {"field", "pointed"}, by="A", now=NOW))
    history.do(changed(next(iter(history.document)), text="polyspike", by="A", now=NOW))
    (before,) = history.document
    history.do(decided(12.3, "T3", "unsure", [before], by="B", now=NOW))
    (after,) = history.document
    assert (after.decision, after.by, after.criteria, after.text) == ("unsure", "B", ("pointed", "field"), "polyspike")
    history.undo()
    assert list(history.document) == [before]


def test_ten_thousand_edits_stay_small_and_quick_to_take_back() -> None:
    history = History(document_of(Mark(f"m{k}", float(k), "x") for k in range(200)))
    for k in range(10_000):
        mark = history.document.marks[f"m{k % 200}"]
        history.do(changed(mark, text=f"edit {k}"))
    while history.undo():
        pass
    assert {m.text for m in history.document} == {"x"}


def test_changes_of_another_document_and_marks_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="another version"):
        Document().applied(removed(Mark("m", 1.0, "gone")))
    with pytest.raises(ValueError, match="time"):
        Document().applied(added(float("nan"), "when?"))
    with pytest.raises(ValueError, match="there already"):
        document_of([Mark("m", 1.0, "a"), Mark("m", 2.0, "b")])
    with pytest.raises(ValueError, match="accepted"):
        decided(1.0, "T3", "maybe")  # type: ignore[arg-type]


def test_marks_come_back_from_beside_the_recording(tmp_path: Path) -> None:
    about = recording(tmp_path / "a.edf")
    empty = read_review(about, tmp_path / "own")
    assert empty.path == tmp_path / f"a.edf{SUFFIX}"
    assert not empty.path.exists()  # looking leaves nothing behind
    write_review(about, some_marks(), empty.path)
    again = read_review(about, tmp_path / "own")
    assert again.document == some_marks()
    assert again.notice == ""
    assert json.loads(empty.path.read_text())["recording"]["name"] == "a.edf"


def test_where_the_folder_cannot_be_written_marks_go_to_the_readers_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review_file, "is_writable", lambda folder: folder != tmp_path)
    about = recording(tmp_path / "a.edf")
    place = read_review(about, tmp_path / "own").path
    assert place.parent == tmp_path / "own"
    write_review(about, some_marks(), place)
    assert read_review(about, tmp_path / "own").document == some_marks()


def test_an_older_version_that_a_drive_took_late_does_not_hide_the_newer_one(tmp_path: Path) -> None:
    about = recording(tmp_path / "a.edf")
    beside, own = tmp_path / f"a.edf{SUFFIX}", tmp_path / "own" / f"{about.identity}{SUFFIX}"
    write_review(about, some_marks(3), own, made=1000.5)
    write_review(about, some_marks(2), beside, made=1000.25)
    assert beside.stat().st_mtime_ns > own.stat().st_mtime_ns
    assert read_review(about, tmp_path / "own").document == some_marks(3)
    write_review(about, some_marks(2), beside, made=1001.0)
    assert read_review(about, tmp_path / "own").document == some_marks(2)


def test_a_file_that_says_no_sound_moment_is_as_old_as_it_was_written(tmp_path: Path) -> None:
    about = recording(tmp_path / "a.edf")
    beside, own = tmp_path / f"a.edf{SUFFIX}", tmp_path / "own" / f"{about.identity}{SUFFIX}"
    write_review(about, some_marks(3), own)
    write_review(about, some_marks(2), beside)
    said = json.loads(beside.read_text())
    for moment in ("", "yesterday", "9" * 400):
        beside.write_text(json.dumps(said | {"saved": moment}))
        for written, marks in ((10.0, some_marks(3)), (4e9, some_marks(2))):
            os.utime(beside, (written, written))
            assert read_review(about, tmp_path / "own").document == marks


def test_nothing_is_written_beside_the_demonstration(tmp_path: Path) -> None:
    from importlib.resources import files

    demo = Path(str(files("neuroflow_resources"))) / "demo" / "demo-scalp.edf"
    assert read_review(recording(demo), tmp_path).path.parent == tmp_path


@pytest.mark.parametrize("when", ["write", "fsync", "replace"])
def test_a_save_that_fails_leaves_the_version_before(
    when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about, place = recording(tmp_path / "a.edf"), tmp_path / f"a.edf{SUFFIX}"
    write_review(about, some_marks(2), place)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    name = {"write": "fdopen", "fsync": "fsync", "replace": "replace"}[when]
    monkeypatch.setattr(os, name, full)
    with pytest.raises(FileProblem, match="could not be saved"):
        write_review(about, some_marks(3), place)
    monkeypatch.undo()
    assert read_review(about, tmp_path).document == some_marks(2)
    assert not [p.name for p in tmp_path.iterdir() if p.name.startswith(f".a.edf{SUFFIX}-")]


def test_a_damaged_file_is_kept_and_the_version_before_is_shown(tmp_path: Path) -> None:
    about, place = recording(tmp_path / "a.edf"), tmp_path / f"a.edf{SUFFIX}"
    write_review(about, some_marks(2), place)
    write_review(about, some_marks(3), place)
    place.write_bytes(place.read_bytes()[:40])
    found = read_review(about, tmp_path)
    assert found.document == some_marks(2)
    assert "damaged" in found.notice
    assert [p for p in tmp_path.iterdir() if ".damaged-" in p.name]
    assert found.writable


@pytest.mark.parametrize("what", ["denied", "error of the drive", "hidden"])
def test_a_file_that_cannot_be_read_now_is_left_alone_and_nothing_is_written(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about, place = recording(tmp_path / "a.edf"), tmp_path / f"a.edf{SUFFIX}"
    write_review(about, some_marks(2), place)
    write_review(about, some_marks(3), place)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    name, error = {
        "denied": ("read_bytes", PermissionError(13, "Permission denied")),
        "error of the drive": ("read_bytes", OSError(5, "Input/output error")),
        "hidden": ("stat", PermissionError(13, "Permission denied")),
    }[what]
    real = getattr(Path, name)

    def fails(path: Path, *arguments: Any, **named: Any) -> Any:
        if path.name == place.name:
            raise error
        return real(path, *arguments, **named)

    monkeypatch.setattr(Path, name, fails)
    found = read_review(about, tmp_path / "own")
    monkeypatch.undo()
    assert (len(found.document), found.writable, found.path) == (0, False, place)
    assert "cannot be read now" in found.notice
    assert error.strerror in found.notice
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
    assert read_review(about, tmp_path / "own").document == some_marks(3)


def test_only_who_holds_the_lock_sets_a_damaged_file_aside(tmp_path: Path) -> None:
    about, place = recording(tmp_path / "a.edf"), tmp_path / f"a.edf{SUFFIX}"
    write_review(about, some_marks(2), place)
    write_review(about, some_marks(3), place)
    place.write_bytes(place.read_bytes()[:40])
    found = read_review(about, tmp_path / "own", held=False)
    assert (found.document, found.writable) == (some_marks(2), False)
    assert "damaged" in found.notice
    assert place.stat().st_size == 40


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"\xff\xfe", b'{"format": 1}', b'{"format": "one"}', b'{"format":1,"marks":[{"id":1}]}', b"[" * 5000],
)
def test_what_is_no_review_file_is_set_aside(data: bytes, tmp_path: Path) -> None:
    place = tmp_path / f"a.edf{SUFFIX}"
    place.write_bytes(data)
    found = read_review(recording(tmp_path / "a.edf"), tmp_path)
    assert len(found.document) == 0
    assert "damaged" in found.notice
    assert next(p for p in tmp_path.iterdir() if ".damaged-" in p.name).read_bytes() == data


def test_a_later_format_is_never_written_over(tmp_path: Path) -> None:
    place = tmp_path / f"a.edf{SUFFIX}"
    place.write_text(json.dumps({"format": review_file.FORMAT + 1, "everything": "else"}))
    found = read_review(recording(tmp_path / "a.edf"), tmp_path)
    assert not found.writable
    assert "later version" in found.notice
    assert json.loads(place.read_text())["everything"] == "else"


def test_a_recording_that_changed_under_its_marks_is_noticed(tmp_path: Path) -> None:
    place = tmp_path / f"a.edf{SUFFIX}"
    write_review(recording(tmp_path / "a.edf"), some_marks(), place)
    found = read_review(recording(tmp_path / "a.edf", "b" * 16), tmp_path)
    assert "has changed" in found.notice
    assert found.document == some_marks()


def test_in_the_readers_own_folder_a_recording_that_changed_is_told_of_its_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review_file, "is_writable", lambda folder: folder != tmp_path)
    about, own = recording(tmp_path / "a.edf"), tmp_path / "own"
    other = recording(tmp_path / "b.edf", "c" * 16)
    for one in (about, other):
        write_review(one, some_marks(), read_review(one, own).path)
    found = read_review(recording(tmp_path / "a.edf", "b" * 16), own)
    assert (len(found.document), found.writable, found.path) == (0, True, own / f"{'b' * 16}{SUFFIX}")
    kept = own / f"{'a' * 16}{SUFFIX}"
    assert str(kept) in found.notice
    told = [(m.start, m.text, m.by) for m in some_marks()]
    assert [(m.start, m.text, m.by) for m in read_marks_of_review(kept)] == told
    assert read_review(recording(tmp_path / "d.edf", "d" * 16), own).notice == ""


def test_of_thousands_of_review_files_the_newest_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder on a network must not keep a recording that has no marks from its first page."""
    about, own, looked = recording(tmp_path / "a.edf"), tmp_path / "own", []
    own.mkdir()
    for k in range(300):
        path = own / f"{k:016x}{SUFFIX}"
        path.write_text(f'{{"recording": {{"name": "{about.path.name if k in (3, 290) else k}"}}}}')
        os.utime(path, (k, k))
    head = review_file._head
    monkeypatch.setattr(review_file, "_head", lambda path: looked.append(path) or head(path))
    monkeypatch.setattr(review_file, "is_writable", lambda folder: folder != tmp_path)
    notice = read_review(about, own).notice
    assert f"{290:016x}" in notice
    assert len(looked) < 100


def test_a_recording_that_changed_is_said_to_have_until_the_marks_are_said_to_fit_it(tmp_path: Path) -> None:
    place, now = tmp_path / f"a.edf{SUFFIX}", recording(tmp_path / "a.edf", "b" * 16)
    write_review(recording(tmp_path / "a.edf"), some_marks(), place)
    made_on = read_review(now, tmp_path).made_on
    assert made_on == "a" * 16
    write_review(recording(tmp_path / "a.edf", made_on), some_marks(2), place)
    assert "has changed" in read_review(now, tmp_path).notice
    place.write_bytes(b"damaged")
    assert "has changed" in read_review(now, tmp_path).notice
    assert read_review(now, tmp_path).notice == ""


_WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\u2028\u2029\x85"), max_size=40)


@given(st.lists(st.tuples(st.floats(0, 600), st.floats(0, 100), _WORDS, st.sampled_from(["", "accepted", "unsure"])),
                max_size=20))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_marks_come_back_from_a_table(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple]) -> None:
    path = tmp_path_factory.mktemp("table") / "marks.csv"
    marks = [Mark(f"m{k}", a, text.strip() or "Event", b, "T3", k % 2 == 0, decision, "Dr Ä", "2026-11-24T12:00:00Z")
             for k, (a, b, text, decision) in enumerate(rows)]  # fmt: skip
    assert write_marks(marks, path) == len(marks)
    again = read_marks(path, 600.0)
    told = [(m.start, m.text, m.duration, m.channel, m.reconstructed, m.decision, m.by, m.at) for m in again]
    assert told == [(m.start, m.text, m.duration, m.channel, m.reconstructed, m.decision, m.by, m.at) for m in marks]


def test_events_of_a_bids_tree_are_a_table_of_marks(tmp_path: Path) -> None:
    path = tmp_path / "events.tsv"
    path.write_text("onset\tduration\ttrial_type\n1.5\tn/a\tfixation\n2\t0.5\tprobe\n")
    assert [(m.start, m.duration, m.text) for m in read_marks(path, 10.0)] == [
        (1.5, 0.0, "fixation"),
        (2.0, 0.5, "probe"),
    ]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "column onset"),
        (b"time,what\n1,2\n", "column onset"),
        (b"onset,description\n1,ok\nsoon,x\n", "line 3"),
        (b"onset,description\n9999,late\n", "outside the recording"),
        (b"onset,description\n-1,early\n", "outside the recording"),
        (b"onset,description\nnan,x\n", "no time"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b'onset,description\n1,"open\n', "no table"),
    ],
)
def test_a_table_that_cannot_be_believed_is_named_by_line(data: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    with pytest.raises(FileProblem, match=says):
        read_marks(path, 600.0)


def test_a_table_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="There is no folder"):
        write_marks(some_marks(), tmp_path / "no" / "t.csv")


def a_log(path: Path, count: int = 4, by: str = "Dr Ä", expected: audit.Seal | None = None) -> audit.Seal:
    history, told = History(), []
    for k in range(count):
        history.do(added(float(k), f"event {k}", by=by, now=NOW))
        told.append((history._changes[-1], by, "2026-11-24T12:00:00Z"))
    return audit.append(path, told, expected)


def test_a_log_that_nobody_touched_is_whole_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.edf.audit.jsonl"
    assert a_log(path).entries == 4
    seal = audit.append(path, [(removed(Mark("m", 1.0, "x")), "B", "2026-11-24T12:01:00Z")])
    assert audit.verify(path, seal) == audit.Verdict(seal)
    assert seal.entries == 5
    entry = json.loads(path.read_text().splitlines()[-1])
    assert (entry["by"], entry["what"], entry["before"][0]["text"]) == ("B", "delete an event", "x")


@pytest.mark.parametrize("how", ["word", "removed", "swapped", "added", "seal", "end", "anew", "gone"])
def test_a_log_that_was_touched_is_found_out(how: str, tmp_path: Path) -> None:
    path = tmp_path / "a.edf.audit.jsonl"
    seal = a_log(path)
    lines = path.read_text().splitlines(keepends=True)
    if how == "anew":  # every entry with a fresh seal, and one more
        a_log(tmp_path / "other.jsonl", 5, "Dr Evil")
        lines = (tmp_path / "other.jsonl").read_text().splitlines(keepends=True)
    if how == "gone":
        path.unlink()
        a_log(path, 1, expected=seal)
        lines = path.read_text().splitlines(keepends=True)
    touched = {
        "anew": lines,
        "gone": lines,
        "word": [lines[0], lines[1].replace("event 1", "event 9"), *lines[2:]],
        "removed": [lines[0], *lines[2:]],
        "swapped": [lines[1], lines[0], *lines[2:]],
        "added": [*lines, lines[-1]],
        "seal": [lines[0], lines[1][:-10] + "0" * 8 + lines[1][-2:], *lines[2:]],
        "end": lines[:-1],
    }[how]
    path.write_text("".join(touched))
    found = audit.verify(path, seal)
    assert found.problem
    assert found.seal.entries < 4 or how == "added"


@pytest.mark.parametrize("how", ["anew", "gone", "end"])
def test_who_goes_on_with_a_log_that_was_touched_says_so_in_it(how: str, tmp_path: Path) -> None:
    path = tmp_path / "a.edf.audit.jsonl"
    sealed = a_log(path)
    if how == "end":
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    else:
        path.unlink()
    if how == "anew":
        a_log(path, 5, "Dr Evil")
    assert not audit.goes_on(path, sealed)
    seal = audit.append(path, [(added(9.0, "after"), "A", "2026-11-24T12:01:00Z")], sealed)
    said = [json.loads(line) for line in path.read_text().splitlines()]
    assert [entry["what"] for entry in said[-2:]] == [audit.BREAK, "mark an event"]
    assert said[-2]["expected"] == [4, sealed.seal]
    assert audit.goes_on(path, seal)
    assert "says that the log was cut off or changed" in audit.verify(path, seal).problem


@pytest.mark.parametrize("line", ["\n", "not json\n", "[]\n", "{}\n"])
def test_a_log_that_ends_in_what_is_no_entry_is_continued_with_a_word_on_it(line: str, tmp_path: Path) -> None:
    path = tmp_path / "a.edf.audit.jsonl"
    sealed = a_log(path)
    path.write_text(path.read_text() + line)
    seal = audit.append(path, [(added(9.0, "after"), "A", "2026-11-24T12:01:00Z")], sealed)
    said = [json.loads(entry) for entry in path.read_text().splitlines()[-2:]]
    assert [entry["what"] for entry in said] == [audit.BREAK, "mark an event"]
    again = audit.append(path, [(added(9.5, "and again"), "A", "2026-11-24T12:02:00Z")], seal)
    assert again.entries == seal.entries + 1, "it is said once"
    assert "is no entry" in audit.verify(path, again).problem


def test_a_log_that_is_ahead_of_its_review_file_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.edf.audit.jsonl"
    before = a_log(path, 2)
    audit.append(path, [(added(9.0, "the save that a crash cut off"), "A", "2026-11-24T12:01:00Z")], before)
    seal = audit.append(path, [(added(9.5, "after it"), "A", "2026-11-24T12:02:00Z")], before)
    assert seal.entries == 4
    assert audit.verify(path, seal) == audit.Verdict(seal)


def test_half_a_line_left_by_a_crash_is_named_and_then_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "a.edf.audit.jsonl"
    a_log(path)
    with path.open("ab") as file:
        file.write(b'{"n": 5, "at": "2026')
    assert "cut off" in audit.verify(path).problem
    seal = audit.append(path, [(added(9.0, "after"), "A", "2026-11-24T12:01:00Z")])
    assert seal.entries == 5
    assert audit.verify(path, seal).problem == ""


def test_a_log_of_long_entries_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.edf.audit.jsonl"
    for k in range(3):
        marks = tuple(Mark(f"m{k}-{n}", 1.0, "x" * 100) for n in range(3000))
        seal = audit.append(path, [(removed(*marks), "A", "2026-11-24T12:00:00Z")])
        assert seal.entries == k + 1
    assert audit.verify(path, seal).problem == ""


def test_the_command_says_whether_a_log_is_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, about = tmp_path / "a.edf.audit.jsonl", recording(tmp_path / "a.edf")
    seal = a_log(log)
    write_review(about, some_marks(), tmp_path / f"a.edf{SUFFIX}", seal)
    for named in ("a.edf", f"a.edf{SUFFIX}", log.name):
        assert main(["audit", str(tmp_path / named)]) == 0
        assert "4 entries, whole" in capsys.readouterr().out
    log.write_text(log.read_text().replace("event 2", "event 7"))
    assert main(["audit", str(log)]) == 1
    assert "line 3 was changed" in capsys.readouterr().out
    assert main(["audit", str(tmp_path / "none.edf")]) == 2


def test_criteria_are_kept_in_their_order_undone_and_written_out_and_in(tmp_path: Path) -> None:
    history = History()
    history.do(decided(12.3, "T3", "accepted", by="A", now=NOW))
    (mark,) = history.document
    history.do(assessed(mark, {"field", "pointed"}, by="B", now=NOW))
    (met,) = history.document
    assert met.criteria == ("pointed", "field")
    assert (met.decision, met.by) == ("accepted", "B")
    assert history.to_undo == "assess a spike"
    table, place = tmp_path / "marks.csv", recording(tmp_path / "a.edf")
    write_marks([met], table)
    assert read_marks(table, 600.0)[0].criteria == met.criteria
    write_review(place, history.document, tmp_path / f"a.edf{SUFFIX}")
    assert next(iter(read_review(place, tmp_path / "own").document)).criteria == met.criteria
    history.undo()
    assert next(iter(history.document)).criteria == ()
    for wrong in (("loud",), ("field", "field")):
        with pytest.raises(ValueError, match="criteria"):
            document_of([Mark("m", 1.0, "spike", criteria=wrong)])


def test_how_a_recording_was_left_comes_back(tmp_path: Path) -> None:
    place, path = recording(tmp_path / "a.edf"), tmp_path / f"a.edf{SUFFIX}"
    assert read_review(place, tmp_path / "own").left is None
    left = Left(120.5, "average", True, ("Fp1", "T6"), Provenance("twin", "ab" * 32, 7, 39))
    write_review(place, some_marks(), path, left=left)
    assert read_review(place, tmp_path / "own").left == left


@pytest.mark.parametrize(
    "left",
    [{"start": "soon"}, {"bad": "T6"}, {"bad": ["x" * 1001]}, {"bad": ["T6"] * 5000}, {"montage": "m" * 1001}, [], 7,
     {"reconstruction": {"model": "twin"}}],
)  # fmt: skip
def test_of_a_view_that_cannot_be_believed_the_marks_are_kept_and_the_view_is_that_of_the_version_before(
    tmp_path: Path, left: object
) -> None:
    place, path = recording(tmp_path / "a.edf"), tmp_path / f"a.edf{SUFFIX}"
    for count in (2, 3):
        write_review(place, some_marks(count), path, left=Left(10.0 * count, bad=("T6",)))
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"left": left}), "utf-8")
    found = read_review(place, tmp_path / "own")
    assert found.notice.startswith("How this recording was left cannot be read")
    assert (found.document, found.left, found.path) == (some_marks(3), Left(20.0, bad=("T6",)), path)
    path.with_name(f"{path.name}.previous").unlink()
    assert read_review(place, tmp_path / "own").left is None


def test_a_table_for_bids_has_tabs_and_hed_score_on_what_is_a_finding(tmp_path: Path) -> None:
    marks = [
        Mark("a", 1.5, "spike", channel="F7–T3", decision="accepted", by="A", criteria=("pointed", "field")),
        Mark("b", 2.5, "spike", channel="T3–T5", decision="rejected"),
        Mark("c", 3.5, "spike", channel="AHL1", reconstructed=True, decision="accepted"),
        Mark("d", 4.5, "eyes\topen", 2.0),
    ]
    path = tmp_path / "sub-01_events.tsv"
    write_marks(marks, path)
    head, *rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    assert head[:3] == ["onset", "duration", "trial_type"]
    assert [row[-1] for row in rows] == ["Epileptiform-interictal-activity, Spike", "n/a", "n/a", "Eyes-open"]
    assert all(len(row) == len(head) and all(row) for row in rows)
    back = read_marks(path, 600.0)
    assert [(m.start, m.decision, m.criteria) for m in back] == [(m.start, m.decision, m.criteria) for m in marks]
    assert [m.text for m in back] == ["spike", "spike", "spike", "eyes open"]


@given(st.floats(0.0, 600.0), st.floats(0.0, 30.0), st.sampled_from(("start", "end")), st.floats(-50.0, 700.0))
def test_an_edge_moves_alone_and_stays_in_the_recording(start: float, duration: float, edge: Edge, time: float) -> None:
    mark = Mark("m", start, "run", min(duration, 600.0 - start))
    begins, ends = with_edge(mark, edge, time, 600.0)
    assert 0.0 <= begins <= ends
    assert ends <= max(600.0, mark.stop)
    if edge == "start":
        assert ends == mark.stop
        assert begins <= max(mark.stop - SHORTEST + 1e-3, 0.0), "never nearer to the end than the shortest mark"
    else:
        assert begins == mark.start
        assert ends >= min(mark.start + SHORTEST, 600.0) - 1e-3
    apart = (mark.stop - time) if edge == "start" else (time - mark.start)
    if 0.0 <= time <= 600.0 and apart > SHORTEST + 1e-3:
        assert (begins if edge == "start" else ends) == pytest.approx(time, abs=6e-4), "to the millisecond"


def test_an_edge_that_moved_is_one_change_with_who_and_when() -> None:
    history = History()
    history.do(added(10.0, "run", duration=2.0, channel="T3", by="A", now=NOW))
    (mark,) = history.document
    history.do(edge_moved(mark, "end", 15.5, 600.0, by="B", now=NOW))
    (after,) = history.document
    assert (after.start, after.duration, after.text, after.channel, after.by) == (10.0, 5.5, "run", "T3", "B")
    assert history.to_undo == "move the edge of an event"
    history.undo()
    assert list(history.document) == [mark]
