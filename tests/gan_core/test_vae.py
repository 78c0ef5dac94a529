"""The VAE: its two terms by hand, a bound that is one, and a trainer that can be trusted."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from gan_core.batches import Batches
from gan_core.config import POINT_MODEL, SettingError, TrainConfig
from gan_core.layers import Encoder, Generator
from gan_core.models import MODELS, build_encoder, build_generator, count_parameters
from gan_core.report import TrainingDiverged
from gan_core.trainer import Trainer
from gan_core.vae import (
    SIGMA_RANGE,
    Posterior,
    Vae,
    VaeTrainer,
    bound,
    kl_per_dimension,
    log_likelihood,
)

LINE = TrainConfig(model=POINT_MODEL, latent_dim=2, layers=0, batch_size=4)


def trained(config: TrainConfig, data: Tensor, iterations: int, sigma: float = 1.0) -> VaeTrainer:
    trainer = VaeTrainer(config, data, sigma)
    for _ in trainer.run(iterations):
        pass
    return trainer


def drawn(*shape: int, seed: int = 0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=random, dtype=torch.float64)


# The terms --------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [0.1, 0.5, 1.0, 2.0])
def test_the_likelihood_is_the_gaussians(sigma):
    """Σ log [1/(σ√2π) · exp(-(x - g)²/2σ²)], number by number."""
    x, g = drawn(3, 1, 4, 4), drawn(3, 1, 4, 4, seed=1)
    expected = [
        math.fsum(
            -math.log(sigma * math.sqrt(2 * math.pi)) - (a - b) ** 2 / (2 * sigma**2)
            for a, b in zip(row, made, strict=True)
        )
        for row, made in zip(x.flatten(1).tolist(), g.flatten(1).tolist(), strict=True)
    ]
    assert log_likelihood(x, g, sigma).tolist() == pytest.approx(expected, rel=1e-12)


def test_a_perfect_copy_has_the_highest_density():
    x = drawn(2, 1, 28, 28)
    peak = -784 / 2 * math.log(2 * math.pi * 0.25)
    assert log_likelihood(x, x, 0.5).tolist() == pytest.approx([peak, peak])


def test_the_kl_of_a_coordinate_is_the_integral():
    """∫ q log q/p on a grid, q = N(m, s²), p = N(0, 1)."""
    z = torch.linspace(-12, 12, 48_001, dtype=torch.float64)
    for m, log_variance in ((0.0, 0.0), (1.5, 0.0), (0.0, -3.0), (-2.0, 0.7)):
        s = math.exp(log_variance / 2)
        log_q = -(((z - m) / s) ** 2) / 2 - math.log(s) - math.log(2 * math.pi) / 2
        log_p = -(z**2) / 2 - math.log(2 * math.pi) / 2
        integral = torch.trapezoid(log_q.exp() * (log_q - log_p), z).item()
        given = torch.tensor([[m], [log_variance]], dtype=torch.float64)
        found = kl_per_dimension(*given)
        assert found.item() == pytest.approx(integral, abs=1e-9)


def test_the_kl_is_the_formula_and_torchs():
    m, log_variance = drawn(5, 3), drawn(5, 3, seed=1)
    s = (log_variance / 2).exp()
    by_hand = -0.5 * (1 + torch.log(s**2) - m**2 - s**2)
    found = kl_per_dimension(m, log_variance)
    assert torch.allclose(found, by_hand, rtol=1e-12, atol=1e-14)
    normal = torch.distributions.Normal
    assert torch.allclose(found, torch.distributions.kl_divergence(normal(m, s), normal(0.0, 1.0)))
    assert (found > 0).all()


def test_the_prior_costs_nothing():
    assert kl_per_dimension(torch.zeros(2, 3), torch.zeros(2, 3)).abs().max() == 0


def test_a_draw_has_the_mean_and_the_spread_of_the_posterior():
    q = Posterior(torch.tensor([[2.0, -1.0]]), torch.tensor([[math.log(0.25), 0.0]]))
    z = q.at(drawn(50_000, 2).float())
    assert torch.allclose(z.mean(0), torch.tensor([2.0, -1.0]), atol=0.02)
    assert torch.allclose(z.std(0), torch.tensor([0.5, 1.0]), atol=0.02)
    assert torch.equal(q.at(torch.zeros(1, 2)), q.mean)


# The bound --------------------------------------------------------------------------------


class Line(Generator):
    """x = W z + b: with a Gaussian likelihood, probabilistic PCA (Tipping & Bishop 1999)."""

    def __init__(self, size: int, latent_dim: int) -> None:
        super().__init__(latent_dim)
        self.weight = nn.Parameter(drawn(size, latent_dim, seed=3))
        self.bias = nn.Parameter(drawn(size, seed=4))

    def forward(self, z: Tensor) -> Tensor:
        return z @ self.weight.T + self.bias


class Known(Encoder):
    """An encoder whose answers are given, whatever it is shown."""

    def __init__(self, mean: Tensor, log_variance: Tensor) -> None:
        nn.Module.__init__(self)
        self.mean, self.log_variance = nn.Parameter(mean), nn.Parameter(log_variance)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.mean.expand(len(x), -1), self.log_variance.expand(len(x), -1)


SIGMA = 0.7


@pytest.fixture
def line() -> Line:
    return Line(6, 3)


def evidence(line: Line, x: Tensor) -> Tensor:
    """log N(x; b, W Wᵀ + σ² I)."""
    covariance = line.weight @ line.weight.T + SIGMA**2 * torch.eye(6, dtype=torch.float64)
    normal = torch.distributions.MultivariateNormal(line.bias, covariance)
    return normal.log_prob(x)


def elbo_by_hand(line: Line, x: Tensor, m: Tensor, s: Tensor) -> float:
    """E_q log p(x|z) - KL in closed form: E‖x - Wz - b‖² = ‖x - Wm - b‖² + Σ s² ‖w‖²."""
    squares = (x - line.weight @ m - line.bias).square().sum()
    squares = squares + (line.weight.square() * s.square()).sum()
    likelihood = -squares / (2 * SIGMA**2) - 3 * math.log(2 * math.pi * SIGMA**2)
    return (likelihood + 0.5 * (1 + 2 * s.log() - m.square() - s.square()).sum()).item()


@pytest.mark.parametrize("seed", range(6))
def test_the_elbo_is_the_closed_form_and_below_the_evidence(line, seed):
    m, log_variance = drawn(3, seed=10 + seed), drawn(3, seed=30 + seed) - 1
    x = drawn(1, 6, seed=50 + seed)
    vae = Vae(Known(m, log_variance), line, SIGMA)
    with torch.no_grad():
        likelihood, kl = vae.terms(x.expand(200_000, -1), drawn(200_000, 3, seed=seed))
        expected = elbo_by_hand(line, x[0], m, (log_variance / 2).exp())
        assert (likelihood - kl.sum(1)).mean().item() == pytest.approx(expected, rel=0.01)
        assert expected < evidence(line, x).item()


def test_at_the_true_posterior_the_gap_is_what_independence_costs(line):
    """log p(x) - ELBO = KL(q(z|x) ‖ p(z|x)), and 0 where the true posterior has no correlation."""
    with torch.no_grad():
        axes = torch.linalg.qr(line.weight).Q * torch.tensor([2.0, 1.0, 0.3])
        line.weight.copy_(axes)  # orthogonal columns: the posterior is independent
        x = drawn(1, 6, seed=5)
        precision = line.weight.T @ line.weight / SIGMA**2 + torch.eye(3, dtype=torch.float64)
        m = torch.linalg.solve(precision, line.weight.T @ (x[0] - line.bias) / SIGMA**2)
        s = precision.diagonal().rsqrt()
        exact = evidence(line, x).item()
        assert elbo_by_hand(line, x[0], m, s) == pytest.approx(exact, rel=1e-12)
        # From there every move to another q costs KL(q ‖ posterior).
        other = m + 0.3
        gap = exact - elbo_by_hand(line, x[0], other, s)
        assert gap == pytest.approx(((other - m) ** 2 / s**2).sum().item() / 2, rel=1e-9)


def test_training_climbs_to_the_evidence_of_a_linear_decoder():
    """The trainer's own players without hidden layers are probabilistic PCA."""
    random = torch.Generator().manual_seed(0)
    data = torch.randn(512, 2, generator=random) * torch.tensor([1.2, 0.6]) + 0.5
    config = LINE.replace(batch_size=128, generator_lr=0.02, beta1=0.9)
    trainer = trained(config, data, 600, SIGMA)
    first, last = trained(config, data, 1, SIGMA), trainer
    decoder = trainer.generator.net[0]
    covariance = decoder.weight @ decoder.weight.T + SIGMA**2 * torch.eye(2)
    normal = torch.distributions.MultivariateNormal(decoder.bias, covariance)
    with torch.no_grad():
        log_p = normal.log_prob(data).mean().item()
    many = data.repeat(40, 1)  # many draws of z
    assert first.bound(many).elbo < last.bound(many).elbo
    gap = log_p - last.bound(many).elbo
    assert -0.02 < gap < 0.1
    # s² of this encoder depends on x in no useful way, so the best decoder is that of PCA:
    # its covariance is the data's, where that is above σ².
    variances = torch.linalg.eigvalsh(torch.cov(data.T, correction=0)).clamp(min=SIGMA**2)
    assert torch.allclose(torch.linalg.eigvalsh(covariance), variances, rtol=0.15)


def test_the_bound_of_many_is_the_mean_of_each(line):
    vae = Vae(Known(drawn(3, seed=1).float(), drawn(3, seed=2).float()), line.float(), SIGMA)
    x = drawn(1203, 6).float()
    found = bound(vae, x, seed=4)
    with torch.no_grad():
        noise = torch.randn(1203, 3, generator=torch.Generator().manual_seed(4))
        likelihood, kl = vae.terms(x, noise)
    assert found.reconstruction == pytest.approx(likelihood.mean().item(), rel=1e-5)
    assert found.kl_per_dimension == pytest.approx(kl.mean(0).tolist(), rel=1e-5)
    assert found.kl == pytest.approx(sum(found.kl_per_dimension))
    assert found.elbo == found.reconstruction - found.kl


def test_the_gradient_through_the_draw_is_the_slope_of_the_elbo(line):
    """Finite differences with the same ε, for both ends of the encoder and the decoder."""
    m, log_variance = drawn(3, seed=1), drawn(3, seed=2)
    vae = Vae(Known(m, log_variance), line, SIGMA)
    x, noise = drawn(4, 6, seed=6), drawn(4, 3, seed=7)

    def elbo() -> Tensor:
        likelihood, kl = vae.terms(x, noise)
        return likelihood.mean() - kl.sum(1).mean()

    for weight in vae.parameters():
        (gradient,) = torch.autograd.grad(elbo(), [weight])
        flat, slopes = weight.detach().view(-1), []
        for index in range(len(flat)):
            with torch.no_grad():
                before, values = flat[index].item(), []
                for way in (1e-5, -1e-5):
                    flat[index] = before + way
                    values.append(elbo().item())
                flat[index] = before
            slopes.append((values[0] - values[1]) / 2e-5)
        assert gradient.flatten().tolist() == pytest.approx(slopes, rel=1e-5, abs=1e-6)


# The players ------------------------------------------------------------------------------


def test_the_decoder_is_g_with_the_weights_that_g_begins_with(tiny, pictures, assert_same):
    vae, gan = VaeTrainer(tiny, pictures), Trainer(tiny, pictures)
    assert type(vae.generator) is type(gan.generator)
    assert_same(vae.generator.state_dict(), gan.generator.state_dict())
    other = build_generator(tiny, torch.Generator().manual_seed(tiny.seed))
    assert_same(vae.generator.state_dict(), other.state_dict())


def test_the_encoder_is_d_with_another_end(tiny, pictures):
    encoder = VaeTrainer(tiny, pictures).encoder
    judge = Trainer(tiny, pictures).discriminator
    body = [tuple(weight.shape) for weight in encoder.body.parameters()]
    assert body == [tuple(weight.shape) for weight in judge.parameters()][:-2]
    assert encoder.head.out_features == 2 * tiny.latent_dim
    mean, log_variance = encoder(pictures)
    assert mean.shape == log_variance.shape == (24, 3)


def test_what_d_may_have_besides_is_no_part_of_the_encoder(tiny, pictures, assert_same):
    remedies = {"minibatch_stddev": "on", "batch_norm": "on", "spectral_norm": "on", "packing": 2}
    plain, other = VaeTrainer(tiny, pictures), VaeTrainer(tiny.replace(**remedies), pictures)
    assert_same(plain.encoder.state_dict(), other.encoder.state_dict())
    assert count_parameters(plain.vae) == count_parameters(other.vae)


def test_both_are_dealt_the_same_batches(tiny, pictures):
    vae, dealt = VaeTrainer(tiny, pictures), Batches(pictures, tiny.batch_size, tiny.seed)
    seen: list[Tensor] = []
    vae.encoder.register_forward_pre_hook(lambda _module, shown: seen.append(shown[0].clone()))
    for _ in vae.run(8):  # more than one pass
        pass
    assert all(torch.equal(batch, dealt.next()) for batch in seen)


# The trainer ------------------------------------------------------------------------------


def test_a_report_adds_up(tiny, pictures):
    for number, report in enumerate(VaeTrainer(tiny, pictures).run(3), 1):
        assert report.iteration == number
        assert len(report.kl_per_dimension) == tiny.latent_dim
        assert min(report.kl_per_dimension) >= 0
        assert report.kl == pytest.approx(sum(report.kl_per_dimension))
        assert report.elbo == report.reconstruction - report.kl
        assert report.grad_norm > 0


def test_the_first_step_is_adams_up_the_elbo(pictures):
    """Adam's first step is rate · gradient / (|gradient| + 1e-8) (Kingma & Ba 2015)."""
    config = TrainConfig(latent_dim=3, batch_size=4)
    trainer, twin = VaeTrainer(config, pictures, 0.7), VaeTrainer(config, pictures, 0.7)
    report = trainer.step()
    x = Batches(pictures, 4, config.seed).next()
    noise = torch.randn(4, 3, generator=twin.random)
    mean, log_variance = twin.encoder(x)
    z = mean + torch.exp(log_variance / 2) * noise
    error = (x - twin.generator(z)).double().square().flatten(1).sum(1)
    reconstruction = (-error / (2 * 0.7**2)).mean() - 392 * math.log(2 * math.pi * 0.7**2)
    kl = (-0.5 * (1 + log_variance - mean**2 - log_variance.exp())).mean(0)
    assert report.reconstruction == pytest.approx(reconstruction.item(), rel=1e-5)
    assert report.kl_per_dimension == pytest.approx(kl.tolist(), rel=1e-4)
    before = [weight.detach().clone() for weight in twin.vae.parameters()]
    gradients = torch.autograd.grad(kl.sum() - reconstruction, list(twin.vae.parameters()))
    norm = math.sqrt(sum(each.double().square().sum().item() for each in gradients))
    assert report.grad_norm == pytest.approx(norm, rel=1e-4)
    for after, start, gradient in zip(trainer.vae.parameters(), before, gradients, strict=True):
        clear = gradient.abs() > 1e-4  # elsewhere rounding decides on the sign
        expected = start - config.generator_lr * gradient / (gradient.abs() + 1e-8)
        assert torch.allclose(after[clear], expected[clear], atol=2e-6)


def test_pausing_changes_nothing(tiny, pictures, assert_same):
    paused = trained(tiny, pictures, 3)
    for _ in paused.run(4):
        pass
    assert_same(paused.state_dict(), trained(tiny, pictures, 7).state_dict())


@pytest.mark.parametrize("change", [{}, {"ema_decay": 0.0}, {"optimizer": "sgd"}, {"examples": 6}])
def test_a_saved_run_goes_on_bit_for_bit(tiny, pictures, assert_same, change):
    config = tiny.replace(**change)
    whole, first = trained(config, pictures, 9), trained(config, pictures, 5)
    resumed = VaeTrainer(config, pictures)
    resumed.step()
    resumed.load_state_dict(first.state_dict())
    reports = list(resumed.run(4))
    assert_same(resumed.state_dict(), whole.state_dict())
    assert reports[-1].iteration == whole.iteration == 9
    assert resumed.epoch == whole.epoch


@pytest.mark.parametrize("change", [{}, {"ema_decay": 0.0}])
def test_looking_changes_nothing(tiny, pictures, assert_same, change):
    config = tiny.replace(**change)
    watched = VaeTrainer(config, pictures)
    for _ in range(4):
        watched.step()
        watched.with_noise(watched.sample(5, seed=3))
        watched.reconstruct(pictures[:3])
        watched.posterior(pictures[:3])
        watched.bound(pictures[:3])
        assert watched.epoch > 0
    assert_same(watched.state_dict(), trained(config, pictures, 4).state_dict())


def test_the_shared_random_numbers_are_left_alone(tiny, pictures):
    before = torch.get_rng_state()
    trainer = trained(tiny, pictures, 2)
    trainer.with_noise(trainer.sample(3))
    trainer.bound(pictures)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_state_does_not_change_when_training_goes_on(tiny, pictures, assert_same):
    trainer = trained(tiny, pictures, 1)
    state = trainer.state_dict()
    before = {key: value.clone() for key, value in state.items()}
    trainer.step()
    assert_same(state, before)


def test_samples_are_decoded_draws_from_the_prior(tiny, pictures):
    trainer = trained(tiny, pictures, 3)
    z = torch.randn(5, 3, generator=torch.Generator().manual_seed(9))
    with torch.no_grad():
        expected = trainer.average.generator(z)
        posterior = trainer.average.encoder(pictures)[0]
        rebuilt = trainer.average.generator(posterior)
    assert torch.equal(trainer.sample(5, seed=9), expected)
    assert torch.equal(trainer.reconstruct(pictures), rebuilt)


def test_without_an_average_the_decoder_itself_is_shown_at_rest(tiny, pictures):
    trainer = trained(tiny.replace(ema_decay=0.0), pictures, 3)
    z = trainer.noise(6, seed=9)
    together = trainer.sample(6, seed=9)
    assert trainer.vae.training
    for index in range(6):  # no batch normalisation by company
        assert torch.allclose(trainer.generate(z[index : index + 1])[0], together[index], atol=1e-5)


def test_a_draw_from_the_likelihood_has_noise_of_sigma(tiny, pictures):
    trainer = VaeTrainer(tiny, pictures, 0.3)
    decoded = trainer.sample(40)
    noise = trainer.with_noise(decoded, seed=2) - decoded
    assert noise.std().item() == pytest.approx(0.3, rel=0.02)
    assert torch.equal(trainer.with_noise(decoded, seed=2) - decoded, noise)


def test_the_elbo_rises(tiny, pictures):
    config = tiny.replace(generator_lr=1e-3, batch_size=24, ema_decay=0.0)
    reports = list(VaeTrainer(config, pictures).run(40))
    assert reports[-1].elbo > reports[0].elbo + 20


def test_the_rate_falls_as_the_recipe_says(tiny, pictures):
    trainer = trained(tiny.replace(lr_decay_moves=4), pictures, 3)
    share = 0.05 + 0.95 * (1 + math.cos(math.pi * 2 / 4)) / 2  # before the third move
    assert trainer.optimizer.param_groups[0]["lr"] == pytest.approx(share * tiny.generator_lr)


@pytest.mark.parametrize("poison", [math.nan, math.inf, 1e4])
def test_a_bound_out_of_bounds_stops_before_the_move(tiny, pictures, poison):
    trainer = trained(tiny, pictures, 2)
    with torch.no_grad():
        trainer.encoder.head.bias[0] = poison
    before = trainer.state_dict()
    with pytest.raises(TrainingDiverged) as caught:
        trainer.step()
    assert (caught.value.iteration, caught.value.quantity) == (3, "ELBO")
    after = trainer.state_dict()
    assert after["clock"][0] == 2
    kept = [key for key in before if key.startswith("optimizer") or "weight" in key]
    assert all(torch.equal(after[key], before[key]) for key in kept)


# Refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [0, -1, 0.049, 2.1, math.nan, math.inf, "1", None, True])
def test_a_sigma_out_of_range_is_named(tiny, pictures, sigma):
    with pytest.raises(SettingError, match=r"^sigma must be from 0\.05 to 2, got") as caught:
        VaeTrainer(tiny, pictures, sigma)
    assert caught.value.name == "sigma"
    assert SIGMA_RANGE == (0.05, 2.0)


def test_the_prior_must_be_gaussian(tiny, pictures):
    with pytest.raises(SettingError, match=r"^noise must be gaussian.* got 'uniform'") as caught:
        VaeTrainer(tiny.replace(noise="uniform"), pictures)
    assert caught.value.name == "noise"


def test_a_vae_is_told_no_class(tiny, pictures):
    with pytest.raises(SettingError, match=r"^conditional must be off.* got 'on'"):
        VaeTrainer(tiny.replace(conditional="on"), pictures)


@pytest.mark.parametrize(
    "data", [torch.zeros(8, 28, 28), torch.zeros(1, 1, 28, 28), torch.zeros(8, 1, 28, 28).double()]
)
def test_data_of_another_kind_are_refused(tiny, data):
    with pytest.raises(ValueError, match="data must"):
        VaeTrainer(tiny, data)


@pytest.mark.parametrize("change", [{"latent_dim": 4}, {"ema_decay": 0.0}])
def test_a_state_of_another_shape_is_refused(tiny, pictures, change):
    state = trained(tiny.replace(**change), pictures, 1).state_dict()
    with pytest.raises(ValueError, match="the state does not fit this model"):
        VaeTrainer(tiny, pictures).load_state_dict(state)


@pytest.mark.parametrize("clock", [[-1, 0, 0], [1, -1, 0], [1, 0, -1], [1, 0]])
def test_a_clock_that_no_run_has_is_refused(tiny, pictures, clock):
    state = trained(tiny, pictures, 1).state_dict() | {"clock": torch.tensor(clock)}
    with pytest.raises(ValueError, match=r"does not fit this model|unpack"):
        VaeTrainer(tiny, pictures).load_state_dict(state)


def test_every_model_has_an_encoder():
    for model in MODELS:
        config = TrainConfig(model=model, latent_dim=5)
        encoder = build_encoder(config, torch.Generator().manual_seed(0))
        found = encoder(torch.zeros(2, *MODELS[model].sample_shape))
        assert [tuple(part.shape) for part in found] == [(2, 5), (2, 5)]
