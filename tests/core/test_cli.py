"""The neuroflow command: what it prints, what it leaves on the disk, and its exit status."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuroflow.anatomy.mapping import Assignment, laboratory_of
from neuroflow.cli import main
from neuroflow.cli.progress import Progress
from neuroflow.cli.text import span_of_time, table
from neuroflow.io import open_recording
from neuroflow.io.mapping_file import Laboratory, write_mapping
from neuroflow.recording import ChannelKind

Make = Callable[..., Any]


def test_info_prints_what_a_recording_holds(make_edf: Make, sig: Any, noise: Make, capsys: Any) -> None:
    tals = [b"+0\x14\x14\0" + b"".join(b"+0.%02d\x14note %d\x14\0" % (k, k) for k in range(30)), b"+9\x14\x14\0"]
    signals = [sig("EEG Fp1-Ref", noise(2, 200)), sig("EKG", noise(2, 200), prefilter="HP:0.1Hz")]
    path = make_edf("a.edf", signals, plus="D", tals=tals, patient="MCH-1 F 02-MAY-1951 Jane_Doe", count=-1).path
    assert main(["info", str(path)]) == 0
    out = capsys.readouterr().out
    words = ("EDF+D", "Jane Doe, MCH-1, F, born 02-MAY-1951", "2020-01-02 03:04:05", "00:00:10", "2 (1 EEG, 1 ECG)")
    words += ("EEG Fp1-Ref", "Ref", "HP:0.1Hz", "1 gap", "30 annotations", "note 19", "… and 10 more", "not closed")
    assert [word for word in words if word not in out] == []
    assert "note 20" not in out
    assert main(["info", "--json", str(path)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [c["name"] for c in found["channels"]] == ["Fp1", "EKG"]
    assert (found["duration"], found["gaps"]) == (10.0, [{"start": 1.0, "duration": 8.0}])
    assert len(found["annotations"]) == 30
    assert len(found["problems"]) == 1


def test_info_does_not_show_the_first_of_january_1985_as_if_it_were_true(
    make_edf: Make, sig: Any, noise: Make, capsys: Any
) -> None:
    path = make_edf("a.edf", [sig("EEG Fp1-Ref", noise(2, 200))], recording="ward 7", date="01.01.85").path
    assert main(["info", str(path)]) == 0
    out = capsys.readouterr().out
    assert "unknown date, 03:04:05" in out
    assert "1985-01-01" not in out
    assert "! The start date is 1 January 1985, which stands for one that is not known." in out
    assert main(["info", "--json", str(path)]) == 0
    assert json.loads(capsys.readouterr().out)["start_date_known"] is False


def test_a_terminal_obeys_nothing_that_a_file_of_a_stranger_says(
    make_edf: Callable[..., Any], sig: Any, noise: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Titles of the window, colours, lines that are none, and letters that run the other way."""
    evil = "\x1b[2J\x1b]0;own\x07 \x9b31m right\N{RIGHT-TO-LEFT OVERRIDE}tfel\n  00:00:01  no such line"
    tals = [f"+0\x14\x14\0+0.5\x14{evil}\x14\0".encode(), b"+1\x14\x14\0"]
    made = make_edf(
        "a.edf", [sig("EEG Fp1", noise(2, 100), transducer="\x1b[31mred")], plus="C", tals=tals,
        patient="X X X Ja\x1b[31mne", recording="ward \x1b[31m",
    )  # fmt: skip
    assert main(["info", str(made.path)]) == 0
    assert main(["repair", str(made.path), "-o", str(tmp_path / "out.edf")]) == 0
    table = tmp_path / "t.tsv"
    table.write_text("decision\ttext\nkeep\tother\n")
    assert main(["convert", str(made.path), "-o", str(tmp_path / "o.edf"), "--deidentify", str(table)]) == 2
    said = "".join(capsys.readouterr())
    assert "own" in said
    assert "such as" in said
    assert not [c for c in said if c != "\n" and not c.isprintable()]
    assert not [line for line in said.splitlines() if line.strip().startswith("00:00:01")]


def test_the_shell_takes_what_a_reader_said_of_channels(
    make_edf: Make, sig: Any, noise: Make, small_model_folder: Path, tmp_path: Path, capsys: Any
) -> None:
    sites = "Fp1 F7 T3 T5 O1 Fp2 F8 T4 T6 O2 Fz Cz".split()
    path = make_edf("lab.edf", [sig(f"CH{k}", noise(12, 200, k)) for k in range(len(sites))]).path
    with open_recording(path) as source:  # type: ignore[attr-defined]
        key = laboratory_of(source.recording.channels)
    said = {(f"CH{k}", 1): Assignment(site, ChannelKind.EEG, "Cz") for k, site in enumerate(sites)}
    write_mapping([Laboratory(key, "2026-11-26T12:00:00Z", said)], tmp_path / "channels.json")
    mapping = ["--mapping", str(tmp_path / "channels.json")]
    for more, names in (([], "CH0 CH1"), (mapping, "Fp1 F7")):
        assert main(["info", str(path), "--json", *more]) == 0
        assert " ".join(c["name"] for c in json.loads(capsys.readouterr().out)["channels"][:2]) == names
    target = tmp_path / "out.edf"
    line = ["reconstruct", str(path), "-o", str(target), "--model", str(small_model_folder), "--device", "cpu"]
    line += ["--samples", "3", "--channels", "median"]
    assert main(line) == 2
    assert "viewed, not reconstructed" in capsys.readouterr().err
    assert main([*line, *mapping]) == 0
    with open_recording(target) as source:  # type: ignore[attr-defined]
        assert any("Channels mapped by hand: CH0 is Fp1" in a.text for a in source.recording.annotations)
    capsys.readouterr()
    assert main([*line, "--mapping", str(tmp_path / "none.json")]) == 2
    assert "There is no file" in capsys.readouterr().err


def test_info_on_every_real_file(data_dir: Path, capsys: Any) -> None:
    for path in sorted([*data_dir.glob("scalp/*.edf"), *data_dir.glob("edf-fixtures/*")]):
        status = main(["info", str(path), "--json"])
        out, err = capsys.readouterr()
        if path.name in ("invalid-date.edf", "zero-data-records.edf"):
            assert (status, out) == (2, "")
            assert err.startswith("neuroflow: ")
        else:
            assert status == 0
            assert json.loads(out)["duration"] > 0


def test_models_prints_a_card(small_model_folder: Path, capsys: Any) -> None:
    assert main(["models", str(small_model_folder)]) == 0
    out = capsys.readouterr().out
    for word in ("small, version 0", "100 Hz", "AHL1", "MNI", "-30.0", "Not for", "anything", "sha256"):
        assert word in out
    assert main(["models", str(small_model_folder), "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert card["implant"]["contacts"][0] == {"name": "AHL1", "shaft": "AHL", "mni_mm": [-30.0, -12.0, -15.0]}
    assert main(["models"]) == 0
    assert main(["models", "no-such-model"]) == 2


@pytest.fixture
def reconstruct(scalp_edf: Path, small_model_folder: Path, tmp_path: Path) -> Callable[..., int]:
    def run(*options: str, output: str = "out.edf") -> int:
        arguments = ["reconstruct", str(scalp_edf), "-o", str(tmp_path / output)]
        return main([*arguments, "--model", str(small_model_folder), "--device", "cpu", *options])

    return run


def samples_of(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    with open_recording(path) as source:  # type: ignore[attr-defined]
        return {c.label: source.read(source.recording.span, c) for c in source.recording.channels}


def test_reconstruct_writes_the_same_twice_and_another_seed_differs(
    reconstruct: Callable[..., int], tmp_path: Path, capsys: Any
) -> None:
    assert reconstruct("--samples", "5", "--json", output="a.edf") == 0
    out, err = capsys.readouterr()
    report = json.loads(out)
    assert (report["channels"], report["contacts"], report["rate"], report["duration"]) == (24, 8, 100.0, 25.3)
    assert report["worst_difference_uv"] <= report["step_uv"] / 2 * 1.001
    assert report["coverage"] == pytest.approx(4 / 6)
    assert "100 %" in err
    assert reconstruct("--samples", "5", output="b.edf") == 0
    assert "reconstructed, not recorded" in capsys.readouterr().out
    assert reconstruct("--samples", "5", "--seed", "1", output="c.edf") == 0
    assert (tmp_path / "a.edf").read_bytes() == (tmp_path / "b.edf").read_bytes()
    a, c = samples_of(tmp_path / "a.edf"), samples_of(tmp_path / "c.edf")
    assert max(np.abs(a[label] - c[label]).max() for label in a) > 1e-9


def test_reconstructing_without_naming_anybody(reconstruct: Callable[..., int], tmp_path: Path) -> None:
    for options, named in ((), True), (("--deidentify",), False):
        assert reconstruct("--samples", "2", "--duration", "5", *options) == 0
        raw = (tmp_path / "out.edf").read_bytes()
        assert [word in raw for word in (b"Jane", b"MCH-1", b"scalp.edf", b"02.01.20")] == [named] * 4


def test_a_reconstruction_may_have_its_date_shifted_where_nobody_is_named(
    reconstruct: Callable[..., int], tmp_path: Path, capsys: Any
) -> None:
    assert reconstruct("--samples", "2", "--duration", "5", "--shift-days", "-7") == 2
    assert "--shift-days goes with --deidentify" in capsys.readouterr().err
    assert reconstruct("--samples", "2", "--duration", "5", "--deidentify", "--shift-days", "-7") == 0
    raw = (tmp_path / "out.edf").read_bytes()
    assert raw[168:184] == b"26.12.1903.04.05"
    assert not [word for word in (b"Jane", b"MCH-1", b"scalp.edf", b"02.01.20", b"2020") if word in raw]


def test_reconstructing_a_part_gives_that_part(reconstruct: Callable[..., int], tmp_path: Path, capsys: Any) -> None:
    chosen = ("--channels", "samples", "--samples", "2", "--contacts", "AHL1,AHL8")
    assert reconstruct(*chosen, "--json", output="whole.edf") == 0
    step = json.loads(capsys.readouterr().out)["step_uv"] * 1e-6
    assert reconstruct(*chosen, "--start", "8.5", "--duration", "6", output="part.edf") == 0
    whole, part = samples_of(tmp_path / "whole.edf"), samples_of(tmp_path / "part.edf")
    assert list(part) == ["~AHL1 s000", "~AHL1 s001", "~AHL8 s000", "~AHL8 s001"]
    for label, data in part.items():
        scale = np.abs(whole[label]).max()
        np.testing.assert_allclose(data, whole[label][850:1450], atol=1e-3 * scale + step)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--samples", "0"), "from 1 to 255"),
        (("--samples", "many"), "from 1 to 255"),
        (("--seed", "-1"), "from 0 on"),
        (("--duration", "0"), "more than 0"),
        (("--start", "-2"), "from 0 on"),
        (("--start", "nan"), "from 0 on"),
        (("--start", "100"), "25.3 s long"),
        (("--channels", "mean"), "mean"),
        (("--channels", ","), "Give one or more"),
        (("--exclude", "Q7"), "no channel “Q7”"),
        (("--device", "abacus"), "abacus"),
        (("--contacts", "XYZ9"), "XYZ9"),
        (("--exclude", "Fp1,Fp2,F7,F3,Fz,F4,F8,T3,C3,Cz,C4,T4,T5,P3"), "at least 6"),
    ],
)
def test_arguments_that_make_no_sense(
    reconstruct: Callable[..., int], tmp_path: Path, capsys: Any, options: tuple[str, ...], word: str
) -> None:
    try:
        status = reconstruct(*options)
    except SystemExit as left:
        status = int(str(left.code))
    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    assert err.startswith("neuroflow: ")
    assert word in err
    assert sorted(os.listdir(tmp_path)) == ["scalp.edf"]


@pytest.mark.parametrize(
    ("name", "content"), [("none.edf", None), ("text.edf", b"hello there, reader"), ("empty.edf", b"")]
)
def test_bad_input_is_one_sentence(tmp_path: Path, capsys: Any, name: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    for command in (["info", str(tmp_path / name)], ["reconstruct", str(tmp_path / name), "-o", str(tmp_path / "o")]):
        assert main(command) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("neuroflow: ")
        assert err.count("\n") == 1
    assert main(["info", str(tmp_path)]) == 2


def test_an_output_folder_that_is_not_there_fails_before_the_model_loads(scalp_edf: Path) -> None:
    code = (
        "import sys; from neuroflow.cli import main; "
        f"status = main(['reconstruct', {str(scalp_edf)!r}, '-o', '/no/such/folder/out.edf']); "
        "print(status, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.split() == ["2", "False"]
    assert "no folder" in done.stderr
    assert "Traceback" not in done.stderr


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as a terminal does on POSIX")
@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopping_half_way_leaves_no_file(
    make_edf: Make, sig: Any, noise: Make, small_model_folder: Path, tmp_path: Path, sent: signal.Signals, status: int
) -> None:
    sites = ("Fp1", "Fp2", "F3", "F4", "C3", "C4", "O1", "O2")
    path = make_edf("long.edf", [sig(s, noise(1500, 100)) for s in sites]).path
    command = [sys.executable, "-c", "import sys; from neuroflow.cli import main; sys.exit(main())"]
    command += ["reconstruct", str(path), "-o", str(tmp_path / "out.edf"), "--model", str(small_model_folder)]
    command += ["--device", "cpu", "--samples", "4"]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        # A build machine may run the suite in the background, where children inherit that Ctrl-C is ignored.
        preexec_fn=_heed_interrupts,
    )
    assert process.stderr is not None
    first = process.stderr.readline()  # the first tenth is done
    process.send_signal(sent)
    rest = process.stderr.read()
    assert process.wait(timeout=30) == status
    assert first.startswith("10 %")
    assert "Traceback" not in rest
    assert os.listdir(tmp_path) == ["long.edf"]


def test_a_reader_that_leaves_early_is_no_error(make_edf: Make, sig: Any, noise: Make) -> None:
    path = make_edf("a.edf", [sig(f"X{i}", noise(2, 10)) for i in range(900)]).path
    command = [sys.executable, "-c", "import sys; from neuroflow.cli import main; sys.exit(main())", "info", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait(timeout=30) == 0


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_and_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    terminal, plain = Terminal(), io.StringIO()
    for stream in (terminal, plain):
        clock[0] = 0.0
        with Progress(stream) as progress:
            for step in range(1, 101):
                clock[0] = float(step)
                progress(step / 100)
                if step == 50:
                    progress.say("on the CPU now")
    lines = plain.getvalue().splitlines()
    assert len(lines) == 11
    assert lines[4] == "50 %  50 s left"
    assert lines[-1] == "100 %  in 1 min 40 s"
    assert "neuroflow: on the CPU now" in lines
    assert terminal.getvalue().endswith("100 %  in 1 min 40 s\n")


def test_times_and_tables() -> None:
    assert [span_of_time(s) for s in (0.25, 59, 60, 65, 3600, 86_400)] == [
        "0.25 s", "59 s", "1 min", "1 min 05 s", "1 h 00 min", "24 h 00 min",
    ]  # fmt: skip
    assert table(("a", "b", "c"), [("1", "", "x"), ("22", "", "")], right=(0,)) == "   a  c\n   1  x\n  22"
