"""Save a copy: what is asked for is written, and nothing that names somebody before every text was looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import edfio
import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLineEdit, QStyle, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from neuroflow.export.convert import Converted, ConvertRequest
from neuroflow.io import open_recording
from neuroflow.recording import Recording, Span
from neuroflow_review.dialogs.copy import CopyDialog
from neuroflow_review.dialogs.copy_offer import CopyOffer, named_in, size_of
from neuroflow_review.dialogs.copy_texts import TextModel, rows_of
from neuroflow_review.dialogs.parts import TOO_LATE
from neuroflow_review.window import ReviewWindow

Key = Qt.Key
FOUND = sum("77" in str(k) for k in range(10_000))
SITES = "Fp1 F7 T3 T5 O1 Fp2 F8 T4 T6 O2".split()
Show = Callable[..., CopyDialog]


def write_night(path: Path, texts: list[str], seconds: int = 60) -> Path:
    rng = np.random.default_rng(1)
    labels = [*(f"EEG {site}-Ref" for site in SITES), "ECG", "Jane resp"]
    signals = [
        edfio.EdfSignal(rng.normal(0, 20, seconds * 200), 200, label=label, physical_dimension="uV",
                        physical_range=(-500, 500), transducer_type="AgCl, set of Dr Roe")
        for label in labels
    ]  # fmt: skip
    notes = [edfio.EdfAnnotation(seconds * k / len(texts), None, text) for k, text in enumerate(texts)]
    edf = edfio.Edf(
        signals, patient=edfio.Patient(name="Jane_Doe", code="MCH-1", sex="F"),
        recording=edfio.Recording(startdate=datetime(2020, 1, 2).date(), investigator_technician_code="Tech_Smith"),
        starttime=datetime(2020, 1, 2, 3, 4, 5).time(), annotations=notes,
    )  # fmt: skip
    edf.write(path)
    return path


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """A minute of ten sites, ECG and a label with a name in it, of a patient with a name; five annotations."""
    texts = ["Eyes closed", "Jane asks for water", "Eyes closed", "seen by Dr Roe", "T3 high"]
    return write_night(tmp_path / "Doe-night.edf", texts)


@pytest.fixture
def on_night(qtbot: QtBot, window: ReviewWindow, night: Path) -> ReviewWindow:
    window.session.open(night)
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    return window


@pytest.fixture
def show(qtbot: QtBot, on_night: ReviewWindow) -> Iterator[Show]:
    """Open the dialog from the menu."""
    made: list[CopyDialog] = []

    def act() -> CopyDialog:
        on_night.commands.actions["copy"].trigger()
        dialog: CopyDialog = on_night.findChildren(CopyDialog)[-1]
        qtbot.waitExposed(dialog)
        dialog.activateWindow()
        qtbot.waitUntil(dialog.isActiveWindow)  # keys are the window's shortcuts until then
        made.append(dialog)
        return dialog

    yield act
    for dialog in made:
        dialog.close()


def recorded(path: Path) -> Recording:
    source = open_recording(path)
    source.close()
    return source.recording


def written(qtbot: QtBot, dialog: CopyDialog, button: Any) -> Converted:
    with qtbot.waitSignal(dialog.saved, timeout=30_000) as told:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    done: Converted = told.args[0]
    return done


def shown_texts(dialog: CopyDialog) -> list[str]:
    return [dialog.texts.model.row(k).text for k in range(dialog.texts.model.rowCount())]


def row_of(dialog: CopyDialog, text: str) -> int:
    return shown_texts(dialog).index(text)


def choose(dialog: CopyDialog, *texts: str) -> None:
    table = dialog.texts.table
    table.clearSelection()
    for text in texts:
        index = dialog.texts.model.index(row_of(dialog, text), 0)
        table.selectionModel().select(
            index, table.selectionModel().SelectionFlag.Select | table.selectionModel().SelectionFlag.Rows
        )
        table.selectionModel().setCurrentIndex(index, table.selectionModel().SelectionFlag.NoUpdate)


def type_replacement(qtbot: QtBot, dialog: CopyDialog, text: str) -> None:
    table, left = dialog.texts.table, dialog.texts.model.left
    editor = next(e for e in table.findChildren(QLineEdit) if e.isVisible())
    editor.selectAll()
    qtbot.keyClicks(editor, text)
    qtbot.keyClick(editor, Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.texts.model.left < left)


# The questions --------------------------------------------------------------------------------------------------------


def test_a_part_is_copied_while_the_reader_goes_on(qtbot: QtBot, on_night: ReviewWindow, show: Show) -> None:
    on_night.session.store.update(selection=Span(10.0, 25.0))
    dialog = show()
    form = dialog.form
    radios = {radio.text().replace("&", ""): radio for radio, _ in form.spans}
    assert list(radios) == ["Whole recording", "This page", "Selection", "From – to"]
    radios["Selection"].click()
    form.rate.setCurrentIndex(form.rate.findData(100.0))
    form.montage.setCurrentIndex(form.montage.findData("longitudinal"))
    assert form.request == ConvertRequest(Span(10.0, 25.0), 100.0, "longitudinal")
    done = written(qtbot, dialog, form.write_button)
    assert "reads back as it was meant" in dialog.outcome.sentence.text()
    assert "Saved Doe-night_copy.edf" in on_night.statusBar().currentMessage()
    copy = recorded(done.path)
    assert copy.duration == 15.0
    assert copy.patient.name == "Jane Doe", "without de-identifying everything stays"
    assert [c.label for c in copy.channels][:3] == ["EEG Fp1-F7", "EEG F7-T3", "EEG T3-T5"]
    assert {c.rate for c in copy.channels} == {100.0}


def test_a_stretch_is_given_by_two_times_and_channels_by_their_boxes(qtbot: QtBot, show: Show) -> None:
    form = show().form
    for field, text in ((form.begin, "0:12"), (form.end, "31.5")):
        field.setFocus()
        field.selectAll()
        qtbot.keyClicks(field, text)
    assert form.between.isChecked()
    assert form.request.span == Span(12.0, 31.5)
    qtbot.keyClick(form.end, Key.Key_Backspace)
    qtbot.keyClicks(form.end, "x")
    assert not form.write_button.isEnabled()
    assert "Write a time" in form.objection.text()
    form.end.clear()
    qtbot.keyClicks(form.end, "11")
    assert form.objection.text() == "The end comes before the beginning."
    form.spans[0][0].click()
    assert form.write_button.isEnabled()
    form.channels.setCurrentRow(10)
    qtbot.keyClick(form.channels, Key.Key_Space)
    assert "ECG" not in form.request.channels
    assert len(form.request.channels) == 11


def test_channels_set_aside_are_left_out_by_a_button_and_none_at_all_is_refused(
    on_night: ReviewWindow, show: Show
) -> None:
    on_night.session.toggle_bad("T3")
    dialog = show()
    form = dialog.form
    next(b for b in form.findChildren(type(form.write_button)) if "aside" in b.text()).click()
    assert "T3" not in form.names
    assert len(form.names) == 11
    for k in range(form.channels.count()):
        form.channels.item(k).setCheckState(Qt.CheckState.Unchecked)
    assert not form.write_button.isEnabled()
    assert form.objection.text() == "Choose at least one channel."


def test_montages_that_the_channels_do_not_give_are_greyed(show: Show) -> None:
    form = show().form
    items: Any = form.montage.model()
    enabled = {form.montage.itemData(k): items.item(k).isEnabled() for k in range(form.montage.count())}
    assert enabled["longitudinal"]
    assert enabled["average"]
    assert not enabled["cz"]
    assert not enabled["linked ears"]


def test_the_recording_itself_is_never_written_over(qtbot: QtBot, show: Show, night: Path, tmp_path: Path) -> None:
    before = night.read_bytes()
    dialog = show()
    dialog.form.target.setText(str(night))
    assert not dialog.form.write_button.isEnabled()
    link = tmp_path / "other.edf"
    link.symlink_to(night)
    dialog.form.target.setText(str(link))
    dialog.form.write_button.click()
    qtbot.waitUntil(lambda: "recording itself" in dialog.form.objection.text())
    assert night.read_bytes() == before
    assert not dialog.computing


def test_a_copy_that_is_stopped_leaves_nothing(
    qtbot: QtBot, on_night: ReviewWindow, show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from neuroflow.export.convert import _Conversion

    monkeypatch.setattr(_Conversion, "_compare", lambda self, *_: self.control._cancelled.wait(20))
    folder = tmp_path / "out"
    folder.mkdir()
    dialog = show()
    dialog.form.target.setText(str(folder / "copy.edf"))
    dialog.form.write_button.click()
    # The folder is probed with a file of its own before the copy begins.
    qtbot.waitUntil(lambda: dialog.computing and any(folder.iterdir()), timeout=60_000)
    qtbot.keyClick(dialog, Key.Key_Escape)
    assert dialog.running.question.isVisible(), "one key is asked about"
    qtbot.mouseClick(dialog.running.cancel_button, Qt.MouseButton.LeftButton)
    assert dialog.form.outlook.text() == "Stopped: no recording was written."
    qtbot.waitUntil(lambda: not on_night.session.lanes.export.busy, timeout=60_000)
    assert not any(folder.iterdir())


def test_a_stop_that_comes_while_the_file_is_put_in_place_says_that_it_is_written(
    qtbot: QtBot, show: Show, tmp_path: Path, held_back: Any
) -> None:
    dialog = show()
    dialog.form.target.setText(str(tmp_path / "copy.edf"))
    dialog.form.write_button.click()
    qtbot.waitUntil(held_back.reached.is_set)
    qtbot.keyClick(dialog, Key.Key_Escape)
    qtbot.mouseClick(dialog.running.cancel_button, Qt.MouseButton.LeftButton)
    assert dialog.running.isVisible()
    assert dialog.running.left.text() == TOO_LATE
    held_back.go.set()
    qtbot.waitUntil(dialog.outcome.isVisible, timeout=60_000)
    assert "copy.edf" in dialog.outcome.sentence.text()
    assert (tmp_path / "copy.edf").exists()


def test_a_dialog_that_waits_for_a_drive_can_be_put_out_of_sight(
    qtbot: QtBot, on_night: ReviewWindow, tmp_path: Path, held_back: Any
) -> None:
    on_night.commands.actions["copy"].trigger()
    dialog: CopyDialog = on_night.findChildren(CopyDialog)[-1]
    written: list[Converted] = []
    dialog.saved.connect(written.append)
    dialog.form.target.setText(str(tmp_path / "copy.edf"))
    dialog.form.write_button.click()
    qtbot.waitUntil(held_back.reached.is_set)
    dialog.reject()
    dialog.running.cancel_button.click()
    dialog.reject()
    assert dialog.isHidden()
    held_back.go.set()
    qtbot.waitUntil(lambda: not shiboken6.isValid(dialog))
    assert [done.path.name for done in written] == ["copy.edf"]


def test_the_size_that_is_foretold_is_about_that_of_the_file(qtbot: QtBot, show: Show, night: Path) -> None:
    dialog = show()
    foretold = size_of(CopyOffer(recorded(night), Span(0, 10)), ConvertRequest())[1]
    done = written(qtbot, dialog, dialog.form.write_button)
    assert done.path.stat().st_size == pytest.approx(foretold, rel=0.05)


# Texts ----------------------------------------------------------------------------------------------------------------


def test_nothing_is_written_before_every_text_was_looked_at(qtbot: QtBot, show: Show) -> None:
    """The whole way by keyboard, from the box to a file in which nobody is named."""
    dialog = show()
    form, texts = dialog.form, dialog.texts
    qtbot.keyClick(form.hidden, Key.Key_Space)
    assert Path(form.target.text()).name == "deidentified.edf", "the name of the recording is a text too"
    assert form.write_button.text() == "&Check 6 texts…"
    qtbot.mouseClick(form.write_button, Qt.MouseButton.LeftButton)
    assert texts.isVisible()
    assert texts.table.hasFocus()
    assert not texts.save_button.isEnabled()
    assert shown_texts(dialog)[:6] == [
        "Jane Doe", "MCH-1", "F", "Startdate 02-JAN-2020 X Tech_Smith X", "2020-01-02", "Jane asks for water",
    ]  # fmt: skip
    assert {row.text: row.decision for row in texts.model.all if not row.fixed} == {
        "Eyes closed": "keep", "Jane asks for water": "remove", "seen by Dr Roe": "remove", "T3 high": "remove",
        "AgCl, set of Dr Roe": "keep", "Jane resp": "remove",
    }  # fmt: skip
    # The first that is left is chosen; a key decides and goes on to the next.
    assert texts.table.chosen == [row_of(dialog, "Jane asks for water")]
    qtbot.keyClick(texts.table, Key.Key_R)
    type_replacement(qtbot, dialog, "asks for water")
    assert texts.model.left == 5
    choose(dialog, "seen by Dr Roe")
    qtbot.keyClick(texts.table, Key.Key_Space)
    assert texts.table.chosen == [row_of(dialog, "T3 high")]
    qtbot.keyClick(texts.table, Key.Key_K)
    choose(dialog, "AgCl, set of Dr Roe")
    qtbot.keyClick(texts.table, Key.Key_Delete)
    assert not texts.save_button.isEnabled()
    assert texts.count.text() == "2 texts of 11 left to check"
    choose(dialog, "Eyes closed", "Jane resp")
    qtbot.keyClick(texts.table, Key.Key_Space)
    assert texts.save_button.isEnabled()
    done = written(qtbot, dialog, texts.save_button)
    raw = done.path.read_bytes()
    for word in (b"Jane", b"Doe", b"MCH", b"Roe", b"Smith", b"2020", b"JAN-20"):
        assert word not in raw, word
    copy = recorded(done.path)
    assert copy.start == datetime(1985, 1, 1, 3, 4, 5)
    assert [a.text for a in copy.annotations if "NeuroFlow" not in a.text] == [
        "Eyes closed", "asks for water", "Eyes closed", "T3 high",
    ]  # fmt: skip
    assert copy.channels[-1].label == "respiration 12"
    assert {c.transducer for c in copy.channels} == {""}


def test_dates_are_shifted_instead_of_left_out_and_the_list_of_texts_says_to_when(qtbot: QtBot, show: Show) -> None:
    dialog = show()
    form, texts = dialog.form, dialog.texts
    assert not form.dates.shift.isEnabled(), "a copy that names somebody keeps its dates"
    qtbot.keyClick(form.hidden, Key.Key_Space)
    qtbot.keyClick(form.dates.shift, Key.Key_Space)
    assert "0 days" in form.objection.text()
    assert not form.write_button.isEnabled()
    form.dates.days.setValue(-30_000)
    assert "2 January 1985 to 31 December 2084" in form.objection.text()
    form.dates.days.setValue(-371)
    assert form.write_button.isEnabled()
    form.write_button.click()
    (day,) = [row for row in texts.model.all if row.where == "start date"]
    assert (day.text, day.becomes) == ("2020-01-02", "2018-12-27")
    texts.table.selectAll()
    qtbot.keyClick(texts.table, Key.Key_Space)
    done = written(qtbot, dialog, texts.save_button)
    assert recorded(done.path).start == datetime(2018, 12, 27, 3, 4, 5)
    assert any("dates are shifted" in change for change in done.changes)
    assert not any("371" in change for change in done.changes)


def test_a_decision_that_is_taken_back_closes_the_way_again(qtbot: QtBot, show: Show) -> None:
    dialog = show()
    dialog.form.hidden.click()
    dialog.form.write_button.click()
    texts = dialog.texts
    texts.table.selectAll()
    qtbot.keyClick(texts.table, Key.Key_Space)
    assert texts.save_button.isEnabled()
    choose(dialog, "T3 high")
    qtbot.keyClick(texts.table, Key.Key_Space)
    assert not texts.save_button.isEnabled()
    qtbot.mouseClick(texts.back_button, Qt.MouseButton.LeftButton)
    assert dialog.form.write_button.text() == "&Check 1 text…"
    dialog.form.hidden.click()
    assert dialog.form.write_button.text() == "&Save"
    dialog.form.hidden.click()
    assert dialog.texts.model.left == 1, "what was decided stays"


def test_a_file_that_is_there_is_asked_about_on_the_page_where_its_name_is(
    qtbot: QtBot, show: Show, tmp_path: Path
) -> None:
    older = tmp_path / "deidentified.edf"
    older.write_bytes(b"older")
    dialog = show()
    dialog.form.hidden.click()
    dialog.form.write_button.click()
    dialog.texts.table.selectAll()
    qtbot.keyClick(dialog.texts.table, Key.Key_D)
    dialog.texts.save_button.click()
    qtbot.waitUntil(dialog.form.isVisible)
    assert "Replace it?" in dialog.form.objection.text()
    assert older.read_bytes() == b"older"
    done = written(qtbot, dialog, dialog.form.write_button)
    assert done.path == older
    assert "De-identified" in " ".join(done.changes)


def test_a_name_of_the_patient_in_the_name_of_the_file_is_told(show: Show, night: Path) -> None:
    dialog = show()
    dialog.form.hidden.click()
    dialog.form.target.setText(str(night.with_name("night of doe.edf")))
    assert "“Doe”" in dialog.form.outlook.text()
    assert named_in(Path("a.edf"), recorded(night)) == ""


def test_ten_thousand_texts_are_searched_and_checked_at_once(qtbot: QtBot, tmp_path: Path) -> None:
    recording = recorded(write_night(tmp_path / "a.edf", [f"Impedance {k}" for k in range(10_000)], seconds=600))
    dialog = CopyDialog(CopyOffer(recording, Span(0, 10)), lambda *_: None)  # type: ignore[arg-type, return-value]
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.form.hidden.click()
    dialog.form.write_button.click()
    texts = dialog.texts
    assert texts.model.left == 10_002
    qtbot.keyClicks(texts.search, "impedance 77")
    assert texts.model.rowCount() == FOUND
    qtbot.keyClick(texts.search, Key.Key_Return)
    qtbot.keyClick(texts.table, Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(texts.table, Key.Key_K)
    assert texts.model.left == 10_002 - FOUND
    texts.only_left.click()
    texts.search.clear()
    assert texts.model.rowCount() == 10_002 - FOUND
    qtbot.keyClick(texts.table, Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(texts.table, Key.Key_R)
    type_replacement(qtbot, dialog, "a text")
    assert texts.save_button.isEnabled()
    assert sum(becomes == "a text" for becomes in texts.model.becomes.values()) == 10_002 - FOUND
    dialog.close()


def test_a_text_is_never_markup_and_what_is_fixed_cannot_be_changed(night: Path) -> None:
    model = TextModel()
    model.set_rows(rows_of(recorded(night)))
    first = model.index(0, 2)
    assert not model.flags(model.index(0, 3)) & Qt.ItemFlag.ItemIsEditable
    model.decide([0], "keep")
    assert model.row(0).decision == "remove"
    model.row(0).text = "<img src='file:///etc/passwd'>\nJane"
    assert "<img" not in model.data(first, Qt.ItemDataRole.ToolTipRole)
    assert "\n" not in model.data(first)


def test_of_what_a_reconstruction_was_made_from_the_hash_is_suggested_and_the_name_is_not(tmp_path: Path) -> None:
    signal = edfio.EdfSignal(np.zeros(300), 100, label="~AHL1 p05", physical_dimension="uV", physical_range=(-1, 1))
    note = edfio.EdfAnnotation(0.0, None, f"Input: Doe, Jane.edf, 0 s to 3 s, sha256 {'ab' * 32}")
    edfio.Edf([signal], annotations=[note]).write(tmp_path / "made.edf")
    model = TextModel()
    model.set_rows(rows_of(recorded(tmp_path / "made.edf")))
    assert model.becomes[note.text] == f"Input: 0 s to 3 s, sha256 {'ab' * 32}"
    assert model.left  # a person looks at it all the same


def test_in_private_the_status_line_names_no_file(qtbot: QtBot, on_night: ReviewWindow, show: Show) -> None:
    on_night.session.store.update(private=True)
    dialog = show()
    dialog.form.hidden.click()
    dialog.form.write_button.click()
    assert "Jane asks for water" in shown_texts(dialog), "to be looked at they must be shown"
    dialog.texts.table.selectAll()
    qtbot.keyClick(dialog.texts.table, Key.Key_D)
    written(qtbot, dialog, dialog.texts.save_button)
    assert "Saved the file" in on_night.statusBar().currentMessage()


def test_the_list_is_read_only_but_for_replacements(show: Show) -> None:
    dialog = show()
    dialog.form.hidden.click()
    assert dialog.texts.table.selectionBehavior() is QAbstractItemView.SelectionBehavior.SelectRows
    editable = Qt.ItemFlag.ItemIsEditable
    model = dialog.texts.model
    assert {c for c in range(model.columnCount()) if model.flags(model.index(6, c)) & editable} == {3}


def test_the_name_of_every_channel_is_written_whole(qtbot: QtBot, opened: ReviewWindow) -> None:
    opened.commands.actions["copy"].trigger()
    dialog = opened.findChild(CopyDialog)
    qtbot.waitExposed(dialog)
    QApplication.processEvents()
    channels = dialog.form.channels
    style, room = channels.style(), []
    margin = 2 * (style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, channels) + 1)
    for k in range(channels.count()):
        index, option = channels.model().index(k, 0), QStyleOptionViewItem()
        channels.initViewItemOption(option)
        channels.itemDelegate().initStyleOption(option, index)
        option.rect = channels.visualRect(index)
        text = style.subElementRect(QStyle.SubElement.SE_ItemViewItemText, option, channels)
        room.append(text.width() - margin - option.fontMetrics.horizontalAdvance(index.data()))
    assert len(room) == len(opened.session.recording.channels)
    assert min(room) >= 0
    dialog.close()
