"""The audit log of a recording's marks: who changed what, when, from what to what, each entry sealed to the one before.

``NAME.edf.audit.jsonl`` beside the review file, one JSON object a line, only ever appended to: ``n`` (from 1), ``at``
(UTC), ``by``, ``what``, ``before`` and ``after`` (marks), ``previous`` (the seal of the entry before, empty for the
first) and ``seal``, the sha256 of the entry without it, keys sorted, no spaces. The review file holds how many entries
there are and the last seal, so that an end that was cut off shows as well.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from neuroflow.errors import FileProblem
from neuroflow.review.document import Change

SUFFIX = ".audit.jsonl"
LARGEST = 1 << 30


@dataclass(frozen=True, slots=True)
class Seal:
    """How far a log goes: the number of its entries, and the last one's seal."""

    entries: int = 0
    seal: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a log is whole: how far it can be trusted, and in a sentence what is wrong from there on."""

    seal: Seal
    problem: str = ""


def append(path: Path, changes: Sequence[tuple[Change, str, str]]) -> Seal:
    """Append changes, each with who and when; returns how far the log goes now.

    What a crash left of a last line is cut off first. Raises: FileProblem.
    """
    try:
        with path.open("a+b") as file:
            last = _last(file)
            for change, by, at in changes:
                entry: dict[str, Any] = {
                    "n": last.entries + 1, "at": at, "by": by, "what": change.what,
                    "before": msgspec.to_builtins(change.before), "after": msgspec.to_builtins(change.after),
                    "previous": last.seal,
                }  # fmt: skip
                last = Seal(last.entries + 1, _seal(entry))
                file.write(json.dumps({**entry, "seal": last.seal}, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
            return last
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileProblem(
            f"The audit log “{path.name}” cannot be continued: make room, or check who may write to it.", str(error)
        ) from error


def verify(path: Path, expected: Seal | None = None) -> Verdict:
    """Check every entry against its seal and the one before, and the end against what the review file says.

    Raises: FileProblem where there is no log to read.
    """
    found = Seal()
    try:
        if path.stat().st_size > LARGEST:
            raise FileProblem(f"“{path.name}” is too large to be an audit log: choose another file.")
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                problem = _fault(line, number, found.seal)
                if problem:
                    return Verdict(found, problem)
                found = Seal(number, json.loads(line)["seal"])
    except OSError as error:
        raise FileProblem(f"There is no readable audit log “{path.name}”: check its name.", str(error)) from error
    if expected is not None and expected.entries > found.entries:
        gone = expected.entries - found.entries
        return Verdict(found, f"the last {gone} of {expected.entries} entries are missing")
    if expected is not None and expected.entries == found.entries and expected.seal != found.seal:
        return Verdict(found, "the review file was sealed with another log")
    return Verdict(found)


def _fault(line: bytes, number: int, previous: str) -> str:
    """What is wrong with a line, or nothing."""
    if not line.endswith(b"\n"):
        return f"line {number} is cut off, as by a crash while it was written"
    try:
        entry = json.loads(line)
        seal = entry.pop("seal")
    except (ValueError, KeyError, AttributeError, RecursionError):
        return f"line {number} is no entry"
    if entry.get("n") != number or entry.get("previous") != previous:
        return f"line {number} does not follow the one before: an entry was removed, added or moved"
    return "" if seal == _seal(entry) else f"line {number} was changed after it was written"


def _seal(entry: dict[str, Any]) -> str:
    text = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _last(file: Any) -> Seal:
    """The last whole entry of an open log; half a line after it is cut off."""
    size = file.seek(0, os.SEEK_END)
    step, tail = 1 << 16, b""
    while size and tail.count(b"\n") < 2 and len(tail) < size:
        step *= 2
        file.seek(max(size - step, 0))
        tail = file.read(min(step, size))
    whole = tail.rfind(b"\n") + 1
    if whole < len(tail):
        file.truncate(size - len(tail) + whole)
    lines = tail[:whole].splitlines()
    file.seek(0, os.SEEK_END)
    if not lines:
        return Seal()
    entry = json.loads(lines[-1])
    return Seal(int(entry["n"]), str(entry["seal"]))
