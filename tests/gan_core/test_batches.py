"""Dealing out the data: everything once a pass, in an order that depends on the seed alone."""

from __future__ import annotations

import pytest
import torch

from gan_core.batches import Batches


def dealt(batches: Batches, count: int) -> list[list[int]]:
    return [batches.next().tolist() for _ in range(count)]


def test_a_pass_deals_everything_once():
    batches = Batches(torch.arange(12), 4, seed=0)
    for _ in range(2):
        numbers = [number for batch in dealt(batches, 3) for number in batch]
        assert sorted(numbers) == list(range(12))


def test_what_is_left_at_the_end_of_a_pass_is_not_dealt():
    batches = Batches(torch.arange(10), 4, seed=0)
    assert [len(set(batch)) for batch in dealt(batches, 5)] == [4] * 5
    assert batches.passes == 2


def test_the_last_batch_is_the_one_that_came_last():
    batches = Batches(torch.arange(10), 4, seed=0)
    for _ in range(5):
        assert torch.equal(batches.next(), batches.last())


def test_before_the_first_batch_the_last_is_the_one_to_come():
    batches = Batches(torch.arange(10), 4, seed=0)
    assert torch.equal(batches.last(), batches.next())


def test_looking_at_the_last_batch_deals_nothing():
    one, other = (Batches(torch.arange(10), 4, seed=0) for _ in range(2))
    one.last()
    assert dealt(one, 3) == dealt(other, 3)


def test_another_seed_is_another_order():
    one, other = (dealt(Batches(torch.arange(100), 50, seed=seed), 2) for seed in (0, 1))
    assert one != other


@pytest.mark.parametrize("count", [0, 1, 3, 7])
def test_who_stands_where_another_stood_goes_on_as_it_does(count):
    one, other = (Batches(torch.arange(10), 4, seed=3) for _ in range(2))
    dealt(one, count)
    other.go_to(passes=one.passes, cursor=one.cursor)
    assert torch.equal(one.last(), other.last())
    assert dealt(one, 4) == dealt(other, 4)


def test_fewer_data_than_a_batch_are_dealt_whole():
    batches = Batches(torch.arange(3), 8, seed=0)
    assert [sorted(batch) for batch in dealt(batches, 2)] == [[0, 1, 2]] * 2
    assert batches.epoch == 2


def test_a_cursor_behind_the_end_begins_another_pass():
    batches = Batches(torch.arange(6), 4, seed=0)
    batches.go_to(passes=1, cursor=1000)
    assert len(batches.last()) == 4
    assert len(batches.next()) == 4
    assert batches.passes == 2
