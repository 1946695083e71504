"""The table "Asked": each demand, its threshold, what was measured, and whether it is met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from neuroflow.evaluation.baselines import RIDGE
from neuroflow.evaluation.held_out import MODEL

_SPIKES = "propagated"
_LOWER = "{:.1f} % lower"
_NOMINAL = {"50%": 0.5, "80%": 0.8, "90%": 0.9, "95%": 0.95}


@dataclass(frozen=True)
class Verdict:
    """One line; ``met`` is None where it was not measured here. ``note`` says what qualifies it, or is empty."""

    demand: str
    threshold: str
    measured: str
    met: bool | None
    note: str = ""

    @property
    def word(self) -> str:
        return {True: "met", False: "not met", None: "not measured"}[self.met]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def verdicts(
    summary: Mapping[str, Any], checks: Mapping[str, float | None] | None = None,
    gaussian: Mapping[str, float] | None = None,
) -> list[Verdict]:  # fmt: skip
    """Every line of the table. ``summary`` as of :func:`summary.summarise`, ``checks`` as of :class:`checks.Checks`.

    ``gaussian`` holds ``distance`` (nats a dimension from the exact optimum, of the small flow) and ``ridge``.
    "Spike windows" are those of propagated discharges, which the scalp shows: windows of the others are chosen by what
    only the depth EEG knows, so that not even the exact posterior would cover them as often as it says.
    """
    return [
        *_against_ridge(summary["against_ridge"]),
        _density(summary["nll_nats_per_dimension"]),
        _gaussian(gaussian),
        *_coverage(summary),
        *_calibration(summary["simulation_based_calibration"]),
        _safety(summary["safety"]),
        *_laws(checks or {}),
        _control(summary["shuffled"]),
        *_speed(checks or {}),
    ]


def _against_ridge(found: Mapping[str, Any]) -> list[Verdict]:
    difference, ratio, crps = found["r_difference"], found["r_ratio"], found["crps_ratio"]
    lower = {kind: _percent_lower(value) for kind, value in crps.items()}
    rows = (
        ("r of the posterior mean over ridge's", "≥ ridge + 0.03", difference.get("all"), "{:+.3f}", 0.03),
        ("r in propagated-spike windows over ridge's", "≥ ridge + 0.10", difference.get(_SPIKES), "{:+.3f}", 0.10),
        ("r in background, of ridge's", "≥ 0.97 × ridge", ratio.get("background"), "{:.3f} ×", 0.97),
        ("CRPS against ridge with Gaussian residuals", "≥ 3 % lower", lower.get("all"), _LOWER, 3.0),
        ("CRPS in propagated-spike windows", "≥ 12 % lower", lower.get(_SPIKES), _LOWER, 12.0),
    )
    return [_line(*row) for row in rows]


def _percent_lower(ratio: Sequence[float | None]) -> list[float | None]:
    """A ratio and the ends of its interval as how much lower they are, in per cent."""
    point, low, high = (None if v is None else 100.0 * (1.0 - v) for v in ratio)
    return [point, high, low]


def _line(demand: str, threshold: str, value: Sequence[float | None] | None, form: str, least: float) -> Verdict:
    """A line of a value with its 90 % interval over patients."""
    point, low, high = value or (None, None, None)
    if point is None:
        return Verdict(demand, threshold, "–", None, "no such windows among these patients")
    note = ""
    if low is not None and high is not None:
        note = f"90 % interval over patients {_told(low, form)} to {_told(high, form)}"
    return Verdict(demand, threshold, _told(point, form), point >= least, note)


def _told(value: float, form: str) -> str:
    """A value in its form; what is not lower but higher is said to be so."""
    return f"{-value:.1f} % higher" if form == _LOWER and value < 0 else form.format(value)


def _density(found: Mapping[str, float]) -> Verdict:
    demand, threshold = "NLL, nats a dimension", "below ridge with VAR residuals"
    if MODEL not in found or RIDGE not in found:
        return Verdict(demand, threshold, "–", None, "a density needs every contact recorded")
    model, ridge = found[MODEL], found[RIDGE]
    return Verdict(demand, threshold, f"{model:.4f} (ridge {ridge:.4f})", model < ridge)


def _gaussian(found: Mapping[str, float] | None) -> Verdict:
    demand = "NLL of a small flow on Gaussian patients of one head"
    threshold = "≤ 0.01 nats a dimension from the optimum"
    if found is None:
        return Verdict(demand, threshold, "–", None, "neuroflow evaluate --gaussian measures it")
    distance = found["distance"]
    note = f"ridge {found['ridge']:.4f}" if "ridge" in found else ""
    return Verdict(demand, threshold, f"{distance:.4f}", distance <= 0.01, note)


def _coverage(summary: Mapping[str, Any]) -> list[Verdict]:
    worst = summary["coverage_worst_contact"]
    name, share = max(((w[0], k) for k, w in worst.items()), key=lambda p: abs(worst[p[1]][1] - _NOMINAL[p[1]]))
    off = 100 * (worst[share][1] - _NOMINAL[share])
    spikes = summary["coverage_by_kind"].get(_SPIKES)
    demand = "coverage of 50, 80, 90, 95 % bands, by rank"
    return [
        _covered(f"{demand}: overall", summary["coverage"], 2),
        Verdict(f"{demand}: every contact", "± 4 points", f"{off:+.1f} at worst ({name}, {share})", abs(off) <= 4),
        _covered(f"{demand}: in propagated-spike windows", spikes, 5)
        if spikes
        else Verdict(
            f"{demand}: in propagated-spike windows", "± 5 points", "–", None, "no such windows among these patients"
        ),
    ]


def _covered(demand: str, found: Mapping[str, float], points: int) -> Verdict:
    off = {share: 100 * (found[share] - nominal) for share, nominal in _NOMINAL.items()}
    shown = " ".join(f"{100 * found[share]:.1f}" for share in _NOMINAL)
    return Verdict(demand, f"± {points} points", shown, max(map(abs, off.values())) <= points)


def _calibration(found: Mapping[str, Any]) -> list[Verdict]:
    lines = []
    for key in ("rms", "peak"):
        demand = f"simulation-based calibration: rank of a window's {key}"
        threshold = "chi-square over 10 bins, p > 0.005"
        if key not in found:
            lines.append(Verdict(demand, threshold, "–", None, "needs 99 draws, or another number that ends in 9"))
            continue
        note = "" if found["windows"] >= 500 else f"of {found['windows']} windows, not 500"
        lines.append(Verdict(demand, threshold, f"p = {found[key]['p']:.2g}", found[key]["p"] > 0.005, note))
    if apart := found.get("independent"):
        of = f"one window of each of {apart['windows']} patients"
        lines += [
            Verdict(f"the same, {of}: {key}", threshold, f"p = {apart[key]['p']:.2g}", apart[key]["p"] > 0.005)
            for key in ("rms", "peak")
        ]
    return lines


def _safety(found: Mapping[str, Any]) -> Verdict:
    text = f"{found['not_finite']} not finite, {found['too_large']} too large, of {found['drawn']:,}"
    note = f"{found['redrawn']} redrawn, {found['unsound']} could not be mended"
    # What is too large is allowed where it was caught and mended; what is not finite is not.
    met = found["not_finite"] == 0 and found["unsound"] == 0
    return Verdict("safety of samples", "none not finite; too large ones caught and redrawn", text, met, note)


def _laws(found: Mapping[str, float | None]) -> list[Verdict]:
    rows = (
        ("inverse", "inverse in float32, relative", 1e-4),
        ("log_determinant", "log-determinant against autograd, nats a dimension", 1e-6),
        ("consistency", "a sample in another window, relative", 1e-3),
    )
    lines = []
    for key, demand, most in rows:
        value = found.get(key)
        threshold = "equal (to 1e-6)" if key == "log_determinant" else f"≤ {most:g}"
        if value is None:
            lines.append(Verdict(demand, threshold, "–", None))
        else:
            lines.append(Verdict(demand, threshold, f"{value:.1e}", value <= most))
    return lines


def _control(found: Mapping[str, float] | None) -> Verdict:
    demand, threshold = "scalp shuffled in time", "r within ± 0.05, CRPS 0.95 to 1.15 of climatology's"
    if found is None:
        return Verdict(demand, threshold, "–", None, "the recordings are too short to shuffle")
    r, ratio = found["r"], found["crps_over_climatology"]
    met = abs(r) <= 0.05 and 0.95 <= ratio <= 1.15
    return Verdict(demand, threshold, f"r {r:+.3f}, CRPS {ratio:.3f} ×", met)


def _speed(found: Mapping[str, float | None]) -> list[Verdict]:
    plain, half, cores = found.get("speed"), found.get("speed_bfloat16"), found.get("cores")
    fastest = None if plain is None else max(plain, half or 0.0)
    note = (
        "" if plain is None else f"the fastest of three tiles; {cores:g} threads, whatever else this computer was doing"
    )
    which = "" if fastest is None else f"{'float32' if fastest == plain else 'bfloat16'}; make bench prints every mode"
    return [
        Verdict("speed of 16 samples, float32", "≥ 25 × real time on two cores", *_times(plain, 25), note),
        Verdict("speed in the fastest mode", "≥ 40 × real time", *_times(fastest, 40), which),
    ]


def _times(value: float | None, asked: float) -> tuple[str, bool | None]:
    return ("–", None) if value is None else (f"{value:.0f} × real time", value >= asked)
