"""``neuroflow repair``: what could be read is in the clean file, exactly, at its time, and every change is listed."""

from __future__ import annotations

import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pytest

from neuroflow.cli import main
from neuroflow.errors import FileProblem
from neuroflow.export.repair import Repaired, repair
from neuroflow.io import open_recording
from neuroflow.io.edf_header import parse_header
from neuroflow.jobs import Cancelled, Control
from neuroflow.recording import Span

Make = Callable[..., Any]


def same_signals(before: Path, after: Path, tolerance: float = 1e-12) -> None:
    """Every sample of every channel, at its time."""
    old, new = open_recording(before), open_recording(after)
    assert len(old.recording.channels) == len(new.recording.channels)
    for theirs, mine in zip(old.recording.channels, new.recording.channels, strict=True):
        assert theirs.rate == mine.rate
        a, b = (s.read(old.recording.span, c) for s, c in ((old, theirs), (new, mine)))
        filled = np.isnan(a) & np.isfinite(b)
        assert not np.nan_to_num(b[filled]).any(), "what was not there is zero, and nothing else"
        a, b = a[~filled], b[~filled]
        np.testing.assert_allclose(b, a, atol=tolerance)


def clean(path: Path) -> None:
    """Nothing is found wrong with a file."""
    recording = open_recording(path).recording
    assert recording.problems == (), recording.problems
    raw = path.read_bytes()
    header = parse_header(raw[: int(raw[184:192])], len(raw), path.name)
    assert header.plus in ("C", "D")
    assert raw[:256].isascii()


def test_a_sound_file_keeps_every_digital_value(make_edf: Make, sig: Any, noise: Make, tmp_path: Path) -> None:
    tals = [b"+0.25\x14\x14\0+1.5\x150.5\x14Anf\xc3\xa4lle\x14\0", b"+1.25\x14\x14\0"]
    made = make_edf("a.edf", [sig("EEG Fp1-Ref", noise(2, 100)), sig("EEG Fp2-Ref", noise(2, 100, 1))],
                    plus="C", tals=tals, patient="X F 02-MAY-1951 Jane_Doe")  # fmt: skip
    out = tmp_path / "out.edf"
    done = repair(made.path, out)
    assert done.worst_difference_uv == 0
    assert done.changes == ()
    assert done.format == "EDF+C"
    clean(out)
    same_signals(made.path, out, 0.0)
    old, new = open_recording(made.path).recording, open_recording(out).recording
    assert (new.start, new.patient, new.annotations) == (old.start, old.patient, old.annotations)
    digital = mne.io.read_raw_edf(out, verbose="error").get_data(units="uV")
    assert digital[0] == pytest.approx(made.signals[0].digital.ravel() * 0.1, abs=1e-6)


def test_gaps_stay_where_they_are_in_edf_plus_d(make_edf: Make, sig: Any, noise: Make, tmp_path: Path) -> None:
    tals = [b"+%s\x14\x14\0" % str(t).encode() for t in (0.5, 1.5, 2.5, 10.5, 40)]
    tals[3] += b"+10.75\x1525\x14spike\x14\0"
    made = make_edf("a.edf", [sig("Fp1", noise(5, 100)), sig("ECG", noise(5, 40, 2))], plus="D", tals=tals)
    out = tmp_path / "out.edf"
    done = repair(made.path, out)
    assert done.format == "EDF+D"
    clean(out)
    old, new = open_recording(made.path).recording, open_recording(out).recording
    assert new.gaps == old.gaps == (Span(3.0, 10.0), Span(11.0, 39.5))
    assert new.start == old.start
    assert new.annotations == old.annotations
    same_signals(made.path, out, 0.0)


def test_a_file_that_lies_about_being_continuous_says_the_truth_afterwards(
    make_edf: Make, sig: Any, noise: Make, tmp_path: Path
) -> None:
    tals = [b"+%d\x14\x14\0" % t for t in (0, 1, 7)]
    made = make_edf("a.edf", [sig("Fp1", noise(3, 100))], plus="C", tals=tals)
    done = repair(made.path, tmp_path / "out.edf")
    assert done.format == "EDF+D"
    assert any("EDF+D" in change for change in done.changes)
    assert open_recording(tmp_path / "out.edf").recording.problems == ()


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"count": -1}, "not closed properly"),
        ({"count": 9}, "ends early"),
        ({"header_bytes": 256}, "it is"),
        ({"cut": 30}, "cut off"),
        ({"patient": "Jane Doe, ward 7"}, "subfields"),
        ({"plus": ""}, "it was EDF"),
    ],
)
def test_every_fault_is_mended_and_listed(
    make_edf: Make, sig: Any, noise: Make, tmp_path: Path, options: dict[str, Any], word: str
) -> None:
    tals = None if options.get("plus") == "" else [b"+%d\x14\x14\0" % t for t in range(5)]
    made = make_edf("a.edf", [sig("EEG Fp1", noise(5, 100))], **{"plus": "C", "tals": tals, **options})
    out = tmp_path / "out.edf"
    done = repair(made.path, out)
    assert any(word in change for change in done.changes), done.changes
    clean(out)
    same_signals(made.path, out, 0.0)


def test_labels_are_told_apart_and_limits_hold_what_they_should(
    make_edf: Make, sig: Any, noise: Make, tmp_path: Path
) -> None:
    data = noise(3, 100)
    made = make_edf("a.edf", [
        sig("Fp1", data), sig("Fp1", -data), sig("Schläfe links µ", data),
        sig("flat", data, physical=("5", "5")), sig("inverted", data, physical=("100", "-100")),
        sig("narrow", data, physical=("-10", "10"), limits=("-100", "100")),
    ])  # fmt: skip
    out = tmp_path / "out.edf"
    done = repair(made.path, out)
    problems = open_recording(out).recording.problems
    assert len(problems) == 1, problems  # which of two electrodes was meant, no program can know
    assert "Two channels" in problems[0]
    labels = [c.label for c in open_recording(out).recording.channels]
    assert labels[:3] == ["Fp1", "Fp1 2", "Schlafe links u"]
    assert any("inverted, narrow" in change for change in done.changes)
    same_signals(made.path, out, done.worst_difference_uv * 1e-6 * 1.001 + 1e-12)
    assert 0 < done.worst_difference_uv < 0.01


def test_24_bits_become_16_within_half_a_step(make_edf: Make, sig: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    data = rng.integers(-40_000, 40_000, (4, 200), dtype=np.int32)
    made = make_edf("a.bdf", [sig("Fp1", data, physical=("-262144", "262143"))], bdf=True)
    out = tmp_path / "out.edf"
    done = repair(made.path, out)
    reach = np.abs(data).max() / 2**23 * 262144
    assert done.worst_difference_uv <= reach / 32767 / 2 * 1.001
    clean(out)
    same_signals(made.path, out, done.worst_difference_uv * 1e-6 * 1.001)


def test_real_files_come_out_clean_and_whole(data_dir: Path, tmp_path: Path) -> None:
    for name in ("edf-fixtures/test_uneven_samp.edf", "scalp/S001R01.edf"):
        out = tmp_path / "out.edf"
        done = repair(data_dir / name, out)
        assert done.worst_difference_uv == 0, name
        clean(out)
        same_signals(data_dir / name, out, 0.0)
    # Limits upside down, words in UTF-8, a start between seconds.
    upside_down = data_dir / "edf-fixtures/test_utf8.edf"
    done = repair(upside_down, out)
    assert 0 < done.worst_difference_uv < 0.004
    clean(out)
    same_signals(upside_down, out, 4e-9)
    old, new = open_recording(upside_down).recording, open_recording(out).recording
    assert [(a.onset, a.text) for a in new.annotations] == [(a.onset, a.text) for a in old.annotations]
    assert new.start == old.start


def test_nothing_is_left_where_it_was_cancelled_or_had_nothing_to_write(
    make_edf: Make, sig: Any, noise: Make, tmp_path: Path
) -> None:
    made = make_edf("a.edf", [sig("Fp1", noise(5, 100))])
    out, control = tmp_path / "out.edf", Control()
    control.cancel()
    with pytest.raises(Cancelled):
        repair(made.path, out, control)
    empty = make_edf("b.edf", plus="C", tals=[b"+0\x14\x14\0+1\x14note\x14\0"], record_seconds=0)
    with pytest.raises(FileProblem, match="annotations only"):
        repair(empty.path, out)
    with pytest.raises(FileProblem, match="the recording itself"):
        repair(made.path, made.path)
    assert sorted(os.listdir(tmp_path)) == ["a.edf", "b.edf"]


def test_in_the_shell(
    make_edf: Make, sig: Any, noise: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_edf("a.edf", [sig("Fp1", noise(5, 100))], count=-1)
    assert main(["repair", str(made.path), "-o", str(tmp_path / "out.edf"), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(printed) == set(Repaired.__dataclass_fields__)
    assert printed["changes"]
    assert main(["repair", str(tmp_path / "none.edf"), "-o", str(tmp_path / "out.edf")]) == 2
    assert "There is no file" in capsys.readouterr().err


def test_who_recorded_it_and_with_what_stays(make_edf: Make, sig: Any, noise: Make, tmp_path: Path) -> None:
    said = "Startdate 02-JAN-2020 PSG-12 Tech_A Nihon_K long-term"
    made = make_edf("a.edf", [sig("Fp1", noise(2, 100))], recording=said, count=-1)
    repair(made.path, tmp_path / "out.edf")
    assert open_recording(tmp_path / "out.edf").recording.recording_field == f"{said} repaired"
    free = make_edf("b.edf", [sig("Fp1", noise(2, 100))], recording="ward " + 15 * "long ")
    done = repair(free.path, tmp_path / "out.edf")
    assert any("cut off" in change for change in done.changes), "what is lost is said"


def test_a_cut_channel_whose_limits_leave_out_zero_is_filled_within_them(
    make_edf: Make, sig: Any, noise: Make, tmp_path: Path
) -> None:
    made = make_edf("a.edf", [sig("SpO2", noise(5, 100), dimension="%", physical=("100", "50"))], cut=30)
    out = tmp_path / "out.edf"
    repair(made.path, out)
    assert open_recording(out).recording.duration == 5.0


def test_values_that_no_header_can_say_are_one_sentence(make_edf: Make, sig: Any, noise: Make, tmp_path: Path) -> None:
    made = make_edf("a.edf", [sig("count", noise(2, 100), dimension="x", physical=("-9e12", "9e12"))])
    with pytest.raises(FileProblem, match="no EDF file can say"):
        repair(made.path, tmp_path / "out.edf")
    assert os.listdir(tmp_path) == ["a.edf"]


def test_a_repair_takes_the_memory_of_a_few_blocks(make_edf: Make, sig: Any, tmp_path: Path) -> None:
    """128 channels of five minutes at 256 Hz, which are 80 MB as they are read."""
    channels, seconds, rate = 128, 300, 256
    path = make_edf("a.edf", [sig(f"EEG {k}", np.zeros((1, rate), dtype="<i2")) for k in range(channels)]).path
    head = bytearray(path.read_bytes()[: 256 * (channels + 1)])
    head[236:244] = f"{seconds:<8}".encode()
    path.write_bytes(head)
    os.truncate(path, len(head) + seconds * rate * 2 * channels)
    repair(make_edf("b.edf", [sig("Fp1", np.zeros((1, rate)))]).path, tmp_path / "out.edf")  # loads what is loaded once
    tracemalloc.start()
    repair(path, tmp_path / "out.edf")
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 50e6
