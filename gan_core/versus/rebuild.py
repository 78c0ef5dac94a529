"""Real pictures made again by either side, and the way from one of them to another."""

from __future__ import annotations

from collections.abc import Generator as Parts
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.latent import TARGETS_AT_ONCE, find_all_in_parts, path
from gan_core.layers import Generator
from gan_core.parts import all_of
from gan_core.vae import Vae

# The search for z, where there is no encoder. It has not come to its end: on the GAN of twenty
# seconds, 4 restarts in the place of 8 leave an error a fifth higher.
RESTARTS = 8
STEPS = 100


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Pictures as a side comes nearest to them.

    Attributes:
        points: the z of each, (N, latent_dim).
        pictures: what is made of them, (N, 1, 28, 28).
        errors: mean squared error per pixel of each, pixels from 0 to 1; 0 is a perfect copy.
    """

    points: Tensor
    pictures: Tensor
    errors: tuple[float, ...]


@torch.no_grad()
def by_encoder(vae: Vae, targets: Tensor) -> Rebuilt:
    """Rebuild pictures (N, 1, 28, 28) from the middle of q(z|x), by a VAE at rest."""
    return _rebuilt(vae.generator, vae.posterior(targets).mean, targets)


def by_search(generator: Generator, targets: Tensor, **settings: int) -> Rebuilt:
    """Rebuild pictures by a search for the z of each: ``restarts``, ``steps``; see ``find_all``."""
    return all_of(by_search_in_parts(generator, targets, **settings))


def by_search_in_parts(
    generator: Generator, targets: Tensor, *, restarts: int = RESTARTS, steps: int = STEPS
) -> Parts[None, None, Rebuilt]:
    """As :func:`by_search`, yielding ``search_parts(len(targets), steps)`` times on the way."""
    points = yield from find_all_in_parts(generator, targets, restarts=restarts, steps=steps)
    return _rebuilt(generator, points, targets)


def search_parts(count: int, steps: int = STEPS) -> int:
    """Return in how many parts a search for so many pictures is done."""
    return -(-count // TARGETS_AT_ONCE) * steps


@torch.no_grad()
def _rebuilt(generator: Generator, points: Tensor, targets: Tensor) -> Rebuilt:
    pictures = generator(points)
    errors = (pictures - targets).div(2).square().double().flatten(1).mean(1)
    return Rebuilt(points, pictures, tuple(errors.tolist()))


@torch.no_grad()
def walk(generator: Generator, a: Tensor, b: Tensor, count: int = 9) -> Tensor:
    """Return the pictures along the arc between two points of the latent space, both included.

    Between two test pictures a and b are what the encoder says, or what the search finds.

    Args:
        generator: at rest.
        a: where to begin, (latent_dim,).
        b: where to end.
        count: pictures.
    """
    return generator(path(a, b, count))
