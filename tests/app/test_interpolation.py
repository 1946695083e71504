"""Bad channels interpolated where the reader asks for it: drawn as such, and used for nothing else."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from neuroflow.recording import ChannelKind
from neuroflow_review.session.report import content_of
from neuroflow_review.session.spectra import SpectrogramPage
from neuroflow_review.window import ReviewWindow, menus
from neuroflow_review.window.shown import save_shown

Press = Callable[..., None]
Settle = Callable[[ReviewWindow], None]


@pytest.fixture
def asked(qtbot: QtBot, opened: ReviewWindow, settle: Settle) -> ReviewWindow:
    """The demonstration with T3 set aside and interpolated."""
    opened.session.toggle_bad("T3")
    settle(opened)
    opened.commands.actions["interpolate"].trigger()
    qtbot.waitUntil(lambda: opened.session.state.interpolate, timeout=60_000)
    settle(opened)
    return opened


def test_nothing_is_interpolated_until_the_reader_asks(opened: ReviewWindow, settle: Settle) -> None:
    opened.session.toggle_bad("T3")
    settle(opened)
    assert not opened.commands.actions["interpolate"].isChecked()
    assert not any(row.interpolated for row in opened.session.rows)
    assert "interpolated" not in opened.says.text()


def test_an_interpolated_row_is_drawn_and_said_to_be(asked: ReviewWindow, settle: Settle) -> None:
    session = asked.session
    assert {row.label for row in session.page.request.rows if row.interpolated} == {"F7–T3", "T3–T5"}
    assert "1 channel interpolated" in asked.says.text()
    assert "20 of 21 channels" in asked.says.text()
    assert asked.page._tips["F7–T3"] == "T3: interpolated, not recorded"
    with_it = asked.page.grab().toImage()
    drawn = session.page.traces[1].y.copy()
    asked.commands.actions["interpolate"].trigger()
    settle(asked)
    assert not session.state.interpolate
    assert asked.page.grab().toImage() != with_it
    assert not np.allclose(session.page.traces[1].y, drawn, atol=1e-7)
    assert "interpolated" not in asked.says.text()


def test_what_is_interpolated_is_neither_reconstructed_from_nor_searched_nor_mapped(
    asked: ReviewWindow, backend, press: Press, reconstructed: Callable[[ReviewWindow], None], qtbot: QtBot
) -> None:
    press(asked, Qt.Key.Key_R)
    reconstructed(asked)
    assert {request.excluded for request in backend.asked} == {frozenset({"T3"})}
    assert not {s.label for s in asked.session.spikes.scalp()} & {"F7–T3", "T3–T5"}
    press(asked, Qt.Key.Key_M)
    asked.session.set_cursor(asked.session.state.start + 1.0)
    qtbot.waitUntil(lambda: asked.topomap.shown is not None, timeout=60_000)
    assert asked.topomap.shown is not None
    assert "T3" not in asked.topomap.shown.sites


def test_an_interpolated_row_has_no_spectrogram_and_its_values_are_named(
    qtbot: QtBot, asked: ReviewWindow, tmp_path: Path, settle: Settle
) -> None:
    said: list[SpectrogramPage] = []
    asked.session.spectra.ready.connect(said.append)
    asked.commands.marks.choose_channel("F7–T3")
    settle(asked)
    assert said[-1].spectrogram is None
    assert "interpolated, not recorded" in said[-1].why
    asked.session.set_cursor(1.0)
    assert asked.inspector._channel.text().startswith("F7–T3 (interpolated)")
    save_shown(asked, tmp_path / "page.csv")
    qtbot.waitUntil((tmp_path / "page.csv").is_file)
    with (tmp_path / "page.csv").open(encoding="utf-8-sig", newline="") as file:
        kinds = {(line["signal"], line["what"]) for line in csv.DictReader(file)}
    assert ("F7–T3", "interpolated, not recorded: T3") in kinds
    assert ("Fp1–F7", "recorded") in kinds
    assert ("F7–T3", "recorded") not in kinds


def test_an_interpolated_channel_is_taken_back_where_it_is_drawn(asked: ReviewWindow, settle: Settle) -> None:
    menus.row_menu(asked.commands, "F7–T3", QPoint(100, 100))
    menu = next(m for m in asked.findChildren(QMenu) if m.isVisible())
    texts = {action.text(): action for action in menu.actions()}
    assert {"Set F7 aside as bad", "Take T3 back"} <= set(texts)
    texts["Take T3 back"].trigger()
    menu.close()
    settle(asked)
    assert not asked.session.state.bad
    assert not any(row.interpolated for row in asked.session.rows)
    assert "interpolated" not in asked.says.text()


def test_a_channel_of_the_average_montage_is_set_aside_by_its_menu(opened: ReviewWindow, settle: Settle) -> None:
    opened.commands.view.set_montage("average")
    settle(opened)
    menus.row_menu(opened.commands, "T3–avg", QPoint(100, 100))
    menu = next(m for m in opened.findChildren(QMenu) if m.isVisible())
    assert "Set T3 aside as bad" in [action.text() for action in menu.actions()]
    menu.close()


def test_another_recording_opens_without_interpolation(
    qtbot: QtBot, asked: ReviewWindow, few_channels: Path, settle: Settle
) -> None:
    asked.session.open(few_channels)
    qtbot.waitUntil(lambda: asked.session.recording.path == few_channels)
    settle(asked)
    assert not asked.session.state.interpolate
    assert not asked.commands.actions["interpolate"].isChecked()


def test_a_report_says_what_was_interpolated(asked: ReviewWindow) -> None:
    rows = dict(row for row in content_of(asked.session, private=False).tables[0].rows if len(row) == 2)
    assert rows["Set aside"] == "T3, interpolated on the pages"


def test_ears_cannot_be_interpolated_and_that_is_said(asked: ReviewWindow, settle: Settle) -> None:
    eeg = [c.name for c in asked.session.recording.channels if c.kind is ChannelKind.EEG]
    assert {"A1", "A2"} <= set(eeg)
    asked.session.store.update(bad=frozenset({"A1"}), montage="linked ears")
    settle(asked)
    assert all(row.bad and not row.interpolated for row in asked.session.rows if row.kind == "EEG")
    assert "nothing can be interpolated here" in asked.says.text()
