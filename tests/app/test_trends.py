"""Trends: what is computed of a recording, what is kept, and the strip under the overview, driven as a reader does."""

from __future__ import annotations

import io
from collections.abc import Callable, Generator
from datetime import datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from neuroflow.jobs import Control
from neuroflow.recording import ArraySource, Channel, ChannelKind, Patient, Recording, Span
from neuroflow.signal.trends import FREQUENCIES, REGIONS
from neuroflow_review.session.analysis import Spike
from neuroflow_review.session.trends import (
    Trend,
    columns_of,
    compute_trend,
    discharge_times,
    rate_of,
    read_kept,
)
from neuroflow_review.views.trends import TrendStrip
from neuroflow_review.window import ReviewWindow

SITES = ("Fp1", "F7", "T3", "T5", "O1", "F3", "C3", "P3", "Fp2", "F8", "T4", "T6", "O2", "F4", "C4", "P4")
RATE = 100.0


def source(seconds: float = 180.0, gap: Span | None = None, louder_right: float = 2.0) -> ArraySource:
    """Alpha of 10 Hz behind from the second minute on; the right side ``louder_right`` times as large."""
    rng = np.random.default_rng(0)
    steps = round(seconds * RATE)
    time = np.arange(steps) / RATE
    channels = tuple(Channel(i, s, s, ChannelKind.EEG, RATE, "uV", True, s) for i, s in enumerate(SITES))
    data = {}
    for channel in channels:
        site = channel.name
        y = 5e-6 * rng.standard_normal(steps)
        if site in ("O1", "O2"):
            y += 3e-5 * np.sin(2 * np.pi * 10 * time) * (time > 60)
        if int(site[-1]) % 2 == 0:
            y *= louder_right
        if gap is not None:
            y[round(gap.start * RATE) : round(gap.stop * RATE)] = np.nan
        data[channel.index] = y.astype(np.float32)
    recording = Recording(
        Path("made-up.edf"), "EDF", channels, seconds, datetime(2026, 1, 1), Patient(), "", (gap,) if gap else (), (),
        (), "f" * 16,
    )  # fmt: skip
    return ArraySource(recording, data)


def whole(of: ArraySource, bad: frozenset[str] = frozenset()) -> Trend:
    made: list[Trend] = []

    def run() -> Generator[Trend, None, None]:
        made.append((yield from compute_trend(of, bad, 3.65, Control())))

    partial = list(run())
    assert all(p.done < 1 for p in partial)
    return made[0]


def test_alpha_stands_where_it_is_in_time_frequency_and_place() -> None:
    trend = whole(source())
    posterior, frontal = (trend.density[list(REGIONS).index(r), 0] for r in ("posterior", "frontal"))
    ten = int(np.argmin(np.abs(FREQUENCIES - 10)))
    late, early = slice(16, None), slice(0, 14)
    assert posterior[ten, late].mean() > 50 * posterior[ten, early].mean()
    assert frontal[ten, late].mean() < 2 * frontal[ten, early].mean()
    assert int(np.argmax(posterior[:, late].mean(axis=1))) == ten


def test_the_louder_side_is_the_one_that_asymmetry_shows() -> None:
    assert whole(source()).asymmetry("temporal").mean() == pytest.approx(0.6, abs=0.03)  # (4 − 1) / (4 + 1)
    assert whole(source(louder_right=1.0)).asymmetry("temporal").mean() == pytest.approx(0.0, abs=0.05)
    low, high = whole(source()).aeeg[1] / whole(source()).aeeg[0]
    assert low.mean() == pytest.approx(2.0, rel=0.05)
    assert high.mean() == pytest.approx(2.0, rel=0.05)


def test_a_gap_is_not_known_and_a_bad_channel_takes_no_part() -> None:
    trend = whole(source(gap=Span(60, 100)))
    inside = slice(16, 24)
    assert np.isnan(trend.density[..., inside]).all()
    assert np.isnan(trend.aeeg[..., inside]).all()
    assert np.isfinite(trend.density[..., :14]).all()
    loud = source()
    loud.data[SITES.index("C3")] = loud.data[SITES.index("C3")] * 1000
    with_it, without = whole(loud), whole(loud, frozenset({"C3"}))
    assert np.isnan(without.aeeg[0]).all(), "C3–P3 is gone, so the left amplitude is not known"
    first, second = (t.density[0, 0, :, :14] for t in (with_it, without))
    assert first.max() < 3 * second.max(), "one loose electrode does not move a median of eight"


@pytest.mark.parametrize(("seconds", "columns", "each"), [(3.0, 1, 4.0), (180.0, 45, 4.0), (86_400.0, 2400, 36.0)])
def test_columns_are_whole_epochs(seconds: float, columns: int, each: float) -> None:
    assert columns_of(seconds) == (columns, each)


def test_where_nothing_was_reconstructed_does_not_look_like_where_nothing_was_found(qtbot: QtBot) -> None:
    strip = TrendStrip()
    qtbot.addWidget(strip)
    strip.resize(1000, strip.sizeHint().height())
    strip.set_recording(100.0, ())
    columns = np.zeros((2, FREQUENCIES.size, 25), dtype=np.float32)
    strip.set_trend("hemisphere", 4.0, columns, FREQUENCIES, np.zeros(25), np.zeros((2, 2, 25)), np.zeros(25), 1.0)
    strip.set_reconstructed(4.0, np.where(np.arange(25) < 10, 0.0, np.nan))
    row, picture = strip._rows()["recon"], strip.grab()
    image, ratio = picture.toImage(), picture.devicePixelRatio()
    where = [(round(strip._x(t) * ratio), round(row.center().y() * ratio)) for t in (22.0, 82.0)]
    known, unknown = (image.pixelColor(x, y) for x, y in where)
    assert known != unknown


def test_channels_that_see_one_discharge_count_once() -> None:
    spikes = [Spike("a", 1.0), Spike("b", 1.05), Spike("c", 3.0), Spike("≈", 3.02, 20, 40), Spike("≈", 9.0, 10, 40)]
    assert discharge_times(spikes) == [(1.0, 1.0), (3.0, 1.0), (9.0, 0.25)]
    rate = rate_of(spikes, (Span(0, 8),), columns=3, seconds=4.0)
    assert rate[:2] == pytest.approx([30.0, 0.0])
    assert np.isnan(rate[2]), "nothing is reconstructed there"


def test_what_is_kept_is_read_only_where_it_fits(tmp_path: Path) -> None:
    path = tmp_path / "kept.npz"
    assert read_kept(path, 3, 4.0) is None
    path.write_bytes(b"not a trend")
    assert read_kept(path, 3, 4.0) is None
    np.savez(path, density=np.zeros(3, np.float32), aeeg=np.zeros((2, 2, 3), np.float32), spikes=np.zeros(3))
    assert read_kept(path, 3, 4.0) is None
    np.savez(path, density=np.array([{}], dtype=object), aeeg=np.zeros(1), spikes=np.zeros(1))
    assert read_kept(path, 3, 4.0) is None


def test_t_shows_trends_and_a_click_goes_there(qtbot: QtBot, window: ReviewWindow, demo: Path) -> None:
    session, strip = window.session, window.trends
    with qtbot.waitSignal(session.opened, timeout=60_000):
        session.open(demo)
    assert not strip.isVisible()
    assert session.trends.trend is None, "nothing is computed for trends that nobody sees"
    qtbot.keyClick(window, Qt.Key.Key_T)
    assert strip.isVisible()
    qtbot.waitUntil(lambda: session.trends.trend is not None and not session.trends.busy, timeout=60_000)
    assert strip.message == ""
    trend = session.trends.trend
    assert trend is not None
    assert np.isfinite(trend.density).all()
    # On the overview's axis to the pixel: three quarters along both is the same moment.
    at = QPoint(76 + round((strip.width() - 76 - 64) * 0.75), strip.height() // 2)
    qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=at)
    recording = session.recording
    assert recording is not None
    assert session.state.start + session.state.seconds / 2 == pytest.approx(0.75 * recording.duration, abs=2.0)
    assert strip.mapTo(window, QPoint(0, 0)).x() == window.overview.mapTo(window, QPoint(0, 0)).x()
    assert strip.width() == window.overview.width()
    qtbot.keyClick(window, Qt.Key.Key_T)
    assert not strip.isVisible()


def test_what_was_computed_of_a_recording_is_kept_and_not_computed_again(
    qtbot: QtBot, window: ReviewWindow, demo: Path, settle: Callable[[ReviewWindow], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    session = window.session
    session.open(demo)
    settle(window)
    window.commands.view.toggle_trends()
    qtbot.waitUntil(lambda: session.trends.trend is not None and not session.trends.busy)
    before = session.trends.trend
    assert before is not None

    def again(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr("neuroflow_review.session.trends.compute_trend", again)
    session.close_recording()
    session.open(demo)
    qtbot.waitUntil(lambda: session.trends.trend is not None and not session.trends.busy)
    settle(window)
    assert session.trends.trend is not before
    np.testing.assert_allclose(session.trends.trend.density, before.density, rtol=1e-6)
    assert window.trends.message == ""


def test_another_region_is_shown_without_computing_again(qtbot: QtBot, window: ReviewWindow, demo: Path) -> None:
    session = window.session
    with qtbot.waitSignal(session.opened, timeout=60_000):
        session.open(demo)
    window.commands.view.toggle_trends()
    qtbot.waitUntil(lambda: session.trends.trend is not None and not session.trends.busy, timeout=60_000)
    before = session.trends.trend
    window.commands.actions["trends_temporal"].trigger()
    assert session.trends.trend is before
    assert window.commands.actions["trends_temporal"].isChecked()
    assert not window.commands.actions["trends_hemisphere"].isChecked()


def test_every_row_says_what_it_is(window: ReviewWindow) -> None:
    strip = window.trends
    said = {strip.explanation(y) for y in range(strip.sizeHint().height())}
    assert len(said - {""}) == 6
    assert any("not recorded" in text for text in said)


def test_a_kept_trend_that_unfolds_to_more_than_there_is_memory_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with ZipFile(path, "w", ZIP_DEFLATED) as file:
        for name in ("density", "aeeg", "spikes"):
            header = io.BytesIO()
            np.lib.format.write_array_header_1_0(
                header, {"shape": (1 << 45,), "fortran_order": False, "descr": "<f4"}
            )  # fmt: skip
            file.writestr(f"{name}.npy", header.getvalue() + bytes(1 << 20))
    assert read_kept(path, 100, 10.0) is None
