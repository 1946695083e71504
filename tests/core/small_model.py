"""A small untrained model and recordings in memory, for tests of inference and export."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

from neuroflow.flow.card import (
    CARD_FORMAT,
    WEIGHTS_FILE,
    CardContact,
    CardImplant,
    Limits,
    ModelCard,
    Weights,
    write_card,
)
from neuroflow.flow.model import FlowShape, NeuroFlow
from neuroflow.recording import ArraySource, Channel, ChannelKind, Patient, Recording, Span

# fmt: off
TEN_TWENTY = (
    "Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T3", "C3", "Cz", "C4", "T4", "T5", "P3", "Pz", "P4", "T6", "O1", "O2",
)
# fmt: on


def write_small_model(folder: Path, seed: int = 0) -> ModelCard:
    """A random flow of eight contacts in ``folder``."""
    torch.manual_seed(seed)
    shape = FlowShape(
        sites=len(TEN_TWENTY), contacts=8, features=(8, 8, 12, 8), token=4, queries=2, hidden=12,
        dilations=((1,), (1, 2), (1,), (1,)), lags=3,
    )  # fmt: skip
    flow = NeuroFlow(shape)
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    data = save(flow.state_dict())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS_FILE).write_bytes(data)
    contacts = tuple(CardContact(f"AHL{i}", "AHL", (-25.0 - 5 * i, -12.0, -15.0)) for i in range(1, 9))
    card = ModelCard(
        format=CARD_FORMAT, name="small", title="An untrained flow for tests", created="2026-01-01T00:00:00Z",
        version="0", rate=100.0, band=(0.5, 48.0), sites=TEN_TWENTY, fewest_sites=6,
        implant=CardImplant("small", "made up", contacts), shape=shape.as_dict(), training={}, measured={},
        contacts=(), limits=Limits(2e-6, 1e-4, 1.0), intended_use="Tests.", not_for=("anything",),
        weights=Weights(hashlib.sha256(data).hexdigest(), len(data)),
    )  # fmt: skip
    write_card(card, folder)
    return card


def scalp_source(
    seconds: float = 65.0,
    rate: float = 200.0,
    sites: Sequence[str] = TEN_TWENTY,
    gap: Span | None = None,
    seed: int = 0,
    amplitude: float = 2e-5,
) -> ArraySource:
    """A recording in memory: pink-ish noise at each site, with an offset and NaN in the gap."""
    rng = np.random.default_rng(seed)
    channels = tuple(Channel(i, site, site, ChannelKind.EEG, rate, "uV", True, site) for i, site in enumerate(sites))
    data = {}
    for channel in channels:
        steps = round(seconds * rate)
        slow = np.cumsum(rng.standard_normal(steps)) / rate**0.5
        slow -= np.convolve(slow, np.ones(round(rate)) / round(rate), mode="same")
        samples = (amplitude * (slow + 0.3 * rng.standard_normal(steps)) + 1e-4).astype(np.float32)
        if gap is not None:
            samples[round(gap.start * rate) : round(gap.stop * rate)] = np.nan
        data[channel.index] = samples
    recording = Recording(
        Path("made-up.edf"), "EDF", channels, seconds, None, Patient(), "", (gap,) if gap else (), (), (), "f" * 16
    )
    return ArraySource(recording, data)
