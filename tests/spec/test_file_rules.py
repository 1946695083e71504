"""The rules of a clinic for files, one test each: what a reconstruction says of itself wherever it goes, and EDF."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import edfio
import numpy as np
import pytest
from tests.core.test_export import FakeReconstructor

from neuroflow.export import ExportRequest, export_reconstruction
from neuroflow.export.provenance import WORDS
from neuroflow.io import open_recording
from neuroflow.io.edf_fields import outward, patient_field, recording_field
from neuroflow.io.edf_writer import EdfWriter, OutputHeader, OutputSignal
from neuroflow.recording import Annotation, ArraySource, Patient, Recording, Span

DAY = 86_400.0
KINDS = ("median", "bands", "samples")


@pytest.fixture
def reconstructed(tmp_path: Path) -> Path:
    recording = Recording(
        tmp_path / "night.edf", "EDF", (), 20.0, datetime(2026, 1, 2, 3, 4, 5), Patient("Jane Doe", "M1"), "", (), (),
        (), "f" * 16,
    )  # fmt: skip
    target, request = tmp_path / "out.edf", ExportRequest(samples=9, seed=7, channels=KINDS)
    export_reconstruction(ArraySource(recording, {}), FakeReconstructor(), target, request)  # type: ignore[arg-type]
    return target


def opened(path: Path) -> Any:
    with open_recording(path) as source:  # type: ignore[attr-defined]
        return source.recording


def test_a_reconstructed_label_is_ascii_of_16_characters_and_begins_with_a_tilde(reconstructed: Path) -> None:
    labels = [channel.label for channel in opened(reconstructed).channels]
    assert {label.split(" ")[1] for label in labels} == {"med", "p05", "p95", *(f"s{k:03d}" for k in range(9))}
    assert all(label.startswith("~") and label.isascii() and len(label) <= 16 for label in labels)


def test_reconstructed_not_recorded_stands_in_every_transducer_the_recording_field_and_an_annotation(
    reconstructed: Path,
) -> None:
    recording = opened(reconstructed)
    assert all(channel.transducer.startswith(WORDS) for channel in recording.channels)
    assert WORDS.replace(" ", "_") in recording.recording_field
    assert any(WORDS in note.text.lower() for note in recording.annotations)
    # Another program reads the same words.
    assert all(signal.transducer_type.startswith(WORDS) for signal in edfio.read_edf(reconstructed).signals)


def test_provenance_is_in_the_file(reconstructed: Path) -> None:
    said = " ".join(note.text for note in opened(reconstructed).annotations)
    for what in ("sha256 " + "ab" * 32, "seed 7", "Samples: 9", "Implant: default", "band 0.5 to 48 Hz", "night.edf",
                 "NeuroFlow Review"):  # fmt: skip
        assert what in said, what


def test_intended_use_is_in_the_file(reconstructed: Path) -> None:
    assert any("not for diagnosis or treatment" in note.text for note in opened(reconstructed).annotations)


def test_prefilter_and_patient_fields_have_their_edf_plus_form(reconstructed: Path) -> None:
    recording = opened(reconstructed)
    assert all(channel.prefilter == "HP:0.5Hz LP:48Hz (model)" for channel in recording.channels)
    assert recording.patient == Patient("Jane Doe", "M1")
    assert patient_field(recording.patient) == "M1 X X Jane_Doe"
    assert recording_field(None) == "Startdate X X X X"


@pytest.mark.parametrize("value", [1e-7, 0.333333333333, 123.456789, 32767.49, 1234567.8])
def test_physical_limits_are_rounded_outward_to_eight_characters(value: float) -> None:
    low, high = outward(-value, value)
    assert low <= -value
    assert high >= value
    assert high - value <= max(value * 1e-4, 2e-5)


def test_annotations_of_any_length_at_any_time_are_written_even_after_five_days(tmp_path: Path) -> None:
    target = tmp_path / "long.edf"
    notes = [Annotation(5 * DAY + k, 0.25, ("n" * 4000 if k % 2 else "spike") + f" {k}") for k in range(20)]
    header = OutputHeader((OutputSignal("Fp1", 1, -1e-4, 1e-4),), 6 * 24, 3600.0, datetime(2026, 1, 1),
                          patient_field(Patient()), recording_field(None))  # fmt: skip
    with EdfWriter(target, header, notes) as writer:
        for _ in range(header.records):
            writer.write([np.zeros(1)])
        writer.commit(lambda _: None)
    found = opened(target).annotations
    assert [(a.onset, a.duration, a.text) for a in found] == [(a.onset, a.duration, a.text) for a in notes]


def test_a_recording_with_gaps_is_written_with_its_gaps(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "night.edf", "EDF+D", (), 30.0, None, Patient(), "", (), (), (), "f" * 16)
    gap, target = Span(10.0, 20.0), tmp_path / "out.edf"
    source = ArraySource(replace(recording, gaps=(gap,)), {})
    export_reconstruction(source, FakeReconstructor(gap=gap), target, ExportRequest(samples=9))  # type: ignore[arg-type]
    assert opened(target).gaps == (gap,)
