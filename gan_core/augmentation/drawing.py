"""Which few pictures there are: the same for all that is compared."""

from __future__ import annotations

import torch

from gan_core.conditional import CLASSES
from gan_core.config import SettingError
from gan_core.data import ImageSet
from gan_core.ranges import whole

# So few or so many pictures of each class.
FEWEST, MOST = 5, 100


def draw(data: ImageSet, n: int, seed: int) -> ImageSet:
    """Draw n pictures of each class, class by class in turn: 0, 1, …, 9, 0, …

    They depend on ``seed`` alone, and those of a smaller n are the first of a larger: along n a
    seed gets more pictures, never others.

    Raises:
        SettingError: (a ValueError) if n is out of range or a class has fewer pictures.
    """
    whole("n", n, FEWEST, MOST)
    random = torch.Generator().manual_seed(seed)
    places = [torch.nonzero(data.labels == label).flatten() for label in range(CLASSES)]
    smallest = min(map(len, places))
    if n > smallest:
        raise SettingError("n", f"at most {smallest}, the pictures of the rarest class", n)
    drawn = [of_one[torch.randperm(len(of_one), generator=random)[:n]] for of_one in places]
    chosen = torch.stack(drawn, 1).flatten()
    return ImageSet(data.key, data.images[chosen], data.labels[chosen], data.fallback)
