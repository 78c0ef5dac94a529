"""Each field of the Dirac-GAN written out again, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gan_core.dynamics import (
    GAN,
    METHODS,
    R1,
    WGAN,
    Consensus,
    InstanceNoise,
    NonSaturating,
)

POINTS = [(1.0, 1.0), (0.3, -0.8), (-1.5, 0.4), (2.0, -2.0), (0.0, 0.7), (0.6, 0.0)]
EVERY_METHOD = pytest.mark.parametrize("key", METHODS)


def s(t: float) -> float:
    return 1 / (1 + math.exp(-t))


# Each with the default settings: gamma .3 for R1 and R2, λ .7, g₀ 1, s 1.
FIELDS = {
    "gan": lambda th, ps: (-ps * s(-ps * th), th * s(-ps * th)),
    "non_saturating": lambda th, ps: (-ps * s(ps * th), th * s(-ps * th)),
    "wgan": lambda th, ps: (-ps, th),
    "wgan_gp": lambda th, ps: (
        -ps,
        th - 0.7 * (abs(ps) - 1) * (math.copysign(1, ps) if ps else 0),
    ),
    "r1": lambda th, ps: (-ps * s(-ps * th), th * s(-ps * th) - 0.3 * ps),
    "r2": lambda th, ps: (-ps * s(-ps * th), th * s(-ps * th) - 0.3 * ps),
    "r1_r2": lambda th, ps: (-ps * s(-ps * th), th * s(-ps * th) - 0.6 * ps),
}


@pytest.mark.parametrize("key", FIELDS)
@pytest.mark.parametrize("at", POINTS)
def test_the_field_is_its_formula(key, at):
    game = METHODS[key]()
    assert (game.theta_dot(*at), game.psi_dot(*at)) == pytest.approx(FIELDS[key](*at), abs=1e-14)


@pytest.mark.parametrize("at", POINTS)
@pytest.mark.parametrize("noise", [0.3, 0.7])
def test_instance_noise_is_the_mean_over_the_noise(at, noise):
    theta, psi = at
    e = np.linspace(-12, 12, 24_001)
    weight = np.exp(-e * e / 2)
    weight, e = weight / weight.sum(), noise * e
    fake, real = 1 / (1 + np.exp(psi * (theta + e))), 1 / (1 + np.exp(-psi * e))
    expected = -psi * (weight @ fake), weight @ ((theta + e) * fake) - weight @ (e * real)
    game = InstanceNoise(noise=noise)
    got = game.theta_dot(theta, psi), game.psi_dot(theta, psi)
    assert got == pytest.approx(expected, abs=1e-6)


@EVERY_METHOD
@pytest.mark.parametrize("at", POINTS)
def test_both_velocities_at_once_are_the_two(key, at):
    game = METHODS[key](gamma=0.2)
    assert game.velocity(*at) == pytest.approx(
        (game.theta_dot(*at), game.psi_dot(*at)), rel=1e-13, abs=1e-15
    )


@pytest.mark.parametrize(
    "psi", [1e-5, 0.019, -0.049, 0.051, -0.19, 0.21, -0.29, 0.31, 0.49, 0.51, -0.9]
)
@pytest.mark.parametrize("theta", [-3.0, 0.1, 2.0])
def test_few_nodes_are_taken_only_where_they_are_enough(theta, psi):
    """A single point chooses its nodes, an array takes them all."""
    game = InstanceNoise(noise=1.0)
    full = [float(part[0]) for part in game.field([theta], [psi])]
    assert game.velocity(theta, psi) == pytest.approx(full, abs=2e-9)


@pytest.mark.parametrize("at", POINTS)
def test_consensus_descends_the_length_of_the_gans_field(at):
    """v - s grad |v|²/2, the gradient by five-point differences."""

    def half_length(theta: float, psi: float) -> float:
        return (theta**2 + psi**2) * s(-theta * psi) ** 2 / 2

    def gradient(along: tuple[float, float]) -> float:
        weights = {-2: 1, -1: -8, 1: 8, 2: -1}
        moved = {k: (at[0] + k * 1e-3 * along[0], at[1] + k * 1e-3 * along[1]) for k in weights}
        return sum(weight * half_length(*moved[k]) for k, weight in weights.items()) / 12e-3

    (theta_dot, psi_dot), game = FIELDS["gan"](*at), Consensus(strength=0.8)
    expected = theta_dot - 0.8 * gradient((1, 0)), psi_dot - 0.8 * gradient((0, 1))
    assert (game.theta_dot(*at), game.psi_dot(*at)) == pytest.approx(expected, abs=1e-9)


@EVERY_METHOD
def test_the_field_of_arrays_is_the_field_of_each_number(key):
    game = METHODS[key](gamma=0.2)
    theta, psi = np.linspace(-2, 2, 5)[:, None], np.linspace(-1.5, 1.5, 7)
    theta_dot, psi_dot = game.field(theta, psi)
    assert theta_dot.shape == psi_dot.shape == (5, 7)
    for i, a in enumerate(theta.ravel().tolist()):
        for j, b in enumerate(psi.tolist()):
            assert theta_dot[i, j] == pytest.approx(
                game.theta_dot(a, b), abs=2e-9 if key == "instance_noise" else 1e-14
            )
            assert psi_dot[i, j] == pytest.approx(
                game.psi_dot(a, b), abs=2e-9 if key == "instance_noise" else 1e-14
            )


@EVERY_METHOD
def test_gamma_is_an_r1_penalty_on_top_of_any_method(key):
    with_penalty, without = METHODS[key](gamma=0.4), METHODS[key](gamma=0.0)
    pull = -0.4 * 0.7 * (2 if key == "r1_r2" else 1)
    assert with_penalty.theta_dot(0.5, 0.7) == without.theta_dot(0.5, 0.7)
    assert with_penalty.psi_dot(0.5, 0.7) == pytest.approx(without.psi_dot(0.5, 0.7) + pull)
    assert r"\gamma\psi" in with_penalty.formulas()[1]
    assert r"\gamma" not in without.formulas()[1]


@EVERY_METHOD
def test_nothing_overflows_far_out(key):
    field = np.array(METHODS[key]().field([-1e3, 1e3, 1e3], [1e3, 1e3, -1e3]))
    assert np.isfinite(field).all()
    assert math.isfinite(METHODS[key]().psi_dot(-1e3, 1e3))


@pytest.mark.parametrize("at", POINTS)
def test_the_gan_circles_and_the_non_saturating_gan_shrinks(at):
    """d(r²)/dt = 0 and -2u tanh(u/2), u = ψθ; R1 takes 2γψ² more."""

    def rate(game: GAN) -> float:
        return 2 * (at[0] * game.theta_dot(*at) + at[1] * game.psi_dot(*at))

    u = at[0] * at[1]
    assert rate(GAN()) == pytest.approx(0, abs=1e-15)
    assert rate(WGAN()) == pytest.approx(0, abs=1e-15)
    assert rate(NonSaturating()) == pytest.approx(-2 * u * math.tanh(u / 2))
    assert rate(R1(gamma=0.3)) == pytest.approx(-0.6 * at[1] ** 2)


def test_the_non_saturating_gan_shrinks_as_the_root_of_eight_over_t():
    """1/r² grows by t/8: in continuous time (classical Runge-Kutta of order 4)."""
    game, h, z = NonSaturating(), 0.4, np.array([0.1, 0.1])
    start = z @ z
    for _ in range(2_500):
        k = [np.array(game.field(*z))]
        for share in (0.5, 0.5, 1.0):
            k.append(np.array(game.field(*(z + share * h * k[-1]))))
        z = z + h / 6 * (k[0] + 2 * k[1] + 2 * k[2] + k[3])
    assert 1 / (z @ z) - 1 / start == pytest.approx(1000 / 8, rel=0.01)
