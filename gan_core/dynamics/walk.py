"""Walks through a game, and what to read off them."""

from __future__ import annotations

import math
from itertools import islice

import numpy as np

from gan_core.dynamics.game import Array, Game
from gan_core.dynamics.updates import Steps, Update
from gan_core.ranges import number, whole

LARGEST_STEP = 100.0
LARGEST_WALK = 1_000_000
# Far outside any portrait; a walk that gets there is not coming back.
BOUND = 1e3


def trajectory(
    game: Game,
    update: Update,
    start: tuple[float, float],
    h: float,
    steps: int,
    *,
    discriminator_h: float | None = None,
    bound: float = BOUND,
) -> Array:
    """Play ``steps`` rounds from ``start`` and return every point, (steps + 1, 2).

    Row k is (θ, ψ) after k rounds, row 0 the start. ``h`` is the step size, of
    the generator alone if ``discriminator_h`` is given. The first point outside
    radius ``bound`` ends the walk: it is kept and all rows after it are nan, so
    the shape stays (see ``escape_step``). 10,000 rounds take some tens of ms.

    Raises:
        SettingError: (a ValueError) naming the field and its range: h above 0
            to 100, steps from 0 to 1,000,000, start within ``bound``.
    """
    smallest = math.nextafter(0, 1)
    h = number("h", h, smallest, LARGEST_STEP)
    if discriminator_h is None:
        discriminator_h = h
    discriminator_h = number("discriminator_h", discriminator_h, smallest, LARGEST_STEP)
    whole("steps", steps, 0, LARGEST_WALK)
    bound = number("bound", bound, smallest, 1e6)
    theta, psi = (number("start", value, -bound, bound) for value in start)
    points = [(theta, psi)]
    walk = update.walk(game, theta, psi, Steps(h, discriminator_h))
    square = bound * bound
    for theta, psi in islice(walk, steps):
        points.append((theta, psi))
        if not theta * theta + psi * psi <= square:  # nan is outside too
            break
    path = np.full((steps + 1, 2), np.nan)
    path[: len(points)] = points
    return path


def escape_step(path: Array, bound: float = BOUND) -> int | None:
    """Return the round after which the walk was outside ``bound``; None if it never was."""
    outside = ~(radius(path) <= bound)
    return int(outside.argmax()) if outside.any() else None


def radius(path: Array) -> Array:
    """Return the distance to the equilibrium (0, 0), (n,) for points (n, 2); 0 is solved."""
    return np.hypot(path[..., 0], path[..., 1])


def running_mean(path: Array) -> Array:
    """Return the mean of all points so far, (n, 2): on a circle it goes to the middle."""
    return np.cumsum(path, axis=0) / np.arange(1, len(path) + 1)[:, None]
