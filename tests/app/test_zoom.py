"""A row alone: at the height of the page, on the same time axis, with true microvolts and no peak lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import edfio
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from neuroflow_review.pictures import DoAtOnce
from neuroflow_review.theme import LIGHT, time_to_x
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.shown import Saving, save_shown

Press = Callable[..., None]
Settle = Callable[[ReviewWindow], None]
Key = Qt.Key


@pytest.fixture
def peaked(tmp_path: Path) -> Path:
    """Ten minutes of three electrodes in which one sample of F7 stands 300 µV out; ECG, and an oxygen saturation."""
    rng = np.random.default_rng(2)
    rate, seconds = 200, 600
    labels = {"EEG Fp1-Ref": 5.0, "EEG F7-Ref": 5.0, "EEG T3-Ref": 5.0, "ECG": 400.0}
    signals = []
    for label, size in labels.items():
        y = rng.normal(0, size, rate * seconds)
        if "F7" in label:
            y[rate * 100 + 37] = -300.0
        signals.append(
            edfio.EdfSignal(
                np.clip(y, -4000, 4000), sampling_frequency=rate, label=label, physical_dimension="uV",
                physical_range=(-4000.0, 4000.0),
            )
        )  # fmt: skip
    signals.append(
        edfio.EdfSignal(
            np.full(seconds, 97.0), sampling_frequency=1, label="SpO2", physical_dimension="%", physical_range=(0, 100)
        )
    )
    edfio.Edf(signals).write(tmp_path / "peaked.edf")
    return tmp_path / "peaked.edf"


def inked(window: ReviewWindow, value: str = LIGHT.left) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the page's pixels in about a colour, antialiased against the paper."""
    page = window.page
    while not page.fresh:
        QApplication.processEvents()
    image = page.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)[:, : image.width(), :3]
    sought = QColor(value)
    wanted = np.array([sought.blue(), sought.green(), sought.red()])
    near = np.abs(data.astype(int) - wanted).sum(axis=-1) < 120
    plot = page.plot().toRect()
    near[: plot.top() + 32] = False  # the name stands there
    return np.nonzero(near[:, : plot.right()])


def test_the_chosen_row_has_the_page_to_itself_and_gives_it_back(
    opened: ReviewWindow, press: Press, settle: Settle
) -> None:
    session, page = opened.session, opened.page
    rows = len(page.places()[0])
    opened.commands.marks.choose_channel("T3–T5")
    press(opened, Key.Key_Z)
    settle(opened)
    places, height = page.places()
    assert [p.label for p in places] == ["T3–T5"]
    assert places[0].y == pytest.approx(page.plot().center().y(), abs=1.0)
    assert height > 0.9 * page.plot().height()
    assert opened.commands.actions["zoom"].isChecked()
    assert "T3–T5 alone" in opened.says.text()
    assert "labels written" not in opened.says.text()
    assert not inked(opened, LIGHT.right)[0].size
    press(opened, Key.Key_Z)
    assert session.state.solo == ""
    assert len(page.places()[0]) == rows
    press(opened, Key.Key_Z)
    press(opened, Key.Key_Escape)
    assert session.state.solo == ""


def test_its_sensitivity_is_its_own(opened: ReviewWindow, press: Press, settle: Settle) -> None:
    session, page = opened.session, opened.page
    opened.commands.marks.choose_channel("T3–T5")
    before = session.state.sensitivity
    press(opened, Key.Key_Z)
    settle(opened)
    chosen = session.state.solo_sensitivity
    assert chosen <= before
    data = session.page
    assert data is not None
    row = [r.label for r in data.request.rows].index("T3–T5")
    reach = max(map(abs, data.extremes(row, data.request.span)))
    assert reach * page.pixels_per_volt(chosen) <= page.plot().height() / 2  # all of it is seen
    press(opened, Key.Key_Down)
    assert session.state.solo_sensitivity > chosen
    assert page._sensitivity == session.state.solo_sensitivity
    assert opened.commands.sensitivity.text().startswith(f"{session.state.solo_sensitivity * 1e6:g} µV/mm")
    wheel = QWheelEvent(
        QPointF(400, 100), QPointF(400, 100), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(page, wheel)
    assert session.state.solo_sensitivity == chosen
    assert session.state.sensitivity == before
    press(opened, Key.Key_Z)
    assert page._sensitivity == before


def test_no_peak_is_lost_and_it_stands_at_its_time_and_its_voltage(
    qtbot: QtBot, window: ReviewWindow, peaked: Path, press: Press, settle: Settle
) -> None:
    window.session.store.update(montage="as recorded", seconds=300.0, filters_on=False)
    window.session.open(peaked)
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    page = window.page
    press(window, Key.Key_C)  # F7
    press(window, Key.Key_Z)
    settle(window)
    assert window.session.state.solo == "F7"
    press(window, Key.Key_Down)  # below the name
    settle(window)
    y, x = inked(window)
    top = int(y.argmin())
    per_volt = page.pixels_per_volt(window.session.state.solo_sensitivity)
    assert y[top] == pytest.approx(page.places()[0][0].y - 300e-6 * per_volt, abs=3.0)  # negative up
    assert x[top] == pytest.approx(time_to_x(100 + 37 / 200, page.span, page.width()), abs=2.0)


def test_channels_are_stepped_through_without_leaving(opened: ReviewWindow, press: Press, settle: Settle) -> None:
    session = opened.session
    press(opened, Key.Key_Z)
    sensitivity = session.state.solo_sensitivity
    press(opened, Key.Key_C)
    settle(opened)
    assert session.state.solo == session.state.channel == session.rows[1].label
    assert [p.label for p in opened.page.places()[0]] == [session.rows[1].label]
    assert session.state.solo_sensitivity == sensitivity
    for _ in session.rows:
        press(opened, Key.Key_C)
    assert session.state.solo == session.rows[-1].label  # contacts are no rows of the page
    assert not session.state.reconstructed


def test_another_montage_shows_all_its_rows(opened: ReviewWindow, press: Press, settle: Settle) -> None:
    press(opened, Key.Key_Z)
    press(opened, Key.Key_3)
    settle(opened)
    assert opened.session.state.solo == ""
    assert len(opened.page.places()[0]) == len(opened.session.rows)


def test_ecg_can_be_alone_and_what_is_no_voltage_cannot(
    qtbot: QtBot, window: ReviewWindow, peaked: Path, settle: Settle
) -> None:
    window.session.store.update(montage="as recorded")
    window.session.open(peaked)
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    window.commands.read.zoom_into("SpO2")
    assert window.session.state.solo == ""
    assert "no axis of volts" in window.statusBar().currentMessage()
    window.commands.read.zoom_into("ECG")
    settle(window)
    assert window.session.state.solo == "ECG"
    assert window.session.state.solo_sensitivity > 2 * window.session.state.sensitivity  # as large as the heart needs


def test_a_contact_of_the_model_is_not_put_on_the_page(opened: ReviewWindow, press: Press) -> None:
    opened.commands.marks.choose_contact("AHL3")
    press(opened, Key.Key_Z)
    assert opened.session.state.solo == ""
    assert "scalp" in opened.statusBar().currentMessage()


def test_what_is_saved_is_what_is_shown(
    qtbot: QtBot, opened: ReviewWindow, press: Press, settle: Settle, tmp_path: Path
) -> None:
    press(opened, Key.Key_Z)
    settle(opened)
    save_shown(opened, tmp_path / "alone.svg")
    qtbot.waitUntil(lambda: (tmp_path / "alone.svg").exists() and not opened.findChildren(Saving), timeout=60_000)
    text = (tmp_path / "alone.svg").read_text(encoding="utf-8")
    assert "alone" in text
    assert LIGHT.right.lower() not in text.lower()


def test_another_recording_opens_with_every_row(
    qtbot: QtBot, opened: ReviewWindow, press: Press, few_channels: Path
) -> None:
    press(opened, Key.Key_Z)
    assert opened.session.state.solo
    opened.session.open(few_channels)
    qtbot.waitUntil(lambda: opened.session.state.solo == "", timeout=60_000)


def test_what_was_asked_for_at_the_start_is_done_when_there_is_a_page_to_do_it_on(
    qtbot: QtBot, window: ReviewWindow, settle: Settle, peaked: Path
) -> None:
    """As ``--do channel_next,zoom`` asks: done earlier, there is no trace that the row alone could be fitted to."""
    DoAtOnce(window, ("channel_next", "zoom"))
    window.session.open(peaked)
    qtbot.waitUntil(lambda: bool(window.session.state.solo))
    settle(window)
    assert window.session.state.solo_sensitivity < window.session.state.sensitivity
