"""What the actions of the table do: menus, shortcuts, toolbar, and the intents of the panels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QPoint
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFileDialog, QMenu

from neuroflow.recording import Span
from neuroflow.review import Change
from neuroflow.review.document import Decision
from neuroflow.signal.filters import HIGH_CUTS, LOW_CUTS, NOTCHES, SENSITIVITIES
from neuroflow_review.actions import ACTIONS, MENUS, MONTAGE_NAMES, Action, Situation
from neuroflow_review.display import low_cut_words, sensitivity_words
from neuroflow_review.session import Session, ViewState
from neuroflow_review.session.marking import decide, mark_here
from neuroflow_review.session.playing import Player
from neuroflow_review.theme import RECONSTRUCTED, icon, theme
from neuroflow_review.window import boxes, menus
from neuroflow_review.window.ladders import (
    DEVICES,
    PAGE_SECONDS,
    SPIKE_LADDER,
    high_word,
    low_word,
    notch_word,
    spike_hint,
    stepped,
)
from neuroflow_review.window.report import show_report
from neuroflow_review.window.shown import ask_where

if TYPE_CHECKING:
    from neuroflow_review.window.window import ReviewWindow

_TABLES = "Tables (*.csv *.tsv);;EDF+ annotations (*.edf);;All files (*)"
_FILES = "Recordings (*.edf *.EDF *.bdf *.BDF *.rec);;All files (*)"


class Commands(QObject):
    """Builds menus and toolbar from the table of actions, and is what their handlers belong to."""

    def __init__(self, session: Session, window: ReviewWindow) -> None:
        super().__init__(window)
        self.session, self.window, self.frame = session, window, window
        self.actions: dict[str, QAction] = {}
        self._demo = demo_recording()
        self.player = Player(session, self)
        self._anchor: float | None = None
        self._make_actions()
        self._make_menus()
        self._make_bar()
        self._connect()
        self.refresh()

    # Building ---------------------------------------------------------------------------------------------------------

    def _make_actions(self) -> None:
        for entry in ACTIONS:
            action = QAction(entry.text, self.frame)
            action.setShortcuts([QKeySequence(key) for key in entry.shortcuts])
            action.setToolTip(entry.tip or entry.text.rstrip("…"))
            action.setCheckable(bool(entry.check))
            handler = getattr(self, entry.handler)
            action.triggered.connect(partial(self._run, handler, entry))
            self.frame.addAction(action)
            self.actions[entry.id] = action

    @staticmethod
    def _run(handler: Callable[..., None], entry: Action, _checked: bool = False) -> None:
        if entry.argument is None:
            handler()
        else:
            handler(entry.argument)

    def _make_menus(self) -> None:
        bar = self.frame.menuBar()
        self.menus = {name: bar.addMenu(name) for name in MENUS}
        last: dict[str, str] = {}
        for entry in ACTIONS:
            menu = self.menus[entry.menu]
            if entry.menu in last and last[entry.menu] != entry.section:
                menu.addSeparator()
            last[entry.menu] = entry.section
            menu.addAction(self.actions[entry.id])
        self.recent = QMenu("Open recent", self.menus["File"])
        self.recent.aboutToShow.connect(self._fill_recent)
        self.menus["File"].insertMenu(self.actions["open_demo"], self.recent)
        for name, dock in self.frame.docks.items():
            action = QAction(name, self.frame)
            action.setCheckable(True)
            action.setChecked(not dock.property("hidden by reader"))
            action.toggled.connect(partial(self.show_dock, name))
            dock.visibilityChanged.connect(partial(self._dock_seen, name))
            self.menus["Window"].addAction(action)
            self.actions[f"dock {name}"] = action
        for name, panel in (("Reconstruction", self.frame.ieeg), ("Spectrogram", self.frame.spectrogram)):
            action = QAction(name, self.frame)
            action.setCheckable(True)
            action.setChecked(True)
            action.toggled.connect(panel.setVisible)
            self.menus["Window"].addAction(action)

    def _make_bar(self) -> None:
        bar, store = self.frame.bar, self.session.store

        def field(name: str) -> Callable[[Any], None]:
            return lambda value: store.update(**{name: value})

        bar.addAction(self.actions["open"])
        self.actions["open"].setIconText("Open")
        bar.addSeparator()
        montages = list(MONTAGE_NAMES.items())
        self.montage = bar.add_choice("Montage (1–7)", montages, MONTAGE_NAMES.__getitem__, self.set_montage)
        ladder = [(s, sensitivity_words(s)) for s in SENSITIVITIES]
        self.sensitivity = bar.add_choice("Sensitivity (↑ ↓)", ladder, sensitivity_words, field("sensitivity"))
        lows = [(None, "LF off"), *((f, low_cut_words(f)) for f in LOW_CUTS)]
        self.low = bar.add_choice("Low cut", lows, low_word, partial(self._set_filter, "low_cut"))
        highs = [(None, "HF off"), *((f, f"HF {f:g} Hz") for f in HIGH_CUTS)]
        self.high = bar.add_choice("High cut", highs, high_word, partial(self._set_filter, "high_cut"))
        notches = [(None, "Notch off"), *((f, f"Notch {f:g} Hz") for f in NOTCHES)]
        self.notch = bar.add_choice("Notch", notches, notch_word, partial(self._set_filter, "notch"))
        bases = [(s, f"{s:g} s a page") for s in PAGE_SECONDS]
        self.base = bar.add_choice("Time base", bases, "{:g} s".format, self.session.set_seconds)
        bar.addSeparator()
        bar.addAction(self.actions["reconstruct"])
        self.actions["reconstruct"].setIconText("Reconstruct")
        self.samples = bar.add_number("Samples: 39 give an exact 90 % band", 1, 255, "", " samples", field("samples"))
        self.seed = bar.add_number("Seed of the samples", 0, 2**31 - 1, "seed ", "", field("seed"))
        self.seed.setMaximumWidth(96)
        self.device = bar.add_choice("Where the model runs", DEVICES, self._device_word, field("device"))
        bar.addSeparator()
        spikes = [(k, f"{k:g}  {spike_hint(k)}") for k in SPIKE_LADDER]
        self.spike = bar.add_choice(
            "Spikes: threshold of the detector; lower proposes more", spikes, "Spikes k {:g}".format, self._set_spike
        )
        bar.finish()
        bar.progress.cancelled.connect(self.cancel)

    def _connect(self) -> None:
        frame, session = self.frame, self.session
        session.store.changed.connect(self.refresh)
        session.reconstruction.changed.connect(self.refresh)
        session.model_changed.connect(self.refresh)
        session.comparison.changed.connect(self.refresh)
        session.spikes.changed.connect(self.refresh)
        session.marks.changed.connect(self.refresh)
        self.player.changed.connect(self.refresh)
        session.cursor_moved.connect(self._measure)
        session.opened.connect(self._let_go)
        for panel in (frame.page, frame.ieeg):
            panel.cursor_moved.connect(session.set_cursor)
            panel.cursor_left.connect(self._cursor_left)
            panel.turned.connect(session.turn)
            panel.selected.connect(self._select)
            panel.row_clicked.connect(self.choose_channel)
            panel.row_menu.connect(partial(menus.row_menu, self))
        frame.page.columns_changed.connect(session.set_columns)
        frame.page.sensitivity_stepped.connect(lambda step: self.step_sensitivity(-step))
        frame.ieeg.sensitivity_stepped.connect(lambda step: self.step_depth(-step))
        frame.spectrogram.cursor_moved.connect(session.set_cursor)
        frame.spectrogram.cursor_left.connect(self._cursor_left)
        frame.spectrogram.channel_menu_requested.connect(partial(menus.channel_menu, self))
        frame.spectrogram.colour_map_changed.connect(partial(session.settings.set, "look.colormap"))
        frame.overview.span_requested.connect(session.go_to)
        frame.trends.span_requested.connect(session.go_to)
        frame.trends.region_menu_requested.connect(partial(menus.region_menu, self))
        frame.events.jump_requested.connect(session.show_time)
        frame.events.rename_requested.connect(self._rename)
        frame.criteria.assessed.connect(self._assess)
        frame.implant.shafts_changed.connect(lambda shafts: session.store.update(shafts=tuple(shafts)))
        frame.implant.contact_selected.connect(self._choose_contact)
        frame.start.open_requested.connect(self.choose_file)
        frame.start.demo_requested.connect(self.open_demo)
        frame.start.recent_requested.connect(session.open)
        frame.start.going_on_requested.connect(session.open)

    def situation(self) -> Situation:
        """What holds now."""
        session, work = self.session, self.session.reconstruction
        recording = session.recording
        return Situation(
            recording=recording is not None,
            ready=work.ready,
            model=work.backend is not None,
            computing=work.computing,
            selection=session.state.selection is not None,
            reconstructed=work.has_any,
            events=recording is not None and bool(recording.annotations or session.marks.all),
            spikes=recording is not None and session.state.spikes_shown,
            marked=bool(session.marks.all),
            markable=session.marks.writable,
            undoable=bool(session.marks.to_undo),
            redoable=bool(session.marks.to_redo),
            comparison=session.comparison.source is not None,
            demo=self._demo is not None,
        )

    def refresh(self) -> None:
        """Show what is set and what can be done."""
        now, state = self.situation(), self.session.state
        checks = self._checks(state)
        for entry in ACTIONS:
            action = self.actions[entry.id]
            action.setEnabled(entry.enabled(now))
            if entry.check:
                action.setChecked(checks(entry.check))
        marks = self.session.marks
        for name, what in (("undo", marks.to_undo), ("redo", marks.to_redo)):
            self.actions[name].setText(f"{name.capitalize()}: {what}" if what else name.capitalize())
        self.montage.set_value(state.montage)
        self.sensitivity.set_value(state.sensitivity)
        self.low.set_value(state.filters.low_cut)
        self.high.set_value(state.filters.high_cut)
        self.notch.set_value(state.filters.notch)
        for choice in (self.low, self.high, self.notch):
            choice.setEnabled(state.filters_on)
        self.base.set_value(state.seconds)
        self.device.set_value(state.device)
        self.spike.set_value(state.spike_sensitivity)
        self.spike.setEnabled(state.spikes_shown)
        for box, value in ((self.samples, state.samples), (self.seed, state.seed)):
            if box.value() != value:
                box.setValue(value)
        self.frame.start.set_demo(self._demo is not None)

    def _checks(self, state: ViewState) -> Callable[[str], bool]:
        def held(name: str) -> bool:
            if name.startswith("montage "):
                return state.montage == name.removeprefix("montage ")
            if name == "dark":
                return self.frame.look.is_dark
            if name == "playing":
                return self.player.playing
            if name.startswith("speed "):
                return self.player.speed == int(name.removeprefix("speed "))
            if name in ("map", "discharge"):
                return not self.frame.docks[name.capitalize()].property("hidden by reader")
            if name.startswith("trends"):
                key, region = ("trends.region", name.removeprefix("trends ")) if " " in name else ("trends.shown", True)
                return bool(self.session.settings.get(key) == region)
            if name == "presenting":
                return self.window.presentation.on
            if name == "follow":
                return bool(self.session.settings.get("reconstruction.follow"))
            return bool(getattr(state, name))

        return held

    def set_icons(self) -> None:
        """Icons in the colours of the theme."""
        for entry in ACTIONS:
            if entry.icon:
                token = "recon_line" if entry.id == "reconstruct" else "ink"
                self.actions[entry.id].setIcon(icon(entry.icon, self.frame.look, token=token))

    # File -------------------------------------------------------------------------------------------------------------

    def choose_file(self) -> None:
        folder = self.session.settings.get("files.folder")
        name, _ = QFileDialog.getOpenFileName(self.frame, "Open a recording", folder, _FILES)
        if name:
            self.session.open(name)

    def open_demo(self) -> None:
        if self._demo is not None:
            self.session.open(self._demo)

    def close_recording(self) -> None:
        self.session.close_recording()

    def choose_comparison(self) -> None:
        folder = self.session.settings.get("files.folder")
        name, _ = QFileDialog.getOpenFileName(self.frame, "Compare with recorded iEEG", folder, _FILES)
        if name:
            self.session.comparison.open(Path(name), [c.name for c in self.session.contacts])

    def close_comparison(self) -> None:
        self.session.comparison.close()

    def export_marks(self) -> None:
        recording = self.session.recording
        if recording is None:
            return
        beside = str(recording.path.with_name(f"{recording.path.stem}-marks.csv"))
        name, _ = QFileDialog.getSaveFileName(self.frame, "Export marks", beside, _TABLES)
        if name:
            self.session.marks.ask_export(Path(name))

    def import_marks(self) -> None:
        folder = self.session.settings.get("files.folder")
        name, _ = QFileDialog.getOpenFileName(self.frame, "Import marks", folder, _TABLES)
        if name:
            self.session.marks.ask_import(Path(name))

    def close(self) -> None:
        self.frame.close()

    def _fill_recent(self) -> None:
        self.recent.clear()
        names: Sequence[str] = self.session.settings.get("files.recent")
        for name in names if not self.session.state.private else ():
            self.recent.addAction(Path(name).name, partial(self.session.open, name)).setToolTip(name)
        if self.recent.isEmpty():
            self.recent.addAction("None").setEnabled(False)

    # View -------------------------------------------------------------------------------------------------------------

    def turn(self, pages: float) -> None:
        self.session.turn(pages)

    def move(self, seconds: float) -> None:
        self.session.go_to(self.session.state.start + seconds)

    def go_first(self) -> None:
        self.session.go_to(0.0)

    def go_last(self) -> None:
        recording = self.session.recording
        if recording is not None:
            self.session.go_to(recording.duration)

    def set_mm_per_second(self, speed: int) -> None:
        """A time base of true millimetres on the screen that the window is on."""
        page = self.frame.page
        self.session.set_seconds(max(page.mm_per_second * page.span.duration / speed, 1.0))

    def step_sensitivity(self, step: int) -> None:
        state = self.session.state
        self.session.store.update(sensitivity=stepped(SENSITIVITIES, state.sensitivity, step))

    def step_depth(self, step: int) -> None:
        state = self.session.state
        self.session.store.update(depth_sensitivity=stepped(SENSITIVITIES, state.depth_sensitivity, step))

    def toggle_filters(self) -> None:
        self.session.store.update(filters_on=not self.session.state.filters_on)

    def toggle_dark(self) -> None:
        look = theme("light" if self.frame.look.is_dark else "dark")
        self.session.settings.set("look.theme", look.name)
        self.frame.set_theme(look)
        self.set_icons()
        self.refresh()

    def play(self) -> None:
        self.player.toggle()

    def set_speed(self, speed: int) -> None:
        self.player.set_speed(speed)

    def toggle_map(self) -> None:
        self.actions["dock Map"].toggle()
        self.refresh()

    def present(self) -> None:
        self.window.presentation.toggle()
        self.refresh()

    def toggle_trends(self) -> None:
        self.session.settings.set("trends.shown", not self.session.settings.get("trends.shown"))
        self.window.feeds.trends.show()
        self.refresh()

    def set_trend_region(self, region: str) -> None:
        self.session.settings.set("trends.region", region)
        self.window.feeds.trends.show()
        self.refresh()

    def toggle_privacy(self) -> None:
        self.session.store.update(private=not self.session.state.private)

    def set_montage(self, montage: str) -> None:
        self.session.store.update(montage=montage)

    def _set_filter(self, name: str, value: float | None) -> None:
        self.session.store.update(filters=replace(self.session.state.filters, **{name: value}))

    def show_dock(self, name: str, there: bool) -> None:
        dock = self.frame.docks[name]
        dock.setProperty("hidden by reader", not there)
        self.refresh()
        if self.session.recording is not None:
            dock.setVisible(there)

    def _dock_seen(self, name: str, _visible: bool) -> None:
        # Closed by its own cross: the menu follows. Hidden behind the first screen: it does not.
        if self.window.left or self.window.presenting:  # it is not the reader who takes docks away
            return
        dock = self.frame.docks[name]
        if self.session.recording is not None and self.frame.isVisible():
            self.actions[f"dock {name}"].setChecked(not dock.isHidden())

    # Reconstruction ---------------------------------------------------------------------------------------------------

    def reconstruct_page(self) -> None:
        self.session.reconstruct_page()

    def reconstruct_selection(self) -> None:
        self.session.reconstruct_selection()

    def reconstruct_all(self) -> None:
        self.session.reconstruct_everything()

    def toggle_follow(self) -> None:
        settings = self.session.settings
        settings.set("reconstruction.follow", not settings.get("reconstruction.follow"))
        self.session.reconstruction.following &= settings.get("reconstruction.follow")
        self.refresh()

    def cancel(self) -> None:
        """Stop whatever was asked for; with nothing to stop, take the selection back."""
        if self.player.playing:
            self.player.stop()
        elif self.session.reconstruction.computing:
            self.session.reconstruction.cancel()
        elif self.session.spikes.searching:
            self.session.spikes.stop_search()
        elif self.window.presentation.on:
            self.present()
        else:
            self._let_go()
            self.session.store.update(selection=None)

    def flip(self, step: int) -> None:
        """Draw the next or previous sample alone; 0 takes it away."""
        state = self.session.state
        if step == 0:
            self.session.store.update(sample=None)
            return
        sample = (0 if step > 0 else state.samples - 1) if state.sample is None else state.sample + step
        self.session.store.update(sample=sample % state.samples)

    def _device_word(self, device: str) -> str:
        label = self.session.reconstruction.device_label
        return {"auto": label or "Auto", "cuda": "CUDA", "mps": "Apple GPU", "cpu": "CPU"}[device]

    # Marks and channels -----------------------------------------------------------------------------------------------

    def next_spike(self, direction: int) -> None:
        self.session.next_spike(direction)

    def next_event(self, direction: int) -> None:
        if not self.session.next_event(direction):
            self.session.noticed.emit("No further event in that direction.")

    def mark_here(self) -> None:
        boxes.with_reader(self.window, self._mark_here)

    def _mark_here(self) -> None:
        mark = mark_here(self.session)
        if mark is not None:
            self.frame.events.start_rename(mark.id)

    def ruler(self) -> None:
        """Lay one end down at the cursor; the next time, the other."""
        if self._anchor is not None:
            self._let_go()
        elif self.session.cursor is None:
            self.session.noticed.emit("Put the cursor where the ruler is to begin.")
        else:
            self._anchor = self.session.cursor
            self.session.noticed.emit("Move the pointer to measure; L again lays the ruler down, Esc takes it away.")

    def _measure(self, time: float | None) -> None:
        if self._anchor is not None and time is not None and time != self._anchor:
            self.session.store.update(selection=Span(*sorted((self._anchor, time))))

    def _let_go(self, _recording: object = None) -> None:
        self._anchor = None

    def mark_bad(self) -> None:
        """Set the electrode of the chosen row aside; of a derivation of two, ask which."""
        frame, label = self.frame, self.session.state.channel
        row = next((r for r in self.session.rows if r.label == label), None)
        if row is None:
            self.session.noticed.emit("Choose a channel of the scalp first: click on it.")
            return
        heaviest = max(abs(weight) for _, weight in row.weights)
        members = [name for name, weight in row.weights if abs(weight) == heaviest]
        if len(members) == 1:
            self.session.toggle_bad(members[0])
        else:
            place = next((p for p in frame.page.places()[0] if p.label == label), None)
            menus.row_menu(self, label, frame.page.mapToGlobal(QPoint(8, round(place.y) if place is not None else 0)))

    def rename_mark(self) -> None:
        mark = self.frame.events.selected_mark
        if mark:
            self.frame.events.start_rename(mark)
        else:
            self.session.noticed.emit("Choose an event of yours in the list first.")

    def delete_mark(self) -> None:
        if not self.session.marks.remove(self.frame.events.selected_mark):
            self.session.noticed.emit("Choose an event of yours in the list first.")

    def _rename(self, mark: str, text: str) -> None:
        self.session.marks.rename(mark, text)

    def toggle_criteria(self) -> None:
        self.actions["dock Discharge"].toggle()
        self.refresh()

    def _assess(self, mark: str, criteria: tuple[str, ...]) -> None:
        boxes.with_reader(self.window, partial(self.session.marks.assess, mark, criteria))

    def decide(self, decision: Decision) -> None:
        boxes.with_reader(self.window, partial(self._decide, decision))

    def _decide(self, decision: Decision) -> None:
        if not decide(self.session, decision):
            self.session.noticed.emit("No spike is proposed at the cursor: S goes to the next one.")

    def undo(self) -> None:
        self._say_change("Undone", self.session.marks.undo())

    def redo(self) -> None:
        self._say_change("Done again", self.session.marks.redo())

    def _say_change(self, word: str, change: Change | None) -> None:
        """Say what was undone, and show where it was."""
        if change is None:
            return
        marks = change.after or change.before
        if marks:
            self.session.show_time(marks[0].start)
        self.session.noticed.emit(f"{word}: {change.what}.")

    def toggle_spikes(self) -> None:
        self.session.store.update(spikes_shown=not self.session.state.spikes_shown)

    def _set_spike(self, sensitivity: float) -> None:
        self.session.store.update(spike_sensitivity=sensitivity)

    def choose_channel(self, label: str) -> None:
        if label.startswith(RECONSTRUCTED):
            self._choose_contact(label.removeprefix(RECONSTRUCTED))
        else:
            self.session.store.update(channel=label, reconstructed=False)

    def _choose_contact(self, name: str) -> None:
        state = self.session.state
        contact = next((c for c in self.session.contacts if c.name == name), None)
        if contact is None:
            return
        order = dict.fromkeys(c.shaft for c in self.session.contacts)
        shafts = tuple(s for s in order if s in state.shafts or s == contact.shaft)
        self.session.store.update(channel=name, reconstructed=True, shafts=shafts)

    def _select(self, selection: Span | None) -> None:
        self.session.store.update(selection=selection)

    def _cursor_left(self) -> None:
        """The cursor stays where it was, as a finger on paper would not; the page that turns takes it away."""

    # Dialogs ----------------------------------------------------------------------------------------------------------

    def show_goto(self) -> None:
        boxes.show_goto(self.window)

    def show_export(self) -> None:
        boxes.show_export(self.window)

    def show_report(self) -> None:
        show_report(self.window)

    def save_shown(self) -> None:
        ask_where(self.window)

    def show_calibrate(self) -> None:
        boxes.show_calibrate(self.window)

    def show_card(self) -> None:
        boxes.show_card(self.window)

    def show_keys(self) -> None:
        boxes.show_keys(self.window)

    def show_about(self) -> None:
        boxes.show_about(self.window)


def demo_recording() -> Path | None:
    """The simulated patient that ships with the program."""
    path = Path(str(resources.files("neuroflow_resources"))) / "demo" / "demo-scalp.edf"
    return path if path.is_file() else None
