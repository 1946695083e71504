"""What a reader says of a recording: marks and decisions as values, edits as changes, and their history."""

from neuroflow.review.blinded import Agreement, BlindReading, Rules, Share
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
    for_meeting,
    removed,
)
from neuroflow.review.history import History
from neuroflow.review.left import Left
from neuroflow.review.merging import Merger, merger_of
from neuroflow.review.provenance import Provenance

__all__ = [
    "Agreement",
    "BlindReading",
    "Change",
    "Document",
    "History",
    "Left",
    "Mark",
    "Merger",
    "Provenance",
    "Rules",
    "Share",
    "added",
    "assessed",
    "changed",
    "channel_set",
    "decided",
    "edge_moved",
    "for_meeting",
    "merger_of",
    "removed",
]
