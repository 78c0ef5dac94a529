"""States to go back to: which are kept when memory runs out, and where going back lands."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from gan_core.engine.past import SEEN_BYTES, Moment, Past

ROOM = 20


def moment(iteration: int) -> Moment:
    return Moment(iteration, {"weights": torch.zeros(4)}, (1e-3, 2e-3), f"seen at {iteration}")


def past_of(iterations: range, room: int = ROOM) -> Past:
    past = Past(room * (SEEN_BYTES + 16))
    for iteration in iterations:
        if past.wants(iteration):
            past.keep(moment(iteration))
    return past


def test_with_room_for_all_everything_is_kept():
    assert past_of(range(10)).iterations == tuple(range(10))


def test_no_more_is_kept_than_there_is_room_for():
    assert len(past_of(range(1000)).iterations) == ROOM


def test_the_first_and_the_newest_are_always_kept():
    kept = past_of(range(1000)).iterations
    assert (kept[0], kept[-1]) == (0, 999)


def test_the_younger_the_denser():
    kept = past_of(range(1000)).iterations
    assert kept[-2] == 998
    gaps = [later - earlier for earlier, later in pairwise(kept)]
    ages = [999 - iteration for iteration in kept[:-1]]
    assert all(gap <= 2 + age for gap, age in zip(gaps, ages, strict=True))
    assert gaps[len(gaps) // 2] > gaps[-1]


def test_a_state_that_alone_is_too_large_still_has_its_place():
    assert past_of(range(5), room=0).iterations == ()
    assert past_of(range(5), room=1).iterations == (0, 4)


@pytest.mark.parametrize(("wanted", "found"), [(4, 4), (100, 9), (0, 0), (-7, 0)])
def test_going_back_lands_at_or_before_what_was_asked_for(wanted, found):
    past = past_of(range(10))
    assert past.back_to(wanted).iteration == found
    assert past.iterations == tuple(range(found + 1))


def test_between_two_moments_it_is_the_earlier():
    past = past_of(range(0, 100, 10), room=100)
    assert past.back_to(39).iteration == 30


def test_an_empty_past_leads_nowhere():
    assert Past(1000).back_to(3) is None


def test_what_is_older_than_the_newest_is_not_wanted():
    past = past_of(range(10))
    assert not past.wants(9)
    assert past.wants(10)


def test_after_going_back_there_is_room_again():
    past = past_of(range(ROOM))
    past.back_to(3)
    for iteration in range(4, ROOM):
        past.keep(moment(iteration))
    assert past.iterations == tuple(range(ROOM))
