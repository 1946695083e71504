"""Menu Montage: what channels are, where their labels do not say it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from PySide6.QtCore import Qt, QTimer

from neuroflow.anatomy.mapping import Assignment, ChannelKey, MappedSource
from neuroflow.errors import NeuroflowError
from neuroflow.recording import Recording, SignalSource
from neuroflow.signal.montage import Row
from neuroflow_review.lanes import Failure
from neuroflow_review.session import Session
from neuroflow_review.window.part import Part

KEY = "Ctrl+Shift+C"


class ChannelCommands(Part):
    """The dialog of channels, and what follows from it: the recording is opened again as the reader says it is."""

    _bad: frozenset[int] = frozenset()

    def connect(self) -> None:
        """Once the window hears of recordings itself."""
        self.session.opened.connect(self._on_opened)

    def show(self) -> None:
        source = self.session.source
        if not isinstance(source, MappedSource):
            return
        from neuroflow_review.dialogs.channels import ChannelsDialog

        dialog = ChannelsDialog(source, self.window)
        dialog.accepted.connect(lambda: self._keep(source, dialog.said))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _keep(self, source: MappedSource, said: Mapping[ChannelKey, Assignment]) -> None:
        recording = source.inner.recording
        self.session.lanes.save.submit(
            "channels",
            lambda _: self.session.mapping.keep(recording, said),
            done=lambda _: self._open_again(recording),
            failed=partial(self._on_failed, recording),
        )

    def _on_failed(self, recording: Recording, failure: Failure) -> None:
        """It holds until the window closes; that it is not remembered must be said."""
        error = failure.error
        if isinstance(error, NeuroflowError):
            self.session.mapping.notice = error.text
            self._open_again(recording)
        else:
            self.session.trouble.emit(failure)

    def _open_again(self, recording: Recording) -> None:
        now = self.session.recording
        if now is not None and now.path == recording.path:
            self._bad = frozenset(c.index for c in now.channels if c.name in self.session.state.bad)
            self.session.open(now.path, self.session.state.start)

    def _on_opened(self, recording: Recording | None) -> None:
        """Channels that were set aside stay so under their new names, and what is unknown is said once."""
        bad, self._bad = self._bad, frozenset()
        if recording is None:
            return
        if bad:
            self.session.store.update(bad=frozenset(c.name for c in recording.channels if c.index in bad))
        mapping, source = self.session.mapping, self.session.source
        notice, mapping.notice = mapping.notice, ""
        if not notice and isinstance(source, MappedSource) and source.unknown:
            one = len(source.unknown) == 1
            notice = (
                f"{'A channel is' if one else f'{len(source.unknown)} channels are'} not recognised: {KEY} says what "
                f"{'it is' if one else 'they are'}."
            )
        if notice:  # after what the window itself says of a recording
            QTimer.singleShot(0, self.window, partial(self._say, notice, bool(recording.problems)))

    def _say(self, notice: str, problems: bool) -> None:
        before = f"{self.window.statusBar().currentMessage()} " if problems else ""
        self.window.say(f"{before}{notice}")


def interpolation_words(session: Session) -> list[str]:
    """What the status line says of channels that are drawn from those around them."""
    if not (session.state.interpolate and session.state.bad):
        return []
    count = len({name for row in session.rows for name in row.interpolated})
    if not count:
        return ["nothing can be interpolated here"]
    return [f"{count} channel{'' if count == 1 else 's'} interpolated"]


def interpolation_tips(rows: Sequence[Row]) -> dict[str, str]:
    """What is said of a row that was not recorded as it is drawn, by its label."""
    return {r.label: f"{', '.join(r.interpolated)}: interpolated, not recorded" for r in rows if r.interpolated}


def set_aside_of(row: Row, bad: Collection[str]) -> tuple[str, ...]:
    """Channels of a row that are set aside, those in whose place others are shown as well."""
    return tuple(name for name in dict.fromkeys((*row.interpolated, *(n for n, _ in row.weights))) if name in bad)


def aside_tips(rows: Sequence[Row], bad: Collection[str]) -> dict[str, str]:
    """What a click on the sign of a row does, by its label."""
    tips = {}
    for row in rows:
        aside = set_aside_of(row, bad)
        if len(aside) == 1:
            tips[row.label] = f"Take {aside[0]} back"
        else:
            names = aside or row.electrodes
            which = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else "".join(names)
            tips[row.label] = f"Take {which} back" if aside else f"Set {which} aside as bad"
    return tips


def channel_words(source: SignalSource | None) -> list[str]:
    """What the status line says of channels."""
    if not isinstance(source, MappedSource):
        return []
    words = [f"{len(source.by_hand)} mapped by hand"] if source.by_hand else []
    return words + ([f"{len(source.unknown)} not recognised"] if source.unknown else [])
