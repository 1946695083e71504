"""The linear part of the flow: every montage's own ridge, from one set of moments."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neuroflow.evaluation.linear import LaggedRidge
from neuroflow.flow.model import average_reference
from neuroflow.flow.ridge import STRENGTH, MontageRidge

SITES, CONTACTS, LAGS = 7, 3, 2


def recordings(seed: int, count: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    """Scalp (batch, site, time) whose channels are alike, not near its bound, and depth that depends on it."""
    rng = np.random.default_rng(seed)
    sources = rng.standard_normal((count, 4, 500))
    scalp = np.einsum("sk,bkt->bst", rng.standard_normal((SITES, 4)), sources)
    scalp += 0.3 * rng.standard_normal(scalp.shape)
    depth = np.einsum("ck,bkt->bct", rng.standard_normal((CONTACTS, 4)), sources)
    return torch.from_numpy(0.05 * scalp).float(), torch.from_numpy(depth).float()


def fitted(scalp: torch.Tensor, depth: torch.Tensor, present: torch.Tensor) -> LaggedRidge:
    ridge = LaggedRidge(SITES, CONTACTS, LAGS)
    ridge.add(scalp, present.expand(scalp.shape[0], -1), depth)
    return ridge


@pytest.fixture(scope="module")
def everywhere() -> MontageRidge:
    linear = MontageRidge(SITES, CONTACTS, LAGS)
    linear.set_moments(*fitted(*recordings(1), torch.ones(1, SITES, dtype=torch.bool)).moments())
    return linear


@pytest.mark.parametrize("absent", [(), (2,), (0, 5), (1, 3, 4, 6)])
def test_a_montage_gets_the_ridge_that_it_alone_would_have_given(
    everywhere: MontageRidge, absent: tuple[int, ...]
) -> None:
    present = torch.ones(SITES, dtype=torch.bool)
    present[list(absent)] = False
    alone = fitted(*recordings(1), present[None])
    # The penalty is relative to the mean over all features there, and over those that are present here.
    kernel, _ = alone.solve(STRENGTH * SITES / int(present.sum()))
    torch.testing.assert_close(everywhere.solution(present), kernel, rtol=0.02, atol=2e-3)
    assert not everywhere.solution(present)[:, ~present].any()


def test_rows_of_a_batch_do_not_hear_of_one_another(everywhere: MontageRidge) -> None:
    scalp, _ = recordings(2, 3)
    present = torch.ones(3, SITES, dtype=torch.bool)
    present[0, 1] = present[2, :3] = False
    clean = average_reference(scalp, present)
    together = everywhere(clean, present)
    for row in range(3):
        alone = everywhere(clean[row : row + 1], present[row : row + 1])
        torch.testing.assert_close(together[row : row + 1], alone, rtol=1e-4, atol=1e-5)


def test_other_weights_are_not_answered_from_memory(everywhere: MontageRidge) -> None:
    present = torch.ones(SITES, dtype=torch.bool)
    other = MontageRidge(SITES, CONTACTS, LAGS)
    assert not other.solution(present).any()
    other.load_state_dict(everywhere.state_dict())
    assert torch.equal(other.solution(present), everywhere.solution(present))
    other.double()
    assert other(torch.zeros(1, SITES, 20, dtype=torch.float64), present[None]).dtype == torch.float64


def test_moments_of_mixed_montages_still_are_moments() -> None:
    scalp, depth = recordings(3)
    ridge = LaggedRidge(SITES, CONTACTS, LAGS)
    for row in range(scalp.shape[0]):
        present = torch.ones(1, SITES, dtype=torch.bool)
        present[0, row % SITES] = False
        ridge.add(scalp[row : row + 1], present, depth[row : row + 1])
    gram, cross = ridge.moments()
    assert float(torch.linalg.eigvalsh(gram.double()).min()) > -1e-4 * float(gram.trace())
    assert bool(torch.isfinite(cross).all())
