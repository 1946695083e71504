"""Menus View and Window: colours, and where the panels stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from neuroflow_review.theme import LIGHT, PRINT, theme
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
            "look light": lambda: self.window.look is LIGHT,
            "look print": lambda: self.window.look is PRINT,
        }
        """What holds, by the name under which actions show it."""

    def set_theme(self, name: str) -> None:
        look = theme(name)
        self.session.settings.set("look.theme", look.name)
        self.window.set_theme(look)
        self.commands.set_icons()
        self.commands.refresh()

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
