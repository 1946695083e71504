"""The detector finds what was planted, whatever the scale, and little else; shares count samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroflow.detect.janca import Detection, band_envelope, detect, detect_samples, shares, threshold, wilson


def background(channels: int, seconds: float, rate: float, seed: int = 0) -> np.ndarray:
    """Coloured noise: flat below 2 Hz, amplitude 1/f above, 50 µV rms."""
    length = round(seconds * rate)
    frequencies = np.fft.rfftfreq(length, 1 / rate)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal((channels, length)))
    spectrum *= 1 / np.maximum(frequencies, 2.0)
    samples = np.fft.irfft(spectrum, length)
    return 50e-6 * samples / samples.std()


def plant(data: np.ndarray, rate: float, times: np.ndarray, amplitude: float = 600e-6) -> None:
    """Add discharges: a negative spike of 30 ms (standard deviation 12 ms) and a slow wave after it."""
    t = np.arange(data.shape[1]) / rate
    for time in times:
        data += -amplitude * np.exp(-(((t - time) / 0.012) ** 2) / 2)
        data += 0.3 * amplitude * np.exp(-(((t - time - 0.15) / 0.06) ** 2) / 2)


SPIKES = np.array([0.4, 7.3, 12.0, 18.25, 31.7, 44.9, 59.5])


@pytest.mark.parametrize(("rate", "band"), [(100.0, (10.0, 48.0)), (200.0, (10.0, 60.0)), (256.0, (10.0, 60.0))])
def test_planted_discharges_are_found_at_their_times(rate: float, band: tuple[float, float]) -> None:
    data = background(4, 60, rate)
    plant(data[2:3], rate, SPIKES)
    found = [d for d in detect(data, rate, band=band) if d.channel == 2]
    assert [min(abs(d.time - s) for d in found) < 0.05 for s in SPIKES] == [True] * len(SPIKES)
    assert len(found) == len(SPIKES)
    assert all(d.strength > 1 for d in found)


@pytest.mark.parametrize(("rate", "band"), [(100.0, (10.0, 48.0)), (200.0, (10.0, 60.0)), (512.0, (10.0, 60.0))])
def test_coloured_noise_holds_few_discharges(rate: float, band: tuple[float, float]) -> None:
    minutes, channels = 2, 10
    found = detect(background(channels, 60 * minutes, rate, seed=5), rate, band=band)
    assert len(found) / (minutes * channels) < 0.1


@given(exponent=st.integers(-9, 6), flip=st.booleans())
@settings(max_examples=20, deadline=None)
def test_scale_and_polarity_do_not_matter(exponent: int, flip: bool) -> None:
    data = background(2, 20, 200.0, seed=2)
    plant(data, 200.0, np.array([5.0, 11.3]))
    factor = (-1 if flip else 1) * 10.0**exponent
    expected, found = detect(data, 200.0), detect(factor * data, 200.0)
    assert [(d.channel, d.time) for d in found] == [(d.channel, d.time) for d in expected]
    np.testing.assert_allclose([d.strength for d in found], [d.strength for d in expected], rtol=1e-3)


def test_a_lower_threshold_finds_no_less() -> None:
    data = background(3, 30, 200.0)
    plant(data, 200.0, np.array([4.0, 9.0]), 300e-6)
    counts = [len(detect(data, 200.0, sensitivity=k)) for k in (6.0, 3.65, 2.5, 2.0)]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


def test_peaks_within_120_ms_are_one_discharge_and_beyond_are_two() -> None:
    rate = 200.0
    for apart, expected in ((0.08, 1), (0.4, 2)):
        data = background(1, 20, rate, seed=1)
        plant(data, rate, np.array([10.0, 10.0 + apart]))
        assert len(detect(data, rate)) == expected


def test_an_offset_and_a_slow_drift_change_nothing() -> None:
    rate = 200.0
    data = background(1, 20, rate, seed=4)
    plant(data, rate, np.array([6.0, 13.0]))
    drift = 0.05 + 1e-3 * np.sin(2 * np.pi * 0.2 * np.arange(data.shape[1]) / rate)
    assert [d.time for d in detect(data + drift, rate)] == [d.time for d in detect(data, rate)]


def test_start_shifts_the_times_and_detections_come_in_their_order() -> None:
    data = background(5, 20, 200.0)
    for channel in range(5):
        plant(data[channel : channel + 1], 200.0, np.array([4.0 + channel, 12.0]))
    here, there = detect(data, 200.0), detect(data, 200.0, start=3600.0)
    np.testing.assert_allclose([d.time + 3600 for d in here], [d.time for d in there])
    assert [(d.time, d.channel) for d in here] == sorted((d.time, d.channel) for d in here)


def test_gaps_are_skipped_and_leave_no_mark() -> None:
    rate = 200.0
    data = background(2, 40, rate, seed=8)
    plant(data, rate, np.array([5.0, 15.5, 33.0]))
    data[:, 3000:4000] = np.nan  # 15 to 20 s
    data[1, 4100] = np.nan
    for channel in (0, 1):
        found = [d.time for d in detect(data, rate) if d.channel == channel]
        np.testing.assert_allclose(found, [5.0, 33.0], atol=0.05)


@pytest.mark.parametrize("data", [np.zeros((2, 2000)), np.full((2, 2000), 3.0), np.full((2, 2000), np.nan)])
def test_flat_and_missing_channels_hold_nothing(data: np.ndarray) -> None:
    assert detect(data, 200.0) == ()


def test_less_than_a_second_is_no_background() -> None:
    assert detect(background(1, 0.9, 200.0), 200.0) == ()
    assert detect(np.zeros((0, 2000)), 200.0) == ()
    assert detect(np.zeros((2, 0)), 200.0) == ()


@pytest.mark.parametrize("band", [(10.0, 10.0), (0.0, 60.0), (120.0, 130.0)])
def test_a_band_that_leaves_nothing_is_refused(band: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="band"):
        detect(np.zeros((1, 2000)), 200.0, band=band)


def test_other_shapes_and_thresholds_are_refused() -> None:
    with pytest.raises(ValueError, match="channel"):
        detect(np.zeros(2000), 200.0)
    with pytest.raises(ValueError, match="sensitivity"):
        detect(np.zeros((1, 2000)), 200.0, sensitivity=0.0)
    with pytest.raises(ValueError, match="contact"):
        detect_samples(np.zeros((1, 2000)), 200.0)


def test_the_envelope_of_a_tone_is_its_amplitude() -> None:
    tones = np.stack([a * np.sin(2 * np.pi * 25 * np.arange(2000) / 200) for a in (1.0, 3.0)])
    envelope = band_envelope(tones, 200.0, (10.0, 60.0))[:, 200:-200]
    np.testing.assert_allclose(envelope, np.repeat([[1.0], [3.0]], 1600, axis=1), rtol=0.01)


def test_the_threshold_is_k_times_mode_plus_median_of_a_log_normal_envelope() -> None:
    mu, sigma, k = -9.0, 0.6, 3.65
    envelope = np.random.default_rng(0).lognormal(mu, sigma, (2, 40_000))
    expected = k * (np.exp(mu - sigma**2) + np.exp(mu))
    np.testing.assert_allclose(threshold(envelope, 2000.0, k), expected, rtol=0.05)


def test_the_threshold_follows_a_change_of_the_background_at_its_time() -> None:
    rate = 200.0
    envelope = np.random.default_rng(0).lognormal(0.0, 0.3, (1, 8000))
    envelope[:, 4000:] *= 10.0  # at 20 s
    level = threshold(envelope, rate, 3.65)[0]
    quiet, loud = level[: round(17 * rate)], level[round(23 * rate) :]
    np.testing.assert_allclose(quiet, quiet[0], rtol=0.1)
    np.testing.assert_allclose(loud, 10 * quiet[0], rtol=0.1)


def test_samples_are_searched_one_by_one() -> None:
    samples = np.stack([background(3, 10, 100.0, seed=k) for k in range(6)])
    for k in (0, 2, 3, 5):
        plant(samples[k, 1:2], 100.0, np.array([4.0]))
    found = detect_samples(samples, 100.0)
    assert len(found) == 6
    for k in range(6):
        expected = detect(samples[k], 100.0, band=(10.0, 48.0))
        assert [(d.channel, d.time) for d in found[k]] == [(d.channel, d.time) for d in expected]
    (proposal,) = shares(found, 6)
    assert (proposal.channel, proposal.count, proposal.samples) == (1, 4, 6)
    assert proposal.time == pytest.approx(4.0, abs=0.02)
    assert proposal.share == pytest.approx(4 / 6)
    assert (proposal.low, proposal.high) == wilson(4, 6)


def test_one_sample_counts_once_in_a_proposal() -> None:
    found = [[Detection(0, 1.0, 2.0), Detection(0, 1.03, 2.0)], [Detection(0, 1.01, 2.0)], []]
    (proposal,) = shares(found, 3)
    assert proposal.count == 2


def test_channels_and_distant_times_are_apart() -> None:
    found = [[Detection(0, 1.0, 2.0), Detection(0, 1.2, 2.0), Detection(3, 1.0, 2.0)]]
    assert [(p.channel, p.time) for p in shares(found, 39)] == [(0, 1.0), (3, 1.0), (0, 1.2)]


@given(
    times=st.lists(st.lists(st.floats(0, 3), max_size=6), max_size=12),
    tolerance=st.sampled_from([0.02, 0.05]),
)
def test_every_detection_belongs_to_one_proposal_near_it(times: list[list[float]], tolerance: float) -> None:
    n = max(1, len(times))
    found = [[Detection(0, t, 1.5) for t in sample] for sample in times]
    proposals = shares(found, n, tolerance)
    for sample in times:
        for t in sample:
            assert min(abs(t - p.time) for p in proposals) <= 2 * tolerance + 1e-6
    assert sum(p.count for p in proposals) <= sum(map(len, times))
    for p in proposals:
        assert 1 <= p.count <= n
        assert 0 <= p.low <= p.count / n <= p.high <= 1


def test_wilson_intervals_are_those_of_the_formula() -> None:
    # By hand from (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n).
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(39, 39)[1] == 1.0


def test_shares_of_fewer_samples_than_were_searched_are_refused() -> None:
    with pytest.raises(ValueError, match="shares"):
        shares([[], []], 1)
    with pytest.raises(ValueError, match="shares"):
        shares([], 0)
