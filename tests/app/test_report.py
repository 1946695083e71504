"""The report: a millimetre on paper is one, lines are lines, and nobody is named who should not be."""

from __future__ import annotations

import re
import zlib
from functools import partial
from pathlib import Path
from typing import Any

import edfio
import numpy as np
import pytest

from neuroflow.errors import FileProblem
from neuroflow.recording import Span
from neuroflow_review.dialogs.parts import TOO_LATE
from neuroflow_review.dialogs.report import ReportDialog
from neuroflow_review.session import Session
from neuroflow_review.session.analysis import Spike
from neuroflow_review.session.report import content_of, moments_of
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window import report as making

MM = 72.0 / 25.4  # points of a PDF


def pages_of(data: bytes) -> list[str]:
    """The drawing operators of every page."""
    found = []
    for match in re.finditer(rb"stream\r?\n", data):
        try:
            text = zlib.decompressobj().decompress(data[match.end() :])
        except zlib.error:
            continue
        if b" cm\n" in text[:120] and b"/GSa gs" in text[:60]:
            found.append(text.decode("latin-1"))
    return found


def polylines(page: str) -> list[np.ndarray[Any, Any]]:
    """Every connected line of a page, in millimetres of paper."""
    scale = float(re.search(r"([\d.]+) 0 0 -[\d.]+ 0", page)[1])  # type: ignore[index]
    lines: list[list[tuple[float, float]]] = []
    for x, y, what in re.findall(r"(-?[\d.]+) (-?[\d.]+) ([ml])\n", page):
        if what == "m":
            lines.append([])
        lines[-1].append((float(x), float(y)))
    return [np.array(line) * scale / MM for line in lines if len(line) > 1]


@pytest.fixture
def square(tmp_path: Path) -> Path:
    """A calibration signal: 70 µV up and down, half a second each, at F7 alone; of a patient with a name."""
    rate, seconds = 200, 60
    wave = np.where(np.arange(rate * seconds) // 100 % 2 == 0, 70.0, -70.0)
    signals = [
        edfio.EdfSignal(wave if site == "F7" else 0 * wave, rate, label=f"EEG {site}", physical_dimension="uV",
                        physical_range=(-100, 100))
        for site in ("Fp1", "F7", "T3", "T5", "O1", "Fp2", "F8", "T4", "T6", "O2")
    ]  # fmt: skip
    patient = edfio.Patient(name="Jane_Doe", code="MCH-1", sex="F")
    path = tmp_path / "Doe-night.edf"
    edfio.Edf(signals, patient=patient).write(path)
    return path


@pytest.fixture
def opened_square(qtbot: Any, window: ReviewWindow, square: Path) -> ReviewWindow:
    window.session.store.update(filters_on=False)
    with qtbot.waitSignal(window.session.opened, timeout=60_000):
        window.session.open(square)
    qtbot.waitUntil(lambda: window.session.page is not None, timeout=60_000)
    return window


def made(qtbot: Any, window: ReviewWindow, target: Path, **choices: Any) -> bytes:
    dialog = ReportDialog(window.session, partial(making.ReportJob, window.session), window, lambda _: str(target))
    dialog.show()
    for box, value in ((dialog.which, choices.get("which")), (dialog.paper, choices.get("paper")),
                       (dialog.speed, choices.get("speed"))):  # fmt: skip
        if value is not None:
            box.setCurrentIndex(box.findData(value))
    dialog.private.setChecked(choices.get("private", False))
    with qtbot.waitSignal(dialog.made, timeout=30_000):
        dialog.make.click()
    dialog.close()
    return target.read_bytes()


@pytest.mark.parametrize(("speed", "paper"), [(30.0, "A4"), (15.0, "Letter")])
def test_millimetres_on_paper_are_true(
    qtbot: Any, opened_square: ReviewWindow, tmp_path: Path, speed: float, paper: str
) -> None:
    """70 µV at 7 µV/mm is 10 mm up and 10 mm down; half a second at 30 mm/s is 15 mm."""
    data = made(qtbot, opened_square, tmp_path / "r.pdf", which="page", speed=speed, paper=paper)
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)", data)
    assert box is not None
    wide, high = (float(v) / MM for v in box.groups())
    assert (wide, high) == pytest.approx((297, 210) if paper == "A4" else (279.4, 215.9), abs=0.5)
    page = pages_of(data)[-1]
    waves = [line for line in polylines(page) if np.ptp(line[:, 1]) > 15 and len(line) > 100]
    assert len(waves) == 2, "F7 is in two derivations"
    for wave in waves:
        assert np.ptp(wave[:, 1]) == pytest.approx(20.0, rel=0.005)
        steps = wave[np.flatnonzero(np.abs(np.diff(wave[:, 1])) > 10), 0]
        assert np.diff(steps) == pytest.approx(speed / 2, rel=0.005)
    # Negative up: the derivation that subtracts F7 rises where the other falls.
    assert np.corrcoef(waves[0][:, 1], waves[1][:, 1])[0, 1] < -0.99


def test_every_moment_has_a_page_and_rejected_discharges_have_none(
    qtbot: Any, opened_square: ReviewWindow, tmp_path: Path
) -> None:
    session = opened_square.session
    session.marks.add(5.0, "Arousal")
    session.marks.add(50.0, "Seizure?", 3.0)
    session.marks.decide(20.0, "F7–T3", "rejected", reconstructed=False)
    session.marks.decide(30.0, "F7–T3", "accepted", reconstructed=False)
    span = session.state.span
    assert [m.time for m in moments_of(session.marks.all, "marks", span)] == [5.0, 30.0, 50.0]
    assert [m.time for m in moments_of(session.marks.all, "accepted", span)] == [30.0]
    few = len(pages_of(made(qtbot, opened_square, tmp_path / "a.pdf", which="accepted")))
    assert len(pages_of(made(qtbot, opened_square, tmp_path / "b.pdf", which="marks"))) == few + 2


def test_without_names_the_words_name_nobody(opened_square: ReviewWindow) -> None:
    session = opened_square.session
    session.settings.set("reader.name", "Dr Roe")
    session.marks.add(5.0, "Arousal")
    session.store.update(bad=frozenset({"Kim Poe"}))  # as a technician may label a channel

    def words(private: bool) -> str:
        return " ".join(cell for t in content_of(session, private=private).tables for row in t.rows for cell in row)

    for name in ("Jane", "MCH-1", "Doe-night", "Dr Roe", "Kim Poe"):
        assert name in words(False), name
        assert name not in words(True), name
    assert "Arousal" in words(True)
    # Nor do the heads of the pages: who marked a moment stands apart from what is said of it.
    (moment,) = moments_of(session.marks.all, "marks", session.state.span)
    assert moment.by == "Dr Roe"
    assert "Roe" not in moment.note + moment.title


def test_a_report_says_what_it_is_not_for_and_what_the_model_is(opened: ReviewWindow) -> None:
    content = content_of(opened.session, private=False)
    titles = [table.title for table in content.tables]
    assert "Model of the reconstruction" in titles
    assert "It must not be used for" in titles
    assert "not for diagnosis" in content.purpose


def test_a_report_has_what_was_proposed_at_each_contact_a_minute_of_what_was_searched(
    opened: ReviewWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    spikes = opened.session.spikes
    first, second = (c.name for c in opened.session.contacts[:2])
    found = (Spike(first, 1.0, 5, 9), Spike(first, 8.0, 9, 9), Spike(first, 19.0, 9, 9), Spike(second, 3.0, 2, 9))
    monkeypatch.setattr(spikes, "depth", lambda: found)
    monkeypatch.setattr(spikes, "searched_depth", lambda: (Span(0.0, 10.0), Span(15.0, 35.0)))
    content = content_of(opened.session, private=False)
    assert content.rates[first] == pytest.approx(6.0)
    assert content.rates[second] == pytest.approx(2.0)
    (table,) = (t for t in content.tables if t.title == "Discharges in the reconstruction")
    assert table.rows[1:3] == ((f"≈{first}", "3", "6.0"), (f"≈{second}", "1", "2.0"))
    assert "0.5 min that were reconstructed" in table.note


def test_a_report_that_is_stopped_or_cannot_be_written_leaves_nothing(
    qtbot: Any, opened_square: ReviewWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out" / "r.pdf"
    target.parent.mkdir()
    session = opened_square.session
    dialog = ReportDialog(session, partial(making.ReportJob, session), opened_square, lambda _: str(target))
    dialog.show()
    dialog.make.click()
    assert dialog.leave.text() == "Stop"
    dialog.leave.click()
    assert "nothing was written" in dialog.note.text()
    assert dialog.make.isEnabled()

    def full(path: Path, *_: object) -> None:
        raise FileProblem(f"There is no room left on the drive for “{path.name}”: make room.", "ENOSPC")

    monkeypatch.setattr(making, "write_whole", full)
    dialog.make.click()
    qtbot.waitUntil(lambda: "no room" in dialog.note.text(), timeout=30_000)
    assert dialog.detail.box.toPlainText() == "ENOSPC"
    dialog.close()
    assert list(target.parent.iterdir()) == []


def test_a_report_is_told_of_though_it_was_to_be_closed_while_it_was_put_in_place(
    qtbot: Any, opened_square: ReviewWindow, tmp_path: Path, held_back: Any
) -> None:
    target, session = tmp_path / "r.pdf", opened_square.session
    dialog = ReportDialog(session, partial(making.ReportJob, session), opened_square, lambda _: str(target))
    dialog.show()
    dialog.make.click()
    qtbot.waitUntil(held_back.reached.is_set)
    dialog.leave.click()
    assert dialog.note.text() == TOO_LATE
    held_back.go.set()
    qtbot.waitUntil(lambda: dialog.note.text().startswith("Made “r.pdf”"), timeout=60_000)
    assert target.exists()
    dialog.close()


def test_a_program_that_ends_while_a_report_is_put_in_place_leaves_no_thread(
    qtbot: Any, opened_square: ReviewWindow, tmp_path: Path, held_back: Any
) -> None:
    """That no thread is left, and nothing was raised, is looked at after every test."""
    target, session = tmp_path / "r.pdf", opened_square.session
    dialog = ReportDialog(session, partial(making.ReportJob, session), opened_square, lambda _: str(target))
    dialog.show()
    dialog.make.click()
    qtbot.waitUntil(held_back.reached.is_set)
    held_back.go_in(0.1)
    dialog.close()
    qtbot.waitUntil(target.exists, timeout=60_000)


def test_the_reconstruction_on_paper_is_areas_and_says_that_it_is_none(
    qtbot: Any, opened: ReviewWindow, tmp_path: Path
) -> None:
    session: Session = opened.session
    session.reconstruct_page()
    qtbot.waitUntil(lambda: session.depth is not None and session.reconstruction.page_complete, timeout=30_000)
    data = made(qtbot, opened, tmp_path / "r.pdf", which="page")
    page = pages_of(data)[-1]
    assert b"/Subtype /Image" not in data, "no picture of lines: lines"
    areas = [line for line in polylines(page) if len(line) > 1000]
    assert len(areas) >= 2 * len(session.shown_contacts())
