"""What a reader says of a recording: marks and decisions as values, edits as changes, and their history."""

from neuroflow.review.document import (
    Change,
    Document,
    Mark,
    added,
    assessed,
    changed,
    channel_set,
    decided,
    edge_moved,
    removed,
)
from neuroflow.review.history import History
from neuroflow.review.left import Left, Provenance
from neuroflow.review.merging import Merger, merger_of

__all__ = [
    "Change",
    "Document",
    "History",
    "Left",
    "Mark",
    "Merger",
    "Provenance",
    "added",
    "assessed",
    "changed",
    "channel_set",
    "decided",
    "edge_moved",
    "merger_of",
    "removed",
]
