"""Reconstructed signals as EDF+C or D: computed once, spooled, written, read back, and only then put in place."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuroflow import __version__
from neuroflow.anatomy.electrodes import sites_alone
from neuroflow.anatomy.mapping import MappedSource
from neuroflow.errors import FileProblem
from neuroflow.export.plan import ExportRequest, Plan, coverage, make_plan
from neuroflow.export.provenance import WORDS, Origin, merged, notes_of
from neuroflow.export.readback import read_back
from neuroflow.export.shifting import shifted
from neuroflow.export.spool import Spool
from neuroflow.inference.tile import Withheld
from neuroflow.io import open_recording, sha256_of
from neuroflow.io.edf_fields import has_two_digit_year, patient_field, recording_field
from neuroflow.io.edf_writer import EdfWriter, OutputHeader, OutputSignal
from neuroflow.jobs import Control
from neuroflow.recording import UNKNOWN_DATE, Patient, Recording, SignalSource, Span
from neuroflow.signal.orderstatistics import Calibration, bands
from neuroflow.units import MICROVOLT

if TYPE_CHECKING:
    from neuroflow.inference.engine import Reconstructor
    from neuroflow.inference.tile import Tile

_COMPUTED, _WRITTEN = 0.90, 0.95
_SMALLEST_LIMIT = MICROVOLT
_VERIFY_SECONDS = 300


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written. ``worst_difference_uv`` is between what was meant and what another reader found, ``step_uv``
    the coarsest digital step; ``coverage`` is what p05 to p95 covers, or None where they were not written; ``silent``
    are the scalp channels that carry no signal somewhere, so that the model did without them there.
    """

    path: Path
    contacts: int
    channels: int
    records: int
    rate: float
    span: Span
    worst_difference_uv: float
    step_uv: float
    model: str
    model_hash: str
    input_hash: str
    samples: int
    seed: int
    coverage: float | None
    device: str
    redrawn: int
    withheld: tuple[Withheld, ...]
    format: str = "EDF+C"
    silent: tuple[str, ...] = ()


def export_reconstruction(
    source: SignalSource,
    reconstructor: Reconstructor,
    target: Path,
    request: ExportRequest | None = None,
    control: Control | None = None,
    beside: Callable[[Path, ExportReport], None] | None = None,
) -> ExportReport:
    """Reconstruct a span of a recording into an EDF+ file at the model's rate, EDF+D where the recording has gaps.

    The tiles are computed once into a spool beside the target, written with limits that fit them, read back with
    another reader and compared; then the file takes the target's name. On any error or when cancelled nothing is left
    and an older file of that name stays. ``beside`` writes what must stand before the file does, of the file
    that has no name yet and the report. Raises: FileProblem, NotReconstructable, OutOfMemory, Cancelled.
    """
    request, control = request or ExportRequest(), control or Control()
    recording = source.recording
    plan = make_plan(recording, reconstructor, target, request)
    input_hash = _hash_of(recording, _part_of(control, 0.0, 0.01))
    with Spool(len(plan.labels), target) as spool:
        redrawn, withheld, silent = _compute(source, reconstructor, plan, request, spool, control)
        card = reconstructor.model.card
        origin = Origin(
            model=card.name,
            model_version=card.version,
            model_hash=reconstructor.model.hash,
            intended_use=card.intended_use,
            implant=f"{card.implant.name}, {card.implant.source}",
            rate=plan.rate,
            band=card.band,
            input_name="" if request.deidentified else recording.path.name,
            input_hash=input_hash or "unknown",
            span=plan.span,
            samples=request.samples,
            seed=request.seed,
            coverage=coverage(request, card.calibration),
            calibrated_on=card.calibration.measured_on,
            excluded=_told(sorted(request.excluded), request),
            by_hand=_told(source.words if isinstance(source, MappedSource) else (), request),
            device=reconstructor.device_label,
            redrawn=redrawn,
            simulated=recording.simulated,
            silent=_told(silent, request),
            shifted=request.shift_days is not None,
        )
        header = _header(recording, plan, card.band, spool.largest, request)
        notes = notes_of(origin, withheld, plan.padding, header.start)
        report = ExportReport(
            path=target,
            contacts=len(plan.contacts),
            channels=len(plan.labels),
            records=plan.records,
            rate=plan.rate,
            span=plan.span,
            worst_difference_uv=math.nan,  # until it was read back
            step_uv=max(signal.quantum for signal in header.signals) / MICROVOLT,
            model=card.name,
            model_hash=origin.model_hash,
            input_hash=input_hash,
            samples=request.samples,
            seed=request.seed,
            coverage=origin.coverage,
            device=reconstructor.device_label,
            redrawn=redrawn,
            withheld=tuple(withheld),
            format="EDF+C" if header.record_starts is None else "EDF+D",
            silent=silent,
        )
        with EdfWriter(target, header, notes) as writer:
            step = plan.samples_per_record
            begins = [first - plan.first + k * step for first, count in plan.runs for k in range(count)]
            for record, begin in enumerate(begins):
                control.checkpoint(_COMPUTED + (_WRITTEN - _COMPUTED) * record / plan.records)
                writer.write(list(spool.read(begin, begin + step)))
            verifying = _part_of(control, _WRITTEN, 1.0)

            def verified(path: Path) -> ExportReport:
                worst = _verify(path, header, writer.entries, spool, plan, verifying)
                return replace(report, worst_difference_uv=worst / MICROVOLT)

            return writer.commit(verified, control, beside)


def _hash_of(recording: Recording, control: Control) -> str:
    """The hash of the file that the recording was read from, empty where that is gone. Raises: FileProblem."""
    if not recording.path.is_file():
        return ""
    now = open_recording(recording.path)
    now.close()
    if now.recording.identity != recording.identity:
        raise FileProblem(f"“{recording.path.name}” has changed since it was opened: open it again.")
    return sha256_of(recording.path, control)


def _compute(
    source: SignalSource,
    reconstructor: Reconstructor,
    plan: Plan,
    request: ExportRequest,
    spool: Spool,
    control: Control,
) -> tuple[int, list[Withheld], tuple[str, ...]]:
    """Fill the spool tile by tile; how many samples were drawn again, what was left out, which channels are silent."""
    from neuroflow.inference.tile import TileRequest

    tiles = reconstructor.tiles(plan.span, source.recording)
    redrawn = 0
    withheld: list[Withheld] = []
    silent: dict[str, None] = {}
    for done, index in enumerate(tiles):
        span = _COMPUTED - 0.01
        part = _part_of(control, 0.01 + span * done / len(tiles), 0.01 + span * (done + 1) / len(tiles))
        tile = reconstructor.tile(source, TileRequest(index, request.samples, request.seed, request.excluded), part)
        part.checkpoint(1.0)  # a tile that another lane makes, or that is there already, tells of no progress
        redrawn += tile.redrawn
        silent |= dict.fromkeys(tile.silent)
        begin = round(tile.span.start * plan.rate)
        cut = slice(max(plan.first - begin, 0), max(min(plan.last - begin, tile.samples.shape[-1]), 0))
        block, left_out = _rows(tile, cut, plan, request, reconstructor.model.card.calibration)
        spool.append(block)
        withheld += left_out
    return redrawn, list(merged(withheld)), tuple(silent)


def _rows(
    tile: Tile, cut: slice, plan: Plan, request: ExportRequest, calibration: Calibration
) -> tuple[NDArray[np.float32], list[Withheld]]:
    """Channels (contact by contact, time) of one tile, zero where there is no reconstruction, and those stretches."""
    samples = tile.known(list(plan.contacts))[..., cut]
    start = tile.span.start + cut.start / plan.rate
    span = Span(start, start + samples.shape[-1] / plan.rate)
    shape = (len(plan.labels), samples.shape[-1])
    told = [Withheld(w.span.clipped_to(span), w.reason) for w in tile.withheld]
    told = [w for w in told if w.span.duration > 0.5 / plan.rate]
    if tile.hidden:
        return np.zeros(shape, np.float32), told
    kinds: list[NDArray[np.float32]] = []
    if "median" in request.channels or "bands" in request.channels:
        band = bands(samples, calibration)
        kinds += [band.median] if "median" in request.channels else []
        kinds += [band.low90, band.high90] if "bands" in request.channels else []
    if "samples" in request.channels:
        kinds += list(samples)
    block = np.stack(kinds, axis=1).reshape(shape)
    sound = np.isfinite(block).all(axis=0)
    if sound.all():
        return block, []
    held = np.zeros(sound.size, dtype=np.bool_)
    for one in told:
        held[round((one.span.start - start) * plan.rate) : round((one.span.stop - start) * plan.rate)] = True
    gap = np.asarray(~np.isfinite(samples).any(axis=(0, 1)) & ~held)
    unsound = np.asarray(~sound & ~gap & ~held)
    left_out = told + [
        Withheld(Span(start + a / plan.rate, start + b / plan.rate), reason)
        for mask, reason in ((gap, "the recording has a gap here"), (unsound, "no sound sample could be drawn"))
        for a, b in _stretches(mask)
    ]
    return np.where(sound, block, np.float32(0.0)), sorted(left_out, key=lambda w: w.span.start)


def _stretches(mask: NDArray[np.bool_]) -> Iterable[tuple[int, int]]:
    """First and last (exclusive) index of every run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _told(names: Iterable[str], request: ExportRequest) -> tuple[str, ...]:
    """Names of channels, or ``label is name``, as far as the file may name them."""
    return sites_alone(names) if request.deidentified else tuple(names)


def _header(
    recording: Recording, plan: Plan, band: tuple[float, float], largest: NDArray[np.float64], request: ExportRequest
) -> OutputHeader:  # fmt: skip
    prefilter = f"HP:{band[0]:g}Hz LP:{band[1]:g}Hz (model)"
    start, hidden, days = recording.clock_at(plan.span.start), request.deidentified, request.shift_days
    if days is not None:
        start = shifted(start, days)
    elif start is not None and hidden:
        start = datetime.combine(UNKNOWN_DATE, start.time())
    signals = tuple(
        OutputSignal(
            label=label,
            samples=plan.samples_per_record,
            low=-max(float(peak), _SMALLEST_LIMIT),
            high=max(float(peak), _SMALLEST_LIMIT),
            transducer=transducer[:80],
            prefilter=prefilter[:80],
        )
        for label, transducer, peak in zip(plan.labels, plan.transducers, largest, strict=True)
    )
    words = [*(["simulated"] if recording.simulated else []), WORDS]
    return OutputHeader(
        signals=signals,
        records=plan.records,
        record_seconds=float(plan.record_seconds),
        start=start,
        patient=patient_field(Patient() if hidden else recording.patient),
        recording=recording_field(
            start.date() if start and has_two_digit_year(start) else None,
            equipment=f"NeuroFlow {__version__}",
            additional=words,
        ),
        record_starts=plan.record_starts,
    )


def _verify(
    path: Path, header: OutputHeader, notes: int, spool: Spool, plan: Plan, control: Control
) -> float:  # fmt: skip
    """Read the file back with a reader not ours; the largest difference in volts.

    Raises: FileProblem where it is too large.
    """
    worst, fault = 0.0, ""
    try:
        with read_back(path, gaps=header.record_starts is not None) as reader:
            if reader.labels != [signal.label for signal in header.signals]:
                fault = "labels"
            if reader.annotations != notes:
                fault = "annotations"
            for number, first, meant in _stretches_of(header, spool, plan, control):
                got = reader.samples(number, first, meant.size) * header.signals[number].unit
                difference = float(np.abs(got - meant).max()) if got.size == meant.size else math.inf
                worst = max(worst, difference)
                if not difference <= header.signals[number].quantum * 0.5001:
                    fault = f"{header.signals[number].label}: {difference} V"
    except (OSError, ValueError) as error:
        fault = str(error)
    if fault:
        raise FileProblem(
            "The file did not read back as it was meant, and was not kept: check the drive, and export again.", fault
        )
    control.checkpoint(1.0)
    return worst


def _stretches_of(
    header: OutputHeader, spool: Spool, plan: Plan, control: Control
) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
    """What was meant: signal number, its first sample in the file and samples, a few minutes at a time."""
    step, written = plan.samples_per_record, 0
    total, chunk = plan.records * step, max(1, round(_VERIFY_SECONDS / header.record_seconds)) * step
    for begin, count in plan.runs:
        for first in range(0, count * step, chunk):
            last = min(first + chunk, count * step)
            offset = begin - plan.first
            for number, meant in enumerate(spool.read(offset + first, offset + last)):
                control.checkpoint((written + (last - first) * number / len(header.signals)) / total)
                yield number, written, meant
            written += last - first


def _part_of(control: Control, start: float, stop: float) -> Control:
    """A control for one part of a job: its progress is a stretch of the whole, and it is cancelled with the whole."""
    return Control(lambda fraction: control.checkpoint(start + (stop - start) * fraction))
