"""Tags of HED-SCORE out and in: what a mark is comes back, and what is not understood is kept and goes on."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroflow.io import hed
from neuroflow.io.marks_csv import read_marks, write_marks
from neuroflow.io.marks_edf import read_marks_edf, write_marks_edf
from neuroflow.recording import Patient, Recording
from neuroflow.review import Mark
from neuroflow.review.document import DECISIONS, IFCN_CRITERIA, LONGEST_TEXT, checked

OURS = "Epileptiform-interictal-activity, Spike"
LONG = "Interictal-activity/Epileptiform-interictal-activity"


def recording(path: Path) -> Recording:
    return Recording(path, "EDF", (), 600.0, None, Patient(), "", (), (), (), "a" * 16)


def table(
    path: Path, *rows: tuple[str, ...], head: tuple[str, ...] = ("onset", "duration", "trial_type", "HED")
) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",").writerows([head, *rows])
    return path


def tags_of(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row["HED"] for row in csv.DictReader(file, delimiter="\t")]


def said(marks: Any) -> list[Mark]:
    """All that a mark says but what it is called here."""
    return [msgspec.structs.replace(mark, id="") for mark in marks]


# What tags say --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tags",
    [
        OURS, "Spike, Epileptiform-interictal-activity", f"({OURS})", "sc:Epileptiform-interictal-activity,sc:Spike",
        f"{LONG}, Feature-property/Signal-morphology-property/Spike", OURS.upper(),
    ],
)  # fmt: skip
@pytest.mark.parametrize("suffix", [".tsv", ".csv"])
def test_a_discharge_in_any_form_of_its_tags_is_an_accepted_discharge(tags: str, suffix: str, tmp_path: Path) -> None:
    (mark,) = read_marks(table(tmp_path / f"events{suffix}", ("4.5", "0.1", "n/a", tags)), 600.0)
    assert (mark.start, mark.duration, mark.text, mark.decision) == (4.5, 0.1, "spike", "accepted")
    write_marks([mark], tmp_path / "out.tsv")
    assert tags_of(tmp_path / "out.tsv") == [OURS]


@pytest.mark.parametrize(
    "tags",
    [
        "Spike", "Description/Epileptiform-interictal-activity", "Label/Spike, Data-feature", "Sharp-transient-pattern",
        "Sleep-spindles, (Property-not-possible-to-determine, (Epileptiform-interictal-activity, Spike))",
        "Epileptiform-interictal-activity-like", "(Epileptiform-interictal-activity, Spike", "Other/" + LONG,
    ],
)  # fmt: skip
def test_nothing_else_is_taken_for_a_readers_decision(tags: str, tmp_path: Path) -> None:
    (mark,) = read_marks(table(tmp_path / "events.tsv", ("4.5", "n/a", "odd wave", tags)), 600.0)
    assert (mark.text, mark.decision) == (f"odd wave · HED: {tags}", "")


@pytest.mark.parametrize(
    "doubt", ["Uncertain", "sc:UNCERTAIN", "Data-property/Uncertain", "Possible", "Property-not-possible-to-determine"]
)
def test_a_discharge_of_which_another_program_doubts_is_left_open(doubt: str, tmp_path: Path) -> None:
    tags = f"{OURS}, {doubt}"
    for said_so in (tags, f"({tags})"):
        (mark,) = read_marks(table(tmp_path / "events.tsv", ("4.5", "n/a", "n/a", said_so)), 600.0)
        assert (mark.text, mark.decision) == (f"spike · HED: {said_so}", "unsure")
        write_marks([mark], tmp_path / "out.tsv")
        assert tags_of(tmp_path / "out.tsv") == [said_so], "what it was told of is told"
        assert said(read_marks(tmp_path / "out.tsv", 600.0)) == said([mark])


def test_what_another_column_says_was_decided_holds_whatever_the_tags_say(tmp_path: Path) -> None:
    head = ("onset", "description", "decision", "HED")
    path = table(tmp_path / "a.csv", ("1", "spike", "rejected", OURS), ("2", "spike", "", OURS), head=head)
    assert [m.decision for m in read_marks(path, 600.0)] == ["rejected", ""]


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("eyes open", "Eyes-open"), ("Eyes closed", "Eyes-closed"), ("Eye blinks", "Eye-blink-artifact"),
        ("Muscle artifact", "EMG-artifact"), ("sleep spindles", "Sleep-spindles"), ("K-complex", "K-complex"),
        ("Sleep stage N2", "Sleep-stage-N2"), ("Sleep-stage-N2", "Sleep-stage-N2"), ("spike", "n/a"),
        ("no eye blink", "n/a"), ("eyes open?", "n/a"), ("Posterior rhythm", "n/a"),
    ],
)  # fmt: skip
def test_an_event_that_is_called_as_a_term_is_has_its_tag_and_comes_back_as_it_was(
    text: str, tag: str, tmp_path: Path
) -> None:
    marks = [
        Mark("a", 4.5, text, 2.0),
        Mark("b", 9.0, text, reconstructed=True),
        Mark("c", 10.0, text, decision="unsure"),
    ]
    write_marks(marks, tmp_path / "out.tsv")
    assert tags_of(tmp_path / "out.tsv") == [tag, "n/a", "n/a"]
    assert said(read_marks(tmp_path / "out.tsv", 600.0)) == said(marks)


def test_a_table_of_tags_alone_is_read_and_terms_give_events_their_names(tmp_path: Path) -> None:
    path = table(
        tmp_path / "events.tsv",
        ("1", OURS), ("2", "Eye-blink-artifact"), ("3", "Wicket-spikes"), ("4", "n/a"),
        ("5", "Data-feature, Chewing-artifact"),
        head=("onset", "HED"),
    )  # fmt: skip
    assert [(m.text, m.decision) for m in read_marks(path, 600.0)] == [
        ("spike", "accepted"), ("eye blink", ""), ("Event · HED: Wicket-spikes", ""), ("Event", ""),
        ("chewing · HED: Data-feature", ""),
    ]  # fmt: skip


# There and back -------------------------------------------------------------------------------------------------------

names = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=30).map(
    lambda t: " ".join(t.split())
)
texts = (
    (names | st.sampled_from(("spike", "eyes open", "eye blink", "a · HED: ((", "b · HED: Foo", "HED: Foo", OURS)))
    .filter(lambda text: text not in ("", "n/a"))
)  # fmt: skip
marks = st.builds(
    Mark, st.just(""), st.floats(0.0, 600.0), texts, st.floats(0.0, 10.0),
    st.sampled_from(("", "F7–T3")), st.booleans(), st.sampled_from(("", *DECISIONS)),
    criteria=st.sampled_from(((), ("pointed",), tuple(IFCN_CRITERIA))), meeting=st.booleans(),
)  # fmt: skip
tags = st.lists(
    st.sampled_from(
        (*hed.DISCHARGE, f"sc:{LONG}", "Sharp-wave", "Uncertain", "Eye-blink-artifact", "(Sensor-list/F7, (A, B))",
         "Label/x", OURS)
    ),
    min_size=1, max_size=5, unique=True,
).map(", ".join)  # fmt: skip


@given(st.lists(marks, max_size=4))
def test_whatever_marks_say_comes_back_from_a_table_with_tags(
    tmp_path_factory: pytest.TempPathFactory, marks: list[Mark]
) -> None:
    path = tmp_path_factory.mktemp("law") / "out.tsv"
    write_marks(marks, path)
    assert said(read_marks(path, 600.0)) == marks


@given(st.text(max_size=60) | tags, names)
def test_tags_of_strangers_are_kept_and_go_on_and_come_back_the_same(tags: str, name: str) -> None:
    text, decision = hed.read(tags, name, None)
    mark = checked(Mark("m", 1.0, text, decision=decision))
    out = hed.written(mark)
    assert hed.read(out[1], out[0], decision) == (text, decision)
    if hed._split(" ".join(tags.split())):  # a string of tags: none of them is lost on the way
        before, after = hed._tags_in(" ".join(tags.split())), hed._tags_in(out[1])
        assert set(before) <= set(after) | {tags.strip()}
    else:
        assert " ".join(tags.split()) in text


@pytest.mark.parametrize(
    "tags", ["Epileptiform-interictal-activity, Sharp-wave", "Foo, (Bar, Baz/7 Hz)", f"{OURS}, Sensor-list/F7"]
)
def test_tags_that_nobody_here_knows_go_out_as_they_came_in(tags: str, tmp_path: Path) -> None:
    path = table(tmp_path / "in.tsv", ("4.5", "n/a", "wave", tags))
    write_marks(read_marks(path, 600.0), tmp_path / "out.tsv")
    assert tags_of(tmp_path / "out.tsv") == [tags]
    again = read_marks(tmp_path / "out.tsv", 600.0)
    assert said(again) == said(read_marks(path, 600.0))


# Annotations of EDF+ --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "text", "decision"),
    [
        (OURS, "spike", "accepted"),
        (f"{LONG}, Sharp-wave", f"spike · HED: {LONG}, Sharp-wave", "accepted"),
        ("HED: Eye-blink-artifact", "eye blink", ""),
        ("HED: Foo, (Bar)", "Event · HED: Foo, (Bar)", ""),
        (f"wave · HED: {OURS}", "wave", "accepted"),
        ("spike", "spike", ""),
        ("spike, accepted", "spike, accepted", ""),
        ("HED: ((", "HED: ((", ""),
        ("Hyperventilation", "Hyperventilation", ""),
    ],
)
def test_tags_in_annotations_of_another_program_are_read_and_words_stay_words(
    make_edf: Any, tmp_path: Path, words: str, text: str, decision: str
) -> None:
    made = make_edf("other.edf", plus="C", tals=[b"+0\x14\x14\0+1\x14" + words.encode() + b"\x14\0"])
    (mark,) = read_marks_edf(made.path, recording(tmp_path / "a.edf"))
    assert (mark.text, mark.decision) == (text, decision)


@pytest.mark.parametrize("name", ["~AHL1", "≈AHL1"])
def test_what_another_program_found_on_a_reconstruction_is_no_finding_on_a_recorded_channel(
    make_edf: Any, sig: Any, noise: Any, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "other.csv"
    path.write_text(f'onset,description,channel,HED\n1,spike,{name},"{OURS}"\n', "utf-8")
    (row,) = read_marks(path, 600.0)
    tals = [b"+0\x14\x14\0" + f"+1\x14{OURS}@@~AHL1\x14\0".encode(), b"+1\x14\x14\0"]
    made = make_edf("other.edf", [sig("~AHL1", noise(2, 100))], plus="C", tals=tals)
    (note,) = read_marks_edf(made.path, recording(path))
    for mark in (row, note):
        assert (mark.channel, mark.reconstructed, mark.decision) == ("AHL1", True, "accepted")
        assert hed.written(mark)[1] == ""


def test_kept_tags_go_through_annotations_and_back(tmp_path: Path) -> None:
    path = table(tmp_path / "in.tsv", ("4.5", "n/a", "wave", "Epileptiform-interictal-activity, Sharp-wave"))
    marks = read_marks(path, 600.0)
    write_marks_edf(marks, recording(tmp_path / "a.edf"), tmp_path / "out.edf")
    assert said(read_marks_edf(tmp_path / "out.edf", recording(tmp_path / "a.edf"))) == said(marks)


# Files that mean no good ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tags",
    ["(" * 100_000, "()" * 50_000, "a," * 50_000, "Foo, " * 20_000 + "Bar", "\0\ud7ff(", ",", "()", "(())", ":/#"],
)
def test_hostile_tags_are_text_at_most_and_take_no_time(tags: str, tmp_path: Path) -> None:
    began = time.process_time()
    (mark,) = read_marks(table(tmp_path / "events.csv", ("4.5", "0", "wave", tags)), 600.0)
    assert time.process_time() - began < 2.0
    checked(mark)
    assert mark.text.startswith("wave")
    assert mark.decision == ""
    write_marks([mark], tmp_path / "out.tsv")
    assert said(read_marks(tmp_path / "out.tsv", 600.0)) == said([mark])


def test_of_more_tags_than_there_is_room_for_whole_ones_are_kept(tmp_path: Path) -> None:
    tags = ", ".join(f"(Tag-{k}, Value/{k} Hz)" for k in range(400))
    (mark,) = read_marks(table(tmp_path / "events.tsv", ("4.5", "0", "wave", tags)), 600.0)
    assert LONGEST_TEXT - 30 < len(mark.text) <= LONGEST_TEXT
    kept = mark.text.removeprefix("wave · HED: ")
    assert tags.startswith(kept)
    assert kept.endswith(")")
