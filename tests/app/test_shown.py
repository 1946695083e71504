"""What is shown, saved: the page as lines, its values as a table, the window as a picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage

from neuroflow.recording import Span
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.shown import Saving, save_shown, shown_panels


def saved(qtbot: Any, window: ReviewWindow, target: Path, *, panels: bool = False) -> bytes:
    job = save_shown(window, target, panels=panels)
    assert job is not None
    with qtbot.waitSignal(job.destroyed, timeout=30_000):
        pass
    return target.read_bytes()


def rows_of(data: bytes) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """Values over time; places of contacts have no time, and most events no value."""
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in csv.DictReader(io.StringIO(data.decode("utf-8-sig"))):
        if "implant of the model" in row["what"] or "event: " in row["what"]:
            continue
        found.setdefault((row["signal"], row["what"]), []).append((float(row["time_s"]), float(row["value"])))
    return found


def test_the_table_holds_what_was_recorded_in_microvolts(qtbot: Any, opened: ReviewWindow, tmp_path: Path) -> None:
    session = opened.session
    session.store.update(filters_on=False, montage="longitudinal", start=20.0)
    found = rows_of(saved(qtbot, opened, tmp_path / "page.csv"))
    source, recording = session.source, session.recording
    assert source is not None
    assert recording is not None
    span = Span(20.0, 30.0)
    a, b = (source.read(span, recording.channel(name)) for name in ("Fp1", "F7"))
    values = np.array(found["Fp1–F7", "recorded"])
    np.testing.assert_allclose(values[:, 1], (a - b) * 1e6, atol=1e-3)
    np.testing.assert_allclose(values[:, 0], 20.0 + np.arange(a.size) / recording.channel("Fp1").rate, atol=1e-5)
    assert {what for _, what in found} - {"spectrogram, as recorded"} == {"recorded"}


def test_reconstructed_values_say_so_in_every_row(
    qtbot: Any, opened: ReviewWindow, reconstructed: Callable[[ReviewWindow], None], tmp_path: Path
) -> None:
    session = opened.session
    session.reconstruct_page()
    reconstructed(opened)
    found = rows_of(saved(qtbot, opened, tmp_path / "page.csv"))
    below = {key: np.array(values) for key, values in found.items() if key[0].startswith("≈")}
    assert {name for name, _ in below} == {f"≈{session.contacts[i].name}" for i in session.shown_contacts()}
    assert all(what.startswith("reconstructed, not recorded: ") for _, what in below)
    name = f"≈{session.contacts[session.shown_contacts()[0]].name}"
    kinds = [values for (signal, _), values in below.items() if signal == name]
    assert len(kinds) == 5
    median, low50, high50, low90, high90 = (k[:, 1] for k in kinds)
    assert (low90 <= low50).all()
    assert (low50 <= median).all()
    assert (median <= high50).all()
    assert (high50 <= high90).all()


def test_the_table_holds_what_every_panel_shows(
    qtbot: Any, opened: ReviewWindow, reconstructed: Callable[[ReviewWindow], None], tmp_path: Path
) -> None:
    session = opened.session
    for action in ("trends", "dock Map", "dock Spectrum"):
        opened.commands.actions[action].trigger()
    session.reconstruct_page()
    reconstructed(opened)
    session.set_cursor(session.state.start + 2.5)
    qtbot.waitUntil(lambda: opened.settled and opened.feeds.maps.shown is not None, timeout=60_000)
    found = list(csv.DictReader(io.StringIO(saved(qtbot, opened, tmp_path / "all.csv").decode("utf-8-sig"))))

    mapped = [row for row in found if row["what"].startswith("map: voltage")]
    assert sum(float(row["value"]) for row in mapped) == pytest.approx(0.0, abs=0.01), "an average reference"
    assert {row["time_s"] for row in mapped} == {f"{session.cursor:.6f}"}

    spectra = [row for row in found if row["what"].startswith("spectrum of the page, 10 s, recorded")]
    assert {row["signal"] for row in spectra} == {row.label for row in session.rows if row.kind == "EEG"}

    trend = [row for row in found if "trend: " in row["what"]]
    power: dict[tuple[str, str], float] = {}
    for row in trend:
        if "median power" in row["what"] and 1 <= float(row["frequency_hz"]) <= 18:
            key = row["signal"].split()[0], row["time_s"]
            power[key] = power.get(key, 0.0) + 10 ** (float(row["value"]) / 10)
    skewed = {row["time_s"]: float(row["value"]) for row in trend if "(right - left)" in row["what"]}
    assert len(skewed) > 2
    for time, value in skewed.items():
        left, right = power["left", time], power["right", time]
        assert (right - left) / (right + left) == pytest.approx(value, abs=2e-4)

    for row in found:
        assert row["signal"].startswith("≈") is ("reconstructed, not recorded" in row["what"])


def test_the_table_holds_the_butterfly_around_the_cursor(qtbot: Any, opened: ReviewWindow, tmp_path: Path) -> None:
    session = opened.session
    for name in ("Implant", "Map", "Spectrum"):
        opened.docks[name].hide()
    opened.commands.actions["dock Butterfly"].trigger()
    opened.docks["Butterfly"].raise_()
    session.set_cursor(session.state.start + 2.5)
    qtbot.waitUntil(lambda: opened.settled and opened.butterfly.shown is not None, timeout=60_000)
    found = list(csv.DictReader(io.StringIO(saved(qtbot, opened, tmp_path / "all.csv").decode("utf-8-sig"))))
    rows = [row for row in found if row["what"].startswith("butterfly: ")]
    assert {row["signal"] for row in rows} == set(opened.butterfly.shown[3])
    at = [float(row["value"]) for row in rows if abs(float(row["time_s"]) - session.cursor) < 1e-6]
    assert len(at) == len(opened.butterfly.shown[3])
    assert sum(at) == pytest.approx(0.0, abs=0.05), "an average reference"


def test_no_rate_is_told_where_no_spike_was_looked_for(
    qtbot: Any, opened: ReviewWindow, reconstructed: Callable[[ReviewWindow], None], tmp_path: Path
) -> None:
    opened.commands.actions["trends"].trigger()
    opened.session.store.update(spikes_shown=False)
    opened.session.reconstruct_page()
    reconstructed(opened)
    found = rows_of(saved(qtbot, opened, tmp_path / "all.csv"))
    assert any(what.startswith("trend: median power") for _, what in found)
    assert not any("discharges expected" in what for _, what in found)


def test_a_channel_that_was_set_aside_is_said_to_be(qtbot: Any, opened: ReviewWindow, tmp_path: Path) -> None:
    opened.session.store.update(montage="average", bad=frozenset({"T3"}))
    qtbot.waitUntil(lambda: opened.settled, timeout=60_000)
    words = {what for signal, what in rows_of(saved(qtbot, opened, tmp_path / "page.csv")) if signal == "T3–avg"}
    assert words - {"spectrogram, as recorded"} == {"recorded, set aside as bad"}


def test_of_panels_that_are_closed_nothing_is_in_the_table(qtbot: Any, opened: ReviewWindow, tmp_path: Path) -> None:
    opened.commands.actions["panel Spectrogram"].trigger()
    for dock in opened.docks.values():
        dock.hide()
    found = csv.DictReader(io.StringIO(saved(qtbot, opened, tmp_path / "page.csv").decode("utf-8-sig")))
    assert {row["what"] for row in found} == {"recorded"}


def test_lines_are_lines_and_the_picture_is_the_window(
    qtbot: Any, opened: ReviewWindow, reconstructed: Callable[[ReviewWindow], None], tmp_path: Path
) -> None:
    opened.session.reconstruct_page()
    reconstructed(opened)
    drawing = saved(qtbot, opened, tmp_path / "page.svg").decode()
    assert "<image" not in drawing
    assert drawing.count("<polyline") + drawing.count("<path") > 18
    assert "reconstructed, not recorded" in "".join(ElementTree.fromstring(drawing).itertext())
    picture = QImage.fromData(saved(qtbot, opened, tmp_path / "window.png"))
    assert picture.size() == opened.size() * opened.devicePixelRatioF()


def words_of(drawing: str) -> str:
    return "".join(ElementTree.fromstring(drawing).itertext())


def test_every_panel_in_sight_is_drawn_as_lines_below_the_page(
    qtbot: Any, opened: ReviewWindow, reconstructed: Callable[[ReviewWindow], None], tmp_path: Path
) -> None:
    for action in ("trends", "dock Map", "dock Spectrum", "dark"):
        opened.commands.actions[action].trigger()
    opened.session.reconstruct_page()
    reconstructed(opened)
    opened.session.set_cursor(opened.session.state.start + 2.5)
    qtbot.waitUntil(lambda: opened.settled and opened.feeds.maps.shown is not None, timeout=60_000)
    panels = shown_panels(opened)
    assert {opened.overview, opened.trends, opened.topomap, opened.spectrum} <= set(panels)
    page = saved(qtbot, opened, tmp_path / "page.svg").decode()
    every = saved(qtbot, opened, tmp_path / "every.svg", panels=True).decode()
    assert every.count("<path") + every.count("<polyline") > page.count("<path") + page.count("<polyline")
    assert "Hz" in words_of(every).removeprefix(words_of(page))
    assert QColor(opened.look.panel).name() not in every, "in the colours of print"
    qtbot.waitUntil(lambda: opened.settled, timeout=60_000)
    ground = opened.topomap.grab().toImage().pixelColor(1, 1)
    assert ground == QColor(opened.look.panel), "and the window stays as it was"


def test_what_cannot_be_saved_is_said_in_a_sentence(qtbot: Any, opened: ReviewWindow, tmp_path: Path) -> None:
    said: list[str] = []
    opened.say = said.append  # type: ignore[method-assign, assignment]
    job: Saving | None = save_shown(opened, tmp_path / "gone" / "page.csv")
    assert job is not None
    with qtbot.waitSignal(job.destroyed, timeout=30_000):
        pass
    assert "There is no folder" in said[-1]


@pytest.mark.parametrize("private", [False, True])
def test_the_status_line_names_no_file_in_private(
    qtbot: Any, opened: ReviewWindow, private: bool, tmp_path: Path
) -> None:
    opened.session.store.update(private=private)
    said: list[str] = []
    opened.say = said.append  # type: ignore[method-assign, assignment]
    saved(qtbot, opened, tmp_path / "Doe.png")
    assert ("Doe" in said[-1]) is not private


def test_a_window_that_closes_stops_what_is_saved(opened: ReviewWindow, tmp_path: Path) -> None:
    """That no thread is left is looked at after every test."""
    save_shown(opened, tmp_path / "page.csv")
    opened.close()
    assert all(path.name == "page.csv" for path in tmp_path.glob("*.csv"))
