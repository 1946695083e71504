"""The card of the shipped model says what the commands of this version make of it, and the README says the same."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from neuroflow.cli.front import _parser
from neuroflow.flow.card import ModelCard, read_card
from neuroflow.inference.model import find_model
from neuroflow.training.recipe import Recipe
from neuroflow.training.release import NOT_FOR, SIMULATED_ONLY

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(scope="module")
def card() -> ModelCard:
    return read_card(find_model("default"))


def test_it_was_trained_by_the_recipe_that_make_model_takes(card: ModelCard) -> None:
    steps = re.search(r"--steps (\d+)", (README.parent / "Makefile").read_text("utf-8"))
    assert steps is not None
    taken = json.loads(json.dumps(Recipe(updates=int(steps[1])).as_dict()))
    assert card.training["recipe"] == taken


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
