"""A small D on samples: near the best one in the end, and alone with its randomness."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gan_core.config import SettingError
from gan_core.theory import Mixture, optimal_discriminator, shifted_gaussians
from gan_core.theory.learned import learn

X = np.linspace(-4, 6, 41)


def test_d_approaches_the_best_reply():
    p, q = shifted_gaussians(2.0)
    before, after = learn(p, q, X, moments=(0, 300))
    assert after.error < 0.02 < before.error
    near = np.abs(X - 1) < 2  # where there are samples
    assert after.verdict[near] == pytest.approx(optimal_discriminator(p, q, X)[near], abs=0.08)


def test_d_cannot_tell_what_is_the_same():
    p = Mixture((1, 1), (-2.0, 2.0), (0.5, 1.0))
    (after,) = learn(p, p, X, moments=(100,))
    assert after.error < 0.05


def test_the_error_is_the_mean_distance_to_the_best_reply():
    """The midpoint rule on a fine grid, in place of the quadrature."""
    p, q = shifted_gaussians(1.0)
    x = np.linspace(-9, 10, 20_001)
    (only,) = learn(p, q, x, moments=(5,))
    gap = np.abs(only.verdict - optimal_discriminator(p, q, x))
    by_hand = ((p.pdf(x) + q.pdf(x)) / 2 * gap).sum() * (x[1] - x[0])
    assert only.error == pytest.approx(by_hand, abs=1e-4)  # |·| has kinks


def test_learning_longer_does_not_change_what_came_before():
    p, q = shifted_gaussians(1.0)
    first = learn(p, q, X, moments=(0, 5), seed=3)
    again = learn(p, q, X, moments=(0, 5), seed=3)
    assert all(
        (one.verdict == other.verdict).all() for one, other in zip(first, again, strict=True)
    )


def test_no_other_randomness_is_touched():
    p, q = shifted_gaussians(1.0)
    before, numbers = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    learn(p, q, X, moments=(0, 3))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert (np.random.get_state()[1] == numbers).all()


@pytest.mark.parametrize("moments", [(-1,), (10, 5), (5, 5), (0, 20_000)])
def test_moments_must_rise(moments):
    p, q = shifted_gaussians(1.0)
    with pytest.raises(SettingError, match="moments"):
        learn(p, q, X, moments=moments)
