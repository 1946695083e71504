"""Endurance, outside the suite: starts and exits, page turns while it reconstructs, a whole night. ``make soak``."""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parent))
from driving import Driver, event_loop_gaps
from long_recording import write_long_recording

_MOST_MB = 1000.0  # of a whole night: the model, a tile and what is on its way to the file, however long it lasts

_ONCE = """
import sys
sys.path.insert(0, {folder!r})
from driving import Driver
driver = Driver(size=(1280, 800))
driver.open({path!r}, at={at})
if {reconstruct}:
    driver.session.reconstruct_page()
    driver.wait(1.5)
driver.turn()
driver.close()
"""


_KEPT_TILES = 80
"""More than are kept in memory."""

_MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def starts_and_exits(path: Path, count: int) -> int:
    """How many of ``count`` processes did not end cleanly; every third is left while it computes."""
    failures = 0
    for number in range(count):
        code = _ONCE.format(
            folder=str(Path(__file__).parent), path=str(path), at=100.0 * number, reconstruct=number % 3 == 0
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=180)
        if done.returncode != 0 or "Traceback" in done.stderr or "QThread" in done.stderr:
            failures += 1
            print(f"start {number + 1}: exit status {done.returncode}\n{done.stderr}")
    return failures


def page_turns(driver: Driver, count: int) -> tuple[float, int, int]:
    """Turn pages with reconstruction on, and look at one in twenty until it is there, more often in the first tenth.

    Growth of memory in % after the first tenth, how many threads more there are at the end, and how many tiles were
    computed: what is kept of them must be full before anything is measured.
    """
    process, session = psutil.Process(), driver.session
    work = session.reconstruction
    session.settings.set("reconstruction.follow", True)
    session.reconstruct_page()
    driver.until(lambda: work.has_any)
    settled, threads, tiles = 0, 0, [0]
    work.tile_ready.connect(lambda _: tiles.__setitem__(0, tiles[0] + 1))
    for number in range(count):
        driver.turn()
        if number % (5 if number < count // 10 else 20) == 0:
            driver.until(lambda: work.page_complete)
        if session.state.span.stop >= session.recording.duration - 1.0:
            session.go_to(0.0)
        if not settled and number >= count // 10 and tiles[0] >= _KEPT_TILES:
            gc.collect()
            settled, threads = process.memory_info().rss, threading.active_count()
    gc.collect()
    if not settled:
        raise RuntimeError(f"{tiles[0]} tiles do not fill what is kept of them: give more turns")
    return 100.0 * (process.memory_info().rss / settled - 1.0), threading.active_count() - threads, tiles[0]


def whole_night(folder: Path, hours: float) -> tuple[float, float]:
    """Reconstruct and export a whole recording in a process of its own; its largest memory (MB) and × real time."""
    path = write_long_recording(folder / f"{hours:g}h-21ch.edf", hours, 21)
    began = time.perf_counter()
    command = [str(Path(sys.executable).with_name("neuroflow")), "reconstruct", str(path), "--samples", "9",
               "-o", str(folder / "night.edf")]  # fmt: skip
    # Of a process that begins small: what is measured of a child begins with what its parent held.
    done = subprocess.run([sys.executable, "-c", _MEASURED, *command], capture_output=True, text=True, check=True)
    took = time.perf_counter() - began
    (folder / "night.edf").unlink()
    return float(done.stdout.split()[-1]) / 1024.0, hours * 3600.0 / took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--turns", type=int, default=10_000)
    parser.add_argument("--hours", type=float, default=8.0)
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    folder = Path(tempfile.gettempdir()) / "neuroflow-bench"
    folder.mkdir(exist_ok=True)
    path = write_long_recording(folder / "2h-21ch.edf", 2.0, 21)
    failures = starts_and_exits(path, options.starts)
    print(f"{options.starts} starts and exits: {failures} not clean")
    driver = Driver(size=(1600, 1000))
    driver.open(str(path))
    driver.reconstruct()
    longest = max(event_loop_gaps(driver, options.minutes))
    print(f"longest gap of the event loop while {options.minutes:g} minutes were computed: {1000 * longest:.0f} ms")
    grown, more, tiles = page_turns(driver, options.turns)
    driver.close()
    print(f"{options.turns:,} page turns, {tiles:,} tiles reconstructed: memory {grown:+.1f} %, {more:+d} threads")
    most, speed = whole_night(folder, options.hours)
    print(f"{options.hours:g} h reconstructed whole: {most:.0f} MB at most, {speed:.0f} × real time")
    few = tiles < options.turns // 25
    return int(failures > 0 or longest > 0.1 or grown > 5.0 or more > 0 or few or most > _MOST_MB)


if __name__ == "__main__":
    sys.exit(main())
