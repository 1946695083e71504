"""Files of montages: what a reader exports, gives to colleagues, imports, and what is kept of his own.

JSON of format 1 (``docs/montage-file.md``): ``format``, ``program``, ``montages``, each with ``name`` and ``rows``; a
row has ``derivation`` (the text that :func:`neuroflow.signal.derivation.parse_derivation` reads), and where they say
something ``label`` and ``gap``. ``key`` is the digit of a kept montage's shortcut. Files come from anywhere: size,
types, counts, weights, names and labels are checked before anything is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from neuroflow import __version__
from neuroflow.errors import FileProblem, LaterFormat, Unreadable
from neuroflow.io.edf_writer import write_whole
from neuroflow.signal.derivation import MOST_ROWS, Derivation, OwnMontage, parse_derivation

FORMAT = 1
LARGEST = 1 << 20
MOST_MONTAGES = 64
MOST_KEYS = 9


class _Row(Struct, frozen=True, omit_defaults=True):
    derivation: str
    label: str = ""
    gap: bool = False


class _Montage(Struct, frozen=True):
    name: str
    rows: tuple[_Row, ...]


class _File(Struct, frozen=True, omit_defaults=True):
    format: int
    montages: tuple[_Montage, ...]
    program: str = ""
    key: int = 0


class _Format(Struct):
    format: int


def read_montages(path: Path) -> tuple[OwnMontage, ...]:
    """Montages of a file from anywhere. Raises: FileProblem, among them Unreadable and LaterFormat."""
    return _read(path)[0]


def read_kept(path: Path) -> tuple[OwnMontage, int]:
    """A kept montage, and the digit of its shortcut or 0. Raises: FileProblem."""
    found, key = _read(path)
    if len(found) != 1:
        raise FileProblem(f"“{path.name}” holds {len(found)} montages where one is kept: import it instead.")
    return found[0], key if 0 <= key <= MOST_KEYS else 0


def write_montages(montages: Sequence[OwnMontage], path: Path, key: int = 0) -> None:
    """Write montages, whole or not at all. Raises: FileProblem."""
    told = _File(
        FORMAT,
        tuple(_Montage(m.name, tuple(_Row(r.text, r.label, r.gap) for r in m.rows)) for m in montages),
        f"NeuroFlow Review {__version__}",
        key,
    )
    write_whole(path, msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n")


def _read(path: Path) -> tuple[tuple[OwnMontage, ...], int]:
    try:
        if path.stat().st_size > LARGEST:
            raise FileProblem(f"“{path.name}” is too large to be a file of montages: choose another.")
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"“{path.name}” could not be read: check that it is there.", str(error)) from error
    try:
        declared = msgspec.json.decode(data, type=_Format).format
        if declared > FORMAT:
            raise LaterFormat(f"“{path.name}” is of a later version (format {declared}): update the program to use it.")
        found = msgspec.json.decode(data, type=_File)
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise FileProblem(
            f"“{path.name}” is no file of montages, or is damaged: choose another.", str(error)
        ) from error
    if not 1 <= len(found.montages) <= MOST_MONTAGES:
        raise FileProblem(
            f"“{path.name}” holds {len(found.montages)} montages; a file of them holds 1 to {MOST_MONTAGES}."
        )
    return tuple(_checked(montage, path.name) for montage in found.montages), found.key


def _checked(told: _Montage, file: str) -> OwnMontage:
    rows: list[Derivation] = []
    where = ""
    try:
        for row in told.rows[: MOST_ROWS + 1]:
            where = f", row {len(rows) + 1}"
            rows.append(parse_derivation(row.derivation, label=row.label, gap=row.gap))
        where = ""
        return OwnMontage(told.name, tuple(rows))
    except ValueError as error:
        raise FileProblem(f"“{file}”, montage “{told.name[:40]}”{where}: {error}") from error
