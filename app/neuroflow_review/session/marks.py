"""The reader's marks: read with the recording, undone and redone, saved at every edit in the background."""

from __future__ import annotations

import contextlib
import logging
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from pathlib import Path

import msgspec
from PySide6.QtCore import QLockFile, QObject, QTimer, Signal

from neuroflow.errors import NeuroflowError
from neuroflow.io import review_file
from neuroflow.io.review_file import Review, place_of, read_review
from neuroflow.io.whole import Whole
from neuroflow.recording import Recording, Span
from neuroflow.review import (
    BlindReading,
    Change,
    Document,
    History,
    Left,
    Mark,
    Merger,
    added,
    assessed,
    changed,
    channel_set,
    decided,
    edge_moved,
    for_meeting,
    merger_of,
    removed,
)
from neuroflow.review.document import LONGEST_TEXT, Decision, Edge, own_discharge, with_edge
from neuroflow_review.lanes import Failure, Lanes, within
from neuroflow_review.session.analysis import ONE_DISCHARGE, Spike, strongest
from neuroflow_review.session.desk import Desk
from neuroflow_review.session.elsewhere import read_elsewhere, told, write_elsewhere
from neuroflow_review.session.locks import Holder, holder_of, lock_on
from neuroflow_review.session.wholeness import Wholeness
from neuroflow_review.settings import Settings

log = logging.getLogger(__name__)

_start_of = attrgetter("start")

_PATIENCE = 1.0
"""Seconds that a drive has to take marks when the window or the recording goes; then they go to the reader's folder."""

_SAME_MOMENT = 0.02
"""Seconds by which a discharge that is found again, in another montage say, begins or ends otherwise."""

_LEFT_MILLISECONDS = 500
"""After another montage was chosen, until that is kept: several in a row are one save."""

_NOWHERE = (
    "No marks can be kept here: neither the recording's folder nor yours can be written to; give the right to write to "
    "one of them, and open the recording again."
)

_BLIND = "Blinded reading: marks from elsewhere can be taken up when it is revealed (Ctrl+R)."

_SAID = {"accepted": "accepted", "rejected": "rejected", "unsure": "left open"}


@dataclass(frozen=True, slots=True)
class Kept:
    """What was read of a recording's marks, and the lock that lets this window change them, None without it."""

    review: Review
    lock: QLockFile | None
    holder: Holder | None = None
    """Who has that right, where another has it."""


class Marks(QObject):
    """Marks of the recording that is open. ``failed`` carries a Failure, ``noticed`` a sentence.

    ``changed`` says that there are other marks, ``saved`` that those there are were written, or could not be. ``left``
    says how the recording would be left now; it is kept beside the marks, once there is something to keep.
    """

    changed = Signal()
    channel_set = Signal(str, bool)
    """A channel was set aside (true) or taken back, by the reader or by undo."""
    saved = Signal()
    noticed = Signal(str)
    failed = Signal(object)

    def __init__(
        self,
        lanes: Lanes,
        folder: Path,
        settings: Settings,
        left: Callable[[], Left] = Left,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.lane, self.folder, self._settings, self._left_now = lanes.save, folder, settings, left
        self.wholeness = Wholeness(lanes.whole, self)
        self.wholeness.altered.connect(self._on_altered)
        self.wholeness.known.connect(self._save_whole)
        self.history = History()
        self._recording: Recording | None = None
        self._path: Path | None = None
        self._writable = False
        self.keeps_left = True
        """Whether how the recording is left is kept at all: taking a picture of it changes nothing."""
        self._saved: Document = self.history.document
        self._confirmed: Change | None = None  # that the marks fit, until it is kept
        self._left: Left | None = None  # as it is kept; None where nothing is
        self._kept_whole: Whole | None = None
        self._soon = QTimer(self, singleShot=True, interval=_LEFT_MILLISECONDS)
        self._soon.timeout.connect(self._save_left)
        self._ordered: tuple[Mark, ...] = ()
        self._hidden: tuple[frozenset[str], str] | None = None  # identifiers, and who reads, while it is blind
        self._longest = 0.0
        self._said_unsaved = False
        self._desk = Desk()
        self._lock: QLockFile | None = None
        self._holder: Holder | None = None
        self._taking: tuple[str, Holder] | None = None
        self._why = ""
        self._made_on = ""
        chosen = settings.get("files.reviews")
        self._chosen: Path | None = None
        with contextlib.suppress(RuntimeError):  # of a ~name that is nobody's
            self._chosen = Path(chosen).expanduser().absolute() if chosen else None

    def _reader(self) -> str:
        return str(self._settings.get("reader.name"))

    # What there is ----------------------------------------------------------------------------------------------------

    @property
    def all(self) -> tuple[Mark, ...]:
        """In order of time, without what is hidden."""
        return self._ordered

    @property
    def unsaved(self) -> bool:
        return self.history.document is not self._saved or self._confirmed is not None

    @property
    def writable(self) -> bool:
        """Whether marks can be made: a recording is open, and its marks are not of a later version."""
        return self._writable

    @property
    def notice(self) -> str:
        """What a reader should know of the marks as they were read, in a sentence or two; empty for nothing."""
        return self._why

    @property
    def outdated(self) -> bool:
        """Whether the recording is another than when its marks were made, and nobody said yet that they fit it."""
        if not self._writable or self._recording is None:
            return False
        return self._made_on != self._recording.identity or self.wholeness.differs

    @property
    def was_reconstructed(self) -> bool:
        """Whether something of this recording had been reconstructed when it was last left."""
        return self._left is not None and self._left.reconstruction is not None

    @property
    def to_undo(self) -> str:
        return self.history.to_undo

    @property
    def to_redo(self) -> str:
        return self.history.to_redo

    def find(self, identifier: str) -> Mark | None:
        """The mark of an identifier, None where it is not there."""
        return self.history.document.marks.get(identifier)

    def on(self, span: Span) -> tuple[Mark, ...]:
        """Those that touch a span."""
        first = bisect_left(self._ordered, span.start - self._longest, key=_start_of)
        last = bisect_left(self._ordered, span.stop, lo=first, key=_start_of)
        return tuple(m for m in self._ordered[first:last] if m.start + m.duration >= span.start)

    def decided_near(self, time: float, reconstructed: bool) -> tuple[Mark, ...]:
        """Decisions on the discharge that a channel has at a time, of the scalp or of the reconstruction.

        As near as channels of one discharge are in the list, so that none is about another that is shown apart.
        """
        return self._decided(time - ONE_DISCHARGE, time + ONE_DISCHARGE, reconstructed)

    def decided_on(self, discharge: Sequence[Spike], reconstructed: bool) -> tuple[Mark, ...]:
        """Decisions on a discharge that several channels have: near where it is strongest, or between its ends."""
        first, last = min(s.time for s in discharge), max(s.time for s in discharge)
        within = self._decided(first - _SAME_MOMENT, last + _SAME_MOMENT, reconstructed)
        found = (*self.decided_near(strongest(discharge).time, reconstructed), *within)
        return tuple({mark.id: mark for mark in found}.values())

    def _decided(self, start: float, stop: float, reconstructed: bool) -> tuple[Mark, ...]:
        """Decisions on what begins between two times, both included whatever rounding does."""
        first = bisect_left(self._ordered, start - 1e-9, key=_start_of)
        last = bisect_left(self._ordered, stop + 1e-9, lo=first, key=_start_of)
        return tuple(m for m in self._ordered[first:last] if m.decision and m.reconstructed == reconstructed)

    # Open and close ---------------------------------------------------------------------------------------------------

    def read(self, recording: Recording) -> Kept:
        """In a worker: what is kept of a recording, and the right to change it, which one window has at a time."""
        place = place_of(recording, self.folder, self._chosen)
        kept = self._read_at(place, recording)
        while kept.review.path != place:  # a later version went elsewhere meanwhile
            if kept.lock is not None and kept.lock is not self._lock:
                kept.lock.unlock()
            place = kept.review.path
            kept = self._read_at(place, recording)
        return kept

    def _read_at(self, place: Path, recording: Recording) -> Kept:
        """Lock first, then read: what another window saves before it lets go is then never missed."""
        lock = lock_on(place)
        if self._lock is not None and self._lock.fileName() == lock.fileName():
            # Opened again in the same window.
            return Kept(read_review(recording, self.folder, self._chosen), self._lock)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log.info("no folder takes marks: %s", error.strerror)
            review = read_review(recording, self.folder, self._chosen, held=False)
            return Kept(replace(review, writable=False, notice=f"{_NOWHERE} {review.notice}".rstrip()), None)
        taking, self._taking = self._taking, None
        if taking is not None and taking == (lock.fileName(), holder_of(lock)):
            with contextlib.suppress(OSError):  # some systems keep a file that a program still has open
                Path(lock.fileName()).unlink(missing_ok=True)
        held = lock.tryLock(0)
        review = read_review(recording, self.folder, self._chosen, held=held)
        if held:
            return Kept(review, lock)
        if lock.error() != QLockFile.LockError.LockFailedError:
            return Kept(review, None)  # a folder that takes no lock takes no marks either, and says so at the first
        holder = holder_of(lock)
        notice = f"Marks are being made in another window ({holder.words}): close it to make marks here"
        if taking is not None and taking[0] == lock.fileName():
            notice = f"The lock on the marks is still held, and could not be taken over. {notice}"
        notice += ", or take them over (menu Marks) if it is no longer there." if holder.elsewhere else "."
        return Kept(replace(review, writable=False, notice=f"{notice} {review.notice}".rstrip()), None, holder)

    @property
    def to_take_over(self) -> str:
        """Whose lock keeps marks from being made here that may be left by a crash elsewhere; empty where none does."""
        return self._holder.words if self._holder is not None and self._holder.elsewhere else ""

    def left_again(self, kept: Kept) -> Left:
        """How a recording that is opened again is left: as this window shows it.

        Its blinded reading is that of the file where another window had the right to change it.
        """
        left, there = self._left_here(), kept.review.left
        if there is None or (self._writable and kept.lock is not None and kept.lock is self._lock):
            return left
        return msgspec.structs.replace(left, blinded=there.blinded)

    def take_over(self) -> None:
        """Take that lock when the recording is opened next, unless it is another's by then."""
        if self._path is not None and self._holder is not None and self._holder.elsewhere:
            self._taking = lock_on(self._path).fileName(), self._holder

    def adopt(self, recording: Recording | None, kept: Kept | None) -> None:
        """Another recording and its marks; those of the one before are saved first."""
        self.flush()
        review, lock = (kept.review, kept.lock) if kept is not None else (None, None)
        # Marks that could not be read are not those in the window, whoever holds the lock: what was read now holds.
        again = review is not None and lock is not None and lock is self._lock and self._writable
        if review is not None and again:
            review = replace(review, document=self.history.document)  # what was marked since it was read
        elif lock is not self._lock:
            self._unlock()
        self._lock = lock
        self._holder = kept.holder if kept is not None else None
        self._recording = recording
        self._why = review.notice if review is not None else ""
        if not again:
            self.history = History(review.document if review is not None else None)
            self._left = review.left if review is not None else None
            self._made_on = review.made_on if review is not None else ""
            if recording is not None and not self._made_on:
                self._made_on = recording.identity
        self._path = review.path if review is not None else None
        self._writable = review is not None and review.writable
        self._said_unsaved = False
        if not again:
            self._saved, self._confirmed = self.history.document, None
            self._desk = Desk(review.audit if review is not None else None)
            compared = review is not None and not review.made_on and len(review.document) > 0
            self._kept_whole = review.whole if review is not None and compared else None
            self.wholeness.adopt(recording.path if recording is not None and self._writable else None, self._kept_whole)
        self._order()
        if review is not None and review.notice:
            self.noticed.emit(review.notice)

    def _on_altered(self) -> None:
        self._why = review_file.CHANGED
        self.noticed.emit(self._why)
        self.changed.emit()

    def leave(self) -> None:
        """Save what is not saved, and let others make marks."""
        self.flush()
        self._unlock()

    def _unlock(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            within(_PATIENCE, lock.unlock)

    def flush(self) -> None:
        """Save now what is not saved yet: the window or the recording is about to go, and no drive may hold it up."""
        self._soon.stop()
        left, whole = self._left_here(), self.wholeness.whole
        said = self.unsaved or self._is_news(left)
        read = self._writable and self.keeps_left and whole != self._kept_whole  # which is worth no second place
        if said or read:
            self._write_now(left, whole, anywhere=said)

    def _write_now(self, left: Left, whole: Whole | None, *, anywhere: bool) -> bool:
        """Write before anything else happens, to the reader's folder too where the first place takes nothing."""
        desk, recording, path, document = self._desk, self._recording, self._path, self.history.document
        if recording is None or path is None:
            return False
        marked = self._as_marked(recording)
        own = self.folder / f"{recording.identity}{review_file.SUFFIX}"
        for place in dict.fromkeys((path, own) if anywhere else (path,)):
            problems: list[str] = []
            write = partial(desk.write, desk.turn(), marked, document, left, place, whole)
            try:
                done = within(_PATIENCE, partial(_told, write, problems))
            except NeuroflowError:
                done = False
            if done:
                self._saved, self._left, self._kept_whole, self._confirmed = document, left, whole, None
                if any(problems):
                    self.noticed.emit(problems[0])
                return True
            log.error("marks were not saved in the %s of two places", "first" if place == path else "second")
            desk = desk.another()  # whoever waits for a dead drive holds the first
        return False

    # Edits ------------------------------------------------------------------------------------------------------------

    def add(
        self, start: float, text: str, duration: float = 0.0, channel: str = "", *, reconstructed: bool = False,
        meeting: bool = False,
    ) -> Mark | None:  # fmt: skip
        """Mark an event; the mark, or None where marks cannot be made."""
        change = added(
            start, text, duration=duration, channel=channel, reconstructed=reconstructed, meeting=meeting,
            by=self._reader(),
        )  # fmt: skip
        return change.after[0] if self._do(change) else None

    def decide(self, time: float, channel: str, decision: Decision, *, reconstructed: bool = False) -> bool:
        """Decide on a proposed discharge; an earlier decision on it gives way, and can be had back by undo.

        The same decision once more changes nothing. Where two that are near one another were decided on, each on its
        own line, it is about the one that is named.
        """
        near = self.decided_near(time, reconstructed)
        earlier = tuple(m for m in near if (m.start, m.channel) == (time, channel)) or near
        if earlier and all(m.decision == decision for m in earlier):
            self.noticed.emit(f"This spike is {_SAID[decision]} already.")
            return True
        return self._do(decided(time, channel, decision, earlier, reconstructed=reconstructed, by=self._reader()))

    def add_discharge(self, time: float, channel: str) -> bool:
        """Mark a discharge of the scalp that was not proposed."""
        return self._do(own_discharge(time, channel, by=self._reader()))

    def rename(self, identifier: str, text: str) -> bool:
        mark, text = self.find(identifier), text.strip()[:LONGEST_TEXT]
        if mark is None or not text or mark.text == text:
            return False
        return self._do(changed(mark, by=self._reader(), text=text))

    def move_edge(self, identifier: str, edge: Edge, time: float) -> bool:
        """Move the start or the end of an event to a time, as far as the other edge and the recording let it."""
        mark = self.find(identifier)
        if mark is None or mark.decision or self._recording is None:
            return False
        within = self._recording.duration
        if with_edge(mark, edge, time, within) == (mark.start, mark.stop):
            return False
        return self._do(edge_moved(mark, edge, time, within, by=self._reader()))

    def assess(self, identifier: str, criteria: Collection[str]) -> bool:
        """Say which of the IFCN's criteria a discharge meets."""
        mark = self.find(identifier)
        if mark is None or set(mark.criteria) == set(criteria):
            return False
        return self._do(assessed(mark, criteria, by=self._reader()))

    def set_aside(self, channel: str, aside: bool) -> bool:
        """Set a channel aside, or take it back; false where nothing of it is kept here."""
        return self._writable and self.keeps_left and self._do(channel_set(channel, aside))

    def confirm(self) -> None:
        """Say that the marks fit the recording that has changed since they were made; the log tells who said so.

        ``noticed`` says when that is kept.
        """
        if self.outdated and self._recording is not None:
            self._made_on = self._recording.identity
            self.wholeness.confirm()
            self._confirmed = Change("say that the marks fit the recording that has changed")
            self._after(self._confirmed)

    def show_in_meeting(self, identifier: str, shown: bool) -> bool:
        """Have a mark shown in the meeting, or not any more."""
        mark = self.find(identifier)
        return mark is not None and mark.meeting != shown and self._do(for_meeting(mark, shown))

    def note(self, what: str) -> None:
        """Tell the log of what a reader did that is no edit, and save how the recording is left now."""
        if self._writable and self.keeps_left:
            self._desk.note(Change(what), self._reader())
            self._save()

    def keep_blinded(self, reading: BlindReading, what: str) -> bool:
        """Tell the log ``what`` becomes of a blinded reading and keep it; false where no place takes it by now."""
        if not (self._writable and self.keeps_left):
            return False
        self._desk.note(Change(what), self._reader())
        left = msgspec.structs.replace(self._left_here(), blinded=reading)
        if self._write_now(left, self.wholeness.whole, anywhere=True):
            self.saved.emit()
            return True
        self._desk.note(Change(f"do not {what}: that could not be kept"), self._reader())
        return False

    def hide(self, identifiers: Collection[str] | None) -> None:
        """Hide marks while a blinded reading goes on, and what others decide meanwhile; None ends that.

        What was done before, or by another reader, is not taken back either.
        """
        hidden = (frozenset(identifiers), self._reader()) if identifiers is not None else None
        if hidden != self._hidden:
            if hidden is not None:
                self.history.forget()
            self._hidden = hidden
            self._order()

    def remove(self, identifier: str) -> bool:
        mark = self.find(identifier)
        return mark is not None and self._do(removed(mark))

    def take(self, marks: tuple[Mark, ...]) -> Merger:
        """Take up marks that were read from elsewhere, and the criteria of those that are there already."""
        merger = merger_of(self._ordered, marks, self._reader())
        change = merger.change
        return merger if change is not None and self._do(change) else Merger()

    def ask_export(self, path: Path) -> None:
        """Write all marks in the background, as a table or EDF+ annotations; ``noticed`` says when they are there."""
        marks, recording = _in_order(self.history.document), self._recording
        if recording is None:
            return
        work = partial(write_elsewhere, marks, recording, path)
        self.lane.submit(("table", path), work, done=self._on_exported, failed=self.failed.emit)

    def ask_import(self, path: Path) -> None:
        """Read a table, annotations of an EDF+ file, or a review file in the background and take its marks up."""
        if self._recording is None:
            return
        work = partial(read_elsewhere, self._recording, path)
        self.lane.submit(("table", path), work, done=self._on_imported, failed=self.failed.emit)

    def _on_exported(self, count: int) -> None:
        self.noticed.emit(f"{count} mark{'' if count == 1 else 's'} written.")

    def _on_imported(self, marks: tuple[Mark, ...]) -> None:
        if self._hidden is not None:
            self.noticed.emit(_BLIND)
            return
        duration = self._recording.duration if self._recording is not None else 0.0
        inside = tuple(mark for mark in marks if 0.0 <= mark.start <= duration)
        self.noticed.emit(told(self.take(inside), len(inside), len(marks) - len(inside), self._writable))

    def undo(self) -> Change | None:
        return self._after(self.history.undo()) if self._writable else None

    def redo(self) -> Change | None:
        return self._after(self.history.redo()) if self._writable else None

    def _do(self, change: Change) -> bool:
        if not self._writable:
            self.noticed.emit(self._why or "Marks cannot be made here.")
            return False
        self.history.do(change)
        self._after(change)
        return True

    def _after(self, change: Change | None) -> Change | None:
        if change is not None:
            if not self.outdated:
                self.wholeness.marked()
            self._desk.note(change, self._reader())
            if change.channel:
                self.channel_set.emit(change.channel, change.aside)
            self._order()
            self._save()
        return change

    def _order(self) -> None:
        marks = self.history.document
        before, reader = self._hidden or (frozenset[str](), None)
        mine = (m for m in marks if reader is None or not m.decision or m.by in ("", reader))
        self._ordered = _in_order(m for m in mine if m.id not in before)
        # A microsecond more: rounding must not lose the longest mark itself.
        self._longest = max((m.duration for m in marks), default=0.0) + 1e-6
        self.changed.emit()

    # Saving -----------------------------------------------------------------------------------------------------------

    def _save(self) -> None:
        recording, path, document = self._recording, self._path, self.history.document
        if recording is None or path is None:
            return
        left, whole = self._left_here(), self.wholeness.whole
        work = partial(self._desk.write, self._desk.turn(), self._as_marked(recording), document, left, path, whole)
        done = partial(self._on_saved, document, left, whole, self._confirmed)
        self.lane.submit("marks", work, done=done, failed=self._on_failed)

    def _as_marked(self, recording: Recording) -> Recording:
        """The recording under the identity that its marks were made on, which the file keeps until they are checked."""
        return replace(recording, identity=self._made_on)

    # How the recording is left ----------------------------------------------------------------------------------------

    def view_changed(self) -> None:
        """The reader looks at the recording in another way, which is kept soon."""
        if self._writable:
            self._soon.start()

    def _save_left(self) -> None:
        if self._writable and self._is_news(self._left_here()):
            self._save()

    def _save_whole(self) -> None:
        if self._writable and self.keeps_left:
            self._save()

    def _left_here(self) -> Left:
        """With what was reconstructed before, where nothing was since."""
        now, before = self._left_now(), self._left
        if now.reconstruction is None and before is not None:
            return msgspec.structs.replace(now, reconstruction=before.reconstruction)
        return now

    def _is_news(self, left: Left) -> bool:
        """Whether it is worth a file: a recording that was only looked at gets none."""
        if not (self._writable and self.keeps_left):
            return False
        return bool(left.bad or left.blinded) if self._left is None else left != self._left

    def _on_saved(
        self, document: Document, left: Left, whole: Whole | None, confirmed: Change | None, problem: str
    ) -> None:
        if confirmed is not None and confirmed is self._confirmed:
            self._confirmed = None
            self.noticed.emit("It is kept that the marks fit this recording.")
        if problem:
            self.noticed.emit(problem)
        self._saved = document if document is self.history.document else self._saved
        self._left, self._kept_whole = left, whole
        self._said_unsaved = False
        self.saved.emit()

    def _on_failed(self, failure: Failure) -> None:
        if not self._said_unsaved:  # once, and not at every key
            self._said_unsaved = True
            self.failed.emit(failure)
        self.saved.emit()


def _told(write: Callable[[], str], problems: list[str]) -> None:
    problems.append(write())


def _in_order(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    return tuple(sorted(marks, key=attrgetter("start", "id")))


def reviews_folder() -> Path:
    """Where marks are kept of recordings beside which nothing can be written."""
    from platformdirs import user_data_path

    return user_data_path("neuroflow-review", appauthor=False) / "reviews"
