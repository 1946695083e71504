"""What every group of handlers has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neuroflow_review.window.commands import Commands


class Part:
    """Handlers that belong together; the table of actions names them as ``part.method``."""

    def __init__(self, commands: Commands) -> None:
        self.commands, self.session, self.window = commands, commands.session, commands.window
