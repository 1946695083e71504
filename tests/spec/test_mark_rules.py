"""The rules of a clinic for marks, one test each, by keyboard and mouse in a real window."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import edfio
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QFileDialog, QInputDialog, QWidget
from pytestqt.qtbot import QtBot
from tests.app import conftest as desk
from tests.app import test_averages as averaging
from tests.app.test_averages import TIMES, counted, dialog_of
from tests.app.test_edges import at, drag, only
from tests.app.test_marks import listed, review_of, saved, type_name
from tests.spec.test_reconstruction_rules import words_of

from neuroflow.recording import Span
from neuroflow.review.document import IFCN_CRITERIA, SPECIFIC_CRITERIA, USUAL_CRITERIA
from neuroflow.signal.montage import MontageChannel, montage_rows
from neuroflow_review.marklayer import rows_of
from neuroflow_review.session.analysis import Spike
from neuroflow_review.theme import LIGHT, time_to_x
from neuroflow_review.views.criteria import verdict
from neuroflow_review.window import ReviewWindow

# What the window's own tests work at.
nothing_left_behind, no_surprises = desk.nothing_left_behind, desk.no_surprises
backend, session, window, demo, mine = desk.backend, desk.session, desk.window, desk.demo, desk.mine
press, settle, sharp = desk.press, desk.settle, averaging.sharp

Key = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton
Press = Callable[..., None]
Settle = Callable[[ReviewWindow], None]


def mark(qtbot: QtBot, window: ReviewWindow, press: Press, time: float, name: str) -> None:
    """Put the cursor somewhere, press E, and type what is there."""
    window.session.show_time(time)
    press(window, Key.Key_E)
    type_name(qtbot, window, name)
    window.page.setFocus()


def select(qtbot: QtBot, window: ReviewWindow, start: float, stop: float) -> None:
    """Drag a selection out along the clock above the traces."""
    page = window.page
    places = [QPoint(round(time_to_x(t, page.span, page.width())), 6) for t in (start, (start + stop) / 2, stop)]
    qtbot.mousePress(page, LEFT, pos=places[0])
    for place in places[1:]:
        qtbot.mouseMove(page, place)
    qtbot.mouseRelease(page, LEFT, pos=places[-1])
    qtbot.waitUntil(lambda: window.session.state.selection is not None)


def propose(qtbot: QtBot, window: ReviewWindow, monkeypatch: pytest.MonkeyPatch, *spikes: Spike) -> None:
    monkeypatch.setattr(window.session.spikes, "scalp", lambda: spikes)
    window.session.spikes.changed.emit()
    qtbot.waitUntil(lambda: window.settled)


# Events ---------------------------------------------------------------------------------------------------------------


def test_an_event_is_created_with_one_key(qtbot: QtBot, mine: ReviewWindow, press: Press) -> None:
    mine.session.set_cursor(3.0)
    press(mine, Key.Key_E)
    assert (only(mine).start, only(mine).duration, only(mine).channel) == (3.0, 0.0, "")
    type_name(qtbot, mine, "swallowing")
    assert only(mine).text == "swallowing"
    saved(qtbot, mine)


def test_an_event_is_created_by_drag(qtbot: QtBot, mine: ReviewWindow, press: Press) -> None:
    select(qtbot, mine, 2.0, 4.0)
    press(mine, Key.Key_E)
    type_name(qtbot, mine, "run")
    assert (only(mine).start, only(mine).stop) == (pytest.approx(2.0, abs=0.02), pytest.approx(4.0, abs=0.02))
    assert only(mine).channel == "", "for all channels"
    saved(qtbot, mine)


def test_an_event_is_created_per_channel(qtbot: QtBot, mine: ReviewWindow, press: Press) -> None:
    place = mine.page.places()[0][2]
    qtbot.mouseClick(mine.page, LEFT, pos=at(mine.page, 1.0, place.y))
    select(qtbot, mine, 2.0, 4.0)
    press(mine, Key.Key_E, SHIFT)
    type_name(qtbot, mine, "slowing")
    assert only(mine).channel == place.label
    assert [row.where for row in listed(mine) if row.kind == "mark"] == [place.label]
    saved(qtbot, mine)


def test_the_edges_of_an_event_are_dragged(qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Settle) -> None:
    mark(qtbot, mine, press, 3.0, "run")
    settle(mine)
    drag(mine.page, [at(mine.page, 3.0), at(mine.page, 4.0), at(mine.page, 5.0)])
    assert (only(mine).start, only(mine).stop) == (3.0, pytest.approx(5.0, abs=0.02))
    settle(mine)
    drag(mine.page, [at(mine.page, 3.0), at(mine.page, 2.5), at(mine.page, 2.0)])
    assert only(mine).start == pytest.approx(2.0, abs=0.02)
    saved(qtbot, mine)


def test_the_list_has_search_and_filter(qtbot: QtBot, mine: ReviewWindow, press: Press) -> None:
    for time, name in ((1.0, "swallowing"), (2.0, "eyes closed"), (4.0, "swallowing again")):
        mark(qtbot, mine, press, time, name)
    mine.events.focus_search()
    qtbot.keyClicks(mine.events.search, "swallow")
    assert [row.text for row in listed(mine)] == ["swallowing", "swallowing again"]
    qtbot.keyClicks(mine.events.search, " again")
    assert [row.text for row in listed(mine)] == ["swallowing again"]
    mine.events.search.clear()
    button = mine.events._filters["mark"]
    qtbot.mouseClick(button, LEFT, pos=QPoint(6, button.height() // 2))
    assert not [row for row in listed(mine) if row.kind == "mark"]
    saved(qtbot, mine)


def test_a_click_in_the_list_jumps_to_the_event(qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Settle) -> None:
    mark(qtbot, mine, press, 400.0, "far away")
    press(mine, Key.Key_Home)
    settle(mine)
    events = mine.events
    row = events._model.row_of(only(mine).id)
    assert row is not None
    cell = events._model.index(row, 1)
    events.table.scrollTo(cell)
    qtbot.mouseClick(events.table.viewport(), LEFT, pos=events.table.visualRect(cell).center())
    assert mine.session.cursor == 400.0
    assert mine.session.state.span.start <= 400.0 < mine.session.state.span.stop
    settle(mine)
    saved(qtbot, mine)


def test_undo_and_redo_take_back_and_do_again_everything(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [mine.session.marks.all]

    def done() -> None:
        assert mine.session.marks.all != steps[-1], "each of these is an edit"
        steps.append(mine.session.marks.all)

    mine.session.set_cursor(3.0)
    press(mine, Key.Key_E)
    done()
    type_name(qtbot, mine, "run")
    done()
    mine.page.setFocus()
    settle(mine)
    drag(mine.page, [at(mine.page, 3.0), at(mine.page, 4.0)])
    done()
    mine.session.set_cursor(4.5)
    press(mine, Key.Key_Period)
    done()
    propose(qtbot, mine, monkeypatch, Spike("F7–T3", 7.0))
    mine.session.set_cursor(7.0)
    press(mine, Key.Key_A)
    done()
    press(mine, Key.Key_I)
    box = mine.criteria.boxes["pointed"]
    qtbot.mouseClick(box, LEFT, pos=QPoint(8, box.height() // 2))
    done()
    press(mine, Key.Key_X)
    done()
    mine.events._select(next(m.id for m in mine.session.marks.all if not m.decision))
    press(mine, Key.Key_Delete)
    done()
    for expected in reversed(steps[:-1]):
        press(mine, Key.Key_Z, CTRL)
        assert mine.session.marks.all == expected
    assert not mine.commands.actions["undo"].isEnabled()
    for expected in steps[1:]:
        press(mine, Key.Key_Z, CTRL | SHIFT)
        assert mine.session.marks.all == expected
    assert not mine.commands.actions["redo"].isEnabled()
    saved(qtbot, mine)


@pytest.mark.parametrize("suffix", [".csv", ".edf"])
def test_marks_go_out_and_come_in(
    qtbot: QtBot, mine: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, suffix: str
) -> None:
    mark(qtbot, mine, press, 2.5, "swallowing, loud")
    target = tmp_path / f"marks{suffix}"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    mine.commands.actions["marks_out"].trigger()
    qtbot.waitUntil(target.is_file)
    qtbot.waitUntil(lambda: not mine.session.lanes.save.busy)
    if suffix == ".edf":
        (note,) = edfio.read_edf(target).annotations  # another program reads it
        assert (note.onset, note.text) == (2.5, "swallowing, loud")
    mine.events._select(only(mine).id)
    press(mine, Key.Key_Delete)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(target), ""))
    mine.commands.actions["marks_in"].trigger()
    qtbot.waitUntil(lambda: [(m.start, m.text) for m in mine.session.marks.all] == [(2.5, "swallowing, loud")])
    saved(qtbot, mine)


def test_accepted_discharges_carry_hed_score_labels(
    qtbot: QtBot, mine: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    propose(qtbot, mine, monkeypatch, Spike("F7–T3", 4.0), Spike("F7–T3", 8.0))
    for time, key in ((4.0, Key.Key_A), (8.0, Key.Key_X)):
        mine.session.set_cursor(time)
        press(mine, key)
    target = tmp_path / "marks.tsv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    mine.commands.actions["marks_out"].trigger()
    qtbot.waitUntil(target.is_file)
    qtbot.waitUntil(lambda: not mine.session.lanes.save.busy)
    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [row["HED"] for row in rows] == ["Epileptiform-interictal-activity, Spike", "n/a"]
    saved(qtbot, mine)


def test_hed_score_labels_come_in_as_what_they_say_and_go_out_again(
    qtbot: QtBot, mine: ReviewWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    labels = ["Epileptiform-interictal-activity, Spike", "Eye-blink-artifact", "Unheard-of, (Label/a, Label/b)"]
    theirs, ours = tmp_path / "sub-01_events.tsv", tmp_path / "marks.tsv"
    rows = [f"{4.0 * k}\tn/a\t{label}" for k, label in enumerate(labels, 1)]
    theirs.write_text("\n".join(["onset\tduration\tHED", *rows, ""]), encoding="utf-8")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(theirs), ""))
    mine.commands.actions["marks_in"].trigger()
    qtbot.waitUntil(lambda: len(mine.session.marks.all) == 3)
    assert [(m.start, m.text, m.decision) for m in mine.session.marks.all] == [
        (4.0, "spike", "accepted"), (8.0, "eye blink", ""), (12.0, f"Event · HED: {labels[2]}", ""),
    ]  # fmt: skip
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(ours), ""))
    mine.commands.actions["marks_out"].trigger()
    qtbot.waitUntil(ours.is_file)
    qtbot.waitUntil(lambda: not mine.session.lanes.save.busy)
    with ours.open(encoding="utf-8", newline="") as file:
        assert [row["HED"] for row in csv.DictReader(file, delimiter="\t")] == labels
    saved(qtbot, mine)


# Discharges and decisions ---------------------------------------------------------------------------------------------


def test_the_six_criteria_are_a_checklist_on_the_marker(
    qtbot: QtBot, mine: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(IFCN_CRITERIA) == ["pointed", "duration", "asymmetric", "slow wave", "background", "field"]
    propose(qtbot, mine, monkeypatch, Spike("F7–T3", 4.0))
    mine.session.set_cursor(4.0)
    press(mine, Key.Key_A)
    press(mine, Key.Key_I)
    for name, box in mine.criteria.boxes.items():
        assert box.isVisible()
        qtbot.mouseClick(box, LEFT, pos=QPoint(8, box.height() // 2))
        assert name in only(mine).criteria
    assert len(only(mine).criteria) == 6
    saved(qtbot, mine)


def test_four_criteria_are_the_usual_threshold_and_five_the_specific_one() -> None:
    assert (USUAL_CRITERIA, SPECIFIC_CRITERIA) == (4, 5)
    assert "below" in verdict(3)
    assert "usual threshold (4) is reached" in verdict(4)
    assert "specific threshold (5) is reached" in verdict(5)


@pytest.mark.parametrize(("key", "decision"), [(Key.Key_A, "accepted"), (Key.Key_X, "rejected"), (Key.Key_U, "unsure")])
def test_a_decision_is_kept_with_who_and_when(
    qtbot: QtBot, mine: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch, key: Qt.Key, decision: str
) -> None:
    propose(qtbot, mine, monkeypatch, Spike("F7–T3", 4.0))
    mine.session.set_cursor(4.0)
    press(mine, key)
    saved(qtbot, mine)
    (kept,) = json.loads(review_of(mine).read_text())["marks"]
    assert (kept["decision"], kept["by"]) == (decision, "Dr Reader")
    assert datetime.fromisoformat(kept["at"]).tzinfo is not None, "when, and in which zone"


def test_the_readers_name_is_asked_once(
    qtbot: QtBot, mine: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine.session.settings.set("reader.name", "")
    propose(qtbot, mine, monkeypatch, Spike("F7–T3", 4.0), Spike("F7–T3", 8.0))
    mine.session.set_cursor(4.0)
    press(mine, Key.Key_A)
    dialog = mine.findChild(QInputDialog)
    assert dialog is not None
    dialog.setTextValue("Dr First")
    dialog.accept()
    mine.session.set_cursor(8.0)
    press(mine, Key.Key_X)
    assert [m.by for m in mine.session.marks.all] == ["Dr First", "Dr First"]
    saved(qtbot, mine)


def test_a_decision_is_never_overwritten_by_a_machine(
    qtbot: QtBot, mine: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    propose(qtbot, mine, monkeypatch, Spike("F7–T3", 4.0))
    mine.session.set_cursor(4.0)
    press(mine, Key.Key_X)
    before = only(mine)
    propose(qtbot, mine, monkeypatch, Spike("F7–T3", 4.01), Spike("T3–T5", 4.02))
    mine.session.store.update(spike_sensitivity=2.0)
    qtbot.waitUntil(lambda: mine.settled)
    assert only(mine) == before
    assert [row.text for row in listed(mine) if row.kind == "scalp spike"] == ["no spike"]
    saved(qtbot, mine)


@pytest.mark.parametrize(
    ("montage", "rows"),
    [
        ("longitudinal", {"F7–T3"}),
        ("average", {"F7–avg", "T3–avg"}),
        ("cz", {"F7–Cz", "T3–Cz"}),
        ("transverse", {"F7–Fp1", "F7–F3", "T3–C3"}),
    ],
)
def test_a_decision_is_seen_in_every_montage(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Settle, monkeypatch: pytest.MonkeyPatch,
    montage: str, rows: set[str],
) -> None:  # fmt: skip
    propose(qtbot, mine, monkeypatch, Spike("F7–T3", 4.0))
    mine.session.set_cursor(4.0)
    press(mine, Key.Key_A)
    mine.session.store.update(montage=montage)
    propose(qtbot, mine, monkeypatch, Spike(next(iter(rows)), 4.01))
    settle(mine)
    page = mine.page
    shown = page.spikes_at(*page.places())
    assert {row for _, _, row in shown} == rows
    picture = page.grab().toImage()
    assert {picture.pixelColor((at - QPointF(0, 4)).toPoint()).name() for _, at, _ in shown} == {LIGHT.accepted.lower()}
    saved(qtbot, mine)


def look_of(panel: QWidget, middle: QPointF) -> str:
    """How the mark of a spike is drawn round a point: ``filled`` with a proposal's colour, ``hollow``, or neither."""
    picture, at = panel.grab().toImage(), middle.toPoint()
    near = {picture.pixelColor(at.x() + x, at.y() + y).name() for x in range(-6, 7) for y in range(-6, 7)}
    if LIGHT.proposed.lower() not in near:
        return ""
    return "filled" if picture.pixelColor(at).name() == LIGHT.proposed.lower() else "hollow"


def test_a_spike_that_is_left_open_is_hollow_on_page_reconstruction_and_list(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Settle, reconstructed: Settle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    mine.session.reconstruct_page()
    reconstructed(mine)
    contact = mine.session.contacts[mine.session.shown_contacts()[1]].name
    monkeypatch.setattr(mine.session.spikes, "depth", lambda: (Spike(contact, 6.0, 4, 9),))

    def looks() -> list[str]:
        settle(mine)
        page, depth, table = mine.page, mine.ieeg, mine.events.table
        ((_, at, _),) = page.spikes_at(*page.places())
        places, height = depth.places()
        y = next(p.y for p in places if p.label == f"≈{contact}") - min(height * 0.35, 8.0)
        rows = [row for row in range(table.model().rowCount()) if "spike" in mine.events._model.row(row).kind]
        assert len(rows) == 2
        marks = [table.visualRect(table.model().index(row, 1)) for row in rows]
        return [
            look_of(page, at - QPointF(0, 5)),
            look_of(depth, QPointF(time_to_x(6.0, depth.span, depth.width()), y - 4)),
            *(look_of(table.viewport(), QPointF(r.left() + 12, r.center().y() + 0.5)) for r in marks),
        ]

    propose(qtbot, mine, monkeypatch, Spike("F7–T3", 4.0))
    assert looks() == ["filled"] * 4
    mine.session.set_cursor(4.0)
    press(mine, Key.Key_U)
    mine.session.store.update(channel=contact, reconstructed=True)
    mine.session.set_cursor(6.0)
    press(mine, Key.Key_U)
    mine.session.set_cursor(9.0)
    assert [m.decision for m in mine.session.marks.all] == ["unsure", "unsure"]
    assert looks() == ["hollow"] * 4
    saved(qtbot, mine)


def test_the_overview_shows_what_is_undecided_and_what_the_reader_did_not_reject(
    qtbot: QtBot, mine: ReviewWindow, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    bar, marks = mine.overview, mine.session.marks
    duration = bar._duration

    def shades(time: float) -> set[str]:
        row = bar._rows()["spikes"]
        x = int(time_to_x(time, Span(0.0, duration), bar.width()))
        picture = bar.grab().toImage()
        return {picture.pixelColor(x, y).name() for y in range(round(row.top()), round(row.bottom()))}

    def has(time: float, colour: str) -> bool:
        return colour.lower() in shades(time)

    propose(qtbot, mine, monkeypatch, *(Spike("F7–T3", duration * k / 10) for k in (2, 4, 6)))
    for k, decision in ((2, "rejected"), (4, "accepted")):
        assert marks.decide(duration * k / 10, "F7–T3", decision)
    assert marks.add_discharge(duration * 0.7, "F7–T3"), "one of the reader's own"
    assert marks.decide(duration * 0.8, "F7–T3", "unsure"), "in a minute that is not searched now"
    assert marks.decide(duration * 0.9, "AHL1", "accepted", reconstructed=True)
    settle(mine)
    empty = shades(duration * 0.25)
    assert shades(duration * 0.2) == empty, "a rejected one is gone"
    assert has(duration * 0.4, LIGHT.accepted)
    assert has(duration * 0.6, LIGHT.proposed)
    assert has(duration * 0.7, LIGHT.accepted)
    left_open = shades(duration * 0.8) - empty
    assert left_open
    assert left_open.isdisjoint({LIGHT.accepted.lower(), LIGHT.proposed.lower()})
    assert shades(duration * 0.9) == empty, "what was not recorded is no spike of the scalp"
    assert "4" in words_of(bar).split(), "how many stand there"
    propose(qtbot, mine, monkeypatch)
    assert has(duration * 0.4, LIGHT.accepted), "whether or not it is searched again"
    assert "3" in words_of(bar).split()
    saved(qtbot, mine)


def test_a_decision_on_a_channel_that_is_not_shown_stands_at_the_foot_of_the_page(
    qtbot: QtBot, mine: ReviewWindow
) -> None:
    page = mine.page

    def decided() -> list[tuple[Spike, QPointF, str]]:
        return [(spike, at, row) for spike, at, row in page.spikes_at(*page.places()) if spike.decision]

    mine.session.marks.decide(4.0, "Sp1–Sp2", "accepted", reconstructed=False)
    qtbot.waitUntil(lambda: bool(decided()))
    ((spike, place, row),) = decided()
    assert (spike.label, row) == ("Sp1–Sp2", "")
    assert page.plot().bottom() - 40 < place.y() < page.plot().bottom()
    mine.session.store.update(solo="F7–T3")
    assert not decided(), "a channel alone shows what is of it"
    saved(qtbot, mine)


def test_a_common_reference_is_no_electrode_of_a_discharge() -> None:
    longitudinal = ("Fp1–F7", "F7–T3", "Fz–Cz", "Cz–Pz", "≈AHL1")
    assert rows_of("F7–Cz", longitudinal) == rows_of("F7–avg", longitudinal) == rows_of("F7", longitudinal) == (0, 1)
    assert rows_of("Cz–Pz", ("Fz–avg", "Cz–avg", "Pz–avg")) == (1, 2)
    assert rows_of("F3–A1A2", ("F7–A1A2", "T3–A1A2")) == ()
    assert rows_of("≈AHL1", longitudinal) == (4,)


@pytest.mark.parametrize(
    ("marked", "montage", "rows"),
    [
        ("C3–Cz", "longitudinal", ["F3–C3", "C3–P3"]),  # as it stands in the Cz reference
        ("C4–Cz", "longitudinal", ["F4–C4", "C4–P4"]),
        ("C3–Cz", "transverse", ["C3–Cz"]),
        ("C3–Cz", "cz", ["C3–Cz"]),
        ("Cz–Pz", "cz", ["Pz–Cz"]),
        ("Cz–C4", "cz", ["C4–Cz"]),
        ("Fz–Cz", "longitudinal", ["Fz–Cz"]),
        ("Fz–Cz", "average", ["Fz–avg", "Cz–avg"]),
        ("Cz–Pz", "transverse", ["C3–Cz", "Cz–C4", "P3–Pz", "Pz–P4"]),
    ],
)
def test_a_decision_against_the_cz_reference_stands_on_rows_of_its_electrode_alone(
    marked: str, montage: str, rows: list[str]
) -> None:
    sites = "Fp1 Fp2 F7 F3 Fz F4 F8 T3 C3 Cz C4 T4 T5 P3 Pz P4 T6 O1 O2".split()
    labels = tuple(r.label for r in montage_rows(montage, [MontageChannel(s, s, "EEG") for s in sites]))
    assert sorted(labels[k] for k in rows_of(marked, labels)) == sorted(rows)


def test_a_discharge_that_the_detector_missed_is_the_readers_own_and_counts_like_any_other(
    qtbot: QtBot, sharp: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    propose(qtbot, sharp, monkeypatch)
    sharp.commands.marks.choose_channel("F7–T3")
    for time in TIMES[:3]:
        sharp.session.show_time(time)
        press(sharp, Key.Key_A)
    marks = sharp.session.marks.all
    assert [(m.start, m.channel, m.decision, m.by) for m in marks] == [
        (pytest.approx(t), "F7–T3", "accepted", "Dr Reader") for t in TIMES[:3]
    ]
    rows = [row.text for row in listed(sharp) if row.kind == "scalp spike"]
    assert rows == ["spike, reader's own"] * 3
    press(sharp, Key.Key_I)
    box = sharp.criteria.boxes["pointed"]
    qtbot.mouseClick(box, LEFT, pos=QPoint(8, box.height() // 2))
    assert sharp.session.marks.all[2].criteria == ("pointed",)
    target = tmp_path / "marks.tsv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    sharp.commands.actions["marks_out"].trigger()
    qtbot.waitUntil(target.is_file)
    qtbot.waitUntil(lambda: not sharp.session.lanes.save.busy)
    with target.open(encoding="utf-8", newline="") as file:
        assert [row["HED"] for row in csv.DictReader(file, delimiter="\t")] == [
            "Epileptiform-interictal-activity, Spike"
        ] * 3
    press(sharp, Key.Key_V)
    dialog = dialog_of(qtbot, sharp)
    qtbot.waitUntil(lambda: counted(dialog) == [("T3", 3)], timeout=30_000)
    dialog.close()
    press(sharp, Key.Key_Z, CTRL)
    press(sharp, Key.Key_Z, CTRL)
    assert len(sharp.session.marks.all) == 2
    saved(qtbot, sharp)


def test_accepted_discharges_are_averaged_by_focus_with_their_map(
    qtbot: QtBot, sharp: ReviewWindow, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = TIMES[:3]
    propose(qtbot, sharp, monkeypatch, *(Spike("F7–T3", t) for t in times), Spike("T3–T5", TIMES[3]))
    for time in (*times, TIMES[3]):
        sharp.session.show_time(time)
        press(sharp, Key.Key_A)
    press(sharp, Key.Key_V)
    dialog = dialog_of(qtbot, sharp)
    qtbot.waitUntil(lambda: counted(dialog) == [("T3", 4)], timeout=30_000)
    focus = dialog.view.focus
    assert focus is not None
    assert focus.title == "average of 4 accepted discharges, T3"
    assert focus.head is not None
    assert focus.head.sites[int(focus.head.values.argmin())] == "T3"
    saved(qtbot, sharp)
