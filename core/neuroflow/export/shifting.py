"""Dates of a recording moved by a number of days, so that they are not those of the patient; times of day stay."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from neuroflow.errors import NeuroflowError
from neuroflow.io.edf_fields import edfplus_date, has_two_digit_year
from neuroflow.io.edf_header import MONTHS, parse_edfplus_date
from neuroflow.recording import UNKNOWN_DATE

# Forms that can be read in one way only; 03/04/2020 is in April or in March.
_DATE = re.compile(
    r"(?<!\d)(?P<iso>\d{4}-\d\d-\d\d)(?!\d)|(?<!\d)(?P<edf>\d\d-[A-Za-z]{3}-\d{4})(?!\d)"
    r"|(?<![\d.])(?P<dotted>\d\d?\.\d\d?\.\d{4})(?!\d)"
)
# Months in English, German, French, Spanish, Italian and Portuguese, as far as they are no other words.
_MONTHS = "|".join(
    (*MONTHS, "JÄN", "ENERO", "GENN", "F[EÉ]V", "MÄR", "A[BV]R", "MAI(?![A-Z])", "MAGG", "JUI", "GIUGN", "LUGL",
     "AO[UÛ]", "AGOSTO", "SETT", "SETEM", "OKT", "OTTOB", "OUTUB", "DEZ", "DIC(?![TKE])", "DÉC")
)  # fmt: skip
_YEAR, _BETWEEN = r"(?:19|20)\d\d", "[-./_\N{HYPHEN}-\N{EM DASH}\N{MINUS SIGN}]"
_LIKE_A_DATE = re.compile(
    rf"(?<!\d)\d{{1,4}}\s?({_BETWEEN})\s?\d\d?\s?\1\s?\d{{2,4}}(?!\d)"
    rf"|(?<!\d)\d{{4}}\s?({_BETWEEN})\s?\d\d?\s?\2\s?\d\d?(?!\d)"
    rf"|(?<!\d)(?:{_YEAR}\s\d\d?\s\d\d?|\d\d?\s\d\d?\s{_YEAR})(?!\d)"
    rf"|(?<!\d)(?:{_YEAR}[01]\d[0-3]\d(?:[0-2]\d[0-5]\d(?:[0-5]\d)?)?|[0-3]\d[0-3]\d{_YEAR})(?!\d)"
    rf"|(?<![\d.])(?:{_YEAR}[-./](?:0[1-9]|1[0-2])|(?:0[1-9]|1[0-2])[-./]{_YEAR})(?![\d.])"  # a month of a year
    r"|(?<![\d.])(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])\.(?!\d)"  # a day of any year, as Germans write it
    r"|\d\s?[年月]"
    rf"|\d(?:st|nd|rd|th|er)?[\W_]{{0,2}}(?:of |de |di )?(?:{_MONTHS})"
    rf"|(?:{_MONTHS})[^\W\d_]{{0,9}}[\W_]{{1,3}}\d",
    re.IGNORECASE,
)


def shifted(start: datetime | None, days: int) -> datetime:
    """A start so many days later, at the same time of day. Raises: NeuroflowError where EDF cannot say that date."""
    if start is None or start.date() == UNKNOWN_DATE:
        raise NeuroflowError("The recording has no start date that could be shifted: leave the shift out.")
    if days == 0:
        raise NeuroflowError("Dates that are shifted by 0 days are as they were: give another number of days.")
    found = _later(start.date(), days)
    if found is None or found == UNKNOWN_DATE or not has_two_digit_year(found):
        raise NeuroflowError(
            f"Shifted by {days:,} days the recording would start outside 2 January 1985 to 31 December 2084, which is "
            "what EDF can say: give another number of days."
        )
    return datetime.combine(found, start.time())


def with_dates_shifted(text: str, days: int) -> str:
    """A text in which every date that can be read in one way only is so many days later, in the same form."""

    def moved(match: re.Match[str]) -> str:
        day = _day(match)
        later = _later(day, days) if day is not None else None
        if later is None:
            return match[0]
        if match["iso"]:
            return later.isoformat()
        return edfplus_date(later) if match["edf"] else f"{later.day:02d}.{later.month:02d}.{later.year}"

    return _DATE.sub(moved, text)


def holds_another_date(text: str) -> bool:
    """Whether something in a text looks like a date, and not like one that :func:`with_dates_shifted` would find."""
    return _LIKE_A_DATE.search(_DATE.sub(lambda match: match[0] if _day(match) is None else "", text)) is not None


def _day(match: re.Match[str]) -> date | None:
    """The day that a match of :data:`_DATE` says; None where there is none, such as the 13th month."""
    try:
        if match["iso"]:
            return date.fromisoformat(match[0])
        if match["edf"]:
            return parse_edfplus_date(match[0])
        of_month, month, year = map(int, match[0].split("."))
        return date(year, month, of_month)
    except ValueError:
        return None


def _later(day: date, days: int) -> date | None:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None
