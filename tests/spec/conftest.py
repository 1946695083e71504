"""Rules of a reconstruction are kept or broken in a window: the fixtures of the application's tests serve here too."""

from tests.app.conftest import (  # noqa: F401 - fixtures
    backend,
    demo,
    edf,
    few_channels,
    mine,
    nineteen,
    no_surprises,
    nothing_left_behind,
    opened,
    press,
    qtbot,
    reconstructed,
    session,
    settle,
    window,
)
