"""The standard evaluation: a model on unseen simulated patients, and its figures as a card keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroflow.anatomy.implant import Implant
from neuroflow.evaluation.baselines import LOCAL_SHARE, Baselines, Scales
from neuroflow.evaluation.baselines_kept import baselines_for
from neuroflow.evaluation.calibration import calibration_of, ranks_counted
from neuroflow.evaluation.held_out import Measured, Subject, measure
from neuroflow.evaluation.patients import (
    FIRST_CALIBRATION_SEED,
    FIRST_TEST_SEED,
    STANDARD_SITES,
    UnseenPatient,
    simulated_patients,
)
from neuroflow.evaluation.posterior import LARGEST_FACTOR, FlowPosterior, Posterior
from neuroflow.flow.card import ContactMeasure
from neuroflow.flow.model import NeuroFlow
from neuroflow.inference.model import Model
from neuroflow.jobs import Control
from neuroflow.signal.orderstatistics import Calibration

PATIENTS, SECONDS, DRAWS = 20, 120.0, 99
MAIN_SHARE = 0.5
CALIBRATION_SECONDS = 60.0
# What a card keeps of a share that is reported beside the main one.
_BESIDE = (
    "r_of_mean", "crps_uv", "nll_nats_per_dimension", "coverage", "coverage_by_kind", "coverage_worst_contact",
    "simulation_based_calibration", "shuffled", "safety", "against_ridge", "asked",
)  # fmt: skip
_LEFT_OUT = ("contacts", "spectrum", "coverage_curve")


def subject_of(
    flow: NeuroFlow, implant: Implant, sites: tuple[str, ...], rate: float, largest_depth: float,
    others: Mapping[str, Posterior] | None = None, device: str = "cpu",
) -> Subject:  # fmt: skip
    """A flow to be measured, frozen by this; ``largest_depth`` (volts) is the largest amplitude of its training."""
    scales = Scales(flow.shape.scalp_scale, flow.shape.depth_scale)
    limit = LARGEST_FACTOR * largest_depth
    return Subject(FlowPosterior(flow.freeze(), device), implant, sites, rate, scales, limit, dict(others or {}))


def subject_of_model(model: Model, others: Mapping[str, Posterior] | None = None, device: str = "cpu") -> Subject:
    """A model of the program, or of a folder, to be measured."""
    card = model.card
    implant = Implant(card.implant.name, model.contacts, card.implant.source)
    return subject_of(model.build(), implant, card.sites, card.rate, card.limits.largest_depth, others, device)


def standard_patients(
    subject: Subject, band: tuple[float, float], *, patients: int = PATIENTS, seconds: float = SECONDS,
    local_share: float = MAIN_SHARE, first_seed: int = FIRST_TEST_SEED,
) -> Iterator[UnseenPatient]:  # fmt: skip
    """The standard unseen patients, as a model sees them."""
    return simulated_patients(
        subject.implant, subject.sites, count=patients, seconds=seconds, rate=subject.rate, local_share=local_share,
        first_seed=first_seed, band=band,
    )  # fmt: skip


def keeping_baselines(
    subject: Subject, band: tuple[float, float], control: Control | None = None,
    say: Callable[[str], None] = lambda _: None, **options: Any,
) -> Callable[[NDArray[np.bool_]], Baselines]:  # fmt: skip
    """The baselines for a set of sites, fitted or read once each; ``options`` as of :func:`baselines_for`."""
    found: dict[bytes, Baselines] = {}

    def get(present: NDArray[np.bool_]) -> Baselines:
        key = present.tobytes()
        if key not in found:
            found[key] = baselines_for(
                present, subject.implant, subject.sites, subject.scales, subject.rate, band, control=control, say=say,
                **options,
            )  # fmt: skip
        return found[key]

    return get


def evaluate_model(
    subject: Subject, band: tuple[float, float], baselines: Callable[[NDArray[np.bool_]], Baselines], *,
    patients: int = PATIENTS, seconds: float = SECONDS, local_share: float = MAIN_SHARE, draws: int = DRAWS,
    seed: int = 0, first_seed: int = FIRST_TEST_SEED, control: Control | None = None,
) -> Measured:  # fmt: skip
    """Measure on simulated patients of one local share, beside ``baselines``. Raises: Cancelled."""
    people = standard_patients(
        subject, band, patients=patients, seconds=seconds, local_share=local_share, first_seed=first_seed
    )
    return measure(subject, people, baselines, draws=draws, seed=seed, seconds=patients * seconds, control=control)


def described(
    patients: int, seconds: float, sites: tuple[str, ...], first_seed: int = FIRST_TEST_SEED
) -> str:  # fmt: skip
    """What the standard figures are of, in words."""
    recorded = [s for s in STANDARD_SITES if s in sites]
    return (
        f"{patients} simulated patients that training never saw (seeds from {first_seed}), {seconds:g} s each, "
        f"recorded with the {len(recorded)} sites {' '.join(recorded)}"
    )


def calibrate(
    subject: Subject, band: tuple[float, float], *, patients: int = PATIENTS, seconds: float = CALIBRATION_SECONDS,
    draws: int = DRAWS, seed: int = 0, control: Control | None = None,
) -> Calibration:  # fmt: skip
    """How often the bands hold, on patients by which nothing else is judged, of local shares as training has them.

    Raises: Cancelled.
    """
    people = simulated_patients(
        subject.implant, subject.sites, count=patients, seconds=seconds, rate=subject.rate, local_share=LOCAL_SHARE,
        first_seed=FIRST_CALIBRATION_SEED, band=band,
    )  # fmt: skip
    counts = ranks_counted(subject, people, draws=draws, seed=seed, seconds=patients * seconds, control=control)
    low, high = LOCAL_SHARE
    return calibration_of(
        counts,
        f"{patients} simulated patients apart from those of training and of the figures, {seconds:g} s each, local "
        f"share {low:g} to {high:g}, {draws} draws",
    )


def figures_for_card(
    summaries: Mapping[float, Mapping[str, Any]], on: str, verdicts: list[dict[str, Any]], command: str,
    first_seed: int = FIRST_TEST_SEED,
) -> tuple[dict[str, Any], tuple[ContactMeasure, ...]]:  # fmt: skip
    """A card's ``measured`` and ``contacts`` from summaries by local share; the first share is the main one."""
    share, *beside = summaries
    main = summaries[share]
    measured = {
        "on": on,
        "local_share": share,
        "first_seed": first_seed,
        "command": command,
        "asked": verdicts,
        **{key: value for key, value in main.items() if key not in _LEFT_OUT},
        "spectrum_error_db": main["spectrum"].get("error_db"),
        "at_other_local_shares": {f"{s:g}": {key: summaries[s].get(key) for key in _BESIDE} for s in beside},
    }
    each = main["contacts"]
    contacts = tuple(
        ContactMeasure(name, *(_number(each[key][i]) for key in ("r", "spread_ratio", "coverage50", "coverage90")))
        for i, name in enumerate(each["name"])
        if all(each[key][i] is not None for key in ("r", "spread_ratio", "coverage50", "coverage90"))
    )
    return measured, contacts


def _number(value: float) -> float:
    return round(float(value), 3)
