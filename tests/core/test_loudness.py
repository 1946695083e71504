"""Laws of the loudness that a recording's noise shares: its density, its draws, and that it lasts."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from neuroflow.flow.loudness import Loudness

CHANNELS, CONTACTS = (3, 2), 4


def loudness(own: float = 0.2, common: float = 0.3) -> Loudness:
    found = Loudness(CHANNELS, CONTACTS, 2).double()
    with torch.no_grad():
        found.cells.own.fill_(own)
        found.cells.mean.copy_(torch.tensor([-0.1, 0.0, 0.1, 0.0, -0.2]) * (own > 0))
        found.cells.loadings.copy_(
            common * torch.tensor([[1.0, 0.0], [1.0, 0.5], [1.0, -0.5], [0.5, 0.3], [0.5, -0.2]])
        )
    return found


@torch.no_grad()
def drawn(model: Loudness, count: int, steps: int, seed: int = 0) -> list[Tensor]:
    """Noise of ``count`` recordings, the second level of half as many steps as the first."""
    generator = torch.Generator().manual_seed(seed)
    normals = torch.randn(count, model.normals, generator=generator, dtype=torch.float64)
    return [
        torch.randn(count, scale.shape[1], length, generator=generator, dtype=torch.float64) * scale
        for scale, length in zip(model.scales(normals)[0], (steps, steps // 2), strict=True)
    ]


def normal_log_prob(noise: list[Tensor]) -> Tensor:
    one = [(-0.5 * z.square() - 0.5 * math.log(2 * math.pi)).sum(dim=(1, 2)) for z in noise]
    return torch.stack(one).sum(dim=0)


def test_without_spread_the_noise_is_normal() -> None:
    model = loudness(own=0.0, common=0.0)
    noise = [torch.randn(4, 3, 20, dtype=torch.float64), torch.randn(4, 2, 10, dtype=torch.float64)]
    assert torch.allclose(model.log_prob(noise), normal_log_prob(noise), rtol=1e-9)
    assert all(torch.equal(s, torch.ones_like(s)) for s in model.scales(torch.randn(2, model.normals).double())[0])


@torch.no_grad()
def test_the_density_is_the_mean_over_all_scales() -> None:
    """Against the integral itself, by drawing 50,000 sets of scales."""
    model = loudness()
    noise = drawn(model, 6, 60)
    normals = torch.randn(50_000, model.normals, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    log = torch.cat([s.squeeze(-1).log() for s in model.scales(normals)[0]], dim=1)
    squares = torch.cat([z.square().sum(dim=2) for z in noise], dim=1)
    steps = torch.tensor([60.0] * 3 + [30.0] * 2, dtype=torch.float64)
    rows = [-(log @ steps) - 0.5 * (q * torch.exp(-2 * log)).sum(dim=1) for q in squares]
    expected = torch.stack([torch.logsumexp(row, dim=0) - math.log(len(row)) for row in rows])
    found = model.log_prob(noise) + 0.5 * math.log(2 * math.pi) * steps.sum()
    for row, value, reference in zip(rows, found, expected, strict=True):
        weight = (row - row.max()).exp()
        error = float(weight.std() / weight.mean()) / len(row) ** 0.5
        assert float(value - reference) == pytest.approx(0.0, abs=5 * error + 0.01)
        assert error < 0.5


@torch.no_grad()
def test_draws_follow_the_density() -> None:
    """E over draws of p'/p is 1 for any other density p' (importance identity); and they do not follow p'."""
    model, other = loudness(), loudness(own=0.15, common=0.35)
    noise = drawn(model, 20_000, 64)
    ratio = (other.log_prob(noise) - model.log_prob(noise)).exp()
    assert float(ratio.mean()) == pytest.approx(1.0, abs=6 * float(ratio.std()) / len(ratio) ** 0.5)
    assert float(ratio.log().mean()) < -0.01


@torch.no_grad()
def test_recordings_differ_in_loudness_as_stated_and_keep_it() -> None:
    model = loudness()
    first, second = (part.chunk(2, dim=2)[0].square().mean(dim=2).sqrt().log() for part in drawn(model, 3000, 400))
    covariance = model.cells.covariance()
    both = torch.cat((first, second), dim=1)
    assert torch.allclose(torch.cov(both.T), covariance, atol=0.015)
    assert torch.allclose(both.mean(dim=0), model.cells.mean, atol=0.03)


def test_the_gradient_is_that_of_the_density() -> None:
    model = loudness()
    noise = [part.requires_grad_() for part in drawn(model, 2, 40)]
    # The mode moves with the noise: a gradient that forgot this would differ.
    assert torch.autograd.gradcheck(lambda *z: model.log_prob(list(z)), noise, atol=1e-5, rtol=1e-3)


def test_a_silent_channel_and_a_loud_one_have_a_finite_density() -> None:
    model = loudness()
    noise = [part.requires_grad_() for part in drawn(model, 2, 40)]
    with torch.no_grad():
        noise[0][0, 0] = 0.0
        noise[0][1, 1] *= 1000.0
    found = model.log_prob(noise)
    assert torch.isfinite(found).all()
    assert all(torch.isfinite(g).all() for g in torch.autograd.grad(found.sum(), noise))


@torch.no_grad()
def test_the_loudness_of_many_recordings_is_found_again_from_their_windows() -> None:
    """Windows as short as a level has: how much they scatter by themselves must not be taken for loudness."""
    model, found = loudness(), Loudness(CHANNELS, CONTACTS, 2).double()
    noise = drawn(model, 6000, 40)
    steps = torch.tensor([40.0] * 3 + [20.0] * 2)
    found.set_levels(torch.cat([z.square().mean(dim=2) for z in noise], dim=1), steps)
    assert torch.allclose(found.cells.mean, model.cells.mean, atol=0.02)
    assert torch.allclose(found.cells.covariance(), model.cells.covariance(), atol=0.015)
    found.silence()
    normal = [torch.randn(300, c, n, dtype=torch.float64) for c, n in zip(CHANNELS, (40, 20), strict=True)]
    assert torch.allclose(found.log_prob(normal), normal_log_prob(normal))
    found.set_levels(torch.cat([z.square().mean(dim=2) for z in normal], dim=1), steps)
    spread = found.cells.covariance().diagonal().sqrt()
    assert float(spread.max()) < 0.08, "normals have no loudness"


@torch.no_grad()
def test_the_loudness_of_contacts_is_what_truth_scatters_beyond_samples() -> None:
    """Truth is as samples are, times scales of its own: these are found again, and none where there are none."""
    generator = torch.Generator().manual_seed(2)

    def normal(*size: int) -> Tensor:
        return torch.randn(*size, generator=generator, dtype=torch.float64)

    windows, draws = 8000, 6
    wanted = Loudness(CHANNELS, CONTACTS, 2).double().contacts
    wanted.own.fill_(0.1)
    wanted.loadings[:, 0] = torch.tensor([0.15, 0.15, 0.0, -0.1])
    wanted.mean.copy_(torch.tensor([-0.05, 0.0, 0.05, 0.1]))
    level, spread = normal(windows, 1, CONTACTS), 0.2
    samples = level + spread * normal(windows, draws, CONTACTS)
    truth = level[:, 0] + spread * normal(windows, CONTACTS)
    found = Loudness(CHANNELS, CONTACTS, 2).double()
    found.set_contacts(truth + wanted.scales(normal(windows, wanted.normals)).log(), samples)
    assert torch.allclose(found.contacts.mean, wanted.mean, atol=0.015)
    assert torch.allclose(found.contacts.covariance(), wanted.covariance(), atol=0.006)
    found.set_contacts(truth, samples)
    assert float(found.contacts.covariance().diagonal().max()) < 0.004


def test_few_windows_say_nothing_of_loudness() -> None:
    found = Loudness(CHANNELS, CONTACTS, 2)
    found.set_levels(torch.rand(8, 5), torch.full((5,), 40.0))
    found.set_contacts(torch.rand(8, CONTACTS), torch.rand(8, 3, CONTACTS))
    assert found.cells.silent
    assert found.contacts.silent
