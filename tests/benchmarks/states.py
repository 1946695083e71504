"""Pictures of every dialog, and of every state of a window, in one look: ``states.py FOLDER light``."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QDialog, QTabWidget

from neuroflow.errors import OutOfMemory
from neuroflow_review.dialogs.copy import CopyDialog
from neuroflow_review.session import Session
from neuroflow_review.session.backend import Engine, InstalledModel
from neuroflow_review.settings import Settings
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.commands import demo_recording

DIALOGS: Final = (
    "goto", "calibrate", "edit_montages", "channels", "blinded", "reader", "card", "keys", "about", "export", "copy",
    "report", "averages", "problems",
)  # fmt: skip
SIZE: Final = (1600, 1000)
_LIMIT_SECONDS: Final = 60.0
_LOUDER: Final = 12


class Broken(InstalledModel):
    """A model for which there is no memory."""

    def engine(self, device: str, notice: Callable[[str], None]) -> Engine:  # noqa: ARG002 - as the model's
        raise OutOfMemory("The graphics card has no memory left: draw fewer samples, or choose CPU.")


class Scene:
    """A window on copies of the demonstration, whose settings and marks touch nothing of the user's."""

    def __init__(self, folder: Path, look: str, model: Callable[[], InstalledModel] = InstalledModel) -> None:
        self.folder, self.look = folder, look
        self.place = TemporaryDirectory()
        self.there = Path(self.place.name)
        settings = Settings(None)
        settings.set("reader.name", "Dr Reader")
        settings.set("reconstruction.follow", False)
        marks, trends = self.there / "marks", self.there / "trends"
        self.session = Session(settings, make_backend=model, reviews=marks, trends=trends)
        self.window = ReviewWindow(self.session, look=look)
        self.window.resize(*SIZE)
        self.window.show()
        self.session.load_model()
        self.until(lambda: self.session.reconstruction.backend is not None)
        QApplication.processEvents()

    def until(self, done: Callable[[], bool]) -> None:
        """Run the event loop until something holds. Raises: TimeoutError."""
        limit = time.monotonic() + _LIMIT_SECONDS
        while not done():
            QApplication.processEvents()
            if time.monotonic() > limit:
                raise TimeoutError("the window did not get there")
            time.sleep(0.002)

    def recording(self, *, times: int = 1, records: str = "") -> Path:
        """A copy of the demonstration, so many times as loud, or with a wrong number of records in its header."""
        demo = demo_recording()
        assert demo is not None
        path = self.there / demo.name
        shutil.copy(demo, path)
        data = bytearray(path.read_bytes())
        count = int(data[252:256])
        for offset in (104, 112):  # physical minimum and maximum of each signal
            for k in range(count):
                at = 256 + count * offset + 8 * k
                data[at : at + 8] = f"{float(data[at : at + 8]) * times:g}".encode().ljust(8)
        if records:
            data[236:244] = records.encode().ljust(8)
        path.write_bytes(data)
        return path

    def open(self, path: Path, at: float = 340.0) -> None:
        self.session.open(path, at)
        self.until(lambda: self.session.recording is not None and self.window.settled)

    def reconstruct(self) -> None:
        work = self.session.reconstruction
        self.session.reconstruct_page()
        self.until(lambda: work.page_complete and not work.computing and self.window.settled)

    def take(self, name: str, widget: QDialog | None = None) -> None:
        """A picture of the window as it is now, or of a dialog."""
        path = self.folder / f"{name}-{self.look}.png"
        (widget or self.window).grab().save(str(path))
        print(path)

    def do(self, action: str) -> None:
        self.window.commands.actions[action].trigger()
        QApplication.processEvents()

    def leave(self) -> None:
        self.window.close()
        self.window.leave()
        self.window.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        self.place.cleanup()


def take_dialogs(scene: Scene) -> None:
    """Every dialog, each of its pages, over a recording in whose file something is wrong."""
    scene.open(scene.recording(records="9999"))
    scene.reconstruct()
    for spike in scene.session.spikes.scalp()[:6]:
        scene.session.marks.decide(spike.time, spike.label, "accepted")
    for action in DIALOGS:
        take_dialog(scene, action)
    scene.window.show_fault(OutOfMemory("The graphics card has no memory left: draw fewer samples.", "CUDA: 2 GiB"))
    take_visible(scene, "dialog-fault")
    scene.session.blinded.begin()
    scene.until(lambda: scene.window.settled)
    take_dialog(scene, "reveal")
    scene.session.blinded.reveal()
    take_dialog(scene, "agreement")
    scene.session.reconstruction.cancel()


def take_dialog(scene: Scene, action: str) -> None:
    scene.do(action)
    take_visible(scene, f"dialog-{action}")


def take_visible(scene: Scene, name: str) -> None:
    """Pictures of the dialog that is open, and of each of its tabs; then it is closed."""
    settle = time.monotonic() + 0.5
    scene.until(lambda: time.monotonic() > settle and scene.window.settled)
    dialog = next(d for d in scene.window.findChildren(QDialog) if d.isVisible())
    tabs = next(iter(dialog.findChildren(QTabWidget)), None)
    for k in range(tabs.count() if tabs is not None else 1):
        if tabs is not None:
            tabs.setCurrentIndex(k)
        QApplication.processEvents()
        scene.take(f"{name}-{k + 1}" if k else name, dialog)
    if isinstance(dialog, CopyDialog):
        dialog.form.hidden.setChecked(True)
        dialog.turn_to(dialog.texts)
        QApplication.processEvents()
        scene.take(f"{name}-texts", dialog)
    dialog.close()
    scene.until(lambda: not any(d.isVisible() for d in scene.window.findChildren(QDialog)))


def take_states(scene: Scene) -> None:
    """Empty, opening, failed to open, computing, partly reconstructed, unsaved, read-only, withheld."""
    session, work = scene.session, scene.session.reconstruction
    scene.take("state-empty")
    path = scene.recording()
    session.open(path)
    scene.take("state-opening")
    scene.until(lambda: session.recording is not None and scene.window.settled)
    session.close_recording()
    (scene.there / "no.edf").write_text("This is a letter.")
    session.open(scene.there / "no.edf")
    scene.until(lambda: scene.window.fault is not None)
    QApplication.processEvents()
    scene.take("state-no-recording")
    scene.open(path)
    scene.reconstruct()
    session.go_to(353.0)  # the page ahead was reconstructed too, and what is after it was not
    scene.until(lambda: scene.window.settled)
    scene.take("state-partly")
    session.go_to(105.0)
    session.reconstruct_page()
    scene.until(lambda: any(s.fraction > 0.1 and s.what == "computing" for s in work.segments(session.state.span)))
    scene.until(lambda: scene.window.page.drawn)
    scene.take("state-computing")
    work.cancel()
    scene.until(lambda: scene.window.settled)
    session.marks.add(session.state.start + 3.0, "arousal", 1.5)
    scene.take("state-unsaved")
    scene.until(lambda: not session.marks.unsaved)
    scene.take("state-saved")
    second = Session(Settings(None), reviews=scene.there / "marks", trends=scene.there / "trends")
    read_only = ReviewWindow(second, look=scene.look)
    read_only.resize(*SIZE)
    read_only.show()
    second.load_model()
    second.open(path)
    scene.until(lambda: second.recording is not None and read_only.settled)
    first, scene.window = scene.window, read_only
    scene.take("state-read-only")
    read_only.close()
    read_only.leave()
    scene.window = first
    session.close_recording()
    scene.open(scene.recording(times=_LOUDER))
    scene.reconstruct()
    scene.take("state-withheld")


def take_failed(scene: Scene) -> None:
    """A reconstruction that failed, behind its dialog."""
    scene.open(scene.recording())
    scene.session.reconstruct_page()
    scene.until(lambda: any(d.isVisible() for d in scene.window.findChildren(QDialog)))
    take_visible(scene, "dialog-failed")
    scene.take("state-failed")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("look", choices=("light", "dark", "print"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    QApplication(["states"])
    for taken, model in ((take_states, InstalledModel), (take_failed, Broken), (take_dialogs, InstalledModel)):
        scene = Scene(options.folder, options.look, model)
        taken(scene)
        scene.leave()
    return 0


if __name__ == "__main__":
    sys.exit(main())
