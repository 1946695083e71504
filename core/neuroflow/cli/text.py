"""Plain text for a terminal: tables, times, and JSON."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Sequence
from typing import Any, TextIO


def print_json(value: Any) -> None:
    """Indented JSON, UTF-8; numbers that JSON lacks are an error and not ``NaN``."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
    print()


def show(text: str, stream: TextIO | None = None) -> None:
    """Lines for a terminal: what files of strangers say is shown, and commands to the terminal in it are not obeyed."""
    print(
        "".join("\N{REPLACEMENT CHARACTER}" if c != "\n" and _commands(c) else c for c in text),
        file=stream or sys.stdout,
    )


def _commands(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = (), indent: str = "  ") -> str:
    """Columns as wide as their longest cell, those in ``right`` flush right; columns that are empty throughout go."""
    kept = [i for i in range(len(head)) if any(row[i] for row in rows)]
    widths = {i: max(len(head[i]), *(len(row[i]) for row in rows)) for i in kept}

    def line(cells: Sequence[str]) -> str:
        parts = (cells[i].rjust(widths[i]) if i in right else cells[i].ljust(widths[i]) for i in kept)
        return (indent + "  ".join(parts)).rstrip()

    return "\n".join(line(cells) for cells in (head, *rows))


def span_of_time(seconds: float) -> str:
    """``1 h 02 min``, ``3 min 05 s`` or ``12.5 s``: as a person would say it."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if rest else f"{minutes} min"


def count(number: int, noun: str) -> str:
    """``1 channel``, ``21 channels``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
