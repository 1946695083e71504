"""From a recording to the traces of a page: the same whichever page asks, no peak lost, gaps kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from neuroflow.inference.tile import Tile, TileRequest
from neuroflow.jobs import Cancelled, Control
from neuroflow.recording import ArraySource, Channel, ChannelKind, Patient, Recording, Span, take
from neuroflow.signal.filters import LOW_CUTS, Filters, apply_filters
from neuroflow_review.session.analysis import scalp_spikes, trend, without_flat
from neuroflow_review.session.depth import DepthRequest, assemble, load_depth, load_truth
from neuroflow_review.session.page import PageData, PageRequest, eeg_rate, load_page, rows_of

SITES = "Fp1 F7 T3 T5 O1 Fp2 F8 T4 T6 O2 Fz Cz Pz".split()
OFF = Filters(None, None, None)


def source_of(
    rate: float = 200.0, seconds: float = 60.0, others: tuple[Channel, ...] = (), seed: int = 1
) -> ArraySource:
    channels = tuple(
        Channel(i, f"EEG {site}-Ref", site, ChannelKind.EEG, rate, "uV", True, site) for i, site in enumerate(SITES)
    )
    channels += tuple(replace(c, index=len(SITES) + k) for k, c in enumerate(others))
    rng = np.random.default_rng(seed)
    data = {c.index: rng.normal(0, 20e-6, round(seconds * c.rate)).astype(np.float32) for c in channels}
    recording = Recording(
        Path("made.edf"),
        "EDF",
        channels,
        seconds,
        datetime(2026, 1, 1),
        Patient(),
        "",
        (),
        (),
        (),
        f"made {rate} {seed}",
    )
    return ArraySource(recording, data)


def page_of(source: ArraySource, span: Span, filters: Filters = OFF, columns: int = 1400) -> PageData:
    rows = rows_of(source.recording, "longitudinal", frozenset())
    return load_page(source, PageRequest("made", span, rows, filters, columns), Control())


def row(page: PageData, label: str) -> int:
    return [r.label for r in page.request.rows].index(label)


def test_a_derivation_is_the_first_electrode_less_the_second_at_its_own_time() -> None:
    source = source_of()
    page = page_of(source, Span(10.0, 20.0))
    trace = page.traces[row(page, "Fp1–F7")]
    first = round(trace.start * 200)
    expected = source.data[0] - source.data[1]
    assert trace.step == pytest.approx(1 / 200)
    np.testing.assert_allclose(trace.y, expected[first : first + trace.y.size], atol=1e-9)
    assert trace.start <= 10.0
    assert trace.start + (trace.y.size - 1) * trace.step >= 20.0
    assert page.value(row(page, "Fp1–F7"), 12.345) == pytest.approx(float(expected[2469]), abs=1e-9)


@pytest.mark.parametrize("filters", [OFF, Filters(), Filters(0.53, 35.0, 50.0)])
def test_a_page_is_drawn_the_same_whichever_page_asks_for_it(filters: Filters) -> None:
    source = source_of()
    one, other = page_of(source, Span(20.0, 30.0), filters), page_of(source, Span(15.0, 25.0), filters)
    a, b = one.traces[0], other.traces[0]
    offset = round((a.start - b.start) * 200)
    shared = b.y.size - offset - 2
    np.testing.assert_allclose(a.y[1:shared], b.y[offset + 1 : offset + shared], atol=2e-9)


DRIFT_SECONDS, STEP_AT = 320.0, 110.0


@pytest.fixture(scope="module")
def drifting() -> ArraySource:
    """EEG that drifts by millivolts, steps by one in the second minute, and breath that does the same."""
    breath = Channel(0, "Resp", "Resp", ChannelKind.RESPIRATION, 25.0, "uV", True)
    source = source_of(rate=100.0, seconds=DRIFT_SECONDS, others=(breath,))
    for index, y in source.data.items():
        t = np.arange(y.size) / source.recording.channels[index].rate
        drift = 1e-3 * np.sin(2 * np.pi * t / 90.0 + index) + 5e-6 * t + np.where(t >= STEP_AT, 1e-3 * (index % 3), 0)
        source.data[index] = (y + drift).astype(np.float32)
    return source


@pytest.mark.parametrize("cut", LOW_CUTS)
def test_a_second_is_the_same_on_every_page_whatever_the_low_cut(drifting: ArraySource, cut: float) -> None:
    pages = [page_of(drifting, Span(start, start + 10.0), Filters(cut, 35.0)) for start in (150.0, 142.0)]
    for label in ("Fp1–F7", "Resp"):
        a, b = (page.traces[row(page, label)] for page in pages)
        offset = round((a.start - b.start) / a.step)
        shared = b.y.size - offset - 2
        np.testing.assert_allclose(a.y[1:shared], b.y[offset + 1 : offset + shared], atol=5e-8)


@pytest.mark.parametrize("cut", LOW_CUTS)
def test_forty_seconds_after_a_step_a_page_is_as_in_the_whole_recording(drifting: ArraySource, cut: float) -> None:
    page = page_of(drifting, Span(STEP_AT + 40.0, STEP_AT + 50.0), Filters(cut, None))
    trace = page.traces[row(page, "Fp1–F7")]
    whole = apply_filters((drifting.data[0] - drifting.data[1])[None], 100.0, Filters(cut, None))[0]
    first = round(trace.start * 100)
    np.testing.assert_allclose(trace.y, whole[first : first + trace.y.size], atol=2e-7)


def test_no_peak_is_lost_when_there_are_more_samples_than_pixels() -> None:
    source = source_of(rate=2000.0, seconds=20.0)
    spiky = source.data[0].copy()
    spiky[12_345] = 5e-3
    source.data[0] = spiky
    page = page_of(source, Span(0.0, 10.0), columns=500)
    trace = page.traces[row(page, "Fp1–F7")]
    assert trace.dense
    assert trace.y.size == 1000
    assert np.nanmax(trace.y) > 4.9e-3
    at = trace.start + int(np.nanargmax(trace.y)) * trace.step
    assert at == pytest.approx(12_345 / 2000, abs=2 * 10 / 500)


def test_a_gap_stays_a_gap() -> None:
    source = source_of()
    for index in source.data:
        holed = source.data[index].copy()
        holed[2400:2600] = np.nan
        source.data[index] = holed
    page = page_of(source, Span(10.0, 20.0), Filters())
    trace = page.traces[0]
    times = trace.start + np.arange(trace.y.size) * trace.step
    assert np.isnan(trace.y[(times >= 12.0) & (times < 13.0)]).all()
    assert np.isfinite(trace.y[(times < 11.99) | (times > 13.01)]).all()
    assert np.isnan(page.value(0, 12.5))


def test_beyond_the_recording_there_is_nothing() -> None:
    page = page_of(source_of(seconds=5.0), Span(0.0, 10.0), Filters())
    times = page.traces[0].start + np.arange(page.traces[0].y.size) * page.traces[0].step
    assert np.isnan(page.traces[0].y[times > 5.0]).all()
    assert np.isfinite(page.traces[0].y[(times >= 0) & (times < 4.99)]).all()


def test_other_kinds_keep_their_own_filters_rate_and_scale() -> None:
    ecg = Channel(0, "ECG", "ECG", ChannelKind.ECG, 500.0, "uV", True)
    oxygen = Channel(0, "SpO2", "SpO2", ChannelKind.SPO2, 1.0, "%", False)
    source = source_of(others=(ecg, oxygen))
    page = page_of(source, Span(10.0, 20.0), Filters(5.3, 15.0))
    heart, breath = page.traces[row(page, "ECG")], page.traces[row(page, "SpO2")]
    assert heart.scale == 100e-6
    assert heart.step == pytest.approx(1 / 500) or heart.dense
    assert breath.unit == "%"
    assert breath.step == 1.0
    assert breath.scale is not None
    assert page.traces[0].scale is None


def breathing(seconds: float = 120.0) -> ArraySource:
    """97 % and 250 µV of breath, then an apnoea in which the saturation falls to 80 %; a lamp that flashes once."""
    others = (
        Channel(0, "SpO2", "SpO2", ChannelKind.SPO2, 1.0, "%", False, physical_max=100.0),
        Channel(0, "Resp", "Resp", ChannelKind.RESPIRATION, 25.0, "uV", True),
        Channel(0, "Flow", "Flow", ChannelKind.RESPIRATION, 25.0, "", False),
        Channel(0, "Temp", "Temp", ChannelKind.OTHER, 1.0, "DegC", False, physical_min=34.0, physical_max=40.0),
        Channel(0, "Photic", "Photic", ChannelKind.PHOTIC, 200.0, "uV", True, physical_max=5000.0),
    )
    source = source_of(seconds=seconds, others=others, seed=7)
    data, first = source.data, len(SITES)
    held = np.arange(round(seconds * 25)) / 25 >= 90.0
    breath = np.where(held, 2e-6, 250e-6) * np.sin(2 * np.pi * np.arange(held.size) / 25 / 4.0) + 1e-3
    data[first] = np.where(np.arange(round(seconds)) < 90, 97.0, 80.0).astype(np.float32)
    data[first + 1], data[first + 2] = breath.astype(np.float32), (breath * 1e6).astype(np.float32)
    data[first + 3] = np.full(round(seconds), 36.5, np.float32)
    data[first + 4] = np.zeros(round(seconds * 200), np.float32)
    data[first + 4][10_000::50] = 3e-3
    return source


@pytest.mark.parametrize("label", ["SpO2", "Resp", "Flow", "Temp", "Photic"])
def test_what_is_no_voltage_of_the_brain_is_drawn_alike_on_every_page(label: str) -> None:
    source = breathing()
    pages = [page_of(source, Span(start, start + 10.0)) for start in (20.0, 50.0, 100.0)]
    traces = [page.traces[row(page, label)] for page in pages]
    assert len({(trace.scale, trace.middle) for trace in traces}) == 1
    before, _, after = (np.ptp(trace.y[5:-5]) / (trace.scale or 0.0) for trace in traces)
    if label == "SpO2":
        assert (traces[0].scale, traces[0].middle) == (1.0, 95.0)
        assert np.median(traces[2].y - traces[0].y) == pytest.approx(17.0), "a desaturation is seen as one"
    if label in ("Resp", "Flow"):
        assert 2.0 < before < 10.0, "breath fills its row"
        assert after < 0.2, "an apnoea is flat"
    if label == "Temp":
        assert traces[0].middle == 36.5


def test_a_share_of_one_is_a_saturation_too() -> None:
    share = Channel(0, "SpO2", "SpO2", ChannelKind.SPO2, 1.0, "", False, physical_max=1.0)
    page = page_of(source_of(others=(share,), seed=8), Span(0.0, 10.0))
    trace = page.traces[row(page, "SpO2")]
    assert (trace.scale, trace.middle) == (0.01, 0.95)


def test_a_derivation_of_two_rates_is_drawn_at_the_commoner_one() -> None:
    source = source_of()
    channels = list(source.recording.channels)
    channels[1] = replace(channels[1], rate=100.0)
    data = {**source.data, 1: np.zeros(6000, dtype=np.float32)}
    mixed = ArraySource(replace(source.recording, channels=tuple(channels)), data)
    page = page_of(mixed, Span(10.0, 20.0))
    assert page.traces[row(page, "Fp1–F7")].y.size == page.traces[row(page, "Fp2–F8")].y.size


def test_electrodes_that_no_derivation_fits_are_shown_as_recorded() -> None:
    source = source_of()
    only = replace(source.recording, channels=source.recording.channels[:1])
    assert [r.label for r in rows_of(only, "longitudinal", frozenset())] == ["Fp1"]


def test_a_page_that_nobody_waits_for_stops() -> None:
    control = Control()
    control.cancel()
    source = source_of()
    rows = rows_of(source.recording, "longitudinal", frozenset())
    with pytest.raises(Cancelled):
        load_page(source, PageRequest("made", Span(0.0, 10.0), rows, OFF, 1000), control)


# Depth ----------------------------------------------------------------------------------------------------------------


def tile(index: int, samples: int = 9, contacts: int = 3, last: float = 60.0) -> Tile:
    span = Span(index * 10.0, min(index * 10.0 + 10.0, last))
    t = span.start + np.arange(round(span.duration * 100)) / 100
    k = np.arange(samples)[:, None, None] - (samples - 1) / 2
    c = np.arange(contacts)[None, :, None] + 1
    y = (t * 1e-6 + k * 1e-6 * c).astype(np.float32)
    return Tile(TileRequest(index, samples), span, 100.0, y)


def test_bands_of_a_page_across_two_tiles_are_those_of_their_samples() -> None:
    tiles = (tile(1), tile(2))
    page = load_depth(DepthRequest(Span(15.0, 25.0), tiles, (0, 2), OFF, 3), Control())
    assert page is not None
    times = page.start + np.arange(page.bands.median.shape[1]) / page.rate
    assert times[0] <= 15.0
    assert times[-1] >= 25.0
    np.testing.assert_allclose(page.bands.median[0], times * 1e-6, rtol=1e-4)
    np.testing.assert_allclose(page.bands.high90[1] - page.bands.median[1], 4e-6 * 3, rtol=1e-3)
    assert page.sample is not None
    np.testing.assert_allclose(page.sample[1], times * 1e-6 - 3e-6, rtol=1e-3, atol=1e-9)


def test_a_tile_that_is_missing_between_two_is_a_hole_in_the_bands() -> None:
    samples, first = assemble((tile(0), tile(2)))
    assert first == 0
    assert np.isnan(samples[..., 1000:2000]).all()
    assert np.isfinite(samples[..., :1000]).all()
    assert load_depth(DepthRequest(Span(0.0, 10.0), (), (0,), OFF, None), Control()) is None


def test_filters_of_the_reconstruction_use_the_neighbouring_tiles() -> None:
    filters = Filters(1.0, None, None)
    wide = load_depth(DepthRequest(Span(10.0, 20.0), (tile(0), tile(1), tile(2)), (0,), filters, None), Control())
    assert wide is not None
    # A ramp through a low cut is flat, at the page's edges too.
    assert float(np.nanmax(np.abs(np.diff(wide.bands.median[0])))) < 2e-9


def test_recorded_ieeg_is_laid_at_its_own_times() -> None:
    t = np.arange(60 * 500) / 500
    wave = (100e-6 * np.sin(2 * np.pi * 5 * t)).astype(np.float32)
    channel = Channel(0, "AHL1", "AHL1", ChannelKind.IEEG, 500.0, "uV", True)
    recording = replace(source_of().recording, channels=(channel,))
    truth = load_truth(ArraySource(recording, {0: wave}), ["AHL1", "AHL2"], Span(20.0, 30.0), (0.5, 45.0), Control())
    assert set(truth.y) == {"AHL1"}
    times = truth.start + np.arange(truth.y["AHL1"].size) / truth.rate
    assert times[0] <= 20.0
    assert times[-1] >= 30.0
    np.testing.assert_allclose(truth.y["AHL1"], 100e-6 * np.sin(2 * np.pi * 5 * times), atol=3e-6)


def test_the_rate_that_filters_are_judged_by_is_the_scalps() -> None:
    depth = tuple(Channel(k, f"AHL{k}", f"AHL{k}", ChannelKind.IEEG, 2000.0, "uV", True) for k in range(1, 41))
    both = replace(source_of().recording, channels=(*depth, *source_of(rate=256.0).recording.channels))
    assert eeg_rate(both) == 256.0
    assert eeg_rate(replace(both, channels=depth)) == 2000.0
    assert eeg_rate(replace(both, channels=())) is None


# Analysis -------------------------------------------------------------------------------------------------------------


def test_a_flat_stretch_is_no_signal_to_look_for_spikes_in() -> None:
    y = np.random.default_rng(0).normal(0, 1, (2, 1000)).astype(np.float32)
    assert without_flat(y, 100.0) is y
    padded = y.copy()
    padded[1, 600:] = 0.0
    kept = without_flat(padded, 100.0)
    assert np.isnan(kept[1, 600:]).all()
    assert np.isfinite(kept[0]).all()
    assert np.isfinite(kept[1, :599]).all()


def test_a_spike_on_the_scalp_is_found_in_its_minute_and_only_there() -> None:
    source = source_of(seconds=150.0)
    sharp = source.data[0].copy()
    n = np.arange(-30, 31)
    sharp[14_000 - 30 : 14_000 + 31] += (600e-6 * np.exp(-0.5 * (n / 4.0) ** 2)).astype(np.float32)
    source.data[0] = sharp
    rows = rows_of(source.recording, "longitudinal", frozenset())
    found = [scalp_spikes(source, rows, chunk, 3.65, Control()) for chunk in range(3)]
    near = [[s for s in chunk if abs(s.time - 70.0) < 0.06] for chunk in found]
    assert near[0] == []
    assert near[2] == []
    assert {"Fp1–F7"} <= {s.label for s in near[1]}


def test_the_trend_grows_from_start_to_end_and_is_in_volts() -> None:
    source = source_of(seconds=100.0)
    strips = list(trend(source, source.recording.channels[:2], Control()))
    assert np.isfinite(strips[-1]).all()
    assert np.isnan(strips[0]).any() or len(strips) == 1
    assert float(np.median(strips[-1])) == pytest.approx(20e-6, rel=0.1)
    assert take(source.data[0], 0, 3).size == 3
