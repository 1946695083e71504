"""What is known at the cursor: the time, the recorded value, and the distribution of a reconstructed one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QVBoxLayout, QWidget

from neuroflow.signal.orderstatistics import EXACT, Calibration, at_position, interval
from neuroflow.units import MICROVOLT
from neuroflow_review.theme import LIGHT, RECONSTRUCTED, UNIT, Theme, colour, hairline, ui_font
from neuroflow_review.wording import clock, day, microvolt_number, microvolts, value_words

_RANGES: Final = tuple(m * 10.0**e for e in (0, 1, 2, 3, 4) for m in (1, 2, 5))  # µV either side of zero
_BINS: Final = 24
_NOTHING: Final = "Move the pointer over a page"


@dataclass(frozen=True, slots=True)
class Reading:
    """The value of a recorded channel: in volts, or in a ``unit`` of its own; between two where only they are known."""

    label: str
    low: float
    high: float
    note: str
    unit: str
    interpolated: bool


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """Finite samples (sample,) of a contact in ascending order, and the recorded truth where it is known; volts.

    ``counts`` are how many lie in each bar of the histogram, ``edges`` (bar + 1,) where the bars end, in volts.
    """

    contact: str
    values: NDArray[np.float64]
    truth: float | None
    calibration: Calibration
    counts: NDArray[np.int64]
    edges: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class AtCursor:
    """What the panel shows of a moment, in seconds from the recording's start."""

    time: float
    recorded: Reading | None
    reconstructed: Distribution | None


class Histogram(QWidget):
    """The samples' values of one contact at one moment: bars, median and the limits of a central interval.

    Its axis is symmetric about zero and changes in steps of 1, 2, 5, so that it stands still while the cursor moves.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = LIGHT
        self._values: NDArray[np.float64] = np.empty(0)  # µV
        self._limits = (0.0, 0.0)
        self._median = 0.0
        self._truth: float | None = None
        self._reach = _RANGES[0]
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Histogram of the samples at the cursor")
        self.setToolTip("One count for each sample. Filled: within the limits. Line: the median. Ticks: each sample.")

    def set_values(
        self, values: NDArray[np.float64], limits: tuple[float, float], truth: float | None, *, new_contact: bool
    ) -> None:
        """Finite values, their limits and the recorded truth, in microvolts; a new contact gets an axis that fits."""
        self._values, self._limits, self._truth = values, limits, truth
        self._median = float(np.median(values)) if values.size else 0.0
        reach = max(float(np.abs(values).max(initial=0.0)), abs(truth or 0.0)) * 1.02
        if new_contact or reach > self._reach or reach < self._reach / 5:
            self._reach = next((r for r in _RANGES if r >= reach), _RANGES[-1])
        self.setAccessibleDescription(
            f"{values.size} samples, median {self._median:.0f} µV, limits {limits[0]:.0f} to {limits[1]:.0f} µV"
        )
        self.update()

    def set_theme(self, look: Theme) -> None:
        self._look = look
        self.update()

    @property
    def counts(self) -> NDArray[np.int64]:
        """Samples in each bar."""
        counts, _ = np.histogram(self._values, bins=self.edges)
        return counts.astype(np.int64)

    @property
    def edges(self) -> NDArray[np.float64]:
        """Where the bars end, in microvolts."""
        return np.linspace(-self._reach, self._reach, _BINS + 1)

    def sizeHint(self) -> QSize:
        return QSize(220, 80 + round(3 * QFontMetricsF(ui_font(-1.5)).height()))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())

    def _x(self, value: float) -> float:
        return (value / self._reach + 1) / 2 * self.width()

    def paintEvent(self, _event: QPaintEvent) -> None:
        look = self._look
        with QPainter(self) as painter:
            painter.setFont(ui_font(-1.5))
            line = QFontMetricsF(painter.font()).height()
            bars = QRectF(0, 2 * UNIT, self.width(), self.height() - line - 6 * UNIT)
            self._draw_axis(painter, bars, line)
            if not self._values.size:
                return
            low, high = (self._x(v) for v in self._limits)
            painter.fillRect(QRectF(low, bars.top(), max(high - low, 1.0), bars.height()), colour(look.band90))
            self._draw_bars(painter, bars)
            self._draw_marks(painter, bars)

    def _draw_axis(self, painter: QPainter, bars: QRectF, line: float) -> None:
        look = self._look
        painter.setPen(hairline(look.recon_grid_strong))
        painter.drawLine(QPointF(0, bars.bottom() + 0.5), QPointF(self.width(), bars.bottom() + 0.5))
        painter.drawLine(QLineF(self._x(0) + 0.5, bars.top(), self._x(0) + 0.5, bars.bottom() + UNIT))
        painter.setPen(colour(look.muted))
        row = QRectF(0, self.height() - line, self.width(), line)
        reach = f"{self._reach:g}"
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, f"−{reach}")
        painter.drawText(row, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, "0")
        painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom, f"+{reach} µV")

    def _draw_bars(self, painter: QPainter, bars: QRectF) -> None:
        look, counts = self._look, self.counts
        top = max(int(counts.max()), 4)
        wide = self.width() / _BINS
        for k in np.flatnonzero(counts):
            left, right = round(k * wide), round((k + 1) * wide)
            high = counts[k] / top * (bars.height() - UNIT)
            bar = QRectF(left + 0.5, bars.bottom() - high, right - left - 1, high)
            painter.fillRect(bar, colour(look.recon_line, 0.55))

    def _draw_marks(self, painter: QPainter, bars: QRectF) -> None:
        look = self._look
        painter.setPen(hairline(look.recon_line, 0.8))
        below = bars.bottom() + 2
        painter.drawLines([QLineF(self._x(v), below, self._x(v), below + UNIT + 1) for v in self._values])
        for limit in self._limits:
            painter.setPen(hairline(look.recon_line, 0.6))
            painter.drawLine(QLineF(self._x(limit), bars.top(), self._x(limit), bars.bottom()))
        x = self._x(self._median)
        painter.fillRect(QRectF(x - 1, bars.top() - UNIT, 2, bars.height() + UNIT), colour(look.recon_line))
        if self._truth is not None:
            x = self._x(self._truth)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(colour(look.truth))
            painter.setPen(Qt.PenStyle.NoPen)
            tip = bars.top() + UNIT
            painter.drawPolygon(QPolygonF([QPointF(x - 4, tip - 8), QPointF(x + 4, tip - 8), QPointF(x, tip)]))
            painter.setPen(hairline(look.truth))
            painter.drawLine(QLineF(x, tip, x, bars.bottom()))


class InspectorPanel(QWidget):
    """“At the cursor”: a value of what was recorded, a distribution of what was reconstructed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = LIGHT
        self._contact = ""
        self._moment: float | None = None
        self._reading: Reading | None = None
        self._distribution: Distribution | None = None
        self.setAccessibleName("At the cursor")
        self._time, self._elapsed = self._label("time"), self._label("elapsed")
        self._channel, self._value = self._label("channel"), self._label("value")
        self._ruler = self._label("ruler")
        self._title, self._words = self._label("title"), self._label("words")
        self._summary, self._limits = self._label("summary"), self._label("limits")
        self._measure, self._why = self._label("measure"), self._label("why")
        for label in (self._measure, self._why, self._limits, self._channel, self._ruler):
            label.setWordWrap(True)
        self.histogram = Histogram(self)

        recorded = QVBoxLayout()
        recorded.setContentsMargins(3 * UNIT, 2 * UNIT, 3 * UNIT, 3 * UNIT)
        recorded.setSpacing(0)
        for widget in (self._time, self._elapsed):
            recorded.addWidget(widget)
        recorded.addSpacing(3 * UNIT)
        for widget in (self._channel, self._value, self._ruler):
            recorded.addWidget(widget)

        self._box = QFrame(self)
        self._box.setObjectName("reconstructed")
        inner = QVBoxLayout(self._box)
        inner.setContentsMargins(3 * UNIT, 2 * UNIT, 3 * UNIT, 3 * UNIT)
        inner.setSpacing(0)
        inner.addWidget(self._title)
        inner.addWidget(self._words)
        inner.addSpacing(2 * UNIT)
        inner.addWidget(self._why)
        inner.addWidget(self.histogram)
        inner.addSpacing(2 * UNIT)
        inner.addWidget(self._summary)
        inner.addWidget(self._limits)
        inner.addSpacing(2 * UNIT)
        inner.addWidget(self._measure)

        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(recorded)
        outer.addWidget(self._box)
        outer.addStretch(1)
        self.set_time(None, None)
        self.set_scalp("", None)
        self.set_ruler("")
        self.set_filtered(False)
        self.set_contact("", "Choose a contact to see its distribution")
        self.set_measure("")
        self.set_theme(LIGHT)

    def _label(self, name: str) -> QLabel:
        label = QLabel(self)
        label.setObjectName(name)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        label.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return label

    # What is shown ----------------------------------------------------------------------------------------------------

    @property
    def shown(self) -> AtCursor | None:
        """The values that are written here; None where the cursor is nowhere."""
        if self._moment is None:
            return None
        return AtCursor(self._moment, self._reading, self._distribution)

    def set_time(self, elapsed: float | None, start: datetime | None) -> None:
        """The moment under the cursor, in seconds from the recording's start; None where the cursor is nowhere."""
        self._moment = elapsed
        if elapsed is None:
            self._time.setText("–")
            self._elapsed.setText(_NOTHING)
            return
        into = clock(elapsed, None, decimals=3)
        self._time.setText(clock(elapsed, start, decimals=3))
        which = f"day {day(elapsed, start)} · " if start is not None else ""
        self._elapsed.setText(f"{which}{into} into the recording" if start is not None else "into the recording")

    def set_scalp(
        self, label: str, value: float | tuple[float, float] | None, note: str = "", *, unit: str = "",
        interpolated: bool = False,
    ) -> None:  # fmt: skip
        """The selected recorded channel or derivation, its value (NaN in a gap), and a note on how shown.

        In volts where there is no other ``unit``; two values where it is known only between which it is.
        """
        said = f"{label} (interpolated)" if interpolated else label
        self._channel.setText(f"{said} · {note}" if note and label else said)
        low, high = value if isinstance(value, tuple) else (value, value)
        known = None if low is None or high is None else (low, high)
        self._reading = Reading(label, *known, note, unit, interpolated) if known is not None else None
        self._value.setText(value_words(*known, unit) if known is not None else "")
        self._channel.setVisible(bool(label))
        self._value.setVisible(value is not None)

    def set_ruler(self, text: str) -> None:
        """What lies between the ends of the selection; empty for none."""
        self._ruler.setText(text)
        self._ruler.setVisible(bool(text))

    def set_filtered(self, filtered: bool) -> None:
        """Whether the panel of the reconstruction is filtered, which the values here never are."""
        self._words.setText(f"reconstructed, not recorded{' · unfiltered' if filtered else ''}")

    def set_contact(self, contact: str, why: str = "") -> None:
        """The selected contact without samples at the cursor, and why there are none."""
        self._contact, self._distribution = contact, None
        self._title.setText(f"{RECONSTRUCTED}{contact}" if contact else f"{RECONSTRUCTED} Reconstruction")
        self._why.setText(why)
        self._why.setVisible(bool(why))
        for widget in (self.histogram, self._summary, self._limits):
            widget.hide()

    def set_distribution(
        self,
        contact: str,
        values: NDArray[np.floating[Any]],
        coverage: float = 0.9,
        truth: float | None = None,
        calibration: Calibration = EXACT,
    ) -> None:
        """The samples' values (sample,) in volts of one contact at the cursor, and the recorded truth where known.

        Limits are those of the bands; the coverage written is the one that this number of samples gives.
        """
        finite = np.sort(np.asarray(values, float)[np.isfinite(values)])
        if finite.size == 0:
            self.set_contact(contact, "There is no sample at the cursor.")
            return
        new, self._contact = contact != self._contact or self.histogram.isHidden(), contact
        band = interval(finite.size, coverage, calibration)
        limits = float(at_position(finite, band.low)), float(at_position(finite, band.high))
        known = truth is not None and np.isfinite(truth)
        self._title.setText(f"{RECONSTRUCTED}{contact}")
        self._why.hide()
        for widget in (self.histogram, self._summary, self._limits):
            widget.show()
        micro = (limits[0] / MICROVOLT, limits[1] / MICROVOLT)
        self.histogram.set_values(
            finite / MICROVOLT, micro, truth / MICROVOLT if known and truth is not None else None, new_contact=new
        )
        bars = self.histogram
        self._distribution = Distribution(
            contact, finite, truth if known else None, calibration, bars.counts, bars.edges * MICROVOLT
        )
        self._summary.setText(f"median {microvolts(float(np.median(finite)))}")
        text = f"{_percent(band.coverage)} between {microvolt_number(limits[0])} and {microvolts(limits[1])}\n"
        text += f"{finite.size} sample{'' if finite.size == 1 else 's'}"
        if known and truth is not None:
            text += f"\nrecorded {microvolts(truth)}, {'within' if limits[0] <= truth <= limits[1] else 'outside'}"
        self._limits.setText(text)

    def set_measure(self, text: str) -> None:
        """What the model's card measured for this contact: expected r, coverage; empty for nothing."""
        self._measure.setText(text)
        self._measure.setVisible(bool(text))

    def set_theme(self, look: Theme) -> None:
        self._look = look
        self.histogram.set_theme(look)
        self._box.setStyleSheet(
            f"#reconstructed {{ background: {look.recon_paper}; border-top: 1px solid {look.recon_grid_strong};"
            f" border-bottom: 1px solid {look.recon_grid_strong}; }}"
        )
        roles = {
            self._time: (look.ink, 4.0, QFont.Weight.Normal),
            self._elapsed: (look.muted, -1.0, QFont.Weight.Normal),
            self._channel: (look.muted, -1.0, QFont.Weight.Normal),
            self._value: (look.ink, 4.0, QFont.Weight.Normal),
            self._ruler: (look.muted, -1.0, QFont.Weight.Normal),
            self._title: (look.recon_line, 1.0, QFont.Weight.DemiBold),
            self._words: (look.recon_line, -1.0, QFont.Weight.Normal),
            self._summary: (look.ink, 1.0, QFont.Weight.Normal),
            self._limits: (look.ink, -1.0, QFont.Weight.Normal),
            self._measure: (look.muted, -1.0, QFont.Weight.Normal),
            self._why: (look.muted, -1.0, QFont.Weight.Normal),
        }
        for label, (value, step, weight) in roles.items():
            font = ui_font(step)
            font.setWeight(weight)
            label.setFont(font)
            label.setStyleSheet(f"color: {value};")

    def changeEvent(self, event: QEvent) -> None:
        if event.type() is QEvent.Type.ApplicationFontChange:
            self.set_theme(self._look)
        super().changeEvent(event)


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
