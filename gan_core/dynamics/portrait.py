"""What a phase portrait needs of a long walk: few points, and one word for its fate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_core.dynamics.game import Array
from gan_core.dynamics.walk import BOUND, escape_step, radius

GAP = -1
# A turn (radians) between two drawn points up to which a circle still looks round.
_ROUND_ENOUGH = 0.5
_TOO_SMALL_TO_SEE = 1e-3
_WHOLE_TURN = 2 * math.pi
_SOLVED = 1e-6


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a walk.

    Attributes:
        kind: "escapes" (left the radius ``BOUND``), "grows", "cycles" (stays between
            ``low`` and ``high``), "shrinks", "arrives" (a millionth of where it began),
            or "rests" (it began at the equilibrium).
        rounds: rounds made, up to the escape.
        factor: mean factor on the radius per round, measured; nan if it rests.
        low, high: smallest and largest radius over the last quarter.
    """

    kind: str
    rounds: int
    factor: float
    low: float
    high: float


def fate(path: Array, bound: float = BOUND) -> Fate:
    """Say what became of a walk, (n, 2), as ``trajectory`` returns it; n ≥ 1."""
    escaped = escape_step(path, bound)
    r = radius(path)[: None if escaped is None else escaped + 1]
    rounds = len(r) - 1
    quarter = r[-max(1, len(r) // 4) :]
    low, high = float(quarter.min()), float(quarter.max())
    if r[0] == 0 and high == 0:
        return Fate("rests", rounds, math.nan, 0.0, 0.0)
    return Fate(_kind(path, r, escaped), rounds, _factor(r), low, high)


def _kind(path: Array, r: Array, escaped: int | None) -> str:
    if escaped is not None:
        return "escapes"
    if r[-1] <= _SOLVED * r[0]:
        return "arrives"
    changes = np.diff(r)
    if len(changes) and (changes > 0).all():
        return "grows"
    if len(changes) and (changes < 0).all():
        return "shrinks"
    quarter = max(1, len(r) // 4)
    before, after = r[-2 * quarter : -quarter], r[-quarter:]
    if not len(before):
        return "cycles"
    # Without a whole turn in each, an ellipse would look as if it grew or shrank.
    turned = median_turn(path[: len(r)]) * quarter
    tolerance = 1.01 if turned > _WHOLE_TURN else 1.06
    if after.max() > tolerance * before.max():
        return "grows"
    return "shrinks" if after.max() * tolerance < before.max() else "cycles"


def _factor(r: Array) -> float:
    seen = r[r > 0]
    if len(seen) < 2:
        return 0.0 if len(r) > 1 else math.nan
    return float((seen[-1] / seen[0]) ** (1 / (len(seen) - 1)))


def median_turn(path: Array) -> float:
    """Return the median turn about (0, 0) per round, 0 to π radians; nan rows do not count."""
    path = path[~np.isnan(path[:, 0])]
    angles = np.arctan2(path[:, 1], path[:, 0])
    turns = np.abs((np.diff(angles) + math.pi) % _WHOLE_TURN - math.pi)
    return float(np.median(turns)) if len(turns) else 0.0


def thin(path: Array, most: int, bound: float = BOUND) -> NDArray[np.int64]:
    """Choose at most ``most`` (≥ 20) rows of a walk to draw; ``GAP`` marks a break.

    Every so many rounds, while turns stay small enough to look round; otherwise
    the first and the last rounds with a gap between. What follows an escape, or
    is too near (0, 0) to be seen, is left out.
    """
    escaped = escape_step(path, bound)
    end = len(path) if escaped is None else escaped + 1
    r = radius(path[:end])
    seen = np.flatnonzero(r > _TOO_SMALL_TO_SEE * r.max()) if r.max() > 0 else np.zeros(1, int)
    end = min(end, int(seen[-1]) + 2)
    stride = -(-end // most)
    if stride == 1 or stride * median_turn(path[:end]) <= _ROUND_ENOUGH:
        return np.unique([*range(0, end, stride), end - 1])[-most:]
    first = most // 3
    last = most - first - 1
    return np.array([*range(first), GAP, *range(end - last, end)])


def spaced(count: int, most: int) -> NDArray[np.int64]:
    """Choose at most ``most`` of ``count`` rows, evenly, first and last included."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))
