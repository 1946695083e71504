"""Menu File: what is opened, compared, written and taken in."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from neuroflow_review.window.part import Part

_TABLES = "Tables (*.csv *.tsv);;EDF+ annotations (*.edf);;All files (*)"
_MARKS = f"Tables, annotations and review files (*.csv *.tsv *.edf *.review.json);;{_TABLES}"
_FILES = "Recordings (*.edf *.EDF *.bdf *.BDF *.rec);;All files (*)"


class FileCommands(Part):
    """Handlers of menu File."""

    def choose_file(self) -> None:
        folder = self.session.settings.get("files.folder")
        name, _ = QFileDialog.getOpenFileName(self.window, "Open a recording", folder, _FILES)
        if name:
            self.session.open(name)

    def open_demo(self) -> None:
        if self.commands.demo is not None:
            self.session.open(self.commands.demo)

    def close_recording(self) -> None:
        self.session.close_recording()

    def choose_comparison(self) -> None:
        folder = self.session.settings.get("files.folder")
        name, _ = QFileDialog.getOpenFileName(self.window, "Compare with recorded iEEG", folder, _FILES)
        if name:
            self.session.comparison.open(Path(name), [c.name for c in self.session.contacts])

    def close_comparison(self) -> None:
        self.session.comparison.close()

    def export_marks(self) -> None:
        recording = self.session.recording
        if recording is None:
            return
        stem = "marks" if self.session.state.private else f"{recording.path.stem}-marks"
        beside = str(recording.path.with_name(f"{stem}.csv"))
        name, _ = QFileDialog.getSaveFileName(self.window, "Export marks", beside, _TABLES)
        if name:
            self.session.marks.ask_export(Path(name))

    def import_marks(self) -> None:
        folder = self.session.settings.get("files.folder")
        name, _ = QFileDialog.getOpenFileName(self.window, "Import marks", folder, _MARKS)
        if name:
            self.session.marks.ask_import(Path(name))

    def close(self) -> None:
        self.window.close()
