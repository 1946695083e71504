"""Dialogs."""

from __future__ import annotations

from neuroflow_review.window import boxes
from neuroflow_review.window.averages import show_averages
from neuroflow_review.window.copying import show_copy
from neuroflow_review.window.part import Part
from neuroflow_review.window.report import show_report
from neuroflow_review.window.shown import ask_where


class AskCommands(Part):
    """Opens a dialog each."""

    def show_goto(self) -> None:
        boxes.show_goto(self.window)

    def show_export(self) -> None:
        boxes.show_export(self.window)

    def save_copy(self) -> None:
        show_copy(self.window)

    def show_report(self) -> None:
        show_report(self.window)

    def show_averages(self) -> None:
        show_averages(self.window)

    def save_shown(self) -> None:
        ask_where(self.window)

    def show_problems(self) -> None:
        boxes.show_problems(self.window)

    def tell_more(self, of: str) -> None:
        """What a click on words of the status line asks for."""
        if of == "problems":
            self.show_problems()

    def show_reader(self) -> None:
        boxes.show_reader(self.window)

    def show_calibrate(self) -> None:
        boxes.show_calibrate(self.window)

    def show_card(self) -> None:
        boxes.show_card(self.window)

    def show_keys(self) -> None:
        boxes.show_keys(self.window)

    def show_about(self) -> None:
        boxes.show_about(self.window)
