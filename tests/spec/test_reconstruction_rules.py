"""The rules of a clinic for reconstructions, one test each, in a window or in a file as a reader has it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot
from tests.app.conftest import FakeBackend, words_of
from tests.core.small_model import TEN_TWENTY, scalp_source, write_small_model

from neuroflow import __version__
from neuroflow.errors import NotReconstructable
from neuroflow.export import ExportRequest, export_reconstruction
from neuroflow.export.provenance import WORDS
from neuroflow.inference.engine import Reconstructor
from neuroflow.inference.model import load_model
from neuroflow.inference.tile import Tile, TileRequest
from neuroflow.io import open_recording
from neuroflow.jobs import Control
from neuroflow.recording import ArraySource, Span
from neuroflow.signal.filters import Filters
from neuroflow_review.session.analysis import Spike, tile_spikes
from neuroflow_review.session.remembered import initial_state, remember
from neuroflow_review.session.report import content_of
from neuroflow_review.sheet import Sheet
from neuroflow_review.theme import DARK, LIGHT, Theme
from neuroflow_review.views.reconstruction import UNDETERMINED
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.shown import save_shown

LONG = 60_000
Act = Callable[[ReviewWindow], None]


@pytest.fixture
def shown(opened: ReviewWindow, reconstructed: Act) -> ReviewWindow:
    """The window with its first page reconstructed."""
    opened.session.reconstruct_page()
    reconstructed(opened)
    return opened


def colours_of(panel: Sheet) -> set[str]:
    image = panel.grab().toImage()
    return {image.pixelColor(x, y).name() for x in range(0, image.width(), 3) for y in range(0, image.height(), 2)}


# Never mistakable for recorded ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
def test_reconstructed_signals_have_a_colour_and_a_ground_of_their_own(
    shown: ReviewWindow, settle: Act, look: Theme
) -> None:
    shown.set_theme(look)
    settle(shown)
    below, above = colours_of(shown.ieeg), colours_of(shown.page)
    assert QColor(look.recon_paper).name() in below
    assert QColor(look.paper).name() in above
    recorded = {QColor(c).name() for c in (look.left, look.right, look.paper)}
    reconstructed = {QColor(c).name() for c in (look.recon_line, look.recon_paper, look.band50, look.band90)}
    assert not recorded & below
    assert not reconstructed & above
    assert {QColor(look.band50).name(), QColor(look.band90).name()} <= below


def test_the_sign_stands_before_every_reconstructed_label(shown: ReviewWindow) -> None:
    names = {f"≈{shown.session.contacts[i].name}" for i in shown.session.shown_contacts()}
    assert set(shown.ieeg._labels) == names
    assert not any(row.label.startswith("≈") for row in shown.session.rows)
    shown.implant.contact_selected.emit("AHL1")
    shown.session.set_cursor(4.0)
    assert shown.inspector._title.text() == "≈AHL1"
    assert shown.spectrogram.accessibleDescription().startswith("≈AHL1")
    rows = [shown.events._model.row(k) for k in range(shown.events._model.rowCount())]
    assert all(row.where.startswith("≈") for row in rows if row.kind == "reconstructed spike")


def test_reconstructed_not_recorded_stands_on_the_panel_and_in_print(
    qtbot: QtBot, shown: ReviewWindow, tmp_path: Path
) -> None:
    assert WORDS in words_of(shown.ieeg)
    assert WORDS not in words_of(shown.page)
    assert shown.inspector._words.text() == WORDS
    job = save_shown(shown, tmp_path / "page.svg")
    assert job is not None
    with qtbot.waitSignal(job.destroyed, timeout=LONG):
        pass
    printed = " ".join(ElementTree.parse(tmp_path / "page.svg").getroot().itertext())
    assert WORDS in printed
    assert "≈" in printed


def test_the_reconstruction_has_filters_of_its_own_that_are_off_and_say_so_when_on(
    qtbot: QtBot, shown: ReviewWindow, settle: Act, tmp_path: Path
) -> None:
    session, actions = shown.session, shown.commands.actions
    assert session.state.filters_on
    assert session.state.depth_filters == Filters(None, None, None)
    assert "filtered" not in words_of(shown.ieeg)
    (menu,) = [a.menu() for a in shown.commands.menus["Reconstruct"].actions() if a.text().startswith("Filters of")]
    for name in ("low_cut", "high_cut", "notch"):
        assert actions[f"depth_{name}_None"].isChecked()
        assert actions[f"depth_{name}_None"] in menu.actions()
    assert session.depth is not None
    before, scalp = session.depth.bands.median.copy(), session.page.traces[0].y.copy()
    actions["depth_low_cut_5.3"].trigger()
    actions["depth_high_cut_15.0"].trigger()
    settle(shown)
    assert actions["depth_low_cut_5.3"].isChecked()
    assert not actions["depth_low_cut_None"].isChecked()
    assert float(np.nanstd(session.depth.bands.median)) < 0.9 * float(np.nanstd(before))
    np.testing.assert_array_equal(session.page.traces[0].y, scalp)
    assert "reconstructed, not recorded · filtered 5.3–15 Hz" in words_of(shown.ieeg)
    assert shown.inspector._words.text() == "reconstructed, not recorded · unfiltered"
    job = save_shown(shown, tmp_path / "page.csv")
    assert job is not None
    with qtbot.waitSignal(job.destroyed, timeout=LONG):
        pass
    assert "reconstructed, not recorded, filtered 5.3–15 Hz: median" in (tmp_path / "page.csv").read_text()
    actions["second"].trigger()
    qtbot.waitUntil(lambda: "filtered 5.3–15 Hz" in shown.second.says.text())
    remember(session.state, session.settings)
    assert initial_state(session.settings, session.montages).depth_filters == Filters(5.3, 15.0, None)
    for name in ("low_cut", "high_cut"):
        actions[f"depth_{name}_None"].trigger()
    settle(shown)
    np.testing.assert_array_equal(session.depth.bands.median, before)
    assert "filtered" not in words_of(shown.ieeg)
    assert "filtered" not in shown.second.says.text()


# A file, for the rules of what is written -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "small"
    write_small_model(folder)
    return folder


@pytest.fixture(scope="module")
def exported(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Twenty seconds reconstructed by the real engine into a file, read again."""
    target = tmp_path_factory.mktemp("out") / "out.edf"
    engine = Reconstructor(load_model(small_model), "cpu")
    request = ExportRequest(samples=5, seed=7, channels=("median", "bands", "samples"))
    export_reconstruction(scalp_source(20.0), engine, target, request)
    source = open_recording(target)
    source.close()
    return source.recording


def test_a_label_in_a_file_is_ascii_of_sixteen_characters_and_the_words_are_in_every_field(exported: Any) -> None:
    labels = [channel.label for channel in exported.channels]
    assert {"~AHL1 med", "~AHL1 p05", "~AHL1 p95", "~AHL1 s003"} <= set(labels)
    assert all(label.isascii() and len(label) <= 16 and label.startswith("~") for label in labels)
    assert all(channel.transducer.startswith(WORDS) for channel in exported.channels)
    assert WORDS.replace(" ", "_") in exported.recording_field
    assert any(WORDS in note.text.lower() for note in exported.annotations)


# A distribution -------------------------------------------------------------------------------------------------------


def test_what_is_shown_is_a_median_and_two_bands_that_hold_one_another(shown: ReviewWindow) -> None:
    depth = shown.session.depth
    assert depth is not None
    bands = depth.bands
    known = np.isfinite(bands.median)
    assert known.any()
    order = [bands.low90, bands.low50, bands.median, bands.high50, bands.high90]
    for lower, upper in pairwise(order):
        assert (lower[known] <= upper[known]).all()
    for word in ("median", f"{100 * bands.coverage50:.0f} %", f"{100 * bands.coverage90:.0f} %", "9 samples"):
        assert word in words_of(shown.ieeg), word


def test_single_samples_are_shown_on_request_and_flipped_through_like_pages(
    shown: ReviewWindow, press: Callable[..., None], settle: Act
) -> None:
    session = shown.session
    assert session.depth is not None
    assert session.depth.sample is None, "unasked there is none"
    drawn = []
    for _ in range(3):
        press(shown, Qt.Key.Key_BracketRight)
        settle(shown)
        assert session.depth.sample is not None
        drawn.append(session.depth.sample.copy())
        assert f"line: sample {session.state.sample + 1} of 9" in words_of(shown.ieeg)  # type: ignore[operator]
    assert not np.array_equal(drawn[0], drawn[1])
    press(shown, Qt.Key.Key_BracketLeft)
    settle(shown)
    np.testing.assert_array_equal(session.depth.sample, drawn[1])
    tile = session.reconstruction.tile(0)
    assert tile is not None
    first = session.shown_contacts()[0]
    np.testing.assert_allclose(drawn[0][0][1:900], tile.samples[0, first][1:900], atol=1e-9)


def test_the_cursor_reads_a_distribution_and_not_a_value(shown: ReviewWindow) -> None:
    shown.implant.contact_selected.emit("AHL3")
    shown.session.set_cursor(4.25)
    panel = shown.inspector
    assert panel.histogram.isVisible()
    assert int(panel.histogram.counts.sum()) == 9
    assert panel._summary.text().startswith("median")
    assert re.search(r"\d+ % between .* and .*µV\n9 samples", panel._limits.text())


# How far to believe it ------------------------------------------------------------------------------------------------


def test_next_to_each_contact_stands_what_the_scalp_says_and_how_often_the_band_held(shown: ReviewWindow) -> None:
    for index in shown.session.shown_contacts():
        name = shown.session.contacts[index].name
        said = shown.ieeg._tips[f"≈{name}"]
        assert re.search(r"\d+ % narrower than without scalp EEG", said)
        assert re.search(r"50 and 90 % bands held \d+ and \d+ %", said)
        assert "Measured on" in said
    shown.implant.contact_selected.emit("AHL1")
    assert "90 % bands held" in shown.inspector._measure.text()


def test_a_contact_that_the_scalp_does_not_determine_is_greyed_and_not_hidden(
    shown: ReviewWindow, backend: FakeBackend, reconstructed: Act
) -> None:
    card = backend.card
    assert card is not None
    measures = [
        msgspec.structs.replace(m, spread_ratio=UNDETERMINED + 0.01) if m.name == "AHL2" else m for m in card.contacts
    ]
    backend.card = msgspec.structs.replace(card, contacts=tuple(measures))
    shown.feeds.show_model()
    reconstructed(shown)
    assert "≈AHL2" in shown.ieeg._labels
    assert "AHL2" in shown.ieeg._pale
    assert "AHL2" in words_of(shown.ieeg)
    assert {QColor(c).name() for c in (LIGHT.band50_pale, LIGHT.band90_pale)} <= colours_of(shown.ieeg)
    assert "scarcely determines" in shown.ieeg._tips["≈AHL2"]


# Discharges -----------------------------------------------------------------------------------------------------------


def test_the_detector_runs_on_every_sample_and_a_proposal_says_how_many_hold_it() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(0, 10e-6, (9, 2, 1000)).astype(np.float32)
    n = np.arange(-30, 31)
    for sample in (1, 4, 5, 8):
        y[sample, 1, 500 - 30 : 500 + 31] += (600e-6 * np.exp(-0.5 * (n / 2.0) ** 2)).astype(np.float32)
    tile = Tile(TileRequest(0, 9), Span(0.0, 10.0), 100.0, y)
    found = [s for s in tile_spikes(tile, ("AHL1", "AHL2"), 3.65, Control()) if abs(s.time - 5.0) < 0.1]
    assert [(s.label, s.count, s.samples) for s in found] == [("AHL2", 4, 9)]
    assert 0.0 < found[0].low < 4 / 9 < found[0].high < 1.0


def test_a_marker_shows_in_how_many_of_how_many_samples_with_an_interval(shown: ReviewWindow) -> None:
    spikes = [Spike("AHL1", 3.0, 4, 9, 0.19, 0.73), Spike("AHL2", 6.0, 8, 9, 0.57, 0.98)]
    shown.ieeg.set_spikes(spikes)
    shown.implant.contact_selected.emit("AHL1")
    shown.ieeg.set_spikes(spikes)
    said = words_of(shown.ieeg)
    assert "4/9  19–73 %" in said, "of the contact that is looked at"
    assert "8/9" in said
    session = shown.session
    book = session.spikes._depth.setdefault(session.spikes._depth_key, {})
    book[0] = (spikes[0],)
    shown.feeds._show_spikes()
    model = shown.events._model
    row = next(k for k in range(model.rowCount()) if model.row(k).kind == "reconstructed spike")
    assert model.index(row, 3).data() == "4/9"
    assert "in 4 of 9 samples (95 % interval 19 to 73 %)" in model.index(row, 1).data(Qt.ItemDataRole.ToolTipRole)


# What is not reconstructed --------------------------------------------------------------------------------------------


def test_fewer_than_six_channels_on_the_head_are_viewed_and_not_reconstructed_with_the_reason(
    qtbot: QtBot, window: ReviewWindow, few_channels: Path
) -> None:
    window.session.open(few_channels)
    qtbot.waitUntil(lambda: window.settled, timeout=LONG)
    assert window.page.drawn
    assert not window.commands.actions["reconstruct"].isEnabled()
    assert "at least 6 EEG channels" in words_of(window.ieeg)
    window.session.reconstruct_page()
    assert not window.session.reconstruction.computing


def spoiled(how: str) -> ArraySource:
    """Forty seconds of scalp EEG as a model was trained on, and what went wrong with it."""
    if how == "rate":
        return scalp_source(40.0, rate=50.0)
    if how == "montage":
        source = scalp_source(40.0)
        pairs = tuple(replace(c, name=f"{c.name}-Cz", site=None) for c in source.recording.channels)
        return ArraySource(replace(source.recording, channels=pairs), source.data)
    source = scalp_source(40.0, amplitude={"amplitude": 1e-3, "too small": 1e-8}.get(how, 2e-5))
    data = {k: v - np.float32(1e-4) for k, v in source.data.items()}  # the offset of an amplifier is none here
    if how == "saturated":
        data = {k: np.clip(v * 60, -5e-4, 5e-4) for k, v in data.items()}
    elif how == "flat":
        data = {k: v if k < 5 else v * 0 for k, v in data.items()}
    elif how == "artefact":
        for k, v in data.items():
            v[3000:3200] += 3e-3 * np.random.default_rng(k).standard_normal(200).astype(np.float32)
    return ArraySource(source.recording, {k: v.astype(np.float32) for k, v in data.items()})


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("amplitude", "scalp amplitude .* above"), ("too small", "below|fewer than"), ("artefact", "artefact"),
        ("saturated", "flat or saturated"), ("flat", "fewer than 6 scalp channels carry a signal"),
        ("montage", "at a site that it knows"), ("rate", "sampled below 96 Hz"),
    ],
)  # fmt: skip
def test_what_the_model_was_not_trained_on_is_withheld_with_the_reason(
    small_model: Path, how: str, reason: str
) -> None:
    engine = Reconstructor(load_model(small_model), "cpu")
    try:
        said = "; ".join(w.reason for w in engine.tile(spoiled(how), TileRequest(1, samples=2)).withheld)
    except NotReconstructable as refused:
        said = refused.text
    assert re.search(reason, said), said
    assert not engine.tile(spoiled("nothing"), TileRequest(1, samples=2)).withheld


def test_another_reference_is_not_out_of_distribution_since_it_changes_nothing(small_model: Path) -> None:
    engine, source = Reconstructor(load_model(small_model), "cpu"), scalp_source(40.0)
    reference = source.data[TEN_TWENTY.index("Cz")]
    against = ArraySource(source.recording, {k: v - reference for k, v in source.data.items()})
    one, other = (engine.tile(s, TileRequest(1, samples=2)) for s in (source, against))
    assert not other.withheld
    # The reference itself is flat then, and taken for one that is not there: the others say as much without it.
    same = np.corrcoef(one.samples.ravel(), other.samples.ravel())[0, 1]
    assert same > 0.9


def test_what_is_withheld_is_not_shown_unasked_and_the_reader_may_look_anyway(
    opened: ReviewWindow, backend: FakeBackend, reconstructed: Act, settle: Act
) -> None:
    backend.withheld[0] = "scalp amplitude 900 µV rms"
    session = opened.session
    session.reconstruct_page()
    reconstructed(opened)
    opened.implant.contact_selected.emit("AHL1")
    session.set_cursor(4.0)
    settle(opened)
    bands = {QColor(c).name() for c in (LIGHT.band50, LIGHT.band90)}
    assert session.depth is None
    assert not bands & colours_of(opened.ieeg)
    assert "scalp amplitude 900 µV rms" in words_of(opened.ieeg)
    assert opened.inspector.histogram.isHidden()
    assert "900 µV" in opened.inspector._why.text()
    opened.commands.actions["withheld"].trigger()
    settle(opened)
    assert session.depth is not None
    assert bands & colours_of(opened.ieeg)
    assert "withheld, shown because you asked" in words_of(opened.ieeg), "it stays named"
    session.set_cursor(4.1)
    assert opened.inspector.histogram.isVisible()
    assert "out of distribution" in opened.model_says.text()
    opened.commands.actions["withheld"].trigger()
    settle(opened)
    assert session.depth is None


def test_what_a_reader_looked_at_anyway_is_withheld_again_in_the_next_recording(
    qtbot: QtBot, opened: ReviewWindow, demo: Path
) -> None:
    opened.session.store.update(withheld_shown=True)
    with qtbot.waitSignal(opened.session.opened, timeout=LONG):
        opened.session.open(demo)
    assert not opened.session.state.withheld_shown
    qtbot.waitUntil(lambda: opened.settled, timeout=LONG)


# Where it comes from, and what it is for ------------------------------------------------------------------------------


def test_provenance_is_in_the_file_in_the_report_and_in_the_window(
    exported: Any, small_model: Path, shown: ReviewWindow
) -> None:
    model = load_model(small_model)
    said = " ".join(note.text for note in exported.annotations)
    for what in (f"sha256 {model.hash}", "Implant: small", "seed 7", "Samples: 5", "band 0.5 to 48 Hz",
                 "Input: made-up.edf", f"NeuroFlow Review {__version__}"):  # fmt: skip
        assert what in said, what
    session = shown.session
    content = content_of(session, private=True)
    cells = " ".join(cell for table in content.tables for row in table.rows for cell in row)
    backend = session.reconstruction.backend
    assert backend is not None
    assert backend.card is not None
    for what in (backend.hash, backend.card.implant.name, "9, seed 0", "0.5 to 48 Hz", session.recording.identity,  # type: ignore[union-attr]
                 f"NeuroFlow Review {__version__}"):  # fmt: skip
        assert what in cells, what
    assert f"model {backend.name}" in shown.model_says.text()


def test_intended_use_is_on_the_first_screen_in_the_report_and_in_the_file(window: ReviewWindow, exported: Any) -> None:
    assert window.start.isVisible()
    assert "Not for diagnosis or treatment" in window.start.intended.text()
    assert any("not for diagnosis or treatment" in note.text for note in exported.annotations)


def test_intended_use_is_in_the_report(opened: ReviewWindow) -> None:
    assert "not for diagnosis or treatment" in content_of(opened.session, private=False).purpose
