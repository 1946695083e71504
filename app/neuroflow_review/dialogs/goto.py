"""Go to a time of the recording, elapsed or by the clock, and see where it leads before going there."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Final

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from neuroflow.units import format_clock
from neuroflow_review.dialogs.parts import Sheet, Switch, button, column, look_of, said, set_role
from neuroflow_review.theme import UNIT, colour, hairline, ui_font
from neuroflow_review.wording import clock as clock_text
from neuroflow_review.wording import day as day_of

_DAY: Final = 86_400.0
_ELAPSED_WAYS: Final = "0:05:12 · 5:12 · 312 · 5m12s · +30 from here"
_CLOCK_WAYS: Final = "14:03:20 · 14:03 · 2:03 pm · day 2 14:03"
_SIGN = re.compile(r"^([+\-−–])\s*")
_COLONS = re.compile(r"(?:(\d{1,4}):)?(\d{1,4}):(\d{1,2}(?:\.\d*)?)")
_PLAIN = re.compile(r"\d+(?:\.\d*)?|\.\d+")
_UNITS = re.compile(
    r"(?:(\d+(?:\.\d+)?)\s*h(?:r|rs|our|ours)?)?\s*"
    r"(?:(\d+(?:\.\d+)?)\s*m(?:in|ins|inute|inutes)?)?\s*"
    r"(?:(\d+(?:\.\d+)?)\s*(?:s(?:ec|ecs|econd|econds)?)?)?"
)
_CLOCK = re.compile(
    r"(?:d(?:ay)?\s*(?P<day>\d{1,3})[\s,]+)?"
    r"(?:(?P<h>\d{1,2})[:h](?P<m>\d{2})(?::(?P<s>\d{2}(?:\.\d*)?))?"
    r"|(?P<h4>\d{2})(?P<m4>\d{2})(?P<s4>\d{2})?"
    r"|(?P<h2>\d{1,2}))"
    r"(?:\s*(?P<half>[ap])\.?(?:m\.?)?)?"
)


def parse_time(
    text: str, *, clock: bool = False, duration: float = math.inf, start: datetime | None = None, at: float = 0.0
) -> float:
    """Seconds from the recording's start of a time as a reader writes it.

    Elapsed: ``00:05:12``, ``5:12``, ``312``, ``5m12s``, ``1h``; ``+30`` and ``−1:00`` count from ``at``. Clock:
    ``14:03:20``, ``14:03``, ``140320``, ``2:03 pm``, ``day 2 14:03``; without a day the moment of that name that is
    nearest to ``at``, so that a recording that runs past midnight needs none. Raises: ValueError, with a sentence.
    """
    written = " ".join(text.replace(",", ".").lower().split()) if not clock else " ".join(text.lower().split())
    if not written:
        raise ValueError("Type a time.")
    return _by_clock(written, duration, start, at) if clock else _elapsed(written, duration, at)


def _elapsed(text: str, duration: float, at: float) -> float:
    sign = _SIGN.match(text)
    rest = text[sign.end() :] if sign else text
    if found := _COLONS.fullmatch(rest):
        hours, minutes, seconds = int(found[1] or 0), int(found[2]), float(found[3])
        if seconds >= 60 or (found[1] and minutes >= 60):
            raise ValueError("Minutes and seconds go up to 59.")
        value = hours * 3600 + minutes * 60 + seconds
    elif _PLAIN.fullmatch(rest):
        value = float(rest)
    elif rest and (found := _UNITS.fullmatch(rest)):
        value = sum(float(part or 0) * unit for part, unit in zip(found.groups(), (3600, 60, 1), strict=True))
    else:
        raise ValueError("Write a time such as 5:12, 312 or 5m12s.")
    if sign:
        value = at + value if sign[1] == "+" else at - value
    if value < 0:
        raise ValueError("That is before the recording starts.")
    if value > duration:
        raise ValueError(f"The recording is {format_clock(duration)} long.")
    return value


def _by_clock(text: str, duration: float, start: datetime | None, at: float) -> float:
    if start is None:
        raise ValueError("The file does not say at what time of day the recording began.")
    found = _CLOCK.fullmatch(text)
    if not found:
        raise ValueError("Write a time of day such as 14:03:20 or 14:03.")
    hours = int(found["h"] or found["h4"] or found["h2"])
    minutes = int(found["m"] or found["m4"] or 0)
    written = found["s"] or found["s4"] or "0"
    seconds = float(written)
    if found["half"]:
        if not 1 <= hours <= 12:
            raise ValueError("Hours before and after noon are 1 to 12.")
        hours = hours % 12 + (12 if found["half"] == "p" else 0)
    if hours > 23 or minutes > 59 or seconds >= 60:
        raise ValueError("A time of day runs from 00:00:00 to 23:59:59.")
    began = start.hour * 3600 + start.minute * 60 + start.second + start.microsecond * 1e-6
    wanted = hours * 3600 + minutes * 60 + seconds - began
    if -1 < wanted < 0 and "." not in written:
        wanted = 0.0  # the second that the recording begins in
    if found["day"]:
        choices = [wanted + (int(found["day"]) - 1) * _DAY]
    else:
        first = wanted % _DAY
        last = first + max(math.floor((duration - first) / _DAY), 0) * _DAY if math.isfinite(duration) else first
        near = first + round((at - first) / _DAY) * _DAY
        choices = [min(max(near, first), last)]
    if not 0 <= choices[0] <= duration:
        raise ValueError(
            f"The recording runs from {_when(0.0, start, duration)} to {_when(duration, start, duration)}."
        )
    return choices[0]


def _when(seconds: float, start: datetime, duration: float) -> str:
    """Clock time, with the day of the recording where it has more than one."""
    text = clock_text(seconds, start)
    return f"{text} on day {day_of(seconds, start)}" if day_of(duration, start) > 1 else text


def _decimals(seconds: float) -> int:
    """How many decimals a time needs; none for a whole second."""
    return 0 if abs(seconds - round(seconds)) < 5e-4 else 3


class GoToDialog(Sheet):
    """Asks for a time; ``duration`` and ``at`` (where the reader is) in seconds, ``start`` the recording's, if known.

    ``seconds`` is the answer once accepted, and ``by_clock`` how it was given.
    """

    def __init__(
        self,
        duration: float,
        start: datetime | None,
        at: float,
        parent: QWidget | None = None,
        *,
        by_clock: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Go to time")
        self.setMinimumWidth(360)
        self._duration, self._start, self._at = duration, start, at
        self._seconds: float | None = None

        self.switch = Switch(
            (
                ("&Elapsed", "Time since the recording started (Alt+E)"),
                ("&Clock", "Time of day (Alt+C)"),
            ),
            "Kind of time",
        )
        if start is None:
            self.switch.buttons[1].setEnabled(False)
            self.switch.buttons[1].setToolTip("The file does not say at what time of day the recording began")
        self.field = QLineEdit()
        self.field.setFont(ui_font(6))
        self.field.setStyleSheet(f"QLineEdit {{ min-height: {10 * UNIT}px; }}")
        self.field.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.field.setMaxLength(40)
        self.field.setAccessibleName("Time to go to")
        self.strip = _Strip(duration, at)
        self.answer = said()
        self.answer.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self.answer.setMinimumHeight(2 * self.answer.fontMetrics().lineSpacing())
        self.hint = said(role="muted", step=-1)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.cancel_button = button("Cancel", "Stay where you are (Esc)")
        self.go_button = button("Go", "Go there (Return)", default=True)

        bottom = QHBoxLayout()
        bottom.setSpacing(2 * UNIT)
        bottom.addStretch(1)
        bottom.addWidget(self.cancel_button)
        bottom.addWidget(self.go_button)
        layout = column(self)
        for widget in (self.switch, self.field, self.strip, self.answer, self.hint):
            layout.addWidget(widget)
        layout.addSpacing(UNIT)
        layout.addLayout(bottom)
        QWidget.setTabOrder(self.field, self.switch.buttons[0])

        self.field.textChanged.connect(self._look)
        self.switch.chosen.connect(self._switched)
        self.cancel_button.clicked.connect(self.reject)
        self.go_button.clicked.connect(self.accept)
        if by_clock and start is not None:
            self.switch.choose(1)
        self._seconds = at
        self._switched(self.switch.choice)
        self.field.setFocus()

    @property
    def seconds(self) -> float | None:
        """The time that the field leads to, in seconds of the recording, or None where it leads nowhere."""
        return self._seconds

    @property
    def by_clock(self) -> bool:
        return self.switch.choice == 1

    def accept(self) -> None:
        """Only a time of the recording is an answer."""
        if self._seconds is not None:
            super().accept()

    def _switched(self, _: int) -> None:
        """The same moment, written the other way."""
        self.hint.setText(
            "14:03:20 · 14:03 · 2:03 pm · day 2 14:03"
            if self.by_clock
            else "0:05:12 · 5:12 · 312 · 5m12s · +30 from here"
        )
        self.field.setToolTip("A time of day" if self.by_clock else "Hours, minutes and seconds, or seconds alone")
        seconds = self._seconds
        if seconds is not None:
            if self.by_clock:
                self.field.setText(self._clock(seconds))
            else:
                self.field.setText(format_clock(seconds, decimals=_decimals(seconds)))
        self._look(self.field.text())
        self.field.selectAll()
        self.field.setFocus()

    def _look(self, text: str) -> None:
        try:
            found: float | None = parse_time(
                text, clock=self.by_clock, duration=self._duration, start=self._start, at=self._at
            )
        except ValueError as error:
            found = None
            self.answer.setText(str(error))
            set_role(self.answer, "muted" if not text.strip() else "warning")
        else:
            self.answer.setText(self._leads_to(found or 0.0))
            set_role(self.answer, "")
        self._seconds = found
        self.strip.set_target(found)
        self.go_button.setEnabled(found is not None)

    def _leads_to(self, seconds: float) -> str:
        elapsed = f"{format_clock(seconds, decimals=_decimals(seconds))} into the recording"
        if self._start is None:
            return elapsed
        return f"{self._clock(seconds)}, day {day_of(seconds, self._start)}\n{elapsed}"

    def _clock(self, seconds: float) -> str:
        fraction = self._start.microsecond * 1e-6 if self._start is not None else 0.0
        return clock_text(seconds, self._start, decimals=_decimals(seconds + fraction))


class _Strip(QWidget):
    """The whole recording as a line: where the reader is, and where the time leads."""

    def __init__(self, duration: float, at: float) -> None:
        super().__init__()
        self._duration, self._at = max(duration, 1e-9), at
        self._target: float | None = None
        self.setFixedHeight(4 * UNIT)
        self.setToolTip("The recording: a line where you are, a dot where this leads")

    def set_target(self, seconds: float | None) -> None:
        self._target = seconds
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        look = look_of(self)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle, inner = self.height() / 2, self.width() - 4 * UNIT

        def x(seconds: float) -> float:
            return 2 * UNIT + min(max(seconds / self._duration, 0.0), 1.0) * inner

        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(look.grid_strong))
        painter.drawRoundedRect(QRectF(2 * UNIT, middle - 1.5, inner, 3), 1.5, 1.5)
        painter.setPen(hairline(look.muted))
        painter.drawLine(QLineF(x(self._at), middle - 6, x(self._at), middle + 6))
        if self._target is not None:
            painter.setPen(hairline(look.panel))
            painter.setBrush(colour(look.accent))
            painter.drawEllipse(QRectF(x(self._target) - 5, middle - 5, 10, 10))
        painter.end()
