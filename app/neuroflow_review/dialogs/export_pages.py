"""The pages of the export dialog: the questions, how far it is, and what came of it."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from neuroflow.export import ExportReport, ExportRequest
from neuroflow.export.plan import MOST_CHANNELS, coverage
from neuroflow.export.provenance import PURPOSE, WORDS
from neuroflow.recording import Span
from neuroflow.units import format_clock
from neuroflow_review.dialogs.export_offer import Offer, estimate, result_lines, stretch_around
from neuroflow_review.dialogs.parts import Fold, button, counted, in_bytes, in_words, look_of, rule, said, set_role
from neuroflow_review.theme import UNIT, icon


class Form(QWidget):
    """The questions."""

    changed = Signal()

    def __init__(self, offer: Offer) -> None:
        super().__init__()
        self._offer = offer
        n = offer.samples
        self.median = QCheckBox()
        self.each = QCheckBox(f"&Each of the {counted(n, 'sample')}" if n > 1 else "The on&e sample")
        self.each.setToolTip("~AHL1 s000, ~AHL1 s001 …: for computing with them")
        held = coverage(ExportRequest(samples=n, channels=("bands",)), offer.calibration) if n > 1 else None
        self.median.setText(f"&Median and {100 * (held or 0.9):.0f} % band")
        self.median.setToolTip("~AHL1 med, ~AHL1 p05, ~AHL1 p95: three channels for each contact")
        self.median.setChecked(held is not None)
        self.median.setEnabled(held is not None)
        self.each.setChecked(held is None)
        if held is None:
            self.median.setToolTip("One sample has no band: choose more samples in the toolbar")

        self.spans: list[tuple[QRadioButton, Span | None]] = []
        self._span_group = QButtonGroup(self)
        stretches = QGridLayout()
        stretches.setHorizontalSpacing(4 * UNIT)
        stretches.setVerticalSpacing(UNIT)
        stretches.setColumnStretch(1, 1)
        for row, (text, span, tip) in enumerate(self._stretches()):
            radio = QRadioButton(text)
            radio.setToolTip(tip)
            times = span or Span(0.0, offer.duration)
            when = said(f"{format_clock(times.start)} – {format_clock(times.stop)}", "muted")
            radio.setAccessibleDescription(when.text())
            self._span_group.addButton(radio)
            stretches.addWidget(radio, row, 0)
            stretches.addWidget(when, row, 1)
            self.spans.append((radio, span))
        self.spans[0][0].setChecked(True)

        self.shafts: dict[str, QCheckBox] = {}
        self.shaft_box = QGridLayout()
        self.shaft_box.setSpacing(UNIT)
        self.shaft_box.setHorizontalSpacing(4 * UNIT)
        names = offer.shafts
        across = max(-(-len(names) // 2), 1) if len(names) > 4 else max(len(names), 1)
        for number, shaft in enumerate(names):
            box = QCheckBox(shaft)
            count = sum(c.shaft == shaft for c in offer.contacts)
            box.setToolTip(f"{counted(count, 'contact')} on shaft {shaft}")
            box.setChecked(True)
            self.shafts[shaft] = box
            self.shaft_box.addWidget(box, number // across, number % across)
        self.shaft_box.setColumnStretch(across, 1)
        self.shown_button = button("Only &those shown", "Only the shafts that the window shows")
        self.shown_button.setVisible(bool(offer.shown) and set(offer.shown) < set(names))
        self.shaft_box.addWidget(self.shown_button, 0, across + 1, 2, 1, Qt.AlignmentFlag.AlignVCenter)

        self.target = QLineEdit(str(offer.default_target))
        self.target.setAccessibleName("File to write")
        self.target.setToolTip("The EDF+ file to write; .edf is added where it is missing")
        self.choose_button = button("&Choose…", "Choose a folder and a name")
        where = QHBoxLayout()
        where.setSpacing(2 * UNIT)
        where.addWidget(self.target, 1)
        where.addWidget(self.choose_button)

        what = QVBoxLayout()
        what.setSpacing(UNIT)
        what.addWidget(self.median)
        what.addWidget(self.each)
        rows = QGridLayout()
        rows.setHorizontalSpacing(6 * UNIT)
        rows.setVerticalSpacing(4 * UNIT)
        rows.setColumnStretch(1, 1)
        for number, (heading, part) in enumerate(
            (("Write", what), ("Stretch", stretches), ("Shafts", self.shaft_box), ("Into", where))
        ):
            label = said(heading, "heading")
            label.setWordWrap(False)
            beside = Qt.AlignmentFlag.AlignVCenter if part is where else Qt.AlignmentFlag.AlignTop
            rows.addWidget(label, number, 0, beside)
            rows.addLayout(part, number, 1)
        self.outlook = said()
        self.objection = said(role="warning")
        self.objection.hide()
        self.words = said(f"Every channel says “{WORDS}”. Intended use: {PURPOSE}.", "reconstructed")
        self.words.setToolTip(offer.intended_use)
        self.cancel_button = button("Cancel", "Write nothing (Esc)")
        self.export_button = button(
            "E&xport", "Reconstruct what is missing, write the file and read it back", default=True
        )
        bottom = QHBoxLayout()
        bottom.setSpacing(2 * UNIT)
        bottom.addStretch(1)
        bottom.addWidget(self.cancel_button)
        bottom.addWidget(self.export_button)
        layout = _plain(self)
        layout.addLayout(rows)
        layout.addWidget(rule())
        layout.addWidget(self.outlook)
        layout.addWidget(self.words)
        layout.addWidget(self.objection)
        layout.addSpacing(UNIT)
        layout.addLayout(bottom)

        for box in (self.median, self.each, *self.shafts.values()):
            box.toggled.connect(self.changed)
        self._span_group.buttonToggled.connect(lambda _, on: self.changed.emit() if on else None)
        self.target.textChanged.connect(self.changed)
        self.shown_button.clicked.connect(self._only_shown)
        self.choose_button.clicked.connect(self._choose)

    @property
    def request(self) -> ExportRequest:
        channels = (
            *(("median", "bands") if self.median.isChecked() else ()),
            *(("samples",) if self.each.isChecked() else ()),
        )
        chosen = tuple(shaft for shaft, box in self.shafts.items() if box.isChecked())
        return ExportRequest(
            span=next(span for radio, span in self.spans if radio.isChecked()),
            samples=self._offer.samples,
            seed=self._offer.seed,
            channels=channels,
            contacts=() if len(chosen) == len(self.shafts) else chosen,
            excluded=self._offer.excluded,
        )

    @property
    def path(self) -> Path | None:
        """The target as written, with its suffix, or None where no name is given."""
        text = self.target.text().strip()
        if not text or text.endswith(("/", os.sep)):
            return None
        path = Path(text).expanduser()
        if path.suffix.lower() != ".edf":
            path = path.with_name(path.name + ".edf")
        return path if path.is_absolute() else self._offer.recording.parent / path

    def show_estimate(self) -> None:
        """Say what the export would take, or why it cannot be."""
        fault = self._fault()
        if fault:
            self.refuse(fault)
            self.outlook.setText("")
            self.outlook.hide()
            self.export_button.setEnabled(False)
            return
        self.objection.hide()
        self.export_button.setEnabled(True)
        self.export_button.setText("E&xport")
        self.export_button.setAutoDefault(True)
        self.export_button.setDefault(True)
        made = estimate(self._offer, self.request)
        took = (
            "how long it takes is known once a page has been reconstructed"
            if made.seconds is None
            else f"about {in_words(made.seconds)}"
            if made.seconds >= 5
            else "a few seconds"
        )
        self.note(f"{counted(made.channels, 'channel')}, about {in_bytes(made.size)}; {took}.")

    def note(self, text: str) -> None:
        self.outlook.setText(text)
        self.outlook.show()

    def refuse(self, text: str) -> None:
        """Say why it does not go on."""
        self.objection.setText(text)
        self.objection.show()

    def offer_replacing(self, name: str) -> None:
        """The file is there already: only a press of the button, not of Return, replaces it."""
        self.refuse(f"“{name}” is there already. Replace it?")
        self.export_button.setText("&Replace it")
        self.export_button.setDefault(False)
        self.export_button.setAutoDefault(False)
        self.target.setFocus()

    def busy(self, on: bool) -> None:
        """While the target is looked at."""
        if on:
            self.note("Looking at the folder …")
        self.export_button.setEnabled(not on and not self._fault())

    def _fault(self) -> str:
        request = self.request
        if not request.channels:
            return "Choose what to write: the median and band, the samples, or both."
        if not any(box.isChecked() for box in self.shafts.values()):
            return "Choose at least one shaft."
        channels = estimate(self._offer, request).channels
        if channels > MOST_CHANNELS:
            return (
                f"That would be {channels:,} channels, and EDF programs open {MOST_CHANNELS} at most: choose fewer "
                "shafts, or fewer samples in the toolbar."
            )
        path = self.path
        if path is None:
            return "Give the file a name."
        if os.path.normcase(os.path.normpath(path)) == os.path.normcase(os.path.normpath(self._offer.recording)):
            return "That is the recording itself: choose another name."
        return ""

    def _stretches(self) -> list[tuple[str, Span | None, str]]:
        offer = self._offer
        whole = Span(0.0, offer.duration)
        found: list[tuple[str, Span | None, str]] = []
        if offer.selection is not None and offer.selection.clipped_to(whole).duration > 0:
            found.append(("&Selection", offer.selection.clipped_to(whole), "What is selected in the window"))
        found.append(("This &page", offer.page.clipped_to(whole), "What the window shows"))
        ready = stretch_around(offer.reconstructed, offer.page)
        if ready is not None:
            found.append(("What is &reconstructed", ready, "The unbroken stretch around the page, made already"))
        found.append(("&Whole recording", None, "From beginning to end; what is missing is reconstructed first"))
        return found

    def _only_shown(self) -> None:
        for shaft, box in self.shafts.items():
            box.setChecked(shaft in self._offer.shown)

    def _choose(self) -> None:
        path = self.path or self._offer.default_target
        dialog = QFileDialog(self, "Export the reconstruction", str(path.parent), "EDF files (*.edf)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("edf")
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)  # asked here, for typed names too
        dialog.selectFile(path.name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.target.setText)
        dialog.open()


class Running(QWidget):
    """How far it is."""

    def __init__(self) -> None:
        super().__init__()
        self.title = said(bold=True, step=1)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the export")
        self.left = said()
        self.left.setToolTip("Judged by what was done so far")
        self.question = said("Stop the export? Nothing of it will be kept.", "warning")
        self.keep_button = button("&Go on", "Go on exporting")
        self.cancel_button = button("Stop", "Stop exporting; no file is left")
        bottom = QHBoxLayout()
        bottom.setSpacing(2 * UNIT)
        bottom.addStretch(1)
        bottom.addWidget(self.keep_button)
        bottom.addWidget(self.cancel_button)
        layout = _plain(self)
        layout.addWidget(self.title)
        layout.addWidget(self.bar)
        layout.addWidget(self.left)
        layout.addWidget(said("You can go on reading: the page that you look at is computed first.", "muted"))
        layout.addWidget(self.question)
        layout.addSpacing(UNIT)
        layout.addLayout(bottom)
        self._expected: float | None = None

    def begin(self, name: str, expected: float | None) -> None:
        self._expected = expected
        self.title.setText(f"Exporting to “{name}”")
        self.bar.setValue(0)
        self.left.setText("Starting …")
        self.ask(False)

    def ask(self, on: bool) -> None:
        """Whether to stop is asked, or not any more."""
        self.question.setVisible(on)
        self.keep_button.setVisible(on)
        if on:
            self.keep_button.setFocus()

    def show_progress(self, fraction: float, elapsed: float) -> None:
        """``fraction`` done after ``elapsed`` seconds; the little that was done at first foretells nothing."""
        fraction = min(max(fraction, 0.0), 1.0)
        self.bar.setValue(max(self.bar.value(), round(1000 * fraction)))
        text = f"{100 * fraction:.0f} %"
        left = None
        if fraction >= 0.04 and elapsed >= 1.0:
            left = elapsed * (1 - fraction) / fraction
        elif self._expected is not None:
            left = max(self._expected - elapsed, 0.0)
        if left is not None and fraction < 1:
            text += f" · about {in_words(left)} left" if left >= 1 else " · nearly done"
        self.left.setText(text)


class Outcome(QWidget):
    """What came of it."""

    def __init__(self) -> None:
        super().__init__()
        self._path: Path | None = None
        self.sign = QLabel()
        self.sentence = said(step=1, selectable=True)
        self.facts = QGridLayout()
        self.facts.setHorizontalSpacing(4 * UNIT)
        self.facts.setVerticalSpacing(UNIT)
        self.facts.setColumnStretch(1, 1)
        self.fold = Fold()
        self.folder_button = button("Show &folder", "Open the folder that the file is in")
        self.back_button = button("&Back", "Change something and try again")
        self.close_button = button("Close", "Close (Esc)")
        self.first_button: QPushButton = self.close_button
        top = QHBoxLayout()
        top.setSpacing(4 * UNIT)
        top.addWidget(self.sign, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.sentence, 1)
        bottom = QHBoxLayout()
        bottom.setSpacing(2 * UNIT)
        bottom.addWidget(self.folder_button)
        bottom.addStretch(1)
        bottom.addWidget(self.close_button)
        bottom.addWidget(self.back_button)
        layout = _plain(self)
        layout.addLayout(top)
        layout.addLayout(self.facts)
        layout.addWidget(self.fold)
        layout.addSpacing(UNIT)
        layout.addLayout(bottom)
        self.folder_button.clicked.connect(self._open_folder)

    def show_report(self, report: ExportReport) -> None:
        self._path = report.path
        self._say("check-circle", "accepted", f"“{report.path.name}” is written and reads back as it was meant.")
        self.sentence.setToolTip(str(report.path))
        for row, (name, value) in enumerate((("File", str(report.path)), *result_lines(report))):
            heading = said(name, "muted")
            heading.setWordWrap(False)
            self.facts.addWidget(heading, row, 0, Qt.AlignmentFlag.AlignTop)
            text = said(value, selectable=True)
            if name == "File":
                text.setText(value.replace("/", "/\u200b").replace("\\", "\\\u200b"))  # may break after a folder
            if name == "Withheld" and report.withheld:
                set_role(text, "warning")
            self.facts.addWidget(text, row, 1)
        self.fold.set_text("")
        self.folder_button.show()
        self.back_button.hide()
        self.first_button = self.close_button

    def show_failure(self, text: str, detail: str) -> None:
        self._say("warning-circle", "warning", text)
        self.fold.set_text(detail)
        self.folder_button.hide()
        self.back_button.show()
        self.first_button = self.back_button

    def _say(self, name: str, token: str, text: str) -> None:
        self.sign.setPixmap(icon(name, look_of(self), token=token).pixmap(QSize(8 * UNIT, 8 * UNIT)))
        self.sentence.setText(text)
        self.sentence.setAccessibleName(text)
        while self.facts.count():
            item = self.facts.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()

    def _open_folder(self) -> None:
        if self._path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._path.parent)))


def _plain(widget: QWidget) -> QVBoxLayout:
    layout = QVBoxLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(3 * UNIT)
    return layout
