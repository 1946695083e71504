"""A blinded reading of the recording that is open: begun, revealed, and the agreement recorded once it is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, QTimer

from neuroflow.detect.janca import wilson
from neuroflow.review import Agreement, BlindReading, Mark, Provenance, Share
from neuroflow.review.blinded import WITHIN, Apart, agreement_of, apart, begun, revealed
from neuroflow_review.session.analysis import Spike, grouped, strongest
from neuroflow_review.theme import RECONSTRUCTED

if TYPE_CHECKING:
    from neuroflow_review.session.session import Session

UNSIGNED = "unsigned"
_SETTLED_MS = 400


class Blinded(QObject):
    """What is recorded is measured once, by what was set when the reconstruction was revealed.

    More of the recording may be added to it; another threshold or seed, with which both might agree better, is not.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._due = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._due.timeout.connect(self._record)
        session.spikes.changed.connect(self._soon)

    @property
    def reading(self) -> BlindReading | None:
        """The one that goes on or was revealed, None where there was none."""
        return self._session.state.blinded

    def begin(self) -> bool:
        """Hide what machines say until :meth:`reveal`; false where that cannot be kept, so that it would not last."""
        session = self._session
        if session.recording is None or session.state.blind or not session.marks.writable:
            return False
        seen = session.reconstruction.has_any or session.marks.was_reconstructed
        session.comparison.close()
        self._keep(begun(session.reader, seen=seen), "begin a blinded reading")
        return True

    def reveal(self) -> bool:
        """Show what machines say from now on; the page is reconstructed, then all of it. There is no way back."""
        session, reading = self._session, self.reading
        if reading is None or not reading.on:
            return False
        kept = revealed(reading, session.marks.all, session.reader)
        self._keep(kept, f"reveal the reconstruction, with {len(kept.marks)} discharges marked before")
        session.reconstruct_page()
        session.reconstruct_everything()
        return True

    def apart(self) -> Apart:
        """Where readers and what is proposed now do not agree."""
        reading, spikes = self.reading, self._session.spikes
        if reading is None or reading.on:
            return Apart((), ())
        ours = [t for times in times_by_reader(reading.marks).values() for t in times]
        return apart(ours, self._proposed(), spikes.searched_depth())

    def _keep(self, reading: BlindReading, what: str) -> None:
        self._session.store.update(blinded=reading)
        self._session.marks.note(what)

    def _soon(self) -> None:
        if self.reading is not None and not self.reading.on:
            self._due.start()

    def _record(self) -> None:
        """Once nothing is under way: what is found while it is would be of half the recording."""
        session, reading = self._session, self.reading
        if reading is None or reading.on or not session.marks.writable:
            return
        if session.reconstruction.computing or session.spikes.busy:
            self._due.start()
            return
        before = reading.agreement
        searched = sum(span.duration for span in session.spikes.searched_depth())
        if before is not None and searched <= before.seconds + 1e-3:
            return  # pages turn: nothing was added
        now = self._agreement(reading)
        if now is not None and (before is None or _rules(now) == _rules(before)):
            reading = msgspec.structs.replace(reading, agreement=now)
            self._keep(reading, f"record the agreement: {words(now)}")

    def _agreement(self, reading: BlindReading) -> Agreement | None:
        session = self._session
        backend, recipe = session.reconstruction.backend, session.reconstruction.recipe
        searched = session.spikes.searched_depth()
        if backend is None or not searched:
            return None
        source = Provenance(backend.name, backend.hash, recipe.seed, recipe.samples)
        marked = times_by_reader(reading.marks)
        return agreement_of(marked, self._proposed(), searched, source, session.state.spike_sensitivity)

    def _proposed(self) -> list[float]:
        return [strongest(group).time for group in grouped(self._session.spikes.depth())]


def times_by_reader(marks: Sequence[Mark]) -> dict[str, list[float]]:
    """When each reader marked a discharge (s), on however many channels."""
    names = dict.fromkeys(mark.by or UNSIGNED for mark in marks)
    return {
        name: [
            group[0].time for group in grouped([Spike(m.channel, m.start) for m in marks if (m.by or UNSIGNED) == name])
        ]
        for name in names
    }


def words(agreement: Agreement) -> str:
    """The figures of an agreement, in a line."""
    marked = sum(share.count for share in agreement.readers.values())
    found = sum(share.found for share in agreement.readers.values())
    p = agreement.proposed
    return (
        f"{found} of {marked} marked discharges were also proposed, {p.found} of {p.count} proposals had been marked, "
        f"in {agreement.seconds / 60:.1f} min"
    )


def figures(reading: BlindReading, *, private: bool = False) -> tuple[tuple[str, ...], ...]:
    """An agreement as a table of text, its headings first; with ``private`` readers are numbered, not named."""
    agreement = reading.agreement
    if agreement is None:
        return ()
    names = [f"Reader {k}" if private else name for k, name in enumerate(agreement.readers, 1)]
    rows = [(f"Marked by {n}", "proposed as well", s) for n, s in zip(names, agreement.readers.values(), strict=True)]
    rows.append((f"{RECONSTRUCTED} Proposed", "had been marked", agreement.proposed))
    return (
        ("", "Discharges", "Of these", "By chance"),
        *((who, str(s.count), f"{_share_words(s)} {what}" if s.count else "", _chance(s)) for who, what, s in rows),
    )


def compared_words(agreement: Agreement) -> str:
    """What an agreement is of, and that it is no more than one."""
    source = agreement.provenance
    return (
        f"In {agreement.seconds / 60:.1f} min that were reconstructed, within {WITHIN:g} s; model {source.model}, "
        f"{source.samples} samples, seed {source.seed}, threshold {agreement.threshold:g}. By chance: had they lain "
        "anywhere. A reader and a detector on a reconstructed signal may agree and both be wrong."
    )


def _share_words(share: Share) -> str:
    low, high = wilson(share.found, share.count)
    return f"{share.found} ({100 * share.found / share.count:.0f} %, interval {100 * low:.0f} to {100 * high:.0f} %)"


def _chance(share: Share) -> str:
    return f"{100 * share.by_chance:.0f} %" if share.count else ""


def _rules(agreement: Agreement) -> tuple[Provenance, float]:
    return agreement.provenance, agreement.threshold
