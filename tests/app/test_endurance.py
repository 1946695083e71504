"""A short form of the endurance of ``make soak``: page after page, and nothing is left of those that are gone."""

from __future__ import annotations

import gc
import threading
from typing import Any

import psutil

from neuroflow_review.window import ReviewWindow

TURNS, SETTLED = 120, 40


def test_pages_that_are_gone_leave_neither_memory_nor_threads(qtbot: Any, opened: ReviewWindow) -> None:
    session, process = opened.session, psutil.Process()
    recording = session.recording
    assert recording is not None
    session.settings.set("reconstruction.follow", True)
    # What is kept is kept: the cache of tiles is full before anything is measured.
    session.reconstruct_everything()
    qtbot.waitUntil(lambda: session.reconstruction.has_any and not session.reconstruction.computing, timeout=60_000)
    session.reconstruct_page()
    memory, threads = 0, 0
    for number in range(TURNS):
        if session.state.span.stop >= recording.duration - 1.0:
            session.go_to(0.0)
        else:
            session.turn(1)
        qtbot.waitUntil(lambda: opened.page.drawn, timeout=60_000)
        if number == SETTLED:
            gc.collect()
            memory, threads = process.memory_info().rss, threading.active_count()
    gc.collect()
    assert process.memory_info().rss < 1.05 * memory
    assert threading.active_count() <= threads
