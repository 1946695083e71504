"""Edges of events, dragged on the page and set by key; events of one channel; as a reader does it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from tests.app.test_marks import listed, review_of_path, saved, type_name

from neuroflow.recording import Span
from neuroflow.review import Mark
from neuroflow.review.document import SHORTEST
from neuroflow_review.marklayer import bands, rows_of
from neuroflow_review.sheet import Sheet
from neuroflow_review.theme import time_to_x
from neuroflow_review.window import ReviewWindow

Key = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
Press = Callable[..., None]
Settle = Callable[[ReviewWindow], None]


def at(sheet: Sheet, time: float, y: float | None = None) -> QPoint:
    high = sheet.plot().center().y() if y is None else y
    return QPoint(round(time_to_x(time, sheet.span, sheet.width())), round(high))


def hover(sheet: Sheet, place: QPoint) -> Qt.CursorShape:
    QTest.mouseMove(sheet, place)
    QApplication.processEvents()
    return sheet.cursor().shape()


def drag(sheet: Sheet, places: list[QPoint], *, release: bool = True) -> None:
    """Press at the first place, move over the others, and let go at the last."""
    QTest.mousePress(sheet, Qt.MouseButton.LeftButton, pos=places[0])
    for place in places[1:]:
        QTest.mouseMove(sheet, place)
        QApplication.processEvents()
    if release:
        QTest.mouseRelease(sheet, Qt.MouseButton.LeftButton, pos=places[-1])
        QApplication.processEvents()


def only(window: ReviewWindow) -> Mark:
    (mark,) = window.session.marks.all
    return mark


def test_the_pointer_says_where_an_edge_can_be_dragged(qtbot: QtBot, mine: ReviewWindow, settle: Settle) -> None:
    mine.session.marks.add(3.0, "run", 2.0)
    settle(mine)
    page = mine.page
    for time in (3.0, 5.0):
        assert hover(page, at(page, time)) is Qt.CursorShape.SizeHorCursor
    for time in (2.0, 4.0, 6.0):
        assert hover(page, at(page, time)) is Qt.CursorShape.ArrowCursor
    note = mine.session.recording
    assert note is not None
    for annotation in note.annotations:
        if annotation.onset < 10.0 and abs(annotation.onset - 3.0) > 0.2 and abs(annotation.onset - 5.0) > 0.2:
            assert hover(page, at(page, annotation.onset)) is Qt.CursorShape.ArrowCursor, "the file's own stay"
    saved(qtbot, mine)


def test_an_edge_is_dragged_live_and_in_one_step(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Settle
) -> None:
    session, page = mine.session, mine.page
    session.marks.add(3.0, "run", 2.0)
    settle(mine)
    before = only(mine)
    drag(page, [at(page, 5.0), at(page, 5.6), at(page, 6.4)], release=False)
    held = page._layer.held
    assert held is not None
    assert held.stop == pytest.approx(6.4, abs=0.02), "it moves with the hand"
    assert only(mine) == before, "and nothing is changed yet"
    QTest.mouseRelease(page, Qt.MouseButton.LeftButton, pos=at(page, 6.4))
    after = only(mine)
    assert (after.start, after.text, after.by) == (3.0, "run", "Dr Reader")
    assert after.stop == pytest.approx(6.4, abs=0.02)
    assert mine.commands.actions["undo"].text() == "Undo: move the edge of an event"
    settle(mine)
    assert page._layer.held is None
    drag(page, [at(page, 3.0), at(page, 2.0)])
    assert only(mine).start == pytest.approx(2.0, abs=0.02)
    assert only(mine).stop == pytest.approx(after.stop)
    press(mine, Key.Key_Z, CTRL)
    assert only(mine) == after
    press(mine, Key.Key_Z, CTRL)
    assert only(mine) == before
    press(mine, Key.Key_Z, CTRL | SHIFT)
    assert only(mine) == after
    saved(qtbot, mine)


def test_a_mark_without_duration_gets_one_whichever_way_it_is_dragged(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Settle
) -> None:
    page = mine.page
    mine.session.marks.add(4.0, "sharp")
    settle(mine)
    drag(page, [at(page, 4.0), at(page, 4.3), at(page, 5.0)])
    assert (only(mine).start, only(mine).duration) == (4.0, pytest.approx(1.0, abs=0.02))
    press(mine, Key.Key_Z, CTRL)
    settle(mine)
    drag(page, [at(page, 4.0), at(page, 3.7), at(page, 3.0)])
    assert (only(mine).start, only(mine).stop) == (pytest.approx(3.0, abs=0.02), pytest.approx(4.0))
    saved(qtbot, mine)


def test_an_edge_stops_before_the_other_and_at_the_recordings_ends(
    qtbot: QtBot, mine: ReviewWindow, settle: Settle
) -> None:
    session, page = mine.session, mine.page
    session.marks.add(1.0, "first", 2.0)
    settle(mine)
    drag(page, [at(page, 3.0), at(page, 2.0), at(page, 0.2)])
    assert only(mine).duration == pytest.approx(SHORTEST, abs=1e-3)
    drag(page, [at(page, 1.0), at(page, 0.5), QPoint(2, round(page.plot().center().y()))])
    assert only(mine).start == 0.0
    assert session.recording is not None
    end = session.recording.duration
    session.go_to(end)
    session.marks.remove(only(mine).id)
    session.marks.add(end - 3.0, "last", 1.0)
    settle(mine)
    drag(page, [at(page, end - 2.0), at(page, end - 1.0), QPoint(page.width() - 2, round(page.plot().center().y()))])
    assert only(mine).stop == pytest.approx(end, abs=1e-3)
    assert only(mine).stop <= end
    saved(qtbot, mine)


def test_escape_during_a_drag_takes_it_back(qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Settle) -> None:
    session, page = mine.session, mine.page
    session.marks.add(3.0, "run", 2.0)
    session.store.update(selection=Span(1.0, 2.0))
    settle(mine)
    before = only(mine)
    drag(page, [at(page, 5.0), at(page, 6.0)], release=False)
    press(mine, Key.Key_Escape)
    assert page._layer.held is None
    QTest.mouseRelease(page, Qt.MouseButton.LeftButton, pos=at(page, 6.0))
    assert only(mine) == before
    assert session.state.selection is not None, "Esc takes one thing back at a time"
    saved(qtbot, mine)


def test_a_click_on_an_edge_chooses_the_row_and_moves_nothing(qtbot: QtBot, mine: ReviewWindow, settle: Settle) -> None:
    page = mine.page
    mine.session.marks.add(3.0, "run", 2.0)
    settle(mine)
    before, place = only(mine), page.places()[0][3]
    drag(page, [at(page, 3.0, place.y)])
    assert only(mine) == before
    assert mine.session.state.channel == place.label
    saved(qtbot, mine)


def test_marks_of_another_window_have_no_edges_to_drag(qtbot: QtBot, mine: ReviewWindow, settle: Settle) -> None:
    session, page = mine.session, mine.page
    assert session.recording is not None
    path = session.recording.path
    session.marks.add(3.0, "run", 2.0)
    saved(qtbot, mine)
    session.close_recording()
    review = review_of_path(path)
    later = json.loads(review.read_text()) | {"format": 99}
    review.write_text(json.dumps(later))
    session.open(path)
    settle(mine)
    assert not session.marks.writable
    page.set_marks([Mark("m", 3.0, "shown", 2.0)])
    assert hover(page, at(page, 3.0)) is Qt.CursorShape.ArrowCursor
    assert not page._layer.gripped


def test_the_chosen_event_starts_and_ends_at_the_cursor_by_key(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Settle
) -> None:
    session = mine.session
    session.set_cursor(3.0)
    press(mine, Key.Key_Period)
    assert "Choose an event" in mine.statusBar().currentMessage()
    press(mine, Key.Key_E)
    type_name(qtbot, mine, "run")
    settle(mine)
    mine.events._select(only(mine).id)
    session.set_cursor(4.5)
    press(mine, Key.Key_Period)
    assert (only(mine).start, only(mine).duration) == (3.0, 1.5)
    session.set_cursor(2.25)
    press(mine, Key.Key_Comma)
    assert (only(mine).start, only(mine).stop) == (2.25, 4.5)
    press(mine, Key.Key_Period)
    assert only(mine).duration == pytest.approx(SHORTEST), "at its own start it is as short as a mark can be"
    press(mine, Key.Key_Z, CTRL)
    session.set_cursor(9.0)
    press(mine, Key.Key_Comma)
    assert "after the event's end" in mine.statusBar().currentMessage()
    assert (only(mine).start, only(mine).stop) == (2.25, 4.5)
    saved(qtbot, mine)


def test_an_event_of_the_chosen_channel_stands_on_its_row_alone(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Settle
) -> None:
    session, page = mine.session, mine.page
    place = page.places()[0][6]
    drag(page, [at(page, 8.0, place.y)])
    assert session.state.channel == place.label
    session.store.update(selection=Span(2.0, 4.0))
    press(mine, Key.Key_E, SHIFT)
    type_name(qtbot, mine, "slowing")
    mark = only(mine)
    assert (mark.channel, mark.start, mark.duration, mark.reconstructed) == (place.label, 2.0, 2.0, False)
    session.store.update(selection=None)
    settle(mine)
    assert [row.where for row in listed(mine) if row.kind == "mark"] == [place.label]
    (band,) = bands(mark, page.ground())
    assert abs(band.center().y() - place.y) < 1.0
    assert band.height() < page.plot().height() / 4
    assert hover(page, at(page, 4.0, place.y)) is Qt.CursorShape.SizeHorCursor
    far = page.places()[0][14]
    assert hover(page, at(page, 4.0, far.y)) is Qt.CursorShape.ArrowCursor
    drag(page, [at(page, 4.0, place.y), at(page, 5.0, place.y)])
    assert only(mine).stop == pytest.approx(5.0, abs=0.02)
    assert only(mine).channel == place.label
    saved(qtbot, mine)


def test_an_event_on_a_reconstructed_contact_says_so(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Settle, reconstructed: Callable[[ReviewWindow], None]
) -> None:
    press(mine, Key.Key_R)
    reconstructed(mine)
    contact = mine.session.contacts[mine.session.shown_contacts()[0]]
    mine.commands.marks.choose_contact(contact.name)
    mine.session.set_cursor(5.0)
    press(mine, Key.Key_E, SHIFT)
    type_name(qtbot, mine, "burst")
    settle(mine)
    assert only(mine).reconstructed
    assert [row.where for row in listed(mine) if row.kind == "mark"] == [f"≈{contact.name}"]
    assert mine.page._layer.marks == (), "never on the page of what was recorded"
    assert mine.ieeg._layer.marks == (only(mine),)
    (band,) = bands(only(mine), mine.ieeg.ground())
    assert abs(band.center().y() - mine.ieeg.places()[0][0].y) < 1.0
    saved(qtbot, mine)


def test_a_channel_stands_on_its_own_row_else_on_those_of_its_electrode() -> None:
    labels = ("F7–T3", "T3–T5", "C3–P3")
    assert rows_of("T3–T5", labels) == (1,)
    assert rows_of("T3", labels) == (0, 1)
    assert rows_of("O2", labels) == ()
    assert rows_of("≈T3", labels) == ()
    assert rows_of("≈AHL1", ("≈AHL1", "≈AHL2")) == (0,)
