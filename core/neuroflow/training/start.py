"""What of a flow is set from data: linear part, whitening and actnorms at first, its loudness at last."""

from __future__ import annotations

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from neuroflow.errors import FileProblem
from neuroflow.evaluation.linear import LaggedRidge
from neuroflow.flow.card import Limits
from neuroflow.flow.model import NeuroFlow
from neuroflow.flow.novelty import familiar, novelty
from neuroflow.flow.transforms import ActNorm, Chain
from neuroflow.jobs import Control
from neuroflow.training.material import Frame
from neuroflow.training.stream import FEWEST_SITES, Batch, Stream, draw_present

_SWEEP_STEPS = 1000
_ROWS = 16  # windows at once, so that memory stays small
_WINDOWS_DRAWN, _DRAWS = 480, 12  # windows and samples of each that the contacts' loudness is seen in


def start_from_ridge(flow: NeuroFlow, stream: Stream, steps: int = _SWEEP_STEPS) -> None:
    """Set the flow's linear part to the lagged ridge of everything that the stream holds; whiten what it leaves.

    Raises: FileProblem where a contact was recorded nowhere in the stream.
    """
    shape = flow.shape
    ridge = LaggedRidge(shape.sites, shape.contacts, shape.lags)
    for batch in stream.sweep(steps):
        ridge.add(
            torch.from_numpy(batch.scalp) / shape.scalp_scale,
            torch.from_numpy(batch.present),
            torch.from_numpy(batch.shared) / shape.depth_scale,
        )
    never = np.flatnonzero(np.diag(ridge.seen) == 0)
    if never.size:
        raise FileProblem(
            f"{never.size} of the implant's {shape.contacts} contacts were recorded in none of the training sessions; "
            "start from a model that knows them with --from, or choose another implant."
        )
    flow.linear.set_moments(*ridge.moments())
    flow.set_whitening(ridge.solve()[1])


def mean_parameters(flow: NeuroFlow) -> tuple[nn.Parameter, ...]:
    """What the conditional mean depends on."""
    parts = (flow.conditioner, flow.linear, flow.bend)
    return tuple(parameter for part in parts for parameter in part.parameters())


def squared_error(flow: NeuroFlow, mean: Tensor, shared: Tensor) -> Tensor:
    """Mean squared error of the conditional mean against what contacts share (volts), in units of the depth scale.

    Shape (batch,).
    """
    return (mean - shared / flow.shape.depth_scale).square().mean(dim=(1, 2))


@torch.no_grad()
def whiten_residual(flow: NeuroFlow, batch: Batch) -> None:
    """Whiten across contacts what the conditional mean leaves of depth EEG."""
    contacts = flow.shape.contacts
    covariance, count = torch.zeros(contacts, contacts, dtype=torch.float64), 0
    for first in range(0, batch.depth.shape[0], _ROWS):
        rows = slice(first, first + _ROWS)
        scalp, present, depth = _tensors(flow, batch, rows)
        left = (depth / flow.shape.depth_scale - flow(scalp, present).mean).double()
        covariance += torch.einsum("bct,bdt->cd", left, left).cpu()
        count += left.shape[0] * left.shape[2]
    flow.set_whitening(covariance / count)


@torch.no_grad()
def set_actnorms(flow: NeuroFlow, batch: Batch) -> None:
    """Set every actnorm from one batch, in the order in which the batch passes through the flow."""
    scalp, present, depth = _tensors(flow, batch, slice(None))
    given = flow(scalp, present)
    x = flow.whitening @ (depth / flow.shape.depth_scale - given.mean)
    for level, chain in enumerate(flow.levels):
        assert isinstance(chain, Chain)
        context = given.contexts[level]
        x, _ = flow.squeeze(x, context)
        for transform in chain.transforms:
            if isinstance(transform, ActNorm):
                transform.set_from(x)
            x, _ = transform(x, context)
        x = x.chunk(2, dim=1)[0]


@torch.no_grad()
def set_loudness(flow: NeuroFlow, batch: Batch, seed: int = 0, control: Control | None = None) -> None:
    """Set the loudness of recordings from windows of many, as the fitted flow sees them. Raises: Cancelled."""
    control = control or Control()
    flow.loudness.silence()
    squares: list[Tensor] = []
    for first in range(0, batch.depth.shape[0], _ROWS):
        scalp, present, depth = _tensors(flow, batch, slice(first, first + _ROWS))
        noise, _ = flow(scalp, present).encode(depth)
        control.checkpoint()
        squares.append(torch.cat([part.square().mean(dim=2) for part in noise], dim=1))
        steps = torch.cat([part.new_full((part.shape[1],), part.shape[2]) for part in noise])
    flow.loudness.set_levels(torch.cat(squares), steps)
    # What is left of the contacts' own is seen beside samples that have the levels' already.
    generator = torch.Generator(flow.whitening.device).manual_seed(seed)
    truth: list[Tensor] = []
    drawn: list[Tensor] = []
    for row in range(min(_WINDOWS_DRAWN, batch.depth.shape[0])):
        scalp, present, depth = _tensors(flow, batch, slice(row, row + 1))
        given = flow(scalp, present)
        mean = given.mean * flow.shape.depth_scale
        control.checkpoint()
        truth.append(_log_rms(depth - mean))
        drawn.append(_log_rms(given.sample(_DRAWS, generator) - mean))
    flow.loudness.set_contacts(torch.cat(truth), torch.stack(drawn))


def _log_rms(signal: Tensor) -> Tensor:
    """(window, contact) of (window, contact, time)."""
    return 0.5 * signal.square().mean(dim=2).clamp_min(1e-30).log()


def _tensors(flow: NeuroFlow, batch: Batch, rows: slice) -> tuple[Tensor, Tensor, Tensor]:
    """Scalp, present and depth of some windows, where the flow is."""
    device = flow.whitening.device
    scalp, present, depth = (torch.from_numpy(a[rows]).to(device) for a in (batch.scalp, batch.present, batch.depth))
    return scalp, present, depth


def limits_of(flow: NeuroFlow, stream: Stream, steps: int, frame: Frame, seed: int) -> Limits:
    """What training sees: amplitudes of whole recordings, and what is familiar of windows of ``steps`` steps.

    The flow's linear part must have been set: patterns are measured against its scalp EEG. A window is measured in a
    montage that a laboratory might have recorded of the channels that it has.
    """
    rms, step = [], round(frame.rate)
    recordings = stream.windows()
    for scalp, _ in recordings:
        clean = scalp - scalp.mean(axis=0)
        seconds = clean.shape[1] // step
        if not seconds:
            continue
        blocks = clean[:, : seconds * step].reshape(clean.shape[0], seconds, -1)
        rms.append(np.sqrt(np.mean(np.square(blocks), axis=(0, 2))))
    low, high = np.percentile(np.concatenate(rms), [0.1, 99.9])
    limits = Limits(float(low), float(high), max(float(np.nanmax(np.abs(depth))) for _, depth in recordings))
    if steps < step:
        return limits
    rng, covariance, seen = np.random.default_rng([seed, 3]), flow.scalp_covariance(), []
    for batch in stream.sweep(steps):
        for scalp, present in zip(batch.scalp, batch.present, strict=True):
            drawn = present & draw_present(rng, frame.sites)
            here = drawn if drawn.sum() >= FEWEST_SITES else present
            seen.append(novelty(scalp, here, np.ones(steps, dtype=np.bool_), covariance, frame.rate))
    known = familiar(seen)
    return msgspec.structs.replace(limits, site_rms=tuple(known.rms.tolist()), pattern=known.pattern)
