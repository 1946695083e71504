"""A file to its last byte: a recording's identity is of stretches of it, and does not see what is changed elsewhere."""

from __future__ import annotations

import hashlib
from pathlib import Path

from msgspec import Struct

from neuroflow.errors import FileProblem
from neuroflow.jobs import Control

_BLOCK = 1 << 20  # a page that is turned waits for one at most


class Whole(Struct, frozen=True):
    """A file as it was: its size in bytes, when it was last written (ns since 1970), and the sha256 of all of it."""

    size: int
    written: int
    sha256: str


def whole_of(path: Path, before: Whole | None = None, control: Control | None = None) -> Whole:
    """Read all of a file, unless it is as large as ``before`` and was not written to since.

    That is ``before`` itself then: who changes a file and sets its time back is not found out. Raises: FileProblem,
    Cancelled.
    """
    found = hashlib.sha256()
    try:
        with path.open("rb", buffering=0) as file:
            said = path.stat()
            if before is not None and (said.st_size, said.st_mtime_ns) == (before.size, before.written):
                return before
            while block := file.read(_BLOCK):
                found.update(block)
                if control is not None:
                    control.give_way()
    except OSError as error:
        raise FileProblem(f"“{path.name}” could not be read: check that its drive is connected.", str(error)) from error
    return Whole(said.st_size, said.st_mtime_ns, found.hexdigest())
