"""A conditional distribution of depth EEG that can be drawn from: the flow, or a model it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuroflow.flow.model import ConditionalFlow, NeuroFlow
from neuroflow.recording import Samples

# As inference has them: more than twice the largest of training is a numerical accident, and is drawn again.
LARGEST_FACTOR = 2.0
ATTEMPTS = 8
_BATCH = 16
_PAIRS = 32


class Given(Protocol):
    """The distribution over one window, given its scalp EEG."""

    def draw(self, count: int, generator: torch.Generator, *, mirrored: bool = False) -> Tensor:
        """(sample, contact, time) in volts; ``mirrored`` as :meth:`neuroflow.flow.model.ConditionalFlow.sample`."""
        ...

    def log_prob(self, depth: Samples) -> float:
        """Log density in nats of depth (contact, time) in volts, or a lower bound of it; NaN where there is none."""
        ...


class Posterior(Protocol):
    """p(depth EEG | scalp EEG); ``reach`` is how many steps of scalp EEG it wants either side of a window.

    Windows have a multiple of ``stride`` steps.
    """

    @property
    def reach(self) -> int: ...

    @property
    def stride(self) -> int: ...

    def given(self, scalp: Samples, present: NDArray[np.bool_]) -> Given:
        """Of scalp EEG (site, time + 2 reach) in volts and which sites it has (site,)."""
        ...


class FlowPosterior:
    """The flow, with the context and the margin that inference gives it."""

    def __init__(self, flow: NeuroFlow, device: str = "cpu") -> None:
        self._flow = flow.to(device)
        self._device = device
        self.reach, self.stride = flow.margin + flow.context_margin, flow.shape.stride

    def given(self, scalp: Samples, present: NDArray[np.bool_]) -> Given:
        volts = torch.from_numpy(np.array(scalp[None], dtype=np.float32)).to(self._device)
        mask = torch.from_numpy(np.array(present[None])).to(self._device)
        return _FlowGiven(self._flow(volts, mask).trimmed(self._flow.context_margin), self._flow.margin)


@dataclass(frozen=True)
class _FlowGiven:
    given: ConditionalFlow
    margin: int

    def draw(self, count: int, generator: torch.Generator, *, mirrored: bool = False) -> Tensor:
        return self.given.sample(count, generator, mirrored=mirrored)[..., self.margin : -self.margin]

    def log_prob(self, depth: Samples) -> float:
        core = self.given.trimmed(self.margin)
        volts = torch.from_numpy(np.array(depth[None], dtype=np.float32)).to(core.mean.device)
        return float(core.log_prob(volts))


@dataclass(frozen=True)
class Drawn:
    """Samples (sample, contact, time) in volts, how many had to be drawn again, and how many stayed unsound.

    ``not_finite`` counts first draws that were not finite, ``too_large`` those beyond the limit. A sample that stayed
    unsound is replaced by zeros, and counted.
    """

    samples: Samples
    redrawn: int
    unsound: int
    not_finite: int
    too_large: int


def draw(given: Given, draws: int, limit: float, generator: torch.Generator) -> Drawn:
    """Draw, check every sample as inference does, and draw the unsound ones again, up to :data:`ATTEMPTS` times."""
    parts = [
        given.draw(min(_BATCH, draws - k), generator).float().cpu().numpy() for k in range(0, draws, _BATCH)
    ]  # fmt: skip
    samples = np.concatenate(parts)
    largest = np.abs(samples).max(axis=(1, 2))  # NaN where any is
    not_finite = ~np.isfinite(largest)
    too_large = ~not_finite & (largest > limit)
    bad = np.flatnonzero(not_finite | too_large)
    unsound = 0
    for row in bad:
        for _ in range(ATTEMPTS):
            again = given.draw(1, generator).float().cpu().numpy()[0]
            if np.abs(again).max() <= limit:
                samples[row] = again
                break
        else:
            samples[row] = 0.0
            unsound += 1
    return Drawn(samples, bad.size, unsound, int(not_finite.sum()), int(too_large.sum()))


def mean_of(given: Given, limit: float, generator: torch.Generator) -> Samples:
    """The posterior mean (contact, time) in volts, from pairs of draws whose noises are each other's negatives.

    What is odd in the noise, nearly all of it, cancels within a pair (antithetic variates: Hammersley and Morton 1956).
    The mean of 99 free draws has noise of its own, a tenth of a draw's, beside which little of a small posterior mean
    is left: it costs 5 % of r, and most where the scalp says least. A pair with an unsound draw is left out; where none
    is sound the mean is zero.
    """
    total: Samples | float = 0.0
    sound = 0
    for _ in range(0, 2 * _PAIRS, _BATCH):
        drawn = given.draw(_BATCH, generator, mirrored=True).float().cpu().numpy()
        pairs = 0.5 * (drawn[: _BATCH // 2] + drawn[_BATCH // 2 :])
        largest = np.abs(drawn).max(axis=(1, 2)).reshape(2, -1).max(axis=0)  # NaN where any is
        kept = pairs[largest <= limit]
        total = total + kept.sum(axis=0)
        sound += len(kept)
    return np.asarray(total / max(sound, 1), dtype=np.float32)
