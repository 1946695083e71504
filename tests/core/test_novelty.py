"""What is unlike training: laws of the measures, and what they take away from the recordings that they judge."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from small_model import TEN_TWENTY, scalp_source

from neuroflow.anatomy.implant import load_implant
from neuroflow.flow.novelty import Familiar, familiar, novelty
from neuroflow.inference.engine import Reconstructor
from neuroflow.inference.model import Model, load_model
from neuroflow.inference.tile import Tile, TileRequest, Withheld
from neuroflow.recording import ArraySource, Span
from neuroflow.simulation.patient import SITES, Twin, draw_patient, simulate

RATE, COUNT = 100.0, 12


@pytest.fixture(scope="module")
def mixing() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(COUNT, COUNT)) * 1e-5


def eeg(mixing: np.ndarray, seconds: float, seed: int) -> np.ndarray:
    """Correlated noise of known covariance, in average reference."""
    x = mixing @ np.random.default_rng(seed).normal(size=(COUNT, round(seconds * RATE)))
    return x - x.mean(axis=0)


def covariance(mixing: np.ndarray) -> np.ndarray:
    centred = mixing - mixing.mean(axis=0)
    return centred @ centred.T


def measured(x: np.ndarray, mixing: np.ndarray, present: np.ndarray | None = None, **more: int):
    here = np.ones(COUNT, bool) if present is None else present
    return novelty(x, here, np.ones(x.shape[1], bool), covariance(mixing), RATE, **more)


def test_what_training_was_like_has_a_pattern_of_about_1_and_the_rms_of_its_sites(mixing: np.ndarray) -> None:
    seen = measured(eeg(mixing, 400, 1), mixing)
    assert 0.7 < seen.pattern.mean() < 1.02  # the floor of the whitening takes a little off
    np.testing.assert_allclose(
        np.sqrt(np.square(seen.rms).mean(axis=0)), np.sqrt(np.diag(covariance(mixing))), rtol=0.03
    )


def test_the_reference_does_not_matter(mixing: np.ndarray) -> None:
    x = eeg(mixing, 5, 2)
    one, other = measured(x, mixing), measured(x - x[3] + 1e-3, mixing)
    np.testing.assert_allclose(other.rms, one.rms, rtol=1e-6)
    np.testing.assert_allclose(other.pattern, one.pattern, rtol=1e-6)


def test_twice_the_amplitude_is_twice_the_rms_and_four_times_the_pattern(mixing: np.ndarray) -> None:
    x = eeg(mixing, 5, 3)
    one, twice = measured(x, mixing), measured(2 * x, mixing)
    np.testing.assert_allclose(twice.rms, 2 * one.rms)
    np.testing.assert_allclose(twice.pattern, 4 * one.pattern)


def test_a_window_is_the_same_whichever_stretch_is_asked_for(mixing: np.ndarray) -> None:
    x = eeg(mixing, 20, 4)
    whole, part = measured(x, mixing), measured(x[:, 307:1203], mixing, begin=307)
    places = np.searchsorted(whole.first, part.first + 307)
    np.testing.assert_array_equal(whole.first[places], part.first + 307)
    np.testing.assert_allclose(part.pattern, whole.pattern[places])
    np.testing.assert_allclose(part.rms, whole.rms[places])


def test_an_absent_site_is_not_judged_whatever_it_holds(mixing: np.ndarray) -> None:
    x, here = eeg(mixing, 5, 5), np.arange(COUNT) != 4
    spoiled = x.copy()
    spoiled[4] = 1.0
    one, other = measured(x, mixing, here), measured(spoiled, mixing, here)
    assert np.isnan(other.rms[:, 4]).all()
    np.testing.assert_array_equal(one.pattern, other.pattern)


def test_a_gap_is_neither_silence_nor_novel(mixing: np.ndarray) -> None:
    x = eeg(mixing, 10, 6)
    valid = np.ones(x.shape[1], bool)
    valid[300:600] = False
    x[:, 300:600] = 1.0
    seen = novelty(x, np.ones(COUNT, bool), valid, covariance(mixing), RATE)
    inside = (seen.first >= 300) & (seen.first + 100 <= 600)
    assert np.isnan(seen.pattern[inside]).all()
    assert np.isnan(seen.rms[inside]).all()
    assert np.nanmax(seen.pattern) < 2, "what was not recorded must not be measured"


def test_a_pattern_that_never_was_stands_out_though_no_site_is_loud() -> None:
    """Neighbours that always went together, and now do not."""
    mixing = np.kron(np.eye(COUNT // 2), np.ones((2, 1))) * 2e-5
    mixing = np.hstack([mixing, 1e-6 * np.eye(COUNT)[:, : COUNT // 2]])
    x = mixing @ np.random.default_rng(7).normal(size=(COUNT, 500))
    odd = x.copy()
    odd[0, 200:300] *= -1
    known, strange = (measured(y, mixing) for y in (x, odd))
    limit = np.nanmax(known.rms, axis=0)
    assert (np.nanmax(strange.rms, axis=0) < 1.2 * limit).all()
    assert strange.pattern[8] > 3 * known.pattern.max()


def test_limits_are_passed_by_one_window_in_a_thousand(mixing: np.ndarray) -> None:
    windows = eeg(mixing, 4000, 8).reshape(COUNT, 1000, 400).transpose(1, 0, 2)
    windows *= np.exp(0.3 * np.random.default_rng(9).normal(size=(1000, 1, 1)))
    limits = familiar([measured(x, mixing) for x in windows[:500]])
    share = np.mean([beyond(x, limits, mixing) for x in windows[500:]], axis=(0, 2))
    assert (share > 0.0002).all()
    assert (share < 0.004).all()


def beyond(x: np.ndarray, limits: Familiar, mixing: np.ndarray) -> np.ndarray:
    seen = measured(x, mixing)
    return np.stack([(seen.rms > limits.rms).any(axis=1), seen.pattern > limits.pattern])


def test_a_site_that_training_never_had_is_judged_as_leniently_as_the_loudest(mixing: np.ndarray) -> None:
    here = np.arange(COUNT) != 5
    limits = familiar([measured(eeg(mixing, 4, seed), mixing, here) for seed in range(50)])
    assert limits.rms[5] == limits.rms.max()
    assert np.isfinite(limits.rms).all()


def test_a_site_that_training_never_had_makes_no_pattern_novel(mixing: np.ndarray) -> None:
    """Of 25 channels where training had 19, the six say nothing of how unlike the others are."""
    never = np.arange(COUNT) == 5
    known = covariance(mixing) * ~(never | never[:, None])
    x, everywhere = eeg(mixing, 20, 11), np.ones(20 * 100, bool)
    x[5] *= 10
    all_of_them, without = (novelty(x, here, everywhere, known, RATE) for here in (np.ones(COUNT, bool), ~never))
    np.testing.assert_allclose(all_of_them.pattern, without.pattern, rtol=1e-6)
    assert np.isfinite(all_of_them.rms[:, 5]).all()


# The model that is shipped --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


@pytest.fixture(scope="module")
def engine(model: Model) -> Reconstructor:
    return Reconstructor(model, "cpu")


@pytest.fixture(scope="module")
def twin() -> Twin:
    return simulate(draw_patient(71_000_003, load_implant()), 60.0, 5)


def source_of(scalp: np.ndarray) -> ArraySource:
    here = range(len(TEN_TWENTY))
    recording = replace(scalp_source(rate=RATE).recording, duration=scalp.shape[1] / RATE)
    return ArraySource(recording, {k: scalp[k].astype(np.float32) for k in here})


def tiles(engine: Reconstructor, scalp: np.ndarray) -> list[Tile]:
    return [engine.tile(source_of(scalp), TileRequest(i, samples=1)) for i in range(round(scalp.shape[1] / 1000))]


def withheld(engine: Reconstructor, scalp: np.ndarray) -> list[Withheld]:
    return [w for tile in tiles(engine, scalp) for w in tile.withheld]


def artefact(scalp: np.ndarray, time: float, sizes: dict[str, float], width: float = 0.09) -> np.ndarray:
    out = scalp.copy()
    t = np.arange(scalp.shape[1]) / RATE - time
    for site, size in sizes.items():
        out[SITES.index(site)] += size * np.exp(-0.5 * (t / width) ** 2)
    return out


BLINK = {"Fp1": 5e-4, "Fp2": 4.6e-4, "F7": 1.5e-4, "F8": 1.5e-4, "F3": 1.6e-4, "F4": 1.6e-4, "Fz": 1.7e-4}


def test_what_the_model_was_trained_on_is_hardly_ever_withheld_and_no_discharge_is(engine: Reconstructor) -> None:
    """Simulated patients that no limit was set on: sleep, blinks, muscle, electrodes and all."""
    taken, total = 0.0, 0.0
    for seed in (71_000_000, 71_000_001, 71_000_002):
        one = simulate(draw_patient(seed, load_implant()), 120.0, 1)
        spans = [w.span for w in withheld(engine, one.scalp)]
        taken, total = taken + sum(s.duration for s in spans), total + 120.0
        assert not [d for d in one.discharges if any(s.start <= d.time < s.stop for s in spans)]
    assert taken / total < 0.02


def test_a_blink_of_half_a_millivolt_takes_its_seconds_with_it_and_is_named(engine: Reconstructor, twin: Twin) -> None:
    before = withheld(engine, twin.scalp)
    found = withheld(engine, artefact(twin.scalp, 23.4, BLINK))
    new = [w for w in found if w not in before]
    assert [w.span.start <= 23.1 and w.span.stop >= 23.7 for w in new] == [True]
    assert new[0].span.duration < 2.5, "the rest of the page stays"
    assert "Fp1" in new[0].reason or "Fp2" in new[0].reason
    assert "artefact?" in new[0].reason


def test_an_artefact_between_two_tiles_leaves_no_seam(engine: Reconstructor, twin: Twin) -> None:
    near = [w.span for w in withheld(engine, artefact(twin.scalp, 29.99, BLINK)) if 28 < w.span.start < 31]
    assert len(near) == 2
    assert near[0].stop == near[1].start == 30.0
    assert 0.5 < near[0].duration < 1.5
    assert 0.5 < near[1].duration < 1.5


def test_one_loose_electrode_is_told_by_its_pattern(engine: Reconstructor, twin: Twin) -> None:
    """Blinks and slow waves make F3 as loud as that, but never alone."""
    before = withheld(engine, twin.scalp)
    found = [w for w in withheld(engine, artefact(twin.scalp, 44.5, {"F3": 2.5e-4}, 0.1)) if w not in before]
    assert [w.reason for w in found] == [
        "a pattern over the scalp unlike any that the model was trained on, most at F3: artefact?"
    ]


def test_a_card_without_these_limits_judges_the_scalp_as_a_whole(model: Model, twin: Twin) -> None:
    old = msgspec.structs.replace(model.card, limits=msgspec.structs.replace(model.card.limits, site_rms=(), pattern=0))
    engine = Reconstructor(replace(model, card=old), "cpu")
    assert not withheld(engine, artefact(twin.scalp, 23.4, BLINK))
    assert "scalp amplitude" in withheld(engine, twin.scalp * 20)[0].reason


def test_a_tile_says_what_is_known_of_it() -> None:
    samples = np.ones((2, 3, 1000), np.float32)
    samples.flags.writeable = False
    held = (Withheld(Span(10.0, 11.0), "a"), Withheld(Span(15.0, 16.5), "b"))
    tile = Tile(TileRequest(1, samples=2), Span(10.0, 20.0), RATE, samples, withheld=held)
    assert not tile.hidden
    assert tile.parts() == (
        (Span(10.0, 11.0), "a"), (Span(11.0, 15.0), ""), (Span(15.0, 16.5), "b"), (Span(16.5, 20.0), ""),
    )  # fmt: skip
    known = tile.known([0, 2])
    missing = np.isnan(known).all(axis=(0, 1))
    assert known.shape == (2, 2, 1000)
    assert missing[:100].all()
    assert missing[500:650].all()
    assert np.isfinite(known[..., ~missing]).all()
    assert missing.sum() == 250
    assert np.isfinite(tile.samples).all()
    whole = replace(tile, withheld=(Withheld(tile.span, "c"),))
    assert whole.hidden
    assert whole.parts() == ((tile.span, "c"),)
    assert replace(tile, withheld=()).parts() == ((tile.span, ""),)
    assert replace(tile, withheld=()).known() is not None
