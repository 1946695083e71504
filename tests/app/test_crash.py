"""A session that ends without saying goodbye: what is reported, what is not, and where the next one goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from neuroflow_review import crash
from neuroflow_review.crash import Footprint, LeftBehind, left_behind, report_of, watch, write_report
from neuroflow_review.dialogs.fault import FaultDialog
from neuroflow_review.window import ReviewWindow


@pytest.fixture
def hooks() -> Iterator[None]:
    before = sys.excepthook, threading.excepthook
    yield
    sys.excepthook, threading.excepthook = before
    crash.faulthandler.disable()
    while crash._held:
        crash._held.pop().close()


def caused_by(name: str) -> ValueError:
    """An error whose message, cause and local variables all name a patient."""
    secret = name
    try:
        try:
            raise KeyError(secret)
        except KeyError as error:
            raise ValueError(f"no such patient: {secret}") from error
    except ValueError as error:
        return error


def test_a_report_names_places_in_the_program_and_no_patient() -> None:
    text = report_of(caused_by("Jane Doe"))
    assert "ValueError" in text
    assert "KeyError" in text
    assert "in caused_by" in text
    assert "Jane" not in text
    assert str(Path.home()) not in text


def test_reports_do_not_pile_up(tmp_path: Path) -> None:
    for _ in range(25):
        assert write_report(tmp_path, caused_by("x")) is not None
    assert len(list(tmp_path.glob("crash-*.txt"))) == 20


@pytest.mark.expects_warnings
def test_where_nothing_can_be_written_the_program_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert write_report(tmp_path / "file", caused_by("x")) is None


@pytest.mark.usefixtures("hooks")
def test_errors_that_nothing_caught_are_reported_from_any_thread(tmp_path: Path) -> None:
    told: list[Path | None] = []
    watch(tmp_path, lambda report, _text: told.append(report))
    error = caused_by("Jane Doe")
    sys.excepthook(type(error), error, error.__traceback__)

    def fail() -> None:
        raise caused_by("John Roe")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    assert len(told) == 2
    for report in told:
        assert report is not None
        assert "Doe" not in report.read_text()
        assert "Roe" not in report.read_text()


def test_what_a_native_fault_left_is_kept_by_the_start_that_follows_it(tmp_path: Path) -> None:
    code = (
        "import faulthandler, sys; from pathlib import Path; from neuroflow_review.crash import watch;"
        "watch(Path(sys.argv[1]), print); faulthandler._sigabrt() if sys.argv[2] == 'fault' else None"
    )

    def start(how: str) -> None:
        subprocess.run([sys.executable, "-c", code, str(tmp_path), how], check=False, timeout=60, capture_output=True)

    start("fault")
    for _ in range(2):
        start("sound")
        (report,) = tmp_path.glob("crash-*-fault.txt")
        assert "Fatal Python error" in report.read_text()
    start("fault")
    start("sound")
    assert len(list(tmp_path.glob("crash-*-fault.txt"))) == 2
    assert (tmp_path / "fault.txt").read_text() == ""
    for year in range(1990, 2015):
        (tmp_path / f"crash-{year}0101T000000000000Z.txt").write_text("older")
    start("fault")
    start("sound")
    assert len(list(tmp_path.glob("crash-*.txt"))) == 20
    assert len(list(tmp_path.glob("crash-*-fault.txt"))) == 3, "the last ones are kept"


def test_the_reader_is_told_and_the_window_goes_on(qtbot: QtBot, window: ReviewWindow, tmp_path: Path) -> None:
    window.show_crash(tmp_path / "crash.txt", report_of(caused_by("Jane Doe")))
    dialog = next(d for d in window.findChildren(FaultDialog) if d.isVisible())
    assert "crash.txt" in dialog.text
    assert "Jane" not in dialog.text + dialog.detail
    dialog.close()
    qtbot.waitUntil(lambda: not dialog.isVisible())


def test_a_footprint_is_there_while_one_reads_and_gone_after_a_goodbye(
    qtbot: QtBot, window: ReviewWindow, demo: Path, tmp_path: Path
) -> None:
    footprint = Footprint(tmp_path)
    window.keep_footprint(footprint)
    with qtbot.waitSignal(window.session.opened, timeout=60_000):
        window.session.open(demo, 120.0)
    place = tmp_path / f"open-{os.getpid()}.json"
    qtbot.waitUntil(place.is_file, timeout=60_000)
    window.session.go_to(240.0)
    qtbot.waitUntil(lambda: json.loads(place.read_text() or "{}").get("start") == 240.0, timeout=60_000)
    assert left_behind(tmp_path) is None, "the process that left it lives"
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    window.leave()
    footprint.leave()
    assert not place.exists()


def test_after_a_kill_the_next_start_knows_where_the_reader_was(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from neuroflow_review.crash import Footprint;"
        "f = Footprint(Path(sys.argv[1])); f.set(Path(sys.argv[1]) / 'patient.edf', 754.5); print('there', flush=True);"
        "time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    assert other.stdout.readline().strip() == "there"
    assert left_behind(tmp_path) is None, "it is still open in another window"
    other.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    other.wait()
    other.stdout.close()
    assert left_behind(tmp_path) == LeftBehind(tmp_path / "patient.edf", 754.5)
    assert left_behind(tmp_path) is None, "it is offered once"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"path": "relative.edf", "start": 1}',
        '{"path": "/a", "start": -1}',
        '{"path": "/a", "start": NaN}',
        '{"path": "/a", "start": 1%s}' % ("0" * 400),
        "[" * 9000,
        "\x00",
    ],
)
def test_a_footprint_that_cannot_be_believed_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "open-1.json").write_text(text)
    assert left_behind(tmp_path) is None


def test_the_first_screen_offers_to_go_on_and_does(
    qtbot: QtBot, window: ReviewWindow, demo: Path, tmp_path: Path
) -> None:
    path = tmp_path / "patient.edf"
    shutil.copy(demo, path)
    window.start.set_going_on(str(path), 333.0)
    assert window.start.going_on.isVisible()
    assert window.start.going_on.text() == "Go on with patient.edf at 00:05:33"
    with qtbot.waitSignal(window.session.opened, timeout=60_000):
        window.start.going_on.click()
    assert window.session.state.start == 333.0
    window.start.set_going_on(str(path), 333.0, private=True)
    assert "patient" not in window.start.going_on.text()
    time.sleep(0)


_SESSION = """
import sys
from PySide6.QtCore import QTimer
from neuroflow_review import main as program

start = program._start

def started(window, options, path, problems):
    start(window, options, path, problems)
    print("offers", window.start.going_on.text() if window.start.going_on.isVisible() else "-", flush=True)
    window.session.opened.connect(lambda _: QTimer.singleShot(0, window, fail))

def fail():
    QTimer.singleShot(2500, lambda: print("reading on", flush=True))
    raise ValueError("Jane Doe, born 02-MAY-1951, in Doe-night.edf")

program._start = started
sys.exit(program.main(sys.argv[1:]))
"""


def test_an_error_of_the_interface_is_reported_and_the_next_start_offers_to_go_on(demo: Path, tmp_path: Path) -> None:
    """The real program, twice: it fails while a recording is open and is killed; the next one offers to go on."""
    night = tmp_path / "Doe-night.edf"
    shutil.copy(demo, night)
    home = tmp_path / "home"
    environment = {**os.environ, "HOME": str(home), "XDG_STATE_HOME": str(home / "state"),
                   "XDG_CONFIG_HOME": str(home / "config"), "XDG_CACHE_HOME": str(home / "cache"),
                   "XDG_DATA_HOME": str(home / "data")}  # fmt: skip

    def run(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", _SESSION, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment,
        )  # fmt: skip

    first = run(str(night), "--at", "120")
    assert first.stdout is not None
    assert first.stdout.readline().strip() == "offers -"
    assert first.stdout.readline().strip() == "reading on"
    until = time.monotonic() + 60.0
    while not list(home.rglob("open-*.json")) and time.monotonic() < until:
        time.sleep(0.05)
    first.kill()
    _, errors = first.communicate()
    reports = list(home.rglob("crash-*.txt"))
    assert len(reports) == 1
    assert "ValueError" in reports[0].read_text()
    for name in ("Jane", "1951", "Doe"):
        assert name not in reports[0].read_text() + errors
    second = run()
    assert second.stdout is not None
    assert second.stdout.readline().strip() == "offers Go on with Doe-night.edf at 00:02:00"
    second.kill()
    second.communicate()
