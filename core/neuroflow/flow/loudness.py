"""How loud a recording is beyond what its scalp EEG says: the scale that all of its noise shares."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

_NEWTON_STEPS, _FACTORINGS = 4, 50
_CONTACT_FACTORS = 8
FEWEST_WINDOWS = 32


class LogScales(nn.Module):
    """Scales whose logs are normal, with ``mean`` and covariance ``loadings`` ``loadings``' + diag(``own``²).

    A few factors are common to all ``cells``, and a part is each cell's own. All zero at first, which leaves every
    scale at one.
    """

    mean: Tensor
    loadings: Tensor
    own: Tensor

    def __init__(self, cells: int, factors: int) -> None:
        super().__init__()
        self.factors = factors
        self.register_buffer("mean", torch.zeros(cells))
        self.register_buffer("loadings", torch.zeros(cells, factors))
        self.register_buffer("own", torch.zeros(cells))

    @property
    def normals(self) -> int:
        """How many standard normals the scales of a recording are made from."""
        return self.factors + self.own.numel()

    @property
    def silent(self) -> bool:
        """Whether every scale is one."""
        return not any(bool(part.any()) for part in (self.mean, self.loadings, self.own))

    def scales(self, normals: Tensor) -> Tensor:
        """Scales (sample, cell) from standard normals (sample, :attr:`normals`)."""
        log = self.mean + normals[:, : self.factors] @ self.loadings.T + self.own * normals[:, self.factors :]
        return log.exp()

    def root(self) -> Tensor:
        """What the normals are multiplied by for the logs less their mean, (cell, :attr:`normals`)."""
        return torch.cat((self.loadings, torch.diag(self.own)), dim=1)

    def covariance(self) -> Tensor:
        """Of the logs, (cell, cell)."""
        return self.root() @ self.root().T

    @torch.no_grad()
    def set_moments(self, mean: Tensor, covariance: Tensor, windows: int) -> None:
        """Set from the mean (cell,) and the covariance (cell, cell) of the logs, as ``windows`` windows told them.

        The loadings are the covariance's principal factors, no more than windows can tell; what is left of the
        variances is the cells' own. An estimated covariance may have negative parts, which are taken for none.
        """
        covariance = covariance.double()
        variance = covariance.diagonal()
        factors = min(self.factors, windows // 8, variance.numel())
        own = torch.zeros_like(variance)
        # Principal axes, iterated: what is a cell's own is taken off before factors are looked for.
        for _ in range(_FACTORINGS):
            values, vectors = torch.linalg.eigh(covariance - torch.diag(own))
            loadings = vectors[:, -factors:] * values[-factors:].clamp_min(0.0).sqrt()
            own = (variance - loadings.square().sum(dim=1)).clamp_min(0.0)
        self.mean.copy_(mean)
        self.loadings.zero_()
        self.loadings[:, :factors] = loadings.to(self.loadings)
        self.own.copy_(own.sqrt())

    @torch.no_grad()
    def silence(self) -> None:
        """Back to scales of one."""
        for part in (self.mean, self.loadings, self.own):
            part.zero_()


class Loudness(nn.Module):
    """How loud a recording is beyond what its scalp says: scales that its noise shares for as long as it lasts.

    The scalp does not say how loud a patient's depth EEG is, over all or at one contact and in one band: that stays as
    it is for as long as the recording lasts, so noise that is independent from step to step cannot have it. There are
    scales of the flow's noise, one for each channel of each level (a channel of a level is a **cell**, levels finest
    first), and scales of the contacts, by which what the scalp does not determine is multiplied at the end: a contact's
    own loudness is spread over every cell and cannot be had from theirs.

    They are set from moments (:meth:`set_levels`, :meth:`set_contacts`) once the flow is fitted, and not by gradients:
    a window's likelihood hardly tells a flow that is a little too loud from a recording that is, so that the two drift
    together (tried: 650 updates ended 15 % too loud).
    """

    def __init__(self, channels: Sequence[int], contacts: int, factors: int) -> None:
        super().__init__()
        self.channels = tuple(channels)
        self.cells = LogScales(sum(channels), factors)
        self.contacts = LogScales(contacts, _CONTACT_FACTORS)

    @property
    def normals(self) -> int:
        """How many standard normals the scales of a recording are made from."""
        return self.cells.normals + self.contacts.normals

    def scales(self, normals: Tensor) -> tuple[list[Tensor], Tensor]:
        """What each level's noise is multiplied by, (sample, channel, 1), and each contact, (sample, contact, 1).

        From standard normals (sample, :attr:`normals`).
        """
        cells = self.cells.scales(normals[:, : self.cells.normals]).unsqueeze(-1)
        contacts = self.contacts.scales(normals[:, self.cells.normals :]).unsqueeze(-1)
        return list(torch.split(cells, list(self.channels), dim=1)), contacts

    @torch.no_grad()
    def set_levels(self, squares: Tensor, steps: Tensor) -> None:
        """Set the scales of the cells from mean squares (window, cell) of noise over ``steps`` (cell,).

        The windows are of many recordings. Half the log of a mean square scatters about the scale's log as normals do,
        with mean (ψ(n/2) − log(n/2)) / 2 and variance ψ'(n/2) / 4 for n steps; what there is beyond that is loudness.
        With fewer than :data:`FEWEST_WINDOWS` windows nothing is set.
        """
        if squares.shape[0] < FEWEST_WINDOWS:
            return
        half = 0.5 * steps.double()
        log = 0.5 * squares.double().clamp_min(1e-12).log()
        mean = log.mean(dim=0) - 0.5 * (torch.special.digamma(half) - half.log())
        excess = torch.cov(log.T) - torch.diag(0.25 * torch.special.polygamma(1, half))
        self.cells.set_moments(mean, excess, squares.shape[0])

    @torch.no_grad()
    def set_contacts(self, truth: Tensor, drawn: Tensor) -> None:
        """Set the scales of the contacts from how loud they are, and how loud samples with scales of one are there.

        ``truth`` (window, contact) holds logs of the rms of what the mean leaves, in windows of many recordings;
        ``drawn`` (window, draw, contact) those of samples. What truth scatters about the mean of samples beyond what
        samples do is the contacts' own. With fewer than :data:`FEWEST_WINDOWS` windows nothing is set.
        """
        windows, draws, _ = drawn.shape
        if windows < FEWEST_WINDOWS or draws < 2:
            return
        truth, drawn = truth.double(), drawn.double()
        middle = drawn.mean(dim=1, keepdim=True)
        left, own = truth - middle[:, 0], (drawn - middle).flatten(0, 1)
        # A mean of draws scatters too.
        expected = own.T @ own / (windows * (draws - 1)) * (1.0 + 1.0 / draws)
        self.contacts.set_moments(left.mean(dim=0), torch.cov(left.T) - expected, windows)

    @torch.no_grad()
    def silence(self) -> None:
        """Back to standard normals."""
        self.cells.silence()
        self.contacts.silence()

    def log_prob(self, noise: Sequence[Tensor]) -> Tensor:
        """Log density in nats of noise, one tensor a level (batch, channel, time); shape (batch,).

        The cells' scales are integrated out by Laplace's method (Tierney and Kadane 1986): the integrand is log-concave
        in their logs and, with as many steps as a window has, all but normal. What it leaves out is of the order of one
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
        off = log - self.cells.mean
        fit = -(steps * log).sum(dim=1) - 0.5 * pull.sum(dim=1) - 0.5 * (off * weighed).sum(dim=1)
        own, precision = self.cells.own.square(), 2.0 * pull
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
        own, loadings = self.cells.own.square(), self.cells.loadings
        inner = precision / (1.0 + own * precision)
        held = inner * (seen - self.cells.mean)
        common = torch.linalg.solve(self._small(inner), (held @ loadings).unsqueeze(-1)).squeeze(-1)
        weighed = held - inner * (common @ loadings.T)
        return self.cells.mean + own * weighed + (weighed @ loadings) @ loadings.T, weighed

    def _small(self, inner: Tensor) -> Tensor:
        """(batch, factor, factor): the loadings' part of a Woodbury identity."""
        loadings = self.cells.loadings
        identity = torch.eye(self.cells.factors, dtype=inner.dtype, device=inner.device)
        return identity + torch.einsum("ck,bc,cl->bkl", loadings, inner, loadings)
