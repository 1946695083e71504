"""The lock on a recording's marks: one window at a time may change them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QLockFile, QSysInfo


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, in words; ``elsewhere`` where no system here can say whether that program still runs.

    A lock of this computer whose program is gone is stale, and nobody's. One of another computer, or one that names
    nobody, would be held for ever after a crash: only a reader knows.
    """

    words: str
    elsewhere: bool


def lock_on(place: Path) -> QLockFile:
    """The lock of a review file, not taken yet."""
    lock = QLockFile(f"{place}.lock")
    lock.setStaleLockTime(0)  # never by age: a lock is stale where its process is gone
    return lock


def holder_of(lock: QLockFile) -> Holder:
    """Whose lock it is that could not be taken."""
    pid, host, _program = lock.getLockInfo()
    if not host:
        return Holder("another program", elsewhere=True)
    return Holder(f"process {pid} on {host}", elsewhere=host != QSysInfo.machineHostName())
