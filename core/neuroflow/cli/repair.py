"""``neuroflow repair IN.edf -o OUT.edf``: a recording that others stumble over, as clean EDF+."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroflow.cli.progress import Progress
from neuroflow.cli.text import count, print_json, show
from neuroflow.io.edf_writer import IGNORES_GAPS
from neuroflow.jobs import Control

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from neuroflow.export.repair import Repaired


def add(commands: _SubParsersAction[Any]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "repair",
        help="write a recording anew as clean EDF+, and list what was changed",
        description="Write what can be read of an EDF or BDF file as EDF+C, or as EDF+D where it has gaps, and say "
        "what was wrong with it. Digital values stay as they are wherever 16 bits can hold them.",
    )
    parser.add_argument("file", type=Path, metavar="IN.edf", help="an EDF, EDF+, BDF or BDF+ file")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.edf", help="the file to write")
    parser.add_argument("--json", action="store_true", help="print what was written as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Repair. Raises: NeuroflowError."""
    from neuroflow.export.repair import repair
    from neuroflow.io import open_recording

    open_recording(arguments.file).close()  # whatever is wrong with the path becomes a sentence
    with Progress() as progress:
        done = repair(arguments.file.absolute(), arguments.output.absolute(), Control(progress))
    if arguments.json:
        print_json({**asdict(done), "path": str(done.path)})
    else:
        show(as_text(done))
    return 0


def as_text(done: Repaired) -> str:
    """What was written and what was changed."""
    exact = "every digital value as it was" if done.worst_difference_uv == 0 else (
        f"within {done.worst_difference_uv:.3g} µV of what was read"
    )  # fmt: skip
    lines = [
        f"{done.path}: {done.format}, {count(done.channels, 'channel')}, {count(done.records, 'record')}, "
        f"{count(done.annotations, 'annotation')}, {exact}.",
        *(f"  ! {change}" for change in done.changes),
    ]
    if done.format == "EDF+D":
        lines.append(f"  ! It has gaps: {IGNORES_GAPS}")
    return "\n".join(lines if done.changes or done.format == "EDF+D" else [*lines, "  Nothing was wrong with it."])
