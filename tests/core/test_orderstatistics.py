"""Ranks give the coverage that they promise, by law and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroflow.signal.orderstatistics import EXACT, Calibration, bands, exact_coverage, interval, interval_ranks


def test_thirty_nine_draws_give_fifty_and_ninety_per_cent_exactly() -> None:
    assert interval_ranks(39, 0.9) == (1, 37)
    assert interval_ranks(39, 0.5) == (9, 29)
    assert exact_coverage(39, 1, 37) == 0.9
    assert exact_coverage(39, 9, 29) == 0.5


def test_sixteen_draws_span_eighty_eight_per_cent_at_most() -> None:
    assert interval_ranks(16, 0.9) == (0, 15)
    assert exact_coverage(16, 0, 15) == pytest.approx(0.882, abs=5e-4)


@given(n=st.integers(1, 255), coverage=st.floats(0, 1))
def test_ranks_are_symmetric_and_the_narrowest_that_cover_enough(n: int, coverage: float) -> None:
    low, high = interval_ranks(n, coverage)
    assert low + high == n - 1
    reached = exact_coverage(n, low, high)
    assert reached >= coverage - 1e-6 or (low, high) == (0, n - 1)
    if low + 1 <= high - 1:
        assert exact_coverage(n, low + 1, high - 1) < coverage + 1e-6


@pytest.mark.parametrize("n", [9, 16, 39, 99])
def test_a_further_draw_falls_within_as_often_as_said(n: int) -> None:
    trials = 20_000
    # Lognormal: the law holds for any continuous distribution.
    draws = np.random.default_rng(n).lognormal(0, 1.5, (n + 1, 1, trials)).astype(np.float32)
    got = bands(draws[:n])
    truth = draws[n]
    for low, high, promised in (
        (got.low50, got.high50, got.coverage50),
        (got.low90, got.high90, got.coverage90),
    ):
        observed = np.mean((truth > low) & (truth < high))
        assert observed == pytest.approx(promised, abs=4 * np.sqrt(0.25 / trials))


@pytest.mark.parametrize("n", [39, 99])
def test_a_calibration_makes_bands_hold_as_often_as_named(n: int) -> None:
    """Samples that are too narrow by a tenth: what is measured on one half of the trials mends the other."""
    trials = 40_000
    rng = np.random.default_rng(n)
    draws = (0.9 * rng.standard_normal((n, 1, trials))).astype(np.float32)
    truth = rng.standard_normal(trials)
    ranks = (draws[:, 0] < truth).sum(axis=0)
    first, second = slice(0, trials // 2), slice(trials // 2, trials)
    low = np.arange((n - 1) // 2, -1, -1)
    held = [float(np.mean((ranks[first] > k) & (ranks[first] < n - k))) for k in low]
    stated = [exact_coverage(n, k, n - 1 - k) for k in low if n - 1 - k > k]
    held = held[len(held) - len(stated) :]
    calibration = Calibration((0.0, *stated, 1.0), (0.0, *held, 1.0), "half of the trials")
    got, raw = bands(draws[..., second], calibration), bands(draws[..., second])
    for name, lows, highs, was in (
        (0.5, got.low50, got.high50, (raw.low50, raw.high50)),
        (0.9, got.low90, got.high90, (raw.low90, raw.high90)),
    ):
        assert np.mean((truth[second] > lows) & (truth[second] < highs)) == pytest.approx(name, abs=0.012)
        assert np.mean((truth[second] > was[0]) & (truth[second] < was[1])) < name - 0.02
    assert (got.coverage50, got.coverage90) == pytest.approx((0.5, 0.9), abs=1e-9)


@given(n=st.integers(1, 255), coverage=st.floats(0, 1))
def test_a_calibration_that_changes_nothing_keeps_close_to_whole_ranks(n: int, coverage: float) -> None:
    exact, same = interval(n, coverage), interval(n, coverage, Calibration((0.0, 0.5, 1.0), (0.0, 0.5, 1.0)))
    assert interval(n, coverage, EXACT) == exact
    assert exact.low <= same.low + 1e-9 < exact.low + 1.0 + 1e-9
    assert same.coverage <= exact.coverage + 1e-9


@given(n=st.integers(1, 60), seed=st.integers(0, 1000))
def test_bands_are_order_statistics_and_nest(n: int, seed: int) -> None:
    samples = np.random.default_rng(seed).standard_normal((n, 2, 5)).astype(np.float32)
    got = bands(samples)
    ordered = np.sort(samples, axis=0)
    for coverage, low, high in ((0.5, got.low50, got.high50), (0.9, got.low90, got.high90)):
        ranks = interval_ranks(n, coverage)
        np.testing.assert_array_equal(low, ordered[ranks[0]])
        np.testing.assert_array_equal(high, ordered[ranks[1]])
    np.testing.assert_allclose(got.median, np.median(samples, axis=0), rtol=1e-6)
    assert got.samples == n
    assert got.low90.shape == (2, 5)
    assert (got.low90 <= got.low50).all()
    assert (got.low50 <= got.median).all()
    assert (got.median <= got.high50).all()
    assert (got.high50 <= got.high90).all()


def test_the_order_of_the_draws_does_not_matter() -> None:
    samples = np.random.default_rng(1).standard_normal((39, 3, 7)).astype(np.float32)
    np.testing.assert_array_equal(bands(samples).low90, bands(samples[::-1]).low90)


def test_a_gap_is_missing_from_every_band() -> None:
    samples = np.zeros((39, 1, 3), dtype=np.float32)
    samples[4, 0, 1] = np.nan
    got = bands(samples)
    for band in (got.median, got.low50, got.high50, got.low90, got.high90):
        assert list(np.isnan(band[0])) == [False, True, False]


def test_the_samples_are_left_as_they_were() -> None:
    samples = np.random.default_rng(2).standard_normal((5, 2, 4)).astype(np.float32)
    samples.flags.writeable = False
    bands(samples)


@pytest.mark.parametrize("shape", [(0, 2, 3), (4, 5)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="sample"):
        bands(np.zeros(shape))


@pytest.mark.parametrize(("n", "coverage"), [(0, 0.9), (5, 1.1), (5, float("nan"))])
def test_an_interval_of_nothing_is_refused(n: int, coverage: float) -> None:
    with pytest.raises(ValueError):
        interval_ranks(n, coverage)


@pytest.mark.parametrize("ranks", [(3, 2), (-1, 2), (0, 5)])
def test_ranks_outside_the_draws_are_refused(ranks: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="ranks"):
        exact_coverage(5, *ranks)
