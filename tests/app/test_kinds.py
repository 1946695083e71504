"""Channels of other kinds than EEG: the reader gives each kind a scale and filters, and they are drawn and kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import edfio
import numpy as np
import pytest
from PySide6.QtCore import QBuffer, QIODevice, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot
from tests.app.conftest import words_of

from neuroflow.recording import ChannelKind
from neuroflow.signal.filters import Filters, apply_filters
from neuroflow_review.dialogs.kinds import KindsDialog
from neuroflow_review.kinds import OTHER_KINDS, STANDARD, changed, view_of
from neuroflow_review.paper import pixels_per_mm
from neuroflow_review.report import head_words
from neuroflow_review.session import Session
from neuroflow_review.session.montages import Montages
from neuroflow_review.session.origin import origin_rows
from neuroflow_review.session.remembered import initial_state, remember
from neuroflow_review.session.report import Choice, Drawn, Moment, content_of
from neuroflow_review.settings import Settings, kind_key
from neuroflow_review.views.page import PageView
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.report import setting_of
from neuroflow_review.window.shown import save_shown

RATE, SECONDS = 500, 40
ECG, RESPIRATION = ChannelKind.ECG, ChannelKind.RESPIRATION
UP, DOWN = Qt.Key.Key_Up, Qt.Key.Key_Down
KEYS = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier
Settle = Callable[[ReviewWindow], None]
Press = Callable[..., None]


def waves() -> dict[str, np.ndarray]:
    """EEG, a heart with hum of 50 Hz on it, a breath and a saturation."""
    t = np.arange(RATE * SECONDS) / RATE
    rng = np.random.default_rng(3)
    made = {f"EEG {site}": rng.normal(0, 10, t.size) for site in ("Fp1", "F7", "T3", "T5", "O1", "Fp2")}
    made["ECG"] = 300 * np.sin(2 * np.pi * t) + 100 * np.sin(2 * np.pi * 50 * t)
    made["SpO2"] = np.full(SECONDS, 97.0)
    made["Resp"] = 200 * np.sin(2 * np.pi * 0.25 * np.arange(25 * SECONDS) / 25) + 80
    return made


@pytest.fixture
def sleeper(window: ReviewWindow, tmp_path: Path, settle: Settle) -> ReviewWindow:
    rates, limits = {"SpO2": 1, "Resp": 25}, {"SpO2": (0.0, 100.0)}
    signals = [
        edfio.EdfSignal(
            y, rates.get(label, RATE), label=label, physical_dimension="%" if label == "SpO2" else "uV",
            physical_range=limits.get(label, (-500.0, 500.0)),
        )
        for label, y in waves().items()
    ]  # fmt: skip
    path = tmp_path / "sleeper.edf"
    edfio.Edf(signals).write(path)
    window.session.store.update(montage="as recorded")
    window.session.open(path)
    settle(window)
    return window


def test_every_row_says_its_scale_whole_the_first_too(window: ReviewWindow, tmp_path: Path, settle: Settle) -> None:
    t = np.arange(30 * 10) / 10
    units = {"Pressure": "mmHg", "Temp rectal": "DegC", "Marker": "", "Output": "V"}
    signals = [
        edfio.EdfSignal(4 * np.sin(t), 10, label=label, physical_dimension=unit, physical_range=(-5.0, 5.0))
        for label, unit in units.items()
    ]
    path = tmp_path / "others.edf"
    edfio.Edf(signals).write(path)
    window.session.open(path)
    settle(window)
    words = words_of(window.page)
    assert [words.count(unit) for unit in ("2 mmHg/mm", "2 DegC", "2 per mm", "2 V/mm")] == [1, 1, 1, 1], words
    assert "…" not in words


@pytest.mark.parametrize(
    ("labels", "bar"), [({"ECG": "uV", "SpO2": "%"}, "1 mV 0.2 s 100 µV/mm"), ({"SpO2": "%"}, "0.2 s")]
)
def test_of_a_recording_without_eeg_no_scale_is_said_that_no_row_is_drawn_in(
    window: ReviewWindow, tmp_path: Path, settle: Settle, labels: dict[str, str], bar: str
) -> None:
    t = np.arange(30 * 100) / 100
    signals = [
        edfio.EdfSignal(50 + 40 * np.sin(t), 100, label=label, physical_dimension=unit, physical_range=(-100.0, 100.0))
        for label, unit in labels.items()
    ]
    edfio.Edf(signals).write(tmp_path / "night.edf")
    window.session.open(tmp_path / "night.edf")
    settle(window)
    page = " ".join(words_of(window.page).split())
    assert bar in page
    assert "7 µV/mm" not in page + window.says.text()
    assert "1–70 Hz" not in window.says.text()
    assert "0 of 0 channels" not in window.says.text()
    said_of_it = (
        head_words(setting_of(window.session, Choice()), Drawn(Moment(5.0, "page"), window.session.page, None, ())),
        dict(content_of(window.session, private=False).tables[0].rows[1:])["Shown"],
        dict(origin_rows(window.session))["Shown"],
    )
    for words in said_of_it:
        assert "as recorded" in words
        assert "7 µV/mm" not in words
        assert "1–70 Hz" not in words
    if "ECG" in labels:
        window.commands.read.zoom_into("ECG")
        settle(window)
        said = f"{window.session.state.solo_sensitivity * 1e6:g} µV/mm"
        assert said in words_of(window.page)
        assert said in window.says.text(), "alone it is drawn in the page's"


@pytest.fixture
def dialog(sleeper: ReviewWindow) -> Callable[[], KindsDialog]:
    def ask() -> KindsDialog:
        sleeper.commands.actions["kinds"].trigger()
        return next(d for d in sleeper.findChildren(KindsDialog) if d.isVisible())

    return ask


def row_of(window: ReviewWindow, label: str) -> int:
    return [row.label for row in window.session.rows].index(label)


def drawn_mm(page: PageView, label: str) -> float:
    """Peak to peak of the line that is drawn of a row, in millimetres of its page."""
    buffer, generator = QBuffer(), QSvgGenerator()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator.setOutputDevice(buffer)
    generator.setSize(QSize(page.width(), page.height()))
    generator.setViewBox(QRectF(0, 0, page.width(), page.height()))
    with QPainter(generator) as painter:
        page.draw(painter)
    lines = []
    for element in ElementTree.fromstring(bytes(buffer.data().data()).decode()).iter():
        points = np.array([pair.split(",") for pair in element.get("points", "").split()], dtype=float)
        if element.tag.endswith("polyline") and len(points) > 50:
            lines.append(points[:, 1])
    rows = [place.label for place in page.places()[0]]
    # A line a row, of the lines in their order: what is drawn is in the order of the rows.
    assert len(lines) == len(rows) - ("SpO2" in rows)
    rows = [row for row in rows if row != "SpO2"]  # of a point a second
    return float(np.ptp(lines[rows.index(label)])) / pixels_per_mm(page)


def choose(box: Any, words: str) -> None:
    at = box.findText(words)
    assert at >= 0, [box.itemText(k) for k in range(box.count())]
    box.setCurrentIndex(at)


def test_keys_make_the_chosen_channels_kind_larger_and_smaller_and_nothing_else(
    sleeper: ReviewWindow, press: Press, settle: Settle
) -> None:
    sleeper.commands.marks.choose_channel("ECG")
    settle(sleeper)
    before, brain, breath = (drawn_mm(sleeper.page, label) for label in ("ECG", "Fp1", "Resp"))
    press(sleeper, UP, KEYS)
    settle(sleeper)
    assert drawn_mm(sleeper.page, "ECG") == pytest.approx(before * 100 / 75, rel=0.02)
    assert "75 µV/mm" in words_of(sleeper.page)
    assert "ECG 75 µV/mm, 0.53–70 Hz" in sleeper.says.text()
    for _ in range(2):
        press(sleeper, DOWN, KEYS)
    settle(sleeper)
    assert drawn_mm(sleeper.page, "ECG") == pytest.approx(before * 100 / 150, rel=0.02)
    assert (drawn_mm(sleeper.page, "Fp1"), drawn_mm(sleeper.page, "Resp")) == (brain, breath)


def test_what_is_fitted_to_the_recording_is_made_larger_about_its_middle(
    sleeper: ReviewWindow, press: Press, settle: Settle
) -> None:
    sleeper.commands.marks.choose_channel("Resp")
    fitted, before = sleeper.session.page.traces[row_of(sleeper, "Resp")].scale, drawn_mm(sleeper.page, "Resp")
    press(sleeper, UP, KEYS)
    settle(sleeper)
    assert drawn_mm(sleeper.page, "Resp") == pytest.approx(2 * before, rel=0.02)
    assert f"Resp {fitted / 2 * 1e6:g} µV/mm" not in sleeper.says.text()
    assert f"respiration {fitted / 2 * 1e6:g} µV/mm" in sleeper.says.text()
    sleeper.commands.marks.choose_channel("SpO2")
    press(sleeper, DOWN, KEYS)
    settle(sleeper)
    assert "2 %/mm" in words_of(sleeper.page)


def test_a_channel_of_eeg_has_no_kind_to_make_larger(sleeper: ReviewWindow, press: Press) -> None:
    sleeper.commands.marks.choose_channel("Fp1")
    press(sleeper, UP, KEYS)
    assert sleeper.session.state.kinds == STANDARD
    assert "Choose a channel that is no EEG" in sleeper.statusBar().currentMessage()


def test_cut_offs_of_a_kind_are_chosen_in_the_dialog_and_filter_its_channels_alone(
    sleeper: ReviewWindow, dialog: Callable[[], KindsDialog], settle: Settle
) -> None:
    before = [trace.samples.copy() for trace in sleeper.session.page.traces]
    asked = dialog()
    choose(asked.boxes[ECG, "low_cut"], "off")
    choose(asked.boxes[ECG, "high_cut"], "15 Hz")
    choose(asked.boxes[RESPIRATION, "high_cut"], "1 Hz")
    asked.accept()
    settle(sleeper)
    traces, heart = sleeper.session.page.traces, row_of(sleeper, "ECG")
    assert traces[heart].filters == Filters(None, 15.0)
    whole = apply_filters(waves()["ECG"][None] * 1e-6, RATE, Filters(None, 15.0))[0]
    middle = slice(round((5.0 - traces[heart].start) * RATE), round((8.0 - traces[heart].start) * RATE))
    np.testing.assert_allclose(traces[heart].samples[middle], whole[5 * RATE : 8 * RATE], atol=1e-6)
    for label in ("Fp1", "SpO2"):
        np.testing.assert_array_equal(traces[row_of(sleeper, label)].samples, before[row_of(sleeper, label)])
    assert traces[row_of(sleeper, "Resp")].filters == Filters(0.03, 1.0)


def test_the_notch_of_the_page_takes_hum_out_of_a_heart_and_leaves_flashes_alone(
    sleeper: ReviewWindow, settle: Settle
) -> None:
    heart = row_of(sleeper, "ECG")

    def hum() -> float:
        y = sleeper.session.page.traces[heart].samples[1:5001]  # the first lies before the file
        return float(np.abs(np.fft.rfft(y - y.mean()))[round(50 * y.size / RATE)])

    before = hum()
    sleeper.session.store.update(filters=Filters(1.0, 70.0, 50.0))
    settle(sleeper)
    assert hum() < 0.05 * before
    oxygen = sleeper.session.page.traces[row_of(sleeper, "SpO2")]
    assert oxygen.filters == Filters(None, None, None)


def test_the_dialog_says_what_is_there_has_the_chosen_kind_and_goes_back_to_what_ships(
    qtbot: QtBot, sleeper: ReviewWindow, dialog: Callable[[], KindsDialog]
) -> None:
    sleeper.commands.marks.choose_channel("Resp")
    asked = dialog()
    qtbot.waitUntil(lambda: asked.focusWidget() is asked.boxes[RESPIRATION, "scale"])
    for (kind, _), box in asked.boxes.items():
        assert kind.value in box.accessibleName()
        assert box.toolTip()
    assert asked.boxes[ECG, "scale"].currentText() == "100 µV/mm"
    choose(asked.boxes[ECG, "scale"], "50 µV/mm")
    choose(asked.boxes[RESPIRATION, "scale"], "5 × larger")
    assert view_of(sleeper.session.state.kinds, ECG).scale == pytest.approx(50e-6)
    assert view_of(sleeper.session.state.kinds, RESPIRATION).scale == 0.2
    asked.shipped.click()
    assert sleeper.session.state.kinds == STANDARD
    assert asked.boxes[ECG, "scale"].currentText() == "100 µV/mm"
    asked.accept()


def test_the_menu_of_a_row_leads_to_its_kind(qtbot: QtBot, sleeper: ReviewWindow) -> None:
    def texts(label: str) -> list[QAction]:
        sleeper.page.row_menu.emit(label, sleeper.mapToGlobal(QPoint(80, 300)))
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        found = [action for action in menu.actions() if action.text().startswith("Scale and filters of")]
        menu.close()
        return found

    assert texts("Fp1") == []
    (action,) = texts("ECG")
    assert action.text() == "Scale and filters of ECG…"
    action.trigger()
    asked = next(d for d in sleeper.findChildren(KindsDialog) if d.isVisible())
    qtbot.waitUntil(lambda: asked.focusWidget() is asked.boxes[ECG, "scale"])
    asked.reject()


def test_a_heart_that_has_the_page_to_itself_is_stepped_as_the_page_is(sleeper: ReviewWindow, press: Press) -> None:
    sleeper.commands.read.zoom_into("ECG")
    before = sleeper.session.state.solo_sensitivity
    press(sleeper, UP, KEYS)
    assert sleeper.session.state.solo_sensitivity < before
    assert sleeper.session.state.kinds == STANDARD


def test_a_scale_between_the_rungs_is_shown_as_it_is(qtbot: QtBot) -> None:
    heart = replace(view_of(STANDARD, ECG), scale=33e-6, filters=Filters(0.7, 44.0))
    made = KindsDialog(changed(STANDARD, heart), {ECG: 1})
    qtbot.addWidget(made)
    texts = [made.boxes[ECG, field].currentText() for field in ("scale", "low_cut", "high_cut")]
    assert texts == ["33 µV/mm", "0.7 Hz · 0.23 s", "44 Hz"]


def test_of_a_night_in_the_laboratory_each_kind_is_drawn_as_it_was_chosen(
    show: Callable[[Path], ReviewWindow], real: Callable[[str], Path], settle: Settle
) -> None:
    window = show(real("scalp/short_psg.edf"))
    before = {row.label: drawn_in(window, row.label) for row in window.session.rows}
    kinds = {row.label: row.kind for row in window.session.rows}
    eye = replace(view_of(STANDARD, ChannelKind.EOG), scale=10e-6)
    muscle = replace(view_of(STANDARD, ChannelKind.EMG), scale=5e-6, filters=Filters(20.0, None))
    window.session.store.update(kinds=changed(changed(STANDARD, eye), muscle))
    settle(window)
    times = {"EOG": 0.5, "EMG": 0.25}
    assert set(times) <= set(kinds.values())
    for label, (scale, filters) in before.items():
        after_scale, after_filters = drawn_in(window, label)
        wanted = Filters(20.0, None) if kinds[label] == "EMG" else filters
        assert (after_scale, after_filters) == (pytest.approx(scale * times.get(kinds[label], 1.0)), wanted), label


def drawn_in(window: ReviewWindow, label: str) -> tuple[float, Filters]:
    """Value per millimetre and filters of a row of the page."""
    k = row_of(window, label)
    row, trace = window.session.rows[k], window.session.page.traces[k]
    return window.page.own_scale(row, trace) or window.session.state.sensitivity, trace.filters


# Kept -----------------------------------------------------------------------------------------------------------------


def test_what_was_chosen_is_there_the_next_time(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    settings, montages = Settings(path), Montages(None, session.lanes.save)
    assert initial_state(settings, montages).kinds == STANDARD
    wanted = tuple(
        replace(view, scale=view.ladder[k % 5], filters=Filters(None if k % 2 else 0.53, None if k % 3 else 30.0))
        for k, view in enumerate(STANDARD)
    )
    remember(replace(session.state, kinds=wanted), settings)
    again = initial_state(Settings(path), montages).kinds
    assert [(v.kind, v.filters) for v in again] == [(v.kind, v.filters) for v in wanted]
    assert [v.scale for v in again] == pytest.approx([v.scale for v in wanted])


@pytest.mark.parametrize("value", [0, -1, 1e308, 5e-324, "100", None, True, [], {}, 10**400])
def test_a_scale_that_nothing_could_be_drawn_in_falls_back(session: Session, tmp_path: Path, value: object) -> None:
    path = tmp_path / "settings.json"
    spoiled = {kind_key(kind, "scale"): value for kind in OTHER_KINDS}
    spoiled |= {kind_key(ECG, "low_cut"): value if value != 0 else -1, kind_key(ECG, "high_cut"): -5}
    path.write_text(json.dumps({"settings": spoiled}), encoding="utf-8")
    assert initial_state(Settings(path), Montages(None, session.lanes.save)).kinds == STANDARD


# On paper and in pictures ---------------------------------------------------------------------------------------------


def test_a_report_and_a_saved_picture_draw_and_say_what_was_chosen(
    qtbot: QtBot, sleeper: ReviewWindow, settle: Settle, tmp_path: Path
) -> None:
    heart = replace(view_of(STANDARD, ECG), scale=30e-6, filters=Filters(0.53, 15.0))
    sleeper.session.store.update(kinds=changed(STANDARD, heart))
    settle(sleeper)
    shown = dict(next(t.rows[1:] for t in content_of(sleeper.session, private=False).tables if t.title == "Recording"))
    assert shown["Other channels"].startswith("ECG 30 µV/mm, 0.53–15 Hz; respiration as fitted, 0.03–15 Hz; SpO2")
    assert setting_of(sleeper.session, Choice()).state.kinds == sleeper.session.state.kinds
    target = tmp_path / "page.svg"
    save_shown(sleeper, target)
    qtbot.waitUntil(target.exists, timeout=60_000)
    made = ElementTree.fromstring(target.read_text(encoding="utf-8"))
    assert "30 µV/mm" in " ".join(made.itertext())
