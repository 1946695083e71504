"""A copy of the recording that is open is written on the export lane, after whatever is exported already."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from neuroflow.jobs import Control
from neuroflow_review.lanes import Failure, Job

if TYPE_CHECKING:
    from neuroflow.export.convert import Converted, ConvertRequest
    from neuroflow.recording import Recording
    from neuroflow_review.session.session import Session

_copies = itertools.count()


def start_copy(
    session: Session,
    recording: Recording,
    request: ConvertRequest,
    target: Path,
    done: Callable[[Converted], None],
    progress: Callable[[float], None],
    failed: Callable[[Failure], None],
) -> Job:
    """Write a copy in the background; callbacks come in the GUI thread.

    The recording is opened again, so that the reader may go on to another one meanwhile.
    """
    work = partial(_copy, recording, request, target)
    return session.lanes.export.submit(
        ("copy", next(_copies)), work, done=done, progress=progress, failed=failed
    )  # fmt: skip


def _copy(recording: Recording, request: ConvertRequest, target: Path, control: Control) -> Converted:
    from neuroflow.export.convert import convert

    return convert(recording.path, target, request, control, recording.identity)
