"""The field near the equilibrium, in closed form and by finite differences."""

from __future__ import annotations

import cmath
import math
from dataclasses import replace

import numpy as np
import pytest

from gan_core.dynamics import (
    GAN,
    METHODS,
    R1,
    R1R2,
    R2,
    WGAN,
    WGANGP,
    Consensus,
    InstanceNoise,
    NonSaturating,
    Simultaneous,
    alternating_limit,
    critical_gamma,
    critical_noise,
    eigenvalues,
    growth,
    jacobian,
    simultaneous_limit,
)

EVERY_METHOD = pytest.mark.parametrize("key", METHODS)


def r1_pair(g: float) -> tuple[complex, complex]:
    root = cmath.sqrt(g * g / 4 - 0.25)
    return -g / 2 + root, -g / 2 - root


def noise_pair(sigma: float) -> tuple[complex, complex]:
    root = cmath.sqrt(sigma**4 / 16 - 0.25)
    return -(sigma**2) / 4 + root, -(sigma**2) / 4 - root


EIGENVALUES = [
    (GAN(), (0.5j, -0.5j)),
    (NonSaturating(), (0.5j, -0.5j)),
    (WGAN(), (1j, -1j)),
    (R1(gamma=0.3), (-0.15 + 0.47697j, -0.15 - 0.47697j)),
    (R1(gamma=1.0), (-0.5, -0.5)),
    (R1(gamma=2.0), (-0.13397, -1.86603)),
    (R2(gamma=0.7), r1_pair(0.7)),
    (R1R2(gamma=0.3), r1_pair(0.6)),
    (InstanceNoise(noise=0.7), (-0.1225 + 0.48476j, -0.1225 - 0.48476j)),
    (InstanceNoise(noise=math.sqrt(2)), (-0.5, -0.5)),
    (InstanceNoise(noise=1.8), noise_pair(1.8)),
    (Consensus(strength=1.0), (-0.25 + 0.5j, -0.25 - 0.5j)),
    (Consensus(strength=0.4), (-0.1 + 0.5j, -0.1 - 0.5j)),
    (NonSaturating(gamma=0.3), r1_pair(0.3)),
]


@pytest.mark.parametrize(("game", "pair"), EIGENVALUES, ids=str)
def test_the_eigenvalues_are_the_lessons(game, pair):
    assert eigenvalues(game) == pytest.approx(pair, abs=5e-6)


@pytest.mark.parametrize(("game", "pair"), EIGENVALUES, ids=str)
def test_the_eigenvalues_are_those_of_the_field_by_finite_differences(game, pair):
    found = sorted(np.linalg.eigvals(np.array(jacobian(game))), key=lambda v: (-v.imag, -v.real))
    assert found == pytest.approx(list(pair), abs=2e-5)


@EVERY_METHOD
def test_the_linearisation_is_the_jacobian(key):
    game = METHODS[key](gamma=0.2)
    if key == "wgan_gp":
        assert game.linearisation() is None
        game = WGANGP(target=0.0, gamma=0.2)
    a, b, c = game.linearisation()
    np.testing.assert_allclose(jacobian(game), [[-a, -b], [b, -c]], atol=1e-8)


def test_a_kink_has_no_eigenvalues():
    game, update = WGANGP(), Simultaneous()
    near = [eigenvalues(game), critical_gamma(game), growth(game, update, 0.1)]
    assert [*near, simultaneous_limit(game), alternating_limit(game)] == [None] * 5


@pytest.mark.parametrize(
    ("game", "gamma"),
    [
        (GAN(), 1.0),
        (NonSaturating(), 1.0),
        (WGAN(), 2.0),
        (R1(), 1.0),
        (R2(), 1.0),
        (R1R2(), 0.5),
        (InstanceNoise(noise=1.0), 0.5),
        (InstanceNoise(noise=2.0), 0.0),
    ],
    ids=str,
)
def test_at_the_critical_gamma_the_eigenvalues_meet(game, gamma):
    assert critical_gamma(game) == pytest.approx(gamma)
    first, second = eigenvalues(replace(game, gamma=gamma))
    assert first.imag == second.imag == 0
    assert (first == second) == (gamma > 0)


@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0])
def test_at_the_critical_noise_the_eigenvalues_meet(gamma):
    noise = critical_noise(gamma)
    assert noise == pytest.approx(math.sqrt(2 - 2 * gamma))
    first, second = eigenvalues(InstanceNoise(noise=noise, gamma=gamma))
    assert first == pytest.approx(second, abs=1e-7)
