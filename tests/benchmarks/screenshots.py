"""Pictures made by the program itself: the README's, or with ``--all`` those of every panel and mode."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

# (file, theme, seconds into the demonstration recording, actions done before)
README = (
    ("window-light.png", "light", "340", ""),
    ("window-dark.png", "dark", "160", ""),
    ("sleep-light.png", "light", "420", ""),
    ("trends-light.png", "light", "420", "trends"),
)
# Every panel and mode in both themes, to be looked at: ``make screenshots`` leaves them in build/screenshots.
MODES = {"trends": "trends", "presentation": "present", "discharge": "criteria", "average": "montage_3,map"}
MODES |= {"reading": "spike_next,channel_next,spectrum,butterfly,map_alpha", "alone": "channel_next,zoom"}
ALL = tuple(
    (f"{name}-{theme}.png", theme, "345", actions) for name, actions in MODES.items() for theme in ("light", "dark")
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--all", action="store_true", help="every panel and mode, light and dark")
    options = parser.parse_args()
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, theme, at, actions in ALL if options.all else README:
        command = [
            sys.executable, "-m", "neuroflow_review.main", "--demo", "--at", at, "--reconstruct",
            "--theme", theme, "--size", "1600x1000", "--screenshot", str(folder / name), "--do", actions,
        ]  # fmt: skip
        environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ}
        subprocess.run(command, env=environment, check=True, timeout=300)
        print(folder / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
