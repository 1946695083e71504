"""A reconstruction as a BIDS derivative: the standard's own validator passes it, and it says what it is."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.core.test_export import FakeReconstructor

from neuroflow import __version__
from neuroflow.cli import main
from neuroflow.errors import FileProblem, NeuroflowError
from neuroflow.export import ExportRequest, export_bids
from neuroflow.export.bids import Entities, entities_of
from neuroflow.inference.tile import Withheld
from neuroflow.io import open_recording
from neuroflow.jobs import Cancelled, Control
from neuroflow.recording import ArraySource, Patient, Recording, Span


def exported(
    root: Path, entities: Entities, control: Control | None = None, fake: FakeReconstructor | None = None,
    gaps: tuple[Span, ...] = (), **request: Any,
) -> Any:  # fmt: skip
    recording = Recording(
        Path("Doe_Jane.edf"), "EDF", (), 12.0, datetime(2020, 1, 2, 3, 4, 5),
        Patient("Jane Doe", "MCH-7", "02-MAY-1951", "F", "ward_9"), "Startdate 02-JAN-2020 ADM7 Smith Amp-9",
        gaps, (), (), "f" * 16,
    )  # fmt: skip
    return export_bids(
        ArraySource(recording, {}), fake or FakeReconstructor(), root, entities,  # type: ignore[arg-type]
        ExportRequest(samples=9, **request), control,
    )  # fmt: skip


def validated(root: Path) -> list[dict[str, str]]:
    """What the validator of the standard finds that is an error."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("bids-validator-deno")), str(root), "--json"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    issues = json.loads(done.stdout)["issues"]["issues"]
    return [issue for issue in issues if issue["severity"] == "error"]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_the_validator_of_the_standard_passes_it(tmp_path: Path) -> None:
    root = tmp_path / "derivatives"
    exported(root, Entities("01", "rest"))
    exported(root, Entities("02", "sleep", "1", "2"), channels=("samples",), contacts=("AHL",))
    assert validated(root) == []
    # The validator is no rubber stamp: without what is required it complains.
    about = root / "sub-01" / "ieeg" / "sub-01_space-Other_electrodes.json"
    about.write_text(
        json.dumps({k: v for k, v in json.loads(about.read_text("utf-8")).items() if k != "SpatialReference"})
    )
    assert validated(root)


def test_every_sidecar_says_what_it_is_and_names_nobody(tmp_path: Path) -> None:
    root = tmp_path / "derivatives"
    report = exported(root, Entities("01", "rest", "1"), excluded=frozenset(("O1", "Doe resp")), seed=3)
    folder = root / "sub-01" / "ses-1" / "ieeg"
    assert report.path == folder / "sub-01_ses-1_task-rest_desc-reconstructed_ieeg.edf"
    with open_recording(report.path) as source:  # type: ignore[attr-defined]
        labels = [c.label for c in source.recording.channels]
        assert source.recording.reconstructed
    rows = table(folder / "sub-01_ses-1_task-rest_desc-reconstructed_channels.tsv")
    assert [row["name"] for row in rows] == labels
    assert all("reconstructed, not recorded" in row["description"] for row in rows)
    places = table(folder / "sub-01_ses-1_space-Other_electrodes.tsv")
    assert {row["contact"] for row in rows} == {place["name"] for place in places}
    for place, contact in zip(places, FakeReconstructor().contacts, strict=True):
        assert (place["name"], place["shaft"]) == (contact.name, contact.shaft)
        assert [float(place[axis]) for axis in "xyz"] == pytest.approx(contact.mni, abs=6e-4)
    about = json.loads((folder / "sub-01_ses-1_task-rest_desc-reconstructed_ieeg.json").read_text("utf-8"))
    assert "not recorded" in about["Description"]
    assert about["Model"] == {"Name": "fake", "Version": "1", "WeightsSHA256": "ab" * 32}
    assert (about["Software"], about["Implant"]) == (
        {"Name": "NeuroFlow Review", "Version": __version__}, {"Name": "default", "Source": "made up"},
    )  # fmt: skip
    assert (about["Samples"], about["Seed"]) == (9, 3)
    assert about["SoftwareFilters"]["Band of the model"] == {"low cut-off (Hz)": 0.5, "high cut-off (Hz)": 48.0}
    described = json.loads((root / "dataset_description.json").read_text("utf-8"))
    assert (described["DatasetType"], described["GeneratedBy"][0]["Name"]) == ("derivative", "NeuroFlow Review")
    for path in root.rglob("*"):
        for word in (b"Doe", b"Jane", b"MCH", b"1951", b"ward_9", b"ADM7", b"Smith", b"2020", b"02.01.20"):
            assert not path.is_file() or word not in path.read_bytes(), (path, word)
    raw = report.path.read_bytes()
    assert raw[8:88].split() == [b"X"] * 4
    assert b"reconstructed_not_recorded" in raw[88:168] or b"reconstructed,_not_recorded" in raw[88:168]


def test_what_somebody_wrote_into_the_readme_stays(tmp_path: Path) -> None:
    exported(tmp_path / "d", Entities("01", "rest"))
    (tmp_path / "d" / "README.md").write_text("Consent: see the binder.")
    exported(tmp_path / "d", Entities("02", "rest"))
    assert (tmp_path / "d" / "README.md").read_text() == "Consent: see the binder."


def test_the_type_of_a_recording_is_that_of_its_file(tmp_path: Path) -> None:
    """Withheld stretches are zeros within records; only where records are missing is a file discontinuous."""
    root = tmp_path / "derivatives"
    held = FakeReconstructor({0: (Withheld(Span(2.0, 3.0), "a pattern"),)})
    for task, request in (("held", {"fake": held}), ("gap", {"gaps": (Span(3.0, 7.0),)}), ("whole", {})):
        exported(root, Entities("01", task), **request)  # type: ignore[arg-type]
    found = {
        p.name.split("_")[1]: (json.loads(p.read_text("utf-8"))["RecordingType"], p.with_suffix(".edf").read_bytes())
        for p in root.rglob("*_ieeg.json")
    }
    assert {task: (kind, raw[192:197]) for task, (kind, raw) in found.items()} == {
        "task-held": ("continuous", b"EDF+C"), "task-gap": ("discontinuous", b"EDF+D"),
        "task-whole": ("continuous", b"EDF+C"),
    }  # fmt: skip
    assert validated(root) == []


def test_every_model_that_made_a_dataset_is_named_once(tmp_path: Path) -> None:
    root, later = tmp_path / "derivatives", FakeReconstructor()
    later.model.card.version, later.model.hash = "2", "cd" * 32
    for entities, fake in (("01", None), ("02", later), ("03", None), ("04", later)):
        exported(root, Entities(entities, "rest"), fake=fake)
    made = json.loads((root / "dataset_description.json").read_text("utf-8"))["GeneratedBy"]
    assert [maker["Name"] for maker in made] == ["NeuroFlow Review"] * 2
    assert ["ab" * 32 in made[0]["Description"], "cd" * 32 in made[1]["Description"]] == [True, True]
    assert validated(root) == []


def test_another_implant_does_not_move_the_electrodes_of_earlier_files(tmp_path: Path) -> None:
    root, moved = tmp_path / "derivatives", FakeReconstructor()
    moved.contacts = tuple(replace(c, mni=(1.0, 2.0, 3.0)) for c in moved.contacts)
    exported(root, Entities("01", "rest"))
    before = {p: p.read_bytes() for p in root.rglob("*") if p.is_file()}
    moved.model.hash = "cd" * 32
    with pytest.raises(FileProblem, match="another implant"):
        exported(root, Entities("01", "sleep"), fake=moved)
    assert {p: p.read_bytes() for p in root.rglob("*") if p.is_file()} == before
    # In a session of its own, and in place of the only file there, it is no other's.
    exported(root, Entities("01", "sleep", "2"), fake=moved)
    exported(root, Entities("01", "rest"), fake=moved)
    assert all(
        {row["x"] for row in table(p)} == {"1.000"} for p in root.rglob("*_electrodes.tsv")
    )  # fmt: skip
    assert len(list(root.rglob("*_electrodes.tsv"))) == 2
    assert validated(root) == []


@pytest.mark.parametrize("at", [0.0, 0.5, 0.93, 0.99])
def test_an_export_that_was_stopped_goes_through_the_next_time(at: float, tmp_path: Path) -> None:
    root, entities = tmp_path / "derivatives", Entities("01", "rest", "1")

    def stop(fraction: float) -> None:
        if fraction >= at:
            control.cancel()

    control = Control(stop)
    with pytest.raises(Cancelled):
        exported(root, entities, control)
    # What is left says whose folder it is, and that there is nothing in it.
    assert {p.name for p in root.rglob("*")} == {"dataset_description.json", "README.md"}
    assert exported(root, entities).path.exists()
    assert validated(root) == []


def test_a_recording_without_its_tables_is_never_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A drive that fills up at any of the tables: no EDF file stands without them, and the next export goes through."""
    root, original, failed = tmp_path / "derivatives", os.replace, 0
    names = {p.name for p in (exported(root, Entities("01", "rest")), root)[1].rglob("*") if p.is_file()}
    for name in sorted(names):
        shutil.rmtree(root)

        def full(part: Path, target: Path, name: str = name) -> None:
            if target.name == name:
                raise OSError(errno.ENOSPC, "injected")
            original(part, target)

        with monkeypatch.context() as patched:
            patched.setattr(os, "replace", full)
            with pytest.raises(FileProblem, match="no room left"):
                exported(root, Entities("01", "rest"))
        assert not list(root.rglob("*.edf"))
        exported(root, Entities("01", "rest"))
        assert {p.name for p in root.rglob("*") if p.is_file()} == names
        failed += 1
    assert failed == 9


@pytest.mark.parametrize("content", [None, "not JSON", "[]", '{"DatasetType": "raw", "GeneratedBy": [{"Name": "x"}]}'])
def test_another_dataset_is_left_alone(content: str | None, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    if content is not None:
        (tmp_path / "dataset_description.json").write_text(content)
    before = {p: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(FileProblem, match="give an empty folder"):
        exported(tmp_path, Entities("01", "rest"))
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_whose_it_is_comes_from_the_name_or_is_asked_for() -> None:
    assert entities_of(Path("sub-04_ses-02_task-rest_run-01_eeg.edf")) == Entities("04", "rest", "02", "01")
    assert entities_of(Path("sub-04_task-rest_eeg.edf"), "sub-9", session="ses-3") == Entities("9", "rest", "3")
    assert entities_of(Path("night.edf"), "9", "sleep") == Entities("9", "sleep")
    with pytest.raises(NeuroflowError, match="--subject"):
        entities_of(Path("night.edf"), task="sleep")
    with pytest.raises(NeuroflowError, match="letters and digits"):
        entities_of(Path("night.edf"), "../../etc", "sleep")


def test_the_command_wants_one_place_to_write_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reconstruct", "night.edf"]) == 2
    assert "Say where to write" in capsys.readouterr().err
    both = ["-o", str(tmp_path / "out.edf"), "--bids", str(tmp_path)]
    assert main(["reconstruct", "night.edf", *both]) == 2
    assert "Say where to write" in capsys.readouterr().err
