"""Power as colour: perceptually even maps, and pictures in them."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

COLOUR_MAPS: Final = ("viridis", "magma", "cividis")
"""Perceptually even, and readable in grey."""

DB_MICROVOLT: Final = 120.0  # dB re 1 µV²/Hz of 1 V²/Hz
COLOURS: Final = 255
_NO_DATA: Final = COLOURS  # index of the transparent colour


def power_image(power: NDArray[np.floating[Any]], low: float, high: float, colours: str) -> QImage:
    """A picture of power (frequency, time) in decibels between ``low`` and ``high``, low frequencies at the foot.

    Transparent where there is none.
    """
    rows = np.flipud(power)  # rows of an image run downwards
    finite = np.isfinite(rows)
    scaled = np.clip((np.where(finite, rows, low) - low) / (high - low), 0, 1) * (COLOURS - 1)
    index = np.ascontiguousarray(np.where(finite, np.rint(scaled), _NO_DATA).astype(np.uint8))
    height, width = index.shape
    image = QImage(index.data, width, height, width, QImage.Format.Format_Indexed8)
    image.setColorTable([*colour_table(colours)[:COLOURS], 0])
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)  # a copy: index may go


@cache
def colour_table(name: str) -> tuple[int, ...]:
    """256 opaque colours, 0xAARRGGBB."""
    from cmap import Colormap

    table = np.rint(255 * Colormap(name).lut(256)[:, :3]).astype(int)
    return tuple(0xFF000000 | r << 16 | g << 8 | b for r, g, b in table.tolist())
