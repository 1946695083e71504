"""Laws of the measures: scores, ranks, sums that add, spectra, couplings."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from neuroflow.evaluation.measures import (
    calibration_of_ranks,
    correlation,
    coverage_by_rank,
    crps_and_ranks,
    crps_of,
    crps_of_normal,
    crps_of_samples,
    r_of,
    rank_counts,
    ranks,
    rmse_of,
    sums_of,
    uniformity,
)
from neuroflow.evaluation.spectra import BANDS, band_sums, coupling, coupling_error, frequencies, pieces, power
from neuroflow.evaluation.tally import ranks_of_piece


def test_the_score_of_samples_of_a_normal_is_the_score_of_the_normal() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 2, 4000)
    samples = rng.normal(0.5, 1.5, (60, 4000))
    found = crps_of_samples(samples, truth).mean()
    assert found == pytest.approx(crps_of_normal(0.5, 1.5, truth).mean(), rel=0.01)


def test_the_score_does_not_depend_on_how_many_samples_there_are() -> None:
    rng = np.random.default_rng(1)
    truth = rng.standard_normal(40_000)
    few, many = (crps_of_samples(rng.standard_normal((n, truth.size)), truth).mean() for n in (3, 40))
    assert few == pytest.approx(many, rel=0.02)


def test_the_score_is_by_definition_the_mean_distance_less_half_the_mean_distance_among_samples() -> None:
    samples = np.array([[1.0], [4.0], [6.0]])
    # |1-3|, |4-3|, |6-3| are 2 on average; the pairs are 3, 5 and 2 apart.
    score, rank = crps_and_ranks(samples, np.array([3.0]))
    assert score[0] == pytest.approx(2.0 - 0.5 * (3 + 5 + 2) / 3)
    assert rank[0] == 1
    with pytest.raises(ValueError, match="two samples"):
        crps_of_samples(samples[:1], np.array([3.0]))


def test_ranks_are_the_same_in_one_pass_and_alone() -> None:
    rng = np.random.default_rng(2)
    samples, truth = rng.standard_normal((19, 4, 30)).astype(np.float32), rng.standard_normal((4, 30))
    assert np.array_equal(crps_and_ranks(samples, truth)[1], ranks(samples, truth.astype(np.float32)))


def test_sums_of_parts_add_up_to_the_measures_of_the_whole() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((2, 5, 400))
    y[4] = np.nan
    score = np.abs(x)
    kinds = np.stack([np.ones(400), rng.random(400) < 0.3]).astype(np.float32)
    parts = [sums_of(x[:, p], y[:, p], score[:, p], kinds[:, p]) for p in (slice(0, 150), slice(150, 400))]
    total = parts[0] + parts[1]
    on = kinds[1] > 0
    assert r_of(total)[:4, 1] == pytest.approx(correlation(x[:4, on], y[:4, on]))
    assert rmse_of(total)[:4, 0] == pytest.approx(np.sqrt(np.mean((x - y)[:4] ** 2, axis=1)))
    assert crps_of(total)[0, 1] == pytest.approx(score[0, on].mean())
    assert np.isnan(r_of(total)[4]).all()
    assert r_of(sums_of(np.zeros((1, 50)), y[:1, :50], score[:1, :50], kinds[:1, :50]))[0, 0] == 0.0


def test_an_exact_sampler_covers_what_it_says_and_its_ranks_are_uniform() -> None:
    rng = np.random.default_rng(4)
    draws = rng.standard_normal((100, 3, 6000))
    rank = ranks(draws[1:], draws[0])
    counts = rank_counts(rank, 99, np.array([True, True, False]))
    assert counts[2].sum() == 0
    for share in (0.5, 0.8, 0.9, 0.95):
        assert coverage_by_rank(counts, share)[:2] == pytest.approx(share, abs=0.02)
    assert np.isnan(coverage_by_rank(counts, 0.5)[2])
    assert uniformity(rank.ravel(), 99)[1] > 0.005


@pytest.mark.parametrize("spread", [0.7, 1.4])
def test_a_sampler_that_is_too_narrow_or_too_wide_is_found_out(spread: float) -> None:
    rng = np.random.default_rng(5)
    rank = ranks(spread * rng.standard_normal((99, 500)), rng.standard_normal(500))
    assert uniformity(rank, 99)[1] < 0.005


@pytest.mark.parametrize(("loudness", "uniform"), [(0.0, True), (0.5, False)])
def test_ranks_of_rms_and_peak_are_uniform_unless_the_truth_varies_more_than_the_samples(
    loudness: float, uniform: bool
) -> None:
    rng = np.random.default_rng(7)
    truth = rng.standard_normal((500, 40)) * np.exp(loudness * rng.standard_normal((500, 1)))
    found = [ranks_of_piece(rng.standard_normal((99, 40)), piece) for piece in truth]
    rms, peak = np.array(found).T
    figures = calibration_of_ranks(rms, peak, 99)
    assert figures["windows"] == sum(figures["rms"]["counts"]) == sum(figures["peak"]["counts"]) == 500
    assert (figures["rms"]["p"] > 0.005, figures["peak"]["p"] > 0.005) == (uniform, uniform)
    assert calibration_of_ranks(rms, peak, 98) == {}


def test_coverage_between_whole_ranks_is_interpolated() -> None:
    counts = np.ones(40, dtype=np.int64)  # 39 draws, exactly uniform
    for share in (0.5, 0.8, 0.9, 0.95, 0.333):
        assert coverage_by_rank(counts, share) == pytest.approx(share)


def test_ranks_that_do_not_divide_into_the_bins_are_refused() -> None:
    with pytest.raises(ValueError, match="equal bins"):
        uniformity(np.array([1, 2]), 98)


def test_power_of_white_noise_is_its_variance_over_the_band() -> None:
    x = np.random.default_rng(6).normal(0, 3, (2, 40_000))
    density = power(pieces(x, 200), 100.0)
    assert density[:, 2:-2].mean() * 50.0 == pytest.approx(9.0, rel=0.02)


def test_correlation_by_band_is_that_of_the_band_alone() -> None:
    rng = np.random.default_rng(7)
    t = np.arange(20_000) / 100.0
    alpha, noise = np.sin(2 * np.pi * 10 * t), rng.standard_normal((2, t.size))
    a, b = (pieces((5 * alpha + n)[None], 200) for n in noise)
    xx, yy, xy = band_sums(a, b, 200, 100.0)
    r = dict(zip(BANDS, (xy / np.sqrt(xx * yy))[0], strict=True))
    assert r["alpha"] > 0.95
    assert abs(r["beta"]) < 0.1


def test_coupling_is_one_with_itself_and_minus_one_with_its_mirror() -> None:
    x = np.random.default_rng(8).standard_normal((2, 400))
    found = coupling(pieces(np.stack([x[0], -x[0], x[1]]), 200), 200, 100.0, BANDS["alpha"])
    assert found.shape == (2, 3, 3)
    assert np.allclose(found[:, 0, 1], -1.0, atol=1e-5)
    assert np.allclose(np.diagonal(found, axis1=1, axis2=2), 1.0, atol=1e-5)
    assert np.allclose(coupling_error(found, found), 0.0)
    # The constant of no coupling at all errs by all there is.
    assert np.allclose(coupling_error(np.zeros_like(found), found), 1.0)


def test_bands_meet_without_a_gap() -> None:
    limits = list(BANDS.values())
    assert all(a[1] == b[0] for a, b in pairwise(limits))
    assert frequencies(200, 100.0)[1] == 0.5
