"""A tile: samples of every contact over a fixed span of absolute time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from neuroflow.recording import Samples, Span

TILE_SECONDS = 10.0
MOST_SAMPLES = 255
ARTEFACT = "artefact?"
"""How a reason to withhold ends where the scalp EEG is likelier at fault than the patient unlike training."""


@dataclass(frozen=True, slots=True)
class TileRequest:
    """What fixes a tile's values, together with the recording and the model.

    ``samples`` is how many are drawn; sample k is the same whatever their number. ``excluded`` holds the names of
    scalp channels that the reader set aside.
    """

    index: int
    samples: int = 39
    seed: int = 0
    excluded: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if not 1 <= self.samples <= MOST_SAMPLES:
            raise ValueError(f"the number of samples is 1 to {MOST_SAMPLES}, not {self.samples}")
        if self.index < 0 or not 0 <= self.seed < 1 << 63:
            raise ValueError("index and seed are not negative")


@dataclass(frozen=True, slots=True)
class Withheld:
    """A stretch whose reconstruction a reader should not be shown unasked, in seconds of the recording, and why."""

    span: Span
    reason: str


@dataclass(frozen=True, slots=True)
class Tile:
    """Samples (sample, contact, time) in float32 volts at ``rate`` over ``span``; NaN where the recording has a gap.

    ``redrawn`` counts the samples that had to be drawn again; ``withheld`` are the stretches of it that a reader should
    not be shown unasked, in order and apart; ``silent`` names the scalp channels that carry no signal here, so that the
    model did without them.
    """

    request: TileRequest
    span: Span
    rate: float
    samples: Samples
    redrawn: int = 0
    withheld: tuple[Withheld, ...] = ()
    silent: tuple[str, ...] = ()

    @property
    def hidden(self) -> bool:
        """Whether nothing of it may be shown unasked."""
        return any(w.span.start <= self.span.start and w.span.stop >= self.span.stop for w in self.withheld)

    def known(self, contacts: list[int] | slice = slice(None)) -> Samples:
        """Samples of some contacts, NaN where they are withheld; not to be written to."""
        samples = self.samples[:, contacts]
        if not self.withheld:
            return samples
        samples = np.array(samples)
        for held in self.withheld:
            first, last = (round((t - self.span.start) * self.rate) for t in (held.span.start, held.span.stop))
            samples[..., max(first, 0) : max(last, 0)] = np.nan
        return samples

    def parts(self) -> tuple[tuple[Span, str], ...]:
        """The whole of its span in order, as stretches and why they are withheld, empty where they are not."""
        found, begin = [], self.span.start
        for held in self.withheld:
            if held.span.start > begin:
                found.append((Span(begin, held.span.start), ""))
            found.append((held.span, held.reason))
            begin = held.span.stop
        if begin < self.span.stop or not found:
            found.append((Span(begin, self.span.stop), ""))
        return tuple(found)
