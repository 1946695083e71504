"""Hum of the mains is found where it is, whatever the unit, and never in noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from neuroflow.signal.mains import hum
from neuroflow.signal.spectrum import epoch_length, mean_density, summed_density


def noise(seed: int, rate: float, traces: int = 8, seconds: float = 10.0, slope: float = 1.0) -> NDArray[np.float64]:
    """Noise of 10 µV whose amplitude falls as frequency to the power of ``slope / 2``."""
    white = np.random.default_rng(seed).standard_normal((traces, round(seconds * rate)))
    frequencies = np.fft.rfftfreq(white.shape[1], 1.0 / rate)
    coloured = np.fft.irfft(np.fft.rfft(white) / np.maximum(frequencies, 0.5) ** (slope / 2), white.shape[1])
    return np.asarray(10e-6 * coloured / coloured.std())


def tone(data: NDArray[np.float64], rate: float, frequency: float, volts: float) -> NDArray[np.float64]:
    return data + volts * np.sin(2 * np.pi * frequency * np.arange(data.shape[1]) / rate)


def found(data: NDArray[np.float64], rate: float) -> float | None:
    return hum(*mean_density([summed_density(data, rate, epoch_length(data, rate))]))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([50.0, 60.0]), st.sampled_from([128.0, 200.0, 256.0, 512.0]))
def test_hum_is_found_at_the_mains_that_make_it(seed: int, mains: float, rate: float) -> None:
    data = tone(noise(seed, rate), rate, mains + 0.05, 5e-6)
    assert found(data, rate) == mains
    assert found(data * 1e6, rate) == mains, "whatever the unit"
    assert found(data[::-1], rate) == mains, "whatever the order"


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([1, 8]), st.sampled_from([0.0, 1.0, 2.0]))
def test_noise_has_no_hum(seed: int, traces: int, slope: float) -> None:
    assert found(noise(seed, 256.0, traces, slope=slope), 256.0) is None


def test_of_two_the_stronger_is_suggested() -> None:
    data = tone(tone(noise(1, 256.0), 256.0, 50.0, 20e-6), 256.0, 60.0, 4e-6)
    assert found(data, 256.0) == 50.0


@pytest.mark.parametrize("frequency", [40.0, 55.0, 70.0])
def test_a_tone_beside_the_mains_is_no_hum(frequency: float) -> None:
    assert found(tone(noise(2, 256.0), 256.0, frequency, 5e-6), 256.0) is None


def test_hum_of_one_electrode_in_eight_is_not_that_of_the_page() -> None:
    data = noise(3, 256.0)
    data[0] = tone(data[:1], 256.0, 50.0, 50e-6)[0]
    assert found(data, 256.0) is None


def test_where_a_notch_would_do_nothing_none_is_suggested() -> None:
    assert found(tone(noise(4, 100.0), 100.0, 50.0, 20e-6), 100.0) is None
    assert found(tone(noise(4, 120.0), 120.0, 50.0, 20e-6), 120.0) == 50.0


def test_flat_and_missing_traces_count_for_nothing() -> None:
    data = tone(noise(5, 256.0), 256.0, 60.0, 5e-6)
    frequencies, density = mean_density([summed_density(data, 256.0, epoch_length(data, 256.0))])
    spoiled = np.vstack([density[:3], np.zeros((8, frequencies.size)), np.full((8, frequencies.size), np.nan)])
    assert hum(frequencies, spoiled) == 60.0
    assert hum(frequencies, spoiled[3:]) is None
