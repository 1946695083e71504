"""An endless stream of windows of simulated patients that training never sees twice.

Everything is a function of seed and update: patients come in the order of their number, an update takes in as many as
are due however fast they are made, and the windows of an update are drawn from a generator that is keyed by it. A run
that is resumed therefore needs no state of generators: it simulates again what the pool then held.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuroflow.anatomy.implant import Implant
from neuroflow.errors import NeuroflowError
from neuroflow.recording import Samples
from neuroflow.simulation.patient import draw_patient, simulate
from neuroflow.training.distributed import ALONE, Group

# fmt: off
TEN_TWENTY = (
    "Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T3", "C3", "Cz", "C4", "T4", "T5", "P3", "Pz", "P4", "T6", "O1", "O2",
)
# fmt: on
LOW_CHAIN = ("F9", "F10", "T9", "T10", "P9", "P10")
EARS = ("A1", "A2")
SITES = TEN_TWENTY + LOW_CHAIN + EARS
FEWEST_SITES = 6

# Seeds of patients: training counts up from here, held-out patients live far below (evaluation.patients).
FIRST_TRAINING_SEED = 1_000_000
_QUEUED = 4
_LOOK_SECONDS = 2.0


@dataclass(frozen=True)
class Batch:
    """Windows: scalp (batch, site, time) and depth (batch, contact, time) in volts, present (batch, site) bool.

    ``shared`` is depth without what is local to each contact, of which no scalp EEG knows: the conditional mean of
    either is the same, and this one is less noisy to learn from. Where that is not known, it is depth.
    """

    scalp: Samples
    present: NDArray[np.bool_]
    depth: Samples
    shared: Samples


class Stream(Protocol):
    """Where training takes its windows from."""

    @property
    def patients_seen(self) -> int:
        """How many patients it has drawn from so far."""

    def fill(self) -> Iterator[tuple[int, int]]:
        """Get ready; yields how many recordings there are, and of how many."""

    def draw(self, update: int, batch: int, steps: int) -> Batch:
        """The windows of an update, without missing values; the same for the same update."""

    def sweep(self, steps: int) -> Iterator[Batch]:
        """Everything it holds once, all its channels, in batches of one window; NaN in contacts not recorded."""

    def windows(self) -> list[tuple[Samples, Samples]]:
        """Everything it holds, each (scalp, depth), only of the channels that are there."""

    def close(self) -> None:
        """Let go of processes and memory."""


def draw_present(rng: np.random.Generator, sites: tuple[str, ...] = SITES) -> NDArray[np.bool_]:
    """Which sites a laboratory recorded: a usual montage, or a sparse one, less a few bad channels; at least six.

    Sparse ones come with ears as often as without: six sites and two ears are what many a laboratory records beside
    depth electrodes.
    """
    names = np.array(sites)
    kind = rng.choice(5, p=[0.3, 0.25, 0.2, 0.15, 0.1])
    few = tuple(rng.choice(TEN_TWENTY, size=int(rng.integers(6, 13)), replace=False))
    wanted = {
        0: TEN_TWENTY,
        1: TEN_TWENTY + EARS,
        2: sites,
        3: TEN_TWENTY + LOW_CHAIN,
        4: few + EARS if rng.random() < 0.5 else few,
    }[int(kind)]
    return drop_bad(rng, np.isin(names, wanted))


def drop_bad(rng: np.random.Generator, present: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The sites less none to three bad channels, where six are left."""
    present = present.copy()
    bad = int(rng.choice(4, p=[0.55, 0.25, 0.12, 0.08]))
    on = np.flatnonzero(present)
    if on.size - bad >= FEWEST_SITES:
        present[rng.choice(on, size=bad, replace=False)] = False
    return present


class PatientPool:
    """A pool of recent simulated patients, fed by worker processes; windows are drawn from it at random.

    It begins with ``first`` patients and takes in one more every ``every`` updates, the oldest leaving once it holds
    ``size``. ``update`` is where it begins: a resumed run gets the pool that it left. With several processes in a
    ``group`` each simulates its share, and all hold the same pool. Close it when done.
    """

    def __init__(
        self, implant: Implant, *, local_share: tuple[float, float], size: int, seconds: float, rate: float, seed: int,
        first: int | None = None, every: int = 1, workers: int = 1, update: int = 0, group: Group = ALONE,
    ) -> None:  # fmt: skip
        self._size, self._every, self._seed, self._group = size, every, seed, group
        self._first = min(size, max(size // 3, 2) if first is None else first)
        self._rows = np.cumsum([len(SITES), len(implant.contacts)])
        self._shape = (len(SITES) + 2 * len(implant.contacts), round(seconds * rate))
        self._ready = self._due(update)
        self._taken = max(0, self._ready - size)
        self._patients: dict[int, tuple[Samples, Samples, Samples, NDArray[np.bool_]]] = {}
        context = multiprocessing.get_context("spawn")
        # Each worker has a queue of its own and makes every so-manieth patient: their order is that of their numbers.
        mine = [n for n in range(self._taken, self._taken + group.size * workers) if n % group.size == group.rank]
        self._queues: list[Any] = [context.Queue(maxsize=_QUEUED) for _ in mine]
        self._workers = [
            context.Process(
                target=_produce, daemon=True,
                args=(line, implant, local_share, seconds, rate, seed, number, group.size * workers),
            )
            for line, number in zip(self._queues, mine, strict=True)
        ]  # fmt: skip
        self._got = 0
        with _one_thread():
            for worker in self._workers:
                worker.start()

    @property
    def patients_seen(self) -> int:
        return self._taken

    def fill(self) -> Iterator[tuple[int, int]]:
        """Wait for the patients that the pool begins with. Raises: NeuroflowError."""
        while self._taken < self._ready:
            self._take()
            yield len(self._patients), min(self._ready, self._size)

    def windows(self) -> list[tuple[Samples, Samples]]:
        return [(scalp, depth) for scalp, depth, _, _ in self._patients.values()]

    def draw(self, update: int, batch: int, steps: int) -> Batch:
        """Random windows of ``steps`` steps, after taking in the patients that are due. Raises: NeuroflowError."""
        while self._taken < self._due(update):
            self._take()
        rng = np.random.default_rng([self._seed, 1, update])
        rows = []
        for _ in range(batch):
            scalp, depth, shared, present = self._patients[int(rng.integers(len(self._patients)))]
            start = int(rng.integers(scalp.shape[1] - steps + 1))
            window = slice(start, start + steps)
            rows.append((scalp[:, window], present, depth[:, window], shared[:, window]))
        return Batch(*(np.stack(part) for part in zip(*rows, strict=True)))

    def sweep(self, steps: int) -> Iterator[Batch]:
        everywhere = np.ones((1, len(SITES)), dtype=np.bool_)
        for scalp, depth, shared, _ in self._patients.values():
            for first in range(0, scalp.shape[1] - steps + 1, steps):
                window = slice(first, first + steps)
                whole = depth[None, :, window]
                yield Batch(scalp[None, :, window], everywhere, whole, shared[None, :, window])

    def close(self) -> None:
        for worker in self._workers:
            worker.terminate()
            worker.join()
        for line in self._queues:
            line.close()

    def _due(self, update: int) -> int:
        return self._first + update // self._every

    def _take(self) -> None:
        owner = self._taken % self._group.size
        every = np.concatenate(self._next()) if owner == self._group.rank else None
        every = self._group.share_array(every, self._shape, owner)
        scalp, depth, shared = np.split(every, self._rows)
        # Each patient was recorded in one laboratory: the same channels in all of its windows.
        present = draw_present(np.random.default_rng([self._seed, 3, self._taken]))
        self._patients[self._taken % self._size] = scalp, depth, shared, present
        self._taken += 1

    def _next(self) -> tuple[Samples, ...]:
        turn = self._got % len(self._workers)
        while True:
            with contextlib.suppress(queue.Empty):
                patient: tuple[Samples, ...] = self._queues[turn].get(timeout=_LOOK_SECONDS)
                self._got += 1
                return patient
            if not self._workers[turn].is_alive():
                raise NeuroflowError(
                    "A process that simulates patients has died, perhaps for want of memory; continue with --resume "
                    "and fewer --workers."
                )


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Processes started here compute in one thread, so that they leave the cores to the optimisation."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _produce(
    out: Any, implant: Implant, local_share: tuple[float, float], seconds: float, rate: float, seed: int, number: int,
    stride: int,
) -> None:  # fmt: skip
    """In a process of its own: simulate patients ``number``, ``number + stride``, … for as long as they are taken."""
    # An interrupt from the keyboard reaches every process of the terminal: the one that trains decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    trainer = multiprocessing.parent_process()
    while True:
        patient_seed = FIRST_TRAINING_SEED * (seed + 1) + number
        share = float(np.random.default_rng([seed, 2, number]).uniform(*local_share))
        patient = draw_patient(patient_seed, implant, local_share=share, sites=SITES)
        twin = simulate(patient, seconds, patient_seed, rate)
        while True:
            try:
                out.put((twin.scalp, twin.depth, twin.depth - twin.local), timeout=_LOOK_SECONDS)
                break
            except queue.Full:
                # Killed without a chance to say so, the trainer would leave its workers here for ever.
                if trainer is not None and not trainer.is_alive():
                    out.cancel_join_thread()
                    return
        number += stride
