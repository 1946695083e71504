"""The theme's promises: contrast, three-fold difference of what is reconstructed, one time axis, readable words."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication, QPushButton

from neuroflow.recording import Span
from neuroflow_review import theme as look
from neuroflow_review.theme import DARK, LIGHT, Theme, gutter, right_margin
from neuroflow_review.wording import clock, day, microvolts

BOTH = pytest.mark.parametrize("shown", [LIGHT, DARK], ids=lambda t: t.name)


def luminance(value: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    shown = QColor(value)
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (shown.redF(), shown.greenF(), shown.blueF())
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@BOTH
def test_text_has_a_contrast_of_at_least_4_5(shown: Theme) -> None:
    grounds = ("paper", "panel", "field", "recon_paper", "selection")
    for ground in grounds:
        for text in ("ink", "muted"):
            assert contrast(getattr(shown, text), getattr(shown, ground)) >= 4.5, (text, ground)
    for text in ("left", "right", "midline", "other", "warning"):
        assert contrast(getattr(shown, text), shown.paper) >= 4.5, text
    for ground in ("recon_paper", "panel", "field"):
        assert contrast(shown.recon_line, getattr(shown, ground)) >= 4.5, ground
    assert contrast(shown.on_accent, shown.accent) >= 4.5


@BOTH
def test_every_token_is_a_colour(shown: Theme) -> None:
    assert all(QColor(getattr(shown, f.name)).isValid() for f in fields(shown) if f.name != "name")


@BOTH
def test_reconstructed_differs_from_recorded_in_line_and_in_paper(shown: Theme) -> None:
    assert shown.recon_paper != shown.paper
    hue = QColor(shown.recon_line).hueF()
    for recorded in (shown.left, shown.right):
        away = abs(QColor(recorded).hueF() - hue)
        assert min(away, 1 - away) > 0.1


def test_a_theme_is_found_by_name() -> None:
    assert look.theme("dark") is DARK
    assert DARK.is_dark
    assert not LIGHT.is_dark
    with pytest.raises(ValueError, match="light or dark"):
        look.theme("sepia")


def test_the_time_axis_runs_from_gutter_to_margin_and_back() -> None:
    span, width = Span(120.0, 130.0), 1200
    assert look.time_to_x(120.0, span, width) == gutter()
    assert look.time_to_x(130.0, span, width) == width - right_margin()
    for time in (120.0, 121.37, 129.999):
        assert look.x_to_time(look.time_to_x(time, span, width), span, width) == pytest.approx(time, abs=1e-9)


def test_an_empty_span_and_a_narrow_panel_do_not_divide_by_zero() -> None:
    assert look.time_to_x(5.0, Span(5.0, 5.0), 1200) == gutter()
    assert look.x_to_time(gutter(), Span(0.0, 10.0), 10) == 0.0


@BOTH
def test_the_stylesheet_is_complete_and_its_pictures_exist(shown: Theme) -> None:
    sheet = look.stylesheet(shown)
    assert "$" not in sheet
    pictures = [part.split('"')[0] for part in sheet.split('url("')[1:]]
    assert pictures
    assert all(Path(p).is_file() and shown.name in Path(p).name for p in pictures)


@BOTH
def test_applying_a_theme_reaches_widgets(qtbot, shown: Theme) -> None:  # type: ignore[no-untyped-def]
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    before = app.styleSheet(), app.font(), app.palette(), app.property("type scale")
    try:
        look.apply_theme(app, shown, points=12.0)
        button = QPushButton("Export")
        qtbot.addWidget(button)
        assert app.palette().window().color() == QColor(shown.panel)
        assert look.ui_font(2.0).pointSizeF() == pytest.approx(14.0)
        # Labels are larger, and so is the room for them.
        assert gutter() == round(76 * 12.0 / look.BASE_POINTS)
        assert not button.grab().isNull()
    finally:
        app.setStyleSheet(before[0])
        app.setFont(before[1])
        app.setPalette(before[2])
        app.setProperty("type scale", before[3])


@BOTH
def test_icons_come_in_the_colour_of_the_theme(qapp, shown: Theme) -> None:  # type: ignore[no-untyped-def]  # noqa: ARG001
    image = look.icon("folder-open", shown).pixmap(32, 32).toImage()
    colours = {
        image.pixelColor(x, y).name() for x in range(32) for y in range(32) if image.pixelColor(x, y).alpha() > 250
    }
    assert QColor(shown.ink).name() in colours


def test_hatching_stays_within_its_rectangle(qapp) -> None:  # type: ignore[no-untyped-def]  # noqa: ARG001
    from PySide6.QtCore import QRectF

    image = QImage(60, 60, QImage.Format.Format_RGB32)
    image.fill(QColor("#FFFFFF"))
    with QPainter(image) as painter:
        look.hatch(painter, QRectF(20, 20, 20, 20), replace(LIGHT, hatch="#000000"))
    dark = {(x, y) for x in range(60) for y in range(60) if image.pixelColor(x, y).lightness() < 250}
    assert len(dark) > 20
    assert all(20 <= x < 40 and 20 <= y < 40 for x, y in dark)


# Words ----------------------------------------------------------------------------------------------------------------

EVENING = datetime(2024, 3, 1, 23, 59, 58, 400_000)


def test_clock_time_is_cut_not_rounded_and_wraps_at_midnight() -> None:
    assert clock(1.5, EVENING) == "23:59:59"
    assert clock(1.6, EVENING) == "00:00:00"
    assert (day(1.5, EVENING), day(1.6, EVENING)) == (1, 2)
    assert clock(0.123, EVENING, decimals=3) == "23:59:58.523"


def test_without_a_start_the_clock_shows_elapsed_time() -> None:
    assert clock(2.9999999, None) == "00:00:03"
    assert clock(90_061.5, None) == "25:01:01"
    assert clock(0.1 + 0.2, None, decimals=3) == "00:00:00.300"


def test_microvolts_have_a_true_minus_and_no_minus_zero() -> None:
    assert microvolts(-34.2e-6) == "−34 µV"
    assert microvolts(4.21e-6) == "4.2 µV"
    assert microvolts(-1e-9) == "0.0 µV"
    assert microvolts(9.97e-6) == "10 µV"
    assert microvolts(float("nan")) == "no data"
