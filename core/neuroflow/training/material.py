"""What a flow is trained on: simulated patients, or the recordings of a BIDS tree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from neuroflow.anatomy.implant import Implant
from neuroflow.errors import FileProblem, NeuroflowError
from neuroflow.jobs import Control
from neuroflow.training.distributed import ALONE, Group
from neuroflow.training.recipe import BAND, RATE, Recipe
from neuroflow.training.recorded import (
    FEWEST_CONTACTS,
    RecordedWindows,
    Split,
    contacts_of,
    held_out_windows,
    split,
    window_steps,
)
from neuroflow.training.selection import HeldOutWindows, SelectionSet
from neuroflow.training.stream import FEWEST_SITES, SITES, PatientPool, Stream

if TYPE_CHECKING:
    from neuroflow.evaluation.pairs import PairSignals


@dataclass(frozen=True)
class Frame:
    """What a model takes in and gives out: sites and contacts in order, rate and band in hertz.

    A window of training is a multiple of ``stride`` steps.
    """

    implant: Implant
    sites: tuple[str, ...] = SITES
    rate: float = RATE
    band: tuple[float, float] = BAND
    stride: int = 32


class Material(Protocol):
    """Where training takes its windows from, and those by which it is judged."""

    @property
    def frame(self) -> Frame:
        """The frame that all windows are in."""

    @property
    def description(self) -> str:
        """In words, for the card; says nothing of whom."""

    @property
    def recordings(self) -> tuple[str, ...]:
        """The identities of recordings that weights come from or are chosen by; none where they are simulated."""

    def stream(self, recipe: Recipe, update: int) -> Stream:
        """The stream as it is at an update of a run."""

    def steps(self, recipe: Recipe) -> int:
        """The length of a window."""

    def selection(self, recipe: Recipe, *, every: bool = False) -> HeldOutWindows:
        """The windows by whose score the best weights are chosen, or ``every`` window that is held out."""


@dataclass(frozen=True)
class Simulated:
    """An endless stream of simulated patients."""

    frame: Frame
    workers: int = 1
    group: Group = ALONE
    description: str = "simulated patients only (neuroflow.simulation), a fresh stream"
    recordings: tuple[str, ...] = ()

    def stream(self, recipe: Recipe, update: int) -> Stream:
        return PatientPool(
            self.frame.implant, local_share=recipe.local_share, size=recipe.pool, seconds=recipe.patient_seconds,
            rate=self.frame.rate, seed=recipe.seed, first=recipe.first_patients, every=recipe.fresh_every,
            workers=self.workers, update=update, group=self.group,
        )  # fmt: skip

    def steps(self, recipe: Recipe) -> int:
        return recipe.steps

    def selection(self, recipe: Recipe, *, every: bool = False) -> HeldOutWindows:  # noqa: ARG002
        return SelectionSet(
            self.frame.implant, recipe.seed, steps=recipe.steps, patients=recipe.selection_patients,
            draws=recipe.selection_draws,
        )  # fmt: skip


def simulated(frame: Frame, workers: int = 1, group: Group = ALONE) -> Simulated:
    """Raises: NeuroflowError where the frame is another than the simulator's."""
    if (frame.sites, frame.rate, frame.band) != (SITES, RATE, BAND):
        raise NeuroflowError(
            "That model has other sites or another rate than simulated patients; train it on a BIDS tree instead."
        )
    return Simulated(frame, workers, group)


@dataclass(frozen=True)
class Recordings:
    """The pairs of a BIDS tree, in memory (a minute is 2 MB with 64 contacts), split for training and selection."""

    frame: Frame
    parts: Split
    problems: tuple[str, ...] = field(default=())

    @property
    def description(self) -> str:
        train, held_out = ({p.subject for p in part if p.spans} for part in (self.parts.train, self.parts.held_out))
        return (
            f"recordings of {len(train)} {'subject' if len(train) == 1 else 'subjects'}; weights chosen by recordings "
            f"of {len(held_out)}: {self.parts.how}"
        )

    @property
    def recordings(self) -> tuple[str, ...]:
        return tuple(sorted({p.identity for part in (self.parts.train, self.parts.held_out) for p in part}))

    def stream(self, recipe: Recipe, update: int) -> RecordedWindows:  # noqa: ARG002
        return RecordedWindows(self.parts.train, recipe.seed)

    def steps(self, recipe: Recipe) -> int:
        return window_steps(self.parts.train, recipe.steps, self.frame.stride)

    def selection(self, recipe: Recipe, *, every: bool = False) -> HeldOutWindows:
        steps = min(self.steps(recipe), window_steps(self.parts.held_out, recipe.steps, self.frame.stride))
        return held_out_windows(self.parts.held_out, steps, draws=recipe.selection_draws, seed=recipe.seed, every=every)


def read_recordings(
    root: Path, frame: Frame, control: Control | None = None, say: Callable[[str], None] = lambda _: None
) -> Recordings:
    """Read every usable pair of a BIDS tree into memory; what cannot be used is said and left out.

    Raises: FileProblem where nothing, or too little, can be used; Cancelled.
    """
    from neuroflow.evaluation.pairs import load_pair
    from neuroflow.io.bids import read_tree

    control = control or Control()
    tree = read_tree(root)
    said = [str(problem) for problem in tree.problems]
    pairs: list[PairSignals] = []
    sessions: list[str] = []
    for index, pair in enumerate(tree.pairs):
        control.checkpoint(index / len(tree.pairs))
        try:
            signals = load_pair(pair, frame.sites, frame.implant, frame.rate, frame.band, fewest_sites=FEWEST_SITES)
        except NeuroflowError as problem:
            said.append(f"{pair.name}: {problem.text}")
            continue
        there = int(contacts_of(signals).sum())
        if there < FEWEST_CONTACTS:
            said.append(
                f"{pair.electrodes}: only {there} of its contacts {'lies' if there == 1 else 'lie'} at one of the "
                f"model's, and {FEWEST_CONTACTS} are needed; {pair.name} is left out."
            )
            continue
        pairs.append(signals)
        sessions.append(pair.session)
    for problem_text in said:
        say(problem_text)
    if not pairs:
        raise FileProblem(
            f"No recording in {root} can be trained on: none has scalp EEG and at least {FEWEST_CONTACTS} depth "
            "contacts at places that the model knows; see what was said of each, or choose another implant."
        )
    return Recordings(frame, split(pairs, sessions, frame.rate), tuple(said))
