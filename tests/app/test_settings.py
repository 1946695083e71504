"""Settings: declared once, kept, and never trusted."""

from __future__ import annotations

import base64
import json
import os
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from neuroflow.jobs import Control
from neuroflow.recording import ArraySource, Channel, ChannelKind, Patient, Recording
from neuroflow_review.lanes import Lane
from neuroflow_review.session import Session
from neuroflow_review.session.montages import Montages
from neuroflow_review.session.page import PageRequest, load_page, rows_of
from neuroflow_review.session.remembered import initial_state
from neuroflow_review.settings import DECLARED, LARGEST_FILE, Settings, default_path
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.boxes import screen_scales

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def test_each_setting_is_declared_once_with_a_default_that_it_accepts_and_a_meaning() -> None:
    keys = [setting.key for setting in DECLARED]
    assert len(keys) == len(set(keys))
    for setting in DECLARED:
        assert setting.accepts(setting.default), setting.key
        assert setting.help.endswith(".")


def test_what_was_set_is_there_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.json"
    first = Settings(path)
    first.set("page.sensitivity", 10.0)
    first.set("look.theme", "dark")
    first.add_recent(Path("/data/a.edf"))
    first.add_recent(Path("/data/b.edf"))
    first.add_recent(Path("/data/a.edf"))
    first.save()
    again = Settings(path)
    assert again.get("page.sensitivity") == 10.0
    assert again.get("look.theme") == "dark"
    assert again.get("files.recent") == [str(Path("/data/a.edf")), str(Path("/data/b.edf"))]
    assert [p.name for p in path.parent.iterdir()] == ["settings.json"]


def test_a_setting_refuses_what_it_may_not_be() -> None:
    settings = Settings()
    for key, value in (
        ("look.theme", "pink"),
        ("reconstruction.samples", 256),
        ("reconstruction.samples", 0),
        ("reconstruction.samples", True),
        ("page.sensitivity", float("nan")),
        ("files.recent", [1]),
        ("look.privacy", 1),
    ):
        with pytest.raises(ValueError, match="cannot be"):
            settings.set(key, value)
    with pytest.raises(KeyError):
        settings.get("no.such.setting")


@given(st.dictionaries(st.sampled_from([s.key for s in DECLARED]) | st.text(max_size=10), JSON, max_size=6))
def test_a_hostile_file_never_gives_a_value_that_its_declaration_forbids(values: dict[str, object]) -> None:
    settings = Settings()
    settings._values = settings._checked(values)
    for setting in DECLARED:
        assert setting.accepts(settings.get(setting.key))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"settings": 3}', "\x00", "[" * 5000, '{"settings": {"look.theme": 5}}']
)
def test_a_damaged_file_means_the_defaults(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text, encoding="utf-8")
    assert Settings(path).get("look.theme") == "light"


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    document = {"settings": {"look.theme": "dark"}, "rest": "x" * LARGEST_FILE}
    path.write_text(json.dumps(document), encoding="utf-8")
    assert Settings(path).get("look.theme") == "light"


def test_a_disk_that_refuses_costs_the_settings_and_not_the_session(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    settings = Settings(blocked / "settings.json")
    settings.set("look.theme", "dark")
    settings.save()
    assert settings.get("look.theme") == "dark"


def test_the_settings_have_a_place_of_their_own() -> None:
    assert default_path().name == "settings.json"
    assert "neuroflow-review" in str(default_path())


# Files of strangers ---------------------------------------------------------------------------------------------------

CASES = int(os.environ.get("NEUROFLOW_FUZZ", "500"))
NASTY = (
    10**400, -(10**400), 2**63, 1e308, -1e308, 1e-308, 5e-324, -0.0, 0, 1, -1, float("nan"), float("inf"), True, None,
    "", "x" * 2000, "\x00", "\ud800", "../../..", "zigzag", "<b>", "\t\t", [], [[]], [None], ["\x00"] * 3, ["a\tnan"],
    ["a\t1e999"], {}, {"a": [1]}, ["x"] * 5000,
)  # fmt: skip


def spoiled(rng: np.random.Generator) -> bytes:
    """A file of settings with other values, and then, of every second, with bytes changed, cut out or repeated."""
    values = {setting.key: setting.default for setting in DECLARED}
    for key in rng.choice(list(values), rng.integers(1, 8)):
        values[str(key)] = NASTY[rng.integers(len(NASTY))]
    out = bytearray(json.dumps({"format": 1, "settings": values}).encode())
    if rng.random() < 0.5:
        return bytes(out)
    for _ in range(rng.integers(1, 6)):
        at, kind = int(rng.integers(max(len(out), 1))), rng.integers(5)
        if kind == 0:
            out[at : at + 1] = bytes([rng.integers(256)])
        elif kind == 1:
            del out[at : at + int(rng.integers(1, 200))]
        elif kind == 2:
            out[at:at] = bytes(rng.choice(list(b'",[]{}:\\0e9-.'), rng.integers(1, 300)).astype(np.uint8))
        elif kind == 3:
            out[at:at] = rng.choice([b"[", b'{"a":', b"9"]) * int(rng.integers(1, 20_000))
        else:
            out[at:at] = out[: int(rng.integers(1, 400))]
    return bytes(out)


@pytest.fixture(scope="module")
def source() -> ArraySource:
    sites = "Fp1 F7 T3 T5 O1 Fp2 F8 T4 T6 O2".split()
    channels = tuple(Channel(i, s, s, ChannelKind.EEG, 100.0, "uV", True, s) for i, s in enumerate(sites))
    rng = np.random.default_rng(0)
    data = {c.index: rng.normal(0, 2e-5, 3000).astype(np.float32) for c in channels}
    recording = Recording(
        Path("a.edf"), "EDF", channels, 30.0, datetime(2026, 1, 1), Patient(), "", (), (), (), "f" * 16
    )  # fmt: skip
    return ArraySource(recording, data)


@pytest.mark.usefixtures("qapp")
def test_whatever_a_file_of_settings_holds_a_page_can_be_drawn(tmp_path: Path, source: ArraySource) -> None:
    lane = Lane("save")
    montages = Montages(None, lane)
    path = tmp_path / "settings.json"
    for case in range(CASES):
        path.write_bytes(spoiled(np.random.default_rng([0x5E7, case])))
        began = time.process_time()
        settings = Settings(path)
        for setting in DECLARED:
            assert setting.accepts(settings.get(setting.key)), (case, setting.key)
        screen_scales(settings)
        state = initial_state(settings, montages)
        if state.seconds <= 60.0:  # a longer page is allowed, and takes longer
            rows = rows_of(source.recording, state.montage, frozenset())
            page = load_page(source, PageRequest("f" * 16, state.span, rows, state.applied, 800), Control())
            assert np.isfinite(page.traces[0].y).any(), case
        assert 0.0 < state.sensitivity < 1.0, case
        settings.save()
        assert Settings(path)._values == settings._values, case
        assert time.process_time() - began < 5.0, case
    lane.close()
    assert lane.join()


@pytest.mark.parametrize(
    "values",
    [
        {"page.montage": "zigzag", "page.low_cut": 1e-308, "page.high_cut": 1e-308},
        {"page.sensitivity": 10**400, "page.seconds": True, "reconstruction.samples": 2**63, "reader.name": "x" * 80},
        {"files.recent": ["\x00", "", "/a/b" * 200], "files.folder": "\x00", "screen.scales": ["a\tnan", "\t"]},
        {
            "look.theme": None,
            "page.seconds": 3600,
            "page.low_cut": 100,
            "page.high_cut": 0.001,
            "spikes.sensitivity": 1,
        },
    ],
)
def test_a_window_with_spoiled_settings_opens_a_recording(
    qtbot: QtBot, backend: object, demo: Path, tmp_path: Path, values: dict[str, object]
) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"settings": values}), encoding="utf-8")
    session = Session(
        Settings(path), make_backend=lambda: backend, reviews=tmp_path, trends=tmp_path  # type: ignore[arg-type, return-value]
    )  # fmt: skip
    window = ReviewWindow(session)
    window.show()
    session.load_model()
    window.commands._fill_recent()
    session.open(demo)
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    assert window.page.isVisible()
    window.close()
    window.deleteLater()
    session.deleteLater()


def test_spoiled_places_of_window_docks_and_dividers_leave_a_page_to_read(qtbot: QtBot, opened: ReviewWindow) -> None:
    opened.remember()
    keys = ("window.geometry", "window.docks", "window.dividers")
    sound = {key: base64.b64decode(opened.settings.get(key)) for key in keys}
    for case in range(60):
        rng = np.random.default_rng([0x6E0, case])
        for key, data in sound.items():
            out = bytearray(data)
            for at in rng.integers(0, len(out), rng.integers(0, 12)):
                out[at] = rng.choice([0, 0xFF, 0x7F, 0x80, rng.integers(256)])
            if rng.random() < 0.2:
                del out[int(rng.integers(len(out))) :]
            opened.settings.set(key, base64.b64encode(bytes(out)).decode())
        if not opened.recall():
            opened.arrange()
        qtbot.wait(1)
        assert opened.page.height() > 40, case
        assert opened.page.width() > 200, case
        screen = opened.screen().geometry()
        assert opened.frameGeometry().intersects(screen), case
