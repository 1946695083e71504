"""Moments of a meeting: chosen beforehand, kept, and gone through with the keys of a presenter's remote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import msgspec
from PySide6.QtCore import QBuffer, QIODevice, QPoint, Qt
from PySide6.QtGui import QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QAbstractButton, QWidget
from pytestqt.qtbot import QtBot
from tests.app.test_left import opens
from tests.app.test_marks import saved

from neuroflow.io.marks_csv import read_marks, write_marks
from neuroflow.review import Mark, decided
from neuroflow_review.session.analysis import Spike
from neuroflow_review.session.meeting import moments
from neuroflow_review.session.report import moments_of
from neuroflow_review.window import ReviewWindow

Key = Qt.Key
Press = Callable[..., None]
Act = Callable[[ReviewWindow], None]


def chosen(window: ReviewWindow) -> list[float]:
    return [mark.start for mark in moments(window.session)]


def choose(qtbot: QtBot, window: ReviewWindow, press: Press, *times: float) -> None:
    for time in times:
        window.session.show_time(time)
        press(window, Key.Key_K)
        qtbot.keyClick(window.events.table.focusWidget() or window.events.table, Key.Key_Escape)
        window.page.setFocus()


def test_k_chooses_a_moment_or_an_event_that_is_there_and_takes_it_out_again(
    qtbot: QtBot, mine: ReviewWindow, press: Press
) -> None:
    session = mine.session
    event = session.marks.add(5.0, "arousal", 2.0)
    assert event is not None
    session.set_cursor(5.1)
    press(mine, Key.Key_K)
    assert [(m.text, m.by, m.at) for m in moments(session)] == [("arousal", event.by, event.at)], "whose it is stays"
    choose(qtbot, mine, press, 3.0)
    assert chosen(mine) == [3.0, 5.0]
    session.set_cursor(5.0)
    press(mine, Key.Key_K)
    assert chosen(mine) == [3.0]
    press(mine, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert chosen(mine) == [3.0, 5.0]
    saved(qtbot, mine)


def test_the_keys_of_a_remote_go_through_them_each_in_the_middle_of_the_page(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act
) -> None:
    choose(qtbot, mine, press, 125.0, 42.0, 300.0)
    session = mine.session
    assert not mine.moments.isVisible()
    press(mine, Key.Key_P)
    settle(mine)
    assert mine.moments.isVisible()
    assert "3 moments" in mine.moments.words
    places = []
    for key in (Key.Key_PageDown, Key.Key_N, Key.Key_PageDown, Key.Key_PageDown, Key.Key_PageUp):
        press(mine, key)
        settle(mine)
        assert session.cursor is not None
        places.append(session.cursor)
        assert abs(session.state.start + session.state.seconds / 2 - session.cursor) < 1e-6
    assert places == [42.0, 125.0, 300.0, 300.0, 125.0]
    assert mine.moments.words.startswith("2 of 3")
    start = session.state.start
    press(mine, Key.Key_Right)
    assert session.state.start == start + session.state.seconds, "an arrow still turns the page"
    dot = mine.moments.dots()[2]
    qtbot.mouseClick(mine.moments, Qt.MouseButton.LeftButton, pos=dot.toPoint())
    assert session.cursor == 300.0
    press(mine, Key.Key_P)
    settle(mine)
    assert not mine.moments.isVisible()
    at = session.state.start
    press(mine, Key.Key_PageUp)
    assert session.state.start == at - session.state.seconds, "elsewhere these keys turn the page"
    saved(qtbot, mine)


def test_they_are_kept_and_go_out_and_in_and_into_the_report(
    qtbot: QtBot, mine: ReviewWindow, press: Press, few_channels: Path, tmp_path: Path
) -> None:
    session = mine.session
    choose(qtbot, mine, press, 7.0)
    session.marks.add(9.0, "not this one")
    saved(qtbot, mine)
    recording = session.recording
    assert recording is not None
    assert [m.time for m in moments_of(session.marks.all, "meeting", session.state.span)] == [7.0]
    write_marks(session.marks.all, tmp_path / "marks.csv")
    assert [m.meeting for m in read_marks(tmp_path / "marks.csv", recording.duration)] == [True, False]
    opens(qtbot, mine, few_channels)
    opens(qtbot, mine, recording.path)
    assert chosen(mine) == [7.0]
    mine.events.search.setText("meeting")
    assert mine.events.shown == 1


def test_what_is_decided_in_the_meeting_stays_its_moment_and_the_next_is_next(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act
) -> None:
    session = mine.session
    session.marks.decide(42.0, "F7–T3", "unsure")
    discharge = session.marks.all[0]
    choose(qtbot, mine, press, 5.0, 125.0, 300.0)
    session.marks.show_in_meeting(discharge.id, True)
    press(mine, Key.Key_P)
    settle(mine)
    press(mine, Key.Key_PageDown)
    press(mine, Key.Key_PageDown)
    settle(mine)
    assert session.cursor == 42.0
    press(mine, Key.Key_A)
    settle(mine)
    assert [m.decision for m in session.marks.all if m.start == 42.0] == ["accepted"]
    assert mine.moments.words.startswith("2 of 4")
    press(mine, Key.Key_PageDown)
    assert session.cursor == 125.0
    press(mine, Key.Key_K)  # taken out while it is on screen
    assert mine.moments.words == "3 moments: PgDown goes to the next"
    press(mine, Key.Key_PageDown)
    assert session.cursor == 300.0
    press(mine, Key.Key_PageUp)
    assert session.cursor == 42.0
    press(mine, Key.Key_P)
    saved(qtbot, mine)


def test_a_list_of_moments_from_elsewhere_is_taken_up_for_marks_that_are_there(
    qtbot: QtBot, mine: ReviewWindow, tmp_path: Path
) -> None:
    session, said = mine.session, []
    session.noticed.connect(said.append)
    session.marks.add(5.0, "arousal", 2.0)
    session.marks.add(9.0, "not this one")
    mark = session.marks.all[0]
    write_marks([msgspec.structs.replace(mark, meeting=True), session.marks.all[1]], tmp_path / "theirs.csv")
    session.marks.ask_import(tmp_path / "theirs.csv")
    qtbot.waitUntil(lambda: bool(said))
    assert chosen(mine) == [5.0]
    assert said == ["1 chosen for the meeting that was there already; 1 more there already."]
    assert [(m.by, m.at) for m in moments(session)] == [(mark.by, mark.at)], "whose it is stays"
    session.marks.undo()
    assert chosen(mine) == []
    saved(qtbot, mine)


def test_a_decision_in_place_of_several_stays_in_the_meeting() -> None:
    first = Mark("1", 5.0, "spike", channel="F7–T3", decision="unsure", meeting=True)
    second = Mark("2", 5.05, "spike", channel="T3–T5", decision="unsure")
    for earlier in ((first, second), (second, first)):
        assert decided(5.0, "F7–T3", "accepted", earlier).after[0].meeting
    assert not decided(5.0, "F7–T3", "accepted", (second,)).after[0].meeting


def written(widget: QWidget) -> str:
    """Every word that a widget paints."""
    buffer, generator = QBuffer(), QSvgGenerator()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator.setOutputDevice(buffer)
    generator.setSize(widget.size())
    with QPainter(generator) as painter:
        widget.render(painter, QPoint(), renderFlags=QWidget.RenderFlag.DrawChildren)
    return " ".join(" ".join(ElementTree.fromstring(bytes(buffer.data().data()).decode()).itertext()).split())


def test_a_brain_on_which_nothing_is_proposed_says_so_in_place_of_a_scale(
    opened: ReviewWindow, press: Press, settle: Act, reconstructed: Act
) -> None:
    spikes, brain = opened.session.spikes, opened.implant.brain
    press(opened, Key.Key_P)
    opened.session.reconstruct_page()
    reconstructed(opened)
    found = spikes._depth[spikes._depth_key]
    for proposed, words in (((), "a minute none proposed"), ((Spike("AHL1", 3.0, 4, 9),), "a minute 0")):
        found.update(dict.fromkeys(found, ()) | {0: proposed})
        spikes.changed.emit()
        settle(opened)
        assert words in written(brain)
    press(opened, Key.Key_P)
    assert "what the scalp says" in written(brain)


def test_the_brain_of_a_presentation_has_nothing_to_click_on_and_has_it_again_afterwards(
    opened: ReviewWindow, press: Press, settle: Act
) -> None:
    def buttons() -> set[str]:
        there = (b for dock in opened.docks.values() for b in dock.findChildren(QAbstractButton))
        return {b.accessibleName() for b in there if b.isVisible()}

    before = buttons()
    assert {"Hide Implant", "Shaft AHL, left, 8 contacts"} <= before
    press(opened, Key.Key_P)
    settle(opened)
    assert opened.implant.brain.isVisible()
    assert buttons() == set()
    press(opened, Key.Key_Escape)
    settle(opened)
    assert buttons() == before
