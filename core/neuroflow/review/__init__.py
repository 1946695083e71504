"""What a reader says of a recording: marks and decisions as values, edits as changes, and their history."""

from neuroflow.review.document import (
    Change,
    Document,
    Mark,
    added,
    assessed,
    changed,
    decided,
    edge_moved,
    imported,
    removed,
)
from neuroflow.review.history import History

__all__ = [
    "Change",
    "Document",
    "History",
    "Mark",
    "added",
    "assessed",
    "changed",
    "decided",
    "edge_moved",
    "imported",
    "removed",
]
