"""A long scalp recording for benchmarks: an hour of noise with a slow rhythm, repeated as often as asked.

Plain EDF, or EDF+ with annotations spread evenly over it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuroflow.io.edf_annotations import encode_tal

SITES = (
    "Fp1 Fp2 F7 F3 Fz F4 F8 T3 C3 Cz C4 T4 T5 P3 Pz P4 T6 O1 O2 A1 A2 F9 F10 T9 T10 P9 P10 Fpz Oz AF3 AF4 FCz"
).split()
_RECORD_SECONDS = 1
_BLOCK_RECORDS = 600
_ANNOTATION_BYTES = 96


def write_long_recording(
    path: Path, hours: float = 24.0, channels: int = 32, rate: int = 256, *, annotations: int = 0
) -> Path:
    """Write the file (about 1.4 GB for 24 h of 32 channels) unless it is there already with the right size."""
    records = round(hours * 3600 / _RECORD_SECONDS)
    header = _header(records, channels, rate, plus=annotations > 0)
    tail = _ANNOTATION_BYTES if annotations else 0
    width = channels * rate * _RECORD_SECONDS * 2 + tail
    size = len(header) + records * width
    if path.exists() and path.stat().st_size == size:
        return path
    block = np.zeros((_BLOCK_RECORDS, width), dtype=np.uint8)
    block[:, : width - tail] = _signals(channels, rate).view(np.uint8).reshape(_BLOCK_RECORDS, width - tail)
    with path.open("wb") as file:
        file.write(header)
        for first in range(0, records, _BLOCK_RECORDS):
            count = min(_BLOCK_RECORDS, records - first)
            for record in range(first, first + count if annotations else first):
                tals = encode_tal(record)
                for n in range(-(-record * annotations // records), -(-(record + 1) * annotations // records)):
                    tals += encode_tal(record + 0.25, 0.07, f"spike? {SITES[n % 19]}")
                block[record - first, -tail:] = np.frombuffer(tals.ljust(tail, b"\0"), dtype=np.uint8)
            file.write(block[:count].tobytes())
    return path


def _signals(channels: int, rate: int) -> np.ndarray:
    """Ten minutes, digital, in the order of records: (record, channel, sample)."""
    rng = np.random.default_rng(0)
    steps = _BLOCK_RECORDS * _RECORD_SECONDS * rate
    spectrum = np.fft.rfft(rng.standard_normal((channels, steps)), axis=1)
    frequency = np.fft.rfftfreq(steps, 1 / rate)
    spectrum /= np.maximum(frequency, 0.5) ** 0.9
    signal = np.fft.irfft(spectrum, steps, axis=1)
    signal *= 20.0 / signal.std()
    signal += 15.0 * np.sin(2 * np.pi * 10.0 * np.arange(steps) / rate) * (np.arange(channels)[:, None] % 5 == 0)
    digital = np.clip(np.round(signal * 10), -32768, 32767).astype("<i2")
    return np.ascontiguousarray(digital.reshape(channels, _BLOCK_RECORDS, -1).transpose(1, 0, 2))


def _header(records: int, channels: int, rate: int, *, plus: bool) -> bytes:
    def field(value: object, width: int) -> bytes:
        return str(value).encode("ascii").ljust(width)[:width]

    signals = channels + plus
    head = [
        field(0, 8), field("X X X Benchmark", 80), field("Startdate 01-JAN-2026 X X X", 80), field("01.01.26", 8),
        field("21.00.00", 8), field(256 * (signals + 1), 8), field("EDF+C" if plus else "", 44), field(records, 8),
        field(_RECORD_SECONDS, 8), field(signals, 4),
    ]  # fmt: skip
    columns: list[tuple[object, object, int]] = [
        ("", "", 80), ("uV", "", 8), (-3276.8, -1, 8), (3276.7, 1, 8), (-32768, -32768, 8), (32767, 32767, 8),
        ("", "", 80), (rate, _ANNOTATION_BYTES // 2, 8), ("", "", 32),
    ]  # fmt: skip
    labels = [field(f"EEG {SITES[i % len(SITES)]}-Ref", 16) for i in range(channels)]
    labels += [field("EDF Annotations", 16)] * plus
    return b"".join(
        head + labels + [field(value, width) * channels + field(last, width) * plus for value, last, width in columns]
    )
