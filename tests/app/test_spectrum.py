"""The spectrum of the page: asked for by key, right about power and peak, and never of a reconstruction unsaid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from neuroflow.inference.tile import Withheld
from neuroflow.jobs import Control
from neuroflow.recording import ArraySource, Channel, ChannelKind, Patient, Recording, Span
from neuroflow.signal.montage import Row
from neuroflow.signal.spectrum import band_power
from neuroflow_review.session.spectrum import DepthSpectrum, ScalpSpectrum, Stretch, scalp_spectrum
from neuroflow_review.theme import LIGHT
from neuroflow_review.window import ReviewWindow

Press = Callable[..., None]
Settle = Callable[[ReviewWindow], None]
Key = Qt.Key
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def alpha(qtbot: QtBot, window: ReviewWindow, nineteen: Path) -> ReviewWindow:
    """The window on a recording of 10 Hz in noise, as recorded."""
    window.session.store.update(montage="as recorded")
    window.session.open(nineteen)
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    return window


def colours(image: QImage) -> set[str]:
    return {QColor(image.pixel(x, y)).name().upper() for x in range(image.width()) for y in range(image.height())}


def made_of(window: ReviewWindow) -> ScalpSpectrum:
    made = window.spectrum._scalp
    assert made is not None
    return made


def test_the_spectrum_is_shown_and_taken_away_by_key(alpha: ReviewWindow, press: Press, settle: Settle) -> None:
    assert not alpha.docks["Spectrum"].isVisible()
    assert alpha.spectrum._scalp is None  # nothing is computed unseen
    press(alpha, Key.Key_F, SHIFT)
    settle(alpha)
    assert alpha.docks["Spectrum"].isVisible()
    assert alpha.commands.actions["spectrum"].isChecked()
    assert alpha.spectrum.title == "Fp1"
    assert alpha.spectrum.reading == "peak 10.0 Hz"
    assert "page, 10 s · as recorded, no filters" in alpha.spectrum.words
    press(alpha, Key.Key_F, SHIFT)
    assert not alpha.docks["Spectrum"].isVisible()


def test_its_power_is_that_of_the_recording_whatever_the_filters(
    alpha: ReviewWindow, press: Press, settle: Settle
) -> None:
    press(alpha, Key.Key_F, SHIFT)
    settle(alpha)
    made = made_of(alpha)
    assert len(made.rows) == 19
    source = alpha.session.source
    assert source is not None
    whole = (0.5, 99.0)
    for row, density in zip(made.rows, made.density, strict=True):
        y = source.read(Span(0.0, 10.0), source.recording.channel(row.label))
        assert band_power(made.frequencies, density, whole) == pytest.approx(np.var(y), rel=0.06)
    before = made.density.copy()
    press(alpha, Key.Key_F)  # filters off
    settle(alpha)
    np.testing.assert_array_equal(made_of(alpha).density, before)


def test_it_follows_the_chosen_channel_by_key(alpha: ReviewWindow, press: Press, settle: Settle) -> None:
    press(alpha, Key.Key_F, SHIFT)
    settle(alpha)
    made = made_of(alpha)
    press(alpha, Key.Key_C)
    press(alpha, Key.Key_C)
    assert alpha.session.state.channel == alpha.session.rows[2].label
    assert alpha.spectrum.title == alpha.session.rows[2].label
    press(alpha, Key.Key_C, SHIFT)
    assert alpha.spectrum.title == alpha.session.rows[1].label
    assert made_of(alpha) is made  # nothing is read again for it


def test_a_selection_of_two_seconds_takes_the_place_of_the_page(
    alpha: ReviewWindow, press: Press, settle: Settle
) -> None:
    press(alpha, Key.Key_F, SHIFT)
    alpha.session.store.update(selection=Span(2.0, 5.0))
    settle(alpha)
    assert alpha.spectrum.words.startswith("selection, 3 s")
    assert made_of(alpha).stretch == Stretch(Span(2.0, 5.0), True)
    alpha.session.store.update(selection=Span(2.0, 2.5))  # a ruler, not a stretch
    settle(alpha)
    assert alpha.spectrum.words.startswith("page, 10 s")
    alpha.session.store.update(selection=Span(2.0, 5.0))
    alpha.session.turn(1.0)
    settle(alpha)
    assert made_of(alpha).stretch == Stretch(Span(10.0, 20.0), False)


def test_a_channel_set_aside_is_said_to_be(alpha: ReviewWindow, press: Press, settle: Settle) -> None:
    press(alpha, Key.Key_F, SHIFT)
    press(alpha, Key.Key_B)
    settle(alpha)
    assert alpha.spectrum.words.startswith("set aside as bad")
    assert LIGHT.left not in colours(alpha.spectrum.grab(alpha.spectrum.plot().toRect()).toImage())
    press(alpha, Key.Key_C)
    settle(alpha)
    assert "aside" not in alpha.spectrum.words


def test_frequencies_are_read_by_pointer_and_by_keyboard(
    qtbot: QtBot, alpha: ReviewWindow, press: Press, settle: Settle
) -> None:
    press(alpha, Key.Key_F, SHIFT)
    settle(alpha)
    panel = alpha.spectrum
    plot = panel.plot()
    qtbot.mouseMove(panel, QPoint(round(panel.x_of(10.0)), round(plot.center().y())))
    assert panel.reading.startswith(("10.00 Hz", "9.75 Hz", "10.25 Hz"))
    level = float(panel.reading.split()[2].replace("−", "-"))
    assert 20 < level < 26  # 200 µV² over one hertz
    qtbot.mouseMove(panel, QPoint(2, 2))
    assert panel.reading.startswith("peak")
    panel.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(panel, Key.Key_Right)
    assert panel.reading.startswith("10.25 Hz")
    qtbot.keyClick(panel, Key.Key_Left)
    assert panel.reading.startswith("10.00 Hz")
    assert alpha.session.state.start == 0.0  # no page was turned
    assert "10.00 Hz" in panel.accessibleDescription()
    alpha.page.setFocus()
    assert panel.reading.startswith("peak")


def test_a_contact_is_a_distribution_in_the_colours_of_one(
    opened: ReviewWindow, press: Press, settle: Settle, reconstructed: Callable[[ReviewWindow], None]
) -> None:
    press(opened, Key.Key_F, SHIFT)
    opened.commands.marks.choose_contact("AHL3")
    settle(opened)
    assert "press R" in opened.spectrum.message
    press(opened, Key.Key_R)
    reconstructed(opened)
    panel = opened.spectrum
    made = panel._depth
    assert isinstance(made, DepthSpectrum)
    assert panel.title == "≈AHL3"
    assert panel.words.startswith("reconstructed, not recorded · median and 80 % of 9 samples")
    assert (made.low <= made.median).all()
    assert (made.median <= made.high).all()
    assert made.frequencies[-1] <= 48.0  # nothing beyond the band of the model
    image = panel.grab().toImage()
    found = colours(image)
    assert {LIGHT.band90, LIGHT.recon_paper} <= found
    assert not {LIGHT.left, LIGHT.right, LIGHT.paper, LIGHT.panel} & found
    opened.commands.marks.choose_channel("F7–T3")
    settle(opened)
    assert panel.title == "F7–T3"
    assert LIGHT.recon_paper not in colours(panel.grab().toImage())


def test_what_is_withheld_has_no_spectrum(
    opened: ReviewWindow, backend, press: Press, reconstructed: Callable[[ReviewWindow], None]
) -> None:
    backend.withheld[0] = "amplitude"
    press(opened, Key.Key_F, SHIFT)
    opened.commands.marks.choose_contact("AHL3")
    press(opened, Key.Key_R)
    reconstructed(opened)
    assert opened.spectrum.message.startswith("Withheld")


def test_a_selection_in_what_is_withheld_says_so_rather_than_that_it_is_short(
    opened: ReviewWindow, backend, press: Press, settle: Settle, reconstructed: Callable[[ReviewWindow], None]
) -> None:
    backend.withheld[0] = (Withheld(Span(2.0, 6.0), "Fp1 178 µV rms in a second"),)
    press(opened, Key.Key_F, SHIFT)
    opened.commands.marks.choose_contact("AHL3")
    press(opened, Key.Key_R)
    reconstructed(opened)
    settle(opened)
    assert not opened.spectrum.message, "the rest of the page has one"
    opened.session.store.update(selection=Span(2.5, 5.5))
    settle(opened)
    assert opened.spectrum.message == "Withheld here: Fp1 178 µV rms in a second"


def test_too_short_a_page_says_so(alpha: ReviewWindow, press: Press, settle: Settle) -> None:
    alpha.session.store.update(start=28.5)
    press(alpha, Key.Key_F, SHIFT)
    settle(alpha)
    assert "two seconds" in alpha.spectrum.message


def source_of(data: np.ndarray, rate: float) -> ArraySource:
    channels = tuple(Channel(k, f"E{k}", f"E{k}", ChannelKind.EEG, rate, "uV", True) for k in range(data.shape[0]))
    seconds = data.shape[1] / rate
    made = Recording(Path("made.edf"), "EDF", channels, seconds, None, Patient(), "", (), (), (), "made")
    return ArraySource(made, {k: y.astype(np.float32) for k, y in enumerate(data)})


def test_gaps_are_left_out_and_long_pages_are_read_in_parts() -> None:
    rate = 100.0
    data = 1e-5 * np.random.default_rng(0).standard_normal((2, 18_000))
    data[1, 1000:9000] = np.nan
    rows = tuple(Row(f"E{k}", ((f"E{k}", 1.0),), "left", 0) for k in range(2))
    shares: list[float] = []
    stretch = Stretch(Span(0.0, 180.0), False)
    made = scalp_spectrum(source_of(data, rate), rows, stretch, Control(shares.append))
    assert made is not None
    assert len(shares) == 3
    step = made.frequencies[1]
    np.testing.assert_allclose(made.density.sum(axis=1) * step, np.nanvar(data, axis=1), rtol=0.05)
    nothing = scalp_spectrum(source_of(np.full((2, 18_000), np.nan), rate), rows, stretch, Control())
    assert nothing is None
