"""A report as PDF: lines are lines, and a millimetre on paper is a millimetre."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QPoint, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QFontMetricsF,
    QGuiApplication,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QTextDocument,
)
from PySide6.QtWidgets import QWidget

from neuroflow.anatomy.implant import Contact, Implant
from neuroflow.recording import Recording
from neuroflow.review import Mark
from neuroflow_review.display import filter_words, filtered_words, sensitivity_words
from neuroflow_review.paper import PAPER_RATIO, put_on_paper
from neuroflow_review.session.page import eeg_rate
from neuroflow_review.session.report import Choice, Content, Drawn, Table, montage_words
from neuroflow_review.session.state import ViewState
from neuroflow_review.sheet import Sheet
from neuroflow_review.theme import PRINT, RECONSTRUCTED, colour, gutter, hairline, right_margin, ui_font
from neuroflow_review.views.implant import GlassBrain
from neuroflow_review.views.page import PageView
from neuroflow_review.views.reconstruction import ReconstructionView
from neuroflow_review.wording import day_clock

_MARGIN_MM, _HEAD_MM, _FOOT_MM = 10.0, 11.0, 7.0
_MM_PER_INCH = 25.4
_SCALP_SHARE = 0.58

_SIZES: Final = {"A4": QPageSize.PageSizeId.A4, "Letter": QPageSize.PageSizeId.Letter}


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything about the recording and the view that each page of a report needs."""

    recording: Recording
    state: ViewState
    marks: tuple[Mark, ...]
    contacts: tuple[Contact, ...]
    shown: tuple[int, ...]
    ratios: dict[str, float]
    choice: Choice


class Report:
    """A PDF under construction: :meth:`cover`, a :meth:`moment` each, :meth:`finish`. Lives in the GUI thread."""

    def __init__(self, setting: Setting, content: Content, moments: int) -> None:
        self.setting, self.content = setting, content
        screen = QGuiApplication.primaryScreen()
        # Type is measured for the screen everywhere: at its resolution a page on paper has the same proportions.
        self._dots = round(screen.logicalDotsPerInch()) if screen is not None else 96
        self._buffer = QBuffer()
        self._buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        self._writer = QPdfWriter(self._buffer)
        self._writer.setResolution(self._dots)
        self._writer.setTitle(content.title)
        self._writer.setCreator("NeuroFlow Review")
        self._writer.setPageLayout(
            QPageLayout(
                QPageSize(_SIZES[setting.choice.paper]), QPageLayout.Orientation.Landscape, QMarginsF(0, 0, 0, 0)
            )
        )
        self._painter = QPainter(self._writer)
        self._page, self._moments = 0, moments
        self._document = self._text()
        self.pages = self._document.pageCount() + (1 if setting.contacts else 0) + moments

    @property
    def per_mm(self) -> float:
        """Pixels of the page in a millimetre."""
        return self._dots / _MM_PER_INCH

    @property
    def seconds(self) -> float:
        """What a page shows at the paper speed: as many whole seconds as fit."""
        width = self._inside().width() - gutter() - right_margin()
        return max(float(int(width / self.per_mm / self.setting.choice.mm_per_second)), 1.0)

    @property
    def columns(self) -> int:
        """Points that a trace may have: what a good printer tells apart."""
        return round(self.seconds * self.setting.choice.mm_per_second * self.per_mm * PAPER_RATIO)

    def cover(self) -> None:
        """Who, what was marked, what the model is; then the implant."""
        box = self._words()
        for number in range(self._document.pageCount()):
            self._turn()
            self._painter.save()
            self._painter.translate(box.left(), box.top() - number * box.height())
            self._document.drawContents(self._painter, QRectF(0, number * box.height(), box.width(), box.height()))
            self._painter.restore()
            self._foot()
        if self.setting.contacts:
            self._turn()
            self._implant()
            self._foot()

    def moment(self, drawn: Drawn) -> None:
        """A page of scalp EEG and, where there is one, its reconstruction below."""
        self._turn()
        box, span = self._inside(), drawn.page.request.span
        self._head(drawn)
        width = round(gutter() + span.duration * self.setting.choice.mm_per_second * self.per_mm + right_margin())
        paint_page(self._painter, self.setting, drawn, QRectF(box.left(), box.top(), width, box.height()), self.per_mm)
        self._foot()

    def finish(self) -> bytes:
        """The file."""
        self._painter.end()
        return bytes(self._buffer.data().data())

    def abandon(self) -> None:
        if self._painter.isActive():
            self._painter.end()

    # Parts of a page --------------------------------------------------------------------------------------------------

    @property
    def _start(self) -> datetime | None:
        return None if self.setting.choice.private else self.setting.recording.start

    def _turn(self) -> None:
        if self._page:
            self._writer.newPage()
        self._page += 1

    def _inside(self) -> QRectF:
        """Between margins, head and foot."""
        mm = self.per_mm
        whole = self._writer.pageLayout().fullRectPixels(self._dots)
        return QRectF(
            _MARGIN_MM * mm, (_MARGIN_MM + _HEAD_MM) * mm, whole.width() - 2 * _MARGIN_MM * mm,
            whole.height() - (2 * _MARGIN_MM + _HEAD_MM + _FOOT_MM) * mm,
        )  # fmt: skip

    def _words(self) -> QRectF:
        """Where pages of words have theirs: they need no head."""
        return self._inside().adjusted(0, -_HEAD_MM * self.per_mm, 0, 0)

    def _head(self, drawn: Drawn) -> None:
        moment = drawn.moment
        box = QRectF(self._inside().left(), _MARGIN_MM * self.per_mm, self._inside().width(), _HEAD_MM * self.per_mm)
        title = f"{day_clock(moment.time, self._start, decimals=1)}   {moment.title}"
        by = "" if self.setting.choice.private else moment.by
        self._line(box, title, ", ".join(part for part in (moment.note, by) if part), top=True)
        self._line(box, head_words(self.setting, drawn), "", top=False)

    def _line(self, box: QRectF, left: str, right: str, *, top: bool) -> None:
        painter = self._painter
        font = ui_font(2.0 if top else -0.5, bold=top)
        high = QFontMetricsF(font).height()
        row = QRectF(box.left(), box.top() + (0 if top else QFontMetricsF(ui_font(2.0, bold=True)).height()),
                     box.width(), high)  # fmt: skip
        quiet = ui_font(-0.5)
        room = row.width() - (QFontMetricsF(quiet).horizontalAdvance(right) + 16 if right else 0)
        painter.setFont(font)
        painter.setPen(colour(PRINT.ink if top else PRINT.muted))
        text = QFontMetricsF(font).elidedText(left, Qt.TextElideMode.ElideRight, room)
        painter.drawText(row, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text)
        if right:
            painter.setFont(quiet)
            painter.setPen(colour(PRINT.muted))
            painter.drawText(row, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), right)

    def _foot(self) -> None:
        painter, inside = self._painter, self._inside()
        row = QRectF(inside.left(), inside.bottom() + 2 * self.per_mm, inside.width(), _FOOT_MM * self.per_mm)
        painter.setPen(hairline(PRINT.grid_strong))
        painter.drawLine(row.topLeft(), row.topRight())
        painter.setFont(ui_font(-1.5))
        painter.setPen(colour(PRINT.muted))
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        words = f"{RECONSTRUCTED} reconstructed, not recorded.   {self.content.purpose}"
        if self.content.simulated:
            words = f"SIMULATED PATIENT.   {words}"
        painter.drawText(row, middle | int(Qt.AlignmentFlag.AlignLeft), words)
        painter.drawText(row, middle | int(Qt.AlignmentFlag.AlignRight), f"{self._page} / {self.pages}")

    def _implant(self) -> None:
        box, setting, content = self._inside(), self.setting, self.content
        brain = GlassBrain()
        brain.set_theme(PRINT)
        brain.set_implant(Implant("report", setting.contacts, ""), {c.shaft for c in setting.contacts})
        if any(content.rates.values()):
            brain.set_rates(content.rates)
        high = round(box.height())
        width = min(round(box.width()), round(high * 0.62))
        brain.resize(width, high)
        self._painter.save()
        # Without the ground of a window: paper is white.
        at = QPoint(round(box.left()), round(box.top()))
        brain.render(self._painter, at, renderFlags=QWidget.RenderFlag.DrawChildren)
        self._painter.restore()
        brain.deleteLater()
        head = QRectF(box.left(), _MARGIN_MM * self.per_mm, box.width(), _HEAD_MM * self.per_mm)
        self._line(head, "Implant of the model", "", top=True)
        words = "where the model was trained to reconstruct; no electrode was there"
        self._line(head, words, "", top=False)
        self._beside(QRectF(box.left() + width + 24, box.top(), box.width() - width - 24, box.height()))

    def _beside(self, box: QRectF) -> None:
        """Tables right of the brain: rates, and what was measured of each contact."""
        tables = [t for t in self.content.tables if t.title.startswith("Discharges in")]
        document = self._laid_out("".join(map(_table, tables)), box.width())
        self._painter.save()
        self._painter.translate(box.topLeft())
        document.drawContents(self._painter, QRectF(0, 0, box.width(), box.height()))
        self._painter.restore()

    # Words ------------------------------------------------------------------------------------------------------------

    def _text(self) -> QTextDocument:
        content = self.content
        badge = "<p><b>SIMULATED PATIENT</b></p>" if content.simulated else ""
        tables = [t for t in content.tables if not t.title.startswith("Discharges in") or not self.setting.contacts]
        purpose = f"<p>{html.escape(content.purpose)}</p>"
        body = f"<h1>{html.escape(content.title)}</h1>{badge}{purpose}{''.join(map(_table, tables))}"
        box = self._words()
        document = self._laid_out(body, box.width())
        document.setPageSize(QSizeF(box.width(), box.height()))
        return document

    def _laid_out(self, body: str, width: float) -> QTextDocument:
        document = QTextDocument()
        document.documentLayout().setPaintDevice(self._writer)
        document.setDocumentMargin(0)
        document.setDefaultFont(ui_font(-0.5))
        document.setDefaultStyleSheet(
            f"* {{ color: {PRINT.ink}; }} h1 {{ font-size: 20pt; }} h2 {{ font-size: 12pt; }}"
            f" .note {{ color: {PRINT.muted}; }} th {{ color: {PRINT.muted}; text-align: left; font-weight: normal; }}"
        )
        document.setHtml(body)
        document.setTextWidth(width)
        return document


def head_words(setting: Setting, drawn: Drawn) -> str:
    """How a page is drawn: sensitivity, paper speed, filters, montage, and what there is of a reconstruction."""
    state = setting.state
    rate = eeg_rate(setting.recording)
    parts = [f"{setting.choice.mm_per_second:g} mm/s", montage_words(setting.recording, state)]
    if rate is not None or state.solo:  # else each row says its own
        speed, montage = parts
        parts = [sensitivity_words(state.shown_sensitivity), speed, filter_words(state.applied, rate), montage]
    if drawn.depth is not None:
        filtered = filtered_words(drawn.depth.request.filters, drawn.depth.rate)
        drawn_in = sensitivity_words(state.depth_sensitivity), filtered
        parts.append(f"{RECONSTRUCTED} {', '.join(filter(None, drawn_in))}")
    elif setting.contacts:
        parts.append(f"{RECONSTRUCTED} not reconstructed here")
    return " · ".join(parts)


def paint_page(painter: QPainter, setting: Setting, drawn: Drawn, box: QRectF, per_mm: float) -> None:
    """Scalp EEG and, where there is one, its reconstruction below, for paper of so many pixels a millimetre."""
    for view, place in page_views(setting, drawn, box, per_mm):
        painter.save()
        painter.translate(place.topLeft())
        painter.setClipRect(QRectF(0, 0, place.width(), place.height()))
        view.draw(painter)
        view.draw_moving(painter)
        painter.restore()
        view.deleteLater()


def page_views(setting: Setting, drawn: Drawn, box: QRectF, per_mm: float) -> list[tuple[Sheet, QRectF]]:
    """What :func:`paint_page` draws, and where; whoever asks lets the views go."""
    high = round(box.height() * (_SCALP_SHARE if drawn.depth is not None else 1.0))
    scalp = PageView()
    start = None if setting.choice.private else setting.recording.start
    scalp.set_recording(setting.recording.span, start, setting.recording.gaps)
    scalp.set_notes(setting.recording.annotations)
    scalp.set_notes_written(not setting.choice.private)
    scalp.set_solo(setting.state.solo)
    scalp.set_sensitivity(setting.state.shown_sensitivity)
    scalp.set_kinds(setting.state.kinds)
    scalp.set_marks([m for m in setting.marks if m.decision != "rejected"])
    scalp.set_page(drawn.page)
    views: list[tuple[Sheet, QRectF]] = [(scalp, QRectF(box.left(), box.top(), box.width(), high))]
    if drawn.depth is not None:
        below = ReconstructionView()
        below.set_contacts(setting.contacts, setting.shown, setting.ratios)
        below.set_sensitivity(setting.state.depth_sensitivity)
        below.set_samples(setting.state.samples, setting.state.sample)
        below.set_span(drawn.page.request.span)
        below.set_depth(drawn.depth)
        below.set_segments(drawn.segments, stale=False)
        views.append((below, QRectF(box.left(), box.top() + high, box.width(), box.height() - high)))
    for view, place in views:
        put_on_paper(view, per_mm)
        view.set_theme(PRINT)
        view.resize(round(place.width()), round(place.height()))
    return views


def _table(table: Table) -> str:
    heads, *rows = table.rows
    keep = [i for i in range(max(map(len, table.rows), default=0)) if not heads or heads[i]]

    def cells(row: Sequence[str], tag: str) -> str:
        return "".join(
            f"<{tag} style='padding-right: 14px'>{html.escape(row[i])}</{tag}>" for i in keep if i < len(row)
        )

    top = f"<tr>{cells(heads, 'th')}</tr>" if heads else ""
    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    note = f"<p class='note'>{html.escape(table.note) or '&nbsp;'}</p>"
    return f"<h2>{html.escape(table.title)}</h2><table cellspacing='0' cellpadding='2'>{top}{body}</table>{note}"
