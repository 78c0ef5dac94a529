"""Differentiable augmentation: D never sees a picture as it is.

A D that has few pictures soon knows them by heart and tells G nothing more. DiffAugment (Zhao 2020,
arXiv:2006.10738) moves and covers everything that D is shown, real or generated, in D's
moves and in G's. The same augmentation on both leaves the equilibrium where it was, and since it
can be differentiated G learns through it. Augmenting real pictures alone would teach G to make
augmented ones.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

# The black that digits stand on. What is moved in and what is covered has this value, so that an
# augmented digit looks like a digit; the paper's 0 is grey there.
BLACK = -1.0
# The paper's: up to an eighth of the side to move, half of the side to cover.
SHIFT = 1 / 8
HOLE = 1 / 2


def augmented(pictures: Tensor, random: torch.Generator) -> Tensor:
    """Move each picture (N, C, H, W) and cover a part of it, each by a draw of its own.

    With five MNIST digits of each class the Fréchet distance after 2,000 iterations of a small
    conditional DCGAN was 299 and 286 without (two seeds), 129 and 85 with the moves alone, 113 and
    89 with both; after 4,000 (one seed) 323, 117 and 88.
    """
    return covered(moved(pictures, random), random)


def moved(pictures: Tensor, random: torch.Generator) -> Tensor:
    """Move each picture by whole pixels, up to an eighth of its side; black moves in.

    Both directions are uniform and independent, as in the paper.
    """
    count, _, height, width = pictures.shape
    down, right = _furthest(height), _furthest(width)
    rows = torch.arange(height) + _whole(count, 2 * down, random)
    columns = torch.arange(width) + _whole(count, 2 * right, random)
    framed = pad(pictures, (right, right, down, down), value=BLACK)
    wanted = rows[:, :, None] * framed.shape[3] + columns[:, None, :]
    places = wanted.flatten(1)[:, None].expand(-1, pictures.shape[1], -1)
    return framed.flatten(2).gather(2, places).view_as(pictures)


def covered(pictures: Tensor, random: torch.Generator) -> Tensor:
    """Blacken a rectangle of half the height and half the width.

    Its middle is any pixel, all alike, so it may reach over the edge: as in the paper.
    """
    count, _, height, width = pictures.shape
    in_rows = _within(count, height, random)[:, None, :, None]
    in_columns = _within(count, width, random)[:, None, None, :]
    return pictures.masked_fill(in_rows & in_columns, BLACK)


def _furthest(side: int) -> int:
    return int(side * SHIFT + 0.5)


def _whole(count: int, high: int, random: torch.Generator) -> Tensor:
    """Draw a whole number from 0 to ``high`` for each picture, (N, 1)."""
    return torch.randint(high + 1, (count, 1), generator=random)


def _within(count: int, side: int, random: torch.Generator) -> Tensor:
    """Say of each row or column whether it is covered, (N, side) bool."""
    length = int(side * HOLE + 0.5)
    begin = _whole(count, side - 1, random) - length // 2
    place = torch.arange(side)
    return (begin <= place) & (place < begin + length)
