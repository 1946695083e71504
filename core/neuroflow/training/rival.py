"""Fit the autoencoder that a model is compared with, on the stream of simulated patients that models are trained on."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

from neuroflow.anatomy.implant import Implant
from neuroflow.errors import ModelProblem
from neuroflow.evaluation.variational import ConditionalVariational, fit_variational
from neuroflow.inference.device import cores
from neuroflow.inference.model import Model
from neuroflow.jobs import Control
from neuroflow.training.recipe import Recipe
from neuroflow.training.stream import SITES, Batch, PatientPool


def fit_rival(
    model: Model, minutes: float, *, seed: int = 0, control: Control | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> ConditionalVariational:  # fmt: skip
    """An autoencoder of a model's size, fitted for some minutes after the first patients are there.

    Raises: Cancelled, ModelProblem where the model has sites that simulated patients lack.
    """
    unknown = sorted(set(model.card.sites) - set(SITES))
    if unknown:
        raise ModelProblem(
            f"Simulated patients lack the sites {', '.join(unknown)} of this model: give --without-vae to do without."
        )
    control, recipe = control or Control(), Recipe()
    columns = [SITES.index(site) for site in model.card.sites]
    implant = Implant(model.card.implant.name, model.contacts, model.card.implant.source)
    size = min(max(round(6 * minutes), 6), recipe.pool)
    pool = PatientPool(
        implant, local_share=recipe.local_share, size=size, seconds=recipe.patient_seconds, rate=model.card.rate,
        seed=seed, first=size // 3, workers=min(cores(), 4),
    )  # fmt: skip
    updates = itertools.count()

    def draw() -> Batch:
        batch = pool.draw(next(updates), recipe.batch, recipe.steps)
        return replace(batch, scalp=batch.scalp[:, columns], present=batch.present[:, columns])

    try:
        for _ in pool.fill():
            control.checkpoint()
        return fit_variational(model.build(), draw, minutes, seed=seed, control=control, say=say)
    finally:
        pool.close()
