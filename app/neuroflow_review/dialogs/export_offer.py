"""What there is to export, what an export would take, and what to say of one that is done; no widgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from neuroflow.anatomy.implant import Contact
from neuroflow.errors import NeuroflowError
from neuroflow.export import Dataset, ExportReport, ExportRequest
from neuroflow.export.bids import Entities, entities_of
from neuroflow.inference.tile import TILE_SECONDS
from neuroflow.io.edf_writer import IGNORES_GAPS
from neuroflow.recording import Span, merged
from neuroflow.signal.orderstatistics import EXACT, Calibration
from neuroflow.units import format_clock
from neuroflow_review.dialogs.parts import counted
from neuroflow_review.dialogs.writing import Cancellable
from neuroflow_review.lanes import Failure

_HEADER_BYTES: Final = 256
_NOTES_BYTES: Final = 350
"""A record's annotation channel: as wide in every record as the longest sentence of the provenance needs."""

_BANDS_SECONDS: Final = 0.15 / (39 * 64 * 1000)
_REASONS: Final = 3
_SUFFIX, _UNNAMED = "_reconstructed.edf", "reconstructed.edf"
_DATASET = "neuroflow"


class Start(Protocol):
    """Puts an export on its lane. The callbacks are called in the GUI thread, and no longer once it was cancelled."""

    def __call__(
        self,
        request: ExportRequest,
        target: Path | Dataset,
        done: Callable[[ExportReport], None],
        progress: Callable[[float], None],
        failed: Callable[[Failure], None],
    ) -> Cancellable: ...


@dataclass(frozen=True, slots=True)
class Offer:
    """What there is to export. Times in seconds; ``rate`` of the model in hertz.

    ``shown`` names the shafts on screen; ``reconstructed`` the stretches that are in memory; ``seconds_per_tile`` what
    a tile takes with this many samples, None where none was computed yet. ``samples``, ``seed`` and ``excluded`` are
    those on screen, so that the file holds what the reader saw; ``private`` says that names are hidden there.
    """

    recording: Path
    duration: float
    start: datetime | None
    page: Span
    contacts: tuple[Contact, ...]
    shown: tuple[str, ...] = ()
    selection: Span | None = None
    reconstructed: tuple[Span, ...] = ()
    samples: int = 39
    seed: int = 0
    excluded: frozenset[str] = frozenset()
    rate: float = 100.0
    seconds_per_tile: float | None = None
    intended_use: str = ""
    calibration: Calibration = EXACT
    private: bool = False

    @property
    def shafts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(c.shaft for c in self.contacts))

    @property
    def default_target(self) -> Path:
        """Beside the recording, and called after it unless names are hidden: the name of a file is a text too."""
        return self.recording.with_name(_UNNAMED if self.private else self.recording.stem + _SUFFIX)

    @property
    def default_folder(self) -> Path:
        """Of a BIDS dataset of reconstructions."""
        return self.recording.with_name(_DATASET)

    @property
    def entities(self) -> Entities | None:
        """Whose recording it is, as its name says in the form of BIDS; None where it does not, or names are hidden."""
        try:
            return None if self.private else entities_of(self.recording)
        except NeuroflowError:
            return None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an export would take: channels, size of the file in bytes, and seconds (None where not known)."""

    channels: int
    size: int
    seconds: float | None


def estimate(offer: Offer, request: ExportRequest) -> Estimate:
    """Size (EDF+ specification, section 2.1) and time of an export; tiles in memory cost no computing."""
    span = (request.span or Span(0.0, offer.duration)).clipped_to(Span(0.0, offer.duration))
    wanted = request.contacts
    contacts = sum(not wanted or c.name in wanted or c.shaft in wanted for c in offer.contacts)
    each = sum({"median": 1, "bands": 2, "samples": request.samples}[kind] for kind in request.channels)
    channels = contacts * each
    points = round(span.duration * offer.rate)
    size = _HEADER_BYTES * (channels + 2) + 2 * channels * points + round(_NOTES_BYTES * span.duration)
    tiles = range(int(span.start // TILE_SECONDS), -int(-span.stop // TILE_SECONDS))
    missing = sum(not _inside(i, offer) for i in tiles)
    per_tile = offer.seconds_per_tile
    if missing and per_tile is None:
        return Estimate(channels, size, None)
    seconds = missing * (per_tile or 0.0)
    if {"median", "bands"} & set(request.channels):
        seconds += _BANDS_SECONDS * points * len(offer.contacts) * request.samples
    return Estimate(channels, size, seconds)


def _inside(index: int, offer: Offer) -> bool:
    middle = min((index + 0.5) * TILE_SECONDS, (index * TILE_SECONDS + offer.duration) / 2)
    return any(span.start <= middle < span.stop for span in offer.reconstructed)


def stretch_around(spans: Sequence[Span], page: Span) -> Span | None:
    """The unbroken stretch that touches the page, else the longest, of spans that may adjoin; None without any."""
    joined = merged(spans)
    touching = [span for span in joined if span.overlaps(page)]
    return max(touching or joined, key=lambda s: s.duration, default=None)


def result_lines(report: ExportReport) -> tuple[tuple[str, str], ...]:
    """What a reader should know of a file that was written: names and values."""
    contacts = counted(report.contacts, "contact")
    drawn = counted(report.redrawn, "sample was", "samples were") if report.redrawn else "no sample was"
    if report.withheld:
        total = sum(w.span.duration for w in report.withheld)
        reasons = tuple(dict.fromkeys(w.reason for w in report.withheld))
        more = f" and {len(reasons) - _REASONS} more; all are annotations of the file" if reasons[_REASONS:] else ""
        held = (
            f"{counted(len(report.withheld), 'stretch', 'stretches')}, {total:.0f} s in all: "
            f"{'; '.join(reasons[:_REASONS])}{more}"
        )
    else:
        held = "nothing"
    return (
        ("Written", f"{report.format}, {counted(report.channels, 'channel')} of {contacts} at {report.rate:g} Hz"),
        *((("Gaps", IGNORES_GAPS),) if report.format == "EDF+D" else ()),
        ("Stretch", f"{format_clock(report.span.start)} to {format_clock(report.span.stop)} of the recording"),
        (
            "Read back",
            f"differs by {report.worst_difference_uv:.2g} µV at most; one digital step is {report.step_uv:.2g} µV",
        ),
        ("Drawn again", f"{drawn} redrawn for being unsound"),
        ("Withheld", held),
        *((("Flat", f"{', '.join(report.silent)}: not used where flat"),) if report.silent else ()),
        ("Model", f"{report.model}, {report.samples} samples, seed {report.seed}, on {report.device}"),
    )
