"""Held-out windows by whose score the best weights are chosen."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuroflow.anatomy.implant import Implant
from neuroflow.evaluation.measures import crps_of_samples
from neuroflow.evaluation.patients import FIRST_SELECTION_SEED, simulated_patients
from neuroflow.flow.model import ConditionalFlow, NeuroFlow
from neuroflow.jobs import Control
from neuroflow.recording import Samples
from neuroflow.training.recipe import RATE
from neuroflow.training.stream import SITES, draw_present


def nll_per_dimension(given: ConditionalFlow, depth: Tensor) -> Tensor:
    """Negative log-likelihood in nats a dimension with the flow's depth scale as unit, shape (batch,)."""
    dims = depth.shape[1] * depth.shape[2]
    return -given.log_prob(depth) / dims - math.log(given.flow.shape.depth_scale)


class HeldOutWindows:
    """Windows that training never sees: scalp (window, site, time), present (window, site), depth (window, contact,
    time) in volts, NaN where a contact was not recorded. ``draws`` samples a window are drawn from ``seed``."""

    def __init__(self, scalp: Samples, present: NDArray[np.bool_], depth: Samples, *, draws: int, seed: int) -> None:
        self.scalp, self.present, self.depth = scalp, present, depth
        self._draws, self._seed = draws, seed

    @torch.inference_mode()
    def score(self, flow: NeuroFlow, control: Control | None = None) -> dict[str, float]:
        """``held_out_crps`` in µV over the contacts that were recorded, and ``held_out_nll`` in nats a dimension.

        The latter only where every contact was recorded: the density of some contacts alone has no closed form. The
        same flow gets the same score every time. Raises: Cancelled.
        """
        control = control or Control()
        device = next(flow.parameters()).device
        generator = torch.Generator(device).manual_seed(self._seed)
        nll, crps = [], []
        for row in range(self.scalp.shape[0]):
            control.checkpoint()
            scalp, present, depth = (
                torch.from_numpy(a[row : row + 1]).to(device) for a in (self.scalp, self.present, self.depth)
            )
            seen = ~np.isnan(self.depth[row]).any(axis=1)
            given = flow(scalp, present)
            if seen.all():
                nll.append(float(nll_per_dimension(given, depth)))
            samples = given.sample(self._draws, generator).cpu().numpy()
            crps.append(float(crps_of_samples(samples[:, seen], self.depth[row, seen]).mean()) * 1e6)
        score = {"held_out_crps": round(float(np.mean(crps)), 3)}
        if len(nll) == self.scalp.shape[0]:
            score["held_out_nll"] = round(float(np.mean(nll)), 4)
        return score


class SelectionSet(HeldOutWindows):
    """Windows of simulated patients kept apart from training and from testing."""

    def __init__(self, implant: Implant, seed: int, *, steps: int = 640, patients: int = 8, draws: int = 24) -> None:
        rng = np.random.default_rng([seed, 4])
        scalp, depth, present = [], [], []
        people = simulated_patients(
            implant, SITES, count=patients, seconds=40.0, rate=RATE, local_share=0.5, first_seed=FIRST_SELECTION_SEED
        )
        for person in people:
            times = person.discharges["propagated"]
            # One window around a propagated discharge where there is one, one in the middle.
            starts = [1500, *[int(t * RATE) - 300 for t in times if 4.0 < t < 35.0][:1]]
            for start in starts:
                scalp.append(person.scalp[:, start : start + steps])
                depth.append(person.depth[:, start : start + steps])
                present.append(draw_present(rng))
        super().__init__(np.stack(scalp), np.stack(present), np.stack(depth), draws=draws, seed=seed)
