"""Fit the flow: from a recipe and its material to the weights that did best on held-out windows."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from neuroflow.anatomy.implant import Implant
from neuroflow.errors import FileProblem
from neuroflow.flow.card import Limits
from neuroflow.flow.model import FlowShape, NeuroFlow
from neuroflow.jobs import Cancelled, Control
from neuroflow.training.checkpoint import read_checkpoint, under, write_checkpoint
from neuroflow.training.distributed import ALONE, Group
from neuroflow.training.fine_tune import fine_tuning
from neuroflow.training.imputation import Imputer
from neuroflow.training.loop import Phase, Run, Schedule, optimise
from neuroflow.training.material import Frame, Material, simulated
from neuroflow.training.metrics import MetricsLog
from neuroflow.training.recipe import Recipe
from neuroflow.training.recorded import RecordedWindows
from neuroflow.training.selection import HeldOutWindows, nll_per_dimension
from neuroflow.training.start import (
    limits_of,
    mean_parameters,
    set_actnorms,
    set_loudness,
    squared_error,
    start_from_ridge,
    whiten_residual,
)
from neuroflow.training.stream import Batch, Stream

CHECKPOINT = "checkpoint.safetensors"
# Batches that the residual of the mean is whitened by, and the learning rate of the mean alone, of that of the whole.
_WHITENED, _MEAN_RATE = 30, 0.75
_LOUDNESS = 60  # batches that the loudness of recordings is set from
History = tuple[dict[str, float | str], ...]


@dataclass(frozen=True)
class Fitted:
    """What a run leaves: the averaged flow with the best held-out score, and its history."""

    flow: NeuroFlow
    history: History
    patients: int
    limits: Limits
    description: str = "simulated patients only (neuroflow.simulation), a fresh stream"
    recordings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where a run computes and keeps its checkpoint, and what it goes on from.

    ``checkpoint`` None keeps none. ``made_by`` are JSON values that are kept in it beside the recipe.
    """

    device: str = "cpu"
    bf16: bool = False
    group: Group = ALONE
    checkpoint: Path | None = None
    resume: bool = False
    events: Path | None = None
    made_by: dict[str, Any] | None = None


@dataclass
class _Begun:
    """What was set from data before the first update, and must be the same when a run is resumed."""

    limits: Limits
    imputer: Imputer | None

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        known = self.imputer.flow.state_dict() if self.imputer is not None else {}
        return {f"imputer.{k}": t for k, t in known.items()}, {"limits": msgspec.to_builtins(self.limits)}

    @staticmethod
    def restored(tensors: dict[str, Tensor], values: dict[str, Any], shape: FlowShape) -> _Begun:
        imputing = None
        if known := under("imputer", tensors):
            flow = NeuroFlow(shape)
            flow.load_state_dict(known)
            imputing = Imputer(flow)
        try:
            return _Begun(msgspec.convert(values["limits"], Limits), imputing)
        except msgspec.ValidationError as error:
            raise FileProblem(
                "The checkpoint is of another version of the program; delete it and train without --resume.", str(error)
            ) from error


def fit(
    implant: Implant,
    recipe: Recipe,
    log: Path,
    control: Control | None = None,
    say: Callable[[str], None] = lambda _: None,
    *,
    material: Material | None = None,
    begin_from: NeuroFlow | None = None,
    few: bool = False,
    place: Place | None = None,
) -> Fitted:
    """Train a flow for an implant, on simulated patients where no other ``material`` is given.

    ``begin_from`` is a flow to go on from instead of a ridge; with ``few`` only the parameters of
    :func:`neuroflow.training.fine_tune.few_parameters` change. ``log`` receives one JSON object a line. Where ``place``
    names a checkpoint it is written at every check and when cancelled.
    Raises: Cancelled, NeuroflowError.
    """
    control, place = control or Control(), place or Place()
    material = material or simulated(Frame(implant))
    saved = read_checkpoint(place.checkpoint) if place.resume and place.checkpoint is not None else None
    torch.manual_seed(recipe.seed)
    flow = begin_from or NeuroFlow(
        FlowShape(sites=len(material.frame.sites), contacts=len(implant.contacts), **recipe.shape)
    )
    flow.train().requires_grad_(True)
    before = copy.deepcopy(flow) if few else None
    if few:
        recipe = replace(recipe, tie=0.0)  # a patient's model is not to get worse, not even by what is hard to tell
    else:
        flow.loudness.silence()
    stream = material.stream(recipe, saved[1]["run"]["update"] if saved else 0)
    try:
        _fill(stream, control, say, place.group)
        if saved is None:
            begun = _begin(flow, stream, recipe, material, ridge=begin_from is None)
        else:
            begun = _Begun.restored(*saved, flow.shape)
        if isinstance(stream, RecordedWindows):
            stream.imputer = begun.imputer
        place.group.share_state(flow.to(place.device))
        if few:
            phases = fine_tuning(flow, recipe.learning_rate)
        else:
            phases = whole(flow, stream, recipe, material, afresh=begin_from is None)
        run = Run(flow, phases)
        if saved is not None:
            _restore(run, saved, place)
        _carry_on(run, begun, stream, recipe, material, log, control, say, place)
        best = run.best
        assert isinstance(best, NeuroFlow)
        history = tuple(run.place.history)
        if not few:
            # Drawn by every process: they share the patients that a draw takes in.
            windows = stream.draw(run.place.update, _LOUDNESS * recipe.batch, material.steps(recipe))
            if place.group.leads:
                history += _with_loudness(best, windows, recipe, material, run.place.update, control, say)
        elif before is not None and place.group.leads:
            best, rows = _not_worse(best, before.to(place.device), recipe, material, run.place.update, control, say)
            history += rows
        return Fitted(
            best.cpu(), history, stream.patients_seen, begun.limits, material.description, material.recordings,
        )  # fmt: skip
    finally:
        stream.close()


def whole(flow: NeuroFlow, stream: Stream, recipe: Recipe, material: Material, *, afresh: bool) -> tuple[Phase, ...]:
    """The phases of training: squared error of the conditional mean alone, then the likelihood in all parameters.

    A flow that is not trained ``afresh`` has its mean already.
    """
    steps = material.steps(recipe)

    def error_of_mean(scalp: Tensor, present: Tensor, depth: Tensor, shared: Tensor) -> Tensor:  # noqa: ARG001
        return squared_error(flow, flow(scalp, present).mean, shared)

    def likelihood(scalp: Tensor, present: Tensor, depth: Tensor, shared: Tensor) -> Tensor:
        given = flow(scalp, present)
        return nll_per_dimension(given, depth) + recipe.mean_weight * squared_error(flow, given.mean, shared)

    def begin(update: int) -> None:
        whiten_residual(flow, stream.draw(update, _WHITENED * recipe.batch, steps))
        set_actnorms(flow, stream.draw(update, 2 * recipe.batch, steps))

    rate = recipe.learning_rate
    if not afresh:
        return (Phase("likelihood", 1.0, likelihood, tuple(flow.parameters()), rate),)
    return (
        Phase("mean", recipe.mean_share, error_of_mean, mean_parameters(flow), _MEAN_RATE * rate),
        Phase("likelihood", 1.0 - recipe.mean_share, likelihood, tuple(flow.parameters()), rate, begin),
    )


def _not_worse(
    best: NeuroFlow, before: NeuroFlow, recipe: Recipe, material: Material, step: int, control: Control,
    say: Callable[[str], None],
) -> tuple[NeuroFlow, History]:  # fmt: skip
    """Of what fine-tuning chose and what it began with, that which every held-out window together says is better.

    Weights are chosen by few windows, so that choosing is quick. Raises: Cancelled.
    """
    windows = material.selection(recipe, every=True)
    say(f"judging before and after by {windows.scalp.shape[0]} held-out windows")
    old, tuned = (windows.score(flow.eval(), control) for flow in (before, best))
    kept = tuned["held_out_crps"] <= old["held_out_crps"]
    count = windows.scalp.shape[0]
    say(
        f"all {count} held-out windows: CRPS {old['held_out_crps']} µV before, {tuned['held_out_crps']} µV after"
        f"{'' if kept else '; the weights stay as they were'}"
    )
    rows: History = (
        {"step": 0, "phase": "before, all held-out windows", "windows": count, **old},
        {"step": step if kept else 0, "phase": "released, all held-out windows", "windows": count,
         **(tuned if kept else old)},
    )  # fmt: skip
    return (best if kept else before), rows


def _with_loudness(
    best: NeuroFlow, windows: Batch, recipe: Recipe, material: Material, step: int, control: Control,
    say: Callable[[str], None],
) -> History:  # fmt: skip
    """Set the loudness of the weights that were chosen, and score them with it. Raises: Cancelled."""
    set_loudness(best, windows, recipe.seed, control)
    row: dict[str, float | str] = {"step": step, "phase": "loudness", **material.selection(recipe).score(best, control)}
    say(f"with the loudness of recordings: held-out CRPS {row['held_out_crps']} µV")
    return (row,)


def _fill(stream: Stream, control: Control, say: Callable[[str], None], group: Group) -> None:
    for have, wanted in stream.fill():
        if group.size == 1:
            control.checkpoint()
        if wanted > 1 and have in (wanted // 2, wanted):
            say(f"{have} of the {wanted} patients to begin with are there")


def _begin(flow: NeuroFlow, stream: Stream, recipe: Recipe, material: Material, *, ridge: bool) -> _Begun:
    """Set from data what the flow starts with."""
    imputer, steps = None, material.steps(recipe)
    if ridge:
        # Windows of simulated patients may be longer for the ridge than for the flow; trials are as long as they are.
        sweep = {"steps": steps} if isinstance(stream, RecordedWindows) else {}
        start_from_ridge(flow, stream, **sweep)
    if isinstance(stream, RecordedWindows):
        imputer = stream.imputer = Imputer(flow)
    return _Begun(limits_of(flow, stream, steps, material.frame, recipe.seed), imputer)


def _restore(run: Run, saved: tuple[dict[str, Tensor], dict[str, Any]], place: Place) -> None:
    try:
        run.restore(saved[0], saved[1]["run"])
    except (RuntimeError, TypeError, KeyError, ValueError) as error:
        raise FileProblem(
            f"The checkpoint {place.checkpoint} is of another model; delete it and train without --resume.", str(error)
        ) from error


def _carry_on(
    run: Run, begun: _Begun, stream: Stream, recipe: Recipe, material: Material, log: Path, control: Control,
    say: Callable[[str], None], place: Place,
) -> None:  # fmt: skip
    """Optimise to the end, keeping checkpoint and log."""
    group, steps = place.group, material.steps(recipe)
    check: HeldOutWindows | None = material.selection(recipe) if group.leads and not run.finished else None
    resumed_at = run.place.update if place.resume else None
    metrics = MetricsLog(log, place.events, resumed_at) if group.leads else None

    def draw(update: int) -> tuple[Tensor, ...]:
        batch = stream.draw(update, recipe.batch, steps)
        arrays = batch.scalp, batch.present, batch.depth, batch.shared
        return tuple(torch.from_numpy(a[group.rows(recipe.batch)]).to(place.device) for a in arrays)

    def score(module: nn.Module) -> dict[str, float]:
        assert check is not None
        assert isinstance(module, NeuroFlow)
        polled = control if group.size == 1 else None
        return {**check.score(module, polled), "patients": stream.patients_seen}

    def keep() -> None:
        if group.leads and place.checkpoint is not None:
            tensors, values = run.state()
            more, also = begun.state()
            recipe_values = {"recipe": recipe.as_dict(), "made_by": place.made_by or {}}
            write_checkpoint(place.checkpoint, tensors | more, {"run": values, **also, **recipe_values})

    def on_update(row: dict[str, float | str], done: float) -> None:
        if row and metrics is not None:
            metrics.write(row)
        # A wish to stop is met by the loop, where all processes agree on it.
        with suppress(Cancelled):
            control.checkpoint(done)

    def on_check(row: dict[str, float | str]) -> None:
        if metrics is not None:
            metrics.write(row)
        say(_in_words(row, best=row["held_out_crps"] == run.place.best_score))
        keep()

    try:
        optimise(
            run, schedule_of(recipe), draw, score, seed=recipe.seed, group=group, stopping=lambda: control.cancelled,
            autocast=_autocast(place), on_update=on_update, on_check=on_check,
        )  # fmt: skip
        keep()
    except Cancelled:
        keep()
        raise
    finally:
        if metrics is not None:
            metrics.close()


def schedule_of(recipe: Recipe) -> Schedule:
    """The recipe's budget, rates and checks."""
    in_updates = recipe.updates is not None
    return Schedule(
        budget=60.0 * recipe.minutes if recipe.updates is None else recipe.updates,
        in_updates=in_updates,
        check_every=recipe.check_updates if in_updates else recipe.check_seconds,
        warm_up=recipe.warm_up, average=recipe.average, clip=recipe.clip, tie=recipe.tie,
    )  # fmt: skip


def _autocast(place: Place) -> Callable[[], AbstractContextManager[Any]]:
    """Half precision where it wins: on CUDA, where it was asked for."""
    if place.bf16 and place.device == "cuda":
        return lambda: torch.autocast("cuda", torch.bfloat16)
    return nullcontext


def _in_words(row: dict[str, float | str], *, best: bool) -> str:
    loss = f"loss {row['loss']}, " if "loss" in row else ""
    return (
        f"update {row['step']}, {row['minutes']} min, {row['phase']}: {loss}held-out CRPS {row['held_out_crps']} µV"
        f"{', the best so far' if best else ''}"
    )
