"""``neuroflow models [NAME]``: what a model reconstructs, what was measured, and what it must not be used for."""

from __future__ import annotations

import argparse
import textwrap
from typing import TYPE_CHECKING, Any

from neuroflow.cli.evaluate_text import asked_table
from neuroflow.cli.text import count, print_json, show, table

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from neuroflow.flow.card import ModelCard

_WIDTH = 100


def add(commands: _SubParsersAction[Any]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser("models", help="list the models, or print one model's card")
    parser.add_argument("name", nargs="?", metavar="NAME", help="an installed model, “default”, or a model's folder")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the list, or one card. Raises: ModelProblem."""
    from neuroflow.flow.card import read_card
    from neuroflow.inference.model import find_model, model_names

    if arguments.name is not None:
        card = read_card(find_model(arguments.name))
        if arguments.json:
            print_json(card_as_json(card))
        else:
            show(card_as_text(card))
        return 0
    cards = [read_card(find_model(name)) for name in model_names()]
    if arguments.json:
        print_json([card_as_json(card) for card in cards])
    elif cards:
        rows = [(c.name, c.version, f"{len(c.implant.contacts)}", f"{c.rate:g}", c.title) for c in cards]
        print(table(("model", "version", "contacts", "Hz", ""), rows, right=(2, 3), indent=""))
    else:
        print("No model is installed; neuroflow reconstruct --model FOLDER takes one from a folder.")
    return 0


def card_as_json(card: ModelCard) -> Any:
    """The card as it stands in its file."""
    import msgspec

    return msgspec.to_builtins(card)


def card_as_text(card: ModelCard) -> str:
    """A page for a person to read."""
    facts = [
        ("Model", f"{card.name}, version {card.version}, of {card.created}"),
        ("", card.title),
        ("Rate", f"{card.rate:g} Hz, band {card.band[0]:g} to {card.band[1]:g} Hz"),
        ("Scalp", f"{', '.join(card.sites)} ({card.fewest_sites} of them at least)"),
        ("Implant", f"{card.implant.name}: {count(len(card.implant.contacts), 'contact')}. {card.implant.source}"),
        ("Weights", f"sha256 {card.weights.sha256}"),
        ("For", card.intended_use),
        *(("Not for" if i == 0 else "", use) for i, use in enumerate(card.not_for)),
    ]
    parts = ["\n".join(_wrapped(name, value) for name, value in facts)]
    rows = []
    for contact in card.implant.contacts:
        x, y, z = contact.mni_mm
        measure = card.contact_measure(contact.name)
        numbers = ("", "", "", "")
        if measure is not None:
            covered = (f"{100 * measure.coverage50:.0f} %", f"{100 * measure.coverage90:.0f} %")
            numbers = (f"{measure.r:.2f}", f"{measure.spread_ratio:.2f}", *covered)
        rows.append((contact.name, contact.shaft, f"{x:.1f}", f"{y:.1f}", f"{z:.1f}", *numbers))
    head = ("contact", "shaft", "x", "y", "z (MNI mm)", "r", "spread", "50 % band held", "90 % band held")
    parts.append(table(head, rows, right=tuple(range(2, 9))))
    measured = dict(card.measured)
    asked = measured.pop("asked", None)
    if isinstance(asked, list) and asked:
        parts.append(asked_table([line for line in asked if isinstance(line, dict)]))
    for share, figures in dict(measured.get("at_other_local_shares", {})).items():
        if isinstance(figures, dict) and isinstance(lines := figures.get("asked"), list):
            parts.append(f"Local share {share}\n\n{asked_table([line for line in lines if isinstance(line, dict)])}")
            rest = {key: value for key, value in figures.items() if key != "asked"}
            measured["at_other_local_shares"] = {**measured["at_other_local_shares"], share: rest}
    for title, values in (("Measured", measured), ("Training", card.training)):
        if values:
            parts.append(f"{title}\n" + "\n".join(_lines(values)))
    return "\n\n".join(parts)


def _wrapped(name: str, value: str) -> str:
    return textwrap.fill(value, _WIDTH, initial_indent=f"{name:<9}", subsequent_indent=" " * 9)


def _lines(values: dict[str, Any], indent: str = "  ") -> list[str]:
    """Nested figures, one a line."""
    lines: list[str] = []
    for name, value in values.items():
        title = name.replace("_", " ")
        if isinstance(value, dict):
            lines.append(f"{indent}{title}")
            lines += _lines(value, indent + "  ")
        else:
            shown = f"{value:.4g}" if isinstance(value, float) else str(value)
            lines.append(
                textwrap.fill(f"{title}: {shown}", _WIDTH, initial_indent=indent, subsequent_indent=indent * 2)
            )
    return lines
