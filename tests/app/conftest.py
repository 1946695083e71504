"""What every test of the application gets: no display, nothing left behind, no surprise; recordings and a model."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import edfio
import numpy as np
import pytest
from PySide6.QtCore import (
    QBuffer,
    QCoreApplication,
    QEvent,
    QIODevice,
    QObject,
    QRectF,
    QSize,
    Qt,
    QTimer,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtGui import QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from neuroflow.anatomy.implant import Contact
from neuroflow.errors import NotReconstructable
from neuroflow.export.convert import ConvertRequest, convert
from neuroflow.flow.card import ModelCard, read_card
from neuroflow.inference.model import find_model
from neuroflow.inference.tile import Tile, TileRequest, Withheld
from neuroflow.jobs import Control
from neuroflow.recording import Recording, SignalSource, Span
from neuroflow_review.canvas import Canvas
from neuroflow_review.dialogs.fault import FaultDialog
from neuroflow_review.session import Session
from neuroflow_review.settings import Settings
from neuroflow_review.window import ReviewWindow
from neuroflow_review.window.commands import demo_recording

PROJECT = Path(__file__).parents[2]
_EXPECTED = ("This plugin does not support",)
"""What the off-screen platform says of itself."""


# Nothing left behind, nothing unexpected ------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def nothing_left_behind(qapp: QApplication) -> Iterator[None]:
    """Fails a test that leaves a thread, a running timer or a visible window."""
    threads = set(threading.enumerate())
    yield
    until = time.monotonic() + 30.0
    while True:
        for _ in range(3):
            qapp.processEvents()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        left = [t.name for t in threading.enumerate() if t not in threads and t.is_alive()]
        windows = [type(w).__name__ for w in qapp.topLevelWidgets() if w.isVisible()]
        timers = [f"a timer of {type(t.parent()).__name__}" for t in _timers(qapp) if t.isActive()]
        if not (left or windows or timers) or time.monotonic() > until:
            break
        time.sleep(0.01)
    assert not left, f"threads left behind: {left}"
    assert not windows, f"windows left behind: {windows}"
    assert not timers, f"timers left behind: {timers}"


def _timers(app: QApplication) -> list[QTimer]:
    roots: list[QObject] = [app, *app.topLevelWidgets()]
    return [timer for root in roots for timer in root.findChildren(QTimer) if timer.parent() is not None]


@pytest.fixture(autouse=True)
def no_surprises(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test in which Qt, the log or numpy warns, unless it is marked ``expects_warnings``."""
    said: list[str] = []

    def on_message(kind: QtMsgType, _context: object, message: str) -> None:
        if kind is not QtMsgType.QtDebugMsg and kind is not QtMsgType.QtInfoMsg and not message.startswith(_EXPECTED):
            said.append(f"Qt: {message}")

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(f"{record.name}: {record.getMessage()}")

    listener = Listener(logging.WARNING)
    logging.getLogger().addHandler(listener)
    before = qInstallMessageHandler(on_message)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield
    qInstallMessageHandler(before)
    logging.getLogger().removeHandler(listener)
    if request.node.get_closest_marker("expects_warnings") is None:
        assert not said, "\n".join(said)


@pytest.fixture
def qtbot(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> QtBot:
    """Waits a minute where pytest-qt gives up after five seconds: a watchdog, also on a machine that is busy."""
    for name in ("waitUntil", "waitSignal", "waitExposed"):
        monkeypatch.setattr(qtbot, name, partial(getattr(qtbot, name), timeout=60_000))
    return qtbot


# Recordings -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def demo() -> Path:
    """The simulated patient that ships with the program."""
    path = demo_recording()
    assert path is not None
    return path


@pytest.fixture(scope="session")
def beginning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its first 80 s, for what goes through a whole recording."""
    whole = demo_recording()
    assert whole is not None
    path = tmp_path_factory.mktemp("beginning") / whole.name
    convert(whole, path, ConvertRequest(Span(0.0, 80.0)))
    return path


@pytest.fixture(scope="session")
def real() -> Callable[[str], Path]:
    """A real recording by its place in the development data; skips where that is absent."""

    def find(name: str) -> Path:
        folder = Path(os.environ.get("NEUROFLOW_TEST_DATA", PROJECT.parent / "shared" / "data"))
        if not (folder / name).is_file():
            pytest.skip(f"{name} is not in {folder}; set NEUROFLOW_TEST_DATA to where the real recordings are")
        return folder / name

    return find


def write_edf(path: Path, labels: list[str], *, seconds: int = 30, rate: int = 200, dimension: str = "uV") -> Path:
    """A small EDF+ of noise of 20 µV around 10 Hz."""
    rng = np.random.default_rng(1)
    time_axis = np.arange(seconds * rate) / rate
    signals = [
        edfio.EdfSignal(
            20 * np.sin(2 * np.pi * 10 * time_axis + k) + rng.normal(0, 10, time_axis.size),
            sampling_frequency=rate,
            label=label,
            physical_dimension=dimension,
            physical_range=(-500.0, 500.0),
        )
        for k, label in enumerate(labels)
    ]
    note = edfio.EdfAnnotation(12.0, 1.0, "eyes open")
    edfio.Edf(signals, patient=edfio.Patient(name="Doe_Jane"), annotations=[note]).write(path)
    return path


@pytest.fixture
def edf(tmp_path: Path) -> Callable[[str, list[str]], Path]:
    """Makes a small EDF+ of a name, with these labels."""
    return lambda name, labels: write_edf(tmp_path / name, labels)


@pytest.fixture
def few_channels(tmp_path: Path) -> Path:
    """A recording of three EEG channels: viewed, not reconstructed."""
    return write_edf(tmp_path / "three.edf", ["EEG Fp1-Ref", "EEG F7-Ref", "EEG T3-Ref"])


@pytest.fixture
def nineteen(tmp_path: Path) -> Path:
    """A recording of the nineteen electrodes of the 10-20 system: 20 µV at 10 Hz in noise."""
    sites = "Fp1 Fp2 F7 F3 Fz F4 F8 T3 C3 Cz C4 T4 T5 P3 Pz P4 T6 O1 O2".split()
    return write_edf(tmp_path / "nineteen.edf", [f"EEG {site}-Ref" for site in sites])


# A model that needs no torch ------------------------------------------------------------------------------------------


class FakeEngine:
    """Draws sines that are the same whichever tile asks, in ``delay`` seconds a tile; raises ``errors`` first."""

    def __init__(self, backend: FakeBackend, device: str, notice: Callable[[str], None]) -> None:
        self.backend, self.notice = backend, notice
        self.device_name = "cpu" if device == "auto" else device

    @property
    def device_label(self) -> str:
        return self.device_name.upper()

    def tile(self, source: SignalSource, request: TileRequest, control: Control | None = None) -> Tile:
        control, backend = control or Control(), self.backend
        backend.asked.append(request)
        if backend.errors:
            error = backend.errors.pop(0)
            if isinstance(error, str):
                self.device_name = "cpu"
                self.notice(error)
            else:
                raise error
        for step in range(10):
            control.checkpoint(step / 10)
            time.sleep(backend.delay / 10)
        rate = backend.rate
        span = Span(request.index * 10.0, (request.index + 1) * 10.0).clipped_to(source.recording.span)
        n = round(span.duration * rate)
        t = span.start + np.arange(n) / rate
        k = np.arange(request.samples)[:, None, None]
        c = np.arange(len(backend.contacts))[None, :, None]
        rng = np.random.default_rng([request.seed, request.index])
        y = 100e-6 * np.sin(2 * np.pi * (2 + 0.05 * c) * t + 0.3 * k + request.seed)
        y = y + 20e-6 * rng.standard_normal((request.samples, 1, n)).astype(np.float32)
        backend.done.append(request)
        held = backend.withheld.get(request.index, ())
        withheld = (Withheld(span, held),) if isinstance(held, str) else held
        return Tile(request, span, rate, y.astype(np.float32), backend.redrawn, withheld, backend.silent)


class HeldBack:
    """Files that are written reach their place only when told: a drive that takes its time."""

    def __init__(self) -> None:
        self.reached, self.go = threading.Event(), threading.Event()
        self._put = os.replace

    def __call__(self, part: Path, target: Path) -> None:
        if Path(target).suffix in (".edf", ".pdf"):
            self.reached.set()
            self.go.wait(60)
        self._put(part, target)

    def go_in(self, seconds: float) -> None:
        threading.Timer(seconds, self.go.set).start()


@pytest.fixture
def held_back(monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldBack]:
    held = HeldBack()
    monkeypatch.setattr("os.replace", held)
    yield held
    held.go.set()


class FakeBackend:
    """The card of the shipped model, and an engine of sines."""

    def __init__(self, card: ModelCard) -> None:
        self.card: ModelCard | None = card
        self.name, self.hash, self.rate = card.name, card.weights.sha256, card.rate
        self.contacts = tuple(Contact(c.name, c.shaft, c.mni_mm) for c in card.implant.contacts)
        self.delay = 0.0
        self.errors: list[Exception | str] = []
        self.withheld: dict[int, str | tuple[Withheld, ...]] = {}
        self.redrawn = 0
        self.silent: tuple[str, ...] = ()
        self.asked: list[TileRequest] = []
        self.done: list[TileRequest] = []

    def check(self, recording: Recording, excluded: frozenset[str]) -> None:
        if len([c for c in recording.eeg if c.name not in excluded]) < 6:
            raise NotReconstructable("The model needs at least 6 EEG channels on the head; it can be viewed only.")

    def engine(self, device: str, notice: Callable[[str], None]) -> FakeEngine:
        return FakeEngine(self, device, notice)


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend(read_card(find_model("default")))


@pytest.fixture
def session(
    qapp: QApplication,  # noqa: ARG001 - Qt must be up
    backend: FakeBackend,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Session]:
    """A session without a window, whose model is loaded."""
    settings = Settings()
    settings.set("reader.name", "Dr Reader")
    made = Session(
        settings,
        make_backend=lambda: backend,
        reviews=tmp_path_factory.mktemp("reviews"),
        trends=tmp_path_factory.mktemp("trends"),
    )
    made.store.update(samples=9)
    made.load_model()
    yield made
    made.shut_down()
    made.deleteLater()


@pytest.fixture
def window(qtbot: QtBot, session: Session) -> Iterator[ReviewWindow]:
    """The window on screen, at the standard size, without a recording."""
    made = ReviewWindow(session)
    made.show()
    qtbot.waitExposed(made)
    qtbot.waitUntil(lambda: session.reconstruction.backend is not None)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def opened(qtbot: QtBot, window: ReviewWindow, demo: Path) -> ReviewWindow:
    """The window on the demonstration, its first page drawn."""
    window.session.open(demo)
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    return window


@pytest.fixture
def mine(qtbot: QtBot, window: ReviewWindow, demo: Path, tmp_path: Path) -> Iterator[ReviewWindow]:
    """The window on a copy of the demonstration, beside which marks can be kept."""
    path = tmp_path / "patient.edf"
    shutil.copy(demo, path)
    window.session.open(path)
    qtbot.waitUntil(lambda: window.settled, timeout=60_000)
    yield window
    qtbot.waitUntil(lambda: not window.session.lanes.save.busy)


# What a reader does ---------------------------------------------------------------------------------------------------


@pytest.fixture
def press(qtbot: QtBot) -> Callable[..., None]:
    """Press a key in the window, with modifiers or without."""

    def act(window: ReviewWindow, key: Qt.Key, modifiers: Qt.KeyboardModifier | None = None) -> None:
        # Shortcuts are those of the active window: a dialog that has just closed may still be it.
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        qtbot.keyClick(window, key, modifiers or Qt.KeyboardModifier.NoModifier)

    return act


@pytest.fixture
def settle(qtbot: QtBot) -> Callable[[ReviewWindow], None]:
    """Wait until everything that was asked for is on screen."""
    return lambda window: qtbot.waitUntil(lambda: window.settled, timeout=60_000)


@pytest.fixture
def show(window: ReviewWindow, settle: Callable[[ReviewWindow], None]) -> Callable[[Path], ReviewWindow]:
    """Open a file and wait for its first page."""

    def act(path: Path) -> ReviewWindow:
        window.session.open(path)
        settle(window)
        return window

    return act


@pytest.fixture
def reconstructed(qtbot: QtBot) -> Callable[[ReviewWindow], None]:
    """Wait until the page, and whatever follows it, is reconstructed and on screen."""

    def act(window: ReviewWindow) -> None:
        work = window.session.reconstruction
        qtbot.waitUntil(lambda: work.page_complete and not work.computing and window.settled, timeout=60_000)

    return act


def words_of(panel: Canvas) -> str:
    """Every word that a panel draws."""
    buffer, generator = QBuffer(), QSvgGenerator()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator.setOutputDevice(buffer)
    generator.setSize(QSize(panel.width(), panel.height()))
    generator.setViewBox(QRectF(0, 0, panel.width(), panel.height()))
    with QPainter(generator) as painter:
        panel.draw(painter)
        panel.draw_moving(painter)
    return " ".join(ElementTree.fromstring(bytes(buffer.data().data()).decode()).itertext())


@pytest.fixture
def fault() -> Callable[[ReviewWindow], FaultDialog]:
    """The error that is in front of the reader."""
    return lambda window: next(d for d in window.findChildren(FaultDialog) if d.isVisible())
