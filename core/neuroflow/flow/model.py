"""NeuroFlow: a multi-scale conditional normalizing flow for p(depth EEG | scalp EEG).

After He et al. 2026 (NeuroFlowNet, arXiv 2603.03354) in kind: multi-scale, attention, exact likelihood, samples by
inversion. Depth, couplings, conditioner, linear part and multi-scale priors are this project's own.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neuroflow.flow.conditioner import Conditioner
from neuroflow.flow.loudness import Loudness
from neuroflow.flow.ridge import MontageRidge
from neuroflow.flow.transforms import (
    ActNorm,
    AffineCoupling,
    Chain,
    ConditionalNormal,
    HaarSqueeze,
    InvertibleLinear,
    Transform,
)

_SCORINGS = 5  # enough for 2e-4 nats a dimension


@dataclass(frozen=True)
class FlowShape:
    """Everything that fixes the sizes of a flow; kept on the model's card.

    ``dilations`` holds one tuple a level, finest first, with one coupling per entry, and ``features`` one number a
    level. Every level halves the rate: they must reach down to where the signal has no memory left, for a coupling
    moves channels against one another and cannot whiten a channel in time. ``lags`` is the number of steps either side
    in the linear part, ``factors`` how many the loudness of a recording's cells has in common. Scales are volts a unit.
    """

    sites: int
    contacts: int
    features: tuple[int, ...] = (64, 96, 128, 128, 128)
    token: int = 24
    queries: int = 8
    hidden: int = 128
    dilations: tuple[tuple[int, ...], ...] = ((1, 1), (1, 1), (1, 2, 1), (1, 1, 1), (1, 1))
    lags: int = 12
    factors: int = 16
    bound: float = 1.5
    scalp_scale: float = 2e-5
    depth_scale: float = 1e-4

    def __post_init__(self) -> None:
        if self.contacts % 8 or self.factors % 8:
            raise ValueError(f"contacts and factors come in multiples of 8, not {self.contacts} and {self.factors}")
        if not len(self.dilations) == len(self.features) >= 3:
            raise ValueError("dilations and features need one entry for each of at least three levels")

    @property
    def levels(self) -> int:
        return len(self.dilations)

    @property
    def stride(self) -> int:
        """Steps of the model's rate in one of the coarsest level."""
        return 1 << self.levels

    @property
    def least_numbers(self) -> int:
        """No flow of this shape has fewer numbers: every size is in one of these products."""
        couplings, window = sum(map(len, self.dilations)), self.sites * (2 * self.lags + 1)
        read = self.features[-1] * self.queries * self.token + self.token**2
        between = sum(a * b for a, b in pairwise(self.features))
        return couplings * self.hidden**2 + window**2 + self.contacts**2 + read + between + self.factors * self.contacts

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


class NeuroFlow(nn.Module):
    """The flow. Call it with a scalp EEG to get a :class:`ConditionalFlow`, an ordinary distribution.

    The scalp is average-referenced over the channels present before anything else, so the recording's reference does
    not matter. All conversion from and to volts happens here.
    """

    whitening: Tensor
    unwhitening: Tensor

    def __init__(self, shape: FlowShape) -> None:
        super().__init__()
        self.shape = shape
        contacts, bound = shape.contacts, shape.bound
        self.conditioner = Conditioner(shape.sites, shape.features, shape.token, shape.queries)
        self.linear = MontageRidge(shape.sites, contacts, shape.lags)
        self.bend = Bend(shape.features[0], contacts)
        self.register_buffer("whitening", torch.eye(contacts))
        self.register_buffer("unwhitening", torch.eye(contacts))
        self.squeeze = HaarSqueeze()
        self.levels = nn.ModuleList()
        self.priors = nn.ModuleList()
        for level, dilations in enumerate(shape.dilations):
            context, last = shape.features[level], level == shape.levels - 1
            steps: list[Transform] = []
            for dilation in dilations:
                steps += [
                    ActNorm(2 * contacts),
                    InvertibleLinear(2 * contacts),
                    AffineCoupling(2 * contacts, context, shape.hidden, dilation, bound),
                ]
            self.levels.append(Chain(*steps))
            # The coarsest channels have nothing kept above them: their prior sees the context alone.
            self.priors.append(
                ConditionalNormal(contacts, 2 * contacts if last else contacts, context, shape.hidden, 2 * bound)
            )
        self.loudness = Loudness([contacts] * (shape.levels - 1) + [2 * contacts], contacts, shape.factors)

    def forward(self, scalp: Tensor, present: Tensor) -> ConditionalFlow:
        """The distribution of depth EEG given scalp (batch, site, time) in volts and present (batch, site) bool.

        Time must be a multiple of the shape's stride; absent channels may hold anything. Raises: ValueError.
        """
        if scalp.shape[-1] % self.shape.stride:
            raise ValueError(f"time must be a multiple of {self.shape.stride}, not {scalp.shape[-1]}")
        clean = average_reference(scalp, present) / self.shape.scalp_scale
        contexts = self.conditioner(clean, present)
        return ConditionalFlow(self, contexts, self.linear(bounded(clean), present) + self.bend(contexts[0]))

    def scalp_covariance(self) -> NDArray[np.float64]:
        """Of the scalp EEG of training in average reference, (site, site) in volts squared."""
        return np.asarray(self.linear.covariance().numpy() * self.shape.scalp_scale**2)

    def freeze(self) -> NeuroFlow:
        """Ready for inference: no gradients, matrices inverted once."""
        for module in self.modules():
            if isinstance(module, InvertibleLinear):
                module.keep_inverse()
        return self.eval().requires_grad_(False)

    @property
    def margin(self) -> int:
        """Steps of depth EEG either side of a tile on which its samples may depend; a multiple of the stride."""
        reach = 0
        for level, dilations in enumerate(self.shape.dilations):
            reach += (sum(dilations) + 1) * 2 ** (level + 1)
        return self.shape.stride * math.ceil(reach / self.shape.stride)

    @property
    def context_margin(self) -> int:
        """Steps of scalp EEG beyond :attr:`margin` on which the mean and the contexts may depend; so too."""
        reach: int = max(self.conditioner.reach + Bend.REACH, self.shape.lags)
        return self.shape.stride * math.ceil(reach / self.shape.stride)

    def set_whitening(self, covariance: Tensor) -> None:
        """Make the linear part's residual white across contacts; covariance (contact, contact) in units squared."""
        values, vectors = torch.linalg.eigh(covariance.double())
        values = values.clamp_min(1e-8 * values.max())
        self.whitening.copy_((vectors * values.rsqrt()) @ vectors.T)
        self.unwhitening.copy_((vectors * values.sqrt()) @ vectors.T)


class Bend(nn.Module):
    """What the conditional mean is beyond the linear part, zero at first.

    In: the finest context (batch, feature, time / 2). Out: (batch, contact, time) in units of the depth scale.
    """

    REACH = 2  # steps of the model's rate

    def __init__(self, features: int, contacts: int) -> None:
        super().__init__()
        self.pair = nn.Conv1d(features, 2 * contacts, 3, padding=1)
        nn.init.zeros_(self.pair.weight)
        nn.init.zeros_(self.pair.bias)  # type: ignore[arg-type]

    def forward(self, context: Tensor) -> Tensor:
        even, odd = self.pair(context).chunk(2, dim=1)
        return torch.stack((even, odd), dim=-1).flatten(-2)


def bounded(scalp: Tensor) -> Tensor:
    """What the linear part sees: an artefact must not make it extrapolate without limit (15 units are 300 µV)."""
    return 15.0 * torch.tanh(scalp / 15.0)


def average_reference(scalp: Tensor, present: Tensor) -> Tensor:
    """Scalp minus the mean over the present channels, with zeros in the absent ones; (batch, site, time)."""
    weight = present.to(scalp.dtype).unsqueeze(-1)
    scalp = torch.where(present.unsqueeze(-1), scalp, scalp.new_zeros(()))
    mean = scalp.sum(dim=1, keepdim=True) / weight.sum(dim=1, keepdim=True).clamp_min(1.0)
    return (scalp - mean) * weight


class ConditionalFlow:
    """p(depth EEG | one scalp EEG), with ``log_prob`` and samples by inversion.

    Holds the conditioner's output, computed once and shared by every sample.
    """

    def __init__(self, flow: NeuroFlow, contexts: tuple[Tensor, ...], mean: Tensor) -> None:
        self.flow = flow
        self.contexts = contexts
        self.mean = mean  # (batch, contact, time), in units of the depth scale

    def trimmed(self, steps: int) -> ConditionalFlow:
        """The same without the first and last ``steps``, whose context was cut off; a multiple of the stride."""
        if steps % self.flow.shape.stride:
            raise ValueError(f"steps must be a multiple of {self.flow.shape.stride}, not {steps}")
        if steps == 0:
            return self
        contexts = tuple(c[..., steps >> level : -(steps >> level)] for level, c in enumerate(self.contexts, 1))
        return ConditionalFlow(self.flow, contexts, self.mean[..., steps:-steps])

    def encode(self, depth: Tensor, loud: Tensor | None = None) -> tuple[list[Tensor], Tensor]:
        """Noise, finest level first, of depth (batch, contact, time) in volts, and the log-determinant, (batch,).

        ``loud`` are the contacts' scales (batch, contact, 1), one where None.
        """
        flow = self.flow
        x = depth / flow.shape.depth_scale - self.mean
        x = flow.whitening @ (x if loud is None else x / loud)
        steps = depth.shape[1] * depth.shape[2]
        constant = torch.linalg.slogdet(flow.whitening.double())[1].to(x.dtype) * depth.shape[2]
        total = x.new_zeros(x.shape[0]) + constant
        total = total - steps * torch.log(x.new_tensor(flow.shape.depth_scale))
        if loud is not None:
            total = total - depth.shape[2] * loud.log().sum(dim=(1, 2))
        latents: list[Tensor] = []
        for level, (chain, prior) in enumerate(zip(flow.levels, flow.priors, strict=True)):
            context = self.contexts[level]
            x, _ = flow.squeeze(x, context)
            x, log_det = chain(x, context)
            total = total + log_det
            if level < flow.shape.levels - 1:
                x, out = x.chunk(2, dim=1)
                kept = x
            else:
                out, kept = x, x.new_zeros(x.shape[0], x.shape[1] // 2, x.shape[2])
            assert isinstance(prior, ConditionalNormal)
            mean, log_std = prior.parameters_of(kept, context)
            latents.append((out - mean) * (-log_std).exp())
            total = total - log_std.sum(dim=(1, 2))
        return latents, total

    def log_prob(self, depth: Tensor) -> Tensor:
        """Log density of depth (batch, contact, time) in volts; nats, shape (batch,).

        How loud each contact is has been integrated out by Laplace's method, with Fisher's information for curvature.
        """
        contacts = self.flow.loudness.contacts
        if contacts.silent:
            return self._log_prob(depth, None)
        u, curvature = self.mode(depth)
        fit = self._log_prob(depth, (contacts.mean + u @ contacts.root().T).exp().unsqueeze(-1))
        return fit - 0.5 * u.square().sum(dim=1) - 0.5 * torch.logdet(curvature)

    def _log_prob(self, depth: Tensor, loud: Tensor | None) -> Tensor:
        """Log density given how loud the contacts are."""
        noise, log_det = self.encode(depth, loud)
        return self.flow.loudness.log_prob(noise) + log_det

    def mode(self, depth: Tensor) -> tuple[Tensor, Tensor]:
        """The likeliest normals (batch, normal) of the contacts' scales by Fisher scoring, and the curvature there."""
        flow, contacts = self.flow, self.flow.loudness.contacts
        # The density is stationary here, so that its gradient in anything else does not pass through the mode.
        with torch.inference_mode(False), torch.enable_grad():
            depth, held, root = depth.detach().clone(), self._detached(), contacts.root()
            covariance = flow.unwhitening @ flow.unwhitening.T
            # Of a Gaussian residual, a step: its density differentiated twice by the logs of the contacts' scales.
            information = torch.eye(root.shape[0]).to(root) + covariance * torch.linalg.inv(covariance)
            curvature = torch.eye(root.shape[1]).to(root) + depth.shape[2] * root.T @ information @ root
            best = u = depth.new_zeros(depth.shape[0], root.shape[1])
            highest = depth.new_full((depth.shape[0],), -math.inf)
            for _ in range(_SCORINGS):
                u.requires_grad_()
                loud = (contacts.mean + u @ root.T).exp().unsqueeze(-1)
                fit = held._log_prob(depth, loud) - 0.5 * u.square().sum(dim=1)
                (slope,) = torch.autograd.grad(fit.sum(), u)
                # Of a flow whose residual is not what it was whitened by, a step may lead downhill.
                best = torch.where((fit > highest).unsqueeze(1), u, best).detach()
                highest = torch.maximum(highest, fit).detach()
                u = (u + torch.linalg.solve(curvature, slope.T).T).detach()
        return best, curvature

    def _detached(self) -> ConditionalFlow:
        return ConditionalFlow(self.flow, tuple(c.detach().clone() for c in self.contexts), self.mean.detach().clone())

    def latent_shapes(self) -> list[tuple[int, int]]:
        """(channel, time) of the noise of each level, finest first."""
        contacts, last = self.flow.shape.contacts, self.flow.shape.levels - 1
        return [
            (2 * contacts if level == last else contacts, context.shape[-1])
            for level, context in enumerate(self.contexts)
        ]

    def decode(self, noise: list[Tensor], loud: Tensor | None = None) -> Tensor:
        """Depth EEG in volts from noise, one tensor a level (sample, channel, time), finest first.

        Noise is standard normals times the scales of a recording, ``loud`` those of its contacts (sample, contact, 1):
        see :class:`neuroflow.flow.loudness.Loudness`.
        """
        flow = self.flow
        x: Tensor | None = None
        for level in reversed(range(flow.shape.levels)):
            context, given = self.contexts[level], noise[level]
            prior, chain = flow.priors[level], flow.levels[level]
            assert isinstance(prior, ConditionalNormal)
            assert isinstance(chain, Chain)
            if x is None:
                kept = given.new_zeros(given.shape[0], given.shape[1] // 2, given.shape[2])
                x = prior.place(given, kept, context)
            else:
                x = torch.cat((x, prior.place(given, x, context)), dim=1)
            x = flow.squeeze.inverse(chain.inverse(x, context), context)
        assert x is not None
        left = flow.unwhitening @ x
        return ((left if loud is None else left * loud) + self.mean) * flow.shape.depth_scale

    def sample(self, count: int, generator: torch.Generator | None = None, *, mirrored: bool = False) -> Tensor:
        """``count`` samples for a single scalp EEG, (sample, contact, time) in volts.

        ``mirrored``: the noise of the second half is that of the first with its sign changed; ``count`` is even.
        A ``generator`` may be of another device than the flow: that of the CPU draws the same noise for every device.
        """
        drawn = count // 2 if mirrored else count
        device = generator.device if generator is not None else self.mean.device

        def normals(*size: int) -> Tensor:
            noise = torch.randn(drawn, *size, generator=generator, device=device, dtype=self.mean.dtype)
            return noise.to(self.mean.device)

        noise = [normals(*size) for size in self.latent_shapes()]
        scales, loud = self.flow.loudness.scales(normals(self.flow.loudness.normals))
        noise = [part * scale for part, scale in zip(noise, scales, strict=True)]
        if mirrored:
            return self.decode([torch.cat((n, -n)) for n in noise], torch.cat((loud, loud)))
        return self.decode(noise, loud)
