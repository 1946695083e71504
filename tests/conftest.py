"""What holds for every test: nothing of the user's own is read, and nothing is left there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Marks, settings and reports of crashes, also of processes that a test starts, go to folders of the tests' own.

    Where the system takes these folders from the environment (freedesktop.org's base directories).
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        yield
