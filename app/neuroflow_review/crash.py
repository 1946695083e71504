"""What is left of a session that ended without saying goodbye: a report, and where the reader was.

A report holds no values and no messages: those may name a patient. It says where in the program it was, and no more.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import logging
import os
import platform
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TextIO

from PySide6.QtCore import QLockFile, qVersion

from neuroflow import __version__

log = logging.getLogger(__name__)

_KEPT_REPORTS = 20
_LARGEST = 1 << 16
_PACKAGES = Path(__file__).resolve().parents[1]
_held: list[TextIO] = []  # faulthandler keeps the number of a file, not the file


def state_folder() -> Path:
    """Where reports and footprints are kept on this system."""
    import platformdirs

    return platformdirs.user_state_path("neuroflow-review", appauthor=False)


# Reports --------------------------------------------------------------------------------------------------------------


def report_of(error: BaseException) -> str:
    """An error as text that can be sent to anybody: types, places in the program, versions."""
    lines = [
        f"NeuroFlow Review {__version__}, Python {platform.python_version()}, Qt {qVersion()}",
        f"{platform.system()} {platform.release()}, {platform.machine()}",
        "",
    ]
    for cause in _causes(error):
        lines.append(f"{type(cause).__module__}.{type(cause).__qualname__} (what it said is left out)")
        frames = traceback.extract_tb(cause.__traceback__)
        lines += [f"  {_place(frame.filename)}:{frame.lineno} in {frame.name}" for frame in frames]
    return "\n".join(lines) + "\n"


def write_report(folder: Path, error: BaseException) -> Path | None:
    """Write a report; where it is, or None where nothing could be written."""
    path = folder / f"crash-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(report_of(error), encoding="utf-8")
        _keep_last(folder)
    except OSError:
        log.error("no crash report could be written")
        return None
    return path


def watch(folder: Path, tell: Callable[[Path | None, str], None]) -> None:
    """Report every error that nothing else caught, in any thread; ``tell`` gets where, and the same as text.

    The interpreter itself writes where it was when the process is ended by a fault in a library.
    """
    busy = threading.Lock()

    def caught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        if not busy.acquire(blocking=False):
            return  # telling of an error must not end in telling of errors
        try:
            tell(write_report(folder, error), report_of(error))
        finally:
            busy.release()

    sys.excepthook = caught
    threading.excepthook = lambda a: caught(
        a.exc_type, a.exc_value if a.exc_value is not None else a.exc_type(), a.exc_traceback
    )
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        _set_fault_aside(folder)
        _held.append((folder / "fault.txt").open("a"))
        faulthandler.enable(_held[-1])


def _set_fault_aside(folder: Path) -> None:
    """Keep what the interpreter wrote of a fault before, among the reports: this start is the one that follows it."""
    fault = folder / "fault.txt"
    with contextlib.suppress(OSError):
        said = fault.stat()
        if said.st_size:
            fault.replace(folder / f"crash-{datetime.fromtimestamp(said.st_mtime, UTC):%Y%m%dT%H%M%S%fZ}-fault.txt")
            _keep_last(folder)


def _keep_last(folder: Path) -> None:
    for old in sorted(folder.glob("crash-*.txt"))[:-_KEPT_REPORTS]:
        old.unlink(missing_ok=True)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or found.__context__


def _place(file: str) -> str:
    """A file of ours by its place in the program, another by its last two names: a home folder may name somebody."""
    path = Path(file)
    with contextlib.suppress(ValueError, OSError):
        return path.resolve().relative_to(_PACKAGES).as_posix()
    return "/".join(path.parts[-2:])


# Footprints -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """Where a reader was when a program ended: the recording, and the page's start in seconds."""

    path: Path
    start: float


class Footprint:
    """Says where the reader of this process is, for as long as it lives; :meth:`clear` when it ends as it should."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"open-{os.getpid()}.json"
        self._lock = QLockFile(f"{self._path}.lock")
        self._lock.setStaleLockTime(0)  # never by age: it is stale where its process is gone
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock.tryLock(0)

    def set(self, recording: Path, start: float) -> None:
        """Best effort: where nothing can be written, the next start offers nothing."""
        partial = self._path.with_suffix(".partial")
        with contextlib.suppress(OSError):
            partial.write_text(json.dumps({"path": str(recording), "start": start}), encoding="utf-8")
            os.replace(partial, self._path)  # a process that ends in the middle of this leaves the step before

    def clear(self) -> None:
        """There is nothing to go on with."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def leave(self) -> None:
        self.clear()
        self._lock.unlock()


def left_behind(folder: Path) -> LeftBehind | None:
    """Where the last reader was whose process ended without clearing its footprint; each is found once."""
    found: LeftBehind | None = None
    with contextlib.suppress(OSError):
        for path in sorted(folder.glob("open-*.json"), key=lambda p: p.stat().st_mtime):
            lock = QLockFile(f"{path}.lock")
            lock.setStaleLockTime(0)
            if lock.tryLock(0):
                found = _read(path) or found
                path.unlink(missing_ok=True)
                lock.unlock()
    return found


def _read(path: Path) -> LeftBehind | None:
    try:
        if path.stat().st_size > _LARGEST:
            return None
        said = json.loads(path.read_text(encoding="utf-8"))
        recording, start = Path(str(said["path"])), float(said["start"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    return LeftBehind(recording, start) if recording.is_absolute() and 0.0 <= start < 1e9 else None
