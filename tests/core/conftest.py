"""Recordings for the engine's tests: the real ones, where they are present, and small ones made byte by byte."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PROJECT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("NEUROFLOW_TEST_DATA", PROJECT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real recordings, from NEUROFLOW_TEST_DATA or beside the project; skips where it is absent."""
    if not (DATA / "scalp").is_dir():
        pytest.skip(f"the real recordings are not at {DATA}; set NEUROFLOW_TEST_DATA to where they are")
    return DATA


@dataclass(frozen=True)
class Sig:
    """One signal of a made file: its digital samples, shape (record, sample), and header fields."""

    label: str
    digital: Any
    dimension: str = "uV"
    physical: tuple[str, str] = ("-3276.8", "3276.7")
    limits: tuple[str, str] | None = None
    transducer: str = ""
    prefilter: str = ""


@dataclass(frozen=True)
class MadeEdf:
    path: Path
    signals: tuple[Sig, ...]


def _field(value: object, width: int) -> bytes:
    return str(value).encode("latin-1").ljust(width)[:width]


def make_file(
    path: Path,
    signals: Sequence[Sig],
    *,
    record_seconds: object = 1,
    plus: str = "",
    tals: Sequence[bytes] | None = None,
    bdf: bool = False,
    patient: str = "X X X X",
    recording: str = "Startdate 02-JAN-2020 X X X",
    date: str = "02.01.20",
    time: str = "03.04.05",
    count: object | None = None,
    header_bytes: object | None = None,
    version: bytes | None = None,
    cut: int = 0,
    extra: bytes = b"",
) -> MadeEdf:
    """Write a file exactly as told, mistakes included. ``tals`` are the annotation signal's bytes, a record each."""
    size = 3 if bdf else 2
    kind = "BDF" if bdf else "EDF"
    full = (str(-(2**23)), str(2**23 - 1)) if bdf else ("-32768", "32767")
    records = len(signals[0].digital) if signals else len(tals or ())
    columns: list[tuple[str, str, str, str, str, str, str, str, int]] = []
    bodies: list[list[bytes]] = []
    for s in signals:
        low, high = s.limits or full
        values = np.asarray(s.digital, dtype="<i4")
        columns.append((s.label, s.transducer, s.dimension, *s.physical, low, high, s.prefilter, values.shape[1]))
        raw = values.view(np.uint8).reshape(*values.shape, 4)[..., :size]
        bodies.append([raw[r].tobytes() for r in range(records)])
    if tals is not None:
        width = max(len(t) for t in tals)
        width += -width % size
        columns.append((f"{kind} Annotations", "", "", "-1", "1", *full, "", width // size))
        bodies.append([t.ljust(width, b"\0") for t in tals])
    widths = (16, 80, 8, 8, 8, 8, 8, 80, 8)
    head = version if version is not None else (b"\xffBIOSEMI" if bdf else _field("0", 8))
    head += _field(patient, 80) + _field(recording, 80) + _field(date, 8) + _field(time, 8)
    head += _field(256 * (len(columns) + 1) if header_bytes is None else header_bytes, 8)
    head += _field(f"{kind}+{plus}" if plus else "24BIT" if bdf else "", 44)
    head += _field(records if count is None else count, 8) + _field(record_seconds, 8) + _field(len(columns), 4)
    for i, w in enumerate(widths):
        head += b"".join(_field(column[i], w) for column in columns)
    head += b" " * (32 * len(columns))
    body = b"".join(b"".join(parts[r] for parts in bodies) for r in range(records)) + extra
    path.write_bytes(head + (body[: len(body) - cut] if cut else body))
    return MadeEdf(path, tuple(signals))


@pytest.fixture
def make_edf(tmp_path: Path) -> Callable[..., MadeEdf]:
    """Write a small EDF or BDF file under the test's folder: ``make_edf("a.edf", signals, ...)``."""

    def make(name: str, signals: Sequence[Sig] = (), **options: Any) -> MadeEdf:
        return make_file(tmp_path / name, signals, **options)

    return make


@pytest.fixture
def sig() -> type[Sig]:
    """The type of one signal for ``make_edf``."""
    return Sig


@pytest.fixture
def noise() -> Callable[..., np.ndarray[Any, np.dtype[np.int32]]]:
    """Digital noise of shape (record, sample) that fits 16 bits."""

    def make(records: int, samples: int, seed: int = 0) -> np.ndarray[Any, np.dtype[np.int32]]:
        return np.random.default_rng(seed).integers(-3000, 3000, (records, samples), dtype=np.int32)

    return make


@pytest.fixture(scope="session")
def small_model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small untrained model of eight contacts."""
    sys.path.insert(0, str(Path(__file__).parent))
    from small_model import write_small_model

    folder = tmp_path_factory.mktemp("model") / "small"
    write_small_model(folder)
    return folder


@pytest.fixture
def scalp_edf(make_edf: Callable[..., MadeEdf]) -> Path:
    """25.3 s of noise at the 19 sites of the 10-20 system, 200 Hz, starting at 03:04:05, in records of 0.1 s."""
    rng = np.random.default_rng(5)
    sites = ("Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T3", "C3", "Cz", "C4", "T4", "T5", "P3", "Pz", "P4", "T6")
    signals = [
        Sig(f"EEG {s}-Ref", rng.normal(0, 200, (253, 20)).round().astype(np.int32)) for s in (*sites, "O1", "O2")
    ]
    return make_edf("scalp.edf", signals, record_seconds=0.1, patient="MCH-1 F 02-MAY-1951 Jane_Doe").path
