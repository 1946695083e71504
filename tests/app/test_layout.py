"""A window that works from 1280×720 up: whatever is shown has its place, and nothing leaves the screen unsaid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, combinations
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QApplication, QScrollArea, QToolButton, QWidget
from pytestqt.qtbot import QtBot
from tests.app.conftest import words_of

from neuroflow_review.session import Session
from neuroflow_review.session.backend import Backend
from neuroflow_review.session.reconstruction import Progress
from neuroflow_review.theme import RECONSTRUCTED, UNIT, gutter, right_margin, time_to_x, type_scale, ui_font
from neuroflow_review.views.implant import ShaftToggle
from neuroflow_review.views.reconstruction import ReconstructionView
from neuroflow_review.views.spectrogram import SpectrogramPanel
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.arrangement import Arrangement
from neuroflow_review.window.docks import is_behind, let_go
from neuroflow_review.window.frame import SMALLEST_SIZE

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier
PANELS = (
    "dock Implant", "dock Events", "dock At the cursor", "dock Map", "dock Discharge", "dock Spectrum",
    "dock Butterfly", "trends",
)  # fmt: skip
LEFT = ("dock Implant", "dock Spectrum", "dock Butterfly")
RIGHT = ("dock Events", "dock At the cursor", "dock Map", "dock Discharge")


def some_of(panels: tuple[str, ...]) -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations(panels, n) for n in range(len(panels) + 1)))


# Sides do not share their height: every set of either, beside none and all of the other.
BOTH = [(left, right) for left in some_of(LEFT) for right in ((), RIGHT)]
BOTH += [(left, right) for left in ((), LEFT) for right in some_of(RIGHT)]
ALL_SETS = tuple((*left, *right, *trends) for left, right in BOTH for trends in ((), ("trends",)))


@pytest.fixture
def small(qtbot: QtBot, opened: ReviewWindow) -> ReviewWindow:
    """The window on the demonstration, at the smallest size that it promises to work at."""
    opened.resize(SMALLEST_SIZE)
    qtbot.waitUntil(lambda: opened.settled, timeout=60_000)
    return opened


def show_only(window: ReviewWindow, panels: tuple[str, ...]) -> None:
    for name in PANELS:
        action = window.commands.actions[name]
        if action.isChecked() is not (name in panels):
            action.trigger()
    QApplication.processEvents()


def make_low(qtbot: QtBot, window: ReviewWindow) -> None:
    for height in range(window.height(), SMALLEST_SIZE.height(), -40):  # as a hand drags the edge
        window.resize(SMALLEST_SIZE.width(), height)
        QApplication.processEvents()
    window.resize(SMALLEST_SIZE)
    qtbot.waitUntil(lambda: window.size() == SMALLEST_SIZE)


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


def heights(window: ReviewWindow) -> list[int]:
    return [panel.height() for panel in (window.page, window.ieeg, window.spectrogram)]


def drag(qtbot: QtBot, window: ReviewWindow, divider: int, by: int) -> None:
    handle = window.arrangement.first.handle(divider)
    qtbot.mousePress(handle, Qt.MouseButton.LeftButton, pos=QPoint(50, 0))
    qtbot.mouseMove(handle, QPoint(50, by))
    qtbot.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=QPoint(50, by))
    QApplication.processEvents()


def test_in_the_smallest_window_the_page_keeps_its_height_and_others_have_theirs_back_in_a_taller_one(
    qtbot: QtBot, opened: ReviewWindow, settle: Callable[[ReviewWindow], None]
) -> None:
    opened.resize(1600, 1000)
    settle(opened)
    before = heights(opened)
    words = words_of(opened.spectrogram)
    assert "50 Hz" in words
    make_low(qtbot, opened)
    assert opened.page.height() >= 240
    assert "50 Hz" in words_of(opened.spectrogram), "there is room for all"
    show_only(opened, PANELS)
    settle(opened)
    assert opened.size() == SMALLEST_SIZE
    assert opened.page.height() >= 200
    assert "folded for want of room" in words_of(opened.spectrogram)
    assert "Hz" not in words_of(opened.spectrogram)
    assert opened.spectrogram.height() >= 20
    show_only(opened, ("dock Implant", "dock Events", "dock At the cursor"))
    opened.resize(1600, 1000)
    settle(opened)
    assert heights(opened) == pytest.approx(before, abs=2)


def test_a_divider_that_the_reader_drags_stays_where_he_puts_it(
    qtbot: QtBot, small: ReviewWindow, settle: Callable[[ReviewWindow], None]
) -> None:
    show_only(small, PANELS)
    settle(small)
    drag(qtbot, small, 2, -80)
    drag(qtbot, small, 1, -80)
    chosen = heights(small)
    assert chosen[0] < 200
    assert chosen[2] > 80
    settle(small)
    assert "Hz" in words_of(small.spectrogram)
    small.session.turn(1)
    settle(small)
    small.resize(SMALLEST_SIZE.width() + 80, SMALLEST_SIZE.height())
    settle(small)
    assert heights(small) == chosen


def test_where_nothing_can_be_reconstructed_the_page_has_the_height_and_the_reason_is_said(
    qtbot: QtBot,
    opened: ReviewWindow,
    demo: Path,
    few_channels: Path,
    settle: Callable[[ReviewWindow], None],
) -> None:
    opened.resize(1600, 1000)
    settle(opened)
    before = heights(opened)
    opened.session.open(few_channels)
    settle(opened)
    assert "at least 6 EEG channels" in words_of(opened.ieeg)
    assert RECONSTRUCTED + opened.session.contacts[0].name not in words_of(opened.ieeg)
    page, depth, spectrogram = heights(opened)
    assert depth < 100
    assert page > before[0] + before[1] - 110
    drag(qtbot, opened, 2, -60)
    assert opened.ieeg.height() == depth, "a divider that is dragged opens nothing that is empty"
    assert opened.spectrogram.height() == pytest.approx(spectrogram + 60, abs=2)
    opened.session.open(demo)
    settle(opened)
    after = heights(opened)
    assert after[1] == pytest.approx(before[1], abs=2)
    assert after[2] == pytest.approx(before[2] + 60, abs=2), "what the reader dragged stays"


def test_after_a_presentation_every_panel_has_its_share_of_the_height_again(
    opened: ReviewWindow, demo: Path, few_channels: Path, settle: Callable[[ReviewWindow], None]
) -> None:
    opened.resize(1600, 1000)
    settle(opened)
    before = heights(opened)
    opened.session.open(few_channels)
    settle(opened)
    opened.presentation.toggle()
    opened.session.open(demo)
    settle(opened)
    opened.presentation.toggle()
    settle(opened)
    after = heights(opened)
    assert [high / sum(after) for high in after] == pytest.approx([high / sum(before) for high in before], abs=0.02)


def test_what_is_folded_before_it_is_laid_out_unfolds_to_the_usual_heights(qtbot: QtBot) -> None:
    page, depth = QWidget(), ReconstructionView()
    depth.set_reason("Nothing can be reconstructed here.")
    arrangement = Arrangement(page, depth, SpectrogramPanel())
    qtbot.addWidget(arrangement.columns)
    arrangement.fold_depth(depth.folded_height)
    arrangement.columns.resize(900, 800)
    arrangement.columns.show()
    QApplication.processEvents()
    assert depth.height() == depth.folded_height
    assert page.height() > 400
    for height in (0, 800):
        arrangement.columns.resize(900, height)
        QApplication.processEvents()
    arrangement.fold_depth(None)
    QApplication.processEvents()
    assert depth.height() > 200
    assert page.height() > 300


def test_why_nothing_can_be_reconstructed_is_read_whole_in_large_type_and_in_a_narrow_window(
    qtbot: QtBot, window: ReviewWindow, few_channels: Path, settle: Callable[[ReviewWindow], None]
) -> None:
    def read_whole() -> bool:
        room = window.ieeg.plot().adjusted(4 * UNIT, 0, -4 * UNIT, 0)
        metrics, wrap = QFontMetricsF(ui_font()), int(Qt.TextFlag.TextWordWrap)
        needed = metrics.boundingRect(QRectF(room), wrap, window.session.reconstruction.reason).height()
        return needed <= room.height() < needed + 3 * metrics.height()

    window.session.open(few_channels)  # the first that is opened: no panel has been on screen before
    settle(window)
    usual = window.ieeg.height()
    assert read_whole()
    window.presentation.toggle()
    qtbot.waitUntil(read_whole)
    assert window.ieeg.height() > usual
    window.presentation.toggle()
    window.resize(1600, 1000)
    qtbot.waitUntil(lambda: read_whole() and window.ieeg.height() <= usual)
    window.resize(SMALLEST_SIZE)
    qtbot.waitUntil(read_whole)


def test_panels_that_were_stacked_in_a_tall_window_are_tabbed_when_it_becomes_low(
    qtbot: QtBot, opened: ReviewWindow
) -> None:
    opened.resize(1600, 1300)
    show_only(opened, PANELS)
    assert not opened.tabifiedDockWidgets(opened.docks["Map"]), "a tall window has room for all of them"
    make_low(qtbot, opened)
    assert set(opened.tabifiedDockWidgets(opened.docks["Map"])) >= {opened.docks["At the cursor"]}


def test_panels_that_a_low_window_put_into_tabs_are_stacked_again_when_it_grows(
    qtbot: QtBot, opened: ReviewWindow
) -> None:
    docks = opened.docks
    opened.resize(1600, 1300)
    show_only(opened, PANELS)
    before = {name: docks[name].isHidden() for name in docks}
    make_low(qtbot, opened)
    assert opened.tabifiedDockWidgets(docks["Map"])
    opened.resize(1600, 1300)
    qtbot.waitUntil(lambda: not opened.tabifiedDockWidgets(docks["Map"]))
    shown = [dock for dock in docks.values() if not dock.isHidden()]
    qtbot.waitUntil(lambda: all(dock.height() >= 180 for dock in shown))
    right = sorted((dock.y(), name) for name, dock in docks.items() if dock in shown and dock.x() > 800)
    assert [name for _, name in right] == ["Events", "At the cursor", "Map", "Discharge"]
    assert {name: docks[name].isHidden() for name in docks} == before
    assert all(opened.commands.actions[f"dock {name}"].isChecked() for name in before if not before[name])
    assert opened.session.topographies.wanted


def test_panels_that_a_reader_put_into_tabs_stay_there(qtbot: QtBot, opened: ReviewWindow) -> None:
    show_only(opened, PANELS)
    opened.tabifyDockWidget(opened.docks["Events"], opened.docks["At the cursor"])
    opened.resize(1600, 1500)
    qtbot.wait(50)
    assert opened.tabifiedDockWidgets(opened.docks["Events"]) == [opened.docks["At the cursor"]]


def test_tabs_for_want_of_room_are_remembered_as_such(qtbot: QtBot, opened: ReviewWindow) -> None:
    opened.resize(1600, 1300)
    show_only(opened, PANELS)
    make_low(qtbot, opened)
    opened.remember()
    for dock in opened.docks.values():
        let_go(dock)
    assert opened.recall()
    opened.resize(1600, 1300)
    qtbot.waitUntil(lambda: not opened.tabifiedDockWidgets(opened.docks["Map"]))


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


def test_in_large_type_names_and_numbers_of_shafts_stand_beside_one_another(opened: ReviewWindow) -> None:
    before = opened.docks["Implant"].width()
    opened.commands.view.present()
    QApplication.processEvents()
    toggles = opened.implant.findChildren(ShaftToggle)
    assert toggles
    assert all(toggle.width() >= toggle.sizeHint().width() for toggle in toggles)
    assert opened.implant.brain.width() >= round(180 * type_scale())
    opened.commands.view.present()
    QApplication.processEvents()
    assert opened.docks["Implant"].width() == before


def test_words_that_scroll_are_whole_beside_their_scroll_bar(
    small: ReviewWindow, settle: Callable[[ReviewWindow], None]
) -> None:
    show_only(small, ("dock Events", "dock At the cursor", "dock Discharge", "trends"))
    settle(small)
    boxes = small.criteria.boxes.values()
    area = small.docks["Discharge"].widget()
    assert isinstance(area, QScrollArea)
    assert area.verticalScrollBar().isVisible(), "the window is too low for all six"
    assert all(box.width() >= box.sizeHint().width() for box in boxes)
    assert small.criteria.width() <= area.viewport().width()


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
    reconstruct = opened.bar.widgetForAction(opened.commands.actions["reconstruct"])
    assert isinstance(reconstruct, QToolButton)
    assert reconstruct.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonTextBesideIcon, "it keeps its word"
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


def test_how_long_a_recording_is_cannot_be_taken_for_a_time_of_day(opened: ReviewWindow) -> None:
    assert "00:10:00 long" in opened.header.about


# Side by side ---------------------------------------------------------------------------------------------------------


def corner(widget: QWidget, window: QWidget) -> QPoint:
    return widget.mapTo(window, QPoint(0, 0))


def paper_speed(window: ReviewWindow) -> int:
    return int(window.says.text().split(" mm/s")[0])


@pytest.mark.parametrize("size", [QSize(1280, 720), QSize(1281, 720), QSize(1600, 1000)])
def test_side_by_side_the_same_second_is_as_long_and_as_high_in_both(
    opened: ReviewWindow, size: QSize, press: Callable[..., None], settle: Callable[[ReviewWindow], None]
) -> None:
    opened.resize(size)
    settle(opened)
    before = paper_speed(opened)
    press(opened, Key.Key_L, CTRL)
    settle(opened)
    page, depth = opened.page, opened.ieeg
    assert opened.size() == size
    assert page.width() == depth.width()
    assert corner(page, opened).y() == corner(depth, opened).y()
    assert corner(page, opened).x() + page.width() <= corner(depth, opened).x()
    assert page._clock_height() == depth.plot().top(), "but for the line of the file's annotations"
    assert page.plot().width() == depth.plot().width()
    assert page.span == depth.span
    margins = gutter() + right_margin()
    share = (page.width() - margins) / (opened.arrangement.columns.width() - margins)
    assert share < 0.5, "the labels of both take their room"
    assert paper_speed(opened) == pytest.approx(before * share, abs=1.0)
    assert opened.session._columns == page.columns, "a trace is read for as many points as are drawn"


def test_the_cursor_of_one_side_is_in_the_other_at_the_same_time(
    qtbot: QtBot, opened: ReviewWindow, settle: Callable[[ReviewWindow], None]
) -> None:
    opened.commands.actions["beside"].trigger()
    settle(opened)
    at = QPoint(round(time_to_x(4.0, opened.page.span, opened.ieeg.width())), 100)
    qtbot.mouseMove(opened.ieeg, at)
    assert opened.session.cursor == pytest.approx(4.0, abs=0.05)
    lines = []
    for panel in (opened.page, opened.ieeg):
        with_it = panel.grab().toImage()
        panel.set_cursor(None)
        without = panel.grab().toImage()
        y = round(panel.plot().center().y())
        lines.append([x for x in range(panel.width()) if with_it.pixel(x, y) != without.pixel(x, y)])
    assert lines[0] == lines[1]
    assert len(lines[0]) == 1


def test_the_spectrogram_lies_under_the_panel_that_its_channel_is_of(
    qtbot: QtBot, opened: ReviewWindow, settle: Callable[[ReviewWindow], None]
) -> None:
    opened.commands.actions["beside"].trigger()
    settle(opened)
    shown = opened.spectrogram
    assert corner(shown, opened).x() == corner(opened.page, opened).x()
    assert shown.plot().left() == opened.page.plot().left()
    assert shown.width() == opened.page.width()
    high = shown.height()
    opened.commands.marks.choose_contact("AHL2")
    qtbot.waitUntil(lambda: corner(shown, opened).x() == corner(opened.ieeg, opened).x())
    settle(opened)
    assert shown.width() == opened.ieeg.width() == opened.page.width()
    assert shown.height() == pytest.approx(high, abs=1)
    assert corner(shown, opened).y() > corner(opened.ieeg, opened).y()
    opened.commands.marks.choose_channel("Fp1–F7")
    qtbot.waitUntil(lambda: corner(shown, opened).x() == corner(opened.page, opened).x())


def test_stacked_again_every_divider_is_where_it_was_and_one_axis_holds_for_all(
    opened: ReviewWindow, settle: Callable[[ReviewWindow], None]
) -> None:
    opened.arrangement.first.setSizes([300, 250, 130])
    settle(opened)
    before = [panel.height() for panel in (opened.page, opened.ieeg, opened.spectrogram)]
    for _ in range(2):
        opened.commands.actions["beside"].trigger()
        settle(opened)
    assert [panel.height() for panel in (opened.page, opened.ieeg, opened.spectrogram)] == before
    panels = (opened.page, opened.ieeg, opened.spectrogram)
    assert len({corner(panel, opened).x() for panel in panels}) == 1
    assert len({panel.width() for panel in panels}) == 1
    assert corner(opened.page, opened).y() < corner(opened.ieeg, opened).y() < corner(opened.spectrogram, opened).y()


def test_side_by_side_and_the_dividers_are_remembered(
    qtbot: QtBot, opened: ReviewWindow, demo: Path, backend: Backend, settle: Callable[[ReviewWindow], None]
) -> None:
    opened.arrangement.first.setSizes([300, 250, 130])
    high = opened.page.height()
    opened.commands.actions["beside"].trigger()
    opened.close()
    session = Session(opened.settings, make_backend=lambda: backend)
    again = ReviewWindow(session)
    again.show()
    session.load_model()
    session.open(demo)
    qtbot.waitUntil(lambda: session.recording is not None and again.settled, timeout=60_000)
    assert again.commands.actions["beside"].isChecked()
    assert corner(again.page, again).y() == corner(again.ieeg, again).y()
    again.resize(1600, 1000)  # the screen of the tests is smaller
    settle(again)
    again.commands.actions["beside"].trigger()
    settle(again)
    assert again.page.height() == pytest.approx(high, abs=2)
    again.close()
    again.deleteLater()
    session.deleteLater()


def test_a_reconstruction_beside_the_page_has_clock_times_of_its_own(opened: ReviewWindow) -> None:
    stacked = opened.ieeg.plot().bottom()
    assert stacked == opened.ieeg.height()
    opened.commands.actions["beside"].trigger()
    QApplication.processEvents()
    assert opened.ieeg.plot().bottom() == opened.ieeg.height() - opened.ieeg.header_height()


# Found again ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def restart(
    qtbot: QtBot, opened: ReviewWindow, demo: Path, backend: Backend, settle: Callable[[ReviewWindow], None]
) -> Iterator[Callable[[], ReviewWindow]]:
    """Close the window and open another on the same recording, with the same settings."""
    made: list[ReviewWindow] = []

    def act() -> ReviewWindow:
        opened.close()
        session = Session(opened.settings, make_backend=lambda: backend)
        window = ReviewWindow(session)
        made.append(window)
        window.show()
        session.load_model()
        session.open(demo)
        qtbot.waitUntil(lambda: session.recording is not None and window.settled)
        settle(window)
        return window

    yield act
    for window in made:
        window.close()
        window.deleteLater()
        window.session.deleteLater()


def test_panels_that_were_moved_floated_shown_and_hidden_are_found_there_again(
    qtbot: QtBot, opened: ReviewWindow, restart: Callable[[], ReviewWindow]
) -> None:
    left = Qt.DockWidgetArea.LeftDockWidgetArea
    docks = opened.docks
    opened.resize(1600, 1300)
    opened.commands.actions["dock Map"].trigger()
    opened.removeDockWidget(docks["At the cursor"])  # as a hand that drags it over
    opened.addDockWidget(left, docks["At the cursor"])
    docks["At the cursor"].show()
    docks["Events"].setFloating(True)
    docks["Events"].resize(420, 380)
    docks["Events"].move(60, 80)
    opened.commands.actions["dock Implant"].trigger()
    qtbot.waitUntil(lambda: docks["Events"].isVisible() and docks["Map"].isVisible())
    size = docks["Events"].size()
    again = restart()
    found = again.docks
    assert again.dockWidgetArea(found["At the cursor"]) is left
    assert found["At the cursor"].isVisible()
    assert found["Map"].isVisible()
    assert found["Implant"].isHidden()
    assert found["Events"].isFloating()
    assert found["Events"].isVisible()
    assert (found["Events"].pos(), found["Events"].size()) == (QPoint(60, 80), size)
    shown = {name for name in found if again.commands.actions[f"dock {name}"].isChecked()}
    assert shown == {"Events", "At the cursor", "Map"}, "the menu says what is there"


def test_panels_of_the_last_time_stay_so_in_the_next_recording(
    qtbot: QtBot, opened: ReviewWindow, restart: Callable[[], ReviewWindow], nineteen: Path
) -> None:
    opened.commands.actions["dock Implant"].trigger()
    opened.commands.actions["dock Spectrum"].trigger()
    again = restart()
    again.session.open(nineteen)
    with qtbot.waitSignal(again.session.opened):
        pass
    qtbot.waitUntil(lambda: again.settled)
    assert again.docks["Implant"].isHidden()
    assert again.docks["Spectrum"].isVisible()
