"""Windows of recorded pairs of scalp and depth EEG: split into training and held-out, drawn, completed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuroflow.errors import FileProblem
from neuroflow.recording import Samples
from neuroflow.training.selection import HeldOutWindows
from neuroflow.training.stream import Batch, drop_bad

if TYPE_CHECKING:
    from neuroflow.evaluation.pairs import PairSignals
    from neuroflow.training.imputation import Imputer

FEWEST_CONTACTS = 4
SHORTEST_STEPS = 128
HELD_OUT_SHARE = 0.2
# Between training and held-out parts of one recording: beyond this, background is no longer alike by nearness alone.
_APART_SECONDS = 2.0
_WINDOWS_HELD_OUT, _MOST_HELD_OUT = 24, 500


@dataclass(frozen=True)
class Split:
    """Recordings to train on and to be judged by, and how they were told apart, in words."""

    train: tuple[PairSignals, ...]
    held_out: tuple[PairSignals, ...]
    how: str


def split(pairs: Sequence[PairSignals], sessions: Sequence[str], rate: float) -> Split:
    """Hold out the last fifth of each subject's sessions; where nobody has two, of subjects; of one or two, of time.

    ``sessions`` names the session of each pair. Only in the last case do training and held-out windows come from the
    same recording, two seconds apart at least. Raises: FileProblem where nothing is left on one side.
    """
    by_subject: dict[str, list[str]] = {}
    for pair, session in zip(pairs, sessions, strict=True):
        by_subject.setdefault(pair.subject, [])
        if session not in by_subject[pair.subject]:
            by_subject[pair.subject].append(session)
    last = {
        (subject, session)
        for subject, of_subject in by_subject.items()
        if len(of_subject) > 1
        for session in sorted(of_subject)[-math.ceil(HELD_OUT_SHARE * len(of_subject)) :]
    }
    how = f"the last session{'s' if len(last) > 1 else ''} of each subject with more than one"
    if not last and len(by_subject) > 2:
        out = sorted(by_subject)[-math.ceil(HELD_OUT_SHARE * len(by_subject)) :]
        last = {(subject, session) for subject in out for session in by_subject[subject]}
        how = f"{len(out)} of {len(by_subject)} subjects"
    if last:
        held = [(p.subject, s) in last for p, s in zip(pairs, sessions, strict=True)]
        train = tuple(p for p, out in zip(pairs, held, strict=True) if not out)
        held_out = tuple(p for p, out in zip(pairs, held, strict=True) if out)
    else:
        train, held_out = zip(*(_cut_in_time(p, rate) for p in pairs), strict=True) if pairs else ((), ())
        how = f"the last {100 * HELD_OUT_SHARE:.0f} % of each recording"
    if not any(p.spans for p in train) or not any(p.spans for p in held_out):
        raise FileProblem(
            "There is too little data to train on some and hold out the rest; add sessions, or longer ones."
        )
    return Split(train, held_out, how)


def _cut_in_time(pair: PairSignals, rate: float) -> tuple[PairSignals, PairSignals]:
    """The first spans and the last ones; what lies next to the cut belongs to neither."""
    apart = round(_APART_SECONDS * rate)
    left = (1.0 - HELD_OUT_SHARE) * sum(stop - start for start, stop in pair.spans)
    early, late = [], []
    for start, stop in pair.spans:
        cut = start + round(min(max(left, 0.0), stop - start))
        left -= stop - start
        early.append((start, cut))
        if stop > cut:
            late.append((cut, stop))
    edge = late[0][0] - apart if late else 0
    early = [(start, min(stop, edge)) for start, stop in early if min(stop, edge) > start]
    return replace(pair, spans=tuple(early)), replace(pair, spans=tuple(late))


def window_steps(pairs: Sequence[PairSignals], wanted: int, stride: int) -> int:
    """The length of a window that half of the recorded time holds, at most ``wanted``; a multiple of ``stride``.

    Raises: FileProblem where the spans are shorter than any useful window.
    """
    lengths = sorted((stop - start for p in pairs for start, stop in p.spans), reverse=True)
    total, passed, steps = sum(lengths), 0, 0
    for steps in lengths:
        passed += steps
        if 2 * passed >= total:
            break
    steps = min(wanted, steps) // stride * stride
    if steps < SHORTEST_STEPS:
        raise FileProblem(
            f"The trials are too short to train on: most hold fewer than {SHORTEST_STEPS} steps of the model; "
            "join them into longer ones where they were recorded without a break."
        )
    return steps


def contacts_of(pair: PairSignals) -> np.ndarray:
    """Which contacts of the implant a recording has, (contact,) bool."""
    return np.asarray(~np.isnan(pair.depth).all(axis=1))


class RecordedWindows:
    """A stream of windows from recorded pairs; every start of a window inside a span is as likely as any other.

    What a recording lacks stays absent: its missing sites are masked, its missing contacts drawn by ``imputer``.
    """

    def __init__(self, pairs: Sequence[PairSignals], seed: int) -> None:
        self._pairs, self._seed = tuple(p for p in pairs if p.spans), seed
        self.imputer: Imputer | None = None

    @property
    def patients_seen(self) -> int:
        return len({p.subject for p in self._pairs})

    def fill(self) -> Iterator[tuple[int, int]]:
        yield len(self._pairs), len(self._pairs)

    def draw(self, update: int, batch: int, steps: int) -> Batch:
        """Raises: FileProblem where no span holds a window."""
        rng = np.random.default_rng([self._seed, 1, update])
        places = [(p, start, stop - steps + 1) for p in self._pairs for start, stop in p.spans if stop - start >= steps]
        starts = np.array([beyond - start for _, start, beyond in places], dtype=np.float64)
        rows = []
        # Learnt from as many channels as another recording of the patient might have, one choice an update and pair.
        heard = {pair.name: drop_bad(rng, pair.present) for pair in self._pairs}
        for _ in range(batch):
            pair, start, beyond = places[int(rng.choice(len(places), p=starts / starts.sum()))]
            first = int(rng.integers(start, beyond))
            rows.append(self._window(pair, heard[pair.name], slice(first, first + steps), rng))
        scalp, present, depth = (np.stack(part) for part in zip(*rows, strict=True))
        return Batch(scalp, present, depth, depth)

    def sweep(self, steps: int) -> Iterator[Batch]:
        for pair in self._pairs:
            for start, stop in pair.spans:
                for first in range(start, stop - steps + 1, steps):
                    # Copies: torch warns the reader of a tensor over what must not be written to.
                    scalp, depth = (a[None, :, first : first + steps].copy() for a in (pair.scalp, pair.depth))
                    yield Batch(scalp, pair.present[None], depth, depth)

    def windows(self) -> list[tuple[Samples, Samples]]:
        return [
            (p.scalp[p.present, start:stop], p.depth[contacts_of(p), start:stop])
            for p in self._pairs
            for start, stop in p.spans
        ]

    def close(self) -> None:
        self._pairs = ()

    def _window(
        self, pair: PairSignals, heard: NDArray[np.bool_], window: slice, rng: np.random.Generator
    ) -> tuple[Samples, NDArray[np.bool_], Samples]:
        scalp, depth = pair.scalp[:, window], pair.depth[:, window]
        if self.imputer is not None:
            depth = self.imputer.fill(scalp, pair.present, depth, rng)  # from every channel that there is
        return scalp, heard, depth


def held_out_windows(
    pairs: Sequence[PairSignals], steps: int, *, draws: int, seed: int, every: bool = False
) -> HeldOutWindows:
    """Windows spread evenly over held-out recordings, a few or ``every`` one of them (500 of a longer recording).

    Raises: FileProblem where no span holds one.
    """
    places = [(p, first) for p in pairs for start, stop in p.spans for first in range(start, stop - steps + 1, steps)]
    if not places:
        raise FileProblem(
            f"No held-out trial holds a window of {steps} steps of the model; add sessions, or longer ones."
        )
    count = min(len(places), _MOST_HELD_OUT) if every else _WINDOWS_HELD_OUT
    chosen = np.unique(np.linspace(0, len(places) - 1, count).round().astype(int))
    rows = [(p.scalp[:, a : a + steps], p.present, p.depth[:, a : a + steps]) for p, a in (places[i] for i in chosen)]
    return HeldOutWindows(*(np.stack(part) for part in zip(*rows, strict=True)), draws=draws, seed=seed)
