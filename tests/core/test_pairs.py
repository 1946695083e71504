"""From simulated patient to tree and back to arrays: nothing shifted, nothing lost, and a tree whole or not at all."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from neuroflow.anatomy.implant import Contact, Implant, load_implant
from neuroflow.cli.front import main
from neuroflow.errors import FileProblem, NotReconstructable
from neuroflow.evaluation.pairs import PairSignals, load_pair, match_contacts
from neuroflow.inference.preparation import prepare
from neuroflow.io.bids import Pair, Tree, read_tree
from neuroflow.io.edf_fields import recording_field
from neuroflow.io.edf_writer import EdfWriter, OutputHeader, OutputSignal
from neuroflow.jobs import Cancelled, Control
from neuroflow.recording import ArraySource, Channel, ChannelKind, Recording, Span
from neuroflow.recording import Patient as Person
from neuroflow.simulation.patient import SITES
from neuroflow.simulation.tree import RATE, Recorded, TreeRequest, simulated, write_tree

MODEL_RATE, BAND = 100.0, (0.5, 48.0)
BEGIN = datetime(2026, 3, 1, 10, 0, 0)


@pytest.fixture(scope="module")
def implant() -> Implant:
    return load_implant("ds004752:sub-04")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, implant: Implant) -> tuple[Tree, list[Recorded]]:
    """Two patients of 40 s, read back as metadata, and the twins that they were written from."""
    seen: list[Recorded] = []
    folder = tmp_path_factory.mktemp("simulated") / "tree"
    write_tree(folder, TreeRequest(implant, 2, 40, 11), watch=seen.append)
    return read_tree(folder), seen


def test_a_simulated_tree_reads_without_a_problem(made: tuple[Tree, list[Recorded]], implant: Implant) -> None:
    tree, seen = made
    assert tree.problems == ()
    assert [pair.name for pair in tree.pairs] == ["sub-01 ses-01 run-01", "sub-02 ses-01 run-01"]
    for pair, recorded in zip(tree.pairs, seen, strict=True):
        assert pair.spans == (Span(0.0, 40.0),)
        assert pair.depth_offset == 0.0
        assert [c.name for c in pair.contacts] == [c.name for c in implant.contacts]
        assert np.allclose([c.mni for c in pair.contacts], recorded.patient.contacts_mm, atol=6e-4)


def test_every_discharge_is_stated(made: tuple[Tree, list[Recorded]]) -> None:
    tree, seen = made
    for pair, recorded in zip(tree.pairs, seen, strict=True):
        truth = recorded.twin.discharges
        assert [(d.extent, d.side, d.sources) for d in pair.discharges] == [
            (d.extent, d.side, d.sources) for d in truth
        ]
        assert np.allclose([d.time for d in pair.discharges], [d.time for d in truth], atol=1e-6)
    assert sum(len(pair.discharges) for pair in tree.pairs) > 3


def as_inference_sees(samples: np.ndarray) -> np.ndarray:
    """Samples (channel, time) at the tree's rate as inference would prepare them, had they never been in a file."""
    channels = tuple(Channel(i, str(i), str(i), ChannelKind.EEG, RATE, "uV", True, str(i)) for i in range(len(samples)))
    seconds = samples.shape[1] / RATE
    recording = Recording(Path("twin"), "", channels, seconds, None, Person(), "", (), (), (), "")
    source = ArraySource(recording, dict(enumerate(samples)))
    grid = Grid(tuple(c.name for c in channels), 1, MODEL_RATE, BAND)
    return prepare(source, dict(enumerate(channels)), grid, 0, round(seconds * MODEL_RATE)).scalp


@dataclass(frozen=True)
class Grid:
    sites: tuple[str, ...]
    fewest_sites: int
    rate: float
    band: tuple[float, float]


def test_signals_come_back_within_a_digital_step(made: tuple[Tree, list[Recorded]], implant: Implant) -> None:
    tree, seen = made
    for pair, recorded in zip(tree.pairs, seen, strict=True):
        got = load_pair(pair, SITES, implant, MODEL_RATE, BAND)
        assert got.spans == ((0, 4000),)
        for rows, meant in ((got.scalp[got.present], in_order(recorded)), (got.depth, recorded.twin.depth)):
            step = 2 * np.abs(meant).max(axis=1, keepdims=True) / 65534
            assert (np.abs(rows - as_inference_sees(meant)) <= step).all()
            assert (step < 0.1e-6).all()


def in_order(recorded: Recorded) -> np.ndarray:
    """The recorded scalp channels in the order of the model's sites."""
    index = {site: i for i, site in enumerate(recorded.kept)}
    return recorded.scalp[[index[site] for site in SITES if site in index]]


def test_what_was_not_recorded_is_absent(made: tuple[Tree, list[Recorded]], implant: Implant) -> None:
    tree, seen = made
    for pair, recorded in zip(tree.pairs, seen, strict=True):
        more = Implant("more", (*implant.contacts, Contact("XL1", "XL", (-10.0, 60.0, 20.0))), "made up")
        got = load_pair(pair, SITES, more, MODEL_RATE, BAND)
        assert {s for s, on in zip(SITES, got.present, strict=True) if on} == set(recorded.kept)
        assert not got.scalp[~got.present].any()
        assert np.isnan(got.depth[-1]).all()
        assert np.isfinite(got.depth[:-1]).all()


# A pulse within the band, seen by scalp and depth at the same time.


def pulse(times: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * ((times - 10.0123) / 0.03) ** 2) * np.cos(2 * np.pi * 20 * (times - 10.0123))


def write_pulse(folder: Path, name: str, label: str, rate: int, start: datetime, scale: float) -> Path:
    times = np.arange(20 * rate) / rate + (start - BEGIN).total_seconds()
    values = scale * pulse(times)
    path = folder / name
    header = OutputHeader(
        (OutputSignal(label, rate, -scale, scale),), 20, 1.0, start, "X X X X", recording_field(start.date())
    )
    with EdfWriter(path, header) as writer:
        for record in range(20):
            writer.write([values[record * rate : (record + 1) * rate]])
        writer.commit(lambda _: None)
    return path


@pytest.mark.parametrize("scalp_rate", [200, 256, 4096])
@pytest.mark.parametrize("offset", [0.0, 0.25, -1.003, 0.0077])
def test_scalp_and_depth_keep_their_time_to_a_thousandth_of_a_step(
    tmp_path: Path, scalp_rate: int, offset: float
) -> None:
    scalp = write_pulse(tmp_path, "scalp.edf", "Cz", scalp_rate, BEGIN, 2e-5)
    depth = write_pulse(tmp_path, "depth.edf", "AHL1", 2000, BEGIN + timedelta(seconds=offset), 2e-4)
    contact = Contact("AHL1", "AHL", (-25.0, -13.0, -15.0))
    spans = (Span(max(offset, 0.0), min(20.0, 20.0 + offset)),)
    pair = Pair("sub-01", "", "", scalp, depth, (contact,), spans, offset, (), tmp_path)
    got = load_pair(pair, ("Cz",), Implant("one", (contact,), ""), MODEL_RATE, BAND)
    here = slice(900, 1100)
    seen, meant = got.scalp[0, here] / 2e-5, got.depth[0, here] / 2e-4
    assert delay(seen.astype(np.float64), meant.astype(np.float64)) == pytest.approx(0.0, abs=1e-3)
    assert np.abs(seen - meant).max() < 1e-3
    assert np.abs(seen - pulse(np.arange(900, 1100) / MODEL_RATE)).max() < 1e-3


def delay(a: np.ndarray, b: np.ndarray) -> float:
    """Steps by which ``b`` is later, from the phase of the cross-spectrum weighted by its size."""
    cross = np.fft.rfft(a) * np.conj(np.fft.rfft(b))
    f = 2 * np.pi * np.fft.rfftfreq(a.size)
    weight = np.abs(cross) ** 2
    return float((weight * f * np.angle(cross)).sum() / (weight * f**2).sum())


def test_spans_become_whole_steps_inside_them(tmp_path: Path) -> None:
    scalp = write_pulse(tmp_path, "scalp.edf", "Cz", 200, BEGIN, 2e-5)
    depth = write_pulse(tmp_path, "depth.edf", "AHL1", 2000, BEGIN, 2e-4)
    contact = Contact("AHL1", "AHL", (-25.0, -13.0, -15.0))
    spans = (Span(0.005, 8.0), Span(8.0, 15.999), Span(16.001, 16.009))
    pair = Pair("sub-01", "", "", scalp, depth, (contact,), spans, 0.0, (), tmp_path)
    got = load_pair(pair, ("Cz",), Implant("one", (contact,), ""), MODEL_RATE, BAND)
    assert got.spans == ((1, 800), (800, 1599))
    assert got.scalp.shape == (1, 1599)


def write_noise(path: Path, label: str, rate: int, scale: float, seed: int, changed: slice = slice(0)) -> Path:
    """Twenty seconds of noise, of which those that are ``changed`` are another's."""
    values = np.random.default_rng(seed).uniform(-scale, scale, 20 * rate)
    values[changed] = np.random.default_rng(seed + 1).uniform(-scale, scale, values[changed].size)
    header = OutputHeader(
        (OutputSignal(label, rate, -scale, scale),), 20, 1.0, BEGIN, "X X X X", recording_field(BEGIN.date())
    )
    with EdfWriter(path, header) as writer:
        for record in range(20):
            writer.write([values[record * rate : (record + 1) * rate]])
        writer.commit(lambda _: None)
    return path


def test_what_is_in_one_trial_changes_nothing_in_the_next(tmp_path: Path) -> None:
    contact = Contact("AHL1", "AHL", (-25.0, -13.0, -15.0))
    spans = (Span(0.0, 8.0), Span(8.0, 16.0), Span(16.0, 16.9))
    found = []
    for number, changed in enumerate((slice(0), slice(8 * 200, 20 * 200))):
        scalp = write_noise(tmp_path / f"scalp{number}.edf", "Cz", 200, 2e-5, 0, changed)
        depth = write_noise(tmp_path / f"depth{number}.edf", "AHL1", 200, 2e-4, 5, changed)
        pair = Pair("sub-01", "", "", scalp, depth, (contact,), spans, 0.0, (), tmp_path)
        found.append(load_pair(pair, ("Cz",), Implant("one", (contact,), ""), MODEL_RATE, BAND))
    before, after = found
    assert before.spans == ((0, 800), (800, 1600)), "less than a second is of no use"
    for one, other in ((before.scalp, after.scalp), (before.depth, after.depth)):
        assert np.array_equal(one[:, :800], other[:, :800])
        assert not np.array_equal(one[:, 800:], other[:, 800:])


@pytest.mark.parametrize(
    ("spans", "level", "said"),
    [((Span(1.005, 2.0), Span(3.0, 3.4)), 2e-5, "lasts a second"), ((Span(0.0, 9.0),), 0.0, "carry a signal")],
)
def test_a_pair_without_a_usable_trial_is_one_sentence(
    tmp_path: Path, spans: tuple[Span, ...], level: float, said: str
) -> None:
    contact = Contact("AHL1", "AHL", (-25.0, -13.0, -15.0))
    scalp = write_noise(tmp_path / "scalp.edf", "Cz", 200, max(level, 2e-5), 0)
    if not level:
        data = bytearray(scalp.read_bytes())
        data[768:] = bytes(len(data) - 768)
        scalp.write_bytes(bytes(data))
    depth = write_noise(tmp_path / "depth.edf", "AHL1", 200, 2e-4, 5)
    pair = Pair("sub-01", "", "", scalp, depth, (contact,), spans, 0.0, (), tmp_path)
    with pytest.raises((FileProblem, NotReconstructable), match=said):
        load_pair(pair, ("Cz",), Implant("one", (contact,), ""), MODEL_RATE, BAND)


def test_contacts_match_by_name_then_by_place() -> None:
    ours = Implant(
        "ours", tuple(Contact(f"AHL{n}", "AHL", (-20.0 - 5 * n, -13.0, -15.0)) for n in (1, 2, 3, 4)), ""
    )  # fmt: skip
    theirs = [
        Contact("mAHL2", "mAHL", (-35.0, -13.0, -15.0)),  # ours 2 by name, although ours 3 lies there
        Contact("B1", "B", (-26.0, -13.0, -15.0)),  # 1 mm from ours 1
        Contact("B2", "B", (-27.0, -13.0, -15.0)),  # 2 mm from ours 1, 8 from ours 3
        Contact("AHL4", "AHL", (-40.0, -13.0, 0.5)),  # the name, but 15.5 mm off
    ]
    found = match_contacts(theirs, ours)
    assert {i: c.name for i, c in found.items()} == {0: "B1", 1: "mAHL2", 2: "B2"}
    assert match_contacts([], ours) == {}


def test_an_implant_elsewhere_is_one_sentence(made: tuple[Tree, list[Recorded]]) -> None:
    far = Implant("far", (Contact("XL1", "XL", (-10.0, 60.0, 20.0)),), "")
    with pytest.raises(FileProblem, match=r"No contact in .*electrodes\.tsv lies within 10 mm"):
        load_pair(made[0].pairs[0], SITES, far, MODEL_RATE, BAND)


def test_loading_can_be_cancelled(made: tuple[Tree, list[Recorded]], implant: Implant) -> None:
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        load_pair(made[0].pairs[0], SITES, implant, MODEL_RATE, BAND, control)


# The tree as files.


def test_the_layout_is_that_of_the_public_dataset(made: tuple[Tree, list[Recorded]], data_dir: Path) -> None:
    public = data_dir / "ds004752"
    if not public.is_dir():
        pytest.skip("ds004752 is not among the real recordings (NEUROFLOW_TEST_DATA)")

    def shape(root: Path, task: str) -> set[str]:
        return {
            str(path.relative_to(root)).replace(task, "task")
            for path in root.rglob("*")
            if "sub-01/ses-01" in str(path)
        }

    ours = shape(made[0].root, "task-rest")
    assert {name for name in ours if not name.endswith(".edf")} == shape(public, "task-verbalWM")
    for kind, suffix in (("eeg", "channels"), ("ieeg", "channels"), ("ieeg", "electrodes")):
        headings = [
            (root / f"sub-01/ses-01/{kind}/sub-01_ses-01_{task}_run-01_{suffix}.tsv").read_text("utf-8").split("\n")[0]
            for root, task in ((made[0].root, "task-rest"), (public, "task-verbalWM"))
        ]
        assert headings[0].split() == headings[1].split()


def test_the_tree_says_that_it_is_simulated(made: tuple[Tree, list[Recorded]]) -> None:
    root = made[0].root
    described = json.loads((root / "dataset_description.json").read_text("utf-8"))
    assert "simulated" in described["Name"].lower()
    assert "simulate" in described["GeneratedBy"][0]["Description"]
    from neuroflow.io import open_recording

    for path in root.rglob("*.edf"):
        source = open_recording(path)
        source.close()
        assert source.recording.simulated
        assert source.recording.problems == ()
    with (root / "participants.tsv").open(encoding="utf-8", newline="") as file:
        assert [row["local_share"] for row in csv.DictReader(file, delimiter="\t")] == ["0.5", "0.5"]


def test_patients_are_recorded_in_different_montages_against_different_references(implant: Implant) -> None:
    found = list(simulated(TreeRequest(implant, 12, 10, 3)))
    assert {len(r.kept) for r in found} >= {8, 19, 21}
    assert any(len(r.kept) not in (8, 10, 19, 21, 27) for r in found), "a bad channel is not exported"
    assert len({r.reference for r in found}) == 3
    for r in found:
        index = [r.twin.sites.index(site) for site in (*r.kept, *r.reference)]
        potentials = r.twin.scalp[index]
        against = potentials[len(r.kept) :].mean(axis=0)
        assert np.allclose(r.scalp, potentials[: len(r.kept)] - against, atol=1e-9)
        assert against.std() > 1e-6


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path, implant: Implant) -> None:
    trees = [
        write_tree(tmp_path / name, TreeRequest(implant, 1, 10, seed)) for name, seed in (("a", 5), ("b", 5), ("c", 6))
    ]
    first, second, third = (
        {path.relative_to(tree): path.read_bytes() for path in tree.rglob("*") if path.is_file()} for tree in trees
    )
    assert first == second
    assert first != third


def test_sessions_last_seven_minutes_at_most(implant: Implant) -> None:
    assert TreeRequest(implant, 1, 420, 0).sessions() == (420,)
    assert TreeRequest(implant, 1, 1000, 0).sessions() == (333, 333, 334)


def test_an_interrupted_tree_leaves_nothing(tmp_path: Path, implant: Implant) -> None:
    def stop(_: Recorded) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_tree(tmp_path / "tree", TreeRequest(implant, 2, 10, 0), watch=stop)
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_into_an_empty_folder_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    wanted = ["simulate", str(folder), "--patients", "1", "--minutes", "0.2", "--implant", "ds004752:sub-15"]
    assert main(wanted) == 0
    assert len(read_tree(folder).pairs) == 1
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert main(wanted) == 2
    assert "is not empty" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--patients", "0"], "patients"),
        (["--minutes", "nan"], "minutes"),
        (["--minutes", "0.1"], "at least 10 seconds"),
        (["--local-share", "1"], "local share"),
        (["--seed", "-1"], "seed"),
        (["--implant", "ds004752:sub-99"], "choose one of ds004752:sub-01"),
        (["--implant", "../default"], "no name of an implant"),
        (["-o", "page.html"], "add --report"),
    ],
)
def test_wrong_arguments_are_one_sentence_and_no_folder(
    tmp_path: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", str(tmp_path / "tree"), *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", range(1, 16))
def test_every_implant_of_the_public_dataset_is_shipped(number: int) -> None:
    implant = load_implant(f"ds004752:sub-{number:02d}")
    assert len(implant.contacts) >= 16
    assert "CC0" in implant.source


def test_shipped_positions_are_those_of_the_public_dataset(data_dir: Path) -> None:
    tables = sorted((data_dir / "ds004752").glob("sub-*/ses-01/ieeg/*electrodes.tsv"))
    if not tables:
        pytest.skip("ds004752 is not among the real recordings (NEUROFLOW_TEST_DATA)")
    for path in tables:
        rows = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines(), delimiter="\t")
        places = {row["name"].lstrip("m_"): row for row in rows}
        for contact in load_implant(f"ds004752:{path.name[:6]}").contacts:
            row = places[contact.name]
            assert contact.mni == pytest.approx([float(row[axis]) for axis in "xyz"], abs=0.0051)


def test_pair_signals_cannot_be_written_to(made: tuple[Tree, list[Recorded]], implant: Implant) -> None:
    got = load_pair(made[0].pairs[0], SITES, implant, MODEL_RATE, BAND)
    assert isinstance(got, PairSignals)
    with pytest.raises(ValueError, match="read-only"):
        got.depth[0, 0] = 0.0
