"""What a reader is promised of speed, and whether a run of the benchmark keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Figures = Mapping[str, Mapping[str, Any]]

_OURS, _RATIO = 0, 2  # of a line "ours   theirs   ratio x"
_AT_MOST: tuple[tuple[str, str, int, float], ...] = (
    ("beside mne-qt-browser", "window on screen, s", _OURS, 0.6),
    ("beside mne-qt-browser", "first filtered page, s", _OURS, 1.5),
    ("beside mne-qt-browser", "first filtered page, s", _RATIO, 0.6),
    ("beside mne-qt-browser", "held, MB", _OURS, 300.0),
    ("beside mne-qt-browser", "page turn, median, ms", _OURS, 16.0),
    ("beside mne-qt-browser", "page turn, median, ms", _RATIO, 0.25),
    ("beside mne-qt-browser", "page turn, 95th percentile, ms", _OURS, 33.0),
    ("overview", "overview whole, s after the first page", _OURS, 2.0),
    ("page turn", "median, ms", _OURS, 16.0),
    ("page turn", "95th percentile, ms", _OURS, 33.0),
    ("event loop", "longest gap, ms", _OURS, 100.0),
)


def judged(figures: Figures) -> Iterator[tuple[str, str, float, bool]]:
    """What is asked, the limit in words, what was measured, and whether it holds; of what a run has measured."""
    for start, name, column, most in _AT_MOST:
        for title, values in figures.items():
            if title.startswith(start) and name in values:
                found = _number(values[name], column)
                of = " (of mne-qt-browser's)" if column == _RATIO else ""
                yield f"{title}: {name}{of}", f"≤ {most:g}", found, found <= most
    yield from _compared(figures)


def _compared(figures: Figures) -> Iterator[tuple[str, str, float, bool]]:
    plain, marked = (_median_turn(figures, lambda t, a=a: ("annotations" in t) == a) for a in (False, True))
    if plain and marked:
        yield "page turn with 10,000 annotations over that without", "≤ 1.1", marked / plain, marked <= 1.1 * plain
    modes = figures.get("modes, 16 samples", {})
    speeds = {way: _number(modes[f"{way}, x real time"], 0) for way in ("float32", "bfloat16") if modes}
    if speeds:
        yield "16 samples in float32, × real time", "≥ 25", speeds["float32"], speeds["float32"] >= 25.0
        yield (
            "16 samples in the fastest mode offered, × real time",
            "≥ 40",
            max(speeds.values()),
            max(speeds.values()) >= 40.0,
        )
    memory = figures.get("memory while reconstructing", {})
    if memory:
        grown = float(memory["held at the end, MB"]) / float(memory["held after a fifth, MB"])
        yield "memory at the end over that after a fifth", "≤ 1.05", grown, grown <= 1.05


def _median_turn(figures: Figures, wanted: Callable[[str], bool]) -> float:
    name = "page turn, median, ms"
    found = [_number(v[name], 0) for t, v in figures.items() if t.startswith("beside") and wanted(t) and name in v]
    return found[0] if found else 0.0


def _number(value: Any, column: int) -> float:
    return float(str(value).split()[column])
