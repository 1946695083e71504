"""A whole evaluation: of an exact posterior, of rivals, of a small model by the command line."""

from __future__ import annotations

import json
import math
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from torch import Tensor

from neuroflow.anatomy.implant import Contact, Implant
from neuroflow.cli import main
from neuroflow.cli.front import _parser
from neuroflow.evaluation.baselines import RIDGE, Baselines, Scales, fit_baselines
from neuroflow.evaluation.checks import check
from neuroflow.evaluation.held_out import MODEL, VARIATIONAL, WITHOUT_NOISE, Subject, measure
from neuroflow.evaluation.independent import independent_calibration
from neuroflow.evaluation.patients import STANDARD_SITES, UnseenPatient, context, kinds_of, windows
from neuroflow.evaluation.posterior import FlowPosterior, draw
from neuroflow.evaluation.report import page
from neuroflow.evaluation.standard import subject_of_model
from neuroflow.evaluation.summary import summarise
from neuroflow.evaluation.variational import (
    Kept,
    VariationalPosterior,
    fit_variational,
    kept_at,
    read_variational,
    variational_like,
    write_variational,
)
from neuroflow.evaluation.verdicts import verdicts
from neuroflow.flow.card import read_card, write_card
from neuroflow.inference.model import load_model
from neuroflow.io import open_recording
from neuroflow.jobs import Cancelled, Control

SITES = STANDARD_SITES[:19]
CONTACTS = tuple(Contact(f"AHL{i}", "AHL", (-25.0 - 5 * i, -12.0, -15.0)) for i in range(1, 9))
IMPLANT = Implant("made up", CONTACTS, "")
SCALES = Scales(2e-5, 1e-4)
SEEN, LEFT = 0.8, 0.6  # of the depth EEG, in its unit: what the scalp determines, and the noise it does not


def linear_patients(count: int, seconds: float, seed: int) -> list[UnseenPatient]:
    """Patients whose depth EEG is a linear function of their scalp EEG and white noise: all about them is known."""
    rng = np.random.default_rng(seed)
    patients = []
    for index in range(count):
        scalp = rng.normal(0, 1e-5, (19, round(100 * seconds))).astype(np.float32)
        depth = signal_of(scalp) + 1e-4 * LEFT * rng.standard_normal((8, scalp.shape[1]))
        times = np.arange(5.0, seconds - 2, 11.0)
        patients.append(
            UnseenPatient(
                f"linear {index}", scalp, np.ones(19, np.bool_), depth.astype(np.float32), ((0, scalp.shape[1]),),
                {"hippocampal": times[::2], "propagated": times[1::2], "lateral": np.empty(0)},
            )
        )  # fmt: skip
    return patients


def signal_of(scalp: np.ndarray) -> np.ndarray:
    """The determined part (contact, time) in volts."""
    clean = (scalp - scalp.mean(axis=0)) / 1e-5
    return np.asarray(1e-4 * SEEN * np.stack([clean[i] - clean[i + 8] for i in range(8)]) / math.sqrt(2.0))


@dataclass(frozen=True)
class Exact:
    """The posterior of those patients, or one whose noise is ``width`` times as wide."""

    width: float = 1.0
    reach: int = 8
    stride: int = 8

    def given(self, scalp: np.ndarray, present: np.ndarray) -> Exact.Given:  # noqa: ARG002
        return Exact.Given(signal_of(scalp)[:, self.reach : -self.reach], 1e-4 * LEFT * self.width)

    @dataclass(frozen=True)
    class Given:
        mean: np.ndarray
        std: float

        def draw(self, count: int, generator: torch.Generator, *, mirrored: bool = False) -> Tensor:
            noise = torch.randn((count, *self.mean.shape), generator=generator)
            if mirrored:
                noise[count // 2 :] = -noise[: count // 2]
            return torch.from_numpy(self.mean).float() + self.std * noise

        def log_prob(self, depth: np.ndarray) -> float:
            z = (depth - self.mean) / self.std
            return float((-0.5 * z**2 - math.log(self.std) - 0.5 * math.log(2 * math.pi)).sum())


@pytest.fixture(scope="module")
def fitted() -> Baselines:
    return fit_baselines(linear_patients(5, 60.0, 1), np.ones(19, np.bool_), IMPLANT, SITES, SCALES, 100.0)


def summary_of(posterior: Any, fitted: Baselines, patients: list[UnseenPatient], **others: Any) -> dict[str, Any]:
    subject = Subject(posterior, IMPLANT, SITES, 100.0, SCALES, 1.0, others)
    return summarise(measure(subject, iter(patients), lambda _: fitted, draws=99))


def test_an_exact_posterior_has_the_measures_that_theory_gives_it(fitted: Baselines) -> None:
    found = summary_of(Exact(), fitted, linear_patients(4, 60.0, 2))
    total = math.hypot(SEEN, LEFT)
    assert found["windows"] == 24
    # The mean of n draws errs a little more than the mean: r falls by sqrt(1 + LEFT² / (SEEN² n)).
    assert found["r_of_mean"][MODEL]["all"] == pytest.approx(SEEN / total, abs=0.01)
    assert found["r_of_mean"][RIDGE]["all"] == pytest.approx(SEEN / total, abs=0.01)
    assert found["crps_uv"][MODEL]["all"] == pytest.approx(100 * LEFT / math.sqrt(math.pi), rel=0.01)
    assert found["crps_uv"]["climatology"]["all"] == pytest.approx(100 * total / math.sqrt(math.pi), rel=0.01)
    entropy = 0.5 * math.log(2 * math.pi * math.e * LEFT**2)
    assert found["nll_nats_per_dimension"][MODEL] == pytest.approx(entropy, abs=0.005)
    assert found["nll_nats_per_dimension"][RIDGE] == pytest.approx(entropy, abs=0.02)
    for share, held in found["coverage"].items():
        assert held == pytest.approx(float(share[:-1]) / 100, abs=0.01)
    calibrated = found["simulation_based_calibration"]
    assert calibrated["windows"] == 120
    assert min(calibrated["rms"]["p"], calibrated["peak"]["p"]) > 0.005
    assert found["spread_against_error"][MODEL]["ratio"] == pytest.approx(1.0, abs=0.01)
    assert found["contacts"]["spread_ratio"] == pytest.approx([LEFT / total] * 8, abs=0.02)
    for name, errs in ((MODEL, LEFT), (RIDGE, LEFT), ("climatology", total)):
        assert found["contacts"]["by_method"][name]["rmse_uv"] == pytest.approx([100 * errs] * 8, rel=0.02)
    assert abs(found["shuffled"]["r"]) < 0.03
    assert found["shuffled"]["crps_over_climatology"] > 1.05
    assert set(found["coverage_by_kind"]) == {"all", "background", "hippocampal", "propagated"}


def test_by_band_by_depth_bipolar_in_power_and_in_coupling_an_exact_posterior_is_as_theory_says(
    fitted: Baselines,
) -> None:
    patients = linear_patients(4, 60.0, 2)
    found = summary_of(Exact(), fitted, patients)
    total = math.hypot(SEEN, LEFT)
    for method in (MODEL, RIDGE):
        assert list(found["r_by_depth"][method].values()) == pytest.approx([SEEN / total] * 8, abs=0.015)
        assert list(found["r_by_band"][method].values()) == pytest.approx([SEEN / total] * 5, abs=0.03)
    seen = np.concatenate([signal_of(p.scalp) for p in patients], axis=1)
    apart = np.median(np.diff(seen, axis=0).std(axis=1)) / 1e-4
    assert found["bipolar"]["r_of_mean"][MODEL]["all"] == pytest.approx(
        apart / math.hypot(apart, LEFT * 2**0.5), abs=0.02
    )
    assert found["bipolar"]["rmse_uv"][MODEL]["all"] == pytest.approx(100 * LEFT * 2**0.5, rel=0.02)
    error = found["spectrum"]["error_db"]
    assert error[MODEL] < 0.7
    assert error[RIDGE] == pytest.approx(-20 * math.log10(SEEN / total), abs=0.4), (
        "a mean has the seen part's power alone"
    )
    for kind in ("referential", "bipolar"):
        coupled = found["coupling_error"][kind]
        assert set(coupled) >= {MODEL, RIDGE, "climatology", "minimum norm", "sLORETA", "LCMV"}
        assert all(coupled[MODEL][band] < coupled["climatology"][band] for band in coupled[MODEL])
    assert 0.9 < found["rmse_uv"][MODEL]["propagated"] / (100 * LEFT) < 1.1


def test_intervals_are_over_subjects_and_not_over_their_recordings(fitted: Baselines) -> None:
    patients = linear_patients(4, 30.0, 5)
    of = {n: summary_of(Exact(), fitted, [replace(p, subject=s) for p, s in zip(patients, names, strict=True)])
          for n, names in {"one": "aaaa", "two": "aabb", "four": "abcd"}.items()}  # fmt: skip
    told = {n: found["against_ridge"]["r_difference"]["all"] for n, found in of.items()}
    assert len({value[0] for value in told.values()}) == 1, "what is measured is the same"
    assert told["one"][1:] == [None, None]
    assert told["two"][1:] != told["four"][1:]


@pytest.mark.parametrize("width", [0.6, 1.5])
def test_a_posterior_of_the_wrong_width_is_found_out(fitted: Baselines, width: float) -> None:
    found = summary_of(Exact(width), fitted, linear_patients(2, 60.0, 3))
    lines = {line.demand: line.met for line in verdicts(found)}
    assert found["spread_against_error"][MODEL]["ratio"] == pytest.approx(width, abs=0.02)
    # How much the scalp says is told beside the model's own prior, which is as wide as its posterior and its mean are.
    own = width * LEFT / math.hypot(width * LEFT, SEEN)
    assert found["contacts"]["spread_ratio"] == pytest.approx([own] * 8, abs=0.02)
    assert [met for demand, met in lines.items() if demand.startswith(("coverage", "simulation-based"))] == [False] * 5


def test_a_contact_that_was_not_recorded_is_left_out_and_the_others_are_as_before(fitted: Baselines) -> None:
    patients = linear_patients(2, 40.0, 4)
    whole = summary_of(Exact(), fitted, patients)
    for index, patient in enumerate(patients):
        depth = patient.depth.copy()
        depth[3] = np.nan
        patients[index] = UnseenPatient(
            patient.name, patient.scalp, patient.present, depth, patient.spans, patient.discharges
        )
    part = summary_of(Exact(), fitted, patients)
    assert part["contacts"]["r"][3] is None
    assert [r for i, r in enumerate(part["contacts"]["r"]) if i != 3] == pytest.approx(
        [r for i, r in enumerate(whole["contacts"]["r"]) if i != 3]
    )
    assert part["nll_nats_per_dimension"] == {}
    assert {line.met for line in verdicts(part) if line.demand.startswith("NLL, ")} == {None}


def test_windows_do_not_see_beyond_their_span() -> None:
    (patient,) = linear_patients(1, 20.0, 5)
    split = UnseenPatient("split", patient.scalp, patient.present, patient.depth, ((0, 800), (800, 2000)), {})
    second = windows(split, 1000, 200, 8)[1]
    seen = context(patient.scalp, second, 16)
    assert not seen[:, :16].any()
    assert np.array_equal(seen[:, 16:-16], patient.scalp[:, second.first : second.last])
    assert np.array_equal(seen[:, -16:], patient.scalp[:, second.last : second.last + 16])


def test_background_is_away_from_every_discharge_and_unknown_where_none_is_stated() -> None:
    times = np.arange(0, 20, 0.1)
    kinds = kinds_of(times, {"hippocampal": np.array([10.0]), "lateral": np.array([15.0])})
    assert kinds[0].all()
    assert set(times[kinds[2] > 0].round(1)) == {9.8, 9.9, 10.0, 10.1, 10.2}
    assert not (kinds[1] * kinds[2:].any(axis=0)).any()
    assert kinds[1][times < 8.4].all()
    assert not kinds_of(times, {})[1].any()


def test_measuring_stops_when_it_is_told_to(fitted: Baselines) -> None:
    control = Control()

    def patients() -> Iterator[UnseenPatient]:
        yield from linear_patients(1, 20.0, 6)
        control.cancel()
        yield from linear_patients(1, 20.0, 6)

    subject = Subject(Exact(), IMPLANT, SITES, 100.0, SCALES, 1.0)
    with pytest.raises(Cancelled):
        measure(subject, patients(), lambda _: fitted, draws=9, control=control)


class Faulty:
    """Draws a value that is not finite, or too large, in its first ``bad`` draws."""

    def __init__(self, bad: int, value: float) -> None:
        self.left, self.value = bad, value

    def draw(self, count: int, generator: torch.Generator, *, mirrored: bool = False) -> Tensor:  # noqa: ARG002
        drawn = torch.randn((count, 2, 16), generator=generator)
        for row in range(count):
            if self.left > 0:
                drawn[row, 0, 3] = self.value
                self.left -= 1
        return drawn

    def log_prob(self, depth: np.ndarray) -> float:  # noqa: ARG002
        return 0.0


@pytest.mark.parametrize(("value", "not_finite", "too_large"), [(math.nan, 3, 0), (math.inf, 3, 0), (1e3, 0, 3)])
def test_unsound_samples_are_counted_and_drawn_again(value: float, not_finite: int, too_large: int) -> None:
    drawn = draw(Faulty(3, value), 20, 50.0, torch.Generator().manual_seed(0))
    assert (drawn.redrawn, drawn.not_finite, drawn.too_large, drawn.unsound) == (3, not_finite, too_large, 0)
    assert np.abs(drawn.samples).max() < 50.0
    hopeless = draw(Faulty(10_000, value), 4, 50.0, torch.Generator().manual_seed(0))
    assert hopeless.unsound == 4
    assert np.isfinite(hopeless.samples).all()


def test_the_laws_of_a_flow_are_measured(small_model_folder: Path) -> None:
    model = load_model(small_model_folder)
    found = check(model.build(), linear_patients(1, 20.0, 7)[0])
    assert found.inverse < 1e-4
    assert found.log_determinant < 1e-10
    assert found.consistency < 1e-3


@dataclass(frozen=True)
class Batch:
    scalp: np.ndarray
    present: np.ndarray
    depth: np.ndarray


def test_the_autoencoder_learns_what_the_scalp_says_and_is_read_again(small_model_folder: Path, tmp_path: Path) -> None:
    flow = load_model(small_model_folder).build()
    with torch.no_grad():
        flow.linear.correction.zero_()
    rng = np.random.default_rng(8)
    (patient,) = linear_patients(1, 60.0, 9)

    def batch() -> Batch:
        starts = rng.integers(0, 6000 - 160, 8)
        scalp, depth = (np.stack([a[:, s : s + 160] for s in starts]) for a in (patient.scalp, patient.depth))
        return Batch(scalp, np.ones((8, 19), np.bool_), depth)

    untrained = variational_like(flow)
    sizes = [sum(p.numel() for p in m.parameters()) for m in (flow, untrained)]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.25)
    model = fit_variational(flow, batch, minutes=0.05, seed=1)
    write_variational(Kept(model, 0.05), tmp_path / "kept")
    kept = read_variational(tmp_path / "kept", 8, 19)
    assert kept is not None
    assert kept.minutes == 0.05
    again = kept.model
    window = windows(patient, 1000, 200, 8)[0]
    generator = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        before, after = (
            VariationalPosterior(m).given(context(patient.scalp, window, m.reach), patient.present)
            for m in (untrained, again)
        )
        samples = after.draw(20, generator)
        assert samples.shape == (20, 8, window.steps)
        depth = patient.depth[:, window.first : window.last]
        assert after.log_prob(depth) > before.log_prob(depth)
        bare = VariationalPosterior(again, noise=False).given(
            context(patient.scalp, window, again.reach), patient.present
        )
        assert bare.draw(20, generator).std(dim=0).mean() < samples.std(dim=0).mean()
        assert math.isnan(bare.log_prob(depth))
    assert read_variational(tmp_path / "nothing", 8, 19) is None


def test_a_bound_is_no_greater_than_the_density_where_the_latent_says_nothing(small_model_folder: Path) -> None:
    """With a decoder blind to the latent the bound is the normal density itself."""
    flow = load_model(small_model_folder).build()
    with torch.no_grad():
        flow.linear.correction.zero_()
        flow.whitening.copy_(torch.eye(8))
    model = variational_like(flow)  # its last layers are zero: the mean is zero, the noise one unit
    (patient,) = linear_patients(1, 20.0, 10)
    window = windows(patient, 400, 200, 8)[0]
    given = VariationalPosterior(model).given(context(patient.scalp, window, model.reach), patient.present)
    z = patient.depth[:, window.first : window.last].astype(np.float64) / 1e-4
    expected = float((-0.5 * z**2 - 0.5 * math.log(2 * math.pi) - math.log(1e-4)).sum())
    assert given.log_prob(patient.depth[:, window.first : window.last]) == pytest.approx(expected, rel=1e-5)


def test_a_page_can_be_made_where_no_discharge_is_known_and_contacts_are_missing(fitted: Baselines) -> None:
    (patient,) = linear_patients(1, 40.0, 12)
    depth = patient.depth.copy()
    depth[5] = np.nan
    bare = UnseenPatient("bare", patient.scalp, patient.present, depth, ((0, 800), (800, 1600)), {})
    subject = Subject(Exact(), IMPLANT, SITES, 100.0, SCALES, 1.0)
    measured = measure(subject, iter([bare]), lambda _: fitted, draws=19)
    found = summarise(measured)
    assert set(found["r_of_mean"][MODEL]) == {"all"}
    names = [c.name for c in CONTACTS]
    text = page("A page", "one", "command", (), verdicts(found), {"tree": found}, measured.example, names, ["AHL"] * 8)
    assert text.count("<svg") == 9
    assert not re.search(r"\bnan\b", text.split("<svg")[0])
    rmse = text.split("<caption>RMSE, µV</caption>")[1].split("</table>")[0]
    assert all(f">{name}</th>" in rmse for name in (MODEL, RIDGE, "climatology", "minimum norm", "sLORETA", "LCMV"))
    rows = re.findall(r"<tr><td>(AHL\d)</td>(.*?)</tr>", rmse)
    assert [name for name, _ in rows] == names
    assert [name for name, cells in rows if "–" in cells] == [names[5]], "only what was not recorded has no figure"
    found["simulation_based_calibration"]["independent"] = {"windows": 500, "rms": {"p": 0.4}, "peak": {"p": 0.001}}
    apart = [line.met for line in verdicts(found) if "each of 500 patients" in line.demand]
    assert apart == [True, False]


def test_patients_of_one_window_each_are_ranked_as_their_number_says(small_model_folder: Path) -> None:
    subject = subject_of_model(load_model(small_model_folder))
    found = independent_calibration(subject, (0.5, 48.0), patients=3, local_share=0.5, draws=9)
    again = independent_calibration(subject, (0.5, 48.0), patients=3, local_share=0.5, draws=9)
    assert found == again
    assert found["windows"] == sum(found["rms"]["counts"]) == 3


# By the command line --------------------------------------------------------------------------------------------------


@pytest.fixture
def model_folder(small_model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the small model, and a cache of its own with an untrained autoencoder for it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")
    folder = tmp_path / "model"
    shutil.copytree(small_model_folder, folder)
    model = load_model(folder)
    write_variational(Kept(variational_like(model.build()), 3.0), kept_at(model.hash))
    return folder


ARGUMENTS = ("--simulated", "--patients", "2", "--seconds", "12", "--draws", "9", "--fit-on", "5")


def test_the_command_prints_every_demand_and_writes_page_json_and_card(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, data = tmp_path / "page.html", tmp_path / "found.json"
    by_updates = {"recipe": {"minutes": 30.0, "updates": 4000}}  # of which the minutes were not looked at
    write_card(msgspec.structs.replace(read_card(model_folder), training=by_updates), model_folder)
    status = main(
        ["evaluate", *ARGUMENTS, "--model", str(model_folder), "--html", str(page), "--json", str(data), "--write-card",
         "--local-share", "0.5,0"]
    )  # fmt: skip
    printed = capsys.readouterr().out
    assert status == 0
    for demand in ("ridge + 0.03", "12 % lower", "simulation-based", "shuffled", "inverse", "25 × real time"):
        assert demand in printed
    for method in (MODEL, RIDGE, "climatology", "minimum norm", "sLORETA", "LCMV", VARIATIONAL, WITHOUT_NOISE):
        assert f"\n  {method}" in printed
    assert "trained for 3 minutes, the model for 4,000 updates\n" in printed
    found = json.loads(data.read_text())
    shown = shlex.split(found["command"])[1:]  # what is printed again by it was measured in the same way
    again, asked = (_parser().parse_args(a) for a in (shown, ["evaluate", *ARGUMENTS]))
    for option in ("patients", "seconds", "draws", "seed", "first_seed", "fit_on"):
        assert getattr(again, option) == getattr(asked, option), option
    assert set(found["measured"]) == {"local share 0.5", "local share 0"}
    assert len(found["asked"]) >= 18
    html = page.read_text()
    assert html.count("<svg") >= 8
    assert "http://" not in html.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )
    assert str(tmp_path) not in html
    card = read_card(model_folder)
    assert card.measured["local_share"] == 0.5
    assert set(card.measured["at_other_local_shares"]) == {"0"}
    beside = card.measured["at_other_local_shares"]["0"]
    assert set(beside["coverage_by_kind"]) == set(card.measured["coverage_by_kind"])
    assert len(beside["asked"]) >= 9
    assert set(found["measured"]["local share 0"]["coverage_by_method"]) >= {MODEL, VARIATIONAL}
    assert "2 simulated patients" in card.calibration.measured_on
    assert len(card.calibration.held) > 2
    assert [c.name for c in card.contacts] == [c.name for c in CONTACTS]
    assert load_model(model_folder).card.measured["draws"] == 9


def test_a_simulated_tree_is_evaluated_like_a_hospitals(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = tmp_path / "tree"
    assert main(["simulate", str(tree), "--patients", "1", "--minutes", "0.5", "--seed", "3"]) == 0
    capsys.readouterr()
    status = main(["evaluate", str(tree), "--model", str(model_folder), "--draws", "9", "--fit-on", "5", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert status == 0
    summary = found["measured"]["tree"]
    assert summary["patients"] == 1
    assert summary["seconds"] > 20
    assert MODEL in summary["r_of_mean"]
    assert "baselines fitted on simulated patients" in found["on"]


def test_recordings_that_a_model_was_trained_on_do_not_judge_it(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = tmp_path / "tree"
    assert main(["simulate", str(tree), "--patients", "1", "--minutes", "0.5", "--seed", "3"]) == 0
    (scalp,) = tree.rglob("*_eeg.edf")
    with open_recording(scalp) as source:
        identity = source.recording.identity
    card = read_card(model_folder)
    write_card(msgspec.structs.replace(card, training={**card.training, "recordings": [identity]}), model_folder)
    assert main(["evaluate", str(tree), "--model", str(model_folder), "--draws", "9", "--fit-on", "5"]) == 2
    said = capsys.readouterr().err
    assert "was trained on this recording" in said
    assert "Nothing in" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "standard simulated patients"),
        (("--simulated", "tree"), "not both"),
        (("--simulated", "--draws", "2"), "draws"),
        (("--simulated", "--patients", "0"), "patients"),
        (("--simulated", "--local-share", "1"), "below 1"),
        (("--simulated", "--first-seed", "1000000"), "500,000"),
        (("--simulated", "--fit-vae", "0"), "--fit-vae"),
        (("--simulated", "--independent", "10"), "100 to"),
        (("tree", "--independent", "500"), "--simulated"),
        (("nowhere",), "nowhere"),
        (("nowhere", "--write-card"), "--simulated"),
        (("--simulated", "--html", "/no/such/folder/page.html"), "folder"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_sentence(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = main(["evaluate", *arguments])
    except SystemExit as left:  # argparse
        status = int(left.code or 0)
    assert status == 2
    assert said in capsys.readouterr().err


def test_an_autoencoder_of_another_model_is_refused(
    model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    kept_at(load_model(model_folder).hash).write_bytes(b"not weights")
    assert main(["evaluate", *ARGUMENTS, "--model", str(model_folder)]) == 2
    assert "--fit-vae" in capsys.readouterr().err


def test_an_autoencoder_is_fitted_and_kept_or_left_out(model_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = kept_at(load_model(model_folder).hash)
    path.unlink()
    few = ("--simulated", "--patients", "1", "--seconds", "4", "--draws", "9", "--fit-on", "5", "--json")
    assert main(["evaluate", *few, "--model", str(model_folder), "--fit-vae", "0.02"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["autoencoder"]["trained_minutes"] == 0.02
    assert VARIATIONAL in found["measured"]["local share 0.5"]["spread_against_error"]
    assert path.is_file()
    assert main(["evaluate", *few, "--model", str(model_folder), "--without-vae"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["autoencoder"] is None
    assert VARIATIONAL not in found["measured"]["local share 0.5"]["r_of_mean"]


def test_the_flow_as_it_is_measured_draws_as_it_would_alone(small_model_folder: Path) -> None:
    """The evaluation's window is the flow's own sample, its margins cut off."""
    flow = load_model(small_model_folder).build()
    (patient,) = linear_patients(1, 20.0, 11)
    window = windows(patient, 400, 200, 8)[1]
    posterior = FlowPosterior(flow)
    with torch.inference_mode():
        given = posterior.given(context(patient.scalp, window, posterior.reach), patient.present)
        samples = given.draw(3, torch.Generator().manual_seed(0))
        assert samples.shape == (3, 8, 400)
        wide = torch.from_numpy(context(patient.scalp, window, posterior.reach)[None])
        alone = flow(wide, torch.ones(1, 19, dtype=torch.bool)).trimmed(flow.context_margin)
        expected = alone.sample(3, torch.Generator().manual_seed(0))[..., flow.margin : -flow.margin]
    assert torch.equal(samples, expected)
