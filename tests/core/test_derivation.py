"""Montages of a reader's own: what he types, what becomes of it on a recording, and the file that it is kept in."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroflow.errors import FileProblem, LaterFormat
from neuroflow.io.montage_file import LARGEST, read_kept, read_montages, write_montages
from neuroflow.signal.derivation import (
    AVERAGE,
    LINKED,
    MOST_ROWS,
    Derivation,
    OwnMontage,
    copy_of,
    expanded,
    lacking,
    own_rows,
    parse_derivation,
)
from neuroflow.signal.montage import MONTAGES, MontageChannel, Row, apply_rows, montage_rows

TEN_TWENTY = "Fp1 Fp2 F7 F3 Fz F4 F8 T3 C3 Cz C4 T4 T5 P3 Pz P4 T6 O1 O2 A1 A2".split()


def eeg(*sites: str) -> list[MontageChannel]:
    return [MontageChannel(f"EEG {site}", site, "EEG") for site in sites or TEN_TWENTY]


def own(*texts: str, name: str = "Mine") -> OwnMontage:
    return OwnMontage(name, tuple(parse_derivation(text) for text in texts))


def labels(rows: tuple[Row, ...]) -> list[str]:
    return [row.label for row in rows]


def samples(channels: list[MontageChannel], seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {c.name: rng.standard_normal(40).astype(np.float32) for c in channels}


names = st.sampled_from([*TEN_TWENTY, AVERAGE, LINKED, "AHL1", "EKG 1", "X'7", "Fp1-F7", "T7", "avg."])
weights = st.one_of(
    st.sampled_from([1.0, -1.0, 0.25, -1 / 3, 2 / 7, 1000.0]),
    st.integers(1, 10**6).map(lambda n: n / 1e6),
)
derivations = st.dictionaries(names, weights, min_size=1, max_size=6).map(lambda d: tuple(d.items()))


@given(derivations)
def test_what_is_written_is_read_again(terms: tuple[tuple[str, float], ...]) -> None:
    try:
        made = Derivation(terms)
    except ValueError:
        assert {name for name, _ in terms} <= {AVERAGE, LINKED}
        return
    again = parse_derivation(made.text)
    assert dict(again.terms) == pytest.approx(dict(terms), abs=1e-12)
    assert again.text == made.text


@pytest.mark.parametrize(
    ("typed", "read", "label"),
    [
        ("fp1-f7", "Fp1-F7", "Fp1–F7"),
        ("FP1 – F7", "Fp1-F7", "Fp1–F7"),
        ("T7-P7", "T3-T5", "T3–T5"),
        ("cz", "Cz", "Cz"),
        ("T3 - AVG", "T3-avg", "T3–avg"),
        ("F7-A1A2", "F7-ears", "F7–A1A2"),
        ("0.5F3+0.5F4-Cz", "0.5 F3 + 0.5 F4 - Cz", "0.5F3+0.5F4–Cz"),
        ('"EKG 1" - "EKG 2"', '"EKG 1"-"EKG 2"', "EKG 1–EKG 2"),
        ("C3 - F3/3", "C3 - F3/3", ""),
    ],
)
def test_a_derivation_is_read_as_a_reader_types_it(typed: str, read: str, label: str) -> None:
    if not label:
        with pytest.raises(ValueError, match="no electrode"):
            parse_derivation(typed)
        return
    made = parse_derivation(typed)
    assert made.text == read
    assert made.shown() == label


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "Write a derivation"), ("Fp1 F7", "before “F7”"), ("Fp1-Fp1", "itself"), ("avg", "electrode"),
        ("Fp1-F7-T3", "chain"), ("0 Fp1", "not 0"), ("1/0 Fp1", "divided"), ("≈AHL1-Fp1", "no electrode"),
        ('"~AHL1 med"-Fp1', "reconstructed"), ("9999 Fp1", "up to 1000"), ("Fp1-" + "9" * 400, "no electrode"),
        ("+".join(f"X{k}" for k in range(65)), "64"), ("x" * 3000, "2000"),
    ],
)  # fmt: skip
def test_what_is_no_derivation_is_refused_with_a_sentence(typed: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        parse_derivation(typed)
    assert str(refused.value).endswith(".")
    assert "\n" not in str(refused.value)


def test_a_chain_is_its_neighbours() -> None:
    assert expanded("fp1-f7-T3") == ("Fp1-F7", "F7-T3")
    for text in ("Fp1-F7", "C3 - 0.5 F3 - 0.5 P3", "1 C3 - F3 - T3", "F3+F4-Cz", "F3-F4-avg", "no no"):
        assert expanded(text) == (text,)


@pytest.mark.parametrize("label", ["≈T3", "~T3", "x" * 25, "a\nb", " a"])
def test_a_label_never_looks_reconstructed_and_fits(label: str) -> None:
    with pytest.raises(ValueError, match="label"):
        parse_derivation("T3", label=label)


@pytest.mark.parametrize("montage", MONTAGES)
@pytest.mark.parametrize("bad", [(), ("EEG T3", "EEG O2")])
def test_a_copy_of_a_montage_that_ships_draws_what_it_draws(montage: str, bad: tuple[str, ...]) -> None:
    channels = [*eeg(), MontageChannel("ECG", None, "ECG")]
    data = samples(channels)
    shipped = montage_rows(montage, channels, bad)
    copied = own_rows(OwnMontage("Copy", copy_of(montage, channels)), channels, bad)
    if montage == "laplacian" and bad:  # a copy's weights are those that were copied
        assert [r.label for r in copied if r.bad] != []
        return
    if montage == "as recorded":
        assert [r.weights for r in copied] == [r.weights for r in shipped]
        return
    assert labels(copied) == labels(shipped)
    assert [(r.side, r.bad, r.kind) for r in copied] == [(r.side, r.bad, r.kind) for r in shipped]
    steps = [[a.group != b.group for a, b in pairwise(rows)] for rows in (copied, shipped)]
    assert steps[0] == steps[1]
    np.testing.assert_allclose(apply_rows(copied, data), apply_rows(shipped, data), atol=1e-6)


def test_a_row_that_lacks_a_channel_is_left_out_and_its_gap_stays() -> None:
    montage = OwnMontage(
        "Mine", (parse_derivation("F3-C3"), parse_derivation("T9-C3", gap=True), parse_derivation("C3-P3"))
    )
    rows = own_rows(montage, eeg())
    assert labels(rows) == ["F3–C3", "C3–P3"]
    assert rows[0].group != rows[1].group
    assert [lacking(row, eeg()) for row in montage.rows] == [(), ("T9",), ()]
    assert lacking(parse_derivation("T3-ears"), eeg("T3", "A1")) == ("both ears",)
    assert lacking(parse_derivation("X-avg"), [MontageChannel("X", None, "EEG")]) == ("electrodes to average",)


def test_other_channels_come_last_unless_a_row_has_shown_them() -> None:
    channels = [MontageChannel("EKG 1", None, "ECG"), MontageChannel("EKG 2", None, "ECG"), *eeg(),
                MontageChannel("X7", None, "EEG"), MontageChannel("Resp", None, "respiration")]  # fmt: skip
    rows = own_rows(own("F7-T3", '"EKG 1"-"EKG 2"', "Resp"), channels)
    assert labels(rows) == ["F7–T3", "EKG 1–EKG 2", "Resp", "X7"]
    assert [row.kind for row in rows] == ["EEG", "ECG", "respiration", "EEG"]


def test_labels_are_unique_whatever_the_reader_calls_them() -> None:
    channels = [*eeg(), MontageChannel("ECG", None, "ECG")]
    montage = OwnMontage("Mine", tuple(parse_derivation(t, label="ECG") for t in ("F7-T3", "T3-T5")))
    assert labels(own_rows(montage, channels)) == ["ECG (2)", "ECG (3)", "ECG"]


def test_a_bad_channel_marks_the_rows_that_show_it_and_leaves_averages() -> None:
    rows = own_rows(own("F7-T3", "T5-avg", "F7-ears", "C3-0.5 T3-0.5 F3"), eeg(), {"EEG T3", "EEG A1"})
    assert [row.bad for row in rows] == [True, False, True, True]
    assert "EEG T3" not in dict(rows[1].weights)


def test_a_row_says_which_channels_it_is_about() -> None:
    rows = own_rows(own("F7-T3", "T5-avg", "0.5 F3 + 0.5 F4 - Cz"), eeg())
    assert [row.electrodes for row in rows] == [("EEG F7", "EEG T3"), ("EEG T5",), ("EEG F3", "EEG F4", "EEG Cz")]
    assert [row.side for row in rows] == ["left", "left", "midline"]
    average = montage_rows("average", eeg())
    assert average[0].electrodes == ("EEG F7",)


def test_reconstructed_channels_of_a_file_stand_in_no_row() -> None:
    channels = [*eeg(), MontageChannel("~AHL1 med", None, "iEEG")]
    with pytest.raises(ValueError, match="reconstructed"):
        own('"~AHL1 med"')
    assert labels(own_rows(own("F7-T3"), channels)) == ["F7–T3", "~AHL1 med"]


# The file -------------------------------------------------------------------------------------------------------------


def test_a_file_holds_all_that_a_montage_is(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    first = OwnMontage(
        "Schläfen", (parse_derivation("F7-T3"), parse_derivation("C3 - 1/3 F3 - 2/3 P3", label="C3*", gap=True))
    )
    second = own("T3-avg", '"EKG 1"', name="Other")
    write_montages((first, second), path)
    assert read_montages(path) == (first, second)
    with pytest.raises(FileProblem, match="2 montages"):
        read_kept(path)
    write_montages((first,), path, key=4)
    assert read_kept(path) == (first, 4)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.json"]


def test_the_documented_example_is_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "montage-file.md").read_text(encoding="utf-8")
    path = tmp_path / "example.json"
    path.write_text(page.split("```json")[1].split("```")[0], encoding="utf-8")
    (montage,) = read_montages(path)
    assert [row.shown() for row in montage.rows][:3] == ["Fp1–F7", "F7–T3", "T3 alone"]


def row(**more: object) -> dict[str, object]:
    return {"format": 1, "montages": [{"name": "A", "rows": [{"derivation": "F7-T3", **more}]}]}


@pytest.mark.parametrize(
    "told",
    [
        {}, [], {"format": 1}, {"format": 1, "montages": []}, {"format": "1", "montages": []}, row(label=3),
        row(gap="yes"), row(derivation="nan F7"), row(derivation="1e999 F7"), row(label="≈T3"), row(derivation="F7 T3"),
        {"format": 1, "montages": [{"name": "", "rows": [{"derivation": "F7"}]}]},
        {"format": 1, "montages": [{"name": " A", "rows": [{"derivation": "F7"}]}]},
        {"format": 1, "montages": [{"name": "A" * 41, "rows": [{"derivation": "F7"}]}]},
        {"format": 1, "montages": [{"name": "A", "rows": []}]},
        {"format": 1, "montages": [{"name": "A", "rows": [{"derivation": "F7"}] * (MOST_ROWS + 1)}]},
        {"format": 1, "montages": [{"name": "A", "rows": [{"derivation": "F7"}]}] * 65},
    ],
)  # fmt: skip
def test_a_file_that_says_what_no_montage_is_is_refused_with_a_sentence(tmp_path: Path, told: object) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(FileProblem) as refused:
        read_montages(path)
    assert refused.value.text.endswith(".")


def test_a_file_of_a_later_version_and_a_huge_one_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"format": 2, "layers": []}', encoding="utf-8")
    with pytest.raises(LaterFormat, match="later version"):
        read_montages(path)
    path.write_bytes(b" " * (LARGEST + 1))
    with pytest.raises(FileProblem, match="too large"):
        read_montages(path)
    with pytest.raises(FileProblem, match="could not be read"):
        read_montages(tmp_path / "none.json")
