"""Nearest neighbours in a data set: is a picture new, or one that was seen?"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

# Enough to leave some fifty of 60,000 digits in question, few enough to stay in the cache.
_COMPONENTS = 48
# Measured in full before the rest: most often the nearest is among them.
_FIRST = 16
# A bound in float32 is right to this share of the largest.
_ROUNDING = 2e-5
_CHUNK = 4096
_QUERIES = 64


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The picture of a data set that is nearest to another picture.

    Attributes:
        index: its place in the data set.
        distance: Euclidean distance over the pixels, scaled to 0..1; 0 is a copy.
    """

    index: int
    distance: float


class Neighbours:
    """Exact nearest neighbours among ``images`` (N, 1, H, W) in [-1, 1], which it does not copy.

    A picture is sketched by its first principal components and by the length of
    what they leave out. By Pythagoras, with the triangle inequality for the rest,
    two sketches are never farther apart than their pictures: only pictures whose
    sketch is nearer than the best distance so far are measured in full. Some 2 ms
    a question for 60,000 digits, where the product of all pixels takes 15.
    """

    def __init__(self, images: Tensor) -> None:
        self._rows = images.flatten(1)
        self._middle = self._rows.mean(0)
        covariance = self._rows.T @ self._rows / len(images) - self._middle.outer(self._middle)
        self._axes = torch.linalg.eigh(covariance).eigenvectors[:, -_COMPONENTS:]
        self._sketches = torch.cat([self._sketch(rows) for rows in self._rows.split(_CHUNK)])
        self._squares = self._sketches.square().sum(1)
        self._slack = _ROUNDING * (1 + self._squares.max())

    def _sketch(self, rows: Tensor) -> Tensor:
        """Return the components of (N, H·W) ``rows``, and the length of what they leave out."""
        offsets = rows - self._middle
        components = offsets @ self._axes
        rest = (offsets - components @ self._axes.T).norm(dim=1, keepdim=True)
        return torch.cat([components, rest], dim=1)

    def nearest(self, picture: Tensor) -> Neighbour:
        """Return the one nearest to ``picture`` (1, H, W) in [-1, 1]."""
        query = picture.flatten()
        sketch = self._sketch(query[None])[0]
        bounds = self._squares.addmv(self._sketches, sketch, alpha=-2) + sketch @ sketch
        first = bounds.topk(min(_FIRST, len(bounds)), largest=False).indices
        best = (self._rows[first] - query).square().sum(1).min()
        open_questions = (bounds <= best + self._slack).nonzero().squeeze(1)
        distances = (self._rows[open_questions] - query).norm(dim=1)
        nearest = int(distances.argmin())
        return Neighbour(int(open_questions[nearest]), distances[nearest].item() / 2)

    def distances(
        self, pictures: Tensor, seen: Callable[[int], object] = lambda _count: None
    ) -> Tensor:
        """Return the distance of each picture (M, 1, H, W) to its nearest, (M,).

        As :meth:`nearest`, of many at a time: half the work for each. ``seen`` is told of how
        many pictures each part was.
        """
        found = []
        for queries in pictures.flatten(1).split(_QUERIES):
            sketches = self._sketch(queries)
            bounds = self._squares.addmm(sketches, self._sketches.T, alpha=-2)
            bounds += sketches.square().sum(1, keepdim=True)
            best = (self._rows[bounds.argmin(1)] - queries).square().sum(1)
            asked, rows = (bounds <= (best + self._slack)[:, None]).nonzero(as_tuple=True)
            for some, other in zip(asked.split(_CHUNK), rows.split(_CHUNK), strict=True):
                squares = (self._rows[other] - queries[some]).square().sum(1)
                best = best.scatter_reduce(0, some, squares, "amin")
            found.append(best.sqrt() / 2)
            seen(len(queries))
        return torch.cat(found)

    def usual_distance(self, unseen: Tensor, *, count: int = 200) -> float:
        """Return the median distance of real but unseen pictures (M, 1, H, W).

        The yardstick for :meth:`nearest`: a generated picture that is much
        nearer has been memorised. Looks at the first ``count``.
        """
        return statistics.median(self.distances(unseen[:count]).tolist())
