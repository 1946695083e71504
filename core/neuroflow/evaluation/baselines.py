"""What a model is compared with: climatology, lagged ridge, source imaging, fitted on training patients only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from neuroflow.anatomy.implant import Implant
from neuroflow.evaluation.autoregression import Autocovariance, Autoregression, fit
from neuroflow.evaluation.inverse import METHODS, SourceImaging
from neuroflow.evaluation.linear import LaggedRidge
from neuroflow.evaluation.patients import FIRST_FITTING_SEED, UnseenPatient, simulated_patients
from neuroflow.evaluation.spectra import BANDS, coupling, pieces, power
from neuroflow.evaluation.tally import Pairs, between
from neuroflow.flow.model import average_reference, bounded
from neuroflow.jobs import Control
from neuroflow.recording import Samples

Array = NDArray[np.float64]

CLIMATOLOGY, RIDGE = "climatology", "ridge"
NAMES = (CLIMATOLOGY, RIDGE, *METHODS)
# What the shipped model was trained on, too: nobody knows the local share, so it is drawn.
LOCAL_SHARE = (0.3, 0.7)
FITTING_PATIENTS, FITTING_SECONDS = 240, 40.0
LAGS = 12
# Steps of memory in the densities: 0.3 s at 100 Hz. The longer, the better they score, since a longer one sees more of
# the narrow gap between the band's end and half the rate: 0.10 nats a dimension at 10 steps, 0.08 at 30.
ORDER = 30
PIECE_SECONDS = 2.0


@dataclass(frozen=True)
class Scales:
    """What numbers are in units of: volts a unit of scalp and of depth EEG, as the flow has them."""

    scalp: float
    depth: float


@dataclass(frozen=True)
class Baselines:
    """Fitted baselines for one set of sites; everything about depth is in units of ``scales.depth``.

    ``kernel`` (contact, site, lag) of the ridge. ``slopes`` (contact,) by method of source imaging, which sizes its
    estimate to the depth EEG. ``left`` (contact, contact) by name: covariance of what the baseline leaves, for
    climatology of the depth EEG itself; its density is normal. ``memory`` holds the vector autoregressions of the
    ridge's residual and of the depth EEG. ``power`` (contact, frequency) is the mean density, units² a hertz;
    ``coupling`` (contact, contact) and ``bipolar_coupling`` the mean over pieces, by band: the constants that any
    estimate has to beat.
    """

    scales: Scales
    rate: float
    present: NDArray[np.bool_]
    kernel: torch.Tensor
    strength: float
    slopes: dict[str, Array]
    left: dict[str, Array]
    memory: dict[str, Autoregression]
    power: Array
    coupling: dict[str, NDArray[np.float32]]
    bipolar_coupling: dict[str, NDArray[np.float32]]
    patients: int
    imaging: SourceImaging
    operators: dict[str, Array]

    def spread(self, name: str) -> Array:
        """Standard deviation (contact,) of what a baseline leaves."""
        return np.asarray(np.sqrt(np.diag(self.left[name])))

    def bipolar_spread(self, name: str, pairs: Pairs) -> Array:
        """The same of neighbours' differences (pair,)."""
        left, (a, b) = self.left[name], pairs
        return np.asarray(np.sqrt(left[a, a] + left[b, b] - 2.0 * left[a, b]))

    def estimates(self, scalp: Samples, adapted: Array, reach: int) -> dict[str, NDArray[np.float64]]:
        """Estimates by name, (contact, time) in units, of scalp (site, time + 2 reach) in volts.

        ``adapted`` is the beamformer's operator, from :meth:`adapt`.
        """
        core = slice(reach, scalp.shape[1] - reach)
        clean = _clean(scalp, self.present, self.scales)
        ridge = torch.conv1d(clean, self.kernel, padding=LAGS)[0, :, core].double().numpy()
        seen = clean[0, :, core].double().numpy()[self.present]
        found = {CLIMATOLOGY: np.zeros_like(ridge), RIDGE: ridge}
        for method in METHODS:
            operator = adapted if method == "LCMV" else self.operators[method]
            found[method] = self.slopes[method][:, None] * (operator @ seen)
        return found

    def adapt(self, scalp: Samples) -> Array:
        """The beamformer's operator (contact, site) for one patient's scalp EEG (site, time) in volts."""
        return adapted_operator(self.imaging, scalp, self.present, self.scales)


def bipolar_pairs(implant: Implant) -> Pairs:
    """Indices of neighbouring contacts of each shaft, deeper and shallower, each (pair,)."""
    shafts = [c.shaft for c in implant.contacts]
    deeper = np.array([i for i in range(len(shafts) - 1) if shafts[i] == shafts[i + 1]], dtype=np.intp)
    return deeper, deeper + 1


def training_patients(
    implant: Implant, sites: tuple[str, ...], rate: float, band: tuple[float, float], count: int = FITTING_PATIENTS,
    seconds: float = FITTING_SECONDS,
) -> Iterator[UnseenPatient]:  # fmt: skip
    """The simulated patients that baselines are fitted on; none of them is measured on."""
    return simulated_patients(
        implant, sites, count=count, seconds=seconds, rate=rate, local_share=LOCAL_SHARE,
        first_seed=FIRST_FITTING_SEED, band=band,
    )  # fmt: skip


def fit_baselines(
    patients: Sequence[UnseenPatient], present: NDArray[np.bool_], implant: Implant, sites: Sequence[str],
    scales: Scales, rate: float, control: Control | None = None,
) -> Baselines:  # fmt: skip
    """Fit every baseline on training patients, as recorded with the sites that are ``present``.

    The ridge's penalty is the one that leaves least of the last fifth of them. Raises: Cancelled.
    """
    control = control or Control()
    contacts = len(implant.contacts)
    imaging = SourceImaging([s for s, on in zip(sites, present, strict=True) if on], implant.contacts, rate)
    operators = {m: imaging.fixed(m) * (scales.scalp / scales.depth) for m in METHODS if m != "LCMV"}
    fitted, held_out = (LaggedRidge(len(sites), contacts, LAGS) for _ in range(2))
    mask = torch.from_numpy(present[None])
    for index, patient in enumerate(patients):
        control.checkpoint(0.5 * index / len(patients))
        part = held_out if index >= 0.8 * len(patients) else fitted
        for low, high in patient.spans:
            for first in range(low, high - 2 * LAGS, 1000):
                window = slice(first, min(first + 1000 + 2 * LAGS, high))
                part.add(
                    torch.from_numpy(patient.scalp[None, :, window] / np.float32(scales.scalp)), mask,
                    torch.from_numpy(patient.depth[None, :, window] / np.float32(scales.depth)),
                )  # fmt: skip
    strength = fitted.best_strength(held_out)
    kernel, _ = fitted.merged(held_out).solve(strength)

    step = round(PIECE_SECONDS * rate)
    pairs = bipolar_pairs(implant)
    residual, itself = (Autocovariance(contacts, ORDER) for _ in range(2))
    imaged = {m: np.zeros((3, contacts, contacts)) for m in METHODS}  # xx, xy, yy
    density = np.zeros((contacts, step // 2 + 1))
    mean_coupling = {b: np.zeros((contacts, contacts)) for b in BANDS}
    mean_bipolar = {b: np.zeros((pairs[0].size, pairs[0].size)) for b in BANDS}
    stretches = 0
    for index, patient in enumerate(patients):
        control.checkpoint(0.5 + 0.5 * index / len(patients))
        adapted = adapted_operator(imaging, patient.scalp, present, scales)
        for low, high in patient.spans:
            clean = _clean(patient.scalp[:, low:high], present, scales)
            depth = patient.depth[:, low:high].astype(np.float64) / scales.depth
            left = depth - torch.conv1d(clean, kernel, padding=LAGS)[0].double().numpy()
            residual.add(left)
            itself.add(depth)
            seen = clean[0].double().numpy()[present]
            for method, sums in imaged.items():
                estimate = (adapted if method == "LCMV" else operators[method]) @ seen
                sums += np.stack([estimate @ estimate.T, estimate @ depth.T, depth @ depth.T])
            if high - low < step:
                continue
            transform = pieces(depth, step)
            differences = pieces(between(depth, pairs), step)
            density += power(transform, rate)
            for band, limits in BANDS.items():
                mean_coupling[band] += coupling(transform, step, rate, limits).mean(axis=0)
                mean_bipolar[band] += coupling(differences, step, rate, limits).mean(axis=0)
            stretches += 1

    memory = {RIDGE: fit(residual.value()), CLIMATOLOGY: fit(itself.value())}
    left = {name: memory[name].autocovariance[0] for name in memory}
    slopes = {}
    steps = sum(high - low for p in patients for low, high in p.spans)
    for method, (xx, xy, yy) in imaged.items():
        slope = slopes[method] = np.diag(xy) / np.diag(xx)
        crossed = slope[:, None] * xy
        left[method] = (yy - crossed - crossed.T + np.outer(slope, slope) * xx) / steps
    return Baselines(
        scales=scales, rate=rate, present=present, kernel=kernel, strength=strength, slopes=slopes, left=left,
        memory=memory, power=density / max(stretches, 1),
        coupling={b: (v / max(stretches, 1)).astype(np.float32) for b, v in mean_coupling.items()},
        bipolar_coupling={b: (v / max(stretches, 1)).astype(np.float32) for b, v in mean_bipolar.items()},
        patients=len(patients), imaging=imaging, operators=operators,
    )  # fmt: skip


def adapted_operator(
    imaging: SourceImaging, scalp: Samples, present: NDArray[np.bool_], scales: Scales
) -> Array:  # fmt: skip
    """The beamformer's operator (contact, site) for a patient, from clean scalp units to depth units."""
    clean = _clean(scalp, present, scales)[0].double().numpy()[present]
    return imaging.adapted(clean * scales.scalp) * (scales.scalp / scales.depth)


def _clean(scalp: Samples, present: NDArray[np.bool_], scales: Scales) -> torch.Tensor:
    """What the flow's own linear part sees: average-referenced, in units, bounded; (1, site, time)."""
    volts = torch.from_numpy(np.array(scalp[None], dtype=np.float32))
    return bounded(average_reference(volts, torch.from_numpy(np.array(present[None]))) / scales.scalp)
