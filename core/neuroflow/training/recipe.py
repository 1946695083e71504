"""Recipes: everything that a training run depends on besides its data, by name."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from neuroflow.errors import NeuroflowError

RATE = 100.0
BAND = (0.5, 48.0)


@dataclass(frozen=True)
class Recipe:
    """Everything that a training run depends on, besides its data; kept on the card.

    The budget is ``minutes`` of optimisation on the training clock or, where ``updates`` is given, that many updates,
    which makes a run the same on every machine. For its first ``mean_share`` the conditional mean alone is fitted by
    squared error, afterwards the whole flow by its likelihood plus ``mean_weight`` times that error. ``batch`` windows
    of ``steps`` steps go into an update, over all processes together. The pool of simulated patients holds ``pool``,
    begins with ``first_patients`` and takes in a fresh one every ``fresh_every`` updates; ``local_share`` is the range
    from which a patient's share of depth background without scalp field is drawn. Held-out scores are taken every
    ``check_seconds`` of the training clock, or every ``check_updates``; later weights win over the best so far unless
    theirs is worse by more than the share ``tie``, which is less than the held-out windows can tell. ``shape``
    overrides sizes of :class:`neuroflow.flow.model.FlowShape`.
    """

    name: str = "default"
    minutes: float = 30.0
    updates: int | None = None
    mean_share: float = 0.1
    mean_weight: float = 1.0
    seed: int = 0
    batch: int = 16
    steps: int = 640
    pool: int = 240
    first_patients: int = 240
    fresh_every: int = 1
    patient_seconds: float = 60.0
    local_share: tuple[float, float] = (0.3, 0.7)
    learning_rate: float = 2e-3
    warm_up: int = 50
    average: float = 0.995
    clip: float = 0.5
    check_seconds: float = 150.0
    check_updates: int = 250
    selection_patients: int = 24
    selection_draws: int = 24
    tie: float = 0.001
    shape: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The recipe as JSON values, for the card and the checkpoint."""
        return asdict(self)


_QUICK_SHAPE = {
    "features": (8, 8, 12), "token": 4, "queries": 2, "hidden": 12, "dilations": ((1,), (1,), (1, 2)), "lags": 3,
}  # fmt: skip

RECIPES = {
    r.name: r
    for r in (
        Recipe(),
        # A very small flow, to see in a minute that everything runs: its reconstructions are worth nothing.
        Recipe(
            name="quick", minutes=0.5, batch=4, steps=256, pool=4, first_patients=2, fresh_every=4,
            patient_seconds=20.0, warm_up=5, average=0.98, check_seconds=15.0, check_updates=8, selection_patients=1,
            selection_draws=8, shape=_QUICK_SHAPE,
        ),
        # Few parameters on few minutes of one patient: small steps, looked at often.
        Recipe(
            name="fine-tune", minutes=5.0, batch=8, learning_rate=5e-4, warm_up=20, average=0.98, check_seconds=30.0,
            check_updates=25, tie=0.0,
        ),
    )
}  # fmt: skip


def find_recipe(name: str) -> Recipe:
    """A recipe by name. Raises: NeuroflowError."""
    if name not in RECIPES:
        raise NeuroflowError(f"There is no recipe called {name}; choose one of {', '.join(RECIPES)}.")
    return RECIPES[name]


def changed(recipe: Recipe, minutes: float | None, updates: int | None, seed: int | None) -> Recipe:
    """The recipe with what the user asked to be otherwise. Raises: NeuroflowError for a budget that is none."""
    if (minutes is not None and not 0 < minutes < float("inf")) or (updates is not None and updates < 1):
        raise NeuroflowError("The training needs a budget above zero; give --minutes or --steps a positive number.")
    if seed is not None and not 0 <= seed < 1000:
        raise NeuroflowError("The seed lies between 0 and 999; give --seed such a number.")
    return replace(
        recipe,
        minutes=recipe.minutes if minutes is None else minutes,
        updates=recipe.updates if updates is None else updates,
        seed=recipe.seed if seed is None else seed,
    )
