"""How what the reader set is written: sensitivities, filters, page lengths, times left."""

from __future__ import annotations

from typing import Final

from neuroflow.signal.filters import Filters, time_constant
from neuroflow.units import MICROVOLT


def sensitivity_words(sensitivity: float) -> str:
    """Volts per millimetre as ``7 µV/mm``."""
    return f"{sensitivity / MICROVOLT:g} µV/mm"


def low_cut_words(low_cut: float | None) -> str:
    """A low cut with its time constant."""
    return "LF off" if low_cut is None else f"LF {low_cut:g} Hz · {time_constant(low_cut):.2g} s"


def filter_words(filters: Filters) -> str:
    """``1–70 Hz · notch off``, with an open end where a cut is off."""
    low = f"{filters.low_cut:g}" if filters.low_cut is not None else "DC"
    high = f"{filters.high_cut:g} Hz" if filters.high_cut is not None else "no high cut"
    notch = f"notch {filters.notch:g} Hz" if filters.notch is not None else "notch off"
    return f"{low}–{high} · {notch}" if filters.high_cut is not None else f"{low} Hz, {high} · {notch}"


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
