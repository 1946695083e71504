"""What goes into a report: the moments that a reader chose, what is drawn of them, and what is said beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from neuroflow.anatomy.electrodes import sites_alone
from neuroflow.anatomy.mapping import MappedSource
from neuroflow.flow.card import ModelCard
from neuroflow.jobs import Control
from neuroflow.recording import ChannelKind, Recording, SignalSource, Span
from neuroflow.review import Mark
from neuroflow.review.document import IFCN_CRITERIA
from neuroflow.units import format_clock
from neuroflow_review.display import fallback_words, filter_words, sensitivity_words
from neuroflow_review.kinds import kind_words, kinds_in, own_filters
from neuroflow_review.lanes import Failure, Job, Lane
from neuroflow_review.session.blinded import compared_words, figures
from neuroflow_review.session.depth import DepthPage, DepthRequest, load_depth
from neuroflow_review.session.marking import titled
from neuroflow_review.session.origin import PROGRAM, said_in_file, shown_depth_words
from neuroflow_review.session.page import PageData, PageRequest, eeg_rate, load_page, shown_montage
from neuroflow_review.session.reconstruction import Segment
from neuroflow_review.session.session import Session
from neuroflow_review.session.spikes import Rates
from neuroflow_review.session.state import ViewState
from neuroflow_review.wording import day_clock, start_words

MOST_MOMENTS = 200
HIDDEN_NAME = "left out"


PAPERS = ("A4", "Letter")


@dataclass(frozen=True, slots=True)
class Choice:
    """How a report is made: whether patient, file, date and readers are left out, the paper speed, the paper."""

    private: bool = False
    mm_per_second: float = 30.0
    paper: str = "A4"


@dataclass(frozen=True, slots=True)
class Moment:
    """A time (s) to show, what it is called, what is said of it, and by whom."""

    time: float
    title: str
    note: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn of a moment: its page of scalp EEG, and the reconstruction of it where there is one.

    ``contacts`` are the names of those that the reconstruction is of.
    """

    moment: Moment
    page: PageData
    depth: DepthPage | None
    segments: tuple[Segment, ...]
    contacts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table of text; the first row holds the headings, and is empty where it needs none."""

    title: str
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """All that a report says in words, and the colour of contacts: proposed discharges a minute, by contact."""

    title: str
    simulated: bool
    tables: tuple[Table, ...]
    purpose: str
    rates: dict[str, float]
    minutes: float


def moments_of(marks: Sequence[Mark], which: str, page: Span) -> tuple[Moment, ...]:
    """The moments of a report, by ``which`` of them are wanted.

    ``meeting``: those chosen for it; ``marks``: all that a reader marked and did not reject; ``accepted``: discharges;
    ``page``: the one on screen.
    """
    if which == "page":
        return (Moment((page.start + page.stop) / 2, "The page on screen"),)
    wanted: dict[str, Callable[[Mark], bool]] = {
        "meeting": lambda m: m.meeting,
        "marks": lambda m: m.decision != "rejected",
        "accepted": lambda m: m.decision == "accepted",
    }
    kept = [m for m in marks if wanted[which](m)]
    return tuple(Moment(m.start, titled(m), _note(m), m.by) for m in kept[:MOST_MOMENTS])


def _note(mark: Mark) -> str:
    parts = [mark.decision, f"{len(mark.criteria)} of {len(IFCN_CRITERIA)} IFCN criteria" if mark.criteria else ""]
    return ", ".join(p for p in parts if p)


def content_of(session: Session, *, private: bool) -> Content:
    """The words of a report of what is open now. With ``private`` neither patient, file nor date is named."""
    recording = session.recording
    assert recording is not None
    backend = session.reconstruction.backend
    card = backend.card if backend is not None else None
    proposed = session.spikes.rates([c.name for c in session.contacts])
    rates = proposed.a_minute
    tables = [_about_recording(recording, session, private=private), *_marks_tables(session, private=private)]
    blinded = session.state.blinded
    if blinded is not None and blinded.agreement is not None:
        rows = figures(blinded, private=private)
        note = compared_words(blinded, recording.duration, private=private)
        tables.append(Table(f"Blinded reading{' of what had been seen before' if blinded.seen else ''}", rows, note))
    if rates:
        tables.append(_rates_table(proposed))
    if card is not None:
        state = session.state
        recipe = f"{state.samples}, seed {state.seed}", shown_depth_words(state, card.rate)
        tables += _model_tables(card, backend.hash if backend is not None else "", *recipe)
    return Content(
        "EEG review", recording.simulated, tuple(tables),
        "Research and teaching; not for diagnosis or treatment.", rates, proposed.minutes,
    )  # fmt: skip


def _about_recording(recording: Recording, session: Session, *, private: bool) -> Table:
    patient, state = recording.patient, session.state
    eeg = sum(c.kind is ChannelKind.EEG for c in recording.channels)
    named = [
        ("Patient", patient.name or "not in the file"), ("Identifier", patient.identifier),
        ("Born", patient.birthdate), ("File", recording.path.name),
        ("Start", start_words(recording) or "not in the file"),
    ]  # fmt: skip
    rows = [("Patient", HIDDEN_NAME)] if private else [(a, b) for a, b in named if b]
    rate, drawn_in = eeg_rate(recording), [montage_words(recording, state)]
    if rate is not None:
        drawn_in += [sensitivity_words(state.page_sensitivity), filter_words(state.applied, rate)]
    rows += [
        ("Length", format_clock(recording.duration)),
        ("Channels", f"{eeg} of scalp EEG, {len(recording.channels)} in all"),
        ("Shown", ", ".join(drawn_in)),
    ]
    others = [kind_words(view, state.applied) for view in kinds_in(recording, state.kinds)]
    if others:
        rows.append(("Other channels", "; ".join(others)))
    if recording.reconstructed:
        made = sum(c.reconstructed for c in recording.channels)
        rows.append(("Reconstructed, not recorded", f"{made} of {len(recording.channels)} channels, shown with ≈"))
        rows += [("It says", fact) for fact in said_in_file(recording, private=private)]
    if state.bad:
        drawn = ", interpolated on the pages" if any(row.interpolated for row in session.rows) else ""
        aside = sites_alone(sorted(state.bad)) if private else sorted(state.bad)
        rows.append(("Set aside", ", ".join(aside) + drawn))
    if isinstance(session.source, MappedSource) and session.source.by_hand:
        words = session.source.words
        rows.append(("Mapped by hand", ", ".join(sites_alone(words) if private else words)))
    if session.reader and not private:
        rows.append(("Reader", session.reader))
    rows.append(("Identity", f"{recording.identity} (sha256 of the header and stretches of the data)"))
    if session.marks.wholeness.sha256:
        rows.append(("Whole file", f"sha256 {session.marks.wholeness.sha256}"))
    rows.append(("Program", PROGRAM))
    return Table("Recording", ((), *rows))


def montage_words(recording: Recording, state: ViewState) -> str:
    """The montage that pages are drawn in; ``as recorded``, and why, where there are no electrodes for the chosen."""
    shown = shown_montage(recording, state)
    return f"{shown} montage" if shown == state.montage else fallback_words(state.montage)


def _marks_tables(session: Session, *, private: bool) -> list[Table]:
    recording = session.recording
    assert recording is not None
    start = None if private else recording.start
    marks = sorted(session.marks.all, key=lambda m: m.start)
    accepted = Counter(
        ("≈" if m.reconstructed else "") + (m.channel or "all channels") for m in marks if m.decision == "accepted"
    )
    found = []
    if accepted:
        places = tuple((label, str(n)) for label, n in accepted.most_common())
        found.append(Table("Accepted discharges", (("Where", "How many"), *places), "≈ reconstructed, not recorded"))
    if marks:
        heads = ("Elapsed", "" if start is None else "Clock", "What", "Decision", "Criteria", "" if private else "By")
        rows = tuple(
            (
                format_clock(m.start, decimals=1), "" if start is None else day_clock(m.start, start), titled(m),
                m.decision, f"{len(m.criteria)} of {len(IFCN_CRITERIA)}" if m.criteria else "", "" if private else m.by,
            )
            for m in marks[:MOST_MOMENTS]
        )  # fmt: skip
        more = f"and {len(marks) - MOST_MOMENTS} more" if len(marks) > MOST_MOMENTS else ""
        found.append(Table("Marks of readers", (heads, *rows), more))
    return found


def _rates_table(proposed: Rates) -> Table:
    rates, counts, minutes = proposed.a_minute, proposed.counts, proposed.minutes
    busiest = sorted(rates, key=lambda name: -rates[name])[:12]
    rows = tuple((f"≈{name}", str(counts[name]), f"{rates[name]:.1f}") for name in busiest if counts[name])
    note = f"of {minutes:.1f} min that were reconstructed; proposed by a detector, judged by nobody unless marked above"
    if not rows:
        return Table("Discharges in the reconstruction", ((), ("None was proposed", "")), note)
    return Table("Discharges in the reconstruction", (("Contact", "Proposed", "A minute"), *rows), note)


def _model_tables(card: ModelCard, weights: str, recipe: str, shown: str) -> list[Table]:
    low, high = card.band
    facts = [
        ("Model", f"{card.name} {card.version}"), ("Weights", f"sha256 {weights}"), ("Implant", card.implant.name),
        ("Positions", card.implant.source), ("Band", f"{low:g} to {high:g} Hz"), ("Samples", recipe), ("Shown", shown),
        ("Measured on", str(card.measured.get("on", "nothing"))), ("Intended use", card.intended_use),
    ]  # fmt: skip
    return [
        Table("Model of the reconstruction", ((), *facts), "≈ reconstructed, not recorded: estimated from scalp EEG"),
        Table("It must not be used for", ((), *((text, "") for text in card.not_for))),
    ]


class Loading:
    """Loads what is drawn of moments, one after the other, on a lane of its own; callbacks come in the GUI thread."""

    def __init__(self, session: Session, seconds: float, columns: int) -> None:
        self._session, self._seconds, self._columns = session, seconds, columns
        # A lane of its own: a drive that stalls must hold up neither pages nor closing.
        self._lane = Lane("report", session, stallable=True)

    def ask(self, moment: Moment, done: Callable[[Drawn], None], failed: Callable[[Failure], None]) -> Job:
        session, state = self._session, self._session.state
        recording = session.recording
        assert recording is not None
        assert session.source is not None
        start = min(max(moment.time - self._seconds / 2, 0.0), max(recording.duration - self._seconds, 0.0))
        span = Span(start, start + self._seconds)
        own = own_filters(state.kinds)
        request = PageRequest(recording.identity, span, session.rows, state.applied, self._columns, own)
        tiles = session.shown_tiles(Span(max(span.start - 10.0, 0.0), span.stop + 10.0))
        depth = None
        if any(tile.span.overlaps(span) for tile in tiles):
            depth = DepthRequest(
                span, tiles, session.shown_contacts(), state.depth_filters, state.sample, session.calibration
            )
        segments = session.reconstruction.segments(span)
        names = tuple(session.contacts[i].name for i in session.shown_contacts())
        work = partial(_load, session.source, moment, request, depth, segments, names)
        return self._lane.submit(moment, work, done=done, failed=failed)

    def close(self) -> None:
        self._lane.close()
        self._lane.join()
        self._lane.deleteLater()


def _load(
    source: SignalSource, moment: Moment, request: PageRequest, depth: DepthRequest | None,
    segments: tuple[Segment, ...], contacts: tuple[str, ...], control: Control,
) -> Drawn:  # fmt: skip
    """Raises: FileProblem, Cancelled."""
    page = load_page(source, request, control)
    return Drawn(moment, page, load_depth(depth, control) if depth is not None else None, segments, contacts)
