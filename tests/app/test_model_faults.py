"""A model that fails as models do, in the window and through the real engine: NaN, infinities, no memory left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import edfio
import numpy as np
import pytest
import torch
from pytestqt.qtbot import QtBot
from tests.app.conftest import write_edf
from tests.core.small_model import TEN_TWENTY, write_small_model

from neuroflow.flow.model import ConditionalFlow, NeuroFlow
from neuroflow.recording import Span
from neuroflow_review.dialogs.export import ExportDialog
from neuroflow_review.session import Session
from neuroflow_review.session.backend import InstalledModel
from neuroflow_review.settings import Settings
from neuroflow_review.window import ReviewWindow

LONG = 120_000


@pytest.fixture(scope="module")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random flow of eight contacts."""
    folder = tmp_path_factory.mktemp("model") / "small"
    write_small_model(folder)
    return folder


@pytest.fixture
def night(tmp_path: Path) -> Path:
    return write_edf(tmp_path / "night.edf", [f"EEG {s}-Ref" for s in TEN_TWENTY], seconds=20)


@pytest.fixture
def flowing(qtbot: QtBot, small_model: Path, night: Path, tmp_path: Path) -> Iterator[ReviewWindow]:
    """The window on a recording, with the real engine and three samples."""
    session = Session(
        Settings(), make_backend=lambda: InstalledModel(small_model), reviews=tmp_path / "reviews",
        trends=tmp_path / "trends",
    )  # fmt: skip
    session.settings.set("reconstruction.follow", False)
    session.store.update(samples=3)
    window = ReviewWindow(session)
    window.show()
    session.load_model()
    session.open(night)
    qtbot.waitUntil(lambda: window.settled, timeout=LONG)
    yield window
    window.close()
    window.deleteLater()
    session.deleteLater()


@pytest.fixture
def spoil(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Any, int], None]], None]:
    """Spoil what the flow draws: ``act(samples, call)`` changes a batch in place."""

    def put(act: Callable[[Any, int], None]) -> None:
        decode, calls = ConditionalFlow.decode, [0]

        def spoiled(self: ConditionalFlow, noise: list[torch.Tensor], loud: torch.Tensor) -> torch.Tensor:
            out = decode(self, noise, loud).clone()
            act(out, calls[0])
            calls[0] += 1
            return out

        monkeypatch.setattr(ConditionalFlow, "decode", spoiled)

    return put


def reconstruct(qtbot: QtBot, window: ReviewWindow) -> None:
    window.session.reconstruct_page()
    work = window.session.reconstruction
    qtbot.waitUntil(lambda: work.page_complete and not work.computing and window.settled, timeout=LONG)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e9])
def test_a_sample_that_is_no_signal_is_drawn_again_counted_on_the_page_and_in_the_file(
    qtbot: QtBot, flowing: ReviewWindow, spoil: Callable[[Callable[[Any, int], None]], None], value: float
) -> None:
    def once(samples: Any, call: int) -> None:
        if call == 0:
            samples[1, 3, 500] = value

    spoil(once)
    reconstruct(qtbot, flowing)
    session = flowing.session
    assert session.reconstruction.segments(Span(0.0, 10.0))[0].what == "done"
    assert session.depth is not None
    assert all(np.isfinite(band).all() for band in (session.depth.bands.median, session.depth.bands.low90))
    assert "1 sample redrawn" in flowing.model_says.text()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_model_that_draws_nothing_else_is_withheld_and_says_so(
    qtbot: QtBot, flowing: ReviewWindow, spoil: Callable[[Callable[[Any, int], None]], None], value: float,
    tmp_path: Path,
) -> None:  # fmt: skip
    spoil(lambda samples, _: samples[:, 3].fill_(value))
    reconstruct(qtbot, flowing)
    session = flowing.session
    segment = session.reconstruction.segments(Span(0.0, 10.0))[0]
    assert segment.what == "withheld"
    assert "no plausible signal" in segment.text
    assert "out of distribution" in flowing.model_says.text() or "withheld" in flowing.model_says.text()
    # Nor is it in a file: what is withheld is flat there, and an annotation says so.
    flowing.commands.actions["export"].trigger()
    dialog = flowing.findChild(ExportDialog)
    dialog.form.target.setText(str(tmp_path / "out.edf"))
    with qtbot.waitSignal(dialog.exported, timeout=LONG) as told:
        dialog.form.write_button.click()
    assert told.args[0].withheld
    edf = edfio.read_edf(tmp_path / "out.edf")
    assert np.ptp(edf.signals[0].data) < 1e-6
    dialog.close()


def test_a_gpu_without_memory_is_left_for_the_cpu_and_the_page_is_drawn(
    qtbot: QtBot, flowing: ReviewWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The GPU is pretended; the error is the one that CUDA raises, where the weights are put on it."""
    to = NeuroFlow.to

    def refuse(self: NeuroFlow, device: str) -> Any:
        if device == "cuda":
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return to(self, device)

    monkeypatch.setattr(
        "neuroflow.inference.engine.choose_device", lambda wanted: "cuda" if wanted == "cuda" else "cpu"
    )
    monkeypatch.setattr(
        "neuroflow.inference.engine.device_label", lambda name: "NVIDIA test GPU" if name == "cuda" else "CPU"
    )
    monkeypatch.setattr(NeuroFlow, "to", refuse)
    said: list[str] = []
    flowing.statusBar().messageChanged.connect(said.append)
    flowing.session.store.update(device="cuda")
    reconstruct(qtbot, flowing)
    assert any("NVIDIA test GPU has no memory left" in text and "on the CPU" in text for text in said)
    assert flowing.session.reconstruction.device_label == "CPU"
    assert flowing.session.depth is not None
    assert flowing.session.reconstruction.segments(Span(0.0, 10.0))[0].what == "done"
