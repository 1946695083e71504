"""Lanes: who goes first, who is dropped, who hears of it, and that closing leaves no thread."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from neuroflow.errors import FileProblem
from neuroflow.io.whole import whole_of
from neuroflow.jobs import Cancelled, Control
from neuroflow_review.crash import report_of
from neuroflow_review.lanes import UNDELIVERED, Failure, Lane, Lanes


@pytest.fixture
def lane(qtbot: QtBot) -> Iterator[Lane]:  # noqa: ARG001 - Qt must be up
    made = Lane("test")
    yield made
    made.close()
    assert made.join()
    made.deleteLater()


class Gate:
    """A job that waits until it is let go, or cancelled."""

    def __init__(self, result: object = None) -> None:
        self.entered, self.go, self.result = threading.Event(), threading.Event(), result
        self.runs = 0

    def __call__(self, control: Control) -> object:
        self.runs += 1
        self.entered.set()
        while not self.go.wait(0.002):
            control.checkpoint()
        return self.result


def test_a_result_reaches_the_thread_that_made_the_lane(qtbot: QtBot, lane: Lane) -> None:
    heard: list[tuple[object, threading.Thread]] = []
    where: list[threading.Thread] = []

    def work(_: Control) -> int:
        where.append(threading.current_thread())
        return 7

    lane.submit("a", work, done=lambda value: heard.append((value, threading.current_thread())))
    qtbot.waitUntil(lambda: bool(heard))
    assert heard == [(7, threading.main_thread())]
    assert where[0] is not threading.main_thread()


def test_what_a_job_gave_is_let_go_as_soon_as_nobody_wants_it(qtbot: QtBot, lane: Lane) -> None:
    """A tile has ten megabytes: a night of them must not wait for the collector of cycles."""

    class Tile:
        pass

    def work(control: Control) -> Tile:
        control.checkpoint(0.5)
        return Tile()

    given: list[weakref.ref[Tile]] = []
    gc.disable()
    try:
        lane.submit("tile", work, progress=lambda _: None, done=lambda tile: given.append(weakref.ref(tile)))
        qtbot.waitUntil(lambda: bool(given))
        qtbot.waitUntil(lambda: given[0]() is None)
    finally:
        gc.enable()


def test_a_request_that_was_replaced_before_it_ran_never_runs(qtbot: QtBot, lane: Lane) -> None:
    gate, ran, heard = Gate(), [], []
    lane.submit("first", gate)
    gate.entered.wait(2)
    for k in range(5):
        lane.submit("page", lambda _, k=k: ran.append(k) or k, done=heard.append)
    gate.go.set()
    qtbot.waitUntil(lambda: heard == [4])
    assert ran == [4]


def test_a_request_that_was_replaced_while_it_ran_is_cancelled_and_its_result_dropped(qtbot: QtBot, lane: Lane) -> None:
    old, heard = Gate("old"), []
    lane.submit("page", old, done=heard.append)
    old.entered.wait(2)
    lane.submit("page", lambda _: "new", done=heard.append)
    qtbot.waitUntil(lambda: heard == ["new"])
    old.go.set()
    qtbot.wait(20)
    assert heard == ["new"]


def test_a_result_that_was_on_its_way_when_the_job_was_replaced_is_dropped(qtbot: QtBot, lane: Lane) -> None:
    heard: list[object] = []
    job = lane.submit("page", lambda _: "old", done=heard.append)
    job.finished.wait(2)
    time.sleep(0.02)
    job.cancel()
    qtbot.wait(20)
    assert heard == []


def test_a_job_that_puts_its_file_in_place_is_not_stopped_and_its_result_is_delivered(qtbot: QtBot, lane: Lane) -> None:
    heard: list[object] = []
    kept, go = threading.Event(), threading.Event()

    def work(control: Control) -> str:
        control.keep()
        kept.set()
        go.wait(10)
        control.checkpoint()
        return "written"

    job = lane.submit("write", work, done=heard.append)
    kept.wait(10)
    assert not job.cancel()
    go.set()
    qtbot.waitUntil(lambda: heard == ["written"])


def test_a_job_that_was_stopped_puts_nothing_in_place(qtbot: QtBot, lane: Lane) -> None:
    began, go, written = threading.Event(), threading.Event(), []

    def work(control: Control) -> None:
        began.set()
        go.wait(10)
        control.keep()
        written.append("file")

    job = lane.submit("write", work, done=written.append)
    began.wait(10)
    assert job.cancel()
    go.set()
    qtbot.waitUntil(lambda: not lane.busy)
    qtbot.wait(20)
    assert written == []


def test_a_new_request_and_a_cancel_overtake_results_that_are_on_their_way(qtbot: QtBot, lane: Lane) -> None:
    heard: list[object] = []
    lane.submit("page", lambda _: "old", done=heard.append).finished.wait(2)
    lane.submit("tile", lambda _: "tile", done=heard.append).finished.wait(2)
    time.sleep(0.02)
    lane.submit("page", lambda _: "new", done=heard.append)
    lane.cancel(lambda job: job.key == "tile")
    qtbot.waitUntil(lambda: bool(heard))
    qtbot.wait(20)
    assert heard == ["new"]


def test_the_most_urgent_goes_first_and_a_second_wish_makes_a_job_more_urgent(qtbot: QtBot, lane: Lane) -> None:
    gate, order = Gate(), []
    lane.submit("gate", gate)
    gate.entered.wait(2)
    for key, priority in (("whole", 40), ("ahead", 10), ("page", 0)):
        lane.submit(key, lambda _, key=key: order.append(key), priority=priority)
    again = lane.submit("whole", lambda _: order.append("twice"), priority=-1, replace=False)
    gate.go.set()
    qtbot.waitUntil(lambda: len(order) == 3)
    assert order == ["whole", "page", "ahead"]
    assert again.priority == -1


def test_a_tile_of_the_whole_recording_makes_way_for_the_page_and_starts_again(qtbot: QtBot, lane: Lane) -> None:
    whole, heard = Gate("whole"), []
    lane.submit("whole", whole, priority=40, preemptible=True, done=heard.append)
    whole.entered.wait(2)
    lane.submit("page", lambda _: "page", priority=0, done=heard.append)
    qtbot.waitUntil(lambda: heard == ["page"])
    whole.go.set()
    qtbot.waitUntil(lambda: heard == ["page", "whole"])
    assert whole.runs == 2


def test_a_generator_makes_way_at_a_yield_and_goes_on_where_it_was(qtbot: QtBot, lane: Lane) -> None:
    steps: list[object] = []
    begun = threading.Event()

    def trend(control: Control) -> Generator[int, None, str]:
        for k in range(5):
            steps.append(k)
            begun.set()
            time.sleep(0.02)
            control.checkpoint()
            yield k
        return "all"

    heard: list[object] = []
    lane.submit("trend", trend, priority=30, done=heard.append)
    begun.wait(2)
    lane.submit("page", lambda _: steps.append("page"), priority=0)
    qtbot.waitUntil(lambda: heard == ["all"])
    assert [s for s in steps if s != "page"] == [0, 1, 2, 3, 4]
    assert "page" in steps[1:4]


def test_no_more_partial_results_wait_than_the_screen_can_take(qtbot: QtBot, lane: Lane) -> None:
    made: list[int] = []

    def pour(_: Control) -> Generator[int, None, None]:
        for k in range(20):
            made.append(k)
            yield k

    heard: list[int] = []
    lane.submit("pour", pour, partial=heard.append)
    time.sleep(0.3)  # the GUI thread is busy: nothing is delivered
    assert len(made) <= UNDELIVERED + 1
    qtbot.waitUntil(lambda: heard == list(range(20)))


def test_an_error_arrives_as_an_object_that_knows_where_it_came_from(qtbot: QtBot, lane: Lane) -> None:
    def fail(_: Control) -> None:
        raise FileProblem("The drive is gone: connect it.")

    with qtbot.waitSignal(lane.failed) as caught:
        lane.submit("page", fail)
    failure = caught.args[0]
    assert isinstance(failure, Failure)
    assert isinstance(failure.error, FileProblem)
    assert "in fail" in report_of(failure.error), "and knows where it came from"
    own: list[Failure] = []
    lane.submit("page", fail, failed=own.append)
    qtbot.waitUntil(lambda: len(own) == 1)


def test_another_lane_can_ask_and_wait_and_is_cancelled_by_its_own_control(qtbot: QtBot, lane: Lane) -> None:
    other, heard, failures = Lane("export"), [], []
    other.submit("export", lambda control: lane.ask("tile", lambda _: 5, control), done=heard.append)
    qtbot.waitUntil(lambda: heard == [5])

    def fail(_: Control) -> None:
        raise FileProblem("no")

    other.submit("export", lambda control: lane.ask("tile", fail, control), failed=failures.append)
    qtbot.waitUntil(lambda: len(failures) == 1)
    gate = Gate()
    job = other.submit("export", lambda control: lane.ask("tile", gate, control))
    gate.entered.wait(2)
    job.cancel()
    qtbot.waitUntil(lambda: not lane.busy and not other.busy)
    other.close()
    assert other.join()
    other.deleteLater()


def test_progress_is_told_but_not_a_thousand_times(qtbot: QtBot, lane: Lane) -> None:
    told: list[float] = []
    heard: list[object] = []

    def work(control: Control) -> str:
        for k in range(1000):
            control.checkpoint(k / 1000)
            time.sleep(0.0002)
        return "done"

    lane.submit("a", work, progress=told.append, done=heard.append)
    qtbot.waitUntil(lambda: heard == ["done"])
    assert 1 <= len(told) <= 60
    assert told == sorted(told)


def test_closing_cancels_what_runs_and_waits_for_it(qtbot: QtBot) -> None:
    lanes, gate, heard = Lanes(), Gate(), []
    lanes.flow.submit("tile", gate, done=heard.append)
    gate.entered.wait(2)
    lanes.close()
    qtbot.wait(10)
    assert heard == []
    assert not any(t.name.startswith("lane") for t in threading.enumerate())
    late = lanes.flow.submit("tile", gate)
    assert late.cancelled
    lanes.deleteLater()


def test_closing_never_waits_for_a_read_that_hangs(qtbot: QtBot) -> None:
    lanes, release, entered = Lanes(), threading.Event(), threading.Event()

    def hang(_: Control) -> None:
        entered.set()
        release.wait(20)

    lanes.read.submit("page", hang)
    entered.wait(2)
    began = time.monotonic()
    lanes.close()
    assert time.monotonic() - began < 1.5
    assert next(t for t in threading.enumerate() if t.name == "lane read").daemon
    release.set()
    qtbot.waitUntil(lambda: not any(t.name == "lane read" for t in threading.enumerate()))
    lanes.deleteLater()


def test_asking_a_closed_lane_is_cancelled(qtbot: QtBot) -> None:  # noqa: ARG001 - Qt must be up
    lane = Lane("closed")
    lane.close()
    with pytest.raises(Cancelled):
        lane.ask("tile", lambda _: 1, Control())
    lane.deleteLater()


class CountedHash:
    """Takes blocks, and after the first waits until it is let go."""

    def __init__(self) -> None:
        self.entered, self.go, self.blocks = threading.Event(), threading.Event(), 0

    def update(self, _block: bytes) -> None:
        self.blocks += 1
        self.entered.set()
        self.go.wait(60)

    def hexdigest(self) -> str:
        return str(self.blocks)


@pytest.mark.parametrize("end", ["go on", "cancel", "close"])
def test_reading_all_of_a_file_pauses_between_blocks_while_a_page_is_awaited(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    path, counted, lanes = tmp_path / "long.edf", CountedHash(), Lanes()
    with path.open("wb") as file:
        file.truncate(20 << 20)
    monkeypatch.setattr("neuroflow.io.whole.hashlib.sha256", lambda: counted)
    heard: list[object] = []
    job = lanes.whole.submit("whole", partial(whole_of, path, None), done=heard.append)
    assert counted.entered.wait(60)
    lanes.awaiting_page()
    counted.go.set()
    assert not job.finished.wait(0.3)
    assert counted.blocks == 1
    if end == "go on":
        lanes.awaiting_page(False)
        qtbot.waitUntil(lambda: bool(heard))
        assert counted.blocks == 20
    elif end == "cancel":
        lanes.whole.cancel()
        qtbot.waitUntil(lambda: not lanes.whole.busy)
    lanes.close()
    assert counted.blocks == (20 if end == "go on" else 1)
    assert lanes.whole.join(), "closing waits for no held lane"
