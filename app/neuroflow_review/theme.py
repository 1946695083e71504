"""The look of the window: colours of light, dark and print, type, icons, one stylesheet, measures that panels share.

Colour has meaning only. Recorded and reconstructed signals differ in hue, in background and by ``≈`` in every label.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QGuiApplication, QIcon, QPaintEngine, QPainter, QPalette, QPen
from PySide6.QtWidgets import QApplication, QStyleFactory

from neuroflow.recording import Span
from neuroflow_review.icons import glyph_icon

UNIT: Final = 4
"""The grid of spacing, in device-independent pixels: every margin and gap is a multiple of it."""

_GUTTER, _RIGHT_MARGIN = 76, 64  # at the usual size of type
_TYPE_SCALE: Final = "type scale"
_LONG_LABELS: Final = "width of long labels"

BASE_POINTS: Final = 13.0 if sys.platform == "darwin" else 10.0
"""Size of type; a point is a pixel on macOS and 4/3 of one elsewhere."""

PRESENTATION_POINTS: Final = BASE_POINTS * 1.7

RECONSTRUCTED: Final = "≈"
"""Stands before the label of everything reconstructed."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Named colours, ``#RRGGBB``. Text is drawn in ``ink``, ``muted``, a side's colour, ``recon_line``, ``warning``."""

    name: str
    paper: str
    """Background of recorded signals."""
    ink: str
    grid: str
    grid_strong: str
    left: str
    right: str
    midline: str
    other: str
    recon_line: str
    recon_paper: str
    """Background of reconstructed signals."""
    recon_grid: str
    recon_grid_strong: str
    recon_pale: str
    """Line of a contact that the scalp does not determine."""
    band50: str
    band90: str
    band50_pale: str
    band90_pale: str
    proposed: str
    accepted: str
    rejected: str
    muted: str
    """Secondary text."""
    panel: str
    """Background of toolbars, docks and dialogs."""
    field: str
    """Background of text fields, lists and buttons."""
    border: str
    hover: str
    pressed: str
    selection: str
    """Background of a selected row; its text stays ink."""
    accent: str
    on_accent: str
    hatch: str
    """Lines of the hatching over gaps and over what is withheld."""
    truth: str
    """Recorded iEEG laid over its reconstruction."""
    warning: str
    cursor: str

    @property
    def is_dark(self) -> bool:
        return QColor(self.paper).lightnessF() < 0.5

    def decided(self, decision: str) -> str:
        """Colour of a spike's mark by what a reader decided; a proposal's where that is nothing, or left open."""
        return {"accepted": self.accepted, "rejected": self.rejected}.get(decision, self.proposed)

    def side(self, side: str) -> str:
        """Colour of a trace on the side that ``anatomy.electrodes.side`` or a montage row names."""
        return {"left": self.left, "right": self.right, "midline": self.midline}.get(side, self.other)


LIGHT: Final = Theme(
    name="light",
    paper="#FCFBF8",
    ink="#1D2226",
    grid="#E4E1DA",
    grid_strong="#CFCBC1",
    left="#0B5FA5",
    right="#B4451F",
    midline="#3A4046",
    other="#6B7280",
    recon_line="#6A3FA0",
    recon_paper="#F6F2FB",
    recon_grid="#E6DFF0",
    recon_grid_strong="#D3C8E3",
    recon_pale="#A995C6",
    band50="#CDBBE6",
    band90="#E5DBF3",
    band50_pale="#E2DCEB",
    band90_pale="#EEEAF3",
    proposed="#E09F1F",
    accepted="#2F8F5B",
    rejected="#9AA0A6",
    muted="#5F666D",
    panel="#F4F2ED",
    field="#FFFFFF",
    border="#D9D5CC",
    hover="#E9E6DF",
    pressed="#DDD9D0",
    selection="#DCE8F3",
    accent="#0B5FA5",
    on_accent="#FFFFFF",
    hatch="#C4C0B8",
    truth="#111418",
    warning="#A8320F",
    cursor="#5F666D",
)

DARK: Final = Theme(
    name="dark",
    paper="#14171A",
    ink="#E8E6E1",
    grid="#2A2F34",
    grid_strong="#3B4249",
    left="#6DB3F2",
    right="#F29A73",
    midline="#C3C8CE",
    other="#98A1AB",
    recon_line="#B79CE8",
    recon_paper="#1B1724",
    recon_grid="#2B2538",
    recon_grid_strong="#3D3450",
    recon_pale="#75678F",
    band50="#4B3B6B",
    band90="#33294A",
    band50_pale="#352F41",
    band90_pale="#282331",
    proposed="#E09F1F",
    accepted="#2F8F5B",
    rejected="#9AA0A6",
    muted="#A0A6AC",
    panel="#1B1F23",
    field="#101315",
    border="#32383E",
    hover="#272C31",
    pressed="#30363C",
    selection="#22384C",
    accent="#6DB3F2",
    on_accent="#0E1418",
    hatch="#454C53",
    truth="#FFFFFF",
    warning="#F29A73",
    cursor="#A0A6AC",
)


PRINT: Final = Theme(
    name="print",
    paper="#FFFFFF",
    ink="#000000",
    grid="#E2E2E2",
    grid_strong="#BDBDBD",
    left="#06406F",
    right="#BC481C",
    midline="#000000",
    other="#4A5056",
    recon_line="#45207A",
    recon_paper="#F5F1FA",
    recon_grid="#E2DAEE",
    recon_grid_strong="#C9BBDE",
    recon_pale="#857599",
    band50="#AD96CD",
    band90="#D9CDE9",
    band50_pale="#BDB4CA",
    band90_pale="#DAD5E2",
    proposed="#E8A317",
    accepted="#1B6B3F",
    rejected="#9BA0A5",
    muted="#3F454B",
    panel="#FFFFFF",
    field="#FFFFFF",
    border="#A6A6A6",
    hover="#EDEDED",
    pressed="#DDDDDD",
    selection="#D6E6F5",
    accent="#06406F",
    on_accent="#FFFFFF",
    hatch="#9A9A9A",
    truth="#000000",
    warning="#8A2500",
    cursor="#000000",
)
"""Black on white, for paper and for pictures of the window: what must be told apart is so in grey and to every eye.

What a printer would lay under a page is left out, but not what says that a signal is reconstructed.
"""

THEMES: Final = (LIGHT, DARK, PRINT)


def theme(name: str) -> Theme:
    """The theme called ``light``, ``dark`` or ``print``. Raises: ValueError."""
    for candidate in THEMES:
        if candidate.name == name:
            return candidate
    raise ValueError(f"there is no theme called {name!r}: choose light, dark or print")


# Asked for some hundred times a page, so each colour and pen is made once; nobody changes one. A font comes as a copy.


@cache
def colour(value: str, opacity: float = 1.0) -> QColor:
    """A token's colour, ``opacity`` in 0..1."""
    result = QColor(value)
    result.setAlphaF(opacity)
    return result


@cache
def hairline(value: str, opacity: float = 1.0) -> QPen:
    """A pen of one device pixel, whatever the screen's scale."""
    pen = QPen(colour(value, opacity))
    pen.setWidth(1)
    pen.setCosmetic(True)
    return pen


@cache
def thick(value: str) -> QPen:
    """A pen of two device pixels: the one line that is meant among many."""
    pen = QPen(hairline(value))
    pen.setWidth(2)
    return pen


# Measures that grow with the type -------------------------------------------------------------------------------------


def gutter() -> int:
    """Width of the labels left of every time panel."""
    return round(max(_GUTTER, _held(_LONG_LABELS)) * type_scale())


def widen_gutter(labels: Iterable[str]) -> bool:
    """Make the gutter as wide as these labels need, at most twice as wide as usual; whether it is another width now."""
    metrics, before = QFontMetricsF(ui_font(bold=True)), gutter()
    widest = max((metrics.horizontalAdvance(label) for label in labels), default=0.0) + 4 * UNIT
    application = QGuiApplication.instance()
    if application is not None:
        application.setProperty(_LONG_LABELS, min(widest / type_scale(), 2.0 * _GUTTER))
    return gutter() != before


def right_margin() -> int:
    """Width right of every time panel, for scale bars and colour scales."""
    return round(_RIGHT_MARGIN * type_scale())


def type_scale() -> float:
    """How much larger than usual the type is: 1, and more in presentation mode."""
    return _held(_TYPE_SCALE) or 1.0


def _held(name: str) -> float:
    """A measure that all windows of the application share; 0 where none was set."""
    application = QGuiApplication.instance()
    return float((application.property(name) if application is not None else None) or 0.0)


# Time axis ------------------------------------------------------------------------------------------------------------


def time_to_x(time: float, span: Span, width: float) -> float:
    """Abscissa (pixels) of a time (seconds) in a time panel ``width`` pixels wide, between gutter and margin."""
    return gutter() + (time - span.start) / max(span.duration, 1e-9) * max(width - gutter() - right_margin(), 1)


def x_to_time(x: float, span: Span, width: float) -> float:
    """Inverse of :func:`time_to_x`; beyond the axis it runs on, so a caller clips where it must."""
    return span.start + (x - gutter()) / max(width - gutter() - right_margin(), 1) * span.duration


def hatch(painter: QPainter, rect: QRectF, look: Theme, spacing: float = 8.0) -> None:
    """Diagonal hatching over ``rect``: no data there, or withheld. Drawn as lines, so crisp at any pixel ratio."""
    painter.save()
    if painter.paintEngine().type() is not QPaintEngine.Type.SVG:  # which does not come back from a clip in another
        painter.setClipRect(rect, Qt.ClipOperation.IntersectClip)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(hairline(look.hatch))
    # Anchored to the panel, not to the rectangle: neighbours meet, and nothing shimmers while paging.
    first = int((rect.left() + rect.top()) // spacing)
    last = int((rect.right() + rect.bottom()) // spacing) + 1
    lines = []
    for x_and_y in (k * spacing for k in range(first, last + 1)):
        top, bottom = max(rect.top(), x_and_y - rect.right()), min(rect.bottom(), x_and_y - rect.left())
        if top < bottom:
            lines.append(QLineF(x_and_y - top, top, x_and_y - bottom, bottom))
    painter.drawLines(lines)
    painter.restore()


# Type and icons -------------------------------------------------------------------------------------------------------


def ui_font(step: float = 0.0, *, bold: bool = False) -> QFont:
    """The system's UI font with tabular figures, ``step`` points larger (or smaller) than the window's size of type."""
    base = QGuiApplication.font()
    return QFont(_ui_font(base.family(), base.pointSizeF() + step, bold))


@cache
def _ui_font(family: str, points: float, bold: bool) -> QFont:
    font = QFont(family)
    font.setPointSizeF(max(points, 6.0))
    if bold:
        font.setWeight(QFont.Weight.DemiBold)
    return _tabular(font)


def fitted(font: QFont, text: str, width: float) -> QFont:
    """``font``, made as small as it takes for ``text`` to fit a gutter that does not grow with the type."""
    needed = QFontMetricsF(font).horizontalAdvance(text)
    if needed <= width:
        return font
    smaller = QFont(font)
    smaller.setPointSizeF(max(font.pointSizeF() * width / needed, 6.0))
    return smaller


def _tabular(font: QFont) -> QFont:
    tag = QFont.Tag.fromString("tnum")
    if tag is not None:
        font.setFeature(tag, 1)
    return font


def icon(name: str, look: Theme, *, token: str = "ink") -> QIcon:
    """A Phosphor icon in one of the theme's colours, paler where disabled; ``name`` as in ``folder-open``."""
    return glyph_icon(name, getattr(look, token), look.rejected)


# The one stylesheet ---------------------------------------------------------------------------------------------------


def palette(look: Theme) -> QPalette:
    """Qt's roles in the theme's colours, for everything that Fusion draws itself."""
    roles = QPalette.ColorRole
    result = QPalette()
    for role, value in (
        (roles.Window, look.panel),
        (roles.WindowText, look.ink),
        (roles.Base, look.field),
        (roles.AlternateBase, look.panel),
        (roles.Text, look.ink),
        (roles.PlaceholderText, look.muted),
        (roles.Button, look.panel),
        (roles.ButtonText, look.ink),
        (roles.BrightText, look.warning),
        (roles.ToolTipBase, look.field),
        (roles.ToolTipText, look.ink),
        (roles.Highlight, look.selection),
        (roles.HighlightedText, look.ink),
        (roles.Accent, look.accent),
        (roles.Link, look.accent),
        (roles.LinkVisited, look.recon_line),
        (roles.Light, look.border),
        (roles.Midlight, look.hover),
        (roles.Mid, look.border),
        (roles.Dark, look.border),
        (roles.Shadow, look.border),
    ):
        result.setColor(role, QColor(value))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, role, QColor(look.rejected))
    return result


def apply_theme(app: QApplication, look: Theme, points: float = BASE_POINTS) -> None:
    """Give the application its style, palette, type and stylesheet. Panels get theirs through ``set_theme``."""
    fusion = QStyleFactory.create("Fusion")
    if fusion is not None:
        app.setStyle(fusion)
    set_type(app, points)
    app.setPalette(palette(look))
    app.setStyleSheet(stylesheet(look))


def set_type(app: QApplication, points: float = BASE_POINTS) -> None:
    """The size of type. Set before a window is made: what is made at another size takes no notice of the first."""
    font = QFont(QGuiApplication.font())
    font.setPointSizeF(points)
    app.setProperty(_TYPE_SCALE, max(points / BASE_POINTS, 1.0))
    app.setFont(_tabular(font))


def stylesheet(look: Theme) -> str:
    """The stylesheet of the whole application: flat, on the 4 px grid."""
    # Qt reads pictures in a stylesheet from files only; a backslash would be an escape there.
    icons = Path(str(files("neuroflow_resources") / "icons")).as_posix()
    tone = "dark" if look.is_dark else "light"
    return _SHEET.substitute({key: getattr(look, key) for key in Theme.__slots__}, icons=icons, tone=tone)


_SHEET: Final = Template("""
QMainWindow, QDialog { background: $panel; }
QWidget { color: $ink; }
QToolTip { background: $field; color: $ink; border: 1px solid $border; padding: 4px 8px; }

QMenuBar { background: $panel; border: none; padding: 0 4px; }
QMenuBar::item { background: transparent; padding: 4px 8px; border-radius: 4px; }
QMenuBar::item:selected { background: $hover; }
QMenu { background: $field; border: 1px solid $border; padding: 4px; }
QMenu::item { padding: 4px 24px 4px 8px; border-radius: 4px; }
QMenu::item:selected { background: $selection; color: $ink; }
QMenu::item:disabled { color: $rejected; }
QMenu::separator { height: 1px; background: $border; margin: 4px 8px; }
QMenu::icon { padding-left: 8px; }

QToolBar { background: $panel; border: none; border-bottom: 1px solid $border; padding: 4px 8px; spacing: 4px; }
QToolBar::separator { background: transparent; border-left: 1px solid $border; margin: 4px 4px 4px 8px; }
QToolButton { background: transparent; border: 1px solid transparent; border-radius: 4px; padding: 4px 8px; }
QToolButton:hover { background: $hover; }
QToolButton:pressed, QToolButton:checked { background: $pressed; }
QToolButton:focus { border-color: $accent; }
QToolButton:disabled { color: $rejected; }
#qt_toolbar_ext_button { padding: 0; }
QToolButton[popupMode="2"], QToolButton[popupMode="1"] { padding-right: 20px; }
QToolButton::menu-button { border: none; width: 20px; }
QToolButton::menu-arrow, QToolButton::menu-indicator { image: url("$icons/caret-down-$tone.svg");
  width: 12px; height: 12px; subcontrol-origin: padding; subcontrol-position: right center; right: 4px; }

QPushButton { background: $field; border: 1px solid $border; border-radius: 4px; padding: 4px 16px; min-height: 20px; }
QPushButton:hover { background: $hover; }
QPushButton:pressed, QPushButton:checked { background: $pressed; }
QPushButton:focus { border-color: $accent; }
QPushButton:default { background: $accent; border-color: $accent; color: $on_accent; }
QPushButton:disabled { color: $rejected; background: $panel; border-color: $border; }

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QDateTimeEdit, QComboBox {
  background: $field; border: 1px solid $border; border-radius: 4px; padding: 0 4px; min-height: 26px;
  selection-background-color: $accent; selection-color: $on_accent; }
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QDateTimeEdit:disabled, QComboBox:disabled {
  color: $rejected; background: $panel;
}
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QAbstractSpinBox:focus, QComboBox:focus {
  border-color: $accent; }
QComboBox { padding: 0 4px 0 8px; }
QComboBox:hover { background: $hover; }
QComboBox::drop-down { border: none; width: 20px; subcontrol-origin: padding; subcontrol-position: right center; }
QComboBox::down-arrow { image: url("$icons/caret-down-$tone.svg"); width: 12px; height: 12px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { border: none; background: transparent; width: 16px; }
QAbstractSpinBox::up-button { subcontrol-position: top right; margin: 2px 2px 0 0; }
QAbstractSpinBox::down-button { subcontrol-position: bottom right; margin: 0 2px 2px 0; }
QAbstractSpinBox::up-arrow { image: url("$icons/caret-up-$tone.svg"); width: 10px; height: 10px; }
QAbstractSpinBox::down-arrow { image: url("$icons/caret-down-$tone.svg"); width: 10px; height: 10px; }
QAbstractSpinBox QLineEdit { background: transparent; border: none; padding: 0 4px; min-height: 0; }
QCheckBox, QRadioButton { spacing: 8px; }
QCheckBox:disabled, QRadioButton:disabled { color: $muted; }
QCheckBox::indicator, QRadioButton::indicator { width: 14px; height: 14px; border: 1px solid $rejected;
  background: $field; }
QCheckBox::indicator { border-radius: 3px; }
QRadioButton::indicator { border-radius: 8px; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover, QCheckBox::indicator:focus, QRadioButton::indicator:focus {
  border-color: $accent; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent; image: url("$icons/check-$tone.svg"); }
QAbstractItemView::indicator { width: 14px; height: 14px; border: 1px solid $rejected; border-radius: 3px;
  background: $field; }
QAbstractItemView::indicator:checked { background: $accent; border-color: $accent;
  image: url("$icons/check-$tone.svg"); }
QRadioButton::indicator:checked { background: $accent; border-color: $accent; image: url("$icons/dot-$tone.svg"); }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { background: $panel; border-color: $border; }
QComboBox QAbstractItemView { background: $field; border: 1px solid $border; padding: 4px; outline: none; }
QToolBar QComboBox, QToolBar QAbstractSpinBox, QToolBar QLineEdit {
  background: transparent; border-color: transparent; }
QToolBar QComboBox:hover, QToolBar QAbstractSpinBox:hover { background: $hover; }
QToolBar QComboBox:focus, QToolBar QAbstractSpinBox:focus { border-color: $accent; }

QAbstractItemView { background: $field; border: none; outline: none;
  selection-background-color: $selection; selection-color: $ink; }
QHeaderView { background: $field; }
QHeaderView::section { background: $field; color: $muted; border: none; border-bottom: 1px solid $border;
  padding: 4px 8px; }
QHeaderView::up-arrow { image: url("$icons/caret-up-$tone.svg"); width: 10px; height: 10px; }
QHeaderView::down-arrow { image: url("$icons/caret-down-$tone.svg"); width: 10px; height: 10px; }
QTableCornerButton::section { background: $field; border: none; }

QDockWidget { border: none; }
QDockWidget::title { background: $panel; color: $muted; padding: 8px 12px 4px 12px; text-align: left; }
QDockWidget::close-button, QDockWidget::float-button { border: none; background: transparent; padding: 0; }
QMainWindow::separator { background: $border; width: 1px; height: 1px; }
QMainWindow::separator:hover { background: $accent; }
QSplitter::handle { background: $border; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QSplitter::handle:hover { background: $accent; }

QStatusBar { background: $panel; border-top: 1px solid $border; color: $ink; }
QStatusBar::item { border: none; }
QSizeGrip { image: none; width: 0; height: 0; }
QStatusBar QLabel { padding: 0 8px; }

QScrollBar { background: transparent; border: none; }
QScrollBar:vertical { width: 12px; }
QScrollBar:horizontal { height: 12px; }
QScrollBar::handle { background: $grid_strong; border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: $rejected; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QSlider::groove:horizontal { height: 3px; border-radius: 1px; background: $grid_strong; }
QSlider::handle:horizontal { width: 12px; margin: -5px 0; border-radius: 6px; background: $accent;
  border: 1px solid $panel; }
QDialogButtonBox { button-layout: 3; }

QProgressBar { background: $hover; border: none; border-radius: 3px; min-height: 6px; max-height: 6px; }
QProgressBar::chunk { background: $recon_line; border-radius: 3px; }

QTabWidget::pane { border: none; border-top: 1px solid $border; }
QTabBar::tab { background: transparent; color: $muted; border: none; border-bottom: 2px solid transparent;
  padding: 4px 12px; }
QMainWindow > QTabBar::tab { padding: 4px 8px; }
QTabBar::tab:selected { color: $ink; border-bottom-color: $accent; }
QTabBar::tab:hover { color: $ink; }

QGroupBox { border: none; margin-top: 24px; font-weight: 600; }
QGroupBox::title { subcontrol-origin: margin; left: 0; padding: 4px 0; color: $ink; }

QLabel[role="muted"] { color: $muted; }
QLabel[role="warning"] { color: $warning; }
QLabel[role="reconstructed"] { color: $recon_line; }
QLabel[role="heading"] { color: $muted; font-weight: 600; }
""")
