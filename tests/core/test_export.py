"""Reconstructions in files: what was computed is what stands there, and what does not is said."""

from __future__ import annotations

import errno
import os
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from neuroflow.anatomy.implant import Contact
from neuroflow.errors import FileProblem, NeuroflowError, NotReconstructable
from neuroflow.export import ExportRequest, export_reconstruction, readback
from neuroflow.export.convert import ConvertRequest, convert
from neuroflow.export.edf import _told
from neuroflow.export.provenance import SHIFTED
from neuroflow.export.repair import repair
from neuroflow.export.spool import Spool
from neuroflow.export.texts import free_texts
from neuroflow.inference.tile import Tile, TileRequest, Withheld
from neuroflow.io import open_recording, sha256_of
from neuroflow.jobs import Cancelled, Control
from neuroflow.recording import ArraySource, Patient, Recording, SignalSource, Span
from neuroflow.signal.orderstatistics import EXACT

RATE = 100


def truth(sample: int, contact: int, index: np.ndarray[Any, Any], seed: int) -> np.ndarray[Any, Any]:
    """The fake model's volts: different for every sample, contact, time and seed."""
    phase = 0.37 * contact + 0.011 * sample * (seed + 1)
    return (1e-4 * np.sin(0.3 * index + phase) + 1e-6 * sample * (contact + 1)).astype(np.float32)


@dataclass
class FakeReconstructor:
    """The interface of a reconstructor over :func:`truth`; tile 1 may be withheld or hold a gap."""

    withheld: dict[int, str | tuple[Withheld, ...]] = field(default_factory=dict)
    gap: Span | None = None
    calls: list[TileRequest] = field(default_factory=list)
    rate: float = float(RATE)
    tile_seconds: float = 10.0
    device_label: str = "CPU"

    def __post_init__(self) -> None:
        self.contacts = tuple(
            Contact(f"{shaft}{k}", shaft, (side * (20.0 + 3.5 * k), -12.25, -17.0625 * k))
            for shaft, side in (("AHL", -1), ("PHR", 1))
            for k in (1, 2, 3)
        )
        card = SimpleNamespace(
            name="fake",
            version="1",
            band=(0.5, 48.0),
            intended_use="Tests.",
            calibration=EXACT,
            implant=SimpleNamespace(name="default", source="made up"),
        )
        self.model = SimpleNamespace(card=card, hash="ab" * 32)
        self.silent: tuple[str, ...] = ()

    def check(self, recording: Recording, excluded: frozenset[str] = frozenset()) -> None:  # noqa: ARG002
        if "all" in excluded:
            raise NotReconstructable("Too few channels; include more.")

    def tiles(self, span: Span, recording: Recording) -> range:  # noqa: ARG002
        return range(int(span.start // 10), int(-(-span.stop // 10)))

    def tile(self, source: SignalSource, request: TileRequest, control: Control) -> Tile:
        self.calls.append(request)
        control.checkpoint(0.5)
        first = request.index * 1000
        index = np.arange(first, min(first + 1000, round(source.recording.duration * RATE)))
        samples = np.stack(
            [
                np.stack([truth(k, c, index, request.seed) for c in range(len(self.contacts))])
                for k in range(request.samples)
            ]
        )
        if self.gap is not None:
            samples[..., (index / RATE >= self.gap.start) & (index / RATE < self.gap.stop)] = np.nan
        span = Span(first / RATE, (first + len(index)) / RATE)
        held = self.withheld.get(request.index, ())
        return Tile(
            request,
            span,
            float(RATE),
            samples,
            redrawn=1,
            withheld=(Withheld(span, held),) if isinstance(held, str) else held,
            silent=self.silent,
        )


@pytest.fixture
def source() -> ArraySource:
    start = datetime(2020, 1, 2, 23, 59, 50, 500000)
    recording = Recording(
        Path("made-up.edf"), "EDF", (), 35.25, start, Patient("Jane Doe", "MCH 1", "02-MAY-1951", "F"), "", (), (), (),
        "f" * 16, simulated=True,
    )  # fmt: skip
    return ArraySource(recording, {})


Export = Callable[..., Any]


@pytest.fixture
def export(source: ArraySource, tmp_path: Path) -> Export:
    def run(fake: FakeReconstructor, control: Control | None = None, **request: Any) -> Any:
        return export_reconstruction(source, fake, tmp_path / "out.edf", ExportRequest(**request), control)  # type: ignore[arg-type]

    return run


def read(path: Path) -> tuple[Recording, dict[str, np.ndarray[Any, Any]]]:
    with open_recording(path) as opened:  # type: ignore[attr-defined]
        recording = opened.recording
        return recording, {c.label: opened.read(recording.span, c) for c in recording.channels}


def test_the_whole_recording_by_default(export: Export, tmp_path: Path) -> None:
    fake = FakeReconstructor()
    report = export(fake)
    recording, data = read(tmp_path / "out.edf")
    labels = [f"~{c.name} {kind}" for c in fake.contacts for kind in ("med", "p05", "p95")]
    assert [c.label for c in recording.channels] == labels
    assert (report.channels, report.contacts, report.records, report.redrawn) == (18, 6, 36, 4)
    index = np.arange(3525)
    for number, contact in enumerate(fake.contacts):
        draws = np.sort([truth(k, number, index, 0) for k in range(39)], axis=0)
        for kind, rank in (("med", 19), ("p05", 1), ("p95", 37)):
            got = data[f"~{contact.name} {kind}"]
            np.testing.assert_allclose(got[:3525], draws[rank], atol=report.step_uv * 1e-6 * 0.51)
            assert (np.abs(got[3525:]) < 1e-12).all()
    assert report.coverage == pytest.approx(0.9)
    assert 0 < report.worst_difference_uv <= report.step_uv / 2 * 1.001
    assert [r.index for r in fake.calls] == [0, 1, 2, 3], "each tile is computed once"
    assert os.listdir(tmp_path) == ["out.edf"]


def test_channels_without_a_signal_are_named_in_the_file_and_the_report(export: Export, tmp_path: Path) -> None:
    fake = FakeReconstructor()
    fake.silent = ("T3",)
    assert export(fake).silent == ("T3",)
    recording, _ = read(tmp_path / "out.edf")
    assert "Channels flat for a time, and not used there: T3" in [a.text for a in recording.annotations]
    fake.silent = ()
    export(fake)
    assert not any("flat" in a.text for a in read(tmp_path / "out.edf")[0].annotations)


def test_nobody_takes_it_for_a_recording(export: Export, tmp_path: Path) -> None:
    export(FakeReconstructor(), samples=16, seed=7)
    recording, _ = read(tmp_path / "out.edf")
    assert recording.reconstructed
    assert recording.simulated
    assert "reconstructed,_not_recorded" in recording.recording_field
    assert {c.prefilter for c in recording.channels} == {"HP:0.5Hz LP:48Hz (model)"}
    assert all(c.transducer.startswith("reconstructed, not recorded: ") for c in recording.channels)
    assert recording.channels[1].transducer.endswith("lower end of 88 % band of 16 samples, seed 7")
    assert recording.start == datetime(2020, 1, 2, 23, 59, 50, 500000)
    assert recording.patient == Patient("Jane Doe", "MCH 1", "02-MAY-1951", "F")
    said = "\n".join(a.text for a in recording.annotations)
    for word in (
        "not for diagnosis",
        "seed 7",
        "Samples: 16",
        "ab" * 32,
        "fake",
        "NeuroFlow Review",
        "88.2 %",
        "sha256",
    ):
        assert word in said
    padding = recording.annotations[-1]
    assert (padding.onset, padding.duration) == (35.25, 0.75)
    pyedflib = pytest.importorskip("pyedflib")
    with pyedflib.EdfReader(str(tmp_path / "out.edf")) as reader:
        assert list(reader.readAnnotations()[2]) == [a.text for a in recording.annotations]


@pytest.mark.parametrize(
    ("start", "birthdate"),
    [(datetime(2145, 6, 7, 8, 9, 10), "1951"), (datetime(1969, 6, 7), "01-JAN-0000"), (None, "")],
)
def test_dates_that_edf_cannot_hold_do_not_stop_an_export(
    source: ArraySource, tmp_path: Path, start: datetime | None, birthdate: str
) -> None:
    odd = replace(source.recording, start=start, patient=Patient("Jane Doe", birthdate=birthdate))
    target = tmp_path / "out.edf"
    export_reconstruction(ArraySource(odd, {}), FakeReconstructor(), target, ExportRequest(samples=3))  # type: ignore[arg-type]
    recording, _ = read(target)
    said = " ".join([a.text for a in recording.annotations] + [recording.patient.additional])
    assert recording.patient.name == "Jane Doe"
    assert birthdate in said
    assert start is None or (str(start) in said and recording.start == start.replace(1985, 1, 1))


def test_a_part_equals_that_part_of_the_whole(export: Export, tmp_path: Path) -> None:
    whole_report = export(FakeReconstructor(), samples=5, channels=("samples", "median"))
    _, whole = read(tmp_path / "out.edf")
    part_report = export(FakeReconstructor(), samples=5, channels=("samples", "median"), span=Span(8.37, 21.5))
    recording, part = read(tmp_path / "out.edf")
    assert list(part) == list(whole)
    assert recording.start == datetime(2020, 1, 2, 23, 59, 58, 870000)
    tolerance = (whole_report.step_uv + part_report.step_uv) * 0.5001e-6
    for label, data in part.items():
        np.testing.assert_allclose(data[:1313], whole[label][837:2150], atol=tolerance)
    assert recording.duration == 14.0


def test_chosen_contacts_and_samples(export: Export, tmp_path: Path) -> None:
    export(FakeReconstructor(), samples=4, seed=2, channels=("samples",), contacts=("PHR", "AHL2"))
    _, data = read(tmp_path / "out.edf")
    assert list(data) == [f"~{c} s{k:03d}" for c in ("AHL2", "PHR1", "PHR2", "PHR3") for k in range(4)]
    np.testing.assert_allclose(data["~PHR1 s003"][:3525], truth(3, 3, np.arange(3525), 2), atol=1e-8)


def test_of_a_tile_that_is_withheld_in_part_the_rest_is_written(export: Export, tmp_path: Path) -> None:
    held = Withheld(Span(12.0, 13.5), "Fp1 178 µV rms in a second"), Withheld(Span(18.75, 20.0), "a pattern")
    report = export(FakeReconstructor({1: held, 2: (Withheld(Span(20.0, 20.5), "a pattern"),)}), samples=3)
    assert report.withheld == (held[0], Withheld(Span(18.75, 20.5), "a pattern"))
    recording, data = read(tmp_path / "out.edf")
    said = [(a.onset, a.duration) for a in recording.annotations if a.text.startswith("withheld")]
    assert said == [(12.0, 1.5), (18.75, 1.75)]
    for signal in data.values():
        flat = np.abs(signal) < 1e-12
        assert flat[1200:1350].all()
        assert flat[1875:2050].all()
        assert flat[:3525].sum() < 400, "nothing else was left out"


def test_a_part_of_a_tile_that_is_withheld_in_part_keeps_its_times(export: Export, tmp_path: Path) -> None:
    held = Withheld(Span(12.0, 13.5), "a"), Withheld(Span(18.75, 20.0), "b")
    report = export(FakeReconstructor({1: held}), samples=3, span=Span(13.0, 18.0))
    assert [w.span for w in report.withheld] == [Span(13.0, 13.5)]
    _, data = read(tmp_path / "out.edf")
    for signal in data.values():
        assert (np.abs(signal[:50]) < 1e-12).all()
        assert (np.abs(signal[50:500]) > 1e-12).mean() > 0.9


def test_what_is_withheld_is_flat_and_says_why(export: Export, tmp_path: Path) -> None:
    fake = FakeReconstructor({0: "artefact?", 1: "artefact?"}, gap=Span(25.0, 26.5))
    report = export(fake, samples=3)
    assert [(w.span, w.reason) for w in report.withheld] == [
        (Span(0, 20), "artefact?"),
        (Span(25.0, 26.5), "the recording has a gap here"),
    ]
    recording, data = read(tmp_path / "out.edf")
    said = [(a.onset, a.duration, a.text) for a in recording.annotations if a.text.startswith("withheld")]
    assert said == [(0, 20, "withheld: artefact?"), (25.0, 1.5, "withheld: the recording has a gap here")]
    for signal in data.values():
        flat = np.abs(signal) < 1e-12
        assert flat[:2000].all()
        assert flat[2500:2650].all()
        assert not flat[2000:2500].all()


def cancelled_at(moment: float) -> Control:
    def stop(fraction: float) -> None:
        if fraction >= moment:
            control.cancel()

    control = Control(stop)
    return control


def test_progress_rises_to_the_end_and_cancelling_leaves_nothing(export: Export, tmp_path: Path) -> None:
    seen: list[float] = []
    export(FakeReconstructor(), Control(seen.append), samples=3)
    assert seen == sorted(seen)
    assert seen[0] < 0.2
    assert seen[-1] > 0.9
    (tmp_path / "out.edf").write_bytes(b"old")
    for moment in (0.1, 0.5, 0.91, 0.97):
        with pytest.raises(Cancelled):
            export(FakeReconstructor(), cancelled_at(moment), samples=3)
        assert (tmp_path / "out.edf").read_bytes() == b"old"
        assert os.listdir(tmp_path) == ["out.edf"]


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        ({"channels": ("mean",)}, "not “mean”"),
        ({"channels": ()}, "Give one or more"),
        ({"samples": 1}, "no band"),
        ({"samples": 0}, "1 to 255"),
        ({"seed": -1}, "seed"),
        ({"contacts": ("XYZ",)}, "no contact or shaft"),
        ({"samples": 255, "channels": ("samples",)}, "639"),
        ({"span": Span(40, 50)}, "35.25 s long"),
        ({"excluded": frozenset({"all"})}, "Too few"),
    ],
)
def test_requests_that_make_no_sense_fail_before_any_computing(
    export: Export, tmp_path: Path, request_: dict[str, Any], word: str
) -> None:
    fake = FakeReconstructor()
    with pytest.raises(NeuroflowError, match=word):
        export(fake, **request_)
    assert fake.calls == []
    assert os.listdir(tmp_path) == []


def test_the_recording_itself_is_never_overwritten(scalp_edf: Path) -> None:
    before = sha256_of(scalp_edf)
    source = open_recording(scalp_edf)
    with pytest.raises(FileProblem, match="overwrite the recording"):
        export_reconstruction(source, FakeReconstructor(), scalp_edf)  # type: ignore[arg-type]
    assert sha256_of(scalp_edf) == before


def test_a_deidentified_file_names_nobody_and_says_where_it_comes_from_by_hash(scalp_edf: Path, tmp_path: Path) -> None:
    named = scalp_edf.rename(tmp_path / "Doe_Jane.edf")
    words = (b"Doe", b"Jane", b"MCH-1", b"1951", b"JAN-2020", b"02.01.20")
    with open_recording(named) as source:  # type: ignore[attr-defined]
        for hidden in (False, True):
            request = ExportRequest(samples=3, deidentified=hidden)
            out = export_reconstruction(source, FakeReconstructor(), tmp_path / "out.edf", request).path  # type: ignore[arg-type]
            raw = out.read_bytes()
            assert [word in raw for word in words] == [not hidden] * len(words)
            assert sha256_of(named).encode() in raw
    again, _ = read(out)
    assert (again.patient, again.start) == (Patient(), datetime(1985, 1, 1, 3, 4, 5))


def test_a_deidentified_file_names_channels_by_their_sites_alone(export: Export, tmp_path: Path) -> None:
    """What looks like a contact may be a person's name, and nobody reviews what is said of the input."""
    fake = FakeReconstructor()
    fake.silent = ("T3", "Ross1")
    for hidden in (False, True):
        export(fake, samples=3, excluded=frozenset({"Cz", "Lee12", "12 05 51"}), deidentified=hidden)
        said = " ".join(a.text for a in read(tmp_path / "out.edf")[0].annotations)
        assert "T3" in said
        assert "Cz" in said
        assert [name in said for name in ("Ross1", "Lee12", "12 05 51")] == [not hidden] * 3
    assert said.count("one whose name is left out") == 3


@pytest.mark.parametrize(("start", "day"), [(0.0, 26), (12.0, 27)])
def test_a_shifted_date_keeps_the_time_of_day_and_is_said_to_be_shifted(
    export: Export, tmp_path: Path, start: float, day: int
) -> None:
    """Cut past midnight, it is the day after the shifted one; by how much is not said."""
    export(FakeReconstructor(), samples=3, span=Span(start, 20.0), deidentified=True, shift_days=-7)
    recording, _ = read(tmp_path / "out.edf")
    clock = datetime(2020, 1, 2, 23, 59, 50, 500000) + timedelta(seconds=start)
    assert recording.start == clock.replace(year=2019, month=12, day=day)
    assert (recording.patient, recording.dated) == (Patient(), True)
    assert SHIFTED in [a.text for a in recording.annotations]
    assert b"2020" not in (tmp_path / "out.edf").read_bytes()
    # Who de-identifies the file again finds nothing there to decide on.
    assert {t.text: t.decision for t in free_texts(recording)}[SHIFTED] == "keep"
    for days, hidden, sentence in ((-7, False, "names nobody"), (0, True, "0 days"), (-20_000, True, "outside")):
        with pytest.raises(NeuroflowError, match=sentence):
            export(FakeReconstructor(), samples=3, deidentified=hidden, shift_days=days)


def test_a_channel_mapped_by_hand_keeps_its_site_and_loses_its_label() -> None:
    names = ("Kim1 is Fp1", "T3 is T4")
    assert _told(names, ExportRequest()) == names
    hidden = _told(names, ExportRequest(deidentified=True))
    assert hidden == ("one whose name is left out is Fp1", "T3 is T4")


def test_a_long_export_takes_no_more_memory_than_a_short_one(source: ArraySource, tmp_path: Path) -> None:
    """What is held is a tile, a record and what is read back at a time: not one byte for each that is written."""
    held = []
    for seconds in (30.0, 900.0, 2700.0):  # the first loads what is loaded once
        longer = ArraySource(replace(source.recording, duration=seconds), {})
        request = ExportRequest(samples=3, channels=("median", "bands", "samples"))
        tracemalloc.start()
        report = export_reconstruction(longer, FakeReconstructor(), tmp_path / "out.edf", request)  # type: ignore[arg-type]
        held.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    written = report.path.stat().st_size
    assert written > 15e6
    assert held[2] - held[1] < written / 15


def test_a_disk_without_room(export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeReconstructor()
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(FileProblem, match="are free"):
        export(fake)
    assert fake.calls == []
    monkeypatch.undo()
    monkeypatch.setattr(Spool, "append", lambda *_: (_ for _ in ()).throw(FileProblem("There is no room left.")))
    with pytest.raises(FileProblem, match="no room left"):
        export(fake)
    assert os.listdir(tmp_path) == []


def test_a_spool_on_a_full_disk_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, _: bytes) -> None:
            raise OSError(errno.ENOSPC, "injected")

        def close(self) -> None:
            raise OSError(errno.ENOSPC, "injected")

    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: Full())
    with pytest.raises(FileProblem, match="no room left"), Spool(1, tmp_path / "a.edf") as spool:
        spool.append(np.zeros((1, 10), np.float32))


@pytest.fixture(params=["pyedflib", "edfio"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The reader that exports are verified with."""
    if request.param == "edfio":
        monkeypatch.setitem(sys.modules, "pyedflib", None)
    else:
        pytest.importorskip("pyedflib")
    return str(request.param)


def test_every_reader_finds_what_was_meant(export: Export, reader: str) -> None:
    report = export(FakeReconstructor(), samples=3)
    assert 0 < report.worst_difference_uv <= 0.5001 * report.step_uv, reader


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are letters there, and not bytes")
def test_a_name_of_an_old_server_that_is_not_utf_8_is_written_and_read_back(
    source: ArraySource, tmp_path: Path
) -> None:
    target = tmp_path / os.fsdecode("J\xe9r\xf4me.edf".encode("latin-1"))
    report = export_reconstruction(source, FakeReconstructor(), target, ExportRequest(samples=3))  # type: ignore[arg-type]
    assert 0 < report.worst_difference_uv <= 0.5001 * report.step_uv
    convert(target, target.with_name(f"{target.stem}-2.edf"), ConvertRequest())
    repair(target, target.with_name(f"{target.stem}-3.edf"))
    assert len(os.listdir(os.fsencode(tmp_path))) == 3


def test_a_file_that_reads_back_differently_is_not_kept(
    export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str
) -> None:
    kind = readback._Edfio if reader == "edfio" else readback._Edflib
    original = kind.samples

    def spoiled(self: Any, signal: int, first: int, count: int) -> Any:
        data = np.array(original(self, signal, first, count))
        if signal == 4:
            data[17] += 0.5
        return data

    monkeypatch.setattr(kind, "samples", spoiled)
    with pytest.raises(FileProblem, match="did not read back") as caught:
        export(FakeReconstructor(), samples=3)
    assert "~AHL2 p05" in caught.value.detail
    assert os.listdir(tmp_path) == []


def with_gaps(source: ArraySource, *gaps: Span) -> ArraySource:
    return ArraySource(replace(source.recording, gaps=gaps), {})


def test_gaps_of_the_recording_are_gaps_of_the_file(source: ArraySource, tmp_path: Path) -> None:
    """EDF+D: what was reconstructed stands at its time, and where nothing was recorded there is nothing."""
    long, short = Span(10.304, 17.9), Span(20.2, 20.5)
    fake, out = FakeReconstructor(gap=long), tmp_path / "out.edf"
    request = ExportRequest(channels=("median",), samples=9)
    report = export_reconstruction(with_gaps(source, long, short), fake, out, request)  # type: ignore[arg-type]
    assert report.format == "EDF+D"
    recording, data = read(out)
    assert recording.format == "EDF+D"
    # The record in which recorded data end is filled up with zeros; the next begins where they go on.
    assert recording.gaps == (Span(11.0, 17.9),)
    assert recording.duration == pytest.approx(35.9)
    assert recording.start == source.recording.start
    index = np.arange(3525)
    outside = (index < 1031) | (index >= 1790)
    for number, contact in enumerate(fake.contacts):
        meant = np.median([truth(k, number, index, 0) for k in range(9)], axis=0)
        found = data[f"~{contact.name} med"][:3525]
        np.testing.assert_allclose(found[outside], meant[outside], atol=report.step_uv * 0.51e-6)
        assert not np.nan_to_num(found[~outside]).any()
    assert any(w.reason == "the recording has a gap here" for w in report.withheld)
    assert report.worst_difference_uv <= report.step_uv * 0.5001


def test_a_part_that_begins_in_a_gap_begins_after_it(source: ArraySource, tmp_path: Path) -> None:
    gapped, out = with_gaps(source, Span(2.0, 3.0), Span(10.0, 17.9), Span(32.0, 33.0)), tmp_path / "out.edf"
    request = ExportRequest(Span(12.0, 30.0), channels=("median",), samples=9)
    report = export_reconstruction(gapped, FakeReconstructor(), out, request)  # type: ignore[arg-type]
    assert report.format == "EDF+C"
    assert report.span == Span(17.9, 30.0)
    recording, data = read(out)
    assert recording.start is not None
    assert source.recording.start is not None
    assert (recording.start - source.recording.start).total_seconds() == pytest.approx(17.9)
    meant = np.median([truth(k, 0, np.arange(1790, 3000), 0) for k in range(9)], axis=0)
    np.testing.assert_allclose(data["~AHL1 med"][:1210], meant, atol=report.step_uv * 0.51e-6)
    with pytest.raises(NeuroflowError, match="gap"):
        export_reconstruction(
            gapped, FakeReconstructor(), out, ExportRequest(Span(11.0, 16.0), samples=9)  # type: ignore[arg-type]
        )  # fmt: skip
