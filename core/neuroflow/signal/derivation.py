"""Montages of a reader's own: derivations as text, and the rows that they make of a recording's channels.

A derivation is electrodes with weights: ``Fp1-F7``, ``Cz`` (as recorded), ``T3-avg`` against the average of the good
scalp electrodes, ``T3-ears`` against linked ears, ``C3 - 0.25 F3 - 0.25 P3 - 1/2 Cz``. A name that is no plain word
stands in double quotes: ``"EKG 1"``. Montages that ship are in :mod:`neuroflow.signal.montage`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Final

from neuroflow.signal.montage import (
    EARS,
    LEFT_EARS,
    RECONSTRUCTED_MARKS,
    RIGHT_EARS,
    MontageChannel,
    Row,
    first_at_each_site,
    montage_rows,
    rows_of_others,
    side_of,
)

AVERAGE: Final = "avg"
LINKED: Final = "ears"
"""What stands in a derivation for the average of the scalp, and for linked ears."""

MOST_ROWS: Final = 256
MOST_TERMS: Final = 64
LONGEST_NAME: Final = 40
LONGEST_LABEL: Final = 24
LONGEST_TEXT: Final = 2000
_LONGEST_ELECTRODE, _LARGEST_WEIGHT = 80, 1000.0
_LARGEST_DENOMINATOR = 64

_REFERENCES = {
    **dict.fromkeys(("avg", "av", "average"), AVERAGE),
    **dict.fromkeys(("ears", "a1a2", "m1m2"), LINKED),
}
_RENAMED = {"T7": "T3", "T8": "T4", "P7": "T5", "P8": "T6"}

_NUMBER = r"\d{1,4}(?:\.\d{1,12})?"
_TERM = re.compile(
    rf"\s*(?P<sign>[-+–−])?\s*(?:(?P<weight>{_NUMBER})(?:\s*/\s*(?P<over>{_NUMBER}))?\s*[*·×]?)?\s*"
    r"(?:\"(?P<quoted>[^\"]+)\"|(?P<plain>[^\W\d_][\w']*))\s*"
)
_PLAIN = re.compile(r"[^\W\d_][\w']*")
_SITE = re.compile(r"(fp|af|f|ft|fc|t|c|tp|cp|p|po|o|i|n|a|m)(z|\d{1,2})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Derivation:
    """One row: ``terms`` are (electrode, weight), where :data:`AVERAGE` and :data:`LINKED` stand for a reference.

    ``label`` is empty where it is made from the terms; ``gap`` asks for a gap above, as between chains. Raises:
    ValueError, with a sentence, for what cannot be a row.
    """

    terms: tuple[tuple[str, float], ...]
    label: str = ""
    gap: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.terms) <= MOST_TERMS:
            raise ValueError(f"A row is made of 1 to {MOST_TERMS} electrodes.")
        if all(name in (AVERAGE, LINKED) for name, _ in self.terms):
            raise ValueError("Name an electrode before the reference.")
        if len({name for name, _ in self.terms}) < len(self.terms):
            raise ValueError("An electrode stands in a row once.")
        for name, weight in self.terms:
            if not 1 <= len(name) <= _LONGEST_ELECTRODE or not name.isprintable() or '"' in name:
                raise ValueError(f"An electrode's name has 1 to {_LONGEST_ELECTRODE} characters and no quotation mark.")
            if name.startswith(RECONSTRUCTED_MARKS):
                raise ValueError("What was reconstructed does not stand in a montage of what was recorded.")
            if not math.isfinite(weight) or not 0 < abs(weight) <= _LARGEST_WEIGHT:
                raise ValueError(f"The weight of {name} must be a number up to {_LARGEST_WEIGHT:g}, and not 0.")
        checked_label(self.label)

    @property
    def text(self) -> str:
        """As it is typed and kept; :func:`parse_derivation` reads the same terms from it."""
        if len(self.terms) == 2 and [weight for _, weight in self.terms] == [1.0, -1.0]:
            return "-".join(_quoted(name) for name, _ in self.terms)
        bare = len(self.terms) < 3 or any(abs(weight) != 1.0 for _, weight in self.terms)
        parts = []
        for k, (name, weight) in enumerate(self.terms):
            sign = ("-" if weight < 0 else "") if k == 0 else (" - " if weight < 0 else " + ")
            # Three bare names in a row would read as a chain.
            told = "" if abs(weight) == 1.0 and (bare or k) else f"{_number(abs(weight))} "
            parts.append(f"{sign}{told}{_quoted(name)}")
        return "".join(parts)

    @property
    def electrodes(self) -> tuple[str, ...]:
        """Names without references."""
        return tuple(name for name, _ in self.terms if name not in (AVERAGE, LINKED))

    @property
    def side(self) -> str:
        """Where the row lies, as far as its names say: ``left``, ``right``, ``midline`` or ``other``."""
        return self.side_by(lambda name: name if _SITE.fullmatch(name) else None)

    def side_by(self, site_of: Callable[[str], str | None]) -> str:
        """The side by the sites of the electrodes. Two balance; of more, what is added says where the row lies."""
        added = [name for name in self.electrodes if dict(self.terms)[name] > 0]
        sites = [site_of(name) for name in (added if len(self.terms) > 2 and added else self.electrodes)]
        return side_of(*([site for site in sites if site not in EARS] or sites))

    @property
    def cancels(self) -> bool:
        """Whether what is common to all electrodes is not seen; true of a row as recorded, which subtracts nothing."""
        return len(self.terms) == 1 or abs(sum(weight for _, weight in self.terms)) < 1e-3

    def shown(self, ears: str = "A1A2") -> str:
        """The label: the reader's, or one made of the terms, in which ``ears`` stands for linked ears."""
        if self.label:
            return self.label
        names = [(ears if name == LINKED else name, weight) for name, weight in self.terms]
        if [weight for _, weight in names] in ([1.0], [1.0, -1.0]):
            return "–".join(name for name, _ in names)
        parts = []
        for k, (name, weight) in enumerate(names):
            sign = "–" if weight < 0 else "+" if k else ""
            parts.append(f"{sign}{'' if abs(weight) == 1.0 else _number(abs(weight))}{name}")
        text = "".join(parts)
        return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"


@dataclass(frozen=True, slots=True)
class OwnMontage:
    """A reader's montage: its name and its rows, top to bottom. Raises: ValueError, with a sentence."""

    name: str
    rows: tuple[Derivation, ...]

    def __post_init__(self) -> None:
        if self.name != checked_name(self.name):
            raise ValueError("The name has spaces where none belong.")
        if not 1 <= len(self.rows) <= MOST_ROWS:
            raise ValueError(f"A montage has 1 to {MOST_ROWS} rows.")


def checked_name(name: str) -> str:
    """A montage's name without spaces around it. Raises: ValueError, with a sentence, for what is no name."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise ValueError(f"Give the montage a name of 1 to {LONGEST_NAME} characters.")
    return name


def checked_label(label: str) -> str:
    """A row's label as it is. Raises: ValueError, with a sentence; recorded signals never look like reconstructed."""
    if len(label) > LONGEST_LABEL or not label.isprintable() or label != label.strip():
        raise ValueError(f"A label has at most {LONGEST_LABEL} characters.")
    if label.startswith(RECONSTRUCTED_MARKS):
        raise ValueError("≈ and ~ stand before what was reconstructed: choose another label.")
    return label


def parse_derivation(text: str, *, label: str = "", gap: bool = False) -> Derivation:
    """Read a derivation; sites in the field's spelling, with the older names T3 to T6.

    Raises: ValueError, with a sentence, for what is none; a chain such as ``Fp1-F7-T3`` is several
    (:func:`expanded`).
    """
    if len(expanded(text)) > 1:
        raise ValueError(f"“{_short(text)}” is a chain: write it as {len(expanded(text))} rows.")
    weights: dict[str, float] = {}
    for sign, weight, name in _terms(text):
        before = weights.get(name)
        weights[name] = (before or 0.0) + (-1.0 if sign == "-" else 1.0) * weight
        if before is not None and weights[name] == 0:
            raise ValueError("An electrode that is taken from itself leaves nothing.")
    return Derivation(tuple(weights.items()), label, gap)


def expanded(text: str) -> tuple[str, ...]:
    """A chain of three electrodes or more, such as ``Fp1-F7-T3-T5-O1``, as its derivations; other text as it is."""
    try:
        terms = _terms(text)
    except ValueError:
        return (text,)
    names = [name for _, _, name in terms]
    plain = not re.search(r"(^|[-+–−/*·×\s])\d", re.sub(r'"[^"]*"', "", text)) and terms[0][0] == "+"
    chain = len(terms) > 2 and plain and all(sign == "-" for sign, _, _ in terms[1:])
    if not chain or {AVERAGE, LINKED} & set(names):
        return (text,)
    return tuple(f"{_quoted(a)}-{_quoted(b)}" for a, b in pairwise(names))


def own_rows(montage: OwnMontage, channels: Sequence[MontageChannel], bad: Collection[str] = ()) -> tuple[Row, ...]:
    """The rows of a reader's montage for these channels, top to bottom, as ``montage_rows`` gives those that ship.

    A row that lacks a channel is left out, a row that shows a bad one is marked, and averages leave bad ones out.
    Channels of other kinds and at no known site come last, unless a row has shown them. Labels are unique.
    """
    marked, at = frozenset(bad), _Places(channels)
    good = [c.name for site, c in at.sites.items() if site not in EARS and c.name not in marked]
    rows: list[Row] = []
    group = 0
    for line in montage.rows:
        group += line.gap
        row = _row(line, at, good, marked, group)
        if row is not None:
            rows.append(row)
    shown = {c.name for c in channels if c.kind == "EEG" and c.site is not None}
    shown.update(name for row in rows for name in row.electrodes)
    tail = rows_of_others(channels, shown, group + 1, marked)
    taken = {row.label for row in tail}
    for k, row in enumerate(rows):
        rows[k] = replace(row, label=_unique(row.label, taken))
    return (*rows, *tail)


def lacking(line: Derivation, channels: Sequence[MontageChannel]) -> tuple[str, ...]:
    """Which electrodes of a row are not among the channels; empty where it can be drawn."""
    at = _Places(channels)
    absent = [name for name in line.electrodes if at.find(name) is None]
    names = [name for name, _ in line.terms]
    if LINKED in names and at.ears is None:
        absent += ["both ears"]
    if AVERAGE in names and not set(at.sites) - EARS:
        absent += ["electrodes to average"]
    return tuple(absent)


def copy_of(montage: str, channels: Sequence[MontageChannel], *, interleaved: bool = False) -> tuple[Derivation, ...]:
    """The rows of a montage that ships, to begin one's own from. Raises: ValueError for one that does not ship.

    Chains are whole, whatever the channels; other montages are of the channels' sites, or of the 10-20 system's
    where they have none.
    """
    standard = [MontageChannel(site, site, "EEG") for site in _TEN_TWENTY.split()]
    sited = [c for c in channels if c.kind == "EEG" and c.site is not None]
    bipolar = montage in ("longitudinal", "transverse")
    rows = () if bipolar else montage_rows(montage, sited)
    rows = rows or montage_rows(montage, standard, interleaved=interleaved)
    sites = {c.name: c.site or c.name for c in (*standard, *sited)}
    made = []
    for k, row in enumerate(rows[:MOST_ROWS]):
        gap = k > 0 and row.group != rows[k - 1].group
        active, _, suffix = row.label.partition("–")
        reference = _REFERENCES.get(suffix.lower())
        if reference is not None:
            terms: tuple[tuple[str, float], ...] = ((active, 1.0), (reference, -1.0))
        else:
            terms = tuple((sites[name], weight) for name, weight in row.weights)
        plain = Derivation(terms, gap=gap)
        made.append(plain if plain.shown() == row.label else replace(plain, label=row.label[:LONGEST_LABEL]))
    return tuple(made)


_TEN_TWENTY = "Fp1 Fp2 F7 F3 Fz F4 F8 A1 T3 C3 Cz C4 T4 A2 T5 P3 Pz P4 T6 O1 O2"


class _Places:
    """Channels by site, and by name."""

    def __init__(self, channels: Sequence[MontageChannel]) -> None:
        self.sites: Mapping[str, MontageChannel] = first_at_each_site(channels)
        self._names: dict[str, MontageChannel] = {}
        for channel in channels:
            self._names.setdefault(channel.name.casefold(), channel)
        left = next((site for site in LEFT_EARS if site in self.sites), None)
        right = next((site for site in RIGHT_EARS if site in self.sites), None)
        self.ears = (left, right) if left is not None and right is not None else None

    def find(self, name: str) -> MontageChannel | None:
        found = self.sites.get(name) or self._names.get(name.casefold())
        return None if found is not None and found.name.startswith(RECONSTRUCTED_MARKS) else found


def _row(line: Derivation, at: _Places, good: Sequence[str], marked: frozenset[str], group: int) -> Row | None:
    weights: dict[str, float] = {}
    named: list[MontageChannel] = []
    positive: list[MontageChannel] = []
    touched = set()

    def add(name: str, weight: float) -> None:
        weights[name] = weights.get(name, 0.0) + weight

    for name, weight in line.terms:
        if name == AVERAGE:
            if not good:
                return None
            for other in good:
                add(other, weight / len(good))
        elif name == LINKED:
            if at.ears is None:
                return None
            for ear in at.ears:
                add(at.sites[ear].name, weight / 2)
                touched.add(at.sites[ear].name)
        else:
            channel = at.find(name)
            if channel is None:
                return None
            add(channel.name, weight)
            named.append(channel)
            touched.add(channel.name)
            if weight > 0:
                positive.append(channel)
    label = line.shown("".join(at.ears) if at.ears else "A1A2")
    first = positive[0] if positive else named[0]
    # What is read first fixes rate, filters and scale of a row.
    ordered = sorted(weights.items(), key=lambda item: item[0] != first.name)

    def site_of(name: str) -> str | None:
        channel = at.find(name)
        return channel.site if channel is not None else None

    return Row(
        label, tuple(ordered), line.side_by(site_of), group, first.kind, bool(touched & marked),
        tuple(dict.fromkeys(c.name for c in named)),
    )  # fmt: skip


def _unique(label: str, taken: set[str]) -> str:
    made, number = label, 1
    while made in taken:
        number += 1
        made = f"{label} ({number})"
    taken.add(made)
    return made


def _terms(text: str) -> list[tuple[str, float, str]]:
    """(sign, weight, name) of every term. Raises: ValueError."""
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"A derivation has at most {LONGEST_TEXT} characters.")
    found: list[tuple[str, float, str]] = []
    at = 0
    while at < len(text) or not found:
        match = _TERM.match(text, at)
        if match is None:
            rest = _short(text[at:].strip())
            raise ValueError(
                f"“{rest}” is no electrode: write Fp1-F7, Cz-avg, T3-ears or C3 - 0.5 F3 - 0.5 P3."
                if rest
                else "Write a derivation, such as Fp1-F7."
            )
        if found and match["sign"] is None:
            raise ValueError(f"Put + or - before “{_short(match[0].strip())}”.")
        weight = float(match["weight"] or 1.0)
        if match["over"] is not None:
            if float(match["over"]) == 0:
                raise ValueError("A weight cannot be divided by 0.")
            weight /= float(match["over"])
        name = match["quoted"].strip() if match["quoted"] else _spelled(match["plain"])
        found.append(("-" if (match["sign"] or "+") in "-–−" else "+", weight, name))
        if len(found) > MOST_TERMS:
            raise ValueError(f"A row is made of 1 to {MOST_TERMS} electrodes.")
        at = match.end()
    return found


def _spelled(name: str) -> str:
    """``FP1`` is Fp1, ``cz`` is Cz, ``T7`` is T3, ``Average`` is avg; other names stay as they are."""
    reference = _REFERENCES.get(name.lower())
    if reference is not None:
        return reference
    match = _SITE.fullmatch(name)
    if match is None:
        return name
    letters = "Fp" if match[1].lower() == "fp" else match[1].upper()
    site = letters + match[2].lower()
    return _RENAMED.get(site, site)


def _quoted(name: str) -> str:
    """A name as it is typed: in quotation marks where it is no plain word, or would be read as another."""
    if name in (AVERAGE, LINKED) or (_PLAIN.fullmatch(name) and _spelled(name) == name):
        return name
    return f'"{name}"'


def _number(weight: float) -> str:
    """A weight as text that gives the same number again: ``0.25``, ``1/3``."""
    decimal = f"{weight:.9f}".rstrip("0").rstrip(".")
    if float(decimal) == weight:
        return decimal
    fraction = Fraction(weight).limit_denominator(_LARGEST_DENOMINATOR)
    if float(fraction) == weight:
        return f"{fraction.numerator}/{fraction.denominator}"
    return f"{weight:.12f}".rstrip("0").rstrip(".") or "0"


def _short(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:23]}…"
