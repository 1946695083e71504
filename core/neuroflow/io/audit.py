"""The audit log of a recording's marks: who changed what, when, from what to what, each entry sealed to the one before.

``NAME.edf.audit.jsonl`` beside the review file, one JSON object a line, only ever appended to: ``n`` (from 1), ``at``
(UTC), ``by``, ``what``, ``before`` and ``after`` (marks), ``previous`` (the seal of the entry before, empty for the
first) and ``seal``, the sha256 of the entry without it, keys sorted, no spaces. The review file holds how many entries
there are and the last seal, so that an end that was cut off, or a log that was written anew, shows as well. Whoever
goes on with such a log says so in it first: an entry ``what`` of which is :data:`BREAK`, with the ``expected`` entries
and seal.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from neuroflow.errors import FileProblem
from neuroflow.review.document import Change

SUFFIX = ".audit.jsonl"
LARGEST = 1 << 30
BREAK = "the log was cut off or changed"


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


def append(path: Path, changes: Sequence[tuple[Change, str, str]], expected: Seal | None = None) -> Seal:
    """Append changes, each with who and when; returns how far the log goes now.

    What a crash left of a last line is cut off first. Where the log is not the one that was ``expected``, as the review
    file says, that is said in it before anything else. Raises: FileProblem.
    """
    try:
        broken = not goes_on(path, expected)
        with path.open("a+b") as file:
            ending, end = _last(file)
            if ending is None:  # what follows is numbered on from there, after a word on it
                if expected is None or not expected.entries:
                    raise ValueError("its last line is no entry of a log")
                file.seek(0)
                broken, ending = True, Seal(sum(1 for _ in file), "")
            last = ending
            file.truncate(end)
            if broken and expected is not None:
                at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                last = _write(file, last, {"at": at, "by": "", "what": BREAK, "before": [], "after": [],
                                           "expected": [expected.entries, expected.seal]})  # fmt: skip
            for change, by, at in changes:
                last = _write(file, last, {"at": at, "by": by, "what": change.what,
                                           "before": msgspec.to_builtins(change.before),
                                           "after": msgspec.to_builtins(change.after)})  # fmt: skip
            file.flush()
            os.fsync(file.fileno())
            return last
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileProblem(
            f"The audit log “{path.name}” cannot be continued: make room, or check who may write to it.", str(error)
        ) from error


def goes_on(path: Path, expected: Seal | None) -> bool:
    """Whether a log still holds what it held when the review file was sealed; it may hold more, as after a crash.

    Raises: FileProblem where the system does not say.
    """
    if expected is None or not expected.entries:
        return True
    try:
        with path.open("rb") as file:
            if _last(file)[0] == expected:
                return True
            file.seek(0)
            line = next(itertools.islice(file, expected.entries - 1, None), b"")
        return line.endswith(b"\n") and bool(json.loads(line)["seal"] == expected.seal)
    except (FileNotFoundError, ValueError, KeyError, TypeError, RecursionError):
        return False
    except OSError as error:
        raise FileProblem(
            f"The audit log “{path.name}” cannot be read now: check that its drive is connected.", str(error)
        ) from error


def _write(file: Any, last: Seal, said: dict[str, Any]) -> Seal:
    entry = {"n": last.entries + 1, **said, "previous": last.seal}
    seal = _seal(entry)
    file.write(json.dumps({**entry, "seal": seal}, ensure_ascii=False).encode() + b"\n")
    return Seal(last.entries + 1, seal)


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
                if expected is not None and number == expected.entries and found != expected:
                    return Verdict(Seal(), "the review file was sealed with another log")
    except OSError as error:
        raise FileProblem(f"There is no readable audit log “{path.name}”: check its name.", str(error)) from error
    if expected is not None and expected.entries > found.entries:
        gone = expected.entries - found.entries
        return Verdict(found, f"the last {gone} of {expected.entries} entries are missing")
    return Verdict(found)


def _fault(line: bytes, number: int, previous: str) -> str:
    """What is wrong with a line, or nothing."""
    if not line.endswith(b"\n"):
        return f"line {number} is cut off, as by a crash while it was written"
    try:
        entry = json.loads(line)
        seal = entry.pop("seal")
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return f"line {number} is no entry"
    if entry.get("n") != number or entry.get("previous") != previous:
        return f"line {number} does not follow the one before: an entry was removed, added or moved"
    if seal != _seal(entry):
        return f"line {number} was changed after it was written"
    if entry.get("what") == BREAK:
        return f"line {number} says that the log was cut off or changed before it"
    return ""


def _seal(entry: dict[str, Any]) -> str:
    text = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _last(file: Any) -> tuple[Seal | None, int]:
    """The last whole entry of an open log, None where the last line is none, and where it ends, in bytes.

    Half a line may stand after it.
    """
    size = file.seek(0, os.SEEK_END)
    step, tail = 1 << 16, b""
    while size and tail.count(b"\n") < 2 and len(tail) < size:
        step *= 2
        file.seek(max(size - step, 0))
        tail = file.read(min(step, size))
    whole = tail.rfind(b"\n") + 1
    lines = tail[:whole].splitlines()
    file.seek(0, os.SEEK_END)
    if not lines:
        return Seal(), size - len(tail) + whole
    end = size - len(tail) + whole
    try:
        entry = json.loads(lines[-1])
        return Seal(int(entry["n"]), str(entry["seal"])), end
    except (ValueError, KeyError, TypeError, RecursionError):
        return None, end
