"""The file of channels mapped by hand: what a reader said of each laboratory's labels, as JSON, whole or not at all.

Format 1: ``format``, ``laboratories`` (the one changed last at the end), each with ``key`` (of
:func:`neuroflow.anatomy.mapping.laboratory_of`), ``saved`` (UTC) and ``channels``: ``label`` as in the file, ``copy``
(which of equal labels), ``name``, ``kind`` and ``reference``. The file is hostile until checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec import Struct

from neuroflow.anatomy.mapping import (
    Assignment,
    ChannelKey,
    MappedSource,
    is_unrecognised,
    keys_of,
    laboratory_of,
    mapped,
    problem_with,
)
from neuroflow.errors import FileProblem, LaterFormat, Unreadable
from neuroflow.io.edf_writer import write_whole
from neuroflow.recording import ChannelKind, Recording, SignalSource

FORMAT = 1
LARGEST = 8 << 20
MOST_LABORATORIES = 200
MOST_CHANNELS = 4096
_LONGEST_LABEL = 256


@dataclass(frozen=True)
class Laboratory:
    """What was said of a laboratory's channels, and when (UTC)."""

    key: str
    saved: str
    said: Mapping[ChannelKey, Assignment]


class _Channel(Struct, frozen=True, omit_defaults=True):
    label: str
    name: str
    kind: ChannelKind
    reference: str = ""
    copy: int = 1


class _Laboratory(Struct, frozen=True):
    key: str
    saved: str
    channels: tuple[_Channel, ...]


class _File(Struct, frozen=True):
    format: int
    laboratories: tuple[_Laboratory, ...]


class _Format(Struct):
    format: int


def read_mapping(path: Path) -> tuple[Laboratory, ...]:
    """All that was said, the latest last; nothing where there is no file.

    Raises: FileProblem, among them Unreadable and LaterFormat.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise FileProblem(f"“{path.name}” is too large to hold what was said of channels.")
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise Unreadable(f"“{path}” could not be read: check that you may read it.", str(error)) from error
    try:
        declared = msgspec.json.decode(data, type=_Format).format
        if declared > FORMAT:
            raise LaterFormat(f"“{path.name}” is of a later version (format {declared}): update the program to use it.")
        found = msgspec.json.decode(data, type=_File)
        if len(found.laboratories) > MOST_LABORATORIES:
            raise ValueError("too many laboratories")
        return tuple(_checked(told) for told in found.laboratories)
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise FileProblem(f"“{path.name}” is damaged: what was said of channels is not known.", str(error)) from error


def said_of(recording: Recording, kept: Sequence[Laboratory]) -> dict[ChannelKey, Assignment]:
    """What was said of a recording's channels: of its laboratory, else of labels that say nothing by themselves."""
    key = laboratory_of(recording.channels)
    for laboratory in reversed(kept):
        if laboratory.key == key:
            return dict(laboratory.said)
    by_label: dict[ChannelKey, Assignment] = {}
    for laboratory in kept:
        by_label.update({(_same(label), copy): a for (label, copy), a in laboratory.said.items()})
    found = {}
    for (label, copy), channel in zip(keys_of(recording.channels), recording.channels, strict=True):
        said = by_label.get((_same(label), copy))
        if said is not None and is_unrecognised(channel) and not problem_with(channel, said.kind):
            found[label, copy] = said
    return found


def _same(label: str) -> str:
    return " ".join(label.split()).casefold()


def mapped_by(source: SignalSource, path: Path) -> MappedSource:
    """A source whose channels are what a file says of them. Raises: FileProblem."""
    if not path.is_file():
        raise FileProblem(f"There is no file “{path}” of mapped channels: check its name.")
    return mapped(source, said_of(source.recording, read_mapping(path)))


def write_mapping(laboratories: Sequence[Laboratory], path: Path) -> None:
    """Write what was said, of the laboratories that were changed last where there are too many. Raises: FileProblem."""
    told = _File(
        FORMAT,
        tuple(
            _Laboratory(
                lab.key,
                lab.saved,
                tuple(_Channel(label, a.name, a.kind, a.reference, copy) for (label, copy), a in lab.said.items()),
            )
            for lab in laboratories[-MOST_LABORATORIES:]
        ),
    )
    write_whole(path, msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n")


def _checked(told: _Laboratory) -> Laboratory:
    """Raises: ValueError."""
    if len(told.channels) > MOST_CHANNELS or max(len(told.key), len(told.saved)) > 64:
        raise ValueError("too much of a laboratory")
    said: dict[ChannelKey, Assignment] = {}
    for channel in told.channels:
        if len(channel.label) > _LONGEST_LABEL or not 1 <= channel.copy <= MOST_CHANNELS:
            raise ValueError("no label of a channel")
        said[channel.label, channel.copy] = Assignment(channel.name, channel.kind, channel.reference)
    return Laboratory(told.key, told.saved, said)
