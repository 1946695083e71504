"""Trees of simultaneous recordings: what is read, and that every fault is named with file and line."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from neuroflow.errors import FileProblem
from neuroflow.io.bids import Tree, read_tree
from neuroflow.io.bids_contacts import plain_name, shaft_of, side_named
from neuroflow.io.bids_events import without
from neuroflow.io.bids_tables import parse_number, parse_table
from neuroflow.io.edf_fields import recording_field
from neuroflow.io.edf_writer import EdfWriter, OutputHeader, OutputSignal
from neuroflow.recording import Span

BEGIN = datetime(2026, 3, 1, 10, 0, 0)
SITES = ("Fp1", "Fp2", "C3", "C4", "O1", "O2")
STEM = "sub-01_ses-01_task-rest_run-01"
EEG, IEEG = Path("sub-01/ses-01/eeg"), Path("sub-01/ses-01/ieeg")
ELECTRODES = IEEG / f"{STEM}_electrodes.tsv"
CONTACTS = [("AHL1", -25, -13, -15), ("AHL2", -31, -12, -15), ("AHR1", 25, -13, -15), ("AHR2", 31, -12, -15)]


def write_edf(path: Path, names: Sequence[str], data: np.ndarray, rate: int, start: datetime | None = BEGIN) -> None:
    peaks = np.maximum(np.abs(data).max(axis=1), 1e-6)
    header = OutputHeader(
        tuple(OutputSignal(name, rate, -float(p), float(p)) for name, p in zip(names, peaks, strict=True)),
        data.shape[1] // rate, 1.0, start, "X X X X", recording_field(start.date() if start else None),
    )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    with EdfWriter(path, header) as writer:
        for record in range(header.records):
            writer.write(list(data[:, record * rate : (record + 1) * rate]))
        writer.commit(lambda _: None)


def table(path: Path, *rows: Sequence[object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join("\t".join(map(str, row)) for row in rows) + "\n", encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A sound pair of 20 s: six sites at 200 Hz, two shafts of two contacts at 500 Hz, continuous."""
    rng = np.random.default_rng(0)
    root = tmp_path / "tree"
    write_edf(root / EEG / f"{STEM}_eeg.edf", SITES, rng.normal(0, 2e-5, (6, 4000)), 200)
    names = [name for name, *_ in CONTACTS]
    write_edf(root / IEEG / f"{STEM}_ieeg.edf", names, rng.normal(0, 1e-4, (4, 10000)), 500)
    heading = ("name", "type", "units", "sampling_frequency")
    table(root / EEG / f"{STEM}_channels.tsv", heading, *((s, "EEG", "μV", 200) for s in SITES))
    table(root / IEEG / f"{STEM}_channels.tsv", heading, *((n, "SEEG", "μV", 500) for n in names))
    electrodes(root, *CONTACTS)
    for folder, kind in ((EEG, "eeg"), (IEEG, "ieeg")):
        (root / folder / f"{STEM}_{kind}.json").write_text('{"RecordingType": "continuous"}')
        table(root / folder / f"{STEM}_events.tsv", ("onset", "duration", "trial_type"))
    return root


def electrodes(root: Path, *rows: Sequence[object]) -> None:
    filled = [(*row, "no_label_found")[:5] for row in rows]
    table(root / ELECTRODES, ("name", "x", "y", "z", "AnatomicalLocation"), *filled)


def named(found: Tree, place: Path | str, line: int | None, words: str) -> None:
    """One problem stands at this file and line and says these words."""
    hits = [p for p in found.problems if p.file.match(str(place)) and p.line == line and words in p.text]
    assert len(hits) == 1, [str(p) for p in found.problems]
    assert str(hits[0]) == (f"{hits[0].file}:{line}: {hits[0].text}" if line else f"{hits[0].file}: {hits[0].text}")


def test_a_sound_pair_gives_everything_and_no_problem(tree: Path) -> None:
    found = read_tree(tree)
    assert found.problems == ()
    (pair,) = found.pairs
    assert pair.name == "sub-01 ses-01 run-01"
    assert [c.name for c in pair.contacts] == [name for name, *_ in CONTACTS]
    assert pair.contacts[0].shaft == "AHL"
    assert pair.contacts[2].mni == (25.0, -13.0, -15.0)
    assert pair.spans == (Span(0.0, 20.0),)
    assert pair.depth_offset == 0.0


def test_no_tree_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="no folder"):
        read_tree(tmp_path / "none")
    with pytest.raises(FileProblem, match="sub-"):
        read_tree(tmp_path)


@pytest.mark.parametrize(
    ("row", "line", "words"),
    [
        (("AHL2", "n/a", "n/a", "n/a"), 3, "AHL2 has no coordinates"),
        (("AHL2", "nan", 1, 2), 3, "AHL2 has no coordinates"),
        (("AHL2", "1e300", 1, 2), 3, "outside the head"),
        (("AHL2", -31, -12, 140), 3, "outside the head"),
        (("AHL1", -31, -12, -15), 3, "stands in line 2 already"),
    ],
)
def test_a_contact_without_a_believable_place_is_left_out(tree: Path, row: tuple, line: int, words: str) -> None:
    electrodes(tree, CONTACTS[0], row, *CONTACTS[2:])
    found = read_tree(tree)
    named(found, ELECTRODES, line, words)
    assert [c.name for c in found.pairs[0].contacts] == ["AHL1", "AHR1", "AHR2"]


@pytest.mark.parametrize(
    ("shaft", "side"),
    [("AHL", "left"), ("mPHR", "right"), ("LAH", "left"), ("ROF", "right"), ("A'", "left"), ("B’", "left"),
     ("L", "left"), ("A", None), ("Lat", None), ("TP", None)],
)  # fmt: skip
def test_a_shafts_name_says_its_side_as_laboratories_write_it(shaft: str, side: str | None) -> None:
    assert side_named(shaft) == side


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("AHL1", 25, -13, -15), ("AHL2", 31, -12, -15)], "named left and lies at x = 25"),
        ([("AHL1", -25, -13, -15, "Amyg, Right Amygdala"), CONTACTS[1]], "labelled “Amyg, Right Amygdala”"),
        ([("AHL1", -57, -4, 1, "Hipp, Left Hippocampus"), CONTACTS[1]], "at x = -57 mm is labelled"),
    ],
)
def test_a_shaft_that_contradicts_itself_is_left_out(tree: Path, rows: list, words: str) -> None:
    electrodes(tree, *rows, *CONTACTS[2:])
    found = read_tree(tree)
    named(found, ELECTRODES, 2, words)
    assert [c.name for c in found.pairs[0].contacts] == ["AHR1", "AHR2"]


def test_without_any_contact_the_pair_is_named_and_not_used(tree: Path) -> None:
    electrodes(tree, ("AHL1", "n/a", "n/a", "n/a"))
    found = read_tree(tree)
    named(found, ELECTRODES, None, "no contact with a usable position")
    assert found.pairs == ()


def test_positions_in_another_space_or_in_metres(tree: Path) -> None:
    space = tree / IEEG / "sub-01_ses-01_coordsystem.json"
    space.write_text('{"iEEGCoordinateSystem": "ACPC", "iEEGCoordinateUnits": "mm"}')
    named(read_tree(tree), space, None, "not in MNI space")
    electrodes(tree, *((name, x / 1000, y / 1000, z / 1000) for name, x, y, z in CONTACTS))
    space.write_text('{"iEEGCoordinateSystem": "MNI152NLin2009cAsym", "iEEGCoordinateUnits": "m"}')
    assert read_tree(tree).pairs[0].contacts[0].mni == pytest.approx((-25.0, -13.0, -15.0))
    space.unlink()
    named(read_tree(tree), ELECTRODES, 2, "these are no mm")


@pytest.mark.parametrize(
    "missing", ["eeg/*_channels.tsv", "eeg/*_eeg.json", "ieeg/*_events.tsv", "ieeg/*_channels.tsv"]
)
def test_a_missing_sidecar_is_named_and_the_pair_used(tree: Path, missing: str) -> None:
    (path,) = (tree / "sub-01/ses-01").glob(missing)
    path.unlink()
    found = read_tree(tree)
    named(found, path, None, "is missing")
    assert found.pairs[0].spans == (Span(0.0, 20.0),)


def test_missing_positions_and_missing_signals_cost_the_pair(tree: Path) -> None:
    (tree / ELECTRODES).rename(tree / "kept.tsv")
    found = read_tree(tree)
    named(found, ELECTRODES, None, "is missing")
    assert found.pairs == ()
    (tree / "kept.tsv").rename(tree / ELECTRODES)
    depth = tree / IEEG / f"{STEM}_ieeg.edf"
    depth.unlink()
    depth.symlink_to("../annex/nothing")  # as git-annex leaves what was not fetched
    found = read_tree(tree)
    named(found, depth, None, "the signals are not here")
    assert found.pairs == ()
    shutil.rmtree(tree / IEEG)
    named(read_tree(tree), depth, None, "no such recording to pair")


def test_sidecars_may_stand_higher_up(tree: Path) -> None:
    for folder, suffix in ((EEG, "eeg.json"), (EEG, "channels.tsv")):
        (tree / folder / f"{STEM}_{suffix}").rename(tree / f"task-rest_{suffix}")
    (tree / ELECTRODES).rename(tree / "sub-01/ses-01/ieeg/sub-01_ses-01_space-MNI152Lin_electrodes.tsv")
    assert read_tree(tree).problems == ()


def test_unequal_lengths_leave_what_is_common(tree: Path) -> None:
    path = tree / IEEG / f"{STEM}_ieeg.edf"
    write_edf(path, [n for n, *_ in CONTACTS], np.random.default_rng(1).normal(0, 1e-4, (4, 7500)), 500)
    found = read_tree(tree)
    named(found, path, None, "scalp lasts 20 s and depth 15 s; 15 s are common")
    assert found.pairs[0].spans == (Span(0.0, 15.0),)


def test_different_start_times_are_aligned_by_the_clocks(tree: Path) -> None:
    path, data = tree / IEEG / f"{STEM}_ieeg.edf", np.random.default_rng(1).normal(0, 1e-4, (4, 10000))
    names = [n for n, *_ in CONTACTS]
    write_edf(path, names, data, 500, BEGIN + timedelta(seconds=2.5))
    found = read_tree(tree)
    named(found, path, None, "begins 2.5 s after")
    assert found.pairs[0].depth_offset == 2.5
    assert found.pairs[0].spans == (Span(2.5, 20.0),)
    write_edf(path, names, data, 500, BEGIN + timedelta(days=1))
    assert read_tree(tree).pairs == ()
    write_edf(path, names, data, 500, None)  # a date that was removed says nothing
    found = read_tree(tree)
    named(found, path, None, "the date of only one")
    assert found.pairs[0].depth_offset == 0.0


def test_channels_that_disagree_with_the_recording(tree: Path) -> None:
    path = tree / EEG / f"{STEM}_channels.tsv"
    rows = [(s, "EEG", "μV", 200, "good") for s in SITES[:-1]]
    rows[1] = ("Fp2", "EEG", "μV", 4000, "good")
    rows[2] = ("C3", "EEG", "V", 200, "bad")
    table(path, ("name", "type", "units", "sampling_frequency", "status"), *rows, ("Pz", "EEG", "μV", 200, "good"))
    found = read_tree(tree)
    named(found, path, 3, "Fp2 is said to have 4000 Hz and has 200 Hz")
    named(found, path, 4, "C3 is said to be in V and is in uV")
    named(found, path, 7, "Pz is not in")
    named(found, path, None, "O2 of")
    assert found.pairs[0].bad_sites == {"C3"}


def trials(root: Path, kind: str, rate: int, *rows: tuple[int, int, int, int]) -> None:
    """Trials as ds004752 lists them: number, first and last sample from 1, artefact; onset is late by a sample."""
    folder = EEG if kind == "eeg" else IEEG
    (root / folder / f"{STEM}_{kind}.json").write_text('{"RecordingType": "epoched", "EpochLength": 8}')
    heading = ("onset", "duration", "nTrial", "begSample", "endSample", "Artifact")
    body = [(first / rate, (last - first + 1) / rate, number, first, last, bad) for number, first, last, bad in rows]
    table(root / folder / f"{STEM}_events.tsv", heading, *body)


def test_trials_are_spans_by_their_samples_without_those_marked(tree: Path) -> None:
    trials(tree, "eeg", 200, (1, 1, 1600, 0), (2, 1601, 3200, 1), (3, 3201, 4000, 0))
    trials(tree, "ieeg", 500, (1, 1, 4000, 0), (2, 4001, 8000, 0), (3, 8001, 10000, 0))
    found = read_tree(tree)
    assert found.problems == ()
    assert found.pairs[0].spans == (Span(0.0, 8.0), Span(16.0, 20.0))


def test_trials_that_differ_between_the_files_are_left_out(tree: Path) -> None:
    trials(tree, "eeg", 200, (1, 1, 1600, 0), (2, 1601, 3200, 0), (3, 3201, 4000, 0))
    trials(tree, "ieeg", 500, (1, 1, 4000, 0), (2, 4501, 8500, 0), (4, 8501, 10000, 0))
    found = read_tree(tree)
    named(found, f"{STEM}_events.tsv", 3, "trial 2 begins at 8 s here and at 9 s in depth")
    named(found, EEG / f"{STEM}_events.tsv", 4, "the depth file has no trial 3")
    named(found, IEEG / f"{STEM}_events.tsv", 4, "the scalp file has no trial 4")
    assert found.pairs[0].spans == (Span(0.0, 8.0),)


def test_trials_are_believed_more_than_clocks(tree: Path) -> None:
    trials(tree, "eeg", 200, (1, 1, 1600, 0))
    trials(tree, "ieeg", 500, (1, 1, 4000, 0))
    path = tree / IEEG / f"{STEM}_ieeg.edf"
    data = np.random.default_rng(1).normal(0, 1e-4, (4, 10000))
    write_edf(path, [n for n, *_ in CONTACTS], data, 500, BEGIN + timedelta(seconds=1))
    found = read_tree(tree)
    named(found, path, None, "the trials of both are believed")
    assert (found.pairs[0].depth_offset, found.pairs[0].spans) == (0.0, (Span(0.0, 8.0),))


def test_trials_beyond_the_end_and_epochs_without_events(tree: Path) -> None:
    trials(tree, "eeg", 200, (1, 1, 1600, 0), (9, 8001, 9600, 0))
    trials(tree, "ieeg", 500, (1, 1, 4000, 0), (9, 20001, 24000, 0))
    found = read_tree(tree)
    named(found, EEG / f"{STEM}_events.tsv", None, "lie beyond the end")
    assert found.pairs[0].spans == (Span(0.0, 8.0),)
    for folder in (EEG, IEEG):
        (tree / folder / f"{STEM}_events.tsv").unlink()
    assert read_tree(tree).pairs[0].spans == (Span(0.0, 8.0), Span(8.0, 16.0))


def test_bad_stretches_are_cut_out_and_blinks_are_not(tree: Path) -> None:
    rows = [(5, 2, "BAD_movement"), (9, 0.3, "artefact"), (12, "x", "y")]
    table(tree / EEG / f"{STEM}_events.tsv", ("onset", "duration", "trial_type"), *rows)
    found = read_tree(tree)
    named(found, EEG / f"{STEM}_events.tsv", 4, "no usable onset and duration")
    assert found.pairs[0].spans == (Span(0.0, 5.0), Span(7.0, 20.0))


def _nested(path: Path) -> None:
    path.write_text("[" * 200_000)


def _large(path: Path) -> None:
    path.write_bytes(b" " * (9 * 2**20))


@pytest.mark.parametrize(
    ("name", "spoil", "line", "words"),
    [
        (EEG / f"{STEM}_eeg.json", _nested, None, "no JSON"),
        (EEG / f"{STEM}_eeg.json", lambda p: p.write_text("[1]"), 1, "no JSON object"),
        (EEG / f"{STEM}_eeg.json", lambda p: p.write_text('{\n"a": \n}'), 3, "no JSON"),
        (EEG / f"{STEM}_events.tsv", _large, None, "larger than"),
        (EEG / f"{STEM}_events.tsv", lambda p: p.write_bytes(b"a\tb\n\0"), 2, "no text"),
        (EEG / f"{STEM}_events.tsv", lambda p: p.write_text(""), 1, "empty"),
        (EEG / f"{STEM}_channels.tsv", lambda p: p.write_text("kind\nFp1\n"), 1, "no column name"),
    ],
)
def test_hostile_sidecars_are_named_and_the_pair_used(
    tree: Path, name: Path, spoil: Callable[[Path], object], line: int | None, words: str
) -> None:
    spoil(tree / name)
    found = read_tree(tree)
    named(found, name, line, words)
    assert len(found.pairs) == 1


def test_a_damaged_recording_is_named(tree: Path) -> None:
    (tree / EEG / f"{STEM}_eeg.edf").write_bytes(b"0" + b" " * 200)
    found = read_tree(tree)
    named(found, f"{STEM}_eeg.edf", None, "ends within its header")
    assert found.pairs == ()


def test_tables_are_read_as_bids_writes_them() -> None:
    columns, rows, faults = parse_table("name\tx\tx\r\nA\t1\t2\r\n\r\nB\t1\nC\tN/A\t3")
    assert columns == ("name", "x", "x")
    assert [(row.line, row["name"], row["x"]) for row in rows] == [(2, "A", "1"), (5, "C", "")]
    assert faults == [(1, "column “x” is there twice"), (4, "2 cells stand under 3 columns; the row is left out")]
    wrong = ("", "nan", "inf", "1e999", "1_000", "0x10", "1,5", "٣", "1" * 400)
    assert [parse_number(cell) for cell in wrong] == [None] * len(wrong)
    assert [parse_number(cell) for cell in ("1", "-2.5e1", ".5", "3.")] == [1.0, -25.0, 0.5, 3.0]


def test_names_of_contacts() -> None:
    assert [plain_name(n) for n in ("mAHL1", "_AHL1", "AHL1", "mid1")] == ["AHL1", "AHL1", "AHL1", "mid1"]
    assert [shaft_of(n) for n in ("mAHL12", "_GL_A1", "TP'3", "7")] == ["mAHL", "_GL_A", "TP'", "7"]


def test_spans_without_holes_keep_their_whole_length() -> None:
    spans, holes = (Span(0, 8), Span(8, 16)), [Span(3, 4), Span(7, 9), Span(20, 30), Span(16, 16)]
    assert without(spans, holes) == (Span(0, 3), Span(4, 7), Span(9, 16))
    assert without(spans, []) == spans
    many = [Span(k, k + 0.5) for k in range(100_000)]
    assert without(many, [Span(k + 0.25, k + 0.5) for k in range(100_000)])[-1] == Span(99_999, 99_999.25)


@pytest.fixture(scope="module")
def real_tree(data_dir: Path) -> Tree:
    if not (data_dir / "ds004752").is_dir():
        pytest.skip("ds004752 is not among the real recordings (NEUROFLOW_TEST_DATA)")
    return read_tree(data_dir / "ds004752")


def test_the_public_dataset_reads_without_its_signals(real_tree: Tree) -> None:
    assert len(real_tree.subjects) == 15
    assert real_tree.pairs == ()
    absent = [p for p in real_tree.problems if "the signals are not here" in p.text]
    assert len(absent) == 2 * 68
    named(real_tree, "sub-01_ses-01_*_channels.tsv", 2, "low_cutoff lies above high_cutoff in 136 such files")


@pytest.mark.parametrize(
    ("patient", "line", "words"),
    [
        ("sub-10", 2, "_AHL1 at x = -57 mm is labelled “Hipp"),
        ("sub-11", 10, "mPHL1 is named left and lies at x = 34 mm"),
        ("sub-11", 18, "mPHR1 is named right and lies at x = -31 mm"),
        ("sub-12", 23, "mLL6 has no coordinates"),
        ("sub-12", 25, "mLL8 has no coordinates"),
        ("sub-01", 18, "mECL1 at x = -24 mm is labelled “Amyg, Right"),
        ("sub-01", 26, "mLR1 at x = 22 mm is labelled “Amyg, Left"),
    ],
)
def test_what_is_odd_in_the_public_dataset_is_named(real_tree: Tree, patient: str, line: int, words: str) -> None:
    named(real_tree, f"{patient}_ses-01_task-verbalWM_run-01_electrodes.tsv", line, words)


def test_nothing_else_in_the_public_dataset_is_doubted(real_tree: Tree) -> None:
    doubted = {p.file.name[:6] for p in real_tree.problems if p.file.name.endswith("electrodes.tsv")}
    assert doubted == {"sub-01", "sub-10", "sub-11", "sub-12"}
