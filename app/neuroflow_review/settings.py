"""What the program remembers: each setting declared once, with its type, default and meaning, and kept as JSON.

The file is hostile until checked: a value that is not what its declaration allows counts as absent.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from neuroflow.recording import ChannelKind
from neuroflow.signal.topography import MAPPED
from neuroflow.signal.trends import REGIONS
from neuroflow.units import MICROVOLT
from neuroflow_review.kinds import STANDARD, KindView

log = logging.getLogger(__name__)

LARGEST_FILE = 1 << 20
_LARGEST_WHOLE = 1 << 53
_PART = ".settings-"
_ABANDONED_SECONDS = 3600.0


@dataclass(frozen=True)
class Setting:
    """One setting: its key, its default (whose type it has), what it means, and what it may be."""

    key: str
    default: Any
    help: str
    choices: tuple[Any, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    longest: int = 1024
    least: float = 0.0
    """The least size of a number that is not 0."""

    def accepts(self, value: object) -> bool:
        """Whether a value read from outside is one that this setting may have."""
        wanted = type(self.default)
        if isinstance(value, bool) is not (wanted is bool):
            return False
        if isinstance(value, int) and abs(value) > _LARGEST_WHOLE:
            return False  # no float holds it
        if wanted is float and isinstance(value, int):
            value = float(value)
        if not isinstance(value, wanted):
            return False
        if self.choices and value not in self.choices:
            return False
        if isinstance(value, (int, float)):
            inside = math.isfinite(value) and self.low <= value <= self.high
            return inside and (value == 0 or abs(value) >= self.least)
        if isinstance(value, list):
            return len(value) <= 64 and all(isinstance(v, str) and len(v) <= self.longest for v in value)
        return not isinstance(value, str) or len(value) <= self.longest


_LAYOUT = 65_536


def kind_key(kind: ChannelKind, what: str) -> str:
    """The key of what is kept of a kind of channels: its ``scale``, ``low_cut`` or ``high_cut``."""
    return f"kinds.{kind.name.lower()}.{what}"


def _of_kind(view: KindView) -> tuple[Setting, ...]:
    name, (low, high) = view.kind.value, (view.filters.low_cut or 0.0, view.filters.high_cut or 0.0)
    scale = Setting(
        kind_key(view.kind, "scale"), view.scale, f"Scale of {name}: times what was fitted.", low=0.01, high=100.0
    )
    if view.in_volts:
        scale = replace(
            scale,
            default=round(view.scale / MICROVOLT, 6),
            help=f"Sensitivity of {name}, µV/mm.",
            low=0.1,
            high=10_000.0,
        )
    return (
        scale,
        Setting(
            kind_key(view.kind, "low_cut"), low, f"Low cut of {name}, Hz; 0 is off.", low=0.0, high=100.0, least=0.001
        ),
        Setting(
            kind_key(view.kind, "high_cut"),
            high,
            f"High cut of {name}, Hz; 0 is off.",
            low=0.0,
            high=10_000.0,
            least=1.0,
        ),
    )


DECLARED: Final = (
    Setting("look.theme", "light", "Colours of the window.", choices=("light", "dark", "print")),
    Setting("look.privacy", False, "Hide the patient's name, identifier and date of birth."),
    Setting("look.colormap", "viridis", "Colours of the spectrogram.", choices=("viridis", "magma", "cividis")),
    Setting("page.seconds", 10.0, "Seconds of EEG on a page.", low=1.0, high=120.0),
    Setting("page.paper_speed", 0.0, "Paper speed that is kept, mm/s; 0: seconds.", choices=(0.0, 15.0, 30.0, 60.0)),
    Setting("page.montage", "longitudinal", "Montage that a recording opens in."),
    Setting("page.interleaved", False, "Left and right chains of the longitudinal montage interleaved."),
    Setting("page.sensitivity", 7.0, "Sensitivity of scalp EEG, µV/mm.", low=0.1, high=10_000.0),
    Setting("page.low_cut", 1.0, "Low cut of scalp EEG, Hz; 0 is off.", low=0.0, high=100.0, least=0.001),
    Setting("page.high_cut", 70.0, "High cut of scalp EEG, Hz; 0 is off.", low=0.0, high=10_000.0, least=1.0),
    Setting("page.notch", 0.0, "Notch, Hz; 0 is off.", choices=(0.0, 50.0, 60.0)),
    *(setting for view in STANDARD for setting in _of_kind(view)),
    Setting("reconstruction.sensitivity", 50.0, "Sensitivity of reconstructed iEEG, µV/mm.", low=0.1, high=10_000.0),
    Setting(
        "reconstruction.low_cut", 0.0, "Low cut of reconstructed iEEG, Hz; 0 is off.", low=0.0, high=100.0, least=0.001
    ),
    Setting(
        "reconstruction.high_cut",
        0.0,
        "High cut of reconstructed iEEG, Hz; 0 is off.",
        low=0.0,
        high=10_000.0,
        least=1.0,
    ),
    Setting("reconstruction.notch", 0.0, "Notch of reconstructed iEEG, Hz; 0 is off.", choices=(0.0, 50.0, 60.0)),
    Setting(
        "reconstruction.samples", 39, "Samples a reconstruction draws; 39 give an exact 90 % band.", low=1, high=255
    ),
    Setting("reconstruction.seed", 0, "Seed of the samples.", low=0, high=2**31 - 1),
    Setting("reconstruction.device", "auto", "Where the model runs.", choices=("auto", "cuda", "mps", "cpu")),
    Setting("reconstruction.follow", True, "Once a page was reconstructed, go on as pages turn."),
    Setting("spikes.shown", True, "Propose spikes on scalp and reconstruction."),
    Setting("spikes.sensitivity", 3.65, "Threshold of the spike detector; lower proposes more.", low=1.0, high=20.0),
    Setting("trends.shown", False, "Show trends of the whole recording under the overview."),
    Setting(
        "trends.region",
        "hemisphere",
        "Region of the trends.",
        choices=tuple(REGIONS),
    ),
    Setting("map.of", MAPPED[0], "What the map of the scalp shows: voltage at the cursor, or a band.", choices=MAPPED),
    Setting("reader.name", "", "Who reads: kept with every mark and decision.", longest=80),
    Setting("files.recent", [], "Recordings opened last, the latest first."),
    Setting("files.folder", "", "Folder that a recording was last opened from."),
    Setting("files.reviews", "", "Folder that marks are kept in; empty: beside each recording."),
    Setting("screen.scales", [], "Pixels to a millimetre of calibrated screens: what they are, tab, number."),
    Setting("window.layout", "stacked", "Scalp and reconstruction stacked or beside.", choices=("stacked", "beside")),
    Setting("window.geometry", "", "Place and size of the window (base64).", longest=_LAYOUT),
    Setting("window.second", False, "The reconstruction stands in a second window."),
    Setting("window.second_geometry", "", "Place and size of the second window (base64).", longest=_LAYOUT),
    Setting("window.docks", "", "Places of the docks (base64).", longest=_LAYOUT),
    Setting("window.tabbed", "", "Docks that are in tabs for want of room, by name."),
    Setting("window.dividers", "", "Places of the dividers (base64).", longest=_LAYOUT),
)


def default_path() -> Path:
    """Where settings are kept on this system."""
    from platformdirs import user_config_path

    return user_config_path("neuroflow-review", appauthor=False) / "settings.json"


class Settings:
    """Values of the declared settings; ``path`` None keeps them in memory only."""

    def __init__(self, path: Path | None = None) -> None:
        self._declared = {setting.key: setting for setting in DECLARED}
        self._path = path
        self._values: dict[str, Any] = {}
        if path is not None:
            self._values = self._checked(_read(path))

    @property
    def folder(self) -> Path | None:
        """Where the reader's own montages and the like are kept beside the settings; None where nothing is kept."""
        return self._path.parent if self._path is not None else None

    def get(self, key: str) -> Any:
        """The value of a setting, its default where none was kept. Raises: KeyError."""
        setting = self._declared[key]
        value = self._values.get(key, setting.default)
        return list(value) if isinstance(value, list) else value

    def set(self, key: str, value: Any) -> None:
        """Change a setting. Raises: KeyError; ValueError for a value that it may not have."""
        setting = self._declared[key]
        if not setting.accepts(value):
            raise ValueError(f"{key} cannot be {value!r}")
        self._values[key] = value

    def add_recent(self, path: Path, most: int = 10) -> None:
        """Put a recording first among those opened last."""
        name = str(path)
        recent = [name, *(p for p in self.get("files.recent") if p != name)][:most]
        if all(len(p) <= 1024 for p in recent):
            self.set("files.recent", recent)

    def save(self) -> None:
        """Write the file in one step; a disk that refuses costs the settings, never the session."""
        if self._path is None:
            return
        text = json.dumps({"format": 1, "settings": self._values}, indent=1, sort_keys=True)
        temporary = None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            _sweep(self._path.parent)
            handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=_PART)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, self._path)
        except OSError as error:
            log.info("settings were not saved: %s", error)
            if temporary is not None:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)

    def _checked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        kept = {}
        for key, value in values.items():
            setting = self._declared.get(key)
            if setting is None or not setting.accepts(value):
                log.info("setting %s is not understood and left out", key[:40])
                continue
            kept[key] = float(value) if isinstance(setting.default, float) else value
        return kept


def _sweep(folder: Path) -> None:
    """Remove what a killed process left, once it is certain that none still writes it."""
    for left in folder.glob(f"{_PART}*"):
        if time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
            left.unlink(missing_ok=True)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > LARGEST_FILE:
            return {}
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    values = document.get("settings") if isinstance(document, dict) else None
    return {str(k): v for k, v in values.items()} if isinstance(values, dict) else {}
