"""The game xy: every update rule as one complex factor, and the lesson's figures."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gan_core.dynamics import (
    MODULUS,
    STABLE_BELOW,
    UPDATES,
    Alternating,
    Bilinear,
    Optimistic,
    Simultaneous,
    consensus_modulus,
    conserved,
    eigenvalues,
    growth,
    jacobian,
    modulus,
    radius,
    radius_range,
    rotation,
    running_mean,
    trajectory,
)

START = (1.0, 1.0)
FIGURES = {
    (0.1, "simultaneous"): 1.0049875621,
    (0.1, "extragradient"): 0.9950376877,
    (0.1, "optimistic"): 0.9949361530,
    (0.1, "proximal"): 0.9950371902,
    (0.3, "simultaneous"): 1.0440306509,
    (0.3, "extragradient"): 0.9581753493,
    (0.3, "optimistic"): 0.9486832981,
    (0.3, "proximal"): 0.9578262852,
    (0.5, "simultaneous"): 1.1180339887,
    (0.5, "extragradient"): 0.9013878189,
    (0.5, "optimistic"): math.sqrt(0.5),
    (0.5, "proximal"): 0.8944271910,
}
EVERY_FIGURE = pytest.mark.parametrize(("eta", "update"), FIGURES)
EVERY_UPDATE = pytest.mark.parametrize("update", UPDATES)


def walk(update: str, eta: float, steps: int, start: tuple[float, float] = START) -> np.ndarray:
    return trajectory(Bilinear(), UPDATES[update](), start, eta, steps, bound=1e6)


def test_the_field_turns_a_quarter():
    x, y = np.meshgrid([-1.0, 0.0, 2.0], [0.5, 1.0])
    x_dot, y_dot = Bilinear().field(x, y)
    assert np.array_equal(x_dot, -y)
    assert np.array_equal(y_dot, x)


def test_consensus_pulls_both_players_in():
    assert Bilinear(gamma=0.5).field(1.0, 2.0) == pytest.approx((-2 - 0.5, 1 - 0.5 * 2))
    assert eigenvalues(Bilinear(gamma=0.5)) == pytest.approx((-0.5 + 1j, -0.5 - 1j))
    np.testing.assert_allclose(jacobian(Bilinear(gamma=0.5)), [[-0.5, -1], [1, -0.5]], atol=1e-9)
    assert r"\gamma" in Bilinear(gamma=0.5).formulas()[0]


@EVERY_FIGURE
def test_the_factor_is_the_lessons(eta, update):
    assert modulus(update, eta) == pytest.approx(FIGURES[eta, update], abs=5.0001e-11)


@EVERY_UPDATE
@pytest.mark.parametrize("eta", [0.05, 0.1, 0.3, 0.5, 0.57, 0.58, 0.9, 1.5, 2.1, 3.0])
def test_the_factor_is_the_largest_eigenvalue_of_a_round(eta, update):
    assert growth(Bilinear(), UPDATES[update](), eta) == pytest.approx(modulus(update, eta))


@pytest.mark.parametrize("update", ["simultaneous", "extragradient", "proximal"])
@pytest.mark.parametrize("eta", [0.1, 0.3, 0.5])
def test_every_round_grows_by_the_factor(eta, update):
    r = radius(walk(update, eta, 60))
    np.testing.assert_allclose(r[1:] / r[:-1], modulus(update, eta), rtol=1e-12)


@pytest.mark.parametrize("eta", [0.1, 0.3])
def test_optimistic_rounds_shrink_by_the_factor_in_the_long_run(eta):
    r = radius(walk("optimistic", eta, 200))
    assert (r[200] / r[100]) ** 0.01 == pytest.approx(modulus("optimistic", eta), rel=1e-6)


def test_at_the_double_root_optimistic_rounds_are_a_little_slower():
    # There r goes as k · .7071ᵏ: at no finite k is the factor quite reached.
    r = radius(walk("optimistic", 0.5, 400))
    assert 0.7071 < (r[400] / r[200]) ** 0.005 < 0.7105
    assert 0.7085 < (r[400] / r[0]) ** (1 / 400) < 0.7185


def test_optimistic_rounds_converge_up_to_one_over_root_three():
    assert STABLE_BELOW["optimistic"] == pytest.approx(0.5774, abs=5e-5)
    assert modulus("optimistic", 0.57) == pytest.approx(0.981, abs=5e-4)
    assert modulus("optimistic", 0.58) > 1
    r = radius(walk("optimistic", 0.57, 1000))
    assert (r[1000] / r[500]) ** (1 / 500) == pytest.approx(0.981, abs=5e-4)
    r = radius(walk("optimistic", 0.58, 1000))
    assert r[1000] > 10 * r[100]


@EVERY_UPDATE
def test_the_bound_on_eta_is_where_the_factor_passes_one(update):
    bound = STABLE_BELOW[update]
    assert modulus(update, 0.999 * min(bound, 90)) <= 1
    if bound < math.inf:
        assert modulus(update, 1.001 * bound + 1e-3) > 1


# --- alternating ---


@pytest.mark.parametrize("eta", [0.1, 0.3, 0.5, 1.0, 1.9])
@pytest.mark.parametrize("start", [(1.0, 1.0), (0.4, -1.3)])
def test_alternating_rounds_conserve_q_exactly(eta, start):
    path = walk("alternating", eta, 2000, start)
    q = conserved(path[:, 0], path[:, 1], eta)
    np.testing.assert_allclose(q, conserved(*start, eta), rtol=1e-11)


@pytest.mark.parametrize(("eta", "low"), [(0.1, 1.3452), (0.3, 1.2158), (0.5, 1.0954)])
def test_the_band_of_alternating_rounds_is_the_lessons(eta, low):
    r = radius(walk("alternating", eta, 5000))
    assert (r.min(), r.max()) == pytest.approx((low, 1.4142), abs=5e-5)
    closed = math.sqrt((2 - eta) / (1 + eta / 2)), math.sqrt(2)
    assert radius_range(START, eta) == pytest.approx(closed)
    assert (r.min(), r.max()) == pytest.approx(closed, abs=2e-5)


def test_alternating_rounds_stay_bounded_below_eta_two():
    for eta, escapes in [(1.99, False), (2.01, True)]:
        assert (np.nanmax(radius(walk("alternating", eta, 1000))) > 100) == escapes


@pytest.mark.parametrize("eta", [0.1, 0.5, 1.5])
def test_the_mean_turn_of_an_alternating_round_is_the_lessons(eta):
    path = walk("alternating", eta, 4000)
    turned = np.unwrap(np.arctan2(path[:, 1], path[:, 0]))[-1] - math.pi / 4
    assert turned / 4000 == pytest.approx(math.acos(1 - eta**2 / 2), rel=1e-3)
    assert rotation(eta) == math.acos(1 - eta**2 / 2)


def test_five_moves_of_y_are_one_of_five_times_the_size():
    many = trajectory(Bilinear(), Alternating(discriminator_moves=5), START, 0.1, 50)
    large = trajectory(Bilinear(), Alternating(), START, 0.1, 50, discriminator_h=0.5)
    np.testing.assert_allclose(many, large, atol=1e-12)


# --- consensus and the mean ---


@pytest.mark.parametrize(
    ("eta", "gamma"), [(0.1, 0.02), (0.1, 0.2), (0.5, 0.2), (0.5, 0.5), (1, 1)]
)
def test_consensus_converges_iff_gamma_beats_the_step(eta, gamma):
    r = radius(trajectory(Bilinear(gamma=gamma), Simultaneous(), START, eta, 30))
    factor = math.sqrt((1 - eta * gamma) ** 2 + eta**2)
    np.testing.assert_allclose(r[1:] / r[:-1], factor, rtol=1e-12)
    assert consensus_modulus(eta, gamma) == pytest.approx(factor)
    assert (factor < 1) == (gamma > eta / 2 * (1 + gamma**2))


def test_the_mean_of_an_alternating_walk_goes_to_the_solution():
    path = walk("alternating", 0.1, 10_000)
    assert radius(path)[-1] > 1.3
    assert radius(running_mean(path))[-1] < 0.01


def test_figures_and_bounds_cover_every_update():
    assert set(MODULUS) == set(STABLE_BELOW) == set(UPDATES)


@pytest.mark.parametrize(
    "call",
    [
        lambda eta: modulus("simultaneous", eta),
        lambda eta: radius_range(START, eta),
        rotation,
    ],
)
@pytest.mark.parametrize("eta", [-0.1, 101.0, math.nan])
def test_a_step_out_of_range_is_refused_by_name(call, eta):
    with pytest.raises(ValueError, match=r"^eta must be from 0 to "):
        call(eta)


def test_an_optimistic_walk_starts_with_a_plain_step():
    path = trajectory(Bilinear(), Optimistic(), START, 0.1, 1)
    assert path[1] == pytest.approx((0.9, 1.1))
