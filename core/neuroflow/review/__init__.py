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
    imported,
    removed,
)
from neuroflow.review.history import History
from neuroflow.review.left import Left, Provenance

__all__ = [
    "Change",
    "Document",
    "History",
    "Left",
    "Mark",
    "Provenance",
    "added",
    "assessed",
    "changed",
    "channel_set",
    "decided",
    "edge_moved",
    "imported",
    "removed",
]
