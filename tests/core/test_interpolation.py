"""Interpolated channels: what splines say between electrodes, in rows that never hold what was set aside."""

from __future__ import annotations

import numpy as np
import pytest

from neuroflow.anatomy.head import site_directions
from neuroflow.signal.interpolation import FEWEST, interpolated
from neuroflow.signal.montage import MONTAGES, MontageChannel, apply_rows, montage_rows

SITES = "Fp1 Fp2 F7 F3 Fz F4 F8 T3 C3 Cz C4 T4 T5 P3 Pz P4 T6 O1 O2".split()
CHANNELS = [MontageChannel(f"EEG {site}", site, "EEG") for site in (*SITES, "A1", "A2")]
PLACES = dict(zip((c.name for c in CHANNELS), site_directions(SITES), strict=False))


@pytest.mark.parametrize("montage", MONTAGES)
@pytest.mark.parametrize("bad", [{"EEG T3"}, {"EEG Cz", "EEG O2"}])
def test_what_was_set_aside_has_no_weight_and_what_is_common_stays_unseen(montage: str, bad: set[str]) -> None:
    rows = montage_rows(montage, CHANNELS, bad)
    made = interpolated(rows, PLACES, bad)
    assert [row.label for row in made] == [row.label for row in rows]
    for before, after in zip(rows, made, strict=True):
        touched = {name for name, _ in before.weights} & bad
        assert after.interpolated == tuple(name for name, _ in before.weights if name in touched)
        assert not {name for name, _ in after.weights} & bad
        assert after.bad == before.bad  # nothing is detected in it
        assert after.electrodes == before.electrodes  # and it can be taken back
        assert sum(w for _, w in after.weights) == pytest.approx(sum(w for _, w in before.weights), abs=1e-9)
        if not touched:
            assert after is before


@pytest.mark.parametrize("site", ["C3", "Cz", "F4", "P3", "Pz"])
def test_a_smooth_field_is_found_again_between_electrodes(site: str) -> None:
    rng = np.random.default_rng(1)
    name = f"EEG {site}"
    row = [r for r in montage_rows("as recorded", CHANNELS, {name}) if r.label == name]
    errors = []
    for _ in range(20):
        dipole = rng.normal(size=3)
        data = {n: np.full(1, 1.0 + v @ dipole + (v @ dipole) ** 2) for n, v in PLACES.items()}
        found = apply_rows(interpolated(row, PLACES, {name}), data)[0, 0]
        errors.append(abs(found - data[name][0]) / np.ptp([v[0] for v in data.values()]))
    assert np.median(errors) < 0.06


def test_ears_and_few_electrodes_are_not_interpolated() -> None:
    rows = montage_rows("linked ears", CHANNELS, {"EEG A1"})
    assert interpolated(rows, PLACES, {"EEG A1"}) == rows
    few = dict(list(PLACES.items())[:FEWEST])  # of which one is bad
    rows = montage_rows("average", CHANNELS, {"EEG F7"})
    assert interpolated(rows, few, {"EEG F7"}) == rows
