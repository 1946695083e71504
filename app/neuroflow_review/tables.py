"""The values of what is shown, as a table: a value a row, and what it is in words.

Voltages in microvolts as recorded, positive up; power in dB re 1 µV²/Hz, as the panels have it. Every row of a
reconstructed signal says so, and what it comes from. Events that are of no samples have no value.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroflow.flow.card import ContactMeasure
from neuroflow.jobs import Control
from neuroflow.review import BlindReading, Provenance
from neuroflow.review.blinded import Apart
from neuroflow.signal.montage import Row
from neuroflow.signal.orderstatistics import at_position, interval
from neuroflow.signal.spectrum import BANDS
from neuroflow.signal.trends import ASYMMETRY_BAND, FREQUENCIES, REGIONS
from neuroflow.units import MICROVOLT
from neuroflow_review.display import filtered_words
from neuroflow_review.session.origin import PROGRAM
from neuroflow_review.session.page import Trace
from neuroflow_review.session.report import Drawn
from neuroflow_review.session.spectra import SpectrogramPage
from neuroflow_review.session.spectrum import DepthSpectrum, ScalpSpectrum
from neuroflow_review.session.topography import BandMaps, Topography
from neuroflow_review.session.trends import AEEG, SIDES, Trend
from neuroflow_review.theme import RECONSTRUCTED
from neuroflow_review.views.events import EventRow
from neuroflow_review.views.implant import Painted
from neuroflow_review.views.inspector import AtCursor, Distribution

COLUMNS: Final = ("signal", "what", "time_s", "frequency_hz", "value", "unit", "filters")
ORIGIN: Final = ("program", "input", "model", "weights_sha256", "implant", "samples", "seed", "band_hz")
"""What a row comes from, behind its values; those of the model are empty in what was recorded."""

NOT_RECORDED: Final = "reconstructed, not recorded"
_IMPLANT = f"{NOT_RECORDED}: implant of the model"
_AS_RECORDED = frozenset(("EEG", "iEEG", "ECG", "EOG", "EMG"))
_DECIBEL = "dB re 1 µV²/Hz"
_STEPS = 20_000  # rows from one look at whether to stop to the next

Cells = Iterator[tuple[str, str, str, str, str, str, str]]


def table_of(
    parts: Iterable[Cells], origin: str = "", made: Provenance | None = None, control: Control | None = None,
    in_file: Collection[str] = (),
) -> str:  # fmt: skip
    """CSV of the rows of every part, of a recording of which ``origin`` says the hash. Raises: Cancelled.

    Signals ``in_file`` were reconstructed before they were read: ``made`` is not what they come from.
    """
    control = control or Control()
    whence = PROGRAM, origin
    recorded, depth = (*whence, *[""] * 6), (*whence, *_model_cells(made))
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow((*COLUMNS, *ORIGIN))
    for part in parts:
        for number, cells in enumerate(part):
            if number % _STEPS == 0:
                control.checkpoint()
            drawn = cells[0].startswith(RECONSTRUCTED) and cells[0] not in in_file
            table.writerow((*cells, *(depth if drawn else recorded)))
    return out.getvalue()


def _model_cells(made: Provenance | None) -> tuple[str, ...]:
    if made is None:
        return ("",) * 6
    band = " to ".join(f"{edge:g}" for edge in made.band or ())
    return made.model, made.weights, made.implant, str(made.samples), str(made.seed), band


def page_cells(drawn: Drawn) -> Cells:
    """Filtered scalp EEG of a page, then median, ends of both bands and the chosen sample."""
    span = drawn.page.request.span
    for row, trace in zip(drawn.page.request.rows, drawn.page.traces, strict=True):
        # Other quantities are kept as they are drawn, upside down about their middle: no values to give away.
        if row.kind in _AS_RECORDED and not trace.unit:
            times, values = _inside(trace, span.start, span.stop)
            yield from _volts(row.label, _what(row), times, values, filtered_words(trace.filters, trace.rate))
    depth = drawn.depth
    if depth is None:
        return
    bands, filtered = depth.bands, filtered_words(depth.request.filters, depth.rate)
    said = f"{NOT_RECORDED}, {filtered}" if filtered else NOT_RECORDED
    kinds = {
        "median": bands.median,
        f"low end of {100 * bands.coverage50:.0f} %": bands.low50,
        f"high end of {100 * bands.coverage50:.0f} %": bands.high50,
        f"low end of {100 * bands.coverage90:.0f} %": bands.low90,
        f"high end of {100 * bands.coverage90:.0f} %": bands.high90,
    }
    if depth.sample is not None:
        kinds["one sample"] = depth.sample
    times = depth.start + np.arange(bands.median.shape[1]) / depth.rate
    for k, name in enumerate(drawn.contacts):
        for what, values in kinds.items():
            yield from _volts(f"{RECONSTRUCTED}{name}", f"{said}: {what}", times, values[k], filtered)


def spectrogram_cells(page: SpectrogramPage) -> Cells:
    """Power over time and frequency; mean power of the samples where reconstructed."""
    made = page.spectrogram
    if made is None:
        return
    signal, what = page.label, "spectrogram, as recorded"
    if page.reconstructed:
        signal = f"{RECONSTRUCTED}{page.label}"
        of = f", mean power of {page.samples} samples" if page.samples else ", as in the file"
        what = f"{NOT_RECORDED}: spectrogram{of}"
    power = made.power_db - 20 * np.log10(MICROVOLT)
    inside = (made.times >= page.span.start) & (made.times < page.span.stop)
    for time, column in zip(made.times[inside], power.T[inside], strict=True):
        yield from _cells(signal, what, time, made.frequencies, column, _DECIBEL)


def spectrum_cells(made: ScalpSpectrum | DepthSpectrum) -> Cells:
    """Power of a stretch over frequency."""
    words, start = made.stretch.words, made.stretch.span.start
    if isinstance(made, ScalpSpectrum):
        for row, density in zip(made.rows, made.density, strict=True):
            what = f"spectrum of the {words}, {_what(row)}"
            yield from _cells(row.label, what, start, made.frequencies, _decibel(density), _DECIBEL)
        return
    interval = f"{100 * made.coverage:.0f} %"
    kinds = {"median": made.median, f"low end of {interval}": made.low, f"high end of {interval}": made.high}
    for kind, density in kinds.items():
        what = f"{NOT_RECORDED}: spectrum of the {words}, {kind} of {made.samples} samples"
        signal = f"{RECONSTRUCTED}{made.contact}"
        yield from _cells(signal, what, start, made.frequencies, _decibel(density), _DECIBEL)


def map_cells(made: Topography, time: float) -> Cells:
    """Voltages at the electrodes at a time."""
    values = made.at(time)
    if values is not None:
        for site, value in zip(made.electrodes.sites, values, strict=True):
            yield from _volts(site, "map: voltage, average reference", [time], [value])


def butterfly_cells(
    data: NDArray[np.floating[Any]], start: float, rate: float, sites: Sequence[str], filters: str
) -> Cells:  # fmt: skip
    """Voltages (electrode, time) around the cursor, from ``start`` in seconds on."""
    times = start + np.arange(data.shape[1]) / rate
    for site, values in zip(sites, data, strict=True):
        yield from _volts(site, f"butterfly: voltage, average reference, {filters}", times, values)


def power_cells(made: BandMaps, band: str) -> Cells:
    """Amplitudes of a band at the electrodes, of a stretch."""
    low, high = BANDS[band]
    what = f"map: rms in {low:g} to {high:g} Hz of the {made.stretch.words}, unfiltered, average reference"
    for site, value in zip(made.electrodes.sites, made.rms[band], strict=True):
        yield from _volts(site, what, [made.stretch.span.start], [value])


def trend_cells(trend: Trend, region: str, expected: NDArray[np.float64]) -> Cells:
    """Trends of a region, at the beginning of each column; ``expected`` (column,) discharges a minute."""
    times = np.arange(trend.columns) * trend.column_seconds
    each = f"{trend.column_seconds:g} s each"
    for side, density in zip(SIDES, trend.density[list(REGIONS).index(region)], strict=True):
        what = f"trend: median power of its derivations, {each}"
        for time, column in zip(times, _decibel(density).T, strict=True):
            yield from _cells(f"{side} {region}", what, time, FREQUENCIES, column, _DECIBEL)
    low, high = ASYMMETRY_BAND
    what = f"trend: (right - left) / (right + left) of power in {low:g} to {high:g} Hz, {each}"
    yield from _cells(region, what, times, "", trend.asymmetry(region), "1")
    for derivation, margins in zip(AEEG, trend.aeeg, strict=True):
        for margin, values in zip(("lower", "upper"), margins, strict=True):
            yield from _volts(derivation, f"trend: aEEG, {margin} margin, {each}", times, values)
    yield from _cells("scalp", f"trend: proposed discharges, {each}", times, "", trend.spikes, "1/min")
    what = f"{NOT_RECORDED}: trend: discharges expected over the samples, {each}"
    yield from _cells(RECONSTRUCTED, what, times, "", expected, "1/min")


def contact_cells(painted: Painted, measures: Sequence[ContactMeasure], measured_on: str) -> Cells:
    """Of each contact that is shown its place, what it is coloured by, and what the model's card measured for it."""
    known = {measure.name: measure for measure in measures}
    for contact in painted.contacts:
        signal = f"{RECONSTRUCTED}{contact.name}"
        for axis, place in zip("xyz", contact.mni, strict=True):
            yield from _cells(signal, f"{_IMPLANT}: MNI {axis}", "", "", place, "mm")
        if contact.name in painted.values:
            what = f"{_IMPLANT}: {painted.label}"
            yield from _cells(signal, what, "", "", painted.values[contact.name], painted.unit)
        if contact.name in known:
            measure = known[contact.name]
            shares = {
                "narrower than without scalp EEG": max(1 - measure.spread_ratio, 0.0),
                "held by 50 % bands": measure.coverage50,
                "held by 90 % bands": measure.coverage90,
            }
            where = f"on {measured_on}, not on this patient"
            yield from _cells(signal, f"{_IMPLANT}: expected r, {where}", "", "", measure.r, "1")
            for what, share in shares.items():
                yield from _cells(signal, f"{_IMPLANT}: {what}, {where}", "", "", 100 * share, "%")


def cursor_cells(shown: AtCursor, row: Row | None) -> Cells:
    """The recorded value at the cursor, of a ``row`` of the montage, and the distribution of a reconstructed one."""
    reading = shown.recorded
    if reading is not None:
        what = f"at the cursor: {_what(row) if row is not None else 'recorded'}, {reading.note}"
        ends = {"": reading.low} if reading.low == reading.high else {", low": reading.low, ", high": reading.high}
        for end, value in ends.items():
            if reading.unit:
                yield from _cells(reading.label, f"{what}{end}", shown.time, "", value, reading.unit)
            else:
                yield from _volts(reading.label, f"{what}{end}", shown.time, value)
    if shown.reconstructed is not None:
        yield from _distribution_cells(shown.reconstructed, shown.time)


def _distribution_cells(made: Distribution, time: float) -> Cells:
    signal, what = f"{RECONSTRUCTED}{made.contact}", f"{NOT_RECORDED}: at the cursor"
    samples = made.values.size
    yield from _volts(signal, f"{what}: median of {samples} samples", time, np.median(made.values))
    for coverage in (0.5, 0.9):
        band = interval(samples, coverage, made.calibration)
        for end, position in (("low", band.low), ("high", band.high)):
            value = at_position(made.values, position)
            yield from _volts(signal, f"{what}: {end} end of {100 * band.coverage:.0f} %", time, value)
    edges = made.edges / MICROVOLT
    for count, low, high in zip(made.counts, edges, edges[1:], strict=False):
        yield from _cells(signal, f"{what}: samples from {low:.4g} to {high:.4g} µV", time, "", count, "1")
    if made.truth is not None:
        yield from _volts(made.contact, "at the cursor: recorded iEEG, in the model's band", time, made.truth)


def event_cells(events: Sequence[EventRow], *, private: bool) -> Cells:
    """A row an event; of a reconstructed discharge three: how many samples hold it, and the interval of their share.

    With ``private`` no reader is named.
    """
    for event in events:
        by = f", by {event.by}" if event.by and not private else ""
        what = f"{f'{NOT_RECORDED}: ' if event.far else ''}event: {_sort(event)}: {event.text}{by}"
        if not event.samples:
            yield event.where, what, f"{event.time:.6f}", "", "", "", ""
            continue
        yield from _cells(event.where, f"{what}: of {event.samples} samples", event.time, "", event.count, "1")
        if event.high:
            for end, share in (("low", event.low), ("high", event.high)):
                told = f"{what}: {end} end of the 95 % interval of the share of samples"
                yield from _cells(event.where, told, event.time, "", 100 * share, "%")


def agreement_cells(reading: BlindReading, where: Apart, *, private: bool) -> Cells:
    """What was compared of a blinded reading, and ``where`` both differ; with ``private`` readers are numbered."""
    said, agreement = "blinded reading: discharges", reading.agreement
    if agreement is not None:
        yield from _cells("", "blinded reading: compared", "", "", agreement.seconds, "s")
        shares = [(f"Reader {k}" if private else n, s) for k, (n, s) in enumerate(agreement.readers.items(), 1)]
        figures = [("", f"{said} marked by {name}", "proposed as well", share) for name, share in shares]
        proposed = f"{NOT_RECORDED}: {said} proposed"
        for signal, what, also, share in (*figures, (RECONSTRUCTED, proposed, "marked as well", agreement.proposed)):
            yield from _cells(signal, what, "", "", share.count, "1")
            yield from _cells(signal, f"{what}, {also}", "", "", share.found, "1")
            yield from _cells(signal, f"{what}, {also} by chance", "", "", 100 * share.by_chance, "%")
    for time in where.marked:
        yield "", f"{said} only marked", f"{time:.6f}", "", "", "", ""
    for time in where.proposed:
        yield RECONSTRUCTED, f"{NOT_RECORDED}: {said} only proposed", f"{time:.6f}", "", "", "", ""


def _sort(event: EventRow) -> str:
    """What kind of event it is: that a machine proposed it, or who reads decided on it."""
    if event.kind in ("annotation", "mark"):
        return event.kind
    return "decided" if event.decision else "proposed"


def _what(row: Row) -> str:
    if row.interpolated:
        return f"interpolated, not recorded: {' '.join(row.interpolated)}"
    if row.reconstructed:
        return f"{NOT_RECORDED}, set aside as bad" if row.bad else NOT_RECORDED
    return "recorded, set aside as bad" if row.bad else "recorded"


def _inside(trace: Trace, start: float, stop: float) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    times: NDArray[np.float64] = trace.start + trace.step * np.arange(trace.y.size, dtype=np.float64)
    inside = (times >= start - 1e-9) & (times < stop - 1e-9)
    return times[inside], trace.y[inside]


def _decibel(density: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Volts²/Hz in dB re 1 µV²/Hz; NaN where there is none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(10 * np.log10(density.astype(np.float64) / MICROVOLT**2))


def _volts(signal: str, what: str, times: ArrayLike, values: ArrayLike, filters: str = "") -> Cells:
    return _cells(signal, what, times, "", np.asarray(values, dtype=np.float64) / MICROVOLT, "µV", filters)


def _cells(
    signal: str, what: str, times: ArrayLike, frequencies: ArrayLike, values: ArrayLike, unit: str, filters: str = ""
) -> Cells:  # fmt: skip
    """A row for every value that is finite; times or frequencies that are one are those of all, and empty for none."""
    for time, frequency, value in np.broadcast(times, frequencies, values):
        if np.isfinite(value):
            when = f"{time:.6f}" if time != "" else ""
            at = f"{frequency:g}" if frequency != "" else ""
            yield signal, what, when, at, f"{value:.4f}", unit, filters
