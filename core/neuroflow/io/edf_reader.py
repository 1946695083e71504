"""EDF, EDF+C, EDF+D, BDF and BDF+ files as a :class:`~neuroflow.recording.SignalSource`."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuroflow.anatomy.electrodes import Recognised, recognise_all
from neuroflow.io.edf_annotations import channel_names, parse_tals, split_channel
from neuroflow.io.edf_header import (
    FIXED_BYTES,
    EdfHeader,
    EdfSignal,
    header_size,
    parse_edfplus_date,
    parse_header,
    parse_patient,
)
from neuroflow.io.edf_records import ReadOnlyFile, Records
from neuroflow.recording import Annotation, Channel, ChannelKind, Recording, Samples, Span
from neuroflow.units import MICROVOLT, volts_per_unit

_LATEST = 3e8  # seconds, ten years: a record or annotation beyond is a mistake
_ONSET_TOLERANCE = 1e-3
_IDENTITY_BYTES = 16 * 2**10


@dataclass(frozen=True, slots=True)
class Run:
    """Records that follow one another without a gap: ``first`` to ``last`` (exclusive), from ``start`` seconds on."""

    first: int
    last: int
    start: float


class EdfSource:
    """Samples of an open EDF or BDF file. Thread-safe; reads only the records that a span touches."""

    def __init__(self, file: ReadOnlyFile, header: EdfHeader, recording: Recording, runs: Sequence[Run]) -> None:
        self._file = file
        self._header = header
        self._recording = recording
        self._runs = tuple(runs)
        self._run_starts = [run.start for run in runs]
        self._records = Records(file, header)

    @property
    def recording(self) -> Recording:
        return self._recording

    def read(self, span: Span, channel: Channel) -> Samples:
        """Samples ``round(span.start * rate)`` to ``round(span.stop * rate)`` (exclusive); NaN in gaps and outside.

        Read-only float32, volts for voltages, else the channel's own unit. Raises: FileProblem.
        """
        signal = self._header.signals[channel.index]
        start, stop = round(span.start * channel.rate), round(span.stop * channel.rate)
        out = np.full(max(stop - start, 0), np.nan, dtype=np.float32)
        gain, offset = _scale(signal, channel)
        held = self._records.available(channel.index)
        # Rounding to samples may move the end of a run past the start of the next: look one sample further back.
        begin = max(bisect_right(self._run_starts, span.start - 1 / channel.rate) - 1, 0)
        for run in self._runs[begin:]:
            run_first = round(run.start * channel.rate)
            if run_first >= stop:
                break
            run_samples = min((run.last - run.first) * signal.samples, held - run.first * signal.samples)
            low, high = max(start, run_first), min(stop, run_first + run_samples)
            if high <= low:
                continue
            first_record = (low - run_first) // signal.samples
            last_record = -((run_first - high) // signal.samples)
            digital = self._records.digital(channel.index, run.first + first_record, run.first + last_record)
            skip = low - run_first - first_record * signal.samples
            out[low - start : high - start] = digital[skip : skip + high - low] * gain + offset
        out.flags.writeable = False
        return out

    @property
    def header(self) -> EdfHeader:
        return self._header

    @property
    def runs(self) -> tuple[Run, ...]:
        """Records that follow one another without a gap, in order."""
        return self._runs

    def record_values(self, channel: Channel, first: int, last: int) -> NDArray[np.float64]:
        """All samples of the records ``first`` to ``last`` (exclusive): volts, or the channel's own unit.

        NaN where the file's last record was cut off. Raises: FileProblem.
        """
        signal = self._header.signals[channel.index]
        gain, offset = _scale(signal, channel)
        values = self._records.digital(channel.index, first, last).astype(np.float64) * gain + offset
        values[max(self._records.available(channel.index) - first * signal.samples, 0) :] = np.nan
        return values

    def close(self) -> None:
        """Close the file at once, or as soon as a read that is under way comes back."""
        self._file.close()

    def __enter__(self) -> EdfSource:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_edf(path: Path) -> EdfSource:
    """Read the header and the annotations of an EDF or BDF file. Raises: FileProblem, OSError."""
    file = ReadOnlyFile(path)
    try:
        fixed = file.read(0, FIXED_BYTES)
        raw = file.read(0, header_size(fixed, path.name))
        header = parse_header(raw, file.size, path.name)
        problems = list(header.problems)
        annotations, onsets = _annotations(file, header, problems)
        runs, origin = _runs(header, onsets, problems)
        recording = _recording(path, file, header, annotations, runs, origin, problems)
        return EdfSource(file, header, recording, runs)
    except BaseException:
        file.close()
        raise


def _scale(signal: EdfSignal, channel: Channel) -> tuple[float, float]:
    """Gain and offset from digital values to volts, or to the channel's unit."""
    scale = signal.scale
    if scale is None:
        return 1.0, 0.0
    unit = (volts_per_unit(channel.dimension) or MICROVOLT) if channel.is_voltage else 1.0
    return scale[0] * unit, scale[1] * unit


def _annotations(
    file: ReadOnlyFile, header: EdfHeader, problems: list[str]
) -> tuple[list[Annotation], dict[int, float]]:  # fmt: skip
    """All annotations in the file's own time, and the onset of every record that says one.

    Those whose times no recording can reach are left out, and that is listed.
    """
    records = Records(file, header)
    annotations: list[Annotation] = []
    onsets: dict[int, float] = {}
    for number, signal in enumerate(signal for signal in header.signals if signal.is_annotation):
        blocks, width = records.annotation_bytes(signal.index)
        found, times = parse_tals(blocks, width, timekeeping=number == 0)
        annotations += found
        onsets.update(times)
    sound = [a for a in annotations if abs(a.onset) <= _LATEST and a.duration <= _LATEST]
    if len(sound) < len(annotations):
        problems.append(f"The times of {len(annotations) - len(sound)} annotations lie years away; they are left out.")
    return sound, onsets


def _start(header: EdfHeader, origin: float, duration: float, problems: list[str]) -> datetime | None:
    """When the first record begins; None where that, or any moment that may be asked for, is beyond the calendar."""
    if header.start is None:
        return None
    try:
        start = header.start + timedelta(seconds=origin)
        _ = start - timedelta(seconds=2 * _LATEST), start + timedelta(seconds=duration + 2 * _LATEST)
    except OverflowError:
        problems.append(f"From {header.start.year} on, the calendar does not hold it all; clock times are not shown.")
        return None
    return start


def _runs(header: EdfHeader, onsets: dict[int, float], problems: list[str]) -> tuple[list[Run], float]:
    """Records grouped where they are contiguous, in time from the first record on, and the onset of that one.

    A record begins a new run where its onset is later than the end of the one before by more than 1 ms or half a
    sample of the fastest channel. Records that overlap are laid end to end, and that is listed.
    """
    absurd = [record for record, onset in onsets.items() if abs(onset) > _LATEST]
    if absurd:
        problems.append(f"The times of {len(absurd)} records lie years away; they are laid end to end.")
        onsets = {record: onset for record, onset in onsets.items() if abs(onset) <= _LATEST}
    origin = onsets.get(0, 0.0)
    seconds = header.record_seconds
    if seconds == 0:
        return [Run(0, header.records, 0.0)], origin
    fastest = max(max((s.samples for s in header.signals if not s.is_annotation), default=1), 1) / seconds
    tolerance = max(_ONSET_TOLERANCE, 0.5 / fastest)
    runs: list[Run] = []
    first, start, overlaps = 0, 0.0, 0
    for record in sorted(onsets):
        onset = round(onsets[record] - origin, 9)
        expected = start + (record - first) * seconds
        if onset - expected > tolerance:
            if record > first:
                runs.append(Run(first, record, start))
            first, start = record, onset
        elif expected - onset > tolerance:
            overlaps += 1
    runs.append(Run(first, header.records, start))
    if overlaps:
        problems.append(f"The times of {overlaps} records overlap the records before; they are laid end to end.")
    if header.plus == "C" and len(runs) > 1:
        problems.append("The file calls itself continuous but its records leave gaps; the gaps are shown.")
    return runs, origin


def _recording(
    path: Path,
    file: ReadOnlyFile,
    header: EdfHeader,
    annotations: Iterable[Annotation],
    runs: Sequence[Run],
    origin: float,
    problems: list[str],
) -> Recording:
    seconds = header.record_seconds
    channels = _channels(header, problems)
    names = channel_names(channels)
    shifted = sorted(
        (split_channel(Annotation(round(a.onset - origin, 9), a.duration, a.text), names) for a in annotations),
        key=lambda a: a.onset,
    )
    duration = runs[-1].start + (runs[-1].last - runs[-1].first) * seconds
    if not channels:
        problems.append("The file holds annotations only, no signals.")
        duration = max((a.onset + a.duration for a in shifted), default=0.0)
        duration = min(max(duration, 0.0), _LATEST)
    start = _start(header, origin, duration, problems)
    patient = parse_patient(header.patient_field)
    if patient.birthdate and parse_edfplus_date(patient.birthdate) is None:
        problems.append("The date of birth in the file is no date; it is not shown.")
        patient = replace(patient, birthdate="")
    fields = f"{header.patient_field} {header.recording_field}"
    return Recording(
        path=path,
        format=header.format,
        channels=channels,
        duration=duration,
        start=start,
        patient=patient,
        recording_field=header.recording_field,
        gaps=tuple(
            Span(before.start + (before.last - before.first) * seconds, after.start) for before, after in pairwise(runs)
        ),
        annotations=tuple(shifted),
        problems=tuple(problems),
        identity=_identity(file, header),
        simulated="simulated" in fields.lower(),
        reconstructed=any(c.reconstructed for c in channels),
    )


def _channels(header: EdfHeader, problems: list[str]) -> tuple[Channel, ...]:
    """Channels in file order with unique names, each site claimed once."""
    signals = [s for s in header.signals if not s.is_annotation and s.samples > 0]
    # What its transducer alone says to be reconstructed is named like what its label says to be.
    labels = [f"~{s.label}" if "reconstructed" in s.transducer.lower() else s.label for s in signals]
    recognised = recognise_all(labels, [s.dimension for s in signals])
    taken: Counter[str] = Counter()
    channels: list[Channel] = []
    unitless: list[str] = []
    for signal, found in zip(signals, recognised, strict=True):
        is_voltage = volts_per_unit(signal.dimension) is not None
        if not signal.dimension and found.kind in (ChannelKind.EEG, ChannelKind.IEEG):
            is_voltage = True
            unitless.append(found.name)
        if signal.scale is None:
            problems.append(
                f"“{signal.label}” has equal limits, so its values cannot be scaled: it is shown in the recorder's own "
                "counts, and neither montages nor reconstruction use it."
            )
            is_voltage, found = False, Recognised(found.name, ChannelKind.OTHER, None, "")
        name = _unique(found.name or f"channel {signal.index + 1}", taken)
        if name != found.name and found.name:
            problems.append(f"Two channels are called “{found.name}”: “{signal.label}” is shown as “{name}”.")
        channels.append(
            Channel(
                index=signal.index,
                label=signal.label,
                name=name,
                kind=found.kind,
                rate=signal.samples / header.record_seconds,
                dimension=signal.dimension,
                is_voltage=is_voltage,
                site=found.site if name == found.name else None,
                reference=found.reference,
                physical_min=signal.physical_min,
                physical_max=signal.physical_max,
                prefilter=signal.prefilter,
                transducer=signal.transducer,
            )
        )
    if unitless:
        problems.append(f"{len(unitless)} EEG channels name no unit (“{unitless[0]}” …); microvolts are assumed.")
    return tuple(channels)


def _unique(name: str, taken: Counter[str]) -> str:
    taken[name] += 1
    if taken[name] == 1:
        return name
    candidate = f"{name} ({taken[name]})"
    return candidate if candidate not in taken else _unique(candidate, taken)


def _identity(file: ReadOnlyFile, header: EdfHeader) -> str:
    """16 hex digits of a SHA-256 over header, size and three short stretches of data.

    The stretches tell two exports apart whose headers agree to the byte, as those of de-identified files do.
    """
    digest = hashlib.sha256(header.raw)
    digest.update(str(file.size).encode())
    for place in (header.header_bytes, file.size // 2, max(file.size - _IDENTITY_BYTES, 0)):
        digest.update(file.read(place, _IDENTITY_BYTES))
    return digest.hexdigest()[:16]
