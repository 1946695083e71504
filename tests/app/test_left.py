"""A recording is opened as it was left: what was set aside, the montage, the page."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from tests.app.test_marks import review_of

from neuroflow import __version__
from neuroflow.io import audit
from neuroflow.io.review_file import sealed
from neuroflow.recording import SignalSource, Span
from neuroflow_review.session import Session, comparison
from neuroflow_review.session.comparison import open_comparison
from neuroflow_review.window import ReviewWindow

Key = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LONG = 60_000
Press = Callable[..., None]
Settle = Callable[[ReviewWindow], None]


def kept(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return found


def opens(qtbot: QtBot, window: ReviewWindow, path: Path, at: float | None = None) -> None:
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session.open(path, at)
    qtbot.waitUntil(lambda: window.settled, timeout=LONG)


def test_a_recording_that_was_only_looked_at_gets_no_file(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Settle, few_channels: Path
) -> None:
    path = review_of(mine)
    press(mine, Key.Key_Right)
    press(mine, Key.Key_3)
    settle(mine)
    opens(qtbot, mine, few_channels)
    left = {p.name for p in path.parent.iterdir() if "review" in p.name or "audit" in p.name}
    assert all(name.endswith(".lock") for name in left)


def test_a_channel_set_aside_is_kept_at_once_told_to_the_log_and_there_again(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Settle, few_channels: Path
) -> None:
    session, path, notices = mine.session, review_of(mine), []
    session.noticed.connect(notices.append)
    recording = session.recording
    assert recording is not None
    session.store.update(montage="as recorded")
    session.store.update(channel="T6")
    settle(mine)
    press(mine, Key.Key_B)
    assert session.state.bad == {"T6"}
    qtbot.waitUntil(lambda: kept(path).get("left", {}).get("bad") == ["T6"], timeout=LONG)
    entries = [json.loads(line) for line in path.with_name(f"{recording.path.name}.audit.jsonl").open(encoding="utf-8")]
    assert [(e["what"], e["by"]) for e in entries] == [("set T6 aside", "Dr Reader")]
    assert not audit.verify(path.with_name(f"{recording.path.name}.audit.jsonl"), sealed(path)).problem
    session.go_to(120.0)
    opens(qtbot, mine, few_channels)
    assert session.state.bad == frozenset()
    session.store.update(montage="longitudinal")
    opens(qtbot, mine, recording.path)
    assert (session.state.bad, session.state.start, session.state.montage) == ({"T6"}, 120.0, "as recorded")
    assert any(row.bad for row in session.rows)
    assert "Set aside, as it was left: T6." in notices
    opens(qtbot, mine, few_channels)
    opens(qtbot, mine, recording.path, at=30.0)
    assert session.state.start == 30.0, "who says where is heard"
    session.store.update(channel="T6")
    press(mine, Key.Key_B)
    assert session.state.bad == frozenset()
    qtbot.waitUntil(lambda: "bad" not in kept(path).get("left", {"bad": 1}), timeout=LONG)


def test_setting_a_channel_aside_is_undone_and_done_again_like_every_edit(
    qtbot: QtBot, mine: ReviewWindow, press: Press
) -> None:
    session, path = mine.session, review_of(mine)
    notices: list[str] = []
    session.noticed.connect(notices.append)
    session.marks.add(5.0, "before")
    session.store.update(montage="as recorded")
    session.store.update(channel="T6")
    press(mine, Key.Key_B)
    assert session.state.bad == {"T6"}
    assert session.marks.to_undo == "set T6 aside"
    press(mine, Key.Key_Z, CTRL)
    assert (session.state.bad, notices[-1]) == (frozenset(), "Undone: set T6 aside.")
    assert [m.text for m in session.marks.all] == ["before"], "the mark made earlier stays"
    press(mine, Key.Key_Z, CTRL | SHIFT)
    assert (session.state.bad, notices[-1]) == ({"T6"}, "Done again: set T6 aside.")
    press(mine, Key.Key_Z, CTRL)
    press(mine, Key.Key_Z, CTRL)
    assert not session.marks.all
    log = path.with_name(path.name.removesuffix(".review.json") + ".audit.jsonl")
    told = ["mark an event", "set T6 aside", "take T6 back", "set T6 aside", "take T6 back", "mark an event"]
    qtbot.waitUntil(lambda: log.is_file() and len(log.read_text("utf-8").splitlines()) == len(told), timeout=LONG)
    assert [json.loads(line)["what"] for line in log.open(encoding="utf-8")] == told
    qtbot.waitUntil(lambda: not session.lanes.save.busy)
    assert not audit.verify(log, sealed(path)).problem
    assert "bad" not in kept(path)["left"]


def test_undo_of_a_channel_that_has_another_name_now_says_that_it_changed_nothing(
    qtbot: QtBot, mine: ReviewWindow, press: Press
) -> None:
    notices: list[str] = []
    mine.session.noticed.connect(notices.append)
    assert mine.session.marks.set_aside("X2", True)
    assert mine.session.state.bad == frozenset()
    press(mine, Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: bool(notices))
    assert notices[-1].startswith("Undone: set X2 aside; it was mapped since")


def test_what_was_set_aside_in_the_last_moment_is_kept_when_the_window_closes(
    qtbot: QtBot, mine: ReviewWindow, session: Session
) -> None:
    path = review_of(mine)
    session.toggle_bad("C3")
    session.toggle_bad("C4")
    assert mine.close()
    qtbot.waitUntil(lambda: kept(path).get("left", {}).get("bad") == ["C3", "C4"], timeout=LONG)


def test_what_the_last_reconstruction_came_from_stands_in_the_file_and_stays_there(
    qtbot: QtBot, mine: ReviewWindow, press: Press, reconstructed: Settle, few_channels: Path
) -> None:
    session, path = mine.session, review_of(mine)
    backend = session.reconstruction.backend
    assert backend is not None
    press(mine, Key.Key_R)
    reconstructed(mine)
    assert session.marks.decide(12.0, "AHL1", "accepted", reconstructed=True)
    assert backend.card is not None
    said = {
        "model": backend.name, "weights": backend.hash, "seed": 0, "samples": 9, "implant": backend.card.implant.name,
        "band": [0.5, 48.0], "version": __version__,
    }  # fmt: skip
    qtbot.waitUntil(lambda: kept(path).get("left", {}).get("reconstruction") == said, timeout=LONG)
    where = path.with_name(path.name.removesuffix(".review.json"))
    opens(qtbot, mine, few_channels)
    opens(qtbot, mine, where)
    session.marks.add(5.0, "nothing is reconstructed now")
    qtbot.waitUntil(lambda: len(kept(path)["marks"]) == 2, timeout=LONG)
    assert kept(path)["left"]["reconstruction"] == said


def test_a_view_of_channels_and_a_montage_that_are_gone_opens_what_is_there(
    qtbot: QtBot, mine: ReviewWindow, few_channels: Path
) -> None:
    session, path = mine.session, review_of(mine)
    session.toggle_bad("O1")
    qtbot.waitUntil(lambda: path.is_file(), timeout=LONG)
    where = path.with_name(path.name.removesuffix(".review.json"))
    opens(qtbot, mine, few_channels)
    montage = session.state.montage
    left = {"start": 1e12, "montage": "one that was deleted", "bad": ["O1", "X99"]}
    path.write_text(json.dumps(kept(path) | {"left": left}), "utf-8")
    opens(qtbot, mine, where)
    assert (session.state.bad, session.state.montage) == ({"O1"}, montage)
    recording = session.recording
    assert recording is not None
    assert session.state.span.stop <= recording.duration + 1e-6


def test_a_comparison_that_is_still_opening_when_channels_are_mapped_is_not_lost(
    qtbot: QtBot, mine: ReviewWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = mine.session
    recording = session.recording
    assert recording is not None
    started, go = threading.Event(), threading.Event()

    def slowly(*args: Any) -> SignalSource:
        started.set()
        go.wait(20)
        return open_comparison(*args)

    monkeypatch.setattr(comparison, "open_comparison", slowly)
    session.comparison.open(recording.path, ["T3"])
    assert started.wait(20)
    with qtbot.waitSignal(session.opened, timeout=LONG):
        session.open(recording.path, session.state.start)
    go.set()
    qtbot.waitUntil(lambda: session.comparison.source is not None and mine.settled, timeout=LONG)


def test_a_recording_that_is_opened_again_keeps_selection_and_comparison(qtbot: QtBot, mine: ReviewWindow) -> None:
    session = mine.session
    recording = session.recording
    assert recording is not None
    session.comparison.open(recording.path, ["T3"])
    qtbot.waitUntil(lambda: session.comparison.source is not None, timeout=LONG)
    session.store.update(selection=Span(2.0, 4.0))
    session.toggle_bad("T6")
    opens(qtbot, mine, recording.path, at=session.state.start)
    assert session.state.selection == Span(2.0, 4.0)
    assert session.state.bad == {"T6"}
    assert session.comparison.source is not None
