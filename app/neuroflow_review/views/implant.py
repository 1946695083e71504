"""The implant: which shafts are shown, and where their contacts lie in a brain seen through."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QGuiApplication,
    QHelpEvent,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QLabel, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from neuroflow.anatomy.implant import Contact, Implant
from neuroflow_review.glassbrain import VIEWS, Projection, View, extent, project
from neuroflow_review.theme import LIGHT, RECONSTRUCTED, UNIT, Theme, colour, fitted, hairline, type_scale, ui_font

_REACH: Final = 7.0  # pixels from a contact at which the pointer still means it
_VIEW_TEXT: Final[dict[View, str]] = {"axial": "axial", "coronal": "coronal", "left": "left", "right": "right"}


@dataclass(frozen=True, slots=True)
class Painted:
    """The contacts that are shown, and by which ``values`` they are coloured, ``label`` says of what, in a ``unit``."""

    contacts: tuple[Contact, ...]
    values: dict[str, float]
    label: str
    unit: str


def shaft_side(contacts: Collection[Contact]) -> str:
    """``left``, ``right`` or ``midline``, by where the contacts lie on average (MNI x)."""
    x = sum(c.mni[0] for c in contacts) / max(len(contacts), 1)
    return "left" if x < -2 else "right" if x > 2 else "midline"


class ShaftToggle(QAbstractButton):
    """One shaft: a ring that is filled while the shaft is shown, its name, and how many contacts it has."""

    def __init__(self, name: str, side: str, contacts: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = LIGHT
        self.name, self._contacts = name, contacts
        self.setText(name)
        self.setCheckable(True)
        self.setChecked(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard with the page
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setAccessibleName(f"Shaft {name}, {side}, {contacts} contacts")
        self.setToolTip(f"{name}, {side}: {contacts} contacts. Click to show or hide, Alt-click to show it alone.")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_theme(self, look: Theme) -> None:
        self._look = look
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(ui_font())
        return QSize(round(metrics.horizontalAdvance(self.name)) + 14 * UNIT, round(metrics.height()) + 2 * UNIT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        look, rect = self._look, QRectF(self.rect())
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if self.underMouse() or self.hasFocus():
                painter.setPen(hairline(look.accent) if self.hasFocus() else Qt.PenStyle.NoPen)
                painter.setBrush(colour(look.hover) if self.underMouse() else Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), UNIT, UNIT)
            at = QPointF(3.5 * UNIT, rect.center().y())
            painter.setPen(hairline(look.recon_line if self.isChecked() else look.rejected))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(at, 5.5, 5.5)
            if self.isChecked():
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(colour(look.recon_line))
                painter.drawEllipse(at, 3, 3)
            painter.setFont(ui_font())
            painter.setPen(colour(look.ink if self.isChecked() else look.muted))
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(rect.adjusted(6.5 * UNIT, 0, 0, 0), middle | Qt.AlignmentFlag.AlignLeft, self.name)
            painter.setFont(ui_font(-1.5))
            painter.setPen(colour(look.muted))
            count = str(self._contacts)
            painter.drawText(rect.adjusted(0, 0, -2 * UNIT, 0), middle | Qt.AlignmentFlag.AlignRight, count)


class GlassBrain(QWidget):
    """Axial, coronal and both sagittal outlines with the contacts at their MNI positions.

    Left is on the left. Each contact's fill and size say its value; a hidden shaft is a pale line.
    """

    contact_selected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = LIGHT
        self._implant: Implant | None = None
        self._visible: frozenset[str] = frozenset()
        self._values: dict[str, float] = {}
        self._range = (0.0, 1.0)
        self._ends = ("0", "1")
        self._label = ""
        self._unit = "1"
        self._measures: dict[str, str] = {}
        self._selected = ""
        self._hover = ""
        self._named: View = "axial"  # the view in which the contact's name is written: one is enough
        self.setMouseTracking(True)
        self.setAccessibleName("Contacts in the brain")
        self.setAccessibleDescription("Axial, coronal and sagittal outlines with the contacts at their MNI positions")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_implant(self, implant: Implant | None, visible: Collection[str]) -> None:
        self._implant, self._visible = implant, frozenset(visible)
        self._hover = ""
        self.update()

    def set_values(
        self, values: Mapping[str, float], label: str, limits: tuple[float, float], ends: tuple[str, str],
        unit: str = "1",
    ) -> None:  # fmt: skip
        """Values by contact, what they are, and the ends of their scale, which is not drawn without an upper one."""
        self._values, self._label, self._range, self._ends, self._unit = dict(values), label, limits, ends, unit
        self.update()

    def set_rates(self, rates: Mapping[str, float]) -> None:
        """Colour contacts by the discharges that were proposed on them, a minute."""
        top = max(rates.values(), default=0.0)
        most = f"{top:.1f}" if top >= 0.1 else f"{top:.1g}"
        ends = ("0", most) if top else ("none proposed", "")
        self.set_values(rates, f"{RECONSTRUCTED} proposed discharges a minute", (0.0, top or 1.0), ends, "1/min")

    def set_measures(self, measures: Mapping[str, str]) -> None:
        self._measures = dict(measures)

    def set_selected(self, contact: str) -> None:
        self._selected = contact
        self.update()

    def set_theme(self, look: Theme) -> None:
        self._look = look
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, 480)

    def minimumSizeHint(self) -> QSize:
        return QSize(round(180 * type_scale()), 172)

    @property
    def painted(self) -> Painted:
        """What is drawn."""
        contacts = self._implant.contacts if self._implant is not None else ()
        shown = tuple(c for c in contacts if c.shaft in self._visible)
        values = {c.name: self._values[c.name] for c in shown if c.name in self._values}
        return Painted(shown, values, self._label, self._unit)

    # Geometry ---------------------------------------------------------------------------------------------------------

    def _legend_height(self) -> float:
        return QFontMetricsF(ui_font(-1.5)).height() * 2 + 3 * UNIT if self._label else 0.0

    def projections(self) -> dict[View, Projection]:
        """Where each view lies: stacked in a tall panel, two by two in a low one."""
        gap = float(2 * UNIT)
        wide = self.width() - 2 * gap
        tall = self.height() - self._legend_height() - gap
        side = extent("left")
        half = (wide - gap) / 2
        pair = min(half / side.width() * side.height(), tall / 3)
        axial, coronal = extent("axial"), extent("coronal")
        stacked = min(wide / axial.width(), (tall - pair - 2 * gap) / (axial.height() + coronal.height()))
        beside = min(half / axial.width(), (tall - pair - gap) / axial.height())
        if stacked >= beside:
            first = QRectF(gap, 0, wide, axial.height() * stacked)
            second = QRectF(gap, first.bottom() + gap, wide, coronal.height() * stacked)
            foot = second.bottom() + gap
        else:
            high = axial.height() * beside
            first, second = QRectF(gap, 0, half, high), QRectF(gap + half + gap, 0, half, high)
            foot = high + gap
        areas = (first, second, QRectF(gap, foot, half, pair), QRectF(gap + half + gap, foot, half, pair))
        return {view: project(view, area) for view, area in zip(VIEWS, areas, strict=True)}

    def _shown_in(self, view: View) -> tuple[Contact, ...]:
        if self._implant is None:
            return ()
        contacts = self._implant.contacts
        if view in ("left", "right"):
            return tuple(c for c in contacts if (c.mni[0] < 0) == (view == "left"))
        return contacts

    def contact_at(self, position: QPointF) -> Contact | None:
        """The contact of a visible shaft nearest to a position, within reach of the pointer."""
        return self._find(position)[0]

    def _find(self, position: QPointF) -> tuple[Contact | None, View]:
        best: Contact | None = None
        where: View = "axial"
        nearest = _REACH
        for view, projection in self.projections().items():
            for contact in self._shown_in(view):
                away = projection.point(contact.mni) - position
                distance = (away.x() ** 2 + away.y() ** 2) ** 0.5
                if contact.shaft in self._visible and distance < nearest:
                    best, where, nearest = contact, view, distance
        return best, where

    def describe(self, contact: Contact) -> str:
        """What is known of a contact, for the tooltip."""
        x, y, z = (f"{v:.0f}".replace("-", "−") for v in contact.mni)
        lines = [f"{RECONSTRUCTED}{contact.name} · MNI {x}, {y}, {z} mm"]
        if contact.name in self._values:
            lines.append(f"{self._label}: {self._value_text(self._values[contact.name])}")
        if contact.name in self._measures:
            lines.append(self._measures[contact.name])
        return "\n".join(lines)

    def _value_text(self, value: float) -> str:
        return f"{value:.0%}".replace("%", " %") if self._ends[1].endswith("%") else f"{value:.2g}".replace("-", "−")

    # Drawing ----------------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if self._implant is None:
                painter.setPen(colour(self._look.muted))
                centre = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
                text = "The contacts are shown here once a model is loaded"
                painter.drawText(QRectF(self.rect()).adjusted(16, 0, -16, 0), centre, text)
                return
            for view, projection in self.projections().items():
                self._draw_view(painter, view, projection)
            if self._label:
                self._draw_legend(painter)

    def _draw_view(self, painter: QPainter, view: View, projection: Projection) -> None:
        look = self._look
        painter.setBrush(colour(look.paper))
        painter.setPen(hairline(look.rejected))
        painter.drawPath(projection.outline())
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(hairline(look.grid_strong))
        painter.drawPath(projection.folds())
        self._draw_sides(painter, view, projection)
        contacts = self._shown_in(view)
        for shaft in dict.fromkeys(c.shaft for c in contacts):
            points = [projection.point(c.mni) for c in contacts if c.shaft == shaft]
            painter.setPen(hairline(look.muted if shaft in self._visible else look.grid_strong))
            painter.drawPolyline(points)
        size = min(max(projection.scale * 1.7, 1.7), 4.5)
        visible = [c for c in contacts if c.shaft in self._visible]
        for contact in sorted(visible, key=lambda c: self._values.get(c.name, 0.0)):
            self._draw_contact(painter, projection.point(contact.mni), contact.name, size)
        for contact in visible:
            if contact.name == (self._hover or self._selected) and view == self._named:
                along = [projection.point(c.mni).x() for c in visible if c.shaft == contact.shaft]
                self._draw_name(painter, projection.point(contact.mni), contact, view, (min(along), max(along)))

    def _draw_sides(self, painter: QPainter, view: View, projection: Projection) -> None:
        box, scale, look = extent(view), projection.scale, self._look
        painter.setFont(ui_font(-2))
        painter.setPen(colour(look.muted))
        metrics = QFontMetricsF(painter.font())
        left = projection.origin.x() + box.left() * scale
        right = projection.origin.x() + box.right() * scale
        top = projection.origin.y() + box.top() * scale
        if view in ("axial", "coronal"):
            painter.drawText(QPointF(left, top + metrics.ascent()), "L")
            painter.drawText(QPointF(right - metrics.horizontalAdvance("R"), top + metrics.ascent()), "R")
        else:
            text = _VIEW_TEXT[view]
            # In the corner of the panel, not of the outline: that may be narrow, and the word would lie on it.
            x = 2.0 * UNIT if view == "left" else self.width() - 2 * UNIT - metrics.horizontalAdvance(text)
            painter.drawText(QPointF(x, projection.origin.y() + box.bottom() * scale - metrics.descent()), text)

    def _draw_contact(self, painter: QPainter, at: QPointF, name: str, size: float) -> None:
        look, value = self._look, self._values.get(name)
        share = None if value is None else self._share(value)
        radius = size if share is None else size * (0.75 + 0.6 * share)
        painter.setPen(hairline(look.recon_line))
        painter.setBrush(colour(look.paper) if share is None else self._shade(share))
        painter.drawEllipse(at, radius, radius)
        if name == self._selected:
            painter.setPen(hairline(look.ink))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(at, radius + 2.5, radius + 2.5)

    def _draw_name(
        self, painter: QPainter, at: QPointF, contact: Contact, view: View, along: tuple[float, float]
    ) -> None:
        look, text = self._look, f"{RECONSTRUCTED}{contact.name}"
        painter.setFont(ui_font(-1.5))
        metrics = QFontMetricsF(painter.font())
        box = QRectF(0, 0, metrics.horizontalAdvance(text) + 2 * UNIT, metrics.height())
        # Beside the deep end of the shaft, where there are no contacts to hide; above it in a view along the shafts.
        box.moveCenter(at if view in ("axial", "coronal") else at - QPointF(0, box.height()))
        if view in ("axial", "coronal"):
            if contact.mni[0] < 0:
                box.moveLeft(along[1] + 2.5 * UNIT)
            else:
                box.moveRight(along[0] - 2.5 * UNIT)
        box.moveLeft(min(max(box.left(), 1.0), self.width() - box.width() - 1))
        painter.setPen(hairline(look.border))
        painter.setBrush(colour(look.field))
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(colour(look.recon_line))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _share(self, value: float) -> float:
        low, high = self._range
        return min(max((value - low) / ((high - low) or 1.0), 0.0), 1.0)

    def _shade(self, share: float) -> QColor:
        pale, full = QColor(self._look.recon_paper), QColor(self._look.recon_line)
        return QColor.fromRgbF(
            pale.redF() + (full.redF() - pale.redF()) * share,
            pale.greenF() + (full.greenF() - pale.greenF()) * share,
            pale.blueF() + (full.blueF() - pale.blueF()) * share,
        )

    def _draw_legend(self, painter: QPainter) -> None:
        look = self._look
        metrics = QFontMetricsF(ui_font(-1.5))
        row = QRectF(3 * UNIT, self.height() - self._legend_height(), self.width() - 6 * UNIT, metrics.height())
        painter.setPen(colour(look.muted))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(fitted(ui_font(-1.5), self._label, row.width()))  # the unit is at its end
        painter.drawText(row, middle | Qt.AlignmentFlag.AlignLeft, self._label)
        painter.setFont(ui_font(-1.5))
        row.translate(0, row.height() + UNIT)
        low, high = self._ends
        if not high:
            painter.drawText(row, middle | Qt.AlignmentFlag.AlignLeft, low)
            return
        bar = row.adjusted(metrics.horizontalAdvance(low) + UNIT + 2, 0, -metrics.horizontalAdvance(high) - UNIT - 2, 0)
        bar = QRectF(bar.left(), row.center().y() - 3, bar.width(), 6)
        painter.drawText(row, middle | Qt.AlignmentFlag.AlignLeft, low)
        painter.drawText(row, middle | Qt.AlignmentFlag.AlignRight, high)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        gradient.setColorAt(0, self._shade(0))
        gradient.setColorAt(1, self._shade(1))
        painter.setPen(hairline(look.border))
        painter.setBrush(gradient)
        painter.drawRoundedRect(bar, 3, 3)

    # Intents ----------------------------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found, view = self._find(event.position())
        name = "" if found is None else found.name
        if (name, view) != (self._hover, self._named):
            self._hover, self._named = name, view
            self.setCursor(Qt.CursorShape.PointingHandCursor if name else Qt.CursorShape.ArrowCursor)
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self.contact_at(event.position())
        if event.button() is Qt.MouseButton.LeftButton and found is not None:
            self.set_selected(found.name)
            self.contact_selected.emit(found.name)

    def leaveEvent(self, _event: QEvent) -> None:
        self._hover, self._named = "", "axial"
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            found = self.contact_at(QPointF(event.pos()))
            if found is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos() + QPoint(UNIT, UNIT), self.describe(found), self)
            return True
        return super().event(event)


class ImplantPanel(QWidget):
    """Shafts to show and hide above the glass brain."""

    shafts_changed = Signal(tuple)
    """Names of the shafts that are shown, in the implant's order."""
    contact_selected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = LIGHT
        self._implant: Implant | None = None
        self._toggles: dict[str, ShaftToggle] = {}
        self._headings: list[QLabel] = []
        self.setAccessibleName("Implant")
        self.brain = GlassBrain(self)
        self.brain.contact_selected.connect(self.contact_selected)
        self._shafts = QWidget(self)
        self._grid = QGridLayout(self._shafts)
        self._grid.setContentsMargins(2 * UNIT, 0, 2 * UNIT, 2 * UNIT)
        self._grid.setHorizontalSpacing(UNIT)
        self._grid.setVerticalSpacing(0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 2 * UNIT)
        layout.setSpacing(UNIT)
        # Contacts drawn in a brain read as this patient's.
        self._whose = QLabel("none of these is implanted", self)
        self._whose.setContentsMargins(4 * UNIT, 2 * UNIT, 2 * UNIT, 0)
        self._whose.hide()
        layout.addWidget(self._whose)
        layout.addWidget(self._shafts)
        layout.addWidget(self.brain, 1)

    # What is shown ----------------------------------------------------------------------------------------------------

    def set_quiet(self, quiet: bool) -> None:
        """Only the brain, for a room that looks on, or also the shafts to choose from."""
        self._shafts.setHidden(quiet)

    def set_implant(self, implant: Implant | None, visible: Collection[str] | None = None) -> None:
        """The implant of the model, and the shafts shown (all where ``visible`` is None); None where no model is."""
        if implant != self._implant:
            self._implant = implant
            self._rebuild()
        self.set_visible_shafts(implant.shafts if implant is not None and visible is None else visible or ())

    def set_visible_shafts(self, visible: Collection[str]) -> None:
        """Which shafts are shown; emits nothing."""
        for name, toggle in self._toggles.items():
            toggle.blockSignals(True)
            toggle.setChecked(name in visible)
            toggle.blockSignals(False)
            toggle.update()
        self.brain.set_implant(self._implant, self.visible_shafts)

    @property
    def visible_shafts(self) -> tuple[str, ...]:
        return tuple(name for name, toggle in self._toggles.items() if toggle.isChecked())

    def set_values(
        self,
        values: Mapping[str, float],
        label: str,
        *,
        low: float = 0.0,
        high: float = 1.0,
        ends: tuple[str, str] = ("0", "1"),
    ) -> None:
        """Colour contacts by a value; ``ends`` names the scale's ends (``%`` at the end makes values percentages)."""
        self.brain.set_values(values, label, (low, high), ends)

    def set_rates(self, rates: Mapping[str, float]) -> None:
        """Colour contacts by the discharges that were proposed on them, a minute."""
        self.brain.set_rates(rates)

    def set_measures(self, measures: Mapping[str, str]) -> None:
        """What the model's card measured for each contact, one line each, for the tooltip."""
        self.brain.set_measures(measures)

    def set_selected(self, contact: str) -> None:
        """The contact that spectrogram and inspector are on; empty for none."""
        self.brain.set_selected(contact)

    def set_theme(self, look: Theme) -> None:
        self._look = look
        self.brain.set_theme(look)
        for toggle in self._toggles.values():
            toggle.set_theme(look)
        self._colour_headings()

    def _rebuild(self) -> None:
        for widget in (*self._toggles.values(), *self._headings):
            self._grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._toggles, self._headings = {}, []
        implant = self._implant
        self._whose.setVisible(implant is not None)
        if implant is None:
            return
        sides = {shaft: shaft_side(implant.contacts_of(shaft)) for shaft in implant.shafts}
        columns = [side for side in ("left", "midline", "right") if side in sides.values()]
        rows = dict.fromkeys(columns, 1)
        for side in columns:
            heading = QLabel(side, self._shafts)
            heading.setObjectName(side)
            heading.setContentsMargins(2 * UNIT, 0, 0, 0)
            self._headings.append(heading)
            self._grid.addWidget(heading, 0, columns.index(side))
        for shaft, side in sides.items():
            toggle = ShaftToggle(shaft, side, len(implant.contacts_of(shaft)), self._shafts)
            toggle.set_theme(self._look)
            toggle.clicked.connect(self._on_clicked)
            self._toggles[shaft] = toggle
            self._grid.addWidget(toggle, rows[side], columns.index(side))
            rows[side] += 1
        self._colour_headings()

    def _colour_headings(self) -> None:
        self._whose.setFont(ui_font(-1.5))
        self._whose.setStyleSheet(f"color: {self._look.muted};")
        for heading in self._headings:
            heading.setFont(ui_font(-1.5))
            heading.setStyleSheet(f"color: {self._look.side(heading.objectName())};")

    # Intents ----------------------------------------------------------------------------------------------------------

    def _on_clicked(self) -> None:
        sender = self.sender()
        if isinstance(sender, ShaftToggle) and QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.AltModifier:
            self.set_visible_shafts((sender.name,))
        self.brain.set_implant(self._implant, self.visible_shafts)
        self.shafts_changed.emit(self.visible_shafts)
