"""Each formula written out again, by hand, in float64."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from gan_core.losses import LOSSES

EVERY_LOSS = pytest.mark.parametrize("key", LOSSES)
# D = sigmoid(logit); at |logit| <= 15 neither D nor 1 - D rounds to 0 in float64.
LOGITS = torch.linspace(-15, 15, 61, dtype=torch.float64)


def log_d(logit: Tensor) -> Tensor:
    return torch.log(1 / (1 + torch.exp(-logit)))


def log_one_minus_d(logit: Tensor) -> Tensor:
    return torch.log(1 - 1 / (1 + torch.exp(-logit)))


# Goodfellow 2014, arXiv:1406.2661: equation 1 and the end of section 3.
GENERATOR = {
    "minimax": log_one_minus_d,
    "non_saturating": lambda logit: -log_d(logit),
}
GENERATOR_AT_HALF = {"minimax": math.log(0.5), "non_saturating": -math.log(0.5)}
# dL_G / dlogit as a function of D = D(G(z)).
GENERATOR_SLOPE = {"minimax": lambda d: -d, "non_saturating": lambda d: -(1 - d)}
FAR = {"minimax": {1e4: -1e4, -1e4: 0.0}, "non_saturating": {1e4: 0.0, -1e4: 1e4}}


@EVERY_LOSS
def test_the_first_discriminator_term_is_minus_log_d(key):
    on_real, _ = LOSSES[key].discriminator_terms(real=LOGITS, fake=LOGITS)
    torch.testing.assert_close(on_real, -log_d(LOGITS), rtol=1e-8, atol=1e-12)


@EVERY_LOSS
def test_the_second_discriminator_term_is_minus_log_one_minus_d(key):
    _, on_fake = LOSSES[key].discriminator_terms(real=LOGITS, fake=LOGITS)
    torch.testing.assert_close(on_fake, -log_one_minus_d(LOGITS), rtol=1e-8, atol=1e-12)


@EVERY_LOSS
def test_the_generator_loss_is_its_formula(key):
    ours = LOSSES[key].generator(real=None, fake=LOGITS)
    torch.testing.assert_close(ours, GENERATOR[key](LOGITS), rtol=1e-8, atol=1e-12)


@EVERY_LOSS
def test_the_verdict_is_a_probability(key):
    expected = 1 / (1 + torch.exp(-LOGITS))
    torch.testing.assert_close(LOSSES[key].verdict(LOGITS), expected)


@EVERY_LOSS
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("logit", [1e4, -1e4])
def test_the_discriminator_terms_are_right_far_out(key, dtype, logit):
    far = torch.tensor([logit], dtype=dtype)
    on_real, on_fake = LOSSES[key].discriminator_terms(real=far, fake=far)
    assert (on_real.item(), on_fake.item()) == (max(-logit, 0), max(logit, 0))


@EVERY_LOSS
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("logit", [1e4, -1e4])
def test_the_generator_loss_is_right_far_out(key, dtype, logit):
    far = torch.tensor([logit], dtype=dtype)
    assert LOSSES[key].generator(real=None, fake=far).item() == FAR[key][logit]


@EVERY_LOSS
@pytest.mark.parametrize("logit", [1e4, -1e4])
def test_the_gradients_are_finite_far_out(key, logit):
    far = torch.tensor([logit], requires_grad=True)
    terms = LOSSES[key].discriminator_terms(real=far, fake=far)
    (sum(terms) + LOSSES[key].generator(real=None, fake=far)).sum().backward()
    assert torch.isfinite(far.grad).all()


def slope(key: str, d: float) -> float:
    logit = torch.tensor(math.log(d / (1 - d)), dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(LOSSES[key].generator(real=None, fake=logit), logit)
    return gradient.item()


@EVERY_LOSS
@pytest.mark.parametrize("d", [0.5, 0.1, 0.01, 0.001])
def test_the_generators_gradient_at_the_logit_is_the_lessons(key, d):
    assert slope(key, d) == pytest.approx(GENERATOR_SLOPE[key](d), rel=1e-9)


@pytest.mark.parametrize(("d", "ratio"), [(0.5, 1), (0.1, 9), (0.01, 99), (0.001, 999)])
def test_the_non_saturating_gradient_is_larger_by_one_minus_d_over_d(d, ratio):
    assert slope("non_saturating", d) / slope("minimax", d) == pytest.approx(ratio, rel=1e-9)


@EVERY_LOSS
def test_a_discriminator_that_cannot_tell_pays_log_four(key):
    even = torch.zeros(1, dtype=torch.float64)
    paid = sum(LOSSES[key].discriminator_terms(real=even, fake=even)).item()
    assert paid == pytest.approx(math.log(4))
    assert LOSSES[key].discriminator_at_equilibrium == pytest.approx(math.log(4))


@EVERY_LOSS
def test_the_generator_at_equilibrium_pays_what_the_lesson_says(key):
    paid = LOSSES[key].generator(real=None, fake=torch.zeros(1, dtype=torch.float64)).item()
    assert paid == pytest.approx(GENERATOR_AT_HALF[key])
    assert LOSSES[key].generator_at_equilibrium == pytest.approx(GENERATOR_AT_HALF[key])


def test_the_minimax_game_is_zero_sum_in_what_the_generator_can_change():
    loss = LOSSES["minimax"]
    _, on_fake = loss.discriminator_terms(real=LOGITS, fake=LOGITS)
    assert torch.equal(loss.generator(real=None, fake=LOGITS), -on_fake)


@EVERY_LOSS
def test_every_value_belongs_to_one_picture(key):
    real, fake = LOGITS[:5], LOGITS[5:10]
    shapes = {t.shape for t in LOSSES[key].discriminator_terms(real=real, fake=fake)}
    assert shapes | {LOSSES[key].generator(real=real, fake=fake).shape} == {(5,)}


@EVERY_LOSS
def test_a_loss_is_filed_under_its_key(key):
    assert LOSSES[key].key == key


@EVERY_LOSS
def test_the_formulas_name_their_players_loss(key):
    assert LOSSES[key].discriminator_formula.startswith("L_D")
    assert LOSSES[key].generator_formula.startswith("L_G")
