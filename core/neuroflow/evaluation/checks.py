"""What must hold of a flow whatever it learned: inverse, log-determinant, consistency of its samples, speed."""

from __future__ import annotations

import copy
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from neuroflow.evaluation.patients import UnseenPatient, Window, context
from neuroflow.flow.model import NeuroFlow
from neuroflow.flow.noise import normals
from neuroflow.jobs import Control
from neuroflow.recording import ArraySource, Channel, ChannelKind, Patient, Recording

if TYPE_CHECKING:
    from neuroflow.inference.model import Model

SPEED_SAMPLES = 16


@dataclass(frozen=True)
class Checks:
    """Errors, relative to the signal's root mean square; the log-determinant's in nats a dimension; × real time.

    ``cores`` is how many threads the speed was measured with, None where it was not.
    """

    inverse: float
    log_determinant: float
    consistency: float
    speed: float | None = None
    speed_bfloat16: float | None = None
    cores: int | None = None

    def as_dict(self) -> dict[str, float | None]:
        return asdict(self)


def check(flow: NeuroFlow, patient: UnseenPatient, seed: int = 0, control: Control | None = None) -> Checks:
    """Every check but speed, on a patient's first seconds. Raises: Cancelled."""
    control = control or Control()
    control.checkpoint()
    inverse = inverse_error(flow, patient)
    control.checkpoint()
    determinant = log_determinant_error(flow, patient)
    control.checkpoint()
    return Checks(inverse, determinant, consistency_error(flow, patient, seed))


@torch.inference_mode()
def inverse_error(flow: NeuroFlow, patient: UnseenPatient, steps: int = 1000) -> float:
    """Largest difference after encoding and decoding a window in float32, relative to its root mean square."""
    scalp, present, depth = _window(patient, steps, flow.shape.stride)
    given = flow(scalp, present)
    back = given.decode(given.encode(depth)[0])
    return float((back - depth).abs().max() / depth.square().mean().sqrt())


def log_determinant_error(flow: NeuroFlow, patient: UnseenPatient) -> float:
    """Difference between the flow's log-determinant and that of autograd's Jacobian, float64, nats a dimension."""
    exact = copy.deepcopy(flow).double()
    scalp, present, depth = _window(patient, flow.shape.stride, flow.shape.stride)
    scalp, depth = scalp.double(), depth.double()
    with torch.no_grad():
        given = exact(scalp, present)

    def latents(x: Tensor) -> Tensor:
        return torch.cat([z.flatten() for z in given.encode(x.reshape(depth.shape))[0]])

    with torch.no_grad():
        total = given.encode(depth)[1]
    jacobian = torch.autograd.functional.jacobian(latents, depth.flatten())  # type: ignore[no-untyped-call]
    log_det = float(torch.linalg.slogdet(jacobian)[1])
    return abs(float(total) - log_det) / depth.numel()


@torch.inference_mode()
def consistency_error(flow: NeuroFlow, patient: UnseenPatient, seed: int = 0) -> float:
    """Largest difference of a sample between a window and the second half of one twice as long, relative to its rms."""
    reach, stride = flow.margin + flow.context_margin, flow.shape.stride
    length = patient.scalp.shape[1] // stride * stride
    half = min(length // 2, 1000) // stride * stride
    whole = _sample(flow, patient, Window(0, 2 * half, 0, length), reach, seed)
    alone = _sample(flow, patient, Window(half, 2 * half, 0, length), reach, seed)
    part = whole[..., half:]
    return float((part - alone).abs().max() / part.square().mean().sqrt())


def speed(
    model: Model, patient: UnseenPatient, sites: tuple[str, ...], tiles: int = 3, precision: str = "float32"
) -> tuple[float, int]:
    """How many times faster than real time 16 samples come from the reconstructor, and in how many threads."""
    from neuroflow.inference.engine import Reconstructor
    from neuroflow.inference.tile import TileRequest

    rate = model.card.rate
    channels = tuple(
        Channel(i, site, site, ChannelKind.EEG, rate, "uV", True, site)
        for i, (site, on) in enumerate(zip(sites, patient.present, strict=True))
        if on
    )
    seconds = patient.scalp.shape[1] / rate
    recording = Recording(
        Path("unseen"), "EDF", channels, seconds, None, Patient(), "", (), (), (), "0" * 16, simulated=True
    )
    source = ArraySource(recording, {c.index: patient.scalp[c.index] for c in channels})
    reconstructor = Reconstructor(model, "cpu", precision=precision)
    last = min(tiles, int(seconds / reconstructor.tile_seconds))
    times = []
    for index in range(max(last, 1)):
        begun = time.perf_counter()
        tile = reconstructor.tile(source, TileRequest(index, SPEED_SAMPLES))
        times.append(tile.span.duration / (time.perf_counter() - begun))
    return max(times), torch.get_num_threads()


def _window(patient: UnseenPatient, steps: int, stride: int) -> tuple[Tensor, Tensor, Tensor]:
    """Scalp, present and depth of about the first ``steps`` of a patient's first span, each with a batch axis."""
    low, high = patient.spans[0]
    window = slice(low, low + min(steps, high - low) // stride * stride)
    depth = np.nan_to_num(patient.depth[None, :, window])
    return (
        torch.from_numpy(np.array(patient.scalp[None, :, window])),
        torch.from_numpy(np.array(patient.present[None])),
        torch.from_numpy(depth),
    )


def _sample(flow: NeuroFlow, patient: UnseenPatient, window: Window, reach: int, seed: int) -> Tensor:
    """One sample (1, contact, time) of a window, its noise addressed by absolute step as inference does."""
    wide = torch.from_numpy(context(patient.scalp, window, reach)[None])
    given = flow(wide, torch.from_numpy(np.array(patient.present[None]))).trimmed(flow.context_margin)
    first = window.first - flow.margin
    latents = [
        torch.from_numpy(normals(seed, 0, level, first >> level, steps, channels)[None])
        for level, (channels, steps) in enumerate(given.latent_shapes(), 1)
    ]
    scales, loud = flow.loudness.scales(torch.from_numpy(normals(seed, 0, 0, 0, 1, flow.loudness.normals).T))
    noise = [part * scale for part, scale in zip(latents, scales, strict=True)]
    sample: Tensor = given.decode(noise, loud)[..., flow.margin : -flow.margin]
    return sample
