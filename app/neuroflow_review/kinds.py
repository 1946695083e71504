"""How channels that are no EEG are drawn: a scale and two cut-offs a kind, which the reader may change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from neuroflow.recording import ChannelKind, Recording
from neuroflow.signal.filters import HIGH_CUTS, LOW_CUTS, SENSITIVITIES, Filters
from neuroflow_review.display import filter_words, sensitivity_words

# Volts per millimetre: 10 mm/mV for ECG is the standard of its own field. Other kinds come in every unit, and are
# fitted to the recording.
STANDARD_SENSITIVITY: Final = {ChannelKind.ECG: 100e-6, ChannelKind.EOG: 20e-6, ChannelKind.EMG: 20e-6}
_OFF: Final = Filters(None, None, None)
_STANDARD_FILTERS: Final = {
    ChannelKind.ECG: Filters(0.53, 70.0),
    ChannelKind.EOG: Filters(0.27, 35.0),
    ChannelKind.EMG: Filters(5.3, None),
    ChannelKind.RESPIRATION: Filters(0.03, 15.0),
    ChannelKind.SPO2: _OFF,
    ChannelKind.PHOTIC: _OFF,
    ChannelKind.TRIGGER: _OFF,
    ChannelKind.OTHER: _OFF,
}
OTHER_KINDS: Final = tuple(_STANDARD_FILTERS)
WITH_NOTCH: Final = frozenset((ChannelKind.ECG, ChannelKind.EOG, ChannelKind.EMG, ChannelKind.RESPIRATION))
"""Kinds that electrodes record, with the hum of the mains: of flashes and triggers a notch would make waves."""

KIND_SENSITIVITIES: Final = (*SENSITIVITIES, 500e-6, 1000e-6)
TIMES_FITTED: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
KIND_LOW_CUTS: Final = (*LOW_CUTS, 10.0, 20.0)
KIND_HIGH_CUTS: Final = (1.0, 2.0, 5.0, 10.0, *HIGH_CUTS)
"""Breath is slower, and muscle faster, than what the ladders of EEG are made for."""


@dataclass(frozen=True, slots=True)
class KindView:
    """How one kind is drawn, without the notch, which is the page's.

    ``scale`` is in volts per millimetre for the kinds of :data:`STANDARD_SENSITIVITY`; for others it multiplies the
    value per millimetre that was fitted to the recording, so that a smaller one draws them larger. Cut-offs in hertz.
    """

    kind: ChannelKind
    scale: float
    filters: Filters

    @property
    def in_volts(self) -> bool:
        """Whether the kind has a sensitivity, rather than a size relative to what was fitted."""
        return self.kind in STANDARD_SENSITIVITY

    @property
    def ladder(self) -> tuple[float, ...]:
        """What ``scale`` is chosen from."""
        return KIND_SENSITIVITIES if self.in_volts else TIMES_FITTED

    def words(self, scale: float | None = None) -> str:
        """``100 µV/mm``; ``as fitted`` or ``2 × larger`` of what is fitted to the recording."""
        scale = self.scale if scale is None else scale
        if self.in_volts:
            return sensitivity_words(scale)
        if scale == 1.0:
            return "as fitted"
        return f"{1 / scale:g} × larger" if scale < 1.0 else f"{scale:g} × smaller"


Kinds = tuple[KindView, ...]
"""One for each of :data:`OTHER_KINDS`, in their order."""

STANDARD: Final[Kinds] = tuple(
    KindView(kind, STANDARD_SENSITIVITY.get(kind, 1.0), filters) for kind, filters in _STANDARD_FILTERS.items()
)


def view_of(kinds: Kinds, kind: str | ChannelKind) -> KindView | None:
    """How a kind, or one of that name, is drawn; None for EEG and iEEG, which are drawn as the page is."""
    return next((view for view in kinds if kind in (view.kind, view.kind.value)), None)


def kinds_in(recording: Recording, kinds: Kinds) -> Kinds:
    """Those that a recording has channels of."""
    there = {channel.kind for channel in recording.channels if channel.rate > 0}
    return tuple(view for view in kinds if view.kind in there)


def changed(kinds: Kinds, view: KindView) -> Kinds:
    """With one of them drawn otherwise."""
    return tuple(view if view.kind is each.kind else each for each in kinds)


def times_standard(kinds: Kinds, kind: str) -> float:
    """By how much the value per millimetre of a kind is more than the standard's."""
    view = view_of(kinds, kind)
    return view.scale / STANDARD_SENSITIVITY.get(view.kind, 1.0) if view is not None else 1.0


def own_filters(kinds: Kinds) -> tuple[Filters, ...]:
    """Cut-offs by kind, in the order of :data:`OTHER_KINDS`: all of it that the values of a page depend on."""
    return tuple(view.filters for view in kinds)


def filters_of(own: Sequence[Filters], page: Filters) -> Mapping[ChannelKind, Filters]:
    """What each kind is filtered by: EEG as the page, others by :func:`own_filters`, and the page's notch for hum."""
    others = {
        kind: replace(filters, notch=page.notch) if kind in WITH_NOTCH else filters
        for kind, filters in zip(OTHER_KINDS, own, strict=True)
    }
    return {ChannelKind.EEG: page, ChannelKind.IEEG: page, **others}


def kind_words(view: KindView, page: Filters, rate: float | None = None, scale: str = "") -> str:
    """``ECG 100 µV/mm, 0.53–70 Hz`` under the page's filters, at a ``rate`` (Hz), in a ``scale`` that is known."""
    filters = replace(view.filters, notch=page.notch) if view.kind in WITH_NOTCH else view.filters
    said = "unfiltered" if filters == _OFF else filter_words(filters, rate).removesuffix(" · notch off")
    return f"{view.kind.value} {scale or view.words()}, {said.replace(' · ', ', ')}"
