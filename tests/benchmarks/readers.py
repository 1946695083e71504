"""What each reader of the field makes of each trait of a file: ``python tests/benchmarks/readers.py OUT.md [WORD]``.

Small files are made byte by byte, one for each trait, so that what they hold is known; every reader opens each as its
manual's first example does, in a process of its own with limits of time and memory, and is judged by what it says. Of
real files no truth is known, so there the readers are compared with one another. ``WORD`` picks rows by their title.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import resource
import signal
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from edfbrowser import as_text, screen, version
from traits import Truth, make_all

PROJECT = Path(__file__).resolve().parents[2]

TIME_LIMIT = 20
WINDOW_TIME_LIMIT = 90
"""Seconds. A program with a window is driven through its menus, one of which writes all samples as text."""
MEMORY_LIMIT = 2 * 2**30

US = "this program"
READERS = {US: "neuroflow", "pyedflib": "pyEDFlib", "edfio": "edfio", "mne": "mne", "EDFbrowser": ""}
"""Each reader and the package whose version is told."""

KINDS = ("right", "read", "opened", "refused", "crashed", "hung")

INTRODUCTION = """
# What readers make of EDF and BDF files

Which traits and faults of EDF, EDF+, BDF and BDF+ files each reader of the field reads, reads wrongly or refuses, this
program among them. Make it again, from the project's folder, with

    .venv/bin/python tests/benchmarks/readers.py docs/readers.md

It asks the readers that are installed: the Python packages, and EDFbrowser where its command, `Xvfb` and `xdotool`
are (with `tesseract` and ImageMagick its refusals are read off the screen, so a letter of them may be wrong). Real
recordings are looked for where the environment variable `NEUROFLOW_TEST_DATA` says.

How to read it:

- Every reader opens every file as its manual's first example does, without options, in a process of its own that may
  take {seconds} s ({window_seconds} s for a program with a window) and {gigabytes} GB. Options may help: mne's and
  edfio's for the encoding of texts, pyEDFlib's for the check of the file's size, and mne has `read_annotations` for
  files without signals.
- **right**: signals, rates, up to 13 values of each signal at their times, the number of samples, start and annotations
  are what the maker of the file wrote. Of EDFbrowser its export to text is what is compared: the start is not judged,
  times are counted from its first sample, and letters outside Latin-1, which that export cannot hold, are left out.
- **read, but …** says what is wrong with it, and in brackets the first thing that the reader itself says of the file.
- **refused** quotes the reader. To refuse is right where nothing can be known (“right, refused”, counted as right), and
  it is safer than to show something wrong, but a recording that cannot be opened cannot be reviewed.
- **hung** and **crashed**: no answer in time, or the process died.
- “What this program lists” are the problems that it shows its user with the recording.

The judge and this program have the same authors. The standard decides what is right, and where it does not, the second
column says what was taken for right. Of real files no truth is known: there the readers are compared with the first
that read the file, and what differs is bold, which does not say who is right. A fault that all readers share is not
found there.
"""


# --- the readers, each in a process of its own --------------------------------------------------------------------


def said(array: Any, rate: float, probes: Sequence[Sequence[float]]) -> dict[str, Any]:
    """What a reader's samples of one signal are at the probes' times, and at their numbers with gaps left out."""
    array = np.asarray(array, dtype=float)
    held = array[np.isfinite(array)]

    def at(values: Any, i: int) -> float | None:
        return float(values[i]) if 0 <= i < values.size and np.isfinite(values[i]) else None

    few = [held[0], held[held.size // 2], held[-1], held.mean(), held.std()] if held.size else []
    return {
        "rate": float(rate),
        "samples": int(held.size),
        "timed": [at(array, round(t * rate)) for t, _, _ in probes],
        "numbered": [at(held, round(n)) for _, n, _ in probes],
        "few": [float(x) for x in few],
    }


def _probes_of(probes: Sequence[Any], number: int) -> Any:
    return probes[number] if number < len(probes) else ()


def read_this(path: Path, probes: Any) -> dict[str, Any]:
    from neuroflow.io import open_recording
    from neuroflow.units import volts_per_unit

    with open_recording(path) as source:
        recording = source.recording
        signals = []
        for i, c in enumerate(recording.channels):
            unit = (volts_per_unit(c.dimension) or 1e-6) if c.is_voltage else 1.0
            values = source.read(recording.span, c).astype(float) / unit
            signals.append({"label": c.label, "unit": c.dimension, **said(values, c.rate, _probes_of(probes, i))})
        return {
            "signals": signals,
            "seconds": recording.duration,
            "start": recording.start,
            "annotations": [[a.onset, a.duration, a.text] for a in recording.annotations],
            "says": list(recording.problems),
        }


def read_pyedflib(path: Path, probes: Any) -> dict[str, Any]:
    import pyedflib

    with pyedflib.EdfReader(str(path)) as f:
        signals = [
            {
                "label": f.getLabel(i),
                "unit": f.getPhysicalDimension(i),
                **said(f.readSignal(i), f.getSampleFrequency(i), _probes_of(probes, i)),
            }
            for i in range(f.signals_in_file)
        ]
        onsets, durations, texts = f.readAnnotations()
        annotations = [[float(o), float(d), str(t)] for o, d, t in zip(onsets, durations, texts, strict=True)]
        return {
            "signals": signals,
            "seconds": f.file_duration,
            "start": f.getStartdatetime(),
            "annotations": annotations,
        }


def read_edfio(path: Path, probes: Any) -> dict[str, Any]:
    import edfio

    edf = edfio.read_bdf(path) if path.suffix == ".bdf" else edfio.read_edf(path)
    try:
        start: Any = datetime.combine(edf.startdate, edf.starttime)
    except edfio.AnonymizedDateError:
        start = None
    signals = [
        {"label": s.label, "unit": s.physical_dimension, **said(s.data, s.sampling_frequency, _probes_of(probes, i))}
        for i, s in enumerate(edf.signals)
    ]
    annotations = [[a.onset, a.duration or 0.0, a.text] for a in edf.annotations]
    return {"signals": signals, "seconds": edf.duration, "start": start, "annotations": annotations}


def read_mne(path: Path, probes: Any) -> dict[str, Any]:
    import mne

    read = mne.io.read_raw_bdf if path.suffix == ".bdf" else mne.io.read_raw_edf
    raw = read(path, preload=True, verbose="warning")
    rate, signals = raw.info["sfreq"], []
    data = raw.get_data() if raw.ch_names and raw.n_times else np.zeros((len(raw.ch_names), 0))
    for i, (name, values) in enumerate(zip(raw.ch_names, data, strict=True)):
        unit = raw._orig_units.get(name, "n/a")  # where mne tells what it took the unit for
        factor = {"V": 1.0, "mV": 1e3, "µV": 1e6, "nV": 1e9}.get(unit, 1.0)
        signals.append({"label": name, "unit": unit, **said(values * factor, rate, _probes_of(probes, i))})
    start = raw.info["meas_date"]
    a = raw.annotations
    return {
        "signals": signals,
        "seconds": raw.n_times / rate,
        "start": start and start.replace(tzinfo=None),
        "annotations": [
            [float(o), float(d), str(t)] for o, d, t in zip(a.onset, a.duration, a.description, strict=True)
        ],
    }


def read_edfbrowser(path: Path, probes: Any) -> dict[str, Any]:
    texts = as_text(path)
    if "data" not in texts:
        return {"opened": "its export to text wrote nothing"}
    count, record_seconds = texts["header"].splitlines()[1].split(",")[-3:-1]
    rows = [line.split(",") for line in texts["data"].splitlines()[1:]]
    first = float(rows[0][0]) if rows else 0.0
    signals = []
    for i, line in enumerate(texts["signals"].splitlines()[1:]):
        _, label, _, unit = line.split(",")[:4]
        filled = [(float(row[0]) - first, float(row[i + 1])) for row in rows if len(row) > i + 1 and row[i + 1]]
        rate = float(line.split(",")[9]) / (float(record_seconds) or 1.0)
        values = np.full(1 + round(max((t for t, _ in filled), default=-1.0) * rate), np.nan)
        for t, value in filled:
            values[round(t * rate)] = value
        signals.append({"label": label.strip(), "unit": unit.strip(), **said(values, rate, _probes_of(probes, i))})
    annotations = []
    for line in texts["annotations"].splitlines()[1:]:
        onset, duration, text = line.split(",", 2)
        annotations.append([float(onset) - first, float(duration or 0), text])
    seconds = int(count) * float(record_seconds)
    return {"signals": signals, "seconds": seconds, "annotations": annotations, "latin_only": True}


FUNCTIONS: dict[str, Callable[[Path, Any], dict[str, Any]]] = {
    US: read_this, "pyedflib": read_pyedflib, "edfio": read_edfio, "mne": read_mne, "EDFbrowser": read_edfbrowser,
}  # fmt: skip


def child(reader: str, path: Path, probes: Path, out: Path) -> None:
    """Open one file in one reader and write what it says as JSON."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            answer = FUNCTIONS[reader](path, json.loads(probes.read_text()))
        except MemoryError:
            answer = {"refused": f"more than {MEMORY_LIMIT >> 30} GB of memory asked for"}
        except Exception as error:
            expected = isinstance(error, OSError | ValueError) or type(error).__name__ in ("FileProblem", "Refused")
            words = str(error).strip() or "no reason given"
            answer = {"refused": words if expected else f"{type(error).__name__}: {words}"}
    ignored = (DeprecationWarning, ResourceWarning, PendingDeprecationWarning)
    answer.setdefault("says", [str(w.message) for w in caught if not issubclass(w.category, ignored)])
    out.write_text(json.dumps(answer, default=str))


def ask(reader: str, path: Path, probes: Any, folder: Path) -> dict[str, Any]:
    """What a reader says of a file, or how it died."""
    asked, out = folder / "probes.json", folder / "answer.json"
    asked.write_text(json.dumps(probes))
    out.unlink(missing_ok=True)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))

    process = subprocess.Popen(
        [sys.executable, __file__, "--read", reader, str(path), str(asked), str(out)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=limit, start_new_session=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    try:
        code = process.wait(WINDOW_TIME_LIMIT if reader == "EDFbrowser" else TIME_LIMIT)
    except subprocess.TimeoutExpired:
        return {"died": "hung"}
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if code or not out.exists():
        return {"died": f"crashed ({signal.Signals(-code).name if code < 0 else f'exit status {code}'})"}
    answer: dict[str, Any] = json.loads(out.read_text())
    return answer


# --- judgement ---------------------------------------------------------------------------------------------------


def judge(truth: Truth, answer: dict[str, Any]) -> str:
    """“right”, “read, but …”, “refused: …”, “crashed” or “hung”."""
    if "died" in answer:
        return str(answer["died"])
    if "refused" in answer:
        return f"{'right, ' if truth.unreadable else ''}refused: {short(answer['refused'])}"
    if "opened" in answer:
        return f"opened; {answer['opened']}"
    expected = truth.annotations
    if answer.get("latin_only"):  # an export that cannot hold other letters: they are not judged
        expected = tuple((t, d, text.encode("latin-1", "ignore").decode("latin-1")) for t, d, text in expected)
    wrong = [*_wrong_signals(truth, answer["signals"]), *_wrong_annotations(expected, answer["annotations"])]
    start = answer.get("start")
    if truth.start and "start" in answer:
        told = start and datetime.fromisoformat(start)
        if told is None or abs(told - truth.start) > timedelta(milliseconds=1):
            wrong.append(f"start {told or 'unknown'}")
    if not wrong:
        return "right"
    warned = f" (it says: “{short(answer['says'][0], 70)}”)" if answer["says"] else ""
    return f"read, but {'; '.join(dict.fromkeys(wrong))}{warned}"


def _wrong_signals(truth: Truth, signals: Sequence[dict[str, Any]]) -> Iterator[str]:
    if len(signals) != len(truth.rates):
        yield f"{len(signals)} signals instead of {len(truth.rates)}"
        return
    for i, (told, rate) in enumerate(zip(signals, truth.rates, strict=True)):
        if rate is None:
            yield f"a rate of {told['rate']:g} Hz made up"
            continue
        if truth.labels and told["label"] != truth.labels[i]:
            yield f"label garbled: “{told['label']}”"
        if truth.unit and told["unit"] not in (truth.unit, "uV"):
            yield f"µ garbled: unit “{told['unit']}”"
        if abs(told["rate"] - rate) > 1e-6 * rate:
            yield f"{rate:g} Hz resampled to {told['rate']:g} Hz"
            continue
        yield from _wrong_values(truth.probes[i], told, truth.tolerances[i])
    if [told["rate"] for told in signals] == list(truth.rates):
        more = sum(told["samples"] for told in signals) - truth.samples
        if more:
            yield f"{abs(more)} samples {'invented' if more > 0 else 'missing'}"


def _wrong_values(probes: Sequence[tuple[float, int, float]], told: dict[str, Any], tolerance: float) -> Iterator[str]:
    def right(value: float | None, expected: float) -> bool:
        return value is not None and abs(value - expected) <= tolerance + 1e-6 * abs(expected)

    timed = [right(v, p[2]) for v, p in zip(told["timed"], probes, strict=True)]
    if all(timed):
        return
    present = [(v, p) for v, p in zip(told["numbered"], probes, strict=True) if v is not None]
    values, true = (
        (np.array(column) for column in zip(*((v, p[2]) for v, p in present), strict=True)) if present else ((), ())
    )
    if not present:
        yield "no values"
    elif all(right(v, p[2]) for v, p in present):
        moved = [p for t, n, p in zip(told["timed"], told["numbered"], probes, strict=True) if t != n]
        if moved:
            yield "gaps closed" if _has_gaps(probes) else f"samples at other times from {moved[0][0]:.3g} s on"
    elif len(set(values)) == 1:
        yield f"a flat line at {values[0]:g}"
    elif np.allclose(values, np.clip(true, values.min(), values.max())):
        yield f"values cut off at {values.min():g} and {values.max():g}"
    else:
        gain, offset = np.polyfit(true, values, 1)
        fits = np.allclose(gain * true + offset, values, rtol=1e-3, atol=1e-3 * np.abs(values).max())
        yield f"another scale: {gain:.3g} times the value, {offset:+.3g}" if fits else "values wrong"


def _has_gaps(probes: Sequence[tuple[float, int, float]]) -> bool:
    """Whether time runs faster than samples at the end than at the start."""
    return len(probes) > 2 and probes[-1][0] / probes[-1][1] > 1.5 * probes[1][0] / probes[1][1]


def _wrong_annotations(expected: Sequence[tuple[float, float, str]], told: Sequence[Sequence[Any]]) -> Iterator[str]:
    told = sorted((a for a in told if a[2]), key=lambda a: a[0])
    if len(told) < len(expected):
        yield f"{len(expected) - len(told)} of {len(expected)} annotations lost"
    elif len(told) > len(expected):
        yield f"{len(told) - len(expected)} annotations too many"
    else:
        for (onset, duration, text), (onset_told, duration_told, text_told) in zip(expected, told, strict=True):
            if abs(onset - onset_told) > 1e-4:
                yield f"annotation at {onset_told:g} s instead of {onset:g} s"
            if abs(duration - max(duration_told, 0.0)) > 1e-4:
                yield f"annotation lasts {duration_told:g} s instead of {duration:g} s"
            if text != text_told:
                yield f"annotation garbled: “{text_told}”"


def compare(answers: dict[str, dict[str, Any]]) -> dict[str, str]:
    """What each reader read of a real file, and in bold where it differs from the first that read it."""
    cells, first, base = {}, "", {}
    for reader, a in answers.items():
        if "signals" not in a:
            cells[reader] = judge(Truth((), (), (), 0), a)
            continue
        letters = "latin-1" if a.get("latin_only") else "utf-8"  # letters that an export cannot hold are not compared
        marks = [x for x in a["annotations"] if x[2] or letters == "latin-1"]
        parts = {
            "signals": _counted(len(a["signals"]), "signal"),
            "seconds": f"{a['seconds']:.6g} s",
            "annotations": _counted(len(marks), "annotation"),
        }
        cell = ", ".join(t if not base or base[k] == t else f"**{t}**" for k, t in parts.items())
        if not base:
            first, base = reader, parts
        elif base["signals"] == parts["signals"]:
            pairs = list(zip(a["signals"], answers[first]["signals"], strict=True))
            resampled = sum(abs(x["rate"] - y["rate"]) > 1e-6 for x, y in pairs)
            other = sum(abs(x["rate"] - y["rate"]) <= 1e-6 and not _alike(x["few"], y["few"]) for x, y in pairs)
            cell += f"; **{_counted(resampled, 'signal')} resampled**" if resampled else ""
            cell += f"; **values of {_counted(other, 'signal')} differ**" if other else ""
            if base["annotations"] == parts["annotations"]:
                both = (marks, [x for x in answers[first]["annotations"] if x[2]])
                texts = [sorted(filter(None, (x[2].encode(letters, "ignore").strip() for x in m))) for m in both]
                cell += "; **texts differ**" if texts[0] != texts[1] else ""
                late = np.abs(np.subtract(*[sorted(x[0] for x in m) for m in both])).max(initial=0.0)
                cell += f"; **onsets differ by up to {late:.3g} s**" if late > 1e-3 else ""
        cells[reader] = cell
    return cells


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _alike(a: Sequence[float], b: Sequence[float]) -> bool:
    scale = max([abs(x) for x in b], default=1.0) or 1.0
    return len(a) == len(b) and np.allclose(a, b, rtol=1e-4, atol=1e-5 * scale)


# --- the table ---------------------------------------------------------------------------------------------------


def short(words: str, most: int = 110) -> str:
    """The first line, cut, without the path of the file."""
    first = (str(words).strip().splitlines() or [""])[0].strip()
    first = re.sub(r"\S*/\S+?\.[eb]df(: )?", "", first)
    return first if len(first) <= most else first[: most - 1].rstrip() + "…"


def row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def head(cells: Sequence[str]) -> str:
    return row(cells) + "\n" + "|" + "---|" * len(cells)


def installed() -> dict[str, str]:
    """The readers that are there, with their versions."""
    found = {}
    for reader, package in READERS.items():
        if reader == US:
            from neuroflow import __version__

            found[reader] = __version__
        elif reader == "EDFbrowser":
            if number := version():
                found[reader] = number
        elif importlib.util.find_spec(reader):
            found[reader] = importlib.metadata.version(package)
    return found


def main(out: Path, word: str = "") -> None:
    data = Path(os.environ.get("NEUROFLOW_TEST_DATA", PROJECT.parent / "shared" / "data"))
    versions = installed()
    names = [US, *(f"{name} {version}" for name, version in versions.items() if name != US)]
    made_rows, real_rows, tally = [], [], {name: Counter[str]() for name in versions}
    with tempfile.TemporaryDirectory() as temporary, screen():
        folder = Path(temporary)
        for made in make_all(folder):
            if word not in made.trait:
                continue
            print(made.trait, flush=True)
            answers = {reader: ask(reader, made.path, made.truth.probes, folder) for reader in versions}
            verdicts = {reader: judge(made.truth, answer) for reader, answer in answers.items()}
            for reader, verdict in verdicts.items():
                tally[reader][next(kind for kind in KINDS if verdict.startswith(kind))] += 1
            listed = "; ".join(answers[US].get("says", []))
            made_rows.append(row([made.trait, made.right, *verdicts.values(), listed]))
            for reader, verdict in verdicts.items():
                print(f"    {reader}: {verdict}", flush=True)
        for path in sorted([*data.glob("edf-fixtures/*.[eb]df"), *data.glob("scalp/*.[eb]df")]):
            if word not in path.name:
                continue
            print(path.name, flush=True)
            answers = {reader: ask(reader, path, (), folder) for reader in versions}
            cells = compare(answers)
            real_rows.append(row([path.name, *cells.values(), "; ".join(answers[US].get("says", []))]))
            print(f"    {cells}", flush=True)
    counts = [row([name, *(str(tally[name][kind]) for kind in KINDS)]) for name in versions]
    absent = [name for name in READERS if name not in versions]
    parts = [
        INTRODUCTION.strip().format(
            seconds=TIME_LIMIT, window_seconds=WINDOW_TIME_LIMIT, gigabytes=MEMORY_LIMIT >> 30
        ),
        f"Made on {date.today():%-d %B %Y} under {platform.system()} with Python {platform.python_version()}."
        + (f" Not installed, so not asked: {', '.join(absent)}." if absent else ""),
        "## How often",
        head(["reader", "right", "read, but", "opened, not compared", "refused", "crashed", "hung"])
        + "\n" + "\n".join(counts),
        "## Traits, in files made for them",
        head(["trait", "what is right", *names, "what this program lists"]) + "\n" + "\n".join(made_rows),
        "## Real files",
        head(["file", *names, "what this program lists"]) + "\n" + "\n".join(real_rows),
    ]  # fmt: skip
    out.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "--read":
        child(sys.argv[2], *(Path(argument) for argument in sys.argv[3:]))
    else:
        main(Path(sys.argv[1]), *sys.argv[2:])
