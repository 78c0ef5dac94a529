"""Integrals over a line, on a grid that is fine where a density is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gan_core.theory.densities import Array, Mixture

# Beyond 9 widths a Gaussian holds 2e-19 of its mass.
_REACH = 9.0
_PANELS = 36
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_ROOT_STEPS = 8


def edges(*densities: Mixture) -> Array:
    """Return rising points, half a width apart around every component of every density."""
    offsets = np.linspace(-_REACH, _REACH, _PANELS + 1)
    bells = [bell for p in densities for bell in zip(p.means, p.widths, strict=True)]
    return np.unique([mean + width * offsets for mean, width in bells])


def grid(*densities: Mixture) -> tuple[Array, Array]:
    """Return points x and weights dx, (n,) each, so that ∫ g ≈ Σ g(x) dx.

    Gauss-Legendre with 8 points between neighbouring ``edges``; smooth
    integrands that fade with the densities come out to about 1e-10.
    """
    points = edges(*densities)
    half = np.diff(points)[:, None] / 2
    middle = (points[:-1] + points[1:])[:, None] / 2
    return (middle + half * _NODES).ravel(), (half * _WEIGHTS).ravel()


def absolute_integral(
    slope: Callable[[Array], Array], integral: Callable[[Array], Array], points: Array
) -> float:
    """Return ∫ |slope| over the points, when ``integral`` has ``slope`` as derivative.

    Between two sign changes of the slope, the integral of |slope| is just the
    rise or fall of its integral. So the kinks of |·| cost no accuracy.
    """
    turns = np.concatenate([points, _roots(slope, points)])
    turns.sort()
    return float(np.abs(np.diff(integral(turns))).sum())


def _roots(function: Callable[[Array], Array], points: Array) -> Array:
    """Return where the function changes sign, by false position within each step."""
    values = function(points)
    (before,) = np.nonzero(np.sign(values[:-1]) * np.sign(values[1:]) < 0)
    low, high = points[before], points[before + 1]
    at_low, at_high = values[before], values[before + 1]
    root = low
    for _ in range(_ROOT_STEPS if len(low) else 0):
        root = low - at_low * (high - low) / (at_high - at_low)
        found = function(root)
        left = np.sign(found) == np.sign(at_low)
        low, at_low = np.where(left, root, low), np.where(left, found, at_low)
        high, at_high = np.where(left, high, root), np.where(left, at_high, found)
    return root
