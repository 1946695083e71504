"""Several pictures in one file of SVG, in which lines stay lines and nothing leaves its picture.

Qt's writer of SVG 1.1 cuts off what leaves a plot, but does not come back from a clip within another; that of SVG Tiny
knows no clips. So each picture is written by itself, by the one or by the other, and cut off at its edges here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from PySide6.QtCore import QBuffer, QIODevice, QRect, QRectF, QSize
from PySide6.QtGui import QPainter

_NAMES = re.compile(r'(\bid="|url\(#|xlink:href="#)')
_BODY = re.compile(r"</desc>(.*)</svg>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Picture:
    """What ``paint`` draws from the origin on, and where that goes; ``nested`` where it has clips within clips."""

    place: QRect
    paint: Callable[[QPainter], None]
    nested: bool = False


def drawing_of(size: QSize, title: str, ground: str, pictures: Sequence[Picture], about: str = "") -> bytes:
    """SVG of pictures on a ground of one colour; ``about`` says what they come from."""
    wide, high = size.width(), size.height()
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1" width="{wide}" height="{high}" '
        f'viewBox="0 0 {wide} {high}">\n<title>{escape(title)}</title>\n'
        f"<desc>{escape(about)}</desc>\n"
        f'<rect x="0" y="0" width="{wide}" height="{high}" fill="{ground}"/>\n'
    ]
    for number, picture in enumerate(pictures):
        at, body = picture.place, _NAMES.sub(rf"\g<1>{number}-", _body_of(picture))
        parts.append(
            f'<defs><clipPath id="edge{number}">'
            f'<rect x="{at.x()}" y="{at.y()}" width="{at.width()}" height="{at.height()}"/></clipPath></defs>\n'
            f'<g clip-path="url(#edge{number})"><g transform="translate({at.x()},{at.y()})">{body}</g></g>\n'
        )
    return "".join([*parts, "</svg>\n"]).encode()


def _body_of(picture: Picture) -> str:
    from PySide6.QtSvg import QSvgGenerator

    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    version = QSvgGenerator.SvgVersion.SvgTiny12 if picture.nested else QSvgGenerator.SvgVersion.Svg11
    generator = QSvgGenerator(version)
    generator.setOutputDevice(buffer)
    generator.setSize(picture.place.size())
    generator.setViewBox(QRectF(0, 0, picture.place.width(), picture.place.height()))
    with QPainter(generator) as painter:
        picture.paint(painter)
    found = _BODY.search(bytes(buffer.data().data()).decode())
    assert found is not None
    return found[1]
