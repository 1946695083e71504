"""Several processes that train one flow: the same weights in each, a share of every batch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from neuroflow.errors import NeuroflowError
from neuroflow.recording import Samples


@dataclass(frozen=True)
class Group:
    """The processes that train together; with one alone every method does nothing.

    Gradients are averaged by hand instead of by DistributedDataParallel: the flow is small, so that nothing is won by
    overlapping the exchange with the backward pass, and accumulation and unused parameters need no special care.
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process scores, writes and speaks."""
        return self.rank == 0

    def rows(self, count: int) -> slice:
        """This process's share of a batch of ``count`` windows."""
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Make every gradient the mean over processes; one exchange for all of them."""
        if self.size == 1:
            return
        held = list(parameters)
        flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in held])
        torch.distributed.all_reduce(flat)
        flat /= self.size
        for parameter, part in zip(held, torch.split(flat, [p.numel() for p in held]), strict=True):
            parameter.grad = part.view_as(parameter).clone()

    def total(self, *values: float) -> tuple[float, ...]:
        """Each value summed over processes."""
        if self.size == 1:
            return values
        summed = torch.tensor(values, dtype=torch.float64)
        torch.distributed.all_reduce(summed)
        return tuple(summed.tolist())

    def share_state(self, module: nn.Module) -> None:
        """Give every process the leader's weights and buffers."""
        if self.size > 1:
            for tensor in module.state_dict().values():
                torch.distributed.broadcast(tensor, 0)

    def share_array(self, values: Samples | None, shape: tuple[int, ...], owner: int) -> Samples:
        """An array of float32 that one process, the ``owner``, has."""
        if self.size == 1:
            assert values is not None
            return values
        tensor = torch.from_numpy(np.ascontiguousarray(values)) if values is not None else torch.empty(shape)
        torch.distributed.broadcast(tensor, owner)
        return tensor.numpy()


ALONE = Group()


@contextmanager
def joined(device: str) -> Iterator[Group]:
    """The group that torchrun started this process in; alone where it did not. Raises: NeuroflowError."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE
        return
    if not torch.distributed.is_available():
        raise NeuroflowError("This torch cannot train with several processes; run neuroflow train without torchrun.")
    # Patients travel between CPUs; gradients between wherever the flow is.
    torch.distributed.init_process_group("cpu:gloo,cuda:nccl" if device == "cuda" else "gloo")
    try:
        if device == "cuda":
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        yield Group(torch.distributed.get_rank(), size)
    finally:
        torch.distributed.destroy_process_group()
