"""The window, driven as a reader drives it; the model is one of sines, the recordings are real."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import edfio
import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLineEdit, QToolButton
from pytestqt.qtbot import QtBot

from neuroflow.errors import ModelProblem
from neuroflow.recording import Span
from neuroflow_review.dialogs.fault import FaultDialog
from neuroflow_review.dialogs.parts import look_of
from neuroflow_review.session import Session
from neuroflow_review.session.analysis import Spike
from neuroflow_review.settings import Settings
from neuroflow_review.theme import gutter
from neuroflow_review.window import ReviewWindow

Key = Qt.Key
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
Press = Callable[..., None]
Settle = Callable[[ReviewWindow], None]
FindFault = Callable[[ReviewWindow], FaultDialog]


# Opening --------------------------------------------------------------------------------------------------------------


def test_the_first_screen_offers_what_to_do_and_says_what_the_program_is_for(window: ReviewWindow) -> None:
    assert window.start.isVisible()
    assert window.start.open_button.isVisible()
    assert window.start.demo_button.isVisible()
    assert "Not for diagnosis" in window.start.intended.text()
    assert not window.commands.actions["reconstruct"].isEnabled()


def test_a_click_opens_the_demonstration(qtbot: QtBot, window: ReviewWindow, demo: Path, settle: Settle) -> None:
    qtbot.mouseClick(window.start.demo_button, Qt.MouseButton.LeftButton)
    settle(window)
    assert window.session.recording is not None
    assert window.session.recording.path == demo
    assert window.page.isVisible()
    assert not window.start.isVisible()


def test_a_click_opens_a_recording_that_was_opened_before(
    qtbot: QtBot, window: ReviewWindow, edf: Callable[[str, list[str]], Path], settle: Settle
) -> None:
    first, second = (edf(name, ["EEG Fp1-Ref", "EEG F7-Ref"]) for name in ("first.edf", "second.edf"))
    for path in (first, second):
        with qtbot.waitSignal(window.session.opened):
            window.session.open(path)
        settle(window)
    window.session.close_recording()
    qtbot.waitUntil(window.start.isVisible)
    entries = [button for button in window.start.findChildren(QToolButton) if button.isVisible()]
    assert [button.text().split()[0] for button in entries] == ["second.edf", "first.edf"], "the latest first"
    assert all(button.toolTip() for button in entries)
    qtbot.mouseClick(entries[1], Qt.MouseButton.LeftButton)
    settle(window)
    assert window.session.recording is not None
    assert window.session.recording.path == first


def test_the_first_screen_is_worked_by_keyboard(qtbot: QtBot, window: ReviewWindow, demo: Path, settle: Settle) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    button = window.start.demo_button
    for _ in range(10):
        if button.hasFocus():
            break
        qtbot.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
    qtbot.keyClick(button, Qt.Key.Key_Space)
    settle(window)
    assert window.session.recording is not None
    assert window.session.recording.path == demo


def test_a_recording_is_opened_by_the_dialog(
    window: ReviewWindow, demo: Path, monkeypatch: pytest.MonkeyPatch, press: Press, settle: Settle
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(demo), ""))
    press(window, Key.Key_O, CTRL)
    settle(window)
    assert window.page.isVisible()
    assert window.session.rows[0].label == "Fp1–F7"
    assert window.session.settings.get("files.recent") == [str(demo)]
    assert "SIMULATED PATIENT" in window.windowTitle()


def test_what_is_being_opened_is_said(window: ReviewWindow, demo: Path, few_channels: Path, settle: Settle) -> None:
    window.session.open(demo)
    assert window.start.state.text() == f"Opening {demo.name} …"
    assert window.start.state.isVisible()
    settle(window)
    window.session.open(few_channels)
    assert window.statusBar().currentMessage() == f"Opening {few_channels.name} …", "the page of before is still there"
    settle(window)
    assert "Opening" not in window.statusBar().currentMessage()


def test_a_dialog_that_is_left_opens_nothing(
    window: ReviewWindow, monkeypatch: pytest.MonkeyPatch, press: Press
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    press(window, Key.Key_O, CTRL)
    assert window.session.recording is None


def test_a_recording_is_opened_by_dropping_it(window: ReviewWindow, demo: Path, settle: Settle) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(demo))])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(50, 50), copy, data, left, none)
    window.dragEnterEvent(enter)
    assert enter.isAccepted()
    window.dropEvent(QDropEvent(QPointF(50, 50), copy, data, left, none))
    settle(window)
    assert window.session.recording is not None


def test_a_real_recording_opens_in_the_longitudinal_montage_at_a_time(
    window: ReviewWindow, real: Callable[[str], Path], settle: Settle
) -> None:
    window.session.open(real("scalp/S001R01.edf"), at=20.0)
    settle(window)
    assert [r.label for r in window.session.rows][:4] == ["Fp1–F7", "F7–T3", "T3–T5", "T5–O1"]
    assert window.session.state.span == Span(20.0, 30.0)
    assert "64 of 64 channels" in window.says.text()


def test_another_recording_takes_the_place_of_the_first(
    qtbot: QtBot, opened: ReviewWindow, few_channels: Path, press: Press, settle: Settle
) -> None:
    press(opened, Key.Key_R)
    opened.session.open(few_channels)
    qtbot.waitUntil(lambda: opened.session.recording.path == few_channels)
    settle(opened)
    assert not opened.session.reconstruction.has_any
    assert opened.session.state.start == 0.0


def test_closing_a_recording_goes_back_to_the_first_screen(opened: ReviewWindow, press: Press) -> None:
    press(opened, Key.Key_W, CTRL)
    assert opened.start.isVisible()
    assert not opened.page.isVisible()


# What is wrong with a file --------------------------------------------------------------------------------------------


def bad_files(folder: Path) -> dict[str, Path]:
    made = {name: folder / f"{name}.edf" for name in ("missing", "text", "empty", "folder")}
    made["text"].write_text("This is no EDF file, whatever its name says. " * 20)
    made["empty"].write_bytes(b"")
    made["folder"].mkdir()
    return made


@pytest.mark.parametrize("name", ["missing", "text", "empty", "folder"])
def test_a_file_that_cannot_be_read_is_a_sentence_on_the_first_screen(
    qtbot: QtBot, window: ReviewWindow, tmp_path: Path, name: str
) -> None:
    window.session.open(bad_files(tmp_path)[name])
    qtbot.waitUntil(lambda: window.fault is not None)
    assert window.start.state.text() == window.fault.text
    assert window.start.state.isVisible()
    assert window.fault.text.endswith(".")
    assert "Traceback" not in window.fault.text


def test_a_file_that_cannot_be_read_leaves_the_open_recording_alone(
    qtbot: QtBot, opened: ReviewWindow, tmp_path: Path, fault: FindFault
) -> None:
    opened.session.open(bad_files(tmp_path)["text"])
    qtbot.waitUntil(lambda: any(d.isVisible() for d in opened.findChildren(FaultDialog)))
    assert opened.session.recording is not None
    assert opened.page.isVisible()
    fault(opened).close()


def test_a_truncated_recording_is_shown_and_said_to_be(
    window: ReviewWindow, demo: Path, tmp_path: Path, settle: Settle
) -> None:
    short = tmp_path / "short.edf"
    short.write_bytes(demo.read_bytes()[:400_000])
    window.session.open(short)
    settle(window)
    assert window.session.recording.problems
    assert "problem" in window.says.text()


def test_fewer_than_six_channels_are_viewed_and_not_reconstructed_with_the_reason(
    window: ReviewWindow, few_channels: Path, press: Press, settle: Settle
) -> None:
    window.session.open(few_channels)
    settle(window)
    assert window.page.drawn
    assert "at least 6" in window.session.reconstruction.reason
    assert not window.commands.actions["reconstruct"].isEnabled()
    press(window, Key.Key_R)
    assert not window.session.reconstruction.computing
    assert window.ieeg.drawn


def test_a_recording_without_eeg_is_viewed(window: ReviewWindow, tmp_path: Path, settle: Settle) -> None:
    path = tmp_path / "ecg.edf"
    wave = np.sin(np.arange(3000) / 10)
    edfio.Edf([edfio.EdfSignal(wave, sampling_frequency=100, label="ECG", physical_dimension="mV")]).write(path)
    window.session.open(path)
    settle(window)
    assert [row.label for row in window.session.rows] == ["ECG"]


@pytest.mark.expects_warnings
def test_without_a_model_recordings_are_viewed_and_the_reason_is_said(demo: Path, settle: Settle) -> None:
    def damaged() -> None:
        raise ModelProblem("The model card is damaged; install the model again or choose another.")

    session = Session(Settings(), make_backend=damaged)  # type: ignore[arg-type]
    window = ReviewWindow(session)
    window.show()
    session.load_model()
    session.open(demo)
    settle(window)
    assert window.page.drawn
    assert window.ieeg.drawn
    assert not window.commands.actions["reconstruct"].isEnabled()
    window.close()
    window.deleteLater()
    session.deleteLater()


# Paging and what is set -----------------------------------------------------------------------------------------------


def test_keys_turn_pages_tenths_and_seconds(opened: ReviewWindow, press: Press, settle: Settle) -> None:
    state = opened.session.store
    for key, modifiers, expected in (
        (Key.Key_Right, None, 10.0),
        (Key.Key_Right, SHIFT, 11.0),
        (Key.Key_Right, CTRL, 12.0),
        (Key.Key_Left, CTRL, 11.0),
        (Key.Key_Left, SHIFT, 10.0),
        (Key.Key_Left, None, 0.0),
        (Key.Key_Left, None, 0.0),
        (Key.Key_End, None, 590.0),
        (Key.Key_Right, None, 590.0),
        (Key.Key_Home, None, 0.0),
    ):
        press(opened, key, modifiers)
        assert state.state.start == pytest.approx(expected)
    settle(opened)
    assert opened.session.page.request.span == Span(0.0, 10.0)


def test_a_page_that_was_read_ahead_is_there_at_once(qtbot: QtBot, opened: ReviewWindow, press: Press) -> None:
    qtbot.waitUntil(lambda: not opened.session.lanes.read.busy)
    press(opened, Key.Key_Right)
    assert opened.session.page.request.span == Span(10.0, 20.0)


def test_a_page_behind_was_read_too(qtbot: QtBot, opened: ReviewWindow, press: Press, settle: Settle) -> None:
    opened.session.go_to(100.0)
    settle(opened)
    qtbot.waitUntil(lambda: not opened.session.lanes.read.busy)
    press(opened, Key.Key_Left)
    assert opened.session.page.request.span == Span(90.0, 100.0)


def test_every_panel_shows_the_same_seconds(qtbot: QtBot, opened: ReviewWindow, press: Press, settle: Settle) -> None:
    press(opened, Key.Key_Right)
    settle(opened)
    assert opened.page.span == opened.ieeg.span == Span(10.0, 20.0)
    lefts = {w.mapTo(opened, QPoint(0, 0)).x() for w in (opened.page, opened.ieeg, opened.spectrogram)}
    assert len(lefts) == 1
    assert opened.page.width() == opened.ieeg.width() == opened.spectrogram.width()
    qtbot.mouseMove(opened.ieeg, QPoint(400, 100))
    assert opened.page._cursor == opened.ieeg._cursor == opened.spectrogram._cursor is not None


@pytest.mark.parametrize(("key", "montage", "label"), [(Key.Key_3, "average", "avg"), (Key.Key_7, "as recorded", "")])
def test_a_key_changes_the_montage(
    opened: ReviewWindow, key: Key, montage: str, label: str, press: Press, settle: Settle
) -> None:
    before = opened.page.grab().toImage()
    press(opened, key)
    settle(opened)
    assert opened.session.state.montage == montage
    assert label in opened.session.rows[0].label
    assert opened.page.grab().toImage() != before
    assert opened.commands.actions["montage_1"].isChecked() is False
    press(opened, Key.Key_1)
    settle(opened)
    assert opened.page.grab().toImage() == before


def test_keys_and_choices_change_the_sensitivity(opened: ReviewWindow, press: Press) -> None:
    press(opened, Key.Key_Up)
    assert opened.session.state.sensitivity == pytest.approx(5e-6)
    press(opened, Key.Key_Down)
    press(opened, Key.Key_Down)
    assert opened.session.state.sensitivity == pytest.approx(10e-6)
    press(opened, Key.Key_Up, SHIFT)
    assert opened.session.state.depth_sensitivity == pytest.approx(30e-6)
    opened.commands.sensitivity.menu().actions()[0].trigger()
    assert opened.session.state.sensitivity == pytest.approx(1e-6)
    assert opened.commands.sensitivity.text() == "1 µV/mm"


def test_filters_go_off_and_on_and_change(opened: ReviewWindow, press: Press, settle: Settle) -> None:
    before = opened.session.page.traces[0].y.copy()
    press(opened, Key.Key_F)
    settle(opened)
    assert not np.allclose(opened.session.page.traces[0].y, before, atol=1e-9)
    assert "filters off" in opened.says.text()
    press(opened, Key.Key_F)
    opened.commands.high.menu().actions()[1].trigger()
    settle(opened)
    assert opened.session.page.request.filters.high_cut == 15.0
    assert "1–15 Hz" in opened.says.text()


def test_the_time_base_keeps_the_middle_of_the_page(opened: ReviewWindow, settle: Settle) -> None:
    opened.session.go_to(100.0)
    opened.session.set_seconds(30.0)
    settle(opened)
    assert opened.session.state.span == Span(90.0, 120.0)
    assert opened.commands.base.text() == "30 s"


def test_a_bad_channel_is_set_aside_and_taken_back(opened: ReviewWindow, settle: Settle) -> None:
    opened.session.toggle_bad("T3")
    settle(opened)
    assert {r.label for r in opened.session.rows if r.bad} == {"F7–T3", "T3–T5"}
    assert "20 of 21 channels" in opened.says.text()
    opened.session.toggle_bad("T3")
    assert not opened.session.state.bad


def test_privacy_hides_the_patient_everywhere(opened: ReviewWindow, press: Press) -> None:
    name = opened.session.recording.patient.name
    assert name in opened.windowTitle()
    press(opened, Key.Key_H, CTRL)
    assert name not in opened.windowTitle() + opened.header.patient + opened.header.accessibleDescription()
    press(opened, Key.Key_H, CTRL)
    assert name in opened.header.patient


def test_light_turns_dark_and_back_and_is_remembered(opened: ReviewWindow) -> None:
    opened.commands.actions["dark"].trigger()
    assert opened.look.is_dark
    assert opened.settings.get("look.theme") == "dark"
    opened.commands.actions["dark"].trigger()
    assert not opened.look.is_dark


def test_one_of_three_looks_is_chosen_and_said_and_remembered(opened: ReviewWindow) -> None:
    actions, names = opened.commands.actions, ("light", "dark", "print")
    for name in ("print", "dark", "light", "print"):
        actions[name].trigger()
        assert opened.look.name == name
        assert opened.settings.get("look.theme") == name
        assert look_of(opened) is opened.look, "dialogs are in the same look"
        assert [n for n in names if actions[n].isChecked()] == [name]
    actions["dark"].trigger()
    actions["dark"].trigger()
    assert opened.look.name == "light"


def test_a_channel_is_chosen_by_a_click_and_its_spectrogram_follows(
    qtbot: QtBot, opened: ReviewWindow, settle: Settle
) -> None:
    place = opened.page.places()[0][3]
    qtbot.mouseClick(opened.page, Qt.MouseButton.LeftButton, pos=QPoint(30, round(place.y)))
    assert opened.session.state.channel == "T5–O1"
    settle(opened)
    assert opened.spectrogram.accessibleDescription().startswith("T5–O1")


def test_going_to_a_time_by_dialog(qtbot: QtBot, opened: ReviewWindow, press: Press) -> None:
    press(opened, Key.Key_G)
    dialog = opened.findChild(QDialog)
    field = dialog.findChild(QLineEdit)
    field.setText("2:05")
    qtbot.keyClick(field, Key.Key_Return)
    assert opened.session.state.start == pytest.approx(125.0)


def test_events_are_visited_with_keys(opened: ReviewWindow, press: Press) -> None:
    times = sorted(a.onset for a in opened.session.recording.annotations)
    later = next(t for t in times if t > 10.0)
    opened.session.set_cursor(9.99)
    press(opened, Key.Key_N)
    assert opened.session.cursor == pytest.approx(later)
    assert opened.session.state.start <= later < opened.session.state.start + 10.0
    press(opened, Key.Key_N, SHIFT)
    assert opened.session.cursor < later


def test_the_next_spike_is_looked_for_as_far_as_it_takes(qtbot: QtBot, opened: ReviewWindow, press: Press) -> None:
    with qtbot.waitSignal(opened.session.spikes.found, timeout=60_000) as found:
        press(opened, Key.Key_S)
    time = found.args[0]
    assert time is not None
    assert opened.session.cursor == time
    nearer = [s for s in opened.session.spikes.scalp() if s.time < time - 0.2]
    assert not nearer
    with qtbot.waitSignal(opened.session.spikes.found, timeout=60_000) as again:
        press(opened, Key.Key_S)
    assert again.args[0] > time
    with qtbot.waitSignal(opened.session.spikes.found, timeout=60_000) as back:
        press(opened, Key.Key_S, SHIFT)
    assert back.args[0] == opened.session.cursor == time


def test_a_step_is_from_one_discharge_of_the_list_to_the_next(
    qtbot: QtBot, opened: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = ((4.0, 1.0), (4.08, 3.0), (4.15, 1.2), (4.27, 1.0), (9.0, 1.0))
    spikes = tuple(Spike("F7–T3", time, strength=strength) for time, strength in chain)
    monkeypatch.setattr(opened.session.spikes, "scalp", lambda: spikes)
    visited = []
    for _ in range(3):
        with qtbot.waitSignal(opened.session.spikes.found, timeout=60_000) as found:
            press(opened, Key.Key_S)
        visited.append(found.args[0])
    assert visited == [4.08, 4.27, 9.0]


def test_p_presents_without_names_and_comes_back_to_what_was_there(
    qtbot: QtBot, window: ReviewWindow, demo: Path
) -> None:
    session = window.session
    with qtbot.waitSignal(session.opened, timeout=60_000):
        session.open(demo)
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    size, gutter_before = window.ieeg.header_height(), gutter()
    shown = {name: not dock.isHidden() for name, dock in window.docks.items()}
    qtbot.keyClick(window, Qt.Key.Key_P)
    assert window.isFullScreen()
    assert window.ieeg.header_height() > 1.4 * size
    assert gutter() > 1.5 * gutter_before, "large labels have room"
    assert session.state.private
    assert "Demonstration" not in window.header.patient
    assert "Demonstration" not in window.windowTitle()
    assert not window.menuBar().isVisible()
    assert not window.bar.isVisible()
    assert [name for name, dock in window.docks.items() if not dock.isHidden()] == ["Implant"]
    before = session.state.start
    qtbot.keyClick(window, Qt.Key.Key_Right)
    assert session.state.start > before, "keys work without a menu"
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen()
    assert not session.state.private
    assert gutter() == gutter_before
    assert {name: not dock.isHidden() for name, dock in window.docks.items()} == shown
    assert window.menuBar().isVisible()
    assert window.bar.isVisible()


def test_the_layout_of_a_presentation_is_not_what_is_remembered(qtbot: QtBot, window: ReviewWindow, demo: Path) -> None:
    session = window.session
    with qtbot.waitSignal(session.opened, timeout=60_000):
        session.open(demo)
    window.commands.view.present()
    window.leave()
    assert not session.settings.get("look.privacy")
    assert not window.presenting
