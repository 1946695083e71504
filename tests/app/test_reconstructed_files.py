"""A reconstruction that was exported and is opened again: nobody takes it for a recording."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot
from tests.app.conftest import words_of, write_edf
from tests.app.test_shown import saved

from neuroflow.cli.front import main
from neuroflow.errors import FileProblem
from neuroflow.jobs import Control
from neuroflow_review.session.comparison import open_comparison
from neuroflow_review.session.remembered import initial_state, remember
from neuroflow_review.session.report import content_of
from neuroflow_review.theme import LIGHT, colour, gutter, time_to_x
from neuroflow_review.views.header import RECONSTRUCTED, SIMULATED
from neuroflow_review.window import ReviewWindow

Key = Qt.Key
MEDIAN = "≈AHL1 med"
ROWS = [MEDIAN, "≈AHL1 p05", "≈AHL1 p95"]
USUAL = 76  # pixels of the gutter of 10-20 names
Settle = Callable[[ReviewWindow], None]
Press = Callable[..., None]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, demo: Path) -> Path:
    """12 s of a contact, written by the model that ships."""
    path = tmp_path_factory.mktemp("exported") / "depth.edf"
    asked = ["--contacts", "AHL1", "--samples", "9", "--duration", "12", "--device", "cpu"]
    assert main(["reconstruct", str(demo), "-o", str(path), *asked]) == 0
    return path


@pytest.fixture
def far(show: Callable[[Path], ReviewWindow], exported: Path, tmp_path: Path) -> ReviewWindow:
    """The window on a copy of it, beside which marks can be kept."""
    path = tmp_path / "depth.edf"
    path.write_bytes(exported.read_bytes())
    return show(path)


def picture(window: ReviewWindow) -> QImage:
    return window.page.grab().toImage()


def choose(window: ReviewWindow, label: str, settle: Settle) -> None:
    window.page.row_clicked.emit(label)
    settle(window)
    assert (window.session.state.channel, window.session.state.reconstructed) == (label, False)


def test_its_rows_are_marked_violet_and_on_the_ground_of_a_reconstruction(far: ReviewWindow) -> None:
    assert [row.label for row in far.session.rows] == ROWS
    places, height = far.page.places()
    assert [place.label for place in places] == ROWS
    image = picture(far)
    ratio = image.devicePixelRatio()
    ground, line = colour(LIGHT.recon_paper).rgb(), colour(LIGHT.recon_line)
    for place in places:
        top = round((place.y - height * 0.4) * ratio)
        column = [image.pixelColor(x, top).rgb() for x in range(round(gutter()), image.width() - 5)]
        assert column.count(ground) > len(column) / 2, place.label
        assert column.count(colour(LIGHT.paper).rgb()) == 0, place.label
        band = [
            image.pixelColor(x, y)
            for x in range(round(gutter()) + 20, image.width() - 200, 7)
            for y in range(round(place.y - height / 2), round(place.y + height / 2))
        ]
        drawn = min(band, key=lambda c: c.lightness())
        assert drawn.hue() == pytest.approx(line.hue(), abs=12), place.label


def test_what_was_recorded_beside_it_stays_on_paper(show: Callable[[Path], ReviewWindow], tmp_path: Path) -> None:
    window = show(write_edf(tmp_path / "both.edf", ["EEG Fp1-Ref", "EEG F7-Ref", "EEG T3-Ref", "~AHL1 med"]))
    *recorded, made = window.session.rows
    assert [made.label, made.reconstructed] == [MEDIAN, True]
    assert not any(row.reconstructed for row in recorded)
    places, height = window.page.places()
    image = picture(window)
    x = round(gutter()) + 3
    grounds = [image.pixelColor(x, round(p.y + height * 0.45)).rgb() for p in places]
    paper, ground = (colour(value).rgb() for value in (LIGHT.paper, LIGHT.recon_paper))
    assert grounds == [*[paper] * len(recorded), ground]


def test_title_header_and_report_say_that_it_was_reconstructed(far: ReviewWindow) -> None:
    assert far.session.recording.simulated
    for words in (far.windowTitle(), far.header.accessibleDescription()):
        assert SIMULATED in words
        assert RECONSTRUCTED in words
    image = far.header.grab().toImage()
    inks = {image.pixelColor(x, y).rgb() for x in range(image.width()) for y in range(image.height())}
    assert {colour(LIGHT.warning).rgb(), colour(LIGHT.recon_line).rgb()} <= inks
    rows = dict(row for row in content_of(far.session, private=False).tables[0].rows if row)
    assert rows["Reconstructed, not recorded"] == "3 of 3 channels, shown with ≈"


def test_a_recording_is_not_called_reconstructed(opened: ReviewWindow) -> None:
    assert RECONSTRUCTED not in opened.windowTitle() + opened.header.accessibleDescription()
    rows = dict(row for row in content_of(opened.session, private=False).tables[0].rows if row)
    assert "Reconstructed, not recorded" not in rows


def test_no_value_of_a_table_is_called_recorded(
    qtbot: QtBot, far: ReviewWindow, settle: Settle, tmp_path: Path
) -> None:
    choose(far, MEDIAN, settle)
    for name in ("Spectrum", "Cursor"):
        if name in far.docks:
            far.commands.actions[f"dock {name}"].setChecked(True)
            far.docks[name].raise_()
    settle(far)
    far.session.set_cursor(2.5)
    assert far.inspector.shown.recorded.label == MEDIAN
    table = list(csv.DictReader(io.StringIO(saved(qtbot, far, tmp_path / "shown.csv").decode("utf-8-sig"))))
    own = [row for row in table if row["signal"] in ROWS]
    assert {row["signal"] for row in own} == set(ROWS)
    assert {"page", "at the cursor", "spectrum", "spectrogram"} <= {_part(row["what"]) for row in own}
    assert all("reconstructed, not recorded" in row["what"] for row in own)
    assert not any(row["signal"].startswith("~") for row in table)


def _part(what: str) -> str:
    return next((part for part in ("at the cursor", "spectrum", "spectrogram") if part in what), "page")


def test_a_mark_on_it_is_on_what_was_reconstructed(far: ReviewWindow, settle: Settle, press: Press) -> None:
    choose(far, ROWS[2], settle)
    choose(far, MEDIAN, settle)
    before = picture(far)
    far.session.set_cursor(2.5)
    far.commands.marks.mark_channel()
    (mark,) = far.session.marks.all
    assert (mark.channel, mark.reconstructed) == ("AHL1 med", True)
    press(far, Key.Key_Escape)
    far.session.set_cursor(None)
    settle(far)
    after, (places, height) = picture(far), far.page.places()
    x = round(time_to_x(2.5, far.session.state.span, far.page.width()))
    edge = range(round(places[0].y - 0.4 * height), round(places[0].y + 0.4 * height))
    assert any(before.pixelColor(x, y) != after.pixelColor(x, y) for y in edge), "the mark is not drawn on its row"
    assert [row.where for row in far.events.rows if row.mark == mark.id] == [MEDIAN]


def test_no_discharge_of_the_scalp_can_be_marked_on_it(far: ReviewWindow, settle: Settle) -> None:
    choose(far, MEDIAN, settle)
    far.session.set_cursor(2.5)
    far.commands.marks.decide("accepted")
    assert far.session.marks.all == ()
    assert far.statusBar().currentMessage().startswith(f"{MEDIAN} is reconstructed")


def test_alone_and_set_aside_it_keeps_its_mark(far: ReviewWindow, settle: Settle) -> None:
    far.commands.read.zoom_into(MEDIAN)
    far.commands.marks.mark_bad()
    settle(far)
    assert f"{MEDIAN} alone" in far.says.toolTip() + far.says.text()
    assert f"set aside: {MEDIAN}" in far.says.toolTip() + far.says.text()
    image = picture(far)
    assert image.pixelColor(5, image.height() // 2) == colour(LIGHT.recon_paper)


def test_it_is_not_compared_with_as_recorded_ieeg(exported: Path, far: ReviewWindow) -> None:
    with pytest.raises(FileProblem, match="reconstructed, not recorded: choose the recorded iEEG"):
        open_comparison(exported, [contact.name for contact in far.session.contacts], Control())


@pytest.mark.parametrize("label", ["AHL1", "EEG Fp1-Ref"])
def test_a_transducer_alone_says_it_too(show: Callable[[Path], ReviewWindow], tmp_path: Path, label: str) -> None:
    """Programs that copy a file may give its channels other labels."""
    path = write_edf(tmp_path / "copied.edf", [label])
    raw = bytearray(path.read_bytes())
    at = 256 + 16 * int(raw[252:256])
    raw[at : at + 80] = b"Reconstructed, not recorded: median".ljust(80)
    path.write_bytes(raw)
    window = show(path)
    (row,) = window.session.rows
    assert row.label == f"≈{label}"
    assert row.reconstructed
    assert not window.session.recording.eeg
    assert RECONSTRUCTED in window.windowTitle()
    with pytest.raises(FileProblem, match="reconstructed"):
        open_comparison(path, [label, "AHL1"], Control())


def test_it_opens_in_the_sensitivity_of_reconstructions_and_scalp_eeg_in_its_own(
    far: ReviewWindow, show: Callable[[Path], ReviewWindow], demo: Path, press: Press
) -> None:
    assert "50 µV/mm" in words_of(far.page)
    assert far.commands.sensitivity.text() == "50 µV/mm"
    press(far, Key.Key_Down)
    assert far.session.state.shown_sensitivity == pytest.approx(75e-6)
    path = far.session.recording.path
    assert "7 µV/mm" in words_of(show(demo).page)
    assert far.commands.sensitivity.text() == "7 µV/mm"
    show(path)
    assert far.commands.sensitivity.text() == "75 µV/mm"  # as it was left
    remember(far.session.state, far.session.settings)
    again = initial_state(far.session.settings, far.session.montages)
    assert (again.sensitivity, again.depth_sensitivity) == pytest.approx((7e-6, 75e-6))


def test_a_file_with_scalp_eeg_beside_it_keeps_the_sensitivity_of_the_scalp(
    show: Callable[[Path], ReviewWindow], tmp_path: Path
) -> None:
    window = show(write_edf(tmp_path / "both.edf", ["EEG Fp1-Ref", "EEG F7-Ref", "EEG T3-Ref", "~AHL1 med"]))
    assert window.session.state.shown_sensitivity == pytest.approx(7e-6)


def test_its_long_labels_are_written_whole_on_one_axis_with_the_other_panels(
    far: ReviewWindow, show: Callable[[Path], ReviewWindow], demo: Path, edf: Callable[[str, list[str]], Path],
    settle: Settle,
) -> None:  # fmt: skip
    assert all(label in words_of(far.page) for label in ROWS)
    wide = gutter()
    assert far.page.plot().left() == far.ieeg.plot().left() == far.spectrogram.plot().left() == wide
    show(edf("more.edf", ["~mTBaL10 s003", "~mTBaL10 s004"]))
    assert all(f"≈mTBaL10 s00{k}" in words_of(far.page) for k in (3, 4))
    assert gutter() > wide
    window = show(demo)
    settle(window)
    assert gutter() == USUAL
    assert window.session.page.request.columns == window.page.columns  # traces of as many points as now fit


def test_a_window_that_closes_leaves_the_gutter_as_it_is_usual(far: ReviewWindow) -> None:
    assert gutter() > USUAL
    far.close()
    assert gutter() == USUAL
