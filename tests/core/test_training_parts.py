"""The parts of training: its loop, its clock, its log, how recordings are split, how missing contacts are drawn."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from neuroflow.anatomy.implant import Contact, Implant
from neuroflow.errors import FileProblem, OutOfMemory
from neuroflow.evaluation.pairs import PairSignals
from neuroflow.flow.model import FlowShape, NeuroFlow
from neuroflow.training.checkpoint import read_checkpoint, write_checkpoint
from neuroflow.training.clock import TrainingClock
from neuroflow.training.imputation import Imputer, coloured
from neuroflow.training.loop import Phase, Run, Schedule, gradients, optimise
from neuroflow.training.metrics import MetricsLog
from neuroflow.training.recorded import RecordedWindows, split, window_steps
from neuroflow.training.stream import (
    EARS,
    FEWEST_SITES,
    LOW_CHAIN,
    SITES,
    TEN_TWENTY,
    Batch,
    PatientPool,
    draw_present,
)

SCHEDULE = Schedule(budget=40, in_updates=True, check_every=10, warm_up=4, average=0.5, clip=1.0)


def a_line() -> tuple[nn.Linear, Tensor, Tensor]:
    """A line to fit, and the points that it goes through."""
    torch.manual_seed(0)
    x = torch.randn(16, 3)
    return nn.Linear(3, 1), x, x @ torch.tensor([[1.0], [-2.0], [0.5]])


def errors_of(line: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    return (line(x) - y).square().mean(dim=1)


def test_the_weights_kept_are_those_that_scored_best() -> None:
    line, x, y = a_line()
    scores = iter([5.0, 3.0, 1.0, 4.0, 6.0])
    seen: list[Tensor] = []

    def score(module: nn.Module) -> dict[str, float]:
        assert isinstance(module, nn.Linear)
        seen.append(module.weight.clone())
        return {"held_out_crps": next(scores)}

    run = Run(line, (Phase("all", 1.0, lambda a, b: errors_of(line, a, b), tuple(line.parameters()), 0.1),))
    optimise(run, SCHEDULE, lambda _: (x, y), score)
    assert isinstance(run.best, nn.Linear)
    assert torch.equal(run.best.weight, seen[2])
    assert run.place.best_score == 1.0
    assert run.place.update == 40


def test_weights_that_are_as_good_and_later_win_but_worse_ones_never_do() -> None:
    line, x, y = a_line()
    scores = iter([5.0, 1.0, 1.0005, 1.0009, 1.002])
    seen: list[Tensor] = []

    def score(module: nn.Module) -> dict[str, float]:
        assert isinstance(module, nn.Linear)
        seen.append(module.weight.clone())
        return {"held_out_crps": next(scores)}

    run = Run(line, (Phase("all", 1.0, lambda a, b: errors_of(line, a, b), tuple(line.parameters()), 0.1),))
    optimise(run, replace(SCHEDULE, tie=0.001), lambda _: (x, y), score)
    assert isinstance(run.best, nn.Linear)
    assert torch.equal(run.best.weight, seen[3])


def test_a_batch_in_pieces_has_the_gradient_of_the_whole() -> None:
    line, x, y = a_line()
    optimiser = torch.optim.SGD(line.parameters(), lr=0.1)
    found = []
    for pieces in (1, 2, 5):
        loss, _ = gradients(lambda a, b: errors_of(line, a, b), (x, y), optimiser, pieces)
        assert line.weight.grad is not None
        found.append((loss, line.weight.grad.clone()))
    for loss, gradient in found[1:]:
        assert loss == pytest.approx(found[0][0], rel=1e-6)
        torch.testing.assert_close(gradient, found[0][1])


def test_a_device_without_memory_gets_smaller_pieces_until_none_is_left() -> None:
    line, x, y = a_line()
    optimiser = torch.optim.SGD(line.parameters(), lr=0.1)

    def tight(a: Tensor, b: Tensor, *, most: int = 4) -> Tensor:
        if a.shape[0] > most:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return errors_of(line, a, b)

    _, pieces = gradients(tight, (x, y), optimiser, 1)
    assert pieces == 4
    with pytest.raises(OutOfMemory, match="single window"):
        gradients(lambda a, b: tight(a, b, most=0), (x, y), optimiser, 1)


def test_an_update_without_a_finite_gradient_is_skipped_and_counted() -> None:
    line, x, y = a_line()
    phase = Phase("all", 1.0, lambda a, b: errors_of(line, a, b), tuple(line.parameters()), 0.1)
    run = Run(line, (phase,))
    optimise(run, SCHEDULE, lambda u: (x, y * (float("nan") if u == 7 else 1.0)), lambda _: {"held_out_crps": 1.0})
    assert run.place.skipped == 1
    assert all(bool(torch.isfinite(p).all()) for p in line.parameters())


def test_an_hour_of_sleep_costs_the_run_next_to_nothing() -> None:
    clock = TrainingClock()
    for _ in range(20):
        clock.add(0.5)
    clock.add(3600.0)
    assert clock.seconds == pytest.approx(12.0)


def test_a_checkpoint_comes_back_and_a_cut_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    write_checkpoint(path, {"a.x": torch.arange(5.0)}, {"update": 3})
    tensors, values = read_checkpoint(path)
    assert torch.equal(tensors["a.x"], torch.arange(5.0))
    assert values == {"update": 3}
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(FileProblem, match="damaged"):
        read_checkpoint(path)


def test_a_resumed_log_forgets_what_came_after_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = MetricsLog(path)
    for step in (10, 20, 30):
        log.write({"step": step, "loss": 1.0})
    log.close()
    with path.open("a") as file:
        file.write('{"step": 40, "lo')  # killed while writing
    again = MetricsLog(path, resumed_at=20)
    again.write({"step": 30, "loss": 2.0})
    again.close()
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(row["step"], row["loss"]) for row in found] == [(10, 1.0), (20, 1.0), (30, 2.0)]


def pair(subject: str, *spans: tuple[int, int], contacts: int = 8, lacking: tuple[int, ...] = ()) -> PairSignals:
    rng = np.random.default_rng(len(subject))
    length = max(stop for _, stop in spans)
    depth = rng.normal(0, 1e-4, (contacts, length)).astype(np.float32)
    depth[list(lacking)] = np.nan
    scalp = rng.normal(0, 2e-5, (5, length)).astype(np.float32)
    return PairSignals(subject, subject, scalp, np.ones(5, dtype=bool), depth, spans, ())


def test_sessions_subjects_or_time_are_held_out_but_never_both_sides() -> None:
    trials = ((0, 800), (800, 1600))
    by_session = split([pair("a", *trials), pair("a", *trials)], ["1", "2"], 100.0)
    assert (len(by_session.train), len(by_session.held_out)) == (1, 1)
    by_subject = split([pair(s, *trials) for s in "abcde"], ["1"] * 5, 100.0)
    assert [p.subject for p in by_subject.held_out] == ["e"]
    by_time = split([pair("a", *trials)], ["1"], 100.0)
    train, held = by_time.train[0].spans, by_time.held_out[0].spans
    assert max(stop for _, stop in train) + 200 <= min(start for start, _ in held)
    at_an_edge = split([pair("a", *((k * 800, (k + 1) * 800) for k in range(5)))], ["1"], 100.0)
    train, held = at_an_edge.train[0].spans, at_an_edge.held_out[0].spans
    assert held == ((3200, 4000),)
    assert train == ((0, 800), (800, 1600), (1600, 2400), (2400, 3000)), "two seconds apart at a trial's edge too"
    with pytest.raises(FileProblem, match="too little"):
        split([], [], 100.0)


def test_a_window_is_a_multiple_of_the_stride_and_no_trial_is_crossed() -> None:
    pairs = [pair("a", (0, 800), (900, 1700))]
    assert window_steps(pairs, 640, 32) == 640
    assert window_steps([pair("a", (0, 330), (330, 660))], 640, 32) == 320
    with pytest.raises(FileProblem, match="too short"):
        window_steps([pair("a", (0, 100))], 640, 32)
    windows = RecordedWindows(pairs, seed=1)
    batch = windows.draw(0, 64, 640)
    everything = pairs[0].depth
    starts = [int(np.flatnonzero(everything[0] == row[0, 0])[0]) for row in batch.depth]
    assert all(start <= 160 or 900 <= start <= 1060 for start in starts)
    assert np.array_equal(batch.depth, windows.draw(0, 64, 640).depth)


def test_fresh_patients_come_in_whoever_simulates_them_and_wherever_a_run_begins() -> None:
    contact = Contact("AHL1", "AHL", (-25.0, -13.0, -15.0))

    def pool(workers: int, update: int = 0) -> PatientPool:
        return PatientPool(
            Implant("one", (contact,), ""), local_share=(0.3, 0.7), size=3, seconds=6.0, rate=100.0, seed=1, first=2,
            every=2, workers=workers, update=update,
        )  # fmt: skip

    found: list[list[Batch]] = []
    for stream in (pool(1), pool(2)):
        with closing(stream):
            list(stream.fill())
            found.append([stream.draw(update, 8, 600) for update in range(9)])
            assert stream.patients_seen == 2 + 8 // 2
    for one, other in zip(*found, strict=True):
        assert np.array_equal(one.scalp, other.scalp)
        assert np.array_equal(one.present, other.present)
        assert np.array_equal(one.depth, other.depth)
    first, last = ({row.tobytes() for row in found[0][update].depth} for update in (0, 8))
    assert not first & last, "by then the first patients have left"
    with closing(pool(1, update=8)) as resumed:
        list(resumed.fill())
        assert np.array_equal(resumed.draw(8, 8, 600).depth, found[0][8].depth)


def test_every_montage_that_a_laboratory_records_is_trained_on_and_none_of_fewer_than_six_channels() -> None:
    rng = np.random.default_rng(0)
    drawn = np.stack([draw_present(rng) for _ in range(600)])
    assert drawn.sum(axis=1).min() == FEWEST_SITES == 6
    assert drawn.mean(axis=0).min() > 0.2, "each site is there often"
    assert drawn.mean(axis=0).max() < 0.95, "and missing often"
    montages = {frozenset(np.array(SITES)[row]) for row in drawn}
    for usual in (TEN_TWENTY, TEN_TWENTY + EARS, TEN_TWENTY + LOW_CHAIN, SITES):
        assert frozenset(usual) in montages
    counts = drawn.sum(axis=1)
    assert 0.05 < np.mean(counts <= 14) < 0.25, "sparse ones, as four patients of ds004752 have"
    ears = np.isin(np.array(SITES), EARS)
    sparse = drawn[counts <= 10]
    assert 0.2 < np.mean(sparse[:, ears].any(axis=1)) < 0.8


def test_a_sweep_gives_tensors_of_its_own_as_torch_wants_them() -> None:
    recorded = pair("a", (0, 800))
    for samples in (recorded.scalp, recorded.depth):
        samples.flags.writeable = False  # as of a pair that was loaded: torch warns of tensors over such arrays
    (batch,) = RecordedWindows([recorded], seed=0).sweep(800)
    assert batch.scalp.flags.writeable
    assert batch.depth.flags.writeable
    assert np.array_equal(batch.depth[0], recorded.depth)


@pytest.fixture(scope="module")
def small_flow() -> NeuroFlow:
    torch.manual_seed(3)
    shape = FlowShape(
        sites=5, contacts=8, features=(8, 8, 8), token=4, queries=2, hidden=8, dilations=((1,), (1,), (1,)), lags=2
    )
    flow = NeuroFlow(shape)
    root = torch.randn(8, 8)
    flow.set_whitening(root @ root.T + 0.5 * torch.eye(8))
    return flow


def test_contacts_that_are_there_stay_and_the_others_follow_the_covariance(small_flow: NeuroFlow) -> None:
    imputer, rng = Imputer(small_flow), np.random.default_rng(0)
    scale, present = small_flow.shape.depth_scale, np.ones(5, dtype=bool)
    covariance = (small_flow.unwhitening.double() @ small_flow.unwhitening.double().T).numpy()
    filled = []
    for _ in range(300):
        scalp = np.zeros((5, 64), dtype=np.float32)
        whole = (np.linalg.cholesky(covariance) @ rng.standard_normal((8, 64)) * scale).astype(np.float32)
        lacking = whole.copy()
        lacking[[2, 5]] = np.nan
        out = imputer.fill(scalp, present, lacking, rng)
        there = [0, 1, 3, 4, 6, 7]
        assert np.array_equal(out[there], whole[there])
        filled.append(out / scale)
    together = np.concatenate(filled, axis=1)
    with torch.no_grad():
        mean = small_flow(torch.zeros(1, 5, 64), torch.ones(1, 5, dtype=torch.bool)).mean[0].numpy()
    left = together - np.tile(mean, 300)
    found = left @ left.T / left.shape[1]
    assert np.abs(found - covariance).max() < 0.06 * np.abs(covariance).max()
    with pytest.raises(ValueError, match="without any contact"):
        imputer.fill(np.zeros((5, 64), np.float32), present, np.full((8, 64), np.nan, np.float32), rng)


def test_colouring_keeps_variance_and_takes_the_spectrum() -> None:
    rng = np.random.default_rng(1)
    like = np.cumsum(rng.standard_normal((4, 4096)), axis=1)
    out = coloured(rng.standard_normal((200, 4096)), like)
    assert out.var() == pytest.approx(1.0, rel=0.1)
    power = np.square(np.abs(np.fft.rfft(out, axis=1))).mean(axis=0)
    assert power[1:20].mean() > 50 * power[1000:].mean()
