"""Sidecars of a BIDS tree: tab-separated tables and JSON, read as text from outside that may be anything.

Source: BIDS 1.4 and later, "Tabular files" and "Key/value files". What is wrong is a :class:`TreeProblem`, never an
exception: the rest of a tree is still used.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LARGEST_TABLE = 8 * 2**20
LARGEST_JSON = 4 * 2**20
MOST_COLUMNS = 500
_NUMBER = re.compile(r"[+-]?(\d{1,20}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class TreeProblem:
    """Something wrong with a BIDS tree: where (``line`` from 1, the heading's) and one sentence; it reads as text."""

    file: Path
    line: int | None
    text: str

    def __str__(self) -> str:
        place = f"{self.file}" if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.text}"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: its line in the file and its cells by the column's name, ``n/a`` as an empty string."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def number(self, column: str) -> float | None:
        """A finite decimal number, or None where the cell is empty or holds anything else."""
        return parse_number(self[column])


@dataclass(frozen=True, slots=True)
class Table:
    """A table's columns and rows; both empty where there is none."""

    path: Path
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()


def read_table(path: Path, problems: list[TreeProblem], needed: Sequence[str] = ()) -> Table:
    """A tab-separated table; empty where it cannot be used. Columns ``needed`` that it lacks make it unusable."""
    text = read_text(path, LARGEST_TABLE, problems)
    if text is None:
        return Table(path)
    columns, rows, faults = parse_table(text)
    problems += [TreeProblem(path, line, fault) for line, fault in faults]
    missing = [name for name in needed if name not in columns]
    if missing:
        problems.append(TreeProblem(path, 1, f"there is no column {' and no column '.join(missing)}; it is not used"))
        return Table(path)
    return Table(path, columns, rows)


def read_object(path: Path, problems: list[TreeProblem]) -> dict[str, Any]:
    """A JSON object; empty where it cannot be used."""
    text = read_text(path, LARGEST_JSON, problems)
    if text is None:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        problems.append(TreeProblem(path, line, "this is no JSON; it is not used"))
        return {}
    if not isinstance(value, dict):
        problems.append(TreeProblem(path, 1, "this is no JSON object; it is not used"))
        return {}
    return value


def read_text(path: Path, largest: int, problems: list[TreeProblem]) -> str | None:
    """A text file of at most ``largest`` bytes, UTF-8 with or without a mark, else Latin-1; None where unreadable."""
    try:
        if not path.is_file():
            broken = path.is_symlink()
            why = "points to a file that is not here; fetch it" if broken else "is missing"
            problems.append(TreeProblem(path, None, f"the file {why}"))
            return None
        with path.open("rb") as file:
            raw = file.read(largest + 1)
    except OSError:
        problems.append(TreeProblem(path, None, "the file cannot be read; it is not used"))
        return None
    if len(raw) > largest:
        problems.append(TreeProblem(path, None, f"the file is larger than {largest // 2**20} MiB; it is not used"))
        return None
    if b"\0" in raw:
        line = raw[: raw.index(b"\0")].count(b"\n") + 1
        problems.append(TreeProblem(path, line, "this is no text; it is not used"))
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        problems.append(TreeProblem(path, line, "this is not UTF-8; it is read as Latin-1"))
        return raw.decode("latin-1")


def parse_table(text: str) -> tuple[tuple[str, ...], tuple[Row, ...], list[tuple[int, str]]]:
    """Columns, rows, and (line, fault): rows whose cells are too few or too many are left out, blank ones passed over.

    A column that is named twice counts the first time.
    """
    lines = list(_lines(text))
    if not lines:
        return (), (), [(1, "the table is empty")]
    line, heading = lines[0]
    columns = tuple(name.strip() for name in heading.split("\t", MOST_COLUMNS))
    faults = [(line, f"column “{shown(c)}” is there twice") for c in dict.fromkeys(columns) if columns.count(c) > 1]
    rows = []
    for line, content in lines[1:]:
        cells = [cell.strip() for cell in content.split("\t", MOST_COLUMNS)]
        if len(cells) != len(columns):
            faults.append((line, f"{len(cells)} cells stand under {len(columns)} columns; the row is left out"))
            continue
        pairs = zip(reversed(columns), reversed(cells), strict=True)
        rows.append(Row(line, {c: "" if cell.lower() == "n/a" else cell for c, cell in pairs}))
    return columns, tuple(rows), faults


def parse_number(cell: str) -> float | None:
    """A decimal number as BIDS writes it, finite; None for anything else (``n/a``, ``nan``, ``1_000``, ``1e999``)."""
    if not _NUMBER.fullmatch(cell):
        return None
    value = float(cell)
    return value if math.isfinite(value) else None


def shown(text: str) -> str:
    """Text from outside as it may stand in a sentence: printable and short."""
    plain = "".join(c if c.isprintable() else "?" for c in text)
    return plain if len(plain) <= _SHOWN else plain[: _SHOWN - 1] + "…"


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that hold something, numbered from 1; only line feeds (and a return before them) end a line."""
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.rstrip("\r")
        if stripped.strip():
            yield number, stripped


def tsv(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A tab-separated table; empty cells and None become ``n/a``. Raises: ValueError for a cell with tab or newline."""
    lines = ["\t".join(columns)]
    for row in rows:
        cells = ["n/a" if cell is None or cell == "" else str(cell) for cell in row]
        if len(cells) != len(columns) or any("\t" in cell or "\n" in cell for cell in cells):
            raise ValueError(f"this row does not fit the columns {', '.join(columns)}: {cells}")
        lines.append("\t".join(cells))
    return "\n".join(lines) + "\n"


def pretty(value: Mapping[str, Any]) -> str:
    """Indented JSON, UTF-8, with a line feed at the end."""
    return json.dumps(value, indent=4, ensure_ascii=False, allow_nan=False) + "\n"
