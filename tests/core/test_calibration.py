"""Laws of the calibration of bands: what it says of ranks, and that the bands then hold."""

from __future__ import annotations

import numpy as np
import pytest

from neuroflow.evaluation.calibration import calibration_of
from neuroflow.evaluation.measures import coverage_by_rank, ranks


def counts_of(spread: float, seed: int, truths: int = 40_000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rank = ranks(spread * rng.standard_normal((99, truths)).astype(np.float32), rng.standard_normal(truths))
    return np.bincount(rank, minlength=100)


def test_uniform_ranks_need_no_calibration() -> None:
    found = calibration_of(np.full(100, 7), "made up")
    assert found.held == pytest.approx(found.stated, abs=1e-5)
    assert found.measured_on == "made up"


@pytest.mark.parametrize("spread", [0.8, 1.25])
def test_bands_of_a_sampler_of_the_wrong_width_hold_once_calibrated(spread: float) -> None:
    calibration = calibration_of(counts_of(spread, 0), "made up")
    others = counts_of(spread, 1)
    for share in (0.5, 0.8, 0.9):
        assert abs(coverage_by_rank(others, share) - share) > 0.025
        assert coverage_by_rank(others, calibration.statement_for(share)) == pytest.approx(share, abs=0.01)


def test_a_calibration_rises_whatever_was_counted() -> None:
    few = np.zeros(100, dtype=np.int64)
    few[[3, 3, 48, 50, 90]] = 1
    found = calibration_of(few, "made up")
    for knots in (found.stated, found.held):
        assert (knots[0], knots[-1]) == (0.0, 1.0)
        assert (np.diff(knots) > 0).all()
    with pytest.raises(ValueError, match="no rank"):
        calibration_of(np.zeros(100, dtype=np.int64), "made up")
