"""``neuroflow convert``: what is not asked for stays, what is asked for is exact, and nobody is named."""

from __future__ import annotations

import csv
import json
import os
import re
import tracemalloc
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pytest
from tests.core.test_export import FakeReconstructor

from neuroflow.cli import main
from neuroflow.errors import FileProblem, NeuroflowError
from neuroflow.export.convert import ConvertRequest, convert
from neuroflow.export.edf import export_reconstruction
from neuroflow.export.plan import ExportRequest
from neuroflow.export.provenance import PURPOSE, WORDS
from neuroflow.export.repair import repair
from neuroflow.export.texts import COLUMNS, free_texts, left_out, names_a_signal, read_texts, write_texts
from neuroflow.inference.tile import Withheld
from neuroflow.io import open_recording
from neuroflow.jobs import Cancelled, Control
from neuroflow.recording import ArraySource, Patient, Recording, Samples, Span
from neuroflow.signal.montage import MontageChannel, apply_rows, montage_rows
from neuroflow.signal.resample import resample_span

Make = Callable[..., Any]
SITES = ("Fp1", "F7", "T3", "T5", "O1")
SITES_OF_1020 = "Fp1 Fp2 F7 F3 Fz F4 F8 T3 C3 Cz C4 T4 T5 P3 Pz P4 T6 O1 O2".split()


def signals(path: Path) -> tuple[Any, dict[str, Samples]]:
    source = open_recording(path)
    recording = source.recording
    return recording, {c.name: source.read(recording.span, c) for c in recording.channels}


@pytest.fixture
def night(make_edf: Make, sig: Any, noise: Make) -> Path:
    """Nine seconds of five sites at 100 Hz and an ECG at 40 Hz, of a patient with a name, with five annotations."""
    tals = [b"+%d.25\x14\x14\0" % t for t in range(9)]
    for second, text in ((1, b"Eyes closed"), (2, b"Jane asks for water"), (4, b"Eyes closed"), (5, b"seen by Dr Roe")):
        tals[second] += b"+%d.75\x150.5\x14%s\x14\0" % (second, text)
    made: Path = make_edf(
        "night.edf",
        [*(sig(f"EEG {s}-Ref", noise(9, 100, k), transducer="AgCl, set of Dr Roe") for k, s in enumerate(SITES)),
         sig("ECG", noise(9, 40, 9))],
        plus="C", tals=tals, patient="MCH-1 F 02-MAY-1951 Jane_Doe",
        recording="Startdate 02-JAN-2020 ADM7 Tech_Smith Amp-9",
    ).path  # fmt: skip
    return made


def test_what_is_not_asked_for_stays_to_the_digital_value(night: Path, tmp_path: Path) -> None:
    done = convert(night, tmp_path / "out.edf", ConvertRequest())
    assert (done.format, done.changes, done.channels) == ("EDF+C", (), 6)
    old, new = open_recording(night).recording, open_recording(tmp_path / "out.edf").recording
    assert (new.start, new.patient, new.problems) == (old.start, old.patient, ())
    assert "ADM7 Tech_Smith Amp-9" in new.recording_field
    assert [a for a in new.annotations if "NeuroFlow" not in a.text] == list(old.annotations)
    a, b = (mne.io.read_raw_edf(p, verbose="error").get_data(units="uV") for p in (night, tmp_path / "out.edf"))
    np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_label_that_had_to_be_changed_is_said_and_named_only_where_names_may_be(
    make_edf: Make, sig: Any, noise: Make, tmp_path: Path
) -> None:
    labels = ["EEG Cz", "EEG Cz", "Kim Poe Fühler"]
    made, out = make_edf("a.edf", [sig(label, noise(3, 100)) for label in labels]), tmp_path / "out.edf"
    done = convert(made.path, out, ConvertRequest())
    (said,) = (change for change in done.changes if change.startswith("Labels"))
    assert "“EEG Cz” is now “EEG Cz 2”" in said
    assert "“Kim Poe Fühler” is now “Kim Poe Fuhler”" in said
    assert [c.label for c in open_recording(out).recording.channels] == ["EEG Cz", "EEG Cz 2", "Kim Poe Fuhler"]
    done = convert(made.path, out, ConvertRequest(texts={"Kim Poe Fühler": ""}))
    assert not any("Poe" in change for change in done.changes)


def test_a_crop_is_that_part_at_its_time(night: Path, tmp_path: Path) -> None:
    span = Span(1.5, 4.5)
    done = convert(night, tmp_path / "out.edf", ConvertRequest(span))
    (old, whole), (new, part) = signals(night), signals(tmp_path / "out.edf")
    assert done.changes == ()
    assert new.duration == 3.0
    assert new.start == old.start + timedelta(seconds=1.5)
    for name, samples in part.items():
        rate = old.channel(name).rate
        np.testing.assert_array_equal(samples, whole[name][round(1.5 * rate) : round(4.5 * rate)])
    found = {(a.onset, a.text) for a in new.annotations if "NeuroFlow" not in a.text}
    assert found == {(a.onset - 1.5, a.text) for a in old.annotations if 1.5 <= a.onset <= 4.5}
    assert found


def test_a_crop_that_fills_no_record_says_where_recorded_data_end(night: Path, tmp_path: Path) -> None:
    done = convert(night, tmp_path / "out.edf", ConvertRequest(Span(0.0, 2.4)))
    new, part = signals(tmp_path / "out.edf")
    assert done.records == 3
    assert any("filled up" in change for change in done.changes)
    assert [a.onset for a in new.annotations if "Recorded data end here" in a.text] == [2.4]
    assert not part["Fp1"][240:].any()
    assert part["Fp1"][:240].any()


def test_gaps_stay_at_their_times(make_edf: Make, sig: Any, noise: Make, tmp_path: Path) -> None:
    tals = [b"+%s\x14\x14\0" % str(t).encode() for t in (0.5, 1.5, 2.5, 10.5, 40)]
    made = make_edf("a.edf", [sig("Fp1", noise(5, 100)), sig("ECG", noise(5, 40, 2))], plus="D", tals=tals)
    out = tmp_path / "out.edf"
    assert convert(made.path, out, ConvertRequest()).format == "EDF+D"
    (old, whole), (new, again) = signals(made.path), signals(out)
    assert new.gaps == old.gaps
    for name in whole:
        np.testing.assert_array_equal(again[name], whole[name])
    convert(made.path, out, ConvertRequest(Span(1.0, 10.6)))
    new, again = signals(out)
    assert new.gaps == (Span(2.0, 9.0),)
    np.testing.assert_array_equal(again["Fp1"][:200], whole["Fp1"][100:300])
    np.testing.assert_array_equal(again["Fp1"][900:960], whole["Fp1"][1000:1060])
    with pytest.raises(NeuroflowError, match="gap"):
        convert(made.path, out, ConvertRequest(Span(4.0, 8.0)))


def test_a_crop_that_begins_in_a_gap_keeps_annotations_at_their_samples(
    make_edf: Make, sig: Any, noise: Make, tmp_path: Path
) -> None:
    """Data at 0-3 and 10-13.5 s, cut at 4 s and at 13.4: the file begins at 10 s, whose notes keep their samples."""
    tals = [b"+%d\x14\x14\0" % t for t in (0, 1, 2, 10, 11, 12, 13)]
    tals[0] += b"+2.5\x1510\x14seizure\x14\0+2\x1510\x14over at once\x14\0"
    tals[3] += b"+5\x14in the gap\x14\0+6\x155\x14long\x14\0"
    tals[5] += b"+12\x140123\x14\0"
    made = make_edf("a.edf", [sig("Fp1", noise(7, 100))], plus="D", tals=tals)
    out = tmp_path / "out.edf"
    tale = convert(made.path, out, ConvertRequest(Span(4.0, 13.4)))
    (old, whole), (new, again) = signals(made.path), signals(out)
    assert (tale.format, new.start) == ("EDF+C", old.start + timedelta(seconds=10))
    np.testing.assert_array_equal(again["Fp1"][:340], whole["Fp1"][1000:1340])
    found = {a.text: (a.onset, a.duration) for a in new.annotations if "NeuroFlow" not in a.text}
    assert found.pop("Recorded data end here: the rest of this record was filled up") == (3.4, 0.0)
    assert found == {
        "0123": (2.0, 0.0), "seizure": (0.0, 2.5), "over at once": (0.0, 2.0), "long": (0.0, 1.0),
    }  # fmt: skip


def test_annotations_outside_the_recording_stay_where_nothing_was_cropped(
    make_edf: Make, sig: Any, noise: Make, tmp_path: Path
) -> None:
    tals = [b"+0\x14\x14\0-5\x14before\x14\0+1\x1560\x14long\x14\0+99\x14after\x14\0", b"+1\x14\x14\0"]
    made = make_edf("a.edf", [sig("Fp1", noise(2, 100))], plus="C", tals=tals)
    convert(made.path, tmp_path / "out.edf", ConvertRequest())
    old, new = open_recording(made.path).recording, open_recording(tmp_path / "out.edf").recording
    assert [a for a in new.annotations if "NeuroFlow" not in a.text] == list(old.annotations)


@pytest.mark.parametrize("spoiled", [b"+1.85\x150.5\x14Eyes closed", b"+1.75\x150.5\x14Eyes opened"])
def test_a_copy_whose_annotations_read_back_otherwise_is_not_kept(
    night: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoiled: bytes
) -> None:
    """A drive that changes one digit of a time, or one letter of a text."""
    original = os.fsync
    out = tmp_path / "out.edf"

    def corrupt(descriptor: int) -> None:
        original(descriptor)
        for part in tmp_path.glob(".out.edf.*.part"):
            part.write_bytes(part.read_bytes().replace(b"+1.75\x150.5\x14Eyes closed", spoiled))

    monkeypatch.setattr(os, "fsync", corrupt)
    with pytest.raises(FileProblem, match="did not read back"):
        convert(night, out, ConvertRequest())
    assert not out.exists()


def test_a_montage_is_what_the_page_shows(night: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.edf"
    done = convert(night, out, ConvertRequest(montage="longitudinal"))
    old, whole = signals(night)
    rows = montage_rows("longitudinal", [MontageChannel(c.name, c.site, c.kind.value) for c in old.channels])
    derived = [row for row in rows if len(row.weights) > 1]
    new, again = signals(out)
    assert [c.label for c in new.channels] == ["EEG Fp1-F7", "EEG F7-T3", "EEG T3-T5", "EEG T5-O1", "ECG"]
    expected = apply_rows(derived, {n: v for n, v in whole.items() if n != "ECG"})
    for row, channel in zip(expected, new.channels, strict=False):
        np.testing.assert_allclose(again[channel.name], row, atol=done.step_uv * 0.5e-6 + 1e-12)
    assert done.worst_difference_uv <= done.step_uv * 0.5001
    np.testing.assert_array_equal(again["ECG"], whole["ECG"])


def test_resampling_is_the_same_wherever_blocks_meet(make_edf: Make, sig: Any, tmp_path: Path) -> None:
    """Two and a half minutes, so that several blocks are written: 3 Hz stays, 90 Hz is gone."""
    rate, seconds = 250, 150
    time = np.arange(rate * seconds) / rate
    wave = 1000 * np.sin(2 * np.pi * 3 * time) + 500 * np.sin(2 * np.pi * 90 * time)
    made = make_edf("a.edf", [sig("EEG Cz", np.rint(wave).astype(int).reshape(seconds, rate))])
    out = tmp_path / "out.edf"
    done = convert(made.path, out, ConvertRequest(rate=100.0))
    recording, found = signals(out)
    assert recording.channel("Cz").rate == 100.0
    assert "LP:44.3Hz" in recording.channel("Cz").prefilter
    inner = slice(100, -100)
    expected = 1e-4 * np.sin(2 * np.pi * 3 * np.arange(100 * seconds) / 100)
    np.testing.assert_allclose(found["Cz"][inner], expected[inner], atol=2e-7)
    source = open_recording(made.path)
    channel = source.recording.channels[0]
    once = resample_span(lambda a, b: source.read(Span(a / rate, b / rate), channel)[None], rate, 100, 0, 100 * seconds)
    np.testing.assert_allclose(found["Cz"], once[0], atol=done.step_uv * 0.5e-6 + 1e-12)


def test_nobody_is_named_and_no_text_is_kept_that_was_not_read(night: Path, tmp_path: Path) -> None:
    table, out = tmp_path / "texts.tsv", tmp_path / "out.edf"
    recording = open_recording(night).recording
    texts = free_texts(recording)
    assert {t.text: (t.decision, t.times) for t in texts} == {
        "Eyes closed": ("keep", 2), "Jane asks for water": ("remove", 1), "seen by Dr Roe": ("remove", 1),
        "AgCl, set of Dr Roe": ("keep", 5),
    }  # fmt: skip
    write_texts(texts, table)
    rows = list(csv.reader(table.open(encoding="utf-8"), delimiter="\t"))
    assert tuple(rows[0]) == COLUMNS
    for row in rows[1:]:
        if row[1].startswith("Jane"):
            row[0], row[2] = "Replace", "asks for water"
        if row[1].startswith("AgCl"):
            row[0] = "remove"
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t").writerows(rows)
    done = convert(night, out, ConvertRequest(texts=read_texts(table)))
    raw = out.read_bytes()
    for word in (b"Jane", b"Doe", b"MCH", b"1951", b"Roe", b"Smith", b"ADM7", b"Amp-9", b"2020", b"JAN-20"):
        assert word not in raw, word
    new = open_recording(out).recording
    assert new.start == datetime(1985, 1, 1, *recording.start.timetuple()[3:6], recording.start.microsecond)  # type: ignore[union-attr]
    assert [a.text for a in new.annotations if "NeuroFlow" not in a.text] == [
        "Eyes closed", "asks for water", "Eyes closed",
    ]  # fmt: skip
    assert any("De-identified" in change for change in done.changes)
    assert any("1 annotations were removed" in change for change in done.changes)
    with pytest.raises(NeuroflowError, match="not reviewed"):
        convert(night, out, ConvertRequest(texts={"Eyes closed": "Eyes closed"}))


def test_a_reconstruction_says_so_whatever_is_decided_of_its_texts(
    make_edf: Make, sig: Any, noise: Make, tmp_path: Path
) -> None:
    made = make_edf("a.edf", [sig("~AHL1 med", noise(3, 100), transducer=WORDS)],
                    recording=f"Startdate 02-JAN-2020 X X X {WORDS.replace(' ', '_')}")  # fmt: skip
    assert open_recording(made.path).recording.reconstructed
    out = tmp_path / "out.edf"
    convert(made.path, out, ConvertRequest(texts={WORDS: ""}))
    new = open_recording(out).recording
    assert new.reconstructed
    assert new.channels[0].transducer == WORDS
    for called in ("~AHL1 med", "≈AHL1 med"):
        convert(made.path, out, ConvertRequest(channels=(called,)))
        assert [c.label for c in open_recording(out).recording.channels] == ["~AHL1 med"]


@pytest.fixture
def reconstruction(tmp_path: Path) -> Path:
    """36 s of six contacts as this program exports them, of a file with a name, with a stretch withheld."""
    recording = Recording(
        tmp_path / "Doe, Jane.edf", "EDF", (), 35.25, datetime(2020, 1, 2, 3, 4, 5), Patient("Jane Doe"), "", (), (),
        (), "f" * 16, simulated=True,
    )  # fmt: skip
    fake = FakeReconstructor({1: (Withheld(Span(12.0, 13.5), "Doe 178 µV rms in a second"),)})
    fake.model.card.intended_use = "For the students of one school only. " * 20
    request = ExportRequest(samples=4, channels=("median", "bands", "samples"), excluded=frozenset(("Fp1", "Doe")))
    export_reconstruction(ArraySource(recording, {}), fake, tmp_path / "made.edf", request)  # type: ignore[arg-type]
    return tmp_path / "made.edf"


def test_what_is_suggested_for_a_reconstruction_keeps_what_it_is_and_names_nobody(
    reconstruction: Path, tmp_path: Path
) -> None:
    table, out = tmp_path / "texts.tsv", tmp_path / "out.edf"
    old = open_recording(reconstruction).recording
    write_texts(free_texts(old), table)
    convert(reconstruction, out, ConvertRequest(texts=read_texts(table)))
    assert b"Doe" not in out.read_bytes()
    new = open_recording(out).recording
    assert [c.label for c in new.channels] == [c.label for c in old.channels]
    assert [c.transducer for c in new.channels] == [c.transducer for c in old.channels]
    named = [a.text for a in old.annotations if "Doe" in a.text]
    assert len(named) == 3
    kept = [a.text for a in new.annotations if not a.text.startswith("NeuroFlow Review")]
    assert [text for text in kept if text in {a.text for a in old.annotations}] == [
        a.text for a in old.annotations if a.text not in named
    ]
    (source,) = (text for text in kept if text.startswith("Input: "))
    assert source == "Input: 0 s to 35.25 s, sha256 unknown"
    assert [(a.onset, a.duration) for a in new.annotations if a.text == "withheld"] == [(12.0, 1.5)]


def test_a_reconstruction_without_any_of_its_texts_still_says_what_it_is_and_is_for(
    reconstruction: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.edf"
    texts = dict.fromkeys((t.text for t in free_texts(open_recording(reconstruction).recording)), "")
    convert(reconstruction, out, ConvertRequest(texts=texts))
    new = open_recording(out).recording
    assert all(c.transducer == WORDS and c.label.startswith("~") for c in new.channels)
    said = [a.text for a in new.annotations if a.onset == 0.0]
    assert WORDS.capitalize() in said
    assert f"Intended use: {PURPOSE}." in said
    # Nobody is told what was said already.
    convert(out, tmp_path / "again.edf", ConvertRequest())
    again = [a.text for a in open_recording(tmp_path / "again.edf").recording.annotations]
    assert again.count(WORDS.capitalize()) == again.count(f"Intended use: {PURPOSE}.") == 1


def test_a_part_of_a_reconstruction_says_what_the_whole_does(reconstruction: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.edf"
    convert(reconstruction, out, ConvertRequest(Span(10.0, 20.0)))
    old, new = open_recording(reconstruction).recording, open_recording(out).recording
    whole = [a.text for a in old.annotations if a.onset == 0.0 and a.duration == 0.0]
    assert len(whole) > 8
    assert [a.text for a in new.annotations if a.onset == 0.0][: len(whole)] == whole
    # What is of a moment stays of that moment.
    assert [a.onset for a in new.annotations if a.text.startswith("withheld")] == [2.0]


def test_a_reconstructed_channel_keeps_its_mark_whatever_it_is_called(
    make_edf: Make, sig: Any, noise: Make, tmp_path: Path
) -> None:
    labels = ("~AHL1 p05", "~PHR'3 s003", "~Roe1 p05", "≈Roe deep", "Roe", "≈AHL2", "Fp1")
    by = {"Roe": "Reconstructed by Dr Roe"}
    in_bytes = [x.encode().decode("latin-1") for x in labels]  # the standard asks for ASCII, strangers write UTF-8
    made = make_edf("a.edf", [sig(x, noise(3, 100, k), transducer=by.get(x, "")) for k, x in enumerate(in_bytes)])
    out = tmp_path / "out.edf"
    listed = {t.text for t in free_texts(open_recording(made.path).recording)}
    assert listed == {"~Roe1 p05", "≈Roe deep", "Roe", "Reconstructed by Dr Roe"}
    texts = dict.fromkeys(listed, "") | {"≈Roe deep": "deep"}
    convert(made.path, out, ConvertRequest(texts=texts))
    new = open_recording(out).recording
    found = [c.label for c in new.channels]
    assert found == ["~AHL1 p05", "~PHR'3 s003", "~iEEG 3", "~deep", "~iEEG 5", "~AHL2", "Fp1"]
    assert [c.transducer for c in new.channels] == [WORDS] * 6 + [""]
    assert b"Roe" not in out.read_bytes()
    for write in (lambda: convert(made.path, out, ConvertRequest()), lambda: repair(made.path, out)):
        out.unlink()
        write()
        assert [c.label for c in open_recording(out).recording.channels][3] == "~Roe deep"


def test_a_label_that_says_more_than_its_signal_is_read_too(
    make_edf: Make, sig: Any, noise: Make, tmp_path: Path
) -> None:
    labels = ("EEG Fp1-Ref", "Jane resp", "Roe")
    made = make_edf("a.edf", [sig(label, noise(3, 100, k)) for k, label in enumerate(labels)])
    texts = {t.text: (t.where, t.decision) for t in free_texts(open_recording(made.path).recording)}
    assert texts == {"Jane resp": ("channel label", "remove"), "Roe": ("channel label", "remove")}
    out = tmp_path / "out.edf"
    with pytest.raises(NeuroflowError, match="not reviewed"):
        convert(made.path, out, ConvertRequest(texts={"Roe": ""}))
    convert(made.path, out, ConvertRequest(texts={"Jane resp": "resp", "Roe": ""}))
    assert [c.label for c in open_recording(out).recording.channels] == ["EEG Fp1-Ref", "resp", "other 3"]


def test_an_annotation_of_a_channel_names_it_as_the_copy_does_or_not_at_all(
    make_edf: Make, sig: Any, noise: Make, tmp_path: Path
) -> None:
    labels = ("EEG Fp1-Ref", "EEG F7-Ref", "Jane resp", "T3", "EEG T3-Ref")
    tals = [b"+%d\x14\x14\0" % t for t in range(3)]
    for k, label in enumerate(labels):
        tals[1] += b"+1.%d\x14spike@@%s\x14\0" % (k, label.encode())
    made = make_edf("a.edf", [sig(x, noise(3, 100, k)) for k, x in enumerate(labels)], plus="C", tals=tals)
    out = tmp_path / "out.edf"

    def said() -> list[str | None]:
        recording = open_recording(out).recording
        by_name = {c.name: c.label for c in recording.channels} | {None: None}
        return [by_name[a.channel] for a in recording.annotations if a.text == "spike"]

    convert(made.path, out, ConvertRequest())
    assert said() == list(labels)
    convert(made.path, out, ConvertRequest(texts={"spike": "spike", "Jane resp": "resp"}))
    assert said() == ["EEG Fp1-Ref", "EEG F7-Ref", "resp", "T3", "EEG T3-Ref"]
    convert(made.path, out, ConvertRequest(texts={"spike": "spike", "Jane resp": ""}))
    assert said() == ["EEG Fp1-Ref", "EEG F7-Ref", "respiration 3", "T3", "EEG T3-Ref"]
    assert b"Jane" not in out.read_bytes()
    # What was subtracted is no channel of the file any more.
    done = convert(made.path, out, ConvertRequest(montage="longitudinal"))
    assert said() == [None, None, "Jane resp", None, "EEG T3-Ref"]
    assert b"@@EEG F" not in out.read_bytes()
    assert "3 annotations were of channels that are not in this file, and name none now." in done.changes


def test_a_note_that_names_no_channel_of_the_file_may_name_one_of_the_copy(
    make_edf: Make, sig: Any, noise: Make, tmp_path: Path
) -> None:
    tals = [b"+%d\x14\x14\0" % t for t in range(3)]
    tals[1] += b"+1.2\x14spike@@F7-T3\x14\0+1.4\x14spike@@nothing here\x14\0"
    labels = ("EEG Fp1-Ref", "EEG F7-Ref", "EEG T3-Ref")
    made = make_edf("a.edf", [sig(x, noise(3, 100, k)) for k, x in enumerate(labels)], plus="C", tals=tals)
    out = tmp_path / "out.edf"
    convert(made.path, out, ConvertRequest(montage="longitudinal"))
    again = open_recording(out).recording
    assert [(a.text, a.channel) for a in again.annotations if "spike" in a.text] == [
        ("spike", next(c.name for c in again.channels if "F7" in c.name and "T3" in c.name)),
        ("spike@@nothing here", None),
    ]


@pytest.mark.parametrize(
    "label",
    [
        "EEG Fp1-Ref", "FP1-LE", "fp1", "T7", "EKG1", "Ekg 1", "Resp1", "Chin2", "DC01", "AHL1", "TP'3-TP'4",
        "POL DRR12", "EEG A1A2", "SpO2", "",
    ],
)  # fmt: skip
def test_names_of_electrodes_and_signals_are_no_free_text(label: str) -> None:
    assert names_a_signal(label)


@pytest.mark.parametrize(
    "label",
    [
        "Jane", "ECG Müller", "Resp. Dr Roe", "EEG Fp1-Doe", "Ross1", "Lee12", "Kim1-Kim2", "POL Eva1", "eva1",
        "12 05 51", "120551", "7", "EEG 12 05 51", "POL 120551",
    ],
)  # fmt: skip
def test_other_words_in_a_label_are(label: str) -> None:
    assert not names_a_signal(label)


def test_what_is_left_out_of_the_header_is_listed(night: Path) -> None:
    found = {where: text for where, text, _ in left_out(open_recording(night).recording)}
    assert found == {
        "patient name": "Jane Doe", "patient identifier": "MCH-1", "date of birth": "02-MAY-1951", "sex": "F",
        "recording field": "Startdate 02-JAN-2020 ADM7 Tech_Smith Amp-9", "start date": "2020-01-02",
    }  # fmt: skip


def test_a_recording_that_was_replaced_or_removed_since_it_was_opened_is_a_sentence(
    night: Path, make_edf: Make, sig: Any, noise: Make, tmp_path: Path
) -> None:
    identity = open_recording(night).recording.identity
    out = tmp_path / "out.edf"
    convert(night, out, ConvertRequest(), identity=identity)
    out.unlink()
    make_edf("other.edf", [sig("Fp1", noise(3, 100))]).path.replace(night)
    with pytest.raises(FileProblem, match="has changed since it was opened"):
        convert(night, out, ConvertRequest(), identity=identity)
    night.unlink()
    with pytest.raises(FileProblem, match="There is no file"):
        convert(night, out, ConvertRequest(), identity=identity)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("decision\ttext\nkeep\tx\nperhaps\ty\n", "Line 3"),
        ("decision\ttext\treplacement\nreplace\tx\t\n", "Line 2"),
        ("some other table\n1\n", "Line 2"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_a_table_that_was_not_reviewed_is_refused(content: str | bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(FileProblem, match=problem):
        read_texts(path)


def test_cancelling_leaves_nothing_and_the_recording_is_never_written_over(night: Path, tmp_path: Path) -> None:
    before = night.read_bytes()
    with pytest.raises(FileProblem, match="recording itself"):
        convert(night, night, ConvertRequest())
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        convert(night, tmp_path / "out.edf", ConvertRequest(), control)
    assert [p.name for p in tmp_path.iterdir()] == ["night.edf"]
    assert night.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Say what to write"),
        (["--montage", "zigzag"], "no montage “zigzag”"),
        (["--montage", "linked-ears"], "give no linked ears montage"),
        (["--rate", "0.2"], "Give --rate"),
        (["--rate", "33.333"], "whole samples"),
        (["--start", "9"], "Give --start"),
        (["--channels", "Fp9"], "no channel “Fp9”"),
    ],
)
def test_the_command_says_what_to_do(
    arguments: list[str], sentence: str, night: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = ["-o", str(tmp_path / "out.edf")] if arguments else []
    assert main(["convert", str(night), *output, *arguments]) == 2
    assert sentence in capsys.readouterr().err


def test_the_command_lists_texts_and_converts(night: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, out = tmp_path / "t.tsv", tmp_path / "out.edf"
    assert main(["convert", str(night), "--list-texts", str(table)]) == 0
    assert "2 suggested to keep, 2 to remove" in capsys.readouterr().out
    command = ["convert", str(night), "-o", str(out), "--deidentify", str(table), "--channels", "Fp1,F7,T3",
               "--montage", "linked-ears", "--json"]  # fmt: skip
    assert main(command) == 2
    assert "give no linked ears montage" in capsys.readouterr().err
    command[command.index("linked-ears")] = "average"
    assert main(command) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["channels"], said["records"], said["format"]) == (3, 9, "EDF+C")


# Memory ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_for",
    [
        lambda _: ConvertRequest(),
        lambda stop: ConvertRequest(Span(6.5, stop - 6.5)),
        lambda _: ConvertRequest(rate=100.0),
        lambda _: ConvertRequest(montage="average"),
        lambda stop: ConvertRequest(Span(6.5, stop - 6.5), 100.0, "longitudinal", texts={"AgCl": ""}),
    ],
    ids=["whole", "cropped", "resampled", "re-referenced", "all of it"],
)
def test_a_copy_takes_the_memory_of_a_few_blocks(
    request_for: Callable[[float], ConvertRequest], make_edf: Make, sig: Any, tmp_path: Path
) -> None:
    """Nineteen channels of half an hour at 256 Hz, which are 35 MB as they are read and 70 MB as they are summed."""
    rate, path = 256, tmp_path / "long.edf"
    made = [sig(f"EEG {s}-Ref", np.zeros((1, rate), dtype="<i2"), transducer="AgCl") for s in SITES_OF_1020]
    head = bytearray(make_edf("long.edf", made).path.read_bytes()[: 256 * (len(made) + 1)])
    for seconds in (70, 1800):  # the first loads what is loaded once
        head[236:244] = f"{seconds:<8}".encode()
        path.write_bytes(head)
        os.truncate(path, len(head) + seconds * rate * 2 * len(made))
        tracemalloc.start()
        convert(path, tmp_path / "out.edf", request_for(float(seconds)))
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert held < 40e6


# Bits -----------------------------------------------------------------------------------------------------------------


def test_what_24_bits_lose_in_16_is_said_in_the_list_and_in_the_file(
    make_edf: Make, sig: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(3)
    wide = rng.integers(-(2**23), 2**23, (60, 200), dtype=np.int32)
    wide[0, 0] = -(2**23)
    small = rng.integers(-30_000, 30_000, (60, 200), dtype=np.int32)
    codes = rng.integers(0, 2**23, (60, 200), dtype=np.int32)
    path = make_edf(
        "night.bdf", [*(sig(s, v, physical=("-262144", "262143")) for s, v in (("Fp1", wide), ("F7", small))),
                      sig("Status", codes, dimension="Boolean", physical=("-8388608", "8388607"))], bdf=True,
    ).path  # fmt: skip
    assert main(["convert", str(path), "-o", str(tmp_path / "out.edf")]) == 0
    (old, before), (new, after) = signals(path), signals(tmp_path / "out.edf")
    worst = {c.name: float(np.abs(before[c.name] - after[c.name]).max()) for c in old.channels}
    sentence = "The 24 bits of BDF are 16 in EDF, by which values differ: "
    (printed,) = [line for line in capsys.readouterr().out.splitlines() if sentence in line]
    (note,) = [a.text for a in new.annotations if sentence in a.text]
    for told in (printed, note):
        said = re.search(r"voltages by ([\d.]+) µV at most, “Status” by (\d+) Boolean", told)
        assert said is not None, told
        assert worst["Fp1"] * 1e6 == pytest.approx(float(said[1]), rel=0.05)
        assert worst["F7"] * 1e6 < 0.05 * float(said[1])
        assert worst["Status"] == pytest.approx(float(said[2]), rel=0.05)
    done = convert(tmp_path / "out.edf", tmp_path / "again.edf", ConvertRequest())
    assert done.changes == (), "EDF has 16 bits before and after"
