"""Where versions of a reader's marks are written, one after the other, each change into the audit log first."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from neuroflow.errors import FileProblem
from neuroflow.io import audit, review_file
from neuroflow.io.audit import Seal
from neuroflow.io.whole import Whole
from neuroflow.jobs import Control
from neuroflow.recording import Recording
from neuroflow.review import Change, Document, Left

_BROKEN = "The audit log “{}” was cut off or changed since these marks were last saved: that is said in it now."


class Desk:
    """Writes one version after the other, from any thread, and never an older one over a newer.

    Every change goes into the audit log first, once and in order, however many versions are skipped; ``seal`` says how
    far that log went when the marks were read.
    """

    def __init__(self, seal: Seal | None = None) -> None:
        self._lock = threading.Lock()
        self._turn = 0
        self._written: dict[Path, int] = {}
        self._pending: list[tuple[Change, str, str]] = []
        self._seal = seal or Seal()

    def note(self, change: Change, by: str) -> None:
        """A change that the log is to tell of, made now."""
        self._pending.append((change, by, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")))

    def another(self) -> Desk:
        """A desk with what this one still has to tell the log, for another place."""
        made = Desk()
        made._pending, made._turn = list(self._pending), self._turn
        return made

    def turn(self) -> int:
        """The number of a version, nanoseconds since 1970; the later, the greater, whatever the clock does."""
        self._turn = max(self._turn + 1, time.time_ns())
        return self._turn

    def write(
        self, turn: int, recording: Recording, document: Document, left: Left, path: Path, whole: Whole | None = None,
        control: Control | None = None,
    ) -> str:  # fmt: skip
        """Write a version; returns in a sentence why the log could not tell of it, or nothing.

        Raises: FileProblem, Cancelled.
        """
        with self._lock:
            if control is not None:
                control.checkpoint()
            if turn <= self._written.get(path, -1):
                return ""
            noted = len(self._pending)  # the window may note more meanwhile
            log = path.with_name(path.name.removesuffix(review_file.SUFFIX) + audit.SUFFIX)
            problem = ""
            try:
                if not audit.goes_on(log, self._seal):
                    problem = _BROKEN.format(log.name)
                self._seal = audit.append(log, self._pending[:noted], self._seal)
                del self._pending[:noted]
            except FileProblem as error:
                problem = error.text  # marks are worth more than their log: it is continued when that is possible
            review_file.write_review(recording, document, path, self._seal, made=turn / 1e9, left=left, whole=whole)
            self._written[path] = turn
            return problem
