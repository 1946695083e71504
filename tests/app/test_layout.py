"""A window that works from 1280×720 up: whatever is shown has its place, and nothing leaves the screen unsaid."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, combinations

import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from neuroflow_review.session.reconstruction import Progress
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.docks import is_behind
from neuroflow_review.window.frame import SMALLEST_SIZE

Key = Qt.Key
PANELS = ("dock Implant", "dock Events", "dock At the cursor", "dock Map", "dock Discharge", "trends")
ALL_SETS = tuple(chain.from_iterable(combinations(PANELS, n) for n in range(len(PANELS) + 1)))


@pytest.fixture
def small(qtbot: QtBot, opened: ReviewWindow) -> ReviewWindow:
    """The window on the demonstration, at the smallest size that it promises to work at."""
    opened.resize(SMALLEST_SIZE)
    qtbot.waitUntil(lambda: opened.settled, timeout=20_000)
    return opened


def show_only(window: ReviewWindow, panels: tuple[str, ...]) -> None:
    for name in PANELS:
        action = window.commands.actions[name]
        if action.isChecked() is not (name in panels):
            action.trigger()
    QApplication.processEvents()


def bar_widgets(window: ReviewWindow) -> list[tuple[str, QPoint, QSize]]:
    """Everything in the toolbar: what it is, where its corner lies in the bar, and its size."""
    bar = window.bar
    found = [bar.widgetForAction(action) for action in bar.actions()]
    return [(w.accessibleName() or type(w).__name__, w.mapTo(bar, QPoint(0, 0)), w.size()) for w in found if w]


# Height ---------------------------------------------------------------------------------------------------------------


def test_every_set_of_panels_fits_the_smallest_window(small: ReviewWindow) -> None:
    for panels in ALL_SETS:
        show_only(small, panels)
        least = small.minimumSizeHint()
        assert least.width() <= SMALLEST_SIZE.width(), panels
        assert least.height() <= SMALLEST_SIZE.height(), panels
        assert small.size() == SMALLEST_SIZE, panels


def test_panels_that_were_stacked_in_a_tall_window_are_tabbed_when_it_becomes_low(
    qtbot: QtBot, opened: ReviewWindow
) -> None:
    opened.resize(1600, 1300)
    show_only(opened, PANELS)
    assert not opened.tabifiedDockWidgets(opened.docks["Map"]), "a tall window has room for all of them"
    for height in range(1300, 700, -40):  # as a hand drags the edge
        opened.resize(1280, height)
        QApplication.processEvents()
    opened.resize(SMALLEST_SIZE)
    qtbot.waitUntil(lambda: opened.size() == SMALLEST_SIZE)
    assert set(opened.tabifiedDockWidgets(opened.docks["Map"])) >= {opened.docks["At the cursor"]}


def test_a_panel_that_another_tab_covers_comes_to_the_front_before_it_goes(
    qtbot: QtBot, small: ReviewWindow, press: Callable[..., None]
) -> None:
    docks = small.docks
    press(small, Key.Key_M)
    qtbot.waitUntil(lambda: not is_behind(docks["Map"]))
    press(small, Key.Key_I)
    qtbot.waitUntil(lambda: is_behind(docks["Map"]))
    assert not is_behind(docks["Discharge"])
    assert not small.session.topographies.wanted, "nothing is read for a map that nobody sees"
    press(small, Key.Key_M)
    qtbot.waitUntil(lambda: not is_behind(docks["Map"]))
    assert small.session.topographies.wanted
    press(small, Key.Key_M)
    assert docks["Map"].isHidden()


def test_what_the_pointer_is_on_never_makes_the_window_larger(
    qtbot: QtBot, small: ReviewWindow, reconstructed: Callable[[ReviewWindow], None]
) -> None:
    small.session.reconstruct_page()
    reconstructed(small)
    show_only(small, PANELS)
    before = small.minimumSizeHint()
    small.session.set_cursor(5.0)
    qtbot.waitUntil(lambda: small.inspector.histogram.isVisibleTo(small.inspector))
    assert small.minimumSizeHint() == before
    assert small.size() == SMALLEST_SIZE


# Width ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("computing", [False, True])
def test_the_whole_toolbar_is_in_the_smallest_window(small: ReviewWindow, computing: bool) -> None:
    if computing:
        small.bar.progress.set_progress(Progress(0.41, 59.0, "this page"))
    widest = {"montage": "linked ears", "sensitivity": 200e-6, "low": 0.016, "high": 300.0, "device": "mps"}
    for values in ({}, widest):
        for name, value in values.items():
            getattr(small.commands, name).set_value(value)
        QApplication.processEvents()
        for name, corner, size in bar_widgets(small):
            assert corner.x() + size.width() <= small.bar.width(), name
        assert all(small.bar.widgetForAction(a).isVisible() for a in small.bar.actions() if a.isVisible())
        more = small.bar.findChild(QToolButton, "qt_toolbar_ext_button")
        assert more is None or not more.isVisible()


def test_choices_say_less_where_there_is_little_room_and_mean_the_same(opened: ReviewWindow) -> None:
    opened.resize(1600, 1000)
    QApplication.processEvents()
    assert opened.commands.high.text() == "HF 70 Hz"
    assert opened.commands.samples.text() == "9 samples"
    assert opened.commands.spike.text() == "Spikes k 3.65"
    opened.resize(SMALLEST_SIZE)
    QApplication.processEvents()
    assert opened.commands.high.text() == "HF 70"
    assert opened.commands.samples.text() == "n 9"
    assert opened.commands.spike.text() == "k 3.65"
    opened.commands.samples.setValue(19)
    assert opened.session.state.samples == 19
    opened.resize(1600, 1000)
    QApplication.processEvents()
    assert opened.commands.high.text() == "HF 70 Hz"


def test_where_even_few_words_have_no_room_the_bar_says_that_there_is_more(opened: ReviewWindow) -> None:
    bar = opened.bar
    bar.setParent(None)
    try:
        bar.resize(500, bar.height())
        bar.show()
        QApplication.processEvents()
        assert bar.more is not None
        assert bar.more.isVisible()
        assert bar.more.toolTip()
        assert not bar.more.icon().isNull()
    finally:
        opened.addToolBar(bar)


def test_the_patient_is_named_whole_before_the_recording_is_described(small: ReviewWindow) -> None:
    header = small.header
    whole = header.grab().toImage()
    assert header.width() < 800
    header.resize(2000, header.height())
    wide = header.grab().toImage()
    reach = 320  # pixels that the name of the demonstration takes
    assert whole.copy(0, 0, reach, header.height() - 1) == wide.copy(0, 0, reach, header.height() - 1)
