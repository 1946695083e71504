"""HiDPI and fractional scaling: on the screen every panel stands pixel for pixel as it was drawn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# A scale holds for a whole process: the window is looked at in one of its own, as the screen shows it.
LOOK = """
import numpy as np
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from neuroflow.errors import ModelProblem
from neuroflow_review.session import Session
from neuroflow_review.settings import Settings
from neuroflow_review.theme import LIGHT, colour
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.commands import demo_recording


def no_model():
    raise ModelProblem("none")


def until(held):
    while not held():
        app.processEvents()


def pixels(image):
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(1.0)
    lines = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
    return lines[:, : image.width()].copy()


app = QApplication([])
session = Session(Settings(), make_backend=no_model)
window = ReviewWindow(session)
window.resize(1281, 803)  # odd: no edge of a panel falls on a pixel by luck
window.show()
session.load_model()
session.open(demo_recording())
until(lambda: session.recording is not None and window.settled)
session.reconstruction.changed.emit()
# The cursor runs through, so that parts of the window are painted, and leaves.
for time in (1.0, 3.3, 7.1):
    session.set_cursor(time)
    app.processEvents()
session.set_cursor(None)
until(lambda: window.settled)
for _ in range(20):
    app.processEvents()

ratio = window.devicePixelRatioF()
assert ratio == RATIO, ratio
window.move(0, 0)
app.processEvents()
shown = pixels(window.screen().grabWindow(0).toImage())
assert shown.shape[1] >= int(window.width() * ratio), shown.shape

for panel in (window.page, window.ieeg):
    drawn = pixels(panel.make_picture().toImage())
    assert drawn.shape == (int(np.ceil(panel.height() * ratio)), int(np.ceil(panel.width() * ratio)))
    corner = panel.mapTo(window, QPoint(0, 0))
    x, y = int(np.floor(corner.x() * ratio + 0.5)), int(np.floor(corner.y() * ratio + 0.5))
    high, wide = drawn.shape
    # Of the last row and column a part may belong to the neighbour.
    assert np.array_equal(shown[y : y + high - 2, x : x + wide - 2], drawn[:-2, :-2]), type(panel).__name__

page = pixels(window.page.make_picture().toImage())
plot = window.page.plot()
rows = page[int(plot.top() * ratio) + 2 : int(plot.bottom() * ratio) - 2]
grid = np.isin(rows, [colour(LIGHT.grid).rgb(), colour(LIGHT.grid_strong).rgb()]).mean(axis=0)
at = np.flatnonzero(grid > 0.3)  # where no trace runs over it
assert at.size == 11, at
apart = np.diff(at)
assert apart.min() > 20, "a line is one pixel wide"
assert apart.max() - apart.min() <= np.ceil(ratio), apart
for x in at[1:-1]:
    for beside in (x - 1, x + 1):
        found, counts = np.unique(rows[:, beside], return_counts=True)
        assert found[counts.argmax()] == colour(LIGHT.paper).rgb(), "and smears nothing over its neighbours"

# Between panels there is the divider's colour, and nothing of what lies under the window.
left = window.page.mapTo(window, QPoint(0, 0))
column = shown[:, int((left.x() + 10) * ratio)]
known = {colour(v).rgb() for v in (LIGHT.paper, LIGHT.recon_paper, LIGHT.border, LIGHT.recon_grid_strong)}
for panel in (window.ieeg, window.spectrogram):
    y = panel.mapTo(window, QPoint(0, 0)).y() * ratio
    around = set(column[int(y) - 4 : int(y) + 3].tolist())
    assert around <= known, [f"{v:08x}" for v in around - known]

window.close()
window.leave()
print("as it was drawn")
"""


@pytest.mark.parametrize("scale", ["1.25", "1.5"])
def test_every_panel_stands_on_the_screen_as_it_was_drawn_and_lines_are_one_pixel_wide(
    scale: str, tmp_path: Path
) -> None:
    screen = {"name": "wall", "x": 0, "y": 0, "width": 3840, "height": 2160}
    config = tmp_path / "screens.json"
    screens = [{**screen, "logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}]
    config.write_text(json.dumps({"windowFrameMargins": False, "screens": screens}))
    platform = f"offscreen:configfile={config}"
    environment = {**os.environ, "QT_SCALE_FACTOR": scale, "QT_QPA_PLATFORM": platform}
    done = subprocess.run(
        [sys.executable, "-c", LOOK.replace("RATIO", scale)],
        env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert "as it was drawn" in done.stdout, done.stderr[-2000:]
