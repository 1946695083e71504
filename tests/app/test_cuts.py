"""High cut and notch: what has no effect is said to have none, and hum suggests a notch without switching it on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import edfio
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from neuroflow.signal.filters import LOW_CUTS, Filters
from neuroflow_review.display import filter_words, low_cut_words
from neuroflow_review.report import head_words
from neuroflow_review.session.report import Choice, Drawn, Moment, content_of
from neuroflow_review.views.toolbar import Choice as Menu
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.report import setting_of

Settle = Callable[[ReviewWindow], None]


def words_of(menu: Menu) -> list[str]:
    return [action.text() for action in menu.menu().actions()]


def humming(path: Path, mains: float, rate: int = 200) -> Path:
    """Four electrodes in noise, with mains of 15 µV that come to each in another phase."""
    t = np.arange(30 * rate) / rate
    rng = np.random.default_rng(5)
    signals = [
        edfio.EdfSignal(
            rng.normal(0, 10, t.size) + (15 * np.sin(2 * np.pi * mains * t + k) if mains else 0), rate,
            label=f"EEG {site}", physical_dimension="uV", physical_range=(-500.0, 500.0),
        )
        for k, site in enumerate(("Fp1", "F7", "T3", "T5"))
    ]  # fmt: skip
    edfio.Edf(signals).write(path)
    return path


def test_hum_suggests_a_notch_and_never_switches_it_on(
    qtbot: QtBot, window: ReviewWindow, tmp_path: Path, settle: Settle
) -> None:
    window.session.open(humming(tmp_path / "hum.edf", 60.0))
    qtbot.waitUntil(lambda: "Notch 60 Hz (suggested)" in words_of(window.commands.notch))
    assert "Notch 50 Hz" in words_of(window.commands.notch)
    assert "mains hum at 60 Hz" in window.statusBar().currentMessage()
    assert window.session.state.filters.notch is None
    assert window.commands.notch.text() == "Notch off"
    window.commands.notch.menu().actions()[2].trigger()
    settle(window)
    assert window.session.state.filters.notch == 60.0
    assert window.commands.notch.text() == "Notch 60 Hz"


def test_without_hum_no_notch_is_suggested_and_hum_is_told_once(
    qtbot: QtBot, window: ReviewWindow, tmp_path: Path
) -> None:
    def mains_looked_at() -> bool:
        return window.commands.cuts._looks > 0 and not window.session.lanes.map.busy

    window.session.open(humming(tmp_path / "hum.edf", 50.0))
    qtbot.waitUntil(lambda: window.commands.cuts.suggested == 50.0)
    window.statusBar().clearMessage()
    with qtbot.waitSignal(window.session.opened):
        window.session.open(humming(tmp_path / "quiet.edf", 0.0))
    qtbot.waitUntil(mains_looked_at)
    assert not [text for text in words_of(window.commands.notch) if "suggested" in text]
    with qtbot.waitSignal(window.session.opened):
        window.session.open(humming(tmp_path / "again.edf", 50.0))
    qtbot.waitUntil(lambda: "Notch 50 Hz (suggested)" in words_of(window.commands.notch))
    assert "hum" not in window.statusBar().currentMessage()


def test_what_has_no_effect_at_the_rate_of_the_file_is_said_to_have_none(
    window: ReviewWindow, tmp_path: Path, settle: Settle
) -> None:
    window.session.store.update(filters=Filters(1.0, 120.0, 50.0))
    window.session.open(humming(tmp_path / "slow.edf", 0.0, rate=100))
    settle(window)
    words = "1 Hz, HF 120 Hz (no effect: recorded at 100 Hz) · notch 50 Hz (no effect: recorded at 100 Hz)"
    assert words in window.says.text()
    setting = setting_of(window.session, Choice(), as_shown=False)
    page = window.session.page
    assert page is not None
    assert words in head_words(setting, Drawn(Moment(5.0, "page"), page, None, ()))
    assert words in dict(content_of(window.session, private=False).tables[0].rows[1:])["Shown"]
    assert "HF 120 Hz (no effect: recorded at 100 Hz)" in words_of(window.commands.high)
    assert "HF 35 Hz" in words_of(window.commands.high)
    window.session.set_cursor(2.0)
    assert words in window.inspector._channel.text()
    window.session.open(humming(tmp_path / "fast.edf", 0.0, rate=500))
    settle(window)
    assert "1–120 Hz · notch 50 Hz" in window.says.text()


def test_time_constants_are_the_round_figures_that_readers_say() -> None:
    said = [low_cut_words(cut).partition(" · ")[2] for cut in LOW_CUTS]
    assert said == ["10 s", "5 s", "2 s", "1 s", "0.6 s", "0.3 s", "0.16 s", "0.1 s", "0.03 s"]


@pytest.mark.parametrize("rate", [None, 500.0])
def test_filters_that_have_an_effect_are_said_as_ever(rate: float | None) -> None:
    assert filter_words(Filters(1.0, 70.0), rate) == "1–70 Hz · notch off"
    assert filter_words(Filters(None, None, 50.0), rate) == "DC Hz, no high cut · notch 50 Hz"


def test_the_head_of_a_page_says_the_sensitivity_that_it_is_drawn_in(opened: ReviewWindow) -> None:
    session = opened.session
    session.store.update(sensitivity=7e-6, solo_sensitivity=20e-6, solo="Fp1–F7")
    page = session.page
    assert page is not None
    drawn = Drawn(Moment(5.0, "page"), page, None, ())
    assert head_words(setting_of(session, Choice(), as_shown=False), drawn).startswith("7 µV/mm"), "of every row"
    assert head_words(setting_of(session, Choice()), drawn).startswith("20 µV/mm"), "of the row that is alone"
