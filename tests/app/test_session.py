"""The session without a window: the store, and what the controller of the reconstruction knows."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from neuroflow.errors import FileProblem
from neuroflow.recording import Span
from neuroflow_review.session import Session, ViewState, spectra
from neuroflow_review.session import session as controller
from neuroflow_review.session.page import PageData
from neuroflow_review.session.reconstruction import tile_indices
from neuroflow_review.session.state import Store


@pytest.mark.usefixtures("qapp")
def test_everyone_hears_of_every_change_once_and_in_order() -> None:
    store = Store(ViewState())
    heard: list[tuple[float, float, str]] = []

    def choose(_old: ViewState, new: ViewState) -> None:
        if new.montage == "average":
            store.update(channel="Fp1–avg")

    store.changed.connect(choose)
    store.changed.connect(lambda old, new: heard.append((old.start, new.start, new.channel)))
    store.update(montage="average", start=10.0)
    store.update(start=10.0)
    assert heard == [(0.0, 10.0, ""), (10.0, 10.0, "Fp1–avg")]
    with pytest.raises(TypeError):
        store.update(no_such_thing=1)


def opened(qtbot: QtBot, session: Session, path: Path) -> Session:
    session.open(path)
    qtbot.waitUntil(
        lambda: session.recording is not None and session.reconstruction.ready and not session.busy, timeout=60_000
    )
    return session


def test_a_page_that_was_turned_before_it_was_read_is_never_shown(qtbot: QtBot, session: Session, demo: Path) -> None:
    opened(qtbot, session, demo)
    shown: list[Span] = []
    session.page_ready.connect(lambda page: shown.append(page.request.span))
    for k in range(20, 40):
        session.go_to(k * 10.0)
    qtbot.waitUntil(lambda: bool(shown) and shown[-1] == Span(390.0, 400.0))
    assert len(shown) <= 2


def test_what_stands_around_a_page_waits_until_the_page_is_there(
    qtbot: QtBot, session: Session, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spectrogram loads scipy: beside the first page of a recording that takes the processor from it."""
    order: list[str] = []
    load, cut = controller.load_page, spectra.scalp_spectrogram

    def slow_page(*args: Any) -> PageData:
        made = load(*args)
        if not order:
            time.sleep(0.3)
            order.append("page")
        return made

    def noted(*args: Any) -> object:
        order.append("spectrogram")
        return cut(*args)

    monkeypatch.setattr(controller, "load_page", slow_page)
    monkeypatch.setattr(spectra, "scalp_spectrogram", noted)
    opened(qtbot, session, demo)
    assert order == ["page", "spectrogram"]


def test_while_pages_are_turned_what_stands_around_them_waits_and_then_comes(
    qtbot: QtBot, session: Session, demo: Path
) -> None:
    opened(qtbot, session, demo)
    made: list[Span] = []
    session.spectra.ready.connect(lambda page: made.append(page.span))
    session.lanes._looks.setInterval(60_000)
    for _ in range(4):
        session.turn(1)
        qtbot.waitUntil(lambda: session.page is not None and session.page.request.span == session.state.span)
    assert not made
    session.lanes._looks.start(0)
    qtbot.waitUntil(lambda: bool(made))
    assert made == [Span(40.0, 50.0)], "that of the page that is looked at, and of no other"


@pytest.mark.expects_warnings
def test_a_page_that_cannot_be_read_holds_nothing_up(
    qtbot: QtBot, session: Session, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> PageData:
        raise FileProblem("The drive does not answer.")

    monkeypatch.setattr(controller, "load_page", broken)
    opened(qtbot, session, demo)  # until nothing is busy any more
    assert session.page is None


def test_tiles_of_a_span_end_with_the_recording(qtbot: QtBot, session: Session, demo: Path) -> None:
    recording = opened(qtbot, session, demo).recording
    assert recording is not None
    assert tile_indices(Span(0.0, 10.0), recording) == range(1)
    assert tile_indices(Span(5.0, 15.0), recording) == range(2)
    assert tile_indices(Span(595.0, 700.0), recording) == range(59, 60)
    assert tile_indices(Span(700.0, 800.0), recording) == range(60, 60)


def test_progress_grows_and_says_what_and_how_long(qtbot: QtBot, session: Session, demo: Path, backend) -> None:
    opened(qtbot, session, demo)
    backend.delay = 0.02
    seen: list[tuple[float, float | None]] = []

    def look() -> None:
        progress = session.reconstruction.progress()
        if progress is not None:
            seen.append((progress.fraction, progress.seconds_left))

    session.reconstruction.changed.connect(look)
    session.reconstruct_everything()
    qtbot.waitUntil(lambda: not session.reconstruction.computing, timeout=60_000)
    fractions = [f for f, _ in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] > 0.9
    lefts = [s for _, s in seen if s is not None]
    assert lefts[0] > lefts[-1] >= 0
    assert session.reconstruction.progress() is None


def test_the_same_seconds_come_out_whichever_page_asked(qtbot: QtBot, session: Session, demo: Path) -> None:
    opened(qtbot, session, demo)
    session.go_to(5.0)
    session.reconstruct_page()
    qtbot.waitUntil(lambda: not session.reconstruction.computing and not session.busy)
    one = session.values_at(3, 12.34)
    session.go_to(10.0)
    qtbot.waitUntil(lambda: not session.reconstruction.computing and not session.busy)
    other = session.values_at(3, 12.34)
    assert one is not None
    assert other is not None
    assert (one == other).all()


def test_leaving_remembers_the_view(qtbot: QtBot, session: Session, demo: Path) -> None:
    opened(qtbot, session, demo)
    session.store.update(montage="average", sensitivity=10e-6, seed=4, private=True)
    session.shut_down()
    get = session.settings.get
    assert (get("page.montage"), get("reconstruction.seed"), get("look.privacy")) == ("average", 4, True)
    assert get("page.sensitivity") == pytest.approx(10.0)
    assert session.source is None


def test_nobody_is_inside_scipy_while_torch_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """scipy fails on a half-loaded torch: seen once in fifty starts, as an error beside a sound page."""
    import builtins
    import threading

    from neuroflow_review.session import numerics

    monkeypatch.setattr(numerics, "_loaded", threading.Event())
    order: list[str] = []
    inside, leave = threading.Event(), threading.Event()
    original = builtins.__import__

    def record(name: str, *args: object, **kwargs: object) -> object:
        if name == "torch":
            order.append("torch")
        return original(name, *args, **kwargs)  # type: ignore[arg-type]

    def scipy_user() -> None:
        with numerics.scipy_calls():
            inside.set()
            leave.wait(5)
            order.append("scipy")

    monkeypatch.setattr(builtins, "__import__", record)
    threads = [threading.Thread(target=scipy_user), threading.Thread(target=numerics.load_torch)]
    threads[0].start()
    assert inside.wait(5)
    threads[1].start()
    threads[1].join(0.1)
    leave.set()
    for thread in threads:
        thread.join(30)
    assert order[:2] == ["scipy", "torch"]
    with numerics.scipy_calls(), numerics.scipy_calls():
        pass  # once torch is there nobody waits for anybody
