"""The lowest and highest sample of each pixel column, so that no peak is lost at any zoom."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def minmax_envelope(
    data: NDArray[np.floating[Any]], columns: int
) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    """Lowest and highest sample in each of ``columns`` equal stretches of (channel, time), each (channel, columns).

    Column c holds samples ``c * n // columns`` up to the next column's first; every sample lies in a column. With
    fewer samples than columns each column holds the one sample that covers it. A column is NaN only where all of its
    samples are. Raises: ValueError for no columns, no samples or another shape.
    """
    if data.ndim != 2 or data.shape[1] == 0:
        raise ValueError(f"samples must be (channel, time) with at least one sample, not {data.shape}")
    if columns < 1:
        raise ValueError(f"an envelope needs at least one column, not {columns}")
    n = data.shape[1]
    if n % columns == 0:  # whole samples a column: reducing a reshaped view is several times faster
        blocks = data.reshape(data.shape[0], columns, n // columns)
        return np.fmin.reduce(blocks, axis=2), np.fmax.reduce(blocks, axis=2)
    firsts = np.arange(columns) * n // columns
    return np.fmin.reduceat(data, firsts, axis=1), np.fmax.reduceat(data, firsts, axis=1)
