"""The Gaussian patient: its exact density against dense linear algebra, its draws, and a flow on the way to it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from neuroflow.anatomy.implant import load_implant
from neuroflow.cli.front import main
from neuroflow.evaluation.gaussian import GaussianPatient, gaussian_patient
from neuroflow.simulation.patient import draw_patient
from neuroflow.training.gaussian import distance_from_optimum

SITES = ("F7", "T3", "T5", "Cz")


def small(length: int = 12) -> GaussianPatient:
    """Four sites, two contacts, random spectra."""
    rng = np.random.default_rng(0)
    factors = rng.standard_normal((length // 2 + 1, 6, 6))
    return GaussianPatient(factors @ factors.transpose(0, 2, 1) + 0.1 * np.eye(6), 4, length, 100.0)


def dense(patient: GaussianPatient) -> np.ndarray:
    """Covariance (channel * time, channel * time) over the circle."""
    n = patient.length
    autocovariance = np.fft.irfft(patient.density, n, axis=0)
    lag = (np.arange(n)[:, None] - np.arange(n)[None, :]) % n
    return autocovariance[lag].transpose(2, 0, 3, 1).reshape(6 * n, 6 * n)


def test_the_conditional_density_is_that_of_dense_linear_algebra() -> None:
    patient = small()
    n = patient.length
    whole = dense(patient)
    rng = np.random.default_rng(1)
    signal = rng.multivariate_normal(np.zeros(6 * n), whole).reshape(6, n)
    # Only what is left of the scalp without its mean over sites may be known.
    differences = np.kron(np.linalg.svd(np.eye(4) - 0.25)[0][:, :3].T, np.eye(n))
    seen = differences @ whole[: 4 * n, : 4 * n] @ differences.T
    both = whole[4 * n :, : 4 * n] @ differences.T
    gain = np.linalg.solve(seen, both.T).T
    mean = gain @ differences @ signal[:4].ravel()
    left = whole[4 * n :, 4 * n :] - gain @ both.T
    expected = multivariate_normal(mean, 0.5 * (left + left.T)).logpdf(signal[4:].ravel())
    assert patient.log_prob(signal[:4], signal[4:]) == pytest.approx(expected, rel=1e-6)
    # A reference that all sites share says nothing.
    assert patient.log_prob(signal[:4] + rng.standard_normal(n), signal[4:]) == pytest.approx(expected, rel=1e-6)
    entropy = 0.5 * (np.linalg.slogdet(2.0 * math.pi * math.e * left)[1]) / (2 * n)
    assert patient.optimum == pytest.approx(entropy, rel=1e-9)


def test_draws_have_the_covariance_that_the_density_states() -> None:
    patient = small()
    rng = np.random.default_rng(2)
    draws = np.stack([np.concatenate(patient.draw(rng)).ravel() for _ in range(20_000)])
    whole = dense(patient)
    found = draws.T @ draws / len(draws)
    assert np.abs(found - whole).max() < 0.06 * np.abs(whole).max()


def test_no_density_does_better_than_the_optimum_on_average() -> None:
    patient = gaussian_patient(draw_patient(0, load_implant(), sites=SITES), 100.0, 2048)
    rng = np.random.default_rng(3)
    found = [-patient.log_prob(*pair) / pair[1].size for pair in (patient.draw(rng) for _ in range(8))]
    assert np.mean(found) == pytest.approx(patient.optimum, abs=0.01)
    depth = np.stack([patient.draw(rng)[1].std(axis=1) for _ in range(4)]).mean(axis=0)
    assert np.all((depth > 30e-6) & (depth < 400e-6))


def test_a_flow_comes_nearer_to_the_optimum_than_the_ridge_and_never_below() -> None:
    found = distance_from_optimum(load_implant(), 0.15)
    assert found.steps > 0  # as many as the machine makes in nine seconds
    assert -3 * found.standard_error < found.distance < 0.6 * found.ridge


def test_the_command_prints_both_distances(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--gaussian", "0.02"]) == 0
    printed = capsys.readouterr().out
    assert "exact optimum" in printed
    assert all(word in printed for word in ("flow", "ridge", "21 sites and 8 contacts"))
    assert main(["evaluate", "--gaussian", "0"]) == 2
