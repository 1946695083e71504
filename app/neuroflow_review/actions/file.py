"""Menu File."""

from __future__ import annotations

from typing import Final

from neuroflow_review.action import Action

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
        "problems",
        "File",
        "What is wrong with this file…",
        "ask.show_problems",
        (),
        ("flawed",),
        "",
        "Every problem that was found when the file was read",
    ),
    Action(
        "compare",
        "File",
        "Compare with recorded iEEG…",
        "file.choose_comparison",
        (),
        ("recording", "model", "sighted"),
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
        "The window as a picture (PNG), the page or all panels as lines (SVG), or the values of all panels (CSV)",
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
        ("markable", "sighted"),
        "",
        "From a table (CSV, TSV) of onset and description or HED-SCORE, from EDF+ annotations, or a review file",
        section="export",
    ),
    Action("quit", "File", "Quit", "file.close", ("Ctrl+Q",), (), "", section="quit"),
)
