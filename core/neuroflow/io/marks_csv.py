"""Marks as a table of comma-separated values, for other programs and from them.

One row a mark, UTF-8: ``onset`` and ``duration`` in seconds of the recording, ``description``, ``channel``,
``reconstructed`` (yes or no), ``decision`` (accepted, rejected, unsure, or empty), ``by``, ``at``, ``criteria`` (those
of the IFCN that a discharge meets, between semicolons), ``meeting`` (yes or no: whether it is to be shown there). Only
``onset`` and ``description``, or ``HED``, are needed on reading, so that tables of events of other programs (BIDS
``events.tsv``, EDFbrowser) can be read. So can one that a spreadsheet has saved with semicolons between cells and
decimal commas in them.

A name that ends in ``.tsv`` gets the BIDS form: tabs, ``n/a`` for nothing, ``trial_type`` for the description, and a
column ``HED`` with the tags of HED-SCORE (:mod:`neuroflow.io.hed`). That column is read in every table: where no other
says what was decided, its tags do.
"""

from __future__ import annotations

import csv
import io
import math
import re
import uuid
from collections.abc import Iterable
from pathlib import Path

from neuroflow.errors import FileProblem
from neuroflow.io import hed
from neuroflow.io.edf_writer import write_whole
from neuroflow.recording import unmarked
from neuroflow.review.document import DECISIONS, IFCN_CRITERIA, LONGEST_TEXT, Decision, Mark

LARGEST = 64 << 20
COLUMNS = (
    "onset", "duration", "description", "channel", "reconstructed", "decision", "by", "at", "criteria", "meeting",
)  # fmt: skip
_BIDS_NAMES = {"description": "trial_type"}
_DESCRIPTIONS = ("description", "trial_type", "annotation", "text", "event")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")


def write_marks(marks: Iterable[Mark], path: Path) -> int:
    """Write a table in one step; returns how many rows. Raises: FileProblem."""
    bids = path.suffix.lower() == ".tsv"
    text = io.StringIO(newline="")
    table = csv.writer(text, delimiter="\t" if bids else ",", lineterminator="\n" if bids else "\r\n")
    table.writerow([_BIDS_NAMES.get(c, c) for c in COLUMNS] + ["HED"] if bids else COLUMNS)
    count = 0
    for m in marks:
        yes = "yes" if m.reconstructed else "no"
        criteria = "; ".join(m.criteria)
        meeting = "yes" if m.meeting else "no"
        text_of, tags = hed.written(m) if bids else (m.text, "")
        row = [repr(m.start), repr(m.duration), text_of, m.channel, yes, m.decision, m.by, m.at, criteria, meeting]
        if bids:
            row = [" ".join(cell.split()) or "n/a" for cell in (*row, tags)]
        table.writerow(row)
        count += 1
    write_whole(path, text.getvalue().encode("utf-8"))
    return count


def read_marks(path: Path, duration: float) -> tuple[Mark, ...]:
    """The marks of a table, each with an identifier of its own; ``duration`` of the recording in seconds.

    Raises: FileProblem, with the line, where anything in it cannot be believed: nothing is taken from it then.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise FileProblem(f"“{path.name}” is too large to be a table of marks: choose another file.")
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(
            f"“{path.name}” cannot be read as text: choose a table of comma- or tab-separated values.", str(error)
        ) from error
    head = text.split("\n", 1)[0]
    try:
        between = "\t" if "\t" in head else max(",;", key=head.count)
        table = csv.DictReader(io.StringIO(text, newline=""), delimiter=between, strict=True)
        names = {name.strip().casefold(): name for name in table.fieldnames or () if name}
        described = next((names[name] for name in _DESCRIPTIONS if name in names), None)
        if "onset" not in names or (described is None and "hed" not in names):
            raise FileProblem(
                f"“{path.name}” needs a column onset and a column description or HED: add them, or choose another."
            )
        return tuple(_mark(row, names, described, table.line_num, path.name, duration) for row in table)
    except csv.Error as error:
        raise FileProblem(f"“{path.name}” is no table of marks: choose another file.", str(error)) from error


def _mark(
    row: dict[str, str], names: dict[str, str], described: str | None, line: int, file: str, duration: float
) -> Mark:  # fmt: skip
    def value(name: str) -> str:
        cell = (row.get(names[name]) or "").strip() if name in names else ""
        return "" if cell == "n/a" else cell

    where = f"“{file}”, line {line}"
    start, lasts = _seconds(value("onset"), where), _seconds(value("duration"), where) if value("duration") else 0.0
    if not 0.0 <= start <= duration or lasts < 0.0:
        raise FileProblem(
            f"{where}: {start:g} s lies outside the recording: correct it, or choose the file of this one."
        )
    text = (row.get(described) or "").strip()[:LONGEST_TEXT] if described is not None else ""
    said: Decision = next((d for d in DECISIONS if d == value("decision")), "")
    text, decision = hed.read(value("hed"), "" if text == "n/a" else text, said if "decision" in names else None)
    named = {part.strip() for part in value("criteria").split(";")}
    channel, made = value("channel"), value("reconstructed") == "yes"
    if "reconstructed" not in names:
        channel, made = unmarked(channel)
    return Mark(
        uuid.uuid4().hex[:16], start, text, lasts, channel[:80], made, decision,
        value("by")[:80], value("at")[:40], tuple(c for c in IFCN_CRITERIA if c in named),
        value("meeting") == "yes",
    )  # fmt: skip


def _seconds(text: str, where: str) -> float:
    if text.casefold() == "n/a":
        return 0.0
    try:
        found = float(text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise FileProblem(f"{where}: “{text[:20]}” is no time in seconds: correct it, or choose another file.")
    return found
