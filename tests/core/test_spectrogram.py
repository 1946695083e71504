"""Power stands where it was put: in time, in frequency and in size."""

from __future__ import annotations

import numpy as np
import pytest

from neuroflow.signal.spectrogram import Spectrogram, spectrogram

RATE = 200.0


def tone(frequency: float, seconds: float = 10.0, amplitude: float = 1e-4, rate: float = RATE) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)


def in_volts_squared(result: Spectrogram) -> np.ndarray:
    return np.asarray(10 ** (result.power_db / 10), dtype=np.float64)


@pytest.mark.parametrize("frequency", [3.0, 10.0, 22.5, 45.0])
@pytest.mark.parametrize("rate", [100.0, 160.0, 256.0])
def test_a_tone_stands_at_its_frequency_with_its_power(frequency: float, rate: float) -> None:
    result = spectrogram(tone(frequency, rate=rate)[None], rate, 0.0)
    power = in_volts_squared(result)[:, 40:-40].mean(axis=1)
    assert result.frequencies[power.argmax()] == pytest.approx(frequency, abs=0.26)
    step = result.frequencies[1] - result.frequencies[0]
    assert power.sum() * step == pytest.approx(1e-8 / 2, rel=0.03)


def test_white_noise_has_its_density() -> None:
    noise = 1e-5 * np.random.default_rng(0).standard_normal((20, 4000))
    result = spectrogram(noise, RATE, 0.0)
    inner = (result.frequencies > 3) & (result.frequencies < 45)
    assert in_volts_squared(result)[inner].mean() == pytest.approx(1e-10 / (RATE / 2), rel=0.05)


@pytest.mark.parametrize(("rate", "window", "hop"), [(200.0, 1.0, 0.0125), (100.0, 1.0, 0.03), (173.61, 0.7, 0.05)])
def test_it_is_the_transform_that_scipy_computes(rate: float, window: float, hop: float) -> None:
    from scipy.signal import ShortTimeFFT
    from scipy.signal.windows import hann

    data = 1e-5 * np.random.default_rng(3).standard_normal((3, round(4 * rate))) + 2e-5
    got = spectrogram(data, rate, 0.0, f_max=rate, window_s=window, hop_s=hop)
    width, step = round(window * rate), max(1, round(hop * rate))
    known = ShortTimeFFT(
        hann(width, sym=False), step, rate, fft_mode="onesided2X", mfft=max(width, round(2 * rate)), scale_to="psd",
        phase_shift=None,
    )  # fmt: skip
    wanted = known.spectrogram(data, detr="constant", p0=0, p1=got.times.size, padding="even").mean(axis=0)
    np.testing.assert_allclose(in_volts_squared(got)[1:], wanted[1:], rtol=1e-3, atol=1e-19)


def test_a_burst_stands_at_its_time() -> None:
    trace = tone(20.0)
    times = np.arange(trace.size) / RATE
    trace *= np.exp(-(((times - 6.0) / 0.1) ** 2))
    result = spectrogram(trace[None], RATE, start=1000.0)
    total = in_volts_squared(result).sum(axis=0)
    assert result.times[total.argmax()] == pytest.approx(1006.0, abs=0.04)
    centre = (total * result.times).sum() / total.sum()
    assert centre == pytest.approx(1006.0, abs=0.01)


def test_times_and_frequencies_belong_to_the_image() -> None:
    result = spectrogram(tone(5.0)[None], RATE, 30.0, f_max=40.0)
    assert result.power_db.shape == (result.frequencies.size, result.times.size)
    assert result.power_db.dtype == np.float32
    assert result.times[0] == 30.0
    assert result.times[-1] < 40.0
    np.testing.assert_allclose(np.diff(result.times), 12 / RATE)
    assert result.frequencies[0] == 0
    assert result.frequencies[-1] == 40.0


def test_power_is_averaged_over_samples_and_not_the_samples() -> None:
    opposite = np.stack([tone(10.0), -tone(10.0)])
    one = spectrogram(opposite[:1], RATE, 0.0)
    both = spectrogram(opposite, RATE, 0.0)
    np.testing.assert_allclose(both.power_db, one.power_db, atol=0.01)


def test_an_offset_is_not_seen() -> None:
    plain = spectrogram(tone(10.0)[None], RATE, 0.0)
    offset = spectrogram(tone(10.0)[None] + 0.1, RATE, 0.0)
    band = plain.frequencies > 5
    np.testing.assert_allclose(offset.power_db[band], plain.power_db[band], atol=0.5)


def test_windows_that_touch_a_gap_are_missing() -> None:
    trace = tone(10.0)[None].repeat(3, axis=0)
    trace[1, 1000:1100] = np.nan  # 5 to 5.5 s
    result = spectrogram(trace, RATE, 0.0)
    missing = np.isnan(result.power_db).all(axis=0)
    np.testing.assert_array_equal(missing, np.isnan(result.power_db).any(axis=0))
    assert missing[(result.times > 4.51) & (result.times < 5.99)].all()
    assert not missing[(result.times < 4.49) | (result.times > 6.01)].any()


def test_a_flat_trace_is_finite() -> None:
    assert np.isfinite(spectrogram(np.zeros((1, 400)), RATE, 0.0).power_db).all()


@pytest.mark.parametrize("shape", [(400,), (0, 400), (1, 100)])
def test_too_little_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError):
        spectrogram(np.zeros(shape), RATE, 0.0)


def test_a_window_without_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="two samples"):
        spectrogram(np.zeros((1, 100)), 1.0, 0.0)
