"""Figures of simulated recordings beside their references, drawn with matplotlib and mne; each gives a PNG."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuroflow.anatomy.head import site_directions
from neuroflow.simulation.report_correlation import mean_correlation
from neuroflow.simulation.report_examples import Example
from neuroflow.simulation.report_reference import (
    DEPTH_RMS,
    EXPONENT,
    KNEE,
    MESIAL_AT_SCALP,
    SCALP_RMS,
    SPREAD_AT_SCALP,
    Clip,
)
from neuroflow.simulation.report_spectra import band_amplitude
from neuroflow.simulation.report_statistics import RecordingFigures
from neuroflow.simulation.states import EYES_CLOSED, EYES_OPEN, N2, N3, STATES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

TWIN, REAL, REFERENCE, SECOND = "#1f5f8b", "#222222", "#e8b84a", "#c2571a"
_DPI = 110
_ALPHA_HZ, _SIGMA_HZ, _DELTA_HZ = (8.0, 12.5), (11.5, 15.0), (0.5, 2.0)
# The angle from the vertex that a map's circle stands for: the low temporal chain lies just inside it.
_EDGE = float(np.deg2rad(125.0))
_STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.fontsize": 8,
}


def figure(width: float, height: float) -> Figure:
    """An empty figure in inches."""
    from matplotlib.figure import Figure as New

    return New(figsize=(width, height), dpi=_DPI, layout="constrained")


def png(drawn: Figure) -> bytes:
    """The figure as a PNG file."""
    out = io.BytesIO()
    drawn.savefig(out, format="png", facecolor="white")
    return out.getvalue()


def style() -> Any:
    """A context in which every figure is drawn alike."""
    import matplotlib as mpl

    return mpl.rc_context(_STYLE)


def depth_spectra(figures: Sequence[RecordingFigures], clip: Clip) -> bytes:
    """Spectra of depth contacts, exponents above the knee, and knees."""
    drawn = figure(10.0, 3.6)
    left, middle, right = drawn.subplots(1, 3, width_ratios=[1.5, 1, 1])
    f = figures[0].frequencies
    shown = (f >= 0.5) & (f <= 80.0)
    every = np.concatenate([one.depth_psd for one in figures])
    _quartiles(left, f[shown], every[:, shown] * 1e12, TWIN, "simulated, all states")
    deep = [one.deep_sleep_psd for one in figures if one.deep_sleep_psd is not None]
    if deep:
        median = np.median(np.concatenate(deep), axis=0)
        left.loglog(f[shown], median[shown] * 1e12, color=TWIN, ls="--", label="simulated, N3")
    if clip.psd is not None and clip.frequencies is not None:
        inside = (clip.frequencies >= 0.5) & (clip.frequencies <= 80.0)
        _quartiles(left, clip.frequencies[inside], clip.psd[:, inside] * 1e12, REAL, "real clip, slow-wave sleep")
    left.set(xlabel="Hz", ylabel="µV²/Hz", title="Depth contacts: median and quartiles")
    left.legend()
    fits = [fit for one in figures for fit in one.fits]
    _share(middle, [fit.exponent for fit in fits], [fit.exponent for fit in clip.fits], np.linspace(0.5, 5.0, 37))
    middle.axvspan(EXPONENT.low, EXPONENT.high, color=REFERENCE, alpha=0.35, lw=0, label="published quartiles")
    middle.set(xlabel="exponent above the knee", ylabel="share of contacts", title="Exponent")
    middle.legend(loc="upper left")
    knees = [fit.knee for fit in fits if np.isfinite(fit.knee)]
    real = [fit.knee for fit in clip.fits if np.isfinite(fit.knee)]
    _share(right, knees, real, np.geomspace(1.0, 80.0, 30))
    right.axvspan(KNEE.low, KNEE.high, color=REFERENCE, alpha=0.35, lw=0, label="published range")
    none = 100 * (1 - len(knees) / max(len(fits), 1))
    right.set(xscale="log", xlabel="Hz", title=f"Knee (none in {none:.0f} % of contacts)")
    right.set_xticks([1, 3, 10, 30, 80], ["1", "3", "10", "30", "80"])
    return png(drawn)


def amplitudes(figures: Sequence[RecordingFigures], clip: Clip) -> bytes:
    """Rms at depth contacts, and of the scalp's background by state."""
    drawn = figure(10.0, 3.4)
    left, right = drawn.subplots(1, 2)
    rms = np.concatenate([one.depth_rms for one in figures]) * 1e6
    real = np.zeros(0) if clip.rms is None else clip.rms * 1e6
    _share(left, rms, real, np.linspace(0, 320, 33))
    left.axvspan(DEPTH_RMS.low, DEPTH_RMS.high, color=REFERENCE, alpha=0.35, lw=0, label="reference")
    left.axvline(clip.median_rms * 1e6, color=REAL, ls=":", label=f"real clip, median {clip.median_rms * 1e6:.0f} µV")
    left.set(xlabel="µV rms over 5 s", ylabel="share of contacts", title="Depth amplitude")
    left.legend()
    by_state = {
        state: np.concatenate([one.scalp_rms[state] for one in figures if state in one.scalp_rms] or [np.zeros(0)])
        for state in STATES
    }
    filled = {state: values * 1e6 for state, values in by_state.items() if values.size}
    right.axhspan(SCALP_RMS.low, SCALP_RMS.high, color=REFERENCE, alpha=0.35, lw=0, label="reference")
    _boxes(right, filled, TWIN)
    right.set(ylabel="µV rms over 2 s", title="Scalp background by state, average reference, every site")
    right.set_ylim(0, 60)
    right.legend()
    return png(drawn)


def alpha(figures: Sequence[RecordingFigures]) -> bytes | None:
    """Where alpha is with eyes closed and open, and the spectra at the back and the front."""
    both = [one for one in figures if EYES_CLOSED in one.scalp_psd]
    if not both:
        return None
    opened = [one for one in figures if EYES_OPEN in one.scalp_psd]
    drawn = figure(10.0, 3.3)
    axes = drawn.subplots(1, 4, width_ratios=[1, 1, 1.15, 1.15])
    f = both[0].frequencies
    maps = {
        name: np.mean([band_amplitude(f, one.scalp_psd[name], *_ALPHA_HZ) for one in having], axis=0) * 1e6
        for name, having in ((EYES_CLOSED, both), (EYES_OPEN, opened))
        if having
    }
    top = max(float(values.max()) for values in maps.values())
    for axis, name in zip(axes, (EYES_CLOSED, EYES_OPEN), strict=False):
        if name in maps:
            image = topography(axis, maps[name], both[0].sites, 0.0, top)
            axis.set_title(f"Alpha, {name}")
            drawn.colorbar(image, ax=axis, shrink=0.6, label="µV rms")
        else:
            axis.set_axis_off()
    for axis, sites in ((axes[2], ("O1", "O2")), (axes[3], ("Fz",))):
        rows = [both[0].sites.index(site) for site in sites]
        for name, having, colour in ((EYES_CLOSED, both, TWIN), (EYES_OPEN, opened, SECOND)):
            if having:
                power = np.mean([one.scalp_psd[name][rows].mean(axis=0) for one in having], axis=0)
                axis.semilogy(f[2:81], power[2:81] * 1e12, color=colour, label=name)
        axis.set(xlabel="Hz", ylabel="µV²/Hz", title=" and ".join(sites))
        axis.legend()
    return png(drawn)


def artefacts(figures: Sequence[RecordingFigures]) -> bytes | None:
    """Fields of blinks and of muscle."""
    kinds = {
        "Blinks, peak": [one.blink for one in figures if one.blink is not None],
        "Muscle bursts, 30 to 80 Hz": [one.muscle for one in figures if one.muscle is not None],
    }
    kinds = {title: fields for title, fields in kinds.items() if fields}
    if not kinds:
        return None
    drawn = figure(3.6 * len(kinds), 3.1)
    for axis, (title, fields) in zip(drawn.subplots(1, len(kinds), squeeze=False)[0], kinds.items(), strict=True):
        field = np.mean(fields, axis=0) * 1e6
        signed = title.startswith("Blinks")
        peak = float(np.abs(field).max())
        image = topography(axis, field, figures[0].sites, -peak if signed else 0.0, peak)
        axis.set_title(title)
        drawn.colorbar(image, ax=axis, shrink=0.7, label="µV" if signed else "µV rms")
    return png(drawn)


def sleep(figures: Sequence[RecordingFigures]) -> bytes | None:
    """Where spindles and slow waves are, and the spectrum at Cz by state."""
    drawn = figure(10.0, 3.2)
    axes = drawn.subplots(1, 3, width_ratios=[1, 1, 1.4])
    f = figures[0].frequencies
    for axis, title, name, band in (
        (axes[0], "N2, 11.5 to 15 Hz", N2, _SIGMA_HZ),
        (axes[1], "N3, 0.5 to 2 Hz", N3, _DELTA_HZ),
    ):
        fields = [band_amplitude(f, one.scalp_psd[name], *band) for one in figures if name in one.scalp_psd]
        if not fields:
            axis.set_axis_off()
            continue
        field = np.mean(fields, axis=0) * 1e6
        image = topography(axis, field, figures[0].sites, 0.0, float(field.max()))
        axis.set_title(title)
        drawn.colorbar(image, ax=axis, shrink=0.7, label="µV rms")
    row = figures[0].sites.index("Cz")
    for name, colour in zip(STATES, ("#e3a018", TWIN, "#7a9a3a", SECOND, "#5b2a86"), strict=True):
        having = [one.scalp_psd[name][row] for one in figures if name in one.scalp_psd]
        if having:
            axes[2].loglog(f[1:121], np.mean(having, axis=0)[1:121] * 1e12, color=colour, label=name)
    axes[2].set(xlabel="Hz", ylabel="µV²/Hz", title="Cz, background by state")
    axes[2].legend()
    return png(drawn)


def discharges(figures: Sequence[RecordingFigures]) -> bytes:
    """Fields of discharges by extent, right ones mirrored, and what the scalp shows of them."""
    foci = [focus for one in figures for focus in one.foci]
    extents = [name for name in ("hippocampal", "propagated", "lateral") if any(k.extent == name for k in foci)]
    drawn = figure(13.0, 3.2)
    axes = drawn.subplots(1, len(extents) + 2, width_ratios=[1.15] * len(extents) + [1.0, 1.0])
    sites = figures[0].sites
    swapped = [sites.index(_mirrored(site)) for site in sites]
    for axis, extent in zip(axes, extents, strict=False):
        fields = [k.field if k.side == "left" else k.field[swapped] for k in foci if k.extent == extent]
        field = np.mean(fields, axis=0) * 1e6
        peak = float(np.abs(field).max())
        image = topography(axis, field, sites, -peak, peak)
        axis.set_title(extent.capitalize())
        drawn.colorbar(image, ax=axis, shrink=0.6, label="µV")
    averaged = {extent: np.array([k.averaged for k in foci if k.extent == extent]) * 1e6 for extent in extents}
    _boxes(axes[-2], averaged, TWIN, points=True)
    for extent, mark in (("hippocampal", MESIAL_AT_SCALP), ("propagated", SPREAD_AT_SCALP)):
        if extent in extents:
            at = extents.index(extent) + 1
            axes[-2].hlines(mark.low, at - 0.4, at + 0.4, color=SECOND, lw=2.0, zorder=5)
    axes[-2].plot([], [], color=SECOND, lw=2.0, label="Koessler 2015")
    axes[-2].legend()
    axes[-2].set(ylabel="µV, largest site", title="Averaged, at the scalp")
    axes[-2].set_ylim(0, None)
    single = {extent: np.concatenate([k.single for k in foci if k.extent == extent]) for extent in extents}
    _boxes(axes[-1], single, TWIN)
    axes[-1].axhline(2.0, color=SECOND, ls=":")
    axes[-1].set(ylabel="peak over background rms", title="Single discharges")
    axes[-1].set_ylim(0, 8)
    for axis in axes[-2:]:
        axis.tick_params(axis="x", labelrotation=25)
    return png(drawn)


def correlation(figures: Sequence[RecordingFigures], clip: Clip) -> bytes:
    """Mean correlation between contacts by how far apart they are, as recorded and against the mean of all contacts."""
    drawn = figure(10.5, 3.5)
    axes = drawn.subplots(1, 3, width_ratios=[1.6, 1.6, 1.3])
    every = [one.shared for one in figures]
    deep = [one.deep_shared for one in figures if one.deep_shared is not None]
    bars: list[tuple[str, float, float, str]] = []
    for label, having, colour, dash in (
        ("simulated", every, TWIN, "-"),
        ("simulated, N3", deep, TWIN, "--"),
        ("real clip", [clip.shared], REAL, "-"),
    ):
        if having:
            kinds = [mean_correlation([one.recorded for one in having])]
            kinds.append(mean_correlation([one.averaged for one in having]))
            for axis, kind in zip(axes, kinds, strict=False):
                axis.plot(
                    list(kind.within)[:7], list(kind.within.values())[:7], color=colour, ls=dash, marker="o", ms=4
                )
            bars.append((label, kinds[0].across, kinds[1].across, colour))
    for axis, title in zip(axes, ("Within a shaft, as recorded", "… less the mean of all contacts"), strict=False):
        axis.axhline(0.0, color="#bbbbbb", lw=0.8, zorder=0)
        axis.set(xlabel="contacts apart", title=title)
        axis.set_ylim(-0.3, 1.0)
    for label, _, _, colour in bars:
        axes[0].plot([], [], color=colour, ls="--" if "N3" in label else "-", marker="o", ms=4, label=label)
    axes[0].set_ylabel("mean correlation, 0.5 to 48 Hz")
    axes[0].legend()
    for at, (_, recorded, averaged, colour) in enumerate(bars):
        for shift, height, shade in ((-0.2, recorded, 1.0), (0.2, averaged, 0.4)):
            axes[2].bar(at + shift, height, color=colour, alpha=shade, width=0.38)
            axes[2].text(at + shift, max(height, 0.0) + 0.02, f"{height:.2f}", ha="center", fontsize=7)
    axes[2].set_xticks(range(len(bars)), [label.replace(", ", ",\n") for label, *_ in bars])
    axes[2].axhline(0.0, color="#bbbbbb", lw=0.8, zorder=0)
    axes[2].set_ylim(-0.3, 1.0)
    axes[2].set_title("Across shafts (pale: less the mean)")
    return png(drawn)


def page(example: Example) -> bytes:
    """One page of traces, negative upwards: bipolar scalp in black, depth in colour."""
    scalp_step, depth_step = 90e-6, 500e-6
    rows = [(label, trace / scalp_step, REAL) for label, trace in zip(example.scalp_labels, example.scalp, strict=True)]
    rows += [
        (label, trace / depth_step, TWIN) for label, trace in zip(example.depth_labels, example.depth, strict=True)
    ]
    drawn = figure(11.0, 0.27 * len(rows) + 1.3)
    axis = drawn.subplots()
    times = example.start + np.arange(example.scalp.shape[1]) / example.rate
    offsets = []
    gap = 0.0
    for number, (_, trace, colour) in enumerate(rows):
        # A little air between the left chain, the right one, the midline and the depth.
        gap += 0.6 if number in (8, 16, len(example.scalp_labels)) else 0.0
        offsets.append(-(number + gap))
        axis.plot(times, offsets[-1] - trace, color=colour, lw=0.6)
    axis.set_yticks(offsets, [label for label, *_ in rows], fontsize=7)
    for second in np.arange(np.ceil(times[0]), times[-1]):
        axis.axvline(second, color="#dddddd", lw=0.6, zorder=0)
    for number, (at, text) in enumerate(example.marks):
        axis.axvline(at, color=SECOND, lw=0.5, alpha=0.35, zorder=0)
        axis.text(at, 1.4 + 0.9 * (number % 2), text, ha="center", va="bottom", fontsize=7, color=SECOND)
    axis.set_xlim(times[0], times[-1])
    axis.set_ylim(offsets[-1] - 1.5, 1.2)
    axis.spines["left"].set_visible(False)
    axis.tick_params(axis="y", length=0)
    axis.set_xlabel(f"s   (a line's distance is {scalp_step * 1e6:.0f} µV, in depth {depth_step * 1e6:.0f} µV)")
    axis.set_title(example.title, pad=36)
    return png(drawn)


def topography(axis: Axes, field: Array, sites: Sequence[str], low: float, high: float) -> Any:
    """A map of the head from above, nose up; returns the image for its colour bar."""
    import mne

    towards = site_directions(sites)
    angle = np.arccos(np.clip(towards[:, 2], -1, 1))
    flat = np.hypot(towards[:, 0], towards[:, 1])
    places = towards[:, :2] / np.maximum(flat, 1e-9)[:, None] * (angle / _EDGE)[:, None]
    # The ears and the references, which stand on the montage's edge, are left out of the map.
    kept = [i for i, site in enumerate(sites) if site not in ("A1", "A2")]
    image, _ = mne.viz.plot_topomap(
        field[kept], places[kept], axes=axis, show=False, cmap="RdBu_r" if low < 0 else "viridis", vlim=(low, high),
        sphere=(0.0, 0.0, 0.0, 1.0), extrapolate="head", contours=5, sensors="k.",
    )  # fmt: skip
    return image


def _mirrored(site: str) -> str:
    """The site on the other side: odd numbers become the next even ones."""
    stem = site.rstrip("0123456789")
    number = site[len(stem) :]
    return site if not number else f"{stem}{int(number) + (1 if int(number) % 2 else -1)}"


def _quartiles(axis: Axes, f: Array, psd: Array, colour: str, label: str) -> None:
    low, median, high = np.quantile(psd, [0.25, 0.5, 0.75], axis=0)
    axis.fill_between(f, low, high, color=colour, alpha=0.2, lw=0)
    axis.loglog(f, median, color=colour, label=label)


def _share(axis: Axes, twin: Sequence[float] | Array, real: Sequence[float] | Array, bins: Array) -> None:
    """Two histograms as shares of all."""
    for values, colour, label, filled in ((twin, TWIN, "simulated", True), (real, REAL, "real clip", False)):
        if len(values):
            counts, _ = np.histogram(np.clip(values, bins[0], bins[-1]), bins)
            axis.stairs(
                counts / len(values), bins, fill=filled, color=colour, alpha=0.6 if filled else 1.0, label=label
            )


def _boxes(axis: Axes, values: Mapping[str, Array], colour: str, points: bool = False) -> None:
    """Boxes by name: median, quartiles, 5 and 95 %."""
    drawn = axis.boxplot(
        list(values.values()), tick_labels=list(values), whis=(5, 95), showfliers=False, patch_artist=True, widths=0.55
    )
    for box in drawn["boxes"]:
        box.set(facecolor=colour, alpha=0.45)
    for line in drawn["medians"]:
        line.set(color=REAL)
    if points:
        for at, some in enumerate(values.values(), start=1):
            axis.plot(np.full(len(some), at) + np.linspace(-0.12, 0.12, len(some)), some, ".", color=colour, ms=4)
