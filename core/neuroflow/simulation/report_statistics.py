"""What one simulated recording is like: spectra, amplitudes, fields of rhythms, artefacts and discharges.

Everything at the scalp is in average reference over all simulated sites, whatever the tree's montage keeps. Windows of
background hold no artefact and no discharge, so that the simulation's truth does the reader's work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neuroflow.anatomy.implant import Implant
from neuroflow.simulation.discharges import Focus, add_discharges
from neuroflow.simulation.noise import MODEL_BAND, band_limit
from neuroflow.simulation.patient import Patient, Twin
from neuroflow.simulation.report_correlation import Correlations, correlations, in_band, mean_correlation
from neuroflow.simulation.report_spectra import Aperiodic, aperiodic, spectra
from neuroflow.simulation.states import N2, N3, STATES, State, Stretch

Array = NDArray[np.float64]

WINDOW_SECONDS = 2.0
FEWEST_WINDOWS = 4
CLIP_SECONDS = 5.0  # as long as the real recording, so that rms and correlation compare
MUSCLE_HZ = (30.0, 80.0)
BLINK_SECONDS = (0.05, 0.40)
FOCUS_SECONDS, FOCUS_PER_MINUTE = 240.0, 20.0
PEAK_SECONDS = (-0.05, 0.15)
SEEN_RATIO = 2.0


@dataclass(frozen=True)
class FocusFigures:
    """One extent on one side, simulated without any background.

    ``field`` (site,) volts in average reference at the peak of the average; ``averaged`` its largest absolute value;
    ``single`` (discharge,) the largest value of each at any site over the background's rms there; ``depth`` (volts) the
    average's largest peak at a contact.
    """

    extent: str
    side: str
    field: Array
    averaged: float
    single: Array
    depth: float


@dataclass(frozen=True)
class RecordingFigures:
    """One recording. Volts, hertz; ``sites`` and contacts in the twin's order.

    ``depth_psd`` (contact, frequency), ``deep_sleep_psd`` the same in N3 or None; ``depth_rms`` (contact,) over windows
    as long as the real clip. ``scalp_psd`` by state (site, frequency) and ``scalp_rms`` (site,) of background windows.
    ``blink`` (site,) at its peak, ``muscle`` (site,) rms during bursts above that outside. ``shared`` is how alike
    contacts are, ``deep_shared`` the same in N3.
    """

    subject: str
    sites: tuple[str, ...]
    frequencies: Array
    depth_psd: Array
    deep_sleep_psd: Array | None
    fits: tuple[Aperiodic, ...]
    depth_rms: Array
    scalp_psd: dict[str, Array]
    scalp_rms: dict[str, Array]
    blink: Array | None
    muscle: Array | None
    shared: Correlations
    deep_shared: Correlations | None
    foci: tuple[FocusFigures, ...]


def recording_figures(subject: str, patient: Patient, twin: Twin, *, with_foci: bool = True) -> RecordingFigures:
    """Everything that the page shows of one recording; the foci once a patient are enough."""
    scalp = twin.scalp.astype(np.float64)
    scalp -= scalp.mean(axis=0)
    depth = twin.depth.astype(np.float64)
    f, depth_psd = spectra(depth, twin.rate)
    calm = background_windows(twin)
    by_state = {state: _windows(scalp, twin.rate, calm.get(state, ())) for state in STATES}
    scalp_psd, scalp_rms = {}, {}
    for state, windows in by_state.items():
        if len(windows) >= FEWEST_WINDOWS:
            tapered = spectra(np.concatenate(windows), twin.rate)[1]
            scalp_psd[state] = tapered.reshape(len(windows), len(twin.sites), -1).mean(axis=0)
            limited = [in_band(window, twin.rate) for window in windows]
            scalp_rms[state] = np.sqrt(np.mean([np.square(w).mean(axis=1) for w in limited], axis=0))
    deep = [(s.start, s.stop) for s in twin.states if s.name == N3 and s.stop - s.start >= CLIP_SECONDS]
    deep_depth = [_cut(depth, twin.rate, *span) for span in deep]
    names = _contact_names(patient.implant)
    quiet = scalp_rms.get(N2, next(iter(scalp_rms.values()), np.full(len(twin.sites), 15e-6)))
    return RecordingFigures(
        subject=subject,
        sites=twin.sites,
        frequencies=f,
        depth_psd=depth_psd,
        deep_sleep_psd=np.mean([spectra(part, twin.rate)[1] for part in deep_depth], axis=0) if deep else None,
        fits=tuple(aperiodic(f, one) for one in depth_psd),
        depth_rms=_clip_rms(depth, twin.rate),
        scalp_psd=scalp_psd,
        scalp_rms=scalp_rms,
        blink=_blink(scalp, twin),
        muscle=_muscle(scalp, twin),
        shared=_shared([depth], twin.rate, names),
        deep_shared=_shared(deep_depth, twin.rate, names) if deep else None,
        foci=tuple(focus_figures(patient, focus, quiet, twin.rate) for focus in patient.foci) if with_foci else (),
    )


def background_windows(twin: Twin) -> dict[str, tuple[float, ...]]:
    """Starts (s) of windows that lie in one state and hold neither artefact nor discharge, by state."""
    busy = [(a.time - 0.2, a.time + a.duration + 0.2) for a in twin.artefacts]
    busy += [(d.time - 0.3, d.time + d.duration + 0.1) for d in twin.discharges]
    found: dict[str, list[float]] = {}
    for state in twin.states:
        # A second after a change the rhythms have settled.
        starts = np.arange(state.start + 1.0, state.stop - WINDOW_SECONDS, WINDOW_SECONDS)
        free = [t for t in starts if not any(a < t + WINDOW_SECONDS and t < b for a, b in busy)]
        found.setdefault(state.name, []).extend(float(t) for t in free)
    return {name: tuple(starts) for name, starts in found.items()}


def focus_figures(patient: Patient, focus: Focus, background: Array, rate: float) -> FocusFigures:
    """Discharges of one focus alone, in stage N2; ``background`` (site,) is the rms that they must stand out of.

    The average is aligned on the simulated peaks, as Koessler 2015 aligned on those in depth.
    """
    length = round(FOCUS_SECONDS * rate)
    sites = len(patient.sites)
    data = np.zeros((sites + len(patient.implant.contacts), length), dtype=np.float32)
    stretch = Stretch((State(N2, 0.0, FOCUS_SECONDS),), 0.0, length, rate)
    rng = np.random.default_rng([0x7744, patient.seed])
    found = add_discharges(rng, data, (replace(focus, per_minute=FOCUS_PER_MINUTE),), stretch)
    data = band_limit(data, rate, MODEL_BAND)
    first, last = (round(t * rate) for t in PEAK_SECONDS)
    cuts = [round(d.time * rate) for d in found]
    cuts = [at for at in cuts if at + first >= 0 and at + last <= length]
    epochs = np.stack([data[:, at + first : at + last] for at in cuts]).astype(np.float64)
    scalp = epochs[:, :sites] - epochs[:, :sites].mean(axis=1, keepdims=True)
    mean = scalp.mean(axis=0)
    peak = np.unravel_index(int(np.abs(mean).argmax()), mean.shape)[1]
    return FocusFigures(
        extent=focus.extent,
        side=focus.side,
        field=mean[:, peak],
        averaged=float(np.abs(mean).max()),
        single=(np.abs(scalp).max(axis=2) / background).max(axis=1),
        depth=float(np.abs(epochs[:, sites:].mean(axis=0)).max()),
    )


def _windows(data: Array, rate: float, starts: Sequence[float]) -> list[Array]:
    return [_cut(data, rate, start, start + WINDOW_SECONDS) for start in starts]


def _cut(data: Array, rate: float, start: float, stop: float) -> Array:
    first = round(start * rate)
    return data[:, first : first + round((stop - start) * rate)]


def _clip_rms(depth: Array, rate: float) -> Array:
    """Median over stretches as long as the real clip of each contact's rms."""
    step = round(CLIP_SECONDS * rate)
    parts = [depth[:, first : first + step].std(axis=1) for first in range(0, depth.shape[1] - step + 1, step)]
    return np.asarray(np.median(parts, axis=0))


def _shared(parts: Sequence[Array], rate: float, names: Sequence[tuple[str, int]]) -> Correlations:
    """Mean over stretches as long as the real clip, in the model's band."""
    step = round(CLIP_SECONDS * rate)
    found = []
    for part in parts:
        limited = in_band(part, rate)
        starts = range(0, part.shape[1] - step + 1, step)
        found += [correlations(limited[:, first : first + step], names) for first in starts]
    return Correlations(
        mean_correlation([one.recorded for one in found]), mean_correlation([one.averaged for one in found])
    )


def _contact_names(implant: Implant) -> list[tuple[str, int]]:
    """Shaft and number along it."""
    return [
        (shaft, number) for shaft in implant.shafts for number, _ in enumerate(implant.contacts_of(shaft), start=1)
    ]  # fmt: skip


def _blink(scalp: Array, twin: Twin) -> Array | None:
    """Mean over blinks of the potential at the blink's peak against just before it (site,)."""
    first, last = (round(t * twin.rate) for t in BLINK_SECONDS)
    before = round(0.3 * twin.rate)
    found = []
    for blink in (a for a in twin.artefacts if a.kind == "blink"):
        at = round(blink.time * twin.rate)
        if at - before >= 0 and at + last <= scalp.shape[1]:
            part = scalp[:, at + first : at + last]
            peak = int(part.std(axis=0).argmax())
            found.append(part[:, peak] - scalp[:, at - before : at].mean(axis=1))
    return np.asarray(np.mean(found, axis=0)) if len(found) >= FEWEST_WINDOWS else None


def _muscle(scalp: Array, twin: Twin) -> Array | None:
    """Rms above 30 Hz during bursts, less (in power) that of the whole recording's median second (site,)."""
    fast = band_limit(scalp.astype(np.float32), twin.rate, MUSCLE_HZ).astype(np.float64)
    second = round(twin.rate)
    seconds = fast[:, : fast.shape[1] // second * second].reshape(len(fast), -1, second)
    rest = np.median(np.square(seconds).mean(axis=2), axis=1)
    bursts = [
        np.square(_cut(fast, twin.rate, a.time, a.time + a.duration)).mean(axis=1)
        for a in twin.artefacts
        if a.kind == "muscle" and a.time + a.duration < scalp.shape[1] / twin.rate and a.duration > 0.1
    ]
    if len(bursts) < FEWEST_WINDOWS:
        return None
    return np.asarray(np.sqrt(np.maximum(np.mean(bursts, axis=0) - rest, 0.0)))
