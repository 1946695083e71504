"""Resampling onto one fixed time grid, so that a sample's value never depends on what was asked for around it."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroflow.signal.stretches import hold_into_gaps

# The low-pass: a sinc under a Kaiser window, this many zero crossings of the slower rate either side. Together with the
# attenuation it fixes the transition: flat to 0.886 of the slower Nyquist frequency, down by 60 dB at that Nyquist,
# so that at 100 Hz mains of 50 and of 60 Hz are both removed and nothing folds back.
_CROSSINGS = 32
_ATTENUATION_DB = 60.0
_TRANSITION = (_ATTENUATION_DB - 7.95) / (2.285 * 2 * _CROSSINGS) / math.pi
_CUT = 1.0 - _TRANSITION / 2

# Rates are quotients of whole numbers of samples and record durations. The ratio is kept exact up to this denominator;
# beyond, the grid drifts by less than a twentieth of an input sample in 24 hours at 100 Hz.
_LARGEST_DENOMINATOR = 10_000


def resample_span(
    read: Callable[[int, int], NDArray[np.floating[Any]]],
    rate_in: float,
    rate_out: float,
    first: int,
    last: int,
) -> NDArray[np.float32]:
    """Samples ``first`` to ``last`` (exclusive) of a signal at ``rate_out``, where sample n sits at n / rate_out s.

    ``read(a, b)`` gives the input samples a to b (exclusive) as (channel, time), NaN before the start, after the end
    and in gaps; indices may be negative. Returns (channel, last - first), zero phase. An output is NaN where the
    nearest input sample is. Edges of the recording and of gaps are continued by their last value, and only input
    within a fixed distance is used, so a value is the same whichever ``first`` and ``last`` asked for it. Equal
    rates return the input as it is. Raises: ValueError for rates that are not positive or a span that ends before
    it starts.
    """
    if not (0 < rate_in < math.inf and 0 < rate_out < math.inf):
        raise ValueError(f"rates must be positive and finite, not {rate_in} and {rate_out} Hz")
    if last < first:
        raise ValueError(f"the span ends (sample {last}) before it starts (sample {first})")
    up, down = _ratio(rate_in, rate_out)
    if up == down or first == last:
        return np.array(read(first, last), dtype=np.float32) if up == down else _empty(read)

    half = _CROSSINGS * max(up, down)  # of the filter, in steps of the common grid of rate_in * up
    reach = -(-half // up) + 1  # the same in input samples
    # A gap is filled from its nearer edge, which may lie one reach beyond the last sample that the filter touches.
    a = first * down // up - 2 * reach
    b = (last - 1) * down // up + 2 * reach + 1
    raw = np.asarray(read(a, b), dtype=np.float64)
    present = np.isfinite(raw)
    whole = bool(present.all())
    held = raw if whole else hold_into_gaps(raw)
    from scipy.signal import upfirdn

    # upfirdn's output j is centred on common-grid step j * down - lead - half, counted from input sample a.
    start = (a * up - half) // down
    lead = a * up - half - start * down
    kernel = np.concatenate([np.zeros(lead), _low_pass(up, down)])
    filtered = upfirdn(kernel, held, up, down, axis=-1)
    out = np.array(filtered[:, first - start : last - start], dtype=np.float32)
    if not whole:
        nearest = (2 * np.arange(first, last) * down + up) // (2 * up) - a
        out[~present[:, nearest]] = np.nan
    return out


def _ratio(rate_in: float, rate_out: float) -> tuple[int, int]:
    ratio = (Fraction(rate_out) / Fraction(rate_in)).limit_denominator(_LARGEST_DENOMINATOR)
    if ratio == 0:
        raise ValueError(f"{rate_out} Hz is too far below {rate_in} Hz")
    return ratio.numerator, ratio.denominator


def _empty(read: Callable[[int, int], NDArray[np.floating[Any]]]) -> NDArray[np.float32]:
    return np.zeros((np.asarray(read(0, 0)).shape[0], 0), dtype=np.float32)


@lru_cache(maxsize=16)
def _low_pass(up: int, down: int) -> NDArray[np.float64]:
    slower = max(up, down)
    half = _CROSSINGS * slower
    steps = np.arange(-half, half + 1)
    taps = np.sinc(steps * _CUT / slower) * np.kaiser(2 * half + 1, 0.1102 * (_ATTENUATION_DB - 8.7))
    # Unit gain at 0 Hz in every phase: a constant must come out as that constant, whichever input samples it meets.
    for phase in range(up):
        taps[phase::up] /= taps[phase::up].sum()
    taps.flags.writeable = False
    return taps
