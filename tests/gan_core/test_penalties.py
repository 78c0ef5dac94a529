"""Penalties on critics whose slope is known exactly, and the mistakes often made in them."""

from __future__ import annotations

from dataclasses import fields

import pytest
import torch
from torch import Tensor

from gan_core.config import TrainConfig
from gan_core.penalties import (
    PENALTIES,
    R1,
    R2,
    GradientPenalty,
    Judged,
    Penalty,
    between,
    chosen,
    clip_weights,
    shares,
    slopes,
)

COUNT, PIXELS = 6, 5
EVERY_PENALTY = pytest.mark.parametrize("key", PENALTIES)
# Given the slope s of a critic that is linear: γ/2 s², γ/2 s², λ (s - 1)², all with weight 3.
OF_SLOPE = {
    "r1": lambda s: 1.5 * s**2,
    "r2": lambda s: 1.5 * s**2,
    "gradient_penalty": lambda s: 3 * (s - 1) ** 2,
}


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


REAL, FAKE = numbers(COUNT, PIXELS, seed=1), numbers(COUNT, PIXELS, seed=2)


def called(penalty: Penalty, critic, real: Tensor = REAL, fake: Tensor = FAKE) -> Tensor:
    random = torch.Generator().manual_seed(3)
    return penalty(Judged(critic, real=real, fake=fake, random=random))


def bowl(x: Tensor) -> Tensor:
    """½ ‖x‖², whose slope at x is ‖x‖: another for each picture."""
    return x.square().flatten(1).sum(1) / 2


# Values and gradients ---------------------------------------------------------------


@EVERY_PENALTY
def test_a_linear_critic_pays_for_its_slope(key):
    w = numbers(PIXELS)
    ours = called(PENALTIES[key](3), lambda x: x @ w + 7)
    expected = OF_SLOPE[key](w.square().sum().sqrt()).expand(COUNT)
    torch.testing.assert_close(ours, expected)


@EVERY_PENALTY
def test_the_gradient_is_the_derivative_by_hand(key):
    """d/dw of γ/2 ‖w‖² is γw; of λ (‖w‖ - 1)² it is 2λ (‖w‖ - 1) w/‖w‖."""
    w = numbers(PIXELS).requires_grad_()
    (ours,) = torch.autograd.grad(called(PENALTIES[key](3), lambda x: x @ w).mean(), w)
    length = w.detach().square().sum().sqrt()
    by_hand = {"r1": 3 * w, "r2": 3 * w, "gradient_penalty": 6 * (length - 1) * w / length}
    torch.testing.assert_close(ours, by_hand[key].detach())


def test_r1_looks_at_real_pictures_only():
    torch.testing.assert_close(called(R1(3), bowl), 1.5 * (REAL**2).sum(1))


def test_r2_looks_at_generated_pictures_only():
    torch.testing.assert_close(called(R2(3), bowl), 1.5 * (FAKE**2).sum(1))


def test_the_gradient_penalty_looks_between_them():
    random = torch.Generator().manual_seed(3)
    points = between(REAL, FAKE, shares(REAL, FAKE, random))
    lengths = (points**2).sum(1).sqrt()
    torch.testing.assert_close(called(GradientPenalty(3), bowl), 3 * (lengths - 1) ** 2)


@EVERY_PENALTY
@pytest.mark.parametrize("shape", [(4, 2), (4, 1, 28, 28)])
def test_every_picture_pays_for_itself(key, shape):
    assert called(PENALTIES[key](3), bowl, torch.randn(shape), torch.randn(shape)).shape == (4,)


@EVERY_PENALTY
def test_two_penalties_of_half_the_weight_are_one(key):
    half, whole = (called(PENALTIES[key](weight), bowl) for weight in (1.5, 3))
    torch.testing.assert_close(half + half, whole)


@EVERY_PENALTY
def test_a_flat_critic_has_a_finite_gradient(key):
    """The slope of a root is infinite at 0; D may start flat."""
    w = torch.zeros(PIXELS, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(called(PENALTIES[key](3), lambda x: x @ w).sum(), w)
    assert gradient.isfinite().all()


# Mistakes often made ----------------------------------------------------------------


def test_the_norm_is_not_that_of_the_whole_batch():
    """Twice the same pictures must cost the same; a norm over the batch would be √2 longer."""
    one = called(R1(3), bowl).mean()
    two = called(R1(3), bowl, torch.cat([REAL, REAL]), torch.cat([FAKE, FAKE])).mean()
    torch.testing.assert_close(one, two)
    w = numbers(PIXELS)
    few, many = (called(GradientPenalty(3), lambda x: x @ w, REAL[:n], FAKE[:n]) for n in (1, 6))
    torch.testing.assert_close(few.mean(), many.mean())


def drawn(count: int) -> Tensor:
    ones, random = torch.ones(count, PIXELS), torch.Generator().manual_seed(5)
    return between(ones, torch.zeros_like(ones), shares(ones, ones, random))


def test_the_place_on_the_line_is_uniform_and_not_normal():
    share = drawn(4000)[:, 0].sort().values
    assert 0 <= share[0] < 0.01
    assert 0.99 < share[-1] <= 1
    steps = (torch.arange(4000) + 0.5) / 4000
    assert (share - steps).abs().max() < 0.03  # Kolmogorov's distance; 1.63/√4000 at 1 %


def test_each_picture_has_its_own_place_and_all_its_pixels_share_it():
    share = drawn(50)
    assert torch.equal(share, share[:, :1].expand_as(share))
    assert len(share[:, 0].unique()) == 50


def test_the_place_comes_from_the_given_random_numbers_alone():
    before = torch.get_rng_state()
    assert torch.equal(drawn(5), drawn(5))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("reals", "fakes"), [(2, 6), (6, 2)])
def test_pairs_end_with_the_shorter_batch(reals, fakes):
    ours = called(GradientPenalty(3), bowl, REAL[:reals], FAKE[:fakes])
    torch.testing.assert_close(ours, called(GradientPenalty(3), bowl, REAL[:2], FAKE[:2]))


@EVERY_PENALTY
def test_nothing_flows_back_to_the_pictures(key):
    w = numbers(PIXELS).requires_grad_()
    real, fake = REAL.clone().requires_grad_(), FAKE.clone().requires_grad_()
    called(PENALTIES[key](3), lambda x: (x @ w).square(), real, fake).sum().backward()
    assert (real.grad, fake.grad) == (None, None)
    assert w.grad is not None


def test_the_slopes_are_those_of_each_picture():
    torch.testing.assert_close(slopes(bowl, REAL).detach(), REAL)


def test_the_pass_that_is_judged_is_the_pass_that_is_differentiated():
    passes = []

    def critic(x: Tensor) -> Tensor:
        passes.append(len(x))
        return bowl(x)

    judged = Judged(critic, real=REAL[:4], fake=FAKE, random=torch.Generator())
    torch.testing.assert_close(judged.on_real, (REAL[:4] ** 2).sum(1) / 2)
    torch.testing.assert_close(judged.on_fake, (FAKE**2).sum(1) / 2)
    R1(1)(judged), R2(1)(judged)
    torch.testing.assert_close(judged.slopes[0].detach(), REAL[:4])
    torch.testing.assert_close(judged.slopes[1].detach(), FAKE)
    assert passes == [4 + COUNT]


# Choosing ---------------------------------------------------------------------------


@EVERY_PENALTY
def test_a_penalty_is_filed_under_the_setting_that_weighs_it(key):
    assert PENALTIES[key](1.0).key == key
    assert key in {spec.name for spec in fields(TrainConfig)}


def test_the_lesson_has_no_penalty():
    assert chosen(TrainConfig()) == []


def test_the_chosen_come_in_one_order():
    recipe = TrainConfig(gradient_penalty=10, r2=0.2, r1=0.1)
    assert chosen(recipe) == [R1(0.1), R2(0.2), GradientPenalty(10)]
    assert chosen(TrainConfig(r2=0.2)) == [R2(0.2)]


# Clipping ---------------------------------------------------------------------------


def test_clipping_clips_exactly():
    weights = [torch.tensor([-3.0, -0.01, 0.004, 0.02]), torch.tensor([[0.01, 9.0]])]
    clip_weights(weights, 0.01)
    limit = torch.tensor(0.01).item()
    assert weights[0].tolist() == [-limit, -limit, torch.tensor(0.004).item(), limit]
    assert weights[1].tolist() == [[limit, limit]]


def test_clipping_leaves_no_trace_for_gradients():
    weight = torch.nn.Parameter(torch.ones(3))
    clip_weights([weight], 0.5)
    assert weight.is_leaf
    assert weight.requires_grad
