"""What the scalp EEG says, at each of the flow's rates: attention over channels, then convolutions over time."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


class TemporalBlock(nn.Module):
    """A residual pair of convolutions over time, the first dilated; (batch, feature, time) in and out."""

    def __init__(self, features: int, dilation: int) -> None:
        super().__init__()
        self.wide = nn.Conv1d(features, features, 3, padding=dilation, dilation=dilation)
        self.point = nn.Conv1d(features, features, 1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.point(functional.silu(self.wide(functional.silu(x))))
        return out


class ChannelAttention(nn.Module):
    """Learned queries that attend over the scalp channels at each coarse step.

    Every channel's patch of signal becomes a token with its site's embedding; absent channels are masked out, so any
    subset of the sites works. In: scalp (batch, site, time), present (batch, site). Out: (batch, feature,
    time / stride).
    """

    def __init__(self, sites: int, stride: int, token: int, queries: int, features: int) -> None:
        super().__init__()
        self.stride = stride
        self.patch = nn.Conv1d(1, token, 3 * stride, stride=stride, padding=stride)
        self.site = nn.Parameter(0.5 * torch.randn(sites, token))
        self.query = nn.Parameter(torch.randn(queries, token) / token**0.5)
        self.key = nn.Linear(token, token)
        self.value = nn.Linear(token, token)
        self.out = nn.Conv1d(queries * token, features, 1)

    def forward(self, scalp: Tensor, present: Tensor) -> Tensor:
        batch, sites, time = scalp.shape
        patches = self.patch(scalp.reshape(batch * sites, 1, time)).reshape(batch, sites, -1, time // self.stride)
        tokens = functional.silu(patches.permute(0, 3, 1, 2) + self.site)  # (batch, time, site, token)
        scores = self.key(tokens) @ self.query.T  # (batch, time, site, query)
        scores = scores.masked_fill(~present[:, None, :, None], float("-inf"))
        weights = scores.softmax(dim=2).transpose(2, 3)  # (batch, time, query, site)
        read = (weights @ self.value(tokens)).flatten(2).transpose(1, 2)  # (batch, query * token, time)
        out: Tensor = self.out(read)
        return out


class Conditioner(nn.Module):
    """Features of the scalp EEG at half, quarter, eighth … of the model's rate.

    In: scalp (batch, site, time), zero where a channel is absent, in units of the model's scalp scale; present
    (batch, site) bool with at least one true. Out: one tensor a level, finest first, (batch, features[level],
    time / 2^(level+1)). A feature depends on at most :attr:`reach` input steps either side.
    """

    DILATIONS = (1, 2, 4, 8)

    def __init__(self, sites: int, features: tuple[int, ...], token: int, queries: int) -> None:
        super().__init__()
        fine, middle, coarse, *deeper = features
        self.attention = ChannelAttention(sites, 8, token, queries, coarse)
        # Signed spatial filters, which a softmax over channels cannot be: the absent channels are zeros here.
        self.mix_coarse = nn.Conv1d(sites, coarse, 24, stride=8, padding=8)
        self.mix_middle = nn.Conv1d(sites, middle, 12, stride=4, padding=4)
        self.mix_fine = nn.Conv1d(sites, fine, 6, stride=2, padding=2)
        self.mask = nn.Linear(sites, coarse)
        self.blocks = nn.Sequential(*(TemporalBlock(coarse, d) for d in self.DILATIONS))
        self.to_middle = nn.Conv1d(coarse, middle, 1)
        self.to_fine = nn.Conv1d(middle, fine, 1)
        self.slower = nn.ModuleList(
            nn.Conv1d(above, below, 4, stride=2, padding=1) for above, below in pairwise((coarse, *deeper))
        )

    @property
    def reach(self) -> int:
        """Input steps either side that an output may depend on."""
        slower = sum(2 * 8 << level for level in range(len(self.slower)))
        return 8 * (sum(self.DILATIONS) + 2) + slower

    def forward(self, scalp: Tensor, present: Tensor) -> tuple[Tensor, ...]:
        # A blink is ten times a spike: the compression keeps both in the range where the layers are trained.
        soft = torch.asinh(scalp)
        coarse = self.attention(soft, present) + self.mix_coarse(soft) + self.mask(present.to(scalp.dtype)).unsqueeze(2)
        coarse = functional.silu(self.blocks(coarse))
        middle = functional.silu(self.mix_middle(soft) + self.to_middle(coarse).repeat_interleave(2, dim=2))
        fine = functional.silu(self.mix_fine(soft) + self.to_fine(middle).repeat_interleave(2, dim=2))
        contexts = [fine, middle, coarse]
        for slower in self.slower:
            contexts.append(functional.silu(slower(contexts[-1])))
        return tuple(contexts)
