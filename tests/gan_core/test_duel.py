"""Be the generator: the levels, D's turn, and what the score says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gan_core.config import SettingError
from gan_core.theory import Mixture
from gan_core.theory.duel import discriminators_turn
from gan_core.theory.levels import (
    LEVELS,
    LINE,
    POINTS,
    best_points,
    crowd,
    density,
    distance,
    places,
)


def w1_by_hand(data: Mixture, points: list[float]) -> float:
    """∫ |F_data - F_points| on a fine grid."""
    x = np.linspace(-12, 12, 240_001)
    steps = np.searchsorted(np.sort(points), x, side="right") / len(points)
    return float(np.trapezoid(np.abs(data.cdf(x) - steps), x))


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_starts_with_eight_points_on_the_line(level):
    start = LEVELS[level].start
    assert len(start) == POINTS
    assert LINE[0] <= min(start) < max(start) <= LINE[1]
    assert crowd(start) < 6
    assert np.trapezoid(density(level), places()) == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize("level", LEVELS)
def test_w1_is_the_area_between_the_two_ways_up(level):
    data, start = LEVELS[level].data, list(LEVELS[level].start)
    assert distance(data, start) == pytest.approx(w1_by_hand(data, start), abs=2e-3)


@pytest.mark.parametrize("level", LEVELS)
def test_no_move_improves_the_best_points(level):
    data = LEVELS[level].data
    best = list(best_points(data))
    least = w1_by_hand(data, best)
    for index in range(POINTS):
        for way in (-0.05, 0.05):
            moved = [*best[:index], best[index] + way, *best[index + 1 :]]
            assert w1_by_hand(data, moved) > least


def test_the_fullest_place_is_counted():
    assert crowd([0, 1, 2, 3, 4, 5, 6, 7]) == 1
    assert crowd([0, 0.2, 0.4, 0.6, 3, 3, -3, -4]) == 3
    assert crowd([1.5] * 8) == 8


# D's turn -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def turns():
    """D's answer to the start, to a pile and to the best points of each level."""
    return {
        (level, kind): discriminators_turn(points, level, seed=1)
        for level, task in LEVELS.items()
        for kind, points in {
            "start": task.start,
            "pile": (1.5,) * POINTS,
            "best": best_points(task.data),
        }.items()
    }


@pytest.mark.parametrize("level", LEVELS)
def test_the_best_points_win_and_a_pile_does_not(turns, level):
    best, pile = turns[level, "best"], turns[level, "pile"]
    assert best.won
    assert best.w1 == pytest.approx(best.w1_best)
    assert not best.collapsed
    assert not pile.won
    assert pile.collapsed
    assert pile.crowd == POINTS
    assert pile.w1 > 3 * pile.w1_best


def test_far_from_the_data_the_saturating_arrows_vanish(turns):
    answer, x = turns["one", "start"], places()
    assert answer.accuracy > 0.99
    push = {
        loss: np.abs(np.interp(LEVELS["one"].start, x, answer.pushes[loss])).mean()
        for loss in answer.pushes
    }
    assert push["minimax"] < 0.05 * push["non_saturating"]


@pytest.mark.parametrize("loss", ["non_saturating", "minimax"])
def test_an_arrow_points_down_its_loss(turns, loss):
    """The push is minus the slope of the loss, by differences."""
    for answer in turns.values():
        slope = np.gradient(answer.losses[loss], places())
        smooth = np.abs(np.gradient(np.gradient(answer.logit, places()), places())) < 5
        assert np.allclose(answer.pushes[loss][smooth], -slope[smooth], atol=0.15)


def test_the_numbers_fit_together(turns):
    for answer in turns.values():
        d = 1 / (1 + np.exp(-answer.logit))
        assert np.allclose(answer.verdict, d, atol=1e-9)
        assert np.allclose(np.exp(-answer.losses["non_saturating"]), d, atol=1e-9)
        assert np.allclose(np.exp(answer.losses["minimax"]), 1 - d, atol=1e-9)
        assert answer.accuracy == (answer.right_real + answer.right_fake) / 2
        assert all(np.isfinite(values).all() for values in answer.pushes.values())


def test_the_same_question_gets_the_same_answer():
    before = torch.random.get_rng_state()
    one, two = (discriminators_turn(LEVELS["two"].start, "two", 7) for _ in range(2))
    assert np.array_equal(one.logit, two.logit)
    assert one.accuracy == two.accuracy
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize(
    ("points", "level", "seed", "field"),
    [
        ([0.0] * 7, "one", 0, "points"),
        ([0.0] * 7 + [4.1], "one", 0, "points"),
        ([0.0] * 7 + [float("nan")], "one", 0, "points"),
        (["0"] * 8, "one", 0, "points"),
        ("00000000", "one", 0, "points"),
        (None, "one", 0, "points"),
        ([0.0] * 8, "three", 0, "level"),
        ([0.0] * 8, ["one"], 0, "level"),
        ([0.0] * 8, "one", -1, "seed"),
        ([0.0] * 8, "one", 1.5, "seed"),
    ],
)
def test_bad_input_is_named(points, level, seed, field):
    with pytest.raises(SettingError) as caught:
        discriminators_turn(points, level, seed)
    assert caught.value.name == field
