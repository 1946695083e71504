"""Laws of the spectrum: power is conserved, bands add up, gaps are left out, tones and slopes are told apart."""

from __future__ import annotations

import numpy as np
import pytest

from neuroflow.signal.spectrum import (
    BANDS,
    band_power,
    decibels,
    epoch_length,
    mean_density,
    peak_frequency,
    summed_density,
)

RATE = 200.0


def spectrum(data: np.ndarray, rate: float = RATE) -> tuple[np.ndarray, np.ndarray]:
    return mean_density([summed_density(data, rate, epoch_length(data, rate))])


def noise(seconds: float, traces: int = 1, seed: int = 0) -> np.ndarray:
    return 2e-5 * np.random.default_rng(seed).standard_normal((traces, round(seconds * RATE)))


def pink(seconds: float, seed: int) -> np.ndarray:
    """Power falls as 1 / f, without a peak."""
    size = round(seconds * RATE)
    white = np.fft.rfft(np.random.default_rng(seed).standard_normal(size))
    f = np.fft.rfftfreq(size, 1 / RATE)
    return 2e-5 * np.fft.irfft(white / np.sqrt(np.maximum(f, 0.5)), size)[None]


@pytest.mark.parametrize("seconds", [2.0, 3.3, 10.0, 60.0])
def test_the_area_under_the_density_is_the_variance(seconds: float) -> None:
    data = noise(seconds, traces=300)
    f, density = spectrum(data)
    area = (density.sum(axis=-1) * (f[1] - f[0])).mean()
    assert area == pytest.approx(data.var(axis=-1).mean(), rel=0.03)


def test_a_tone_keeps_its_power() -> None:
    """Half the square of its amplitude, all of it in its band."""
    time = np.arange(round(10 * RATE)) / RATE
    data = 30e-6 * np.sin(2 * np.pi * 10.0 * time)[None]
    f, density = spectrum(data)
    assert band_power(f, density, BANDS["alpha"])[0] == pytest.approx(0.5 * 30e-6**2, rel=0.02)
    assert band_power(f, density, BANDS["beta"])[0] < 1e-4 * 30e-6**2


@pytest.mark.parametrize("seconds", [2.7, 10.0])
def test_bands_that_meet_add_up(seconds: float) -> None:
    f, density = spectrum(noise(seconds, traces=3))
    parts = sum(band_power(f, density, BANDS[name]) for name in ("delta", "theta", "alpha", "beta"))
    np.testing.assert_allclose(parts, band_power(f, density, (0.5, 30.0)))


def test_a_band_beyond_half_the_rate_is_not_made_up() -> None:
    f, density = spectrum(np.random.default_rng(0).standard_normal((2, 400)), 40.0)
    assert np.isnan(band_power(f, density, BANDS["beta"])).all()
    assert np.isfinite(band_power(f, density, BANDS["alpha"])).all()


def test_what_lies_beside_a_gap_is_left_out_and_no_epoch_reaches_across() -> None:
    data = noise(20.0, traces=2)
    holed = data.copy()
    holed[1, 2000:2300] = np.nan
    holed[1, :2000] += 5e-3  # an offset before the gap is no step
    f, density = spectrum(holed)
    alone = spectrum(data[1:, 2300:])[1], spectrum(data[1:, :2000])[1]
    assert band_power(f, density[1:], (1.0, 90.0)) == pytest.approx(
        np.mean([band_power(f, d, (1.0, 90.0)) for d in alone]), rel=0.1
    )
    np.testing.assert_allclose(density[0], spectrum(data[:1])[1][0])


def test_a_trace_that_is_all_gap_has_no_density_and_the_others_have() -> None:
    data = noise(10.0, traces=2)
    data[1] = np.nan
    _, density = spectrum(data)
    assert np.isfinite(density[0]).all()
    assert np.isnan(density[1]).all()


def test_too_short_a_stretch_has_no_epochs() -> None:
    assert epoch_length(noise(1.9), RATE) == 0
    assert epoch_length(noise(2.0), RATE) == 400
    assert epoch_length(noise(3.0), RATE) == 600
    assert epoch_length(noise(30.0), RATE) == 800
    assert epoch_length(np.full((2, 800), np.nan), RATE) == 0


def test_parts_add_up_to_the_whole_they_are_of() -> None:
    data = noise(60.0, traces=2)
    whole = spectrum(data)[1]
    halves = mean_density([summed_density(data[:, a:b], RATE, 800) for a, b in ((0, 6000), (6000, 12000))])[1]
    np.testing.assert_allclose(halves.mean(axis=-1), whole.mean(axis=-1), rtol=0.02)
    with pytest.raises(ValueError, match="nothing"):
        mean_density([])


@pytest.mark.parametrize("frequency", [6.4, 8.0, 9.8, 10.13, 11.9, 13.5])
def test_the_peak_of_an_alpha_rhythm_is_read_to_a_fifth_of_a_hertz(frequency: float) -> None:
    time = np.arange(round(10 * RATE)) / RATE
    for seed in range(5):
        data = pink(10.0, seed) + 15e-6 * np.sin(2 * np.pi * frequency * time + seed)
        f, density = spectrum(data)
        assert peak_frequency(f, density[0]) == pytest.approx(frequency, abs=0.2)


def test_falling_power_seldom_has_a_peak() -> None:
    spectra = [spectrum(pink(10.0, seed)) for seed in range(100)]
    found = [peak_frequency(f, density[0]) is not None for f, density in spectra]
    assert np.mean(found) < 0.15


def test_a_rhythm_outside_the_range_is_not_called_its_peak() -> None:
    time = np.arange(round(30 * RATE)) / RATE
    data = pink(30.0, 1) + 30e-6 * np.sin(2 * np.pi * 20.0 * time)
    f, density = spectrum(data)
    assert peak_frequency(f, density[0]) is None
    assert peak_frequency(f, np.full(f.shape, np.nan)) is None


def test_decibels_are_of_a_square_microvolt_a_hertz() -> None:
    np.testing.assert_allclose(decibels(np.array([1e-12, 1e-10, 0.0])), [0.0, 20.0, -80.0])
