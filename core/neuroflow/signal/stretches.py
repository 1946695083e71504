"""Gaps in samples: NaN marks them, and every stretch between two gaps stands alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray


def stretches(data: NDArray[np.floating[Any]]) -> Iterator[tuple[NDArray[np.intp], int, int]]:
    """Stretches without a NaN, as (channels, first, last), where ``data[channels, first:last]`` is finite.

    ``data`` is (channel, time); no stretch can be extended. Channels with the same gaps come together, so that a
    recording without gaps is one stretch of all channels. Infinite values count as missing.
    """
    present = np.isfinite(data)
    if data.size and present.all():
        yield np.arange(data.shape[0]), 0, data.shape[1]
        return
    groups: dict[bytes, list[int]] = {}
    for channel, row in enumerate(present):
        groups.setdefault(row.tobytes(), []).append(channel)
    for members in groups.values():
        edges = np.flatnonzero(np.diff(present[members[0]].astype(np.int8), prepend=0, append=0))
        for first, last in edges.reshape(-1, 2):
            yield np.array(members), int(first), int(last)


def hold_into_gaps(data: NDArray[np.float64]) -> NDArray[np.float64]:
    """A copy of (channel, time) with every NaN replaced by the nearest present sample, 0 where there is none."""
    out = np.array(data, dtype=np.float64)
    missing = ~np.isfinite(out)
    for channel in np.flatnonzero(missing.any(axis=1)):
        gap = np.flatnonzero(missing[channel])
        kept = np.flatnonzero(~missing[channel])
        if kept.size == 0:
            out[channel] = 0.0
            continue
        after = np.searchsorted(kept, gap)
        left = kept[np.maximum(after - 1, 0)]
        right = kept[np.minimum(after, kept.size - 1)]
        out[channel, gap] = out[channel, np.where(np.abs(gap - left) <= np.abs(right - gap), left, right)]
    return out
