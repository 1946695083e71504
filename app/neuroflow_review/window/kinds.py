"""Channels of other kinds than EEG: their scale and filters, by keys and by a dialog."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Final

from neuroflow_review.display import scale_words
from neuroflow_review.kinds import KindView, changed, kind_words, view_of
from neuroflow_review.session import Session
from neuroflow_review.views.page import PageView
from neuroflow_review.window import boxes
from neuroflow_review.window.ladders import stepped
from neuroflow_review.window.part import Part
from neuroflow_review.window.status import Part as Words

_NONE_CHOSEN: Final = "Choose a channel that is no EEG first (ECG, EOG, respiration …): click on it."


class KindCommands(Part):
    """Handlers of what is set for all channels of one kind."""

    def show(self, kind: str = "") -> None:
        """Scale and filters of every kind; those of ``kind``, or of the chosen channel, have the keyboard."""
        from neuroflow_review.dialogs.kinds import KindsDialog

        session, recording = self.session, self.session.recording
        there = Counter(c.kind for c in recording.channels if c.rate > 0) if recording is not None else Counter()
        chosen = view_of(session.state.kinds, kind) if kind else chosen_view(session)
        dialog = KindsDialog(session.state.kinds, there, chosen.kind if chosen is not None else None, self.window)
        dialog.changed.connect(lambda kinds: session.store.update(kinds=kinds))
        boxes.open_dialog(dialog)

    def step(self, step: int) -> None:
        """All channels of the chosen one's kind larger (-1) or smaller (1); one that is alone, as the page is."""
        state, view = self.session.state, chosen_view(self.session)
        if state.solo:
            self.commands.view.step_sensitivity(step)
        elif view is None:
            self.session.noticed.emit(_NONE_CHOSEN)
        else:
            after = replace(view, scale=stepped(view.ladder, view.scale, step))
            self.session.store.update(kinds=changed(state.kinds, after))


def chosen_view(session: Session) -> KindView | None:
    """How the kind of the chosen channel is drawn; None where that is EEG, or of the reconstruction."""
    state = session.state
    row = next((row for row in session.rows if row.label == state.channel and not state.reconstructed), None)
    return view_of(state.kinds, row.kind) if row is not None else None


def kind_parts(session: Session, page: PageView) -> list[Words]:
    """What the status line says of the chosen channel where it is of another kind than EEG."""
    view, data, state = chosen_view(session), session.page, session.state
    labels = [row.label for row in data.request.rows] if data is not None else []
    if view is None or data is None or state.channel not in labels or state.solo:
        return []
    k = labels.index(state.channel)
    trace, own = data.traces[k], page.own_scale(data.request.rows[k], data.traces[k])
    words = kind_words(view, state.applied, trace.rate, scale_words(own, trace.unit) if own is not None else "")
    return [Words(words, 2, words.split(",")[0])]
