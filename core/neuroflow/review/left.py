"""How a recording was left: where the reader was, what was set aside, and what its reconstruction came from."""

from __future__ import annotations

from msgspec import Struct

MOST_CHANNELS, LONGEST_NAME = 4096, 256


class Provenance(Struct, frozen=True):
    """What the last reconstruction came from: the model, the sha256 of its weights, seed, number of samples."""

    model: str
    weights: str
    seed: int
    samples: int


class Left(Struct, frozen=True, omit_defaults=True):
    """A reader's view of a recording, kept beside the marks and no part of their history.

    ``start`` of the page in seconds; ``montage`` by name; ``bad`` holds the names of channels that were set aside;
    ``reconstruction`` is None where nothing was reconstructed.
    """

    start: float = 0.0
    montage: str = ""
    interleaved: bool = False
    bad: tuple[str, ...] = ()
    reconstruction: Provenance | None = None


def checked_left(left: Left) -> Left:
    """The view itself. Raises: ValueError where it names more, or longer, than a recording can hold."""
    names = (*left.bad, left.montage)
    if len(names) > MOST_CHANNELS or max(map(len, names)) > LONGEST_NAME:
        raise ValueError("a view of more channels, or of longer names, than a recording has")
    return left
