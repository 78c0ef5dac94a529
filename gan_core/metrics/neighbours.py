"""Nearest neighbours in a data set: is a picture new, or one that was seen?"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


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

    ‖x - q‖² = ‖x‖² - 2 x·q + ‖q‖²: one product of a matrix and a vector a
    question, some 15 ms for 60,000 digits.
    """

    def __init__(self, images: Tensor) -> None:
        self._rows = images.flatten(1)
        self._squares = self._rows.square().sum(1)

    def nearest(self, picture: Tensor) -> Neighbour:
        """Return the one nearest to ``picture`` (1, H, W) in [-1, 1]."""
        query = picture.flatten()
        index = int(self._squares.addmv(self._rows, query, alpha=-2).argmin())
        # The difference of large numbers is not exact; the winner is measured again.
        return Neighbour(index, (self._rows[index] - query).norm().item() / 2)

    def usual_distance(self, unseen: Tensor, *, count: int = 200) -> float:
        """Return the median distance of real but unseen pictures (M, 1, H, W).

        The yardstick for :meth:`nearest`: a generated picture that is much
        nearer has been memorised. Looks at the first ``count``.
        """
        queries = unseen[:count].flatten(1)
        squares = self._squares - 2 * queries @ self._rows.T
        indices = squares.argmin(1)
        return (self._rows[indices] - queries).norm(dim=1).median().item() / 2
