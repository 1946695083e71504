"""Files from strangers, spoiled in every way that chance finds: a sentence at most, never a traceback or a hang.

``make test`` tries a fixed 500 recordings, ``make fuzz`` 20,000 (NEUROFLOW_FUZZ is how many), and a fifth as many
tables of marks, review files, cards and audit logs each.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.core.conftest import DATA, Sig, make_file

from neuroflow.anatomy.mapping import Assignment
from neuroflow.cli import main
from neuroflow.cli.info import as_json, as_text
from neuroflow.errors import FileProblem, ModelProblem, NeuroflowError
from neuroflow.export.convert import ConvertRequest, convert
from neuroflow.export.repair import repair
from neuroflow.export.texts import FreeText, read_texts, write_texts
from neuroflow.flow.card import read_card
from neuroflow.inference.model import load_model
from neuroflow.io import open_recording
from neuroflow.io.audit import append, verify
from neuroflow.io.edf_annotations import parse_tals
from neuroflow.io.mapping_file import Laboratory, read_mapping, write_mapping
from neuroflow.io.marks_csv import read_marks, write_marks
from neuroflow.io.montage_file import read_montages, write_montages
from neuroflow.io.review_file import read_review, write_review
from neuroflow.recording import ChannelKind, Patient, Recording, Span
from neuroflow.review import Change, Document, Mark
from neuroflow.signal.derivation import OwnMontage, parse_derivation

Make = Callable[..., Any]

CASES = int(os.environ.get("NEUROFLOW_FUZZ", "500"))
CHUNKS = 10
SECONDS, BYTES = 2.0, 500 << 20
LARGEST_BASE = 300_000

NUMBERS = (
    "0", "-1", "1", "-0", "99999999", "-9999999", "1e308", "-1e308", "1e-320", "1e9", "nan", "inf", "-inf", "", " 1 ",
    "0x10", "1,5", "1_0", "٣", "+", ".", "1.5", "2147483", "65536", "\0", "é", "X",
)  # fmt: skip
TALS = (
    b"+0\x14\x14\0", b"\x14\x14\x14", b"+1e308\x14a\x14\0", b"+nan\x14\x14\0", b"-99999999999\x14\x14\0", b"\0\0\0",
    b"+5\x15-3\x14x\x14\0", b"+5\x15inf\x14x\x14\0", b"+1\x151e308\x14\xff\xfe\x14\0", b"+" + b"9" * 40 + b"\x14\x14\0",
)  # fmt: skip
PART = ConvertRequest(Span(0.25, 2.5))
WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
FIXED = ((0, 8), (8, 80), (88, 80), (168, 8), (176, 8), (184, 8), (192, 44), (236, 8), (244, 8), (252, 4))


@pytest.fixture(scope="module", autouse=True)
def _loaded(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is loaded once is loaded before anything is timed."""
    made = make_file(tmp_path_factory.mktemp("loaded") / "a.edf", [Sig("EEG Fp1-Ref", np.zeros((3, 100)))])
    write_anew(made.path)


@pytest.fixture
def bases(make_edf: Make, sig: Any, noise: Make) -> tuple[bytes, ...]:
    """Sound recordings to spoil: each format made small, and the small ones of the public test files."""
    times = [b"+%d\x14\x14\0+%d.5\x150.2\x14spike\x14\0" % (t, t) for t in range(6)]
    gaps = [b"+%s\x14\x14\0" % str(t).encode() for t in (0, 1, 2, 10.5, 11.5, 40)]
    two = [sig("EEG Fp1-Ref", noise(6, 100)), sig("EEG O2-Ref", noise(6, 50, 1))]
    files = [
        make_edf("a.edf", two),
        make_edf("b.edf", two, plus="C", tals=times),
        make_edf("c.edf", two, plus="D", tals=gaps),
        make_edf("d.bdf", two, bdf=True),
        make_edf("e.bdf", two, bdf=True, plus="D", tals=gaps),
        make_edf("f.edf", plus="C", tals=times),
    ]
    small = [path for path in sorted((DATA / "edf-fixtures").glob("*.[eb]df")) if path.stat().st_size < LARGEST_BASE]
    return (*(made.path.read_bytes() for made in files), *(path.read_bytes() for path in small))


def spoiled(base: bytes, rng: np.random.Generator) -> bytes:
    """The same with one to three mistakes."""
    out = bytearray(base)
    for _ in range(rng.integers(1, 4)):
        _spoil(out, rng)
    return bytes(out)


def _spoil(out: bytearray, rng: np.random.Generator) -> None:
    size = max(len(out), 1)
    with suppress(ValueError):
        count = min(max(int(out[252:256] or b"0"), 0), 64)
        header = min(256 * (count + 1), size)
        kind = rng.integers(7)
        if kind == 0:  # bytes of the header
            for at in rng.integers(0, header, rng.integers(1, 20)):
                out[at : at + 1] = bytes([rng.integers(256)])
        elif kind == 1:  # a field for the whole file
            at, width = FIXED[rng.integers(len(FIXED))]
            out[at : at + width] = _field(rng, width)
        elif kind == 2 and count:  # a field of a signal
            column, signal = rng.integers(len(WIDTHS)), rng.integers(count)
            at = 256 + count * sum(WIDTHS[:column]) + int(signal) * WIDTHS[column]
            out[at : at + WIDTHS[column]] = _field(rng, WIDTHS[column])
        elif kind == 3:  # annotations where there may be none
            at, text = int(rng.integers(header, size + 1)), TALS[rng.integers(len(TALS))]
            out[at : at + len(text)] = text
        elif kind == 4:
            del out[int(rng.integers(0, size)) :]
        elif kind == 5:
            out += rng.bytes(int(rng.integers(1, 5000)))
        else:  # bytes of the data
            for at in rng.integers(min(header, size - 1), size, rng.integers(1, 40)):
                out[at : at + 1] = bytes([rng.choice([0, 0x14, 0x15, 0x2B, 0x2D, 0x39, 0xFF, rng.integers(256)])])


def _field(rng: np.random.Generator, width: int) -> bytes:
    return NUMBERS[rng.integers(len(NUMBERS))].encode()[:width].ljust(width)


def read_all(path: Path) -> None:
    """What the program does with a recording: open, describe, read its start, middle, end and beyond."""
    source = open_recording(path)
    try:
        recording = source.recording
        assert 0.0 <= recording.duration < float("inf")
        as_text(recording)
        json.dumps(as_json(recording), allow_nan=False)
        for channel in recording.channels[:4]:
            assert 0.0 < channel.rate < float("inf")
            seconds = min(10.0, 20_000 / channel.rate)
            for start in (-1.0, 0.0, recording.duration / 2, recording.duration - seconds / 2):
                source.read(Span(start, start + seconds), channel)
    finally:
        source.close()


def sentence(path: Path) -> str:
    """What a reader is told where a recording cannot be read; nothing where it can."""
    try:
        read_all(path)
    except FileProblem as problem:
        return problem.text
    return ""


def write_anew(path: Path) -> None:
    """What the program writes of a recording that it opens, or the sentence why it does not."""
    for write in (
        lambda: repair(path, path.with_name("out.edf")),
        lambda: convert(path, path.with_name("out.edf"), PART),
    ):
        with suppress(NeuroflowError):
            write()
    assert not list(path.parent.glob(".*.part"))


@contextmanager
def bounded(case: object) -> Iterator[None]:
    """Fails where what is inside is slow or large, whether it ends in a sentence or not.

    Processor time, so that a busy machine does not count; what waits for nothing is found by the clock.
    """
    resource = pytest.importorskip("resource")
    before, begun, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time(), time.monotonic()
    try:
        yield
    except NeuroflowError:
        raise
    except Exception as error:
        raise AssertionError(f"{case}: {error!r}") from error
    finally:
        took, waited = time.process_time() - begun, time.monotonic() - started
        grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        assert took < SECONDS, f"{case}: {took:.1f} s"
        assert waited < 30 * SECONDS, f"{case}: waited {waited:.1f} s"
        assert grown < BYTES, f"{case}: {grown >> 20} MB"


@pytest.mark.parametrize("onset", [b"+" + b"9" * 40, b"-" + b"9" * 40, b"+1e300", b"+nan"])
@pytest.mark.parametrize("record", [0, 3])
def test_record_times_that_cannot_be(make_edf: Make, sig: Any, noise: Make, onset: bytes, record: int) -> None:
    tals = [b"+%d\x14\x14\0" % t for t in range(6)]
    tals[record] = onset + b"\x14\x14\0"
    path = make_edf("a.edf", [sig("Fp1", noise(6, 100))], plus="D", tals=tals).path
    assert sentence(path) == ""
    assert open_recording(path).recording.duration == pytest.approx(6.0)


@pytest.mark.parametrize(
    ("piece", "records"), [(b"+1\x14", 1), (b"+1\x14", 10_000), (b"+1", 1), (b"1", 1), (b"+1\x15.", 1), (b"\0", 1000)]
)
def test_a_megabyte_of_annotations_that_never_end(piece: bytes, records: int) -> None:
    """Time grows with the bytes and not with their square; before, 300 kB took minutes, and held the interpreter."""
    size = (1 << 20) // records
    tal = (b"+" + piece * (size // len(piece) + 1))[:size]
    before = time.process_time()
    parse_tals(tal * records, size, timekeeping=True)
    assert time.process_time() - before < 5.0


def test_an_annotation_that_never_ends_takes_no_time_of_the_next_record(make_edf: Make, sig: Any, noise: Make) -> None:
    """Neither in the bytes, where its text goes to the very end of its record, nor where zeros follow."""
    tals = [b"+0\x14\x14\0+0.5\x14no end", b"+1\x14\x14\0", b"+9\x14\x14\0+9.5\x14sound\x14\0".ljust(30, b"\0")]
    tals[0] = tals[0].ljust(30, b"e")
    recording = open_recording(make_edf("a.edf", [sig("Fp1", noise(3, 100))], plus="D", tals=tals).path).recording
    assert recording.gaps == (Span(2.0, 9.0),)
    assert [(a.onset, a.text.rstrip("e")) for a in recording.annotations] == [(0.5, "no end"), (9.5, "sound")]
    tals[1] = tals[1].ljust(30, b"\1")
    recording = open_recording(make_edf("a.edf", [sig("Fp1", noise(3, 100))], plus="D", tals=tals).path).recording
    assert recording.gaps == (Span(2.0, 9.0),)


@pytest.mark.parametrize(
    ("date", "onset", "year"),
    [("31-DEC-9999", b"+86400", 9999), ("01-JAN-0001", b"-1", 1), ("30-DEC-9999", b"+0", 9999)],
)
def test_a_start_at_the_end_of_the_calendar(
    make_edf: Make, sig: Any, noise: Make, capsys: pytest.CaptureFixture[str], date: str, onset: bytes, year: int
) -> None:
    """The last opens at its time, and a page of it would be beyond."""
    tals = [b"%s\x14\x14\0" % onset, b"", b""]
    path = make_edf("a.edf", [sig("Fp1", noise(3, 100))], plus="C", tals=tals, recording=f"Startdate {date} X X X").path
    assert main(["info", str(path)]) == 0
    said = capsys.readouterr().out
    assert f"From {year} on, the calendar does not hold it all; clock times are not shown." in said
    write_anew(path)


def test_annotations_at_times_that_cannot_be_are_left_out_and_listed(
    make_edf: Make, sig: Any, noise: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    nines = b"9" * 400
    tals = [b"+0\x14\x14\0", b"+1\x14\x14\0+1.5\x142\x14\0"]
    tals[0] += b"".join(
        b"%s\x14absurd\x14\0" % t for t in (b"+" + nines, b"-" + nines, b"+1\x15" + nines, b"+300000001")
    )
    path = make_edf("a.edf", [sig("Fp1", noise(2, 100))], plus="C", tals=tals).path
    for options in ([], ["--json"]):
        assert main(["info", str(path), *options]) == 0
        said = capsys.readouterr().out
        assert "absurd" not in said
        assert "The times of 4 annotations lie years away; they are left out." in said
    assert [a.text for a in open_recording(path).recording.annotations] == ["2"]
    write_anew(path)
    assert (path.parent / "out.edf").exists()


# --- recordings by the grammar of their format ------------------------------------------------------------------------

DIGITS = st.one_of(
    st.integers(0, 10**9).map(str), st.integers(1, 500).map("9".__mul__), st.sampled_from(("", "0", "1e9"))
)
NUMERAL = st.builds("".join, st.tuples(st.sampled_from(("", "-", "+")), DIGITS, st.sampled_from(("", ".", ".5", ",5"))))
FIELD = st.one_of(st.sampled_from(NUMBERS), NUMERAL, st.text(max_size=20), st.just("EDF Annotations"))
DASH, MONTH = st.sampled_from("-."), st.sampled_from(("JAN", "dec", "13"))
DATE = st.builds("{:02d}{}{}{}{:04d}".format, st.integers(0, 40), DASH, MONTH, DASH, st.integers(0, 9999))
ABOUT = st.builds(
    " ".join, st.lists(st.one_of(st.sampled_from(("Startdate", "X", "F", "Jane_Doe")), DATE, FIELD), max_size=7)
)
TEXT = st.one_of(st.text(max_size=8), st.sampled_from(("", "spike", "a@@Fp1", "@@", "x@@EEG Fp1-Ref")))
TAL = st.builds(
    lambda sign, onset, lasts, texts, end: f"{sign}{onset}{lasts}\x14{texts}{end}",
    st.sampled_from(("+", "-", "")), NUMERAL, st.one_of(st.just(""), NUMERAL.map("\x15".__add__)),
    st.lists(TEXT, max_size=4).map("\x14".join), st.sampled_from(("\x14\0", "\0", "", "\x14")),
)  # fmt: skip


@st.composite
def recordings(draw: st.DrawFn) -> bytes:
    """Bytes that keep to the grammar of EDF+ where they please: any field, any list of annotations."""
    bdf, records, signals = draw(st.booleans()), draw(st.integers(0, 4)), draw(st.integers(1, 3))
    samples = [draw(st.integers(1, 30)) for _ in range(signals)]
    tals = [draw(st.lists(TAL, max_size=4).map("".join)).encode("utf-8", "surrogatepass") for _ in range(records)]
    width = max(map(len, tals), default=0) // 2 * 2 + 2
    size = 3 if bdf else 2
    width += -width % (2 * size)

    def mostly(value: str) -> str:
        return draw(FIELD) if draw(st.integers(0, 11)) == 0 else value

    def put(value: str, room: int) -> bytes:
        return value.encode("utf-8", "surrogatepass").ljust(room)[:room]

    label = "BDF Annotations" if bdf else "EDF Annotations"
    limit = 2 ** (8 * size - 1)
    columns = [
        [*(f"EEG {s}-Ref" for s in ("Fp1", "O2", "ECG")[:signals]), label], [""] * (signals + 1),
        ["uV"] * signals + [""], ["-100"] * (signals + 1), ["100"] * (signals + 1), [str(-limit)] * (signals + 1),
        [str(limit - 1)] * (signals + 1), [""] * (signals + 1), [*map(str, samples), str(width // size)],
        [""] * (signals + 1),
    ]  # fmt: skip
    head = (b"\xffBIOSEMI" if bdf else put("0", 8)) + put(draw(ABOUT), 80) + put(draw(ABOUT), 80)
    head += put(mostly("02.01.20"), 8) + put(mostly("03.04.05"), 8) + put(mostly(str(256 * (signals + 2))), 8)
    head += put(mostly(label[:3] + draw(st.sampled_from(("+C", "+D", "")))), 44) + put(mostly(str(records)), 8)
    head += put(mostly(draw(st.sampled_from(("1", "0.05", "60")))), 8) + put(str(signals + 1), 4)
    head += b"".join(put(mostly(value), room) for room, column in zip(WIDTHS, columns, strict=True) for value in column)
    values = np.random.default_rng(draw(st.integers(0, 9)))
    body = b"".join(values.bytes(size * sum(samples)) + tal.ljust(width, b"\0") for tal in tals)
    return head + body[: len(body) - draw(st.sampled_from((0, 0, 0, 1, 30)))]


@pytest.mark.parametrize(("share", "read"), [(0.5, True), (0.02, True), (0.001, False)])
def test_of_a_large_record_that_is_cut_off_enough_must_be_there(tmp_path: Path, share: float, read: bool) -> None:
    """A few bytes are a damaged header: to fill them up to what it claims would take seconds, and tell nothing."""
    path = make_file(tmp_path / "a.edf", [Sig("EEG Fp1-Ref", np.zeros((1, 1_000_000)))]).path
    header = 2 * 256
    path.write_bytes(path.read_bytes()[: header + round(2e6 * share)])
    said = sentence(path)
    assert (said == "") is read
    assert read or "one of its records has 2 MB, and holds 2000 bytes" in said


# Not made smaller where it fails: that takes minutes, and the bytes are printed all the same.
@settings(
    max_examples=CASES // 10, deadline=None, derandomize=True, database=None, phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(content=recordings())
def test_recordings_by_the_grammar(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("grammar") / "case.edf"
    path.write_bytes(content)
    with bounded("case"):
        if not sentence(path):
            write_anew(path)
    for made in path.parent.iterdir():
        made.unlink()
    path.parent.rmdir()


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_spoiled_recordings(bases: tuple[bytes, ...], tmp_path: Path, chunk: int) -> None:
    for case in range(chunk, CASES, CHUNKS):
        rng = np.random.default_rng([0xEDF, case])
        path = tmp_path / ("case.bdf" if rng.random() < 0.3 else "case.edf")
        path.write_bytes(spoiled(bases[rng.integers(len(bases))], rng))
        with bounded(f"case {case}"):
            said = sentence(path)
            if not said and case % 100 < CHUNKS:
                write_anew(path)
        assert "\n" not in said, f"case {case}: {said}"
        assert len(said) < 400, f"case {case}: {said}"


# --- tables, review files, logs --------------------------------------------------------------------------------------


def some_marks() -> tuple[Mark, ...]:
    return tuple(
        Mark(f"{k:016x}", 1.5 * k, f"spike {k}", 0.1, "Fp1", k % 2 == 0, "accepted", "Reader", "2026-01-01T00:00:00Z")
        for k in range(6)
    )  # fmt: skip


def jumbled(base: bytes, rng: np.random.Generator) -> bytes:
    """Text with bytes, digits and whole lines changed."""
    out = bytearray(base)
    for _ in range(rng.integers(1, 5)):
        size = max(len(out), 1)
        at = int(rng.integers(size))
        kind = rng.integers(5)
        if kind == 0:
            out[at : at + 1] = bytes([rng.integers(256)])
        elif kind == 1:
            out[at:at] = NUMBERS[rng.integers(len(NUMBERS))].encode()
        elif kind == 2:
            out[at:at] = bytes(rng.choice(list(b'",[]{}:\n\r\t\\0')) for _ in range(rng.integers(1, 2000)))
        elif kind == 3:
            del out[at : at + int(rng.integers(1, 60))]
        else:
            out[at:at] = b"[" * int(rng.integers(1, 20_000))
    return bytes(out)


def about(path: Path) -> Recording:
    return Recording(path, "EDF", (), 60.0, None, Patient(), "", (), (), (), "0" * 16)


def test_spoiled_tables_of_marks(tmp_path: Path) -> None:
    path = tmp_path / "marks.csv"
    write_marks(some_marks(), path)
    base = path.read_bytes()
    for case in range(CASES // 5):
        path.write_bytes(jumbled(base, np.random.default_rng([0xC5F, case])))
        with suppress(FileProblem), bounded(f"case {case}"):
            assert all(0.0 <= mark.start <= 60.0 for mark in read_marks(path, 60.0))


def test_spoiled_review_files(tmp_path: Path) -> None:
    (tmp_path / "r.edf").write_bytes(b"0")
    recording = about(tmp_path / "r.edf")
    path = read_review(recording, tmp_path / "own").path
    document = Document().applied(Change("mark", (), some_marks()))
    write_review(recording, document, path)
    base = path.read_bytes()
    for case in range(CASES // 5):
        for old in tmp_path.iterdir():
            if old.name != "r.edf":
                old.unlink()
        path.write_bytes(jumbled(base, np.random.default_rng([0x4EF, case])))
        with bounded(f"case {case}"):
            found = read_review(recording, tmp_path / "own")
        assert found.notice or found.document
        # Whatever it was, it is still there: as it was, or set aside under another name.
        assert any(p.is_file() and p.name != "r.edf" for p in tmp_path.iterdir())


def test_spoiled_montages(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    texts = ("Fp1-F7", "T3-avg", '"EKG 1"-ears', "C3 - 0.25 F3 - 1/3 P3")
    rows = tuple(parse_derivation(text, label=f"r{k}", gap=k == 2) for k, text in enumerate(texts))
    write_montages([OwnMontage(f"Mine {k}", rows) for k in range(3)], path)
    base = path.read_bytes()
    for case in range(CASES // 5):
        path.write_bytes(jumbled(base, np.random.default_rng([0x30E, case])))
        with suppress(FileProblem), bounded(f"case {case}"):
            for montage in read_montages(path):
                weights = [weight for row in montage.rows for _, weight in row.terms]
                assert np.isfinite(weights).all()
                assert all(0 < abs(weight) <= 1000 for weight in weights)


def test_spoiled_mappings(tmp_path: Path) -> None:
    path = tmp_path / "channels.json"
    said = {(f"X{k}", 1 + k % 2): Assignment(f"C{k}", list(ChannelKind)[k], "Ref") for k in range(6)}
    write_mapping([Laboratory(f"{k:016x}", "2026-01-01T00:00:00Z", said) for k in range(3)], path)
    base = path.read_bytes()
    for case in range(CASES // 5):
        path.write_bytes(jumbled(base, np.random.default_rng([0x3A9, case])))
        with suppress(FileProblem), bounded(f"case {case}"):
            for laboratory in read_mapping(path):
                names = [assignment.name for assignment in laboratory.said.values()]
                assert all(name and len(name) <= 40 and name[0] not in "≈~" for name in names)


def test_spoiled_cards(small_model_folder: Path, tmp_path: Path) -> None:
    base = (small_model_folder / "card.json").read_bytes()
    for case in range(CASES // 5):
        (tmp_path / "card.json").write_bytes(jumbled(base, np.random.default_rng([0xCA4D, case])))
        with suppress(ModelProblem), bounded(f"case {case}"):
            read_card(tmp_path)


@pytest.mark.parametrize(
    "claim",
    [{"hidden": 10**6}, {"token": 10**5}, {"queries": 10**7}, {"lags": 10**6}, {"factors": 8 * 10**8},
     {"contacts": 8 * 10**6}, {"sites": 10**6}, {"hidden": -1}],
    ids=str,
)  # fmt: skip
def test_a_card_that_claims_a_larger_flow_is_not_believed_with_memory(
    small_model_folder: Path, claim: dict[str, int]
) -> None:
    model = load_model(small_model_folder)
    assert model.build().shape.least_numbers <= sum(p.numel() for p in model.build().state_dict().values())
    card = msgspec.structs.replace(model.card, shape={**model.card.shape, **claim})
    began = time.process_time()
    with pytest.raises(ModelProblem, match="do not fit"):
        replace(model, card=card).build()
    assert time.process_time() - began < 5.0


def test_spoiled_weights_whose_card_vouches_for_them(small_model_folder: Path, tmp_path: Path) -> None:
    """The hash is that of the spoiled file, so that what is inside must be checked too."""
    base = (small_model_folder / "weights.safetensors").read_bytes()
    card = json.loads((small_model_folder / "card.json").read_bytes())
    header = 8 + int.from_bytes(base[:8], "little")
    for case in range(CASES // 5):
        rng = np.random.default_rng([0x5AFE, case])
        spoiled = base[:8] + jumbled(base[8:header], rng) + base[header:] if case % 2 else jumbled(base, rng)
        told = {"sha256": hashlib.sha256(spoiled).hexdigest(), "bytes": len(spoiled)}
        (tmp_path / "weights.safetensors").write_bytes(spoiled)
        (tmp_path / "card.json").write_text(json.dumps({**card, "weights": told}), encoding="utf-8")
        with suppress(ModelProblem), bounded(f"case {case}"):
            load_model(tmp_path).build()


def test_spoiled_tables_of_texts(tmp_path: Path) -> None:
    path = tmp_path / "texts.tsv"
    found = tuple(FreeText(f"seen by Dr {k}", "annotation", k, 1.5 * k, ("keep", "remove")[k % 2]) for k in range(6))
    write_texts(found, path)
    base = path.read_bytes()
    for case in range(CASES // 5):
        path.write_bytes(jumbled(base, np.random.default_rng([0x7E87, case])))
        with suppress(FileProblem), bounded(f"case {case}"):
            becomes = read_texts(path)
            assert all(isinstance(k, str) and isinstance(v, str) for k, v in becomes.items())


def test_spoiled_audit_logs(tmp_path: Path) -> None:
    path = tmp_path / "r.audit"
    for mark in some_marks():
        append(path, [(Change("mark", (), (mark,)), "Reader", "2026-01-01T00:00:00Z")])
    base, whole = path.read_bytes(), verify(path)
    assert not whole.problem
    for case in range(CASES // 5):
        changed = jumbled(base, np.random.default_rng([0xA0D, case]))
        path.write_bytes(changed)
        with bounded(f"case {case}"):
            found = verify(path, whole.seal)
        assert found.problem or changed == base or changed.startswith(base)
