"""Proposed spikes, on the scalp and in the reconstruction: found in the background, kept, searched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, Signal

from neuroflow.detect.janca import SHORTEST_SECONDS
from neuroflow.inference.tile import Tile
from neuroflow.recording import SignalSource, Span
from neuroflow.signal.montage import Row
from neuroflow_review.lanes import Failure, Lane
from neuroflow_review.session.analysis import (
    CHUNK_SECONDS,
    ONE_DISCHARGE,
    Spike,
    grouped,
    scalp_spikes,
    strongest,
    tile_spikes,
)
from neuroflow_review.session.reconstruction import Recipe

_VISIBLE, _SEARCH, _DEPTH = 0, 20, 10


@dataclass(frozen=True, slots=True)
class Rates:
    """How many discharges were proposed on each contact, in how many minutes of the reconstruction."""

    counts: Mapping[str, int]
    minutes: float

    @property
    def a_minute(self) -> dict[str, float]:
        """By contact; empty where nothing was looked through."""
        return {name: count / self.minutes for name, count in self.counts.items()} if self.minutes > 0 else {}


class Spikes(QObject):
    """What the detect lane proposed. ``found`` carries the time that a search came to, or None at the end."""

    changed = Signal()
    found = Signal(object)

    def __init__(self, lane: Lane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lane = lane
        self._source: SignalSource | None = None
        self._rows: tuple[Row, ...] = ()
        self._sensitivity = 3.65
        self._shown = True
        self._scalp: dict[Hashable, dict[int, tuple[Spike, ...]]] = {}
        self._depth: dict[Hashable, dict[int, tuple[Spike, ...]]] = {}
        self._tile_spans: dict[Hashable, tuple[Span, ...]] = {}
        self._waiting: set[Hashable] = set()
        self._recipe = Recipe()
        self._search: tuple[float, int] | None = None

    @property
    def busy(self) -> bool:
        """Whether something that is visible is still being looked for."""
        return bool(self._waiting)

    @property
    def searching(self) -> bool:
        return self._search is not None

    @property
    def _scalp_key(self) -> Hashable:
        return (self._rows, self._sensitivity)

    @property
    def _depth_key(self) -> Hashable:
        return (self._recipe, self._sensitivity)

    def scalp(self) -> tuple[Spike, ...]:
        """Everything found on the scalp so far in this montage, in order of time."""
        if not self._shown:
            return ()
        return tuple(s for _, spikes in sorted(self._scalp.get(self._scalp_key, {}).items()) for s in spikes)

    def depth(self) -> tuple[Spike, ...]:
        """Everything found in the reconstruction so far, in order of time."""
        if not self._shown:
            return ()
        return tuple(s for _, spikes in sorted(self._depth.get(self._depth_key, {}).items()) for s in spikes)

    def searched(self) -> tuple[Span, ...]:
        """The stretches of the scalp EEG that were looked through so far in this montage, in order of time."""
        if self._source is None or not self._shown:
            return ()
        whole = self._source.recording.span
        chunks = sorted(self._scalp.get(self._scalp_key, {}))
        return tuple(Span(k * CHUNK_SECONDS, (k + 1) * CHUNK_SECONDS).clipped_to(whole) for k in chunks)

    def searched_depth(self) -> tuple[Span, ...]:
        """The stretches of the reconstruction that were looked through so far, in order of time."""
        if not self._shown:
            return ()
        rules = self._depth_key
        return tuple(s for k in sorted(self._depth.get(rules, {})) for s in self._tile_spans["depth", rules, k])

    def rates(self, contacts: Sequence[str]) -> Rates:
        """What was proposed on some contacts, of all that was looked through so far."""
        counts = Counter(spike.label for spike in self.depth())
        return Rates({name: counts[name] for name in contacts}, sum(s.duration for s in self.searched_depth()) / 60.0)

    def set_source(self, source: SignalSource | None) -> None:
        self.lane.cancel()
        self._source = source
        self._scalp.clear()
        self._depth.clear()
        self._tile_spans.clear()
        self._waiting.clear()
        self._search = None
        self.changed.emit()

    def set_rules(self, rows: tuple[Row, ...], sensitivity: float, shown: bool, recipe: Recipe) -> bool:
        """Another montage, sensitivity or recipe; returns whether anything must be looked for again."""
        if (rows, sensitivity, shown, recipe) == (self._rows, self._sensitivity, self._shown, self._recipe):
            return False
        self.lane.cancel()
        self._waiting.clear()
        self._search = None
        self._rows, self._sensitivity, self._shown, self._recipe = rows, sensitivity, shown, recipe
        self.changed.emit()
        return True

    def look(self, page: Span, tiles: tuple[Tile, ...], names: tuple[str, ...]) -> None:
        """Look for what is on the page, unless it is known."""
        if self._source is None or not self._shown:
            return
        inside = page.clipped_to(self._source.recording.span)
        for chunk in range(int(inside.start // CHUNK_SECONDS), -int(-inside.stop // CHUNK_SECONDS)):
            self._look_scalp(chunk, _VISIBLE)
        for tile in tiles:
            self.look_tile(tile, names)

    def look_tile(self, tile: Tile, names: tuple[str, ...]) -> None:
        """Look for spikes in a tile of the reconstruction; nothing is proposed where it is withheld."""
        known = self._depth.setdefault(self._depth_key, {})
        index = tile.request.index
        key = ("depth", self._depth_key, index)
        if not self._shown or tile.hidden or index in known or key in self._waiting:
            return
        self._waiting.add(key)
        # A piece between two that are withheld may be too short to look through.
        self._tile_spans[key] = tuple(s for s, held in tile.parts() if not held and s.duration >= SHORTEST_SECONDS)
        self.lane.submit(
            key,
            partial(tile_spikes, tile, names, self._sensitivity),
            priority=_DEPTH,
            replace=False,
            done=partial(self._keep, self._depth, self._depth_key, index, key),
            failed=partial(self._give_up, key),
        )

    def next(self, after: float, direction: int) -> None:
        """Go and find the next (1) or previous (-1) spike from a time on; ``found`` says where it is."""
        self._search = (after, direction)
        self._go_on()

    def stop_search(self) -> None:
        self._search = None

    def _look_scalp(self, chunk: int, priority: int) -> None:
        known = self._scalp.setdefault(self._scalp_key, {})
        key = ("scalp", self._scalp_key, chunk)
        if chunk in known or self._source is None:
            return
        self._waiting.add(key)
        self.lane.submit(
            key,
            partial(scalp_spikes, self._source, self._rows, chunk, self._sensitivity),
            priority=priority,
            replace=False,
            done=partial(self._keep, self._scalp, self._scalp_key, chunk, key),
            failed=partial(self._give_up, key),
        )

    def _keep(
        self,
        book: dict[Hashable, dict[int, tuple[Spike, ...]]],
        rules: Hashable,
        index: int,
        key: Hashable,
        spikes: tuple[Spike, ...],
    ) -> None:
        self._waiting.discard(key)
        book.setdefault(rules, {})[index] = spikes
        self.changed.emit()
        self._go_on()

    def _give_up(self, key: Hashable, failure: Failure) -> None:
        """Nothing was found out there; a search ends, and the page is looked at again when it is shown again."""
        self._waiting.discard(key)
        self._search = None
        self.changed.emit()
        self.lane.failed.emit(failure)

    def _go_on(self) -> None:
        if self._search is None or self._source is None:
            return
        after, direction = self._search
        known = self._scalp.get(self._scalp_key, {})
        # A step is from one discharge of the list to the next, scalp and contacts seeing one at about the same time.
        groups = (*grouped(self.scalp()), *grouped(self.depth()))
        times = sorted({strongest(group).time for group in groups}, reverse=direction < 0)
        target = next((t for t in times if (t - after) * direction > ONE_DISCHARGE), None)
        last = max(int((self._source.recording.duration - 1e-9) // CHUNK_SECONDS), 0)
        chunk = min(max(int(after // CHUNK_SECONDS), 0), last)
        end = last if target is None else min(max(int(target // CHUNK_SECONDS), 0), last)
        if target is None and direction < 0:
            end = 0
        # Everything between here and there must be known before the nearest can be named.
        for k in range(chunk, end + direction, direction):
            if k not in known:
                self._look_scalp(k, _SEARCH)
                return
        self._search = None
        self.found.emit(target)
