"""Scale and filters of channels that are no EEG, a row a kind; what is chosen is drawn at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QWidget

from neuroflow.recording import ChannelKind
from neuroflow_review.dialogs.parts import Sheet, button, buttons, column, counted, said
from neuroflow_review.display import time_constant_words
from neuroflow_review.kinds import (
    KIND_HIGH_CUTS,
    KIND_LOW_CUTS,
    STANDARD,
    WITH_NOTCH,
    Kinds,
    KindView,
    changed,
    view_of,
)
from neuroflow_review.theme import UNIT

_HEADINGS: Final = ("Kind", "In this recording", "Scale", "Low cut", "High cut", "Notch")
_FITTED: Final = "Fitted to the whole recording; the margin of the page says how much a millimetre is"


class KindsDialog(Sheet):
    """``kinds`` as they are; ``there`` counts the channels of each in the recording; ``chosen`` has the keyboard."""

    changed = Signal(object)
    """The :data:`Kinds` that the reader wants now."""

    def __init__(
        self, kinds: Kinds, there: Mapping[ChannelKind, int], chosen: ChannelKind | None = None,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.setWindowTitle("Other channels")
        self.kinds = kinds
        self.boxes: dict[tuple[ChannelKind, str], QComboBox] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(4 * UNIT)
        grid.setVerticalSpacing(2 * UNIT)
        for place, heading in enumerate(_HEADINGS):
            grid.addWidget(_line(heading, "muted"), 0, place)
        for line, view in enumerate(kinds, 1):
            kind, count = view.kind, there.get(view.kind, 0)
            grid.addWidget(_line(kind.value[0].upper() + kind.value[1:], "" if count else "muted"), line, 0)
            grid.addWidget(_line(counted(count, "channel") if count else "–", "muted"), line, 1)
            for place, field in enumerate(("scale", "low_cut", "high_cut"), 2):
                box = self.boxes[kind, field] = _box(view, field)
                box.currentIndexChanged.connect(partial(self._on_choice, kind, field))
                grid.addWidget(box, line, place)
            grid.addWidget(_line("as of EEG" if kind in WITH_NOTCH else "never", "muted"), line, 5)
        self.shipped = button("As &shipped", "Scale and filters of every kind as the program comes")
        self.shipped.clicked.connect(self._as_shipped)
        close = button("Close", "Keep what is chosen (Esc)", default=True)
        close.clicked.connect(self.accept)
        layout = column(self)
        layout.addWidget(said("Channels that are no EEG keep these, whatever is set for EEG."))
        layout.addLayout(grid)
        layout.addLayout(buttons(self.shipped, close))
        self.boxes[chosen or next((k for k in there if (k, "scale") in self.boxes), kinds[0].kind), "scale"].setFocus()

    def _on_choice(self, kind: ChannelKind, field: str, _index: int) -> None:
        view, value = view_of(self.kinds, kind), self.boxes[kind, field].currentData()
        assert view is not None
        after = (
            replace(view, scale=value)
            if field == "scale"
            else replace(view, filters=replace(view.filters, **{field: value}))
        )
        self._take(changed(self.kinds, after))

    def _as_shipped(self) -> None:
        for view in STANDARD:
            for field in ("scale", "low_cut", "high_cut"):
                box = self.boxes[view.kind, field]
                box.blockSignals(True)
                _choose(box, _value(view, field), partial(_words, view, field))
                box.blockSignals(False)
        self._take(STANDARD)

    def _take(self, kinds: Kinds) -> None:
        if kinds != self.kinds:
            self.kinds = kinds
            self.changed.emit(kinds)


def _line(text: str, role: str = "") -> QWidget:
    label = said(text, role)
    label.setWordWrap(False)
    return label


def _value(view: KindView, field: str) -> float | None:
    return view.scale if field == "scale" else getattr(view.filters, field)


def _words(view: KindView, field: str, value: float | None) -> str:
    if value is None:
        return "off"
    if field == "scale":
        return view.words(value)
    return f"{value:g} Hz · {time_constant_words(value)}" if field == "low_cut" else f"{value:g} Hz"


def _box(view: KindView, field: str) -> QComboBox:
    """The ladder of one thing that is chosen for a kind, with what it is now, also where that is between rungs."""
    box = QComboBox()
    ladders: dict[str, Sequence[float | None]] = {
        "scale": view.ladder, "low_cut": (None, *KIND_LOW_CUTS), "high_cut": (*KIND_HIGH_CUTS, None),
    }  # fmt: skip
    words = partial(_words, view, field)
    for value in ladders[field]:
        box.addItem(words(value), value)
    _choose(box, _value(view, field), words)
    name = {"scale": "Scale", "low_cut": "Low cut", "high_cut": "High cut"}[field]
    box.setAccessibleName(f"{name} of {view.kind.value}")
    tips = {
        "scale": "What a millimetre of the page is worth (Alt+Shift+↑ ↓ of the chosen channel)",
        "low_cut": "Slower than this is taken away",
        "high_cut": "Faster than this is taken away",
    }
    box.setToolTip(_FITTED if field == "scale" and not view.in_volts else tips[field])
    return box


def _choose(box: QComboBox, value: Any, words: Callable[[Any], str]) -> None:
    """Choose a value; one that is on no rung of the ladder goes first."""
    at = next((k for k in range(box.count()) if _alike(box.itemData(k), value)), -1)
    if at < 0:
        box.insertItem(0, words(value), value)
        at = 0
    box.setCurrentIndex(at)


def _alike(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= 1e-9 * abs(one)
