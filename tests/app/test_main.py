"""The command: its arguments, its sentences, its picture, and what it does not import before the window is up."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from neuroflow.io import open_recording
from neuroflow.io.review_file import write_review
from neuroflow.review import Document, Left
from neuroflow_review import main as command
from neuroflow_review.theme import DARK, LIGHT


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1", **environment}
    line = [sys.executable, "-W", "error::RuntimeWarning", "-m", "neuroflow_review.main", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, env=env, timeout=240, check=False)


def warnings_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and "propagateSizeHints" not in line]


def test_arguments_are_checked_before_anything_else(capsys: pytest.CaptureFixture[str]) -> None:
    options = command.parse(["a.edf", "--at", "12.5", "--size", "1600x1000", "--theme", "dark", "--reconstruct"])
    assert (options.file, options.at, options.size, options.theme, options.reconstruct) == (
        "a.edf",
        12.5,
        (1600, 1000),
        "dark",
        True,
    )
    for wrong in (["--size", "big"], ["--size", "1x1"], ["--at", "-1"], ["--theme", "pink"], ["a", "b"]):
        with pytest.raises(SystemExit) as left:
            command.parse(wrong)
        assert left.value.code == 2
    assert "such as 1600x1000" in capsys.readouterr().err


def test_a_picture_of_a_reconstructed_page(demo: Path, tmp_path: Path) -> None:
    target = tmp_path / "shot.png"
    done = run(demo, "--at", "340", "--reconstruct", "--size", "1200x800", "--theme", "dark", "--screenshot", target)
    assert (done.returncode, warnings_in(done.stderr)) == (0, [])
    image = QImage(str(target))
    assert (image.width(), image.height()) == (1200, 800)
    colours = {image.pixelColor(x, y).name().upper() for x in range(0, 1200, 2) for y in range(0, 800, 2)}
    assert {DARK.paper, DARK.recon_paper, DARK.band90, DARK.band50} <= colours
    assert LIGHT.paper not in colours


def test_a_picture_shows_the_recording_as_it_was_left_and_changes_nothing(demo: Path, tmp_path: Path) -> None:
    path = tmp_path / "patient.edf"
    shutil.copy(demo, path)
    with open_recording(path) as source:  # type: ignore[attr-defined]
        recording = source.recording
    review = tmp_path / "patient.edf.review.json"
    write_review(recording, Document(), review, left=Left(120.0, "average", bad=("T6",)))
    before = review.read_bytes()
    done = run(path, "--at", "30", "--size", "1200x800", "--screenshot", tmp_path / "shot.png")
    assert (done.returncode, warnings_in(done.stderr)) == (0, [])
    assert review.read_bytes() == before
    assert not list(tmp_path.glob("*.previous"))
    left = QImage(str(tmp_path / "shot.png"))
    review.unlink()
    done = run(path, "--at", "30", "--size", "1200x800", "--screenshot", tmp_path / "other.png")
    assert (done.returncode, left == QImage(str(tmp_path / "other.png"))) == (0, False)


def test_a_picture_has_the_pixels_of_its_screen(demo: Path, tmp_path: Path) -> None:
    target = tmp_path / "shot.png"
    done = run(demo, "--size", "1200x800", "--screenshot", target, QT_SCALE_FACTOR="2")
    assert (done.returncode, warnings_in(done.stderr)) == (0, [])
    assert QImage(str(target)).width() == 2400


@pytest.mark.parametrize(
    ("name", "says"), [("missing.edf", "There is no file"), ("text.edf", "text.edf"), ("folder", "is a folder")]
)
def test_a_picture_of_what_cannot_be_read_is_a_sentence_and_status_2(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "text.edf").write_text("no EDF at all")
    (tmp_path / "folder").mkdir()
    done = run(tmp_path / name, "--screenshot", tmp_path / "shot.png")
    assert done.returncode == 2
    lines = warnings_in(done.stderr)
    assert len(lines) == 1
    assert says in lines[0]
    assert not (tmp_path / "shot.png").exists()


def test_a_model_that_is_not_there_and_a_folder_that_is_not_there_are_said(demo: Path, tmp_path: Path) -> None:
    done = run(demo, "--screenshot", tmp_path / "no" / "shot.png")
    assert done.returncode == 2
    assert "cannot be saved" in done.stderr
    done = run("--screenshot", tmp_path / "shot.png")
    assert done.returncode == 2


def test_the_window_is_up_before_anything_heavy_is_imported() -> None:
    code = """
import sys
import threading
from PySide6.QtWidgets import QApplication
from neuroflow_review import main
from neuroflow_review.session import Session
from neuroflow_review.window import ReviewWindow
app = QApplication([])
window = ReviewWindow(Session())
window.show()
app.processEvents()
print([m for m in ("torch", "mne", "scipy.signal", "pyqtgraph", "edfio") if m in sys.modules])
window.close()
"""
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False, timeout=60
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_a_lane_that_a_dead_drive_holds_does_not_hold_up_or_abort_the_end_of_the_program() -> None:
    code = """
import threading
from neuroflow_review import main as command
def main():
    threading.Thread(target=threading.Event().wait, name="lane read", daemon=True).start()
    threading.Thread(target=threading.Event().wait, name="never ends").start()
    print("closed")
    return 2
command.main = main
command.run()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (2, "closed\n", "")


def test_a_library_that_qt_lacks_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise ImportError("libxcb-cursor.so.0: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(command, "check_platform", refuse)
    assert command.main(["--check-libraries"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "sudo apt-get install libxcb-cursor0" in said
    unknown = ImportError("libodd.so.7: cannot open shared object file: No such file or directory")
    assert "libodd.so.7" in (command.missing_library(unknown) or "")
    assert command.missing_library(ImportError("cannot import name 'x'")) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only there does Qt draw through X11")
def test_the_x11_plugin_is_tried_before_qt_would_abort_for_want_of_a_library(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried: list[str] = []

    def lacking(path: str) -> None:
        tried.append(Path(path).name)
        assert Path(path).is_file()
        raise OSError("libxcb-icccm.so.4: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(ctypes, "CDLL", lacking)
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert command.main([]) == 2
    said = capsys.readouterr().err
    assert tried == ["libqxcb.so"]
    assert "sudo apt-get install libxcb-icccm4" in said


def test_the_libraries_that_qt_needs_are_here() -> None:
    assert run("--check-libraries").returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only there may a display be missing")
def test_without_a_display_the_sentence_says_what_to_do() -> None:
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    line = [sys.executable, "-m", "neuroflow_review.main"]
    done = subprocess.run(line, capture_output=True, text=True, env=env, check=False, timeout=60)
    assert done.returncode == 2
    assert "--screenshot" in done.stderr


def test_a_recording_on_a_dead_drive_does_not_keep_the_program_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "a.edf"
    assert command._gone(there)
    there.touch()
    assert not command._gone(there)
    back = threading.Event()
    monkeypatch.setattr(Path, "is_file", lambda _: back.wait(60))
    assert not command._gone(there), "nothing is known of it: it is offered, and opening it says so"
    back.set()
