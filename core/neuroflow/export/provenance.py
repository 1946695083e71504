"""What a file of reconstructed signals says of itself: annotations at its start and over what it leaves out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from neuroflow import __version__
from neuroflow.inference.tile import Withheld
from neuroflow.io.edf_fields import has_two_digit_year
from neuroflow.recording import Annotation, Recording, Span

# EDFlib hands on 512 bytes of an annotation; what is longer is continued in the next.
_LONGEST = 400
WORDS = "reconstructed, not recorded"
"""The words that stand in the transducer field of every channel, in the recording field and in the annotations."""

PURPOSE = "research and teaching; not for diagnosis or treatment"
ALWAYS = (WORDS.capitalize(), f"Intended use: {PURPOSE}.")
"""How those annotations begin that no copy of a reconstruction is without."""

WITHHELD = "withheld"
PADDING = "no signal: zeros up to the end of the last record"
OF_CHANNELS = (
    "Channels set aside by the reader",
    "Channels flat for a time, and not used there",
    "Channels mapped by hand",
)
_SET_ASIDE, _FLAT, _BY_HAND = OF_CHANNELS
_SIMULATED = "The scalp EEG is of a simulated patient."
SHIFTED = "The start date is shifted, since nobody is named; the time of day is kept."
_HEADS = (
    *ALWAYS, "Software: NeuroFlow Review ", "Model: ", "Implant: ", "Samples: ", "Input: ", "Limits: ",
    *(f"{what}: " for what in OF_CHANNELS), _SIMULATED, SHIFTED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Origin:
    """All that fixes the samples of an export.

    Hashes are sha256 in hex. ``input_name`` is empty where it is not to be told. ``coverage`` is of p05 to p95, or
    None: of true values on what ``calibrated_on`` says, or, where that is empty, of further draws of the model.
    """

    model: str
    model_version: str
    model_hash: str
    intended_use: str
    implant: str
    rate: float
    band: tuple[float, float]
    input_name: str
    input_hash: str
    span: Span
    samples: int
    seed: int
    coverage: float | None
    calibrated_on: str
    excluded: tuple[str, ...]
    device: str
    redrawn: int
    simulated: bool
    by_hand: tuple[str, ...] = ()
    """Channels of the input that are what a reader says, not what the file does."""
    silent: tuple[str, ...] = ()
    """Channels of the input that carry no signal somewhere."""
    shifted: bool = False
    """Whether the date is another than that of the input."""


def provenance(origin: Origin) -> list[str]:
    """The sentences at the start of the file, each at most 400 characters, ASCII where the names in them are."""
    low, high = origin.band
    named = f"{origin.input_name}, " if origin.input_name else ""
    facts = [
        f"{ALWAYS[0]}: estimated from scalp EEG by a model; no electrode was at these places.",
        f"{ALWAYS[1]} {origin.intended_use}".strip(),
        f"Software: NeuroFlow Review {__version__}, on {origin.device}",
        f"Model: {origin.model}, version {origin.model_version}; weights sha256 {origin.model_hash}",
        f"Implant: {origin.implant}; rate {origin.rate:g} Hz, band {low:g} to {high:g} Hz",
        f"Samples: {origin.samples}, seed {origin.seed}, drawn again for being unsound: {origin.redrawn}",
        f"Input: {named}{origin.span.start:g} s to {origin.span.stop:g} s, sha256 {origin.input_hash}",
    ]
    if origin.coverage is not None:
        of = f"of true values on {origin.calibrated_on}" if origin.calibrated_on else "of further draws of the model"
        facts.append(
            f"Limits: p05 to p95 covers {100 * origin.coverage:.1f} % {of}, as {origin.samples} samples allow; med is "
            "their median"
        )
    if origin.excluded:
        facts.append(f"{_SET_ASIDE}: {', '.join(origin.excluded)}")
    if origin.silent:
        facts.append(f"{_FLAT}: {', '.join(origin.silent)}")
    if origin.by_hand:
        facts.append(f"{_BY_HAND}: {', '.join(origin.by_hand)}")
    if origin.simulated:
        facts.append(_SIMULATED)
    if origin.shifted:
        facts.append(SHIFTED)
    return [piece for fact in facts for piece in textwrap.wrap(fact, _LONGEST) or [fact]]


def facts_of(recording: Recording) -> list[tuple[str, list[Annotation]]]:
    """The sentences of :func:`provenance` in a file that was read, each with the annotations that it is written in."""
    found: list[tuple[str, list[Annotation]]] = []
    going_on = False
    for note in recording.annotations if recording.reconstructed else ():
        if abs(note.onset) > 1e-6 or note.duration:
            continue
        if note.text.startswith(_HEADS):
            found.append((note.text, [note]))
            going_on = True
        elif going_on and len(f"{found[-1][1][-1].text} {note.text.split(' ', 1)[0]}") > _LONGEST:
            text, pieces = found[-1]
            found[-1] = f"{text} {note.text}", [*pieces, note]
        else:
            going_on = False
    return found


def merged(stretches: Iterable[Withheld], tolerance: float = 1e-6) -> Iterator[Withheld]:
    """Neighbouring stretches of the same reason as one. ``stretches`` are in order."""
    held: Withheld | None = None
    for stretch in stretches:
        if held and held.reason == stretch.reason and stretch.span.start - held.span.stop <= tolerance:
            held = Withheld(Span(held.span.start, stretch.span.stop), held.reason)
            continue
        if held:
            yield held
        held = stretch
    if held:
        yield held


def notes_of(
    origin: Origin, withheld: Iterable[Withheld], padding: Span | None, start_time: datetime | None
) -> list[Annotation]:
    """All annotations of the file, in seconds from its first sample, which was at ``start_time``."""
    start = origin.span.start
    found = [Annotation(0.0, 0.0, fact) for fact in provenance(origin)]
    if start_time is not None and not has_two_digit_year(start_time):
        found.append(Annotation(0.0, 0.0, f"Start: {start_time.isoformat(' ')}, a year that an EDF header cannot hold"))
    found += [
        Annotation(w.span.start - start, w.span.duration, f"{WITHHELD}: {w.reason}"[:_LONGEST])
        for w in merged(sorted(withheld, key=lambda w: w.span.start))
    ]
    if padding is not None and padding.duration > 0:
        found.append(Annotation(padding.start - start, padding.duration, PADDING))
    return found
