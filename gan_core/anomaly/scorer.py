"""What all scorers have in common."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Protocol, TypeVar

from torch import Tensor, nn

from gan_core.config import SettingError
from gan_core.layers import Discriminator
from gan_core.models import IMAGE_SHAPE

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a scorer would have expected instead of each picture, and where the two differ.

    Attributes:
        reconstruction: (N, 1, 28, 28) in [-1, 1], the nearest that the scorer holds for normal.
        residual: (N, 1, 28, 28), the distance of each pixel, 0 (the same) to 1 (black for white).
    """

    reconstruction: Tensor
    residual: Tensor


class Scorer(Protocol):
    """Says how odd pictures are."""

    def score(self, images: Tensor) -> Tensor:
        """Return (N,) scores of pictures (N, 1, 28, 28) in [-1, 1]; higher = more anomalous."""
        ...


class Explainer(Scorer, Protocol):
    """A scorer that can also show what it would have expected."""

    def explain(self, images: Tensor) -> Explanation:
        """Return reconstructions and residuals of pictures (N, 1, 28, 28) in [-1, 1]."""
        ...


def checked(images: Tensor, name: str = "images") -> Tensor:
    """Return the pictures as they are.

    Raises:
        SettingError: (a ValueError) if there is none, or if they are not (N, 1, 28, 28) numbers
            from -1 to 1.
    """
    shape = tuple(images.shape)
    if len(shape) != 4 or shape[0] < 1 or shape[1:] != IMAGE_SHAPE:
        wanted = ", ".join(map(str, IMAGE_SHAPE))
        raise SettingError(name, f"pictures of shape (N >= 1, {wanted})", shape)
    if not images.is_floating_point():
        raise SettingError(name, "floating-point numbers", images.dtype)
    lowest, highest = images.min().item(), images.max().item()
    if not -1 <= lowest <= highest <= 1:  # nan is caught here too
        raise SettingError(name, "from -1 to 1", (lowest, highest))
    return images


def explained(images: Tensor, reconstruction: Tensor) -> Explanation:
    """Hold pictures against what was expected instead."""
    reconstruction = reconstruction.clamp(-1, 1)
    return Explanation(reconstruction, (images - reconstruction).abs() / 2)


def at_rest_copy(network: Network) -> Network:
    """Return a copy of a network that its training no longer changes, and that is not trained."""
    return copy.deepcopy(network).eval().requires_grad_(False)


def single(discriminator: Discriminator) -> Discriminator:
    """Return D as it is.

    Raises:
        SettingError: if it judges packs: then no single picture has features.
    """
    if discriminator.packing != 1:
        raise SettingError("packing", "1", discriminator.packing)
    return discriminator
