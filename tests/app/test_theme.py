"""The theme's promises: contrast, three-fold difference of what is reconstructed, one time axis, readable words."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from datetime import datetime
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QFont, QFontMetrics, QIcon, QImage, QPainter
from PySide6.QtWidgets import QAbstractButton, QApplication, QCheckBox, QLabel, QPushButton, QRadioButton, QWidget

from neuroflow.recording import Span
from neuroflow_review import icons
from neuroflow_review import theme as look
from neuroflow_review.actions import ACTIONS
from neuroflow_review.settings import Settings
from neuroflow_review.theme import DARK, LIGHT, PRINT, Theme, gutter, right_margin
from neuroflow_review.window.frame import Frame
from neuroflow_review.wording import clock, day, microvolts

EACH = pytest.mark.parametrize("shown", look.THEMES, ids=lambda t: t.name)


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


@EACH
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


_BOTH = {"proposed": "#E09F1F", "accepted": "#2F8F5B", "rejected": "#9AA0A6"}


@pytest.mark.parametrize(
    ("shown", "chosen"),
    [
        (LIGHT, {
            "paper": "#FCFBF8", "ink": "#1D2226", "grid": "#E4E1DA", "left": "#0B5FA5", "right": "#B4451F",
            "midline": "#3A4046", "other": "#6B7280", "recon_line": "#6A3FA0", "recon_paper": "#F6F2FB",
            "band50": "#CDBBE6", "band90": "#E5DBF3", **_BOTH,
        }),
        (DARK, {
            "paper": "#14171A", "ink": "#E8E6E1", "grid": "#2A2F34", "left": "#6DB3F2", "right": "#F29A73",
            "recon_line": "#B79CE8", "recon_paper": "#1B1724", "band50": "#4B3B6B", "band90": "#33294A", **_BOTH,
        }),
    ],
    ids=("light", "dark"),
)  # fmt: skip
def test_colours_are_those_that_were_designed(shown: Theme, chosen: dict[str, str]) -> None:
    assert {token: getattr(shown, token) for token in chosen} == chosen


def test_numbers_are_set_in_tabular_figures(qtbot) -> None:  # type: ignore[no-untyped-def]
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    look.apply_theme(app, LIGHT)
    label = QLabel("10:11:12")
    qtbot.addWidget(label)
    for font in (look.ui_font(), look.ui_font(-1.5, bold=True), label.font()):
        assert [bytes(tag.toString()).decode() for tag in font.featureTags()] == ["tnum"]


@EACH
def test_every_token_is_a_colour(shown: Theme) -> None:
    assert all(QColor(getattr(shown, f.name)).isValid() for f in fields(shown) if f.name != "name")


@EACH
def test_reconstructed_differs_from_recorded_in_line_and_in_paper(shown: Theme) -> None:
    assert shown.recon_paper != shown.paper
    hue = QColor(shown.recon_line).hueF()
    for recorded in (shown.left, shown.right):
        away = abs(QColor(recorded).hueF() - hue)
        assert min(away, 1 - away) > 0.1


# What is printed ------------------------------------------------------------------------------------------------------

# Machado, Oliveira, Fernandes 2009, complete: what remains of linear red, green and blue.
EYES = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def lightness(value: str) -> float:
    """CIE L*: what of a colour a grey printer keeps."""
    y = luminance(value)
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def lab(value: str, eye: str = "usual") -> np.ndarray:
    """CIE L*a*b* (D65) of a colour, as an eye sees it."""
    shown = QColor(value)
    rgb = np.array([shown.redF(), shown.greenF(), shown.blueF()])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(EYES[eye]) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ seen
    x, y, z = np.cbrt(xyz / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_print_is_black_on_white() -> None:
    assert PRINT.paper == PRINT.panel == PRINT.field == "#FFFFFF"
    assert PRINT.ink == "#000000"
    for text in ("ink", "muted", "left", "midline", "other", "warning"):
        assert contrast(getattr(PRINT, text), PRINT.paper) >= 7.0, text


def test_bands_are_told_apart_in_grey() -> None:
    steps = ("recon_paper", "band90", "band50", "recon_line")
    assert all(lightness(getattr(PRINT, a)) - lightness(getattr(PRINT, b)) > 10 for a, b in pairwise(steps))
    pale = ("recon_paper", "band90_pale", "band50_pale", "recon_pale")
    assert all(lightness(getattr(PRINT, a)) - lightness(getattr(PRINT, b)) > 8 for a, b in pairwise(pale))


def test_sides_and_decisions_are_told_apart_in_grey() -> None:
    for tokens in (("left", "right"), ("midline", "left"), ("proposed", "rejected", "accepted")):
        greys = sorted(lightness(getattr(PRINT, token)) for token in tokens)
        assert min(b - a for a, b in pairwise(greys)) > 6, tokens


@pytest.mark.parametrize("eye", EYES)
def test_what_colour_says_is_said_to_every_eye(eye: str) -> None:
    for tokens in (("left", "right", "midline"), ("accepted", "rejected", "proposed"), ("band50", "band90")):
        for one, other in combinations(tokens, 2):
            away = np.linalg.norm(lab(getattr(PRINT, one), eye) - lab(getattr(PRINT, other), eye))
            assert away > 15, (one, other, away)
    # What is reconstructed lies on a ground and in bands of its own: the line is not alone in saying so.
    assert np.linalg.norm(lab(PRINT.band50, eye) - lab(PRINT.paper, eye)) > 20


def test_a_theme_is_found_by_name() -> None:
    assert look.theme("dark") is DARK
    assert DARK.is_dark
    assert look.theme("print") is PRINT
    assert not LIGHT.is_dark
    assert not PRINT.is_dark
    with pytest.raises(ValueError, match="light, dark or print"):
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


@EACH
def test_the_stylesheet_is_complete_and_its_pictures_exist(shown: Theme) -> None:
    sheet = look.stylesheet(shown)
    assert "$" not in sheet
    pictures = [part.split('"')[0] for part in sheet.split('url("')[1:]]
    assert pictures
    assert all(Path(p).is_file() for p in pictures)
    assert all(("dark" in Path(p).name) is shown.is_dark for p in pictures)


@EACH
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


@EACH
@pytest.mark.parametrize("kind", [QCheckBox, QRadioButton])
def test_what_cannot_be_chosen_is_written_paler(qtbot, shown: Theme, kind: type[QAbstractButton]) -> None:  # type: ignore[no-untyped-def]
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    look.apply_theme(app, shown)
    paper = QWidget()
    paper.setStyleSheet(f"QWidget#paper {{ background: {shown.panel}; }}")
    paper.setObjectName("paper")
    qtbot.addWidget(paper)
    box = kind("MMM", paper)
    box.resize(100, 30)

    def strongest() -> float:
        image = box.grab().toImage()
        words = [image.pixelColor(x, y).name() for x in range(30, 90) for y in range(30)]
        return max(contrast(word, shown.panel) for word in words)

    usual = strongest()
    box.setEnabled(False)
    assert strongest() < 0.7 * usual


@EACH
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


@pytest.mark.usefixtures("qapp")
def test_every_action_has_its_own_picture_paler_where_it_cannot_be_used_and_as_sharp_as_the_screen() -> None:
    pictures: dict[str, bytes] = {}
    for name in sorted({entry.icon for entry in ACTIONS if entry.icon}):
        made = look.icon(name, LIGHT)
        image = made.pixmap(QSize(16, 16)).toImage()
        pictures[name] = bytes(image.constBits())
        assert any(image.pixelColor(x, y).alpha() > 128 for x in range(16) for y in range(16)), name
        off = made.pixmap(QSize(16, 16), QIcon.Mode.Disabled).toImage()
        assert off != image
        assert made.pixmap(QSize(16, 16), 2.0).size() == QSize(32, 32)
    assert len(set(pictures.values())) == len(pictures), "a box for a missing glyph would be twice there"
    metrics = QFontMetrics(QFont(icons._family()))
    assert all(metrics.inFontUcs4(int(code, 16)) for code in icons._names().values())
    with pytest.raises(KeyError):
        look.icon("no-such-picture", LIGHT)


def test_the_first_window_has_the_size_of_type_that_it_keeps_when_its_look_changes(qtbot) -> None:  # type: ignore[no-untyped-def]
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    font = QFont(app.font())
    font.setPointSizeF(look.BASE_POINTS - 1)  # as a system has it that knows no program yet
    app.setStyleSheet("")
    app.setFont(font)
    frame = Frame(Settings(None))
    qtbot.addWidget(frame)
    sizes = []
    for shown in (look.LIGHT, look.DARK):
        frame.set_theme(shown)
        frame.show()
        parts = (frame.menuBar(), frame.statusBar(), frame.model_says, frame.bar.progress.words)
        sizes.append({part.font().pointSizeF() for part in parts})
    assert sizes == [{look.BASE_POINTS}, {look.BASE_POINTS}]
