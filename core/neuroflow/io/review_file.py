"""The review file: a reader's marks beside the recording, as JSON, written whole or not at all.

``NAME.edf.review.json``; where the recording's folder cannot be written, or a folder was chosen for all, a file of that
recording's identity in a folder of the reader's. The version before is kept as ``….previous``. Format 6: ``format``,
``program``, ``recording`` (name, identity, duration in seconds, and the :class:`neuroflow.io.whole.Whole` of it that
the marks were made on), ``saved`` (UTC, when the reader had made these marks: where there are two files, the later
holds), ``marks`` (:class:`neuroflow.review.Mark`), ``left`` (:class:`neuroflow.review.Left`) and ``audit`` (entries and
last seal of the log that :mod:`neuroflow.io.audit` keeps beside it). Format 1 had no criteria of discharges, format 2
no ``left``, format 3 no ``whole``, format 4 neither moments for the meeting nor blinded readings, format 5 neither
implant, band nor version of a reconstruction; they are read, and written as format 6 at the next edit. Of a file of a
later format the marks that can be understood are shown, and it is never written over. ``docs/review-file.md`` says it
for other programs.
"""

from __future__ import annotations

import contextlib
import glob
import heapq
import math
import os
import re
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from neuroflow import __version__
from neuroflow.errors import FileProblem
from neuroflow.io.audit import Seal
from neuroflow.io.whole import Whole
from neuroflow.recording import Recording
from neuroflow.review.document import LONGEST_NAME, Document, Mark, checked, document_of
from neuroflow.review.left import Left, checked_left

FORMAT = 6
SUFFIX = ".review.json"
LARGEST = 256 << 20
CHANGED = "This recording has changed since its marks were made: check that they are where they should be."


class _About(Struct, frozen=True, omit_defaults=True):
    name: str
    identity: str
    duration: float
    whole: Whole | None = None


class _Marks(Struct, frozen=True):
    format: int
    program: str
    recording: _About
    saved: str
    marks: tuple[Mark, ...]
    audit: Seal = Seal()


class _Review(_Marks, frozen=True):
    left: Left | None = Left()


class _Format(Struct):
    format: int


class _Later(Struct):
    """As much of a file of a later format as is hoped for: each mark is understood on its own."""

    marks: tuple[msgspec.Raw, ...] = ()
    recording: _About = _About("", "", 0.0)


class _LaterFormat(Exception):
    """A review file of a later format than this version writes, with its number and what it holds."""

    def __init__(self, number: int, data: bytes) -> None:
        super().__init__(f"format {number}")
        self.data = data


_MOST_LOOKED_AT = 64
_DAMAGED = (ValueError, RecursionError, msgspec.MsgspecError)
_UNREADABLE = (OSError, *_DAMAGED, _LaterFormat)


@dataclass(frozen=True, slots=True)
class Review:
    """What was read: the document, where it is kept, and in a sentence what a reader should know of it.

    ``writable`` is false for a file of a later format, which is never changed, and for one that the system does not
    give now. ``left`` is None where nothing was kept yet. ``audit`` is how far the log beside ``path`` goes;
    ``made_on`` is the identity of the recording that the marks were made on, where it is another than this one, and
    ``whole`` all of it.
    """

    document: Document
    path: Path
    notice: str = ""
    writable: bool = True
    left: Left | None = None
    audit: Seal = field(default_factory=Seal)
    made_on: str = ""
    whole: Whole | None = None


def place_of(recording: Recording, folder: Path, chosen: Path | None = None) -> Path:
    """Where :func:`read_review` finds or puts the marks: what is locked before they are read."""
    places = _places(recording, folder, chosen)
    path = _latest(places)
    return places[0] if path is None else _writable(path, places)


def read_review(recording: Recording, folder: Path, chosen: Path | None = None, *, held: bool = True) -> Review:
    """The marks of a recording: in the ``chosen`` folder, beside it, or in a ``folder`` of the reader's.

    Where there are none yet, the first of these that takes files; where there are some, they stay. Whoever is to change
    them locks :func:`place_of` first: what is read before that may be old by then. Only with that lock (``held``) is a
    damaged file set aside.
    """
    review = _review(recording, folder, chosen, held)
    if chosen is None or _takes_files(chosen):
        return review
    why = f"The folder chosen for marks, “{chosen}”, cannot be written to: they are kept as if none were chosen."
    return replace(review, notice=f"{why} {review.notice}".rstrip())


def _review(recording: Recording, folder: Path, chosen: Path | None, held: bool) -> Review:
    places = _places(recording, folder, chosen)
    path = _latest(places)
    if path is None:
        folders = [folder] if chosen is None else [folder, chosen]
        return Review(Document(), places[0], _of_that_name(recording, folders))
    try:
        found = _read(path)
    except _LaterFormat as later:
        return _of_later(later, recording, path)
    except OSError as error:
        return Review(
            Document(), path, f"The marks in {path.name} cannot be read now ({_reason(error)}), and are left as they "
            "are: open the recording again when they can be; until then none are shown and none can be made.",
            writable=False,
        )  # fmt: skip
    except _DAMAGED:
        return _without(recording, path, held)
    notice, left = "", found.left
    if left is None:
        notice = "How this recording was left cannot be read: it opens as it was left before; its marks are all there."
        with contextlib.suppress(*_UNREADABLE):
            left = _read(_previous(path)).left
    notice = f"{_changed(found, recording)} {notice}".strip()
    goes_to = _writable(path, places)
    seal = found.audit if goes_to == path else Seal()
    made_on = found.recording.identity if _changed(found, recording) else ""
    whole = found.recording.whole
    return Review(document_of(found.marks), goes_to, notice, left=left, audit=seal, made_on=made_on, whole=whole)


def write_review(
    recording: Recording, document: Document, path: Path, seal: Seal | None = None, made: float | None = None,
    left: Left | None = None, whole: Whole | None = None,
) -> None:  # fmt: skip
    """Write the marks in one step, keeping the version before; ``seal`` is how far their audit log goes.

    The identity of the recording that is written, and ``whole``, are of the one that they were made on.

    ``made``, in seconds since 1970, is when there were these marks: now, unless a drive took them only later.
    Raises: FileProblem.
    """
    moment = datetime.now(UTC) if made is None else datetime.fromtimestamp(made, UTC)
    review = _Review(
        FORMAT,
        f"NeuroFlow Review {__version__}",
        _About(_name_of(recording), recording.identity, recording.duration, whole),
        moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        tuple(sorted(document, key=lambda mark: (mark.start, mark.id))),
        seal or Seal(),
        left or Left(),
    )
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(review), indent=1))
            file.flush()
            os.fsync(file.fileno())
        if path.is_file():
            with contextlib.suppress(OSError):
                _keep_previous(path)
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise FileProblem(
            f"The marks could not be saved to “{path.parent}”: make room there or give the right to write; they are "
            "kept in the window, and saving is tried again at the next edit.",
            str(error),
        ) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def read_marks_of_review(path: Path) -> tuple[Mark, ...]:
    """All marks of a review file, wherever they lie, each with an identifier of its own.

    Raises: FileProblem.
    """
    try:
        marks = _read(path).marks
    except _UNREADABLE as error:
        raise FileProblem(
            f"“{path.name}” is no review file that can be read: choose another file.", str(error)
        ) from error
    return tuple(msgspec.structs.replace(mark, id=uuid.uuid4().hex[:16]) for mark in marks)


def sealed(path: Path) -> Seal | None:
    """How far the audit log goes, as the review file says; None where it cannot be read."""
    try:
        return _read(path).audit
    except _UNREADABLE:
        return None


def is_writable(folder: Path) -> bool:
    """Whether a file can be made in a folder; asked of the system by making one."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".neuroflow-"):
            return True
    except OSError:
        return False


def _latest(places: Sequence[Path]) -> Path | None:
    """The file whose marks were made last, None where there is none."""
    there = [place for place in places if _is_there(place)]
    return max(there, key=_moment) if len(there) > 1 else next(iter(there), None)


def _is_there(path: Path) -> bool:
    """Whether there is a file, as far as the system says: one that it hides now must not be taken for none."""
    try:
        return path.is_file()
    except OSError:
        return True


def _moment(path: Path) -> float:
    """When the marks of a file had been made, in seconds since 1970; where it does not say, when it was written.

    By the file's word first: a drive that stalled may take an old version after a newer one went elsewhere.
    """
    with contextlib.suppress(*_UNREADABLE):
        said = datetime.fromisoformat(_read(path).saved)
        return said.replace(tzinfo=said.tzinfo or UTC).timestamp()
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return -math.inf


def _read(path: Path) -> _Review:
    if path.stat().st_size > LARGEST:
        raise ValueError("too large for a file of marks")
    data = path.read_bytes()
    declared = msgspec.json.decode(data, type=_Format).format
    if declared > FORMAT:
        raise _LaterFormat(declared, data)
    found = msgspec.json.decode(data, type=_Marks)
    about = found.recording
    if max(map(len, (found.program, found.saved, about.name, about.identity, found.audit.seal))) > LONGEST_NAME:
        raise ValueError("longer words about a recording than there are")
    if about.whole is not None and re.fullmatch("[0-9a-f]{64}", about.whole.sha256) is None:
        raise ValueError("no hash of a recording")
    document_of(found.marks)
    left = None
    with contextlib.suppress(ValueError, msgspec.MsgspecError):  # marks are worth more than where they were left
        left = checked_left(msgspec.json.decode(data, type=_Review).left or Left())
    return _Review(**msgspec.structs.asdict(found), left=left)


def _without(recording: Recording, path: Path, held: bool) -> Review:
    """What to do about a damaged file: set it aside, and go on from the version before it where that is sound.

    Who has no lock leaves it: another window may be about to do the same.
    """
    aside = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    previous = _previous(path)
    shown = Review(Document(), path)
    whence = "there is no earlier version, so that there are no marks"
    with contextlib.suppress(*_UNREADABLE):
        found = _read(previous)
        whence = f"the version before it, saved {found.saved[:19]} UTC, is shown. {_changed(found, recording)}"
        made_on = found.recording.identity if _changed(found, recording) else ""
        shown = Review(
            document_of(found.marks), path, left=found.left, audit=found.audit, made_on=made_on,
            whole=found.recording.whole,
        )  # fmt: skip
    whence = whence.strip().removesuffix(".")
    if not held:
        return replace(shown, notice=f"The marks in {path.name} are damaged; {whence}.", writable=False)
    try:
        os.replace(path, aside)
    except OSError:
        notice = f"The marks in {path.name} are damaged and cannot be set aside; {whence}."
        return replace(shown, notice=notice, writable=False)
    return replace(shown, notice=f"The marks in {path.name} are damaged and were kept as {aside.name}; {whence}.")


def _of_later(later: _LaterFormat, recording: Recording, path: Path) -> Review:
    """The marks of a file of a later format, as far as they are understood, to look at."""
    why = f"The marks in {path.name} are of a later version ({later}): "
    try:
        found = msgspec.json.decode(later.data, type=_Later)
    except _DAMAGED:
        return Review(Document(), path, f"{why}update the program to see and change them.", writable=False)
    understood: dict[str, Mark] = {}
    for raw in found.marks:
        with contextlib.suppress(*_DAMAGED):
            mark = checked(msgspec.json.decode(raw, type=Mark))
            understood.setdefault(mark.id, mark)
    document = document_of(understood.values())
    shown = "all are shown" if len(document) == len(found.marks) else f"{len(document)} of {len(found.marks)} are shown"
    known = "what they say beyond that is not, and none can be changed; update the program for both."
    return Review(document, path, f"{why}{shown}, {known} {_changed(found, recording)}".rstrip(), writable=False)


def _changed(found: _Marks | _Later, recording: Recording) -> str:
    """That the recording is not the one that there are marks of, in a sentence; empty where it is, or is not said."""
    if found.recording.identity in ("", recording.identity) or not found.marks:
        return ""
    return CHANGED


def _of_that_name(recording: Recording, folders: Sequence[Path]) -> str:
    """In a sentence, which file of the reader's folders has marks of a recording of that name; empty for none.

    There files are named by identity: a recording that changed finds none of its own.
    """
    name = b'"name": ' + msgspec.json.encode(_name_of(recording))
    found = [path for path in _newest(folders) if name in _head(path)]
    if not found:
        return ""
    path = max(found, key=_moment)
    return (
        f"There are no marks of this recording, but of another that is called {recording.path.name}, or of this one "
        f"before it changed: Import marks… takes them up from {path}."
    )


def _name_of(recording: Recording) -> str:
    """What its file is called, as JSON can say it: on Linux a name is bytes, and old servers have others than UTF-8."""
    return recording.path.name.encode(errors="replace").decode()


def _newest(folders: Sequence[Path]) -> list[Path]:
    """The review files that were written last: a recording is not kept waiting for thousands on a network."""
    found: list[tuple[float, str]] = []
    for folder in folders:
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            found += [(entry.stat().st_mtime, entry.path) for entry in entries if entry.name.endswith(SUFFIX)]
    return [Path(path) for _, path in heapq.nlargest(_MOST_LOOKED_AT, found)]


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4096)
    except OSError:
        return b""


def _reason(error: OSError) -> str:
    """What the system says, without the path that it may name."""
    return error.strerror or type(error).__name__


def _places(recording: Recording, folder: Path, chosen: Path | None) -> list[Path]:
    """Where marks may be, the place where they should be first."""
    name = f"{recording.identity}{SUFFIX}"
    own, beside = folder / name, recording.path.with_name(recording.path.name + SUFFIX)
    usual = not _belongs_to_program(recording.path) and is_writable(beside.parent)
    places = [beside, own] if usual else [own, beside]
    if chosen is None:
        return places
    return [chosen / name, *places] if _takes_files(chosen) else [*places, chosen / name]


def _takes_files(folder: Path) -> bool:
    """Whether files can be put into a folder, which is made where it is missing."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return is_writable(folder)


def _writable(path: Path, places: Sequence[Path]) -> Path:
    return path if is_writable(path.parent) else places[0]


def _belongs_to_program(path: Path) -> bool:
    """The demonstration is the program's, not the reader's: nothing is written beside it."""
    from importlib.resources import files

    return Path(str(files("neuroflow_resources"))).resolve() in path.resolve().parents


def _sweep(path: Path) -> None:
    """Remove what a killed process left: whoever writes marks holds their lock, so that nobody else is at it."""
    for left in (*path.parent.glob(f".{glob.escape(path.name)}-*"), path.with_name(f".{path.name}.link")):
        with contextlib.suppress(OSError):
            left.unlink(missing_ok=True)


def _previous(path: Path) -> Path:
    return path.with_name(path.name + ".previous")


def _keep_previous(path: Path) -> None:
    """A second name for the version that is about to be replaced; a copy where the system has no links."""
    previous, link = _previous(path), path.with_name(f".{path.name}.link")
    link.unlink(missing_ok=True)
    try:
        os.link(path, link)
    except OSError:
        link.write_bytes(path.read_bytes())
    os.replace(link, previous)
    # Two names of one file, as a kill between two steps may leave them, are not moved onto one another by POSIX.
    link.unlink(missing_ok=True)
