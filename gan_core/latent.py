"""Ways through the latent space: draws, lines, arcs and directions with meaning."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def draw(count: int, latent_dim: int, seed: int) -> Tensor:
    """Return (count, latent_dim) standard normal noise that depends on ``seed`` alone."""
    return torch.randn(count, latent_dim, generator=torch.Generator().manual_seed(seed))


def lerp(a: Tensor, b: Tensor, t: float | Tensor) -> Tensor:
    """Walk straight from a (t = 0) to b (t = 1).

    Between two independent draws in d dimensions the midpoint has norm about
    √(d/2) instead of √d: in 100 dimensions 7.07 instead of 10, where the
    generator hardly ever trained.
    """
    return a + (b - a) * t


def slerp(a: Tensor, b: Tensor, t: float | Tensor) -> Tensor:
    """Walk along the arc from a (t = 0) to b (t = 1) (Shoemake 1985; White 2016).

    slerp = sin((1-t)w)/sin w · a + sin(tw)/sin w · b, with w the angle between
    a and b. Keeps the norm when both norms are equal. Falls back to the line
    where the arc is not defined: parallel, opposite or zero vectors.
    """
    norms = a.norm() * b.norm()
    if norms == 0:
        return lerp(a, b, t)
    angle = torch.arccos((torch.dot(a.flatten(), b.flatten()) / norms).clamp(-1, 1))
    if torch.sin(angle) < 1e-6:
        return lerp(a, b, t)
    t = torch.as_tensor(t, dtype=a.dtype)
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


def path(a: Tensor, b: Tensor, count: int, *, spherical: bool = True) -> Tensor:
    """Return ``count`` points (count, latent_dim) from a to b, both ends included."""
    walk = slerp if spherical else lerp
    return torch.stack([walk(a, b, t) for t in torch.linspace(0, 1, count)])


def first_weights(generator: nn.Module) -> Tensor:
    """Return the weight (out, latent_dim) of the layer that reads z."""
    return next(layer for layer in generator.modules() if isinstance(layer, nn.Linear)).weight


def directions(generator: nn.Module, count: int) -> Tensor:
    """Return (count, latent_dim) unit directions that move the first layer most.

    The top right-singular vectors of its weight A: the n of norm 1 that
    maximise ‖A n‖ (SeFa: Shen & Zhou 2021, equation 5). No data and no training
    needed. The sign of each is chosen so that its largest entry is positive.
    """
    right = torch.linalg.svd(first_weights(generator), full_matrices=False).Vh[:count]
    largest = right.gather(1, right.abs().argmax(1, keepdim=True))
    return right * largest.sign()
