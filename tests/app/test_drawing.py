"""What reaches the pixels: scale, polarity, labels, bands."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from neuroflow.recording import Span
from neuroflow.signal.filters import Filters
from neuroflow.signal.montage import Row
from neuroflow_review.canvas import Canvas
from neuroflow_review.colourmap import COLOUR_MAPS, colour_table
from neuroflow_review.display import filter_words, low_cut_words, scale_words, seconds_left_words, sensitivity_words
from neuroflow_review.paper import lay_out, pixels_per_mm, polygon, polylines, shown_labels
from neuroflow_review.ribbon import Ribbon, columns_of, paint_ribbons
from neuroflow_review.session.page import PageData, PageRequest, Trace
from neuroflow_review.theme import BASE_POINTS, LIGHT, colour, gutter, right_margin, time_to_x, ui_font
from neuroflow_review.views.page import PageView
from neuroflow_review.window import ReviewWindow

SPAN = Span(0.0, 10.0)


@pytest.fixture
def page(qtbot: QtBot) -> PageView:
    view = PageView()
    qtbot.addWidget(view)
    view.resize(1140, 400)
    view.set_recording(SPAN, datetime(2026, 1, 1, 22, 0, 0), ())
    view.show()
    qtbot.waitExposed(view)
    return view


def flat(volts: float, labels: tuple[str, ...] = ("Fp1–F7",)) -> PageData:
    rows = tuple(Row(label, (("a", 1.0),), "left", 0) for label in labels)
    y = np.full(2001, volts, dtype=np.float32)
    trace = Trace(0.0, 0.005, y, dense=False)
    return PageData(PageRequest("x", SPAN, rows, Filters(), 1000), tuple(trace for _ in rows))


def picture(view: PageView) -> QImage:
    while not view.fresh:
        QApplication.processEvents()
    return view.grab().toImage()


def height_of_line(view: PageView) -> float:
    """Mean height (pixels) of what is drawn in the colour of the left side, in the middle of the page."""
    image = picture(view)
    x = gutter() + 333
    found = [y for y in range(round(view.header_height()), image.height()) if _near(image, x, y, LIGHT.left)]
    assert found
    return float(np.mean(found))


def _near(image: QImage, x: int, y: int, value: str) -> bool:
    a, b = image.pixelColor(x, y), colour(value)
    return abs(a.red() - b.red()) + abs(a.green() - b.green()) + abs(a.blue() - b.blue()) < 330


def test_negative_is_up_and_the_sensitivity_is_in_true_millimetres(page: PageView) -> None:
    page.set_sensitivity(10e-6)
    page.set_page(flat(0.0))
    zero = height_of_line(page)
    page.set_page(flat(-100e-6))
    assert zero - height_of_line(page) == pytest.approx(10 * pixels_per_mm(page), abs=1.0)
    page.set_sensitivity(20e-6)
    assert zero - height_of_line(page) == pytest.approx(5 * pixels_per_mm(page), abs=1.0)


def test_a_line_of_the_grid_stands_at_every_second_heavier_every_five(page: PageView) -> None:
    image = picture(page)
    y = 200
    for second in range(1, 10):
        x = round(time_to_x(second, SPAN, page.width()))
        assert image.pixelColor(x, y) == colour(LIGHT.grid if second % 5 else LIGHT.grid_strong), second
    assert image.pixelColor(int(time_to_x(2.5, SPAN, page.width())), y) == colour(LIGHT.paper)


def test_gaps_and_what_lies_beyond_the_end_are_not_paper(page: PageView) -> None:
    page.set_recording(Span(0.0, 8.0), None, (Span(3.0, 4.0),))
    image = picture(page)
    for time, empty in ((3.5, True), (9.0, True), (5.5, False)):
        around = int(time_to_x(time, SPAN, page.width()))
        box = {image.pixelColor(x, y).rgb() for x in range(around - 4, around + 4) for y in range(150, 160)}
        assert (colour(LIGHT.paper).rgb() in box) is not empty, time


@given(
    groups=st.lists(st.integers(0, 5), min_size=1, max_size=90).map(sorted),
    height=st.integers(60, 1400),
)
def test_labels_never_overlap_and_one_is_always_there(qapp: QApplication, groups: list[int], height: int) -> None:  # noqa: ARG001
    places, row = lay_out([str(k) for k in range(len(groups))], groups, 20.0, 20.0 + height)
    metrics = QFontMetricsF(ui_font())
    shown = sorted(shown_labels(places, metrics))
    assert shown
    assert all(20.0 <= p.y <= 20.0 + height for p in places)
    assert row > 0
    gaps = [places[b].y - places[a].y for a, b in pairwise(shown)]
    assert all(gap >= metrics.height() * 0.89 for gap in gaps)


def test_labels_of_channels_and_contacts_are_written_in_ten_points(
    opened: ReviewWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: dict[str, float] = {}
    original = QPainter.drawText

    def told(painter: QPainter, *given: object) -> None:
        written.update({text: painter.font().pointSizeF() for text in given if isinstance(text, str)})
        original(painter, *given)

    monkeypatch.setattr(QPainter, "drawText", told)
    for panel in (opened.page, opened.ieeg):
        panel.make_picture()
    labels = [text for text in written if text.startswith("≈AHL") or "–" in text]
    assert {"Fp1–F7", "≈AHL1"} < set(labels)
    assert {written[label] for label in labels} == {BASE_POINTS}


def test_too_many_channels_thin_their_labels_out_and_say_how_many_are_left(page: PageView) -> None:
    page.set_page(flat(0.0, tuple(f"C{k}" for k in range(64))))
    picture(page)
    assert 5 < page.labels_shown < 64


def test_a_click_on_a_row_names_it_and_a_shifted_drag_selects(page: PageView, qtbot: QtBot) -> None:
    page.set_page(flat(0.0, ("Fp1–F7", "F7–T3", "T3–T5")))
    target = page.places()[0][1]
    with qtbot.waitSignal(page.row_clicked) as clicked:
        qtbot.mouseClick(page, Qt.MouseButton.LeftButton, pos=QPoint(30, round(target.y)))
    assert clicked.args == ["F7–T3"]
    a, b = (QPoint(round(time_to_x(t, SPAN, page.width())), 200) for t in (2.0, 5.0))
    with qtbot.waitSignal(page.selected) as made:
        qtbot.mousePress(page, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, a)
        qtbot.mouseMove(page, (a + b) / 2)
        qtbot.mouseMove(page, b)
        qtbot.mouseRelease(page, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, b)
    assert made.args is not None
    span = made.args[0]
    assert (span.start, span.stop) == (pytest.approx(2.0, abs=0.02), pytest.approx(5.0, abs=0.02))


def wheel(page: PageView, delta: int, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    at = QPointF(400, 200)
    event = QWheelEvent(
        at, page.mapToGlobal(at), QPoint(), QPoint(0, delta), Qt.MouseButton.NoButton, modifiers,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(page, event)


def test_the_wheel_turns_a_tenth_shifted_a_page_and_with_control_a_rung(page: PageView) -> None:
    turned: list[float] = []
    steps: list[int] = []
    page.turned.connect(turned.append)
    page.sensitivity_stepped.connect(steps.append)
    wheel(page, -120)
    wheel(page, 120, Qt.KeyboardModifier.ShiftModifier)
    assert turned == [pytest.approx(0.1), pytest.approx(-1.0)]
    for _ in range(4):  # a touchpad: four quarters of a notch are one step
        wheel(page, 30, Qt.KeyboardModifier.ControlModifier)
    assert steps == [1]


def test_the_pixmap_is_drawn_again_for_another_size_of_pixels(page: PageView) -> None:
    picture(page)
    page.resize(900, 300)
    QApplication.sendEvent(page, QEvent(QEvent.Type.DevicePixelRatioChange))
    assert picture(page).width() == 900
    assert page.columns == 900 - gutter() - right_margin()


# Bands ----------------------------------------------------------------------------------------------------------------


def test_a_band_covers_exactly_its_pixels_and_parts_of_those_at_its_edges() -> None:
    band = Ribbon(np.full(50, 10.25), np.full(50, 20.5), "#6A3FA0")
    image = paint_ribbons([band], 50, 40)
    alphas = [image.pixelColor(25, y).alphaF() for y in range(40)]
    assert sum(alphas) == pytest.approx(10.25, abs=0.05)
    assert alphas[15] == 1.0
    assert alphas[9] == 0.0
    assert image.pixelColor(25, 15).name().upper() == "#6A3FA0"


def test_a_hole_in_a_band_is_left_open_and_an_inner_band_lies_over_an_outer_one() -> None:
    top = np.full(20, 2.0)
    top[5:8] = np.nan
    image = paint_ribbons(
        [Ribbon(top, np.full(20, 18.0), "#E5DBF3"), Ribbon(top + 5, np.full(20, 13.0), "#CDBBE6")], 20, 20
    )
    assert image.pixelColor(6, 10).alpha() == 0
    assert image.pixelColor(2, 10).name().upper() == "#CDBBE6"
    assert image.pixelColor(2, 4).name().upper() == "#E5DBF3"


def test_a_band_beyond_the_panel_is_cut_at_its_edge() -> None:
    image = paint_ribbons([Ribbon(np.full(4, -50.0), np.full(4, 500.0), "#6A3FA0")], 4, 10)
    assert all(image.pixelColor(1, y).alpha() == 255 for y in range(10))
    assert paint_ribbons([Ribbon(np.full(4, 50.0), np.full(4, 60.0), "#6A3FA0")], 4, 10).pixelColor(0, 0).alpha() == 0


def test_edges_between_sparse_samples_are_straight_and_of_dense_ones_the_outermost() -> None:
    low, high = columns_of(np.array([0.0, 10.0]), np.array([1.0, 11.0]), 0.0, 10.0, 10)
    np.testing.assert_allclose(low, np.arange(10) + 0.5)
    np.testing.assert_allclose(high, np.arange(10) + 1.5)
    rng = np.random.default_rng(2)
    y = rng.normal(size=1000)
    low, high = columns_of(y - 1, y + 1, 0.5, 0.1, 100)
    assert np.nanmin(low) == pytest.approx(y.min() - 1)
    assert np.nanmax(high) == pytest.approx(y.max() + 1)
    late, _ = columns_of(y, y, 50.0, 0.1, 100)
    assert np.isnan(late[:49]).all()
    assert np.isfinite(late[51:]).all()


# Words ----------------------------------------------------------------------------------------------------------------


def test_what_is_set_is_written_in_the_terms_of_the_field() -> None:
    assert sensitivity_words(7e-6) == "7 µV/mm"
    assert [scale_words(s) for s in (2.0, 0.2, 500e-6, 0.2e-6)] == ["2 V/mm", "200 mV/mm", "500 µV/mm", "0.2 µV/mm"]
    assert [scale_words(500.0, "–"), scale_words(0.02, "DegC")] == ["500 per mm", "0.02 DegC/mm"]
    assert scale_words(2e6, "counts") == "2,000,000 counts/mm"
    assert low_cut_words(0.53) == "LF 0.53 Hz · 0.3 s"
    assert filter_words(Filters()) == "1–70 Hz · notch off"
    assert "no high cut" in filter_words(replace(Filters(), high_cut=None, notch=50.0))
    assert [seconds_left_words(s) for s in (None, 0.2, 9.4, 300.0, 7200.0)] == ["", "1 s", "9 s", "5 min", "2.0 h"]


class _Panel(Canvas):
    """Says when it was drawn."""

    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self.log = log

    def draw(self, painter: QPainter) -> None:  # noqa: ARG002
        self.log.append("drawn")


def test_panels_that_change_together_are_drawn_in_turns_of_the_event_loop(qtbot: QtBot) -> None:
    log: list[str] = []
    panels = [_Panel(log) for _ in range(4)]
    for panel in panels:
        qtbot.addWidget(panel)
        panel.show()
        qtbot.waitExposed(panel)
    qtbot.waitUntil(lambda: all(panel.fresh for panel in panels))
    log.clear()
    between = QTimer()
    between.setInterval(0)
    between.timeout.connect(lambda: log.append("input"))
    between.start()
    for panel in panels:
        panel.redraw()
        panel.redraw()
    assert not log, "drawn at once, in one event"
    qtbot.waitUntil(lambda: all(panel.fresh for panel in panels))
    between.stop()
    assert log.count("drawn") == len(panels)
    drawn = [k for k, what in enumerate(log) if what == "drawn"]
    assert all(b - a > 1 for a, b in pairwise(drawn)), "the window had no turn between two panels"


def test_a_panel_that_was_hidden_shows_what_was_set_meanwhile(qtbot: QtBot) -> None:
    log: list[str] = []
    panel = _Panel(log)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitUntil(lambda: panel.fresh)
    panel.hide()
    log.clear()
    panel.redraw()
    panel.show()
    qtbot.waitUntil(lambda: panel.fresh)
    assert log == ["drawn"]


@pytest.mark.parametrize("size", [0, 1, 2, 1999])
def test_points_that_are_written_into_qt_are_those_that_it_holds(size: int) -> None:
    x = np.linspace(-3.0, 2000.0, size)
    made = polygon(x, np.sin(x).astype(np.float32))
    assert made.size() == size
    found = np.array([(p.x(), p.y()) for p in made.toList()]).reshape(-1, 2)
    np.testing.assert_allclose(found, np.stack([x, np.sin(x)], axis=1), atol=1e-6)


def test_a_line_is_broken_where_there_is_no_value() -> None:
    y = np.array([np.nan, 1.0, 2.0, np.nan, np.nan, 5.0, 6.0, 7.0])
    lines = polylines(10.0, 2.0, y)
    assert [[(p.x(), p.y()) for p in line.toList()] for line in lines] == [
        [(12.0, 1.0), (14.0, 2.0)],
        [(20.0, 5.0), (22.0, 6.0), (24.0, 7.0)],
    ]


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_the_colours_of_a_map_are_those_of_the_field(name: str) -> None:
    """Against matplotlib, where these maps were first published."""
    from matplotlib import colormaps

    theirs = np.rint(255 * colormaps[name](np.arange(256))[:, :3]).astype(int)
    ours = np.array([(c >> 16 & 255, c >> 8 & 255, c & 255) for c in colour_table(name)])
    assert np.abs(ours - theirs).max() <= 1
