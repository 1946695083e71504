"""Undo and redo: the changes that were made, and how many of them hold."""

from __future__ import annotations

from neuroflow.review.document import Change, Document


class History:
    """A document and the way to it; a change holds only what it changes, so that ten thousand of them stay small."""

    def __init__(self, document: Document | None = None) -> None:
        self.document = document or Document()
        self._changes: list[Change] = []
        self._held = 0

    @property
    def to_undo(self) -> str:
        """What :meth:`undo` would take back, empty for nothing."""
        return self._changes[self._held - 1].what if self._held else ""

    @property
    def to_redo(self) -> str:
        return self._changes[self._held].what if self._held < len(self._changes) else ""

    def do(self, change: Change) -> None:
        """Make a change; what had been undone can no longer be redone. Raises: ValueError."""
        self.document = self.document.applied(change)
        self._changes[self._held :] = [change]
        self._held += 1

    def forget(self) -> None:
        """Have nothing to take back: what was done until now holds."""
        self._changes.clear()
        self._held = 0

    def undo(self) -> Change | None:
        """Take the last change back; the change that did so, None where there is nothing."""
        if not self._held:
            return None
        back = self._changes[self._held - 1].reverse
        self.document = self.document.applied(back)
        self._held -= 1
        return back

    def redo(self) -> Change | None:
        if self._held == len(self._changes):
            return None
        again = self._changes[self._held]
        self.document = self.document.applied(again)
        self._held += 1
        return again
