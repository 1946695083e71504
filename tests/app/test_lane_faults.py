"""An error that nobody expected, at the bottom of what each lane does: a sentence, nothing half written, and again.

Every lane that the program makes has a fault here: one that is added without fails the last test.
"""

from __future__ import annotations

import ast
import logging
import pkgutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from tests.app.conftest import FakeEngine, write_edf
from tests.app.test_faults import LONG, SITES, closes, dialog_of

import neuroflow_review
from neuroflow.io.marks_csv import write_marks
from neuroflow.recording import Span
from neuroflow.review import Mark
from neuroflow_review.dialogs.averages import AveragesDialog
from neuroflow_review.dialogs.fault import FaultDialog
from neuroflow_review.dialogs.report import ReportDialog
from neuroflow_review.dialogs.writing import WritingDialog
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window import report as making
from neuroflow_review.window.shown import save_shown

READ = "neuroflow.io.edf_reader.EdfSource.read"
DISK = "os.fsync"
SECRET = "Jane Doe, born 02-MAY-1951"


@dataclass
class Scene:
    """A window on a recording of its own, a folder to write to, and the dialog that was asked for last."""

    window: ReviewWindow
    night: Path
    folder: Path
    dialog: Any = None

    @property
    def session(self) -> Any:
        return self.window.session


@dataclass(frozen=True)
class Fault:
    """What a reader does, where it breaks, where he is told, and how he sees that a second try has worked."""

    lane: str
    doing: str
    place: str
    act: Callable[[Scene], object]
    works: Callable[[Scene], object]
    told: Callable[[Scene], str] = field(default=lambda scene: in_front(scene))


# Where a reader is told -----------------------------------------------------------------------------------------------


def in_front(scene: Scene) -> str:
    shown = [d.text for d in scene.window.findChildren(FaultDialog) if d.isVisible()]
    assert len(shown) < 2, f"one sentence: {shown}"
    return shown[0] if shown else ""


def in_outcome(scene: Scene) -> str:
    outcome = scene.dialog.outcome
    return str(outcome.sentence.text()) if outcome.isVisible() and not scene.dialog.computing else ""


def in_objection(scene: Scene) -> str:
    objection = scene.dialog.questions.objection
    return str(objection.text()) if objection.isVisible() else ""


def in_report(scene: Scene) -> str:
    return str(scene.dialog.note.text()) if scene.dialog.make.isEnabled() else ""


def in_averages(scene: Scene) -> str:
    text = str(scene.dialog.view.message)
    return "" if text.startswith("Averaging") else text


# What a reader does ---------------------------------------------------------------------------------------------------


def turn(scene: Scene) -> None:
    scene.session.go_to(20.0)
    scene.session.go_to(40.0)


def on_page(scene: Scene) -> bool:
    page = scene.session.page
    return page is not None and page.request.span == scene.session.state.span


def look_again(scene: Scene) -> None:
    scene.session.store.update(spike_sensitivity=scene.session.state.spike_sensitivity + 0.5)


def reconstruct(scene: Scene) -> None:
    scene.session.reconstruct_page()


def show(scene: Scene, name: str) -> None:
    """Show a panel; one that is shown already is hidden and shown again."""
    action = scene.window.commands.actions[name]
    if action.isChecked():
        action.trigger()
    action.trigger()


def mark(scene: Scene) -> None:
    scene.session.marks.add(1.0 + len(scene.session.marks.all), "kept")


def kept(scene: Scene) -> bool:
    review = scene.night.with_name(f"{scene.night.name}.review.json")
    marks = scene.session.marks
    return not marks.unsaved and review.is_file() and review.read_bytes().count(b'"kept"') == len(marks.all)


def write_table(scene: Scene) -> None:
    if not scene.session.marks.all:
        mark(scene)
    scene.session.marks.ask_export(scene.folder / "marks.csv")


def write(scene: Scene, action: str) -> None:
    there = [d for d in scene.window.findChildren(WritingDialog) if d.isVisible()]
    scene.dialog = there[0] if there else dialog_of(scene.window, action)
    if not scene.dialog.questions.isVisible():
        scene.dialog.turn_to(scene.dialog.questions)
    scene.dialog.questions.target.setText(str(scene.folder / f"{action}.edf"))
    scene.dialog.questions.write_button.click()


def written(scene: Scene, name: str) -> bool:
    path = scene.folder / name
    return path.is_file() and path.stat().st_size > 100


def report(scene: Scene) -> None:
    if scene.dialog is None:
        start, name = partial(making.ReportJob, scene.session), str(scene.folder / "report.pdf")
        scene.dialog = ReportDialog(scene.session, start, scene.window, lambda _: name)
        scene.dialog.show()
    scene.dialog.make.click()


def save(scene: Scene, name: str) -> None:
    save_shown(scene.window, scene.folder / name)


def average(scene: Scene) -> None:
    if scene.dialog is not None:
        scene.dialog.stop.click()  # which is “Average” after it was stopped
        return
    scene.session.marks.decide(5.0, "F7–T3", "accepted")
    scene.window.commands.actions["averages"].trigger()
    scene.dialog = scene.window.findChild(AveragesDialog)


def save_average(scene: Scene) -> None:
    """As soon as there is one."""

    def press(*_: object) -> None:
        scene.dialog.save_requested.emit(scene.folder / "average.csv")

    if scene.dialog is None:
        average(scene)
        scene.dialog._work.ready.connect(press)
    else:
        press()


def read_table(scene: Scene) -> None:
    table = scene.folder.parent / "others.csv"
    write_marks([Mark("1", 3.0, "chewing", by="Dr Other")], table)
    scene.session.marks.ask_import(table)


def open_other(scene: Scene) -> None:
    other = scene.folder.parent / "other.edf"
    if not other.exists():
        write_edf(other, [f"EEG {s}-Ref" for s in SITES])
    scene.session.open(other)


def compare(scene: Scene) -> None:
    other = scene.folder.parent / "depth.edf"
    if not other.exists():
        write_edf(other, ["AHL1", "AHL2"])
    scene.session.comparison.open(other, ["AHL1"])


FAULTS = (
    Fault("read", "turning", READ, turn, on_page),
    Fault("read", "comparing", "neuroflow_review.session.comparison.open_comparison", compare,
          lambda s: s.session.comparison.source),
    Fault("read", "overview", "neuroflow_review.session.session.trend", lambda s: s.session.open(s.night),
          lambda s: s.window.overview._trend is not None),
    Fault("spectrogram", "turning", READ, turn,
          lambda s: s.window.feeds.spectrogram and s.window.feeds.spectrogram.spectrogram),
    Fault("detect", "searching", READ, look_again, lambda s: s.session.spikes.searched()),
    Fault("flow", "reconstructing", "tests.app.conftest.FakeEngine.tile", reconstruct, lambda s: s.session.depth),
    Fault("fetch", "reconstructing", READ, reconstruct, lambda s: s.session.depth),
    Fault("bands", "reconstructing", "neuroflow_review.session.depth.bands", reconstruct, lambda s: s.session.depth),
    Fault("map", "mapping", READ, partial(show, name="dock Map"), lambda s: s.window.feeds.maps.shown),
    Fault("map", "spectrum", READ, partial(show, name="dock Spectrum"), lambda s: s.window.feeds.spectrum.shown),
    Fault("trend", "trends", READ, partial(show, name="trends"), lambda s: s.session.trends.trend),
    Fault("save", "marking", DISK, mark, kept),
    Fault("save", "putting marks in place", "os.replace", mark, kept),
    Fault("export", "putting a copy in place", "os.replace", partial(write, action="copy"),
          lambda s: written(s, "copy.edf"), in_outcome),
    Fault("save", "writing marks", DISK, write_table, lambda s: written(s, "marks.csv")),
    Fault("save", "reading marks", "neuroflow_review.session.elsewhere.read_marks", read_table,
          lambda s: [m.text for m in s.session.marks.all] == ["chewing"]),
    Fault("whole", "marking", "hashlib.sha256", mark, lambda s: s.session.marks._kept_whole),
    Fault("export", "exporting", DISK, partial(write, action="export"), lambda s: written(s, "export.edf"), in_outcome),
    Fault("export", "copying", DISK, partial(write, action="copy"), lambda s: written(s, "copy.edf"), in_outcome),
    Fault("look at target", "copying", "neuroflow_review.dialogs.writing.check_target", partial(write, action="copy"),
          lambda s: written(s, "copy.edf"), in_objection),
    Fault("report", "reporting", READ, report, lambda s: written(s, "report.pdf"), in_report),
    Fault("report", "saving a table", READ, partial(save, name="page.csv"), lambda s: written(s, "page.csv")),
    Fault("write report", "reporting", DISK, report, lambda s: written(s, "report.pdf"), in_report),
    Fault("save shown", "saving a table", DISK, partial(save, name="page.csv"), lambda s: written(s, "page.csv")),
    Fault("save shown", "saving a picture", DISK, partial(save, name="page.png"), lambda s: written(s, "page.png")),
    Fault("averages", "averaging", READ, average, lambda s: s.dialog.averages, in_averages),
    Fault("averages", "saving", DISK, save_average, lambda s: written(s, "average.csv")),
    Fault("open", "opening", "neuroflow.io.edf_records.ReadOnlyFile.read", open_other,
          lambda s: s.session.recording.path.name == "other.edf"),
)  # fmt: skip


@pytest.fixture
def scene(qtbot: QtBot, window: ReviewWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A minute of the ten-twenty sites, and a model of sines that reads what it is given, as the real one does."""
    night, folder = tmp_path / "Doe-night.edf", tmp_path / "out"
    folder.mkdir()
    write_edf(night, [f"EEG {s}-Ref" for s in SITES], seconds=60)
    draw = FakeEngine.tile

    def tile(self: FakeEngine, source: Any, request: Any, control: Any = None) -> Any:
        source.read(Span(0.0, 1.0), source.recording.channels[0])
        return draw(self, source, request, control)

    monkeypatch.setattr(FakeEngine, "tile", tile)
    window.session.open(night)
    qtbot.waitUntil(lambda: window.settled, timeout=LONG)
    return Scene(window, night, folder)


def broken(lane: str, place: str, patch: pytest.MonkeyPatch) -> threading.Event:
    """What is at a place fails on one lane, and is what it was on every other thread; says when it failed."""
    raised, (owner, _, name) = threading.Event(), place.rpartition(".")
    found = pkgutil.resolve_name(owner)
    real = getattr(found, name)

    def act(*given: Any, **named: Any) -> Any:
        if threading.current_thread().name == f"lane {lane}":
            raised.set()
            raise ZeroDivisionError(SECRET)
        return real(*given, **named)

    patch.setattr(found, name, act)
    return raised


@pytest.mark.expects_warnings
@pytest.mark.parametrize("fault", FAULTS, ids=[f"{fault.lane}-{fault.doing}" for fault in FAULTS])
def test_whatever_breaks_on_a_lane_is_said_in_a_sentence_and_works_again(
    qtbot: QtBot, scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    window = scene.window
    with monkeypatch.context() as patch, caplog.at_level(logging.DEBUG):
        raised = broken(fault.lane, fault.place, patch)
        fault.act(scene)
        qtbot.waitUntil(lambda: bool(fault.told(scene)), timeout=LONG)
        sentence = fault.told(scene)
        assert raised.is_set()
        assert sentence.rstrip().endswith(".")
        assert "Error" not in sentence
        assert "Jane" not in sentence
        for name in ("Jane", "1951", "Doe-night"):
            assert name not in caplog.text
        put_away(scene)
        # Nothing half written stays, here or beside the recording, where marks may just be saved.
        assert sorted(p.name for p in scene.folder.iterdir()) == []
        qtbot.waitUntil(lambda: not half_written(scene.night.parent), timeout=LONG)
        # The window is there for whatever else is done meanwhile.
        here = window.session.state.start
        for start in (20.0, here) if fault.lane != "read" else ():
            window.session.go_to(start)
            qtbot.waitUntil(lambda: on_page(scene) and idle(scene), timeout=LONG)
    put_away(scene)
    fault.act(scene)
    qtbot.waitUntil(lambda: bool(fault.works(scene)), timeout=LONG)
    qtbot.waitUntil(lambda: window.settled, timeout=LONG)
    assert in_front(scene) == ""
    closes(window)


def half_written(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if ".part" in path.name or path.name.startswith(".Doe")]


def idle(scene: Scene) -> bool:
    """Whether nothing is on its way that may still break."""
    return not scene.session.busy and not any(lane.busy or lane._posted for lane in scene.session.lanes.all)


def put_away(scene: Scene) -> None:
    for dialog in scene.window.findChildren(FaultDialog):
        dialog.close()


PANELS: dict[tuple[str, str], Callable[[ReviewWindow], str]] = {
    ("map", "mapping"): lambda w: w.topomap.message,
    ("map", "spectrum"): lambda w: w.spectrum.message,
    ("trend", "trends"): lambda w: w.trends.message,
    ("spectrogram", "turning"): lambda w: w.spectrogram._message,
}


@pytest.mark.expects_warnings
@pytest.mark.parametrize("which", PANELS, ids=" ".join)
def test_a_panel_whose_work_broke_neither_goes_on_waiting_nor_blames_the_recording(
    qtbot: QtBot, scene: Scene, monkeypatch: pytest.MonkeyPatch, which: tuple[str, str]
) -> None:
    (fault,) = (f for f in FAULTS if (f.lane, f.doing) == which)
    with monkeypatch.context() as patch:
        broken(fault.lane, fault.place, patch)
        fault.act(scene)
        qtbot.waitUntil(lambda: bool(in_front(scene)) and idle(scene), timeout=LONG)
    scene.session.set_cursor(scene.session.state.start + 2.0)
    assert "could not be computed" in PANELS[which](scene.window)
    put_away(scene)
    fault.act(scene)
    scene.session.set_cursor(scene.session.state.start + 2.0)
    qtbot.waitUntil(lambda: PANELS[which](scene.window) == "" and scene.window.settled, timeout=LONG)


def test_every_lane_of_the_program_has_a_fault_here() -> None:
    made = set()
    for path in Path(neuroflow_review.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Lane":
                name = node.args[0]
                assert isinstance(name, ast.Constant), f"{path.name}: the name of a lane is written out"
                made.add(name.value)
    assert len(made) > 10
    assert made == {fault.lane for fault in FAULTS}
