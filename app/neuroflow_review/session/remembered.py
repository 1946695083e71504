"""What of a view is remembered from one time to the next."""

from __future__ import annotations

import contextlib

from neuroflow.signal.filters import Filters
from neuroflow.signal.montage import MONTAGES
from neuroflow.units import MICROVOLT
from neuroflow_review.session.state import ViewState
from neuroflow_review.settings import Settings


def initial_state(settings: Settings) -> ViewState:
    """The view that a recording opens in."""
    get = settings.get
    montage = get("page.montage")
    filters = Filters(get("page.low_cut") or None, get("page.high_cut") or None, get("page.notch") or None)
    return ViewState(
        seconds=get("page.seconds"),
        montage=montage if montage in MONTAGES else "longitudinal",
        sensitivity=get("page.sensitivity") * MICROVOLT,
        filters=filters,
        depth_sensitivity=get("reconstruction.sensitivity") * MICROVOLT,
        samples=get("reconstruction.samples"),
        seed=get("reconstruction.seed"),
        device=get("reconstruction.device"),
        spikes_shown=get("spikes.shown"),
        spike_sensitivity=get("spikes.sensitivity"),
        private=get("look.privacy"),
    )


def remember(state: ViewState, settings: Settings) -> None:
    """Keep what :func:`initial_state` begins with."""
    filters = state.filters
    for key, value in (
        ("page.seconds", state.seconds),
        ("page.montage", state.montage),
        ("page.sensitivity", state.sensitivity / MICROVOLT),
        ("page.low_cut", filters.low_cut or 0.0),
        ("page.high_cut", filters.high_cut or 0.0),
        ("page.notch", filters.notch or 0.0),
        ("reconstruction.sensitivity", state.depth_sensitivity / MICROVOLT),
        ("reconstruction.samples", state.samples),
        ("reconstruction.seed", state.seed),
        ("reconstruction.device", state.device),
        ("spikes.shown", state.spikes_shown),
        ("spikes.sensitivity", state.spike_sensitivity),
        ("look.privacy", state.private),
    ):
        with contextlib.suppress(ValueError):
            settings.set(key, value)
    settings.save()
