"""What to export, checked and laid out before anything is computed."""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from neuroflow.errors import FileProblem, NeuroflowError
from neuroflow.export.provenance import WORDS
from neuroflow.export.shifting import shifted
from neuroflow.io.edf_fields import ascii_text
from neuroflow.io.edf_writer import check_target
from neuroflow.recording import Recording, Span
from neuroflow.signal.orderstatistics import Calibration, interval

if TYPE_CHECKING:
    from neuroflow.inference.engine import Reconstructor

CHANNELS = ("median", "bands", "samples")
"""What can be written for each contact: the median, the 5 % and 95 % limits, and every sample."""

# EDFlib, under pyedflib and many viewers, opens 640 signals, of which the annotations are one.
MOST_CHANNELS = 639
_BAND = 0.9
_LABEL = 16


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to write. ``span`` None is the whole recording; ``contacts`` names contacts or shafts, empty is all.

    ``channels`` are some of :data:`CHANNELS`; ``excluded`` the scalp channels that the reader set aside. With
    ``deidentified`` the file holds no patient, no date and no name of the file that was read, whose hash stays; with
    ``shift_days`` as well, the date is moved by so many instead.
    """

    span: Span | None = None
    samples: int = 39
    seed: int = 0
    channels: tuple[str, ...] = ("median", "bands")
    contacts: tuple[str, ...] = ()
    excluded: frozenset[str] = field(default_factory=frozenset)
    deidentified: bool = False
    shift_days: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A request that was checked: sample indices on the model's grid, contact numbers, labels.

    ``gaps`` are samples [first, last) that were not recorded, in order, within ``first`` to ``last`` and at neither.
    """

    first: int
    last: int
    rate: float
    record_seconds: int
    contacts: tuple[int, ...]
    labels: tuple[str, ...]
    transducers: tuple[str, ...]
    gaps: tuple[tuple[int, int], ...] = ()

    @property
    def samples_per_record(self) -> int:
        return round(self.rate * self.record_seconds)

    @property
    def runs(self) -> tuple[tuple[int, int], ...]:
        """First sample of each stretch without a gap, and its records. What its last record lacks lies in the gap.

        A gap that is shorter than that is none: it is written as zeros, and said to be so.
        """
        step, found, begin = self.samples_per_record, [], self.first
        for first, last in self.gaps:
            count = math.ceil((first - begin) / step)
            if begin + count * step <= last:
                found.append((begin, count))
                begin = last
        return (*found, (begin, math.ceil((self.last - begin) / step)))

    @property
    def records(self) -> int:
        return sum(count for _, count in self.runs)

    @property
    def record_starts(self) -> tuple[float, ...] | None:
        """Seconds from the first sample at which records begin, where there are gaps; else None."""
        if len(self.runs) == 1:
            return None
        step = self.samples_per_record
        return tuple((first - self.first + k * step) / self.rate for first, count in self.runs for k in range(count))

    @property
    def span(self) -> Span:
        return Span(self.first / self.rate, self.last / self.rate)

    @property
    def padding(self) -> Span:
        begin, count = self.runs[-1]
        stop = (begin + count * self.samples_per_record) / self.rate
        return Span(self.span.stop, max(stop, self.span.stop))


def make_plan(recording: Recording, reconstructor: Reconstructor, target: Path, request: ExportRequest) -> Plan:
    """Check everything that can be checked before any computing. Raises: NeuroflowError with a sentence."""
    unknown = [name for name in request.channels if name not in CHANNELS]
    if unknown or not request.channels:
        raise NeuroflowError(f"Give one or more of {', '.join(CHANNELS)} to write, not “{', '.join(unknown)}”.")
    if not 1 <= request.samples <= 255 or not 0 <= request.seed < 1 << 63:
        raise NeuroflowError("The number of samples is 1 to 255, and the seed a whole number from 0 on.")
    if "bands" in request.channels and request.samples < 2:
        raise NeuroflowError("One sample has no band: ask for 2 samples or more, or for the median or samples alone.")
    check_target(target)
    if recording.path.exists() and target.exists() and target.samefile(recording.path):
        raise FileProblem("That would overwrite the recording itself: choose another name.")
    reconstructor.check(recording, request.excluded)
    wanted = request.span or recording.span
    rate = reconstructor.rate
    inside = wanted.clipped_to(recording.span)
    first, last = round(inside.start * rate), round(inside.stop * rate)
    if last <= first:
        raise NeuroflowError(
            f"Nothing of the recording lies between {wanted.start:g} s and {wanted.stop:g} s: it is "
            f"{recording.duration:g} s long."
        )
    gaps = _gaps(recording, rate)
    for begin, end in gaps:
        first = end if begin <= first < end else first
    for begin, end in reversed(gaps):
        last = begin if begin < last <= end else last
    if last <= first:
        raise NeuroflowError("Nothing was recorded there: it lies in a gap; choose another part.")
    if request.shift_days is not None:
        if not request.deidentified:
            raise NeuroflowError("Dates are shifted in a file that names nobody: de-identify it too.")
        shifted(recording.clock_at(first / rate), request.shift_days)  # refused before any work
    inner = tuple((a, b) for a, b in gaps if first < a and b < last)
    contacts = _contacts(reconstructor, request.contacts)
    calibration = reconstructor.model.card.calibration
    labels: list[str] = []
    transducers: list[str] = []
    for number in contacts:
        for suffix, words in _per_contact(request, calibration):
            labels.append(f"~{ascii_text(reconstructor.contacts[number].name)} {suffix}")
            transducers.append(f"{WORDS}: {words}")
    long = next((label for label in labels if len(label) > _LABEL), None)
    if long is not None:
        raise NeuroflowError(f"The label “{long}” is longer than the {_LABEL} characters of EDF: choose another model.")
    if len(labels) > MOST_CHANNELS:
        raise NeuroflowError(
            f"{len(contacts)} contacts make {len(labels):,} channels and EDF programs open {MOST_CHANNELS} at most: "
            "choose fewer contacts or samples."
        )
    record_seconds = Fraction(rate).limit_denominator(1000).denominator
    plan = Plan(first, last, rate, record_seconds, contacts, tuple(labels), tuple(transducers), inner)
    needed = len(labels) * (last - first) * (4 + 2)
    free = shutil.disk_usage(target.parent).free
    if needed > free:
        raise FileProblem(
            f"This needs about {_size(needed)} beside “{target.name}” and {_size(free)} are free: make room, or choose "
            "another drive."
        )
    return plan


def _gaps(recording: Recording, rate: float) -> list[tuple[int, int]]:
    """The samples [first, last) that lie in a recording's gaps."""
    edges = [(math.ceil(g.start * rate - 1e-6), math.ceil(g.stop * rate - 1e-6)) for g in recording.gaps]
    return [(first, last) for first, last in edges if last > first]


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _contacts(reconstructor: Reconstructor, names: tuple[str, ...]) -> tuple[int, ...]:
    """Numbers of the contacts that are named, or whose shaft is."""
    all_contacts = reconstructor.contacts
    for name in names:
        if not any(name in (contact.name, contact.shaft) for contact in all_contacts):
            shafts = ", ".join(dict.fromkeys(contact.shaft for contact in all_contacts))
            raise NeuroflowError(f"The model has no contact or shaft called “{name}”; its shafts are {shafts}.")
    return tuple(i for i, c in enumerate(all_contacts) if not names or c.name in names or c.shaft in names)


def _per_contact(request: ExportRequest, calibration: Calibration) -> list[tuple[str, str]]:
    """Label suffix and description of each channel of a contact, in the order of the rows of a tile."""
    n = request.samples
    found: list[tuple[str, str]] = []
    if "median" in request.channels:
        found.append(("med", f"median of {n} samples, seed {request.seed}"))
    if "bands" in request.channels:
        held = f"{100 * (coverage(request, calibration) or 0.0):.0f} % band of {n} samples, seed {request.seed}"
        found += [("p05", f"lower end of {held}"), ("p95", f"upper end of {held}")]
    if "samples" in request.channels:
        found += [(f"s{k:03d}", f"sample {k} of {n}, seed {request.seed}") for k in range(n)]
    return found


def coverage(request: ExportRequest, calibration: Calibration) -> float | None:
    """How often p05 to p95 hold a further draw or, calibrated, the truth; None where they are not written."""
    if "bands" not in request.channels:
        return None
    return interval(request.samples, _BAND, calibration).coverage
