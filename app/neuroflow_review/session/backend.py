"""The model as the application sees it: what it says of itself at once, and what runs it once torch is loaded."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Protocol

from neuroflow.anatomy.implant import Contact
from neuroflow.flow.card import ModelCard
from neuroflow.inference.tile import Tile, TileRequest
from neuroflow.jobs import Control
from neuroflow.recording import Recording, SignalSource
from neuroflow_review.session.numerics import kept_for_good, load_torch


class Engine(Protocol):
    """What draws samples; :class:`neuroflow.inference.engine.Reconstructor`."""

    device_name: str

    @property
    def device_label(self) -> str: ...

    def tile(self, source: SignalSource, request: TileRequest, control: Control | None = None) -> Tile: ...


class Backend(Protocol):
    """A model that is installed. Nothing here but ``engine`` may take long."""

    @property
    def name(self) -> str: ...
    @property
    def hash(self) -> str: ...
    @property
    def rate(self) -> float: ...
    @property
    def contacts(self) -> tuple[Contact, ...]: ...
    @property
    def card(self) -> ModelCard | None: ...

    def check(self, recording: Recording, excluded: frozenset[str]) -> None:
        """Raises: NotReconstructable."""

    def engine(self, device: str, notice: Callable[[str], None]) -> Engine:
        """Raises: NeuroflowError."""


class InstalledModel:
    """A model of this installation, or of a folder. Raises: ModelProblem."""

    def __init__(self, name: str | Path = "default") -> None:
        from neuroflow.inference.model import load_model

        self.model = load_model(name)

    @property
    def name(self) -> str:
        return self.model.card.name

    @property
    def hash(self) -> str:
        return self.model.hash

    @property
    def rate(self) -> float:
        return self.model.card.rate

    @cached_property
    def contacts(self) -> tuple[Contact, ...]:
        return self.model.contacts

    @property
    def card(self) -> ModelCard | None:
        return self.model.card

    def check(self, recording: Recording, excluded: frozenset[str]) -> None:
        from neuroflow.inference.preparation import usable_channels

        usable_channels(recording, self.model.card, excluded)

    def engine(self, device: str, notice: Callable[[str], None]) -> Engine:
        load_torch()
        from neuroflow.inference.device import cores
        from neuroflow.inference.engine import Reconstructor

        # One core is left to the window: with it taken, drawing a page waits for a tenth of a second.
        with kept_for_good():
            return Reconstructor(self.model, device, notice, threads=max(cores() - 1, 1))
