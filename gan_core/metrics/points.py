"""How good generated points are, when the answer is known.

The Jensen-Shannon divergence is taken on one grid for all sets: 40 × 40 cells of side
.075 on the view [-1.5, 1.5]², and one cell for everything outside. (GAN Lab's 30 × 30 cells
of its unit square have side .08 here.) No point is left out. The data's side of it are the
exact masses of the cells, so that only the generated sample is uncertain; its floor is what
a sample of the same size from the data themselves scores. Where a cell is wider than the
data's σ, the grid cannot see the shape within a cell: that is what the share of samples
within 3σ and the distance W1 are for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.metrics.classes import kl_from_uniform
from gan_core.points.sets import VIEW, PointData, PointSet

CELLS = 40
CELL_SIDE = 2 * VIEW / CELLS
# Of a Gaussian in the plane, 1 - exp(-9/2) = 98.9 % lie within 3σ: more means too narrow.
WITHIN = 3.0
HIGH_QUALITY_OF_PERFECT = 1 - math.exp(-(WITHIN**2) / 2)
MODE_SHARE = 0.01
DIRECTIONS = 32
REPEATS = 5
_SEED = 1948

Ranked = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PointQuality:
    """What a sample of generated points is worth.

    Attributes:
        js_bits: Jensen-Shannon divergence in bits, 0 to 1; the best value is ``js_floor_bits``.
        js_floor_bits: what as many samples of the data score, the median of five.
        modes: how many modes hold at least 1 % of all samples within 3σ; None where the
            data have no modes, as are the next three.
        modes_lenient: how many modes hold a sample within 3σ, as the papers count.
        high_quality: the share of samples within 3σ of a mode; a perfect sampler has .989.
        reverse_kl: KL of the modes' shares (of the samples within 3σ) from equal shares, in
            nats; the best value is 0. None also where no sample is near a mode.
        sliced_w1: mean over directions of the Wasserstein-1 distance of the projections, in
            the plot's units, to a sample of the data of the same size.
        sliced_w1_floor: what another sample of the data scores.
        leading_mode: the mode that most samples are nearest to, whether within 3σ or not; None
            where the data have no modes.
        leading_share: the share of all samples that are; 1/K is even, 1 is one mode alone.
    """

    js_bits: float
    js_floor_bits: float
    modes: int | None
    modes_lenient: int | None
    high_quality: float | None
    reverse_kl: float | None
    sliced_w1: float
    sliced_w1_floor: float
    leading_mode: int | None
    leading_share: float | None


def measure(data: PointData | PointSet, fake: Tensor) -> PointQuality:
    """Compare generated points (N, 2) with what they should be; quick from the second call on."""
    return _meter(data).measure(fake)


class PointMeter:
    """Compares samples with one data set; what depends on the data alone is made once."""

    def __init__(self, data: PointData | PointSet) -> None:
        self._known = data if isinstance(data, PointSet) else data.known
        self._points = None if isinstance(data, PointSet) else data.points
        angles = math.pi * torch.arange(DIRECTIONS) / DIRECTIONS
        self._directions = torch.stack([angles.cos(), angles.sin()], 1)
        self._masses = self._exact_masses()
        self._by_count: dict[int, tuple[Ranked, float, float]] = {}

    def measure(self, fake: Tensor) -> PointQuality:
        """Return the quality of generated points (N, 2)."""
        ranked, js_floor, w1_floor = self._reference(len(fake))
        modes, lenient, share, reverse, leading_mode, leading_share = self._modes(fake)
        return PointQuality(
            js_bits=self._js_bits(fake),
            js_floor_bits=js_floor,
            modes=modes,
            modes_lenient=lenient,
            high_quality=share,
            reverse_kl=reverse,
            sliced_w1=self._sliced_w1(fake, ranked),
            sliced_w1_floor=w1_floor,
            leading_mode=leading_mode,
            leading_share=leading_share,
        )

    def _exact_masses(self) -> Tensor:
        if self._known is None:
            assert self._points is not None
            return cell_shares(self._points)
        edges = torch.linspace(-VIEW, VIEW, CELLS + 1, dtype=torch.float64)
        inside = self._known.masses(edges).flatten()
        return torch.cat([inside, (1 - inside.sum()).clamp(min=0)[None]])

    def _real(self, count: int, seed: int) -> Tensor:
        """Draw so many samples of the data: of own points, with replacement."""
        random = torch.Generator().manual_seed(_SEED + seed)
        if self._known is not None:
            return self._known.sample(count, random)
        assert self._points is not None
        return self._points[torch.randint(len(self._points), (count,), generator=random)]

    def _reference(self, count: int) -> tuple[Ranked, float, float]:
        if count not in self._by_count:
            if len(self._by_count) >= 4:
                self._by_count.clear()
            ranked = self._ranked(self._real(count, 0))
            others = [self._real(count, seed) for seed in range(1, REPEATS + 1)]
            js = sorted(self._js_bits(one) for one in others)[REPEATS // 2]
            w1 = sorted(self._sliced_w1(one, ranked) for one in others)[REPEATS // 2]
            self._by_count[count] = (ranked, js, w1)
        return self._by_count[count]

    def _js_bits(self, fake: Tensor) -> float:
        return jensen_shannon_bits(self._masses, cell_shares(fake))

    def _ranked(self, points: Tensor) -> Ranked:
        """Return the sorted projections on each direction, (DIRECTIONS, N).

        NumPy sorts floats with wide registers, some five times as fast as torch, which
        also keeps track of where each came from.
        """
        projected: Ranked = (self._directions @ points.T).numpy()
        projected.sort(axis=1)
        return projected

    def _sliced_w1(self, fake: Tensor, ranked: Ranked) -> float:
        return float(np.abs(self._ranked(fake) - ranked).mean(dtype=np.float64))

    def _modes(
        self, fake: Tensor
    ) -> tuple[int | None, int | None, float | None, float | None, int | None, float | None]:
        if self._known is None or self._known.centres is None or self._known.spread is None:
            return None, None, None, None, None, None
        distance, mode = torch.cdist(fake, self._known.centres).min(dim=1)
        near = mode[distance <= WITHIN * self._known.spread]
        counts = torch.bincount(near, minlength=len(self._known.centres))
        nearest = torch.bincount(mode, minlength=len(self._known.centres))
        return (
            int((counts >= MODE_SHARE * len(fake)).sum()),
            int((counts > 0).sum()),
            len(near) / len(fake),
            kl_from_uniform(counts) if len(near) else None,
            int(nearest.argmax()),
            nearest.max().item() / len(fake),
        )


@lru_cache(maxsize=16)
def _meter(data: PointData | PointSet) -> PointMeter:
    return PointMeter(data)


def cell_shares(points: Tensor) -> Tensor:
    """Return the share of points (N, 2) in each cell, y first, and outside: (CELLS² + 1,)."""
    column, row = ((points + VIEW) / CELL_SIDE).floor().unbind(1)
    inside = (column >= 0) & (column < CELLS) & (row >= 0) & (row < CELLS)  # nan is not
    cell = torch.where(inside, row * CELLS + column, CELLS**2).long()
    return torch.bincount(cell, minlength=CELLS**2 + 1).double() / len(points)


def jensen_shannon_bits(p: Tensor, q: Tensor) -> float:
    """Return JS(p, q) = KL(p ‖ m)/2 + KL(q ‖ m)/2 with m = (p + q)/2, in bits."""
    middle = (p + q) / 2
    nats = (torch.special.xlogy(p, p / middle) + torch.special.xlogy(q, q / middle)).nansum() / 2
    return max(nats.item() / math.log(2), 0.0)
