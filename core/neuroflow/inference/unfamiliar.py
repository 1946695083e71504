"""Where a recording is unlike what a model was trained on: stretches of time, and the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from neuroflow.flow.card import ModelCard
from neuroflow.flow.novelty import Novelty, novelty
from neuroflow.inference.preparation import Prepared
from neuroflow.inference.tile import ARTEFACT, Withheld
from neuroflow.recording import Span
from neuroflow.units import MICROVOLT

# Of all sites together: another amplifier's gain, or a thicker skull, lies beyond the percentiles of training.
_TOO_LARGE, _TOO_SMALL = 2.0, 0.5

_Rule = tuple[NDArray[np.float64], Callable[[int], str]]
"""By how much each window passes a limit, novel above 1, and what is said of a window."""


def unfamiliar(
    prepared: Prepared, card: ModelCard, covariance: NDArray[np.float64], names: Sequence[str], begin: int
) -> tuple[Withheld, ...]:
    """The seconds in which a limit of the card is passed, those that touch as one stretch with its strongest reason.

    ``begin`` is the absolute step of the first of ``prepared``; ``names`` are those of the recording's channels, by
    site of the card. Windows overlap: an artefact takes what is up to a second before and after it with it.
    """
    seen = novelty(prepared.scalp, prepared.present, prepared.valid, covariance, card.rate, begin)
    rules = tuple(_rules(seen, card, names))
    excess = np.nan_to_num(np.stack([passed for passed, _ in rules]))  # too little was recorded to judge
    width = round(card.rate)
    out: list[Withheld] = []
    novel = np.flatnonzero((excess > 1.0).any(axis=0))
    apart = np.flatnonzero(np.diff(seen.first[novel]) > width) + 1
    for windows in np.split(novel, apart) if novel.size else ():
        # An amplitude tells a reader more than a pattern does, which comes last.
        amplitudes = excess[:3, windows]
        judged = amplitudes if amplitudes.max() > 1.0 else excess[:, windows]
        rule, strongest = np.unravel_index(int(judged.argmax()), judged.shape)
        start, stop = begin + int(seen.first[windows[0]]), begin + int(seen.first[windows[-1]]) + width
        out.append(Withheld(Span(start / card.rate, stop / card.rate), rules[rule][1](int(windows[strongest]))))
    return tuple(out)


def _rules(seen: Novelty, card: ModelCard, names: Sequence[str]) -> Iterator[_Rule]:
    limits, trained = card.limits, "the model was trained on"
    sites = np.nan_to_num(seen.rms)
    overall = np.sqrt(np.square(sites).sum(axis=1) / np.maximum((~np.isnan(seen.rms)).sum(axis=1), 1))

    def told(window: int, end: str) -> str:
        return f"scalp amplitude {overall[window] / MICROVOLT:.3g} µV rms, {end}"

    yield overall / (_TOO_LARGE * limits.scalp_rms_high), lambda k: told(k, f"above what {trained}: {ARTEFACT}")
    # Where nothing could be measured there is a gap, not a silence.
    low = np.where(np.isnan(seen.pattern), 0.0, _TOO_SMALL * limits.scalp_rms_low)
    yield low / np.maximum(overall, 1e-12), lambda k: told(k, f"below what {trained}")
    if not limits.site_rms:
        return
    relative = sites / np.asarray(limits.site_rms)
    largest = relative.argmax(axis=1)

    def loud(window: int) -> str:
        site = largest[window]
        had = f"{names[site]} {sites[window, site] / MICROVOLT:.0f} µV rms in a second"
        return f"{had}, above the {limits.site_rms[site] / MICROVOLT:.0f} that {trained}: {ARTEFACT}"

    yield relative.max(axis=1), loud
    yield (
        seen.pattern / limits.pattern,
        lambda k: f"a pattern over the scalp unlike any that {trained}, most at {names[largest[k]]}: {ARTEFACT}",
    )
