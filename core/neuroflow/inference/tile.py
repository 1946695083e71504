"""A tile: samples of every contact over a fixed span of absolute time."""

from __future__ import annotations

from dataclasses import dataclass, field

from neuroflow.recording import Samples, Span

TILE_SECONDS = 10.0
MOST_SAMPLES = 255


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
class Tile:
    """Samples (sample, contact, time) in float32 volts at ``rate`` over ``span``; NaN where the recording has a gap.

    ``redrawn`` counts the samples that had to be drawn again; ``withheld`` is the reason why a reader should not be
    shown this tile unasked, or empty; ``silent`` names the scalp channels that carry no signal here, so that the model
    did without them.
    """

    request: TileRequest
    span: Span
    rate: float
    samples: Samples
    redrawn: int = 0
    withheld: str = ""
    silent: tuple[str, ...] = ()
