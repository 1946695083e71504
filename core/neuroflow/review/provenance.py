"""What a reconstruction came from, as it is kept with a reader's marks."""

from __future__ import annotations

from msgspec import Struct


class Provenance(Struct, frozen=True):
    """The model, the sha256 of its weights, seed, number of samples."""

    model: str
    weights: str
    seed: int
    samples: int
