"""Files in and out: EDF, EDF+ and BDF."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from neuroflow.errors import FileProblem
from neuroflow.io.edf_reader import open_edf
from neuroflow.jobs import Control
from neuroflow.recording import SignalSource

_HASH_BYTES = 4 * 2**20


def open_recording(path: Path | str) -> SignalSource:
    """Open an EDF, EDF+, BDF or BDF+ file; only its header and annotations are read.

    Raises: FileProblem, with a sentence for the user, whatever is wrong with the path or the file.
    """
    path = Path(os.path.expanduser(path))
    try:
        if path.is_dir():
            raise FileProblem(f"“{path.name or path}” is a folder, not a recording: choose a file inside it.")
        if path.exists() and not path.is_file():  # opening a pipe would wait for whoever writes into it
            raise FileProblem(f"“{path.name}” is not a file that holds a recording: choose an EDF or BDF file.")
        return open_edf(path.absolute())
    except FileNotFoundError as error:
        raise FileProblem(f"There is no file “{path}”: check its name and that its drive is connected.") from error
    except PermissionError as error:
        raise FileProblem(
            f"You may not read “{path.name}”: ask whoever owns it for permission.", detail=str(error)
        ) from error
    except OSError as error:
        raise FileProblem(
            f"“{path.name}” could not be read: check that its drive is connected.", detail=str(error)
        ) from error


def sha256_of(path: Path | str, control: Control | None = None) -> str:
    """SHA-256 of a whole file as 64 hex digits, with progress. Raises: FileProblem, Cancelled."""
    control = control or Control()
    digest = hashlib.sha256()
    path = Path(path)
    try:
        size = max(path.stat().st_size, 1)
        with path.open("rb") as file:
            while chunk := file.read(_HASH_BYTES):
                digest.update(chunk)
                control.checkpoint(min(file.tell() / size, 1.0))
    except OSError as error:
        raise FileProblem(f"“{path.name}” could not be read: check that its drive is connected.", str(error)) from error
    return digest.hexdigest()


__all__ = ["open_recording", "sha256_of"]
