"""From the session to the map of the head and the butterfly: voltages at the cursor, or power in a band."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import QObject

from neuroflow.signal.spectrum import BANDS
from neuroflow_review.display import filter_words
from neuroflow_review.headmap import HeadMap
from neuroflow_review.session import Session
from neuroflow_review.session.spectrum import stretch_of
from neuroflow_review.session.topography import BandMaps, Topography
from neuroflow_review.window.frame import Frame

_TOO_FEW = "A map needs six electrodes at known places"
_BROKEN = "This could not be computed: hide the panel and show it again to try once more"
_NO_POWER = "Power needs six electrodes at known places, and two seconds of signal without a gap"


class MapFeed(QObject):
    """Nothing is read for a panel that nobody sees."""

    def __init__(self, session: Session, frame: Frame) -> None:
        super().__init__(frame)
        self.session, self.frame = session, frame
        self._voltages: Topography | None = None
        self._powers: BandMaps | None = None
        session.topographies.ready.connect(self._on_voltages)
        session.topographies.bands_ready.connect(self._on_powers)
        self._seen = {"Map": False, "Butterfly": False}
        for name in self._seen:
            frame.docks[name].visibilityChanged.connect(partial(self._on_seen, name))

    @property
    def quantity(self) -> str:
        """What is mapped: ``voltage``, or a band."""
        return str(self.session.settings.get("map.of"))

    @property
    def shown(self) -> Topography | BandMaps | None:
        """What a reader sees a map of."""
        if not self._seen["Map"]:
            return None
        made = self.session.topographies
        if self.quantity == "voltage":
            return None if made.reading else self._voltages
        return None if made.measuring else self._powers

    def forget(self) -> None:
        """Another recording."""
        self._voltages = self._powers = None

    def _on_seen(self, name: str, visible: bool) -> None:
        self._seen[name] = visible  # not where another tab covers it
        if visible:
            self.session.topographies.try_again()
        self.ask()

    def ask(self) -> None:
        """What the panels that are shown need of the page that is shown."""
        session, made = self.session, self.session.topographies
        state, mapped = session.state, self._seen["Map"]
        made.bands_wanted = mapped and self.quantity != "voltage"
        made.wanted = (mapped and self.quantity == "voltage") or self._seen["Butterfly"]
        made.ask(session.source, state.bad, state.span, state.applied)
        made.ask_bands(session.source, state.bad, stretch_of(state))
        self._show_map(session.cursor)
        self._show_butterfly(session.cursor)

    def _on_voltages(self, made: Topography | None) -> None:
        self._voltages = made
        self.show_cursor(self.session.cursor)

    def _on_powers(self, made: BandMaps | None) -> None:
        self._powers = made
        self._show_map(self.session.cursor)

    def show_cursor(self, time: float | None) -> None:
        """What follows the pointer."""
        if self.quantity == "voltage":
            self._show_map(time)
        self._show_butterfly(time)

    def _show_map(self, time: float | None) -> None:
        if not self._seen["Map"]:
            return
        if self.quantity == "voltage":
            self._show_voltage(time)
        else:
            self._show_power(self.quantity)

    def _show_voltage(self, time: float | None) -> None:
        panel, made = self.frame.topomap, self._voltages
        panel.set_quantity("Voltage", "at the cursor · average reference")
        if self.session.topographies.reading:
            return  # while a page is read, the map that is there stays
        if made is None:
            panel.set_message(self._why_none())
            return
        values = made.at(time) if time is not None else None
        if values is None:
            panel.set_message("Move the pointer over a page" if time is None else "No signal at the cursor")
        else:
            at = made.electrodes
            panel.set_map(HeadMap(at.picture(values), values, at.places, at.sites))

    def _show_power(self, band: str) -> None:
        panel, made = self.frame.topomap, self._powers
        low, high = BANDS[band]
        stretch = made.stretch if made is not None else stretch_of(self.session.state)
        words = f"{stretch.words}, unfiltered · average reference"
        panel.set_quantity(f"{band.capitalize()} {low:g}–{high:g} Hz", words)
        if self.session.topographies.measuring:
            return
        if made is None:
            panel.set_message(_BROKEN if self.session.topographies.unmeasured else _NO_POWER)
            return
        values = made.rms[band]
        if not np.isfinite(values).all():
            panel.set_message(f"This recording is too slow for {band}, or an electrode has no signal here")
            return
        # Splines may dip below zero beside a peak; an amplitude cannot.
        at = made.electrodes
        picture = np.maximum(at.picture(values), 0.0)
        colours = self.session.settings.get("look.colormap")
        panel.set_map(HeadMap(picture, values, at.places, at.sites, colours))

    def _show_butterfly(self, time: float | None) -> None:
        panel, made, state = self.frame.butterfly, self._voltages, self.session.state
        if not self._seen["Butterfly"] or self.session.topographies.reading:
            return
        panel.set_sensitivity(state.page_sensitivity)
        panel.set_filters(filter_words(state.applied))
        if made is None:
            panel.set_message(self._why_none())
        elif time is None:
            panel.set_message("Move the pointer over a page")
        elif made.at(time) is None:
            panel.set_message("No signal at the cursor")
        else:
            first, data = made.around(time)
            panel.set_traces(data, first, made.rate, made.electrodes.sites, made.electrodes.sides)

    def _why_none(self) -> str:
        return _BROKEN if self.session.topographies.unread else _TOO_FEW
