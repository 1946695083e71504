"""An endless stream of windows of simulated patients that training never sees twice."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroflow.anatomy.implant import Implant
from neuroflow.recording import Samples
from neuroflow.simulation.patient import draw_patient, simulate

# fmt: off
TEN_TWENTY = (
    "Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T3", "C3", "Cz", "C4", "T4", "T5", "P3", "Pz", "P4", "T6", "O1", "O2",
)
# fmt: on
LOW_CHAIN = ("F9", "F10", "T9", "T10", "P9", "P10")
EARS = ("A1", "A2")
SITES = TEN_TWENTY + LOW_CHAIN + EARS

# Seeds of patients: training counts up from here, held-out patients live far below (evaluation.held_out).
FIRST_TRAINING_SEED = 1_000_000


@dataclass(frozen=True)
class Batch:
    """Windows: scalp (batch, site, time) and depth (batch, contact, time) in volts, present (batch, site) bool.

    ``shared`` is depth without what is local to each contact, of which no scalp EEG knows: the conditional mean of
    either is the same, and this one is less noisy to learn from.
    """

    scalp: Samples
    present: NDArray[np.bool_]
    depth: Samples
    shared: Samples


def draw_present(rng: np.random.Generator, sites: tuple[str, ...] = SITES) -> NDArray[np.bool_]:
    """Which sites a laboratory recorded: a usual montage, or a sparse one, less a few bad channels; at least six."""
    names = np.array(sites)
    kind = rng.choice(5, p=[0.3, 0.25, 0.2, 0.15, 0.1])
    wanted = {
        0: TEN_TWENTY,
        1: TEN_TWENTY + EARS,
        2: sites,
        3: TEN_TWENTY + LOW_CHAIN,
        4: tuple(rng.choice(TEN_TWENTY, size=int(rng.integers(8, 13)), replace=False)),
    }[int(kind)]
    present = np.isin(names, wanted)
    bad = int(rng.choice(4, p=[0.55, 0.25, 0.12, 0.08]))
    on = np.flatnonzero(present)
    if on.size - bad >= 6:
        present[rng.choice(on, size=bad, replace=False)] = False
    return present


class PatientPool:
    """A pool of recent simulated patients, fed by worker processes; windows are drawn from it at random.

    A patient gives only a share of its windows before it is replaced by a fresh one. Close it when done.
    """

    def __init__(
        self, implant: Implant, *, local_share: tuple[float, float], size: int, seconds: float, rate: float, seed: int,
        workers: int = 1,
    ) -> None:  # fmt: skip
        context = multiprocessing.get_context("spawn")
        self._queue: Any = context.Queue(maxsize=4)
        self._size = size
        self._patients: list[tuple[Samples, Samples, Samples]] = []
        self._next = 0
        self._rng = np.random.default_rng([seed, 1])
        self._workers = [
            context.Process(
                target=_produce,
                args=(self._queue, implant, local_share, seconds, rate, seed, number, workers),
                daemon=True,
            )
            for number in range(workers)
        ]
        with _one_thread():
            for worker in self._workers:
                worker.start()
        self.patients_seen = 0

    def fill(self, count: int) -> Iterator[int]:
        """Wait until the pool holds ``count`` patients; yields how many it holds after each."""
        while len(self._patients) < count:
            self._add(self._queue.get(timeout=600))
            yield len(self._patients)

    def windows(self) -> list[tuple[Samples, Samples]]:
        """The patients now in the pool, each (scalp, depth)."""
        return [(scalp, depth) for scalp, depth, _ in self._patients]

    def draw(self, batch: int, steps: int) -> Batch:
        """A batch of random windows of ``steps`` steps, after taking in a patient that arrived meanwhile."""
        with contextlib.suppress(queue.Empty):
            self._add(self._queue.get_nowait())
        windows: list[tuple[Samples, ...]] = []
        for _ in range(batch):
            patient = self._patients[int(self._rng.integers(len(self._patients)))]
            start = int(self._rng.integers(patient[0].shape[1] - steps))
            windows.append(tuple(signals[:, start : start + steps] for signals in patient))
        scalp, depth, shared = (np.stack(signals) for signals in zip(*windows, strict=True))
        present = np.stack([draw_present(self._rng) for _ in range(batch)])
        return Batch(scalp, present, depth, shared)

    def close(self) -> None:
        for worker in self._workers:
            worker.terminate()
            worker.join()
        self._queue.close()

    def _add(self, patient: tuple[Samples, Samples, Samples]) -> None:
        self.patients_seen += 1
        if len(self._patients) < self._size:
            self._patients.append(patient)
            return
        self._patients[self._next] = patient
        self._next = (self._next + 1) % self._size


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
    workers: int,
) -> None:  # fmt: skip
    """In a process of its own: simulate patients for ever."""
    patient_seed = FIRST_TRAINING_SEED * (seed + 1) + number
    rng = np.random.default_rng([seed, 2, number])
    while True:
        share = float(rng.uniform(*local_share))
        patient = draw_patient(patient_seed, implant, local_share=share, sites=SITES)
        twin = simulate(patient, seconds, patient_seed, rate)
        out.put((twin.scalp, twin.depth, twin.depth - twin.local))
        patient_seed += workers
