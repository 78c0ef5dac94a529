"""Real pictures, a batch at a time, in a new order at each pass over the data."""

from __future__ import annotations

import torch
from torch import Tensor


class Batches:
    """Deals out the data; where it stands is two numbers, ``passes`` and ``cursor``.

    Args:
        data: (N, ...), N ≥ 2. What is left at the end of a pass is not dealt.
        size: pictures a batch; all of them where the data are fewer.
        seed: the order depends on it and on the pass, on nothing else.
        packing: every batch holds a multiple of so many pictures.
    """

    def __init__(self, data: Tensor, size: int, seed: int, packing: int = 1) -> None:
        self.data = data
        self.size = min(size, len(data)) // packing * packing
        self.seed = seed
        self.go_to(passes=0, cursor=0)

    @property
    def epoch(self) -> float:
        """How often the whole data set has been dealt."""
        return self.passes + self.cursor / len(self.data)

    def next(self) -> Tensor:
        """Return the next batch."""
        if self.cursor + self.size > len(self.data):
            self.go_to(passes=self.passes + 1, cursor=0)
        self.cursor += self.size
        return self.last()

    def last(self) -> Tensor:
        """Return the batch dealt last; before the first, the one that will be the first."""
        return self.data[self.places]

    @property
    def places(self) -> Tensor:
        """Where in the data the pictures of the last batch stand."""
        # A saved run may go on with fewer data than it began with.
        end = max(min(self.cursor, len(self.data)), self.size)
        return self._order[end - self.size : end]

    def go_to(self, *, passes: int, cursor: int) -> None:
        """Stand where another has stood."""
        self.passes = passes
        self.cursor = cursor
        # From the seed and the pass alone, so that a checkpoint need not hold the order.
        random = torch.Generator().manual_seed(self.seed * 1_000_003 + passes)
        self._order = torch.randperm(len(self.data), generator=random)
