"""Tables and JSON of a simulated BIDS tree: columns and names as in OpenNeuro ds004752, the truth in ``events``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from neuroflow.io.bids_tables import tsv
from neuroflow.simulation.patient import Patient, Twin
from neuroflow.simulation.sources import REGIONS

CHANNEL_COLUMNS = ("name", "type", "units", "low_cutoff", "high_cutoff", "sampling_frequency")
ELECTRODE_COLUMNS = ("name", "x", "y", "z", "size", "AnatomicalLocation")
EVENT_COLUMNS = ("onset", "duration", "begSample", "endSample", "trial_type", "value", "extent", "side", "sources")
CONTACT_MM = 1.3
NEAR_MM = 12.0

ABOUT_EVENTS = {
    "onset": {"Description": "begin of a state or artefact, first peak of a discharge", "Units": "s"},
    "duration": {"Description": "how long it lasts", "Units": "s"},
    "begSample": {"Description": "the sample nearest to the onset, counted from 1"},
    "endSample": {"Description": "the last sample, counted from 1"},
    "trial_type": {
        "Description": "what it is",
        "Levels": {
            "discharge": "an interictal discharge that was simulated, seen at the scalp or not",
            "state": "a state of vigilance",
            "artefact": "an artefact of the scalp recording",
        },
    },
    "value": {"Description": "the name of the state or of the kind of artefact"},
    "extent": {
        "Description": "of a discharge: hippocampal (mesial structures only), propagated (mesial, then neocortex) or "
        "lateral (neocortex only)"
    },
    "side": {"Description": "of a discharge: left or right"},
    "sources": {"Description": "places that took part in a discharge, or where an artefact is largest; by commas"},
}  # fmt: skip

ABOUT_ELECTRODES = {
    "name": {"Description": "the label of the contact"},
    "x": {"Description": "MNI coordinate, to the right", "Units": "mm"},
    "y": {"Description": "MNI coordinate, forwards", "Units": "mm"},
    "z": {"Description": "MNI coordinate, upwards", "Units": "mm"},
    "size": {"Description": "diameter", "Units": "mm"},
    "AnatomicalLocation": {"Description": f"the nearest named source of the simulated patient within {NEAR_MM:g} mm"},
}

ABOUT_PARTICIPANTS = {
    "age": {"Description": "none: the patients are simulated"},
    "sex": {"Description": "none: the patients are simulated"},
    "pathology": {"Description": "the simulated foci"},
    "seed": {"Description": "seed of the patient"},
    "local_share": {"Description": "share of each contact's background power that has no field at the scalp"},
    "implant": {"Description": "whose contact positions were used"},
}

README = """Simulated patients

Nobody was recorded: every signal here was computed by NeuroFlow Review (neuroflow simulate). Scalp and depth EEG of
each patient come from the same simulated sources, so they are simultaneous to the sample. The layout is that of
OpenNeuro ds004752. events.tsv holds the truth: every discharge with its time, extent, side and sources, the states of
vigilance, and the artefacts of the scalp recording.

Depth signals are sampled like the scalp's, not at 2000 Hz: the simulation is band-limited, and nothing would be added.
They stand against a distant, quiet reference. Contact positions are those of each simulated patient, a few millimetres
off the implant that was asked for.
"""


def channels_table(names: Sequence[str], kind: str, rate: float, band: tuple[float, float]) -> str:
    """``channels.tsv``; ``kind`` is ``EEG`` or ``SEEG``. Unlike ds004752's, the low cut-off stands under its name."""
    return tsv(CHANNEL_COLUMNS, [(name, kind, "μV", f"{band[0]:g}", f"{band[1]:g}", f"{rate:g}") for name in names])


def electrodes_table(patient: Patient) -> str:
    """``electrodes.tsv``: where the contacts of this simulated patient are."""
    rows = [
        (contact.name, *(f"{value:.3f}" for value in place), CONTACT_MM, nearest_region(patient, place))
        for contact, place in zip(patient.implant.contacts, patient.contacts_mm, strict=True)
    ]
    return tsv(ELECTRODE_COLUMNS, rows)


def nearest_region(patient: Patient, mni: Sequence[float]) -> str:
    """The named source nearest to a point (MNI mm), with its side; ``no_label_found`` where all are far."""
    named = {region.name for region in REGIONS}
    apart = np.linalg.norm(patient.sources.mni - np.asarray(mni), axis=1)
    apart[[name not in named for name in patient.sources.names]] = np.inf
    index = int(np.argmin(apart))
    if apart[index] > NEAR_MM:
        return "no_label_found"
    return f"{patient.sources.sides[index].capitalize()} {patient.sources.names[index]}"


def events_table(twin: Twin) -> str:
    """``events.tsv``: every discharge, state and artefact in order of time."""
    found: list[tuple[float, float, str, str, str, str, Sequence[str]]] = [
        *((s.start, s.stop - s.start, "state", s.name, "", "", ()) for s in twin.states),
        *((d.time, d.duration, "discharge", "", d.extent, d.side, d.sources) for d in twin.discharges),
        *((a.time, a.duration, "artefact", a.kind, "", "", a.sites) for a in twin.artefacts),
    ]
    rows = []
    for onset, duration, kind, *names, places in sorted(found, key=lambda one: (one[0], one[2])):
        first = round(onset * twin.rate) + 1
        last = max(first, round((onset + duration) * twin.rate))
        rows.append((f"{onset:.6f}", f"{duration:.6f}", first, last, kind, *names, ", ".join(places)))
    return tsv(EVENT_COLUMNS, rows)


def recording_json(
    kind: str, channels: int, seconds: float, rate: float, band: tuple[float, float], reference: str
) -> dict[str, Any]:  # fmt: skip
    """``*_eeg.json`` or ``*_ieeg.json``; ``kind`` is ``EEG`` or ``SEEG``."""
    counts = {"EEG": 0, "SEEG": 0, "ECOG": 0} if kind == "SEEG" else {"EEG": 0}
    counts |= {"EOG": 0, "ECG": 0, "EMG": 0, "MISC": 0, "TRIGGER": 0}
    counts[kind] = channels
    names = {"MISC": "Misc", "TRIGGER": "Trigger"}
    return {
        "TaskName": "rest",
        "TaskDescription": "A simulated patient, awake and asleep. No human being was recorded.",
        "Manufacturer": "simulated",
        "ManufacturersModelName": "NeuroFlow simulator",
        "InstitutionName": "n/a (simulated)",
        "iEEGReference" if kind == "SEEG" else "EEGReference": reference,
        "SamplingFrequency": rate,
        "SamplingFrequencyDescription": "The simulation is band-limited; a higher rate would add nothing.",
        "PowerLineFrequency": "n/a",
        "SoftwareFilters": {"Band limit": {"low cut-off (Hz)": band[0], "high cut-off (Hz)": band[1]}},
        "HardwareFilters": "n/a",
        **{f"{names.get(key, key)}ChannelCount": value for key, value in counts.items()},
        "RecordingDuration": seconds,
        "RecordingType": "continuous",
        "SubjectArtefactDescription": "simulated blinks, glances, muscle and electrode artefacts; see events.tsv",
    }


def dataset_json(version: str, patients: int, seed: int) -> dict[str, Any]:
    """``dataset_description.json``: what made the tree, and that it is simulated."""
    return {
        "Name": f"Simulated scalp and depth EEG of {patients} patients (seed {seed})",
        "BIDSVersion": "1.8.0",
        "DatasetType": "raw",
        "License": "CC0",
        "Authors": ["simulated by NeuroFlow Review"],
        "GeneratedBy": [
            {
                "Name": "NeuroFlow Review",
                "Version": version,
                "Description": "neuroflow simulate: the signals are simulated, nobody was recorded.",
            }
        ],
        "ReferencesAndLinks": ["The layout is that of doi:10.18112/openneuro.ds004752.v1.0.1"],
    }


def moment(value: datetime) -> str:
    """``2026-01-12T22:10:00``."""
    return value.isoformat(timespec="seconds")
