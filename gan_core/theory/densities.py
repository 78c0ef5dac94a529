"""Densities on a line, in logarithms, so that the tails are right too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gan_core.config import SettingError
from gan_core.ranges import number

Array = NDArray[np.float64]

RANGES = {"weights": (0.0, 1e6), "means": (-1000.0, 1000.0), "widths": (1e-3, 1000.0)}
_LOG_ROOT_TWO_PI = math.log(2 * math.pi) / 2


@dataclass(frozen=True, slots=True)
class Mixture:
    """A mixture of Gaussians on a line; one component is a Gaussian.

    ``weights`` are shares of any size (≥ 0, not all 0), stored so that they add
    up to 1; ``means`` and ``widths`` (standard deviations) are in units of x.

    Raises:
        SettingError: (a ValueError) naming the field and its range.
    """

    weights: tuple[float, ...]
    means: tuple[float, ...]
    widths: tuple[float, ...]

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            values = _numbers(name, getattr(self, name), low, high)
            if len(values) != len(self.weights):
                raise SettingError(name, f"{len(self.weights)} numbers", len(values))
            object.__setattr__(self, name, values)
        total = sum(self.weights)
        if total <= 0:
            raise SettingError("weights", "more than 0 in total", self.weights)
        object.__setattr__(self, "weights", tuple(share / total for share in self.weights))

    @classmethod
    def gaussian(cls, mean: float = 0.0, width: float = 1.0) -> Self:
        """Return N(mean, width²) as a mixture of one."""
        return cls((1.0,), (mean,), (width,))

    def log_pdf(self, x: ArrayLike) -> Array:
        """Return log p(x), shape of x; finite wherever x is, far out in the tails too."""
        terms = self._log_terms(x)
        top = terms.max(-1)
        return np.asarray(top + np.log(np.exp(terms - top[..., None]).sum(-1)))

    def pdf(self, x: ArrayLike) -> Array:
        """Return p(x), shape of x, per unit of x."""
        return np.exp(self.log_pdf(x))

    def score(self, x: ArrayLike) -> Array:
        """Return d log p(x) / dx, shape of x: the mean of (mean - x)/width² over components."""
        terms = self._log_terms(x)
        shares = np.exp(terms - terms.max(-1, keepdims=True))
        pulls = -self._standard(x) / np.asarray(self.widths)
        return np.asarray((shares * pulls).sum(-1) / shares.sum(-1))

    def cdf(self, x: ArrayLike) -> Array:
        """Return F(x) = P(X ≤ x) in [0, 1], shape of x."""
        return np.asarray(_normal_cdf(self._standard(x)) @ np.asarray(self.weights))

    def cdf_integral(self, x: ArrayLike) -> Array:
        """Return ∫ F from -∞ to x, shape of x: per component (x - m) F + s² pdf."""
        z = self._standard(x)
        bells = np.exp(-z * z / 2 - _LOG_ROOT_TWO_PI)
        pieces = np.asarray(self.widths) * (z * _normal_cdf(z) + bells)
        return np.asarray(pieces @ np.asarray(self.weights))

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Draw (n,) numbers; all randomness comes from ``rng``."""
        chosen = rng.choice(len(self.weights), size=n, p=self.weights)
        return rng.normal(np.asarray(self.means)[chosen], np.asarray(self.widths)[chosen])

    def _standard(self, x: ArrayLike) -> Array:
        """Return (x - mean)/width for every component: shape of x, then one axis more."""
        points = np.asarray(x, dtype=np.float64)[..., None]
        return np.asarray((points - np.asarray(self.means)) / np.asarray(self.widths))

    def _log_terms(self, x: ArrayLike) -> Array:
        """Return log(weight · pdf) of every component: shape of x, then one axis more."""
        z = self._standard(x)
        with np.errstate(divide="ignore"):  # a component of weight 0 counts as log 0
            heights = np.log(self.weights) - np.log(self.widths) - _LOG_ROOT_TWO_PI
        return np.asarray(heights - z * z / 2)


def _numbers(name: str, values: Sequence[float], low: float, high: float) -> tuple[float, ...]:
    if isinstance(values, str) or not isinstance(values, Sequence) or not values:
        raise SettingError(name, "a list of numbers", values)
    return tuple(number(name, value, low, high) for value in values)


def _normal_cdf(z: Array) -> Array:
    """Return Φ(z); numpy has no erf, and the ``math`` one is quick enough on a curve."""
    tails = [math.erfc(value) for value in (-z / math.sqrt(2)).ravel().tolist()]
    return np.array(tails).reshape(z.shape) / 2
