"""Long walks: every point, where they end, what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gan_core.dynamics import (
    GAN,
    METHODS,
    UPDATES,
    WGAN,
    Alternating,
    Optimistic,
    Simultaneous,
    escape_step,
    radius,
    running_mean,
    trajectory,
)

START, H = (1.0, 1.0), 0.2
EVERY_METHOD = pytest.mark.parametrize("key", METHODS)
EVERY_UPDATE = pytest.mark.parametrize("update", UPDATES)


@EVERY_METHOD
@EVERY_UPDATE
def test_a_walk_has_every_point(key, update):
    path = trajectory(METHODS[key](), UPDATES[update](), START, 0.1, 50)
    assert path.shape == (51, 2)
    assert path[0].tolist() == [1, 1]
    assert np.isfinite(path).all()
    assert escape_step(path) is None


def test_a_walk_that_escapes_ends_there():
    path = trajectory(WGAN(clip=100), Simultaneous(), START, 1.0, 100, bound=50)
    step = escape_step(path, 50)
    assert step == 11  # √2 · √2ᵏ > 50
    assert radius(path)[step] == pytest.approx(2**6)
    assert path.shape == (101, 2)
    assert np.isnan(path[step + 1 :]).all()
    assert np.isfinite(path[: step + 1]).all()


def test_on_a_circle_the_running_mean_goes_to_the_middle():
    path = trajectory(GAN(), Alternating(), START, 0.2, 5000)
    mean = running_mean(path)
    np.testing.assert_allclose(mean[-1], path.mean(0))
    assert radius(path)[-1] > 1.3
    assert radius(mean)[-1] < 0.15


def test_the_same_walk_twice_is_the_same():
    twice = [trajectory(GAN(), Optimistic(), START, H, 100) for _ in range(2)]
    assert np.array_equal(*twice)


@EVERY_METHOD
def test_a_method_is_filed_under_its_key_with_its_formulas(key):
    game = METHODS[key]()
    assert game.key == key
    assert game.formulas()[0].startswith(r"\dot\theta =")
    assert game.formulas()[1].startswith(r"\dot\psi =")
    assert "arXiv" in game.source


@EVERY_UPDATE
def test_an_update_is_filed_under_its_key(update):
    assert UPDATES[update].key == update
    assert "k+1" in UPDATES[update].formula


@EVERY_METHOD
def test_a_setting_out_of_range_is_refused_by_name(key):
    for name, default, low, high in METHODS[key].parameters():
        assert low <= default <= high
        for value in (low - 1, high + 1, math.nan, "1", True):
            with pytest.raises(ValueError, match=f"^{name} must be from {low:g} to {high:g}, got "):
                METHODS[key](**{name: value})


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"h": 0.0}, "h"),
        ({"h": math.nan}, "h"),
        ({"discriminator_h": -0.1}, "discriminator_h"),
        ({"steps": -1}, "steps"),
        ({"steps": 1.5}, "steps"),
        ({"start": (math.inf, 0.0)}, "start"),
        ({"start": (0.0, 2000.0)}, "start"),
        ({"bound": 0.0}, "bound"),
    ],
)
def test_a_walk_out_of_range_is_refused_by_name(changed, name):
    fine = {"start": START, "h": 0.1, "steps": 3}
    with pytest.raises(ValueError, match=f"^{name} must be "):
        trajectory(GAN(), Simultaneous(), **{**fine, **changed})


@pytest.mark.parametrize("name", ["discriminator_moves", "generator_moves"])
@pytest.mark.parametrize("moves", [0, 101, 1.0, True])
def test_moves_out_of_range_are_refused_by_name(name, moves):
    with pytest.raises(ValueError, match=f"^{name} must be a whole number from 1 to 100"):
        Alternating(**{name: moves})
