"""Nothing that the program does at run time touches the network: any attempt would end these runs."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

# An audit hook sees every socket that Python opens, whatever library asks for it, and cannot be taken out again.
_GUARD = """
import sys

def guard(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "urllib.Request"):
        raise SystemExit(f"the network was touched: {event} {arguments!r}")

sys.addaudithook(guard)
"""

DEMO = Path(str(files("neuroflow_resources"))) / "demo" / "demo-scalp.edf"


def guarded(code: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        "HOME": str(folder),
        "PATH": "/usr/bin:/bin",
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_CACHE_HOME": str(folder),
    }
    return subprocess.run(
        [sys.executable, "-c", _GUARD + code, *arguments],
        capture_output=True, text=True, timeout=300, env=environment, cwd=folder, check=False,
    )  # fmt: skip


def test_the_guard_itself_works(tmp_path: Path) -> None:
    found = guarded("import socket; socket.create_connection(('127.0.0.1', 9))", folder=tmp_path)
    assert found.returncode == 1
    assert "the network was touched" in found.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("info", str(DEMO)),
        ("models",),
        ("reconstruct", str(DEMO), "-o", "out.edf", "--samples", "2", "--duration", "10"),
        ("repair", str(DEMO), "-o", "clean.edf"),
        ("convert", str(DEMO), "-o", "copy.edf", "--duration", "10", "--rate", "100", "--montage", "longitudinal"),
    ],
    ids=lambda a: a[0],
)
def test_the_shell_stays_off_the_network(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    found = guarded("from neuroflow.cli import main; sys.exit(main(sys.argv[1:]))", *arguments, folder=tmp_path)
    assert found.returncode == 0, found.stderr


def test_the_window_stays_off_the_network(tmp_path: Path) -> None:
    found = guarded(
        "from neuroflow_review.main import main; sys.exit(main(sys.argv[1:]))",
        "--demo", "--at", "340", "--reconstruct", "--do", "trends,map", "--screenshot", "window.png", folder=tmp_path,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert (tmp_path / "window.png").stat().st_size > 10_000
