"""Settings: declared once, kept, and never trusted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroflow_review.settings import DECLARED, LARGEST_FILE, Settings, default_path

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def test_each_setting_is_declared_once_with_a_default_that_it_accepts_and_a_meaning() -> None:
    keys = [setting.key for setting in DECLARED]
    assert len(keys) == len(set(keys))
    for setting in DECLARED:
        assert setting.accepts(setting.default), setting.key
        assert setting.help.endswith(".")


def test_what_was_set_is_there_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.json"
    first = Settings(path)
    first.set("page.sensitivity", 10.0)
    first.set("look.theme", "dark")
    first.add_recent(Path("/data/a.edf"))
    first.add_recent(Path("/data/b.edf"))
    first.add_recent(Path("/data/a.edf"))
    first.save()
    again = Settings(path)
    assert again.get("page.sensitivity") == 10.0
    assert again.get("look.theme") == "dark"
    assert again.get("files.recent") == [str(Path("/data/a.edf")), str(Path("/data/b.edf"))]
    assert [p.name for p in path.parent.iterdir()] == ["settings.json"]


def test_a_setting_refuses_what_it_may_not_be() -> None:
    settings = Settings()
    for key, value in (
        ("look.theme", "pink"),
        ("reconstruction.samples", 256),
        ("reconstruction.samples", 0),
        ("reconstruction.samples", True),
        ("page.sensitivity", float("nan")),
        ("files.recent", [1]),
        ("look.privacy", 1),
    ):
        with pytest.raises(ValueError, match="cannot be"):
            settings.set(key, value)
    with pytest.raises(KeyError):
        settings.get("no.such.setting")


@given(st.dictionaries(st.sampled_from([s.key for s in DECLARED]) | st.text(max_size=10), JSON, max_size=6))
def test_a_hostile_file_never_gives_a_value_that_its_declaration_forbids(values: dict[str, object]) -> None:
    settings = Settings()
    settings._values = settings._checked(values)
    for setting in DECLARED:
        assert setting.accepts(settings.get(setting.key))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"settings": 3}', "\x00", "[" * 5000, '{"settings": {"look.theme": 5}}']
)
def test_a_damaged_file_means_the_defaults(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text, encoding="utf-8")
    assert Settings(path).get("look.theme") == "light"


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    document = {"settings": {"look.theme": "dark"}, "rest": "x" * LARGEST_FILE}
    path.write_text(json.dumps(document), encoding="utf-8")
    assert Settings(path).get("look.theme") == "light"


def test_a_disk_that_refuses_costs_the_settings_and_not_the_session(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    settings = Settings(blocked / "settings.json")
    settings.set("look.theme", "dark")
    settings.save()
    assert settings.get("look.theme") == "dark"


def test_the_settings_have_a_place_of_their_own() -> None:
    assert default_path().name == "settings.json"
    assert "neuroflow-review" in str(default_path())
