"""Measure a model on patients that it never saw, window by window, beside its baselines."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from neuroflow.anatomy.implant import Implant
from neuroflow.evaluation.baselines import CLIMATOLOGY, NAMES, PIECE_SECONDS, RIDGE, Baselines, Scales, bipolar_pairs
from neuroflow.evaluation.measures import crps_of_samples, sums_of
from neuroflow.evaluation.patients import UnseenPatient, Window, context, kinds_of, windows
from neuroflow.evaluation.posterior import Drawn, Given, Posterior, draw, mean_of
from neuroflow.evaluation.tally import Tally, Truth
from neuroflow.jobs import Control
from neuroflow.recording import Samples

MODEL, VARIATIONAL, WITHOUT_NOISE = "model", "VAE", "VAE without its noise"
MEAN = "mean of the model"  # as a signal of its own, whose coupling and power are not those of a draw
WINDOW_SECONDS = 10.0
# Enough where the mean of the draws is not what is compared, or where they hardly differ.
FEWER_DRAWS = 33
_LAGS = 16  # steps of context that the estimates of the baselines want at most, a multiple of 8


class NoWindow(ValueError):
    """Patients of whom nothing can be measured."""


@dataclass(frozen=True)
class Subject:
    """What is measured: a model's distribution, and what must be known to measure it.

    ``limit`` (volts) is the amplitude beyond which inference draws a sample again. ``others`` are further
    distributions, by name, measured beside the model.
    """

    posterior: Posterior
    implant: Implant
    sites: tuple[str, ...]
    rate: float
    scales: Scales
    limit: float
    others: dict[str, Posterior] = field(default_factory=dict)


@dataclass(frozen=True)
class Example:
    """One window to look at: truth and ridge (contact, time) and ordered samples (sample, contact, time), volts."""

    patient: str
    first: float
    rate: float
    truth: Samples
    ridge: Samples
    ordered: Samples
    discharges: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Measured:
    """Tallies, a patient each, with how many draws they are of, the baselines' constants, and one window to look at."""

    tallies: tuple[Tally, ...]
    draws: int
    implant: Implant
    scales: Scales
    rate: float
    baselines: Baselines
    example: Example | None


def measure(
    subject: Subject,
    patients: Iterator[UnseenPatient],
    baselines: Callable[[NDArray[np.bool_]], Baselines],
    *,
    draws: int = 99,
    seed: int = 0,
    seconds: float | None = None,
    control: Control | None = None,
) -> Measured:
    """Draw ``draws`` samples of every window of every patient and score them, and the baselines, against the truth.

    Patients are taken one at a time and what is kept of each does not grow with their length. ``baselines`` gives those
    for a set of sites. ``seconds`` in all, where known, make the progress. Raises: Cancelled, NoWindow where no
    patient has a window.
    """
    control = control or Control()
    tallies: list[Tally] = []
    chosen: Example | None = None
    loudest, done = 0.0, 0.0
    constants: Baselines | None = None
    for number, patient in enumerate(patients):
        constants = baselines(patient.present)
        run = _Patient(subject, patient, constants, draws, np.random.SeedSequence([seed, number]))
        for window in run.windows:
            control.checkpoint(None if seconds is None else min(done / seconds, 1.0))
            found = run.add(window)
            done += window.steps / subject.rate
            # The page to look at is the one whose propagated discharges stand out most among the first patients'.
            size = run.interest(window)
            if (size > loudest and number < 3) or chosen is None:
                chosen, loudest = run.example(window, found), size
        if run.tally.windows:
            tallies.append(run.tally)
    if not tallies or constants is None:
        raise NoWindow("there is no window to measure")
    return Measured(tuple(tallies), draws, subject.implant, subject.scales, subject.rate, constants, chosen)


def draws_of(name: str, draws: int) -> int:
    """How many samples of a method are drawn where ``draws`` are of the model."""
    return min(draws, FEWER_DRAWS) if name == WITHOUT_NOISE else draws


class _Patient:
    """One patient's windows, each drawn and added to a tally."""

    def __init__(
        self, subject: Subject, patient: UnseenPatient, baselines: Baselines, draws: int, seed: np.random.SeedSequence
    ) -> None:
        self.subject, self.patient, self.baselines, self.draws = subject, patient, baselines, draws
        self.pairs = bipolar_pairs(subject.implant)
        self.tally = Tally(patient.subject or patient.name, len(subject.implant.contacts), self.pairs[0].size)
        self.step = round(PIECE_SECONDS * subject.rate)
        stride = subject.posterior.stride
        self.windows = windows(
            patient, round(WINDOW_SECONDS * subject.rate) // stride * stride, max(self.step, stride), stride
        )
        self.order = {window: index for index, window in enumerate(self.windows)}
        self.generator = torch.Generator().manual_seed(int(seed.generate_state(1)[0]))
        self.rng = np.random.default_rng(seed)
        usable = np.concatenate([np.arange(low, high) for low, high in patient.spans] or [np.arange(0)])
        self.adapted = baselines.adapt(patient.scalp[:, usable]) if usable.size else np.zeros((0, 0))

    @torch.inference_mode()
    def add(self, window: Window) -> Drawn:
        """Draw and score one window."""
        subject, patient, scale = self.subject, self.patient, self.subject.scales.depth
        recorded = patient.depth[:, window.first : window.last]
        times = np.arange(window.first, window.last) / subject.rate
        kinds = kinds_of(times, patient.discharges)
        truth = Truth(recorded.astype(np.float64) / scale, kinds, self.pairs, self.step, subject.rate)
        self.tally.add_truth(truth)
        self._add_baselines(window, truth)
        given = self._given(subject.posterior, window)
        drawn = draw(given, self.draws, subject.limit, self.generator)
        samples = drawn.samples / np.float32(scale)
        mean = mean_of(given, subject.limit, self.generator).astype(np.float64) / scale
        self.tally.add_samples(MODEL, samples, mean, truth)
        self.tally.add_coupling_of_estimate(MEAN, mean, truth)
        self.tally.add_ranks_of_pieces(samples, truth, self.rng)
        self._add_density(MODEL, given, recorded)
        tally = self.tally
        tally.drawn += self.draws
        tally.redrawn += drawn.redrawn
        tally.unsound += drawn.unsound
        tally.not_finite += drawn.not_finite
        tally.too_large += drawn.too_large
        tally.largest = max(tally.largest, float(np.abs(samples).max()))
        if self.order[window] % 2 == 0:
            self._add_shuffled(window, truth)
        for name, posterior in subject.others.items():
            other = self._given(posterior, window)
            some = draw(other, draws_of(name, self.draws), math.inf, self.generator).samples
            mean = mean_of(other, math.inf, self.generator).astype(np.float64) / scale
            self.tally.add_samples(name, some / np.float32(scale), mean, truth)
            self._add_density(name, other, recorded)
        return drawn

    def _given(self, posterior: Posterior, window: Window) -> Given:
        return posterior.given(context(self.patient.scalp, window, posterior.reach), self.patient.present)

    def _add_baselines(self, window: Window, truth: Truth) -> None:
        found = self.baselines.estimates(context(self.patient.scalp, window, _LAGS), self.adapted, _LAGS)
        for name in NAMES:
            estimate = found[name]
            self.tally.add_estimate(
                name, estimate, self.baselines.spread(name), self.baselines.bipolar_spread(name, self.pairs), truth
            )
            if name != CLIMATOLOGY:
                self.tally.add_coupling_of_estimate(name, estimate, truth)
        self.tally.add_constant_coupling(CLIMATOLOGY, self.baselines.coupling, self.baselines.bipolar_coupling, truth)
        if truth.known.all():
            for name, memory in self.baselines.memory.items():
                scores = self.tally.of(name)
                scores.nats += memory.log_prob(truth.depth - found[name])
                scores.dims += truth.depth.size

    def _add_density(self, name: str, given: Given, recorded: Samples) -> None:
        """Log density in nats with the depth scale as unit, if there is one; only where every contact was recorded."""
        if np.isfinite(recorded).all():
            density = given.log_prob(recorded)
            if math.isnan(density):
                return
            scores = self.tally.of(name)
            scores.nats += density + recorded.size * math.log(self.subject.scales.depth)
            scores.dims += recorded.size

    def _add_shuffled(self, window: Window, truth: Truth) -> None:
        """The control: draw from the scalp EEG of another time, half the recording away."""
        peers = [w for w in self.windows if w.steps == window.steps]
        if len(peers) < 2:
            return
        other = peers[(peers.index(window) + len(peers) // 2) % len(peers)]
        drawn = draw(self._given(self.subject.posterior, other), FEWER_DRAWS, self.subject.limit, self.generator)
        samples = drawn.samples / np.float32(self.subject.scales.depth)
        found = sums_of(
            samples.mean(axis=0, dtype=np.float64), truth.depth, crps_of_samples(samples, truth.depth), truth.kinds
        )
        self.tally.shuffled = found if self.tally.shuffled is None else self.tally.shuffled + found

    def interest(self, window: Window) -> float:
        """How large the largest propagated discharge of a window is at the contacts, in volts."""
        times = np.asarray(self.patient.discharges.get("propagated", ())) * self.subject.rate
        inside = times[(times > window.first + self.step / 2) & (times < window.last - self.step / 2)]
        found = [np.abs(self.patient.depth[:, int(t) - 10 : int(t) + 20]).max() for t in inside]
        return float(np.nan_to_num(max(found, default=0.0)))

    def example(self, window: Window, drawn: Drawn) -> Example:
        """This window to look at."""
        scale = self.subject.scales.depth
        ridge = self.baselines.estimates(context(self.patient.scalp, window, _LAGS), self.adapted, _LAGS)[RIDGE]
        first = window.first / self.subject.rate
        last = window.last / self.subject.rate
        inside = {
            kind: times[(times >= first) & (times < last)] for kind, times in self.patient.discharges.items()
        }  # fmt: skip
        return Example(
            self.patient.name, first, self.subject.rate, self.patient.depth[:, window.first : window.last],
            (ridge * scale).astype(np.float32), np.sort(drawn.samples, axis=0), inside,
        )  # fmt: skip


def total_seconds(patients: Sequence[UnseenPatient], rate: float) -> float:
    """Seconds in the spans of patients."""
    return sum(high - low for p in patients for low, high in p.spans) / rate
