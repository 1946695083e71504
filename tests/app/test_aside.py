"""Bad channels by the sign at the edge of a label: one click, undone as by B, and none that chooses a row does it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QHelpEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QMenu, QToolTip
from pytestqt.qtbot import QtBot

from neuroflow_review.asidelayer import ROOM, AsideLayer
from neuroflow_review.paper import Place
from neuroflow_review.theme import gutter
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.shown import save_shown

LEFT = Qt.MouseButton.LeftButton
EDGE = 9
Settle = Callable[[ReviewWindow], None]
Press = Callable[..., None]


def row_y(window: ReviewWindow, label: str) -> int:
    return round(next(place.y for place in window.page.places()[0] if place.label == label))


def hover(window: ReviewWindow, at: QPoint) -> None:
    """The pointer goes there, with no button down."""
    where = QPointF(at)
    none = Qt.MouseButton.NoButton
    QApplication.sendEvent(
        window.page,
        QMouseEvent(QEvent.Type.MouseMove, where, window.page.mapToGlobal(where), none, none, Qt.KeyboardModifier(0)),
    )


def click_sign(qtbot: QtBot, window: ReviewWindow, label: str) -> None:
    at = QPoint(EDGE, row_y(window, label))
    hover(window, at)
    qtbot.mouseClick(window.page, LEFT, pos=at)


def ink_at_edge(window: ReviewWindow, label: str) -> int:
    """Pixels at the edge of a label's row that are not paper."""
    window.page.show_now()
    image = window.page.grab().toImage()
    ratio, y = image.devicePixelRatio(), row_y(window, label)
    paper = image.pixelColor(round(ratio * EDGE), round(ratio * (window.page.height() - 2)))
    box = [(x, v) for x in range(4, ROOM) for v in range(y - 7, y + 8)]
    return sum(image.pixelColor(round(ratio * x), round(ratio * v)) != paper for x, v in box)


def menu_of(qtbot: QtBot) -> QMenu:
    qtbot.waitUntil(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


@pytest.fixture
def referential(mine: ReviewWindow, settle: Settle) -> ReviewWindow:
    mine.session.store.update(montage="average")
    settle(mine)
    return mine


def test_one_click_on_the_sign_sets_a_channel_aside_and_one_takes_it_back(
    qtbot: QtBot, referential: ReviewWindow, settle: Settle
) -> None:
    window, chosen = referential, referential.session.state.channel
    click_sign(qtbot, window, "T3–avg")
    settle(window)
    assert window.session.state.bad == {"T3"}
    assert window.session.state.channel == chosen, "no row is chosen by it"
    assert "set aside: T3" in window.says.text()
    assert window.page.accessibleDescription() == "Set aside as bad: T3–avg"
    click_sign(qtbot, window, "T3–avg")
    settle(window)
    assert window.session.state.bad == frozenset()
    assert window.page.accessibleDescription() == ""


def test_it_is_undone_and_done_again_as_what_b_does(
    qtbot: QtBot, referential: ReviewWindow, press: Press, settle: Settle
) -> None:
    click_sign(qtbot, referential, "T3–avg")
    settle(referential)
    press(referential, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    settle(referential)
    assert referential.session.state.bad == frozenset()
    assert referential.session.marks.to_redo == "set T3 aside"
    press(referential, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    settle(referential)
    assert referential.session.state.bad == {"T3"}


def test_the_sign_is_seen_where_the_pointer_is_and_always_on_what_is_set_aside(
    qtbot: QtBot, referential: ReviewWindow, settle: Settle
) -> None:
    window = referential
    window.session.store.update(channel="Cz–avg")  # the chosen row has a bar of its own there
    settle(window)
    assert ink_at_edge(window, "T3–avg") == 0
    hover(window, QPoint(gutter() - 8, row_y(window, "T3–avg")))
    assert ink_at_edge(window, "T3–avg") > 20
    assert ink_at_edge(window, "C3–avg") == 0
    hover(window, QPoint(gutter() + 50, row_y(window, "T3–avg")))
    assert ink_at_edge(window, "T3–avg") == 0
    click_sign(qtbot, window, "T3–avg")
    settle(window)
    hover(window, QPoint(gutter() + 50, row_y(window, "C3–avg")))
    assert ink_at_edge(window, "T3–avg") > 20


def test_signs_of_rows_that_are_close_do_not_overlap() -> None:
    layer = AsideLayer()
    for apart in (40.0, 10.0, 7.0):
        above, below = (layer.place(label, places(apart)) for label in ("T3–avg", "C3–avg"))
        assert above.bottom() < below.top() - 1, "a line is as wide"
        assert above.left() > 3, "the bar of the chosen row"
        assert above.width() >= 5, "it can be seen"


def places(apart: float) -> list[Place]:
    return [Place(label, 100.0 + k * apart, 0) for k, label in enumerate(("T3–avg", "C3–avg"))]


@pytest.mark.parametrize("x", [ROOM + 1, gutter() - 4, gutter() + 100])
def test_a_click_on_a_label_or_a_trace_chooses_the_row_and_sets_nothing_aside(
    qtbot: QtBot, referential: ReviewWindow, x: int
) -> None:
    at = QPoint(x, row_y(referential, "T3–avg"))
    hover(referential, at)
    qtbot.mouseClick(referential.page, LEFT, pos=at)
    assert (referential.session.state.channel, referential.session.state.bad) == ("T3–avg", frozenset())


def test_a_press_that_is_let_go_elsewhere_or_that_began_elsewhere_does_nothing(
    qtbot: QtBot, referential: ReviewWindow
) -> None:
    sign, other = (QPoint(EDGE, row_y(referential, label)) for label in ("T3–avg", "C3–avg"))
    for first, last in (
        (sign, other),
        (QPoint(gutter() + 50, sign.y()), sign),
        (sign, QPoint(gutter() + 50, sign.y())),
    ):
        hover(referential, first)
        qtbot.mousePress(referential.page, LEFT, pos=first)
        qtbot.mouseMove(referential.page, last)
        hover(referential, last)
        qtbot.mouseRelease(referential.page, LEFT, pos=last)
        assert referential.session.state.bad == frozenset()


def test_a_row_that_came_to_lie_under_the_pointer_is_chosen_and_not_set_aside(
    qtbot: QtBot, referential: ReviewWindow
) -> None:
    at = QPoint(EDGE, row_y(referential, "T3–avg"))
    hover(referential, at)
    referential.page.resize(referential.page.width(), referential.page.height() // 2)
    under = referential.page.row_at(QPointF(at))
    assert under != "T3–avg"
    qtbot.mouseClick(referential.page, LEFT, pos=at)
    assert (referential.session.state.channel, referential.session.state.bad) == (under, frozenset())


def test_of_a_derivation_of_two_it_asks_which_and_takes_back_the_one_that_is_aside(
    qtbot: QtBot, mine: ReviewWindow, settle: Settle
) -> None:
    mine.session.store.update(montage="longitudinal")
    settle(mine)
    click_sign(qtbot, mine, "F7–T3")
    menu = menu_of(qtbot)
    assert mine.session.state.bad == frozenset()
    next(a for a in menu.actions() if a.text() == "Set T3 aside as bad").trigger()
    menu.close()
    settle(mine)
    assert mine.session.state.bad == {"T3"}
    click_sign(qtbot, mine, "T3–T5")
    settle(mine)
    assert mine.session.state.bad == frozenset()


def test_a_channel_that_is_interpolated_is_taken_back_too(qtbot: QtBot, mine: ReviewWindow, settle: Settle) -> None:
    mine.session.store.update(montage="longitudinal", bad=frozenset({"T3"}), interpolate=True)
    settle(mine)
    assert next(row for row in mine.session.rows if row.label == "F7–T3").interpolated == ("T3",)
    click_sign(qtbot, mine, "F7–T3")
    settle(mine)
    assert mine.session.state.bad == frozenset()


def test_the_tip_on_the_sign_says_what_a_click_does(referential: ReviewWindow, settle: Settle) -> None:
    at = QPoint(EDGE, row_y(referential, "T3–avg"))

    def said() -> str:
        hover(referential, at)
        event = QHelpEvent(QEvent.Type.ToolTip, at, referential.page.mapToGlobal(at))
        QApplication.sendEvent(referential.page, event)
        return QToolTip.text()

    assert said() == "Set T3 aside as bad"
    referential.session.toggle_bad("T3")
    settle(referential)
    assert said() == "Take T3 back"
    QToolTip.hideText()


def test_on_paper_there_is_nothing_to_click(
    qtbot: QtBot, referential: ReviewWindow, settle: Settle, tmp_path: Path
) -> None:
    def circles(name: str) -> int:
        target = tmp_path / name
        save_shown(referential, target)
        qtbot.waitUntil(target.exists, timeout=60_000)
        return sum(e.tag.endswith(("circle", "ellipse")) for e in ElementTree.fromstring(target.read_bytes()).iter())

    before = circles("before.svg")
    click_sign(qtbot, referential, "T3–avg")
    settle(referential)
    assert circles("after.svg") == before
