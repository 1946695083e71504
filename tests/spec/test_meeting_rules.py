"""The rules of a clinic for a meeting, one test each, as a team round one screen sees it.

The report of the same moments at true µV/mm and mm/s is held to them in ``tests/app/test_report.py``
(``test_millimetres_on_paper_are_true``, ``test_every_moment_has_a_page_and_rejected_discharges_have_none``); what a
blinded reading hides and records, in ``tests/app/test_blinded.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from tests.app.test_tables import table, values

from neuroflow.anatomy.implant import Contact
from neuroflow_review.session.analysis import Spike
from neuroflow_review.session.report import content_of
from neuroflow_review.theme import BASE_POINTS
from neuroflow_review.window import ReviewWindow

Key = Qt.Key
Press = Callable[..., None]
Act = Callable[[ReviewWindow], None]

# ui.md: 16–18 pt in a presentation, where type has 10 pt elsewhere.
LARGE = (1.6, 1.8)


def test_one_key_makes_one_clean_full_screen(opened: ReviewWindow, press: Press, settle: Act) -> None:
    press(opened, Key.Key_P)
    settle(opened)
    assert opened.isFullScreen()
    assert not opened.menuBar().isVisible()
    assert not opened.bar.isVisible()
    assert {name for name, dock in opened.docks.items() if dock.isVisible()} == {"Implant"}
    press(opened, Key.Key_P)


def test_its_type_is_large(opened: ReviewWindow, press: Press, settle: Act) -> None:
    def points() -> float:
        return QApplication.font().pointSizeF()

    before, header = points(), opened.ieeg.header_height()
    assert before == BASE_POINTS
    press(opened, Key.Key_P)
    settle(opened)
    assert LARGE[0] <= points() / before <= LARGE[1]
    assert opened.ieeg.header_height() > 1.3 * header, "the sheets follow the type"
    press(opened, Key.Key_P)
    settle(opened)
    assert (points(), opened.ieeg.header_height()) == (before, header)


def test_scalp_stands_above_its_reconstruction_on_one_time_axis(
    opened: ReviewWindow, press: Press, settle: Act, reconstructed: Act
) -> None:
    opened.session.reconstruct_page()
    reconstructed(opened)
    press(opened, Key.Key_P)
    settle(opened)
    page, depth = opened.page, opened.ieeg
    assert page.isVisible()
    assert depth.isVisible()
    corners = [panel.mapTo(opened, QPoint(0, 0)) for panel in (page, depth)]
    assert corners[0].y() + page.height() <= corners[1].y()
    assert corners[0].x() + page.plot().left() == corners[1].x() + depth.plot().left()
    assert page.plot().width() == depth.plot().width()
    assert page.span == depth.span
    press(opened, Key.Key_P)


def test_the_brain_with_the_implant_and_its_shaft_is_there(opened: ReviewWindow, press: Press, settle: Act) -> None:
    press(opened, Key.Key_P)
    settle(opened)
    brain = opened.implant
    assert brain.isVisible()
    assert brain.visibleRegion().boundingRect().width() > 200
    named = {contact.shaft for contact in opened.session.contacts}
    assert set(opened.session.state.shafts) <= named
    assert opened.session.state.shafts
    press(opened, Key.Key_P)


def test_nobody_is_named_in_the_room(opened: ReviewWindow, press: Press, settle: Act) -> None:
    recording = opened.session.recording
    assert recording is not None
    name = opened.header.patient
    press(opened, Key.Key_P)
    settle(opened)
    assert opened.session.state.private
    assert name not in opened.windowTitle()
    press(opened, Key.Key_P)
    assert not opened.session.state.private


def test_it_is_driven_by_a_short_list_of_moments_chosen_beforehand(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act
) -> None:
    for time, text in ((300.0, "onset"), (20.0, "sleep")):
        made = mine.session.marks.add(time, text)
        assert made is not None
        mine.session.show_time(time)
        press(mine, Key.Key_K)
    mine.session.marks.add(100.0, "not for the meeting")
    press(mine, Key.Key_P)
    settle(mine)
    seen = []
    for _ in range(3):
        press(mine, Key.Key_PageDown)
        settle(mine)
        seen.append(mine.moments.words.split("   ")[-1])
    assert seen == ["sleep", "onset", "onset"]
    press(mine, Key.Key_P)
    qtbot.waitUntil(lambda: not mine.session.marks.unsaved)


def test_blinded_the_readers_mark_first_and_the_reconstruction_is_revealed_after(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act
) -> None:
    session = mine.session
    assert session.blinded.begin()
    press(mine, Key.Key_R)
    settle(mine)
    assert session.depth is None
    mine.commands.marks.choose_channel("F7–T3")
    session.show_time(4.0)
    press(mine, Key.Key_A)
    assert session.blinded.reveal()
    qtbot.waitUntil(
        lambda: session.state.blinded is not None and session.state.blinded.agreement is not None, timeout=60_000
    )
    assert session.depth is not None
    assert session.state.blinded is not None
    assert [m.start for m in session.state.blinded.marks] == [4.0], "what was marked blind stays on record"


def test_events_are_gone_through_by_key_while_it_lasts(
    qtbot: QtBot, opened: ReviewWindow, press: Press, settle: Act
) -> None:
    press(opened, Key.Key_P)
    press(opened, Key.Key_N)
    settle(opened)
    first = opened.session.cursor
    press(opened, Key.Key_N)
    settle(opened)
    assert first is not None
    assert opened.session.cursor is not None
    assert opened.session.cursor > first
    press(opened, Key.Key_Escape)
    qtbot.waitUntil(lambda: not opened.presentation.on)


def test_the_brain_shows_where_spikes_are_proposed_while_it_lasts(
    qtbot: QtBot, mine: ReviewWindow, press: Press, settle: Act, reconstructed: Act, tmp_path: Path
) -> None:
    session, brain = mine.session, mine.implant.brain
    scalp = "what the scalp says"

    def lightness(contact: Contact) -> float:
        place = brain.projections()["axial"].point(contact.mni).toPoint()
        return brain.grab().toImage().pixelColor(place).lightnessF()

    press(mine, Key.Key_P)
    settle(mine)
    assert brain.painted.label == scalp, "nothing was searched"
    session.reconstruct_page()
    reconstructed(mine)
    minutes = sum(span.duration for span in session.spikes.searched_depth()) / 60
    assert minutes > 0
    few, many = (session.contacts[i] for i in session.shown_contacts()[:2])
    quiet = session.contacts[session.shown_contacts()[-1]]
    spikes = [Spike(few.name, 3.0, 4, 9), *(Spike(many.name, 2.0 + k, 4, 9) for k in range(4))]
    session.spikes._depth[session.spikes._depth_key][0] = tuple(spikes)
    session.spikes.changed.emit()
    settle(mine)
    wanted = {few.name: 1 / minutes, many.name: 4 / minutes, quiet.name: 0.0}
    painted = brain.painted
    assert "proposed discharges a minute" in painted.label
    assert {name: painted.values[name] for name in wanted} == pytest.approx(wanted)
    rates = content_of(session, private=True).rates
    assert {name: rates[name] for name in painted.values} == painted.values, "as the report says"
    assert brain._ends == ("0", f"{4 / minutes:.1f}"), "the scale ends with numbers"
    assert lightness(many) < lightness(quiet) - 0.1
    rows = [row for row in table(qtbot, mine, tmp_path, "implant") if "discharges a minute" in row["what"]]
    assert {row["unit"] for row in rows} == {"1/min"}
    assert values(rows, "")[f"≈{many.name}"] == pytest.approx(4 / minutes)
    assert not table(qtbot, mine, tmp_path, f"implant of the model: {scalp}")
    press(mine, Key.Key_P)
    assert brain.painted.label == scalp
    press(mine, Key.Key_P)
    assert brain.painted.label != scalp, "what is known is there at once"
    assert session.blinded.begin()
    assert brain.painted.label == scalp, "a machine proposes nothing to who reads blind"
    settle(mine)
    assert brain.painted.label == scalp
    press(mine, Key.Key_P)
    qtbot.waitUntil(lambda: not session.marks.unsaved)
