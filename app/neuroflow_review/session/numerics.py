"""Keeps scipy and the loading of torch apart.

scipy asks of every array whether it is torch's, and raises AttributeError where another thread has only half loaded
torch (seen once in fifty starts). So torch is loaded under a lock that calls into scipy hold until then.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_loaded = threading.Event()


def load_torch() -> None:
    """Load torch, once no other thread is inside scipy."""
    if not _loaded.is_set():
        from neuroflow.inference.device import share_the_cores

        share_the_cores()
        with _lock:
            import torch  # noqa: F401

        _loaded.set()


@contextmanager
def scipy_calls() -> Iterator[None]:
    """Hold this around calls into scipy from any thread but the one that loads torch; keep reading files outside."""
    if _loaded.is_set():
        yield
    else:
        with _lock:
            yield
