"""The page about simulated patients: its figures by exact cases, its references by the real recording, its file."""

from __future__ import annotations

import base64
import html
import re
from pathlib import Path

import numpy as np
import pytest

from neuroflow.anatomy.implant import load_implant
from neuroflow.cli.front import main
from neuroflow.jobs import Cancelled, Control
from neuroflow.simulation.patient import draw_patient
from neuroflow.simulation.report import Collector, comparisons
from neuroflow.simulation.report_correlation import Correlation, correlations, mean_correlation
from neuroflow.simulation.report_examples import DOUBLE_BANANA, examples
from neuroflow.simulation.report_reference import QUOTED, real_clip
from neuroflow.simulation.report_spectra import aperiodic, band_amplitude, spectra
from neuroflow.simulation.report_statistics import WINDOW_SECONDS, FocusFigures, background_windows, focus_figures
from neuroflow.simulation.tree import Recorded, TreeRequest, simulated

REQUEST = TreeRequest(load_implant(), 2, 150, 4)


@pytest.fixture(scope="module")
def recordings() -> list[Recorded]:
    return list(simulated(REQUEST))


@pytest.fixture(scope="module")
def collected(recordings: list[Recorded]) -> Collector:
    collector = Collector(REQUEST, QUOTED)
    for recorded in recordings:
        collector.add(recorded)
    return collector


def test_what_is_quoted_of_the_real_clip_is_what_it_gives(data_dir: Path) -> None:
    if not (data_dir / "ieeg").is_dir():
        pytest.skip("the depth recording is not among the real recordings (NEUROFLOW_TEST_DATA)")
    found = real_clip(data_dir)
    assert found.measured
    assert found.median_rms == pytest.approx(QUOTED.median_rms, abs=0.1e-6)
    assert found.fast_rms == pytest.approx(QUOTED.fast_rms, abs=0.1e-6)
    assert found.slope == pytest.approx(QUOTED.slope, abs=0.005)
    for kind in ("recorded", "averaged"):
        ours, quoted = getattr(found.shared, kind), getattr(QUOTED.shared, kind)
        assert ours.across == pytest.approx(quoted.across, abs=0.0051)
        assert ours.within == pytest.approx(quoted.within, abs=0.0051)


def test_without_the_recording_its_figures_are_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert real_clip(tmp_path) is QUOTED
    monkeypatch.delenv("NEUROFLOW_TEST_DATA", raising=False)
    assert real_clip() is QUOTED


@pytest.mark.parametrize(("exponent", "knee"), [(2.5, 10.0), (4.0, 7.0), (3.3, 17.0)])
def test_the_aperiodic_fit_finds_what_was_put_in(exponent: float, knee: float) -> None:
    f = np.arange(0.5, 100.5, 0.5)
    psd = 3e-9 / (knee**exponent + f**exponent) * (1 + 2 * np.exp(-0.5 * ((f - 10) / 0.7) ** 2))  # and an alpha peak
    found = aperiodic(f, psd)
    assert found.exponent == pytest.approx(exponent, rel=0.05)
    assert found.knee == pytest.approx(knee, rel=0.10)


def test_a_straight_spectrum_has_its_slope_and_no_knee() -> None:
    f = np.arange(0.5, 100.5, 0.5)
    found = aperiodic(f, f**-2.7)
    assert found.slope == pytest.approx(-2.7, abs=1e-9)
    assert found.exponent == pytest.approx(2.7, rel=0.03)
    assert not found.knee > 2.0


def test_amplitudes_are_those_of_a_sine() -> None:
    t = np.arange(0, 20, 1 / 200)
    f, psd = spectra(3e-5 * np.sin(2 * np.pi * 10 * t)[None], 200.0)
    assert band_amplitude(f, psd, 8.0, 12.5)[0] == pytest.approx(3e-5 / np.sqrt(2), rel=1e-3)


def test_correlations_by_how_far_apart_contacts_stand() -> None:
    rng = np.random.default_rng(0)
    own = rng.standard_normal((6, 40_000))
    names = [("A", 1), ("A", 2), ("A", 4), ("B", 1), ("B", 2), ("C", 1)]
    found = correlations(own + 3.0 * rng.standard_normal(40_000), names)  # a common reference: r = 9 / 10
    assert sorted(found.recorded.within) == [1, 2, 3]
    assert found.recorded.across == pytest.approx(0.9, abs=0.01)
    assert found.recorded.within[1] == pytest.approx(0.9, abs=0.01)
    assert found.averaged.across == pytest.approx(-1 / 5, abs=0.02)  # what is left of independent contacts
    both = mean_correlation([Correlation({1: 0.2}, 0.0), Correlation({1: 0.4, 2: 0.1}, 0.5)])
    assert both.within == pytest.approx({1: 0.3, 2: 0.1})
    assert both.across == 0.25


def test_background_holds_no_artefact_and_no_discharge(recordings: list[Recorded]) -> None:
    for recorded in recordings:
        twin = recorded.twin
        for name, starts in background_windows(twin).items():
            for start in starts:
                stop = start + WINDOW_SECONDS
                assert any(s.name == name and s.start <= start and stop <= s.stop for s in twin.states)
                assert not any(a.time < stop and start < a.time + a.duration for a in twin.artefacts)
                assert not any(d.time < stop and start < d.time + d.duration for d in twin.discharges)


def test_deep_discharges_hardly_reach_the_scalp() -> None:
    found: dict[str, list[FocusFigures]] = {}
    for seed in range(6):
        patient = draw_patient(seed, load_implant())
        quiet = np.full(len(patient.sites), 15e-6)
        for focus in patient.foci:
            figures = focus_figures(patient, focus, quiet, 200.0)
            assert abs(figures.field.mean()) < 1e-3 * figures.averaged  # average reference
            found.setdefault(focus.extent, []).append(figures)
    averaged = {extent: np.median([f.averaged for f in figures]) for extent, figures in found.items()}
    assert averaged["hippocampal"] < 0.5 * averaged["propagated"]
    assert all(figures.depth > 10 * figures.averaged for figures in found["hippocampal"])


def test_pages_are_bipolar_and_lie_within_the_recording(recordings: list[Recorded]) -> None:
    shown = [e for r in recordings for e in examples(r.subject, r.patient, r.twin)]
    assert {"discharge"} <= {one.kind for one in shown}
    for one in shown:
        assert one.scalp_labels == tuple("-".join(pair) for pair in DOUBLE_BANANA)
        assert one.scalp.shape == (18, 2000)
        assert one.depth.shape == (len(one.depth_labels), 2000)
        assert all(one.start <= at < one.start + 10.0 for at, _ in one.marks)
        if one.kind == "discharge":
            assert any(abs(at - one.start - 5.0) < 0.01 and text.startswith("propagated") for at, text in one.marks)


@pytest.fixture(scope="module")
def written(collected: Collector, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[float]]:
    fractions: list[float] = []
    path = tmp_path_factory.mktemp("page") / "page.html"
    collected.write(path, Control(fractions.append))
    return path, fractions


def test_the_page_is_one_file_with_its_pictures_inside(written: tuple[Path, list[float]]) -> None:
    path, fractions = written
    text = path.read_text(encoding="utf-8")
    pictures = re.findall(r'src="([^"]*)"', text)
    assert len(pictures) >= 6
    for picture in pictures:
        head, _, data = picture.partition(",")
        assert head == "data:image/png;base64"
        assert base64.b64decode(data, validate=True).startswith(b"\x89PNG")
    without_pictures = re.sub(r'src="[^"]*"', "", text)  # base64 may spell anything
    assert not re.findall(r"(?:href|url\(|<script|<link)", without_pictures)
    assert "Nobody was recorded" in text
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert [file.name for file in path.parent.iterdir()] == ["page.html"]


def test_the_page_says_first_where_the_simulation_departs(
    collected: Collector, written: tuple[Path, list[float]]
) -> None:
    lines = comparisons(collected.figures, collected.clip)
    departing = [line for line in lines if line.fits is False]
    text = written[0].read_text(encoding="utf-8")
    verdict = html.unescape(text[text.index('class="verdict"') : text.index("<table>")])
    assert departing
    for line in departing:
        assert line.what[1:] in verdict
    assert text.count('<tr class="departs">') == len(departing)
    assert text.count("<tr class=") == len(lines)


@pytest.mark.parametrize(
    ("what", "reference"),
    [
        ("Exponent of depth spectra", "2.5 to 4.3, 3.3 typically"), ("Knee of depth spectra", "7 to 17 Hz"),
        ("Depth rms", "110 to 150 µV"), ("Scalp background rms", "10 to 50 µV"),
        ("Hippocampal discharges averaged", "7 µV"), ("Propagated discharges averaged", "36 µV"),
        ("Hippocampal discharges above", "4.7 %"), ("Slope of depth spectra", "-2.70"),
        ("Depth rms over 5 s", "156 µV"),
    ],
)  # fmt: skip
def test_each_reference_of_the_design_and_the_real_clip_has_a_line_on_the_page(
    written: tuple[Path, list[float]], what: str, reference: str
) -> None:
    rows = re.findall(r"<tr class=.*?</tr>", html.unescape(written[0].read_text(encoding="utf-8")), re.DOTALL)
    cells = [re.findall(r"<td>(.*?)</td>", row) for row in rows]
    assert [c for c in cells if c[0].startswith(what) and reference in c[2] and re.search(r"\d", c[1])]


def test_a_cancelled_page_leaves_nothing(collected: Collector, tmp_path: Path) -> None:
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        collected.write(tmp_path / "page.html", control)
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_tree_and_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "tree"
    assert main(["simulate", str(folder), "--patients", "1", "--minutes", "0.5", "--report"]) == 0
    assert (folder / "report.html").is_file()
    assert (folder / "participants.tsv").is_file()
    assert "report.html" in capsys.readouterr().out


def test_the_command_writes_the_page_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    assert main(["simulate", "--report", "-o", str(tmp_path / "none" / "page.html")]) == 2
    assert "no folder" in capsys.readouterr().err
    assert main(["simulate", "--report", "-o", str(page), "--patients", "1", "--minutes", "0.2"]) == 0
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]
