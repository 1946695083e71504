"""An evaluation as one self-contained page of HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from neuroflow.evaluation import figures
from neuroflow.evaluation.held_out import Example
from neuroflow.evaluation.patients import KINDS
from neuroflow.evaluation.verdicts import Verdict

_STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; padding: 2.5rem 2rem 5rem; max-width: 62rem; background: #FCFBF8; color: #1D2226;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .2rem; } h2 { font-size: 1.1rem; margin: 2.6rem 0 .3rem; }
p { margin: .3rem 0 .8rem; max-width: 46rem; } .muted, caption, th { color: #5F666D; }
table { border-collapse: collapse; margin: .6rem 0 1rem; font-variant-numeric: tabular-nums; font-size: .9rem; }
caption { text-align: left; padding: .2rem 0; }
th { font-weight: 500; text-align: left; } th, td { padding: .25rem .9rem .25rem 0; vertical-align: top;
  border-bottom: 1px solid #E4E1DA; } td.n, th.n { text-align: right; }
td.met { color: #2F8F5B; } td.not { color: #A8320F; font-weight: 600; } td small { color: #5F666D; display: block; }
svg { width: 100%; height: auto; display: block; margin: .4rem 0 0; }
code { font-size: .85em; overflow-wrap: anywhere; } .use { color: #A8320F; }
"""


def page(
    title: str, on: str, command: str, not_for: Sequence[str], verdicts: Sequence[Verdict],
    summaries: Mapping[str, Mapping[str, Any]], example: Example | None, names: Sequence[str], shafts: Sequence[str],
) -> str:  # fmt: skip
    """The page. ``summaries`` by local share, or by whatever else they differ in; figures are of the first."""
    main = next(iter(summaries.values()))
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>On {escape(on)}. {main['draws']} samples drawn.</p>",
        f'<p class="use">Not for: {escape("; ".join(not_for))}.</p>' if not_for else "",
        "<h2>Asked and measured</h2>",
        _verdicts(verdicts),
        f'<p class="muted">Printed by <code>{escape(command)}</code></p>',
    ]
    if len(summaries) > 1:
        parts += ["<h2>Beside one another</h2>", _beside(summaries)]
    if example is not None:
        parts += [
            "<h2>A page to look at</h2>",
            f"<p>{escape(example.patient)}. Ink is the recorded signal, purple the median of the samples with their "
            "50 % and 90 % bands; the shaft is the one with the largest signal, the page the one among the first three "
            "patients whose propagated discharge is largest.</p>",
            figures.example_page(example, names, shafts),
        ]
    parts += [
        "<h2>Coverage</h2>",
        "<p>How often the bands hold the truth. Windows of discharges are chosen by the depth EEG: of those that the "
        "scalp does not show, not even the exact posterior would hold as many as it says.</p>",
        figures.coverage(main),
    ]
    if "rms" in main["simulation_based_calibration"]:
        parts += [
            "<h2>Simulation-based calibration</h2>",
            f"<p>Rank of the true window's rms and peak among those of the samples, at one contact drawn for each of "
            f"{main['simulation_based_calibration']['windows']} windows of 2 s. Flat where the samples are right; the "
            "shade holds 99 of 100 bars by chance.</p>",
            figures.calibration(main),
        ]
    parts += [
        "<h2>Contacts</h2>",
        figures.by_contact(main, shafts),
        _contacts_table(main["contacts"]),
        "<h2>Kinds of stretch</h2>",
        figures.by_kind(main),
        _kinds_table(main, "r_of_mean", "r of the mean, median over contacts", 3),
        _kinds_table(main, "rmse_uv", "RMSE, µV, median over contacts", 1),
        _kinds_table(main, "crps_uv", "CRPS, µV, mean over contacts", 1),
        _kinds_table(main["bipolar"], "r_of_mean", "Bipolar: r of the mean", 3),
        _kinds_table(main["bipolar"], "rmse_uv", "Bipolar: RMSE, µV", 1),
        _kinds_table(main["bipolar"], "crps_uv", "Bipolar: CRPS, µV", 1),
        _rows(main["nll_nats_per_dimension"], "NLL, nats a dimension (the VAE's is a bound)", 4),
        "<h2>Bands and depth</h2>",
        figures.by_band_and_depth(main),
        "<h2>Does the spread tell of the error?</h2>",
        "<p>A model whose samples collapse is narrower than it errs, and lies above the line.</p>",
        figures.spread(main),
    ]
    if main["spectrum"]:
        parts += [
            "<h2>Spectrum</h2>",
            "<p>A sample of anything with the right spectrum has it right, whatever the scalp says: this is no "
            "evidence that the scalp was used.</p>",
            figures.spectrum(main),
            _rows(main["spectrum"]["error_db"], "Error, dB (root mean square over patients, contacts, 1 to 45 Hz)", 2),
        ]
    parts += [
        "<h2>Coupling between contacts</h2>",
        "<p>Error of the correlation between contacts in each window of 2 s. The constant to beat is climatology: the "
        "mean coupling of training patients.</p>",
        figures.couplings(main),
    ]
    body = "\n".join(part for part in parts if part)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _verdicts(lines: Sequence[Verdict]) -> str:
    rows = "".join(
        f"<tr><td>{escape(v.demand)}</td><td>{escape(v.threshold)}</td><td>{escape(v.measured)}"
        f"{f'<small>{escape(v.note)}</small>' if v.note else ''}</td>"
        f'<td class="{"" if v.met is None else "met" if v.met else "not"}">{v.word}</td></tr>'
        for v in lines
    )
    return f"<table><tr><th>demand</th><th>threshold</th><th>measured</th><th></th></tr>{rows}</table>"


def _kinds_table(summary: Mapping[str, Any], key: str, caption: str, decimals: int) -> str:
    found = summary[key]
    kinds = [k for k in KINDS if any(k in row for row in found.values())]
    head = "".join(f'<th class="n">{escape(k)}</th>' for k in kinds)
    rows = "".join(
        f"<tr><td>{escape(name)}</td>{''.join(_cell(row.get(k), decimals) for k in kinds)}</tr>"
        for name, row in found.items()
    )
    return f"<table><caption>{escape(caption)}</caption><tr><th></th>{head}</tr>{rows}</table>"


def _contacts_table(contacts: Mapping[str, Any]) -> str:
    """r, RMSE and CRPS of every method at every contact, folded away: it is long."""
    found, parts = contacts["by_method"], []
    head = "".join(f'<th class="n">{escape(method)}</th>' for method in found)
    for key, caption, decimals in (("r", "r of the mean", 3), ("rmse_uv", "RMSE, µV", 1), ("crps_uv", "CRPS, µV", 1)):
        rows = "".join(
            f"<tr><td>{escape(name)}</td>{''.join(_cell(row[key][i], decimals) for row in found.values())}</tr>"
            for i, name in enumerate(contacts["name"])
        )
        parts.append(f"<table><caption>{caption}</caption><tr><th></th>{head}</tr>{rows}</table>")
    return f"<details><summary>Every method at every contact</summary>{''.join(parts)}</details>"


def _rows(found: Mapping[str, float | None], caption: str, decimals: int) -> str:
    rows = "".join(f"<tr><td>{escape(name)}</td>{_cell(value, decimals)}</tr>" for name, value in found.items())
    return f"<table><caption>{escape(caption)}</caption>{rows}</table>"


def _beside(summaries: Mapping[str, Mapping[str, Any]]) -> str:
    """The headline figures of every summary, a column each."""
    rows = []
    for title, pick, decimals in BESIDE:
        cells = "".join(_cell(pick(s), decimals) for s in summaries.values())
        rows.append(f"<tr><td>{escape(title)}</td>{cells}</tr>")
    head = "".join(f'<th class="n">{escape(name)}</th>' for name in summaries)
    return f"<table><tr><th></th>{head}</tr>{''.join(rows)}</table>"


def _at(*path: str) -> Any:
    """A function that follows keys into a summary and gives None where they end."""

    def pick(summary: Any) -> Any:
        for key in path:
            summary = summary.get(key) if isinstance(summary, Mapping) else None
        return summary[0] if isinstance(summary, list) else summary

    return pick


BESIDE = (
    ("r of the mean, model", _at("r_of_mean", "model", "all"), 3),
    ("r of the mean, ridge", _at("r_of_mean", "ridge", "all"), 3),
    ("r in background, model", _at("r_of_mean", "model", "background"), 3),
    ("r in background, ridge", _at("r_of_mean", "ridge", "background"), 3),
    ("r in propagated discharges, model", _at("r_of_mean", "model", "propagated"), 3),
    ("r in propagated discharges, ridge", _at("r_of_mean", "ridge", "propagated"), 3),
    ("CRPS, model over ridge", _at("against_ridge", "crps_ratio", "all"), 3),
    ("CRPS in propagated discharges, model over ridge", _at("against_ridge", "crps_ratio", "propagated"), 3),
    ("NLL, model", _at("nll_nats_per_dimension", "model"), 4),
    ("NLL, ridge with VAR residuals", _at("nll_nats_per_dimension", "ridge"), 4),
    ("coverage of the 50 % band", _at("coverage", "50%"), 3),
    ("coverage of the 90 % band", _at("coverage", "90%"), 3),
    ("calibration of rms, p", _at("simulation_based_calibration", "rms", "p"), 4),
    ("calibration of peak, p", _at("simulation_based_calibration", "peak", "p"), 4),
    ("samples redrawn", _at("safety", "redrawn"), 0),
)


def _cell(value: Any, decimals: int) -> str:
    shown = "–" if value is None else f"{value:.{decimals}f}".replace("-", "−")
    return f'<td class="n">{shown}</td>'
