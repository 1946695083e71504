"""EDFbrowser, driven on a screen that nobody sees: opened over its remote control, its samples exported as text.

It needs the commands ``edfbrowser``, ``Xvfb``, ``xdotool`` and, for the words of its refusals, ``import`` (ImageMagick)
and ``tesseract``.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

CODES = {
    104: "unknown extension",
    105: "cannot open the file",
    106: "the file is not EDF or BDF compliant",
    107: "the file is discontiguous (EDF+D or BDF+D)",
    108: "the file has a formatting error",
}
"""From the manual's section on remote control."""


_ADVICE = re.compile(
    r"You can (?:try to )?repair|File is not a valid|For more information|Convert this|If you want|Use the|@"
)
"""What follows the reason in a message box: advice, or the picture on its button."""


class Refused(Exception):
    """EDFbrowser does not open a file, in its own words."""


def version() -> str:
    """EDFbrowser's version, or nothing where it cannot be driven."""
    if not all(shutil.which(command) for command in ("edfbrowser", "Xvfb", "xdotool")):
        return ""
    with screen(), _running() as (ask, _, _):
        return ask("*IDN?").split(",")[1]


@contextmanager
def screen() -> Iterator[None]:
    """A screen of its own for this process and those it starts, where there is Xvfb.

    What is made to draw on none, as ``make`` has our own windows do, draws on it.
    """
    if not shutil.which("Xvfb"):
        yield
        return
    read, write = os.pipe()
    xvfb = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x900x24", "-nolisten", "tcp"],
        pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    before = {name: os.environ.pop(name, None) for name in ("DISPLAY", "QT_QPA_PLATFORM")}
    try:
        os.environ["DISPLAY"] = f":{os.read(read, 16).decode().strip()}"
        yield
    finally:
        del os.environ["DISPLAY"]
        os.environ.update({name: value for name, value in before.items() if value is not None})
        xvfb.terminate()
        xvfb.wait()


def as_text(path: Path) -> dict[str, str]:
    """EDFbrowser's export of a file: ``header``, ``signals``, ``data`` and ``annotations``, in Latin-1 as it writes.

    Empty where it opened the file and exported nothing. Raises: Refused.
    """
    with _running() as (ask, tell, folder):
        tell(f"FILE:OPEN {path}")
        try:
            _until(lambda: ask("*OPC?") == "1", 20)
            code = int(ask("SYSTEM:ERROR?"))
        except TimeoutError:  # a message box waits for an answer
            code = 108
        if code:
            raise Refused(_message(path) or CODES.get(code, f"error {code}"))
        _focus("EDFbrowser")
        _keys("alt+o", *["Down"] * 6, "Return")  # Tools, Export EDF/BDF to ASCII
        _until(lambda: bool(_windows("Export to ASCII")), 5)
        _focus("Export to ASCII")
        _keys("Return")  # asks where to
        if not _until(lambda: len(_windows("Export to ASCII")) > 1, 5):
            return {}
        _focus("Export to ASCII")
        _keys("Return")
        _until(lambda: not _windows("Export to ASCII"), 60)
        data = folder / f"{path.stem}_data.txt"
        size = -1
        while data.exists() and size != (size := data.stat().st_size):
            time.sleep(0.5)
        return {
            file.stem.rpartition("_")[2]: file.read_text(encoding="latin-1")
            for file in folder.glob(f"{path.stem}_*.txt")
        }


@contextmanager
def _running(*arguments: str) -> Iterator[tuple[Callable[[str], str], Callable[[str], None], Path]]:
    """EDFbrowser with its remote control: how to ask, how to tell, and the empty folder that it runs in."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        process = subprocess.Popen(
            ["edfbrowser", f"--rc-host-port={port}", *arguments], cwd=home, env={**os.environ, "HOME": home},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _until(lambda: _listens(port), 15)
            with socket.create_connection(("127.0.0.1", port), timeout=8) as control:

                def tell(command: str) -> None:
                    control.sendall(f"{command}\n".encode())
                    time.sleep(0.2)

                def ask(command: str) -> str:
                    tell(command)
                    return control.recv(65536).decode().strip()

                yield ask, tell, Path(home)
        finally:
            process.kill()
            process.wait()


def _message(path: Path) -> str:
    """What its message box says of a file, as far as it can be read off the screen."""
    if not (shutil.which("tesseract") and shutil.which("import")):
        return ""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        process = subprocess.Popen(
            ["edfbrowser", str(path)], cwd=home, env={**os.environ, "HOME": home},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _until(lambda: bool(_windows("EDFbrowser")), 15)
            time.sleep(1.5)
            picture = Path(home) / "screen.png"
            subprocess.run(["import", "-window", "root", "-resize", "300%", str(picture)], check=False)
            seen = subprocess.run(["tesseract", str(picture), "-"], capture_output=True, text=True, check=False)
        finally:
            process.kill()
            process.wait()
    below_menus = seen.stdout.partition("\n")[2].replace("NO FILE OPENED", "")
    return " ".join(re.split(_ADVICE, below_menus)[0].split())


def _listens(port: int) -> bool:
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.2)
    return False


def _windows(name: str) -> list[str]:
    found = subprocess.run(
        ["xdotool", "search", "--onlyvisible", "--name", name], capture_output=True, text=True, check=False
    )
    return found.stdout.split()


def _focus(name: str) -> None:
    windows = _windows(name)
    if windows:
        subprocess.run(["xdotool", "windowfocus", windows[-1]], check=False)
    time.sleep(0.3)


def _keys(*keys: str) -> None:
    subprocess.run(["xdotool", "key", "--delay", "60", *keys], check=False)
    time.sleep(0.3)
