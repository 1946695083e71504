"""Progress on standard error: a bar with the time left on a terminal, a line every tenth elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from neuroflow.cli.text import span_of_time

_WIDTH = 30
_REDRAW_SECONDS = 0.1
_TRUST_AFTER = 0.03


class Progress:
    """Call it with a fraction of 0..1; leave its context to end the line."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._began = time.monotonic()
        self._drawn_at = 0.0
        self._tenths = 0
        self._shown = 0

    def __call__(self, fraction: float) -> None:
        now = time.monotonic()
        if self._terminal:
            if now - self._drawn_at >= _REDRAW_SECONDS or fraction >= 1.0:
                self._drawn_at = now
                filled = round(_WIDTH * fraction)
                self._draw(f"{'█' * filled}{'░' * (_WIDTH - filled)} {100 * fraction:3.0f} %  {self._left(fraction)}")
        elif int(fraction * 10) > self._tenths:
            self._tenths = int(fraction * 10)
            print(f"{10 * self._tenths} %  {self._left(fraction)}", file=self._stream, flush=True)

    def begin(self, sentence: str) -> None:
        """Say what comes next, and count fraction and time from here."""
        self.say(sentence)
        self._began = time.monotonic()
        self._tenths = 0

    def say(self, sentence: str) -> None:
        """A sentence on a line of its own, above the bar."""
        if self._terminal:
            self._draw("")
            self._stream.write("\r")
        print(f"neuroflow: {sentence}", file=self._stream, flush=True)

    def _left(self, fraction: float) -> str:
        elapsed = time.monotonic() - self._began
        if fraction >= 1.0:
            return f"in {span_of_time(elapsed)}"
        if fraction < _TRUST_AFTER:
            return ""
        return f"{span_of_time(max(round(elapsed * (1 - fraction) / fraction), 1))} left"

    def _draw(self, line: str) -> None:
        self._stream.write("\r" + line.ljust(self._shown))
        self._stream.flush()
        self._shown = len(line)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._terminal and self._shown:
            self._stream.write("\n")
            self._stream.flush()
