"""The tasks of the game *be the generator*: a known density, and eight points to place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from gan_core.config import SettingError
from gan_core.ranges import number
from gan_core.theory.densities import Array, Mixture
from gan_core.theory.divergences import wasserstein

LINE = (-4.0, 4.0)
PLACES = 201
POINTS = 8
# Points within this width lie, for the eye, in one place.
PLACE_WIDTH = 0.5
# A Gaussian of this width is a point for W1, to a thousandth.
_NEEDLE = 1e-3


@dataclass(frozen=True, slots=True)
class Level:
    """A task: the data's density and where the points lie at first."""

    data: Mixture
    start: tuple[float, ...]


LEVELS = {
    # Far from the data, where D is sure of itself and the saturating loss says nothing.
    "one": Level(
        Mixture.gaussian(1.2, 0.7), tuple(round(-3.6 + 0.3 * k, 1) for k in range(POINTS))
    ),
    # Nearer to one of two bumps: whoever follows D may never see the other.
    "two": Level(
        Mixture((1.0, 1.0), (-1.8, 1.8), (0.5, 0.5)),
        tuple(round(0.3 * k, 1) for k in range(POINTS)),
    ),
}


def check_level(level: str) -> Level:
    """Return a level by its key.

    Raises:
        SettingError: (a ValueError) on an unknown key.
    """
    if not isinstance(level, str) or level not in LEVELS:
        raise SettingError("level", "one of " + ", ".join(LEVELS), level)
    return LEVELS[level]


def check_points(points: Sequence[float]) -> tuple[float, ...]:
    """Return the points as floats.

    Raises:
        SettingError: if there are not 8 of them, each from -4 to 4.
    """
    if not isinstance(points, (list, tuple)) or len(points) != POINTS:
        raise SettingError("points", f"a list of {POINTS} numbers", points)
    return tuple(number("points", point, *LINE) for point in points)


def places() -> Array:
    """Return the x along the line at which curves are drawn, (PLACES,)."""
    return np.linspace(*LINE, PLACES)


def density(level: str) -> Array:
    """Return the data's density at ``places()``, (PLACES,), per unit of x."""
    return check_level(level).data.pdf(places())


def distance(data: Mixture, points: Sequence[float]) -> float:
    """Return the Wasserstein-1 distance between a density and points of equal weight.

    In units of x; 0 is out of reach for a few points, see :func:`best_points`.
    """
    needles = Mixture((1.0,) * len(points), tuple(points), (_NEEDLE,) * len(points))
    return wasserstein(data, needles)


def best_points(data: Mixture, count: int = POINTS) -> tuple[float, ...]:
    """Return the ``count`` points of equal weight with the least W1 to the data.

    They are the medians of ``count`` equal shares of the mass: F(x) = (k + 1/2)/count.
    """
    reach = NormalDist().inv_cdf(0.9999) * max(data.widths)
    x = np.linspace(min(data.means) - reach, max(data.means) + reach, 4001)
    shares = (np.arange(count) + 0.5) / count
    return tuple(np.interp(shares, data.cdf(x), x).tolist())


def crowd(points: Sequence[float]) -> int:
    """Return how many points lie in the fullest place, 1 (all apart) to all of them."""
    ordered = np.sort(np.asarray(points, dtype=np.float64))
    ends = np.searchsorted(ordered, ordered + PLACE_WIDTH, side="right")
    return int((ends - np.arange(len(ordered))).max())
