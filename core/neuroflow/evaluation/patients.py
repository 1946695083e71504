"""Patients that training never saw: simulated ones by seed, and those of a BIDS tree."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neuroflow.anatomy.implant import Implant
from neuroflow.errors import FileProblem, NotReconstructable
from neuroflow.evaluation.pairs import load_pair
from neuroflow.io.bids import Tree
from neuroflow.jobs import Control
from neuroflow.recording import Samples
from neuroflow.simulation.patient import draw_patient, simulate

# Seeds of patients. Training counts up from a million (training.stream); these it never reaches. Patients 1,000 to
# 1,007 were looked at while the model was being developed, so that nothing is claimed of them.
FIRST_TEST_SEED = 2_000
FIRST_SELECTION_SEED = 500_000  # by which training chooses the best weights
FIRST_CALIBRATION_SEED = 600_000  # by which the bands are calibrated
FIRST_FITTING_SEED = 700_000  # on which the baselines are fitted
FIRST_INDEPENDENT_SEED = 800_000  # of whom one window each is measured on

# fmt: off
STANDARD_SITES = (
    "Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T3", "C3", "Cz", "C4", "T4", "T5", "P3", "Pz", "P4", "T6", "O1", "O2",
    "A1", "A2",
)
# fmt: on

EXTENTS = ("hippocampal", "propagated", "lateral")
KINDS = ("all", "background", *EXTENTS)
SPIKE_SECONDS = 0.25
BACKGROUND_SECONDS = 1.5


@dataclass(frozen=True)
class UnseenPatient:
    """A patient to measure on, at the model's rate and in its band.

    ``scalp`` (site, time) volts with zeros where absent, ``present`` (site,), ``depth`` (contact, time) volts, NaN in
    contacts that were not recorded. ``spans`` are steps [first, last) that hang together: no window crosses an edge.
    ``discharges`` holds, by extent, the times (s) of those that are known. ``subject`` is whose recording it is, where
    others may be of the same person; empty where none is.
    """

    name: str
    scalp: Samples
    present: NDArray[np.bool_]
    depth: Samples
    spans: tuple[tuple[int, int], ...]
    discharges: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    subject: str = ""


@dataclass(frozen=True)
class Window:
    """Steps [first, last) of a patient within the span [low, high)."""

    first: int
    last: int
    low: int
    high: int

    @property
    def steps(self) -> int:
        return self.last - self.first


def simulated_patients(
    implant: Implant, sites: tuple[str, ...], *, count: int, seconds: float, rate: float,
    local_share: float | tuple[float, float], first_seed: int = FIRST_TEST_SEED,
    band: tuple[float, float] = (0.5, 48.0),
) -> Iterator[UnseenPatient]:  # fmt: skip
    """Simulated patients by seed, recorded at those of the standard 21 sites that the model knows.

    A ``local_share`` of two values is drawn between them, patient by patient, as training does.
    """
    present = np.isin(np.array(sites), STANDARD_SITES)
    for seed in range(first_seed, first_seed + count):
        share = local_share
        if isinstance(share, tuple):
            share = float(np.random.default_rng([0x7713, seed]).uniform(*share))
        patient = draw_patient(seed, implant, local_share=share, sites=sites)
        twin = simulate(patient, seconds, seed, rate, band=band)
        times = {e: np.array([d.time for d in twin.discharges if d.extent == e]) for e in EXTENTS}
        yield UnseenPatient(
            f"simulated {seed}", twin.scalp, present, twin.depth, ((0, twin.scalp.shape[1]),), times
        )  # fmt: skip


def windows(patient: UnseenPatient, steps: int, fewest: int, stride: int) -> tuple[Window, ...]:
    """Windows of ``steps`` steps side by side in each span; what is left at its end too, from ``fewest`` steps on.

    Lengths are multiples of ``stride`` where ``steps`` is.
    """
    found = []
    for low, high in patient.spans:
        for first in range(low, high, steps):
            length = min(steps, high - first) // stride * stride
            if length >= fewest:
                found.append(Window(first, first + length, low, high))
    return tuple(found)


def context(signal: Samples, window: Window, reach: int) -> Samples:
    """``signal`` (channel, time) over a window and ``reach`` steps either side, zeros beyond the window's span."""
    wide = np.zeros((signal.shape[0], window.steps + 2 * reach), dtype=np.float32)
    first, last = max(window.first - reach, window.low), min(window.last + reach, window.high)
    wide[:, first - window.first + reach : last - window.first + reach] = signal[:, first:last]
    return wide


def kinds_of(times: NDArray[np.float64], discharges: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float32]:
    """Which of :data:`KINDS` each time (s) is, (kind, time) of 0 and 1.

    A kind of discharge holds what is within a quarter second of one of them; background, what is 1.5 s and more from
    any. Where no discharge is known of, nothing is called background either.
    """
    out = np.zeros((len(KINDS), times.size), dtype=np.float32)
    out[0] = 1.0
    nearest = np.full(times.size, np.inf)
    for index, kind in enumerate(EXTENTS, 2):
        of_kind = np.asarray(discharges.get(kind, ()), dtype=np.float64)
        if of_kind.size:
            apart = np.abs(times[:, None] - of_kind).min(axis=1)
            out[index] = apart < SPIKE_SECONDS
            nearest = np.minimum(nearest, apart)
    if discharges:
        out[1] = nearest > BACKGROUND_SECONDS
    return out


def patients_of_tree(
    tree: Tree, implant: Implant, sites: tuple[str, ...], rate: float, band: tuple[float, float],
    control: Control | None = None, say: Callable[[str], None] = lambda _: None, seen: Collection[str] = (),
    fewest_sites: int = 1,
) -> Iterator[UnseenPatient]:  # fmt: skip
    """The pairs of a BIDS tree as a model sees them, one at a time; ``say`` is told of those that cannot be used.

    ``seen`` holds the identities of recordings that the model was trained on, or chosen by: they are left out.
    Raises: Cancelled.
    """
    for pair in tree.pairs:
        try:
            signals = load_pair(pair, sites, implant, rate, band, control, fewest_sites)
        except (FileProblem, NotReconstructable) as problem:
            say(f"{pair.name}: {problem.text}")
            continue
        if signals.identity in seen:
            say(f"{pair.name}: the model was trained on this recording, or chosen by it; it is left out.")
            continue
        times = {e: np.array([d.time for d in signals.discharges if d.extent == e]) for e in EXTENTS}
        known = {e: t for e, t in times.items() if t.size} if signals.discharges else {}
        yield UnseenPatient(
            signals.name, signals.scalp, signals.present, signals.depth, signals.spans, known, signals.subject
        )
