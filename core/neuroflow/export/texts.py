"""Free text in a recording, listed for a person to read before it is given away: headers are not the only place."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from neuroflow.anatomy.electrodes import SITES, UNNAMED
from neuroflow.errors import FileProblem
from neuroflow.export.provenance import ALWAYS, OF_CHANNELS, PADDING, SHIFTED, WITHHELD, facts_of
from neuroflow.export.shifting import shifted
from neuroflow.io.edf_writer import write_whole
from neuroflow.recording import UNKNOWN_DATE, Recording

KEEP, REMOVE, REPLACE = "keep", "remove", "replace"
COLUMNS = ("decision", "text", "replacement", "where", "times", "first_s")
LARGEST = 16 << 20

# What acquisition programs and technicians write that names nobody; everything else is for a person to decide.
_HARMLESS = frozenset(
    "eyes open|eyes closed|eo|ec|rest|start|stop|end|photic|photic stimulation|hyperventilation|hv|hv start|hv end|"
    "movement|moving|blink|blinks|chewing|swallow|swallowing|cough|talking|artefact|artifact|electrode artefact|"
    "awake|drowsy|asleep|sleep|n1|n2|n3|rem|wake|arousal|spike|sharp wave|seizure|sz|lights on|lights off|"
    "calibration|impedance|impedance check|montage|t0|t1|t2|start recording|end recording|recording start".split("|")
)
# What labels of channels are made of: kinds of signals, references, sides. Electrodes and contacts are told by form.
_LABEL_WORDS = frozenset(
    "eeg ieeg seeg ecog pol ecg ekg eog emg ref le re av avg avr car resp respiration airflow flow nasal thorax thor "
    "abdomen abdo abd chest effort spo2 sao2 osat pulse pleth hr pr photic pho trig trigger status event marker stim "
    "dc aux chin leg left right l r roc loc upper lower temp body pos position snore snoring cpap med t7 t8 p7 p8 a1a2 "
    "m1m2".split()
) | {site.lower() for site in SITES}
# Shafts are called by up to four capitals (AHL1, TP'3): a word in small letters, as Eva1, may be a name.
_CONTACT = re.compile(r"[A-Z]{1,4}'?\d{1,3}")
_OURS = re.compile(rf"~{_CONTACT.pattern} (?:med|p05|p95|s\d{{3}})")  # a channel of a reconstruction
_NUMBERED = re.compile(r"([a-z0-9]*[a-z])\d{1,3}")

# What provenance says without a name. Of a model's own words its maker is to answer; of the input the hash may stay.
_LONGEST_FACT = 2000
_NAMELESS = re.compile(
    rf"{ALWAYS[0]}(?:\.|: estimated from scalp EEG by a model; no electrode was at these places\.)?"
    rf"|{re.escape(ALWAYS[1])}(?: .*)?"
    r"|Software: NeuroFlow Review \S+, on .*"
    r"|Model: .*, version .*; weights sha256 [0-9a-f]{64}"
    r"|Implant: .*; rate \S+ Hz, band \S+ to \S+ Hz"
    r"|Samples: \d+, seed \d+, drawn again for being unsound: \d+"
    r"|Limits: p05 to p95 covers \S+ % of .*, as \d+ samples allow; med is their median"
    rf"|The scalp EEG is of a simulated patient\.|{re.escape(SHIFTED)}"
)
_INPUT = re.compile(r"Input: (?:.*, )?([\d.e+]+ s to [\d.e+]+ s, sha256 (?:[0-9a-f]{64}|unknown))")


@dataclass(frozen=True, slots=True)
class FreeText:
    """One text of a recording, where it stands, how often, and the first time (s); what is suggested to do with it."""

    text: str
    where: str
    times: int
    first: float | None
    decision: str
    replacement: str = ""


def free_texts(recording: Recording) -> tuple[FreeText, ...]:
    """Every distinct text of annotations, transducers, filters and labels of channels, the most frequent first.

    Labels that say electrodes and kinds of signals, and nothing else, are not among them. The patient and recording
    fields are not either: nothing of them is kept, and :func:`left_out` lists them.
    """
    found: list[FreeText] = []
    counts = Counter(a.text for a in recording.annotations)
    first: dict[str, float] = {}
    for annotation in recording.annotations:
        first[annotation.text] = min(annotation.onset, first.get(annotation.text, annotation.onset))
    own = _own(recording)
    for text, times in counts.most_common():
        harmless = " ".join(text.lower().split()) in _HARMLESS
        becomes = text if harmless else own.get(text, "")
        decision = KEEP if becomes == text else REPLACE if becomes else REMOVE
        found.append(FreeText(text, "annotation", times, first[text], decision, becomes if decision == REPLACE else ""))
    fields = Counter(field for c in recording.channels for field in (c.transducer, c.prefilter) if field.strip())
    known = set(counts)
    found += [FreeText(t, "channel header", n, None, KEEP) for t, n in fields.most_common() if t not in known]
    known |= set(fields)
    labels = Counter(c.label for c in recording.channels if not names_a_signal(c.label))
    found += [FreeText(t, "channel label", n, None, REMOVE) for t, n in labels.most_common() if t not in known]
    return tuple(found)


def _own(recording: Recording) -> dict[str, str]:
    """What this program wrote into a reconstruction, and what of it names nobody."""
    own: dict[str, str] = {}
    if recording.reconstructed:
        texts = {a.text for a in recording.annotations}
        own = {t: WITHHELD for t in texts if t.startswith(f"{WITHHELD}: ")} | {t: t for t in (PADDING, WITHHELD)}
    for fact, pieces in facts_of(recording):
        told = without_names(fact)
        if told == fact:
            own |= {piece.text: piece.text for piece in pieces}
        elif told and len(pieces) == 1:
            own[fact] = told
    return own


def without_names(fact: str) -> str:
    """A sentence of a file's provenance without the name of a file; empty where more than that may name somebody."""
    if len(fact) > _LONGEST_FACT:
        return ""
    if (match := _INPUT.fullmatch(fact)) is not None:
        return f"Input: {match[1]}"
    what, _, names = fact.partition(": ")
    known = what in OF_CHANNELS and all(map(names_a_signal, re.split(", | is ", names.replace(UNNAMED, ""))))
    return fact if known or _NAMELESS.fullmatch(fact) else ""


def names_a_signal(label: str) -> bool:
    """Whether a label of a channel holds electrodes, contacts and kinds of signals and nothing else."""
    label = label.replace("≈", "~")
    if _OURS.fullmatch(label):
        return True
    words = [word for word in re.split(r"[^A-Za-z0-9']+", label) if word]
    named = [word for word in words if not word.isdigit()]
    numbers = [word for word in words if word.isdigit()]
    if not label.isascii() or len("".join(numbers)) > 3 or len(numbers) > bool(named):
        return False  # numbers that count nothing may be a date or an identifier
    return all(map(_is_of_signals, named))


def _is_of_signals(word: str) -> bool:
    plain = word.lower()
    numbered = _NUMBERED.fullmatch(plain)
    return (
        plain in _LABEL_WORDS
        or _CONTACT.fullmatch(word) is not None
        or (numbered is not None and numbered.group(1) in _LABEL_WORDS)
    )


def left_out(recording: Recording, days: int | None = None) -> tuple[tuple[str, str, str], ...]:
    """What of the patient and recording fields no de-identified copy holds: where, text, and what stands there then.

    With ``days``, dates are shifted by so many. Raises: NeuroflowError where they cannot be.
    """
    patient, start = recording.patient, recording.start
    fields = [
        ("patient name", patient.name), ("patient identifier", patient.identifier),
        ("date of birth", patient.birthdate), ("sex", patient.sex), ("patient field", patient.additional),
        ("recording field", recording.recording_field.strip()),
    ]  # fmt: skip
    found = [(where, text, "") for where, text in fields if set(text.split()) - {"Startdate", "X"}]
    if start is not None and recording.dated:
        becomes = UNKNOWN_DATE if days is None else shifted(start, days).date()
        found.append(("start date", start.date().isoformat(), becomes.isoformat()))
    return tuple(found)


def write_texts(texts: tuple[FreeText, ...], path: Path) -> None:
    """A table to read and change, tab-separated, in one step. Raises: FileProblem."""
    out = io.StringIO(newline="")
    table = csv.writer(out, delimiter="\t", lineterminator="\n")
    table.writerow(COLUMNS)
    for t in texts:
        table.writerow(
            [t.decision, t.text, t.replacement, t.where, t.times, "" if t.first is None else f"{t.first:.3f}"]
        )
    write_whole(path, out.getvalue().encode("utf-8"))


def read_texts(path: Path) -> dict[str, str]:
    """The reviewed table: what each text becomes, empty where it is removed. Raises: FileProblem."""
    try:
        if path.stat().st_size > LARGEST:
            raise FileProblem(f"“{path.name}” is too large to be a list of texts: choose the one that was reviewed.")
        lines = io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")
        rows = list(csv.DictReader(lines, delimiter="\t"))
    except OSError as error:
        raise FileProblem(f"There is no readable list of texts “{path.name}”: check its name.", str(error)) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileProblem(
            f"“{path.name}” is no tab-separated table in UTF-8: save it as such, or list the texts again.", str(error)
        ) from error
    becomes: dict[str, str] = {}
    for number, row in enumerate(rows, 2):
        decision, text = (row.get("decision") or "").strip().lower(), row.get("text")
        if text is None or decision not in (KEEP, REMOVE, REPLACE):
            raise FileProblem(
                f"Line {number} of “{path.name}” says neither keep, remove nor replace: put one into the first column."
            )
        replacement = row.get("replacement") or ""
        if decision == REPLACE and not replacement.strip():
            raise FileProblem(f"Line {number} of “{path.name}” replaces a text by nothing: give one, or say remove.")
        becomes[text] = text if decision == KEEP else replacement if decision == REPLACE else ""
    return becomes


def unreviewed(recording: Recording, becomes: Mapping[str, str]) -> tuple[str, ...]:
    """The texts of a recording of which nothing was decided."""
    return tuple(t.text for t in free_texts(recording) if t.text not in becomes)
