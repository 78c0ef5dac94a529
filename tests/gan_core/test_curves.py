"""The curves are those of the classes that train: values and slopes written out by hand."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gan_core import spectral
from gan_core.curves import (
    POINTS,
    STOPS,
    gradient_ratios,
    lines_curve,
    logit_grid,
    logit_of,
    loss_curves,
    paper,
)
from gan_core.losses import LOSSES
from gan_core.penalties import PENALTIES, clip_weights
from gan_core.spectral import SpectralNorm

EVERY_LOSS = pytest.mark.parametrize("key", LOSSES)
T = np.array(logit_grid())
D = 1 / (1 + np.exp(-T))
ZERO = np.zeros_like(T)


def sp(t):
    return np.log(1 + np.exp(t))


def relu(t):
    return np.where(t > 0, t, 0)


# FACTS: a picture's loss and its slope by hand; D = s(t). The hinge's slope at its kink is 0.
SURE = {"on_real": (sp(-T), D - 1), "on_fake": (sp(T), D)}
BY_HAND = {
    "non_saturating": {**SURE, "generator": (sp(-T), -(1 - D))},
    "minimax": {**SURE, "generator": (-sp(T), -D)},
    "one_sided": {
        **SURE,
        "on_real": (0.9 * sp(-T) + 0.1 * sp(T), 0.9 * (D - 1) + 0.1 * D),
        "generator": (sp(-T), -(1 - D)),
    },
    "least_squares": {
        "on_real": ((T - 1) ** 2 / 2, T - 1),
        "on_fake": (T**2 / 2, T),
        "generator": ((T - 1) ** 2 / 2, T - 1),
    },
    "wasserstein": {
        "on_real": (-T, ZERO - 1),
        "on_fake": (T, ZERO + 1),
        "generator": (-T, ZERO - 1),
    },
    "hinge": {
        "on_real": (relu(1 - T), np.where(T < 1, -1, 0)),
        "on_fake": (relu(1 + T), np.where(T > -1, 1, 0)),
        "generator": (-T, ZERO - 1),
    },
    "relativistic": {**SURE, "generator": (sp(-T), -(1 - D))},
}


@EVERY_LOSS
@pytest.mark.parametrize("curve", ["on_real", "on_fake", "generator"])
def test_a_curve_and_its_slope_are_those_by_hand(key, curve):
    ours = getattr(loss_curves(key), curve)
    values, slopes = BY_HAND[key][curve]
    np.testing.assert_allclose(ours.values, values, rtol=1e-9, atol=1e-12)
    kink = np.isclose(np.abs(T), 1) & (key == "hinge")
    np.testing.assert_allclose(
        np.where(kink, 0, ours.slopes), np.where(kink, 0, slopes), rtol=1e-9, atol=1e-12
    )


@EVERY_LOSS
def test_the_loss_of_d_in_all_goes_through_its_value_at_equilibrium(key):
    loss, together = LOSSES[key], loss_curves(key).together
    verdict = loss.verdict_at_equilibrium
    at = 0.0 if verdict is None else verdict
    if verdict is not None and loss.verdict_range:
        at = math.log(verdict / (1 - verdict))
    met = np.interp(at, T, together.values)
    assert met == pytest.approx(loss.discriminator_at_equilibrium, abs=2e-3)


@EVERY_LOSS
def test_d_gains_by_telling_real_from_fake_better(key):
    together = np.array(loss_curves(key).together.values)
    at_half = np.searchsorted(T, -0.5)
    assert together[at_half] < together[np.searchsorted(T, 0.5)]


@EVERY_LOSS
def test_the_verdict_is_the_one_of_the_loss(key):
    verdict = loss_curves(key).verdict
    expected = D if LOSSES[key].verdict_range else T
    np.testing.assert_allclose(verdict, expected, rtol=1e-12)


def test_the_grid_has_the_even_logits_and_the_stops_and_none_twice():
    assert len(T) == POINTS + len(STOPS) - 1  # 0 is both
    assert (np.diff(T) > 1e-3).all()
    assert (T[0], T[-1]) == (-8, 8)
    assert 0.0 in T
    assert {logit_of(stop) for stop in STOPS} <= set(T)


@pytest.mark.parametrize(
    ("verdict", "saturating", "non_saturating", "ratio"),
    [
        (0.5, -0.5, -0.5, 1),
        (0.1, -0.1, -0.9, 9),
        (0.01, -0.01, -0.99, 99),
        (0.001, -0.001, -0.999, 999),
    ],
)
def test_the_gradients_stand_as_1_9_99_999(verdict, saturating, non_saturating, ratio):
    at = logit_grid().index(logit_of(verdict))
    slopes = {key: loss_curves(key).generator.slopes[at] for key in ("minimax", "non_saturating")}
    assert slopes["minimax"] == pytest.approx(saturating)
    assert slopes["non_saturating"] == pytest.approx(non_saturating)
    assert gradient_ratios()[at] == pytest.approx(ratio)
    assert slopes["non_saturating"] / slopes["minimax"] == pytest.approx(ratio)


def test_parallel_lines_are_flat_but_for_the_wasserstein_distance():
    lines = lines_curve()
    middle = lines.theta.index(0.0)
    for index, theta in enumerate(lines.theta):
        apart = index != middle
        assert lines.jsd[index] == pytest.approx(math.log(2) if apart else 0)
        assert lines.kl[index] == (math.inf if apart else 0)
        assert lines.tv[index] == (1 if apart else 0)
        assert lines.w1[index] == abs(theta)
    assert (lines.theta[0], lines.theta[-1]) == (-2, 2)


@pytest.mark.parametrize(
    "thing",
    [*map(type, LOSSES.values()), *PENALTIES.values(), clip_weights, spectral],
    ids=lambda one: str(one)[:40],
)
def test_everything_on_the_page_names_its_source(thing):
    assert re.search(r"\w+ 20\d\d, arXiv:\d{4}\.\d{5}|2014, arXiv:1406\.2661", paper(thing))


def test_a_docstring_without_a_source_is_refused():
    with pytest.raises(ValueError, match="no source"):
        paper(test_a_docstring_without_a_source_is_refused)


def test_measuring_a_loss_leaves_nothing_to_differentiate():
    assert all(isinstance(value, float) for value in loss_curves("hinge").on_real.values)
    assert not isinstance(loss_curves("hinge").on_real.values[0], Tensor)


def test_spectral_normalisation_divides_by_the_largest_stretch():
    """What the page's formula says, on a matrix whose stretch is known."""
    norm, weight = SpectralNorm(2), torch.tensor([[3.0, 0.0], [0.0, 1.0]])
    for _ in range(50):
        norm.turn(weight)
    assert isinstance(norm, nn.Module)
    torch.testing.assert_close(norm(weight), weight / 3)
