"""Page and panels as lines: everything that is in sight is in the drawing, and nothing leaves its panel."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize
from PySide6.QtGui import QPainter, QPolygonF, QTransform
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from tests.app.test_shown import saved, words_of

from neuroflow_review.lines import Picture, drawing_of
from neuroflow_review.theme import PRINT
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.shown import placed, shown_panels

Settle = Callable[[ReviewWindow], None]
Drawn = tuple[str, QRectF, QRectF | None]
_SVG = "{http://www.w3.org/2000/svg}"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


@pytest.fixture
def full(qtbot: QtBot, opened: ReviewWindow, reconstructed: Settle) -> ReviewWindow:
    """The window, dark, with every panel in sight, and a page whose traces leave it."""
    opened.resize(1900, 1600)
    for action in ("trends", "dock Map", "dock Spectrum", "dock Butterfly", "dock Discharge", "dark"):
        opened.commands.actions[action].trigger()
    session = opened.session
    session.store.update(sensitivity=1e-6, depth_sensitivity=1e-6)
    session.reconstruct_page()
    reconstructed(opened)
    session.store.update(channel=session.contacts[session.shown_contacts()[0]].name, reconstructed=True)
    session.set_cursor(session.state.start + 2.5)
    qtbot.waitUntil(lambda: opened.settled and opened.feeds.maps.shown is not None)
    assert len(shown_panels(opened)) == 10
    return opened


def drawn(svg: bytes) -> Iterator[Drawn]:
    """What each shape is, where it reaches, and what is left of that by clips; None for nothing."""
    root = ElementTree.fromstring(svg)
    clips = {clip.attrib["id"]: box_of(clip[0]) for clip in root.iter(f"{_SVG}clipPath")}
    assert len(clips) == sum(1 for _ in root.iter(f"{_SVG}clipPath")), "no two have one name"

    def walk(parent: ElementTree.Element, at: QTransform, seen: QRectF) -> Iterator[Drawn]:
        for child in parent:
            if child.tag == f"{_SVG}defs":
                continue
            moved, left = transform_of(child) * at, seen
            named = re.search(r"url\(#(.*)\)", child.attrib.get("clip-path", ""))
            if named is not None:
                left = seen.intersected(moved.mapRect(clips[named[1]]))
            if child.tag == f"{_SVG}g":
                yield from walk(child, moved, left)
            elif child.tag != f"{_SVG}text" and not box_of(child).isNull():
                box = moved.mapRect(box_of(child).adjusted(-0.5, -0.5, 0.5, 0.5))
                cut = box.intersected(left)
                yield child.tag.removeprefix(_SVG), box, None if cut.isEmpty() else cut

    _, _, whole, high = (float(v) for v in root.attrib["viewBox"].split())
    yield from walk(root, QTransform(), QRectF(0, 0, whole, high))


def transform_of(element: ElementTree.Element) -> QTransform:
    numbers = [float(v) for v in _NUMBER.findall(element.attrib.get("transform", ""))]
    if len(numbers) == 2:
        return QTransform.fromTranslate(*numbers)
    return QTransform(*numbers) if numbers else QTransform()


def box_of(element: ElementTree.Element) -> QRectF:
    told = element.attrib
    if "width" in told:
        return QRectF(*(float(told.get(name, 0)) for name in ("x", "y", "width", "height")))
    if "cx" in told:
        x, y, rx, ry = (float(told.get(name, told.get("r", 0))) for name in ("cx", "cy", "rx", "ry"))
        return QRectF(x - rx, y - ry, 2 * rx, 2 * ry)
    numbers = [float(v) for v in _NUMBER.findall(told.get("points", told.get("d", "")))]
    return QPolygonF([QPointF(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]).boundingRect()


def test_every_panel_is_drawn_with_its_words(qtbot: QtBot, full: ReviewWindow, tmp_path: Path) -> None:
    svg = saved(qtbot, full, tmp_path / "every.svg", panels=True)
    words = words_of(svg.decode())
    for said in (
        "none of these is implanted", "what the scalp says", "Eyes closed", "spikes sought", "9 samples", "Expected r",
        "Decide on a spike first", "Hemisphere", "activity", "GFP", "Voltage",
    ):  # fmt: skip
        assert said in words, said
    assert not [sign for sign in words if "\ue000" <= sign <= "\uf8ff"], "no icon that needs our type"
    images = [box for tag, box, _ in drawn(svg) if tag == "image"]
    raster = {full.spectrogram, full.trends, full.topomap}
    assert 0 < len(images) <= 2 * len(raster), "heat maps, and no line"
    for dark in (full.look.panel, full.look.field, full.look.ink):
        assert dark.lower() not in svg.decode().lower(), "in the colours of print"
    assert PRINT.paper.lower() in svg.decode().lower()


def test_the_window_looks_as_it_did_after_it_was_drawn(qtbot: QtBot, full: ReviewWindow, tmp_path: Path) -> None:
    def looks() -> list[object]:
        parts = [part for panel in panels for part in (panel, *panel.findChildren(QWidget)) if part.isVisible()]
        grounds = [panel.grab().toImage().pixelColor(1, panel.height() - 2) for panel in panels]
        return [*grounds, *((part.font(), part.palette(), part.styleSheet()) for part in parts)]

    panels = (full.implant, full.events, full.inspector, full.criteria)
    before = looks()
    saved(qtbot, full, tmp_path / "every.svg", panels=True)
    assert looks() == before


def test_nothing_leaves_its_panel_and_nothing_in_it_is_lost(qtbot: QtBot, full: ReviewWindow, tmp_path: Path) -> None:
    svg = saved(qtbot, full, tmp_path / "every.svg", panels=True)
    page = full.page.height() + full.ieeg.height()
    scalp = QRect(0, 0, full.page.width(), round(0.58 * page))
    depth = QRect(0, scalp.height(), scalp.width(), page - scalp.height())
    sizes = [panel.size() for panel in shown_panels(full)]
    _, places = placed(QSize(scalp.width(), page), sizes)
    rooms = [QRectF(scalp), QRectF(depth), *(QRectF(QRect(*pair)) for pair in zip(places, sizes, strict=True))]
    ground, *shapes = drawn(svg)
    assert ground[0] == "rect"
    assert len(shapes) > 200
    beyond = [box for tag, box, _ in shapes if tag == "polyline" and box.bottom() > scalp.height() > box.top()]
    assert beyond, "a trace that would run on into the reconstruction"
    for tag, box, left in shapes:
        if left is not None:
            assert any(room.adjusted(-1, -1, 1, 1).contains(left) for room in rooms), f"{tag} at {left}"
        else:
            assert not any(room.contains(box) for room in rooms), f"{tag} at {box} is cut away"
    header = depth.top() + full.ieeg.header_height()
    cut = [left for tag, box, left in shapes if tag == "polyline" and box.height() > 100 and left is not None]
    below = [line for line in cut if QRectF(depth).contains(line) and line.width() > 100]
    assert len(below) >= len(full.session.shown_contacts())
    assert min(line.top() for line in below) >= header, "nor its plot"


def test_a_row_of_the_list_that_is_half_in_sight_ends_with_the_list(
    qtbot: QtBot, full: ReviewWindow, tmp_path: Path
) -> None:
    events = full.events
    events.table.setMaximumHeight(events.table.height() - events.table.rowHeight(0) // 2)
    QApplication.processEvents()
    events.table.verticalScrollBar().setValue(2)
    viewport = events.table.viewport()
    last = events.table.rowAt(viewport.height() - 1)
    assert last >= 0
    assert events.table.rowViewportPosition(last) + events.table.rowHeight(last) > viewport.height(), "half in sight"
    svg = saved(qtbot, full, tmp_path / "every.svg", panels=True)
    panels = shown_panels(full)
    page = QSize(full.page.width(), full.page.height() + full.ieeg.height())
    _, places = placed(page, [panel.size() for panel in panels])
    at = places[panels.index(events)]
    below = QRectF(at.x(), at.y(), events.width(), events.height())
    below.setTop(at.y() + viewport.mapTo(events, QPoint(0, viewport.height())).y() + 1)
    assert not [box for _, _, box in list(drawn(svg))[1:] if box is not None and box.intersects(below)]


def test_panels_stand_side_by_side_where_there_is_room() -> None:
    sizes = [QSize(1000, 100), QSize(300, 400), QSize(300, 200), QSize(300, 50), QSize(700, 60)]
    whole, places = placed(QSize(900, 500), sizes)
    rooms = [QRect(0, 0, 900, 500), *(QRect(at, size) for at, size in zip(places, sizes, strict=True))]
    assert not any(a.intersects(b) for a, b in combinations(rooms, 2))
    assert all(QRect(QPoint(), whole).contains(room) for room in rooms)
    assert [at.y() for at in places] == [500, 600, 600, 600, 1000]
    assert whole == QSize(1000, 1060)


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("nested", [False, True])
def test_a_picture_is_cut_off_at_its_edges(nested: bool) -> None:
    def paint(painter: QPainter) -> None:
        painter.drawLine(-50, 10, 500, 10)

    svg = drawing_of(QSize(300, 200), "a < b", "#ffffff", [Picture(QRect(100, 50, 80, 40), paint, nested)])
    _, (tag, box, left) = drawn(svg)
    assert (tag, box.left(), box.right()) == ("polyline", 49.5, 600.5)
    assert left is not None
    assert (left.left(), left.right(), left.center().y()) == (100, 180, 60)
    assert ElementTree.fromstring(svg)[0].text == "a < b"
