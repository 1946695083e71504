"""What our writer writes, read back by others; and what stays on the disk when it cannot."""

from __future__ import annotations

import contextlib
import errno
import os
import time
import tracemalloc
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroflow.errors import FileProblem
from neuroflow.io import open_recording
from neuroflow.io.edf_annotations import encode_tal, lay_out, parse_tals
from neuroflow.io.edf_fields import (
    ascii_text,
    encode_date,
    encode_number,
    encode_text,
    outward,
    patient_field,
    recording_field,
)
from neuroflow.io.edf_header import parse_patient
from neuroflow.io.edf_writer import EdfWriter, OutputHeader, OutputSignal, check_target
from neuroflow.recording import Annotation, Patient

RATE, RECORDS = 100, 12


def signals(data: np.ndarray[Any, Any]) -> tuple[OutputSignal, ...]:
    return tuple(
        OutputSignal(f"~AHL{i + 1} med", RATE, float(row.min()), float(row.max()), "uV", "reconstructed", "LP:50Hz")
        for i, row in enumerate(data)
    )


@pytest.fixture
def data() -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(3)
    return (rng.normal(0, [[5e-6], [150e-6], [2e-3]], (3, RATE * RECORDS))).astype(np.float32)


def header(data: np.ndarray[Any, Any], start: datetime | None = datetime(2020, 1, 2, 3, 4, 5, 250000)) -> OutputHeader:
    patient = patient_field(Patient("Jöhn Doe", "MCH-1", "02-AUG-1951", "M"))
    return OutputHeader(
        signals(data), RECORDS, 1.0, start, patient, recording_field(date(2020, 1, 2), equipment="NF 1")
    )


def write(
    target: Path,
    data: np.ndarray[Any, Any],
    annotations: list[Annotation],
    verify: Callable[[Path], Any] = lambda _: None,
    **options: Any,
) -> Any:
    with EdfWriter(target, header(data, **options), annotations) as writer:
        for k in range(RECORDS):
            writer.write(list(data[:, k * RATE : (k + 1) * RATE]))
        return writer.commit(verify)


# --- fields ------------------------------------------------------------------------------------------------------


@given(st.floats(-9e6, 9e6), st.floats(0, 9e6))
def test_limits_enclose_fit_and_stay_near(low: float, extent: float) -> None:
    lower, upper = outward(low, low + extent)
    assert lower <= low <= low + extent <= upper
    assert lower < upper
    assert float(encode_number(lower)) == lower
    assert float(encode_number(upper)) == upper
    if extent > 2:
        assert upper - lower <= extent * 1.001 + 2


def test_limits_are_rounded_outward_at_eight_characters() -> None:
    assert outward(-123.456789, 123.45678) == (-123.457, 123.4568)
    assert outward(-0.00000012, 0.0) == (-0.00001, 0.0)
    assert outward(-123.4567, 123.4567) == (-123.457, 123.457)
    assert outward(5.0, 5.0) == (4.0, 6.0)
    assert outward(0.0, 0.0) == (-1.0, 1.0)
    for bad in ((1.0, 0.0), (float("nan"), 1.0), (0.0, 1e9), (-1e7, 0.0)):
        with pytest.raises(ValueError):
            outward(*bad)


def test_fields_reject_what_does_not_fit() -> None:
    assert encode_text("ab", 4) == b"ab  "
    for bad in ("abcde", "µV", "a\n"):
        with pytest.raises(ValueError):
            encode_text(bad, 4)
    with pytest.raises(ValueError):
        encode_number(1 / 3)
    assert encode_number(-1e-3) == b"-0.001  "
    assert encode_date(date(1969, 7, 20)) == b"01.01.85"
    assert encode_date(date(2084, 7, 20)) == b"20.07.84"


def test_patient_and_recording_fields_are_subfields() -> None:
    assert patient_field(Patient()) == "X X X X"
    patient = Patient("Jöhn van Doe", "MCH 1", "02-AUG-1951", "F", "left handed")
    field = patient_field(patient)
    assert field == "MCH_1 F 02-AUG-1951 John_van_Doe left handed"
    assert parse_patient(field) == Patient("John van Doe", "MCH 1", "02-AUG-1951", "F", "left handed")
    assert len(patient_field(Patient("x" * 200))) == 80
    assert patient_field(Patient("Jane", "c" * 80, "2-aug-1951", "F", "more")) == f"{61 * 'c'} F 02-AUG-1951 Jane"
    assert patient_field(Patient("Jane", birthdate="02-AUG-51")) == "X X X Jane born_02-AUG-51"
    assert recording_field(None, "a" * 80, "b" * 30, "c") == f"Startdate X {35 * 'a'} {30 * 'b'} c"
    assert recording_field(None, technician="A B", additional=("reconstructed, not recorded",)) == (
        "Startdate X X A_B X reconstructed,_not_recorded"
    )
    assert ascii_text("Łódź µV ≈ é") == "?odz uV ~ e"


# --- annotations -------------------------------------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(
            st.floats(-5, 50).map(lambda v: round(v, 6) + 0.0),
            st.floats(0, 9).map(lambda v: round(v, 6)),
            st.one_of(
                st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1, max_size=60),
                st.builds(str.__mul__, st.sampled_from(("a", "é ", "中 ...(1/2)", "@@b")), st.integers(100, 2000)),
            ),
        ),
        max_size=30,
    )
)
def test_annotations_of_any_length_at_any_time_come_back(found: list[tuple[float, float, str]]) -> None:
    annotations = [Annotation(*a) for a in found]
    starts = [0.25 + k for k in range(5)]
    laid = lay_out(annotations, starts, 1.0)
    blocks = [laid.record(k) for k in range(5)]
    assert {len(b) for b in blocks} == {laid.width}
    assert laid.width % 2 == 0
    back, onsets = parse_tals(b"".join(blocks), laid.width, timekeeping=True)
    assert onsets == dict(enumerate(starts))
    assert sorted(back, key=repr) == sorted(annotations, key=repr)


def test_an_annotation_stands_in_the_record_it_begins_in() -> None:
    laid = lay_out([Annotation(2.5, 0, "here")], [0.0, 1.0, 2.0, 3.0], 1.0)
    assert [b"here" in laid.record(k) for k in range(4)] == [False, False, True, False]


def test_a_long_annotation_widens_no_record_of_a_day() -> None:
    """4,000 letters, twice at the same time, in records of 1 s and of 50 ms: neither memory nor file grows by them."""
    notes = [Annotation(40_000.5, 3.0, f"{which} " + 400 * "Anfälle... ", "Fp1") for which in ("one", "two")]
    for seconds, widest in ((1.0, 540), (0.05, 160)):
        count = round(86_400 / seconds)
        tracemalloc.start()
        laid = lay_out([*notes, Annotation(1.0, 0.0, "short")], np.arange(count) * seconds, seconds)
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert laid.width <= widest
        assert held < 60 * count + 2e6  # a few numbers for each record, and none of its bytes
        near = range(int(39_999 / seconds), int(40_100 / seconds))
        back, onsets = parse_tals(b"".join(map(laid.record, near)), laid.width, timekeeping=True)
        assert [(a.onset, a.duration, a.text) for a in back] == [(40_000.5, 3.0, f"{n.text}@@Fp1") for n in notes]
        assert onsets == {k: round(record * seconds, 9) for k, record in enumerate(near)}


def test_what_only_looks_like_a_part_of_an_annotation_stays_as_it_is() -> None:
    texts = ["a ...(1/2)", "b ...(1/1)", "c ...(2/3)", "d ...(0/2)", "e ...(1/999999)", "f ...(1/2) g", "h ...(1/2)@@i"]
    texts += ["a ...(1/2)", "Seizure start ...(1/2)", "Artefact ...(2/2)"]
    laid = lay_out([Annotation(0.0, 0.0, text) for text in texts], [0.0, 1.0], 1.0)
    back, _ = parse_tals(b"".join(map(laid.record, range(2))), laid.width, timekeeping=True)
    assert [a.text for a in back] == texts


def test_tals_escape_their_own_delimiters() -> None:
    assert encode_tal(1.5, 0.25, "a\x14b\x00c") == b"+1.5\x150.25\x14a b c\x14\x00"
    assert encode_tal(0.0000001) == b"+0.0000001\x14\x14\x00"
    with pytest.raises(ValueError):
        encode_tal(0, -1, "a")


# --- whole files -------------------------------------------------------------------------------------------------


def test_three_other_readers_agree_with_what_was_meant(tmp_path: Path, data: np.ndarray[Any, Any]) -> None:
    import edfio
    import mne

    target = tmp_path / "out.edf"
    notes = [Annotation(0, 0, "p" * 450), Annotation(5.5, 2.25, "Spike Köln"), Annotation(11.9, 0, "end")]
    notes += [Annotation(3 + i / 1000, 0, f"many {i}") for i in range(300)]
    write(target, data, notes)
    half = [s.quantum * 0.5001 for s in signals(data)]

    pyedflib = pytest.importorskip("pyedflib")
    with pyedflib.EdfReader(str(target)) as reader:
        assert reader.getSignalLabels() == ["~AHL1 med", "~AHL2 med", "~AHL3 med"]
        assert (reader.getPatientName(), reader.getPatientCode()) == ("John Doe", "MCH-1")
        assert (reader.getTransducer(0), reader.getPrefilter(0)) == ("reconstructed", "LP:50Hz")
        assert len(reader.readAnnotations()[0]) == 303
        for i, row in enumerate(data):
            assert np.abs(reader.readSignal(i) * 1e-6 - row).max() <= half[i]
    edf = edfio.read_edf(target)
    assert edf.startdatetime == datetime(2020, 1, 2, 3, 4, 5, 250000)
    assert (edf.patient.name, edf.recording.equipment_code) == ("John_Doe", "NF_1")
    assert {(a.onset - 0.25, a.duration, a.text) for a in edf.annotations if "Spike" in a.text} <= {
        (5.25, 2.25, "Spike Köln"), (5.5, 2.25, "Spike Köln"),
    }  # fmt: skip
    raw = mne.io.read_raw_edf(target, verbose="error")
    assert (raw.info["sfreq"], len(raw.annotations)) == (100.0, 303)
    assert all(np.abs(raw.get_data()[i] - row).max() <= half[i] for i, row in enumerate(data))

    source = open_recording(target)
    assert source.recording.start == datetime(2020, 1, 2, 3, 4, 5, 250000)
    assert [(a.onset, a.duration) for a in source.recording.annotations if "Spike" in a.text] == [(5.5, 2.25)]
    assert (source.recording.problems, source.recording.gaps) == ((), ())
    assert os.listdir(tmp_path) == ["out.edf"]


def test_symmetric_limits_make_zero_zero_and_an_unknown_start_is_said(tmp_path: Path) -> None:
    target = tmp_path / "zero.edf"
    signal = OutputSignal("a", 10, -123.4567e-6, 123.4567e-6)
    head = OutputHeader((signal,), 1, 1.0, None, patient_field(Patient()), recording_field(None))
    with EdfWriter(target, head) as writer:
        writer.write([np.zeros(10)])
        writer.commit(lambda _: None)
    source = open_recording(target)
    np.testing.assert_allclose(source.read(source.recording.span, source.recording.channels[0]), 0, atol=1e-15)
    assert "removed" in source.recording.problems[0]


def test_values_that_do_not_fit_are_refused(tmp_path: Path, data: np.ndarray[Any, Any]) -> None:
    for bad in (np.nan, 1.0):
        with EdfWriter(tmp_path / "a.edf", header(data)) as writer:
            spoiled = data[:, :RATE].copy()
            spoiled[1, 5] = bad
            with pytest.raises(ValueError, match="limits"):
                writer.write(list(spoiled))
            with pytest.raises(ValueError, match="exactly"):
                writer.write(list(data[:, : RATE - 1]))
            with pytest.raises(ValueError, match="0 of 12"):
                writer.commit(lambda _: None)
    assert os.listdir(tmp_path) == []


# --- what goes wrong ---------------------------------------------------------------------------------------------


class Stop(Exception):
    """What a verification, or a user, may throw."""


def test_a_failed_check_or_a_stop_keeps_the_old_file(tmp_path: Path, data: np.ndarray[Any, Any]) -> None:
    target = tmp_path / "out.edf"
    target.write_bytes(b"old")

    def reject(part: Path) -> None:
        assert part.stat().st_size > 1000
        raise Stop

    with pytest.raises(Stop):
        write(target, data, [], reject)
    with contextlib.suppress(Stop), EdfWriter(target, header(data)) as writer:
        writer.write(list(data[:, :RATE]))
        raise Stop
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out.edf"]
    assert write(target, data, [], lambda part: part.stat().st_size) == target.stat().st_size


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (errno.ENOSPC, "no room left"),
        (errno.EROFS, "may not write"),
        (errno.EACCES, "may not write"),
        (errno.EIO, "could not be written"),
    ],
)
@pytest.mark.parametrize("where", ["open", "fsync", "replace"])
def test_the_system_refuses(
    tmp_path: Path, data: np.ndarray[Any, Any], monkeypatch: pytest.MonkeyPatch, code: int, word: str, where: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, "injected")

    target = tmp_path / "out.edf"
    monkeypatch.setattr(Path if where == "open" else os, where, refuse)
    with pytest.raises(FileProblem, match=word):
        write(target, data, [])
    monkeypatch.undo()
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="there is no lock that would tell what is abandoned")
def test_what_a_kill_left_of_other_files_is_swept_away_and_nothing_else(
    tmp_path: Path, data: np.ndarray[Any, Any]
) -> None:
    edf, hour_ago = b"0".ljust(8) + b"X X X X".ljust(248), time.time() - 3700
    old = {
        ".night.edf.0123abcd.part": edf,
        ".Doe, Jane (2).edf.ffffffff.part": b"",  # killed before its header was on the disk
        # What is not certainly ours stays.
        ".night.edf.0123abcd.part~": edf, ".night.edf.part": edf, ".night.edf.0123ABCD.part": edf,
        ".other.edf.notes.part": b"notes",
        "night.edf.0123abcd.part": edf, ".night.mkv.0123abcd.part": edf, ".film.edf.0123abcd.part": b"\x00\x00ftypmp4",
    }  # fmt: skip
    for name, content in old.items():
        (tmp_path / name).write_bytes(content)
        os.utime(tmp_path / name, (hour_ago, hour_ago))
    young = tmp_path / ".young.edf.0123abcd.part"
    young.write_bytes(edf)
    folder = tmp_path / ".folder.edf.0123abcd.part"
    folder.mkdir()
    os.utime(folder, (hour_ago, hour_ago))
    write(tmp_path / "other.edf", data, [])
    kept = {p.name for p in tmp_path.iterdir()}
    assert kept == {"other.edf", young.name, folder.name, *list(old)[2:]}


@pytest.mark.skipif(os.name == "nt", reason="there is no lock that would tell what is abandoned")
@pytest.mark.parametrize("name", ["slow.edf", "other.edf"])
def test_a_file_that_takes_hours_to_be_read_back_is_not_swept_away(
    tmp_path: Path, data: np.ndarray[Any, Any], name: str
) -> None:
    """By the next export of that name or of another one."""

    def verify(part: Path) -> None:
        hours_ago = time.time() - 7200
        os.utime(part, (hours_ago, hours_ago))
        write(tmp_path / name, data, [])
        assert part.exists()

    write(tmp_path / "slow.edf", data, [], verify)
    assert {p.name for p in tmp_path.iterdir()} == {"slow.edf", name}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_while_writing(tmp_path: Path, data: np.ndarray[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    original = Path.open

    def full(self: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
        return original(Path("/dev/full"), "wb") if mode == "xb" else original(self, mode, *rest, **options)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(FileProblem, match="no room left"):
        write(tmp_path / "out.edf", data, [Annotation(0, 0, "x" * 5000)])
    assert os.listdir(tmp_path) == []


def test_a_target_is_checked_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_target(tmp_path / "a.edf")
    assert os.listdir(tmp_path) == []
    with pytest.raises(FileProblem, match="is a folder"):
        check_target(tmp_path)
    with pytest.raises(FileProblem, match="There is no folder"):
        check_target(tmp_path / "none" / "a.edf")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "injected")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FileProblem, match="may not write"):
        check_target(tmp_path / "a.edf")
