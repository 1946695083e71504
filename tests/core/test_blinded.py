"""The agreement of readers with what is proposed: laws that any such figure must keep."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroflow.recording import Span
from neuroflow.review import Agreement, Left, Mark, Provenance, Rules, Share
from neuroflow.review.blinded import MOST_STRETCHES, WITHIN, agreement_of, apart, begun, extends, revealed
from neuroflow.review.left import checked_left

SOURCE = Provenance("twin-64", "ab" * 32, 0, 39)
WHOLE = (Span(0.0, 600.0),)
times = st.lists(st.integers(0, 600_000).map(lambda k: k / 1000), max_size=30)


def of(marked: list[float], proposed: list[float], spans: tuple[Span, ...] = WHOLE) -> Agreement:
    return agreement_of({"A": marked}, proposed, spans)


@given(times)
def test_who_marks_what_is_proposed_agrees_wholly(marked: list[float]) -> None:
    found = of(marked, marked)
    assert found.readers["A"].found == found.readers["A"].count == len(marked)
    assert found.proposed.found == found.proposed.count == len(marked)
    assert apart(marked, marked, WHOLE).marked == apart(marked, marked, WHOLE).proposed == ()


@given(times, times)
def test_both_sides_are_measured_alike(ours: list[float], theirs: list[float]) -> None:
    there, back = of(ours, theirs), of(theirs, ours)
    assert (there.readers["A"], there.proposed) == (back.proposed, back.readers["A"])


@given(times, times)
def test_every_discharge_is_found_or_named_as_a_difference(ours: list[float], theirs: list[float]) -> None:
    found, where = of(ours, theirs), apart(ours, theirs, WHOLE)
    assert found.readers["A"].found + len(where.marked) == len(ours)
    assert found.proposed.found + len(where.proposed) == len(theirs)


@given(times, times, st.integers(1, 59))
def test_it_is_the_same_however_the_stretches_are_cut(ours: list[float], theirs: list[float], cut: int) -> None:
    halves = (Span(10.0 * cut, 600.0), Span(0.0, 10.0 * cut))
    assert of(ours, theirs, halves) == of(ours, theirs)


def test_what_lies_outside_the_compared_stretches_counts_for_nothing() -> None:
    spans = (Span(100.0, 200.0), Span(300.0, 310.0))
    found = of([50.0, 150.0, 305.0], [50.0, 150.1, 250.0], spans)
    assert found.seconds == 110.0
    assert (found.readers["A"].count, found.readers["A"].found) == (2, 1)
    assert (found.proposed.count, found.proposed.found) == (1, 1)


def test_a_mark_by_hand_lies_within_a_quarter_of_a_second() -> None:
    assert of([10.0], [10.0 + WITHIN]).readers["A"].found == 1
    assert of([10.0], [10.001 + WITHIN]).readers["A"].found == 0


def test_chance_is_what_marks_anywhere_would_find() -> None:
    rng = np.random.default_rng(0)
    proposed = sorted(rng.uniform(0, 600, 200))
    expected = of([], proposed).readers["A"].by_chance
    marked = list(rng.uniform(0, 600, 20_000))
    found = of(marked, proposed).readers["A"]
    assert found.found / found.count == pytest.approx(expected, abs=0.015)
    assert 0.1 < expected < 2 * WITHIN * 200 / 600, "where proposals lie near one another they reach less"


def test_readers_are_counted_apart_and_a_proposal_once() -> None:
    found = agreement_of({"A": [10.0, 20.0], "B": [10.1]}, [10.05, 30.0], WHOLE)
    assert {name: (s.count, s.found) for name, s in found.readers.items()} == {"A": (2, 1), "B": (1, 1)}
    assert (found.proposed.count, found.proposed.found) == (2, 1)


def test_only_what_was_marked_blind_on_the_scalp_is_kept() -> None:
    early, late = "2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z"
    marks = (
        Mark("1", 1.0, "spike", decision="accepted", by="A", at=early),
        Mark("2", 2.0, "spike", decision="accepted", by="A", at=late),
        Mark("3", 3.0, "spike", decision="rejected", by="A", at=late),
        Mark("4", 4.0, "spike", decision="accepted", reconstructed=True, by="A", at=late),
        Mark("5", 5.0, "drowsy", by="A", at=late),
    )
    later = Mark("6", 6.0, "spike", decision="accepted", by="A", at=early)
    reading = begun("A", marks[:1])
    done = revealed(reading, (*marks, later), "B")
    assert reading.on
    assert not done.on
    assert [m.id for m in done.marks] == ["2", "6"], "whatever the clock said"
    assert (done.by, done.revealed_by) == ("A", "B")


def test_it_is_kept_whole_and_one_that_cannot_be_is_refused() -> None:
    rules = Rules(SOURCE, 3.65, ("T6",))
    reading = revealed(begun("A", seen=True), (Mark("2", 2.0, "spike", decision="accepted", at="2999"),), "B", rules)
    reading = msgspec.structs.replace(reading, agreement=of([2.0], [2.1, 9.0]))
    left = Left(blinded=reading)
    assert checked_left(msgspec.json.decode(msgspec.json.encode(left), type=Left)) == left
    assert reading.agreement is not None
    for stretches in (((2.0, 1.0),), ((-1.0, 1.0),), ((0.0, 1.0),) * (MOST_STRETCHES + 1)):
        long = msgspec.structs.replace(reading.agreement, compared=stretches)
        with pytest.raises(ValueError, match="stretches"):
            checked_left(Left(blinded=msgspec.structs.replace(reading, agreement=long)))
    lying = msgspec.structs.replace(reading.agreement or of([], []), proposed=Share(1, 2, 0.5))
    with pytest.raises(ValueError, match="agreement"):
        checked_left(Left(blinded=msgspec.structs.replace(reading, agreement=lying)))


def test_rules_of_a_file_of_before_that_says_less_of_its_model_are_those_of_now() -> None:
    now = msgspec.structs.replace(SOURCE, implant="temporal-64", band=(0.5, 48.0), version="0.2.0")
    rules = Rules(now, 3.65, ("T6",))
    assert rules.same(Rules(SOURCE, 3.65, ("T6",)))
    assert not rules.same(Rules(SOURCE, 3.7, ("T6",)))
    assert not rules.same(Rules(SOURCE, 3.65))
    for change in ({"seed": 1}, {"samples": 9}, {"weights": "cd" * 32}, {"model": "other"}):
        assert not rules.same(Rules(msgspec.structs.replace(SOURCE, **change), 3.65, ("T6",))), change


def test_more_is_added_only_to_what_was_compared_before() -> None:
    before = of([], [], (Span(0.0, 10.0), Span(20.0, 30.0)))
    assert extends(of([], [], (Span(0.0, 30.0),)), before)
    assert extends(of([], [], (Span(0.0, 10.0), Span(20.0, 30.0), Span(50.0, 60.0))), before)
    assert not extends(of([], [], (Span(10.0, 600.0),)), before), "more, but not the same"
    assert not extends(of([], [], (Span(0.0, 9.0), Span(20.0, 60.0))), before)
    assert not extends(before, before), "nothing was added"


@given(times, st.lists(st.integers(0, 59), min_size=1, max_size=20, unique=True))
def test_chance_is_the_share_of_time_that_is_near_enough(theirs: list[float], minutes: list[int]) -> None:
    spans = tuple(Span(10.0 * k, 10.0 * k + 7.0) for k in minutes)
    grid = np.concatenate([np.arange(s.start + 0.005, s.stop, 0.01) for s in spans])
    inside = np.asarray([t for t in theirs if any(s.start <= t <= s.stop for s in spans)])
    near = np.abs(grid[:, None] - inside[None]).min(axis=1, initial=np.inf) <= WITHIN
    assert of([], theirs, spans).readers["A"].by_chance == pytest.approx(near.mean(), abs=0.01)
