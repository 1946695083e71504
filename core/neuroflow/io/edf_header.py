"""The header of an EDF, EDF+, BDF or BDF+ file: bytes to typed values, and what was wrong with them.

Sources: Kemp et al. 1992 (EDF), Kemp and Olivan 2003 (EDF+), the BioSemi page on BDF. Fields are read as leniently as
a reader who wants to see the recording would; every leniency is listed among the ``problems``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from neuroflow.errors import FileProblem
from neuroflow.recording import UNKNOWN_DATE, Patient

FIXED_BYTES = 256
SIGNAL_BYTES = 256
_SIGNAL_FIELDS = (
    ("label", 16),
    ("transducer", 80),
    ("dimension", 8),
    ("physical_min", 8),
    ("physical_max", 8),
    ("digital_min", 8),
    ("digital_max", 8),
    ("prefilter", 80),
    ("samples", 8),
    ("reserved", 32),
)
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_THREE_NUMBERS = re.compile(r"\s*(\d{1,2})[.:'\-/ ]\s*(\d{1,2})[.:'\-/ ]\s*(\d{1,2})")
_DATE = re.compile(r"(\d{1,2})-([A-Za-z]{3})-(\d{4})", re.ASCII)
# A record that the file holds in part is filled up in memory, and its stated size may be anything.
LARGEST_CUT_RECORD = 64 << 20
# Of a larger one so much must be there: a few bytes are a damaged header, and filling them up takes seconds.
_LARGE_RECORD, _LEAST_SHARE = 1 << 20, 0.01
SHORTEST_RECORD, LONGEST_RECORD = 1e-6, 1e6  # seconds


@dataclass(frozen=True, slots=True)
class EdfSignal:
    """One signal's header. ``samples`` a record; ``offset`` in bytes from the start of a record."""

    index: int
    label: str
    transducer: str
    dimension: str
    physical_min: float
    physical_max: float
    digital_min: int
    digital_max: int
    prefilter: str
    samples: int
    offset: int
    is_annotation: bool

    @property
    def scale(self) -> tuple[float, float] | None:
        """Gain and offset from digital to physical values; None where the limits do not say."""
        if self.digital_max == self.digital_min or self.physical_max == self.physical_min:
            return None
        gain = (self.physical_max - self.physical_min) / (self.digital_max - self.digital_min)
        return gain, self.physical_min - gain * self.digital_min


@dataclass(frozen=True, slots=True)
class EdfHeader:
    """A whole header. ``records`` is how many records the file holds, the last perhaps in part (``partial_bytes``)."""

    is_bdf: bool
    plus: str
    patient_field: str
    recording_field: str
    start: datetime | None
    header_bytes: int
    records: int
    partial_bytes: int
    record_seconds: float
    signals: tuple[EdfSignal, ...]
    problems: tuple[str, ...]
    raw: bytes

    @property
    def sample_bytes(self) -> int:
        return 3 if self.is_bdf else 2

    @property
    def record_bytes(self) -> int:
        return self.sample_bytes * sum(signal.samples for signal in self.signals)

    @property
    def format(self) -> str:
        name = "BDF" if self.is_bdf else "EDF"
        return f"{name}+{self.plus}" if self.plus else name


def header_size(fixed: bytes, name: str) -> int:
    """Bytes in the whole header, from its first 256. Raises: FileProblem where this is no EDF or BDF file."""
    if not fixed:
        raise FileProblem(f"“{name}” is empty: nothing was written to it; copy or export the recording again.")
    is_edf, is_bdf = fixed[:8].strip(b" \0") == b"0", fixed[:8] == b"\xffBIOSEMI"
    if not (is_edf or is_bdf):
        raise FileProblem(f"“{name}” is not an EDF or BDF file, whatever its name says: choose another file.")
    if len(fixed) < FIXED_BYTES:
        raise FileProblem(f"“{name}” ends within its header: copy or export the recording again.")
    signals = _integer(fixed[252:256])
    if signals is None or signals < 1:
        raise FileProblem(f"“{name}” does not say how many signals it holds: its header is damaged; export it again.")
    return FIXED_BYTES + SIGNAL_BYTES * signals


def parse_header(raw: bytes, file_bytes: int, name: str) -> EdfHeader:
    """Read a whole header (``raw``, of :func:`header_size` bytes) of a file of ``file_bytes`` bytes.

    Raises: FileProblem where the layout of the records cannot be known, or there are none.
    """
    expected = header_size(raw[:FIXED_BYTES], name)
    if len(raw) < expected:
        raise FileProblem(f"“{name}” ends within its header: copy or export the recording again.")
    problems: list[str] = []
    is_bdf = raw[:1] == b"\xff"
    reserved = text(raw[192:236])
    plus = reserved[4:5] if reserved[:5] in ("EDF+C", "EDF+D", "BDF+C", "BDF+D") else ""
    record_seconds = _number(raw[244:252])
    signals = _signals(raw, is_bdf, name, problems)
    data_signals = [signal for signal in signals if not signal.is_annotation]
    _list_what_the_standard_forbids(raw[:expected], data_signals, problems)
    usable = record_seconds is not None and SHORTEST_RECORD <= record_seconds <= LONGEST_RECORD
    if record_seconds is None or not (usable or (record_seconds == 0 and not data_signals)):
        raise FileProblem(
            f"“{name}” gives {text(raw[244:252]) or 'nothing'} as the length of a record in seconds, so its sampling "
            "rates cannot be known: export it again."
        )
    record_bytes = (3 if is_bdf else 2) * sum(signal.samples for signal in signals)
    if record_bytes == 0:
        raise FileProblem(f"“{name}” holds no samples in its records: its header is damaged; export it again.")
    stated = _integer(raw[236:244])
    header_bytes = _header_bytes(raw, expected, file_bytes, record_bytes, stated, problems)
    records, partial = divmod(max(file_bytes - header_bytes, 0), record_bytes)
    if records == 0 and partial == 0:
        raise FileProblem(f"“{name}” holds a header and no data records: there is nothing to show; export it again.")
    unlike = record_bytes > _LARGE_RECORD and partial < record_bytes * _LEAST_SHARE
    if records == 0 and (record_bytes > LARGEST_CUT_RECORD or unlike):
        raise FileProblem(
            f"“{name}” says that one of its records has {record_bytes / 1e6:.0f} MB, and holds {partial} bytes: its "
            "header is damaged; copy or export the recording again."
        )
    _compare_counts(stated, records, partial, record_bytes, record_seconds, problems)
    return EdfHeader(
        is_bdf=is_bdf,
        plus=plus,
        patient_field=text(raw[8:88]),
        recording_field=text(raw[88:168]),
        start=_start(raw, text(raw[88:168]), problems),
        header_bytes=header_bytes,
        records=records + (1 if partial else 0),
        partial_bytes=partial,
        record_seconds=record_seconds,
        signals=signals,
        problems=tuple(problems),
        raw=raw[:expected],
    )


def text(field: bytes) -> str:
    """A header field as text: ASCII by the standard, UTF-8 or Latin-1 where a program wrote those.

    What cannot be printed is a space: a label is one line wherever it is shown.
    """
    try:
        decoded = field.decode("utf-8")
    except UnicodeDecodeError:
        decoded = field.decode("latin-1")
    if not decoded.isprintable():
        decoded = "".join(letter if letter.isprintable() else " " for letter in decoded)
    return decoded.strip()


def parse_patient(field: str) -> Patient:
    """The EDF+ subfields code, sex, birthdate and name (``X`` is empty); else the whole field as the name."""
    parts = field.split()
    if len(parts) >= 4 and parts[1] in ("M", "F", "X"):
        code, sex, birthdate, name = (_subfield(part) for part in parts[:4])
        return Patient(name, code, birthdate, sex, " ".join(parts[4:]))
    return Patient(name=_subfield(field))


def parse_edfplus_date(value: str) -> date | None:
    """``12-AUG-2009`` as a date, in small letters or without the first zero too; None where the century is not told."""
    match = _DATE.fullmatch(value)
    if match is None or match[2].upper() not in MONTHS:
        return None
    try:
        return date(int(match[3]), MONTHS.index(match[2].upper()) + 1, int(match[1]))
    except ValueError:
        return None


def _subfield(part: str) -> str:
    return "" if part.strip() in ("X", "") else part.strip().replace("_", " ")


def _number(field: bytes) -> float | None:
    try:
        value = float(text(field).replace(",", "."))
    except ValueError:
        return None
    return value if abs(value) < 1e300 else None


def _integer(field: bytes) -> int | None:
    value = _number(field)
    return int(value) if value is not None and value == int(value) else None


def _signals(raw: bytes, is_bdf: bool, name: str, problems: list[str]) -> tuple[EdfSignal, ...]:
    count = (len(raw) - FIXED_BYTES) // SIGNAL_BYTES
    columns: dict[str, list[bytes]] = {}
    position = FIXED_BYTES
    for field, width in _SIGNAL_FIELDS:
        columns[field] = [raw[position + i * width : position + (i + 1) * width] for i in range(count)]
        position += width * count
    annotation_label = "BDF Annotations" if is_bdf else "EDF Annotations"
    lowest, highest = (-(2**23), 2**23 - 1) if is_bdf else (-(2**15), 2**15 - 1)
    signals: list[EdfSignal] = []
    offset = 0
    for i in range(count):
        label = text(columns["label"][i])
        samples = _integer(columns["samples"][i])
        if samples is None or samples < 0:
            raise FileProblem(f"“{name}” does not say how often “{label}” was sampled: its header is damaged.")
        limits = [
            _number(columns[field][i]) for field in ("physical_min", "physical_max", "digital_min", "digital_max")
        ]
        is_annotation = label == annotation_label
        if any(limit is None for limit in limits) and not is_annotation:
            problems.append(f"“{label}” has limits that are not numbers; it is shown in the recorder's own counts.")
            limits = [0.0, 0.0, float(lowest), float(highest)]
        low, high, digital_low, digital_high = (limit or 0.0 for limit in limits)
        signals.append(
            EdfSignal(
                index=i,
                label=label,
                transducer=text(columns["transducer"][i]),
                dimension=text(columns["dimension"][i]),
                physical_min=low,
                physical_max=high,
                digital_min=int(digital_low),
                digital_max=int(digital_high),
                prefilter=text(columns["prefilter"][i]),
                samples=samples,
                offset=offset,
                is_annotation=is_annotation,
            )
        )
        offset += samples * (3 if is_bdf else 2)
    return tuple(signals)


_ALLOWED = bytes((0, *range(32, 127)))
"""Bytes of a header that the standard allows, and the zeros that some programs fill fields with."""


def _list_what_the_standard_forbids(raw: bytes, signals: Sequence[EdfSignal], problems: list[str]) -> None:
    """What is read all the same, and may be shown wrongly by other programs."""
    upside_down = [signal.label for signal in signals if signal.digital_min > signal.digital_max]
    if upside_down:
        more = f" and {len(upside_down) - 1} more" if len(upside_down) > 1 else ""
        problems.append(f"The digital limits of “{upside_down[0]}”{more} are upside down; values are read as they say.")
    if raw[1:].translate(None, _ALLOWED):
        problems.append("The header holds letters that EDF does not allow; other programs may show them wrongly.")


def _header_bytes(
    raw: bytes, expected: int, file_bytes: int, record_bytes: int, stated_records: int | None, problems: list[str]
) -> int:
    """Where the records begin: 256 bytes for the file and each signal, unless only the stated size fits the file."""
    stated = _integer(raw[184:192])
    if stated == expected:
        return expected
    problems.append(f"The header says that it is {text(raw[184:192]) or 'nothing'} bytes long; it is {expected}.")
    if stated is None or stated < expected:
        return expected
    if stated_records is None or stated_records < 0:  # not closed: what leaves whole records fits
        fits = (file_bytes - stated) % record_bytes == 0 and (file_bytes - expected) % record_bytes != 0
    else:
        fits = stated + stated_records * record_bytes == file_bytes
    if fits:
        problems[-1] = f"The header is {stated} bytes long, {stated - expected} more than its signals need."
        return stated
    return expected


def _compare_counts(
    stated: int | None, whole: int, partial: int, record_bytes: int, seconds: float, problems: list[str]
) -> None:
    if partial:
        problems.append(
            f"The last record is cut off after {partial} of {record_bytes} bytes; what is there of its "
            f"{seconds:g} s is shown."
        )
    present = whole + (1 if partial else 0)
    if stated is None or stated == -1:
        problems.append("The recording was not closed properly (its record count is missing); all of it is shown.")
    elif stated > present:
        problems.append(f"The file ends early: {present} of {stated} records are there.")
    elif stated < present:
        problems.append(f"The file holds {present} records where its header says {stated}; all of them are shown.")


def _start(raw: bytes, recording_field: str, problems: list[str]) -> datetime | None:
    clock = _clock(text(raw[176:184]))
    if clock is None:
        problems.append(f"The start time “{text(raw[176:184])}” is no time of day; clock times are not shown.")
        return None
    parts = recording_field.split()
    if len(parts) >= 2 and parts[0].lower() == "startdate":
        if parts[1].upper() == "X":
            problems.append("The start date was removed from this file; 1 January 1985 stands for it.")
            return datetime.combine(UNKNOWN_DATE, clock)
        if (day := parse_edfplus_date(parts[1])) is not None:
            return _dated(day, clock, problems)
    day = _legacy_date(text(raw[168:176]))
    if day is None:
        problems.append(f"The start date “{text(raw[168:176])}” is no date; 1 January 1985 stands for it.")
        return datetime.combine(UNKNOWN_DATE, clock)
    return _dated(day, clock, problems)


def _dated(day: date, clock: time, problems: list[str]) -> datetime:
    if day == UNKNOWN_DATE:
        problems.append("The start date is 1 January 1985, which stands for one that is not known.")
    return datetime.combine(day, clock)


def _legacy_date(value: str) -> date | None:
    """``dd.mm.yy`` with the years 1985 to 2084, or None."""
    match = _THREE_NUMBERS.fullmatch(value)
    if match is None:
        return None
    day, month, year = (int(group) for group in match.groups())
    try:
        return date(year + (1900 if year >= 85 else 2000), month, day)
    except ValueError:
        return None


def _clock(value: str) -> time | None:
    match = _THREE_NUMBERS.fullmatch(value)
    if match is None:
        return None
    hour, minute, second = (int(group) for group in match.groups())
    try:
        return time(hour, minute, second)
    except ValueError:
        return None
