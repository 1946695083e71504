"""An export runs on its own lane and has its tiles computed on the flow lane, between the pages of the reader."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from neuroflow.errors import ModelProblem
from neuroflow.inference.tile import TILE_SECONDS, Tile, TileRequest
from neuroflow.jobs import Control
from neuroflow.recording import Recording, SignalSource, Span
from neuroflow_review.session.backend import Backend
from neuroflow_review.session.reconstruction import tile_indices

if TYPE_CHECKING:
    from neuroflow.export import Dataset, ExportReport, ExportRequest
    from neuroflow.inference.engine import Reconstructor

AskTile = Callable[[SignalSource, TileRequest, Control], Tile]


class LaneReconstructor:
    """What an export takes for a :class:`~neuroflow.inference.engine.Reconstructor`, without touching the model."""

    def __init__(self, backend: Backend, ask: AskTile, device: Callable[[], str]) -> None:
        self._backend, self._ask, self._device = backend, ask, device
        self.model = backend
        self.contacts = backend.contacts
        self.rate = backend.rate
        self.tile_seconds = TILE_SECONDS

    @property
    def device_label(self) -> str:
        return self._device()

    def check(self, recording: Recording, excluded: frozenset[str] = frozenset()) -> None:
        self._backend.check(recording, excluded)

    def tiles(self, span: Span, recording: Recording) -> range:
        return tile_indices(span, recording)

    def tile(self, source: SignalSource, request: TileRequest, control: Control | None = None) -> Tile:
        return self._ask(source, request, control or Control())


def run_export(
    source: SignalSource,
    backend: Backend,
    ask: AskTile,
    device: Callable[[], str],
    request: ExportRequest,
    target: Path | Dataset,
    control: Control,
) -> ExportReport:
    """Export on the lane that this is called on, to a file or into a dataset. Raises: NeuroflowError, Cancelled."""
    if backend.card is None:
        raise ModelProblem("This model has no card to write into the file; choose another.")
    reconstructor = cast("Reconstructor", LaneReconstructor(backend, ask, device))
    from neuroflow.export import export_bids, export_reconstruction

    if not isinstance(target, Path):
        return export_bids(source, reconstructor, target.root, target.entities, request, control)
    return export_reconstruction(source, reconstructor, target, request, control)
