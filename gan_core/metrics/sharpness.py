"""How sharp pictures are, and how to make them less so."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

# The discrete Laplacian: the four neighbours less four times the middle.
LAPLACIAN = ((0.0, 1.0, 0.0), (1.0, -4.0, 1.0), (0.0, 1.0, 0.0))


def sharpness(images: Tensor) -> float:
    """Return the variance of the Laplacian of pictures (N, 1, H, W) in [-1, 1], their mean.

    Pixels are taken from 0 to 1, each picture on its own, and without its edge, where a
    neighbour is missing (Pech-Pacheco 2000, there to focus a microscope). No value is best:
    blurred pictures have less than real ones, noise has more. Blind to what is shown.
    """
    kernel = torch.tensor(LAPLACIAN, dtype=images.dtype)[None, None]
    edges = conv2d((images + 1) / 2, kernel).flatten(1)
    return edges.var(1, correction=0).double().mean().item()


def gaussian_blur(images: Tensor, width: float) -> Tensor:
    """Return pictures (N, 1, H, W) blurred by a Gaussian of deviation ``width``, in pixels.

    It is cut off at three deviations; beyond a picture's edge its outermost pixels go on.
    """
    reach = math.ceil(3 * width)
    places = torch.arange(-reach, reach + 1, dtype=images.dtype)
    weights = (-places.square() / (2 * width**2)).exp()
    weights /= weights.sum()
    wide = pad(images, (reach,) * 4, mode="replicate")
    return conv2d(conv2d(wide, weights.view(1, 1, 1, -1)), weights.view(1, 1, -1, 1))
