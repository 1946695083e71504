"""A line of words that gives way by what matters least where there is no room for all of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QStatusBar

from neuroflow_review.session.reconstruction import Segment

BETWEEN: Final = " · "


@dataclass(frozen=True, slots=True)
class Part:
    """Words; where there is no room those of the lowest ``rank`` go first, and ``brief`` comes in their place.

    Without a ``brief`` they stay; with an empty one they are left out. What ``goes`` is left out where even the
    briefest line has no room. A click on the words asks for more of what they ``tell`` of.
    """

    words: str
    rank: int = 0
    brief: str | None = None
    tell: str = ""
    goes: bool = False


def fitted(parts: Sequence[Part], fits: Callable[[str], bool]) -> str:
    """The most of the parts that ``fits``, in their order; the least that there is where nothing does."""
    shown = [part.words for part in parts]
    in_turn = sorted(enumerate(parts), key=lambda each: each[1].rank)
    briefer = [(k, part.brief) for k, part in in_turn if part.brief is not None]
    gone = [(k, "") for k, part in in_turn if part.goes]
    for k, words in (*briefer, *gone):
        if not fits(_joined(shown)):
            shown[k] = words
    return _joined(shown)


def _joined(words: Sequence[str]) -> str:
    return BETWEEN.join(w for w in words if w)


def speed_part(speed: str, calibrated: bool) -> Part:
    """A paper speed, and that the screen that it is of was not measured."""
    words = f"{speed} (not calibrated)"
    return Part(speed, 3, goes=True) if calibrated else Part(words, 3, f"about {speed}", goes=True)


def distribution_words(segments: Sequence[Segment]) -> str:
    """How much of a page the model does not know, or that it knows all of it; nothing where none is reconstructed."""
    known, held = (sum(s.span.duration for s in segments if s.what == what) for what in ("done", "withheld"))
    if held >= 0.05 and known >= 0.05:
        return f"{held:.1f} s out of distribution ○"
    if held:
        return "out of distribution ○"
    return "in distribution ●" if known else ""


class CoveredLabel(QLabel):
    """A label of the status bar that a notice covers: Qt hides it, and shows it again where the type grows."""

    @property
    def covered(self) -> bool:
        bar = self.parent()
        return isinstance(bar, QStatusBar) and bool(bar.currentMessage())

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.covered:
            super().paintEvent(event)


class StatusLine(CoveredLabel):
    """The parts that there is room for; it never makes a window wider, and ends in dots where nothing else helps.

    :meth:`text` and the tooltip hold all of it. ``asked`` says that a part was clicked that can tell more, and of what.
    """

    asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._parts: tuple[Part, ...] = ()
        self.setMouseTracking(True)

    def set_parts(self, parts: Sequence[Part]) -> None:
        self._parts = tuple(parts)
        self.setText(_joined([part.words for part in parts]))

    @property
    def parts(self) -> tuple[Part, ...]:
        """All that it may say."""
        return self._parts

    @property
    def shown(self) -> str:
        """What is drawn of it."""
        text = fitted(self._parts, self._fits)
        if self._fits(text):
            return text
        return self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, self.width())

    def place_of(self, tell: str) -> QRect:
        """Where the words stand that tell of something; nowhere where they are not shown."""
        shown, metrics = self.shown, self.fontMetrics()
        for part in self._parts:
            words = next((w for w in (part.words, part.brief or "") if w and w in shown), "")
            if part.tell == tell and words:
                left = metrics.horizontalAdvance(shown[: shown.index(words)])
                return QRect(left, 0, metrics.horizontalAdvance(words), self.height())
        return QRect()

    def _at(self, place: QPoint) -> str:
        tells = (part.tell for part in self._parts if part.tell)
        return next((tell for tell in tells if self.place_of(tell).contains(place)), "")

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        there = self._at(event.position().toPoint())
        self.setCursor(Qt.CursorShape.PointingHandCursor if there else Qt.CursorShape.ArrowCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        tell = self._at(event.position().toPoint())
        if tell and event.button() == Qt.MouseButton.LeftButton:
            self.asked.emit(tell)
        else:
            super().mousePressEvent(event)

    def _fits(self, words: str) -> bool:
        return self.fontMetrics().horizontalAdvance(words) <= self.width()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self.covered:
            return
        with QPainter(self) as painter:
            align = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            painter.drawText(self.rect(), align, self.shown)
