"""Annotations of the file above the traces of a page: a tick where each begins, and its text where there is room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter

from neuroflow.recording import Annotation, Span
from neuroflow_review.theme import UNIT, Theme, colour, hairline, time_to_x, ui_font

_LONGEST: Final = 240.0


class NoteLayer:
    """Quiet, grey and above the traces: what readers marked is coloured, on the traces, and named below them."""

    def __init__(self) -> None:
        self.written = True
        """Whether the texts are shown: they may name a patient."""
        self._notes: tuple[Annotation, ...] = ()
        self._starts = self._stops = np.empty(0)

    def set_notes(self, notes: Sequence[Annotation]) -> None:
        self._notes = tuple(sorted(notes, key=lambda note: note.onset))
        self._starts = np.array([note.onset for note in self._notes])
        self._stops = np.array([note.onset + note.duration for note in self._notes])

    @property
    def height(self) -> float:
        """Pixels that the layer takes: none where the file has no annotations, few where they are not written."""
        if not self._notes:
            return 0.0
        return (float(round(QFontMetricsF(_font()).height())) if self.written else UNIT) + UNIT

    def on(self, span: Span) -> list[Annotation]:
        """Those that begin on a page or go on in it."""
        return [self._notes[k] for k in self._indices(span)]

    def _indices(self, span: Span) -> list[int]:
        begins = (self._starts >= span.start) & (self._starts < span.stop)
        goes_on = (self._starts < span.start) & (self._stops > span.start)
        return [int(k) for k in np.flatnonzero(begins | goes_on)]

    def texts(self, span: Span, width: float, right: float) -> list[tuple[str, QRectF]]:
        """What is written on a page, and where from the layer's top; of two that would overlap, the first."""
        return [(words, box) for _, words, box in self._written(span, width, right)]

    def _written(self, span: Span, width: float, right: float) -> list[tuple[Annotation, str, QRectF]]:
        metrics, taken, out = QFontMetricsF(_font()), -1e9, []
        for note in self.on(span) if self.written else ():
            x = time_to_x(max(note.onset, span.start), span, width) + UNIT
            if x < taken or not note.text:
                continue
            name = f"{note.text} · {note.channel}" if note.channel else note.text
            room = min(_LONGEST, right - x)
            words = metrics.elidedText(" ".join(name.split()), Qt.TextElideMode.ElideRight, room)
            if words in ("", "…"):
                continue
            box = QRectF(x, 0.0, metrics.horizontalAdvance(words) + 1, metrics.height())
            out.append((note, words, box))
            taken = box.right() + 2 * UNIT
        return out

    def draw(self, painter: QPainter, span: Span, width: float, plot: QRectF, look: Theme) -> None:
        """Into the strip of the layer's height above the traces."""
        indices = self._indices(span)
        if not indices:
            return
        per_second = plot.width() / max(span.duration, 1e-9)
        top, bottom = plot.top() - self.height, plot.top()
        starts, stops = self._starts[indices], self._stops[indices]
        # Thousands may stand on one page: no more lines than there are pixels.
        begun = starts[starts >= span.start]
        columns = np.unique(np.round(plot.left() + (begun - span.start) * per_second)) + 0.5
        painter.setPen(hairline(look.other))
        painter.drawLines([QLineF(x, bottom - UNIT, x, bottom - 1) for x in columns.tolist()])
        lasting = np.clip(np.stack([starts, stops])[:, stops > starts], span.start, span.stop) - span.start
        first, last = np.round(plot.left() + lasting * per_second).astype(int)
        steps = np.zeros(round(plot.right()) + 2, dtype=int)
        np.add.at(steps, first, 1)
        np.add.at(steps, last, -1)
        runs = np.flatnonzero(np.diff(np.cumsum(steps) > 0, prepend=False, append=False)).reshape(-1, 2)
        y = bottom - 0.5
        painter.drawLines([QLineF(left, y, right, y) for left, right in runs.tolist()])
        written = self._written(span, width, plot.right())
        # What goes on from an earlier page does not begin at the edge of this one.
        heads = [round(box.left() - UNIT) + 0.5 for note, _, box in written if note.onset >= span.start]
        painter.drawLines([QLineF(x, top + UNIT / 2, x, bottom - 1) for x in heads])
        painter.setFont(_font())
        painter.setPen(colour(look.muted))
        for _, words, box in written:
            painter.drawText(box.translated(0, top), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)


def _font() -> QFont:
    return ui_font(-1.5)
