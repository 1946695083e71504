"""The display rules of the clinical design, one test a rule, named by it: of the engine, then in a window."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import edfio
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from neuroflow.recording import Span
from neuroflow.signal.envelope import minmax_envelope
from neuroflow.signal.filters import (
    HIGH_CUTS,
    LOW_CUTS,
    NOTCHES,
    SENSITIVITIES,
    Filters,
    apply_filters,
    context_seconds,
    magnitude,
    time_constant,
)
from neuroflow.signal.montage import MONTAGES, MontageChannel, Row, apply_rows, montage_rows
from neuroflow_review.dialogs.goto import GoToDialog
from neuroflow_review.paper import bar_volts, clock_ticks, pixels_per_mm, screen_key, set_calibrated
from neuroflow_review.report import head_words
from neuroflow_review.session.page import PageData
from neuroflow_review.session.remembered import initial_state, remember
from neuroflow_review.session.report import Choice, Drawn, Moment, content_of
from neuroflow_review.theme import colour, gutter, right_margin, time_to_x
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.report import setting_of
from neuroflow_review.wording import clock, microvolts

Key = Qt.Key
Press = Callable[..., None]
Settle = Callable[[ReviewWindow], None]
Edf = Callable[[str, list[str]], Path]
Show = Callable[[Path], ReviewWindow]
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
GRID = "Fp1 Fp2 F7 F3 Fz F4 F8 T3 C3 Cz C4 T4 T5 P3 Pz P4 T6 O1 O2 A1 A2"
TEN_TWENTY = GRID.split()
# From the front of the head to the back.
DEPTH = {"Fp": 0, "F": 1, "T3": 2, "T4": 2, "C": 2, "T5": 3, "T6": 3, "P": 3, "O": 4}


def rows(montage: str, *, interleaved: bool = False) -> tuple[Row, ...]:
    return montage_rows(montage, [MontageChannel(s, s, "EEG") for s in TEN_TWENTY], interleaved=interleaved)


def chains(montage: str, *, interleaved: bool = False) -> list[list[str]]:
    out: dict[int, list[str]] = {}
    for row in rows(montage, interleaved=interleaved):
        out.setdefault(row.group, []).append(row.label)
    return list(out.values())


def depth(site: str) -> int:
    return DEPTH.get(site, DEPTH.get(site.rstrip("0123456789z"), -1))


def test_sensitivity_ladder_is_1_to_200_microvolts_per_millimetre() -> None:
    expected = [1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 75, 100, 150, 200]
    np.testing.assert_allclose(np.array(SENSITIVITIES) * 1e6, expected)


def test_low_cut_ladder_and_its_time_constants() -> None:
    assert LOW_CUTS == (0.016, 0.03, 0.08, 0.16, 0.27, 0.53, 1.0, 1.6, 5.3)
    printed = [10, 5, 2, 1, 0.6, 0.3, 0.16, 0.1, 0.03]
    np.testing.assert_allclose([time_constant(cut) for cut in LOW_CUTS], printed, rtol=0.07)


def test_high_cut_ladder() -> None:
    assert HIGH_CUTS == (15.0, 30.0, 35.0, 60.0, 70.0, 120.0, 300.0)


def test_notch_is_off_50_or_60_hertz() -> None:
    assert NOTCHES == (50.0, 60.0)
    assert Filters().notch is None


def test_a_page_opens_at_1_to_70_hertz_notch_off() -> None:
    assert Filters() == Filters(low_cut=1.0, high_cut=70.0, notch=None)
    assert Filters().low_cut in LOW_CUTS
    assert Filters().high_cut in HIGH_CUTS


@pytest.mark.parametrize("cut", [cut for cut in LOW_CUTS if cut >= 0.08])
def test_low_cut_is_first_order_so_that_a_time_constant_means_what_it_says(cut: float) -> None:
    frequencies = cut * np.array([0.5, 1.0, 2.0, 4.0, 10.0])
    ideal = frequencies / np.hypot(frequencies, cut)
    gains = magnitude(Filters(cut, None), 256.0, frequencies)
    decibels = 20 * np.log10(gains / ideal)
    assert np.abs(decibels[1:]).max() < 0.2  # from the cut-off up: 3 dB down there
    assert abs(decibels[0]) < 0.6  # an octave below: 7 dB down


@pytest.mark.parametrize("cut", LOW_CUTS[:2])
def test_the_lowest_cuts_keep_first_order_within_half_a_decibel_at_the_cut_off(cut: float) -> None:
    gain = magnitude(Filters(cut, None), 256.0, np.array([cut]))[0]
    assert 20 * np.log10(gain * np.sqrt(2)) == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize("cut", [15.0, 30.0, 35.0, 60.0, 70.0])
def test_high_cut_is_3_decibels_down_at_the_cut_off_and_24_an_octave_above(cut: float) -> None:
    gains = 20 * np.log10(magnitude(Filters(None, cut), 512.0, np.array([cut / 2, cut, 2 * cut])))
    np.testing.assert_allclose(gains, [0, -3.01, -24.1], atol=0.15)


@pytest.mark.parametrize("notch", NOTCHES)
def test_notch_removes_the_mains_and_leaves_its_neighbours(notch: float) -> None:
    gains = magnitude(Filters(None, None, notch), 256.0, notch + np.array([-8, -2, 0, 2, 8]))
    assert gains[2] < 0.01
    np.testing.assert_allclose(gains[[1, 3]], np.sqrt(0.5), atol=0.04)
    assert gains[[0, 4]].min() > 0.95


@pytest.mark.parametrize("filters", [Filters(), Filters(0.53, 35.0, 50.0), Filters(5.3, 15.0)])
def test_filters_are_zero_phase(filters: Filters) -> None:
    rate, centre = 256.0, 4096
    spike = np.zeros((1, 2 * centre + 1))
    spike[0, centre] = 1.0
    out = apply_filters(spike, rate, filters)[0]
    np.testing.assert_allclose(out, out[::-1], atol=1e-6)
    assert out.argmax() == centre


def test_filters_get_context_beyond_the_page() -> None:
    rate, filters = 256.0, Filters()
    recording = np.cumsum(np.random.default_rng(0).standard_normal((2, round(60 * rate))), axis=1)
    whole = apply_filters(recording, rate, filters)
    context = round(context_seconds(filters, rate) * rate)
    first, last = round(20 * rate), round(30 * rate)
    page = apply_filters(recording[:, first - context : last + context], rate, filters)[:, context:-context]
    np.testing.assert_allclose(page, whole[:, first:last], atol=1e-3 * whole.std())


def test_gaps_are_gaps_and_time_never_slides() -> None:
    data = np.random.default_rng(0).standard_normal((1, 5000))
    data[0, 1000:2000] = np.nan
    out = apply_filters(data, 200.0, Filters())
    np.testing.assert_array_equal(np.isnan(out), np.isnan(data))
    low, high = minmax_envelope(out, 500)
    assert list(np.flatnonzero(np.isnan(low[0]))) == list(range(100, 200))
    np.testing.assert_array_equal(np.isnan(low), np.isnan(high))


def test_there_are_seven_montages_one_key_each() -> None:
    assert MONTAGES == ("longitudinal", "transverse", "average", "linked ears", "cz", "laplacian", "as recorded")


def test_longitudinal_bipolar_is_the_double_banana_left_above_right() -> None:
    assert chains("longitudinal") == [
        ["Fp1–F7", "F7–T3", "T3–T5", "T5–O1"],
        ["Fp1–F3", "F3–C3", "C3–P3", "P3–O1"],
        ["Fz–Cz", "Cz–Pz"],
        ["Fp2–F4", "F4–C4", "C4–P4", "P4–O2"],
        ["Fp2–F8", "F8–T4", "T4–T6", "T6–O2"],
    ]


def test_left_and_right_chains_may_be_interleaved() -> None:
    firsts = [chain[0] for chain in chains("longitudinal", interleaved=True)]
    assert firsts == ["Fp1–F7", "Fp2–F8", "Fp1–F3", "Fp2–F4", "Fz–Cz"]
    assert sorted(r.label for r in rows("longitudinal")) == sorted(
        r.label for r in rows("longitudinal", interleaved=True)
    )


def test_transverse_bipolar_runs_from_left_to_right_and_from_front_to_back() -> None:
    assert chains("transverse") == [
        ["F7–Fp1", "Fp1–Fp2", "Fp2–F8"],
        ["F7–F3", "F3–Fz", "Fz–F4", "F4–F8"],
        ["T3–C3", "C3–Cz", "Cz–C4", "C4–T4"],
        ["T5–P3", "P3–Pz", "Pz–P4", "P4–T6"],
        ["T5–O1", "O1–O2", "O2–T6"],
    ]


@pytest.mark.parametrize("montage", ["longitudinal", "average", "linked ears", "cz", "laplacian"])
def test_anterior_stands_above_posterior_in_every_chain(montage: str) -> None:
    for chain in chains(montage):
        order = [depth(label.split("–")[0]) for label in chain]
        assert order == sorted(order)
        assert min(order) >= 0


@pytest.mark.parametrize("montage", ["longitudinal", "average", "linked ears", "cz", "laplacian"])
def test_left_stands_above_the_midline_and_the_midline_above_right(montage: str) -> None:
    sides = [row.side for row in rows(montage)]
    order = {"left": 0, "midline": 1, "right": 2}
    assert [order[s] for s in sides] == sorted(order[s] for s in sides)
    assert sides.count("left") == sides.count("right") == 8


def test_referential_montages_show_every_electrode_in_the_same_order() -> None:
    expected = "F7 T3 T5 Fp1 F3 C3 P3 O1 Fz Cz Pz Fp2 F4 C4 P4 O2 F8 T4 T6"
    for montage in ("average", "linked ears", "laplacian"):
        assert " ".join(row.label.split("–")[0] for row in rows(montage)) == expected


@pytest.mark.parametrize("montage", MONTAGES)
def test_every_derivation_is_labelled_and_says_its_side(montage: str) -> None:
    for row in rows(montage):
        assert row.label
        assert row.side in ("left", "right", "midline")


def test_left_right_and_midline_derivations_of_the_transverse_montage() -> None:
    side = {row.label: row.side for row in rows("transverse")}
    assert side["F7–F3"] == side["F3–Fz"] == "left"
    assert side["Fz–F4"] == side["F4–F8"] == "right"
    assert side["Fp1–Fp2"] == side["O1–O2"] == "midline"


def test_as_recorded_keeps_the_order_of_the_file_and_other_kinds_last() -> None:
    channels = [MontageChannel(s, s, "EEG") for s in ("O2", "Fp1")]
    channels.insert(1, MontageChannel("ECG", None, "ECG"))
    assert [row.label for row in montage_rows("as recorded", channels)] == ["O2", "Fp1", "ECG"]


def test_a_bad_channel_is_left_out_of_averages_and_shown_as_such() -> None:
    channels = [MontageChannel(s, s, "EEG") for s in ("Fp1", "Fp2", "O1")]
    average = montage_rows("average", channels, bad={"Fp2"})
    data = {"Fp1": np.array([1.0]), "Fp2": np.array([900.0]), "O1": np.array([3.0])}
    traces = dict(zip([row.label for row in average], apply_rows(average, data)[:, 0], strict=True))
    assert traces == pytest.approx({"Fp1–avg": -1.0, "O1–avg": 1.0, "Fp2–avg": 898.0})
    assert {row.label for row in average if row.bad} == {"Fp2–avg"}


def test_no_peak_is_lost_at_any_zoom() -> None:
    data = np.zeros((1, 7680))
    data[0, 4321] = 1.0
    for columns in (1, 7, 640, 1500, 7680, 10_000):
        assert minmax_envelope(data, columns)[1].max() == 1.0


# In the window --------------------------------------------------------------------------------------------------------


def page_of(window: ReviewWindow) -> PageData:
    page = window.session.page
    assert page is not None
    return page


def head_of(window: ReviewWindow) -> str:
    """What the head of a page of the report says."""
    setting = setting_of(window.session, Choice(), as_shown=False)
    return head_words(setting, Drawn(Moment(5.0, "page"), page_of(window), None, ()))


@pytest.mark.parametrize(
    ("key", "electrodes", "why"),
    [
        (Key.Key_4, TEN_TWENTY[:19], "as recorded: no linked ears in this file"),
        (Key.Key_5, [site for site in TEN_TWENTY if site != "Cz"], "as recorded: no Cz in this file"),
    ],
)
def test_a_montage_for_which_the_file_has_no_electrodes_is_said_to_be_as_recorded(
    show: Show, edf: Edf, press: Press, settle: Settle, key: Key, electrodes: list[str],
    why: str,
) -> None:  # fmt: skip
    window = show(edf("some.edf", [f"EEG {site}-Ref" for site in electrodes]))
    press(window, key)
    assert why[1:] in window.statusBar().currentMessage()
    settle(window)
    assert [row.label for row in page_of(window).request.rows] == electrodes
    assert window.commands.montage.text() == "As recorded"
    assert [n for n in range(1, 8) if window.commands.actions[f"montage_{n}"].isChecked()] == [7]
    assert why in window.says.text()
    assert why in head_of(window)
    assert why in dict(content_of(window.session, private=False).tables[0].rows[1:])["Shown"]
    press(window, Key.Key_1)
    settle(window)
    assert window.commands.montage.text() == "Longitudinal"
    assert "as recorded" not in window.says.text() + head_of(window)


def test_the_montage_is_said_where_there_is_no_toolbar(opened: ReviewWindow, press: Press, settle: Settle) -> None:
    press(opened, Key.Key_3)
    assert "Average" not in opened.says.text()
    opened.session.store.update(private=True)  # that a presentation hides the name changes nothing then
    press(opened, Key.Key_P)
    settle(opened)
    assert "Average" in opened.says.shown
    press(opened, Key.Key_Escape)
    assert "Average" not in opened.says.text()


def test_the_day_of_the_recording_is_said_when_it_is_not_the_first(show: Show, midnight: Path) -> None:
    window = show(midnight)
    assert window.place.text() == "23:59:35  (00:00:00)"
    window.session.go_to(30.0)
    assert window.place.text() == "day 2 00:00:05  (00:00:30)"
    start = datetime(2024, 3, 1, 23, 59, 35)
    assert [text for _, text in clock_ticks(Span(20.0, 30.0), 5, start)] == ["23:59:55", "day 2 00:00:00", "00:00:05"]
    assert [text for _, text in clock_ticks(Span(30.0, 40.0), 5, start)][:2] == ["day 2 00:00:05", "00:00:10"]
    assert clock_ticks(Span(86_400.0, 86_410.0), 5, None)[0] == (86_400.0, "24:00:00")


STRANGE = {"T3": "EEG T7-Ref", "T4": "T8-LE", "T5": "EEG P7-A1A2", "T6": "P8", "Fp1": "EEG Fp1-Ref", "Fp2": "FP2-LE"}
"""What files call electrodes; the others are called ``EEG F7-A1A2``."""


@pytest.fixture
def square(tmp_path: Path) -> Path:
    """A square wave of 28 µV either way at Fp1, and nothing elsewhere: half a second up, half a second down."""
    wave = np.where(np.arange(200 * 30) // 100 % 2 == 0, 28.0, -28.0)
    signals = [
        edfio.EdfSignal(wave if site == "Fp1" else 0 * wave, 200, label=STRANGE.get(site, f"EEG {site}-A1A2"),
                        physical_dimension="uV", physical_range=(-100, 100))
        for site in TEN_TWENTY[:19]
    ]  # fmt: skip
    edfio.Edf(signals).write(tmp_path / "square.edf")
    return tmp_path / "square.edf"


def heights(window: ReviewWindow, label: str, time: float, shade: str, reach: float) -> list[int]:
    """Where a row is drawn at a time in a shade: pixels within so many rows of its place."""
    places, high = window.page.places()
    (y,) = [place.y for place in places if place.label == label]
    image = window.page.grab().toImage()
    x = round(time_to_x(time, window.page.span, window.page.width()))
    return [
        at for at in range(round(y - reach * high), round(y + reach * high))
        if sum(abs(a - b) for a, b in zip(image.pixelColor(x, at).getRgb(), colour(shade).getRgb(), strict=True)) < 250
    ]  # fmt: skip


def test_a_first_file_shows_traces_at_once_longitudinal_10_s_7_microvolts_negative_up_by_10_20_names(
    show: Show, square: Path
) -> None:
    window = show(square)
    state = window.session.state
    assert (state.montage, state.seconds, state.sensitivity, state.applied) == ("longitudinal", 10.0, 7e-6, Filters())
    labels = [row.label for row in page_of(window).request.rows]
    assert labels == [row.label for row in rows("longitudinal")]
    assert window.page.drawn
    row, time = labels.index("Fp1–F7"), 5.1
    value = page_of(window).value(row, time)
    assert value > 20e-6
    drawn = np.mean(heights(window, "Fp1–F7", time, window.look.left, 0.9))
    mm = (drawn - window.page.places()[0][row].y) / pixels_per_mm(window.page)
    assert mm == pytest.approx(value / 7e-6, abs=0.4), "positive is down"
    assert np.mean(heights(window, "Fp1–F3", time + 0.5, window.look.left, 0.9)) < window.page.places()[0][4].y


def test_the_settings_used_last_carry_over_to_the_next_patient_but_not_what_was_set_aside(
    show: Show, square: Path, nineteen: Path
) -> None:
    window = show(square)
    last = {"montage": "average", "sensitivity": 15e-6, "filters": Filters(0.53, 35.0, 50.0), "seconds": 20.0}
    window.session.store.update(bad=frozenset(["FP2-LE"]), solo="Fp1–avg", **last)
    state = show(nineteen).session.state
    assert {name: getattr(state, name) for name in last} == last
    assert (state.start, state.bad, state.solo, state.selection) == (0.0, frozenset(), "", None)
    remember(state, window.session.settings)
    state = initial_state(window.session.settings, window.session.montages)
    assert {name: getattr(state, name) for name in last} == pytest.approx(last), "the next day too"


def test_every_rung_of_the_ladders_can_be_chosen_and_the_status_line_says_it(opened: ReviewWindow) -> None:
    bar = opened.commands
    assert bar.sensitivity.values == list(SENSITIVITIES)
    assert (bar.low.values, bar.high.values) == ([None, *LOW_CUTS], [None, *HIGH_CUTS])
    assert bar.notch.values == [None, *NOTCHES]
    for choice, number, said in ((bar.sensitivity, 6, "15 µV/mm"), (bar.low, 6, "0.53–70 Hz"), (bar.notch, 1, "50 Hz")):
        choice.menu().actions()[number].trigger()
        assert said in opened.says.text()
    assert [a.text().partition(" · ")[2] for a in bar.low.menu().actions()][6] == "0.3 s", "also a time constant"


@pytest.mark.parametrize("seconds", [5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 60.0])
def test_a_page_has_5_to_60_seconds(opened: ReviewWindow, settle: Settle, seconds: float) -> None:
    base = opened.commands.base
    base.menu().actions()[base.values.index(seconds)].trigger()
    settle(opened)
    assert page_of(opened).request.span.duration == opened.page.span.duration == seconds
    assert f"{opened.page.mm_per_second:.0f} mm/s" in opened.says.text()


@pytest.mark.parametrize("speed", [15, 30, 60])
def test_a_paper_speed_is_true_millimetres_on_a_calibrated_screen(
    opened: ReviewWindow, settle: Settle, speed: int
) -> None:
    set_calibrated({screen_key(opened.screen()): 5.0})
    opened.commands.actions[f"speed_{speed}_mm"].trigger()
    settle(opened)
    second = np.diff([time_to_x(t, opened.page.span, opened.page.width()) for t in (1.0, 2.0)])[0]
    assert second == pytest.approx(5.0 * speed, rel=1e-4)
    assert f"{speed} mm/s ·" in opened.says.text(), "and nothing of a calibration that is missing"
    set_calibrated({})


def test_a_scale_bar_is_always_there_and_as_long_as_its_volts(opened: ReviewWindow, settle: Settle) -> None:
    view = opened.page
    x, top = round(view.plot().right() + 6), round(view.plot().top() + 4)
    for sensitivity in SENSITIVITIES:
        opened.session.store.update(sensitivity=sensitivity)
        settle(opened)
        image, volts = view.grab().toImage(), bar_volts(pixels_per_mm(view) / sensitivity, 44.0)
        light = next(k for k in range(60) if image.pixelColor(x, top + k).lightness() > 120)
        assert light - 1 == pytest.approx(volts * pixels_per_mm(view) / sensitivity, abs=1.0)


def test_there_are_gaps_between_chains(opened: ReviewWindow) -> None:
    places = opened.page.places()[0]
    within = {round(b.y - a.y, 3) for a, b in pairwise(places) if a.group == b.group}
    between = {round(b.y - a.y, 3) for a, b in pairwise(places) if a.group != b.group}
    assert len(within) == len(between) == 1
    assert between.pop() > 1.5 * within.pop()


def test_left_and_right_are_drawn_in_different_colours(opened: ReviewWindow) -> None:
    image, view = opened.page.grab().toImage(), opened.page
    blue = {}
    for place, row in zip(view.places()[0], page_of(opened).request.rows, strict=True):
        shades = [image.pixelColor(x, round(place.y)) for x in range(gutter(), view.width() - right_margin())]
        strong = [c.blue() - c.red() for c in shades if abs(c.blue() - c.red()) > 60]
        blue.setdefault(row.side, []).append(np.mean(np.array(strong) > 0) if strong else np.nan)
    assert np.nanmin(blue["left"]) > 0.9
    assert np.nanmax(blue["right"]) < 0.1


@pytest.mark.parametrize("number", range(1, 8))
def test_each_montage_has_its_key(opened: ReviewWindow, press: Press, settle: Settle, number: int) -> None:
    opened.session.store.update(montage="average" if number == 1 else "longitudinal")
    press(opened, Key(Key.Key_0 + number))
    settle(opened)
    channels = [MontageChannel(c.name, c.site, c.kind.value) for c in opened.session.recording.channels]
    assert [r.label for r in page_of(opened).request.rows] == [
        r.label for r in montage_rows(MONTAGES[number - 1], channels)
    ]
    assert [n for n in range(1, 8) if opened.commands.actions[f"montage_{n}"].isChecked()] == [number]


def test_a_heart_keeps_its_own_scale_and_filters_whatever_is_set_for_eeg(show: Show, edf: Edf, settle: Settle) -> None:
    window = show(edf("heart.edf", ["EEG Fp1", "EEG F7", "ECG"]))
    before = [trace.samples.copy() for trace in page_of(window).traces]
    window.session.store.update(filters=Filters(5.3, 15.0), sensitivity=50e-6)
    settle(window)
    brain, heart = page_of(window).traces
    np.testing.assert_array_equal(heart.samples, before[1])
    assert not np.allclose(brain.samples, before[0], atol=1e-6)
    assert (heart.scale, brain.scale) == (100e-6, None)
    assert heart.filters == Filters(0.53, 70.0)


def test_a_bad_channel_is_set_aside_by_one_key_listed_and_interpolated_only_on_request(
    qtbot: QtBot, opened: ReviewWindow, press: Press, settle: Settle
) -> None:
    press(opened, Key.Key_3)
    opened.commands.marks.choose_channel("T3–avg")
    press(opened, Key.Key_B)
    settle(opened)
    by_label = {row.label: row for row in page_of(opened).request.rows}
    assert [label for label, row in by_label.items() if row.bad] == ["T3–avg"]
    assert "T3" not in dict(by_label["Cz–avg"].weights), "left out of the average"
    assert "set aside: T3" in opened.says.text()
    assert not any(row.interpolated for row in by_label.values())
    opened.commands.actions["interpolate"].trigger()
    qtbot.waitUntil(lambda: opened.session.state.interpolate and opened.settled)
    assert [row.label for row in page_of(opened).request.rows if row.interpolated] == ["T3–avg"]
    assert "1 channel interpolated" in opened.says.text()


def test_page_tenth_and_second_are_turned_by_keys_and_by_the_wheel(opened: ReviewWindow, press: Press) -> None:
    store = opened.session.store
    for key, modifiers, start in (
        (Key.Key_Right, None, 10.0), (Key.Key_Right, SHIFT, 11.0), (Key.Key_Right, CTRL, 12.0),
        (Key.Key_Left, CTRL, 11.0), (Key.Key_Left, SHIFT, 10.0), (Key.Key_Left, None, 0.0),
    ):  # fmt: skip
        press(opened, key, modifiers)
        assert store.state.start == pytest.approx(start)
    at = QPointF(400, 200)
    for modifiers, start in ((Qt.KeyboardModifier.NoModifier, 1.0), (SHIFT, 11.0)):
        QApplication.sendEvent(opened.page, QWheelEvent(
            at, opened.page.mapToGlobal(at), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton, modifiers,
            Qt.ScrollPhase.NoScrollPhase, False,
        ))  # fmt: skip
        assert store.state.start == pytest.approx(start)


def test_a_click_on_the_overview_goes_there(qtbot: QtBot, opened: ReviewWindow) -> None:
    bar = opened.overview
    x = gutter() + 400.0 / 600.0 * (bar.width() - gutter() - right_margin())
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=QPoint(round(x), bar.height() // 2))
    assert opened.session.state.start == pytest.approx(395.0, abs=1.0)


@pytest.mark.parametrize(("way", "text"), [(0, "2:05"), (1, "22:12:05")])
def test_a_reader_goes_to_an_elapsed_and_to_a_clock_time(
    qtbot: QtBot, opened: ReviewWindow, press: Press, way: int, text: str
) -> None:
    press(opened, Key.Key_G)
    dialog = opened.findChild(GoToDialog)
    assert dialog is not None
    dialog.switch.choose(way)
    dialog.field.setText(text)
    qtbot.keyClick(dialog.field, Key.Key_Return)
    assert opened.session.state.start == pytest.approx(125.0)
    assert opened.place.text() == "22:12:05  (00:02:05)"


def test_keys_go_to_the_next_and_the_previous_event(opened: ReviewWindow, press: Press) -> None:
    onsets = sorted(a.onset for a in opened.session.recording.annotations)
    opened.session.show_time(onsets[2])
    press(opened, Key.Key_N)
    assert opened.session.cursor == onsets[3]
    press(opened, Key.Key_N, SHIFT)
    press(opened, Key.Key_N, SHIFT)
    assert opened.session.cursor == onsets[1]


@pytest.mark.parametrize("speed", [1, 8])
def test_a_recording_plays_at_real_speed_and_faster(
    opened: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch, speed: int
) -> None:
    player, now = opened.commands.player, [100.0]
    monkeypatch.setattr("neuroflow_review.session.playing.time.monotonic", lambda: now[0])
    opened.commands.actions[f"speed_{speed}"].trigger()
    opened.session.set_cursor(1.0)
    press(opened, Key.Key_Space)
    now[0] += 0.5
    player._tick()
    assert opened.session.cursor == pytest.approx(1.0 + 0.5 * speed)
    press(opened, Key.Key_Space)


def test_the_cursor_has_a_time_and_a_value(qtbot: QtBot, opened: ReviewWindow) -> None:
    view = opened.page
    qtbot.mouseMove(view, QPoint(round(time_to_x(4.0, view.span, view.width())), 200))
    time = opened.session.cursor
    assert time == pytest.approx(4.0, abs=0.02)
    words = [label.text() for label in opened.inspector.findChildren(QLabel)]
    assert clock(time, opened.session.recording.start, decimals=3) in words
    value = page_of(opened).value(0, time)
    assert microvolts(value) in words
    assert any("Fp1–F7 · 1–70 Hz" in text for text in words)


def test_the_ruler_measures_time_volts_and_rate(opened: ReviewWindow, press: Press) -> None:
    opened.session.set_cursor(2.0)
    press(opened, Key.Key_L)
    opened.session.set_cursor(2.25)
    words = " ".join(label.text() for label in opened.inspector.findChildren(QLabel))
    assert "0.25 s · 4 /s" in words
    step = page_of(opened).value(0, 2.25) - page_of(opened).value(0, 2.0)
    assert f"end − start {microvolts(step)}" in words


def test_ten_thousand_annotations_open_and_no_page_that_turns_goes_through_them(
    show: Show, tmp_path: Path, press: Press, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    signals = [edfio.EdfSignal(np.sin(np.arange(60_000)), 100, label=f"EEG {s}") for s in ("Fp1", "F7", "T3")]
    notes = [edfio.EdfAnnotation(0.06 * k, None, f"note {k % 7}") for k in range(10_000)]
    edfio.Edf(signals, annotations=notes, data_record_duration=1).write(tmp_path / "many.edf")
    window = show(tmp_path / "many.edf")
    assert len(window.session.recording.annotations) == window.events.shown == 10_000
    window.session.store.update(spikes_shown=False)
    settle(window)
    listed: list[object] = []
    monkeypatch.setattr(window.events, "set_events", lambda *_: listed.append(_))
    for _ in range(4):
        press(window, Key.Key_Right)
        settle(window)
    assert window.session.state.start == 40.0
    assert window.page.drawn
    assert not listed, "the list stays as it is while pages turn"


def test_a_window_too_small_for_the_standard_says_so(opened: ReviewWindow, settle: Settle) -> None:
    opened.session.set_seconds(60.0)
    settle(opened)
    assert all(words in opened.says.text() for words in ("mm a channel", "mm/s", "points a second", "below display"))
