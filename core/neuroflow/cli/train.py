"""``neuroflow train DATA|--simulated``: fit a model, or fine-tune one, and write it with its card."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroflow.cli.text import count, print_json
from neuroflow.errors import FileProblem, NeuroflowError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from neuroflow.cli.progress import Progress
    from neuroflow.flow.card import ModelCard
    from neuroflow.jobs import Control
    from neuroflow.training.distributed import Group

LOG, RUN = "training.jsonl", "run"
# What a checkpoint remembers, so that --resume needs no more than the folder; the option that each is given by.
_OPTIONS = {
    "data": "DATA", "recipe": "--recipe", "minutes": "--minutes", "steps": "--steps", "seed": "--seed",
    "begin_from": "--from", "name": "--name", "implant": "--implant",
}  # fmt: skip


def add(commands: _SubParsersAction[Any]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "train",
        help="train a model on simulated patients or on a BIDS tree, or fine-tune one",
        description="Train a model on a fresh stream of simulated patients, or on the pairs of scalp and depth EEG in "
        "a BIDS tree. Ctrl-C saves the run, and --resume continues it exactly. FOLDER gets the model and its card, "
        f"{LOG}, and {RUN}/ with the checkpoint and the events that TensorBoard shows (tensorboard --logdir FOLDER).",
    )
    parser.add_argument("data", type=Path, nargs="?", metavar="DATA", help="a BIDS tree, as ds004752 is laid out")
    parser.add_argument("--simulated", action="store_true", help="train on simulated patients")
    parser.add_argument(
        "--recipe", metavar="NAME", help="default, quick (a toy, to try it out) or fine-tune (default with --from)"
    )
    parser.add_argument("--resume", action="store_true", help="continue the run in FOLDER; needs nothing else")
    parser.add_argument(
        "--from", dest="begin_from", metavar="MODEL",
        help="begin from this model; with DATA only few of its parameters change, and none to the worse",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("trained-model"), metavar="FOLDER",
        help="where the model goes (default trained-model)",
    )  # fmt: skip
    parser.add_argument("--name", help="what the model is called (default: twin-64, or the folder's name)")
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument(
        "--minutes", type=float, metavar="M", help="of optimisation; time that the machine slept does not count"
    )
    budget.add_argument("--steps", type=int, metavar="N", help="number of updates instead: the same on every machine")
    parser.add_argument("--seed", type=int, metavar="K", help="seed of patients, windows and weights (default 0)")
    parser.add_argument("--implant", metavar="NAME", help="the implant to reconstruct (default: the shipped one)")
    parser.add_argument(
        "--workers", type=int, metavar="N", help="processes that simulate (default: a core each, 4 at most)"
    )
    parser.add_argument("--device", default="auto", choices=("auto", "cuda", "cpu"), help="where to compute")
    parser.add_argument("--bf16", action="store_true", help="half precision, on CUDA only")
    parser.add_argument("--json", action="store_true", help="print what training came to as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Train, measure, write. Raises: NeuroflowError."""
    folder: Path = arguments.output
    checkpoint = folder / RUN / "checkpoint.safetensors"
    _check(arguments, checkpoint)
    from neuroflow.inference.device import choose_device, share_the_cores

    share_the_cores()
    from neuroflow.cli.progress import Progress
    from neuroflow.jobs import Cancelled, Control
    from neuroflow.training.distributed import joined

    # Training needs float64 on the device, which MPS lacks.
    device = "cpu" if arguments.device == "auto" and choose_device() != "cuda" else choose_device(arguments.device)
    with joined(device) as group, open(os.devnull, "w") as nowhere:
        with Progress(None if group.leads else nowhere) as progress:
            control = Control(progress)
            try:
                with _stopping(control) as told:
                    card = _train(arguments, folder, checkpoint, device, group, control, progress)
            except Cancelled:
                if group.leads:
                    _say_how_to_go_on(folder, checkpoint, progress)
                return 128 + told[-1]
        if card is None:
            return 0
    if arguments.json:
        print_json({"training": card.training, "measured": card.measured})
    else:
        print(f"{folder}: {card.name}. {card.training['data'].capitalize()}.")
        if card.measured:  # of recordings: what is held out of them has chosen the weights
            print(f"To measure it on recordings that it has not seen: neuroflow evaluate DATA --model {folder}")
        else:
            print(f"To measure it: neuroflow evaluate --simulated --model {folder} --write-card")
    return 0


def _check(arguments: argparse.Namespace, checkpoint: Path) -> None:
    """Raises: NeuroflowError, FileProblem."""
    if arguments.data is not None and arguments.simulated:
        raise NeuroflowError("Train on DATA or on --simulated patients, not on both; leave one of them out.")
    if arguments.data is None and not arguments.simulated and not arguments.resume:
        raise NeuroflowError("Give the folder of a BIDS tree to train on, or --simulated for simulated patients.")
    if arguments.workers is not None and arguments.workers < 1:
        raise NeuroflowError("At least one process must simulate; give --workers such a number.")
    if arguments.resume and not checkpoint.is_file():
        raise FileProblem(f"{checkpoint.parent} holds no run to resume; train without --resume, or give its -o.")
    if not arguments.resume and checkpoint.is_file():
        raise FileProblem(
            f"{checkpoint.parent} holds a run that was not finished; continue it with --resume, or delete that folder."
        )
    folder = checkpoint.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileProblem(f"The folder {folder} cannot be written; choose another with -o.", str(error)) from error


def _train(
    arguments: argparse.Namespace, folder: Path, checkpoint: Path, device: str, group: Group, control: Control,
    progress: Progress,
) -> ModelCard | None:  # fmt: skip
    """The model's card; None in a process that does not lead. Raises: Cancelled, NeuroflowError."""
    from neuroflow.anatomy.implant import Contact, Implant, load_implant
    from neuroflow.inference.device import cores
    from neuroflow.inference.model import load_model
    from neuroflow.training.fine_tune import trainable
    from neuroflow.training.fit import Place, fit
    from neuroflow.training.material import Frame, read_recordings, simulated
    from neuroflow.training.release import release, release_recorded

    made_by, recipe = _plan(arguments, checkpoint, folder)
    if recipe.batch % group.size:
        raise NeuroflowError(f"A batch of {recipe.batch} cannot be shared by {group.size} processes; start fewer.")
    base = load_model(made_by["begin_from"]) if made_by["begin_from"] else None
    if base is None:
        frame = Frame(load_implant(made_by["implant"]))
    else:
        card = base.card
        contacts = tuple(Contact(c.name, c.shaft, c.mni_mm) for c in card.implant.contacts)
        implant = Implant(card.implant.name, contacts, card.implant.source)
        frame = Frame(implant, card.sites, card.rate, card.band, trainable(base).shape.stride)
    if made_by["data"] is None:
        workers = arguments.workers or min(cores(), 4)
        material: Any = simulated(frame, max(workers // group.size, 1), group)
    else:
        progress.say(f"reading {made_by['data']}")
        material = read_recordings(Path(made_by["data"]), frame, control, progress.say)
        progress.say(f"training on {material.description}")
    much = f"{count(recipe.updates, 'update')}" if recipe.updates else f"{recipe.minutes:g} minutes"
    progress.say(f"recipe {recipe.name}: {much} on {device.upper()}; Ctrl-C saves the run")
    place = Place(
        device=device, bf16=arguments.bf16, group=group, checkpoint=checkpoint, resume=arguments.resume,
        events=folder / RUN, made_by=made_by,
    )  # fmt: skip
    fitted = fit(
        frame.implant, recipe, folder / LOG, control, progress.say, material=material, place=place,
        begin_from=trainable(base) if base else None, few=base is not None and made_by["data"] is not None,
    )  # fmt: skip
    if not group.leads:
        return None
    if made_by["data"] is None:
        card = release(
            fitted, frame, recipe, folder, name=made_by["name"], base=base.card if base else None
        )  # fmt: skip
    else:
        card = release_recorded(
            fitted, frame, recipe, folder, name=made_by["name"], base=base.card if base else None
        )  # fmt: skip
    checkpoint.unlink()
    return card


def _plan(arguments: argparse.Namespace, checkpoint: Path, folder: Path) -> tuple[dict[str, Any], Any]:
    """What was asked for, by name as in ``_OPTIONS``, and the recipe; from the checkpoint where a run is resumed.

    Raises: NeuroflowError where the run was begun with something else.
    """
    from neuroflow.training.recipe import changed, find_recipe

    asked = {name: getattr(arguments, name) for name in _OPTIONS}
    if asked["data"] is not None:
        asked["data"] = str(arguments.data.resolve())
    if arguments.resume:
        from neuroflow.training.checkpoint import read_made_by

        begun, recipe = read_made_by(checkpoint)
        for name, value in asked.items():
            if value is not None and value != begun[name]:
                raise NeuroflowError(
                    f"This run was begun with {_OPTIONS[name]} {begun[name]}, not {value}; leave {_OPTIONS[name]} out, "
                    "or begin another run in another folder."
                )
        if arguments.simulated and begun["data"] is not None:
            raise NeuroflowError("This run was begun on a BIDS tree; leave --simulated out to resume it.")
        return begun, recipe
    tuning = asked["begin_from"] is not None and asked["data"] is not None
    recipe = changed(
        find_recipe(asked["recipe"] or ("fine-tune" if tuning else "default")), asked["minutes"], asked["steps"],
        asked["seed"],
    )  # fmt: skip
    asked |= {"recipe": recipe.name, "minutes": recipe.minutes, "steps": recipe.updates, "seed": recipe.seed}
    asked["implant"] = asked["implant"] or "default"
    asked["name"] = asked["name"] or ("twin-64" if asked["data"] is None else folder.resolve().name)
    return asked, recipe


@contextmanager
def _stopping(control: Control) -> Iterator[list[int]]:
    """Make the first Ctrl-C or request to end a wish that training meets between two updates; yields what came."""
    came = [int(signal.SIGINT)]

    def ask(number: int, _frame: object) -> None:
        if control.cancelled and number == signal.SIGINT:
            raise KeyboardInterrupt
        came.append(number)
        control.cancel()
        # Written without a lock: the signal may have come while Progress was writing.
        os.write(2, b"\nneuroflow: stopping after this update; the run is being saved\n")

    if threading.current_thread() is not threading.main_thread():
        yield came
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say_how_to_go_on(folder: Path, checkpoint: Path, progress: Progress) -> None:
    if checkpoint.is_file():
        progress.say(f"stopped, and saved. To go on: neuroflow train --resume -o {shlex.quote(str(folder))}")
    else:
        progress.say("stopped before the first update; there is nothing to resume")
