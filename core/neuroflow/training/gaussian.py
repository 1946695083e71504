"""How near a small flow of the same code comes to the exact optimum, on a Gaussian patient of one known head."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from neuroflow.anatomy.implant import Implant
from neuroflow.evaluation.gaussian import GaussianPatient, gaussian_patient
from neuroflow.evaluation.linear import LaggedRidge
from neuroflow.evaluation.patients import STANDARD_SITES
from neuroflow.flow.model import FlowShape, NeuroFlow
from neuroflow.jobs import Control
from neuroflow.simulation.patient import draw_patient
from neuroflow.training.loop import follow
from neuroflow.training.recipe import RATE
from neuroflow.training.selection import nll_per_dimension
from neuroflow.training.start import set_actnorms
from neuroflow.training.stream import Batch

_BATCH, _STEPS = 8, 640
_LEARNING_RATE = 4e-3
_RIDGE_CIRCLES, _TEST_CIRCLES = 12, 12
_TEST_SEED = 99


@dataclass(frozen=True)
class Distance:
    """Nats a dimension above the exact optimum, on draws that no fit has seen.

    ``distance`` is the flow's, ``ridge`` that of a lagged ridge with Gaussian residuals that have no memory;
    ``standard_error`` is of ``distance``, over circles of time.
    """

    distance: float
    ridge: float
    standard_error: float
    contacts: int
    sites: int
    minutes: float
    steps: int

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def distance_from_optimum(
    implant: Implant, minutes: float, *, seed: int = 0, control: Control | None = None
) -> Distance:
    """Fit a small flow for some minutes to the first shaft of an implant in one head. Raises: Cancelled."""
    control = control or Control()
    shaft = Implant(implant.name, implant.contacts_of(implant.shafts[0]), implant.source)
    patient = gaussian_patient(draw_patient(seed, shaft, sites=STANDARD_SITES), RATE)
    flow, spread = _flow_from_ridge(patient, seed)
    steps = _fit(flow, patient, minutes, seed, control)
    flow.double().freeze()
    gaps, ridge = [], []
    rng = np.random.default_rng([seed, _TEST_SEED])
    for _ in range(_TEST_CIRCLES):
        control.checkpoint()
        scalp, depth = patient.draw(rng)
        exact = -patient.log_prob(scalp, depth) / depth.size
        given = flow(*_tensors(scalp, torch.float64)).trimmed(flow.context_margin)
        inner = torch.from_numpy(depth[None]).double()[..., flow.context_margin : -flow.context_margin]
        gaps.append(float(nll_per_dimension(given, inner)) + math.log(flow.shape.depth_scale) - exact)
        ridge.append(spread - exact)
    error = float(np.std(gaps, ddof=1) / math.sqrt(len(gaps)))
    return Distance(float(np.mean(gaps)), float(np.mean(ridge)), error, patient.contacts, patient.sites, minutes, steps)


def _flow_from_ridge(patient: GaussianPatient, seed: int) -> tuple[NeuroFlow, float]:
    """A small flow that begins at the lagged ridge, and the ridge's expected nats a dimension in volts."""
    torch.manual_seed(seed)
    shape = FlowShape(
        sites=patient.sites, contacts=patient.contacts, features=(16, 16, 24, 24, 24), token=8, queries=4, hidden=48,
        lags=24,
    )  # fmt: skip
    flow = NeuroFlow(shape)
    ridge = LaggedRidge(shape.sites, shape.contacts, shape.lags)
    rng = np.random.default_rng([seed, 1])
    for _ in range(_RIDGE_CIRCLES):
        scalp, depth = patient.draw(rng)
        volts, present = _tensors(scalp)
        ridge.add(volts / shape.scalp_scale, present, torch.from_numpy(depth[None]) / shape.depth_scale)
    _, covariance = ridge.solve(1e-4)
    flow.linear.set_moments(*ridge.moments())
    with torch.no_grad():
        flow.set_whitening(covariance)
    log_det = float(torch.linalg.slogdet(covariance.double())[1]) / shape.contacts
    return flow, 0.5 * (math.log(2.0 * math.pi) + 1.0 + log_det) + math.log(shape.depth_scale)


def _fit(flow: NeuroFlow, patient: GaussianPatient, minutes: float, seed: int, control: Control) -> int:
    """Maximum likelihood on fresh draws; the flow is left with the average of its last weights. Returns the steps."""
    windows = _batches(patient, np.random.default_rng([seed, 2]))
    set_actnorms(flow, next(windows))
    average = copy.deepcopy(flow).requires_grad_(False)
    optimiser = torch.optim.Adam(flow.parameters(), lr=_LEARNING_RATE, betas=(0.9, 0.98))
    begun, step, done = time.monotonic(), 0, 0.0
    while done < 1.0:
        done = min((time.monotonic() - begun) / (60.0 * minutes), 1.0)
        control.checkpoint(done)
        for group in optimiser.param_groups:
            group["lr"] = _LEARNING_RATE * min(1.0, (step + 1) / 50) * 0.5 * (1.002 + math.cos(math.pi * done))
        batch = next(windows)
        given = flow(torch.from_numpy(batch.scalp), torch.from_numpy(batch.present))
        loss = nll_per_dimension(given, torch.from_numpy(batch.depth)).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(flow.parameters(), 0.5)
        optimiser.step()
        step += 1
        follow(average, flow, min(0.995, (1 + step) / (10 + step)))
    flow.load_state_dict(average.state_dict())
    return step


def _batches(patient: GaussianPatient, rng: np.random.Generator) -> Iterator[Batch]:
    """Windows without end: each circle is cut into windows side by side, from a random step on."""
    scalp, depth = [], []
    present = np.ones((_BATCH, patient.sites), dtype=np.bool_)
    while True:
        circle = patient.draw(rng)
        turn = int(rng.integers(patient.length))
        rolled = [np.roll(signal, turn, axis=1) for signal in circle]
        for first in range(0, patient.length - _STEPS + 1, _STEPS):
            scalp.append(rolled[0][:, first : first + _STEPS])
            depth.append(rolled[1][:, first : first + _STEPS])
            if len(scalp) == _BATCH:
                stacked = np.stack(depth)
                yield Batch(np.stack(scalp), present, stacked, stacked)
                scalp, depth = [], []


def _tensors(scalp: np.ndarray, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """Scalp EEG with a batch axis, and that all of it is present."""
    return torch.from_numpy(scalp[None]).to(dtype), torch.ones(1, scalp.shape[0], dtype=torch.bool)
