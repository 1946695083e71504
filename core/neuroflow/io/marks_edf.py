"""Marks as the annotations of an EDF+ file without signals, for other programs and from them.

Source: Kemp and Olivan 2003, section 2.2.1: a file may hold annotations only, its records then last 0 s. What an
annotation cannot say in fields of its own (a decision, that a signal was reconstructed) it says in words.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from neuroflow.errors import FileProblem
from neuroflow.io.edf_annotations import encode_tal, encode_tals
from neuroflow.io.edf_fields import has_two_digit_year, patient_field, recording_field
from neuroflow.io.edf_reader import open_edf
from neuroflow.io.edf_writer import OutputHeader, encode_header, write_whole
from neuroflow.recording import Annotation, Recording
from neuroflow.review.document import IFCN_CRITERIA, LONGEST_TEXT, Mark

_BLOCK_BYTES = 32_768  # of a record, well below the 61,440 that EDF asks for
_MARKS = "marks"  # in the recording field: what this file is


def annotation_of(mark: Mark) -> Annotation:
    """A mark in the words of an annotation; one on a reconstructed signal says so."""
    words = [mark.text]
    if mark.decision:
        words.append(mark.decision)
    if mark.criteria:
        words.append(f"{len(mark.criteria)} of {len(IFCN_CRITERIA)} IFCN criteria")
    text = ", ".join(words)
    if mark.reconstructed:
        text = f"{text} (on a reconstructed signal, not recorded)"
    return Annotation(mark.start, mark.duration, text, mark.channel or None)


def write_marks_edf(marks: Iterable[Mark], recording: Recording, path: Path) -> int:
    """Write marks with the recording's own start and patient; returns how many. Raises: FileProblem."""
    start = recording.start if recording.start is not None and has_two_digit_year(recording.start) else None
    fraction = start.microsecond / 1e6 if start is not None else 0.0
    stamp = encode_tal(fraction)
    notes = [annotation_of(mark) for mark in sorted(marks, key=lambda m: m.start)]
    timed = (replace(n, onset=round(n.onset + fraction, 9), text=n.text[:LONGEST_TEXT]) for n in notes)
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


def _mark(note: Annotation, onset: float, *, ours: bool) -> Mark:
    """A mark of an annotation; a file of marks names derivations, which are no channels of it."""
    text, channel = note.text, note.channel or ""
    if ours and not channel and "@@" in text:
        text, _, channel = text.rpartition("@@")
    return Mark(uuid.uuid4().hex[:16], onset, text[:LONGEST_TEXT] or "Event", max(note.duration, 0.0), channel[:80])
