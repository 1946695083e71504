"""The rules of a clinic for reading EDF and for taking names out, one test each, by files that are made for a trait.

What each file holds is known, since it was made byte by byte; values are checked against the standard's arithmetic.
"""

from __future__ import annotations

import csv
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.benchmarks.traits import START, Made, Maker, Sig, make_all

from neuroflow.errors import FileProblem, NeuroflowError
from neuroflow.export.convert import ConvertRequest, convert
from neuroflow.export.texts import free_texts, read_texts, write_texts
from neuroflow.io import open_recording
from neuroflow.io.edf_records import ReadOnlyFile
from neuroflow.recording import Recording, Span
from neuroflow.units import volts_per_unit


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    """A file for each trait, by its name."""
    return {one.trait: one for one in make_all(tmp_path_factory.mktemp("traits"))}


def read(made: Made) -> Recording:
    """The recording, once everything that is in the file was found in it: rates, values, start and annotations."""
    truth = made.truth
    with open_recording(made.path) as source:  # type: ignore[attr-defined]
        recording: Recording = source.recording
        assert [c.rate for c in recording.channels] == pytest.approx(list(truth.rates))
        found = 0
        for channel, probes, tolerance in zip(recording.channels, truth.probes, truth.tolerances, strict=True):
            unit = volts_per_unit(channel.dimension) if channel.is_voltage else 1.0
            assert unit is not None
            values = source.read(recording.span, channel).astype(float) / unit
            found += int(np.isfinite(values).sum())
            for time, _, value in probes:
                assert values[round(time * channel.rate)] == pytest.approx(value, rel=1e-6, abs=tolerance)
    assert found == truth.samples, "none is lost, and none is made up"
    if truth.start is not None:
        assert recording.start == truth.start
    assert [a.text for a in recording.annotations] == [text for _, _, text in truth.annotations]
    for a, (onset, duration, _) in zip(recording.annotations, truth.annotations, strict=True):
        assert (a.onset, a.duration) == (pytest.approx(onset), pytest.approx(duration))
    return recording


# What can be read is read ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trait",
    ["EDF", "EDF+C", "EDF+D without gaps", "EDF+D with gaps", "BDF", "BDF+", "mixed rates", "records of 0.05 s",
     "records of 60 s", "start between seconds", "UTF-8 annotations", "Latin-1 annotations",
     "256 channels", "an annotation after five days"],
)  # fmt: skip
def test_what_is_sound_is_read_to_the_last_digit_and_nothing_is_listed(made: dict[str, Made], trait: str) -> None:
    assert read(made[trait]).problems == ()


def test_a_discontinuous_recording_has_its_gaps_where_they_were(made: dict[str, Made]) -> None:
    assert read(made["EDF+D with gaps"]).gaps == (Span(3.0, 10.5), Span(14.5, 40.0))
    assert read(made["EDF+D without gaps"]).gaps == ()


def test_each_channel_keeps_its_own_rate(made: dict[str, Made]) -> None:
    assert [c.rate for c in read(made["mixed rates"]).channels] == [100.0, 10.0, 1.0]


def test_a_start_between_seconds_is_on_the_clock(made: dict[str, Made]) -> None:
    recording = read(made["start between seconds"])
    assert recording.start == START.replace(microsecond=250_000)
    assert recording.annotations[0].onset == 1.25, "1.5 s after the header's second is 1.25 s after the first sample"


def test_texts_in_either_alphabet_are_read(made: dict[str, Made]) -> None:
    assert read(made["UTF-8 annotations"]).annotations[0].text == "Anfall möglich 発作"
    assert read(made["Latin-1 annotations"]).annotations[0].text == "Anfall möglich"


@pytest.mark.skipif(os.name == "nt", reason="a file of 6 GB needs a drive that leaves out zeros")
def test_more_than_a_day_of_256_channels_opens_without_being_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channels, seconds, rate = 256, 25 * 3600, 128
    path = Maker(tmp_path)("a night", "", [_silent(f"EEG {k}", rate) for k in range(channels)]).path
    header, record = 256 * (channels + 1), 2 * rate * channels
    data = bytearray(path.read_bytes()[:header])
    data[236:244] = f"{seconds:<8}".encode()
    last = np.arange(rate * channels, dtype="<i2") % 1000
    with path.open("wb") as file:
        file.write(data)
        file.seek(header + (seconds - 1) * record)
        file.write(last.tobytes())
    asked: list[int] = []
    original = ReadOnlyFile.read

    def counted(self: ReadOnlyFile, offset: int, count: int) -> bytes:
        asked.append(count)
        return original(self, offset, count)

    monkeypatch.setattr(ReadOnlyFile, "read", counted)
    with open_recording(path) as source:  # type: ignore[attr-defined]
        recording = source.recording
        assert (recording.duration, len(recording.channels)) == (seconds, channels)
        values = source.read(Span(seconds - 1.0, seconds), recording.channels[200])
    np.testing.assert_allclose(values / 1e-6, last[200 * rate : 201 * rate] * 0.1, atol=0.06)
    assert sum(asked) < 20 * header + 4 * record, "a header and a second of six gigabytes"


def _silent(label: str, rate: int) -> Any:
    return Sig(label, np.zeros((1, rate), dtype=np.int32))


# What was wrong is listed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trait", "said"),
    [
        ("record count −1", "not closed properly"),
        ("record count too low", "10 records where its header says 7"),
        ("record count far too high", "ends early: 10 of 99999999"),
        ("truncated last record", "last record is cut off"),
        ("a label twice", "Two channels are called “Cz”"),
        ("physical minimum equals maximum", "equal limits"),
        ("digital minimum equals maximum", "equal limits"),
        ("wrong header size", "says that it is 256 bytes long; it is 768"),
        ("date removed as EDF+ asks (Startdate X)", "start date was removed"),
        ("a date of 1985", "stands for one that is not known"),
        ("a date that is none (“X”)", "“X” is no date"),
        ("gaps in what is called EDF+C", "calls itself continuous"),
        ("digital limits upside down", "upside down"),
        ("label in Latin-1", "letters that EDF does not allow"),
        ("annotations only", "annotations only"),
    ],
)
def test_what_was_wrong_is_read_all_the_same_and_listed_in_a_sentence(
    made: dict[str, Made], trait: str, said: str
) -> None:
    recording = read(made[trait])
    (problem,) = (p for p in recording.problems if said in p)
    assert re.match(r"[A-Z“].*\.$", problem)


def test_of_two_channels_of_one_label_both_are_there_under_their_own_names(made: dict[str, Made]) -> None:
    recording = read(made["a label twice"])
    assert [c.name for c in recording.channels] == ["Cz", "Cz (2)"]
    assert [c.site for c in recording.channels] == ["Cz", None], "a site is claimed once"


def test_without_a_scale_a_channel_is_shown_in_counts_and_used_for_nothing(made: dict[str, Made]) -> None:
    first, second = read(made["physical minimum equals maximum"]).channels
    assert (first.is_voltage, second.is_voltage) == (False, True)
    assert first not in read(made["physical minimum equals maximum"]).eeg


def test_a_date_that_is_not_known_is_1985_and_said_to_be(made: dict[str, Made]) -> None:
    for trait in ("date removed as EDF+ asks (Startdate X)", "a date that is none (“X”)", "a date of 1985"):
        recording = read(made[trait])
        assert recording.start == datetime(1985, 1, 1, 3, 4, 5)
        assert not recording.dated
        assert sum("1 January 1985" in problem and "stands for" in problem for problem in recording.problems) == 1


# What cannot be read is a sentence ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trait", "why"),
    [
        ("signals in records of 0 s", "length of a record"),
        ("a header cut short", "ends within its header"),
        ("zero data records", "no data records"),
    ],
)
def test_what_cannot_be_read_is_a_sentence_that_says_why_and_what_to_do(
    made: dict[str, Made], trait: str, why: str
) -> None:
    with pytest.raises(FileProblem, match=why) as refused:
        open_recording(made[trait].path)
    assert re.match(r"“.*”.*[:;] (copy|export).* again\.$", refused.value.text)


@pytest.mark.parametrize("content", [b"", b"MZ\x90 a program", b"\0" * 4096])
def test_what_is_no_recording_is_a_sentence_too(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.edf"
    path.write_bytes(content)
    with pytest.raises(FileProblem) as refused:
        open_recording(path)
    assert re.match(r".*“x.edf”.*\.$", refused.value.text)


# De-identification ----------------------------------------------------------------------------------------------------


@pytest.fixture
def named(tmp_path: Path) -> Path:
    """Ten seconds of a patient with a name, which also stands in an annotation."""
    make = Maker(tmp_path)
    return make(
        "named", "", make.pair(), plus="C", patient="MCH-1 F 02-MAY-1951 Jane_Doe",
        recording="Startdate 02-JAN-2020 ADM7 Tech_Smith Amp-9",
        annotations=[(1.5, 0.0, "eyes open"), (4.0, 0.0, "Jane asks for water")],
    ).path  # fmt: skip


@pytest.fixture
def nameless(named: Path, tmp_path: Path) -> Path:
    """The same, written anew once its texts were looked at: what names somebody goes."""
    found = (text.text for text in free_texts(open_recording(named).recording))
    texts = {text: "" if "Jane" in text else text for text in found}
    convert(named, tmp_path / "out.edf", ConvertRequest(texts=texts))
    return tmp_path / "out.edf"


def test_subfields_of_the_patient_and_of_the_recording_are_x(nameless: Path) -> None:
    raw = nameless.read_bytes()
    assert raw[8:88].decode().strip() == "X X X X"
    assert raw[88:168].decode().split()[:5] == ["Startdate", "01-JAN-1985", "X", "X", "X"]
    for word in (b"Jane", b"Doe", b"MCH", b"1951", b"Smith", b"ADM7", b"Amp-9", b"JAN-2020"):
        assert word not in raw, word


def test_the_start_is_the_first_of_january_1985(nameless: Path) -> None:
    assert nameless.read_bytes()[168:176] == b"01.01.85"
    start = open_recording(nameless).recording.start
    assert start is not None
    assert start.date() == datetime(1985, 1, 1).date()


def test_signals_and_their_times_stay(named: Path, nameless: Path) -> None:
    before, after = (open_recording(path) for path in (named, nameless))
    span = before.recording.span
    for old, new in zip(before.recording.channels, after.recording.channels, strict=True):
        np.testing.assert_allclose(after.read(span, new), before.read(span, old), atol=0.06e-6)


def test_free_texts_are_reviewed_by_the_user_before_anything_is_written(named: Path, tmp_path: Path) -> None:
    found = {text.text for text in free_texts(open_recording(named).recording)}
    assert {"eyes open", "Jane asks for water"} <= found
    with pytest.raises(NeuroflowError, match="not reviewed"):
        convert(named, tmp_path / "out.edf", ConvertRequest(texts={"eyes open": "eyes open"}))
    assert not (tmp_path / "out.edf").exists()


def test_what_the_user_decides_of_a_text_is_what_is_written(named: Path, tmp_path: Path) -> None:
    table, out = tmp_path / "texts.tsv", tmp_path / "out.edf"
    write_texts(free_texts(open_recording(named).recording), table)
    rows = list(csv.reader(table.open(encoding="utf-8"), delimiter="\t"))
    for row in rows[1:]:
        if row[1].startswith("Jane"):
            row[0], row[2] = "replace", "asks for water"
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t").writerows(rows)
    convert(named, out, ConvertRequest(texts=read_texts(table)))
    said = [a.text for a in open_recording(out).recording.annotations]
    assert "eyes open" in said
    assert "asks for water" in said
    assert not any("Jane" in text for text in said)
