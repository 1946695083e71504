"""The table of what is shown: contacts of the implant, what is at the cursor, and the list of events."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from tests.app.test_shown import saved

from neuroflow_review.session.analysis import Spike
from neuroflow_review.window import ReviewWindow

Settle = Callable[[ReviewWindow], None]
Table = list[dict[str, str]]


def table(qtbot: QtBot, window: ReviewWindow, folder: Path, part: str) -> Table:
    """The rows of one part of what is saved now."""
    data = saved(qtbot, window, folder / "shown.csv").decode("utf-8-sig")
    return [row for row in csv.DictReader(io.StringIO(data)) if f": {part}" in f": {row['what']}"]


def values(rows: Table, what: str) -> dict[str, float]:
    """By signal, those of one sort."""
    return {row["signal"]: float(row["value"]) for row in rows if what in row["what"]}


# Contacts -------------------------------------------------------------------------------------------------------------


def test_each_contact_that_is_shown_has_its_place_and_what_it_is_coloured_by(
    qtbot: QtBot, opened: ReviewWindow, tmp_path: Path
) -> None:
    session = opened.session
    session.store.update(shafts=("AHL", "PHR"))
    rows = table(qtbot, opened, tmp_path, "implant")
    backend = session.reconstruction.backend
    assert backend is not None
    card = backend.card
    assert card is not None
    shown = [session.contacts[i] for i in session.shown_contacts()]
    assert {c.shaft for c in shown} == {"AHL", "PHR"}
    for axis, letter in enumerate("xyz"):
        assert values(rows, f"MNI {letter}") == {f"≈{c.name}": pytest.approx(c.mni[axis], abs=1e-4) for c in shown}
    measures = {f"≈{m.name}": m for m in card.contacts if m.name in {c.name for c in shown}}
    painted = values(rows, "what the scalp says")
    assert painted == {name: pytest.approx(1 - m.spread_ratio, abs=1e-4) for name, m in measures.items()}
    assert values(rows, "expected r") == {name: pytest.approx(m.r, abs=1e-4) for name, m in measures.items()}
    assert values(rows, "90 % bands") == {n: pytest.approx(100 * m.coverage90, abs=1e-2) for n, m in measures.items()}
    assert all("not on this patient" in row["what"] for row in rows if "expected r" in row["what"])
    assert {row["time_s"] for row in rows} == {""}, "a place has no time"
    opened.docks["Implant"].hide()
    assert table(qtbot, opened, tmp_path, "implant") == []


# At the cursor --------------------------------------------------------------------------------------------------------


def test_the_distribution_at_the_cursor_is_that_of_the_samples(
    qtbot: QtBot, opened: ReviewWindow, reconstructed: Settle, tmp_path: Path
) -> None:
    session = opened.session
    session.reconstruct_page()
    reconstructed(opened)
    index = session.shown_contacts()[2]
    session.store.update(channel=session.contacts[index].name, reconstructed=True)
    session.set_cursor(3.21)
    rows = table(qtbot, opened, tmp_path, "at the cursor")
    below = [row for row in rows if row["signal"] == f"≈{session.contacts[index].name}"]
    assert all(row["what"].startswith("reconstructed, not recorded: ") for row in below)
    assert {row["time_s"] for row in rows} == {"3.210000"}
    found = session.values_at(index, 3.21)
    assert found is not None
    samples = np.sort(found.astype(float)) * 1e6
    told = {row["what"].partition("at the cursor: ")[2]: float(row["value"]) for row in below}
    assert told["median of 9 samples"] == pytest.approx(np.median(samples), abs=1e-3)
    (low50, low90), (high50, high90) = (
        [value for what, value in told.items() if what.startswith(f"{end} end of")] for end in ("low", "high")
    )
    assert samples[0] - 1e-3 < low90 < low50 < told["median of 9 samples"] < high50 < high90 < samples[-1] + 1e-3
    bars = {what: value for what, value in told.items() if what.startswith("samples from")}
    assert sum(bars.values()) == 9
    for what, count in bars.items():
        first, last = (float(number) for number in re.findall(r"from (\S+) to (\S+)", what)[0])
        near = np.abs(samples - first).min() < 0.1 or np.abs(samples - last).min() < 0.1
        assert near or count == np.sum((samples > first) & (samples < last)), "bars end where they say"


def test_the_recorded_value_at_the_cursor_is_that_of_the_page(
    qtbot: QtBot, opened: ReviewWindow, settle: Settle, tmp_path: Path
) -> None:
    session = opened.session
    session.store.update(channel="F7–T3", reconstructed=False, bad=frozenset({"T3"}))
    settle(opened)
    session.set_cursor(2.5)
    (here,) = table(qtbot, opened, tmp_path, "at the cursor")
    assert here["signal"] == "F7–T3"
    assert here["unit"] == "µV"
    assert "recorded, set aside as bad" in here["what"]
    with (tmp_path / "shown.csv").open(encoding="utf-8-sig") as file:
        page = [row for row in csv.DictReader(file) if row["what"] == "recorded, set aside as bad"]
    drawn = [row["value"] for row in page if row["signal"] == "F7–T3" and abs(float(row["time_s"]) - 2.5) < 1e-6]
    assert float(here["value"]) == pytest.approx(float(drawn[0]), abs=1e-3)
    session.set_cursor(None)
    assert table(qtbot, opened, tmp_path, "at the cursor") == []


def test_an_interpolated_value_at_the_cursor_is_not_called_recorded(
    qtbot: QtBot, opened: ReviewWindow, settle: Settle, tmp_path: Path
) -> None:
    opened.session.store.update(channel="F7–T3", reconstructed=False, bad=frozenset({"T3"}))
    opened.commands.actions["interpolate"].trigger()
    qtbot.waitUntil(lambda: any(row.interpolated for row in opened.session.rows))
    settle(opened)
    opened.session.set_cursor(2.5)
    (here,) = table(qtbot, opened, tmp_path, "at the cursor")
    assert here["what"].startswith("at the cursor: interpolated, not recorded: T3")


# The list of events ---------------------------------------------------------------------------------------------------


@pytest.fixture
def listed(qtbot: QtBot, mine: ReviewWindow, monkeypatch: pytest.MonkeyPatch) -> ReviewWindow:
    """Proposals on the scalp, one of them in what is withheld, and in the reconstruction; a mark and a decision."""
    session, marks = mine.session, mine.session.marks
    monkeypatch.setattr(session.spikes, "scalp", lambda: (Spike("F7–T3", 4.5), Spike("T3–T5", 8.0)))
    monkeypatch.setattr(session.spikes, "depth", lambda: (Spike("AHL2", 8.5, 13, 39, 0.2, 0.5),))
    monkeypatch.setattr(session.reconstruction, "artefact_at", lambda time: 4.0 <= time < 6.0)
    marks.add(1.0, "chewing")
    assert marks.decide(8.0, "T3–T5", "unsure")
    session.spikes.changed.emit()
    qtbot.waitUntil(lambda: mine.settled)
    return mine


def events(rows: Table) -> dict[tuple[str, str, float], str]:
    """By where, what and when: how many samples or what share."""
    return {(row["signal"], row["what"], float(row["time_s"])): row["value"] for row in rows}


def test_the_list_is_kept_with_proposals_shares_and_doubts(qtbot: QtBot, listed: ReviewWindow, tmp_path: Path) -> None:
    found = events(table(qtbot, listed, tmp_path, "event"))
    far = "reconstructed, not recorded: event: proposed: spike?"
    expected = {
        ("", "event: mark: chewing, by Dr Reader", 1.0): "",
        ("F7–T3", "event: proposed: artefact?", 4.5): "",
        ("T3–T5", "event: decided: spike, unsure, by Dr Reader", 8.0): "",
        ("≈AHL2", f"{far}: of 39 samples", 8.5): "13.0000",
        ("≈AHL2", f"{far}: low end of the 95 % interval of the share of samples", 8.5): "20.0000",
        ("≈AHL2", f"{far}: high end of the 95 % interval of the share of samples", 8.5): "50.0000",
    }
    assert {key: value for key, value in found.items() if "annotation" not in key[1]} == expected
    recording = listed.session.recording
    assert recording is not None
    notes = [("", f"event: annotation: {a.text}", pytest.approx(a.onset)) for a in recording.annotations]
    assert len(notes) > 3
    assert [key for key in found if "annotation" in key[1]] == notes


def test_what_search_and_filter_hide_is_not_in_the_table(qtbot: QtBot, listed: ReviewWindow, tmp_path: Path) -> None:
    listed.events.search.setText("t3")
    assert {key[0] for key in events(table(qtbot, listed, tmp_path, "event"))} == {"F7–T3", "T3–T5"}
    listed.docks["Events"].hide()
    assert table(qtbot, listed, tmp_path, "event") == []


def test_in_private_neither_readers_nor_the_words_of_the_file_are_in_the_table(
    qtbot: QtBot, listed: ReviewWindow, settle: Settle, tmp_path: Path
) -> None:
    listed.session.store.update(private=True)
    settle(listed)
    told = {what for _, what, _ in events(table(qtbot, listed, tmp_path, "event"))}
    assert "event: mark: chewing" in told
    assert "event: annotation: note" in told
    assert not any("Reader" in what or "Eyes" in what for what in told)
