"""Channels mapped by hand in the window: shown at once, remembered for the laboratory's files, and taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from neuroflow.anatomy.mapping import Assignment, MappedSource
from neuroflow.errors import FileProblem
from neuroflow.io import open_recording
from neuroflow.recording import ChannelKind
from neuroflow_review.dialogs.channels import KIND, NAME, REFERENCE, ChannelsDialog
from neuroflow_review.session.mapping import ChannelMapping
from neuroflow_review.window import ReviewWindow

Key = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
Press = Callable[..., None]
Settle = Callable[[ReviewWindow], None]
Edf = Callable[[str, list[str]], Path]

STRANGE = ["X1", "X2", "X3", "X4", "X5", "X6", "EEG Fp1-Ref", "EKG"]
SITES = ["F7", "T3", "T5", "O1", "F8", "T4"]


@pytest.fixture
def strange(edf: Edf) -> Path:
    """A recording whose labels say little."""
    return edf("strange.edf", STRANGE)


@pytest.fixture
def asked(qtbot: QtBot, window: ReviewWindow, strange: Path, press: Press, settle: Settle) -> ChannelsDialog:
    """The dialog on that recording, opened by its key."""
    window.session.open(strange)
    settle(window)
    press(window, Key.Key_C, CTRL | SHIFT)
    dialog = window.findChild(ChannelsDialog)
    qtbot.waitUntil(dialog.isVisible)
    dialog.activateWindow()
    return dialog


def column(dialog: ChannelsDialog, number: int) -> list[str]:
    return [dialog.model.index(row, number).data() for row in range(dialog.model.rowCount())]


def use(qtbot: QtBot, window: ReviewWindow, dialog: ChannelsDialog, settle: Settle) -> None:
    with qtbot.waitSignal(window.session.opened):
        qtbot.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    settle(window)


def names(window: ReviewWindow) -> list[str]:
    return [c.name for c in window.session.recording.channels]


def test_what_nobody_knows_is_said_and_listed_first(asked: ChannelsDialog, window: ReviewWindow) -> None:
    assert "6 not recognised" in window.says.text()
    assert column(asked, 0)[:6] == STRANGE[:6]
    assert column(asked, 3)[:1] == ["not recognised"]
    assert "Fp1 · EEG" in column(asked, 3)
    assert "6 channels are not recognised" in asked.note.text()
    assert asked.table.currentIndex().column() == NAME
    asked.close()


def test_the_dialog_is_offered_when_a_recording_opens(
    qtbot: QtBot, window: ReviewWindow, strange: Path, demo: Path, settle: Settle
) -> None:
    heard: list[str] = []
    window.statusBar().messageChanged.connect(heard.append)
    window.session.open(strange)
    offered = "6 channels are not recognised: Ctrl+Shift+C says what they are."
    qtbot.waitUntil(lambda: any(offered in text for text in heard))
    heard.clear()
    window.session.open(demo)
    qtbot.waitUntil(lambda: window.session.recording.path == demo)
    settle(window)
    assert not any("not recognised" in text for text in heard)


def test_channels_are_named_by_typing_and_the_page_follows_at_once(
    qtbot: QtBot, asked: ChannelsDialog, window: ReviewWindow, strange: Path, settle: Settle
) -> None:
    before = strange.read_bytes()
    window.session.toggle_bad("X2")
    for site in ("f7", "t7-a1", "T5", "o1"):
        qtbot.keyClicks(asked.table, site[0])
        field = asked.table.findChild(QLineEdit)
        qtbot.keyClicks(field, site[1:])
        qtbot.keyClick(field, Key.Key_Return)
        qtbot.waitUntil(lambda: asked.table.findChild(QLineEdit) is None)
    assert column(asked, NAME)[:4] == ["F7", "T3", "T5", "O1"]
    assert column(asked, KIND)[:4] == ["EEG"] * 4
    assert column(asked, REFERENCE)[1] == "A1"
    use(qtbot, window, asked, settle)
    assert names(window) == ["F7", "T3", "T5", "O1", "X5", "X6", "Fp1", "EKG"]
    assert [row.label for row in window.session.page.request.rows][:4] == ["Fp1–F7", "F7–T3", "T3–T5", "T5–O1"]
    assert window.session.state.bad == {"T3"}  # what was set aside is so under its new name
    assert [row.bad for row in window.session.rows][:3] == [False, True, True]
    assert "4 mapped by hand" in window.says.text()
    assert "not recognised" not in window.says.text()  # the reader has seen the others
    assert strange.read_bytes() == before


def test_six_named_channels_can_be_reconstructed(
    qtbot: QtBot, asked: ChannelsDialog, window: ReviewWindow, press: Press, settle: Settle,
    reconstructed: Callable[[ReviewWindow], None],
) -> None:  # fmt: skip
    assert not window.session.reconstruction.ready
    QGuiApplication.clipboard().setText("\n".join(SITES))
    asked.table.setCurrentIndex(asked.model.index(0, NAME))
    qtbot.keyClick(asked.table, Key.Key_V, CTRL)
    assert column(asked, NAME)[:6] == SITES
    use(qtbot, window, asked, settle)
    assert window.session.reconstruction.ready
    press(window, Key.Key_R)
    reconstructed(window)
    assert window.session.depth is not None


def test_undo_of_marks_outlives_a_mapping(
    qtbot: QtBot, asked: ChannelsDialog, window: ReviewWindow, settle: Settle
) -> None:
    window.session.marks.add(3.0, "before")
    asked.model.setData(asked.model.index(0, NAME), "F7")
    use(qtbot, window, asked, settle)
    assert [m.text for m in window.session.marks.all] == ["before"]
    assert window.session.marks.to_undo
    window.session.marks.undo()
    assert window.session.marks.all == ()


def test_what_cannot_be_is_said_and_not_used(qtbot: QtBot, asked: ChannelsDialog) -> None:
    asked.model.setData(asked.model.index(0, NAME), "≈AHL1")
    assert "reconstructed" in asked.note.text()
    assert not asked.use.isEnabled()
    qtbot.keyClick(asked, Key.Key_Return)
    assert asked.isVisible()
    asked.model.setData(asked.model.index(0, NAME), "Fp1")
    assert "Fp1 stands for two channels" in asked.note.text()
    assert asked.use.isEnabled()
    asked.close()


def test_a_mapping_is_taken_back(
    qtbot: QtBot, asked: ChannelsDialog, window: ReviewWindow, settle: Settle, press: Press
) -> None:
    asked.model.setData(asked.model.index(0, NAME), "F7")
    asked.model.setData(asked.model.index(1, KIND), "respiration")
    use(qtbot, window, asked, settle)
    assert [c.kind for c in window.session.recording.channels][1] is ChannelKind.RESPIRATION
    press(window, Key.Key_C, CTRL | SHIFT)
    again = next(d for d in window.findChildren(ChannelsDialog) if d.isVisible())
    assert column(again, NAME)[0] == "F7"
    qtbot.mouseClick(again.back, Qt.MouseButton.LeftButton)
    assert column(again, NAME)[0] == "X1"
    use(qtbot, window, again, settle)
    assert names(window)[:2] == ["X1", "X2"]
    assert "6 not recognised" in window.says.text()


def test_cancel_changes_nothing(qtbot: QtBot, asked: ChannelsDialog, window: ReviewWindow) -> None:
    asked.model.setData(asked.model.index(0, NAME), "F7")
    qtbot.keyClick(asked, Key.Key_Escape)
    QApplication.processEvents()
    assert names(window)[0] == "X1"


# Remembered -----------------------------------------------------------------------------------------------------------


def kept(path: Path, mapping: ChannelMapping) -> list[str]:
    source = mapping.applied(open_recording(path))
    try:
        return [c.name for c in source.recording.channels]
    finally:
        source.close()


def say(path: Path, mapping: ChannelMapping, **said: str) -> None:
    with open_recording(path) as source:  # type: ignore[attr-defined]
        mapping.keep(source.recording, {(x, 1): Assignment(n, ChannelKind.EEG) for x, n in said.items()})


def test_a_mapping_is_for_files_with_the_same_labels_and_for_labels_that_say_nothing(
    tmp_path: Path, strange: Path, edf: Edf
) -> None:
    say(strange, ChannelMapping(tmp_path), X1="F7", X2="T3")
    again = ChannelMapping(tmp_path)
    same = edf("same.edf", STRANGE[::-1])
    assert kept(same, again) == ["EKG", "Fp1", "X6", "X5", "X4", "X3", "T3", "F7"]
    other = edf("other.edf", ["x1", "X9", "EEG O1-Ref"])
    assert kept(other, again) == ["F7", "X9", "O1"]
    say(other, again)  # taken back: of this laboratory nothing is said, whatever others say
    assert kept(other, ChannelMapping(tmp_path)) == ["x1", "X9", "O1"]
    assert kept(strange, ChannelMapping(tmp_path))[:2] == ["F7", "T3"]


def test_a_label_that_says_something_is_not_overruled_by_another_laboratory(
    tmp_path: Path, strange: Path, edf: Edf
) -> None:
    mapping = ChannelMapping(tmp_path)
    with open_recording(strange) as source:  # type: ignore[attr-defined]
        mapping.keep(source.recording, {("EKG", 1): Assignment("T5", ChannelKind.EEG)})
    assert "T5" in kept(strange, mapping)
    other = edf("other.edf", ["EKG", "EEG O1-Ref"])
    assert kept(other, mapping) == ["EKG", "O1"]


def test_a_damaged_file_is_set_aside_and_said(tmp_path: Path, strange: Path) -> None:
    mapping = ChannelMapping(tmp_path)
    say(strange, mapping, X1="F7")
    (tmp_path / "channels.json").write_bytes(b'{"format": 1, "labora')
    assert kept(strange, mapping)[0] == "X1"
    assert "damaged and was kept as" in mapping.notice
    assert [p.read_bytes() for p in tmp_path.glob("channels.json.damaged-*")] == [b'{"format": 1, "labora']
    say(strange, mapping, X1="F8")
    assert kept(strange, ChannelMapping(tmp_path))[0] == "F8"


def test_a_later_file_is_never_written_over_and_what_is_said_holds_until_the_end(tmp_path: Path, strange: Path) -> None:
    (tmp_path / "channels.json").write_text('{"format": 7}')
    mapping = ChannelMapping(tmp_path)
    with pytest.raises(FileProblem, match="later version"):
        say(strange, mapping, X1="F7")
    assert (tmp_path / "channels.json").read_text() == '{"format": 7}'
    assert kept(strange, mapping)[0] == "F7"


def test_a_folder_that_takes_nothing_is_said_and_the_page_follows(
    qtbot: QtBot, asked: ChannelsDialog, window: ReviewWindow, tmp_path: Path, settle: Settle
) -> None:
    (tmp_path / "file").write_text("")
    window.session.mapping._path = tmp_path / "file" / "channels.json"
    asked.model.setData(asked.model.index(0, NAME), "F7")
    use(qtbot, window, asked, settle)
    assert names(window)[0] == "F7"
    qtbot.waitUntil(lambda: "not remembered" in window.statusBar().currentMessage())
    assert isinstance(window.session.source, MappedSource)
