"""Menus View and Window: where the panels stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from neuroflow_review.window.arrangement import BESIDE, STACKED
from neuroflow_review.window.part import Part

if TYPE_CHECKING:
    from neuroflow_review.window.commands import Commands


class LookCommands(Part):
    """Handlers of what a reader sets once and keeps."""

    def __init__(self, commands: Commands) -> None:
        super().__init__(commands)
        self.checks: dict[str, Callable[[], bool]] = {
            "beside": lambda: self.window.arrangement.layout == BESIDE,
            "second": lambda: self.window.second.wanted,
        }
        """What holds, by the name under which actions show it."""

    def toggle_beside(self) -> None:
        layout = STACKED if self.window.arrangement.layout == BESIDE else BESIDE
        self.window.arrangement.set_layout(layout)
        self.session.settings.set("window.layout", layout)
        self.commands.refresh()

    def toggle_second(self) -> None:
        if not self.window.second.wanted:
            self.commands.actions["panel Reconstruction"].setChecked(True)
        self.window.second.toggle()

    def keep_second_filled(self, shown: bool) -> None:
        """A window with nothing in it is no use."""
        if not shown and self.window.second.wanted:
            self.window.second.toggle()
