"""The README's pictures, made by the program itself: ``make screenshots`` puts them into docs/."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

# (file, theme, size, scale factor, seconds into the demonstration recording)
PICTURES = (
    ("window-light.png", "light", "1600x1000", "1", "340"),
    ("window-dark.png", "dark", "1600x1000", "1", "160"),
    ("sleep-light.png", "light", "1600x1000", "1", "420"),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, theme, size, scale, at in PICTURES:
        command = [
            sys.executable, "-m", "neuroflow_review.main", "--demo", "--at", at, "--reconstruct",
            "--theme", theme, "--size", size, "--screenshot", str(folder / name),
        ]  # fmt: skip
        environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ, "QT_SCALE_FACTOR": scale}
        subprocess.run(command, env=environment, check=True, timeout=300)
        print(folder / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
