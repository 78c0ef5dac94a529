"""Long walks in few points, and the one word for what became of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gan_core.dynamics import Alternating, Bilinear, Simultaneous, trajectory
from gan_core.dynamics.dirac import GAN, R1, WGAN, NonSaturating
from gan_core.dynamics.portrait import GAP, fate, spaced, thin


def spiral(factor: float, turn: float, rounds: int) -> np.ndarray:
    w = (factor * np.exp(1j * turn)) ** np.arange(rounds + 1)
    return np.stack([w.real, w.imag], axis=1)


@pytest.mark.parametrize(
    ("game", "update", "steps", "kind"),
    [
        (GAN(), Simultaneous(), 500, "grows"),
        (GAN(), Alternating(), 500, "cycles"),
        (NonSaturating(), Alternating(), 500, "shrinks"),
        (WGAN(), Simultaneous(), 2000, "cycles"),
        (R1(), Simultaneous(), 100, "shrinks"),
        (R1(), Simultaneous(), 2000, "arrives"),
        (Bilinear(), Simultaneous(), 5000, "escapes"),
        (Bilinear(), Alternating(), 5000, "cycles"),
    ],
)
def test_what_becomes_of_a_walk(game, update, steps, kind):
    assert fate(trajectory(game, update, (1.0, 1.0), 0.2, steps)).kind == kind


@pytest.mark.parametrize("factor", [0.99, 1.0, 1.005])
def test_the_factor_is_the_mean_one_a_round(factor):
    found = fate(spiral(factor, 0.3, 400))
    assert found.factor == pytest.approx(factor, rel=1e-12)
    assert found.rounds == 400
    assert found.low <= factor**300 * 1.02
    assert found.high >= factor**400 * 0.98


def test_a_walk_that_never_left_the_solution_rests():
    found = fate(np.zeros((5, 2)))
    assert found.kind == "rests"
    assert math.isnan(found.factor)


def test_a_single_point_has_a_fate():
    assert fate(np.ones((1, 2))).rounds == 0


def test_an_escape_ends_what_is_told_and_drawn():
    path = trajectory(Bilinear(), Simultaneous(), (1.0, 1.0), 1.0, 100)
    assert fate(path).rounds == 19
    assert thin(path, 600).tolist() == list(range(20))


def test_a_short_path_is_drawn_whole():
    assert thin(spiral(1.001, 0.1, 300), 600).tolist() == list(range(301))


def test_a_slowly_turning_path_is_drawn_evenly():
    kept = thin(spiral(1.0, 0.01, 5000), 600)
    assert GAP not in kept
    assert len(kept) <= 600
    assert kept[0] == 0
    assert kept[-1] == 5000
    assert set(np.diff(kept)[:-1]) == {9}


def test_of_a_path_that_turns_fast_the_first_and_last_rounds_are_drawn():
    kept = thin(spiral(1.0, 0.3, 5000), 600)
    assert len(kept) == 600
    assert (kept == GAP).sum() == 1
    assert kept[:3].tolist() == [0, 1, 2]
    assert kept[-1] == 5000


def test_what_is_too_near_the_middle_to_be_seen_is_left_out():
    kept = thin(spiral(0.9, 0.1, 5000), 600)
    assert kept.tolist() == list(range(len(kept)))
    assert len(kept) < 70


@pytest.mark.parametrize("count", [1, 2, 240, 241, 10_001])
def test_evenly_spaced_rows_have_both_ends(count):
    kept = spaced(count, 240)
    assert len(kept) == min(count, 240)
    assert (kept[0], kept[-1]) == (0, count - 1)
