"""``neuroflow simulate DIR``: simulated patients as a BIDS tree, and a page of figures about them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroflow.cli.text import count, span_of_time
from neuroflow.errors import NeuroflowError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

PAGE = "report.html"
MOST_PATIENTS, LONGEST_MINUTES = 999, 24 * 60.0


def add(commands: _SubParsersAction[Any]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "simulate",
        help="write simulated patients, scalp and depth EEG, as a BIDS tree",
        description="Write simulated patients as a BIDS tree laid out like OpenNeuro ds004752: scalp and depth EEG "
        "of the same sources, and events that state every discharge. Nothing is left behind when it is stopped.",
    )
    parser.add_argument("folder", type=Path, nargs="?", metavar="DIR", help="where the tree goes; empty or not there")
    parser.add_argument("--patients", type=int, default=5, metavar="N", help="how many patients (default 5)")
    parser.add_argument("--minutes", type=float, default=10.0, metavar="M", help="of each, all sessions (default 10)")
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="the same seed gives the same patients (0)")
    parser.add_argument(
        "--local-share", type=float, default=0.5, metavar="S",
        help="share of each contact's background power that has no field at the scalp, 0 to below 1 (default 0.5)",
    )  # fmt: skip
    parser.add_argument(
        "--implant", default="default", metavar="NAME",
        help="whose contacts: default, or a patient of ds004752, as in ds004752:sub-04",
    )  # fmt: skip
    parser.add_argument(
        "--report", action="store_true",
        help="also write a page of figures that lays the simulation beside published and recorded reference figures",
    )  # fmt: skip
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="PAGE",
        help=f"where the page goes (default DIR/{PAGE}); DIR may be left out",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Simulate and write. Raises: NeuroflowError."""
    _check(arguments)
    from neuroflow.anatomy.implant import load_implant
    from neuroflow.cli.progress import Progress
    from neuroflow.jobs import Control
    from neuroflow.simulation.tree import SHORTEST_SECONDS, TreeRequest, check_folder, simulated, write_tree

    seconds = round(arguments.minutes * 60)
    if seconds < SHORTEST_SECONDS:
        raise NeuroflowError(f"Give at least {SHORTEST_SECONDS} seconds of each patient, as in --minutes 0.5.")
    request = TreeRequest(
        load_implant(arguments.implant), arguments.patients, seconds, arguments.seed, arguments.local_share
    )
    folder: Path | None = arguments.folder
    if folder is not None:
        check_folder(folder)
    page = _page(arguments)
    figures = None
    if page is not None:
        from neuroflow.simulation.report import Collector

        figures = Collector(request)
    with Progress() as progress:
        people = f"{count(request.patients, 'patient')} of {span_of_time(seconds)}"
        progress.say(f"simulating {people}" + (f" into {folder}" if folder else ""))
        if folder is not None:
            write_tree(folder, request, Control(progress), figures.add if figures else None)
        elif figures is not None:
            for recorded in simulated(request, Control(progress)):
                figures.add(recorded)
        if page is not None and figures is not None:
            progress.say("drawing the figures")
            figures.write(page, Control(progress))
    if folder is not None:
        print(f"{folder}: {people}, simulated.")
    if page is not None:
        print(f"{page}: what they are like beside reference figures.")
    return 0


def _check(arguments: argparse.Namespace) -> None:
    if not 1 <= arguments.patients <= MOST_PATIENTS or not 0 < arguments.minutes <= LONGEST_MINUTES:
        raise NeuroflowError(f"Give 1 to {MOST_PATIENTS} patients and at most {LONGEST_MINUTES:g} minutes of each.")
    if not 0 <= arguments.seed < 10**5:
        raise NeuroflowError("Give a seed from 0 to 99999.")
    if not 0.0 <= arguments.local_share < 1.0:
        raise NeuroflowError("Give a local share of 0 to below 1: at 1 the scalp would say nothing at all.")
    if arguments.folder is None and not arguments.report:
        raise NeuroflowError(
            "Name the folder to write into, or ask for the page alone: neuroflow simulate --report -o PAGE."
        )
    if arguments.output is not None and not arguments.report:
        raise NeuroflowError("-o is for the page of figures: add --report, or leave it out.")


def _page(arguments: argparse.Namespace) -> Path | None:
    """Where the page goes, checked before the work; None where none is wanted. Raises: FileProblem."""
    if not arguments.report:
        return None
    from neuroflow.io.edf_writer import check_target

    if arguments.output is None and arguments.folder is not None:
        return Path(arguments.folder) / PAGE
    page: Path = arguments.output or Path(PAGE)
    check_target(page)
    return page
