"""The yardstick that the live meter reads by: its floors, its blind spots, one for all."""

from __future__ import annotations

import statistics
from concurrent.futures import Future
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from gan_core.data import ImageSet
from gan_core.data.images import embedded_digits
from gan_core.metrics import pictures as module
from gan_core.metrics.classes import class_shares
from gan_core.metrics.frechet import features, frechet_distance
from gan_core.metrics.manifolds import neighbourhoods
from gan_core.metrics.pictures import (
    CLASSES,
    COUNT,
    LEAST,
    NAMES,
    REPEATS,
    Yardstick,
    can_measure,
    yardstick_of,
)
from gan_core.pretrained import load_classifier

DIGITS = embedded_digits()
AS_MNIST = replace(DIGITS, key="mnist")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Yardstick:
    """A yardstick of 250 pictures, with six samples to make its floors."""
    monkeypatch.setattr(module, "COUNT", 250)
    return Yardstick(AS_MNIST)


@pytest.fixture(scope="module")
def whole() -> Yardstick:
    return Yardstick(AS_MNIST)


def seen(images: Tensor) -> Tensor:
    return features(load_classifier(), images)


def sides(count: int) -> list[Tensor]:
    """The samples of a yardstick of so many pictures, the reference first."""
    order = torch.randperm(len(DIGITS.images), generator=torch.Generator().manual_seed(1957))
    parts = [part for part in order.split(count) if len(part) == count]
    return [seen(DIGITS.images[part]) for part in parts[: 1 + REPEATS]]


def test_every_number_is_that_of_its_own_function(small):
    reference, other = sides(250)[0], seen(DIGITS.images[:250])
    found = small.measure(other)
    read = class_shares(load_classifier().head(other))
    assert found["frechet"] == pytest.approx(frechet_distance(reference, other))
    assert found["coverage"] == neighbourhoods(reference, other, k=5).coverage
    assert (found["kl"], found["covered"]) == (read.kl, read.covered)
    assert [found[f"class_{digit}"] for digit in range(CLASSES)] == list(read.shares)
    assert found["count"] == 250


def test_floors_are_the_medians_of_other_real_pictures(small):
    reference, *others = sides(250)
    assert len(others) == REPEATS
    found = small.measure(others[0])
    assert found["frechet_floor"] == pytest.approx(
        statistics.median(frechet_distance(reference, other) for other in others)
    )
    assert found["coverage_floor"] == statistics.median(
        neighbourhoods(reference, other, k=5).coverage for other in others
    )
    assert found["kl_floor"] == statistics.median(
        class_shares(load_classifier().head(other)).kl for other in others
    )


def test_real_pictures_score_the_floor(whole):
    order = torch.randperm(len(DIGITS.images), generator=torch.Generator().manual_seed(5))
    found = whole.measure(seen(DIGITS.images[order[: whole.count]]))
    # About half of these are the reference itself, so that they cannot be farther away.
    assert found["frechet"] < 1.2 * found["frechet_floor"]
    assert found["coverage"] >= found["coverage_floor"] - 0.02
    assert found["covered"] == CLASSES


def test_half_the_digits_missing_shows_in_all_of_them(whole):
    some = DIGITS.images[DIGITS.labels < 5].repeat(2, 1, 1, 1)[: whole.count]
    found = whole.measure(seen(some))
    assert found["frechet"] > 20 * found["frechet_floor"]
    assert found["coverage"] < 0.65
    assert found["kl"] > 0.4
    assert found["covered"] < CLASSES


def test_what_it_tells_is_always_the_same_names(whole):
    assert tuple(whole.measure(seen(DIGITS.images[: whole.count]))) == NAMES
    assert tuple(Yardstick(DIGITS).measure(seen(DIGITS.images[: whole.count]))) == NAMES


@pytest.mark.parametrize("key", ["digits", "kmnist", "fashion_mnist"])
def test_classes_of_other_data_are_not_told(key):
    found = Yardstick(replace(DIGITS, key=key)).measure(seen(DIGITS.images[:898]))
    told = {name for name, value in found.items() if value is not None}
    assert told == {"count", "frechet", "frechet_floor", "coverage", "coverage_floor"}


def test_pictures_that_are_not_finite_have_no_score(whole):
    broken = seen(DIGITS.images[: whole.count])
    broken[0, 0] = torch.nan
    found = whole.measure(broken)
    assert tuple(found) == NAMES
    assert [name for name, value in found.items() if value is not None] == ["count"]


def test_without_enough_real_pictures_there_is_nothing_to_measure_by():
    few = ImageSet("digits", DIGITS.images[: 2 * LEAST - 1], DIGITS.labels[: 2 * LEAST - 1])
    assert not can_measure(few)
    assert can_measure(ImageSet("digits", DIGITS.images[: 2 * LEAST], DIGITS.labels[: 2 * LEAST]))


def test_a_side_has_at_most_a_thousand_pictures(whole):
    assert whole.count == len(DIGITS.images) // 2
    twice = ImageSet("digits", DIGITS.images.repeat(2, 1, 1, 1), DIGITS.labels.repeat(2))
    assert Yardstick(twice).count == COUNT


# One for all --------------------------------------------------------------------------------------


def test_all_runs_on_one_data_set_share_a_yardstick():
    futures = [yardstick_of(AS_MNIST) for _ in range(30)]
    assert isinstance(futures[0], Future)
    assert len({id(future) for future in futures}) == 1
    assert futures[0].result(60).count == len(DIGITS.images) // 2


def test_other_pictures_under_the_same_name_have_another():
    before = yardstick_of(AS_MNIST)
    other = replace(AS_MNIST, images=AS_MNIST.images.clone())
    assert yardstick_of(other) is not before
    assert yardstick_of(other) is yardstick_of(other)


def test_making_and_using_it_leaves_the_shared_random_numbers_alone(whole):
    before = torch.get_rng_state()
    Yardstick(DIGITS)
    whole.measure(seen(DIGITS.images[: whole.count]))
    assert torch.equal(torch.get_rng_state(), before)
