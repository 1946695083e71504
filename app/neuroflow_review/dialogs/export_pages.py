"""The questions of the export dialog."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QGridLayout, QVBoxLayout

from neuroflow.export import ExportRequest
from neuroflow.export.plan import MOST_CHANNELS, coverage
from neuroflow.export.provenance import PURPOSE, WORDS
from neuroflow.recording import Span
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
        self.words = said(f"Every channel says “{WORDS}”. Intended use: {PURPOSE}.", "reconstructed")
        self.words.setToolTip(offer.intended_use)
        self.lay_out((("Write", what), ("Stretch", stretches), ("Shafts", self.shaft_box)), self.words)
        for box in (self.median, self.each, self.nameless, *self.shafts.values()):
            box.toggled.connect(self.changed)
        self.shown_button.clicked.connect(self._only_shown)

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
        return f"{counted(made.channels, 'channel')}, about {in_bytes(made.size)}; {took}."

    def fault(self) -> str:
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

    def _only_shown(self) -> None:
        for shaft, box in self.shafts.items():
            box.setChecked(shaft in self._offer.shown)
