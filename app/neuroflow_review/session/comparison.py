"""Recorded iEEG laid over its reconstruction: another file whose contacts have the model's names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from neuroflow.errors import FileProblem
from neuroflow.jobs import Control
from neuroflow.recording import SignalSource, Span
from neuroflow_review.lanes import Failure, Lane
from neuroflow_review.session.depth import Truth, load_truth


def open_comparison(path: Path, names: Sequence[str], control: Control) -> SignalSource:
    """A recording that holds some of these contacts, as they were recorded. Raises: FileProblem, Cancelled."""
    from neuroflow.io import open_recording

    source = open_recording(path)
    if not {c.name for c in source.recording.channels} & set(names):
        source.close()
        if source.recording.reconstructed:
            raise FileProblem(
                f"“{path.name}” was reconstructed, not recorded: choose the recorded iEEG of the same patient."
            )
        raise FileProblem(
            f"No channel of “{path.name}” has the name of a contact of the model ({', '.join(names[:2])} …): choose "
            "the recorded iEEG of the same patient."
        )
    control.checkpoint()
    return source


class Comparison(QObject):
    """Holds the other recording and reads a page of it; ``ready`` carries a Truth, or None when there is none."""

    changed = Signal()
    ready = Signal(object)
    failed = Signal(object)

    def __init__(self, lane: Lane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lane = lane
        self.source: SignalSource | None = None
        self.busy = self._opening = False

    @property
    def name(self) -> str:
        return self.source.recording.path.name if self.source is not None else ""

    def open(self, path: Path, names: Sequence[str]) -> None:
        self.busy = self._opening = True
        work = partial(open_comparison, path, tuple(names))
        self.lane.submit("comparison", work, done=self._opened, failed=self._failed)

    def close(self) -> None:
        """Take the comparison away."""
        self.lane.cancel(lambda job: job.key in ("comparison", "truth"))
        if self.source is not None:
            self.source.close()
        self.source, self.busy, self._opening = None, False, False
        self.ready.emit(None)
        self.changed.emit()

    def forget_page(self) -> None:
        """The page that was on its way is not wanted any more; the other recording stays open, or goes on opening."""
        self.lane.cancel(lambda job: job.key == "truth")
        self.busy = self._opening

    def ask(self, names: Sequence[str], span: Span, band: tuple[float, float]) -> None:
        """The page of some contacts, where a comparison is open."""
        if self.source is None:
            return
        self.busy = True
        work = partial(load_truth, self.source, tuple(names), span, band)
        self.lane.submit("truth", work, priority=5, done=self._loaded, failed=self._failed)

    def _opened(self, source: SignalSource) -> None:
        if self.source is not None:
            self.source.close()
        self.source, self.busy, self._opening = source, False, False
        self.changed.emit()

    def _loaded(self, truth: Truth) -> None:
        self.busy = False
        self.ready.emit(truth)

    def _failed(self, failure: Failure) -> None:
        self.busy = self._opening = False
        self.failed.emit(failure)
