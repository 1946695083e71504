"""Menus Analysis, Window and Help."""

from __future__ import annotations

from typing import Final

from neuroflow.signal.topography import MAPPED
from neuroflow.signal.trends import REGIONS
from neuroflow_review.action import Action

_R = ("recording",)

ACTIONS: Final = (
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
        "spectrum",
        "Analysis",
        "Spectrum of the page",
        "read.toggle_dock",
        ("Shift+F",),
        _R,
        "chart-bar",
        "Power over frequency of the page, or of the selection, for the chosen channel",
        "Spectrum",
        check="spectrum",
        section="spectrum",
    ),
    Action(
        "butterfly",
        "Analysis",
        "Butterfly at the cursor",
        "read.toggle_dock",
        ("Shift+B",),
        _R,
        "activity",
        "All electrodes over one another around the cursor, and the global field power",
        "Butterfly",
        check="butterfly",
        section="spectrum",
    ),
    Action(
        "map_next",
        "Analysis",
        "Map: next quantity",
        "read.map_next",
        ("Shift+M",),
        _R,
        tip="Voltage at the cursor, then power of the page in one band after the other",
        section="map",
    ),
    *(
        Action(
            f"map_{quantity}",
            "Analysis",
            f"Map: {quantity}",
            "read.set_map",
            (),
            _R,
            argument=quantity,
            check=f"map of {quantity}",
            section="map",
        )
        for quantity in MAPPED
    ),
    Action(
        "channel_next",
        "Analysis",
        "Next channel",
        "read.choose_next",
        ("C",),
        _R,
        "",
        "Choose the row below",
        1,
        section="channel",
    ),
    Action(
        "channel_back",
        "Analysis",
        "Previous channel",
        "read.choose_next",
        ("Shift+C",),
        _R,
        "",
        "Choose the row above",
        -1,
        section="channel",
    ),
    Action(
        "averages",
        "Analysis",
        "Averages of accepted discharges…",
        "ask.show_averages",
        ("V",),
        _R,
        "activity",
        "Accepted discharges averaged by focus, with the error of the mean and the map at the peak",
        section="spikes",
    ),
    Action(
        "spikes",
        "Analysis",
        "Propose spikes",
        "marks.toggle_spikes",
        (),
        ("sighted",),
        check="proposals_shown",
        section="spikes",
    ),
    Action("card", "Analysis", "About the model…", "ask.show_card", (), ("model",), "cpu", section="card"),
    Action(
        "second",
        "Window",
        "Second window",
        "look.toggle_second",
        ("W",),
        (),
        "monitor",
        "The reconstruction in a window of its own, on the second screen where there is one, at the same time",
        check="second",
    ),
    Action("keys", "Help", "Keys…", "ask.show_keys", ("?",), (), "keyboard"),
    Action("about", "Help", "About and intended use…", "ask.show_about", (), (), "info"),
)
