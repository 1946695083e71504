"""Marks as EDF+ annotations: there and back, read by other programs, and never mistaken for a recorded signal's."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import edfio
import mne
import msgspec
import pytest

from neuroflow.errors import FileProblem
from neuroflow.io import open_recording
from neuroflow.io.marks_edf import read_marks_edf, write_marks_edf
from neuroflow.recording import Patient, Recording
from neuroflow.review import Mark
from neuroflow.review.document import DECISIONS, IFCN_CRITERIA, LONGEST_TEXT, Decision

START = datetime(2026, 1, 12, 22, 10, 0, 250_000)


def recording(path: Path, start: datetime | None = START, duration: float = 90_000.0) -> Recording:
    return Recording(path, "EDF", (), duration, start, Patient("Jane Doe", "MCH-1"), "", (), (), (), "a" * 16)


def test_marks_go_out_and_come_back_at_their_times(tmp_path: Path) -> None:
    marks = [
        Mark("a", 12.345678, "swallowing, Übung"),
        Mark("b", 86_410.5, "run of theta", 3.25, "F7–T3"),
        Mark("c", 40.0, "spike", 0.0, "AHL1", True, "accepted", criteria=("pointed", "field")),
    ]
    path = tmp_path / "marks.edf"
    assert write_marks_edf(marks, recording(tmp_path / "a.edf"), path) == 3
    back = read_marks_edf(path, recording(tmp_path / "a.edf"))
    assert said(back) == said([marks[0], marks[2], marks[1]])
    (words,) = (a.text for a in open_recording(path).recording.annotations if a.onset == 40.0)
    assert words.startswith("spike, accepted, 2 of 6 IFCN criteria: pointed; field (on a reconstructed signal, not rec")


def said(marks: Iterable[Mark]) -> list[Mark]:
    """All that a mark says but what it is called here."""
    return [msgspec.structs.replace(mark, id="") for mark in marks]


@pytest.mark.parametrize("reconstructed", [False, True])
@pytest.mark.parametrize("decision", ["", *DECISIONS])
@pytest.mark.parametrize("criteria", [(), ("pointed",), tuple(IFCN_CRITERIA)])
@pytest.mark.parametrize(
    "text",
    [
        "spike", "wave, rejected", "x, not decided", "a, accepted, 3 of 6 IFCN criteria", "b, 3 of 6 IFCN criteria",
        "c, 1 of 6 IFCN criteria: field",
        "c (on a reconstructed signal, not recorded)", "d, unsure (on a reconstructed signal, not recorded)",
    ],
)  # fmt: skip
def test_what_was_decided_comes_back_whatever_the_reader_wrote(
    text: str, criteria: tuple[str, ...], decision: Decision, reconstructed: bool, tmp_path: Path
) -> None:
    marks = [
        Mark(channel, 40.0 + k, text, 0.0, channel, reconstructed, decision, criteria=criteria)
        for k, channel in enumerate(("≈AHL1", ""))
    ]
    write_marks_edf(marks, recording(tmp_path / "a.edf"), tmp_path / "marks.edf")
    assert said(read_marks_edf(tmp_path / "marks.edf", recording(tmp_path / "a.edf"))) == said(marks)


def test_the_longest_text_does_not_push_out_that_nothing_was_recorded(tmp_path: Path) -> None:
    long = "word " * (LONGEST_TEXT // 5)
    path = tmp_path / "marks.edf"
    write_marks_edf([Mark("a", 40.0, long, 0.0, "≈AHL1", True, "rejected")], recording(tmp_path / "a.edf"), path)
    (back,) = read_marks_edf(path, recording(tmp_path / "a.edf"))
    assert (back.reconstructed, back.decision, back.channel) == (True, "rejected", "≈AHL1")
    assert len(back.text) > LONGEST_TEXT - 100
    assert long.startswith(back.text)


def test_another_programs_words_are_not_taken_for_decisions(make_edf: Any, tmp_path: Path) -> None:
    made = make_edf("other.edf", plus="C", tals=[b"+0\x14\x14\0+1\x14wave, rejected\x14\0"])
    (back,) = read_marks_edf(made.path, replace(recording(tmp_path / "a.edf"), start=None))
    assert (back.text, back.decision) == ("wave, rejected", "")


def test_other_programs_read_them(tmp_path: Path) -> None:
    path = tmp_path / "marks.edf"
    write_marks_edf([Mark("a", 2.5, "eyes open", 1.0), Mark("b", 7.0, "spike")], recording(tmp_path / "a.edf"), path)
    found = [(a.onset, a.duration or 0.0, a.text) for a in edfio.read_edf(path).annotations]
    assert found == [(2.5, 1.0, "eyes open"), (7.0, 0.0, "spike")]
    theirs = mne.read_annotations(path)
    assert list(theirs.description) == ["eyes open", "spike"]
    assert list(theirs.onset) == pytest.approx([2.5, 7.0], abs=0.26)  # mne counts from the whole second


def test_ten_thousand_marks_fit_into_records_that_others_can_hold(tmp_path: Path) -> None:
    path = tmp_path / "marks.edf"
    marks = [Mark(f"m{k}", 8.0 * k, f"event number {k}") for k in range(10_000)]
    write_marks_edf(marks, recording(tmp_path / "a.edf"), path)
    raw = path.read_bytes()
    records, samples = int(raw[236:244]), int(raw[256 + 216 : 256 + 224])
    assert records > 1
    assert 2 * samples <= 61_440
    assert len(raw) == 512 + records * 2 * samples
    assert [m.text for m in read_marks_edf(path, recording(tmp_path / "a.edf"))] == [m.text for m in marks]


def test_the_clock_says_where_marks_of_a_longer_file_belong(tmp_path: Path) -> None:
    night, part = recording(tmp_path / "night.edf"), recording(tmp_path / "part.edf", START + timedelta(hours=2), 600.0)
    path = tmp_path / "marks.edf"
    write_marks_edf([Mark("a", 7230.0, "seizure"), Mark("b", 10.0, "lights out")], night, path)
    assert [(m.start, m.text) for m in read_marks_edf(path, part)] == [(30.0, "seizure")]
    with pytest.raises(FileProblem, match="lies within"):
        read_marks_edf(path, replace(part, start=START + timedelta(days=3)))


def test_marks_of_a_recording_whose_date_was_removed_are_taken_by_the_time_of_day(tmp_path: Path) -> None:
    """Past midnight too: a copy without a date says 1 January 1985 whenever it begins."""
    path = tmp_path / "marks.edf"
    late = START.replace(hour=23, minute=59, second=50)
    write_marks_edf([Mark("a", 40.0, "seizure")], recording(tmp_path / "a.edf", late, 100.0), path)
    nameless = replace(recording(tmp_path / "a.edf"), start=datetime(1985, 1, 1, 0, 0, 20), duration=60.0)
    assert [(m.start, m.text) for m in read_marks_edf(path, nameless)] == [(10.25, "seizure")]


def test_marks_of_the_end_of_a_day_without_a_date_are_not_taken_to_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "marks.edf"
    day = replace(recording(tmp_path / "a.edf"), start=datetime(1985, 1, 1, 8), duration=86_400.0)
    end = replace(day, start=day.clock_at(13 * 3600.0), duration=11 * 3600.0)
    write_marks_edf([Mark("a", 600.0, "spike"), Mark("b", 39_000.0, "seizure")], end, path)
    assert [m.start for m in read_marks_edf(path, day)] == [13 * 3600.0 + 600.0, 13 * 3600.0 + 39_000.0]
    write_marks_edf([Mark("a", 47_400.0, "spike")], day, path)
    assert [m.start for m in read_marks_edf(path, end)] == [600.0]


def test_a_folder_that_cannot_be_written_keeps_nothing_half_done(tmp_path: Path) -> None:
    with pytest.raises(FileProblem):
        write_marks_edf([Mark("a", 1.0, "x")], recording(tmp_path / "a.edf"), tmp_path / "none" / "marks.edf")
    (tmp_path / "text.edf").write_text("hello")
    with pytest.raises(FileProblem, match="not an EDF"):
        read_marks_edf(tmp_path / "text.edf", recording(tmp_path / "a.edf"))
    assert os.listdir(tmp_path) == ["text.edf"]
