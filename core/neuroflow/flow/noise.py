"""Standard normals addressed by what they are for, so that any part of a sample can be drawn again alone.

numpy does not promise its normal stream across versions, so only the raw bits of Philox (Salmon et al. 2011,
"Parallel random numbers: as easy as 1, 2, 3") are taken from it and the Box-Muller transform is applied here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_NORMALS_PER_BLOCK = 8  # a Philox counter step gives four 64-bit words, each of them two normals
_ORIGIN = 1 << 40  # lets indices before the start of a recording be addressed too
_MASK = (1 << 64) - 1


def normals(
    seed: int, sample: int, level: int, first: int, count: int, channels: int, attempt: int = 0
) -> NDArray[np.float32]:
    """Normals for steps ``first`` to ``first + count`` of one level of one sample, shape (channel, time).

    The value at a step depends on (seed, sample, level, attempt, absolute step) only. ``channels`` must be a multiple
    of 8. Raises: ValueError.
    """
    if channels % _NORMALS_PER_BLOCK:
        raise ValueError(f"channels must be a multiple of {_NORMALS_PER_BLOCK}, not {channels}")
    if not (0 <= sample < 1 << 24 and 0 <= level < 256 and 0 <= attempt < 256):
        raise ValueError("sample, level or attempt is out of range")
    key = np.array([seed & _MASK, sample << 32 | level << 8 | attempt], dtype=np.uint64)
    block = (first + _ORIGIN) * (channels // _NORMALS_PER_BLOCK)
    counter = np.array([block & _MASK, block >> 64, 0, 0], dtype=np.uint64)
    words = np.asarray(np.random.Philox(key=key, counter=counter).random_raw(count * channels // 2))
    halves = words.view(np.uint32).reshape(-1, 2).astype(np.float32)
    # + 0.5 keeps the logarithm finite; the largest normal is sqrt(2 ln 2**33) = 6.8.
    radius = np.sqrt(-2.0 * np.log((halves[:, 0] + np.float32(0.5)) * np.float32(2.0**-32)))
    angle = halves[:, 1] * np.float32(2.0 * np.pi * 2.0**-32)
    out = np.empty((words.size, 2), dtype=np.float32)
    np.multiply(radius, np.cos(angle), out=out[:, 0])
    np.multiply(radius, np.sin(angle), out=out[:, 1])
    return np.ascontiguousarray(out.reshape(count, channels).T)
