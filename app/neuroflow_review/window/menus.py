"""Menus that come up where the reader clicked."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu

from neuroflow.signal.topography import MAPPED
from neuroflow.signal.trends import REGIONS
from neuroflow_review.kinds import view_of
from neuroflow_review.theme import RECONSTRUCTED

if TYPE_CHECKING:
    from neuroflow_review.window.commands import Commands


def channel_menu(commands: Commands, at: QPoint) -> None:
    """Every trace and every contact, to choose the spectrogram's."""
    session, menu = commands.session, QMenu(commands.window)
    for row in session.rows:
        menu.addAction(row.label, partial(commands.marks.choose_channel, row.label))
    if session.contacts:
        menu.addSeparator()
    for shaft in dict.fromkeys(c.shaft for c in session.contacts):
        inner = menu.addMenu(f"{RECONSTRUCTED}{shaft}")
        for contact in session.contacts:
            if contact.shaft == shaft:
                label = f"{RECONSTRUCTED}{contact.name}"
                inner.addAction(label, partial(commands.marks.choose_channel, label))
    _pop_up(menu, at)


def row_menu(commands: Commands, label: str, at: QPoint) -> None:
    """What can be done with a trace, and with the electrodes that it is made of."""
    session, menu = commands.session, QMenu(commands.window)
    menu.addAction(f"Spectrogram of {label}", partial(commands.marks.choose_channel, label))
    menu.addAction(f"{label} alone", partial(commands.read.zoom_into, label))
    row = next((r for r in session.rows if r.label == label), None)
    if row is not None:
        if view_of(session.state.kinds, row.kind) is not None:
            menu.addAction(f"Scale and filters of {row.kind}…", partial(commands.kinds.show, row.kind))
        menu.addSeparator()
        for name in row.electrodes:
            text = f"Take {name} back" if name in session.state.bad else f"Set {name} aside as bad"
            menu.addAction(text, partial(session.toggle_bad, name))
    _pop_up(menu, at)


def region_menu(commands: Commands, at: QPoint) -> None:
    """The regions that trends can be of."""
    menu = QMenu(commands.window)
    menu.addActions([commands.actions[f"trends_{region}"] for region in REGIONS])
    _pop_up(menu, at)


def map_menu(commands: Commands, at: QPoint) -> None:
    """What the map can be of."""
    menu = QMenu(commands.window)
    menu.addActions([commands.actions[f"map_{quantity}"] for quantity in MAPPED])
    _pop_up(menu, at)


def _pop_up(menu: QMenu, at: QPoint) -> None:
    menu.aboutToHide.connect(menu.deleteLater)
    menu.popup(at)
