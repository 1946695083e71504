"""The spectrogram of the selected channel, asked for again whenever page, channel or samples change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import QObject, Signal

from neuroflow.inference.tile import Tile
from neuroflow.recording import SignalSource, Span
from neuroflow.signal.montage import RECONSTRUCTED_MARKS, Row
from neuroflow.signal.spectrogram import Spectrogram
from neuroflow_review.lanes import Failure, Lane
from neuroflow_review.session.analysis import depth_spectrogram, scalp_spectrogram


@dataclass(frozen=True, slots=True, eq=False)
class SpectrogramPage:
    """A spectrogram (dB re 1 V²/Hz) of a page, or None and why; of ``samples`` samples where reconstructed.

    ``label`` is without ``≈``; of a reconstructed signal of the file itself there are no samples.
    """

    span: Span
    label: str
    reconstructed: bool
    spectrogram: Spectrogram | None
    samples: int = 0
    why: str = ""


class Spectra(QObject):
    """Latest wins: a page that was turned before its spectrogram was computed never gets one."""

    ready = Signal(object)
    computing = Signal(object)

    def __init__(self, lane: Lane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lane = lane
        self._asked: tuple[object, ...] | None = None
        self.busy = False

    def forget(self) -> None:
        """Another recording."""
        self.lane.cancel()
        self._asked, self.busy = None, False

    def ask_scalp(self, source: SignalSource, row: Row, span: Span) -> None:
        if row.interpolated:
            why = f"{', '.join(row.interpolated)} is interpolated, not recorded: choose another channel"
            self._say(SpectrogramPage(span, row.label, False, None, why=why))
            return
        empty = SpectrogramPage(span, row.label.lstrip("".join(RECONSTRUCTED_MARKS)), row.reconstructed, None)
        if self._begin((id(source), row, span), empty):
            self._submit(partial(scalp_spectrogram, source, row, span), empty)

    def ask_depth(self, tiles: tuple[Tile, ...], contact: int, name: str, span: Span, why: str) -> None:
        """Of a contact, from the tiles that are there; without any, ``why`` there is none."""
        empty = SpectrogramPage(span, name, True, None, tiles[0].samples.shape[0] if tiles else 0, why)
        if not tiles:
            self._say(empty)
            return
        if self._begin((tuple((id(t.samples), t.withheld) for t in tiles), contact, span), empty):
            self._submit(partial(depth_spectrogram, tiles, contact, span), empty)

    def _say(self, empty: SpectrogramPage) -> None:
        """There is no spectrogram, and why."""
        self._asked = None
        self.lane.cancel()
        self.busy = False
        self.ready.emit(empty)

    def _begin(self, key: tuple[object, ...], page: SpectrogramPage) -> bool:
        if key == self._asked:
            return False
        self._asked = key
        self.busy = True
        self.computing.emit(page)
        return True

    def _submit(self, work: partial[Spectrogram | None], page: SpectrogramPage) -> None:
        done, failed = partial(self._done, page), partial(self._failed, page)
        self.lane.submit("spectrogram", work, done=done, failed=failed)

    def _done(self, page: SpectrogramPage, made: Spectrogram | None) -> None:
        self.busy = False
        why = (
            page.why if made is not None else "This channel is too slow, or the recording too short, for a spectrogram"
        )
        self.ready.emit(SpectrogramPage(page.span, page.label, page.reconstructed, made, page.samples, why))

    def _failed(self, page: SpectrogramPage, failure: Failure) -> None:
        self._say(replace(page, why="The spectrogram could not be computed: turn the page and back to try again"))
        self.lane.failed.emit(failure)
