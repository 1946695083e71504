"""Simulation-based calibration over patients who share nothing: one window each.

The 500 windows of the standard evaluation are of 20 patients, and what a recording has in common over all its windows
(how loud it is, most of all) is drawn 20 times in them, not 500. The test supposes independent draws (Talts et al.
2018, arXiv 1804.06788, algorithm 1); here they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from neuroflow.evaluation.baselines import PIECE_SECONDS
from neuroflow.evaluation.held_out import Subject
from neuroflow.evaluation.measures import calibration_of_ranks
from neuroflow.evaluation.patients import FIRST_INDEPENDENT_SEED, Window, context, simulated_patients
from neuroflow.evaluation.posterior import draw
from neuroflow.evaluation.tally import ranks_of_piece
from neuroflow.jobs import Control

SECONDS = 16.0


@torch.inference_mode()
def independent_calibration(
    subject: Subject, band: tuple[float, float], *, patients: int, local_share: float, draws: int = 99, seed: int = 0,
    control: Control | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Ranks of the truth's rms and peak over one piece of each simulated patient, at one contact drawn for it.

    As :func:`measures.calibration_of_ranks` gives it. Raises: Cancelled.
    """
    control = control or Control()
    stride = subject.posterior.stride
    steps = round(PIECE_SECONDS * subject.rate) // stride * stride
    generator, rng = torch.Generator().manual_seed(seed), np.random.default_rng([seed, FIRST_INDEPENDENT_SEED])
    ranks = []
    people = simulated_patients(
        subject.implant, subject.sites, count=patients, seconds=SECONDS, rate=subject.rate, local_share=local_share,
        first_seed=FIRST_INDEPENDENT_SEED, band=band,
    )  # fmt: skip
    for number, patient in enumerate(people):
        control.checkpoint(number / patients)
        total = patient.scalp.shape[1]
        first = (total - steps) // 2
        window = Window(first, first + steps, 0, total)
        seen = context(patient.scalp, window, subject.posterior.reach)
        samples = draw(subject.posterior.given(seen, patient.present), draws, subject.limit, generator).samples
        contact = int(rng.integers(patient.depth.shape[0]))
        ranks.append(ranks_of_piece(samples[:, contact], patient.depth[contact, window.first : window.last]))
    rms, peak = np.array(ranks, dtype=np.int64).T
    return calibration_of_ranks(rms, peak, draws)
