"""What a reconstruction came from, as it is kept with a reader's marks and written into what is saved."""

from __future__ import annotations

from msgspec import Struct


class Provenance(Struct, frozen=True, omit_defaults=True):
    """The model, the sha256 of its weights, seed, number of samples; the implant and the band (Hz) of its signals.

    ``version`` is that of the program. Review files before format 6 do not say the last three.
    """

    model: str
    weights: str
    seed: int
    samples: int
    implant: str = ""
    band: tuple[float, float] | None = None
    version: str = ""

    def same_samples(self, other: Provenance) -> bool:
        """Whether another draws the same samples; what only one of them says does not tell them apart."""
        ours, theirs = ((p.model, p.weights, p.seed, p.samples) for p in (self, other))
        return ours == theirs
