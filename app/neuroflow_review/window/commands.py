"""What the actions of the table do: menus, shortcuts, toolbar, and the intents of the panels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from importlib import resources
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from neuroflow.recording import Span
from neuroflow.signal.filters import HIGH_CUTS, LOW_CUTS, NOTCHES, SENSITIVITIES
from neuroflow_review.action import MENUS, Action, Situation
from neuroflow_review.actions import ACTIONS
from neuroflow_review.display import MONTAGE_NAMES, low_cut_words, sensitivity_words
from neuroflow_review.session import Session, ViewState
from neuroflow_review.session.playing import Player
from neuroflow_review.theme import icon
from neuroflow_review.window import menus
from neuroflow_review.window.asking import AskCommands
from neuroflow_review.window.channels import ChannelCommands
from neuroflow_review.window.cuts import CutCommands
from neuroflow_review.window.docks import is_behind, make_room, share_out
from neuroflow_review.window.files import FileCommands
from neuroflow_review.window.kinds import KindCommands
from neuroflow_review.window.ladders import (
    DEVICES,
    PAGE_SECONDS,
    SPIKE_LADDER,
    high_word,
    low_word,
    notch_word,
    spike_hint,
    without_unit,
)
from neuroflow_review.window.looking import LookCommands
from neuroflow_review.window.marking import MarkCommands
from neuroflow_review.window.meeting import MeetingCommands
from neuroflow_review.window.montages import MontageCommands, montage_word
from neuroflow_review.window.reading import ReadCommands
from neuroflow_review.window.reconstructing import DepthCommands
from neuroflow_review.window.viewing import ViewCommands

if TYPE_CHECKING:
    from neuroflow_review.window.window import ReviewWindow


class Commands(QObject):
    """Builds menus and toolbar from the table of actions, and is what their handlers belong to."""

    def __init__(self, session: Session, window: ReviewWindow) -> None:
        super().__init__(window)
        self.session, self.window = session, window
        self.actions: dict[str, QAction] = {}
        self.demo = demo_recording()
        self.player = Player(session, self)
        self._shown: tuple[Situation, str] | None = None
        self.file, self.view, self.depth = FileCommands(self), ViewCommands(self), DepthCommands(self)
        self.marks, self.ask, self.read = MarkCommands(self), AskCommands(self), ReadCommands(self)
        self.montages, self.channels = MontageCommands(self), ChannelCommands(self)
        self.look, self.cuts, self.meeting = LookCommands(self), CutCommands(self), MeetingCommands(self)
        self.kinds = KindCommands(self)
        self._make_actions()
        self._make_menus()
        self._make_bar()
        self._connect()
        self.montages.connect()
        self.channels.connect()
        self.cuts.connect()
        self.meeting.connect()
        self.refresh()

    # Building ---------------------------------------------------------------------------------------------------------

    def _make_actions(self) -> None:
        for entry in ACTIONS:
            action = QAction(entry.text, self.window)
            action.setShortcuts([QKeySequence(key) for key in entry.shortcuts])
            action.setToolTip(entry.tip or entry.text.rstrip("…"))
            action.setCheckable(bool(entry.check))
            handler = attrgetter(entry.handler)(self)
            action.triggered.connect(partial(self._run, handler, entry))
            self.window.addAction(action)
            self.actions[entry.id] = action

    @staticmethod
    def _run(handler: Callable[..., None], entry: Action, _checked: bool = False) -> None:
        if entry.argument is None:
            handler()
        else:
            handler(entry.argument)

    def _make_menus(self) -> None:
        bar = self.window.menuBar()
        self.menus = {name: bar.addMenu(titled) for name, titled in MENUS.items()}
        self.menus["Montage"].setToolTipsVisible(True)  # why chains cannot be interleaved is said there
        last: dict[str, str] = {}
        for entry in ACTIONS:
            menu = self.menus[entry.menu]
            if entry.menu in last and last[entry.menu] != entry.section:
                menu.addSeparator()
            last[entry.menu] = entry.section
            (self._within(menu, entry.within) if entry.within else menu).addAction(self.actions[entry.id])
        self.recent = QMenu("Open recent", self.menus["File"])
        self.recent.aboutToShow.connect(self._fill_recent)
        self.menus["File"].insertMenu(self.actions["open_demo"], self.recent)
        self.menus["Window"].addSeparator()
        for name, dock in self.window.docks.items():
            action = QAction(name, self.window)
            action.setCheckable(True)
            action.setChecked(not dock.property("hidden by reader"))
            action.toggled.connect(partial(self.show_dock, name))
            dock.visibilityChanged.connect(partial(self._dock_seen, name))
            self.menus["Window"].addAction(action)
            self.actions[f"dock {name}"] = action
        for name, panel in (("Reconstruction", self.window.ieeg), ("Spectrogram", self.window.spectrogram)):
            action = QAction(name, self.window)
            action.setCheckable(True)
            action.setChecked(True)
            action.toggled.connect(panel.setVisible)
            self.menus["Window"].addAction(action)
            self.actions[f"panel {name}"] = action

    @staticmethod
    def _within(menu: QMenu, name: str) -> QMenu:
        """The menu of a name in a menu."""
        found = next((action.menu() for action in menu.actions() if action.text() == name and action.menu()), None)
        return found if isinstance(found, QMenu) else menu.addMenu(name)

    def _make_bar(self) -> None:
        bar, store = self.window.bar, self.session.store

        def field(name: str) -> Callable[[Any], None]:
            return lambda value: store.update(**{name: value})

        bar.addAction(self.actions["open"])
        self.actions["open"].setIconText("Open")
        bar.addSeparator()
        montages = list(MONTAGE_NAMES.items())
        self.montage = bar.add_choice("Montage (1–7)", montages, montage_word, self.view.set_montage)
        ladder = [(s, sensitivity_words(s)) for s in SENSITIVITIES]
        self.sensitivity = bar.add_choice("Sensitivity (↑ ↓)", ladder, sensitivity_words, self.view.set_sensitivity)
        lows = [(None, "LF off"), *((f, low_cut_words(f)) for f in LOW_CUTS)]
        cut, brief = self.view.set_filter, without_unit
        self.low = bar.add_choice("Low cut (Ctrl+↑ ↓)", lows, low_word, partial(cut, "low_cut"), short=brief(low_word))
        highs = [(None, "HF off"), *((f, f"HF {f:g} Hz") for f in HIGH_CUTS)]
        self.high = bar.add_choice(
            "High cut (Ctrl+Shift+↑ ↓)", highs, high_word, partial(cut, "high_cut"), short=brief(high_word)
        )
        notches = [(None, "Notch off"), *((f, f"Notch {f:g} Hz") for f in NOTCHES)]
        self.notch = bar.add_choice("Notch (H)", notches, notch_word, partial(cut, "notch"))
        bases = [(s, f"{s:g} s a page") for s in PAGE_SECONDS]
        self.base = bar.add_choice("Time base (Alt+↑ ↓)", bases, "{:.3g} s".format, self.view.set_seconds)
        bar.addSeparator()
        bar.addAction(self.actions["reconstruct"])
        self.actions["reconstruct"].setIconText("Reconstruct")
        words = ("{} samples", "n {}")
        self.samples = bar.add_number("Samples: 39 give an exact 90 % band", 1, 255, words, field("samples"))
        self.seed = bar.add_number("Seed of the samples", 0, 2**31 - 1, ("seed {}", "seed {}"), field("seed"))
        self.device = bar.add_choice("Where the model runs", DEVICES, self._device_word, field("device"))
        bar.addSeparator()
        spikes = [(k, f"{k:g}  {spike_hint(k)}") for k in SPIKE_LADDER]
        self.spike = bar.add_choice(
            "Spikes: threshold of the detector; lower proposes more",
            spikes,
            "Spikes k {:g}".format,
            self.marks.set_spike,
            short="k {:g}".format,
        )
        bar.finish()
        bar.progress.cancelled.connect(self.cancel)

    def _connect(self) -> None:
        frame, session = self.window, self.session
        session.store.changed.connect(self.read.leave_solo)
        session.store.changed.connect(self._on_state)
        session.reconstruction.changed.connect(self._on_work)
        session.model_changed.connect(self.refresh)
        session.comparison.changed.connect(self.refresh)
        session.spikes.changed.connect(self.refresh)
        session.marks.changed.connect(self.refresh)
        self.player.changed.connect(self.refresh)
        frame.second.changed.connect(self.refresh)
        self.actions["panel Reconstruction"].toggled.connect(self.look.keep_second_filled)
        session.cursor_moved.connect(self.marks.measure)
        session.opened.connect(self.marks.let_go)
        for panel in (frame.page, frame.ieeg):
            panel.cursor_moved.connect(session.set_cursor)
            panel.cursor_left.connect(self._cursor_left)
            panel.turned.connect(session.turn)
            panel.selected.connect(self._select)
            panel.edge_dragged.connect(self.marks.move_edge)
            panel.row_clicked.connect(self.marks.choose_channel)
            panel.row_menu.connect(partial(menus.row_menu, self))
        frame.page.aside_clicked.connect(self.marks.click_bad)
        frame.page.columns_changed.connect(session.set_columns)
        frame.page.laid_out.connect(self.view.follow_speed)
        frame.page.sensitivity_stepped.connect(lambda step: self.view.step_sensitivity(-step))
        frame.ieeg.sensitivity_stepped.connect(lambda step: self.view.step_depth(-step))
        frame.spectrogram.cursor_moved.connect(session.set_cursor)
        frame.spectrogram.cursor_left.connect(self._cursor_left)
        frame.spectrogram.channel_menu_requested.connect(partial(menus.channel_menu, self))
        frame.spectrogram.colour_map_changed.connect(partial(session.settings.set, "look.colormap"))
        frame.overview.span_requested.connect(session.go_to)
        frame.trends.span_requested.connect(session.go_to)
        frame.trends.region_menu_requested.connect(partial(menus.region_menu, self))
        frame.topomap.quantity_menu_requested.connect(partial(menus.map_menu, self))
        frame.events.jump_requested.connect(session.show_time)
        frame.events.rename_requested.connect(self.marks.rename)
        frame.criteria.assessed.connect(self.marks.assess)
        frame.implant.shafts_changed.connect(lambda shafts: session.store.update(shafts=tuple(shafts)))
        frame.implant.contact_selected.connect(self.marks.choose_contact)
        frame.says.asked.connect(self.ask.tell_more)
        frame.start.open_requested.connect(self.file.choose_file)
        frame.start.demo_requested.connect(self.file.open_demo)
        frame.start.recent_requested.connect(session.open)
        frame.start.going_on_requested.connect(session.open)

    def situation(self) -> Situation:
        """What holds now."""
        session, work = self.session, self.session.reconstruction
        recording = session.recording
        return Situation(
            recording=recording is not None,
            filtered=session.state.filters_on,
            longitudinal=session.state.montage == "longitudinal",
            flawed=recording is not None and bool(recording.problems),
            ready=work.ready,
            model=work.backend is not None,
            computing=work.computing,
            selection=session.state.selection is not None,
            reconstructed=work.has_any,
            events=recording is not None and bool(recording.annotations or session.marks.all),
            spikes=recording is not None and session.state.proposals_shown,
            marked=bool(session.marks.all),
            markable=session.marks.writable,
            outdated=session.marks.outdated,
            locked=bool(session.marks.to_take_over),
            undoable=bool(session.marks.to_undo),
            redoable=bool(session.marks.to_redo),
            comparison=session.comparison.source is not None,
            blind=session.state.blind,
            sighted=not session.state.blind,
            revealed=session.state.blinded is not None and not session.state.blind,
            chosen=any(mark.meeting for mark in session.marks.all),
            demo=self.demo is not None,
            alone=not self.window.presentation.on,
        )

    def _on_state(self, old: ViewState, new: ViewState) -> None:
        if new != replace(old, start=new.start):  # a page that turns changes nothing here
            self.refresh()

    def _on_work(self) -> None:
        """The reconstruction tells of every tile and page; what can be done seldom changes with it."""
        if self._shown != (self.situation(), self.session.reconstruction.device_label):
            self.refresh()

    def refresh(self) -> None:
        """Show what is set and what can be done."""
        now, state = self.situation(), self.session.state
        self._shown = (now, self.session.reconstruction.device_label)
        checks = self._checks(state)
        for entry in ACTIONS:
            action = self.actions[entry.id]
            action.setEnabled(entry.enabled(now))
            if entry.otherwise:
                action.setToolTip(entry.tip if action.isEnabled() else entry.otherwise)
            if entry.check:
                action.setChecked(checks(entry.check))
        kept = self.session.marks
        for name, what in (("undo", kept.to_undo), ("redo", kept.to_redo)):
            self.actions[name].setText(f"{name.capitalize()}: {what}" if what else name.capitalize())
        self.montages.refresh()
        self.sensitivity.set_value(state.shown_sensitivity)
        self.low.set_value(state.filters.low_cut)
        self.high.set_value(state.filters.high_cut)
        self.notch.set_value(state.filters.notch)
        for choice in (self.low, self.high, self.notch):
            choice.setEnabled(state.filters_on)
        self.base.set_value(state.seconds)
        self.device.set_value(state.device)
        self.spike.set_value(state.spike_sensitivity)
        self.spike.setEnabled(state.proposals_shown)
        for box, value in ((self.samples, state.samples), (self.seed, state.seed)):
            if box.value() != value:
                box.setValue(value)
        self.window.start.set_demo(self.demo is not None)

    def _checks(self, state: ViewState) -> Callable[[str], bool]:
        def held(name: str) -> bool:
            if name.startswith("montage "):
                return self.montages.shown == name.removeprefix("montage ")
            if name in self.look.checks:
                return self.look.checks[name]()
            if name == "dark":
                return self.window.look.is_dark
            if name == "playing":
                return self.player.playing
            if name.startswith("depth "):
                _, cut, value = name.split()
                return str(getattr(state.depth_filters, cut)) == value
            if name.startswith("paper "):
                return state.paper_speed == float(name.removeprefix("paper "))
            if name.startswith("speed "):
                return self.player.speed == int(name.removeprefix("speed "))
            if name in ("map", "discharge", "spectrum", "butterfly"):
                return not self.window.docks[name.capitalize()].property("hidden by reader")
            if name.startswith("map of "):
                return bool(self.session.settings.get("map.of") == name.removeprefix("map of "))
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
                self.actions[entry.id].setIcon(icon(entry.icon, self.window.look, token=token))

    # What belongs to no single menu

    def _fill_recent(self) -> None:
        self.recent.clear()
        names: Sequence[str] = self.session.settings.get("files.recent")
        for name in names if not self.session.state.private else ():
            self.recent.addAction(Path(name).name, partial(self.session.open, name)).setToolTip(name)
        if self.recent.isEmpty():
            self.recent.addAction("None").setEnabled(False)

    def show_dock(self, name: str, there: bool) -> None:
        dock = self.window.docks[name]
        dock.setProperty("hidden by reader", not there)
        self.refresh()
        if self.session.recording is not None:
            if there:
                make_room(self.window, name)
            dock.setVisible(there)
            if there:
                dock.raise_()
                QTimer.singleShot(0, self, partial(share_out, self.window, name))

    def toggle_dock(self, name: str) -> None:
        """Show a dock or take it away; one that another tab covers comes to the front."""
        dock = self.window.docks[name]
        if is_behind(dock):
            dock.raise_()
        else:
            self.actions[f"dock {name}"].toggle()
        self.refresh()

    def _dock_seen(self, name: str, _visible: bool) -> None:
        # Closed by its own cross: the menu follows. Hidden behind the first screen: it does not.
        if self.window.left or self.window.presenting:  # it is not the reader who takes docks away
            return
        dock = self.window.docks[name]
        if self.session.recording is not None and self.window.isVisible():
            self.actions[f"dock {name}"].setChecked(not dock.isHidden())

    def cancel(self) -> None:
        """Stop whatever was asked for; with nothing to stop, take the selection back."""
        if self.window.page.let_go() or self.window.ieeg.let_go():
            return  # what is under the hand goes first
        if self.window.events.search.hasFocus():
            self.window.page.setFocus()
        elif self.player.playing:
            self.player.stop()
        elif self.session.reconstruction.computing:
            self.session.reconstruction.cancel()
        elif self.session.spikes.searching:
            self.session.spikes.stop_search()
        elif self.session.state.solo:
            self.read.zoom()
        elif self.window.presentation.on:
            self.view.present()
        else:
            self.marks.let_go()
            self.session.store.update(selection=None)
            self.window.page.setFocus()  # a button or a list keeps its keys no longer

    def _device_word(self, device: str) -> str:
        label = self.session.reconstruction.device_label
        return {"auto": label or "Auto", "cuda": "CUDA", "mps": "Apple GPU", "cpu": "CPU"}[device]

    def _select(self, selection: Span | None) -> None:
        self.session.store.update(selection=selection)

    def _cursor_left(self) -> None:
        """The cursor stays where it was, as a finger on paper would not; the page that turns takes it away."""


def demo_recording() -> Path | None:
    """The simulated patient that ships with the program."""
    path = Path(str(resources.files("neuroflow_resources"))) / "demo" / "demo-scalp.edf"
    return path if path.is_file() else None
