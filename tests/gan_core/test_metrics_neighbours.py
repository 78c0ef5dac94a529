"""Nearest neighbours against brute force in float64."""

from __future__ import annotations

import statistics

import pytest
import torch
from torch import Tensor

from gan_core.data.images import embedded_digits
from gan_core.metrics.neighbours import Neighbours


def random(count: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 1, 28, 28, generator=generator) * 2 - 1


def brute_force(images: Tensor, picture: Tensor) -> tuple[int, float]:
    """The nearest by going through all, pixels brought from -1..1 to 0..1."""
    query = (picture.double() + 1) / 2
    distances = [(((image.double() + 1) / 2 - query) ** 2).sum().item() ** 0.5 for image in images]
    nearest = min(distances)
    return distances.index(nearest), nearest


@pytest.fixture(scope="module")
def digits() -> Tensor:
    return embedded_digits().images[:400]


@pytest.mark.parametrize("seed", range(5))
def test_the_nearest_is_that_of_brute_force(seed):
    images, picture = random(200, 1), random(1, 100 + seed)[0]
    found = Neighbours(images).nearest(picture)
    index, distance = brute_force(images, picture)
    assert found.index == index
    assert found.distance == pytest.approx(distance, rel=1e-5)


def test_the_nearest_is_that_of_brute_force_among_digits_too(digits):
    known = Neighbours(digits[:300])
    for picture in digits[300:330]:
        found = known.nearest(picture)
        index, distance = brute_force(digits[:300], picture)
        assert found.index == index
        assert found.distance == pytest.approx(distance, rel=1e-5)


def test_a_copy_has_distance_zero(digits):
    known = Neighbours(digits)
    for index in (0, 17, 399):
        found = known.nearest(digits[index].clone())
        assert found.distance == 0.0
        assert torch.equal(digits[found.index], digits[index])


def test_black_and_white_are_as_far_apart_as_the_root_of_the_pixels():
    known = Neighbours(torch.full((1, 1, 28, 28), -1.0))
    assert known.nearest(torch.ones(1, 28, 28)).distance == pytest.approx(28)


def test_one_pixel_changed_by_half_is_half_away(digits):
    picture = digits[3].clone()
    picture[0, 0, 0] += 1  # from black to the middle grey
    found = Neighbours(digits).nearest(picture)
    assert (found.index, found.distance) == (3, pytest.approx(0.5))


def test_a_single_picture_is_everybodys_neighbour(digits):
    found = Neighbours(digits[:1]).nearest(digits[1])
    assert (found.index, found.distance) == (
        0,
        pytest.approx(brute_force(digits[:1], digits[1])[1]),
    )


@pytest.mark.parametrize("spread", [0.0, 1e-4, 1e-2, 1.0])
def test_rounding_costs_nobody_the_first_place(spread):
    """Pictures near the mean, where a sketch has next to no rest, among others that are far."""
    far = random(300, 2)
    near = far.mean(0) + spread * random(100, 3)
    images = torch.cat([far, near])
    known = Neighbours(images)
    for picture in far.mean(0) + spread * random(40, 4):
        expected = brute_force(images, picture)[1]
        assert known.nearest(picture).distance == pytest.approx(expected, rel=1e-4, abs=1e-5)


# The yardstick ----------------------------------------------------------------------------


def test_the_usual_distance_is_the_median_of_the_nearest(digits):
    seen, unseen = digits[:150], digits[150:171]  # an odd number has one in the middle
    expected = statistics.median(brute_force(seen, picture)[1] for picture in unseen)
    assert Neighbours(seen).usual_distance(unseen) == pytest.approx(expected, rel=1e-5)


def test_the_usual_distance_looks_at_the_first_few_alone(digits):
    known = Neighbours(digits[:150])
    short = known.usual_distance(digits[150:155])
    assert known.usual_distance(digits[150:], count=5) == short


def test_what_was_seen_is_nearer_than_usual(digits):
    known = Neighbours(digits[:300])
    assert known.usual_distance(digits[:50]) == 0.0
    assert known.usual_distance(digits[300:350]) > 1.0


# Sharing ------------------------------------------------------------------------------------


def test_the_pictures_are_neither_copied_nor_changed(digits):
    images = digits.clone()
    known = Neighbours(images)
    known.nearest(digits[5])
    known.usual_distance(digits[:20])
    assert torch.equal(images, digits)
    tensors = [value for value in vars(known).values() if isinstance(value, Tensor)]
    shared = [value for value in tensors if value.numel() == images.numel()]
    assert [value.data_ptr() for value in shared] == [images.data_ptr()]


def test_the_question_is_not_changed(digits):
    picture = digits[5].clone()
    Neighbours(digits).nearest(picture)
    assert torch.equal(picture, digits[5])


# Many at a time -----------------------------------------------------------------------------


def test_many_at_a_time_are_those_one_by_one(digits):
    known = Neighbours(digits[:300])
    pictures = torch.cat([digits[290:400], random(30, 5)])
    expected = [known.nearest(picture).distance for picture in pictures]
    assert known.distances(pictures).tolist() == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert known.distances(digits[:20]).tolist() == [0.0] * 20


def test_it_is_told_of_every_picture(digits):
    told: list[int] = []
    Neighbours(digits[:50]).distances(digits[:131], told.append)
    assert sum(told) == 131
