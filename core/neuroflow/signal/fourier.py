"""Lengths for which a Fourier transform is fast."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=256)
def fast_length(at_least: int) -> int:
    """The smallest length of the form 2^a 3^b 5^c that is no smaller. Raises: ValueError below 1."""
    if at_least < 1:
        raise ValueError(f"a transform has at least one sample, not {at_least}")
    best = 1 << (at_least - 1).bit_length()
    five = 1
    while five < best:
        three = five
        while three < best:
            twos = -(-at_least // three)
            best = min(best, three << (twos - 1).bit_length())
            three *= 3
        five *= 5
    return best
