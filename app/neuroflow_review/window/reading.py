"""What a reader looks closer with: docks of the menu Analysis, and the chosen channel."""

from __future__ import annotations

from neuroflow.signal.topography import MAPPED
from neuroflow_review.theme import RECONSTRUCTED
from neuroflow_review.window.part import Part


class ReadCommands(Part):
    """Handlers of what is shown of the chosen channel and at the cursor."""

    def toggle_dock(self, name: str) -> None:
        self.commands.actions[f"dock {name}"].toggle()
        self.commands.refresh()

    def map_next(self) -> None:
        """Voltage, then one band after the other."""
        now = MAPPED.index(self.session.settings.get("map.of"))
        self.set_map(MAPPED[(now + 1) % len(MAPPED)])

    def set_map(self, quantity: str) -> None:
        """What the map shows; a map that is hidden comes up for it."""
        self.session.settings.set("map.of", quantity)
        self.commands.actions["dock Map"].setChecked(True)
        self.window.feeds.maps.ask()
        self.commands.refresh()

    def choose_next(self, step: int) -> None:
        """The row below or above the chosen one: those of the page, then the contacts that are shown."""
        session, state = self.session, self.session.state
        labels = [row.label for row in session.rows]
        labels += [f"{RECONSTRUCTED}{session.contacts[i].name}" for i in session.shown_contacts()]
        if not labels:
            return
        now = f"{RECONSTRUCTED}{state.channel}" if state.reconstructed else state.channel
        k = labels.index(now) + step if now in labels else 0
        self.commands.marks.choose_channel(labels[min(max(k, 0), len(labels) - 1)])
