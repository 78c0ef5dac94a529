"""What was seen: curves and pictures of a run, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

CURVES = ("d_loss", "g_loss", "d_real", "d_fake", "d_grad_norm", "g_grad_norm")


@dataclass(frozen=True, slots=True)
class Curves:
    """A picture of the curves at one moment; never changes afterwards.

    Attributes:
        width: iterations per bucket.
        first: the first iteration of the first bucket.
        low, high, mean: (buckets, columns); ``nan`` where nothing was measured.
            Bucket i covers iterations first + i·width to first + (i + 1)·width - 1.
    """

    width: int
    first: int
    low: Numbers
    high: Numbers
    mean: Numbers


class History:
    """Curves of a run of any length in a fixed number of buckets.

    When the buckets are full, neighbours are merged and each covers twice as
    many iterations. The smallest and largest value of every bucket are kept,
    so that a spike of one iteration is still seen after a million.

    Args:
        capacity: number of buckets, even, at least 2.
        first: the iteration that the first values belong to; above 1 after a resume.
        columns: how many curves there are.
    """

    def __init__(self, capacity: int = 512, first: int = 1, columns: int = len(CURVES)) -> None:
        if capacity < 2 or capacity % 2:
            raise ValueError(f"capacity must be an even number from 2 up, got {capacity}")
        self.capacity = capacity
        self.first = first
        self.width = 1
        self.length = 0
        shape = (capacity, columns)
        self._low = np.full(shape, np.nan)
        self._high = np.full(shape, np.nan)
        self._sum = np.zeros(shape)
        self._count = np.zeros(shape, dtype=np.int64)

    def append(self, values: Sequence[float]) -> None:
        """Add one iteration: a value per curve, ``nan`` where none was measured."""
        bucket = self.length // self.width
        if bucket == self.capacity:
            self._merge()
            bucket = self.length // self.width
        row = np.asarray(values, dtype=np.float64)
        np.fmin(self._low[bucket], row, out=self._low[bucket])
        np.fmax(self._high[bucket], row, out=self._high[bucket])
        measured = ~np.isnan(row)
        self._sum[bucket][measured] += row[measured]
        self._count[bucket] += measured
        self.length += 1

    def _merge(self) -> None:
        """Join neighbouring buckets in place; the second half becomes free."""
        half = self.capacity // 2
        pairs = (half, 2, self._low.shape[1])
        self._low[:half] = np.fmin.reduce(self._low.reshape(pairs), axis=1)
        self._high[:half] = np.fmax.reduce(self._high.reshape(pairs), axis=1)
        self._sum[:half] = self._sum.reshape(pairs).sum(axis=1)
        self._count[:half] = self._count.reshape(pairs).sum(axis=1)
        self._low[half:] = self._high[half:] = np.nan
        self._sum[half:] = 0
        self._count[half:] = 0
        self.width *= 2

    def curves(self) -> Curves:
        """Return a copy that later iterations do not touch."""
        used = -(-self.length // self.width)
        with np.errstate(invalid="ignore"):
            mean = self._sum[:used] / np.where(self._count[:used], self._count[:used], np.nan)
        return Curves(
            self.width, self.first, self._low[:used].copy(), self._high[:used].copy(), mean
        )


@dataclass(frozen=True, slots=True)
class Page:
    """One look kept for looking back: a PNG of pictures, or points with what explains them."""

    iteration: int
    content: bytes


class Album:
    """Looks kept at iterations that grow by a quarter: 0, 1, 2, … 6, 8, 10, 12, 15, …

    Sixty-odd pages reach a million iterations, so the album is bounded.
    """

    GROWTH = 1.25

    def __init__(self) -> None:
        self.pages: tuple[Page, ...] = ()
        self._next = 0

    def wants(self, iteration: int) -> bool:
        """Say whether a picture at this iteration should be added."""
        return iteration >= self._next

    def add(self, iteration: int, content: bytes) -> None:
        """Keep a look; replaces the tuple, so that readers need no lock."""
        self.pages = (*self.pages, Page(iteration, content))
        self._next = max(iteration + 1, round(iteration * self.GROWTH))
