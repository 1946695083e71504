"""The shipped implant, what an implant may not be, and how MNI space maps into the sphere."""

from __future__ import annotations

import csv
import json
import statistics
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuroflow.anatomy.head import SEMI_AXES_MM, site_directions, to_mni, to_unit
from neuroflow.anatomy.implant import Contact, Implant, load_implant, parse_implant
from neuroflow.errors import ModelProblem


def shipped() -> dict[str, Any]:
    text = (files("neuroflow_resources") / "implants" / "default.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def test_default_implant_has_eight_shafts_of_eight_contacts_in_order() -> None:
    implant = load_implant()
    assert implant.shafts == ("AL", "AHL", "PHL", "ECL", "AR", "AHR", "PHR", "ECR")
    assert [c.name for c in implant.contacts] == [f"{shaft}{n}" for shaft in implant.shafts for n in range(1, 9)]
    assert "ds004752" in implant.source
    assert "CC0" in implant.source


def test_contacts_run_outwards_on_their_own_side() -> None:
    implant = load_implant()
    for shaft in implant.shafts:
        x = np.array([c.mni[0] for c in implant.contacts_of(shaft)])
        assert (np.sign(x) == (1 if shaft.endswith("R") else -1)).all()
        assert (np.diff(np.abs(x)) > 0).all()


def test_shipped_positions_are_the_medians_of_the_dataset(data_dir: Path) -> None:
    tables = sorted((data_dir / "ds004752").glob("sub-*/ses-01/ieeg/*electrodes.tsv"))
    if not tables:
        pytest.skip("ds004752 is not among the real recordings (NEUROFLOW_TEST_DATA)")
    document = shipped()
    # AL and ECR have no odd patients; the shafts that were left out are named in the document.
    for shaft in ("AL", "ECR"):
        for number in range(1, 9):
            places = [
                [float(row[axis]) for axis in "xyz"]
                for table in tables
                for row in csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines(), delimiter="\t")
                if row["name"].lstrip("m_") == f"{shaft}{number}"
            ]
            contact = next(c for c in document["contacts"] if c["name"] == f"{shaft}{number}")
            assert contact["patients"] == len(places)
            medians = [statistics.median(place[axis] for place in places) for axis in range(3)]
            assert contact["mni"] == pytest.approx(medians, abs=0.051)


@pytest.mark.parametrize(
    ("contacts", "word"),
    [
        ((), "no contacts"),
        ((Contact("AL1", "AL", (-20, 0, 0)), Contact("AL1", "AL", (-30, 0, 0))), "twice"),
        ((Contact("AL1", "AL", (20, 0, 0)),), "other side"),
        ((Contact("AL1", "AL", (-40, 0, 0)), Contact("AL2", "AL", (-20, 0, 0))), "deepest"),
        ((Contact("AL1", "AL", (-20, 0, float("nan"))),), "outside"),
        ((Contact("AL 1", "AL", (-20, 0, 0)),), "contact name"),
        (tuple(Contact(n, n[:2], (x, 0, 0)) for n, x in (("AL1", -20), ("AR1", 20), ("AL2", -30))), "stand together"),
    ],
)  # fmt: skip
def test_an_impossible_implant_is_refused_with_its_reason(contacts: tuple[Contact, ...], word: str) -> None:
    with pytest.raises(ModelProblem, match=word):
        Implant("made", contacts, "test")


def test_documents_that_are_no_implant_are_refused() -> None:
    with pytest.raises(ModelProblem, match="no implant"):
        parse_implant({"format": "something"})
    with pytest.raises(ModelProblem, match="version"):
        parse_implant(shipped() | {"version": 2})
    with pytest.raises(ModelProblem, match="field"):
        parse_implant(shipped() | {"contacts": [{"name": "AL1"}]})
    with pytest.raises(ModelProblem, match="no implant “other”"):
        load_implant("other")
    with pytest.raises(ModelProblem, match="no name"):
        load_implant("../default")
    with pytest.raises(KeyError):
        load_implant().contacts_of("XL")


def test_the_brains_box_becomes_the_unit_ball_and_back() -> None:
    corners = np.array([[70, -17, 8], [-70, -17, 8], [0, 71, 8], [0, -105, 8], [0, -17, 80], [0, -17, -64]])
    assert np.linalg.norm(to_unit(corners), axis=1) == pytest.approx(1.0)
    points = np.random.default_rng(0).uniform(-60, 60, (20, 3))
    assert to_mni(to_unit(points)) == pytest.approx(points)
    # Affine: left stays left, midpoints stay midpoints.
    assert (np.sign(to_unit(points)[:, 0]) == np.sign(points[:, 0])).all()
    assert to_unit(points[:10] / 2 + points[10:] / 2) == pytest.approx(
        to_unit(points)[:10] / 2 + to_unit(points)[10:] / 2
    )
    assert len(SEMI_AXES_MM) == 3


def test_the_implant_lies_within_the_ball_deep_contacts_deep() -> None:
    implant = load_implant()
    norms = {c.name: float(np.linalg.norm(to_unit(c.mni))) for c in implant.contacts}
    assert max(norms.values()) < 1.03
    assert 0.35 < norms["AHL1"] < 0.65
    assert norms["AHL8"] > 0.9


def test_electrodes_point_where_their_names_say() -> None:
    sites = ("Fp1", "Fp2", "Cz", "Oz", "T3", "T4", "A1", "A2", "T7", "F9", "P10")
    at = dict(zip(sites, site_directions(sites), strict=True))
    assert np.linalg.norm(list(at.values()), axis=1) == pytest.approx(1.0)
    assert at["Cz"][2] > 0.99
    assert at["Oz"][1] < -0.95
    assert at["T3"][0] < -0.95
    assert at["T4"] == pytest.approx(at["T3"] * [-1, 1, 1], abs=0.05)
    assert at["T7"] == pytest.approx(at["T3"])
    assert at["A1"][2] < at["T3"][2]
    assert at["Fp1"] == pytest.approx(at["Fp2"] * [-1, 1, 1], abs=0.05)
    with pytest.raises(KeyError):
        site_directions(("X9",))
