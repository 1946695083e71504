"""A long scalp recording for benchmarks: plain EDF, an hour of noise with a slow rhythm repeated as often as asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np

SITES = (
    "Fp1 Fp2 F7 F3 Fz F4 F8 T3 C3 Cz C4 T4 T5 P3 Pz P4 T6 O1 O2 A1 A2 F9 F10 T9 T10 P9 P10 Fpz Oz AF3 AF4 FCz"
).split()
_RECORD_SECONDS = 1


def write_long_recording(path: Path, hours: float = 24.0, channels: int = 32, rate: int = 256) -> Path:
    """Write the file (about 1.4 GB for 24 h of 32 channels) unless it is there already with the right size."""
    records = round(hours * 3600 / _RECORD_SECONDS)
    header = _header(records, channels, rate)
    size = len(header) + records * channels * rate * _RECORD_SECONDS * 2
    if path.exists() and path.stat().st_size == size:
        return path
    rng = np.random.default_rng(0)
    minutes = 10
    steps = minutes * 60 * rate
    spectrum = np.fft.rfft(rng.standard_normal((channels, steps)), axis=1)
    frequency = np.fft.rfftfreq(steps, 1 / rate)
    spectrum /= np.maximum(frequency, 0.5) ** 0.9
    signal = np.fft.irfft(spectrum, steps, axis=1)
    signal *= 20.0 / signal.std()
    signal += 15.0 * np.sin(2 * np.pi * 10.0 * np.arange(steps) / rate) * (np.arange(channels)[:, None] % 5 == 0)
    digital = np.clip(np.round(signal * 10), -32768, 32767).astype("<i2")
    block = digital.reshape(channels, minutes * 60, rate).transpose(1, 0, 2).tobytes()
    with path.open("wb") as file:
        file.write(header)
        left = size - len(header)
        while left > 0:
            file.write(block[:left])
            left -= len(block)
    return path


def _header(records: int, channels: int, rate: int) -> bytes:
    def field(value: object, width: int) -> bytes:
        return str(value).encode("ascii").ljust(width)[:width]

    head = [
        field(0, 8), field("X X X Benchmark", 80), field("Startdate 01-JAN-2026 X X X", 80), field("01.01.26", 8),
        field("21.00.00", 8), field(256 * (channels + 1), 8), field("", 44), field(records, 8),
        field(_RECORD_SECONDS, 8), field(channels, 4),
    ]  # fmt: skip
    columns: list[tuple[object, int]] = [
        ("", 80), ("uV", 8), (-3276.8, 8), (3276.7, 8), (-32768, 8), (32767, 8), ("", 80), (rate, 8), ("", 32),
    ]  # fmt: skip
    labels = [field(f"EEG {SITES[i % len(SITES)]}-Ref", 16) for i in range(channels)]
    return b"".join(head + labels + [field(value, width) * channels for value, width in columns])
