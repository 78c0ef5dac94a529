"""f-AnoGAN: the encoder's loss by hand, its training, and its scores."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from gan_core.anomaly import EncoderSettings, EncoderTrainer, FastAnoGan
from gan_core.anomaly.fast import BATCH, build_encoder, encoder_terms
from gan_core.config import TrainConfig
from gan_core.data.images import embedded_digits
from gan_core.latent import draw
from gan_core.models import build_discriminator, build_generator
from gan_core.pretrained import load_discriminator, load_generator
from gan_core.report import TrainingDiverged

SMALL = EncoderSettings(batch_size=4, seed=2)


@pytest.fixture(scope="module")
def digits() -> Tensor:
    return embedded_digits().images[:64]


def trainer(digits: Tensor, settings: EncoderSettings = SMALL) -> EncoderTrainer:
    return EncoderTrainer(settings, load_generator("dcgan"), load_discriminator("dcgan"), digits)


def hidden(images: Tensor) -> Tensor:
    net = load_discriminator("dcgan").net
    return nn.Sequential(*list(net)[:-1])(images).flatten(1)


# The loss -------------------------------------------------------------------------------


def test_the_loss_is_as_written_by_hand():
    x = torch.tensor([[[[0.5, -1.0], [0.25, 1.0]]], [[[0.0, 0.0], [0.0, 0.0]]]]).double()
    made = torch.tensor([[[[0.0, -0.5], [0.5, 1.0]]], [[[0.0, 0.0], [0.0, -1.0]]]]).double()
    seen = torch.tensor([[1.0, -2.0, 3.0], [0.0, 0.0, 0.0]]).double()
    felt = torch.tensor([[1.5, 2.0, 3.0], [0.0, 0.5, 0.0]]).double()
    residual, matching = encoder_terms(x, made, seen, felt, kappa=2.0)
    assert residual.tolist() == pytest.approx([(0.25 + 0.25 + 0.0625) / 4, 1 / 4], abs=1e-12)
    assert matching.tolist() == pytest.approx([2 * (0.25 + 16) / 3, 2 * 0.25 / 3], abs=1e-12)


@pytest.mark.parametrize("kappa", [0.0, 1.0, 3.0])
def test_a_score_is_the_loss_by_hand(players, some, kappa):
    encoder = build_encoder(4, torch.Generator().manual_seed(0)).double()
    scores = FastAnoGan(encoder, *vars(players).values(), kappa).score(some)
    generator, net = players.generator.eval(), players.discriminator.eval().net
    f = nn.Sequential(*list(net)[:-1], nn.Flatten())
    for x, score in zip(some, scores.tolist(), strict=True):
        made = generator(encoder.eval()(x[None]))[0]
        pixels = sum(
            ((a - b) ** 2).item() for a, b in zip(x.flatten(), made.flatten(), strict=True)
        )
        gap = (f(x[None]) - f(made[None])).flatten()
        expected = pixels / 784 + kappa / len(gap) * (gap**2).sum().item()
        assert score == pytest.approx(expected, rel=1e-9)


# The encoder ----------------------------------------------------------------------------


def test_an_encoder_turns_pictures_into_points(digits):
    encoder = build_encoder(7, torch.Generator().manual_seed(0))
    assert encoder(digits).shape == (64, 7)


def test_first_weights_come_from_the_given_numbers_alone(assert_same):
    before = torch.random.get_rng_state()
    one, other = (build_encoder(7, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert_same(one.state_dict(), other.state_dict())
    third = build_encoder(7, torch.Generator().manual_seed(4))
    assert not torch.equal(third.net[0].weight, one.net[0].weight)


def test_first_weights_spread_as_those_of_nn_linear():
    encoder = build_encoder(64, torch.Generator().manual_seed(0))
    for layer in encoder.net:
        if isinstance(layer, nn.Linear | nn.Conv2d):
            bound = math.prod(layer.weight.shape[1:]) ** -0.5
            assert layer.weight.abs().max() <= bound
            assert layer.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.1)


# Training -------------------------------------------------------------------------------


def test_a_report_is_the_loss_before_the_move(digits):
    learner = trainer(digits[:4])  # one batch: all of them, in some order
    encoder = build_encoder(64, torch.Generator().manual_seed(2))
    with torch.no_grad():
        made = load_generator("dcgan")(encoder(digits[:4]))  # batch norm in training mode
    residual = ((digits[:4] - made).double() ** 2).mean().item()
    matching = ((hidden(digits[:4]) - hidden(made)).double() ** 2).mean().item()
    report = learner.step()
    assert report.iteration == learner.iteration == 1
    assert report.residual == pytest.approx(residual, rel=1e-4)
    assert report.matching == pytest.approx(matching, rel=1e-4)
    assert report.loss == pytest.approx(residual + matching, rel=1e-4)


def test_a_move_goes_down_the_loss(digits):
    """Adam's first step is rate · gradient / (|gradient| + 1e-8) (Kingma & Ba 2015)."""
    learner = trainer(digits[:4])
    encoder = build_encoder(64, torch.Generator().manual_seed(2))
    made = load_generator("dcgan")(encoder(digits[:4]))
    loss = (digits[:4] - made).square().mean() + (hidden(digits[:4]) - hidden(made)).square().mean()
    weight = encoder.net[-1].weight
    (gradient,) = torch.autograd.grad(loss, weight)
    expected = weight - 1e-3 * gradient / (gradient.abs() + 1e-8)
    learner.step()
    strong = gradient.abs() > 1e-5  # where rounding decides nothing
    assert strong.float().mean() > 0.5
    assert torch.allclose(learner.encoder.net[-1].weight[strong], expected[strong], atol=1e-5)


def test_training_brings_the_loss_down(digits):
    losses = [report.loss for report in trainer(digits, EncoderSettings()).run(60)]
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


def test_only_the_encoder_moves(digits, assert_same):
    learner = trainer(digits)
    players = {"g": learner.generator, "d": learner.discriminator}
    before = {
        name: {k: v.clone() for k, v in network.state_dict().items()}
        for name, network in players.items()
    }
    first = learner.encoder.net[-1].weight.clone()
    list(learner.run(3))
    for name, network in players.items():
        assert_same(network.state_dict(), before[name])
    assert not torch.equal(learner.encoder.net[-1].weight, first)


def test_pausing_and_looking_change_nothing(digits, assert_same):
    one, other = trainer(digits), trainer(digits)
    list(one.run(6))
    list(other.run(2))
    other.scorer().score(digits[:5])
    other.scorer().explain(digits[:5])
    list(other.run(4))
    assert_same(one.encoder.state_dict(), other.encoder.state_dict())
    assert one.epoch == other.epoch == 6 * 4 / 64


def test_training_leaves_the_shared_random_numbers_alone(digits):
    before = torch.random.get_rng_state()
    list(trainer(digits).run(2))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_scorer_keeps_the_encoder_as_it_was(digits):
    learner = trainer(digits)
    scorer = learner.scorer()
    before = scorer.score(digits[:5])
    list(learner.run(3))
    assert torch.equal(scorer.score(digits[:5]), before)
    assert not torch.equal(learner.scorer().score(digits[:5]), before)


def test_a_loss_that_is_no_number_ends_the_training_before_the_move(digits):
    learner = trainer(digits)
    learner.step()
    with torch.no_grad():
        learner.encoder.net[-1].bias[0] = math.nan
    kept = learner.encoder.net[0].weight.clone()
    with pytest.raises(TrainingDiverged) as caught:
        learner.step()
    assert caught.value.iteration == 2
    assert learner.iteration == 1
    assert torch.equal(learner.encoder.net[0].weight, kept)


# A saved state --------------------------------------------------------------------------


def test_a_saved_encoder_goes_on_bit_for_bit(digits, assert_same):
    whole, first = trainer(digits[:10]), trainer(digits[:10])  # two batches a pass
    list(whole.run(9))
    list(first.run(5))
    resumed = trainer(digits[:10])
    resumed.step()
    resumed.load_state_dict(first.state_dict())
    reports = list(resumed.run(4))
    assert_same(resumed.state_dict(), whole.state_dict())
    assert reports[-1].iteration == whole.iteration == 9
    assert resumed.epoch == whole.epoch == 4.4
    assert torch.equal(resumed.scorer().score(digits), whole.scorer().score(digits))


def test_a_state_does_not_change_when_training_goes_on(digits, assert_same):
    learner = trainer(digits)
    learner.step()
    state = learner.state_dict()
    before = {key: value.clone() for key, value in state.items()}
    learner.step()
    assert_same(state, before)
    assert not torch.equal(
        learner.state_dict()["optimizer.0.exp_avg"], before["optimizer.0.exp_avg"]
    )


def test_a_state_of_another_size_is_refused(digits):
    config = TrainConfig(model="dcgan", latent_dim=5)
    random = torch.Generator().manual_seed(0)
    players = build_generator(config, random), build_discriminator(config, random)
    other = EncoderTrainer(SMALL, *players, digits)
    other.step()
    with pytest.raises(ValueError, match="the state does not fit this encoder"):
        trainer(digits).load_state_dict(other.state_dict())


@pytest.mark.parametrize("missing", ["encoder.net.0.weight", "random", "clock"])
def test_a_state_with_a_hole_is_refused(digits, missing):
    learner = trainer(digits)
    learner.step()
    state = learner.state_dict()
    del state[missing]
    with pytest.raises(ValueError, match="the state does not fit this encoder"):
        trainer(digits).load_state_dict(state)


@pytest.mark.parametrize("clock", [[-1, 0, 0], [1, -1, 0], [1, 0, -1]])
def test_a_clock_that_no_run_has_is_refused(digits, clock):
    state = trainer(digits).state_dict() | {"clock": torch.tensor(clock)}
    with pytest.raises(ValueError, match="does not fit this encoder: the clock"):
        trainer(digits).load_state_dict(state)


# Scores ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained() -> FastAnoGan:
    """An encoder that has learned to read the shipped generator's own pictures."""
    generator = load_generator("dcgan")
    learner = trainer(generator(draw(400, generator.latent_dim, 9)), EncoderSettings())
    list(learner.run(120))
    return learner.scorer()


def test_what_the_generator_makes_is_normal_and_noise_is_not(trained, pictures):
    generator = load_generator("dcgan")
    own = generator(draw(50, generator.latent_dim, 10))
    assert trained.score(own).quantile(0.9) < 0.5 * trained.score(pictures).min()


def test_a_score_does_not_depend_on_its_company(trained, digits):
    single = torch.cat([trained.score(picture[None]) for picture in digits])
    assert torch.allclose(trained.score(digits), single, rtol=1e-4)


def test_more_pictures_than_a_batch_are_scored_in_parts(trained, digits):
    many = digits.repeat(5, 1, 1, 1)
    assert len(many) > BATCH
    assert torch.allclose(trained.score(many), trained.score(digits).repeat(5), rtol=1e-4)
    assert trained.explain(many).residual.shape == many.shape


def test_scoring_twice_is_scoring_once(trained, digits):
    before = torch.random.get_rng_state()
    scores = trained.score(digits)
    assert torch.equal(trained.score(digits), scores)
    assert not scores.requires_grad
    assert torch.equal(torch.random.get_rng_state(), before)


def test_it_shows_the_picture_that_the_encoder_leads_to(players, some):
    encoder = build_encoder(4, torch.Generator().manual_seed(0)).double()
    shown = FastAnoGan(encoder, *vars(players).values()).explain(some)
    made = players.generator.eval()(encoder.eval()(some))
    assert torch.allclose(shown.reconstruction, made)
    assert torch.allclose(shown.residual, (some - made).abs() / 2)


# Bad input ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "allowed"),
    [
        ({"kappa": -1.0}, "from 0 to 100"),
        ({"kappa": 101.0}, "from 0 to 100"),
        ({"learning_rate": 0.0}, "from 1e-06 to 1"),
        ({"batch_size": 1}, "a whole number from 2 to 1024"),
        ({"batch_size": 8.0}, "a whole number from 2 to 1024"),
        ({"seed": -1}, "a whole number from 0 to 2147483647"),
    ],
)
def test_settings_out_of_range_are_refused(setting, allowed):
    (name,) = setting
    with pytest.raises(ValueError, match=f"^{name} must be {allowed}, got "):
        EncoderSettings(**setting)


def test_a_kappa_out_of_range_is_refused(players):
    encoder = build_encoder(4, torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match=r"^kappa must be from 0 to 100, got -1"):
        FastAnoGan(encoder, *vars(players).values(), -1.0)


@pytest.mark.parametrize("ask", ["score", "explain"])
def test_no_picture_is_refused(players, ask):
    scorer = FastAnoGan(build_encoder(4, torch.Generator()), *vars(players).values())
    with pytest.raises(ValueError, match=r"^images must be pictures of shape \(N >= 1, 1, 28, 28"):
        getattr(scorer, ask)(torch.zeros(0, 1, 28, 28))


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((0, 1, 28, 28), "^data must be pictures of shape"),
        ((5, 2), "^data must be pictures of shape"),
        ((1, 1, 28, 28), "^data must be at least 2 pictures, got 1$"),
    ],
)
def test_too_few_data_are_refused(shape, message):
    with pytest.raises(ValueError, match=message):
        trainer(torch.zeros(shape))


def test_a_discriminator_of_packs_is_refused(digits):
    config = TrainConfig(model="dcgan", packing=2)
    packs = build_discriminator(config, torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match=r"^packing must be 1, got 2$"):
        EncoderTrainer(SMALL, load_generator("dcgan"), packs, digits)
