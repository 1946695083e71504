"""Figures from tallies: plain numbers, rounded, that a card, a table and a page of figures are made from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroflow.evaluation.baselines import CLIMATOLOGY, NAMES, RIDGE
from neuroflow.evaluation.held_out import MEAN, MODEL, VARIATIONAL, WITHOUT_NOISE, Measured, draws_of
from neuroflow.evaluation.measures import calibration_of_ranks, coverage_by_rank, crps_of, r_of, rmse_of
from neuroflow.evaluation.patients import EXTENTS, KINDS
from neuroflow.evaluation.spectra import BANDS, frequencies
from neuroflow.evaluation.tally import Scores
from neuroflow.signal.orderstatistics import EXACT, Calibration

Array = NDArray[np.float64]

COVERAGES = (0.5, 0.8, 0.9, 0.95)
CALIBRATION_WINDOWS = 500
CURVE = tuple(k / 20 for k in range(1, 20))
RESAMPLES = 500
SPREAD_BINS = 10
_PSD_BAND = (1.0, 45.0)


def summarise(measured: Measured, calibration: Calibration = EXACT, seed: int = 0) -> dict[str, Any]:
    """Every figure of an evaluation; amplitudes in microvolts, NLL in nats a dimension with the depth scale as unit.

    r and RMSE are over all patients' steps at each contact, then the median over contacts; CRPS is the mean. Coverage
    is of the bands as they are shown, that is with the card's ``calibration``. Values that were not measured are None.
    """
    out = _Summary(measured, calibration, np.random.default_rng([seed, 0xCA1]))
    figures: dict[str, Any] = rounded(
        {
            "patients": len(measured.tallies),
            "seconds": sum(t.seconds for t in measured.tallies),
            "windows": sum(t.windows for t in measured.tallies),
            "draws": measured.draws,
            "seconds_of_kind": out.seconds_of_kind(),
            "r_of_mean": out.by_kind(lambda s: _median(r_of(s.sums))),
            "rmse_uv": out.by_kind(lambda s: out.uv * _median(rmse_of(s.sums))),
            "crps_uv": out.by_kind(lambda s: out.uv * _mean(crps_of(s.sums))),
            "bipolar": {
                "r_of_mean": out.by_kind(lambda s: _median(r_of(s.bipolar_sums))),
                "rmse_uv": out.by_kind(lambda s: out.uv * _median(rmse_of(s.bipolar_sums))),
                "crps_uv": out.by_kind(lambda s: out.uv * _mean(crps_of(s.bipolar_sums))),
            },
            "nll_nats_per_dimension": out.densities(),
            "coverage": out.coverage(KINDS.index("all")),
            "coverage_by_kind": {kind: out.coverage(i) for i, kind in enumerate(KINDS) if out.has(i)},
            "coverage_by_method": out.coverage_by_method(),
            "coverage_curve": out.coverage_curve(),
            "coverage_worst_contact": out.coverage_of_the_worst_contact(),
            "coverage_uncalibrated": None if calibration == EXACT else out.coverage(KINDS.index("all"), EXACT),
            "simulation_based_calibration": out.simulation_based_calibration(),
            "spread_against_error": out.spread_against_error(),
            "r_by_band": out.r_by_band(),
            "r_by_depth": out.r_by_depth(),
            "spectrum": out.spectrum(),
            "coupling_error": {
                "referential": out.couplings(lambda s: s.coupling),
                "bipolar": out.couplings(lambda s: s.bipolar_coupling),
            },
            "shuffled": out.shuffled(),
            "safety": out.safety(),
            "against_ridge": out.against_ridge(),
            "contacts": out.contacts(),
        }
    )
    return figures


class _Summary:
    """Tallies of all patients added up by method, and what is computed from them."""

    def __init__(self, measured: Measured, calibration: Calibration, rng: np.random.Generator) -> None:
        self.measured, self.calibration, self.rng = measured, calibration, rng
        self.uv = measured.scales.depth * 1e6
        self.names = [n for n in (MODEL, VARIATIONAL, WITHOUT_NOISE, *NAMES) if n in measured.tallies[0].scores]
        self.total = {n: _added([t.scores[n] for t in measured.tallies if n in t.scores]) for n in self.names}

    def has(self, kind: int) -> bool:
        return bool(self.total[MODEL].sums[0, :, kind].any())

    def seconds_of_kind(self) -> dict[str, float]:
        steps = self.total[MODEL].sums[0].max(axis=0)
        return {kind: float(n) / self.measured.rate for kind, n in zip(KINDS, steps, strict=True)}

    def by_kind(self, value: Callable[[Scores], Array]) -> dict[str, dict[str, float]]:
        """Method, then kind; climatology's constant estimate has no correlation, which is 0."""
        return {
            name: {kind: float(v) for i, (kind, v) in enumerate(zip(KINDS, value(scores), strict=True)) if self.has(i)}
            for name, scores in self.total.items()
        }

    def densities(self) -> dict[str, float]:
        return {n: -s.nats / s.dims for n, s in self.total.items() if s.dims}

    def coverage(self, kind: int, calibration: Calibration | None = None) -> dict[str, float]:
        """Share of truths within the bands, all contacts together."""
        ranks = self.total[MODEL].ranks
        assert ranks is not None
        return self._covered(ranks[kind].sum(axis=0), calibration)

    def coverage_by_method(self) -> dict[str, dict[str, float]]:
        """Coverage by rank of every method that draws samples, as it draws them."""
        drawn = {n: s.ranks for n, s in self.total.items() if s.ranks is not None}
        return {n: self._covered(r[KINDS.index("all")].sum(axis=0), EXACT) for n, r in drawn.items()}

    def coverage_curve(self) -> dict[str, list[float]]:
        """Coverage held at :data:`CURVE`, by kind, to be drawn."""
        ranks = self.total[MODEL].ranks
        assert ranks is not None
        curve: dict[str, list[float]] = {"nominal": list(CURVE)}
        for i, kind in enumerate(KINDS):
            if self.has(i):
                counts = ranks[i].sum(axis=0)
                curve[kind] = [float(coverage_by_rank(counts, self.calibration.statement_for(c))) for c in CURVE]
        return curve

    def coverage_of_the_worst_contact(self) -> dict[str, list[Any]]:
        """The contact whose coverage is farthest from the nominal one, and its coverage."""
        found: dict[str, list[Any]] = {}
        for share in COVERAGES:
            each = self._coverage_of_contacts(share)
            worst = int(np.nanargmax(np.abs(each - share)))
            found[_percent(share)] = [self.measured.implant.contacts[worst].name, float(each[worst])]
        return found

    def _coverage_of_contacts(self, share: float) -> Array:
        ranks = self.total[MODEL].ranks
        assert ranks is not None
        return coverage_by_rank(ranks[0], self.calibration.statement_for(share))

    def _covered(self, counts: NDArray[np.int64], calibration: Calibration | None) -> dict[str, float]:
        used = calibration or self.calibration
        return {_percent(c): float(coverage_by_rank(counts, used.statement_for(c))) for c in COVERAGES}

    def simulation_based_calibration(self) -> dict[str, Any]:
        """Ranks of rms and peak of pieces, as many of them as asked for, drawn from all."""
        rms = np.concatenate([np.array(t.rms_ranks, dtype=np.int64) for t in self.measured.tallies])
        peak = np.concatenate([np.array(t.peak_ranks, dtype=np.int64) for t in self.measured.tallies])
        chosen = self.rng.permutation(rms.size)[:CALIBRATION_WINDOWS]
        return calibration_of_ranks(rms[chosen], peak[chosen], self.measured.draws)

    def spread_against_error(self) -> dict[str, dict[str, Any]]:
        """Of each piece and contact, the samples' spread beside the error of their mean.

        ``ratio`` is 1 where the spread is right (root mean squares over all of it, with the share 1 + 1/n that the mean
        of n draws adds to its error taken off), and near 0 where samples have collapsed; ``r`` says whether the spread
        is larger where the error is.
        """
        found = {}
        for name, scores in self.total.items():
            if scores.spread:
                spread, error = np.concatenate(scores.spread).ravel(), np.concatenate(scores.error).ravel()
                known = np.isfinite(error)
                spread, error = spread[known], error[known]
                extra = math.sqrt(1.0 + 1.0 / draws_of(name, self.measured.draws))
                ratio = float(extra * np.sqrt(np.mean(spread**2) / np.mean(error**2)))
                logs = np.log(np.maximum(spread, 1e-9)), np.log(np.maximum(error, 1e-9))
                r = float(np.corrcoef(*logs)[0, 1]) if spread.std() > 0 else 0.0
                found[name] = {
                    "ratio": ratio, "r": r, "spread_uv": self.uv * float(np.sqrt(np.mean(spread**2))),
                    **self._by_spread(spread, error),
                }  # fmt: skip
        return found

    def _by_spread(self, spread: Array, error: Array) -> dict[str, list[float]]:
        """Root mean squares in equal shares of the pieces, from those of least spread to those of most."""
        parts = np.array_split(np.argsort(spread), SPREAD_BINS)
        return {
            name: [self.uv * float(np.sqrt(np.mean(x[part] ** 2))) for part in parts if part.size]
            for name, x in (("spread_by_spread_uv", spread), ("error_by_spread_uv", error))
        }

    def r_by_band(self) -> dict[str, dict[str, float]]:
        found = {}
        for name, scores in self.total.items():
            if name != CLIMATOLOGY:
                xx, yy, xy = scores.bands
                r = np.divide(xy, np.sqrt(xx * yy), out=np.full_like(xy, np.nan), where=(xx * yy) > 0)
                found[name] = dict(zip(BANDS, (float(v) for v in np.nanmedian(r, axis=0)), strict=True))
        return found

    def r_by_depth(self) -> dict[str, dict[str, float]]:
        """r by the contact's number along its shaft, 1 the deepest: mean over shafts."""
        shafts = [c.shaft for c in self.measured.implant.contacts]
        number = np.array([shafts[: i + 1].count(shaft) for i, shaft in enumerate(shafts)])
        found = {}
        for name, scores in self.total.items():
            if name != CLIMATOLOGY:
                r = r_of(scores.sums)[:, 0]
                found[name] = {str(n): float(_mean(r[number == n])) for n in np.unique(number)}
        return found

    def spectrum(self) -> dict[str, Any]:
        """Power densities, median over contacts (µV²/Hz), and the root mean square error in decibels of each method.

        Misleading alone: a draw of anything with the right spectrum has it right, whatever the scalp says.
        """
        tallies = [t for t in self.measured.tallies if t.truth_power is not None]
        if not tallies:
            return {}
        step = round(2 * self.measured.rate)
        f = frequencies(step, self.measured.rate)
        on = (f >= _PSD_BAND[0]) & (f <= _PSD_BAND[1])
        # Of a single patient each, then over patients: a mean over patients would hide what differs between them.
        truth = np.stack([t.truth_power / t.windows for t in tallies if t.truth_power is not None])
        powers = {CLIMATOLOGY: np.broadcast_to(self.measured.baselines.power, truth.shape)}
        for name in self.names:
            each = [t.scores[name].power for t in tallies]
            if name != CLIMATOLOGY and all(p is not None for p in each):
                powers[name] = np.stack([p / t.windows for p, t in zip(each, tallies, strict=True) if p is not None])
        square = self.uv**2
        curves = {"truth": truth, **{n: p for n, p in powers.items() if n in (MODEL, VARIATIONAL, RIDGE, CLIMATOLOGY)}}
        error = {
            name: float(np.sqrt(np.nanmean(np.square(10.0 * np.log10(p[..., on] / truth[..., on])))))
            for name, p in powers.items()
        }
        return {
            "error_db": error,
            "hertz": f[on].tolist(),
            "uv2_per_hz": {n: (square * np.nanmedian(p.mean(axis=0), axis=0)[on]).tolist() for n, p in curves.items()},
        }

    def couplings(self, of: Callable[[Scores], Mapping[str, list[NDArray[np.float32]]]]) -> dict[str, dict[str, float]]:
        """Mean relative error over pieces, by method and band; climatology is the constant."""
        means = [t.scores[MEAN] for t in self.measured.tallies if MEAN in t.scores]
        methods = {**self.total, **({MEAN: _added(means)} if means else {})}
        return {
            name: {band: float(np.concatenate(errors).mean()) for band, errors in of(scores).items() if errors}
            for name, scores in methods.items()
            if of(scores)
        }

    def shuffled(self) -> dict[str, float] | None:
        """The control: r with the scalp of another time, and CRPS relative to climatology's."""
        parts = [t.shuffled for t in self.measured.tallies if t.shuffled is not None]
        if not parts:
            return None
        sums = np.sum(parts, axis=0)
        flat = _mean(crps_of(self.total[CLIMATOLOGY].sums))[0]
        return {
            "r": float(_median(r_of(sums))[0]),
            "crps_uv": self.uv * float(_mean(crps_of(sums))[0]),
            "crps_over_climatology": float(_mean(crps_of(sums))[0] / flat),
        }

    def safety(self) -> dict[str, float]:
        """Counts over all samples; ``unsound`` were not mended by drawing again."""
        tallies = self.measured.tallies
        counts = {
            name: int(sum(getattr(t, name) for t in tallies))
            for name in ("drawn", "not_finite", "too_large", "redrawn", "unsound")
        }
        return {**counts, "largest_uv": self.uv * max(t.largest for t in tallies)}

    def against_ridge(self) -> dict[str, Any]:
        """The model beside the ridge, with 90 % intervals from resampled patients."""
        sums = {n: np.stack([t.scores[n].sums for t in self.measured.tallies]) for n in (MODEL, RIDGE)}
        # Recordings of one subject are no independent ones: it is subjects that are resampled.
        people = [t.subject for t in self.measured.tallies]
        sums = {n: _by_group(s, people) for n, s in sums.items()}
        count = len(set(people))
        weights = self.rng.multinomial(count, [1.0 / count] * count, RESAMPLES)
        again = {n: np.tensordot(weights, s, axes=1).transpose(1, 0, 2, 3) for n, s in sums.items()}
        whole = {n: s.sum(axis=0) for n, s in sums.items()}

        def both(value: Callable[[dict[str, Array]], Array]) -> dict[str, Any]:
            out: dict[str, Any] = {}
            point, drawn = value(whole), value(again)
            for i, kind in enumerate(KINDS):
                if self.has(i):
                    finite = drawn[:, i][np.isfinite(drawn[:, i])]
                    told = finite.size and count > 1  # one subject says nothing of others
                    low, high = np.percentile(finite, [5, 95]) if told else (math.nan, math.nan)
                    out[kind] = [float(point[i]), float(low), float(high)]
            return out

        def r(s: Array) -> Array:
            return _median(np.moveaxis(r_of(s), -2, 0))

        def crps(s: Array) -> Array:
            return _mean(np.moveaxis(crps_of(s), -2, 0))

        with np.errstate(invalid="ignore", divide="ignore"):
            return {
                "r_difference": both(lambda s: r(s[MODEL]) - r(s[RIDGE])),
                "r_ratio": both(lambda s: r(s[MODEL]) / r(s[RIDGE])),
                "crps_ratio": both(lambda s: crps(s[MODEL]) / crps(s[RIDGE])),
            }

    def contacts(self) -> dict[str, Any]:
        """Lists in the implant's order; ``spread_ratio`` is the posterior's over the prior's standard deviation.

        The prior is the model's own, by the law of total variance: what its posteriors hold on average, and what their
        means vary by (they are means of mirrored draws, to which the draws add next to nothing).
        """
        model = self.total[MODEL]
        n, x, _, xx, _, _, _ = model.sums[:, :, 0]
        assert model.variance is not None
        with np.errstate(invalid="ignore", divide="ignore"):
            within = model.variance / n
            between = np.maximum(xx / n - (x / n) ** 2, 0.0)
            ratio = np.sqrt(within / (within + between))
        found: dict[str, Any] = {
            "name": [c.name for c in self.measured.implant.contacts],
            "r": r_of(model.sums)[:, 0].tolist(),
            "r_ridge": r_of(self.total[RIDGE].sums)[:, 0].tolist(),
            "r_propagated": r_of(model.sums)[:, KINDS.index(EXTENTS[1])].tolist(),
            "crps_uv": (self.uv * crps_of(model.sums)[:, 0]).tolist(),
            "spread_ratio": ratio.tolist(),
        }
        for share in COVERAGES:
            found[f"coverage{100 * share:.0f}"] = self._coverage_of_contacts(share).tolist()
        found["by_method"] = {
            name: {
                "r": r_of(scores.sums)[:, 0].tolist(),
                "rmse_uv": (self.uv * rmse_of(scores.sums)[:, 0]).tolist(),
                "crps_uv": (self.uv * crps_of(scores.sums)[:, 0]).tolist(),
            }
            for name, scores in self.total.items()
        }
        return found


def _by_group(each: Array, names: Sequence[str]) -> Array:
    """Sums (group, …) of what (member, …) of one name have."""
    return np.stack([each[[n == name for n in names]].sum(axis=0) for name in dict.fromkeys(names)])


def _added(parts: Sequence[Scores]) -> Scores:
    total = Scores(
        np.sum([p.sums for p in parts], axis=0), np.sum([p.bipolar_sums for p in parts], axis=0),
        np.sum([p.bands for p in parts], axis=0),
    )  # fmt: skip
    for part in parts:
        total.nats += part.nats
        total.dims += part.dims
        total.spread += part.spread
        total.error += part.error
        for band in BANDS:
            if part.coupling.get(band):
                total.coupling[band] += part.coupling[band]
            if part.bipolar_coupling.get(band):
                total.bipolar_coupling[band] += part.bipolar_coupling[band]
    ranks = [p.ranks for p in parts if p.ranks is not None]
    variance = [p.variance for p in parts if p.variance is not None]
    total.ranks = np.sum(ranks, axis=0) if ranks else None
    total.variance = np.sum(variance, axis=0) if variance else None
    return total


def _median(each: Array) -> Array:
    """Over contacts, the first axis; NaN where no contact has a value."""
    return _over(np.nanmedian, each)


def _mean(each: Array) -> Array:
    return _over(np.nanmean, each)


def _over(function: Callable[..., Any], each: Array) -> Array:
    some = np.isfinite(each).any(axis=0)
    return np.asarray(np.where(some, function(np.where(some, each, 0.0), axis=0), np.nan))


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"


def rounded(value: Any) -> Any:
    """Five significant digits; what is not finite is None, which JSON has."""
    if isinstance(value, Mapping):
        return {key: rounded(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(v) for v in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.5g}") if math.isfinite(value) else None
    if isinstance(value, np.integer):
        return int(value)
    return value
