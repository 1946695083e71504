"""What an action of the reader's is, and what its being enabled may depend on."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

MENUS: Final = {name.replace("&", ""): name for name in (
    "&File", "&View", "&Montage", "&Reconstruct", "Mar&ks", "&Analysis", "&Window", "&Help",
)}  # fmt: skip
"""Titles of menus by name, with ``&`` before the letter that opens each with Alt."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What an action's being enabled may depend on."""

    recording: bool = False
    filtered: bool = False
    """The page's filters are on."""
    longitudinal: bool = False
    """The montage is the one whose chains can be interleaved."""
    flawed: bool = False
    """Something is wrong with the recording's file."""
    ready: bool = False
    """The recording can be reconstructed."""
    model: bool = False
    computing: bool = False
    selection: bool = False
    reconstructed: bool = False
    """Something of this recording is reconstructed."""
    events: bool = False
    spikes: bool = False
    marked: bool = False
    markable: bool = False
    """Marks can be made and changed."""
    outdated: bool = False
    """The recording has changed since its marks were made."""
    locked: bool = False
    """Marks are locked by a program elsewhere, or were when it ended."""
    undoable: bool = False
    redoable: bool = False
    comparison: bool = False
    blind: bool = False
    """A blinded reading goes on."""
    sighted: bool = True
    """None goes on."""
    revealed: bool = False
    """There was one, and what was reconstructed is shown beside it."""
    chosen: bool = False
    """Moments are chosen for the meeting."""
    demo: bool = False
    alone: bool = True
    """The reader is alone with the recording: nothing is presented to others."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do.

    ``needs`` names fields of :class:`Situation` that must all hold; ``handler`` a part of the window's commands and its
    method; ``argument`` what it is called with, if anything. Actions with a ``check`` show a state of that name.
    """

    id: str
    menu: str
    text: str
    handler: str
    shortcuts: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""
    argument: object = None
    check: str = ""
    section: str = ""
    """A line is drawn in the menu where this changes."""
    otherwise: str = ""
    """What its tooltip says while it cannot be done, where that needs a word."""
    within: str = ""
    """The menu in the menu that it stands in."""

    def enabled(self, now: Situation) -> bool:
        return all(getattr(now, need) for need in self.needs)


FACTS: Final = frozenset(field.name for field in fields(Situation))
