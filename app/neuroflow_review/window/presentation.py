"""Presentation: one clean full screen in large type, for a team round one screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QObject, Qt

from neuroflow_review.theme import type_scale

if TYPE_CHECKING:
    from neuroflow_review.window.window import ReviewWindow

# The brain with the implant stays; what a single reader works with goes.
_KEPT_DOCKS = ("Implant",)
_BRAIN_WIDTH = 236


@dataclass(frozen=True)
class _Before:
    """What is put back afterwards."""

    docks: tuple[str, ...]
    private: bool
    spectrogram: bool
    brain: int
    state: Qt.WindowState
    dividers: QByteArray


class Presentation(QObject):
    """Goes into presentation mode and comes back to what was there before."""

    def __init__(self, window: ReviewWindow) -> None:
        super().__init__(window)
        self.window = window
        self._before: _Before | None = None

    @property
    def on(self) -> bool:
        return self._before is not None

    def toggle(self) -> None:
        if self.on:
            self.leave()
        else:
            self.enter()

    def enter(self) -> None:
        """Large type, no menus, no toolbar, no names: the room may hold more than the team."""
        window, session = self.window, self.window.session
        if self.on or session.recording is None:
            return
        shown = tuple(name for name, dock in window.docks.items() if not dock.isHidden())
        self._before = _Before(
            shown, session.state.private, not window.spectrogram.isHidden(), window.docks["Implant"].width(),
            window.windowState(), window.arrangement.dividers,
        )  # fmt: skip
        window.presenting = True
        for bar in (window.menuBar(), window.bar):
            bar.hide()
        for name in shown:
            window.docks[name].setVisible(name in _KEPT_DOCKS)
        window.spectrogram.hide()
        window.set_quiet(True)
        session.store.update(private=True)
        window.set_theme(window.look)
        window.resizeDocks([window.docks["Implant"]], [round(_BRAIN_WIDTH * type_scale())], Qt.Orientation.Horizontal)
        window.showFullScreen()
        window.second.present()
        window.feeds.show_status()
        window.feeds.show_brain()
        window.commands.meeting.begin()
        window.say("P or Esc ends the presentation.")

    def leave(self) -> None:
        before = self._before
        if before is None:
            return
        window, session = self.window, self.window.session
        window.setWindowState(before.state)
        for bar in (window.menuBar(), window.bar):
            bar.setVisible(session.recording is not None or bar is window.menuBar())
        for name in before.docks:
            window.docks[name].setVisible(session.recording is not None)
        window.spectrogram.setVisible(before.spectrogram)
        window.arrangement.restore(before.dividers)
        window.set_quiet(False)
        session.store.update(private=before.private)
        self._before = None
        window.presenting = False
        window.second.end_presentation()
        window.commands.meeting.begin()
        window.set_theme(window.look)
        window.feeds.show_status()
        window.feeds.show_brain()
        window.resizeDocks([window.docks["Implant"]], [before.brain], Qt.Orientation.Horizontal)
