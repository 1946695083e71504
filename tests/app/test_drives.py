"""Drives that are full or take nothing: what is written says why not, leaves nothing, and is had when there is room.

What the kernel can be made to refuse is refused by the kernel, where the system lets a test make such drives.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from tests.app.conftest import write_edf
from tests.app.test_faults import LONG, SITES, dialog_of, outcome_of, told

from neuroflow_review.crash import Footprint, write_report
from neuroflow_review.dialogs.report import ReportDialog
from neuroflow_review.settings import Settings
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window import report as making
from neuroflow_review.window.shown import save_shown


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


class Drive:
    """A folder to write into, which can be made to refuse, and to take things again."""

    def __init__(self, folder: Path, refuse: Callable[[], None], allow: Callable[[], None]) -> None:
        self.folder, self.refuse, self.allow = folder, refuse, allow

    @property
    def files(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()} - {"filler"}


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Drive]:
    """A drive of two megabytes; where none can be made, a limit on the size of files, which the kernel keeps too."""
    folder = tmp_path / "full drive"
    folder.mkdir()
    filler = folder / "filler"
    if _mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)):

        def fill() -> None:
            with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(bytes(4096))

        yield Drive(folder, fill, lambda: filler.unlink(missing_ok=True))
        subprocess.run(["umount", "-l", str(folder)], check=True)
        return
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield Drive(
        folder,
        lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1])),
        lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before),
    )
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def forbidden(tmp_path: Path) -> Iterator[Drive]:
    """A folder without the right to write; whoever may write everywhere gets it mounted read-only."""
    folder = tmp_path / "read-only"
    folder.mkdir()
    mounted = False

    def refuse() -> None:
        nonlocal mounted
        folder.chmod(0o555)
        if os.access(folder, os.W_OK):
            mounted = _mount("--bind", str(folder), str(folder)) and _mount("-o", "remount,ro,bind", str(folder))
            if not mounted:
                pytest.skip("this user may write everywhere, and the system mounts nothing for a test")

    def allow() -> None:
        nonlocal mounted
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)
            mounted = False
        folder.chmod(0o755)

    yield Drive(folder, refuse, allow)
    allow()


def _mount(*arguments: str) -> bool:
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return False
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


@pytest.fixture(params=["full", "forbidden"])
def drive(request: pytest.FixtureRequest) -> Drive:
    found: Drive = request.getfixturevalue(request.param)
    return found


REFUSED = ("no room", "may not write", "larger than its drive", "Nothing can be written", "are free")


def refused(text: str) -> bool:
    return any(words in text for words in REFUSED)


@pytest.mark.parametrize("action", ["export", "copy"])
def test_an_export_or_a_copy_that_the_drive_refuses_leaves_nothing_and_is_had_when_there_is_room(
    qtbot: QtBot, mine: ReviewWindow, drive: Drive, action: str
) -> None:
    target = drive.folder / "out.edf"
    target.write_bytes(b"older")
    drive.refuse()
    dialog = dialog_of(mine, action)
    if outcome_of(qtbot, dialog, target).endswith("Replace it?"):
        dialog.questions.write_button.click()
        qtbot.waitUntil(dialog.outcome.isVisible, timeout=LONG)
    said = dialog.outcome.sentence.text() or dialog.questions.objection.text()
    assert refused(said), said
    assert drive.files == {"out.edf"}
    assert target.read_bytes() == b"older"
    drive.allow()
    dialog.turn_to(dialog.questions)
    dialog.questions.target.setText(str(drive.folder / "other.edf"))
    dialog.questions.write_button.click()
    qtbot.waitUntil(dialog.outcome.isVisible, timeout=LONG)
    assert "reads back" in dialog.outcome.sentence.text()
    assert drive.files == {"out.edf", "other.edf"}
    dialog.close()


def test_a_report_that_the_drive_refuses_leaves_nothing(qtbot: QtBot, mine: ReviewWindow, drive: Drive) -> None:
    session, target = mine.session, drive.folder / "report.pdf"
    dialog = ReportDialog(session, partial(making.ReportJob, session), mine, lambda _: str(target))
    dialog.show()
    drive.refuse()
    dialog.make.click()
    qtbot.waitUntil(lambda: refused(dialog.note.text()), timeout=LONG)
    assert drive.files == set()
    drive.allow()
    with qtbot.waitSignal(dialog.made, timeout=LONG):
        dialog.make.click()
    assert target.read_bytes().startswith(b"%PDF")
    dialog.close()


@pytest.mark.parametrize("name", ["window.png", "page.csv"])
def test_what_is_shown_is_not_saved_in_part(qtbot: QtBot, mine: ReviewWindow, drive: Drive, name: str) -> None:
    said: list[str] = []
    mine.say = said.append  # type: ignore[method-assign, assignment]
    drive.refuse()
    job = save_shown(mine, drive.folder / name)
    assert job is not None
    with qtbot.waitSignal(job.destroyed, timeout=LONG):
        pass
    assert refused(said[-1]), said
    assert drive.files == set()


@pytest.mark.parametrize("name", ["marks.csv", "marks.edf"])
def test_a_list_of_marks_that_the_drive_refuses_leaves_the_older_one(
    qtbot: QtBot, mine: ReviewWindow, drive: Drive, name: str
) -> None:
    target = drive.folder / name
    target.write_bytes(b"older")
    mine.session.marks.add(1.0, "kept")
    drive.refuse()
    mine.session.marks.ask_export(target)
    text = told(qtbot, mine)
    assert refused(text), text
    assert drive.files == {name}
    assert target.read_bytes() == b"older"


@pytest.mark.expects_warnings
def test_marks_on_a_drive_that_is_full_are_kept_in_the_window_and_saved_when_there_is_room(
    qtbot: QtBot, window: ReviewWindow, night: Path, full: Drive
) -> None:
    path = full.folder / "night.edf"
    shutil.copy(night, path)
    window.session.open(path)
    qtbot.waitUntil(lambda: window.settled, timeout=LONG)
    marks = window.session.marks
    marks.add(1.0, "before")
    qtbot.waitUntil(lambda: not marks.unsaved, timeout=LONG)
    review = path.with_name("night.edf.review.json")
    before = review.read_bytes()
    full.refuse()
    marks.add(2.0, "x" * 3000)
    assert "could not be saved" in told(qtbot, window)
    assert review.read_bytes() == before
    assert "marks not saved yet" in window.says.text()
    full.allow()
    marks.add(3.0, "after")
    qtbot.waitUntil(lambda: not marks.unsaved, timeout=LONG)
    assert b'"after"' in review.read_bytes()
    assert b"x" * 3000 in review.read_bytes()
    full.refuse()
    marks.add(4.0, "y" * 3000)
    window.close()
    # The drive is full to the end: they are in the reader's own folder.
    kept = [p for p in window.session.marks.folder.iterdir() if p.name.endswith(".review.json")]
    assert any(b"y" * 3000 in p.read_bytes() for p in kept)
    assert not [name for name in full.files if name.startswith(".")]


def test_a_recording_in_a_folder_that_takes_nothing_has_its_marks_elsewhere(
    qtbot: QtBot, window: ReviewWindow, night: Path, forbidden: Drive
) -> None:
    path = forbidden.folder / "night.edf"
    shutil.copy(night, path)
    forbidden.refuse()
    window.session.open(path)
    qtbot.waitUntil(lambda: window.settled, timeout=LONG)
    window.session.marks.add(1.0, "kept")
    qtbot.waitUntil(lambda: not window.session.marks.unsaved, timeout=LONG)
    window.close()
    assert forbidden.files == {"night.edf"}
    kept = [p for p in window.session.marks.folder.iterdir() if p.name.endswith(".review.json")]
    assert len(kept) == 1
    assert b'"kept"' in kept[0].read_bytes()


@pytest.mark.expects_warnings
def test_settings_footprint_trends_and_crash_reports_do_without_a_drive(
    qtbot: QtBot, mine: ReviewWindow, drive: Drive
) -> None:
    settings = Settings(drive.folder / "settings.json")
    settings.set("reader.name", "before")
    settings.save()
    before = (drive.folder / "settings.json").read_bytes()
    trends = mine.session.trends
    trends._folder = drive.folder / "trends"
    drive.refuse()
    settings.set("reader.name", "z" * 80)
    settings.save()
    assert (drive.folder / "settings.json").read_bytes() == before
    assert Settings(drive.folder / "settings.json").get("reader.name") == "before"
    assert write_report(drive.folder / "state", ValueError("x")) is None
    footprint = Footprint(drive.folder)
    footprint.set(Path("/a.edf"), 1.0)
    footprint.leave()
    mine.commands.actions["trends"].trigger()
    qtbot.waitUntil(lambda: trends.trend is not None and not trends.busy, timeout=LONG)
    drive.allow()
    left = {p for p in drive.folder.rglob("*") if p.is_file() and p.stat().st_size} - {drive.folder / "settings.json"}
    assert not left
