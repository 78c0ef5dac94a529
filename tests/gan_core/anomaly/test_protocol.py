"""What is learned from and what is tested on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gan_core.anomaly import one_class
from gan_core.anomaly.protocol import copies
from gan_core.data import ImageSet, at_hand, embedded_digits
from gan_core.data.parts import apart


def contents(images: Tensor) -> set[tuple[float, ...]]:
    return {tuple(row) for row in images.flatten(1).tolist()}


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    return embedded_digits()


@pytest.fixture(scope="module")
def halves(digits) -> tuple[ImageSet, ImageSet]:
    return apart(digits)


# One class ------------------------------------------------------------------------------


@pytest.mark.parametrize("normal", [[3], [0, 7], list(range(9))])
def test_only_normal_pictures_of_the_training_set_are_learned_from(halves, normal):
    train, test = halves
    split = one_class(train, test, normal)
    expected = [
        image
        for image, label in zip(train.images, train.labels.tolist(), strict=True)
        if label in normal
    ]
    assert torch.equal(split.training, torch.stack(expected))


@pytest.mark.parametrize("normal", [[3], [0, 7], list(range(9))])
def test_all_of_the_test_set_is_scored_and_labelled(halves, normal):
    train, test = halves
    split = one_class(train, test, normal)
    assert torch.equal(split.test, test.images)
    assert torch.equal(split.digits, test.labels)
    assert split.labels.dtype == torch.bool
    assert split.labels.tolist() == [label not in normal for label in test.labels.tolist()]
    assert split.left_out == 0


def test_the_prevalence_is_the_share_of_anomalies(halves):
    split = one_class(*halves, [3])
    labels = halves[1].labels.tolist()
    assert split.prevalence == sum(label != 3 for label in labels) / len(labels)
    assert split.prevalence == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("normal", range(10))
def test_no_test_picture_is_learned_from(halves, normal):
    split = one_class(*halves, [normal])
    assert contents(split.training).isdisjoint(contents(split.test))


def test_a_test_picture_that_was_learned_from_is_left_out(halves):
    train, test = halves
    learned = train.images[train.labels == 3][:4]
    other = train.images[train.labels == 5][:2]  # seen by nobody: the normal ones are learned
    leaky = ImageSet(
        "digits",
        torch.cat([learned, test.images, other]),
        torch.cat([torch.full((4,), 3), test.labels, torch.full((2,), 5)]),
    )
    split = one_class(train, leaky, [3])
    assert split.left_out == 4
    assert torch.equal(split.test, torch.cat([test.images, other]))
    assert torch.equal(split.digits, torch.cat([test.labels, torch.full((2,), 5)]))
    assert len(split.labels) == len(split.test)
    assert contents(split.training).isdisjoint(contents(split.test))


def test_a_set_cannot_be_tested_on_what_was_learned_from_it(digits):
    with pytest.raises(ValueError, match=r"^test must be a set with normal pictures that are not"):
        one_class(digits, digits, [3])


def test_the_order_of_the_normal_digits_does_not_matter(halves):
    one, other = one_class(*halves, [7, 0, 7]), one_class(*halves, (0, 7))
    assert one.normal == other.normal == (0, 7)
    assert torch.equal(one.training, other.training)


@pytest.mark.parametrize("normal", [[], list(range(10)), [10], [-1], [3, 11]])
def test_a_choice_of_normal_digits_that_is_none_is_refused(halves, normal):
    with pytest.raises(
        ValueError, match=r"^normal_digits must be 1 to 9 of the digits 0 to 9, got"
    ):
        one_class(*halves, normal)


def test_nothing_to_learn_from_is_refused(halves):
    train, test = halves
    few = ImageSet("digits", train.images[train.labels != 3], train.labels[train.labels != 3])
    with pytest.raises(
        ValueError, match=r"^train must be a set with pictures of the normal digits"
    ):
        one_class(few, test, [3])


@pytest.mark.parametrize(
    ("kept", "message"),
    [(3, "^test must be a set with anomalies"), (5, "^test must be a set with normal pictures")],
)
def test_a_test_of_one_kind_is_refused(halves, kept, message):
    train, test = halves
    chosen = test.labels == kept
    with pytest.raises(ValueError, match=message):
        one_class(train, ImageSet("digits", test.images[chosen], test.labels[chosen]), [3])


def test_mnist_is_parted_as_published():
    """Some 6,000 to learn from, 10,000 to score, and none of them in both."""
    folder = Path(os.environ.get("GAN_DATA", "data"))
    train, test = (at_hand("mnist", train=part, folder=folder) for part in (True, False))
    if train is None or test is None:
        pytest.skip(f"no MNIST in {folder}: set GAN_DATA to a folder that has it")
    for digit, learned, normal in ((0, 5923, 980), (1, 6742, 1135), (8, 5851, 974)):
        split = one_class(train, test, [digit])
        assert (len(split.training), len(split.test), split.left_out) == (learned, 10_000, 0)
        assert split.prevalence == (10_000 - normal) / 10_000


# Copies and parts -----------------------------------------------------------------------


def test_a_copy_is_one_pixel_by_pixel(digits):
    images = digits.images[:6].clone()
    images[2, 0, 14, 14] += 1e-3
    assert copies(images, digits.images[1:4]).tolist() == [False, True, False, True, False, False]


def test_two_parts_share_no_picture_and_lose_none(digits):
    train, test = apart(digits)
    assert contents(train.images).isdisjoint(contents(test.images))
    assert contents(train.images) | contents(test.images) == contents(digits.images)
    assert len(train.images) + len(test.images) == 1797
    assert len(test.images) == round(0.3 * 1797)


def test_pictures_keep_their_labels_when_they_are_parted(digits):
    known = {
        tuple(row): label
        for row, label in zip(
            digits.images.flatten(1).tolist(), digits.labels.tolist(), strict=True
        )
    }
    for part in apart(digits):
        labels = [known[tuple(row)] for row in part.images.flatten(1).tolist()]
        assert labels == part.labels.tolist()


def test_parts_depend_on_their_seed_alone(digits):
    before = torch.random.get_rng_state()
    first, again, other = apart(digits), apart(digits), apart(digits, seed=1)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first[1].images, again[1].images)
    assert not torch.equal(first[1].images, other[1].images)


@pytest.mark.parametrize("share", [-0.1, 0.0, 1.0, 1.5, 1e-6, 1 - 1e-6, float("nan")])
def test_an_empty_part_is_refused(digits, share):
    with pytest.raises(ValueError, match=r"^test_share must be between 0 and 1"):
        apart(digits, test_share=share)
