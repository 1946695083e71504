"""Where names are hidden, what is said and listed beside the page names nobody either."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import edfio
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QTableView
from pytestqt.qtbot import QtBot

from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.event_rows import NOTE
from neuroflow_review.wording import without_files

NAME = "Mustermann Max (1951).edf"


@pytest.fixture
def named(show: Callable[[Path], ReviewWindow], edf: Callable[[str, list[str]], Path]) -> ReviewWindow:
    """The window on a recording whose file is called after a patient, the names hidden, its marks damaged."""
    path = edf(NAME, ["EEG Fp1-Ref", "EEG F7-Ref", "EEG T3-Ref"])
    path.with_name(f"{NAME}.review.json").write_bytes(b"{")
    window = show(path)
    window.session.store.update(private=True)
    return window


def test_name_identifier_and_date_of_birth_stand_in_title_and_header_until_one_key_hides_them(
    show: Callable[[Path], ReviewWindow], tmp_path: Path, press: Callable[..., None]
) -> None:
    wave = edfio.EdfSignal(np.sin(np.arange(3000.0)), 100, label="EEG Fp1-Ref", physical_dimension="uV")
    patient = edfio.Patient(name="Doe_Jane", code="MRN-17", birthdate=date(1951, 5, 2), sex="F")
    edfio.Edf([wave], patient=patient).write(tmp_path / "of somebody.edf")
    window = show(tmp_path / "of somebody.edf")
    for words in (window.windowTitle(), window.header.patient, window.header.accessibleDescription()):
        for said in ("Doe Jane", "MRN-17", "02-MAY-1951"):
            assert said in words
    shown = window.header.grab().toImage()
    press(window, Qt.Key.Key_H, Qt.KeyboardModifier.ControlModifier)
    for words in (window.windowTitle(), window.header.patient, window.header.accessibleDescription()):
        assert not any(said in words for said in ("Doe", "MRN", "1951"))
    assert window.header.grab().toImage() != shown


@pytest.mark.parametrize(
    "text",
    [
        "The marks in {name}.review.json are damaged and were kept as {name}.review.json.damaged-20261127T0200Z; why.",
        "There are no marks of this recording, but of another that is called {name}, or of this one before it changed: "
        "Import marks… takes them up from /home/Mustermann Max/other.edf.review.json.",
        "The marks in Mustermann Eva.edf.review.json cannot be read now (why), and are left as they are.",
        "The marks could not be saved to “/data/Mustermann”: make room there.",
        "You may not write “Mustermann.png” into “C:\\Mustermann”: choose another folder.",
        "There is no file “/data/{name}”: check its name.",
        "[Errno 2] No such file or directory: '/data/{name}'",
    ],
)
def test_a_sentence_says_all_but_the_names_of_files(text: str) -> None:
    said = without_files(text.format(name=NAME), Path("/data") / NAME)
    assert "Mustermann" not in said
    assert "1951" not in said
    assert said.split()[0] == text.split()[0]
    assert said[-1] == text[-1]


def test_a_sentence_of_no_file_is_left_as_it_is() -> None:
    text = "Two channels are called “Fp1”: “EEG Fp1-Ref.” is shown as “Fp1 (2)”. Import marks… takes them up."
    assert without_files(text, Path("/data/a.edf")) == text


def test_a_notice_of_marks_names_no_file_where_names_are_hidden(
    named: ReviewWindow, settle: Callable[..., None]
) -> None:
    session = named.session
    assert session.recording is not None
    said: list[str] = []
    named.statusBar().messageChanged.connect(said.append)
    session.open(session.recording.path)
    settle(named)
    session.marks.noticed.emit(f"The marks in {NAME}.review.json are damaged; those before are shown.")
    assert any("damaged" in words for words in said)
    assert not [words for words in said if "Mustermann" in words]
    session.store.update(private=False)
    session.noticed.emit(f"Import marks… takes them up from /data/{NAME}.review.json.")
    assert NAME in named.statusBar().currentMessage()
    session.store.update(private=True)
    assert NAME not in named.statusBar().currentMessage(), "nor one that is still there when they are hidden"


def test_why_a_recording_has_no_page_is_said_without_its_name(named: ReviewWindow) -> None:
    why = f"“{NAME}” could not be read any further: is its drive still connected?"
    named.session.page_failed.emit(why)
    assert named.page.message.endswith("is its drive still connected?")
    assert NAME not in named.page.message
    named.session.store.update(private=False)
    named.session.page_failed.emit(why)
    assert NAME in named.page.message
    named.session.store.update(private=True)
    assert NAME not in named.page.message


def test_what_is_laid_over_the_reconstruction_is_named_as_the_recording_is(
    qtbot: QtBot, opened: ReviewWindow, demo: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(demo.with_name("demo-ieeg.edf"), tmp_path / NAME))
    opened.session.comparison.open(path, [contact.name for contact in opened.session.contacts])
    qtbot.waitUntil(lambda: f"recorded iEEG of {NAME} laid over" in opened.ieeg._legend())
    opened.session.store.update(private=True)
    assert "recorded iEEG laid over" in opened.ieeg._legend()
    opened.session.store.update(private=False)
    assert f"recorded iEEG of {NAME} laid over" in opened.ieeg._legend()


@pytest.mark.parametrize("private", [False, True])
def test_the_name_that_is_suggested_for_exported_marks_is_not_the_recordings_where_that_is_hidden(
    named: ReviewWindow, monkeypatch: pytest.MonkeyPatch, private: bool
) -> None:
    suggested: list[str] = []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *given: (suggested.append(given[2]), ("", ""))[1])
    named.session.store.update(private=private)
    named.commands.file.export_marks()
    assert ("Mustermann" in Path(suggested[0]).name) is not private


def listed(window: ReviewWindow) -> set[str]:
    """Texts of the annotations in the list of events."""
    table = window.events.findChild(QTableView)
    model = table.model()
    return {str(model.index(row, column).data()) for row in range(model.rowCount()) for column in range(3)}


def test_the_list_has_annotations_without_their_texts_where_names_are_hidden(named: ReviewWindow) -> None:
    assert "eyes open" not in listed(named)
    assert NOTE in listed(named)
    named.session.store.update(private=False)
    assert "eyes open" in listed(named)


def test_no_key_brings_the_list_of_events_into_a_presentation(
    opened: ReviewWindow, press: Callable[..., None], settle: Callable[..., None]
) -> None:
    control = Qt.KeyboardModifier.ControlModifier
    opened.commands.actions["dock Events"].setChecked(False)
    press(opened, Qt.Key.Key_P)
    settle(opened)
    press(opened, Qt.Key.Key_F, control)
    assert opened.docks["Events"].isHidden()
    press(opened, Qt.Key.Key_P)
    settle(opened)
    press(opened, Qt.Key.Key_F, control)
    assert opened.docks["Events"].isVisible()
    assert opened.events.search.hasFocus()
