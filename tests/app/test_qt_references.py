"""Qt and Python agree on who holds what: PySide6 6.12.0 on Python 3.11 did not, and aborted the process."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtCore import QObject, Signal, Slot


class Sender(QObject):
    said = Signal(object)
    switched = Signal(bool)


class Receiver(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.heard = 0

    @Slot(object)
    def hear(self, _: object) -> None:
        self.heard += 1

    @Slot(bool)
    def switch(self, _: bool) -> None:
        self.heard += 1


@pytest.mark.usefixtures("qapp")
@pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="None and True have no reference count to lose from Python 3.12 on"
)
def test_five_thousand_signals_leave_the_count_of_none_and_true_as_it_was() -> None:
    sender, receiver = Sender(), Receiver()
    sender.said.connect(receiver.hear)
    sender.switched.connect(receiver.switch)
    before = sys.getrefcount(None), sys.getrefcount(True)
    for _ in range(5000):
        sender.said.emit(None)
        sender.switched.emit(True)
    after = sys.getrefcount(None), sys.getrefcount(True)
    assert receiver.heard == 10_000
    # The lost references would be thousands; a few come and go with the interpreter's own work.
    assert abs(after[0] - before[0]) < 500
    assert abs(after[1] - before[1]) < 500
