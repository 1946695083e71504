"""Save a copy of the recording, or of a part of it: cropped, resampled, re-referenced, without names."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from neuroflow.errors import NeuroflowError
from neuroflow.export.convert import Converted
from neuroflow.export.texts import left_out
from neuroflow_review.dialogs.copy_form import CopyForm
from neuroflow_review.dialogs.copy_offer import CopyOffer, StartCopy, written_lines
from neuroflow_review.dialogs.copy_texts import TextPage
from neuroflow_review.dialogs.writing import Cancellable, WritingDialog
from neuroflow_review.dialogs.writing_pages import Running


class CopyDialog(WritingDialog):
    """Asks what to copy, has every free text looked at where nobody is to be named, and runs it through ``start``.

    ``saved`` carries the Converted of a file that stands.
    """

    saved = Signal(object)

    def __init__(self, offer: CopyOffer, start: StartCopy, parent: QWidget | None = None) -> None:
        self._offer, self._start = offer, start
        self.form, self.texts = CopyForm(offer), TextPage()
        super().__init__(self.form, Running("Saving", "You can go on reading meanwhile."), offer.recording.path, parent)
        self.setWindowTitle("Save a copy")
        self.setMinimumWidth(680)
        layout = self.layout()
        assert layout is not None
        layout.addWidget(self.texts)
        self.pages.append(self.texts)
        self.texts.hide()
        self.texts.changed.connect(self._on_texts)
        self.texts.back_button.clicked.connect(lambda: self.turn_to(self.form))
        self.texts.save_button.clicked.connect(self.press)
        self.form.texts_button.clicked.connect(lambda: self.turn_to(self.texts))
        self.form.hidden.toggled.connect(self._on_hidden)
        self.form.changed.connect(self._on_shift)

    def press(self) -> None:
        """Write it; where nobody is to be named, have every text looked at first."""
        if self.form.hidden.isChecked() and self.texts.model.left:
            self.turn_to(self.texts)
        else:
            super().press()

    def begin(self, target: Path) -> Cancellable:
        texts = self.texts.model.becomes if self.form.hidden.isChecked() else None
        request = replace(self.form.request, texts=texts)
        return self._start(request, target, self.on_done, self.on_progress, self.on_failed)

    def finish(self, result: Converted) -> None:
        self.outcome.show_written(result.path, written_lines(result))
        self.saved.emit(result)

    def first_of(self, page: QWidget) -> QPushButton:
        return self.texts.save_button if page is self.texts else super().first_of(page)

    def turn_to(self, page: QWidget) -> None:
        super().turn_to(page)
        if page is self.texts:
            self.texts.table.setFocus()

    def _on_hidden(self, on: bool) -> None:
        if on and not self.texts.model.all:
            self.texts.show_recording(self._offer.recording)

    def _on_shift(self) -> None:
        with contextlib.suppress(NeuroflowError):  # which the form says
            self.texts.model.set_left_out(left_out(self._offer.recording, self.form.shift_days))

    def _on_texts(self) -> None:
        self.form.texts_left = self.texts.model.left
        self.form.show_outlook()
