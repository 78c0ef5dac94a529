"""The Fréchet distance against closed forms, and the eye it looks through."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gan_core.classifier import FEATURES, DigitClassifier, accuracy, train_classifier
from gan_core.data import load_images
from gan_core.metrics.frechet import features, frechet_distance, frechet_floor
from gan_core.pretrained import load_classifier


def cloud(seed: int = 0, count: int = 200, size: int = 4) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    mix = torch.randn(size, size, generator=random, dtype=torch.float64)
    return torch.randn(count, size, generator=random, dtype=torch.float64) @ mix


def root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ values.clamp(min=0).sqrt().diag() @ vectors.T


def test_a_cloud_is_at_distance_zero_from_itself():
    assert frechet_distance(cloud(), cloud()) == pytest.approx(0, abs=1e-6)


def test_a_shift_costs_its_length_squared():
    shift = torch.tensor([3.0, 0, 4, 0], dtype=torch.float64)
    assert frechet_distance(cloud(), cloud() + shift) == pytest.approx(25)


def test_a_stretch_costs_the_square_of_what_it_adds_times_the_variance():
    one = cloud() - cloud().mean(0)
    variance = torch.cov(one.T).trace().item()
    assert frechet_distance(one, 3 * one) == pytest.approx((3 - 1) ** 2 * variance)


def test_two_clouds_are_as_far_apart_as_symmetric_roots_say():
    # Dowson & Landau 1982: tr((S1^1/2 S2 S1^1/2)^1/2), roots by eigh instead of eigvals.
    one, other = cloud(1), cloud(2)
    first, second = torch.cov(one.T), torch.cov(other.T)
    cross = root(root(first) @ second @ root(first)).trace()
    gap = (one.mean(0) - other.mean(0)).square().sum()
    expected = gap + first.trace() + second.trace() - 2 * cross
    assert frechet_distance(one, other) == pytest.approx(expected.item())


def test_the_distance_is_the_same_both_ways():
    there, back = frechet_distance(cloud(1), cloud(2)), frechet_distance(cloud(2), cloud(1))
    assert there == pytest.approx(back)


def test_two_normals_of_one_dimension_are_as_far_apart_as_on_paper():
    """N(0, 1) and N(1, 2²): (0 - 1)² + (1 - 2)² = 2."""
    line = torch.linspace(0, 1, 4002, dtype=torch.float64)[1:-1, None]
    normal = torch.special.ndtri(line)
    normal = (normal - normal.mean()) / normal.std()
    assert frechet_distance(normal, 2 * normal + 1) == pytest.approx(2)


@pytest.mark.parametrize(
    ("size", "count", "draws"), [(4, 2000, 200), (16, 2000, 40), (64, 1000, 6)]
)
def test_two_samples_of_one_normal_score_the_floor(size, count, draws):
    random = torch.Generator().manual_seed(1)
    found = [frechet_distance(*torch.randn(2, count, size, generator=random)) for _ in range(draws)]
    assert sum(found) / draws == pytest.approx(frechet_floor(size, count), rel=0.05)


def test_the_floor_is_that_of_the_first_order_by_hand():
    """The means cost 2d/N; the covariances E²/4, where E has the variance 2(1 + [i = j])/N."""
    size, count = 64, 1000
    means = 2 * size / count
    covariances = sum(
        2 * (2 if i == j else 1) / count / 4 for i in range(size) for j in range(size)
    )
    assert frechet_floor(size, count) == pytest.approx(means + covariances)
    assert frechet_floor(64, 1000) == pytest.approx(2.208)


@pytest.mark.filterwarnings("ignore:Metric `FrechetInceptionDistance` will save:UserWarning")
def test_torchmetrics_finds_the_same_distance():
    from torchmetrics.image.fid import FrechetInceptionDistance

    digits, model = load_images("digits").images, load_classifier()
    real, fake = digits[:900], digits[900:].flip(3)
    theirs = FrechetInceptionDistance(feature=Features(model))
    theirs.update(real, real=True)
    theirs.update(fake, real=False)
    ours = frechet_distance(features(model, real), features(model, fake))
    assert ours > 50
    assert ours == pytest.approx(theirs.compute().item(), rel=1e-4)


class Features(nn.Module):
    """The classifier's features, as torchmetrics asks for them."""

    num_features = FEATURES

    def __init__(self, model: DigitClassifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        return features(self.model, images)


def test_features_do_not_depend_on_how_many_are_asked_for_at_once():
    digits, model = load_images("digits").images[:600], load_classifier()
    one_by_one = torch.cat([features(model, digit[None]) for digit in digits[240:260]])
    assert torch.allclose(features(model, digits)[240:260], one_by_one, atol=1e-4)


def test_features_say_how_many_they_are():
    told: list[int] = []
    features(load_classifier(), load_images("digits").images[:600], told.append)
    assert sum(told) == 600


def test_every_picture_has_64_features(pictures):
    assert features(load_classifier(), pictures).shape == (len(pictures), FEATURES)


def test_the_shipped_classifier_reads_most_embedded_digits():
    digits = load_images("digits")
    assert accuracy(load_classifier(), digits.images, digits.labels) > 0.8


def test_accuracy_is_the_share_of_right_answers(pictures):
    answers = load_classifier()(pictures).argmax(1)
    wrong_once = answers.clone()
    wrong_once[:6] = (wrong_once[:6] + 1) % 10
    assert accuracy(load_classifier(), pictures, wrong_once) == pytest.approx(18 / 24)


@pytest.fixture(scope="module")
def trained() -> DigitClassifier:
    digits = load_images("digits")
    return train_classifier(digits.images, digits.labels, epochs=2)


def test_a_classifier_learns_the_embedded_digits(trained):
    digits = load_images("digits")
    # Two epochs; a guess is right one time in ten.
    assert accuracy(trained, digits.images, digits.labels) > 0.5


def test_training_a_classifier_leaves_the_shared_random_numbers_alone():
    digits = load_images("digits")
    before = torch.get_rng_state()
    train_classifier(digits.images[:128], digits.labels[:128], epochs=1)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_same_seed_trains_the_same_classifier(assert_same):
    digits = load_images("digits")
    data = digits.images[:256], digits.labels[:256]
    one, other = (train_classifier(*data, epochs=1, seed=3).state_dict() for _ in range(2))
    assert_same(one, other)
