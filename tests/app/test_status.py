"""The status line: all of it where there is room, and what matters most where there is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from neuroflow_review.dialogs.problems import ProblemsDialog
from neuroflow_review.session.report import content_of
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.status import BETWEEN, Part, StatusLine, fitted

words = st.text("abc ", min_size=1, max_size=12).map(str.strip).filter(bool)
parts = st.lists(
    st.tuples(words, st.integers(0, 4), st.none() | st.just("") | words).map(
        lambda given: Part(given[0], given[1], None if given[2] is None else given[2][: len(given[0])])
    ),
    max_size=6,
)


@given(parts, st.integers(0, 80))
def test_what_must_stay_stays_and_nothing_goes_that_need_not(line: list[Part], room: int) -> None:
    text = fitted(line, lambda shown: len(shown) <= room)
    for part in line:
        if part.brief is None:
            assert part.words in text
    if len(BETWEEN.join(part.words for part in line)) <= room:
        assert text == BETWEEN.join(part.words for part in line)
    elif len(text) > room:
        assert text == BETWEEN.join(w for p in line if (w := p.words if p.brief is None else p.brief))


def test_what_matters_least_goes_first() -> None:
    line = [Part("10 mm/s"), Part("21 of 21 channels", 1, ""), Part("below standard: 10 mm/s", 4, "below standard")]
    assert fitted(line, lambda text: len(text) <= 40) == "10 mm/s · below standard: 10 mm/s"
    assert fitted(line, lambda text: len(text) <= 30) == "10 mm/s · below standard"


def test_two_parts_of_the_same_words_are_two(qtbot: QtBot) -> None:
    line = StatusLine()
    qtbot.addWidget(line)
    line.set_parts([Part("a"), Part("b", 0, ""), Part("b", 1, "")])
    line.resize(line.fontMetrics().horizontalAdvance("a · b"), 20)
    assert (line.text(), line.shown) == ("a · b · b", "a · b")


def test_what_is_said_of_the_page_follows_its_layout(qtbot: QtBot, opened: ReviewWindow) -> None:
    opened.resize(1600, 1000)
    qtbot.waitUntil(lambda: opened.settled, timeout=60_000)
    opened.commands.actions["trends"].trigger()
    qtbot.waitUntil(lambda: f"{opened.page.row_mm:.0f} mm a channel" in opened.says.text(), timeout=60_000)
    qtbot.waitUntil(lambda: f"{opened.page.labels_shown} of 18 labels" in opened.says.text(), timeout=60_000)


def test_channels_that_are_set_aside_are_named(qtbot: QtBot, opened: ReviewWindow) -> None:
    assert "set aside" not in opened.says.text()
    for name in ("T3", "O2"):
        opened.session.toggle_bad(name)
    assert "19 of 21 channels · set aside: T3, O2" in opened.says.shown
    names = [c.name for c in opened.session.recording.eeg[:12]]
    opened.session.store.update(bad=frozenset(names))
    assert f"set aside: {', '.join(names)}" in opened.says.toolTip()
    opened.resize(1280, 720)
    qtbot.waitUntil(lambda: f"set aside: {names[0]} and 11 more" in opened.says.shown)
    opened.session.store.update(bad=frozenset())
    assert "set aside" not in opened.says.text()


@pytest.mark.parametrize("beside", [False, True])
def test_in_large_type_a_page_below_the_display_standard_is_said_to_be(
    qtbot: QtBot, opened: ReviewWindow, reconstructed: Callable[[ReviewWindow], None], beside: bool
) -> None:
    """Though what the model did stands beside it."""
    opened.resize(1600, 1000)
    opened.session.reconstruct_page()
    reconstructed(opened)
    if beside:
        opened.commands.actions["beside"].trigger()
    opened.commands.actions["present"].trigger()
    qtbot.waitUntil(lambda: opened.presenting and opened.settled, timeout=60_000)
    opened.showNormal()
    opened.resize(1600, 1000)
    qtbot.waitUntil(lambda: "below display standard" in opened.says.shown, timeout=60_000)
    assert "…" not in opened.says.shown
    written = opened.page.labels_shown
    assert (f"{written} of 18 labels" in opened.says.shown) is (written < 18)
    assert written < 18 or beside, "where the page is low, its labels are counted"
    assert "in distribution" in opened.model_says.text()
    assert "21 of 21 channels" in opened.says.toolTip()


def test_a_date_that_is_not_known_is_said_to_be_and_clock_times_are_kept(
    qtbot: QtBot, window: ReviewWindow, few_channels: Path
) -> None:
    few_channels.write_bytes(few_channels.read_bytes().replace(b"Startdate X X X X", b"EEG of ward 7    ", 1))
    window.session.open(few_channels)
    qtbot.waitUntil(lambda: window.settled)
    recording = window.session.recording
    assert recording is not None
    assert recording.start is not None
    clock = f"{recording.start:%H:%M:%S}"
    assert f"date unknown, {clock}" in window.header._about(recording)
    assert window.place.text() == f"{clock}  (00:00:00, date unknown)"
    said = [cell for t in content_of(window.session, private=False).tables for row in t.rows for cell in row]
    assert f"date unknown, {clock}" in said
    assert not any("1985" in words for words in (*said, *window.header._about(recording)))
    assert any("1 January 1985, which stands for one that is not known" in p for p in recording.problems)


def test_whether_marks_are_saved_stays_as_long_as_what_the_page_is_drawn_in(
    qtbot: QtBot, mine: ReviewWindow, settle: Callable[[ReviewWindow], None]
) -> None:
    """Beside the warning and the montage, which no toolbar says in a presentation; the count and the speed give way."""
    mine.session.marks.add(5.0, "arousal", 2.0)
    qtbot.waitUntil(lambda: not mine.session.marks.unsaved)
    mine.commands.actions["present"].trigger()
    mine.showNormal()
    mine.resize(1280, 720)
    settle(mine)
    qtbot.waitUntil(lambda: "…" not in mine.says.shown)
    kept = ["Longitudinal", "7 µV/mm", "1–70 Hz", "below display standard", "saved"]
    assert [words for words in kept if words in mine.says.shown] == kept
    assert "channels" not in mine.says.shown
    line = StatusLine()
    qtbot.addWidget(line)
    line.set_parts(mine.says.parts)
    said = {}
    for wide in range(400, 3000, 10):
        line.resize(wide, 20)
        if "…" not in line.shown:
            assert [words for words in kept if words in line.shown] == kept
            said[wide] = line.shown
    assert "mm/s" not in said[min(said)].partition("below")[0]
    assert "21 of 21 channels" in said[max(said)]
    assert "marks saved" in said[max(said)]


@pytest.mark.parametrize("by", ["click", "menu"])
def test_what_is_wrong_with_a_file_is_listed_to_read_and_to_copy(
    qtbot: QtBot, window: ReviewWindow, few_channels: Path, by: str
) -> None:
    data = bytearray(few_channels.read_bytes())
    data[184:192] = b"9999    "
    few_channels.write_bytes(data[:-1000])
    action = window.commands.actions["problems"]
    assert not action.isEnabled()
    window.session.open(few_channels)
    qtbot.waitUntil(lambda: window.settled)
    recording = window.session.recording
    assert recording is not None
    assert len(recording.problems) >= 2
    if by == "menu":
        action.trigger()
    else:
        window.statusBar().clearMessage()
        assert f"{len(recording.problems)} problems" in window.says.shown
        qtbot.mouseClick(window.says, Qt.MouseButton.LeftButton, pos=QPoint(2, 5))
        assert not window.findChildren(ProblemsDialog)
        qtbot.mouseClick(window.says, Qt.MouseButton.LeftButton, pos=window.says.place_of("problems").center())
    (dialog,) = window.findChildren(ProblemsDialog)
    assert dialog.isVisible()
    assert all(problem in dialog.box.toPlainText() for problem in recording.problems)
    dialog.activateWindow()
    qtbot.waitUntil(dialog.box.hasFocus)
    qtbot.keyClick(dialog.box, Qt.Key.Key_Tab)
    assert dialog.copy_button.hasFocus()
    qtbot.keyClick(dialog.copy_button, Qt.Key.Key_Space)
    assert all(problem in QApplication.clipboard().text() for problem in recording.problems)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not window.findChildren(ProblemsDialog))


def test_a_notice_is_not_written_over_what_it_covers(
    opened: ReviewWindow, press: Callable[..., None], settle: Callable[..., None]
) -> None:
    """Nor where the type grows while it is there, as it does when a presentation begins."""
    press(opened, Qt.Key.Key_P)
    settle(opened)
    bar = opened.statusBar()
    assert bar.currentMessage()
    shown = bar.grab().toImage()
    opened.place.hide()
    opened.says.hide()
    assert bar.grab().toImage() == shown
    opened.place.show()
    opened.says.show()
    bar.clearMessage()
    assert bar.grab().toImage() != shown
    press(opened, Qt.Key.Key_P)


def test_nothing_is_said_of_a_recording_that_was_closed(opened: ReviewWindow) -> None:
    assert "7 µV/mm" in opened.says.text()
    opened.commands.actions["close"].trigger()
    assert opened.session.recording is None
    assert opened.says.text() == opened.place.text() == ""
