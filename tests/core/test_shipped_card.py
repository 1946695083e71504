"""The card of the shipped model says what the commands of this version make of it, and the README says the same."""

from __future__ import annotations

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from neuroflow.cli.evaluate import LAST_SEED, MOST_FITTED, MOST_INDEPENDENT, MOST_PATIENTS
from neuroflow.cli.front import _parser
from neuroflow.evaluation.patients import (
    FIRST_CALIBRATION_SEED,
    FIRST_FITTING_SEED,
    FIRST_INDEPENDENT_SEED,
    FIRST_SELECTION_SEED,
)
from neuroflow.flow.card import WEIGHTS_FILE, ModelCard, read_card
from neuroflow.inference.model import find_model
from neuroflow.simulation.tree import FIRST_SEED, SEEDS_APART
from neuroflow.training.recipe import Recipe
from neuroflow.training.release import NOT_FOR, SIMULATED_ONLY
from neuroflow.training.stream import FIRST_TRAINING_SEED

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(scope="module")
def card() -> ModelCard:
    return read_card(find_model("default"))


def test_it_was_trained_by_the_recipe_that_make_model_takes(card: ModelCard) -> None:
    steps = re.search(r"--steps (\d+)", (README.parent / "Makefile").read_text("utf-8"))
    assert steps is not None
    taken = json.loads(json.dumps(Recipe(updates=int(steps[1])).as_dict()))
    assert card.training["recipe"] == taken


def test_its_weights_are_small_enough_to_ship(card: ModelCard) -> None:
    size = (find_model("default") / WEIGHTS_FILE).stat().st_size
    assert size == card.weights.bytes
    assert size <= 32 * 10**6


def test_of_every_contact_it_says_how_much_the_scalp_determines_it(card: ModelCard) -> None:
    assert [m.name for m in card.contacts] == [c.name for c in card.implant.contacts]
    assert len(card.contacts) == 64
    assert all(0.0 < m.r < 1.0 and 0.5 < m.spread_ratio < 1.0 for m in card.contacts)


def test_no_patient_that_it_was_measured_on_was_seen_before(card: ModelCard) -> None:
    """Seeds of patients by what they are for, as many of each as the commands take at most."""
    last_run = FIRST_TRAINING_SEED * 1000 + 10**8  # the largest seed that train takes
    ranges = {
        "looked at while the model was made": (0, 1_008),
        "measured on": (card.measured["first_seed"], card.measured["first_seed"] + MOST_PATIENTS),
        "choosing weights": (FIRST_SELECTION_SEED, FIRST_SELECTION_SEED + MOST_PATIENTS),
        "calibrating": (FIRST_CALIBRATION_SEED, FIRST_CALIBRATION_SEED + MOST_PATIENTS),
        "fitting baselines": (FIRST_FITTING_SEED, FIRST_FITTING_SEED + MOST_FITTED),
        "ranked one window each": (FIRST_INDEPENDENT_SEED, FIRST_INDEPENDENT_SEED + MOST_INDEPENDENT),
        "training": (FIRST_TRAINING_SEED, last_run),
        "trees": (FIRST_SEED, FIRST_SEED + SEEDS_APART * 10**5),
    }
    in_order = sorted(ranges.values())
    assert list(ranges.values()) == in_order
    assert all(stop <= start for (_, stop), (start, _) in pairwise(in_order))
    assert LAST_SEED <= FIRST_SELECTION_SEED


def test_it_says_what_it_must_not_be_used_for(card: ModelCard) -> None:
    assert card.not_for == (*NOT_FOR, SIMULATED_ONLY)


def test_the_command_that_measured_it_is_one_of_this_version(card: ModelCard) -> None:
    words = shlex.split(str(card.measured["command"]))
    assert words[:3] == ["neuroflow", "evaluate", "--simulated"]
    arguments = _parser().parse_args(words[1:])
    assert arguments.write_card
    assert arguments.draws == card.measured["draws"] == 99
    assert arguments.patients == card.measured["patients"] == 20


def test_every_share_is_judged_line_by_line(card: ModelCard) -> None:
    others = card.measured["at_other_local_shares"]
    assert set(others) == {"0", "0.8"}
    asked = [card.measured["asked"], *(other["asked"] for other in others.values())]
    assert all(len(lines) > 10 for lines in asked)
    assert all(isinstance(line["met"], bool) for lines in asked for line in lines)


def test_the_readme_gives_the_figures_of_the_card(card: ModelCard) -> None:
    text = " ".join(README.read_text("utf-8").split())
    r, held = card.measured["r_of_mean"], card.measured["coverage_by_kind"]
    assert f"about {r['model']['all']:.2f} with the depth EEG" in text
    assert f"a lagged ridge regression ({r['ridge']['all']:.2f})" in text
    nominal = (50, 80, 90, 95)
    observed = [f"{100 * held['all'][f'{share}%']:.0f}" for share in nominal]
    assert f"bands held {', '.join(observed[:3])} and {observed[3]} % of the time" in text
    assert f"{100 * held['propagated']['90%']:.0f} % instead of 90 % around propagated discharges" in text
