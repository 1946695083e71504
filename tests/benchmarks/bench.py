"""How long a reader waits: start, page turn, reconstruction, and whether the window ever freezes. ``make bench``.

Prints a table, says what of the asked it meets (exit status 1 where something is not met), and leaves the figures as
JSON in build/bench.json. Everything runs off screen on 24-hour files that the benchmark makes itself (4 GB in the
temporary folder, kept for the next run).
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from asked import judged
from beside import beside
from driving import Driver, event_loop_gaps
from long_recording import write_long_recording

if TYPE_CHECKING:
    from neuroflow.inference.engine import Reconstructor
    from neuroflow.recording import SignalSource

_ANNOTATIONS = 10_000


def overview(path: Path) -> dict[str, Any]:
    """Seconds from the first page to the whole overview, which is read in the background."""
    driver = Driver(size=(1600, 1000))
    shown: list[NDArray[np.float64]] = []
    driver.session.trend_ready.connect(shown.append)
    driver.open(str(path))
    began = time.perf_counter()
    driver.until(lambda: bool(shown) and bool(np.isfinite(shown[-1]).all()))
    seconds = time.perf_counter() - began
    driver.close()
    return {"overview whole, s after the first page": round(seconds, 2)}


def page_turns(path: Path, turns: int = 100) -> dict[str, Any]:
    """Milliseconds from the key to the painted page, pages ahead prefetched."""
    driver = Driver(size=(1600, 1000))
    driver.open(str(path), at=1800.0)
    times = []
    for _ in range(turns):
        driver.wait(0.06)  # a reader looks before turning; meanwhile the next page is read
        times.append(1000 * driver.turn())
    driver.close()
    times.sort()
    return {
        "median, ms": round(statistics.median(times), 1),
        "95th percentile, ms": round(times[int(0.95 * len(times))], 1),
    }


def reconstruction_speed(path: Path) -> dict[str, Any]:
    """Times real time of 16 and of 39 samples of the default implant."""
    from neuroflow.inference.engine import Reconstructor
    from neuroflow.inference.model import load_model
    from neuroflow.io import open_recording

    engine = Reconstructor(load_model(), "auto")
    with open_recording(path) as source:
        speeds = {f"{n} samples, x real time": times_real_time(engine, source, n)[0] for n in (16, 39)}
    return {"device": engine.device_label, **speeds}


def times_real_time(engine: Reconstructor, source: SignalSource, samples: int) -> tuple[float, NDArray[np.float32]]:
    """How much faster than real time six tiles come, after one to warm up; and the samples of the last."""
    from neuroflow.inference.tile import TileRequest

    engine.tile(source, TileRequest(0, min(samples, 8)))
    began = time.perf_counter()
    for index in range(1, 7):
        tile = engine.tile(source, TileRequest(index, samples))
    return round(60 / (time.perf_counter() - began), 1), tile.samples


def modes(path: Path) -> dict[str, Any]:
    """Times real time of 16 samples in each way to compute them, and how far each moves them from float32.

    float32 and bfloat16 are offered. Compiling is not: it wins next to nothing in float32, takes a minute, and needs a
    compiler.
    """
    import torch

    from neuroflow.flow.model import ConditionalFlow
    from neuroflow.inference.engine import PRECISIONS, Reconstructor
    from neuroflow.inference.model import load_model
    from neuroflow.io import open_recording

    eager, out, exact = ConditionalFlow.decode, {}, None
    ways = ["", *(["compiled "] if any(map(shutil.which, ("g++", "clang++", "cl"))) else [])]
    with open_recording(path) as source:
        for way, precision in itertools.product(ways, PRECISIONS):
            engine = Reconstructor(load_model(), "auto", precision=precision)
            if way:
                ConditionalFlow.decode = torch.compile(eager, dynamic=False)  # type: ignore[method-assign]
            try:
                began = time.perf_counter()
                if way:
                    times_real_time(engine, source, 16)
                ready = time.perf_counter() - began
                out[f"{way}{precision}, x real time"], found = times_real_time(engine, source, 16)
            finally:
                ConditionalFlow.decode = eager  # type: ignore[method-assign]
            exact = found if exact is None else exact
            out[f"{way}{precision}, differs by, rms"] = f"{np.std(found - exact) / np.std(exact):.0e}"
            if way:
                out[f"{way}{precision}, s until it runs"] = round(ready)
    return out


def memory(path: Path, tiles: int = 360) -> dict[str, Any]:
    """Megabytes held while an hour of a long recording is reconstructed through the window's cache."""
    import psutil

    from neuroflow.inference.cache import TileCache
    from neuroflow.inference.engine import Reconstructor
    from neuroflow.inference.model import load_model
    from neuroflow.inference.tile import TileRequest
    from neuroflow.io import open_recording

    engine, cache, process = Reconstructor(load_model(), "auto"), TileCache(64 << 20), psutil.Process()
    held = []
    with open_recording(path) as source:
        for index in range(tiles):
            request = TileRequest(index, 4)
            cache.put(request, engine.tile(source, request))
            held.append(process.memory_info().rss / 1e6)
    fifth = tiles // 5
    return {
        "minutes computed": round(tiles * engine.tile_seconds / 60),
        "held after a fifth, MB": round(held[fifth]),
        "held at the end, MB": round(held[-1]),
        "largest, MB": round(max(held)),
    }


def first_bands(path: Path) -> dict[str, Any]:
    """Seconds from asking to the bands on the page: the first time (torch is loaded) and on a later page."""
    driver = Driver(size=(1600, 1000))
    driver.open(str(path), at=3600.0)
    first = driver.reconstruct()
    driver.session.reconstruction.cancel()
    driver.session.go_to(5400.0)
    driver.wait(1.0)
    later = driver.reconstruct()
    driver.close()
    return {"first page, torch loading, s": round(first, 2), "later page, s": round(later, 2)}


def many_marks(count: int = 10_000) -> dict[str, Any]:
    """Milliseconds of the window's own thread that a reader's steps take with so many marks; the longest of five."""
    from neuroflow.review import Mark
    from neuroflow_review.window.commands import demo_recording

    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(str(demo_recording()), Path(folder) / "marked.edf")
        driver = Driver(size=(1600, 1000))
        driver.open(str(copy))
        session, events = driver.session, driver.window.events
        duration = session.recording.duration if session.recording is not None else 1.0
        times = np.sort(np.random.default_rng(0).uniform(0.0, duration - 2.0, count))
        session.marks.take(tuple(Mark(f"m{k:06d}", float(t), f"event {k}", 0.5) for k, t in enumerate(times)))
        driver.until(lambda: not session.marks.unsaved and driver.window.settled)
        words, places = itertools.count(), itertools.cycle(times[:: count // 7].tolist())
        steps = {
            "search": lambda: events.search.setText(f"event {next(words)}"),
            "filter by kind": lambda: events._filters["mark"].toggle(),
            "jump": lambda: session.show_time(next(places)),
            "mark an event": lambda: session.marks.add(next(places), "one more"),
            "undo": session.marks.undo,
        }
        out = {f"{name}, ms": round(1000 * max(driver.held(step) for _ in range(5))) for name, step in steps.items()}
        driver.close()
    return out


def freezing(path: Path, minutes: float) -> dict[str, Any]:
    """The longest gap of the event loop while ``minutes`` of recording are reconstructed and pages are turned."""
    driver = Driver(size=(1600, 1000))
    driver.open(str(path), at=0.0)
    driver.reconstruct()
    gaps = event_loop_gaps(driver, minutes)
    driver.close()
    return {
        "minutes computed": minutes,
        "longest gap, ms": round(1000 * max(gaps)),
        "gaps over 100 ms": sum(g > 0.1 for g in gaps),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--runs", type=int, default=5, help="of this program and of mne-qt-browser, in turn")
    parser.add_argument("--minutes", type=float, default=10.0, help="computed while the event loop is watched")
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"))
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    folder = Path(tempfile.gettempdir()) / "neuroflow-bench"
    folder.mkdir(exist_ok=True)
    paths = {n: write_long_recording(folder / f"{options.hours:g}h-{n}ch.edf", options.hours, n) for n in (21, 32)}
    figures: dict[str, dict[str, Any]] = {}

    def report(title: str, values: dict[str, Any]) -> None:
        figures[title] = values
        print(f"\n{title}")
        for name, value in values.items():
            print(f"  {name:<38}{value}", flush=True)

    marked = write_long_recording(
        folder / f"{options.hours:g}h-32ch-marked.edf", options.hours, 32, annotations=_ANNOTATIONS
    )
    titles = {
        f"beside mne-qt-browser, {options.hours:g} h, 32 channels": paths[32],
        f"beside mne-qt-browser, with {_ANNOTATIONS:,} annotations": marked,
    }
    for title, values in beside(titles, runs=options.runs).items():
        report(title, values)
    report(f"overview, {options.hours:g} h, 32 channels", overview(paths[32]))
    for channels, path in paths.items():
        report(f"page turn, {channels} channels", page_turns(path))
    report("reconstruction", reconstruction_speed(paths[21]))
    report("modes, 16 samples", modes(paths[21]))
    report("memory while reconstructing", memory(paths[21]))
    report("first bands of a page, 39 samples", first_bands(paths[21]))
    report("10,000 marks, time of the window's thread", many_marks())
    report("event loop while reconstructing", freezing(paths[21], options.minutes))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(f"\nas JSON: {options.json}\n\nAsked")
    lines = list(judged(figures))
    for what, limit, value, met in lines:
        print(f"  {what:<96}{limit:>8}  {value:8.2f}  {'met' if met else 'NOT MET'}")
    return int(not all(met for *_, met in lines))


if __name__ == "__main__":
    sys.exit(main())
