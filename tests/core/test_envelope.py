"""No peak is lost, at any zoom."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neuroflow.signal.envelope import minmax_envelope

pages = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 3), st.integers(1, 200)),
    elements=st.one_of(st.floats(-1e3, 1e3, width=32), st.just(np.float32("nan"))),
)


@given(data=pages, columns=st.integers(1, 250))
def test_every_column_holds_the_extremes_of_its_samples_and_every_sample_a_column(
    data: np.ndarray, columns: int
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        low, high = minmax_envelope(data, columns)
    assert low.shape == high.shape == (data.shape[0], columns)
    assert low.dtype == np.float32
    n = data.shape[1]
    covered = np.zeros(n, dtype=bool)
    for c in range(columns):
        first = c * n // columns
        last = max((c + 1) * n // columns, first + 1)
        covered[first:last] = True
        for row in range(data.shape[0]):
            kept = data[row, first:last][~np.isnan(data[row, first:last])]
            if kept.size:
                assert low[row, c] == kept.min()
                assert high[row, c] == kept.max()
            else:
                assert np.isnan(low[row, c])
                assert np.isnan(high[row, c])
    assert covered.all()


@given(columns=st.integers(1, 3000), at=st.integers(0, 2559))
def test_a_spike_of_one_sample_is_seen_in_the_column_of_its_time(columns: int, at: int) -> None:
    data = np.zeros((1, 2560))
    data[0, at] = -1.0
    low, _ = minmax_envelope(data, columns)
    seen = np.flatnonzero(low[0] == -1.0)
    assert seen.size >= 1
    assert abs(seen[0] - at * columns / 2560) <= max(1.0, columns / 2560)


def test_as_many_columns_as_samples_is_the_signal() -> None:
    data = np.random.default_rng(0).standard_normal((4, 333))
    low, high = minmax_envelope(data, 333)
    np.testing.assert_array_equal(low, data)
    np.testing.assert_array_equal(high, data)


@pytest.mark.parametrize(("shape", "columns"), [((2, 0), 5), ((5,), 5), ((2, 5), 0)])
def test_nothing_to_draw_is_refused(shape: tuple[int, ...], columns: int) -> None:
    with pytest.raises(ValueError):
        minmax_envelope(np.zeros(shape), columns)
