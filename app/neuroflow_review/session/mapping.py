"""Channels mapped by hand, remembered beside the settings and applied to a recording when it is opened.

Read and written in workers only. The file is read anew each time: another window may have written it meanwhile.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from neuroflow.anatomy.mapping import (
    Assignment,
    ChannelKey,
    MappedSource,
    laboratory_of,
    mapped,
)
from neuroflow.errors import FileProblem, LaterFormat, Unreadable
from neuroflow.io.mapping_file import Laboratory, read_mapping, said_of, write_mapping
from neuroflow.recording import Recording, SignalSource

log = logging.getLogger(__name__)

FILE: Final = "channels.json"


class ChannelMapping:
    """What readers said of channels; ``folder`` is the one of the settings, None keeps it in memory only."""

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / FILE if folder is not None else None
        self._unwritten: dict[str, Laboratory] = {}
        self._busy = threading.Lock()
        self.notice = ""
        """What a reader should know of the file, in a sentence; whoever says it empties it."""

    def applied(self, source: SignalSource) -> MappedSource:
        """The source with what was said of its channels."""
        with self._busy:
            kept = self._read()
        return mapped(source, said_of(source.recording, kept))

    def keep(self, recording: Recording, said: Mapping[ChannelKey, Assignment]) -> None:
        """Remember what was said of the channels of a recording, as its file has them, for its laboratory.

        Raises: FileProblem where it could not be written; it holds until the program ends all the same.
        """
        key = laboratory_of(recording.channels)
        made = Laboratory(key, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", dict(said))
        with self._busy:
            self._unwritten.pop(key, None)
            self._unwritten[key] = made
            if self._path is None:
                return
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise FileProblem(
                    f"“{self._path.parent}” could not be made, so that channels are not remembered.", str(error)
                ) from error
            if self._is_foreign():
                raise FileProblem(
                    f"“{self._path}” is of a later version or cannot be read, so that channels are not remembered: "
                    "update the program, or look after that file."
                )
            write_mapping(self._read(), self._path)
            self._unwritten.clear()

    def _read(self) -> tuple[Laboratory, ...]:
        """All that is known, the latest last; a damaged file is set aside."""
        kept: tuple[Laboratory, ...] = ()
        if self._path is not None:
            try:
                kept = read_mapping(self._path)
            except (LaterFormat, Unreadable) as problem:
                self.notice = problem.text
            except FileProblem as problem:
                log.info("channels mapped by hand were not read: %s", problem.detail or problem.text)
                self.notice = _set_aside(self._path)
        return (*(lab for lab in kept if lab.key not in self._unwritten), *self._unwritten.values())

    def _is_foreign(self) -> bool:
        """Whether there is a file that must not be written over."""
        assert self._path is not None
        try:
            read_mapping(self._path)
        except (LaterFormat, Unreadable):
            return True
        except FileProblem:
            return False  # damaged: it is set aside
        return False


def _set_aside(path: Path) -> str:
    aside = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    try:
        os.replace(path, aside)
    except OSError:
        return f"What was said of channels in {path} is damaged and is left out."
    return f"What was said of channels in {path.name} is damaged and was kept as {aside}."
