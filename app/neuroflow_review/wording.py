"""How times and voltages are written on screen: the only place where volts become microvolts for display."""

from __future__ import annotations

import math
import re
from datetime import datetime
from pathlib import Path
from typing import Final

from neuroflow.recording import Recording
from neuroflow.units import MICROVOLT, format_clock


def clock(seconds: float, start: datetime | None, *, decimals: int = 0) -> str:
    """Clock time of a moment, ``seconds`` after ``start``; elapsed time where the recording has no start.

    A clock shows the second that a moment lies in, so times are cut, not rounded; a microsecond's rounding is forgiven.
    """
    ticks = math.floor((seconds + _since_midnight(start)) * 10**decimals + 1e-6 * 10**decimals)
    if start is not None:
        ticks %= 86_400 * 10**decimals
    return format_clock(ticks / 10**decimals, decimals=decimals)


def _since_midnight(start: datetime | None) -> float:
    if start is None:
        return 0.0
    return start.hour * 3600 + start.minute * 60 + start.second + start.microsecond * 1e-6


def day(seconds: float, start: datetime | None) -> int:
    """Day of the recording, 1 on the calendar day that it starts (on its first 24 hours where that is not known)."""
    return math.floor((seconds + _since_midnight(start) + 1e-6) / 86_400) + 1


def day_clock(seconds: float, start: datetime | None, *, decimals: int = 0) -> str:
    """As :func:`clock`, after the day of the recording (``day 2 02:14:33``) where that is not the first."""
    which = day(seconds, start) if start is not None else 1
    return (f"day {which} " if which > 1 else "") + clock(seconds, start, decimals=decimals)


def start_words(recording: Recording) -> str:
    """When a recording began, as far as its file knows: ``02 Jan 2020 03:04:05``; empty where it knows nothing."""
    if recording.start is None:
        return ""
    return f"{recording.start:{'%d %b %Y' if recording.dated else 'date unknown,'} %H:%M:%S}"


def microvolts(volts: float) -> str:
    """A voltage in microvolts with a true minus sign, with one decimal below 10 µV: ``−34 µV``, ``4.2 µV``."""
    if not math.isfinite(volts):
        return "no data"
    return f"{microvolt_number(volts)} µV"


def value_words(low: float, high: float, unit: str = "") -> str:
    """A value in volts, or in a ``unit`` of its own: ``−34 µV``, ``97 %``; two that differ as ``−34…12 µV``."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return "no data"
    ends = [_number(value) if unit else microvolt_number(value) for value in (low, high)]
    return f"{'…'.join(dict.fromkeys(ends))} {unit or 'µV'}".removesuffix(" –")


def _number(value: float) -> str:
    return (f"{value:.3g}" if abs(value) < 999.5 else f"{value:.0f}").replace("-", "−")


def microvolt_number(volts: float) -> str:
    """As :func:`microvolts`, without the unit."""
    value = volts / MICROVOLT
    text = f"{abs(value):.1f}" if abs(value) < 9.95 else f"{abs(value):.0f}"
    return f"−{text}" if value < 0 and float(text) else text


HIDDEN: Final = "(name hidden)"
_QUOTED = re.compile(
    r"“[^”]*(?:[/\\][^”]*|\.[A-Za-z]\w{1,7}(?:\.[\w-]+)*)”"  # a path, or a name that ends as names of files do
    r"|'[^']*[/\\][^']*'"  # as the system quotes it
)
_REVIEW = re.compile(r"(?:(?<=in )|(?<=as )|(?<=from ))(?:(?!“).)*?\.review\.json(?:[\w.-]*\w)?")


def without_files(text: str, path: Path | None) -> str:
    """A sentence without names of files and folders, that of the recording at ``path`` among them."""
    if path is not None:
        for name in (str(path), path.name):
            text = re.sub(rf"{re.escape(name)}(?:\.[\w.-]*\w)?", HIDDEN, text)
    return _REVIEW.sub(HIDDEN, _QUOTED.sub(HIDDEN, text))
