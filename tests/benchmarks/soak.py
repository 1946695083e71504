"""Endurance, outside the suite: fifty starts and exits, and ten minutes computed under a watchdog. ``make soak``."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from driving import Driver, event_loop_gaps
from long_recording import write_long_recording

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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10.0)
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
    driver.close()
    print(f"longest gap of the event loop while {options.minutes:g} minutes were computed: {1000 * longest:.0f} ms")
    return int(failures > 0 or longest > 0.1)


if __name__ == "__main__":
    sys.exit(main())
