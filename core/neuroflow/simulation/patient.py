"""A simulated patient ("twin"): draw one, then simulate scalp EEG and the potentials at the contacts together.

The scalp sees sources through a drawn four-shell head; the contacts see the same sources through a homogeneous
conductor, plus what is local to them. Amplitudes at the contacts are calibrated, not derived: each contact's background
is brought to the rms that depth recordings have, and the discharges follow with the same relative factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroflow.anatomy.implant import Implant
from neuroflow.recording import Samples
from neuroflow.simulation.artefacts import Artefact, Nuisance, add_artefacts, draw_nuisance
from neuroflow.simulation.background import (
    Local,
    Population,
    background_variance,
    draw_local,
    draw_populations,
    make_population,
    scale_depth,
)
from neuroflow.simulation.discharges import Discharge, Focus, add_discharges, draw_foci
from neuroflow.simulation.heads import Head, depth_gain, draw_head, scalp_gain
from neuroflow.simulation.noise import MODEL_BAND, LowPass, band_limit
from neuroflow.simulation.sleep import SleepFields, add_sleep, draw_sleep_fields, slow_energy
from neuroflow.simulation.sources import Sources, contact_positions, draw_sources
from neuroflow.simulation.states import State, Stretch, draw_timeline, level

Array = NDArray[np.float64]

SITES = tuple(
    "Fp1 Fp2 F7 F3 Fz F4 F8 T3 C3 Cz C4 T4 T5 P3 Pz P4 T6 O1 O2 F9 F10 T9 T10 P9 P10 A1 A2".split()
)  # fmt: skip
LOCAL_SHARE = 0.5
# Background rms at a contact, mean over states: median and spread (log) over patients, and how much of the spread
# between contacts that the conductor gives is kept.
DEPTH_RMS_UV = 130.0
DEPTH_RMS_SPREAD = 0.12
KEPT_CONTRAST = 0.3
# Simulated beyond either end, so that filters and envelopes have something there.
MARGIN_SECONDS = 4.0


@dataclass(frozen=True)
class Patient:
    """One simulated patient: all that stays the same from second to second.

    ``contacts_mm`` (contact, 3) are where the contacts really are, a few millimetres off the implant's positions.
    ``contact_noise`` (contact,) is the rms of white noise in volts. ``discharge_rate`` is the stated factor on the
    rates of discharges.
    """

    seed: int
    implant: Implant
    head: Head
    sources: Sources
    contacts_mm: Array
    populations: tuple[Population, ...]
    local: Local
    sleep: SleepFields
    foci: tuple[Focus, ...]
    nuisance: Nuisance
    contact_noise: Array
    discharge_rate: float

    @property
    def sites(self) -> tuple[str, ...]:
        return self.head.sites


@dataclass(frozen=True)
class Twin:
    """What a simulated patient gives.

    ``scalp`` (site, time) and ``depth`` (contact, time) float32 volts, both against a reference at infinity. ``local``
    (contact, time) is the part of ``depth`` that no source shares. ``discharges``, ``states`` and ``artefacts`` are the
    truth, in seconds from the first sample.
    """

    rate: float
    sites: tuple[str, ...]
    contacts: tuple[str, ...]
    scalp: Samples
    depth: Samples
    local: Samples
    discharges: tuple[Discharge, ...]
    states: tuple[State, ...]
    artefacts: tuple[Artefact, ...]


def draw_patient(
    rng_seed: int, implant: Implant, *, local_share: float = LOCAL_SHARE, sites: Sequence[str] = SITES,
    discharge_rate: float = 1.0, side: str | None = None,
) -> Patient:  # fmt: skip
    """A patient by seed: head, electrodes, sources, rhythms, foci and nuisances.

    ``local_share`` (0 to below 1) is the share of each contact's background power that has no scalp field. At a
    ``discharge_rate`` of 1 the foci together fire about eight times a minute (hippocampal 4, propagated 2.5, lateral
    1.2, log-normal between patients, by state 0.7 to 1.6 times that): an active focus. ``side`` forbids the other one.
    Raises: ValueError for a share outside its range, KeyError for an unknown site.
    """
    if not 0.0 <= local_share < 1.0:
        raise ValueError("the local share lies between 0 and 1, and 1 leaves nothing to reconstruct")
    rng = np.random.default_rng([0x7711, rng_seed])
    head = draw_head(rng, sites)
    sources = draw_sources(rng, head)
    mni = _contacts(rng, implant)
    at_scalp = scalp_gain(head, sources.positions, sources.orientations) * sources.openness
    at_depth = depth_gain(
        contact_positions(head, mni), sources.positions, sources.orientations, sources.extents, sources.openness
    )
    populations = draw_populations(rng, sources, at_scalp, at_depth)
    sleep = draw_sleep_fields(rng, sources, at_scalp, at_depth)

    natural = np.sqrt(background_variance(populations, len(sites)))
    typical = float(np.median(natural))
    wanted = DEPTH_RMS_UV * 1e-6 * np.exp(rng.normal(0.0, DEPTH_RMS_SPREAD)) * (natural / typical) ** KEPT_CONTRAST
    factors = wanted * np.sqrt(1.0 - local_share) / natural
    relative = factors / np.median(factors)
    populations = tuple(scale_depth(population, len(sites), factors) for population in populations)
    return Patient(
        seed=rng_seed,
        implant=implant,
        head=head,
        sources=sources,
        contacts_mm=mni,
        populations=populations,
        local=draw_local(rng, tuple(contact.shaft for contact in implant.contacts), mni, local_share),
        sleep=sleep.scaled_depth(len(sites), factors),
        foci=draw_foci(rng, sources, at_scalp, at_depth * relative[:, None], discharge_rate, side),
        nuisance=draw_nuisance(rng, head),
        contact_noise=rng.uniform(1.0, 2.0, len(implant.contacts)) * 1e-6,
        discharge_rate=discharge_rate,
    )


def simulate(
    patient: Patient, seconds: float, rng_seed: int, rate: float = 100.0, *,
    band: tuple[float, float] = MODEL_BAND, timeline: Sequence[State] | None = None,
) -> Twin:  # fmt: skip
    """``seconds`` of a patient at ``rate`` hertz within ``band``, the same for the same seeds.

    White noise of the sensors (1 to 2 µV rms, to half the rate) comes after the band, so there is a noise floor to
    state. ``timeline`` gives the states instead of drawing them. Raises: ValueError where band and rate do not fit.
    """
    if not 0 < band[0] < band[1] <= 0.5 * rate:
        raise ValueError(f"a band of {band[0]} to {band[1]} Hz does not fit a rate of {rate} Hz")
    rng = np.random.default_rng([0x7712, patient.seed, rng_seed])
    length = round(seconds * rate)
    margin = round(MARGIN_SECONDS * rate)
    states = tuple(timeline) if timeline is not None else draw_timeline(rng, seconds)
    stretch = Stretch(states, -margin / rate, length + 2 * margin, rate)
    sites = len(patient.sites)

    data, rest, slow = _background(rng, patient, stretch)
    add_sleep(rng, data, patient.sleep, stretch)
    local = patient.local.make(rng, stretch, rest, slow)
    discharges = add_discharges(rng, data, patient.foci, stretch)
    artefacts = add_artefacts(rng, data[:sites], patient.nuisance, stretch)

    kept = slice(margin, margin + length)
    data = band_limit(data, rate, band)[:, kept]
    local = np.ascontiguousarray(band_limit(local, rate, band)[:, kept])
    scalp, depth = data[:sites], data[sites:] + local
    scalp = scalp + _white(rng, patient.nuisance.noise, length)
    depth += _white(rng, patient.contact_noise, length)
    for samples in (scalp, depth, local):
        samples.flags.writeable = False
    return Twin(
        rate=rate,
        sites=patient.sites,
        contacts=tuple(contact.name for contact in patient.implant.contacts),
        scalp=scalp,
        depth=depth,
        local=local,
        discharges=tuple(d for d in discharges if 0 <= d.time < seconds),
        states=states,
        artefacts=tuple(a for a in artefacts if 0 <= a.time < seconds),
    )


def _background(rng: np.random.Generator, patient: Patient, stretch: Stretch) -> tuple[Samples, Samples, Samples]:
    """Background of all populations (site + contact, time), and its momentary variance at the contacts in two parts.

    The second part is that of slow activity and slow waves, the first that of everything else.
    """
    sites = len(patient.sites)
    noises, modes = [], []
    parts: dict[bool, list[tuple[Array, Samples]]] = {False: [], True: []}
    for population in patient.populations:
        noise, strength = make_population(rng, population, stretch)
        noise *= strength
        noises.append(noise)
        modes.append(population.modes)
        parts[isinstance(population.spectrum, LowPass)].append((population.variance()[sites:], strength**2))
    energy, per_second = slow_energy(patient.sleep)
    every = {state.name: per_second.get(state.name, 0.0) for state in stretch.states}
    parts[True].append((energy[sites:], level(stretch, every)))
    data = np.hstack(modes) @ np.vstack(noises)
    rest, slow = (
        np.stack([v for v, _ in part], axis=1).astype(np.float32) @ np.stack([p for _, p in part])
        for part in (parts[False], parts[True])
    )
    return data, rest, slow


def _white(rng: np.random.Generator, rms: Array, length: int) -> Samples:
    return rng.standard_normal((rms.size, length), dtype=np.float32) * rms[:, None].astype(np.float32)


def _contacts(rng: np.random.Generator, implant: Implant) -> Array:
    """Where the contacts really are (contact, 3), MNI mm: a shaft is off by 2 mm, each contact by half a one more."""
    moved = {shaft: rng.normal(0.0, 2.0, 3) for shaft in implant.shafts}
    return np.array(
        [np.asarray(c.mni) + moved[c.shaft] + rng.normal(0.0, 0.5, 3) for c in implant.contacts]
    )  # fmt: skip
