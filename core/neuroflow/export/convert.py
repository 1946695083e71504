"""A recording, or a part of it, as EDF+: cropped, resampled, re-referenced, de-identified."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuroflow import __version__
from neuroflow.errors import FileProblem, NeuroflowError
from neuroflow.export.provenance import ALWAYS, WORDS, facts_of
from neuroflow.export.readback import same_notes
from neuroflow.export.repair import about_fields, dimension_of, filled, kept_limits, listed, unique_label
from neuroflow.export.shifting import holds_another_date, shifted, with_dates_shifted
from neuroflow.export.texts import names_a_signal, unreviewed
from neuroflow.io import open_recording
from neuroflow.io.edf_fields import ascii_text, encode_number, has_two_digit_year, patient_field, recording_field
from neuroflow.io.edf_reader import EdfSource, open_edf
from neuroflow.io.edf_writer import DIGITAL_MAX, EdfWriter, OutputHeader, OutputSignal, check_target
from neuroflow.jobs import Control
from neuroflow.recording import (
    RECONSTRUCTED_MARKS,
    UNKNOWN_DATE,
    Annotation,
    Channel,
    ChannelKind,
    Patient,
    Samples,
    Span,
)
from neuroflow.signal.montage import MONTAGES, MontageChannel, Row, montage_rows
from neuroflow.signal.resample import resample_span
from neuroflow.units import MICROVOLT

AS_RECORDED = "as recorded"
LOWEST_RATE, HIGHEST_RATE = 1.0, 100_000.0
_SCANNED, _WRITTEN = 0.45, 0.85
_BLOCK_SECONDS, _BLOCK_SAMPLES = 60.0, 1 << 22  # whichever is less, of all channels together
_RECORD_SECONDS = (1.0, 2.0, 5.0, 10.0, 0.5, 0.1)
_CLOSE = 1e-6


@dataclass(frozen=True, slots=True)
class ConvertRequest:
    """What to write. All that is left as it is stays as it was recorded.

    ``span`` in seconds of the recording; ``rate`` in hertz, of all voltages; ``montage`` one of
    :data:`neuroflow.signal.montage.MONTAGES`; ``channels`` names of the channels to take, all where empty. With
    ``texts``, what each free text becomes (:func:`neuroflow.export.texts.read_texts`), nobody is named any more; the
    start date is left out then or, with ``shift_days``, moved by so many with all dates in texts.
    """

    span: Span | None = None
    rate: float | None = None
    montage: str = AS_RECORDED
    channels: tuple[str, ...] = ()
    texts: Mapping[str, str] | None = None
    shift_days: int | None = None


@dataclass(frozen=True, slots=True)
class Converted:
    """What was written. ``worst_difference_uv`` is between what was meant and what is in the file, of all voltages."""

    path: Path
    format: str
    channels: int
    records: int
    span: Span
    worst_difference_uv: float
    step_uv: float
    changes: tuple[str, ...] = field(default=())


def convert(
    path: Path, target: Path, request: ConvertRequest, control: Control | None = None, identity: str = ""
) -> Converted:
    """Write a recording as EDF+C, or as EDF+D where it has gaps.

    A block at a time, into a temporary file that is read back before it takes the target's name. With ``identity``,
    that of the recording that ``request`` was made for, another file that has come to stand there is refused.
    Raises: FileProblem, NeuroflowError, Cancelled.
    """
    control = control or Control()
    check_target(target)
    source = open_recording(path)
    assert isinstance(source, EdfSource)
    with source:
        if target.exists() and target.samefile(path):
            raise FileProblem(f"“{target.name}” is the recording itself: give another name to write to.")
        if identity and source.recording.identity != identity:
            raise FileProblem(f"“{path.name}” has changed since it was opened: open it again.")
        try:
            return _Conversion(source, target, request, control).run()
        except ValueError as error:
            raise FileProblem(
                f"“{path.name}” holds something that no EDF file can say: export it again from where it was recorded.",
                str(error),
            ) from error


@dataclass(frozen=True, slots=True)
class _Line:
    """One signal to write: weighted channels of one rate, at ``rate``, so many samples a record."""

    label: str
    weights: tuple[tuple[Channel, float], ...]
    rate: float
    samples: int

    @property
    def lead(self) -> Channel:
        return self.weights[0][0]

    @property
    def reconstructed(self) -> bool:
        return any(channel.reconstructed for channel, _ in self.weights)

    @property
    def as_recorded(self) -> bool:
        return len(self.weights) == 1 and self.weights[0][1] == 1.0 and self.rate == self.lead.rate


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Recorded time without a gap: where its records begin (s), and how many there are."""

    start: float
    records: int


class _Conversion:
    def __init__(self, source: EdfSource, target: Path, request: ConvertRequest, control: Control) -> None:
        self.source, self.target, self.request, self.control = source, target, request, control
        self.recording = source.recording
        self.changes: list[str] = []
        self.ends: list[float] = []  # where records are filled up because recorded data end
        self.span = (request.span or self.recording.span).clipped_to(self.recording.span)
        if self.span.duration <= 0:
            raise NeuroflowError(
                f"Nothing of the recording lies there: it is {self.recording.duration:g} s long; choose another part."
            )
        if request.shift_days is not None:
            if request.texts is None:
                raise NeuroflowError("Dates are shifted in a copy that names nobody: de-identify it too.")
            shifted(self.recording.start, request.shift_days)  # refused before any work
        if request.texts is not None and (left := unreviewed(self.recording, request.texts)):
            one = " ".join(left[0].split())[:40]
            raise NeuroflowError(
                f"{len(left)} texts of this recording were not reviewed, such as “{one}”: list them again and decide "
                "of each."
            )

    def run(self) -> Converted:
        self.seconds, lines = self._lines()
        stretches = self._stretches()
        signals = self._signals(lines, stretches)
        self.lost = self._said_of_bits(lines, signals)
        self.changes += [self.lost] if self.lost else []
        header, notes = self._header(signals, stretches), self._notes(lines, signals, stretches[0].start)
        with EdfWriter(self.target, header, notes) as writer:
            for done, block in self._blocks(lines, stretches):
                self.control.checkpoint(_SCANNED + (_WRITTEN - _SCANNED) * done)
                for k in range(block[0].shape[0]):
                    writer.write([filled(s, values[k]) for s, values in zip(signals, block, strict=True)])
            worst = writer.commit(lambda part: self._compare(part, lines, stretches, header, notes), self.control)
        voltages = [s.quantum for s, line in zip(signals, lines, strict=True) if line.lead.is_voltage]
        return Converted(
            self.target, "EDF+C" if header.record_starts is None else "EDF+D", len(signals), header.records, self.span,
            worst / MICROVOLT, max(voltages, default=0.0) / MICROVOLT, tuple(self.changes),
        )  # fmt: skip

    # Planning ---------------------------------------------------------------------------------------------------------

    def _lines(self) -> tuple[float, list[_Line]]:
        """Seconds in a record, and the signals. Raises: NeuroflowError."""
        request, wanted = self.request, self._wanted()
        rates = {c.index: c.rate if request.rate is None or not c.is_voltage else request.rate for c in wanted}
        header = self.source.header
        for seconds in (header.record_seconds, *_RECORD_SECONDS):
            if seconds > 0 and all(_whole(rate * seconds) for rate in rates.values()):
                break
        else:
            raise NeuroflowError(
                f"No record holds whole samples of {', '.join(f'{r:g}' for r in sorted(set(rates.values())))} Hz: "
                "choose another rate, or fewer channels."
            )
        by_name = {c.name: c for c in wanted}
        lines = []
        for row in self._rows(wanted):
            weights = tuple((by_name[name], weight) for name, weight in row.weights)
            rate = rates[weights[0][0].index]
            lines.append(_Line(self._label(row, by_name), weights, rate, round(rate * seconds)))
        return seconds, lines

    def _wanted(self) -> list[Channel]:
        if not self.request.channels:
            found = [c for c in self.recording.channels if self.source.header.signals[c.index].samples]
        else:
            found = []
            channels = self.recording.channels
            called = {c.label: c for c in reversed(channels)} | {c.name: c for c in channels}
            for name in self.request.channels:
                channel = called.get(name)
                if channel is None:
                    raise NeuroflowError(f"The recording has no channel “{name}”; neuroflow info lists its channels.")
                found.append(channel)
        if not found:
            raise FileProblem(f"“{self.recording.path.name}” holds no signals: there is nothing to write.")
        return found

    def _rows(self, wanted: Sequence[Channel]) -> Sequence[Row]:
        """Raises: NeuroflowError where the channels give no such montage."""
        if self.request.montage == AS_RECORDED:
            return [Row(c.name, ((c.name, 1.0),), "other", 0) for c in wanted]
        seen = [MontageChannel(c.name, c.site, c.kind.value) for c in wanted]
        rows = montage_rows(self.request.montage, seen)
        derived = [row for row in rows if len(row.weights) > 1]
        by_name = {c.name: c for c in wanted}
        if not derived:
            raise NeuroflowError(
                f"These channels give no {self.request.montage} montage; take more of them, or another montage."
            )
        if any(len({by_name[n].rate for n, _ in row.weights}) > 1 for row in derived):
            raise NeuroflowError("Channels of different rates cannot be subtracted: resample them too, with a rate.")
        self.changes.append(f"Re-referenced: {self.request.montage} montage, {len(derived)} derivations.")
        return rows

    def _label(self, row: Row, by_name: Mapping[str, Channel]) -> str:
        if len(row.weights) == 1:
            channel = by_name[row.weights[0][0]]
            if self.request.texts is None or names_a_signal(channel.label):
                return channel.label
            label = self._becomes(channel.label) or f"{channel.kind.value} {channel.index + 1}"
        else:
            kind = "EEG " if by_name[row.weights[0][0]].kind is ChannelKind.EEG else ""
            label = kind + row.label.replace("–", "-")
        reconstructed = any(by_name[name].reconstructed for name, _ in row.weights)
        return f"~{label}" if reconstructed and not label.startswith(RECONSTRUCTED_MARKS) else label

    def _stretches(self) -> list[_Stretch]:
        """The recorded parts of the span, each in whole records; what does not fill one is filled up or left out."""
        edges = [self.span.start]
        for gap in self.recording.gaps:
            if gap.overlaps(self.span):
                edges += [gap.start, gap.stop]
        edges.append(self.span.stop)
        parts = [
            (max(a, self.span.start), min(b, self.span.stop)) for a, b in zip(edges[::2], edges[1::2], strict=True)
        ]
        parts = [(a, b) for a, b in parts if b - a > _CLOSE]
        out: list[_Stretch] = []
        for k, (start, stop) in enumerate(parts):
            records = (stop - start) / self.seconds
            count = round(records) if _whole(records) else math.ceil(records)
            following = parts[k + 1][0] if k + 1 < len(parts) else math.inf
            if start + count * self.seconds > following + _CLOSE:
                count -= 1
                self.changes.append(
                    f"{stop - start - count * self.seconds:.3f} s before a gap fill no record: left out."
                )
            elif not _whole(records):
                self.ends.append(stop)
                self.changes.append(f"The record after {stop:.3f} s is filled up with zeros.")
            if count:
                out.append(_Stretch(start, count))
        if not out:
            raise NeuroflowError("The part that was chosen lies in a gap of the recording: choose another.")
        return out

    def _signals(self, lines: Sequence[_Line], stretches: Sequence[_Stretch]) -> list[OutputSignal]:
        lows, highs = np.full(len(lines), np.inf), np.full(len(lines), -np.inf)
        for done, block in self._blocks(lines, stretches):
            self.control.checkpoint(_SCANNED * done)
            for k, values in enumerate(block):
                if np.isfinite(values).any():
                    lows[k], highs[k] = min(lows[k], np.nanmin(values)), max(highs[k], np.nanmax(values))
        lows[~np.isfinite(lows)], highs[~np.isfinite(highs)] = 0.0, 0.0
        taken: set[str] = set()
        out, renamed = [], []
        for line, low, high in zip(lines, lows.tolist(), highs.tolist(), strict=True):
            limits = kept_limits(self.source.header, line.lead, low, high) if line.as_recorded else None
            if limits is None:
                reach = max(abs(low), abs(high), 1e-9)
                limits = (-reach, reach), (-DIGITAL_MAX, DIGITAL_MAX)
            (least, most), digital = limits
            dimension = dimension_of(self.source.header, line.lead)
            about, label = (self._transducer(line), self._filters(line)), unique_label(line.label, taken)
            out.append(OutputSignal(label, line.samples, least, most, dimension, *about, digital))
            if label != line.label and self.request.texts is None:
                renamed.append(f"“{line.label}” is now “{label}”")
        if renamed:
            self.changes.append(f"Labels were changed: {listed(renamed)}.")
        return out

    def _text(self, text: str) -> str:
        return ascii_text(self._becomes(text))[:80]

    def _becomes(self, text: str) -> str:
        """What a free text of the recording becomes, with its dates shifted where those of the file are."""
        texts, days = self.request.texts, self.request.shift_days
        found = text if texts is None else texts.get(text, "")
        return found if days is None else with_dates_shifted(found, days)

    def _transducer(self, line: _Line) -> str:
        """That a signal is reconstructed is said wherever it goes, whatever was decided of the text."""
        said = self._text(line.lead.transducer)
        if self.request.texts is not None and line.reconstructed and WORDS not in said.lower():
            said = f"{WORDS}: {said}" if said else WORDS
        return said[:80]

    def _filters(self, line: _Line) -> str:
        known = self._text(line.lead.prefilter)
        if line.rate < line.lead.rate:
            # What resampling leaves: see neuroflow.signal.resample.
            known = f"{known} LP:{0.443 * line.rate:.4g}Hz".strip()
        return known[:80]

    # What is said of it -----------------------------------------------------------------------------------------------

    def _header(self, signals: Sequence[OutputSignal], stretches: Sequence[_Stretch]) -> OutputHeader:
        recording, hidden = self.recording, self.request.texts is not None
        encode_number(self.seconds)
        begin = stretches[0].start
        start = recording.clock_at(begin)
        days = self.request.shift_days
        if days is not None:
            start = shifted(start, days)
        elif start is not None and hidden:
            start = datetime.combine(UNKNOWN_DATE, start.time())
        if start is not None and not has_two_digit_year(start):
            self.changes.append(f"The year {start.year} cannot be said in EDF: the date is left out.")
            start = None
        day = start.date() if start else None
        if hidden:
            what = [*(["simulated"] if recording.simulated else []), *([WORDS] if recording.reconstructed else [])]
            what += ["converted", *(["dates shifted"] if days is not None else [])]
            about, patient = recording_field(day, additional=what), patient_field(Patient())
            self.changes += self._said_of_names()
        else:
            about = recording_field(day, *about_fields(recording.recording_field, "converted"))
            patient = patient_field(recording.patient)
        starts: tuple[float, ...] | None = None
        if len(stretches) > 1:
            starts = tuple(
                round(s.start - begin + k * self.seconds, 9) for s in stretches for k in range(s.records)
            )  # fmt: skip
        return OutputHeader(
            tuple(signals), sum(s.records for s in stretches), self.seconds, start, patient, about, starts
        )

    def _said_of_bits(self, lines: Sequence[_Line], signals: Sequence[OutputSignal]) -> str:
        """What rounding to 16 bits takes from a recording of 24; empty for one of 16."""
        if not self.source.header.is_bdf:
            return ""
        pairs = list(zip(lines, signals, strict=True))
        most = max((s.quantum for line, s in pairs if line.lead.is_voltage), default=0.0) / 2 / MICROVOLT
        said = [f"voltages by {most:.2g} µV at most"] if most else []
        others = [s for line, s in pairs if not line.lead.is_voltage]
        said += [f"“{s.label}” by {s.quantum / 2:.3g} {s.dimension}".rstrip() for s in others]
        return f"The 24 bits of BDF are 16 in EDF, by which values differ: {', '.join(said)}."

    def _said_of_names(self) -> Iterator[str]:
        """What a de-identified copy leaves out; by how much dates are shifted is in no file and no list."""
        days = self.request.shift_days
        if days is None:
            yield "De-identified: patient, recording and date are left out; texts are as reviewed."
            return
        yield "De-identified: patient and recording are left out, dates are shifted, times of day are kept."
        kept = set(filter(None, (self.request.texts or {}).values()))
        moved = {text for text in kept if with_dates_shifted(text, days) != text}
        if moved:
            yield f"Dates in {len(moved)} of the texts are shifted as well; else texts are as reviewed."
        if left := sum(map(holds_another_date, kept)):
            yield f"In {left} of the texts there is what may be a date, not shifted: look, since it may tell the shift."

    def _notes(self, lines: Sequence[_Line], signals: Sequence[OutputSignal], begin: float) -> list[Annotation]:
        """Annotations of the part, in seconds from its first sample, which was at ``begin`` of the recording."""
        texts = self.request.texts
        # By its label in the new file: the old one may be what a reader removed, or a channel that is no more.
        labels = {line.lead.name: s.label for line, s in zip(lines, signals, strict=True) if len(line.weights) == 1}
        notes, adrift = [], 0
        for note in self._within(begin):
            text = self._becomes(note.text)
            if text:
                channel = labels.get(note.channel or "")
                adrift += note.channel is not None and channel is None
                notes.append(replace(note, text=text, channel=channel))
        if adrift:
            self.changes.append(f"{adrift} annotations were of channels that are not in this file, and name none now.")
        if texts is not None and (gone := sum(not texts.get(a.text, "") for a in self.recording.annotations)):
            self.changes.append(f"{gone} annotations were removed.")
        if any(line.reconstructed for line in lines):
            notes += [Annotation(0.0, 0.0, said) for said in ALWAYS if not any(n.text.startswith(said) for n in notes)]
        notes += [
            Annotation(end - begin, 0.0, "Recorded data end here: the rest of this record was filled up")
            for end in self.ends
        ]
        notes.append(Annotation(0.0, 0.0, f"NeuroFlow Review {__version__}: {self._history()}"))
        return notes

    def _within(self, begin: float) -> Iterator[Annotation]:
        """Annotations of what is written; of one that began before a crop, what of it lies in that.

        What a reconstruction says of itself, it says at the start of every part of it too.
        """
        of_all = {note for _, pieces in facts_of(self.recording) for note in pieces}
        for note in self.recording.annotations:
            stop = note.onset + note.duration
            if note in of_all:
                yield replace(note, onset=0.0)
            elif self.request.span is None:
                yield replace(note, onset=note.onset - begin)
            elif note.onset <= self.span.stop and (note.onset >= begin - _CLOSE or stop > begin + _CLOSE):
                onset = max(note.onset, begin)
                duration = note.duration if note.onset >= begin else stop - begin
                yield replace(note, onset=onset - begin, duration=duration)

    def _history(self) -> str:
        request, said = self.request, []
        if request.span is not None:
            said.append(f"cropped to {self.span.start:g} to {self.span.stop:g} s of the recording")
        if request.rate is not None:
            said.append(f"voltages resampled to {request.rate:g} Hz")
        if request.montage != AS_RECORDED:
            said.append(f"re-referenced to the {request.montage} montage")
        if request.texts is not None:
            said.append("de-identified" if request.shift_days is None else "de-identified, dates shifted")
        words = ", ".join(said) or "written as EDF+"
        return f"{words}. {self.lost}" if self.lost else words

    # Samples ----------------------------------------------------------------------------------------------------------

    def _blocks(
        self, lines: Sequence[_Line], stretches: Sequence[_Stretch]
    ) -> Iterator[tuple[float, list[NDArray[np.float64]]]]:  # fmt: skip
        """Of every line (record, sample), a few records at a time, and what share was done before."""
        every_second = sum(max(line.rate, line.lead.rate) for line in lines)
        each = max(1, int(min(_BLOCK_SECONDS, _BLOCK_SAMPLES / every_second) / self.seconds))
        total, done = sum(s.records for s in stretches), 0
        for stretch in stretches:
            for first in range(0, stretch.records, each):
                count = min(each, stretch.records - first)
                yield done / total, self._values(lines, stretch, first, count)
                done += count

    def _values(self, lines: Sequence[_Line], stretch: _Stretch, first: int, count: int) -> list[NDArray[np.float64]]:
        kept: dict[tuple[int, float], Samples] = {}
        out = []
        for line in lines:
            begin = round(stretch.start * line.rate) + first * line.samples
            last = begin + count * line.samples
            total = np.zeros(last - begin)
            for channel, weight in line.weights:
                key = channel.index, line.rate
                if key not in kept:
                    kept[key] = self._read(channel, line.rate, begin, last)
                total += weight * kept[key].astype(np.float64)
            total[(np.arange(begin, last) + 0.5) / line.rate > self.span.stop] = np.nan
            out.append(total.reshape(count, line.samples))
        return out

    def _read(self, channel: Channel, rate: float, first: int, last: int) -> Samples:
        def recorded(a: int, b: int) -> Samples:
            return self.source.read(Span(a / channel.rate, b / channel.rate), channel)[None]

        samples: Samples = resample_span(recorded, channel.rate, rate, first, last)[0]
        return samples

    def _compare(
        self, part: Path, lines: Sequence[_Line], stretches: Sequence[_Stretch], header: OutputHeader,
        notes: Sequence[Annotation],
    ) -> float:  # fmt: skip
        """Read back; the largest difference of a voltage. Raises: FileProblem where it is more than half a step."""
        fault, worst, record = "", 0.0, 0
        with open_edf(part) as again:
            if not same_notes(notes, again.recording) or len(again.recording.channels) != len(lines):
                fault = "annotations or channels"
            for done, block in self._blocks(lines, stretches):
                self.control.checkpoint(_WRITTEN + (1.0 - _WRITTEN) * done)
                count = block[0].shape[0]
                for line, signal, channel, meant in zip(
                    lines, header.signals, again.recording.channels, block, strict=True
                ):
                    off = np.abs(again.record_values(channel, record, record + count) - meant.ravel())
                    largest = float(np.nanmax(off, initial=0.0))
                    if largest > signal.quantum * 0.5001:
                        fault = fault or f"{signal.label}: {largest}"
                    if line.lead.is_voltage:
                        worst = max(worst, largest)
                record += count
        if fault:
            raise FileProblem(
                "The file did not read back as it was meant, and was not kept: check the drive, and try again.", fault
            )
        return worst


def montage_named(name: str) -> str:
    """A montage by its name, with spaces or hyphens. Raises: NeuroflowError."""
    plain = name.strip().lower().replace("-", " ")
    if plain not in MONTAGES:
        raise NeuroflowError(f"There is no montage “{name}”; choose one of {', '.join(MONTAGES)}.")
    return plain


def _whole(value: float) -> bool:
    return round(value) >= 1 and abs(value - round(value)) < _CLOSE * max(1.0, abs(value))
