"""From a fitted flow to a model's folder: described and hashed; `neuroflow evaluate --write-card` measures it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safetensors.torch import save

from neuroflow import __version__
from neuroflow.errors import FileProblem
from neuroflow.flow.card import (
    CARD_FILE,
    CARD_FORMAT,
    WEIGHTS_FILE,
    CardContact,
    CardImplant,
    Limits,
    ModelCard,
    Weights,
    write_card,
)
from neuroflow.training.fit import Fitted
from neuroflow.training.material import Frame
from neuroflow.training.recipe import Recipe
from neuroflow.training.stream import FEWEST_SITES

INTENDED_USE = "Research and teaching. Not for diagnosis or treatment."
NOT_FOR = (
    "diagnosis, treatment, or deciding where to implant electrodes",
    "seeing discharges confined to the hippocampus: they do not reach the scalp",
    "bipolar waveforms between neighbouring mesial contacts",
    "coupling between contacts from one moment to the next: no better than a constant tells it",
    "high-frequency oscillations: the band ends at 48 Hz",
    "reading one sample as the waveform that a depth electrode would have recorded",
)
SIMULATED_ONLY = "claims about patients: it was trained and measured on simulated patients only"
THESE_ONLY = "claims about other patients: it was trained on few recordings and its measures are of those patients"


def release(
    fitted: Fitted, frame: Frame, recipe: Recipe, folder: Path, *, name: str = "twin-64", base: ModelCard | None = None
) -> ModelCard:
    """Write card and weights of a flow that was trained on simulated patients, from ``base`` on where there is one.

    Nothing is measured yet.

    Raises: FileProblem.
    """
    title = f"Conditional flow for {len(frame.implant.contacts)} temporal contacts, trained on simulated patients"
    return write_model(
        fitted, frame, recipe, folder, name=name, title=title, measured={}, not_for=(*NOT_FOR, SIMULATED_ONLY),
        base=base,
    )  # fmt: skip


def release_recorded(
    fitted: Fitted, frame: Frame, recipe: Recipe, folder: Path, *, name: str, base: ModelCard | None = None
) -> ModelCard:
    """Write card and weights of a flow that was trained on recordings, or fine-tuned on them from ``base``.

    Its figures are those of the recordings that chose the weights, before and after: a little too good, and said to be
    so. Raises: FileProblem.
    """
    # The last rows are of the weights that are released: after setting loudness, or over every held-out window.
    released = fitted.history[-1]
    first = fitted.history[-2] if base is not None and len(fitted.history) > 1 else fitted.history[0]
    measured = {
        "on": "held-out recordings by which the weights were also chosen, so that these figures are a little too good; "
        "neuroflow evaluate measures on others",
        "at_start": {k: v for k, v in first.items() if k.startswith("held_out")},
        "at_end": {k: v for k, v in released.items() if k.startswith("held_out") or k == "step"},
    }
    how = "trained on recordings" if base is None else f"{base.name} fine-tuned on recordings"
    title = f"Conditional flow for {len(frame.implant.contacts)} contacts, {how}"
    if base is not None:
        fitted = replace(fitted, limits=widened(fitted.limits, base.limits))
    began: dict[str, Any] = {}
    not_for: tuple[str, ...] = (*NOT_FOR, THESE_ONLY)
    if base is not None:
        # Nine tenths of its weights are the base's still: what was said of that one holds.
        of_base = {"name": base.name, "weights": base.weights.sha256, "data": base.training.get("data", "")}
        began = {"began_from": of_base, "calibration": "none was measured of these weights: bands by rank alone"}
        not_for = tuple(dict.fromkeys((*NOT_FOR, *base.not_for, THESE_ONLY)))
    return write_model(
        fitted, frame, recipe, folder, name=name, title=title, measured=measured, not_for=not_for, training=began,
        base=base,
    )  # fmt: skip


def widened(limits: Limits, base: Limits) -> Limits:
    """What was seen in either of two trainings over the same sites."""
    sites = tuple(map(max, limits.site_rms, base.site_rms)) if base.site_rms else ()
    return Limits(
        min(limits.scalp_rms_low, base.scalp_rms_low), max(limits.scalp_rms_high, base.scalp_rms_high),
        max(limits.largest_depth, base.largest_depth), sites, max(limits.pattern, base.pattern) if sites else 0.0,
    )  # fmt: skip


def _recordings(fitted: Fitted, base: ModelCard | None) -> tuple[str, ...]:
    """Identities of every recording that weights come from, those of the model that was begun from among them."""
    before = base.training.get("recordings", ()) if base is not None else ()
    return tuple(sorted({*fitted.recordings, *map(str, before)}))


def write_model(
    fitted: Fitted, frame: Frame, recipe: Recipe, folder: Path, *, name: str, title: str, measured: dict[str, Any],
    not_for: tuple[str, ...], training: dict[str, Any] | None = None, base: ModelCard | None = None,
) -> ModelCard:  # fmt: skip
    """Write weights and card, each whole or not at all, the card last. Raises: FileProblem."""
    implant = frame.implant
    data = save({key: value.contiguous() for key, value in fitted.flow.state_dict().items()})
    card = ModelCard(
        format=CARD_FORMAT,
        name=name,
        title=title,
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        version=__version__,
        rate=frame.rate,
        band=frame.band,
        sites=frame.sites,
        fewest_sites=FEWEST_SITES,
        implant=CardImplant(
            implant.name, implant.source, tuple(CardContact(c.name, c.shaft, c.mni) for c in implant.contacts)
        ),
        shape=fitted.flow.shape.as_dict(),
        training={
            "data": fitted.description,
            "recipe": recipe.as_dict(),
            "patients": fitted.patients,
            **({"recordings": known} if (known := _recordings(fitted, base)) else {}),
            "last_check": dict(fitted.history[-1]) if fitted.history else {},
            **(training or {}),
        },
        measured=measured,
        contacts=(),
        limits=fitted.limits,
        intended_use=INTENDED_USE,
        not_for=not_for,
        weights=Weights(hashlib.sha256(data).hexdigest(), len(data)),
    )
    partial = folder / ".partial"
    try:
        partial.mkdir(parents=True, exist_ok=True)
        (partial / WEIGHTS_FILE).write_bytes(data)
        write_card(card, partial)
        for file in (WEIGHTS_FILE, CARD_FILE):
            os.replace(partial / file, folder / file)
        partial.rmdir()
    except OSError as error:
        raise FileProblem(
            f"The model cannot be written to {folder}; make room or check permissions, then train with --resume.",
            str(error),
        ) from error
    return card
