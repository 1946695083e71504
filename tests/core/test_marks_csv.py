"""Tables of marks as other programs write them, and as a spreadsheet leaves those of this one."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from neuroflow.errors import FileProblem
from neuroflow.io.marks_csv import read_marks, write_marks
from neuroflow.review import Mark


@pytest.mark.parametrize(
    "text",
    [
        "Onset,Duration,Annotation\r\n+1.5000000,0.25,seizure\r\n",  # EDFbrowser
        "onset;duration;description\n1,5;0,25;seizure\n",
        "onset;duration;description\n1.5;0.25;seizure\n",
        "onset\tduration\tdescription\n1,5\t,25\tseizure\n",
    ],
)
def test_a_table_of_another_program_is_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(text.encode())
    (mark,) = read_marks(path, 600.0)
    assert (mark.start, mark.duration, mark.text) == (1.5, 0.25, "seizure")


def test_marks_come_back_from_a_spreadsheet_that_writes_decimal_commas(tmp_path: Path) -> None:
    marks = (
        Mark(
            "a",
            12.25,
            "spike; sharp, loud",
            0.5,
            "F7–T3",
            decision="accepted",
            by="Dr Ä",
            criteria=("pointed", "field"),
        ),
        Mark("b", 100.0, "end"),
    )
    write_marks(marks, tmp_path / "ours.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "ours.csv").read_text("utf-8"), newline="")))
    saved = io.StringIO(newline="")
    table = csv.writer(saved, delimiter=";")
    for row in rows:
        table.writerow([row[0].replace(".", ","), row[1].replace(".", ","), *row[2:]])
    (tmp_path / "theirs.csv").write_bytes(("\ufeff" + saved.getvalue()).encode())
    told = [(m.start, m.duration, m.text, m.channel, m.decision, m.by, m.criteria) for m in marks]
    again = read_marks(tmp_path / "theirs.csv", 600.0)
    assert [(m.start, m.duration, m.text, m.channel, m.decision, m.by, m.criteria) for m in again] == told


@pytest.mark.parametrize("number", ["1,234.5", "1,2,3", "1.234,5"])
def test_a_number_that_could_be_two_is_refused(number: str, tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text(f"onset;description\n{number};x\n")
    with pytest.raises(FileProblem, match="line 2"):
        read_marks(path, 600.0)
