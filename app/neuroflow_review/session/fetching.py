"""Samples for a job that must not be held up by a drive: read on another lane, waited for as long as the job lives."""

from __future__ import annotations

from neuroflow.jobs import Control
from neuroflow.recording import Channel, Recording, Samples, SignalSource, Span
from neuroflow_review.lanes import Lane


class Fetched:
    """A :class:`~neuroflow.recording.SignalSource` whose reads end with ``control``, whatever the drive does.

    Raises (``read``): Cancelled, FileProblem.
    """

    def __init__(self, source: SignalSource, lane: Lane, control: Control) -> None:
        self._source, self._lane, self._control = source, lane, control

    @property
    def recording(self) -> Recording:
        return self._source.recording

    def read(self, span: Span, channel: Channel) -> Samples:
        key = ("fetch", id(self._source), span, channel.index)
        samples: Samples = self._lane.ask(key, lambda _: self._source.read(span, channel), self._control)
        return samples

    def close(self) -> None:
        """The source is closed by who opened it."""
