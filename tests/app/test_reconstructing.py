"""Reconstruction, export and leaving, driven as a reader does; the model is one of sines."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from pathlib import Path

import edfio
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QLabel
from pytestqt.qtbot import QtBot
from tests.app.conftest import words_of

from neuroflow.errors import OutOfMemory
from neuroflow.inference.tile import Withheld
from neuroflow.recording import Span
from neuroflow_review.dialogs.export import ExportDialog
from neuroflow_review.dialogs.fault import FaultDialog
from neuroflow_review.session import Session
from neuroflow_review.session.analysis import Spike, grouped, strongest
from neuroflow_review.session.reconstruction import tile_indices
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.boxes import offer_of

Key = Qt.Key
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
Press = Callable[..., None]
Settle = Callable[[ReviewWindow], None]
FindFault = Callable[[ReviewWindow], FaultDialog]


# Reconstruction -------------------------------------------------------------------------------------------------------


def test_the_page_is_reconstructed_first_then_the_page_ahead_and_pages_as_they_turn(
    opened: ReviewWindow, backend, press: Press, reconstructed: Settle
) -> None:
    press(opened, Key.Key_R)
    reconstructed(opened)
    assert [r.index for r in backend.done] == [0, 1]
    depth = opened.session.depth
    assert depth is not None
    assert depth.bands.samples == 9
    assert depth.request.span == Span(0.0, 10.0)
    assert opened.overview._reconstructed == (Span(0.0, 10.0), Span(10.0, 20.0))
    press(opened, Key.Key_Right)
    reconstructed(opened)
    assert [r.index for r in backend.done] == [0, 1, 2]
    assert "in distribution" in opened.model_says.text()


def test_what_was_computed_as_the_reader_turned_away_is_counted(qtbot: QtBot, opened: ReviewWindow, backend) -> None:
    session, work = opened.session, opened.session.reconstruction
    session.reconstruct_page()
    for away in (200.0, 400.0):
        end = time.monotonic() + 20.0
        while work.tile(tile_indices(session.state.span, session.recording)[0]) is None and time.monotonic() < end:
            time.sleep(0.002)  # the window hears nothing of it meanwhile
        session.go_to(away)
    work.cancel()
    qtbot.waitUntil(lambda: not work.computing and not session.lanes.flow.busy)
    assert {Span(0.0, 10.0), Span(200.0, 210.0)} <= set(work.done_spans())
    counted = {round(s.start / 10) for s in work.done_spans()}
    assert {k for k in range(60) if work.tile(k) is not None} == counted
    assert counted <= {request.index for request in backend.done}


def test_samples_drawn_again_are_counted_on_the_page(
    opened: ReviewWindow, backend, press: Press, reconstructed: Settle
) -> None:
    press(opened, Key.Key_R)
    reconstructed(opened)
    assert "redrawn" not in opened.model_says.text()
    backend.redrawn = 2
    press(opened, Key.Key_Right)
    press(opened, Key.Key_Right)
    reconstructed(opened)
    assert "2 samples redrawn" in opened.model_says.text()


def test_channels_that_the_model_did_without_are_said(
    opened: ReviewWindow, backend, press: Press, reconstructed: Settle
) -> None:
    backend.silent = ("T3",)
    press(opened, Key.Key_R)
    reconstructed(opened)
    assert "without T3 (flat)" in opened.model_says.text()
    backend.silent = ("T3", "O2")
    press(opened, Key.Key_Right)
    press(opened, Key.Key_Right)
    reconstructed(opened)
    assert "without 2 channels (flat)" in opened.model_says.text()
    assert opened.model_says.toolTip().endswith("T3, O2")


def test_the_figures_of_a_contact_say_that_they_are_not_of_this_patient(opened: ReviewWindow) -> None:
    opened.session.set_cursor(opened.session.state.start + 1.0)
    words = [label.text() for label in opened.inspector.findChildren(QLabel) if "bands held" in label.text()]
    assert [text.splitlines()[0] for text in words] == ["On 20 simulated patients, not on this one:"]


def test_a_contact_says_on_its_label_what_was_measured_of_it(opened: ReviewWindow, backend) -> None:
    contact = opened.session.contacts[opened.session.shown_contacts()[0]]
    tip = opened.ieeg._tips[f"≈{contact.name}"]
    measure = backend.card.contact_measure(contact.name)
    assert f"Expected r {measure.r:.2f}" in tip
    assert "Measured on 20 simulated patients" in tip
    assert max(map(len, tip.splitlines())) < 80


def test_paging_and_montage_never_compute_a_tile_again(
    opened: ReviewWindow, backend, press: Press, reconstructed: Settle
) -> None:
    press(opened, Key.Key_R)
    reconstructed(opened)
    known = len(backend.done)
    for key in (Key.Key_3, Key.Key_F, Key.Key_Up, Key.Key_1):
        press(opened, key)
        reconstructed(opened)
    assert len(backend.done) == known


def test_without_following_the_next_page_waits_to_be_asked(
    opened: ReviewWindow, backend, press: Press, settle: Settle, reconstructed: Settle
) -> None:
    opened.commands.actions["follow"].trigger()
    press(opened, Key.Key_R)
    reconstructed(opened)
    opened.session.go_to(300.0)
    settle(opened)
    assert {r.index for r in backend.done} <= {0, 1}
    assert [s.what for s in opened.session.reconstruction.segments(Span(300.0, 310.0))] == ["absent"]


@pytest.mark.parametrize("where", ["present", "second"])
def test_the_panel_says_how_long_a_page_will_take_where_no_toolbar_does(
    qtbot: QtBot, opened: ReviewWindow, backend, press: Press, reconstructed: Settle, where: str
) -> None:
    opened.commands.actions[where].trigger()
    backend.delay = 1.2
    opened.session.reconstruct_page()
    qtbot.waitUntil(lambda: opened.session.reconstruction.segments(Span(0, 10))[0].what == "computing")
    assert "left" not in words_of(opened.ieeg), "nothing was measured yet"
    reconstructed(opened)
    opened.session.go_to(205.0)
    press(opened, Key.Key_R)
    qtbot.waitUntil(lambda: bool(re.search(r"computing\s+\d+ % · 1\ss\sleft", words_of(opened.ieeg))))
    first, second = opened.session.reconstruction.segments(opened.session.state.span)
    assert second.what == "waiting"
    assert second.seconds_left == pytest.approx(first.seconds_left + 1.2, abs=0.6)
    assert re.search(r"waiting its\s+turn\s+[23]\ss\sleft", words_of(opened.ieeg))
    assert opened.ieeg.isVisible()
    press(opened, Key.Key_Escape)


def test_the_whole_recording_is_cancelled_half_way_and_what_is_done_stays(
    qtbot: QtBot, opened: ReviewWindow, backend, press: Press, settle: Settle
) -> None:
    backend.delay = 0.03
    work = opened.session.reconstruction
    opened.commands.actions["reconstruct_all"].trigger()
    qtbot.waitUntil(lambda: len(work.done_spans()) >= 5, timeout=60_000)
    progress = work.progress()
    assert progress is not None
    assert 0 < progress.fraction < 1
    assert opened.bar.progress.bar.isVisible()
    press(opened, Key.Key_Escape)
    assert not work.computing
    done = len(work.done_spans())
    qtbot.wait(150)
    assert done <= len(work.done_spans()) <= done + 1
    assert len(work.done_spans()) < 60
    assert not opened.bar.progress.bar.isVisible()
    settle(opened)
    assert opened.session.depth is not None


def test_a_page_that_turns_goes_before_the_rest_of_the_recording(
    qtbot: QtBot, opened: ReviewWindow, backend, press: Press
) -> None:
    backend.delay = 0.05
    opened.session.reconstruct_everything()
    qtbot.waitUntil(lambda: len(backend.done) >= 2, timeout=60_000)
    opened.session.go_to(400.0)
    press(opened, Key.Key_R)
    before = len(backend.done)
    qtbot.waitUntil(lambda: any(r.index == 40 for r in backend.done), timeout=60_000)
    assert [r.index for r in backend.done].index(40) <= before + 1
    qtbot.waitUntil(lambda: len(opened.session.reconstruction.done_spans()) == 60, timeout=240_000)
    assert not opened.session.reconstruction.computing


def test_a_selection_is_reconstructed(qtbot: QtBot, opened: ReviewWindow, backend, press: Press) -> None:
    assert not opened.commands.actions["reconstruct_selection"].isEnabled()
    opened.session.store.update(selection=Span(42.0, 61.0))
    opened.commands.actions["reconstruct_selection"].trigger()
    qtbot.waitUntil(lambda: not opened.session.reconstruction.computing)
    assert sorted(r.index for r in backend.done) == [4, 5, 6]
    press(opened, Key.Key_Escape)
    assert opened.session.state.selection is None


def test_another_seed_is_another_reconstruction_and_the_first_is_found_again(
    opened: ReviewWindow, backend, press: Press, reconstructed: Settle
) -> None:
    press(opened, Key.Key_R)
    reconstructed(opened)
    first = opened.session.depth.bands.median.copy()
    opened.commands.seed.setValue(1)
    reconstructed(opened)
    assert not np.allclose(opened.session.depth.bands.median, first)
    known = len(backend.done)
    opened.commands.seed.setValue(0)
    reconstructed(opened)
    np.testing.assert_array_equal(opened.session.depth.bands.median, first)
    assert len(backend.done) == known


def test_what_is_shown_is_called_stale_only_where_channels_have_changed(
    opened: ReviewWindow, press: Press, reconstructed: Settle, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    notes = opened.ieeg._notes

    def listen() -> str:
        said.append(notes())
        return said[-1]

    monkeypatch.setattr(opened.ieeg, "_notes", listen)
    press(opened, Key.Key_R)
    reconstructed(opened)
    press(opened, Key.Key_Right)
    reconstructed(opened)
    assert said
    assert not any(said), "called stale although nothing was changed"
    opened.session.toggle_bad("T3")
    settle(opened)
    assert "channels have changed" in said[-1]
    opened.ieeg.redraw()
    settle(opened)
    assert "channels have changed" in said[-1], "the warning went with the next picture"


def test_setting_a_channel_aside_marks_what_is_shown_as_stale_and_computes_nothing(
    opened: ReviewWindow, backend, press: Press, settle: Settle, reconstructed: Settle
) -> None:
    press(opened, Key.Key_R)
    reconstructed(opened)
    known = len(backend.done)
    opened.session.toggle_bad("T3")
    settle(opened)
    assert opened.session.reconstruction.stale
    assert opened.session.depth is not None
    press(opened, Key.Key_Right)
    settle(opened)
    assert len(backend.done) == known
    press(opened, Key.Key_R)
    reconstructed(opened)
    assert not opened.session.reconstruction.stale
    assert backend.done[-1].excluded == frozenset({"T3"})


def test_samples_are_flipped_like_pages(
    opened: ReviewWindow, press: Press, settle: Settle, reconstructed: Settle
) -> None:
    press(opened, Key.Key_R)
    reconstructed(opened)
    press(opened, Key.Key_BracketRight)
    assert opened.session.state.sample == 0
    press(opened, Key.Key_BracketLeft)
    assert opened.session.state.sample == 8
    settle(opened)
    assert opened.session.depth.sample is not None
    opened.commands.actions["sample_off"].trigger()
    assert opened.session.state.sample is None


def test_a_contact_shows_the_mean_power_of_its_samples_and_its_distribution(
    opened: ReviewWindow, press: Press, settle: Settle, reconstructed: Settle
) -> None:
    press(opened, Key.Key_R)
    reconstructed(opened)
    opened.implant.contact_selected.emit("AHR2")
    assert "AHR" in opened.session.state.shafts
    settle(opened)
    assert "AHR2" in opened.spectrogram.accessibleDescription()
    assert "9 samples" in opened.spectrogram.accessibleDescription()
    index = [c.name for c in opened.session.contacts].index("AHR2")
    values = opened.session.values_at(index, 4.2)
    assert values is not None
    assert values.shape == (9,)


def test_a_withheld_stretch_says_why(
    opened: ReviewWindow, backend, press: Press, reconstructed: Settle, settle: Settle
) -> None:
    backend.withheld[0] = "scalp amplitude 900 µV rms"
    press(opened, Key.Key_R)
    reconstructed(opened)
    segment = opened.session.reconstruction.segments(Span(0.0, 10.0))[0]
    assert (segment.what, segment.text) == ("withheld", "scalp amplitude 900 µV rms")
    assert "out of distribution" in opened.model_says.text()
    opened.commands.marks.choose_contact("AHL3")
    settle(opened)
    assert opened.spectrogram._message == "Withheld here: scalp amplitude 900 µV rms"


def test_of_a_page_that_is_withheld_in_part_the_rest_is_shown(
    opened: ReviewWindow, backend, press: Press, reconstructed: Settle, settle: Settle
) -> None:
    backend.withheld[0] = (Withheld(Span(4.0, 5.5), "Fp1 178 µV rms in a second"),)
    press(opened, Key.Key_R)
    reconstructed(opened)
    session = opened.session
    what = [(s.span, s.what) for s in session.reconstruction.segments(Span(0.0, 10.0))]
    assert what == [(Span(0.0, 4.0), "done"), (Span(4.0, 5.5), "withheld"), (Span(5.5, 10.0), "done")]
    assert "1.5 s out of distribution ○" in opened.model_says.text()
    depth = session.depth
    assert depth is not None
    t = depth.start + np.arange(depth.bands.median.shape[1]) / depth.rate
    inside = (t >= 4.0) & (t < 5.5)
    assert np.isnan(depth.bands.median[:, inside]).all()
    assert np.isfinite(depth.bands.median[:, ~inside & (t < 10.0)]).all()
    opened.implant.contact_selected.emit("AHL1")
    session.set_cursor(4.5)
    assert opened.inspector.histogram.isHidden()
    assert "Fp1 178 µV" in opened.inspector._why.text()
    session.set_cursor(3.5)
    assert opened.inspector.histogram.isVisible()
    assert all(not 4.0 <= spike.time < 5.5 for spike in session.spikes.depth())
    assert sum(s.duration for s in session.spikes.searched_depth()) == pytest.approx(18.5)
    opened.commands.actions["withheld"].trigger()
    settle(opened)
    assert session.depth is not None
    assert np.isfinite(session.depth.bands.median[:, inside]).all()
    assert "out of distribution" in opened.model_says.text(), "it stays named"


def test_why_nothing_is_shown_tells_a_gap_from_what_is_not_reconstructed(
    opened: ReviewWindow, backend, press: Press, reconstructed: Settle
) -> None:
    backend.withheld[0] = (Withheld(Span(4.0, 6.0), "Fp1 178 µV rms in a second"),)
    press(opened, Key.Key_R)
    reconstructed(opened)
    why = opened.session.reconstruction.why_nothing
    assert why(Span(4.5, 4.6)) == "Withheld here: Fp1 178 µV rms in a second"
    assert why(Span(8.0, 8.1)) == "Not reconstructed here: the recording has a gap"
    assert why(Span(50.0, 50.1)) == "Not yet reconstructed here: press R"


def test_what_is_proposed_in_an_artefact_is_doubted_in_the_list(
    opened: ReviewWindow, backend, press: Press, reconstructed: Settle, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    spikes = (Spike("F7–T3", 4.5), Spike("T3–T5", 4.52), Spike("F7–T3", 8.0), Spike("F7–T3", 9.5))
    monkeypatch.setattr(opened.session.spikes, "scalp", lambda: spikes)
    backend.withheld[0] = (
        Withheld(Span(4.0, 6.0), "Fp1 178 µV rms in a second, above the 113 that the model was trained on: artefact?"),
        Withheld(Span(9.0, 10.0), "scalp amplitude 1 µV rms, below what the model was trained on"),
    )
    opened.session.spikes.changed.emit()
    settle(opened)
    said = {e.time: e.text for e in opened.events._model._all if e.kind == "scalp spike"}
    assert said == {4.5: "spike? 2 channels", 8.0: "spike?", 9.5: "spike?"}, "before anything is known"
    press(opened, Key.Key_R)
    reconstructed(opened)
    settle(opened)
    said = {e.time: e.text for e in opened.events._model._all if e.kind == "scalp spike"}
    assert said == {4.5: "artefact? 2 channels", 8.0: "spike?", 9.5: "spike?"}


def test_what_was_searched_is_of_the_channels_that_were_used(
    opened: ReviewWindow, backend, press: Press, reconstructed: Settle, settle: Settle
) -> None:
    """With Fp1 nothing of two seconds may be shown, without it everything: the rates are of the one or the other."""
    backend.withheld[0] = (Withheld(Span(4.0, 6.0), "Fp1 178 µV rms in a second"),)
    session = opened.session

    def searched() -> float:
        return sum(span.duration for span in session.spikes.searched_depth())

    press(opened, Key.Key_R)
    reconstructed(opened)
    settle(opened)
    assert searched() == pytest.approx(18.0)
    assert opened.overview._withheld == (Span(4.0, 6.0),)
    session.toggle_bad("Fp1")
    backend.withheld.clear()
    press(opened, Key.Key_R)
    reconstructed(opened)
    settle(opened)
    assert searched() == pytest.approx(20.0)
    assert opened.overview._withheld == (), "the same tiles, and nothing of them withheld"
    session.toggle_bad("Fp1")
    press(opened, Key.Key_R)
    reconstructed(opened)
    settle(opened)
    assert searched() == pytest.approx(18.0)


def test_running_out_of_memory_on_the_gpu_goes_on_on_the_cpu_and_says_so(
    opened: ReviewWindow, backend, press: Press, reconstructed: Settle
) -> None:
    opened.session.store.update(device="cuda")
    backend.errors.append("CUDA has no memory left: the reconstruction goes on, slower, on the CPU.")
    said: list[str] = []
    opened.statusBar().messageChanged.connect(said.append)
    press(opened, Key.Key_R)
    reconstructed(opened)
    assert any("on the CPU" in text for text in said)
    assert opened.session.reconstruction.device_label == "CPU"
    assert opened.session.depth is not None


def test_what_the_model_refuses_is_said_once_and_the_page_says_what_to_do(
    qtbot: QtBot, opened: ReviewWindow, backend, press: Press, reconstructed: Settle, fault: FindFault
) -> None:
    backend.errors.append(OutOfMemory("There is not enough memory for a single sample; close other programs."))
    press(opened, Key.Key_R)
    qtbot.waitUntil(lambda: any(d.isVisible() for d in opened.findChildren(FaultDialog)))
    box = fault(opened)
    assert "not enough memory" in box.text
    box.close()
    assert not opened.session.reconstruction.computing
    assert opened.session.reconstruction.segments(Span(0.0, 10.0))[0].what == "failed"
    press(opened, Key.Key_R)
    reconstructed(opened)
    assert opened.session.depth is not None


@pytest.mark.expects_warnings
def test_what_nobody_expected_is_a_sentence_and_its_trace_is_kept(
    qtbot: QtBot, opened: ReviewWindow, backend, caplog: pytest.LogCaptureFixture, press: Press, fault: FindFault
) -> None:
    backend.errors.append(ZeroDivisionError("boom"))
    with caplog.at_level(logging.ERROR):
        press(opened, Key.Key_R)
        qtbot.waitUntil(lambda: any(d.isVisible() for d in opened.findChildren(FaultDialog)))
    box = fault(opened)
    assert "boom" not in box.text
    assert "ZeroDivisionError" in box.detail
    assert "boom" not in box.detail, "it is copied to be sent to somebody"
    assert "ZeroDivisionError" in caplog.text
    assert "boom" not in caplog.text, "what an error says may name a patient"
    box.close()


def test_the_recorded_ieeg_is_laid_over_its_reconstruction(
    qtbot: QtBot, opened: ReviewWindow, demo: Path, press: Press, settle: Settle, reconstructed: Settle
) -> None:
    press(opened, Key.Key_R)
    reconstructed(opened)
    names = [c.name for c in opened.session.contacts]
    opened.session.comparison.open(demo.with_name("demo-ieeg.edf"), names)
    qtbot.waitUntil(lambda: opened.feeds._truth is not None)
    assert set(opened.feeds._truth.y) == {f"AHL{k}" for k in range(1, 9)}
    settle(opened)
    opened.commands.actions["compare_off"].trigger()
    assert opened.feeds._truth is None


def test_a_comparison_without_a_contact_of_the_model_is_refused(
    qtbot: QtBot, opened: ReviewWindow, demo: Path, fault: FindFault
) -> None:
    opened.session.comparison.open(demo, [c.name for c in opened.session.contacts])
    qtbot.waitUntil(lambda: any(d.isVisible() for d in opened.findChildren(FaultDialog)))
    assert "contact" in fault(opened).text
    fault(opened).close()


def test_discharges_of_many_contacts_are_one_line_in_the_list() -> None:
    spikes = [Spike("AHL1", 1.00, 5, 9), Spike("AHL2", 1.04, 7, 9), Spike("AHL3", 1.09, 3, 9), Spike("AR1", 3.0, 1, 9)]
    assert [(strongest(group).label, len(group)) for group in grouped(spikes)] == [("AHL2", 3), ("AR1", 1)]
    assert grouped([]) == []


def test_a_discharge_of_the_scalp_is_where_it_stands_out_most_not_where_it_is_first() -> None:
    spikes = [
        Spike("F7–T3", 1.00, strength=1.1),
        Spike("C3–P3", 1.04, strength=4.0),
        Spike("Cz–Pz", 1.05, strength=2.0),
    ]
    assert strongest(grouped(spikes)[0]).label == "C3–P3"


# Export and leaving ---------------------------------------------------------------------------------------------------


def test_a_page_is_exported_while_the_reader_goes_on(
    qtbot: QtBot, opened: ReviewWindow, tmp_path: Path, backend, press: Press
) -> None:
    target = tmp_path / "out.edf"
    press(opened, Key.Key_E, CTRL)
    dialog = opened.findChild(ExportDialog)
    assert dialog.isVisible()
    dialog.form.target.setText(str(target))
    with qtbot.waitSignal(dialog.exported, timeout=30_000) as exported:
        qtbot.mouseClick(dialog.form.export_button, Qt.MouseButton.LeftButton)
    report = exported.args[0]
    dialog.close()
    edf = edfio.read_edf(target)
    first = backend.contacts[0].name
    assert edf.labels[:3] == (f"~{first} med", f"~{first} p05", f"~{first} p95")
    assert edf.signals[0].sampling_frequency == backend.rate
    assert report.samples == 9
    assert report.worst_difference_uv <= report.step_uv
    assert "worst difference" in opened.statusBar().currentMessage()


def test_where_names_are_hidden_an_export_names_nobody_either(
    qtbot: QtBot, opened: ReviewWindow, tmp_path: Path, press: Press
) -> None:
    recording = opened.session.recording
    assert recording is not None
    opened.session.store.update(private=True)
    press(opened, Key.Key_E, CTRL)
    dialog = opened.findChild(ExportDialog)
    assert dialog.form.nameless.isChecked()
    dialog.form.target.setText(str(tmp_path / "out.edf"))
    with qtbot.waitSignal(dialog.exported, timeout=30_000):
        qtbot.mouseClick(dialog.form.export_button, Qt.MouseButton.LeftButton)
    dialog.close()
    data = (tmp_path / "out.edf").read_bytes()
    assert data[8:88].strip() == b"X X X X"
    for word in (recording.patient.name, recording.patient.identifier, recording.path.name):
        assert not word or word.encode() not in data


def test_what_is_offered_for_export_is_what_is_on_screen(
    opened: ReviewWindow, press: Press, reconstructed: Settle
) -> None:
    opened.session.store.update(seed=3, selection=Span(10.0, 30.0))
    press(opened, Key.Key_R)
    reconstructed(opened)
    offer = offer_of(opened.session)
    assert offer is not None
    assert (offer.samples, offer.seed, offer.selection) == (9, 3, Span(10.0, 30.0))
    assert offer.page == Span(0.0, 10.0)
    assert offer.seconds_per_tile is not None


def test_closing_while_everything_computes_leaves_nothing(
    qtbot: QtBot, opened: ReviewWindow, backend, tmp_path: Path, press: Press
) -> None:
    backend.delay = 2.0
    opened.session.reconstruct_everything()
    request = offer_of(opened.session)
    assert request is not None
    press(opened, Key.Key_E, CTRL)
    dialog = opened.findChild(ExportDialog)
    dialog.form.target.setText(str(tmp_path / "never.edf"))
    qtbot.mouseClick(dialog.form.export_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.computing and bool(backend.asked))
    opened.close()
    assert list(tmp_path.iterdir()) == []
    assert opened.session.source is None


def test_the_window_is_as_it_was_left(qtbot: QtBot, opened: ReviewWindow, demo: Path, backend, settle: Settle) -> None:
    opened.docks["Implant"].close()
    opened.session.store.update(sensitivity=15e-6)
    qtbot.waitUntil(lambda: not opened.docks["Implant"].isVisible())
    opened.close()
    session = Session(opened.settings, make_backend=lambda: backend)
    again = ReviewWindow(session)
    again.show()
    session.load_model()
    session.open(demo)
    settle(again)
    assert not again.docks["Implant"].isVisible()
    assert session.state.sensitivity == pytest.approx(15e-6)
    again.close()
    again.deleteLater()
    session.deleteLater()


def test_dialogs_open_and_close_by_key(qtbot: QtBot, opened: ReviewWindow) -> None:
    for action in ("keys", "about", "card"):
        opened.commands.actions[action].trigger()
        dialog = next(d for d in opened.findChildren(QDialog) if d.isVisible())
        qtbot.keyClick(dialog, Key.Key_Escape)
        assert not dialog.isVisible()
        QApplication.processEvents()
