"""``neuroflow train --simulated -o FOLDER``: fit a model on simulated patients, write it with its card."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroflow.cli.text import count, print_json
from neuroflow.errors import FileProblem, NeuroflowError

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: _SubParsersAction[Any]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser("train", help="train a model on simulated patients")
    parser.add_argument(
        "--simulated", action="store_true", required=True, help="train on a fresh stream of simulated patients"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="where the model goes")
    parser.add_argument("--name", default="twin-64", help="what the model is called")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long to train (default 30)")
    parser.add_argument("--seed", type=int, default=0, help="seed of patients, windows and weights (default 0)")
    parser.add_argument("--implant", default="default", help="the implant to reconstruct (default: the shipped one)")
    parser.add_argument("--json", action="store_true", help="print what training came to as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Train, write. Raises: NeuroflowError."""
    if arguments.minutes <= 0 or arguments.seed < 0:
        raise NeuroflowError("Give a positive number of minutes, and a seed of 0 or more.")
    folder: Path = arguments.output
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileProblem(f"The folder {folder} cannot be written; choose another with -o.", str(error)) from error
    from neuroflow.inference.device import share_the_cores

    share_the_cores()
    from neuroflow.anatomy.implant import load_implant
    from neuroflow.cli.progress import Progress
    from neuroflow.jobs import Control
    from neuroflow.training.fit import Recipe, fit
    from neuroflow.training.release import release

    implant = load_implant(arguments.implant)
    recipe = Recipe(minutes=arguments.minutes, seed=arguments.seed)
    with Progress() as progress:
        progress.say(f"training for {arguments.minutes:g} minutes; checks go to {folder / 'training.jsonl'}")
        fitted = fit(implant, recipe, folder / "training.jsonl", Control(progress))
        card = release(fitted, implant, recipe, folder, name=arguments.name)
    if arguments.json:
        print_json(card.training)
    else:
        print(f"{folder}: {card.name}, trained on {count(fitted.patients, 'simulated patient')}.")
        print(f"To measure it: neuroflow evaluate --simulated --model {folder} --write-card")
    return 0
