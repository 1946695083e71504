"""Power over frequency of the page: the chosen row among the others, or a contact as a distribution."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from neuroflow.signal.spectrum import BANDS, decibels
from neuroflow_review.canvas import Canvas
from neuroflow_review.keyboard import is_for
from neuroflow_review.session.spectrum import DepthSpectrum, ScalpSpectrum
from neuroflow_review.theme import LIGHT, RECONSTRUCTED, UNIT, Theme, colour, hairline, thick, ui_font

_GREEK: Final = {"delta": "δ", "theta": "θ", "alpha": "α", "beta": "β", "gamma": "γ"}
_LOWEST: Final = 0.5  # Hz; below it an offset and electrode drifts stand
_STEP_DB: Final = 10.0
_LARGEST_DB: Final = 70.0
_FAINT: Final = 0.28
_TIP: Final = (
    "Power spectral density (multitaper, 1 Hz), dB re 1 µV²/Hz, as recorded: filters would shape it.\n"
    "δ to 4 Hz, θ to 8, α to 13, β to 30, γ to 45. Of the selection where there is one of two seconds or more.\n"
    "Point at it, or Tab to it and press ← →, to read a frequency."
)

Array = NDArray[np.float64]


class SpectrumPanel(Canvas):
    """A spectrum to ``top`` hertz, its scale by steps of ten decibels, so that pages can be compared."""

    own_keys = frozenset({Qt.Key.Key_Left, Qt.Key.Key_Right})  # arrows read frequencies instead of turning pages

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = LIGHT
        self._scalp: ScalpSpectrum | None = None
        self._depth: DepthSpectrum | None = None
        self._label = ""
        self._top = 70.0
        self._message, self._of_depth = "", False
        self._scale = (-20.0, 40.0)
        self._frequency: float | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Spectrum of the page")
        self.setToolTip(_TIP)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(160, 168))

    def sizeHint(self) -> QSize:
        return QSize(236, 240)

    # What is shown ----------------------------------------------------------------------------------------------------

    def set_scalp(self, made: ScalpSpectrum, label: str, top: float) -> None:
        """Recorded rows, of which ``label`` is the chosen one, up to ``top`` hertz."""
        self._scalp, self._depth, self._label, self._message = made, None, label, ""
        self._top = min(top, float(made.frequencies[-1]))
        drawn = [made.density[k] for k, row in enumerate(made.rows) if not row.bad or row.label == label]
        self._fit(made.frequencies, np.array(drawn))

    def set_depth(self, made: DepthSpectrum) -> None:
        """A contact of the model, over its samples."""
        self._scalp, self._depth, self._label, self._message = None, made, made.contact, ""
        self._top = float(np.ceil(made.frequencies[-1] / 10.0) * 10.0)
        self._fit(made.frequencies, np.array([made.low, made.high]))

    def set_message(self, text: str, *, reconstructed: bool = False) -> None:
        """Why there is no spectrum; on the ground of a reconstruction where it is one that is lacking."""
        if (text, reconstructed) != (self._message, self._of_depth) or self._scalp or self._depth:
            self._scalp = self._depth = None
            self._message, self._of_depth = text, reconstructed
            self.setAccessibleDescription(text)
            self.redraw()

    def set_theme(self, look: Theme) -> None:
        self._look = look
        self.redraw()

    def _fit(self, frequencies: Array, density: Array) -> None:
        """Ends of the scale in whole tens of decibels: those there are where they still suit."""
        self._of_depth = self._depth is not None or self._is_reconstructed()
        inside = (frequencies >= _LOWEST) & (frequencies <= self._top)
        level = decibels(density[:, inside])
        level = level[np.isfinite(level)]
        if level.size:
            high = _STEP_DB * float(np.ceil(level.max() / _STEP_DB))
            low = max(_STEP_DB * float(np.floor(level.min() / _STEP_DB)), high - _LARGEST_DB)
            kept_low, kept_high = self._scale
            if not (kept_low <= low < kept_low + 2 * _STEP_DB and kept_high - 2 * _STEP_DB < high <= kept_high):
                self._scale = low, high
        self.setAccessibleDescription(f"{self.title}, {self.words}, {self.reading}")
        self.redraw()

    def _is_reconstructed(self) -> bool:
        """Whether the chosen row was reconstructed, as the file says."""
        rows = self._scalp.rows if self._scalp is not None else ()
        return any(row.reconstructed for row in rows if row.label == self._label)

    # In words ---------------------------------------------------------------------------------------------------------

    @property
    def message(self) -> str:
        return self._message

    @property
    def title(self) -> str:
        return f"{RECONSTRUCTED}{self._label}" if self._depth is not None else self._label

    @property
    def words(self) -> str:
        """What the spectrum is of."""
        depth, scalp = self._depth, self._scalp
        if depth is not None:
            band = f"median and {depth.coverage * 100:.0f} % of {depth.samples} samples"
            return f"reconstructed, not recorded · {band} · {depth.stretch.words}"
        if scalp is None:
            return ""
        row = next((r for r in scalp.rows if r.label == self._label), None)
        aside = ""
        if row is None:
            aside = "not EEG · "
        elif row.bad or row.interpolated:
            aside = "interpolated · " if row.interpolated else "set aside as bad · "
        if self._is_reconstructed():
            return f"reconstructed, not recorded · {aside}{scalp.stretch.words} · no filters"
        return f"{aside}{scalp.stretch.words} · as recorded, no filters"

    @property
    def reading(self) -> str:
        """Frequency and power at the pointer, or the frequency of the peak."""
        found = self._chosen()
        if found is None:
            return ""
        frequencies, density, peak = found
        if not np.isfinite(density).any():
            return "no signal"
        if self._frequency is not None:
            k = int(np.argmin(np.abs(frequencies - self._frequency)))
            return f"{frequencies[k]:.2f} Hz  {_number(float(decibels(density)[k]))} dB"
        return f"peak {peak:.1f} Hz" if peak is not None else "no peak 6–14 Hz"

    def _chosen(self) -> tuple[Array, Array, float | None] | None:
        if self._depth is not None:
            return self._depth.frequencies, self._depth.median, self._depth.peak
        if self._scalp is not None:
            for k, row in enumerate(self._scalp.rows):
                if row.label == self._label:
                    return self._scalp.frequencies, self._scalp.density[k], self._scalp.peaks[k]
        return None

    # Geometry ---------------------------------------------------------------------------------------------------------

    def _line(self) -> float:
        return round(QFontMetricsF(ui_font(-1.5)).height())

    def _header(self) -> float:
        return 2 * UNIT + round(QFontMetricsF(ui_font(bold=True)).height()) + 2 * self._line()

    def plot(self) -> QRectF:
        """Where power is drawn."""
        left = 3 * UNIT + round(QFontMetricsF(ui_font(-1.5)).horizontalAdvance("−20"))
        top, bottom = self._header() + 2 * UNIT, self.height() - self._line() - 2 * UNIT
        return QRectF(left, top, max(self.width() - left - 3 * UNIT, 1), max(bottom - top, 1))

    def x_of(self, frequency: float) -> float:
        """Abscissa of a frequency (Hz)."""
        plot = self.plot()
        return plot.left() + frequency / self._top * plot.width()

    def y_of(self, level: NDArray[np.floating[Any]] | float) -> Any:
        """Ordinate of a level (dB re 1 µV²/Hz)."""
        plot, (low, high) = self.plot(), self._scale
        return plot.bottom() - (level - low) / (high - low) * plot.height()

    # Drawing ----------------------------------------------------------------------------------------------------------

    def draw(self, painter: QPainter) -> None:
        look, plot = self._look, self.plot()
        painter.fillRect(self.rect(), colour(look.recon_paper if self._of_depth else look.panel))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._message:
            painter.setFont(ui_font(-1))
            painter.setPen(colour(look.recon_line if self._of_depth else look.muted))
            flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(QRectF(self.rect()).adjusted(4 * UNIT, 0, -4 * UNIT, 0), flags, self._message)
            return
        if not self._of_depth:
            painter.fillRect(plot, colour(look.paper))
        self._draw_axes(painter, plot)
        painter.save()
        painter.setClipRect(plot)
        if self._depth is not None:
            self._draw_depth(painter, self._depth)
        elif self._scalp is not None:
            self._draw_scalp(painter, self._scalp)
        painter.restore()
        self._draw_words(painter)

    def _draw_axes(self, painter: QPainter, plot: QRectF) -> None:
        look = self._look
        grid, strong = (look.recon_grid, look.recon_grid_strong) if self._of_depth else (look.grid, look.grid_strong)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setFont(ui_font(-1.5))
        metrics, line = QFontMetricsF(painter.font()), self._line()
        low, high = self._scale
        step = next(s for s in (10, 20, 40, 80) if plot.height() * s / (high - low) >= 1.6 * line or s == 80)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for level in np.arange(step * np.ceil(low / step), high + 1, step):
            y = round(self.y_of(float(level)))
            painter.setPen(hairline(grid))
            painter.drawLine(QLineF(plot.left(), y + 0.5, plot.right(), y + 0.5))
            painter.setPen(colour(look.muted))
            painter.drawText(QRectF(0, y - line / 2, plot.left() - UNIT, line), right, _number(float(level)))
        for name, (first, last) in BANDS.items():
            if first >= self._top:
                continue
            x = round(self.x_of(min(last, self._top))) + 0.5
            painter.setPen(hairline(grid))
            painter.drawLine(QLineF(x, plot.top(), x, plot.bottom()))
            middle = (self.x_of(first) + self.x_of(min(last, self._top))) / 2
            painter.setPen(colour(look.muted))
            where = QRectF(middle - 10, plot.top() + 1, 20, line)
            painter.drawText(where, Qt.AlignmentFlag.AlignCenter, _GREEK[name])
        unit = QRectF(plot.left(), plot.top() + line, plot.width() - UNIT, line)
        painter.drawText(unit, right, "dB re 1 µV²/Hz")
        painter.setPen(hairline(strong))
        painter.drawRect(plot.adjusted(0.5, 0.5, -0.5, -0.5))
        hertz = next((s for s in (10, 20, 50, 100) if plot.width() * s / self._top >= 32), 100)
        for frequency in range(0, int(self._top + 0.5) + 1, hertz):
            x = round(self.x_of(frequency)) + 0.5
            painter.setPen(hairline(look.muted))
            painter.drawLine(QLineF(x, plot.bottom(), x, plot.bottom() + 3))
            last_one = frequency + hertz > self._top
            text = f"{frequency} Hz" if last_one else str(frequency)
            wide = metrics.horizontalAdvance(text) + 2
            left = min(x - wide / 2, self.width() - UNIT - wide) if last_one else x - wide / 2
            painter.setPen(colour(look.muted))
            row = QRectF(left, plot.bottom() + UNIT, wide, line)
            painter.drawText(row, Qt.AlignmentFlag.AlignCenter, text)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _draw_scalp(self, painter: QPainter, made: ScalpSpectrum) -> None:
        look = self._look
        chosen = None
        for k, row in enumerate(made.rows):
            if row.label == self._label:
                chosen = k
            elif not row.bad:
                painter.setPen(hairline(look.recon_line if row.reconstructed else look.side(row.side), _FAINT))
                self._draw_curve(painter, made.frequencies, made.density[k])
        if chosen is not None:
            row = made.rows[chosen]
            ink = look.recon_line if row.reconstructed else look.side(row.side)
            painter.setPen(thick(look.rejected if row.bad else ink))
            self._draw_curve(painter, made.frequencies, made.density[chosen])

    def _draw_depth(self, painter: QPainter, made: DepthSpectrum) -> None:
        look = self._look
        low, high = self._points(made.frequencies, made.low), self._points(made.frequencies, made.high)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(look.band90))
        painter.drawPolygon(QPolygonF([*low, *reversed(high)]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(thick(look.recon_line))
        painter.drawPolyline(QPolygonF(self._points(made.frequencies, made.median)))

    def _draw_curve(self, painter: QPainter, frequencies: Array, density: Array) -> None:
        if np.isfinite(density).all():
            painter.drawPolyline(QPolygonF(self._points(frequencies, density)))

    def _points(self, frequencies: Array, density: Array) -> list[QPointF]:
        kept = (frequencies > 0) & (frequencies <= self._top + 1.0)
        y = np.clip(self.y_of(decibels(density[kept])), -1e4, 1e4)
        return [QPointF(self.x_of(f), v) for f, v in zip(frequencies[kept].tolist(), y.tolist(), strict=True)]

    def _draw_words(self, painter: QPainter) -> None:
        look = self._look
        painter.setFont(ui_font(bold=True))
        high = round(QFontMetricsF(painter.font()).height())
        row = next((r for r in self._scalp.rows if r.label == self._label), None) if self._scalp is not None else None
        ink = look.recon_line if self._of_depth else look.muted if row is None or row.bad else look.side(row.side)
        painter.setPen(colour(ink))
        painter.drawText(
            QRectF(3 * UNIT, UNIT, self.width() - 6 * UNIT, high), Qt.AlignmentFlag.AlignLeft, self.title or "–"
        )
        painter.setFont(ui_font(-1.5))
        painter.setPen(colour(look.recon_line if self._of_depth else look.muted))
        lines = QRectF(3 * UNIT, 1.5 * UNIT + high, self.width() - 6 * UNIT, 2 * self._line())
        painter.drawText(lines, int(Qt.TextFlag.TextWordWrap), self.words)

    def draw_moving(self, painter: QPainter) -> None:
        """The read-out, and where it is read."""
        if self._message:
            return
        look = self._look
        painter.setFont(ui_font())
        painter.setPen(colour(look.recon_line if self._of_depth else look.ink))
        high = round(QFontMetricsF(painter.font()).height())
        row = QRectF(3 * UNIT, UNIT, self.width() - 6 * UNIT, high)
        painter.drawText(row, Qt.AlignmentFlag.AlignRight, self.reading)
        if self._frequency is not None:
            plot = self.plot()
            x = round(self.x_of(self._frequency)) + 0.5
            painter.setPen(hairline(look.cursor, 0.9))
            painter.drawLine(QLineF(x, plot.top(), x, plot.bottom()))
        if self.hasFocus():
            painter.setPen(hairline(look.accent))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    # The pointer and the keys -----------------------------------------------------------------------------------------

    def _read_at(self, frequency: float | None) -> None:
        if frequency != self._frequency:
            self._frequency = frequency
            self.setAccessibleDescription(f"{self.title}, {self.words}, {self.reading}")
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        plot, x = self.plot(), event.position().x()
        inside = plot.left() <= x <= plot.right() and event.position().y() >= plot.top()
        self._read_at((x - plot.left()) / plot.width() * self._top if inside else None)

    def leaveEvent(self, _event: QEvent) -> None:
        self._read_at(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        found = self._chosen()
        if found is None or not is_for(self, event):
            super().keyPressEvent(event)
            return
        frequencies, _, peak = found
        now = self._frequency if self._frequency is not None else peak if peak is not None else 10.0
        k = int(np.argmin(np.abs(frequencies - now))) + (1 if event.key() == Qt.Key.Key_Right else -1)
        last = int(np.flatnonzero(frequencies <= self._top)[-1])
        self._read_at(float(frequencies[min(max(k, 0), last)]))

    def focusOutEvent(self, event: Any) -> None:
        self._read_at(None)
        super().focusOutEvent(event)


def _number(value: float) -> str:
    return f"{round(value)}".replace("-", "−")
