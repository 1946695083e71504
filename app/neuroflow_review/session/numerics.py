"""Keeps scipy and the loading of torch apart, and what is loaded out of the garbage collector's way.

scipy asks of every array whether it is torch's, and raises AttributeError where another thread has only half loaded
torch (seen once in fifty starts). So torch is loaded under a lock that calls into scipy hold until then.

The libraries come to two hundred thousand objects, which a full collection walks through in a tenth of a second, in
whatever thread, with the window standing still. They never become garbage, so they are taken out of its sight.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# What is left to the collector is small and short-lived: it looks at the young often enough, and at all of it seldom.
_THRESHOLDS = (10_000, 20, 100)

_lock = threading.Lock()
_loaded = threading.Event()


def load_torch() -> None:
    """Load torch, once no other thread is inside scipy."""
    if not _loaded.is_set():
        from neuroflow.inference.device import share_the_cores

        share_the_cores()
        with _lock, kept_for_good():
            import torch  # noqa: F401

            import neuroflow.flow.model  # noqa: F401

        _loaded.set()


@contextmanager
def kept_for_good() -> Iterator[None]:
    """What is loaded in here is never looked at by the garbage collector, which rests meanwhile."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*_THRESHOLDS)
        gc.enable()


@contextmanager
def scipy_calls() -> Iterator[None]:
    """Hold this around calls into scipy from any thread but the one that loads torch; keep reading files outside."""
    if _loaded.is_set():
        yield
    else:
        with _lock:
            yield
