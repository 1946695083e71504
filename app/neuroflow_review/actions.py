"""Everything that a reader can do, once; menus, toolbar, shortcuts, the page of keys and the tests all use it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from neuroflow.signal.montage import MONTAGES
from neuroflow.signal.trends import REGIONS


@dataclass(frozen=True, slots=True)
class Situation:
    """What an action's being enabled may depend on."""

    recording: bool = False
    ready: bool = False
    """The recording can be reconstructed."""
    model: bool = False
    computing: bool = False
    selection: bool = False
    reconstructed: bool = False
    """Something of this recording is reconstructed."""
    events: bool = False
    spikes: bool = False
    marked: bool = False
    markable: bool = False
    """Marks can be made and changed."""
    undoable: bool = False
    redoable: bool = False
    comparison: bool = False
    demo: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do.

    ``needs`` names fields of :class:`Situation` that must all hold; ``handler`` a part of the window's commands and its
    method; ``argument`` what it is called with, if anything. Actions with a ``check`` show a state of that name.
    """

    id: str
    menu: str
    text: str
    handler: str
    shortcuts: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""
    argument: object = None
    check: str = ""
    section: str = ""
    """A line is drawn in the menu where this changes."""

    def enabled(self, now: Situation) -> bool:
        return all(getattr(now, need) for need in self.needs)


MENUS: Final = ("File", "View", "Montage", "Reconstruct", "Marks", "Analysis", "Window", "Help")

MONTAGE_NAMES: Final = {
    "longitudinal": "Longitudinal",
    "transverse": "Transverse",
    "average": "Average",
    "linked ears": "Linked ears",
    "cz": "Cz",
    "laplacian": "Laplacian",
    "as recorded": "As recorded",
}

_R = ("recording",)

ACTIONS: Final = (
    Action(
        "open", "File", "Open…", "file.choose_file", ("Ctrl+O",), (), "folder-open", "Open a recording: EDF, EDF+, BDF"
    ),
    Action(
        "open_demo", "File", "Open the demonstration", "file.open_demo", (), ("demo",), "graduation-cap", "Simulated"
    ),
    Action("close", "File", "Close the recording", "file.close_recording", ("Ctrl+W",), _R, "x"),
    Action(
        "compare",
        "File",
        "Compare with recorded iEEG…",
        "file.choose_comparison",
        (),
        ("recording", "model"),
        "stack",
        "Lay the iEEG that was recorded at the same time over the reconstruction",
        section="compare",
    ),
    Action(
        "compare_off",
        "File",
        "Take the comparison away",
        "file.close_comparison",
        (),
        ("comparison",),
        "",
        section="compare",
    ),
    Action(
        "export",
        "File",
        "Export the reconstruction…",
        "ask.show_export",
        ("Ctrl+E",),
        ("ready",),
        "export",
        "Write reconstructed channels as EDF+",
        section="export",
    ),
    Action(
        "copy",
        "File",
        "Save a copy…",
        "ask.save_copy",
        (),
        _R,
        "copy",
        "The recording or a part of it as EDF+: cropped, resampled, re-referenced, without names",
        section="export",
    ),
    Action(
        "report",
        "File",
        "Report…",
        "ask.show_report",
        ("Ctrl+P",),
        _R,
        "file-pdf",
        "The marked moments at true µV/mm and mm/s, tables, the implant and the model's card, as PDF",
        section="export",
    ),
    Action(
        "save_shown",
        "File",
        "Save what is shown…",
        "ask.save_shown",
        ("Ctrl+Shift+S",),
        _R,
        "",
        "The window as a picture (PNG), the page as lines (SVG), or its values as a table (CSV)",
        section="export",
    ),
    Action(
        "marks_out",
        "File",
        "Export marks…",
        "file.export_marks",
        (),
        ("marked",),
        "",
        "As a table (CSV; TSV for BIDS, with HED-SCORE), or as EDF+ annotations",
        section="export",
    ),
    Action(
        "marks_in",
        "File",
        "Import marks…",
        "file.import_marks",
        (),
        ("markable",),
        "",
        "From a table (CSV, TSV) of onset and description, or from EDF+ annotations",
        section="export",
    ),
    Action("quit", "File", "Quit", "file.close", ("Ctrl+Q",), (), "", section="quit"),
    Action("page_next", "View", "Next page", "view.turn", ("Right", "PgDown"), _R, "caret-right", argument=1.0),
    Action("page_back", "View", "Previous page", "view.turn", ("Left", "PgUp"), _R, "caret-left", argument=-1.0),
    Action("tenth_next", "View", "A tenth of a page on", "view.turn", ("Shift+Right",), _R, argument=0.1),
    Action("tenth_back", "View", "A tenth of a page back", "view.turn", ("Shift+Left",), _R, argument=-0.1),
    Action("second_next", "View", "One second on", "view.move", ("Ctrl+Right",), _R, argument=1.0),
    Action("second_back", "View", "One second back", "view.move", ("Ctrl+Left",), _R, argument=-1.0),
    Action("first", "View", "Start of the recording", "view.go_first", ("Home",), _R),
    Action("last", "View", "End of the recording", "view.go_last", ("End",), _R),
    Action(
        "play",
        "View",
        "Play",
        "view.play",
        ("Space",),
        _R,
        "play",
        "The cursor runs in real time, and pages turn",
        check="playing",
    ),
    *(
        Action(f"speed_{n}", "View", f"Play at {n} ×", "view.set_speed", (), _R, argument=n, check=f"speed {n}")
        for n in (1, 2, 4, 8)
    ),
    Action("goto", "View", "Go to a time…", "ask.show_goto", ("G",), _R, "clock"),
    Action(
        "larger", "View", "Larger", "view.step_sensitivity", ("Up",), _R, tip="Fewer µV/mm", argument=-1, section="size"
    ),
    Action("smaller", "View", "Smaller", "view.step_sensitivity", ("Down",), _R, argument=1, section="size"),
    Action(
        "depth_larger",
        "View",
        "Reconstruction larger",
        "view.step_depth",
        ("Shift+Up",),
        _R,
        argument=-1,
        section="size",
    ),
    Action(
        "depth_smaller",
        "View",
        "Reconstruction smaller",
        "view.step_depth",
        ("Shift+Down",),
        _R,
        argument=1,
        section="size",
    ),
    Action(
        "filters", "View", "Filters", "view.toggle_filters", ("F",), _R, "funnel", check="filters_on", section="filters"
    ),
    Action(
        "map", "View", "Map at the cursor", "view.toggle_map", ("M",), _R, "circle-half", check="map", section="map"
    ),
    *(
        Action(
            f"speed_{n}_mm",
            "View",
            f"Paper speed {n} mm/s",
            "view.set_mm_per_second",
            (),
            _R,
            argument=n,
            section="base",
            tip="As many seconds a page as make this paper speed on this screen",
        )
        for n in (15, 30, 60)
    ),
    Action(
        "calibrate",
        "View",
        "Calibrate the screen…",
        "ask.show_calibrate",
        (),
        (),
        "ruler",
        "True millimetres",
        section="base",
    ),
    Action(
        "present",
        "View",
        "Presentation",
        "view.present",
        ("P",),
        _R,
        "presentation-chart",
        "One clean full screen in large type, without the patient's name",
        check="presenting",
        section="look",
    ),
    Action("dark", "View", "Dark", "view.toggle_dark", (), (), "moon", check="dark", section="look"),
    Action(
        "privacy",
        "View",
        "Hide the patient's name",
        "view.toggle_privacy",
        ("Ctrl+H",),
        (),
        "eye-slash",
        check="private",
        section="look",
    ),
    *(
        Action(
            f"montage_{n}", "Montage", MONTAGE_NAMES[m], "view.set_montage", (str(n),), _R, "", "", m, f"montage {m}"
        )
        for n, m in enumerate(MONTAGES, 1)
    ),
    Action(
        "reconstruct",
        "Reconstruct",
        "This page",
        "depth.reconstruct_page",
        ("R",),
        ("ready",),
        "waves",
        "Draw samples of depth EEG for this page, and for the pages that follow",
    ),
    Action(
        "reconstruct_selection",
        "Reconstruct",
        "The selection",
        "depth.reconstruct_selection",
        (),
        ("ready", "selection"),
    ),
    Action("reconstruct_all", "Reconstruct", "The whole recording", "depth.reconstruct_all", (), ("ready",)),
    Action(
        "follow", "Reconstruct", "Go on as pages turn", "depth.toggle_follow", (), (), check="follow", section="follow"
    ),
    Action(
        "withheld",
        "Reconstruct",
        "Show what is withheld",
        "depth.toggle_withheld",
        (),
        ("reconstructed",),
        "",
        "Look at stretches that are outside what the model knows; they stay hatched and named",
        check="withheld_shown",
        section="follow",
    ),
    Action("cancel", "Reconstruct", "Stop", "cancel", ("Escape",), (), "x-circle", section="follow"),
    Action(
        "sample_next",
        "Reconstruct",
        "Next sample",
        "depth.flip",
        ("]",),
        ("reconstructed",),
        argument=1,
        section="flip",
    ),
    Action(
        "sample_back",
        "Reconstruct",
        "Previous sample",
        "depth.flip",
        ("[",),
        ("reconstructed",),
        argument=-1,
        section="flip",
    ),
    Action(
        "sample_off",
        "Reconstruct",
        "No single sample",
        "depth.flip",
        (),
        ("reconstructed",),
        argument=0,
        section="flip",
    ),
    Action(
        "mark",
        "Marks",
        "Event here",
        "marks.mark_here",
        ("E",),
        ("markable",),
        "flag",
        "Mark the selection or the cursor",
    ),
    Action(
        "ruler",
        "Marks",
        "Ruler",
        "marks.ruler",
        ("L",),
        _R,
        "ruler",
        "Measure from the cursor to where L is pressed again",
    ),
    Action(
        "bad",
        "Marks",
        "Bad channel",
        "marks.mark_bad",
        ("B",),
        _R,
        "prohibit",
        "Set the chosen channel aside, or take it back",
    ),
    Action("rename", "Marks", "Rename the event", "marks.rename_mark", ("F2",), ("markable",), "pencil-simple"),
    Action("delete", "Marks", "Delete the event", "marks.delete_mark", ("Delete",), ("markable",), "trash"),
    Action("undo", "Marks", "Undo", "marks.undo", ("Ctrl+Z",), ("undoable",), "arrow-u-up-left", section="undo"),
    Action("redo", "Marks", "Redo", "marks.redo", ("Ctrl+Shift+Z",), ("redoable",), "arrow-u-up-right", section="undo"),
    Action(
        "accept",
        "Marks",
        "Accept the spike",
        "marks.decide",
        ("A",),
        ("markable",),
        "check",
        "The spike at the cursor",
        "accepted",
        section="decide",
    ),
    Action(
        "reject",
        "Marks",
        "Reject the spike",
        "marks.decide",
        ("X",),
        ("markable",),
        "x",
        "The spike at the cursor",
        "rejected",
        section="decide",
    ),
    Action(
        "unsure",
        "Marks",
        "Unsure of the spike",
        "marks.decide",
        ("U",),
        ("markable",),
        "question",
        "The spike at the cursor",
        "unsure",
        section="decide",
    ),
    Action(
        "criteria",
        "Marks",
        "Criteria of the discharge",
        "marks.toggle_criteria",
        ("I",),
        _R,
        "check-square",
        "The six criteria of the IFCN, as a checklist on the discharge at the cursor",
        check="discharge",
        section="decide",
    ),
    Action(
        "spike_next",
        "Marks",
        "Next spike",
        "marks.next_spike",
        ("S",),
        ("recording", "spikes"),
        argument=1,
        section="spikes",
    ),
    Action(
        "spike_back",
        "Marks",
        "Previous spike",
        "marks.next_spike",
        ("Shift+S",),
        ("recording", "spikes"),
        argument=-1,
        section="spikes",
    ),
    Action("event_next", "Marks", "Next event", "marks.next_event", ("N",), ("events",), argument=1, section="events"),
    Action(
        "event_back",
        "Marks",
        "Previous event",
        "marks.next_event",
        ("Shift+N",),
        ("events",),
        argument=-1,
        section="events",
    ),
    Action(
        "trends",
        "Analysis",
        "Trends",
        "view.toggle_trends",
        ("T",),
        _R,
        "chart-line",
        "Power of both sides, asymmetry, amplitude and spike rates of the whole recording",
        check="trends",
    ),
    *(
        Action(
            f"trends_{region}",
            "Analysis",
            f"Trends: {region}",
            "view.set_trend_region",
            (),
            _R,
            argument=region,
            check=f"trends {region}",
        )
        for region in REGIONS
    ),
    Action(
        "spikes", "Analysis", "Propose spikes", "marks.toggle_spikes", (), (), check="spikes_shown", section="spikes"
    ),
    Action("card", "Analysis", "About the model…", "ask.show_card", (), ("model",), "cpu", section="card"),
    Action("keys", "Help", "Keys…", "ask.show_keys", ("?",), (), "keyboard"),
    Action("about", "Help", "About and intended use…", "ask.show_about", (), (), "info"),
)

FACTS: Final = frozenset(field.name for field in fields(Situation))
