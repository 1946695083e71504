"""``neuroflow info FILE``: what a recording holds, and what is wrong with it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroflow.cli.text import count, print_json, show, span_of_time, table
from neuroflow.io import open_recording
from neuroflow.recording import Channel, ChannelKind, Recording
from neuroflow.units import format_clock

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_ANNOTATIONS_SHOWN = 20
_TEXT_SHOWN = 200


def add(commands: _SubParsersAction[Any]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser("info", help="print what a recording holds and what is wrong with it")
    parser.add_argument("file", type=Path, metavar="FILE", help="an EDF, EDF+, BDF or BDF+ file")
    parser.add_argument("--mapping", type=Path, metavar="FILE", help="what labels mean, as the window keeps it (none)")
    parser.add_argument("--json", action="store_true", help="print JSON, with every annotation")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the recording. Raises: FileProblem."""
    source = open_recording(arguments.file)
    source.close()
    if arguments.mapping is not None:
        from neuroflow.io.mapping_file import mapped_by

        source = mapped_by(source, arguments.mapping)
    if arguments.json:
        print_json(as_json(source.recording))
    else:
        show(as_text(source.recording))
    return 0


def as_json(recording: Recording) -> dict[str, Any]:
    """Everything that the header and the annotations say, in seconds and hertz."""
    return {
        "file": str(recording.path),
        "format": recording.format,
        "start": recording.start.isoformat() if recording.start else None,
        "start_date_known": recording.dated,
        "duration": recording.duration,
        "patient": {
            "name": recording.patient.name,
            "identifier": recording.patient.identifier,
            "birthdate": recording.patient.birthdate,
            "sex": recording.patient.sex,
            "additional": recording.patient.additional,
        },
        "recording": recording.recording_field,
        "simulated": recording.simulated,
        "reconstructed": recording.reconstructed,
        "identity": recording.identity,
        "channels": [
            {
                "name": c.name,
                "label": c.label,
                "kind": c.kind.value,
                "site": c.site,
                "reference": c.reference,
                "rate": c.rate,
                "dimension": c.dimension,
                "physical_min": c.physical_min,
                "physical_max": c.physical_max,
                "prefilter": c.prefilter,
                "transducer": c.transducer,
            }
            for c in recording.channels
        ],
        "gaps": [{"start": gap.start, "duration": gap.duration} for gap in recording.gaps],
        "annotations": [
            {"onset": a.onset, "duration": a.duration, "text": a.text, "channel": a.channel}
            for a in recording.annotations
        ],
        "problems": list(recording.problems),
    }


def as_text(recording: Recording) -> str:
    """A page for a person to read."""
    patient = recording.patient
    born = f"born {patient.birthdate}" if patient.birthdate else ""
    said = (patient.name or "no name", patient.identifier, patient.sex, born, patient.additional)
    start = recording.start.isoformat(" ", "milliseconds") if recording.start else "unknown"
    if recording.start is not None and not recording.dated:
        start = f"unknown date, {start.split()[1]}"
    facts = [
        ("File", str(recording.path)),
        ("Format", recording.format + _origin(recording)),
        ("Patient", ", ".join(part for part in said if part)),
        ("Recording", recording.recording_field),
        ("Start", start.removesuffix(".000")),
        ("Duration", f"{format_clock(recording.duration)} ({span_of_time(recording.duration)})"),
        ("Channels", f"{len(recording.channels)}{_kinds(recording)}"),
    ]
    parts = ["\n".join(f"{name:<10} {value}".rstrip() for name, value in facts)]
    if recording.channels:
        head = ("", "name", "label", "kind", "Hz", "unit", "range", "reference", "filter", "transducer")
        rows = [_row(number, channel) for number, channel in enumerate(recording.channels, 1)]
        parts.append(table(head, rows, right=(0, 4)))
    if recording.gaps:
        rows = [(format_clock(gap.start, decimals=3), span_of_time(gap.duration)) for gap in recording.gaps]
        parts.append(f"{count(len(rows), 'gap')}\n" + table(("at", "for"), rows))
    if recording.annotations:
        parts.append(_annotations(recording))
    if recording.problems:
        parts.append("Problems found\n" + "\n".join(f"  ! {problem}" for problem in recording.problems))
    return "\n\n".join(parts)


def _origin(recording: Recording) -> str:
    words = [", of a simulated patient"] if recording.simulated else []
    words += [", reconstructed and not recorded"] if recording.reconstructed else []
    return "".join(words)


def _kinds(recording: Recording) -> str:
    counts = {kind: sum(c.kind is kind for c in recording.channels) for kind in ChannelKind}
    said = ", ".join(f"{n} {kind.value}" for kind, n in counts.items() if n)
    return f" ({said})" if said else ""


def _row(number: int, channel: Channel) -> tuple[str, ...]:
    return (
        str(number),
        channel.name,
        channel.label if channel.label != channel.name else "",
        channel.kind.value,
        f"{channel.rate:g}",
        channel.dimension,
        f"{channel.physical_min:g} … {channel.physical_max:g}",
        channel.reference,
        channel.prefilter,
        channel.transducer,
    )


def _one_line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _TEXT_SHOWN else f"{text[: _TEXT_SHOWN - 1]}…"


def _annotations(recording: Recording) -> str:
    rows = [
        (
            format_clock(a.onset, decimals=3),
            span_of_time(a.duration) if a.duration else "",
            a.channel or "",
            _one_line(a.text),
        )
        for a in recording.annotations[:_ANNOTATIONS_SHOWN]
    ]
    more = len(recording.annotations) - len(rows)
    last = f"\n  … and {more:,} more; --json prints all of them" if more else ""
    title = count(len(recording.annotations), "annotation")
    return f"{title}\n{table(('at', 'for', 'channel', 'text'), rows)}{last}"
