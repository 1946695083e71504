"""Laws of the baselines: the autoregression's density, the ridge, source imaging, what is kept of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from neuroflow.anatomy.head import site_directions, to_mni
from neuroflow.anatomy.implant import Contact, Implant, load_implant
from neuroflow.evaluation.autoregression import Autocovariance, fit
from neuroflow.evaluation.baselines import Scales, bipolar_pairs
from neuroflow.evaluation.baselines_kept import baselines_for
from neuroflow.evaluation.inverse import HEAD_RADIUS, SourceImaging, potentials
from neuroflow.evaluation.linear import LaggedRidge
from neuroflow.evaluation.measures import correlation
from neuroflow.evaluation.patients import STANDARD_SITES, simulated_patients, windows
from neuroflow.evaluation.tally import between
from neuroflow.simulation.heads import Head, scalp_gain

SITES = STANDARD_SITES[:19]
IMPLANT = Implant("made up", tuple(Contact(f"AHL{i}", "AHL", (-25.0 - 5 * i, -12.0, -15.0)) for i in range(1, 9)), "")
PRESENT = np.ones(19, dtype=np.bool_)


def test_the_autoregression_has_the_density_of_the_normal_that_it_is() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 4000))
    x[:, 1:] += 0.7 * x[::-1, :-1]
    gathered = Autocovariance(3, 2)
    gathered.add(x)
    model = fit(gathered.value())
    # Its own autocovariance at later lags follows from the Yule-Walker recursion: the whole joint normal of 6 steps.
    lags = list(gathered.value())
    for _ in range(3):
        lags.append(sum(model.coefficients[k] @ lags[-1 - k] for k in range(2)))
    joint = np.block([[lags[i - j] if i >= j else lags[j - i].T for j in range(6)] for i in range(6)])
    stretch = x[:, 100:106]
    flat = stretch.T.ravel()
    expected = -0.5 * (
        flat @ np.linalg.solve(joint, flat) + np.linalg.slogdet(joint)[1] + flat.size * np.log(2 * np.pi)
    )
    assert model.log_prob(stretch) == pytest.approx(expected, rel=1e-10)


def test_the_autoregression_finds_the_coefficients_that_made_a_signal() -> None:
    rng = np.random.default_rng(1)
    matrix = np.array([[0.5, 0.3], [-0.2, 0.6]])
    x = np.zeros((2, 60_000))
    noise = rng.standard_normal(x.shape)
    for t in range(1, x.shape[1]):
        x[:, t] = matrix @ x[:, t - 1] + noise[:, t]
    gathered = Autocovariance(2, 3)
    gathered.add(x)
    model = fit(gathered.value())
    assert model.coefficients[0] == pytest.approx(matrix, abs=0.02)
    assert np.abs(model.coefficients[1:]).max() < 0.02
    assert model.innovation == pytest.approx(np.eye(2), abs=0.03)
    with pytest.raises(ValueError, match="order"):
        model.log_prob(x[:, :2])


def ridge_of(seed: int, weights: np.ndarray, steps: int = 4000) -> LaggedRidge:
    rng = np.random.default_rng(seed)
    scalp = rng.standard_normal((1, 6, steps)).astype(np.float32)
    clean = scalp - scalp.mean(axis=1, keepdims=True)
    depth = np.einsum("cs,bst->bct", weights, clean) + 0.5 * rng.standard_normal((1, 3, steps))
    ridge = LaggedRidge(6, 3, 2)
    ridge.add(torch.from_numpy(scalp), torch.ones(1, 6, dtype=torch.bool), torch.from_numpy(depth.astype(np.float32)))
    return ridge


def centred(kernel: torch.Tensor) -> np.ndarray:
    """Less the mean over sites, which an average reference makes meaningless."""
    return (kernel - kernel.mean(dim=1, keepdim=True)).numpy()


def test_the_ridge_finds_a_linear_relation_and_the_variance_that_it_leaves() -> None:
    weights = np.random.default_rng(2).standard_normal((3, 6))
    weights -= weights.mean(axis=1, keepdims=True)  # what an average reference takes away cannot be found
    fitted, held_out = ridge_of(3, weights), ridge_of(4, weights)
    kernel, residual = fitted.merged(held_out).solve(1e-4)
    found = centred(kernel)
    assert found[:, :, 2] == pytest.approx(weights, abs=0.05)
    assert np.abs(found[:, :, [0, 1, 3, 4]]).max() < 0.05
    assert residual.diagonal().numpy() == pytest.approx(0.25, rel=0.05)


def test_a_contact_that_some_patients_lack_is_fitted_on_those_that_have_it() -> None:
    weights = np.random.default_rng(2).standard_normal((3, 6))
    weights -= weights.mean(axis=1, keepdims=True)
    ridge, rng = ridge_of(3, weights), np.random.default_rng(9)
    depth = np.full((1, 3, 500), np.nan, dtype=np.float32)
    depth[:, 0] = rng.standard_normal(500)
    scalp = torch.from_numpy(rng.standard_normal((1, 6, 500)).astype(np.float32))
    before = ridge.solve(1e-4)[0]
    ridge.add(scalp, torch.ones(1, 6, dtype=torch.bool), torch.from_numpy(depth))
    after, left = ridge.solve(1e-4)
    assert centred(after)[1:] == pytest.approx(centred(before)[1:], abs=0.05)
    assert np.linalg.eigvalsh(left.numpy()).min() > 0


def test_the_penalty_is_chosen_by_what_it_leaves_of_other_patients() -> None:
    weights = 0.05 * np.random.default_rng(5).standard_normal((3, 6))
    few, other = ridge_of(6, weights, 60), ridge_of(7, weights, 4000)
    assert few.best_strength(other, (1e-4, 10.0)) == 10.0


@pytest.mark.parametrize("method", ["minimum norm", "sLORETA", "LCMV"])
def test_source_imaging_finds_a_single_source_without_noise(method: str) -> None:
    """A dipole in the brain: the potentials found round it have its pattern, sign included."""
    place, moment = np.array([[-0.045, 0.005, 0.035]]), np.array([-0.7, 0.0, 0.7])
    head = Head(
        HEAD_RADIUS, (0.9, 0.92, 0.97, 1.0), (0.33, 1.0, 0.004, 0.33), SITES, site_directions(SITES) * HEAD_RADIUS
    )
    rng = np.random.default_rng(10)
    outwards = rng.standard_normal((40, 3))
    round_it = place + 0.03 * outwards / np.linalg.norm(outwards, axis=1, keepdims=True)
    contacts = [Contact(f"X{i}", "X", tuple(to_mni(p / (0.9 * HEAD_RADIUS)))) for i, p in enumerate(round_it)]
    imaging = SourceImaging(SITES, contacts, 100.0)
    scalp = scalp_gain(head, place, moment[None])
    scalp = scalp - scalp.mean(axis=0)
    if method == "LCMV":
        noise = 1e-3 * np.abs(scalp).max() * rng.standard_normal((19, 2000))
        operator = imaging.adapted(scalp * rng.standard_normal(2000) + noise - noise.mean(axis=0))
    else:
        operator = imaging.fixed(method)
    truth = potentials(round_it, place, 0.006)[:, 0] @ moment
    assert operator.shape == (40, 19)
    assert correlation(operator @ scalp[:, 0], truth) > 0.6


def test_patients_are_cut_into_windows_that_stay_within_their_spans() -> None:
    patient = next(simulated_patients(IMPLANT, SITES, count=1, seconds=8.0, rate=100.0, local_share=0.5))
    cut = windows(replace(patient, spans=((0, 250), (250, 270), (300, 800))), 200, 100, 8)
    assert [(w.first, w.last) for w in cut] == [(0, 200), (300, 500), (500, 700)]
    assert all(w.steps % 8 == 0 and w.low <= w.first and w.last <= w.high for w in cut)


def test_a_bipolar_derivation_is_of_neighbours_of_one_shaft() -> None:
    implant = load_implant()
    deeper, shallower = pairs = bipolar_pairs(implant)
    names = [(implant.contacts[a].name, implant.contacts[b].name) for a, b in zip(deeper, shallower, strict=True)]
    assert len(names) == 8 * 7
    assert names[:2] == [("AL1", "AL2"), ("AL2", "AL3")]
    assert ("AL8", "AHL1") not in names
    x = np.random.default_rng(11).standard_normal((64, 5))
    assert np.array_equal(between(x, pairs)[0], x[0] - x[1])
    assert between(x + x[:1], pairs) == pytest.approx(between(x, pairs)), "what all share is gone"


def test_fitted_baselines_are_kept_and_read_again(tmp_path: Path) -> None:
    said: list[str] = []
    options = {"count": 5, "seconds": 20.0, "folder": tmp_path, "say": said.append}
    scales = Scales(2e-5, 1e-4)
    first = baselines_for(PRESENT, IMPLANT, SITES, scales, 100.0, (0.5, 48.0), **options)  # type: ignore[arg-type]
    again = baselines_for(PRESENT, IMPLANT, SITES, scales, 100.0, (0.5, 48.0), **options)  # type: ignore[arg-type]
    assert len(said) == 1
    scalp = np.random.default_rng(0).normal(0, 2e-5, (19, 632)).astype(np.float32)
    a, b = (f.estimates(scalp, f.adapt(scalp), 16) for f in (first, again))
    assert a.keys() == b.keys()
    for name in a:
        assert a[name].shape == (8, 600)
        assert np.allclose(a[name], b[name])
        assert np.allclose(first.spread(name), again.spread(name))
    # A damaged file is fitted anew rather than believed.
    next(tmp_path.glob("*.npz")).write_bytes(b"PK\x03\x04 not any more")
    baselines_for(PRESENT, IMPLANT, SITES, scales, 100.0, (0.5, 48.0), **options)  # type: ignore[arg-type]
    assert len(said) == 2
