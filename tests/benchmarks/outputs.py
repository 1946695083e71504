"""What the program writes, opened in EDFbrowser and in sigviewer on a screen that nobody sees. ``make outputs``.

Needs ``edfbrowser``, ``sigviewer``, ``Xvfb``, ``xdotool`` and ``import`` (ImageMagick), all of Debian. Leaves a picture
of each file in each program in build/outputs, to be looked at.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from edfbrowser import Refused, as_text, screen

from neuroflow.io import open_recording
from neuroflow.io.marks_edf import write_marks_edf
from neuroflow.review import Mark
from neuroflow_review.window.commands import demo_recording

_NEEDED = ("edfbrowser", "sigviewer", "Xvfb", "xdotool", "import")


def write_all(recording: Path, folder: Path) -> dict[str, Path]:
    """A reconstruction, a copy, a repaired and a de-identified file of a recording, and marks, by what they are."""
    out = {name: folder / f"{name}.edf" for name in ("reconstructed", "copied", "repaired", "deidentified", "marks")}
    neuroflow = str(Path(sys.executable).with_name("neuroflow"))
    part = ["--start", "0", "--duration", "30"]
    for command in (
        ["reconstruct", str(recording), "-o", str(out["reconstructed"]), *part, "--samples", "9"],
        ["reconstruct", str(recording), "-o", str(out["deidentified"]), *part, "--samples", "9", "--deidentify"],
        ["convert", str(recording), "-o", str(out["copied"]), *part, "--rate", "128", "--montage", "average"],
        ["repair", str(recording), "-o", str(out["repaired"])],
    ):
        subprocess.run([neuroflow, *command], check=True, capture_output=True)
    marks = [Mark(f"m{k}", 2.0 + k, "a long note. " * 60 if k == 3 else f"event {k}", 0.5) for k in range(8)]
    with open_recording(recording) as source:
        write_marks_edf(marks, source.recording, out["marks"])
    return out


def picture(command: list[str], target: Path) -> bool:
    """A picture of the screen with a program on it; whether the program was still there."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        process = subprocess.Popen(
            command, cwd=home, env={**os.environ, "HOME": home}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(8.0)
        subprocess.run(["import", "-window", "root", str(target)], check=True)
        alive = process.poll() is None
        process.kill()
        process.wait()
    return alive


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording", type=Path, nargs="?", default=demo_recording())
    parser.add_argument("--folder", type=Path, default=Path("build/outputs"))
    options = parser.parse_args()
    lacking = [command for command in _NEEDED if not shutil.which(command)]
    if lacking:
        print(f"Install {', '.join(lacking)} first.", file=sys.stderr)
        return 2
    options.folder.mkdir(parents=True, exist_ok=True)
    refused = 0
    for name, path in write_all(options.recording.resolve(), options.folder.resolve()).items():
        with screen():
            try:
                text = as_text(path)
                signals = len(text.get("signals", "").splitlines()) - 1
                notes = len(text.get("annotations", "").splitlines()) - 1
                refused += signals < 1
                print(f"{name:<14} EDFbrowser: {signals} signals, {notes} annotations", flush=True)
            except Refused as error:
                # A file of annotations only is no recording: EDFbrowser says to import it, which its picture shows.
                refused += name != "marks"
                print(f"{name:<14} EDFbrowser does not show it: {error}", flush=True)
            picture(["edfbrowser", str(path)], options.folder / f"{name}-edfbrowser.png")
            alive = picture(["sigviewer", str(path)], options.folder / f"{name}-sigviewer.png")
            refused += not alive
            print(f"{name:<14} sigviewer: {'opened' if alive else 'gone'}", flush=True)
    print(f"pictures: {options.folder}")
    return int(refused > 0)


if __name__ == "__main__":
    sys.exit(main())
