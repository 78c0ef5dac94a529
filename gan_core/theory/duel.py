"""You are the generator: a handful of points on a line against a discriminator that learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gan_core.ranges import whole
from gan_core.theory.best_reply import non_saturating_gradient, saturating_gradient
from gan_core.theory.densities import Array, Mixture
from gan_core.theory.learned import learn
from gan_core.theory.levels import (
    best_points,
    check_level,
    check_points,
    crowd,
    distance,
    places,
)

LARGEST_SEED = 9999
STEPS = 200
# Noise on data and points alike (Sønderby 2016): without it D learns eight needles by heart.
BLUR = 0.15
_FRESH = 2000
# Nearer to 0 or 1 than this, float64 no longer tells 1 - D apart.
_LEAST = 1e-15
# So many of the points in one place are a mode collapse.
_CROWD = 6
# A D that is right no more often than this can hardly tell: the level is won.
_WON = 0.6


@dataclass(frozen=True, slots=True)
class Answer:
    """What D says after its turn, at each of ``places()`` along the line.

    Attributes:
        logit: D's score before the sigmoid, above 0 for "real".
        verdict: D(x), the probability that x is real.
        losses: what a point at x pays, -log D ("non_saturating") and log(1 - D) ("minimax").
        pushes: minus the slope of either loss in x: where and how hard it sends a point.
        right_real: share of fresh data that D calls real, 0 to 1.
        right_fake: share of the points that D calls fake, 0 to 1.
        w1: Wasserstein-1 distance between points and data, in units of x; 0 is best.
        w1_best: the least that this many points can reach.
        crowd: how many of the points lie in the fullest place.
    """

    logit: Array
    verdict: Array
    losses: dict[str, Array]
    pushes: dict[str, Array]
    right_real: float
    right_fake: float
    w1: float
    w1_best: float
    crowd: int

    @property
    def accuracy(self) -> float:
        """Return how often D is right with data and points equally likely; 1/2 is guessing."""
        return (self.right_real + self.right_fake) / 2

    @property
    def collapsed(self) -> bool:
        """Return whether most points lie in one place, where no data here do (mode collapse)."""
        return self.crowd >= _CROWD

    @property
    def won(self) -> bool:
        """Return whether D can hardly tell the points from the data."""
        return self.accuracy <= _WON


def discriminators_turn(points: Sequence[float], level: str, seed: int = 0) -> Answer:
    """Train a new D against the points and say what it answers; same input, same answer.

    Args:
        points: 8 places on the line, each from -4 to 4.
        level: a key of ``LEVELS``.
        seed: 0 to 9999, for D's first weights and the data it sees.

    Raises:
        SettingError: (a ValueError) naming the field and its range.
    """
    data = check_level(level).data
    placed = check_points(points)
    seed = whole("seed", seed, 0, LARGEST_SEED)
    x = places()
    fresh = data.sample(_FRESH, np.random.default_rng([seed, 1]))
    asked = np.concatenate([x, fresh, placed])
    (judge,) = learn(_blurred(data), _points(placed), asked, moments=(STEPS,), seed=seed)
    verdict, on_fresh, on_points = np.split(judge.verdict, [len(x), len(x) + len(fresh)])
    sure = np.clip(verdict, _LEAST, 1 - _LEAST)
    logit = np.log(sure) - np.log1p(-sure)
    slope = np.gradient(logit, x)
    return Answer(
        logit=logit,
        verdict=verdict,
        losses={
            "non_saturating": np.logaddexp(0, -logit),  # -log D
            "minimax": -np.logaddexp(0, logit),  # log(1 - D)
        },
        pushes={
            "non_saturating": -non_saturating_gradient(logit) * slope,
            "minimax": -saturating_gradient(logit) * slope,
        },
        right_real=float((on_fresh > 0.5).mean()),
        right_fake=float((on_points <= 0.5).mean()),
        w1=distance(data, placed),
        w1_best=distance(data, best_points(data)),
        crowd=crowd(placed),
    )


def _blurred(data: Mixture) -> Mixture:
    """Return the density of data plus noise: variances add."""
    widths = tuple(float(np.hypot(width, BLUR)) for width in data.widths)
    return Mixture(data.weights, data.means, widths)


def _points(points: Sequence[float]) -> Mixture:
    """Return the density of the points plus noise."""
    return Mixture((1.0,) * len(points), tuple(points), (BLUR,) * len(points))
