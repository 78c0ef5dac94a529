"""A training and a test set that share no picture, whatever is at hand."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Protocol

from gan_core.anomaly.protocol import apart
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
    one, other = _embedded()
    return replace(one, fallback=missing), replace(other, fallback=missing)


@lru_cache(maxsize=1)
def _embedded() -> tuple[ImageSet, ImageSet]:
    """Part the built-in digits once for all."""
    return apart(embedded_digits())
