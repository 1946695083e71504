"""What a copy of the recording can be, how large it would be, and what to say of one that is written; no widgets."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from neuroflow.export.convert import AS_RECORDED, Converted, ConvertRequest
from neuroflow.io.edf_writer import IGNORES_GAPS
from neuroflow.recording import Recording, Span
from neuroflow.signal.montage import MONTAGES, MontageChannel, Row, montage_rows
from neuroflow.units import format_clock
from neuroflow_review.dialogs.parts import counted
from neuroflow_review.dialogs.writing import Cancellable
from neuroflow_review.lanes import Failure

RATES: Final = (50.0, 64.0, 100.0, 128.0, 200.0, 250.0, 256.0, 400.0, 500.0, 512.0, 1000.0, 1024.0, 2000.0, 2048.0)
_UNNAMED: Final = "deidentified.edf"
_COPY: Final = "_copy.edf"
_HEADER_BYTES: Final = 256
_NOTES_BYTES: Final = 64  # a record's annotation channel, where annotations are few


class StartCopy(Protocol):
    """Puts a copy on its lane. The callbacks are called in the GUI thread, and no longer once it was cancelled."""

    def __call__(
        self,
        request: ConvertRequest,
        target: Path,
        done: Callable[[Converted], None],
        progress: Callable[[float], None],
        failed: Callable[[Failure], None],
    ) -> Cancellable: ...


@dataclass(frozen=True, slots=True)
class CopyOffer:
    """What there is to copy. ``bad`` names the channels that the reader set aside."""

    recording: Recording
    page: Span
    selection: Span | None = None
    bad: frozenset[str] = frozenset()

    def default_target(self, *, hidden: bool) -> Path:
        """Beside the recording; where nobody is to be named (``hidden``) the name of the recording is not in it."""
        path = self.recording.path
        return path.with_name(_UNNAMED if hidden else path.stem + _COPY)

    @property
    def rates(self) -> tuple[float, ...]:
        """Rates (Hz) below that of the fastest voltage."""
        fastest = max((c.rate for c in self.recording.channels if c.is_voltage), default=0.0)
        return tuple(rate for rate in RATES if rate < fastest)


def derivations(offer: CopyOffer, montage: str, names: Sequence[str]) -> tuple[Row, ...]:
    """The signals that channels of these names become in a montage; none where they do not give it."""
    wanted = set(names)
    seen = [MontageChannel(c.name, c.site, c.kind.value) for c in offer.recording.channels if c.name in wanted]
    rows = montage_rows(montage, seen)
    return rows if montage == AS_RECORDED or any(len(row.weights) > 1 for row in rows) else ()


def montages(offer: CopyOffer, names: Sequence[str]) -> frozenset[str]:
    """The montages that these channels give."""
    return frozenset(m for m in MONTAGES if derivations(offer, m, names))


def size_of(offer: CopyOffer, request: ConvertRequest) -> tuple[int, int]:
    """Signals and bytes that a copy would have (EDF+ specification, section 2.1)."""
    recording = offer.recording
    rates = {c.name: c.rate if request.rate is None or not c.is_voltage else request.rate for c in recording.channels}
    rows = derivations(offer, request.montage, request.channels or tuple(rates))
    seconds = (request.span or recording.span).clipped_to(recording.span).duration
    points = sum(rates[row.weights[0][0]] for row in rows) * seconds
    return len(rows), round(_HEADER_BYTES * (len(rows) + 2) + 2 * points + _NOTES_BYTES * seconds)


def named_in(target: Path, recording: Recording) -> str:
    """A word of the patient's name or identifier that stands in the name of a file, or nothing."""
    words = re.findall(r"\w{3,}", f"{recording.patient.name} {recording.patient.identifier}".replace("_", " "))
    return next((word for word in words if word.casefold() in target.stem.casefold()), "")


def written_lines(done: Converted) -> tuple[tuple[str, str], ...]:
    """What a reader should know of a copy that was written: names and values."""
    return (
        ("Written", f"{done.format}, {counted(done.channels, 'channel')}, {counted(done.records, 'record')}"),
        *((("Gaps", IGNORES_GAPS),) if done.format == "EDF+D" else ()),
        ("Stretch", f"{format_clock(done.span.start)} to {format_clock(done.span.stop)} of the recording"),
        (
            "Read back",
            f"differs by {done.worst_difference_uv:.4f} µV at most; one digital step is {done.step_uv:.4f} µV",
        ),
        *(("Changed" if k == 0 else "", change) for k, change in enumerate(done.changes)),
    )
