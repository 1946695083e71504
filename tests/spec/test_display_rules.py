"""The display rules of the clinical design, one test a rule, named by it: of the engine, then in a window."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path

import edfio
import numpy as np
import pytest
from PySide6.QtCore import Qt

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
from neuroflow_review.paper import clock_ticks
from neuroflow_review.report import head_words
from neuroflow_review.session.page import PageData
from neuroflow_review.session.report import Choice, Drawn, Moment, content_of
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.report import setting_of

Key = Qt.Key
Press = Callable[..., None]
Settle = Callable[[ReviewWindow], None]
Edf = Callable[[str, list[str]], Path]
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


@pytest.fixture
def show(window: ReviewWindow, settle: Settle) -> Callable[[Path], ReviewWindow]:
    """Open a file and wait for its first page."""

    def act(path: Path) -> ReviewWindow:
        window.session.open(path)
        settle(window)
        return window

    return act


@pytest.fixture
def midnight(tmp_path: Path) -> Path:
    """A recording that begins 25 s before midnight."""
    t = np.arange(120 * 100) / 100
    signals = [
        edfio.EdfSignal(20 * np.sin(20 * t + k), 100, label=f"EEG {site}", physical_dimension="uV",
                        physical_range=(-100, 100))
        for k, site in enumerate(TEN_TWENTY[:19])
    ]  # fmt: skip
    path = tmp_path / "midnight.edf"
    made = edfio.Edf(signals, starttime=time(23, 59, 35), recording=edfio.Recording(startdate=date(2024, 3, 1)))
    made.write(path)
    return path


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
    show: Callable[[Path], ReviewWindow], edf: Edf, press: Press, settle: Settle, key: Key, electrodes: list[str],
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
    assert "Average" in opened.says.text()
    press(opened, Key.Key_Escape)
    assert "Average" not in opened.says.text()


def test_the_day_of_the_recording_is_said_when_it_is_not_the_first(
    show: Callable[[Path], ReviewWindow], midnight: Path
) -> None:
    window = show(midnight)
    assert window.place.text() == "23:59:35  (00:00:00)"
    window.session.go_to(30.0)
    assert window.place.text() == "day 2 00:00:05  (00:00:30)"
    start = datetime(2024, 3, 1, 23, 59, 35)
    assert [text for _, text in clock_ticks(Span(20.0, 30.0), 5, start)] == ["23:59:55", "day 2 00:00:00", "00:00:05"]
    assert [text for _, text in clock_ticks(Span(30.0, 40.0), 5, start)][:2] == ["day 2 00:00:05", "00:00:10"]
    assert clock_ticks(Span(86_400.0, 86_410.0), 5, None)[0] == (86_400.0, "24:00:00")
