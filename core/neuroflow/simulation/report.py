"""One page about simulated patients: what they are like, beside published figures and a real depth recording.

The page is one HTML file with its pictures inside, and it says where the simulation departs from what is real.
"""

from __future__ import annotations

import base64
import html
import os
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuroflow import __version__
from neuroflow.io.edf_writer import writing_to
from neuroflow.jobs import Control
from neuroflow.simulation import report_figures as draw
from neuroflow.simulation.report_correlation import mean_correlation
from neuroflow.simulation.report_examples import ALPHA_HZ, EXAMPLES, Example, examples
from neuroflow.simulation.report_reference import (
    CLIP_SOURCE,
    DATA_VARIABLE,
    DEPTH_RMS,
    EXPONENT,
    KNEE,
    MESIAL_AT_SCALP,
    SCALP_RMS,
    SEEN_AT_SCALP,
    SPREAD_AT_SCALP,
    Clip,
    Range,
    real_clip,
)
from neuroflow.simulation.report_spectra import FAST_HZ, band_amplitude
from neuroflow.simulation.report_statistics import (
    SEEN_RATIO,
    RecordingFigures,
    recording_figures,
)
from neuroflow.simulation.states import EYES_CLOSED, EYES_OPEN
from neuroflow.simulation.tree import Recorded, TreeRequest

Array = NDArray[np.float64]

# How far a mean over simulated patients may lie from a single published or measured value and still be said to fit.
_NEAR = 0.25
_CORRELATION_NEAR = 0.10


@dataclass(frozen=True)
class Comparison:
    """One line of the table: what, simulated, reference, its source, and whether the two agree (None: no verdict)."""

    what: str
    simulated: str
    reference: str
    source: str
    fits: bool | None


class Collector:
    """Takes recordings as they are simulated and keeps only what the page shows of them."""

    def __init__(self, request: TreeRequest, clip: Clip | None = None) -> None:
        self.request = request
        self.clip = clip or real_clip()
        self.figures: list[RecordingFigures] = []
        self._examples: dict[str, Example] = {}

    def add(self, recorded: Recorded) -> None:
        """Measure one recording; each patient's foci are measured once."""
        known = {one.subject for one in self.figures}
        self.figures.append(
            recording_figures(
                recorded.subject, recorded.patient, recorded.twin, with_foci=recorded.subject not in known
            )
        )
        name = f"{recorded.subject} {recorded.session}"
        for example in examples(name, recorded.patient, recorded.twin):
            held = self._examples.get(example.kind)
            if held is None or example.worth > held.worth:
                self._examples[example.kind] = example

    def page(self, control: Control | None = None) -> str:
        """The page as HTML. Raises: ValueError where nothing was added, Cancelled."""
        if not self.figures:
            raise ValueError("there is nothing to report on")
        shown = [self._examples[kind] for kind in EXAMPLES if kind in self._examples]
        return page(self.request, self.figures, shown, self.clip, control or Control())

    def write(self, path: Path, control: Control | None = None) -> None:
        """Write the page; the file is whole or not there. Raises: FileProblem, Cancelled."""
        text = self.page(control)
        part = path.with_name(f".{path.name[:100]}.{uuid.uuid4().hex[:8]}.part")
        with writing_to(path):
            try:
                part.write_text(text, encoding="utf-8", newline="\n")
                os.replace(part, path)
            finally:
                part.unlink(missing_ok=True)


def comparisons(figures: Sequence[RecordingFigures], clip: Clip) -> list[Comparison]:
    """Every figure that has a reference, and what is said of it."""
    return [*_depth_lines(figures, clip), *_scalp_lines(figures), *_discharge_lines(figures), *_shared(figures, clip)]


def page(
    request: TreeRequest, figures: Sequence[RecordingFigures], shown: Sequence[Example], clip: Clip, control: Control
) -> str:
    """The whole page: what was simulated, the table, and every figure with what to look for. Raises: Cancelled."""
    parts: list[str] = []
    with draw.style():
        drawings: list[tuple[str, str, Callable[[], bytes | None]]] = [
            ("Depth spectra", _SPECTRA, partial(draw.depth_spectra, figures, clip)),
            ("Amplitudes", _AMPLITUDES, partial(draw.amplitudes, figures, clip)),
            ("Correlation between contacts", _CORRELATION, partial(draw.correlation, figures, clip)),
            ("Alpha", _ALPHA, partial(draw.alpha, figures)),
            ("Artefacts", _ARTEFACTS, partial(draw.artefacts, figures)),
            ("Sleep", _SLEEP, partial(draw.sleep, figures)),
            ("Discharges", _DISCHARGES, partial(draw.discharges, figures)),
            *((_PAGE_TITLES[one.kind], _PAGE, partial(draw.page, one)) for one in shown),
        ]
        for number, (title, caption, picture) in enumerate(drawings):
            control.checkpoint(number / len(drawings))
            png = picture()
            parts.append(_figure(title, caption, png) if png else _absent(title))
    control.checkpoint(1.0)
    table = comparisons(figures, clip)
    count = len({one.subject for one in figures})
    real = "measured here" if clip.measured else f"quoted; set {DATA_VARIABLE} to measure it again"
    departing = [line.what[0].lower() + line.what[1:] for line in table if line.fits is False]
    verdict = f"It departs from its references in: {'; '.join(departing)}." if departing else "Every reference is met."
    return _DOCUMENT.format(
        intro=html.escape(
            f"{count} simulated patients, {len(figures)} recordings, {request.seconds / 60:g} minutes of each patient, "
            f"seed {request.seed}, local share {request.local_share:g}, implant {request.implant.name}, "
            f"NeuroFlow Review {__version__}. Nobody was recorded."
        ),
        verdict=html.escape(verdict),
        clip=html.escape(f"Real clip: {CLIP_SOURCE}; {real}. Five seconds of one patient are an anecdote, not a norm."),
        table=_table(table),
        figures="\n".join(parts),
    )


def _depth_lines(figures: Sequence[RecordingFigures], clip: Clip) -> list[Comparison]:
    fits = [fit for one in figures for fit in one.fits]
    exponents, slopes = np.array([fit.exponent for fit in fits]), np.array([fit.slope for fit in fits])
    knees = np.array([fit.knee for fit in fits])
    with_knee = np.isfinite(knees)
    bends = f"{_quartiles_text(knees[with_knee])} Hz; none in {100 * (1 - with_knee.mean()):.0f} % of contacts"
    rms = np.concatenate([one.depth_rms for one in figures]) * 1e6
    deep = [one.deep_sleep_psd for one in figures if one.deep_sleep_psd is not None]
    psd = np.concatenate(deep or [one.depth_psd for one in figures])
    fast = float(np.median(band_amplitude(figures[0].frequencies, psd, *FAST_HZ)))
    state = "N3" if deep else "all states"
    return [
        _in_range("Exponent of depth spectra above the knee", exponents, EXPONENT, _quartiles_text(exponents)),
        _in_range("Knee of depth spectra", knees[with_knee], KNEE, bends),
        _near("Slope of depth spectra, 2 to 80 Hz", float(np.median(slopes)), clip.slope, _quartiles_text(slopes)),
        _in_range("Depth rms over 5 s", rms, DEPTH_RMS, f"{_quartiles_text(rms, 0)} µV"),
        _near("Depth rms over 5 s", float(np.median(rms)), clip.median_rms * 1e6, unit=" µV"),
        _near(f"Depth rms from 4 to 48 Hz, {state}", fast * 1e6, clip.fast_rms * 1e6, unit=" µV"),
    ]


def _scalp_lines(figures: Sequence[RecordingFigures]) -> list[Comparison]:
    rms = np.concatenate([values for one in figures for values in one.scalp_rms.values()] or [np.zeros(0)]) * 1e6
    lines = [_in_range("Scalp background rms, every site and state", rms, SCALP_RMS, f"{_quartiles_text(rms)} µV")]
    both = [one for one in figures if {EYES_CLOSED, EYES_OPEN} <= one.scalp_psd.keys()]
    if both:
        f, sites = both[0].frequencies, both[0].sites
        closed, opened = (
            np.mean([band_amplitude(f, one.scalp_psd[state], *ALPHA_HZ) for one in both], axis=0) * 1e6
            for state in (EYES_CLOSED, EYES_OPEN)
        )
        rows, front = ([sites.index(site) for site in pair] for pair in (("O1", "O2"), ("Fp1", "Fp2")))
        back, fall = float(closed[rows].mean()), 1 - float(opened[rows].mean() / closed[rows].mean())
        text = f"{back:.1f} µV rms at O1 and O2, {closed[front].mean():.1f} at Fp1 and Fp2; falls by {100 * fall:.0f} %"
        fits = back > float(closed[front].mean()) and fall > _NEAR
        what = "Alpha with eyes closed, and its fall when they open"
        lines.append(Comparison(what, text, "posterior; attenuates", "what every reader knows", fits))
    return lines


def _discharge_lines(figures: Sequence[RecordingFigures]) -> list[Comparison]:
    foci = [focus for one in figures for focus in one.foci]
    lines = []
    for extent, reference in (("hippocampal", MESIAL_AT_SCALP), ("propagated", SPREAD_AT_SCALP)):
        values = np.array([k.averaged for k in foci if k.extent == extent]) * 1e6
        if values.size:
            near = abs(float(np.median(values)) / reference.low - 1) < _NEAR
            what = f"{extent.capitalize()} discharges averaged, largest site, over foci"
            text = f"{_quartiles_text(values)} µV"
            lines.append(Comparison(what, text, f"{reference.low:g} µV", reference.source, near))
    single = np.concatenate([k.single for k in foci if k.extent == "hippocampal"] or [np.zeros(0)])
    if single.size:
        share = 100 * float((single > SEEN_RATIO).mean())
        what = f"Hippocampal discharges above {SEEN_RATIO:g} times the rms of the scalp's background somewhere"
        rare = share < 2 * SEEN_AT_SCALP.low
        lines.append(Comparison(what, f"{share:.1f} %", f"rare: {SEEN_AT_SCALP.low:g} %", SEEN_AT_SCALP.source, rare))
    return lines


def _shared(figures: Sequence[RecordingFigures], clip: Clip) -> list[Comparison]:
    """Correlations in N3, the real clip's state, where there is any; as recorded and less the mean of all contacts."""
    deep = [one.deep_shared for one in figures if one.deep_shared is not None]
    having, state = (deep, "N3") if deep else ([one.shared for one in figures], "all states")
    lines = []
    for kind, real, words in (
        ([one.recorded for one in having], clip.shared.recorded, ""),
        ([one.averaged for one in having], clip.shared.averaged, ", less the mean of all contacts"),
    ):
        simulated = mean_correlation(kind)
        pairs = [
            (f"Correlation {k} contact{'s' if k > 1 else ''} apart", simulated.within[k], real.within[k])
            for k in (1, 2, 4)
            if k in simulated.within and k in real.within
        ]
        pairs.append(("Correlation across shafts", simulated.across, real.across))
        lines += [
            Comparison(
                f"{what}{words}", f"{value:.2f} in {state}", f"{measured:.2f}", "the real clip",
                abs(value - measured) < _CORRELATION_NEAR,
            )
            for what, value, measured in pairs
            if np.isfinite(value)
        ]  # fmt: skip
    return lines


def _near(what: str, value: float, reference: float, text: str = "", unit: str = "") -> Comparison:
    """Beside a figure of the real clip."""
    digits = 0 if unit else 2
    shown = text or f"{value:.{digits}f}{unit}"
    fits = abs(value / reference - 1) < _NEAR
    return Comparison(what, shown, f"{reference:.{digits}f}{unit}", "the real clip", fits)


def _in_range(what: str, values: Array, reference: Range, text: str) -> Comparison:
    if not values.size:
        return Comparison(what, "none", _range_text(reference), reference.source, None)
    fits = reference.low <= float(np.median(values)) <= reference.high
    return Comparison(what, text, _range_text(reference), reference.source, fits)


def _range_text(reference: Range) -> str:
    unit = f" {reference.unit}" if reference.unit else ""
    typical = "" if reference.typical is None else f", {reference.typical:g} typically"
    return f"{reference.low:g} to {reference.high:g}{unit}{typical}"


def _quartiles_text(values: Array, digits: int = 1) -> str:
    if not values.size:
        return "none"
    low, median, high = (f"{value:.{digits}f}" for value in np.quantile(values, [0.25, 0.5, 0.75]))
    return f"{median} (quartiles {low} to {high})"


def _table(lines: Sequence[Comparison]) -> str:
    words = {True: "fits", False: "departs", None: "–"}
    rows = [
        f'<tr class="{words[line.fits]}">'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in (line.what, line.simulated, line.reference, line.source))
        + f"<td>{words[line.fits]}</td></tr>"
        for line in lines
    ]
    return "\n".join(rows)


def _figure(title: str, caption: str, png: bytes) -> str:
    data = base64.b64encode(png).decode("ascii")
    name = html.escape(title)
    return (
        f'<figure><h2>{name}</h2><img alt="{name}" src="data:image/png;base64,{data}">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )


def _absent(title: str) -> str:
    words = "No stretch long enough was simulated; ask for more minutes."
    return f"<figure><h2>{html.escape(title)}</h2><p>{words}</p></figure>"


_SPECTRA = (
    "Every contact's spectrum over whole recordings, and in N3. See whether they bend where published ones do, whether "
    "contacts differ from one another as real ones do, and whether N3 falls as steeply from 1 to 4 Hz as the clip."
)
_AMPLITUDES = (
    "Left: every contact over stretches as long as the real clip. Right: windows without artefact and discharge; "
    "boxes are quartiles, whiskers 5 and 95 %."
)
_CORRELATION = (
    "Real contacts are alike next to one another and, in this clip, everywhere and in every band, as a common "
    "reference makes them: less the mean of all contacts nothing is left across shafts. The middle figure compares "
    "the fall along a shaft. The simulation's local share (no field at the scalp) is alike to 0.45 a contact."
)
_ALPHA = "Alpha should stand at the back, with eyes closed, and go when they open; the front keeps little of either."
_ARTEFACTS = "Blinks: positive above the eyes and next to nothing behind. Muscle: over the temporal muscles."
_SLEEP = "Spindles should stand centrally, slow waves in front; N3 has the most power below 2 Hz, N2 a hump at 13 Hz."
_DISCHARGES = (
    "Fields at the peak of averaged discharges, simulated without background; right foci are mirrored to the left. "
    "Hippocampal ones give a few microvolts, lowest in the temporal chain; dots are foci. Single discharges: the "
    "largest peak against the background's rms at its site; below the dotted line a reader would see nothing."
)
_PAGE_TITLES = {
    "eyes": "A page: alpha and eye opening",
    "spindles": "A page: stage N2",
    "slow waves": "A page: stage N3",
    "discharge": "A page: a propagated discharge",
}
_PAGE = "Longitudinal bipolar montage, negative upwards, ten seconds; below it, in colour, depth contacts."

_DOCUMENT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Simulated patients</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; font-size: 14px; }}
td, th {{ padding: .3rem .7rem .3rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #ddd; }}
tr.departs td:last-child {{ color: #a33b0a; font-weight: 600; }}
figure {{ margin: 2.2rem 0; }}
figcaption {{ color: #555; max-width: 46rem; }}
img {{ max-width: 100%; height: auto; }}
h2 {{ font-size: 1.15rem; margin: 0 0 .4rem; }}
.verdict {{ border-left: 4px solid #c2571a; padding-left: .8rem; }}
</style>
</head>
<body>
<h1>Simulated patients beside what is known of real ones</h1>
<p>{intro}</p>
<p class="verdict">{verdict}</p>
<p>{clip}</p>
<table>
<thead><tr><th>Figure</th><th>Simulated</th><th>Reference</th><th>Source</th><th></th></tr></thead>
<tbody>
{table}
</tbody>
</table>
{figures}
</body>
</html>
"""
