"""Where the flow runs: CUDA, MPS or the CPU."""

from __future__ import annotations

import os

from neuroflow.errors import NeuroflowError

DEVICES = ("auto", "cuda", "mps", "cpu")


def share_the_cores() -> None:
    """Call before torch is loaded: its threads then sleep where they wait for one another, and do not spin.

    With another busy thread on two cores (a window, say) spinning made a tile twenty times slower.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def cores() -> int:
    """How many cores this process may use: fewer than the machine has in a container, on a cluster or under taskset."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def choose_device(wanted: str = "auto") -> str:
    """The device to run on: the one asked for, or with ``auto`` the fastest present.

    Raises: NeuroflowError where the one asked for is not there.
    """
    import torch

    cuda = torch.cuda.is_available()
    mps = torch.backends.mps.is_available()
    if wanted == "auto":
        return "cuda" if cuda else "mps" if mps else "cpu"
    if wanted not in DEVICES:
        raise NeuroflowError(f"There is no device called {wanted}; choose one of {', '.join(DEVICES)}.")
    if (wanted == "cuda" and not cuda) or (wanted == "mps" and not mps):
        raise NeuroflowError(f"This computer has no {wanted.upper()} device that torch can use; choose auto or cpu.")
    return wanted


def device_label(device: str) -> str:
    """A name to show: the GPU's own, ``Apple GPU`` or ``CPU``."""
    if device == "cuda":
        import torch

        return str(torch.cuda.get_device_name())
    return {"mps": "Apple GPU", "cpu": "CPU"}[device]


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch failed for want of device memory (each backend says it differently)."""
    import torch

    if isinstance(error, torch.cuda.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and "out of memory" in str(error).lower()
