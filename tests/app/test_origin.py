"""Where what is saved from the window comes from: in the table, in both sorts of picture, and beside the marks."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot
from tests.app.conftest import FakeBackend, write_edf
from tests.app.test_shown import saved

from neuroflow import __version__
from neuroflow.cli.front import main
from neuroflow.signal.filters import Filters
from neuroflow_review.lanes import Failure, Job
from neuroflow_review.session.report import Drawn, Loading, Moment, content_of
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.shown import save_shown

Settle = Callable[[ReviewWindow], None]


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def about(drawing: bytes) -> str:
    """What a drawing says of itself."""
    told = ElementTree.fromstring(drawing).find("{http://www.w3.org/2000/svg}desc")
    assert told is not None
    return told.text or ""


@pytest.fixture
def made(mine: ReviewWindow, reconstructed: Settle) -> ReviewWindow:
    """The window with a page that is reconstructed with another seed, and filtered."""
    mine.session.store.update(seed=5, depth_filters=Filters(1.0, 35.0, None))
    mine.session.reconstruct_page()
    reconstructed(mine)
    return mine


def test_every_reconstructed_value_of_a_table_names_model_weights_implant_samples_seed_and_band(
    qtbot: QtBot, made: ReviewWindow, backend: FakeBackend, tmp_path: Path
) -> None:
    found = rows(saved(qtbot, made, tmp_path / "page.csv"))
    assert backend.card is not None
    model = {
        "model": backend.name, "weights_sha256": backend.hash, "implant": backend.card.implant.name, "samples": "9",
        "seed": "5", "band_hz": "0.5 to 48",
    }  # fmt: skip
    far = [row for row in found if row["signal"].startswith("≈")]
    assert len(far) > 1000
    assert all({name: row[name] for name in model} == model for row in far)
    near = [row for row in found if not row["signal"].startswith("≈")]
    assert near
    assert {row[name] for row in near for name in model} == {""}, "what was recorded is of no model"
    assert made.session.recording is not None
    whence = f"NeuroFlow Review {__version__}", f"identity {made.session.recording.identity}"
    assert {(row["program"], row["input"]) for row in found} == {whence}
    page = {(row["what"], row["filters"]) for row in found}
    assert ("recorded", "filtered 1–70 Hz") in page
    assert ("reconstructed, not recorded, filtered 1–35 Hz: median", "filtered 1–35 Hz") in page


@pytest.mark.parametrize("name", ["page.svg", "window.png"])
def test_a_picture_says_what_it_was_made_of(
    qtbot: QtBot, made: ReviewWindow, backend: FakeBackend, tmp_path: Path, name: str
) -> None:
    data = saved(qtbot, made, tmp_path / name)
    if name.endswith("svg"):
        said = about(data)
    else:
        image = QImage.fromData(data)
        said = "\n".join(f"{key}: {image.text(key)}" for key in image.textKeys())
    assert backend.card is not None
    assert made.session.recording is not None
    for line in (
        f"Program: NeuroFlow Review {__version__}", f"Input: identity {made.session.recording.identity}",
        "Shown: longitudinal montage, 1–70 Hz · notch off", f"Model: {backend.name}",
        f"Weights: sha256 {backend.hash}", f"Implant: {backend.card.implant.name}", "Samples: 9, seed 5",
        "Band: 0.5 to 48 Hz", "Reconstruction shown: filtered 1–35 Hz",
        "Intended use: research and teaching; not for diagnosis or treatment",
    ):  # fmt: skip
        assert line in said.splitlines(), line


def test_of_a_page_without_a_reconstruction_no_model_is_named(
    qtbot: QtBot, opened: ReviewWindow, tmp_path: Path
) -> None:
    said = about(saved(qtbot, opened, tmp_path / "page.svg"))
    assert "Input: identity " in said
    for word in ("Model", "seed", "Weights"):
        assert word not in said


def held_up(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What is loaded to be saved waits from now on: each is a call that goes on with it."""
    loaded: list[Callable[[], None]] = []
    ask = Loading.ask

    def late(self: Loading, moment: Moment, done: Callable[[Drawn], None], failed: Callable[[Failure], None]) -> Job:
        return ask(self, moment, lambda drawn: loaded.append(lambda: done(drawn)), failed)

    monkeypatch.setattr(Loading, "ask", late)
    return loaded


@pytest.mark.parametrize("name", ["page.csv", "page.svg"])
def test_a_page_is_not_saved_as_one_of_the_recording_that_was_opened_meanwhile(
    monkeypatch: pytest.MonkeyPatch, opened: ReviewWindow, nineteen: Path, settle: Settle, tmp_path: Path, name: str
) -> None:
    loaded = held_up(monkeypatch)
    save_shown(opened, tmp_path / name)
    opened.session.open(nineteen)
    settle(opened)
    for done in loaded:
        done()
    assert "Not saved" in opened.statusBar().currentMessage()
    settle(opened)
    assert loaded
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["page.csv", "page.svg"])
def test_a_page_that_was_to_be_saved_with_names_is_not_once_they_are_hidden(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, mine: ReviewWindow, settle: Settle, tmp_path: Path, name: str
) -> None:
    """What the file is to say of itself was asked for before, and would hold the names."""
    loaded = held_up(monkeypatch)
    mine.session.store.update(bad=frozenset({"Kim Poe"}))
    save_shown(mine, tmp_path / name)
    qtbot.waitUntil(lambda: bool(loaded), timeout=60_000)
    mine.session.store.update(private=True)
    for done in loaded:
        done()
    assert "names were hidden meanwhile" in mine.statusBar().currentMessage()
    settle(mine)
    assert not (tmp_path / name).exists()


def test_of_a_file_with_both_the_rows_of_the_model_name_it_and_those_of_the_file_do_not(
    qtbot: QtBot, show: Callable[[Path], ReviewWindow], backend: FakeBackend, reconstructed: Settle, tmp_path: Path
) -> None:
    sites = "Fp1 F7 T3 T5 O1 Fp2 F8 T4 T6 O2 Fz Cz Pz F3 C3 P3 F4 C4 P4".split()
    window = show(write_edf(tmp_path / "both.edf", [*(f"EEG {s}-Ref" for s in sites), "~AHL1 med"]))
    window.session.store.update(montage="as recorded")
    window.session.reconstruct_page()
    reconstructed(window)
    found = rows(saved(qtbot, window, tmp_path / "page.csv"))
    far = [row for row in found if row["signal"].startswith("≈")]
    in_file = [row for row in far if row["signal"] == "≈AHL1 med"]
    assert in_file
    assert {row["model"] for row in in_file} == {""}
    assert len(far) > len(in_file)
    assert {row["model"] for row in far if row["signal"] != "≈AHL1 med"} == {backend.name}


def test_the_hash_is_of_the_whole_file_once_that_was_read_and_never_of_one_that_has_changed(
    qtbot: QtBot, mine: ReviewWindow, tmp_path: Path
) -> None:
    session, path = mine.session, tmp_path / "patient.edf"
    session.marks.add(1.0, "before")
    qtbot.waitUntil(lambda: bool(session.marks.wholeness.sha256))
    whole = hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"Input: sha256 {whole}" in about(saved(qtbot, mine, tmp_path / "page.svg"))
    assert {row["input"] for row in rows(saved(qtbot, mine, tmp_path / "page.csv"))} == {f"sha256 {whole}"}
    words = [cell for t in content_of(session, private=True).tables for row in t.rows for cell in row]
    assert f"sha256 {whole}" in words
    session.close_recording()
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    with qtbot.waitSignal(session.opened):
        session.open(path)
    assert not session.marks.wholeness.sha256, "what is kept was not compared yet"
    qtbot.waitUntil(lambda: mine.settled and session.marks.outdated)
    assert f"Input: identity {session.recording.identity}" in about(saved(qtbot, mine, tmp_path / "page.svg"))  # type: ignore[union-attr]


def test_a_report_says_how_the_reconstruction_is_filtered(made: ReviewWindow) -> None:
    table = next(t for t in content_of(made.session, private=True).tables if t.title.startswith("Model"))
    assert ("Shown", "filtered 1–35 Hz") in table.rows
    made.session.store.update(depth_filters=Filters(None, None, None))
    table = next(t for t in content_of(made.session, private=True).tables if t.title.startswith("Model"))
    assert ("Shown", "as the model gives it") in table.rows


@pytest.mark.parametrize("private", [False, True])
def test_of_a_file_that_is_a_reconstruction_what_it_says_holds_and_no_model_that_is_loaded(
    qtbot: QtBot, show: Callable[[Path], ReviewWindow], nineteen: Path, tmp_path: Path, private: bool
) -> None:
    depth = tmp_path / "depth.edf"
    asked = ["--contacts", "AHL1", "--samples", "9", "--seed", "3", "--duration", "12", "--device", "cpu"]
    assert main(["reconstruct", str(nineteen), "-o", str(depth), *asked]) == 0
    window = show(depth)
    window.session.store.update(private=private)
    said = about(saved(qtbot, window, tmp_path / "page.svg"))
    assert "Samples: 9, seed 3" in said
    assert ("nineteen.edf" in said) is not private
    assert "Samples: 39" not in said
    found = rows(saved(qtbot, window, tmp_path / "page.csv"))
    far = [row for row in found if row["signal"] == "≈AHL1 med"]
    assert far
    assert {row["model"] for row in far} == {""}
    words = " ".join(c for t in content_of(window.session, private=private).tables for row in t.rows for c in row)
    assert "Samples: 9, seed 3" in words
    assert ("nineteen.edf" in words) is not private
