"""What r could be for one who knew more than the scalp EEG: the table in docs/model.md. Takes half an hour.

A lagged ridge on an hour of the patient's own scalp and depth EEG, then told the state, when each discharge comes that
reaches the scalp, and of which focus with its mean shape; beside the pooled ridge and the model. Selection patients.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from neuroflow.anatomy.implant import load_implant
from neuroflow.evaluation.patients import (
    EXTENTS,
    FIRST_SELECTION_SEED,
    STANDARD_SITES,
    UnseenPatient,
    context,
    kinds_of,
    windows,
)
from neuroflow.evaluation.posterior import mean_of
from neuroflow.evaluation.standard import keeping_baselines, subject_of_model
from neuroflow.inference.model import load_model
from neuroflow.simulation.patient import Twin, draw_patient, simulate
from neuroflow.training.recipe import BAND, RATE
from neuroflow.training.stream import SITES

Array = NDArray[np.float64]
Focus = tuple[str, str]
SCALP, DEPTH = 30e-6, 150e-6  # volts; units that keep the penalties below of the order of one
LAGS = 12
BEFORE, SHAPE = 20, 60  # steps before the peak at which a discharge's mean shape begins, and its length
PART_SECONDS = 300.0
PRESENT = np.isin(SITES, STANDARD_SITES)
KINDS = {"all": 0, "background": 1, "propagated": 1 + 1 + EXTENTS.index("propagated")}


@dataclass
class Equations:
    """Normal equations of depth on features, in all and, by name, of some of the time."""

    gram: Array
    cross: Array
    count: int = 0
    parts: dict[str, Equations] = field(default_factory=dict)

    def add(self, x: Array, y: Array) -> None:
        self.gram, self.cross, self.count = self.gram + x.T @ x, self.cross + x.T @ y, self.count + len(x)

    def part(self, name: str, width: int) -> Equations:
        return self.parts.setdefault(name, empty(width, self.cross.shape[1]))


def empty(width: int, contacts: int) -> Equations:
    return Equations(np.zeros((width, width)), np.zeros((width, contacts)))


def lagged(scalp: Array) -> Array:
    """Features (time, site and lag) of what was recorded, in average reference and without its extremes."""
    x = scalp[PRESENT] - scalp[PRESENT].mean(axis=0)
    padded = np.pad(np.clip(x / SCALP, -8.0, 8.0).astype(np.float32), ((0, 0), (LAGS, LAGS)))
    return np.lib.stride_tricks.sliding_window_view(padded, x.shape[1], axis=1).reshape(-1, x.shape[1]).T


def shapes(twin: Twin, foci: list[Focus], steps: int) -> Array:
    """Features (time, focus and step of its shape): 1 where a discharge of that focus is at that step."""
    told = np.zeros((steps, len(foci) * SHAPE), dtype=np.float32)
    for discharge in twin.discharges:
        if (focus := (discharge.extent, discharge.side)) in foci:
            at = int(discharge.time * RATE) - BEFORE + np.arange(SHAPE)
            inside = (at >= 0) & (at < steps)
            told[at[inside], foci.index(focus) * SHAPE + np.flatnonzero(inside)] = 1.0
    return told


def states(twin: Twin, steps: int) -> NDArray[np.object_]:
    names = np.full(steps, "", dtype=object)
    for state in twin.states:
        names[max(int(state.start * RATE), 0) : max(int(state.stop * RATE), 0)] = state.name
    return names


def solved(gram: Array, cross: Array, penalty: float) -> Array:
    return np.asarray(np.linalg.solve(gram + penalty * np.trace(gram) / len(gram) * np.eye(len(gram)), cross))


def near_prior(of: Equations, prior: Array, strength: float, plain: float) -> Array:
    """Coefficients that the data move away from ``prior``; those beyond it, of shapes, have a penalty of their own."""
    more = len(of.gram) - len(prior)
    scale = strength * np.trace(of.gram[: len(prior), : len(prior)]) / len(prior)
    penalty = np.diag(np.r_[np.full(len(prior), scale), np.full(more, plain)])
    start = np.vstack([prior, np.zeros((more, prior.shape[1]))])
    return np.asarray(np.linalg.solve(of.gram + penalty, of.cross + penalty @ start))


def own_estimates(seed: int, twin: Twin, hours: float) -> dict[str, Array]:
    """Depth (time, contact) as it is estimated by what is learnt from hours of the same patient."""
    implant = load_implant("default")
    patient = draw_patient(seed, implant, local_share=0.5, sites=SITES)
    foci = sorted({(f.extent, f.side) for f in patient.foci if f.extent != "hippocampal"})
    width, contacts = int(PRESENT.sum()) * (2 * LAGS + 1), len(implant.contacts)
    every = empty(width, contacts)
    for number in range(round(hours * 3600 / PART_SECONDS)):
        part = simulate(patient, PART_SECONDS, seed * 1000 + number, RATE)
        x, y = lagged(part.scalp), (part.depth / DEPTH).T.astype(np.float32)
        told, names = shapes(part, foci, len(x)), states(part, len(x))
        every.add(x, y)
        for name in set(names) - {""}:
            every.part(name, width).add(x[names == name], y[names == name])
        near = told.any(axis=1)
        every.part("moment", width).add(x[near], y[near])
        every.part("shape", width + told.shape[1]).add(np.hstack([x[near], told[near]]), y[near])
    x = lagged(twin.scalp)
    told, names = shapes(twin, foci, len(x)), states(twin, len(x))
    near, own = told.any(axis=1), solved(every.gram, every.cross, 1e-3)
    by_state = x @ own
    minutes = 15 * 60 * RATE / every.count  # of all the time, so that a state that is seldom is not fitted to noise
    for name in set(names) & set(every.parts):
        of = every.parts[name]
        weights = solved(of.gram + minutes * every.gram, of.cross + minutes * every.cross, 1e-3)
        by_state[names == name] = x[names == name] @ weights
    moment, shape = by_state.copy(), by_state.copy()
    moment[near] = x[near] @ near_prior(every.parts["moment"], own, 0.02, 0.0)
    shape[near] = np.hstack([x[near], told[near]]) @ near_prior(every.parts["shape"], own, 0.2, 2.0)
    return {
        "ridge on hours of the patient's own": x @ own, "and told the state": by_state,
        "and when a discharge comes": moment, "and of which focus, with its mean shape": shape,
    }  # fmt: skip


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=20)
    parser.add_argument("--hours", type=float, default=1.0)
    options = parser.parse_args(arguments if arguments is None else list(arguments))
    subject = subject_of_model(load_model("twin-64"))
    baselines, posterior = keeping_baselines(subject, BAND)(PRESENT), subject.posterior
    sums: dict[tuple[str, str], Array] = {}
    for number in range(options.patients):
        seed = FIRST_SELECTION_SEED + number
        twin = simulate(draw_patient(seed, subject.implant, local_share=0.5, sites=SITES), 120.0, seed, RATE)
        steps = twin.scalp.shape[1]
        times = {e: np.array([d.time for d in twin.discharges if d.extent == e]) for e in EXTENTS}
        patient = UnseenPatient("", twin.scalp, PRESENT, twin.depth, ((0, steps),), times)
        found = {name: np.zeros((steps, len(subject.implant.contacts))) for name in ("pooled ridge", "model")}
        adapted, generator = baselines.adapt(twin.scalp), torch.Generator().manual_seed(number)
        with torch.inference_mode():
            stride = posterior.stride
            for w in windows(patient, 1000 // stride * stride, 100, stride):
                ridge = baselines.estimates(context(twin.scalp, w, 16), adapted, 16)["ridge"]
                given = posterior.given(context(twin.scalp, w, posterior.reach), PRESENT)
                found["pooled ridge"][w.first : w.last] = ridge.T
                found["model"][w.first : w.last] = mean_of(given, subject.limit, generator).T / DEPTH
        found |= own_estimates(seed, twin, options.hours)
        kinds, truth = kinds_of(np.arange(steps) / RATE, times), (twin.depth / DEPTH).T
        for name, estimate in found.items():
            for kind, row in KINDS.items():
                p, y = estimate[kinds[row] > 0], truth[kinds[row] > 0]
                here = np.stack([(p * y).sum(axis=0), (p * p).sum(axis=0), (y * y).sum(axis=0)])
                sums[name, kind] = sums.get((name, kind), 0.0) + here
        print(f"{number + 1} of {options.patients} patients", flush=True)
    print(f"| r of the mean | {' | '.join(KINDS)} |")
    for name in dict.fromkeys(name for name, _ in sums):
        each = [sums[name, kind] for kind in KINDS]
        print(f"| {name} | {' | '.join(f'{np.median(a / np.sqrt(b * c)):.3f}' for a, b, c in each)} |")


if __name__ == "__main__":
    main()
