"""Fit the flow by maximum likelihood on a stream of simulated patients."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuroflow.anatomy.implant import Implant
from neuroflow.evaluation.linear import LaggedRidge
from neuroflow.evaluation.measures import crps_of_samples
from neuroflow.evaluation.patients import FIRST_SELECTION_SEED, simulated_patients
from neuroflow.flow.model import ConditionalFlow, FlowShape, NeuroFlow
from neuroflow.flow.transforms import ActNorm, Chain
from neuroflow.jobs import Control
from neuroflow.recording import Samples
from neuroflow.training.stream import SITES, Batch, PatientPool, draw_present

RATE = 100.0
BAND = (0.5, 48.0)


@dataclass(frozen=True)
class Recipe:
    """Everything that a training run depends on, besides the simulator; kept on the card.

    ``minutes`` bounds the optimisation. For its first ``mean_share`` the conditional mean alone is fitted by squared
    error, afterwards the whole flow by its likelihood plus ``mean_weight`` times that error. ``local_share`` is the
    range from which a patient's share of depth background without scalp field is drawn.
    """

    minutes: float = 30.0
    mean_share: float = 0.1
    mean_weight: float = 1.0
    seed: int = 0
    batch: int = 16
    steps: int = 640
    pool: int = 120
    patient_seconds: float = 60.0
    local_share: tuple[float, float] = (0.3, 0.7)
    learning_rate: float = 2e-3
    warm_up: int = 50
    average: float = 0.995
    clip: float = 0.5
    check_seconds: float = 150.0


@dataclass(frozen=True)
class Fitted:
    """What a run leaves: the averaged flow with the best held-out score, and its history."""

    flow: NeuroFlow
    history: tuple[dict[str, float], ...]
    patients: int
    scalp_rms: tuple[float, float]
    largest_depth: float


def fit(
    implant: Implant,
    recipe: Recipe,
    log: Path,
    control: Control | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Fitted:
    """Train a flow for an implant. ``log`` receives one JSON object a line.

    Raises: Cancelled.
    """
    control = control or Control()
    torch.manual_seed(recipe.seed)
    shape = FlowShape(sites=len(SITES), contacts=len(implant.contacts))
    flow = NeuroFlow(shape)
    pool = PatientPool(
        implant, local_share=recipe.local_share, size=recipe.pool, seconds=recipe.patient_seconds, rate=RATE,
        seed=recipe.seed,
    )  # fmt: skip
    try:
        for have in pool.fill(max(recipe.pool // 3, 2)):
            control.checkpoint()
            say(f"simulating patients: {have} of {max(recipe.pool // 3, 2)}")
        start_from_ridge(flow, pool, np.random.default_rng([recipe.seed, 3]))
        _fit_mean(flow, pool, recipe, control, say)
        whiten_residual(flow, pool, recipe)
        set_actnorms(flow, pool.draw(2 * recipe.batch, recipe.steps))
        limits = amplitudes(pool.windows())
        best, history = _optimise(flow, pool, implant, recipe, log, control, say)
        return Fitted(best, tuple(history), pool.patients_seen, limits[:2], limits[2])
    finally:
        pool.close()


def start_from_ridge(flow: NeuroFlow, pool: PatientPool, rng: np.random.Generator) -> None:
    """Set the flow's linear part to the pooled lagged ridge and whiten what it leaves."""
    shape = flow.shape
    ridge = LaggedRidge(shape.sites, shape.contacts, shape.lags)
    for scalp, depth in pool.windows():
        for first in range(0, scalp.shape[1] - 1000 + 1, 1000):
            window = slice(first, first + 1000)
            present = torch.from_numpy(draw_present(rng)[None])
            ridge.add(
                torch.from_numpy(scalp[None, :, window]) / shape.scalp_scale,
                present,
                torch.from_numpy(depth[None, :, window]) / shape.depth_scale,
            )
    kernel, covariance = ridge.solve()
    with torch.no_grad():
        flow.linear.weight.copy_(kernel)
        flow.set_whitening(covariance)


def mean_parameters(flow: NeuroFlow) -> list[torch.nn.Parameter]:
    """What the conditional mean depends on."""
    parts = (flow.conditioner, flow.linear, flow.bend)
    return [parameter for part in parts for parameter in part.parameters()]


def squared_error(flow: NeuroFlow, mean: Tensor, batch: Batch) -> Tensor:
    """Mean squared error of the conditional mean against what the contacts share, in units of the depth scale."""
    return (mean - torch.from_numpy(batch.shared) / flow.shape.depth_scale).square().mean()


@torch.no_grad()
def whiten_residual(flow: NeuroFlow, pool: PatientPool, recipe: Recipe, batches: int = 30) -> None:
    """Whiten across contacts what the conditional mean leaves of depth EEG."""
    contacts = flow.shape.contacts
    covariance, count = torch.zeros(contacts, contacts, dtype=torch.float64), 0
    for _ in range(batches):
        batch = pool.draw(recipe.batch, recipe.steps)
        mean = flow(torch.from_numpy(batch.scalp), torch.from_numpy(batch.present)).mean
        left = (torch.from_numpy(batch.depth) / flow.shape.depth_scale - mean).double()
        covariance += torch.einsum("bct,bdt->cd", left, left)
        count += left.shape[0] * left.shape[2]
    flow.set_whitening(covariance / count)


def _fit_mean(flow: NeuroFlow, pool: PatientPool, recipe: Recipe, control: Control, say: Callable[[str], None]) -> None:
    parameters = mean_parameters(flow)
    optimiser = torch.optim.Adam(parameters, lr=0.75 * recipe.learning_rate, betas=(0.9, 0.98))
    begun, step, done = time.monotonic(), 0, 0.0
    seconds = 60.0 * recipe.minutes * recipe.mean_share
    while done < 1.0:
        done = min((time.monotonic() - begun) / seconds, 1.0)
        _set_rate(optimiser, 0.75 * recipe.learning_rate * min(1.0, (step + 1) / recipe.warm_up) * _decay(done))
        batch = pool.draw(recipe.batch, recipe.steps)
        loss = squared_error(flow, flow(torch.from_numpy(batch.scalp), torch.from_numpy(batch.present)).mean, batch)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        step += 1
        control.checkpoint()
        if step % 10 == 0:
            say(f"mean: step {step}  squared error {float(loss.detach()):.4f}  {100 * done:.0f} %")


def _decay(done: float) -> float:
    return 0.02 + 0.98 * math.cos(done * math.pi / 2)


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate


@torch.no_grad()
def set_actnorms(flow: NeuroFlow, batch: Batch) -> None:
    """Set every actnorm from one batch, in the order in which the batch passes through the flow."""
    given = flow(torch.from_numpy(batch.scalp), torch.from_numpy(batch.present))
    x = flow.whitening @ (torch.from_numpy(batch.depth) / flow.shape.depth_scale - given.mean)
    for level, chain in enumerate(flow.levels):
        assert isinstance(chain, Chain)
        context = given.contexts[level]
        x, _ = flow.squeeze(x, context)
        for transform in chain.transforms:
            if isinstance(transform, ActNorm):
                transform.set_from(x)
            x, _ = transform(x, context)
        x = x.chunk(2, dim=1)[0]


def amplitudes(patients: list[tuple[Samples, Samples]]) -> tuple[float, float, float]:
    """0.1 and 99.9 percentile of the scalp's average-referenced rms per second, and the largest depth value; volts."""
    rms = []
    for scalp, _ in patients:
        clean = scalp - scalp.mean(axis=0)
        seconds = clean.shape[1] // round(RATE)
        blocks = clean[:, : seconds * round(RATE)].reshape(clean.shape[0], seconds, -1)
        rms.append(np.sqrt(np.mean(np.square(blocks), axis=(0, 2))))
    low, high = np.percentile(np.concatenate(rms), [0.1, 99.9])
    return float(low), float(high), max(float(np.abs(depth).max()) for _, depth in patients)


def nll_per_dimension(given: ConditionalFlow, depth: Tensor) -> Tensor:
    """Negative log-likelihood in nats a dimension with the flow's depth scale as unit, shape (batch,)."""
    dims = depth.shape[1] * depth.shape[2]
    return -given.log_prob(depth) / dims - math.log(given.flow.shape.depth_scale)


def _optimise(
    flow: NeuroFlow, pool: PatientPool, implant: Implant, recipe: Recipe, log: Path, control: Control,
    say: Callable[[str], None],
) -> tuple[NeuroFlow, list[dict[str, float]]]:  # fmt: skip
    average = copy.deepcopy(flow).eval().requires_grad_(False)
    check = SelectionSet(implant, recipe.seed)
    optimiser = torch.optim.Adam(flow.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.98))
    begun = checked = time.monotonic()
    best, best_score = copy.deepcopy(average), math.inf
    history: list[dict[str, float]] = []
    recent: list[float] = []
    step = skipped = 0
    while True:
        elapsed = time.monotonic() - begun
        done = min(elapsed / (60.0 * recipe.minutes * (1.0 - recipe.mean_share)), 1.0)
        rate = recipe.learning_rate * min(1.0, (step + 1) / recipe.warm_up) * _decay(done)
        _set_rate(optimiser, rate)
        batch = pool.draw(recipe.batch, recipe.steps)
        given = flow(torch.from_numpy(batch.scalp), torch.from_numpy(batch.present))
        nll = nll_per_dimension(given, torch.from_numpy(batch.depth)).mean()
        loss = nll + recipe.mean_weight * squared_error(flow, given.mean, batch)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(flow.parameters(), recipe.clip)
        if torch.isfinite(norm):
            optimiser.step()
            follow(average, flow, min(recipe.average, (1 + step) / (10 + step)))
            recent.append(float(nll.detach()))
        else:
            skipped += 1
        step += 1
        control.checkpoint(done)
        if step % 10 == 0:
            say(f"step {step}  loss {np.mean(recent[-10:]):.4f}  {100 * done:.0f} %")
        if done >= 1.0 or time.monotonic() - checked > recipe.check_seconds:
            row = {
                "step": step, "minutes": round(elapsed / 60, 2), "loss": round(float(np.mean(recent[-100:])), 4),
                "learning_rate": rate, "patients": pool.patients_seen, "skipped": skipped, **check.score(average),
            }  # fmt: skip
            history.append(row)
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            say(json.dumps(row))
            if row["held_out_crps"] < best_score:
                best_score, best = row["held_out_crps"], copy.deepcopy(average)
            checked = time.monotonic()
        if done >= 1.0:
            return best, history


@torch.no_grad()
def follow(average: NeuroFlow, flow: NeuroFlow, weight: float) -> None:
    """Keep ``weight`` of an average of a flow's parameters and take the rest from the flow."""
    for slow, fast in zip(average.parameters(), flow.parameters(), strict=True):
        slow.lerp_(fast, 1.0 - weight)


class SelectionSet:
    """Windows of patients kept apart from training and from testing, by which the best weights are chosen."""

    def __init__(self, implant: Implant, seed: int, *, patients: int = 8, draws: int = 24) -> None:
        self._draws, self._seed = draws, seed
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
                scalp.append(person.scalp[:, start : start + 640])
                depth.append(person.depth[:, start : start + 640])
                present.append(draw_present(rng))
        self._scalp, self._depth = torch.from_numpy(np.stack(scalp)), torch.from_numpy(np.stack(depth))
        self._present: NDArray[np.bool_] = np.stack(present)

    @torch.inference_mode()
    def score(self, flow: NeuroFlow) -> dict[str, float]:
        """``held_out_nll`` (nats a dimension) and ``held_out_crps`` (µV)."""
        generator = torch.Generator().manual_seed(self._seed)
        nll, crps = [], []
        for row in range(self._scalp.shape[0]):
            scalp, depth = self._scalp[row : row + 1], self._depth[row : row + 1]
            present = torch.from_numpy(self._present[row : row + 1])
            given = flow(scalp, present)
            nll.append(float(nll_per_dimension(given, depth)))
            samples = given.sample(self._draws, generator).numpy()
            crps.append(float(crps_of_samples(samples, depth[0].numpy()).mean()) * 1e6)
        return {"held_out_nll": round(float(np.mean(nll)), 4), "held_out_crps": round(float(np.mean(crps)), 3)}


def recipe_values(recipe: Recipe) -> dict[str, Any]:
    """The recipe as JSON values, for the card."""
    return asdict(recipe)
