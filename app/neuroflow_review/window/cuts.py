"""The choices of high cut and notch, as the open recording has them: what has no effect, and what its hum suggests."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from neuroflow.jobs import Control
from neuroflow.recording import Recording, SignalSource, Span
from neuroflow.signal.filters import HIGH_CUTS, NOTCHES
from neuroflow.signal.mains import hum
from neuroflow.signal.montage import Row
from neuroflow_review.display import idle_words
from neuroflow_review.session.page import PageData, eeg_rate
from neuroflow_review.session.spectrum import read_density
from neuroflow_review.window.part import Part

if TYPE_CHECKING:
    from neuroflow_review.window.commands import Commands

_MOST_LOOKS = 4  # pages: what is plugged in hums from the first
_LONGEST, _MOST_ROWS = 20.0, 32


class CutCommands(Part):
    """Fills the two menus, and looks for hum in the first pages; a notch is never switched on unasked."""

    def __init__(self, commands: Commands) -> None:
        super().__init__(commands)
        self.suggested: float | None = None
        """Mains whose hum is on the first pages, Hz."""
        self._looks = 0
        self._told = False

    def connect(self) -> None:
        """Once the toolbar is there."""
        self.session.opened.connect(self._on_opened)
        self.session.page_ready.connect(self._look)

    def fill(self) -> None:
        """What there is to choose from for this recording."""
        recording = self.session.recording
        rate = eeg_rate(recording) if recording is not None else None
        highs = [(f, f"HF {f:g} Hz{idle_words(f, rate)}") for f in HIGH_CUTS]
        notches = [(f, f"Notch {f:g} Hz{self._hint(f)}{idle_words(f, rate)}") for f in NOTCHES]
        self.commands.high.set_choices([[(None, "HF off"), *highs]])
        self.commands.notch.set_choices([[(None, "Notch off"), *notches]])
        self.commands.refresh()

    def _hint(self, notch: float) -> str:
        return " (suggested)" if notch == self.suggested else ""

    def _on_opened(self, _recording: Recording | None) -> None:
        self.session.lanes.map.cancel(lambda job: job.key == "mains")
        self.suggested, self._looks = None, 0
        self.fill()

    def _look(self, page: PageData) -> None:
        source, span = self.session.source, page.request.span
        rows = tuple(row for row in page.request.rows if row.kind == "EEG" and not row.bad)
        if source is None or not rows or self.suggested is not None or self._looks >= _MOST_LOOKS:
            return
        self._looks += 1
        rows = rows[:: -(-len(rows) // _MOST_ROWS)]
        span = Span(span.start, min(span.stop, span.start + _LONGEST))
        work = partial(_hum, source, rows, span)
        done = partial(self._on_found, source)
        lane = self.session.lanes.map
        lane.submit("mains", work, done=done, failed=lane.tell_unforeseen)

    def _on_found(self, source: SignalSource, mains: float | None) -> None:
        if mains is None or source is not self.session.source:
            return
        self.suggested = mains
        self.fill()
        if not self._told and self.session.state.filters.notch is None:
            self._told = True
            before = self.window.statusBar().currentMessage()
            said = f"The mains hum at {mains:g} Hz: a notch is suggested, and is off."
            self.window.say(f"{before} {said}".strip())


def _hum(source: SignalSource, rows: tuple[Row, ...], span: Span, control: Control) -> float | None:
    """Raises: FileProblem, Cancelled."""
    made = read_density(source, rows, span, control)
    return hum(*made) if made is not None else None
