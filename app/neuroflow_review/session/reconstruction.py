"""Which tiles are computed, in which order, what is known of each, and how long the rest will take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal, Slot

from neuroflow.errors import NeuroflowError, NotReconstructable
from neuroflow.inference.cache import TileCache
from neuroflow.inference.tile import ARTEFACT, TILE_SECONDS, Tile, TileRequest, Withheld
from neuroflow.jobs import Control
from neuroflow.recording import Recording, SignalSource, Span
from neuroflow_review.lanes import Failure, Job, Lane
from neuroflow_review.session.backend import Backend, Engine
from neuroflow_review.session.fetching import Fetched

PAGE: Final = 0
AHEAD: Final = 10
SELECTION: Final = 20
EXPORT: Final = 30
WHOLE: Final = 40
LATER: Final = 50

BLIND: Final = "Blinded reading: nothing is reconstructed or proposed until you reveal it (Ctrl+R)."

# How many tiles of a long run wait on the lane at a time; the others wait here, where counting them costs nothing.
_WAITING = 2


@dataclass(frozen=True, slots=True)
class Recipe:
    """What, besides the recording and the model, fixes the samples that are shown."""

    samples: int = 39
    seed: int = 0
    excluded: frozenset[str] = frozenset()

    def request(self, index: int) -> TileRequest:
        return TileRequest(index, self.samples, self.seed, self.excluded)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the page and what is known of its reconstruction.

    ``what`` is ``absent``, ``waiting``, ``computing``, ``done``, ``withheld`` or ``failed``; ``fraction`` how far it
    is; ``text`` why. ``seconds_left`` until it is done, None where nothing was measured yet.
    """

    span: Span
    what: str
    fraction: float = 0.0
    text: str = ""
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far everything that was asked for is, 0..1, and the seconds left, None where nothing was measured yet."""

    fraction: float
    seconds_left: float | None
    text: str


@dataclass
class _Run:
    """A selection or the whole recording: tiles still to be asked for."""

    name: str
    priority: int
    waiting: deque[int]
    total: int


class Reconstruction(QObject):
    """Asks the flow lane for tiles: the page first, the page ahead, then what was asked for beyond."""

    changed = Signal()
    """Segments, progress or the model changed."""
    tile_ready = Signal(object)
    noticed = Signal(str)
    trouble = Signal(object)
    """A NeuroflowError or another exception, with its trace as ``Failure``."""

    def __init__(
        self, lane: Lane, fetch: Lane, parent: QObject | None = None, cache: TileCache | None = None
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._lane, self._fetch = lane, fetch
        self._cache = cache or TileCache()
        self._backend: Backend | None = None
        self._engine: Engine | None = None  # made and used on the flow lane only
        self._engine_device = ""
        self._source: SignalSource | None = None
        self._device = "auto"
        self._page = Span(0.0, 0.0)
        self._forget()
        self.recipe = Recipe()
        self._wanted_excluded: frozenset[str] = frozenset()
        self.stale = False
        self.following = False
        self._warmed = False
        self._blind = False
        self.reason = ""
        """Why nothing can be reconstructed, or empty."""
        self.device_label = ""
        self._seconds_per_sample: float | None = None
        self.noticed.connect(self._heed, Qt.ConnectionType.QueuedConnection)

    def _forget(self) -> None:
        self._jobs: dict[int, Job] = {}
        self._fractions: dict[int, float] = {}
        self._failed: dict[int, str] = {}
        self._done: dict[Recipe, dict[int, tuple[Withheld, ...]]] = {}
        self._run: _Run | None = None
        self._asked: set[int] = set()

    # What is known ----------------------------------------------------------------------------------------------------

    @property
    def backend(self) -> Backend | None:
        return self._backend

    @property
    def ready(self) -> bool:
        """Whether the recording at hand can be reconstructed."""
        return self._backend is not None and self._source is not None and not self.reason

    @property
    def device_label_now(self) -> str:
        """The device that the model runs on, from any thread; empty before it first ran."""
        engine = self._engine
        return engine.device_label if engine is not None else ""

    @property
    def computing(self) -> bool:
        return bool(self._jobs)

    @property
    def page_complete(self) -> bool:
        """Whether every tile of the page is there, withheld or failed."""
        return all(self.tile(i) is not None or i in self._failed for i in self._indices(self._page))

    @property
    def has_any(self) -> bool:
        return bool(self._done.get(self.recipe))

    @property
    def had_any(self) -> bool:
        """Whether something was reconstructed since the recording was opened, with this recipe or another."""
        return any(self._done.values())

    def done_spans(self) -> tuple[Span, ...]:
        """What has been reconstructed so far with the present recipe."""
        if self._source is None:
            return ()
        whole = self._source.recording.span
        return tuple(_tile_span(i).clipped_to(whole) for i in sorted(self._done.get(self.recipe, ())))

    def withheld_spans(self) -> tuple[Span, ...]:
        """What of :meth:`done_spans` is withheld."""
        return tuple(held.span for _, tile in sorted(self._done.get(self.recipe, {}).items()) for held in tile)

    def artefact_at(self, time: float) -> bool:
        """Whether a time lies in what is withheld because the scalp EEG looks like an artefact."""
        tile = self._done.get(self.recipe, {}).get(int(time // TILE_SECONDS), ())
        return any(held.span.start <= time < held.span.stop and held.reason.endswith(ARTEFACT) for held in tile)

    def tile(self, index: int) -> Tile | None:
        """A tile of the present recipe, where it is in memory; one that ended after a blinded reading began is none."""
        if self._blind:
            return None
        found: Tile | None = self._cache.get(self._key(self.recipe.request(index)))
        return found

    def tiles_of(self, span: Span) -> tuple[Tile, ...]:
        """The tiles that touch a span and are in memory, in order."""
        return tuple(t for t in map(self.tile, self._indices(span)) if t is not None)

    def segments(self, span: Span) -> tuple[Segment, ...]:
        """What is known of each part of a span."""
        out, ahead, each = [], 0.0, self.seconds_per_tile()
        for index in self._indices(span):
            assert self._source is not None
            part = _tile_span(index).clipped_to(self._source.recording.span).clipped_to(span)
            tile = self.tile(index)
            if tile is not None:
                for stretch, why in tile.parts():
                    if stretch.overlaps(part):
                        out.append(Segment(stretch.clipped_to(part), "withheld" if why else "done", 1.0, why))
            elif index in self._failed:
                out.append(Segment(part, "failed", 0.0, self._failed[index]))
            elif index in self._jobs:
                what, fraction = "computing" if index in self._fractions else "waiting", self._fractions.get(index, 0.0)
                ahead += 1.0 - fraction  # one after the other
                out.append(Segment(part, what, fraction, "", None if each is None else ahead * each))
            else:
                out.append(Segment(part, "absent"))
        return tuple(out)

    def why_nothing(self, span: Span) -> str:
        """Why nothing is shown of a span, and what to do."""
        if self._blind:
            return BLIND
        segments = self.segments(span)
        held = next((s.text for s in segments if s.what == "withheld"), "")
        if held:
            return f"Withheld here: {held}"
        if segments and all(s.what == "done" for s in segments):
            return "Not reconstructed here: the recording has a gap"
        return "Not yet reconstructed here: press R"

    def seconds_per_tile(self) -> float | None:
        """What a tile takes with the present number of samples; None where none was computed yet."""
        each = self._seconds_per_sample
        return None if each is None else each * self.recipe.samples

    def progress(self) -> Progress | None:
        """How far what was asked for is, or None where nothing is being computed."""
        if not self.computing:
            return None
        waiting = len(self._run.waiting) if self._run else 0
        begun = sum(self._fractions.values())
        left = len(self._jobs) + waiting - begun
        total = max(self._run.total if self._run else 0, len(self._asked), len(self._jobs), 1)
        seconds = None
        if self._seconds_per_sample is not None:
            seconds = left * self._seconds_per_sample * self.recipe.samples
        name = self._run.name if self._run else "page"
        return Progress(min(max(1 - left / total, 0.0), 1.0), seconds, name)

    # What is asked for ------------------------------------------------------------------------------------------------

    def set_backend(self, backend: Backend | None) -> None:
        self.cancel()
        self._backend = backend
        self._warmed = False
        self._lane.submit("forget engine", lambda _: self._drop_engine(), replace=True)
        self._check()

    def set_source(self, source: SignalSource | None, excluded: frozenset[str] = frozenset()) -> None:
        """Another recording: everything that was asked for is dropped."""
        self.cancel()
        self._forget()
        self._source = source
        self.following = False
        self.stale = False
        self.recipe = replace(self.recipe, excluded=excluded)
        self._wanted_excluded = excluded
        self._cache.clear()
        self._check()

    def set_device(self, device: str) -> None:
        if device != self._device:
            self._device = device
            self._seconds_per_sample = None

    def set_recipe(self, samples: int, seed: int) -> None:
        """Another number of samples or seed: tiles made before stay and are found again on going back."""
        recipe = replace(self.recipe, samples=samples, seed=seed)
        if recipe == self.recipe:
            return
        was_following = self.following
        self.cancel()
        self.recipe = recipe
        self._failed.clear()
        self.following = was_following
        self.changed.emit()
        if was_following:
            self._ask_page()

    def set_excluded(self, excluded: frozenset[str]) -> None:
        """Channels were set aside or taken back: what is shown is stale until it is asked for again."""
        if not self.has_any and not self.computing:
            self.recipe = replace(self.recipe, excluded=excluded)
            self.stale = False
        else:
            self.stale = excluded != self.recipe.excluded
        self._wanted_excluded = excluded
        self._check()

    def set_blind(self, blind: bool) -> None:
        """Have no reconstruction while a blinded reading goes on: what was made is dropped, and none can be asked for.

        What does not exist is shown nowhere by mistake.
        """
        if blind != self._blind:
            self._blind = blind
            self.set_source(self._source, self._wanted_excluded)

    def set_page(self, page: Span) -> None:
        """The visible page: computed next where the reader asked for pages as they turn."""
        self._page = page
        if self.following and not self.stale:
            self._ask_page()
        self.changed.emit()

    def ask_page(self, excluded: frozenset[str], *, follow: bool) -> None:
        """Reconstruct the visible page now."""
        if not self._prepare(excluded):
            return
        self.following = follow
        for index in self._indices(self._page):
            self._failed.pop(index, None)
        self._ask_page()

    def ask_span(self, span: Span, name: str, excluded: frozenset[str]) -> None:
        """Reconstruct a stretch (or, named ``whole recording``, everything), after whatever the page needs."""
        if not self._prepare(excluded):
            return
        indices = [i for i in self._indices(span) if self.tile(i) is None]
        for index in indices:
            self._failed.pop(index, None)
        self._run = _Run(name, WHOLE if name == "whole recording" else SELECTION, deque(indices), len(indices))
        self._feed()
        self.changed.emit()

    def warm_up(self) -> None:
        """Build the engine before it is asked for, once; what goes wrong is said when it is."""
        if self.ready and not self._warmed:
            self._warmed = True
            work = partial(self._warm, self._device)
            self._lane.submit("warm", work, priority=LATER, replace=False, failed=_say_nothing)

    def cancel(self) -> None:
        """Stop at the next checkpoint, and stop following the pages."""
        self._lane.cancel(lambda job: isinstance(job.key, tuple) and job.key[0] == "tile")
        for index in list(self._jobs):
            self._forget_job(index)
        self._asked.clear()
        self._run = None
        self.following = False
        self.changed.emit()

    def tile_for_export(self, source: SignalSource, request: TileRequest, control: Control) -> Tile:
        """A tile for the export lane, which waits. Raises: Cancelled, NeuroflowError."""
        if self._blind:
            raise NotReconstructable(BLIND)
        key = self._key(request)
        known: Tile | None = self._cache.get(key)
        if known is not None:
            return known
        made, _ = self._lane.ask(
            ("export tile", key), partial(self._compute, source, request, key), control, priority=EXPORT
        )
        tile: Tile = made
        return tile

    # On the flow lane -------------------------------------------------------------------------------------------------

    def _compute(
        self, source: SignalSource, request: TileRequest, key: Hashable, control: Control
    ) -> tuple[Tile, float]:
        engine = self._engine_for(self._device)
        control.checkpoint()
        began = time.monotonic()
        tile = engine.tile(Fetched(source, self._fetch, control), request, control)
        control.checkpoint()  # what is dropped is not kept either: it would be there and not be counted
        self._cache.put(key, tile)
        return tile, time.monotonic() - began

    def _engine_for(self, device: str) -> Engine:
        if self._engine is None or device != self._engine_device:
            assert self._backend is not None
            self._engine = None  # the old one's memory first
            self._engine = self._backend.engine(device, self.noticed.emit)
            self._engine_device = device
        return self._engine

    def _warm(self, device: str, _control: Control) -> None:
        self._engine_for(device)

    def _drop_engine(self) -> None:
        self._engine = None

    # In the GUI thread ------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        self.reason = BLIND if self._blind else ""
        if not self._blind and self._backend is not None and self._source is not None:
            try:
                self._backend.check(self._source.recording, self._wanted_excluded)
            except NotReconstructable as error:
                self.reason = error.text
        self.changed.emit()

    def _prepare(self, excluded: frozenset[str]) -> bool:
        if not self.ready:
            return False
        if excluded != self.recipe.excluded:
            self.cancel()
            self._failed.clear()
            self.recipe = replace(self.recipe, excluded=excluded)
        self.stale = False
        return True

    def _ask_page(self) -> None:
        if not self.ready:
            return
        visible = list(self._indices(self._page))
        ahead = [i for i in self._indices(_after(self._page)) if i not in visible]
        in_run = set(self._run.waiting) if self._run else set()
        for index, job in list(self._jobs.items()):
            if self.tile(index) is not None:
                continue  # it is computed, and only its word is on the way
            if index not in visible and index not in ahead and job.priority < SELECTION:
                job.cancel()
                self._forget_job(index)
                if self._run is not None and index in in_run:
                    self._run.waiting.appendleft(index)
        self._submit(visible, PAGE)
        self._submit(ahead, AHEAD)
        self.changed.emit()

    def _feed(self) -> None:
        """Keep a few tiles of a long run on the lane."""
        run = self._run
        while (
            run is not None and run.waiting and sum(j.priority == run.priority for j in self._jobs.values()) < _WAITING
        ):
            index = run.waiting.popleft()
            if self.tile(index) is None or index not in self._done.get(self.recipe, ()):
                self._submit([index], run.priority)

    def _submit(self, indices: Iterable[int], priority: int) -> None:
        source = self._source
        for index in indices:
            if source is None or index in self._failed:
                continue
            if (tile := self.tile(index)) is not None:
                self._done.setdefault(self.recipe, {})[index] = tile.withheld
                continue
            request = self.recipe.request(index)
            key = self._key(request)
            job = self._lane.submit(
                ("tile", key),
                partial(self._compute, source, request, key),
                priority=priority,
                replace=False,
                done=partial(self._on_done, index, self.recipe),
                progress=partial(self._on_progress, index, self.recipe),
                failed=partial(self._on_failed, index, self.recipe),
                preemptible=True,
            )
            self._jobs[index] = job
            self._asked.add(index)

    def _on_progress(self, index: int, recipe: Recipe, fraction: float) -> None:
        if recipe == self.recipe and index in self._jobs:
            self._fractions[index] = fraction
            self.changed.emit()

    def _on_done(self, index: int, recipe: Recipe, result: tuple[Tile, float]) -> None:
        tile, seconds = result
        self._done.setdefault(recipe, {})[index] = tile.withheld
        if recipe != self.recipe:
            return
        each = seconds / recipe.samples
        known = self._seconds_per_sample
        self._seconds_per_sample = each if known is None else 0.7 * known + 0.3 * each
        if self._engine is not None:
            self.device_label = self._engine.device_label
        self._forget_job(index)
        self._feed()
        self._finish_if_idle()
        self.tile_ready.emit(tile)
        self.changed.emit()

    def _on_failed(self, index: int, recipe: Recipe, failure: Failure) -> None:
        if recipe != self.recipe:
            return
        self._forget_job(index)
        error = failure.error
        known = isinstance(error, NeuroflowError)
        self._failed[index] = error.text if isinstance(error, NeuroflowError) else "Something unexpected went wrong."
        # One cause fails every tile alike (no memory, no such device): say it once, do not grind on.
        self._lane.cancel(lambda job: isinstance(job.key, tuple) and job.key[0] == "tile")
        for other in list(self._jobs):
            self._forget_job(other)
        self._run = None
        self.following = self.following and known and isinstance(error, NotReconstructable)
        self._finish_if_idle()
        self.changed.emit()
        self.trouble.emit(failure)

    def _forget_job(self, index: int) -> None:
        tile = self.tile(index)
        if tile is not None:  # stopped on the way here
            self._done.setdefault(self.recipe, {}).setdefault(index, tile.withheld)
        self._jobs.pop(index, None)
        self._fractions.pop(index, None)

    def _finish_if_idle(self) -> None:
        if not self._jobs:
            self._asked.clear()
            if self._run is not None and not self._run.waiting:
                self._run = None

    @Slot(str)
    def _heed(self, _text: str) -> None:
        if self._engine is not None:
            self.device_label = self._engine.device_label
        self.changed.emit()

    def _indices(self, span: Span) -> range:
        if self._source is None:
            return range(0)
        return tile_indices(span, self._source.recording)

    def _key(self, request: TileRequest) -> Hashable:
        identity = self._source.recording.identity if self._source is not None else ""
        return (identity, self._backend.hash if self._backend is not None else "", request)


def _say_nothing(_: Failure) -> None:
    """Nobody asked yet."""


def tile_indices(span: Span, recording: Recording) -> range:
    """Indices of the tiles that touch a span of a recording."""
    inside = span.clipped_to(recording.span)
    first = int(inside.start // TILE_SECONDS)
    last = -int(-inside.stop // TILE_SECONDS) if inside.duration > 0 else first
    return range(first, last)


def _tile_span(index: int) -> Span:
    return Span(index * TILE_SECONDS, (index + 1) * TILE_SECONDS)


def _after(page: Span) -> Span:
    return Span(page.stop, page.stop + page.duration)
