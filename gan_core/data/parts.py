"""A training and a test set that share no picture, whatever is at hand."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Protocol

import torch
from torch import Tensor

from gan_core.config import SettingError
from gan_core.data.images import ImageSet, embedded_digits, load_images


class Load(Protocol):
    """Gets a data set by its key, as :func:`gan_core.data.load_images`."""

    def __call__(self, key: str, *, train: bool = True) -> ImageSet: ...


def parted(load: Load = load_images) -> tuple[ImageSet, ImageSet]:
    """Return MNIST's training and test set; without them the built-in digits in two parts."""
    train, test = load("mnist"), load("mnist", train=False)
    missing = train.fallback or test.fallback
    if not missing:
        return train, test
    one, other = embedded_parts()
    return replace(one, fallback=missing), replace(other, fallback=missing)


@lru_cache(maxsize=1)
def embedded_parts() -> tuple[ImageSet, ImageSet]:
    """Return the built-in digits in two parts, the same for all."""
    return apart(embedded_digits())


def apart(data: ImageSet, *, test_share: float = 0.3, seed: int = 0) -> tuple[ImageSet, ImageSet]:
    """Part one set into a training and a test set that share no picture.

    For data that come without a test set, such as the embedded digits. What goes where depends
    on ``seed`` alone.

    Raises:
        SettingError: if a part would be empty.
    """
    count = round(test_share * len(data.images)) if 0 < test_share < 1 else 0
    if not 0 < count < len(data.images):
        raise SettingError(
            "test_share", "between 0 and 1, with a picture in both parts", test_share
        )
    order = torch.randperm(len(data.images), generator=torch.Generator().manual_seed(seed))
    return _part(data, order[count:]), _part(data, order[:count])


def _part(data: ImageSet, chosen: Tensor) -> ImageSet:
    return ImageSet(data.key, data.images[chosen], data.labels[chosen], data.fallback)
