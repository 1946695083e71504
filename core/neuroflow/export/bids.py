"""A reconstruction as a BIDS derivative: the EDF+ file with what the standard asks for beside it."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroflow import __version__
from neuroflow.errors import FileProblem, NeuroflowError
from neuroflow.export.edf import ExportReport, export_reconstruction
from neuroflow.export.plan import ExportRequest
from neuroflow.export.provenance import PURPOSE, WORDS
from neuroflow.io.bids_tables import pretty, tsv
from neuroflow.io.edf_reader import open_edf
from neuroflow.io.edf_writer import write_whole, writing_to
from neuroflow.jobs import Control
from neuroflow.recording import SignalSource

if TYPE_CHECKING:
    from neuroflow.inference.engine import Reconstructor

VERSION = "1.10.0"
PIPELINE = "NeuroFlow Review"
_MADE = "desc-reconstructed"
_STEM = re.compile(
    r"sub-(?P<subject>[A-Za-z0-9]+)(?:_ses-(?P<session>[A-Za-z0-9]+))?_task-(?P<task>[A-Za-z0-9]+)"
    r"(?:_acq-[A-Za-z0-9]+)?(?:_run-(?P<run>[0-9]+))?_eeg"
)
_LABEL = re.compile(r"[A-Za-z0-9]{1,40}")
_MOST_DESCRIPTION = 1 << 20

_README = f"""Depth EEG, {WORDS}

The signals here were estimated from scalp EEG by a model; no electrode was at these places. Channels are the median
(med), the ends of a band (p05, p95) or samples (s000 ...) of a distribution; *_ieeg.json says how often the band holds.
They are meant for {PURPOSE}.

Positions of electrodes are those that the model was trained for, not those of a patient.
"""


@dataclass(frozen=True, slots=True)
class Entities:
    """Whose recording it is, in which session, doing what: labels of letters and digits. Raises: NeuroflowError."""

    subject: str
    task: str
    session: str = ""
    run: str = ""

    def __post_init__(self) -> None:
        for what, label in (("subject", self.subject), ("task", self.task), ("session", self.session or "x")):
            if not _LABEL.fullmatch(label):
                given = f", not “{label}”" if label else ""
                raise NeuroflowError(f"Give a {what} of letters and digits for BIDS{given}.")

    @property
    def folder(self) -> Path:
        session = [f"ses-{self.session}"] if self.session else []
        return Path(f"sub-{self.subject}", *session, "ieeg")

    @property
    def place(self) -> str:
        """``sub-01_ses-02``."""
        return "_".join(part for part in self.folder.parts[:-1])

    @property
    def stem(self) -> str:
        """``sub-01_ses-02_task-rest_run-1``."""
        return f"{self.place}_task-{self.task}" + (f"_run-{self.run}" if self.run else "")

    @property
    def file(self) -> Path:
        """The EDF+ file within a dataset."""
        return self.folder / f"{self.stem}_{_MADE}_ieeg.edf"


@dataclass(frozen=True, slots=True)
class Dataset:
    """Where :func:`export_bids` writes: the folder of a dataset, and whose recording it is in there."""

    root: Path
    entities: Entities


def entities_of(path: Path, subject: str = "", task: str = "", session: str = "") -> Entities:
    """What is given, and else what the recording's BIDS name says. Raises: NeuroflowError where neither does."""
    match = _STEM.fullmatch(path.stem)
    known = {k: v or "" for k, v in match.groupdict().items()} if match else {}
    subject, task = subject.removeprefix("sub-") or known.get("subject", ""), task or known.get("task", "")
    if not subject or not task:
        raise NeuroflowError(
            f"“{path.name}” has no BIDS name that would say whose it is: give --subject and --task, such as --subject "
            "01 --task rest."
        )
    session = session.removeprefix("ses-") or known.get("session", "")
    return Entities(subject, task, session, known.get("run", ""))


def export_bids(
    source: SignalSource, reconstructor: Reconstructor, root: Path, entities: Entities,
    request: ExportRequest | None = None, control: Control | None = None,
) -> ExportReport:  # fmt: skip
    """Reconstruct into ``root``, a BIDS derivative dataset that is made where there is none (BIDS 1.10, derivatives).

    No file of it names the patient, the date or the file that was read; the files of a folder are of one implant.
    Raises: FileProblem, NotReconstructable, OutOfMemory, Cancelled.
    """
    request = replace(request or ExportRequest(), deidentified=True)  # a BIDS dataset is meant to be shared
    described = _description(root, reconstructor)
    reconstructor.check(source.recording, request.excluded)
    folder = root / entities.folder
    stem = f"{entities.stem}_{_MADE}"
    _check_implant(folder, entities, entities.file.name, reconstructor)

    def beside(written: Path, report: ExportReport) -> None:
        for path, text in {
            folder / f"{entities.place}_space-Other_electrodes.json": pretty(_ABOUT_ELECTRODES),
            folder / f"{entities.place}_space-Other_electrodes.tsv": _electrodes(reconstructor),
            folder / f"{entities.place}_space-Other_coordsystem.json": pretty(_coordinates(reconstructor)),
            folder / f"{stem}_channels.json": pretty(_ABOUT_CHANNELS),
            folder / f"{stem}_channels.tsv": _channels(written, reconstructor),
            folder / f"{stem}_ieeg.json": pretty(_about(source, reconstructor, report, entities)),
        }.items():
            write_whole(path, text.encode("utf-8"))

    with writing_to(root):
        root.mkdir(parents=True, exist_ok=True)
    # First what says whose dataset this is: whenever the rest is stopped, the next export goes on in this folder.
    write_whole(root / "dataset_description.json", pretty(described).encode("utf-8"))
    if not (root / "README.md").exists():  # what somebody wrote into it stays
        write_whole(root / "README.md", _README.encode("utf-8"))
    with writing_to(root):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        return export_reconstruction(source, reconstructor, root / entities.file, request, control, beside)
    except BaseException:
        with contextlib.suppress(OSError):  # folders that hold something stay
            for empty in (folder, *folder.parents[: len(entities.folder.parts) - 1]):
                empty.rmdir()
        raise


def _check_implant(folder: Path, entities: Entities, name: str, reconstructor: Reconstructor) -> None:
    """That positions which other files of a folder were written with stay theirs. Raises: FileProblem."""
    path = folder / f"{entities.place}_space-Other_electrodes.tsv"
    try:
        others = any(p.name != name for p in folder.glob("*_ieeg.edf"))
        same = not (others and path.exists()) or path.read_bytes() == _electrodes(reconstructor).encode("utf-8")
    except OSError as error:
        raise FileProblem(f"“{path}” cannot be read: check the drive, and export again.", str(error)) from error
    if not same:
        raise FileProblem(
            f"“{folder}” holds reconstructions of another implant: give another session, or another folder."
        )


def _description(root: Path, reconstructor: Reconstructor) -> dict[str, Any]:
    """``dataset_description.json``: a fresh one, or this program's that is there and the model. Raises: FileProblem."""
    path = root / "dataset_description.json"
    card = reconstructor.model.card
    maker = {
        "Name": PIPELINE,
        "Version": __version__,
        "Description": f"Samples of depth EEG given scalp EEG, by model {card.name} {card.version} "
        f"(weights sha256 {reconstructor.model.hash}). {WORDS.capitalize()}. {card.intended_use}",
    }
    if not path.exists():
        if root.exists() and (not root.is_dir() or any(p.name[0] != "." for p in root.iterdir())):
            raise FileProblem(f"“{root}” holds something else: give an empty folder, or one of reconstructions.")
        return {
            "Name": f"Depth EEG, {WORDS}",
            "BIDSVersion": VERSION,
            "DatasetType": "derivative",
            "GeneratedBy": [maker],
        }
    try:
        if path.stat().st_size > _MOST_DESCRIPTION:
            raise ValueError("too large")
        found = json.loads(path.read_bytes())
        makers = list(found["GeneratedBy"])
        names = [one["Name"] for one in makers]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileProblem(
            f"“{root}” is another dataset: give an empty folder, or one of reconstructions.", str(error)
        ) from error
    if found.get("DatasetType") != "derivative" or PIPELINE not in names:
        raise FileProblem(f"“{root}” is another dataset: give an empty folder, or one of reconstructions.")
    return {**found, "GeneratedBy": makers if maker in makers else [*makers, maker]}


def _about(
    source: SignalSource, reconstructor: Reconstructor, report: ExportReport, entities: Entities
) -> dict[str, Any]:  # fmt: skip
    """``*_ieeg.json``."""
    card = reconstructor.model.card
    low, high = card.band
    covered = "" if report.coverage is None else f" p05 to p95 holds {100 * report.coverage:.1f} % of truths"
    on = f", as measured on {card.calibration.measured_on}" if card.calibration.measured_on else ""
    simulated = " of a simulated patient" if source.recording.simulated else ""
    return {
        "TaskName": entities.task,
        "TaskDescription": f"{WORDS.capitalize()}: estimated from scalp EEG{simulated} by a model.",
        "SamplingFrequency": report.rate,
        "PowerLineFrequency": "n/a",
        "SoftwareFilters": {"Band of the model": {"low cut-off (Hz)": low, "high cut-off (Hz)": high}},
        "HardwareFilters": "n/a",
        "iEEGReference": "distant and quiet, as the model was trained",
        "Manufacturer": "n/a",
        "SEEGChannelCount": report.channels,
        "EEGChannelCount": 0,
        "ECOGChannelCount": 0,
        "RecordingDuration": report.span.duration,
        "RecordingType": "discontinuous" if report.format == "EDF+D" else "continuous",
        "Description": f"{WORDS.capitalize()}: {report.samples} samples, seed {report.seed}.{covered}{on}.",
        "IntendedUse": card.intended_use,
        "Software": {"Name": PIPELINE, "Version": __version__},
        "Model": {"Name": card.name, "Version": card.version, "WeightsSHA256": report.model_hash},
        "Implant": {"Name": card.implant.name, "Source": card.implant.source},
        "Samples": report.samples,
        "Seed": report.seed,
        "InputSHA256": report.input_hash or "n/a",
        "Start": report.span.start,
        "Withheld": [{"Start": w.span.start, "Duration": w.span.duration, "Reason": w.reason} for w in report.withheld],
    }


_CHANNEL_COLUMNS = (
    "name", "type", "units", "low_cutoff", "high_cutoff", "sampling_frequency", "description", "contact", "statistic",
)  # fmt: skip
_ABOUT_CHANNELS = {
    "Description": f"One row a signal of the EDF+ file, several a contact; {WORDS}.",
    "contact": {"Description": "The contact of electrodes.tsv that the signal would have been recorded at."},
    "statistic": {
        "Description": f"What of the distribution this is; {WORDS}.",
        "Levels": {"med": "median of samples", "p05": "lower end of a 90 % band", "p95": "upper end of a 90 % band",
                   "sample": "one sample"},
    },
}  # fmt: skip
_ABOUT_ELECTRODES = {
    "Description": "Where the contacts are that the model was trained for. No electrode was there.",
    # Required of derivatives whose space is not one of the standard's own (BIDS 1.10, common metadata of derivatives).
    "SpatialReference": "MNI152; the source of the positions does not say which",
    "shaft": {"Description": "The depth electrode that the contact is on."},
}


def _channels(target: Path, reconstructor: Reconstructor) -> str:
    """``channels.tsv``, of what was written."""
    low, high = reconstructor.model.card.band
    rows: list[Sequence[object]] = []
    with open_edf(target) as written:
        for channel in written.recording.channels:
            contact, kind = channel.label.removeprefix("~").rsplit(" ", 1)
            statistic = "sample" if kind.startswith("s") else kind
            rows.append(
                (channel.label, "SEEG", "μV", f"{low:g}", f"{high:g}",
                 f"{channel.rate:g}", channel.transducer, contact, statistic)
            )  # fmt: skip
    return tsv(_CHANNEL_COLUMNS, rows)


def _electrodes(reconstructor: Reconstructor) -> str:
    rows = [(c.name, *(f"{v:.3f}" for v in c.mni), "n/a", c.shaft) for c in reconstructor.contacts]
    return tsv(("name", "x", "y", "z", "size", "shaft"), rows)


def _coordinates(reconstructor: Reconstructor) -> dict[str, Any]:
    return {
        "iEEGCoordinateSystem": "Other",
        "iEEGCoordinateUnits": "mm",
        "iEEGCoordinateSystemDescription": "MNI152, as the source of the positions calls it without saying which: x to "
        "the right, y forwards, z upwards, origin at the anterior commissure.",
        "iEEGCoordinateProcessingDescription": f"Not of a patient: {reconstructor.model.card.implant.source}",
    }
