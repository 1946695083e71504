"""Pages of simulated EEG as a reader would see them: which stretches are worth showing, and their traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from neuroflow.simulation.noise import MODEL_BAND, band_limit
from neuroflow.simulation.patient import Patient, Twin
from neuroflow.simulation.report_spectra import band_amplitude, spectra
from neuroflow.simulation.states import EYES_CLOSED, EYES_OPEN, N2, N3

Array = NDArray[np.float64]

PAGE_SECONDS = 10.0
ALPHA_HZ, SPINDLE_HZ = (8.0, 12.5), (11.5, 15.0)
# The longitudinal bipolar montage ("double banana"), left before right, midline last.
DOUBLE_BANANA = tuple(
    tuple(pair.split("-"))
    for pair in (
        "Fp1-F7 F7-T3 T3-T5 T5-O1 Fp1-F3 F3-C3 C3-P3 P3-O1 "
        "Fp2-F8 F8-T4 T4-T6 T6-O2 Fp2-F4 F4-C4 C4-P4 P4-O2 Fz-Cz Cz-Pz"
    ).split()
)
EXAMPLES = ("eyes", "spindles", "slow waves", "discharge")


@dataclass(frozen=True)
class Example:
    """One page: ``scalp`` (derivation, time) and ``depth`` (contact, time) in volts from ``start`` seconds on.

    ``marks`` are times (s) and what is there; ``worth`` ranks pages of the same kind.
    """

    kind: str
    title: str
    rate: float
    start: float
    scalp_labels: tuple[str, ...]
    scalp: Array
    depth_labels: tuple[str, ...]
    depth: Array
    marks: tuple[tuple[float, str], ...]
    worth: float


def examples(subject: str, patient: Patient, twin: Twin) -> list[Example]:
    """At most one page of each kind from a recording; none where it holds no such stretch."""
    return [
        _page(kind, f"{subject}: {words}", patient, twin, start, side, worth)
        for kind, words, start, side, worth in (_eyes(twin), *_sleep(twin), _discharge(twin))
        if 0 <= start <= twin.scalp.shape[1] / twin.rate - PAGE_SECONDS
    ]


_Found = tuple[str, str, float, str, float]


def _eyes(twin: Twin) -> _Found:
    """The eye opening at which alpha at O1 and O2 falls most."""
    rows = [twin.sites.index("O1"), twin.sites.index("O2")]
    back = twin.scalp[rows] - twin.scalp.mean(axis=0)
    half = PAGE_SECONDS / 2
    best, worth = -1.0, 0.0
    for before, after in pairwise(twin.states):
        long = before.stop - before.start > half and after.stop - after.start > half
        if (before.name, after.name) == (EYES_CLOSED, EYES_OPEN) and long:
            halves = np.split(_cut(back, twin.rate, after.start - half), 2, axis=1)
            alpha = [float(band_amplitude(*spectra(part, twin.rate), *ALPHA_HZ).mean()) for part in halves]
            if alpha[0] - alpha[1] > worth:
                best, worth = after.start - half, alpha[0] - alpha[1]
    return "eyes", "the eyes open in the middle", best, "", worth


def _sleep(twin: Twin) -> list[_Found]:
    """The page of N2 with the most sigma at Cz, and the page of N3 with the most delta at Fz."""
    found = []
    for kind, words, name, site, (low, high) in (
        ("spindles", "stage N2", N2, "Cz", SPINDLE_HZ),
        ("slow waves", "stage N3", N3, "Fz", (0.5, 2.0)),
    ):
        row = twin.scalp[twin.sites.index(site)] - twin.scalp.mean(axis=0)
        best, worth = -1.0, 0.0
        for state in twin.states:
            for start in np.arange(state.start, state.stop - PAGE_SECONDS, PAGE_SECONDS / 2):
                if state.name == name:
                    f, psd = spectra(_cut(row[None], twin.rate, float(start)), twin.rate)
                    power = float(psd[0, (f >= low) & (f <= high)].sum())
                    best, worth = (float(start), power) if power > worth else (best, worth)
        found.append((kind, words, best, "", worth))
    return found


def _discharge(twin: Twin) -> _Found:
    """A page with the propagated discharge that is largest at the scalp."""
    best, side, worth = -1.0, "", 0.0
    limited = band_limit(np.asarray(twin.scalp - twin.scalp.mean(axis=0)), twin.rate, (3.0, 35.0))
    for discharge in twin.discharges:
        at = round(discharge.time * twin.rate)
        part = limited[:, max(at - 10, 0) : at + 20]
        if discharge.extent == "propagated" and part.size and float(np.abs(part).max()) > worth:
            best, side, worth = discharge.time - PAGE_SECONDS / 2, discharge.side, float(np.abs(part).max())
    return "discharge", "a propagated discharge in the middle", best, side, worth


def _page(kind: str, title: str, patient: Patient, twin: Twin, start: float, side: str, worth: float) -> Example:
    index = {site: i for i, site in enumerate(twin.sites)}
    scalp = _cut(band_limit(np.asarray(twin.scalp), twin.rate, (0.5, 70.0)), twin.rate, start)
    depth = _cut(band_limit(np.asarray(twin.depth), twin.rate, MODEL_BAND), twin.rate, start)
    pairs = [(a, b) for a, b in DOUBLE_BANANA if a in index and b in index]
    rows = _contacts_shown(patient, side)
    stop = start + PAGE_SECONDS
    marks = [(d.time, f"{d.extent}, {d.side}") for d in twin.discharges if start <= d.time < stop]
    marks += [(s.start, s.name) for s in twin.states if start < s.start < stop]
    return Example(
        kind=kind,
        title=title,
        rate=twin.rate,
        start=start,
        scalp_labels=tuple(f"{a}-{b}" for a, b in pairs),
        scalp=np.stack([scalp[index[a]] - scalp[index[b]] for a, b in pairs]),
        depth_labels=tuple(twin.contacts[i] for i in rows),
        depth=depth[rows],
        marks=tuple(sorted(marks)),
        worth=worth,
    )


def _contacts_shown(patient: Patient, side: str) -> list[int]:
    """The deepest, a middle and the outermost contact of up to two shafts, on the side of the discharge."""
    shafts: Sequence[str] = patient.implant.shafts
    first_index: dict[str, int] = {}
    for i, contact in enumerate(patient.implant.contacts):
        first_index.setdefault(contact.shaft, i)
    wanted = [s for s in shafts if (patient.implant.contacts[first_index[s]].mni[0] < 0) == (side != "right")] or shafts
    # Hippocampal shafts, where there are any.
    chosen = sorted(wanted, key=lambda shaft: "H" not in shaft)[:2]
    rows = []
    for shaft in chosen:
        count = len(patient.implant.contacts_of(shaft))
        rows += [first_index[shaft] + k for k in sorted({0, 2 if count > 3 else 0, count - 1})]
    return rows


def _cut(data: NDArray[np.float32], rate: float, start: float) -> Array:
    first = round(start * rate)
    return data[:, first : first + round(PAGE_SECONDS * rate)].astype(np.float64)
