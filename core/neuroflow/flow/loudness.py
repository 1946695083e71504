"""How loud a recording is beyond what its scalp EEG says: the scale that all of its noise shares."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

_NEWTON_STEPS, _FACTORINGS = 4, 50
FEWEST_WINDOWS = 32


class Loudness(nn.Module):
    """The distribution of the flow's noise: normals, each channel of each level times a scale of the whole recording.

    The scalp does not say how loud a patient's depth EEG is, over all or at one contact and in one band: that stays as
    it is for as long as the recording lasts, so noise that is independent from step to step cannot have it. The logs of
    the scales are normal with ``mean`` and covariance ``loadings`` ``loadings``' + diag(``own``²): few factors in
    common, and a part that is each channel's own. A channel of a level is a **cell** here, levels finest first. All
    zero at first, which leaves standard normals.

    They are set from moments (:meth:`set_from`) once the flow is fitted, and not by gradients: a window's likelihood
    hardly tells a flow that is a little too loud from a recording that is, so that the two drift together (tried: 650
    updates ended 15 % too loud).
    """

    mean: Tensor
    loadings: Tensor
    own: Tensor

    def __init__(self, channels: Sequence[int], factors: int) -> None:
        super().__init__()
        self.channels, self.factors = tuple(channels), factors
        cells = sum(channels)
        self.register_buffer("mean", torch.zeros(cells))
        self.register_buffer("loadings", torch.zeros(cells, factors))
        self.register_buffer("own", torch.zeros(cells))

    @property
    def normals(self) -> int:
        """How many standard normals the scales of a recording are made from."""
        return self.factors + self.own.numel()

    def scales(self, normals: Tensor) -> list[Tensor]:
        """What each level's noise is multiplied by, (sample, channel, 1), from normals (sample, :attr:`normals`)."""
        log = self.mean + normals[:, : self.factors] @ self.loadings.T + self.own * normals[:, self.factors :]
        return [part.exp().unsqueeze(-1) for part in torch.split(log, list(self.channels), dim=1)]

    @torch.no_grad()
    def set_from(self, squares: Tensor, steps: Tensor) -> None:
        """Set the distribution from windows of many recordings: mean squares (window, cell) of noise over ``steps``.

        Half the log of a mean square scatters about the scale's log as normals do, with mean (ψ(n/2) − log(n/2)) / 2
        and variance ψ'(n/2) / 4 for n steps; what there is beyond that is loudness. The loadings are its covariance's
        principal factors. With fewer than :data:`FEWEST_WINDOWS` windows nothing is set.
        """
        if squares.shape[0] < FEWEST_WINDOWS:
            return
        half = 0.5 * steps.double()
        log = 0.5 * squares.double().clamp_min(1e-12).log()
        self.mean.copy_(log.mean(dim=0) - 0.5 * (torch.special.digamma(half) - half.log()))
        excess = torch.cov(log.T) - torch.diag(0.25 * torch.special.polygamma(1, half))
        variance, factors = excess.diagonal(), min(self.factors, squares.shape[0] // 8)
        own = torch.zeros_like(variance)
        # Principal axes, iterated: what is a cell's own is taken off before factors are looked for.
        for _ in range(_FACTORINGS):
            values, vectors = torch.linalg.eigh(excess - torch.diag(own))
            loadings = vectors[:, -factors:] * values[-factors:].clamp_min(0.0).sqrt()
            own = (variance - loadings.square().sum(dim=1)).clamp_min(0.0)
        self.loadings.zero_()
        self.loadings[:, :factors] = loadings.to(self.loadings)
        self.own.copy_(own.sqrt())

    @torch.no_grad()
    def silence(self) -> None:
        """Back to standard normals."""
        for part in (self.mean, self.loadings, self.own):
            part.zero_()

    def log_prob(self, noise: Sequence[Tensor]) -> Tensor:
        """Log density in nats of noise, one tensor a level (batch, channel, time), shape (batch,).

        The scales are integrated out by Laplace's method (Tierney and Kadane 1986): the integrand is log-concave in
        their logs and, with as many steps as a window has, all but normal. What it leaves out is of the order of one
        over the number of steps for each cell: below 1e-5 nats a dimension for windows of 6 s.
        """
        with torch.autocast(noise[0].device.type, enabled=False):
            wide = torch.promote_types(noise[0].dtype, torch.float32)
            squares = torch.cat([part.to(wide).square().sum(dim=2) for part in noise], dim=1)
            steps = torch.cat([squares.new_full((part.shape[1],), part.shape[2]) for part in noise])
            return self._marginal(squares, steps)

    def _marginal(self, squares: Tensor, steps: Tensor) -> Tensor:
        """The density from each cell's sum of squares (batch, cell) and its number of steps (cell,)."""
        squares = squares.clamp_min(1e-6 * steps)
        with torch.no_grad():
            log = 0.5 * (squares / steps).log()
            for _ in range(_NEWTON_STEPS):
                log = self._newton(log, squares, steps)[0]
        # One more step, with gradients: the mode moves with the noise.
        log, weighed = self._newton(log, squares, steps)
        pull = squares * torch.exp(-2.0 * log)
        off = log - self.mean
        fit = -(steps * log).sum(dim=1) - 0.5 * pull.sum(dim=1) - 0.5 * (off * weighed).sum(dim=1)
        own, precision = self.own.square(), 2.0 * pull
        inner = precision / (1.0 + own * precision)
        volume = (1.0 + own * precision).log().sum(dim=1) + torch.logdet(self._small(inner))
        return fit - 0.5 * volume - 0.5 * math.log(2.0 * math.pi) * steps.sum()

    def _newton(self, log: Tensor, squares: Tensor, steps: Tensor) -> tuple[Tensor, Tensor]:
        """A step towards the mode: the logs (batch, cell), and the inverse covariance times what they are off the mean.

        As regression on what the noise itself would have them be, ``seen``, of variance one over the curvature
        (Rasmussen and Williams 2006, algorithm 3.1), with the covariance's few factors inverted apart.
        """
        precision = 2.0 * squares * torch.exp(-2.0 * log)
        seen = log + (0.5 * precision - steps) / precision
        own, loadings = self.own.square(), self.loadings
        inner = precision / (1.0 + own * precision)
        held = inner * (seen - self.mean)
        common = torch.linalg.solve(self._small(inner), (held @ loadings).unsqueeze(-1)).squeeze(-1)
        weighed = held - inner * (common @ loadings.T)
        return self.mean + own * weighed + (weighed @ loadings) @ loadings.T, weighed

    def _small(self, inner: Tensor) -> Tensor:
        """(batch, factor, factor): the loadings' part of a Woodbury identity."""
        loadings = self.loadings
        identity = torch.eye(self.factors, dtype=inner.dtype, device=inner.device)
        return identity + torch.einsum("ck,bc,cl->bkl", loadings, inner, loadings)
