"""Killed (SIGKILL) at every step of a save or an export: what was there before is whole, or what was to come is."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.core.test_export import FakeReconstructor

from neuroflow.export import ExportRequest, export_bids, export_reconstruction
from neuroflow.export.bids import Entities
from neuroflow.export.convert import ConvertRequest, convert
from neuroflow.export.repair import repair
from neuroflow.io import audit
from neuroflow.io.audit import Seal
from neuroflow.io.edf_writer import write_whole
from neuroflow.io.marks_csv import write_marks
from neuroflow.io.review_file import SUFFIX, read_review, sealed, write_review
from neuroflow.recording import ArraySource, Patient, Recording
from neuroflow.review import Document, History, added
from neuroflow_review.settings import Settings

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no SIGKILL to send oneself")

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
# What touches the disk, whichever module or type it is called on.
STEPS = frozenset(
    ("open", "write", "flush", "fsync", "close", "replace", "rename", "link", "unlink", "remove", "mkdir", "truncate",
     "mkstemp", "tofile", "__exit__")
)  # fmt: skip
MOST_STEPS = 2000


def killed_at_every_step(work: Callable[[], object], reset: Callable[[], None], most: int = 60) -> Iterator[int]:
    """Run ``work`` in processes that kill themselves before their first, second, … step; yields after each death.

    Of more than ``most`` steps, every so-manieth and the last ones. ``reset`` makes the disk as it was.
    """
    reset()
    steps = _in_child(work, None)
    assert 3 < steps < MOST_STEPS, "the steps are seen"
    stride = max(1, steps // most)
    for step in sorted({*range(1, steps + 1, stride), *range(max(steps - 12, 1), steps + 1)}):
        reset()
        assert _in_child(work, step) == -signal.SIGKILL
        yield step


def _in_child(work: Callable[[], object], step: int | None) -> int:
    """Killed before a step: minus the signal. Left alone: how many steps there were."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        seen = 0

        def on_call(_frame: object, event: str, function: object) -> None:
            nonlocal seen
            if event == "c_call" and getattr(function, "__name__", "") in STEPS:
                seen += 1
                if seen == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        code = 1
        try:
            sys.setprofile(on_call)
            work()
            sys.setprofile(None)
            os.write(write, str(seen).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return -os.WTERMSIG(status)
    assert os.WEXITSTATUS(status) == 0, "the work itself failed"
    return int(told)


def _put(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def emptied(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def test_marks_survive_a_kill_at_every_step_of_a_save(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "night.edf", "EDF", (), 600.0, None, Patient(), "", (), (), (), "a" * 16)
    path, log = tmp_path / f"night.edf{SUFFIX}", tmp_path / "night.edf.audit.jsonl"
    history, documents, changes = History(), [], []
    for k in range(3):
        change = added(10.0 * k, f"event {k}", by="Dr Ä", now=NOW)
        history.do(change)
        changes.append((change, "Dr Ä", "2026-11-26T12:00:00Z"))
        documents.append(Document(dict(history.document.marks)))
    before, after, later = documents

    def save(document: Document, which: slice) -> None:
        write_review(recording, document, path, audit.append(log, changes[which]))

    def reset() -> None:
        emptied(tmp_path)
        save(before, slice(0, 1))

    outcomes = set()
    for step in killed_at_every_step(lambda: save(after, slice(1, 2)), reset):
        review = read_review(recording, tmp_path / "own")
        assert (review.notice, review.writable) == ("", True), step
        assert review.document in (before, after), step
        outcomes.add(review.document == after)
        # A line that was cut off is the log's last, and is said to be so; nothing before it is doubted.
        verdict = audit.verify(log, sealed(path))
        assert verdict.seal.entries in (1, 2), step
        assert not verdict.problem or "cut off" in verdict.problem, step
        # The next save goes through, and leaves nothing of the one that was killed.
        held = verdict.seal.entries
        save(later, slice(held, 3))
        assert read_review(recording, tmp_path / "own").document == later, step
        assert audit.verify(log, sealed(path)) == audit.Verdict(Seal(3, sealed(path).seal)), step  # type: ignore[union-attr]
        assert {p.name for p in tmp_path.iterdir()} == {path.name, f"{path.name}.previous", log.name}, step
    assert False in outcomes


def test_an_export_that_is_killed_leaves_the_older_file_or_the_whole_one(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "in.edf", "EDF", (), 12.0, None, Patient(), "", (), (), (), "f" * 16)
    source, target = ArraySource(recording, {}), tmp_path / "out.edf"

    def export(samples: int = 9) -> None:
        request = ExportRequest(samples=samples, channels=("median",))
        export_reconstruction(source, FakeReconstructor(), target, request)  # type: ignore[arg-type]

    export(19)
    older = target.read_bytes()
    emptied(tmp_path)
    export()
    whole = target.read_bytes()
    assert older != whole

    def reset() -> None:
        emptied(tmp_path)
        target.write_bytes(older)

    outcomes = set()
    for step in killed_at_every_step(export, reset):
        found = target.read_bytes()
        assert found in (older, whole), step
        outcomes.add(found == whole)
        assert all(p.name.startswith(".") for p in tmp_path.iterdir() if p != target), step
    assert outcomes == {False, True}
    # What a kill left is swept away by the next export to that name, once it is certain that nobody writes it.
    left = tmp_path / f".{target.name}.0123abcd.part"
    fresh = tmp_path / f".{target.name}.4567abcd.part"
    for path in (left, fresh):
        path.write_bytes(b"\0" * 100)
    an_age_ago = time.time() - 7200
    os.utime(left, (an_age_ago, an_age_ago))
    export()
    assert not left.exists()
    assert fresh.exists()


def test_a_bids_export_that_is_killed_has_every_table_of_its_file_and_goes_on_the_next_time(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "in.edf", "EDF", (), 12.0, None, Patient(), "", (), (), (), "f" * 16)
    root, entities = tmp_path / "derivatives", Entities("01", "rest")

    def export() -> None:
        request = ExportRequest(samples=9, channels=("median",), contacts=("AHL",))
        export_bids(ArraySource(recording, {}), FakeReconstructor(), root, entities, request)  # type: ignore[arg-type]

    def files() -> dict[str, bytes]:
        return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file() and p.name[0] != "."}

    export()
    whole, outcomes = files(), set()
    for step in killed_at_every_step(export, lambda: shutil.rmtree(root, ignore_errors=True), most=25):
        found = files()
        assert all(whole[name] == data for name, data in found.items()), step
        outcomes.add(any(name.endswith(".edf") for name in found))
        assert len(found) == len(whole) or not any(name.endswith(".edf") for name in found), step
        export()
        assert files() == whole, step
    assert outcomes == {False, True}


@pytest.fixture
def night(make_edf: Callable[..., Any], sig: Any, noise: Callable[..., Any]) -> Path:
    made: Path = make_edf("night.edf", [sig(label, noise(6, 100, k)) for k, label in enumerate(("Fp1", "O2"))]).path
    return made


def test_a_repair_that_is_killed_leaves_the_recording_and_no_half_a_file(tmp_path: Path, night: Path) -> None:
    path, target = night, tmp_path / "out" / "clean.edf"
    target.parent.mkdir()
    recorded = path.read_bytes()
    repair(path, target)
    whole = target.read_bytes()
    for step in killed_at_every_step(lambda: repair(path, target), lambda: emptied(target.parent), most=25):
        assert path.read_bytes() == recorded, step
        assert not target.exists() or target.read_bytes() == whole, step
        # What else is there is hidden and called a part: nobody takes it for a recording.
        assert all(p.name.startswith(".") and p.suffix == ".part" for p in target.parent.iterdir() if p != target), step


def test_a_copy_that_is_killed_leaves_the_recording_and_the_older_copy_or_the_whole_one(
    tmp_path: Path, night: Path
) -> None:
    target, recorded = tmp_path / "out" / "copy.edf", night.read_bytes()
    target.parent.mkdir()

    def copy() -> None:
        convert(night, target, ConvertRequest(rate=50.0, texts={}))

    copy()
    whole = target.read_bytes()
    for step in killed_at_every_step(copy, lambda: _put(target, b"the older copy"), most=25):
        assert night.read_bytes() == recorded, step
        assert target.read_bytes() in (b"the older copy", whole), step
        others = [p for p in target.parent.iterdir() if p != target]
        assert all(p.name.startswith(".") and p.suffix == ".part" for p in others), step


def test_settings_that_are_killed_are_the_older_or_the_newer(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    older, newer = Settings(path), Settings(path)
    older.set("reader.name", "older")
    newer.set("reader.name", "newer")
    found = set()
    for step in killed_at_every_step(newer.save, older.save):
        found.add(Settings(path).get("reader.name"))
        assert found <= {"older", "newer"}, step
    assert "older" in found
    # What a kill left goes with a save of a later hour.
    an_age_ago = time.time() - 7200
    for left in tmp_path.glob(".settings-*"):
        os.utime(left, (an_age_ago, an_age_ago))
    older.save()
    assert [p.name for p in tmp_path.iterdir()] == ["settings.json"]


def test_a_report_or_a_table_that_is_killed_is_the_older_or_the_whole_and_is_swept_up_after(tmp_path: Path) -> None:
    target = tmp_path / "report.pdf"
    for step in killed_at_every_step(lambda: write_whole(target, b"whole" * 999), lambda: _put(target, b"older")):
        assert target.read_bytes() in (b"older", b"whole" * 999), step
    left = [p for p in tmp_path.iterdir() if p != target]
    assert left
    an_age_ago = time.time() - 7200
    for path in left:
        os.utime(path, (an_age_ago, an_age_ago))
    write_whole(target, b"after")
    assert list(tmp_path.iterdir()) == [target]


def test_a_list_of_marks_that_is_killed_is_the_older_or_the_whole(tmp_path: Path) -> None:
    target, older = tmp_path / "marks.csv", b"the older list"
    history = History()
    history.do(added(1.0, "event", by="a", now=NOW))

    def write() -> None:
        write_marks(history.document, target)

    write()
    whole = target.read_bytes()
    for step in killed_at_every_step(write, lambda: _put(target, older)):
        assert target.read_bytes() in (older, whole), step
