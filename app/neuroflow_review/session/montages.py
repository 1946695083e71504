"""A reader's own montages: kept one a file in a folder beside the settings, read at the start, given away and taken in.

Each file is written whole or not at all. One that is damaged is set aside under another name and said to be; one of a
later version is left alone. A montage has a digit of its own, so that its key never moves when others come and go.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from neuroflow.errors import FileProblem, LaterFormat, Unreadable
from neuroflow.io.montage_file import (
    MOST_KEYS,
    MOST_MONTAGES,
    read_kept,
    read_montages,
    write_montages,
)
from neuroflow.jobs import Control
from neuroflow.signal.derivation import LONGEST_NAME, OwnMontage
from neuroflow_review.display import MONTAGE_NAMES
from neuroflow_review.lanes import Failure, Lane

log = logging.getLogger(__name__)

FOLDER: Final = "montages"
_SHIPPED = {name.casefold() for name in (*MONTAGE_NAMES, *MONTAGE_NAMES.values())}


@dataclass(frozen=True, slots=True)
class _Kept:
    montage: OwnMontage
    key: int
    path: Path | None


class Montages(QObject):
    """The reader's montages by name; ``folder`` is the one of the settings, None keeps them in memory only."""

    changed = Signal()

    def __init__(self, folder: Path | None, lane: Lane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder / FOLDER if folder is not None else None
        self._lane = lane
        self._kept: dict[str, _Kept] = {}
        self.notice = ""
        """What a reader should know of what was read at the start, in a sentence."""
        if self._folder is not None:
            self._read(self._folder)

    @property
    def all(self) -> tuple[OwnMontage, ...]:
        """In the order of their keys, those without one by name at the end."""
        ordered = sorted(self._kept.values(), key=lambda k: (k.key or MOST_KEYS + 1, k.montage.name.casefold()))
        return tuple(kept.montage for kept in ordered)

    def get(self, name: str) -> OwnMontage | None:
        kept = self._kept.get(name)
        return kept.montage if kept is not None else None

    def key_of(self, name: str) -> int:
        """The digit of a montage's shortcut, 0 where there was none left."""
        kept = self._kept.get(name)
        return kept.key if kept is not None else 0

    def free_name(self, name: str, others: Collection[str] = ()) -> str:
        """The name, with a number behind it where it is taken, or one of ``others``."""
        made, number = name, 1
        plain = re.sub(r" \(\d+\)$", "", name)
        also = {other.casefold() for other in others}
        while self._is_taken(made) or made.casefold() in also:
            number += 1
            end = f" ({number})"
            made = f"{plain[: LONGEST_NAME - len(end)].rstrip()}{end}"
        return made

    def save(self, montage: OwnMontage, instead_of: str = "") -> None:
        """Keep a montage, in the place of the one of the name ``instead_of`` where that is given.

        Raises: ValueError where the name is taken; FileProblem where it cannot be written, and nothing has changed.
        """
        before = self._kept.get(instead_of)
        if montage.name.casefold() != instead_of.casefold() and self._is_taken(montage.name):
            raise ValueError(f"There is a montage called “{montage.name}”: choose another name.")
        if before is None and len(self._kept) >= MOST_MONTAGES:
            raise ValueError(f"{MOST_MONTAGES} montages are kept at most: delete one first.")
        key = before.key if before is not None else self._free_key()
        path = None
        if self._folder is not None:
            path = self._folder / _file_name(montage.name)
            self._write(montage, path, key)
        if before is not None:
            del self._kept[instead_of]
            if before.path is not None and before.path != path:
                self._drop(before.path)
        self._kept[montage.name] = _Kept(montage, key, path)
        self.changed.emit()

    def remove(self, name: str) -> None:
        """Delete a montage, and its file. Raises: FileProblem where that stays."""
        path = self._kept[name].path
        if path is not None:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise FileProblem(
                    f"“{name}” could not be deleted: give yourself the right to write in {path.parent}.", str(error)
                ) from error
        del self._kept[name]
        self.changed.emit()

    def export(
        self, montages: Sequence[OwnMontage], path: Path, done: Callable[[int], None],
        failed: Callable[[Failure], None],
    ) -> None:  # fmt: skip
        """Write montages to a file in the background; callbacks come in the GUI thread."""
        self._lane.submit(("montages", path), partial(_export, tuple(montages), path), done=done, failed=failed)

    def take(
        self, path: Path, done: Callable[[tuple[OwnMontage, ...]], None], failed: Callable[[Failure], None]
    ) -> None:
        """Read montages from a file in the background; they are kept by :meth:`save`."""
        self._lane.submit(("montages", path), partial(_import, path), done=done, failed=failed)

    # Keeping ----------------------------------------------------------------------------------------------------------

    def _read(self, folder: Path) -> None:
        said = []
        with contextlib.suppress(OSError):
            for path in sorted(folder.glob("*.json"))[: 4 * MOST_MONTAGES]:
                try:
                    montage, key = read_kept(path)
                except (LaterFormat, Unreadable) as problem:
                    said.append(problem.text)
                except FileProblem as problem:
                    log.info("a montage was not read: %s", problem.detail or problem.text)
                    said.append(_set_aside(path))
                else:
                    montage = replace(montage, name=self.free_name(montage.name))
                    taken = {kept.key for kept in self._kept.values()}
                    self._kept[montage.name] = _Kept(montage, 0 if key in taken else key, path)
        if said:
            self.notice = said[0] + (f" (and {len(said) - 1} more)" if len(said) > 1 else "")

    def _is_taken(self, name: str) -> bool:
        name = name.casefold()
        return name in _SHIPPED or any(name == kept.casefold() for kept in self._kept)

    def _free_key(self) -> int:
        taken = {kept.key for kept in self._kept.values()}
        return next((key for key in range(1, MOST_KEYS + 1) if key not in taken), 0)

    @staticmethod
    def _write(montage: OwnMontage, path: Path, key: int) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileProblem(
                f"“{path.parent}” could not be made: give yourself the right to write there.", str(error)
            ) from error
        write_montages([montage], path, key)

    @staticmethod
    def _drop(path: Path) -> None:
        """The file of the name before: where it stays it is read as a montage of its own, and can be deleted."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.info("the file of a montage's former name stays: %s", error)


def _file_name(name: str) -> str:
    """A name that every system takes, and that says which montage it is of."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:LONGEST_NAME] or "montage"
    return f"{plain}-{hashlib.sha256(name.casefold().encode()).hexdigest()[:8]}.json"


def _set_aside(path: Path) -> str:
    """Keep a damaged file under a name that is not read, and say so."""
    aside = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    try:
        os.replace(path, aside)
    except OSError:
        return f"The montage in {path} is damaged and is left out."
    return f"The montage in {path.name} is damaged and was kept as {aside}."


def _export(montages: tuple[OwnMontage, ...], path: Path, _: Control) -> int:
    write_montages(montages, path)
    return len(montages)


def _import(path: Path, _: Control) -> tuple[OwnMontage, ...]:
    return read_montages(path)
