"""Invertible transforms of (batch, channel, time) tensors, each with its exact log-determinant.

``forward`` returns the value and the log-determinant of its Jacobian, summed over channel and time, shape (batch,);
composition only adds. ``inverse`` returns the value alone. ``context`` is what the conditioner says at the level's
rate, shape (batch or 1, feature, time).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class Transform(nn.Module):
    """An invertible map of x given a context."""

    def forward(self, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    def inverse(self, z: Tensor, context: Tensor) -> Tensor:
        raise NotImplementedError


class HaarSqueeze(Transform):
    """Halves the rate and doubles the channels by the orthonormal Haar pair; log-determinant 0.

    Channels come out as all sums, then all differences: (batch, 2 channel, time / 2). Time must be even.
    """

    def forward(self, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        even, odd = x[..., 0::2], x[..., 1::2]
        z = torch.cat((even + odd, even - odd), dim=1) * math.sqrt(0.5)
        return z, x.new_zeros(x.shape[0])

    def inverse(self, z: Tensor, context: Tensor) -> Tensor:  # noqa: ARG002
        low, high = z.chunk(2, dim=1)
        pair = torch.stack((low + high, low - high), dim=-1) * math.sqrt(0.5)
        return pair.flatten(-2)


class ActNorm(Transform):
    """A scale and a shift per channel, set from the first batch of training and frozen to data ever after.

    Source: Kingma and Dhariwal 2018 (Glow), section 3.1.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(channels, 1))
        self.shift = nn.Parameter(torch.zeros(channels, 1))

    @torch.no_grad()
    def set_from(self, x: Tensor) -> None:
        """Make the output of this batch zero-mean and of unit variance per channel."""
        self.shift.copy_(-x.mean(dim=(0, 2)).unsqueeze(1))
        self.log_scale.copy_(-x.std(dim=(0, 2)).clamp_min(1e-6).log().unsqueeze(1))

    def forward(self, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        log_det = self.log_scale.sum() * x.shape[-1]
        return (x + self.shift) * self.log_scale.exp(), log_det.expand(x.shape[0])

    def inverse(self, z: Tensor, context: Tensor) -> Tensor:  # noqa: ARG002
        return z * (-self.log_scale).exp() - self.shift


class InvertibleLinear(Transform):
    """A 1×1 convolution W = L U with unit-diagonal L and a positive diagonal of U; starts as the identity.

    Source: Kingma and Dhariwal 2018 (Glow), equation 10, without the permutation. The inverse is taken in float64.
    """

    kept_inverse: Tensor | None

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.lower = nn.Parameter(torch.zeros(channels, channels))
        self.upper = nn.Parameter(torch.zeros(channels, channels))
        self.log_diagonal = nn.Parameter(torch.zeros(channels))
        self.register_buffer("kept_inverse", None, persistent=False)

    @torch.no_grad()
    def keep_inverse(self) -> None:
        """Invert once for all: the parameters must not change afterwards."""
        self.kept_inverse = self.inverse_matrix()

    def matrix(self) -> Tensor:
        """W, shape (channel, channel)."""
        identity = torch.eye(self.lower.shape[0], dtype=self.lower.dtype, device=self.lower.device)
        lower = self.lower.tril(-1) + identity
        product: Tensor = lower @ (self.upper.triu(1) + torch.diag(self.log_diagonal.exp()))
        return product

    def inverse_matrix(self) -> Tensor:
        """W⁻¹, computed in float64 and returned in the parameters' dtype, shape (channel, channel)."""
        inverse: Tensor = torch.linalg.inv(self.matrix().double()).to(self.lower.dtype)
        return inverse

    def forward(self, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        log_det = self.log_diagonal.sum() * x.shape[-1]
        return self.matrix() @ x, log_det.expand(x.shape[0])

    def inverse(self, z: Tensor, context: Tensor) -> Tensor:  # noqa: ARG002
        inverse = self.inverse_matrix() if self.kept_inverse is None else self.kept_inverse
        return inverse @ z


class ContextNet(nn.Module):
    """A small network of a signal and its context: one dilated convolution over time, then pointwise layers.

    The context's part is computed once and shared by every sample of the batch. The last layer is zero, so that
    whatever it parametrises starts as the identity. Output: (batch, out, time).
    """

    def __init__(self, channels: int, context: int, hidden: int, out: int, dilation: int = 1) -> None:
        super().__init__()
        self.signal = nn.Conv1d(channels, hidden, 3, padding=dilation, dilation=dilation)
        self.context = nn.Conv1d(context, hidden, 1, bias=False)
        self.middle = nn.Conv1d(hidden, hidden, 1)
        self.last = nn.Conv1d(hidden, out, 1)
        nn.init.zeros_(self.last.weight)
        if self.last.bias is not None:
            nn.init.zeros_(self.last.bias)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        hidden = functional.silu(self.signal(x) + self.context(context))
        hidden = functional.silu(self.middle(hidden))
        out: Tensor = self.last(hidden)
        return out


class AffineCoupling(Transform):
    """Scales and shifts the second half of the channels by a function of the first half and the context.

    The log-scale is bounded to ±``bound`` by tanh, so that no input can make a sample explode by more than that.
    Source: Dinh et al. 2017 (RealNVP), equations 7 and 8.
    """

    def __init__(self, channels: int, context: int, hidden: int, dilation: int, bound: float) -> None:
        super().__init__()
        self.bound = bound
        self.net = ContextNet(channels // 2, context, hidden, channels, dilation)

    def _scale_and_shift(self, first: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        raw, shift = self.net(first, context).chunk(2, dim=1)
        return self.bound * torch.tanh(raw / self.bound), shift

    def forward(self, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        first, second = x.chunk(2, dim=1)
        log_scale, shift = self._scale_and_shift(first, context)
        return torch.cat((first, second * log_scale.exp() + shift), dim=1), log_scale.sum(dim=(1, 2))

    def inverse(self, z: Tensor, context: Tensor) -> Tensor:
        first, second = z.chunk(2, dim=1)
        log_scale, shift = self._scale_and_shift(first, context)
        return torch.cat((first, (second - shift) * (-log_scale).exp()), dim=1)


class Chain(Transform):
    """Transforms one after the other."""

    def __init__(self, *transforms: Transform) -> None:
        super().__init__()
        self.transforms = nn.ModuleList(transforms)

    def forward(self, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        total = x.new_zeros(x.shape[0])
        for transform in self.transforms:
            x, log_det = transform(x, context)
            total = total + log_det
        return x, total

    def inverse(self, z: Tensor, context: Tensor) -> Tensor:
        for transform in reversed(self.transforms):
            assert isinstance(transform, Transform)
            z = transform.inverse(z, context)
        return z


class ConditionalNormal(nn.Module):
    """A diagonal normal over part of the channels, given the channels that are kept and the context.

    Its log standard deviation is bounded to ±``bound``; it has no notion of position.
    """

    def __init__(self, kept: int, out: int, context: int, hidden: int, bound: float) -> None:
        super().__init__()
        self.bound = bound
        self.net = ContextNet(kept, context, hidden, 2 * out)

    def parameters_of(self, kept: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation, each (batch, out, time)."""
        mean, raw = self.net(kept, context).chunk(2, dim=1)
        return mean, self.bound * torch.tanh(raw / self.bound)

    def place(self, noise: Tensor, kept: Tensor, context: Tensor) -> Tensor:
        """Standard normals moved to this distribution."""
        mean, log_std = self.parameters_of(kept, context)
        return mean + noise * log_std.exp()
