"""A recording written anew as clean EDF+, with a list of what was changed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuroflow.errors import FileProblem
from neuroflow.export.readback import read_back, same_notes
from neuroflow.io.edf_fields import ascii_text, encode_number, has_two_digit_year, patient_field, recording_field
from neuroflow.io.edf_header import EdfHeader
from neuroflow.io.edf_reader import EdfSource, open_edf
from neuroflow.io.edf_writer import DIGITAL_MAX, EdfWriter, OutputHeader, OutputSignal, check_target
from neuroflow.jobs import Control
from neuroflow.recording import Annotation, Channel
from neuroflow.units import MICROVOLT

_SCANNED, _WRITTEN = 0.4, 0.8
_BLOCK_SAMPLES = 1 << 20  # of all channels together
_LONGEST_DIMENSION, _FIELD = 8, 80
_REPAIRED = "repaired"


@dataclass(frozen=True, slots=True)
class Repaired:
    """What was written, in what format, and what of it is otherwise than in the file that was read.

    ``worst_difference_uv`` is over all voltages, 0 where every digital value is as it was.
    """

    path: Path
    format: str
    channels: int
    records: int
    annotations: int
    worst_difference_uv: float
    changes: tuple[str, ...]


def repair(path: Path, target: Path, control: Control | None = None) -> Repaired:
    """Write what can be read of an EDF or BDF file as EDF+C, or as EDF+D where it has gaps.

    Digital values stay as they are wherever 16 bits and honest limits can hold them. A record at a time, into a
    temporary file that is read back before it takes the target's name. Raises: FileProblem, Cancelled.
    """
    control = control or Control()
    check_target(target)
    if target.exists() and target.samefile(path):
        raise FileProblem(f"“{target.name}” is the recording itself: give another name to write to.")
    with open_edf(path) as source:
        if not source.recording.channels:
            raise FileProblem(f"“{path.name}” holds annotations only, no signals: there is nothing to write as EDF+.")
        try:
            return _Repair(source, target, control).run()
        except ValueError as error:
            raise FileProblem(
                f"“{path.name}” holds something that no EDF file can say: export it again from where it was recorded.",
                str(error),
            ) from error


class _Repair:
    def __init__(self, source: EdfSource, target: Path, control: Control) -> None:
        self.source, self.target, self.control = source, target, control
        self.recording, self.header = source.recording, source.header
        self.channels = self.recording.channels
        self.changes: list[str] = list(self.recording.problems)
        self.block = max(1, _BLOCK_SAMPLES // sum(self.header.signals[c.index].samples for c in self.channels))

    def run(self) -> Repaired:
        signals = self._signals()
        header, notes = self._header(signals), self._notes(signals)
        records = header.records
        with EdfWriter(self.target, header, notes) as writer:
            for done, record in enumerate(self._records()):
                self.control.checkpoint(_SCANNED + (_WRITTEN - _SCANNED) * done / records)
                writer.write([filled(signal, values) for signal, values in zip(signals, record, strict=True)])
            worst = writer.commit(lambda part: self._compare(part, header, notes, writer.entries), self.control)
        return Repaired(
            self.target, "EDF+C" if header.record_starts is None else "EDF+D", len(signals), records, len(notes),
            worst / MICROVOLT, tuple(self.changes),
        )  # fmt: skip

    # Planning ---------------------------------------------------------------------------------------------------------

    def _signals(self) -> list[OutputSignal]:
        limits = self._scan()
        taken: set[str] = set()
        out: list[OutputSignal] = []
        scaled, renamed = [], []
        for channel, (low, high) in zip(self.channels, limits, strict=True):
            label = unique_label(channel.label or channel.name, taken)
            if label != channel.label:
                renamed.append(f"“{channel.label}” is now “{label}”")
            kept = kept_limits(self.header, channel, low, high)
            if kept is None:
                scaled.append(label)
                # Limits that are symmetric about zero write zero as zero.
                reach = max(abs(low), abs(high), 1e-9)
                kept = (-reach, reach), (-DIGITAL_MAX, DIGITAL_MAX)
            (least, most), digital = kept
            out.append(
                OutputSignal(
                    label, self.header.signals[channel.index].samples, least, most, dimension_of(self.header, channel),
                    ascii_text(channel.transducer)[:80], ascii_text(channel.prefilter)[:80], digital,
                )
            )  # fmt: skip
            self._note_text(channel)
        if renamed:
            self.changes.append(f"Labels were changed: {listed(renamed)}.")
        if scaled:
            why = (
                "24 bits do not fit into EDF"
                if self.header.is_bdf
                else "limits were upside down or did not hold the values"
            )
            self.changes.append(f"Scaled anew, since {why}: {listed(scaled)}.")
        left_out = [s.label for s in self.header.signals if not s.is_annotation and s.samples == 0]
        if left_out:
            self.changes.append(f"Left out, since they hold no samples: {listed(left_out)}.")
        return out

    def _scan(self) -> list[tuple[float, float]]:
        """The least and the largest value of every channel."""
        lows, highs = np.full(len(self.channels), np.inf), np.full(len(self.channels), -np.inf)
        total = self.header.records
        for first in range(0, total, self.block):
            last = min(first + self.block, total)
            for k, channel in enumerate(self.channels):
                values = self.source.record_values(channel, first, last)
                if np.isfinite(values).any():
                    lows[k] = min(lows[k], float(np.nanmin(values)))
                    highs[k] = max(highs[k], float(np.nanmax(values)))
            self.control.checkpoint(_SCANNED * last / total)
        lows[~np.isfinite(lows)], highs[~np.isfinite(highs)] = 0.0, 0.0
        return list(zip(lows.tolist(), highs.tolist(), strict=True))

    def _note_text(self, channel: Channel) -> None:
        for what, value in (
            ("transducer", channel.transducer),
            ("filter", channel.prefilter),
            ("unit", channel.dimension),
        ):
            if value != ascii_text(value):
                self.changes.append(f"The {what} of “{channel.label}” was not ASCII: “{value}”.")

    def _header(self, signals: Sequence[OutputSignal]) -> OutputHeader:
        recording, header = self.recording, self.header
        try:
            encode_number(header.record_seconds)
        except ValueError as error:
            raise FileProblem(
                f"“{recording.path.name}” has records of {header.record_seconds} s, which no EDF header can say: "
                "export it again with another length.",
                str(error),
            ) from error
        start = recording.start
        if start is not None and not has_two_digit_year(start):
            self.changes.append(f"The year {start.year} cannot be said in EDF: the date is left out.")
            start = None
        if header.plus == "":
            self.changes.append(f"Written as EDF+: it was {header.format}.")
        elif recording.gaps and header.plus == "C":
            self.changes.append("Written as EDF+D, since its records leave gaps.")
        patient = patient_field(recording.patient)
        about = recording_field(start.date() if start else None, *about_fields(recording.recording_field, _REPAIRED))
        for what, field in (("patient", patient), ("recording", about)):
            if len(field) >= _FIELD:
                self.changes.append(f"The {what} field is as long as EDF allows; what did not fit was cut off.")
        if patient != header.patient_field:
            self.changes.append("The patient field has the subfields of EDF+ now.")
        starts = None
        if recording.gaps:
            starts = tuple(
                round(run.start + k * header.record_seconds, 9)
                for run in self.source.runs for k in range(run.last - run.first)
            )  # fmt: skip
        return OutputHeader(tuple(signals), header.records, header.record_seconds, start, patient, about, starts)

    def _notes(self, signals: Sequence[OutputSignal]) -> list[Annotation]:
        labels = {channel.name: signal.label for channel, signal in zip(self.channels, signals, strict=True)}
        notes = [replace(a, channel=labels.get(a.channel or "")) for a in self.recording.annotations]
        if self.header.partial_bytes:
            held = min(
                (self.header.records - 1 + self._share_of_last(c)) * self.header.record_seconds for c in self.channels
            )
            gap = sum(g.duration for g in self.recording.gaps)
            notes.append(Annotation(held + gap, 0.0, "Recorded data end here: the rest of this record was filled up"))
            self.changes.append(f"The last record was cut off after {held + gap:.3f} s and is filled up with zeros.")
        return notes

    def _share_of_last(self, channel: Channel) -> float:
        last = self.header.records - 1
        return float(np.isfinite(self.source.record_values(channel, last, last + 1)).mean())

    # Writing ----------------------------------------------------------------------------------------------------------

    def _records(self) -> Iterator[list[NDArray[np.float64]]]:
        total = self.header.records
        for first in range(0, total, self.block):
            last = min(first + self.block, total)
            blocks = [self.source.record_values(c, first, last).reshape(last - first, -1) for c in self.channels]
            for k in range(last - first):
                yield [block[k] for block in blocks]

    def _compare(self, part: Path, header: OutputHeader, notes: Sequence[Annotation], entries: int) -> float:
        """Read back; the largest difference of a voltage. Raises: FileProblem where it is more than half a step."""
        fault, worst = "", 0.0
        if header.record_starts is None:
            try:
                with read_back(part) as reader:
                    if reader.labels != [s.label for s in header.signals] or reader.annotations != entries:
                        fault = "labels or annotations"
            except (OSError, ValueError) as error:
                fault = str(error)
        with open_edf(part) as again:
            if again.recording.gaps != self.recording.gaps or not same_notes(notes, again.recording):
                fault = fault or "gaps or annotations"
            total = header.records
            for first in range(0, total, self.block):
                last = min(first + self.block, total)
                self.control.checkpoint(_WRITTEN + (1.0 - _WRITTEN) * first / total)
                for k, (theirs, mine) in enumerate(zip(self.channels, again.recording.channels, strict=True)):
                    meant = self.source.record_values(theirs, first, last)
                    got = again.record_values(mine, first, last)
                    off = float(np.nanmax(np.abs(got - meant), initial=0.0))
                    if off > header.signals[k].quantum * 0.5001:
                        fault = fault or f"{theirs.label}: {off}"
                    if theirs.is_voltage:
                        worst = max(worst, off if off > header.signals[k].quantum * 1e-3 else 0.0)
        if fault:
            raise FileProblem(
                "The file did not read back as it was meant, and was not kept: check the drive, and try again.", fault
            )
        return worst


def kept_limits(
    header: EdfHeader, channel: Channel, low: float, high: float
) -> tuple[tuple[float, float], tuple[int, int]] | None:  # fmt: skip
    """The limits that the file has, where values from ``low`` to ``high`` can keep them: physical (volts or the
    channel's own unit) and digital; None where they must be chosen anew."""
    signal = header.signals[channel.index]
    digital = signal.digital_min, signal.digital_max
    if header.is_bdf or not -32768 <= digital[0] < digital[1] <= 32767:
        return None
    if signal.scale is None:
        # Counts, which is what such a channel is shown in.
        return ((-32768.0, 32767.0), (-32768, 32767)) if low >= -32768 and high <= 32767 else None
    dimension = dimension_of(header, channel)
    one = OutputSignal("", 1, 0.0, 1.0, dimension).unit
    physical = signal.physical_min * one, signal.physical_max * one
    step = (physical[1] - physical[0]) / (digital[1] - digital[0])
    if physical[0] >= physical[1] or low < physical[0] - step / 4 or high > physical[1] + step / 4:
        return None
    try:
        written = OutputSignal("", 1, *physical, dimension).limits
        for limit in written:
            encode_number(limit)
    except ValueError:
        return None
    same = all(math.isclose(a, b, rel_tol=0, abs_tol=abs(step / one) * 1e-3) for a, b in
               zip(written, (signal.physical_min, signal.physical_max), strict=True))  # fmt: skip
    return (physical, digital) if same else None


def dimension_of(header: EdfHeader, channel: Channel) -> str:
    """The physical dimension to write for a channel."""
    if header.signals[channel.index].scale is None:
        return "counts"  # no unit at all would be taken for microvolts
    if channel.is_voltage and not channel.dimension:
        return "uV"
    return ascii_text(channel.dimension)[:_LONGEST_DIMENSION]


def filled(signal: OutputSignal, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a cut record lacks, as zero, or as what lies nearest to it within the limits that are written."""
    low, high = signal.limits
    return np.where(np.isfinite(values), values, min(max(0.0, low * signal.unit), high * signal.unit))


def about_fields(field: str, word: str) -> tuple[str, str, str, tuple[str, ...]]:
    """Administration code, technician, equipment and the rest of a recording field, in EDF+ form or free text.

    The rest ends with ``word``, which says what was done to the file.
    """
    parts = field.split()
    if len(parts) >= 5 and parts[0] == "Startdate":
        return parts[2], parts[3], parts[4], (*parts[5:], *(() if word in parts else (word,)))
    return "", "", "", (*parts, word)


def unique_label(label: str, taken: set[str]) -> str:
    """The label in ASCII and sixteen characters, told apart from those before."""
    plain = " ".join(ascii_text(label).split())[:16] or "channel"
    candidate, number = plain, 2
    while candidate in taken or candidate == "EDF Annotations":
        tail = f" {number}"
        candidate, number = plain[: 16 - len(tail)] + tail, number + 1
    taken.add(candidate)
    return candidate


def listed(names: Sequence[str], most: int = 6) -> str:
    """Names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
