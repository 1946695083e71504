"""Events of a BIDS recording: the trials that a window must not leave, what is bad, and the discharges stated.

In ds004752 trials of 8 s lie end to end although time passed between them, ``begSample`` counts from 1, and ``onset``
is ``begSample`` over the rate: one sample late, and by another amount in the scalp's file than in the depth's. So the
samples are believed, not the onsets.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuroflow.io.bids_tables import Row, Table, TreeProblem
from neuroflow.recording import Span

LONGEST_SECONDS = 10 * 86400.0
# As mne marks stretches to leave out. Blinks and muscle are no reason: a model must live with them.
_BAD = re.compile(r"^bad(?![a-z])", re.IGNORECASE)
DISCHARGE = "discharge"


@dataclass(frozen=True, slots=True)
class Stated:
    """A discharge that the tree states (simulated trees do), in seconds from the first scalp sample."""

    time: float
    duration: float
    extent: str
    side: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial: its number, its span in seconds from the file's first sample, and whether it is marked artefact."""

    line: int
    number: int
    span: Span
    artefact: bool


@dataclass(frozen=True, slots=True)
class Events:
    """What an ``events.tsv`` says, in seconds from the file's first sample; no ``trials`` where it is continuous."""

    path: Path
    trials: tuple[Trial, ...] = ()
    bad: tuple[Span, ...] = ()
    discharges: tuple[Stated, ...] = ()


def read_events(table: Table, about: Mapping[str, Any], problems: list[TreeProblem]) -> Events:
    """Trials, bad stretches and discharges of a table; ``about`` is the recording's JSON."""
    epoched = str(about.get("RecordingType", "")).strip().lower() == "epoched"
    trials: list[Trial] = []
    bad: list[Span] = []
    discharges: list[Stated] = []
    for row in table.rows:
        span = span_of(row)
        kind = row["trial_type"]
        if span is None:
            problems.append(TreeProblem(table.path, row.line, "an event has no usable onset and duration; left out"))
        elif kind == DISCHARGE:
            sources = tuple(name.strip() for name in row["sources"].split(",") if name.strip())
            onset = row.number("onset")
            start = span.start if onset is None else onset
            discharges.append(Stated(start, span.duration, row["extent"], row["side"], sources))
        elif row.number("nTrial") is not None or (epoched and span.duration > 0 and not kind):
            number = row.number("nTrial")
            trials.append(Trial(row.line, len(trials) + 1 if number is None else round(number), span, _artefact(row)))
        elif _BAD.match(kind):
            bad.append(span)
    return Events(table.path, _apart(trials, table.path, problems), tuple(bad), tuple(discharges))


def span_of(row: Row) -> Span | None:
    """Where an event lies, from its samples (counted from 1) where it gives them, else from its onset; None if neither.

    The rate is what samples and duration say together, so that a sidecar with another rate does no harm.
    """
    duration = row.number("duration") if row["duration"] else 0.0
    first, last, onset = row.number("begSample"), row.number("endSample"), row.number("onset")
    if duration is None or not 0 <= duration <= LONGEST_SECONDS:
        return None
    if first is not None and last is not None and 1 <= first < last < 1e12 and duration > 0:
        per_sample = duration / (last - first + 1)
        onset = (first - 1) * per_sample
    if onset is None or not abs(onset) <= LONGEST_SECONDS:
        return None
    return Span(onset, onset + duration)


def epochs(about: Mapping[str, Any], seconds: float) -> tuple[Span, ...]:
    """Epochs laid end to end over ``seconds``, as an epoched recording's JSON gives their length; none otherwise."""
    length = about.get("EpochLength")
    epoched = str(about.get("RecordingType", "")).strip().lower() == "epoched"
    if not epoched or isinstance(length, bool) or not isinstance(length, int | float) or not 0.1 <= length <= seconds:
        return ()
    return tuple(Span(k * length, (k + 1) * length) for k in range(math.floor(seconds / length + 1e-9)))


def common_trials(scalp: Events, depth: Events, tolerance: float, problems: list[TreeProblem]) -> tuple[Span, ...]:
    """Spans of the trials that both files have at the same place and that neither marks as artefact.

    Where only one file has trials they are taken from it. ``tolerance`` in seconds.
    """
    if not scalp.trials or not depth.trials:
        return tuple(trial.span for trial in scalp.trials or depth.trials if not trial.artefact)
    by_number = {trial.number: trial for trial in depth.trials}
    kept = []
    for trial in scalp.trials:
        other = by_number.pop(trial.number, None)
        if other is None:
            problems.append(
                TreeProblem(scalp.path, trial.line, f"the depth file has no trial {trial.number}; left out")
            )
        elif max(abs(other.span.start - trial.span.start), abs(other.span.stop - trial.span.stop)) > tolerance:
            words = f"trial {trial.number} begins at {trial.span.start:g} s here and at {other.span.start:g} s in depth"
            problems.append(TreeProblem(scalp.path, trial.line, f"{words}; left out"))
        elif not (trial.artefact or other.artefact):
            kept.append(trial.span)
    problems += [
        TreeProblem(depth.path, trial.line, f"the scalp file has no trial {trial.number}; left out")
        for trial in by_number.values()
    ]
    return tuple(kept)


def without(spans: Iterable[Span], holes: Sequence[Span]) -> tuple[Span, ...]:
    """The parts of ``spans``, which do not overlap, outside every hole, in order of time."""
    left: list[Span] = []
    waiting = sorted(holes, key=lambda hole: hole.start)
    ahead = 0  # every hole before this one ends before the span at hand begins
    for span in sorted(spans, key=lambda span: span.start):
        start = span.start
        while ahead < len(waiting) and waiting[ahead].stop <= start:
            ahead += 1
        for index in range(ahead, len(waiting)):
            hole = waiting[index]
            if hole.start >= span.stop:
                break
            if hole.start > start:
                left.append(Span(start, hole.start))
            start = max(start, hole.stop)
        if span.stop > start:
            left.append(Span(start, span.stop))
    return tuple(left)


def _artefact(row: Row) -> bool:
    """ds004752 marks a trial by 1; BIDS software also by words."""
    return row["Artifact"].strip().lower() not in ("", "0", "0.0", "false", "no")


def _apart(trials: Sequence[Trial], path: Path, problems: list[TreeProblem]) -> tuple[Trial, ...]:
    """Trials in order of time without those that begin before the file or overlap the one before."""
    kept: list[Trial] = []
    for trial in sorted(trials, key=lambda trial: trial.span.start):
        if trial.span.start < -1e-9 or (kept and trial.span.start < kept[-1].span.stop - 1e-6):
            problems.append(TreeProblem(path, trial.line, f"trial {trial.number} overlaps another; it is left out"))
        else:
            kept.append(trial)
    return tuple(kept)
