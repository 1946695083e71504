"""Menus View, Montage and Analysis: what of the recording is shown, and how."""

from __future__ import annotations

from dataclasses import replace

from neuroflow.signal.filters import SENSITIVITIES
from neuroflow_review.display import fallback_words
from neuroflow_review.session.page import shown_montage
from neuroflow_review.session.playing import SPEEDS
from neuroflow_review.window.ladders import PAGE_SECONDS, next_notch, stepped, stepped_cut
from neuroflow_review.window.part import Part


class ViewCommands(Part):
    """Handlers of menus View, Montage and Analysis."""

    def turn(self, pages: float) -> None:
        self.session.turn(pages)

    def move(self, seconds: float) -> None:
        self.session.go_to(self.session.state.start + seconds)

    def go_first(self) -> None:
        self.session.go_to(0.0)

    def go_last(self) -> None:
        recording = self.session.recording
        if recording is not None:
            self.session.go_to(recording.duration)

    def set_mm_per_second(self, speed: int) -> None:
        """A time base of true millimetres on the screen that the window is on, kept however wide the page becomes."""
        self.session.store.update(paper_speed=float(speed))
        self.session.set_seconds(self._seconds_at(speed))

    def set_seconds(self, seconds: float) -> None:
        """So many seconds a page, whatever paper speed that is."""
        self.session.store.update(paper_speed=None)
        self.session.set_seconds(seconds)

    def follow_speed(self) -> None:
        """As many seconds as keep the paper speed on a page of another width; it still begins where it began."""
        state, recording = self.session.state, self.session.recording
        if state.paper_speed is None or recording is None:
            return
        seconds = self._seconds_at(state.paper_speed)
        start = min(state.start, max(recording.duration - seconds, 0.0))
        self.session.store.update(seconds=seconds, start=start)

    def _seconds_at(self, speed: float) -> float:
        page = self.window.page
        return round(max(page.mm_per_second * page.span.duration / speed, 1.0), 6)

    def step_sensitivity(self, step: int) -> None:
        self.set_sensitivity(stepped(SENSITIVITIES, self.session.state.shown_sensitivity, step))

    def set_sensitivity(self, sensitivity: float) -> None:
        """Of the page, or of the row that has it to itself."""
        state = self.session.state
        name = "depth_sensitivity" if state.all_reconstructed else "sensitivity"
        self.session.store.update(**{"solo_sensitivity" if state.solo else name: sensitivity})

    def step_depth(self, step: int) -> None:
        state = self.session.state
        self.session.store.update(depth_sensitivity=stepped(SENSITIVITIES, state.depth_sensitivity, step))

    def toggle_filters(self) -> None:
        self.session.store.update(filters_on=not self.session.state.filters_on)

    def toggle_dark(self) -> None:
        self.commands.look.set_theme("light" if self.window.look.is_dark else "dark")

    def play(self) -> None:
        self.commands.player.toggle()

    def set_speed(self, speed: int) -> None:
        self.commands.player.set_speed(speed)

    def step_speed(self, step: int) -> None:
        self.set_speed(SPEEDS[min(max(SPEEDS.index(self.commands.player.speed) + step, 0), len(SPEEDS) - 1)])

    def toggle_map(self) -> None:
        self.commands.toggle_dock("Map")

    def present(self) -> None:
        self.window.presentation.toggle()
        self.commands.refresh()

    def toggle_trends(self) -> None:
        self.session.settings.set("trends.shown", not self.session.settings.get("trends.shown"))
        self.window.feeds.trends.show()
        self.commands.refresh()

    def set_trend_region(self, region: str) -> None:
        self.session.settings.set("trends.region", region)
        self.window.feeds.trends.show()
        self.commands.refresh()

    def toggle_privacy(self) -> None:
        self.session.store.update(private=not self.session.state.private)

    def set_montage(self, montage: str) -> None:
        """A montage for which the recording has no electrodes is shown as recorded, and said to be."""
        session = self.session
        session.store.update(montage=montage, own=session.montages.get(montage))
        recording = session.recording
        if recording is not None and shown_montage(recording, session.state) != montage:
            words = fallback_words(montage)
            session.noticed.emit(f"{words[0].upper()}{words[1:]}.")

    def set_filter(self, name: str, value: float | None) -> None:
        self.session.store.update(filters=replace(self.session.state.filters, **{name: value}))

    def step_cut(self, cut: tuple[str, int]) -> None:
        """A cut-off, by its name, one rung higher (1) or lower (-1)."""
        name, step = cut
        self.set_filter(name, stepped_cut(name, getattr(self.session.state.filters, name), step))

    def next_notch(self) -> None:
        """Off, then one frequency of the mains after the other."""
        self.set_filter("notch", next_notch(self.session.state.filters.notch))

    def step_seconds(self, step: int) -> None:
        self.set_seconds(stepped(PAGE_SECONDS, self.session.state.seconds, step))
