"""A model ready to be run: its card, its weights, and the flow they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroflow.anatomy.implant import Contact
from neuroflow.errors import ModelProblem
from neuroflow.flow.card import ModelCard, read_card, read_weights

if TYPE_CHECKING:
    from neuroflow.flow.model import FlowShape, NeuroFlow

DEFAULT_MODEL = "twin-64"


@dataclass(frozen=True)
class Model:
    """A checked card and the bytes of its weights; the flow is built where it is run, since torch is slow to load.

    ``hash`` is the sha256 of the weights.
    """

    card: ModelCard
    weights: bytes
    folder: Path

    @property
    def hash(self) -> str:
        return self.card.weights.sha256

    @property
    def contacts(self) -> tuple[Contact, ...]:
        return tuple(Contact(c.name, c.shaft, c.mni_mm) for c in self.card.implant.contacts)

    def build(self) -> NeuroFlow:
        """The flow on the CPU, frozen. Raises: ModelProblem."""
        import torch
        from safetensors import SafetensorError
        from safetensors.torch import load

        from neuroflow.flow.model import NeuroFlow

        problem = (
            f"The weights in {self.folder} do not fit the model's card; install the model again or choose another."
        )
        try:
            shape, tensors = shape_from(self.card.shape), load(self.weights)
            # Before anything is built: a card that lies must not be believed with gigabytes.
            if shape.least_numbers > sum(t.numel() for t in tensors.values()):
                raise ValueError("the card claims a larger flow than the weights are of")
            flow = NeuroFlow(shape)
            if not all(torch.isfinite(t).all() for t in tensors.values()):
                raise ValueError("not every weight is finite")
            flow.load_state_dict(tensors)
        except (SafetensorError, RuntimeError, ValueError, TypeError, KeyError, MemoryError, OverflowError) as error:
            raise ModelProblem(problem, str(error)) from error
        return flow.freeze()


def shape_from(values: Mapping[str, Any]) -> FlowShape:
    """A :class:`FlowShape` from a card's JSON. Raises: TypeError, ValueError."""
    import msgspec

    from neuroflow.flow.model import FlowShape

    return msgspec.convert(values, FlowShape)


def model_names() -> tuple[str, ...]:
    """The models that are installed with the program."""
    folder = _models_folder()
    return tuple(sorted(p.name for p in folder.iterdir() if (p / "card.json").is_file())) if folder.is_dir() else ()


def load_model(name: str | Path = "default") -> Model:
    """A model by the name it is installed under, or by its folder.

    Raises: ModelProblem where it is missing, damaged, of another version, or its card and weights disagree.
    """
    folder = find_model(name)
    card = read_card(folder)
    return Model(card, read_weights(folder, card), folder)


def find_model(name: str | Path) -> Path:
    """The folder of a model. Raises: ModelProblem."""
    if isinstance(name, str) and name == "default":
        name = DEFAULT_MODEL
    if isinstance(name, str) and name in model_names():
        return _models_folder() / name
    folder = Path(name)
    if folder.is_dir():
        return folder
    known = ", ".join(model_names()) or "none"
    raise ModelProblem(f"There is no model called {name}; give one of those installed ({known}) or a model's folder.")


def _models_folder() -> Path:
    # The wheel is never zipped (hatchling), so resources are plain files.
    return Path(str(resources.files("neuroflow_resources"))) / "models"
