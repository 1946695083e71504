"""Menus View and Montage."""

from __future__ import annotations

from typing import Final

from neuroflow.signal.montage import MONTAGES
from neuroflow_review.action import Action
from neuroflow_review.display import MONTAGE_NAMES

_R = ("recording",)
_FILTERED = ("recording", "filtered")
_CURSOR_TIP = "By a thousandth of the page; at its edge the page turns"

ACTIONS: Final = (
    Action("page_next", "View", "Next page", "view.turn", ("Right",), _R, "caret-right", argument=1.0),
    Action("page_back", "View", "Previous page", "view.turn", ("Left",), _R, "caret-left", argument=-1.0),
    *(
        Action(
            f"leaf_{name}",
            "View",
            text,
            "meeting.leaf",
            (key,),
            _R,
            tip="As the keys of a presenter's remote: a page, or in a presentation the next moment of the meeting",
            argument=step,
        )
        for name, text, key, step in (
            ("next", "Next page or moment", "PgDown", 1),
            ("back", "Previous page or moment", "PgUp", -1),
        )
    ),
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
        Action(
            f"speed_{n}",
            "View",
            f"Play at {n} ×",
            "view.set_speed",
            (),
            _R,
            argument=n,
            check=f"speed {n}",
            within="Speed of playing",
        )
        for n in (1, 2, 4, 8)
    ),
    *(
        Action(
            f"speed_{word}",
            "View",
            f"Play {word}",
            "view.step_speed",
            keys,
            _R,
            argument=step,
            within="Speed of playing",
        )
        for word, keys, step in (("faster", ("+", "="), 1), ("slower", ("-",), -1))
    ),
    *(
        Action(f"cursor_{name}", "View", text, "read.move_cursor", (key,), _R, "", tip, argument, within="Cursor")
        for name, text, key, argument, tip in (
            ("next", "Cursor forward", "Alt+Right", 1, _CURSOR_TIP),
            ("back", "Cursor back", "Alt+Left", -1, _CURSOR_TIP),
            ("leap_next", "Cursor forward by a fiftieth of the page", "Alt+Shift+Right", 20, ""),
            ("leap_back", "Cursor back by a fiftieth of the page", "Alt+Shift+Left", -20, ""),
        )
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
    *(
        Action(
            f"kind_{word}",
            "View",
            f"Channels of the chosen kind {word}",
            "kinds.step",
            (key,),
            _R,
            "",
            "ECG, EOG, EMG, respiration, SpO2 and others have a scale of their own: all like the chosen channel",
            step,
            section="size",
        )
        for word, key, step in (("larger", "Alt+Shift+Up", -1), ("smaller", "Alt+Shift+Down", 1))
    ),
    Action(
        "filters", "View", "Filters", "view.toggle_filters", ("F",), _R, "funnel", check="filters_on", section="filters"
    ),
    *(
        Action(
            f"{name}_{word}",
            "View",
            f"{text} {word}",
            "view.step_cut",
            (key,),
            _FILTERED,
            "",
            tip,
            (cut, step),
            section="filters",
            within="Cut-offs",
        )
        for name, text, cut, keys, tip in (
            ("low_cut", "Low cut", "low_cut", "Ctrl+", "The lowest is off"),
            ("high_cut", "High cut", "high_cut", "Ctrl+Shift+", "The highest is off"),
        )
        for word, key, step in (("higher", f"{keys}Up", 1), ("lower", f"{keys}Down", -1))
    ),
    Action(
        "notch_next",
        "View",
        "Notch: off, 50, 60 Hz",
        "view.next_notch",
        ("H",),
        _FILTERED,
        "",
        "The hum of the mains, taken out or left in",
        section="filters",
        within="Cut-offs",
    ),
    Action(
        "kinds",
        "View",
        "Other channels…",
        "kinds.show",
        ("Ctrl+Shift+F",),
        (),
        "",
        "Scale and filters of ECG, EOG, EMG, respiration, SpO2 and others, which keep their own",
        section="filters",
    ),
    Action(
        "map", "View", "Map at the cursor", "view.toggle_map", ("M",), _R, "circle-half", check="map", section="map"
    ),
    Action(
        "zoom",
        "View",
        "The chosen channel alone",
        "read.zoom",
        ("Z",),
        _R,
        "magnifying-glass-plus",
        "The chosen row at the height of the page, with an axis of µV; Z or Esc goes back",
        check="solo",
        section="map",
    ),
    *(
        Action(
            f"seconds_{word}",
            "View",
            f"{word.capitalize()} seconds a page",
            "view.step_seconds",
            (key,),
            _R,
            argument=step,
            section="base",
            within="Time base",
        )
        for word, key, step in (("fewer", "Alt+Up", -1), ("more", "Alt+Down", 1))
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
            within="Time base",
            tip="As many seconds a page as make this paper speed on this screen, however wide the page becomes",
            check=f"paper {n}",
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
    Action(
        "beside",
        "View",
        "Side by side",
        "look.toggle_beside",
        ("Ctrl+L",),
        (),
        "columns",
        "Scalp EEG at the left and its reconstruction at the right, each on half the width",
        check="beside",
        section="look",
    ),
    Action("light", "View", "Light", "look.set_theme", (), (), "sun", "", "light", "look light", "look"),
    Action("dark", "View", "Dark", "view.toggle_dark", (), (), "moon", check="dark", section="look"),
    Action(
        "print",
        "View",
        "Print",
        "look.set_theme",
        (),
        (),
        "printer",
        "Black on white, told apart in grey and by every eye, for pictures and for paper",
        "print",
        "look print",
        "look",
    ),
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
        "interleaved",
        "Montage",
        "Left and right interleaved",
        "montages.toggle_interleaved",
        (),
        ("recording", "longitudinal"),
        "",
        "Of the longitudinal montage: each left chain above its right counterpart",
        check="interleaved",
        section="options",
        otherwise="Only the longitudinal montage has chains that can be interleaved: press 1 for it",
    ),
    Action(
        "interpolate",
        "Montage",
        "Interpolate bad channels",
        "montages.toggle_interpolate",
        (),
        _R,
        "",
        "Draw channels that were set aside from those around them, pale and in brackets; nothing else uses them",
        check="interpolate",
        section="options",
    ),
    Action(
        "edit_montages",
        "Montage",
        "Edit montages…",
        "montages.edit",
        ("Ctrl+Shift+M",),
        (),
        "list-dashes",
        "Make montages of your own, give them away and take them in",
        section="edit",
    ),
    Action(
        "channels",
        "Montage",
        "Channels…",
        "channels.show",
        ("Ctrl+Shift+C",),
        _R,
        "tag",
        "Say what channels are where their labels do not",
        section="edit",
    ),
)
