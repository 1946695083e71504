"""Laws of the simulated patient: physics of its head, amplitudes and spectra of its signals, its truth, its seeds."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from neuroflow.anatomy.head import site_directions
from neuroflow.anatomy.implant import load_implant
from neuroflow.simulation.discharges import Focus, add_discharge
from neuroflow.simulation.heads import Head, depth_gain, draw_head, scalp_gain
from neuroflow.simulation.noise import MODEL_BAND, Aperiodic, Broad, LowPass, Peak, Spectrum, band_limit, shaped
from neuroflow.simulation.patient import SITES, Patient, Twin, draw_patient, simulate
from neuroflow.simulation.shapes import SpikeWave, draw_spike_wave
from neuroflow.simulation.sources import MESIAL, draw_sources, in_cortex
from neuroflow.simulation.states import (
    EYES_CLOSED,
    EYES_OPEN,
    N2,
    N3,
    STATES,
    State,
    Stretch,
    draw_timeline,
    level,
    occurrences,
)

Array = NDArray[np.float64]


@lru_cache(maxsize=16)
def patient(seed: int, share: float = 0.5) -> Patient:
    return draw_patient(seed, load_implant(), local_share=share)


@lru_cache(maxsize=16)
def twin(seed: int, share: float = 0.5, state: str = N2, seconds: float = 60.0) -> Twin:
    return simulate(patient(seed, share), seconds, 1, timeline=[State(state, 0.0, seconds)])


def head(sites: tuple[str, ...] = ("T3", "T4", "Cz", "Fp1", "Fp2", "O1")) -> Head:
    directions = site_directions(sites)
    return Head(0.09, (0.90, 0.92, 0.97, 1.0), (0.33, 1.0, 0.004, 0.33), sites, directions * 0.09)


# The head


def test_scalp_potentials_agree_with_mne() -> None:
    import mne

    rng = np.random.default_rng(0)
    here = head()
    directions = rng.normal(size=(60, 3))
    positions = directions / np.linalg.norm(directions, axis=1)[:, None] * rng.uniform(0.2, 0.95, (60, 1)) * 0.081
    orientations = rng.normal(size=(60, 3))
    sphere = mne.make_sphere_model(
        (0.0, 0.0, 0.0), 0.09, relative_radii=here.relative_radii, sigmas=here.conductivities, verbose="error"
    )
    info = mne.create_info(list(here.sites), 100.0, "eeg", verbose="error")
    places = dict(zip(here.sites, here.electrodes, strict=True))
    info.set_montage(mne.channels.make_dig_montage(places, coord_frame="head"), verbose="error")
    normals = orientations / np.linalg.norm(orientations, axis=1)[:, None]
    space = mne.setup_volume_source_space(pos={"rr": positions, "nn": normals}, sphere_units="m", verbose="error")
    forward = mne.make_forward_solution(info, None, space, sphere, meg=False, eeg=True, mindist=0.0, verbose="error")
    free = forward["sol"]["data"].reshape(len(here.sites), -1, 3)
    theirs = np.einsum("esk,sk->es", free, orientations)
    ours = scalp_gain(here, positions, orientations)
    assert np.abs(ours - theirs).max() < 0.01 * np.abs(theirs).max()


def test_in_a_uniform_ball_a_dipole_at_the_centre_gives_its_closed_form() -> None:
    here = replace(head(), conductivities=(0.33, 0.33, 0.33, 0.33))
    moment = np.array([[0.3, -0.4, 0.8]])
    # V = 3 p cos(angle) / (4 pi sigma R^2): three times what an infinite conductor shows.
    expected = 3.0 * here.electrodes @ moment.T / 0.09 / (4 * np.pi * 0.33 * 0.09**2)
    assert scalp_gain(here, np.array([[0.0, 0.0, 1e-9]]), moment) == pytest.approx(expected, rel=1e-5)


def test_the_head_is_symmetric_and_a_bad_skull_conductor_damps() -> None:
    here = head()
    mirror = np.array([-1.0, 1.0, 1.0])
    here = replace(here, electrodes=np.array([[-0.09, 0, 0], [0.09, 0, 0]]), sites=("left", "right"))
    position, orientation = np.array([[-0.05, 0.01, 0.02]]), np.array([[-1.0, 0.2, 0.1]])
    one = scalp_gain(here, position, orientation)
    other = scalp_gain(here, position * mirror, orientation * mirror)
    assert one == pytest.approx(other[::-1])
    worse = replace(here, conductivities=(0.33, 1.0, 0.002, 0.33))
    assert abs(scalp_gain(worse, position, orientation)[0, 0]) < abs(one[0, 0])


def test_deep_sources_show_less_and_outside_ones_are_refused() -> None:
    here = replace(head(), electrodes=np.array([[0.0, 0.0, 0.09]]), sites=("Cz",))
    depths = np.array([[0, 0, z] for z in (0.01, 0.03, 0.05, 0.07)])
    gains = scalp_gain(here, depths, np.tile([0.0, 0.0, 1.0], (4, 1)))[0]
    assert (np.diff(gains) > 0).all()
    with pytest.raises(ValueError, match="outside"):
        scalp_gain(here, np.array([[0.0, 0.0, 0.085]]), np.array([[0.0, 0.0, 1.0]]))


def test_potential_in_depth_falls_with_distance_and_faster_where_it_is_closed() -> None:
    contacts = np.array([[0.0, 0.0, z] for z in (0.01, 0.02, 0.04, 0.08)])
    origin, up, extent = np.zeros((1, 3)), np.array([[0.0, 0.0, 1.0]]), np.array([0.004])
    open_field = depth_gain(contacts, origin, up, extent, np.array([1.0]))[:, 0]
    closed = depth_gain(contacts, origin, up, extent, np.array([0.1]))[:, 0]
    assert (np.diff(open_field) < 0).all()
    # Far from an open source: the dipole of an infinite conductor.
    assert open_field[-1] == pytest.approx(1 / (4 * np.pi * 0.33 * 0.08**2), rel=0.01)
    assert (np.diff(closed / open_field) < 0).all()
    assert closed[-1] / open_field[-1] == pytest.approx(0.1, rel=0.02)
    assert depth_gain(-contacts, origin, up, extent, np.array([0.1]))[:, 0] == pytest.approx(-closed)


def test_sources_lie_in_the_cerebrum_on_both_sides() -> None:
    rng = np.random.default_rng(3)
    here = draw_head(rng, SITES)
    sources = draw_sources(rng, here)
    assert 250 < len(sources.names) < 450
    assert np.linalg.norm(sources.positions, axis=1).max() < 0.97 * here.brain_radius
    assert np.linalg.norm(sources.orientations, axis=1) == pytest.approx(1.0)
    for side in ("left", "right"):
        assert len(sources.where(side, *MESIAL)) == len(MESIAL)
    assert not in_cortex(np.array([[20.0, -70.0, -45.0], [0.0, -30.0, -40.0]])).any()
    assert in_cortex(np.array([[55.0, -10.0, -25.0], [0.0, -95.0, 5.0], [30.0, 30.0, 45.0]])).all()


# Noise, states, shapes


@pytest.mark.parametrize(
    "spectrum", [Aperiodic(1.4, 10.0, 3.5), Peak(10.0, 0.7, 0.05), LowPass(3.0), Broad(14.0, 40.0)]
)
def test_noise_has_unit_variance_within_the_band_at_any_rate(spectrum: Spectrum) -> None:
    for rate in (100.0, 200.0):
        noise = shaped(np.random.default_rng(0), 12, 20_000, rate, spectrum)
        assert band_limit(noise, rate, MODEL_BAND).var() == pytest.approx(1.0, abs=0.12)


def test_aperiodic_noise_has_its_exponents() -> None:
    from scipy.signal import welch

    noise = shaped(np.random.default_rng(1), 20, 40_000, 200.0, Aperiodic(1.5, 8.0, 3.5))
    f, power = welch(noise, 200.0, nperseg=800)
    mean = power.mean(axis=0)

    def slope(low: float, high: float) -> float:
        inside = (f >= low) & (f <= high)
        return float(np.polyfit(np.log(f[inside]), np.log(mean[inside]), 1)[0])

    assert slope(1, 3) == pytest.approx(-1.5, abs=0.25)
    assert slope(30, 80) == pytest.approx(-3.5, abs=0.25)


def test_band_limit_keeps_what_is_inside_and_shifts_nothing() -> None:
    t = np.arange(4000) / 100.0
    inside = np.sin(2 * np.pi * 10 * t).astype(np.float32)
    outside = np.sin(2 * np.pi * 0.1 * t).astype(np.float32)
    kept = band_limit(np.stack([inside, outside]), 100.0, MODEL_BAND)
    assert kept[0] == pytest.approx(inside, abs=1e-4)
    assert np.abs(kept[1]).max() < 1e-4


def test_timelines_fill_the_time_and_levels_follow_them() -> None:
    states = draw_timeline(np.random.default_rng(0), 900.0)
    assert states[0].start == 0.0
    assert states[-1].stop == 900.0
    assert all(a.stop == b.start and a.name != b.name for a, b in pairwise(states))
    fixed = (State(EYES_OPEN, 0, 10), State(EYES_CLOSED, 10, 20))
    strength = level(Stretch(fixed, -1.0, 2200, 100.0), dict.fromkeys(STATES, 0.0) | {EYES_CLOSED: 1.0})
    assert strength.shape == (2200,)
    assert strength[:1050].max() < 1e-6
    assert strength[1160:].min() == pytest.approx(1.0)
    assert strength[1100] == pytest.approx(0.5, abs=0.02)
    times = occurrences(np.random.default_rng(0), fixed, {EYES_CLOSED: 120.0}, refractory=0.3)
    assert all(10 <= time < 20 for time in times)
    assert np.diff(times).min() >= 0.3


def test_a_transient_is_added_at_its_exact_time_whatever_the_stretch() -> None:
    wave = SpikeWave(0.06, 0.2, 0.4, 0.15)
    focus = Focus("lateral", "left", ("a", "b"), np.eye(2, dtype=np.float32), np.zeros(2), 1.0)
    traces = []
    for first, length in ((0.0, 1000), (-1.5, 1150)):
        data = np.zeros((2, length), dtype=np.float32)
        stretch = Stretch((), first, length, 100.0)
        add_discharge(data, focus, wave, np.ones(2), np.array([0.0, 0.02]), 5.003, stretch)
        traces.append(data[:, -1000:])
    assert traces[0] == pytest.approx(traces[1], abs=1e-6)
    assert abs(traces[0][0].argmax() - 500) <= 1
    assert traces[0][1].argmax() - traces[0][0].argmax() == 2


def test_discharges_have_a_spike_then_a_slow_wave_of_the_same_sign() -> None:
    t = np.arange(-0.2, 0.8, 0.001)
    wave = SpikeWave(0.05, 0.3, 0.5, 0.15)(t)
    assert abs(t[wave.argmax()]) < 0.003
    after = wave[(t > 0.12) & (t < 0.4)]
    assert 0.3 < after.max() < 0.6
    above = t[wave > 0.5]
    assert 0.02 < above[above < 0.05].max() - above.min() < 0.05
    rng = np.random.default_rng(0)
    widths = [draw_spike_wave(rng).width for _ in range(200)]
    assert 0.03 < np.median(widths) < 0.07


# The patient and the twin


def test_shapes_units_and_truth() -> None:
    made = simulate(patient(0), 40.0, 2)
    assert made.scalp.shape == (27, 4000)
    assert made.depth.shape == made.local.shape == (64, 4000)
    assert made.scalp.dtype == made.depth.dtype == np.float32
    assert made.contacts[:2] == ("AL1", "AL2")
    assert made.sites == SITES
    assert np.isfinite(made.scalp).all()
    assert np.isfinite(made.depth).all()
    assert all(0 <= d.time < 40 and d.extent in ("hippocampal", "propagated", "lateral") for d in made.discharges)
    assert made.states[-1].stop == 40.0
    with pytest.raises(ValueError, match="read-only"):
        made.scalp[0, 0] = 1.0


def test_same_seeds_same_data_and_other_seeds_other_data() -> None:
    implant = load_implant()
    one = simulate(draw_patient(5, implant), 10.0, 3)
    again = simulate(draw_patient(5, implant), 10.0, 3)
    assert np.array_equal(one.scalp, again.scalp)
    assert np.array_equal(one.depth, again.depth)
    assert one.discharges == again.discharges
    for other in (simulate(draw_patient(5, implant), 10.0, 4), simulate(draw_patient(6, implant), 10.0, 3)):
        assert not np.array_equal(one.scalp, other.scalp)


def test_patients_differ_in_everything_that_the_scalp_depends_on() -> None:
    people = [patient(seed) for seed in range(12)]
    heads, all_sources = [p.head for p in people], [p.sources for p in people]
    drawn = {
        "radius": [h.radius for h in heads],
        "skull": [round(h.relative_radii[2] - h.relative_radii[1], 6) for h in heads],
        "conductivity of the skull": [h.conductivities[2] for h in heads],
        "electrode": [h.electrodes[0, 2] / h.radius for h in heads],
        "place of a source": [s.mni[s.where("left", "amygdala")[0], 0] for s in all_sources],
        "orientation": [s.orientations[s.where("left", "amygdala")[0], 0] for s in all_sources],
        "extent": [s.extents[s.where("left", "amygdala")[0]] for s in all_sources],
        "openness": [s.openness[s.where("left", "amygdala")[0]] for s in all_sources],
        "contact": [p.contacts_mm[0, 0] for p in people],
        "noise": [p.nuisance.noise[0] for p in people],
        "blinks": [p.nuisance.blink_size for p in people],
        "muscle": [p.nuisance.muscle_size for p in people],
        "pops": [p.nuisance.pops_per_minute for p in people],
        "rate of discharges": [p.foci[0].per_minute for p in people],
    }
    for what, values in drawn.items():
        assert len(set(map(float, values))) == 12, what
    ratios = [h.conductivities[0] / h.conductivities[2] for h in heads]
    assert min(ratios) < 40 < 60 < max(ratios)
    assert {f.side for p in people for f in p.foci} == {"left", "right"}


@pytest.mark.parametrize("share", [0.0, 0.5, 0.8])
def test_the_local_share_is_the_measured_share(share: float) -> None:
    measured = []
    for seed in range(4):
        quiet = replace(patient(seed, share), foci=())
        for state in (EYES_CLOSED, N2, N3):
            made = simulate(quiet, 60.0, 1, timeline=[State(state, 0.0, 60.0)])
            measured.append(made.local.var(axis=1).mean() / made.depth.var(axis=1).mean())
    assert np.mean(measured) == pytest.approx(share, abs=0.05)


def test_what_is_local_is_shared_with_neighbours_only() -> None:
    local = np.concatenate([simulate(patient(s), 60.0, 1).local for s in (0, 1)], axis=1)
    together = np.corrcoef(local)
    assert 0.55 < np.mean([together[8 * s + i, 8 * s + i + 1] for s in range(8) for i in range(7)]) < 0.8
    assert np.abs(together[:8, 8:16]).mean() < 0.15


def test_depth_amplitude_and_slope_are_those_of_depth_recordings() -> None:
    from scipy.signal import welch

    rms, slopes = [], []
    for seed in range(8):
        for state in (EYES_CLOSED, N2):
            depth = twin(seed, 0.5, state).depth
            rms.append(np.median(depth.std(axis=1)) * 1e6)
            f, power = welch(depth, 100.0, nperseg=400)
            inside = (f >= 15) & (f <= 45)
            slopes.append(np.polyfit(np.log(f[inside]), np.log(np.median(power, axis=0)[inside]), 1)[0])
    assert 105 < np.median(rms) < 160
    assert -3.6 < np.median(slopes) < -2.2


def test_scalp_background_and_alpha_are_those_of_eeg() -> None:
    from scipy.signal import welch

    amplitudes, blocked, peaks = [], [], []
    occipital = [SITES.index("O1"), SITES.index("O2")]
    for seed in range(6):
        per_state = {}
        for state in (EYES_CLOSED, EYES_OPEN):
            scalp = twin(seed, 0.5, state).scalp
            scalp = scalp - scalp.mean(axis=0)
            amplitudes.append(np.median(scalp.std(axis=1)) * 1e6)
            f, power = welch(scalp[occipital], 100.0, nperseg=400)
            alpha = (f >= 8) & (f <= 12)
            per_state[state] = power[:, alpha].sum()
            if state == EYES_CLOSED:
                peaks.append(f[alpha][power.mean(axis=0)[alpha].argmax()])
        blocked.append(per_state[EYES_OPEN] / per_state[EYES_CLOSED])
    assert 8 < np.median(amplitudes) < 40
    assert np.median(blocked) < 0.5
    assert 8.25 <= min(peaks) <= max(peaks) <= 11.25


def power_in(signal: Array, low: float, high: float) -> Array:
    """Mean power of each row in a band, in average reference."""
    from scipy.signal import welch

    f, power = welch(signal - signal.mean(axis=0), 100.0, nperseg=min(400, signal.shape[1]))
    return np.asarray(power[:, (f >= low) & (f <= high)].mean(axis=1))


def at(power: Array, *sites: str) -> float:
    return float(np.mean([power[SITES.index(site)] for site in sites]))


def test_alpha_is_posterior_spindles_are_of_light_and_slow_waves_of_deep_sleep() -> None:
    posterior, spindles, slow = [], [], []
    for seed in range(6):
        scalp = {state: twin(seed, 0.5, state).scalp.astype(np.float64) for state in (EYES_CLOSED, EYES_OPEN, N2, N3)}
        alpha = power_in(scalp[EYES_CLOSED], 8, 12)
        posterior.append(at(alpha, "O1", "O2") / at(alpha, "Fp1", "Fp2"))
        # Beside the next band, in which muscle is that the waking have and sleepers lack.
        sigma = {
            state: at(power_in(scalp[state], 12, 14.5), "C3", "C4", "Fz", "Cz")
            / at(power_in(scalp[state], 17, 22), "C3", "C4", "Fz", "Cz")
            for state in (N2, EYES_OPEN)
        }
        spindles.append(sigma[N2] / sigma[EYES_OPEN])
        delta = {state: at(power_in(scalp[state], 0.5, 2), "F3", "F4", "Fz", "Cz") for state in (N2, N3)}
        slow.append(delta[N3] / delta[N2])
    assert np.median(posterior) > 3.0
    assert np.median(spindles) > 2.5
    assert np.median(slow) > 2.0


def test_theta_is_frontal_at_the_scalp_and_mesial_in_depth() -> None:
    frontal, mesial = [], []
    contacts = [c.name for c in load_implant().contacts]
    deep, outer = ([contacts.index(f"AHL{n}") for n in numbers] for numbers in ((1, 2), (7, 8)))
    for seed in range(6):
        found = {p.name: p for p in patient(seed).populations}
        for name in ("theta", "mesial theta"):
            rhythm = found[name].spectrum
            assert isinstance(rhythm, Peak)
            assert 4.0 < rhythm.centre < 7.5
        centred = found["theta"].modes[: len(SITES)] - found["theta"].modes[: len(SITES)].mean(axis=0)
        power = np.square(centred).sum(axis=1)
        frontal.append(at(power, "Fz", "F3", "F4") / at(power, "O1", "O2"))
        share = (found["mesial theta"].variance() / found["broad"].variance())[len(SITES) :]
        mesial.append(share[deep].mean() / share[outer].mean())
    assert np.median(frontal) > 2.0
    assert np.median(mesial) > 2.0


OVER = {
    "left temporalis": ("F7", "T3"), "right temporalis": ("F8", "T4"), "left frontalis": ("Fp1",),
    "right frontalis": ("Fp2",), "neck": ("O1", "O2"),
}  # fmt: skip


def test_blinks_are_frontal_and_muscle_is_fast_where_its_muscle_lies() -> None:
    ratios, muscle = [], []
    for seed in range(6):
        made = twin(seed, 0.5, EYES_OPEN)
        scalp = made.scalp.astype(np.float64) - made.scalp.mean(axis=0)
        for artefact in made.artefacts:
            first, last = round(artefact.time * 100), round((artefact.time + artefact.duration) * 100)
            if artefact.kind == "blink" and 0 < first < last < 6000:
                size = np.ptp(scalp[:, first:last], axis=1)
                ratios.append(at(size, "Fp1", "Fp2") / at(size, "O1", "O2"))
            elif artefact.kind == "muscle" and last - first >= 100 and last < 6000:
                fast = power_in(scalp[:, first:last], 25, 45)
                muscle.append(max(at(fast, *OVER[name]) for name in artefact.sites) / np.median(fast))
    assert len(ratios) > 20
    assert np.median(ratios) > 3.0
    assert len(muscle) > 5
    assert np.median(muscle) > 2.0


def averaged_peak(made: Patient, focus: Focus) -> tuple[float, float]:
    """Largest averaged potential of twenty discharges, µV: at the scalp in average reference, and at the contacts."""
    rng = np.random.default_rng(0)
    sites = len(made.sites)
    data = np.zeros((sites + 64, 400), dtype=np.float32)
    for _ in range(20):
        strength = np.exp(rng.normal(0.0, 0.3)) * np.ones(len(focus.names))
        add_discharge(data, focus, draw_spike_wave(rng), strength, focus.delays, 2.0, Stretch((), 0.0, 400, 100.0))
    seen = band_limit(data / 20, 100.0, MODEL_BAND) * 1e6
    scalp = seen[:sites] - seen[:sites].mean(axis=0)
    return float(np.abs(scalp).max()), float(np.abs(seen[sites:]).max())


def test_scalp_sees_propagated_discharges_and_hardly_any_hippocampal_ones() -> None:
    peaks: dict[str, list[tuple[float, float]]] = {"hippocampal": [], "propagated": [], "lateral": []}
    for seed in range(25):
        for focus in patient(seed).foci:
            peaks[focus.extent].append(averaged_peak(patient(seed), focus))
    scalp = {extent: float(np.median([p[0] for p in found])) for extent, found in peaks.items()}
    depth = {extent: float(np.median([p[1] for p in found])) for extent, found in peaks.items()}
    # Koessler 2015: 7 and 36 µV.
    assert 4 < scalp["hippocampal"] < 11
    assert 28 < scalp["propagated"] < 46
    assert 25 < scalp["lateral"] < 46
    assert depth["hippocampal"] > 300
    assert depth["propagated"] > 300
    assert depth["lateral"] > 60


def test_a_discharge_is_largest_on_the_side_of_its_sources() -> None:
    x = site_directions(SITES)[:, 0]
    told = []
    for seed in range(20):
        for focus in patient(seed).foci:
            if focus.extent != "hippocampal":
                gain = focus.gains[: len(SITES)].sum(axis=1)
                power = np.square(gain - gain.mean())
                told.append((float((power * x).sum()) < 0) == (focus.side == "left"))
    assert len(told) > 20
    assert np.mean(told) > 0.9


def test_the_rate_of_discharges_is_what_was_asked_and_the_side_too() -> None:
    implant = load_implant()
    quiet = draw_patient(3, implant, discharge_rate=0.0)
    busy = draw_patient(3, implant, discharge_rate=3.0, side="right")
    assert simulate(quiet, 60.0, 1).discharges == ()
    usual = sum(f.per_minute for f in draw_patient(3, implant, side="right").foci)
    assert sum(f.per_minute for f in busy.foci) == pytest.approx(3 * usual)
    assert {d.side for d in simulate(busy, 60.0, 1).discharges} == {"right"}


def test_bands_rates_and_shares_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="share"):
        draw_patient(0, load_implant(), local_share=1.0)
    with pytest.raises(ValueError, match="band"):
        simulate(patient(0), 5.0, 0, rate=100.0, band=(0.5, 70.0))


def test_the_band_holds_and_a_noise_floor_is_left() -> None:
    from scipy.signal import welch

    f, power = welch(simulate(patient(0), 60.0, 1, rate=200.0).depth, 200.0, nperseg=800)
    floor = np.sqrt(power[:, f > 52].mean(axis=1) * 100.0) * 1e6
    assert 0.9 < floor.min() < floor.max() < 2.2
    assert power[:, (f > 5) & (f < 15)].mean() > 100 * power[:, f > 52].mean()


def test_scalp_and_depth_are_linearly_related_as_far_as_sources_are_shared() -> None:
    held_out = []
    for share in (0.0, 0.8):
        gram: Array | float = 0.0
        cross: Array | float = 0.0
        for seed in range(100, 124):
            x, y = lagged(simulate(patient_once(seed, share), 30.0, 1))
            gram, cross = gram + x @ x.T, cross + x @ y.T
        gram = np.asarray(gram)
        weights = np.linalg.solve(gram + 0.01 * np.trace(gram) / len(gram) * np.eye(len(gram)), cross)
        r = []
        for seed in range(4):
            x, y = lagged(simulate(patient_once(seed, share), 30.0, 1))
            r.append(np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(y, weights.T @ x, strict=True)]))
        held_out.append(float(np.mean(r)))
    everything, little = held_out
    assert 0.42 < everything < 0.68
    assert 0.12 < little < 0.36


def patient_once(seed: int, share: float) -> Patient:
    return draw_patient(seed, load_implant(), local_share=share)


def lagged(made: Twin) -> tuple[Array, Array]:
    scalp = (made.scalp - made.scalp.mean(axis=0)).astype(np.float64)
    shifted = [np.roll(scalp, lag, axis=1) for lag in (-10, -4, 0, 4, 10)]
    return np.vstack(shifted)[:, 10:-10] * 1e6, made.depth[:, 10:-10].astype(np.float64) * 1e6


# The shipped recording


def test_the_shipped_recording_says_that_it_is_simulated_and_matches_its_truth() -> None:
    import edfio

    from neuroflow.simulation.demonstration import IEEG_FILE, SCALP_FILE

    folder = Path(__file__).parents[2] / "resources" / "neuroflow_resources" / "demo"
    scalp, ieeg = edfio.read_edf(folder / SCALP_FILE), edfio.read_edf(folder / IEEG_FILE)
    for edf in (scalp, ieeg):
        assert edf.duration == 600.0
        assert edf.patient.code == "SIM-001"
        assert edf.patient.name == "Simulated_Demonstration"
        assert "simulated" in edf.recording.additional
    assert [s.label for s in scalp.signals][:2] == ["EEG Fp1-Ref", "EEG Fp2-Ref"]
    assert len(scalp.signals) == 21
    assert [s.label for s in ieeg.signals] == [c.name for c in load_implant().contacts]
    assert {s.sampling_frequency for s in ieeg.signals} == {100.0}
    texts = [a.text for a in ieeg.annotations]
    for extent in ("hippocampal", "propagated", "lateral"):
        assert f"Simulated discharge ({extent}, left)" in texts
    assert not any("discharge" in a.text for a in scalp.annotations)
    rms = np.median([s.data.std() for s in ieeg.signals])
    assert 100 < rms < 250
    assert max(np.abs(s.data).max() for s in scalp.signals) < 1000


def test_the_recording_can_be_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from neuroflow.simulation import demonstration as module

    monkeypatch.setattr(module, "SECONDS", 20.0)
    monkeypatch.setattr(module, "_BEGINS", ((EYES_OPEN, 0.0), (N2, 5.0)))
    assert module.main([str(tmp_path / "a")]) == 0
    assert module.main([str(tmp_path / "b")]) == 0
    for name in (module.SCALP_FILE, module.IEEG_FILE):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    twin_made, ieeg = module.demonstration()
    assert ieeg.shape == (64, 2000)
    # The iEEG is the twin's, every second sample: the two differ at the band's edges only.
    inner = (1.0, 45.0)
    theirs = band_limit(twin_made.depth, module.SCALP_RATE, inner)[:, ::2]
    ours = band_limit(ieeg, module.IEEG_RATE, inner)
    assert np.corrcoef(ours[5, 200:-200], theirs[5, 200:-200])[0, 1] > 0.999
