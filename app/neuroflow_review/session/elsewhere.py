"""Marks to and from tables, EDF+ annotations and other review files, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neuroflow.io import review_file
from neuroflow.io.marks_csv import read_marks, write_marks
from neuroflow.io.marks_edf import read_marks_edf, write_marks_edf
from neuroflow.io.review_file import read_marks_of_review
from neuroflow.jobs import Control
from neuroflow.recording import Recording
from neuroflow.review import Mark, Merger


def write_elsewhere(marks: Sequence[Mark], recording: Recording, path: Path, _: Control) -> int:
    """Write marks as the name of the file says; returns how many. Raises: FileProblem."""
    return write_marks_edf(marks, recording, path) if _is_edf(path) else write_marks(marks, path)


def read_elsewhere(recording: Recording, path: Path, _: Control) -> tuple[Mark, ...]:
    """The marks of a table, of an EDF+ file's annotations, or of a review file. Raises: FileProblem."""
    if _is_edf(path):
        return read_marks_edf(path, recording)
    if path.name.endswith(review_file.SUFFIX):
        return read_marks_of_review(path)
    return read_marks(path, recording.duration)


def told(taken: Merger, inside: int, outside: int, writable: bool) -> str:
    """What became of marks that were read, ``inside`` the recording and ``outside``, in a sentence."""
    new, completed = len(taken.new), len(taken.completed)
    left = inside - new - completed
    parts = [f"{new} mark{'' if new == 1 else 's'} read"] if new else []
    for what, count in (
        ("criteria added to {}", sum(after.criteria != here.criteria for here, after in taken.completed)),
        ("{} chosen for the meeting", sum(after.meeting != here.meeting for here, after in taken.completed)),
    ):
        if count:
            parts.append(f"{what.format(count)} that {'was' if count == 1 else 'were'} there already")
    if parts and left:
        parts.append(f"{left} more there already")
    elif not parts:
        why = ": all that were read are there already" if left and not outside else f": {left} there already"
        parts = [f"No mark was taken up{why if left and writable else ''}"]
    if outside:
        parts.append(f"{outside} beyond the recording's end left out")
    said = "; ".join(parts)
    return f"{said[:1].upper()}{said[1:]}."


def _is_edf(path: Path) -> bool:
    return path.suffix.lower() in (".edf", ".bdf", ".rec")
