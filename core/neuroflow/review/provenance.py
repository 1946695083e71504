"""What a reconstruction came from, as it is kept with a reader's marks and written into what is saved."""

from __future__ import annotations

from msgspec import Struct

from neuroflow.review.document import LONGEST_NAME


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


def checked_provenance(made: Provenance) -> Provenance:
    """The provenance itself. Raises: ValueError where it says what no model can be called, or draw."""
    if max(map(len, (made.model, made.weights, made.implant, made.version))) > LONGEST_NAME:
        raise ValueError("a reconstruction by a model of a longer name than there are")
    if made.samples < 1 or made.seed < 0 or (made.band is not None and not 0.0 <= made.band[0] < made.band[1]):
        raise ValueError("a reconstruction of no samples, or of no band")
    return made
