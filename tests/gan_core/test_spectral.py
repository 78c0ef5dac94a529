"""Spectral normalisation: σ(W) = 1, and nobody else's random numbers."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gan_core.config import TrainConfig
from gan_core.data import load_images
from gan_core.models import MODELS, build_discriminator, without_weights
from gan_core.spectral import SpectralNorm, add_spectral_norm, normalised, start_spectral_norm
from gan_core.trainer import Trainer


def built(model: str, seed: int = 0) -> nn.Module:
    config = TrainConfig(model=model, spectral_norm="on", dropout=0)
    return build_discriminator(config, torch.Generator().manual_seed(seed))


def sigmas(discriminator: nn.Module) -> list[float]:
    """The largest singular value of each layer as it is used, from the full decomposition."""
    return [
        torch.linalg.svdvals(layer.weight.detach().flatten(1).double())[0].item()
        for layer in discriminator.modules()
        if isinstance(layer, nn.Linear | nn.Conv2d)
    ]


def vectors(trainer: Trainer) -> list[Tensor]:
    return [norm.u.clone() for norm, _ in normalised(trainer.discriminator)]


def after_thirty_steps(model: str, learning_rate: float) -> list[float]:
    config = TrainConfig(
        model=model, spectral_norm="on", batch_size=8, dropout=0, discriminator_lr=learning_rate
    )
    trainer = Trainer(config, load_images("digits").images)
    for _ in trainer.run(30):
        pass
    return sigmas(trainer.discriminator)


@pytest.mark.parametrize("model", MODELS)
def test_every_layer_has_singular_value_one_after_some_steps(model):
    found = after_thirty_steps(model, learning_rate=1e-6)
    assert found == pytest.approx([1.0] * len(found), abs=1e-2)


@pytest.mark.parametrize("model", MODELS)
def test_the_estimate_follows_weights_that_move_fast(model):
    """One turn a move lags where another direction overtakes; it is never too large."""
    found = after_thirty_steps(model, learning_rate=2e-4)
    assert all(1 - 1e-4 < sigma < 1.25 for sigma in found)


@pytest.mark.parametrize("model", MODELS)
def test_every_layer_is_nearly_normalised_from_the_start(model):
    found = sigmas(built(model))
    assert found == pytest.approx([1.0] * len(found), abs=0.1)


def test_every_linear_and_convolutional_layer_is_normalised():
    assert [len(normalised(built(model))) for model in ("mlp", "dcgan")] == [4, 3]


def test_nothing_is_normalised_where_the_recipe_does_not_say_so():
    plain = build_discriminator(TrainConfig(), torch.Generator().manual_seed(0))
    assert normalised(plain) == []


def test_the_weights_behind_are_those_without_the_norm():
    plain = build_discriminator(TrainConfig(), torch.Generator().manual_seed(0))
    ours = [weight for _, weight in normalised(built("mlp"))]
    theirs = [layer.weight for layer in plain.modules() if isinstance(layer, nn.Linear)]
    assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))


def test_a_turn_is_one_of_the_power_iteration():
    weight = torch.randn(4, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    norm = SpectralNorm(4).double()
    norm.turn(weight)
    u = torch.ones(4, dtype=torch.float64)
    v = weight.T @ u / (weight.T @ u).square().sum().sqrt()
    torch.testing.assert_close(norm.u, weight @ v / (weight @ v).square().sum().sqrt())


def test_the_iteration_finds_the_largest_singular_value():
    weight = torch.randn(6, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    norm = SpectralNorm(6).double()
    for _ in range(300):
        norm.turn(weight)
    torch.testing.assert_close(norm(weight), weight / torch.linalg.svdvals(weight)[0])


def test_the_gradient_passes_through_the_divisor():
    """With σ = uᵀWv: d⟨C, W/σ⟩/dW = C/σ - ⟨C, W⟩/σ² uvᵀ (Miyato 2018)."""
    random = torch.Generator().manual_seed(1)
    weight, cost = (torch.randn(4, 3, generator=random, dtype=torch.float64) for _ in range(2))
    norm = SpectralNorm(4).double()
    norm.turn(weight)
    along = weight.T @ norm.u
    sigma = along.square().sum().sqrt()
    by_hand = cost / sigma - (cost * weight).sum() / sigma**2 * torch.outer(norm.u, along / sigma)
    weight.requires_grad_()
    (ours,) = torch.autograd.grad((cost * norm(weight)).sum(), weight)
    torch.testing.assert_close(ours, by_hand)


def test_the_shared_random_numbers_are_left_alone(pictures):
    before = torch.get_rng_state()
    config = TrainConfig(model="dcgan", spectral_norm="on", batch_size=4)
    for _ in Trainer(config, pictures).run(2):
        pass
    without_weights(config)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_start_comes_from_the_given_random_numbers():
    one, same, other = (
        [norm.u for norm, _ in normalised(built("dcgan", seed))] for seed in (0, 0, 1)
    )
    assert all(map(torch.equal, one, same))
    assert not any(map(torch.equal, one[:-1], other[:-1]))  # the last has one row: u is ±1


def test_it_turns_with_each_move_of_d_and_never_else(pictures):
    trainer = Trainer(TrainConfig(model="dcgan", spectral_norm="on", batch_size=4), pictures)
    before = vectors(trainer)
    trainer.step_generator()
    trainer.sample(3)
    trainer.state_dict()
    assert all(map(torch.equal, vectors(trainer), before))
    trainer.step_discriminator()
    assert not torch.equal(vectors(trainer)[0], before[0])


def test_it_belongs_to_the_state(pictures):
    trainer = Trainer(TrainConfig(spectral_norm="on", batch_size=4), pictures)
    names = [name for name in trainer.state_dict() if name.endswith(".u")]
    assert len(names) == 4
    assert all(name.startswith("discriminator.") for name in names)


def test_it_can_be_added_to_any_network():
    network = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 8))
    add_spectral_norm(network)
    start_spectral_norm(network, torch.Generator().manual_seed(0))
    for _ in range(200):
        for norm, weight in normalised(network):
            norm.turn(weight)
    assert sigmas(network) == pytest.approx([1, 1], abs=1e-2)
