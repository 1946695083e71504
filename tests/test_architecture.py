"""The rules of ARCHITECTURE.md that only show when the program runs; import-linter checks the others."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("torch", "mne", "scipy.signal", "matplotlib", "pandas", "edfio")


def loaded_after(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after running some code."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print('\\n'.join(sys.modules))"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["neuroflow_review.main", "neuroflow_review.window"])
def test_the_window_is_there_before_anything_heavy_is_loaded(module: str) -> None:
    assert not loaded_after(f"import {module}") & set(HEAVY)


def test_the_engine_runs_without_qt() -> None:
    loaded = loaded_after("import neuroflow.cli, neuroflow.io, neuroflow.inference.engine, neuroflow.export")
    assert not {name for name in loaded if name.startswith(("PySide6", "shiboken6", "pyqtgraph", "neuroflow_review"))}


def test_the_shell_answers_without_loading_torch() -> None:
    assert "torch" not in loaded_after("import neuroflow.cli.front, neuroflow.cli.info, neuroflow.cli.models")


def test_the_pyside_that_aborts_on_python_3_11_is_excluded() -> None:
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {r.name: r.specifier for r in map(Requirement, project["dependencies"])}
    assert "6.12.0" not in wanted["PySide6-Essentials"]
    assert "6.11.0" in wanted["PySide6-Essentials"]


def test_what_is_loaded_late_is_asked_of_its_package_and_never_of_a_part_of_it() -> None:
    """Lanes load libraries at the same time: one that asks for a part, which the package that another loads asks for
    too, waits for the other while the other waits for it, and Python fails either. Seen once: no spectrogram.
    """
    found = []
    for path in sorted(p for part in ("core", "app") for p in (ROOT / part).rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                late = (node for node in ast.walk(function) if isinstance(node, ast.ImportFrom) and node.module)
                found += [
                    f"{path.name}: {node.module}" for node in late if re.match(r"scipy\.\w+\.", node.module or "")
                ]
    assert not found
