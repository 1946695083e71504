"""Write the reconstruction to an EDF+ file: what, which stretch, where to; then how far it is, and what came of it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from neuroflow.export import ExportReport, ExportRequest
from neuroflow_review.dialogs.export_offer import Estimate, Offer, Start, estimate, result_lines
from neuroflow_review.dialogs.export_pages import Form
from neuroflow_review.dialogs.writing import Cancellable, WritingDialog
from neuroflow_review.dialogs.writing_pages import Running

__all__ = ["Cancellable", "Estimate", "ExportDialog", "Offer", "Start", "estimate"]


class ExportDialog(WritingDialog):
    """Asks what to export, runs it through ``start``, and says what came of it. Show it; it is not modal.

    ``exported`` carries the ExportReport of a file that stands.
    """

    exported = Signal(object)

    def __init__(self, offer: Offer, start: Start, parent: QWidget | None = None) -> None:
        self._offer, self._start = offer, start
        self.report: ExportReport | None = None
        self.form = Form(offer)
        meanwhile = "You can go on reading: the page that you look at is computed first."
        super().__init__(self.form, Running("Exporting", meanwhile), offer.recording, parent)
        self.setWindowTitle("Export the reconstruction")

    @property
    def request(self) -> ExportRequest:
        """What is asked for."""
        return self.form.request

    def begin(self, target: Path) -> Cancellable:
        into = self.form.dataset or target
        return self._start(self.request, into, self.on_done, self.on_progress, self.on_failed)

    def look_at(self, target: Path) -> Path:
        """Of a dataset that is not there yet, its folders are made with the file."""
        dataset = self.form.dataset
        return target if dataset is None else dataset.root

    def expected(self) -> float | None:
        return estimate(self._offer, self.request).seconds

    def finish(self, result: ExportReport) -> None:
        self.report = result
        self.outcome.show_written(result.path, result_lines(result), ("Withheld",) if result.withheld else ())
        self.exported.emit(result)
