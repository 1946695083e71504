"""The session: one recording, one view of it, and everything that is computed for that view."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from neuroflow.anatomy.implant import Contact
from neuroflow.errors import FileProblem, NeuroflowError
from neuroflow.inference.tile import Tile
from neuroflow.jobs import Control
from neuroflow.recording import Recording, Samples, SignalSource, Span
from neuroflow.review import Left
from neuroflow.signal.filters import Filters
from neuroflow.signal.montage import Row
from neuroflow.signal.orderstatistics import EXACT, Calibration
from neuroflow_review.kinds import own_filters
from neuroflow_review.lanes import Failure, Job, Lane, Lanes
from neuroflow_review.session.analysis import trend
from neuroflow_review.session.backend import Backend, InstalledModel
from neuroflow_review.session.blinded import Blinded
from neuroflow_review.session.comparison import Comparison
from neuroflow_review.session.depth import DepthPage, DepthRequest, load_depth
from neuroflow_review.session.export import run_export
from neuroflow_review.session.mapping import ChannelMapping
from neuroflow_review.session.marks import Kept, Marks, reviews_folder
from neuroflow_review.session.montages import Montages
from neuroflow_review.session.page import PageData, PageRequest, load_page, shown_rows
from neuroflow_review.session.reconstruction import Reconstruction
from neuroflow_review.session.remembered import as_left, first_shafts, initial_state, left_here, remember
from neuroflow_review.session.spectra import Spectra
from neuroflow_review.session.spectrum import PageSpectra
from neuroflow_review.session.spikes import Spikes
from neuroflow_review.session.state import AFRESH, ROWS, Store, ViewState
from neuroflow_review.session.topography import Topographies
from neuroflow_review.session.trends import Trends
from neuroflow_review.settings import Settings

if TYPE_CHECKING:
    from neuroflow.export import Dataset, ExportReport, ExportRequest

_KEPT_PAGES = 8
_PAGE, _AHEAD, _TREND = 0, 10, 30
_PAGE_FIELDS = ("start", "seconds", *ROWS, "filters", "filters_on", "kinds")
_ANALYSED = ("start", "seconds", *ROWS, "samples", "seed", "blinded")
_DEPTH_FIELDS = ("start", "seconds", "shafts", "depth_filters", "sample", "withheld_shown", "blinded")


class Session(QObject):
    """Owns the lanes. Lives in the GUI thread, and never reads a file or runs a model in it."""

    opening = Signal(str)
    opened = Signal(object)
    """The Recording that was opened, or None when it was closed."""
    open_failed = Signal(object)
    page_ready = Signal(object)
    page_failed = Signal(str)
    depth_ready = Signal(object)
    """A DepthPage, or None where nothing of the page is reconstructed."""
    model_changed = Signal()
    trend_ready = Signal(object)
    cursor_moved = Signal(object)
    noticed = Signal(str)
    trouble = Signal(object)
    """A Failure that belongs in front of the reader."""

    def __init__(
        self,
        settings: Settings | None = None,
        parent: QObject | None = None,
        *,
        make_backend: Callable[[], Backend] = InstalledModel,
        reviews: Path | None = None,
        trends: Path | None = None,
    ) -> None:
        super().__init__(parent)
        self.settings = settings or Settings()
        self.lanes = Lanes(self)
        self.mapping = ChannelMapping(self.settings.folder)
        self.montages = Montages(self.settings.folder, self.lanes.save, self)
        self.store = Store(initial_state(self.settings, self.montages), self)
        self.reconstruction = Reconstruction(self.lanes.flow, self.lanes.fetch, self)
        self.spikes = Spikes(self.lanes.detect, self)
        self.spectra = Spectra(self.lanes.spectrogram, self)
        self.page_spectra = PageSpectra(self.lanes.map, self)
        self.comparison = Comparison(self.lanes.read, self)
        self.topographies = Topographies(self.lanes.map, self)
        self.trends = Trends(self.lanes.trend, trends, self)
        self.marks = Marks(self.lanes, reviews or reviews_folder(), self.settings, self._left_here, self)
        self.blinded = Blinded(self)
        self.source: SignalSource | None = None
        self.rows: tuple[Row, ...] = ()
        self.page: PageData | None = None
        self.depth: DepthPage | None = None
        self.model_problem: NeuroflowError | None = None
        self._make_backend = make_backend
        self._exports = itertools.count()
        self._columns = 1000
        self._pages: OrderedDict[PageRequest, PageData] = OrderedDict()
        self._opening: Lane | None = None
        self._depth_busy = self._page_busy = False
        self._wished: float | None = None
        self._cursor: float | None = None
        self.store.changed.connect(self._on_state)
        self.lanes.failed.connect(self._on_failure)
        self.reconstruction.tile_ready.connect(self._on_tile)
        self.reconstruction.noticed.connect(self.noticed)
        self.reconstruction.trouble.connect(self._on_failure)
        self.spikes.found.connect(self._on_spike_found)
        self.comparison.changed.connect(self._ask_truth)
        self.comparison.failed.connect(self._on_failure)
        self.marks.channel_set.connect(self._on_channel_set)
        self.marks.noticed.connect(self.noticed)
        self.marks.failed.connect(self._on_failure)

    # The recording and the model --------------------------------------------------------------------------------------

    @property
    def state(self) -> ViewState:
        return self.store.state

    @property
    def recording(self) -> Recording | None:
        return self.source.recording if self.source is not None else None

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """Contacts of the model, empty where there is none."""
        backend = self.reconstruction.backend
        return backend.contacts if backend is not None else ()

    @property
    def calibration(self) -> Calibration:
        """How often the model's bands held, as its card says."""
        backend = self.reconstruction.backend
        return backend.card.calibration if backend is not None and backend.card is not None else EXACT

    @property
    def busy(self) -> bool:
        """Whether something of the visible page is still on its way."""
        return bool(
            self._opening is not None
            or self._page_busy
            or self._depth_busy
            or self.spectra.busy
            or self.spikes.busy
            or self.comparison.busy
            or self.topographies.busy
            or self.page_spectra.busy
        )

    def load_model(self) -> None:
        """Read the model's card and weights in the background; torch waits until something is reconstructed."""
        self.lanes.flow.submit("model", lambda _: self._make_backend(), done=self._on_model, failed=self._on_no_model)

    def open(self, path: Path | str, at: float | None = None) -> None:
        """Open a recording in the background, at a time of it; ``opened`` or ``open_failed`` follows."""
        self._stop_opening()
        # A lane of its own: a file on a dead drive must not keep the next one from opening.
        lane = self._opening = Lane("open", self, stallable=True)
        self.opening.emit(str(path))
        lane.submit(
            "open",
            partial(_open, Path(path), self.marks, self.mapping),
            done=partial(self._on_opened, at),
            failed=self._on_open_failed,
        )

    def close_recording(self) -> None:
        self._adopt(None, None, AFRESH)
        self.opened.emit(None)

    def shut_down(self) -> None:
        """Cancel everything and join every lane; nothing is delivered afterwards."""
        remember(self.state, self.settings)
        self._stop_opening()
        self.marks.leave()
        self.lanes.close()
        for source in (self.source, self.comparison.source):
            if source is not None:
                source.close()
        self.source = self.comparison.source = None

    def _stop_opening(self) -> None:
        if self._opening is not None:
            self._opening.close()
            self._opening.join()
            self._opening.deleteLater()
            self._opening = None

    def _on_opened(self, at: float | None, found: tuple[SignalSource, Kept]) -> None:
        self._stop_opening()
        source, kept = found
        now = self.recording
        again = now is not None and now.path == source.recording.path
        left = self.marks.left_again(kept) if again else kept.review.left
        selection = self.state.selection if again else None
        fresh = as_left(left, source.recording, self.montages) | {"selection": selection}
        self._adopt(source, kept, fresh, again)
        self.settings.add_recent(source.recording.path)
        self.settings.set("files.folder", str(source.recording.path.parent)[:1024])
        self.settings.save()
        start = self._clamped(at if at is not None else left.start if left is not None else 0.0)
        self.store.update(start=start, **fresh)
        self._choose_channel()
        self.opened.emit(source.recording)
        if self.state.bad and not again and not kept.review.notice:
            self.noticed.emit(f"Set aside, as it was left: {', '.join(sorted(self.state.bad))}.")
        self._ask_everything()
        self._ask_trend()

    def _on_open_failed(self, failure: Failure) -> None:
        self._stop_opening()
        self.open_failed.emit(failure)

    def _adopt(
        self, source: SignalSource | None, kept: Kept | None, fresh: Mapping[str, Any], again: bool = False
    ) -> None:
        self.marks.flush()  # while what was reconstructed is still known
        self.lanes.read.cancel(lambda job: not again or job.key != "comparison")
        self.lanes.bands.cancel()
        (self.comparison.forget_page if again else self.comparison.close)()
        self.spectra.forget()
        self.topographies.forget()
        self.page_spectra.forget()
        self.trends.forget()
        old, self.source = self.source, source
        self._pages.clear()
        self.page = self.depth = None
        self._page_busy = self._depth_busy = False
        self._cursor = None
        self.rows = shown_rows(source.recording, replace(self.state, **fresh)) if source is not None else ()
        self.lanes.awaiting_page(bool(self.rows))
        self.reconstruction.set_source(source)
        self.spikes.set_source(source)
        self.marks.adopt(source.recording if source is not None else None, kept)
        if old is not None:
            old.close()

    def _on_model(self, backend: Backend) -> None:
        self.model_problem = None
        shafts = tuple(dict.fromkeys(c.shaft for c in backend.contacts))
        self.reconstruction.set_recipe(self.state.samples, self.state.seed)
        self.reconstruction.set_device(self.state.device)
        self.reconstruction.set_backend(backend)
        if not set(self.state.shafts) & set(shafts):
            self.store.update(shafts=first_shafts(shafts))
        self.model_changed.emit()

    def _on_no_model(self, failure: Failure) -> None:
        error = failure.error
        if not isinstance(error, NeuroflowError):
            self.trouble.emit(failure)
            error = NeuroflowError("The model could not be loaded; install the program again.", str(error))
        self.model_problem = error
        self.model_changed.emit()

    # Intents of the reader --------------------------------------------------------------------------------------------

    def go_to(self, start: float) -> None:
        """Turn to the page that starts at a time, as far as the recording has one."""
        self.store.update(start=self._clamped(start))

    def show_time(self, time: float) -> None:
        """Bring a moment to the middle of the page and put the cursor on it."""
        if not self.state.span.start <= time < self.state.span.stop:
            self.go_to(time - self.state.seconds / 2)
        self.set_cursor(time)

    def turn(self, pages: float) -> None:
        self.lanes.turning()
        self.go_to(self.state.start + pages * self.state.seconds)

    def set_cursor(self, time: float | None) -> None:
        if time != self._cursor:
            self._cursor = time
            self.cursor_moved.emit(time)

    @property
    def cursor(self) -> float | None:
        return self._cursor

    def set_seconds(self, seconds: float) -> None:
        """Another time base; the middle of the page stays where it is."""
        centre = self.state.start + self.state.seconds / 2
        recording = self.recording
        longest = max(recording.duration, 1.0) if recording is not None else seconds
        start = max(min(centre - seconds / 2, longest - seconds), 0.0)
        self.store.update(seconds=seconds, start=start if recording is not None else 0.0)

    def set_columns(self, columns: int) -> None:
        """How many device pixels the time axis has."""
        if columns != self._columns and columns > 0:
            self._columns = columns
            self._ask_page()

    def toggle_bad(self, name: str) -> None:
        """Set a channel aside, or take it back."""
        aside = name not in self.state.bad
        if not self.marks.set_aside(name, aside):
            self._on_channel_set(name, aside)

    def _on_channel_set(self, name: str, aside: bool) -> None:
        if self.recording is not None and any(c.name == name for c in self.recording.channels):  # not mapped since
            self.store.update(bad=self.state.bad | {name} if aside else self.state.bad - {name})

    def reconstruct_page(self) -> None:
        self._reconstruct(partial(self.reconstruction.ask_page, follow=self.settings.get("reconstruction.follow")))

    def reconstruct_selection(self) -> None:
        if self.state.selection is not None:
            self._reconstruct(partial(self.reconstruction.ask_span, self.state.selection, "selection"))

    def reconstruct_everything(self) -> None:
        if self.recording is not None:
            self._reconstruct(partial(self.reconstruction.ask_span, self.recording.span, "whole recording"))

    def _reconstruct(self, ask: Callable[..., None]) -> None:
        self.reconstruction.set_device(self.state.device)
        self.reconstruction.set_page(self.state.span)
        ask(excluded=self.state.bad)
        self._ask_depth()
        self._ask_spikes()  # with channels set aside since, the rules are others

    def start_export(
        self, request: ExportRequest, target: Path | Dataset, done: Callable[[ExportReport], None],
        progress: Callable[[float], None], failed: Callable[[Failure], None],
    ) -> Job:  # fmt: skip
        """Export in the background, one after the other; callbacks come in the GUI thread."""
        work, backend, source = self.reconstruction, self.reconstruction.backend, self.source
        if backend is None or source is None:
            raise ValueError("there is nothing to export")
        run = partial(run_export, source, backend, work.tile_for_export, lambda: work.device_label_now, request, target)
        key = ("export", next(self._exports))
        return self.lanes.export.submit(key, run, done=done, progress=progress, failed=failed)

    def next_spike(self, direction: int) -> None:
        """Go to the next (1) or previous (-1) proposed spike; scalp not looked at yet is looked at on the way."""
        self.spikes.next(self._position(direction), direction)

    def next_event(self, direction: int) -> bool:
        """Go to the next or previous annotation or mark; false where there is none."""
        recording = self.recording
        if recording is None:
            return False
        here = self._position(direction)
        onsets = [*(a.onset for a in recording.annotations), *(m.start for m in self.marks.all)]
        times = sorted(onsets, reverse=direction < 0)
        target = next((t for t in times if (t - here) * direction > 1e-3), None)
        if target is not None:
            self.show_time(min(max(target, 0.0), recording.duration))
        return target is not None

    def _left_here(self) -> Left:
        return left_here(self.state, self.reconstruction)

    @property
    def reader(self) -> str:
        """Who reads; empty where nobody said so."""
        return str(self.settings.get("reader.name"))

    def _position(self, direction: int) -> float:
        """Where a search starts: the cursor where it is on the page, else the page's near edge."""
        span = self.state.span
        if self._cursor is not None and span.start <= self._cursor < span.stop:
            return self._cursor
        return span.start - 1e-6 if direction > 0 else span.stop

    def _on_spike_found(self, time: float | None) -> None:
        if time is None:
            self.noticed.emit("No further spike in that direction.")
        else:
            self.show_time(time)

    def _clamped(self, start: float) -> float:
        recording = self.recording
        if recording is None:
            return 0.0
        return min(max(start, 0.0), max(recording.duration - self.state.seconds, 0.0))

    # What follows from a change of view -------------------------------------------------------------------------------

    def _on_state(self, old: ViewState, new: ViewState) -> None:
        def changed(*names: str) -> bool:
            return any(getattr(old, n) != getattr(new, n) for n in names)

        if self.source is None:
            if changed("samples", "seed"):
                self.reconstruction.set_recipe(new.samples, new.seed)
            return
        if changed(*ROWS):
            self.rows = shown_rows(self.source.recording, new)
            self._choose_channel()
            self.marks.view_changed()
        if changed("bad"):
            self.reconstruction.set_excluded(new.bad)
        if changed("samples", "seed"):
            self.reconstruction.set_recipe(new.samples, new.seed)
            if new.sample is not None and new.sample >= new.samples:
                self.store.update(sample=None)
        if changed(*_PAGE_FIELDS):
            self._ask_page()
        if changed("start", "seconds"):
            self.reconstruction.set_page(new.span)
        if changed(*_DEPTH_FIELDS, "samples", "seed"):
            self._ask_depth()
            self._ask_truth()
        if changed(*_ANALYSED, "spikes_shown", "spike_sensitivity"):
            self._ask_spikes()
        if changed(*_ANALYSED, "channel", "reconstructed", "withheld_shown"):
            self._ask_spectrogram()

    def _choose_channel(self) -> None:
        state = self.state
        if state.reconstructed and any(c.name == state.channel for c in self.contacts):
            return
        if not any(row.label == state.channel for row in self.rows):
            first = next((row.label for row in self.rows if row.kind == "EEG"), None)
            self.store.update(channel=first or (self.rows[0].label if self.rows else ""), reconstructed=False)

    def _ask_everything(self) -> None:
        self.reconstruction.set_page(self.state.span)
        self._ask_page()
        self._ask_depth()
        self._ask_truth()
        self._ask_spikes()
        self._ask_spectrogram()

    def _page_request(self, start: float) -> PageRequest:
        assert self.source is not None
        state = self.state
        identity, span = self.source.recording.identity, Span(start, start + state.seconds)
        return PageRequest(identity, span, self.rows, state.applied, self._columns, own_filters(state.kinds))

    def _ask_page(self) -> None:
        if self.source is None or not self.rows:
            return
        request = self._page_request(self.state.start)
        known = self._pages.get(request)
        if known is not None:
            self.lanes.read.cancel(lambda job: job.key == "page")
            self._show_page(known)
        else:
            self._page_busy = True
            work = partial(load_page, self.source, request)
            self.lanes.read.submit("page", work, priority=_PAGE, done=self._on_page, failed=self._on_page_failed)
        for key, step in (("page ahead", 1), ("page behind", -1)):
            ahead = self._page_request(self._clamped(self.state.start + step * self.state.seconds))
            if ahead != request and ahead not in self._pages:
                work = partial(load_page, self.source, ahead)
                self.lanes.read.submit(key, work, priority=_AHEAD, done=self._keep_page, failed=_ignore)

    def _on_page(self, page: PageData) -> None:
        self._keep_page(page)
        self._show_page(page)

    def _show_page(self, page: PageData) -> None:
        self._pages.move_to_end(page.request)
        self._page_busy = False
        self.page = page
        self.page_ready.emit(page)
        self.lanes.awaiting_page(False)
        # With the page on screen there is time to load torch: the first reconstruction then starts at once.
        self.reconstruction.warm_up()

    def _keep_page(self, page: PageData) -> None:
        self._pages[page.request] = page
        self._pages.move_to_end(page.request)
        while len(self._pages) > _KEPT_PAGES:
            self._pages.popitem(last=False)

    def _on_page_failed(self, failure: Failure) -> None:
        self._page_busy = False
        self.lanes.awaiting_page(False)
        error = failure.error
        text = error.text if isinstance(error, NeuroflowError) else "This page could not be drawn."
        self.page_failed.emit(text)
        if not isinstance(error, NeuroflowError):
            self.trouble.emit(failure)

    # The reconstruction of the page -----------------------------------------------------------------------------------

    def shown_contacts(self) -> tuple[int, ...]:
        """Indices of the contacts on the shafts that are shown."""
        shafts = set(self.state.shafts)
        return tuple(i for i, c in enumerate(self.contacts) if c.shaft in shafts)

    def shown_tiles(self, span: Span) -> tuple[Tile, ...]:
        """The tiles that touch a span as they may be shown: with nothing withheld where the reader asked for all."""
        tiles, asked = self.reconstruction.tiles_of(span), self.state.withheld_shown
        return tuple(replace(t, withheld=()) if asked and t.withheld else t for t in tiles if asked or not t.hidden)

    def values_at(self, contact: int, time: float) -> Samples | None:
        """The samples (sample,) of a contact at a time, volts, as they were drawn; None where none are shown."""
        for tile in self.shown_tiles(Span(time, time + 1e-3)):
            k = round((time - tile.span.start) * tile.rate)
            if 0 <= k < tile.samples.shape[-1]:
                return tile.known([contact])[:, 0, k]
        return None

    def _on_tile(self, tile: Tile) -> None:
        around = self.state.span.widened(self.state.seconds)
        self._ask_spikes(tile)
        if tile.span.overlaps(around):
            self._ask_depth()
            self._ask_spectrogram()

    def _ask_depth(self) -> None:
        state = self.state
        filtered = state.depth_filters != Filters(None, None, None)
        around = state.span.widened(10.0) if filtered else state.span
        tiles = self.shown_tiles(around)
        contacts = self.shown_contacts()
        if not contacts or not any(t.span.overlaps(state.span) for t in tiles):
            self.lanes.bands.cancel()
            self._depth_busy = False
            self.depth = None
            self.depth_ready.emit(None)
            return
        self._depth_busy = True
        request = DepthRequest(state.span, tiles, contacts, state.depth_filters, state.sample, self.calibration)
        self.lanes.bands.submit("bands", partial(load_depth, request), done=self._on_depth)

    def _on_depth(self, page: DepthPage | None) -> None:
        self._depth_busy = False
        self.depth = page
        self.depth_ready.emit(page)

    def _ask_truth(self) -> None:
        backend = self.reconstruction.backend
        if backend is None or self.comparison.source is None:
            return
        names = [self.contacts[i].name for i in self.shown_contacts()]
        card = backend.card
        band = card.band if card is not None else (0.5, backend.rate * 0.48)
        self.comparison.ask(names, self.state.span, band)

    def _ask_spikes(self, *also: Tile) -> None:
        state = self.state
        self.spikes.set_rules(self.rows, state.spike_sensitivity, state.proposals_shown, self.reconstruction.recipe)
        tiles = (*self.reconstruction.tiles_of(state.span), *also)
        self.spikes.look(state.span, tiles, tuple(c.name for c in self.contacts))

    def _ask_spectrogram(self) -> None:
        state = self.state
        if self.source is None:
            return
        if state.reconstructed:
            contact = next((i for i, c in enumerate(self.contacts) if c.name == state.channel), None)
            if contact is not None:
                tiles = self.shown_tiles(state.span.widened(1.0))
                on_page = any(p.overlaps(state.span) and not held for t in tiles for p, held in t.parts())
                why = "" if on_page else self.reconstruction.why_nothing(state.span)
                self.spectra.ask_depth(tiles if on_page else (), contact, state.channel, state.span, why)
            return
        row = next((r for r in self.rows if r.label == state.channel), None)
        if row is not None:
            self.spectra.ask_scalp(self.source, row, state.span)

    def _ask_trend(self) -> None:
        if self.source is not None:
            recording = self.source.recording
            found = recording.eeg or tuple(c for c in recording.channels if c.is_voltage and c.rate > 1.0)
            channels = found[:: max(len(found) // 4, 1)][:4]
            if not channels:
                return
            work, told = partial(trend, self.source, channels), self.lanes.read.tell_unforeseen
            self.lanes.read.submit("trend", work, priority=_TREND, partial=self.trend_ready.emit, failed=told)

    # Errors and leaving -----------------------------------------------------------------------------------------------

    def _on_failure(self, failure: Failure) -> None:
        if failure.lane in ("bands",):
            self._depth_busy = False
        if failure.lane == "spectrogram":
            self.spectra.forget()
        if isinstance(failure.error, FileProblem) and failure.lane in ("detect", "spectrogram", "map", "trend"):
            self.noticed.emit(failure.error.text)  # the page itself says it too, at every turn: no dialog
            return
        self.trouble.emit(failure)


def _open(path: Path, marks: Marks, mapping: ChannelMapping, control: Control) -> tuple[SignalSource, Kept]:
    from neuroflow.io import open_recording

    source = mapping.applied(open_recording(path))
    control.checkpoint()
    return source, marks.read(source.recording)


def _ignore(_: Failure) -> None:
    """What was only read ahead fails again, with a sentence, if the reader gets there."""
