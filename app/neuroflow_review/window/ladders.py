"""What the toolbar offers to choose from, and what it calls it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from math import inf
from typing import Final

from neuroflow.signal.filters import HIGH_CUTS, LOW_CUTS, NOTCHES

PAGE_SECONDS = (5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 60.0)
SPIKE_LADDER = (2.5, 3.0, 3.65, 4.5, 6.0)
_CUTS: Final = {"low_cut": (0.0, *LOW_CUTS), "high_cut": (*HIGH_CUTS, inf)}
_OFF: Final = {"low_cut": 0.0, "high_cut": inf}
DEVICES = (("auto", "Fastest present"), ("cuda", "CUDA"), ("mps", "Apple GPU"), ("cpu", "CPU"))


def low_word(value: float | None) -> str:
    return "LF off" if value is None else f"LF {value:g} Hz"


def high_word(value: float | None) -> str:
    return "HF off" if value is None else f"HF {value:g} Hz"


def notch_word(value: float | None) -> str:
    return "Notch off" if value is None else f"Notch {value:g} Hz"


def without_unit(word: Callable[[float | None], str]) -> Callable[[float | None], str]:
    """The same in fewer letters: beside its neighbours a cut in hertz is known for one."""
    return lambda value: word(value).removesuffix(" Hz")


def spike_hint(k: float) -> str:
    return {2.5: "most", 3.0: "more", 3.65: "as published", 4.5: "fewer", 6.0: "fewest"}[k]


def stepped(ladder: Sequence[float], value: float, step: int) -> float:
    """The next value of a ladder from one that may lie between its rungs."""
    at = bisect_left(ladder, value * (1 - 1e-9))
    on = at < len(ladder) and abs(ladder[at] - value) <= 1e-9 * value
    target = at + step if on or step < 0 else at + step - 1
    return ladder[min(max(target, 0), len(ladder) - 1)]


def stepped_cut(name: str, value: float | None, step: int) -> float | None:
    """The next cut-off, of the filters' field ``name``; None is off: below every low cut, above every high one."""
    found = stepped(_CUTS[name], _OFF[name] if value is None else value, step)
    return None if found == _OFF[name] else found


def next_notch(value: float | None) -> float | None:
    """Off, then one frequency of the mains after the other."""
    ladder = (None, *NOTCHES)
    return ladder[(ladder.index(value) + 1) % len(ladder)] if value in ladder else None
