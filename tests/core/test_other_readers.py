"""Every EDF+ file that the program writes, opened by three programs that are not ours: the same values and words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import edfio
import mne
import numpy as np
import pytest
from tests.core.test_export import FakeReconstructor

from neuroflow.cli import main
from neuroflow.export import ExportRequest, export_reconstruction
from neuroflow.export.convert import ConvertRequest, convert
from neuroflow.export.repair import repair
from neuroflow.io import open_recording
from neuroflow.io.edf_writer import IGNORES_GAPS
from neuroflow.io.marks_edf import write_marks_edf
from neuroflow.review import History, added

Make = Callable[..., Any]
LONG = " ".join(f"word {k} of a very long note" for k in range(60))
TEXTS = {LONG: LONG, "Anfälle": "Anfälle"}


@pytest.fixture
def night(make_edf: Make, sig: Any, noise: Make) -> Make:
    """Four seconds of two sites and of what is no voltage, with a long note and one of a channel."""

    def make(patient: str = "MCH-1 F 02-MAY-1951 Jane_Doe", about: str = "Startdate 02-JAN-2020 X X X") -> Path:
        tals = [b"+%d\x14\x14\0" % t for t in range(4)]
        tals[1] += b"+1.5\x150.5\x14%s\x14\0+1.75\x14Anf\xc3\xa4lle@@EEG O2-Ref\x14\0" % LONG.encode()
        found = [
            sig("EEG Fp1-Ref", noise(4, 100)),
            sig("EEG O2-Ref", noise(4, 100, 1)),
            sig("SpO2", noise(4, 10, 2), "%"),
        ]
        made: Path = make_edf("in.edf", found, plus="C", tals=tals, patient=patient, recording=about).path
        return made

    return make


def exported(path: Path, out: Path) -> None:
    with open_recording(path) as source:  # type: ignore[attr-defined]
        export_reconstruction(source, FakeReconstructor(), out, ExportRequest(samples=3))  # type: ignore[arg-type]


def marked(path: Path, out: Path) -> None:
    history = History()
    for second, text in ((1.5, LONG), (2.5, "Anfälle")):
        history.do(added(second, text, by="a", now=datetime(2026, 1, 1, tzinfo=UTC)))
    write_marks_edf(history.document.marks.values(), open_recording(path).recording, out)


WRITERS: dict[str, Callable[[Path, Path], object]] = {
    "export": exported,
    "convert": lambda path, out: convert(path, out, ConvertRequest()),
    "derived": lambda path, out: convert(path, out, ConvertRequest(rate=50.0, montage="average", texts=TEXTS)),
    "repair": repair,
    "marks": marked,
}


@dataclass
class Found:
    """What a program finds: labels, samples in each signal's own unit, onsets and texts of annotations in order."""

    labels: list[str]
    samples: list[Any]
    notes: list[tuple[float, str]]


def by_edflib(path: Path) -> Found:
    pyedflib = pytest.importorskip("pyedflib")
    with pyedflib.EdfReader(str(path)) as reader:
        onsets, _, texts = reader.readAnnotations()
        samples = [reader.readSignal(k) for k in range(reader.signals_in_file)]
        return Found(reader.getSignalLabels(), samples, list(zip(onsets.tolist(), texts.tolist(), strict=True)))


def by_edfio(path: Path) -> Found:
    edf = edfio.read_edf(path)
    return Found(list(edf.labels), [s.data for s in edf.signals], [(a.onset, a.text) for a in edf.annotations])


def by_mne(path: Path) -> Found:
    if not open_recording(path).recording.channels:
        notes = mne.read_annotations(path)
        return Found([], [], list(zip(notes.onset.tolist(), notes.description.tolist(), strict=True)))
    raw = mne.io.read_raw_edf(path, preload=True, verbose="error")
    # It brings channels to the rate of the fastest, and volts to volts.
    samples = [
        row * 1e6 if "SpO2" not in name else None for name, row in zip(raw.ch_names, raw.get_data(), strict=True)
    ]
    notes = raw.annotations
    return Found(raw.ch_names, samples, list(zip(notes.onset.tolist(), notes.description.tolist(), strict=True)))


def whole(notes: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Notes whose texts are continued in other entries as one, without the channel that EDFlib and edfio leave in."""
    parts: dict[float, dict[int, str]] = {}
    out = []
    for onset, text in notes:
        text = text.split("@@")[0]
        if match := re.fullmatch(r"(.*) \.\.\.\((\d+)/\d+\)", text):
            parts.setdefault(onset, {})[int(match[2])] = match[1]
        else:
            out.append((onset, text))
    out += [(onset, "".join(found[k] for k in sorted(found))) for onset, found in parts.items()]
    return sorted((round(onset, 6), text) for onset, text in out)


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("reader", [by_edflib, by_edfio, by_mne])
def test_three_other_programs_find_what_each_writer_meant(
    night: Make, tmp_path: Path, writer: str, reader: Callable[[Path], Found]
) -> None:
    out = tmp_path / "out.edf"
    WRITERS[writer](night(), out)
    found = reader(out)
    with open_recording(out) as source:  # type: ignore[attr-defined]
        recording = source.recording
        assert found.labels == [c.label for c in recording.channels]
        for channel, samples in zip(recording.channels, found.samples, strict=True):
            if samples is not None:
                unit = 1e-6 if channel.is_voltage else 1.0
                np.testing.assert_allclose(samples * unit, source.read(recording.span, channel), rtol=1e-5, atol=1e-9)
    assert whole(found.notes) == sorted((round(a.onset, 6), a.text.split("@@")[0]) for a in recording.annotations)
    assert all(len(text.encode()) <= 512 for _, text in found.notes), "EDFlib hands on no more"
    assert any("Anfälle" in text for _, text in found.notes) == (writer != "export")


@pytest.mark.parametrize(
    ("patient", "name"),
    [
        ("MCH-1 F 02-MAY-1951 Jane_Doe", "Jane Doe"),
        ("MCH-1 F 2-may-1951 Jane_Doe", "Jane Doe"),
        (f"{66 * 'c'} F X Roe", "Roe"),
        ("MCH-1 F 02-AUG-51 Jane_Doe", "Jane Doe"),
        ("Jane Doe, ward 7", "Jane Doe, ward 7"),
    ],
)
@pytest.mark.parametrize("about", ["Startdate 02-jan-2020 X X X", f"Startdate X {60 * 'a'} T E", "ward 7"])
@pytest.mark.parametrize("writer", ["convert", "repair", "marks"])
def test_edflib_opens_what_is_written_of_fields_in_any_form(
    night: Make, tmp_path: Path, patient: str, name: str, about: str, writer: str
) -> None:
    pyedflib = pytest.importorskip("pyedflib")
    out = tmp_path / "out.edf"
    WRITERS[writer](night(patient, about), out)
    with pyedflib.EdfReader(str(out)) as reader:
        assert reader.getPatientName() == name
        assert reader.getBirthdate(string=True) == ("02 may 1951" if "1951" in patient else "")
    assert edfio.read_edf(out).patient.name == name.replace(" ", "_")


def test_what_is_said_of_programs_that_ignore_gaps_is_what_was_found_of_them() -> None:
    """docs/readers.md holds what each made of a file with gaps; none is named otherwise, and none is left out."""
    lines = (Path(__file__).parents[2] / "docs" / "readers.md").read_text("utf-8").splitlines()
    heads = next(line for line in lines if line.startswith("| trait |")).split("|")
    found = next(line for line in lines if line.startswith("| EDF+D with gaps |")).split("|")
    refusing, _, closing = IGNORES_GAPS.lower().partition(" refuse edf+d; ")
    others = dict(zip(heads[4:-2], found[4:-2], strict=True))
    assert len(others) == 4
    for reader, what in others.items():
        name = reader.split()[0].lower()
        assert (name in refusing) is what.strip().startswith("refused"), reader
        assert (name in closing) is ("gaps closed" in what), reader
    assert ("leaves out annotations" in closing) is any("annotations lost" in what for what in others.values())


@pytest.mark.parametrize("command", ["convert", "repair", "reconstruct"])
def test_who_is_given_a_file_with_gaps_is_told_which_programs_ignore_them(
    make_edf: Make, sig: Any, noise: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    sites = "Fp1 F7 T3 T5 O1 Fp2 F8 T4 T6 O2 Fz Cz Pz F3 C3 P3 F4 C4 P4".split()
    for apart in (1.0, 50.0):
        tals = [b"+%d\x14\x14\0" % (k + apart * (k > 4)) for k in range(12)]
        made = make_edf("a.edf", [sig(f"EEG {s}", noise(12, 100, k)) for k, s in enumerate(sites)], plus="D", tals=tals)
        few = ["--samples", "2", "--contacts", "AHL1", "--device", "cpu"] if command == "reconstruct" else []
        assert main([command, str(made.path), "-o", str(tmp_path / "out.edf"), *few]) == 0
        assert IGNORES_GAPS in capsys.readouterr().out
        assert open_recording(tmp_path / "out.edf").recording.gaps
    tals = [b"+%d\x14\x14\0" % k for k in range(12)]
    made = make_edf("a.edf", [sig(f"EEG {s}", noise(12, 100, k)) for k, s in enumerate(sites)], plus="D", tals=tals)
    assert main([command, str(made.path), "-o", str(tmp_path / "out.edf"), *few]) == 0
    assert "EDF+D" not in capsys.readouterr().out
