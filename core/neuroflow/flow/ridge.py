"""The linear part of the conditional mean: the lagged ridge of whichever scalp channels are present."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

STRENGTH = 1e-3
_KEPT = 256


def _forget(module: nn.Module, _: object) -> None:
    assert isinstance(module, MontageRidge)
    module._solved.clear()


class MontageRidge(nn.Module):
    """Depth EEG from scalp EEG at lags of -``lags`` to ``lags`` steps, by the ridge for the channels that are present.

    One kernel for every montage would be a compromise: a channel's weight depends on which others there are. Held here
    are the moments that any montage's own solution follows from: ``gram`` (feature, feature) of scalp EEG in average
    reference over all sites, and ``cross`` (feature, contact), features site-major, site * (2 lags + 1) + lag. Another
    reference over fewer channels is a linear map of that, so its moments are too. A montage's kernel is solved for once
    (float64, on the CPU) and kept. Training refines it by a gain a contact and a ``correction`` that all montages
    share.
    In: scalp (batch, site, time) in average reference, zero where absent, and present (batch, site) bool. Out: (batch,
    contact, time).
    """

    gram: Tensor
    cross: Tensor

    def __init__(self, sites: int, contacts: int, lags: int) -> None:
        super().__init__()
        self.sites, self.contacts, self.lags = sites, contacts, lags
        width = 2 * lags + 1
        self.register_buffer("gram", torch.zeros(sites * width, sites * width))
        self.register_buffer("cross", torch.zeros(sites * width, contacts))
        self.log_gain = nn.Parameter(torch.zeros(contacts, 1, 1))
        self.correction = nn.Parameter(torch.zeros(contacts, sites, width))
        self._solved: OrderedDict[bytes, Tensor] = OrderedDict()
        self.register_load_state_dict_post_hook(_forget)  # type: ignore[no-untyped-call]

    @torch.no_grad()
    def set_moments(self, gram: Tensor, cross: Tensor) -> None:
        """Take up the moments of training data, in the flow's units."""
        self.gram.copy_(gram)
        self.cross.copy_(cross)
        self._solved.clear()

    @torch.no_grad()
    def covariance(self) -> Tensor:
        """Of scalp EEG in training, (site, site) float64, in average reference over all sites, in the flow's units."""
        width = 2 * self.lags + 1
        gram = self.gram.cpu().double().reshape(self.sites, width, self.sites, width)
        return gram[:, self.lags, :, self.lags]

    @torch.no_grad()
    def solution(self, present: Tensor) -> Tensor:
        """The ridge's kernel (contact, site, 2 lags + 1) for present (site,) bool; zero in absent sites."""
        key = present.cpu().numpy().tobytes()
        if key not in self._solved:
            self._solved[key] = self._solve(present.cpu()).float()
        self._solved.move_to_end(key)
        if len(self._solved) > _KEPT:
            self._solved.popitem(last=False)
        return self._solved[key]

    def forward(self, scalp: Tensor, present: Tensor) -> Tensor:
        first = self._kernel(present[0])
        if bool((present == present[0]).all()):
            return functional.conv1d(scalp, first, padding=self.lags)
        batch, _, time = scalp.shape
        kernels = torch.cat([first, *(self._kernel(row) for row in present[1:])])
        side_by_side = scalp.reshape(1, batch * self.sites, time)
        return functional.conv1d(side_by_side, kernels, padding=self.lags, groups=batch).reshape(batch, -1, time)

    def _kernel(self, present: Tensor) -> Tensor:
        return self.solution(present).to(self.correction) * self.log_gain.exp() + self.correction

    def _solve(self, present: Tensor) -> Tensor:
        width, count = 2 * self.lags + 1, int(present.sum())
        kernel = torch.zeros(self.contacts, self.sites, width, dtype=torch.float64)
        gram = self.gram.cpu().double().reshape(self.sites, width, self.sites, width)[present][:, :, present]
        gram = gram - gram.mean(dim=0, keepdim=True)
        gram = (gram - gram.mean(dim=2, keepdim=True)).reshape(count * width, count * width)
        cross = self.cross.cpu().double().reshape(self.sites, width, self.contacts)[present]
        cross = (cross - cross.mean(dim=0, keepdim=True)).reshape(count * width, self.contacts)
        penalty = STRENGTH * gram.trace() / (count * width)
        if penalty > 0.0:
            gram.diagonal().add_(penalty)
            kernel[:, present] = torch.linalg.solve(gram, cross).T.reshape(self.contacts, count, width)
        return kernel
