"""The loop of optimisation: phases, gradients, averages, checks; it knows neither the model nor where data is from.

A run is a list of phases, each with its loss, its parameters and its share of the budget. What changes is in
:class:`Run`, all of which goes into a checkpoint.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from neuroflow.errors import OutOfMemory
from neuroflow.inference.device import is_out_of_memory
from neuroflow.jobs import Cancelled
from neuroflow.training.checkpoint import under
from neuroflow.training.clock import TrainingClock
from neuroflow.training.distributed import ALONE, Group

CHOSEN_BY = "held_out_crps"
_LOGGED_EVERY = 10
_SMOOTHED = 100
Score = dict[str, float]
Rows = tuple[Tensor, ...]


@dataclass(frozen=True)
class Phase:
    """A stretch of the training.

    ``share`` of the budget; ``loss`` gives the loss of each window of a batch, shape (batch,); ``parameters`` are those
    that it changes; ``begin``, given the update, sets from data what it starts with (an actnorm, a whitening) and is
    not called again when a run is resumed within it.
    """

    name: str
    share: float
    loss: Callable[..., Tensor]
    parameters: tuple[nn.Parameter, ...]
    learning_rate: float
    begin: Callable[[int], None] | None = None


@dataclass(frozen=True)
class Schedule:
    """The budget in seconds of the training clock or in updates, and what depends on it; ``tie`` as in a recipe."""

    budget: float
    in_updates: bool
    check_every: float
    warm_up: int
    average: float
    clip: float
    tie: float = 0.0

    def done(self, place: Place, phase: Phase) -> float:
        """How much of a phase is over, 0 to 1."""
        if self.in_updates:
            return min(place.phase_update / max(round(phase.share * self.budget), 1), 1.0)
        return min(place.phase_seconds / (phase.share * self.budget), 1.0)

    def check_due(self, place: Place) -> bool:
        at = place.update if self.in_updates else place.seconds
        return at - place.checked_at >= self.check_every

    def rate(self, place: Place, phase: Phase) -> float:
        """The learning rate: a linear warm-up, then a quarter of a cosine down to a fiftieth."""
        warm = min(1.0, (place.phase_update + 1) / self.warm_up)
        return phase.learning_rate * warm * (0.02 + 0.98 * math.cos(self.done(place, phase) * math.pi / 2))


@dataclass
class Place:
    """Where a run is: JSON values only. ``pieces`` is into how many parts a batch is cut to fit in memory."""

    phase: int = -1
    update: int = 0
    phase_update: int = 0
    seconds: float = 0.0
    phase_seconds: float = 0.0
    checked_at: float = 0.0
    checked_update: int = -1
    skipped: int = 0
    pieces: int = 1
    best_score: float | None = None
    recent: list[float] = field(default_factory=list)
    history: list[dict[str, float | str]] = field(default_factory=list)


class Run:
    """A module in training, the running average of its weights, the best average so far, and Adam's moments."""

    def __init__(self, module: nn.Module, phases: Sequence[Phase]) -> None:
        self.module, self.phases = module, tuple(phases)
        self.average = copy.deepcopy(module).eval().requires_grad_(False)
        self.best = copy.deepcopy(self.average)
        self.place = Place()
        self.optimiser: torch.optim.Adam | None = None

    @property
    def finished(self) -> bool:
        return self.place.phase >= len(self.phases)

    def enter(self, number: int) -> None:
        """Begin a phase; at the end of the last one the run is finished."""
        place = self.place
        place.phase, place.phase_update, place.phase_seconds = number, 0, 0.0
        self.optimiser = None
        if self.finished:
            return
        begin = self.phases[number].begin
        if begin is not None:
            begin(place.update)
        for mine in (self.average, self.best):
            mine.load_state_dict(self.module.state_dict())
        place.best_score, place.recent = None, []
        self._ready_optimiser()

    def _ready_optimiser(self) -> torch.optim.Adam:
        phase = self.phases[self.place.phase]
        self.module.requires_grad_(False)
        for parameter in phase.parameters:
            parameter.requires_grad_(True)
        self.optimiser = torch.optim.Adam(phase.parameters, lr=phase.learning_rate, betas=(0.9, 0.98))
        return self.optimiser

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything, as named tensors and JSON values."""
        named = {"module": self.module, "average": self.average, "best": self.best}
        tensors = {f"{name}.{key}": t for name, mine in named.items() for key, t in mine.state_dict().items()}
        if self.optimiser is not None:
            for index, moments in self.optimiser.state_dict()["state"].items():
                tensors |= {f"adam.{index}.{key}": t for key, t in moments.items()}
        return tensors, asdict(self.place)

    def restore(self, tensors: dict[str, Tensor], place: dict[str, Any]) -> None:
        """Take up a state. Raises: RuntimeError, TypeError where it is not of this module and these phases."""
        for name, mine in (("module", self.module), ("average", self.average), ("best", self.best)):
            mine.load_state_dict(under(name, tensors))
        self.place = Place(**place)
        if 0 <= self.place.phase < len(self.phases):
            optimiser = self._ready_optimiser()
            state: dict[int, dict[str, Tensor]] = {}
            for key, tensor in under("adam", tensors).items():
                index, name = key.split(".")
                state.setdefault(int(index), {})[name] = tensor
            optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def optimise(
    run: Run,
    schedule: Schedule,
    draw: Callable[[int], Rows],
    score: Callable[[nn.Module], Score],
    *,
    seed: int = 0,
    group: Group = ALONE,
    autocast: Callable[[], AbstractContextManager[Any]] = nullcontext,
    stopping: Callable[[], bool] = lambda: False,
    on_update: Callable[[dict[str, float | str], float], None] = lambda _row, _done: None,
    on_check: Callable[[dict[str, float | str]], None] = lambda _row: None,
) -> None:
    """Carry a run to its end.

    ``draw`` gives this process's rows of an update, first dimension the windows. Weights are scored when a phase
    begins, so that the start itself can be the best, then as scheduled. ``on_update`` is called at each update with the
    share of the whole that is done and, at every tenth, a row for the log.
    Raises: Cancelled between two updates, with ``run`` as it should be kept; OutOfMemory.
    """
    clock = TrainingClock(run.place.seconds)
    if run.place.phase < 0:
        run.enter(0)
    while not run.finished:
        place, phase = run.place, run.phases[run.place.phase]
        done = schedule.done(place, phase)
        if place.checked_update != place.update and (place.phase_update == 0 or done >= 1 or schedule.check_due(place)):
            _check(run, schedule, score, group, on_check)
        if done >= 1:
            run.enter(place.phase + 1)
            place.checked_update = -1
            continue
        begun = time.monotonic()
        stop, _ = group.total(float(stopping()), 0.0)
        if stop:
            raise Cancelled
        for settings in (optimiser := _optimiser(run)).param_groups:
            settings["lr"] = schedule.rate(place, phase)
        # Whatever a loss draws at random is keyed by the update, so that a resumed run draws the same.
        torch.manual_seed((seed << 40) + place.update)
        loss, place.pieces = gradients(phase.loss, draw(place.update), optimiser, place.pieces, autocast)
        group.average_gradients(phase.parameters)
        norm = nn.utils.clip_grad_norm_(phase.parameters, schedule.clip)
        if torch.isfinite(norm):
            optimiser.step()
            follow(run.average, run.module, min(schedule.average, (1 + place.phase_update) / (10 + place.phase_update)))
        else:
            place.skipped += 1
        counted = clock.add(time.monotonic() - begun) if group.leads else 0.0
        # Every process goes by the leader's clock, or they would part ways at the end of a phase.
        loss, counted = group.total(loss / group.size, counted)
        place.update, place.phase_update = place.update + 1, place.phase_update + 1
        place.seconds, place.phase_seconds = place.seconds + counted, place.phase_seconds + counted
        if math.isfinite(loss):
            place.recent = [*place.recent, loss][-_SMOOTHED:]
        whole = sum(p.share for p in run.phases[: place.phase]) + phase.share * schedule.done(place, phase)
        row: dict[str, float | str] = {}
        if place.update % _LOGGED_EVERY == 0 and place.recent:
            tail = place.recent[-_LOGGED_EVERY:]
            row = {
                "step": place.update,
                "loss": sum(tail) / len(tail),
                "learning_rate": optimiser.param_groups[0]["lr"],
            }
        on_update(row, whole)


def gradients(
    loss: Callable[..., Tensor],
    rows: Rows,
    optimiser: torch.optim.Optimizer,
    pieces: int,
    autocast: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> tuple[float, int]:
    """Gradients of the mean loss over the rows, into ``.grad``; returns the mean loss and into how many pieces it went.

    Where the device has no memory left the rows are cut in twice as many pieces, whose gradients add up to the same.
    Raises: OutOfMemory when a single row is too large.
    """
    count = rows[0].shape[0]
    while True:
        optimiser.zero_grad(set_to_none=True)
        try:
            total = 0.0
            for piece in _cut(rows, pieces):
                with autocast():
                    part = loss(*piece).sum() / count
                part.backward()  # type: ignore[no-untyped-call]
                total += float(part.detach())
            return total, pieces
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            if pieces >= count:
                raise OutOfMemory(
                    "The device has no memory left for a single window; close other programs that use it, or train "
                    "with --device cpu.",
                    str(error),
                ) from error
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        pieces = min(2 * pieces, count)


def _cut(rows: Rows, pieces: int) -> Iterator[Rows]:
    yield from zip(*(r.tensor_split(pieces) for r in rows), strict=True)


def _optimiser(run: Run) -> torch.optim.Adam:
    assert run.optimiser is not None
    return run.optimiser


@torch.no_grad()
def follow(average: nn.Module, module: nn.Module, weight: float) -> None:
    """Keep ``weight`` of an average of a module's parameters and take the rest from the module."""
    for slow, fast in zip(average.parameters(), module.parameters(), strict=True):
        slow.lerp_(fast, 1.0 - weight)


def _check(
    run: Run, schedule: Schedule, score: Callable[[nn.Module], Score], group: Group,
    on_check: Callable[[dict[str, float | str]], None],
) -> None:  # fmt: skip
    """Score the average, keep it where it is the best of its phase, and note it."""
    place, phase = run.place, run.phases[run.place.phase]
    found = score(run.average) if group.leads else {}
    place.checked_update = place.update
    place.checked_at = place.update if schedule.in_updates else place.seconds
    if not group.leads:
        return
    row: dict[str, float | str] = {
        "step": place.update, "phase": phase.name, "minutes": round(place.seconds / 60, 2),
        "learning_rate": schedule.rate(place, phase), "skipped": place.skipped, **found,
    }  # fmt: skip
    if place.recent:
        row["loss"] = round(sum(place.recent) / len(place.recent), 4)
    if place.best_score is None or found[CHOSEN_BY] < place.best_score * (1.0 + schedule.tie):
        place.best_score = min(found[CHOSEN_BY], place.best_score or math.inf)
        run.best.load_state_dict(run.average.state_dict())
    place.history.append(row)
    on_check(row)
