"""Are generated pictures copies of what was learned from?

A model that copies makes pictures that lie nearer to a training picture than unseen real
pictures do. "Nearer" is measured in pixels, within cells of similar pictures, since a plain
one lies near to another whoever made it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.metrics.neighbours import Neighbours

CELLS = 10
# So many unseen pictures a cell let a rank of 1 % be told from one of 2 %.
PER_CELL = 200
NEAR = 0.01
# A cell with less than this share of the generated pictures says too little (Meehan 2020).
_LEAST_SHARE = 0.01
# The cells are found on so many of the training pictures.
_FOR_CELLS = 2000
_ROUNDS = 10
# A quick test: among so many training pictures a picture is looked up in less than a millisecond.
MOST_LEARNED = 5000
LOOKED_UP = 500


@dataclass(frozen=True, slots=True)
class Copies:
    """How near generated pictures lie to those learned from, beside unseen real ones.

    Blind to a copy that is shifted or made bolder, which is far away in pixels. Where only
    the plainest pictures of a cell are made (ones, say), the score falls as well, the share
    hardly: copies move both.

    Attributes:
        count: how many generated pictures were looked at.
        unseen: how many unseen real ones they were compared with.
        near_share: share that lie nearer than all but 1 % of the unseen ones; .01 or a little
            less where nothing is copied. It finds out a model that copies now and then.
        distance_ratio: the median of their distances, each divided by the unseen ones' median.
        score: C_T of Meehan, Chaudhuri & Dasgupta (2020, arXiv:2004.05675): the z-score of
            "unseen pictures are nearer", mean over cells. About 0 where nothing is copied,
            far below 0 (-3 and less) for copies, above 0 where the pictures resemble no
            training picture.
    """

    count: int
    unseen: int
    near_share: float
    distance_ratio: float
    score: float


class CopyTest:
    """Compares pictures with those learned from, by the yardstick of unseen real ones.

    Args:
        training: what was learned from, (T, 1, H, W) in [-1, 1].
        unseen: real pictures that were not, (N, 1, H, W).
        seen: told of how many pictures have been looked up.
    """

    def __init__(
        self, training: Tensor, unseen: Tensor, seen: Callable[[int], object] = lambda _count: None
    ) -> None:
        self._neighbours = Neighbours(training)
        self._centres = _centres(training, max(1, min(CELLS, len(unseen) // PER_CELL)))
        self._seen = seen
        self._count = len(unseen)
        self._unseen = self._by_cell(unseen)

    def __call__(self, images: Tensor) -> Copies:
        """Look generated pictures (M, 1, H, W) up."""
        pairs = list(zip(self._by_cell(images), self._unseen, strict=True))
        near = [_ranks(made, real) <= NEAR for made, real in pairs]
        ratios = [made / real.median() for made, real in pairs if len(real)]
        enough = [
            (len(real), _z_score(made, real))
            for made, real in pairs
            if len(real) and len(made) >= _LEAST_SHARE * len(images)
        ]
        weight = sum(size for size, _ in enough)
        return Copies(
            count=len(images),
            unseen=self._count,
            near_share=torch.cat(near).double().mean().item(),
            distance_ratio=torch.cat(ratios).median().item() if ratios else float("nan"),
            score=sum(size * z for size, z in enough) / weight if weight else float("nan"),
        )

    def _by_cell(self, images: Tensor) -> list[Tensor]:
        """Return the distances to the nearest training pictures, sorted by cell."""
        distances = self._neighbours.distances(images, self._seen).double()
        cells = _cells_of(images.flatten(1), self._centres)
        return [distances[cells == cell] for cell in range(len(self._centres))]


def quick_test(images: Tensor, examples: int) -> CopyTest | None:
    """Return a test for a model that learns from the first few of ``images`` (N, 1, H, W).

    The next 500 of them are the unseen ones; look 500 pictures up at a time, too.

    Args:
        images: of one data set.
        examples: how many of them are learned from; 0 for all.

    Returns:
        None where the model learns from more than 5,000, or where too few are left unseen.
    """
    unseen = images[examples : examples + LOOKED_UP]
    if not 0 < examples <= MOST_LEARNED or len(unseen) < PER_CELL:
        return None
    return CopyTest(images[:examples], unseen)


def _centres(training: Tensor, cells: int) -> Tensor:
    """Return the middles of cells of similar pictures (cells, H·W), by Lloyd's k-means."""
    rows = training[:: max(1, len(training) // _FOR_CELLS)].flatten(1)
    centres = rows[:cells].clone()
    for _ in range(_ROUNDS):
        own = _cells_of(rows, centres)
        for cell in own.unique():
            centres[cell] = rows[own == cell].mean(0)
    return centres


def _cells_of(rows: Tensor, centres: Tensor) -> Tensor:
    return torch.cdist(rows, centres).argmin(1)


def _ranks(made: Tensor, real: Tensor) -> Tensor:
    """Return (1 + how many real ones are as near) / (1 + all real ones) for each, (M,).

    For a picture like the real ones, a rank of r or less has a probability of r at most.
    """
    nearer = torch.searchsorted(real.sort().values, made, right=True)
    return (1 + nearer) / (1 + len(real))


def _z_score(made: Tensor, real: Tensor) -> float:
    """Return Mann and Whitney's U of "real is nearer than made", less its mean, in σ."""
    ordered = real.sort().values
    below = torch.searchsorted(ordered, made)
    ties = torch.searchsorted(ordered, made, right=True) - below
    won = (below.double() + ties.double() / 2).sum().item()
    size = len(made) * len(real)
    return (won - size / 2) / (size * (len(made) + len(real) + 1) / 12) ** 0.5
