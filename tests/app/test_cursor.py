"""The value at the cursor is the file's: in its unit, with sign and offset, through the filters that are said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import edfio
import numpy as np
import pytest

from neuroflow.signal.filters import Filters, apply_filters
from neuroflow_review.session import page as page_module
from neuroflow_review.session.page import PageData
from neuroflow_review.window import ReviewWindow
from neuroflow_review.wording import value_words

RATE, SECONDS, SPIKE_AT = 500, 40, 3.0
Settle = Callable[[ReviewWindow], None]


def waves() -> dict[str, np.ndarray]:
    """What the file holds: EEG with one sample of 400 µV, a heart, a saturation that sinks, a breath in microvolts."""
    t = np.arange(RATE * SECONDS) / RATE
    rng = np.random.default_rng(3)
    made = {f"EEG {site}": rng.normal(0, 10, t.size) for site in ("Fp1", "F7", "T3", "T5", "O1", "Fp2")}
    made["EEG Fp1"][round(SPIKE_AT * RATE)] = 400.0
    made["ECG"] = 300 * np.sin(2 * np.pi * t) + 100 * np.sin(2 * np.pi * 20 * t) + 50
    slow = np.arange(SECONDS)
    made["SpO2"] = 97.0 - (slow > 5) * 3.0
    made["Resp"] = 200 * np.sin(2 * np.pi * 0.25 * np.arange(25 * SECONDS) / 25) + 80
    return made


@pytest.fixture
def sleeper(window: ReviewWindow, tmp_path: Path, settle: Settle) -> ReviewWindow:
    rates = {"SpO2": 1, "Resp": 25}
    limits = {"SpO2": (0.0, 100.0)}
    signals = [
        edfio.EdfSignal(
            y, rates.get(label, RATE), label=label, physical_dimension="%" if label == "SpO2" else "uV",
            physical_range=limits.get(label, (-500.0, 500.0)),
        )
        for label, y in waves().items()
    ]  # fmt: skip
    path = tmp_path / "sleeper.edf"
    edfio.Edf(signals).write(path)
    window.session.store.update(montage="as recorded", filters_on=False)
    window.session.open(path)
    settle(window)
    return window


def said(window: ReviewWindow, label: str, time: float) -> tuple[str, str]:
    """What the panel says of a row at a time: the row and its filters, and the value."""
    window.commands.marks.choose_channel(label)
    window.session.set_cursor(time)
    return window.inspector._channel.text(), window.inspector._value.text()


def page_of(window: ReviewWindow) -> PageData:
    assert window.session.page is not None
    return window.session.page


def test_a_saturation_reads_in_per_cent_as_the_file_has_it(sleeper: ReviewWindow) -> None:
    assert said(sleeper, "SpO2", 2.0) == ("SpO2 · unfiltered", "97 %")
    assert said(sleeper, "SpO2", 8.0)[1] == "94 %"


def test_a_heart_reads_through_its_own_filters_and_says_them(sleeper: ReviewWindow) -> None:
    sleeper.session.store.update(filters=Filters(5.3, 15.0), filters_on=True)
    where, value = said(sleeper, "ECG", 4.05)
    own = apply_filters(waves()["ECG"][None] * 1e-6, RATE, Filters(0.53, 70.0))[0]
    assert where == "ECG · 0.53–70 Hz · notch off"
    assert value == value_words(float(own[round(4.05 * RATE)]), float(own[round(4.05 * RATE)]))


def test_a_breath_points_up_on_the_page_and_reads_with_its_sign(sleeper: ReviewWindow) -> None:
    where, value = said(sleeper, "Resp", 5.0)  # the top of a breath
    assert where.startswith("Resp · 0.03 Hz, HF 15 Hz (no effect: recorded at 25 Hz)")
    assert 150 < float(value.removesuffix(" µV")) < 320
    trace = page_of(sleeper).traces[[r.label for r in sleeper.session.rows].index("Resp")]
    drawn = trace.y[round((5.0 - trace.start) / trace.step)] - trace.y[round((7.0 - trace.start) / trace.step)]
    assert drawn < 0, "up on the screen"


def test_on_a_dense_page_the_sample_at_the_cursor_is_read_and_a_spike_is_whole(sleeper: ReviewWindow) -> None:
    trace = page_of(sleeper).traces[0]
    assert trace.dense
    assert said(sleeper, "Fp1", SPIKE_AT)[1] == "400 µV"
    samples = waves()["EEG Fp1"]
    for time in (1.234, 5.678, 9.998):
        read = float(said(sleeper, "Fp1", time)[1].removesuffix(" µV").replace("−", "-"))
        assert read == pytest.approx(samples[round(time * RATE)], abs=0.6)


def test_of_a_page_too_large_to_keep_the_ends_of_the_column_are_read(
    sleeper: ReviewWindow, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "_MOST_KEPT", 1000)
    sleeper.session._pages.clear()
    sleeper.session.store.update(filters_on=True, filters=Filters(None, None, None))
    settle(sleeper)
    assert page_of(sleeper).traces[0].samples is None
    value = said(sleeper, "Fp1", SPIKE_AT)[1]
    low, _, high = value.removesuffix(" µV").replace("−", "-").partition("…")
    assert float(high) == pytest.approx(400, abs=1)
    assert float(low) < 50
    assert said(sleeper, "SpO2", 2.0)[1] == "97 %"


def test_the_ruler_measures_a_spike_whole_and_a_saturation_in_per_cent(sleeper: ReviewWindow) -> None:
    samples = waves()["EEG Fp1"]
    sleeper.commands.marks.choose_channel("Fp1")
    sleeper.session.store.update(selection=page_module.Span(2.0, SPIKE_AT))
    step = (samples[round(SPIKE_AT * RATE)] - samples[2 * RATE]) * 1e-6
    assert f"end − start {value_words(step, step)}" in sleeper.inspector._ruler.text()
    sleeper.commands.marks.choose_channel("SpO2")
    sleeper.session.store.update(selection=page_module.Span(2.0, 8.0))
    assert "end − start −3 % · peak to peak 3 %" in sleeper.inspector._ruler.text()
