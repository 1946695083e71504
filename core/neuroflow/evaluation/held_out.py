"""Measure a flow on simulated patients that training never saw, beside climatology and the lagged ridge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neuroflow.anatomy.implant import Implant
from neuroflow.evaluation.measures import correlation, crps_of_normal, crps_of_samples, ranks
from neuroflow.flow.model import NeuroFlow, average_reference, bounded
from neuroflow.jobs import Control
from neuroflow.recording import Samples
from neuroflow.signal.orderstatistics import interval_ranks
from neuroflow.simulation.patient import draw_patient, simulate

# Held-out patients have seeds that training never reaches; the ones that training selects weights by are others.
FIRST_TEST_SEED = 1_000
FIRST_SELECTION_SEED = 500_000
WINDOW_STEPS = 1000
_SPIKE_SECONDS = 0.25
_BACKGROUND_SECONDS = 1.5


@dataclass(frozen=True)
class Baseline:
    """What the flow is compared with, fitted on training patients only, in the flow's units.

    ``kernel`` (contact, site, lag) and ``residual`` (contact,) standard deviation of the lagged ridge; ``spread``
    (contact,) standard deviation of the depth EEG itself: the climatology.
    """

    kernel: torch.Tensor
    residual: NDArray[np.float64]
    spread: NDArray[np.float64]


def unseen_patients(
    implant: Implant, sites: tuple[str, ...], *, count: int, seconds: float, rate: float, local_share: float,
    first_seed: int = FIRST_TEST_SEED,
) -> Iterator[tuple[Samples, Samples, NDArray[np.float64]]]:  # fmt: skip
    """Scalp, depth (volts) and times of propagated discharges (seconds) of patients that training never saw."""
    for seed in range(first_seed, first_seed + count):
        twin = simulate(draw_patient(seed, implant, local_share=local_share, sites=sites), seconds, seed, rate)
        times = np.array([d.time for d in twin.discharges if d.extent == "propagated"])
        yield twin.scalp, twin.depth, times


def measure(
    flow: NeuroFlow,
    baseline: Baseline,
    patients: Iterator[tuple[Samples, Samples, NDArray[np.float64]]],
    present: NDArray[np.bool_],
    *,
    rate: float,
    draws: int,
    seed: int = 0,
    control: Control | None = None,
) -> dict[str, Any]:
    """Figures of the model and its baselines; amplitudes in microvolts, NLL in nats a dimension with 100 µV as unit.

    ``present`` (site,) says which sites the patients were recorded with. Contact-wise lists are in the implant's order.
    """
    control = control or Control()
    scale = flow.shape.depth_scale
    generator = torch.Generator().manual_seed(seed)
    mask = torch.from_numpy(present[None])
    truth_all, mean_all, std_all, ridge_all, tags = [], [], [], [], []
    crps, nll, hits = [], [], {0.5: [], 0.9: []}  # type: ignore[var-annotated]
    reach = flow.margin + flow.context_margin
    for scalp, depth, times in patients:
        for first in range(reach, scalp.shape[1] - WINDOW_STEPS - reach + 1, WINDOW_STEPS):
            control.checkpoint()
            wide = torch.from_numpy(scalp[None, :, first - reach : first + WINDOW_STEPS + reach])
            inner = slice(first - flow.margin, first + WINDOW_STEPS + flow.margin)
            core = slice(flow.margin, flow.margin + WINDOW_STEPS)
            with torch.inference_mode():
                given = flow(wide, mask).trimmed(flow.context_margin)
                log_prob = float(given.log_prob(torch.from_numpy(depth[None, :, inner])))
                drawn = torch.cat([given.sample(min(16, draws - k), generator) for k in range(0, draws, 16)])
                clean = bounded(average_reference(wide, mask) / flow.shape.scalp_scale)
                linear = torch.conv1d(clean, baseline.kernel, padding=flow.shape.lags)
            samples = drawn[..., core].numpy() / scale
            truth = depth[:, first : first + WINDOW_STEPS] / scale
            dims = depth.shape[0] * (inner.stop - inner.start)
            nll.append(-log_prob / dims - np.log(scale))
            crps.append(crps_of_samples(samples, truth))
            rank = ranks(samples, truth)
            for coverage, found in hits.items():
                low, high = interval_ranks(draws, coverage)
                found.append(((rank > low) & (rank <= high)).mean(axis=1))
            truth_all.append(truth)
            mean_all.append(samples.mean(axis=0))
            std_all.append(samples.std(axis=0))
            ridge_all.append(linear[0, :, reach : reach + WINDOW_STEPS].numpy())
            tags.append(_tags(np.arange(first, first + WINDOW_STEPS) / rate, times))
    truth, mean, ridge = (np.concatenate(x, axis=1).astype(np.float64) for x in (truth_all, mean_all, ridge_all))
    tag = np.concatenate(tags)
    model_crps = np.concatenate(crps, axis=1)
    ridge_crps = crps_of_normal(ridge, baseline.residual[:, None], truth)
    flat_crps = crps_of_normal(np.zeros_like(truth), baseline.spread[:, None], truth)
    spread = np.sqrt(np.mean(np.square(np.concatenate(std_all, axis=1)), axis=1)) / truth.std(axis=1)

    kinds = {"all": tag >= -1, "propagated": tag == 1, "background": tag == 0}
    kinds = {kind: on for kind, on in kinds.items() if on.any()}

    def by_kind(values: NDArray[np.float64]) -> dict[str, float]:
        return {k: round(float(values[:, on].mean()) * scale * 1e6, 3) for k, on in kinds.items()}

    def r_by_kind(estimate: NDArray[np.float64]) -> dict[str, float]:
        return {k: round(float(np.median(correlation(estimate[:, on], truth[:, on]))), 4) for k, on in kinds.items()}

    return {
        "windows": len(nll),
        "draws": draws,
        "r_of_mean": {"model": r_by_kind(mean), "ridge": r_by_kind(ridge)},
        "crps_uv": {
            "model": by_kind(model_crps),
            "ridge": by_kind(ridge_crps),
            "climatology": by_kind(flat_crps),
        },
        "nll_nats_per_dimension": round(float(np.mean(nll)), 4),
        "coverage": {f"{100 * c:.0f}%": round(float(np.mean(h)), 4) for c, h in hits.items()},
        "largest_depth_uv": round(float(np.abs(truth).max()) * scale * 1e6, 1),
        "contacts": {
            "r": np.round(correlation(mean, truth), 3).tolist(),
            "spread_ratio": np.round(spread, 3).tolist(),
            "coverage50": np.round(np.mean(hits[0.5], axis=0), 3).tolist(),
            "coverage90": np.round(np.mean(hits[0.9], axis=0), 3).tolist(),
        },
    }


def _tags(times: NDArray[np.float64], discharges: NDArray[np.float64]) -> NDArray[np.int64]:
    """1 within a quarter second of a propagated discharge, 0 in background well away from any, -1 between."""
    tag = np.zeros(times.size, dtype=np.int64)
    for discharge in discharges:
        distance = np.abs(times - discharge)
        tag[(distance < _BACKGROUND_SECONDS) & (tag == 0)] = -1
        tag[distance < _SPIKE_SECONDS] = 1
    return tag
