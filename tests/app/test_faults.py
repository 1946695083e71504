"""Faults that a clinic has, injected into the window as a reader drives it: a sentence, nothing half written, no hang.

Drives that are full or take nothing are in test_drives.py, a model that fails in test_model_faults.py.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot
from tests.app.conftest import FakeBackend, FakeEngine, write_edf

from neuroflow.io import open_recording
from neuroflow.io.edf_records import ReadOnlyFile
from neuroflow.io.review_file import read_review
from neuroflow.recording import Span
from neuroflow_review.dialogs.fault import FaultDialog
from neuroflow_review.dialogs.report import ReportDialog
from neuroflow_review.dialogs.writing import WritingDialog
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window import report as making
from neuroflow_review.window.shown import save_shown

LONG = 60_000
CLOSES_WITHIN = 12.0
"""Seconds: a watchdog for a window that must close in one or two on a machine that does nothing else."""
SITES = "Fp1 F7 T3 T5 O1 Fp2 F8 T4 T6 O2 Fz Cz Pz F3 C3 P3 F4 C4 P4".split()
Settle = Callable[[ReviewWindow], None]


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """A minute of the ten-twenty sites."""
    return write_edf(tmp_path / "Doe-night.edf", [f"EEG {s}-Ref" for s in SITES], seconds=60)


@pytest.fixture
def mine(qtbot: QtBot, window: ReviewWindow, night: Path) -> ReviewWindow:
    """The window on a recording beside which marks can be kept."""
    window.session.open(night)
    qtbot.waitUntil(lambda: window.settled, timeout=LONG)
    return window


def told(qtbot: QtBot, window: ReviewWindow) -> str:
    """What the error in front of the reader says; it is closed."""
    qtbot.waitUntil(lambda: any(d.isVisible() for d in window.findChildren(FaultDialog)), timeout=LONG)
    dialog = next(d for d in window.findChildren(FaultDialog) if d.isVisible())
    text = dialog.text
    dialog.close()
    return text


def outcome_of(qtbot: QtBot, dialog: WritingDialog, target: Path) -> str:
    """Write to a target by the button; what the dialog says then."""
    if not dialog.questions.isVisible():
        dialog.turn_to(dialog.questions)
    dialog.questions.target.setText(str(target))
    dialog.questions.write_button.click()
    qtbot.waitUntil(lambda: dialog.outcome.isVisible() or dialog.questions.objection.isVisible(), timeout=LONG)
    return dialog.outcome.sentence.text() if dialog.outcome.isVisible() else dialog.questions.objection.text()


def dialog_of(window: ReviewWindow, action: str) -> Any:
    window.commands.actions[action].trigger()
    return next(d for d in window.findChildren(WritingDialog) if d.isVisible())


# The recording goes away under the window -----------------------------------------------------------------------------


@pytest.fixture
def at_start(mine: ReviewWindow) -> ReviewWindow:
    """Nothing but the first page is held in memory."""
    mine.session._pages.clear()
    return mine


def spoil_removed(path: Path) -> None:
    path.unlink()


def spoil_truncated(path: Path) -> None:
    os.truncate(path, 20_000)


def spoil_replaced(path: Path) -> None:
    os.replace(write_edf(path.with_name("other.edf"), ["EEG Fp1-Ref"], seconds=3), path)


@pytest.mark.skipif(sys.platform == "win32", reason="an open file is neither removed nor replaced there")
@pytest.mark.parametrize(
    ("spoil", "readable", "exported", "copied"),
    [
        (spoil_removed, True, "reads back", "There is no file"),
        (spoil_truncated, False, "has changed since it was opened", "has changed since it was opened"),
        (spoil_replaced, True, "has changed since it was opened", "has changed since it was opened"),
    ],
)
def test_a_recording_that_is_removed_cut_or_replaced_while_it_is_open(
    qtbot: QtBot, at_start: ReviewWindow, night: Path, tmp_path: Path, spoil: Callable[[Path], None], readable: bool,
    exported: str, copied: str,
) -> None:  # fmt: skip
    session, failed = at_start.session, []
    session.page_failed.connect(failed.append)
    source: Any = session.source
    source.inner._records._cache.clear()
    spoil(night)
    session.go_to(40.0)
    at_page = lambda: session.page is not None and session.page.request.span.start == 40.0  # noqa: E731
    if readable:
        qtbot.waitUntil(at_page, timeout=LONG)
        assert failed == []
    else:
        qtbot.waitUntil(lambda: bool(failed), timeout=LONG)
        assert "has become shorter" in failed[0]
        assert not at_page()
    (tmp_path / "out").mkdir()
    for action, sentence in (("export", exported), ("copy", copied)):
        dialog = dialog_of(at_start, action)
        found = outcome_of(qtbot, dialog, tmp_path / "out" / f"{action}.edf")
        assert sentence in found, f"{action}: {found}"
        dialog.close()
    wanted = {"export.edf"} if "reads back" in exported else set()
    assert {p.name for p in (tmp_path / "out").iterdir()} == wanted
    # The window goes on with another recording.
    other = write_edf(tmp_path / "sound.edf", [f"EEG {s}-Ref" for s in SITES])
    session.open(other)
    qtbot.waitUntil(lambda: at_start.settled and session.recording.path == other, timeout=LONG)
    assert not [d for d in at_start.findChildren(FaultDialog) if d.isVisible()], "the page says it; no dialog a page"


# A drive that stalls --------------------------------------------------------------------------------------------------


class Stall:
    """Reads that come back only when they are let go: what a network drive does when its server is gone."""

    def __init__(self) -> None:
        self.on, self.let_go = threading.Event(), threading.Event()
        self.waiting: set[str] = set()

    def __call__(self) -> None:
        if self.on.is_set() and not self.let_go.is_set():
            self.waiting.add(threading.current_thread().name)
            self.let_go.wait(120)


@pytest.fixture
def stall(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stall]:
    made, read = Stall(), ReadOnlyFile.read

    def stalled(self: ReadOnlyFile, offset: int, count: int) -> bytes:
        made()
        return read(self, offset, count)

    monkeypatch.setattr(ReadOnlyFile, "read", stalled)
    yield made
    made.let_go.set()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model of sines reads what it is given, as the real one does."""
    draw = FakeEngine.tile

    def tile(self: FakeEngine, source: Any, request: Any, control: Any = None) -> Any:
        source.read(Span(0.0, 1.0), source.recording.channels[0])
        return draw(self, source, request, control)

    monkeypatch.setattr(FakeEngine, "tile", tile)


def closes(window: ReviewWindow) -> None:
    began = time.monotonic()
    window.close()
    assert window.left
    assert time.monotonic() - began < CLOSES_WITHIN


@pytest.mark.usefixtures("reads")
def test_closing_does_not_wait_for_a_drive_on_which_every_lane_stalls(
    qtbot: QtBot, mine: ReviewWindow, stall: Stall, tmp_path: Path
) -> None:
    session = mine.session
    copy = dialog_of(mine, "copy")
    copy.questions.target.setText(str(tmp_path / "copy.edf"))
    session._pages.clear()
    source: Any = session.source
    source.inner._records._cache.clear()
    stall.on.set()
    mine.commands.actions["trends"].trigger()
    mine.commands.actions["map"].trigger()
    session.reconstruct_everything()
    session.go_to(30.0)
    session.store.update(spike_sensitivity=4.0)  # what was found on the scalp is looked for again
    save_shown(mine, tmp_path / "page.csv")
    copy.questions.write_button.click()
    wanted = {f"lane {n}" for n in ("read", "fetch", "spectrogram", "detect", "trend", "map", "report", "export")}
    qtbot.waitUntil(lambda: not (wanted - stall.waiting), timeout=LONG)
    assert copy.computing
    closes(mine)
    assert not (tmp_path / "page.csv").exists()
    assert not (tmp_path / "copy.edf").exists()


@pytest.mark.usefixtures("reads")
def test_stopping_a_reconstruction_does_not_wait_for_the_drive(qtbot: QtBot, mine: ReviewWindow, stall: Stall) -> None:
    stall.on.set()
    source: Any = mine.session.source
    source.inner._records._cache.clear()
    mine.session.reconstruct_page()
    qtbot.waitUntil(lambda: "lane fetch" in stall.waiting, timeout=LONG)
    mine.session.reconstruction.cancel()
    qtbot.waitUntil(lambda: not mine.session.lanes.flow.busy, timeout=LONG)
    closes(mine)


def test_closing_does_not_wait_for_a_file_that_does_not_open(
    qtbot: QtBot, window: ReviewWindow, monkeypatch: pytest.MonkeyPatch, night: Path
) -> None:
    asked, let_go = threading.Event(), threading.Event()

    def stalled(path: Path) -> None:
        asked.set()
        let_go.wait(120)
        raise FileNotFoundError(path)

    monkeypatch.setattr("neuroflow.io.open_edf", stalled)
    window.session.open(night)
    qtbot.waitUntil(asked.is_set, timeout=LONG)
    assert "Opening" in window.start.state.text()
    closes(window)
    let_go.set()


@pytest.mark.expects_warnings
def test_closing_does_not_wait_for_marks_and_keeps_them_elsewhere(
    qtbot: QtBot, mine: ReviewWindow, monkeypatch: pytest.MonkeyPatch, night: Path
) -> None:
    """Both the save that is under way and the last one, when the window goes, hang on the drive of the recording."""
    release, stuck, real = threading.Event(), threading.Event(), os.fsync

    def fsync(number: int) -> None:
        if os.readlink(f"/proc/self/fd/{number}").startswith(str(night.parent)):
            stuck.set()
            release.wait(120)
        real(number)

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("the system does not say what an open file is called")
    monkeypatch.setattr(os, "fsync", fsync)
    marks = mine.session.marks
    marks.add(1.0, "first")
    qtbot.waitUntil(stuck.is_set, timeout=LONG)
    marks.add(2.0, "second")
    closes(mine)
    (kept,) = (p for p in marks.folder.iterdir() if p.name.endswith(".review.json"))
    assert b'"first"' in kept.read_bytes()
    assert b'"second"' in kept.read_bytes()
    # The drive comes back, and takes what it was given: nothing that was made is hidden by it.
    release.set()
    beside = night.with_name(f"{night.name}.review.json")
    qtbot.waitUntil(beside.is_file, timeout=LONG)
    with open_recording(night) as source:
        again = read_review(source.recording, marks.folder)
    assert {mark.text for mark in again.document} == {"first", "second"}


# Errors that nobody expected, in every lane ---------------------------------------------------------------------------


def _page(window: ReviewWindow) -> None:
    window.session.go_to(30.0)


def _reconstruct(window: ReviewWindow) -> None:
    window.session.reconstruct_page()


LANES: tuple[tuple[str, str, Callable[[ReviewWindow], None]], ...] = (
    ("read", "neuroflow_review.session.session.load_page", _page),
    ("spectrogram", "neuroflow_review.session.spectra.scalp_spectrogram", _page),
    ("detect", "neuroflow_review.session.spikes.scalp_spikes", lambda w: w.session.store.update(spike_sensitivity=4.0)),
    ("flow", "tests.app.conftest.FakeEngine.tile", _reconstruct),
    ("bands", "neuroflow_review.session.session.load_depth", _reconstruct),
    ("trend", "neuroflow_review.session.trends.compute_trend", lambda w: w.commands.actions["trends"].trigger()),
    ("save", "neuroflow.io.review_file.write_review", lambda w: w.session.marks.add(1.0, "kept")),
    ("import", "neuroflow_review.session.elsewhere.read_marks", lambda w: w.session.marks.ask_import(Path("a.csv"))),
    ("comparison", "neuroflow_review.session.comparison.open_comparison",
     lambda w: w.session.comparison.open(Path("a.edf"), ["AHL1"])),
)  # fmt: skip


@pytest.mark.expects_warnings
@pytest.mark.parametrize(("lane", "place", "act"), LANES, ids=[lane for lane, _, _ in LANES])
def test_an_error_of_any_lane_is_a_sentence_without_names_in_the_log_and_the_window_goes_on(
    qtbot: QtBot, mine: ReviewWindow, monkeypatch: pytest.MonkeyPatch, settle: Settle, lane: str, place: str,
    act: Callable[[ReviewWindow], None], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("Jane Doe, born 02-MAY-1951")

    with monkeypatch.context() as patch, caplog.at_level(logging.DEBUG):
        patch.setattr(place, fail)
        act(mine)
        text = told(qtbot, mine)
    assert "Jane" not in text
    assert "ZeroDivisionError" in caplog.text, "what a developer needs is logged"
    for name in ("Jane", "1951", "Doe-night"):
        assert name not in caplog.text
    for other in mine.findChildren(FaultDialog):
        other.close()
    # Whatever stood still goes on.
    mine.session.go_to(10.0)
    act(mine)
    for other in mine.findChildren(FaultDialog):
        other.close()
    if lane not in ("import", "comparison"):
        settle(mine)
        qtbot.waitUntil(lambda: not mine.session.busy, timeout=LONG)
    qtbot.waitUntil(lambda: not mine.session.lanes.save.busy and not mine.session.comparison.busy, timeout=LONG)
    for other in mine.findChildren(FaultDialog):
        other.close()


# Close during everything ----------------------------------------------------------------------------------------------


def _export(window: ReviewWindow, folder: Path, action: str) -> None:
    dialog = dialog_of(window, action)
    dialog.questions.target.setText(str(folder / f"{action}.edf"))
    dialog.questions.write_button.click()


def _report(window: ReviewWindow, folder: Path) -> None:
    session = window.session
    for k in range(5):
        session.marks.add(5.0 * k, "moment")
    dialog = ReportDialog(session, partial(making.ReportJob, session), window, lambda _: str(folder / "r.pdf"))
    dialog.show()
    dialog.make.click()


DOINGS: dict[str, Callable[[ReviewWindow, Path], object]] = {
    "opening": lambda w, _: w.session.open(w.session.recording.path),  # type: ignore[union-attr]
    "reading": lambda w, _: w.session.go_to(30.0),
    "reconstructing": lambda w, _: w.session.reconstruct_everything(),
    "exporting": partial(_export, action="export"),
    "copying": partial(_export, action="copy"),
    "saving marks": lambda w, _: [w.session.marks.add(float(k), "kept") for k in range(5)],
    "writing marks": lambda w, folder: w.session.marks.ask_export(folder / "marks.csv"),
    "reporting": _report,
    "saving what is shown": lambda w, folder: save_shown(w, folder / "page.csv"),
    "computing trends": lambda w, _: w.commands.actions["trends"].trigger(),
    "searching for spikes": lambda w, _: w.session.next_spike(1),
    "comparing": lambda w, _: w.session.comparison.open(w.session.recording.path, ["AHL1"]),  # type: ignore[union-attr]
    "playing": lambda w, _: w.commands.actions["play"].trigger(),
    "asking": lambda w, _: [w.commands.actions[a].trigger() for a in ("goto", "card", "copy", "report")],
}


@pytest.mark.parametrize("doing", DOINGS)
def test_closing_during_anything_leaves_no_thread_no_window_and_no_part_of_a_file(
    qtbot: QtBot, mine: ReviewWindow, backend: FakeBackend, tmp_path: Path, doing: str
) -> None:
    """Threads, timers and windows that are left are looked at after every test."""
    folder = tmp_path / "out"
    folder.mkdir()
    backend.delay = 0.3
    DOINGS[doing](mine, folder)
    qtbot.wait(20)
    closes(mine)
    assert not [d for d in mine.findChildren(QDialog) if d.isVisible()]
    qtbot.waitUntil(lambda: not [p for p in folder.iterdir() if p.name.startswith(".")], timeout=LONG)
    for path in folder.iterdir():
        assert path.stat().st_size > 0
    if doing == "saving marks":
        review = next(p for p in tmp_path.iterdir() if p.name.endswith(".review.json"))
        assert review.read_bytes().count(b'"kept"') == 5


# Killed ---------------------------------------------------------------------------------------------------------------

_MARKING = """
import sys, time
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from neuroflow.errors import ModelProblem
from neuroflow_review.session import Session
from neuroflow_review.settings import Settings
from neuroflow_review.window import ReviewWindow

def no_model():
    raise ModelProblem("There is no model.")

app = QApplication([])
session = Session(Settings(), make_backend=no_model, reviews=Path(sys.argv[2]))
window = ReviewWindow(session)
window.show()
session.opened.connect(lambda _: QTimer.singleShot(0, mark))

def mark():
    for k in range(30):
        session.marks.add(float(k), f"event {k}")
    print("marked", flush=True)

session.open(sys.argv[1])
app.exec()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL to send")
def test_a_window_that_is_killed_loses_no_mark_older_than_a_second(night: Path, tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", _MARKING, str(night), str(tmp_path / "reviews")], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline().strip() == "marked"
    time.sleep(1.0)
    other.kill()
    other.wait()
    other.stdout.close()
    review = night.with_name(f"{night.name}.review.json").read_bytes()
    assert review.count(b'"event ') == 30
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(f".{night.name}")]
