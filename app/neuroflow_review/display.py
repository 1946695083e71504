"""How what the reader set is written: sensitivities, filters, page lengths, times left."""

from __future__ import annotations

from typing import Final

from neuroflow.signal.filters import Filters, time_constant
from neuroflow.units import MICROVOLT

_NEAR: Final = 0.07
"""How far a time constant may be from the round figure that readers call it by."""

_VOLTAGES: Final = ((1.0, "V"), (1e-3, "mV"), (MICROVOLT, "µV"))
_LONG: Final = 1e6
"""From here on numbers would be written with an exponent."""


def sensitivity_words(sensitivity: float) -> str:
    """Volts per millimetre as ``7 µV/mm``."""
    return f"{sensitivity / MICROVOLT:g} µV/mm"


def scale_words(scale: float, unit: str = "") -> str:
    """Value per millimetre of a row with a scale of its own: of a voltage, or in a ``unit``; ``–`` is none."""
    if not unit:
        size, unit = next((s, u) for s, u in _VOLTAGES if abs(scale) >= s or s == MICROVOLT)
        scale /= size
    number = f"{scale:g}" if abs(scale) < _LONG else f"{scale:,.0f}"
    return f"{number} per mm" if unit in ("–", "-") else f"{number} {unit}/mm"


def low_cut_words(low_cut: float | None) -> str:
    """A low cut with its time constant."""
    return "LF off" if low_cut is None else f"LF {low_cut:g} Hz · {time_constant_words(low_cut)}"


def time_constant_words(low_cut: float) -> str:
    """The time constant of a low cut as readers say it: 10, 5, 2, 1, 0.6, 0.3, 0.16, 0.1, 0.03 s along the ladder."""
    exact = time_constant(low_cut)
    short = float(f"{exact:.1g}")
    return f"{short if abs(short / exact - 1) < _NEAR else float(f'{exact:.2g}'):g} s"


def filter_words(filters: Filters, rate: float | None = None) -> str:
    """``1–70 Hz · notch off``, with an open end where a cut is off; at a ``rate`` (Hz), what has no effect there."""
    low = f"{filters.low_cut:g}" if filters.low_cut is not None else "DC"
    notch = "notch off" if filters.notch is None else f"notch {filters.notch:g} Hz{idle_words(filters.notch, rate)}"
    if filters.high_cut is None:
        return f"{low} Hz, no high cut · {notch}"
    high, idle = f"{filters.high_cut:g} Hz", idle_words(filters.high_cut, rate)
    return f"{low} Hz, HF {high}{idle} · {notch}" if idle else f"{low}–{high} · {notch}"


def filtered_words(filters: Filters, rate: float | None) -> str:
    """``filtered 1–35 Hz`` of what is at a ``rate`` (Hz); empty where nothing is filtered."""
    if filters == Filters(None, None, None):
        return ""
    return f"filtered {filter_words(filters, rate)}".removesuffix(" · notch off")


def idle_words(frequency: float, rate: float | None) -> str:
    """Said behind a high cut or notch that does nothing at a sampling rate (Hz); empty where it does something."""
    return f" (no effect: recorded at {rate:g} Hz)" if rate is not None and frequency >= rate / 2 else ""


def seconds_left_words(seconds: float | None) -> str:
    """``9 s`` or ``3 min``; empty where nothing was measured yet."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def montage_name(montage: str) -> str:
    """What a montage is called: one that ships by its name in the field, a reader's own by the name it was given."""
    return MONTAGE_NAMES.get(montage, montage)


def fallback_words(montage: str) -> str:
    """Why a montage is shown as recorded, where a file has no electrodes for it."""
    lacks = {"linked ears": "linked ears", "cz": "Cz"}.get(montage, f"electrodes for {montage_name(montage)}")
    return f"as recorded: no {lacks} in this file"


MONTAGE_NAMES: Final = {
    "longitudinal": "Longitudinal",
    "transverse": "Transverse",
    "average": "Average",
    "linked ears": "Linked ears",
    "cz": "Cz",
    "laplacian": "Laplacian",
    "as recorded": "As recorded",
}
