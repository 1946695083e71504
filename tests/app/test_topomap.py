"""The map at the cursor: asked for by key, read once a page, and right about where the voltage is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import edfio
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from neuroflow.recording import Span
from neuroflow_review.window import ReviewWindow

Press = Callable[..., None]
SITES = "Fp1 Fp2 F7 F3 Fz F4 F8 T3 C3 Cz C4 T4 T5 P3 Pz P4 T6 O1 O2".split()


@pytest.fixture
def pulse(tmp_path: Path) -> Path:
    """A recording of slow waves at T4 alone."""
    time = np.arange(30 * 200) / 200
    rng = np.random.default_rng(0)
    signals = [
        edfio.EdfSignal(
            rng.normal(0, 1, time.size) + (80 * np.sin(2 * np.pi * 3 * time) if site == "T4" else 0.0),
            sampling_frequency=200, label=f"EEG {site}-Ref", physical_dimension="uV", physical_range=(-500.0, 500.0),
        )
        for site in SITES
    ]  # fmt: skip
    edfio.Edf(signals).write(tmp_path / "pulse.edf")
    return tmp_path / "pulse.edf"


def test_the_map_shows_where_the_voltage_is(qtbot: QtBot, window: ReviewWindow, pulse: Path, press: Press) -> None:
    window.session.open(pulse)
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    assert not window.docks["Map"].isVisible()
    press(window, Qt.Key.Key_M)
    qtbot.waitUntil(lambda: window.docks["Map"].isVisible() and window.settled, timeout=60_000)
    assert window.commands.actions["map"].isChecked()
    window.session.set_cursor(None)
    assert "pointer" in window.topomap.message
    crest = 5.0 + 1 / 12
    window.session.set_cursor(crest)
    assert window.topomap.shown is not None
    picture = window.topomap.shown.picture
    row, column = np.unravel_index(np.nanargmax(picture), picture.shape)
    size = picture.shape[0]
    assert column > 0.75 * size  # on the right
    assert 0.3 * size < row < 0.7 * size  # neither front nor back
    assert 50e-6 < np.nanmax(picture) < 100e-6
    assert window.topomap.shown.limit == pytest.approx(1e-4)
    window.session.set_cursor(crest + 1 / 6)
    assert window.topomap.shown is not None
    picture = window.topomap.shown.picture
    assert -np.nanmin(picture) > 50e-6
    press(window, Qt.Key.Key_M)
    assert not window.docks["Map"].isVisible()


def test_the_page_is_read_once_and_again_when_it_turns(
    qtbot: QtBot, window: ReviewWindow, pulse: Path, press: Press
) -> None:
    window.session.open(pulse)
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    press(window, Qt.Key.Key_M)
    made: list[Span] = []
    window.session.topographies.ready.connect(lambda topography: made.append(topography.span))
    qtbot.waitUntil(lambda: window.settled and bool(made), timeout=60_000)
    for time in np.linspace(1.0, 9.0, 50):
        window.session.set_cursor(float(time))
    assert len(made) == 1
    window.session.turn(1.0)
    qtbot.waitUntil(lambda: len(made) == 2)
    assert made[1].start == 10.0


def test_too_few_electrodes_are_said(qtbot: QtBot, window: ReviewWindow, few_channels: Path, press: Press) -> None:
    window.session.open(few_channels)
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    press(window, Qt.Key.Key_M)
    qtbot.waitUntil(lambda: "six electrodes" in window.topomap.message)


def test_bands_are_stepped_through_by_key_and_remembered(
    qtbot: QtBot, window: ReviewWindow, pulse: Path, press: Press
) -> None:
    window.session.open(pulse)
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    press(window, Qt.Key.Key_M, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: window.docks["Map"].isVisible() and window.settled, timeout=60_000)
    panel, settings = window.topomap, window.session.settings
    assert settings.get("map.of") == "delta"
    assert window.commands.actions["map_delta"].isChecked()
    assert panel.title == "Delta 0.5–4 Hz"
    assert panel.words == "page, 10 s, unfiltered · average reference"
    made = panel.shown
    assert made is not None
    picture = made.picture
    row, column = np.unravel_index(np.nanargmax(picture), picture.shape)
    assert column > 0.75 * picture.shape[0]
    assert 0.3 * picture.shape[0] < row < 0.7 * picture.shape[0]
    # 80 µV of a sine are 57 µV rms; the average reference takes a nineteenth of them.
    assert made.values[made.sites.index("T4")] == pytest.approx(80e-6 / np.sqrt(2) * 18 / 19, rel=0.03)
    assert made.limit == pytest.approx(70e-6)
    assert np.nanmin(picture) >= 0.0
    for band in ("theta", "alpha", "beta", "gamma"):
        press(window, Qt.Key.Key_M, Qt.KeyboardModifier.ShiftModifier)
        assert settings.get("map.of") == band
        assert panel.title.startswith(band.capitalize())
        assert panel.shown is not None
        assert panel.shown.values.max() < 3e-6
    press(window, Qt.Key.Key_M, Qt.KeyboardModifier.ShiftModifier)
    assert settings.get("map.of") == "voltage"


def test_the_power_is_that_of_the_selection_and_does_not_follow_filters(
    qtbot: QtBot, window: ReviewWindow, pulse: Path, press: Press
) -> None:
    window.session.open(pulse)
    window.commands.read.set_map("delta")
    qtbot.waitUntil(lambda: window.settled and window.topomap.shown is not None, timeout=60_000)
    before = window.topomap.shown
    assert before is not None
    assert before.colours
    press(window, Qt.Key.Key_F)
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    assert window.topomap.shown is not None
    np.testing.assert_array_equal(window.topomap.shown.values, before.values)
    window.session.store.update(selection=Span(2.0, 6.0))
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    assert window.topomap.words.startswith("selection, 4 s")


def test_the_title_of_the_map_opens_the_choice(qtbot: QtBot, window: ReviewWindow, pulse: Path, press: Press) -> None:
    window.session.open(pulse)
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    press(window, Qt.Key.Key_M)
    qtbot.mouseClick(window.topomap, Qt.MouseButton.LeftButton, pos=QPoint(20, 8))
    qtbot.waitUntil(lambda: any(m.isVisible() for m in window.findChildren(QMenu)))
    (menu,) = [m for m in window.findChildren(QMenu) if m.isVisible()]
    assert [a.text() for a in menu.actions()][:2] == ["Map: voltage", "Map: delta"]
    menu.actions()[3].trigger()
    menu.close()
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    assert window.topomap.title.startswith("Alpha")
