"""Class shares and the class score: by hand, by torchmetrics, and their ends."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from gan_core.data import load_images
from gan_core.metrics.classes import class_score, class_shares, kl_from_uniform
from gan_core.pretrained import load_classifier


def certain(*counts: int) -> Tensor:
    """Logits of a classifier that has no doubt: so many pictures of each class."""
    classes = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    return 1000.0 * nn.functional.one_hot(classes, len(counts)).float()


def doubtful(count: int = 300) -> Tensor:
    return 2 * torch.randn(count, 10, generator=torch.Generator().manual_seed(5))


def test_shares_are_counted_by_the_largest_logit():
    found = class_shares(certain(3, 1, 0, 4))
    assert found.shares == (0.375, 0.125, 0.0, 0.5)


def test_a_class_is_covered_from_1_percent_on():
    found = class_shares(certain(979, 10, 9, 1, 1))
    assert found.covered == 2


def test_kl_has_the_model_first():
    """KL(p ‖ u) = Σ p ln(p / u): a class that is left out costs nothing by itself."""
    p, u = (0.375, 0.125, 0.5), 1 / 4
    by_hand = sum(share * math.log(share / u) for share in p)
    assert class_shares(certain(3, 1, 0, 4)).kl == pytest.approx(by_hand, abs=1e-12)


def test_kl_goes_from_0_to_the_log_of_the_classes():
    assert kl_from_uniform(torch.tensor([7, 7, 7])) == 0
    assert class_shares(certain(*[0] * 9, 50)).kl == pytest.approx(math.log(10))


def test_half_the_classes_cost_ln_2():
    assert class_shares(certain(*[8] * 5, *[0] * 5)).kl == pytest.approx(math.log(2))


# The class score ----------------------------------------------------------------------------------


def test_the_score_goes_from_1_to_the_number_of_classes():
    assert class_score(certain(*[6] * 10)) == pytest.approx(10)
    assert class_score(certain(*[0] * 9, 60)) == pytest.approx(1)
    assert class_score(torch.zeros(20, 10)) == pytest.approx(1)


def test_the_score_of_some_classes_is_their_number():
    assert class_score(certain(*[6] * 4, *[0] * 6)) == pytest.approx(4)


def test_the_score_is_that_of_the_paper_by_hand():
    logits = doubtful(40).double()
    given = [[math.exp(value) for value in row] for row in logits.tolist()]
    given = [[value / sum(row) for value in row] for row in given]
    overall = [sum(row[y] for row in given) / len(given) for y in range(10)]
    gains = [sum(p * math.log(p / overall[y]) for y, p in enumerate(row)) for row in given]
    assert class_score(logits) == pytest.approx(math.exp(sum(gains) / len(gains)))


@pytest.mark.filterwarnings("ignore:Metric `InceptionScore` will save:UserWarning")
@pytest.mark.filterwarnings("ignore:std\\(\\). degrees of freedom:UserWarning")
def test_torchmetrics_finds_the_same_score():
    from torchmetrics.image.inception import InceptionScore

    logits = doubtful()
    theirs = InceptionScore(feature=nn.Identity(), splits=1)
    theirs.update(logits)
    with torch.random.fork_rng():  # it draws an order
        assert class_score(logits) == pytest.approx(theirs.compute()[0].item(), rel=1e-5)


def test_it_is_blind_to_collapse_within_a_class():
    digits = load_images("digits")
    model = load_classifier()
    logits = model(digits.images)
    sure = [int(logits.softmax(1)[:, digit].argmax()) for digit in range(10)]
    ten = digits.images[sure]  # one picture of each digit, and nothing else
    assert class_score(model(ten.repeat(30, 1, 1, 1))) > 9.9
    assert class_shares(model(ten.repeat(30, 1, 1, 1))).kl == pytest.approx(0, abs=1e-12)
