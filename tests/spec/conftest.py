"""Rules are kept or broken in a window: the fixtures of the application's tests serve here too."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

import edfio
import numpy as np
import pytest
from tests.app.conftest import (  # noqa: F401 - fixtures
    backend,
    demo,
    edf,
    few_channels,
    mine,
    nineteen,
    no_surprises,
    nothing_left_behind,
    opened,
    press,
    qtbot,
    reconstructed,
    session,
    settle,
    show,
    window,
)


@pytest.fixture
def midnight(tmp_path: Path) -> Path:
    """A recording that begins 25 s before midnight."""
    t = np.arange(120 * 100) / 100
    signals = [
        edfio.EdfSignal(20 * np.sin(20 * t + k), 100, label=f"EEG {site}", physical_dimension="uV",
                        physical_range=(-100, 100))
        for k, site in enumerate("Fp1 F7 T3 T5 O1 F3 C3 P3 Fz Cz".split())
    ]  # fmt: skip
    path = tmp_path / "midnight.edf"
    made = edfio.Edf(signals, starttime=time(23, 59, 35), recording=edfio.Recording(startdate=date(2024, 3, 1)))
    made.write(path)
    return path
