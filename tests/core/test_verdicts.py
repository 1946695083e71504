"""The table "Asked": each threshold, a little short of it and a little beyond."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from neuroflow.evaluation.verdicts import Verdict, verdicts

NOMINAL = {"50%": 0.5, "80%": 0.8, "90%": 0.9, "95%": 0.95}
SUMMARY: dict[str, Any] = {
    "against_ridge": {
        "r_difference": {"all": [0.05, 0.04, 0.06], "propagated": [0.12, 0.11, 0.13]},
        "r_ratio": {"background": [1.0, 0.99, 1.01]},
        "crps_ratio": {"all": [0.95, 0.94, 0.96], "propagated": [0.85, 0.84, 0.86]},
    },
    "nll_nats_per_dimension": {"model": -0.4, "ridge": -0.3},
    "coverage": dict(NOMINAL),
    "coverage_by_kind": {"all": dict(NOMINAL), "hippocampal": dict.fromkeys(NOMINAL, 0.0), "propagated": dict(NOMINAL)},
    "coverage_worst_contact": {share: ["AL1", nominal] for share, nominal in NOMINAL.items()},
    "simulation_based_calibration": {"windows": 500, "rms": {"p": 0.5}, "peak": {"p": 0.5}},
    "safety": {"drawn": 100, "not_finite": 0, "too_large": 0, "redrawn": 0, "unsound": 0},
    "shuffled": {"r": 0.0, "crps_over_climatology": 1.0},
}
CHECKS = {
    "inverse": 1e-6, "log_determinant": 1e-9, "consistency": 1e-6, "speed": 30.0, "speed_bfloat16": 50.0, "cores": 2,
}  # fmt: skip
GAUSSIAN = {"distance": 0.005, "ridge": 1.0}


def lines_of(place: str = "", value: Any = None) -> dict[str, Verdict]:
    """The table of what meets everything, but for one figure, which stands at a dotted place."""
    everything = copy.deepcopy({"summary": SUMMARY, "checks": CHECKS, "gaussian": GAUSSIAN})
    if place:
        *path, last = place.split(".")
        at: Any = everything
        for key in path:
            at = at[key]
        at[last] = value
    found = verdicts(everything["summary"], everything["checks"], everything["gaussian"])
    return {line.demand: line for line in found}


def test_what_meets_everything_meets_every_line() -> None:
    lines = lines_of()
    assert len(lines) == 19
    assert {line.met for line in lines.values()} == {True}


COVERED = "coverage of 50, 80, 90, 95 % bands, by rank"
RANKS = "simulation-based calibration: rank of a window's"


# Thresholds as the design has them, written out again here on purpose.
@pytest.mark.parametrize(
    ("demand", "place", "good", "bad"),
    [
        ("r of the posterior mean over ridge's", "summary.against_ridge.r_difference.all", [0.0301], [0.0299]),
        (
            "r in propagated-spike windows over ridge's",
            "summary.against_ridge.r_difference.propagated",
            [0.101],
            [0.099],
        ),
        ("r in background, of ridge's", "summary.against_ridge.r_ratio.background", [0.971], [0.969]),
        ("CRPS against ridge with Gaussian residuals", "summary.against_ridge.crps_ratio.all", [0.969], [0.971]),
        ("CRPS in propagated-spike windows", "summary.against_ridge.crps_ratio.propagated", [0.879], [0.881]),
        ("NLL, nats a dimension", "summary.nll_nats_per_dimension.model", -0.3001, -0.2999),
        ("NLL of a small flow on Gaussian patients of one head", "gaussian.distance", 0.0099, 0.0101),
        (f"{COVERED}: overall", "summary.coverage.90%", 0.919, 0.921),
        (f"{COVERED}: overall", "summary.coverage.50%", 0.481, 0.479),
        (f"{COVERED}: every contact", "summary.coverage_worst_contact.80%", ["AL1", 0.839], ["AL1", 0.841]),
        (f"{COVERED}: in propagated-spike windows", "summary.coverage_by_kind.propagated.95%", 0.901, 0.899),
        (f"{RANKS} rms", "summary.simulation_based_calibration.rms.p", 0.0051, 0.0049),
        (f"{RANKS} peak", "summary.simulation_based_calibration.peak.p", 0.0051, 0.0049),
        ("safety of samples", "summary.safety.too_large", 3, None),
        ("safety of samples", "summary.safety.not_finite", 0, 1),
        ("safety of samples", "summary.safety.unsound", 0, 1),
        ("inverse in float32, relative", "checks.inverse", 0.99e-4, 1.01e-4),
        ("log-determinant against autograd, nats a dimension", "checks.log_determinant", 1e-7, 1e-5),
        ("a sample in another window, relative", "checks.consistency", 0.99e-3, 1.01e-3),
        ("scalp shuffled in time", "summary.shuffled.r", 0.02, 0.1),
        ("scalp shuffled in time", "summary.shuffled.crps_over_climatology", 1.05, 0.8),
        ("speed of 16 samples, float32", "checks.speed", 25.1, 24.9),
        ("speed in the fastest mode", "checks.speed_bfloat16", 40.1, 39.9),
    ],
)
def test_a_line_is_met_on_one_side_of_its_threshold_and_not_on_the_other(
    demand: str, place: str, good: Any, bad: Any
) -> None:
    def padded(value: Any) -> Any:
        return [*value, None, None] if isinstance(value, list) and isinstance(value[0], float) else value

    lines = lines_of(place, padded(good))
    assert {line.met for line in lines.values()} == {True}
    if bad is not None:
        lines = lines_of(place, padded(bad))
        assert [name for name, line in lines.items() if not line.met] == [demand]


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    bare = copy.deepcopy(SUMMARY) | {"shuffled": None, "nll_nats_per_dimension": {}, "coverage_by_kind": {}}
    bare["against_ridge"]["r_difference"].pop("propagated")
    lines = {line.demand: line for line in verdicts(bare)}
    assert sum(line.met is None for line in lines.values()) == 10
    assert all(line.measured == "–" for line in lines.values() if line.met is None)


def test_a_score_that_is_worse_is_not_said_to_be_lower() -> None:
    line = lines_of("summary.against_ridge.crps_ratio.all", [1.002, 0.996, 1.01])[
        "CRPS against ridge with Gaussian residuals"
    ]
    assert line.measured == "0.2 % higher"
    assert line.note.endswith("1.0 % higher to 0.4 % lower")
    assert line.met is False
