"""A blinded reading of the recording that is open: begun, revealed, and the agreement recorded once it is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, QTimer

from neuroflow.anatomy.electrodes import sites_alone
from neuroflow.detect.janca import wilson
from neuroflow.errors import FileProblem
from neuroflow.review import Agreement, BlindReading, Mark, Rules, Share
from neuroflow.review.blinded import WITHIN, Apart, agreement_of, apart, begun, extends, revealed
from neuroflow_review.lanes import Failure
from neuroflow_review.session.analysis import Spike, grouped, strongest
from neuroflow_review.session.origin import provenance_of
from neuroflow_review.theme import RECONSTRUCTED

if TYPE_CHECKING:
    from neuroflow_review.session.session import Session
    from neuroflow_review.session.state import ViewState

UNSIGNED = "unsigned"
_SETTLED_MS = 400
_NOT_KEPT = (
    "Nothing is {}: it cannot be written now, neither beside the recording nor in your own folder. Give the right, or "
    "the room, to write to one of them, and try again."
)


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
        session.store.changed.connect(self._on_state)

    @property
    def reading(self) -> BlindReading | None:
        """The one that goes on or was revealed, None where there was none."""
        return self._session.state.blinded

    def begin(self) -> bool:
        """Hide what machines say until :meth:`reveal`; false where that cannot be kept, so that it would not last."""
        session, before = self._session, self.reading
        if session.recording is None or session.state.blind or not session.marks.writable:
            return False
        seen = before is not None or session.reconstruction.had_any or session.marks.was_reconstructed
        seen = seen or any(mark.reconstructed for mark in session.marks.all)
        reading = begun(session.reader, session.marks.all, seen=seen)
        if not session.marks.keep_blinded(reading, "begin a blinded reading"):
            self._fail("begun")
            return False
        session.comparison.close()
        state = session.state
        channel = next((row.label for row in session.rows if row.kind == "EEG"), "")
        channel = channel if state.reconstructed else state.channel  # discharges are marked on the scalp
        session.store.update(blinded=reading, channel=channel, reconstructed=False)
        return True

    def reveal(self) -> bool:
        """Show what machines say from now on; the page is reconstructed, then all of it. There is no way back.

        What was marked is on the drive before anything is shown; false where no drive takes it.
        """
        session, reading = self._session, self.reading
        if reading is None or not reading.on:
            return False
        kept = revealed(reading, tuple(session.marks.history.document), session.reader, self._rules(session.state.bad))
        marked = discharges(kept.marks)
        said = f"reveal the reconstruction, with {marked} discharge{'' if marked == 1 else 's'} marked before"
        if not session.marks.keep_blinded(kept, said):
            self._fail("revealed")
            return False
        session.store.update(blinded=kept, spikes_shown=True)
        session.reconstruct_page()
        session.reconstruct_everything()
        return True

    @property
    def rules(self) -> Rules | None:
        """What proposals are of now; None without a model."""
        return self._rules(self._session.reconstruction.recipe.excluded)

    def apart(self) -> Apart:
        """Where readers and what is proposed now do not agree."""
        reading, spikes = self.reading, self._session.spikes
        if reading is None or reading.on:
            return Apart((), ())
        ours = [t for times in times_by_reader(reading.marks).values() for t in times]
        return apart(ours, self._proposed(), spikes.searched_depth())

    def hide(self) -> None:
        """Hide from who reads now what was decided before, and by others meanwhile: each reads for himself."""
        reading = self.reading
        self._session.marks.hide(reading.before if reading is not None and reading.on else None)

    def _on_state(self, old: ViewState, new: ViewState) -> None:
        if old.blinded != new.blinded:
            self._session.reconstruction.set_blind(new.blind)
            self.hide()

    def _fail(self, word: str) -> None:
        self._session.trouble.emit(Failure("save", "blinded", FileProblem(_NOT_KEPT.format(word))))

    def _rules(self, excluded: frozenset[str]) -> Rules | None:
        source, threshold = provenance_of(self._session.reconstruction), self._session.state.spike_sensitivity
        if source is None:
            return None
        return Rules(source, threshold, tuple(sorted(excluded)))

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
        before, rules, searched = reading.agreement, self.rules, session.spikes.searched_depth()
        if rules is None or not searched or not rules.same(reading.rules or rules):
            return
        if before is not None and sum(span.duration for span in searched) <= before.seconds:
            return  # pages turn: nothing was added
        now = agreement_of(times_by_reader(reading.marks), self._proposed(), searched)
        if before is None or extends(now, before):
            session.store.update(blinded=msgspec.structs.replace(reading, rules=rules, agreement=now))
            session.marks.note(f"record the agreement: {words(now)}")

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


def discharges(marks: Sequence[Mark]) -> int:
    """How many discharges readers marked; one on several channels is one."""
    return sum(map(len, times_by_reader(marks).values()))


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
    rows = rows or [("Marked", "", Share(0, 0, 0.0))]
    rows.append((f"{RECONSTRUCTED} Proposed", "had been marked", agreement.proposed))
    return (
        ("", "Discharges", "Of these", "By chance"),
        *((who, str(s.count), f"{_share_words(s)} {what}" if s.count else "", _chance(s)) for who, what, s in rows),
    )


def compared_words(reading: BlindReading, duration: float, *, private: bool = False) -> str:
    """What the agreement is of, in a recording of so many seconds, and that it is no more than one.

    With ``private`` channels that were set aside are named only as far as nobody can be.
    """
    agreement, rules = reading.agreement, reading.rules
    if agreement is None or rules is None:
        return ""
    outside = discharges(reading.marks) - sum(share.count for share in agreement.readers.values())
    left_out = "" if not outside else f" {outside} marked elsewhere {'is' if outside == 1 else 'are'} not compared."
    of = rules_words(rules, private=private)
    return (
        f"In {agreement.seconds / 60:.1f} of {duration / 60:.1f} min that were reconstructed and not withheld, within "
        f"{WITHIN:g} s; {of}.{left_out} By chance: had they lain anywhere. A reader and a detector on a reconstructed "
        "signal may agree and both be wrong."
    )


def rules_words(rules: Rules, *, private: bool = False) -> str:
    """What proposals are of, in a phrase."""
    source, names = rules.provenance, sites_alone(rules.excluded) if private else rules.excluded
    without = f", without {', '.join(names)}" if names else ""
    return f"model {source.model}, {source.samples} samples, seed {source.seed}, threshold {rules.threshold:g}{without}"


def waiting_words(reading: BlindReading, rules: Rules | None, *, shown: bool, private: bool = False) -> str:
    """Why nothing is compared yet, and what to do; ``rules`` are those that are set now."""
    if not shown:
        return "Nothing is compared yet: proposals are hidden (Analysis › Propose spikes)."
    if reading.rules is not None and not (rules is not None and rules.same(reading.rules)):
        return (
            "Nothing is compared yet: what is set now is not what was set when it was revealed, of which the figures "
            f"are. Set that again and reconstruct: {rules_words(reading.rules, private=private)}."
        )
    return "Nothing is compared yet: reconstruct a page (R), or the whole recording."


def _share_words(share: Share) -> str:
    low, high = wilson(share.found, share.count)
    return (
        f"{share.found} ({100 * share.found / share.count:.0f} %, 95 % interval {100 * low:.0f} to {100 * high:.0f} %)"
    )


def _chance(share: Share) -> str:
    return f"{100 * share.by_chance:.0f} %" if share.count else ""
