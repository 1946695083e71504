"""Maps of scalp voltage: laws of interpolation on the sphere, and agreement with mne."""

from __future__ import annotations

import numpy as np
import pytest

from neuroflow.anatomy.head import site_directions
from neuroflow.signal.topography import disc, flattened, global_field_power, spline_weights

SITES = "Fp1 Fp2 F7 F3 Fz F4 F8 T3 C3 Cz C4 T4 T5 P3 Pz P4 T6 O1 O2".split()


@pytest.fixture(scope="module")
def electrodes() -> np.ndarray:
    return site_directions(SITES)


def test_the_map_goes_through_the_electrodes(electrodes: np.ndarray) -> None:
    values = np.random.default_rng(0).normal(0, 30e-6, len(SITES))
    np.testing.assert_allclose(spline_weights(electrodes, electrodes, 0.0) @ values, values, atol=1e-9)


def test_one_voltage_everywhere_is_a_flat_map(electrodes: np.ndarray) -> None:
    targets, _ = disc(40)
    np.testing.assert_allclose(spline_weights(electrodes, targets).sum(axis=1), 1.0, atol=1e-9)


def test_a_turned_head_has_a_turned_map(electrodes: np.ndarray) -> None:
    angle = 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    targets, _ = disc(20)
    straight = spline_weights(electrodes, targets)
    np.testing.assert_allclose(spline_weights(electrodes @ turn.T, targets @ turn.T), straight, atol=1e-9)


def test_a_smooth_field_is_found_between_the_electrodes(electrodes: np.ndarray) -> None:
    """The field of a far source changes evenly along an axis."""
    between = site_directions(["FC1", "CP2", "PO3", "C1", "FC4"])
    axis = np.array([0.3, -0.5, 0.8])
    estimated = spline_weights(electrodes, between) @ (electrodes @ axis)
    np.testing.assert_allclose(estimated, between @ axis, atol=0.06)


def test_it_agrees_with_mne(electrodes: np.ndarray) -> None:
    import mne

    rng = np.random.default_rng(3)
    values = rng.normal(0, 20e-6, (len(SITES), 50))
    info = mne.create_info(SITES, 100.0, "eeg")
    raw = mne.io.RawArray(values, info, verbose="error")
    places = dict(zip(SITES, 0.095 * electrodes, strict=True))
    raw.set_montage(mne.channels.make_dig_montage(places, coord_frame="head"), verbose="error")
    raw.info["bads"] = ["C3"]
    theirs = raw.interpolate_bads(origin=(0.0, 0.0, 0.0), verbose="error").get_data(["C3"])[0]
    kept = [k for k, site in enumerate(SITES) if site != "C3"]
    ours = spline_weights(electrodes[kept], electrodes[[SITES.index("C3")]]) @ values[kept]
    np.testing.assert_allclose(ours[0], theirs, rtol=1e-3, atol=1e-9)


def test_left_is_left_and_the_nose_is_up(electrodes: np.ndarray) -> None:
    places = dict(zip(SITES, flattened(electrodes), strict=True))
    assert places["T3"][0] < -0.5 < 0.5 < places["T4"][0]
    assert places["O1"][1] < -0.5 < 0.5 < places["Fp1"][1]
    assert np.hypot(*places["Cz"]) < 0.15
    assert all(np.hypot(x, y) < 1.0 for x, y in flattened(site_directions([*SITES, "T9", "P10", "F9"])))
    targets, inside = disc(30)
    assert inside.sum() == len(targets)
    rows = np.nonzero(inside)[0]
    assert targets[rows == 0][:, 1].min() > 0.5  # the first row is in front


def test_two_electrodes_make_no_map(electrodes: np.ndarray) -> None:
    with pytest.raises(ValueError, match="three"):
        spline_weights(electrodes[:2], electrodes)


def test_global_field_power_does_not_know_the_reference() -> None:
    data = np.random.default_rng(1).normal(0, 20e-6, (19, 40))
    power = global_field_power(data)
    np.testing.assert_allclose(global_field_power(data - data[3]), power)
    np.testing.assert_allclose(power, np.sqrt(((data - data.mean(axis=0)) ** 2).mean(axis=0)))
    np.testing.assert_allclose(global_field_power(np.full((5, 3), 7e-6)), 0.0, atol=1e-18)
