"""Dates of a copy in which nobody is named: shifted, with those in texts, and never where EDF has no dates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from neuroflow.cli import main
from neuroflow.errors import NeuroflowError
from neuroflow.export.convert import ConvertRequest, convert
from neuroflow.export.shifting import holds_another_date, with_dates_shifted
from neuroflow.export.texts import free_texts, left_out
from neuroflow.io import open_recording
from neuroflow.recording import Patient, Span

Make = Callable[..., Any]


def in_all(path: Path) -> str:
    """Everything that a file says in words."""
    return path.read_bytes().decode("latin-1")


@pytest.fixture
def dated(make_edf: Make, sig: Any, noise: Make) -> Path:
    """A recording from before midnight of 2 January 2020, in whose texts there are dates."""
    tals = [b"+%d.25\x14\x14\0" % t for t in range(9)]
    for second, text in ((1, b"MRI 2019-12-24, EEG 03.01.2020"), (2, b"seen 01-JAN-2020"), (4, b"ictal 3/1/2020")):
        tals[second] += b"+%d.75\x14%s\x14\0" % (second, text)
    made: Path = make_edf(
        "dated.edf", [sig("EEG Fp1-Ref", noise(9, 100), transducer="AgCl 5.12.2019")], plus="C", tals=tals,
        patient="MCH-1 F 02-MAY-1951 Jane_Doe", recording="Startdate 02-JAN-2020 ADM7 Tech_Smith Amp-9",
        date="02.01.20", time="23.59.58",
    ).path  # fmt: skip
    return made


def kept(path: Path) -> dict[str, str]:
    return {t.text: t.text for t in free_texts(open_recording(path).recording)}


@pytest.mark.parametrize(("days", "day"), [(-728, datetime(2018, 1, 4)), (365, datetime(2021, 1, 1))])
def test_shifted_dates_keep_the_time_of_day_and_move_with_those_in_texts(
    dated: Path, tmp_path: Path, days: int, day: datetime
) -> None:
    out = tmp_path / "out.edf"
    done = convert(dated, out, ConvertRequest(texts=kept(dated), shift_days=days))
    new = open_recording(out).recording
    assert new.start == day.replace(hour=23, minute=59, second=58, microsecond=250_000)
    assert (new.patient, new.problems) == (Patient(), ())
    by = timedelta(days=days)
    mri, eeg, seen = (datetime(*d) + by for d in ((2019, 12, 24), (2020, 1, 3), (2020, 1, 1)))
    assert [a.text for a in new.annotations if "NeuroFlow" not in a.text] == [
        f"MRI {mri:%Y-%m-%d}, EEG {eeg:%d.%m.%Y}", "seen " + f"{seen:%d-%b-%Y}".upper(),
        "ictal 3/1/2020",
    ]  # fmt: skip
    assert new.channels[0].transducer == f"AgCl {datetime(2019, 12, 5) + by:%d.%m.%Y}"
    told = [*done.changes, *(a.text for a in new.annotations if "NeuroFlow" in a.text), new.recording_field]
    assert "dates_shifted" in new.recording_field
    assert any("de-identified, dates shifted" in text for text in told)
    assert any("dates are shifted, times of day are kept" in change for change in done.changes)
    assert any(change.startswith("Dates in 3 of the texts are shifted") for change in done.changes)
    assert any(change.startswith("In 1 of the texts there is what may be a date") for change in done.changes)
    assert not any(str(abs(days)) in text for text in told), "by how much is in no file and no list"
    words = in_all(out)
    assert "2020-01-02" not in words
    assert "02-JAN-2020" not in words
    assert "02.01.20" not in words[:256]


def test_a_date_in_the_label_of_a_channel_is_shifted_as_well(
    make_edf: Make, sig: Any, noise: Make, tmp_path: Path
) -> None:
    path = make_edf(
        "label.edf", [sig("EEG Fp1-Ref", noise(9, 100)), sig("Doe 2020-01-02", noise(9, 100))], plus="C",
        recording="Startdate 02-JAN-2020 X X X", date="02.01.20",
    ).path  # fmt: skip
    convert(path, tmp_path / "out.edf", ConvertRequest(texts=kept(path), shift_days=7))
    assert open_recording(tmp_path / "out.edf").recording.channels[1].label == "Doe 2020-01-09"


@pytest.mark.parametrize(
    "text",
    [
        "seen 12-Mar-20", "12/Mar/2020", "EEG 20200312", "12032020", "12_03_2020", "2020_3_1", "12. Mai 2020",
        "12.M\u00e4rz 2020", "2020\u201303\u201312", "02.13.2020", "2020-02-30", "ictal 3/1/2020", "March 12th, 2020",
        "3. 1. 2020", "3 / 1 / 2020", "2020 01 02", "02 01 2020", "20200102030405", "2020年1月2日", "2 janv. 2020",
        "2020\u221201\u221202", "2 févr 2020", "2 août", "le 1er avril", "2 juin 2020", "5 de enero", "2 déc. 2020",
        "2. Jänner", "3 luglio", "2 de setembro", "2nd of May", "January, 2020", "Jan  2 03:04", "01/2020",
        "MRI 2020-01", "am 2.1. da",
    ],
)  # fmt: skip
def test_what_may_be_a_date_and_stays_is_pointed_at(text: str) -> None:
    assert with_dates_shifted(text, 7) == text
    assert holds_another_date(text)


@pytest.mark.parametrize(
    "text",
    [
        "HP:0.16Hz LP:70Hz", "F7-T3", "AgCl 2019-12-24", "1000 Hz", "10 minutes", "1-2-3", "1/2", "2000 Hz", "LP 0.16.",
        "3 mm/s", "EEG-1200", "dip 3", "12:30:15",
    ],
)  # fmt: skip
def test_what_is_no_date_or_was_shifted_is_not(text: str) -> None:
    assert not holds_another_date(text)


def test_a_crop_past_midnight_begins_on_the_day_after_the_shifted_one(dated: Path, tmp_path: Path) -> None:
    convert(dated, tmp_path / "out.edf", ConvertRequest(Span(4.0, 6.0), texts=kept(dated), shift_days=10))
    start = open_recording(tmp_path / "out.edf").recording.start
    assert start == datetime(2020, 1, 13, 0, 0, 2, 250_000)


def test_a_date_that_is_not_known_stays_so_past_midnight_and_cannot_be_shifted(
    make_edf: Make, sig: Any, noise: Make, tmp_path: Path
) -> None:
    path = make_edf("a.edf", [sig("Fp1", noise(9, 100))], recording="ward", date="01.01.85", time="23.59.58").path
    convert(path, tmp_path / "out.edf", ConvertRequest(Span(5.0, 9.0)))
    new = open_recording(tmp_path / "out.edf").recording
    assert (new.start, new.dated) == (datetime(1985, 1, 1, 0, 0, 3), False)
    with pytest.raises(NeuroflowError, match="no start date"):
        convert(path, tmp_path / "out.edf", ConvertRequest(texts={}, shift_days=7))
    assert "start date" not in {where for where, _, _ in left_out(open_recording(path).recording)}


@pytest.mark.parametrize(
    ("days", "sentence"),
    [(0, "0 days"), (-12_784, "outside 2 January 1985"), (-12_785, "outside"), (23_741, "outside"),
     (10**12, "outside"), (-(10**12), "outside")],
)  # fmt: skip
def test_a_shift_to_where_edf_has_no_dates_is_refused_before_anything_is_written(
    dated: Path, tmp_path: Path, days: int, sentence: str
) -> None:
    """1 January 1985 stands for an unknown date: a shift onto that says less than it seems to."""
    with pytest.raises(NeuroflowError, match=sentence):
        convert(dated, tmp_path / "out.edf", ConvertRequest(texts=kept(dated), shift_days=days))
    assert not (tmp_path / "out.edf").exists()


@pytest.mark.parametrize(("days", "year"), [(-12_783, "02.01.85"), (23_740, "31.12.84")])
def test_the_first_and_the_last_date_of_edf_can_be_shifted_to(
    dated: Path, tmp_path: Path, days: int, year: str
) -> None:
    convert(dated, tmp_path / "out.edf", ConvertRequest(texts=kept(dated), shift_days=days))
    assert (tmp_path / "out.edf").read_bytes()[168:176].decode() == year
    assert open_recording(tmp_path / "out.edf").recording.problems == ()


def test_the_command_shifts_dates_only_where_nobody_is_named(
    dated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, out = tmp_path / "t.tsv", tmp_path / "out.edf"
    assert main(["convert", str(dated), "-o", str(out), "--shift-days", "-7"]) == 2
    assert "--shift-days goes with --deidentify" in capsys.readouterr().err
    assert main(["convert", str(dated), "--list-texts", str(table)]) == 0
    assert main(["convert", str(dated), "-o", str(out), "--deidentify", str(table), "--shift-days", "-40000"]) == 2
    assert "31 December 2084" in capsys.readouterr().err
    assert main(["convert", str(dated), "-o", str(out), "--deidentify", str(table), "--shift-days", "-7"]) == 0
    assert open_recording(out).recording.start == datetime(2019, 12, 26, 23, 59, 58, 250_000)
