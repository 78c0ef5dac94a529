"""Remedies: each changes exactly what its paper says, combines with the others, and resumes."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from gan_core import checkpoint
from gan_core.config import (
    KEEPS_SHAPES,
    MODEL_KEYS,
    POINT_MODEL,
    SettingError,
    TrainConfig,
    UnfilledPacks,
)
from gan_core.judging import alone, at_rest, blurred, compares, noise_left, packed
from gan_core.layers import BatchNorm, Discriminator, MinibatchStd, following
from gan_core.losses import LOSSES
from gan_core.models import MODELS, build_discriminator, without_weights
from gan_core.optimizers import OPTIMIZERS, adam, sgd
from gan_core.penalties import PENALTIES, Judged
from gan_core.trainer import Trainer
from gan_core.unrolling import AdamDescent, PlainDescent, descent_of, look_ahead

EVERY_MODEL = pytest.mark.parametrize("model", [*MODEL_KEYS, POINT_MODEL])
# Each alone, then pairs that touch the same thing, then all.
RECIPES: dict[str, dict[str, Any]] = {
    "noise": {"instance_noise": 0.5},
    "falling_noise": {"instance_noise": 0.5, "instance_noise_moves": 4},
    "deviation": {"minibatch_stddev": "on"},
    "packs": {"packing": 2},
    "unrolled": {"unrolled_steps": 2},
    "batch_norm": {"batch_norm": "on"},
    "examples": {"examples": 9},
    "unrolled_relativistic": {"unrolled_steps": 1, "loss": "relativistic", "r1": 0.1},
    "unrolled_descent": {"unrolled_steps": 2, "optimizer": "sgd", "weight_clip": 0.1},
    "packs_with_penalties": {"packing": 4, "r1": 0.1, "r2": 0.1, "gradient_penalty": 1.0},
    "deviation_with_penalties": {"minibatch_stddev": "on", "r1": 0.1, "gradient_penalty": 1.0},
    "batch_norm_with_penalties": {"batch_norm": "on", "r2": 0.1, "gradient_penalty": 1.0},
    "all": {
        "instance_noise": 0.3,
        "instance_noise_moves": 7,
        "minibatch_stddev": "on",
        "packing": 2,
        "unrolled_steps": 2,
        "batch_norm": "on",
        "examples": 20,
        "spectral_norm": "on",
        "r1": 0.1,
        "gradient_penalty": 1.0,
        "weight_clip": 0.5,
        "loss": "relativistic",
    },
}
EVERY_RECIPE = pytest.mark.parametrize("recipe", RECIPES)
# Every recipe with points, which are quick, and with pictures the one that has everything.
EVERY_CASE = pytest.mark.parametrize(
    ("model", "recipe"),
    [*((POINT_MODEL, recipe) for recipe in RECIPES), *((model, "all") for model in MODEL_KEYS)],
)
NEW = (
    *("instance_noise", "instance_noise_moves", "minibatch_stddev", "packing"),
    *("unrolled_steps", "batch_norm", "examples"),
)


def small(model: str, **changes: Any) -> TrainConfig:
    plain = TrainConfig(
        model=model, latent_dim=3, batch_size=8, width=16, layers=2, dropout=0.3, ema_decay=0.9
    )
    return plain.replace(**changes)


def data_for(model: str, count: int = 24) -> Tensor:
    random = torch.Generator().manual_seed(3)
    shape = (count, *MODELS[model].sample_shape)
    return torch.rand(shape, generator=random) * 2 - 1


def made(model: str, count: int = 24, **changes: Any) -> Trainer:
    return Trainer(small(model, **changes), data_for(model, count))


def after(trainer: Trainer, steps: int) -> Trainer:
    for _ in trainer.run(steps):
        pass
    return trainer


def doubles(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def what_d_sees(trainer: Trainer) -> list[Tensor]:
    """Note whatever D is called with."""
    seen: list[Tensor] = []
    trainer.discriminator.register_forward_pre_hook(lambda _module, x: seen.append(x[0].detach()))
    return seen


# All of them ------------------------------------------------------------------------------


@EVERY_CASE
def test_a_run_with_a_remedy_goes_on_bit_for_bit(model, recipe, assert_same):
    trainer = after(made(model, **RECIPES[recipe]), 3)
    trainer.step_discriminator()
    saved = checkpoint.from_bytes(checkpoint.to_bytes(trainer.config, trainer.state_dict()))
    resumed = Trainer(saved.config, data_for(model))
    resumed.load_state_dict(saved.state)
    for one in (trainer, resumed):
        one.step_generator()
        one.step_generator()
        one.step()
    assert_same(resumed.state_dict(), trainer.state_dict())


@EVERY_CASE
def test_looking_changes_nothing_with_a_remedy(model, recipe, assert_same):
    looked, plain = made(model, **RECIPES[recipe]), made(model, **RECIPES[recipe])
    for _ in range(3):
        for move in ("step_discriminator", "step_generator"):
            getattr(looked, move)()
            looked.sample(3)
            alone(looked.discriminator, looked.data)(looked.data[:3])
            with at_rest(looked.discriminator) as judge:
                judge(packed(looked.data[:8], looked.config.packing))
            getattr(plain, move)()
    assert_same(looked.state_dict(), plain.state_dict())


@EVERY_CASE
def test_under_glass_a_remedy_is_the_same(model, recipe, assert_same):
    watched, plain = made(model, **RECIPES[recipe]), made(model, **RECIPES[recipe])
    for _ in range(3):
        assert repr(watched.step(lambda _moment: None)) == repr(plain.step())
    assert_same(watched.state_dict(), plain.state_dict())


@EVERY_CASE
def test_a_generator_move_leaves_d_and_its_optimiser_alone(model, recipe):
    trainer = made(model, **RECIPES[recipe])
    trainer.step_discriminator()
    before = trainer.state_dict()
    gradients = [weight.grad.clone() for weight in trainer.discriminator.parameters()]
    trainer.step_generator()
    now = trainer.state_dict()
    of_d = [key for key in before if key.startswith("discriminator")]
    assert [key for key in of_d if not torch.equal(before[key], now[key])] == []
    weights = trainer.discriminator.parameters()
    assert all(torch.equal(w.grad, old) for w, old in zip(weights, gradients, strict=True))


@EVERY_RECIPE
def test_the_shared_random_numbers_are_left_alone_by_a_remedy(recipe):
    before = torch.get_rng_state()
    after(made(POINT_MODEL, **RECIPES[recipe]), 2)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_takes_every_remedy(loss):
    report = made(POINT_MODEL, **{**RECIPES["all"], "loss": loss}).step()
    assert all(map(math.isfinite, (report.d_loss, report.g_loss, *report.d_terms)))


@EVERY_CASE
def test_data_smaller_than_a_batch_are_enough_for_a_remedy(model, recipe):
    changes = {**RECIPES[recipe], "batch_size": 16, "examples": 0}
    report = made(model, count=9, **changes).step()
    assert math.isfinite(report.d_loss + report.g_loss)


def test_all_remedies_are_off_at_first():
    config = TrainConfig()
    assert [getattr(config, name) for name in NEW] == [0.0, 0, "off", 1, 0, "off", 0]


@EVERY_MODEL
def test_a_file_from_before_there_were_these_remedies_goes_on(model, assert_same):
    trainer = after(made(model), 2)
    content = checkpoint.to_bytes(trainer.config, trainer.state_dict())
    settings = {key: v for key, v in trainer.config.to_dict().items() if key not in NEW}
    assert len(settings) == len(fields(TrainConfig)) - len(NEW)
    old = TrainConfig.from_dict(json.loads(json.dumps(settings)))
    assert old == trainer.config
    resumed = Trainer(old, data_for(model))
    resumed.load_state_dict(checkpoint.from_bytes(content).state)
    assert_same(after(resumed, 2).state_dict(), after(trainer, 2).state_dict())


# Instance noise ---------------------------------------------------------------------------


def test_the_noise_is_normal_with_the_variance_it_should_have():
    samples = doubles(20_000, 2)
    added = blurred(samples, 0.7, torch.Generator().manual_seed(1)) - samples
    assert added.mean().item() == pytest.approx(0, abs=0.02)
    assert added.var().item() == pytest.approx(0.49, rel=0.03)
    assert (added.abs() < 0.7).double().mean().item() == pytest.approx(0.6827, abs=0.01)


def test_no_noise_is_nothing_at_all():
    samples, random = doubles(4, 2), torch.Generator().manual_seed(1)
    before = random.get_state()
    assert blurred(samples, 0.0, random) is samples
    assert torch.equal(random.get_state(), before)


def test_noise_lets_gradients_through():
    samples = doubles(4, 2).requires_grad_()
    blurred(samples, 0.5, torch.Generator().manual_seed(1)).sum().backward()
    assert torch.equal(samples.grad, torch.ones_like(samples))


@EVERY_MODEL
def test_real_and_generated_samples_get_noise_of_their_own(model):
    """With σ = 2 the noise is most of what D sees of either kind, in either player's move."""
    trainer = made(model, instance_noise=2.0, count=400, batch_size=100)
    seen = what_d_sees(trainer)
    trainer.step_discriminator()
    clean = torch.cat([trainer._batches.last(), trainer._fake.detach()])
    trainer.step_generator()
    in_d, in_g = seen[0] - clean, seen[1] - clean[100:]
    for noise in (in_d[:100], in_d[100:], in_g):
        assert noise.std().item() == pytest.approx(2, rel=0.15)
    assert not torch.allclose(in_d[:100], in_d[100:])
    assert not torch.allclose(in_d[100:], in_g)


def test_noise_falls_along_a_line_and_then_is_gone():
    falling = TrainConfig(instance_noise=0.8, instance_noise_moves=4)
    sigmas = [noise_left(falling, moves) for moves in range(7)]
    assert sigmas == pytest.approx([0.8, 0.6, 0.4, 0.2, 0, 0, 0])
    assert noise_left(falling.replace(instance_noise_moves=0), 10**6) == 0.8


def test_d_sees_the_noise_of_its_own_move_and_g_that_of_the_next():
    changes = {"instance_noise": 1.0, "instance_noise_moves": 2, "count": 4000}
    trainer = made(POINT_MODEL, batch_size=1000, **changes)
    seen = what_d_sees(trainer)
    spreads = []
    for _ in range(3):
        trainer.step_discriminator()
        fake = trainer._fake.detach()
        trainer.step_generator()
        of_d, of_g = seen[-2][1000:], seen[-1]
        spreads += [(of_d - fake).std().item(), (of_g - fake).std().item()]
    assert spreads == pytest.approx([1, 0.5, 0.5, 0, 0, 0], rel=0.1, abs=1e-6)


# Minibatch standard deviation -------------------------------------------------------------


def test_the_deviation_is_that_of_the_paper():
    x = doubles(8, 5)
    by_hand = []
    for group in (x[:4], x[4:]):
        mean = sum(group) / 4
        deviation = (sum((row - mean) ** 2 for row in group) / 4 + 1e-8) ** 0.5
        by_hand += [deviation.mean()] * 4
    ours = MinibatchStd()(x)
    assert torch.equal(ours[:, :5], x)
    torch.testing.assert_close(ours[:, 5], torch.stack(by_hand))


def test_samples_that_are_alike_have_next_to_no_deviation():
    told = MinibatchStd()(doubles(1, 5).expand(8, 5))
    torch.testing.assert_close(told[:, 5], torch.full((8,), 1e-4, dtype=torch.float64))


@pytest.mark.parametrize(
    ("count", "groups"),
    [
        (1, [[0]]),
        (3, [[0, 1, 2]]),
        (5, [[0, 1, 2, 3], [1, 2, 3, 4]]),
        (6, [[0, 1, 2, 3], [2, 3, 4, 5]]),
        (7, [[0, 1, 2, 3], [3, 4, 5, 6]]),
        (13, [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [9, 10, 11, 12]]),
    ],
)
def test_no_sample_goes_without_a_group(count, groups):
    x = doubles(count, 3)
    told = MinibatchStd().spread(x)
    for i, value in enumerate(told):
        members = x[groups[i // 4]]
        by_hand = ((members - members.mean(0)).square().mean(0) + 1e-8).sqrt().mean()
        torch.testing.assert_close(value, by_hand)


@EVERY_MODEL
def test_a_group_never_mixes_kinds(model):
    """What D says of real samples does not depend on the generated ones, and vice versa."""
    trainer = made(model, minibatch_stddev="on", dropout=0.0)
    real, fake = data_for(model)[:6], data_for(model)[6:12]
    random = torch.Generator()

    def judged(real: Tensor, fake: Tensor) -> Judged:
        return Judged(trainer.discriminator, real=real, fake=fake, random=random, apart=True)

    both, other_fake, other_real = judged(real, fake), judged(real, -fake), judged(-real, fake)
    assert torch.equal(both.on_real, other_fake.on_real)
    assert torch.equal(both.on_fake, other_real.on_fake)
    assert not torch.allclose(both.on_fake, other_fake.on_fake)


@EVERY_MODEL
@pytest.mark.parametrize("setting", ["minibatch_stddev", "batch_norm"])
def test_a_d_that_compares_sees_one_kind_at_a_time(model, setting):
    trainer = made(model, **{setting: "on"})
    assert compares(trainer.discriminator)
    seen = what_d_sees(trainer)
    trainer.step_discriminator()
    assert torch.equal(seen[0], trainer._batches.last())
    assert torch.equal(seen[1], trainer._fake.detach())
    assert len(seen) == 2


@EVERY_MODEL
def test_the_deviation_is_one_more_input_of_the_last_layer(model):
    plain = build_discriminator(small(model), torch.Generator())
    told = build_discriminator(small(model, minibatch_stddev="on"), torch.Generator())
    assert not compares(plain)
    assert told.net[-1].in_features == plain.net[-1].in_features + 1


def test_of_few_data_and_many_fakes_groups_have_one_size():
    """Smaller groups deviate less on average: D would tell the kinds apart by that alone."""
    config = small(POINT_MODEL, minibatch_stddev="on", batch_size=8)
    trainer = Trainer(config, data_for(POINT_MODEL, 3))
    (layer,) = (part for part in trainer.discriminator.modules() if isinstance(part, MinibatchStd))
    assert layer.group == 3
    packs = Trainer(config.replace(packing=4), data_for(POINT_MODEL, 8))
    (layer,) = (part for part in packs.discriminator.modules() if isinstance(part, MinibatchStd))
    assert layer.group == 2


# Packing ----------------------------------------------------------------------------------


def test_a_pack_holds_samples_that_follow_one_another():
    points = torch.arange(12.0).view(6, 2)
    assert packed(points, 3).tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    pictures = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 1, 28, 28)
    assert packed(pictures, 2).shape == (2, 2, 28, 28)
    assert packed(pictures, 2)[:, :, 0, 0].tolist() == [[0, 1], [2, 3]]
    assert packed(points, 1) is points


@EVERY_MODEL
def test_d_is_shown_packs_of_one_kind(model):
    trainer = made(model, packing=4)
    seen = what_d_sees(trainer)
    report = trainer.step_discriminator()
    real, fake = trainer._batches.last(), trainer._fake.detach()
    assert len(real) == len(fake) == 8
    assert torch.equal(seen[0], torch.cat([packed(real, 4), packed(fake, 4)]))
    assert seen[0].shape[0] == 4
    trainer.step_generator()
    assert torch.equal(seen[1], packed(fake, 4))
    assert math.isfinite(report.d_loss)


def test_the_inputs_of_d_grow_and_nothing_else():
    for model, inputs in (("mlp", 784), ("dcgan", 1), (POINT_MODEL, 2)):
        one, four = (without_weights(small(model, packing=m)) for m in (1, 4))
        shapes = [[tuple(w.shape) for w in network.parameters()] for network in (one[1], four[1])]
        assert shapes[0][0][1] == inputs
        assert shapes[1][0][1] == 4 * inputs
        assert shapes[0][1:] == shapes[1][1:]
        assert [w.shape for w in one[0].parameters()] == [w.shape for w in four[0].parameters()]


def test_a_pack_of_one_is_no_pack(assert_same):
    one, other = made(POINT_MODEL, packing=1), made(POINT_MODEL)
    assert_same(after(one, 3).state_dict(), after(other, 3).state_dict())


def test_a_penalty_is_on_the_slope_at_the_whole_pack():
    w = doubles(4)
    judged = Judged(
        lambda x: x @ w,
        real=packed(doubles(6, 2), 2),
        fake=packed(doubles(6, 2), 2),
        random=torch.Generator(),
    )
    torch.testing.assert_close(PENALTIES["r1"](2.0)(judged), w.square().sum().expand(3))


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"batch_size": 64, "packing": 3}, "batch_size"),
        ({"batch_size": 4, "packing": 4}, "batch_size"),
        ({"packing": 4, "examples": 7}, "examples"),
        ({"examples": 1}, "examples"),
    ],
)
def test_packs_that_cannot_be_filled_are_refused_by_name(changes, name):
    with pytest.raises(UnfilledPacks) as caught:
        TrainConfig(**changes)
    assert caught.value.name == name
    assert isinstance(caught.value, SettingError)


def test_data_that_fill_no_two_packs_are_refused():
    with pytest.raises(ValueError, match="number of samples must be at least 8, got 7"):
        made(POINT_MODEL, count=7, packing=4)


def test_what_does_not_fill_a_pack_waits_for_another_pass():
    trainer = made(POINT_MODEL, count=11, packing=4, batch_size=16)
    seen = what_d_sees(trainer)
    for _ in range(40):
        trainer.step_discriminator()
    points = torch.cat([pass_[:2].reshape(-1, 2) for pass_ in seen])
    assert seen[0].shape == (2 + 4, 8)
    assert len(points.unique(dim=0)) == 11


# Unrolling --------------------------------------------------------------------------------

# The smallest game there is: one number each, D(x) = ψx, G(z) = z + θ, and L_D = ψ(fake - real)
# + ψ²/2, whose gradient is fake - real + ψ.
REAL, Z, RATE = 3.0, -0.5, 0.1


def tiny_game(theta: Tensor, psi: Tensor, steps: int) -> Tensor:
    """Return L_G = -D(G(z)) behind so many simulated moves of D."""
    fake = theta + Z

    def loss(weights: Any) -> Tensor:
        return weights["psi"] * (fake - REAL) + weights["psi"].square() / 2

    later = look_ahead({"psi": psi}, loss, PlainDescent(RATE), steps)
    return -later["psi"] * fake


@pytest.mark.parametrize("steps", [0, 1, 2, 5, 20])
def test_the_gradient_of_an_unrolled_g_is_the_one_by_hand(steps):
    """ψ_K = a^K ψ + (1 - a^K)(real - fake) with a = 1 - rate, so dψ_K/dθ = a^K - 1."""
    theta = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    psi = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
    (ours,) = torch.autograd.grad(tiny_game(theta, psi, steps), theta)
    fake, shrink = 0.7 + Z, (1 - RATE) ** steps
    psi_later = shrink * 0.4 + (1 - shrink) * (REAL - fake)
    by_hand = -psi_later - (shrink - 1) * fake
    assert ours.item() == pytest.approx(by_hand, rel=1e-12)


def linear_d(seed: int) -> nn.Module:
    network = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1)).double()
    with torch.no_grad():
        for index, weight in enumerate(network.parameters()):
            weight.copy_(doubles(*weight.shape, seed=seed + index))
    return network


@pytest.mark.parametrize("key", OPTIMIZERS)
@pytest.mark.parametrize("moves_before", [0, 3])
def test_simulated_moves_are_those_of_the_optimiser(key, moves_before):
    """What D would become is what it becomes if it does move."""
    network, x = linear_d(1), doubles(6, 2)
    config = TrainConfig(optimizer=key, beta1=0.5, beta2=0.9)
    weights = list(network.parameters())
    optimizer = {"adam": adam, "sgd": sgd}[key](weights, 0.05, config)

    def loss(named: Any) -> Tensor:
        return functional_call(network, dict(named), (x,)).square().mean()

    def move() -> None:
        for weight in weights:
            weight.grad = None
        loss(dict(network.named_parameters())).backward()
        optimizer.step()

    for _ in range(moves_before):
        move()
    now = {name: w.detach().clone().requires_grad_() for name, w in network.named_parameters()}
    later = look_ahead(now, loss, descent_of(config, optimizer, 0.05), 3)
    for _ in range(3):
        move()
    for name, weight in network.named_parameters():
        torch.testing.assert_close(later[name].detach(), weight.detach(), rtol=1e-6, atol=1e-8)


def test_clipped_weights_are_clipped_in_the_simulation_too():
    config = TrainConfig(optimizer="sgd", weight_clip=0.01)
    descent = descent_of(config, sgd([nn.Parameter(torch.ones(1))], 1.0, config), 1.0)
    moved = descent([torch.tensor([0.5, -0.5, 0.0])], [torch.tensor([0.0, 0.0, 0.004])])
    torch.testing.assert_close(moved[0], torch.tensor([0.01, -0.01, -0.004]))


def test_a_weight_without_a_gradient_has_a_finite_slope():
    weight = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    optimizer = adam([nn.Parameter(torch.zeros(2))], 0.1, TrainConfig())
    slope = torch.stack([weight[0] * 3, weight[1] * 0])
    (moved,) = AdamDescent(0.1, optimizer)([weight], [slope])
    (gradient,) = torch.autograd.grad(moved.sum(), weight)
    assert gradient.isfinite().all()


@EVERY_MODEL
def test_no_step_ahead_is_the_game_as_it_is(model, assert_same):
    ahead, plain = made(model, unrolled_steps=0), made(model)
    assert_same(after(ahead, 2).state_dict(), after(plain, 2).state_dict())


@EVERY_MODEL
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_after_an_unrolled_move_only_g_is_another(model, optimizer):
    """D, its optimiser, the random numbers and the clock are as without looking ahead."""
    changes = {"r1": 0.1, "gradient_penalty": 1.0, "instance_noise": 0.2, "optimizer": optimizer}
    ahead, plain = (made(model, unrolled_steps=k, **changes) for k in (3, 0))
    for trainer in (ahead, plain):
        trainer.step_discriminator()
        trainer.step_generator()
    one, other = ahead.state_dict(), plain.state_dict()
    different = {key.split(".")[0] for key in one if not torch.equal(one[key], other[key])}
    assert different - {"generator_optimizer"} == {"generator", "average"}


def test_the_whole_move_of_an_unrolled_g_is_the_one_by_hand():
    """The trainer's gradient against plain descent of D, written out on its own networks."""
    changes = {"optimizer": "sgd", "discriminator_lr": 0.2, "dropout": 0.0, "r2": 0.5}
    trainer = made(POINT_MODEL, unrolled_steps=2, **changes)
    trainer.step_discriminator()
    real, fake = trainer._batches.last(), trainer._fake
    weights = dict(trainer.discriminator.named_parameters())
    for _ in range(2):
        x = fake * 1  # the slope at x, not that of the weights that have learnt from the fakes
        on_real = functional_call(trainer.discriminator, weights, (real,))
        on_fake = functional_call(trainer.discriminator, weights, (x,))
        (slope,) = torch.autograd.grad(on_fake.sum(), x, create_graph=True)
        loss = -on_real.sigmoid().log().mean() - (1 - on_fake.sigmoid()).log().mean()
        loss = loss + 0.25 * slope.square().sum(1).mean()
        slopes = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
        weights = {k: w - 0.2 * s for (k, w), s in zip(weights.items(), slopes, strict=True)}
    on_fake = functional_call(trainer.discriminator, weights, (fake,))
    g_loss = -torch.log(torch.sigmoid(on_fake)).mean()
    by_hand = torch.autograd.grad(g_loss, list(trainer.generator.parameters()), retain_graph=True)
    report = trainer.step_generator()
    assert report.g_loss == pytest.approx(g_loss.item(), rel=1e-5)
    for weight, expected in zip(trainer.generator.parameters(), by_hand, strict=True):
        torch.testing.assert_close(weight.grad, expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("apart", [False, True])
def test_the_slope_of_a_d_that_has_learnt_from_the_fakes_is_its_own(apart):
    """D(x) = w·x with w = 3 · fake of before: the slope is w and not w + 3x."""
    fake = doubles(1, 4).requires_grad_()
    w = 3 * fake[0]
    given = {"real": doubles(1, 4, seed=1), "fake": fake, "random": torch.Generator()}
    judged = Judged(lambda x: x @ w, **given, apart=apart, attached=True)
    for slope in judged.slopes:
        torch.testing.assert_close(slope[0], w)
    (back,) = torch.autograd.grad(judged.on_fake.sum(), fake)
    torch.testing.assert_close(back, 6 * fake.detach())


# Batch normalisation ----------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(6, 3), (6, 3, 4, 4)])
def test_batch_norm_is_the_formula(shape):
    layer, x = BatchNorm(3).double(), doubles(*shape)
    with torch.no_grad():
        layer.weight.copy_(doubles(3, seed=1))
        layer.bias.copy_(doubles(3, seed=2))
    axes = [axis for axis in range(x.ndim) if axis != 1]
    mean, variance = x.mean(axes, keepdim=True), x.var(axes, correction=0, keepdim=True)
    view = (1, 3, *[1] * (x.ndim - 2))
    w, b = layer.weight.view(view), layer.bias.view(view)
    torch.testing.assert_close(layer(x), w * (x - mean) / (variance + 1e-5).sqrt() + b)


def test_batch_norm_follows_only_when_it_is_told_to():
    layer, x = BatchNorm(3).double(), doubles(6, 3) + 5
    layer(x)
    assert torch.equal(layer.running_mean, torch.zeros(3, dtype=torch.float64))
    with following(nn.Sequential(layer)):
        layer(x)
    torch.testing.assert_close(layer.running_mean, 0.1 * x.mean(0))
    torch.testing.assert_close(layer.running_var, 0.9 + 0.1 * x.var(0))
    kept = layer.running_mean.clone()
    layer(x)
    layer.eval()(x)
    assert torch.equal(layer.running_mean, kept)


def test_batch_norm_follows_again_after_an_error():
    layer = BatchNorm(3)
    with pytest.raises(ZeroDivisionError), following(layer):
        raise ZeroDivisionError
    assert not layer.follows


@EVERY_MODEL
def test_every_hidden_layer_of_d_is_normalised(model):
    discriminator = build_discriminator(small(model, batch_norm="on"), torch.Generator())
    layers = list(discriminator.net)
    hidden = [i for i, part in enumerate(layers[:-1]) if isinstance(part, nn.Linear | nn.Conv2d)]
    assert hidden
    for place in hidden:
        norm = layers[place + 1]
        assert isinstance(norm, BatchNorm)
        assert torch.equal(norm.bias, torch.zeros_like(norm.bias))
        assert norm.weight.mean().item() == pytest.approx(1, abs=0.05)
    assert isinstance(layers[-1], nn.Linear)


@EVERY_MODEL
def test_batch_norm_of_d_follows_its_own_moves_real_first(model):
    trainer = made(model, batch_norm="on", gradient_penalty=1.0)
    norm = next(part for part in trainer.discriminator.modules() if isinstance(part, BatchNorm))
    inputs: list[Tensor] = []
    norm.register_forward_pre_hook(lambda _layer, x: inputs.append(x[0].detach()))
    trainer.step_discriminator()
    axes = [axis for axis in range(inputs[0].ndim) if axis != 1]
    kept = torch.zeros_like(norm.running_mean)
    for x in inputs[:2]:  # the third is the penalty's
        kept = 0.9 * kept + 0.1 * x.mean(axes)
    assert len(inputs) == 3
    torch.testing.assert_close(norm.running_mean, kept)


def test_with_batch_norm_d_judges_a_sample_by_its_batch():
    trainer = made(POINT_MODEL, batch_norm="on", dropout=0.0)
    points = data_for(POINT_MODEL)
    one, other = points[:8], torch.cat([points[:1], points[8:15]])
    judge = trainer.discriminator
    assert not torch.allclose(judge(one)[0], judge(other)[0])
    with at_rest(judge):
        torch.testing.assert_close(judge(one)[0], judge(other)[0])


# Few examples -----------------------------------------------------------------------------


def test_only_the_first_examples_are_seen():
    trainer = made(POINT_MODEL, count=50, examples=12)
    assert torch.equal(trainer.data, data_for(POINT_MODEL, 50)[:12])
    seen = what_d_sees(trainer)
    for _ in range(12):
        trainer.step_discriminator()
    shown = torch.cat([pass_[:8] for pass_ in seen]).unique(dim=0)
    assert torch.equal(shown, trainer.data.unique(dim=0))
    assert trainer.epoch == pytest.approx(12 - 1 + 8 / 12)


def test_more_examples_than_there_are_is_all_of_them(assert_same):
    few, every = made(POINT_MODEL, examples=1000), made(POINT_MODEL)
    assert_same(after(few, 3).state_dict(), after(every, 3).state_dict())


# D alone with one sample ------------------------------------------------------------------


def test_a_d_of_packs_is_asked_about_copies():
    for model in (*MODEL_KEYS, POINT_MODEL):
        trainer = after(made(model, packing=4, spectral_norm="on"), 2)
        samples = data_for(model)[:5]
        copies = samples.repeat_interleave(4, 0)
        with at_rest(trainer.discriminator) as judge:
            expected = judge(packed(copies, 4))
        ours = alone(trainer.discriminator, trainer.data)(samples)
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-5)


@EVERY_MODEL
def test_a_d_that_is_told_a_deviation_is_told_that_of_real_samples(model):
    trainer = after(made(model, minibatch_stddev="on"), 2)
    samples = data_for(model)[:5]
    with at_rest(trainer.discriminator) as judge, torch.no_grad():
        features = judge.net[:-2](trainer.data)
        usual = judge.net[-2].spread(features).mean()
        asked = judge.net[:-2](samples)
        expected = judge.net[-1](torch.cat([asked, usual.expand(5, 1)], 1)).squeeze(1)
    ours = alone(trainer.discriminator, trainer.data)(samples)
    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-5)


@EVERY_CASE
def test_alone_d_judges_each_sample_by_itself(model, recipe):
    judge = alone(after(made(model, **RECIPES[recipe]), 2).discriminator, data_for(model))
    assert isinstance(judge, Discriminator)
    samples = data_for(model)[:6]
    apart = torch.cat([judge(sample[None]) for sample in samples])
    torch.testing.assert_close(judge(samples), apart, rtol=1e-4, atol=1e-5)


def test_the_best_d_of_packs_is_on_the_same_side_for_copies():
    p, q = torch.rand(50), torch.rand(50)
    for m in (2, 4, 8):
        assert torch.equal(p**m / (p**m + q**m) > 0.5, p / (p + q) > 0.5)


# Another recipe with the same weights -------------------------------------------------------

OTHER: dict[str, Any] = {
    "dataset": "digits",
    "model": "dcgan",
    "loss": "hinge",
    "latent_dim": 5,
    "batch_size": 4,
    "generator_lr": 1e-3,
    "discriminator_lr": 1e-3,
    "beta1": 0.0,
    "beta2": 0.9,
    "discriminator_steps": 2,
    "generator_steps": 2,
    "dropout": 0.0,
    "r1": 0.1,
    "r2": 0.1,
    "gradient_penalty": 1.0,
    "weight_clip": 0.1,
    "spectral_norm": "on",
    "instance_noise": 0.1,
    "instance_noise_moves": 5,
    "packing": 2,
    "minibatch_stddev": "on",
    "unrolled_steps": 1,
    "batch_norm": "on",
    "conditional": "on",
    "diff_augment": "on",
    "ema_decay": 0.5,
    "noise": "uniform",
    "optimizer": "sgd",
    "lr_decay_moves": 50,
    "layers": 1,
    "width": 8,
    "examples": 10,
    "seed": 5,
}


# Points have no classes, and no rows of pixels to move.
OF_PICTURES = {"conditional", "diff_augment"}
ADOPTED = [
    pytest.param(model, name, id=f"{name}-{model}")
    for name in sorted(KEEPS_SHAPES - {"dataset"})
    for model in (*MODEL_KEYS, POINT_MODEL)
    if model != POINT_MODEL or name not in OF_PICTURES
]


def shapes(config: TrainConfig) -> dict[str, tuple[int, ...]]:
    players = zip(("g", "d"), without_weights(config), strict=True)
    return {
        f"{who}.{name}": tuple(value.shape)
        for who, network in players
        for name, value in network.state_dict().items()
    }


def test_every_setting_has_another_value_here():
    assert OTHER.keys() == {spec.name for spec in fields(TrainConfig)}


@pytest.mark.parametrize("name", OTHER)
def test_it_is_known_which_settings_keep_the_weights(name):
    config = small("mlp" if name in OF_PICTURES else POINT_MODEL)
    assert getattr(config, name) != OTHER[name]
    kept = shapes(config.replace(**{name: OTHER[name]})) == shapes(config)
    assert kept == (name in KEEPS_SHAPES)


@EVERY_CASE
def test_to_adopt_with_nothing_changed_is_to_go_on(model, recipe, assert_same):
    trainer = after(made(model, **RECIPES[recipe]), 2)
    trainer.step_discriminator()
    adopted = made(model, **RECIPES[recipe])
    adopted.adopt(trainer.state_dict())
    for one in (trainer, adopted):
        one.step_generator()
        one.step()
    assert_same(adopted.state_dict(), trainer.state_dict())


@pytest.mark.parametrize(("model", "name"), ADOPTED)
def test_a_run_goes_on_with_one_setting_changed(model, name, assert_same):
    trainer = after(made(model), 2)
    trainer.step_discriminator()
    state = trainer.state_dict()
    adopted = made(model, **{name: OTHER[name]})
    adopted.adopt(state)
    for part in ("generator", "discriminator"):
        now = getattr(adopted, part).state_dict()
        assert_same(now, {key: state[f"{part}.{key}"] for key in now})
    assert (adopted.iteration, adopted.discriminator_moves) == (3, 3)
    report = adopted.step()
    assert math.isfinite(report.d_loss + report.g_loss)


def test_a_new_average_begins_as_g(assert_same):
    trainer = after(made(POINT_MODEL, ema_decay=0.0), 3)
    adopted = made(POINT_MODEL, ema_decay=0.9)
    adopted.adopt(trainer.state_dict())
    assert_same(adopted.average.state_dict(), trainer.generator.state_dict())


def test_an_old_average_goes_on_and_one_that_is_not_wanted_goes(assert_same):
    trainer = after(made(POINT_MODEL), 3)
    longer, none = made(POINT_MODEL, ema_decay=0.99), made(POINT_MODEL, ema_decay=0.0)
    for adopted in (longer, none):
        adopted.adopt(trainer.state_dict())
    assert_same(longer.average.state_dict(), trainer.average.state_dict())
    assert none.average is None


@pytest.mark.parametrize(("old", "new"), [("adam", "sgd"), ("sgd", "adam")])
def test_another_optimiser_begins_afresh(old, new):
    trainer = after(made(POINT_MODEL, optimizer=old), 3)
    adopted = made(POINT_MODEL, optimizer=new)
    adopted.adopt(trainer.state_dict())
    moments = [key for key in adopted.state_dict() if "optimizer" in key]
    assert moments == []


def test_samples_that_wait_go_where_the_batch_has_another_size():
    trainer = made(POINT_MODEL)
    trainer.step_discriminator()
    other, same = made(POINT_MODEL, batch_size=4), made(POINT_MODEL, r1=0.1)
    for adopted in (other, same):
        adopted.adopt(trainer.state_dict())
    assert "noise" not in other.state_dict()
    assert torch.equal(same.state_dict()["noise"], trainer.state_dict()["noise"])


def test_weights_of_another_shape_are_not_adopted():
    state = made(POINT_MODEL).state_dict()
    for change in ({"packing": 2}, {"width": 8}, {"minibatch_stddev": "on"}, {"batch_norm": "on"}):
        with pytest.raises(ValueError, match="does not fit"):
            made(POINT_MODEL, **change).adopt(state)


def test_adopting_leaves_the_given_state_alone(assert_same):
    state = after(made(POINT_MODEL, ema_decay=0.0), 2).state_dict()
    kept = {key: value.clone() for key, value in state.items()}
    adopted = made(POINT_MODEL, ema_decay=0.9)
    adopted.adopt(state)
    after(adopted, 2)
    assert_same(state, kept)
