"""The reconstruction as a BIDS derivative, out of the window: on a lane, with progress, stopped, and refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from tests.app.conftest import FakeBackend

from neuroflow.io import open_recording
from neuroflow_review.dialogs.export import ExportDialog
from neuroflow_review.window import ReviewWindow

Show = Callable[..., ExportDialog]


@pytest.fixture
def show(
    qtbot: QtBot, window: ReviewWindow, nineteen: Path, settle: Callable[[ReviewWindow], None]
) -> Iterator[Show]:  # fmt: skip
    """The dialog on a recording of a name, as the menu opens it."""
    made: list[ExportDialog] = []

    def act(name: str = "sub-07_ses-2_task-sleep_run-3_eeg.edf", start: str = "") -> ExportDialog:
        path = nineteen.with_name(name)
        shutil.copy(nineteen, path)
        if start:
            with path.open("r+b") as file:
                file.seek(88)  # where EDF+ holds the day
                file.write(f"Startdate {start} X X X".ljust(80).encode())
        window.session.open(path)
        settle(window)
        window.commands.actions["export"].trigger()
        dialog: ExportDialog = window.findChildren(ExportDialog)[-1]
        qtbot.waitExposed(dialog)
        made.append(dialog)
        return dialog

    yield act
    for dialog in made:
        dialog.abandon()
        dialog.close()


def written(qtbot: QtBot, dialog: ExportDialog) -> Any:
    with qtbot.waitSignal(dialog.exported, timeout=60_000) as told:
        dialog.form.write_button.click()
    return told.args[0]


@pytest.mark.parametrize("nameless", [True, False])
def test_a_look_at_the_dataset_does_not_name_the_patient_in_the_file_after_all(show: Show, nameless: bool) -> None:
    form = show().form
    form.nameless.setChecked(nameless)
    form.bids.click()
    assert form.request.deidentified
    form.file.click()
    assert form.request.deidentified is nameless


@pytest.mark.parametrize("dataset", [False, True])
def test_the_date_of_an_export_that_names_nobody_may_be_shifted_instead_of_left_out(
    qtbot: QtBot, show: Show, tmp_path: Path, dataset: bool
) -> None:
    dialog = show(start="02-JAN-2020")
    form = dialog.form
    assert not form.dates.shift.isEnabled(), "an export that names somebody keeps its date"
    (form.bids if dataset else form.nameless).click()
    assert form.request.shift_days is None
    form.dates.shift.click()
    assert "0 days" in form.objection.text()
    assert not form.write_button.isEnabled()
    form.dates.days.setValue(-371)
    form.target.setText(str(tmp_path / ("shared" if dataset else "shared.edf")))
    done = written(qtbot, dialog)
    source = open_recording(done.path)
    source.close()
    found = source.recording
    assert found.start is not None
    assert found.start.date() == date(2018, 12, 27)
    assert not any("371" in note.text for note in found.annotations)
    if not dataset:
        form.nameless.click()
        assert form.request.shift_days is None, "whoever is named keeps his date"


def test_a_home_that_is_nobodys_is_a_name_like_others_while_it_is_typed(show: Show) -> None:
    form = show().form
    for choice in (form.file, form.bids):
        choice.click()
        form.target.setText("~nobody-at-all")
        assert form.path is not None
        assert "~nobody-at-all" in str(form.path)
        assert form.write_button.isEnabled()


def test_a_recording_with_a_bids_name_is_exported_under_it(
    qtbot: QtBot, show: Show, backend: FakeBackend, tmp_path: Path
) -> None:
    backend.delay = 0.3
    dialog = show()
    form = dialog.form
    assert not form.whose.isVisible()
    form.bids.click()
    assert form.target.text() == str(tmp_path / "neuroflow")
    assert [field.text() for field in form.labels.values()] == ["07", "sleep", "2"]
    assert (form.nameless.isChecked(), form.nameless.isEnabled()) == (True, False), "a dataset names nobody"
    name = "sub-07/ses-2/ieeg/sub-07_ses-2_task-sleep_run-3_desc-reconstructed_ieeg.edf"
    assert name in form.outlook.text()
    next(radio for radio, span in form.spans if span is None).click()  # three tiles
    fractions: list[int] = []
    dialog.running.bar.valueChanged.connect(fractions.append)
    report = written(qtbot, dialog)
    assert report.path == tmp_path / "neuroflow" / name
    assert [f for f in fractions if 100 < f < 850], "while tiles were computed"
    with open_recording(report.path) as source:  # type: ignore[attr-defined]
        assert source.recording.reconstructed
        assert source.recording.patient.name == ""
    about = json.loads(report.path.with_suffix(".json").read_text("utf-8"))
    assert (about["TaskName"], about["Samples"]) == ("sleep", 9)
    assert (tmp_path / "neuroflow" / "dataset_description.json").is_file()
    assert dialog.outcome.isVisible()


def test_who_it_is_of_is_asked_where_the_name_does_not_say_and_a_file_there_is_asked_about(
    qtbot: QtBot, show: Show, tmp_path: Path
) -> None:
    dialog = show("night.edf")
    form = dialog.form
    form.bids.click()
    assert "Give a subject of letters and digits" in form.objection.text()
    assert not form.write_button.isEnabled()
    qtbot.keyClicks(form.labels["subject"], "sub-01")
    assert "Give a task" in form.objection.text()
    qtbot.keyClicks(form.labels["task"], "r-st")
    assert "not “r-st”" in form.objection.text()
    form.labels["task"].setText("rest")
    form.target.setText(str(tmp_path / "shared"))
    report = written(qtbot, dialog)
    assert report.path == tmp_path / "shared/sub-01/ieeg/sub-01_task-rest_desc-reconstructed_ieeg.edf"
    again = show("night.edf")
    again.form.bids.click()
    for name, text in (("subject", "01"), ("task", "rest")):
        again.form.labels[name].setText(text)
    again.form.target.setText(str(tmp_path / "shared"))
    again.form.write_button.click()
    qtbot.waitUntil(lambda: "is there already" in again.form.objection.text())
    again.form.file.click()
    assert again.form.path == tmp_path / "shared.edf", "a name that was given stays"


def test_stopping_leaves_no_recording_in_the_dataset(
    qtbot: QtBot, show: Show, window: ReviewWindow, backend: FakeBackend, tmp_path: Path
) -> None:
    backend.delay = 2.0
    dialog = show()
    dialog.form.bids.click()
    dialog.form.write_button.click()
    qtbot.waitUntil(lambda: dialog.computing)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert "Stop?" in dialog.running.question.text()
    qtbot.mouseClick(dialog.running.cancel_button, Qt.MouseButton.LeftButton)
    assert dialog.form.isVisible()
    qtbot.waitUntil(lambda: not window.session.lanes.export.busy)
    assert not (tmp_path / "neuroflow" / "sub-07").exists()
    assert not list(tmp_path.rglob("*.part"))
    backend.delay = 0.0
    assert written(qtbot, dialog).path.is_file(), "and the next goes into the same folder"


def test_a_folder_that_holds_something_else_is_refused_in_a_sentence(
    qtbot: QtBot, show: Show, tmp_path: Path
) -> None:  # fmt: skip
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("of a patient")
    dialog = show()
    dialog.form.bids.click()
    dialog.form.target.setText(str(other))
    dialog.form.write_button.click()
    qtbot.waitUntil(lambda: dialog.outcome.isVisible())
    assert "holds something else: give an empty folder" in dialog.outcome.sentence.text()
    assert [p.name for p in other.iterdir()] == ["letter.txt"]
    dialog.outcome.back_button.click()
    dialog.form.target.setText(str(tmp_path / "no" / "such" / "place"))
    dialog.form.write_button.click()
    qtbot.waitUntil(lambda: "There is no folder" in dialog.form.objection.text())
    assert not (tmp_path / "no").exists()
