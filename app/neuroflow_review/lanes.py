"""Lanes: one worker thread each, so that the GUI thread never reads a file, never runs a model and never waits.

A job is a plain function, or a generator function, that takes a :class:`~neuroflow.jobs.Control`. Each ``yield`` of a
generator is a partial result, a cancellation point, and a moment at which a more urgent job may go first; the generator
then resumes where it was. Results reach the callbacks in the thread that made the lane, which is the GUI thread.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import logging
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Generator, Hashable
from dataclasses import dataclass
from types import GeneratorType
from typing import Any, Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from neuroflow.errors import NeuroflowError
from neuroflow.jobs import Cancelled, Control

log = logging.getLogger(__name__)

UNDELIVERED: Final = 2
"""Partial results that may wait for the GUI thread; then the worker waits, so that a slow screen is never flooded."""

_PROGRESS_SECONDS = 0.05
_JOIN_SECONDS = 30.0
_STALLED_SECONDS = 0.25
_EXPORT_SECONDS = 1.5  # from one checkpoint to the next, and to take away what was written of the file
_NICE = 10
_LOOK_MILLISECONDS = 100  # after a page was turned, until the reader is taken to look at it

Work = Callable[[Control], Any]


@dataclass(frozen=True)
class Failure:
    """An error on its way to the reader, and which lane and job it came from."""

    lane: str
    key: Hashable
    error: BaseException


class Job:
    """A piece of work on a lane. ``cancel()`` may be called from any thread, at any time, more than once.

    Where it comes too late, since a file is being put in place, it says so, and the result is delivered all the same.
    """

    def __init__(
        self,
        key: Hashable,
        work: Work,
        priority: int,
        *,
        done: Callable[[Any], None] | None,
        partial: Callable[[Any], None] | None,
        progress: Callable[[float], None] | None,
        failed: Callable[[Failure], None] | None,
        preemptible: bool,
    ) -> None:
        self.key = key
        self.priority = priority
        self.done, self.partial, self.progress, self.failed = done, partial, progress, failed
        self.preemptible = preemptible
        self.cancelled = False
        self.finished = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None
        self.control = Control()
        self.work = work
        self.steps: Generator[Any, None, Any] | None = None
        self.room = threading.Semaphore(UNDELIVERED)
        self.preempted = False

    def cancel(self) -> bool:
        """False where it comes too late."""
        if not self.control.cancel():
            return False
        self.cancelled = True
        self.control.cancel()  # of a job that begins at this moment it is another
        self.finished.set()
        return True


@dataclass(frozen=True)
class _Parcel:
    job: Job
    what: str
    value: Any = None


class Lane(QObject):
    """A queue of jobs, the most urgent (lowest ``priority``) first, and one worker thread.

    With ``replace`` (the way of views) a job takes the place of the one with the same key: waiting, that one never
    runs; running, it is cancelled at its next checkpoint and its result dropped. Without, the job with that key stays
    and only becomes as urgent as asked. A ``stallable`` lane is hardly waited for when it closes (``patience``, in
    seconds); a ``background`` lane leaves the processor to the window.
    """

    failed = Signal(object)
    _arrived = Signal(object)

    def __init__(
        self, name: str, parent: QObject | None = None, *, stallable: bool = False, background: bool = False,
        patience: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.name = name
        self._background = background
        self._patience = patience or (_STALLED_SECONDS if stallable else _JOIN_SECONDS)
        self._wake = threading.Condition()
        self._heap: list[tuple[int, int, Job]] = []
        self._order = itertools.count()
        self._running: Job | None = None
        self._posted: list[Job] = []  # finished, and on their way to the GUI thread
        self._closed = self._held = False
        self._thread: threading.Thread | None = None
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        with self._wake:
            return self._running is not None or bool(self._heap)

    def submit(
        self,
        key: Hashable,
        work: Work,
        *,
        priority: int = 0,
        replace: bool = True,
        done: Callable[[Any], None] | None = None,
        partial: Callable[[Any], None] | None = None,
        progress: Callable[[float], None] | None = None,
        failed: Callable[[Failure], None] | None = None,
        preemptible: bool = False,
    ) -> Job:
        """Queue a job. Callbacks are called in the thread of this object; ``failed`` stands in for the lane's signal.

        ``preemptible`` jobs may be stopped at a checkpoint and started again when a more urgent one arrives.
        """
        job = Job(
            key, work, priority, done=done, partial=partial, progress=progress, failed=failed, preemptible=preemptible
        )
        with self._wake:
            if self._closed:
                job.cancel()
                return job
            known = self._with_key(key)
            if known is not None and not replace:
                if priority < known.priority:
                    known.priority = priority
                    self._heap = [(j.priority, n, j) for _, n, j in self._heap]
                    heapq.heapify(self._heap)
                    self._make_way()
                return known
            if known is not None:
                self._drop(known)
            heapq.heappush(self._heap, (job.priority, next(self._order), job))
            self._make_way()
            self._start()
            self._wake.notify_all()
        return job

    def ask(self, key: Hashable, work: Work, control: Control, *, priority: int = 0) -> Any:
        """Run a job from another worker thread and wait for its result, as long as ``control`` is not cancelled.

        Raises: Cancelled, and whatever the job raised.
        """
        job = self.submit(key, work, priority=priority, replace=False, failed=_swallow, preemptible=True)
        while not job.finished.wait(_PROGRESS_SECONDS):
            if control.cancelled:
                job.cancel()
            control.checkpoint()
        if job.error is not None:
            raise job.error
        if job.cancelled:
            raise Cancelled
        return job.result

    def cancel(self, wanted: Callable[[Job], bool] | None = None) -> None:
        """Cancel the jobs for which ``wanted`` holds, or all."""
        with self._wake:
            jobs = [job for _, _, job in self._heap] + ([self._running] if self._running else []) + self._posted
            for job in jobs:
                if wanted is None or wanted(job):
                    self._drop(job)

    def hold(self, held: bool) -> None:
        """Begin no job until told otherwise; one that runs goes on until it gives way."""
        with self._wake:
            self._held = held
            self._wake.notify_all()

    def close(self) -> None:
        """Cancel everything; nothing is delivered any more."""
        with self._wake:
            self._closed = True
            for _, _, job in self._heap:
                job.cancel()
            self._heap.clear()
            if self._running is not None:
                self._running.cancel()
            self._wake.notify_all()

    def join(self, waited: float = 0.0) -> bool:
        """Wait for the worker of a closed lane to end; false where it is stalled and was left behind.

        ``waited`` is for how many seconds it has been closed already.
        """
        thread = self._thread
        if thread is None:
            return True
        thread.join(max(self._patience - waited, 0.01))
        if thread.is_alive():
            log.info("lane %s is stalled and left behind", self.name)
            return False
        self._thread = None
        return True

    def tell_unforeseen(self, failure: Failure) -> None:
        """``failed`` of a job whose other errors are said elsewhere: what cannot be read, by the page itself."""
        if not isinstance(failure.error, NeuroflowError):
            self.failed.emit(failure)

    # In either thread, holding the lock -------------------------------------------------------------------------------

    def _with_key(self, key: Hashable) -> Job | None:
        if self._running is not None and self._running.key == key and not self._running.cancelled:
            return self._running
        waiting = [job for _, _, job in self._heap] + [job for job in self._posted if not job.cancelled]
        return next((job for job in waiting if job.key == key), None)

    def _drop(self, job: Job) -> None:
        job.cancel()
        kept = [entry for entry in self._heap if entry[2] is not job]
        if len(kept) != len(self._heap):
            self._heap = kept
            heapq.heapify(self._heap)

    def _make_way(self) -> None:
        """Stop the running job at its next checkpoint where a more urgent one waits; it starts again afterwards."""
        running = self._running
        if running is None or not running.preemptible or running.steps is not None or not self._heap:
            return
        if self._heap[0][0] < running.priority and not running.cancelled:
            running.preempted = True
            running.control.cancel()

    def _start(self) -> None:
        if self._thread is None:
            # Daemon: a read that hangs on a dead network drive must not keep the process alive.
            self._thread = threading.Thread(target=self._work, name=f"lane {self.name}", daemon=True)
            self._thread.start()

    # In the worker thread ---------------------------------------------------------------------------------------------

    def _work(self) -> None:
        if self._background:
            _step_back()
        while True:
            with self._wake:
                while (self._held or not self._heap) and not self._closed:
                    self._wake.wait()
                if self._closed:
                    return
                job = heapq.heappop(self._heap)[2]
                self._running = job
                if job.steps is None:
                    job.control = Control(_Throttled(self, job), self._wait_while_held)
            again = self._run(job)
            with self._wake:
                self._running = None
                if again and not job.cancelled and not self._closed:
                    heapq.heappush(self._heap, (job.priority, next(self._order), job))
            del job  # with what it gave, while the next is waited for

    def _wait_while_held(self, control: Control) -> None:
        with self._wake:
            while self._held and not self._closed and not control.cancelled:
                self._wake.wait(_PROGRESS_SECONDS)  # what cancels the job alone does not wake the lane

    def _run(self, job: Job) -> bool:
        """Run a job to its end, or until a more urgent one waits; true where it is to go on later."""
        try:
            if job.cancelled:
                return False
            if job.steps is None:
                made = job.work(job.control)
                if not isinstance(made, GeneratorType):
                    self._finish(job, made)
                    return False
                job.steps = made
            return self._step(job, job.steps)
        except Cancelled:
            if job.preempted and not job.cancelled:
                job.preempted = False
                return True
        except Exception as error:
            job.error = error
            job.finished.set()
            self._post(_Parcel(job, "failed", Failure(self.name, job.key, error)))
        return False

    def _step(self, job: Job, steps: Generator[Any, None, Any]) -> bool:
        while True:
            try:
                value = next(steps)
            except StopIteration as end:
                self._finish(job, end.value)
                return False
            if value is not None:
                while not job.room.acquire(timeout=_PROGRESS_SECONDS):
                    if job.cancelled:
                        steps.close()
                        return False
                self._post(_Parcel(job, "partial", value))
            if job.cancelled:
                steps.close()
                return False
            with self._wake:
                if self._heap and self._heap[0][0] < job.priority:
                    return True

    def _finish(self, job: Job, value: Any) -> None:
        job.result = value
        job.finished.set()
        self._post(_Parcel(job, "done", value))

    def _post(self, parcel: _Parcel) -> None:
        with self._wake:
            if not self._closed:
                if parcel.what in ("done", "failed"):
                    self._posted.append(parcel.job)
                self._arrived.emit(parcel)

    # In the GUI thread ------------------------------------------------------------------------------------------------

    @Slot(object)
    def _deliver(self, parcel: _Parcel) -> None:
        job = parcel.job
        if parcel.what == "partial":
            job.room.release()
        with self._wake:
            if parcel.what in ("done", "failed") and job in self._posted:
                self._posted.remove(job)
        if job.cancelled or self._closed:
            return
        if parcel.what == "failed":
            if job.failed is not None:
                job.failed(parcel.value)
            else:
                self.failed.emit(parcel.value)
            return
        receiver = {"done": job.done, "partial": job.partial, "progress": job.progress}[parcel.what]
        if receiver is not None:
            receiver(parcel.value)


class _Throttled:
    """Progress on its way to the GUI thread, at most twenty times a second.

    It does not keep the job, which keeps it: what a job gave, a tile of ten megabytes, goes when nobody wants it, and
    does not wait for a search for cycles.
    """

    def __init__(self, lane: Lane, job: Job) -> None:
        self._lane, self._job = lane, weakref.ref(job)
        self._last = 0.0

    def __call__(self, fraction: float) -> None:
        now, job = time.monotonic(), self._job()
        if job is not None and job.progress is not None and now - self._last >= _PROGRESS_SECONDS:
            self._last = now
            self._lane._post(_Parcel(job, "progress", fraction))


def within(seconds: float, work: Callable[[], object]) -> bool:
    """Do in a thread of its own what a dead drive may hold up; false where it is not done after so many seconds.

    Raises: whatever ``work`` raised meanwhile.
    """
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="within", daemon=True)
    thread.start()
    thread.join(seconds)
    if raised:
        raise raised[0]
    return not thread.is_alive()


def _step_back() -> None:
    """Let the system run this thread, and those that it starts, after the window's; where the system can."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def _swallow(_: Failure) -> None:
    """The one who asked gets the error itself."""


class Lanes(QObject):
    """The lanes of the application, and their one error handler, ``failed``."""

    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.read = Lane("read", self, stallable=True)
        self.flow = Lane("flow", self, background=True)
        self.bands = Lane("bands", self)
        self.spectrogram = Lane("spectrogram", self, stallable=True)
        self.detect = Lane("detect", self, stallable=True, background=True)
        self.export = Lane("export", self, background=True, patience=_EXPORT_SECONDS)
        self.fetch = Lane("fetch", self, stallable=True, background=True)
        """What the flow lane reads, so that it can be waited for where a drive cannot."""
        self.map = Lane("map", self, stallable=True)
        self.save = Lane("save", self, stallable=True)
        self.trend = Lane("trend", self, stallable=True, background=True)
        self.whole = Lane("whole", self, stallable=True, background=True)
        """Reads all of a recording once, while nobody waits for it."""
        self.all = (
            self.save,
            self.trend,
            self.whole,
            self.map,
            self.export,
            self.flow,
            self.fetch,
            self.bands,
            self.detect,
            self.spectrogram,
            self.read,
        )
        for lane in self.all:
            lane.failed.connect(self.failed)
        self._awaited = False
        self._looks = QTimer(self, singleShot=True, interval=_LOOK_MILLISECONDS)
        self._looks.timeout.connect(self._hold)

    def awaiting_page(self, awaited: bool = True) -> None:
        """Keep what stands around a page waiting until the page is there: it would take the processor from it."""
        self._awaited = awaited
        self._hold()

    def turning(self) -> None:
        """The reader turns pages: what stands around one waits until he looks at it."""
        self._looks.start()
        self._hold()

    def _hold(self) -> None:
        for lane in (self.spectrogram, self.detect, self.map, self.trend, self.whole):
            lane.hold(self._awaited or self._looks.isActive())

    def close(self) -> None:
        """Cancel everything, then wait for every worker that can be waited for."""
        for lane in self.all:
            lane.close()
        began = time.monotonic()
        for lane in self.all:
            lane.join(time.monotonic() - began)
