"""Channels mapped by hand: what follows from it, whose files it is for, and the file that it is kept in."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from neuroflow.anatomy.mapping import Assignment, MappedSource, is_unrecognised, keys_of, laboratory_of, mapped
from neuroflow.errors import FileProblem, LaterFormat
from neuroflow.io.mapping_file import LARGEST, Laboratory, read_mapping, write_mapping
from neuroflow.recording import Annotation, ArraySource, Channel, ChannelKind, Patient, Recording, Span

EEG, ECG, OTHER = ChannelKind.EEG, ChannelKind.ECG, ChannelKind.OTHER


def channel(index: int, label: str, name: str = "", kind: ChannelKind = OTHER, **more: object) -> Channel:
    told: dict[str, object] = {"dimension": "uV", "is_voltage": True, "physical_min": -1.0, "physical_max": 1.0, **more}
    return Channel(index, label, name or label, kind, 100.0, **told)  # type: ignore[arg-type]


def source_of(*channels: Channel, annotations: tuple[Annotation, ...] = ()) -> ArraySource:
    recording = Recording(
        Path("a.edf"), "EDF", channels, 10.0, None, Patient(), "", (), annotations, (), "0" * 16,
    )  # fmt: skip
    return ArraySource(recording, {c.index: np.full(1000, c.index, np.float32) for c in channels})


FP1 = channel(0, "EEG Fp1-Ref", "Fp1", EEG, site="Fp1", reference="Ref")
X1, X2 = channel(1, "X1"), channel(2, "X2")


def test_a_mapped_channel_is_what_the_reader_says_and_holds_what_the_file_holds() -> None:
    source = source_of(FP1, X1, X2, annotations=(Annotation(1.0, 0.0, "spike", "X1"), Annotation(2.0, 0.0, "note")))
    made = mapped(source, {("X1", 1): Assignment("T3", EEG, "A1"), ("X2", 1): Assignment("EKG", ECG)})
    assert [(c.name, c.kind, c.site) for c in made.recording.channels] == [
        ("Fp1", EEG, "Fp1"), ("T3", EEG, "T3"), ("EKG", ECG, None),
    ]  # fmt: skip
    assert [c.label for c in made.recording.channels] == ["EEG Fp1-Ref", "X1", "X2"]
    assert [a.channel for a in made.recording.annotations] == ["T3", None]
    assert made.read(Span(0.0, 1.0), made.recording.channels[1])[0] == 1.0
    assert (made.by_hand, made.unknown) == (("T3", "EKG"), ())
    assert source.recording.channels == (FP1, X1, X2)
    assert made.recording.identity == source.recording.identity


def test_nothing_said_leaves_everything_and_says_what_is_unknown() -> None:
    source = source_of(FP1, X1)
    made = mapped(source, {})
    assert made.recording is source.recording
    assert made.unknown == ("X1",)
    # Said to be what it is: from now on that is known.
    assert mapped(source, {("X1", 1): Assignment("X1", OTHER)}) == MappedSource(source, source.recording)


def test_a_site_is_claimed_once_by_what_was_said() -> None:
    made = mapped(source_of(FP1, X1, X2), {(x, 1): Assignment("Fp1", EEG) for x in ("X1", "X2")})
    assert [(c.name, c.site) for c in made.recording.channels] == [
        ("Fp1 (3)", None), ("Fp1", "Fp1"), ("Fp1 (2)", None),
    ]  # fmt: skip
    assert made.recording.eeg == (made.recording.channels[1],)


def test_equal_labels_are_told_apart() -> None:
    twice = (channel(0, "X"), channel(1, "X", "X (2)"))
    assert keys_of(twice) == (("X", 1), ("X", 2))
    made = mapped(source_of(*twice), {("X", 2): Assignment("O2", EEG)})
    assert [c.name for c in made.recording.channels] == ["X", "O2"]


def test_only_a_voltage_is_eeg_and_one_without_a_unit_is_in_microvolts() -> None:
    percent = channel(0, "S", dimension="%", is_voltage=False)
    bare = channel(1, "B", dimension="", is_voltage=False)
    made = mapped(source_of(percent, bare), {(x, 1): Assignment(n, EEG) for x, n in (("S", "C3"), ("B", "C4"))})
    assert [(c.name, c.kind, c.is_voltage) for c in made.recording.channels] == [
        ("S", OTHER, False), ("C4", EEG, True),
    ]  # fmt: skip


def test_what_was_reconstructed_never_becomes_recorded() -> None:
    marked = channel(0, "~AHL1 med", kind=ChannelKind.IEEG)
    worded = channel(1, "AHL2", kind=ChannelKind.IEEG, transducer="Reconstructed, not recorded")
    unscaled = channel(2, "flat", physical_min=0.0, physical_max=0.0, is_voltage=False)
    said = {(x, 1): Assignment(n, EEG) for x, n in (("~AHL1 med", "T3"), ("AHL2", "T4"), ("flat", "Cz"))}
    made = mapped(source_of(marked, worded, unscaled), said)
    assert [c.name for c in made.recording.channels] == ["~AHL1 med", "AHL2", "flat"]
    assert made.by_hand == ()
    for name in ("~T3", "≈T3", "", " T3", "x" * 41, "a\nb"):
        with pytest.raises(ValueError, match="name"):
            Assignment(name, EEG)


@pytest.mark.parametrize(
    ("told", "unknown"),
    [
        (FP1, False), (X1, True), (channel(0, "EEG 7", kind=EEG), True),
        (channel(0, "Fp1-F7", kind=EEG, reference="F7"), False), (channel(0, "EKG", kind=ECG), False),
        (channel(0, "~X", kind=OTHER), False), (channel(0, "\a", kind=OTHER), True),
    ],
)  # fmt: skip
def test_what_is_unrecognised(told: Channel, unknown: bool) -> None:
    assert is_unrecognised(told) == unknown
    assert mapped(source_of(told), {}).unknown == ((told.name,) if unknown else ())


def test_a_laboratory_is_its_labels_in_any_order() -> None:
    assert laboratory_of([FP1, X1]) == laboratory_of([X1, FP1])
    assert laboratory_of([FP1, X1]) != laboratory_of([FP1, X2])
    assert laboratory_of([X1, X1]) != laboratory_of([X1])


# The file -------------------------------------------------------------------------------------------------------------


def test_what_was_said_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "channels.json"
    assert read_mapping(path) == ()
    labs = (
        Laboratory("a", "2026-01-01", {("X", 1): Assignment("T3", EEG, "A1"), ("X", 2): Assignment("é", ECG)}),
        Laboratory("b" * 16, "2026-01-02T00:00:00Z", {}),
    )  # fmt: skip
    write_mapping(labs, path)
    assert read_mapping(path) == labs
    write_mapping([Laboratory(f"{k}", "", {}) for k in range(300)], path)
    assert [lab.key for lab in read_mapping(path)] == [f"{k}" for k in range(100, 300)]


def lab(**more: object) -> object:
    one = {"label": "X", "name": "T3", "kind": "EEG", **more}
    return {"format": 1, "laboratories": [{"key": "a", "saved": "", "channels": [one]}]}


@pytest.mark.parametrize(
    "told",
    [
        {}, [], {"format": 1, "laboratories": 3}, lab(kind="brain"), lab(name="≈T3"), lab(name=""), lab(name=3),
        lab(copy=0), lab(copy=10**9), lab(label="x" * 300), lab(reference="x" * 50),
        {"format": 1, "laboratories": [{"key": "k" * 100, "saved": "", "channels": []}]},
        {"format": 1, "laboratories": [{"key": "k", "saved": "", "channels": []}] * 201},
    ],
)  # fmt: skip
def test_a_file_that_says_what_cannot_be_is_refused(tmp_path: Path, told: object) -> None:
    path = tmp_path / "channels.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(FileProblem, match="damaged"):
        read_mapping(path)


def test_a_later_file_and_a_huge_one_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "channels.json"
    path.write_text('{"format": 2}')
    with pytest.raises(LaterFormat):
        read_mapping(path)
    path.write_bytes(b" " * (LARGEST + 1))
    with pytest.raises(FileProblem, match="too large"):
        read_mapping(path)
