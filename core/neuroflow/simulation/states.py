"""States of vigilance of a simulated patient: which, for how long, and how strong each kind of activity is in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroflow.recording import Samples

Array = NDArray[np.float64]


EYES_OPEN, EYES_CLOSED, DROWSY, N2, N3 = "eyes open", "eyes closed", "drowsy", "N2", "N3"
STATES = (EYES_OPEN, EYES_CLOSED, DROWSY, N2, N3)
WAKE = (EYES_OPEN, EYES_CLOSED)
SLEEP = (N2, N3)


@dataclass(frozen=True, slots=True)
class State:
    """A stretch of the twin, in seconds, in one of ``STATES``."""

    name: str
    start: float
    stop: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is simulated: ``length`` samples at ``rate`` hertz, sample 0 at ``first`` seconds, in these states."""

    states: tuple[State, ...]
    first: float
    length: int
    rate: float

    def add(
        self, data: Samples, gain: Samples, shape: Callable[[Array], Array], time: float, seconds: float,
        before: float = 0.0,
    ) -> None:  # fmt: skip
        """Add a transient to ``data`` (trace, time) in place: ``gain`` (trace, group) times ``shape``.

        ``shape`` takes seconds from ``time`` as one row (1, time) and gives (1 or group, time); it is evaluated from
        ``before`` seconds earlier to ``seconds`` later, at the samples' exact times.
        """
        index = int(np.floor((time - before - self.first) * self.rate))
        start, stop = max(index, 0), min(index + round((before + seconds) * self.rate), self.length)
        if stop <= start:
            return
        t = self.first + np.arange(start, stop) / self.rate - time
        data[:, start:stop] += gain @ shape(t[None, :]).astype(np.float32)


# Mean stay (s), and where it goes from there.
_STAY = {EYES_OPEN: 25.0, EYES_CLOSED: 50.0, DROWSY: 40.0, N2: 120.0, N3: 120.0}
_NEXT = {
    EYES_OPEN: {EYES_CLOSED: 1.0},
    EYES_CLOSED: {EYES_OPEN: 0.6, DROWSY: 0.4},
    DROWSY: {EYES_CLOSED: 0.45, N2: 0.55},
    N2: {N3: 0.55, DROWSY: 0.25, EYES_CLOSED: 0.2},
    N3: {N2: 0.9, EYES_OPEN: 0.1},
}
_FIRST = {EYES_OPEN: 0.15, EYES_CLOSED: 0.3, DROWSY: 0.15, N2: 0.25, N3: 0.15}


def draw_timeline(rng: np.random.Generator, seconds: float) -> tuple[State, ...]:
    """A walk through the states that fills ``seconds``; it starts in one drawn by how much of the time each takes."""
    name = str(rng.choice(list(_FIRST), p=list(_FIRST.values())))
    states: list[State] = []
    now = 0.0
    while now < seconds:
        stop = min(now + max(5.0, float(rng.gamma(3.0, _STAY[name] / 3.0))), seconds)
        states.append(State(name, now, stop))
        now = stop
        name = str(rng.choice(list(_NEXT[name]), p=list(_NEXT[name].values())))
    return tuple(states)


def level(stretch: Stretch, levels: dict[str, float], blend: float = 0.8) -> NDArray[np.float32]:
    """How strong an activity is at each sample (time,) of a stretch, blended over ``blend`` s where states change."""
    width = max(1, round(blend * stretch.rate))
    window = np.hanning(width + 2)[1:-1]
    margin = width // 2
    edges = np.array([state.stop for state in stretch.states[:-1]])
    times = stretch.first + np.arange(-margin, stretch.length + width - margin - 1) / stretch.rate
    values = np.array([levels[state.name] for state in stretch.states])[np.searchsorted(edges, times, side="right")]
    return np.asarray(np.convolve(values, window / window.sum(), mode="valid"), dtype=np.float32)


def occurrences(
    rng: np.random.Generator, timeline: Sequence[State], per_minute: dict[str, float], refractory: float = 0.0
) -> list[float]:
    """Times (s) of a Poisson process whose rate follows the state; none within ``refractory`` s of the one before."""
    times: list[float] = []
    for state in timeline:
        expected = per_minute.get(state.name, 0.0) * (state.stop - state.start) / 60.0
        drawn = rng.uniform(state.start, state.stop, rng.poisson(expected))
        times.extend(float(t) for t in drawn)
    kept: list[float] = []
    for time in sorted(times):
        if not kept or time - kept[-1] >= refractory:
            kept.append(time)
    return kept
