"""Conversion between the units that files and screens use and the SI units used everywhere inside."""

from __future__ import annotations

MICROVOLT = 1e-6

# Every spelling of a voltage seen in EDF physical dimensions and BIDS "units" columns; both code points of mu.
_VOLTAGE = {
    "nv": 1e-9,
    "uv": 1e-6,
    "µv": 1e-6,
    "μv": 1e-6,
    "microv": 1e-6,
    "mv": 1e-3,
    "v": 1.0,
}


def volts_per_unit(dimension: str) -> float | None:
    """Factor from a physical dimension to volts, or None where the dimension is no voltage (``degC``, ``%``, empty)."""
    return _VOLTAGE.get(dimension.strip().lower())


def format_clock(seconds: float, *, decimals: int = 0) -> str:
    """Seconds as ``HH:MM:SS`` or ``HH:MM:SS.mmm``; hours run past 24, negative times carry a minus sign."""
    sign = "-" if seconds < 0 else ""
    scale = 10**decimals
    ticks = round(abs(seconds) * scale)
    whole, fraction = divmod(ticks, scale)
    text = f"{sign}{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{text}.{fraction:0{decimals}d}" if decimals else text
