"""Whether a recording is, to its last byte, the one that its marks were made on: looked at behind the reader's back."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from neuroflow.io.whole import Whole, whole_of
from neuroflow_review.lanes import Lane


class Wholeness(QObject):
    """Reads a whole recording once after its first mark was made, and again where it was written to since.

    ``known`` says that ``whole`` is another than before, ``altered`` that it is not what its marks were made on.
    """

    known = Signal()
    altered = Signal()

    def __init__(self, lane: Lane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lane = lane
        self._path: Path | None = None
        self.whole: Whole | None = None
        """Of the recording that the marks were made on, None where that is not known."""
        self.differs = False
        self._looked = False

    @property
    def sha256(self) -> str:
        """Of the recording as it is; empty where it was not read."""
        return self.whole.sha256 if self.whole is not None and self._looked and not self.differs else ""

    def adopt(self, path: Path | None, whole: Whole | None) -> None:
        """Another recording, and what is kept of it; it is compared with that."""
        self._lane.cancel()
        self._path, self.whole, self.differs, self._looked = path, whole, False, False
        if path is not None and whole is not None:
            self._look(path)

    def marked(self) -> None:
        """There are marks of it as it is."""
        if self._path is not None and self.whole is None:
            self._look(self._path)

    def confirm(self) -> None:
        """The marks are of the recording as it is now."""
        self._lane.cancel()
        self.whole, self.differs, self._looked = None, False, False

    def _look(self, path: Path) -> None:
        work = partial(whole_of, path, self.whole)
        self._lane.submit("whole", work, replace=False, done=self._on_known, failed=self._lane.tell_unforeseen)

    def _on_known(self, found: Whole) -> None:
        self._looked = True
        self.differs = self.whole is not None and found.sha256 != self.whole.sha256
        if self.differs:
            self.altered.emit()
        elif found != self.whole:
            self.whole = found
            self.known.emit()
