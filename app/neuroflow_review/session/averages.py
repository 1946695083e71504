"""Averages of accepted discharges by focus: which are averaged, how they are aligned, and what is left out.

The focus of a discharge is an electrode of the channel on which it was accepted: of a derivation of two, the one at
which the discharges of that channel are larger in average reference. A channel that is at no electrode, such as a
derivation that the file holds itself, is a focus of its own, without a map. Each discharge is aligned to the peak of
its focus, at most :data:`REACH` from where it was accepted; discharges of one focus to peaks of one polarity.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from neuroflow.jobs import Control
from neuroflow.recording import ChannelKind, Recording, SignalSource, Span
from neuroflow.signal.averaging import Averager, Mean, deflections, peak, polarity
from neuroflow.signal.filters import Filters
from neuroflow.signal.montage import Row
from neuroflow.units import MICROVOLT
from neuroflow_review.display import filter_words
from neuroflow_review.lanes import Failure, Lane
from neuroflow_review.session.origin import PROGRAM
from neuroflow_review.session.page import read_derived, shown_montage
from neuroflow_review.session.session import Session
from neuroflow_review.session.state import ViewState
from neuroflow_review.session.topography import FEWEST, PIXELS, placed_rows

HALF = 0.5
"""Seconds either side of the peak."""
REACH = 0.05
"""Seconds from where a discharge was accepted to the peak that it is aligned to."""

GAP, BAD, NOWHERE, FAR = "gap", "bad", "nowhere", "reconstructed"
"""Why a discharge is left out."""

COLUMNS = ("focus", "discharges", "signal", "time_s", "mean_uV", "standard_error_uV", "filters", "program", "input")
_WAIT_MS = 300
_FIELDS = ("montage", "filters", "filters_on", "bad")


@dataclass(frozen=True, slots=True)
class AverageRequest:
    """What fixes averages: time (s) and channel of each accepted discharge, rows of the montage, filters.

    ``far`` is how many were accepted on reconstructed contacts.
    """

    discharges: tuple[tuple[float, str], ...]
    far: int
    montage: str
    rows: tuple[Row, ...]
    filters: Filters
    bad: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class HeadMap:
    """A map (row, column) in volts, NaN outside the head; values at electrodes, and their ``places`` (electrode, 2)."""

    picture: NDArray[np.float64]
    values: NDArray[np.float64]
    places: NDArray[np.float64]
    sites: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FocusAverage:
    """The average of one focus: rows of the montage (row, time) in volts, ``times`` (s) from the peak, and its map.

    ``head`` is None where too few electrodes have a place.
    """

    site: str
    rows: tuple[Row, ...]
    times: NDArray[np.float64]
    traces: Mean
    head: HeadMap | None

    @property
    def title(self) -> str:
        count = self.traces.count
        return f"average of {count} accepted discharges, {self.site}" if count > 1 else f"one discharge, {self.site}"


@dataclass(frozen=True, slots=True, eq=False)
class Averages:
    """The foci, the one with most discharges first, and how many discharges were left out for what."""

    request: AverageRequest
    foci: tuple[FocusAverage, ...]
    left_out: Counter[str]


def request_of(session: Session) -> AverageRequest:
    """What would be averaged now."""
    accepted = [m for m in session.marks.all if m.decision == "accepted"]
    recorded = tuple((m.start, m.channel) for m in accepted if not m.reconstructed)
    state = session.state
    rows = tuple(row for row in session.rows if row.kind == "EEG" and not row.bad)
    recording = session.recording
    montage = shown_montage(recording, state) if recording is not None else state.montage
    return AverageRequest(recorded, len(accepted) - len(recorded), montage, rows, state.applied, state.bad)


def electrodes_of(channel: str, recording: Recording) -> tuple[str, ...]:
    """Sites of the electrodes that a channel's label names, as far as the recording has them: ``F7–T3`` has two."""
    there = {c.site: c.site for c in recording.eeg} | {c.name: c.site for c in recording.eeg}
    named = (channel,) if channel in there else channel.replace("-", "–").split("–")
    return tuple(dict.fromkeys(site for part in named if (site := there.get(part)) is not None))


def _unplaced(channel: str, recording: Recording) -> tuple[str, ...]:
    """The EEG channel at no electrode that a label names: ``Fp1–F7`` where the file holds ``Fp1-F7``."""
    name = channel.replace("–", "-")
    unplaced = (c.name for c in recording.channels if c.kind is ChannelKind.EEG and c.site is None)
    return (name,) if name in unplaced else ()


def compute_averages(source: SignalSource, request: AverageRequest, control: Control) -> Averages:
    """Find the focus and the peak of each discharge, then average. Raises: FileProblem, Cancelled.

    All rows are read together, at the rate that most of the electrodes have.
    """
    left_out = Counter({FAR: request.far} if request.far else {})
    scalp = placed_rows(source.recording, request.bad)
    wanted = _eligible(source.recording, request, frozenset(site for _, site, _ in scalp), left_out)
    at_site = {site: row for row, site, _ in scalp}
    for name in {name for _, _, sites in wanted for name in sites} - set(at_site):
        at_site[name] = Row(name, ((name, 1.0),), "other", 0)
    seen: list[_Seen] = []
    for k, (time, channel, sites) in enumerate(wanted):
        control.checkpoint(0.5 * k / len(wanted))
        rows = [at_site[site] for site in sites]
        found = _look(source, rows, time, channel, sites, request.filters, control)
        if found is not None:
            seen.append(found)
    rows = [*(row for row, _, _ in scalp), *request.rows]
    foci, done = [], 0
    for site, peaks in _peaks_by_focus(seen).items():
        total: Averager | None = None
        for time, rate in peaks:
            control.checkpoint(0.5 + 0.5 * done / len(seen))
            done += 1
            epoch = _cut(source, rows, time, rate, request.filters, control)
            if epoch is not None:
                total = total or Averager(epoch.shape)
                total.add(epoch)
        if total is not None:
            foci.append(_focus(site, scalp, request.rows, total.result(), peaks[0][1]))
    foci.sort(key=lambda focus: -focus.traces.count)
    left_out[GAP] = len(wanted) - sum(focus.traces.count for focus in foci)
    return Averages(request, tuple(foci), +left_out)


def _eligible(
    recording: Recording, request: AverageRequest, placed: frozenset[str], left_out: Counter[str]
) -> list[tuple[float, str, tuple[str, ...]]]:
    """Time, channel and electrodes of the discharges on good electrodes with a place, or on a channel at none."""
    struck = {c.site for c in recording.eeg if c.name in request.bad}
    wanted = []
    for time, channel in request.discharges:
        sites = electrodes_of(channel, recording)
        own = _unplaced(channel, recording) if not sites else ()
        if struck & set(sites) or request.bad & set(own):
            left_out[BAD] += 1
        elif own:
            wanted.append((time, channel, own))
        elif not sites or not placed >= set(sites):
            left_out[NOWHERE] += 1
        else:
            wanted.append((time, channel, sites))
    return wanted


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A discharge at the ``sites`` of its channel: (electrode, time) around it, and the sample at which it lies."""

    time: float
    channel: str
    sites: tuple[str, ...]
    traces: NDArray[np.float64]
    centre: int
    reach: int
    rate: float


def _look(
    source: SignalSource, rows: Sequence[Row], time: float, channel: str, sites: tuple[str, ...], filters: Filters,
    control: Control,
) -> _Seen | None:  # fmt: skip
    """None where a sample is missing."""
    around = HALF + REACH
    data, rate, start = read_derived(source, rows, Span(time - around, time + around), filters, control)
    centre, reach = round((time - start) * rate), round(REACH * rate)
    half = round(around * rate)
    traces = data[:, centre - half : centre + half + 1].astype(np.float64)
    if centre < half or traces.shape[1] < 2 * half + 1 or not np.isfinite(traces).all():
        return None
    return _Seen(time, channel, sites, traces, half, reach, rate)


def _peaks_by_focus(seen: Sequence[_Seen]) -> dict[str, list[tuple[float, float]]]:
    """Of each focus its discharges: the time of the peak at that electrode, and the rate of its samples."""
    channels: dict[str, list[_Seen]] = {}
    for one in seen:
        channels.setdefault(one.channel, []).append(one)
    foci: dict[str, list[tuple[_Seen, int]]] = {}
    for many in channels.values():
        sizes = [deflections(one.traces, one.centre, one.reach).max(axis=-1) for one in many]
        index = int(np.argmax(np.mean(sizes, axis=0)))
        foci.setdefault(many[0].sites[index], []).extend((one, index) for one in many)
    return {site: _peaks(chosen) for site, chosen in foci.items()}


def _peaks(chosen: Sequence[tuple[_Seen, int]]) -> list[tuple[float, float]]:
    first = chosen[0][0]
    sign = polarity(np.stack([one.traces[k] for one, k in chosen]), first.centre, first.reach)
    return [
        (one.time + (peak(one.traces[k], one.centre, one.reach, sign) - one.centre) / one.rate, one.rate)
        for one, k in chosen
    ]


def _cut(
    source: SignalSource, rows: Sequence[Row], time: float, rate: float, filters: Filters, control: Control
) -> NDArray[np.float64] | None:
    """All rows (row, time), as many samples either side of a peak; None where one is missing."""
    around = Span(time - HALF - 2 / rate, time + HALF + 2 / rate)
    data, _, start = read_derived(source, rows, around, filters, control)
    centre, half = round((time - start) * rate), round(HALF * rate)
    cut = data[:, centre - half : centre + half + 1].astype(np.float64)
    return cut if cut.shape[1] == 2 * half + 1 and np.isfinite(cut).all() else None


def _focus(
    site: str, scalp: Sequence[tuple[Row, str, NDArray[np.float64]]], rows: tuple[Row, ...], mean: Mean, rate: float
) -> FocusAverage:  # fmt: skip
    from neuroflow.signal.topography import disc, flattened, spline_weights

    many, half = len(scalp), mean.mean.shape[1] // 2
    times = np.arange(-half, half + 1) / rate
    traces = Mean(mean.count, mean.mean[many:], mean.error[many:])
    head = None
    if many >= FEWEST:
        directions = np.array([direction for _, _, direction in scalp])
        targets, inside = disc(PIXELS)
        values = mean.mean[:many, half]
        picture = np.full(inside.shape, np.nan)
        picture[inside] = spline_weights(directions, targets) @ values
        head = HeadMap(picture, values, flattened(directions), tuple(name for _, name, _ in scalp))
    return FocusAverage(site, rows, times, traces, head)


def table_of(averages: Averages, origin: str) -> str:
    """CSV: mean and standard error of every row of every focus, in microvolts as recorded, positive up.

    ``origin`` says the hash of the recording.
    """
    whence = filter_words(averages.request.filters), PROGRAM, origin
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for focus in averages.foci:
        count = focus.traces.count
        for row, mean, error in zip(focus.rows, focus.traces.mean, focus.traces.error, strict=True):
            table.writerows(
                (focus.site, count, row.label, f"{t:.6f}", f"{m / MICROVOLT:.4f}",
                 f"{e / MICROVOLT:.4f}" if np.isfinite(e) else "", *whence)
                for t, m, e in zip(focus.times.tolist(), mean.tolist(), error.tolist(), strict=True)
            )  # fmt: skip
    return out.getvalue()


class Averaging(QObject):
    """Averages in the background whenever what they are of has changed, and for as long as somebody looks.

    ``started``; then ``progressed`` with a share, and ``ready`` with :class:`Averages` or ``failed`` with a Failure.
    """

    started = Signal()
    progressed = Signal(float)
    ready = Signal(object)
    failed = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.lane = Lane("averages", self, stallable=True, background=True)
        self._asked: AverageRequest | None = None
        self._due = QTimer(self)
        self._due.setSingleShot(True)
        self._due.setInterval(_WAIT_MS)
        self._due.timeout.connect(self.ask)
        session.marks.changed.connect(self._due.start)
        session.store.changed.connect(self._on_state)

    def ask(self) -> None:
        """Average what is accepted now, unless that is what was asked for last."""
        source, request = self._session.source, request_of(self._session)
        if source is None or request == self._asked:
            return
        self._asked = request
        self.started.emit()
        work = partial(compute_averages, source, request)
        self.lane.submit(
            "averages", work, done=self.ready.emit, progress=self.progressed.emit, failed=self.failed.emit
        )  # fmt: skip

    def stop(self) -> None:
        """Give up what is being computed; :meth:`ask` begins it anew."""
        self._due.stop()
        self.lane.cancel(lambda job: job.key == "averages")
        self._asked = None

    def close(self) -> None:
        """Nobody looks any more."""
        self._due.stop()
        self._session.marks.changed.disconnect(self._due.start)
        self._session.store.changed.disconnect(self._on_state)
        self.lane.close()
        self.lane.join()

    def _on_state(self, old: ViewState, new: ViewState) -> None:
        if any(getattr(old, name) != getattr(new, name) for name in _FIELDS):
            self._due.start()


def failure_words(failure: Failure) -> str:
    """What to say of a failure."""
    from neuroflow.errors import NeuroflowError

    error = failure.error
    if isinstance(error, NeuroflowError):
        return error.text
    return "The averages could not be computed for a reason that the program did not foresee."
