"""Montages: which electrodes each drawn trace subtracts, in the order in which a reader expects them.

Chains and their order follow the American Clinical Neurophysiology Society's Guideline 3 (standard montages): left
above right, anterior above posterior, as in its longitudinal bipolar LB-18.1 and transverse bipolar TB-18.1. Sites
carry their older names (T3 T4 T5 T6); see :mod:`neuroflow.anatomy.electrodes`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

MONTAGES: tuple[str, ...] = (
    "longitudinal",
    "transverse",
    "average",
    "linked ears",
    "cz",
    "laplacian",
    "as recorded",
)

RECONSTRUCTED_MARKS = ("~", "≈")
"""What no label of a recorded row begins with: the names of reconstructed channels do."""


@dataclass(frozen=True, slots=True)
class MontageChannel:
    """A recorded channel as a montage sees it: its name, its site (``Fp1``) or None, its kind (``EEG``, ``ECG`` …)."""

    name: str
    site: str | None
    kind: str


@dataclass(frozen=True, slots=True)
class Row:
    """One drawn trace: the weighted sum of channels.

    ``weights`` are (channel name, weight). ``side`` is ``left``, ``right``, ``midline`` or ``other``. Between rows of
    different ``group`` a gap is drawn. ``bad`` says that a channel marked bad takes part: the row keeps its place.
    ``about`` are the channels that the row shows, without those of a reference that many share; ``interpolated`` those
    whose place others took (:mod:`neuroflow.signal.interpolation`).
    """

    label: str
    weights: tuple[tuple[str, float], ...]
    side: str
    group: int
    kind: str = "EEG"
    bad: bool = False
    about: tuple[str, ...] = ()
    interpolated: tuple[str, ...] = ()

    @property
    def reconstructed(self) -> bool:
        """Whether it shows what was reconstructed, not recorded, as the names of such channels and their rows say."""
        return self.label.startswith(RECONSTRUCTED_MARKS)

    @property
    def electrodes(self) -> tuple[str, ...]:
        """Channels that the row shows: ``about``, or those of the greatest weight where that is not said."""
        if self.about:
            return self.about
        most = max((abs(weight) for _, weight in self.weights), default=0.0)
        return tuple(name for name, weight in self.weights if abs(weight) > most - 1e-9)


_LONGITUDINAL = ("Fp1 F7 T3 T5 O1", "Fp1 F3 C3 P3 O1", "Fz Cz Pz", "Fp2 F4 C4 P4 O2", "Fp2 F8 T4 T6 O2")
_LONGITUDINAL_INTERLEAVED = tuple(_LONGITUDINAL[i] for i in (0, 4, 1, 3, 2))
_TRANSVERSE = ("F7 Fp1 Fp2 F8", "F7 F3 Fz F4 F8", "T3 C3 Cz C4 T4", "T5 P3 Pz P4 T6", "T5 O1 O2 T6")

# Nearest neighbours on the 10-20 grid (Hjorth 1975, Electroenceph. Clin. Neurophysiol. 39:526-530, gives the method).
_NEIGHBOURS = {
    "Fp1": "Fp2 F7 F3",
    "F7": "Fp1 F3 T3",
    "F3": "Fp1 F7 Fz C3",
    "T3": "F7 C3 T5",
    "C3": "F3 T3 Cz P3",
    "T5": "T3 P3 O1",
    "P3": "C3 T5 Pz O1",
    "O1": "T5 P3 O2",
    "Fz": "Fp1 Fp2 F3 F4 Cz",
    "Cz": "Fz C3 C4 Pz",
    "Pz": "Cz P3 P4 O1 O2",
    "Fp2": "Fp1 F8 F4",
    "F8": "Fp2 F4 T4",
    "F4": "Fp2 F8 Fz C4",
    "T4": "F8 C4 T6",
    "C4": "F4 T4 Cz P4",
    "T6": "T4 P4 O2",
    "P4": "C4 T6 Pz O2",
    "O2": "T6 P4 O1",
}
LEFT_EARS, RIGHT_EARS = ("A1", "M1"), ("A2", "M2")
EARS = frozenset((*LEFT_EARS, *RIGHT_EARS))

# From the front of the head to the back; T stands beside C, FT beside FC and TP beside CP.
_COLUMNS = {
    "N": 0,
    "FP": 1,
    "AF": 2,
    "F": 3,
    "FC": 4,
    "FT": 4,
    "C": 5,
    "T": 5,
    "CP": 6,
    "TP": 6,
    "P": 7,
    "PO": 8,
    "O": 9,
    "I": 10,
}
_NEWER_NAME = {"T1": "FT9", "T2": "FT10", "T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}


def montage_rows(
    montage: str,
    channels: Sequence[MontageChannel],
    bad: Collection[str] = (),
    *,
    interleaved: bool = False,
) -> tuple[Row, ...]:
    """The rows of a montage for these channels, top to bottom.

    A derivation that lacks a channel is left out. ``bad`` names channels that are left out of every average; a row
    that shows one stays in its place with ``bad`` set. Channels of other kinds, and EEG channels at no known site,
    come last, as recorded, in every montage; but where the file holds at least half of a bipolar montage as derivations
    (``Fp1-F7``), those are its rows. ``interleaved`` puts each left chain of the longitudinal montage above
    its right counterpart. Raises: ValueError for a montage that is not in ``MONTAGES``.
    """
    if montage not in MONTAGES:
        raise ValueError(f"there is no montage {montage!r}; there are {', '.join(MONTAGES)}")
    marked = frozenset(bad)
    if montage == "as recorded":
        sited = [c for c in channels if c.kind == "EEG"]
        rows = [Row(c.name, ((c.name, 1.0),), _side_of_channel(c), 0, c.kind, c.name in marked) for c in sited]
    else:
        at = first_at_each_site(channels)
        sited = [c for c in channels if c.kind == "EEG" and c.site is not None]
        if montage == "longitudinal":
            rows = _bipolar(_LONGITUDINAL_INTERLEAVED if interleaved else _LONGITUDINAL, at, channels, marked)
        elif montage == "transverse":
            rows = _bipolar(_TRANSVERSE, at, channels, marked)
        else:
            rows = _referential(montage, at, marked)
    shown = {c.name for c in sited}.union(row.weights[0][0] for row in rows if len(row.weights) == 1)
    after = max((row.group for row in rows), default=-1) + 1
    return (*rows, *rows_of_others(channels, shown, after, marked))


def rows_of_others(
    channels: Sequence[MontageChannel], shown: Collection[str], group: int, bad: Collection[str]
) -> list[Row]:
    """Channels whose name is not ``shown`` yet, as recorded."""
    others = [c for c in channels if c.name not in shown]
    return [Row(c.name, ((c.name, 1.0),), _side_of_channel(c), group, c.kind, c.name in bad) for c in others]


def first_at_each_site(channels: Sequence[MontageChannel]) -> dict[str, MontageChannel]:
    """EEG channels by site; of two at one site (an electrode recorded twice) the first stands for it."""
    at: dict[str, MontageChannel] = {}
    for channel in channels:
        if channel.kind == "EEG" and channel.site is not None:
            at.setdefault(channel.site, channel)
    return at


def apply_rows(rows: Sequence[Row], data: Mapping[str, NDArray[np.floating[Any]]]) -> NDArray[np.float32]:
    """The traces of ``rows`` from samples by channel name, all at one rate: (row, time), in the unit of the samples.

    A trace is NaN where one of its channels is. Raises: KeyError for a channel without samples; ValueError where the
    lengths differ.
    """
    names = list(dict.fromkeys(name for row in rows for name, _ in row.weights))
    lengths = {data[name].shape[-1] for name in names}
    if len(lengths) > 1:
        raise ValueError(f"channels of one montage must have the same number of samples, not {sorted(lengths)}")
    if not names:
        return np.zeros((len(rows), 0), dtype=np.float32)
    place = {name: i for i, name in enumerate(names)}
    weights = np.zeros((len(rows), len(names)))
    for r, row in enumerate(rows):
        for name, weight in row.weights:
            weights[r, place[name]] += weight
    # Double precision: two electrodes with offsets of 0.1 V must not leave rounding in a difference of microvolts.
    samples = np.stack([np.asarray(data[name], dtype=np.float64) for name in names])
    present = np.isfinite(samples)
    if present.all():
        return (weights @ samples).astype(np.float32)
    out = (weights @ np.where(present, samples, 0.0)).astype(np.float32)
    out[(weights != 0).astype(np.float32) @ (~present).astype(np.float32) > 0] = np.nan
    return out


def _bipolar(
    chains: Sequence[str], at: Mapping[str, MontageChannel], channels: Sequence[MontageChannel], bad: frozenset[str]
) -> list[Row]:
    pairs = [(group, pair) for group, chain in enumerate(chains) for pair in pairwise(chain.split())]
    recorded = {c.name: c for c in channels if c.kind == "EEG" and c.site is None}
    held = [recorded[name] for _, pair in pairs if (name := "-".join(pair)) in recorded]
    if len(held) < len(pairs) / 2:
        recorded = {}
    rows = []
    for group, (active, reference) in pairs:
        weights: tuple[tuple[str, float], ...] = ()
        if active in at and reference in at:
            weights = ((at[active].name, 1.0), (at[reference].name, -1.0))
        elif f"{active}-{reference}" in recorded:
            weights = ((f"{active}-{reference}", 1.0),)
        if weights:
            label = f"{active}–{reference}"
            rows.append(Row(label, weights, side_of(active, reference), group, bad=_any_bad(weights, bad)))
    return rows


def _referential(montage: str, at: Mapping[str, MontageChannel], bad: frozenset[str]) -> list[Row]:
    """Every scalp site against the montage's reference: left lateral, left, midline, right, right lateral."""
    scalp = sorted((site for site in at if site not in EARS), key=_place)
    good = [site for site in scalp if at[site].name not in bad]
    reference: Callable[[str], Sequence[str]]
    if montage == "average":
        suffix, reference = "avg", lambda _: good
    elif montage == "linked ears":
        left = next((site for site in LEFT_EARS if site in at), None)
        right = next((site for site in RIGHT_EARS if site in at), None)
        ears = [left, right] if left is not None and right is not None else []
        suffix, reference = "".join(ears), lambda _: ears
    elif montage == "cz":
        suffix, reference = "Cz", lambda site: ["Cz"] if "Cz" in at and site != "Cz" else []
    else:
        suffix, reference = "Lap", lambda site: _good_neighbours(site, good)
    rows = []
    for site in scalp:
        against = reference(site)
        if not against:
            continue
        weights = {at[site].name: 1.0}
        for other in against:
            weights[at[other].name] = weights.get(at[other].name, 0.0) - 1.0 / len(against)
        row_weights = tuple(weights.items())
        label, group = f"{site}–{suffix}", _place(site)[0]
        about = (at[site].name, at["Cz"].name) if montage == "cz" else (at[site].name,)
        rows.append(Row(label, row_weights, side_of(site), group, bad=_any_bad(row_weights, bad), about=about))
    return rows


def _good_neighbours(site: str, good: Collection[str]) -> list[str]:
    """Usable neighbours, or none where fewer than half or fewer than two are left: that is a slope, not a Laplacian."""
    neighbours = _NEIGHBOURS.get(site, "").split()
    usable = [n for n in neighbours if n in good]
    return usable if len(usable) >= max(2, len(neighbours) / 2) else []


def _any_bad(weights: Sequence[tuple[str, float]], bad: frozenset[str]) -> bool:
    return any(name in bad for name, _ in weights)


def side_of(*sites: str | None) -> str:
    """``left`` or ``right`` where sites lie on one side or in the midline, ``midline`` where they balance."""
    sides = set()
    for site in sites:
        if site is None:
            return "other"
        number = re.search(r"\d+$", site)
        sides.add("midline" if number is None else "left" if int(number[0]) % 2 else "right")
    sides.discard("midline")
    return sides.pop() if len(sides) == 1 else "midline"


def _side_of_channel(channel: MontageChannel) -> str:
    """The side of an electrode, or of two of which the file holds the derivation (``Fp1-F7``, ``Fp1-F7 (2)``)."""
    sites = re.sub(r" \(\d+\)$", "", channel.name).split("-") if channel.site is None else [channel.site]
    if channel.kind != "EEG" or (channel.site is None and not (len(sites) == 2 and all(map(_is_site, sites)))):
        return "other"
    return side_of(*sites)


def _is_site(name: str) -> bool:
    match = re.fullmatch(r"([A-Za-z]+?)(z|\d+)", _NEWER_NAME.get(name, name))
    return name in EARS or (match is not None and match[1].upper() in _COLUMNS)


def _place(site: str) -> tuple[int, int, int]:
    """Where a site stands in a referential montage: (group, from front to back, from outside to inside)."""
    name = _NEWER_NAME.get(site, site)
    match = re.fullmatch(r"([A-Za-z]+?)(z|\d+)", name)
    if match is None:
        return 5, 0, 0
    column = _COLUMNS.get(match[1].upper(), 11)
    if match[2] == "z":
        return 2, column, 0
    number = int(match[2])
    # Fp1 and O1 belong to the parasagittal chain; elsewhere 5 and above (10-10 numbering) are lateral.
    lateral = number >= 5
    left = number % 2 == 1
    group = (0 if lateral else 1) if left else (4 if lateral else 3)
    return group, column, -number
