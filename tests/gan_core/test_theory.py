"""The lesson's formulas written out again, and its printed figures to the printed digit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gan_core.theory import (
    Comparison,
    Mixture,
    compare,
    generator_slopes,
    gradient_ratio,
    mean_verdict,
    non_saturating_gradient,
    optimal_discriminator,
    optimal_logit,
    optimal_losses,
    parallel_lines,
    saturating_gradient,
    shifted_gaussians,
    value,
)

# d: JSD, V*, L_D*, TV, E_q[D*], saturating slope, non-saturating slope, each as printed.
SHIFTED = {
    0: ("0", "-1.386294", "1.386294", "0", ".5", "0", "0"),
    0.5: (".030311", "-1.325672", "1.325672", ".1974", ".4705", ".2353", ".2647"),
    1: (".111421", "-1.163451", "1.163451", ".3829", ".3980", ".3980", ".6020"),
    2: (".336831", "-.712633", ".712633", ".6827", ".2248", ".4496", "1.5504"),
    3: (".526777", "-.332740", ".332740", ".8664", ".0986", ".2959", "2.7041"),
    4: (".632720", "-.120854", ".120854", ".9545", ".0343", ".1372", "3.8628"),
    5: (None, None, None, None, ".0095", ".0474", "4.9526"),
    6: (".689298", "-.007698", ".007698", ".9973", ".00208", ".01245", "5.9875"),
    8: (".693054", "-.000187", ".000187", ".9999", ".000049", ".00039", "7.9996"),
}
EVERY_SHIFT = pytest.mark.parametrize("d", SHIFTED)

LUMPY = Mixture((1, 2, 3), (-4, 0, 2), (0.3, 1, 0.5))
EVEN = Mixture((1, 1, 1, 1), (-3, -1, 1, 3), (0.4,) * 4)
WIDE = Mixture.gaussian(0.0, 3.0)
NARROW = Mixture.gaussian(0.3, 0.05)
PAIRS = [(LUMPY, EVEN), (WIDE, LUMPY), (WIDE, NARROW), (NARROW, WIDE)]
EVERY_PAIR = pytest.mark.parametrize(("p", "q"), PAIRS)


def as_printed(printed: str) -> object:
    """Half a unit of the last printed digit either way."""
    digits = len(printed.partition(".")[2])
    return pytest.approx(float(printed), abs=0.5000001 * 10.0**-digits if digits else 1e-12)


def bell(x: np.ndarray, mean: float, width: float) -> np.ndarray:
    return np.exp(-(((x - mean) / width) ** 2) / 2) / (width * math.sqrt(2 * math.pi))


def by_hand(p: Mixture, x: np.ndarray) -> np.ndarray:
    parts = zip(p.weights, p.means, p.widths, strict=True)
    return sum(weight * bell(x, mean, width) for weight, mean, width in parts)


# The oracle: a plain sum over 120,001 points, with p and q as they stand.
X = np.linspace(-30, 30, 120_001)
DX = X[1] - X[0]


# --- densities ---


def test_a_gaussian_is_a_mixture_of_one():
    assert Mixture.gaussian(2.0, 3.0) == Mixture((1.0,), (2.0,), (3.0,))
    np.testing.assert_allclose(Mixture.gaussian(2.0, 3.0).pdf(X), bell(X, 2, 3), atol=1e-15)


def test_the_weights_are_shares():
    assert Mixture([1, 3], [0, 1], [1, 1]).weights == (0.25, 0.75)


def test_a_mixture_of_weight_nothing_is_the_rest():
    np.testing.assert_allclose(Mixture((0, 1), (5, 0), (1, 1)).pdf(X), bell(X, 0, 1), atol=1e-15)


@pytest.mark.parametrize("p", [LUMPY, EVEN, WIDE, NARROW])
def test_the_pdf_is_the_weighted_sum_of_bells(p):
    np.testing.assert_allclose(p.pdf(X), by_hand(p, X), atol=1e-14)


@pytest.mark.parametrize("p", [LUMPY, EVEN, WIDE])
def test_the_cdf_is_the_integral_of_the_pdf_and_is_integrated_in_turn(p):
    summed = np.concatenate([[0], np.cumsum((p.pdf(X)[1:] + p.pdf(X)[:-1]) * DX / 2)])
    x = X[::500]
    np.testing.assert_allclose(p.cdf(x), summed[::500], atol=1e-6)
    slope = (p.cdf_integral(x + 1e-5) - p.cdf_integral(x - 1e-5)) / 2e-5
    np.testing.assert_allclose(slope, p.cdf(x), atol=1e-8)


@pytest.mark.parametrize("p", [LUMPY, EVEN, WIDE])
def test_the_score_is_the_slope_of_the_log_density(p):
    x = np.linspace(-40, 40, 81)
    slope = (p.log_pdf(x + 1e-6) - p.log_pdf(x - 1e-6)) / 2e-6
    np.testing.assert_allclose(p.score(x), slope, rtol=1e-5, atol=1e-5)


def test_the_log_density_is_right_where_the_density_is_zero():
    assert Mixture.gaussian().pdf(100.0) == 0
    assert Mixture.gaussian().log_pdf(100.0) == pytest.approx(-5000 - math.log(2 * math.pi) / 2)


def test_draws_follow_the_density_and_only_the_given_randomness():
    drawn = LUMPY.sample(20_000, np.random.default_rng(0))
    assert np.array_equal(drawn, LUMPY.sample(20_000, np.random.default_rng(0)))
    below = np.searchsorted(np.sort(drawn), [-4, -1, 0, 1, 2]) / len(drawn)
    np.testing.assert_allclose(below, LUMPY.cdf([-4, -1, 0, 1, 2]), atol=0.012)  # > 3 sigma


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"weights": (-1.0,)}, "weights"),
        ({"weights": (0.0,)}, "weights"),
        ({"weights": ()}, "weights"),
        ({"weights": (math.nan,)}, "weights"),
        ({"means": (2000.0,)}, "means"),
        ({"means": ("0",)}, "means"),
        ({"means": (0.0, 1.0)}, "means"),
        ({"widths": (0.0,)}, "widths"),
        ({"widths": (math.inf,)}, "widths"),
    ],
)
def test_a_mixture_out_of_range_is_refused_by_name(changed, name):
    with pytest.raises(ValueError, match=f"^{name} must be "):
        Mixture(**{"weights": (1.0,), "means": (0.0,), "widths": (1.0,), **changed})


# --- the best reply ---


@EVERY_PAIR
def test_the_best_reply_is_p_over_p_plus_q(p, q):
    x = np.linspace(-5, 5, 201)
    a, b = by_hand(p, x), by_hand(q, x)
    some = a + b > 1e-300
    expected = a[some] / (a + b)[some]
    np.testing.assert_allclose(optimal_discriminator(p, q, x)[some], expected, atol=1e-12)


@pytest.mark.parametrize("x", [-200.0, 0.0, 1.0, 30.0, 200.0])
def test_the_logit_of_the_shifted_gaussians_is_a_line_even_far_out(x):
    p, q = shifted_gaussians(2.0)
    assert optimal_logit(p, q, x) == pytest.approx(2.0 - 2.0 * x)
    expected = 1 / (1 + math.exp(2 * x - 2)) if x < 300 else 0.0
    assert optimal_discriminator(p, q, x) == pytest.approx(expected, rel=1e-9, abs=0)


@EVERY_PAIR
def test_no_discriminator_earns_more_than_the_best_reply(p, q):
    best = compare(p, q).value
    assert value(lambda x: optimal_logit(p, q, x), p, q) == pytest.approx(best, abs=1e-9)
    for shift, scale in [(0.1, 1.0), (-0.3, 1.0), (0.0, 0.9), (0.0, 1.2)]:
        worse = value(lambda x: shift + scale * optimal_logit(p, q, x), p, q)  # noqa: B023
        assert worse < best


@EVERY_PAIR
def test_a_discriminator_that_cannot_tell_has_value_minus_log_four(p, q):
    assert value(lambda x: 0.0, p, q) == pytest.approx(-math.log(4), abs=1e-12)  # noqa: ARG005


def test_the_value_of_any_discriminator_is_its_formula():
    p, q = LUMPY, EVEN
    d = 1 / (1 + np.exp(-np.sin(X)))
    expected = (by_hand(p, X) @ np.log(d) + by_hand(q, X) @ np.log(1 - d)) * DX
    assert value(np.sin, p, q) == pytest.approx(expected, abs=1e-9)


# --- distances ---


@EVERY_PAIR
def test_the_distances_are_their_integrals(p, q):
    a, b = by_hand(p, X) + 1e-320, by_hand(q, X) + 1e-320
    log_a, log_b = p.log_pdf(X), q.log_pdf(X)
    log_m = np.logaddexp(log_a, log_b) - math.log(2)
    got = compare(p, q)
    assert got.jsd == pytest.approx((a @ (log_a - log_m) + b @ (log_b - log_m)) * DX / 2, abs=1e-8)
    assert got.kl_pq == pytest.approx(a @ (log_a - log_b) * DX, rel=1e-8)
    assert got.kl_qp == pytest.approx(b @ (log_b - log_a) * DX, rel=1e-8)
    assert got.tv == pytest.approx(np.abs(a - b).sum() * DX / 2, abs=1e-7)
    assert got.w1 == pytest.approx(np.abs(np.cumsum(a - b)).sum() * DX * DX, abs=1e-6)


@EVERY_SHIFT
def test_the_shifted_gaussians_are_the_lessons(d):
    p, q = shifted_gaussians(d)
    found, slopes = compare(p, q), generator_slopes(p, q)
    row = (found.jsd, found.value, found.discriminator_loss, found.tv)
    row += (mean_verdict(p, q), slopes.saturating, slopes.non_saturating)
    for got, printed in zip(row, SHIFTED[d], strict=True):
        assert printed is None or got == as_printed(printed)


@EVERY_SHIFT
def test_the_shifted_gaussians_closed_forms(d):
    p, q = shifted_gaussians(d)
    found, slopes, verdict = compare(p, q), generator_slopes(p, q), mean_verdict(p, q)
    assert (found.kl_pq, found.kl_qp) == pytest.approx((d * d / 2, d * d / 2), abs=1e-12)
    assert found.w1 == pytest.approx(d, abs=1e-12)
    assert found.tv == pytest.approx(math.erf(d / math.sqrt(8)), abs=1e-12)
    assert slopes.saturating == pytest.approx(d * verdict, abs=1e-12)
    assert slopes.non_saturating == pytest.approx(d * (1 - verdict), abs=1e-12)


def test_the_saturating_slope_peaks_near_two_widths():
    slopes = {d: generator_slopes(*shifted_gaussians(d)).saturating for d in np.arange(1, 4, 0.1)}
    assert 1.6 < max(slopes, key=slopes.get) < 2.2


@EVERY_PAIR
def test_equal_densities_are_no_distance_apart(p, q):
    assert compare(p, p) == Comparison(0.0, 0.0, 0.0, 0.0, 0.0)
    assert compare(q, q).discriminator_loss == pytest.approx(2 * math.log(2))


def test_far_apart_the_jsd_is_log_two_and_only_w1_still_grows():
    near, far = compare(*shifted_gaussians(30)), compare(*shifted_gaussians(60))
    assert near.jsd == far.jsd == pytest.approx(math.log(2))
    assert near.tv == far.tv == pytest.approx(1)
    assert (near.w1, far.w1) == pytest.approx((30, 60))


@pytest.mark.parametrize("theta", [-3.0, -1e-9, 1e-9, 0.5, 3.0])
def test_parallel_lines_differ_in_wasserstein_alone(theta):
    found = parallel_lines(theta)
    assert found == Comparison(math.log(2), math.inf, math.inf, 1.0, abs(theta))
    assert (found.value, found.discriminator_loss) == (0.0, 0.0)


def test_parallel_lines_on_top_of_each_other_are_equal():
    assert parallel_lines(0.0) == Comparison(0.0, 0.0, 0.0, 0.0, 0.0)


def test_parallel_lines_out_of_range_are_refused_by_name():
    with pytest.raises(ValueError, match=r"^theta must be from -1000 to 1000, got nan"):
        parallel_lines(math.nan)


# --- what the generator learns ---

GRADIENTS = {0.5: (-0.5, -0.5, 1), 0.1: (-0.1, -0.9, 9), 0.01: (-0.01, -0.99, 99)} | {
    0.001: (-0.001, -0.999, 999)
}


@pytest.mark.parametrize("d", GRADIENTS)
def test_the_gradients_at_the_logit_are_the_lessons(d):
    logit = math.log(d / (1 - d))
    saturating, non_saturating, ratio = GRADIENTS[d]
    assert saturating_gradient(logit) == pytest.approx(saturating)
    assert non_saturating_gradient(logit) == pytest.approx(non_saturating)
    assert gradient_ratio(logit) == pytest.approx(ratio)


def test_the_gradients_are_right_far_out():
    far = np.array([-1e4, 1e4])
    assert saturating_gradient(far).tolist() == [0, -1]
    assert non_saturating_gradient(far).tolist() == [-1, 0]
    assert gradient_ratio(far).tolist() == [math.inf, 0]


def moved(q: Mixture, by: float) -> Mixture:
    return Mixture(q.weights, [mean + by for mean in q.means], q.widths)


def slope_of(distance, q: Mixture) -> float:
    """Five-point difference, by 0.01."""
    steps = {-2: 1, -1: -8, 1: 8, 2: -1}
    return sum(weight * distance(moved(q, k * 0.01)) for k, weight in steps.items()) / 0.12


@pytest.mark.parametrize(("p", "q"), [(LUMPY, EVEN), (WIDE, EVEN), shifted_gaussians(1.5)])
def test_the_saturating_slope_is_the_slope_of_two_jsd(p, q):
    expected = slope_of(lambda q: 2 * compare(p, q).jsd, q)
    assert generator_slopes(p, q).saturating == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("p", "q"), [(LUMPY, EVEN), (WIDE, EVEN), shifted_gaussians(1.5)])
def test_the_non_saturating_slope_is_the_slope_of_reverse_kl_minus_two_jsd(p, q):
    expected = slope_of(lambda q: compare(p, q).kl_qp - 2 * compare(p, q).jsd, q)
    assert generator_slopes(p, q).non_saturating == pytest.approx(expected, abs=1e-5)


def test_the_two_generator_losses_add_up_to_the_reverse_kl():
    p, q = shifted_gaussians(1.5)
    x = X[np.abs(X) < 15]
    d = 1 / (1 + by_hand(q, x) / by_hand(p, x))
    total = by_hand(q, x) @ (np.log(1 - d) - np.log(d)) * DX
    assert total == pytest.approx(1.125, abs=1e-9)
    assert compare(p, q).kl_qp == pytest.approx(1.125, abs=1e-12)


# --- other games ---


def test_the_other_games_best_losses_are_the_lessons():
    found = optimal_losses(*shifted_gaussians(2.0))
    assert found.minimax == as_printed(".712633")
    assert found.lsgan == as_printed(".112400")
    assert found.hinge == as_printed(".634621")


def test_the_relativistic_loss_is_a_gaussian_mean():
    # t(real) - t(fake) = d (fake - real) with fake - real ~ N(d, 2).
    lead = 2 * (2 + math.sqrt(2) * X)
    expected = bell(X, 0, 1) @ np.logaddexp(0, -lead) * DX
    found = optimal_losses(*shifted_gaussians(2.0)).rpgan
    assert found == pytest.approx(expected, abs=1e-9)
    assert found == as_printed(".1931")


def test_near_equality_the_relativistic_distance_is_twice_the_jsd():
    p, q = shifted_gaussians(0.05)
    gap = math.log(2) - optimal_losses(p, q).rpgan
    assert gap == pytest.approx(2 * compare(p, q).jsd, rel=2e-3)


@EVERY_PAIR
def test_the_relativistic_distance_is_at_least_the_jsd(p, q):
    gap = math.log(2) - optimal_losses(p, q).rpgan
    assert compare(p, q).jsd <= gap <= math.log(2)


def test_at_equality_every_game_is_at_its_equilibrium():
    found = optimal_losses(LUMPY, LUMPY)
    expected = (2 * math.log(2), 0.25, 2.0, math.log(2))
    assert (found.minimax, found.lsgan, found.hinge, found.rpgan) == pytest.approx(expected)
