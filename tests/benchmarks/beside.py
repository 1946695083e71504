"""The window beside mne-qt-browser: start and page turns of the same file, one program after the other, run by run.

Each run is a process of its own. Both show 32 channels as recorded, 10 s a page, 1-70 Hz, in a window of 1600x1000,
off screen; a page counts as shown when its traces have been painted. Pages are turned once the program has loaded what
it loads after the first page, torch among it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_SIZE = (1600, 1000)
_LOOK_SECONDS = 0.06
"""A reader looks before turning."""

_OURS, _THEIRS = "this program", "mne-qt-browser"


def _ours(path: str, began: float, turns: int) -> dict[str, Any]:
    from driving import Driver

    driver = Driver(size=_SIZE)
    window = time.time() - began
    heavy = sorted({"torch", "mne", "scipy.signal"} & set(sys.modules))
    driver.session.store.update(montage="as recorded")
    driver.open(path)
    page, held = time.time() - began, _held()
    driver.until(lambda: not driver.session.lanes.flow.busy)
    times = []
    for _ in range(turns):
        driver.wait(_LOOK_SECONDS)
        times.append(driver.turn())
    driver.close()
    return {"window": window, "page": page, "held": held, "heavy": heavy, "turns": times}


def _theirs(path: str, began: float, turns: int) -> dict[str, Any]:
    import mne
    from PySide6.QtCore import QEvent, QObject
    from PySide6.QtWidgets import QApplication

    class Paints(QObject):
        count = 0

        def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
            self.count += event.type() == QEvent.Type.Paint
            return False

    mne.set_log_level("error")
    mne.viz.set_browser_backend("qt")
    app = QApplication.instance() or QApplication(["beside"])
    raw = mne.io.read_raw_edf(path)
    figure = raw.plot(
        duration=10.0, n_channels=len(raw.ch_names), highpass=1.0, lowpass=70.0, scalings={"eeg": 50e-6}, block=False,
        precompute=False, theme="light",
    )  # fmt: skip
    figure.resize(*_SIZE)
    paints = Paints()
    figure.mne.view.viewport().installEventFilter(paints)

    def painted(do: Callable[[], object]) -> float:
        before, start = paints.count, time.perf_counter()
        do()
        while paints.count == before:
            app.processEvents()
        return time.perf_counter() - start

    painted(figure.mne.view.viewport().update)
    page, held = time.time() - began, _held()
    times = []
    for _ in range(turns):
        end = time.perf_counter() + _LOOK_SECONDS
        while time.perf_counter() < end:
            app.processEvents()
        times.append(painted(lambda: figure.hscroll("+full")))
    figure.close()
    return {"window": page, "page": page, "held": held, "turns": times}


def _held() -> float:
    """Megabytes of memory that this process holds."""
    import psutil

    return float(psutil.Process().memory_info().rss) / 1e6


def beside(paths: dict[str, Path], runs: int = 5, turns: int = 40) -> dict[str, dict[str, Any]]:
    """For each file by its title: medians over runs of both programs, and their ratio run by run.

    The first run of each is not counted: it fills the disk's cache.
    """
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for run in range(runs + 1):
        for title, path in paths.items():
            for who in (_OURS, _THEIRS):
                values = _run(who, path, turns)
                if run:
                    found.setdefault((title, who), []).append(values)
    out = {}
    for title in paths:
        ours, theirs = found[title, _OURS], found[title, _THEIRS]
        lines: dict[str, Any] = {}
        for name, what in (("window", "window on screen, s"), ("page", "first filtered page, s"), ("held", "held, MB")):
            lines[what] = _line(ours, theirs, name, ".2f")
        for name, share in (("median", 0.5), ("95th percentile", 0.95)):
            for runs_of in (ours, theirs):
                for values in runs_of:
                    values[name] = sorted(values["turns"])[int(share * turns)] * 1000
            lines[f"page turn, {name}, ms"] = _line(ours, theirs, name, ".1f")
        lines["heavy libraries before the window"] = ", ".join(ours[0]["heavy"]) or "none"
        out[title] = lines
    return out


def _line(ours: list[dict[str, Any]], theirs: list[dict[str, Any]], name: str, form: str) -> str:
    """Both medians, and the median of the ratios of runs that followed one another."""
    a, b = (statistics.median(values[name] for values in runs) for runs in (ours, theirs))
    ratio = statistics.median(x[name] / y[name] for x, y in zip(ours, theirs, strict=True))
    return f"{a:{form}}   {b:{form}}   {ratio:.2f} x"


def _run(who: str, path: Path, turns: int) -> dict[str, Any]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_API": "pyside6"}
    done = subprocess.run(
        [sys.executable, __file__, who, str(path), repr(time.time()), str(turns)],
        capture_output=True, text=True, timeout=600, env=environment, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr)
    values: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return values


if __name__ == "__main__":
    _who, _path, _began, _turns = sys.argv[1:]
    print(json.dumps((_ours if _who == _OURS else _theirs)(_path, float(_began), int(_turns))))
