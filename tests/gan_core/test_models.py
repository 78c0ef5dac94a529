"""The players: shapes, sizes and first weights."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from gan_core.config import MODEL_KEYS, TrainConfig
from gan_core.models import (
    Dropout,
    build_discriminator,
    build_generator,
    count_parameters,
)

EVERY_MODEL = pytest.mark.parametrize("key", MODEL_KEYS)


def fresh(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def linear_sizes(module: nn.Module) -> list[tuple[int, int]]:
    layers = (layer for layer in module.modules() if isinstance(layer, nn.Linear))
    return [(layer.in_features, layer.out_features) for layer in layers]


def test_the_lessons_generator_has_the_lessons_layers():
    generator = build_generator(TrainConfig(), fresh())
    assert linear_sizes(generator) == [(100, 256), (256, 512), (512, 1024), (1024, 784)]


def test_the_lessons_discriminator_has_the_lessons_layers():
    discriminator = build_discriminator(TrainConfig(), fresh())
    assert linear_sizes(discriminator) == [(784, 1024), (1024, 512), (512, 256), (256, 1)]


def test_the_lessons_generator_has_1486352_parameters():
    assert count_parameters(build_generator(TrainConfig(), fresh())) == 1_486_352


def test_the_lessons_discriminator_has_1460225_parameters():
    assert count_parameters(build_discriminator(TrainConfig(), fresh())) == 1_460_225


def test_the_lessons_pair_leaks_at_a_fifth():
    config = TrainConfig()
    pair = [build_generator(config, fresh()), build_discriminator(config, fresh())]
    leaks = [m.negative_slope for p in pair for m in p.modules() if isinstance(m, nn.LeakyReLU)]
    assert leaks == [0.2] * 6


def test_the_lessons_discriminator_drops_three_tenths_after_each_hidden_layer():
    discriminator = build_discriminator(TrainConfig(), fresh())
    rates = [m.probability for m in discriminator.modules() if isinstance(m, Dropout)]
    assert rates == [0.3] * 3


def test_the_dcgan_pair_has_at_most_a_million_parameters():
    config = TrainConfig(model="dcgan")
    pair = build_generator(config, fresh()), build_discriminator(config, fresh())
    assert sum(map(count_parameters, pair)) <= 1_000_000


@EVERY_MODEL
def test_a_generator_turns_noise_into_pictures_between_minus_one_and_one(key):
    generator = build_generator(TrainConfig(model=key, latent_dim=5), fresh())
    pictures = generator(torch.randn(3, 5, generator=fresh()) * 1000)
    assert pictures.shape == (3, 1, 28, 28)
    assert pictures.abs().max() <= 1


@EVERY_MODEL
@pytest.mark.parametrize("count", [1, 3])
def test_a_discriminator_returns_one_number_a_picture(key, count, pictures):
    discriminator = build_discriminator(TrainConfig(model=key), fresh())
    assert discriminator(pictures[:count]).shape == (count,)


@EVERY_MODEL
def test_a_discriminator_returns_logits_on_both_sides_of_zero(key, pictures):
    discriminator = build_discriminator(TrainConfig(model=key, dropout=0), fresh())
    last = [m for m in discriminator.modules() if isinstance(m, nn.Linear)][-1]
    with torch.no_grad():
        last.bias.fill_(50)
        high = discriminator(pictures)
        last.bias.fill_(-50)
        low = discriminator(pictures)
    assert high.min() > 10
    assert low.max() < -10


@EVERY_MODEL
def test_a_discriminator_judges_each_picture_on_its_own(key, pictures):
    discriminator = build_discriminator(TrainConfig(model=key, dropout=0), fresh())
    together = discriminator(pictures[:6])
    apart = torch.cat([discriminator(picture.unsqueeze(0)) for picture in pictures[:6]])
    torch.testing.assert_close(together, apart, rtol=1e-4, atol=1e-5)


@EVERY_MODEL
@pytest.mark.parametrize("remedies", [{}, {"batch_norm": "on"}, {"spectral_norm": "on"}])
def test_a_verdict_is_linear_in_the_features(key, remedies, pictures):
    config = TrainConfig(model=key, latent_dim=3, **remedies)
    discriminator = build_discriminator(config, fresh()).eval()
    features = discriminator.features(pictures)
    assert features.shape == (24, discriminator.net[-1].in_features)
    last = discriminator.net[-1]
    assert torch.allclose(features @ last.weight[0] + last.bias, discriminator(pictures))


@EVERY_MODEL
def test_features_are_of_each_picture_on_its_own(key, pictures):
    config = TrainConfig(model=key, latent_dim=3, minibatch_stddev="on")
    discriminator = build_discriminator(config, fresh()).eval()
    features = discriminator.features(pictures)
    assert features.shape == (24, discriminator.net[-1].in_features - 1)
    assert torch.allclose(discriminator.features(pictures[:1]), features[:1], atol=1e-5)


@pytest.mark.parametrize("build", [build_generator, build_discriminator])
def test_first_weights_spread_as_those_of_nn_linear(build):
    for layer in build(TrainConfig(), fresh()).modules():
        if not isinstance(layer, nn.Linear):
            continue
        usual = nn.Linear(layer.in_features, layer.out_features)
        for ours, theirs in ((layer.weight, usual.weight), (layer.bias, usual.bias)):
            bound = layer.in_features**-0.5
            assert ours.abs().max() <= bound
            assert theirs.abs().max() <= bound
            if ours.numel() > 1000:
                assert ours.max() > 0.98 * bound
                assert ours.min() < -0.98 * bound
                assert ours.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)
                assert ours.std().item() == pytest.approx(theirs.std().item(), rel=0.05)


def test_the_dcgans_convolutions_start_with_a_spread_of_two_hundredths():
    discriminator = build_discriminator(TrainConfig(model="dcgan"), fresh())
    weights = [m.weight for m in discriminator.modules() if isinstance(m, nn.Conv2d)]
    assert torch.cat([w.flatten() for w in weights]).std().item() == pytest.approx(0.02, rel=0.05)


def test_the_dcgans_batch_norm_starts_with_mean_zero_and_variance_one():
    generator = build_generator(TrainConfig(model="dcgan"), fresh())
    norms = [m for m in generator.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 2
    assert all(torch.all(norm.running_mean == 0) for norm in norms)
    assert all(torch.all(norm.running_var == 1) for norm in norms)
    assert all(norm.num_batches_tracked == 0 for norm in norms)


@EVERY_MODEL
@pytest.mark.parametrize("build", [build_generator, build_discriminator])
def test_the_same_seed_gives_the_same_first_weights(key, build, assert_same):
    config = TrainConfig(model=key)
    assert_same(build(config, fresh(4)).state_dict(), build(config, fresh(4)).state_dict())


@EVERY_MODEL
@pytest.mark.parametrize("build", [build_generator, build_discriminator])
def test_another_seed_gives_other_first_weights(key, build):
    config = TrainConfig(model=key)
    one, other = (next(build(config, fresh(seed)).parameters()) for seed in (1, 2))
    assert not torch.equal(one, other)


@EVERY_MODEL
@pytest.mark.parametrize("build", [build_generator, build_discriminator])
def test_building_leaves_the_shared_random_numbers_alone(key, build):
    before = torch.get_rng_state()
    build(TrainConfig(model=key), fresh())
    assert torch.equal(torch.get_rng_state(), before)


def test_a_dropout_mask_holds_zeros_and_the_inverse_of_what_is_kept():
    layer = Dropout(0.75)
    layer.random = fresh()
    assert layer.mask(torch.zeros(1000)).unique().tolist() == [0, 4]


def test_a_dropout_mask_keeps_the_mean():
    layer = Dropout(0.3)
    layer.random = fresh()
    assert layer.mask(torch.zeros(100_000)).mean().item() == pytest.approx(1, abs=0.01)


def test_dropout_draws_from_its_own_generator_only():
    layer = Dropout(0.3)
    layer.random = fresh()
    before = torch.get_rng_state()
    assert not torch.equal(layer(torch.ones(100)), layer(torch.ones(100)))
    assert torch.equal(torch.get_rng_state(), before)


def test_dropout_rests_in_eval_mode():
    x = torch.randn(10, generator=fresh())
    assert torch.equal(Dropout(0.9).eval()(x), x)


def test_no_dropout_changes_nothing():
    x = torch.randn(10, generator=fresh())
    assert torch.equal(Dropout(0.0)(x), x)
