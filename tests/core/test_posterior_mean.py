"""The posterior mean is estimated without the noise of its draws."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from neuroflow.evaluation.posterior import FlowPosterior, mean_of
from neuroflow.flow.model import FlowShape, NeuroFlow
from neuroflow.recording import Samples

SMALL = FlowShape(
    sites=4, contacts=8, features=(8, 8, 12), token=4, queries=2, hidden=12, dilations=((1,), (1,), (1,)), lags=3
)


class Fixed:
    """Draws that are given, and no density."""

    def __init__(self, first: list[float], second: list[float]) -> None:
        self._halves = torch.tensor([*first, *second])

    def draw(self, count: int, generator: torch.Generator, *, mirrored: bool = False) -> Tensor:  # noqa: ARG002
        assert mirrored
        return self._halves.repeat_interleave(count // self._halves.numel())[:, None, None].expand(-1, 2, 3)

    def log_prob(self, depth: Samples) -> float:  # noqa: ARG002
        return math.nan


def bent() -> NeuroFlow:
    """A flow whose every parameter is away from where it begins, a little."""
    torch.manual_seed(3)
    flow = NeuroFlow(SMALL)
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return flow.freeze()


def estimates(flow: NeuroFlow) -> tuple[np.ndarray, np.ndarray]:
    """The mean by pairs and by as many free draws, twelve times each, of the same window."""
    posterior = FlowPosterior(flow)
    scalp = 2e-5 * np.random.default_rng(0).standard_normal((4, 64 + 2 * posterior.reach)).astype(np.float32)
    with torch.inference_mode():
        given = posterior.given(scalp, np.ones(4, dtype=bool))
        generators = [torch.Generator().manual_seed(seed) for seed in range(12)]
        pairs = np.stack([mean_of(given, math.inf, generator) for generator in generators])
        free = np.stack([given.draw(64, generator).numpy().mean(axis=0) for generator in generators])
    return pairs, free


def test_pairs_have_a_small_part_of_the_noise_of_free_draws() -> None:
    pairs, free = estimates(bent())
    assert pairs.std(axis=0).mean() < 0.25 * free.std(axis=0).mean()


def test_both_estimate_the_same_mean() -> None:
    pairs, free = estimates(bent())
    error = free.std(axis=0, ddof=1) / math.sqrt(len(free))
    assert np.abs((free.mean(axis=0) - pairs.mean(axis=0)) / error).mean() < 1.5


def test_a_pair_with_an_unsound_draw_is_left_out() -> None:
    generator = torch.Generator()
    assert np.allclose(mean_of(Fixed([1.0, math.nan], [3.0, 5.0]), 10.0, generator), 2.0)
    assert np.allclose(mean_of(Fixed([1.0, 4.0], [3.0, 50.0]), 10.0, generator), 2.0)
    assert np.all(mean_of(Fixed([math.inf, 1.0], [3.0, math.nan]), 10.0, generator) == 0.0)
