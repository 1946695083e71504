"""Figures of an evaluation, each an SVG; recorded is ink and reconstructed purple, as in the window."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroflow.evaluation.baselines import CLIMATOLOGY, RIDGE
from neuroflow.evaluation.held_out import MEAN, MODEL, VARIATIONAL, WITHOUT_NOISE, Example
from neuroflow.evaluation.measures import CALIBRATION_BINS
from neuroflow.evaluation.patients import KINDS
from neuroflow.evaluation.spectra import BANDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID, PAPER = "#1D2226", "#5F666D", "#E4E1DA", "#FCFBF8"
RECONSTRUCTED, RECON_PAPER, BAND50, BAND90 = "#6A3FA0", "#F6F2FB", "#CDBBE6", "#E5DBF3"
COLOURS = {
    MODEL: RECONSTRUCTED, MEAN: "#A995C6", RIDGE: "#0B5FA5", CLIMATOLOGY: "#9AA0A6", VARIATIONAL: "#B4451F",
    WITHOUT_NOISE: "#E0A58F", "minimum norm": "#4F8F6B", "sLORETA": "#8FA83C", "LCMV": "#C79A2B",
}  # fmt: skip
_WIDTH = 9.6
_STYLE = {
    "font.family": "sans-serif", "font.size": 9.0, "text.color": INK, "axes.labelcolor": MUTED, "axes.edgecolor": MUTED,
    "axes.facecolor": PAPER, "figure.facecolor": PAPER, "xtick.color": MUTED, "ytick.color": MUTED,
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.6, "xtick.major.width": 0.6,
    "ytick.major.width": 0.6, "grid.color": GRID, "grid.linewidth": 0.6, "legend.frameon": False,
    "legend.fontsize": 8.5, "axes.titlesize": 9.5, "axes.titlelocation": "left", "axes.titlecolor": INK,
    "svg.fonttype": "path", "svg.hashsalt": "neuroflow",
}  # fmt: skip


def example_page(example: Example, names: Sequence[str], shafts: Sequence[str]) -> str:
    """Truth over the bands, along the shaft whose recorded signal is largest."""
    size = {s: float(np.nanmax(np.abs(example.truth[[s == x for x in shafts]]), initial=0.0)) for s in set(shafts)}
    chosen = [i for i, s in enumerate(shafts) if s == max(sorted(size), key=lambda s: size[s])]
    n = example.ordered.shape[0]
    low90, low50 = max(round(0.05 * (n + 1)) - 1, 0), max(round(0.25 * (n + 1)) - 1, 0)
    t = example.first + np.arange(example.truth.shape[1]) / example.rate
    step = 1e6 * float(np.nanpercentile(np.abs(example.truth[chosen]), 99.8)) * 1.6

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.set_facecolor(RECON_PAPER)
        for row, contact in enumerate(chosen):
            base = -row * step
            bands = 1e6 * example.ordered[:, contact] + base
            axes.fill_between(t, bands[low90], bands[n - 1 - low90], color=BAND90, linewidth=0)
            axes.fill_between(t, bands[low50], bands[n - 1 - low50], color=BAND50, linewidth=0)
            axes.plot(t, bands[n // 2], color=RECONSTRUCTED, linewidth=0.7)
            axes.plot(t, 1e6 * example.truth[contact] + base, color=INK, linewidth=0.7)
        for kind, times in example.discharges.items():
            for time in times:
                axes.axvline(time, color=MUTED, linewidth=0.5, linestyle=(0, (1, 3)))
                axes.text(time, 0.9 * step, kind, color=MUTED, fontsize=7, ha="center")
        axes.set_yticks([-row * step for row in range(len(chosen))], [names[i] for i in chosen])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(-(len(chosen) - 0.3) * step, 1.15 * step)
        axes.set_xlim(t[0], t[-1] + 0.085 * (t[-1] - t[0]))
        axes.set_xlabel("seconds")
        bar = 100.0 * max(round(0.5 * step / 100.0), 1)
        axes.plot([t[-1] + 0.012 * (t[-1] - t[0])] * 2, [0, bar], color=INK, linewidth=1.2, clip_on=False)
        axes.text(t[-1] + 0.02 * (t[-1] - t[0]), bar / 2, f"{bar:.0f} µV", fontsize=7.5, va="center", clip_on=False)

    return _svg(draw, 5.6)


def coverage(summary: Mapping[str, Any]) -> str:
    """Observed less nominal coverage, overall and by kind, and of each contact."""
    curve = summary["coverage_curve"]
    nominal = 100.0 * np.array(curve["nominal"])

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        left.axhspan(-2, 2, color=BAND90, linewidth=0)
        left.axhline(0, color=MUTED, linewidth=0.6)
        shades = {
            "all": INK,
            "background": "#9AA0A6",
            "hippocampal": "#C79A2B",
            "propagated": RECONSTRUCTED,
            "lateral": "#4F8F6B",
        }
        for kind in KINDS:
            if kind in curve:
                held = 100.0 * np.array(curve[kind], dtype=float)
                left.plot(
                    nominal, held - nominal, color=shades[kind], linewidth=1.8 if kind == "all" else 1.0, label=kind
                )
        _named(left, "nominal coverage, %", "observed less nominal, points", "By rank, by kind of stretch")
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=5)
        contacts = summary["contacts"]
        right.axhspan(-4, 4, color=BAND90, linewidth=0)
        right.axhline(0, color=MUTED, linewidth=0.6)
        for x, share in enumerate((50, 80, 90, 95)):
            off = 100.0 * _floats(contacts[f"coverage{share}"]) - share
            # Spread sideways by rank, so that contacts do not hide one another.
            place = x + 0.36 * (np.argsort(np.argsort(off)) / max(len(off) - 1, 1) - 0.5)
            right.plot(place, off, ".", color=RECONSTRUCTED, markersize=3.5, alpha=0.8, markeredgewidth=0)
        right.set_xticks(range(4), ["50 %", "80 %", "90 %", "95 %"])
        _named(right, "nominal coverage", "", "Each contact")

    return _svg(draw, 3.3)


def calibration(summary: Mapping[str, Any]) -> str:
    """Histograms of ranks of the true window's rms and peak, with what chance allows."""
    found = summary["simulation_based_calibration"]

    def draw(figure: Figure) -> None:
        from scipy.stats import binom

        low, high = binom.interval(0.99, found["windows"], 1.0 / CALIBRATION_BINS)
        for axes, key in zip(figure.subplots(1, 2, sharey=True), ("rms", "peak"), strict=True):
            axes.axhspan(low, high, color=BAND90, linewidth=0)
            axes.axhline(found["windows"] / CALIBRATION_BINS, color=MUTED, linewidth=0.6)
            axes.bar(
                np.arange(CALIBRATION_BINS) + 0.5, found[key]["counts"], width=0.86, color=RECONSTRUCTED, linewidth=0
            )  # fmt: skip
            low_end, high_end = axes.set_xticks([0, CALIBRATION_BINS], ["below all draws", "above all"])
            low_end.label1.set_horizontalalignment("left")
            high_end.label1.set_horizontalalignment("right")
            _named(axes, "rank of the truth", "windows" if key == "rms" else "", f"{key}: p = {found[key]['p']:.2g}")

    return _svg(draw, 2.6)


def by_contact(summary: Mapping[str, Any], shafts: Sequence[str]) -> str:
    """r of the model and of the ridge at every contact, shaft by shaft, deepest first."""
    contacts = summary["contacts"]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        place, ticks, at = [], [], 0.0
        for i, shaft in enumerate(shafts):
            at += 1.6 if i and shaft != shafts[i - 1] else 1.0
            if i == 0 or shaft != shafts[i - 1]:
                ticks.append((at, shaft))
            place.append(at)
        model, ridge = _floats(contacts["r"]), _floats(contacts["r_ridge"])
        axes.vlines(place, ridge, model, color=GRID, linewidth=1.4)
        axes.plot(place, ridge, "o", color=COLOURS[RIDGE], markersize=3.4, markerfacecolor=PAPER, label="lagged ridge")
        axes.plot(place, model, "o", color=RECONSTRUCTED, markersize=3.4, label="model")
        axes.plot(
            place,
            _floats(contacts["r_propagated"]),
            "_",
            color="#A995C6",
            markersize=5,
            label="model, propagated discharges",
        )
        axes.axhline(0, color=MUTED, linewidth=0.6)
        axes.set_xticks([x for x, _ in ticks], [s for _, s in ticks])
        _named(axes, "shaft, its contacts from the deepest outwards", "r of the mean", "")
        axes.legend(loc="upper left", ncols=3, bbox_to_anchor=(0, 1.12))

    return _svg(draw, 2.9)


def by_kind(summary: Mapping[str, Any]) -> str:
    """r and CRPS of every method in every kind of stretch; CRPS as a share of climatology's."""
    r, score = summary["r_of_mean"], summary["crps_uv"]
    kinds = [k for k in KINDS if k in score[CLIMATOLOGY]]

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        _dots(left, kinds, {n: r[n] for n in r if n != CLIMATOLOGY})
        _named(left, "", "", "r of the mean, median over contacts")
        relative = {n: {k: _ratio(v.get(k), score[CLIMATOLOGY][k]) for k in kinds} for n, v in score.items()}
        _dots(right, kinds, relative)
        right.set_yticklabels([])
        _named(right, "", "", "CRPS over climatology's (less is better)")
        figure.legend(*right.get_legend_handles_labels(), loc="outside lower left", ncols=5)

    return _svg(draw, 3.4)


def by_band_and_depth(summary: Mapping[str, Any]) -> str:
    """r by frequency band, and by the contact's number along its shaft."""

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        _dots(left, list(BANDS), summary["r_by_band"])
        _named(left, "", "", "r by frequency band, median over contacts")
        for name in (*(n for n in summary["r_by_depth"] if n not in (MODEL, RIDGE)), RIDGE, MODEL):
            row = summary["r_by_depth"][name]
            right.plot(
                [int(k) for k in row], _floats(list(row.values())), "o-", color=COLOURS[name], label=name, markersize=3,
                linewidth=1.6 if name in (MODEL, RIDGE) else 0.8,
            )  # fmt: skip
        right.grid(axis="y")
        _named(right, "contact along the shaft: 1 mesial, 8 lateral", "", "r by depth, mean over shafts")
        right.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))

    return _svg(draw, 3.2)


def spectrum(summary: Mapping[str, Any]) -> str:
    """Power densities."""
    found = summary["spectrum"]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for name, values in found["uv2_per_hz"].items():
            axes.loglog(
                found["hertz"], _floats(values), color=INK if name == "truth" else COLOURS[name], label=name,
                linewidth=1.8 if name in ("truth", MODEL) else 1.0, linestyle="--" if name == CLIMATOLOGY else "-",
            )  # fmt: skip
        axes.set_xticks([1, 2, 5, 10, 20, 40], ["1", "2", "5", "10", "20", "40"])
        axes.minorticks_off()
        _named(axes, "hertz", "µV² / Hz", "Median over contacts; ridge as a signal of its own")
        axes.legend(loc="lower left")

    return _svg(draw, 3.0)


def couplings(summary: Mapping[str, Any]) -> str:
    """Relative error of the correlation between contacts in each window of 2 s, by band."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots(1, 2)
        for ax, (which, rows) in zip(axes, summary["coupling_error"].items(), strict=True):
            _dots(ax, list(BANDS), rows)
            _named(ax, "", "", f"{which}: relative error (less is better)")
        axes[1].set_yticklabels([])
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=5)

    return _svg(draw, 3.4)


def spread(summary: Mapping[str, Any]) -> str:
    """Spread of samples against the error of their mean, from the windows of least spread to those of most."""
    found = summary["spread_against_error"]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        most = max(max(v["spread_by_spread_uv"] + v["error_by_spread_uv"]) for v in found.values())
        axes.plot([0, most], [0, most], color=MUTED, linewidth=0.6)
        axes.text(0.97 * most, 0.99 * most, "as wide as it errs", color=MUTED, fontsize=8, ha="right", va="bottom")
        for name, values in found.items():
            axes.plot(
                values["spread_by_spread_uv"], values["error_by_spread_uv"], "o-", color=COLOURS[name], markersize=3.5,
                linewidth=1.2, label=f"{name}: spread {values['ratio']:.2f} × error",
            )  # fmt: skip
        axes.set_xlim(0, 1.03 * most)
        axes.set_ylim(0, 1.08 * most)
        _named(axes, "spread of samples, µV", "error of their mean, µV", "Windows of 2 s in tenths, by their spread")
        axes.legend(loc="lower right")

    return _svg(draw, 3.2)


def _dots(axes: Axes, groups: Sequence[str], rows: Mapping[str, Mapping[str, float | None]]) -> None:
    """A row a group and a dot a method, the model on top."""
    names = [n for n in COLOURS if n in rows]
    for index, name in enumerate(names):
        place = np.arange(len(groups)) + 0.62 * ((index + 0.5) / len(names) - 0.5)
        values = _floats([rows[name].get(g) for g in groups])
        axes.plot(
            values, place, "o", color=COLOURS[name], label=name, markersize=5.5 if name == MODEL else 4.0, zorder=3
        )
    axes.set_yticks(range(len(groups)), list(groups))
    axes.set_ylim(len(groups) - 0.5, -0.5)
    for edge in np.arange(len(groups) - 1) + 0.5:
        axes.axhline(edge, color=GRID, linewidth=0.6)
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)


def _named(axes: Axes, x: str, y: str, title: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_title(title)


def _floats(values: Sequence[float | None]) -> Any:
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _ratio(a: float | None, b: float | None) -> float | None:
    return a / b if a is not None and b else None


def _svg(draw: Callable[[Figure], None], height: float) -> str:
    """The SVG element of a figure, inches high."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return text[text.index("<svg") :]
