"""The log of a run: JSON lines always, and events for TensorBoard where it is installed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

Row = dict[str, float | str]


class MetricsLog:
    """One JSON object a line in ``lines``, the same numbers as TensorBoard's scalars in the folder ``events``.

    Every row has a ``step``. A run that is resumed at step ``resumed_at`` drops what was logged beyond it; any other
    begins a fresh log. Close it when done.
    """

    def __init__(self, lines: Path, events: Path | None = None, resumed_at: int | None = None) -> None:
        kept = ""
        if resumed_at is not None and lines.is_file():
            kept = "".join(line for line in _whole_lines(lines) if json.loads(line)["step"] <= resumed_at)
        lines.write_text(kept, encoding="utf-8")
        self._lines = lines.open("a", encoding="utf-8")
        self._events = _tensorboard(events, resumed_at) if events is not None else None

    def write(self, row: Row) -> None:
        """Log a row now; nothing waits in memory."""
        self._lines.write(json.dumps(row) + "\n")
        self._lines.flush()
        if self._events is not None:
            for name, value in row.items():
                if name != "step" and not isinstance(value, str):
                    self._events.add_scalar(name, value, int(row["step"]))

    def close(self) -> None:
        self._lines.close()
        if self._events is not None:
            self._events.close()


def _whole_lines(path: Path) -> list[str]:
    """Lines that were written whole: a run that was killed may have left half of one at the end."""
    return [line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("}\n")]


def _tensorboard(folder: Path, resumed_at: int | None) -> SummaryWriter | None:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:  # the extra [train] is not installed: the JSON lines hold the same numbers
        return None
    purge = None if resumed_at is None else resumed_at + 1
    return SummaryWriter(str(folder), purge_step=purge, flush_secs=30)
