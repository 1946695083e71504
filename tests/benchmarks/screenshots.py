"""Pictures made by the program itself: the README's, or with ``--all`` those of every panel, mode, dialog and state."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

STANDARD, SMALLEST = "1600x1000", "1280x720"
# (file, theme, seconds into the demonstration recording, actions done before, size, scale)
README = (
    ("window-light.png", "light", "340", "", STANDARD, "1"),
    ("window-dark.png", "dark", "160", "", STANDARD, "1"),
    ("sleep-light.png", "light", "420", "", STANDARD, "1"),
    ("trends-light.png", "light", "420", "trends", STANDARD, "1"),
)
# Every panel and mode, to be looked at: ``make screenshots`` leaves them in build/screenshots.
MODES = {
    "trends": "trends",
    "presentation": "present",
    "discharge": "criteria",
    "average": "montage_3,map",
    "reading": "spike_next,channel_next,spectrum,butterfly,map_alpha",
    "alone": "channel_next,zoom",
    "beside": "beside",
    "beside-presentation": "beside,present",
    "second": "second",
    "second-presentation": "second,present",
}
SMALL = {"small": "", "small-beside": "beside", "small-everything": "trends,map,criteria"}
ALL = (
    *((f"{m}-{look}.png", look, "345", MODES[m], STANDARD, "1") for m in MODES for look in ("light", "dark")),
    *((f"{m}-{look}.png", look, "345", SMALL[m], SMALLEST, "1") for m in SMALL for look in ("light", "dark")),
    *((f"scaled-{scale}.png", "light", "340", "", SMALLEST, scale) for scale in ("1.25", "1.5", "2")),
    ("print.png", "print", "345", "", STANDARD, "1"),
)


def two_screens(folder: Path) -> str:
    """A platform without a display that has two screens, so that a full screen and a second window have their place."""
    dots = {"width": 1600, "height": 1000, "logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
    screens = [{"name": "desk", "x": 0, "y": 0, **dots}, {"name": "wall", "x": 1600, "y": 0, **dots}]
    config = folder / "screens.json"
    config.write_text(json.dumps({"windowFrameMargins": False, "screens": screens}))
    return f"offscreen:configfile={config}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--all", action="store_true", help="every panel and mode, in every look and size")
    options = parser.parse_args()
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as place:
        # How somebody left the demonstration on this machine is in no picture.
        environment = {**os.environ, "QT_QPA_PLATFORM": two_screens(Path(place)), "XDG_DATA_HOME": place}
        for name, theme, at, actions, size, scale in ALL if options.all else README:
            command = [
                sys.executable, "-m", "neuroflow_review.main", "--demo", "--at", at, "--reconstruct",
                "--theme", theme, "--size", size, "--screenshot", str(folder / name), "--do", actions,
            ]  # fmt: skip
            subprocess.run(command, env={**environment, "QT_SCALE_FACTOR": scale}, check=True, timeout=300)
            print(folder / name)
        for look in ("light", "dark") if options.all else ():
            command = [sys.executable, str(Path(__file__).with_name("states.py")), str(folder), look]
            subprocess.run(command, env=environment, check=True, timeout=600)
    return 0


if __name__ == "__main__":
    sys.exit(main())
