"""``neuroflow convert IN.edf -o OUT.edf``: a recording or a part of it: cropped, resampled, re-referenced, unnamed."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroflow.cli.progress import Progress
from neuroflow.cli.text import count, print_json, show, span_of_time
from neuroflow.errors import NeuroflowError
from neuroflow.io.edf_writer import IGNORES_GAPS
from neuroflow.jobs import Control
from neuroflow.recording import Span

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from neuroflow.export.convert import Converted


def add(commands: _SubParsersAction[Any]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "convert",
        help="write a recording or a part of it as EDF+: cropped, resampled, re-referenced, de-identified",
        description="Write a recording, or a part of it, as EDF+. What is not asked for stays as it was recorded, to "
        "the digital value. To de-identify: list every free text with --list-texts, decide of each in that table, and "
        "give it back with --deidentify.",
    )
    parser.add_argument("file", type=Path, metavar="IN.edf", help="an EDF, EDF+, BDF or BDF+ file")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.edf", help="the file to write")
    parser.add_argument("--start", type=float, default=0.0, metavar="S", help="seconds into the recording (0)")
    parser.add_argument("--duration", type=float, metavar="S", help="seconds (to the end)")
    parser.add_argument("--rate", type=float, metavar="HZ", help="resample all voltages to this rate (as recorded)")
    parser.add_argument(
        "--montage", default="as recorded", metavar="NAME",
        help="longitudinal, transverse, average, linked-ears, cz or laplacian (as recorded)",
    )  # fmt: skip
    parser.add_argument("--channels", default="", metavar="NAMES", help="channels to take: Fp1,F7,ECG (all)")
    parser.add_argument(
        "--list-texts", type=Path, metavar="TABLE.tsv",
        help="write every free text of the recording, with a suggestion, into a table to review; writes no EDF",
    )  # fmt: skip
    parser.add_argument(
        "--deidentify", type=Path, metavar="TABLE.tsv",
        help="leave out patient, recording and date, and do with every free text what this reviewed table says",
    )  # fmt: skip
    parser.add_argument(
        "--shift-days", type=int, metavar="N",
        help="with --deidentify: move the start date, and dates in texts, by N days (before or after) instead of "
        "leaving the date out; times of day stay, and the file does not say N. Keep N to yourself, and take the same "
        "for all recordings of a patient; a multiple of 7 keeps the day of the week",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print what was written as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Convert, or list texts. Raises: NeuroflowError."""
    from neuroflow.io import open_recording

    if (arguments.output is None) == (arguments.list_texts is None):
        raise NeuroflowError("Say what to write: -o OUT.edf for a recording, or --list-texts TABLE.tsv for its texts.")
    source = open_recording(arguments.file)  # whatever is wrong with the path becomes a sentence
    recording = source.recording
    source.close()
    if arguments.list_texts is not None:
        from neuroflow.export.texts import KEEP, REPLACE, free_texts, write_texts

        texts = free_texts(recording)
        write_texts(texts, arguments.list_texts)
        kept, replaced = (sum(t.decision == decision for t in texts) for decision in (KEEP, REPLACE))
        changed = f"{replaced} to replace, " if replaced else ""
        print(
            f"{arguments.list_texts}: {count(len(texts), 'text')}, {kept} suggested to keep, {changed}"
            f"{len(texts) - kept - replaced} to remove. Read every line, change the first column to keep, remove or "
            "replace, and give it to --deidentify."
        )
        return 0
    from neuroflow.export.convert import HIGHEST_RATE, LOWEST_RATE, ConvertRequest, convert, montage_named
    from neuroflow.export.texts import read_texts

    if arguments.rate is not None and not LOWEST_RATE <= arguments.rate <= HIGHEST_RATE:
        raise NeuroflowError(f"Give --rate a number of hertz from {LOWEST_RATE:g} to {HIGHEST_RATE:,.0f}.")
    if not 0.0 <= arguments.start < recording.duration or not (arguments.duration is None or arguments.duration > 0):
        raise NeuroflowError(
            f"Give --start 0 or more and below {recording.duration:g} s, where the recording ends, and a --duration "
            "above 0."
        )
    if arguments.shift_days is not None and arguments.deidentify is None:
        raise NeuroflowError("--shift-days goes with --deidentify TABLE.tsv: dates are shifted where nobody is named.")
    span = None
    if arguments.start or arguments.duration is not None:
        stop = recording.duration if arguments.duration is None else arguments.start + arguments.duration
        span = Span(arguments.start, min(stop, recording.duration))
    request = ConvertRequest(
        span, arguments.rate, montage_named(arguments.montage),
        tuple(name.strip() for name in arguments.channels.split(",") if name.strip()),
        None if arguments.deidentify is None else read_texts(arguments.deidentify), arguments.shift_days,
    )  # fmt: skip
    with Progress() as progress:
        done = convert(arguments.file.absolute(), arguments.output.absolute(), request, Control(progress))
    if arguments.json:
        print_json({**asdict(done), "path": str(done.path)})
    else:
        show(as_text(done))
    return 0


def as_text(done: Converted) -> str:
    """What was written, how exactly, and what is otherwise than in the recording."""
    lines = [
        f"{done.path}: {done.format}, {count(done.channels, 'channel')}, {count(done.records, 'record')}, "
        f"{span_of_time(done.span.duration)}; read back, differs by {done.worst_difference_uv:.4f} µV at most "
        f"(one step is {done.step_uv:.4f} µV).",
        *(f"  ! {change}" for change in done.changes),
    ]
    if done.format == "EDF+D":
        lines.append(f"  ! It has gaps: {IGNORES_GAPS}")
    return "\n".join(lines)
