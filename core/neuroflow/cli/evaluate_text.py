"""What was measured, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neuroflow.cli.text import count, span_of_time, table

_WORDS = {True: "met", False: "NOT MET", None: "not measured"}


def as_text(found: Mapping[str, Any]) -> str:
    """Everything worth reading of an evaluation; the rest is in its JSON."""
    parts = [f"{found['model']['name']} on {found['on']}", asked_table(found["asked"])]
    if rival := found["autoencoder"]:
        minutes, updates = rival["model_trained_minutes"], rival["model_trained_updates"]
        own = (
            f"{minutes:g}"
            if isinstance(minutes, int | float)
            else f"{updates:,} updates"
            if isinstance(updates, int)
            else ""
        )
        parts.append(
            f"VAE: a conditional autoencoder of the model's size, trained for {rival['trained_minutes']:g} minutes"
            f"{f', the model for {own}' if own else ''}"
        )
    for name, summary in found["measured"].items():
        parts.append(
            f"{name}: {summary['draws']} draws of {summary['windows']} windows, {summary['patients']} patients"
        )
        if "asked" in summary:
            parts.append(asked_table(summary["asked"]))
        parts += _tables(summary)
    parts.append(f"Printed by: {found['command']}")
    return "\n\n".join(parts)


def gaussian_text(found: Mapping[str, Any]) -> str:
    """How far a small flow and a ridge are from the exact optimum; ``found`` as of training.gaussian.Distance."""
    return (
        f"A Gaussian patient of one head, {found['sites']} sites and {found['contacts']} contacts: nats a dimension "
        f"above the exact optimum\n"
        f"flow   {found['distance']:.4f} ± {found['standard_error']:.4f}  "
        f"({count(found['steps'], 'step')} in {span_of_time(60 * found['minutes'])})\n"
        f"ridge  {found['ridge']:.4f}"
    )


def asked_table(lines: Sequence[Mapping[str, Any]]) -> str:
    """What is asked of a model, and what of it is met; lines as :class:`evaluation.verdicts.Verdict` gives them."""
    rows = []
    for line in lines:
        met = line.get("met")
        demand, threshold, measured, note = (str(line.get(k, "")) for k in ("demand", "threshold", "measured", "note"))
        rows.append((demand, threshold, measured, _WORDS[met if isinstance(met, bool) else None]))
        if note:
            rows.append(("", "", f"({note})", ""))
    return "Asked\n" + table(("demand", "threshold", "measured", ""), rows)


def _tables(summary: Mapping[str, Any]) -> list[str]:
    parts = [
        _by_method("r of the mean (median over contacts)", summary["r_of_mean"], 3),
        _by_method("RMSE, µV (median over contacts)", summary["rmse_uv"], 1),
        _by_method("CRPS, µV (mean over contacts)", summary["crps_uv"], 1),
        _by_method("Bipolar: r of the mean", summary["bipolar"]["r_of_mean"], 3),
        _by_method("Bipolar: CRPS, µV", summary["bipolar"]["crps_uv"], 1),
        _column("NLL, nats a dimension", summary["nll_nats_per_dimension"], 4),
        _by_method("Coverage of the model's bands", summary["coverage_by_kind"], 3),
        _by_method("Coverage by rank, uncalibrated", summary["coverage_by_method"], 3),
        _by_method("r by frequency band", summary["r_by_band"], 3),
        _by_method("r by contact along the shaft, 1 mesial", summary["r_by_depth"], 3),
        _by_method("Coupling error per 2 s, referential", summary["coupling_error"]["referential"], 3),
        _by_method("Coupling error per 2 s, bipolar", summary["coupling_error"]["bipolar"], 3),
        _by_method(
            "Spread of samples against the error of their mean, per 2 s",
            {n: {"spread / error": v["ratio"], "r": v["r"]} for n, v in summary["spread_against_error"].items()},
            3,
        ),
    ]
    if summary["spectrum"]:
        parts.append(_column("Spectrum, error in dB", summary["spectrum"]["error_db"], 2))
    return [part for part in parts if part]


def _by_method(title: str, found: Mapping[str, Mapping[str, float | None]], decimals: int) -> str:
    columns = list(dict.fromkeys(key for row in found.values() for key in row))
    if not columns:
        return ""
    rows = [(name, *(_number(row.get(key), decimals) for key in columns)) for name, row in found.items()]
    return f"{title}\n" + table(("", *columns), rows, right=tuple(range(1, len(columns) + 1)))


def _column(title: str, found: Mapping[str, float | None], decimals: int) -> str:
    rows = [(name, _number(value, decimals)) for name, value in found.items()]
    return f"{title}\n" + table(("", ""), rows, right=(1,)) if rows else ""


def _number(value: float | None, decimals: int) -> str:
    return "–" if value is None else f"{value:.{decimals}f}"
