"""``neuroflow audit FILE``: whether the audit log of a recording's marks is whole."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroflow.cli.text import print_json

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: _SubParsersAction[Any]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "audit",
        help="check the audit log of a recording's marks",
        description="Check that nothing was changed, removed or added in the log of who marked what, and when. Exit "
        "status 0 where it is whole, 1 where it is not.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the log, the review file, or the recording")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Verify. Raises: NeuroflowError."""
    from neuroflow.io import audit, review_file

    log = _log_of(arguments.file)
    expected = review_file.sealed(log.with_name(log.name.removesuffix(audit.SUFFIX) + review_file.SUFFIX))
    found = audit.verify(log, expected)
    if arguments.json:
        print_json({"log": str(log), "entries": found.seal.entries, "seal": found.seal.seal, "problem": found.problem})
    elif found.problem:
        print(f"{log}: {_entries(found.seal.entries)} sound, then {found.problem}.")
    else:
        print(f"{log}: {_entries(found.seal.entries)}, whole; seal {found.seal.seal[:16]}.")
    return 1 if found.problem else 0


def _entries(number: int) -> str:
    return f"{number:,} {'entry' if number == 1 else 'entries'}"


def _log_of(path: Path) -> Path:
    """The log beside whatever of the three was named."""
    from neuroflow.io import audit, review_file

    name = path.name
    for suffix in (audit.SUFFIX, review_file.SUFFIX):
        name = name.removesuffix(suffix)
    return path.with_name(name + audit.SUFFIX)
