"""A conditional variational autoencoder of the flow's size: the rival by which collapse of samples is measured.

p(depth | scalp) = ∫ p(depth | z, scalp) p(z | scalp) dz with normal densities (Sohn et al. 2015). It has what the flow
has, the linear part, the whitening and the conditioner, and is trained on the same windows for the same time; only the
flow's couplings are replaced. Its draws come with the decoder's noise, which makes them a distribution, and without,
as such models are usually shown.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from neuroflow.errors import ModelProblem
from neuroflow.evaluation.baselines_kept import default_folder
from neuroflow.evaluation.posterior import Given
from neuroflow.flow.conditioner import Conditioner, TemporalBlock
from neuroflow.flow.model import NeuroFlow, average_reference, bounded
from neuroflow.flow.ridge import MontageRidge
from neuroflow.jobs import Control
from neuroflow.recording import Samples

LARGEST_FILE = 512 << 20
_DILATIONS = (1, 2, 4)
_PATCH = 8  # steps that one step of the latent stands for
_IMPORTANCE_DRAWS = 16
_LOG_STD = 6.0
# For its first fifth, training counts the latent's cost less, or the decoder learns to do without the latent.
_WARM_UP = 0.2


class Windows(Protocol):
    """A batch: scalp (batch, site, time) and depth (batch, contact, time) in volts, present (batch, site)."""

    @property
    def scalp(self) -> Samples: ...
    @property
    def present(self) -> NDArray[np.bool_]: ...
    @property
    def depth(self) -> Samples: ...


@dataclass(frozen=True)
class VariationalShape:
    """Sizes; the first eight as the flow's (:class:`flow.model.FlowShape`).

    ``latent`` is the number of channels of the latent, at an eighth of the rate.
    """

    sites: int
    contacts: int
    features: tuple[int, int, int]
    token: int
    queries: int
    lags: int
    scalp_scale: float
    depth_scale: float
    latent: int = 96
    hidden: int = 192


class ConditionalVariational(nn.Module):
    """The autoencoder; ``forward`` gives what a scalp EEG says, from which one draws."""

    whitening: Tensor
    unwhitening: Tensor

    def __init__(self, shape: VariationalShape) -> None:
        super().__init__()
        self.shape = shape
        hidden, contacts = shape.hidden, shape.contacts
        fine, middle, coarse = shape.features
        self.conditioner = Conditioner(shape.sites, shape.features, shape.token, shape.queries)
        self.linear = MontageRidge(shape.sites, contacts, shape.lags)
        self.register_buffer("whitening", torch.eye(contacts))
        self.register_buffer("unwhitening", torch.eye(contacts))
        self.encoder = nn.Sequential(
            nn.Conv1d(_PATCH * contacts + coarse, hidden, 1),
            *(TemporalBlock(hidden, d) for d in _DILATIONS),
            nn.SiLU(),
            nn.Conv1d(hidden, 2 * shape.latent, 1),
        )
        self.prior = nn.Sequential(
            nn.Conv1d(coarse, hidden, 1), nn.SiLU(), nn.Conv1d(hidden, 2 * shape.latent, 1)
        )  # fmt: skip
        self.decode_coarse = nn.Sequential(
            nn.Conv1d(shape.latent + coarse, hidden, 1), *(TemporalBlock(hidden, d) for d in _DILATIONS)
        )
        self.decode_middle = nn.Sequential(nn.Conv1d(hidden + middle, hidden, 3, padding=1), TemporalBlock(hidden, 1))
        self.decode_fine = nn.Sequential(nn.Conv1d(hidden + fine, hidden, 3, padding=1), TemporalBlock(hidden, 1))
        self.out = nn.Conv1d(hidden, 2 * contacts, 1)
        self.log_noise = nn.Parameter(torch.zeros(contacts, 1))
        for last in (self.encoder[-1], self.prior[-1], self.out):
            assert isinstance(last, nn.Conv1d)
            nn.init.zeros_(last.weight)
            assert last.bias is not None
            nn.init.zeros_(last.bias)

    @property
    def reach(self) -> int:
        """Steps of scalp EEG either side of a window that its draws may depend on, a multiple of a patch."""
        decoder = _PATCH * sum(_DILATIONS) + 4 * 2 + 2 * 2
        context: int = max(self.conditioner.reach, self.shape.lags)
        return _PATCH * (math.ceil(decoder / _PATCH) + math.ceil(context / _PATCH))

    def forward(self, scalp: Tensor, present: Tensor) -> tuple[tuple[Tensor, Tensor, Tensor], Tensor]:
        """Contexts and the linear part's estimate (batch, contact, time) in depth units, of scalp EEG in volts."""
        clean = average_reference(scalp, present) / self.shape.scalp_scale
        fine, middle, coarse = self.conditioner(clean, present)
        return (fine, middle, coarse), self.linear(bounded(clean), present)

    def decode(self, z: Tensor, contexts: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """Mean of what the linear part leaves, whitened, (batch, contact, time)."""
        fine, middle, coarse = (c.expand(z.shape[0], -1, -1) for c in contexts)
        x = self.decode_coarse(torch.cat((z, coarse), dim=1)).repeat_interleave(2, dim=2)
        x = self.decode_middle(torch.cat((x, middle), dim=1)).repeat_interleave(2, dim=2)
        x = functional.silu(self.decode_fine(torch.cat((x, fine), dim=1)))
        low, high = self.out(x).chunk(2, dim=1)
        mean: Tensor = torch.stack((low, high), dim=-1).flatten(-2)
        return mean

    def bound(self, scalp: Tensor, present: Tensor, depth: Tensor, weight: float, generator: torch.Generator) -> Tensor:
        """Evidence lower bound of log p(depth) in nats a dimension, depth units, shape (batch,).

        ``weight`` multiplies the latent's divergence. Source: Kingma and Welling 2014, equation 3.
        """
        contexts, mean = self(scalp, present)
        x = self.whiten(depth, mean)
        q_mean, q_log = self.encode(x, contexts)
        p_mean, p_log = _halves(self.prior(contexts[2]))
        noise = torch.randn(q_mean.shape, generator=generator)
        z = q_mean + q_log.exp() * noise
        seen = self.likelihood(x, self.decode(z, contexts))
        gap = (p_log - q_log + 0.5 * ((2 * q_log).exp() + (q_mean - p_mean).square()) * (-2 * p_log).exp() - 0.5).sum(
            dim=(1, 2)
        )
        return (seen - weight * gap) / (x.shape[1] * x.shape[2])

    def whiten(self, depth: Tensor, mean: Tensor) -> Tensor:
        """What the linear part leaves of depth EEG in volts, white across contacts."""
        return self.whitening @ (depth / self.shape.depth_scale - mean)

    def encode(self, x: Tensor, contexts: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation of the latent given whitened depth EEG."""
        batch, contacts, steps = x.shape
        patches = x.reshape(batch, contacts, steps // _PATCH, _PATCH).transpose(2, 3).flatten(1, 2)
        return _halves(self.encoder(torch.cat((patches, contexts[2].expand(batch, -1, -1)), dim=1)))

    def likelihood(self, x: Tensor, mean: Tensor) -> Tensor:
        """log p(depth | z) in nats, depth units, shape (batch,)."""
        log_det = torch.linalg.slogdet(self.whitening.double())[1].to(x.dtype) * x.shape[2]
        square = ((x - mean) * (-self.log_noise).exp()).square()
        each = -0.5 * square - self.log_noise - 0.5 * math.log(2.0 * math.pi)
        density: Tensor = each.sum(dim=(1, 2)) + log_det
        return density


class VariationalPosterior:
    """The trained autoencoder as a distribution to be measured, its draws with the decoder's noise or without."""

    def __init__(self, model: ConditionalVariational, *, noise: bool = True) -> None:
        self._model, self._noise = model.eval().requires_grad_(False), noise
        self.reach, self.stride = model.reach, _PATCH

    def given(self, scalp: Samples, present: NDArray[np.bool_]) -> Given:
        contexts, mean = self._model(
            torch.from_numpy(np.array(scalp[None], dtype=np.float32)), torch.from_numpy(np.array(present[None]))
        )
        return _VariationalGiven(self._model, contexts, mean, self._noise)


@dataclass(frozen=True)
class _VariationalGiven:
    model: ConditionalVariational
    contexts: tuple[Tensor, Tensor, Tensor]
    mean: Tensor
    noise: bool

    def draw(self, count: int, generator: torch.Generator, *, mirrored: bool = False) -> Tensor:
        def normal(size: torch.Size) -> Tensor:
            if not mirrored:
                return torch.randn((count, *size), generator=generator)
            half = torch.randn((count // 2, *size), generator=generator)
            return torch.cat((half, -half))

        p_mean, p_log = _halves(self.model.prior(self.contexts[2]))
        x = self.model.decode(p_mean + p_log.exp() * normal(p_mean.shape[1:]), self.contexts)
        if self.noise:
            x = x + self.model.log_noise.exp() * normal(x.shape[1:])
        depth = (self.model.unwhitening @ x + self.mean) * self.model.shape.depth_scale
        return depth[..., self.model.reach : -self.model.reach]

    def log_prob(self, depth: Samples) -> float:
        """A lower bound from sixteen importance draws, nats, volts (Burda et al. 2016); NaN without noise."""
        if not self.noise:
            return math.nan
        model, reach = self.model, self.model.reach
        fine, middle, coarse = (c[..., reach >> level : -(reach >> level)] for level, c in enumerate(self.contexts, 1))
        contexts = (fine, middle, coarse)
        volts = torch.from_numpy(np.array(depth[None], dtype=np.float32))
        x = model.whiten(volts, self.mean[..., reach:-reach])
        q_mean, q_log = model.encode(x, contexts)
        p_mean, p_log = _halves(model.prior(coarse))
        # The same noise for the same window, so that a second evaluation gives the same number.
        generator = torch.Generator().manual_seed(0)
        noise = torch.randn((_IMPORTANCE_DRAWS, *q_mean.shape[1:]), generator=generator)
        z = q_mean + q_log.exp() * noise
        ratio = (-0.5 * ((z - p_mean) * (-p_log).exp()).square() - p_log + 0.5 * noise.square() + q_log).sum(dim=(1, 2))
        weights = model.likelihood(x, model.decode(z, contexts)) + ratio
        bound = torch.logsumexp(weights.double(), dim=0) - math.log(_IMPORTANCE_DRAWS)
        return float(bound) - depth.size * math.log(model.shape.depth_scale)


def variational_like(flow: NeuroFlow) -> ConditionalVariational:
    """An untrained autoencoder with the flow's linear part and whitening and about as many parameters."""
    s = flow.shape
    fine, middle, coarse, *_ = s.features
    shape = VariationalShape(
        s.sites, s.contacts, (fine, middle, coarse), s.token, s.queries, s.lags, s.scalp_scale, s.depth_scale,
        latent=max(3 * s.contacts // 2, 8),
    )  # fmt: skip
    wanted = _size(flow)
    sizes = {hidden: _size(ConditionalVariational(replace(shape, hidden=hidden))) for hidden in range(16, 513, 16)}
    model = ConditionalVariational(replace(shape, hidden=min(sizes, key=lambda h: abs(sizes[h] - wanted))))
    model.linear.load_state_dict(flow.linear.state_dict())
    model.whitening.copy_(flow.whitening)
    model.unwhitening.copy_(flow.unwhitening)
    return model


def fit_variational(
    flow: NeuroFlow, draw: Callable[[], Windows], minutes: float, *, seed: int = 0, learning_rate: float = 2e-3,
    clip: float = 0.5, control: Control | None = None, say: Callable[[str], None] = lambda _: None,
) -> ConditionalVariational:  # fmt: skip
    """Train an autoencoder of the flow's size on windows from ``draw`` for as long as the flow was. Raises: Cancelled.

    ``flow`` gives sizes, linear part and whitening; its couplings are not used.
    """
    control = control or Control()
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = variational_like(flow)
    average = {name: value.detach().clone() for name, value in model.state_dict().items()}
    optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate, betas=(0.9, 0.98))
    begun, step, done = time.monotonic(), 0, 0.0
    recent: list[float] = []
    while done < 1.0:
        done = min((time.monotonic() - begun) / (60.0 * minutes), 1.0)
        control.checkpoint(done)
        rate = learning_rate * min(1.0, (step + 1) / 50) * (0.02 + 0.98 * math.cos(done * math.pi / 2))
        for group in optimiser.param_groups:
            group["lr"] = rate
        batch = draw()
        scalp, present, depth = (
            torch.from_numpy(np.asarray(a)) for a in (batch.scalp, batch.present, batch.depth)
        )  # fmt: skip
        loss = -model.bound(scalp, present, depth, min(1.0, 0.05 + done / _WARM_UP), generator).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if torch.isfinite(torch.nn.utils.clip_grad_norm_(model.parameters(), clip)):
            optimiser.step()
            keep = min(0.995, (1 + step) / (10 + step))
            for name, value in model.state_dict().items():
                average[name].lerp_(value, 1.0 - keep)
            recent.append(float(loss.detach()))
        step += 1
        if step % 100 == 0:
            say(f"step {step}: {np.mean(recent[-100:]):.4f} nats a dimension (a bound)")
    model.load_state_dict(average)
    return model


@dataclass(frozen=True)
class Kept:
    """An autoencoder and the minutes for which it was trained."""

    model: ConditionalVariational
    minutes: float


def kept_at(model_hash: str) -> Path:
    """Where the autoencoder that goes with a model is kept."""
    return default_folder() / f"variational-{model_hash[:24]}.safetensors"


def write_variational(kept: Kept, path: Path) -> None:
    """Write weights, sizes and minutes, all or nothing. Raises: OSError."""
    from safetensors.torch import save

    tensors = {name: value.contiguous() for name, value in kept.model.state_dict().items()}
    told = {"shape": json.dumps(asdict(kept.model.shape)), "minutes": json.dumps(kept.minutes)}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(save(tensors, told))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_variational(path: Path, contacts: int, sites: int) -> Kept | None:
    """What is kept, None where nothing is. Raises: ModelProblem where it does not fit a model of these sizes."""
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import load_file

    if not path.is_file():
        return None
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ValueError("too large")
        with safe_open(path, "pt") as file:
            told = file.metadata() or {}
        values, minutes = json.loads(told["shape"]), float(json.loads(told["minutes"]))
        values["features"] = tuple(values["features"])
        shape = VariationalShape(**values)
        if (shape.contacts, shape.sites) != (contacts, sites):
            raise ValueError("other contacts or sites")
        model = ConditionalVariational(shape)
        model.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError, ValueError, TypeError, KeyError) as error:
        raise ModelProblem(
            f"The autoencoder {path} does not fit the model; delete it, or fit it again with --fit-vae.", str(error)
        ) from error
    return Kept(model, minutes)


def _halves(both: Tensor) -> tuple[Tensor, Tensor]:
    """Mean, and log standard deviation bounded softly."""
    mean, raw = both.chunk(2, dim=1)
    return mean, _LOG_STD * torch.tanh(raw / _LOG_STD)


def _size(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())
