"""Tiles: the same samples whoever asks, faults that say what to do, and models that are checked before use."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
from small_model import TEN_TWENTY, scalp_source, write_small_model

from neuroflow.errors import ModelProblem, NeuroflowError, NotReconstructable, OutOfMemory
from neuroflow.inference import device
from neuroflow.inference.cache import TileCache
from neuroflow.inference.device import choose_device
from neuroflow.inference.engine import Reconstructor
from neuroflow.inference.graphs import ReplayedDecode
from neuroflow.inference.model import Model, load_model
from neuroflow.inference.preparation import hold_missing, share_stuck
from neuroflow.inference.tile import Tile, TileRequest
from neuroflow.jobs import Cancelled, Control
from neuroflow.recording import ArraySource, Span, Stretch


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("small")
    write_small_model(folder)
    return load_model(folder)


@pytest.fixture
def reconstructor(model: Model) -> Reconstructor:
    return Reconstructor(model, "cpu")


def relative(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).max() / np.abs(b).max())


def test_as_many_cores_are_used_as_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device.os, "cpu_count", lambda: 64)
    monkeypatch.setattr(device.os, "sched_getaffinity", lambda _: {3, 5}, raising=False)
    assert device.cores() == 2
    monkeypatch.delattr(device.os, "sched_getaffinity")
    assert device.cores() == 64


def test_the_same_request_gives_the_same_samples(reconstructor: Reconstructor) -> None:
    source = scalp_source()
    first = reconstructor.tile(source, TileRequest(2, samples=3, seed=5))
    assert np.array_equal(first.samples, reconstructor.tile(source, TileRequest(2, samples=3, seed=5)).samples)
    assert first.samples.shape == (3, 8, 1000)
    assert first.span == Span(20.0, 30.0)
    assert relative(reconstructor.tile(source, TileRequest(2, samples=3, seed=6)).samples, first.samples) > 0.1


def test_sample_k_does_not_depend_on_how_many_are_drawn_nor_in_what_batches(model: Model) -> None:
    source = scalp_source()
    many = Reconstructor(model, "cpu").tile(source, TileRequest(1, samples=19))
    one_by_one = Reconstructor(model, "cpu")
    one_by_one._batch = 1
    few = one_by_one.tile(source, TileRequest(1, samples=5))
    assert relative(few.samples, many.samples[:5]) < 1e-3


def test_a_cut_recording_gives_the_same_samples_at_the_same_time(model: Model) -> None:
    """What a tile depends on ends at its margins: data 20 s away can be anything."""
    whole = scalp_source(80.0)
    spoiled = {k: v.copy() for k, v in whole.data.items()}
    for samples in spoiled.values():
        samples[: (10 * 200)] = 3e-5
        samples[(65 * 200) :] *= -1
    reconstructor = Reconstructor(model, "cpu")
    a = reconstructor.tile(whole, TileRequest(3, samples=2))
    b = reconstructor.tile(ArraySource(whole.recording, spoiled), TileRequest(3, samples=2))
    assert relative(a.samples, b.samples) < 1e-3


def test_neighbouring_tiles_meet_without_a_step(model: Model) -> None:
    """The step across an edge is no larger than steps inside: the tiles share their noise and context."""
    source, reconstructor = scalp_source(), Reconstructor(model, "cpu")
    joined = np.concatenate([reconstructor.tile(source, TileRequest(i, samples=20)).samples for i in (1, 2)], axis=2)
    steps = np.abs(np.diff(joined, axis=2)).mean(axis=(0, 1))
    assert steps[999] < 1.3 * np.percentile(steps, 90)


def test_the_rate_of_the_recording_changes_little(model: Model) -> None:
    """A 25 Hz-limited signal recorded at 250 and at 200 Hz is the same signal."""
    time = {rate: np.arange(round(60 * rate)) / rate for rate in (200.0, 250.0)}
    rng = np.random.default_rng(1)
    waves = [(rng.uniform(1, 25), rng.uniform(0, 6.28), i) for i in range(19) for _ in range(5)]
    out = []
    for rate, t in time.items():
        source = scalp_source(60.0, rate)
        data = {
            i: (1e-5 * sum(np.sin(2 * np.pi * f * t + p) for f, p, k in waves if k == i)).astype(np.float32)
            for i in range(19)
        }
        source = ArraySource(source.recording, data)
        out.append(Reconstructor(model, "cpu").tile(source, TileRequest(2, samples=2)).samples)
    assert relative(out[0], out[1]) < 0.01


def test_the_scalp_is_read_once_for_all_samples_of_a_tile(reconstructor: Reconstructor) -> None:
    read: list[int] = []
    hook = reconstructor._flow.conditioner.register_forward_hook(lambda *_: read.append(1))
    tile = reconstructor.tile(scalp_source(), TileRequest(1, samples=20))
    hook.remove()
    assert tile.samples.shape[0] == 20
    assert len(read) == 1


def test_the_last_tile_ends_with_the_recording(reconstructor: Reconstructor) -> None:
    tile = reconstructor.tile(scalp_source(63.5), TileRequest(6, samples=2))
    assert tile.span == Span(60.0, 63.5)
    assert tile.samples.shape[2] == 350
    assert np.isfinite(tile.samples).all()
    assert list(reconstructor.tiles(Span(55.0, 99.0), scalp_source(63.5).recording)) == [5, 6]


def test_nothing_is_drawn_in_a_gap(reconstructor: Reconstructor) -> None:
    tile = reconstructor.tile(scalp_source(gap=Span(23.0, 26.0)), TileRequest(2, samples=2))
    assert np.isnan(tile.samples[..., 301:599]).all()
    assert np.isfinite(tile.samples[..., :299]).all()
    assert np.isfinite(tile.samples[..., 601:]).all()
    whole = reconstructor.tile(scalp_source(gap=Span(15.0, 35.0)), TileRequest(2, samples=2))
    assert np.isnan(whole.samples).all()
    assert whole.withheld
    beyond = reconstructor.tile(scalp_source(gap=Span(0.0, 60.0)), TileRequest(2, samples=2))
    assert np.isnan(beyond.samples).all()
    assert beyond.silent == (), "a channel in a gap is not flat"


@pytest.mark.parametrize("gap", [Span(24.0, 24.5), Span(23.0, 26.0), Span(30.0, 31.0)])
def test_what_lies_beyond_a_gap_changes_nothing_before_it(reconstructor: Reconstructor, gap: Span) -> None:
    source = scalp_source(gap=gap)
    other = scalp_source(gap=gap, seed=1)
    after = round(gap.stop * 200.0)
    data = {k: np.concatenate([v[:after], other.data[k][after:]]) for k, v in source.data.items()}
    mixed = ArraySource(source.recording, data)
    until, since = round((gap.start - 20.0) * 100.0), round((gap.stop - 20.0) * 100.0)
    samples, of_mixed, of_other = (
        reconstructor.tile(s, TileRequest(2, samples=2)).samples for s in (source, mixed, other)
    )
    assert np.array_equal(samples[..., :until], of_mixed[..., :until])
    assert np.array_equal(of_mixed[..., since:], of_other[..., since:])
    assert np.isfinite(of_mixed[..., : max(until - 1, 0)]).all()
    if since < 1000:
        assert relative(of_mixed[..., since:], samples[..., since:]) > 0.1


def test_where_clocks_slip_by_milliseconds_a_tile_is_still_drawn_once(reconstructor: Reconstructor) -> None:
    source = scalp_source()
    slips = tuple(Span(k + 0.5, k + 0.503) for k in range(60))
    slipping = ArraySource(replace(source.recording, gaps=slips), source.data)
    torn = ArraySource(replace(source.recording, gaps=(Span(14.0, 14.5), Span(17.0, 17.2))), source.data)
    read: list[int] = []
    hook = reconstructor._flow.conditioner.register_forward_hook(lambda *_: read.append(1))
    found = [reconstructor.tile(s, TileRequest(1, samples=2)).samples for s in (source, slipping)]
    assert len(read) == 2
    assert np.array_equal(*found)
    reconstructor.tile(torn, TileRequest(1, samples=2))
    assert len(read) == 5
    hook.remove()


def test_a_few_samples_beside_a_gap_are_not_taken_for_stuck(reconstructor: Reconstructor) -> None:
    gap = Span(23.0, 29.96)
    source = scalp_source(rate=256.0, gap=gap, amplitude=2e-5)
    coarse = ArraySource(
        source.recording, {k: (np.round(v / 5e-7) * 5e-7).astype(np.float32) for k, v in source.data.items()}
    )
    tile = reconstructor.tile(coarse, TileRequest(2, samples=2))
    assert np.isfinite(tile.samples[..., 996:]).all()
    assert not [w for w in tile.withheld if "flat or saturated" in w.reason]


def test_one_stretch_of_a_recording_knows_nothing_of_what_lies_beyond() -> None:
    source = scalp_source(20.0, 173.61)
    channel, stretch = source.recording.channels[0], Stretch(source, Span(5.0, 12.3))
    whole = source.read(Span(0.0, 20.0), channel)
    for span in (Span(0.0, 20.0), Span(6.0, 7.0), Span(4.9, 5.1), Span(12.2, 15.0), Span(13.0, 14.0)):
        first, last = round(span.start * channel.rate), round(span.stop * channel.rate)
        inside = np.arange(first, last) / channel.rate
        inside = (inside >= 5.0 - 1e-6) & (inside < 12.3 - 1e-6)
        expected = np.where(inside, whole[first:last], np.nan)
        np.testing.assert_array_equal(stretch.read(span, channel), expected)


@pytest.mark.parametrize(("sites", "said"), [(TEN_TWENTY[:5], "at least 6"), ((), "0 EEG channels")])
def test_too_few_channels_are_refused_with_the_reason(
    reconstructor: Reconstructor, sites: tuple[str, ...], said: str
) -> None:
    with pytest.raises(NotReconstructable, match=said) as caught:
        reconstructor.check(scalp_source(sites=sites).recording)
    assert "viewed, not reconstructed" in caught.value.text


def test_excluding_channels_counts_towards_too_few(reconstructor: Reconstructor) -> None:
    recording = scalp_source(sites=TEN_TWENTY[:7]).recording
    reconstructor.check(recording)
    with pytest.raises(NotReconstructable):
        reconstructor.check(recording, frozenset(TEN_TWENTY[:2]))


@pytest.mark.parametrize(("amplitude", "said"), [(1e-3, "above"), (1e-8, "below")])
def test_amplitudes_unlike_training_are_withheld_with_the_reason(
    reconstructor: Reconstructor, amplitude: float, said: str
) -> None:
    tile = reconstructor.tile(scalp_source(amplitude=amplitude), TileRequest(2, samples=2))
    (held,) = tile.withheld
    assert said in held.reason or "fewer than" in held.reason
    assert held.span == tile.span
    assert tile.hidden
    assert not reconstructor.tile(scalp_source(), TileRequest(2, samples=2)).withheld


def test_a_channel_that_is_stuck_is_named_and_the_tile_withheld_until_it_is_set_aside(
    reconstructor: Reconstructor,
) -> None:
    whole = scalp_source()
    names = {c.name: c.index for c in whole.recording.channels}
    clipped, held = ({k: v.copy() for k, v in whole.data.items()} for _ in range(2))
    t3, cz = clipped[names["T3"]], held[names["Cz"]]
    np.clip(t3, *np.quantile(t3, (0.1, 0.9)), out=t3)  # an amplifier at its limits
    cz[24 * 200 : 26 * 200] = cz[24 * 200]  # an electrode that is off for two seconds
    for data, name in ((clipped, "T3"), (held, "Cz")):
        source = ArraySource(whole.recording, data)
        tile = reconstructor.tile(source, TileRequest(2, samples=2))
        assert [w.span for w in tile.withheld] == [tile.span]
        assert tile.withheld[0].reason.startswith(f"{name} is flat or saturated here")
        assert np.isfinite(tile.samples).all(), "a reader may look at it anyway"
        assert not reconstructor.tile(source, TileRequest(2, samples=2, excluded=frozenset({name}))).withheld
    for index in range(6):
        clipped[index] = np.clip(clipped[index], *np.quantile(clipped[index], (0.1, 0.9)))
    several = reconstructor.tile(ArraySource(whole.recording, clipped), TileRequest(2, samples=2)).withheld
    assert "more are flat or saturated here: set them aside" in several[0].reason


def test_a_channel_without_any_signal_is_named_and_counts_as_one_that_is_not_there(
    reconstructor: Reconstructor,
) -> None:
    whole = scalp_source()
    data = {k: v.copy() for k, v in whole.data.items()}
    data[{c.name: c.index for c in whole.recording.channels}["T3"]][:] = 25e-6
    flat = reconstructor.tile(ArraySource(whole.recording, data), TileRequest(2, samples=2))
    without = reconstructor.tile(whole, TileRequest(2, samples=2, excluded=frozenset({"T3"})))
    assert (flat.silent, flat.withheld, without.silent) == (("T3",), (), ())
    np.testing.assert_allclose(flat.samples, without.samples, atol=1e-10)


@pytest.mark.parametrize("step", [0.1e-6, 1e-6, 4e-6])
def test_eeg_in_coarse_steps_is_not_stuck_and_neither_is_a_gap(step: float) -> None:
    rng = np.random.default_rng(3)
    slow = np.cumsum(rng.normal(0, 2e-6, 4000))
    raw = (np.round((slow - slow.mean() + rng.normal(0, 5e-6, 4000)) / step) * step).astype(np.float32)
    raw[1000:1400] = np.nan
    assert share_stuck(raw, 200.0) < 0.02
    assert share_stuck(np.full(2000, np.nan, np.float32), 200.0) == 0.0
    raw[2000:3000] = raw[2000]
    assert 0.25 < share_stuck(raw, 200.0) < 0.32


def test_a_sample_that_explodes_is_drawn_again_and_counted(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    from neuroflow.flow.model import ConditionalFlow

    source = scalp_source()
    honest = Reconstructor(model, "cpu").tile(source, TileRequest(1, samples=4))
    decode, calls = ConditionalFlow.decode, []

    def explode(self: ConditionalFlow, noise: list[torch.Tensor], loud: torch.Tensor) -> torch.Tensor:
        out = decode(self, noise, loud)
        if not calls:
            out[2, 3, 500] = 1e9
            out[1, 0, 400] = float("nan")
        calls.append(out.shape[0])
        return out

    monkeypatch.setattr(ConditionalFlow, "decode", explode)
    tile = Reconstructor(model, "cpu").tile(source, TileRequest(1, samples=4))
    assert tile.redrawn == 2
    assert np.isfinite(tile.samples).all()
    assert np.array_equal(tile.samples[[0, 3]], honest.samples[[0, 3]])
    assert not np.array_equal(tile.samples[2], honest.samples[2])


@pytest.mark.parametrize(("size", "redrawn"), [(1.98, 0), (-1.98, 0), (2.02, 1), (-2.02, 1)])
def test_what_is_beyond_twice_the_largest_of_training_is_drawn_again(
    model: Model, monkeypatch: pytest.MonkeyPatch, size: float, redrawn: int
) -> None:
    from neuroflow.flow.model import ConditionalFlow

    decode, calls = ConditionalFlow.decode, []

    def enlarge(self: ConditionalFlow, noise: list[torch.Tensor], loud: torch.Tensor) -> torch.Tensor:
        out = decode(self, noise, loud)
        if not calls:
            out[1, 3, out.shape[2] // 2] = size * model.card.limits.largest_depth
        calls.append(out.shape[0])
        return out

    monkeypatch.setattr(ConditionalFlow, "decode", enlarge)
    assert Reconstructor(model, "cpu").tile(scalp_source(), TileRequest(1, samples=2)).redrawn == redrawn


def test_running_out_of_memory_halves_the_batch_then_leaves_the_gpu(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, said = scalp_source(), []
    honest = Reconstructor(model, "cpu").tile(source, TileRequest(1, samples=12))
    # A pretended GPU: the tensors stay on the CPU, the error is the one that CUDA raises.
    reconstructor = Reconstructor(model, "cpu", said.append)
    monkeypatch.setattr("neuroflow.inference.engine.device_label", lambda _: "NVIDIA test GPU")
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    draw, given = reconstructor._draw, reconstructor._given

    def on_cpu(prepared: object) -> object:
        device, reconstructor.device_name = reconstructor.device_name, "cpu"
        try:
            return given(prepared)  # type: ignore[arg-type]
        finally:
            reconstructor.device_name = device

    def fail_on_gpu(*args: object) -> object:
        if reconstructor.device_name == "cuda":
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return draw(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(reconstructor, "_given", on_cpu)
    monkeypatch.setattr(reconstructor, "_draw", fail_on_gpu)
    reconstructor.device_name, reconstructor._batch = "cuda", 4
    tile = reconstructor.tile(source, TileRequest(1, samples=12))
    assert reconstructor.device_name == "cpu"
    assert relative(tile.samples, honest.samples) < 1e-3
    assert [("samples at a time" in s, "CPU" in s) for s in said] == [(True, False), (True, False), (False, True)]


def test_no_memory_for_a_single_sample_on_the_cpu_is_said(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    reconstructor = Reconstructor(model, "cpu")

    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(reconstructor, "_draw", fail)
    with pytest.raises(OutOfMemory, match="close other programs"):
        reconstructor.tile(scalp_source(), TileRequest(0, samples=2))


def test_other_errors_of_torch_are_not_swallowed(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    reconstructor = Reconstructor(model, "cpu")

    def fail(*_: object) -> None:
        raise RuntimeError("a shape is wrong")

    monkeypatch.setattr(reconstructor, "_draw", fail)
    with pytest.raises(RuntimeError, match="a shape is wrong"):
        reconstructor.tile(scalp_source(), TileRequest(0, samples=2))


def test_a_tile_is_cancelled_between_batches(model: Model) -> None:
    reached: list[float] = []
    control = Control(reached.append)
    reconstructor = Reconstructor(model, "cpu")
    reconstructor._batch = 2
    original = reconstructor._draw

    def draw_then_cancel(*args: object) -> object:
        if len(reached) == 3:
            control.cancel()
        return original(*args)  # type: ignore[arg-type]

    reconstructor._draw = draw_then_cancel  # type: ignore[assignment, method-assign]
    with pytest.raises(Cancelled):
        reconstructor.tile(scalp_source(), TileRequest(0, samples=20), control)
    assert reached == sorted(reached)
    assert reached[-1] < 0.5


def test_a_device_that_is_not_there_is_said() -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(NeuroflowError, match="no CUDA device"):
        choose_device("cuda")
    with pytest.raises(NeuroflowError, match="no device called abacus"):
        choose_device("abacus")
    assert choose_device("auto") in ("cpu", "mps")


def test_the_cache_forgets_the_least_recently_used_beyond_its_size() -> None:
    def tile(index: int) -> Tile:
        return Tile(TileRequest(index), Span(0, 1), 100.0, np.zeros((1, 1, 250), np.float32))

    cache = TileCache(max_bytes=2500)
    for index in range(3):
        cache.put(index, tile(index))
    assert cache.get(1) is not None
    cache.put(3, tile(3))
    assert [i in cache for i in range(4)] == [False, True, False, True]
    assert cache.bytes <= 2500


def test_missing_values_hold_the_one_before() -> None:
    nan = np.nan
    raw = np.array([[nan, 1, nan, 3, nan], [nan, nan, nan, nan, nan]], np.float32)
    assert hold_missing(raw, np.isnan(raw)).tolist() == [[1, 1, 1, 3, 3], [0, 0, 0, 0, 0]]


class TestModelFilesAreCheckedBeforeUse:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        write_small_model(tmp_path)
        return tmp_path

    def edit(self, folder: Path, **changes: object) -> None:
        card = json.loads((folder / "card.json").read_text())
        (folder / "card.json").write_text(json.dumps({**card, **changes}))

    def test_a_sound_one_is_read(self, folder: Path) -> None:
        assert load_model(folder).build().shape.contacts == 8

    def test_a_missing_one(self, tmp_path: Path) -> None:
        with pytest.raises(ModelProblem, match="There is no model called"):
            load_model(tmp_path / "nowhere")

    def test_a_folder_without_a_card(self, tmp_path: Path) -> None:
        with pytest.raises(ModelProblem, match="no readable model card"):
            load_model(tmp_path)

    def test_flipped_weights(self, folder: Path) -> None:
        data = bytearray((folder / "weights.safetensors").read_bytes())
        data[-1] ^= 1
        (folder / "weights.safetensors").write_bytes(bytes(data))
        with pytest.raises(ModelProblem, match="not those that the model's card describes"):
            load_model(folder)

    def test_truncated_weights(self, folder: Path) -> None:
        path = folder / "weights.safetensors"
        path.write_bytes(path.read_bytes()[:-10])
        with pytest.raises(ModelProblem, match="not those"):
            load_model(folder)

    def test_another_version(self, folder: Path) -> None:
        self.edit(folder, format=99)
        with pytest.raises(ModelProblem, match="format 99"):
            load_model(folder)

    def test_a_card_that_is_no_json(self, folder: Path) -> None:
        (folder / "card.json").write_text("not a card")
        with pytest.raises(ModelProblem, match="damaged"):
            load_model(folder)

    def test_a_card_that_lies_about_its_shape(self, folder: Path) -> None:
        card = json.loads((folder / "card.json").read_text())
        self.edit(folder, shape={**card["shape"], "hidden": 16})
        with pytest.raises(ModelProblem, match="do not fit"):
            load_model(folder).build()

    @pytest.mark.parametrize(
        "calibration",
        [
            {"stated": [0.0, 0.9, 1.0], "held": [0.0, 1.0], "measured_on": "x"},
            {"stated": [0.0, 0.9, 1.0], "held": [0.0, 1.2, 1.0], "measured_on": "x"},
            {"stated": [0.0, 0.9, 1.0], "held": [0.0, 0.8, 1.0], "measured_on": ""},
        ],
    )
    def test_a_calibration_that_cannot_be_or_says_not_on_what(self, folder: Path, calibration: object) -> None:
        self.edit(folder, calibration=calibration)
        with pytest.raises(ModelProblem, match="contradicts itself"):
            load_model(folder)

    def test_a_card_that_contradicts_itself(self, folder: Path) -> None:
        self.edit(folder, sites=["Fp1"])
        with pytest.raises(ModelProblem, match="contradicts itself"):
            load_model(folder)


class ReplayByComputing:
    """Stands for a CUDA graph: what was captured is computed again from the same tensors."""

    def __init__(self, compute: Callable[[], torch.Tensor]) -> None:
        self._compute, self.replays = compute, 0
        self.out = compute()

    def replay(self) -> None:
        self.replays += 1
        self.out.copy_(self._compute())


def test_a_replayed_graph_gives_what_the_flow_gives_for_every_tile_and_batch(model: Model) -> None:
    captured: list[ReplayByComputing] = []

    def capture(compute: Callable[[], torch.Tensor]) -> tuple[ReplayByComputing, torch.Tensor]:
        captured.append(ReplayByComputing(compute))
        return captured[-1], captured[-1].out

    source, eager, graphed = scalp_source(), Reconstructor(model, "cpu"), Reconstructor(model, "cpu")
    graphed._replayed = ReplayedDecode(graphed._eager, capture=capture)
    for index in (1, 2, 3):
        wanted = eager.tile(source, TileRequest(index, samples=11))
        assert relative(graphed.tile(source, TileRequest(index, samples=11)).samples, wanted.samples) < 1e-6
    assert len(captured) < sum(graph.replays for graph in captured)
    assert len(graphed._replayed._graphs) <= 4


def test_a_gpu_that_cannot_capture_goes_on_without_and_says_so(model: Model) -> None:
    said: list[str] = []

    def refuse(_: Callable[[], torch.Tensor]) -> tuple[ReplayByComputing, torch.Tensor]:
        raise RuntimeError("operation not permitted when stream is capturing")

    def full(_: Callable[[], torch.Tensor]) -> tuple[ReplayByComputing, torch.Tensor]:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    source, reconstructor = scalp_source(), Reconstructor(model, "cpu")
    wanted = reconstructor.tile(source, TileRequest(1, samples=3)).samples
    reconstructor._replayed = ReplayedDecode(reconstructor._eager, said.append, refuse)
    for _ in range(2):
        assert np.array_equal(reconstructor.tile(source, TileRequest(1, samples=3)).samples, wanted)
    assert len(said) == 1
    reconstructor._replayed = ReplayedDecode(reconstructor._eager, said.append, full)
    with pytest.raises(OutOfMemory):  # halved until nothing is left, and never swallowed
        reconstructor.tile(source, TileRequest(1, samples=3))


def test_half_precision_is_near_and_says_what_it_is(model: Model) -> None:
    source = scalp_source()
    half = Reconstructor(model, "cpu", precision="bfloat16")
    exact = Reconstructor(model, "cpu").tile(source, TileRequest(1, samples=4)).samples
    rounded = half.tile(source, TileRequest(1, samples=4)).samples
    assert 0 < np.std(rounded - exact) < 0.05 * np.std(exact)
    assert half.device_label.endswith("bfloat16")
    with pytest.raises(NeuroflowError, match="float32, bfloat16"):
        Reconstructor(model, "cpu", precision="float16")
