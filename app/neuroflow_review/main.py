"""The command ``neuroflow-review``: the window on a recording, or a picture of it."""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from neuroflow_review.crash import Footprint
    from neuroflow_review.window import ReviewWindow

log = logging.getLogger(__name__)

# Debian packages of the libraries that PySide6-Essentials expects from the system.
_PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libOpenGL.so.0": "libopengl0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libfreetype.so.6": "libfreetype6",
    "libX11.so.6": "libx11-6",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
}


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line. Exits with status 2 and a sentence where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="neuroflow-review",
        description="Review scalp EEG, and what depth electrodes might have recorded, as a distribution.",
        epilog="Research and teaching. Not for diagnosis or treatment.",
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="an EDF, EDF+, BDF or BDF+ recording")
    parser.add_argument(
        "--at", type=_seconds, metavar="S", help="start of the page, seconds; by default where it was left"
    )
    parser.add_argument("--reconstruct", action="store_true", help="reconstruct the page")
    parser.add_argument("--size", type=_size, metavar="WxH", help="size of the window, such as 1600x1000")
    parser.add_argument("--theme", choices=("light", "dark", "print"), help="colours of the window")
    parser.add_argument("--screenshot", type=Path, metavar="PNG", help="save a picture of the window, and exit")
    parser.add_argument(
        "--do", type=_actions, default=(), metavar="ACTION,…",
        help="what to do once the recording is open, by name: trends, present, map, criteria, page_next …",
    )  # fmt: skip
    parser.add_argument("--demo", action="store_true", help="open the recording that ships with the program")
    parser.add_argument("--model", default="default", metavar="NAME", help="a model by name, or its folder")
    parser.add_argument("--device", choices=("auto", "cuda", "mps", "cpu"), help="where the model runs")
    parser.add_argument("--check-libraries", action="store_true", help="say which system library Qt lacks, and exit")
    return parser.parse_args(arguments)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e9:
        raise argparse.ArgumentTypeError("give seconds from 0 on")
    return value


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{2,5})[x×](\d{2,5})", text)
    if found is None or not all(200 <= int(n) <= 16384 for n in found.groups()):
        raise argparse.ArgumentTypeError("give width and height in pixels, such as 1600x1000")
    return int(found[1]), int(found[2])


def _actions(text: str) -> tuple[str, ...]:
    from neuroflow_review.actions import ACTIONS

    known = {action.id for action in ACTIONS}
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in known]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no action {unknown[0]}; there are {', '.join(sorted(known))}")
    return names


def missing_library(error: ImportError) -> str | None:
    """One sentence for a system library that Qt lacks, with the command that installs it; None for other errors."""
    found = re.search(r"(lib[\w.+-]+\.so[.\d]*): cannot open shared object file", str(error))
    if found is None:
        return None
    library = found[1]
    package = _PACKAGES.get(library)
    if package is None:
        return f"The window needs the system library {library}: install the package that holds it."
    return f"The window needs the system library {library}: install it with “sudo apt-get install {package}”."


def check_platform() -> None:
    """Load Qt's X11 plugin ahead of Qt, which ends the process where a library is missing. Raises: ImportError."""
    x11 = sys.platform.startswith("linux") and os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY")
    if x11 and os.environ.get("QT_QPA_PLATFORM", "xcb") == "xcb":
        import ctypes

        from PySide6.QtCore import QLibraryInfo

        plugins = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath))
        try:
            ctypes.CDLL(str(plugins / "platforms" / "libqxcb.so"))
        except OSError as error:
            raise ImportError(str(error)) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the application; returns the exit status."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    if options.check_libraries:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    elif sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        if options.screenshot is None and "QT_QPA_PLATFORM" not in os.environ:
            return _fail("There is no display: run this on a desktop, or give --screenshot FILE.png for a picture.")
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    try:
        from PySide6.QtWidgets import QApplication

        check_platform()
    except ImportError as error:
        sentence = missing_library(error)
        if sentence is None:
            raise
        return _fail(sentence)
    if options.check_libraries:
        return 0
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(["neuroflow-review"])
    app.setApplicationName("neuroflow-review")
    app.setApplicationDisplayName("NeuroFlow Review")
    return _run(app, options)


def _fail(sentence: str) -> int:
    print(f"neuroflow-review: {sentence}", file=sys.stderr)
    return 2


def _run(app: QApplication, options: argparse.Namespace) -> int:
    from functools import partial

    from PySide6.QtCore import QTimer

    from neuroflow_review.session import Session
    from neuroflow_review.session.backend import InstalledModel
    from neuroflow_review.settings import Settings, default_path
    from neuroflow_review.window import ReviewWindow
    from neuroflow_review.window.commands import demo_recording

    path = options.file
    if options.demo:
        demo = demo_recording()
        if demo is None:
            return _fail("The demonstration is not installed; install the program again.")
        path = str(demo)
    if options.screenshot is not None:
        problem = _screenshot_problem(options.screenshot, path)
        if problem:
            return _fail(problem)
    # Drawing calls hand the interpreter to the lanes and back hundreds of times a page: wait 0.5 ms for it, not 5.
    sys.setswitchinterval(0.0005)
    # A picture has nothing of this machine's settings in it, only what is kept with the recording, and changes neither.
    settings = Settings(None if options.screenshot is not None else default_path())
    session = Session(settings, make_backend=partial(InstalledModel, options.model))
    session.marks.keeps_left = options.screenshot is None
    if options.device:
        session.store.update(device=options.device)
    window = ReviewWindow(session, look=options.theme)
    if options.size is not None:
        window.resize(*options.size)
    footprint = _watch(window) if options.screenshot is None else None
    window.show()
    problems: list[str] = []
    start = partial(_start, window, options, path, problems)
    QTimer.singleShot(0, window, start)
    app.exec()
    window.close()
    window.leave()
    if footprint is not None:
        footprint.leave()
    window.deleteLater()
    app.sendPostedEvents()
    app.processEvents()
    return _fail(problems[0]) if problems else 0


def _watch(window: ReviewWindow) -> Footprint:
    """Report what nothing else catches, offer to go on where the last session broke off, and leave a footprint."""
    from neuroflow_review.crash import Footprint, left_behind, state_folder, watch

    folder = state_folder()
    watch(folder, window.show_crash)
    left = left_behind(folder)
    if left is not None and not _gone(left.path):
        window.start.set_going_on(str(left.path), left.start, private=window.session.state.private)
    footprint = Footprint(folder)
    window.keep_footprint(footprint)
    return footprint


def _gone(path: Path) -> bool:
    """Whether a recording is certainly there no more; a dead drive that does not say keeps the program from nothing."""
    from neuroflow_review.lanes import within

    found: list[bool] = []
    return within(0.5, lambda: found.append(path.is_file())) and not found[0]


def _screenshot_problem(target: Path, path: str | None) -> str:
    if path is None:
        return "Give a recording, or --demo, to take a picture of."
    if target.is_dir() or not target.absolute().parent.is_dir():
        return f"The picture cannot be saved as {target}: give a file name in a folder that exists."
    return ""


def _start(window: ReviewWindow, options: argparse.Namespace, path: str | None, problems: list[str]) -> None:
    """With the window on screen: load the model's card, open the recording, and do what was asked."""
    from neuroflow_review.pictures import DoAtOnce, Photographer, ReconstructAtOnce

    session = window.session
    session.load_model()
    if path is not None:
        session.open(path, options.at)
    if options.reconstruct:
        ReconstructAtOnce(window)
    if options.do:
        DoAtOnce(window, options.do)
    if options.screenshot is not None:
        Photographer(window, options.screenshot, options.reconstruct, problems)


def run() -> NoReturn:
    """The program: :func:`main`, and out, whatever a dead drive still holds."""
    status = main()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # a program without a terminal on Windows has none
            stream.flush()
    if any(thread is not threading.current_thread() for thread in threading.enumerate()):
        # Python would tear down a lane that was left behind inside C++ code, and the process would abort.
        logging.shutdown()
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    run()
