"""Annotations of the file on the page: told apart from a reader's own marks, out of the clock's way, at no cost."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot
from tests.app.test_marks import saved

from neuroflow.recording import Annotation, Span
from neuroflow_review.notelayer import NoteLayer
from neuroflow_review.theme import DARK, LIGHT, Theme, time_to_x
from neuroflow_review.views.page import PageView
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.shown import save_shown

NOTES = (
    Annotation(2.0, 0.0, "eyes open"),
    Annotation(2.1, 0.0, "at once"),
    Annotation(6.0, 8.0, "photic 12 Hz"),
    Annotation(25.0, 0.0, "later"),
)


def strip(page: PageView) -> QRect:
    """The line of the annotations, between clock and traces."""
    top = round(page._clock_height())
    return QRect(0, top, page.width(), round(page.header_height()) - top)


def inked(picture: QImage, box: QRect, ground: str) -> set[int]:
    """Columns of a box in which anything is drawn."""
    paper = QColor(ground).rgb()
    return {
        x for x in range(box.left(), box.right() + 1)
        if any(picture.pixel(x, y) != paper for y in range(box.top(), box.bottom() + 1))
    }  # fmt: skip


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_an_annotation_stands_at_its_time_above_the_traces_and_never_in_the_clock(
    opened: ReviewWindow, settle: Callable[[ReviewWindow], None], look: Theme
) -> None:
    opened.set_theme(look)
    page = opened.page
    page.set_notes(())
    settle(opened)
    without = page.grab().toImage()
    assert not strip(page).height(), "a file without annotations gives up no room"
    page.set_notes(NOTES)
    settle(opened)
    picture = page.grab().toImage()
    clock = QRect(0, 0, page.width(), round(page._clock_height()))
    assert picture.copy(clock) == without.copy(clock)
    columns = inked(picture, strip(page), look.paper)
    for onset in (2.0, 6.0):
        assert any(abs(x - time_to_x(onset, page.span, page.width())) <= 1 for x in columns)
    assert not [x for x in columns if x < time_to_x(1.9, page.span, page.width())]
    below = QRect(strip(page)).translated(0, strip(page).height())
    below.setHeight(2)
    assert QColor(look.other).name() not in {
        picture.pixelColor(x, y).name() for x in columns for y in (below.top(), below.bottom())
    }
    accent = QColor(look.accent).name()
    assert accent not in {picture.pixelColor(x, strip(page).center().y()).name() for x in columns}, "not a reader's"


def test_where_no_text_is_written_its_room_is_the_traces(
    opened: ReviewWindow, settle: Callable[[ReviewWindow], None]
) -> None:
    page = opened.page
    page.set_notes(NOTES)
    settle(opened)
    before = strip(page).height()
    opened.session.store.update(private=True)
    settle(opened)
    assert 0 < strip(page).height() < before / 2
    columns = inked(page.grab().toImage(), strip(page), LIGHT.paper)
    for onset in (2.0, 6.0):
        assert any(abs(x - time_to_x(onset, page.span, page.width())) <= 1 for x in columns), "where it begins is seen"


def test_of_two_texts_that_would_overlap_the_first_is_written_and_what_lasts_goes_on() -> None:
    layer = NoteLayer()
    layer.set_notes(NOTES)
    texts = layer.texts(Span(0.0, 10.0), 800.0, 736.0)
    assert [words for words, _ in texts] == ["eyes open", "photic 12 Hz"]
    assert [note.text for note in layer.on(Span(10.0, 20.0))] == ["photic 12 Hz"]
    assert layer.texts(Span(10.0, 20.0), 800.0, 736.0)[0][1].left() < 100.0
    assert not layer.on(Span(14.0, 24.0))
    rng = np.random.default_rng(0)
    layer.set_notes([Annotation(float(t), 0.0, "swallowing") for t in rng.uniform(0, 10, 500)])
    boxes = [box for _, box in layer.texts(Span(0.0, 10.0), 800.0, 736.0)]
    assert len(boxes) > 3
    assert all(a.right() < b.left() for a, b in pairwise(boxes))
    assert boxes[-1].right() <= 737.0


@pytest.mark.parametrize("onset", [6.0, 10.0])
def test_only_what_begins_on_a_page_has_a_tick_there(opened: ReviewWindow, onset: float) -> None:
    """What goes on from an earlier page is a line along the layer's foot, and its text."""
    layer, plot, span = NoteLayer(), opened.page.plot(), Span(10.0, 20.0)
    layer.set_notes([Annotation(onset, 8.0, "photic 12 Hz")])
    upright: list[float] = []
    level: list[float] = []

    class Watched(QPainter):
        def drawLines(self, drawn: object) -> None:
            for line in drawn:  # type: ignore[attr-defined]
                (upright if line.x1() == line.x2() else level).append(line.x1())

    picture = QImage(opened.page.width(), 200, QImage.Format.Format_ARGB32)
    with Watched(picture) as painter:
        layer.draw(painter, span, opened.page.width(), plot, LIGHT)
    assert bool(upright) is (onset >= span.start)
    assert len(level) == 1
    assert layer.texts(span, opened.page.width(), plot.right())


def test_texts_are_not_shown_where_the_name_is_not(opened: ReviewWindow) -> None:
    """Headers are not the only place where a name stands."""
    opened.page.set_notes(NOTES)
    layer, page = opened.page._notes, opened.page
    assert layer.texts(page.span, page.width(), page.plot().right())
    opened.session.store.update(private=True)
    assert not layer.texts(page.span, page.width(), page.plot().right())
    assert layer.on(page.span), "where they are is still shown"


def test_a_recording_shows_its_own_annotations_beside_a_readers_marks(qtbot: QtBot, mine: ReviewWindow) -> None:
    recording = mine.session.recording
    assert recording is not None
    assert recording.annotations
    mine.session.show_time(recording.annotations[0].onset)
    on_page = mine.page._notes.on(mine.page.span)
    assert recording.annotations[0] in on_page
    mine.session.marks.add(mine.page.span.start + 1.0, "mine", 0.0, "")
    assert mine.page._notes.on(mine.page.span) == on_page
    saved(qtbot, mine)


def test_ten_thousand_annotations_are_drawn_as_those_of_the_page(opened: ReviewWindow) -> None:
    """No more lines than there are pixels, however many stand on one page."""
    layer, page = NoteLayer(), opened.page
    layer.set_notes([Annotation(k / 10.0, 0.0, f"note {k}") for k in range(10_000)])
    assert len(layer.on(Span(500.0, 510.0))) == 100
    lines: list[int] = []

    class Counted(QPainter):
        def drawLines(self, drawn: object) -> None:
            lines.append(len(drawn))  # type: ignore[arg-type]

    layer.set_notes([Annotation(k / 1000.0, 0.5, "dense") for k in range(10_000)])
    picture = QImage(page.width(), 200, QImage.Format.Format_ARGB32)
    with Counted(picture) as painter:
        layer.draw(painter, Span(0.0, 10.0), page.width(), page.plot(), LIGHT)
    assert max(lines) <= page.plot().width() + 1


@pytest.mark.parametrize("private", [False, True])
def test_a_page_that_is_saved_as_lines_has_them_as_the_window_has(
    qtbot: QtBot, opened: ReviewWindow, tmp_path: Path, private: bool
) -> None:
    recording = opened.session.recording
    assert recording is not None
    note = recording.annotations[0]
    opened.session.go_to(max(note.onset - 2.0, 0.0))
    opened.session.store.update(private=private)
    job = save_shown(opened, tmp_path / "page.svg")
    assert job is not None
    with qtbot.waitSignal(job.destroyed):
        pass
    words = " ".join(ElementTree.parse(tmp_path / "page.svg").getroot().itertext())
    assert (" ".join(note.text.split())[:12] in words) is not private
