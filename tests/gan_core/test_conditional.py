"""Conditional GANs: who is told which class, by which formula, and that off is off."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_core import checkpoint
from gan_core.checkpoint import CheckpointError
from gan_core.conditional import (
    CLASSES,
    ConditionalGenerator,
    ProjectionDiscriminator,
    checked_labels,
    discriminator_of,
    generator_of,
    one_hot,
    rows_of_classes,
    sheet_of_samples,
    with_classes,
)
from gan_core.config import (
    KEEPS_SHAPES,
    MODEL_KEYS,
    POINT_MODEL,
    OnlyPictures,
    SettingError,
    TrainConfig,
)
from gan_core.export import network_to_bytes
from gan_core.judging import alone, alone_by_class, judges_single, packed
from gan_core.latent import directions, draw, first_weights, principal_directions
from gan_core.layers import MinibatchStd
from gan_core.losses import LOSSES
from gan_core.models import MODELS, build_discriminator, build_generator, without_weights
from gan_core.penalties import R1, GradientPenalty, Judged
from gan_core.spectral import SpectralNorm
from gan_core.stages import train_stages
from gan_core.trainer import Trainer

EVERY_MODEL = pytest.mark.parametrize("model", MODEL_KEYS)
# Each that touches what D is shown or told, then all together.
RECIPES: dict[str, dict[str, Any]] = {
    "plain": {},
    "packs": {"packing": 2},
    "deviation": {"minibatch_stddev": "on"},
    "batch_norm": {"batch_norm": "on"},
    "spectral_norm": {"spectral_norm": "on", "loss": "hinge"},
    "penalties": {"r1": 0.1, "r2": 0.1, "gradient_penalty": 1.0},
    "unrolled": {"unrolled_steps": 2, "gradient_penalty": 1.0},
    "relativistic": {"loss": "relativistic", "weight_clip": 0.1, "generator_steps": 2},
    "noise": {"instance_noise": 0.3, "noise": "uniform"},
    "all": {
        "instance_noise": 0.3,
        "minibatch_stddev": "on",
        "packing": 2,
        "unrolled_steps": 1,
        "batch_norm": "on",
        "examples": 20,
        "spectral_norm": "on",
        "r1": 0.1,
        "gradient_penalty": 1.0,
        "loss": "relativistic",
    },
}
EVERY_RECIPE = pytest.mark.parametrize("recipe", RECIPES)
EVERY_CASE = pytest.mark.parametrize(
    ("model", "recipe"), [*(("dcgan", recipe) for recipe in RECIPES), ("mlp", "plain")]
)


def small(model: str = "dcgan", **changes: Any) -> TrainConfig:
    told = {"conditional": "on", "ema_decay": 0.9, "latent_dim": 3, "batch_size": 8}
    return TrainConfig(model=model, **{**told, **changes})


def telling(count: int = 24) -> tuple[Tensor, Tensor]:
    """Return pictures whose grey tells their label, and the labels: 0, 3, 6, 9, 2, …"""
    labels = torch.arange(count) * 3 % CLASSES
    greys = labels.float() / CLASSES
    return greys.view(-1, 1, 1, 1).expand(-1, 1, 28, 28).contiguous(), labels


def made(model: str = "dcgan", **changes: Any) -> Trainer:
    return Trainer(small(model, **changes), *telling())


def after(trainer: Trainer, iterations: int) -> Trainer:
    for _ in trainer.run(iterations):
        pass
    return trainer


def fresh() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def doubles(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def judge_of(model: str, **changes: Any) -> ProjectionDiscriminator:
    """Return D in float64 and at rest, with weights of an ordinary size."""
    judge = build_discriminator(small(model, **changes), fresh())
    assert isinstance(judge, ProjectionDiscriminator)
    return judge.double().eval()


def classes_of(*labels: int) -> Tensor:
    return one_hot(torch.tensor(labels)).double()


# Off ------------------------------------------------------------------------------------


def test_it_is_off_at_first():
    assert TrainConfig().conditional == "off"


@EVERY_MODEL
def test_off_draws_weights_and_noise_and_nothing_else(model, pictures):
    """What a trainer draws, drawn again by hand from the same seed, in the same order."""
    config = small(model, conditional="off", dropout=0.0)
    trainer, random, pair = Trainer(config, pictures), fresh(), MODELS[model]
    for player, plain in (
        (trainer.generator, pair.generator(3)),
        (trainer.discriminator, pair.discriminator(0.0)),
    ):
        plain.to(memory_format=torch.channels_last)
        pair.initialise(plain, random)
        own, again = player.state_dict(), plain.state_dict()
        assert list(own) == list(again)
        assert all(torch.equal(own[key], again[key]) for key in own)
    for _ in range(3):
        trainer.step_discriminator()
        assert torch.equal(trainer.state_dict()["noise"], torch.randn(8, 3, generator=random))
        trainer.step_generator()
    assert torch.equal(trainer.random.get_state(), random.get_state())


@EVERY_MODEL
def test_off_does_not_look_at_labels(model, pictures, assert_same):
    config = small(model, conditional="off")
    with_labels = Trainer(config, pictures, torch.full((3,), 77))
    assert_same(
        after(with_labels, 2).state_dict(), after(Trainer(config, pictures), 2).state_dict()
    )


def test_a_file_from_before_goes_on(pictures, assert_same):
    trainer = after(Trainer(small(conditional="off"), pictures), 2)
    settings = trainer.config.to_dict()
    del settings["conditional"]
    resumed = Trainer(TrainConfig.from_dict(settings), pictures)
    resumed.load_state_dict(trainer.state_dict())
    assert_same(after(resumed, 2).state_dict(), after(trainer, 2).state_dict())


def test_off_has_no_class_to_ask_for(pictures):
    with pytest.raises(ValueError, match="labels must be left out where conditional is off"):
        Trainer(small(conditional="off"), pictures).sample(2, labels=7)


# The players ----------------------------------------------------------------------------


@EVERY_MODEL
def test_the_logit_is_that_of_the_paper(model, pictures):
    judge, x, labels = judge_of(model), pictures[:4].double(), [7, 0, 7, 3]
    features = judge.net[:-1](x)
    w, b, v = judge.net[-1].weight[0], judge.net[-1].bias[0], judge.embed.weight
    by_hand = [
        sum(w[i] * phi[i] for i in range(len(w))) + b + sum(v[i, y] * phi[i] for i in range(len(w)))
        for phi, y in zip(features, labels, strict=True)
    ]
    ours = judge(x, classes_of(*labels))
    torch.testing.assert_close(ours, torch.stack(by_hand))
    assert not torch.allclose(ours, judge(x, classes_of(1, 1, 1, 1)))


def test_a_pack_is_judged_with_all_its_classes(pictures):
    judge = judge_of("mlp", packing=2)
    x = packed(pictures[:4].double(), 2)
    features, v = judge.net[:-1](x), judge.embed.weight
    # Of the second picture of a pack, the ten columns behind those of the first.
    told = v[:, 7] + v[:, 10 + 0], v[:, 5] + v[:, 10 + 2]
    plain = judge.net(x).squeeze(1)
    by_hand = plain + torch.stack([features[0] @ told[0], features[1] @ told[1]])
    torch.testing.assert_close(judge(x, packed(classes_of(7, 0, 5, 2), 2)), by_hand)


def test_what_is_told_of_the_deviation_counts_for_the_class_too(pictures):
    judge, x = judge_of("mlp", minibatch_stddev="on"), pictures[:4].double()
    deviation = next(layer for layer in judge.net if isinstance(layer, MinibatchStd))
    assert deviation(judge.net[:-2](x)).shape == (4, 257)
    assert judge.embed.weight.shape == (257, 10)


def test_the_embedding_is_divided_by_its_largest_singular_value_as_every_layer():
    judge = judge_of("mlp", spectral_norm="on")
    norm = judge.embed.parametrizations["weight"][0]
    assert isinstance(norm, SpectralNorm)
    assert torch.linalg.matrix_norm(judge.embed.weight, 2).item() == pytest.approx(1, rel=0.05)


@EVERY_MODEL
def test_the_class_is_an_embedding_in_the_first_layer_of_g(model):
    generator = build_generator(small(model), fresh()).double()
    first, z, labels = generator.net[0], doubles(3, 3), torch.tensor([9, 0, 4])
    bias = 0 if first.bias is None else first.bias
    by_hand = torch.stack(
        [
            sum(first.weight[:, i] * z[n, i] for i in range(3)) + first.weight[:, 3 + y] + bias
            for n, y in enumerate(labels)
        ]
    )
    torch.testing.assert_close(first(with_classes(z, labels)), by_hand)


@EVERY_MODEL
def test_of_one_noise_two_classes_are_two_pictures(model):
    trainer = made(model)
    z = trainer.noise(1).repeat(3, 1)
    seven, eight, again = trainer.generate(z, torch.tensor([7, 8, 7]))
    assert (seven - eight).abs().max() > 1e-4
    torch.testing.assert_close(seven, again, rtol=1e-4, atol=1e-6)


@EVERY_MODEL
def test_noise_without_its_class_is_refused(model):
    generator, discriminator = (
        build(small(model), fresh()) for build in (build_generator, build_discriminator)
    )
    assert (generator.latent_dim, generator.inputs) == (3, 13)
    with pytest.raises(ValueError, match="z must have 3 coordinates of noise and 10 of its class"):
        generator(torch.zeros(2, 3))
    with pytest.raises(ValueError, match="classes must be given"):
        discriminator(torch.zeros(2, 1, 28, 28))


@EVERY_MODEL
def test_they_grow_by_the_class_and_nothing_else(model):
    g, d, told_g, told_d = (
        {key: tuple(value.shape) for key, value in network.state_dict().items()}
        for conditional in ("off", "on")
        for network in without_weights(small(model, conditional=conditional))
    )
    out, inputs = g["net.0.weight"]
    assert told_g == {**g, "net.0.weight": (out, inputs + 10)}
    features = {"mlp": 256, "dcgan": 48 * 7 * 7}[model]
    assert told_d == {**d, "embed.weight": (features, 10)}


# Gradients ------------------------------------------------------------------------------


@EVERY_MODEL
def test_what_d_learns_reaches_the_embedding_of_the_classes_it_saw(model):
    images, _ = telling()
    trainer = Trainer(small(model), images, torch.tensor([2, 5]).repeat(12))
    before = trainer.discriminator.embed.weight.detach().clone()
    trainer.step_discriminator()
    moved = (trainer.discriminator.embed.weight != before).any(0)
    assert moved.nonzero().flatten().tolist() == [2, 5]


@EVERY_MODEL
def test_what_g_learns_reaches_the_columns_of_the_classes_it_drew(model):
    images, _ = telling()
    trainer = Trainer(small(model), images, torch.tensor([2, 5]).repeat(12))
    before = trainer.generator.net[0].weight.detach().clone()
    trainer.step_generator()
    moved = (trainer.generator.net[0].weight != before).any(0)
    assert moved.nonzero().flatten().tolist() == [0, 1, 2, 3 + 2, 3 + 5]


def test_the_slope_is_that_of_the_picture_alone(pictures):
    """∇ of ψ(φ(x)) + ⟨V y, φ(x)⟩ by x, in float64, with the class held."""
    judge, x = judge_of("mlp"), pictures[:2].double()
    classes = classes_of(7, 3)
    judged = Judged(judge, real=x[:1], fake=x[1:], random=fresh(), classes=classes.split(1))
    plain = x.clone().requires_grad_()
    features = judge.net[:-1](plain)
    logits = judge.net[-1](features)[:, 0] + (features * judge.embed.weight[:, [7, 3]].T).sum(1)
    (slope,) = torch.autograd.grad(logits.sum(), plain)
    torch.testing.assert_close(R1(4.0)(judged), 2 * slope[:1].square().sum((1, 2, 3)))


@pytest.mark.parametrize("apart", [False, True])
def test_the_gradient_penalty_mixes_classes_as_it_mixes_pictures(pictures, apart):
    judge, x = judge_of("mlp"), pictures[:4].double()
    real, fake = classes_of(7, 3), classes_of(1, 3)
    judged = Judged(
        judge, real=x[:2], fake=x[2:], random=fresh(), classes=(real, fake), apart=apart
    )
    share = torch.rand(2, generator=fresh(), dtype=torch.float64)
    by_hand = []
    for n, e in enumerate(share):
        point = (e * x[n] + (1 - e) * x[2 + n]).unsqueeze(0).requires_grad_()
        mixture = (e * real[n] + (1 - e) * fake[n]).unsqueeze(0)
        (slope,) = torch.autograd.grad(judge(point, mixture).sum(), point)
        by_hand.append(5 * (slope.square().sum().sqrt() - 1) ** 2)
    torch.testing.assert_close(GradientPenalty(5.0)(judged), torch.stack(by_hand))


# The game -------------------------------------------------------------------------------


def what_d_is_told(trainer: Trainer) -> list[tuple[Tensor, ...]]:
    told: list[tuple[Tensor, ...]] = []

    def note(_module: object, arguments: tuple[Tensor, ...]) -> None:
        told.append(tuple(argument.detach() for argument in arguments))

    trainer.discriminator.register_forward_pre_hook(note)
    return told


@pytest.mark.parametrize("recipe", ["plain", "packs", "batch_norm", "relativistic"])
def test_real_pictures_come_with_their_own_labels(recipe):
    trainer = made(**RECIPES[recipe])
    told, packing = what_d_is_told(trainer), trainer.config.packing
    trainer.step_discriminator()
    trainer.step_generator()
    count = 8 // packing
    shown = (
        [told[0], told[-1]] if recipe == "relativistic" else told[:1]
    )  # G looks at real ones too
    for pictures, classes in shown:
        greys = pictures[:count, :, 0, 0] * CLASSES
        labels = classes[:count].view(count, packing, CLASSES).argmax(2)
        assert torch.equal(greys.round().long(), labels)


def test_g_is_judged_by_the_classes_that_it_was_given():
    trainer = made(dropout=0.0)
    told = what_d_is_told(trainer)
    trainer.step_discriminator()
    noise, fake = trainer.state_dict()["noise"], trainer._fake.detach()
    trainer.step_generator()
    by_d, by_g = (told[0][0][8:], told[0][1][8:]), told[1]
    for pictures, classes in (by_d, by_g):
        assert torch.equal(pictures, fake)
        assert torch.equal(classes, noise[:, 3:])
    assert torch.equal(classes.sum(1), torch.ones(8))


def test_the_classes_of_fakes_come_as_often_as_in_the_data():
    images, _ = telling()
    labels = torch.tensor([3, 3, 3, 8]).repeat(6)
    trainer = Trainer(small(batch_size=1000), images, labels)
    drawn = trainer._draw_noise()[:, 3:].mean(0)
    assert drawn[3].item() == pytest.approx(0.75, abs=0.05)
    assert drawn[8].item() == pytest.approx(0.25, abs=0.05)
    assert drawn[3] + drawn[8] == 1


def test_few_examples_keep_their_labels():
    images, labels = telling()
    trainer = Trainer(small(examples=3), images, labels)
    assert trainer.labels.tolist() == [0, 3, 6]
    drawn = trainer._draw_noise()[:, 3:].sum(0).nonzero().flatten().tolist()
    assert {*drawn} <= {0, 3, 6}


@EVERY_CASE
def test_a_conditional_run_goes_on_bit_for_bit(model, recipe, assert_same):
    trainer = after(made(model, **RECIPES[recipe]), 2)
    trainer.step_discriminator()
    saved = checkpoint.from_bytes(checkpoint.to_bytes(trainer.config, trainer.state_dict()))
    assert saved.state["noise"].shape == (8, 13)
    resumed = Trainer(saved.config, *telling())
    resumed.load_state_dict(saved.state)
    for one in (trainer, resumed):
        one.step_generator()
        one.step_generator()
        one.step()
    assert_same(resumed.state_dict(), trainer.state_dict())


@EVERY_CASE
def test_looking_at_classes_changes_nothing(model, recipe, assert_same):
    looked, plain = made(model, **RECIPES[recipe]), made(model, **RECIPES[recipe])
    for move in ("step_discriminator", "step_generator") * 2:
        getattr(looked, move)()
        looked.sample(5)
        looked.sample(2, labels=7)
        sheet_of_samples(looked, 2)
        getattr(plain, move)()
    assert_same(looked.state_dict(), plain.state_dict())


@EVERY_RECIPE
def test_a_move_of_g_leaves_d_alone(recipe, assert_same):
    trainer = made(**RECIPES[recipe])
    trainer.step_discriminator()
    before = {key: v.clone() for key, v in trainer.discriminator.state_dict().items()}
    trainer.step_generator()
    assert_same(trainer.discriminator.state_dict(), before)


@EVERY_RECIPE
def test_the_shared_random_numbers_are_left_alone(recipe):
    before = torch.get_rng_state()
    after(made(**RECIPES[recipe]), 2).sample(3, labels=1)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_is_played_with_classes(loss):
    report = made(**{**RECIPES["all"], "loss": loss}).step()
    assert all(map(math.isfinite, (report.d_loss, report.g_loss, *report.d_terms)))


def test_under_glass_it_is_the_same(assert_same):
    watched, plain = made(), made()
    seen = []
    for _ in range(2):
        assert repr(watched.step(seen.append)) == repr(plain.step())
    assert_same(watched.state_dict(), plain.state_dict())
    assert seen[0].tensors["noise"].shape == (8, 13)


def test_samples_that_wait_go_with_their_classes_where_the_batch_has_another_size():
    trainer = made()
    trainer.step_discriminator()
    other = made(batch_size=4)
    other.adopt(trainer.state_dict())
    assert "noise" not in other.state_dict()
    assert math.isfinite(other.step_generator().g_loss)


def test_weights_of_a_conditional_run_do_not_fit_one_that_is_not(pictures):
    plain = Trainer(small(conditional="off"), pictures)
    for one, other in ((plain, made()), (made(), plain)):
        with pytest.raises(ValueError, match="does not fit"):
            one.adopt(other.state_dict())
        content = checkpoint.to_bytes(one.config, other.state_dict())
        with pytest.raises(CheckpointError) as refusal:
            checkpoint.from_bytes(content)
        assert refusal.value.code == "shape"
    assert "conditional" not in KEEPS_SHAPES


# Asking for a class ---------------------------------------------------------------------


@EVERY_MODEL
def test_without_a_wish_all_classes_come_in_turn(model):
    trainer = made(model)
    labels = torch.tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1])
    assert torch.equal(trainer.sample(12), trainer.sample(12, labels=labels))


@EVERY_MODEL
def test_one_class_may_be_asked_for(model):
    trainer = made(model)
    assert torch.equal(
        trainer.sample(3, seed=5, labels=7), trainer.sample(3, seed=5, labels=torch.full((3,), 7))
    )


def test_samples_are_those_of_the_average():
    trainer = after(made(), 2)
    expected = trainer.average(with_classes(trainer.noise(2), torch.tensor([4, 4])))
    assert torch.equal(trainer.sample(2, labels=4), expected)


@pytest.mark.parametrize("labels", [-1, 10, torch.tensor([0, 10]), torch.tensor([-1, 0])])
def test_a_class_that_is_none_is_refused(labels):
    with pytest.raises(ValueError, match=r"labels must be from 0 to 9, got (-1|10)"):
        made().sample(2, labels=labels)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (None, "labels must be given where conditional is on"),
        (torch.zeros(24), "labels must be an int64 tensor, got torch.float32"),
        (torch.zeros(24, dtype=torch.int32), "labels must be an int64 tensor"),
        (torch.zeros(23, dtype=torch.int64), r"labels must be of shape \(24,\), got \(23,\)"),
        (torch.zeros(24, 1, dtype=torch.int64), r"labels must be of shape \(24,\)"),
        (torch.arange(24), "labels must be from 0 to 9, got 10"),
        (-torch.arange(24), "labels must be from 0 to 9, got -1"),
        ([0] * 24, "labels must be an int64 tensor"),
    ],
    ids=["none", "float", "int32", "short", "matrix", "large", "negative", "list"],
)
def test_bad_labels_are_refused_by_name_and_range(labels, said):
    with pytest.raises(ValueError, match=said):
        Trainer(small(), telling()[0], labels)


def test_good_labels_are_taken_as_they_are():
    labels = torch.arange(10)
    assert checked_labels(labels, 10) is labels


def test_points_have_no_classes():
    with pytest.raises(OnlyPictures, match="conditional must be off where the model makes points"):
        TrainConfig(model=POINT_MODEL, conditional="on")
    assert issubclass(OnlyPictures, SettingError)


# Sheets ---------------------------------------------------------------------------------


def test_a_row_of_a_sheet_is_a_class_and_a_column_is_a_noise():
    trainer = made()
    sheet = sheet_of_samples(trainer, 4).unflatten(0, (CLASSES, 4))
    z = trainer.noise(4)
    for label, row in enumerate(sheet):
        torch.testing.assert_close(row, trainer.generate(z, label), rtol=1e-4, atol=1e-5)


def test_a_sheet_without_classes_is_square(pictures):
    trainer = Trainer(small(conditional="off"), pictures)
    assert torch.equal(sheet_of_samples(trainer, 4), trainer.sample(16))


def test_real_pictures_come_in_rows_too():
    images, labels = telling(14)  # four labels twice, six once
    rows = rows_of_classes(images, labels, 3).unflatten(0, (CLASSES, 3))
    for label, row in enumerate(rows):
        found = int((labels == label).sum())
        assert torch.equal(row[:found], images[labels == label])
        assert torch.equal(row[found:], torch.full((3 - found, 1, 28, 28), -1.0))


# One class alone ------------------------------------------------------------------------


@EVERY_MODEL
def test_a_generator_of_one_class_makes_its_pictures(model, assert_same):
    trainer = after(made(model), 2)
    before = {key: v.clone() for key, v in trainer.average.state_dict().items()}
    plain = generator_of(trainer.average, 7)
    z = trainer.noise(5)
    torch.testing.assert_close(plain(z), trainer.generate(z, 7), rtol=1e-4, atol=1e-5)
    assert not isinstance(plain, ConditionalGenerator)
    assert plain.inputs == plain.latent_dim == 3
    assert network_to_bytes(plain)
    assert_same(trainer.average.state_dict(), before)


@EVERY_MODEL
@pytest.mark.parametrize("recipe", ["plain", "packs", "batch_norm", "spectral_norm"])
def test_a_discriminator_of_one_class_gives_its_verdicts(model, recipe, pictures):
    changes = {"dropout": 0.3, **RECIPES[recipe]}
    judge = after(made(model, **changes), 1).discriminator.eval()
    plain, m = discriminator_of(judge, 7), judge.packing
    x, sevens = packed(pictures[:4], m), packed(one_hot(torch.full((4,), 7)), m)
    torch.testing.assert_close(plain(x), judge(x, sevens), rtol=1e-4, atol=1e-5)
    assert not isinstance(plain, ProjectionDiscriminator)
    assert network_to_bytes(alone(plain, pictures))


@pytest.mark.parametrize("label", [-1, 10])
def test_a_class_that_is_none_has_no_players(label):
    trainer = made()
    for part, player in ((generator_of, "generator"), (discriminator_of, "discriminator")):
        with pytest.raises(SettingError, match="labels must be from 0 to 9"):
            part(getattr(trainer, player), label)


@EVERY_MODEL
@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_network_that_is_told_classes_is_not_written(model, player):
    with pytest.raises(ValueError, match="the format knows no network that is told classes"):
        network_to_bytes(getattr(made(model), player))


def test_a_discriminator_that_is_told_classes_does_not_judge_alone(pictures):
    assert not judges_single(small())
    with pytest.raises(ValueError, match="judges no sample without one"):
        alone(made().discriminator, pictures)
    with pytest.raises(ValueError, match="without company or class"):
        next(train_stages(small(), pictures))


@EVERY_MODEL
def test_directions_are_those_of_the_noise(model):
    """The class only adds to the first layer: what moves it most is the same in all classes."""
    generator = made(model).generator
    found = directions(generator, 2)
    assert found.shape == (2, 3)
    weight = generator.net[0].weight.detach()[:, :3]
    lengths = [*(weight @ found.T).norm(dim=0), *(weight @ draw(1, 3, 0)[0, :, None]).norm(dim=0)]
    assert lengths[0] >= lengths[1]
    torch.testing.assert_close(directions(generator_of(generator, 4), 2), found)
    assert all(not torch.allclose(a, b) for a, b in pairwise(found))


@EVERY_MODEL
def test_principal_directions_are_those_within_the_classes(model):
    """Written out: the answers less the mean of their class, their components, least squares."""
    config = small(model, latent_dim=12)
    generator = build_generator(config, fresh()).eval()
    with torch.no_grad():  # components that lie well apart: each half as long as the one before
        of_noise = first_weights(generator)
        left, _, right = torch.linalg.svd(of_noise, full_matrices=False)
        of_noise.copy_(left @ (8 * 0.5 ** torch.arange(12)).diag() @ right)
    z = torch.randn(600, 12, generator=fresh()).double()
    labels = torch.arange(600) % CLASSES
    first = generator.net[0]
    weight = first.weight.detach().double()
    answers = z @ weight[:, :12].T + weight[:, 12:].T[labels]
    if first.bias is not None:
        answers = answers + first.bias.detach().double()
    slope = 0.2 if model == "mlp" else 0.0
    if model == "dcgan":
        answers = answers / (1 + 1e-5) ** 0.5  # fresh: mean 0, variance 1
    answers = torch.where(answers > 0, answers, slope * answers)
    for label in range(CLASSES):
        answers[labels == label] -= answers[labels == label].mean(0)
    left, _, _ = torch.linalg.svd(answers, full_matrices=False)
    solved = torch.linalg.lstsq(left[:, :4], z).solution
    solved /= solved.norm(dim=1, keepdim=True)
    found = principal_directions(generator, 4, samples=600).double()
    assert ((found * solved).sum(1).abs() > 0.999).all()


def test_principal_directions_do_not_follow_what_the_class_does():
    """Columns of the class that drown the noise, but bend no answer: all stay positive."""
    generator = build_generator(small("mlp", latent_dim=12), fresh()).eval()
    with torch.no_grad():
        generator.net[0].bias.fill_(100.0)
        generator.net[0].weight[:, 12:] = 0.0
        alike = principal_directions(generator, 2, samples=600)
        generator.net[0].weight[:, 12:] = 50 * torch.rand(256, CLASSES, generator=fresh())
    assert ((principal_directions(generator, 2, samples=600) * alike).sum(1) > 0.99).all()


# Judging alone, class by class -------------------------------------------------------------


@EVERY_MODEL
def test_each_judge_alone_is_told_its_class(model, pictures):
    judge = after(made(model, dropout=0.3), 1).discriminator.eval()
    judges = alone_by_class(judge, pictures)
    for label in (0, 7):
        told = judge(pictures, one_hot(torch.full((len(pictures),), label)))
        torch.testing.assert_close(judges[label](pictures), told, rtol=1e-4, atol=1e-5)
    assert len(judges) == CLASSES


@EVERY_MODEL
def test_a_judge_of_packs_is_asked_about_copies_of_one_class(model, pictures):
    judge = after(made(model, packing=2), 1).discriminator.eval()
    sevens = one_hot(torch.full((len(pictures),), 7)).repeat_interleave(2, 0)
    told = judge(packed(pictures.repeat_interleave(2, 0), 2), packed(sevens, 2))
    one = alone_by_class(judge, pictures)[7]
    torch.testing.assert_close(one(pictures), told, rtol=1e-4, atol=1e-5)


@EVERY_MODEL
def test_a_judge_that_hears_of_the_spread_hears_that_of_real_ones_of_all_classes(model, pictures):
    judge = after(made(model, minibatch_stddev="on"), 1).discriminator.eval()
    features = judge.net[:-1](pictures)
    features[:, -1] = features[:, -1].mean()
    seven = judge.embed.weight[:, 7]
    told = judge.net[-1](features).squeeze(1) + features @ seven
    one = alone_by_class(judge, pictures)[7]
    torch.testing.assert_close(one(pictures), told, rtol=1e-4, atol=1e-5)
