"""Laws of averaging: copies give the copy, noise goes down with the root of their number, shifts do not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neuroflow.signal.averaging import Averager, Mean, deflections, peak, polarity

RATE = 200
CENTRE, REACH, HALF = 200, 10, 100


def spike(shift: int = 0, *, sign: float = -1.0) -> np.ndarray:
    """80 µV and sharp, then a slow wave of 30 µV the other way, in two seconds."""
    t = (np.arange(2 * RATE) - CENTRE - shift) / RATE
    return sign * (80e-6 * np.exp(-((t / 0.02) ** 2)) - 30e-6 * np.exp(-(((t - 0.15) / 0.06) ** 2)))


def averaged(epochs: list[np.ndarray]) -> Mean:
    made = Averager(epochs[0].shape)
    for epoch in epochs:
        made.add(epoch)
    return made.result()


def aligned(traces: list[np.ndarray]) -> Mean:
    sign = polarity(np.stack(traces), CENTRE, REACH)
    cut = []
    for trace in traces:
        at = peak(trace, CENTRE, REACH, sign)
        cut.append(trace[None, at - HALF : at + HALF + 1])
    return averaged(cut)


@given(st.integers(2, 30), arrays(np.float64, (2, 5), elements=st.floats(-1e-3, 1e-3)))
def test_copies_give_the_copy_and_no_error(count: int, epoch: np.ndarray) -> None:
    made = averaged([epoch] * count)
    np.testing.assert_allclose(made.mean, epoch, atol=1e-15)
    np.testing.assert_allclose(made.error, 0.0, atol=1e-12)
    assert made.count == count


@given(arrays(np.float64, (7, 2, 4), elements=st.floats(-1e3, 1e3)))
def test_mean_and_error_are_those_of_the_whole_stack(stack: np.ndarray) -> None:
    made = averaged(list(stack))
    np.testing.assert_allclose(made.mean, stack.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(made.error, stack.std(axis=0, ddof=1) / np.sqrt(7), atol=1e-9)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
@given(st.lists(st.integers(-REACH, REACH), min_size=1, max_size=12))
def test_shifted_copies_are_averaged_to_the_copy(sign: float, shifts: list[int]) -> None:
    made = aligned([spike(shift, sign=sign) for shift in shifts])
    expected = spike(sign=sign)[CENTRE - HALF : CENTRE + HALF + 1]
    np.testing.assert_allclose(made.mean[0], expected, atol=1e-8)
    assert abs(made.mean[0, HALF]) == np.abs(made.mean).max(), "the peak stands in the middle"


def test_without_alignment_shifted_copies_are_smeared() -> None:
    shifts = range(-REACH, REACH + 1)
    plain = averaged([spike(shift)[None] for shift in shifts]).mean
    assert np.abs(plain).max() < 0.6 * np.abs(aligned([spike(shift) for shift in shifts]).mean).max()


@pytest.mark.parametrize("count", [4, 25, 100])
def test_noise_goes_down_with_the_root_of_the_number(count: int) -> None:
    noise = np.random.default_rng(count).normal(0.0, 1.0, (count, 3, 4000))
    made = averaged(list(noise))
    assert made.mean.std() == pytest.approx(1 / np.sqrt(count), rel=0.05)
    assert np.median(made.error) == pytest.approx(1 / np.sqrt(count), rel=0.15), "and the error says so"


def test_one_polarity_holds_for_all_even_where_noise_turns_a_peak_round() -> None:
    rng = np.random.default_rng(5)
    traces = np.stack([spike() + rng.normal(0, 30e-6, 2 * RATE) for _ in range(40)])
    assert polarity(traces, CENTRE, REACH) == -1
    assert polarity(-traces, CENTRE, REACH) == 1
    assert polarity(traces + 1e-3, CENTRE, REACH) == -1, "an offset is no deflection"


def test_a_slow_wave_that_is_larger_than_its_spike_does_not_turn_it_round() -> None:
    t = (np.arange(2 * RATE) - CENTRE) / RATE
    trace = -60e-6 * np.exp(-((t / 0.02) ** 2)) + 120e-6 * np.exp(-(((t - 0.3) / 0.08) ** 2))
    assert polarity(trace[None], CENTRE, REACH) == -1
    up, down = deflections(trace, CENTRE, REACH)
    assert down > up


@given(st.floats(-1e-3, 1e-3))
def test_an_offset_moves_no_peak(offset: float) -> None:
    assert peak(spike(4) + offset, CENTRE, REACH, -1) == CENTRE + 4


def test_a_peak_beyond_reach_is_not_taken() -> None:
    assert abs(peak(spike(60), CENTRE, REACH, -1) - CENTRE) <= REACH


def test_one_epoch_has_no_error_and_none_no_mean() -> None:
    assert np.isnan(averaged([np.ones((2, 3))]).error).all()
    with pytest.raises(ValueError, match="nothing"):
        Averager((2, 3)).result()


def test_what_does_not_fit_is_refused() -> None:
    made = Averager((2, 3))
    with pytest.raises(ValueError, match="shape"):
        made.add(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="missing"):
        made.add(np.full((2, 3), np.nan))
    for centre, reach in ((5, 10), (395, 10), (200, -1)):
        with pytest.raises(ValueError, match="epoch"):
            peak(spike(), centre, reach, -1)
