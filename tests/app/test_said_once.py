"""What is said in the window is said once, and only where it holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QLabel, QWidget
from tests.app.conftest import words_of, write_edf

from neuroflow_review.window import ReviewWindow


def test_what_is_said_of_neighbouring_stretches_is_said_once(
    opened: ReviewWindow, settle: Callable[[ReviewWindow], None]
) -> None:
    opened.session.go_to(105.0)  # the middle of a tile: the page has two
    settle(opened)
    assert len(opened.session.reconstruction.segments(opened.session.state.span)) == 2
    assert words_of(opened.ieeg).count("press R") == 1


def test_spikes_are_not_said_to_be_sought_where_there_is_no_eeg(
    window: ReviewWindow, tmp_path: Path, settle: Callable[[ReviewWindow], None]
) -> None:
    for label, sought in (("Resp thorax", False), ("EEG Fp1-Ref", True)):
        window.session.open(write_edf(tmp_path / f"{label}.edf", [label], seconds=300))
        settle(window)
        assert ("spikes sought" in words_in(window.events)) is sought


def words_in(widget: QWidget) -> str:
    return " ".join(label.text() for label in widget.findChildren(QLabel))
