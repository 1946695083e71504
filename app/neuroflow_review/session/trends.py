"""Trends of a whole recording: computed in the background while they are shown, and kept for next time."""

from __future__ import annotations

import hashlib
import math
import os
import zlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from neuroflow.jobs import Control
from neuroflow.recording import SignalSource, Span
from neuroflow.signal.filters import Filters
from neuroflow.signal.montage import Row
from neuroflow.signal.trends import (
    EPOCH_SECONDS,
    FREQUENCIES,
    REGIONS,
    aeeg_amplitude,
    asymmetry,
    binned,
    margins,
    multitaper,
)
from neuroflow_review.lanes import Failure, Lane
from neuroflow_review.session.analysis import CHUNK_SECONDS, Spike, grouped, scalp_spikes
from neuroflow_review.session.numerics import scipy_calls
from neuroflow_review.session.page import read_derived, rows_of

SIDES: Final = ("left", "right")
AEEG: Final = ("C3–P3", "C4–P4")
_MIRROR = {"Fp1": "Fp2", "F7": "F8", "T3": "T4", "T5": "T6", "O1": "O2", "F3": "F4", "C3": "C4", "P3": "P4"}
_MOST_COLUMNS = 2400
_CONTEXT = 2.0
_SLOWEST = 25.0  # Hz, as for spikes
_YIELD_EVERY = 10
_OFF = Filters(None, None, None)
_FORMAT = 2
_KEPT_FILES = 100
_LARGEST_FILE = 64 << 20

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """Columns of equal width over a recording, NaN where nothing is known (yet, or in a gap).

    ``density`` (region, side, frequency, column) is the median over derivations of power in volts²/Hz, by the bins of
    :data:`neuroflow.signal.trends.FREQUENCIES`; ``aeeg`` (side, margin, column) lower and upper margin, peak to peak,
    in volts; ``spikes`` (column,) proposed discharges on the scalp a minute. ``done`` is the share that is computed.
    """

    column_seconds: float
    density: Array
    aeeg: Array
    spikes: Array
    done: float = 1.0

    @property
    def columns(self) -> int:
        return int(self.density.shape[-1])

    def asymmetry(self, region: str) -> NDArray[np.float64]:
        """(right − left) / (right + left) of power in 1 to 18 Hz, by column."""
        left, right = self.density[list(REGIONS).index(region)].astype(np.float64)
        return asymmetry(left.T, right.T)


def compute_trend(
    source: SignalSource, bad: frozenset[str], sensitivity: float, control: Control
) -> Generator[Trend, None, Trend]:
    """The trend of a recording, a minute at a time; yields what there is so far. Raises: FileProblem, Cancelled."""
    recording = source.recording
    rows = {r.label: r for r in rows_of(recording, "longitudinal", bad) if r.kind == "EEG" and not r.bad}
    shape = columns_of(recording.duration)
    made = _Columns(*shape)
    chunks = -(-recording.duration // CHUNK_SECONDS)
    for chunk in range(int(chunks)):
        span = Span(chunk * CHUNK_SECONDS, (chunk + 1) * CHUNK_SECONDS).clipped_to(recording.span)
        control.checkpoint(chunk / chunks)
        if rows and span.duration >= EPOCH_SECONDS:
            _add_chunk(made, source, rows, span, control)
            spikes = scalp_spikes(source, tuple(rows.values()), chunk, sensitivity, control)
            made.add_spikes(span, [time for time, _ in discharge_times(spikes)])
        if chunk % _YIELD_EVERY == _YIELD_EVERY - 1:
            yield made.trend((chunk + 1) / chunks)
    return made.trend(1.0)


def columns_of(duration: float) -> tuple[int, float]:
    """How many columns a recording has, and how many seconds each: whole epochs, and no more than a screen shows."""
    epochs = max(int(duration // EPOCH_SECONDS), 1)
    each = -(-epochs // _MOST_COLUMNS)
    return -(-epochs // each), each * EPOCH_SECONDS


def discharge_times(spikes: Sequence[Spike]) -> list[tuple[float, float]]:
    """When discharges are, and in what share of the samples: those within 0.1 s of one another are one.

    On the scalp the share is 1.
    """
    return [(group[0].time, max(s.count / s.samples if s.samples else 1.0 for s in group)) for group in grouped(spikes)]


def rate_of(spikes: Sequence[Spike], done: Sequence[Span], columns: int, seconds: float) -> NDArray[np.float64]:
    """Discharges a minute expected over the samples, by column; NaN beyond ``done``, where none was looked for.

    Each counts by the share of samples that hold it.
    """
    found, looked = np.zeros(columns), np.zeros(columns)
    edges = np.arange(columns + 1) * seconds
    for span in done:
        looked += np.clip(np.minimum(edges[1:], span.stop) - np.maximum(edges[:-1], span.start), 0.0, None)
    for time, share in discharge_times(spikes):
        found[min(max(int(time / seconds), 0), columns - 1)] += share
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(looked > 0, 60.0 * found / looked, np.nan)


class _Columns:
    """Sums by column, from which the means come."""

    def __init__(self, columns: int, seconds: float) -> None:
        self.seconds = seconds
        size = (len(REGIONS), len(SIDES), FREQUENCIES.size, columns)
        self._density, self._times = np.zeros(size), np.zeros((len(REGIONS), len(SIDES), 1, columns))
        self._aeeg, self._aeeg_times = np.zeros((len(SIDES), 2, columns)), np.zeros((len(SIDES), 1, columns))
        self._spikes, self._looked = np.zeros(columns), np.zeros(columns)

    def place(self, time: float) -> int:
        return min(int(time / self.seconds), self._spikes.size - 1)

    def add_density(self, region: int, side: int, time: float, density: NDArray[np.float64]) -> None:
        column = self.place(time)
        self._density[region, side, :, column] += density
        self._times[region, side, 0, column] += 1

    def add_aeeg(self, side: int, time: float, found: NDArray[np.float64]) -> None:
        column = self.place(time)
        self._aeeg[side, :, column] += found
        self._aeeg_times[side, 0, column] += 1

    def add_spikes(self, span: Span, times: Sequence[float]) -> None:
        for time in times:
            self._spikes[self.place(time)] += 1
        edges = np.arange(self._spikes.size + 1) * self.seconds
        overlap = np.minimum(edges[1:], span.stop) - np.maximum(edges[:-1], span.start)
        self._looked += np.clip(overlap, 0.0, None)

    def trend(self, done: float) -> Trend:
        with np.errstate(invalid="ignore", divide="ignore"):
            return Trend(
                self.seconds,
                (self._density / self._times).astype(np.float32),
                (self._aeeg / self._aeeg_times).astype(np.float32),
                np.where(self._looked > 0, 60.0 * self._spikes / self._looked, np.nan).astype(np.float32),
                done,
            )


def _add_chunk(made: _Columns, source: SignalSource, rows: dict[str, Row], span: Span, control: Control) -> None:
    around = Span(span.start - _CONTEXT, span.stop + _CONTEXT)
    labels = list(rows)
    data, rate, start = read_derived(source, list(rows.values()), around, _OFF, control)
    if rate < _SLOWEST:
        return
    present = np.isfinite(data)
    clean = np.where(present, data, np.float32(0.0)).astype(np.float64)
    length = round(EPOCH_SECONDS * rate)
    used = [label for label in AEEG if label in rows]
    amplitude = aeeg_amplitude(clean[[labels.index(label) for label in used]], rate) if used else np.empty((0, 0))
    for time in np.arange(span.start, span.stop - 0.5 * EPOCH_SECONDS, EPOCH_SECONDS):
        first = round((time - start) * rate)
        epoch = slice(first, first + length)
        whole = np.asarray(present[:, epoch].all(axis=1))
        if clean[:, epoch].shape[1] < length or not whole.any():
            continue
        with scipy_calls():
            density = binned(*multitaper(clean[:, epoch], rate))
        for r, members in enumerate(REGIONS.values()):
            for s, side in enumerate(SIDES):
                index = [labels.index(m) for m in map(partial(_on_side, side), members) if m in rows]
                index = [i for i in index if whole[i]]
                if index:
                    made.add_density(r, s, time + EPOCH_SECONDS / 2, np.median(density[index], axis=0))
        for k, label in enumerate(used):
            if whole[labels.index(label)]:
                made.add_aeeg(AEEG.index(label), time + EPOCH_SECONDS / 2, margins(amplitude[k, epoch]))
        control.checkpoint()


def _on_side(side: str, derivation: str) -> str:
    if side == "left":
        return derivation
    return "–".join(_MIRROR[site] for site in derivation.split("–"))


class Trends(QObject):
    """Computes while they are wanted; ``ready`` carries a Trend, or None where the recording has none."""

    ready = Signal(object)

    def __init__(self, lane: Lane, folder: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lane = lane
        self.wanted = False
        self.busy = False
        self.broken = False
        """Whether what was asked for could not be computed."""
        self.trend: Trend | None = None
        self._folder = folder
        self._asked: tuple[object, ...] | None = None

    def ask(self, source: SignalSource | None, bad: frozenset[str], sensitivity: float) -> None:
        """The trend of the recording that is open, unless it is there or under way."""
        asked = (id(source), bad, sensitivity)
        if not self.wanted or source is None or asked == self._asked:
            return
        self._asked, self.busy, self.broken = asked, True, False
        work = partial(_kept_or_computed, source, bad, sensitivity, self._folder)
        self.lane.submit("trend", work, partial=self._show, done=self._done, failed=self._failed)

    def stop(self) -> None:
        """Nobody looks any more; what is not done is begun anew when somebody does."""
        if self.busy or self.broken:
            self.lane.cancel()
            self._asked, self.busy, self.broken = None, False, False

    def forget(self) -> None:
        """Another recording."""
        self.lane.cancel()
        self._asked, self.busy, self.broken = None, False, False
        self._show(None)

    def _show(self, trend: Trend | None) -> None:
        self.trend = trend
        self.ready.emit(trend)

    def _done(self, trend: Trend) -> None:
        self.busy = False
        self._show(trend)

    def _failed(self, failure: Failure) -> None:
        self.busy, self.broken = False, True
        self._show(self.trend)
        self.lane.failed.emit(failure)


def trends_folder() -> Path:
    """Where trends are kept: figures of a recording, under a hash of it."""
    import platformdirs

    return platformdirs.user_cache_path("neuroflow-review", appauthor=False) / "trends"


def _kept_or_computed(
    source: SignalSource, bad: frozenset[str], sensitivity: float, folder: Path | None, control: Control
) -> Generator[Trend, None, Trend]:
    path = (folder or trends_folder()) / f"{_key(source, bad, sensitivity)}.npz"
    kept = read_kept(path, *columns_of(source.recording.duration))
    if kept is not None:
        return kept
    made = yield from compute_trend(source, bad, sensitivity, control)
    _keep(made, path)
    return made


def _key(source: SignalSource, bad: frozenset[str], sensitivity: float) -> str:
    # Which channel lies where, too: a reader may have said so since.
    where = [(c.index, c.site) for c in source.recording.eeg]
    told = (_FORMAT, source.recording.identity, where, sorted(bad), sensitivity, REGIONS)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:32]


def _keep(trend: Trend, path: Path) -> None:
    """Best effort: where nothing can be kept it is computed again, and that is all."""
    partial_path = path.with_name(f"{path.stem}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial_path.open("wb") as file:
            np.savez(file, density=trend.density, aeeg=trend.aeeg, spikes=trend.spikes)
        partial_path.replace(path)
        oldest_first = sorted(path.parent.glob("*.npz"), key=lambda p: p.stat().st_mtime)
        for old in oldest_first[:-_KEPT_FILES]:
            old.unlink(missing_ok=True)
    except OSError:
        partial_path.unlink(missing_ok=True)


def read_kept(path: Path, columns: int, seconds: float) -> Trend | None:
    """What is kept of a recording, or None where nothing is, or nothing that fits."""
    wanted: dict[str, tuple[int, ...]] = {
        "density": (len(REGIONS), len(SIDES), FREQUENCIES.size, columns),
        "aeeg": (len(SIDES), 2, columns),
        "spikes": (columns,),
    }
    try:
        if path.stat().st_size > _LARGEST_FILE:
            return None
        found: dict[str, Any] = {}
        with ZipFile(path) as kept:
            for name, shape in wanted.items():
                with kept.open(f"{name}.npy") as file:
                    # What it says of itself comes first: a small file may unfold to more than there is memory.
                    np.lib.format.read_magic(file)
                    if np.lib.format.read_array_header_1_0(file) != (shape, False, np.dtype(np.float32)):
                        return None
                    size = 4 * math.prod(shape)
                    found[name] = np.frombuffer(file.read(size), np.float32).reshape(shape)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error, NotImplementedError, RuntimeError):
        return None
    return Trend(seconds, **found)
