"""Fitted baselines kept in the user's cache, since fitting simulates hours of patients."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray

from neuroflow.anatomy.implant import Implant
from neuroflow.evaluation import baselines as fitting
from neuroflow.evaluation.autoregression import Autoregression
from neuroflow.evaluation.baselines import Baselines, Scales, fit_baselines, training_patients
from neuroflow.evaluation.inverse import METHODS, SourceImaging
from neuroflow.evaluation.spectra import BANDS
from neuroflow.jobs import Control

FORMAT = 1
_NO_MATTER = ("tree", "report", "demonstration")  # how simulated patients are written and shown
_PARTS = ("coefficients", "innovation", "autocovariance")
_PACKAGES = ("neuroflow.simulation", "neuroflow.anatomy")


def baselines_for(
    present: NDArray[np.bool_], implant: Implant, sites: tuple[str, ...], scales: Scales, rate: float,
    band: tuple[float, float], *, count: int = fitting.FITTING_PATIENTS, seconds: float = fitting.FITTING_SECONDS,
    folder: Path | None = None, control: Control | None = None, say: Callable[[str], None] = lambda _: None,
) -> Baselines:  # fmt: skip
    """Baselines fitted on simulated training patients with these sites, from the cache where they are there.

    ``folder`` is the cache, by default the user's. What fixes the fit is in the file's name: the simulator's source,
    sites, contacts, rate and band, and how much was simulated. Raises: Cancelled.
    """
    control = control or Control()
    key = _key(present, implant, sites, scales, rate, band, count, seconds)
    path = (folder or default_folder()) / f"baselines-{key}.npz"
    kept = _read(path, present, implant, sites, scales, rate)
    if kept is not None:
        return kept
    say(f"fitting the baselines on {count} simulated training patients; they are kept for next time")
    patients = []
    for index, patient in enumerate(training_patients(implant, sites, rate, band, count, seconds)):
        patients.append(patient)
        control.checkpoint(0.4 * (index + 1) / count)
    part = Control(lambda fraction: control.checkpoint(0.4 + 0.6 * fraction))
    fitted = fit_baselines(patients, present, implant, sites, scales, rate, part)
    _write(fitted, path)
    return fitted


def default_folder() -> Path:
    """Where what is fitted to compare with is kept."""
    import platformdirs

    return platformdirs.user_cache_path("neuroflow", appauthor=False) / "baselines"


def _key(
    present: NDArray[np.bool_], implant: Implant, sites: Sequence[str], scales: Scales, rate: float,
    band: tuple[float, float], count: int, seconds: float,
) -> str:  # fmt: skip
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for item in sorted(files(package).iterdir(), key=lambda f: f.name):
            if item.name.endswith(".py") and not item.name.startswith(_NO_MATTER):
                digest.update(item.read_bytes())
    constants = (FORMAT, fitting.LAGS, fitting.ORDER, fitting.LOCAL_SHARE, fitting.PIECE_SECONDS)
    contacts = tuple((c.name, c.mni) for c in implant.contacts)
    told = (constants, contacts, tuple(sites), present.tolist(), scales, rate, band, count, seconds)
    digest.update(repr(told).encode())
    return digest.hexdigest()[:24]


def _write(fitted: Baselines, path: Path) -> None:
    """Best effort: without a cache the next run takes longer, and that is all."""
    arrays: dict[str, Any] = {
        "kernel": fitted.kernel.numpy(), "strength": np.float64(fitted.strength), "power": fitted.power,
        "patients": np.int64(fitted.patients),
    }  # fmt: skip
    for name, values in (("slopes", fitted.slopes), ("left", fitted.left), ("operators", fitted.operators)):
        arrays |= {f"{name}/{key}": value for key, value in values.items()}
    for band in BANDS:
        arrays |= {f"coupling/{band}": fitted.coupling[band], f"bipolar/{band}": fitted.bipolar_coupling[band]}
    for key, memory in fitted.memory.items():
        for part in _PARTS:
            arrays[f"memory/{key}/{part}"] = getattr(memory, part)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            np.savez(file, **arrays)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)


def _read(
    path: Path, present: NDArray[np.bool_], implant: Implant, sites: Sequence[str], scales: Scales, rate: float
) -> Baselines | None:
    """What is kept, or None where nothing is, or nothing that can be read."""
    try:
        with np.load(path, allow_pickle=False) as found:
            arrays = {key: found[key] for key in found.files}
        seen = [s for s, on in zip(sites, present, strict=True) if on]

        def part(name: str) -> dict[str, Any]:
            return {key.partition("/")[2]: v for key, v in arrays.items() if key.partition("/")[0] == name}

        memory = {
            key: Autoregression(*(arrays[f"memory/{key}/{p}"] for p in _PARTS))
            for key in (fitting.RIDGE, fitting.CLIMATOLOGY)
        }
        return Baselines(
            scales=scales, rate=rate, present=present, kernel=torch.from_numpy(arrays["kernel"]),
            strength=float(arrays["strength"]), slopes={m: part("slopes")[m] for m in METHODS}, left=part("left"),
            memory=memory, power=arrays["power"], coupling=part("coupling"), bipolar_coupling=part("bipolar"),
            patients=int(arrays["patients"]), imaging=SourceImaging(seen, implant.contacts, rate),
            operators=part("operators"),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
