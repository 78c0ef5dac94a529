"""Few labelled pictures: who is fed what, that the test stays unseen, and what seeds come to."""

from __future__ import annotations

import math
from dataclasses import fields
from statistics import NormalDist, mean, stdev

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from gan_core.augmentation import (
    ARMS,
    FEWEST,
    GANS,
    MOST,
    RECIPE,
    VERDICTS,
    Arm,
    Cell,
    CellSettings,
    Interval,
    Learner,
    Pool,
    difference,
    draw,
    mean_of,
    verdict,
)
from gan_core.augmentation.cell import SHOWN
from gan_core.augmentation.learner import BATCH, affine, build_classifier, half_and_half, turned
from gan_core.config import SettingError
from gan_core.data import ImageSet, embedded_digits
from gan_core.data.parts import apart
from gan_core.report import TrainingDiverged
from gan_core.trainer import Trainer

QUICK = CellSettings(n=5, gan_iterations=3, classifier_steps=4, generated=10)
EVERY_ARM = pytest.mark.parametrize("arm", ARMS)


@pytest.fixture(scope="module")
def train() -> ImageSet:
    return apart(embedded_digits())[0]


@pytest.fixture(scope="module")
def test() -> ImageSet:
    """Some of the other digits, which are enough to see that they are looked at."""
    other = apart(embedded_digits())[1]
    return ImageSet(other.key, other.images[:50], other.labels[:50])


def quick(**changes: object) -> CellSettings:
    values = {spec.name: getattr(QUICK, spec.name) for spec in fields(QUICK)}
    return CellSettings(**{**values, **changes})


def random_of(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pool_of(value: float, label: int, count: int = 3) -> Pool:
    return Pool(torch.full((count, 1, 28, 28), float(value)), torch.full((count,), label))


def known(images: Tensor) -> set[bytes]:
    return {picture.numpy().tobytes() for picture in images}


# The few pictures -------------------------------------------------------------------------


def test_as_many_of_each_class_are_drawn_in_turn(train):
    drawn = draw(train, 7, seed=3)
    assert torch.equal(drawn.labels, torch.arange(10).repeat(7))
    assert len(known(drawn.images)) == 70
    theirs = {
        picture.numpy().tobytes(): int(label)
        for picture, label in zip(train.images, train.labels, strict=True)
    }
    found = [theirs[picture.numpy().tobytes()] for picture in drawn.images]
    assert found == drawn.labels.tolist()


def test_fewer_pictures_are_the_first_of_more(train):
    most = draw(train, 100, seed=4)
    for n in (5, 10, 20, 50):
        assert torch.equal(draw(train, n, seed=4).images, most.images[: 10 * n])


def test_another_seed_draws_others_and_the_same_seed_the_same(train):
    one, same, other = (draw(train, 20, seed).images for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert len(known(one) & known(other)) < 60


@pytest.mark.parametrize("n", [FEWEST - 1, MOST + 1, 7.0, True])
def test_n_out_of_range_is_refused(train, n):
    with pytest.raises(SettingError, match="n must be a whole number from 5 to 100"):
        draw(train, n, 0)


def test_a_class_with_too_few_pictures_is_refused(train):
    few = ImageSet(train.key, train.images[:300], train.labels[:300])
    rarest = int(torch.bincount(few.labels).min())
    assert len(draw(few, rarest, 0).images) == 10 * rarest
    with pytest.raises(SettingError, match=f"n must be at most {rarest}"):
        draw(few, rarest + 1, 0)


# What a classifier is dealt ---------------------------------------------------------------


def test_a_pool_deals_all_its_pictures_alike_with_their_classes():
    pool = Pool(torch.arange(4.0).view(4, 1, 1, 1), torch.arange(4) + 5)
    images, labels = pool(4000, random_of())
    assert torch.equal(images.flatten() + 5, labels.float())
    # 1,000 of each are expected, with a deviation of √(4000 · 3/16) = 27.4: five of them.
    assert (torch.bincount(labels - 5) - 1000).abs().max() < 137


def test_half_of_a_batch_comes_from_either():
    images, labels = half_and_half(pool_of(-1, 3), pool_of(1, 7))(64, random_of())
    assert labels.tolist() == [3] * 32 + [7] * 32
    assert images.flatten(1).mean(1).tolist() == [-1.0] * 32 + [1.0] * 32


@EVERY_ARM
def test_every_arm_is_dealt_what_it_says(arm):
    """Real pictures are of class 0 and generated ones of class 1 and 2; frames are black."""
    real = Pool(torch.full((2, 1, 28, 28), 0.5), torch.zeros(2, dtype=torch.int64))
    generated = {"gan": pool_of(0.5, 1), "gan_diff": pool_of(0.5, 2)}
    images, labels = ARMS[arm].deal(real, generated)(BATCH, random_of())
    shares = {
        "real": {0: 64},
        "affine": {0: 64},
        "gan": {0: 32, 1: 32},
        "gan_diff": {0: 32, 2: 32},
        "gan_affine": {0: 32, 1: 32},
        "gan_diff_affine": {0: 32, 2: 32},
        "generated": {1: 64},
        "generated_diff": {2: 64},
    }
    assert {int(label): int((labels == label).sum()) for label in labels.unique()} == shares[arm]
    as_it_is = (images == 0.5).all((1, 2, 3))
    assert not as_it_is.any() if "affine" in arm else as_it_is.all()


def test_the_arms_and_gans_are_those_that_are_named():
    assert tuple(ARMS) == (
        *("real", "affine", "gan", "gan_diff", "gan_affine", "gan_diff_affine"),
        *("generated", "generated_diff"),
    )
    assert {arm.gan for arm in ARMS.values()} == {None, *GANS}
    assert RECIPE.conditional == "on"
    assert {key: RECIPE.replace(**own).diff_augment for key, own in GANS.items()} == {
        "gan": "off",
        "gan_diff": "on",
    }


# Affine -----------------------------------------------------------------------------------


def by_hand(picture: Tensor, turn: float, size: float, across: float, down: float) -> Tensor:
    """Look up each pixel where it came from, bilinear, black outside."""
    result = torch.full_like(picture, -1.0)
    for row in range(28):
        for column in range(28):
            x, y = (2 * column + 1) / 28 - 1, (2 * row + 1) / 28 - 1
            from_x = (math.cos(turn) * x - math.sin(turn) * y) / size + across
            from_y = (math.sin(turn) * x + math.cos(turn) * y) / size + down
            at_column, at_row = ((from_x + 1) * 28 - 1) / 2, ((from_y + 1) * 28 - 1) / 2
            value = 0.0
            for near_row in (math.floor(at_row), math.floor(at_row) + 1):
                for near_column in (math.floor(at_column), math.floor(at_column) + 1):
                    if 0 <= near_row < 28 and 0 <= near_column < 28:
                        share = (1 - abs(at_row - near_row)) * (1 - abs(at_column - near_column))
                        value += share * (picture[0, near_row, near_column].item() + 1)
            result[0, row, column] = value - 1
    return result


def test_affine_is_as_written_by_hand():
    pictures = torch.rand(3, 1, 28, 28, generator=random_of(1), dtype=torch.float64) * 2 - 1
    found = affine(pictures, random_of(2))
    draws = (2 * torch.rand(4, 3, generator=random_of(2), dtype=torch.float64) - 1).T
    for picture, shown, (turn, size, across, down) in zip(
        pictures, found, draws.tolist(), strict=True
    ):
        expected = by_hand(
            picture, math.radians(15) * turn, 1 + 0.1 * size, 0.2 * across, 0.2 * down
        )
        torch.testing.assert_close(shown, expected, atol=1e-12, rtol=0)


def test_every_picture_is_turned_by_a_draw_of_its_own(train):
    same = train.images[:1].expand(20, -1, -1, -1)
    assert len(known(affine(same, random_of()))) == 20
    assert affine(train.images[:50], random_of()).min() >= -1.0001
    assert affine(train.images[:50], random_of()).max() <= 1.0001


# The classifier ---------------------------------------------------------------------------


def test_the_first_weights_depend_on_the_seed_alone():
    before = torch.get_rng_state()
    weights = [
        Learner(deal, 2, seed).classifier.state_dict()
        for deal, seed in ((pool_of(0, 1), 5), (turned(pool_of(1, 2)), 5), (pool_of(0, 1), 6))
    ]
    for name, weight in weights[0].items():
        assert torch.equal(weight, weights[1][name])
        assert not torch.equal(weight, weights[2][name])
    assert torch.equal(torch.get_rng_state(), before)
    for layer in (0, 3, 7, 9):
        weight = build_classifier(random_of()).net[layer].weight
        bound = weight[0].numel() ** -0.5
        assert weight.abs().max() <= bound
        assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.3)


def test_a_step_is_adams_down_the_cross_entropy(train):
    """Adam's first step is rate · gradient / (|gradient| + 1e-8) (Kingma & Ba 2015)."""
    pool = Pool(train.images, train.labels)
    learner = Learner(pool, 100, seed=1)
    before = [weight.detach().clone() for weight in learner.classifier.parameters()]
    images, labels = pool(BATCH, random_of().set_state(learner.random.get_state()))
    loss = cross_entropy(learner.classifier(images), labels)
    gradients = torch.autograd.grad(loss, list(learner.classifier.parameters()))
    rate = learner._schedule.get_last_lr()[0]
    assert learner.step() == pytest.approx(loss.item(), rel=1e-6)
    for old, gradient, weight in zip(
        before, gradients, learner.classifier.parameters(), strict=True
    ):
        expected = old - rate * gradient / (gradient.abs() + 1e-8)
        torch.testing.assert_close(weight.detach(), expected, atol=1e-6, rtol=1e-4)


def test_a_classifier_learns_the_digits(train):
    other = apart(embedded_digits())[1]
    learner = Learner(Pool(train.images, train.labels), 100, seed=0)
    before = learner.accuracy(other.images, other.labels)
    for _ in range(100):
        learner.step()
    assert before < 0.3
    assert learner.accuracy(other.images, other.labels) > 0.9
    assert learner.done == learner.steps


def test_accuracy_is_the_share_of_right_answers():
    learner = Learner(pool_of(0, 1), 2, seed=0)
    images = torch.rand(700, 1, 28, 28, generator=random_of()) * 2 - 1
    answers = learner.classifier(images).argmax(1)
    wrong = answers.clone()
    wrong[:70] = (wrong[:70] + 1) % 10
    assert learner.accuracy(images, answers) == 1
    assert learner.accuracy(images, wrong) == pytest.approx(0.9)


def test_a_loss_out_of_bounds_stops_the_classifier():
    learner = Learner(pool_of(math.nan, 1), 2, seed=0)
    with pytest.raises(TrainingDiverged):
        learner.step()
    assert learner.done == 0


# A cell -----------------------------------------------------------------------------------


def test_a_cell_plays_its_gans_and_then_its_arms(train, test):
    cell = Cell(train, test, QUICK)
    reports = list(cell.run())
    assert [report.done for report in reports] == list(range(1, 41))
    assert {report.total for report in reports} == {40}
    assert cell.done == QUICK.total == 2 * (3 + 1) + 8 * 4
    order = [(report.kind, report.key) for report in reports]
    expected = [("gan", key) for key in GANS for _ in range(3 + 1)]
    assert order == expected + [("classifier", arm) for arm in ARMS for _ in range(4)]
    for number, report in enumerate(reports, 1):
        assert tuple(report.accuracies) == tuple(ARMS)[: max(0, number - 8) // 4]
    assert reports[-1].accuracies == cell.accuracies
    assert [set(report.losses) for report in reports[:4]] == [{"d_loss", "g_loss"}] * 3 + [set()]
    assert {frozenset(report.losses) for report in reports[8:]} == {frozenset({"loss"})}
    assert list(cell.run()) == []


def test_a_gan_makes_its_pictures_in_parts(train, test):
    settings = quick(generated=60, arms=("gan",))  # 600 in all: one part of 500, and 100
    assert settings.parts == 2
    cell = Cell(train, test, settings)
    for _ in range(3):
        cell.step()
    gan = cell.gan
    assert gan is not None
    labels = torch.arange(10).repeat(60)
    noise = gan.noise(600, settings.seed)
    cell.step()
    assert cell.generated == {}
    cell.step()
    assert cell.gan is None
    assert torch.equal(cell.generated["gan"].labels, labels)
    expected = torch.cat(
        [gan.generate(noise[:500], labels[:500]), gan.generate(noise[500:], labels[500:])]
    )
    assert torch.equal(cell.generated["gan"].images, expected)


@pytest.mark.parametrize(
    ("arms", "gans"),
    [
        (("real", "affine"), ()),
        (("gan",), ("gan",)),
        (("generated_diff", "real"), ("gan_diff",)),
        (("gan_diff_affine", "gan"), ("gan", "gan_diff")),
    ],
)
def test_only_the_gans_that_are_needed_are_trained(train, test, arms, gans):
    settings = quick(arms=arms)
    assert settings.gans == gans
    assert settings.total == (3 + 1) * len(gans) + 4 * len(arms)
    cell = Cell(train, test, settings)
    assert len(list(cell.run())) == settings.total
    assert tuple(cell.accuracies) == arms
    assert tuple(cell.generated) == gans


def test_an_arm_is_the_same_alone_and_among_others(train, test):
    whole = Cell(train, test, quick(classifier_steps=8))
    list(whole.run())
    for arm in ARMS:
        alone = Cell(train, test, quick(classifier_steps=8, arms=(arm,)))
        *_, last = alone.run()
        assert last.accuracies == {arm: whole.accuracies[arm]}


def test_stopping_and_going_on_changes_nothing(train, test):
    straight, halting = Cell(train, test, QUICK), Cell(train, test, QUICK)
    list(straight.run())
    while halting.done < QUICK.total:
        for number, _ in enumerate(halting.run()):
            halting.shown()
            if number == 3:
                break
    assert halting.accuracies == straight.accuracies
    assert all(torch.equal(halting.shown()[key], one) for key, one in straight.shown().items())


def test_the_shared_random_numbers_are_left_alone(train, test):
    before = torch.get_rng_state()
    list(Cell(train, test, QUICK).run())
    assert torch.equal(torch.get_rng_state(), before)


def test_another_seed_is_another_cell(train, test):
    one, other = (Cell(train, test, quick(seed=seed)) for seed in (1, 2))
    for cell in (one, other):
        list(cell.run())
    assert not torch.equal(one.real.images, other.real.images)
    assert not torch.equal(one.generated["gan"].images, other.generated["gan"].images)


def test_gans_learn_from_the_drawn_pictures_and_classes_alone(train, test):
    cell = Cell(train, test, quick(n=6, seed=2))
    list(cell.run())
    drawn = draw(train, 6, 2)
    assert torch.equal(cell.real.images, drawn.images)
    for key, own in GANS.items():
        trainer = Trainer(RECIPE.replace(seed=2, **own), drawn.images, drawn.labels)
        for _ in trainer.run(3):
            pass
        labels = torch.arange(10).repeat(10)
        expected = trainer.generate(trainer.noise(100, 2), labels)
        assert torch.equal(cell.generated[key].images, expected)
        assert torch.equal(cell.generated[key].labels, labels)


def test_nothing_that_is_learned_depends_on_the_test_set(train, test):
    """With other test pictures and classes all is the same but the accuracies."""
    cells = []
    for images, labels in (
        (test.images, test.labels),
        (torch.full_like(test.images, math.nan), (test.labels + 1) % 10),
    ):
        cell = Cell(train, ImageSet("digits", images, labels), QUICK)
        weights = []
        for _ in cell.run():
            if cell._learner is not None:
                parts = [value.flatten() for value in cell._learner.classifier.parameters()]
                weights.append(torch.cat(parts).detach().clone())
        cells.append((cell, weights))
    (one, first), (other, second) = cells
    assert len(first) == 8 * 3  # at the last of four steps the classifier is gone
    assert all(map(torch.equal, first, second))
    assert all(torch.equal(other.shown()[key], part) for key, part in one.shown().items())
    assert one.accuracies != other.accuracies


def test_no_test_picture_is_among_those_learned_from(train, test):
    cell = Cell(train, test, quick(n=100))
    assert known(cell.real.images) <= known(train.images)
    assert not known(cell.real.images) & known(test.images)


def test_pictures_are_shown_by_class(train, test):
    cell = Cell(train, test, quick(generated=12))
    assert {key: tuple(part.shape) for key, part in cell.shown().items()} == {
        "real": (10, 5, 1, 28, 28)
    }
    list(cell.run())
    shown = cell.shown()
    assert shown["real"].shape == (10, 5, 1, 28, 28)
    for key in GANS:
        assert shown[key].shape == (10, SHOWN, 1, 28, 28)
    for label in range(10):
        of_one = cell.real.images[cell.real.labels == label]
        assert torch.equal(shown["real"][label], of_one)
        of_one = cell.generated["gan"].images[cell.generated["gan"].labels == label]
        assert torch.equal(shown["gan"][label], of_one[:SHOWN])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"n": 4}, "n must be"),
        ({"seed": -1}, "seed must be"),
        ({"gan_iterations": 0}, "gan_iterations must be"),
        ({"classifier_steps": 1}, "classifier_steps must be"),
        ({"generated": 9}, "generated must be"),
        ({"arms": ()}, "arms must be some of real, affine"),
        ({"arms": ("real", "vae")}, "arms must be"),
        ({"arms": ("real", "real")}, "arms must be"),
    ],
)
def test_settings_out_of_range_are_refused(changes, said):
    with pytest.raises(SettingError, match=said):
        quick(**changes)


def test_an_arm_needs_pictures_from_somewhere():
    with pytest.raises(SettingError, match="gan must be one of gan, gan_diff"):
        Arm(real=False)


# What seeds come to -----------------------------------------------------------------------

# Student's t, .975, of a printed table, by degrees of freedom.
TABLE = {1: 12.7062, 2: 4.3027, 4: 2.7764, 9: 2.2622, 29: 2.0452}


@pytest.mark.parametrize("freedom", TABLE)
def test_the_interval_is_students(freedom):
    values = [0.8 + 0.01 * math.sin(3 * place) for place in range(freedom + 1)]
    found = mean_of(values)
    half = TABLE[freedom] * stdev(values) / math.sqrt(len(values))
    assert found.mean == pytest.approx(mean(values))
    assert found.half == pytest.approx(half, rel=1e-4)
    assert (found.low, found.high) == pytest.approx((found.mean - half, found.mean + half))


def test_the_interval_holds_the_true_mean_19_times_in_20():
    draws = torch.randn(4000, 5, generator=random_of(), dtype=torch.float64).tolist()
    inside = mean(abs(found.mean) <= found.half for found in map(mean_of, draws))
    assert inside == pytest.approx(0.95, abs=0.012)  # 3.5 deviations of √(.95 · .05 / 4000)
    normal = NormalDist().inv_cdf(0.975)  # the quantile of a known σ would be too short
    assert mean_of(draws[0]).half > normal * stdev(draws[0]) / math.sqrt(5)


def test_a_difference_is_taken_seed_by_seed():
    base = [0.70, 0.80, 0.90]
    values = [0.71, 0.82, 0.91]
    found = difference(values, base)
    steps = [0.01, 0.02, 0.01]
    assert found.mean == pytest.approx(mean(steps))
    assert found.half == pytest.approx(4.3027 * stdev(steps) / math.sqrt(3), rel=1e-4)
    # Seeds vary far more than the difference does.
    assert found.half < mean_of(values).half / 10


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.001, 0.02, "helps"),
        (-0.02, -0.001, "hurts"),
        (-0.001, 0.02, "no_difference"),
        (0.0, 0.02, "no_difference"),
        (-0.02, 0.0, "no_difference"),
        (0.0, 0.0, "no_difference"),
    ],
)
def test_the_verdict_asks_whether_0_is_left_out(low, high, said):
    assert verdict(Interval((low + high) / 2, (high - low) / 2)) == said
    assert said in VERDICTS


@pytest.mark.parametrize("values", [[], [0.5], [0.5, math.nan], [0.5, math.inf]])
def test_values_without_an_interval_are_refused(values):
    with pytest.raises(SettingError, match="values must be two finite numbers or more"):
        mean_of(values)


def test_a_difference_needs_the_same_seeds():
    with pytest.raises(SettingError, match="base must be of 3 seeds"):
        difference([0.1, 0.2, 0.3], [0.1, 0.2])
