"""Opening recordings: what is there is read as it is, and what is wrong is said."""

from __future__ import annotations

import os
import shutil
import threading
import tracemalloc
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuroflow.errors import FileProblem
from neuroflow.io import open_recording, sha256_of
from neuroflow.io.edf_records import ReadOnlyFile
from neuroflow.jobs import Cancelled, Control
from neuroflow.recording import ChannelKind, Span

Make = Callable[..., Any]
REFUSED_BY_DESIGN = {"invalid-date.edf", "zero-data-records.edf"}


def physical(digital: Any, gain: float = 0.1e-6) -> Any:
    """Volts of a signal with the default limits: 0.1 µV a digit."""
    return np.asarray(digital, dtype=np.float64).reshape(-1) * gain


# --- real recordings ---------------------------------------------------------------------------------------------


def test_real_files_read_as_edfio_reads_them(data_dir: Path) -> None:
    import edfio

    for path in sorted([*data_dir.glob("scalp/*.edf"), *data_dir.glob("edf-fixtures/*")]):
        if path.name in REFUSED_BY_DESIGN:
            continue
        source = open_recording(path)
        recording = source.recording
        if path.suffix == ".bdf":
            reference: Any = edfio.read_bdf(path, header_encoding="latin-1")
        else:
            reference = edfio.read_edf(path, header_encoding="latin-1")
        assert [c.label for c in recording.channels] == [s.label.strip() for s in reference.signals]
        for channel, signal in zip(recording.channels, reference.signals, strict=True):
            data = source.read(recording.span, channel)
            assert channel.rate == pytest.approx(signal.sampling_frequency)
            factor = 1.0
            if channel.is_voltage:
                factor = {"uV": 1e-6, "mV": 1e-3, "V": 1.0}[channel.dimension]
            np.testing.assert_allclose(data, signal.data * factor, rtol=2e-6, atol=1e-12)
        assert len(recording.annotations) == len(reference.annotations)
        if reference.annotations:
            theirs = sorted(a.onset for a in reference.annotations)
            offset = reference.starttime.microsecond / 1e6
            ours = [a.onset for a in recording.annotations]
            assert np.allclose(ours, theirs) or np.allclose(ours, np.array(theirs) - offset)
        source.close()


def test_a_physionet_recording_shows_ten_twenty_names(data_dir: Path) -> None:
    with_names = open_recording(data_dir / "scalp" / "S001R01.edf").recording
    assert (with_names.format, len(with_names.eeg), with_names.duration) == ("EDF+C", 64, 61.0)
    assert {"Fp1", "T3", "T4", "T5", "T6", "Cz", "O2"} <= {c.name for c in with_names.channels}
    assert with_names.start == datetime(2009, 8, 12, 16, 15)
    assert with_names.problems == ()


@pytest.mark.parametrize("name", sorted(REFUSED_BY_DESIGN))
def test_a_file_without_records_says_so(data_dir: Path, name: str) -> None:
    with pytest.raises(FileProblem, match="no data records"):
        open_recording(data_dir / "edf-fixtures" / name)


def test_duplicate_labels_of_a_real_file(data_dir: Path) -> None:
    recording = open_recording(data_dir / "edf-fixtures" / "duplicate_channel_labels.edf").recording
    assert [c.name for c in recording.channels] == ["F1", "F2", "F1 (2)"]
    assert "F1 (2)" in recording.problems[0]


def test_a_scoring_file_without_signals_opens(data_dir: Path) -> None:
    recording = open_recording(data_dir / "scalp" / "SC4001EC-Hypnogram.edf").recording
    assert (recording.channels, len(recording.annotations)) == ((), 154)
    assert recording.duration == max(a.onset + a.duration for a in recording.annotations)


def test_utf8_annotations_and_a_start_between_seconds(data_dir: Path) -> None:
    recording = open_recording(data_dir / "edf-fixtures" / "test_utf8.edf").recording
    assert recording.start == datetime(2020, 1, 24, 4, 5, 56, 394531)
    assert recording.annotations[2].text == "中文测试八个字"
    assert recording.annotations[0].onset == pytest.approx(1.5566407)


# --- samples -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "records", "samples"), [(0.5, 12, (200, 7)), (0.05, 130, (20, 1)), (60, 2, (24_000, 840))]
)
@pytest.mark.parametrize("bdf", [False, True])
def test_any_span_is_the_same_as_the_whole(
    make_edf: Make, sig: Any, noise: Make, bdf: bool, seconds: float, records: int, samples: tuple[int, int]
) -> None:
    fast, slow = noise(records, samples[0]), noise(records, samples[1], seed=1)
    path = make_edf("a.edf", [sig("Fp1", fast), sig("SpO2", slow, "%")], record_seconds=seconds, bdf=bdf).path
    source = open_recording(path)
    eeg, spo2 = source.recording.channels
    rates = tuple(pytest.approx(n / seconds) for n in samples)
    assert (source.recording.format, eeg.rate, spo2.rate) == ("BDF" if bdf else "EDF", *rates)
    end = records * seconds
    for channel in (eeg, spo2):
        whole = source.read(source.recording.span, channel)
        assert whole.size == round(end * channel.rate)
        spans = [(0.0, 0.01), (0.49, 0.51), (2.3, 5.999), (5.9, 6.0), (1.0, 1.0), (0.0499, 0.1501), (end - 0.3, end)]
        for start, stop in [*spans, (end / 2 - 0.02, end / 2 + 0.4)]:
            a, b = round(start * channel.rate), round(stop * channel.rate)
            np.testing.assert_array_equal(source.read(Span(start, stop), channel), whole[a:b])
    # By the arithmetic of the standard: limits of ±3276.8 µV over all digital values.
    lowest, levels = (-(2**23), 2**24 - 1) if bdf else (-(2**15), 2**16 - 1)
    microvolts = (fast.ravel().astype(np.float64) - lowest) * 6553.5 / levels - 3276.8
    np.testing.assert_allclose(source.read(source.recording.span, eeg), microvolts * 1e-6, rtol=1e-6, atol=1e-12)
    assert not source.read(Span(0, 1), eeg).flags.writeable


def test_outside_the_recording_is_nan(make_edf: Make, sig: Any, noise: Make) -> None:
    source = open_recording(make_edf("a.edf", [sig("Fp1", noise(4, 100))]).path)
    data = source.read(Span(-1.0, 5.0), source.recording.channels[0])
    assert data.shape == (600,)
    np.testing.assert_array_equal(np.isnan(data), [True] * 100 + [False] * 400 + [True] * 100)


def test_only_the_records_touched_are_read(
    make_edf: Make, sig: Any, noise: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = open_recording(make_edf("a.edf", [sig("Fp1", noise(500, 100)), sig("Fp2", noise(500, 100))]).path)
    reads: list[int] = []
    original = ReadOnlyFile.read

    def counted(self: ReadOnlyFile, offset: int, count: int) -> bytes:
        reads.append(count)
        return original(self, offset, count)

    monkeypatch.setattr(ReadOnlyFile, "read", counted)
    for channel in source.recording.channels:
        source.read(Span(100.0, 110.0), channel)
    assert reads == [10 * 400], "ten records, once for all channels of the page"


def test_voltages_come_in_volts_and_the_rest_in_its_own_unit(make_edf: Make, sig: Any) -> None:
    digital = np.full((2, 10), 10000)
    signals = [sig("Fp1", digital, unit, ("-3276.8", "3276.7")) for unit in ("uV", "mV", "V", "", "µV")]
    signals += [sig("SpO2", digital, "%"), sig("Fp2", digital, "uV", ("3276.7", "-3276.8"))]
    source = open_recording(make_edf("a.edf", signals).path)
    values = [float(source.read(Span(0, 1), c)[0]) for c in source.recording.channels]
    assert values == pytest.approx([1e-3, 1.0, 1000.0, 1e-3, 1e-3, 1000.0, -1.0001e-3], rel=1e-4)
    assert any("microvolts are assumed" in p for p in source.recording.problems)


def test_many_threads_read_the_same_values(make_edf: Make, sig: Any, noise: Make) -> None:
    data = noise(40, 100)
    source = open_recording(make_edf("a.edf", [sig("Fp1", data), sig("Fp2", -data)]).path)
    expected, wrong = physical(data), []

    def work(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(60):
            a = int(rng.integers(0, 38))
            for sign, channel in zip((1, -1), source.recording.channels, strict=True):
                got = source.read(Span(a, a + 2), channel)
                if not np.allclose(got, sign * expected[a * 100 : a * 100 + 200], atol=1e-9):
                    wrong.append(a)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# --- time --------------------------------------------------------------------------------------------------------


def test_gaps_come_from_the_records_times(make_edf: Make, sig: Any, noise: Make) -> None:
    onsets = [0, 1, 2, 10.5, 11.5, 40]
    data = noise(6, 100)
    tals = [b"+%s\x14\x14\0" % str(t).encode() for t in onsets]
    tals[3] += "+10.75\x1525\x14spike Köln\x14\0".encode()
    source = open_recording(make_edf("a.edf", [sig("Fp1", data)], plus="D", tals=tals).path)
    recording = source.recording
    assert recording.gaps == (Span(3.0, 10.5), Span(12.5, 40.0))
    assert (recording.format, recording.duration, recording.problems) == ("EDF+D", 41.0, ())
    assert [(a.onset, a.duration, a.text) for a in recording.annotations] == [(10.75, 25.0, "spike Köln")]
    got = source.read(recording.span, recording.channels[0])
    expected = np.full(4100, np.nan)
    for record, onset in enumerate(onsets):
        expected[round(onset * 100) : round(onset * 100) + 100] = physical(data[record])
    np.testing.assert_allclose(got, expected, atol=1e-9)
    for start, stop in [(2.5, 10.6), (10.49, 10.51), (3.0, 10.5), (39.99, 40.02), (12.4, 12.6)]:
        part = source.read(Span(start, stop), recording.channels[0])
        np.testing.assert_array_equal(part, got[round(start * 100) : round(stop * 100)])


def test_overlapping_record_times_are_listed_and_time_never_runs_back(make_edf: Make, sig: Any, noise: Make) -> None:
    tals = [b"+%d\x14\x14\0" % t for t in (0, 1, 1, 3)]
    recording = open_recording(make_edf("a.edf", [sig("Fp1", noise(4, 100))], plus="D", tals=tals).path).recording
    assert (recording.duration, recording.gaps) == (4.0, ())
    assert any("overlap" in p for p in recording.problems)


def test_a_start_between_seconds_moves_the_clock_and_not_the_samples(make_edf: Make, sig: Any, noise: Make) -> None:
    tals = [b"+0.25\x14\x14\0+1.5\x14here\x14\0", b"+1.25\x14\x14\0"]
    recording = open_recording(make_edf("a.edf", [sig("Fp1", noise(2, 100))], plus="C", tals=tals).path).recording
    assert recording.start == datetime(2020, 1, 2, 3, 4, 5, 250000)
    assert recording.annotations[0].onset == 1.25
    assert (recording.duration, recording.gaps) == (2.0, ())


@pytest.mark.parametrize(
    ("header", "start", "problem"),
    [
        ({"recording": "Startdate 31-DEC-1969 X X X"}, datetime(1969, 12, 31, 3, 4, 5), None),
        ({"recording": "ward 7", "date": "01.02.84"}, datetime(2084, 2, 1, 3, 4, 5), None),
        ({"recording": "Startdate X X X X"}, datetime(1985, 1, 1, 3, 4, 5), "removed"),
        ({"recording": "", "date": "00.00.00"}, datetime(1985, 1, 1, 3, 4, 5), "no date"),
        ({"recording": "ward 7", "date": "01.01.85"}, datetime(1985, 1, 1, 3, 4, 5), "not known"),
        ({"recording": "Startdate 01-JAN-1985 X X X"}, datetime(1985, 1, 1, 3, 4, 5), "not known"),
        ({"recording": "ward 7", "date": "02.01.85"}, datetime(1985, 1, 2, 3, 4, 5), None),
        ({"time": "25.61.00"}, None, "no time of day"),
    ],
)
def test_start_dates(
    make_edf: Make, sig: Any, noise: Make, header: dict[str, str], start: datetime | None, problem: str | None
) -> None:
    recording = open_recording(make_edf("a.edf", [sig("Fp1", noise(2, 100))], **header).path).recording
    assert recording.start == start
    assert recording.dated is (problem is None)
    assert (problem is None and recording.problems == ()) or (problem or "") in recording.problems[0]


# --- annotations -------------------------------------------------------------------------------------------------


def test_annotations_in_latin1_for_one_channel_and_several_to_a_time(make_edf: Make, sig: Any, noise: Make) -> None:
    tals = [
        b"+0\x14\x14start\x14\0" + b"+0.5\x150.1\x14Anfall m\xf6glich\x14second\x14\0",
        b"+1\x14\x14\0+1.2\x14spike@@EEG Fp1-Ref\x14\0+1.3\x14a@@b.org\x14\0",
    ]
    recording = open_recording(
        make_edf("a.edf", [sig("EEG Fp1-Ref", noise(2, 100))], plus="C", tals=tals).path
    ).recording
    assert [(a.onset, a.duration, a.text, a.channel) for a in recording.annotations] == [
        (0.0, 0.0, "start", None),
        (0.5, 0.1, "Anfall möglich", None),
        (0.5, 0.1, "second", None),
        (1.2, 0.0, "spike", "Fp1"),
        (1.3, 0.0, "a@@b.org", None),
    ]


# --- what is wrong, and read all the same ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"count": -1}, "not closed properly"),
        ({"count": 9}, "ends early"),
        ({"count": 3}, "holds 5 records"),
        ({"header_bytes": 256}, "it is 768"),
        ({"header_bytes": ""}, "it is 768"),
    ],
)
def test_faults_of_the_header_are_listed(
    make_edf: Make, sig: Any, noise: Make, options: dict[str, Any], word: str
) -> None:
    data = noise(5, 100)
    source = open_recording(make_edf("a.edf", [sig("Fp1", data), sig("Fp2", -data)], **options).path)
    assert word in source.recording.problems[0]
    got = source.read(source.recording.span, source.recording.channels[1])
    np.testing.assert_allclose(got, physical(-data), atol=1e-9)


@pytest.mark.parametrize("count", [5, -1])
def test_a_header_that_is_longer_than_its_signals_need_is_passed_over(
    make_edf: Make, sig: Any, noise: Make, count: int
) -> None:
    data = noise(5, 100)
    made = make_edf("a.edf", [sig("Fp1", data), sig("Fp2", -data)], header_bytes=768 + 100, count=count)
    whole = made.path.read_bytes()
    made.path.write_bytes(whole[:768] + b" " * 100 + whole[768:])
    source = open_recording(made.path)
    assert "868 bytes long, 100 more" in source.recording.problems[0]
    got = source.read(source.recording.span, source.recording.channels[1])
    np.testing.assert_allclose(got, physical(-data), atol=1e-9)


def test_limits_upside_down_and_letters_beyond_ascii_are_read_and_listed(make_edf: Make, sig: Any, noise: Make) -> None:
    data = noise(3, 100)
    signals = [sig("Augenbewegung ö", data), sig("Fp1", data, limits=("32767", "-32768")), sig("Fp2", data)]
    source = open_recording(make_edf("a.edf", signals).path)
    upside, letters = source.recording.problems
    assert "limits of “Fp1” are upside down" in upside
    assert "letters that EDF does not allow" in letters
    eye, flipped, _ = source.recording.channels
    assert eye.label == "Augenbewegung ö"
    np.testing.assert_allclose(source.read(Span(0, 3), flipped), -source.read(Span(0, 3), eye) - 1e-7, atol=1e-8)


def test_a_label_is_one_line_whatever_it_holds(make_edf: Make, sig: Any, noise: Make) -> None:
    path = make_edf("a.edf", [sig("EEG\nFp1-\x1bRef", noise(3, 100)), sig("Fp2\x85", noise(3, 100))]).path
    recording = open_recording(path).recording
    assert [c.label for c in recording.channels] == ["EEG Fp1- Ref", "Fp2"]
    assert any("letters that EDF does not allow" in p for p in recording.problems)


def test_a_cut_last_record_is_read_as_far_as_it_goes(make_edf: Make, sig: Any, noise: Make) -> None:
    data = noise(3, 100)
    source = open_recording(make_edf("a.edf", [sig("Fp1", data), sig("Fp2", data)], cut=2 * 60).path)
    assert source.recording.duration == 3.0
    assert any("cut off" in p for p in source.recording.problems)
    first, second = (source.read(source.recording.span, c) for c in source.recording.channels)
    np.testing.assert_allclose(first, physical(data), atol=1e-9)
    np.testing.assert_allclose(second[:240], physical(data)[:240], atol=1e-9)
    assert np.isnan(second[240:]).all()


def test_equal_limits_are_shown_in_counts_and_kept_out_of_montages(make_edf: Make, sig: Any, noise: Make) -> None:
    data = noise(2, 100)
    source = open_recording(make_edf("a.edf", [sig("Fp1", data, physical=("5", "5")), sig("Fp2", data)]).path)
    channel = source.recording.channels[0]
    assert (channel.kind, channel.site, channel.is_voltage) == (ChannelKind.OTHER, None, False)
    assert "equal limits" in source.recording.problems[0]
    np.testing.assert_array_equal(source.read(Span(0, 2), channel), data.reshape(-1))


def test_names_are_unique_and_a_site_is_claimed_once(make_edf: Make, sig: Any, noise: Make) -> None:
    labels = ["T3", "T7", "EEG T3-Ref", "", ""]
    recording = open_recording(make_edf("a.edf", [sig(x, noise(2, 10)) for x in labels]).path).recording
    assert [c.name for c in recording.channels] == ["T3", "T3 (2)", "T3 (3)", "channel 4", "channel 5"]
    assert [c.site for c in recording.channels] == ["T3", None, None, None, None]


def test_simulated_and_reconstructed_files_say_what_they_are(make_edf: Make, sig: Any, noise: Make) -> None:
    data = noise(2, 10)
    plain = open_recording(make_edf("a.edf", [sig("Fp1", data)]).path).recording
    assert not plain.simulated
    assert not plain.reconstructed
    made = make_edf(
        "b.edf",
        [sig("~AHL1 med", data, transducer="Reconstructed, not recorded: median")],
        patient="X X X Simulated_patient_1",
    )
    recording = open_recording(made.path).recording
    assert recording.simulated
    assert recording.reconstructed
    assert recording.channels[0].kind is ChannelKind.IEEG


@pytest.mark.parametrize(
    ("written", "shown"),
    [("02-AUG-1951", "02-AUG-1951"), ("2-aug-1951", "2-aug-1951"), ("01-JAN-0000", ""), ("02-AUG-51", ""), ("X", "")],
)
def test_a_date_of_birth_that_cannot_be_is_listed_and_not_shown(
    make_edf: Make, sig: Any, noise: Make, written: str, shown: str
) -> None:
    made = make_edf("a.edf", [sig("EEG Cz-Ref", noise(2, 10))], patient=f"MCH-1 F {written} Name")
    with open_recording(made.path) as source:
        assert source.recording.patient.birthdate == shown
        impossible = [problem for problem in source.recording.problems if "date of birth" in problem]
    assert len(impossible) == (written in ("01-JAN-0000", "02-AUG-51"))
    assert written == "X" or not any(written in problem for problem in impossible), "problems are shown to a room"


def test_identity_follows_the_content_and_not_the_name(make_edf: Make, sig: Any, noise: Make, tmp_path: Path) -> None:
    path = make_edf("a.edf", [sig("Fp1", noise(4, 100))]).path
    other = make_edf("b.edf", [sig("Fp1", noise(4, 100, seed=7))]).path
    copy = Path(shutil.copy(path, tmp_path / "copy.edf"))
    identity = open_recording(path).recording.identity
    assert identity == open_recording(copy).recording.identity
    assert identity != open_recording(other).recording.identity, "same header and size, other samples"
    assert len(identity) == 16


# --- what cannot be read -----------------------------------------------------------------------------------------


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="There is no file"):
        open_recording("~nobody-at-all/a.edf")
    with pytest.raises(FileProblem, match="There is no file"):
        open_recording(tmp_path / "none.edf")
    with pytest.raises(FileProblem, match="is a folder"):
        open_recording(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with a name")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.edf")
    with pytest.raises(FileProblem, match="is not a file that holds a recording"):
        open_recording(tmp_path / "pipe.edf")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "is empty"),
        (b"Dear colleague, please find attached the recording.", "not an EDF"),
        (b"\x89PNG" + b"\0" * 1000, "not an EDF"),
        (b"0       X X X X", "ends within its header"),
    ],
)
def test_files_that_are_no_recordings(tmp_path: Path, content: bytes, word: str) -> None:
    path = tmp_path / "a.edf"
    path.write_bytes(content)
    with pytest.raises(FileProblem, match=word):
        open_recording(path)


def test_a_truncated_header_and_one_without_records(make_edf: Make, sig: Any, noise: Make) -> None:
    made = make_edf("a.edf", [sig("Fp1", noise(2, 100)), sig("Fp2", noise(2, 100))])
    whole = made.path.read_bytes()
    for size, word in ((300, "ends within its header"), (768, "no data records")):
        made.path.write_bytes(whole[:size])
        with pytest.raises(FileProblem, match=word):
            open_recording(made.path)


@pytest.mark.parametrize("record_seconds", [0, -1, "x"])
def test_a_record_length_that_makes_no_sense(make_edf: Make, sig: Any, noise: Make, record_seconds: object) -> None:
    path = make_edf("a.edf", [sig("Fp1", noise(2, 100))], record_seconds=record_seconds).path
    with pytest.raises(FileProblem, match="length of a record"):
        open_recording(path)


def test_no_permission(make_edf: Make, sig: Any, noise: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_edf("a.edf", [sig("Fp1", noise(2, 100))]).path

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FileProblem, match="may not read"):
        open_recording(path)


def test_a_file_that_shrinks_or_is_closed_is_a_sentence_and_no_crash(make_edf: Make, sig: Any, noise: Make) -> None:
    path = make_edf("a.edf", [sig("Fp1", noise(50, 100))]).path
    source = open_recording(path)
    channel = source.recording.channels[0]
    with path.open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(FileProblem, match="become shorter"):
        source.read(Span(40, 42), channel)
    source.close()
    source.close()
    with pytest.raises(FileProblem, match="was closed"):
        source.read(Span(30, 32), channel)


@pytest.mark.skipif(os.name == "nt", reason="a file of 11 GB needs a drive that leaves out zeros")
def test_a_day_of_256_channels_takes_the_memory_of_what_is_read(make_edf: Make, sig: Any, tmp_path: Path) -> None:
    """What opening and one page hold beyond the page itself does not grow with channels or hours."""
    hours, rate = 24, 256
    page = Span(43_200.0, 43_210.0)
    held = []
    for channels in (1, 256):
        path = tmp_path / f"{channels}.edf"
        short = make_edf("short.edf", [sig(f"EEG {k}", np.zeros((1, rate), dtype="<i2")) for k in range(channels)]).path
        data = bytearray(short.read_bytes()[: 256 * (channels + 1)])
        data[236:244] = f"{hours * 3600:<8}".encode()
        path.write_bytes(data)
        os.truncate(path, len(data) + hours * 3600 * rate * 2 * channels)
        tracemalloc.start()
        with open_recording(path) as source:
            for channel in source.recording.channels:
                assert source.read(page, channel).size == 10 * rate
        held.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert source.recording.duration == hours * 3600
    assert held[1] - held[0] < 10e6  # a day of 256 channels is 11 GB, a page of them 2.6 MB


def test_closing_does_not_wait_for_a_read_that_hangs(make_edf: Make, sig: Any, noise: Make) -> None:
    path = make_edf("a.edf", [sig("Fp1", noise(5, 100))]).path
    file = ReadOnlyFile(path)
    hanging, release = threading.Event(), threading.Event()
    original = file._raw

    class Slow:
        def seek(self, *_: int) -> int:
            hanging.set()
            release.wait(10)
            return original.seek(*_)

        def readinto(self, view: Any) -> Any:
            return original.readinto(view)

        def close(self) -> None:
            original.close()

    file._raw = Slow()  # type: ignore[assignment]
    reader = threading.Thread(target=file.read, args=(0, 10))
    reader.start()
    assert hanging.wait(10)
    file.close()  # returns while the read hangs
    assert not original.closed
    release.set()
    reader.join()
    assert original.closed


def test_sha256(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert sha256_of(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        sha256_of(path, control)
    with pytest.raises(FileProblem):
        sha256_of(tmp_path / "none")
