"""Save what is shown: the window as a picture, the page or every panel as lines (SVG), the values as a table (CSV)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QBuffer, QIODevice, QObject, QPoint, QRect, QRectF, QSize
from PySide6.QtGui import QPainter, QPixmap, QRegion
from PySide6.QtWidgets import QAbstractScrollArea, QFileDialog, QWidget

from neuroflow.errors import NeuroflowError
from neuroflow.io.edf_writer import write_whole
from neuroflow.jobs import Control
from neuroflow.review import Provenance
from neuroflow_review.canvas import Canvas
from neuroflow_review.lanes import Failure, Lane
from neuroflow_review.lines import Picture, drawing_of
from neuroflow_review.paper import PAPER_RATIO, pixels_per_mm
from neuroflow_review.report import page_views
from neuroflow_review.session import Session
from neuroflow_review.session.origin import input_words, origin_rows, provenance_of
from neuroflow_review.session.report import Choice, Drawn, Loading, Moment
from neuroflow_review.session.topography import BandMaps
from neuroflow_review.tables import (
    Cells,
    butterfly_cells,
    contact_cells,
    cursor_cells,
    event_cells,
    map_cells,
    page_cells,
    power_cells,
    spectrogram_cells,
    spectrum_cells,
    table_of,
    trend_cells,
)
from neuroflow_review.theme import PRINT, RECONSTRUCTED, UNIT
from neuroflow_review.views.butterfly import ButterflyPanel
from neuroflow_review.views.criteria import CriteriaPanel
from neuroflow_review.views.events import EventPanel
from neuroflow_review.views.implant import ImplantPanel
from neuroflow_review.views.inspector import InspectorPanel
from neuroflow_review.views.overview import OverviewBar
from neuroflow_review.views.spectrogram import SpectrogramPanel
from neuroflow_review.views.spectrum import SpectrumPanel
from neuroflow_review.views.topomap import TopomapPanel
from neuroflow_review.views.trends import TrendStrip
from neuroflow_review.window.feeds import measured_on
from neuroflow_review.window.report import setting_of
from neuroflow_review.window.second import grab_windows

if TYPE_CHECKING:
    from neuroflow_review.window.window import ReviewWindow

_PANELS = "Every panel as lines (*.svg)"
FILTERS = f"The window as a picture (*.png);;The page as lines (*.svg);;{_PANELS};;Values of what is shown (*.csv)"
Drawing = SpectrogramPanel | OverviewBar | TrendStrip | TopomapPanel | SpectrumPanel | ButterflyPanel
Words = ImplantPanel | EventPanel | InspectorPanel | CriteriaPanel
Panel = Drawing | Words
_APART = 4 * UNIT
_EVERY_SAMPLE = 10_000_000


def ask_where(window: ReviewWindow) -> None:
    """Ask for a name, whose ending says what is saved."""
    recording, state = window.session.recording, window.session.state
    if recording is None:
        return
    stem = "page" if state.private else recording.path.stem
    suggested = str(recording.path.with_name(f"{stem}-{state.start:.0f}s.png"))
    name, chosen = QFileDialog.getSaveFileName(window, "Save what is shown", suggested, FILTERS)
    if name:
        target = Path(name)
        if target.suffix.lower() not in (".png", ".svg", ".csv"):
            target = target.with_name(target.name + chosen[chosen.rindex("*") + 1 : chosen.rindex(")")])
        save_shown(window, target, panels=chosen == _PANELS)


def save_shown(window: ReviewWindow, target: Path, *, panels: bool = False) -> Saving | None:
    """Save in the background; the status line says what came of it.

    As lines, the page alone or, with ``panels``, those that are in sight below it.
    """
    if window.session.recording is None:
        return None
    window.say("Saving …")
    return Saving(window, target, panels=panels)


class Saving(QObject):
    """One file on its way; it goes when that is written."""

    def __init__(self, window: ReviewWindow, target: Path, *, panels: bool = False) -> None:
        super().__init__(window)
        self._window, self._target, self._panels = window, target, panels
        self._writing = Lane("save shown", self, stallable=True)
        state, self._recording = window.session.state, window.session.recording
        self._beside, self._about = panel_cells(window), origin_rows(window.session)
        # Of rows that the file itself calls reconstructed, what it says holds, and no model that is loaded.
        self._in_file = frozenset(row.label for row in window.session.rows if row.reconstructed)
        self._made = provenance_of(window.session.reconstruction)
        self._private = state.private
        columns = _EVERY_SAMPLE if target.suffix.lower() == ".csv" else round(window.page.plot().width() * PAPER_RATIO)
        self._loading = Loading(window.session, state.seconds, columns)
        if target.suffix.lower() == ".png":
            self._write(picture_of(window))
        else:
            middle = (state.span.start + state.span.stop) / 2
            self._loading.ask(Moment(middle, "page"), self._on_loaded, self._on_failed)

    def _on_loaded(self, drawn: Drawn) -> None:
        if self._window.session.recording is not self._recording:
            self._window.say("Not saved, since another recording was opened meanwhile: open the first, and save again.")
            self._leave()
        elif self._window.session.state.private and not self._private:
            self._window.say("Not saved, since names were hidden meanwhile: save again, and the file holds none.")
            self._leave()
        elif self._target.suffix.lower() == ".csv":
            parts = [page_cells(drawn), *self._beside]
            whence = input_words(self._window.session), self._made, self._in_file
            write = partial(_write_table, self._target, parts, *whence)
            self._writing.submit("save", write, done=self._on_done, failed=self._on_failed)
        else:
            self._write(self._as_lines(drawn))

    def _as_lines(self, drawn: Drawn) -> bytes:
        """The page as it stands on screen, in the colours of print, and below it the panels that are asked for."""
        window, private = self._window, self._window.session.state.private
        page = window.page.height() + (window.ieeg.height() if drawn.depth is not None else 0)
        box = QRectF(0, 0, window.page.width(), page)
        views = page_views(setting_of(window.session, Choice(private=private)), drawn, box, pixels_per_mm(window.page))
        pictures = [Picture(place.toRect(), partial(_draw, view)) for view, place in views]
        panels = shown_panels(window) if self._panels else []
        whole, places = placed(box.size().toSize(), [panel.size() for panel in panels])
        for panel, at in zip(panels, places, strict=True):
            pictures += _pictures_of(panel, at)
        title = f"EEG; {RECONSTRUCTED} reconstructed, not recorded"
        about = "\n".join(f"{name}: {value}" for name, value in self._about)
        with _in_print(window) if panels else nullcontext():
            made = drawing_of(whole, title, PRINT.paper, pictures, about)
        for view, _ in views:
            view.deleteLater()
        return made

    def _write(self, data: bytes) -> None:
        self._writing.submit("save", partial(_write, self._target, data), done=self._on_done, failed=self._on_failed)

    def _on_done(self, _: object) -> None:
        name = self._target.name if not self._window.session.state.private else "the file"
        self._window.say(f"Saved {name}.")
        self._leave()

    def _on_failed(self, failure: Failure) -> None:
        error = failure.error
        if isinstance(error, NeuroflowError):
            self._window.say(error.text)
        else:
            self._window.session.trouble.emit(failure)
        self._leave()

    def abandon(self) -> None:
        """Stop; no file is left."""
        self._loading.close()
        self._writing.close()
        self._writing.join()

    def _leave(self) -> None:
        self.abandon()
        self.deleteLater()


def picture_of(window: ReviewWindow) -> bytes:
    """PNG of the window, and of the second one where that is open; its text says where it comes from."""
    rows = origin_rows(window.session) if window.session.recording is not None else ()
    return png_of(grab_windows(window), rows)


def png_of(picture: QPixmap, rows: Sequence[tuple[str, str]]) -> bytes:
    """PNG with names and values as its text."""
    image = picture.toImage()
    for name, value in rows:
        said = image.text(name)
        image.setText(name, f"{said}\n{value}" if said else value)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stubs want bytes, which are refused
    return bytes(buffer.data().data())


def shown_panels(window: ReviewWindow) -> list[Panel]:
    """The panels around the page that are in sight, in the order in which they are drawn below it."""
    wide = (window.spectrogram, window.overview, window.trends)
    docked = (window.implant, window.topomap, window.spectrum, window.butterfly)
    panels = (*wide, *docked, window.events, window.inspector, window.criteria)
    return [panel for panel in panels if _in_sight(panel)]


@contextmanager
def _in_print(window: ReviewWindow) -> Iterator[None]:
    """The window in the colours of print; nothing is painted on screen meanwhile."""
    look = window.look
    window.set_theme(PRINT)
    try:
        yield
    finally:
        window.set_theme(look)


def placed(page: QSize, panels: Sequence[QSize]) -> tuple[QSize, list[QPoint]]:
    """The size of the whole, and where panels go below the page: side by side where they are narrow enough."""
    width = max([page.width(), *(size.width() for size in panels)])
    places, at, foot = [], QPoint(0, page.height()), page.height()
    for size in panels:
        if at.x() + size.width() > width:
            at = QPoint(0, foot)
        places.append(QPoint(at))
        foot = max(foot, at.y() + size.height())
        at.setX(at.x() + size.width() + _APART)
    return QSize(width, foot), places


def _pictures_of(panel: Panel, at: QPoint) -> list[Picture]:
    """A panel of the window itself, as it looks now; what scrolls in it apart, since it ends within the panel."""
    if isinstance(panel, Canvas):
        return [Picture(QRect(at, panel.size()), partial(_draw, panel))]
    rest, pictures = QRegion(panel.rect()), []
    for area in panel.findChildren(QAbstractScrollArea):
        view = area.viewport()
        if view.isVisible():
            room = QRect(view.mapTo(panel, QPoint()), view.size())
            rest = rest.subtracted(QRegion(room))
            room = room.adjusted(0, 0, 0, 1)  # of a heading its rule, where a change of colours moves it
            pictures.append(Picture(room.translated(at), partial(_render, view, QRegion(view.rect())), nested=True))
    return [Picture(QRect(at, panel.size()), partial(_render, panel, rest), nested=True), *pictures]


def _render(widget: QWidget, part: QRegion, painter: QPainter) -> None:
    widget.render(painter, QPoint(), part, QWidget.RenderFlag.DrawChildren)  # paper is its ground


def _draw(panel: Canvas, painter: QPainter) -> None:
    panel.draw(painter)
    panel.draw_moving(painter)


def _write(target: Path, data: bytes, control: Control) -> None:
    write_whole(target, data, control)


def _write_table(
    target: Path, parts: Sequence[Cells], origin: str, made: Provenance | None, in_file: Collection[str],
    control: Control,
) -> None:  # fmt: skip
    write_whole(target, table_of(parts, origin, made, control, in_file).encode("utf-8-sig"), control)


def panel_cells(window: ReviewWindow) -> list[Cells]:
    """What the panels beside the page show, read where it is written out."""
    session, feeds = window.session, window.feeds
    parts: list[Cells] = []
    page = feeds.spectrogram
    if window.spectrogram.isVisible() and page is not None and (page.reconstructed or _is_voltage(session, page.label)):
        parts.append(spectrogram_cells(page))
    if feeds.spectrum.shown is not None:
        parts.append(spectrum_cells(feeds.spectrum.shown))
    mapped = feeds.maps.shown
    if isinstance(mapped, BandMaps):
        parts.append(power_cells(mapped, feeds.maps.quantity))
    elif mapped is not None and session.cursor is not None:
        parts.append(map_cells(mapped, session.cursor))
    around = window.butterfly.shown
    if around is not None and session.cursor is not None and _in_sight(window.butterfly):
        data, first, rate, sites, filters = around
        parts.append(butterfly_cells(data, session.cursor + first, rate, sites, filters))
    parts += _listed_cells(window)
    trend = feeds.trends.trend
    if feeds.trends.shown and trend is not None and np.isfinite(trend.density).any():
        parts.append(trend_cells(trend, session.settings.get("trends.region"), feeds.trends.expected()))
    return parts


def _listed_cells(window: ReviewWindow) -> list[Cells]:
    """Contacts, what is at the cursor, and events, as far as their panels are in sight."""
    session, parts = window.session, []
    backend = session.reconstruction.backend
    if _in_sight(window.implant) and backend is not None:
        card = backend.card
        measures, on = (card.contacts, measured_on(card)) if card is not None else ((), "")
        parts.append(contact_cells(window.implant.brain.painted, measures, on))
    shown = window.inspector.shown
    if _in_sight(window.inspector) and shown is not None:
        label = shown.recorded.label if shown.recorded is not None else ""
        parts.append(cursor_cells(shown, next((row for row in session.rows if row.label == label), None)))
    if _in_sight(window.events):
        parts.append(event_cells(window.events.rows, private=session.state.private))
    return parts


def _in_sight(panel: QWidget) -> bool:
    """Whether it is shown, and no other tab covers it."""
    return not panel.visibleRegion().isEmpty()


def _is_voltage(session: Session, label: str) -> bool:
    """Whether a row is of voltages, so that its power is what a table says."""
    channels = {c.name: c for c in session.recording.channels} if session.recording is not None else {}
    row = next((row for row in session.rows if row.label == label), None)
    return row is not None and all(channels[name].is_voltage for name, _ in row.weights if name in channels)
