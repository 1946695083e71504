"""What the reader is looking at: one frozen value in one store, which says what changed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from neuroflow.recording import Span
from neuroflow.signal.filters import Filters

OFF = Filters(None, None, None)


@dataclass(frozen=True, slots=True)
class ViewState:
    """Times in seconds, sensitivities in volts per millimetre, frequencies in hertz.

    ``channel`` is the label of the selected trace, ``reconstructed`` says whether it is one of the model's contacts;
    ``sample`` the single sample that is drawn, None for bands only; ``shafts`` those that are shown. ``bad`` holds the
    names of channels that the reader set aside.
    """

    start: float = 0.0
    seconds: float = 10.0
    montage: str = "longitudinal"
    sensitivity: float = 7e-6
    filters: Filters = field(default_factory=Filters)
    filters_on: bool = True
    bad: frozenset[str] = frozenset()
    selection: Span | None = None
    channel: str = ""
    reconstructed: bool = False
    depth_sensitivity: float = 50e-6
    depth_filters: Filters = OFF
    shafts: tuple[str, ...] = ()
    samples: int = 39
    seed: int = 0
    sample: int | None = None
    device: str = "auto"
    spikes_shown: bool = True
    spike_sensitivity: float = 3.65
    private: bool = False
    withheld_shown: bool = False
    """Whether the reader looks at what is outside the model's knowledge all the same."""

    @property
    def span(self) -> Span:
        """The page."""
        return Span(self.start, self.start + self.seconds)

    @property
    def applied(self) -> Filters:
        """The filters of scalp EEG that are on."""
        return self.filters if self.filters_on else OFF


class Store(QObject):
    """Holds the one :class:`ViewState`; ``changed`` carries the old value and the new, and only when they differ."""

    changed = Signal(object, object)

    def __init__(self, state: ViewState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._untold: list[tuple[ViewState, ViewState]] = []

    @property
    def state(self) -> ViewState:
        return self._state

    def update(self, **changes: Any) -> None:
        """Replace fields of the state by name. Raises: TypeError for a name that it lacks."""
        old, new = self._state, replace(self._state, **changes)
        if new == old:
            return
        self._state = new
        self._untold.append((old, new))
        if len(self._untold) > 1:
            return  # a listener changes the state while it is told of a change: everyone hears of both, in order
        try:
            while self._untold:
                self.changed.emit(*self._untold[0])
                self._untold.pop(0)
        finally:
            self._untold.clear()
