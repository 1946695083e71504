"""Laws of trends: power is conserved, tones stand where they are, asymmetry changes sign with the sides."""

from __future__ import annotations

import numpy as np
import pytest

from neuroflow.signal.trends import FREQUENCIES, aeeg_amplitude, asymmetry, binned, margins, multitaper

RATE = 200.0


def noise(seconds: float = 4.0, traces: int = 200, seed: int = 0) -> np.ndarray:
    return np.asarray(2e-5 * np.random.default_rng(seed).standard_normal((traces, round(seconds * RATE))))


@pytest.mark.parametrize("seconds", [4.0, 4.005])
def test_power_is_conserved(seconds: float) -> None:
    """The integral of the density is the variance, and white noise is flat at variance over half the rate."""
    data = noise(seconds)
    f, density = multitaper(data, RATE)
    total = density.sum(axis=-1).mean() * (f[1] - f[0])
    assert total == pytest.approx(data.var(axis=-1).mean(), rel=0.02)
    inside = (f > 2) & (f < 95)
    assert density[:, inside].mean() == pytest.approx(4e-10 / (RATE / 2), rel=0.02)


def test_the_density_is_that_of_mne() -> None:
    mne = pytest.importorskip("mne")
    data = noise(traces=5)
    ours = multitaper(data, RATE)
    theirs, f = mne.time_frequency.psd_array_multitaper(
        data - data.mean(axis=-1, keepdims=True), RATE, bandwidth=1.0, low_bias=False, adaptive=False,
        normalization="full", verbose=False,
    )  # fmt: skip
    # mne takes one taper less or more by a rule of its own, so the two agree in the mean and not bin by bin.
    assert ours[0] == pytest.approx(f)
    assert ours[1].mean() == pytest.approx(theirs.mean(), rel=0.05)


def test_a_tone_lies_within_half_a_hertz_of_its_frequency_and_nowhere_else() -> None:
    time = np.arange(round(4 * RATE)) / RATE
    tone = 1e-5 * np.sin(2 * np.pi * 10.0 * time)
    bins = binned(*multitaper(tone[None], RATE))[0]
    near = np.abs(FREQUENCIES - 10.0) <= 0.75
    assert bins[near].sum() * 0.5 == pytest.approx(0.5e-10, rel=0.03)
    assert bins[np.abs(FREQUENCIES - 10.0) > 1.5].max() < 1e-4 * bins.max()


def test_bins_above_half_the_rate_are_not_made_up() -> None:
    data = np.random.default_rng(0).standard_normal((1, 160))
    bins = binned(*multitaper(data, 40.0))[0]
    assert np.isfinite(bins[FREQUENCIES < 19.8]).all()
    assert np.isnan(bins[FREQUENCIES > 20.3]).all()


def test_an_epoch_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        multitaper(np.zeros((1, 100)), RATE)


def test_asymmetry_changes_sign_with_the_sides_and_keeps_within_one() -> None:
    rng = np.random.default_rng(0)
    left, right = rng.uniform(0, 1, (2, 7, FREQUENCIES.size))
    there, back = asymmetry(left, right), asymmetry(right, left)
    assert there == pytest.approx(-back)
    assert np.abs(there).max() < 1
    assert asymmetry(left, 3 * left) == pytest.approx(0.5)
    assert asymmetry(0 * left, right) == pytest.approx(1.0)
    assert asymmetry(0 * left, 0 * right) == pytest.approx(0.0)
    left[2] = np.nan
    assert np.isnan(asymmetry(left, right)[2])


def test_aeeg_of_a_tone_is_its_peak_to_peak_value() -> None:
    time = np.arange(round(30 * RATE)) / RATE
    centre = np.sqrt(2.0 * 15.0)
    inside = slice(round(5 * RATE), round(25 * RATE))
    found = aeeg_amplitude(2e-5 * np.sin(2 * np.pi * centre * time), RATE)[inside]
    assert found == pytest.approx(4e-5, rel=0.02)
    # 12 dB a decade: a factor of 2 in frequency is 2 ** 0.6 in amplitude; and nothing outside the band.
    higher = aeeg_amplitude(2e-5 * np.sin(2 * np.pi * 2 * centre * time), RATE)[inside]
    assert higher.mean() / found.mean() == pytest.approx(2**0.6, rel=0.02)
    for outside in (0.7, 22.0):
        assert aeeg_amplitude(2e-5 * np.sin(2 * np.pi * outside * time), RATE)[inside].max() < 1e-6


def test_margins_enclose_four_fifths() -> None:
    amplitude = np.abs(np.random.default_rng(0).standard_normal((3, 5000)))
    low, high = margins(amplitude)
    inside = (amplitude >= low[:, None]) & (amplitude <= high[:, None])
    assert inside.mean(axis=1) == pytest.approx(0.8, abs=0.001)
