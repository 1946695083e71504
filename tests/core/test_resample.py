"""Laws of the fixed time grid: exact times, the same value whatever was asked for, gaps that stay gaps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroflow.signal.resample import resample_span

Read = Callable[[int, int], np.ndarray]
RATES = (80.0, 100.0, 128.0, 160.0, 200.0, 250.0, 256.0, 500.0, 512.0, 2000.0, 4096.0, 256 / 1.001, 199.7)


def reader(rate: float, function: Callable[[np.ndarray], np.ndarray], seconds: float = 60.0) -> Read:
    """Input samples of ``function`` of time, NaN outside 0 to ``seconds``."""

    def read(a: int, b: int) -> np.ndarray:
        times = np.arange(a, b) / rate
        samples = np.atleast_2d(function(times)).astype(np.float32)
        samples[:, (times < 0) | (times >= seconds)] = np.nan
        return samples

    return read


@pytest.mark.parametrize("rate", RATES)
def test_sinusoids_below_the_cut_keep_their_phase_and_amplitude(rate: float) -> None:
    def tones(t: np.ndarray) -> np.ndarray:
        return np.stack([np.sin(2 * np.pi * f * t + 0.3 * f) for f in (0.7, 7.3, 31.0)])

    out = resample_span(reader(rate, tones), rate, 100.0, 1000, 2400)
    assert out.shape == (3, 1400)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, tones(np.arange(1000, 2400) / 100.0), atol=1.5e-3)


@pytest.mark.parametrize("rate", [200.0, 256.0, 2000.0])
@pytest.mark.parametrize("frequency", [50.0, 60.0, 97.0])
def test_what_the_output_cannot_hold_is_removed_and_not_folded_back(rate: float, frequency: float) -> None:
    out = resample_span(reader(rate, lambda t: np.sin(2 * np.pi * frequency * t)), rate, 100.0, 1000, 2000)
    assert np.abs(out).max() < 2e-3


noise = np.random.default_rng(0).standard_normal((3, 1 << 15)).astype(np.float32)


@given(
    rate=st.sampled_from(RATES),
    first=st.integers(-300, 2500),
    length=st.integers(1, 700),
    gap=st.tuples(st.floats(-1.5, 8.0), st.floats(0.0, 2.5)),
    cut=st.tuples(st.integers(0, 699), st.integers(1, 700)),
)
@settings(max_examples=150, deadline=None)
def test_a_value_does_not_depend_on_what_was_asked_for(
    rate: float, first: int, length: int, gap: tuple[float, float], cut: tuple[int, int]
) -> None:
    signal = noise.copy()
    missing = max(0, round((first / 100.0 + gap[0]) * rate))  # seconds after the first output
    signal[:2, missing : missing + round(gap[1] * rate)] = np.nan

    def read(a: int, b: int) -> np.ndarray:
        out = np.full((3, b - a), np.nan, dtype=np.float32)
        low, high = max(a, 0), min(b, signal.shape[1])
        if high > low:
            out[:, low - a : high - a] = signal[:, low:high]
        return out

    whole = resample_span(read, rate, 100.0, first, first + length)
    start, stop = min(cut[0], length - 1), min(cut[0] + cut[1], length)
    part = resample_span(read, rate, 100.0, first + start, first + stop)
    np.testing.assert_allclose(part, whole[:, start:stop], rtol=0, atol=1e-6)
    assert whole.shape == (3, length)


@pytest.mark.parametrize("edges", [(-0.4, -0.02), (0.02, 0.4), (-0.6, -0.3), (0.3, 0.6)])
def test_a_gap_that_reaches_out_of_sight_is_filled_in_the_same_way(edges: tuple[float, float]) -> None:
    rate, n = 200.0, 3000
    signal = noise.copy()
    first, last = (round((n / 100.0 + edge) * rate) for edge in edges)
    signal[:, first:last] = np.nan
    alone = resample_span(lambda a, b: signal[:, a:b], rate, 100.0, n, n + 1)
    within = resample_span(lambda a, b: signal[:, a:b], rate, 100.0, n - 200, n + 201)[:, 200:201]
    np.testing.assert_allclose(alone, within, rtol=0, atol=1e-6)


def test_an_output_is_missing_exactly_where_the_nearest_input_is() -> None:
    def read(a: int, b: int) -> np.ndarray:
        index = np.arange(a, b)
        samples = np.full((2, b - a), 5.0, dtype=np.float32)
        samples[0, (index >= 400) & (index < 800)] = np.nan
        samples[:, (index < 0) | (index >= 2000)] = np.nan
        return samples

    out = resample_span(read, 200.0, 100.0, -3, 1003)
    missing = np.isnan(out[0])
    assert list(np.flatnonzero(missing)) == [0, 1, 2, *range(203, 403), 1003, 1004, 1005]
    np.testing.assert_allclose(out[0, ~missing], 5.0, rtol=1e-6)  # an offset stays that offset beside a gap
    np.testing.assert_allclose(out[1, 3:1003], 5.0, rtol=1e-6)


def test_an_electrode_offset_costs_no_microvolts() -> None:
    rate = 256.0
    read = reader(rate, lambda t: np.stack([np.full_like(t, 0.1), np.full_like(t, -0.3)]))
    out = resample_span(read, rate, 100.0, 0, 6000)
    np.testing.assert_allclose(out, np.repeat([[0.1], [-0.3]], 6000, axis=1), atol=3e-8)


def test_equal_rates_return_the_input() -> None:
    read = reader(100.0, lambda t: np.sin(40 * t))
    np.testing.assert_array_equal(resample_span(read, 100.0, 100.0, 17, 90), read(17, 90))


@pytest.mark.parametrize("rate", [100.0, 256.0])
def test_an_empty_span_has_all_channels_and_no_samples(rate: float) -> None:
    assert resample_span(reader(rate, lambda t: np.stack([t, t])), rate, 100.0, 50, 50).shape == (2, 0)


def test_nothing_but_a_gap_is_a_gap() -> None:
    out = resample_span(lambda a, b: np.full((2, b - a), np.nan), 256.0, 100.0, 0, 100)
    assert np.isnan(out).all()


@pytest.mark.parametrize("rates", [(0.0, 100.0), (100.0, -1.0), (float("nan"), 100.0), (1e9, 1.0)])
def test_rates_that_make_no_grid_are_refused(rates: tuple[float, float]) -> None:
    with pytest.raises(ValueError):
        resample_span(lambda a, b: np.zeros((1, b - a)), *rates, 0, 10)


def test_a_span_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="ends"):
        resample_span(lambda a, b: np.zeros((1, b - a)), 200.0, 100.0, 10, 5)
