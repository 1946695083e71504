"""Simulated patients as a BIDS tree that has the layout of OpenNeuro ds004752, so that one loader reads both.

All or nothing: the tree is made in a hidden folder beside its place and takes that place when it is whole.
"""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from neuroflow import __version__
from neuroflow.anatomy.implant import Implant
from neuroflow.errors import FileProblem
from neuroflow.io.bids_tables import pretty, tsv
from neuroflow.io.edf_fields import patient_field, recording_field
from neuroflow.io.edf_reader import open_edf
from neuroflow.io.edf_writer import EdfWriter, OutputHeader, OutputSignal, writing_to
from neuroflow.jobs import Control
from neuroflow.recording import Patient as Person
from neuroflow.recording import Samples
from neuroflow.simulation.patient import LOCAL_SHARE, SITES, Patient, Twin, draw_patient, simulate
from neuroflow.simulation.tree_sidecars import (
    ABOUT_ELECTRODES,
    ABOUT_EVENTS,
    ABOUT_PARTICIPANTS,
    README,
    channels_table,
    dataset_json,
    electrodes_table,
    events_table,
    moment,
    recording_json,
)

RATE = 200.0
BAND = (0.4, 85.0)
RECORD_SECONDS = 1.0
SHORTEST_SECONDS = 10
# ds004752's sessions last six to seven minutes; shorter ones also keep memory flat.
SESSION_SECONDS = 420
# Far from the seeds of training (one million on) and of the standard unseen patients (one thousand on).
FIRST_SEED = 10**12
SEEDS_APART = 10**6
BEGIN = datetime(2026, 1, 12, 22, 10)
SMALLEST_LIMIT = 1e-6

TEN_TWENTY = SITES[:19]
LOW_CHAIN = SITES[19:25]
EARS = SITES[25:]
# What is recorded, as in ds004752 (8, 10 and 19 to 23 channels, ears among them) and with the low temporal chain of
# Seeck et al. 2017; and how often.
MONTAGES: tuple[tuple[float, tuple[str, ...]], ...] = (
    (0.35, TEN_TWENTY + EARS),
    (0.20, TEN_TWENTY),
    (0.15, SITES),
    (0.12, tuple("Fp1 Fp2 F3 F4 C3 C4 O1 O2 A1 A2".split())),
    (0.18, tuple("F3 F4 C3 C4 O1 O2 A1 A2".split())),
)
# Electrodes that serve as reference and are not recorded; linked ears are.
REFERENCES: tuple[tuple[float, tuple[str, ...], str], ...] = (
    (0.6, ("FCz",), "electrode between Fz and Cz"),
    (0.2, ("CPz",), "electrode between Cz and Pz"),
    (0.2, ("A1", "A2"), "linked ears"),
)


@dataclass(frozen=True)
class TreeRequest:
    """What to simulate: ``seconds`` (whole) a patient, in sessions of at most seven minutes."""

    implant: Implant
    patients: int
    seconds: int
    seed: int
    local_share: float = LOCAL_SHARE

    def sessions(self) -> tuple[int, ...]:
        """Seconds of each session, as equal as whole seconds can be."""
        count = -(-self.seconds // SESSION_SECONDS)
        return tuple(self.seconds * (k + 1) // count - self.seconds * k // count for k in range(count))


@dataclass(frozen=True)
class Recorded:
    """One simulated recording: whose, which, the twin at every site, and what a laboratory would have kept of it."""

    patient: Patient
    subject: str
    session: str
    twin: Twin
    kept: tuple[str, ...]
    reference: tuple[str, ...]
    reference_text: str
    begin: datetime

    @property
    def scalp(self) -> Samples:
        """The recorded channels (channel, time) against the reference, volts."""
        index = {site: i for i, site in enumerate(self.twin.sites)}
        against = self.twin.scalp[[index[site] for site in self.reference]].mean(axis=0)
        return np.asarray(self.twin.scalp[[index[site] for site in self.kept]] - against)


def simulated(request: TreeRequest, control: Control | None = None) -> Iterator[Recorded]:
    """Every recording of a tree in order, one in memory at a time. Raises: Cancelled."""
    control = control or Control()
    sessions = request.sessions()
    total = request.patients * len(sessions)
    for number in range(request.patients):
        seed = FIRST_SEED + SEEDS_APART * request.seed + number
        rng = np.random.default_rng([0x7733, seed])
        sites = (*SITES, "FCz", "CPz")
        patient = draw_patient(seed, request.implant, local_share=request.local_share, sites=sites)
        montage = MONTAGES[int(rng.choice(len(MONTAGES), p=[share for share, _ in MONTAGES]))][1]
        _, reference, text = REFERENCES[int(rng.choice(len(REFERENCES), p=[share for share, *_ in REFERENCES]))]
        kept = _without_bad(rng, montage)
        for index, seconds in enumerate(sessions):
            control.checkpoint((number * len(sessions) + index) / total)
            twin = simulate(patient, seconds, index, RATE, band=BAND)
            begin = BEGIN + timedelta(days=number, seconds=(SESSION_SECONDS + 60) * index)
            yield Recorded(patient, f"sub-{number + 1:02d}", f"ses-{index + 1:02d}", twin, kept, reference, text, begin)
    control.checkpoint(1.0)


def write_tree(
    folder: Path, request: TreeRequest, control: Control | None = None,
    watch: Callable[[Recorded], None] | None = None,
) -> Path:  # fmt: skip
    """Write simulated patients as a BIDS tree; ``watch`` sees every recording once it is written.

    Raises: FileProblem where the folder holds something or cannot be written, Cancelled; then nothing is left behind.
    """
    check_folder(folder)
    part = folder.absolute().with_name(f".{folder.absolute().name[:100]}.{uuid.uuid4().hex[:8]}.part")
    try:
        with writing_to(folder):
            part.mkdir(parents=True)
            people: list[Recorded] = []
            for recorded in simulated(request, control):
                _write_recording(part, recorded)
                if watch is not None:
                    watch(recorded)
                if not people or people[-1].subject != recorded.subject:
                    people.append(recorded)
            _write_top(part, request, [(one.subject, one.patient) for one in people])
            if folder.is_dir():
                folder.rmdir()
            part.rename(folder)
    finally:
        with contextlib.suppress(OSError):
            shutil.rmtree(part)
    return folder


def check_folder(folder: Path) -> None:
    """Make sure that nothing is there that a tree would be mixed with. Raises: FileProblem."""
    if folder.exists() and not folder.is_dir():
        raise FileProblem(f"“{folder}” is a file: give the name of a folder that is empty or not there yet.")
    with writing_to(folder):
        if folder.is_dir() and any(folder.iterdir()):
            raise FileProblem(f"The folder “{folder}” is not empty: give one that is, or that is not there yet.")


def _without_bad(rng: np.random.Generator, montage: Sequence[str]) -> tuple[str, ...]:
    """The montage less a channel or two that were bad and not exported, as happens; at least six remain."""
    bad = min(int(rng.choice(3, p=[0.7, 0.2, 0.1])), len(montage) - 6)
    left_out = set(rng.choice(np.array(montage), size=bad, replace=False).tolist())
    return tuple(site for site in montage if site not in left_out)


def _write_top(root: Path, request: TreeRequest, people: Sequence[tuple[str, Patient]]) -> None:
    rows = []
    for subject, patient in people:
        sides = sorted({focus.side for focus in patient.foci if focus.per_minute > 0})
        foci = f"simulated temporal foci, {' and '.join(sides)}"
        rows.append((subject, None, None, foci, patient.seed, f"{request.local_share:g}", request.implant.name))
    columns = ("participant_id", "age", "sex", "pathology", "seed", "local_share", "implant")
    _text(root / "participants.tsv", tsv(columns, rows))
    _text(root / "participants.json", pretty(ABOUT_PARTICIPANTS))
    _text(root / "dataset_description.json", pretty(dataset_json(__version__, len(people), request.seed)))
    _text(root / "README", README)


def _write_recording(root: Path, recorded: Recorded) -> None:
    """Both signals of one session and all that stands beside them."""
    twin = recorded.twin
    seconds = round(twin.scalp.shape[1] / twin.rate)
    session = root / recorded.subject / recorded.session
    stem = f"{recorded.subject}_{recorded.session}_task-rest_run-01"
    events, about = events_table(twin), pretty(ABOUT_EVENTS)
    files = []
    for kind, names, signals, reference in (
        ("eeg", recorded.kept, recorded.scalp, recorded.reference_text),
        ("ieeg", twin.contacts, twin.depth, "a distant, quiet reference (simulated)"),
    ):
        folder = session / kind
        folder.mkdir(parents=True)
        bids = "EEG" if kind == "eeg" else "SEEG"
        _write_edf(folder / f"{stem}_{kind}.edf", names, signals, recorded, bids)
        _text(folder / f"{stem}_channels.tsv", channels_table(names, bids, twin.rate, BAND))
        _text(folder / f"{stem}_events.tsv", events)
        _text(folder / f"{stem}_events.json", about)
        described = recording_json(bids, len(names), seconds, twin.rate, BAND, reference)
        _text(folder / f"{stem}_{kind}.json", pretty(described))
        files.append((f"{kind}/{stem}_{kind}.edf", moment(recorded.begin)))
    _text(session / "ieeg" / f"{stem}_electrodes.tsv", electrodes_table(recorded.patient))
    _text(session / "ieeg" / f"{stem}_electrodes.json", pretty(ABOUT_ELECTRODES))
    _text(session / f"{recorded.subject}_{recorded.session}_scans.tsv", tsv(("filename", "acq_time"), files))
    table = root / recorded.subject / f"{recorded.subject}_sessions.tsv"
    if not table.exists():
        _text(table, tsv(("session_id", "acq_time"), []))
    with table.open("a", encoding="utf-8", newline="\n") as file:
        file.write(f"{recorded.session}\t{moment(recorded.begin)}\n")


def _write_edf(path: Path, names: Sequence[str], signals: Samples, recorded: Recorded, kind: str) -> None:
    """One EDF+ file in records of a second; every channel's limits fit its largest value."""
    count = round(recorded.twin.rate * RECORD_SECONDS)
    peaks = np.maximum(np.abs(signals).max(axis=1).astype(np.float64), SMALLEST_LIMIT)
    header = OutputHeader(
        signals=tuple(
            OutputSignal(
                label=name,
                samples=count,
                low=-float(peak),
                high=float(peak),
                transducer="simulated depth contact" if kind == "SEEG" else "simulated scalp electrode",
                prefilter=f"HP:{BAND[0]:g}Hz LP:{BAND[1]:g}Hz",
            )
            for name, peak in zip(names, peaks, strict=True)
        ),
        records=signals.shape[1] // count,
        record_seconds=RECORD_SECONDS,
        start=recorded.begin,
        patient=patient_field(Person(name="Simulated patient", identifier=recorded.subject.replace("-", ""))),
        recording=recording_field(
            recorded.begin.date(), equipment="NeuroFlow simulator", additional=["simulated", kind]
        ),
    )
    with EdfWriter(path, header) as writer:
        for record in range(header.records):
            writer.write(list(signals[:, record * count : (record + 1) * count]))
        writer.commit(lambda part: open_edf(part).close())


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
