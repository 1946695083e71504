"""What is counted and summed over one patient's windows; everything later is computed from these."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neuroflow.evaluation.measures import SUMS, crps_and_ranks, crps_of_normal, rank_counts, sums_of
from neuroflow.evaluation.patients import KINDS
from neuroflow.evaluation.spectra import BANDS, band_sums, coupling, coupling_error, pieces, power
from neuroflow.recording import Samples

Array = NDArray[np.float64]
Real = NDArray[np.float32]
Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]

# Spectra and couplings of samples are averages over draws, for which a third of the draws is plenty.
SPECTRAL_DRAWS = 32


@dataclass(frozen=True)
class Truth:
    """One window of a patient in depth units.

    ``depth`` (contact, time), NaN in a contact that was not recorded; ``kinds`` (kind, time); ``pairs`` indices of
    neighbours; ``step`` steps a piece.
    """

    depth: Array
    kinds: NDArray[np.float32]
    pairs: Pairs
    step: int
    rate: float

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        return np.asarray(np.isfinite(self.depth).all(axis=1))

    @cached_property
    def bipolar(self) -> Array:
        return np.asarray(between(self.depth, self.pairs))

    @cached_property
    def transform(self) -> NDArray[np.complex64]:
        """Spectra of pieces (contact, piece, frequency)."""
        return pieces(self.depth, self.step)

    @cached_property
    def couplings(self) -> dict[str, Real]:
        """Coupling between contacts that were recorded (piece, contact, contact), by band."""
        return self._couplings(self.transform[self.known])

    @cached_property
    def bipolar_couplings(self) -> dict[str, Real]:
        """The same between neighbours' differences."""
        return self._couplings(pieces(self.bipolar[self.known_bipolar], self.step))

    @cached_property
    def known_bipolar(self) -> NDArray[np.bool_]:
        return np.asarray(self.known[self.pairs[0]] & self.known[self.pairs[1]])

    def _couplings(self, transform: NDArray[np.complex64]) -> dict[str, Real]:
        return {band: coupling(transform, self.step, self.rate, limits) for band, limits in BANDS.items()}

    @property
    def has_pieces(self) -> bool:
        return bool(self.depth.shape[1] >= self.step)


@dataclass
class Scores:
    """Of one method on one patient.

    ``sums`` and ``bipolar_sums`` as :func:`measures.sums_of`; ``bands`` (3, contact, band) as
    :func:`spectra.band_sums`; ``coupling`` and ``bipolar_coupling`` hold relative errors, a piece each, by band;
    ``power`` (contact, frequency) sums over windows; ``nats`` and ``dims`` of the density. Of samples alone:
    ``ranks`` (kind, contact, draws + 1) counts; ``variance`` (contact,) sum over steps of the samples' variance;
    ``spread`` and ``error`` (piece, contact) root mean square over a piece of the samples' standard deviation and of
    the mean's error.
    """

    sums: Array
    bipolar_sums: Array
    bands: Array
    power: Array | None = None
    coupling: dict[str, list[Real]] = field(default_factory=lambda: defaultdict(list))
    bipolar_coupling: dict[str, list[Real]] = field(default_factory=lambda: defaultdict(list))
    nats: float = 0.0
    dims: int = 0
    ranks: NDArray[np.int64] | None = None
    variance: Array | None = None
    spread: list[Array] = field(default_factory=list)
    error: list[Array] = field(default_factory=list)


@dataclass
class Tally:
    """Of one recording of a ``subject``: scores by method, and what is asked of the model alone.

    ``rms_ranks`` and ``peak_ranks`` hold, a piece each, the rank of the truth's among the draws', at one contact drawn
    for the piece. ``drawn`` counts samples and ``largest`` is the largest value among them, in depth units.
    """

    subject: str
    contacts: int
    bipolar: int
    scores: dict[str, Scores] = field(default_factory=dict)
    windows: int = 0
    seconds: float = 0.0
    drawn: int = 0
    redrawn: int = 0
    unsound: int = 0
    not_finite: int = 0
    too_large: int = 0
    largest: float = 0.0
    rms_ranks: list[int] = field(default_factory=list)
    peak_ranks: list[int] = field(default_factory=list)
    truth_power: Array | None = None
    shuffled: Array | None = None

    def of(self, name: str) -> Scores:
        """Scores of a method, empty at first."""
        if name not in self.scores:
            kinds = len(KINDS)
            self.scores[name] = Scores(
                np.zeros((SUMS, self.contacts, kinds)), np.zeros((SUMS, self.bipolar, kinds)),
                np.zeros((3, self.contacts, len(BANDS))),
            )  # fmt: skip
        return self.scores[name]

    def add_truth(self, truth: Truth) -> None:
        """Power of what was recorded."""
        self.windows += 1
        self.seconds += truth.depth.shape[1] / truth.rate
        if truth.has_pieces:
            found = power(truth.transform, truth.rate)
            self.truth_power = found if self.truth_power is None else self.truth_power + found

    def add_estimate(self, name: str, estimate: Array, spread: Array, bipolar_spread: Array, truth: Truth) -> None:
        """A method that gives one estimate (contact, time) and a normal of fixed ``spread`` (contact,) round it."""
        scores = self.of(name)
        scores.sums += sums_of(
            estimate, truth.depth, crps_of_normal(estimate, spread[:, None], truth.depth), truth.kinds
        )
        difference = between(estimate, truth.pairs)
        scores.bipolar_sums += sums_of(
            difference, truth.bipolar, crps_of_normal(difference, bipolar_spread[:, None], truth.bipolar), truth.kinds
        )
        self._add_bands(scores, estimate, truth)

    def add_samples(self, name: str, samples: Samples, mean: Array, truth: Truth) -> None:
        """A method that gives samples (sample, contact, time) of a posterior with a ``mean`` (contact, time)."""
        scores = self.of(name)
        draws = samples.shape[0]
        variance = samples.var(axis=0, ddof=1)
        score, rank = crps_and_ranks(samples, truth.depth)
        scores.sums += sums_of(mean, truth.depth, score, truth.kinds)
        counts = np.stack(
            [rank_counts(rank[:, on > 0], draws, truth.known) for on in truth.kinds]
        )  # fmt: skip
        scores.ranks = counts if scores.ranks is None else scores.ranks + counts
        kept = np.where(truth.known, variance.sum(axis=1, dtype=np.float64), 0.0)
        scores.variance = kept if scores.variance is None else scores.variance + kept
        differences = between(samples, truth.pairs)
        scores.bipolar_sums += sums_of(
            between(mean, truth.pairs), truth.bipolar, crps_and_ranks(differences, truth.bipolar)[0], truth.kinds
        )  # fmt: skip
        self._add_bands(scores, mean, truth)
        if truth.has_pieces:
            scores.spread.append(_rms_by_piece(np.sqrt(variance), truth.step))
            scores.error.append(_rms_by_piece(mean - truth.depth, truth.step))
            some = pieces(samples[:SPECTRAL_DRAWS], truth.step)
            found = power(some, truth.rate).mean(axis=0)
            scores.power = found if scores.power is None else scores.power + found
            self._add_coupling(scores, some, pieces(differences[:SPECTRAL_DRAWS], truth.step), truth)

    def add_coupling_of_estimate(self, name: str, estimate: Array, truth: Truth) -> None:
        """Power and coupling between contacts of one estimate (contact, time)."""
        if not truth.has_pieces:
            return
        scores = self.of(name)
        transform = pieces(estimate, truth.step)
        found = power(transform, truth.rate)
        scores.power = found if scores.power is None else scores.power + found
        differences = pieces(between(estimate, truth.pairs), truth.step)
        self._add_coupling(scores, transform[None], differences[None], truth)

    def add_constant_coupling(
        self, name: str, constant: Mapping[str, Real], bipolar: Mapping[str, Real],
        truth: Truth,
    ) -> None:  # fmt: skip
        """The same coupling matrix (contact, contact) for every piece, by band."""
        if truth.has_pieces:
            scores = self.of(name)
            _add_errors(scores.coupling, constant, truth.couplings, truth.known)
            _add_errors(scores.bipolar_coupling, bipolar, truth.bipolar_couplings, truth.known_bipolar)

    def add_ranks_of_pieces(self, samples: Samples, truth: Truth, rng: np.random.Generator) -> None:
        """Ranks of the truth's root mean square and peak over each piece, at one contact drawn for it."""
        known = np.flatnonzero(truth.known)
        for first in range(0, truth.depth.shape[1] - truth.step + 1, truth.step):
            contact = int(rng.choice(known))
            piece = slice(first, first + truth.step)
            rms, peak = ranks_of_piece(samples[:, contact, piece], truth.depth[contact, piece])
            self.rms_ranks.append(rms)
            self.peak_ranks.append(peak)

    def _add_bands(self, scores: Scores, estimate: Array, truth: Truth) -> None:
        if truth.has_pieces:
            found = band_sums(pieces(estimate, truth.step), truth.transform, truth.step, truth.rate)
            scores.bands += np.where(truth.known[:, None], found, 0.0)

    def _add_coupling(
        self, scores: Scores, samples: NDArray[np.complexfloating], differences: NDArray[np.complexfloating],
        truth: Truth,
    ) -> None:  # fmt: skip
        """Error of the coupling's mean over samples (sample, contact, piece, frequency)."""
        mean = {b: coupling(samples, truth.step, truth.rate, limits).mean(axis=0) for b, limits in BANDS.items()}
        _add_errors(scores.coupling, mean, truth.couplings, truth.known)
        mean = {b: coupling(differences, truth.step, truth.rate, limits).mean(axis=0) for b, limits in BANDS.items()}
        _add_errors(scores.bipolar_coupling, mean, truth.bipolar_couplings, truth.known_bipolar)


def ranks_of_piece(samples: NDArray[np.floating], truth: NDArray[np.floating]) -> tuple[int, int]:
    """Ranks of the rms and of the peak of ``truth`` (time,) among those of ``samples`` (sample, time)."""
    rms = np.square(samples).sum(axis=1) < np.square(truth).sum()
    peak = np.abs(samples).max(axis=1) < np.abs(truth).max()
    return int(rms.sum()), int(peak.sum())


def between(x: NDArray[np.floating], pairs: Pairs) -> NDArray[np.floating]:
    """Bipolar derivations (…, pair, time) of contacts (…, contact, time)."""
    return np.asarray(x[..., pairs[0], :] - x[..., pairs[1], :])


def _add_errors(
    errors: dict[str, list[Real]], estimate: Mapping[str, Real], truth: Mapping[str, Real], known: NDArray[np.bool_]
) -> None:
    """Relative errors a piece, between contacts that were recorded, where there are three of them at least."""
    if known.sum() >= 3:
        for band, actual in truth.items():
            errors[band].append(coupling_error(estimate[band][..., known, :][..., known], actual))


def _rms_by_piece(x: NDArray[np.floating], step: int) -> Array:
    """(piece, contact) of (contact, time)."""
    count = x.shape[1] // step
    cut = np.asarray(x[:, : count * step], np.float64).reshape(x.shape[0], count, step)
    return np.asarray(np.sqrt(np.square(cut).mean(axis=2)).T)
