"""Averages of accepted discharges: the focus, the peak, what is left out and said, and the dialog that shows them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import edfio
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from tests.app.test_marks import saved

from neuroflow import __version__
from neuroflow.jobs import Cancelled, Control
from neuroflow.recording import ArraySource, Channel, ChannelKind, Patient, Recording
from neuroflow.signal.derivation import OwnMontage, parse_derivation
from neuroflow.signal.filters import Filters
from neuroflow_review.dialogs.averages import AveragesDialog
from neuroflow_review.session.averages import (
    BAD,
    FAR,
    GAP,
    NOWHERE,
    AverageRequest,
    Averages,
    compute_averages,
    electrodes_of,
)
from neuroflow_review.session.page import rows_of
from neuroflow_review.window import ReviewWindow

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier
Press = Callable[..., None]
SITES = "Fp1 Fp2 F7 F3 Fz F4 F8 T3 C3 Cz C4 T4 T5 P3 Pz P4 T6 O1 O2".split()
RATE, SECONDS = 200, 60
TIMES = tuple(4.0 + 4.3 * k for k in range(12))
FIELD = {"T3": -120e-6, "F7": -60e-6, "T5": -50e-6, "C3": -30e-6}


def signals(noise: float = 5e-6) -> dict[str, np.ndarray]:
    """Sharp waves that are largest at T3, and noise of 5 µV."""
    rng, t = np.random.default_rng(3), np.arange(SECONDS * RATE) / RATE
    shape = sum(np.exp(-(((t - time) / 0.02) ** 2)) for time in TIMES)
    return {site: rng.normal(0.0, noise, t.size) + FIELD.get(site, 0.0) * shape for site in SITES}


def source_of(data: dict[str, np.ndarray]) -> ArraySource:
    channels = tuple(Channel(k, f"EEG {s}-Ref", s, ChannelKind.EEG, RATE, "uV", True, s) for k, s in enumerate(SITES))
    recording = Recording(Path("x.edf"), "EDF", channels, SECONDS, None, Patient(), "", (), (), (), "f" * 16)
    return ArraySource(recording, {k: data[s].astype(np.float32) for k, s in enumerate(SITES)})


def averages(
    source: ArraySource, discharges: list[tuple[float, str]], *, bad: frozenset[str] = frozenset(), far: int = 0,
    control: Control | None = None,
) -> Averages:  # fmt: skip
    rows = tuple(r for r in rows_of(source.recording, "longitudinal", bad) if not r.bad)
    request = AverageRequest(tuple(discharges), far, "longitudinal", rows, Filters(None, None, None), bad)
    return compute_averages(source, request, control or Control())


def test_discharges_of_both_sides_of_a_phase_reversal_have_one_focus() -> None:
    shifts = np.random.default_rng(0).uniform(-0.03, 0.03, len(TIMES))
    at = [(t + s, "F7–T3" if k % 2 else "T3–T5") for k, (t, s) in enumerate(zip(TIMES, shifts, strict=True))]
    (focus,) = averages(source_of(signals()), at).foci
    assert (focus.site, focus.traces.count) == ("T3", 12)
    assert focus.title == "average of 12 accepted discharges, T3"
    assert (focus.times[0], focus.times[-1]) == (-0.5, 0.5)
    peak = focus.times.size // 2
    values = {row.label: mean[peak] for row, mean in zip(focus.rows, focus.traces.mean, strict=True)}
    assert values["F7–T3"] == pytest.approx(60e-6, abs=12e-6), "aligned: whole, not smeared by where it was accepted"
    assert values["T3–T5"] == pytest.approx(-70e-6, abs=12e-6)
    assert abs(values["Fp2–F8"]) < 8e-6
    error = focus.traces.error[[r.label for r in focus.rows].index("P4–O2")]
    assert np.median(error) == pytest.approx(5e-6 * np.sqrt(2) / np.sqrt(12), rel=0.3)
    assert focus.head is not None
    assert focus.head.sites[int(np.argmin(focus.head.values))] == "T3"
    row, column = np.unravel_index(np.nanargmin(focus.head.picture), focus.head.picture.shape)
    size = focus.head.picture.shape[0]
    assert column < 0.25 * size
    assert 0.3 * size < row < 0.7 * size


def test_foci_stand_apart_the_one_with_most_discharges_first() -> None:
    data = signals()
    t = np.arange(SECONDS * RATE) / RATE
    data["F8"] = data["F8"] - 90e-6 * np.exp(-(((t - 6.0) / 0.02) ** 2))
    found = averages(source_of(data), [(6.0, "Fp2–F8"), *((t, "F7–T3") for t in TIMES[:3])])
    assert [(f.site, f.traces.count) for f in found.foci] == [("T3", 3), ("F8", 1)]
    assert np.isnan(found.foci[1].traces.error).all()
    assert found.foci[1].title == "one discharge, F8"


def test_what_cannot_be_averaged_is_left_out_and_counted() -> None:
    data = signals()
    for y in data.values():
        y[round((TIMES[1] + 0.3) * RATE) : round((TIMES[1] + 0.5) * RATE)] = np.nan
    at = [(TIMES[0], "F7–T3"), (TIMES[1], "F7–T3"), (0.2, "F7–T3"), (59.9, "T3–T5"), (TIMES[2], "P3–O1"),
          (TIMES[3], "ECG"), (TIMES[4], "")]  # fmt: skip
    found = averages(source_of(data), at, bad=frozenset(("O1",)), far=2)
    assert [(f.site, f.traces.count) for f in found.foci] == [("T3", 1)]
    assert found.left_out == {GAP: 3, BAD: 1, NOWHERE: 2, FAR: 2}
    assert not any("O1" in row.label for f in found.foci for row in f.rows)


def test_a_derivation_that_the_file_holds_is_a_focus_of_its_own_without_a_map() -> None:
    data, chain = signals(), ("Fp1-F7", "F7-T3", "T3-T5", "T5-O1", "Fp2-F8", "F8-T4", "T4-T6", "T6-O2")
    channels = tuple(Channel(k, f"EEG {n}", n, ChannelKind.EEG, RATE, "uV", True, None) for k, n in enumerate(chain))
    recording = Recording(Path("x.edf"), "EDF", channels, SECONDS, None, Patient(), "", (), (), (), "f" * 16)
    pairs = (name.split("-") for name in chain)
    held = {k: (data[a] - data[b]).astype(np.float32) for k, (a, b) in enumerate(pairs)}
    shifts = np.random.default_rng(0).uniform(-0.03, 0.03, len(TIMES))
    # As the row of the montage is called, and as the file calls it.
    at = [(t + s, "F7–T3" if k % 2 else "F7-T3") for k, (t, s) in enumerate(zip(TIMES, shifts, strict=True))]
    found = averages(ArraySource(recording, held), [*at, (TIMES[0], "T4-T6")], bad=frozenset({"T4-T6"}))
    counts = {focus.site: focus.traces.count for focus in found.foci}
    assert counts == {"F7-T3": 12}
    assert found.left_out == {BAD: 1}
    (focus,) = found.foci
    assert focus.head is None
    peak = [row.label for row in focus.rows].index("F7-T3")
    assert focus.traces.mean[peak, focus.times.size // 2] == pytest.approx(60e-6, abs=12e-6)


def test_labels_name_electrodes() -> None:
    recording = source_of(signals()).recording
    assert electrodes_of("F7–T3", recording) == ("F7", "T3")
    assert electrodes_of("F7-T3", recording) == ("F7", "T3")
    assert electrodes_of("T3–avg", recording) == ("T3",)
    assert electrodes_of("T3", recording) == ("T3",)
    assert electrodes_of("", recording) == electrodes_of("ECG", recording) == ()


def test_averaging_tells_how_far_it_is_and_can_be_cancelled() -> None:
    shares: list[float] = []
    source = source_of(signals())
    averages(source, [(t, "F7–T3") for t in TIMES], control=Control(shares.append))
    assert shares == sorted(shares)
    assert 0.0 <= shares[0] <= shares[-1] < 1.0
    stopped = Control()
    stopped.cancel()
    with pytest.raises(Cancelled):
        averages(source, [(t, "F7–T3") for t in TIMES], control=stopped)


# In the window --------------------------------------------------------------------------------------------------------


@pytest.fixture
def sharp(qtbot: QtBot, window: ReviewWindow, tmp_path: Path) -> Iterator[ReviewWindow]:
    """The window on a recording of sharp waves at T3."""
    made = [
        edfio.EdfSignal(
            y * 1e6, sampling_frequency=RATE, label=f"EEG {site}-Ref", physical_dimension="uV",
            physical_range=(-500.0, 500.0),
        )
        for site, y in signals().items()
    ]  # fmt: skip
    edfio.Edf(made).write(tmp_path / "sharp.edf")
    window.session.open(tmp_path / "sharp.edf")
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    yield window
    qtbot.waitUntil(lambda: not window.session.lanes.save.busy)


def dialog_of(qtbot: QtBot, window: ReviewWindow) -> AveragesDialog:
    qtbot.waitUntil(lambda: any(d.isVisible() for d in window.findChildren(AveragesDialog)))
    return next(d for d in window.findChildren(AveragesDialog) if d.isVisible())


def counted(dialog: AveragesDialog) -> list[tuple[str, int]]:
    return [(f.site, f.traces.count) for f in dialog.averages.foci] if dialog.averages is not None else []


def test_averages_follow_what_is_accepted(qtbot: QtBot, sharp: ReviewWindow, press: Press) -> None:
    session = sharp.session
    press(sharp, Key.Key_V)
    dialog = dialog_of(qtbot, sharp)
    qtbot.waitUntil(lambda: "press A" in dialog.view.message, timeout=60_000)
    assert not dialog.save.isEnabled()
    for time in TIMES[:3]:
        session.marks.decide(time, "F7–T3", "accepted")
    session.marks.decide(TIMES[3], "F7–T3", "rejected")
    session.marks.decide(TIMES[4], "AHL1", "accepted", reconstructed=True)
    qtbot.waitUntil(lambda: counted(dialog) == [("T3", 3)], timeout=60_000)
    assert dialog.choice.currentText() == "T3 · 3 discharges"
    assert dialog.view.focus is not None
    assert "1 left out: ≈ on reconstructed contacts" in dialog.note.text()
    press(sharp, Key.Key_V)
    assert len([d for d in sharp.findChildren(AveragesDialog) if d.isVisible()]) == 1, "one, brought to the front"
    press(sharp, Key.Key_Z, CTRL)
    press(sharp, Key.Key_Z, CTRL)
    press(sharp, Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: counted(dialog) == [("T3", 2)], timeout=60_000)
    session.toggle_bad("T3")
    qtbot.waitUntil(lambda: "2 left out: a bad channel" in dialog.note.text(), timeout=60_000)
    assert dialog.view.focus is None
    session.toggle_bad("T3")
    session.store.update(montage="average")
    qtbot.waitUntil(lambda: dialog.view.focus is not None, timeout=60_000)
    assert dialog.view.focus.rows[0].label.endswith("–avg")
    session.store.update(montage="Temporal", own=OwnMontage("Temporal", (parse_derivation("F7-T3"),)))
    qtbot.waitUntil(lambda: dialog.view.focus is not None and len(dialog.view.focus.rows) == 1, timeout=60_000)
    saved(qtbot, sharp)
    session.close_recording()
    qtbot.waitUntil(lambda: not dialog.isVisible())


def test_averages_are_saved_as_picture_and_table(
    qtbot: QtBot, sharp: ReviewWindow, press: Press, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for time in TIMES[:4]:
        sharp.session.marks.decide(time, "F7–T3", "accepted")
    press(sharp, Key.Key_V)
    dialog = dialog_of(qtbot, sharp)
    qtbot.waitUntil(lambda: counted(dialog) == [("T3", 4)], timeout=60_000)
    qtbot.waitUntil(lambda: bool(sharp.session.marks.wholeness.sha256))
    for name in ("average.csv", "average.png"):
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, name=name: (str(tmp_path / name), ""))
        qtbot.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda name=name: dialog.note.text() == f"Saved {name}.", timeout=60_000)
    with (tmp_path / "average.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["focus"] for row in rows} == {"T3"}
    assert {row["discharges"] for row in rows} == {"4"}
    at_peak = {row["signal"]: float(row["mean_uV"]) for row in rows if float(row["time_s"]) == 0.0}
    assert 30.0 < at_peak["F7–T3"] < 80.0, "microvolts, positive up as recorded"
    picture = QImage(str(tmp_path / "average.png"))
    assert not picture.isNull()
    whence = f"NeuroFlow Review {__version__}", f"sha256 {sharp.session.marks.wholeness.sha256}"
    assert {(row["program"], row["input"]) for row in rows} == {whence}
    assert (picture.text("Program"), picture.text("Input")) == whence
    assert {row["filters"] for row in rows} == {picture.text("Shown").partition(", ")[2]} == {"1–70 Hz · notch off"}
    qtbot.keyClick(dialog, Key.Key_Escape)
    qtbot.waitUntil(lambda: not dialog.isVisible())
    saved(qtbot, sharp)


def test_averaging_is_stopped_and_begun_anew(qtbot: QtBot, sharp: ReviewWindow, press: Press) -> None:
    for time in TIMES:
        sharp.session.marks.decide(time, "F7–T3", "accepted")
    press(sharp, Key.Key_V)
    dialog = dialog_of(qtbot, sharp)
    assert dialog.bar.isVisible()
    qtbot.mouseClick(dialog.stop, Qt.MouseButton.LeftButton)
    assert "Stopped" in dialog.view.message
    assert dialog.stop.text() == "&Average"
    qtbot.mouseClick(dialog.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: counted(dialog) == [("T3", 12)], timeout=30_000)
    assert not dialog.bar.isVisible()
    saved(qtbot, sharp)


def test_a_window_that_closes_stops_the_averages(qtbot: QtBot, sharp: ReviewWindow, press: Press) -> None:
    for time in TIMES:
        sharp.session.marks.decide(time, "F7–T3", "accepted")
    press(sharp, Key.Key_V)
    dialog_of(qtbot, sharp)
    sharp.close()
    assert sharp.left


def test_gaps_in_time_are_never_averaged_over() -> None:
    data = signals()
    for y in data.values():
        y[: 10 * RATE] = np.nan
    found = averages(source_of(data), [(t, "F7–T3") for t in TIMES])
    (focus,) = found.foci
    assert focus.traces.count == len([t for t in TIMES if t > 10.6])
    assert np.isfinite(focus.traces.mean).all()
