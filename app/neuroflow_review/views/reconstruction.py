"""The page of reconstructed depth EEG: bands, median and samples, and what is known of every stretch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import QWidget

from neuroflow.anatomy.implant import Contact
from neuroflow.recording import Span
from neuroflow_review.display import filtered_words, seconds_left_words, sensitivity_words
from neuroflow_review.marklayer import Ground
from neuroflow_review.paper import (
    Place,
    draw_clock,
    draw_grid,
    draw_labels,
    draw_reconstructed_spike,
    draw_scale,
    on_paper,
    picture_ratio,
    polylines,
)
from neuroflow_review.ribbon import Ribbon, columns_of, outline_ribbons, paint_ribbons
from neuroflow_review.session.analysis import Spike
from neuroflow_review.session.depth import DepthPage, Truth
from neuroflow_review.session.reconstruction import Segment
from neuroflow_review.sheet import Sheet
from neuroflow_review.theme import RECONSTRUCTED, UNIT, colour, gutter, hairline, hatch, time_to_x, ui_font

UNDETERMINED = 0.97
"""A contact whose posterior is this wide against the spread without any scalp EEG is drawn pale."""

_APART = 6.0
_CENTRED = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
_UNBROKEN = "\N{NO-BREAK SPACE}"


class ReconstructionView(Sheet):
    """Contacts of the shafts that are shown. Nothing here can be taken for a recording: hue, ground and ``≈``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._contacts: tuple[Contact, ...] = ()
        self._indices: tuple[int, ...] = ()
        self._pale: frozenset[str] = frozenset()
        self._depth: DepthPage | None = None
        self._truth: Truth | None = None
        self._truth_name = ""
        self._segments: tuple[Segment, ...] = ()
        self._spikes: tuple[Spike, ...] = ()
        self._sensitivity = 50e-6
        self._samples = 39
        self._sample: int | None = None
        self._channel = ""
        self._reason = ""
        self._stale = self._clock = False
        self._start: datetime | None = None
        self._withheld_shown = False
        self.setAccessibleName("Reconstructed depth EEG")

    # What is shown ----------------------------------------------------------------------------------------------------

    def set_contacts(self, contacts: Sequence[Contact], indices: Sequence[int], ratios: Mapping[str, float]) -> None:
        """Contacts of the model, which of them are shown, and the spread ratios that its card gives by name."""
        self._contacts = tuple(contacts)
        self._indices = tuple(indices)
        self._pale = frozenset(name for name, ratio in ratios.items() if ratio >= UNDETERMINED)
        shown = [self._contacts[i] for i in self._indices]
        shafts = list(dict.fromkeys(c.shaft for c in shown))
        self._labels = tuple(f"{RECONSTRUCTED}{c.name}" for c in shown)
        self._groups = tuple(shafts.index(c.shaft) for c in shown)
        self.redraw()

    def set_start(self, start: datetime | None) -> None:
        """When the recording began, where that is known."""
        self._start = start
        self.redraw()

    def set_clock(self, shown: bool) -> None:
        """Whether clock times stand along the lower edge: they must where no page with its own stands above."""
        if shown != self._clock:
            self._clock = shown
            self.redraw()

    def set_depth(self, depth: DepthPage | None) -> None:
        """Bands of a page, or None where nothing of it is reconstructed."""
        self._depth = depth
        self.redraw()

    def set_truth(self, truth: Truth | None, name: str = "") -> None:
        """Recorded iEEG to lay over the bands, and the name of its file, empty where that is hidden."""
        self._truth, self._truth_name = truth, name
        self.redraw()

    def set_segments(self, segments: Sequence[Segment], *, stale: bool) -> None:
        """What is known of each part of the page."""
        if stale != self._stale:
            self._stale = stale
            self.redraw()
        joined = _joined(segments)
        if joined != self._segments:
            before, self._segments = self._notes(), joined
            if self._notes() != before:
                self.redraw()
            self.update()

    def set_withheld_shown(self, shown: bool) -> None:
        """Whether the reader looks at what is withheld all the same."""
        if shown != self._withheld_shown:
            self._withheld_shown = shown
            self.redraw()

    def set_reason(self, reason: str) -> None:
        """Why nothing can be reconstructed here, or empty."""
        if reason != self._reason:
            self._reason = reason
            self.redraw()

    def set_spikes(self, spikes: Sequence[Spike]) -> None:
        """Proposed spikes by contact, with the share of samples that hold each."""
        if tuple(spikes) != self._spikes:
            self._spikes = tuple(spikes)
            self.redraw()

    def set_sensitivity(self, sensitivity: float) -> None:
        """Volts per millimetre."""
        if sensitivity != self._sensitivity:
            self._sensitivity = sensitivity
            self.redraw()

    def set_samples(self, samples: int, sample: int | None) -> None:
        """How many samples there are, and which is drawn alone."""
        if (samples, sample) != (self._samples, self._sample):
            self._samples, self._sample = samples, sample
            self.redraw()

    def set_channel(self, name: str) -> None:
        """The selected contact, without ``≈``, or none."""
        if name != self._channel:
            self._channel = name
            self.redraw()

    @property
    def folded_height(self) -> int | None:
        """The height, in pixels, that the words need where they are all there is; None where there is more."""
        if not self._reason:
            return None
        return round(self.header_height() + self._reason_bounds(self.plot()).height()) + 4 * UNIT

    @property
    def drawn(self) -> bool:
        """Whether the bands of this page, or the reason why there are none, are on screen."""
        here = self._depth is not None and self._depth.request.span == self._span
        return self.fresh and (here or bool(self._reason))

    def plot(self) -> QRectF:
        plot = super().plot()
        return plot.adjusted(0, 0, 0, -min(self.header_height(), plot.height() / 2)) if self._clock else plot

    # Drawing ----------------------------------------------------------------------------------------------------------

    def draw(self, painter: QPainter) -> None:
        look, plot = self._look, self.plot()
        painter.fillRect(self.rect(), colour(look.recon_paper))
        draw_grid(painter, plot, self._span, self.width(), look.recon_grid, look.recon_grid_strong)
        places, height = self.places()
        ground, (value, paper) = self.ground(), self.mark_colours()
        if not self._reason:
            if self._depth is not None and self._depth.request.span == self._span:
                self._draw_bands(painter, places, self._depth)
            self._layer.draw(painter, ground, value)  # over the bands, which hide what lies under them
            self._draw_spikes(painter, places, height)
            self._layer.draw_names(painter, ground, value, paper)
        places = () if self._reason else places
        labels = [look.muted if c.name in self._pale else look.recon_line for c in self._shown()]
        selected = self._labels.index(RECONSTRUCTED + self._channel) if self._is_selected() else -1
        self.labels_shown = draw_labels(painter, places, labels, look, selected=selected)
        words = sensitivity_words(self._sensitivity)
        if places:
            draw_scale(painter, plot, self._span, self.pixels_per_volt(self._sensitivity), look.recon_line, words)
        self._draw_header(painter)
        if self._clock:
            foot = QRectF(0, plot.bottom(), self.width(), self.height() - plot.bottom())
            painter.fillRect(foot, colour(look.recon_paper))
            draw_clock(painter, foot, self._span, self.width(), self._start, look)
        if self._reason:
            self._draw_reason(painter, plot)

    def draw_moving(self, painter: QPainter) -> None:
        # Progress comes many times a second: the bands are not drawn again for it.
        if not self._reason:
            self._draw_segments(painter, self.plot())
        super().draw_moving(painter)

    def ground(self) -> Ground:
        """Where marks stand: nowhere under the reason why nothing can be reconstructed."""
        found = super().ground()
        return replace(found, plot=QRectF()) if self._reason else found

    def mark_colours(self) -> tuple[str, str]:
        """What is marked on a reconstruction is in its hue, as all that belongs to it."""
        return self._look.recon_line, self._look.recon_paper

    def _shown(self) -> list[Contact]:
        return [self._contacts[i] for i in self._indices]

    def _is_selected(self) -> bool:
        return RECONSTRUCTED + self._channel in self._labels

    def _draw_header(self, painter: QPainter) -> None:
        """What this panel shows, in words, always."""
        look, high = self._look, self.header_height()
        painter.fillRect(QRectF(0, 0, self.width(), high), colour(look.recon_paper))
        painter.setPen(hairline(look.recon_grid_strong))
        painter.drawLine(0, 0, self.width(), 0)
        painter.setFont(ui_font(-0.5, bold=True))
        painter.setPen(colour(look.recon_line))
        words, notes = f"{RECONSTRUCTED} reconstructed, not recorded", self._notes()
        if self._depth is not None and (filtered := filtered_words(self._depth.request.filters, self._depth.rate)):
            words += f" · {filtered}"
        row = QRectF(gutter(), 1, self.width() - gutter() - 2 * UNIT, high - 1)
        align = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(row, align, words)
        row.setLeft(row.left() + QFontMetricsF(painter.font()).horizontalAdvance(words) + 4 * UNIT)
        painter.setFont(ui_font(-0.5))
        metrics = QFontMetricsF(painter.font())
        # What a reader must do goes before what the bands are.
        room = row.width() - (metrics.horizontalAdvance(notes) + 4 * UNIT if notes else 0)
        legend = self._legend()
        while legend and metrics.horizontalAdvance(" · ".join(legend)) > room:
            legend = legend[1:]  # a line amid bands is known for a median
        painter.drawText(row, align, " · ".join(legend))
        if notes:
            painter.setPen(colour(look.warning))
            notes = metrics.elidedText(notes, Qt.TextElideMode.ElideRight, row.width())
            painter.drawText(row, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), notes)

    def _legend(self) -> list[str]:
        """What is drawn, what a reader knows best first."""
        if self._reason:
            return []
        if self._depth is None:
            bands, count = "50 % · 90 %", self._samples
        else:
            shares = self._depth.bands.coverage50, self._depth.bands.coverage90
            bands, count = " · ".join(f"{share * 100:.0f} %" for share in shares), self._depth.bands.samples
        parts = ["median", bands, f"{count} sample{'' if count == 1 else 's'}"]
        if self._sample is not None:
            parts.append(f"line: sample {self._sample + 1} of {self._samples}")
        if self._truth is not None:
            of = f" of {self._truth_name}" if self._truth_name else ""
            parts.append(f"recorded iEEG{of} laid over")
        return parts

    def _notes(self) -> str:
        notes = ["stale: channels have changed since – press R"] if self._stale else []
        held = tuple(dict.fromkeys(s.text for s in self._segments if s.what == "withheld"))
        if held and self._withheld_shown:
            more = f" and {len(held) - 1} more" if held[1:] else ""
            notes.append(f"withheld, shown because you asked: {held[0]}{more}")
        return " · ".join(notes)

    def _draw_bands(self, painter: QPainter, places: Sequence[Place], depth: DepthPage) -> None:
        if len(depth.request.contacts) != len(places) or depth.request.contacts != self._indices:
            return
        look, plot = self._look, self.plot()
        per_second = plot.width() / max(self._span.duration, 1e-9)
        per_volt = self.pixels_per_volt(self._sensitivity)
        x0, dx = time_to_x(depth.start, self._span, self.width()), per_second / depth.rate
        made = depth.bands
        painter.save()
        painter.setClipRect(QRectF(plot.left(), self.header_height(), plot.width(), plot.height()))
        self._draw_ribbons(painter, places, depth, x0 - plot.left(), dx)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        contacts = self._shown()
        for k, place in enumerate(places):
            # A sample is as much a reconstruction as the median: the same hue, and the median steps back for it.
            pale = contacts[k].name in self._pale or depth.sample is not None
            painter.setPen(hairline(look.recon_pale if pale else look.recon_line))
            self._draw_line(painter, x0, dx, place.y + made.median[k] * per_volt)
            if depth.sample is not None:
                painter.setPen(hairline(look.recon_line))
                self._draw_line(painter, x0, dx, place.y + depth.sample[k] * per_volt)
        self._draw_truth(painter, places, per_second, per_volt)
        painter.restore()

    def _draw_ribbons(self, painter: QPainter, places: Sequence[Place], depth: DepthPage, x0: float, dx: float) -> None:
        """All outer bands under all inner ones, as one picture of device pixels."""
        look, plot, ratio = self._look, self.plot(), picture_ratio(self)
        per_volt = self.pixels_per_volt(self._sensitivity)
        columns, rows = round(plot.width() * ratio), round(plot.height() * ratio)
        made = depth.bands
        ribbons = []
        for low, high, fill, pale in (
            (made.low90, made.high90, look.band90, look.band90_pale),
            (made.low50, made.high50, look.band50, look.band50_pale),
        ):
            for k, (place, contact) in enumerate(zip(places, self._shown(), strict=True)):
                # Negative up: the high voltage is the lower edge on screen.
                edges = columns_of(low[k], high[k], x0 * ratio, dx * ratio, columns)
                top, bottom = ((place.y - plot.top() + edge * per_volt) * ratio for edge in edges)
                ribbons.append(Ribbon(top, bottom, pale if contact.name in self._pale else fill))
        if on_paper(self):
            painter.save()
            painter.translate(plot.topLeft())
            outline_ribbons(painter, ribbons, ratio)
            painter.restore()
            return
        image = paint_ribbons(ribbons, columns, rows)
        image.setDevicePixelRatio(ratio)
        painter.drawImage(plot.topLeft(), image)

    def _draw_truth(self, painter: QPainter, places: Sequence[Place], per_second: float, per_volt: float) -> None:
        truth = self._truth
        if truth is None or truth.span != self._span:
            return
        painter.setPen(hairline(self._look.truth, 0.6))
        x0 = time_to_x(truth.start, self._span, self.width())
        for contact, place in zip(self._shown(), places, strict=True):
            if contact.name in truth.y:
                self._draw_line(painter, x0, per_second / truth.rate, place.y + truth.y[contact.name] * per_volt)

    @staticmethod
    def _draw_line(painter: QPainter, x0: float, dx: float, y: np.ndarray) -> None:
        for line in polylines(x0, dx, np.clip(y, -1e4, 1e5)):
            painter.drawPolyline(line)

    def _draw_segments(self, painter: QPainter, plot: QRectF) -> None:
        for segment in self._segments:
            if segment.what == "done" or segment.span.duration <= 0:
                continue
            left, right = (time_to_x(t, self._span, self.width()) for t in (segment.span.start, segment.span.stop))
            box = QRectF(left, plot.top(), right - left, plot.height())
            if segment.what == "withheld" and self._withheld_shown:
                hatch(painter, box, self._look)
            elif segment.what == "withheld":
                painter.fillRect(box, colour(self._look.recon_paper))
                hatch(painter, box, self._look)
                self._say(painter, box, "withheld", f"outside what the model knows: {segment.text}")
            elif segment.what == "failed":
                self._say(painter, box, "not reconstructed", segment.text, warning=True)
            elif segment.what in ("computing", "waiting"):
                self._draw_progress(painter, box, segment)
            else:
                self._say(painter, box, "not yet reconstructed", "press R")

    def _draw_progress(self, painter: QPainter, box: QRectF, segment: Segment) -> None:
        look = self._look
        left = f"{seconds_left_words(segment.seconds_left)} left".replace(" ", _UNBROKEN)
        said = [f"{segment.fraction * 100:.0f} %"] if segment.what == "computing" else []
        said += [left] if segment.seconds_left is not None else []
        what = "computing" if segment.what == "computing" else "waiting its turn"
        words = self._say(painter, box, what, " · ".join(said))
        wide = min(160.0, box.width() - 4 * UNIT)
        if wide > 40 and words.bottom() + 3 * UNIT < box.bottom():
            bar = QRectF(round(box.center().x() - wide / 2), round(words.bottom() + 2 * UNIT), round(wide), 4)
            painter.fillRect(bar, colour(look.band90))
            painter.fillRect(QRectF(bar.left(), bar.top(), bar.width() * segment.fraction, 4), colour(look.recon_line))

    def _say(self, painter: QPainter, box: QRectF, what: str, why: str, *, warning: bool = False) -> QRectF:
        """Two centred lines on a clear ground: the state, and what to do or why; returns where they stand."""
        look = self._look
        painter.setFont(ui_font())
        metrics = QFontMetricsF(painter.font())
        inside = box.adjusted(2 * UNIT, 0, -2 * UNIT, 0)
        if inside.width() < metrics.horizontalAdvance("not yet") or not self._labels:
            return QRectF(box.center(), box.center())
        # A short stretch has no room for the reason, which the cursor tells; nor may it cover what is beside it.
        for text in (f"{what}\n{why}" if why else what, what):
            bounds = metrics.boundingRect(inside, _CENTRED, text)
            if inside.contains(bounds):
                break
        else:
            return QRectF(box.center(), box.center())
        painter.fillRect(bounds.adjusted(-2 * UNIT, -UNIT, 2 * UNIT, UNIT), colour(look.recon_paper))
        painter.setPen(colour(look.warning if warning else look.recon_line))
        painter.drawText(inside, _CENTRED, text)
        return bounds

    def _draw_spikes(self, painter: QPainter, places: Sequence[Place], height: float) -> None:
        by_label = {place.label: place for place in places}
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(ui_font(-2.0))
        metrics, right = QFontMetricsF(painter.font()), self.plot().right()
        edge: dict[str, float] = {}
        # From the right: a share is written only where the mark after it leaves it room.
        for spike in sorted(self._spikes, key=lambda s: -s.time):
            place = by_label.get(RECONSTRUCTED + spike.label)
            if place is None or not self._span.start <= spike.time < self._span.stop:
                continue
            x = time_to_x(spike.time, self._span, self.width())
            y = place.y - min(height * 0.35, 8.0)
            draw_reconstructed_spike(painter, x, y, self._look, spike.decision)
            # A decision is on all of them.
            text = share_words(spike, interval=spike.label == self._channel) if spike.samples else ""
            wide = metrics.horizontalAdvance(text)
            if height >= metrics.height() * 0.8 and x + _APART + wide + UNIT <= edge.get(spike.label, right):
                painter.setPen(colour(self._look.ink))
                painter.drawText(
                    QRectF(x + _APART, y - 8, wide + 1, metrics.height()), Qt.AlignmentFlag.AlignLeft, text
                )
            edge[spike.label] = x - UNIT
        painter.restore()

    def _draw_reason(self, painter: QPainter, plot: QRectF) -> None:
        painter.fillRect(plot, colour(self._look.recon_paper))
        if self.height() > (self.folded_height or 0):  # not folded: side by side, or in a window of its own
            hatch(painter, plot, self._look)
        self._say_reason(painter, plot)

    def _say_reason(self, painter: QPainter, plot: QRectF) -> None:
        bounds = self._reason_bounds(plot)
        painter.fillRect(bounds.adjusted(-3 * UNIT, -2 * UNIT, 3 * UNIT, 2 * UNIT), colour(self._look.recon_paper))
        painter.setFont(ui_font())
        painter.setPen(colour(self._look.ink))
        painter.drawText(plot.adjusted(4 * UNIT, 0, -4 * UNIT, 0), _CENTRED, self._reason)

    def _reason_bounds(self, plot: QRectF) -> QRectF:
        """Where the reason stands in the plot, in as many lines as it takes."""
        inside = plot.adjusted(4 * UNIT, 0, -4 * UNIT, 0)
        return QFontMetricsF(ui_font()).boundingRect(inside, _CENTRED, self._reason)


def _joined(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Neighbours of which the same is to be said, as one: what tiles are is no concern of the reader."""
    out: list[Segment] = []
    for segment in segments:
        last = out[-1] if out else segment
        alike = segment == replace(last, span=segment.span) and last.span.stop == segment.span.start
        if out and alike and segment.what in ("absent", "failed"):
            out[-1] = replace(segment, span=Span(last.span.start, segment.span.stop))
        else:
            out.append(segment)
    return tuple(out)


def share_words(spike: Spike, *, interval: bool) -> str:
    """In how many of how many samples a spike is and, for the contact that is looked at, the 95 % interval of that."""
    text = f"{spike.count}/{spike.samples}"
    return f"{text}  {100 * spike.low:.0f}–{100 * spike.high:.0f} %" if interval and spike.high else text
