"""What of a view is remembered from one time to the next: for every recording, and for the one that is left."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

from neuroflow.recording import ChannelKind, Recording
from neuroflow.review import Left
from neuroflow.signal.filters import Filters
from neuroflow.signal.montage import MONTAGES
from neuroflow.units import MICROVOLT
from neuroflow_review.kinds import STANDARD, KindView
from neuroflow_review.session.montages import Montages
from neuroflow_review.session.origin import provenance_of
from neuroflow_review.session.reconstruction import Reconstruction
from neuroflow_review.session.state import AFRESH, ViewState
from neuroflow_review.settings import Settings, kind_key

_CUTS = ("low_cut", "high_cut", "notch")
_EEG = (ChannelKind.EEG, ChannelKind.IEEG)


def initial_state(settings: Settings, montages: Montages) -> ViewState:
    """The view that a recording opens in."""
    get = settings.get
    montage = get("page.montage")
    own = montages.get(montage)
    return ViewState(
        seconds=get("page.seconds"),
        paper_speed=get("page.paper_speed") or None,
        montage=montage if own is not None or montage in MONTAGES else "longitudinal",
        own=own,
        interleaved=get("page.interleaved"),
        sensitivity=get("page.sensitivity") * MICROVOLT,
        filters=_kept_filters(settings, "page"),
        kinds=tuple(_kept_kind(settings, view) for view in STANDARD),
        depth_sensitivity=get("reconstruction.sensitivity") * MICROVOLT,
        depth_filters=_kept_filters(settings, "reconstruction"),
        samples=get("reconstruction.samples"),
        seed=get("reconstruction.seed"),
        device=get("reconstruction.device"),
        spikes_shown=get("spikes.shown"),
        spike_sensitivity=get("spikes.sensitivity"),
        private=get("look.privacy"),
    )


def _kept_filters(settings: Settings, panel: str) -> Filters:
    return Filters(*(settings.get(f"{panel}.{cut}") or None for cut in _CUTS))


def _kept_kind(settings: Settings, view: KindView) -> KindView:
    scale, low, high = (settings.get(kind_key(view.kind, what)) for what in ("scale", "low_cut", "high_cut"))
    scale = round(scale * MICROVOLT, 12) if view.in_volts else scale  # a rung of its ladder, to the last digit
    return replace(view, scale=scale, filters=Filters(low or None, high or None))


def _said_of_kind(view: KindView) -> tuple[tuple[str, float], ...]:
    scale = view.scale / MICROVOLT if view.in_volts else view.scale
    kept = (("scale", scale), ("low_cut", view.filters.low_cut or 0.0), ("high_cut", view.filters.high_cut or 0.0))
    return tuple((kind_key(view.kind, what), value) for what, value in kept)


def first_shafts(shafts: tuple[str, ...]) -> tuple[str, ...]:
    """What is shown at first: one shaft, so that its bands have room; the anterior hippocampus where there is one."""
    return tuple(s for s in shafts if s == "AHL") or shafts[:1]


def remember(state: ViewState, settings: Settings) -> None:
    """Keep what :func:`initial_state` begins with."""
    for key, value in (
        ("page.seconds", state.seconds),
        ("page.paper_speed", state.paper_speed or 0.0),
        ("page.montage", state.montage),
        ("page.interleaved", state.interleaved),
        ("page.sensitivity", state.sensitivity / MICROVOLT),
        *((f"page.{cut}", getattr(state.filters, cut) or 0.0) for cut in _CUTS),
        *(kept for view in state.kinds for kept in _said_of_kind(view)),
        *((f"reconstruction.{cut}", getattr(state.depth_filters, cut) or 0.0) for cut in _CUTS),
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


def left_here(state: ViewState, work: Reconstruction) -> Left:
    """How the recording would be left now."""
    provenance = provenance_of(work) if work.has_any else None
    bad = tuple(sorted(state.bad))
    return Left(round(state.start, 3), state.montage, state.interleaved, bad, provenance, state.blinded)


def all_reconstructed(recording: Recording) -> bool:
    """Whether a recording is itself a reconstruction: so is every channel of EEG in it."""
    made = [c.reconstructed for c in recording.channels if c.kind in _EEG and c.rate > 0]
    return bool(made) and all(made)


def as_left(left: Left | None, recording: Recording, montages: Montages) -> dict[str, Any]:
    """The fields of a view in which a recording opens, as :func:`left_here` kept them; what it lacks now is dropped."""
    fresh = {**AFRESH, "all_reconstructed": all_reconstructed(recording)}
    if left is None:
        return fresh
    there = {c.name for c in recording.channels}
    found = {**fresh, "bad": frozenset(left.bad) & there, "blinded": left.blinded}
    own = montages.get(left.montage)
    if own is not None or left.montage in MONTAGES:
        found |= {"montage": left.montage, "own": own, "interleaved": left.interleaved}
    return found
