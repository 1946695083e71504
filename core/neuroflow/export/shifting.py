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
_LIKE_A_DATE = re.compile(
    rf"(?<!\d)\d{{1,4}}([-./])\d\d?\1\d{{2,4}}(?!\d)|\d\.? ?(?:{'|'.join(MONTHS)})|(?:{'|'.join(MONTHS)})[a-z]*\.? \d",
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
        said = match[0]
        try:
            if match["iso"]:
                day: date | None = date.fromisoformat(said)
            elif match["edf"]:
                day = parse_edfplus_date(said)
            else:
                of_month, month, year = map(int, said.split("."))
                day = date(year, month, of_month)
        except ValueError:
            return said
        later = _later(day, days) if day is not None else None
        if later is None:
            return said
        if match["iso"]:
            return later.isoformat()
        return edfplus_date(later) if match["edf"] else f"{later.day:02d}.{later.month:02d}.{later.year}"

    return _DATE.sub(moved, text)


def holds_another_date(text: str) -> bool:
    """Whether something in a text looks like a date, and not like one that :func:`with_dates_shifted` would find."""
    return _LIKE_A_DATE.search(_DATE.sub("", text)) is not None


def _later(day: date, days: int) -> date | None:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None
