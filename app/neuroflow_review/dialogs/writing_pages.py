"""Pages of every dialog that writes a file: the questions, how far it is, and what came of it."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from neuroflow.recording import Span
from neuroflow.units import format_clock
from neuroflow_review.dialogs.parts import TOO_LATE, Fold, button, in_words, look_of, rule, said, set_role
from neuroflow_review.theme import UNIT, icon


class Questions(QWidget):
    """A form that ends in a file to write: rows of questions, the target, and what stands in the way.

    A subclass adds its rows with :meth:`lay_out`, says in :meth:`fault` why it cannot go on, and in
    :meth:`outlook_words` what it would make.
    """

    changed = Signal()

    def __init__(self, recording: Path, default_target: Path, title: str, *, verb: tuple[str, str]) -> None:
        """``title`` of the system's dialog; ``verb`` on the button that writes, and its tooltip."""
        super().__init__()
        self._recording, self._default, self._title, self._verb = recording, default_target, title, verb[0]
        self.target = QLineEdit(str(default_target))
        self.target.setAccessibleName("File to write")
        self.target.setToolTip("The EDF+ file to write; .edf is added where it is missing")
        self.choose_button = button("&Choose…", "Choose a folder and a name")
        self.spans: list[tuple[QRadioButton, Span | None]] = []
        self.span_group = QButtonGroup(self)
        self.outlook = said()
        self.objection = said(role="warning")
        self.objection.hide()
        self.cancel_button = button("Cancel", "Write nothing (Esc)")
        self.write_button = button(verb[0], verb[1], default=True)

    def lay_out(self, rows: Sequence[tuple[str, QLayout]], words: QLabel | None = None) -> None:
        """Put headed rows above the target, and ``words`` under what it would make."""
        where = QHBoxLayout()
        where.setSpacing(2 * UNIT)
        where.addWidget(self.target, 1)
        where.addWidget(self.choose_button)
        grid = QGridLayout()
        grid.setHorizontalSpacing(6 * UNIT)
        grid.setVerticalSpacing(4 * UNIT)
        grid.setColumnStretch(1, 1)
        for number, (heading, part) in enumerate((*rows, ("Into", where))):
            label = said(heading, "heading")
            label.setWordWrap(False)
            one_line = isinstance(part, QHBoxLayout)
            grid.addWidget(
                label, number, 0, Qt.AlignmentFlag.AlignVCenter if one_line else Qt.AlignmentFlag.AlignTop
            )  # fmt: skip
            grid.addLayout(part, number, 1)
        bottom = QHBoxLayout()
        bottom.setSpacing(2 * UNIT)
        bottom.addStretch(1)
        bottom.addWidget(self.cancel_button)
        bottom.addWidget(self.write_button)
        layout = plain(self)
        layout.addLayout(grid)
        layout.addWidget(rule())
        layout.addWidget(self.outlook)
        if words is not None:
            layout.addWidget(words)
        layout.addWidget(self.objection)
        layout.addSpacing(UNIT)
        layout.addLayout(bottom)
        self.span_group.buttonToggled.connect(lambda _, on: self.changed.emit() if on else None)
        self.target.textChanged.connect(self.changed)
        self.choose_button.clicked.connect(self._choose)

    def add_span(self, into: QGridLayout, text: str, span: Span | None, whole: float, tip: str) -> QRadioButton:
        """A stretch to choose, with its times beside it; None for the recording of ``whole`` seconds."""
        radio = QRadioButton(text)
        radio.setToolTip(tip)
        times = span or Span(0.0, whole)
        when = said(f"{format_clock(times.start)} – {format_clock(times.stop)}", "muted")
        radio.setAccessibleDescription(when.text())
        self.span_group.addButton(radio)
        into.addWidget(radio, len(self.spans), 0)
        into.addWidget(when, len(self.spans), 1)
        self.spans.append((radio, span))
        return radio

    @property
    def span(self) -> Span | None:
        """The stretch that is chosen."""
        return next((span for radio, span in self.spans if radio.isChecked()), None)

    @property
    def path(self) -> Path | None:
        """The target as written, with its suffix, or None where no name is given."""
        text = self.target.text().strip()
        if not text or text.endswith(("/", os.sep)):
            return None
        path = Path(os.path.expanduser(text))  # which leaves a ~name that is nobody's
        if path.suffix.lower() != ".edf":
            path = path.with_name(path.name + ".edf")
        return path if path.is_absolute() else self._recording.parent / path

    def fault(self) -> str:
        """Why it cannot go on, or nothing."""
        path = self.path
        if path is None:
            return "Give the file a name."
        if os.path.normcase(os.path.normpath(path)) == os.path.normcase(os.path.normpath(self._recording)):
            return "That is the recording itself: choose another name."
        return ""

    def outlook_words(self) -> str:
        """What would be made."""
        raise NotImplementedError

    def show_outlook(self) -> None:
        """Say what would be made, or why it cannot be."""
        fault = self.fault()
        if fault:
            self.refuse(fault)
            self.outlook.setText("")
            self.outlook.hide()
            self.write_button.setEnabled(False)
            return
        self.objection.hide()
        self.write_button.setEnabled(True)
        self.write_button.setText(self._verb)
        self.write_button.setAutoDefault(True)
        self.write_button.setDefault(True)
        self.note(self.outlook_words())

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
        self.write_button.setText("&Replace it")
        self.write_button.setDefault(False)
        self.write_button.setAutoDefault(False)
        self.target.setFocus()

    def busy(self, on: bool) -> None:
        """While the target is looked at."""
        if on:
            self.note("Looking at the folder …")
        self.write_button.setEnabled(not on and not self.fault())

    def _choose(self) -> None:
        path = self.path or self._default
        dialog = QFileDialog(self, self._title, str(path.parent), "EDF files (*.edf)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("edf")
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)  # asked here, for typed names too
        dialog.selectFile(path.name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.target.setText)
        dialog.open()


class Running(QWidget):
    """How far it is; ``verb`` as in "Exporting", ``meanwhile`` what the reader can do until then."""

    def __init__(self, verb: str, meanwhile: str) -> None:
        super().__init__()
        self._verb = verb
        self.title = said(bold=True, step=1)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("How far it is")
        self.left = said()
        self.left.setToolTip("Judged by what was done so far")
        self.question = said("Stop? Nothing of it will be kept.", "warning")
        self.keep_button = button("&Go on", "Go on with it")
        self.cancel_button = button("Stop", "Stop it; no file is left")
        bottom = QHBoxLayout()
        bottom.setSpacing(2 * UNIT)
        bottom.addStretch(1)
        bottom.addWidget(self.keep_button)
        bottom.addWidget(self.cancel_button)
        layout = plain(self)
        layout.addWidget(self.title)
        layout.addWidget(self.bar)
        layout.addWidget(self.left)
        layout.addWidget(said(meanwhile, "muted"))
        layout.addWidget(self.question)
        layout.addSpacing(UNIT)
        layout.addLayout(bottom)
        self._expected: float | None = None

    def begin(self, name: str, expected: float | None) -> None:
        self._expected = expected
        self.title.setText(f"{self._verb} to “{name}”")
        self.bar.setValue(0)
        self.left.setText("Starting …")
        self.ask(False)

    def ask(self, on: bool) -> None:
        """Whether to stop is asked, or not any more."""
        self.question.setVisible(on)
        self.keep_button.setVisible(on)
        if on:
            self.keep_button.setFocus()

    def too_late(self) -> None:
        """It is done in a moment; what came of it is said then."""
        self.ask(False)
        self.left.setText(TOO_LATE)

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
        layout = plain(self)
        layout.addLayout(top)
        layout.addLayout(self.facts)
        layout.addWidget(self.fold)
        layout.addSpacing(UNIT)
        layout.addLayout(bottom)
        self.folder_button.clicked.connect(self._open_folder)

    def show_written(self, path: Path, lines: Sequence[tuple[str, str]], warned: Collection[str] = ()) -> None:
        """``lines`` are names and values of what was written; ``warned`` names those that should be heeded."""
        self._path = path
        self._say("check-circle", "accepted", f"“{path.name}” is written and reads back as it was meant.")
        self.sentence.setToolTip(str(path))
        for row, (name, value) in enumerate((("File", str(path)), *lines)):
            heading = said(name, "muted")
            heading.setWordWrap(False)
            self.facts.addWidget(heading, row, 0, Qt.AlignmentFlag.AlignTop)
            text = said(value, selectable=True)
            if name == "File":
                text.setText(value.replace("/", "/\u200b").replace("\\", "\\\u200b"))  # may break after a folder
            if name in warned:
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


def plain(widget: QWidget) -> QVBoxLayout:
    """A page's one column: the dialog around it has the margins."""
    layout = QVBoxLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(3 * UNIT)
    return layout
