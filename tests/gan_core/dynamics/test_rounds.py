"""What a round of each update rule does, exactly and near the equilibrium."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gan_core.dynamics import (
    GAN,
    R1,
    UPDATES,
    WGAN,
    Alternating,
    Consensus,
    Extragradient,
    InstanceNoise,
    NonSaturating,
    Optimistic,
    Proximal,
    Simultaneous,
    alternating_limit,
    escape_step,
    growth,
    jacobian,
    radius,
    simultaneous_limit,
    trajectory,
)

START, H = (1.0, 1.0), 0.2
EVERY_UPDATE = pytest.mark.parametrize("update", UPDATES)


def as_printed(printed: str) -> object:
    """Half a unit of the last printed digit either way."""
    mantissa, _, power = printed.partition("e")
    digits = len(mantissa.partition(".")[2])
    return pytest.approx(float(printed), abs=0.5000001 * 10.0 ** (int(power or 0) - digits))


def s(t: float) -> float:
    return 1 / (1 + math.exp(-t))


def test_the_first_simultaneous_round_is_the_lessons():
    path = trajectory(GAN(), Simultaneous(), START, H, 1)
    assert radius(path)[1] ** 2 == pytest.approx(2.00578635905, abs=5e-12)


@pytest.mark.parametrize("h", [0.01, 0.2, 1.0])
def test_each_simultaneous_round_of_the_gan_grows_by_exactly_its_factor(h):
    path = trajectory(GAN(), Simultaneous(), START, h, 300)
    factors = 1 + h * h * np.array([s(-theta * psi) for theta, psi in path[:-1]]) ** 2
    np.testing.assert_allclose(radius(path)[1:] ** 2, radius(path)[:-1] ** 2 * factors, rtol=1e-13)


@pytest.mark.parametrize("h", [0.05, 0.2, 1.0])
def test_the_local_growth_of_the_gan_is_the_root_of_one_plus_a_quarter_h_squared(h):
    assert growth(GAN(), Simultaneous(), h) == pytest.approx(math.sqrt(1 + h * h / 4))
    small = radius(trajectory(GAN(), Simultaneous(), (1e-6, 1e-6), h, 1))
    assert small[1] / small[0] == pytest.approx(math.sqrt(1 + h * h / 4), rel=1e-9)


def test_the_local_growth_at_the_lessons_step_is_the_lessons():
    assert growth(GAN(), Simultaneous(), 0.2) == as_printed("1.00498756")
    assert growth(R1(gamma=0.3), Simultaneous(), 0.2) == as_printed(".9746794")


@pytest.mark.parametrize("start", [1e-4, 0.1])
@pytest.mark.parametrize(("h", "leaves"), [(3.9, False), (4.1, True)])
def test_alternating_rounds_of_the_gan_stay_near_up_to_h_4(h, leaves, start):
    assert alternating_limit(GAN()) == 4
    assert (growth(GAN(), Alternating(), h) > 1 + 1e-9) == leaves
    r = radius(trajectory(GAN(), Alternating(), (start, start), h, 10_000))
    assert (r.max() > 10 * start + 1) == leaves


@pytest.mark.parametrize("h", [3.9, 4.1])
def test_far_out_alternating_rounds_of_the_gan_strand_where_the_field_is_flat(h):
    """From (1, 1) even 3.9 is too large, and neither walk goes on to infinity."""
    path = trajectory(GAN(), Alternating(), START, h, 10_000)
    assert escape_step(path) is None
    assert radius(path)[-1] > 10
    assert np.abs(np.diff(path[-1000:], axis=0)).max() < 1e-12


@pytest.mark.parametrize(("n_g", "n_d"), [(1, 1), (1, 5), (2, 3)])
@pytest.mark.parametrize(("h_g", "h_d"), [(0.2, 0.2), (0.1, 0.4)])
def test_an_alternating_round_of_the_gan_has_determinant_1_and_the_lessons_trace(
    n_g, n_d, h_g, h_d
):
    update = Alternating(discriminator_moves=n_d, generator_moves=n_g)
    matrix = update.matrix(np.array(jacobian(GAN())), (h_g, h_d))
    assert np.linalg.det(matrix) == pytest.approx(1)
    assert np.trace(matrix) == pytest.approx(2 - n_g * n_d * h_g * h_d / 4)
    limit = 2 / (0.5 * math.sqrt(n_g * n_d * h_g * h_d))  # how much larger both steps may be
    for scale, stays in [(0.99 * limit, True), (1.01 * limit, False)]:
        factor = growth(GAN(), update, scale * h_g, discriminator_h=scale * h_d)
        assert (factor < 1 + 1e-9) == stays


@pytest.mark.parametrize("h", [0.02, 0.05, 0.1])
def test_the_non_saturating_gan_settles_on_a_cycle_of_radius_root_2h(h):
    for start in (0.9, 1.1):  # from inside and from outside
        path = trajectory(
            NonSaturating(), Simultaneous(), (start * math.sqrt(2 * h), 0.0), h, int(1200 / h)
        )
        assert radius(path)[-1000:].mean() == pytest.approx(math.sqrt(2 * h), rel=2e-3)


@pytest.mark.parametrize(("h", "r"), [(0.02, ".215"), (0.05, ".32"), (0.1, ".45")])
def test_the_way_to_the_cycle_is_long(h, r):
    path = trajectory(NonSaturating(), Simultaneous(), START, h, 20_000)
    turn = round(2 * math.pi / (0.5 * h))
    assert radius(path)[-turn:].mean() == as_printed(r)


def test_the_non_saturating_gan_keeps_shrinking_when_it_alternates():
    r = radius(trajectory(NonSaturating(), Alternating(), START, 0.1, 20_000))
    assert r[20_000] < 0.8 * r[10_000] < 0.8 * 0.8 * r[5_000]


@pytest.mark.parametrize("gamma", [0.1, 0.3, 0.7, 1.0])
def test_simultaneous_rounds_with_r1_converge_below_four_gamma(gamma):
    assert simultaneous_limit(R1(gamma=gamma)) == pytest.approx(4 * gamma)
    for scale, converges in [(0.99, True), (1.01, False)]:
        assert (growth(R1(gamma=gamma), Simultaneous(), 4 * gamma * scale) < 1) == converges
        path = trajectory(R1(gamma=gamma), Simultaneous(), (1e-6, 1e-6), 4 * gamma * scale, 9000)
        assert (radius(path)[-1] < radius(path)[0]) == converges


def test_simultaneous_rounds_without_damping_never_converge():
    assert simultaneous_limit(GAN()) == simultaneous_limit(WGAN()) == 0


@pytest.mark.parametrize("game", [R1(gamma=0.3), R1(gamma=2.0), Consensus(), InstanceNoise()])
def test_the_limits_are_where_the_growth_passes_one(game):
    limits = (Simultaneous(), simultaneous_limit(game)), (Alternating(), alternating_limit(game))
    for update, limit in limits:
        assert growth(game, update, 0.999 * limit) < 1 < growth(game, update, 1.001 * limit)


@EVERY_UPDATE
@pytest.mark.parametrize("game", [GAN(), R1(gamma=0.3), Consensus(), InstanceNoise()], ids=str)
def test_a_round_close_to_the_equilibrium_is_its_matrix(update, game):
    """Two rounds, since an optimistic one remembers the field before."""
    rule, h = UPDATES[update](), 0.3
    path = trajectory(game, rule, (1e-7, 3e-7), h, 3, discriminator_h=0.2)
    matrix = rule.matrix(np.array(jacobian(game)), (h, 0.2))
    if len(matrix) == 4:
        predicted = (matrix @ np.concatenate([path[2], path[1]]))[:2]
    else:
        predicted = matrix @ path[2]
    np.testing.assert_allclose(path[3], predicted, atol=1e-14)


def test_alternating_moves_the_generator_first():
    path = trajectory(WGAN(clip=10), Alternating(), (1.0, 2.0), 0.1, 1, discriminator_h=0.5)
    assert path[1] == pytest.approx((1 - 0.1 * 2, 2 + 0.5 * (1 - 0.1 * 2)))


def test_each_rule_moves_by_its_formula():
    v = GAN().field
    z, h = np.array([0.8, -0.5]), 0.3

    def points(update) -> np.ndarray:
        return trajectory(GAN(), update, tuple(z), h, 2)

    ahead = z + h * np.array(v(*z))
    np.testing.assert_allclose(points(Extragradient())[1], z + h * np.array(v(*ahead)))
    expected = ahead + 2 * h * np.array(v(*ahead)) - h * np.array(v(*z))
    np.testing.assert_allclose(points(Optimistic())[1:], [ahead, expected])
    end = points(Proximal())[1]
    np.testing.assert_allclose(end, z + h * np.array(v(*end)), atol=1e-12)


@EVERY_UPDATE
def test_a_wgan_keeps_its_critic_clipped(update):
    path = trajectory(WGAN(clip=0.3), UPDATES[update](), START, 0.2, 200)
    assert np.abs(path[1:, 1]).max() == pytest.approx(0.3)
