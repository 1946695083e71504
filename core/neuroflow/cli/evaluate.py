"""``neuroflow evaluate DATA|--simulated --model NAME``: a model on patients it never saw, beside its baselines."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroflow.cli.evaluate_text import as_text, gaussian_text
from neuroflow.cli.text import print_json, span_of_time
from neuroflow.errors import FileProblem, NeuroflowError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from neuroflow.cli.progress import Progress
    from neuroflow.evaluation.held_out import Measured, Subject
    from neuroflow.evaluation.patients import UnseenPatient
    from neuroflow.evaluation.posterior import Posterior
    from neuroflow.inference.model import Model
    from neuroflow.io.bids import Tree
    from neuroflow.training.gaussian import Distance

_TO_STDOUT = "-"
_SHARES = (0.5, 0.0, 0.8)
GAUSSIAN_MINUTES = 5.0
MOST_PATIENTS, MOST_DRAWS, MOST_FITTED, MOST_MINUTES = 1000, 999, 10_000, 10_000
MOST_INDEPENDENT = 50_000
FITTED_ON = 240
LAST_SEED = 500_000  # evaluation.patients: beyond are patients that training, calibration and baselines have seen


def add(commands: _SubParsersAction[Any]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "evaluate",
        help="measure a model on patients that it never saw, beside its baselines",
        description="Measure a model on a BIDS tree of simultaneous scalp and depth EEG, or on standard simulated "
        "patients, beside climatology, lagged ridge, minimum norm, sLORETA and LCMV; say what of the asked is met.",
    )
    parser.add_argument("data", type=Path, nargs="?", metavar="DATA", help="a BIDS tree, laid out like ds004752")
    parser.add_argument("--simulated", action="store_true", help="the standard simulated patients, instead of a tree")
    parser.add_argument("--model", default="default", metavar="NAME", help="an installed model, or a model's folder")
    parser.add_argument("--patients", type=int, default=20, metavar="N", help="simulated patients (default 20)")
    parser.add_argument("--seconds", type=float, default=120.0, metavar="S", help="of each simulated patient (120)")
    parser.add_argument(
        "--local-share", type=_shares, metavar="SHARES",
        help="share of the depth background that has no field at the scalp, or several: 0.5,0,0.8; what is asked is "
        "asked at the first (default 0.5)",
    )  # fmt: skip
    parser.add_argument("--draws", type=int, default=99, metavar="N", help="samples of each window (default 99)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the samples (default 0)")
    parser.add_argument(
        "--first-seed", type=int, metavar="SEED",
        help="seed of the first simulated patient; those after count up (default: the standard patients, from 2000)",
    )  # fmt: skip
    parser.add_argument(
        "--fit-on", type=int, default=FITTED_ON, metavar="N",
        help=f"simulated training patients that the baselines are fitted on, once and kept (default {FITTED_ON})",
    )  # fmt: skip
    parser.add_argument(
        "--json", nargs="?", const=_TO_STDOUT, metavar="FILE", help="print everything as JSON, or write it to a file"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with tables and figures")
    parser.add_argument(
        "--independent", type=int, metavar="N",
        help="also rank the truth's rms and peak among the samples' in one window of each of N further simulated "
        "patients, who share nothing as the windows of one patient do",
    )  # fmt: skip
    parser.add_argument(
        "--write-card", action="store_true",
        help="calibrate the bands on patients of their own, then put calibration and figures, at local shares 0.5, 0 "
        "and 0.8, on the model's card",
    )  # fmt: skip
    parser.add_argument(
        "--gaussian", nargs="?", type=float, const=GAUSSIAN_MINUTES, metavar="MINUTES",
        help="fit a small flow of the same code to a Gaussian patient of one head, whose posterior is known exactly, "
        f"for so long (default {GAUSSIAN_MINUTES:g}), and print its distance from it; alone, or beside --simulated",
    )  # fmt: skip
    rival = parser.add_mutually_exclusive_group()
    rival.add_argument(
        "--fit-vae", type=float, metavar="MINUTES",
        help="first fit a conditional autoencoder of the model's size for so long, best as long as the model was "
        "trained; it is kept for next time and measured beside the model",
    )  # fmt: skip
    rival.add_argument("--without-vae", action="store_true", help="leave out the autoencoder that is kept")
    parser.add_argument("--device", choices=("auto", "cuda", "mps", "cpu"), default="auto", help="where to run (auto)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, write. Raises: NeuroflowError."""
    _check(arguments)
    from neuroflow.inference.device import share_the_cores

    share_the_cores()
    from neuroflow.cli.progress import Progress

    with Progress() as progress:
        found = _gaussian_alone(arguments, progress) if _alone(arguments) else _evaluate(arguments, progress)
    if arguments.json == _TO_STDOUT:
        print_json(found)
    else:
        if arguments.json is not None:
            _write(Path(arguments.json), json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        print(gaussian_text(found["gaussian"]) if _alone(arguments) else as_text(found))
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Everything that can be wrong before the work begins. Raises: NeuroflowError."""
    if arguments.gaussian is not None:
        if not 0.0 < arguments.gaussian <= MOST_MINUTES or arguments.seed < 0:
            raise NeuroflowError(
                f"Give --gaussian more than 0 and at most {MOST_MINUTES:,} minutes, and a seed of 0 or more."
            )
        if _alone(arguments):
            return
    if arguments.simulated and arguments.data is not None:
        raise NeuroflowError("Give a BIDS tree or --simulated, not both.")
    if arguments.data is None and not arguments.simulated:
        raise NeuroflowError(
            "Say what to measure on: the folder of a BIDS tree, or --simulated for the standard simulated patients."
        )
    if not 1 <= arguments.patients <= MOST_PATIENTS or not 4.0 <= arguments.seconds <= 86_400.0:
        raise NeuroflowError(f"Give 1 to {MOST_PATIENTS} patients and 4 seconds or more of each.")
    if not 9 <= arguments.draws <= MOST_DRAWS or arguments.seed < 0:
        raise NeuroflowError(f"Give 9 to {MOST_DRAWS} draws, best a number that ends in 9, and a seed of 0 or more.")
    first = arguments.first_seed
    if first is not None and not (arguments.simulated and 0 <= first <= LAST_SEED - arguments.patients):
        raise NeuroflowError(
            f"--first-seed is of simulated patients, and below {LAST_SEED:,}: training has the seeds from there on."
        )
    if arguments.independent is not None:
        if not (arguments.simulated and 100 <= arguments.independent <= MOST_INDEPENDENT):
            raise NeuroflowError(
                f"--independent takes 100 to {MOST_INDEPENDENT:,} simulated patients, and goes with --simulated."
            )
        if (arguments.draws + 1) % 10:
            raise NeuroflowError("Give a number of draws that ends in 9 with --independent.")
    if arguments.fit_vae is not None and not 0.0 < arguments.fit_vae <= MOST_MINUTES:
        raise NeuroflowError(f"Give --fit-vae more than 0 and at most {MOST_MINUTES:,} minutes.")
    if not 5 <= arguments.fit_on <= MOST_FITTED:
        raise NeuroflowError(f"Give 5 to {MOST_FITTED:,} patients to fit the baselines on.")
    if arguments.write_card and not arguments.simulated:
        raise NeuroflowError(
            "A card holds the standard figures, which are of simulated patients: give --simulated with --write-card."
        )
    if arguments.local_share is not None and not arguments.simulated:
        raise NeuroflowError("Only simulated patients have a known local share: leave --local-share out for a tree.")
    from neuroflow.io.edf_writer import check_target

    for target in (arguments.html, arguments.json):
        if target is not None and target != _TO_STDOUT:
            check_target(Path(target))


def _alone(arguments: argparse.Namespace) -> bool:
    """Whether only the distance from the Gaussian optimum is asked for, and no model measured."""
    return arguments.gaussian is not None and arguments.data is None and not arguments.simulated


def _gaussian_alone(arguments: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    command = f"neuroflow evaluate --gaussian {arguments.gaussian:g} --seed {arguments.seed}"
    return {"command": command, "gaussian": _gaussian(arguments, progress).as_dict()}


def _gaussian(arguments: argparse.Namespace, progress: Progress) -> Distance:
    from neuroflow.anatomy.implant import load_implant
    from neuroflow.jobs import Control
    from neuroflow.training.gaussian import distance_from_optimum

    progress.begin(f"fitting a small flow to a Gaussian patient for {arguments.gaussian:g} minutes")
    return distance_from_optimum(
        load_implant("default"), arguments.gaussian, seed=arguments.seed, control=Control(progress)
    )


def _evaluate(arguments: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Everything measured, ready for JSON; writes page and card. Raises: NeuroflowError."""
    tree = _tree(arguments.data, progress.say) if arguments.data is not None else None
    # torch is slow to load, so everything that can fail without it has been looked at by now.
    from neuroflow.evaluation.checks import check, speed
    from neuroflow.evaluation.patients import FIRST_TEST_SEED
    from neuroflow.evaluation.standard import calibrate, figures_for_card, standard_patients, subject_of_model
    from neuroflow.evaluation.summary import rounded, summarise
    from neuroflow.evaluation.verdicts import verdicts
    from neuroflow.flow.card import write_card
    from neuroflow.inference.device import choose_device
    from neuroflow.inference.model import load_model
    from neuroflow.jobs import Control

    model = load_model(arguments.model)
    first_seed = FIRST_TEST_SEED if arguments.first_seed is None else arguments.first_seed
    rivals, told = _rivals(arguments, model, progress)
    subject = subject_of_model(model, rivals, choose_device(arguments.device))
    shares = arguments.local_share or (_SHARES if arguments.write_card else _SHARES[:1])
    calibration = model.card.calibration
    if arguments.write_card:
        progress.begin("calibrating the bands on patients by which nothing else is judged")
        calibration = calibrate(
            subject, model.card.band, patients=arguments.patients, seconds=min(arguments.seconds, 60.0),
            draws=arguments.draws, seed=arguments.seed, control=Control(progress),
        )  # fmt: skip
    runs = _runs(arguments, progress, model, subject, tree, shares, first_seed)
    summaries: dict[float | None, dict[str, Any]] = {}
    example = None
    for share, measured in runs:
        summaries[share] = summarise(measured, calibration, arguments.seed)
        example = example or measured.example
    main = next(iter(summaries.values()))
    if arguments.independent is not None:
        from neuroflow.evaluation.independent import independent_calibration

        progress.begin(f"ranking the truth in one window of each of {arguments.independent} patients")
        apart = independent_calibration(
            subject, model.card.band, patients=arguments.independent, local_share=shares[0], draws=arguments.draws,
            seed=arguments.seed, control=Control(progress),
        )  # fmt: skip
        main["simulation_based_calibration"]["independent"] = rounded(apart)
    first = next(standard_patients(subject, model.card.band, patients=1, seconds=40.0, first_seed=first_seed))
    checks = check(model.build(), first).as_dict()
    checks["speed"], checks["cores"] = speed(model, first, subject.sites)
    checks["speed_bfloat16"], _ = speed(model, first, subject.sites, precision="bfloat16")
    gaussian = None if arguments.gaussian is None else _gaussian(arguments, progress).as_dict()
    lines = verdicts(main, checks, gaussian)
    for summary in list(summaries.values())[1:]:
        summary["asked"] = [line.as_dict() for line in verdicts(summary) if line.met is not None]
    on = _on(arguments, tree, main, subject.sites, first_seed)
    found = {
        "command": _command(arguments),
        "model": {"name": model.card.name, "sha256": model.hash, "version": model.card.version},
        "on": on,
        "autoencoder": told,
        "gaussian": gaussian,
        "asked": [line.as_dict() for line in lines],
        "checks": rounded(checks),
        "measured": {_named(share): summary for share, summary in summaries.items()},
    }
    if arguments.html is not None:
        from neuroflow.evaluation.report import page

        names = [c.name for c in model.contacts]
        shafts = [c.shaft for c in model.contacts]
        _write(
            arguments.html,
            page(
                f"{model.card.name}: what it can and cannot reconstruct", on, found["command"], model.card.not_for,
                lines, found["measured"], example, names, shafts,
            ),
        )  # fmt: skip
    if arguments.write_card:
        import msgspec

        by_share = {share: summary for share, summary in summaries.items() if share is not None}
        measures, contacts = figures_for_card(by_share, on, found["asked"], found["command"], first_seed)
        card = msgspec.structs.replace(model.card, measured=measures, contacts=contacts, calibration=calibration)
        try:
            write_card(card, model.folder)
        except OSError as error:
            raise FileProblem(
                f"The card in {model.folder} cannot be written; copy the model to a folder of your own.", str(error)
            ) from error
    return found


def _runs(
    arguments: argparse.Namespace, progress: Progress, model: Model, subject: Subject, tree: Tree | None,
    shares: tuple[float, ...], first_seed: int,
) -> Iterator[tuple[float | None, Measured]]:  # fmt: skip
    """Measurements, one a local share, or the one of a tree. Raises: NeuroflowError."""
    import numpy as np

    from neuroflow.evaluation.held_out import NoWindow, measure
    from neuroflow.evaluation.patients import STANDARD_SITES, patients_of_tree
    from neuroflow.evaluation.standard import evaluate_model, keeping_baselines
    from neuroflow.jobs import Control

    card = model.card
    if tree is not None:
        seconds = sum(pair.seconds for pair in tree.pairs)
        people: Iterator[UnseenPatient] = patients_of_tree(
            tree,
            subject.implant,
            subject.sites,
            subject.rate,
            card.band,
            say=progress.say,
            seen=frozenset(map(str, card.training.get("recordings", ()))),
            fewest_sites=card.fewest_sites,
        )
        progress.begin(f"drawing {arguments.draws} samples of {span_of_time(seconds)}")
        get = keeping_baselines(subject, card.band, say=progress.say, count=arguments.fit_on)
        try:
            yield None, measure(
                subject, people, get, draws=arguments.draws, seed=arguments.seed, seconds=seconds,
                control=Control(progress),
            )  # fmt: skip
        except NoWindow as error:
            raise NeuroflowError(
                f"Nothing in {arguments.data} can be measured on; see what was said of its recordings above."
            ) from error
        return
    get = keeping_baselines(subject, card.band, Control(progress), progress.begin, count=arguments.fit_on)
    get(np.isin(np.array(subject.sites), STANDARD_SITES))
    for share in shares:
        progress.begin(
            f"drawing {arguments.draws} samples of {span_of_time(arguments.patients * arguments.seconds)}, "
            f"local share {share:g}"
        )
        yield (
            share,
            evaluate_model(
                subject, card.band, get, patients=arguments.patients, seconds=arguments.seconds, local_share=share,
                draws=arguments.draws, seed=arguments.seed, first_seed=first_seed, control=Control(progress),
            ),
        )  # fmt: skip


def _rivals(
    arguments: argparse.Namespace, model: Model, progress: Progress
) -> tuple[dict[str, Posterior], dict[str, Any] | None]:
    """The autoencoder that goes with the model, with its noise and without, and how long both were trained.

    Nothing and None where it is not wanted, or none is kept. Raises: ModelProblem.
    """
    if arguments.without_vae:
        return {}, None
    from neuroflow.evaluation.held_out import VARIATIONAL, WITHOUT_NOISE
    from neuroflow.evaluation.variational import (
        Kept,
        VariationalPosterior,
        kept_at,
        read_variational,
        write_variational,
    )
    from neuroflow.jobs import Control

    path = kept_at(model.hash)
    if arguments.fit_vae is not None:
        from neuroflow.training.rival import fit_rival

        progress.begin(f"fitting an autoencoder of the model's size for {arguments.fit_vae:g} minutes")
        fitted = fit_rival(model, arguments.fit_vae, seed=arguments.seed, control=Control(progress))
        try:
            write_variational(Kept(fitted, arguments.fit_vae), path)
        except OSError as error:
            raise FileProblem(f"{path} cannot be written; give --without-vae to do without.", str(error)) from error
    found = read_variational(path, len(model.contacts), len(model.card.sites))
    if found is None:
        progress.say("no autoencoder has been fitted to compare this model with: --fit-vae MINUTES does")
        return {}, None
    rivals = {
        VARIATIONAL: VariationalPosterior(found.model),
        WITHOUT_NOISE: VariationalPosterior(found.model, noise=False),
    }
    recipe = model.card.training.get("recipe")
    budget = recipe if isinstance(recipe, dict) else {}
    # Of a run by updates the recipe's minutes say nothing: they were not looked at.
    updates = budget.get("updates")
    minutes = budget.get("minutes") if updates is None else None
    return dict(rivals), {
        "trained_minutes": found.minutes, "model_trained_minutes": minutes, "model_trained_updates": updates,
    }  # fmt: skip


def _tree(root: Path, say: Callable[[str], None]) -> Tree:
    """The tree, its problems said. Raises: FileProblem where it holds no pair."""
    from neuroflow.io.bids import read_tree

    tree = read_tree(root)
    for problem in tree.problems:
        say(str(problem))
    if not tree.pairs:
        raise FileProblem(
            f"{root} holds no recording of scalp and depth EEG together that can be read; see what was said above."
        )
    return tree


def _on(
    arguments: argparse.Namespace, tree: Tree | None, summary: dict[str, Any], sites: tuple[str, ...], first_seed: int
) -> str:  # fmt: skip
    from neuroflow.evaluation.standard import described

    if tree is None:
        return described(arguments.patients, arguments.seconds, sites, first_seed)
    return (
        f"{summary['patients']} recordings of {tree.root.name}, {span_of_time(summary['seconds'])} in all; baselines "
        "fitted on simulated patients"
    )


def _named(share: float | None) -> str:
    return "tree" if share is None else f"local share {share:g}"


def _command(arguments: argparse.Namespace) -> str:
    """What printed these figures, without paths."""
    parts = ["neuroflow evaluate"]
    if arguments.simulated:
        shares = ",".join(f"{s:g}" for s in arguments.local_share or (_SHARES if arguments.write_card else _SHARES[:1]))
        parts += ["--simulated", f"--patients {arguments.patients}", f"--seconds {arguments.seconds:g}"]
        parts += [f"--local-share {shares}"]
        parts += [f"--first-seed {arguments.first_seed}"] if arguments.first_seed is not None else []
    else:
        parts.append(arguments.data.name)
    model = Path(arguments.model).name if os.sep in arguments.model else arguments.model
    parts += [f"--model {model}", f"--draws {arguments.draws}", f"--seed {arguments.seed}"]
    parts += [f"--fit-on {arguments.fit_on}"] if arguments.fit_on != FITTED_ON else []
    parts += [f"--independent {arguments.independent}"] if arguments.independent is not None else []
    parts += [f"--gaussian {arguments.gaussian:g}"] if arguments.gaussian is not None else []
    parts += [f"--fit-vae {arguments.fit_vae:g}"] if arguments.fit_vae is not None else []
    parts += ["--without-vae"] if arguments.without_vae else []
    parts += ["--write-card"] if arguments.write_card else []
    return " ".join(parts)


def _write(path: Path, text: str) -> None:
    """Write all or nothing. Raises: FileProblem."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise FileProblem(f"{path} cannot be written; choose another place.", str(error)) from error


def _shares(text: str) -> tuple[float, ...]:
    try:
        shares = tuple(dict.fromkeys(float(part) for part in text.split(",")))
    except ValueError:
        shares = (-1.0,)
    if not all(0.0 <= share < 1.0 for share in shares):
        raise argparse.ArgumentTypeError(f"give shares from 0 to below 1, as in 0.5,0,0.8, not {text}")
    return shares
