"""The questions of the dialog that saves a copy: which stretch, which channels, how, and whether somebody is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
)

from neuroflow.errors import NeuroflowError
from neuroflow.export.convert import AS_RECORDED, ConvertRequest
from neuroflow.export.shifting import shifted
from neuroflow.recording import Channel, ChannelKind, Span
from neuroflow.units import format_clock
from neuroflow_review.dialogs.copy_offer import CopyOffer, montages, named_in, size_of
from neuroflow_review.dialogs.dates import ShiftedDates
from neuroflow_review.dialogs.goto import parse_time
from neuroflow_review.dialogs.parts import as_tip, button, counted, in_bytes, said
from neuroflow_review.dialogs.writing_pages import Questions
from neuroflow_review.display import MONTAGE_NAMES
from neuroflow_review.theme import UNIT

"""A century: more, and no date is left that EDF can say."""
_NAME = Qt.ItemDataRole.UserRole


class CopyForm(Questions):
    """Asks; :attr:`hidden` is the box that asks whether nobody is to be named."""

    def __init__(self, offer: CopyOffer) -> None:
        target = offer.default_target(hidden=False)
        verb = "&Save", "Write the copy and read it back"
        super().__init__(offer.recording.path, target, "Save a copy", verb=verb)
        self._offer = offer
        self.texts_left: int | None = None
        """How many free texts nobody has looked at yet; None where they were not listed."""
        self.hidden = QCheckBox("&De-identify")
        self.hidden.setToolTip(
            "Leave out patient, recording and date; every other text is read by you before it is written"
        )
        self.dates = ShiftedDates(
            "Move the date instead of leaving it out, and dates in texts with it", nobody_named=False
        )
        self.texts_button = button("Texts…", "Look at the texts again, and at what was decided of them")
        self.texts_button.hide()
        names = QHBoxLayout()
        names.setSpacing(4 * UNIT)
        names.addWidget(self.hidden)
        names.addWidget(said("leaves patient and date out; texts as you decide", "muted"), 1)
        names.addWidget(self.texts_button)
        dates = QHBoxLayout()
        dates.addWidget(self.dates)
        self.lay_out(
            (
                ("Stretch", self._stretches()), ("Channels", self._channels()), ("Signals", self._signals()),
                ("Names", names), ("Dates", dates),
            )
        )  # fmt: skip
        self.hidden.toggled.connect(self._on_hidden)
        self.dates.changed.connect(self.changed)
        self._offer_montages()

    # Rows -------------------------------------------------------------------------------------------------------------

    def _stretches(self) -> QGridLayout:
        offer, whole = self._offer, self._offer.recording.span
        grid = QGridLayout()
        grid.setHorizontalSpacing(4 * UNIT)
        grid.setVerticalSpacing(UNIT)
        grid.setColumnStretch(1, 1)
        self.add_span(grid, "&Whole recording", None, whole.duration, "From beginning to end")
        self.add_span(grid, "This &page", offer.page.clipped_to(whole), whole.duration, "What the window shows")
        if offer.selection is not None and offer.selection.clipped_to(whole).duration > 0:
            chosen = offer.selection.clipped_to(whole)
            self.add_span(grid, "S&election", chosen, whole.duration, "What is selected in the window")
        self.between = self.add_span(grid, "&From – to", offer.page, whole.duration, "From one time to another")
        beside = grid.itemAtPosition(len(self.spans) - 1, 1)
        if beside is not None and (label := beside.widget()) is not None:
            label.hide()
        times = QHBoxLayout()
        times.setSpacing(2 * UNIT)
        self.begin, self.end = QLineEdit(), QLineEdit()
        for field, name, at in (
            (self.begin, "First second", offer.page.start), (self.end, "Last second", offer.page.stop),
        ):  # fmt: skip
            field.setText(format_clock(min(at, whole.duration)))
            field.setAccessibleName(name)
            field.setToolTip("Elapsed time: 0:05:12, 5:12, 312 or 5m12s")
            field.setFixedWidth(28 * UNIT)
            field.textEdited.connect(self._on_times)
        times.addWidget(self.begin)
        times.addWidget(said("to"))
        times.addWidget(self.end)
        times.addStretch(1)
        grid.addLayout(times, len(self.spans) - 1, 1)
        self.spans[0][0].setChecked(True)
        return grid

    def _channels(self) -> QVBoxLayout:
        self.channels = QListWidget()
        self.channels.setAccessibleName("Channels to write")
        self.channels.setToolTip("Space takes a channel in or leaves it out")
        self.channels.setFlow(QListView.Flow.LeftToRight)
        self.channels.setWrapping(True)
        self.channels.setResizeMode(QListView.ResizeMode.Adjust)
        names = [c.name for c in self._offer.recording.channels]
        widest = max((self.channels.fontMetrics().horizontalAdvance(name) for name in names), default=0)
        size = QSize(min(widest, 45 * UNIT) + 9 * UNIT, self.channels.fontMetrics().height() + 2 * UNIT)
        self.channels.setGridSize(size)
        for channel, name in zip(self._offer.recording.channels, names, strict=True):
            item = QListWidgetItem(name)
            item.setData(_NAME, channel.name)
            item.setSizeHint(size)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsSelectable)
            item.setCheckState(Qt.CheckState.Checked)
            aside = ", set aside" if channel.name in self._offer.bad else ""
            item.setToolTip(as_tip(f"{channel.label}: {channel.kind.value}, {channel.rate:g} Hz{aside}"))
            self.channels.addItem(item)
        rows = min(max(-(-len(names) * size.width() // (120 * UNIT)), 1), 4)
        self.channels.setFixedHeight(rows * size.height())
        self.channels.itemChanged.connect(self._on_channels)
        every = button("&All", "Take every channel")
        eeg = button("Only EE&G", "Take the channels of scalp EEG and leave out the others")
        sound = button("Not those set &aside", "Leave out the channels that were set aside as bad")
        sound.setVisible(bool(self._offer.bad))
        every.clicked.connect(lambda: self._take(lambda _: True))
        eeg.clicked.connect(lambda: self._take(lambda c: c.kind is ChannelKind.EEG))
        sound.clicked.connect(lambda: self._take(lambda c: c.name not in self._offer.bad))
        below = QHBoxLayout()
        below.setSpacing(2 * UNIT)
        for each in (every, eeg, sound):
            below.addWidget(each)
        below.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(UNIT)
        column.addWidget(self.channels)
        column.addLayout(below)
        return column

    def _signals(self) -> QHBoxLayout:
        self.rate, self.montage = QComboBox(), QComboBox()
        self.rate.addItem("As recorded", None)
        for rate in self._offer.rates:
            self.rate.addItem(f"{rate:g} Hz", rate)
        for name, text in sorted(MONTAGE_NAMES.items(), key=lambda item: item[0] != AS_RECORDED):
            self.montage.addItem(text, name)
        row = QHBoxLayout()
        row.setSpacing(2 * UNIT)
        for text, box, tip in (
            ("&Rate", self.rate, "Samples a second of all voltages; what lies above is filtered out"),
            ("&Montage", self.montage, "What is written instead of the electrodes as recorded"),
        ):
            label = QLabel(text)
            label.setBuddy(box)
            box.setAccessibleName(text.replace("&", ""))
            box.setToolTip(tip)
            box.currentIndexChanged.connect(self.changed)
            row.addWidget(label)
            row.addWidget(box)
            row.addSpacing(4 * UNIT)
        row.addStretch(1)
        return row

    # What is asked for ------------------------------------------------------------------------------------------------

    @property
    def span(self) -> Span | None:
        """The stretch that is chosen. Raises: ValueError, with a sentence, for times that cannot be."""
        if not self.between.isChecked():
            return super().span
        duration = self._offer.recording.duration
        start, stop = (parse_time(field.text(), duration=duration) for field in (self.begin, self.end))
        if stop <= start:
            raise ValueError("The end comes before the beginning.")
        return Span(start, stop)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the channels that are taken."""
        items = [self.channels.item(k) for k in range(self.channels.count())]
        return tuple(str(i.data(_NAME)) for i in items if i.checkState() is Qt.CheckState.Checked)

    @property
    def request(self) -> ConvertRequest:
        """What is asked for, without what becomes of texts. Raises: ValueError, as :attr:`span`."""
        names = self.names
        chosen = () if len(names) == self.channels.count() else names
        return ConvertRequest(
            self.span, self.rate.currentData(), self.montage.currentData(), chosen, shift_days=self.shift_days
        )  # fmt: skip

    @property
    def shift_days(self) -> int | None:
        """By how many days dates are shifted; None where they are left out, or stay."""
        return self.dates.by

    def fault(self) -> str:
        if not self.names:
            return "Choose at least one channel."
        try:
            request = self.request
        except ValueError as error:
            return str(error)
        if request.shift_days is not None:
            try:
                shifted(self._offer.recording.start, request.shift_days)
            except NeuroflowError as error:
                return error.text
        if request.montage not in montages(self._offer, self.names):
            return f"These channels give no {request.montage} montage: take more of them, or another montage."
        return super().fault()

    def outlook_words(self) -> str:
        signals, size = size_of(self._offer, self.request)
        words = f"{counted(signals, 'signal')}, about {in_bytes(size)}; read back before it is kept."
        path = self.path
        if self.hidden.isChecked() and path is not None and (name := named_in(path, self._offer.recording)):
            words += f" Its name holds “{name}”, which is in the patient field: choose another."
        return words

    def show_outlook(self) -> None:
        super().show_outlook()
        if self.hidden.isChecked() and self.texts_left and self.write_button.isEnabled():
            self.write_button.setText(f"&Check {counted(self.texts_left, 'text')}…")

    # When something changes -------------------------------------------------------------------------------------------

    def _on_times(self) -> None:
        self.between.setChecked(True)
        self.changed.emit()

    def _on_channels(self, _: QListWidgetItem) -> None:
        self._offer_montages()
        self.changed.emit()

    def _take(self, wanted: Callable[[Channel], bool]) -> None:
        self.channels.blockSignals(True)
        for k, channel in enumerate(self._offer.recording.channels):
            state = Qt.CheckState.Checked if wanted(channel) else Qt.CheckState.Unchecked
            self.channels.item(k).setCheckState(state)
        self.channels.blockSignals(False)
        self._offer_montages()
        self.changed.emit()

    def _offer_montages(self) -> None:
        """Grey what the chosen channels do not give."""
        given, items = montages(self._offer, self.names), self.montage.model()
        assert isinstance(items, QStandardItemModel)
        for k in range(self.montage.count()):
            items.item(k).setEnabled(self.montage.itemData(k) in given)

    def _on_hidden(self, on: bool) -> None:
        self.dates.set_nobody_named(on)
        self.texts_button.setVisible(on)
        before, after = (self._offer.default_target(hidden=h) for h in (not on, on))
        if Path(self.target.text()) == before:  # a name that the reader gave stays
            self.target.setText(str(after))
        self.changed.emit()
