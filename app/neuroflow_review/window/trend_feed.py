"""From the session to the trends: what is computed, of the region that the reader chose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from neuroflow.recording import Recording
from neuroflow.signal.trends import FREQUENCIES, REGIONS
from neuroflow_review.session import Session
from neuroflow_review.session.trends import Trend, columns_of, rate_of
from neuroflow_review.window.docks import make_room
from neuroflow_review.window.frame import Frame

_BROKEN = "Trends could not be computed: hide them and show them again to try once more"


class TrendFeed(QObject):
    """Nothing is computed for trends that nobody sees."""

    def __init__(self, session: Session, frame: Frame) -> None:
        super().__init__(frame)
        self.session, self.frame = session, frame
        session.trends.ready.connect(self._on_trend)
        frame.trends.setVisible(session.settings.get("trends.shown"))

    @property
    def shown(self) -> bool:
        return bool(self.session.settings.get("trends.shown"))

    @property
    def trend(self) -> Trend | None:
        """What is shown: without what was proposed on the scalp while a blinded reading goes on."""
        trend = self.session.trends.trend
        if trend is None or not self.session.state.blind:
            return trend
        return replace(trend, spikes=np.full_like(trend.spikes, np.nan))

    def show(self) -> None:
        """What the reader set: shown or not, and of which region."""
        trends = self.frame.trends
        if self.shown and trends.isHidden():
            make_room(self.frame, beside=trends.sizeHint().height())  # before: a window that has grown does not shrink
        trends.setVisible(self.shown)
        make_room(self.frame)
        if not self.shown:
            self.session.trends.stop()
        self.ask()
        self.follow()

    def follow(self) -> None:
        """Draw what is known anew: a blinded reading has begun or was revealed."""
        self._on_trend(self.session.trends.trend)

    def show_recording(self, recording: Recording) -> None:
        self.frame.trends.set_recording(recording.duration, recording.gaps)
        self.ask()

    def ask(self) -> None:
        session = self.session
        session.trends.wanted = self.shown
        session.trends.ask(session.source, session.state.bad, session.state.spike_sensitivity)

    def show_reconstructed(self) -> None:
        """The expected rate of discharges where something is reconstructed."""
        recording = self.session.recording
        if recording is None or not self.shown or self.session.trends.trend is None:
            return
        self.frame.trends.set_reconstructed(columns_of(recording.duration)[1], self.expected())

    def expected(self) -> NDArray[np.float64]:
        """Discharges a minute expected over the samples, by column."""
        recording = self.session.recording
        columns, seconds = columns_of(recording.duration) if recording is not None else (0, 1.0)
        spikes = self.session.spikes
        return rate_of(spikes.depth(), spikes.searched_depth(), columns, seconds)

    def _on_trend(self, _trend: Trend | None) -> None:
        panel, trend = self.frame.trends, self.trend
        if trend is None:
            broken = self.session.trends.broken
            panel.set_message(_BROKEN if broken else "Computing …")
            return
        if not np.isfinite(trend.density).any() and trend.done >= 1.0:
            panel.set_message("Trends need channels of the longitudinal montage, and at least four seconds of them")
            return
        region = self.session.settings.get("trends.region")
        panel.set_colour_map(self.session.settings.get("look.colormap"))
        panel.set_trend(
            region, trend.column_seconds, trend.density[list(REGIONS).index(region)], FREQUENCIES,
            trend.asymmetry(region), trend.aeeg, trend.spikes, trend.done,
        )  # fmt: skip
        self.show_reconstructed()
