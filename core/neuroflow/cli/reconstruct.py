"""``neuroflow reconstruct IN.edf -o OUT.edf``: a recording in, reconstructed contacts as EDF+ out."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroflow.cli.progress import Progress
from neuroflow.cli.text import count, print_json, show, span_of_time
from neuroflow.errors import NeuroflowError
from neuroflow.io import open_recording
from neuroflow.io.edf_writer import IGNORES_GAPS, check_target
from neuroflow.jobs import Control
from neuroflow.recording import Recording, Span
from neuroflow.units import format_clock

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from neuroflow.export import ExportReport

_MOST_SAMPLES = 255
_LISTED = 10  # stretches that are withheld; a night of blinks has hundreds


def add(commands: _SubParsersAction[Any]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser("reconstruct", help="reconstruct depth contacts from scalp EEG into an EDF+ file")
    parser.add_argument("file", type=Path, metavar="IN.edf", help="a scalp recording: EDF, EDF+, BDF or BDF+")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.edf", help="the file to write")
    parser.add_argument(
        "--bids", type=Path, metavar="DIR",
        help="instead of OUT.edf, write into this BIDS derivative dataset, which is made where there is none",
    )  # fmt: skip
    parser.add_argument("--subject", default="", metavar="LABEL", help="for --bids: whose (as IN.edf is named)")
    parser.add_argument("--session", default="", metavar="LABEL", help="for --bids: which session (as IN.edf is named)")
    parser.add_argument("--task", default="", metavar="LABEL", help="for --bids: doing what (as IN.edf is named)")
    parser.add_argument(
        "--samples", type=_samples, default=39, help="samples to draw, 1 to 255 (39: an exact 90 %% band)"
    )
    parser.add_argument("--seed", type=_seed, default=0, help="the same seed draws the same samples (0)")
    parser.add_argument("--start", type=_seconds, default=0.0, metavar="S", help="seconds into the recording (0)")
    parser.add_argument("--duration", type=_duration, default=None, metavar="S", help="seconds (to the end)")
    parser.add_argument(
        "--channels", type=_names, default=("median", "bands"), help="median, bands, samples, or several (median,bands)"
    )
    parser.add_argument("--contacts", type=_names, default=(), help="contacts or shafts to write: AHL,PHR1 (all)")
    parser.add_argument("--exclude", type=_names, default=(), help="scalp channels to set aside: T3,O2 (none)")
    parser.add_argument(
        "--mapping", type=Path, metavar="FILE", help="what labels mean, as the window keeps it in channels.json (none)"
    )
    parser.add_argument(
        "--deidentify", action="store_true",
        help="leave out patient, date and the name of IN.edf, of which a hash stays (with --bids always)",
    )  # fmt: skip
    parser.add_argument(
        "--shift-days", type=int, metavar="N",
        help="with --deidentify or --bids, move the date by so many days instead of leaving it out (1 January 1985)",
    )  # fmt: skip
    parser.add_argument("--device", choices=("auto", "cuda", "mps", "cpu"), default="auto", help="where to run (auto)")
    parser.add_argument(
        "--precision", choices=("float32", "bfloat16"), default="float32",
        help="bfloat16 is faster; samples are then rounded to about a hundredth (float32)",
    )  # fmt: skip
    parser.add_argument("--model", default="default", metavar="NAME", help="an installed model, or a model's folder")
    parser.add_argument("--json", action="store_true", help="print what was written as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Reconstruct and write. Raises: NeuroflowError."""
    from neuroflow.export import ExportRequest, export_bids, export_reconstruction
    from neuroflow.export.bids import entities_of

    if (arguments.output is None) == (arguments.bids is None):
        raise NeuroflowError("Say where to write: -o OUT.edf, or --bids DIR for a BIDS derivative dataset.")
    if arguments.shift_days is not None and not (arguments.deidentify or arguments.bids is not None):
        raise NeuroflowError("--shift-days goes with --deidentify: dates are shifted where nobody is named.")
    entities = None
    if arguments.bids is not None:
        entities = entities_of(arguments.file, arguments.subject, arguments.task, arguments.session)
    source = open_recording(arguments.file)
    try:
        if arguments.mapping is not None:
            from neuroflow.io.mapping_file import mapped_by

            source = mapped_by(source, arguments.mapping)
        span = _span(source.recording, arguments.start, arguments.duration)
        excluded = _excluded(source.recording, arguments.exclude)
        if arguments.output is not None:
            check_target(arguments.output)
        request = ExportRequest(
            span, arguments.samples, arguments.seed, arguments.channels, arguments.contacts, excluded,
            arguments.deidentify or arguments.bids is not None, arguments.shift_days,
        )  # fmt: skip
        with Progress() as progress:
            # torch is slow to load, so everything that can fail without it has been looked at by now.
            from neuroflow.inference.engine import Reconstructor
            from neuroflow.inference.model import load_model

            reconstructor = Reconstructor(
                load_model(arguments.model), arguments.device, progress.say, precision=arguments.precision
            )
            control = Control(progress)
            if entities is not None:
                report = export_bids(source, reconstructor, arguments.bids, entities, request, control)
            else:
                report = export_reconstruction(source, reconstructor, arguments.output, request, control)
    finally:
        source.close()
    if arguments.json:
        print_json(as_json(report))
    else:
        show(as_text(report))
    return 0


def as_json(report: ExportReport) -> dict[str, Any]:
    """What was written, in seconds, hertz and microvolts."""
    return {
        "file": str(report.path),
        "contacts": report.contacts,
        "channels": report.channels,
        "format": report.format,
        "records": report.records,
        "rate": report.rate,
        "start": report.span.start,
        "duration": report.span.duration,
        "worst_difference_uv": report.worst_difference_uv,
        "step_uv": report.step_uv,
        "model": report.model,
        "model_sha256": report.model_hash,
        "input_sha256": report.input_hash,
        "samples": report.samples,
        "seed": report.seed,
        "coverage": report.coverage,
        "device": report.device,
        "redrawn": report.redrawn,
        "flat_channels": list(report.silent),
        "withheld": [{"start": w.span.start, "duration": w.span.duration, "reason": w.reason} for w in report.withheld],
    }


def as_text(report: ExportReport) -> str:
    """A few lines for a person to read."""
    lines = [
        f"{report.path}: {count(report.channels, 'channel')} of {count(report.contacts, 'contact')}, "
        f"{span_of_time(report.span.duration)} at {report.rate:g} Hz; reconstructed, not recorded.",
        f"Model {report.model}, {count(report.samples, 'sample')}, seed {report.seed}, on {report.device}"
        + (f"; p05 to p95 covers {100 * report.coverage:.1f} %." if report.coverage is not None else "."),
        f"Read back: differs by {report.worst_difference_uv:.4f} µV at most (one step is {report.step_uv:.4f} µV).",
    ]
    if report.format == "EDF+D":
        lines.append(f"Written as EDF+D, since the recording has gaps. {IGNORES_GAPS}")
    if report.redrawn:
        lines.append(f"{count(report.redrawn, 'sample')} had to be drawn again.")
    if report.silent:
        lines.append(f"Flat for a time, and not used there: {', '.join(report.silent)}.")
    lines += [
        f"Withheld from {format_clock(w.span.start)} for {span_of_time(w.span.duration)}: {w.reason}"
        for w in report.withheld[:_LISTED]
    ]
    if more := report.withheld[_LISTED:]:
        seconds = span_of_time(sum(w.span.duration for w in more))
        places = count(len(more), "further place")
        lines.append(f"Withheld at {places}, {seconds} in all: the file's annotations say why.")
    return "\n".join(lines)


def _span(recording: Recording, start: float, duration: float | None) -> Span:
    """The part to reconstruct, cut at the end. Raises: NeuroflowError."""
    if start >= recording.duration:
        raise NeuroflowError(
            f"--start {start:g} lies behind the end of the recording, which is {recording.duration:g} s long."
        )
    stop = recording.duration if duration is None else min(start + duration, recording.duration)
    return Span(start, stop)


def _excluded(recording: Recording, names: tuple[str, ...]) -> frozenset[str]:
    known = {channel.name for channel in recording.channels}
    for name in names:
        if name not in known:
            raise NeuroflowError(
                f"The recording has no channel “{name}” to exclude; neuroflow info lists its channels."
            )
    return frozenset(names)


def _samples(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_SAMPLES:
        raise argparse.ArgumentTypeError(f"give a whole number of samples from 1 to {_MOST_SAMPLES}, not {text}")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 1 << 63:
        raise argparse.ArgumentTypeError(f"give a whole number from 0 on, not {text}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"give seconds from 0 on, not {text}")
    return value


def _duration(text: str) -> float:
    value = _seconds(text)
    if value == 0:
        raise argparse.ArgumentTypeError(f"give more than 0 seconds, not {text}")
    return value


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
