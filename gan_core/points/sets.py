"""The point sets of the playground: samplers, and densities to compare with.

All live in coordinates of about [-1.2, 1.2]; a plot shows [-VIEW, VIEW] both ways.

* GAN Lab's four (line, gaussians, ring, disjoint) are its unit square stretched:
  x → 2.4 (x - 1/2), so a σ of .025 there is .06 here. Its Gaussians are not cut off.
* "eight" is the ring of the papers as it is (Srivastava 2017, VEEGAN): radius 1, σ .01,
  centres at the angles 2πk/8. "eight_soft" has σ .05.
* "grid" is the 5 × 5 grid of the papers divided by 4: spacing 1/2 instead of 2, σ .0125
  instead of .05. What is counted in units of σ stays the same.
* moons, spiral and checkerboard have no canonical form; theirs is below.

Densities are exact: a curve with Gaussian noise is integrated by Gauss-Legendre, whose
error at this number of nodes is below that of float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gan_core.config import POINT_KEYS, SettingError

VIEW = 1.5
# How many points a run learns from, and the seed that they are drawn with.
POINTS = 40_000
POINTS_SEED = 2014
NODES = 512


@dataclass(frozen=True, slots=True, eq=False)
class PointSet:
    """A distribution in the plane.

    Attributes:
        key: its name.
        sample: draws (count, 2) float32 points with the given random numbers.
        density: p at points (N, 2), as (N,) float64; it integrates to 1.
        masses: the exact probability of each cell of a grid with these edges (E,) along
            both axes, (E - 1, E - 1) float64, first axis y, upwards.
        centres: the modes (K, 2), None where there are none to count.
        spread: the σ about each mode, in the plot's units; None likewise.
    """

    key: str
    sample: Callable[[int, torch.Generator], Tensor]
    density: Callable[[Tensor], Tensor]
    masses: Callable[[Tensor], Tensor]
    centres: Tensor | None = None
    spread: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PointData:
    """What a run of the playground learns from.

    Attributes:
        key: a key of ``POINT_SETS``, or "own".
        points: (N, 2) float32.
        known: the distribution they are drawn from, None for own points.
        rows: how many rows somebody handed in, of which ``points`` may be a part.
        fallback: why these are not the points asked for: always "", they are.
    """

    key: str
    points: Tensor
    known: PointSet | None
    rows: int = 0
    fallback: str = ""

    @property
    def kept(self) -> int:
        """How many points there are."""
        return len(self.points)


def load_points(key: str, count: int = POINTS) -> PointData:
    """Return a built-in set as a run learns from it; the same points at every call.

    Raises:
        SettingError: on an unknown key.
    """
    if key not in POINT_SETS:
        raise SettingError("dataset", "one of " + ", ".join(POINT_SETS), key)
    random = torch.Generator().manual_seed(POINTS_SEED)
    return PointData(key, POINT_SETS[key].sample(count, random), POINT_SETS[key])


class Mixture:
    """Gaussians around nodes: σ along x and y (K, 2), and the share of each (K,)."""

    def __init__(self, nodes: Tensor, widths: Tensor, shares: Tensor) -> None:
        self.nodes = nodes.double()
        self.widths = widths.double().expand_as(self.nodes)
        self.shares = shares.double() / shares.double().sum()

    def density(self, points: Tensor) -> Tensor:
        """Return p at points (N, 2), (N,) float64."""
        x, y = (
            torch.exp(
                -((points[:, None, axis].double() - self.nodes[:, axis]) / width).square() / 2
            )
            / (width * math.sqrt(2 * math.pi))
            for axis, width in enumerate(self.widths.T)
        )
        return (x * y) @ self.shares

    def masses(self, edges: Tensor) -> Tensor:
        """Return the probability of every cell, (E - 1, E - 1), first axis y."""
        x, y = (
            torch.special.ndtr((edges.double()[:, None] - self.nodes[:, axis]) / width).diff(dim=0)
            for axis, width in enumerate(self.widths.T)
        )
        return (y * self.shares) @ x.T


def _blobs(key: str, centres: Tensor, spread: float) -> PointSet:
    """Return equal round Gaussians."""
    mixture = Mixture(centres, torch.tensor(spread), torch.ones(len(centres)))

    def sample(count: int, random: torch.Generator) -> Tensor:
        which = torch.randint(len(centres), (count,), generator=random)
        return centres[which] + spread * torch.randn(count, 2, generator=random)

    return PointSet(key, sample, mixture.density, mixture.masses, centres, spread)


def _curve(key: str, place: Callable[[Tensor], Tensor], spread: float) -> PointSet:
    """Return the curve ``place`` (u uniform in [0, 1] → (N, 2)) with Gaussian noise on it.

    A curve of two pieces has them in [0, 1/2) and [1/2, 1].
    """
    roots, weights = np.polynomial.legendre.leggauss(NODES // 2)
    half = torch.from_numpy((roots + 1) / 4)
    shares = torch.from_numpy(weights).repeat(2)
    nodes = place(torch.cat([half, half + 0.5]))
    mixture = Mixture(nodes, torch.tensor(spread), shares)

    def sample(count: int, random: torch.Generator) -> Tensor:
        u = torch.rand(count, generator=random)
        return place(u) + spread * torch.randn(count, 2, generator=random)

    return PointSet(key, sample, mixture.density, mixture.masses)


def _around(radius: float, count: int) -> Tensor:
    """Return points at the angles 2πk/count; the first is not there twice."""
    angles = 2 * math.pi * torch.arange(count) / count
    return radius * torch.stack([angles.cos(), angles.sin()], 1)


def _from_unit_square(*points: tuple[float, float]) -> Tensor:
    return 2.4 * (torch.tensor(points) - 0.5)


def _line(u: Tensor) -> Tensor:
    return 2.4 * torch.stack([0.3 - 0.75 * u, 0.1 + 0.3 * u], 1)


def _ellipse(u: Tensor) -> Tensor:
    angle = 2 * math.pi * u
    return 2.4 * torch.stack([0.3 * angle.cos(), 0.25 * angle.sin() - 0.05], 1)


def _moons(u: Tensor) -> Tensor:
    """Two half circles of radius .75 that reach into one another, as in scikit-learn."""
    angle = 2 * math.pi * u  # the second half of the circle belongs to the second moon
    first = torch.stack([angle.cos() - 0.5, angle.sin() - 0.25], 1)
    second = torch.stack([angle.cos() + 0.5, angle.sin() + 0.25], 1)
    return 0.75 * torch.where(u[:, None] < 0.5, first, second)


def _spiral(u: Tensor) -> Tensor:
    """One and three quarter turns, nearly even along its length."""
    way = u.sqrt()
    angle = 3.5 * math.pi * way
    return 1.1 * way[:, None] * torch.stack([angle.cos(), angle.sin()], 1)


def _two_gaussians() -> PointSet:
    centres = _from_unit_square((0.3, 0.7), (0.7, 0.4))
    widths = 2.4 * torch.tensor([[0.1, 0.1], [0.05, 0.2]])
    mixture = Mixture(centres, widths, torch.ones(2))

    def sample(count: int, random: torch.Generator) -> Tensor:
        which = torch.randint(2, (count,), generator=random)
        return centres[which] + widths[which] * torch.randn(count, 2, generator=random)

    return PointSet("gaussians", sample, mixture.density, mixture.masses)


def _checkerboard() -> PointSet:
    """Eight of the sixteen squares of side .6 on [-1.2, 1.2]²; the lower left one is filled."""
    side, low = 0.6, -1.2
    squares = torch.tensor([(i, j) for j in range(4) for i in range(4) if (i + j) % 2 == 0])
    corners = low + side * squares

    def sample(count: int, random: torch.Generator) -> Tensor:
        which = torch.randint(len(corners), (count,), generator=random)
        return corners[which] + side * torch.rand(count, 2, generator=random)

    def density(points: Tensor) -> Tensor:
        square = torch.floor((points.double() - low) / side)
        within = ((square >= 0) & (square < 4)).all(1)
        return (within & (square.sum(1) % 2 == 0)) / (len(corners) * side**2)

    def masses(edges: Tensor) -> Tensor:
        starts = low + side * torch.arange(4, dtype=torch.float64)
        high = torch.minimum(edges[1:, None], starts + side)
        overlap = (high - torch.maximum(edges[:-1, None], starts)).clamp(min=0).double()
        filled = torch.zeros(4, 4, dtype=torch.float64)
        filled[squares[:, 1], squares[:, 0]] = 1 / (len(corners) * side**2)
        return overlap @ filled @ overlap.T

    return PointSet("checkerboard", sample, density, masses)


def _grid() -> Tensor:
    steps = torch.arange(-2, 3) / 2
    return torch.cartesian_prod(steps, steps)


POINT_SETS: dict[str, PointSet] = {
    one.key: one
    for one in (
        _curve("line", _line, 2.4 * 0.01),
        _two_gaussians(),
        _curve("ring", _ellipse, 2.4 * 0.025),
        _blobs("disjoint", _from_unit_square((0.35, 0.75), (0.75, 0.6), (0.45, 0.35)), 2.4 * 0.025),
        _blobs("eight", _around(1.0, 8), 0.01),
        _blobs("eight_soft", _around(1.0, 8), 0.05),
        _blobs("grid", _grid(), 0.05 / 4),
        _curve("moons", _moons, 0.06),
        _curve("spiral", _spiral, 0.03),
        _checkerboard(),
    )
}
assert tuple(POINT_SETS) == POINT_KEYS
