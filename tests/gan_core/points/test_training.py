"""The game with points: the same trainer, other players, and an iteration under glass."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from gan_core import checkpoint
from gan_core.config import NOISE_KEYS, OPTIMIZER_KEYS, SettingError, TrainConfig
from gan_core.losses import LOSSES
from gan_core.models import build_discriminator, build_generator
from gan_core.moments import MOMENT_KINDS, Moment
from gan_core.optimizers import SMALLEST_SHARE, remaining_share
from gan_core.penalties import PENALTIES
from gan_core.points.presets import BASE
from gan_core.points.sets import load_points
from gan_core.trainer import Trainer, TrainingDiverged

SMALL = TrainConfig(
    model="points", dataset="ring", latent_dim=2, batch_size=8, width=16, layers=2, dropout=0.0
)
RECIPES = {key: {"loss": key} for key in LOSSES} | {
    **{key: {key: 0.5} for key in (*PENALTIES, "weight_clip")},
    **{key: {"optimizer": key} for key in OPTIMIZER_KEYS},
    **{key: {"noise": key} for key in NOISE_KEYS},
    "spectral_norm": {"spectral_norm": "on"},
    "dropout": {"dropout": 0.3},
    "average": {"ema_decay": 0.9},
    "decay": {"lr_decay_moves": 5},
    "five_to_two": {"discriminator_steps": 5, "generator_steps": 2},
    "no_d": {"discriminator_steps": 0},
    "no_g": {"generator_steps": 0},
    "linear": {"layers": 0},
    "relativistic_without_d": {"loss": "relativistic", "discriminator_steps": 0},
}
EVERY_RECIPE = pytest.mark.parametrize("recipe", RECIPES)


@pytest.fixture(scope="module")
def points() -> Tensor:
    return load_points("ring", 100).points


def made(recipe: str, points: Tensor) -> Trainer:
    return Trainer(SMALL.replace(**RECIPES[recipe]), points)


def watched(trainer: Trainer) -> list[Moment]:
    moments: list[Moment] = []
    trainer.step(moments.append)
    return moments


# Under glass ------------------------------------------------------------------------------


@EVERY_RECIPE
def test_a_watched_step_is_the_same_step(recipe, points, assert_same):
    under_glass, plain = made(recipe, points), made(recipe, points)
    for _ in range(4):
        seen = []
        one, other = under_glass.step(seen.append), plain.step()
        assert repr(one) == repr(other)
        assert seen
    assert_same(under_glass.state_dict(), plain.state_dict())


@pytest.mark.parametrize("model", ["mlp", "dcgan"])
def test_pictures_go_under_the_same_glass(model, pictures, assert_same):
    config = TrainConfig(model=model, latent_dim=3, batch_size=4)
    under_glass, plain = Trainer(config, pictures), Trainer(config, pictures)
    kinds = [moment.kind for moment in watched(under_glass)]
    plain.step()
    assert kinds == [*MOMENT_KINDS, *MOMENT_KINDS[1:]]
    assert_same(under_glass.state_dict(), plain.state_dict())


@EVERY_RECIPE
def test_the_moves_add_up_to_the_step(recipe, points):
    trainer = made(recipe, points)
    trainer.step()
    networks = {"d": trainer.discriminator, "g": trainer.generator}
    before = named(networks)
    moments = watched(trainer)
    moved = [moment.tensors for moment in moments if moment.kind == "move"]
    for name, weight in named(networks).items():
        total = torch.stack([change[name] for change in moved]).sum(0)
        assert torch.allclose(before[name] + total, weight, atol=1e-6)


def named(networks: dict[str, nn.Module]) -> dict[str, Tensor]:
    return {
        f"{player}.{name}": weight.detach().clone()
        for player, network in networks.items()
        for name, weight in network.named_parameters()
    }


@EVERY_RECIPE
def test_the_other_player_stays_frozen(recipe, points):
    moves = [moment for moment in watched(made(recipe, points)) if moment.kind == "move"]
    for move in moves:
        still = {name for name, change in move.tensors.items() if not change.any()}
        assert {name for name in move.tensors if name[0] != move.player} <= still
        assert any(name[0] == move.player and name not in still for name in move.tensors)


def test_the_moments_come_in_the_order_of_the_game(points):
    moments = watched(Trainer(SMALL.replace(discriminator_steps=2, generator_steps=2), points))
    d = [("d", kind) for kind in MOMENT_KINDS]
    g = [("g", kind) for kind in MOMENT_KINDS]
    assert [(one.player, one.kind) for one in moments] == [*d, *d, *g[1:], *g]


def test_each_moment_holds_what_it_says(points):
    trainer = Trainer(SMALL.replace(r1=0.5), points)
    moments = watched(trainer)
    d = {one.kind: one.tensors for one in moments if one.player == "d"}
    g = {one.kind: one.tensors for one in moments if one.player == "g"}
    assert d["sample"]["real"].shape == (8, 2)
    assert d["sample"]["noise"].shape == (8, 2)
    assert d["generate"]["fake"].shape == (8, 2)
    assert d["judge"]["real"].shape == d["judge"]["fake"].shape == (8,)
    # Two terms of the loss, and the penalty.
    assert d["loss"]["terms"].shape == (3,)
    assert torch.allclose(d["loss"]["terms"].sum(), d["loss"]["loss"])
    expected = nn.functional.softplus(-d["judge"]["real"]).mean()
    assert torch.allclose(d["loss"]["terms"][0], expected)
    assert torch.equal(g["generate"]["fake"], d["generate"]["fake"])
    assert set(g["judge"]) == {"fake"}
    # ∂/∂x of the mean of -log s(D(x)): (s - 1) ∇D / N; only its direction is D's.
    assert g["gradient"]["fake"].shape == (8, 2)
    assert set(g["move"]) == set(named({"d": trainer.discriminator, "g": trainer.generator}))


def test_the_gradient_under_glass_gives_the_move_of_plain_descent(points):
    trainer = Trainer(SMALL.replace(optimizer="sgd", generator_lr=0.1), points)
    g = {one.kind: one.tensors for one in watched(trainer) if one.player == "g"}
    for name, gradient in g["gradient"].items():
        if name != "fake":
            assert torch.allclose(g["move"][f"g.{name}"], -0.1 * gradient, atol=1e-7)


def test_whoever_watches_cannot_change_the_game(points, assert_same):
    spoilt, plain = Trainer(SMALL, points), Trainer(SMALL, points)

    def spoil(moment: Moment) -> None:
        for tensor in moment.tensors.values():
            tensor.fill_(7)

    spoilt.step(spoil)
    plain.step()
    assert_same(spoilt.state_dict(), plain.state_dict())


def test_without_a_watcher_nothing_is_copied(points, monkeypatch):
    monkeypatch.setattr("gan_core.trainer.Witness", None)
    Trainer(SMALL, points).step()


# Moves, noise, rates ------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "g"), [(1, 1), (3, 2), (0, 1), (1, 0), (20, 20)])
def test_both_move_as_often_as_the_recipe_says(points, d, g):
    trainer = Trainer(SMALL.replace(discriminator_steps=d, generator_steps=g), points)
    report = trainer.step()
    assert (trainer.discriminator_moves, trainer.generator_moves) == (d, g)
    assert math.isnan(report.d_loss) == (d == 0)
    assert math.isnan(report.g_loss) == (g == 0)
    assert math.isfinite(report.d_fake)


@EVERY_RECIPE
def test_a_run_goes_on_from_its_file_bit_for_bit(recipe, points, assert_same):
    trainer = made(recipe, points)
    for _ in range(3):
        trainer.step()
    trainer.step_discriminator()
    saved = checkpoint.from_bytes(checkpoint.to_bytes(trainer.config, trainer.state_dict()))
    resumed = Trainer(saved.config, points)
    resumed.load_state_dict(saved.state)
    for one in (trainer, resumed):
        one.step_generator()
        one.step()
    assert_same(resumed.state_dict(), trainer.state_dict())


def test_uniform_noise_is_uniform(points):
    trainer = Trainer(SMALL.replace(noise="uniform"), points)
    noise = trainer.noise(5000)
    assert -1 <= noise.min().item() < -0.99
    assert 0.99 < noise.max().item() <= 1
    assert noise.var().item() == pytest.approx(1 / 3, abs=0.02)


def test_plain_descent_moves_by_rate_times_gradient(points):
    trainer = Trainer(SMALL.replace(optimizer="sgd", discriminator_lr=0.5), points)
    before = [weight.detach().clone() for weight in trainer.discriminator.parameters()]
    trainer.step_discriminator()
    for old, weight in zip(before, trainer.discriminator.parameters(), strict=True):
        assert torch.allclose(weight, old - 0.5 * weight.grad, atol=1e-7)


def test_rates_change_while_it_runs(points):
    trainer = Trainer(SMALL.replace(optimizer="sgd"), points)
    trainer.step()
    trainer.set_rates(generator_lr=0.25, discriminator_lr=0.5)
    assert (trainer.config.generator_lr, trainer.config.discriminator_lr) == (0.25, 0.5)
    before = [weight.detach().clone() for weight in trainer.generator.parameters()]
    trainer.step_generator()
    for old, weight in zip(before, trainer.generator.parameters(), strict=True):
        assert torch.allclose(weight, old - 0.25 * weight.grad, atol=1e-7)


def test_rates_that_were_changed_go_on_from_a_file(points, assert_same):
    trainer = Trainer(SMALL, points)
    trainer.set_rates(generator_lr=0.25, discriminator_lr=0.5)
    trainer.step()
    resumed = Trainer(trainer.config, points)
    resumed.load_state_dict(trainer.state_dict())
    trainer.step()
    resumed.step()
    assert_same(resumed.state_dict(), trainer.state_dict())


@pytest.mark.parametrize("rates", [(0.0, 0.1), (0.1, 11.0), (math.nan, 0.1)])
def test_a_rate_out_of_range_changes_nothing(points, rates):
    trainer = Trainer(SMALL, points)
    with pytest.raises(SettingError, match="_lr must be from"):
        trainer.set_rates(*rates)
    assert trainer.config == SMALL
    assert trainer.generator_optimizer.param_groups[0]["lr"] == SMALL.generator_lr


def test_rates_fall_to_five_percent(points):
    trainer = Trainer(SMALL.replace(lr_decay_moves=10), points)
    rates = []
    for _ in range(13):
        trainer.step()
        rates.append(trainer.generator_optimizer.param_groups[0]["lr"])
    assert rates[0] == SMALL.generator_lr
    assert rates == sorted(rates, reverse=True)
    assert rates[5] == pytest.approx(SMALL.generator_lr * (1 + SMALLEST_SHARE) / 2)
    assert rates[10:] == pytest.approx([SMALL.generator_lr * SMALLEST_SHARE] * 3)
    assert remaining_share(10**6, 0) == 1


@pytest.mark.parametrize("optimizer", OPTIMIZER_KEYS)
def test_a_learning_rate_of_ten_leaves_finite_weights(points, optimizer):
    trainer = Trainer(
        SMALL.replace(
            optimizer=optimizer, generator_lr=10, discriminator_lr=10, loss="wasserstein"
        ),
        points,
    )
    with pytest.raises(TrainingDiverged):
        for _ in trainer.run(300):
            pass
    assert all(weight.isfinite().all() for weight in trainer.state_dict().values())


# The players ------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [0, 1, 5])
@pytest.mark.parametrize("width", [1, 256])
def test_the_players_have_the_size_that_is_asked_for(layers, width):
    config = SMALL.replace(layers=layers, width=width)
    random = torch.Generator().manual_seed(0)
    g, d = build_generator(config, random), build_discriminator(config, random)
    for network, inputs, outputs in ((g, 2, 2), (d, 2, 1)):
        linear = [part for part in network.modules() if isinstance(part, nn.Linear)]
        sizes = [inputs, *[width] * layers, outputs]
        assert [(one.in_features, one.out_features) for one in linear] == list(pairwise(sizes))
    assert g(torch.zeros(3, 2)).shape == (3, 2)
    assert d(torch.zeros(1, 2)).shape == (1,)


@pytest.mark.parametrize("shape", [(5, 3), (5,), (1, 2), (0, 2), (5, 2, 1), (5, 1, 28, 28), ()])
def test_data_that_are_no_points_are_refused(shape):
    with pytest.raises(ValueError, match="shape"):
        Trainer(SMALL, torch.zeros(shape))


def test_the_base_of_all_recipes_makes_a_finite_step(points):
    report = Trainer(BASE, points).step()
    assert math.isfinite(report.d_loss)
    assert math.isfinite(report.g_loss)
