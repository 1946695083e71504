"""Header fields of EDF+ as bytes: tiny pure functions that reject what does not fit.

Source: Kemp and Olivan 2003, sections 2.1.3 (header) and 2.1.3.3 (subfields of patient and recording). Everything here
raises ValueError; what a user may cause is checked, and said in a sentence, before it comes here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from neuroflow.io.edf_header import MONTHS, parse_edfplus_date
from neuroflow.recording import UNKNOWN_DATE, Patient

NUMBER_WIDTH = 8
_FIELD_WIDTH = 80


def encode_text(value: str, width: int) -> bytes:
    """Printable ASCII, left-justified. Raises: ValueError where it is longer or holds anything else."""
    if not (value.isascii() and (value.isprintable() or not value)):
        raise ValueError(f"{value!r} holds characters that an EDF header cannot")
    if len(value) > width:
        raise ValueError(f"{value!r} is longer than the {width} characters of its field")
    return value.encode("ascii").ljust(width)


def encode_number(value: float, width: int = NUMBER_WIDTH) -> bytes:
    """A decimal without exponent that reads back as exactly this number. Raises: ValueError where it is too long."""
    return encode_text(format(Decimal(repr(float(value))).normalize(), "f"), width)


def outward(low: float, high: float) -> tuple[float, float]:
    """The nearest limits that enclose ``low`` to ``high`` and fit into eight characters each; never equal.

    Limits that are symmetric stay so, although a minus sign leaves one digit less.

    Raises: ValueError for limits that are not finite, out of order or too large.
    """
    if not (low <= high and abs(low) < 1e8 and abs(high) < 1e8):
        raise ValueError(f"{low} to {high} are no limits that an EDF header can hold")
    lower, upper = _fit(low, ROUND_FLOOR), _fit(high, ROUND_CEILING)
    if low == -high:
        upper = -lower
    if lower == upper:
        return _fit(low - 1.0, ROUND_FLOOR), _fit(high + 1.0, ROUND_CEILING)
    return lower, upper


def _fit(value: float, rounding: str) -> float:
    if len(format(Decimal(repr(float(value))), "f")) <= NUMBER_WIDTH:
        return float(value)  # it reads back as exactly this number
    exact = Decimal(float(value))
    for places in range(NUMBER_WIDTH - 2, -1, -1):
        rounded = exact.quantize(Decimal(1).scaleb(-places), rounding=rounding)
        if len(format(rounded, "f")) <= NUMBER_WIDTH:
            return float(rounded)
    raise ValueError(f"{value} does not fit into {NUMBER_WIDTH} characters")


def encode_date(day: date) -> bytes:
    """``dd.mm.yy``; outside 1985 to 2084 the stand-in date, since two digits cannot say the year."""
    shown = day if has_two_digit_year(day) else UNKNOWN_DATE
    return encode_text(f"{shown.day:02d}.{shown.month:02d}.{shown.year % 100:02d}", 8)


def has_two_digit_year(day: date) -> bool:
    """Whether the header's two digits can say the year. EDFlib refuses files where only the EDF+ subfield can."""
    return 1985 <= day.year <= 2084


def encode_clock(moment: datetime) -> bytes:
    """``hh.mm.ss``; the fraction of a second belongs into the first time-keeping annotation."""
    return encode_text(f"{moment.hour:02d}.{moment.minute:02d}.{moment.second:02d}", 8)


def edfplus_date(day: date) -> str:
    """``12-AUG-2009``."""
    return f"{day.day:02d}-{MONTHS[day.month - 1]}-{day.year:04d}"


def ascii_text(value: str) -> str:
    """The nearest printable ASCII: accents dropped, everything else that has none as ``?``.

    The mark of what was reconstructed stays one.
    """
    decomposed = unicodedata.normalize("NFKD", value.replace("µ", "u").replace("ß", "ss").replace("≈", "~"))
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in plain)


def subfield(value: str) -> str:
    """One subfield: ASCII, spaces as underscores, ``X`` where empty."""
    return "_".join(ascii_text(value).split()) or "X"


def patient_field(patient: Patient) -> str:
    """Code, sex, birthdate, name and what else there is, as subfields; cut at 80 characters.

    A birthdate that is no date goes to the end, and one in another form than ``02-AUG-1951`` is put into that, since
    programs refuse files for it.
    """
    sex = patient.sex if patient.sex in ("M", "F") else "X"
    born = parse_edfplus_date(patient.birthdate)
    more = patient.additional.split()
    if patient.birthdate and born is None:
        more.append(f"born {patient.birthdate}")
    return _joined([patient.identifier, sex, edfplus_date(born) if born else "X", patient.name], more)


def recording_field(
    start: date | None, admin: str = "", technician: str = "", equipment: str = "", additional: Sequence[str] = ()
) -> str:
    """``Startdate``, date, administration code, technician, equipment and more as subfields; cut at 80 characters."""
    day = "X" if start is None else edfplus_date(start)
    return _joined(["Startdate", day, admin, technician, equipment], additional)


def _joined(needed: Sequence[str], more: Sequence[str]) -> str:
    """Subfields of at most 80 characters. Of the ``needed`` all are there, since programs refuse files for one that is
    not: where they are too long, the longest are cut."""
    fields = [subfield(part)[:_FIELD_WIDTH] for part in needed]
    while len(" ".join(fields)) > _FIELD_WIDTH:
        longest = max(range(len(fields)), key=lambda k: len(fields[k]))
        fields[longest] = fields[longest][:-1]
    return " ".join([*fields, *map(subfield, more)])[:_FIELD_WIDTH].rstrip()
