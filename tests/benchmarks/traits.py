"""One small EDF or BDF file for each trait, and what it holds: the truth by which readers are judged."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1] / "core"))

from conftest import Sig, make_file

START = datetime(2020, 1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Truth:
    """What a made file holds. ``rates`` and ``start`` are None where nobody can know them, and then not judged.

    ``probes`` are, for each signal, the time in seconds from the first sample, the number of the sample in the file and
    the value in microvolts. ``labels`` and ``unit`` are judged only where they are the trait.
    """

    rates: tuple[float | None, ...]
    probes: tuple[tuple[tuple[float, int, float], ...], ...]
    tolerances: tuple[float, ...]
    samples: int
    start: datetime | None = START
    annotations: tuple[tuple[float, float, str], ...] = ()
    labels: tuple[str, ...] = ()
    unit: str = ""
    unreadable: bool = False


@dataclass(frozen=True)
class Made:
    """One row: a file of one trait. ``right`` says what a reader should make of it."""

    trait: str
    right: str
    truth: Truth
    path: Path


@dataclass
class Maker:
    """Makes the files of all traits in one folder."""

    folder: Path
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))

    def noise(self, records: int = 10, samples: int = 100, most: int = 30000) -> Any:
        return self.rng.integers(-most, most, (records, samples), dtype=np.int32)

    def pair(self) -> list[Sig]:
        return [Sig("EEG Fp1", self.noise()), Sig("EEG Cz", self.noise())]

    def __call__(
        self,
        trait: str,
        right: str,
        signals: Sequence[Sig],
        *,
        onsets: Sequence[float] | None = None,
        annotations: Sequence[tuple[float, float, str]] = (),
        encoding: str = "utf-8",
        truth: dict[str, Any] | None = None,
        missing: int = 0,
        cut_to: int | None = None,
        last_in_header: Sequence[tuple[bytes, bytes]] = (),
        **options: Any,
    ) -> Made:
        """Make one file. ``missing`` is how many samples at the end of the last signal the file does not hold.

        ``last_in_header`` is what stands elsewhere in its place where it was written last.
        ``onsets`` are those of the records, ``annotations`` onset, duration and text, both in the file's own time.
        """
        bdf = options.get("bdf", False)
        seconds = float(options.get("record_seconds", 1)) or 1.0
        name = "".join(c if c.isalnum() and c.isascii() else "-" for c in trait)
        path = self.folder / f"{name}.{'bdf' if bdf else 'edf'}"
        count = len(signals[0].digital) if signals else 1
        if options.get("plus"):
            onsets = [i * seconds for i in range(count)] if onsets is None else onsets
            options["tals"] = _tals(onsets, annotations, encoding)
        places = [i * seconds for i in range(count)] if onsets is None else [t - onsets[0] for t in onsets]
        make_file(path, signals, **options)
        for written, instead in last_in_header:
            before, _, after = path.read_bytes().rpartition(written)
            path.write_bytes(before + instead.ljust(len(written)) + after)
        if cut_to is not None:
            path.write_bytes(path.read_bytes()[:cut_to])
        scaled = [_physical(s, bdf) for s in signals]
        probes: list[Any] = []
        for number, (values, _) in enumerate(scaled):
            held = values.size - (missing if number == len(signals) - 1 else 0)
            chosen = sorted({round(i * (held - 1) / 12) for i in range(13)}) if held else []
            width = values.shape[1]
            probes.append(
                tuple((places[i // width] + i % width * seconds / width, i, float(values.flat[i])) for i in chosen)
            )
        first = onsets[0] if onsets else 0.0
        known: dict[str, Any] = {
            "rates": tuple(np.shape(s.digital)[1] / seconds for s in signals),
            "start": START + timedelta(seconds=first),
            "annotations": tuple((onset - first, duration, text) for onset, duration, text in annotations),
        }
        known |= truth or {}
        known["tolerances"] = tuple(tolerance for _, tolerance in scaled)
        known["samples"] = sum(values.size for values, _ in scaled) - missing
        return Made(trait, right, Truth(probes=tuple(probes), **known), path)


def _tals(onsets: Sequence[float], annotations: Sequence[tuple[float, float, str]], encoding: str) -> list[bytes]:
    """The annotation signal's bytes of each record: its own time, then the annotations that begin before the next."""
    blocks = [f"+{onset:.10g}\x14\x14\0".encode() for onset in onsets]
    for onset, duration, text in annotations:
        record = max([i for i, start in enumerate(onsets) if start <= onset], default=0)
        lasting = f"\x15{duration:.10g}" if duration else ""
        blocks[record] += f"+{onset:.10g}{lasting}\x14{text}\x14\0".encode(encoding)
    return blocks


def _physical(s: Sig, bdf: bool) -> tuple[Any, float]:
    """A signal's values by the standard's formula, and half the size of a digit; the counts where it has no scale."""
    full = (-(2.0**23), 2.0**23 - 1) if bdf else (-(2.0**15), 2.0**15 - 1)
    (low, high), (least, most) = (
        [float(x) for x in pair] for pair in (s.physical, full if s.limits is None else s.limits)
    )
    digital = np.asarray(s.digital, dtype=float)
    if low == high or least == most:
        return digital, 0.5
    gain = (high - low) / (most - least)
    return (digital - least) * gain + low, abs(gain) / 2


def make_all(folder: Path) -> Iterator[Made]:
    """One small file for each trait."""
    make = Maker(folder)
    pair, noise = make.pair, make.noise
    marks = [(1.5, 0.0, "eyes open"), (4.25, 2.5, "spike")]
    everything = "all samples"
    yield make("EDF", everything, pair())
    yield make("EDF+C", "all samples, 2 annotations", pair(), plus="C", annotations=marks)
    late = [0, 1, 2, 10.5, 11.5, 12.5, 13.5, 40, 41, 42]
    seizure = [(11.25, 0.0, "seizure")]
    yield make("EDF+D with gaps", "3–10.5 s and 14.5–40 s without data, annotation at 11.25 s", pair(), plus="D",
               onsets=late, annotations=seizure)  # fmt: skip
    yield make("EDF+D without gaps", "all samples, 2 annotations", pair(), plus="D", annotations=marks)
    yield make("gaps in what is called EDF+C", "the same gaps", pair(), plus="C", onsets=late, annotations=seizure)
    wide = [Sig(label, noise(most=2**23 - 1)) for label in ("EEG Fp1", "EEG Cz")]
    yield make("BDF", "all samples, 24 bits", wide, bdf=True)
    yield make("BDF+", "all samples, 2 annotations", wide, bdf=True, plus="C", annotations=marks)
    yield make("BDF+, annotation signal with limits of 16 bits", "all samples, 2 annotations, against the standard",
               wide, bdf=True, plus="C", annotations=marks,
               last_in_header=[(b"-8388608", b"-32768"), (b"8388607 ", b"32767")])  # fmt: skip
    yield make("mixed rates", "100, 10 and 1 Hz, as recorded",
               [Sig("EEG Fp1", noise()), Sig("EEG Cz", noise(10, 10)), Sig("Temp", noise(10, 1))])  # fmt: skip
    yield make("records of 0.05 s", everything, [Sig("EEG Fp1", noise(200, 10))], record_seconds=0.05)
    yield make("records of 60 s", everything, [Sig("EEG Fp1", noise(3, 6000))], record_seconds=60)
    yield make("start between seconds", "clock of the first sample 03:04:05.25, annotation 1.25 s after it", pair(),
               plus="C", onsets=[i + 0.25 for i in range(10)], annotations=marks[:1])  # fmt: skip
    yield make(
        "UTF-8 annotations", "“Anfall möglich 発作”", pair(), plus="C", annotations=[(1, 0, "Anfall möglich 発作")]
    )
    yield make("Latin-1 annotations", "“Anfall möglich”, against the standard", pair(), plus="C",
               annotations=[(1, 0, "Anfall möglich")], encoding="latin-1")  # fmt: skip
    yield make("record count −1", everything, pair(), count=-1)
    yield make("record count far too high", "the 10 records that are there", pair(), count=99999999)
    yield make("record count too low", "the 10 records that are there", pair(), count=7)
    yield make("truncated last record", "all that is there of it", pair(), cut=120, missing=60)
    yield make("a label twice", "both signals", [Sig("EEG Cz", noise()), Sig("EEG Cz", noise())])
    yield make("physical minimum equals maximum", "no scale can be right: the counts, and the other signal",
               [Sig("EEG Fp1", noise(), physical=("5", "5")), Sig("EEG Cz", noise())])  # fmt: skip
    yield make(
        "physical limits upside down",
        "the values turned over",
        [Sig("EEG Fp1", noise(), physical=("3276.7", "-3276.8"))],
    )
    yield make("digital limits upside down", "the values turned over, against the standard",
               [Sig("EEG Fp1", noise(), limits=("32767", "-32768"))])  # fmt: skip
    yield make("digital minimum equals maximum", "no scale can be right: the counts, and the other signal",
               [Sig("EEG Fp1", noise(), limits=("5", "5")), Sig("EEG Cz", noise())])  # fmt: skip
    yield make("samples beyond the digital limits", "the values, not cut off, against the standard",
               [Sig("EEG Fp1", noise(most=200), physical=("0", "100"), limits=("0", "100"))])  # fmt: skip
    yield make("wrong header size", everything, pair(), header_bytes=256)
    yield make("a date of 1985", "all samples, date unknown", pair(), date="01.01.85", recording="ward 7",
               truth={"start": None})  # fmt: skip
    yield make("date removed as EDF+ asks (Startdate X)", "all samples, date unknown", pair(), plus="C",
               date="01.01.85", recording="Startdate X X X X", truth={"start": None})  # fmt: skip
    yield make("a date that is none (“X”)", "all samples, date unknown", pair(), date="X", recording="",
               truth={"start": None})  # fmt: skip
    yield make("zero data records", "nothing to show", [Sig("EEG Fp1", noise(0, 100))])
    yield make("annotations only", "2 annotations", [], plus="C", onsets=[0], annotations=marks, record_seconds=0)
    yield make("signals in records of 0 s", "no rate can be right: refuse", [Sig("EEG Fp1", noise())], record_seconds=0,
               truth={"rates": (None,), "unreadable": True})  # fmt: skip
    yield make("256 channels", everything, [Sig(f"EEG {i}", noise(3, 10)) for i in range(1, 257)])
    minutes = [60.0 * i for i in range(7260)]
    yield make("an annotation after five days", "at 432100.5 s", [Sig("EEG Cz", noise(7260, 60))], plus="C",
               record_seconds=60, onsets=minutes, annotations=[(432100.5, 0.0, "late")])  # fmt: skip
    yield make("overlapping record times", "records at 0, 1, 1.5, 3 s", [Sig("EEG Cz", noise(4, 100))], plus="D",
               onsets=[0, 1, 1.5, 3])  # fmt: skip
    yield make("label in Latin-1", "“Fühler”", [Sig("Fühler", noise())], truth={"labels": ("Fühler",)})
    yield make("unit µV in Latin-1", "values in µV", [Sig("EEG Cz", noise(), dimension="µV")], truth={"unit": "µV"})
    yield make("a header cut short", "refuse", pair(), cut_to=700, truth={"unreadable": True})
