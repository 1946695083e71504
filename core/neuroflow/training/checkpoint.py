"""Checkpoints: one safetensors file with the state as JSON in its header, replaced in one go."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from neuroflow.errors import FileProblem
from neuroflow.training.recipe import Recipe

CHECKPOINT_FORMAT = 1
_KEY = "neuroflow"


def write_checkpoint(path: Path, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
    """Write tensors and JSON values; the previous checkpoint stays until this one is complete. Raises: FileProblem."""
    partial = path.with_name(path.name + ".partial")
    held = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    header = {_KEY: json.dumps({"format": CHECKPOINT_FORMAT, **values}, allow_nan=False)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(held, partial, header)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    except (OSError, SafetensorError) as error:
        partial.unlink(missing_ok=True)
        raise FileProblem(
            f"The checkpoint {path} cannot be written; make room or choose another folder with -o, then --resume.",
            str(error),
        ) from error


def read_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and values of a checkpoint. Raises: FileProblem where there is none, or not a whole one."""
    if not path.is_file():
        raise FileProblem(f"There is no checkpoint {path} to resume from; train without --resume.")
    try:
        with safe_open(path, "pt") as file:
            values = json.loads((file.metadata() or {})[_KEY])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if values.pop("format") != CHECKPOINT_FORMAT:
            raise ValueError("another format")
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FileProblem(
            f"The checkpoint {path} is damaged or of another version; delete it and train without --resume.",
            str(error),
        ) from error
    return tensors, values


def under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose name begins with ``prefix.``, without it."""
    return {name[len(prefix) + 1 :]: t for name, t in tensors.items() if name.startswith(prefix + ".")}


def read_made_by(path: Path) -> tuple[dict[str, Any], Recipe]:
    """What the command line was asked for when the run was begun, and its recipe. Raises: FileProblem."""
    _, values = read_checkpoint(path)
    try:
        return dict(values["made_by"]), msgspec.convert(values["recipe"], Recipe)
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise FileProblem(
            f"The checkpoint {path} is of another version; delete it and train without --resume.", str(error)
        ) from error
