"""Menu Montage: a reader's own montages, their keys, and their editor."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence

from neuroflow_review.display import MONTAGE_NAMES, montage_name
from neuroflow_review.session.page import shown_montage
from neuroflow_review.session.topography import head_places
from neuroflow_review.window.part import Part

if TYPE_CHECKING:
    from neuroflow_review.window.commands import Commands

_LONGEST_WORD = 18  # characters of a montage's name in the toolbar, which must fit a window of 1280 pixels


class MontageCommands(Part):
    """Handlers of menu Montage that go beyond choosing one that ships; own montages stand below the seven."""

    def __init__(self, commands: Commands) -> None:
        super().__init__(commands)
        self._actions: dict[str, QAction] = {}
        self._line: list[QAction] = []

    def connect(self) -> None:
        """Once menus and toolbar are there: put the reader's montages into them, now and whenever they change."""
        self.session.montages.changed.connect(self.fill)
        self.fill()

    def fill(self) -> None:
        """A line and a key for each of the reader's montages, in menu and toolbar."""
        menu, own = self.commands.menus["Montage"], self.session.montages.all
        for action in (*self._actions.values(), *self._line):
            menu.removeAction(action)
            self.window.removeAction(action)
            action.deleteLater()
        self._actions = {}
        self._line = [menu.insertSeparator(self.commands.actions["interleaved"])] if own else []
        for montage in own:
            action = QAction(_plain(montage.name), self.window)
            key = self.session.montages.key_of(montage.name)
            if key:
                action.setShortcut(QKeySequence(f"Ctrl+{key}"))
            action.setCheckable(True)
            action.setToolTip(f"{montage.name}, a montage of yours")
            action.triggered.connect(partial(self._choose, montage.name))
            menu.insertAction(self._line[0], action)
            self.window.addAction(action)
            self._actions[montage.name] = action
        groups = [list(MONTAGE_NAMES.items()), [(m.name, _plain(m.name)) for m in own]]
        self.commands.montage.set_choices(groups)
        self.refresh()

    def refresh(self) -> None:
        """Show which one is chosen, and whether any can be."""
        open_now = self.session.recording is not None
        for name, action in self._actions.items():
            action.setEnabled(open_now)
            action.setChecked(self.shown == name)
        self.commands.montage.set_value(self.shown)

    @property
    def shown(self) -> str:
        """The montage that is drawn; the one that is chosen where no recording is open."""
        recording, state = self.session.recording, self.session.state
        return shown_montage(recording, state) if recording is not None else state.montage

    def key_rows(self) -> Iterator[tuple[str, str, str]]:
        """The keys of the reader's montages, for the page of keys."""
        for montage in self.session.montages.all:
            key = self.session.montages.key_of(montage.name)
            if key:
                yield "Montage", montage.name, f"Ctrl+{key}"

    def toggle_interleaved(self) -> None:
        self.session.store.update(interleaved=not self.session.state.interleaved)

    def toggle_interpolate(self) -> None:
        """Places of electrodes are loaded off the window's own thread, which takes a second the first time."""
        if self.session.state.interpolate:
            self.session.store.update(interpolate=False)
        else:
            done = partial(self._interpolate, self.session.recording)
            self.session.lanes.map.submit("places for interpolation", head_places, done=done)
        self.commands.refresh()

    def _interpolate(self, recording: object, _places: object) -> None:
        if self.session.recording is recording:
            self.session.store.update(interpolate=True)
            if not self.session.state.bad:
                self.session.noticed.emit("No channel is set aside: what B sets aside is interpolated from now on.")

    def edit(self) -> None:
        from neuroflow_review.dialogs.montages import MontagesDialog

        dialog = MontagesDialog(self.session, self.window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _choose(self, name: str, _checked: bool = False) -> None:
        self.commands.view.set_montage(name)
        self.refresh()


def montage_word(montage: str) -> str:
    """What the toolbar calls a montage."""
    word = montage_name(montage)
    word = word if len(word) <= _LONGEST_WORD else f"{word[: _LONGEST_WORD - 1].rstrip()}…"
    return _plain(word)


def _plain(text: str) -> str:
    """Text in which & is no mark of a key."""
    return text.replace("&", "&&")
