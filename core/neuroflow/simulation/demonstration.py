"""The recording that ships with the program: ten minutes of a simulated patient, scalp and true iEEG.

``python -m neuroflow.simulation.demonstration DIR`` writes both files again, the same bytes on the same machine.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date, time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neuroflow.anatomy.implant import load_implant
from neuroflow.recording import Samples
from neuroflow.simulation.noise import MODEL_BAND, band_limit
from neuroflow.simulation.patient import Twin, draw_patient, simulate
from neuroflow.simulation.states import DROWSY, EYES_CLOSED, EYES_OPEN, N2, N3, State

if TYPE_CHECKING:
    import edfio

SCALP_FILE, IEEG_FILE = "demo-scalp.edf", "demo-ieeg.edf"
TEN_TWENTY = tuple("Fp1 Fp2 F7 F3 Fz F4 F8 T3 C3 Cz C4 T4 T5 P3 Pz P4 T6 O1 O2 A1 A2".split())
# Recorded against an electrode between Fz and Cz, as amplifiers do; the labels call it Ref.
REFERENCE = "FCz"
SECONDS = 600.0
SCALP_RATE, IEEG_RATE = 200.0, 100.0
SCALP_BAND = (0.4, 70.0)
# Chosen among forty patients for an active left temporal focus that the scalp shows clearly, and among twenty-five
# recordings for blinks on the first page: a good example, not a typical patient.
PATIENT_SEED, RECORDING_SEED = 10, 5

# The eyes close on the first page, so that alpha comes while one looks.
_BEGINS = (
    (EYES_OPEN, 0.0), (EYES_CLOSED, 4.0), (EYES_OPEN, 70.0), (EYES_CLOSED, 98.0), (EYES_OPEN, 168.0),
    (EYES_CLOSED, 184.0), (DROWSY, 242.0), (N2, 318.0), (N3, 520.0),
)  # fmt: skip
_TEXT = {
    EYES_OPEN: "Eyes open",
    EYES_CLOSED: "Eyes closed",
    DROWSY: "Drowsy",
    N2: "Sleep stage N2",
    N3: "Sleep stage N3",
}


def demonstration() -> tuple[Twin, Samples]:
    """The demonstration's twin at the scalp's rate, and its iEEG (contact, time) at the model's rate, in volts.

    The twin's ``scalp`` is against infinity and has the reference as its last site.
    """
    patient = draw_patient(PATIENT_SEED, load_implant(), sites=(*TEN_TWENTY, REFERENCE), side="left")
    stops = [start for _, start in _BEGINS[1:]] + [SECONDS]
    states = [State(name, start, stop) for (name, start), stop in zip(_BEGINS, stops, strict=True)]
    twin = simulate(patient, SECONDS, RECORDING_SEED, SCALP_RATE, band=SCALP_BAND, timeline=states)
    # Everything above the model's band is taken off before every second sample is kept.
    margin = round(4 * SCALP_RATE)
    padded = np.pad(twin.depth, ((0, 0), (margin, margin)), mode="reflect", reflect_type="odd")
    limited = band_limit(padded, SCALP_RATE, MODEL_BAND)[:, margin:-margin]
    return twin, limited[:, :: round(SCALP_RATE / IEEG_RATE)]


def write_demonstration(directory: Path) -> tuple[Path, Path]:
    """Write the scalp recording and the true iEEG beside it. Returns their paths. Raises: OSError.

    The scalp file is annotated with the states of vigilance; the discharges, which a reader is to find, stand only in
    the iEEG file.
    """
    import edfio

    twin, ieeg = demonstration()
    directory.mkdir(parents=True, exist_ok=True)
    scalp = twin.scalp[:-1] - twin.scalp[-1]
    states = [edfio.EdfAnnotation(s.start, s.stop - s.start, _TEXT[s.name]) for s in twin.states]
    truth = [
        edfio.EdfAnnotation(round(d.time, 3), round(d.duration, 3), f"Simulated discharge ({d.extent}, {d.side})")
        for d in twin.discharges
    ]
    labels = [f"EEG {site}-Ref" for site in TEN_TWENTY]
    low, high = SCALP_BAND
    signals = _signals(labels, scalp, SCALP_RATE, 0.1, "simulated electrode", f"HP:{low:g}Hz LP:{high:g}Hz")
    scalp_path = directory / SCALP_FILE
    _edf(signals, states, "scalp").write(scalp_path)
    low, high = MODEL_BAND
    signals = _signals(twin.contacts, ieeg, IEEG_RATE, 0.2, "simulated depth contact", f"HP:{low:g}Hz LP:{high:g}Hz")
    ieeg_path = directory / IEEG_FILE
    _edf(signals, sorted([*states, *truth], key=lambda a: a.onset), "true_iEEG").write(ieeg_path)
    return scalp_path, ieeg_path


def _signals(
    labels: Sequence[str], volts: Samples, rate: float, step_uv: float, transducer: str, prefilter: str
) -> list[edfio.EdfSignal]:
    """EDF signals of ``volts`` (channel, time) in microvolts, in steps of ``step_uv``; what lies beyond is clipped."""
    import edfio

    limits = (-32768 * step_uv, 32767 * step_uv)
    return [
        edfio.EdfSignal(
            np.clip(samples.astype(np.float64) * 1e6, *limits), rate, label=label, transducer_type=transducer,
            physical_dimension="uV", physical_range=(round(limits[0], 1), round(limits[1], 1)), prefiltering=prefilter,
        )
        for label, samples in zip(labels, volts, strict=True)
    ]  # fmt: skip


def _edf(signals: Sequence[edfio.EdfSignal], annotations: Sequence[edfio.EdfAnnotation], what: str) -> edfio.Edf:
    import edfio

    return edfio.Edf(
        signals,
        patient=edfio.Patient(code="SIM-001", name="Simulated_Demonstration", additional=("simulated_patient",)),
        recording=edfio.Recording(
            startdate=date(2026, 1, 12), equipment_code="NeuroFlow_simulator", additional=("simulated", what)
        ),
        starttime=time(22, 10, 0),
        data_record_duration=1.0,
        annotations=annotations,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Write the demonstration into the folder that is named."""
    parser = argparse.ArgumentParser(prog="neuroflow.simulation.demonstration", description=main.__doc__)
    parser.add_argument("directory", type=Path)
    for path in write_demonstration(parser.parse_args(argv).directory):
        print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
