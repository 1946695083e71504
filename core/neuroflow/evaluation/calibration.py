"""How often the bands of a model hold the truth, measured on patients apart from training and testing."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray

from neuroflow.evaluation.held_out import WINDOW_SECONDS, Subject
from neuroflow.evaluation.measures import ranks
from neuroflow.evaluation.patients import UnseenPatient, context, windows
from neuroflow.evaluation.posterior import draw
from neuroflow.jobs import Control
from neuroflow.signal.orderstatistics import Calibration


@torch.inference_mode()
def ranks_counted(
    subject: Subject, patients: Iterable[UnseenPatient], *, draws: int, seed: int = 0, seconds: float | None = None,
    control: Control | None = None,
) -> NDArray[np.int64]:  # fmt: skip
    """How often each rank 0..draws of the truth among draws came, all patients, contacts and steps together.

    ``seconds`` in all, where known, make the progress. Raises: Cancelled.
    """
    control = control or Control()
    generator = torch.Generator().manual_seed(seed)
    stride = subject.posterior.stride
    steps = round(WINDOW_SECONDS * subject.rate) // stride * stride
    counts = np.zeros(draws + 1, dtype=np.int64)
    done = 0
    for patient in patients:
        for window in windows(patient, steps, stride, stride):
            control.checkpoint(None if seconds is None else min(done / (seconds * subject.rate), 1.0))
            seen = context(patient.scalp, window, subject.posterior.reach)
            samples = draw(subject.posterior.given(seen, patient.present), draws, subject.limit, generator).samples
            truth = patient.depth[:, window.first : window.last]
            known = np.isfinite(truth).all(axis=1)
            counts += np.bincount(ranks(samples[:, known], truth[known]).ravel(), minlength=draws + 1)
            done += window.steps
    return counts


def calibration_of(counts: NDArray[np.int64], measured_on: str) -> Calibration:
    """The calibration that counts of ranks 0..n give, over the central intervals that n draws have.

    Of n draws in order, the interval that leaves out k at either end is stated to hold (n - 1 - 2k) / (n + 1) of truths
    and held those of rank k + 1 to n - 1 - k. Knots by which no more truths were held are left out, since both rise.
    Raises: ValueError where nothing was counted.
    """
    n, total = counts.size - 1, int(counts.sum())
    if total == 0:
        raise ValueError("no rank was counted")
    stated, held = [0.0], [0.0]
    for k in range((n - 2) // 2, -1, -1):
        share = float(counts[k + 1 : n - k].sum()) / total
        if held[-1] < share < 1.0:
            stated.append((n - 1 - 2 * k) / (n + 1))
            held.append(share)
    return Calibration((*(round(s, 5) for s in stated), 1.0), (*held, 1.0), measured_on)
