"""The questions of the export dialog."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from neuroflow.errors import NeuroflowError
from neuroflow.export import Dataset, ExportRequest
from neuroflow.export.bids import Entities
from neuroflow.export.plan import MOST_CHANNELS, coverage
from neuroflow.export.provenance import PURPOSE, WORDS
from neuroflow.export.shifting import shifted
from neuroflow.recording import Span
from neuroflow_review.dialogs.dates import ShiftedDates
from neuroflow_review.dialogs.export_offer import Offer, estimate, stretch_around
from neuroflow_review.dialogs.parts import button, counted, in_bytes, in_words, said
from neuroflow_review.dialogs.writing_pages import Questions
from neuroflow_review.theme import UNIT


class Form(Questions):
    """What of the reconstruction to write, which stretch, and where to."""

    def __init__(self, offer: Offer) -> None:
        tip = "Reconstruct what is missing, write the file and read it back"
        super().__init__(offer.recording, offer.default_target, "Export the reconstruction", verb=("E&xport", tip))
        self.export_button = self.write_button
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

        self.nameless = QCheckBox("Without &name, date and the recording's file name")
        self.nameless.setToolTip(
            "For passing on: X for the patient, 1 January 1985, and no name of the file it is from"
        )
        self.nameless.setChecked(offer.private)
        self._nameless_before = offer.private
        self.dates = ShiftedDates("Move the date instead of leaving it out", nobody_named=offer.private)

        form = self._form()
        stretches = QGridLayout()
        stretches.setHorizontalSpacing(4 * UNIT)
        stretches.setVerticalSpacing(UNIT)
        stretches.setColumnStretch(1, 1)
        for text, span, about in self._stretches():
            self.add_span(stretches, text, span, offer.duration, about)
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

        what = QVBoxLayout()
        what.setSpacing(UNIT)
        what.addWidget(self.median)
        what.addWidget(self.each)
        what.addWidget(self.nameless)
        what.addWidget(self.dates)
        self.words = said(f"Every channel says “{WORDS}”. Intended use: {PURPOSE}.", "reconstructed")
        self.words.setToolTip(offer.intended_use)
        rows = ("Write", what), ("Stretch", stretches), ("Shafts", self.shaft_box), ("As", form)
        self.lay_out(rows, self.words)
        for box in (self.median, self.each, self.nameless, *self.shafts.values()):
            box.toggled.connect(self.changed)
        self.nameless.toggled.connect(self.dates.set_nobody_named)
        self.dates.changed.connect(self.changed)
        self.shown_button.clicked.connect(self._only_shown)

    def _form(self) -> QVBoxLayout:
        """A file, or a place in a dataset."""
        self.file = QRadioButton("EDF+ &file")
        self.file.setToolTip("One file, wherever you like")
        self.bids = QRadioButton("&BIDS derivative folder")
        self.bids.setToolTip("The file under its BIDS name, with the tables that the standard asks for; names nobody")
        self.file.setChecked(True)
        known, self._run = self._offer.entities, ""
        if known is not None:
            self._run = known.run
        fields = QHBoxLayout()
        fields.setContentsMargins(0, 0, 0, 0)
        fields.setSpacing(2 * UNIT)
        self.labels: dict[str, QLineEdit] = {}
        for name, text, tip in (
            ("subject", "S&ubject", "Letters and digits, without sub-: 01"),
            ("task", "Tas&k", "Letters and digits, without task-: rest"),
            ("session", "Sess&ion", "Letters and digits, without ses-; empty where there is but one"),
        ):
            field, label = QLineEdit(getattr(known, name) if known is not None else ""), QLabel(text)
            label.setBuddy(field)
            field.setAccessibleName(text.replace("&", ""))
            field.setToolTip(tip)
            field.setFixedWidth(24 * UNIT)
            field.textChanged.connect(self.changed)
            fields.addWidget(label)
            fields.addWidget(field)
            self.labels[name] = field
        fields.addStretch(1)
        self.whose = QWidget()
        self.whose.setLayout(fields)
        self.whose.hide()
        choice = QHBoxLayout()
        choice.setSpacing(4 * UNIT)
        choice.addWidget(self.file)
        choice.addWidget(self.bids)
        choice.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(UNIT)
        column.addLayout(choice)
        column.addWidget(self.whose)
        group = QButtonGroup(self)
        group.addButton(self.file)
        group.addButton(self.bids)
        self.bids.toggled.connect(self._on_bids)
        return column

    @property
    def dataset(self) -> Dataset | None:
        """Where in which dataset to write; None for a file, and where subject or task are no labels."""
        folder = self._folder
        try:
            return Dataset(folder, self._entities()) if self.bids.isChecked() and folder is not None else None
        except NeuroflowError:
            return None

    @property
    def path(self) -> Path | None:
        dataset = self.dataset
        if dataset is not None:
            return dataset.root / dataset.entities.file
        return None if self.bids.isChecked() else super().path

    @property
    def _folder(self) -> Path | None:
        text = self.target.text().strip()
        return self._offer.recording.parent / os.path.expanduser(text) if text else None

    def _entities(self) -> Entities:
        """Raises: NeuroflowError."""
        subject, task, session = (self.labels[name].text().strip() for name in ("subject", "task", "session"))
        return Entities(
            subject.removeprefix("sub-"), task.removeprefix("task-"), session.removeprefix("ses-"), self._run
        )

    @property
    def request(self) -> ExportRequest:
        channels = (
            *(("median", "bands") if self.median.isChecked() else ()),
            *(("samples",) if self.each.isChecked() else ()),
        )
        chosen = tuple(shaft for shaft, box in self.shafts.items() if box.isChecked())
        return ExportRequest(
            span=self.span,
            samples=self._offer.samples,
            seed=self._offer.seed,
            channels=channels,
            contacts=() if len(chosen) == len(self.shafts) else chosen,
            excluded=self._offer.excluded,
            deidentified=self.nameless.isChecked(),
            shift_days=self.dates.by,
        )

    def outlook_words(self) -> str:
        """What the export would take."""
        made = estimate(self._offer, self.request)
        took = (
            "how long it takes is known once a page has been reconstructed"
            if made.seconds is None
            else f"about {in_words(made.seconds)}"
            if made.seconds >= 5
            else "a few seconds"
        )
        into = f" In the folder as {self.dataset.entities.file.as_posix()}." if self.dataset is not None else ""
        return f"{counted(made.channels, 'channel')}, about {in_bytes(made.size)}; {took}.{into}"

    def fault(self) -> str:
        request = self.request
        if not request.channels:
            return "Choose what to write: the median and band, the samples, or both."
        if not any(box.isChecked() for box in self.shafts.values()):
            return "Choose at least one shaft."
        if request.shift_days is not None:
            try:
                shifted(self._offer.start, request.shift_days)
            except NeuroflowError as error:
                return error.text
        channels = estimate(self._offer, request).channels
        if channels > MOST_CHANNELS:
            return (
                f"That would be {channels:,} channels, and EDF programs open {MOST_CHANNELS} at most: choose fewer "
                "shafts, or fewer samples in the toolbar."
            )
        if self.bids.isChecked():
            try:
                self._entities()
            except NeuroflowError as error:
                return error.text
            if self._folder is None:
                return "Give the folder of the dataset a name."
        return super().fault()

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

    def _on_bids(self, on: bool) -> None:
        self.whose.setVisible(on)
        self.nameless.setEnabled(not on)  # a dataset is meant to be shared
        if on:
            self._nameless_before = self.nameless.isChecked()
        self.nameless.setChecked(on or self._nameless_before)
        self.target.setAccessibleName("Folder of the dataset" if on else "File to write")
        self.target.setToolTip(
            "A folder of reconstructions, or one that is empty or not there yet" if on
            else "The EDF+ file to write; .edf is added where it is missing"
        )  # fmt: skip
        before, after = self._offer.default_target, self._offer.default_folder
        if not on:
            before, after = after, before
        if Path(self.target.text()) == before:  # a name that the reader gave stays
            self.target.setText(str(after))
        self.changed.emit()

    def _choose(self) -> None:
        if not self.bids.isChecked():
            super()._choose()
            return
        dialog = QFileDialog(self, "Folder of the dataset", str((self._folder or self._offer.recording).parent))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.target.setText)
        dialog.open()

    def _only_shown(self) -> None:
        for shaft, box in self.shafts.items():
            box.setChecked(shaft in self._offer.shown)
