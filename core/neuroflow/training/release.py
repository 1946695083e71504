"""From a fitted flow to a model's folder: described and hashed; `neuroflow evaluate --write-card` measures it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safetensors.torch import save

from neuroflow import __version__
from neuroflow.anatomy.implant import Implant
from neuroflow.flow.card import (
    CARD_FORMAT,
    WEIGHTS_FILE,
    CardContact,
    CardImplant,
    Limits,
    ModelCard,
    Weights,
    write_card,
)
from neuroflow.training.fit import BAND, RATE, Fitted, Recipe
from neuroflow.training.stream import SITES

INTENDED_USE = "Research and teaching. Not for diagnosis or treatment."
NOT_FOR = (
    "diagnosis, treatment, or deciding where to implant electrodes",
    "seeing discharges confined to the hippocampus: they do not reach the scalp",
    "bipolar waveforms between neighbouring mesial contacts",
    "high-frequency oscillations: the band ends at 48 Hz",
    "reading one sample as the waveform that a depth electrode would have recorded",
    "how loud depth EEG is over seconds: samples of one page differ less in it than depth EEG does",
    "claims about patients: it was trained and measured on simulated patients only",
)


def release(fitted: Fitted, implant: Implant, recipe: Recipe, folder: Path, *, name: str = "twin-64") -> ModelCard:
    """Write card and weights of a fitted flow into ``folder``; nothing is on the card yet of what was measured."""
    folder.mkdir(parents=True, exist_ok=True)
    data = save({key: value.contiguous() for key, value in fitted.flow.state_dict().items()})
    (folder / WEIGHTS_FILE).write_bytes(data)
    last: dict[str, Any] = dict(fitted.history[-1]) if fitted.history else {}
    card = ModelCard(
        format=CARD_FORMAT,
        name=name,
        title=f"Conditional flow for {len(implant.contacts)} temporal contacts, trained on simulated patients",
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        version=__version__,
        rate=RATE,
        band=BAND,
        sites=SITES,
        fewest_sites=6,
        implant=CardImplant(
            implant.name, implant.source, tuple(CardContact(c.name, c.shaft, c.mni) for c in implant.contacts)
        ),
        shape=fitted.flow.shape.as_dict(),
        training={
            "data": "simulated patients only (neuroflow.simulation), a fresh stream",
            "recipe": asdict(recipe),
            "patients": fitted.patients,
            "last_check": last,
        },
        measured={},
        contacts=(),
        limits=Limits(*fitted.scalp_rms, fitted.largest_depth),
        intended_use=INTENDED_USE,
        not_for=NOT_FOR,
        weights=Weights(hashlib.sha256(data).hexdigest(), len(data)),
    )
    write_card(card, folder)
    return card
