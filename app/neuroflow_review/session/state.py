"""What the reader is looking at: one frozen value in one store, which says what changed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from PySide6.QtCore import QObject, Signal

from neuroflow.recording import Span
from neuroflow.review import BlindReading
from neuroflow.signal.derivation import OwnMontage
from neuroflow.signal.filters import Filters
from neuroflow_review.kinds import STANDARD, Kinds

OFF = Filters(None, None, None)
ROWS = ("montage", "own", "interleaved", "interpolate", "bad")
"""Fields that fix which rows are drawn."""
AFRESH: Final[dict[str, Any]] = {
    "selection": None, "bad": frozenset(), "interpolate": False, "channel": "", "solo": "", "reconstructed": False,
    "withheld_shown": False, "blinded": None, "all_reconstructed": False,
}  # fmt: skip
"""What another recording is opened with: it is about the one that was left."""


@dataclass(frozen=True, slots=True)
class ViewState:
    """Times in seconds, sensitivities in volts per millimetre, frequencies in hertz.

    ``channel`` is the label of the selected trace, ``reconstructed`` says whether it is one of the model's contacts;
    ``sample`` the single sample that is drawn, None for bands only; ``shafts`` those that are shown. ``bad`` holds the
    names of channels that the reader set aside. ``own`` is the reader's montage that ``montage`` names, None where that
    is one that ships; ``interleaved`` puts each left chain of the longitudinal montage above its right counterpart;
    ``interpolate`` draws channels that were set aside from those around them, and is off until the reader asks for it.
    ``kinds`` says how channels that are no EEG are drawn. ``solo`` is the label of the row that has the page to itself,
    or empty. ``paper_speed`` is in millimetres a second: ``seconds`` follows the width of the page, until the reader
    chooses seconds; None where he chose them.
    """

    start: float = 0.0
    seconds: float = 10.0
    paper_speed: float | None = None
    montage: str = "longitudinal"
    own: OwnMontage | None = None
    interleaved: bool = False
    interpolate: bool = False
    sensitivity: float = 7e-6
    solo: str = ""
    solo_sensitivity: float = 7e-6
    filters: Filters = field(default_factory=Filters)
    filters_on: bool = True
    kinds: Kinds = STANDARD
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
    blinded: BlindReading | None = None
    """The blinded reading of this recording, that goes on or was revealed."""
    all_reconstructed: bool = False
    """Whether the recording is itself a reconstruction: its page is drawn in the sensitivity of reconstructions."""

    @property
    def span(self) -> Span:
        """The page."""
        return Span(self.start, self.start + self.seconds)

    @property
    def blind(self) -> bool:
        """Whether a blinded reading goes on: nothing is reconstructed, and no machine proposes anything."""
        return self.blinded is not None and self.blinded.on

    @property
    def proposals_shown(self) -> bool:
        """Whether spikes are proposed."""
        return self.spikes_shown and not self.blind

    @property
    def shown_sensitivity(self) -> float:
        """What the page is drawn in: a row alone has a sensitivity of its own."""
        return self.solo_sensitivity if self.solo else self.page_sensitivity

    @property
    def page_sensitivity(self) -> float:
        """What the page is drawn in while it shows every row."""
        return self.depth_sensitivity if self.all_reconstructed else self.sensitivity

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
