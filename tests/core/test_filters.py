"""The reader's filters: gains at the cut-offs, zero phase, enough context, and gaps that stay gaps."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroflow.signal.filters import Filters, apply_filters, context_seconds, magnitude
from neuroflow.signal.fourier import fast_length

SETTINGS = (
    Filters(),
    Filters(0.53, 35.0, 50.0),
    Filters(5.3, None, 60.0),
    Filters(None, 15.0, None),
    Filters(None, None, 50.0),
    Filters(1.6, None, None),
)


def pink(channels: int, length: int, seed: int = 0) -> np.ndarray:
    """1/f² power, as the scalp's background."""
    frequencies = np.fft.rfftfreq(length)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal((channels, length)))
    spectrum[:, 1:] /= frequencies[1:]
    spectrum[:, 0] = 0
    samples = np.fft.irfft(spectrum, length)
    return samples / samples.std()


@pytest.mark.parametrize("rate", [160.0, 256.0, 512.0])
@pytest.mark.parametrize("filters", SETTINGS)
def test_a_sinusoid_comes_out_in_phase_with_the_stated_gain(rate: float, filters: Filters) -> None:
    times = np.arange(0, 40, 1 / rate)
    middle = slice(round(15 * rate), round(25 * rate))
    frequencies = np.array([0.5, 1.0, 5.3, 15.0, 35.0, 50.0, 65.0])
    tones = np.sin(2 * np.pi * np.multiply.outer(frequencies, times))
    out = apply_filters(tones, rate, filters)
    gains = magnitude(filters, rate, frequencies)
    np.testing.assert_allclose(out[:, middle], gains[:, None] * tones[:, middle], atol=2e-3)


@pytest.mark.parametrize("filters", SETTINGS)
def test_a_symmetric_wave_stays_symmetric(filters: Filters) -> None:
    rate, middle = 256.0, 5000
    wave = np.exp(-(((np.arange(10_001) - middle) / 10.0) ** 2))[None]
    out = apply_filters(wave, rate, filters)[0]
    np.testing.assert_allclose(out, out[::-1], atol=1e-6)
    assert np.abs(out).argmax() == middle


@pytest.mark.parametrize("rate", [160.0, 200.0, 512.0])
@pytest.mark.parametrize("filters", SETTINGS)
def test_a_page_read_with_its_context_is_as_in_the_whole(rate: float, filters: Filters) -> None:
    recording = pink(3, round(80 * rate)) * 1e-4 + 0.05  # an electrode offset 500 times the EEG
    whole = apply_filters(recording, rate, filters)
    context = round(context_seconds(filters, rate) * rate)
    for start in (0, 31, 70):  # at both ends of the recording too
        first, last = round(start * rate), round((start + 10) * rate)
        low, high = max(first - context, 0), min(last + context, recording.shape[1])
        page = apply_filters(recording[:, low:high], rate, filters)[:, first - low : last - low]
        np.testing.assert_allclose(page, whole[:, first:last], atol=1e-3 * whole.std())


@given(
    gap=st.tuples(st.integers(0, 3000), st.integers(1, 800)),
    page=st.tuples(st.integers(0, 2900), st.integers(1, 1500)),
    filters=st.sampled_from(SETTINGS),
)
@settings(max_examples=40, deadline=None)
def test_context_is_enough_beside_gaps_too(gap: tuple[int, int], page: tuple[int, int], filters: Filters) -> None:
    rate = 100.0
    recording = pink(2, 4000, seed=3)
    recording[:, gap[0] : gap[0] + gap[1]] = np.nan
    recording[1, 2000:2003] = np.nan
    whole = apply_filters(recording, rate, filters)
    context = round(context_seconds(filters, rate) * rate)
    first, last = page[0], min(page[0] + page[1], 4000)
    low, high = max(first - context, 0), min(last + context, 4000)
    out = apply_filters(recording[:, low:high], rate, filters)[:, first - low : last - low]
    np.testing.assert_allclose(out, whole[:, first:last], atol=1e-3)


def test_gaps_stay_and_each_stretch_is_filtered_alone() -> None:
    data = pink(3, 4000)
    data[:, 1000:1500] = np.nan
    data[2, 2500] = np.nan
    data[2, 2502] = np.inf
    filters, rate = Filters(), 200.0
    out = apply_filters(data, rate, filters)
    np.testing.assert_array_equal(np.isnan(out), ~np.isfinite(data))
    np.testing.assert_allclose(out[:, :1000], apply_filters(data[:, :1000], rate, filters), atol=1e-6)
    np.testing.assert_allclose(out[:2, 1500:], apply_filters(data[:2, 1500:], rate, filters), atol=1e-6)
    np.testing.assert_allclose(out[2:, 1500:2500], apply_filters(data[2:, 1500:2500], rate, filters), atol=1e-6)


@pytest.mark.parametrize("filters", [Filters(), Filters(None, None, None)])
def test_nothing_but_a_gap_is_a_gap(filters: Filters) -> None:
    assert np.isnan(apply_filters(np.full((2, 50), np.nan), 200.0, filters)).all()


@pytest.mark.parametrize("shape", [(0, 100), (3, 0), (2, 1)])
def test_the_smallest_shapes_come_back_as_they_are(shape: tuple[int, int]) -> None:
    out = apply_filters(np.ones(shape), 200.0, Filters())
    assert out.shape == shape
    assert out.dtype == np.float32


def test_a_low_cut_removes_an_offset_entirely_and_without_it_the_offset_stays() -> None:
    offset = np.full((2, 3000), 0.2)
    assert np.abs(apply_filters(offset, 250.0, Filters(0.016, 70.0))).max() < 1e-9
    np.testing.assert_allclose(apply_filters(offset, 250.0, Filters(None, 70.0, 50.0)), 0.2, rtol=1e-6)


@given(scale=st.floats(-100, 100), seed=st.integers(0, 50))
@settings(max_examples=20, deadline=None)
def test_filters_are_linear(scale: float, seed: int) -> None:
    a, b = pink(1, 1500, seed), pink(1, 1500, seed + 1)
    filters, rate = Filters(1.0, 35.0, 50.0), 200.0
    together = apply_filters(a + scale * b, rate, filters)
    apart = apply_filters(a, rate, filters) + scale * apply_filters(b, rate, filters)
    np.testing.assert_allclose(together, apart, atol=2e-5 * (1 + abs(scale)))


@pytest.mark.parametrize("filters", [Filters(None, 80.0), Filters(None, 300.0), Filters(None, None, 80.0)])
def test_a_high_cut_or_notch_at_or_above_nyquist_does_nothing(filters: Filters) -> None:
    data = pink(2, 2000).astype(np.float32)
    np.testing.assert_array_equal(apply_filters(data, 160.0, filters), data)
    assert context_seconds(filters, 160.0) == 0


def test_no_filter_needs_no_context_and_leaves_a_copy() -> None:
    data = pink(1, 100).astype(np.float32)
    out = apply_filters(data, 100.0, Filters(None, None, None))
    np.testing.assert_array_equal(out, data)
    assert not np.shares_memory(out, data)


@pytest.mark.parametrize("name", ["low_cut", "high_cut", "notch"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_cut_offs_that_are_no_frequency_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        Filters(**{name: value})


def test_other_shapes_and_rates_are_refused() -> None:
    with pytest.raises(ValueError, match="channel"):
        apply_filters(np.zeros(10), 100.0, Filters())
    with pytest.raises(ValueError, match="rate"):
        apply_filters(np.zeros((1, 10)), 0.0, Filters())


@given(st.integers(1, 200_000))
def test_fast_lengths_are_the_nearest_above(at_least: int) -> None:
    def smooth(n: int) -> bool:
        for prime in (2, 3, 5):
            while n % prime == 0:
                n //= prime
        return n == 1

    length = fast_length(at_least)
    assert length >= at_least
    assert smooth(length)
    assert not any(smooth(n) for n in range(at_least, length))


def test_a_transform_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        fast_length(0)


def test_what_a_page_needs_is_imported_without_scipy_or_torch() -> None:
    modules = "filters, montage, envelope, spectrogram, resample, orderstatistics"
    code = (
        f"import sys; from neuroflow.signal import {modules}; from neuroflow.detect import janca; "
        "print([m for m in ('scipy', 'torch', 'mne') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
