"""Marks as the annotations of an EDF+ file without signals, for other programs and from them.

Source: Kemp and Olivan 2003, section 2.2.1: a file may hold annotations only, its records then last 0 s. What an
annotation cannot say in fields of its own (a decision, that a signal was reconstructed) it says in words.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec

from neuroflow.errors import FileProblem
from neuroflow.io import hed
from neuroflow.io.edf_annotations import encode_tal, encode_tals
from neuroflow.io.edf_fields import has_two_digit_year, patient_field, recording_field
from neuroflow.io.edf_reader import open_edf
from neuroflow.io.edf_writer import OutputHeader, encode_header, write_whole
from neuroflow.recording import Annotation, Recording, unmarked
from neuroflow.review.document import DECISIONS, IFCN_CRITERIA, LONGEST_TEXT, Decision, Mark

_BLOCK_BYTES = 32_768  # of a record, well below the 61,440 that EDF asks for
_MARKS = "marks"  # in the recording field: what this file is
_RECONSTRUCTED = " (on a reconstructed signal, not recorded)"
_UNDECIDED = "not decided"
_DAY = 86_400.0
_MOST_DAYS = 14  # that a recording without a date is looked for in
_CRITERION = "|".join(IFCN_CRITERIA)
_COUNTED = rf", [1-{len(IFCN_CRITERIA)}] of {len(IFCN_CRITERIA)} IFCN criteria"
_CRITERIA = re.compile(rf"{_COUNTED}(?:: ((?:{_CRITERION})(?:; (?:{_CRITERION}))*))?\Z")


def annotation_of(mark: Mark) -> Annotation:
    """A mark in the words of an annotation; one on a reconstructed signal says so, however long its own text is."""
    said = f", {mark.decision}" if mark.decision else ""
    if mark.criteria:
        said += f", {len(mark.criteria)} of {len(IFCN_CRITERIA)} IFCN criteria: {'; '.join(mark.criteria)}"
    if mark.reconstructed:
        said += _RECONSTRUCTED
    if not mark.decision and _words_of(mark.text).text != mark.text:
        said = f", {_UNDECIDED}{said}"  # what a reader wrote is not to be taken for what was decided
    return Annotation(mark.start, mark.duration, mark.text[: LONGEST_TEXT - len(said)] + said, mark.channel or None)


def _words_of(text: str) -> Mark:
    """The text, decision and criteria that :func:`annotation_of` put into words, and whether of a reconstruction."""
    body = text.removesuffix(_RECONSTRUCTED)
    reconstructed = len(body) < len(text)
    criteria: tuple[str, ...] = ()
    counted = ""  # earlier files say how many there are, and not which: that stays in the text
    if (match := _CRITERIA.search(body)) is not None:
        body, named = body[: match.start()], (match[1] or "").split("; ")
        criteria = tuple(name for name in IFCN_CRITERIA if name in named)
        counted = "" if criteria else match[0]
    decision: Decision = ""
    before, comma, word = body.rpartition(", ")
    if comma and word in (*DECISIONS, _UNDECIDED):
        body, decision = before, next((d for d in DECISIONS if d == word), "")
    return Mark("", 0.0, body + counted, reconstructed=reconstructed, decision=decision, criteria=criteria)


def write_marks_edf(marks: Iterable[Mark], recording: Recording, path: Path) -> int:
    """Write marks with the recording's own start and patient; returns how many. Raises: FileProblem."""
    start = recording.start if recording.start is not None and has_two_digit_year(recording.start) else None
    fraction = start.microsecond / 1e6 if start is not None else 0.0
    stamp = encode_tal(fraction)
    notes = [annotation_of(mark) for mark in sorted(marks, key=lambda m: m.start)]
    timed = (replace(n, onset=round(n.onset + fraction, 9)) for n in notes)
    blocks = [stamp]
    for tal in encode_tals(timed)[1]:
        if len(blocks[-1]) + len(tal) > _BLOCK_BYTES:
            blocks.append(stamp)
        blocks[-1] += tal
    width = max(map(len, blocks))
    width += width % 2
    header = OutputHeader(
        (), len(blocks), 0.0, start, patient_field(recording.patient),
        recording_field(start.date() if start else None, additional=(_MARKS,)),
    )  # fmt: skip
    write_whole(path, encode_header(header, width) + b"".join(block.ljust(width, b"\0") for block in blocks))
    return len(notes)


def read_marks_edf(path: Path, recording: Recording) -> tuple[Mark, ...]:
    """The annotations of an EDF+ file as marks of a recording, by the clock where both know it.

    Those that lie outside the recording are left out. Raises: FileProblem where the file holds none that lie inside.
    """
    try:
        with open_edf(path) as source:
            other = source.recording
    except OSError as error:
        raise FileProblem(f"“{path.name}” could not be read: check that its drive is connected.", str(error)) from error
    apart = 0.0
    if other.start is not None and recording.start is not None:
        apart = (other.start - recording.start) / timedelta(seconds=1)
        if not (other.dated and recording.dated):
            apart = _by_time_of_day(apart, [a.onset for a in other.annotations], recording.duration)
    ours = _MARKS in other.recording_field.split()
    found = tuple(
        _mark(a, onset, ours=ours)
        for a in other.annotations
        if 0.0 <= (onset := round(a.onset + apart, 6)) <= recording.duration
    )
    if not found:
        raise FileProblem(
            f"None of the {len(other.annotations)} annotations of “{path.name}” lies within this recording: choose the "
            "file that belongs to it."
        )
    return found


def _by_time_of_day(apart: float, onsets: Sequence[float], duration: float) -> float:
    """The one of starts that are whole days apart of which most ``onsets`` lie inside, and of those the nearest."""
    clock = apart % _DAY
    starts = [clock + day * _DAY for day in range(-_MOST_DAYS, _MOST_DAYS)]
    return max(starts, key=lambda start: (sum(0.0 <= t + start <= duration for t in onsets), -abs(start)))


def _tagged(text: str) -> Mark:
    """What another program wrote: words are words, and no decision but in the tags of HED-SCORE."""
    words, decision = hed.read_words(text)
    return Mark("", 0.0, words, decision=decision)


def _mark(note: Annotation, onset: float, *, ours: bool) -> Mark:
    """A mark of an annotation; a file of marks names derivations, which are no channels of it."""
    text, channel = note.text, note.channel or ""
    if ours and not channel and "@@" in text:
        text, _, channel = text.rpartition("@@")
    mark = _words_of(text) if ours else _tagged(text)
    channel, made = (channel, mark.reconstructed) if ours else unmarked(channel)
    return msgspec.structs.replace(
        mark, id=uuid.uuid4().hex[:16], start=onset, text=mark.text[:LONGEST_TEXT] or "Event",
        duration=max(note.duration, 0.0), channel=channel[:80], reconstructed=made,
    )  # fmt: skip
