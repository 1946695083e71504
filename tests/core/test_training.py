"""neuroflow train: resumed runs, several processes, recordings, fine-tuning, and what a user may get wrong."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from neuroflow.anatomy.implant import load_implant
from neuroflow.cli import main
from neuroflow.errors import FileProblem
from neuroflow.flow.card import WEIGHTS_FILE, read_card
from neuroflow.inference.model import load_model
from neuroflow.jobs import Cancelled, Control
from neuroflow.training.fine_tune import few_parameters, trainable
from neuroflow.training.fit import Place, fit
from neuroflow.training.material import Frame, read_recordings
from neuroflow.training.recipe import Recipe, changed, find_recipe

CHECKPOINT = "run/checkpoint.safetensors"
QUICK = ("train", "--simulated", "--recipe", "quick", "--steps", "9", "--workers", "1")


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "training.jsonl").read_text().splitlines()]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return dict(load_file(folder / WEIGHTS_FILE))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy trained in one go on simulated patients."""
    folder = tmp_path_factory.mktemp("trained") / "model"
    assert main([*QUICK, "-o", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BIDS tree of one simulated patient with one session."""
    folder = tmp_path_factory.mktemp("trees") / "tree"
    assert main(["simulate", str(folder), "--patients", "1", "--minutes", "1.5", "--seed", "4"]) == 0
    return folder


def test_a_model_and_its_log_come_out(trained: Path) -> None:
    card = read_card(trained)
    assert card.training["recipe"]["updates"] == 9
    assert card.measured == {}
    assert load_model(trained).build() is not None
    limits = card.limits
    assert len(limits.site_rms) == len(card.sites)
    assert min(limits.site_rms) > limits.scalp_rms_low
    assert limits.pattern > 1.0, "what one window in a thousand exceeds is above the mean"
    assert not (trained / CHECKPOINT).exists()
    checks = [row for row in rows(trained) if "held_out_crps" in row]
    assert next(row["phase"] for row in checks) == "mean"
    assert checks[-1]["step"] == 9
    assert all({"held_out_nll", "minutes", "learning_rate"} <= set(row) for row in checks)


def test_tensorboard_opens_the_log(trained: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = accumulator.EventAccumulator(str(trained / "run"))
    events.Reload()
    shown = {event.step: event.value for event in events.Scalars("held_out_crps")}
    assert shown[9] == pytest.approx(rows(trained)[-1]["held_out_crps"])


def test_a_run_that_was_stopped_goes_on_exactly(trained: Path, tmp_path: Path) -> None:
    folder, control = tmp_path / "model", StopAfter(5)
    recipe = changed(find_recipe("quick"), None, 9, None)
    asked = {"data": None, "recipe": "quick", "minutes": recipe.minutes, "steps": 9, "seed": 0, "begin_from": None,
             "name": "twin-64", "implant": "default"}  # fmt: skip
    place = Place(checkpoint=folder / CHECKPOINT, made_by=asked)
    folder.mkdir()
    with pytest.raises(Cancelled):
        fit(load_implant(), recipe, folder / "training.jsonl", control, place=place)
    assert rows(folder)[-1]["step"] < 9
    assert main(["train", "--resume", "-o", str(folder), "--workers", "1"]) == 0
    straight, resumed = weights(trained), weights(folder)
    assert all(torch.equal(straight[name], resumed[name]) for name in straight)
    left_out = ("minutes",)
    told = [[{k: v for k, v in row.items() if k not in left_out} for row in rows(f)] for f in (trained, folder)]
    assert told[0] == told[1]


def test_a_run_on_recordings_that_was_stopped_goes_on_exactly(tree: Path, tmp_path: Path) -> None:
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    assert main(["train", str(tree), "--recipe", "quick", "--steps", "9", "-o", str(straight)]) == 0
    recipe = changed(find_recipe("quick"), None, 9, None)
    asked = {"data": str(tree), "recipe": "quick", "minutes": recipe.minutes, "steps": 9, "seed": 0,
             "begin_from": None, "name": "stopped", "implant": "default"}  # fmt: skip
    stopped.mkdir()
    with pytest.raises(Cancelled):
        fit(load_implant(), recipe, stopped / "training.jsonl", StopAfter(5),
            material=read_recordings(tree, Frame(load_implant())),
            place=Place(checkpoint=stopped / CHECKPOINT, made_by=asked))  # fmt: skip
    assert rows(stopped)[-1]["step"] < 9
    assert main(["train", "--resume", "-o", str(stopped)]) == 0
    one, other = weights(straight), weights(stopped)
    assert all(torch.equal(one[name], other[name]) for name in one)


class StopAfter(Control):
    """Cancels itself after so many updates, each of which reports progress."""

    def __init__(self, updates: int) -> None:
        self._told: set[float] = set()
        self._updates = updates
        super().__init__(self._count)

    def _count(self, fraction: float) -> None:
        self._told.add(fraction)
        if len(self._told) == self._updates:
            self.cancel()


def test_two_processes_train_as_one_with_the_batch_of_both(trained: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch.distributed")
    if not torch.distributed.is_available() or not torch.distributed.is_gloo_available():
        pytest.skip("this torch has no gloo")
    scripts = Path(sys.executable).parent
    command = [sys.executable, "-m", "torch.distributed.run", "--no-python", "--nproc-per-node", "2",
               str(scripts / "neuroflow"), *QUICK, "-o", str(tmp_path / "model")]  # fmt: skip
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    one, two = rows(trained), rows(tmp_path / "model")
    assert [row["step"] for row in one] == [row["step"] for row in two]
    for a, b in zip(one, two, strict=True):
        assert {k: a[k] for k in a if k in ("loss", "held_out_nll")} == pytest.approx(
            {k: b[k] for k in b if k in ("loss", "held_out_nll")}, abs=2e-4
        )


def test_a_tree_trains_a_model_even_where_contacts_are_missing(tree: Path, tmp_path: Path) -> None:
    incomplete = tmp_path / "tree"
    shutil.copytree(tree, incomplete)
    (electrodes,) = incomplete.rglob("*electrodes.tsv")
    lines = electrodes.read_text().splitlines(keepends=True)
    electrodes.write_text("".join(line for line in lines if not line.startswith("AL")))
    told: list[str] = []
    frame = Frame(load_implant())
    recordings = read_recordings(tree, frame, say=told.append)
    fewer = read_recordings(incomplete, frame, say=told.append)
    lacking = np.isnan(fewer.parts.train[0].depth).all(axis=1)
    assert 1 <= lacking.sum() <= 8
    assert "1 subject" in recordings.description
    assert "last 20 %" in recordings.description
    folder = tmp_path / "model"
    start = ["train", str(incomplete), "--recipe", "quick", "--steps", "3", "-o", str(folder)]
    assert main([*start, "--from", str(first_model(tree, tmp_path))]) == 0
    card, first = read_card(folder), read_card(tmp_path / "first")
    assert card.training["data"].startswith("recordings of 1 subject")
    assert card.training["began_from"]["data"] == first.training["data"]
    assert card.training["recordings"], "whom it must not be judged by"
    assert set(first.training["recordings"]) <= set(card.training["recordings"]), "those of the model before, too"
    assert set(first.not_for) <= set(card.not_for)


def test_a_pair_with_too_few_contacts_of_the_model_is_left_out_and_its_file_named(tree: Path, tmp_path: Path) -> None:
    few = tmp_path / "tree"
    shutil.copytree(tree, few)
    (electrodes,) = few.rglob("*electrodes.tsv")
    head, *lines = electrodes.read_text().splitlines(keepends=True)
    electrodes.write_text(head + "".join(line for line in lines if line.startswith(("AHL1\t", "AHL2\t"))))
    told: list[str] = []
    with pytest.raises(FileProblem, match=r"No recording in .* can be trained on"):
        read_recordings(few, Frame(load_implant()), say=told.append)
    assert [line for line in told if line.startswith(f"{electrodes}: only 2 of its contacts lie")]


def first_model(tree: Path, tmp_path: Path) -> Path:
    """A toy trained on the whole tree."""
    folder = tmp_path / "first"
    assert main(["train", str(tree), "--recipe", "quick", "--steps", "3", "-o", str(folder)]) == 0
    card = read_card(folder)
    assert card.not_for[-1].startswith("claims about other patients")
    assert set(card.measured) == {"on", "at_start", "at_end"}
    return folder


@pytest.mark.parametrize("learning_rate", [5e-4, 50.0])
def test_fine_tuning_changes_little_and_never_ends_worse(
    trained: Path, tree: Path, tmp_path: Path, learning_rate: float
) -> None:
    base = load_model(trained)
    recordings = read_recordings(tree, Frame(load_implant()))
    recipe = Recipe(name="fine-tune", updates=8, batch=4, steps=256, learning_rate=learning_rate, warm_up=2,
                    check_updates=4, selection_draws=8, average=0.5, tie=0.001)  # fmt: skip
    fitted = fit(
        load_implant(), recipe, tmp_path / "log.jsonl", material=recordings, begin_from=trainable(base), few=True
    )
    *checks, at_first, at_last = fitted.history
    scores = [float(row["held_out_crps"]) for row in checks]
    every = recordings.selection(recipe, every=True)
    assert every.scalp.shape[0] == at_last["windows"]
    assert every.score(base.build())["held_out_crps"] == pytest.approx(at_first["held_out_crps"])
    assert every.score(fitted.flow)["held_out_crps"] == pytest.approx(at_last["held_out_crps"])
    assert at_last["held_out_crps"] <= at_first["held_out_crps"], "whatever a recipe forgives"
    before, after = base.build().state_dict(), fitted.flow.state_dict()
    assert set(before) == set(after)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    if learning_rate > 1:
        assert len(scores) > 1
        assert not moved  # nothing that steps so wild led to was better
    assert all("gain" in n or "log_scale" in n or "shift" in n or "last" in n for n in moved)


def test_fine_tuning_has_few_parameters_of_a_model_of_full_size() -> None:
    flow = trainable(load_model())
    few = few_parameters(flow)
    assert sum(p.numel() for p in few) < 0.1 * sum(p.numel() for p in flow.parameters())


def nothing(_: Path) -> None:
    """Leaves the folder as it is."""


def damaged(folder: Path) -> None:
    (folder / "run").mkdir(parents=True)
    (folder / CHECKPOINT).write_bytes(b"not a checkpoint at all")


@pytest.mark.parametrize(
    ("arguments", "prepare", "says"),
    [
        ((), nothing, "--simulated"),
        (("--simulated", "tree"), nothing, "not on both"),
        (("--simulated", "--recipe", "none"), nothing, "default, quick"),
        (("--simulated", "--minutes", "0"), nothing, "above zero"),
        (("--simulated", "--seed", "-1"), nothing, "--seed"),
        (("--simulated", "--workers", "0"), nothing, "--workers"),
        (("--simulated", "--from", "no-such-model"), nothing, "no model"),
        (("--resume",), nothing, "no run to resume"),
        (("--resume",), damaged, "damaged"),
        (("--simulated",), damaged, "--resume"),
        (("no-such-tree",), nothing, "no-such-tree"),
    ],
)
def test_what_cannot_be_trained_is_said_in_a_sentence(
    arguments: tuple[str, ...], prepare: Callable[[Path], None], says: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    folder = tmp_path / "model"
    prepare(folder)
    assert main(["train", *arguments, "-o", str(folder)]) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("neuroflow: ")
    assert says in said
    assert not (folder / "card.json").exists()


def test_a_tree_without_a_usable_pair_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tree" / "sub-01").mkdir(parents=True)
    assert main(["train", str(tmp_path / "tree"), "-o", str(tmp_path / "model")]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_resumed_run_is_not_another_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, recipe = tmp_path / "model", changed(find_recipe("quick"), None, 6, None)
    asked = {"data": None, "recipe": "quick", "minutes": 0.5, "steps": 6, "seed": 0, "begin_from": None,
             "name": "toy", "implant": "default"}  # fmt: skip
    folder.mkdir()
    with pytest.raises(Cancelled):
        fit(load_implant(), recipe, folder / "training.jsonl", StopAfter(2),
            place=Place(checkpoint=folder / CHECKPOINT, made_by=asked))  # fmt: skip
    assert main(["train", "--resume", "--seed", "3", "-o", str(folder)]) == 2
    assert "--seed 0, not 3" in capsys.readouterr().err
