"""The rules of the clinical design of what a reader sets up once, one test a rule, named by it: each by his hands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot
from tests.app.test_channels import STRANGE, asked, column, strange, use  # noqa: F401 - fixtures
from tests.app.test_cuts import humming
from tests.app.test_cuts import words_of as choices_of
from tests.app.test_montages import typed

from neuroflow.signal.montage import MONTAGES
from neuroflow_review.dialogs.calibrate import CARD_MM, CalibrateDialog
from neuroflow_review.dialogs.channels import KIND, NAME, REFERENCE, ChannelsDialog
from neuroflow_review.dialogs.montages import MontagesDialog
from neuroflow_review.paper import set_calibrated
from neuroflow_review.theme import colour
from neuroflow_review.window import ReviewWindow

Key = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton
Press = Callable[..., None]
Settle = Callable[[ReviewWindow], None]
Edf = Callable[[str, list[str]], Path]
Show = Callable[[Path], ReviewWindow]


def fill(qtbot: QtBot, dialog: ChannelsDialog, row: int, number: int, text: str) -> None:
    """Type into a cell of the table of channels."""
    dialog.table.setCurrentIndex(dialog.model.index(row, number))
    qtbot.keyClicks(dialog.table, text[0])
    field = dialog.table.findChild(QLineEdit)
    qtbot.keyClicks(field, text[1:])
    qtbot.keyClick(field, Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.table.findChild(QLineEdit) is None)


def test_channels_that_are_not_recognised_are_mapped_by_hand_once_and_remembered_for_the_laboratorys_files(
    qtbot: QtBot, asked: ChannelsDialog, window: ReviewWindow, edf: Edf, show: Show, settle: Settle  # noqa: F811
) -> None:  # fmt: skip
    fill(qtbot, asked, 0, NAME, "F7")
    fill(qtbot, asked, 1, NAME, "T7")
    fill(qtbot, asked, 1, REFERENCE, "A1")
    fill(qtbot, asked, 2, NAME, "Chin")
    asked.model.setData(asked.model.index(2, KIND), "EMG")
    use(qtbot, window, asked, settle)

    def known() -> list[tuple[str, str, str]]:
        return [(c.name, c.kind.value, c.reference) for c in window.session.recording.channels[:3]]

    mapped = [("F7", "EEG", ""), ("T3", "EEG", "A1"), ("Chin", "EMG", "")]
    assert known() == mapped
    show(edf("the same laboratory.edf", STRANGE))
    assert known() == mapped, "nobody asked again"
    assert "3 mapped by hand" in window.says.text()
    show(edf("another laboratory.edf", ["X9", "EEG T5-Ref", "EEG Fp1-Ref"]))
    assert [c.name for c in window.session.recording.channels] == ["X9", "T5", "Fp1"]


def test_an_editor_of_montages_has_save_export_and_import(
    qtbot: QtBot, opened: ReviewWindow, press: Press, settle: Settle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "given.json"
    for ask in ("getSaveFileName", "getOpenFileName"):
        monkeypatch.setattr(QFileDialog, ask, lambda *_: (str(given), ""))
    press(opened, Key.Key_M, CTRL | SHIFT)
    editor = opened.findChild(MontagesDialog)
    qtbot.waitUntil(editor.isVisible)
    editor.activateWindow()
    qtbot.waitUntil(editor.isActiveWindow)
    editor.new.menu().actions()[0].trigger()
    editor.name.clear()
    qtbot.keyClicks(editor.name, "Nights")
    typed(qtbot, editor, "F3-ears")
    typed(qtbot, editor, "C3 - 0.5 F3 - 0.5 P3")
    qtbot.mouseClick(editor.save, LEFT)
    settle(opened)
    drawn = [row.label for row in opened.session.page.request.rows if row.kind == "EEG"]
    assert drawn[0] == "F3–A1A2"
    assert len(drawn) == 2
    editor.give.menu().actions()[0].trigger()
    qtbot.waitUntil(lambda: "Wrote 1 montage" in editor.note.text())
    for _ in range(2):
        qtbot.mouseClick(editor.delete, LEFT)
    qtbot.waitUntil(lambda: opened.session.montages.all == ())
    settle(opened)
    assert opened.session.state.montage in MONTAGES
    qtbot.mouseClick(editor.take, LEFT)
    qtbot.waitUntil(lambda: [m.name for m in opened.session.montages.all] == ["Nights"])
    editor.close()
    press(opened, Key.Key_1, CTRL)
    settle(opened)
    assert [row.label for row in opened.session.page.request.rows if row.kind == "EEG"] == drawn


@pytest.mark.parametrize("mains", [50.0, 60.0])
def test_the_notch_of_the_mains_is_suggested_from_the_spectrum_and_switched_on_by_the_reader(
    qtbot: QtBot, window: ReviewWindow, show: Show, settle: Settle, tmp_path: Path, mains: float
) -> None:
    show(humming(tmp_path / "hum.edf", mains))
    suggested = f"Notch {mains:g} Hz (suggested)"
    qtbot.waitUntil(lambda: suggested in choices_of(window.commands.notch))
    assert sum("suggested" in text for text in choices_of(window.commands.notch)) == 1
    assert "notch off" in window.says.text()
    before = max(map(abs, window.session.page.extremes(0, window.session.state.span)))
    next(a for a in window.commands.notch.menu().actions() if a.text() == suggested).trigger()
    settle(window)
    assert f"notch {mains:g} Hz" in window.says.text()
    assert max(map(abs, window.session.page.extremes(0, window.session.state.span))) < 0.8 * before


@pytest.fixture
def uncalibrated(qapp: object) -> Iterator[None]:  # noqa: ARG001 - Qt must be up
    yield
    set_calibrated({})


@pytest.mark.usefixtures("uncalibrated")
def test_a_screen_is_calibrated_with_a_card_and_then_draws_real_millimetres(
    qtbot: QtBot, opened: ReviewWindow, settle: Settle
) -> None:
    opened.commands.actions["calibrate"].trigger()
    dialog = opened.findChild(CalibrateDialog)
    qtbot.waitUntil(dialog.isVisible)
    mine = 400  # pixels that a card of 85.6 mm covers on this screen

    def drawn() -> int:
        """Pixels from the left edge of the drawn card to its right one."""
        image = dialog.card.grab().toImage()
        y = round(4 + 20 * dialog.pixels_per_mm)
        inked = [x for x in range(image.width()) if image.pixelColor(x, y) != colour(opened.look.paper)]
        return inked[-1] - inked[0]

    for _ in range(1000):
        if drawn() >= mine:
            break
        qtbot.keyClick(dialog.slider, Key.Key_Right)
    assert drawn() == pytest.approx(mine, abs=2)
    qtbot.keyClick(dialog, Key.Key_Return)
    opened.commands.actions["speed_30_mm"].trigger()
    settle(opened)
    page, per_mm = opened.page, mine / CARD_MM[0]
    assert page.plot().width() / page.span.duration == pytest.approx(30 * per_mm, rel=0.01)
    assert page.pixels_per_volt(7e-6) * 7e-6 == pytest.approx(per_mm, rel=0.01), "7 µV are a millimetre high"
    assert page.row_mm == pytest.approx(page.places()[1] / per_mm, rel=0.01)
    assert "not calibrated" not in opened.says.text()
