"""Who the recording is of, above the page, always; unless the reader hides it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from neuroflow.recording import ChannelKind, Patient, Recording
from neuroflow.units import format_clock
from neuroflow_review.theme import LIGHT, UNIT, Theme, colour, gutter, hairline, ui_font
from neuroflow_review.wording import start_words

SIMULATED, RECONSTRUCTED = "SIMULATED PATIENT", "RECONSTRUCTED"
HIDDEN = "Patient hidden"


def patient_words(patient: Patient, *, private: bool) -> str:
    """Name, identifier, date of birth and sex as far as the file knows them."""
    if private:
        return HIDDEN
    parts = [
        patient.name or "Name not in the file",
        patient.identifier,
        f"born {patient.birthdate}" if patient.birthdate else "",
        {"F": "female", "M": "male"}.get(patient.sex.upper(), ""),
    ]
    return "   ".join(p for p in parts if p)


def badges(recording: Recording) -> tuple[str, ...]:
    """What a reader must not overlook of a recording: a patient that is none, signals that were not recorded."""
    said = {SIMULATED: recording.simulated, RECONSTRUCTED: recording.reconstructed}
    return tuple(badge for badge, holds in said.items() if holds)


class PatientHeader(QWidget):
    """One line: patient at the left, recording at the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = LIGHT
        self._recording: Recording | None = None
        self._private = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Patient")

    def set_recording(self, recording: Recording | None) -> None:
        self._recording = recording
        self._describe()

    def set_private(self, private: bool) -> None:
        if private != self._private:
            self._private = private
            self._describe()

    def set_theme(self, look: Theme) -> None:
        self._look = look
        self.update()

    @property
    def patient(self) -> str:
        """What is written of the patient."""
        return patient_words(self._recording.patient, private=self._private) if self._recording is not None else ""

    @property
    def about(self) -> str:
        """What is written of the recording where there is room for all of it."""
        return "   ".join(self._about(self._recording)) if self._recording is not None else ""

    def _describe(self) -> None:
        said = badges(self._recording) if self._recording is not None else ()
        self.setAccessibleDescription(", ".join((self.patient, *said)))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(400, round(QFontMetricsF(ui_font(1.0)).height()) + 3 * UNIT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        look, recording = self._look, self._recording
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), colour(look.paper))
            painter.setPen(hairline(look.grid))
            painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)
            if recording is None:
                return
            row = QRectF(3 * UNIT, 0, self.width() - 6 * UNIT, self.height() - 1)
            left = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            painter.setFont(ui_font(-0.5))
            painter.setPen(colour(look.muted))
            quiet = QFontMetricsF(painter.font())
            badge_font = ui_font(-1.5, bold=True)
            boxes = {b: QFontMetricsF(badge_font).horizontalAdvance(b) + 4 * UNIT for b in badges(recording)}
            wide = sum(width + 3 * UNIT for width in boxes.values())
            metrics = QFontMetricsF(ui_font(1.0, bold=True))
            parts = self._about(recording)
            # Who it is of and what it is come before when it was, and that before how much.
            while parts and _room(row, parts, quiet) < wide + metrics.horizontalAdvance(self.patient):
                parts.pop()
            about, room = "   ".join(parts), _room(row, parts, quiet)
            painter.drawText(row, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), about)
            painter.setFont(ui_font(1.0, bold=True))
            text = metrics.elidedText(self.patient, Qt.TextElideMode.ElideRight, max(room - wide, gutter()))
            painter.setPen(colour(look.muted if self._private else look.ink))
            painter.drawText(row, left, text)
            x = row.left() + metrics.horizontalAdvance(text) + 3 * UNIT
            high = QFontMetricsF(badge_font).height() + UNIT
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(badge_font)
            for badge, width in boxes.items():
                box = QRectF(x, (self.height() - 1 - high) / 2, width, high)
                painter.setPen(hairline(look.warning if badge == SIMULATED else look.recon_line))
                painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, badge)
                x += width + 3 * UNIT

    def _about(self, recording: Recording) -> list[str]:
        # A file's name often holds the patient's.
        name = "" if self._private else recording.path.name
        eeg = sum(c.kind is ChannelKind.EEG for c in recording.channels)
        long = f"{format_clock(recording.duration)} long"  # beside the start it would be taken for another time of day
        channels = f"{eeg} EEG channel{'' if eeg == 1 else 's'}"
        return [part for part in (name, start_words(recording), long, channels) if part]


def _room(row: QRectF, parts: list[str], metrics: QFontMetricsF) -> float:
    """What the recording leaves to the patient of a line."""
    return row.width() - (metrics.horizontalAdvance("   ".join(parts)) + 4 * UNIT if parts else 0.0)
