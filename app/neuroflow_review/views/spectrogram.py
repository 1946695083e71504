"""Power over time and frequency of one channel, on the same time axis, to the pixel, as the page above it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import QEvent, QLineF, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QContextMenuEvent,
    QFontMetricsF,
    QImage,
    QMouseEvent,
    QPainter,
    QPolygonF,
)
from PySide6.QtWidgets import QMenu, QWidget

from neuroflow.recording import Span
from neuroflow.signal.spectrogram import Spectrogram
from neuroflow_review.canvas import Canvas
from neuroflow_review.colourmap import COLOUR_MAPS, COLOURS, DB_MICROVOLT, colour_table, power_image
from neuroflow_review.theme import (
    LIGHT,
    RECONSTRUCTED,
    UNIT,
    Theme,
    colour,
    fitted,
    gutter,
    hairline,
    hatch,
    right_margin,
    time_to_x,
    ui_font,
    x_to_time,
)

_REFIT_DB: Final = 10.0
_NARROWEST_SCALE: Final = 20.0

_LOWEST_PLOT = 32


class SpectrogramPanel(Canvas):
    """A spectrogram with its channel, its frequencies and its scale in decibels.

    The scale is kept from page to page of one channel, so that pages can be compared; it is fitted anew for another
    channel, when the power has moved by more than 10 dB, or when the reader clicks it.
    """

    cursor_moved = Signal(float)
    """Time (seconds) under the pointer."""
    cursor_left = Signal()
    channel_menu_requested = Signal(QPoint)
    """The channel's name was clicked; the global position at which a menu of channels belongs."""
    colour_map_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = LIGHT
        self._span = Span(0.0, 0.0)
        self._label, self._samples, self._reconstructed = "", 0, False
        self._spectrogram: Spectrogram | None = None
        self._image: QImage | None = None
        self._levels: tuple[float, float] | None = None
        self._gaps: tuple[Span, ...] = ()
        self._message, self._withheld = "Choose a channel to see its spectrogram", False
        self._cursor: float | None = None
        self._pointer: QPointF | None = None
        self._map = COLOUR_MAPS[0]
        self.setMouseTracking(True)
        self.setAccessibleName("Spectrogram")
        self.setToolTip("Click the scale to fit it to this page; right-click for the colour map")

    # What is shown ----------------------------------------------------------------------------------------------------

    def set_spectrogram(
        self, spectrogram: Spectrogram | None, span: Span, label: str, reconstructed: bool, samples: int = 0
    ) -> None:
        """Power of the channel ``label`` (without ``≈``) over ``span``; of ``samples`` samples if reconstructed.

        None shows that there is nothing; say why with :meth:`set_message`.
        """
        other = (label, reconstructed) != (self._label, self._reconstructed)
        self._span, self._label, self._reconstructed, self._samples = span, label, reconstructed, samples
        self._spectrogram = spectrogram
        self._message, self._withheld = "" if spectrogram is not None else "No spectrogram here", False
        if other:
            self._levels = None
        self._fit(keep=True)
        self.setAccessibleDescription(f"{self._title()}, {self._subtitle()}")
        self.redraw()

    def set_message(self, text: str, *, withheld: bool = False) -> None:
        """Show why there is nothing to show, in place of a spectrogram; hatched where it is withheld."""
        self._spectrogram, self._image, self._message, self._withheld = None, None, text, withheld
        self.redraw()

    def set_computing(self, span: Span, label: str, reconstructed: bool, seconds_left: float | None = None) -> None:
        """Say that the spectrogram of this page is being computed; an older one is not left standing as if it were."""
        self.set_spectrogram(None, span, label, reconstructed, self._samples)
        left = "" if seconds_left is None else f" · {max(seconds_left, 1):.0f} s left"
        self.set_message(f"Computing{left}")

    def set_gaps(self, gaps: Sequence[Span]) -> None:
        """Stretches without data, hatched."""
        self._gaps = tuple(gaps)
        self.redraw()

    def set_cursor(self, time: float | None) -> None:
        """The cursor that all panels share."""
        if time != self._cursor:
            self._cursor = time
            self.update()

    def set_colour_map(self, name: str) -> None:
        """One of COLOUR_MAPS. Raises: ValueError."""
        if name not in COLOUR_MAPS:
            raise ValueError(f"there is no colour map {name!r}: choose one of {', '.join(COLOUR_MAPS)}")
        self._map = name
        self._make_image()
        self.redraw()

    def set_theme(self, look: Theme) -> None:
        self._look = look
        self.redraw()

    def fit_levels(self) -> None:
        """Fit the scale to what is on screen."""
        self._fit(keep=False)
        self.redraw()

    @property
    def levels(self) -> tuple[float, float] | None:
        """Ends of the colour scale, dB re 1 µV²/Hz."""
        return self._levels

    def _fit(self, *, keep: bool) -> None:
        if self._spectrogram is None:
            self._image = None
            return
        power = self._spectrogram.power_db + DB_MICROVOLT
        finite = power[np.isfinite(power)]
        if finite.size:
            low, high = (5.0 * round(float(v) / 5.0) for v in np.percentile(finite, (10, 99.5)))
            high = low + max(10.0 * round((high - low) / 10.0), _NARROWEST_SCALE)  # its middle is a whole number
            kept = self._levels
            far = kept is None or max(abs(kept[0] - low), abs(kept[1] - high)) > _REFIT_DB
            if not keep or far:
                self._levels = (low, high)
        self._make_image()

    def _make_image(self) -> None:
        if self._spectrogram is None or self._levels is None:
            self._image = None
            return
        low, high = self._levels
        self._image = power_image(self._spectrogram.power_db + DB_MICROVOLT, low, high, self._map)

    # Geometry ---------------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(960, 176)

    def minimumSizeHint(self) -> QSize:
        return QSize(gutter() + right_margin() + 120, round(self._header().height()))

    @property
    def folded(self) -> bool:
        """Whether there is room for its name only."""
        return self.plot().height() < _LOWEST_PLOT

    def plot(self) -> QRectF:
        """Where power is drawn: between gutter and margin, as in every time panel."""
        top = self._header().bottom()
        below = 2.0 * UNIT
        wide, high = max(self.width() - gutter() - right_margin(), 1), max(self.height() - top - below, 1)
        return QRectF(gutter(), top, wide, high)

    def _header(self) -> QRectF:
        return QRectF(0, 0, self.width(), round(QFontMetricsF(ui_font()).height()) + 2 * UNIT)

    def _scale(self) -> QRectF:
        plot = self.plot()
        return QRectF(plot.right() + 2 * UNIT, plot.top(), 2 * UNIT, plot.height())

    def _top_frequency(self) -> float:
        frequencies = None if self._spectrogram is None else self._spectrogram.frequencies
        return 50.0 if frequencies is None or not frequencies.size else float(frequencies[-1])

    def _y(self, frequency: float) -> float:
        plot = self.plot()
        return plot.bottom() - frequency / self._top_frequency() * plot.height()

    def image_rect(self) -> QRectF | None:
        """Where the image lies: a cell is centred on its time and its frequency. None without a spectrogram."""
        shown = self._spectrogram
        if shown is None or shown.times.size == 0 or shown.frequencies.size == 0:
            return None
        hop = float(np.diff(shown.times).mean()) if shown.times.size > 1 else max(self._span.duration, 1e-9)
        step = float(np.diff(shown.frequencies).mean()) if shown.frequencies.size > 1 else 1.0
        left = time_to_x(float(shown.times[0]) - hop / 2, self._span, self.width())
        right = time_to_x(float(shown.times[-1]) + hop / 2, self._span, self.width())
        top = self._y(float(shown.frequencies[-1]) + step / 2)
        return QRectF(QPointF(left, top), QPointF(right, self._y(float(shown.frequencies[0]) - step / 2)))

    # Drawing ----------------------------------------------------------------------------------------------------------

    def _title(self) -> str:
        return f"{RECONSTRUCTED}{self._label}" if self._reconstructed else self._label

    def _subtitle(self) -> str:
        if self.folded:
            return "folded for want of room: drag its upper edge"
        if not self._reconstructed:
            return "power of the recorded signal"
        of = f" · mean power of {self._samples} samples" if self._samples else ""
        return f"reconstructed, not recorded{of}"

    def draw(self, painter: QPainter) -> None:
        look, plot = self._look, self.plot()
        painter.fillRect(self.rect(), colour(look.recon_paper if self._reconstructed else look.paper))
        self._draw_header(painter)
        if self.folded:
            return
        if self._image is None:
            if self._withheld:
                hatch(painter, plot, look)
            painter.setPen(hairline(look.recon_grid_strong if self._reconstructed else look.grid_strong))
            painter.drawRect(plot.adjusted(0.5, 0.5, -0.5, -0.5))
            self._draw_message(painter, self._message)
        else:
            rect = self.image_rect()
            assert rect is not None
            painter.save()
            painter.setClipRect(plot)
            hatch(painter, plot, look)  # shows where the image holds no data
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(rect, self._image)
            painter.restore()
        for gap in self._gaps:
            if gap.overlaps(self._span):
                part = gap.clipped_to(self._span)
                left, right = (time_to_x(t, self._span, self.width()) for t in (part.start, part.stop))
                whole = QRectF(left, plot.top(), right - left, plot.height())
                painter.fillRect(whole, colour(look.panel))
                hatch(painter, whole, look)
        self._draw_seconds(painter, plot)
        self._draw_frequencies(painter, plot)
        if self._image is not None:
            self._draw_scale(painter)

    def _draw_header(self, painter: QPainter) -> None:
        look, row = self._look, self._header()
        painter.setPen(hairline(look.border))
        painter.drawLine(QPointF(0, 0.5), QPointF(self.width(), 0.5))
        if not self._label:
            return
        painter.setFont(ui_font(bold=True))
        painter.setPen(colour(look.recon_line if self._reconstructed else look.ink))
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        wide = QFontMetricsF(painter.font()).horizontalAdvance(self._title())
        painter.drawText(row.adjusted(3 * UNIT, 0, 0, 0), align, self._title())
        x, y = 3 * UNIT + wide + 2 * UNIT, row.center().y()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(hairline(look.muted))
        painter.drawPolyline(QPolygonF([QPointF(x, y - 1.5), QPointF(x + 3.5, y + 2), QPointF(x + 7, y - 1.5)]))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _draw_message(self, painter: QPainter, text: str) -> None:
        look = self._look
        painter.setFont(ui_font())
        box = QFontMetricsF(painter.font()).boundingRect(text).adjusted(-4 * UNIT, -2 * UNIT, 4 * UNIT, 2 * UNIT)
        box.moveCenter(self.plot().center())
        painter.fillRect(box, colour(look.recon_paper if self._reconstructed else look.paper))
        painter.setPen(colour(look.muted))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _draw_seconds(self, painter: QPainter, plot: QRectF) -> None:
        # The page's grid, as ticks below: lines over colour would be read as power.
        if not 0 < self._span.duration <= plot.width() / 4:
            return
        for second in range(int(np.ceil(self._span.start)), int(np.floor(self._span.stop)) + 1):
            x = round(time_to_x(second, self._span, self.width())) + 0.5
            painter.setPen(hairline(self._look.muted if second % 5 == 0 else self._look.grid_strong))
            painter.drawLine(QLineF(x, plot.bottom() + 1, x, plot.bottom() + (6 if second % 5 == 0 else 3)))

    def _draw_frequencies(self, painter: QPainter, plot: QRectF) -> None:
        look = self._look
        painter.setFont(ui_font(-1.5))
        high = QFontMetricsF(painter.font()).height()
        top = self._top_frequency()
        step = next((s for s in (5, 10, 25, 50) if plot.height() * s / top >= high * 1.25), 50)
        align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for frequency in range(0, int(top) + 1, step):
            y = round(self._y(frequency))
            painter.setPen(hairline(look.muted))
            painter.drawLine(QLineF(gutter() - 4, y - 0.5, gutter(), y - 0.5))
            painter.setPen(colour(look.muted))
            # The first and last stand inside the plot's height, so that panels can be stacked.
            middle = min(max(y, plot.top() + high / 2 - 2), self.height() - high / 2)
            text = f"{frequency} Hz" if frequency + step > top else str(frequency)
            painter.drawText(QRectF(0, middle - high / 2, gutter() - 2 * UNIT, high), align, text)

    def _draw_scale(self, painter: QPainter) -> None:
        look, bar = self._look, self._scale()
        assert self._levels is not None
        low, high = self._levels
        table = colour_table(self._map)
        for row in range(int(bar.top()), int(bar.bottom())):
            share = 1 - (row + 0.5 - bar.top()) / bar.height()
            painter.fillRect(
                QRectF(bar.left(), row, bar.width(), 1), colour(f"#{table[int(share * (COLOURS - 1))] & 0xFFFFFF:06x}")
            )
        widest = f"{min(low, -high):.0f} dB"
        painter.setFont(fitted(ui_font(-1.5), widest, self.width() - bar.right() - 2 * UNIT))
        painter.setPen(colour(look.muted))
        tall = QFontMetricsF(painter.font()).height()
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        shown = ((high, f"{high:.0f} dB"), ((low + high) / 2, f"{(low + high) / 2:.0f}"), (low, f"{low:.0f}"))
        for value, text in shown:
            y = bar.bottom() - (value - low) / (high - low) * bar.height()
            middle = min(max(y, bar.top() + tall / 2 - 2), bar.bottom() - tall / 2 + 2)
            painter.drawText(
                QRectF(bar.right() + UNIT, middle - tall / 2, right_margin(), tall), align, text.replace("-", "−")
            )

    def draw_moving(self, painter: QPainter) -> None:
        look, plot = self._look, self.plot()
        if self._cursor is not None and not self.folded and self._span.start <= self._cursor < self._span.stop:
            x = time_to_x(self._cursor, self._span, self.width())
            painter.setPen(hairline("#FFFFFF" if self._image is not None else look.cursor, 0.9))
            painter.drawLine(QLineF(x, plot.top(), x, plot.bottom()))
        if self._label:
            self._draw_words(painter)

    def _draw_words(self, painter: QPainter) -> None:
        """What the panel is of, and what is under the pointer where there is room beside it."""
        look, title = self._look, QFontMetricsF(ui_font(bold=True)).horizontalAdvance(self._title())
        painter.setFont(ui_font(-1))
        metrics = QFontMetricsF(painter.font())
        row = self._header().adjusted(max(title + 10 * UNIT, gutter()), 0, -2 * UNIT, 0)
        kept = metrics.horizontalAdvance(self._subtitle().split(" · ")[0]) + 4 * UNIT
        whole = self._readout()
        room = row.width() - kept
        readout = next((t for t in (whole, whole.split(" re ")[0]) if metrics.horizontalAdvance(t) <= room), "")
        painter.setPen(colour(look.ink))
        painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, readout)
        row.adjust(0, 0, -metrics.horizontalAdvance(readout) - (4 * UNIT if readout else 0), 0)
        painter.setPen(colour(look.recon_line if self._reconstructed else look.muted))
        words = metrics.elidedText(self._subtitle(), Qt.TextElideMode.ElideRight, max(row.width(), 0))
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)

    def _readout(self) -> str:
        """Frequency and power under the pointer."""
        shown, at, plot = self._spectrogram, self._pointer, self.plot()
        if shown is None or at is None or not plot.contains(at) or not shown.times.size:
            return ""
        frequency = (plot.bottom() - at.y()) / plot.height() * self._top_frequency()
        column = int(np.abs(shown.times - x_to_time(at.x(), self._span, self.width())).argmin())
        row = int(np.abs(shown.frequencies - frequency).argmin())
        power = float(shown.power_db[row, column]) + DB_MICROVOLT
        found = f"{power:.0f} dB re 1 µV²/Hz".replace("-", "−") if np.isfinite(power) else "no data"
        return f"{frequency:.1f} Hz · {found}"

    # Intents ----------------------------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer = event.position()
        if gutter() <= self._pointer.x() < self.width() - right_margin() and self._span.duration > 0:
            self.cursor_moved.emit(x_to_time(self._pointer.x(), self._span, self.width()))
        self.update()

    def leaveEvent(self, _event: QEvent) -> None:
        self._pointer = None
        self.cursor_left.emit()
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        at, header = event.position(), self._header()
        if not self.folded and self._scale().adjusted(-UNIT, 0, right_margin(), 0).contains(at):
            self.fit_levels()
        elif header.contains(at) and self._label and at.x() < gutter() * 1.5:
            self.channel_menu_requested.emit(self.mapToGlobal(QPointF(2 * UNIT, header.bottom()).toPoint()))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        group = QActionGroup(menu)
        for name in COLOUR_MAPS:
            action = group.addAction(QAction(name.capitalize(), menu, checkable=True, checked=name == self._map))
            action.setData(name)
            menu.addAction(action)
        group.triggered.connect(self._choose_map)
        menu.addSeparator()
        menu.addAction("Fit scale to this page").triggered.connect(self.fit_levels)
        menu.popup(event.globalPos())

    def _choose_map(self, action: QAction) -> None:
        self.set_colour_map(str(action.data()))
        self.colour_map_changed.emit(self._map)
