"""The editor of a reader's own montages: rows as text, the head beside them, and what this recording lacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from neuroflow.errors import NeuroflowError
from neuroflow.signal.derivation import LONGEST_NAME, OwnMontage, checked_name, copy_of
from neuroflow_review.dialogs.montage_table import Line, MontageTable, Steps, lines_of
from neuroflow_review.dialogs.parts import button, column, counted, look_of, said, set_role
from neuroflow_review.display import MONTAGE_NAMES
from neuroflow_review.headsketch import HeadSketch, SketchLine
from neuroflow_review.lanes import Failure
from neuroflow_review.session.page import channels_of
from neuroflow_review.session.session import Session
from neuroflow_review.session.topography import head_places
from neuroflow_review.theme import UNIT, icon

_FILES: Final = "Montages (*.json);;All files (*)"
_LIST_WIDTH: Final = 56 * UNIT


@dataclass
class _Draft:
    """A montage as it stands in the editor; ``saved`` is what is kept of it, None while nothing is."""

    name: str
    steps: Steps
    saved: OwnMontage | None = None

    @property
    def dirty(self) -> bool:
        if self.saved is None:
            return True
        return self.name != self.saved.name or self.steps.lines != lines_of(self.saved.rows)


class MontagesDialog(QDialog):
    """Every montage of the reader's is a draft until it is saved; saving shows it on the page."""

    def __init__(
        self, session: Session, parent: QWidget | None = None, ask: Callable[[bool, str], str] | None = None
    ) -> None:
        """``ask`` gives the name of a file to write (True) or read from a suggested one; a system dialog where None."""
        super().__init__(parent)
        self.setWindowTitle("Montages")
        self.setMinimumSize(QSize(880, 480))
        self.resize(QSize(1080, 680))
        self._session = session
        self._ask = ask or self._ask_system
        self._drafts: list[_Draft] = []
        self._sure: tuple[str, int] | None = None
        recording = session.recording
        self._channels = channels_of(recording) if recording is not None else None
        self._make_list()
        self._make_middle()
        self.sketch = HeadSketch()
        self.sketch.set_theme(look_of(self))
        if recording is not None:
            self.sketch.set_recorded({c.site for c in recording.eeg if c.site} | {c.name for c in recording.channels})
        self.check = said(role="muted")
        self._lay_out()
        for montage in session.montages.all:
            self._drafts.append(_Draft(montage.name, Steps(lines_of(montage.rows)), montage))
        if not self._drafts:
            self._begin("My montage", self._copy(session.state.montage))
        names = [draft.name for draft in self._drafts]
        self._fill_list(names.index(session.state.montage) if session.state.montage in names else 0)
        lane = session.lanes.map
        self._places = lane.submit("places", head_places, done=self.sketch.set_places, failed=lane.tell_unforeseen)
        if session.montages.notice:
            self._say(session.montages.notice, "warning")
        self.table.setFocus()

    # Building ---------------------------------------------------------------------------------------------------------

    def _make_list(self) -> None:
        self.list = QListWidget()
        self.list.setAccessibleName("Your montages")
        self.list.setToolTip("Your montages; a dot stands behind one that is not saved as it is here")
        self.list.setStyleSheet(f"QListWidget::item {{ padding: {UNIT}px {2 * UNIT}px; }}")
        self.list.currentRowChanged.connect(self._on_chosen)
        copies = QMenu(self)
        copies.addAction("Empty", partial(self._on_new, "New montage", ()))
        copies.addSeparator()
        for montage, name in MONTAGE_NAMES.items():
            copies.addAction(f"Copy of {name}", partial(self._on_copy, montage, name))
        copies.addSeparator()
        copies.addAction("Copy of this one", self._on_duplicate)
        self.new = self._tool("New", "plus", "Begin another montage, empty or as a copy (Alt+N)")
        self.new.setMenu(copies)
        self.new.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.delete = self._tool("Delete", "trash", "Delete this montage and its file (Alt+D)", "Alt+D")
        self.delete.clicked.connect(self._on_delete)
        self.take = self._tool("Import…", "download-simple", "Take montages from a file (Alt+I)", "Alt+I")
        self.take.clicked.connect(self._on_import)
        self.give = self._tool("Export…", "upload-simple", "Write montages to a file (Alt+E)")
        given = QMenu(self)
        given.addAction("This montage…", partial(self._on_export, False))
        given.addAction("All of yours…", partial(self._on_export, True))
        self.give.setMenu(given)
        self.give.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        for key, made in (("Alt+N", self.new), ("Alt+E", self.give)):  # a button's own shortcut opens no menu
            QShortcut(QKeySequence(key), self, made.showMenu)

    def _make_middle(self) -> None:
        self.name = QLineEdit()
        self.name.setMaxLength(LONGEST_NAME)
        self.name.setAccessibleName("Name of the montage")
        self.name.setToolTip("What the montage is called in the menu (Alt+M)")
        self.name.textEdited.connect(self._on_named)
        self.table = MontageTable(self)
        self.table.montage.set_channels(self._channels)
        self.table.montage.edited.connect(self._on_edited)
        self.table.chosen.connect(self._draw)
        table = self.table
        self.add = self._tool("Row", "plus", "Type a row above the chosen one (Insert)")
        self.gap = self._tool("Gap", "arrows-out-line-vertical", "A gap above the chosen row, or none (Ctrl+G)")
        self.up = self._tool("", "arrow-up", "Move the chosen rows up (Alt+↑)", name="Move up")
        self.down = self._tool("", "arrow-down", "Move the chosen rows down (Alt+↓)", name="Move down")
        self.remove = self._tool("", "trash", "Take the chosen rows away (Delete)", name="Take away")
        self.undo = self._tool("", "arrow-u-up-left", "Undo (Ctrl+Z)", name="Undo")
        self.redo = self._tool("", "arrow-u-up-right", "Redo (Ctrl+Shift+Z)", name="Redo")
        for made, act in (
            (self.add, table.add),
            (self.gap, table.turn_gap),
            (self.up, partial(table.move_by, -1)),
            (self.down, partial(table.move_by, 1)),
            (self.remove, table.remove),
            (self.undo, partial(table.step, -1)),
            (self.redo, partial(table.step, 1)),
        ):
            made.clicked.connect(lambda _=False, act=act: act())
        for keys, act in (("Ctrl+Z", partial(table.step, -1)), ("Ctrl+Shift+Z", partial(table.step, 1))):
            QShortcut(QKeySequence(keys), self, act)

    def _lay_out(self) -> None:
        left = QVBoxLayout()
        left.setSpacing(2 * UNIT)
        left.addWidget(_heading("YOUR MONTAGES"))
        self.list.setMinimumWidth(_LIST_WIDTH)
        left.addWidget(self.list, 1)
        for pair in ((self.new, self.delete), (self.take, self.give)):
            row = QHBoxLayout()
            row.setSpacing(UNIT)
            for made in pair:
                row.addWidget(made, 1)
            left.addLayout(row)
        named = QHBoxLayout()
        named.setSpacing(2 * UNIT)
        label = QLabel("Na&me")
        label.setBuddy(self.name)
        named.addWidget(label)
        named.addWidget(self.name, 1)
        tools = QHBoxLayout()
        tools.setSpacing(UNIT)
        for made in (self.add, self.gap, self.up, self.down, self.remove):
            tools.addWidget(made)
        tools.addStretch(1)
        tools.addWidget(self.undo)
        tools.addWidget(self.redo)
        middle = QVBoxLayout()
        middle.setSpacing(2 * UNIT)
        middle.addLayout(named)
        middle.addWidget(self.table, 1)
        middle.addLayout(tools)
        right = QVBoxLayout()
        right.setSpacing(2 * UNIT)
        right.addWidget(self.sketch, 1)
        self.check.setMinimumHeight(2 * self.check.fontMetrics().lineSpacing())
        right.addWidget(self.check)
        across = QHBoxLayout()
        across.setSpacing(4 * UNIT)
        across.addLayout(left)
        across.addLayout(middle, 5)
        across.addLayout(right, 4)
        self.note = said(role="muted")
        self.close_button = button("Close", "Close the editor (Esc)")
        self.close_button.clicked.connect(self.reject)
        self.save = button("&Save and show", "Keep the montage, and show it on the page (Alt+S)", default=True)
        self.save.clicked.connect(self._on_save)
        bottom = QHBoxLayout()
        bottom.setSpacing(2 * UNIT)
        bottom.addWidget(self.note, 1)
        bottom.addWidget(self.close_button)
        bottom.addWidget(self.save)
        outer = column(self)
        outer.addLayout(across, 1)
        outer.addLayout(bottom)

    def _tool(self, text: str, picture: str, tip: str, key: str = "", *, name: str = "") -> QToolButton:
        made = QToolButton()
        made.setText(text)
        made.setIcon(icon(picture, look_of(self)))
        style = Qt.ToolButtonStyle
        made.setToolButtonStyle(style.ToolButtonTextBesideIcon if text else style.ToolButtonIconOnly)
        made.setToolTip(tip)
        made.setAccessibleName(name or text.rstrip("…"))
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if key:
            made.setShortcut(QKeySequence(key))
        return made

    # What there is ----------------------------------------------------------------------------------------------------

    @property
    def draft(self) -> _Draft | None:
        row = self.list.currentRow()
        return self._drafts[row] if 0 <= row < len(self._drafts) else None

    def _copy(self, montage: str) -> tuple[Line, ...]:
        """The rows of a montage that ships, or of one of the reader's."""
        own = self._session.montages.get(montage)
        if own is not None:
            return lines_of(own.rows)
        return lines_of(copy_of(montage, self._channels or (), interleaved=self._session.state.interleaved))

    def _begin(self, name: str, lines: Sequence[Line]) -> None:
        drafts = [draft.name for draft in self._drafts]
        name = self._session.montages.free_name(name, drafts)
        self._drafts.append(_Draft(name, Steps(lines)))

    def _fill_list(self, row: int) -> None:
        self.list.blockSignals(True)
        self.list.clear()
        for _ in self._drafts:
            self.list.addItem(QListWidgetItem())
        self.list.blockSignals(False)
        self._name_list()
        self.list.setCurrentRow(min(row, len(self._drafts) - 1))
        if not self._drafts:
            self._on_chosen(-1)

    def _name_list(self) -> None:
        for k, draft in enumerate(self._drafts):
            key = self._session.montages.key_of(draft.saved.name) if draft.saved is not None else 0
            item = self.list.item(k)
            item.setText(f"{draft.name or 'without a name'}{' •' if draft.dirty else ''}")
            item.setToolTip(f"{draft.name} (Ctrl+{key})" if key else draft.name)

    # What the reader does ---------------------------------------------------------------------------------------------

    def _on_chosen(self, row: int) -> None:
        draft = self._drafts[row] if 0 <= row < len(self._drafts) else None
        for part in (self.name, self.table, self.add, self.gap, self.up, self.down, self.remove, self.save, self.give):
            part.setEnabled(draft is not None)
        self.delete.setEnabled(draft is not None)
        self.name.setText(draft.name if draft is not None else "")
        self.table.montage.set_steps(draft.steps if draft is not None else Steps(()))
        if draft is not None:
            self.table.choose((0,) if draft.steps.lines else (len(draft.steps.lines),))
        self._sure = None
        self._say("" if draft is not None else "Begin a montage with New.")

    def _on_new(self, name: str, lines: Sequence[Line]) -> None:
        self._begin(name, lines)
        self._fill_list(len(self._drafts) - 1)
        self.name.selectAll()
        self.name.setFocus()

    def _on_copy(self, montage: str, name: str) -> None:
        self._on_new(f"My {name.lower() if name != 'Cz' else name}", self._copy(montage))

    def _on_duplicate(self) -> None:
        draft = self.draft
        if draft is not None:
            self._on_new(draft.name, draft.steps.lines)

    def _on_named(self, text: str) -> None:
        draft = self.draft
        if draft is not None:
            draft.name = text
            self._sure = None
            self._say("")
            self._name_list()

    def _on_edited(self) -> None:
        self._sure = None
        steps = self.table.montage.steps
        self.undo.setEnabled(steps.can_undo)
        self.redo.setEnabled(steps.can_redo)
        if self.draft is not None:
            self._name_list()
        self._draw()
        self._describe()

    def _draw(self) -> None:
        """The rows on the head."""
        lines: list[SketchLine] = []
        chosen: list[int] = []
        picked = set(self.table.rows)
        for k, line in enumerate(self.table.montage.lines):
            if line.problem():
                continue
            row = line.read()
            terms = tuple((name, weight) for name, weight in row.terms if name in row.electrodes)
            if k in picked:
                chosen.append(len(lines))
            against = len(terms) < len(row.terms)
            lines.append(SketchLine(terms, row.side, against, not self.table.montage.lacks(line)))
        self.sketch.set_lines(lines, chosen if len(chosen) < len(lines) else ())

    def _describe(self) -> None:
        """What this recording makes of the montage."""
        model = self.table.montage
        wrong = [k for k, line in enumerate(model.lines, 1) if line.problem()]
        sound = [line for line in model.lines if not line.problem()]
        missing = list(dict.fromkeys(name for line in sound for name in model.lacks(line)))
        drawn = sum(not model.lacks(line) for line in sound)
        if wrong:
            more = f" ({len(wrong) - 1} more rows are not understood.)" if len(wrong) > 1 else ""
            self.check.setText(f"Row {wrong[0]}: {model.lines[wrong[0] - 1].problem()}{more}")
        elif self._channels is None:
            self.check.setText(f"{counted(len(sound), 'row')}. Open a recording to see which of them it has.")
        elif missing:
            self.check.setText(f"{drawn} of {counted(len(sound), 'row')} drawn here; lacking: {', '.join(missing)}.")
        else:
            self.check.setText(f"{counted(len(sound), 'row')}; this recording has all that they need.")
        set_role(self.check, "warning" if wrong else "muted")

    def _on_save(self) -> None:
        draft = self.draft
        if draft is None:
            return
        before = draft.saved.name if draft.saved is not None else ""
        try:
            for k, line in enumerate(draft.steps.lines, 1):
                if line.problem():
                    raise ValueError(f"Row {k}: {line.problem()}")
            montage = OwnMontage(checked_name(draft.name), tuple(line.read() for line in draft.steps.lines))
            self._session.montages.save(montage, before)
        except NeuroflowError as error:
            self._say(error.text, "warning")
            return
        except ValueError as error:
            self._say(str(error), "warning")
            return
        draft.name, draft.saved = montage.name, montage
        self.name.setText(draft.name)
        self._name_list()
        self._session.store.update(montage=montage.name, own=montage)
        key = self._session.montages.key_of(montage.name)
        self._say(f"Saved{f'; Ctrl+{key} shows it' if key else ''}.")

    def _on_delete(self) -> None:
        draft, row = self.draft, self.list.currentRow()
        if draft is None or not self._is_sure("delete", f"Press Delete again to delete “{draft.name}” for good."):
            return
        if draft.saved is not None:
            name = draft.saved.name
            try:
                self._session.montages.remove(name)
            except NeuroflowError as error:
                self._say(error.text, "warning")
                return
            if self._session.state.montage == name:
                self._session.store.update(montage="longitudinal", own=None)
        del self._drafts[row]
        self._fill_list(row)
        self._say(f"Deleted “{draft.name}”." if self._drafts else "Begin a montage with New.")

    def _on_export(self, every: bool) -> None:
        drafts = self._drafts if every else [d for d in (self.draft,) if d is not None]
        kept = [draft.saved for draft in drafts if draft.saved is not None]
        if len(kept) < len(drafts) or any(draft.dirty for draft in drafts):
            self._say("Save first: what is exported is what is saved.", "warning")
            return
        name = self._ask(True, "montages.json" if len(kept) > 1 else f"{kept[0].name.replace('/', '-')}.json")
        if name:
            done = partial(self._on_exported, Path(name).name)
            self._session.montages.export(kept, Path(name), done, self._on_failed)

    def _on_exported(self, name: str, count: int) -> None:
        self._say(f"Wrote {counted(count, 'montage')} to “{name}”.")

    def _on_import(self) -> None:
        name = self._ask(False, "")
        if name:
            self._session.montages.take(Path(name), self._on_imported, self._on_failed)

    def _on_imported(self, montages: tuple[OwnMontage, ...]) -> None:
        """What was read stands in the list as drafts that are saved."""
        first = len(self._drafts)
        for montage in montages:
            made = OwnMontage(self._session.montages.free_name(montage.name), montage.rows)
            try:
                self._session.montages.save(made)
            except (NeuroflowError, ValueError) as error:
                self._fill_list(first)
                self._say(str(error), "warning")
                return
            self._drafts.append(_Draft(made.name, Steps(lines_of(made.rows)), made))
        self._fill_list(first)
        self._say(f"Imported {counted(len(montages), 'montage')}; menu Montage shows them.")

    def _on_failed(self, failure: Failure) -> None:
        error = failure.error
        if isinstance(error, NeuroflowError):
            self._say(error.text, "warning")
        else:
            self._session.trouble.emit(failure)

    # Leaving ----------------------------------------------------------------------------------------------------------

    def reject(self) -> None:
        """Esc and Close; where something is not saved it takes two."""
        unsaved = [draft.name for draft in self._drafts if self._is_work(draft)]
        names = ", ".join(f"“{name}”" for name in unsaved[:3])
        if unsaved and not self._is_sure("close", f"{names} {'is' if len(unsaved) == 1 else 'are'} not saved: close "
                                         "again to leave it so."):  # fmt: skip
            return
        super().reject()

    def done(self, result: int) -> None:
        self._places.cancel()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._places.cancel()
        super().closeEvent(event)

    def _is_work(self, draft: _Draft) -> bool:
        """Whether something would be lost: a copy that nobody touched is not."""
        return draft.dirty and (draft.saved is not None or draft.steps.can_undo)

    def _is_sure(self, what: str, question: str) -> bool:
        asked = (what, self.list.currentRow())
        if self._sure == asked:
            return True
        self._sure = asked
        self._say(question, "warning")
        return False

    def _say(self, text: str, role: str = "muted") -> None:
        self.note.setText(text)
        set_role(self.note, role)

    def _ask_system(self, write: bool, suggested: str) -> str:
        folder = Path(self._session.settings.get("files.folder") or ".")
        if write:
            return QFileDialog.getSaveFileName(self, "Export montages", str(folder / suggested), _FILES)[0]
        return QFileDialog.getOpenFileName(self, "Import montages", str(folder), _FILES)[0]


def _heading(text: str) -> QLabel:
    label = said(text, "heading", step=-1.5, bold=True)
    label.setWordWrap(False)
    return label
