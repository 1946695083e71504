"""What simulated patients are laid beside: published figures, and five seconds of a real depth recording."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuroflow.simulation.report_correlation import Correlation, Correlations, correlations, in_band
from neuroflow.simulation.report_spectra import FAST_HZ, Aperiodic, aperiodic, band_amplitude, spectra

Array = NDArray[np.float64]

DATA_VARIABLE = "NEUROFLOW_TEST_DATA"
CLIP_FILE = Path("ieeg", "sub-01_ses-interictalsleep_run-01_ieeg")
CLIP_SOURCE = "OpenNeuro ds003498 (CC0), one patient, 5 s of slow-wave sleep, 49 contacts"
DEAD = 10e-6  # volts rms; one of the 50 contacts has 8 µV, the next 60 and more
_CLIP_RATE = 2000.0
_CLIP_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Range:
    """A published figure: from ``low`` to ``high`` in ``unit``, typically ``typical``, and where it is from."""

    low: float
    high: float
    typical: float | None
    unit: str
    source: str


EXPONENT = Range(2.5, 4.3, 3.3, "", "human iEEG above the knee, interquartile range and median")
KNEE = Range(7.0, 17.0, None, "Hz", "human iEEG")
DEPTH_RMS = Range(110.0, 150.0, None, "µV", "human depth recordings")
SCALP_RMS = Range(10.0, 50.0, None, "µV", "scalp EEG, background")
MESIAL_AT_SCALP = Range(7.0, 7.0, 7.0, "µV", "Koessler 2015, discharges averaged on depth, mesial sources only")
SPREAD_AT_SCALP = Range(36.0, 36.0, 36.0, "µV", "Koessler 2015, averaged on depth, mesial and neocortical sources")
SEEN_AT_SCALP = Range(4.7, 4.7, 4.7, "%", "of 16,398 hippocampal spikes, anything at the scalp")


@dataclass(frozen=True)
class Clip:
    """Figures of the real recording.

    ``median_rms`` and ``rms`` (contact,) are volts of the whole band, ``psd`` (contact, frequency) V²/Hz at
    ``frequencies``; arrays are None where the recording is not here and the figures are quoted. ``fast_rms`` is the
    median rms from 4 to 48 Hz. ``shared`` is in the model's band.
    """

    measured: bool
    median_rms: float
    fast_rms: float
    slope: float
    shared: Correlations
    rms: Array | None = None
    frequencies: Array | None = None
    psd: Array | None = None
    fits: tuple[Aperiodic, ...] = ()


# What :func:`real_clip` measures where the recording is present; a test holds the two together.
QUOTED = Clip(
    measured=False,
    median_rms=156.3e-6,
    fast_rms=37.0e-6,
    slope=-2.70,
    shared=Correlations(
        Correlation({1: 0.81, 2: 0.75, 3: 0.68, 4: 0.59, 5: 0.50, 6: 0.43, 7: 0.44}, 0.61),
        Correlation({1: 0.63, 2: 0.44, 3: 0.25, 4: 0.08, 5: 0.00, 6: -0.11, 7: -0.02}, -0.05),
    ),
)


def real_clip(folder: Path | None = None) -> Clip:
    """Figures of the real recording, from ``folder`` or from where the environment says; quoted where it is absent."""
    place = folder or Path(os.environ.get(DATA_VARIABLE, ""))
    if folder is None and DATA_VARIABLE not in os.environ:
        return QUOTED
    try:
        header = (place / CLIP_FILE).with_suffix(".vhdr").read_text(encoding="utf-8")
        path = (place / CLIP_FILE).with_suffix(".eeg")
        if path.stat().st_size > _CLIP_BYTES:
            return QUOTED
        raw = np.fromfile(path, dtype="<f4")
    except (OSError, UnicodeDecodeError):
        return QUOTED
    names = re.findall(r"^Ch\d+=([A-Za-z]+)(\d+),", header, re.MULTILINE)
    if not names or raw.size == 0 or raw.size % len(names):
        return QUOTED
    # A tenth of a microvolt a unit, as its header says.
    data = raw.reshape(-1, len(names)).T.astype(np.float64) * 1e-7
    return clip_figures(data - data.mean(axis=1, keepdims=True), _CLIP_RATE, [(s, int(n)) for s, n in names])


def clip_figures(data: Array, rate: float, names: Sequence[tuple[str, int]]) -> Clip:
    """Figures of a depth recording (contact, time) in volts whose contacts are named by shaft and number.

    Contacts that hold next to nothing (the reference, or a broken one) are left out.
    """
    alive = data.std(axis=1) > DEAD
    data, names = data[alive], [name for name, on in zip(names, alive, strict=True) if on]
    rms = data.std(axis=1)
    f, psd = spectra(data, rate)
    fits = tuple(aperiodic(f, one) for one in psd)
    return Clip(
        measured=True,
        median_rms=float(np.median(rms)),
        fast_rms=float(np.median(band_amplitude(f, psd, *FAST_HZ))),
        slope=float(np.median([fit.slope for fit in fits])),
        shared=correlations(in_band(data, rate), names),
        rms=rms,
        frequencies=f,
        psd=psd,
        fits=fits,
    )
