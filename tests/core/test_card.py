"""Model cards from outside: those that an older or a newer program wrote."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from neuroflow.errors import ModelProblem
from neuroflow.flow.card import CARD_FILE, CARD_FORMAT
from neuroflow.inference.model import load_model


@pytest.mark.parametrize(("by", "advice"), [(-1, "train it again"), (1, "update the program")])
def test_a_card_of_another_format_says_what_to_do(
    small_model_folder: Path, tmp_path: Path, by: int, advice: str
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(small_model_folder, folder)
    card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    (folder / CARD_FILE).write_text(json.dumps({**card, "format": CARD_FORMAT + by}), encoding="utf-8")
    with pytest.raises(ModelProblem, match=f"format {CARD_FORMAT + by} .*{advice} or choose another model"):
        load_model(str(folder))


@pytest.mark.parametrize(
    "lie",
    [
        {"site_rms": [1e-4, 1e-4], "pattern": 4.0}, {"pattern": 4.0}, {"site_rms": [0.0] * 19, "pattern": 4.0},
        {"pattern": -1.0}, {"site_rms": [1e-4] * 19},
    ],
)  # fmt: skip
def test_limits_that_do_not_fit_the_sites_are_refused(
    small_model_folder: Path, tmp_path: Path, lie: dict[str, object]
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(small_model_folder, folder)
    card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    card["limits"] |= lie
    (folder / CARD_FILE).write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ModelProblem, match="contradicts itself") as caught:
        load_model(str(folder))
    assert "limits of the scalp EEG that do not fit the sites" in str(caught.value.detail)
