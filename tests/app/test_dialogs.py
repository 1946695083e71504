"""The dialogs, by keyboard and mouse, and what they compute; going to a time is in test_goto.py."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QLabel, QLineEdit, QPushButton, QWidget

from neuroflow.anatomy.implant import Contact
from neuroflow.errors import FileProblem
from neuroflow.export import ExportReport, ExportRequest, Withheld
from neuroflow.export.convert import Converted
from neuroflow.flow.card import CardContact, CardImplant, ContactMeasure, Limits, ModelCard, Weights, read_card
from neuroflow.inference.model import find_model
from neuroflow.io.edf_writer import IGNORES_GAPS
from neuroflow.jobs import Control
from neuroflow.recording import Span
from neuroflow_review.dialogs.about import LIBRARIES, AboutDialog
from neuroflow_review.dialogs.card import CardDialog, measured_table
from neuroflow_review.dialogs.copy_offer import written_lines
from neuroflow_review.dialogs.export import ExportDialog, Offer, estimate
from neuroflow_review.dialogs.export_offer import result_lines, stretch_around
from neuroflow_review.dialogs.fault import FaultDialog, show_fault
from neuroflow_review.dialogs.goto import GoToDialog
from neuroflow_review.dialogs.keys import KeysDialog, caps, columns
from neuroflow_review.dialogs.parts import in_bytes, in_words
from neuroflow_review.dialogs.problems import ProblemsDialog
from neuroflow_review.dialogs.question import QuestionDialog
from neuroflow_review.lanes import Failure, Job, Lane
from neuroflow_review.theme import DARK, LIGHT, apply_theme

START = datetime(2024, 3, 1, 14, 3, 20)


@pytest.fixture(autouse=True)
def nothing_left(qapp: QApplication) -> Iterator[None]:
    """Every dialog of a test is gone after it."""
    apply_theme(qapp, LIGHT)
    yield
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, QDialog):
            widget.close()
            widget.deleteLater()
    qapp.processEvents()


def shown(qtbot: Any, dialog: QDialog) -> Any:
    dialog.show()
    qtbot.waitExposed(dialog)
    return dialog


# Export ---------------------------------------------------------------------------------------------------------------


class Lanes:
    """Stands where the window puts exports on the lane."""

    def __init__(self) -> None:
        self.request: ExportRequest | None = None
        self.target: Path | None = None
        self.cancelled = False

    def __call__(
        self,
        request: ExportRequest,
        target: Path,
        done: Callable[[ExportReport], None],
        progress: Callable[[float], None],
        failed: Callable[[Failure], None],
    ) -> Lanes:
        self.request, self.target = request, target
        self.done, self.progress, self.failed = done, progress, failed
        return self

    def cancel(self) -> bool:
        self.cancelled = True
        return True


def contacts(shafts: tuple[str, ...] = ("AL", "AHL", "AR", "AHR"), each: int = 8) -> tuple[Contact, ...]:
    return tuple(Contact(f"{s}{k + 1}", s, (0.0, 0.0, 0.0)) for s in shafts for k in range(each))


def offer(folder: Path, **changes: Any) -> Offer:
    recording = folder / "S001R01.edf"
    recording.write_bytes(b"recorded")
    given = {"duration": 600.0, "start": START, "page": Span(20, 30), "contacts": contacts(), "shown": ("AHL",)}
    return Offer(recording, **(given | changes))


def report(path: Path, **changes: Any) -> ExportReport:
    given: dict[str, Any] = {
        "path": path,
        "contacts": 32,
        "channels": 96,
        "records": 600,
        "rate": 100.0,
        "span": Span(0, 600),
        "worst_difference_uv": 0.0123,
        "step_uv": 0.0247,
        "model": "twin-64",
        "model_hash": "ab" * 32,
        "input_hash": "cd" * 32,
        "samples": 39,
        "seed": 0,
        "coverage": 0.9,
        "device": "CPU",
        "redrawn": 3,
        "withheld": (Withheld(Span(10, 20), "a gap"), Withheld(Span(40, 45), "a gap")),
    }
    return ExportReport(**(given | changes))


def test_an_export_is_not_suggested_to_be_called_after_a_recording_whose_name_is_hidden(tmp_path: Path) -> None:
    assert offer(tmp_path).default_target == tmp_path / "S001R01_reconstructed.edf"
    assert offer(tmp_path, private=True).default_target == tmp_path / "reconstructed.edf"


def test_an_export_by_keyboard_from_form_to_result(qtbot: Any, tmp_path: Path) -> None:
    lanes = Lanes()
    dialog = shown(qtbot, ExportDialog(offer(tmp_path, selection=Span(12, 41)), lanes))
    assert dialog.form.target.text() == str(tmp_path / "S001R01_reconstructed.edf")
    assert dialog.form.words.text().count("not for diagnosis") == 1
    qtbot.keyClick(dialog.form.target, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.computing)
    assert lanes.request == ExportRequest(span=Span(12, 41), channels=("median", "bands"))
    assert lanes.target == tmp_path / "S001R01_reconstructed.edf"
    lanes.progress(0.5)
    assert dialog.running.bar.value() == 500
    assert dialog.running.left.text().startswith("50 %")
    with qtbot.waitSignal(dialog.exported) as told:
        lanes.done(report(lanes.target))
    assert told.args == [dialog.report]
    assert not dialog.computing
    assert dialog.outcome.isVisible()
    assert dialog.outcome.close_button.isDefault()
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert not dialog.isVisible()


def test_what_is_chosen_is_what_is_asked_for(qtbot: Any, tmp_path: Path) -> None:
    dialog = shown(
        qtbot,
        ExportDialog(offer(tmp_path, reconstructed=(Span(10, 20), Span(20, 40)), excluded=frozenset({"T3"})), Lanes()),
    )
    radios = {radio.text().replace("&", ""): radio for radio, _ in dialog.form.spans}
    assert list(radios) == ["This page", "What is reconstructed", "Whole recording"]
    assert dialog.request.span == Span(20, 30)
    radios["What is reconstructed"].click()
    assert dialog.request.span == Span(10, 40)
    radios["Whole recording"].click()
    assert dialog.request.span is None
    qtbot.mouseClick(dialog.form.shown_button, Qt.MouseButton.LeftButton)
    assert dialog.request.contacts == ("AHL",)
    dialog.form.each.click()
    assert dialog.request.channels == ("median", "bands", "samples")
    dialog.form.median.click()
    assert dialog.request.channels == ("samples",)
    assert dialog.request.excluded == {"T3"}
    dialog.form.each.click()
    assert not dialog.form.export_button.isEnabled()
    assert dialog.form.objection.isVisible()


def test_more_channels_than_edf_programs_open_are_refused_before_computing(qtbot: Any, tmp_path: Path) -> None:
    dialog = shown(qtbot, ExportDialog(offer(tmp_path), Lanes()))
    dialog.form.each.click()
    assert "1,344 channels" in dialog.form.objection.text()
    assert not dialog.form.export_button.isEnabled()
    dialog.form.shown_button.click()
    assert dialog.form.export_button.isEnabled()
    assert dialog.form.outlook.text().startswith("336 channels")


def test_one_sample_has_no_band(qtbot: Any, tmp_path: Path) -> None:
    dialog = shown(qtbot, ExportDialog(offer(tmp_path, samples=1), Lanes()))
    assert not dialog.form.median.isEnabled()
    assert dialog.request.channels == ("samples",)


def test_the_recording_itself_is_never_overwritten(qtbot: Any, tmp_path: Path) -> None:
    lanes = Lanes()
    given = offer(tmp_path)
    dialog = shown(qtbot, ExportDialog(given, lanes))
    dialog.form.target.setText(str(tmp_path / "." / "S001R01"))
    assert "recording itself" in dialog.form.objection.text()
    assert not dialog.form.export_button.isEnabled()
    link = tmp_path / "other.edf"
    link.symlink_to(given.recording)
    dialog.form.target.setText(str(link))
    dialog.form.export_button.click()
    qtbot.waitUntil(lambda: "recording itself" in dialog.form.objection.text())
    assert lanes.request is None
    assert given.recording.read_bytes() == b"recorded"


def test_another_file_is_replaced_only_after_a_question(qtbot: Any, tmp_path: Path) -> None:
    lanes = Lanes()
    given = offer(tmp_path)
    given.default_target.write_bytes(b"older")
    dialog = shown(qtbot, ExportDialog(given, lanes))
    qtbot.keyClick(dialog.form.target, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Replace it?" in dialog.form.objection.text())
    qtbot.keyClick(dialog.form.target, Qt.Key.Key_Return)  # a second Return out of habit is no answer
    assert lanes.request is None
    dialog.form.target.setText(dialog.form.target.text() + "x")
    assert not dialog.form.objection.isVisible(), "another name is another question"
    dialog.form.target.setText(str(given.default_target))
    dialog.form.export_button.click()
    qtbot.waitUntil(lambda: dialog.form.objection.isVisible())
    qtbot.mouseClick(dialog.form.export_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: lanes.target == given.default_target)


def test_a_folder_that_is_not_there_is_said_before_computing(qtbot: Any, tmp_path: Path) -> None:
    lanes = Lanes()
    dialog = shown(qtbot, ExportDialog(offer(tmp_path), lanes))
    dialog.form.target.setText(str(tmp_path / "nowhere" / "x"))
    dialog.form.export_button.click()
    qtbot.waitUntil(lambda: dialog.form.objection.isVisible())
    assert dialog.form.objection.text().startswith("There is no folder")
    assert dialog.form.export_button.isEnabled()
    assert lanes.request is None


def test_escape_while_exporting_asks_first(qtbot: Any, tmp_path: Path) -> None:
    lanes = Lanes()
    dialog = shown(qtbot, ExportDialog(offer(tmp_path), lanes))
    dialog.form.export_button.click()
    qtbot.waitUntil(lambda: dialog.computing)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    assert dialog.running.question.isVisible()
    qtbot.keyClick(dialog.running.keep_button, Qt.Key.Key_Space)
    assert not dialog.running.question.isVisible()
    assert not lanes.cancelled
    qtbot.mouseClick(dialog.running.cancel_button, Qt.MouseButton.LeftButton)
    assert lanes.cancelled
    assert dialog.form.isVisible()
    assert dialog.form.outlook.text() == "Stopped: no recording was written."


def test_the_program_closing_stops_the_export(qtbot: Any, tmp_path: Path) -> None:
    lanes = Lanes()
    dialog = shown(qtbot, ExportDialog(offer(tmp_path), lanes))
    dialog.form.export_button.click()
    qtbot.waitUntil(lambda: dialog.computing)
    assert dialog.close()
    assert lanes.cancelled


def test_a_failed_export_says_why_and_lets_try_again(qtbot: Any, tmp_path: Path) -> None:
    lanes = Lanes()
    dialog = shown(qtbot, ExportDialog(offer(tmp_path), lanes))
    dialog.form.export_button.click()
    qtbot.waitUntil(lambda: dialog.computing)
    lanes.failed(Failure("export", 0, FileProblem("There is no room left.", "ENOSPC")))
    assert dialog.outcome.sentence.text() == "There is no room left."
    assert dialog.outcome.fold.box.toPlainText() == "ENOSPC"
    assert not dialog.outcome.fold.box.isVisible()
    qtbot.mouseClick(dialog.outcome.fold.switch, Qt.MouseButton.LeftButton)
    assert dialog.outcome.fold.box.isVisible()
    dialog.outcome.back_button.click()
    dialog.form.export_button.click()
    qtbot.waitUntil(lambda: dialog.computing)
    lanes.failed(Failure("export", 0, RuntimeError("secret")))
    assert "secret" not in dialog.outcome.sentence.text()
    assert "RuntimeError" in dialog.outcome.fold.box.toPlainText()
    assert "secret" not in dialog.outcome.fold.box.toPlainText(), "what it said may name a patient"


def test_an_export_on_a_real_lane(qtbot: Any, tmp_path: Path) -> None:
    lane = Lane("export")

    def start(request: ExportRequest, target: Path, done: Any, progress: Any, failed: Any) -> Job:
        def work(control: Control) -> ExportReport:
            for k in range(10):
                control.checkpoint(k / 10)
            return report(target, samples=request.samples)

        return lane.submit("export", work, done=done, progress=progress, failed=failed)

    dialog = shown(qtbot, ExportDialog(offer(tmp_path), start))
    with qtbot.waitSignal(dialog.exported):
        dialog.form.export_button.click()
    assert dialog.report is not None
    lane.close()
    lane.join()


def test_an_estimate_counts_channels_bytes_and_what_is_there_already(tmp_path: Path) -> None:
    given = offer(tmp_path, seconds_per_tile=4.0, reconstructed=(Span(0, 300),))
    whole = estimate(given, ExportRequest())
    assert whole.channels == 96
    assert whole.size == pytest.approx(96 * 600 * 100 * 2, rel=0.03)
    assert whole.seconds == pytest.approx(30 * 4, rel=0.1)
    assert estimate(given, ExportRequest(contacts=("AHL", "AL1"), channels=("samples",))).channels == 9 * 39
    assert estimate(given, ExportRequest(span=Span(20, 30))).seconds == pytest.approx(0, abs=1)
    unknown = offer(tmp_path)
    assert estimate(unknown, ExportRequest()).seconds is None


def test_what_is_reconstructed_is_one_unbroken_stretch() -> None:
    spans = (Span(40, 50), Span(0, 10), Span(10, 20), Span(60, 100))
    assert stretch_around(spans, Span(15, 25)) == Span(0, 20)
    assert stretch_around(spans, Span(45, 65)) == Span(60, 100)
    assert stretch_around(spans, Span(200, 210)) == Span(60, 100)
    assert stretch_around((), Span(0, 10)) is None


def test_the_result_tells_the_worst_difference_and_what_is_left_out() -> None:
    lines = dict(result_lines(report(Path("x.edf"))))
    assert "0.012 µV" in lines["Read back"]
    assert lines["Drawn again"].startswith("3 samples")
    assert lines["Withheld"] == "2 stretches, 15 s in all: a gap"
    assert "Gaps" not in lines
    assert dict(result_lines(report(Path("x.edf"), format="EDF+D")))["Gaps"] == IGNORES_GAPS
    copied = Converted(Path("x.edf"), "EDF+D", 2, 9, Span(0, 9), 0.0, 0.1)
    assert dict(written_lines(copied))["Gaps"] == IGNORES_GAPS
    assert dict(result_lines(report(Path("x.edf"), withheld=(), redrawn=0)))["Withheld"] == "nothing"


def test_times_and_sizes_in_words() -> None:
    assert [in_words(s) for s in (0.2, 40, 59.6, 61, 200, 4800, 7200)] == [
        "under a second",
        "40 s",
        "1 min",
        "1 min",
        "4 min",
        "1 h 20 min",
        "2 h",
    ]
    assert [in_bytes(n) for n in (10, 840_000, 12.3e6, 999.7e6)] == ["1 kB", "840 kB", "12.3 MB", "1.0 GB"]


# Keys -----------------------------------------------------------------------------------------------------------------

ROWS = (
    ("Page", "Next page", "Right"),
    ("Page", "Go to time", "G"),
    ("Marks", "Undo", "Ctrl+Z"),
    ("Marks", "Redo", "Ctrl+Shift+Z, Ctrl+Y"),
    ("Display", "Larger", "Ctrl++"),
    ("Display", "No key", ""),
)


def test_keys_are_shown_as_they_stand_on_the_keyboard() -> None:
    assert caps("Ctrl+Shift+Left, G") == (("Ctrl", "Shift", "←"), ("G",))
    assert caps("P / F11") == (("P",), ("F11",))
    assert caps("Ctrl++") == (("Ctrl", "+"),)
    assert caps("+") == (("+",),)
    assert caps(",") == ((",",),)
    assert caps("") == ()


@given(st.lists(st.integers(1, 20), max_size=12), st.integers(1, 5))
def test_columns_lose_no_group_and_keep_their_order(heights: list[int], count: int) -> None:
    placed = columns(heights, count)
    assert [i for column in placed for i in column] == list(range(len(heights)))
    assert len(placed) <= count


def test_the_keys_are_searched_by_what_they_do_and_by_name(qtbot: Any) -> None:
    dialog = shown(qtbot, KeysDialog(ROWS))
    assert len(dialog.shown) == 5, "what has no key is not on the sheet"
    qtbot.keyClicks(dialog.search, "ctrl z")
    assert [row[1] for row in dialog.shown] == ["Undo", "Redo"]
    dialog.search.setText("page")
    assert [row[1] for row in dialog.shown] == ["Next page", "Go to time"]
    dialog.search.setText("nothing such")
    assert dialog.nothing.isVisible()
    assert dialog.shown == ()
    qtbot.keyClick(dialog.search, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_the_keys_fit_a_narrow_window(qtbot: Any) -> None:
    dialog = shown(qtbot, KeysDialog(ROWS))
    dialog.resize(dialog.minimumWidth(), 400)
    qtbot.waitUntil(lambda: dialog.area.widget().width() <= dialog.area.viewport().width())
    assert len({group.x() for group in dialog.groups}) == 1
    assert len(dialog.shown) == 5


# The model ------------------------------------------------------------------------------------------------------------


def card() -> ModelCard:
    places = tuple(CardContact(f"AHL{k}", "AHL", (-20.0 - k, -15.0, -18.0)) for k in range(1, 12))
    measures = tuple(ContactMeasure(f"AHL{k}", 0.1 * (k % 7), 1 - 0.05 * k, 0.5, 0.9 - 0.02 * k) for k in range(1, 11))
    return ModelCard(
        format=1,
        name="twin-11",
        title="A flow for a test",
        created="2025-01-02T03:04:05Z",
        version="0.1.0",
        rate=100.0,
        band=(0.5, 48.0),
        sites=("Fp1", "Fp2", "C3", "C4", "O1", "O2"),
        fewest_sites=6,
        implant=CardImplant("default", "a source", places),
        shape={},
        training={"data": "simulated patients only", "patients": 1200, "recipe": {"seed": 0, "share": [0.3, 0.7]}},
        measured={
            "on": "2 simulated patients",
            "r_of_mean": {"model": {"all": 0.42, "propagated": None}, "ridge": {"all": -0.1}},
            "coverage": {"90%": 0.8931},
        },
        contacts=measures,
        limits=Limits(1e-5, 5e-5, 2e-3),
        intended_use="Research and teaching.",
        not_for=("diagnosis", "high-frequency oscillations"),
        weights=Weights("ab" * 32, 7_000_000),
    )


def texts(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel))


def test_the_card_says_first_what_the_model_is_not_for(qtbot: Any) -> None:
    dialog = shown(qtbot, CardDialog(card()))
    said = texts(dialog)
    assert said.index("high-frequency oscillations") < said.index("2 simulated patients")
    assert "0.42" in said
    assert "−0.10" in said
    assert "1,200" in said
    assert "ab" * 16 in said


def test_no_line_of_the_card_is_squeezed_however_low_the_dialog_is(qtbot: Any) -> None:
    dialog = shown(qtbot, CardDialog(read_card(find_model("default"))))
    for high in (560, 740):
        dialog.resize(820, high)
        QApplication.processEvents()
        lines = [label for label in dialog.tabs.currentWidget().findChildren(QLabel) if not label.wordWrap()]
        assert len(lines) > 60
        assert all(label.height() >= label.sizeHint().height() for label in lines)
        assert dialog.tabs.currentWidget().horizontalScrollBar().maximum() == 0


def test_the_contacts_sort_by_number_and_back_to_the_order_of_the_implant(qtbot: Any) -> None:
    dialog = shown(qtbot, CardDialog(card()))
    dialog.tabs.setCurrentIndex(1)
    model = dialog.table.model()

    def column(number: int) -> list[str]:
        return [model.index(r, number).data() for r in range(model.rowCount())]

    assert column(0) == [f"≈AHL{k}" for k in range(1, 12)]
    header = dialog.table.horizontalHeader()
    x = header.sectionViewportPosition(5) + header.sectionSize(5) // 2
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(x, 20))
    values = [float(text) for text in column(5) if text != "–"]
    assert values in (sorted(values), sorted(values, reverse=True))
    assert len(values) == 10
    dialog.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    assert column(0) == [f"≈AHL{k}" for k in range(1, 12)]
    dialog.table.setFocus()
    dialog.copy_table()
    copied = QGuiApplication.clipboard().text().splitlines()
    assert len(copied) == 12
    assert copied[1].split("\t")[:3] == ["≈AHL1", "AHL", "-21.0"]


def test_a_card_may_leave_out_what_was_measured(qtbot: Any) -> None:
    bare = msgspec.structs.replace(
        card(), measured={"r_of_mean": 3, "coverage": []}, training={}, contacts=(), not_for=()
    )
    dialog = shown(qtbot, CardDialog(bare))
    assert "does not say on what" in texts(dialog)
    assert measured_table({}, "crps_uv") == ((), ())
    assert dialog.table.model().index(0, 5).data() == "–"


def test_about_names_every_library_that_the_program_needs(qtbot: Any) -> None:
    project = Path(__file__).parents[2] / "pyproject.toml"
    needed = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    named = {distribution.lower() for _, distribution, _, _ in LIBRARIES}
    assert {re.split(r"[<>=!~\s]", one)[0].lower() for one in needed} <= named
    assert all(licence for *_, licence in LIBRARIES)
    dialog = shown(qtbot, AboutDialog(card()))
    assert "not for diagnosis or treatment" in dialog.purpose.text()
    assert "simulated patients only" in dialog.model.text()
    qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    assert "ab" * 32 in QGuiApplication.clipboard().text()
    assert "No model" in AboutDialog().model.text()


# Faults ---------------------------------------------------------------------------------------------------------------


def test_a_fault_is_one_sentence_with_the_details_folded(qtbot: Any) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    parent.show()
    dialog = show_fault(parent, "The file <b>is</b> gone.", "Traceback …")
    assert dialog.isVisible()
    assert dialog.message.text() == "The file <b>is</b> gone."
    assert dialog.message.textFormat() is Qt.TextFormat.PlainText
    assert not dialog.fold.box.isVisible()
    closed = dialog.height()
    qtbot.keyClick(dialog.fold.switch, Qt.Key.Key_Space)
    assert dialog.fold.box.isVisible()
    qtbot.waitUntil(lambda: dialog.height() > closed)
    qtbot.keyClick(dialog.fold.switch, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: dialog.height() == closed)
    qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text().startswith("The file <b>is</b> gone.\n\nTraceback …\n\nNeuroFlow")
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not parent.findChildren(FaultDialog))


def test_the_same_fault_is_not_stacked(qtbot: Any) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    parent.show()
    first = show_fault(parent, "One.")
    assert show_fault(parent, "One.") is first
    assert show_fault(parent, "Two.") is not first
    assert not first.fold.isVisible(), "no details, nothing to unfold"
    alone = show_fault(None, "Three.")
    assert show_fault(None, "Three.") is alone
    alone.accept()
    assert show_fault(None, "Three.") is not alone


# All of them ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
def test_every_dialog_fits_its_text_and_works_by_keyboard(qtbot: Any, tmp_path: Path, look: Any) -> None:
    apply_theme(QApplication.instance(), look)
    for dialog in (
        GoToDialog(600, START, 0),
        ExportDialog(offer(tmp_path), Lanes()),
        KeysDialog(ROWS),
        AboutDialog(card()),
        CardDialog(card()),
        FaultDialog("Something is wrong: do something.", "detail"),
        ProblemsDialog(["The file ends early.", "The header holds letters that EDF does not allow."]),
        QuestionDialog("Take the marks over?", "They are locked by another program.", "&Take them over", "&Leave them"),
    ):
        shown(qtbot, dialog)
        QApplication.processEvents()
        assert sum(b.isDefault() for b in dialog.findChildren(QPushButton) if b.isVisible()) == 1
        for field in dialog.findChildren(QLineEdit):
            assert field.accessibleName()
            assert field.toolTip()
        for pressed in dialog.findChildren(QAbstractButton):
            if pressed.isVisible() and pressed.metaObject().className() in ("QPushButton", "QCheckBox", "QRadioButton"):
                assert pressed.toolTip(), pressed.text()
        for label in dialog.findChildren(QLabel):
            if label.isVisible() and label.wordWrap():
                assert label.height() >= label.heightForWidth(label.width()) - 1, label.text()
        keys = re.findall(r"&(\w)", " ".join(b.text() for b in dialog.findChildren(QAbstractButton) if b.isVisible()))
        assert len(keys) == len({k.lower() for k in keys}), f"{dialog.windowTitle()}: one Alt key twice in {keys}"
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        assert not dialog.isVisible()
