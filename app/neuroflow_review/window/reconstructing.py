"""Menu Reconstruct: what is reconstructed, and which sample is drawn."""

from __future__ import annotations

from dataclasses import replace

from neuroflow_review.window import blinding, boxes
from neuroflow_review.window.ladders import next_notch
from neuroflow_review.window.part import Part


class DepthCommands(Part):
    """Handlers of menu Reconstruct."""

    def reconstruct_page(self) -> None:
        self.session.reconstruct_page()

    def reconstruct_selection(self) -> None:
        self.session.reconstruct_selection()

    def reconstruct_all(self) -> None:
        self.session.reconstruct_everything()

    def begin_blinded(self) -> None:
        boxes.with_reader(self.window, lambda: blinding.ask_begin(self.window))

    def reveal(self) -> None:
        boxes.with_reader(self.window, lambda: blinding.ask_reveal(self.window))

    def show_agreement(self) -> None:
        blinding.show_agreement(self.window)

    def toggle_follow(self) -> None:
        settings = self.session.settings
        settings.set("reconstruction.follow", not settings.get("reconstruction.follow"))
        self.session.reconstruction.following &= settings.get("reconstruction.follow")
        self.commands.refresh()

    def toggle_withheld(self) -> None:
        """Look at what is withheld, or not any more; it stays hatched and named."""
        self.session.store.update(withheld_shown=not self.session.state.withheld_shown)

    def set_filter(self, choice: tuple[str, float | None]) -> None:
        """A cut-off or the notch of the reconstruction, by the name of its field, in hertz; None is off."""
        name, value = choice
        self.session.store.update(depth_filters=replace(self.session.state.depth_filters, **{name: value}))

    def next_notch(self) -> None:
        """Of the reconstruction: off, then one frequency of the mains after the other."""
        self.set_filter(("notch", next_notch(self.session.state.depth_filters.notch)))

    def flip(self, step: int) -> None:
        """Draw the next or previous sample alone; 0 takes it away."""
        state = self.session.state
        if step == 0:
            self.session.store.update(sample=None)
            return
        sample = (0 if step > 0 else state.samples - 1) if state.sample is None else state.sample + step
        self.session.store.update(sample=sample % state.samples)
