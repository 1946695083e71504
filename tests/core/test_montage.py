"""Montages: laws of every derivation, and what becomes of missing, bad and other channels."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroflow.signal.montage import MONTAGES, MontageChannel, Row, apply_rows, montage_rows

GRID = "Fp1 Fp2 F7 F3 Fz F4 F8 T3 C3 Cz C4 T4 T5 P3 Pz P4 T6 O1 O2 A1 A2"
FINER = "AF7 AF3 AFz AF4 AF8 FC5 FC1 FC2 FC6 FT7 FT8 CP5 CPz CP6 TP7 TP8 PO7 PO8 Oz Iz"
TEN_TWENTY = GRID.split()
TEN_TEN = [*TEN_TWENTY, *FINER.split()]
SUBTRACTING = [m for m in MONTAGES if m != "as recorded"]


def eeg(sites: Iterable[str]) -> list[MontageChannel]:
    return [MontageChannel(site, site, "EEG") for site in sites]


def labels(rows: Iterable[Row]) -> list[str]:
    return [row.label for row in rows]


def samples(channels: Iterable[MontageChannel], length: int = 50, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {c.name: rng.standard_normal(length).astype(np.float32) for c in channels}


subsets = st.lists(st.sampled_from(TEN_TEN), unique=True)


@given(sites=subsets, montage=st.sampled_from(SUBTRACTING), seed=st.integers(0, 100))
def test_a_signal_common_to_all_electrodes_is_never_seen(sites: list[str], montage: str, seed: int) -> None:
    channels = eeg(sites)
    rows = montage_rows(montage, channels)
    data = samples(channels, seed=seed)
    common = np.random.default_rng(seed + 1).standard_normal(50) * 10
    shifted = {name: values + common for name, values in data.items()}
    np.testing.assert_allclose(apply_rows(rows, shifted), apply_rows(rows, data), atol=1e-5)
    for row in rows:
        assert sum(weight for _, weight in row.weights) == pytest.approx(0, abs=1e-12)


@given(sites=subsets, montage=st.sampled_from(MONTAGES), factor=st.floats(-3, 3))
def test_montages_are_linear(sites: list[str], montage: str, factor: float) -> None:
    channels = eeg(sites)
    rows = montage_rows(montage, channels)
    a, b = samples(channels, seed=1), samples(channels, seed=2)
    mixed = {name: a[name] + factor * b[name] for name in a}
    np.testing.assert_allclose(
        apply_rows(rows, mixed), apply_rows(rows, a) + factor * apply_rows(rows, b), atol=1e-5, rtol=1e-5
    )


@given(sites=subsets, bad=st.lists(st.sampled_from(TEN_TEN)), montage=st.sampled_from(MONTAGES), data=st.data())
def test_rows_are_unique_grouped_and_made_of_channels_that_are_there(
    sites: list[str], bad: list[str], montage: str, data: st.DataObject
) -> None:
    rows = montage_rows(montage, eeg(sites), bad)
    assert len(set(labels(rows))) == len(rows)
    groups = [row.group for row in rows]
    assert groups == sorted(groups)
    assert all(name in sites for row in rows for name, _ in row.weights)
    if montage != "as recorded":  # the file's order matters to nothing else
        again = montage_rows(montage, eeg(data.draw(st.permutations(sites))), bad)
        assert labels(again) == labels(rows)


@given(sites=subsets, bad=st.sets(st.sampled_from(TEN_TEN)), montage=st.sampled_from(["average", "laplacian"]))
def test_a_bad_channel_is_left_out_of_averages_and_its_own_row_says_so(
    sites: list[str], bad: set[str], montage: str
) -> None:
    for row in montage_rows(montage, eeg(sites), bad):
        own = row.weights[0][0]
        assert row.bad == (own in bad)
        assert not {name for name, _ in row.weights[1:]} & bad


def test_marking_a_channel_bad_moves_no_row_of_a_bipolar_montage() -> None:
    before = montage_rows("longitudinal", eeg(TEN_TWENTY))
    after = montage_rows("longitudinal", eeg(TEN_TWENTY), bad={"T3"})
    assert labels(before) == labels(after)
    assert [row.label for row in after if row.bad] == ["F7–T3", "T3–T5"]


def test_a_derivation_that_lacks_a_channel_is_left_out() -> None:
    rows = montage_rows("longitudinal", eeg(s for s in TEN_TWENTY if s != "C3"))
    assert not {"F3–C3", "C3–P3"} & set(labels(rows))
    assert len(rows) == 16


@pytest.mark.parametrize("montage", MONTAGES)
def test_other_kinds_and_unknown_sites_come_last_as_recorded(montage: str) -> None:
    channels = [
        MontageChannel("ECG", None, "ECG"),
        *eeg(TEN_TWENTY),
        MontageChannel("X7", None, "EEG"),
        MontageChannel("Resp", None, "respiration"),
    ]
    rows = montage_rows(montage, channels)
    tail = [row for row in rows if row.kind != "EEG"]
    assert labels(tail) == ["ECG", "Resp"]
    assert labels(rows)[-1] == "Resp"
    assert all(row.weights == ((row.label, 1.0),) and row.side == "other" for row in tail)
    assert min(row.group for row in tail) > min(row.group for row in rows)
    assert "X7" in labels(rows)


@pytest.mark.parametrize("montage", MONTAGES)
def test_a_derivation_that_the_file_holds_is_on_the_side_of_its_electrodes(montage: str) -> None:
    sides = {
        "Fp1-F7": "left", "F8-T4": "right", "Fz-Cz": "midline", "O1-O2": "midline", "T4-T6 (2)": "right",
        "Cz-C4": "right", "X1-X2": "other", "X7": "other", "Fp1-F7-T3": "other", "Fp1": "left",
    }  # fmt: skip
    channels = [MontageChannel(name, name if name == "Fp1" else None, "EEG") for name in sides]
    rows = montage_rows(montage, [*channels, MontageChannel("E1-F2", None, "EOG")])
    found = {row.label: row.side for row in rows}
    assert found.pop("E1-F2") == "other"
    assert {name: sides[name] for name in found if name in sides} == {n: found[n] for n in found if n in sides}
    assert set(sides) - set(found) <= {"Fp1"}


@pytest.mark.parametrize("montage", ["longitudinal", "transverse"])
def test_a_recording_of_a_bipolar_montage_is_drawn_in_it(montage: str) -> None:
    electrodes = eeg(TEN_TWENTY)
    expected = montage_rows(montage, electrodes)
    channels = [MontageChannel(row.label.replace("–", "-"), None, "EEG") for row in reversed(expected)]
    rows = montage_rows(montage, [MontageChannel("ECG", None, "ECG"), *channels], bad={channels[0].name})
    assert [(r.label, r.side, r.group) for r in rows[:-1]] == [(r.label, r.side, r.group) for r in expected]
    assert [r.weights for r in rows[:-1]] == [((r.label.replace("–", "-"), 1.0),) for r in expected]
    assert [r.label for r in rows if r.bad] == [expected[-1].label]
    assert rows[-1].label == "ECG"
    assert labels(montage_rows(montage, [*electrodes, *channels])[: len(expected)]) == labels(expected)
    assert all(len(r.weights) == 2 for r in montage_rows(montage, [*electrodes, *channels])[: len(expected)])
    few = channels[: len(expected) // 2 - 1]
    assert labels(montage_rows(montage, few)) == [c.name for c in few], "less than half of it is not the montage"


@pytest.mark.parametrize("montage", MONTAGES)
def test_no_eeg_channel_leaves_the_others(montage: str) -> None:
    assert montage_rows(montage, []) == ()
    assert labels(montage_rows(montage, [MontageChannel("ECG", None, "ECG")])) == ["ECG"]


def test_average_reference_subtracts_the_mean_of_the_scalp_without_the_ears() -> None:
    channels = eeg(TEN_TWENTY)
    data = samples(channels)
    rows = montage_rows("average", channels)
    assert len(rows) == 19
    mean = np.mean([data[s] for s in TEN_TWENTY if s not in ("A1", "A2")], axis=0)
    for row, trace in zip(rows, apply_rows(rows, data), strict=True):
        np.testing.assert_allclose(trace, data[row.weights[0][0]] - mean, atol=1e-6)


def test_linked_ears_and_cz_subtract_them() -> None:
    channels = eeg(TEN_TWENTY)
    data = samples(channels)
    linked = montage_rows("linked ears", channels)
    assert len(linked) == 19
    expected = data["F7"] - (data["A1"] + data["A2"]) / 2
    np.testing.assert_allclose(apply_rows(linked, data)[labels(linked).index("F7–A1A2")], expected, atol=1e-6)
    cz = montage_rows("cz", channels)
    assert len(cz) == 18
    np.testing.assert_allclose(apply_rows(cz, data)[labels(cz).index("O2–Cz")], data["O2"] - data["Cz"], atol=1e-6)


@pytest.mark.parametrize(("montage", "lacking"), [("linked ears", "A2"), ("cz", "Cz")])
def test_a_montage_whose_reference_was_not_recorded_is_empty(montage: str, lacking: str) -> None:
    assert montage_rows(montage, eeg(s for s in TEN_TWENTY if s != lacking)) == ()


def test_mastoids_stand_for_ears() -> None:
    rows = montage_rows("linked ears", eeg(["Fp1", "M1", "M2"]))
    assert labels(rows) == ["Fp1–M1M2"]


def test_the_laplacian_of_a_field_that_rises_evenly_across_the_grid_is_nothing_inside_it() -> None:
    column = {"Fp": 0, "F": 1, "T": 2, "C": 2, "P": 3, "O": 4}
    slope = {s: np.full(5, float(column[s.rstrip("0123456789z")])) for s in ("F3", "C3", "P3", "T3", "Cz")}
    slope |= {s: np.zeros(5) for s in TEN_TWENTY if s not in slope}
    rows = montage_rows("laplacian", eeg(TEN_TWENTY))
    traces = dict(zip(labels(rows), apply_rows(rows, slope), strict=True))
    np.testing.assert_allclose(traces["C3–Lap"], 0, atol=1e-6)


def test_a_laplacian_with_too_few_neighbours_left_is_left_out() -> None:
    assert labels(montage_rows("laplacian", eeg(["C3", "F3", "P3"]))) == ["C3–Lap"]
    assert montage_rows("laplacian", eeg(["C3", "F3"])) == ()


def test_an_electrode_recorded_twice_is_derived_once() -> None:
    channels = [*eeg(["Fp1", "F7"]), MontageChannel("Fp1-2", "Fp1", "EEG")]
    assert labels(montage_rows("longitudinal", channels)) == ["Fp1–F7"]
    assert labels(montage_rows("as recorded", channels)) == ["Fp1", "F7", "Fp1-2"]


def test_an_unknown_montage_is_refused() -> None:
    with pytest.raises(ValueError, match="no montage"):
        montage_rows("circumferential", [])


def test_a_trace_is_missing_where_one_of_its_channels_is() -> None:
    rows = montage_rows("longitudinal", eeg(["Fp1", "F7", "T3"]))
    data = {name: np.zeros(4, dtype=np.float32) for name in ("Fp1", "F7", "T3")}
    data["Fp1"][1] = np.nan
    np.testing.assert_array_equal(np.isnan(apply_rows(rows, data)), [[False, True, False, False], [False] * 4])


def test_offsets_of_electrodes_leave_no_rounding() -> None:
    rows = montage_rows("average", eeg(TEN_TWENTY))
    data = {site: np.full(3, 0.25, dtype=np.float32) for site in TEN_TWENTY}
    assert np.abs(apply_rows(rows, data)).max() < 1e-12


def test_no_rows_are_no_traces() -> None:
    assert apply_rows((), {}).shape == (0, 0)


def test_channels_of_different_lengths_and_missing_ones_are_refused() -> None:
    rows = montage_rows("longitudinal", eeg(["Fp1", "F7"]))
    with pytest.raises(ValueError, match="same number"):
        apply_rows(rows, {"Fp1": np.zeros(3), "F7": np.zeros(4)})
    with pytest.raises(KeyError):
        apply_rows(rows, {"Fp1": np.zeros(3)})
