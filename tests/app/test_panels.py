"""The panels round the page: each driven through its set methods and the mouse, as the window and a reader do."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QToolButton, QWidget
from pytestqt.qtbot import QtBot
from tests.app.conftest import words_of

from neuroflow.anatomy.implant import Contact, Implant
from neuroflow.recording import Annotation, Span, merged
from neuroflow.signal.spectrogram import Spectrogram
from neuroflow_review import glassbrain
from neuroflow_review.canvas import Canvas
from neuroflow_review.theme import DARK, LIGHT, gutter, right_margin, x_to_time
from neuroflow_review.views.events import EventPanel, EventRow, words_for
from neuroflow_review.views.implant import ImplantPanel
from neuroflow_review.views.inspector import InspectorPanel
from neuroflow_review.views.overview import OverviewBar
from neuroflow_review.views.spectrogram import SpectrogramPanel

START = datetime(2024, 3, 1, 10, 14, 33)


def picture(widget: QWidget) -> QImage:
    while isinstance(widget, Canvas) and not widget.fresh:
        QApplication.processEvents()
    return widget.grab().toImage()


def has_colour(image: QImage, value: str, x: range, y: range) -> bool:
    sought = QColor(value).rgb()
    return any(image.pixel(i, j) == sought for i in x for j in y)


def show(qtbot: QtBot, widget: QWidget, width: int, height: int) -> None:
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()


# Overview -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def overview(qtbot: QtBot) -> OverviewBar:
    bar = OverviewBar()
    show(qtbot, bar, 1000, bar.sizeHint().height())
    bar.set_recording(600.0, START, (Span(300.0, 330.0),), (Annotation(60.0, 0.0, "eyes open"),))
    bar.set_page(Span(120.0, 130.0))
    return bar


def at_time(bar: OverviewBar, seconds: float) -> QPoint:
    return QPoint(round(gutter() + seconds / 600.0 * (bar.width() - gutter() - right_margin())), bar.height() // 2)


def test_a_click_on_the_overview_centres_the_page_there(qtbot: QtBot, overview: OverviewBar) -> None:
    with qtbot.waitSignal(overview.span_requested) as got:
        qtbot.mouseClick(overview, Qt.MouseButton.LeftButton, pos=at_time(overview, 400.0))
    assert got.args[0] == pytest.approx(395.0, abs=0.7)  # a pixel is 0.7 s


@pytest.mark.parametrize(("seconds", "start"), [(0.0, 0.0), (600.0, 590.0)])
def test_pages_stay_inside_the_recording(qtbot: QtBot, overview: OverviewBar, seconds: float, start: float) -> None:
    with qtbot.waitSignal(overview.span_requested) as got:
        qtbot.mouseClick(overview, Qt.MouseButton.LeftButton, pos=at_time(overview, seconds))
    assert got.args[0] == start


def test_the_pane_is_dragged_from_where_it_was_grasped(qtbot: QtBot, overview: OverviewBar) -> None:
    asked: list[float] = []
    overview.span_requested.connect(asked.append)
    overview.set_page(Span(100.0, 200.0))
    qtbot.mousePress(overview, Qt.MouseButton.LeftButton, pos=at_time(overview, 110.0))
    assert asked == []  # grasping alone moves nothing
    qtbot.mouseMove(overview, at_time(overview, 310.0))
    qtbot.mouseRelease(overview, Qt.MouseButton.LeftButton, pos=at_time(overview, 310.0))
    assert asked[-1] == pytest.approx(300.0, abs=1.5)


def test_the_wheel_turns_a_page(qtbot: QtBot, overview: OverviewBar) -> None:
    none = Qt.KeyboardModifier.NoModifier
    turn = QWheelEvent(
        QPointF(500, 30), QPointF(500, 30), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton, none,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    with qtbot.waitSignal(overview.span_requested) as got:
        QApplication.sendEvent(overview, turn)
    assert got.args == [130.0]


def test_where_the_pointer_is_on_the_overview_the_day_is_said_when_it_is_not_the_first(
    qtbot: QtBot, overview: OverviewBar
) -> None:
    middle = at_time(overview, 300.0)
    qtbot.mouseMove(overview, middle)
    assert "10:19:" in words_of(overview)
    assert "day" not in words_of(overview)
    overview.set_recording(3 * 86_400.0, START, (), ())
    qtbot.mouseMove(overview, middle + QPoint(1, 0))
    assert "day 2 22:" in words_of(overview)


def test_the_overview_without_a_recording_asks_for_nothing(qtbot: QtBot) -> None:
    bar = OverviewBar()
    show(qtbot, bar, 800, bar.sizeHint().height())
    with qtbot.assertNotEmitted(bar.span_requested):
        qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=QPoint(400, 40))
    assert not picture(bar).isNull()


def test_what_is_reconstructed_is_drawn_where_it_lies(overview: OverviewBar) -> None:
    overview.set_reconstructed((Span(200.0, 210.0), Span(210.0, 260.0)))
    image, rows = picture(overview), range(overview.height())
    left, right = at_time(overview, 200.0).x(), at_time(overview, 260.0).x()
    assert has_colour(image, LIGHT.band50, range(left + 1, right - 1), rows)
    assert not has_colour(image, LIGHT.band50, range(right + 2, overview.width()), rows)


def test_what_is_withheld_is_not_drawn_as_reconstructed(overview: OverviewBar) -> None:
    overview.set_reconstructed((Span(200.0, 260.0),), (Span(220.0, 240.0),))
    image, rows = picture(overview), range(overview.height())
    left, right = at_time(overview, 220.0).x(), at_time(overview, 240.0).x()
    assert not has_colour(image, LIGHT.band50, range(left + 1, right - 1), rows)
    assert has_colour(image, LIGHT.band50, range(right + 1, at_time(overview, 260.0).x() - 1), rows)


def test_one_spike_in_a_day_is_still_seen(qtbot: QtBot) -> None:
    bar = OverviewBar()
    show(qtbot, bar, 1000, bar.sizeHint().height())
    bar.set_recording(86_400.0, None, (), ())
    bar.set_spikes([43_200.0], [])
    middle = (gutter() + 1000 - right_margin()) // 2
    assert has_colour(picture(bar), LIGHT.proposed, range(middle - 2, middle + 3), range(bar.height()))


def test_ten_thousand_annotations_cost_no_repaint(overview: OverviewBar) -> None:
    overview.set_recording(86_400.0, START, (), [Annotation(8.64 * k, 0.0, "x") for k in range(10_000)])
    overview.repaint()
    began = time.perf_counter()
    for k in range(20):
        overview.set_page(Span(10.0 * k, 10.0 * k + 10))
        overview.repaint()
    assert (time.perf_counter() - began) / 20 < 0.02


def test_a_trend_with_unknown_stretches_and_one_of_lows_and_highs_are_drawn(overview: OverviewBar) -> None:
    rms = np.full(3000, 20.0)
    rms[1000:2000] = np.nan
    overview.set_trend(rms)
    first = picture(overview)
    overview.set_trend(np.stack([-rms, 2 * rms]))
    assert picture(overview) != first
    overview.set_trend(np.full(10, np.nan))
    overview.set_trend(np.ones(3))
    overview.set_theme(DARK)
    assert not picture(overview).isNull()


def test_touching_stretches_become_one() -> None:
    spans = (Span(10, 20), Span(0, 10), Span(30, 40), Span(35, 38))
    assert merged(spans) == (Span(0, 20), Span(30, 40))


# Events ---------------------------------------------------------------------------------------------------------------

ROWS = (
    EventRow(62.0, "eyes open", "annotation"),
    EventRow(10.0, "spike?", "scalp spike", "T3"),
    EventRow(125.0, "spike?", "reconstructed spike", "AHL1", 31, 39),
    EventRow(128.0, "photic 10 Hz", "annotation"),
)


@pytest.fixture
def events(qtbot: QtBot) -> EventPanel:
    panel = EventPanel()
    show(qtbot, panel, 300, 400)
    panel.set_events(ROWS, START)
    return panel


def cells(panel: EventPanel, column: int) -> list[str]:
    model = panel.table.model()
    return [model.index(row, column).data() for row in range(model.rowCount())]


def test_events_stand_in_order_of_time_with_clock_and_share(events: EventPanel) -> None:
    assert cells(events, 0) == ["10:14:43", "10:15:35", "10:16:38", "10:16:41"]
    assert cells(events, 2)[2] == "≈AHL1"
    assert cells(events, 3)[2] == "31/39"


def test_where_there_is_no_room_for_its_words_a_spike_has_shorter_ones(qtbot: QtBot) -> None:  # noqa: ARG001
    event = EventRow(10.0, "spike? 12 channels", "scalp spike", "T3", brief="spike? 12 ch")
    assert [words_for(event, width) for width in (1000.0, 80.0)] == ["spike? 12 channels", "spike? 12 ch"]
    assert words_for(replace(event, brief=""), 80.0) == "spike? 12 channels"


@pytest.mark.parametrize(
    ("typed", "found"), [("EYES", 1), ("ahl1", 1), ("≈AHL1", 1), ("spike t3", 1), ("10:16", 2), ("spike", 2), ("zz", 0)]
)
def test_search_filters(qtbot: QtBot, events: EventPanel, typed: str, found: int) -> None:
    qtbot.keyClicks(events.search, typed.replace("≈", ""))
    assert events.shown == found
    events.search.setText(typed)
    assert events.shown == found


def test_a_kind_is_switched_off(qtbot: QtBot, events: EventPanel) -> None:
    for button in events.findChildren(QToolButton):
        if button.text().startswith("≈"):
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert events.shown == 3
    assert "≈AHL1" not in cells(events, 2)


def test_click_and_enter_jump(qtbot: QtBot, events: EventPanel) -> None:
    table = events.table
    with qtbot.waitSignal(events.jump_requested) as got:
        where = table.visualRect(table.model().index(2, 1)).center()
        qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert got.args == [125.0]
    events.search.setText("photic")
    with qtbot.waitSignal(events.jump_requested) as got:
        qtbot.keyClick(events.search, Qt.Key.Key_Return)
    assert got.args == [128.0]


def test_events_of_the_page_are_marked(events: EventPanel) -> None:
    events.set_page(Span(120.0, 130.0))
    image = picture(events.table.viewport())
    tall = events.table.rowHeight(0)
    assert not has_colour(image, LIGHT.accent, range(3), range(0, 2 * tall))
    assert has_colour(image, LIGHT.accent, range(3), range(2 * tall, 4 * tall))


def test_an_empty_list_says_so(qtbot: QtBot, events: EventPanel) -> None:
    events.search.setText("nothing like it")
    assert not events.table.isVisible()
    events.search.clear()
    assert events.table.isVisible()
    events.set_events(())
    assert events.shown == 0
    with qtbot.assertNotEmitted(events.jump_requested):
        qtbot.keyClick(events.search, Qt.Key.Key_Return)


def test_ten_thousand_events_are_listed_searched_and_paged_at_once(events: EventPanel) -> None:
    many = [EventRow(8.0 * k, f"event {k}", "annotation") for k in range(10_000)]
    began = time.perf_counter()
    events.set_events(many, START)
    events.search.setText("event 99")
    events.search.clear()
    events.set_page(Span(40_000.0, 40_010.0))
    events.repaint()
    assert time.perf_counter() - began < 0.5
    assert events.shown == 10_000


# Spectrogram ----------------------------------------------------------------------------------------------------------


def tone(span: Span, at: float, hop: float = 0.0625) -> Spectrogram:
    """Silence, but for one loud column at a time and one loud row at 10 Hz."""
    times = np.arange(span.start, span.stop + hop / 2, hop)
    frequencies = np.arange(0.0, 50.5, 0.5)
    power = np.full((frequencies.size, times.size), -130.0, np.float32)
    power[:, np.abs(times - at).argmin()] = -90.0
    return Spectrogram(times, frequencies, power)


@pytest.fixture
def panel(qtbot: QtBot) -> SpectrogramPanel:
    made = SpectrogramPanel()
    show(qtbot, made, 1000, 176)
    return made


def test_power_is_drawn_at_the_pixel_of_its_time(panel: SpectrogramPanel) -> None:
    span = Span(120.0, 130.0)
    panel.set_spectrogram(tone(span, 125.0), span, "T3", False)
    image, row = picture(panel), int(panel.plot().center().y())
    light = [image.pixelColor(x, row).lightness() for x in range(gutter(), 1000 - right_margin())]
    brightest = gutter() + float(np.flatnonzero(np.asarray(light) == max(light)).mean())
    assert brightest == pytest.approx(gutter() + (1000 - gutter() - right_margin()) / 2, abs=1.5)


def test_its_plot_keeps_the_gutter_contract_and_its_cells_their_centres(panel: SpectrogramPanel) -> None:
    span = Span(120.0, 130.0)
    panel.set_spectrogram(tone(span, 125.0), span, "T3", False)
    plot, rect = panel.plot(), panel.image_rect()
    assert (plot.left(), plot.right()) == (gutter(), 1000 - right_margin())
    assert rect is not None
    cell = rect.width() / 161
    assert rect.left() + cell / 2 == pytest.approx(gutter())
    assert rect.right() - cell / 2 == pytest.approx(1000 - right_margin())


def test_the_pointer_moves_the_cursor(qtbot: QtBot, panel: SpectrogramPanel) -> None:
    span = Span(120.0, 130.0)
    panel.set_spectrogram(tone(span, 125.0), span, "T3", False)
    with qtbot.waitSignal(panel.cursor_moved) as got:
        qtbot.mouseMove(panel, QPoint(400, 80))
    assert got.args[0] == pytest.approx(x_to_time(400, span, 1000), abs=0.02)


def test_a_reconstructed_spectrogram_differs_in_paper_and_words(panel: SpectrogramPanel) -> None:
    span = Span(0.0, 10.0)
    panel.set_spectrogram(tone(span, 5.0), span, "AHL1", True, 39)
    assert "≈AHL1" in panel.accessibleDescription()
    assert "mean power of 39 samples" in panel.accessibleDescription()
    assert "reconstructed, not recorded" in panel.accessibleDescription()
    assert has_colour(picture(panel), LIGHT.recon_paper, range(5), range(60, 100))


def test_the_scale_is_kept_from_page_to_page_and_fitted_on_request(qtbot: QtBot, panel: SpectrogramPanel) -> None:
    first, second = Span(0.0, 10.0), Span(10.0, 20.0)
    panel.set_spectrogram(tone(first, 5.0), first, "T3", False)
    kept = panel.levels
    quieter = tone(second, 15.0)
    quieter = Spectrogram(quieter.times, quieter.frequencies, quieter.power_db - 6)
    panel.set_spectrogram(quieter, second, "T3", False)
    assert panel.levels == kept
    scale = QPoint(1000 - right_margin() + 12, int(panel.plot().center().y()))
    qtbot.mouseClick(panel, Qt.MouseButton.LeftButton, pos=scale)
    assert panel.levels != kept
    panel.set_spectrogram(tone(second, 15.0), second, "T4", False)
    assert panel.levels == kept


def test_a_stretch_without_data_is_not_drawn_as_silence(panel: SpectrogramPanel) -> None:
    span = Span(0.0, 10.0)
    gappy = tone(span, 1.0)
    gappy.power_db[:, 80:] = np.nan
    panel.set_spectrogram(gappy, span, "T3", False)
    panel.set_gaps((Span(6.0, 9.0),))
    image, row = picture(panel), int(panel.plot().center().y())
    assert image.pixelColor(gutter() + 100, row).lightness() < 60  # silence is dark in viridis
    assert image.pixelColor(1000 - right_margin() - 20, row).lightness() > 150


def test_states_are_drawn(panel: SpectrogramPanel) -> None:
    span = Span(0.0, 10.0)
    seen = [picture(panel)]
    panel.set_computing(span, "AHL1", True, 4.2)
    seen.append(picture(panel))
    panel.set_message("Withheld: three channels are flat", withheld=True)
    seen.append(picture(panel))
    nothing = tone(span, 5.0)
    nothing.power_db[:] = np.nan
    panel.set_spectrogram(nothing, span, "AHL1", True, 39)
    seen.append(picture(panel))
    panel.set_theme(DARK)
    seen.append(picture(panel))
    assert all(a != b for a, b in pairwise(seen))


def test_colour_maps(panel: SpectrogramPanel) -> None:
    span = Span(0.0, 10.0)
    panel.set_spectrogram(tone(span, 5.0), span, "T3", False)
    before = picture(panel)
    panel.set_colour_map("magma")
    assert picture(panel) != before
    with pytest.raises(ValueError, match="viridis"):
        panel.set_colour_map("jet")


def test_the_channels_name_asks_for_a_menu(qtbot: QtBot, panel: SpectrogramPanel) -> None:
    span = Span(0.0, 10.0)
    panel.set_spectrogram(tone(span, 5.0), span, "T3", False)
    with qtbot.waitSignal(panel.channel_menu_requested):
        qtbot.mouseClick(panel, Qt.MouseButton.LeftButton, pos=QPoint(20, 8))


# Implant --------------------------------------------------------------------------------------------------------------


def implant() -> Implant:
    def shaft(name: str, side: int, y: float, z: float) -> list[Contact]:
        return [Contact(f"{name}{k + 1}", name, (side * (28.0 + 5 * k), y, z)) for k in range(8)]

    contacts = shaft("AHL", -1, -14, -17) + shaft("PHL", -1, -33, -7) + shaft("AHR", 1, -14, -17)
    return Implant("test", tuple(contacts), "made up for a test")


@pytest.fixture
def shafts(qtbot: QtBot) -> ImplantPanel:
    made = ImplantPanel()
    show(qtbot, made, 260, 700)
    made.set_implant(implant())
    return made


def test_shafts_are_switched(qtbot: QtBot, shafts: ImplantPanel) -> None:
    toggles = {t.name: t for t in shafts._toggles.values()}
    assert shafts.visible_shafts == ("AHL", "PHL", "AHR")
    with qtbot.waitSignal(shafts.shafts_changed) as got:
        qtbot.mouseClick(toggles["PHL"], Qt.MouseButton.LeftButton)
    assert got.args == [("AHL", "AHR")]
    with qtbot.assertNotEmitted(shafts.shafts_changed):
        shafts.set_visible_shafts(("PHL",))
    assert shafts.visible_shafts == ("PHL",)


@pytest.mark.parametrize("view", glassbrain.VIEWS)
def test_a_contact_is_selected_where_it_is_drawn(qtbot: QtBot, shafts: ImplantPanel, view: glassbrain.View) -> None:
    contact = next(c for c in implant().contacts if c.name == ("AHR1" if view == "right" else "AHL1"))
    at = shafts.brain.projections()[view].point(contact.mni).toPoint()
    with qtbot.waitSignal(shafts.contact_selected) as got:
        qtbot.mouseClick(shafts.brain, Qt.MouseButton.LeftButton, pos=at)
    expected = {"AHR" if view == "right" else "AHL"}
    assert {str(got.args[0])[:3]} == expected
    if view in ("axial", "coronal"):
        assert got.args == ["AHL1"]


def test_left_is_on_the_left_and_hidden_shafts_are_out_of_reach(shafts: ImplantPanel) -> None:
    axial = shafts.brain.projections()["axial"]
    left, right = axial.point((-40.0, -14.0, -17.0)), axial.point((40.0, -14.0, -17.0))
    assert left.x() < right.x()
    shafts.set_visible_shafts(("AHR",))
    assert shafts.brain.contact_at(axial.point((-28.0, -14.0, -17.0))) is None
    found = shafts.brain.contact_at(axial.point((28.0, -14.0, -17.0)))
    assert found is not None
    assert found.name == "AHR1"


def test_a_brain_seen_from_its_side_looks_outwards(shafts: ImplantPanel) -> None:
    frontal, occipital = (0.0, 70.0, 2.0), (0.0, -100.0, 2.0)
    for view, ahead in (("left", -1), ("right", 1)):
        projection = shafts.brain.projections()[view]
        assert (projection.point(frontal).x() - projection.point(occipital).x()) * ahead > 0
        assert projection.outline().contains(projection.point(frontal))
        assert projection.outline().contains(projection.point(occipital))


@pytest.mark.parametrize("size", [(240, 700), (420, 360), (180, 260), (900, 500)])
def test_every_contact_lies_inside_the_outlines_and_the_panel(shafts: ImplantPanel, size: tuple[int, int]) -> None:
    from neuroflow.anatomy.implant import load_implant

    shafts.brain.resize(*size)
    for view, projection in shafts.brain.projections().items():
        outline = projection.outline()
        assert shafts.brain.rect().toRectF().adjusted(-1, -1, 1, 1).contains(outline.boundingRect())
        for contact in load_implant().contacts:
            if view in ("axial", "coronal") or (contact.mni[0] < 0) == (view == "left"):
                assert outline.contains(projection.point(contact.mni)), (view, contact.name)


def test_values_colour_contacts_and_speak_in_the_tooltip(shafts: ImplantPanel) -> None:
    before = picture(shafts)
    shafts.set_values({"AHL1": 0.79}, "spike share", ends=("0 %", "100 %"))
    shafts.set_measures({"AHL1": "r 0.41 expected"})
    assert picture(shafts) != before
    told = shafts.brain.describe(implant().contacts[0])
    assert told.splitlines() == ["≈AHL1 · MNI −28, −14, −17 mm", "spike share: 79 %", "r 0.41 expected"]


def test_another_implant_replaces_the_toggles(shafts: ImplantPanel) -> None:
    shafts.set_implant(Implant("one", tuple(implant().contacts[:8]), "test"))
    assert shafts.visible_shafts == ("AHL",)
    shafts.set_implant(None)
    assert shafts.visible_shafts == ()
    shafts.set_theme(DARK)
    assert not picture(shafts).isNull()


# Inspector ------------------------------------------------------------------------------------------------------------


def words(panel: InspectorPanel) -> str:
    from PySide6.QtWidgets import QLabel

    return "\n".join(label.text() for label in panel.findChildren(QLabel) if label.isVisible())


@pytest.fixture
def inspector(qtbot: QtBot) -> InspectorPanel:
    made = InspectorPanel()
    show(qtbot, made, 280, 460)
    return made


def test_the_inspector_tells_time_and_value(inspector: InspectorPanel) -> None:
    inspector.set_time(124.233, START)
    inspector.set_scalp("T3", -34e-6)
    text = words(inspector)
    assert "10:16:37.233" in text
    assert "00:02:04.233" in text
    assert "−34 µV" in text
    inspector.set_scalp("T3", float("nan"))
    assert "no data" in words(inspector)
    inspector.set_time(None, START)
    assert "10:16" not in words(inspector)


@pytest.mark.parametrize(("n", "said"), [(39, "90 %"), (16, "88 %"), (199, "90 %")])
def test_a_distribution_is_shown_with_the_coverage_its_samples_give(
    inspector: InspectorPanel, n: int, said: str
) -> None:
    values = np.linspace(-1e-4, 1e-4, n)
    inspector.set_distribution("AHL1", values)
    text = words(inspector)
    assert inspector.histogram.isVisible()
    assert inspector.histogram.counts.sum() == n
    assert f"{said} between" in text
    assert f"{n} samples" in text
    assert "reconstructed, not recorded" in text
    assert "≈AHL1" in text


def test_limits_are_order_statistics(inspector: InspectorPanel) -> None:
    inspector.set_distribution("AHL1", np.arange(39) * 1e-5)
    assert "between 10 and 370 µV" in words(inspector)
    assert "median 190 µV" in words(inspector)


def test_the_axis_stands_still_while_the_cursor_moves(inspector: InspectorPanel) -> None:
    inspector.set_distribution("AHL1", np.linspace(-9e-5, 9e-5, 39))
    reach = inspector.histogram._reach
    inspector.set_distribution("AHL1", np.linspace(-4e-5, 4e-5, 39))
    assert inspector.histogram._reach == reach
    inspector.set_distribution("AHL2", np.linspace(-4e-5, 4e-5, 39))
    assert inspector.histogram._reach < reach


def test_the_recorded_truth_is_said_and_drawn(inspector: InspectorPanel) -> None:
    values = np.linspace(-1e-4, 1e-4, 39)
    inspector.set_distribution("AHL1", values)
    before = picture(inspector.histogram)
    inspector.set_distribution("AHL1", values, truth=99.5e-6)
    assert "outside" in words(inspector)
    assert picture(inspector.histogram) != before


def test_no_samples_are_explained(inspector: InspectorPanel) -> None:
    inspector.set_distribution("AHL1", np.full(39, np.nan))
    assert not inspector.histogram.isVisible()
    inspector.set_contact("AHL1", "Not reconstructed here yet: press R.")
    assert "press R" in words(inspector)
    inspector.set_measure("Measured: r 0.41")
    inspector.set_theme(DARK)
    assert "r 0.41" in words(inspector)


@pytest.mark.parametrize("kind", [OverviewBar, EventPanel, SpectrogramPanel, ImplantPanel, InspectorPanel])
def test_every_panel_is_named_and_draws_empty_in_both_themes(qtbot: QtBot, kind: type[QWidget]) -> None:
    made = kind()
    show(qtbot, made, 400, 300)
    assert made.accessibleName()
    for shown in (LIGHT, DARK):
        made.set_theme(shown)  # type: ignore[attr-defined]
        assert not picture(made).isNull()
