"""What several seeds come to: a mean with its interval, and whether an arm helps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gan_core.config import SettingError

LEVEL = 0.95
VERDICTS = ("helps", "no_difference", "hurts")


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and how far the true one may be from it.

    Attributes:
        mean: of all seeds.
        half: half of the interval's length, never negative.
    """

    mean: float
    half: float

    @property
    def low(self) -> float:
        """Where the interval begins."""
        return self.mean - self.half

    @property
    def high(self) -> float:
        """Where the interval ends."""
        return self.mean + self.half


def mean_of(values: Sequence[float]) -> Interval:
    """Return the mean with its 95 % confidence interval (Student 1908).

    x̄ ± t s / √n,   t the .975 quantile of Student's t with n - 1 degrees of freedom and s² with
    n - 1 below. It takes the seeds for normal; in 95 % of such intervals the true mean is inside.

    Raises:
        SettingError: (a ValueError) if there are fewer than two values, or one is not finite.
    """
    from scipy.special import stdtrit  # half a second to import, needed only here

    found = np.asarray(values, float)
    if found.ndim != 1 or len(found) < 2 or not np.isfinite(found).all():
        raise SettingError("values", "two finite numbers or more", list(values))
    quantile = float(stdtrit(len(found) - 1, (1 + LEVEL) / 2))
    half = quantile * float(found.std(ddof=1)) / math.sqrt(len(found))
    return Interval(float(found.mean()), half)


def difference(values: Sequence[float], base: Sequence[float]) -> Interval:
    """Return the mean of values - base, seed by seed, with its interval.

    A lucky draw of pictures is lucky for both, so that the difference varies less than either:
    whether an arm helps is read from this and not from two intervals that overlap.

    Args:
        values: one for each seed.
        base: what it is compared with, of the same seeds in the same order.

    Raises:
        SettingError: (a ValueError) if there are not as many of both, or fewer than two.
    """
    if len(values) != len(base):
        raise SettingError("base", f"of {len(values)} seeds", len(base))
    return mean_of([value - other for value, other in zip(values, base, strict=True)])


def verdict(of: Interval) -> str:
    """Say what a difference means, one of ``VERDICTS``: whether its interval leaves 0 out.

    "no_difference" is what these seeds cannot tell from 0, no proof that there is none. Of twenty
    arms that change nothing one will still be said to help or to hurt.
    """
    if of.low > 0:
        return "helps"
    return "hurts" if of.high < 0 else "no_difference"
