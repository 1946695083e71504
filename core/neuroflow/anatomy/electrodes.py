"""Names of channels: what a file's label means, in the field's own names.

Scalp electrodes are named after the 10-20 and 10-10 systems (Klem et al. 1999; Acharya et al. 2016). Where the two
systems disagree the older 10-20 name is used throughout: T3, T4, T5 and T6 for T7, T8, P7 and P8.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from neuroflow.recording import RECONSTRUCTED_MARKS, ChannelKind
from neuroflow.units import volts_per_unit

Side = Literal["left", "right", "midline"]


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a label says: a canonical ``name``, the ``kind``, the scalp ``site`` (or None) and the ``reference``."""

    name: str
    kind: ChannelKind
    site: str | None
    reference: str


def _series(prefix: str, numbers: str) -> tuple[str, ...]:
    return tuple(prefix + suffix for suffix in numbers.split())


SITES: frozenset[str] = frozenset(
    _series("Fp", "1 z 2")
    + _series("AF", "9 7 5 3 1 z 2 4 6 8 10")
    + _series("F", "9 7 5 3 1 z 2 4 6 8 10")
    + _series("FT", "9 7 8 10")
    + _series("FC", "5 3 1 z 2 4 6")
    + _series("T", "1 2 3 4 5 6 9 10")
    + _series("C", "5 3 1 z 2 4 6")
    + _series("TP", "9 7 8 10")
    + _series("CP", "5 3 1 z 2 4 6")
    + _series("P", "9 5 3 1 z 2 4 6 10")
    + _series("PO", "9 7 5 3 1 z 2 4 6 8 10")
    + _series("O", "1 z 2 9 10")
    + _series("I", "1 z 2")
    + ("Nz", "A1", "A2", "M1", "M2")
)
"""Every scalp site that is recognised, by its canonical name; ears (A1, A2) and mastoids (M1, M2) among them."""

EARS: frozenset[str] = frozenset({"A1", "A2", "M1", "M2"})
"""Sites that are more often a reference than an electrode over the brain."""

_RENAMED = {"T7": "T3", "T8": "T4", "P7": "T5", "P8": "T6"}
_SITE_OF = {site.upper(): site for site in SITES} | _RENAMED

# Signal types that EDF+ (Kemp and Olivan 2003, "standard texts") and recorders put before the electrode's name.
_TYPE_PREFIX = re.compile(r"^(EEG|IEEG|SEEG|ECOG|POL)\s+(?=\S)", re.IGNORECASE)
_INTRACRANIAL_PREFIXES = {"IEEG", "SEEG", "ECOG"}
_SEPARATOR = re.compile(r"\s*[-–:/_]\s*|\s+")
_COMMON_REFERENCE = re.compile(r"\s*-\s*(ref|le)$", re.IGNORECASE)
_COPY_NUMBER = re.compile(r"(?<=[A-Za-z0-9])-\d$")
_DEPTH = re.compile(r"^([A-Za-z]{1,5}'?)(\d{1,2})$")
_NUMBERED = re.compile(r"^([A-Za-z]{1,2})(\d{1,2})$")

# Words that look like a shaft and a contact number and are neither.
_NO_SHAFT = re.compile(
    r"DC|AUX|BIP|EXG?|EXT|X|PG|SP|CH|CHAN|MISC|STIM?|PHO|TRIG|EV|ADC|OSAT|CO|OX|HR|PR|PTT|IBI|PPG|GSR|ACC|EEG|REF|GND",
    re.IGNORECASE,
)

_PATTERNS: tuple[tuple[ChannelKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (ChannelKind.TRIGGER, r"\b(status|d?trig\w*|event|marker|stim|sti ?\d+|mkr)\b|^ev\d*$"),
        (ChannelKind.PHOTIC, r"photic|\bpho(to)?\b|flash|strobe"),
        (ChannelKind.SPO2, r"s[pa]o ?2|\bo[xs]?[ -]?(stat|sat)\b"),
        (ChannelKind.ECG, r"ecg|ekg|electrocardio"),
        (ChannelKind.EOG, r"eog|^(roc|loc)\b|^e[12]$|^e[12][-: ](a|m)[12]$"),
        (ChannelKind.EMG, r"emg|\bchin\d?\b|\b[lr]?[ -]?leg\b|\btib|\b[lr]at\b|deltoid|masseter|submental"),
        (
            ChannelKind.RESPIRATION,
            r"resp|air ?flow|\bflow\b|new air|nasal|snor|thor|abdo|\babd\b|effort|chest|cpap|\brip\b|cannula|therm",
        ),
    )
)

UNNAMED = "one whose name is left out"


def recognise(label: str, dimension: str = "uV") -> Recognised:
    """Read one label as a reader of EEG would: ``EEG Fp1-Ref``, ``FP1-LE``, ``Fp1.``, ``T7``, ``EKG1``, ``AHL1``.

    A derivation between two scalp sites (``Fp1-F7``) keeps both in its name and has no site, since no montage can be
    built from it; an ear, a mastoid or a common reference (``Ref``, ``LE``, ``A1A2``, ``Av``) is the ``reference``.
    Channels whose physical ``dimension`` is no voltage are never EEG; an empty dimension is taken on trust. What was
    reconstructed (``~AHL1 med``) is named as on screen, ``≈AHL1 med``.
    """
    clean, body, prefix = _without_type(label)
    marked = _TYPE_PREFIX.sub("", clean)
    if marked.startswith(RECONSTRUCTED_MARKS):
        clean = f"≈{marked.lstrip('~≈ ')}"
    if dimension.strip() and volts_per_unit(dimension) is None:
        return Recognised(clean, _other_kind(clean), None, "")
    if clean.startswith(RECONSTRUCTED_MARKS):
        return Recognised(clean, ChannelKind.IEEG, None, "")
    if prefix not in _INTRACRANIAL_PREFIXES and (scalp := _scalp(body)) is not None:
        return scalp
    kind = _other_kind(body)
    if kind is not ChannelKind.OTHER:
        return Recognised(_without_repeated_type(body), kind, None, "")
    if (contact := _contact(body)) is not None:
        return contact
    if prefix in _INTRACRANIAL_PREFIXES:
        return Recognised(body, ChannelKind.IEEG, None, "")
    if prefix == "EEG" or clean.upper().startswith("EEG"):
        return Recognised(body, ChannelKind.EEG, None, "")
    return Recognised(body, ChannelKind.OTHER, None, "")


def recognise_all(labels: Sequence[str], dimensions: Sequence[str]) -> tuple[Recognised, ...]:
    """Read the labels of one recording together, which settles what one label alone leaves open.

    ``A1 … A16`` or ``C1 … C12`` are the contacts of a shaft, not ears or central sites, since the series runs past
    the scalp's names; where most scalp channels end in the same site (``Fp1-Cz``, ``F3-Cz`` …), it is their reference.
    """
    found = [recognise(label, dimension) for label, dimension in zip(labels, dimensions, strict=True)]
    contacts = [_contact(_without_type(label)[1]) for label in labels]
    shafts = _shafts_among(found, contacts)
    found = [c if c and _shaft_of(c) in shafts else r for r, c in zip(found, contacts, strict=True)]
    common = _common_site_reference(found)
    return tuple(_as_referential(r, common) if common else r for r in found)


def side(site: str) -> Side:
    """Left for odd numbers, right for even ones, else midline: ``Fp1``, ``T4``, ``Cz``."""
    digits = site[len(site.rstrip("0123456789")) :]
    if not digits:
        return "midline"
    return "left" if int(digits) % 2 else "right"


def _without_type(label: str) -> tuple[str, str, str]:
    """A label without padding, without the signal type and copy number, and the signal type in capitals."""
    clean = " ".join(label.replace("\0", " ").split())
    body, prefix = clean, ""
    while match := _TYPE_PREFIX.match(body):
        prefix, body = match.group(1).upper(), body[match.end() :]
    return clean, _COPY_NUMBER.sub("", body), prefix


def _site(text: str) -> str | None:
    return _SITE_OF.get(text.strip(" .").upper())


def _scalp(body: str) -> Recognised | None:
    """The reading of a label that begins with a scalp site, or None."""
    parts = _SEPARATOR.split(body.strip(), maxsplit=1)
    site = _site(parts[0])
    if site is None:
        return None
    reference = parts[1].strip(" .") if len(parts) > 1 else ""
    other = _site(reference)
    if other is not None and other not in EARS:
        return Recognised(f"{site}-{other}", ChannelKind.EEG, None, other)
    return Recognised(site, ChannelKind.EEG, site, other or reference)


def _contact(body: str) -> Recognised | None:
    """The reading of a label that names a depth or subdural contact (``AHL1``, ``mAHL1``, ``TP'3``), or None."""
    parts = _SEPARATOR.split(body.strip(), maxsplit=1)
    name = parts[0].rstrip(".")
    match = _DEPTH.match(name)
    if match is None or _NO_SHAFT.fullmatch(match.group(1)) or int(match.group(2)) == 0:
        return None
    reference = parts[1].strip() if len(parts) > 1 else ""
    if _DEPTH.match(reference) and _site(reference) is None:  # a derivation between neighbours
        return Recognised(f"{name}-{reference}", ChannelKind.IEEG, None, reference)
    return Recognised(name, ChannelKind.IEEG, None, reference)


def _other_kind(text: str) -> ChannelKind:
    for kind, pattern in _PATTERNS:
        if pattern.search(text):
            return kind
    return ChannelKind.OTHER


def _without_repeated_type(label: str) -> str:
    """``ECG ECG1`` is ``ECG1``, and ``EKG-REF`` is ``EKG``."""
    label = _COMMON_REFERENCE.sub("", label)
    first, _, rest = label.partition(" ")
    return rest if rest.upper().startswith(first.upper()) else label


def _shaft_of(contact: Recognised) -> str:
    match = _NUMBERED.match(contact.name)
    return match.group(1).upper() if match else ""


def _shafts_among(found: Sequence[Recognised], contacts: Sequence[Recognised | None]) -> set[str]:
    """Prefixes of one or two letters that number four contacts or more, at least one of them past the scalp's names."""
    members = Counter(_shaft_of(c) for c in contacts if c is not None)
    beyond = {_shaft_of(r) for r in found if r.kind is ChannelKind.IEEG}
    return {prefix for prefix in beyond if prefix and members[prefix] >= 4}


def _common_site_reference(found: Sequence[Recognised]) -> str:
    """The site that six or more scalp derivations, and most of them, are taken against; else empty."""
    derivations = [r.reference for r in found if r.kind is ChannelKind.EEG and r.site is None and r.reference]
    if not derivations:
        return ""
    site, count = Counter(derivations).most_common(1)[0]
    return site if count >= 6 and count > len(derivations) / 2 else ""


def _as_referential(found: Recognised, common: str) -> Recognised:
    if found.kind is not ChannelKind.EEG or found.site is not None or found.reference != common:
        return found
    site = _site(found.name.partition("-")[0])
    return found if site is None else Recognised(site, ChannelKind.EEG, site, common)


def sites_alone(names: Iterable[str]) -> tuple[str, ...]:
    """Names of channels, or ``label is name``, where nobody is to be named: those of the 10-20 and 10-10 systems alone.

    Nobody reviews what is written so, and of any other name a machine cannot tell whether it is a person's.
    """
    return tuple(" is ".join(name if name in SITES else UNNAMED for name in n.split(" is ")) for n in names)
