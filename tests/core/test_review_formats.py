"""Review files of other versions, and in other places.

Those of versions before are read as they were written, those of versions to come as far as they can be.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.core.test_review import recording, some_marks

from neuroflow.errors import FileProblem
from neuroflow.io.audit import Seal
from neuroflow.io.review_file import FORMAT, SUFFIX, place_of, read_marks_of_review, read_review, write_review
from neuroflow.io.whole import Whole, whole_of
from neuroflow.jobs import Cancelled, Control
from neuroflow.review import Agreement, BlindReading, Left, Mark, Provenance, Rules, Share

FORMATS = Path(__file__).with_name("formats")
"""Files that the versions of the program wrote which were the first to write each format."""


@pytest.mark.parametrize("name", ["review-1", "review-1-sealed", "review-2", "review-3", "review-5"])
def test_a_file_of_every_format_until_now_is_read_as_it_was_written_and_goes_on_as_this_one(
    tmp_path: Path, name: str
) -> None:
    about, place = recording(tmp_path / "night.edf"), tmp_path / f"night.edf{SUFFIX}"
    place.write_bytes((FORMATS / f"{name}.json").read_bytes())
    found = read_review(about, tmp_path / "own")
    assert (found.notice, found.writable, found.path) == ("", True, place)
    criteria = ("pointed", "field") if int(name[7]) > 1 else ()
    spike, drowsy, far = sorted(found.document, key=lambda mark: mark.start)
    assert spike == Mark("0f8c1d2e3b4a5968", 12.34, "spike", 0.0, "F7–T3", False, "accepted", "Dr Ä",
                         "2026-11-24T12:00:00Z", criteria)  # fmt: skip
    assert drowsy == Mark("77ab00112233aabb", 60.0, "drowsy", 8.0, by="Dr Ä", at="2026-11-24T12:01:00Z")
    assert (far.channel, far.reconstructed, far.decision, far.by) == ("AHL1", True, "unsure", "")
    assert found.audit == (Seal() if name == "review-1" else Seal(3, "ab" * 32))
    left = Left(120.5, "average", True, ("Fp1", "T6"), Provenance("twin-64", "ab" * 32, 7, 39))
    if name == "review-5":
        left = msgspec.structs.replace(left, blinded=blinded(spike))
        assert found.whole == Whole(463104256, 1764149412482113000, "9b" * 32)
    assert found.left == (left if int(name[7]) >= 3 else Left())
    write_review(about, found.document, place, found.audit, left=found.left)
    again = read_review(about, tmp_path / "own")
    assert (again.document, again.left, again.audit) == (found.document, found.left, found.audit)
    assert json.loads(place.read_text("utf-8"))["format"] == FORMAT


def blinded(spike: Mark) -> BlindReading:
    """A blinded reading as it was kept in format 5."""
    source = Provenance("twin-64", "ab" * 32, 7, 39)
    agreement = Agreement(60.0, {"Dr Ä": Share(1, 1, 0.0083)}, Share(1, 1, 0.0083), ((0.0, 60.0),))
    return BlindReading(
        "2026-11-24T11:50:00Z", "Dr Ä", revealed="2026-11-24T12:02:30Z", revealed_by="Dr Ä", marks=(spike,),
        rules=Rules(source, 3.65, ("T6",)), agreement=agreement,
    )  # fmt: skip


def test_where_a_reconstruction_came_from_is_kept_with_implant_band_and_version(tmp_path: Path) -> None:
    about, place = recording(tmp_path / "night.edf"), tmp_path / f"night.edf{SUFFIX}"
    made = Provenance("twin-64", "ab" * 32, 7, 39, "temporal-64", (0.5, 48.0), "0.1.0")
    write_review(about, some_marks(), place, left=Left(reconstruction=made))
    said = json.loads(place.read_text("utf-8"))["left"]["reconstruction"]
    assert (said["implant"], said["band"], said["version"]) == ("temporal-64", [0.5, 48.0], "0.1.0")
    found = read_review(about, tmp_path / "own").left
    assert found is not None
    assert found.reconstruction == made


LONG = "x" * 5000


@pytest.mark.parametrize(
    "spoil",
    [
        lambda said: said["marks"][0].update(by=LONG), lambda said: said["marks"][0].update(channel=LONG),
        lambda said: said["marks"][0].update(at=LONG), lambda said: said["marks"][0].update(id=LONG),
        lambda said: said.update(program=LONG), lambda said: said["recording"].update(name=LONG),
        lambda said: said["recording"].update(whole={"size": 1, "written": 1, "sha256": "of a stranger"}),
    ],
)  # fmt: skip
def test_longer_names_than_there_are_make_a_file_of_a_stranger_no_review_file(
    tmp_path: Path, spoil: Callable[[Any], None]
) -> None:
    """They would be drawn, and written into everything that is saved."""
    about, place = recording(tmp_path / "night.edf"), tmp_path / f"night.edf{SUFFIX}"
    write_review(about, some_marks(), place)
    said = json.loads(place.read_text("utf-8"))
    spoil(said)
    place.write_text(json.dumps(said), "utf-8")
    with pytest.raises(FileProblem, match="no review file"):
        read_marks_of_review(place)
    found = read_review(about, tmp_path / "own")
    assert "damaged" in found.notice
    assert not len(found.document)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda left: left["reconstruction"].update(model=LONG),
        lambda left: left["reconstruction"].update(weights=LONG),
        lambda left: left["reconstruction"].update(implant=LONG),
        lambda left: left["reconstruction"].update(version=LONG),
        lambda left: left["reconstruction"].update(samples=-3),
        lambda left: left["reconstruction"].update(band=[48.0, 0.5]),
        lambda left: left["blinded"].update(by=LONG), lambda left: left["blinded"].update(revealed=LONG),
        lambda left: left["blinded"]["marks"][0].update(text=LONG),
        lambda left: left["blinded"]["rules"].update(excluded=[LONG]),
        lambda left: left["blinded"]["rules"]["provenance"].update(model=LONG),
        lambda left: left["blinded"]["agreement"]["readers"].update({LONG: {"count": 1, "found": 1, "by_chance": 0.1}}),
    ],
)  # fmt: skip
def test_of_a_view_with_longer_names_than_there_are_the_marks_are_kept(
    tmp_path: Path, spoil: Callable[[Any], None]
) -> None:
    about, place = recording(tmp_path / "night.edf"), tmp_path / f"night.edf{SUFFIX}"
    made = Provenance("twin-64", "ab" * 32, 7, 39, "temporal-64", (0.5, 48.0), "0.1.0")
    spike = next(iter(some_marks()))
    write_review(about, some_marks(), place, left=Left(reconstruction=made, blinded=blinded(spike)))
    assert read_review(about, tmp_path / "own").left is not None
    said = json.loads(place.read_text("utf-8"))
    spoil(said["left"])
    place.write_text(json.dumps(said), "utf-8")
    found = read_review(about, tmp_path / "own")
    assert (found.document, found.left) == (some_marks(), None)
    assert found.notice.startswith("How this recording was left cannot be read")


def test_of_a_later_format_what_is_understood_is_shown_and_nothing_is_changed(tmp_path: Path) -> None:
    about, place = recording(tmp_path / "a.edf"), tmp_path / f"a.edf{SUFFIX}"
    write_review(about, some_marks(3), place)
    said = json.loads(place.read_text("utf-8"))
    said |= {"format": FORMAT + 1, "left": "elsewhere", "audit": ["another", "way"]}
    said["marks"][0]["confidence"] = 0.8
    said["marks"][1] |= {"decision": "perhaps"}
    place.write_text(json.dumps(said), "utf-8")
    before = place.read_bytes()
    found = read_review(about, tmp_path / "own")
    assert [mark.id for mark in found.document] == ["m0", "m2"]
    assert not found.writable
    assert "later version" in found.notice
    assert "2 of 3 are shown" in found.notice
    assert "has changed" not in found.notice
    assert "has changed" in read_review(recording(tmp_path / "a.edf", "b" * 16), tmp_path / "own").notice
    assert [p.name for p in tmp_path.iterdir()] == [place.name]
    assert place.read_bytes() == before


@pytest.mark.parametrize("marks", ["many", {"m0": {}}, 7])
def test_of_a_later_format_that_is_not_understood_nothing_is_shown_and_nothing_is_changed(
    tmp_path: Path, marks: object
) -> None:
    place = tmp_path / f"a.edf{SUFFIX}"
    place.write_text(json.dumps({"format": FORMAT + 1, "marks": marks}), "utf-8")
    found = read_review(recording(tmp_path / "a.edf"), tmp_path / "own")
    assert (len(found.document), found.writable) == (0, False)
    assert "update the program" in found.notice
    assert [p.name for p in tmp_path.iterdir()] == [place.name]


def test_marks_are_kept_in_a_chosen_folder_and_stay_where_they_are_already(tmp_path: Path) -> None:
    about, own, chosen = recording(tmp_path / "a.edf"), tmp_path / "own", tmp_path / "all" / "marks"
    place = read_review(about, own, chosen).path
    assert place == chosen / f"{'a' * 16}{SUFFIX}" == place_of(about, own, chosen)
    write_review(about, some_marks(2), place)
    assert read_review(about, own, chosen).document == some_marks(2)
    assert str(place) in read_review(recording(tmp_path / "a.edf", "b" * 16), own, chosen).notice
    before = recording(tmp_path / "before.edf", "c" * 16)
    write_review(before, some_marks(1), read_review(before, own).path)
    found = read_review(before, own, chosen)
    assert (found.document, found.path) == (some_marks(1), tmp_path / f"before.edf{SUFFIX}")


def test_a_chosen_folder_that_takes_nothing_is_named_and_marks_are_kept_as_if_none_were(tmp_path: Path) -> None:
    about, own = recording(tmp_path / "a.edf"), tmp_path / "own"
    (tmp_path / "file").write_text("no folder")
    found = read_review(about, own, tmp_path / "file" / "marks")
    assert found.path == tmp_path / f"a.edf{SUFFIX}"
    assert "cannot be written to" in found.notice
    assert found.writable


def test_a_file_is_read_whole_again_only_where_it_was_written_to(tmp_path: Path) -> None:
    path = tmp_path / "a.edf"
    path.write_bytes(b"recorded" * 1000)
    first = whole_of(path)
    assert first.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    unread = Whole(first.size, first.written, "taken at its word")
    assert whole_of(path, unread) == unread
    os.utime(path, ns=(1, first.written + 1))
    assert whole_of(path, unread) == Whole(first.size, first.written + 1, first.sha256)
    stopped = Control()
    stopped.cancel()
    with pytest.raises(Cancelled):
        whole_of(path, None, stopped)
    with pytest.raises(FileProblem, match="could not be read"):
        whole_of(tmp_path / "none.edf")


def test_what_is_known_of_the_whole_recording_comes_back(tmp_path: Path) -> None:
    about, place = recording(tmp_path / "a.edf"), tmp_path / f"a.edf{SUFFIX}"
    whole = Whole(8000, 1764149412482113000, "9b" * 32)
    write_review(about, some_marks(), place, whole=whole)
    assert read_review(about, tmp_path / "own").whole == whole
    write_review(about, some_marks(), place)
    assert "whole" not in json.loads(place.read_text("utf-8"))["recording"]
    assert read_review(about, tmp_path / "own").whole is None
