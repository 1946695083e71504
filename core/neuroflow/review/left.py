"""How a recording was left: where the reader was, what was set aside, and what its reconstruction came from."""

from __future__ import annotations

from msgspec import Struct

from neuroflow.review.blinded import BlindReading, checked_reading
from neuroflow.review.document import LONGEST_NAME
from neuroflow.review.provenance import Provenance, checked_provenance

MOST_CHANNELS = 4096


class Left(Struct, frozen=True, omit_defaults=True):
    """A reader's view of a recording, kept beside the marks and no part of their history.

    ``start`` of the page in seconds; ``montage`` by name; ``bad`` holds the names of channels that were set aside;
    ``reconstruction`` is what the last one came from, None where nothing was reconstructed; ``blinded`` the blinded
    reading that goes on, or the last one, None where there was none.
    """

    start: float = 0.0
    montage: str = ""
    interleaved: bool = False
    bad: tuple[str, ...] = ()
    reconstruction: Provenance | None = None
    blinded: BlindReading | None = None


def checked_left(left: Left) -> Left:
    """The view itself. Raises: ValueError where it names more, or longer, than a recording can hold."""
    names = (*left.bad, left.montage)
    if len(names) > MOST_CHANNELS or max(map(len, names)) > LONGEST_NAME:
        raise ValueError("a view of more channels, or of longer names, than a recording has")
    if left.reconstruction is not None:
        checked_provenance(left.reconstruction)
    if left.blinded is not None:
        checked_reading(left.blinded)
    return left
