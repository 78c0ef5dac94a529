"""Each formula written out again, by hand, in float64."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from gan_core.config import TrainConfig
from gan_core.losses import CLIPPED_WGAN, LOSSES

EVERY_LOSS = pytest.mark.parametrize("key", LOSSES)
# D = sigmoid(logit); at |logit| <= 15 neither D nor 1 - D rounds to 0 in float64.
LOGITS = torch.linspace(-15, 15, 61, dtype=torch.float64)
REAL, FAKE = LOGITS, LOGITS[torch.randperm(61, generator=torch.Generator().manual_seed(0))]
LOG_2 = 0.6931471805599453


def sigma(logit: Tensor) -> Tensor:
    return 1 / (1 + torch.exp(-logit))


def log_d(logit: Tensor) -> Tensor:
    return torch.log(sigma(logit))


def log_one_minus_d(logit: Tensor) -> Tensor:
    return torch.log(1 - sigma(logit))


def above_zero(value: Tensor) -> Tensor:
    return torch.where(value > 0, value, torch.zeros_like(value))


# a = D's logit on a real picture, b = on a generated one.


def discriminator_by_hand(key: str, a: Tensor, b: Tensor) -> list[Tensor]:
    """The terms of L_D in the order of the printed formula.

    Goodfellow 2014, equation 1; Salimans 2016, section 3.4; Mao 2017, equation 9;
    Arjovsky 2017, equation 3; Lim & Ye 2017, as in Miyato 2018, equation 16; Huang
    2024, as its code has it.
    """
    return {
        "minimax": [-log_d(a), -log_one_minus_d(b)],
        "non_saturating": [-log_d(a), -log_one_minus_d(b)],
        "one_sided": [-0.9 * log_d(a), -0.1 * log_one_minus_d(a), -log_one_minus_d(b)],
        "least_squares": [0.5 * (a - 1) ** 2, 0.5 * b**2],
        "wasserstein": [-a, b],
        "hinge": [above_zero(1 - a), above_zero(1 + b)],
        "relativistic": [torch.log(1 + torch.exp(-(a - b)))],
    }[key]


def generator_by_hand(key: str, a: Tensor, b: Tensor) -> Tensor:
    return {
        "minimax": log_one_minus_d(b),
        "non_saturating": -log_d(b),
        "one_sided": -log_d(b),
        "least_squares": 0.5 * (b - 1) ** 2,
        "wasserstein": -b,
        "hinge": -b,
        "relativistic": torch.log(1 + torch.exp(-(b - a))),
    }[key]


def slopes_by_hand(key: str, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """dL_D/da, dL_D/db and dL_G/db."""
    one = torch.ones_like(a)
    return {
        "minimax": (sigma(a) - 1, sigma(b), -sigma(b)),
        "non_saturating": (sigma(a) - 1, sigma(b), sigma(b) - 1),
        "one_sided": (sigma(a) - 0.9, sigma(b), sigma(b) - 1),
        "least_squares": (a - 1, b, b - 1),
        "wasserstein": (-one, one, -one),
        "hinge": (-(a < 1).double(), (b > -1).double(), -one),
        "relativistic": (-sigma(b - a), sigma(b - a), -sigma(a - b)),
    }[key]


# Values ---------------------------------------------------------------------------


@EVERY_LOSS
def test_the_discriminator_terms_are_the_formulas(key):
    ours = LOSSES[key].discriminator_terms(real=REAL, fake=FAKE)
    for term, by_hand in zip(ours, discriminator_by_hand(key, REAL, FAKE), strict=True):
        torch.testing.assert_close(term, by_hand, rtol=1e-8, atol=1e-12)


@EVERY_LOSS
def test_the_generator_loss_is_its_formula(key):
    ours = LOSSES[key].generator(real=REAL, fake=FAKE)
    by_hand = generator_by_hand(key, REAL, FAKE)
    torch.testing.assert_close(ours, by_hand, rtol=1e-8, atol=1e-12)


@EVERY_LOSS
def test_the_number_of_terms_is_the_one_told(key):
    assert len(LOSSES[key].discriminator_terms(real=REAL, fake=FAKE)) == LOSSES[key].terms


@EVERY_LOSS
def test_every_value_belongs_to_one_picture(key):
    real, fake = LOGITS[:5], LOGITS[5:10]
    shapes = {t.shape for t in LOSSES[key].discriminator_terms(real=real, fake=fake)}
    assert shapes | {LOSSES[key].generator(real=real, fake=fake).shape} == {(5,)}


@EVERY_LOSS
def test_only_a_loss_that_compares_needs_the_real_pictures_for_g(key):
    loss = LOSSES[key]
    other = loss.generator(real=REAL + 1, fake=FAKE)
    assert torch.equal(loss.generator(real=REAL, fake=FAKE), other) != loss.compares
    if not loss.compares:
        assert torch.equal(loss.generator(real=None, fake=FAKE), other)


@EVERY_LOSS
def test_the_verdict_is_a_probability_or_the_score_itself(key):
    expected = LOGITS if LOSSES[key].verdict_range is None else sigma(LOGITS)
    torch.testing.assert_close(LOSSES[key].verdict(LOGITS), expected)


def test_the_losses_on_probabilities_are_those_of_the_first_papers():
    known = {key for key in LOSSES if LOSSES[key].verdict_range == (0, 1)}
    assert known == {"minimax", "non_saturating", "one_sided"}


def test_the_minimax_game_is_zero_sum_in_what_the_generator_can_change():
    loss = LOSSES["minimax"]
    _, on_fake = loss.discriminator_terms(real=REAL, fake=FAKE)
    assert torch.equal(loss.generator(real=None, fake=FAKE), -on_fake)


def test_the_relativistic_game_is_not_zero_sum():
    """R3GAN's paper prints a min-max game, equation 2; its code plays another."""
    loss = LOSSES["relativistic"]
    (d_term,) = loss.discriminator_terms(real=REAL, fake=FAKE)
    assert not torch.allclose(loss.generator(real=REAL, fake=FAKE), -d_term)


def test_relativistic_pairs_are_one_to_one():
    real, fake = torch.tensor([3.0, 0.0]), torch.tensor([1.0, -1.0])
    (ours,) = LOSSES["relativistic"].discriminator_terms(real=real, fake=fake)
    assert ours.tolist() == pytest.approx([math.log(1 + math.exp(-2)), math.log(1 + math.exp(-1))])


@pytest.mark.parametrize(("more_real", "more_fake"), [(0, 3), (3, 0)])
def test_relativistic_pairs_end_with_the_shorter_batch(more_real, more_fake):
    loss, real, fake = LOSSES["relativistic"], REAL[: 4 + more_real], FAKE[: 4 + more_fake]
    (d_term,) = loss.discriminator_terms(real=real, fake=fake)
    (by_hand,) = discriminator_by_hand("relativistic", REAL[:4], FAKE[:4])
    torch.testing.assert_close(d_term, by_hand)
    by_hand = generator_by_hand("relativistic", REAL[:4], FAKE[:4])
    torch.testing.assert_close(loss.generator(real=real, fake=fake), by_hand)


# Far out --------------------------------------------------------------------------

# Of each term of L_D, and of L_G, with both logits at 1e4 and with both at -1e4.
FAR: dict[str, dict[float, tuple[float, ...]]] = {
    "minimax": {1e4: (0, 1e4, -1e4), -1e4: (1e4, 0, 0)},
    "non_saturating": {1e4: (0, 1e4, 0), -1e4: (1e4, 0, 1e4)},
    "one_sided": {1e4: (0, 1e3, 1e4, 0), -1e4: (9e3, 0, 0, 1e4)},
    "least_squares": {
        1e4: (0.5 * 9999**2, 5e7, 0.5 * 9999**2),
        -1e4: (0.5 * 10001**2, 5e7, 0.5 * 10001**2),
    },
    "wasserstein": {1e4: (-1e4, 1e4, -1e4), -1e4: (1e4, -1e4, 1e4)},
    "hinge": {1e4: (0, 10001, -1e4), -1e4: (10001, 0, 1e4)},
    "relativistic": {1e4: (LOG_2, LOG_2), -1e4: (LOG_2, LOG_2)},
}


@EVERY_LOSS
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("logit", [1e4, -1e4])
def test_the_losses_are_right_far_out(key, dtype, logit):
    far, loss = torch.tensor([logit], dtype=dtype), LOSSES[key]
    values = (*loss.discriminator_terms(real=far, fake=far), loss.generator(real=far, fake=far))
    assert [value.item() for value in values] == pytest.approx(FAR[key][logit], rel=1e-6)


@EVERY_LOSS
@pytest.mark.parametrize("logit", [1e4, -1e4])
def test_the_gradients_are_finite_far_out(key, logit):
    far = torch.tensor([logit], requires_grad=True)
    terms = LOSSES[key].discriminator_terms(real=far, fake=far)
    (sum(terms) + LOSSES[key].generator(real=far, fake=far)).sum().backward()
    assert torch.isfinite(far.grad).all()


# Gradients ------------------------------------------------------------------------


@EVERY_LOSS
def test_the_gradients_are_the_derivatives_by_hand(key):
    real, fake = REAL.clone().requires_grad_(), FAKE.clone().requires_grad_()
    loss = LOSSES[key]
    d_loss = sum(loss.discriminator_terms(real=real, fake=fake)).sum()
    g_loss = loss.generator(real=REAL, fake=fake).sum()
    found = (*torch.autograd.grad(d_loss, (real, fake)), *torch.autograd.grad(g_loss, fake))
    smooth = (REAL.abs() != 1) & (FAKE.abs() != 1)  # the hinge has a kink there
    for ours, by_hand in zip(found, slopes_by_hand(key, REAL, FAKE), strict=True):
        torch.testing.assert_close(ours[smooth], by_hand[smooth], rtol=1e-8, atol=1e-12)


def slope(key: str, d: float) -> float:
    logit = torch.tensor(math.log(d / (1 - d)), dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(LOSSES[key].generator(real=None, fake=logit), logit)
    return gradient.item()


@pytest.mark.parametrize(("d", "ratio"), [(0.5, 1), (0.1, 9), (0.01, 99), (0.001, 999)])
def test_the_non_saturating_gradient_is_larger_by_one_minus_d_over_d(d, ratio):
    assert slope("non_saturating", d) / slope("minimax", d) == pytest.approx(ratio, rel=1e-9)


@pytest.mark.parametrize("key", [key for key in LOSSES if key != "minimax"])
def test_a_hopeless_fake_gets_the_full_gradient(key):
    """``-log(sigmoid(t) + eps)`` would give none here: 1e-44 disappears beside eps."""
    fake = torch.tensor([-100.0], requires_grad=True)
    LOSSES[key].generator(real=torch.tensor([0.0]), fake=fake).sum().backward()
    assert fake.grad.item() <= -1


def test_only_the_label_of_real_pictures_is_smoothed():
    sure = torch.tensor([-40.0], dtype=torch.float64)
    *_, on_fake = LOSSES["one_sided"].discriminator_terms(real=sure, fake=sure)
    assert on_fake.item() == pytest.approx(0, abs=1e-12)  # a smoothed 0 would cost 4 here


# Equilibrium ----------------------------------------------------------------------

# L_D, L_G and the verdict, as the lesson prints them; None where D may be any constant.
AT_EQUILIBRIUM = {
    "minimax": (1.386294, -0.693147, 0.5),
    "non_saturating": (1.386294, 0.693147, 0.5),
    "one_sided": (1.376278, 0.798508, 0.45),
    "least_squares": (0.25, 0.125, 0.5),
    "wasserstein": (0.0, None, None),
    "hinge": (2.0, None, None),
    "relativistic": (0.693147, 0.693147, None),
}


def one_answer(key: str) -> tuple[Tensor, Tensor, Tensor]:
    """L_D, L_G and the verdict of a D that says the same logit of every picture."""
    loss, logits = LOSSES[key], torch.linspace(-5, 5, 100_001, dtype=torch.float64)
    d_loss = sum(loss.discriminator_terms(real=logits, fake=logits))
    return d_loss, loss.generator(real=logits, fake=logits), loss.verdict(logits)


@EVERY_LOSS
def test_the_values_at_equilibrium_are_those_of_the_lesson(key):
    loss = LOSSES[key]
    ours = (
        loss.discriminator_at_equilibrium,
        loss.generator_at_equilibrium,
        loss.verdict_at_equilibrium,
    )
    for value, expected in zip(ours, AT_EQUILIBRIUM[key], strict=True):
        assert value == (None if expected is None else pytest.approx(expected, abs=1e-6))


@EVERY_LOSS
def test_no_single_answer_is_cheaper_for_d_than_at_equilibrium(key):
    d_loss, _, _ = one_answer(key)
    assert d_loss.min().item() == pytest.approx(AT_EQUILIBRIUM[key][0], abs=1e-6)


@EVERY_LOSS
def test_the_best_single_answer_gives_g_its_loss_and_the_page_its_verdict(key):
    """A value that is None must really differ from one best answer to the next."""
    d_loss, *others = one_answer(key)
    best = d_loss < d_loss.min() + 1e-10
    for values, expected in zip(others, AT_EQUILIBRIUM[key][1:], strict=True):
        if expected is None:
            assert values[best].max() - values[best].min() > 1
        else:
            assert values[best].tolist() == pytest.approx([expected] * int(best.sum()), abs=1e-4)


# L_D of the best D for p = N(0, 1) and q = N(2, 1), from the theory of each paper:
# log 4 - 2 JSD; ½ ∫ pq/(p + q); 2 (1 - TV).
BETWEEN_GAUSSIANS = {"minimax": 0.712633, "least_squares": 0.112400, "hinge": 0.634621}


@pytest.mark.parametrize("key", BETWEEN_GAUSSIANS)
def test_the_best_discriminator_between_two_gaussians_pays_what_the_theory_says(key):
    x = torch.linspace(-6, 8, 1401, dtype=torch.float64)
    p, q = (torch.exp(-((x - m) ** 2) / 2) / math.sqrt(2 * math.pi) for m in (0, 2))
    answers = torch.linspace(-15, 15, 3001, dtype=torch.float64)
    on_real, on_fake = LOSSES[key].discriminator_terms(real=answers, fake=answers)
    best = (p[:, None] * on_real + q[:, None] * on_fake).min(dim=1).values
    assert torch.trapezoid(best, x).item() == pytest.approx(BETWEEN_GAUSSIANS[key], abs=2e-4)


# What a page shows ----------------------------------------------------------------


@EVERY_LOSS
def test_a_loss_is_filed_under_its_key(key):
    assert LOSSES[key].key == key


@EVERY_LOSS
def test_the_formulas_name_their_players_loss(key):
    assert LOSSES[key].discriminator_formula.startswith("L_D")
    assert LOSSES[key].generator_formula.startswith("L_G")


@EVERY_LOSS
def test_the_recommended_settings_are_settings(key):
    config = TrainConfig(**{"loss": key, **LOSSES[key].recommended})
    assert {name: getattr(config, name) for name in LOSSES[key].recommended} == dict(
        LOSSES[key].recommended
    )


def test_the_clipped_wgan_is_a_recipe():
    assert TrainConfig(**CLIPPED_WGAN).loss == "wasserstein"
