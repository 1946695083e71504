"""Montages of a reader's own: made, saved, shown, given away, taken in, and still there the next time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit
from pytestqt.qtbot import QtBot

from neuroflow.signal.derivation import OwnMontage, parse_derivation
from neuroflow_review.dialogs.keys import KeysDialog
from neuroflow_review.dialogs.montage_table import LABEL, TEXT
from neuroflow_review.dialogs.montages import MontagesDialog
from neuroflow_review.lanes import Lane
from neuroflow_review.session.montages import Montages
from neuroflow_review.session.remembered import initial_state, remember
from neuroflow_review.settings import Settings
from neuroflow_review.theme import THEMES, Theme
from neuroflow_review.window import ReviewWindow

Key = Qt.Key
CTRL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier,
)  # fmt: skip
Press = Callable[..., None]
Settle = Callable[[ReviewWindow], None]


def own(name: str, *texts: str) -> OwnMontage:
    return OwnMontage(name, tuple(parse_derivation(text) for text in texts))


@pytest.fixture
def lane(qapp: QApplication) -> Iterator[Lane]:  # noqa: ARG001 - Qt must be up
    made = Lane("save")
    yield made
    made.close()
    made.join()


# Kept -----------------------------------------------------------------------------------------------------------------


def test_montages_are_there_the_next_time_with_their_keys(tmp_path: Path, lane: Lane) -> None:
    first = Montages(tmp_path, lane)
    for name in ("Zwei", "Eins", "Drei"):
        first.save(own(name, "F7-T3"))
    first.remove("Eins")
    first.save(own("Vier", "F8-T4"))
    first.save(own("Zwei neu", "F7-T3", "T3-T5"), "Zwei")
    again = Montages(tmp_path, lane)
    assert [m.name for m in again.all] == ["Zwei neu", "Vier", "Drei"]
    assert [again.key_of(m.name) for m in again.all] == [1, 2, 3]
    assert again.get("Zwei neu") == own("Zwei neu", "F7-T3", "T3-T5")
    assert again.get("Zwei") is None
    assert len(list((tmp_path / "montages").iterdir())) == 3
    assert not again.notice


def test_a_name_stands_for_one_montage(tmp_path: Path, lane: Lane) -> None:
    kept = Montages(tmp_path, lane)
    kept.save(own("Temporal", "F7-T3"))
    for name in ("temporal", "Average", "as recorded"):
        with pytest.raises(ValueError, match="choose another name"):
            kept.save(own(name, "F7-T3"))
    assert kept.free_name("TEMPORAL") == "TEMPORAL (2)"
    assert kept.free_name("x" * 40) == "x" * 40
    kept.save(own("x" * 40, "F7-T3"))
    assert kept.free_name("x" * 40) == "x" * 36 + " (2)"
    kept.save(own("temporal", "F8-T4"), "Temporal")  # the same, spelled otherwise
    assert [m.name for m in kept.all] == ["temporal", "x" * 40]
    assert len(Montages(tmp_path, lane).all) == 2


def test_nine_montages_have_a_key(tmp_path: Path, lane: Lane) -> None:
    kept = Montages(tmp_path, lane)
    for k in range(11):
        kept.save(own(f"M{k}", "F7-T3"))
    assert [kept.key_of(m.name) for m in kept.all] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0]


def test_a_damaged_file_is_set_aside_and_said_and_the_others_are_there(tmp_path: Path, lane: Lane) -> None:
    kept = Montages(tmp_path, lane)
    kept.save(own("Good", "F7-T3"))
    kept.save(own("Bad", "F8-T4"))
    folder = tmp_path / "montages"
    bad = next(folder.glob("bad-*.json"))
    bad.write_bytes(bad.read_bytes()[:40])
    again = Montages(tmp_path, lane)
    assert [m.name for m in again.all] == ["Good"]
    assert "damaged and was kept as" in again.notice
    assert again.notice.endswith(".")
    (aside,) = folder.glob("*.damaged-*")
    assert aside.read_bytes() == kept_start(aside)
    assert not Montages(tmp_path, lane).notice  # said once


def kept_start(aside: Path) -> bytes:
    text = aside.read_bytes()
    assert text.startswith(b"{")
    assert len(text) == 40
    return text


def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path, lane: Lane) -> None:
    folder = tmp_path / "montages"
    folder.mkdir()
    (folder / "a.json").write_text('{"format": 9}')
    kept = Montages(tmp_path, lane)
    assert kept.all == ()
    assert "later version" in kept.notice
    assert [p.name for p in folder.iterdir()] == ["a.json"]


def test_a_folder_that_takes_nothing_is_a_sentence_and_nothing_has_changed(tmp_path: Path, lane: Lane) -> None:
    from neuroflow.errors import FileProblem

    (tmp_path / "montages").write_text("not a folder")
    kept = Montages(tmp_path, lane)
    with pytest.raises(FileProblem) as refused:
        kept.save(own("A", "F7-T3"))
    assert refused.value.text.endswith(".")
    assert kept.all == ()


def test_a_view_opens_in_the_montage_it_was_left_in_or_in_one_that_exists(tmp_path: Path, lane: Lane) -> None:
    settings, kept = Settings(), Montages(tmp_path, lane)
    kept.save(own("Temporal", "F7-T3"))
    settings.set("page.montage", "Temporal")
    settings.set("page.interleaved", True)
    state = initial_state(settings, kept)
    assert (state.montage, state.own, state.interleaved) == ("Temporal", kept.get("Temporal"), True)
    remember(state, settings)
    assert settings.get("page.montage") == "Temporal"
    kept.remove("Temporal")
    assert initial_state(settings, kept).montage == "longitudinal"
    settings.set("page.montage", "x' OR 1=1")
    assert initial_state(settings, kept).montage == "longitudinal"


# In the window --------------------------------------------------------------------------------------------------------


def test_an_own_montage_is_chosen_by_menu_key_and_toolbar(opened: ReviewWindow, press: Press, settle: Settle) -> None:
    session = opened.session
    session.montages.save(own("Temporal & ears", "F7-T3", "T3-ears"))
    action = next(a for a in opened.commands.menus["Montage"].actions() if a.text().startswith("Temporal"))
    assert [s.toString() for s in action.shortcuts()] == ["Ctrl+1"]
    press(opened, Key.Key_1, CTRL)
    settle(opened)
    assert [row.label for row in session.rows if row.kind == "EEG"] == ["F7–T3", "T3–A1A2"]
    assert session.page.request.rows == session.rows
    assert action.isChecked()
    assert opened.commands.montage.text() == "Temporal && ears"
    press(opened, Key.Key_1)
    settle(opened)
    assert (session.state.montage, session.state.own) == ("longitudinal", None)
    assert not action.isChecked()
    opened.commands.montage.menu().actions()[-1].trigger()
    assert session.state.montage == "Temporal & ears"
    session.montages.remove("Temporal & ears")
    assert opened.commands.montage.values[-1] == "as recorded"


def test_keys_of_own_montages_clash_with_no_other_and_stand_on_the_page_of_keys(
    qtbot: QtBot, opened: ReviewWindow
) -> None:
    for k in range(9):
        opened.session.montages.save(own(f"M{k}", "F7-T3"))
    keys = [QKeySequence(s).toString() for a in opened.actions() for s in a.shortcuts()]
    assert len(keys) == len(set(keys))
    opened.commands.actions["keys"].trigger()
    sheet = opened.findChild(KeysDialog)
    qtbot.waitUntil(sheet.isVisible)
    assert ("Montage", "M8", "Ctrl+9") in sheet.shown
    sheet.close()


def test_interleaved_chains_stand_left_above_right(opened: ReviewWindow, settle: Settle) -> None:
    action = opened.commands.actions["interleaved"]
    assert not action.isChecked()
    action.trigger()
    settle(opened)
    rows = [row.label for row in opened.session.page.request.rows]
    assert rows[3:5] == ["T5–O1", "Fp2–F8"]
    assert action.isChecked()
    action.trigger()
    settle(opened)
    assert [row.label for row in opened.session.rows][3:5] == ["T5–O1", "Fp1–F3"]


def test_chains_that_cannot_be_interleaved_are_not_offered_to_be(opened: ReviewWindow, press: Press) -> None:
    action = opened.commands.actions["interleaved"]
    action.trigger()
    assert "left chain above" in action.toolTip()
    for key in (Key.Key_2, Key.Key_3, Key.Key_7):
        press(opened, key)
        assert not action.isEnabled()
        assert "press 1" in action.toolTip()
        assert opened.commands.menus["Montage"].toolTipsVisible()
    press(opened, Key.Key_1)
    assert action.isEnabled()
    assert action.isChecked(), "it is as it was left"
    assert "left chain above" in action.toolTip()


# Derivations of the file's own ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "labels", "drawn"),
    [
        (2, ["EEG FP1-F7", "EEG F7-T7", "EEG FP2-F8", "EEG FZ-CZ"], ["Fp1-F7", "F7-T3", "Fp2-F8", "Fz-Cz"]),
        (5, ["EEG Fp1-Ref", "EEG O2-Ref", "EEG X9"], ["Fp1", "O2", "X9"]),
    ],
)
def test_no_montage_is_named_of_which_no_derivation_is_drawn(
    show: Callable[[Path], ReviewWindow], edf: Callable[[str, list[str]], Path], press: Press, settle: Settle,
    number: int, labels: list[str], drawn: list[str],
) -> None:  # fmt: skip
    """Nor do electrodes vanish for it: what stands in every montage makes none."""
    window = show(edf("own.edf", labels))
    press(window, Key(Key.Key_0 + number))
    settle(window)
    assert [row.label for row in window.session.page.request.rows] == drawn
    assert window.commands.montage.text() == "As recorded"
    assert "as recorded: no" in window.says.text()
    window.session.store.update(montage="Mine", own=own("Mine", "Fp1-ears"))
    settle(window)
    assert window.commands.montage.text() == "As recorded"
    assert [row.label for row in window.session.page.request.rows] == drawn


def test_a_recording_of_the_double_banana_opens_in_it_with_its_trends(
    qtbot: QtBot, show: Callable[[Path], ReviewWindow], edf: Callable[[str, list[str]], Path], press: Press,
    settle: Settle,
) -> None:  # fmt: skip
    chains = ("FP1-F7 F7-T7 T7-P7 P7-O1", "FP1-F3 F3-C3 C3-P3 P3-O1", "FP2-F4 F4-C4 C4-P4 P4-O2", "FP2-F8 F8-T8",
              "FZ-CZ CZ-PZ")  # fmt: skip
    window = show(edf("banana.edf", ["ECG", *" ".join(chains).split()]))
    rows = window.session.page.request.rows
    assert [row.label for row in rows][:5] == ["Fp1–F7", "F7–T3", "T3–T5", "T5–O1", "Fp1–F3"]
    assert rows[8].label == "Fz–Cz", "the midline stands between left and right"
    assert len({row.group for row in rows}) == 6, "there are gaps between chains, and before the heart"
    assert (window.commands.montage.text(), rows[-1].label) == ("Longitudinal", "ECG")
    assert "as recorded" not in window.says.text()
    press(window, Key.Key_T)
    qtbot.waitUntil(lambda: window.session.trends.trend is not None and not window.session.trends.busy)
    assert window.trends.message == ""
    press(window, Key.Key_7)
    settle(window)
    assert [row.label for row in window.session.rows][:2] == ["Fp1-F7", "F7-T3"], "by the names of the file's own"


def test_a_montage_of_ones_own_may_be_of_a_channel_at_no_known_site(
    show: Callable[[Path], ReviewWindow], edf: Callable[[str, list[str]], Path], settle: Settle
) -> None:
    window = show(edf("own.edf", ["EEG Fp1-Ref", "EEG X9"]))
    window.session.store.update(montage="Mine", own=own("Mine", "X9", "Fp1-ears"))
    settle(window)
    assert [row.label for row in window.session.page.request.rows] == ["X9"]
    assert window.commands.montage.text() == "Mine"


# The editor -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return tmp_path / "given.json"


@pytest.fixture
def editor(qtbot: QtBot, opened: ReviewWindow, files: Path) -> Iterator[MontagesDialog]:
    made = MontagesDialog(opened.session, opened, ask=lambda _write, _name: str(files))
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    qtbot.waitUntil(lambda: made.isActiveWindow() and made.table.hasFocus())
    yield made
    made.done(QDialog.DialogCode.Rejected)
    made.deleteLater()


def texts(editor: MontagesDialog) -> list[str]:
    return [line.text for line in editor.table.montage.lines]


def typed(qtbot: QtBot, editor: MontagesDialog, text: str, end: Qt.Key = Key.Key_Return) -> None:
    """Type into the table where it stands, as a reader does."""
    table = editor.table
    table.setFocus()
    qtbot.keyClicks(table, text[0])
    field = table.findChild(QLineEdit)
    assert field is not None
    qtbot.keyClicks(field, text[1:])
    qtbot.keyClick(field, end)
    qtbot.waitUntil(lambda: table.state() != table.State.EditingState)
    QApplication.processEvents()


def empty(editor: MontagesDialog) -> None:
    editor.new.menu().actions()[0].trigger()


def test_the_editor_begins_with_a_copy_of_what_is_shown(editor: MontagesDialog) -> None:
    assert texts(editor)[:4] == ["Fp1-F7", "F7-T3", "T3-T5", "T5-O1"]
    assert "18 rows; this recording has all" in editor.check.text()
    assert editor.name.text() == "My montage"


@pytest.mark.parametrize("shown", THEMES, ids=lambda t: t.name)
def test_rows_of_the_editor_have_the_colours_of_the_page(
    opened: ReviewWindow, editor: MontagesDialog, shown: Theme
) -> None:
    opened.set_theme(shown)
    QApplication.processEvents()
    montage = editor.table.montage
    lines = [line.text for line in montage.lines]
    inks = {text: montage.index(lines.index(text), LABEL).data(Qt.ItemDataRole.ForegroundRole) for text in lines}
    assert QColor(inks["Fp1-F7"]) == QColor(shown.left)
    assert QColor(inks["F8-T4"]) == QColor(shown.right)


def test_a_montage_is_typed_saved_and_shown(
    qtbot: QtBot, opened: ReviewWindow, editor: MontagesDialog, settle: Settle
) -> None:
    empty(editor)
    editor.name.clear()
    qtbot.keyClicks(editor.name, "Nights")
    typed(qtbot, editor, "f3-ears")
    typed(qtbot, editor, "f7-t7-p7")  # a chain, in newer names
    typed(qtbot, editor, "C3 - 0.5 F3 - 0.5 P3")
    assert texts(editor) == ["F3-ears", "F7-T3", "T3-T5", "C3 - 0.5 F3 - 0.5 P3"]
    qtbot.mouseClick(editor.save, Qt.MouseButton.LeftButton)
    assert "Ctrl+1 shows it" in editor.note.text()
    settle(opened)
    assert opened.session.state.montage == "Nights"
    assert [row.label for row in opened.session.page.request.rows][:3] == ["F3–A1A2", "F7–T3", "T3–T5"]
    assert opened.session.montages.get("Nights") is not None
    # What is changed and saved again is on the page at once, under its new name.
    editor.table.choose((0,))
    qtbot.keyClick(editor.table, Key.Key_Delete)
    qtbot.keyClicks(editor.name, " 2")
    qtbot.mouseClick(editor.save, Qt.MouseButton.LeftButton)
    settle(opened)
    assert opened.session.state.montage == "Nights 2"
    assert opened.session.rows[0].label == "F7–T3"
    assert [m.name for m in opened.session.montages.all] == ["Nights 2"]


def test_rows_are_moved_parted_taken_away_and_put_back(qtbot: QtBot, editor: MontagesDialog) -> None:
    empty(editor)
    table = editor.table
    QGuiApplication.clipboard().setText("F7-T3\n\nT3-T5\nT5-O1\n")
    table.choose((0,))
    qtbot.keyClick(table, Key.Key_V, CTRL)
    assert texts(editor) == ["F7-T3", "T3-T5", "T5-O1"]
    table.choose((2,))
    qtbot.keyClick(table, Key.Key_Up, ALT)
    assert texts(editor) == ["F7-T3", "T5-O1", "T3-T5"]
    assert table.rows == (1,)
    qtbot.keyClick(table, Key.Key_G, CTRL)
    assert [line.gap for line in table.montage.lines] == [False, True, False]
    heights = [table.rowHeight(k) for k in range(3)]
    assert heights[1] > heights[0] == heights[2]
    qtbot.keyClick(table, Key.Key_Delete)
    assert texts(editor) == ["F7-T3", "T3-T5"]
    for _ in range(3):
        qtbot.keyClick(table, Key.Key_Z, CTRL)
    assert texts(editor) == ["F7-T3", "T3-T5", "T5-O1"]
    qtbot.keyClick(table, Key.Key_Z, CTRL | SHIFT)
    assert texts(editor) == ["F7-T3", "T5-O1", "T3-T5"]
    table.choose((0,))
    qtbot.keyClick(table, Key.Key_Up, ALT)  # there is no room above
    assert texts(editor)[0] == "F7-T3"
    table.choose((1, 2))
    qtbot.keyClick(table, Key.Key_Up, ALT)
    assert texts(editor) == ["T5-O1", "T3-T5", "F7-T3"]


def test_a_row_is_typed_in_between_and_an_empty_one_goes(qtbot: QtBot, editor: MontagesDialog) -> None:
    before, table = texts(editor), editor.table
    for words in ("", "Fp1-avg"):
        table.choose((1,))
        qtbot.keyClick(table, Key.Key_Insert)
        field = table.findChild(QLineEdit)
        qtbot.keyClicks(field, words)
        qtbot.keyClick(field, Key.Key_Return)
        qtbot.waitUntil(lambda: table.findChild(QLineEdit) is None)
        if not words:
            assert texts(editor) == before
            assert table.montage.rowCount() == len(before) + 1
    assert texts(editor)[:3] == ["Fp1-F7", "Fp1-avg", "F7-T3"]


def test_the_editor_says_what_is_wrong_and_what_the_recording_lacks(qtbot: QtBot, editor: MontagesDialog) -> None:
    empty(editor)
    for text in ("F7-T3", "F9-T9", "0.5 F3 + F4 - Cz"):
        typed(qtbot, editor, text)
    model = editor.table.montage
    assert [model.index(k, 2).data() for k in range(3)] == ["✓", "lacks F9, T9", "sums to 0.5"]
    assert editor.check.text() == "2 of 3 rows drawn here; lacking: F9, T9."
    typed(qtbot, editor, "F7 T3")
    assert editor.check.text().startswith("Row 4: Put + or -")
    qtbot.mouseClick(editor.save, Qt.MouseButton.LeftButton)
    assert editor.note.text().startswith("Row 4: ")
    assert editor.note.property("role") == "warning"


def test_a_label_is_the_readers_and_never_looks_reconstructed(qtbot: QtBot, editor: MontagesDialog) -> None:
    model = editor.table.montage
    model.setData(model.index(0, LABEL), "front")
    assert model.index(0, LABEL).data() == "front"
    model.setData(model.index(0, LABEL), "≈AHL1")
    assert "reconstructed" in model.index(0, 2).data()
    qtbot.mouseClick(editor.save, Qt.MouseButton.LeftButton)
    assert "Row 1" in editor.note.text()
    model.setData(model.index(0, LABEL), "")
    assert model.index(0, LABEL).data() == "Fp1–F7"
    model.setData(model.index(0, TEXT), "")
    assert texts(editor)[0] == "F7-T3"


def test_the_head_shows_what_is_drawn(qtbot: QtBot, editor: MontagesDialog) -> None:
    qtbot.waitUntil(lambda: editor.sketch._places is not None, timeout=60_000)
    before = editor.sketch.grab().toImage()
    editor.table.choose((4,))
    assert editor.sketch.grab().toImage() != before
    assert "18 of 18" in editor.sketch.accessibleDescription()
    empty(editor)
    typed(qtbot, editor, "F7-T3")
    typed(qtbot, editor, "X99")
    assert editor.sketch.off_head == ("X99",)


def test_what_is_not_saved_is_not_lost_by_one_press(qtbot: QtBot, editor: MontagesDialog) -> None:
    qtbot.keyClick(editor, Key.Key_Escape)
    assert not editor.isVisible()  # a copy that nobody touched is no work
    editor.show()
    editor.table.choose((0,))
    qtbot.keyClick(editor.table, Key.Key_Delete)
    qtbot.keyClick(editor, Key.Key_Escape)
    assert editor.isVisible()
    assert "not saved" in editor.note.text()
    qtbot.keyClick(editor, Key.Key_Escape)
    assert not editor.isVisible()


def test_a_montage_is_deleted_by_two_presses_and_the_page_goes_on(
    qtbot: QtBot, opened: ReviewWindow, editor: MontagesDialog, settle: Settle
) -> None:
    qtbot.mouseClick(editor.save, Qt.MouseButton.LeftButton)
    settle(opened)
    qtbot.mouseClick(editor.delete, Qt.MouseButton.LeftButton)
    assert opened.session.state.montage == "My montage"
    qtbot.mouseClick(editor.delete, Qt.MouseButton.LeftButton)
    settle(opened)
    assert opened.session.montages.all == ()
    assert opened.session.state.montage == "longitudinal"
    assert not editor.save.isEnabled()


def test_montages_go_out_and_come_in(qtbot: QtBot, opened: ReviewWindow, editor: MontagesDialog, files: Path) -> None:
    editor.give.menu().actions()[0].trigger()
    assert "Save first" in editor.note.text()
    qtbot.mouseClick(editor.save, Qt.MouseButton.LeftButton)
    editor.give.menu().actions()[0].trigger()
    qtbot.waitUntil(lambda: "Wrote 1 montage" in editor.note.text())
    qtbot.mouseClick(editor.take, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Imported 1 montage" in editor.note.text())
    assert [m.name for m in opened.session.montages.all] == ["My montage", "My montage (2)"]
    files.write_text("{}")
    qtbot.mouseClick(editor.take, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "no file of montages" in editor.note.text())
    assert len(opened.session.montages.all) == 2


def test_every_button_with_a_key_answers_to_it(qtbot: QtBot, editor: MontagesDialog) -> None:
    for key, made in ((Key.Key_N, editor.new), (Key.Key_E, editor.give)):
        shown: list[bool] = []
        menu = made.menu()
        menu.aboutToShow.connect(partial(shown.append, True))
        menu.aboutToShow.connect(partial(QTimer.singleShot, 50, menu, menu.close))  # it holds until it is left
        editor.activateWindow()
        qtbot.waitUntil(lambda: editor.isActiveWindow() and QApplication.activePopupWidget() is None)
        qtbot.keyClick(editor, key, ALT)
        qtbot.waitUntil(partial(bool, shown))
    qtbot.keyClick(editor, Key.Key_D, ALT)
    qtbot.waitUntil(lambda: "Press Delete again" in editor.note.text())
    editor.new.menu().actions()[-1].trigger()
    editor.new.menu().actions()[-1].trigger()
    assert [draft.name for draft in editor._drafts] == ["My montage", "My montage (2)", "My montage (3)"]


def test_the_editor_opens_from_the_menu_without_a_recording(qtbot: QtBot, window: ReviewWindow, press: Press) -> None:
    press(window, Key.Key_M, CTRL | SHIFT)
    editor = window.findChild(MontagesDialog)
    qtbot.waitUntil(editor.isVisible)
    assert "Open a recording" in editor.check.text()
    editor.close()
